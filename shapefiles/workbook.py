"""One Excel workbook for all tables of a study: styled, described, and with text as text."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.atomic import atomic_file
from shapefiles.file_names import distinct_names
from shapefiles.language import label
from shapefiles.table_widths import display_width
from shapefiles.tables import DataTable, as_table
from spatial.errors import ExportError, listed
from spatial.options import Language, checked_option

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SHEET_NAME_LENGTH = 31
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
NARROWEST, WIDEST = 8, 48
LINE_HEIGHT = 14.0
"""Points of a line of text of size 10."""

# A fixed date: the same tables give the same bytes.
CREATED = datetime.datetime(2000, 1, 1)

INK, RULE, HEADER_FILL = "#1f2933", "#52606d", "#e4ecf2"


@dataclass(frozen=True)
class _Formats:
    """Cell formats, made once for each number format."""

    book: xlsxwriter.Workbook
    known: dict[tuple, Format]

    def get(self, **properties: object) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.known:
            plain = {"font_size": 10, "font_color": INK, "valign": "vcenter"}
            self.known[key] = self.book.add_format(plain | properties)
        return self.known[key]

    @property
    def header(self) -> Format:
        return self.get(
            bold=True,
            text_wrap=True,
            bg_color=HEADER_FILL,
            bottom=2,
            top=2,
            border_color=RULE,
        )


def write_workbook(
    path: Path | str,
    tables: Mapping[str, DataTable | pd.DataFrame],
    *,
    title: str = "",
    language: Language = "en",
) -> Path:
    """Write all tables into one Excel workbook, with a first sheet that describes them.

    Parameters
    ----------
    path : path
        Ends in ``.xlsx``.
    tables : mapping of str to DataTable or pandas.DataFrame
        The key names the sheet; what Excel refuses in a name is replaced or cut.
    title : str
        Title of the workbook, on its first sheet.
    language : {"en", "zh"}
        Language of the first sheet.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If there is no table, one is too big for Excel, or the file cannot be written.

    Notes
    -----
    Text is always written as text, whatever it begins with: a city called ``=HYPERLINK(...)`` stays
    a name, and an id keeps its leading zeros. Missing values are empty cells. The same tables give
    the same bytes.
    """
    import xlsxwriter

    checked_option(language, Language, name="language")
    if not tables:
        raise ExportError("A workbook needs at least one table.")
    target = Path(path)
    known = {key: as_table(table) for key, table in tables.items()}
    frames = {key: table.flat() for key, table in known.items()}
    _check_sizes(frames)
    first = label("sheet_contents", language)
    sheets = distinct_names(
        [first, *known], limit=SHEET_NAME_LENGTH, forbidden=r"[\[\]:*?/\\\x00-\x1f]"
    )
    try:
        with atomic_file(target) as temporary:
            # Everything is written by type below; these switches close the side doors.
            options = {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
            }
            with xlsxwriter.Workbook(str(temporary), options) as book:
                book.set_properties({"title": title, "created": CREATED})
                formats = _Formats(book, {})
                contents = book.add_worksheet(sheets[first])
                for key, table in known.items():
                    _write_table(book.add_worksheet(sheets[key]), table, frames[key], formats)
                _write_contents(
                    contents,
                    known,
                    sheets=sheets,
                    frames=frames,
                    formats=formats,
                    title=title,
                    language=language,
                )
    except (UnicodeEncodeError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise ExportError(f"Cannot write the workbook {str(target)!r}: {error}.") from error
    return target


def _check_sizes(frames: Mapping[str, pd.DataFrame]) -> None:
    big = [
        key
        for key, frame in frames.items()
        if len(frame) >= MOST_ROWS or frame.shape[1] > MOST_COLUMNS
    ]
    if big:
        raise ExportError(
            f"Tables {listed(big)} are larger than an Excel sheet ({MOST_ROWS} rows, "
            f"{MOST_COLUMNS} columns); write them as CSV."
        )


def _write_table(
    sheet: Worksheet, table: DataTable, frame: pd.DataFrame, formats: _Formats
) -> None:
    """Write one sheet: header, cells by type, frozen panes, filter, widths, print set-up."""
    for position, name in enumerate(frame.columns):
        heading = table.labels.get(name, name)
        cell_format = _cell_format(frame[name], table.formats.get(name), formats)
        sheet.write_string(0, position, heading, formats.header)
        for row, value in enumerate(frame[name].tolist(), start=1):
            _write_cell(sheet, row, position, value, cell_format)
        sheet.set_column(position, position, _width(frame[name], heading, table.formats.get(name)))
    sheet.set_row(0, 32)
    if frame.shape[1]:
        sheet.freeze_panes(1, len(table.index_columns))
        sheet.autofilter(0, 0, len(frame), frame.shape[1] - 1)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")


def _cell_format(column: pd.Series, number_format: str | None, formats: _Formats) -> Format:
    if number_format is not None:
        return formats.get(num_format=number_format)
    if pd.api.types.is_bool_dtype(column):
        return formats.get()
    if not pd.api.types.is_numeric_dtype(column):
        return formats.get(num_format="@")  # Excel itself keeps such cells as text when edited
    if pd.api.types.is_integer_dtype(column):
        return formats.get(num_format="0")
    return formats.get(num_format="0.0000")


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any, cell_format: Format) -> None:
    """Write one cell by its type; text never becomes a formula, a link or a number."""
    if pd.isna(value):
        sheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value), cell_format)
    elif isinstance(value, int | float | np.number) and np.isfinite(value):
        sheet.write_number(row, column, float(value), cell_format)
    else:
        text = str(value)
        if len(text) > MOST_CHARACTERS:
            raise ExportError(
                f"A text of {len(text)} characters, {text[:40]!r}..., does not fit into an Excel "
                f"cell ({MOST_CHARACTERS}); shorten it or use the CSV tables."
            )
        sheet.write_string(row, column, text, cell_format)


def _width(column: pd.Series, heading: str, number_format: str | None) -> int:
    sample = column.head(1000).tolist()
    if pd.api.types.is_float_dtype(column):
        digits = 4 if number_format is None else len(number_format.partition(".")[2])
        texts = [f"{value:.{digits}f}" for value in sample if pd.notna(value)]
    else:
        texts = [str(value) for value in sample]
    content = max((display_width(text) for text in texts), default=0)
    # Headings wrap: half their width is enough, but never less than their longest word.
    words = max((display_width(word) for word in heading.split()), default=0)
    needed = max(content, min(words, 24), display_width(heading) // 2) + 3
    return int(np.clip(needed, NARROWEST, WIDEST))


def _write_contents(
    sheet: Worksheet,
    tables: Mapping[str, DataTable],
    *,
    sheets: Mapping[str, str],
    frames: Mapping[str, pd.DataFrame],
    formats: _Formats,
    title: str,
    language: Language,
) -> None:
    """Write the first sheet: what each sheet holds, then what each column means."""
    text = formats.get(text_wrap=True, valign="top")
    link = formats.get(font_color="#0b5394", underline=1, valign="top")
    row = 0
    if title:
        sheet.write_string(row, 0, title, formats.get(bold=True, font_size=14))
        row += 2
    headings = ("sheet", "table_title", "rows", "description")
    for position, key in enumerate(headings):
        sheet.write_string(row, position, label(f"sheet_{key}", language), formats.header)
    for key, table in tables.items():
        row += 1
        quoted = sheets[key].replace("'", "''")
        sheet.write_url(row, 0, f"internal:'{quoted}'!A1", link, string=sheets[key])
        sheet.write_string(row, 1, table.title, text)
        sheet.write_number(row, 2, len(frames[key]), text)
        description = "\n".join(part for part in (table.description, *table.notes) if part)
        sheet.write_string(row, 3, description[:MOST_CHARACTERS], text)
        _fit_row(sheet, row, ((table.title, 34), (description, 90)))
    row += 2
    for position, key in enumerate(("sheet", "column", "column_label")):
        sheet.write_string(row, position, label(f"sheet_{key}", language), formats.header)
    for key, table in tables.items():
        for name in frames[key].columns:
            row += 1
            sheet.write_string(row, 0, sheets[key], text)
            sheet.write_string(row, 1, name, text)
            wording = table.labels.get(name, name)
            sheet.write_string(row, 2, wording, text)
            _fit_row(sheet, row, ((name, 34), (wording, 44)))
    for position, width in enumerate((26, 34, 44, 90)):
        sheet.set_column(position, position, width)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _fit_row(sheet: Worksheet, row: int, cells: tuple[tuple[str, int], ...]) -> None:
    """Make a row as high as its longest wrapped cell: not every program does it by itself."""
    lines = max(
        sum(-(-max(display_width(line), 1) // width) for line in text.split("\n"))
        for text, width in cells
    )
    if lines > 1:
        sheet.set_row(row, LINE_HEIGHT * lines)
