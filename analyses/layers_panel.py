"""Layers of a study that give pages or years: the panel in time, and the areas of an atlas."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd

from analyses.layers_base import base_aliases, base_data, geometry_kind
from analyses.results import StudyResult
from shapefiles.language import label
from shapefiles.layers import AttributeTable, Layer, middle_of_year, name_labels
from shapefiles.qgis_windows import window_parts
from shapefiles.style_types import LayerStyle
from shapefiles.styles import choropleth_style, outline_style

MOST_VARIABLES = 8
"""Variables of the panel that get maps by year; all its columns are in the table of the panel."""

CLASSES = 6

LEAST_AREA_DEGREES = 0.3
"""Half width of an area whose cities are one or two points."""

NAMED_CITIES = 25


def panel_variables(result: StudyResult) -> list[str]:
    """List the columns of the panel mapped by year: the outcome, indices, those of models."""
    study, panel = result.study, result.area.panel
    wanted = [study.resilience.outcome, *result.indices]
    for model in study.models:
        wanted += re.findall(r"[^\W\d]\w*", model.formula)
    numbers = [
        column
        for column in dict.fromkeys(wanted)
        if column in panel.columns and pd.api.types.is_numeric_dtype(panel[column].dtype)
    ]
    varied = [column for column in numbers if panel[column].nunique() > CLASSES]
    return varied[:MOST_VARIABLES]


def panel_title(result: StudyResult, variable: str) -> str:
    """Word a variable of the panel with its unit, for legends."""
    study = result.study
    title, entry = study.column_label(variable), study.columns.get(variable)
    if entry is None:
        return title
    unit = (entry.unit_zh if study.language == "zh" else "") or entry.unit
    return label("with_unit", study.language, text=title, unit=unit) if unit else title


def panel_style(result: StudyResult, variable: str) -> LayerStyle:
    """Style of a variable with one set of classes for all years, so that years compare.

    Quantiles of all city-years; around zero where there are two signs.
    """
    values = result.area.panel[variable].astype(float)
    title = panel_title(result, variable)
    two_signs = bool((values < 0).any() and (values > 0).any())
    return choropleth_style(
        values,
        column=variable,
        title=title,
        name=title,
        scheme="quantiles",
        k=CLASSES,
        centre=0.0 if two_signs else None,
        counts=False,
        geometry=geometry_kind(result),
        language=result.study.language,
    )


def panel_layer(result: StudyResult) -> Layer | None:
    """Cities by year with the variables of the panel; None where there is nothing to step through.

    The shapes are those of the layer of resilience: a view of the GeoPackage joins them.
    """
    variables, language = panel_variables(result), result.study.language
    years = result.area.panel.index.get_level_values("year")
    if not variables or years.nunique() < 2:
        return None
    figures = result.area.panel[variables].reset_index().set_index("city")
    cities = base_data(result)[["name", "short_name", "label_rank", "geometry"]]
    data = cities.loc[figures.index].assign(year=figures["year"].to_numpy())
    data["moment"] = middle_of_year(data["year"])
    for variable in variables:
        data[variable] = figures[variable].to_numpy()
    names = [column for column in data.columns if column != "geometry"]
    labels = name_labels(
        data["label_rank"],
        column="short_name",
        priority="label_rank",
        most=NAMED_CITIES * years.nunique(),
    )
    first, last = int(years.min()), int(years.max())
    aliases = base_aliases(result) | {
        "year": label("year", language),
        "moment": label("column_moment", language),
        **{variable: panel_title(result, variable) for variable in variables},
    }
    return Layer(
        table="panel",
        title=label("layer_panel", language, first=first, last=last),
        data=gpd.GeoDataFrame(data[[*names, "geometry"]], geometry="geometry", crs=cities.crs),
        styles=tuple(panel_style(result, one).with_labels(labels) for one in variables),
        aliases=aliases,
        abstract=label("layer_panel_note", language, source=result.study.source_note()).strip(),
        group=label("group_layers_panel", language),
        time="moment",
        shapes_of="resilience",
    )


def years_table(result: StudyResult) -> AttributeTable:
    """Return the years of the panel with the number of cities: the pages of an atlas by year."""
    language = result.study.language
    years = result.area.panel.index.get_level_values("year")
    counts = pd.Series(years).value_counts().sort_index()
    return AttributeTable(
        table="years",
        title=label("table_years", language),
        data=pd.DataFrame({"year": counts.index.astype(int), "cities": counts.to_numpy()}),
        aliases={"year": label("year", language), "cities": label("axis_cities", language)},
        abstract=label("table_years_note", language),
        group=label("group_layers_tables", language),
    )


def area_group(result: StudyResult) -> str | None:
    """Return the grouping that gives the pages of an atlas: regions, else the first one."""
    groups = list(result.study.groups)
    return "region" if "region" in groups else (groups[0] if groups else None)


def areas_layer(result: StudyResult) -> Layer | None:
    """Areas of the groups of cities, for an atlas with a page for each; None without groups.

    Cities that the maps show in insets do not stretch the area of their group: its row names the
    insets instead.
    """
    group = area_group(result)
    if group is None:
        return None
    language, study = result.study.language, result.study
    cities = result.area.cities[[group, "geometry"]].dropna(subset=[group])
    cities = cities[~(cities.geometry.isna() | cities.geometry.is_empty)]
    whole = result.area.cities
    parts = window_parts(whole[~(whole.geometry.isna() | whole.geometry.is_empty)])
    rows = []
    for value, members in cities.groupby(group, sort=True):
        main = members[members.index.isin(parts[0])]
        beside = [
            str(number)
            for number, part in enumerate(parts[1:], start=1)
            if members.index.isin(part).any()
        ]
        shown = main if len(main) else members
        rows.append(
            {
                "area": study.value_label(str(value)),
                "cities": len(members),
                "insets": ",".join(beside),
                "geometry": _area(shown.geometry),
            }
        )
    if len(rows) < 2:
        return None
    title = label("layer_areas", language)
    return Layer(
        table="areas",
        title=title,
        data=gpd.GeoDataFrame(rows, geometry="geometry", crs=cities.crs),
        styles=(outline_style(title=title),),
        aliases={
            "area": label(f"group_{group}", language),
            "cities": label("axis_cities", language),
            "insets": label("column_insets", language),
        },
        abstract=label("layer_areas_note", language),
        group=label("group_layers_atlas", language),
        id_field="",
    )


def _area(shapes: gpd.GeoSeries) -> object:
    """Return one area around shapes: their union, or the hull of points."""
    union = shapes.union_all()
    if union.geom_type in ("Polygon", "MultiPolygon"):
        return union
    hull = union.convex_hull
    return hull if hull.geom_type == "Polygon" else hull.buffer(LEAST_AREA_DEGREES)
