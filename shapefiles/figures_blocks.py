"""The diagram of a block model: blocks as circles, the links between them as arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.bezier import BezierSegment
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from shapefiles.classification import written_number
from shapefiles.figures_greyscale import make_grey
from shapefiles.figures_page import (
    BODY_SIZE,
    INK,
    LINE_SPACING,
    MM_PER_INCH,
    PlotOptions,
    column_word,
    finish,
    house_style,
    line_height_mm,
    plot_axes,
    text_width_mm,
    wrapped,
)
from shapefiles.figures_series import series_looks
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import softened
from spatial.errors import ConfigError
from spatial.options import checked_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BlockArrows = Literal["all", "dense"]

MOST_BLOCKS = {"single": 4, "double": 8}
"""More circles leave no room for their words."""

_FEW = 4  # with more blocks, thin arrows hide the dense ones, and a ring needs height
_LABEL_LIMIT = 24
_DIGITS = "0123456789−,.()（） "
_PALE = "#9a9a9a"
_LOOP_MM = 6.5
_ALONG = (0.36, 0.3, 0.42, 0.25, 0.48, 0.2, 0.55, 0.62, 0.7, 0.78)
"""Where along its arrow a number is tried, nearer to the sender first."""

_WIDTHS = (0.6, 2.2)
"""Points, of the arrow with the fewest and with the most links."""


def block_diagram(
    blocks: Any,
    *,
    block_labels: Mapping[Any, str] | None = None,
    arrows: BlockArrows | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw blocks as circles with their roles, links as arrows with their number and density.

    Parameters
    ----------
    blocks : networks.BlockModel
        See ``networks.concor`` and ``networks.block_model``.
    block_labels : mapping, optional
        Block -> wording; "Block 1" ... if None.
    arrows : {"all", "dense"}, optional
        All links, or only between blocks at least as dense as the whole network; by default all
        with up to four blocks. The note counts what is left out.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        In mm. Circles grow with the number of cities, arrows with that of links; loops are links
        within a block. Arrows of dense pairs are dark, others pale.

    Raises
    ------
    ConfigError
        If there are more than eight blocks, or more than four in a single column.
    """
    options = options or PlotOptions()
    roles, language = blocks.roles, options.language
    most = MOST_BLOCKS[column_word(options.width)]
    if len(roles) > most:
        raise ConfigError(
            f"A diagram of {column_word(options.width)} width holds {most} blocks, not "
            f"{len(roles)}; take width='double', fewer splits, or block_matrix_plot."
        )
    arrows = arrows or ("all" if len(roles) <= _FEW else "dense")
    checked_option(arrows, BlockArrows, name="arrows")
    ties = _ties(blocks, arrows)
    words = {block: _circle_words(blocks, block, block_labels, language) for block in roles.index}
    overall = written_number(blocks.overall_density, 3)
    notes = [label("block_diagram_note", language, density=overall)]
    left_out = int(blocks.links.to_numpy().sum()) - sum(tie[2] for tie in ties)
    if left_out:
        count = written_number(left_out, 0)
        notes.append(label("block_diagram_left_out", language, count=count))
    texts = [*notes, options.title, options.note, _DIGITS]
    texts += [line for lines in words.values() for line in lines]
    with house_style(language, texts) as families:
        tall = {"single": 1.2, "double": 0.58 if len(roles) <= _FEW else 0.92}
        ax = plot_axes(ax, options, aspect=tall[column_word(options.width)], families=families)
        ax.set_axis_off()
        finish(ax, options, families, *notes)
        # The frame has its final size now, so the diagram can be laid out in mm.
        frame = ax.get_window_extent()
        size = np.array([frame.width, frame.height]) / ax.figure.dpi * MM_PER_INCH
        ax.set(xlim=(0.0, size[0]), ylim=(0.0, size[1]))
        diagram = _Diagram(ax, blocks, size, families)
        diagram.circles(words, greyscale=options.greyscale)
        diagram.arrows(ties, language)
        if options.greyscale:
            make_grey(ax)
    return ax


def role_words(role: str, language: Any) -> str:
    """Return the wording of a role of a block."""
    return label("block_role_" + role.replace(" ", "_"), language)


def block_words(block: Any, block_labels: Mapping[Any, str] | None, language: Any) -> str:
    """Return the wording of a block."""
    given = (block_labels or {}).get(block)
    if given is None:
        return label("block_number", language, number=block)
    return plain_text(given, limit=_LABEL_LIMIT)


def _circle_words(
    blocks: Any, block: Any, block_labels: Mapping[Any, str] | None, language: Any
) -> list[str]:
    """Return name, number of cities and role of a block."""
    count = int(blocks.roles.loc[block, "cities"])
    cities = (
        label("block_city", language)
        if count == 1
        else label("block_cities", language, count=written_number(count, 0))
    )
    role = role_words(str(blocks.roles.loc[block, "role"]), language)
    return [block_words(block, block_labels, language), cities, role]


def _ties(blocks: Any, arrows: str) -> list[tuple[int, int, int, float, bool]]:
    """Return sender, receiver, links, density and whether dense, the most links first."""
    links = blocks.links.to_numpy()
    density, image = blocks.density.to_numpy(), blocks.image.to_numpy() == 1
    found = [
        (int(i), int(j), int(links[i, j]), float(density[i, j]), bool(image[i, j]))
        for i, j in zip(*np.nonzero(links), strict=True)
        if image[i, j] or arrows == "all"
    ]
    return sorted(found, key=lambda tie: (-tie[2], tie[:2]))


class _Diagram:
    """Places of circles, arrows and their words on axes in mm."""

    def __init__(self, ax: Axes, blocks: Any, size: np.ndarray, families: Sequence[str]) -> None:
        self.ax, self.families = ax, families
        self.names = list(blocks.roles.index)
        n = len(self.names)
        share = np.sqrt(blocks.roles["cities"].to_numpy(dtype=float))
        self.few = n <= _FEW
        largest = float(np.clip(0.145 * size.min(), 9.0, 13.5 if self.few else 10.5))
        self.radius = largest * (0.82 + 0.18 * share / share.max())
        turns = np.pi * (0.75 - 2.0 * np.arange(n) / n)
        if n < 4:
            turns += np.pi * {1: 0.0, 2: 0.25, 3: -0.25}[n]
        ring = np.column_stack([np.cos(turns), np.sin(turns)])
        if n == 1:
            ring[:] = 0.0
        if self.few:  # use the whole width and height
            ring /= np.abs(ring).max(axis=0, initial=1e-9).clip(min=1e-9)
        room_up = _LOOP_MM + line_height_mm(BODY_SIZE) + 1.0
        half = np.array([min(size[0], 150.0), size[1]]) / 2.0 - largest - np.array([0.5, room_up])
        if not self.few:
            half[:] = half.min()
        self.centre = size / 2.0 + ring * half * (np.abs(ring) > 1e-6)
        self.middle = size / 2.0
        self.taken: list[tuple[float, float, float, float]] = []

    def circles(self, words: Mapping[Any, list[str]], *, greyscale: bool) -> None:
        """Draw circles and the words in them."""
        looks = series_looks(min(len(self.names), 7), greyscale=greyscale)
        for at, block in enumerate(self.names):
            look, (x, y), radius = looks[at % len(looks)], self.centre[at], self.radius[at]
            fill = "#ffffff" if greyscale else softened(look.colour, 0.85)
            self.ax.add_patch(
                Circle(
                    (x, y),
                    radius,
                    facecolor=fill,
                    edgecolor=look.colour,
                    linewidth=1.1,
                    zorder=3,
                    gid=f"block-{block}",
                )
            )
            room = 1.66 * radius
            name, cities, role = words[block]
            lines = wrapped(name, room, weight="bold", families=self.families)
            rest = "\n".join(wrapped(text, room, families=self.families) for text in (cities, role))
            step = line_height_mm(BODY_SIZE)
            above, below = lines.count("\n") + 1, rest.count("\n") + 1
            top = y + (above + below) * step / 2.0
            style: dict[str, Any] = {
                "ha": "center",
                "va": "top",
                "fontsize": BODY_SIZE,
                "linespacing": LINE_SPACING,
                "zorder": 6,
            }
            self.ax.text(x, top, lines, fontweight="bold", color=INK, **style)
            self.ax.text(x, top - above * step, rest, color=INK, **style)
            self.taken.append((x - radius, y - radius, x + radius, y + radius))

    def arrows(self, ties: Sequence[tuple[int, int, int, float, bool]], language: Any) -> None:
        """Draw arrows and loops, then their numbers where they cover no other."""
        most = max((tie[2] for tie in ties), default=1)
        for i, j, count, density, dense in ties:
            curve = self._loop(i) if i == j else self._curve(i, j)
            width = _WIDTHS[0] + (_WIDTHS[1] - _WIDTHS[0]) * np.sqrt(count / most)
            self.ax.add_patch(
                FancyArrowPatch(
                    path=Path(curve, [Path.MOVETO] + [Path.CURVE4] * 3),
                    arrowstyle="-|>",
                    mutation_scale=5.0 + 1.5 * width,
                    shrinkA=0.0,
                    shrinkB=0.0,
                    linewidth=width,
                    color=INK if dense else _PALE,
                    zorder=2.5 if dense else 2.0,
                    capstyle="butt",
                    gid=f"tie-{self.names[i]}-{self.names[j]}",
                )
            )
            digits = "–" if np.isnan(density) else written_number(density, 3)
            text = label("block_tie", language, count=written_number(count, 0), density=digits)
            self._number(text, curve, loop=i == j, gid=f"number-{self.names[i]}-{self.names[j]}")

    def _curve(self, i: int, j: int) -> np.ndarray:
        """Return a Bezier curve from circle to circle, bowed to the left of its direction."""
        start, end = self.centre[i], self.centre[j]
        ahead = (end - start) / np.linalg.norm(end - start)
        left = np.array([-ahead[1], ahead[0]])
        # Radians between the straight line and where the arrow leaves; arrows of a ring stay
        # straighter, so that they pass by the circles between.
        lean, bend = (0.22, 0.06) if self.few else (0.13, 0.015)
        first = start + self.radius[i] * (np.cos(lean) * ahead + np.sin(lean) * left)
        last = end + (self.radius[j] + 0.4) * (-np.cos(lean) * ahead + np.sin(lean) * left)
        bow = bend * float(np.linalg.norm(last - first)) * left
        third = (last - first) / 3.0
        return np.array([first, first + third + bow, last - third + bow, last])

    def _loop(self, i: int) -> np.ndarray:
        """Return a loop above the circles of the upper half, below those of the lower."""
        upward = 1.0 if self.centre[i][1] >= self.middle[1] - 1e-6 else -1.0
        out = np.array([0.0, upward])
        side = np.array([1.0, 0.0])
        reach = 0.38 * self.radius[i]
        foot = np.sqrt(self.radius[i] ** 2 - reach**2)
        top = self.radius[i] + _LOOP_MM / 0.75 - 1.0
        shape = [(-reach, foot), (-1.7 * reach, top), (1.7 * reach, top), (reach, foot + 0.4)]
        return np.array([self.centre[i] + across * side + along * out for across, along in shape])

    def _number(self, text: str, curve: np.ndarray, *, loop: bool, gid: str) -> None:
        width = text_width_mm(text, families=self.families) + 0.8
        height = line_height_mm(BODY_SIZE) * 0.86
        bezier = BezierSegment(curve)
        if loop:
            top = bezier(0.5)
            upward = np.sign(top[1] - curve[0][1])
            spots = [top + np.array([0.0, upward * (height / 2.0 + 0.7)])]
        else:
            along = curve[3] - curve[0]
            aside = np.array([-along[1], along[0]]) / np.linalg.norm(along)
            # Beside upright arrows, on others: the pair of both directions stays apart.
            shift = 0.42 * width * aside if abs(aside[0]) > 0.9 else np.zeros(2)
            spots = [bezier(t) + shift for t in _ALONG]
            spots += [bezier(t) + 0.6 * height * side * aside for t in _ALONG for side in (1, -1)]
        low, high = np.array([0.0, 0.0]), 2.0 * self.middle
        half = np.array([width, height]) / 2.0
        inside = [np.clip(spot, low + half, high - half) for spot in spots]
        choices = [tuple(np.concatenate([spot - half, spot + half])) for spot in inside]
        covered = [sum(_shared(box, other) for other in self.taken) for box in choices]
        left, bottom, right, top_edge = choices[int(np.argmin(covered))]
        self.taken.append((left, bottom, right, top_edge))
        self.ax.text(
            (left + right) / 2.0,
            (bottom + top_edge) / 2.0,
            text,
            ha="center",
            va="center",
            fontsize=BODY_SIZE,
            color=INK,
            zorder=7,
            bbox=None if loop else {"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            gid=gid,
        )


def _shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the area two boxes share."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(up, 0.0)


def block_order(membership: pd.Series, strength: pd.Series) -> pd.Index:
    """Return cities by block, within a block the strongest first."""
    table = pd.DataFrame({"block": membership, "strength": strength.reindex(membership.index)})
    return table.sort_values(["block", "strength"], ascending=[True, False], kind="stable").index
