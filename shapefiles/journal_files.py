"""Writing three-line tables: the ending of the file says the format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from shapefiles.atomic import write_text_atomically
from shapefiles.journal_table import JournalTable
from shapefiles.markup_tables import html_document, latex_document, table_markdown, table_text
from shapefiles.tables import DataTable
from shapefiles.word_tables import write_word_tables
from shapefiles.workbook import write_workbook
from spatial.errors import ExportError

ENDINGS = (".docx", ".tex", ".html", ".md", ".xlsx")


def write_journal_tables(path: str | Path, tables: Mapping[str, JournalTable]) -> Path:
    """Write three-line tables into one file: Word, LaTeX, HTML, Markdown or Excel.

    Parameters
    ----------
    path : str or Path
        Ends in .docx, .tex, .html, .md or .xlsx.
    tables : mapping of str to JournalTable
        The keys name the sheets of an Excel file.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If there is no table, the ending is another, or the file cannot be written.

    Notes
    -----
    Excel gets the same texts as the others, numbers with stars and brackets among them; for numbers
    to calculate with there is ``shapefiles.workbook.write_workbook``.
    """
    target = Path(path)
    if not tables:
        raise ExportError("There is no table to write.")
    shown = list(tables.values())
    ending = target.suffix.lower()
    if ending == ".docx":
        return write_word_tables(target, shown)
    if ending == ".xlsx":
        sheets = {name: sheet_table(table) for name, table in tables.items()}
        return write_workbook(target, sheets, title=shown[0].title, language=shown[0].language)
    if ending == ".tex":
        return write_text_atomically(target, latex_document(shown))
    if ending == ".html":
        return write_text_atomically(target, html_document(shown))
    if ending == ".md":
        return write_text_atomically(target, "\n".join(map(table_markdown, shown)))
    raise ExportError(f"{target.name}: tables are written to files with {', '.join(ENDINGS)}.")


def sheet_table(table: JournalTable) -> DataTable:
    """Take a three-line table into a workbook, headings above each other joined.

    Parameters
    ----------
    table : JournalTable

    Returns
    -------
    DataTable
    """
    names = [f"column_{at}" for at in range(table.width)]
    cells = [[table_text(text) for text in row.cells] for row in table.rows]
    return DataTable(
        frame=pd.DataFrame(cells, columns=names, dtype=object),
        title=table_text(table.title),
        labels=dict(zip(names, map(table_text, table.flat_head()), strict=True)),
        notes=tuple(table_text(note) for note in table.notes),
    )
