"""Maps that a study names: a column in several years, and two columns in one map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from analyses.layers_base import base_aliases, base_data, geometry_kind
from analyses.results import StudyResult
from analyses.run_common import require_columns
from analyses.study_indices import BivariateMapSection, IndexMapSection
from shapefiles.language import label
from shapefiles.layers import Layer, name_labels
from shapefiles.style_types import LayerStyle
from shapefiles.styles import bivariate_style, choropleth_style
from spatial.errors import PanelError, listed

if TYPE_CHECKING:
    from analyses.layers import StudyLayers

MEASURES = ("resistance", "recovery")


@dataclass(frozen=True)
class StudyMap:
    """One map of a study.

    Attributes
    ----------
    number : int
        Place in the study file, from 1.
    title : str
    values : pandas.DataFrame
        Index: city; the columns of the layer: one for each year, or two that are shown together.
    names : tuple of str
        Wording of each column.
    styles : tuple of LayerStyle
        For each year in the classes of all years; one of a bivariate map.
    years : tuple of int
        Empty for a bivariate map.
    method : str
        Sentence below the map.
    """

    number: int
    title: str
    values: pd.DataFrame
    names: tuple[str, ...]
    styles: tuple[LayerStyle, ...]
    years: tuple[int, ...]
    method: str


def study_maps(result: StudyResult) -> list[StudyMap]:
    """Build the maps that a study names, in the order of the file."""
    found = []
    for number, section in enumerate(result.study.maps, start=1):
        where = f"maps[{number}]"
        if isinstance(section, IndexMapSection):
            found.append(_by_year(result, section, number, where))
        else:
            found.append(_of_two(result, section, number, where))
    return found


def _title(result: StudyResult, section: IndexMapSection | BivariateMapSection) -> str:
    chinese = result.study.language == "zh"
    return (section.title_zh if chinese else "") or section.title


def _of_year(result: StudyResult, column: str, year: int, where: str) -> pd.Series:
    require_columns(result.area, [column], where)
    if year not in result.area.years:
        raise PanelError(
            f"{where}: year {year} is not in the panel, which has {result.area.years.min()} to "
            f"{result.area.years.max()}."
        )
    values = result.area.panel[column].xs(year, level="year").reindex(result.area.cities.index)
    if not pd.api.types.is_numeric_dtype(values) or not values.notna().any():
        raise PanelError(f"{where}: column {column!r} has no number in {year}.")
    return values.astype(float)


def _by_year(result: StudyResult, section: IndexMapSection, number: int, where: str) -> StudyMap:
    language, years = result.study.language, tuple(sorted(section.years))
    values = pd.DataFrame(
        {f"map{number}_{year}": _of_year(result, section.column, year, where) for year in years}
    )
    name = result.study.column_label(section.column, with_unit=True)
    pooled = pd.concat([values[column] for column in values], ignore_index=True)
    two_signs = bool((pooled < 0).any() and (pooled > 0).any())
    whole = choropleth_style(
        pooled,
        column="value",
        title=name,
        centre=0.0 if two_signs else None,
        k=6 if two_signs else 5,
        counts=False,
        geometry=geometry_kind(result),
        language=language,
    )
    names = tuple(label("report_in_year", language, name=name, year=year) for year in years)
    title = _title(result, section) or label(
        "figure_index_years",
        language,
        index=result.study.column_label(section.column),
        years=label("report_list_comma", language).join(map(str, years)),
    )
    return StudyMap(
        number=number,
        title=title,
        values=values,
        names=names,
        styles=tuple(
            replace(whole, column=str(column), name=wording, title=wording)
            for column, wording in zip(values.columns, names, strict=True)
        ),
        years=years,
        method=label("figure_index_years_note", language),
    )


def _of_two(result: StudyResult, section: BivariateMapSection, number: int, where: str) -> StudyMap:
    language = result.study.language
    year = section.year or int(result.area.years.max())
    sides = [_side(result, section, column, year, where) for column in section.columns]
    columns = (f"map{number}_first", f"map{number}_second")
    names = (sides[0][1], sides[1][1])
    values = pd.DataFrame(dict(zip(columns, (side[0] for side in sides), strict=True)))
    complete = int(values.notna().all(axis=1).sum())
    if not complete:
        raise PanelError(f"{where}: no city has both of {listed(section.columns)}.")
    title = _title(result, section) or label(
        "figure_bivariate", language, first=names[0], second=names[1]
    )
    style = bivariate_style(
        values[columns[0]],
        values[columns[1]],
        columns=columns,
        titles=names,
        name=title,
        title=title,
        geometry=geometry_kind(result),
        language=language,
    )
    method = label("method_bivariate", language, n=complete)
    return StudyMap(number, title, values, names, (style,), (), method)


def _side(
    result: StudyResult, section: BivariateMapSection, column: str, year: int, where: str
) -> tuple[pd.Series, str]:
    """Values of one side of a bivariate map, and what they are."""
    if column in MEASURES and column not in result.area.panel.columns:
        shock = section.shock or result.study.focus
        values = result.measures[(shock, column)].reindex(result.area.cities.index)
        language = result.study.language
        name = label("measure_of_shock", language, measure=label(column, language), shock=shock)
        return values, name
    values = _of_year(result, column, year, where)
    name = result.study.column_label(column)
    return values, label("report_in_year", result.study.language, name=name, year=year)


def maps_layer(result: StudyResult) -> Layer | None:
    """Cities with the columns of all maps that a study names; None where it names none."""
    maps = study_maps(result)
    if not maps:
        return None
    language = result.study.language
    data, aliases = base_data(result), base_aliases(result)
    styles: list[LayerStyle] = []
    for one in maps:
        for column, wording in zip(one.values.columns, one.names, strict=True):
            data[column] = one.values[column].reindex(data.index)
            aliases[str(column)] = wording
        styles += one.styles
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    return Layer(
        table="study_maps",
        title=label("layer_maps", language),
        data=data,
        styles=tuple(style.with_labels(labels) for style in styles),
        aliases=aliases,
        abstract=label("layer_indices_note", language, source=result.study.source_note()).strip(),
        group=label("group_layers_indices", language),
        shapes_of="resilience",
    )


def map_pages(
    result: StudyResult, layers: StudyLayers
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield title, shown styles and method of a page for every map, by year its last."""
    if layers.maps is None:
        return
    for one in study_maps(result):
        style = one.styles[-1]
        title = style.title if one.years else one.title
        yield title, (f"{layers.maps.table}/{style.name}",), one.method
