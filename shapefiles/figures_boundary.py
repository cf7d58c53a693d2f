"""Plot how far spillovers reach: the indirect effect along distance, with its confidence band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shapefiles.classification import written_number
from shapefiles.figures_page import (
    BODY_SIZE,
    INK,
    PlotOptions,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.fonts import plain_text
from shapefiles.language import label
from spatial.errors import EstimationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = "#cc6677"
SIGNIFICANCE = 0.05  # that the note about hollow symbols names
RUN, LAST, HALF = "#882255", "#332288", "#117733"
STYLES = {"boundary_unbroken": "-.", "boundary_last": "--", "boundary_half": ":"}
_DIGITS = "0123456789−+,.–%()=: "


def boundary_plot(
    boundary: Any, *, options: PlotOptions | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the indirect effect of a sweep over distances.

    Parameters
    ----------
    boundary : SpilloverBoundary
        See ``spatial.regression.spillover_boundary``.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        A line with its 95 % band; hollow symbols are not significant at 5 %; squares mark distances
        at which cities are left without links; upright lines stand at the end of the unbroken run
        of significant distances, at the last significant one, unless the effect has turned its
        sign there, and at the half-decay distance, if the first effect is significant at all.
        Distances without an estimate leave a gap.

    Raises
    ------
    EstimationError
        If no distance has an estimate.
    """
    options = options or PlotOptions()
    language, table = options.language, boundary.table
    effect = table["indirect"].to_numpy(dtype=float)
    if not np.isfinite(effect).any():
        raise EstimationError("No distance of this sweep has an estimate to plot.")
    unit = plain_text(boundary.unit)
    across, up = (
        label("axis_boundary", language, unit=unit),
        label("axis_boundary_effect", language),
    )
    band = label("boundary_band", language)
    marks = {
        word: (label(word, language, distance=written_number(at, 0), unit=unit), at, colour)
        for word, at, colour in (
            ("boundary_unbroken", boundary.boundary, RUN),
            ("boundary_last", _last(boundary), LAST),
            ("boundary_half", _half(boundary), HALF),
        )
        if at is not None
    }
    sure = (table["indirect_p"] < SIGNIFICANCE).to_numpy()
    alone = (table["isolates"] > 0).to_numpy() & np.isfinite(effect)
    note = _note(language, hollow=not sure[np.isfinite(effect)].all(), squares=bool(alone.any()))
    words = [text for text, _, _ in marks.values()]
    texts = [across, up, band, note, options.title, options.note, *words, _DIGITS]
    with house_style(language, texts) as families:
        narrow = column_word(options.width) == "single"
        ax = plot_axes(ax, options, aspect=0.95 if narrow else 0.55, families=families)
        at = table.index.to_numpy(dtype=float)
        ax.fill_between(
            at,
            table["indirect_low"].to_numpy(dtype=float),
            table["indirect_high"].to_numpy(dtype=float),
            color=LINE,
            alpha=0.2,
            linewidth=0,
            label=band,
            gid="boundary-band",
        )
        ax.axhline(0.0, color=INK, linewidth=0.6, zorder=1)
        ax.plot(at, effect, color=LINE, linewidth=1.0, zorder=3, label=up, gid="boundary-line")
        _symbols(ax, at, effect, sure, alone)
        for word, (text, where, colour) in marks.items():
            ax.axvline(
                where,
                color=colour,
                linewidth=0.8,
                linestyle=STYLES[word],
                label=text,
                zorder=2,
                gid=word.replace("_", "-"),
            )
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: written_number(value, 0)))
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=1 if narrow else 2,
            fontsize=BODY_SIZE,
            columnspacing=1.2,
        )
        finish(ax, options, families, note)
    return ax


def _last(boundary: Any) -> float | None:
    """Last significant distance, where it says more than the end of the unbroken run."""
    at = boundary.last_significant
    if at is None or at == boundary.boundary:
        return None
    effect = boundary.table["indirect"]
    first = effect.dropna().iloc[0]
    return float(at) if np.sign(effect.loc[at]) == np.sign(first) else None


def _half(boundary: Any) -> float | None:
    """Half-decay distance; half of an effect that may be zero says nothing."""
    return None if boundary.boundary is None else boundary.half_decay


def _symbols(
    ax: Axes, at: np.ndarray, effect: np.ndarray, sure: np.ndarray, alone: np.ndarray
) -> None:
    for squares, marker in ((False, "o"), (True, "s")):
        chosen = np.isfinite(effect) & (alone == squares)
        if chosen.any():
            ax.scatter(
                at[chosen],
                effect[chosen],
                s=15.0,
                marker=marker,
                facecolors=[LINE if one else "#ffffff" for one in sure[chosen]],
                edgecolors=LINE,
                linewidths=0.8,
                zorder=4,
                gid=f"boundary-{'squares' if squares else 'points'}",
            )


def _note(language: Any, *, hollow: bool, squares: bool) -> str:
    parts = [label("effects_hollow", language)] if hollow else []
    parts += [label("boundary_isolates", language)] if squares else []
    return ("" if language == "zh" else " ").join(parts)
