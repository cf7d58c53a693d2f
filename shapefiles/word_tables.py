"""Native, editable three-line tables in Word documents."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapefiles.atomic import atomic_file
from shapefiles.equations import Equation
from shapefiles.journal_table import BodyRow, JournalTable
from shapefiles.language import label
from shapefiles.markup_tables import PAGE_ROWS, note_text, table_text
from shapefiles.table_widths import (
    CELL_POINTS,
    WIDEST_WORDS,
    PageFit,
    column_parts,
    display_width,
    page_fit,
)
from spatial.errors import ExportError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph

LATIN_FONT, CHINESE_FONT = "Times New Roman", "SimSun"
TEXT_POINTS, TABLE_POINTS, NOTE_POINTS = 10.5, 9.0, 9.0
HEAVY, LIGHT, HAIR = 12, 6, 4
"""Widths of rules in eighths of a point: 1.5, 0.75 and 0.5 pt."""

CELL_STYLE = "Table Text"
EMU = 12_700
"""Units of Word in a point."""

MARGIN_MM, PAGE_MM = 25, (210, 297)

# A fixed date: a document does not tell when it was written.
CREATED = datetime.datetime(2000, 1, 1)


def new_document(*, title: str = "") -> Document:
    """Open an empty A4 document with the fonts of a journal.

    Parameters
    ----------
    title : str
        Title in the properties of the file.

    Returns
    -------
    docx.document.Document

    Raises
    ------
    ExportError
        If python-docx is not installed.
    """
    try:
        import docx
        from docx.enum.style import WD_STYLE_TYPE
        from docx.shared import Mm, Pt, RGBColor
    except ImportError as error:
        raise ExportError(
            "Word documents need python-docx: pip install 'interurban[documents]'."
        ) from error
    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(PAGE_MM[0]), Mm(PAGE_MM[1])
    page.left_margin = page.right_margin = Mm(MARGIN_MM)
    page.top_margin = page.bottom_margin = Mm(MARGIN_MM)
    names = ["Normal", "Caption", "Title", "List Bullet", *(f"Heading {at}" for at in range(1, 5))]
    for name in names:
        style: Any = document.styles[name]
        style.font.name = LATIN_FONT
        _east_asian_font(style.element.get_or_add_rPr())
        if name != "Normal":
            style.font.color.rgb = RGBColor(0, 0, 0)
    normal: Any = document.styles["Normal"]
    normal.font.size = Pt(TEXT_POINTS)
    inside: Any = document.styles.add_style(CELL_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    inside.base_style = normal
    inside.font.size, inside.font.name = Pt(TABLE_POINTS), LATIN_FONT
    _east_asian_font(inside.element.get_or_add_rPr())
    inside.paragraph_format.space_before = inside.paragraph_format.space_after = Pt(1)
    inside.paragraph_format.line_spacing = 1.0
    caption: Any = document.styles["Caption"]
    caption.font.size, caption.font.bold = Pt(TEXT_POINTS), True
    properties = document.core_properties
    properties.title, properties.author, properties.comments = table_text(title)[:255], "", ""
    properties.created = properties.modified = CREATED
    return document


def add_text(paragraph: Paragraph, text: object, *, points: float = TEXT_POINTS) -> None:
    """Append text to a paragraph: Latin in Times New Roman, Chinese in SimSun.

    Parameters
    ----------
    paragraph : docx.text.paragraph.Paragraph
    text : object
    points : float
        Size of the font.
    """
    from docx.shared import Pt

    run = paragraph.add_run(table_text(text))
    run.font.size, run.font.name = Pt(points), LATIN_FONT
    _east_asian_font(run._element.get_or_add_rPr())


def add_equation(document: Document, equation: Equation) -> Paragraph:
    """Add an equation that Word edits, and below it the words that explain its letters.

    Parameters
    ----------
    document : docx.document.Document
    equation : Equation

    Returns
    -------
    docx.text.paragraph.Paragraph
    """
    from docx.oxml import parse_xml

    paragraph = document.add_paragraph()
    paragraph._p.append(parse_xml(equation.omml()))
    if equation.where:
        add_text(document.add_paragraph(), equation.where)
    return paragraph


def add_caption(document: Document, key: str, number: int, title: str, language: Any) -> Paragraph:
    """Add a caption that Word numbers itself.

    Parameters
    ----------
    document : docx.document.Document
    key : str
        ``report_table_number`` or ``report_figure_number``.
    number : int
        The number shown until Word counts again.
    title : str
    language : {"en", "zh"}

    Returns
    -------
    docx.text.paragraph.Paragraph
    """
    before, _, after = label(key, language, number="\x00").partition("\x00")
    paragraph = document.add_paragraph(style="Caption")
    add_text(paragraph, before)
    add_field(paragraph, f"SEQ {before.strip() or key} \\* ARABIC", str(number))
    add_text(paragraph, f"{after}  {title}")
    return paragraph


def place_table(document: Document, table: JournalTable, *, number: int) -> None:
    """Add a table on a page that it fits on: turned, in smaller letters, or in several parts.

    Parameters
    ----------
    document : docx.document.Document
    table : JournalTable
    number : int
        Parts after the first repeat it and are marked as continued.
    """
    narrow, wide = (_points_between(side) for side in PAGE_MM)
    for at, part in enumerate(column_parts(table, landscape=wide)):
        fit = page_fit(part, portrait=narrow, landscape=wide)
        turn_page(document, landscape=fit.landscape)
        add_table(document, part, number=number, fit=fit, continued=at > 0)


def _points_between(side: float) -> float:
    """Points between the margins of a side of the page in millimetres."""
    return (side - 2 * MARGIN_MM) * 72 / 25.4


def add_table(
    document: Document,
    table: JournalTable,
    *,
    number: int,
    fit: PageFit | None = None,
    continued: bool = False,
) -> Table:
    """Add a table with its caption above and its notes below, on the page as it lies.

    Parameters
    ----------
    document : docx.document.Document
    table : JournalTable
    number : int
    fit : PageFit, optional
        Size of the text and widths of the columns.
    continued : bool
        The caption repeats the number and says so.

    Returns
    -------
    docx.table.Table
        Head rows repeat on every page; rows do not break.
    """
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    if fit is None:
        page = document.sections[-1]
        room = (page.page_width - page.left_margin - page.right_margin) / EMU  # type: ignore[operator]
        fit = page_fit(table, portrait=room, landscape=room)
    if continued:
        caption = document.add_paragraph(style="Caption")
        words = label("report_table_continued", table.language, number=number, title=table.title)
        add_text(caption, words)
    else:
        caption = add_caption(document, "report_table_number", number, table.title, table.language)
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.keep_with_next = True
    heads, rows = len(table.head), len(table.rows)
    grid = document.add_table(heads + rows, table.width)
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    together = _lines(table) <= PAGE_ROWS
    cells = grid._cells  # one look-up: asking a table for single cells takes quadratic time
    for at, head in enumerate(table.head):
        column = 0
        for cell in head:
            first = cells[at * table.width + column]
            centred = cell.span > 1 or table.kinds[column] == "number"
            _fill(first, cell.text, centred=centred, keep=True, points=fit.points)
            if cell.span > 1:
                merged = first.merge(cells[at * table.width + column + cell.span - 1])
                if cell.text and at < heads - 1:
                    _rule(merged, bottom=HAIR)
            column += cell.span
        _row_property(grid, at, "w:tblHeader")
    for at, row in enumerate(table.rows, start=heads):
        keep = together and (at < heads + rows - 1 or bool(table.notes))
        own = cells[at * table.width : (at + 1) * table.width]
        _body_row(table, row, own, keep=keep, points=fit.points)
        _row_property(grid, at, "w:cantSplit")
    _three_lines(table, cells)
    _set_widths(grid, table, fit)
    note = document.add_paragraph()
    if table.notes:
        add_text(note, note_text(table), points=NOTE_POINTS)
    return grid


def _body_row(
    table: JournalTable, row: BodyRow, cells: Sequence[Any], *, keep: bool, points: float
) -> None:
    """Fill the cells of a row; the heading of a panel covers them all."""
    if not row.panel:
        for kind, cell, text in zip(table.kinds, cells, row.cells, strict=True):
            _fill(cell, text, centred=kind == "number", keep=keep, points=points)
        return
    _fill(cells[0], row.cells[0], centred=False, keep=keep, points=points)
    for run in cells[0].paragraphs[0].runs:  # Chinese has no italics
        run.font.bold = table.language == "zh"
        run.font.italic = table.language != "zh"
    cells[0].merge(cells[-1])


def write_word_tables(path: str | Path, tables: Sequence[JournalTable]) -> Path:
    """Write tables into one Word document, wide ones on pages on their side.

    Parameters
    ----------
    path : str or Path
    tables : sequence of JournalTable

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If there is no table, python-docx is not installed, or the file cannot be written.
    """
    if not tables:
        raise ExportError("A document needs at least one table.")
    document = new_document(title=tables[0].title)
    for number, table in enumerate(tables, start=1):
        place_table(document, table, number=number)
    return save_document(document, path)


def turn_page(document: Document, *, landscape: bool) -> None:
    """Start a new section when the page has to be turned for what follows."""
    from docx.enum.section import WD_ORIENT

    page = document.sections[-1]
    if (page.orientation == WD_ORIENT.LANDSCAPE) == landscape:
        return
    if len(document.element.body) > 1:  # beside the properties of the section
        page = document.add_section()
    page.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    page.page_width, page.page_height = page.page_height, page.page_width


def add_contents(document: Document, titles: Sequence[str]) -> None:
    """Add a table of contents: links to the headings marked by :func:`mark_heading`.

    It is a field of Word, filled at once: "Update Field" adds the numbers of the pages.

    Parameters
    ----------
    document : docx.document.Document
    titles : sequence of str
        Of the headings of the first level, in their order.
    """
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    def mark(paragraph: Paragraph, kind: str) -> None:
        character = OxmlElement("w:fldChar")
        character.set(qn("w:fldCharType"), kind)
        paragraph.add_run()._r.append(character)

    for number, title in enumerate(titles, start=1):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = 0
        if number == 1:
            mark(paragraph, "begin")
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = 'TOC \\o "1-1" \\h \\z \\u'
            paragraph.add_run()._r.append(instruction)
            mark(paragraph, "separate")
        link = OxmlElement("w:hyperlink")
        link.set(qn("w:anchor"), f"_Toc{number:08d}")
        link.set(qn("w:history"), "1")
        paragraph._p.append(link)
        add_text(paragraph, f"{number}  {title}")
        link.append(paragraph.runs[-1]._r)
        if number == len(titles):
            mark(paragraph, "end")


def mark_heading(heading: Paragraph, number: int) -> None:
    """Set the mark that the table of contents points to: number of the heading, from 1."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
        mark = OxmlElement(tag)
        mark.set(qn("w:id"), str(number))
        if tag == "w:bookmarkStart":
            mark.set(qn("w:name"), f"_Toc{number:08d}")
        heading._p.append(mark)


def save_document(document: Document, path: str | Path) -> Path:
    """Write a document whole or not at all."""
    target = Path(path)
    if target.suffix.lower() != ".docx":
        raise ExportError(f"{target.name}: a Word document needs the ending .docx.")
    with atomic_file(target) as temporary:
        document.save(str(temporary))
    return target


def _lines(table: JournalTable) -> int:
    """Estimate the lines of a table from its longest cells."""
    return sum(
        max(-(-display_width(text) // WIDEST_WORDS) for text in row.cells) or 1
        for row in table.rows
    )


def _fill(cell: Any, text: str, *, centred: bool, keep: bool, points: float) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = cell.paragraphs[0]
    paragraph.style = CELL_STYLE
    paragraph.paragraph_format.keep_with_next = keep
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if text:
        add_text(paragraph, text, points=points)


def _set_widths(grid: Table, table: JournalTable, fit: PageFit) -> None:
    """Give every column its share of the page, and cells narrow margins."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    grid.autofit = False
    for column, width in zip(grid.columns, fit.widths, strict=True):
        column.width = int(EMU * width)
    for at, cell in enumerate(grid._cells):
        if cell._tc.grid_span == 1:
            cell.width = grid.columns[at % table.width].width
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(int(10 * CELL_POINTS)))  # twentieths of a point, half on each side
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    properties = grid._tbl.tblPr
    look = properties.find(qn("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)  # the order that the format asks for


def _three_lines(table: JournalTable, cells: Sequence[Any]) -> None:
    """Draw the heavy rules above and below, the light one under the head, and thin ones."""
    width, heads = table.width, len(table.head)
    below = heads + len(table.rows) - 1
    for column in range(width):
        _rule(cells[column], top=HEAVY)
        _rule(cells[(heads - 1) * width + column], bottom=LIGHT)
        _rule(cells[below * width + column], bottom=HEAVY)
        for at, row in enumerate(table.rows, start=heads):
            if row.rule and at > heads:
                _rule(cells[at * width + column], top=HAIR)


def _rule(cell: Any, **edges: int) -> None:
    """Set rules of a cell; those that it has stay."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        properties.append(borders)
    for edge in ("top", "bottom"):  # the order that the format asks for
        if edge not in edges:
            continue
        old = borders.find(qn(f"w:{edge}"))
        if old is not None:
            borders.remove(old)
        line = OxmlElement(f"w:{edge}")
        for key, value in (
            ("val", "single"),
            ("sz", edges[edge]),
            ("space", 0),
            ("color", "000000"),
        ):
            line.set(qn(f"w:{key}"), str(value))
        if edge == "top":
            borders.insert(0, line)
        else:
            borders.append(line)


def _row_property(grid: Table, row: int, name: str) -> None:
    from docx.oxml import OxmlElement

    grid._tbl.tr_lst[row].get_or_add_trPr().append(OxmlElement(name))


def _east_asian_font(properties: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    language.set(qn("w:eastAsia"), "zh-CN")  # full stops of the mainland, not of Taiwan
    for script, font in (
        ("ascii", LATIN_FONT),
        ("hAnsi", LATIN_FONT),
        ("cs", LATIN_FONT),
        ("eastAsia", CHINESE_FONT),
    ):
        fonts.set(qn(f"w:{script}"), font)


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Add a simple field: an instruction to Word, and the text until it is carried out."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    paragraph._p.append(field)
    add_text(paragraph, shown)
    field.append(paragraph.runs[-1]._r)
