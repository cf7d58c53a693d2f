"""The layout of a map page: title, map, legends beside or below, scale bar, arrow and notes.

Everything is measured in mm before anything gets its place, so that nothing overlaps and nothing
sticks out of the page or, when axes are given, out of the room of these axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.transforms import Affine2D, TransformWrapper

from shapefiles.figures_page import (
    BODY_SIZE,
    INK,
    MM_PER_INCH,
    MUTED,
    TITLE_SIZE,
    column_width_mm,
    figure_size_mm,
    line_height_mm,
    new_figure,
    wrapped,
)
from shapefiles.language import label
from shapefiles.map_furniture import (
    ARROW_SIZE_MM,
    SCALE_BAR_TOTAL_MM,
    LegendBlock,
    draw_north_arrow,
    draw_scale_bar,
    make_legend,
    north_angle,
    true_kilometres_per_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.transforms import Transform
    from pyproj import CRS

    from spatial.options import ColumnWidth, Language

PAGE_MARGIN_MM = 1.5
GAP_MM = 3.0
LEGEND_GAP_MM = 3.2
SIDE_LEGEND_FROM_MM = 120.0
"""Pages at least this wide have their legends beside the map, others below it."""

SIDE_SHARE = 0.27
"""Widest column of legends beside a map, relative to the page; longer words are broken."""

SIDE_COLUMN_MM = 28.0
"""Least width of the column of legends, so that the scale bar has room."""

SMALLEST_MAP_MM, TALLEST_MAP_MM = 40.0, 170.0
TOOLS_MM = 26.0
"""Width of scale bar and north arrow side by side."""

ARROW_TOTAL_MM = ARROW_SIZE_MM[1] + 0.6 + line_height_mm(BODY_SIZE)

Extent = tuple[float, float, float, float]


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
    """

    crs: CRS
    extent: Extent
    blocks: tuple[LegendBlock, ...]
    title: str
    note: str
    language: Language
    families: tuple[str, ...]

    @property
    def aspect(self) -> float:
        """Height over width of the extent."""
        west, south, east, north = self.extent
        return (north - south) / (east - west)


def lay_out(plan: MapPlan, ax: Axes | None, *, width: ColumnWidth) -> Axes:
    """Make or arrange the axes of a map with all its furniture.

    Parameters
    ----------
    plan : MapPlan
    ax : matplotlib.axes.Axes or None
        Given axes are shrunk inside their present place to make room for title, legends and note.
    width : {"single", "double"}
        Of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With final position and limits, in the projection of the plan, aspect one to one.
    """
    own = ax is None
    figure = new_figure(column_width_mm(width), 100.0)
    if ax is None:
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page_width, page_height = figure_size_mm(ax.figure)
    place = ax.get_position()
    room = Room(
        place.x0 * page_width,
        place.y0 * page_height,
        place.width * page_width,
        place.height * page_height,
    )
    if own:
        room = Room(PAGE_MARGIN_MM, PAGE_MARGIN_MM, page_width - 2 * PAGE_MARGIN_MM, room.height)
    transform = TransformWrapper(Affine2D())  # set once the height of the page is known
    beside = room.width >= SIDE_LEGEND_FROM_MM
    legends, sizes = _legends(ax, plan, transform, room.width, beside=beside)
    title = _lines(plan.title, room.width, TITLE_SIZE, "bold", plan.families)
    note = _lines(plan.note, room.width, BODY_SIZE, "normal", plan.families)
    title_height = len(title) * line_height_mm(TITLE_SIZE) + 1.2 if title else 0.0
    note_height = len(note) * line_height_mm(BODY_SIZE) + 1.2 if note else 0.0
    arrange = _beside if beside else _below
    if own:
        body = arrange(plan, Room(0.0, 0.0, room.width, 0.0), sizes).wanted_height
        room = Room(room.left, room.bottom, room.width, body + title_height + note_height)
        figure.set_size_inches(
            page_width / MM_PER_INCH, (room.height + 2 * PAGE_MARGIN_MM) / MM_PER_INCH
        )
    middle = Room(
        room.left,
        room.bottom + note_height,
        room.width,
        max(room.height - title_height - note_height, 1.0),
    )
    transform.set(_page_transform(ax))
    spots = arrange(plan, middle, sizes)
    _place_axes(ax, plan, spots.map)
    for legend, (left, top) in zip(legends, spots.legends, strict=True):
        legend.set_bbox_to_anchor((left, top), transform)
        ax.add_artist(legend)
        legend.set_clip_on(False)
    if legends:
        ax.legend_ = None
    _furniture(ax, plan, spots, transform)
    _text_block(ax, title, room.left, room.top, TITLE_SIZE, "bold", INK, transform, gid="title")
    note_top = room.bottom + note_height - 1.2
    _text_block(ax, note, room.left, note_top, BODY_SIZE, "normal", MUTED, transform, gid="note")
    return ax


def _legends(
    ax: Axes, plan: MapPlan, transform: Transform, width: float, *, beside: bool
) -> tuple[list[Legend], list[tuple[float, float]]]:
    """Make the legends and measure them; below a map, long ones get two columns if they fit."""
    if not beside:
        columns = [2 if len(block.labels) > 4 else 1 for block in plan.blocks]
        legends = [
            make_legend(
                ax, block, transform, room_mm=width - TOOLS_MM, families=plan.families, columns=n
            )
            for block, n in zip(plan.blocks, columns, strict=True)
        ]
        sizes = [_legend_size(ax, legend) for legend in legends]
        if sum(size[0] for size in sizes) + TOOLS_MM + len(sizes) * LEGEND_GAP_MM * 1.5 <= width:
            return legends, sizes
    room = SIDE_SHARE * width if beside else width
    legends = [
        make_legend(ax, block, transform, room_mm=room, families=plan.families)
        for block in plan.blocks
    ]
    return legends, [_legend_size(ax, legend) for legend in legends]


@dataclass(frozen=True)
class _Spots:
    """Where things go: the map, upper left corners of legends, the arrow and the scale bar."""

    map: Room
    legends: tuple[tuple[float, float], ...]
    arrow: tuple[float, float]
    bar: tuple[float, float]
    bar_room: float
    wanted_height: float


def _bar_room(map_width: float, longest: float) -> float:
    return float(np.clip(0.25 * map_width, 12.0, max(longest, 12.0)))


def _beside(plan: MapPlan, room: Room, sizes: Sequence[tuple[float, float]]) -> _Spots:
    """Legends in a column to the right, scale bar and arrow at the foot of the column."""
    column = max([SIDE_COLUMN_MM, *(size[0] for size in sizes)])
    map_width = room.width - column - GAP_MM
    stack = sum(size[1] for size in sizes) + LEGEND_GAP_MM * max(len(sizes), 1)
    foot = SCALE_BAR_TOTAL_MM + 2.5 + ARROW_TOTAL_MM
    map_height = float(np.clip(map_width * plan.aspect, SMALLEST_MAP_MM, TALLEST_MAP_MM))
    wanted = max(map_height, stack + foot)
    left = room.left + map_width + GAP_MM
    corners, top = [], room.top
    for _, height in sizes:
        corners.append((left, top))
        top -= height + LEGEND_GAP_MM
    return _Spots(
        Room(room.left, room.bottom, map_width, room.height),
        tuple(corners),
        (left + 1.0, room.bottom + SCALE_BAR_TOTAL_MM + 2.5),
        (left + 1.0, room.bottom + 0.3),
        _bar_room(map_width, column - 6.0),
        wanted,
    )


def _below(plan: MapPlan, room: Room, sizes: Sequence[tuple[float, float]]) -> _Spots:
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
    map_height = float(np.clip(room.width * plan.aspect, SMALLEST_MAP_MM, TALLEST_MAP_MM))
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
    return _Spots(
        Room(room.left, room.bottom + strip, room.width, max(room.height - strip, 1.0)),
        tuple(corners[i] for i in range(len(sizes))),
        (room.right - tools, foot),
        (bar_left, foot + 0.8),
        tools - ARROW_SIZE_MM[0] - 3.0 - 6.5,
        map_height + strip,
    )


def _page_transform(ax: Axes) -> Transform:
    """Return the way from mm on the page to pixels."""
    width, height = figure_size_mm(ax.figure)
    return Affine2D().scale(1.0 / width, 1.0 / height) + ax.figure.transSubfigure


def page_transform(ax: Axes) -> Transform:
    """Return the transform from mm on the page of the figure of some axes to pixels."""
    return _page_transform(ax)


def _legend_size(ax: Axes, legend: Legend) -> tuple[float, float]:
    """Return width and height of a legend, mm."""
    dpi = ax.figure.dpi
    legend.set_figure(ax.figure)
    box = legend.get_window_extent(RendererAgg(16, 16, dpi))
    return box.width / dpi * MM_PER_INCH, box.height / dpi * MM_PER_INCH


def _lines(
    text: str, width: float, size: float, weight: str, families: Sequence[str]
) -> tuple[str, ...]:
    if not text:
        return ()
    return tuple(
        line
        for paragraph in text.split("\n")
        for line in wrapped(paragraph, width, size=size, weight=weight, families=families).split(
            "\n"
        )
    )


def _text_block(
    ax: Axes,
    lines: Sequence[str],
    left: float,
    top: float,
    size: float,
    weight: str,
    colour: str,
    transform: Transform,
    *,
    gid: str,
) -> None:
    step = line_height_mm(size)
    for i, line in enumerate(lines):
        ax.text(
            left,
            top - (i + 0.5) * step,
            line,
            transform=transform,
            ha="left",
            va="center_baseline",
            fontsize=size,
            fontweight=weight,
            color=colour,
            clip_on=False,
            gid=f"{gid}-{i}",
        )


def _place_axes(ax: Axes, plan: MapPlan, room: Room) -> None:
    """Give axes their place; widen the extent on the short side until it fills them."""
    page_width, page_height = figure_size_mm(ax.figure)
    ax.set_position(
        (
            room.left / page_width,
            room.bottom / page_height,
            room.width / page_width,
            room.height / page_height,
        )
    )
    set_extent(ax, plan.extent, room.height / room.width)


def set_extent(ax: Axes, extent: Extent, aspect: float) -> None:
    """Set limits around an extent so that both directions have the same scale; hide the ticks."""
    west, south, east, north = extent
    width = max(east - west, (north - south) / aspect)
    x, y = (west + east) / 2.0, (south + north) / 2.0
    ax.set_xlim(x - width / 2.0, x + width / 2.0)
    ax.set_ylim(y - width * aspect / 2.0, y + width * aspect / 2.0)
    ax.set_aspect("auto")  # the limits already have the shape of the place
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, linewidth=0.4, color=MUTED, zorder=20)


def map_centre(ax: Axes) -> tuple[float, float]:
    """Return the middle of the limits of axes."""
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    return (west + east) / 2.0, (south + north) / 2.0


def _furniture(ax: Axes, plan: MapPlan, spots: _Spots, transform: Transform) -> None:
    x, y = map_centre(ax)
    west, east = ax.get_xlim()
    km_per_mm = true_kilometres_per_unit(plan.crs, x, y) * (east - west) / spots.map.width
    draw_scale_bar(ax, transform, *spots.bar, km_per_mm=km_per_mm, room_mm=spots.bar_room)
    draw_north_arrow(
        ax,
        transform,
        *spots.arrow,
        angle=north_angle(plan.crs, x, y),
        text=label("north_letter", plan.language),
    )
