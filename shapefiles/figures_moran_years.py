"""Moran scatter plots of several years, panels of one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.classification import written_number
from shapefiles.figures_lines import number_axis
from shapefiles.figures_page import (
    INK,
    PlotOptions,
    column_width_mm,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.figures_panels import panel_mosaic, panel_title
from shapefiles.figures_scatter import cross_lines, farthest_names, lisa_points, write_names
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import LISA_COLOURS
from spatial.errors import ConfigError, EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_YEARS = 6
_GAP_MM = (4.0, 8.0)
_DIGITS = "0123456789−,.–%= "


def moran_scatter_years(
    local: Mapping[Any, Any],
    *,
    names: pd.Series | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a Moran scatter plot for each of some years, all with the same axes.

    Parameters
    ----------
    local : mapping of year to LocalMoran
        Results of ``spatial.autocorrelation.local_moran``, one to six.
    names : pandas.Series, optional
        Index: city ids; the points farthest from the middle are named, as far as there is room.
    options : PlotOptions, optional
        ``labelled``: how many points of each panel get their name.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the panels in the order given; the heading of each tells Moran's I,
        the slope of its line. Cities without neighbours in a year are counted in the note.

    Raises
    ------
    ConfigError
        If there is no year or more than six.
    EstimationError
        If every city of a year is without neighbours.
    """
    options = options or PlotOptions()
    language = options.language
    if not 1 <= len(local) <= MOST_YEARS:
        raise ConfigError(f"A figure holds 1 to {MOST_YEARS} years, not {len(local)}.")
    shown = {year: one.table[one.table["cluster"] != "Isolated"] for year, one in local.items()}
    empty = [year for year, table in shown.items() if not len(table)]
    if empty:
        raise EstimationError(f"Every city is without neighbours in {listed(empty)}.")
    headings = {year: _heading(year, one, language) for year, one in local.items()}
    present = {word for table in shown.values() for word in table["cluster"]}
    words = {
        word: label("lisa_" + word.lower().replace("-", "_").replace(" ", "_"), language)
        for word in LISA_COLOURS
        if word in present
    }
    chosen = {
        year: farthest_names(table["standardised"], table["lag"], names, options.labelled)
        for year, table in shown.items()
    }
    alone = sorted({len(one.table) - len(shown[year]) for year, one in local.items()})
    note = label("isolated_left_out", language, count=_span(alone)) if alone[-1] else ""
    axes = label("axis_standardised", language), label("axis_lag", language)
    texts = [*axes, note, options.title, options.note, *headings.values(), *words.values()]
    texts += [name for some in chosen.values() for name in some]
    with house_style(language, [*texts, _DIGITS]) as families:
        columns = _columns(len(local), options)
        cells = [str(at) for at in range(len(local))] + [""] * (-len(local) % columns)
        layout = [cells[at : at + columns] for at in range(0, len(cells), columns)]
        width = column_width_mm(options.width)
        side = (width - 16.0 - _GAP_MM[0] * (columns - 1)) / columns
        height = len(layout) * side + _GAP_MM[1] * (len(layout) - 1) + 30.0
        ax = plot_axes(ax, options, aspect=height / width, families=families)
        mosaic = panel_mosaic(ax, options, families, layout, gap_mm=_GAP_MM)
        panels = dict(zip(local, mosaic.values(), strict=True))
        limits = _limits(shown.values())
        for at, (year, panel) in enumerate(panels.items()):
            cross_lines(panel, 0.0, 0.0)
            lisa_points(panel, shown[year])
            _line(panel, local[year].global_statistic, limits)
            panel_title(panel, headings[year])
            panel.tick_params(labelleft=at % columns == 0, labelbottom=at + columns >= len(panels))
        _shared_axes(ax, mosaic["0"], axes, words)
        finish(ax, options, families, note)
        for year, panel in panels.items():
            places = shown[year]["standardised"], shown[year]["lag"]
            slope = local[year].global_statistic
            write_names(panel, *places, chosen[year], families, slope=slope)
    return ax


def _columns(years: int, options: PlotOptions) -> int:
    most = 2 if column_word(options.width) == "single" else 3
    rows = -(-years // most)
    return -(-years // rows)


def _heading(year: Any, local: Any, language: Any) -> str:
    statistic = label(
        "moran_statistic", language, statistic=written_number(local.global_statistic, 3)
    )
    return label("moran_year", language, year=plain_text(year), statistic=statistic)


def _span(counts: list[int]) -> str:
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"


def _limits(tables: Any) -> np.ndarray:
    """Return low and high of both axes, around all years and the origin."""
    points = np.vstack([table[["standardised", "lag"]].to_numpy() for table in tables])
    low = np.minimum(points.min(axis=0), 0.0)
    high = np.maximum(points.max(axis=0), 0.0)
    margin = 0.07 * np.where(high > low, high - low, 1.0)
    return np.array([low - margin, high + margin])


def _line(panel: Axes, statistic: float, limits: np.ndarray) -> None:
    panel.set_xlim(*limits[:, 0])
    panel.set_ylim(*limits[:, 1])
    panel.plot(
        limits[:, 0],
        statistic * limits[:, 0],
        color=INK,
        linewidth=0.9,
        zorder=3,
        scalex=False,
        scaley=False,
        gid="moran-line",
    )
    number_axis(panel, most=5)
    number_axis(panel, which="y", most=5)


def _shared_axes(ax: Axes, first: Axes, names: tuple[str, str], words: Mapping[str, str]) -> None:
    """Name both axes once, and the colours in one legend over all panels."""
    style: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
    ax.annotate(
        names[0], (0.5, 0.0), (0.0, -14.0), xycoords="axes fraction", ha="center", va="top", **style
    )
    ax.annotate(
        names[1],
        (0.0, 0.5),
        (-22.0, 0.0),
        xycoords="axes fraction",
        ha="right",
        va="center",
        rotation=90,
        **style,
    )
    handles = {
        str(part.get_gid()).removeprefix("cluster-"): part
        for panel in ax.child_axes
        for part in panel.collections
        if str(part.get_gid()).startswith("cluster-")
    }
    first.legend(
        [handles[word] for word in words],
        list(words.values()),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=1.9,
        ncols=3,
        handletextpad=0.2,
        columnspacing=1.0,
    )
