"""Layers of hot spots and dynamics: cities with their classes and years, ellipses, centres."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analyses.layers_base import base_aliases, base_data, geometry_kind
from analyses.results import StudyResult
from analyses.results_dynamics import ColumnDynamics
from analyses.words_dynamics import (
    column_slug,
    column_words,
    dynamics_method,
    hot_spot_method,
    period_words,
    quarter_words,
    trend_words,
)
from shapefiles.classification import centred_bounds, class_bounds
from shapefiles.language import label
from shapefiles.layers import AttributeTable, Layer, name_labels
from shapefiles.palettes import sequential_colours
from shapefiles.style_types import LabelStyle, LayerStyle
from shapefiles.styles import (
    categorised_style,
    choropleth_style,
    emerging_hot_spot_style,
    hot_spot_style,
    lisa_style,
    outline_style,
)
from spatial.autocorrelation.time_paths import NOT_MOVED, PATH_DIRECTIONS

CLIP_SHARE = 0.01
"""Share of the values on either side that joins the outermost classes."""

CLASSES = 5

QUARTER_COLOURS = {
    "Both up": "#1b7837",
    "City up, neighbours down": "#a6dba0",
    "City down, neighbours up": "#c2a5cf",
    "Both down": "#762a83",
    NOT_MOVED: "#eeeeee",
}
"""A diverging purple-green scheme, safe for colour-blind readers: green where the city rises."""

TREND_COLOURS = {"Increasing": "#1b7837", "No trend": "#eeeeee", "Decreasing": "#762a83"}


@dataclass(frozen=True)
class DynamicsMap:
    """One map of a column.

    Attributes
    ----------
    kind : str
        ``emerging``, ``length``, ``quarter`` or ``trend``.
    title : str
    values : pandas.Series
        All cities of the study; missing where figures have gaps.
    style : LayerStyle
    method : str
        What is shown, for the line below the map.
    """

    kind: str
    title: str
    values: pd.Series
    style: LayerStyle
    method: str


def hot_spot_map_style(
    result: StudyResult, key: tuple[str, str], title: str, suffix: str
) -> LayerStyle:
    """Style of the hot and cold spots of one measure of resilience."""
    return hot_spot_style(
        result.hot_spots[key].table["cluster"],
        column=f"hot_spot_{key[1]}_{suffix}",
        title=label("hot_spot_legend", result.study.language),
        name=title,
        geometry=geometry_kind(result),
        language=result.study.language,
    )


def hot_spot_layer(
    result: StudyResult, titles: dict[tuple[str, str], str], suffix: dict[str, str]
) -> Layer | None:
    """Cities with the hot and cold spots of every measure; None if not asked for.

    Parameters
    ----------
    result : StudyResult
    titles : dict of (str, str) to str
        Measure and years in words, in the order of the styles.
    suffix : dict of str to str
        ASCII ending of columns by shock.
    """
    if not result.hot_spots:
        return None
    language = result.study.language
    data, aliases = base_data(result), base_aliases(result)
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    styles = []
    for (shock, measure), about in titles.items():
        table = result.hot_spots[(shock, measure)].table.reindex(data.index)
        ending = f"{measure}_{suffix[shock]}"
        for prefix, column, words in (
            ("hot_spot", "cluster", "hot_spot"),
            ("g_star", "z_score", "g_star"),
            ("p", "p_value", "p_value"),
            ("p_adjusted", "p_adjusted", "p_adjusted"),
        ):
            data[f"{prefix}_{ending}"] = table[column]
            aliases[f"{prefix}_{ending}"] = f"{label(f'column_{words}', language)}: {about}"
        title = label("title_hot_spots", language, measure=about)
        style = hot_spot_map_style(result, (shock, measure), title, suffix[shock])
        styles.append(style.with_labels(labels))
    return Layer(
        table="hot_spots",
        title=label("layer_hot_spots", language),
        data=data,
        styles=tuple(styles),
        aliases=aliases,
        abstract=hot_spot_method(result),
        group=label("group_layers_resilience", language),
    )


def dynamics_maps(result: StudyResult, known: ColumnDynamics) -> list[DynamicsMap]:
    """List the maps of a column that tell cities apart; a map of one class tells nothing."""
    cities, language = result.area.cities.index, result.study.language
    about = column_words(result.study, known.column)
    common = {"geometry": geometry_kind(result), "language": language}
    maps = []

    def add(kind: str, column: str, values: pd.Series, make: object, **options: object) -> None:
        title = label(f"map_{kind}", language, column=about, years=period_words(known, language))
        wide = values.reindex(cities)
        style = make(  # type: ignore[operator]
            wide, column=column, title=label(f"legend_{kind}", language), name=title,
            **common, **options,
        )  # fmt: skip
        maps.append(DynamicsMap(kind, title, wide, style, dynamics_method(result, kind)))

    if known.emerging is not None:
        add("emerging", "emerging", known.emerging.table["cluster"], emerging_hot_spot_style)
    if known.paths is not None:
        table = known.paths.table
        add(
            "length", "path_relative_length", table["relative_length"], choropleth_style,
            k=CLASSES, clip=CLIP_SHARE, palette="purple",
        )  # fmt: skip
        words = {quarter: quarter_words(quarter, language) for quarter in QUARTER_COLOURS}
        add(
            "quarter", "path_quarter", table["quarter"], categorised_style,
            labels=words | {"Isolated": label("lisa_isolated", language)},
            colours=QUARTER_COLOURS | {"Isolated": "#999999"},
            order=[q for q in QUARTER_COLOURS if q in PATH_DIRECTIONS],
        )  # fmt: skip
    if known.trends is not None and len(known.trends.table["trend"].unique()) > 1:
        add(
            "trend", "trend", known.trends.table["trend"], categorised_style,
            labels={word: trend_words(word, language) for word in TREND_COLOURS},
            colours=TREND_COLOURS, order=list(TREND_COLOURS),
        )  # fmt: skip
    return maps


def yearly_style(result: StudyResult, known: ColumnDynamics, year: int | None = None) -> LayerStyle:
    """Style of the values of one year, or of the years shown, on classes that all years share."""
    values = known.values.to_numpy().ravel()
    language = result.study.language
    low, high = np.quantile(values, [CLIP_SHARE, 1.0 - CLIP_SHARE])
    kept = values[(values >= low) & (values <= high)]
    diverging = bool((kept < 0.0).any() and (kept > 0.0).any())
    bounds = (
        centred_bounds(kept, 0.0, scheme="fisherjenks", k=CLASSES + 1)
        if diverging
        else class_bounds(kept, scheme="quantiles", k=CLASSES)
    )
    # The ends of all years, so that no year widens a class of its own.
    ends = [float(values.min()), *map(float, bounds[1:-1]), float(values.max())]
    about = column_words(result.study, known.column, with_unit=True)
    shown = known.values.reindex(result.area.cities.index)[
        [year] if year is not None else list(known.shown_years)
    ]
    return choropleth_style(
        pd.concat([shown[one] for one in shown], ignore_index=True),
        column="value" if year is None else f"value_{year}",
        title=about,
        name=about if year is None else label("title_year", language, column=about, year=year),
        bounds=ends,
        counts=year is not None,
        centre=0.0 if diverging else None,
        geometry=geometry_kind(result),
        language=language,
    )


def yearly_cluster_style(
    result: StudyResult, known: ColumnDynamics, year: int | None = None
) -> LayerStyle:
    """Style of the local Moran clusters of one year, or of all years."""
    assert known.local is not None
    language = result.study.language
    about, clusters = column_words(result.study, known.column), known.local.clusters()
    cities = result.area.cities.index
    if year is None:
        shown = pd.concat([clusters[one].reindex(cities) for one in clusters], ignore_index=True)
    else:
        shown = clusters[year].reindex(cities)
    return lisa_style(
        shown,
        column="lisa" if year is None else f"lisa_{year}",
        title=label("lisa_legend", language),
        name=about if year is None else label("title_lisa_year", language, column=about, year=year),
        counts=year is not None,
        geometry=geometry_kind(result),
        language=language,
    )


def dynamics_layer(result: StudyResult, known: ColumnDynamics) -> Layer | None:
    """Cities with the classes, paths and trends of a column, its values and clusters by year.

    None where nothing that can be mapped was asked of the column.
    """
    language = result.study.language
    data, aliases = base_data(result), base_aliases(result)
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    styles = [item.style for item in dynamics_maps(result, known)]
    columns: dict[str, tuple[pd.Series, str]] = {}
    for source, names in (
        (known.emerging, _EMERGING),
        (known.paths, _PATHS),
        (known.trends, _TRENDS),
    ):
        if source is not None:
            for name, column in names.items():
                columns[name] = (source.table[column], label(f"column_{name}", language))
    if "maps" in known.asked:
        about = column_words(result.study, known.column, with_unit=True)
        styles += [yearly_style(result, known, year) for year in known.shown_years]
        for year in known.years:
            words = label("title_year", language, column=about, year=year)
            columns[f"value_{year}"] = (known.values[year], words)
    if known.local is not None:
        styles += [yearly_cluster_style(result, known, year) for year in known.shown_years]
        clusters = known.local.clusters()
        for year in known.years:
            columns[f"lisa_{year}"] = (clusters[year], f"LISA {year}")
    if not styles:
        return None
    wide = {name: values.reindex(data.index) for name, (values, _) in columns.items()}
    return Layer(
        table=f"dynamics_{column_slug(result, known)}",
        title=label("layer_dynamics", language, column=column_words(result.study, known.column)),
        data=gpd.GeoDataFrame(pd.concat([data, pd.DataFrame(wide)], axis=1), crs=data.crs),
        styles=tuple(style.with_labels(labels) for style in styles),
        aliases=aliases | {name: words for name, (_, words) in columns.items()},
        abstract=label(
            "layer_dynamics_note",
            language,
            column=column_words(result.study, known.column, with_unit=True),
            years=period_words(known, language),
            weights=result.study.dynamics_weights,
        ),
        group=label("group_layers_dynamics", language),
    )


_EMERGING = {
    "emerging": "cluster",
    "hot_years": "hot_years",
    "cold_years": "cold_years",
    "hot_spot_trend_z": "trend_z",
    "hot_spot_trend_p": "trend_p",
}
_PATHS = {
    "path_relative_length": "relative_length",
    "path_tortuosity": "tortuosity",
    "path_direction": "direction",
    "path_quarter": "quarter",
}
_TRENDS = {"trend": "trend", "slope": "slope", "trend_z": "z_score", "trend_p": "p_adjusted"}


def ellipse_layers(result: StudyResult, known: ColumnDynamics) -> tuple[Layer, ...]:
    """Ellipses of all years as lines and their centres as points; none if not asked for."""
    if known.ellipses is None:
        return ()
    language, found = result.study.language, known.ellipses
    about = column_words(result.study, known.column)
    years = [str(year) for year in found.table.index]
    table = found.table.reset_index(drop=True).assign(year=years)
    aliases = {name: label(f"column_{name}", language) for name in table.columns}
    outlines = [shapely.LineString(found.outline(year).to_numpy()) for year in found.table.index]
    centres = gpd.points_from_xy(table["longitude"], table["latitude"])
    title = label("layer_ellipses", language, column=about)
    colours = sequential_colours(len(years) + 2, "blue")[2:]
    lines = categorised_style(
        table["year"],
        column="year",
        title=title,
        name=title,
        colours=dict(zip(years, colours, strict=True)),
        order=years,
        counts=False,
        geometry="line",
        size=0.5,
        most=len(years),
        language=language,
    )
    points_title = label("layer_centres", language, column=about)
    points = outline_style(
        title=points_title, name=points_title, geometry="point", fill="#cc3311", colour="#ffffff"
    ).with_labels(LabelStyle(column="year"))
    slug, group = column_slug(result, known), label("group_layers_dynamics", language)
    abstract = dynamics_method(result, "ellipse")

    def layer(name: str, words: str, shapes: object, style: LayerStyle) -> Layer:
        return Layer(
            table=f"{name}_{slug}",
            title=words,
            data=gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326"),
            styles=(style,),
            aliases=aliases,
            abstract=abstract,
            group=group,
            id_field="",
        )

    return (
        layer("centres", points_title, centres, points),
        layer("ellipses", title, outlines, lines),
    )


def city_outlines(result: StudyResult) -> Layer | None:
    """Cities in quiet grey, below the ellipses; None where there are none."""
    followed = result.dynamics.columns.values() if result.dynamics is not None else ()
    if not any(known.ellipses is not None for known in followed):
        return None
    language = result.study.language
    title = label("layer_city_outlines", language)
    data = base_data(result)
    style = outline_style(
        title=title, geometry=geometry_kind(result), fill="#e6e6e2", colour="#ffffff", width=0.1
    )
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=12)
    return Layer(
        table="city_outlines",
        title=title,
        data=data,
        styles=(style.with_labels(labels),),
        aliases=base_aliases(result),
        abstract=result.study.source_note(),
        group=label("group_layers_dynamics", language),
    )


def dynamics_attribute_tables(result: StudyResult) -> tuple[AttributeTable, ...]:
    """Give a table of city-years for each column with yearly statistics."""
    if result.dynamics is None:
        return ()
    language = result.study.language
    tables = []
    for known in result.dynamics.columns.values():
        table = known.by_city_year()
        if len(table.columns) == 1:
            continue
        tables.append(
            AttributeTable(
                table=f"years_{column_slug(result, known)}",
                title=label(
                    "table_city_years", language, column=column_words(result.study, known.column)
                ),
                data=table.rename_axis(["city_id", "year"]),
                aliases={name: label(f"column_{name}", language) for name in table.columns}
                | {"city_id": label("city", language), "year": label("year", language)},
                abstract=dynamics_method(result, "lisa"),
                group=label("group_layers_tables", language),
            )
        )
    return tuple(tables)
