"""Density ridges: how a distribution moves, spreads or splits from year to year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_lines import number_axis
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    INK,
    PlotOptions,
    column_width_mm,
    column_word,
    finish,
    house_style,
    line_height_mm,
    middle_cut,
    plot_axes,
)
from shapefiles.figures_panels import panel_mosaic, panel_title
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import sequential_colours
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import checked_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RidgeMark = Literal["mean", "median", "peak", "none"]

MOST_PANELS = 9
NEGLIGIBLE = 0.002
"""Values where no density reaches this share of the highest are left off the axis."""

_ROW_MM = 5.2
_DIGITS = "0123456789−,.–% "


def density_ridges_plot(
    densities: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    axis_label: str = "",
    mark: RidgeMark = "median",
    overlap: float = 2.2,
    years: Sequence[Any] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw kernel densities of years as ridges, the first year on top.

    Parameters
    ----------
    densities : pandas.DataFrame of shape (values, years), or mapping of str to such frames
        Index: rising values; a column for each year, as ``density`` of
        ``analyses.indices.kernel_densities``. A mapping gives a panel for each group, all with
        the same axis of values and the same scale of heights.
    axis_label : str
        What the values are, with the unit.
    mark : {"mean", "median", "peak", "none"}
        A stroke in each ridge, of the density itself; the mean of a kernel density is that of the
        values.
    overlap : float
        Height of the highest ridge, in rows.
    years : sequence, optional
        Years to draw; all by default.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Row i is year i from the top, its ground at height -i; the densities of all years and
        groups have one scale. With groups, the ``child_axes`` are the panels.

    Raises
    ------
    ConfigError
        If there are more than nine groups, a year is not known, or the overlap is not positive.
    EstimationError
        If densities are missing or negative, or values do not rise.
    """
    options = options or PlotOptions()
    checked_option(mark, RidgeMark, name="mark")
    if not overlap > 0:
        raise ConfigError(f"overlap={overlap!r}: the height of a ridge is positive.")
    groups = dict(densities) if isinstance(densities, Mapping) else {"": densities}
    frames = {str(name): _checked(frame, str(name), years) for name, frame in groups.items()}
    if not 1 <= len(frames) <= MOST_PANELS:
        raise ConfigError(f"A figure holds 1 to {MOST_PANELS} groups, not {len(frames)}.")
    all_years = sorted({year for frame in frames.values() for year in frame.columns})
    highest = max(float(frame.to_numpy().max()) for frame in frames.values())
    limits = _limits(frames.values(), highest)
    language = options.language
    words = {name: plain_text(name, limit=NAME_LIMIT) for name in frames}
    across = plain_text(axis_label)
    note = (
        ""
        if mark == "none"
        else label("ridges_note", language, mark=label(f"ridges_{mark}", language))
    )
    texts = [across, note, options.title, options.note, *words.values(), *all_years, _DIGITS]
    with house_style(language, texts) as families:
        alone = not isinstance(densities, Mapping)
        columns = 1 if alone else _columns(len(frames), options)
        rows = -(-len(frames) // columns)
        # Many years stand closer, down to half a line; then only some are written.
        row_mm = max(_ROW_MM * min(1.0, 14.0 / len(all_years)), 1.5)
        panel_mm = row_mm * (len(all_years) + overlap)
        height = rows * (panel_mm + 9.0) + 16.0
        ax = plot_axes(
            ax, options, aspect=height / column_width_mm(options.width), families=families
        )
        panels = [ax] if alone else _panels(ax, options, families, list(frames), columns)
        room = (column_width_mm(options.width) - 14.0) / columns - 4.0
        for panel, (name, frame) in zip(panels, frames.items(), strict=True):
            _ridges(panel, frame, all_years, overlap / highest, mark)
            _values_axis(panel, limits, all_years, overlap)
            if words[name]:
                panel_title(panel, middle_cut(words[name], room, families))
        every = int(np.ceil(line_height_mm(BODY_SIZE) * 0.9 / row_mm))
        for at, panel in enumerate(panels):
            if at % columns == 0:
                _year_names(panel, all_years, every)
            if at + columns < len(panels):
                panel.tick_params(labelbottom=False)
            else:
                panel.set_xlabel(across)
        finish(ax, options, families, note)
    return ax


def _checked(frame: pd.DataFrame, name: str, years: Sequence[Any] | None) -> pd.DataFrame:
    of = f" of {name!r}" if name else ""
    if years is not None:
        unknown = [year for year in years if year not in frame.columns]
        if unknown:
            raise ConfigError(
                f"Years {listed(unknown)} have no density{of}; known: {listed(frame.columns)}."
            )
        frame = frame[list(years)]
    at, values = frame.index.to_numpy(dtype=float), frame.to_numpy(dtype=float)
    if values.size == 0 or not np.isfinite(values).all() or values.min() < 0 or values.max() == 0:
        raise EstimationError(f"Densities{of} must be finite, zero or positive, and not all zero.")
    if len(at) < 2 or not (np.diff(at) > 0).all():
        raise EstimationError(f"The values of the densities{of} must rise from row to row.")
    return frame.astype(float)


def _columns(groups: int, options: PlotOptions) -> int:
    """Return the panels in a row: as few rows as there can be, evenly filled."""
    most = 2 if column_word(options.width) == "single" else 4
    rows = -(-groups // most)
    return -(-groups // rows)


def _limits(frames: Any, highest: float) -> tuple[float, float]:
    lows, highs = [], []
    for frame in frames:
        seen = frame.index[(frame.to_numpy() > NEGLIGIBLE * highest).any(axis=1)]
        lows.append(float(seen.min()))
        highs.append(float(seen.max()))
    return min(lows), max(highs)


def _panels(
    ax: Axes, options: PlotOptions, families: Sequence[str], names: list[str], columns: int
) -> list[Axes]:
    cells = [f"panel-{at}" for at in range(len(names))]
    cells += [""] * (-len(cells) % columns)
    layout = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    return list(panel_mosaic(ax, options, families, layout, gap_mm=(4.0, 7.0)).values())


def _ridges(
    panel: Axes, frame: pd.DataFrame, years: Sequence[Any], scale: float, mark: RidgeMark
) -> None:
    colours = sequential_colours(max(len(years), 2) + 2, "blue")[1:-1]
    values = frame.index.to_numpy(dtype=float)
    for row, year in enumerate(years):
        if year not in frame.columns:
            continue
        density = frame[year].to_numpy(dtype=float)
        ridge = -row + density * scale
        depth = 3.0 + 0.01 * row  # later years lie over earlier ones
        panel.fill_between(
            values,
            -row,
            ridge,
            facecolor=colours[row],
            alpha=0.85,
            linewidth=0,
            zorder=depth,
            gid=f"ridge-{year}",
        )
        panel.plot(
            values, ridge, color=INK, linewidth=0.6, zorder=depth + 0.002, gid=f"line-{year}"
        )
        if mark != "none":
            at = _centre(values, density, mark)
            panel.plot(
                [at, at],
                [-row, -row + float(np.interp(at, values, density)) * scale],
                color=INK,
                linewidth=0.9,
                zorder=depth + 0.004,
                solid_capstyle="butt",
                path_effects=[withStroke(linewidth=1.9, foreground="white")],
                gid=f"mark-{year}",
            )


def _centre(values: np.ndarray, density: np.ndarray, mark: RidgeMark) -> float:
    """Return the mean, median or peak of a density by the trapezoid rule."""
    if mark == "peak":
        return float(values[int(np.argmax(density))])
    pieces = np.diff(values) * (density[:-1] + density[1:]) / 2.0
    if mark == "mean":
        moments = np.diff(values) * ((values * density)[:-1] + (values * density)[1:]) / 2.0
        return float(moments.sum() / pieces.sum())
    grown = np.concatenate([[0.0], np.cumsum(pieces)]) / pieces.sum()
    return float(np.interp(0.5, grown, values))


def _values_axis(
    panel: Axes, limits: tuple[float, float], years: Sequence[Any], overlap: float
) -> None:
    panel.set_xlim(*limits)
    panel.set_ylim(-(len(years) - 1) - 0.25, max(overlap, 0.6) + 0.1)
    panel.spines["left"].set_visible(False)
    panel.set_yticks([])
    number_axis(panel, most=5)
    panel.grid(axis="x", color=HAIRLINE, linewidth=0.3, zorder=0)
    for row in range(len(years)):
        panel.axhline(-row, color=HAIRLINE, linewidth=0.3, zorder=1)


def _year_names(panel: Axes, years: Sequence[Any], every: int) -> None:
    for row, year in enumerate(years):
        if row % every == 0:
            panel.annotate(
                str(year),
                (0.0, -row),
                (-3.0, 0.0),
                xycoords=panel.get_yaxis_transform(),
                textcoords="offset points",
                ha="right",
                va="baseline",
                fontsize=BODY_SIZE,
                annotation_clip=False,
                gid="year",
            )
