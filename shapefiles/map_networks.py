"""Maps of linkage networks: links by strength, cities by size, hubs by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shapefiles.figures_page import house_style
from shapefiles.language import label
from shapefiles.map_drawing import draw_names, page_style
from shapefiles.map_furniture import legend_block
from shapefiles.map_shapes import (
    POINTS_PER_MM,
    draw_circles,
    draw_cities,
    draw_lines,
    draw_polygons,
    draw_signs,
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
from shapefiles.map_values import top_names
from shapefiles.styles import choropleth_style, link_width_style, sized_point_style
from spatial.alignment import require_same_cities
from spatial.errors import AlignmentError, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from networks.types import LinkageNetwork
    from shapefiles.style_types import LayerStyle

QUIET_FILL = "#ececea"


def network_map(
    cities: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame | LinkageNetwork,
    *,
    sizes: pd.Series | None = None,
    link_style: LayerStyle | None = None,
    size_style: LayerStyle | None = None,
    values: pd.Series | None = None,
    value_style: LayerStyle | None = None,
    hubs: int = 0,
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
    hubs : int
        Name so many cities, those with the largest ``sizes`` or else the strongest links, unless
        ``options.labels`` says which.
    options, ax
        As for `choropleth_map`.

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
    lines = lines_of(links, cities)
    if options.labels is None and hubs:
        options = replace(options, labels=hub_names(cities, lines, sizes, hubs))
    checked_labels(options.labels, cities)
    language = options.language
    link_style = link_style or link_width_style(
        lines["weight"], column="weight", title=label("link_strength", language), language=language
    )
    if sizes is not None:
        require_same_cities(cities.index, sizes.index, left_name="cities", right_name="sizes")
        size_style = size_style or sized_point_style(
            sizes, column="size", title=label("city_centrality", language), language=language
        )
    if values is not None:
        require_same_cities(cities.index, values.index, left_name="cities", right_name="values")
        value_style = value_style or choropleth_style(
            values, column="value", title=str(values.name or ""), palette="grey", language=language
        )
    room = room_width_mm(ax, options)
    link_style = page_style(link_style, room, options)
    size_style = None if size_style is None else page_style(size_style, room, options)
    value_style = None if value_style is None else page_style(value_style, room, options)
    styles = [style for style in (size_style, link_style, value_style) if style is not None]
    blocks = [legend_block(style) for style in styles]
    texts = [*options.texts, *(text for block in blocks for text in block.texts)]
    with house_style(language, texts) as families:
        panes = open_sheet(cities, blocks, options, ax=ax, families=families)

        def draw(pane: MapPane) -> None:
            draw_ground(pane, values, value_style)
            draw_network(pane, lines, link_style, sizes, size_style, options.labels, families)

        return for_each_pane(panes, draw)


def draw_network(
    pane: MapPane,
    lines: gpd.GeoDataFrame,
    link_style: LayerStyle,
    sizes: pd.Series | None,
    size_style: LayerStyle | None,
    labels: pd.Series | None,
    families: tuple[str, ...],
) -> None:
    """Draw links, cities and names on a pane; styles are already those of the page."""
    _links(pane, lines, link_style)
    nodes = _nodes(pane, sizes, size_style)
    draw_names(pane, labels, families, nodes=nodes)


def strongest_cities(lines: gpd.GeoDataFrame, cities: gpd.GeoDataFrame) -> pd.Series:
    """Return the sum of the links that leave or reach each city; zero without links.

    Parameters
    ----------
    lines : geopandas.GeoDataFrame
        Columns ``from_id``, ``to_id``, ``weight``, as `networks.lines.link_lines` makes them.
    cities : geopandas.GeoDataFrame of shape (n, ...)

    Returns
    -------
    pandas.Series of shape (n,)
        Index: city ids.
    """
    sums = pd.Series(0.0, cities.index, name="strength")
    for end in ("from_id", "to_id"):
        sums = sums.add(lines.groupby(end)["weight"].sum().reindex(cities.index), fill_value=0.0)
    return sums.loc[cities.index].rename("strength")


def hub_names(
    cities: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, sizes: pd.Series | None, n: int
) -> pd.Series:
    """Return the names of the ``n`` cities that are largest, or have the strongest links."""
    if sizes is None and not {"from_id", "to_id"} <= set(lines.columns):
        raise AlignmentError(
            "To name hubs, the lines need the columns 'from_id' and 'to_id', or give sizes=."
        )
    ranked = strongest_cities(lines, cities) if sizes is None else sizes
    return top_names(cities, ranked, n)


def lines_of(
    links: gpd.GeoDataFrame | LinkageNetwork, cities: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return links as lines with a column ``weight``."""
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


def draw_ground(pane: MapPane, values: pd.Series | None, style: LayerStyle | None) -> None:
    """Draw the polygons of the cities below the links."""
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
            x, y = pane.points[inside].T
            draw_signs(pane.ax, x, y, one, zorder=6.0 + 0.01 * step)
    return np.column_stack([pane.points, diameters / 2.0 * POINTS_PER_MM])
