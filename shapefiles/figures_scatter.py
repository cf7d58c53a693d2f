"""Scatter plots with quadrants: the Moran scatter plot and resistance against recovery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from shapefiles.classification import written_number
from shapefiles.figures_labels import NAME_LIMIT, place_names
from shapefiles.figures_lines import PALE
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    INK,
    LINE_SPACING,
    MUTED,
    PlotOptions,
    column_word,
    figure_size_mm,
    finish,
    house_style,
    line_height_mm,
    plot_axes,
    wrapped,
)
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import LISA_COLOURS, QUALITATIVE
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, EstimationError
from spatial.options import checked_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QuadrantLines = Literal["zero", "median"]

_DIGITS = "0123456789−+,.–%()"
_CORNERS: Mapping[tuple[int, int], tuple[float, float, str, str]] = {
    (1, 1): (0.99, 0.985, "right", "top"),
    (-1, 1): (0.01, 0.985, "left", "top"),
    (-1, -1): (0.01, 0.015, "left", "bottom"),
    (1, -1): (0.99, 0.015, "right", "bottom"),
}
_LISA_SIDES: Mapping[str, tuple[int, int]] = {
    "High-High": (1, 1),
    "Low-High": (-1, 1),
    "Low-Low": (-1, -1),
    "High-Low": (1, -1),
}
TYPOLOGY_SIDES: Mapping[tuple[int, int], str] = {
    (1, 1): "typology_resistant_recovering",
    (1, -1): "typology_resistant_slow",
    (-1, 1): "typology_nonresistant_recovering",
    (-1, -1): "typology_nonresistant_slow",
}
"""Side of the lines (x, y) -> label of the quadrant (Faggian et al. 2018)."""

MARKERS = ("o", "s", "D", "P", "X", "p", "h")
"""No triangles: they point to cities beyond the axes."""

GROUP_COLOURS = tuple(colour for colour in QUALITATIVE if colour not in PALE)
POINT_AREA = 11.0


def moran_scatter(
    local: Any,
    *,
    names: pd.Series | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the spatial lag against the value; the slope of the line is Moran's I.

    Parameters
    ----------
    local : LocalMoran
        Result of `spatial.autocorrelation.local_moran`: ``table`` with ``standardised``, ``lag``
        and ``cluster``, and ``global_statistic``.
    names : pandas.Series, optional
        Index: city ids; names of the points farthest from the middle are written.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Points in the colours of the LISA map; cities without neighbours are counted in the note.

    Notes
    -----
    Anselin (1996), The Moran scatterplot as an ESDA tool. For row-standardised weights without
    islands the least-squares line through the origin has the slope I; the line drawn has the
    slope ``global_statistic`` in every case.
    """
    options = options or PlotOptions()
    language = options.language
    table = local.table
    isolated = table["cluster"] == "Isolated"
    shown = table[~isolated]
    if not len(shown):
        raise EstimationError("Every city is without neighbours; there is nothing to plot.")
    quadrants = _lisa_words(shown, language)
    statistic = label(
        "moran_statistic", language, statistic=written_number(local.global_statistic, 3)
    )
    note = label("isolated_left_out", language, count=int(isolated.sum())) if isolated.any() else ""
    axis_x, axis_y = label("axis_standardised", language), label("axis_lag", language)
    chosen = farthest_names(shown["standardised"], shown["lag"], names, options.labelled)
    texts = [axis_x, axis_y, statistic, note, options.title, options.note, *quadrants.values()]
    with house_style(language, [*texts, *chosen, _DIGITS]) as families:
        ax = plot_axes(ax, options, aspect=_aspect(options), families=families)
        ax.set_xlabel(axis_x)
        ax.set_ylabel(axis_y)
        cross_lines(ax, 0.0, 0.0)
        lisa_points(ax, shown)
        points = shown[["standardised", "lag"]].to_numpy()
        sides = {_LISA_SIDES[word]: text for word, text in quadrants.items()}
        limits = _limits(points.min(axis=0), points.max(axis=0))
        corners = _corner_words(ax, sides, limits, families)
        reach = np.array(ax.get_xlim())
        ax.plot(
            reach,
            local.global_statistic * reach,
            color=INK,
            linewidth=0.9,
            zorder=3,
            scalex=False,
            scaley=False,
            label=statistic,
            gid="moran-line",
        )
        legend_above(ax)
        finish(ax, options, families, note)
        boxes = [text.get_window_extent().extents for text in corners]
        places = shown["standardised"], shown["lag"]
        slope = local.global_statistic
        write_names(ax, *places, chosen, families, boxes, slope=slope)
    return ax


def _aspect(options: PlotOptions) -> float:
    return 1.0 if column_word(options.width) == "single" else 0.62


def _lisa_words(shown: pd.DataFrame, language: Any) -> dict[str, str]:
    """Return the words of each quadrant with its counts; values on an axis belong to the high."""
    high, lag_high = shown["standardised"] >= 0.0, shown["lag"] >= 0.0
    words = {}
    for quadrant, (right, up) in _LISA_SIDES.items():
        inside = (high == (right > 0)) & (lag_high == (up > 0))
        name = label("lisa_" + quadrant.lower().replace("-", "_"), language)
        counts = label(
            "quadrant_counts",
            language,
            count=int(inside.sum()),
            significant=int((shown["cluster"] == quadrant).sum()),
        )
        words[quadrant] = f"{name}\n{counts}"
    return words


def lisa_points(ax: Axes, shown: pd.DataFrame) -> None:
    """Draw the points of a Moran scatter plot in the colours of the LISA map."""
    for step, (cluster, colour) in enumerate(reversed(LISA_COLOURS.items())):
        inside = shown[shown["cluster"] == cluster]
        if len(inside):
            ax.scatter(
                inside["standardised"],
                inside["lag"],
                s=POINT_AREA,
                color=colour,
                edgecolors="#6e6e6e" if cluster == "Not significant" else "#ffffff",
                linewidths=0.3,
                zorder=4 + 0.01 * step,
                gid=f"cluster-{cluster}",
            )


def cross_lines(ax: Axes, x: float, y: float) -> None:
    """Draw the lines that part the quadrants."""
    ax.axvline(x, color=HAIRLINE, linewidth=0.6, zorder=1)
    ax.axhline(y, color=HAIRLINE, linewidth=0.6, zorder=1)


def _limits(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return limits of x and y around the points and the origin."""
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    return low, np.where(high > low, high, low + 1.0)


def _corner_words(
    ax: Axes,
    words: Mapping[tuple[int, int], str],
    limits: tuple[np.ndarray, np.ndarray],
    families: Sequence[str],
) -> list[Any]:
    """Write the words of the quadrants into the corners; make room above and below the points."""
    place = ax.get_position()
    width_mm, height_mm = figure_size_mm(ax.figure)
    # Two corners share the width; long words take two lines.
    room = 0.44 * place.width * width_mm
    texts = {
        side: "\n".join(wrapped(line, room, families=families) for line in text.split("\n"))
        for side, text in words.items()
    }
    lines = 1 + max(text.count("\n") for text in texts.values())
    share = (lines * line_height_mm(BODY_SIZE) + 3.5) / (0.75 * place.height * height_mm)
    (low_x, low_y), (high_x, high_y) = limits
    margin_x, margin_y = 0.05 * (high_x - low_x), share * (high_y - low_y)
    ax.set_xlim(low_x - margin_x, high_x + margin_x)
    ax.set_ylim(low_y - margin_y, high_y + margin_y)
    written = []
    for side, text in texts.items():
        x, y, across, along = _CORNERS[side]
        written.append(
            ax.text(
                x,
                y,
                text,
                transform=ax.transAxes,
                ha=across,
                va=along,
                fontsize=BODY_SIZE,
                linespacing=LINE_SPACING,
                color=MUTED,
                zorder=10,
                gid=f"quadrant-{side[0]}-{side[1]}",
                path_effects=[withStroke(linewidth=1.6, foreground="white")],
            )
        )
    return written


def farthest_names(x: pd.Series, y: pd.Series, names: pd.Series | None, n: int) -> pd.Series:
    """Return the names of the points farthest from the middle, in units of the spread."""
    if names is None or n < 1:
        return pd.Series(dtype=object)
    away = ((x - x.median()) / (x.std() or 1.0)) ** 2 + ((y - y.median()) / (y.std() or 1.0)) ** 2
    order = away.sort_values(ascending=False, kind="stable").index[:n]
    known = [city for city in order if city in names.index]
    return names.loc[known].map(lambda name: plain_text(name, limit=NAME_LIMIT))


def write_names(
    ax: Axes,
    x: pd.Series,
    y: pd.Series,
    chosen: pd.Series,
    families: Sequence[str],
    boxes: Sequence[Any] = (),
    slope: float | None = None,
) -> None:
    """Write names beside some of the points of a finished plot, as far as there is room.

    Boxes (pixels), all points, and a line of a slope through the origin are kept free.
    """
    if not len(chosen):
        return
    radius = float(np.sqrt(POINT_AREA)) / 2.0
    everything = np.column_stack([x, y, np.full(len(x), 0.6 * radius)])
    if slope is not None:
        steps = np.linspace(*ax.get_xlim(), 160)
        line = np.column_stack([steps, slope * steps, np.full(len(steps), 0.5)])
        everything = np.vstack([everything, line])
    for text in place_names(
        ax,
        x.loc[chosen.index].to_numpy(),
        y.loc[chosen.index].to_numpy(),
        list(chosen),
        radii=radius,
        families=families,
        obstacles=everything,
        blocked=[tuple(box) for box in boxes],
        leaders=True,
    ).values():
        text.set_in_layout(False)


def resistance_recovery_plot(
    resistance: pd.Series,
    recovery: pd.Series,
    *,
    names: pd.Series | None = None,
    groups: pd.Series | None = None,
    lines: QuadrantLines = "zero",
    axis_labels: tuple[str, str] | None = None,
    clip: float = 3.0,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot recovery against resistance, in four quadrants with their counts.

    Parameters
    ----------
    resistance, recovery : pandas.Series of shape (n,)
        Same city ids; cities without one of the two are counted in the note.
    names : pandas.Series, optional
        Index: city ids; names of the points farthest from the middle are written.
    groups : pandas.Series, optional
        Index: city ids; up to seven groups get colours and markers of their own.
    lines : {"zero", "median"}
        Where the quadrants part: at the movement of the nation (zero) or at the medians. The
        medians are marked at the axes in both cases.
    axis_labels : (str, str), optional
        Wordings of the axes; "Resistance" and "Recovery" if None.
    clip : float
        Points farther from the median than this many interquartile ranges (on an axis) are moved
        to the edge, drawn as triangles that point outwards, and counted in the note; they count in
        their quadrant.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AlignmentError
        If the two do not hold the same cities.
    EstimationError
        If no city has both values.
    """
    options = options or PlotOptions()
    checked_option(lines, QuadrantLines, name="lines")
    require_same_cities(
        resistance.index, recovery.index, left_name="resistance", right_name="recovery"
    )
    table = pd.DataFrame({"x": resistance, "y": recovery.reindex(resistance.index)}).astype(float)
    finite = pd.Series(np.isfinite(table.to_numpy()).all(axis=1), index=table.index)
    shown = table.loc[finite]
    if not len(shown):
        raise EstimationError("No city has both resistance and recovery; check the phases.")
    centre = (0.0, 0.0) if lines == "zero" else (shown["x"].median(), shown["y"].median())
    language = options.language
    sides = np.where(shown.to_numpy() > np.asarray(centre), 1, -1)
    words = {
        side: f"{label(key, language)}\nn = {int((sides == side).all(axis=1).sum())}"
        for side, key in TYPOLOGY_SIDES.items()
    }
    limits = _robust_limits(shown, centre, clip)
    inside = shown.clip(lower=limits[0], upper=limits[1], axis=1)
    beyond = (inside != shown).any(axis=1)
    notes = _notes(int(beyond.sum()), int((~finite).sum()), language)
    x_label, y_label = axis_labels or (label("resistance", language), label("recovery", language))
    group_of = _checked_groups(groups, shown.index)
    chosen = farthest_names(inside["x"], inside["y"], names, options.labelled)
    texts = [options.title, options.note, *notes, x_label, y_label, *words.values(), *chosen]
    with house_style(language, [*texts, *group_of.unique(), _DIGITS]) as families:
        ax = plot_axes(ax, options, aspect=_aspect(options), families=families)
        ax.set_xlabel(plain_text(x_label))
        ax.set_ylabel(plain_text(y_label))
        cross_lines(ax, *centre)
        _group_points(ax, inside, beyond, group_of, shown, named=groups is not None)
        corners = _corner_words(ax, words, limits, families)
        _median_marks(ax, shown)
        if groups is not None:
            legend_above(ax)
        finish(ax, options, families, *notes)
        boxes = [text.get_window_extent().extents for text in corners]
        write_names(ax, inside["x"], inside["y"], chosen, families, boxes)
    return ax


def _notes(beyond: int, lacking: int, language: Any) -> list[str]:
    notes = []
    if beyond:
        notes.append(label("points_beyond", language, count=beyond))
    if lacking:
        notes.append(label("values_left_out", language, count=lacking))
    return notes


def _robust_limits(
    shown: pd.DataFrame, centre: tuple[float, float], clip: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper limits of x and y: the data, but not far beyond the bulk."""
    low, middle, high = (shown.quantile(q).to_numpy() for q in (0.25, 0.5, 0.75))
    reach = clip * (high - low)
    reach = np.where(reach > 0, reach, np.inf)
    data_low, data_high = shown.min().to_numpy(), shown.max().to_numpy()
    lower = np.minimum(np.maximum(data_low, middle - reach), centre)
    upper = np.maximum(np.minimum(data_high, middle + reach), centre)
    return lower, np.where(upper > lower, upper, lower + 1.0)


def _checked_groups(groups: pd.Series | None, ids: pd.Index) -> pd.Series:
    if groups is None:
        return pd.Series("", index=ids)
    texts = groups.reindex(ids).astype(object).where(lambda g: g.notna(), "–").map(plain_text)
    if texts.nunique() > len(MARKERS):
        raise ConfigError(
            f"{texts.nunique()} groups cannot be told apart by marker; {len(MARKERS)} can. Merge "
            "groups or leave them out."
        )
    return texts


def _group_points(
    ax: Axes,
    inside: pd.DataFrame,
    beyond: pd.Series,
    group_of: pd.Series,
    shown: pd.DataFrame,
    *,
    named: bool,
) -> None:
    for step, group in enumerate(sorted(group_of.unique())):
        members = group_of == group
        colour = GROUP_COLOURS[step] if named else "#3b6ea5"
        near = inside[members & ~beyond]
        ax.scatter(
            near["x"],
            near["y"],
            s=POINT_AREA * (1.5 if named and MARKERS[step] in "PXp" else 1.0),
            marker=MARKERS[step] if named else "o",
            color=colour,
            edgecolors="#ffffff",
            linewidths=0.2,
            zorder=4,
            # matplotlib leaves out labels that begin with an underscore
            label=f" {group}" if group.startswith("_") else group,
            gid=f"group-{step}",
        )
        for city in inside.index[members & beyond]:
            _triangle(ax, inside.loc[city].to_numpy(), shown.loc[city].to_numpy(), colour)


def _triangle(ax: Axes, at: np.ndarray, true: np.ndarray, colour: str) -> None:
    """Draw a triangle at the edge that points to where the city would lie."""
    turn = float(np.degrees(np.arctan2(*np.sign(true - at)[::-1]))) - 90.0
    ax.plot(
        [at[0]],
        [at[1]],
        marker=(3, 0, turn),
        markersize=5.4,
        color=colour,
        markeredgecolor="#ffffff",
        markeredgewidth=0.3,
        linestyle="none",
        zorder=5,
        gid="beyond",
        scalex=False,
        scaley=False,
    )


def _median_marks(ax: Axes, shown: pd.DataFrame) -> None:
    """Mark the medians by short dotted lines across the plot."""
    style: dict[str, Any] = {
        "color": MUTED,
        "linewidth": 0.6,
        "linestyle": (0, (1.2, 2.0)),
        "zorder": 2,
    }
    ax.axvline(float(shown["x"].median()), gid="median-x", **style)
    ax.axhline(float(shown["y"].median()), gid="median-y", **style)


def legend_above(ax: Axes) -> None:
    """Write the legend in one line over the axes, names as plain text."""
    legend = ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.2,
        ncols=4,
        handletextpad=0.2,
        columnspacing=1.0,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
