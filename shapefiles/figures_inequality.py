"""Inequality over years: the Gini coefficient of Dagum, its sources, and groups against groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shapefiles.classification import written_number
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
    text_width_mm,
)
from shapefiles.figures_panels import panel_mosaic, panel_title
from shapefiles.figures_series import DASHES, series_looks
from shapefiles.fonts import plain_text
from shapefiles.language import label
from spatial.errors import EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOURCES = ("within", "between", "transvariation")
MOST_LINES = 6
"""With more pairs of groups, a box for each year instead of lines."""

_PANEL_MM = 46.0
_SIDE_MM, _HANDLE_MM = 18.0, 11.0
"""Beside the panels, and of a symbol in a legend with its room, mm."""

_LIMIT = 18
_DIGITS = "0123456789−,.–% "


def inequality_plot(
    table: pd.DataFrame,
    *,
    pairs: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    group_labels: Mapping[Any, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the Gini coefficient with its sources, their shares, and Ginis of groups and pairs.

    Parameters
    ----------
    table : pandas.DataFrame
        ``table`` of ``analyses.indices.dagum_gini``: index ``year``; ``gini``, ``within``,
        ``between``, ``transvariation`` and ``within_share`` ... in per cent.
    pairs : pandas.DataFrame, optional
        Its ``pairs``: index (year, first, second), ``gini``. Lines for up to six pairs, a box for
        each year for more.
    groups : pandas.DataFrame, optional
        Its ``groups``: index (year, group), ``gini``.
    group_labels : mapping, optional
        Group -> wording.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the panels: sources, shares, and groups and pairs where given. Boxes
        hold the middle half of the pairs, whiskers all, the stroke is the median.

    Raises
    ------
    EstimationError
        If columns or years are missing.
    """
    options = options or PlotOptions()
    language = options.language
    yearly = _checked(table)
    words = {part: label(f"inequality_{part}", language) for part in ("gini", *SOURCES)}
    lines = {"sources": yearly[["gini", *SOURCES]].rename(columns=words)}
    for name, given in (("groups", groups), ("pairs", pairs)):
        if given is not None:
            lines[name] = _wide(given, name, group_labels or {})
    boxed = "pairs" in lines and lines["pairs"].shape[1] > MOST_LINES
    note = label("inequality_boxes", language, count=lines["pairs"].shape[1]) if boxed else ""
    order = ["sources", "shares", *[name for name in lines if name != "sources"]]
    headings = {
        name: f"({chr(97 + at)}) {label(f'inequality_panel_{name}', language)}"
        for at, name in enumerate(order)
    }
    up = {name: label("inequality_gini", language) for name in order}
    up["shares"], year = label("inequality_share", language), label("year", language)
    texts = [*headings.values(), *up.values(), year, note, options.title, options.note, _DIGITS]
    texts += [name for wide in lines.values() for name in wide.columns]
    with house_style(language, texts) as families:
        columns = 1 if column_word(options.width) == "single" else 2
        cells = order + [""] * (-len(order) % columns)
        layout = [cells[at : at + columns] for at in range(0, len(cells), columns)]
        room = (column_width_mm(options.width) - _SIDE_MM) / columns - _HANDLE_MM
        lines = {name: _cut(wide, room, families) for name, wide in lines.items()}
        legends = {
            name: _legend_columns([*wide.columns], room, families)
            for name, wide in lines.items()
            if name != "pairs" or not boxed
        }
        most = max(-(-lines[name].shape[1] // legends[name]) for name in legends)
        gap = 14.0 + line_height_mm(BODY_SIZE) * 1.1 * most
        height = len(layout) * (_PANEL_MM + gap) + 8.0
        aspect = height / column_width_mm(options.width)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        panels = panel_mosaic(ax, options, families, layout, gap_mm=(14.0, gap))
        _shares(panels["shares"], yearly, words, options)
        for name, wide in lines.items():
            if name == "pairs" and boxed:
                _boxes(panels[name], wide)
            else:
                _lines(panels[name], wide, options, first_black=name == "sources")
            panels[name].set_ylim(bottom=0.0)
            number_axis(panels[name], which="y", most=5)
        for name, panel in panels.items():
            _years(panel, yearly.index, year)
            panel.set_ylabel(up[name])
            _heading(panel, headings[name], legends.get(name, 2))
        finish(ax, options, families, note)
    return ax


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    needed = ["gini", *SOURCES, *[f"{source}_share" for source in SOURCES]]
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise EstimationError(f"The table of inequality lacks columns {listed(missing)}.")
    years = pd.to_numeric(pd.Series(table.index), errors="coerce")
    if years.isna().any() or not len(table):
        raise EstimationError(
            "The table of inequality has no years; a figure over years needs values by year."
        )
    return table.set_axis(years.astype(int).to_numpy(), axis=0).sort_index()[needed].astype(float)


def _wide(given: pd.DataFrame, what: str, names: Mapping[Any, str]) -> pd.DataFrame:
    """Return years by groups, or by pairs of groups whichever of the two is richer."""
    if "gini" not in given.columns or given.index.nlevels != (2 if what == "groups" else 3):
        levels = "(year, group)" if what == "groups" else "(year, first, second)"
        raise EstimationError(f"{what}= needs the index {levels} and a column 'gini'.")
    rows = []
    for key, gini in zip(given.index, given["gini"], strict=True):
        year, *members = key
        called = sorted(plain_text(names.get(one, one), limit=_LIMIT) for one in members)
        rows.append((int(year), "–".join(called), float(gini)))
    table = pd.DataFrame(rows, columns=["year", "name", "gini"])
    return table.pivot(index="year", columns="name", values="gini").sort_index()


def _lines(panel: Axes, wide: pd.DataFrame, options: PlotOptions, *, first_black: bool) -> None:
    own = wide.shape[1] - first_black
    looks = list(series_looks(own, greyscale=options.greyscale))
    if first_black:
        looks = [replace(looks[0], colour=INK, dash="-", marker=""), *looks]
        looks[1:] = [
            replace(look, dash=dash) for look, dash in zip(looks[1:], DASHES[1:], strict=False)
        ]
    for (name, values), look in zip(wide.items(), looks, strict=True):
        panel.plot(
            values.index,
            values,
            color=look.colour,
            linestyle=look.dash,
            linewidth=1.5 if look.marker == "" else 1.0,
            marker=look.marker,
            markersize=2.6,
            markevery=max(len(values) // 8, 1),
            label=str(name),
            gid=f"line-{name}",
        )


def _shares(
    panel: Axes, yearly: pd.DataFrame, words: Mapping[str, str], options: PlotOptions
) -> None:
    looks = series_looks(len(SOURCES), greyscale=options.greyscale)
    ground = np.zeros(len(yearly))
    for source, look in zip(SOURCES, looks, strict=True):
        share = yearly[f"{source}_share"].to_numpy()
        panel.bar(
            yearly.index,
            share,
            bottom=ground,
            width=0.8,
            color=look.fill,
            edgecolor=INK if options.greyscale else "white",
            linewidth=0.3,
            hatch=look.hatch or None,
            label=words[source],
            gid=f"share-{source}",
        )
        ground = ground + share
    panel.set_ylim(0.0, 100.0)
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written_number(value, 0)))


def _boxes(panel: Axes, wide: pd.DataFrame) -> None:
    panel.boxplot(
        [column.dropna().to_numpy() for _, column in wide.T.items()],
        positions=wide.index.to_numpy(),
        widths=0.6,
        whis=(0, 100),
        manage_ticks=False,
        patch_artist=True,
        boxprops={"facecolor": "#dfe6ee", "edgecolor": INK, "linewidth": 0.6},
        medianprops={"color": INK, "linewidth": 1.2},
        whiskerprops={"color": INK, "linewidth": 0.6},
        capprops={"color": INK, "linewidth": 0.6},
    )


def _years(panel: Axes, years: pd.Index, word: str) -> None:
    panel.set_xlim(float(years.min()) - 0.6, float(years.max()) + 0.6)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    panel.set_xlabel(word)
    panel.grid(axis="y", color=HAIRLINE, linewidth=0.3, zorder=0)


def _cut(wide: pd.DataFrame, room_mm: float, families: Sequence[str]) -> pd.DataFrame:
    return wide.set_axis([middle_cut(str(n), room_mm, families) for n in wide.columns], axis=1)


def _legend_columns(names: Sequence[str], room_mm: float, families: Sequence[str]) -> int:
    """Return 2 where the names fit in two columns, else 1."""
    widest = max(text_width_mm(name, families=families) for name in names)
    return 2 if 2.0 * widest + _HANDLE_MM + 2.0 <= room_mm else 1


def _heading(panel: Axes, text: str, columns: int) -> None:
    """Write the heading, and the legend between it and the panel."""
    handles, names = panel.get_legend_handles_labels()
    rows = -(-len(names) // columns)
    if names:
        panel.legend(
            handles,
            names,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.3,
            ncols=columns,
            handlelength=2.6,
            columnspacing=1.2,
            labelspacing=0.25,
            borderpad=0.1,
        )
    panel_title(panel, text, pad=3.0 + rows * BODY_SIZE * 1.45)
