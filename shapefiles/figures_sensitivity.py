"""Plots of how far a composite index depends on its weights, indicators and method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from shapefiles.classification import written_number
from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_lines import BAR_COLOUR, number_axis, row_names, rows_aspect
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    INK,
    MUTED,
    PlotOptions,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.fonts import plain_text
from shapefiles.language import label
from spatial.errors import EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DIGITS = "0123456789−+,.–% "
_FEWEST = 5
"""Rows for which there is room at least: title and note take theirs first."""

_DARK = 0.72
"""Correlations above stand on a dark ground and are written in white."""


def rank_intervals_plot(
    ranks: pd.DataFrame,
    *,
    names: pd.Series | None = None,
    top: int = 25,
    level: float = 0.9,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the rank of each city with the range that random weights give it, best on top.

    Parameters
    ----------
    ranks : pandas.DataFrame of shape (n, ...)
        ``ranks`` of `analyses.indices.sensitivity` for one year, indexed by city: ``rank``,
        ``rank_low``, ``rank_median``, ``rank_high``; rows without rank are left out.
    names : pandas.Series, optional
        Index: city ids; the ids are written if None.
    top : int
        How many cities are shown.
    level : float
        Share of the random weights inside the ranges, for the note.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Diamonds: rank in the index; ticks: median rank; bars: range.

    Raises
    ------
    EstimationError
        If columns are missing, a city comes twice, or no city has a rank.
    """
    options = options or PlotOptions()
    needed = ["rank", "rank_low", "rank_median", "rank_high"]
    missing = [column for column in needed if column not in ranks.columns]
    if missing:
        raise EstimationError(f"The table of ranks lacks columns {listed(missing)}.")
    if not ranks.index.is_unique:
        raise EstimationError("A city has several ranks; take the rows of one year.")
    shown = ranks.dropna(subset=needed).sort_values("rank", kind="stable").iloc[:top]
    if not len(shown):
        raise EstimationError("No city has a rank.")
    language = options.language
    known = {} if names is None else names.reindex(shown.index).dropna().to_dict()
    rows = [plain_text(known.get(city, city), limit=NAME_LIMIT) for city in shown.index]
    axis = label("axis_rank", language)
    note = label("rank_intervals_note", language, share=written_number(100 * level, 0))
    texts = [axis, note, options.title, options.note, *rows, _DIGITS]
    with house_style(language, texts) as families:
        aspect = rows_aspect(options, rows=len(rows), row_mm=3.6, rest_mm=20.0)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        at = np.arange(len(rows))
        ax.hlines(
            at, shown["rank_low"], shown["rank_high"], color="#9db8d2", linewidth=4.0, gid="ranges"
        )
        ax.plot(shown["rank_median"], at, "|", color=INK, markersize=6.0, zorder=3, gid="medians")
        ax.plot(shown["rank"], at, "D", color=BAR_COLOUR, markersize=3.2, zorder=4, gid="ranks")
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(left=0.0)
        row_names(ax, rows)
        ax.set_xlabel(axis)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        ax.grid(axis="x", color=HAIRLINE, linewidth=0.3, zorder=0)
        finish(ax, options, families, note)
    return ax


def agreement_plot(
    correlations: pd.DataFrame,
    *,
    variable_labels: Mapping[str, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the rank correlations between methods as a table of shaded cells with numbers.

    Parameters
    ----------
    correlations : pandas.DataFrame of shape (m, m)
        ``method_correlations`` of `analyses.indices.sensitivity`.
    variable_labels : mapping, optional
        Method -> wording; by default the dictionary's wording of the method.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    EstimationError
        If rows and columns differ.
    """
    options = options or PlotOptions()
    if list(correlations.index) != list(correlations.columns) or not len(correlations):
        raise EstimationError("Rank correlations need the same methods in rows and columns.")
    language = options.language
    words = variable_labels or {}
    names = [
        plain_text(words.get(m) or label(f"composite_{m.replace('-', '_')}", language))
        for m in map(str, correlations.index)
    ]
    values = correlations.to_numpy(dtype=float)
    note = label("agreement_note", language)
    with house_style(language, [note, options.title, options.note, *names, _DIGITS]) as families:
        ax = plot_axes(ax, options, aspect=0.95, families=families)
        ax.imshow(np.nan_to_num(values), cmap="Blues", vmin=0.0, vmax=1.15, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            ax.text(
                column,
                row,
                written_number(value, 2) if np.isfinite(value) else "–",
                ha="center",
                va="center",
                fontsize=BODY_SIZE,
                color="white" if value > _DARK else INK,
                fontfamily=list(families),
            )
        at = np.arange(len(names))
        ax.set_xticks(at, names, rotation=45, ha="right", rotation_mode="anchor")
        ax.set_yticks(at, names)
        ax.tick_params(length=0)
        ax.spines[["left", "bottom"]].set_visible(False)
        finish(ax, options, families, note)
    return ax


def leave_one_out_plot(
    changes: pd.DataFrame,
    *,
    variable_labels: Mapping[str, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot how far ranks move when each indicator is left out, the most important on top.

    Parameters
    ----------
    changes : pandas.DataFrame
        ``leave_one_out`` of `analyses.indices.sensitivity`: index indicator, ``mean_shift`` and
        ``largest_shift``.
    variable_labels : mapping, optional
        Indicator -> wording.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Dots: mean shift; line ends: largest shift.

    Raises
    ------
    EstimationError
        If columns are missing or the table is empty.
    """
    options = options or PlotOptions()
    missing = [c for c in ("mean_shift", "largest_shift") if c not in changes.columns]
    if missing or not len(changes):
        raise EstimationError(f"Nothing to plot; columns that are missing: {listed(missing)}.")
    language = options.language
    table = changes.sort_values("mean_shift", ascending=False, kind="stable")
    words = variable_labels or {}
    rows = [plain_text(words.get(str(n), n), limit=NAME_LIMIT) for n in table.index]
    axis, note = label("axis_rank_shift", language), label("leave_one_out_note", language)
    texts = [axis, note, options.title, options.note, *rows, _DIGITS]
    with house_style(language, texts) as families:
        aspect = rows_aspect(options, rows=max(len(rows), _FEWEST), row_mm=4.4, rest_mm=24.0)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        at = np.arange(len(rows))
        ax.hlines(at, 0.0, table["largest_shift"], color=MUTED, linewidth=0.8, gid="largest")
        ax.plot(
            table["mean_shift"], at, "o", color=BAR_COLOUR, markersize=4.5, zorder=3, gid="means"
        )
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(left=0.0)
        row_names(ax, rows)
        ax.set_xlabel(axis)
        number_axis(ax)
        finish(ax, options, families, note)
    return ax
