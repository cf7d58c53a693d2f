"""Plots along one axis: effects with intervals, rankings, paths over years, neighbour counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shapefiles.classification import written_number
from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    INK,
    MUTED,
    POINTS_PER_INCH,
    PlotOptions,
    column_width_mm,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.figures_series import DASHES
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import QUALITATIVE
from spatial.errors import ConfigError, EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation, Text

EFFECT_KINDS = ("direct", "indirect", "total")
EFFECT_LOOKS: Mapping[str, tuple[str, str]] = {
    "direct": ("#332288", "o"),
    "indirect": ("#cc6677", "s"),
    "total": ("#222222", "D"),
}
SIGNIFICANCE = 0.05
PHASE_COLOURS = {"resistance": "#f3d9d3", "recovery": "#dcebe4"}
BAR_COLOUR = "#3b6ea5"
NATION_COLOUR = "#111111"
PALE = ("#ddcc77", "#88ccee")
"""Colours of the set that are too light for thin lines and words on white."""

LINE_COLOURS = tuple(colour for colour in QUALITATIVE if colour not in PALE)
_DIGITS = "0123456789−+,.–%()=: "


def effects_plot(
    effects: Any,
    *,
    variable_labels: Mapping[str, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot direct, indirect and total effects with their 95 % confidence intervals.

    Parameters
    ----------
    effects : EffectsResult or pandas.DataFrame
        Table indexed by variable with ``direct``, ``direct_low``, ``direct_high``, ``direct_p``,
        and the same for ``indirect`` and ``total``.
    variable_labels : mapping, optional
        Variable -> wording.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        One group of three symbols for each variable, first variable on top; hollow symbols are
        not significant at 5 %.

    Raises
    ------
    EstimationError
        If columns are missing.
    """
    options = options or PlotOptions()
    table = effects if isinstance(effects, pd.DataFrame) else effects.table
    needed = [kind + part for kind in EFFECT_KINDS for part in ("", "_low", "_high", "_p")]
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise EstimationError(f"The table of effects lacks columns {listed(missing)}.")
    language = options.language
    words = variable_labels or {}
    names = [plain_text(words.get(str(name), name), limit=NAME_LIMIT) for name in table.index]
    axis, hollow = label("axis_effect", language), label("effects_hollow", language)
    note = (
        hollow if (table[[k + "_p" for k in EFFECT_KINDS]] >= SIGNIFICANCE).any(axis=None) else ""
    )
    kinds = {kind: label(f"effect_{kind}", language) for kind in EFFECT_KINDS}
    texts = [axis, note, options.title, options.note, *kinds.values(), *names, _DIGITS]
    with house_style(language, texts) as families:
        aspect = rows_aspect(options, rows=len(names), row_mm=9.5, rest_mm=24.0)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        ax.axvline(0.0, color=INK, linewidth=0.6, zorder=1)
        for row in range(1, len(names)):
            ax.axhline(row - 0.5, color="#e6e6e6", linewidth=0.5, zorder=0)
        for step, kind in enumerate(EFFECT_KINDS):
            _intervals(ax, table, kind, kinds[kind], offset=0.24 * (step - 1))
        ax.set_ylim(len(names) - 0.5, -0.5)
        row_names(ax, names)
        ax.set_xlabel(axis)
        number_axis(ax)
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=3,
            handletextpad=0.3,
            columnspacing=1.2,
        )
        finish(ax, options, families, note)
    return ax


def _intervals(ax: Axes, table: pd.DataFrame, kind: str, word: str, *, offset: float) -> None:
    colour, marker = EFFECT_LOOKS[kind]
    rows = np.arange(len(table)) + offset
    ax.hlines(
        rows, table[kind + "_low"], table[kind + "_high"], color=colour, linewidth=1.0, zorder=3
    )
    sure = (table[kind + "_p"] < SIGNIFICANCE).to_numpy()
    # One call carries the legend; hollow symbols lie over the line with a white face.
    ax.scatter(
        table[kind],
        rows,
        s=17.0,
        marker=marker,
        facecolors=[colour if one else "#ffffff" for one in sure],
        edgecolors=colour,
        linewidths=0.8,
        zorder=4,
        gid=f"effect-{kind}",
    )
    ax.plot([], [], marker=marker, color=colour, linewidth=1.0, markersize=4.0, label=word)


def rows_aspect(options: PlotOptions, *, rows: int, row_mm: float, rest_mm: float) -> float:
    """Return the height over the width of a new figure with rows of a height in mm."""
    return (rows * row_mm + rest_mm) / column_width_mm(options.width)


def row_names(ax: Axes, names: Sequence[str]) -> list[Text]:
    """Write names at the left of rows 0, 1, ... as plain text, never as formulas."""
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    return [
        ax.annotate(
            name,
            (0.0, row),
            (-4.0, 0.0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=BODY_SIZE,
            annotation_clip=False,
            gid=f"row-{row}",
        )
        for row, name in enumerate(names)
    ]


def number_axis(ax: Axes, *, which: str = "x", most: int = 6) -> None:
    """Write few, round numbers with a true minus sign, all with the same decimals."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]))

    def written(value: float, _: int | None = None) -> str:
        ticks = axis.get_majorticklocs()
        step = float(np.diff(ticks).min()) if len(ticks) > 1 else 1.0
        decimals = next((d for d in range(8) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 8)
        return written_number(value, decimals)

    axis.set_major_formatter(FuncFormatter(written))


def ranking_plot(
    values: pd.Series,
    *,
    names: pd.Series | None = None,
    top: int = 15,
    axis_label: str = "",
    decimals: int | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the cities with the highest values as bars, the highest on top.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids; missing values are left out.
    names : pandas.Series, optional
        Index: city ids; the ids are written if None.
    top : int
    axis_label : str
        What the values are, with the unit; the name of the series if empty.
    decimals : int, optional
        Of the numbers at the bars; three significant digits of the highest value if None.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    EstimationError
        If no value is finite.
    """
    options = options or PlotOptions()
    finite = values[np.isfinite(values.astype(float))]
    if not len(finite):
        raise EstimationError("There is no finite value to rank.")
    best = finite.sort_values(ascending=False, kind="stable").iloc[:top]
    known = {} if names is None else names.reindex(best.index).dropna().to_dict()
    rows = [plain_text(known.get(city, city), limit=NAME_LIMIT) for city in best.index]
    if decimals is None:
        highest = float(best.abs().max()) or 1.0
        decimals = int(np.clip(2 - np.floor(np.log10(highest)), 0, 6))
    numbers = [written_number(float(value), decimals) for value in best]
    axis = plain_text(axis_label or values.name or "")
    texts = [options.title, options.note, axis, *rows, *numbers, _DIGITS]
    with house_style(options.language, texts) as families:
        aspect = rows_aspect(options, rows=len(rows), row_mm=4.4, rest_mm=18.0)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        ax.barh(np.arange(len(rows)), best.to_numpy(), height=0.68, color=BAR_COLOUR, zorder=2)
        ax.axvline(0.0, color=INK, linewidth=0.6, zorder=3)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        low, high = min(float(best.min()), 0.0), max(float(best.max()), 0.0)
        ax.set_xlim(low * 1.18, high * 1.18)
        row_names(ax, rows)
        for row, (value, text) in enumerate(zip(best, numbers, strict=True)):
            ax.annotate(
                text,
                (float(value), row),
                (2.5 if value >= 0 else -2.5, 0.0),
                textcoords="offset points",
                ha="left" if value >= 0 else "right",
                va="center",
                fontsize=BODY_SIZE,
                color=MUTED,
            )
        ax.set_xlabel(axis)
        number_axis(ax, most=5)
        finish(ax, options, families)
    return ax


def paths_plot(
    paths: pd.DataFrame,
    *,
    nation: str | None = None,
    base_year: int | None = None,
    phases: Sequence[tuple[str, int, int]] = (),
    series_labels: Mapping[str, str] | None = None,
    axis_label: str = "",
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the paths of groups and of the nation over years, shock phases shaded.

    Parameters
    ----------
    paths : pandas.DataFrame of shape (years, series)
        Index: years; a column for each group.
    nation : str, optional
        The column that is drawn thick and black.
    base_year : int, optional
        Every path is divided by its value in this year, times 100.
    phases : sequence of (kind, start, end)
        Kind is "resistance" or "recovery"; years.
    series_labels : mapping, optional
        Column -> wording at the right end of its line.
    axis_label : str
        Wording of the y axis; "Index, {base year} = 100" if empty and a base year is given.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ConfigError
        If the base year, the nation or a kind of phase is not known.
    """
    options = options or PlotOptions()
    language = options.language
    _check_paths(paths, nation, base_year, phases)
    drawn = paths.sort_index().astype(float)
    if base_year is not None:
        drawn = drawn / drawn.loc[base_year] * 100.0
    words = {str(k): plain_text(v, limit=NAME_LIMIT) for k, v in (series_labels or {}).items()}
    if nation is not None:
        words.setdefault(nation, label("nation", language))
    ends = [words.get(str(name), plain_text(name, limit=NAME_LIMIT)) for name in drawn.columns]
    axis = plain_text(axis_label) or (
        label("axis_index", language, year=base_year) if base_year is not None else ""
    )
    kinds = {kind: label(f"phase_{kind}", language) for kind, _, _ in phases}
    year = label("year", language)
    texts = [options.title, options.note, axis, year, *ends, *kinds.values(), _DIGITS]
    with house_style(language, texts) as families:
        aspect = 0.8 if column_word(options.width) == "single" else 0.5
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        _shade(ax, phases, kinds)
        lines = _paths(ax, drawn, nation, greyscale=options.greyscale)
        ax.set_xlim(float(drawn.index.min()), float(drawn.index.max()))
        ax.set_xlabel(year)
        ax.set_ylabel(axis)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        number_axis(ax, which="y")
        if kinds:
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, ncols=2)
        written = _end_names(ax, drawn, ends, lines)
        finish(ax, options, families)
        _push_apart(ax, written)  # the final height of the axes is known only now
    return ax


def _check_paths(
    paths: pd.DataFrame,
    nation: str | None,
    base_year: int | None,
    phases: Sequence[tuple[str, int, int]],
) -> None:
    if base_year is not None and base_year not in paths.index:
        raise ConfigError(
            f"base_year={base_year} is not in the table; it has {listed(paths.index)}."
        )
    if nation is not None and nation not in paths.columns:
        raise ConfigError(f"nation={nation!r} is no column; there are {listed(paths.columns)}.")
    unknown = sorted({kind for kind, _, _ in phases} - set(PHASE_COLOURS))
    if unknown:
        raise ConfigError(f"Phases {listed(unknown)} are not known; use {listed(PHASE_COLOURS)}.")


def _shade(ax: Axes, phases: Sequence[tuple[str, int, int]], kinds: Mapping[str, str]) -> None:
    named: set[str] = set()
    for kind, start, end in phases:
        ax.axvspan(
            start,
            end,
            color=PHASE_COLOURS[kind],
            linewidth=0,
            zorder=0,
            label=None if kind in named else kinds[kind],
            gid=f"phase-{kind}",
        )
        named.add(kind)


def _paths(ax: Axes, drawn: pd.DataFrame, nation: str | None, *, greyscale: bool) -> list[str]:
    """Draw the lines; return their colours."""
    colours = []
    others = [name for name in drawn.columns if name != nation]
    for name in drawn.columns:
        first = name == nation
        at = 0 if first else others.index(name)
        colour = NATION_COLOUR if first else LINE_COLOURS[at % len(LINE_COLOURS)]
        dash = "-" if first or at < len(LINE_COLOURS) else "--"
        if greyscale and not first:
            dash = DASHES[(at + 1) % len(DASHES)]
        ax.plot(
            drawn.index,
            drawn[name],
            color=colour,
            linewidth=1.5 if first else 0.9,
            linestyle=dash,
            zorder=4 if first else 3,
            gid=f"path-{name}",
        )
        colours.append(colour)
    return colours


def _end_names(
    ax: Axes, drawn: pd.DataFrame, ends: Sequence[str], colours: Sequence[str]
) -> list[Annotation]:
    """Write the names at the right ends of the lines."""
    lasts = [float(drawn[name].dropna().iloc[-1]) for name in drawn.columns]
    return [
        ax.annotate(
            end,
            (1.0, last),
            (4.0, 0.0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=BODY_SIZE,
            color=colour,
            annotation_clip=False,
            gid=f"end-{i}",
        )
        for i, (end, last, colour) in enumerate(zip(ends, lasts, colours, strict=True))
    ]


def _push_apart(ax: Axes, written: Sequence[Annotation]) -> None:
    """Move names that would touch up and down, as little as possible."""
    low, high = ax.get_ylim()
    height = ax.get_window_extent().height / ax.figure.dpi * POINTS_PER_INCH
    step = (high - low) / height * BODY_SIZE * 1.25
    lasts = np.array([name.xy[1] for name in written])
    order = np.argsort(lasts, kind="stable")
    for place, i in zip(spread(lasts[order], step), order, strict=True):
        written[i].xy = (1.0, float(place))


def spread(places: np.ndarray, step: float) -> np.ndarray:
    """Move ascending places apart to at least ``step``, each as little as possible in the sum.

    Places that touch are pooled and laid out around their mean (isotonic regression).

    Examples
    --------
    >>> spread(np.array([0.0, 0.0, 5.0]), 1.0).tolist()
    [-0.5, 0.5, 5.0]
    """
    wanted = np.asarray(places, dtype=float) - step * np.arange(len(places))
    blocks: list[list[float]] = []
    for value in wanted:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            before, size = blocks.pop()
            blocks.append([(before * size + mean * count) / (size + count), size + count])
    pooled = np.concatenate([np.full(int(count), mean) for mean, count in blocks])
    return pooled + step * np.arange(len(places))


def neighbours_plot(
    counts: pd.Series, *, options: PlotOptions | None = None, ax: Axes | None = None
) -> Axes:
    """Plot how many cities have how many neighbours; islands stand out at zero.

    Parameters
    ----------
    counts : pandas.Series of int, shape (n,)
        Number of neighbours of each city.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or PlotOptions()
    if not len(counts):
        raise EstimationError("There are no cities whose neighbours could be counted.")
    language = options.language
    numbers = np.bincount(counts.to_numpy(dtype=int))
    across, up = label("axis_neighbours", language), label("axis_cities", language)
    mean = label("mean_neighbours", language, mean=written_number(float(counts.mean()), 2))
    texts = [options.title, options.note, across, up, mean, _DIGITS]
    with house_style(language, texts) as families:
        ax = plot_axes(ax, options, aspect=0.7, families=families)
        colours = [BAR_COLOUR if i else "#cc6677" for i in range(len(numbers))]
        ax.bar(np.arange(len(numbers)), numbers, width=0.8, color=colours, zorder=2)
        ax.axvline(float(counts.mean()), color=INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=3)
        ax.annotate(
            mean,
            (float(counts.mean()), 1.0),
            (3.0, -2.0),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=BODY_SIZE,
        )
        ax.set_ylim(0.0, numbers.max() * 1.15)
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        ax.grid(axis="y", color=HAIRLINE, linewidth=0.3, zorder=0)
        finish(ax, options, families)
    return ax
