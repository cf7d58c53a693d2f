"""An Excel workbook to fill: cities, yearly figures under two headings, definitions, how-to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analyses.indices.indicator_systems import indicator_systems, read_indicator_system
from analyses.new_study import Proposal, study_text
from analyses.study_file import study_from_text
from shapefiles.atomic import atomic_files
from shapefiles.language import label
from shapefiles.workbook import CREATED, HEADER_FILL, INK, RULE
from spatial.errors import ExportError
from spatial.options import Language, StudyTemplate, checked_option

if TYPE_CHECKING:
    import xlsxwriter

__all__ = ["write_city_template"]

CITIES_SHEET, DATA_SHEET = "cities", "data"
"""Names of the sheets that the study file points to; they are the same in both languages."""

CITY_COLUMNS = ("code", "name", "name_en", "province", "region", "rank", "longitude", "latitude")
TEXT_COLUMNS = ("code", "name", "name_en", "province", "region", "rank")
KEY_COLUMNS = ("code", "year")
CORE_COLUMNS = ("employment", "gdp", "permanent_population")
REGRESSORS = ("internet_penetration", "gdp_per_head", "digital_finance")
YEARS = tuple(range(2011, 2023))

HOW_TO = tuple(f"template_step_{step}" for step in range(1, 8))


class _Definition(NamedTuple):
    """One indicator, and the systems that it belongs to."""

    en: str
    zh: str
    direction: str
    unit_en: str
    unit_zh: str
    source_en: str
    source_zh: str
    formula: str
    systems: str


def write_city_template(
    folder: Path | str,
    *,
    template: StudyTemplate | str = "china-cities",
    language: Language | str | None = None,
) -> tuple[Path, Path]:
    """Write a workbook to fill and a study file that reads it.

    Parameters
    ----------
    folder : path
        Made if needed; files that are there are never replaced.
    template : {"china-cities"}
        All indicators of the systems of ``analyses.indices.indicator_systems``.
    language : {"en", "zh"}, optional
        Of the study file; the workbook has both.

    Returns
    -------
    tuple of (Path, Path)
        The workbook: sheets ``cities``, ``data`` (headings in both languages in one cell, the
        code first), definitions and how-to; and the study file. Columns of indicators that stay
        empty may be deleted.

    Raises
    ------
    ExportError
        If one of the files is there already.
    ConfigError
        If the template or language is not known.
    """
    name = checked_option(template, StudyTemplate, name="template")
    chosen: Any = checked_option(language or "en", Language, name="language")
    workbook, study = Path(folder) / f"{name}.xlsx", Path(folder) / "study.toml"
    for target in (workbook, study):
        if target.exists():
            raise ExportError(
                f"{target} exists already and is not replaced; choose another folder."
            )
    definitions = _definitions()
    proposal = Proposal(
        city_id="code",
        city_name="name",
        longitude="longitude",
        latitude="latitude",
        panel_city="code",
        panel_year="year",
        columns=(CORE_COLUMNS[0], *REGRESSORS),
        years=YEARS,
        cities_sheet=CITIES_SHEET,
        panel_sheet=DATA_SHEET,
    )
    text = study_text(proposal, cities=workbook.name, panel=workbook.name, language=chosen)
    study_from_text(text, where="the proposed study file")
    with atomic_files(workbook, study) as (temporary_workbook, temporary_study):
        _write(temporary_workbook, definitions)
        temporary_study.write_bytes(text.encode("utf-8"))
    return workbook, study


def _definitions() -> dict[str, _Definition]:
    """Every indicator once, with the names of its systems."""
    found: dict[str, _Definition] = {}
    for name in indicator_systems():
        for entry in read_indicator_system(name).entries:
            known = found.get(entry.code)
            systems = name if known is None else f"{known.systems}, {name}"
            found[entry.code] = _Definition(
                en=entry.en,
                zh=entry.zh,
                direction=entry.indicator.direction,
                unit_en=entry.unit_en,
                unit_zh=entry.unit_zh,
                source_en=entry.source_en,
                source_zh=entry.source_zh,
                formula=entry.formula,
                systems=systems,
            )
    return found


def _write(path: Path, definitions: Mapping[str, _Definition]) -> None:
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": CREATED})
        headings = {
            code: f"{code}\n{d.zh} ({d.unit_zh})\n{d.en} ({d.unit_en})"
            for code, d in definitions.items()
        }
        _sheet_to_fill(book, CITIES_SHEET, [_heading(column) for column in CITY_COLUMNS])
        core = [_heading(column) for column in (*KEY_COLUMNS, *CORE_COLUMNS)]
        _sheet_to_fill(book, DATA_SHEET, [*core, *headings.values()])
        _definitions_sheet(book, definitions)
        _how_to_sheet(book)


def _heading(column: str) -> str:
    """Code, Chinese and English, a line each; readers take the first."""
    key = f"template_{column}"
    return f"{column}\n{label(key, 'zh')}\n{label(key, 'en')}"


def _sheet_to_fill(book: xlsxwriter.Workbook, name: str, headings: Sequence[str]) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format(
        {
            "bold": True,
            "text_wrap": True,
            "valign": "top",
            "font_size": 10,
            "font_color": INK,
            "bg_color": HEADER_FILL,
            "border_color": RULE,
            "bottom": 2,
        }
    )
    text = book.add_format({"num_format": "@"})
    sheet.set_row(0, 92)
    for place, heading in enumerate(headings):
        is_text = heading.split("\n")[0] in TEXT_COLUMNS
        sheet.set_column(place, place, 18, text if is_text else None)
        sheet.write_string(0, place, heading, head)
    sheet.freeze_panes(1, 2)


def _definitions_sheet(book: xlsxwriter.Workbook, definitions: Mapping[str, _Definition]) -> None:
    sheet = book.add_worksheet("definitions")
    head = book.add_format({"bold": True, "bg_color": HEADER_FILL, "font_color": INK})
    cell = book.add_format({"text_wrap": True, "valign": "top", "font_size": 10})
    columns = ("code", *_Definition._fields)
    for place, column in enumerate(columns):
        words = f"{label(f'template_column_{column}', 'zh')} / "
        sheet.write_string(0, place, words + label(f"template_column_{column}", "en"), head)
        sheet.set_column(place, place, 24 if column not in {"formula", "systems"} else 44)
    for row, (code, definition) in enumerate(definitions.items(), start=1):
        for place, value in enumerate((code, *definition)):
            sheet.write_string(row, place, value, cell)
    sheet.freeze_panes(1, 1)


def _how_to_sheet(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet("how_to")
    cell = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 1, 70)
    for row, key in enumerate(HOW_TO):
        for place, language in enumerate(("zh", "en")):
            wording = label(key, "zh" if language == "zh" else "en")
            sheet.write_string(row, place, wording, cell)
