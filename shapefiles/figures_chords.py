"""Chord diagram: flows between groups of cities as ribbons inside a ring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.patches import PathPatch, Wedge
from matplotlib.path import Path

from networks.types import LinkageNetwork
from shapefiles.classification import written_number
from shapefiles.figures_greyscale import make_grey
from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_lines import spread
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    INK,
    LINE_SPACING,
    MM_PER_INCH,
    PlotOptions,
    column_width_mm,
    column_word,
    finish,
    fitted,
    house_style,
    line_height_mm,
    plot_axes,
    text_width_mm,
)
from shapefiles.figures_series import HATCHES
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import QUALITATIVE, softened
from spatial.alignment import require_same_cities, require_unique
from spatial.errors import ConfigError, EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_GROUPS = 40
"""More arcs are too short for a name beside them."""

WITH_TOTALS = 16
"""Up to this many groups their totals stand beside their names."""

_DIGITS = "0123456789−,.–%→() "
_GREYS = ("#3a3a3a", "#c9c9c9", "#7d7d7d", "#ececec", "#a3a3a3", "#5c5c5c")
_RING = (0.93, 1.0)  # of the radius: inner and outer edge of the arcs
_SENDING, _RECEIVING, _POINT = 0.92, 0.83, 0.05  # ends of ribbons: they fall short where they end
_NAME_MM = {"single": 17.0, "double": 32.0}
_BESIDE_MM = 3.5


def chord_plot(
    flows: pd.DataFrame | LinkageNetwork,
    *,
    groups: pd.Series | None = None,
    directed: bool = True,
    within: bool = False,
    highlighted: int | None = None,
    group_labels: Mapping[Any, str] | None = None,
    unit: str = "",
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw flows between groups as ribbons inside a ring, the first group at the top, clockwise.

    Parameters
    ----------
    flows : pandas.DataFrame of shape (groups, groups) or LinkageNetwork
        **Row sends to column**, zero or positive. Of a network, flows between the groups, or
        between its cities, are drawn.
    groups : pandas.Series, optional
        Group of each city of a network; drawn in their order (of the categories, if they are).
    directed : bool
        Of a table; a network knows it. One that is not directed is symmetric.
    within : bool
        Whether flows within groups are drawn; the note tells their share if not.
    highlighted : int, optional
        Only so many of the largest flows are coloured, the others pale grey.
    group_labels : mapping, optional
        Group -> wording.
    unit : str
        Of the flows; that of the network if empty.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        In mm. An arc is as long as what its group sends and receives; a ribbon for each positive
        flow (each pair if not directed), as wide at both ends, in the colour of its origin. It
        leaves from the arc of its origin and falls short, with a point, of its destination.
        Within an arc ribbons are sorted so that none crosses without need.

    Raises
    ------
    ConfigError
        If there are more than 40 groups.
    EstimationError
        If flows are negative, missing, all zero, or not symmetric though not directed.
    """
    options = options or PlotOptions()
    if isinstance(flows, LinkageNetwork):
        directed, unit = flows.directed, unit or flows.unit
    table = _table(flows, groups, directed)
    chords = _chords(table, directed=directed, within=within)
    words = [plain_text((group_labels or {}).get(g, g), limit=NAME_LIMIT) for g in table.index]
    totals, unit_words = _totals(table, chords, plain_text(unit), options, directed=directed)
    notes = _notes(table, chords, options, directed=directed, highlighted=highlighted)
    if totals:
        key = "chord_totals_directed" if directed else "chord_totals_undirected"
        notes.append(label(key, options.language, unit=unit_words))
    texts = [*notes, *words, *totals, options.title, options.note, _DIGITS]
    with house_style(options.language, texts) as families:
        lines = _label_lines(words, totals, _NAME_MM[column_word(options.width)], families)
        widest = max(text_width_mm(text, families=families) for text in lines)
        width = column_width_mm(options.width)
        right = int((chords.arcs.mean(axis=1) < 0.5).sum())
        needed = max(right, len(words) - right) * _tall(lines) + 2.0
        radius = min((width - 4.0 - 2.0 * widest) / 2.0 - _BESIDE_MM, 58.0)
        height = max(needed, 2.0 * radius + _tall(lines)) + 14.0
        ax = plot_axes(ax, options, aspect=height / width, families=families)
        ax.set_axis_off()
        finish(ax, options, families, *notes)
        frame = ax.get_window_extent()
        size = np.array([frame.width, frame.height]) / ax.figure.dpi * MM_PER_INCH
        room = size[0] / 2.0 - widest - _BESIDE_MM, (size[1] - _tall(lines)) / 2.0
        radius = max(min(room), 8.0)
        half = size / 2.0
        ax.set(xlim=(-half[0], half[0]), ylim=(-half[1], half[1]))
        looks = _looks(len(words), greyscale=options.greyscale)
        _ribbons(ax, chords, radius, looks, highlighted)
        _arcs(ax, chords, radius, looks, list(table.index))
        _names(ax, chords, radius, lines, half[1])
        if options.greyscale:
            make_grey(ax)
    return ax


def _table(flows: Any, groups: pd.Series | None, directed: bool) -> pd.DataFrame:
    """Return flows between groups, checked."""
    if isinstance(flows, LinkageNetwork):
        names = flows.cities if groups is None else _aligned_groups(flows, groups)
        codes, found = pd.factorize(names, sort=groups is not None)
        if isinstance(found, pd.CategoricalIndex):
            found = pd.Index(found.astype(object))
        sums = np.zeros((len(found), len(found)))
        rows, columns = flows.flows.tocoo().coords
        np.add.at(sums, (codes[rows], codes[columns]), flows.flows.data)
        table = pd.DataFrame(sums, index=found, columns=found)
    elif groups is not None:
        raise ConfigError("groups= is for a network; sum a table of flows by group first.")
    else:
        table = flows.astype(float)
        require_unique(table.index, what="flows")
        if list(table.index) != list(table.columns):
            raise EstimationError("Flows need the same groups in rows and columns, in one order.")
    values = table.to_numpy()
    if not np.isfinite(values).all() or (values < 0).any() or not values.any():
        raise EstimationError("Flows must be finite, zero or positive, and not all zero.")
    if not directed and not np.allclose(values, values.T):
        raise EstimationError("Flows that are not directed must be symmetric.")
    if len(table) > MOST_GROUPS:
        raise ConfigError(
            f"A chord diagram holds {MOST_GROUPS} groups, not {len(table)}; give groups=, or take "
            "the largest."
        )
    return table


def _aligned_groups(network: LinkageNetwork, groups: pd.Series) -> pd.Series:
    """Return the group of each city in the order of the network, matched by label."""
    require_same_cities(
        pd.Index(groups.index), network.cities, left_name="groups", right_name="the network"
    )
    ordered = groups.reindex(network.cities)
    if ordered.isna().any():
        raise EstimationError(f"No group is given for {listed(ordered.index[ordered.isna()])}.")
    return ordered


@dataclass(frozen=True)
class _Chords:
    """Places on the ring, in turns clockwise from the top.

    Attributes
    ----------
    arcs : numpy.ndarray of shape (groups, 2)
        Start and end of each arc.
    ends : list of (sender, receiver, flow, start and end at the sender, start and end at the
        receiver)
        The largest flow first.
    directed : bool
    sent, received : numpy.ndarray of shape (groups,)
        Of the flows drawn.
    """

    arcs: np.ndarray
    ends: list[tuple[int, int, float, tuple[float, float], tuple[float, float]]]
    directed: bool
    sent: np.ndarray
    received: np.ndarray


def _chords(table: pd.DataFrame, *, directed: bool, within: bool) -> _Chords:
    """Lay arcs and ends of ribbons out around the ring."""
    flow = table.to_numpy(dtype=float).copy()
    n = len(flow)
    if not within:
        np.fill_diagonal(flow, 0.0)
    if not flow.any():
        raise EstimationError("All flows are within the groups; set within=True to draw them.")
    sent, received = flow.sum(axis=1), flow.sum(axis=0)
    if directed:
        length = sent + received
    else:
        np.fill_diagonal(flow, np.diag(flow) / 2.0)  # a pair within counts from both cities
        length = flow.sum(axis=1)
    gap = min(0.012, 0.25 / n)
    scale = (1.0 - gap * n) / length.sum()
    begins = np.concatenate([[0.0], np.cumsum(length * scale + gap)])[:-1] + gap / 2.0
    arcs = np.column_stack([begins, begins + length * scale])
    place: dict[tuple[int, int, str], tuple[float, float]] = {}
    for i in range(n):
        at = begins[i]
        # Partners next clockwise come last, so ribbons from one arc do not cross each other; of
        # both directions of a pair the outgoing comes first at both arcs.
        for step in range(n, 0, -1):
            j = (i + step) % n
            for way, amount in (("out", flow[i, j]), ("in", flow[j, i])):
                if amount > 0 and (directed or (way == "out")):
                    place[i, j, way] = (at, at + amount * scale)
                    at += amount * scale
    ends = []
    for i, j in zip(*np.nonzero(flow), strict=True):
        if not directed and (sent[i], -i) < (sent[j], -j):
            continue  # drawn once, from the end with the larger total
        other = place[j, i, "in" if directed else "out"]
        ends.append((int(i), int(j), float(flow[i, j]), place[i, j, "out"], other))
    ends.sort(key=lambda end: (-end[2], end[:2]))
    return _Chords(arcs, ends, directed, sent, received)


def _totals(
    table: pd.DataFrame, chords: _Chords, unit: str, options: PlotOptions, *, directed: bool
) -> tuple[list[str], str]:
    """Return what to write beside the names, and the unit in words."""
    if len(table) > WITH_TOTALS:
        return [], ""
    largest = float(max(chords.sent.max(), chords.received.max()))
    steps = (8, 4) if options.language == "zh" else (9, 6, 3)
    power = next((p for p in steps if largest >= 10.0 ** (p + 1)), 0)
    scale = 10.0**power
    decimals = int(np.clip(2 - np.floor(np.log10(largest / scale)), 0, 2))
    if power == 0 and (table.to_numpy() == table.to_numpy().round()).all():
        decimals = 0
    sent, received = (
        [written_number(value / scale, decimals) for value in values]
        for values in (chords.sent, chords.received)
    )
    scale_word = label(f"scale_{power}", options.language) if power else ""
    words = f"{scale_word}{'' if options.language == 'zh' else ' '}{unit}".strip()
    in_words = label("number_unit", options.language, unit=words) if words else ""
    if not directed:
        return sent, in_words
    pairs = zip(sent, received, strict=True)
    return [label("chord_pair", options.language, sent=s, received=r) for s, r in pairs], in_words


def _notes(
    table: pd.DataFrame,
    chords: _Chords,
    options: PlotOptions,
    *,
    directed: bool,
    highlighted: int | None,
) -> list[str]:
    language = options.language
    notes = [label("chord_note_directed" if directed else "chord_note_undirected", language)]
    inside, everything = float(np.diag(table).sum()), float(table.to_numpy().sum())
    drawn = any(i == j for i, j, *_ in chords.ends)
    if inside > 0 and not drawn:
        share = written_number(100.0 * inside / everything, 1)
        notes.append(label("chord_within", language, share=share))
    if highlighted is not None and highlighted < len(chords.ends):
        counts = {"count": highlighted, "total": len(chords.ends)}
        notes.append(label("chord_highlighted", language, **counts))
    return notes


def _looks(n: int, *, greyscale: bool) -> list[tuple[str, str]]:
    """Return a colour and a hatch for each group; beyond nine, paler turns of the same colours."""
    if greyscale:
        return [(_GREYS[i % len(_GREYS)], HATCHES[i % len(HATCHES)]) for i in range(n)]
    turns = [softened(QUALITATIVE[i % len(QUALITATIVE)], 0.32 * (i // 9 % 3)) for i in range(n)]
    return [(colour, "") for colour in turns]


def _points(turns: np.ndarray, radius: float) -> np.ndarray:
    angle = np.pi / 2.0 - 2.0 * np.pi * np.asarray(turns, dtype=float)
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def _ribbon(
    first: tuple[float, float], last: tuple[float, float], radius: float, *, directed: bool
) -> Path:
    """Return the outline of a ribbon from one stretch of the ring to another."""
    start = _points(np.linspace(*first, 16), radius * _SENDING)
    if min(abs(first[1] - last[0]), abs(last[1] - first[0])) < 1e-12 or first == last:
        return _mound(min(*first, *last), max(*first, *last), radius)
    if directed:
        foot = _points(np.array(last), radius * _RECEIVING)
        tip = _points(np.array([sum(last) / 2.0]), radius * (_RECEIVING + _POINT))
        end = np.vstack([foot[:1], tip, foot[1:]])
    else:
        end = _points(np.linspace(*last, 16), radius * _SENDING)
    middle = np.zeros((1, 2))
    outline = np.vstack([start, middle, end, middle, start[:1], start[:1]])
    codes = [Path.MOVETO, *[Path.LINETO] * (len(start) - 1), Path.CURVE3, Path.CURVE3]
    codes += [*[Path.LINETO] * (len(end) - 1), Path.CURVE3, Path.CURVE3, Path.CLOSEPOLY]
    return Path(outline, codes)


def _mound(start: float, end: float, radius: float) -> Path:
    """Return the outline of a flow that stays within its group."""
    arc = _points(np.linspace(start, end, 48), radius * _SENDING)
    top = _points(np.array([(start + end) / 2.0]), radius * (0.5 - (end - start)))
    codes = [Path.MOVETO, *[Path.LINETO] * (len(arc) - 1), Path.CURVE3, Path.CURVE3]
    return Path(np.vstack([arc, top, arc[:1]]), codes)


def _ribbons(
    ax: Axes,
    chords: _Chords,
    radius: float,
    looks: Sequence[tuple[str, str]],
    highlighted: int | None,
) -> None:
    for rank, (i, j, _, first, last) in enumerate(chords.ends):
        colour, hatch = looks[i]
        pale = highlighted is not None and rank >= highlighted
        ax.add_patch(
            PathPatch(
                _ribbon(first, last, radius, directed=chords.directed),
                facecolor="#e9e9e9" if pale else colour,
                edgecolor="#d0d0d0" if pale else INK,
                linewidth=0.2,
                alpha=0.6 if pale else 0.72,
                hatch=None if pale else hatch or None,
                # Small ribbons lie over large ones, coloured ones over pale ones.
                zorder=(2.0 if pale else 3.0) + 0.5 * rank / len(chords.ends),
                gid=f"ribbon-{i}-{j}",
            )
        )


def _arcs(
    ax: Axes,
    chords: _Chords,
    radius: float,
    looks: Sequence[tuple[str, str]],
    names: Sequence[Any],
) -> None:
    for at, (start, end) in enumerate(chords.arcs):
        colour, hatch = looks[at]
        ax.add_patch(
            Wedge(
                (0.0, 0.0),
                radius * _RING[1],
                90.0 - 360.0 * end,
                90.0 - 360.0 * start,
                width=radius * (_RING[1] - _RING[0]),
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.3,
                hatch=hatch or None,
                zorder=5,
                gid=f"arc-{names[at]}",
            )
        )


def _label_lines(
    words: Sequence[str], totals: Sequence[str], room_mm: float, families: Sequence[str]
) -> list[str]:
    """Return the names, in two lines where they are long, with the totals under them."""
    names = []
    for word in words:
        lines = fitted(word, room_mm, families=families).split("\n")
        if len(lines) > 2:
            lines = [lines[0], plain_text(" ".join(lines[1:]), limit=max(len(lines[1]), 4))]
        names.append("\n".join(lines))
    return [f"{n}\n{t}" for n, t in zip(names, totals, strict=True)] if totals else names


def _tall(lines: Sequence[str]) -> float:
    """Return the height of the tallest label with some room, mm."""
    return max(text.count("\n") + 1 for text in lines) * line_height_mm(BODY_SIZE) * 0.9 + 0.9


def _between(heights: np.ndarray, step: float, top: float) -> np.ndarray:
    """Push rising heights at least a step apart between minus top and top."""
    steps = step * np.arange(len(heights))
    raised = np.maximum.accumulate(np.maximum(heights, -top) - steps) + steps
    lowered = np.minimum(raised, top)[::-1] + steps
    return (np.minimum.accumulate(lowered) - steps)[::-1]


def _names(ax: Axes, chords: _Chords, radius: float, lines: Sequence[str], top: float) -> None:
    """Write names left and right of the ring, pushed apart, joined to their arcs by thin lines."""
    tall = _tall(lines)
    middles = chords.arcs.mean(axis=1)
    seats = _points(middles, radius)
    for side in (1.0, -1.0):
        chosen = np.flatnonzero((middles < 0.5) == (side > 0))
        if not len(chosen):
            continue
        order = chosen[np.argsort(seats[chosen, 1], kind="stable")]
        heights = _between(spread(seats[order, 1] * 1.08, tall), tall, top - tall / 2.0)
        for at, y in zip(order, heights, strict=True):
            near = max(abs(y) - tall / 2.0, 0.0)
            x = side * (np.sqrt(max((radius * 1.03) ** 2 - near**2, 0.0)) + 2.2)
            ax.plot(
                [seats[at, 0], side * (abs(x) - 0.6)],
                [seats[at, 1], y],
                color=HAIRLINE,
                linewidth=0.4,
                zorder=1,
                gid="leader",
            )
            ax.text(
                x,
                y,
                lines[at],
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=BODY_SIZE,
                linespacing=LINE_SPACING * 0.9,
                color=INK,
                zorder=6,
                gid=f"name-{at}",
            )
