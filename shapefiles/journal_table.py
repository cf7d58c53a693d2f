"""The three-line table of a journal as plain text cells, before any file format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from spatial.errors import ExportError
from spatial.options import Language

ColumnKind = Literal["words", "number"]
"""How a column is set: words to the left, numbers in the middle under their headings."""


@dataclass(frozen=True)
class HeadCell:
    """A heading over one or several columns.

    Attributes
    ----------
    text : str
    span : int
        Columns that it covers; a heading with words over several has a thin rule below.
    """

    text: str
    span: int = 1


@dataclass(frozen=True)
class BodyRow:
    """A row below the heading.

    Attributes
    ----------
    cells : tuple of str
        One for each column; of a panel heading only the first has words.
    rule : bool
        A thin rule above.
    panel : bool
        The first cell is a heading over the whole width.
    """

    cells: tuple[str, ...]
    rule: bool = False
    panel: bool = False


@dataclass(frozen=True)
class JournalTable:
    """A three-line table: heavy rules above and below, a light one under the heading.

    Every cell is finished text: rounded, with true minus signs, stars and brackets. Writers escape
    it for their format and change nothing else, so that Word, LaTeX and HTML print the same table.

    Attributes
    ----------
    head : tuple of rows of HeadCell
        The spans of each row cover all columns.
    rows : tuple of BodyRow
    kinds : tuple of {"words", "number"}
        One for each column.
    title : str
        Without its number.
    notes : tuple of str
        Sentences below the table.
    language : {"en", "zh"}
    """

    head: tuple[tuple[HeadCell, ...], ...]
    rows: tuple[BodyRow, ...]
    kinds: tuple[ColumnKind, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    language: Language = "en"

    def __post_init__(self) -> None:
        width = len(self.kinds)
        if width == 0:
            raise ExportError("A table needs at least one column.")
        heads = [sum(cell.span for cell in row) for row in self.head]
        if any(one != width for one in heads):
            raise ExportError(f"A heading of the table {self.title!r} does not cover its columns.")
        if any(len(row.cells) != width for row in self.rows):
            raise ExportError(f"A row of the table {self.title!r} has not {width} cells.")

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.kinds)

    def write(self, path: str | Path) -> Path:
        """Write the table into a file of its own: .docx, .xlsx, .tex, .html or .md.

        See ``journal_files.write_journal_tables`` for several tables in one file.
        """
        from shapefiles.journal_files import write_journal_tables

        return write_journal_tables(path, {self.title or "table": self})

    def __str__(self) -> str:
        """Return the table as Markdown."""
        from shapefiles.markup_tables import table_markdown

        return table_markdown(self)

    def _repr_html_(self) -> str:
        """Show the table in notebooks."""
        from shapefiles.markup_tables import STYLE, table_html

        return f"<style>{STYLE}</style>\n{table_html(self)}"

    def flat_head(self) -> tuple[str, ...]:
        """Return one heading for each column: those above each other, joined.

        Examples
        --------
        >>> top = (HeadCell(""), HeadCell("Growth", 2))
        >>> below = (HeadCell("City"), HeadCell("mean"), HeadCell("spread"))
        >>> JournalTable((top, below), (), ("words", "number", "number")).flat_head()
        ('City', 'Growth mean', 'Growth spread')
        """
        lines = [[cell.text for cell in row for _ in range(cell.span)] for row in self.head]
        return tuple(
            " ".join(dict.fromkeys(text for text in column if text))
            for column in zip(*lines, strict=True)
        )


def spanned(texts: Sequence[str]) -> tuple[HeadCell, ...]:
    """Join equal neighbours to one heading.

    Examples
    --------
    >>> [(cell.text, cell.span) for cell in spanned(["", "SDM", "SDM", "SAR"])]
    [('', 1), ('SDM', 2), ('SAR', 1)]
    """
    return tuple(HeadCell(text, len(list(group))) for text, group in groupby(texts))


def single(texts: Sequence[str]) -> tuple[HeadCell, ...]:
    """Give every column its own heading.

    Examples
    --------
    >>> [(cell.text, cell.span) for cell in single(["a", "a"])]
    [('a', 1), ('a', 1)]
    """
    return tuple(HeadCell(text) for text in texts)


def words_then_numbers(count: int) -> tuple[ColumnKind, ...]:
    """Say that one column of words is followed by ``count`` columns of numbers.

    Examples
    --------
    >>> words_then_numbers(2)
    ('words', 'number', 'number')
    """
    kinds: list[ColumnKind] = ["words"]
    kinds += ["number"] * count
    return tuple(kinds)
