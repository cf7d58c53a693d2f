"""Read tables (CSV, Excel, Parquet) as they are: text stays text, nothing is guessed."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from shapefiles.read_encoding import decoded_text
from shapefiles.read_files import existing_file, sha256_of
from shapefiles.read_values import is_missing
from shapefiles.study_area import PassportEntry, SourceFile
from spatial.errors import InputError, listed, nearest_spelling

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
EXCEL_SUFFIXES = (".xlsx", ".xlsm")
PARQUET_SUFFIXES = (".parquet", ".pq")
TABLE_SUFFIXES = (*CSV_SUFFIXES, *EXCEL_SUFFIXES, *PARQUET_SUFFIXES)
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class TableFile:
    """A table as read.

    Attributes
    ----------
    frame : pandas.DataFrame
        Cells of CSV files are text, those of Excel and Parquet what the file holds.
    source : SourceFile
    entries : tuple of PassportEntry
    """

    frame: pd.DataFrame
    source: SourceFile
    entries: tuple[PassportEntry, ...] = ()


def read_table(
    path: str | Path,
    *,
    role: str,
    needed: Iterable[str] = (),
    encoding: str | None = None,
    sheet: str | None = None,
) -> TableFile:
    """Read a table without interpreting its cells.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.txt``, ``.xlsx``, ``.xlsm`` or ``.parquet``.
    role : str
        What the file is for, as in the passport.
    needed : iterable of str
        Columns that must be there.
    encoding : str, optional
        Encoding of a text file; recognised when not given.
    sheet : str, optional
        Sheet of an Excel file; not needed when only one has the columns.

    Returns
    -------
    TableFile
        Rows without any value are left out (and counted).

    Raises
    ------
    InputError
        If the file is missing, unreadable or of another kind, a column is missing or there twice,
        the table has no rows, or the sheet is not clear.
    """
    file = existing_file(path, what=role)
    suffix, wanted = file.suffix.lower(), list(needed)
    used_encoding = ""
    if suffix in CSV_SUFFIXES:
        frame, used_encoding = _read_csv(file, encoding)
        kind = "CSV"
    elif suffix in EXCEL_SUFFIXES:
        frame, used_sheet = _read_excel(file, sheet, wanted)
        kind = f"Excel ({used_sheet})"
    elif suffix in PARQUET_SUFFIXES:
        frame, kind = _read_parquet(file), "Parquet"
    else:
        raise InputError(
            f"{file.name} ({role}) is no table that can be read: {file.suffix or 'no suffix'}. "
            "Save it as CSV (UTF-8), Excel (.xlsx) or Parquet."
        )
    require_columns(frame, wanted, file=file.name)
    frame, entries = _without_empty_rows(frame, role)
    if frame.empty:
        raise InputError(f"{file.name} ({role}) has a header but no rows.")
    if used_encoding == "GB18030":
        entries = (
            *entries,
            PassportEntry("passport_encoding_recognised", 1, (file.name,), used_encoding),
        )
    source = SourceFile(role, str(path), kind, used_encoding, sha256_of([file]), len(frame))
    return TableFile(frame, source, entries)


def require_columns(frame: pd.DataFrame, wanted: Iterable[str], *, file: str) -> None:
    """Raise when columns are missing, with the nearest spelling of each.

    Parameters
    ----------
    frame : pandas.DataFrame
    wanted : iterable of str
    file : str
        File name, for the message.

    Raises
    ------
    InputError
    """
    known = [str(column) for column in frame.columns]
    missing = [column for column in dict.fromkeys(wanted) if column not in known]
    if missing:
        said = ", ".join(f"{column!r}{nearest_spelling(column, known)}" for column in missing)
        raise InputError(f"{file} has no column {said}; it has {listed(known, limit=30)}.")


def _refuse_repeated_columns(names: list[str], file: str) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError(
            f"{file} has more than one column named {listed(twice)}; rename or delete one."
        )


def _read_csv(file: Path, encoding: str | None) -> tuple[pd.DataFrame, str]:
    text, used = decoded_text(file.read_bytes(), what=file.name, encoding=encoding)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark))))
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    _refuse_repeated_columns(names, file.name)
    try:
        with warnings.catch_warnings():
            # Rows longer than the header are only warned of, and their last cells are lost.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text), sep=delimiter, dtype=str, keep_default_na=False, index_col=False
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise InputError(
            f"{file.name} is no proper CSV file: some rows have more cells than the header "
            f"({str(error).strip()}). Put texts and numbers that hold {delimiter!r} in quotes, and "
            "write numbers without thousands separators."
        ) from error
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{file.name} is no proper CSV file: it has no header.") from error
    frame.columns = pd.Index(names)
    return frame.loc[:, [bool(name) for name in names]], used


def _read_excel(file: Path, sheet: str | None, wanted: list[str]) -> tuple[pd.DataFrame, str]:
    from zipfile import BadZipFile

    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = pd.ExcelFile(file, engine="openpyxl")
    except (OSError, ValueError, KeyError, SyntaxError, BadZipFile, InvalidFileException) as error:
        raise InputError(f"{file.name} is no Excel workbook: {error}.") from error
    with book:
        names = [str(name) for name in book.sheet_names]
        if sheet is not None and sheet not in names:
            raise InputError(
                f"{file.name} has no sheet {sheet!r}{nearest_spelling(sheet, names)}; it has "
                f"{listed(names)}."
            )
        sheets = {name: _parsed_sheet(book, name) for name in ([sheet] if sheet else names)}
    if len(sheets) > 1:
        fitting = {
            name: frame for name, frame in sheets.items() if set(wanted) <= set(frame.columns)
        }
        if len(fitting) != 1:
            raise InputError(
                f"{file.name} has sheets {listed(names)}, and {len(fitting)} of them have the "
                f"columns {listed(wanted)}; name one by the key sheet."
            )
        sheets = fitting
    name, frame = next(iter(sheets.items()))
    _refuse_repeated_columns([str(column) for column in frame.columns], f"{file.name} ({name})")
    return frame, name


def _parsed_sheet(book: pd.ExcelFile, name: str) -> pd.DataFrame:
    cells = pd.read_excel(
        book, sheet_name=name, header=None, dtype=object, keep_default_na=False, na_values=[""]
    )
    cells = cells.dropna(how="all")
    if cells.empty:
        return pd.DataFrame()
    header = _one_line(["" if is_missing(c) else str(c).strip() for c in cells.iloc[0]])
    frame = cells.iloc[1:].copy()
    frame.columns = pd.Index(header)
    return frame.loc[:, [bool(column) for column in header]].reset_index(drop=True)


def _one_line(header: list[str]) -> list[str]:
    """Keep the first line of headings of several lines, where these still differ.

    Workbooks for people often say the code first and explain it below, in the same cell.
    """
    firsts = [name.split("\n")[0].strip() for name in header]
    return firsts if len(set(firsts)) == len(set(header)) else header


def _read_parquet(file: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file.name} is no Parquet file: {error}.") from error
    _refuse_repeated_columns(table.column_names, file.name)
    frame = table.to_pandas()
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame.columns = [str(name) for name in frame.columns]
    return frame.reset_index(drop=True)


def _without_empty_rows(
    frame: pd.DataFrame, role: str
) -> tuple[pd.DataFrame, tuple[PassportEntry, ...]]:
    empty = pd.Series(True, index=frame.index)
    for column in frame.columns:
        if not empty.any():
            break
        empty &= frame[column].map(is_missing)
    if not empty.any():
        return frame, ()
    entry = PassportEntry("passport_empty_rows", int(empty.sum()), (), role)
    return frame[~empty].reset_index(drop=True), (entry,)
