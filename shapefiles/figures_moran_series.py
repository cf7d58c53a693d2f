"""Plot of Moran's I over the years: level, chance and significance at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from shapefiles.figures_lines import number_axis
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    PlotOptions,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.language import label
from spatial.errors import ConfigError, EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = "#2166ac"
_CHANCE = "#e6e6e3"
_DIGITS = "0123456789−+,.–% "
_NEEDED = ("statistic", "expected", "z_score", "p_value")


def moran_years_plot(
    table: pd.DataFrame,
    *,
    alpha: float = 0.05,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot Moran's I by year; years that are significant have full circles, others open ones.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: years, numbers. Columns ``statistic``, ``expected``, ``z_score`` and ``p_value``,
        the p-value that decides (for example corrected over the years).
    alpha : float
        Level of significance.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        The grey band holds 95 per cent of the values without autocorrelation (normal
        approximation under randomisation).

    Raises
    ------
    ConfigError
        If a column is missing or ``alpha`` is no share.
    EstimationError
        If there is no year.
    """
    options = options or PlotOptions()
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise ConfigError(
            f"The table lacks the columns {listed(missing)}; it has {listed(table.columns)}."
        )
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha!r} must lie between 0 and 1, for example 0.05.")
    if table.empty:
        raise EstimationError("There is no year whose Moran's I could be drawn.")
    rows, language = table.sort_index(), options.language
    years = rows.index.to_numpy(dtype=float)
    found, expected = rows["statistic"].to_numpy(float), rows["expected"].to_numpy(float)
    z_score = rows["z_score"].to_numpy(float)
    # A statistic at its expectation tells nothing about the spread: no band there.
    apart = np.abs(z_score) > 1e-9
    spread = np.divide(found - expected, z_score, out=np.full(len(rows), np.nan), where=apart)
    clear = (rows["p_value"] < alpha).to_numpy()
    words = {
        "full": label("moran_years_significant", language, alpha=f"{alpha:g}"),
        "open": label("moran_years_not_significant", language),
        "band": label("moran_years_chance", language),
    }
    up, across = label("moran_i", language), label("year", language)
    texts = [options.title, options.note, up, across, *words.values(), _DIGITS]
    with house_style(language, texts) as families:
        single = column_word(options.width) == "single"
        ax = plot_axes(ax, options, aspect=0.75 if single else 0.4, families=families)
        ax.fill_between(
            years,
            expected - 1.96 * spread,
            expected + 1.96 * spread,
            color=_CHANCE,
            linewidth=0,
            label=words["band"],
            zorder=1,
            gid="chance",
        )
        ax.plot(years, expected, color=HAIRLINE, linewidth=0.6, zorder=2)
        ax.plot(years, found, color=_LINE, linewidth=1.1, zorder=3, gid="moran")
        for kind, chosen, fill in (("full", clear, _LINE), ("open", ~clear, "#ffffff")):
            if chosen.any():
                ax.scatter(
                    years[chosen],
                    found[chosen],
                    s=16.0,
                    facecolor=fill,
                    edgecolor=_LINE,
                    linewidths=0.9,
                    label=words[kind],
                    zorder=4,
                    gid=f"years-{kind}",
                )
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5 if single else 10))
        number_axis(ax, which="y")
        ax.margins(x=0.03, y=0.12)
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=1 if single else 3,
            fontsize=BODY_SIZE,
        )
        finish(ax, options, families)
    return ax
