"""The legend of two numbers: a square of colours with an arrow and bounds along two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.offsetbox import AnchoredOffsetbox, DrawingArea
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from shapefiles.classification import needed_decimals, written_number
from shapefiles.figures_page import BODY_SIZE, INK, line_height_mm, text_width_mm, wrapped
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.map_shapes import MISSING_HATCH, POINTS_PER_MM
from shapefiles.palettes import HATCHING
from shapefiles.style_patterns import HATCHES, pattern_ink

if TYPE_CHECKING:
    from matplotlib.transforms import Transform

    from shapefiles.style_types import LayerStyle, StyleClass

LEAST_CELL_MM, LARGEST_CELL_MM = 4.6, 11.0
_PAD_MM = 1.0
_ARROW_MM = 3.4
"""How far the arrows reach beyond the square."""


@dataclass(frozen=True)
class MatrixLegend:
    """What the legend of a bivariate style shows.

    Attributes
    ----------
    title : str
    axis_titles : (str, str)
        Of the columns, to the right, and of the rows, upwards.
    bounds : (tuple, tuple) of str
        Written numbers, one more than columns and rows.
    cells : tuple of StyleClass
        Row by row from the lowest.
    missing : StyleClass or None
    counts : bool
        Write the number of features into the cells.
    """

    title: str
    axis_titles: tuple[str, str]
    bounds: tuple[tuple[str, ...], tuple[str, ...]]
    cells: tuple[StyleClass, ...]
    missing: StyleClass | None
    counts: bool

    @property
    def texts(self) -> tuple[str, ...]:
        """Every wording."""
        missing = (self.missing.label,) if self.missing else ()
        return (self.title, *self.axis_titles, *self.bounds[0], *self.bounds[1], *missing)


def matrix_legend(style: LayerStyle) -> MatrixLegend:
    """Return the legend of a bivariate style."""
    cells = tuple(one for one in style.classes if not one.missing)
    # The two sides say what is shown; a title that only repeats them takes room for nothing.
    pair = label("bivariate_pair", first=style.axis_titles[0], second=style.axis_titles[1])
    return MatrixLegend(
        title="" if style.title == pair else style.title,
        axis_titles=style.axis_titles,
        bounds=(_written(style.bounds), _written(style.second_bounds)),
        cells=cells,
        missing=style.missing_class,
        counts=any(one.label != one.wording for one in cells),
    )


def _written(bounds: Sequence[float]) -> tuple[str, ...]:
    places = needed_decimals(bounds)
    return tuple(written_number(bound, places) for bound in bounds)


class _Board:
    """A drawing area in mm, filled from the upper left corner downwards."""

    def __init__(self, families: Sequence[str]) -> None:
        self.families = list(families)
        self.items: list[tuple[float, Any]] = []
        self.depth = 0.0
        self.width = 0.0

    def text(self, x: float, depth: float, text: str, **options: Any) -> None:
        """Write one line whose middle is ``depth`` mm below the top."""
        weight = options.get("fontweight", "normal")
        width = text_width_mm(text, weight=weight, families=self.families)
        reach = {"left": width, "center": width / 2.0, "right": 0.0}[options.get("ha", "left")]
        self.width = max(self.width, x + reach)
        made = Text(
            0, 0, text, fontsize=BODY_SIZE, va="center_baseline", color=options.pop("color", INK),
            fontfamily=self.families, parse_math=False, **options,
        )  # fmt: skip
        self.items.append((depth, (x, made)))

    def finished(self) -> DrawingArea:
        """Return the area, now that its depth is known."""
        area = DrawingArea(self.width * POINTS_PER_MM, self.depth * POINTS_PER_MM, clip=False)
        for depth, (x, artist) in self.items:
            up = (self.depth - depth) * POINTS_PER_MM
            if isinstance(artist, Text):
                artist.set_position((x * POINTS_PER_MM, up))
            elif isinstance(artist, Rectangle):
                artist.set_xy((x * POINTS_PER_MM, up))
            else:
                artist.set_xy(np.add(artist.get_xy(), (x * POINTS_PER_MM, up)))
            area.add_artist(artist)
        return area


def make_matrix(
    matrix: MatrixLegend, transform: Transform, *, room_mm: float, families: Sequence[str]
) -> AnchoredOffsetbox:
    """Return the legend, not yet in its place, coordinates in mm by ``transform``.

    Parameters
    ----------
    matrix : MatrixLegend
    transform : matplotlib.transforms.Transform
    room_mm : float
        Greatest width; long titles are broken into lines, and bounds are left out where the cells
        would become larger than 11 mm.
    families : sequence of str
    """
    board = _Board(families)
    line = line_height_mm(BODY_SIZE)
    for part in _broken(matrix.title, room_mm * 0.9, families):
        board.text(0.0, board.depth + line / 2.0, part, fontweight="bold")
        board.depth += line
    board.depth += 0.6 if matrix.title else 0.0
    for part in _broken(matrix.axis_titles[1], room_mm, families):
        board.text(0.0, board.depth + line / 2.0, part)
        board.depth += line
    _square(board, matrix, room_mm, families)
    if matrix.missing is not None:
        _missing_entry(board, matrix.missing, room_mm, families)
    return AnchoredOffsetbox(
        "upper left", child=board.finished(), pad=0.0, borderpad=0.0, frameon=False,
        bbox_to_anchor=(0.0, 0.0), bbox_transform=transform,
    )  # fmt: skip


def _broken(text: str, width: float, families: Sequence[str]) -> list[str]:
    return wrapped(plain_text(text), width, families=families).split("\n") if text else []


def _square(board: _Board, matrix: MatrixLegend, room_mm: float, families: Sequence[str]) -> None:
    columns, rows = (len(part) - 1 for part in matrix.bounds)
    widths = [[text_width_mm(text, families=families) for text in part] for part in matrix.bounds]
    margin = max(widths[1]) + _PAD_MM
    cell = max(LEAST_CELL_MM, max(widths[0]) + 1.8)
    wide = margin + columns * cell + max(_ARROW_MM, widths[0][-1] / 2.0)
    numbered = cell <= LARGEST_CELL_MM and wide <= room_mm
    if not numbered:
        margin, cell = 0.8, 6.0
    top = board.depth + _ARROW_MM
    foot = top + rows * cell
    for position, one in enumerate(matrix.cells):
        column, row = position % columns, position // columns
        left, low = margin + column * cell, foot - row * cell
        board.items.append((low, (left, _cell(one, cell))))
        if matrix.counts:
            ink = pattern_ink(one.colour)
            rim = [withStroke(linewidth=2.0, foreground=one.colour)] if one.pattern else []
            board.text(left + cell / 2.0, low - cell / 2.0, f"{one.count}", ha="center", color=ink,
                       path_effects=rim)  # fmt: skip
    for step in range(columns + 1 if numbered else 0):
        x = margin + step * cell
        board.text(x, foot + 0.9 + line_height_mm(BODY_SIZE) / 2.0, matrix.bounds[0][step],
                   ha="center")  # fmt: skip
    for step in range(rows + 1 if numbered else 0):
        # The lowest bound makes room for the first one of the other side.
        depth = foot - step * cell - (0.0 if step else 0.9)
        board.text(margin - _PAD_MM, depth, matrix.bounds[1][step], ha="right")
    board.items += [
        (foot, (margin, _arrow(0.0, rows * cell + _ARROW_MM))),
        (foot, (margin, _arrow(columns * cell + _ARROW_MM, 0.0))),
    ]
    board.width = max(board.width, margin + columns * cell + _ARROW_MM)
    board.depth = foot + 0.9 + (line_height_mm(BODY_SIZE) if numbered else 0.0)
    for part in _broken(matrix.axis_titles[0], room_mm - margin, families):
        board.text(margin, board.depth + line_height_mm(BODY_SIZE) / 2.0, part)
        board.depth += line_height_mm(BODY_SIZE)


def _cell(one: StyleClass, side_mm: float) -> Patch:
    side = side_mm * POINTS_PER_MM
    return Rectangle(
        (0.0, 0.0), side, side, facecolor=one.colour, edgecolor="#ffffff", linewidth=0.5,
        hatch=HATCHES[one.pattern], hatchcolor=pattern_ink(one.colour), gid="matrix-cell",
    )  # fmt: skip


def _arrow(x_mm: float, y_mm: float) -> Polygon:
    """Return an arrow from the corner of the square, along one of its sides."""
    reach, half, head, wide = (v * POINTS_PER_MM for v in (max(x_mm, y_mm), 0.07, 1.7, 0.75))
    along = [(0.0, -half), (reach - head, -half), (reach - head, -wide), (reach, 0.0),
             (reach - head, wide), (reach - head, half), (0.0, half)]  # fmt: skip
    corners = along if x_mm else [(y, x) for x, y in along]
    return Polygon(corners, closed=True, facecolor=INK, edgecolor="none", gid="matrix-arrow")


def _missing_entry(board: _Board, one: StyleClass, room_mm: float, families: Sequence[str]) -> None:
    line = line_height_mm(BODY_SIZE)
    board.depth += 1.2
    box = Rectangle(
        (0.0, 0.0), 1.7 * BODY_SIZE, 0.8 * BODY_SIZE, facecolor=one.colour, edgecolor=HATCHING,
        hatch=MISSING_HATCH, hatchcolor=HATCHING, linewidth=0.3,
    )  # fmt: skip
    board.items.append((board.depth + line / 2.0 + 0.4 * BODY_SIZE / POINTS_PER_MM, (0.0, box)))
    start = 2.3 * BODY_SIZE / POINTS_PER_MM
    for part in _broken(one.label, room_mm - start, families):
        board.text(start, board.depth + line / 2.0, part)
        board.depth += line
