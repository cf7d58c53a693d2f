"""Writing three-line tables: the ending of the file says the format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shapefiles.atomic import write_text_atomically
from shapefiles.journal_table import JournalTable
from shapefiles.journal_workbook import write_journal_workbook
from shapefiles.markup_tables import html_document, latex_document, table_markdown
from shapefiles.word_tables import write_word_tables
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
    Excel gets numbers whose formats show stars and brackets, to the decimals that are printed; all
    digits are in what ``shapefiles.workbook.write_workbook`` writes.
    """
    target = Path(path)
    if not tables:
        raise ExportError("There is no table to write.")
    shown = list(tables.values())
    ending = target.suffix.lower()
    if ending == ".docx":
        return write_word_tables(target, shown)
    if ending == ".xlsx":
        return write_journal_workbook(target, tables)
    if ending == ".tex":
        return write_text_atomically(target, latex_document(shown))
    if ending == ".html":
        return write_text_atomically(target, html_document(shown))
    if ending == ".md":
        numbers = range(1, len(shown) + 1) if len(shown) > 1 else [None]
        texts = [
            table_markdown(table, number=number)
            for number, table in zip(numbers, shown, strict=True)
        ]
        return write_text_atomically(target, "\n".join(texts))
    raise ExportError(f"{target.name}: tables are written to files with {', '.join(ENDINGS)}.")
