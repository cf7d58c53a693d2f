"""Where the parts of a printed page stand: map, legend, scale bar, insets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shapefiles.qgis_types import Orientation
from shapefiles.qgis_windows import MapWindow

PAGES = {"A4": (297.0, 210.0), "A3": (420.0, 297.0)}
"""Width and height of a landscape page, mm."""

MARGIN = 8.0
COLUMN = 70.0
"""Width of the column at the right, which holds legend and scale bar, mm."""

HEAD, FOOT, GAP = 26.0, 15.0, 4.0
"""Height of the title and of the note, and the space between map and column, mm."""

BAND = 62.0
"""Height of the band below the map of a portrait page, which holds legend and scale bar, mm."""

BAR_HEIGHT = 13.0

Box = tuple[float, float, float, float]
"""Left, top, width and height on the page, mm."""

_PORTRAIT_GAIN = 1.1
"""A portrait page is taken when it draws the area larger than a landscape one by this factor."""

_WIDENING = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
"""Shares of the main map that are added, in turn, to make room for the windows of a study."""


@dataclass(frozen=True, kw_only=True)
class PageFrame:
    """Boxes of a page, mm.

    Attributes
    ----------
    width, height : float
    map, legend, bar : (left, top, width, height)
    columns : int
        Of the legend.
    """

    width: float
    height: float
    map: Box
    legend: Box
    bar: Box
    columns: int = 1


def page_frame(page: str, orientation: Orientation = "landscape") -> PageFrame:
    """Return the boxes of a page."""
    if orientation == "portrait":
        height, width = PAGES[page]
        across = width - 2 * MARGIN
        map_height = height - HEAD - FOOT - BAND
        top = HEAD + map_height + 2.0
        return PageFrame(
            width=width,
            height=height,
            map=(MARGIN, HEAD, across, map_height),
            legend=(MARGIN, top, across - COLUMN - GAP, BAND - 4.0),
            bar=(width - MARGIN - COLUMN, top, COLUMN, BAR_HEIGHT),
            columns=2,
        )
    width, height = PAGES[page]
    map_width, map_height = width - 2 * MARGIN - COLUMN - GAP, height - HEAD - FOOT
    column = MARGIN + map_width + GAP
    bar_top = height - FOOT - BAR_HEIGHT
    return PageFrame(
        width=width,
        height=height,
        map=(MARGIN, HEAD, map_width, map_height),
        legend=(column, HEAD - 1.0, COLUMN, bar_top - HEAD - 3.0),
        bar=(column, bar_top, COLUMN, BAR_HEIGHT),
    )


def suiting_frame(page: str, orientation: Orientation, window: MapWindow) -> PageFrame:
    """Return the boxes of the page on which a window is drawn larger, landscape in doubt."""
    if orientation != "auto":
        return page_frame(page, orientation)
    landscape, portrait = page_frame(page, "landscape"), page_frame(page, "portrait")

    def scale(frame: PageFrame) -> float:
        west, _, east, _ = window.fitted(frame.map[2], frame.map[3]).bounds
        return frame.map[2] / (east - west)

    return portrait if scale(portrait) > _PORTRAIT_GAIN * scale(landscape) else landscape


def inset_sizes(
    insets: Sequence[MapWindow], width: float, height: float
) -> list[tuple[float, float]]:
    """Return width and height of each inset on a map of ``width`` x ``height`` mm.

    Parts of the area that lie far off get the same small box; the windows that a study names keep
    their own shape.
    """
    share = 0.155 if len(insets) > 1 else 0.19
    sizes = []
    for inset in insets:
        if inset.named:
            west, south, east, north = inset.with_room_for_title().bounds
            shape = (east - west) / (north - south)
            tall = min(0.3 * height, 0.3 * width / shape)
            sizes.append((tall * shape, tall))
        else:
            sizes.append((width * share, width * share * 0.78))
    return sizes


def inset_row(
    sizes: Sequence[tuple[float, float]], width: float, height: float, corner: str
) -> list[Box]:
    """Return the boxes of insets side by side along the lower or upper edge of a map.

    Relative to the map, from the corner on: "bottom-left", "bottom-right", "top-left".
    """
    boxes, offset = [], 2.0
    for wide, tall in sizes:
        left = width - offset - wide if corner.endswith("right") else offset
        top = 2.0 if corner.startswith("top") else height - tall - 2.0
        boxes.append((left, top, wide, tall))
        offset += wide + 2.0
    return boxes


def place_insets(
    points: np.ndarray, window: MapWindow, insets: Sequence[MapWindow], width: float, height: float
) -> tuple[MapWindow, list[Box]]:
    """Find the corner of a map where its insets hide the fewest points.

    The windows of a study stand at the lower right, where maps of China have the South China Sea;
    the map is widened to the east or the south until they hide nothing there.

    Parameters
    ----------
    points : numpy.ndarray of shape (n, 2)
        What should not be hidden, in the units of the window.
    window : MapWindow
        Of the main map.
    insets : sequence of MapWindow
    width, height : float
        Of the map, mm.

    Returns
    -------
    MapWindow
        Fitted to the shape of the map.
    list of (left, top, width, height)
        Boxes relative to the map, mm.
    """
    sizes = inset_sizes(insets, width, height)
    named = any(inset.named for inset in insets)
    best: tuple[int, MapWindow, list[Box]] | None = None
    for share in _WIDENING if named else (0.0,):
        for wider in _widened(window, share):
            fitted = wider.fitted(width, height)
            for corner in (
                ("bottom-right",) if named else ("bottom-left", "bottom-right", "top-left")
            ):
                row = inset_row(sizes, width, height, corner)
                hidden = _hidden(points, fitted, row, width, height)
                if best is None or hidden < best[0]:
                    best = (hidden, fitted, row)
                if not hidden:
                    return fitted, row
    assert best is not None
    return best[1], best[2]


def _widened(window: MapWindow, share: float) -> list[MapWindow]:
    """Return the window with room at its southern edge, and with room at its eastern edge."""
    west, south, east, north = window.bounds
    if not share:
        return [window]
    lower = replace(window, bounds=(west, south - share * (north - south), east, north))
    return [lower, replace(window, bounds=(west, south, east + share * (east - west), north))]


def _hidden(
    points: np.ndarray, window: MapWindow, row: Sequence[Box], width: float, height: float
) -> int:
    if not row or not len(points):
        return 0
    west, south, east, north = window.bounds
    x = (points[:, 0] - west) / (east - west) * width
    y = (north - points[:, 1]) / (north - south) * height
    hidden = np.zeros(len(points), dtype=bool)
    for left, top, wide, tall in row:
        hidden |= (
            (x > left - 1.5) & (x < left + wide + 1.5) & (y > top - 1.5) & (y < top + tall + 1.5)
        )
    return int(hidden.sum())
