"""Insets: small maps in a corner for cities far from the rest, or for a window the user names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.transforms import offset_copy

from shapefiles.figures_page import (
    BODY_SIZE,
    INK,
    LINE_SPACING,
    MUTED,
    figure_size_mm,
    line_height_mm,
    text_width_mm,
    wrapped,
)
from shapefiles.fonts import plain_text
from shapefiles.map_furniture import distance_text, round_length, true_kilometres_per_unit
from shapefiles.map_layout import map_centre, set_extent

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes
    from pyproj import CRS

    from shapefiles.map_arrange import Extent

InsetBox = tuple[float, float, float, float]
"""Left, bottom, width and height in fractions of the map."""

_ROW_HEIGHTS = (0.26, 0.23, 0.2, 0.17)
"""Heights of insets relative to the map, tried in this order."""

_LEAST_HEIGHT_MM, _LEAST_WIDTH_MM, _TITLED_MM = 13.5, 13.0, 7.0
_SMALLEST_HEIGHT_MM, _SMALLEST_WIDTH_MM = 7.0, 9.5
_SCALED_FROM_MM = 10.5
"""Lower insets, on the small maps of a page of panels, have no room for a scale line."""

_FOOT_MM = 5.0
"""Room for the scale line of an inset and its text."""

_LINE_POINTS = 3.0
"""Height of the scale line above the lower edge, points."""

MOST_INSETS = 3
"""With more groups apart than this, one map shows all of them."""

LEAST_KILOMETRES = 60.0
"""No inset shows less than this from west to east, so that one city does not fill it."""


@dataclass(frozen=True, kw_only=True)
class MapInset:
    """A window that the user wants as a small map in a corner.

    Attributes
    ----------
    west, south, east, north : float
        Degrees.
    title : str
        Written at the top of the inset, for example the name of a sea.
    """

    west: float
    south: float
    east: float
    north: float
    title: str = ""


def padded(bounds: Sequence[float], share: float, *, least: float = 0.0) -> Extent:
    """Widen bounds on all sides by a share of the longer side; never narrower than ``least``."""
    west, south, east, north = (float(value) for value in bounds)
    pad = share * max(east - west, north - south, least)
    x, y = (west + east) / 2.0, (south + north) / 2.0
    half_x = max((east - west) / 2.0 + pad, least / 2.0)
    half_y = max((north - south) / 2.0 + pad, least / 2.0)
    return x - half_x, y - half_y, x + half_x, y + half_y


def window_extent(window: MapInset, crs: CRS) -> Extent:
    """Return the extent in a projection of a window in degrees."""
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return there.transform_bounds(window.west, window.south, window.east, window.north)


def inset_boxes(
    extent: Extent,
    shape: float,
    aspects: Sequence[float],
    obstacles: gpd.GeoSeries,
    *,
    height_mm: float,
    right_only: bool = False,
    small: bool = False,
) -> tuple[list[InsetBox], int]:
    """Find a row at the foot or the head of a map where insets cover the least.

    The row is tried large first and then smaller, along the lower edge and then the upper one; the
    first place that covers nothing is taken.

    Parameters
    ----------
    extent : (west, south, east, north)
        Limits of the map.
    shape : float
        Height over width of the map.
    aspects : sequence of float
        Height over width of each inset.
    obstacles : geopandas.GeoSeries
        What the insets should not cover, in the projection of the map.
    height_mm : float
        Height of the map on paper; insets are never too low for their scale line.
    right_only : bool
        Take the lower right corner only, where maps of China have the South China Sea.
    small : bool
        The map is one of several on a page: the least of an inset is smaller as well.

    Returns
    -------
    list of (left, bottom, width, height)
        In fractions of the map, side by side.
    int
        How many obstacles they cover.
    """
    best: tuple[int, list[InsetBox]] | None = None
    gap = 0.008
    tree = shapely.STRtree(obstacles.to_numpy())
    low_mm, narrow_mm = _least_mm(height_mm, height_mm / shape, titled=right_only, small=small)
    narrowest = min(narrow_mm * shape / height_mm, 0.3)
    least = min(low_mm / height_mm, 0.45)
    for height in sorted({max(height, least) for height in _ROW_HEIGHTS}, reverse=True):
        widths = [float(np.clip(height * shape / aspect, narrowest, 0.3)) for aspect in aspects]
        total = sum(widths) + gap * (len(widths) - 1)
        starts = np.linspace(gap, 1.0 - gap - total, 9)
        edges = (gap / shape,) if right_only else (gap / shape, 1.0 - gap / shape - height)
        for low in edges:
            for start in starts[-1:] if right_only else starts:
                row = _row(float(start), low, widths, height, gap)
                covered = _covered(row, extent, tree)
                if best is None or covered < best[0]:
                    best = (covered, row)
                if not covered:
                    return row, 0
    assert best is not None
    return best[1], best[0]


def _least_mm(height: float, width: float, *, titled: bool, small: bool) -> tuple[float, float]:
    """Return the least height and width of an inset of a map of a size, all in mm."""
    low = _LEAST_HEIGHT_MM + (_TITLED_MM if titled else 0.0)
    if not small:
        return low, _LEAST_WIDTH_MM
    title = line_height_mm(BODY_SIZE) if titled else 0.0
    lowest, narrowest = _SMALLEST_HEIGHT_MM + title, _SMALLEST_WIDTH_MM + 0.7 * title
    return (
        float(np.clip(0.2 * height, lowest, low)),
        float(np.clip(0.21 * width, narrowest, _LEAST_WIDTH_MM)),
    )


def _row(
    start: float, low: float, widths: Sequence[float], height: float, gap: float
) -> list[InsetBox]:
    lefts = start + np.concatenate([[0.0], np.cumsum(np.asarray(widths[:-1]) + gap)])
    return [(float(left), low, width, height) for left, width in zip(lefts, widths, strict=True)]


def _covered(row: Sequence[InsetBox], extent: Extent, tree: shapely.STRtree) -> int:
    west, south, east, north = extent
    wide, high = east - west, north - south
    left, low = row[0][0] - 0.01, row[0][1] - 0.01
    right, top = row[-1][0] + row[-1][2] + 0.01, low + row[0][3] + 0.02
    window = shapely.box(
        west + left * wide, south + low * high, west + right * wide, south + top * high
    )
    return len(tree.query(window, predicate="intersects"))


def open_inset(ax: Axes, box: InsetBox, extent: Extent, crs: CRS, *, title: str = "") -> Axes:
    """Add a small map to a map: frame, title and a scale line of its own at the foot.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The main map, with its final place and limits.
    box : (left, bottom, width, height)
        In fractions of the main map.
    extent : (west, south, east, north)
        What is to be seen, in the projection ``crs``.
    crs : pyproj.CRS
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    inset = ax.inset_axes(box, zorder=9)
    page_width, page_height = figure_size_mm(ax.figure)
    place = ax.get_position()
    width_mm = box[2] * place.width * page_width
    height_mm = box[3] * place.height * page_height
    words = wrapped(plain_text(title), 0.96 * width_mm) if title else ""
    lines = len(words.splitlines())
    scaled = height_mm - lines * line_height_mm(BODY_SIZE) >= _SCALED_FROM_MM
    foot_mm = (_FOOT_MM if scaled else 0.6) + lines * line_height_mm(BODY_SIZE)
    clear_mm = max(height_mm - foot_mm, 0.4 * height_mm)
    set_extent(inset, extent, clear_mm / width_mm)
    # The foot lies below what is to be seen, at the same scale.
    south, north = inset.get_ylim()
    inset.set_ylim(south - (north - south) * (height_mm / clear_mm - 1.0), north)
    if scaled:
        _scale_line(inset, crs, width_mm)
    if title:
        rise = 2.5 + BODY_SIZE * LINE_SPACING if scaled else 0.0
        _foot_text(inset, words, rise=rise, colour=INK)
    return inset


def _foot_text(inset: Axes, text: str, *, rise: float, colour: str) -> None:
    """Write in the middle of the foot, ``rise`` points above the scale line."""
    inset.annotate(
        text,
        (0.5, 0.0),
        (0.0, _LINE_POINTS + rise),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=BODY_SIZE,
        color=colour,
        zorder=12,
    )


def _scale_line(inset: Axes, crs: CRS, width_mm: float) -> None:
    """Draw a line with its length, since an inset has another scale than the map."""
    x, y = map_centre(inset)
    west, east = inset.get_xlim()
    km_wide = true_kilometres_per_unit(crs, x, y) * (east - west)
    length = round_length(0.5 * km_wide)
    share = length / km_wide
    if text_width_mm(distance_text(length)) > 0.95 * width_mm:
        return
    figure: Any = inset.figure
    foot = offset_copy(inset.transAxes, fig=figure, y=_LINE_POINTS, units="points")
    inset.annotate(
        "",
        (0.5 - share / 2.0, 0.0),
        (0.5 + share / 2.0, 0.0),
        xycoords=foot,
        textcoords=foot,
        arrowprops={
            "arrowstyle": "|-|,widthA=0.12,widthB=0.12",
            "linewidth": 0.6,
            "color": MUTED,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=11,
        gid="inset-scale",
    )
    _foot_text(inset, distance_text(length), rise=1.5, colour=MUTED)


def part_extent(shapes: gpd.GeoSeries, crs: CRS) -> Extent:
    """Return the padded extent of an inset of some shapes, room for the scale line included."""
    west, south, east, north = shapes.total_bounds
    x, y = (west + east) / 2.0, (south + north) / 2.0
    least = LEAST_KILOMETRES / true_kilometres_per_unit(crs, float(x), float(y))
    return padded((west, south, east, north), 0.08, least=least)


def near(context: gpd.GeoDataFrame | None, extent: Extent, crs: CRS) -> gpd.GeoSeries | None:
    """Return the background that can be seen in an extent, in its projection."""
    if context is None or not len(context):
        return None
    from pyproj import Transformer

    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    west, south, east, north = back.transform_bounds(*extent, densify_pts=31)
    if not np.isfinite([west, south, east, north]).all() or west > east:
        west, east = -180.0, 180.0
    pad = 3.0
    window = shapely.box(west - pad, max(south - pad, -89.9), east + pad, min(north + pad, 89.9))
    seen = context.geometry.to_crs("EPSG:4326")
    seen = seen[seen.intersects(window)]
    return seen.intersection(window).to_crs(crs) if len(seen) else None


def by_parts(cities: gpd.GeoDataFrame, wanted: bool) -> tuple[pd.Index, ...]:
    """Return the main part of the cities and, when wanted, the parts that go into insets."""
    from shapefiles.projection import map_parts

    parts = map_parts(cities) if wanted else (cities.index,)
    return parts if len(parts) <= MOST_INSETS + 1 else (cities.index,)
