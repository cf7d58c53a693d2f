"""Tables that leave the house: CSV files for programs, one Excel workbook for people."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from shapefiles.atomic import atomic_file
from shapefiles.file_names import distinct_names
from spatial.errors import ExportError, listed

FILE_NAME_LENGTH = 80


@dataclass(frozen=True)
class DataTable:
    """A table with what a reader needs beside the numbers.

    Attributes
    ----------
    frame : pandas.DataFrame
        Named index levels are written as leading columns; an index without a name is not written.
    title : str
    description : str
        What the table holds, with method and source.
    labels : mapping of str to str
        Wording of columns and index levels; those without keep their name.
    formats : mapping of str to str
        Excel number formats of columns, such as ``"0.000"`` or ``"0.0%"``.
    notes : tuple of str
        Remarks below the description.
    """

    frame: pd.DataFrame
    title: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def index_columns(self) -> list[str]:
        """Names of the index levels that are written."""
        return [str(name) for name in self.frame.index.names if name is not None]

    def flat(self) -> pd.DataFrame:
        """Return the frame with its named index levels as leading columns.

        Raises
        ------
        ExportError
            If two columns would share a name.
        """
        frame = self.frame
        if isinstance(frame.columns, pd.MultiIndex):
            parts = [
                " ".join(str(part) for part in column if part != "")
                for column in frame.columns.tolist()
            ]
            frame = frame.set_axis(parts, axis=1)
        names = [*self.index_columns, *map(str, frame.columns)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ExportError(
                f"Table {self.title!r} has the columns {listed(twice)} more than once; rename them."
            )
        plain = pd.RangeIndex(len(frame))
        levels = [
            frame.index.get_level_values(level).to_series(index=plain)
            for level, name in enumerate(frame.index.names)
            if name is not None
        ]
        columns = [frame.iloc[:, at].set_axis(plain) for at in range(frame.shape[1])]
        if not names:
            return pd.DataFrame(index=plain)
        return pd.concat([*levels, *columns], axis=1).set_axis(names, axis=1)


def as_table(table: DataTable | pd.DataFrame) -> DataTable:
    """Take a table, or a plain data frame without wordings."""
    return table if isinstance(table, DataTable) else DataTable(table)


def write_csv_tables(
    folder: Path | str, tables: Mapping[str, DataTable | pd.DataFrame]
) -> dict[str, Path]:
    """Write each table as a CSV file with the data exactly as they are.

    Parameters
    ----------
    folder : path
        Made when it does not exist.
    tables : mapping of str to DataTable or pandas.DataFrame
        The key names the file; characters that file systems refuse become ``_``.

    Returns
    -------
    dict of str to Path
        File of each table.

    Raises
    ------
    ExportError
        If a file cannot be written or columns share a name.

    Notes
    -----
    UTF-8 with a byte order mark, so that Excel shows Chinese; comma, line feed, text in quotes,
    numbers with all their digits, missing values empty. Columns keep their plain names.

    CSV knows no types, so text that begins with ``=``, ``+``, ``-`` or ``@`` is kept as it is:
    reading the file gives the same names again. Spreadsheet programs may take such a field for a
    formula and an id for a number; for them there is the workbook, where text stays text.
    """
    target = Path(folder)
    names = distinct_names(list(tables), limit=FILE_NAME_LENGTH, forbidden=r'[<>:"/\\|?*\x00-\x1f]')
    written = {}
    try:
        for key, table in tables.items():
            path = target / f"{names[key]}.csv"
            with atomic_file(path) as temporary:
                as_table(table).flat().to_csv(
                    temporary,
                    index=False,
                    encoding="utf-8-sig",
                    lineterminator="\n",
                    quoting=csv.QUOTE_NONNUMERIC,
                )
            written[key] = path
    except UnicodeEncodeError as error:
        raise ExportError(f"Cannot write the tables to {str(target)!r}: {error}.") from error
    return written


def csv_text(table: pd.DataFrame) -> str:
    r"""Write a table without its index as CSV with Unix line ends.

    Python quotes line feeds but no lone carriage returns, which readers take for the end of a row;
    where there is one, all texts are quoted.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"a": ["x", "y, z"]}))
    'a\nx\n"y, z"\n'
    """
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" not in text:
        return text
    return table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
