"""Publication maps: index, clusters, categories and linkage networks.

Every function takes ``ax=`` (a new figure of a journal's column width when None) and returns the
axes; the look comes from a `LayerStyle`, the same that styles the QGIS project. Fonts, projection,
scale bar, north arrow, legends and insets are looked after by the modules ``map_*``.

Positions, ids and values are joined by label. Text from data is drawn as it is: ``$``, ``_`` and
``^`` have no meaning of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.figures_labels import place_names
from shapefiles.figures_page import BODY_SIZE, house_style, save_figure
from shapefiles.language import label
from shapefiles.map_furniture import legend_block
from shapefiles.map_insets import MapInset
from shapefiles.map_shapes import (
    POINT_DIAMETER_MM,
    POINTS_PER_MM,
    draw_circles,
    draw_cities,
    draw_lines,
    draw_polygons,
    scaled_to_page,
)
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
    categorised_style,
    choropleth_style,
    hot_spot_style,
    link_width_style,
    lisa_style,
    sized_point_style,
)
from spatial.alignment import require_same_cities
from spatial.errors import AlignmentError, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from networks.types import LinkageNetwork
    from shapefiles.style_types import LayerStyle

__all__ = [
    "MapInset",
    "MapOptions",
    "category_map",
    "choropleth_map",
    "hot_spot_map",
    "lisa_map",
    "network_map",
    "save_figure",
    "top_names",
]

SEAT_DOT_MM = 0.55
QUIET_FILL, QUIET_LINE = "#ececea", "#ffffff"


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


def _map_of_classes(
    cities: gpd.GeoDataFrame,
    values: pd.Series,
    style: LayerStyle,
    options: MapOptions,
    ax: Axes | None,
) -> Axes:
    checked_cities(cities)
    checked_labels(options.labels, cities)
    require_same_cities(cities.index, values.index, left_name="cities", right_name="values")
    style = scaled_to_page(style, room_width_mm(ax, options))
    classes = style.class_of(values.reindex(cities.index))
    block = legend_block(style, as_points=bool((cities.geom_type == "Point").all()))
    with house_style(options.language, [*options.texts, *block.texts]) as families:
        panes = open_sheet(cities, [block], options, ax=ax, families=families)

        def draw(pane: MapPane) -> None:
            draw_cities(pane.ax, pane.shapes, classes.loc[pane.ids], style)
            spots = _circle_radii(pane, classes.loc[pane.ids], style)
            _names(pane, options, families, nodes=spots, dots=spots is None)

        return for_each_pane(panes, draw)


def _circle_radii(pane: MapPane, classes: pd.Series, style: LayerStyle) -> np.ndarray | None:
    """Return x, y and radius in points of cities drawn as circles; None for polygons."""
    if not (pane.shapes.geom_type == "Point").all():
        return None
    sizes = np.array([one.size or POINT_DIAMETER_MM for one in style.classes])
    radii = np.where(classes >= 0, sizes[classes.to_numpy()], 0.0) / 2.0 * POINTS_PER_MM
    return np.column_stack([pane.points, radii])


def network_map(
    cities: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame | LinkageNetwork,
    *,
    sizes: pd.Series | None = None,
    link_style: LayerStyle | None = None,
    size_style: LayerStyle | None = None,
    values: pd.Series | None = None,
    value_style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw linkages by width and colour, strong ones on top, and cities by size.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    links : geopandas.GeoDataFrame or LinkageNetwork
        Lines with a column ``weight`` as `networks.lines.link_lines` makes them, or the network
        itself; give a backbone, since thousands of lines hide each other.
    sizes : pandas.Series of shape (n,), optional
        A centrality; circles are sized by its classes.
    link_style, size_style : LayerStyle, optional
        From `link_width_style` and `sized_point_style`, to give several maps one legend.
    values : pandas.Series of shape (n,), optional
        A number that colours the cities' polygons below the links.
    value_style : LayerStyle, optional
    options, ax
        As for `choropleth_map`; ``options.labels`` names the hubs.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AlignmentError
        If ``sizes`` or ``values`` hold other ids than the cities.
    """
    options = options or MapOptions()
    checked_cities(cities)
    checked_labels(options.labels, cities)
    lines = _lines_of(links, cities)
    language = options.language
    link_style = link_style or link_width_style(
        lines["weight"], column="weight", title=label("link_strength", language), language=language
    )
    if sizes is not None:
        require_same_cities(cities.index, sizes.index, left_name="cities", right_name="sizes")
        size_style = size_style or sized_point_style(
            sizes,
            column="size",
            title=label("city_centrality", language),
            language=language,
        )
    if values is not None:
        require_same_cities(cities.index, values.index, left_name="cities", right_name="values")
        value_style = value_style or choropleth_style(
            values, column="value", title=str(values.name or ""), palette="grey", language=language
        )
    room = room_width_mm(ax, options)
    link_style = scaled_to_page(link_style, room)
    size_style = None if size_style is None else scaled_to_page(size_style, room)
    styles = [style for style in (size_style, link_style, value_style) if style is not None]
    blocks = [legend_block(style) for style in styles]
    texts = [*options.texts, *(text for block in blocks for text in block.texts)]
    with house_style(language, texts) as families:
        panes = open_sheet(cities, blocks, options, ax=ax, families=families)

        def draw(pane: MapPane) -> None:
            _ground(pane, values, value_style)
            _links(pane, lines, link_style)
            nodes = _nodes(pane, sizes, size_style)
            _names(pane, options, families, nodes=nodes)

        return for_each_pane(panes, draw)


def _lines_of(
    links: gpd.GeoDataFrame | LinkageNetwork, cities: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    from networks.types import LinkageNetwork

    if isinstance(links, LinkageNetwork):
        from networks.lines import link_lines

        return link_lines(links, cities)
    if "weight" not in links.columns:
        raise AlignmentError(
            f"The lines lack the column 'weight'; they have {listed(links.columns)}. Make them by "
            "networks.lines.link_lines."
        )
    return links


def _ground(pane: MapPane, values: pd.Series | None, style: LayerStyle | None) -> None:
    if values is not None and style is not None:
        draw_cities(pane.ax, pane.shapes, style.class_of(values).loc[pane.ids], style, gid="value")
        return
    draw_polygons(
        pane.ax, pane.shapes, fill=QUIET_FILL, outline="#d0d0cc", outline_mm=0.1, gid="cities"
    )


def _links(pane: MapPane, lines: gpd.GeoDataFrame, style: LayerStyle) -> None:
    """Draw the classes from weak to strong, each class over the one before."""
    if not len(lines):
        return
    classes = style.class_of(lines["weight"])
    shapes = lines.geometry.to_crs(pane.crs)
    order = np.argsort(lines["weight"].to_numpy(), kind="stable")
    for position, one in enumerate(style.classes):
        inside = shapes.iloc[order][(classes.iloc[order] == position).to_numpy()]
        if len(inside):
            draw_lines(
                pane.ax,
                inside,
                colour=one.colour,
                width_mm=one.size or 0.3,
                opacity=style.opacity,
                zorder=4.0 + 0.01 * position,
                gid=f"link-{position}",
            )


def _nodes(pane: MapPane, sizes: pd.Series | None, style: LayerStyle | None) -> np.ndarray:
    """Draw the cities as circles, large ones first; return x, y and radius in points."""
    if sizes is None or style is None:
        diameters = np.full(len(pane.ids), 1.1)
        draw_circles(
            pane.ax,
            pane.points[:, 0],
            pane.points[:, 1],
            diameters,
            fill="#4d4d4d",
            outline="#ffffff",
            outline_mm=0.1,
            gid="node",
        )
        return np.column_stack([pane.points, diameters / 2.0 * POINTS_PER_MM])
    classes = style.class_of(sizes).loc[pane.ids].to_numpy()
    diameters = np.zeros(len(pane.ids))
    ranked = sorted(range(len(style.classes)), key=lambda i: -(style.classes[i].size or 0.0))
    for step, position in enumerate(ranked):
        one, inside = style.classes[position], classes == position
        diameters[inside] = one.size or 1.4
        if inside.any():
            draw_circles(
                pane.ax,
                pane.points[inside, 0],
                pane.points[inside, 1],
                diameters[inside],
                fill=one.colour,
                outline=style.outline_colour,
                outline_mm=style.outline_width,
                opacity=style.opacity,
                zorder=6.0 + 0.01 * step,
                gid=f"node-{position}",
            )
    return np.column_stack([pane.points, diameters / 2.0 * POINTS_PER_MM])


def _names(
    pane: MapPane,
    options: MapOptions,
    families: tuple[str, ...],
    *,
    nodes: np.ndarray | None = None,
    dots: bool = False,
) -> None:
    """Write the names of a pane's cities; circles of large nodes stay free."""
    if options.labels is None or not pane.named:
        return
    labels = options.labels[options.labels.index.isin(pane.ids)]
    if not len(labels):
        return
    rows = pane.ids.get_indexer(labels.index)
    x, y = pane.points[rows].T
    radii = np.full(len(rows), SEAT_DOT_MM / 2 * POINTS_PER_MM) if nodes is None else nodes[rows, 2]
    # Small circles may lie under the halo of a name; the larger ones carry the message.
    large = None
    if nodes is not None and len(nodes):
        large = nodes[nodes[:, 2] > 1.2 * nodes[:, 2].min()]
    placed = place_names(
        pane.ax,
        x,
        y,
        [str(name) for name in labels],
        radii=radii,
        families=families,
        sizes=BODY_SIZE,
        obstacles=large,
        blocked=_inset_boxes(pane),
    )
    if dots and placed:
        rows = rows[list(placed)]
        draw_circles(
            pane.ax,
            pane.points[rows, 0],
            pane.points[rows, 1],
            SEAT_DOT_MM,
            fill="#222222",
            outline="#ffffff",
            outline_mm=0.1,
            gid="seat",
        )


def _inset_boxes(pane: MapPane) -> list[tuple[float, float, float, float]]:
    boxes = []
    for child in pane.ax.child_axes:
        locator: Any = child.get_axes_locator()
        child.apply_aspect(locator(child, None))
        left, bottom, right, top = child.get_window_extent().extents
        boxes.append((float(left), float(bottom), float(right), float(top)))
    return boxes
