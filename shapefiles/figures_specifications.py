"""Specification curve: one effect in many models, sorted, over a matrix of what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.classification import written_number
from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_lines import number_axis, row_names
from shapefiles.figures_page import (
    INK,
    MUTED,
    PlotOptions,
    column_width_mm,
    column_word,
    finish,
    house_style,
    plot_axes,
    wrapped,
)
from shapefiles.figures_panels import panel_mosaic
from shapefiles.fonts import plain_text
from shapefiles.language import known_labels, label
from spatial.errors import ConfigError, EstimationError, listed
from spatial.regression.compare_weights import NO_WEIGHTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGNIFICANCE = 0.05
LOOKS: Mapping[str, tuple[str, str, bool]] = {
    "positive": ("#332288", "o", True),
    "negative": ("#cc6677", "s", True),
    "unsure": ("#7a7a7a", "o", False),
}
"""Class of an estimate -> colour, marker, filled."""

_NUMBERS = ("estimate", "std_error", "p_value", "low", "high", "main")
_MAIN = "#111111"
_ROW_MM = 3.5
_CURVE_MM = {"single": 44.0, "double": 58.0}
_DIGITS = "0123456789−,.–% "


def specification_curve_plot(
    curve: Any,
    *,
    kind: str = "total",
    choice_labels: Mapping[str, str] | None = None,
    axis_label: str = "",
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the estimates of many models with their intervals, and under each what was chosen.

    Parameters
    ----------
    curve : SpecificationCurve or pandas.DataFrame
        See ``spatial.regression.specification_curve``; or a table with a row for each model:
        ``estimate``, ``low``, ``high``, ``p_value``, perhaps ``main`` (bool), all other columns
        but ``std_error`` being choices.
    kind : {"direct", "indirect", "total"}
        Of a SpecificationCurve.
    choice_labels : mapping, optional
        Column of a choice, or word of one -> wording.
    axis_label : str
        What is estimated; the kind of effect with its 95 % interval if empty.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the curve, from the lowest estimate to the highest, and the matrix of
        choices; one without alternatives has no rows. The main model is a diamond on an upright
        line; hollow symbols are not significant at 5 %. The note counts signs.

    Raises
    ------
    EstimationError
        If columns are missing or no model is left.
    """
    options = options or PlotOptions()
    language = options.language
    table, choices, order = _checked(curve, kind)
    classes = _classes(table)
    rows = _rows(order, choices, choice_labels or {}, language)
    up = plain_text(axis_label) or label("curve_axis", language, kind=_kind_word(kind, language))
    across = label("curve_models", language, count=len(table))
    words = {name: label(f"curve_{name}", language) for name in LOOKS if (classes == name).any()}
    if table["main"].any():
        words["main"] = label("curve_main", language)
    note = _note(table, classes, language)
    texts = [up, across, note, options.title, options.note, *words.values(), _DIGITS]
    with house_style(language, [*texts, *(text for text, *_ in rows)]) as families:
        heights = _CURVE_MM[column_word(options.width)], max(_ROW_MM * len(rows), 1.0)
        aspect = (sum(heights) + 30.0) / column_width_mm(options.width)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        layout = [["curve"], ["matrix"]]
        panels = panel_mosaic(ax, options, families, layout, heights=heights, gap_mm=(0.0, 2.5))
        _curve(panels["curve"], table, classes, words)
        room = 0.95 * _CURVE_MM[column_word(options.width)]
        panels["curve"].set_ylabel(wrapped(up, room, families=families))
        _matrix(panels["matrix"], table, classes, rows)
        panels["matrix"].set_xlabel(across)
        for panel in panels.values():
            panel.set_xlim(-0.8, len(table) - 0.2)
            for at in np.flatnonzero(table["main"]):
                panel.axvline(float(at), color=_MAIN, linewidth=0.6, zorder=1, gid="main-line")
        finish(ax, options, families, note)
    return ax


def _checked(curve: Any, kind: str) -> tuple[pd.DataFrame, list[str], pd.DataFrame]:
    """Return models by estimate, the names of choices, and models in the order given."""
    table = curve if isinstance(curve, pd.DataFrame) else curve.curve(kind)
    missing = [name for name in ("estimate", "low", "high", "p_value") if name not in table]
    if missing:
        raise EstimationError(f"The table of models lacks columns {listed(missing)}.")
    table = table if "main" in table else table.assign(main=False)
    known = np.isfinite(table[["estimate", "low", "high"]].to_numpy(dtype=float)).all(axis=1)
    table = table.loc[known]
    if not len(table):
        raise EstimationError("No model has an estimate with an interval to plot.")
    if table["main"].astype(bool).sum() > 1:
        raise ConfigError("Several models are marked as the main one; mark one.")
    ordered = table.sort_values("estimate", kind="stable").assign(main=table["main"].astype(bool))
    given = table if isinstance(curve, pd.DataFrame) else curve.table
    choices = [str(name) for name in table.columns if name not in _NUMBERS]
    return ordered, choices, given.loc[given.index.isin(table.index)]


def _classes(table: pd.DataFrame) -> np.ndarray:
    sure = (table["p_value"] < SIGNIFICANCE).to_numpy()
    signs = np.where(table["estimate"].to_numpy() > 0, "positive", "negative")
    return np.where(sure, signs, "unsure")


def _kind_word(kind: str, language: Any) -> str:
    return label(f"curve_kind_{kind}", language)


def _rows(
    table: pd.DataFrame, choices: list[str], labels: Mapping[str, str], language: Any
) -> list[tuple[str, str, str]]:
    """Return wording, column and word of each row; headings have no word."""
    rows = []
    for column in choices:
        words = list(dict.fromkeys(table[column].astype(str)))
        if len(words) < 2:
            continue
        rows.append((_worded(column, f"curve_choice_{column}", labels, language), column, ""))
        for word in words:
            key = f"effects_{word.replace('-', '_')}" if column == "effects" else ""
            key = "curve_no_weights" if word == NO_WEIGHTS else key
            shown = word.upper() if column == "specification" else word
            rows.append((_worded(word, key, labels, language, shown), column, word))
    return rows


def _worded(
    word: str, key: str, labels: Mapping[str, str], language: Any, shown: str | None = None
) -> str:
    if word in labels:
        return plain_text(labels[word], limit=NAME_LIMIT)
    if key in known_labels():
        found = label(key, language)
        return found[0].upper() + found[1:]
    return plain_text(shown or word, limit=NAME_LIMIT)


def _curve(panel: Axes, table: pd.DataFrame, classes: np.ndarray, words: Mapping[str, str]) -> None:
    at = np.arange(len(table))
    size = float(np.clip(420.0 / len(table), 3.0, 14.0))
    panel.axhline(0.0, color=INK, linewidth=0.6, zorder=1.5)
    main = table["main"].to_numpy()
    for name, (colour, marker, filled) in LOOKS.items():
        chosen = (classes == name) & ~main
        of_class = classes == name
        panel.vlines(
            at[of_class],
            table["low"].to_numpy()[of_class],
            table["high"].to_numpy()[of_class],
            color=colour,
            linewidth=float(np.clip(90.0 / len(table), 0.4, 1.2)),
            alpha=0.7,
            zorder=2,
            gid=f"intervals-{name}",
        )
        panel.scatter(
            at[chosen],
            table["estimate"].to_numpy()[chosen],
            s=size,
            marker=marker,
            facecolors=colour if filled else "#ffffff",
            edgecolors=colour,
            linewidths=0.7,
            zorder=3,
            label=words.get(name),
            gid=f"estimates-{name}",
        )
    if main.any():
        sure = classes[main][0] != "unsure"
        panel.scatter(
            at[main],
            table["estimate"].to_numpy()[main],
            s=24.0,
            marker="D",
            facecolors=_MAIN if sure else "#ffffff",
            edgecolors=_MAIN,
            linewidths=0.9,
            zorder=4,
            clip_on=False,
            label=words["main"],
            gid="main",
        )
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
    number_axis(panel, which="y")
    handles, names = panel.get_legend_handles_labels()
    panel.legend(
        handles,
        names,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.2,
        ncols=2,
        handletextpad=0.2,
        columnspacing=1.0,
    )


def _matrix(
    panel: Axes,
    table: pd.DataFrame,
    classes: np.ndarray,
    rows: list[tuple[str, str, str]],
) -> None:
    size = float(np.clip(420.0 / len(table), 2.0, 9.0))
    for row, (_, column, word) in enumerate(rows):
        if not word:
            continue
        if row % 2:
            panel.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", linewidth=0, zorder=0)
        inside = (table[column].astype(str) == word).to_numpy()
        colours = [_MAIN if m else LOOKS[c][0] for c, m in zip(classes, table["main"], strict=True)]
        panel.scatter(
            np.flatnonzero(inside),
            np.full(int(inside.sum()), row),
            s=[size * (2.2 if m else 1.0) for m in table["main"].to_numpy()[inside]],
            c=[colour for colour, one in zip(colours, inside, strict=True) if one],
            marker="o",
            linewidths=0,
            zorder=3,
            gid=f"chosen-{column}-{word}",
        )
    panel.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
    for written, (_, _, word) in zip(
        row_names(panel, [text for text, *_ in rows]), rows, strict=True
    ):
        written.set(fontweight="normal" if word else "bold", color=INK if word else MUTED)


def _note(table: pd.DataFrame, classes: np.ndarray, language: Any) -> str:
    estimate = table["estimate"]
    decimals = int(np.clip(2 - np.floor(np.log10(float(estimate.abs().max()) or 1.0)), 0, 6))
    return label(
        "curve_note",
        language,
        count=len(table),
        median=written_number(float(estimate.median()), decimals),
        low=written_number(float(estimate.min()), decimals),
        high=written_number(float(estimate.max()), decimals),
        positive=int((classes == "positive").sum()),
        negative=int((classes == "negative").sum()),
    )
