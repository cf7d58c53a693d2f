"""Maps of one value of each city: numbers, pairs of numbers, categories, clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from shapefiles.figures_page import house_style
from shapefiles.language import label
from shapefiles.map_drawing import draw_classes, page_style
from shapefiles.map_furniture import legend_block
from shapefiles.map_sheet import (
    MapOptions,
    MapPane,
    checked_cities,
    checked_labels,
    for_each_pane,
    open_sheet,
    room_width_mm,
)
from shapefiles.styles import (
    bivariate_style,
    categorised_style,
    choropleth_style,
    hot_spot_style,
    lisa_style,
)
from spatial.alignment import require_same_cities
from spatial.errors import AlignmentError, ConfigError, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from shapefiles.style_types import GeometryKind, LayerStyle


def top_names(cities: gpd.GeoDataFrame, by: pd.Series, n: int = 10) -> pd.Series:
    """Return the names of the ``n`` cities with the highest values, highest first.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame
        Column ``name``, else the ids serve as names.
    by : pandas.Series
        Index: city ids; missing values come last and are never taken.
    n : int

    Returns
    -------
    pandas.Series of str
        Index: city ids, by priority, for ``MapOptions(labels=...)``. The name ends at a comma
        ("Abilene, TX" gives "Abilene"), as maps have little room.
    """
    order = by[by.notna()].sort_values(ascending=False, kind="stable").index[:n]
    unknown = order.difference(cities.index)
    if len(unknown):
        raise AlignmentError(f"Values for cities that are not given: {listed(unknown)}.")
    names = cities["name"] if "name" in cities.columns else pd.Series(cities.index, cities.index)
    return names.loc[order].astype(str).str.split(",").str[0].str.strip().rename("name")


def choropleth_map(
    cities: gpd.GeoDataFrame,
    values: pd.Series,
    *,
    style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a number of each city by classes of colour.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Polygons or points; index: city ids.
    values : pandas.Series of shape (n,)
        Same ids; missing values fall into the class "no data".
    style : LayerStyle, optional
        From `shapefiles.styles.choropleth_style` (made with natural breaks when None).
    options : MapOptions, optional
        Title, source, language, width, background, names, insets.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AlignmentError
        If cities and values do not hold the same ids.
    GeometryError
        If the cities cannot be projected.
    ExportError
        If no installed font holds a character of the texts.
    """
    options = options or MapOptions()
    if style is None:
        name = str(values.name or "value")
        style = choropleth_style(values, column=name, title=name, language=options.language)
    return _map_of_classes(cities, values, style, options, ax)


def lisa_map(
    cities: gpd.GeoDataFrame,
    clusters: pd.Series | Any,
    *,
    style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the clusters of a local Moran analysis in the colours of GeoDa.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    clusters : pandas.Series of shape (n,), or a result of ``local_moran``
        Words as in `shapefiles.palettes.LISA_COLOURS`; from a result its column ``cluster``,
        cities that it left out for lack of data falling into the class "no data".
    style, options, ax
        As for `choropleth_map`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or MapOptions()
    words = cluster_words(clusters, cities)
    style = style or lisa_style(
        words,
        column="cluster",
        title=label("lisa_legend", options.language),
        language=options.language,
    )
    return _map_of_classes(cities, words, style, options, ax)


def hot_spot_map(
    cities: gpd.GeoDataFrame,
    classes: pd.Series | Any,
    *,
    style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the hot and cold spots of Getis and Ord's G or G*, red and blue, by confidence.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    classes : pandas.Series of shape (n,), or a result of ``local_getis_ord``
        Words as in `shapefiles.palettes.HOT_SPOT_COLOURS`; from a result its column ``cluster``,
        cities that it left out for lack of data falling into the class "no data".
    style : LayerStyle, optional
        From `shapefiles.styles.hot_spot_style`.
    options, ax
        As for `choropleth_map`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or MapOptions()
    words = cluster_words(classes, cities)
    style = style or hot_spot_style(
        words,
        column="cluster",
        title=label("hot_spot_legend", options.language),
        language=options.language,
    )
    return _map_of_classes(cities, words, style, options, ax)


def cluster_words(clusters: pd.Series | Any, cities: gpd.GeoDataFrame) -> pd.Series:
    """Return the classes of cities: the given ones, or the column ``cluster`` of a result.

    Cities that a result left out for lack of data have none.
    """
    if isinstance(clusters, pd.Series):
        return clusters
    words: pd.Series = clusters.table["cluster"]
    unknown = words.index.difference(cities.index)
    if len(unknown):
        raise AlignmentError(
            f"The local result holds cities that are not on the map: {listed(unknown)}."
        )
    return words.reindex(cities.index)


def category_map(
    cities: gpd.GeoDataFrame,
    categories: pd.Series,
    *,
    style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a class of each city (network communities, resilience typology) by colour.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    categories : pandas.Series of shape (n,)
    style : LayerStyle, optional
        From `shapefiles.styles.categorised_style`, which gives labels, order and colours.
    options, ax
        As for `choropleth_map`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or MapOptions()
    if style is None:
        name = str(categories.name or "category")
        style = categorised_style(categories, column=name, title=name, language=options.language)
    return _map_of_classes(cities, categories, style, options, ax)


def bivariate_map(
    cities: gpd.GeoDataFrame,
    first: pd.Series,
    second: pd.Series,
    *,
    style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two numbers of each city at once, with a square legend of two directions.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Polygons or points; index: city ids.
    first, second : pandas.Series of shape (n,)
        Same ids. Where one is missing, the city falls into the class "no data".
    style : LayerStyle, optional
        From `shapefiles.styles.bivariate_style` (terciles of both when None); its columns stand
        for the two numbers in this order.
    options, ax
        As for `choropleth_map`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AlignmentError
        If cities and numbers do not hold the same ids.
    ConfigError
        If the style does not show two numbers.
    """
    options = options or MapOptions()
    require_same_cities(cities.index, first.index, left_name="cities", right_name="first")
    require_same_cities(cities.index, second.index, left_name="cities", right_name="second")
    if style is None:
        names = (str(first.name or "first"), str(second.name or "second"))
        style = bivariate_style(
            first,
            second,
            columns=names,
            geometry=geometry_of(cities),
            language=options.language,
        )
    if style.kind != "bivariate":
        raise ConfigError(
            f"The style {style.name!r} shows one number; make one by shapefiles.styles."
            "bivariate_style."
        )
    table = pd.DataFrame(
        {style.column: first, style.second_column: second.reindex(first.index)}, index=first.index
    )
    return _map_of_classes(cities, table, style, options, ax)


def geometry_of(cities: gpd.GeoDataFrame) -> GeometryKind:
    """Return how cities are drawn: as points when all of them are."""
    return "point" if bool((cities.geom_type == "Point").all()) else "polygon"


def _map_of_classes(
    cities: gpd.GeoDataFrame,
    values: pd.Series | pd.DataFrame,
    style: LayerStyle,
    options: MapOptions,
    ax: Axes | None,
) -> Axes:
    checked_cities(cities)
    checked_labels(options.labels, cities)
    require_same_cities(cities.index, values.index, left_name="cities", right_name="values")
    style = page_style(style, room_width_mm(ax, options), options)
    classes = style.class_of(values.reindex(cities.index))
    block = legend_block(style, as_points=geometry_of(cities) == "point")
    with house_style(options.language, [*options.texts, *block.texts]) as families:
        panes = open_sheet(cities, [block], options, ax=ax, families=families)

        def draw(pane: MapPane) -> None:
            draw_classes(pane, classes, style, options.labels, families)

        return for_each_pane(panes, draw)
