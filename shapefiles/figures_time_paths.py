"""Plot of LISA time paths: how cities travel through the Moran scatter plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.figures_labels import place_names
from shapefiles.figures_lines import PALE
from shapefiles.figures_page import (
    HAIRLINE,
    PlotOptions,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.language import label
from shapefiles.palettes import QUALITATIVE
from spatial.errors import EstimationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = tuple(colour for colour in QUALITATIVE if colour not in PALE)
_DIGITS = "0123456789−+,.–% "
_MIDDLE = {"standardised": 0.0, "relative": 1.0}


def time_paths_plot(
    found: Any,
    *,
    names: pd.Series | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the longest paths through the Moran scatter plot, an arrow at the end of each.

    Parameters
    ----------
    found : LisaTimePaths
        See ``spatial.autocorrelation.lisa_time_paths``.
    names : pandas.Series, optional
        Index: city ids; written at the ends as far as there is room. The ids by default.
    options : PlotOptions, optional
        ``labelled``: how many paths are drawn.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Thin lines mark the mean, where the scale has one.
    """
    options = options or PlotOptions()
    language = options.language
    known = found.table["length"].dropna()
    chosen = known.sort_values(ascending=False, kind="stable").index[: max(options.labelled, 1)]
    if not len(chosen):
        raise EstimationError("No city has neighbours in every year; there is no path to draw.")
    scale = str(found.configuration.options["scale"])
    standard = scale == "standardised"
    across = label("axis_standardised" if standard else f"axis_path_own_{scale}", language)
    up = label("axis_lag" if standard else f"axis_path_lag_{scale}", language)
    years = found.points.index.get_level_values(1).unique()
    note = label(
        "time_paths_note",
        language,
        count=len(chosen),
        total=len(known),
        first=years[0],
        last=years[-1],
    )
    words = [str(city if names is None else names.get(city, city)) for city in chosen]
    texts = [across, up, note, options.title, options.note, *words, _DIGITS]
    with house_style(language, texts) as families:
        single = column_word(options.width) == "single"
        ax = plot_axes(ax, options, aspect=1.0 if single else 0.7, families=families)
        if scale in _MIDDLE:
            ax.axvline(_MIDDLE[scale], color=HAIRLINE, linewidth=0.6, zorder=1)
            ax.axhline(_MIDDLE[scale], color=HAIRLINE, linewidth=0.6, zorder=1)
        ends, steps = [], []
        for at, city in enumerate(chosen):
            path = found.points.loc[city][["own", "lag"]].to_numpy()
            colour = _COLOURS[at % len(_COLOURS)]
            ax.plot(
                path[:, 0], path[:, 1], color=colour, linewidth=0.9, zorder=3, gid=f"path-{city}"
            )
            arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 0.9, "mutation_scale": 6.0}
            arrow |= {"shrinkA": 0.0, "shrinkB": 0.0}
            ax.annotate("", xy=path[-1], xytext=path[-2], arrowprops=arrow, zorder=4)
            ends.append(path[-1])
            shares = np.linspace(0.0, 1.0, 12)[:, None, None]
            steps.append((path[:-1] + shares * np.diff(path, axis=0)).reshape(-1, 2))
        ax.margins(0.08)
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        finish(ax, options, families, note)
        places, crowd = np.array(ends), np.vstack(steps)
        for text in place_names(
            ax,
            places[:, 0],
            places[:, 1],
            words,
            radii=2.0,
            families=families,
            obstacles=np.column_stack([crowd, np.full(len(crowd), 0.5)]),
            leaders=True,
        ).values():
            text.set_in_layout(False)
    return ax
