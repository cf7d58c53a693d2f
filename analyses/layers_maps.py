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
        Index: city; a column for each year, or the two columns of a bivariate map.
    styles : mapping of column to LayerStyle
        By year in the classes of all years; of a bivariate map one, under ``"both"``.
    method : str
        Sentence below the map.
    """

    number: int
    title: str
    values: pd.DataFrame
    styles: dict[object, LayerStyle]
    method: str

    @property
    def bivariate(self) -> bool:
        """Whether two columns are shown in one map."""
        return "both" in self.styles


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


def check_maps(result: StudyResult) -> None:
    """Raise for a map whose column or year does not exist, before anything is drawn."""
    study_maps(result)


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
    language = result.study.language
    values = pd.DataFrame(
        {year: _of_year(result, section.column, year, where) for year in sorted(section.years)}
    )
    name = result.study.column_label(section.column, with_unit=True)
    pooled = pd.concat([values[year] for year in values], ignore_index=True)
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
    styles: dict[object, LayerStyle] = {
        year: replace(
            whole,
            column=f"map{number}_{year}",
            name=label("report_in_year", language, name=name, year=year),
            title=label("report_in_year", language, name=name, year=year),
        )
        for year in values
    }
    years = ", ".join(str(year) for year in values)
    title = _title(result, section) or label(
        "figure_index_years",
        language,
        index=result.study.column_label(section.column),
        years=years,
    )
    return StudyMap(number, title, values, styles, label("figure_index_years_note", language))


def _of_two(result: StudyResult, section: BivariateMapSection, number: int, where: str) -> StudyMap:
    language = result.study.language
    year = section.year or int(result.area.years.max())
    parts, names = {}, []
    for side, column in zip(("first", "second"), section.columns, strict=True):
        values, name = _side(result, section, column, year, where)
        parts[f"map{number}_{side}"] = values
        names.append(name)
    table = pd.DataFrame(parts)
    complete = int(table.notna().all(axis=1).sum())
    if not complete:
        raise PanelError(f"{where}: no city has both of {listed(section.columns)}.")
    first, second = table.columns
    title = _title(result, section) or label(
        "figure_bivariate", language, first=names[0], second=names[1]
    )
    style = bivariate_style(
        table[first],
        table[second],
        columns=(str(first), str(second)),
        titles=(names[0], names[1]),
        name=title,
        title=title,
        geometry=geometry_kind(result),
        language=language,
    )
    method = label("method_bivariate", language, n=complete)
    return StudyMap(number, title, table, {"both": style}, method)


def _side(
    result: StudyResult, section: BivariateMapSection, column: str, year: int, where: str
) -> tuple[pd.Series, str]:
    """Values of one side of a bivariate map, and what they are."""
    if column in MEASURES and column not in result.area.panel.columns:
        shock = section.shock or result.study.focus
        values = result.measures[(shock, column)].reindex(result.area.cities.index)
        return values, f"{label(column, result.study.language)} ({shock})"
    values = _of_year(result, column, year, where)
    name = result.study.column_label(column)
    return values, label("report_in_year", result.study.language, name=name, year=year)


def maps_layer(result: StudyResult) -> Layer | None:
    """Cities with the columns of all maps that a study names; None where it names none."""
    maps = study_maps(result)
    if not maps:
        return None
    language = result.study.language
    data, aliases, styles = base_data(result), base_aliases(result), []
    for one in maps:
        for key, style in one.styles.items():
            sides = {style.column: style.title}
            if one.bivariate:
                sides = {str(column): f"{one.title}: {column[-6:]}" for column in one.values}
            for column, wording in sides.items():
                data[column] = one.values[column if one.bivariate else key].reindex(data.index)
                aliases[column] = wording
            styles.append(style)
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
        style = list(one.styles.values())[-1]
        title = one.title if one.bivariate else style.title
        yield title, (f"{layers.maps.table}/{style.name}",), one.method
