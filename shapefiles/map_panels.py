"""Several maps of the same cities on one page: years side by side, with one legend."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.figures_page import column_width_mm, house_style
from shapefiles.language import label
from shapefiles.map_drawing import draw_classes, page_style
from shapefiles.map_furniture import LegendBlock, legend_block
from shapefiles.map_networks import draw_ground, draw_network, hub_names, lines_of
from shapefiles.map_sheet import (
    MapOptions,
    MapPane,
    checked_cities,
    checked_labels,
    open_panels,
)
from shapefiles.map_values import cluster_words, geometry_of
from shapefiles.styles import (
    choropleth_style,
    hot_spot_style,
    link_width_style,
    lisa_style,
    sized_point_style,
)
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

    from networks.sequence import NetworkSequence
    from networks.types import LinkageNetwork
    from shapefiles.style_types import LayerStyle

FEWEST, MOST, USUAL = 2, 6, 4
"""Panels on a page: at least, at most, and of a longer row of years when none are named."""

_LETTERS = "abcdef"


def panel_maps(
    cities: gpd.GeoDataFrame,
    panels: Mapping[str, pd.Series | pd.DataFrame],
    *,
    style: LayerStyle,
    options: MapOptions | None = None,
) -> Figure:
    """Draw two to six maps of one style on a page, with one legend, scale bar and arrow.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    panels : mapping of text -> pandas.Series (bivariate: pandas.DataFrame) of shape (n,)
        What a panel shows, and the values; the letters (a), (b) ... are added.
    style : LayerStyle
        Of any kind, with classes that hold the values of all panels.
    options : MapOptions, optional

    Returns
    -------
    matplotlib.figure.Figure
        Its axes are the panels, in order.

    Raises
    ------
    AlignmentError
        If a panel does not hold the ids of the cities.
    ConfigError
        Fewer than two or more than six panels, or values outside the classes of the style.
    """
    options = options or MapOptions()
    checked_cities(cities)
    checked_labels(options.labels, cities)
    marks = _marks([*panels], options)
    style = page_style(style, _panel_room(options, len(panels)), options)
    classes = []
    for name, values in panels.items():
        require_same_cities(
            cities.index, values.index, left_name="cities", right_name=f"panel {name}"
        )
        found = style.class_of(values.reindex(cities.index))
        if (found < 0).any():
            raise ConfigError(
                f"Values of panel {name} lie outside the classes of the style: "
                f"{listed(found.index[found < 0])}. Make the style from the values of all panels."
            )
        classes.append(found)
    block = legend_block(style, as_points=geometry_of(cities) == "point")

    def draw(panel: int, pane: MapPane, families: tuple[str, ...]) -> None:
        draw_classes(pane, classes[panel], style, options.labels, families)

    return _page(cities, [block], marks, options, draw)


def yearly_maps(
    cities: gpd.GeoDataFrame,
    values: pd.DataFrame,
    *,
    years: Sequence[Hashable] | None = None,
    style: LayerStyle | None = None,
    title: str = "",
    scheme: str = "fisherjenks",
    k: int = 5,
    bounds: Sequence[float] | None = None,
    options: MapOptions | None = None,
) -> Figure:
    """Draw a number of each city in several years on one set of classes.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    values : pandas.DataFrame of shape (n, years)
        Index: city ids; a column for each year.
    years : sequence, optional
        Two to six columns; by default all of up to four years, else the first, two between and
        the last.
    style : LayerStyle, optional
        From `shapefiles.styles.choropleth_style`, instead of the options that follow.
    title : str
        Title of the legend.
    scheme, k, bounds
        Classes, made of the values of all years shown together (natural breaks).
    options : MapOptions, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    AlignmentError
        If cities and values do not hold the same ids.
    ConfigError
        If a year is not a column, or there are too many or too few.
    """
    options = options or MapOptions()
    shown = _chosen_years([*values.columns], years)
    pooled = pd.concat([values[year] for year in shown], ignore_index=True)
    style = style or choropleth_style(
        pooled,
        column="value",
        title=title,
        scheme=scheme,
        k=k,
        bounds=bounds,
        counts=False,
        geometry=geometry_of(cities),
        language=options.language,
    )
    panels = {_year_text(year, options): values[year] for year in shown}
    return panel_maps(cities, panels, style=style, options=options)


def yearly_lisa_maps(
    cities: gpd.GeoDataFrame,
    clusters: Mapping[Hashable, Any] | pd.DataFrame,
    *,
    years: Sequence[Hashable] | None = None,
    options: MapOptions | None = None,
) -> Figure:
    """Draw the clusters of local Moran analyses of several years.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    clusters : mapping of year -> result of ``local_moran`` or words, or pandas.DataFrame of words
        As for `shapefiles.maps.lisa_map`, for each year.
    years, options
        As for `yearly_maps`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    return _yearly_clusters(cities, clusters, years, options, lisa_style, "lisa_legend")


def yearly_hot_spot_maps(
    cities: gpd.GeoDataFrame,
    classes: Mapping[Hashable, Any] | pd.DataFrame,
    *,
    years: Sequence[Hashable] | None = None,
    options: MapOptions | None = None,
) -> Figure:
    """Draw the hot and cold spots of Getis and Ord's statistics of several years.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    classes : mapping of year -> result of ``local_getis_ord`` or words, or a pandas.DataFrame
        As for `shapefiles.maps.hot_spot_map`, for each year.
    years, options
        As for `yearly_maps`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    return _yearly_clusters(cities, classes, years, options, hot_spot_style, "hot_spot_legend")


def _yearly_clusters(
    cities: gpd.GeoDataFrame,
    clusters: Mapping[Hashable, Any] | pd.DataFrame,
    years: Sequence[Hashable] | None,
    options: MapOptions | None,
    make: Callable[..., LayerStyle],
    key: str,
) -> Figure:
    options = options or MapOptions()
    shown = _chosen_years([*clusters], years)
    panels = {_year_text(year, options): cluster_words(clusters[year], cities) for year in shown}
    style = make(
        pd.concat([*panels.values()], ignore_index=True),
        column="cluster",
        title=label(key, options.language),
        counts=False,
        geometry=geometry_of(cities),
        language=options.language,
    )
    return panel_maps(cities, panels, style=style, options=options)


def yearly_network_maps(
    cities: gpd.GeoDataFrame,
    networks: NetworkSequence | Mapping[Hashable, LinkageNetwork | gpd.GeoDataFrame],
    *,
    years: Sequence[Hashable] | None = None,
    sizes: pd.DataFrame | None = None,
    link_style: LayerStyle | None = None,
    size_style: LayerStyle | None = None,
    hubs: int = 6,
    options: MapOptions | None = None,
) -> Figure:
    """Draw the linkages of several years in the same classes of width and size.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    networks : NetworkSequence, or mapping of year -> LinkageNetwork or lines
        As for `shapefiles.maps.network_map`, for each year; give backbones.
    years : sequence, optional
        As for `yearly_maps`.
    sizes : pandas.DataFrame of shape (n, years), optional
        A centrality in each year; circles are sized by its classes.
    link_style, size_style : LayerStyle, optional
        Made from all years shown together when None.
    hubs : int
        Name the largest cities of each year, unless ``options.labels`` says which.
    options : MapOptions, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    AlignmentError
        If ``sizes`` holds other ids than the cities.
    ConfigError
        If a year is not given, or there are too many or too few.
    """
    options = options or MapOptions()
    checked_cities(cities)
    checked_labels(options.labels, cities)
    by_year = _by_year(networks)
    shown = _chosen_years([*by_year], years)
    lines = [lines_of(by_year[year], cities) for year in shown]
    measures = _sizes_by_year(sizes, shown, cities)
    room = _panel_room(options, len(shown))
    link_style = page_style(link_style or _shared_link_style(lines, options), room, options)
    if measures is not None:
        size_style = page_style(size_style or _shared_size_style(measures, options), room, options)
    labels = [
        options.labels
        if options.labels is not None or not hubs
        else hub_names(cities, one, None if measures is None else measures[i], hubs)
        for i, one in enumerate(lines)
    ]
    styles = [style for style in (size_style, link_style) if style is not None]
    blocks = [legend_block(style) for style in styles]

    def draw(panel: int, pane: MapPane, families: tuple[str, ...]) -> None:
        draw_ground(pane, None, None)
        size = None if measures is None else measures[panel]
        draw_network(pane, lines[panel], link_style, size, size_style, labels[panel], families)

    marks = _marks([_year_text(year, options) for year in shown], options)
    named = [one for one in labels if one is not None]
    words = [str(name) for one in named for name in one]
    return _page(cities, blocks, marks, options, draw, texts=words)


def _by_year(
    networks: NetworkSequence | Mapping[Hashable, LinkageNetwork | gpd.GeoDataFrame],
) -> dict[Hashable, LinkageNetwork | gpd.GeoDataFrame]:
    if isinstance(networks, Mapping):
        return dict(networks)
    return {network.year: network for network in networks.networks}


def _sizes_by_year(
    sizes: pd.DataFrame | None, years: Sequence[Hashable], cities: gpd.GeoDataFrame
) -> list[pd.Series] | None:
    if sizes is None:
        return None
    require_same_cities(cities.index, sizes.index, left_name="cities", right_name="sizes")
    lacking = [year for year in years if year not in sizes.columns]
    if lacking:
        raise ConfigError(f"sizes lacks the years {listed(lacking)}.")
    return [sizes[year].reindex(cities.index) for year in years]


def _shared_link_style(lines: Sequence[gpd.GeoDataFrame], options: MapOptions) -> LayerStyle:
    return link_width_style(
        pd.concat([one["weight"] for one in lines], ignore_index=True),
        column="weight",
        title=label("link_strength", options.language),
        counts=False,
        language=options.language,
    )


def _shared_size_style(sizes: Sequence[pd.Series], options: MapOptions) -> LayerStyle:
    return sized_point_style(
        pd.concat([*sizes], ignore_index=True),
        column="size",
        title=label("city_centrality", options.language),
        counts=False,
        language=options.language,
    )


def _page(
    cities: gpd.GeoDataFrame,
    blocks: Sequence[LegendBlock],
    marks: Sequence[str],
    options: MapOptions,
    draw: Callable[[int, MapPane, tuple[str, ...]], None],
    *,
    texts: Sequence[str] = (),
) -> Figure:
    words = [*options.texts, *texts, *marks, *(text for block in blocks for text in block.texts)]
    with house_style(options.language, words) as families:
        sheets = open_panels(cities, blocks, options, marks=marks, families=families)
        for panel, panes in enumerate(sheets):
            for pane in panes:
                # Small windows of a panel are too small for names.
                draw(panel, pane if pane is panes[0] else replace(pane, named=False), families)
    figure: Figure = sheets[0][0].ax.get_figure(root=True)  # type: ignore[assignment]
    return figure


def _marks(names: Sequence[str], options: MapOptions) -> list[str]:
    if not FEWEST <= len(names) <= MOST:
        raise ConfigError(f"A page holds {FEWEST} to {MOST} maps, not {len(names)}.")
    return [
        label("panel_mark", options.language, letter=letter, text=name)
        for letter, name in zip(_LETTERS, names, strict=False)
    ]


def _panel_room(options: MapOptions, n: int) -> float:
    """Return about how wide a panel will be, to scale its symbols."""
    return column_width_mm(options.width) / (2.0 if n <= USUAL else 2.5)


def _year_text(year: Hashable, options: MapOptions) -> str:
    return label("year_mark", options.language, year=year)


def _chosen_years(known: Sequence[Hashable], wanted: Sequence[Hashable] | None) -> list[Hashable]:
    if wanted is None:
        ordered = sorted(known, key=lambda year: (str(type(year)), year))
        places = np.linspace(0, len(ordered) - 1, min(USUAL, len(ordered))).round().astype(int)
        return [ordered[place] for place in places]
    unknown = [year for year in wanted if year not in known]
    if unknown:
        raise ConfigError(f"The years {listed(unknown)} are not given; there are {listed(known)}.")
    return list(dict.fromkeys(wanted))
