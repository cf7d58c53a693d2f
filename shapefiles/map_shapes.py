"""From geometry to artists: polygons, circles and lines in the classes of a style."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import EllipseCollection, LineCollection, PathCollection
from matplotlib.path import Path

from shapefiles.figures_page import POINTS_PER_INCH
from shapefiles.palettes import HATCHING
from shapefiles.style_patterns import (
    DASHES,
    HATCH_POINTS,
    HATCHES,
    SIGN_SHARE,
    pattern_ink,
    sign_marker,
)
from spatial.errors import GeometryError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection

    from shapefiles.style_types import LayerStyle, Pattern, StyleClass
    from spatial.coordinates import CityPositions

POINTS_PER_MM = POINTS_PER_INCH / 25.4
POINT_DIAMETER_MM = 2.4
"""Diameter of a city that has no polygon in a map of areas."""

MISSING_HATCH = "////////"
"""Areas without data are hatched as in QGIS: no grey of theirs could be taken for a class."""

_POLYGONS = ("Polygon", "MultiPolygon")
A4_WIDTH_MM = 210.0
FINEST_DETAIL_MM = 0.01
LEAST_LINE_MM, LEAST_CIRCLE_MM = 0.12, 0.9
NARROW_MM = 80.0
_LINES = ("LineString", "MultiLineString", "LinearRing")


def polygon_path(shape: shapely.Geometry) -> Path:
    """Return a polygon with its holes as one compound path.

    Outer rings run one way and holes the other, so that holes stay empty under the non-zero rule.
    """
    parts: list[Path] = []
    for polygon in shapely.get_parts(shapely.orient_polygons(shape)):
        for ring in (polygon.exterior, *polygon.interiors):
            corners = shapely.get_coordinates(ring)
            if len(corners) and np.isfinite(corners).all():
                parts.append(Path(corners, closed=True))
    return Path.make_compound_path(*parts) if parts else Path(np.empty((0, 2)))


def page_tolerance(ax: Axes) -> float:
    """Return what 0.01 mm on the page is in data units: finer detail only makes files large."""
    west, east = ax.get_xlim()
    width_mm = ax.get_window_extent().width / ax.figure.dpi * 25.4
    return float(abs(east - west) / width_mm * FINEST_DETAIL_MM)


def draw_polygons(
    ax: Axes,
    shapes: gpd.GeoSeries,
    *,
    fill: str,
    outline: str,
    outline_mm: float,
    opacity: float = 1.0,
    zorder: float = 2.0,
    hatch: str | None = None,
    hatch_colour: str | None = None,
    gid: str = "",
) -> PathCollection:
    """Draw polygons in one colour; other geometry is left out.

    Hatching takes the colour of the outline unless it is given one.
    """
    usable = shapes[shapes.notna() & ~shapes.is_empty & shapes.geom_type.isin(_POLYGONS)]
    collection = PathCollection(
        [polygon_path(shape) for shape in usable.simplify(page_tolerance(ax))],
        facecolors=fill,
        edgecolors=outline,
        linewidths=outline_mm * POINTS_PER_MM,
        joinstyle="round",
        hatch=hatch,
        hatchcolors=hatch_colour,
        alpha=opacity if opacity < 1.0 else None,
        zorder=zorder,
        gid=gid or None,
    )
    if hatch_colour is not None:
        collection.set_hatch_linewidth(HATCH_POINTS)
    ax.add_collection(collection, autolim=False)
    return collection


def draw_circles(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    diameters_mm: np.ndarray | float,
    *,
    fill: str,
    outline: str,
    outline_mm: float,
    opacity: float = 1.0,
    zorder: float = 6.0,
    gid: str = "",
) -> EllipseCollection:
    """Draw circles whose diameters are mm on paper; ``x`` and ``y`` are data coordinates."""
    inches = np.broadcast_to(np.asarray(diameters_mm, dtype=float) / 25.4, np.shape(x))
    collection = EllipseCollection(
        inches,
        inches,
        np.zeros(len(inches)),
        units="inches",
        offsets=np.column_stack([x, y]),
        offset_transform=ax.transData,
        facecolors=fill,
        edgecolors=outline,
        linewidths=outline_mm * POINTS_PER_MM,
        alpha=opacity if opacity < 1.0 else None,
        zorder=zorder,
        gid=gid or None,
    )
    ax.add_collection(collection, autolim=False)
    return collection


def draw_lines(
    ax: Axes,
    shapes: gpd.GeoSeries,
    *,
    colour: str,
    width_mm: float,
    opacity: float = 1.0,
    zorder: float = 4.0,
    pattern: Pattern = "",
    gid: str = "",
) -> LineCollection:
    """Draw lines in one colour and width; other geometry is left out."""
    usable = shapes[shapes.notna() & ~shapes.is_empty & shapes.geom_type.isin(_LINES)]
    drawn = usable.simplify(page_tolerance(ax)).to_numpy()
    pieces = [shapely.get_coordinates(part) for part in shapely.get_parts(drawn)]
    collection = LineCollection(
        [piece for piece in pieces if np.isfinite(piece).all()],
        colors=colour,
        linewidths=width_mm * POINTS_PER_MM,
        linestyles=[DASHES[pattern]],
        capstyle="butt" if pattern else "round",
        joinstyle="round",
        alpha=opacity if opacity < 1.0 else None,
        zorder=zorder,
        gid=gid or None,
    )
    ax.add_collection(collection, autolim=False)
    return collection


def draw_cities(
    ax: Axes, shapes: gpd.GeoSeries, classes: pd.Series, style: LayerStyle, *, gid: str = "class"
) -> list[Collection]:
    """Draw cities by class: polygons as areas, points as circles.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    shapes : geopandas.GeoSeries of shape (n,)
        In the projection of the map.
    classes : pandas.Series of int, shape (n,)
        Position in ``style.classes``; negative: not drawn.
    style : LayerStyle
    gid : str
        Each collection gets the id ``{gid}-{position}``, which SVG keeps.

    Returns
    -------
    list of matplotlib.collections.Collection
        One for each class with areas and one for each class with circles.
    """
    drawn: list[Collection] = []
    points = shapes.geom_type == "Point"
    other = ~(points | shapes.geom_type.isin(_POLYGONS) | shapes.isna() | shapes.is_empty)
    if other.any():
        kinds = sorted(set(shapes.geom_type[other]))
        raise GeometryError(f"Cities are drawn as polygons or points, not as {', '.join(kinds)}.")
    for position, one in enumerate(style.classes):
        inside = classes == position
        areas, spots = shapes[inside & ~points], shapes[inside & points]
        if len(areas):
            drawn.append(
                draw_polygons(
                    ax,
                    areas,
                    fill=one.colour,
                    outline=HATCHING if one.missing else style.outline_colour,
                    outline_mm=style.outline_width,
                    opacity=style.opacity,
                    # Shared borders show the outline of the areas with data.
                    zorder=1.9 if one.missing else 2.0,
                    hatch=MISSING_HATCH if one.missing else HATCHES[one.pattern],
                    hatch_colour=pattern_ink(one.colour) if one.pattern else None,
                    gid=f"{gid}-{position}",
                )
            )
        if len(spots):
            white = style.geometry == "point"
            drawn.append(
                draw_circles(
                    ax,
                    spots.x.to_numpy(),
                    spots.y.to_numpy(),
                    one.size or POINT_DIAMETER_MM,
                    fill=one.colour,
                    outline=style.outline_colour if white else "#ffffff",
                    outline_mm=style.outline_width if white else 0.15,
                    opacity=style.opacity,
                    gid=f"{gid}-{position}",
                )
            )
            draw_signs(ax, spots.x.to_numpy(), spots.y.to_numpy(), one, zorder=6.0)
    return drawn


def draw_signs(ax: Axes, x: np.ndarray, y: np.ndarray, one: StyleClass, *, zorder: float) -> None:
    """Draw the sign that stands for the pattern of a class into its circles."""
    if not one.pattern:
        return
    ink = pattern_ink(one.colour)
    size = (one.size or POINT_DIAMETER_MM) * POINTS_PER_MM * SIGN_SHARE
    ax.scatter(
        x,
        y,
        s=size**2,
        marker=sign_marker(one.pattern),
        color=ink,
        linewidths=0.6,
        zorder=zorder,
        gid="sign",
    )


def scaled_to_page(style: LayerStyle, width_mm: float) -> LayerStyle:
    """Return a style with the symbols of an A4 page made smaller for a narrower one.

    Parameters
    ----------
    style : LayerStyle
        Sizes in mm on A4.
    width_mm : float
        Width of the page or column.

    Returns
    -------
    LayerStyle
        Lines never thinner than 0.12 mm, circles never smaller than 0.9 mm, down to pages of
        80 mm; on the small maps of a page of panels all shrink further, with the width.
    """
    factor = float(np.clip(width_mm / A4_WIDTH_MM, 0.5, 1.0))
    least = LEAST_LINE_MM if style.geometry == "line" else LEAST_CIRCLE_MM
    crowded = min(width_mm / NARROW_MM, 1.0)
    factor, least = factor * crowded, least * crowded
    classes = tuple(
        one if one.size is None else replace(one, size=max(one.size * factor, min(one.size, least)))
        for one in style.classes
    )
    return replace(style, classes=classes)


def projected_points(positions: CityPositions, crs: object) -> np.ndarray:
    """Return the positions of cities in a projection, shape (n, 2)."""
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = transformer.transform(positions.longitude, positions.latitude)
    return np.column_stack([x, y])
