"""Plots of whole networks: measures over years, rank and size, symmetry of cities, cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from networks.city_clusters import rank_size
from networks.sequence import NetworkSequence
from networks.structure import structure
from shapefiles.classification import written_number
from shapefiles.figures_greyscale import make_grey
from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_lines import number_axis, row_names, rows_aspect
from shapefiles.figures_page import (
    HAIRLINE,
    INK,
    MUTED,
    PlotOptions,
    column_word,
    finish,
    house_style,
    plot_axes,
)
from shapefiles.figures_scatter import write_names
from shapefiles.figures_series import series_looks
from shapefiles.fonts import plain_text
from shapefiles.language import known_labels, label
from spatial.errors import ConfigError, EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = ("density", "connectedness", "hierarchy", "efficiency_undirected", "efficiency_directed")
"""Measures between 0 and 1 that are drawn by default; of both efficiencies the first."""

MOST_SERIES = 6
_DIGITS = "0123456789−,.–%=()R² "


def network_trend_plot(
    table: pd.DataFrame | NetworkSequence,
    *,
    measures: Sequence[str] | None = None,
    right: str | None = "average_path_length",
    measure_labels: Mapping[str, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw measures of whole networks over years, those between 0 and 1 left, one more right.

    Parameters
    ----------
    table : pandas.DataFrame of shape (years, measures) or NetworkSequence
        Index: years; columns as in ``networks.NetworkStructure``, or any others. A sequence is
        measured by ``networks.structure``.
    measures : sequence of str, optional
        Columns of the left axis; by default density, connectedness, hierarchy and Krackhardt's
        efficiency as far as they are there.
    right : str or None
        Column of the right axis; None for none.
    measure_labels : mapping, optional
        Column -> wording.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        The left axes.

    Raises
    ------
    ConfigError
        If a column is missing or there are more than six.
    EstimationError
        If nothing is known in any year.
    """
    options = options or PlotOptions()
    language = options.language
    if isinstance(table, NetworkSequence):
        table = pd.DataFrame(
            {network.year: structure(network).tidy()["value"] for network in table}
        ).T
    left = list(_default_measures(table) if measures is None else measures)
    wanted = [*left, *([] if right is None else [right])]
    missing = [name for name in wanted if name not in table.columns]
    if missing or not left or len(wanted) > MOST_SERIES:
        raise ConfigError(
            f"Columns {listed(missing or wanted)} cannot be drawn; the table has "
            f"{listed(table.columns)}, and a plot holds 1 to {MOST_SERIES} of them."
        )
    years = table.sort_index()[wanted].astype(float)
    if not np.isfinite(years.to_numpy()).any():
        raise EstimationError("No measure is known in any year.")
    words = {name: _measure_word(name, measure_labels or {}, language) for name in wanted}
    up, year = label("trend_axis", language), label("year", language)
    beside = "" if right is None else words[right]
    if right is not None:
        words[right] = label("trend_right", language, measure=words[right])
    texts = [*words.values(), beside, up, year, options.title, options.note, _DIGITS]
    with house_style(language, texts) as families:
        narrow = column_word(options.width) == "single"
        ax = plot_axes(ax, options, aspect=0.85 if narrow else 0.5, families=families)
        looks = series_looks(len(wanted), greyscale=options.greyscale)
        lines = [_line(ax, years[n], look, words[n]) for n, look in zip(left, looks, strict=False)]
        ax.set_ylabel(up)
        ax.set_ylim(0.0, max(1.02, float(np.nanmax(years[left].to_numpy())) * 1.02))
        number_axis(ax, which="y")
        _year_axis(ax, years.index, year)
        if right is not None:
            other = ax.twinx()
            plot_axes(other, options, aspect=1.0, families=families)
            other.spines["right"].set_visible(True)
            other.spines["left"].set_visible(False)
            lines.append(_line(other, years[right], looks[-1], words[right]))
            other.set_ylabel(beside, color=INK)
            number_axis(other, which="y")
            if options.greyscale:
                make_grey(other)
        ax.legend(
            handles=lines,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.3,
            ncols=1 if narrow else 2,
            handlelength=3.0,
        )
        finish(ax, options, families)
    return ax


def _default_measures(table: pd.DataFrame) -> list[str]:
    known = [name for name in SHARES if name in table.columns]
    return [n for n in known if n != SHARES[4] or SHARES[3] not in known]


def _measure_word(name: str, labels: Mapping[str, str], language: Any) -> str:
    if name not in labels and f"structure_{name}" in known_labels():
        return label(f"structure_{name}", language)
    return plain_text(labels.get(name, name), limit=NAME_LIMIT)


def _line(ax: Axes, values: pd.Series, look: Any, word: str) -> Any:
    (line,) = ax.plot(
        values.index.to_numpy(dtype=float),
        values.to_numpy(),
        color=look.colour,
        linestyle=look.dash,
        marker=look.marker,
        markersize=3.0,
        linewidth=1.0,
        label=word,
        gid=f"trend-{values.name}",
    )
    return line


def _year_axis(ax: Axes, years: pd.Index, word: str) -> None:
    ax.set_xlim(float(years.min()) - 0.3, float(years.max()) + 0.3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    ax.set_xlabel(word)
    ax.grid(axis="y", color=HAIRLINE, linewidth=0.3, zorder=0)


def rank_size_plot(
    sizes: pd.Series | Mapping[str, pd.Series],
    *,
    names: pd.Series | None = None,
    axis_label: str = "",
    top: int | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw rank against size on logarithmic axes, with the line of the rank-size rule.

    Parameters
    ----------
    sizes : pandas.Series, or mapping of str to pandas.Series
        Positive sizes by city; a mapping for several years or measures (six at the most).
    names : pandas.Series, optional
        Index: city ids; the largest of the first series are named.
    axis_label : str
        What the sizes are, with the unit.
    top : int, optional
        As in ``networks.rank_size``: only so many of the largest.
    options : PlotOptions, optional
        ``labelled``: how many cities get their name.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        The legend tells the exponent of each line with its standard error (Gabaix and Ibragimov
        2011, doi:10.1198/jbes.2009.06157) and R squared.

    Raises
    ------
    ConfigError
        If there are more than six series.
    EstimationError
        If sizes are not positive, as ``networks.rank_size`` says.
    """
    options = options or PlotOptions()
    language = options.language
    given = dict(sizes) if isinstance(sizes, Mapping) else {"": sizes}
    if not 1 <= len(given) <= MOST_SERIES:
        raise ConfigError(f"A plot holds 1 to {MOST_SERIES} series, not {len(given)}.")
    fits = {name: rank_size(one, top=top) for name, one in given.items()}
    words = {name: _rank_word(name, fit, language) for name, fit in fits.items()}
    across = plain_text(axis_label) or label("rank_size_axis", language)
    up = label("rank_size_rank", language)
    drawn = {n: one.astype(float).sort_values(ascending=False)[:top] for n, one in given.items()}
    first = next(iter(drawn.values()))
    named = _first_names(names, first.index, options)
    texts = [*words.values(), *named, across, up, options.title, options.note, _DIGITS]
    with house_style(language, texts) as families:
        aspect = 0.95 if column_word(options.width) == "single" else 0.6
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        ax.set(xscale="log", yscale="log")
        looks = series_looks(len(given), greyscale=options.greyscale)
        for (name, one), look in zip(drawn.items(), looks, strict=True):
            _ranked(ax, one, fits[name], look, words[name])
        ax.invert_yaxis()
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(_plain_number))
            axis.set_minor_formatter(NullFormatter())
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.3, handlelength=3.0)
        finish(ax, options, families)
        ranks = pd.Series(np.arange(1.0, len(first) + 1.0), index=first.index)
        write_names(ax, first, ranks, named, families)
    return ax


def _first_names(names: pd.Series | None, order: pd.Index, options: PlotOptions) -> pd.Series:
    """Return the names of the first cities of an order."""
    if names is None:
        return pd.Series(dtype=object)
    known = names.reindex(order[: options.labelled]).dropna()
    return known.map(lambda name: plain_text(name, limit=NAME_LIMIT))


def _rank_word(name: str, fit: Any, language: Any) -> str:
    words = label(
        "rank_size_fit",
        language,
        exponent=written_number(fit.exponent, 2),
        error=written_number(fit.std_error, 2),
        fit=written_number(fit.r_squared, 3),
    )
    called = plain_text(name, limit=NAME_LIMIT)
    return f"{called}: {words}" if called else words


def _ranked(ax: Axes, sizes: pd.Series, fit: Any, look: Any, word: str) -> None:
    ax.plot(
        sizes.to_numpy(),
        np.arange(1, len(sizes) + 1),
        marker=look.marker,
        markersize=2.6,
        linestyle="none",
        markerfacecolor="none",
        markeredgecolor=look.colour,
        markeredgewidth=0.6,
        zorder=3,
        gid="ranks",
    )
    # The rule holds for rank less a shift; the line is drawn at the rank.
    shift = float(fit.configuration.options["shift"])
    ends = np.geomspace(float(sizes.min()), float(sizes.max()), 60)
    rank = np.exp(fit.intercept - fit.exponent * np.log(ends)) + shift
    ax.plot(
        ends,
        rank,
        color=look.colour,
        linestyle=look.dash,
        linewidth=1.0,
        marker=look.marker,
        markersize=2.6,
        markevery=[],
        label=word,
        zorder=2,
        gid="rule",
    )


def _plain_number(value: float, _: int | None = None) -> str:
    decimals = int(np.clip(-np.floor(np.log10(value)), 0, 6)) if value > 0 else 0
    return written_number(value, decimals)


def node_symmetry_plot(
    table: pd.DataFrame,
    *,
    names: pd.Series | None = None,
    unit: str = "",
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how much more cities receive than send, against what they exchange.

    Parameters
    ----------
    table : pandas.DataFrame
        ``table`` of ``networks.centralities`` with ``strength`` and ``symmetry`` (1 receives only,
        -1 sends only). Cities without links are left out and counted in the note.
    names : pandas.Series, optional
        Index: city ids; the strongest are named.
    unit : str
        Of the strengths.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    EstimationError
        If columns are missing or no city has links.
    """
    options = options or PlotOptions()
    language = options.language
    missing = [name for name in ("strength", "symmetry") if name not in table.columns]
    if missing:
        raise EstimationError(f"The table of cities lacks columns {listed(missing)}.")
    shown = table[(table["strength"] > 0) & table["symmetry"].notna()]
    if not len(shown):
        raise EstimationError("No city has links, so none sends or receives more.")
    words = label("number_unit", language, unit=plain_text(unit)) if unit else ""
    across, up = label("symmetry_strength", language) + words, label("symmetry_axis", language)
    sides = label("symmetry_receives", language), label("symmetry_sends", language)
    lacking = len(table) - len(shown)
    note = label("symmetry_left_out", language, count=lacking) if lacking else ""
    order = shown["strength"].sort_values(ascending=False, kind="stable").index
    named = _first_names(names, order, options)
    texts = [across, up, *sides, note, *named, options.title, options.note, _DIGITS]
    with house_style(language, texts) as families:
        aspect = 0.9 if column_word(options.width) == "single" else 0.55
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        ax.set_xscale("log")
        ax.axhline(0.0, color=HAIRLINE, linewidth=0.6, zorder=1)
        for receives, colour, marker in ((True, "#332288", "o"), (False, "#cc6677", "s")):
            chosen = shown[(shown["symmetry"] >= 0) == receives]
            ax.scatter(
                chosen["strength"],
                chosen["symmetry"],
                s=9.0,
                marker=marker,
                facecolors=colour if receives else "#ffffff",
                edgecolors=colour,
                linewidths=0.6,
                zorder=3,
                label=sides[0 if receives else 1],
                gid=f"symmetry-{'receives' if receives else 'sends'}",
            )
        reach = float(np.clip(shown["symmetry"].abs().max() * 1.15, 0.05, 1.02))
        ax.set_ylim(-reach, reach)
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.xaxis.set_major_formatter(FuncFormatter(_plain_number))
        ax.xaxis.set_minor_formatter(NullFormatter())
        number_axis(ax, which="y")
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=2)
        finish(ax, options, families, note)
        write_names(ax, shown["strength"], shown["symmetry"], named, families)
    return ax


def core_plot(
    found: Any,
    *,
    names: pd.Series | None = None,
    top: int = 25,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cities with the highest coreness; those of the core are filled.

    Parameters
    ----------
    found : networks.CorePeriphery
    names : pandas.Series, optional
        Index: city ids; the ids are written if None.
    top : int
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        The note tells the size of the core and how well the pattern fits.
    """
    options = options or PlotOptions()
    language = options.language
    best = found.table.sort_values("coreness", ascending=False, kind="stable").iloc[:top]
    known = {} if names is None else names.reindex(best.index).dropna().to_dict()
    rows = [plain_text(known.get(city, city), limit=NAME_LIMIT) for city in best.index]
    kinds = {True: label("core_inside", language), False: label("core_outside", language)}
    note = label(
        "core_note",
        language,
        count=found.n_core,
        total=len(found.table),
        fit=written_number(found.correlation, 2),
    )
    across = label("core_axis", language)
    texts = [*rows, *kinds.values(), note, across, options.title, options.note, _DIGITS]
    with house_style(language, texts) as families:
        aspect = rows_aspect(options, rows=len(rows), row_mm=3.6, rest_mm=24.0)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        at, value = np.arange(len(rows)), best["coreness"].to_numpy()
        ax.hlines(at, 0.0, value, color=MUTED, linewidth=0.6, zorder=2)
        for inside, word in kinds.items():
            chosen = best["core"].to_numpy() == inside
            if chosen.any():
                ax.plot(
                    value[chosen],
                    at[chosen],
                    "o",
                    markersize=4.0,
                    markerfacecolor="#3b6ea5" if inside else "#ffffff",
                    markeredgecolor="#3b6ea5",
                    label=word,
                    zorder=3,
                    gid=f"core-{'inside' if inside else 'outside'}",
                )
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(left=0.0)
        row_names(ax, rows)
        ax.set_xlabel(across)
        number_axis(ax, most=5)
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=2)
        finish(ax, options, families, note)
    return ax
