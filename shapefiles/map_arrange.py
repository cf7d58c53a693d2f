"""Where the parts of a map page go: one map or several panels, legends, scale bar and arrow.

Everything is in mm; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shapefiles.figures_page import BODY_SIZE, line_height_mm
from shapefiles.map_furniture import ARROW_SIZE_MM, SCALE_BAR_TOTAL_MM, LegendBlock

if TYPE_CHECKING:
    from pyproj import CRS

    from spatial.options import Language

GAP_MM = 3.0
LEGEND_GAP_MM = 3.2
SIDE_LEGEND_FROM_MM = 120.0
"""Pages at least this wide have their legends beside the map, others below it."""

SIDE_COLUMN_MM = 28.0
"""Least width of the column of legends, so that the scale bar has room."""

SMALLEST_MAP_MM, TALLEST_MAP_MM = 40.0, 170.0
SMALLEST_PANEL_MM = 16.0
PANEL_GAP_MM = 2.0
MARK_MM = line_height_mm(BODY_SIZE) + 0.5
"""Height of the line above a panel that tells what it shows."""

GRATICULE_MM = line_height_mm(BODY_SIZE)
"""Strip at the left and the lower edge for the degrees of the graticule."""

TOOLS_MM = 26.0
"""Width of scale bar and north arrow side by side."""

ARROW_TOTAL_MM = ARROW_SIZE_MM[1] + 0.6 + line_height_mm(BODY_SIZE)

Extent = tuple[float, float, float, float]
Size = tuple[float, float]


@dataclass(frozen=True)
class Room:
    """A rectangle of the page, mm from the lower left corner of the figure."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.bottom + self.height


@dataclass(frozen=True)
class MapPlan:
    """What goes on a map page.

    Attributes
    ----------
    crs : pyproj.CRS
        Projection of the main map.
    extent : (west, south, east, north)
        In the projection, margins included.
    blocks : tuple of LegendBlock
    title : str
    note : str
    language : {"en", "zh"}
    families : tuple of str
    marks : tuple of str
        What each panel shows; empty for a page with one map.
    columns : int
        Panels side by side.
    graticule : bool
        Leave room for the degrees of meridians and parallels.
    """

    crs: CRS
    extent: Extent
    blocks: tuple[LegendBlock, ...]
    title: str
    note: str
    language: Language
    families: tuple[str, ...]
    marks: tuple[str, ...] = ()
    columns: int = 1
    graticule: bool = False

    @property
    def aspect(self) -> float:
        """Height over width of the extent."""
        west, south, east, north = self.extent
        return (north - south) / (east - west)

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-max(len(self.marks), 1) // self.columns)

    @property
    def _strip(self) -> float:
        return GRATICULE_MM if self.graticule else 0.0

    @property
    def _overhead(self) -> float:
        """Height that is no map: marks, gaps between rows, degrees."""
        marks = self.rows * MARK_MM if self.marks else 0.0
        return marks + (self.rows - 1) * PANEL_GAP_MM + self._strip

    def panel_width(self, width: float) -> float:
        """Return the width of one map when all of them together are ``width`` mm wide."""
        return (width - self._strip - (self.columns - 1) * PANEL_GAP_MM) / self.columns

    def body_height(self, width: float) -> float:
        """Return the height of the maps, marks included, when they are ``width`` mm wide."""
        least = SMALLEST_PANEL_MM if self.marks else SMALLEST_MAP_MM
        one = np.clip(self.panel_width(width) * self.aspect, least, TALLEST_MAP_MM)
        return float(self.rows * one + self._overhead)

    def cells(self, room: Room) -> list[Room]:
        """Return the rooms of all cells of the grid of panels, row by row from the top."""
        width = self.panel_width(room.width)
        height = max((room.height - self._overhead) / self.rows, 1.0)
        step = height + PANEL_GAP_MM + (MARK_MM if self.marks else 0.0)
        top = room.top - (MARK_MM if self.marks else 0.0)
        return [
            Room(
                room.left + self._strip + column * (width + PANEL_GAP_MM),
                top - row * step - height,
                width,
                height,
            )
            for row in range(self.rows)
            for column in range(self.columns)
        ]

    def panels(self, room: Room) -> list[Room]:
        """Return the room of each map."""
        return self.cells(room)[: max(len(self.marks), 1)]


@dataclass(frozen=True)
class Spots:
    """Where things go: the map, upper left corners of legends, the arrow and the scale bar."""

    map: Room
    legends: tuple[tuple[float, float], ...]
    arrow: tuple[float, float]
    bar: tuple[float, float]
    bar_room: float
    wanted_height: float


def _bar_room(map_width: float, longest: float) -> float:
    return float(np.clip(0.25 * map_width, 12.0, max(longest, 12.0)))


def beside(plan: MapPlan, room: Room, sizes: Sequence[tuple[float, float]]) -> Spots:
    """Legends in a column to the right, scale bar and arrow at the foot of the column."""
    column = max([SIDE_COLUMN_MM, *(size[0] for size in sizes)])
    map_width = room.width - column - GAP_MM
    stack = sum(size[1] for size in sizes) + LEGEND_GAP_MM * max(len(sizes), 1)
    foot = SCALE_BAR_TOTAL_MM + 2.5 + ARROW_TOTAL_MM
    wanted = max(plan.body_height(map_width), stack + foot)
    left = room.left + map_width + GAP_MM
    corners, top = [], room.top
    for _, height in sizes:
        corners.append((left, top))
        top -= height + LEGEND_GAP_MM
    return Spots(
        Room(room.left, room.bottom, map_width, room.height),
        tuple(corners),
        (left + 1.0, room.bottom + SCALE_BAR_TOTAL_MM + 2.5),
        (left + 1.0, room.bottom + 0.3),
        _bar_room(plan.panel_width(map_width), column - 6.0),
        wanted,
    )


def below(plan: MapPlan, room: Room, sizes: Sequence[tuple[float, float]]) -> Spots:
    """Legends in rows below the map; scale bar and arrow at the right end of the last row."""
    tools = TOOLS_MM
    rows: list[list[int]] = [[]]
    used = 0.0
    for i, (width, _) in enumerate(sizes):
        if rows[-1] and used + width > room.width:
            rows.append([])
            used = 0.0
        rows[-1].append(i)
        used += width + LEGEND_GAP_MM * 1.5
    if used + tools > room.width:
        rows.append([])
        used = 0.0
    tools_height = max(SCALE_BAR_TOTAL_MM, ARROW_TOTAL_MM)
    heights = [max([sizes[i][1] for i in row], default=0.0) for row in rows]
    heights[-1] = max(heights[-1], tools_height)
    strip = sum(heights) + LEGEND_GAP_MM * 0.7 * len(rows)
    corners: dict[int, tuple[float, float]] = {}
    top = room.bottom + strip - LEGEND_GAP_MM * 0.7
    for row, height in zip(rows, heights, strict=True):
        left = room.left
        for i in row:
            corners[i] = (left, top)
            left += sizes[i][0] + LEGEND_GAP_MM * 1.5
        top -= height + LEGEND_GAP_MM * 0.7
    foot = room.bottom + (heights[-1] - tools_height) / 2.0
    bar_left = room.right - tools + ARROW_SIZE_MM[0] + 3.0
    return Spots(
        Room(room.left, room.bottom + strip, room.width, max(room.height - strip, 1.0)),
        tuple(corners[i] for i in range(len(sizes))),
        (room.right - tools, foot),
        (bar_left, foot + 0.8),
        tools - ARROW_SIZE_MM[0] - 3.0 - 6.5,
        plan.body_height(room.width) + strip,
    )


def in_hole(plan: MapPlan, room: Room, sizes: Sequence[Size]) -> Spots | None:
    """Legends, scale bar and arrow in the free cells of the last row of panels, if they fit."""
    free = plan.rows * plan.columns - max(len(plan.marks), 1)
    if not free:
        return None
    wanted = plan.body_height(room.width)
    body = Room(room.left, room.bottom, room.width, room.height or wanted)
    cells = plan.cells(body)
    first, last = cells[-free], cells[-1]
    # A legend has no mark above it, but may have degrees.
    top = first.top + (0.0 if plan.graticule else MARK_MM - 0.5)
    height = top - first.bottom
    left, right = first.left + 2.0, last.right
    widest = max((size[0] for size in sizes), default=0.0)
    stack = sum(size[1] for size in sizes) + LEGEND_GAP_MM * max(len(sizes) - 1, 0)
    tools_height = max(SCALE_BAR_TOTAL_MM, ARROW_TOTAL_MM)
    aside = left + widest + LEGEND_GAP_MM + TOOLS_MM <= right and stack <= height
    under = left + max(widest, TOOLS_MM) <= right and (stack + 2.0 + tools_height <= height)
    if not (aside or under):
        return None
    corners = []
    for _, depth in sizes:
        corners.append((left, top))
        top -= depth + LEGEND_GAP_MM
    tools = left if under else right - TOOLS_MM
    return Spots(
        body,
        tuple(corners),
        (tools, first.bottom),
        (tools + ARROW_SIZE_MM[0] + 3.0, first.bottom + 0.8),
        TOOLS_MM - ARROW_SIZE_MM[0] - 3.0 - 6.5,
        wanted,
    )


Arrangement = Callable[[MapPlan, Room, Sequence[Size]], Spots | None]
