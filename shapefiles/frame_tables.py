"""Data frames as three-line tables: rows, matrices, triangles, estimates, pivots."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shapefiles.journal_models import CellStyle
from shapefiles.journal_table import BodyRow, ColumnKind, HeadCell, JournalTable, single
from shapefiles.language import known_labels
from shapefiles.number_texts import MISSING, p_text
from shapefiles.table_cells import code_of, column_cells, column_words, is_number, value_words
from shapefiles.table_layouts import Layout
from spatial.errors import ConfigError, listed, nearest_spelling
from spatial.options import Language
from spatial.regression.comparison_table import significance_stars

P_COLUMNS = ("p_value", "p_permutation", "p_analytical", "p")
"""Columns that stars go by, the first that has numbers."""

STARRED = ("estimate", "coefficient", "correlation", "statistic")
"""Columns that may carry the stars; the first that a table has does."""

TERMS = ("variable", "term", "parameter", "regressor", "outcome", "indicator", "factor")
"""Levels that hold terms of formulas or names of variables."""


def frame_table(
    frame: pd.DataFrame,
    *,
    language: Language = "en",
    title: str = "",
    decimals: int = 3,
    labels: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> JournalTable:
    """Make the three-line table of a data frame, with stars where it has p-values.

    Parameters
    ----------
    frame : pandas.DataFrame
        Named index levels become leading columns.
    language, title, decimals, labels, notes
        See ``to_table``.

    Returns
    -------
    JournalTable
    """
    style = CellStyle(language, decimals, labels=labels or {})
    return rows_table(frame, Layout(), style, title=title, notes=notes)


def arranged(
    frame: pd.DataFrame,
    layout: Layout,
    style: CellStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print a frame as its layout says."""
    makers: dict[str, Callable[..., JournalTable]] = {
        "rows": rows_table,
        "matrix": matrix_table,
        "triangle": triangle_table,
        "estimates": estimates_table,
        "pivot": pivot_table,
    }
    return makers[layout.arrangement](frame, layout, style, title=title, notes=notes)


def prepared(frame: pd.DataFrame, layout: Layout, language: Language) -> pd.DataFrame:
    """Name the levels of a frame, choose and order its columns, keep names of one language."""
    if layout.index:
        frame = frame.rename_axis(index=list(layout.index))
    elif frame.index.names == [None] and not isinstance(frame.index, pd.RangeIndex):
        frame = frame.rename_axis(index="city")
    if layout.columns and layout.arrangement == "rows":
        have = {str(name) for name in frame.columns}
        frame = frame[[name for name in layout.columns if name in have]]
    if {"en", "zh"} <= {str(name) for name in frame.columns}:
        other = "zh" if language == "en" else "en"
        frame = frame.drop(columns=other).rename(columns={language: "group_name"})
    return frame


def ranked(frame: pd.DataFrame, *, top: int | None, by: str) -> pd.DataFrame:
    """Keep the largest rows by a column, with their rank in front.

    Raises
    ------
    ConfigError
        If the column is not there, or ``top`` is no count of rows.
    """
    if top is None and not by:
        return frame
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise ConfigError(f"top={top!r}: give the number of rows to print, 1 or more.")
    names = [str(one) for one in frame.columns]
    if by not in names:
        raise ConfigError(
            f"by={by!r} is no column of the table{nearest_spelling(by, names)}; it has "
            f"{listed(names)}."
        )
    ordered = frame.sort_values(by, ascending=False, kind="stable")
    kept = ordered if top is None else ordered.head(top)
    names = ["name" if one is None else str(one) for one in kept.index.names]
    index = kept.index.to_frame(index=False).set_axis(names, axis=1)
    index.insert(0, "rank", range(1, len(kept) + 1))
    return kept.set_axis(pd.MultiIndex.from_frame(index), axis=0)


def rows_table(
    frame: pd.DataFrame,
    layout: Layout,
    style: CellStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print a frame row by row."""
    columns: list[tuple[str, list[Any], bool]] = [
        (str(name), list(frame.index.get_level_values(at)), True)
        for at, name in enumerate(frame.index.names)
        if name is not None
    ]
    columns += [
        (_joined(name), frame.iloc[:, at].tolist(), False) for at, name in enumerate(frame.columns)
    ]
    if not columns:
        raise ConfigError("The table has no columns; there is nothing to print.")
    starred, stars, told = _stars(columns, style)
    texts, kinds = [], list[ColumnKind]()
    for name, values, leading in columns:
        numeric = any(is_number(value) for value in values)
        kinds.append("number" if numeric and not leading else "words")
        cells = cells_of(name, values, layout, style)
        marks = stars if name == starred and not leading else [""] * len(cells)
        texts.append([cell + mark for cell, mark in zip(cells, marks, strict=True)])
    whole = list(texts)
    for at in range(frame.index.nlevels - 1 if len(columns) > frame.shape[1] else 0):
        texts[at] = once(whole[at], whole[:at])
    return JournalTable(
        head=(single([head_words(name, layout, style) for name, _, _ in columns]),),
        rows=tuple(BodyRow(cells) for cells in zip(*texts, strict=True)),
        kinds=tuple(kinds),
        title=title,
        notes=(*told, *notes),
        language=style.language,
    )


def matrix_table(
    frame: pd.DataFrame,
    layout: Layout,
    style: CellStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print classes down and across."""
    levels = frame.index.nlevels
    leading = [
        cells_of(_level(frame, at), list(frame.index.get_level_values(at)), layout, style, "class")
        for at in range(levels)
    ]
    heads = [
        head_words(_level(frame, at), layout, style)
        if at < levels - 1
        else style.word(layout.corner)
        for at in range(levels)
    ]
    shape = [str(name) for name in frame.columns]
    counted = [name for name in shape if name == "n"]
    inner = frame.drop(columns=counted)
    values = list(np.ravel(inner.to_numpy(dtype=object)))
    flat = column_cells("", values, style)
    body = [flat[at * inner.shape[1] : (at + 1) * inner.shape[1]] for at in range(len(frame))]
    totals = [column_cells(name, frame[name].tolist(), style) for name in counted]
    whole = list(leading)
    for at in range(levels - 1):
        leading[at] = once(whole[at], whole[:at])
    rows = [
        BodyRow((*(level[at] for level in leading), *(one[at] for one in totals), *body[at]))
        for at in range(len(frame))
    ]
    across = cells_of("", list(inner.columns), layout, style, "class", plain=True)
    words: list[ColumnKind] = ["words"] * levels
    bottom = single([*heads, *(style.word("head_n") for _ in counted), *across])
    top: tuple[tuple[HeadCell, ...], ...] = ()
    if layout.across and len(across) > 1:
        before = single([""] * (levels + len(counted)))
        top = ((*before, HeadCell(style.word(layout.across), len(across))),)
    numbers: list[ColumnKind] = ["number"] * (len(counted) + len(across))
    return JournalTable(
        head=(*top, bottom),
        rows=tuple(rows),
        kinds=(*words, *numbers),
        title=title,
        notes=tuple(notes),
        language=style.language,
    )


def triangle_table(
    frame: pd.DataFrame,
    layout: Layout,
    style: CellStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print the lower half of a symmetric matrix, with stars where there are p-values."""
    names = list(frame.attrs["names"])
    values = frame[layout.value].tolist()
    p_values = frame[layout.p].tolist() if layout.p else [float("nan")] * len(frame)
    ends = [frozenset(map(str, key)) for key in frame.index.tolist()]
    pairs = dict(zip(ends, zip(values, p_values, strict=True), strict=True))
    words = cells_of("name", names, layout, style)
    rows = []
    for at, name in enumerate(names):
        cells = []
        for other in names[:at]:
            value, p = pairs[frozenset((name, other))]
            cells.append(style.number(value) + significance_stars(p))
        diagonal = [style.number(1.0)]
        rows.append(BodyRow((words[at], *cells, *diagonal, *[""] * (len(names) - at - 1))))
    told = (style.word("journal_stars"),) if layout.p else ()
    kinds: list[ColumnKind] = ["words", *["number"] * len(names)]  # type: ignore[list-item]
    return JournalTable(
        head=(single([style.word(layout.corner), *words]),),
        rows=tuple(rows),
        kinds=tuple(kinds),
        title=title,
        notes=(*told, *notes),
        language=style.language,
    )


def estimates_table(
    frame: pd.DataFrame,
    layout: Layout,
    style: CellStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print estimates with stars, and their standard errors in brackets below them."""
    levels = frame.index.nlevels
    leading = [
        cells_of(_level(frame, at), list(frame.index.get_level_values(at)), layout, style)
        for at in range(levels)
    ]
    whole = list(leading)
    for at in range(levels - 1):
        leading[at] = once(whole[at], whole[:at])
    shown = [name for name in layout.columns if name in frame.columns]
    top, bottom = [], []
    for name in shown:
        cells = column_cells(name, frame[name].tolist(), style)
        if f"{name}_se" in frame.columns:
            marks = [significance_stars(one) for one in frame[f"{name}_p"]]
            errors = column_cells(f"{name}_se", frame[f"{name}_se"].tolist(), style)
            bottom.append([f"({one})" if one != MISSING else "" for one in errors])
        else:
            marks, blank = [""] * len(cells), [""] * len(cells)
            bottom.append(blank)
        top.append([cell + mark for cell, mark in zip(cells, marks, strict=True)])
    rows = []
    for at in range(len(frame)):
        rows.append(BodyRow((*(one[at] for one in leading), *(one[at] for one in top))))
        if any(one[at] for one in bottom):
            rows.append(BodyRow((*[""] * levels, *(one[at] for one in bottom))))
    heads = [head_words(_level(frame, at), layout, style) for at in range(levels)]
    kinds: list[ColumnKind] = [*["words"] * levels, *["number"] * len(shown)]  # type: ignore[list-item]
    return JournalTable(
        head=(single([*heads, *(head_words(name, layout, style) for name in shown)]),),
        rows=tuple(rows),
        kinds=tuple(kinds),
        title=title,
        notes=(style.reading, style.word("journal_stars"), *notes),
        language=style.language,
    )


def pivot_table(
    frame: pd.DataFrame,
    layout: Layout,
    style: CellStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print one statistic, kinds across, with stars and the p-value in brackets below."""
    tests = list(dict.fromkeys(frame.index.get_level_values(0)))
    kinds_across = list(dict.fromkeys(frame.index.get_level_values(1)))
    words = cells_of("test", tests, layout, style)
    across = cells_of(layout.by, kinds_across, layout, style)
    rows = []
    for word, test in zip(words, tests, strict=True):
        top, bottom = [], []
        for kind in kinds_across:
            if (test, kind) not in frame.index:
                top.append("")
                bottom.append("")
                continue
            row = frame.loc[(test, kind)]
            top.append(style.number(row[layout.value]) + significance_stars(row[layout.p]))
            bottom.append(f"({p_text(row[layout.p])})")
        rows += [BodyRow((word, *top)), BodyRow(("", *bottom))]
    kinds: list[ColumnKind] = ["words", *["number"] * len(across)]  # type: ignore[list-item]
    return JournalTable(
        head=(single([style.word(layout.corner), *across]),),
        rows=tuple(rows),
        kinds=tuple(kinds),
        title=title,
        notes=(style.word("journal_brackets_p"), style.word("journal_stars"), *notes),
        language=style.language,
    )


def head_words(name: str, layout: Layout, style: CellStyle) -> str:
    """Wording of a column's heading, with the per cent sign where shares are printed so."""
    if name in style.labels:
        words = style.labels[name]
    elif name in layout.heads:
        words = style.word(layout.heads[name])
    else:
        words = column_words(name, style)
    return style.word("head_percent", column=words) if name in layout.percent else words


def cells_of(
    name: str,
    values: Sequence[Any],
    layout: Layout,
    style: CellStyle,
    code: str = "",
    *,
    plain: bool = False,
) -> list[str]:
    """Write the values of a column or level, terms of formulas and codes in words."""
    if plain:  # classes across a matrix: numbers are names
        return [_class_words(value, layout, style, code) for value in values]
    if name in TERMS or layout.codes.get(name) == "term":
        return [
            style.term(str(value)) if isinstance(value, str) else value_words(name, value, style)
            for value in values
        ]
    prefixes = [one for one in (layout.codes.get(name), layout.codes.get(code)) if one]
    if name in layout.decimals:
        style = dataclasses.replace(style, decimals=layout.decimals[name])
    return column_cells(
        name,
        values,
        style,
        percent=name in layout.percent,
        codes=prefixes,
        alike=layout.alike,
    )


def _class_words(value: object, layout: Layout, style: CellStyle, code: str) -> str:
    text = str(value)
    key = f"{layout.codes.get(code, '')}_{code_of(text)}"
    if text in style.labels:
        return style.labels[text]
    return style.word(key) if key in known_labels() else text


def _stars(
    columns: Sequence[tuple[str, list[Any], bool]], style: CellStyle
) -> tuple[str, list[str], tuple[str, ...]]:
    """Choose the column with stars, its stars, and the sentence that says what they go by."""
    known = {name: values for name, values, leading in columns if not leading}
    count = len(columns[0][1])
    chosen = next(
        (
            name
            for name in P_COLUMNS
            if name in known and any(is_number(one) and not pd.isna(one) for one in known[name])
        ),
        None,
    )
    starred = next((name for name in STARRED if name in known), None)
    if chosen is None or starred is None:
        return "", [""] * count, ()
    marks = [significance_stars(one) if is_number(one) else "" for one in known[chosen]]
    return starred, marks, (style.word("journal_stars_of", column=column_words(chosen, style)),)


def once(level: Sequence[str], outer: Sequence[Sequence[str]]) -> list[str]:
    """Leave out a word of a leading column that the row above has too.

    Examples
    --------
    >>> once(["a", "a", "b"], [])
    ['a', '', 'b']
    """
    keys = list(zip(*outer, level, strict=True))
    return [
        "" if at and keys[at] == keys[at - 1] else level[at]  # blank below its first row
        for at in range(len(level))
    ]


def _joined(name: object) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _level(frame: pd.DataFrame, at: int) -> str:
    return str(frame.index.names[at] or "")
