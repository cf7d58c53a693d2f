"""Maps of groups of cities in a network: communities, core and periphery."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.figures_page import house_style
from shapefiles.language import label
from shapefiles.map_drawing import draw_names, page_style
from shapefiles.map_furniture import LegendBlock, legend_block
from shapefiles.map_networks import draw_ground, lines_of
from shapefiles.map_shapes import POINTS_PER_MM, draw_circles, draw_lines, draw_signs
from shapefiles.map_sheet import (
    MapOptions,
    MapPane,
    checked_cities,
    checked_labels,
    for_each_pane,
    open_sheet,
    room_width_mm,
)
from shapefiles.map_values import category_map, geometry_of
from shapefiles.palettes import OTHER
from shapefiles.styles import StyleClass, categorised_style, link_width_style
from spatial.alignment import require_same_cities
from spatial.errors import AlignmentError, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from networks.types import LinkageNetwork
    from shapefiles.style_types import LayerStyle

BETWEEN = "#c9c9c5"
_WITHIN_GREY = "#7a7a78"
_NODE_MM = 2.2
MOST_COMMUNITIES = 9
CORE_COLOURS = {"core": "#b2182b", "periphery": "#4a90cd"}


def community_map(
    cities: gpd.GeoDataFrame,
    communities: pd.Series | Any,
    links: gpd.GeoDataFrame | LinkageNetwork | None = None,
    *,
    style: LayerStyle | None = None,
    link_style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the communities of a network: cities and the links inside them in their colours.

    Links between communities are thin and grey. Without links the cities alone are coloured,
    polygons as areas.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    communities : pandas.Series of shape (n,), or a result of ``communities``
        Community of each city; from a result its ``membership``. Cities alone and the
        rarest beyond nine share the class "other".
    links : geopandas.GeoDataFrame or LinkageNetwork, optional
        Lines with the columns ``from_id``, ``to_id`` and ``weight``, or the network; give a
        backbone, since thousands of lines hide each other.
    style : LayerStyle, optional
        From `shapefiles.styles.categorised_style`.
    link_style : LayerStyle, optional
        From `shapefiles.styles.link_width_style`; gives the widths.
    options, ax
        As for `shapefiles.maps.choropleth_map`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AlignmentError
        If cities and communities do not hold the same ids, or a link ends elsewhere.
    """
    options = options or MapOptions()
    members: pd.Series = getattr(communities, "membership", communities)
    require_same_cities(cities.index, members.index, left_name="cities", right_name="communities")
    sizes = members.value_counts()
    style = style or categorised_style(
        members,
        column="community",
        title=label("column_community", options.language),
        # Cities alone are no community.
        most=int(np.clip((sizes > 1).sum(), 1, MOST_COMMUNITIES)),
        geometry="point" if links is not None else geometry_of(cities),
        size=None if links is None else _NODE_MM,
        language=options.language,
    )
    if links is None:
        return category_map(cities, members, style=style, options=options, ax=ax)
    return _map_of_groups(
        cities, members, links, style, link_style, options, ax, between="links_between"
    )


def core_periphery_map(
    cities: gpd.GeoDataFrame,
    found: pd.Series | Any,
    links: gpd.GeoDataFrame | LinkageNetwork | None = None,
    *,
    link_style: LayerStyle | None = None,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the core of a network and its periphery, and the links inside each.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    found : pandas.Series of bool, shape (n,), or a result of ``core_periphery``
        True in the core; from a result the column ``core`` of its table.
    links, link_style, options, ax
        As for `community_map`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or MapOptions()
    core: pd.Series = found if isinstance(found, pd.Series) else found.table["core"]
    require_same_cities(cities.index, core.index, left_name="cities", right_name="the core")
    words = core.map({True: "core", False: "periphery"})
    style = categorised_style(
        words,
        column="core",
        title=label("core_legend", options.language),
        labels={word: label(f"core_{word}", options.language) for word in CORE_COLOURS},
        colours=CORE_COLOURS,
        order=list(CORE_COLOURS),
        geometry="point" if links is not None else geometry_of(cities),
        size=None if links is None else _NODE_MM,
        language=options.language,
    )
    if links is None:
        return category_map(cities, words, style=style, options=options, ax=ax)
    return _map_of_groups(
        cities, words, links, style, link_style, options, ax, between="links_core_periphery"
    )


def _map_of_groups(
    cities: gpd.GeoDataFrame,
    groups: pd.Series,
    links: gpd.GeoDataFrame | LinkageNetwork,
    style: LayerStyle,
    link_style: LayerStyle | None,
    options: MapOptions,
    ax: Axes | None,
    *,
    between: str,
) -> Axes:
    checked_cities(cities)
    checked_labels(options.labels, cities)
    lines = _checked_lines(links, cities)
    room = room_width_mm(ax, options)
    language = options.language
    widths = link_style or link_width_style(
        lines["weight"], column="weight", title=label("link_strength", language), language=language
    )
    widths, style = page_style(widths, room, options), page_style(style, room, options)
    classes = style.class_of(groups.reindex(cities.index))
    blocks = [legend_block(style, as_points=True), _link_block(widths, between, options)]
    texts = [*options.texts, *(text for block in blocks for text in block.texts)]
    with house_style(language, texts) as families:
        panes = open_sheet(cities, blocks, options, ax=ax, families=families)

        def draw(pane: MapPane) -> None:
            draw_ground(pane, None, None)
            _group_links(pane, lines, classes, style, widths, coloured=not options.greyscale)
            nodes = _group_nodes(pane, classes, style)
            draw_names(pane, options.labels, families, nodes=nodes)

        return for_each_pane(panes, draw)


def _checked_lines(
    links: gpd.GeoDataFrame | LinkageNetwork, cities: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    lines = lines_of(links, cities)
    if not {"from_id", "to_id"} <= set(lines.columns):
        raise AlignmentError(
            "To tell links inside a group, the lines need the columns 'from_id' and 'to_id'; make "
            "them by networks.lines.link_lines."
        )
    ends = pd.Index(pd.unique(pd.concat([lines["from_id"], lines["to_id"]])))
    absent = ends.difference(cities.index)
    if len(absent):
        raise AlignmentError(f"Links end at cities that are not on the map: {listed(absent)}.")
    return lines


def _link_block(widths: LayerStyle, between: str, options: MapOptions) -> LegendBlock:
    """Return the legend of widths in grey, and of the links between groups."""
    within = tuple(replace(one, colour=_WITHIN_GREY, pattern="") for one in widths.classes)
    other = StyleClass(label=label(between, options.language), colour=BETWEEN, size=0.3)
    return legend_block(replace(widths, classes=(*within, other)))


def _group_links(
    pane: MapPane,
    lines: gpd.GeoDataFrame,
    classes: pd.Series,
    style: LayerStyle,
    widths: LayerStyle,
    *,
    coloured: bool,
) -> None:
    """Draw links between groups below, then those inside, weak ones first."""
    if not len(lines):
        return
    shapes = lines.geometry.to_crs(pane.crs)
    start = classes.loc[lines["from_id"]].to_numpy()
    end = classes.loc[lines["to_id"]].to_numpy()
    shared = np.array([len(one.members) > 0 or one.missing for one in style.classes])
    inside = (start == end) & (start >= 0) & ~shared[np.maximum(start, 0)]
    if (~inside).any():
        draw_lines(
            pane.ax, shapes[~inside], colour=BETWEEN, width_mm=0.2, zorder=3.9, gid="link-between"
        )
    steps = widths.class_of(lines["weight"]).to_numpy()
    for step, width in enumerate(widths.classes):
        for group, one in enumerate(style.classes):
            chosen = inside & (steps == step) & (start == group)
            if chosen.any():
                draw_lines(
                    pane.ax,
                    shapes[chosen],
                    colour=one.colour if coloured else _WITHIN_GREY,
                    width_mm=width.size or 0.3,
                    opacity=widths.opacity,
                    zorder=4.0 + 0.01 * step,
                    gid=f"link-{group}-{step}",
                )


def _group_nodes(pane: MapPane, classes: pd.Series, style: LayerStyle) -> np.ndarray:
    """Draw the cities as circles of their group; return x, y and radius in points."""
    inside = classes.loc[pane.ids].to_numpy()
    radii = np.zeros(len(pane.ids))
    quiet_last = sorted(range(len(style.classes)), key=lambda i: style.classes[i].colour != OTHER)
    for position in quiet_last:
        one, chosen = style.classes[position], inside == position
        if not chosen.any():
            continue
        diameter = one.size or _NODE_MM
        radii[chosen] = diameter / 2.0 * POINTS_PER_MM
        x, y = pane.points[chosen].T
        draw_circles(
            pane.ax,
            x,
            y,
            diameter,
            fill=one.colour,
            outline=style.outline_colour,
            outline_mm=style.outline_width,
            gid=f"node-{position}",
        )
        draw_signs(pane.ax, x, y, one, zorder=6.0)
    return np.column_stack([pane.points, radii])
