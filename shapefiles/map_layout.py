"""The layout of a map page: title, map, legends beside or below, scale bar, arrow and notes.

Everything is measured in mm before anything gets its place, so that nothing overlaps and nothing
sticks out of the page or, when axes are given, out of the room of these axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
from shapefiles.map_arrange import (
    LEGEND_GAP_MM,
    SIDE_LEGEND_FROM_MM,
    TOOLS_MM,
    Arrangement,
    Extent,
    MapPlan,
    Room,
    Size,
    Spots,
    below,
    beside,
    in_hole,
)
from shapefiles.map_furniture import (
    draw_north_arrow,
    draw_scale_bar,
    make_legend,
    north_angle,
    true_kilometres_per_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

    from shapefiles.figures_page import FigureWidth

PAGE_MARGIN_MM = 1.5
SIDE_SHARE = 0.27
"""Widest column of legends beside a map, relative to the page; longer words are broken."""

_TALLEST_SHEET = {True: 0.95, False: 1.75}
"""Height of several panels relative to the width of a wide and of a narrow page."""


def lay_out(plan: MapPlan, ax: Axes | None, *, width: FigureWidth) -> list[Axes]:
    """Make or arrange the axes of a map, or of its panels, with all the furniture.

    Parameters
    ----------
    plan : MapPlan
    ax : matplotlib.axes.Axes or None
        Given axes are shrunk inside their present place to make room for title, legends and note.
    width : {"single", "double"} or float
        Of a new figure.

    Returns
    -------
    list of matplotlib.axes.Axes
        One, or one for each panel, with final position and limits, in the projection of the plan,
        aspect one to one.
    """
    own = ax is None
    figure = new_figure(column_width_mm(width), 100.0)
    if ax is None:
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page_width, page_height = figure_size_mm(ax.figure)
    room = _room_of(ax, page_width, page_height)
    if own:
        room = Room(PAGE_MARGIN_MM, PAGE_MARGIN_MM, page_width - 2 * PAGE_MARGIN_MM, room.height)
    transform = TransformWrapper(Affine2D())  # set once the height of the page is known
    plan, arrange, legends, sizes = _chosen_arrangement(ax, plan, transform, room.width)
    title = _lines(plan.title, room.width, TITLE_SIZE, "bold", plan.families)
    note = _lines(plan.note, room.width, BODY_SIZE, "normal", plan.families)
    title_height = len(title) * line_height_mm(TITLE_SIZE) + 1.2 if title else 0.0
    note_height = len(note) * line_height_mm(BODY_SIZE) + 1.2 if note else 0.0
    if own:
        body = _spots(arrange, plan, Room(0.0, 0.0, room.width, 0.0), sizes).wanted_height
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
    spots = _spots(arrange, plan, middle, sizes)
    axes = _place_panels(ax, plan, spots.map, transform)
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
    return axes


def _room_of(ax: Axes, page_width: float, page_height: float) -> Room:
    place = ax.get_position()
    return Room(
        place.x0 * page_width,
        place.y0 * page_height,
        place.width * page_width,
        place.height * page_height,
    )


def _spots(arrange: Arrangement, plan: MapPlan, room: Room, sizes: Sequence[Size]) -> Spots:
    spots = arrange(plan, room, sizes)
    assert spots is not None  # an arrangement that does not fit was not chosen
    return spots


def _chosen_arrangement(
    ax: Axes, plan: MapPlan, transform: Transform, width: float
) -> tuple[MapPlan, Arrangement, list[Any], list[Size]]:
    """Choose columns of panels and the place of the legends so that the maps become largest."""
    wide = width >= SIDE_LEGEND_FROM_MM
    if not plan.marks:
        only: Arrangement = beside if wide else below
        return (plan, only, *_legends(ax, plan, transform, width, only))
    best: tuple[float, Any] | None = None
    for columns in range(1, len(plan.marks) + 1):
        tried = replace(plan, columns=columns)
        for arrange in (in_hole, beside, below) if wide else (in_hole, below):
            legends, sizes = _legends(ax, tried, transform, width, arrange)
            spots = arrange(tried, Room(0.0, 0.0, width, 0.0), sizes)
            if spots is None:
                continue
            one = tried.panels(Room(0.0, 0.0, spots.map.width, tried.body_height(spots.map.width)))
            excess = max(spots.wanted_height - _TALLEST_SHEET[wide] * width, 0.0)
            score = min(one[0].width, one[0].height / plan.aspect) - 5.0 * excess
            if best is None or score > best[0] + 1e-9:
                best = score, (tried, arrange, legends, sizes)
    assert best is not None
    return best[1]


def _place_panels(ax: Axes, plan: MapPlan, room: Room, transform: Transform) -> list[Axes]:
    """Give the first axes and new ones for further panels their places, and write the marks."""
    rooms = plan.panels(room)
    axes = [ax]
    for _ in rooms[1:]:
        axes.append(ax.figure.add_axes((0.0, 0.0, 1.0, 1.0)))
    for one, place in zip(axes, rooms, strict=True):
        _place_axes(one, plan, place)
    for mark, place, one in zip(plan.marks, rooms, axes, strict=False):
        one.text(
            place.left,
            place.top + 0.5 + line_height_mm(BODY_SIZE) / 2.0,
            mark,
            transform=transform,
            ha="left",
            va="center_baseline",
            fontsize=BODY_SIZE,
            fontweight="bold",
            clip_on=False,
            gid="mark",
        )
    return axes


def _legends(
    ax: Axes, plan: MapPlan, transform: Transform, width: float, arrange: Arrangement
) -> tuple[list[Any], list[Size]]:
    """Make the legends and measure them; below a map, long ones get two columns if they fit."""
    if arrange is below:
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
    room = width
    if arrange is beside:
        room = SIDE_SHARE * width
    elif arrange is in_hole:
        room = plan.panel_width(width)
    legends = [
        make_legend(ax, block, transform, room_mm=room, families=plan.families)
        for block in plan.blocks
    ]
    return legends, [_legend_size(ax, legend) for legend in legends]


def _page_transform(ax: Axes) -> Transform:
    """Return the way from mm on the page to pixels."""
    width, height = figure_size_mm(ax.figure)
    return Affine2D().scale(1.0 / width, 1.0 / height) + ax.figure.transSubfigure


def page_transform(ax: Axes) -> Transform:
    """Return the transform from mm on the page of the figure of some axes to pixels."""
    return _page_transform(ax)


def _legend_size(ax: Axes, legend: Any) -> tuple[float, float]:
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


def _furniture(ax: Axes, plan: MapPlan, spots: Spots, transform: Transform) -> None:
    x, y = map_centre(ax)
    west, east = ax.get_xlim()
    width_mm = plan.panel_width(spots.map.width)
    km_per_mm = true_kilometres_per_unit(plan.crs, x, y) * (east - west) / width_mm
    draw_scale_bar(ax, transform, *spots.bar, km_per_mm=km_per_mm, room_mm=spots.bar_room)
    draw_north_arrow(
        ax,
        transform,
        *spots.arrow,
        angle=north_angle(plan.crs, x, y),
        text=label("north_letter", plan.language),
    )
