"""Meridians and parallels of a map, with their degrees at the left and the lower edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.transforms import offset_copy

from shapefiles.figures_page import BODY_SIZE, MUTED, POINTS_PER_INCH, text_width_mm
from shapefiles.language import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from pyproj import CRS

    from spatial.options import Language

STEPS = (30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
"""Degrees between lines; the widest step that leaves three lines each way is taken."""

_FEWEST_LINES = 3
_LINE_COLOUR, _LINE_POINTS = "#a9b4bd", 0.35
_SAMPLES = 200


def draw_graticule(
    ax: Axes,
    crs: CRS,
    *,
    language: Language,
    families: Sequence[str],
    left: bool = True,
    below: bool = True,
) -> float:
    """Draw meridians and parallels under the cities; return the step in degrees.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its final place and limits.
    crs : pyproj.CRS
        Projection of the axes.
    language : {"en", "zh"}
    families : sequence of str
    left, below : bool
        Write the degrees of parallels at the left edge, of meridians at the lower edge.
    """
    west, east, south, north = _degrees_shown(ax, crs)
    step = _step(min(east - west, north - south) if east - west < 180.0 else north - south)
    meridians = _multiples(west, east, step)
    parallels = _multiples(max(south, -90.0 + step), min(north, 90.0 - step), step)
    height = np.linspace(max(south - step, -89.9), min(north + step, 89.9), _SAMPLES)
    width = np.linspace(west - step, east + step, _SAMPLES)
    frame = shapely.box(*_limits(ax))
    across = [(x, _inside(crs, np.full(_SAMPLES, x), height, frame)) for x in meridians]
    along = [(y, _inside(crs, width, np.full(_SAMPLES, y), frame)) for y in parallels]
    lines = [
        shapely.get_coordinates(part)
        for _, shape in (*across, *along)
        for part in shapely.get_parts(shape)
        if part.geom_type == "LineString"
    ]
    ax.add_collection(
        LineCollection(lines, colors=_LINE_COLOUR, linewidths=_LINE_POINTS, zorder=1.5,
                       gid="graticule"),
        autolim=False,
    )  # fmt: skip
    if below:
        _write(ax, [(_ends(shape, 1, frame), _longitude_text(x, language)) for x, shape in across],
               families, upright=True)  # fmt: skip
    if left:
        _write(ax, [(_ends(shape, 0, frame), _latitude_text(y, language)) for y, shape in along],
               families, upright=False)  # fmt: skip
    return step


def graticule_texts(language: Language) -> tuple[str, ...]:
    """Return the characters of all degrees."""
    keys = ("degrees_east", "degrees_west", "degrees_north", "degrees_south", "degrees_zero")
    return tuple(label(key, language, value="0123456789.") for key in keys)


def _limits(ax: Axes) -> tuple[float, float, float, float]:
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    return west, south, east, north


def _degrees_shown(ax: Axes, crs: CRS) -> tuple[float, float, float, float]:
    """Return the ranges of longitude and latitude in the frame; longitudes run on past 180."""
    from pyproj import Transformer

    west, south, east, north = _limits(ax)
    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    x, y = np.meshgrid(np.linspace(west, east, 40), np.linspace(south, north, 40))
    longitude, latitude = back.transform(x, y)
    seen = np.isfinite(longitude) & np.isfinite(latitude)
    middle = back.transform((west + east) / 2.0, (south + north) / 2.0)[0]
    turned = (longitude[seen] - middle + 180.0) % 360.0 - 180.0 + middle
    return turned.min(), turned.max(), latitude[seen].min(), latitude[seen].max()


def _step(span: float) -> float:
    return next((step for step in STEPS if span / step >= _FEWEST_LINES), STEPS[-1])


def _multiples(low: float, high: float, step: float) -> np.ndarray:
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1.0) * step


def _inside(
    crs: CRS, longitude: np.ndarray, latitude: np.ndarray, frame: shapely.Geometry
) -> shapely.Geometry:
    """Return the part of a line of degrees inside the frame of the map."""
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = there.transform((longitude + 180.0) % 360.0 - 180.0, latitude)
    seen = np.isfinite(x) & np.isfinite(y)
    points = np.column_stack([x, y])[seen]
    # Where a projection tears the globe, two neighbours lie far apart.
    gaps = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    torn = np.flatnonzero(gaps > 20.0 * np.median(gaps)) + 1 if len(gaps) else np.zeros(0, int)
    pieces = [part for part in np.split(points, torn) if len(part) > 1]
    return shapely.intersection(shapely.multilinestrings(pieces), frame)


def _ends(shape: shapely.Geometry, axis: int, frame: shapely.Geometry) -> float | None:
    """Return where a line meets the left (axis 0) or the lower edge (axis 1), None if nowhere."""
    corners = shapely.get_coordinates(shape)
    if not len(corners):
        return None
    edge = frame.bounds[axis]
    reach = 1e-6 * (frame.bounds[axis + 2] - frame.bounds[axis])
    met = corners[np.abs(corners[:, axis] - edge) <= reach]
    return float(met[0, 1 - axis]) if len(met) else None


def _write(
    ax: Axes,
    places: Sequence[tuple[float | None, str]],
    families: Sequence[str],
    *,
    upright: bool,
) -> None:
    """Write degrees outside the frame, none over another and none beyond a corner."""
    west, south, east, north = _limits(ax)
    low, high = (west, east) if upright else (south, north)
    box = ax.get_window_extent()
    length_mm = (box.width if upright else box.height) / ax.figure.dpi * 25.4
    per_mm = (high - low) / length_mm
    known = sorted((place, text) for place, text in places if place is not None)
    widths = [text_width_mm(text, families=families) * per_mm for _, text in known]
    kept: list[tuple[float, str, float]] = []
    for (place, text), width in zip(known, widths, strict=True):
        free = not kept or place - width / 2 > kept[-1][0] + kept[-1][2] / 2 + 1.5 * per_mm
        if free and low <= place - width / 2 and place + width / 2 <= high:
            kept.append((place, text, width))
    gap = 1.3 / POINTS_PER_INCH
    shift = {"y": -gap} if upright else {"x": -gap}
    transform = offset_copy(ax.transData, fig=ax.get_figure(root=True), units="inches", **shift)
    for place, text, _ in kept:
        x, y = (place, south) if upright else (west, place)
        ax.text(
            x,
            y,
            text,
            transform=transform,
            rotation=0.0 if upright else 90.0,
            rotation_mode="default",
            ha="center" if upright else "right",
            va="top" if upright else "center",
            fontsize=BODY_SIZE - 0.5,
            color=MUTED,
            clip_on=False,
            gid="degrees",
        )


def _longitude_text(value: float, language: Language) -> str:
    turned = (value + 180.0) % 360.0 - 180.0
    key = "degrees_east" if turned > 0 else "degrees_west"
    return _degrees(turned, key, language)


def _latitude_text(value: float, language: Language) -> str:
    return _degrees(value, "degrees_north" if value > 0 else "degrees_south", language)


def _degrees(value: float, key: str, language: Language) -> str:
    size = abs(round(float(value), 2))
    return label(key if size else "degrees_zero", language, value=f"{size:g}")


def edge_panels(axes: Sequence[Axes]) -> list[tuple[bool, bool]]:
    """Tell for each panel whether it stands at the left edge, and whether none is below it."""
    places = [ax.get_position() for ax in axes]
    left = min(place.x0 for place in places)
    return [
        (
            abs(place.x0 - left) < 1e-6,
            not any(abs(o.x0 - place.x0) < 1e-6 and o.y0 < place.y0 - 1e-6 for o in places),
        )
        for place in places
    ]
