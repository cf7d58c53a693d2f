"""Three-line tables in an Excel workbook: numbers as numbers, stars and brackets as formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapefiles.atomic import atomic_file
from shapefiles.file_names import distinct_names
from shapefiles.journal_table import JournalTable
from shapefiles.language import label
from shapefiles.markup_tables import note_text, table_text
from shapefiles.number_texts import MINUS
from shapefiles.table_widths import LANDSCAPE_COLUMNS, display_width
from shapefiles.workbook import CREATED, MOST_CHARACTERS, SHEET_NAME_LENGTH
from spatial.errors import ExportError, listed

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

FONTS = {"en": "Times New Roman", "zh": "SimSun"}
TABLE_POINTS, TITLE_POINTS, LINE_POINTS = 10.5, 12, 14.5
HEAVY, LIGHT, HAIR = 2, 1, 7
"""Rules of Excel: medium (1.5 pt), thin (0.75 pt), hair."""

NARROWEST, WIDEST = 7, 44
"""Characters that a column has room for."""

_NUMBER = re.compile(
    rf"(?P<open>\(?)(?P<sign>{MINUS}?)(?P<whole>\d[\d,]*)(?:\.(?P<part>\d+))?"
    r"(?P<close>\)?)(?P<stars>\*{0,3})"
)


def write_journal_workbook(path: Path | str, tables: Mapping[str, JournalTable]) -> Path:
    """Write each table on a sheet of its own, after a sheet of contents.

    Parameters
    ----------
    path : path
    tables : mapping of str to JournalTable
        The keys name the sheets.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If a text is longer than a cell may hold, or the file cannot be written.

    Notes
    -----
    A cell such as −0.385*** is the number −0.385 in a format that shows the stars, so that it can
    be calculated with, to the decimals that are printed; all digits are in the workbook of the
    study (``shapefiles.workbook``).
    """
    import xlsxwriter

    target = Path(path)
    long = [
        key
        for key, table in tables.items()
        if any(len(cell) > MOST_CHARACTERS for row in table.rows for cell in row.cells)
    ]
    if long:
        raise ExportError(f"Tables {listed(long)} hold texts too long for a cell of Excel.")
    language = next(iter(tables.values())).language
    first = label("sheet_contents", language)
    sheets = distinct_names(
        [first, *tables], limit=SHEET_NAME_LENGTH, forbidden=r"[\[\]:*?/\\\x00-\x1f]"
    )
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    try:
        with (
            atomic_file(target) as temporary,
            xlsxwriter.Workbook(str(temporary), options) as book,
        ):
            title = table_text(next(iter(tables.values())).title)
            book.set_properties({"title": title[:255], "created": CREATED})
            contents = book.add_worksheet(sheets[first])
            for number, (key, table) in enumerate(tables.items(), start=1):
                _Sheet(book, book.add_worksheet(sheets[key]), table).write(number)
            _write_contents(book, contents, tables, sheets)
    except (UnicodeEncodeError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise ExportError(f"Cannot write the workbook {str(target)!r}: {error}.") from error
    return target


def number_and_format(text: str) -> tuple[float, str] | None:
    """Take a printed number apart: its value, and the format that prints it so.

    Parameters
    ----------
    text : str

    Returns
    -------
    (float, str) or None
        None for words.

    Examples
    --------
    >>> number_and_format("−0.385***"), number_and_format("1,234"), number_and_format("LR")
    ((-0.385, '0.000"***";−0.000"***"'), (1234.0, '#,##0;−#,##0'), None)
    >>> number_and_format("(0.059)")
    (0.059, '"("0.000")";"("−0.000")"')
    """
    found = _NUMBER.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    whole = found["whole"].replace(",", "")
    if len(whole) > 1 and whole.startswith("0"):
        return None  # an id
    part = found["part"] or ""
    value = float(f"{whole}.{part or 0}") * (-1 if found["sign"] else 1)
    digits = ("#,##0" if "," in found["whole"] else "0") + ("." + "0" * len(part) if part else "")
    before, after = ('"("', '")"') if found["open"] else ("", "")
    stars = f'"{found["stars"]}"' if found["stars"] else ""
    return value, f"{before}{digits}{after}{stars};{before}{MINUS}{digits}{after}{stars}"


class _Sheet:
    """One table on its sheet."""

    def __init__(self, book: xlsxwriter.Workbook, sheet: Worksheet, table: JournalTable) -> None:
        self.book, self.sheet, self.table = book, sheet, table
        self.formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def format(self, **properties: Any) -> Format:
        """Make each format once."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            plain = {
                "font_name": FONTS[self.table.language],
                "font_size": TABLE_POINTS,
                "valign": "vcenter",
            }
            self.formats[key] = self.book.add_format(plain | properties)
        return self.formats[key]

    def write(self, number: int) -> None:
        """Write title, head, rows and notes, and set the page up."""
        table, last = self.table, self.table.width - 1
        words = label("report_table_number", table.language, number=number)
        heading = f"{words}  {table_text(table.title)}".strip()
        title = self.format(bold=True, font_size=TITLE_POINTS)
        self.sheet.write_string(0, 0, heading, title)
        widths = self._widths()
        heads = self._head(1, widths)
        for at in range(len(table.rows)):
            self._row(1 + heads + at, at)
        below = 1 + heads + len(table.rows)
        note = note_text(table)
        if note:
            small = self.format(font_size=9, text_wrap=True, valign="top")
            if last:
                self.sheet.merge_range(below, 0, below, last, "", small)
            self.sheet.write_string(below, 0, note, small)
            room = max(sum(widths), 20)
            self.sheet.set_row(below, LINE_POINTS * -(-display_width(note) // int(room * 1.1)) + 3)
        for at, width in enumerate(widths):
            self.sheet.set_column(at, at, width)
        self._page(heads)

    def _head(self, start: int, widths: list[float]) -> int:
        rows = self.table.head
        for at, row in enumerate(rows):
            column, lines = 0, 1
            for cell in row:
                lowest = at == len(rows) - 1
                rules: dict[str, Any] = {"top": HEAVY} if at == 0 else {}
                if lowest or (cell.span > 1 and cell.text):
                    rules["bottom"] = LIGHT
                centred = cell.span > 1 or self.table.kinds[column] == "number"
                look = self.format(align="center" if centred else "left", text_wrap=True, **rules)
                text = table_text(cell.text)
                if cell.span > 1:
                    self.sheet.merge_range(
                        start + at, column, start + at, column + cell.span - 1, "", look
                    )
                self.sheet.write_string(start + at, column, text, look)
                room = sum(widths[column : column + cell.span])
                lines = max(lines, -(-display_width(text) // max(int(room) - 1, 1)))
                column += cell.span
            self.sheet.set_row(start + at, LINE_POINTS * lines + 3)
        return len(rows)

    def _row(self, line: int, at: int) -> None:
        row, last = self.table.rows[at], at == len(self.table.rows) - 1
        rules: dict[str, Any] = {"top": HAIR} if row.rule and at else {}
        if last:
            rules["bottom"] = HEAVY
        for column, (kind, cell) in enumerate(zip(self.table.kinds, row.cells, strict=True)):
            place: dict[str, Any] = {"align": "center"} if kind == "number" else {"align": "left"}
            known = number_and_format(cell) if kind == "number" else None
            if known is not None:
                look = self.format(num_format=known[1], **place, **rules)
                self.sheet.write_number(line, column, known[0], look)
                continue
            if row.panel and column == 0:
                place["bold"] = True
            elif kind == "words":
                place["text_wrap"] = display_width(cell) > WIDEST
            look = self.format(num_format="@", **place, **rules)
            self.sheet.write_string(line, column, table_text(cell), look)

    def _widths(self) -> list[float]:
        """Width of each column in characters; headings may break into two lines."""
        columns: list[float] = []
        for at in range(self.table.width):
            cells = [row.cells[at] for row in self.table.rows if not row.panel]
            heads = [
                text
                for row in self.table.head
                for text in [
                    [c.text if c.span == 1 else "" for c in row for _ in range(c.span)][at]
                ]
            ]
            longest = max((display_width(word) for one in heads for word in one.split()), default=0)
            head = max(min(longest, 16), max(map(display_width, heads), default=0) // 2 + 1)
            need = max(head, max(map(display_width, cells), default=0)) + 2
            columns.append(float(min(max(need, NARROWEST), WIDEST)))
        return columns

    def _page(self, heads: int) -> None:
        leading = next(
            (at for at, kind in enumerate(self.table.kinds) if kind == "number"), self.table.width
        )
        self.sheet.freeze_panes(1 + heads, min(leading, 2))
        self.sheet.hide_gridlines(2)
        if self.table.width > LANDSCAPE_COLUMNS:
            self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(1, heads)
        self.sheet.center_horizontally()
        self.sheet.set_footer("&C&P / &N")


def _write_contents(
    book: xlsxwriter.Workbook,
    sheet: Worksheet,
    tables: Mapping[str, JournalTable],
    sheets: Mapping[str, str],
) -> None:
    """List the tables with links to their sheets."""
    language = next(iter(tables.values())).language
    font = {"font_name": FONTS[language], "font_size": TABLE_POINTS}
    top = book.add_format(font | {"bold": True, "top": HEAVY, "bottom": LIGHT})
    link = book.add_format(font | {"font_color": "#0b5394", "underline": 1})
    plain = book.add_format(font)
    sheet.write_string(0, 0, label("sheet_sheet", language), top)
    sheet.write_string(0, 1, label("sheet_table_title", language), top)
    for at, (key, table) in enumerate(tables.items(), start=1):
        quoted = sheets[key].replace("'", "''")
        number = label("report_table_number", language, number=at)
        sheet.write_url(at, 0, f"internal:'{quoted}'!A1", link, string=sheets[key])
        sheet.write_string(at, 1, f"{number}  {table_text(table.title)}".strip(), plain)
    widest = max(display_width(one) for one in sheets.values())
    sheet.set_column(0, 0, min(max(widest + 2, 12), 34))
    sheet.set_column(1, 1, 80)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
