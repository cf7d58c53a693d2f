"""The report of a study as a Word document with native headings, tables and pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from analyses.report_content import (
    ReportContent,
    ReportFigure,
    ReportTable,
    Section,
    table_cells,
)
from shapefiles.journal_table import BodyRow, ColumnKind, JournalTable, single
from shapefiles.language import label
from shapefiles.markup_tables import table_text
from shapefiles.word_tables import (
    NOTE_POINTS,
    add_caption,
    add_contents,
    add_equation,
    add_field,
    add_text,
    mark_heading,
    new_document,
    place_table,
    save_document,
    turn_page,
)
from spatial.errors import ExportError
from spatial.options import Language

if TYPE_CHECKING:
    from docx.document import Document

TEXT_WIDTH = 160.0
"""Millimetres between the margins."""

TALLEST = 190.0
"""Millimetres that a picture may be high, so that its caption stays on the page."""


def write_word_report(content: ReportContent, path: Path | str) -> Path:
    """Write a report as a Word document that can be edited throughout.

    Headings, captions and lists have Word's own styles, so that a table of contents and lists of
    tables and figures can be inserted; numbers of tables and figures are fields.

    Parameters
    ----------
    content : ReportContent
        The same as of the HTML page.
    path : path
        Ends in ``.docx``.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If python-docx is missing, a picture is no PNG, or the file cannot be written.
    """
    document = new_document(title=content.title)
    word = _WordReport(document, content.language)
    word.heading(content.title, 0)
    if content.subtitle:
        word.paragraph(content.subtitle)
    word.facts(content.facts)
    word.contents(_titles(content))
    if content.findings:
        word.heading(label("report_findings", content.language), 1)
        for subject, sentences in content.findings:
            word.heading(subject, 2)
            word.points(sentences)
        if content.caution:
            word.paragraph(content.caution)
    for section in content.sections:
        word.section(section, 1)
    turn_page(document, landscape=False)
    if content.references:
        word.heading(label("report_references", content.language), 1)
        for work in content.references:
            address = label("report_doi", content.language, doi=work.doi) if work.doi else ""
            text = f"{work.text} {address}".strip()
            word.paragraph(text, style="List Number")
    word.paragraph(label("report_footer", content.language), points=NOTE_POINTS)
    _running_lines(document, content)
    return save_document(document, path)


def journal_table(table: ReportTable, language: Language) -> JournalTable:
    """Take a table of the report as a three-line table.

    Parameters
    ----------
    table : ReportTable
    language : {"en", "zh"}

    Returns
    -------
    JournalTable
    """
    grid = table_cells(table, language)
    kinds: list[ColumnKind] = [
        "number" if cell.kind == "number" else "words" for cell in grid["head"]
    ]
    rows = [
        BodyRow(tuple(cell.text for cell in row), rule=at in table.rules)
        for at, row in enumerate(grid["body"])
    ]
    return JournalTable(
        head=(single([cell.text for cell in grid["head"]]),),
        rows=tuple(rows),
        kinds=tuple(kinds),
        title=table.caption,
        notes=table.notes,
        language=language,
    )


def report_tables(content: ReportContent) -> dict[str, JournalTable]:
    """Return every table of a report, in its order.

    Parameters
    ----------
    content : ReportContent

    Returns
    -------
    dict of str to JournalTable
        Keys: number and section, such as ``"03 resilience"``.
    """

    def walk(sections: tuple[Section, ...]) -> Iterator[tuple[str, ReportTable]]:
        for section in sections:
            yield from ((section.key, table) for table in section.tables)
            yield from walk(section.subsections)

    return {
        f"{at:02d} {key}": journal_table(table, content.language)
        for at, (key, table) in enumerate(walk(content.sections), start=1)
    }


class _WordReport:
    """A document with the counts of its tables and figures."""

    def __init__(self, document: Document, language: Language) -> None:
        self.document = document
        self.language = language
        self.tables = self.figures = self.headings = 0

    def heading(self, text: str, level: int) -> None:
        heading = self.document.add_heading(table_text(text), min(level, 4))
        if level == 1:
            self.headings += 1
            mark_heading(heading, self.headings)

    def paragraph(self, text: str, *, style: str | None = None, points: float = 10.5) -> None:
        add_text(self.document.add_paragraph(style=style), text, points=points)

    def facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Set the facts on one line, values in bold."""
        line = self.document.add_paragraph()
        for at, (name, value) in enumerate(facts):
            add_text(line, ("  ·  " if at else "") + f"{name} ", points=NOTE_POINTS)
            add_text(line, value.replace(" ", "\u00a0"), points=NOTE_POINTS)
            line.runs[-1].bold = True

    def contents(self, titles: list[str]) -> None:
        """Add a table of contents under its name."""
        self.paragraph(label("report_contents", self.language))
        self.document.paragraphs[-1].runs[0].bold = True
        add_contents(self.document, titles)

    def points(self, sentences: tuple[str, ...]) -> None:
        for sentence in sentences:
            self.paragraph(sentence, style="List Bullet")

    def section(self, section: Section, level: int) -> None:
        turn_page(self.document, landscape=False)
        self.heading(section.title, level)
        for paragraph in section.paragraphs:
            self.paragraph(paragraph)
        for equation in section.equations:
            add_equation(self.document, equation)
        self.points(section.points)
        for figure in section.figures:
            self.figure(figure)
        for table in section.tables:
            self.table(journal_table(table, self.language))
        for part in section.subsections:
            self.section(part, level + 1)

    def table(self, table: JournalTable) -> None:
        self.tables += 1
        place_table(self.document, table, number=self.tables)

    def figure(self, figure: ReportFigure) -> None:
        """Add a picture with its alternative text, its caption below."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Mm

        if figure.media_type != "image/png":
            raise ExportError(
                f"The figure {figure.caption!r} is {figure.media_type}; Word takes PNG. Add "
                "'png' to the figures in [outputs]."
            )
        self.figures += 1
        turn_page(self.document, landscape=False)
        place = self.document.add_paragraph()
        place.alignment = WD_ALIGN_PARAGRAPH.CENTER
        place.paragraph_format.keep_with_next = True
        picture = place.add_run().add_picture(io.BytesIO(figure.image))
        share = min(Mm(min(figure.width, TEXT_WIDTH)) / picture.width, Mm(TALLEST) / picture.height)
        picture.width, picture.height = (
            type(picture.width)(picture.width * share),
            type(picture.height)(picture.height * share),
        )
        picture._inline.docPr.set("descr", table_text(figure.alternative))
        caption = add_caption(
            self.document, "report_figure_number", self.figures, figure.caption, self.language
        )
        caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
        caption.paragraph_format.keep_with_next = bool(figure.notes)
        if figure.notes:
            gap = label("report_space", self.language)
            note = label("report_note", self.language) + gap + gap.join(figure.notes)
            self.paragraph(note, points=NOTE_POINTS)


def _titles(content: ReportContent) -> list[str]:
    """Headings of the first level, in their order."""
    found = [section.title for section in content.sections]
    if content.findings:
        found.insert(0, label("report_findings", content.language))
    if content.references:
        found.append(label("report_references", content.language))
    return found


def _running_lines(document: Document, content: ReportContent) -> None:
    """Set the title above every page but the first, and the number of the page below."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    first = document.sections[0]
    first.different_first_page_header_footer = True
    add_text(first.header.paragraphs[0], content.title, points=NOTE_POINTS)
    for foot in (first.footer.paragraphs[0], first.first_page_footer.paragraphs[0]):
        foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
        before, _, rest = label(
            "report_page_of", content.language, page="\x00", pages="\x01"
        ).partition("\x00")
        between, _, after = rest.partition("\x01")
        for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
            add_text(foot, text, points=NOTE_POINTS)
            if field:
                add_field(foot, field, "1")
    for page in document.sections[1:]:
        page.different_first_page_header_footer = False
