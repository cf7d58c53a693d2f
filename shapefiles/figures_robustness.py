"""Plot how networks fall apart: what is left against the share of cities or links removed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from shapefiles.figures_page import (
    BODY_SIZE,
    PlotOptions,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import QUALITATIVE
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import RobustnessMeasure, checked_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ("-", "--", "-.", ":")
COLOURS = tuple(QUALITATIVE[place] for place in (4, 0, 3, 6, 5, 1, 8, 7))
_DIGITS = "0123456789−.,%= "
_SHORT = {"giant_component": "giant", "connectivity": "connectivity", "efficiency": "efficiency"}
_ALL_POINTS = 40  # with fewer known points each is marked


def robustness_plot(
    curves: Mapping[str, Any],
    *,
    measure: RobustnessMeasure = "giant_component",
    series_labels: Mapping[str, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot curves of removal, of one or several orders, with the bands of random ones.

    Parameters
    ----------
    curves : mapping of str to networks.Robustness
        All of cities, or all of links. Known orders (``random``, ``degree``, ``strength``,
        ``betweenness``, ``strongest``, ``weakest``, ``listed``) have wordings of their own.
    measure : {"giant_component", "connectivity", "efficiency"}
    series_labels : mapping, optional
        Name of a curve -> wording.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        A line for each order, the R index beside its name in the legend; shaded bands from the 5
        to the 95 per cent quantile of random orders.

    Raises
    ------
    ConfigError
        If there is no curve, more than eight, or cities and links are mixed.
    EstimationError
        If a curve has no efficiency.
    """
    checked_option(measure, RobustnessMeasure, name="measure")
    options = options or PlotOptions()
    language = options.language
    of_links = _checked(curves, measure)
    across = label("axis_removed_links" if of_links else "axis_removed_cities", language)
    up = label(f"axis_{measure}", language)
    words = {name: _wording(name, curves[name], series_labels, language) for name in curves}
    bands = [name for name in curves if f"{_SHORT[measure]}_low" in curves[name].curve.columns]
    note = label("robustness_band", language) if bands else ""
    texts = [across, up, note, options.title, options.note, *words.values(), _DIGITS]
    with house_style(language, texts) as families:
        narrow = column_word(options.width) == "single"
        ax = plot_axes(ax, options, aspect=0.95 if narrow else 0.55, families=families)
        for (name, one), colour, style in zip(curves.items(), cycle(COLOURS), cycle(STYLES)):
            known = one.curve[one.curve[measure].notna()]
            at = known.index.to_numpy(dtype=float)
            if name in bands:
                ax.fill_between(
                    at,
                    known[f"{_SHORT[measure]}_low"].to_numpy(dtype=float),
                    known[f"{_SHORT[measure]}_high"].to_numpy(dtype=float),
                    color=colour,
                    alpha=0.2,
                    linewidth=0,
                    gid="robustness-band",
                )
            ax.plot(
                at,
                known[measure].to_numpy(dtype=float),
                color=colour,
                linestyle=style,
                linewidth=1.1,
                marker="o" if len(at) <= _ALL_POINTS else "",
                markersize=2.2,
                label=words[name],
                gid="robustness-line",
            )
        ax.set_xlim(0.0, max(float(one.curve.index.max()) for one in curves.values()))
        ax.set_ylim(0.0, 1.02)
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=1 if narrow else 2,
            fontsize=BODY_SIZE,
            handlelength=3.0,
        )
        finish(ax, options, families, note)
    return ax


def _checked(curves: Mapping[str, Any], measure: str) -> bool:
    """Check the curves; tell whether they are of links."""
    if not 1 <= len(curves) <= len(COLOURS):
        raise ConfigError(
            f"A plot holds one to {len(COLOURS)} curves, not {len(curves)}; choose the orders that "
            "matter."
        )
    kinds = {one.configuration.function for one in curves.values()}
    if len(kinds) > 1:
        raise ConfigError(
            "Removal of cities and of links have different axes; plot them side by side."
        )
    bare = [name for name, one in curves.items() if one.curve[measure].notna().sum() < 2]
    if bare:
        raise EstimationError(
            f"The curves {listed(bare)} hold no {measure}; ask for it by efficiency_points=."
        )
    return kinds == {"link_robustness"}


def _wording(name: str, curve: Any, series_labels: Mapping[str, str] | None, language: Any) -> str:
    order = curve.configuration.options["order"]
    given = (series_labels or {}).get(name)
    if given is None:
        given = label(f"removal_{order}", language) if name == order else name
    r_index = f"{curve.r_index:.3f}" if np.isfinite(curve.r_index) else "–"
    return label("robustness_series", language, name=plain_text(given, limit=40), value=r_index)
