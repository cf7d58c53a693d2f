"""Names beside points that never cover each other.

A greedy placement: names are taken by priority, each tries the places around its point, first
near, then farther with a leader line, and takes the first that touches no other name, no symbol
that matters and not the frame. A name without a free place is left out, and the caller learns so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patheffects import withStroke

from shapefiles.figures_page import (
    BODY_SIZE,
    INK,
    MM_PER_INCH,
    POINTS_PER_INCH,
    text_width_mm,
)
from shapefiles.fonts import plain_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

NAME_LIMIT = 32
"""Longest name drawn in a figure, characters; longer ones end in an ellipsis."""

# Directions of the text from its point, best first (cartographers' order: right and above).
_DIRECTIONS = (
    (1.0, 0.0),
    (0.8, 0.8),
    (-1.0, 0.0),
    (-0.8, 0.8),
    (0.0, 1.0),
    (0.8, -0.8),
    (0.0, -1.0),
    (-0.8, -0.8),
)
_GAP_POINTS = 1.6
_FAR_POINTS = (9.0, 16.0, 24.0)

Box = tuple[float, float, float, float]


def place_names(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    names: Sequence[str],
    *,
    radii: np.ndarray | float = 1.0,
    families: Sequence[str] = (),
    sizes: np.ndarray | float = BODY_SIZE,
    obstacles: np.ndarray | None = None,
    blocked: Sequence[Box] = (),
    halo: float = 1.4,
    leaders: bool = False,
    most: int | None = None,
) -> dict[int, Text]:
    """Write names beside points, the first with the first right to a place.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its final limits and position.
    x, y : numpy.ndarray of shape (n,)
        Data coordinates, by priority.
    names : sequence of str
    radii : numpy.ndarray of shape (n,) or float
        Radii of the symbols of these points, points (1/72 inch).
    families : sequence of str
        Font families.
    sizes : numpy.ndarray of shape (n,) or float
        Font sizes, points.
    obstacles : numpy.ndarray of shape (m, 3), optional
        Further symbols to keep free: x, y in data coordinates, radius in points.
    blocked : sequence of (left, bottom, right, top)
        Boxes to keep free, in pixels of the figure.
    halo : float
        Width of the white rim, points.
    leaders : bool
        Also try places farther off, joined by a thin line.
    most : int, optional
        Stop after so many names.

    Returns
    -------
    dict of int to matplotlib.text.Text
        The names that found a place, by their position in ``names``.
    """
    n = len(names)
    if not n:
        return {}
    pixels_per_point = ax.figure.dpi / POINTS_PER_INCH
    centres = ax.transData.transform(np.column_stack([x, y]).astype(float))
    radii = np.broadcast_to(np.asarray(radii, dtype=float), (n,)) * pixels_per_point
    sizes = np.broadcast_to(np.asarray(sizes, dtype=float), (n,))
    circles = _circles(ax, centres, radii, obstacles, pixels_per_point)
    frame = ax.get_window_extent()
    taken: list[Box] = list(blocked)
    placed: dict[int, Text] = {}
    for i, name in enumerate(names):
        if most is not None and len(placed) >= most:
            break
        text = plain_text(name, limit=NAME_LIMIT)
        if not text:
            continue
        size = float(sizes[i])
        width = text_width_mm(text, size=size, families=families) / MM_PER_INCH * ax.figure.dpi
        height = size * pixels_per_point
        rings = (_GAP_POINTS, *(_FAR_POINTS if leaders else ()))
        distances = [radii[i] + ring * pixels_per_point for ring in rings]
        search = (centres[i], distances, (width, height), frame.extents, taken)
        # In a crowd a name may cover other symbols, but never those of the named points.
        spot = _free_spot(*search, circles)
        if spot is None and not leaders:
            spot = _free_spot(*search, circles[:n])
        if spot is None:
            continue
        ring, box = spot
        taken.append(box)
        if ring:
            steps = _steps_of_leader(centres[i], box)
            _leader(ax, steps)
            taken.extend((x, y, x, y) for x, y in steps[1:-1].tolist())
        placed[i] = _write(ax, text, box, size=size, families=families, halo=halo)
    return placed


def _circles(
    ax: Axes,
    centres: np.ndarray,
    radii: np.ndarray,
    obstacles: np.ndarray | None,
    pixels_per_point: float,
) -> np.ndarray:
    own = np.column_stack([centres, radii])
    if obstacles is None or not len(obstacles):
        return own
    others = ax.transData.transform(obstacles[:, :2])
    return np.vstack([own, np.column_stack([others, obstacles[:, 2] * pixels_per_point])])


def _free_spot(
    centre: np.ndarray,
    distances: Sequence[float],
    size: tuple[float, float],
    frame: Sequence[float],
    taken: Sequence[Box],
    circles: np.ndarray,
) -> tuple[int, Box] | None:
    """Return the ring and the box of the first place that touches nothing."""
    width, height = size
    for ring, distance in enumerate(distances):
        for right, up in _DIRECTIONS:
            # The near edge or corner of the box lies at the distance from the point.
            left = centre[0] + right * distance + (np.sign(right) - 1.0) / 2.0 * width
            bottom = centre[1] + up * distance + (np.sign(up) - 1.0) / 2.0 * height
            box = (float(left), float(bottom), float(left + width), float(bottom + height))
            if not _inside(box, frame) or _touches(box, taken, circles, margin=0.12 * height):
                continue
            if ring and _crosses(_steps_of_leader(centre, box), taken):
                continue
            return ring, box
    return None


def _inside(box: Box, frame: Sequence[float]) -> bool:
    return bool(
        box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    )


def _touches(box: Box, taken: Sequence[Box], circles: np.ndarray, *, margin: float) -> bool:
    for other in taken:
        apart = (
            box[2] + margin <= other[0]
            or other[2] + margin <= box[0]
            or box[3] + margin <= other[1]
            or other[3] + margin <= box[1]
        )
        if not apart:
            return True
    nearest_x = np.clip(circles[:, 0], box[0], box[2])
    nearest_y = np.clip(circles[:, 1], box[1], box[3])
    gaps = np.hypot(circles[:, 0] - nearest_x, circles[:, 1] - nearest_y)
    return bool((gaps < circles[:, 2]).any())


def _steps_of_leader(centre: np.ndarray, box: Box) -> np.ndarray:
    """Return points along the line from a symbol to the nearest point of its name."""
    end = np.array([np.clip(centre[0], box[0], box[2]), np.clip(centre[1], box[1], box[3])])
    return centre + np.linspace(0.0, 1.0, 12)[:, None] * (end - centre)


def _crosses(steps: np.ndarray, taken: Sequence[Box]) -> bool:
    return any(
        bool(
            (
                (steps[:, 0] >= box[0])
                & (steps[:, 0] <= box[2])
                & (steps[:, 1] >= box[1])
                & (steps[:, 1] <= box[3])
            ).any()
        )
        for box in taken
    )


def _write(
    ax: Axes, text: str, box: Box, *, size: float, families: Sequence[str], halo: float
) -> Text:
    inverse = ax.transData.inverted()
    x, y = inverse.transform((box[0], (box[1] + box[3]) / 2.0))
    written = ax.text(
        x,
        y,
        text,
        fontsize=size,
        fontfamily=list(families) or None,
        color=INK,
        ha="left",
        va="center_baseline",
        zorder=12,
        parse_math=False,
    )
    if halo:
        written.set_path_effects([withStroke(linewidth=halo, foreground="white", alpha=0.85)])
    return written


def _leader(ax: Axes, steps: np.ndarray) -> None:
    line = ax.transData.inverted().transform(steps[[0, -1]])
    ax.plot(
        line[:, 0],
        line[:, 1],
        color=INK,
        linewidth=0.35,
        zorder=8,
        scalex=False,
        scaley=False,
        solid_capstyle="butt",
        gid="leader",
    )
