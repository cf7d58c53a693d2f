"""Several results in one three-line table: stacked, side by side, or as panels."""

from __future__ import annotations

import numbers
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from shapefiles.frame_tables import cells_of, rows_table
from shapefiles.journal_models import CellStyle
from shapefiles.journal_table import BodyRow, ColumnKind, JournalTable, single
from shapefiles.number_texts import MISSING
from shapefiles.table_cells import column_cells, column_words, value_words
from shapefiles.table_layouts import Layout
from spatial.errors import ConfigError, listed
from spatial.results import Result


def stacked_frames(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Stack the frames of several results, a level in front naming each.

    Where every result has one row, its name takes the place of the row's own.
    """
    named = "year" if all(re.fullmatch(r"[12]\d{3}", name) for name in frames) else "result"
    if all(len(frame) == 1 for frame in frames.values()):
        plain = [frame.set_axis([name], axis=0) for name, frame in frames.items()]
        return pd.concat(plain).rename_axis(named)
    inner = [one for frame in frames.values() for one in frame.index.names]
    return pd.concat(frames, names=["result" if named in inner else named])


def record_table(
    named: Mapping[str, Result],
    frames: Mapping[str, pd.DataFrame],
    layout: Layout,
    style: CellStyle,
    *,
    title: str,
    notes: Sequence[str],
) -> JournalTable:
    """Print items and their values, a column for each result."""
    first = next(iter(frames.values()))
    items = list(first.index)
    level = str(first.index.names[0] or "item")
    columns = []
    for name, frame in frames.items():
        values = _whole(named[name], frame)
        columns.append(
            [
                column_cells(str(item), [values.get(item)], style, alike=False)[0]
                if not isinstance(values.get(item), str)
                else value_words(str(item), values.get(item), style)
                for item in items
            ]
        )
    words = cells_of(level, [str(item) for item in items], layout, style)
    words = [
        column_words(str(item), style) if text == str(item) else text
        for item, text in zip(items, words, strict=True)
    ]
    told = [
        cells
        for cells in zip(words, *columns, strict=True)
        if any(cell != MISSING for cell in cells[1:])  # what nobody knows is no row
    ]
    heads = list(frames) if len(frames) > 1 else [column_words("value", style)]
    kinds: list[ColumnKind] = ["words", *["number"] * len(columns)]  # type: ignore[list-item]
    return JournalTable(
        head=(single([column_words(level, style), *heads]),),
        rows=tuple(map(BodyRow, told)),
        kinds=tuple(kinds),
        title=title,
        notes=tuple(notes),
        language=style.language,
    )


def panels(
    tables: Mapping[str, JournalTable],
    *,
    title: str,
    notes: Sequence[str],
    of_what: str,
) -> JournalTable:
    """Stack tables that have one heading, each below its name.

    Raises
    ------
    ConfigError
        If their headings differ.
    """
    first = next(iter(tables.values()))
    different = [name for name, one in tables.items() if one.flat_head() != first.flat_head()]
    if different:
        raise ConfigError(
            f"The tables of {listed(different)} have other columns than the first; print each "
            f"{of_what} by itself."
        )
    rows: list[BodyRow] = []
    for name, table in tables.items():
        blank = [""] * (table.width - 1)
        rows.append(BodyRow((name, *blank), rule=bool(rows), panel=True))
        rows += table.rows
    told = tuple(dict.fromkeys(note for one in tables.values() for note in one.notes))
    return JournalTable(
        head=first.head,
        rows=tuple(rows),
        kinds=first.kinds,
        title=title,
        notes=(*told, *notes),
        language=first.language,
    )


def block_of_tests(
    named: Mapping[str, Result], style: CellStyle, *, title: str, notes: Sequence[str]
) -> JournalTable:
    """Print tests of several kinds as panels: test, statistic, degrees of freedom, p-value.

    Raises
    ------
    ConfigError
        If a result is no test.
    """
    frames = {name: one.tidy() for name, one in named.items()}
    needed = ("statistic", "p_value")
    strange = [
        type(named[name]).__name__
        for name, frame in frames.items()
        if not set(needed) <= set(map(str, frame.columns)) or "test" not in frame.index.names
    ]
    if strange:
        raise ConfigError(
            "Results of several kinds stand in one table only if all are tests (with statistic and "
            f"p-value); {listed(strange)} are none. Print them one by one."
        )
    tables = {}
    for name, frame in frames.items():
        shown = frame.assign(df=frame.get("df", np.nan))[["statistic", "df", "p_value"]]
        known = shown[shown["statistic"].notna()]
        keep = known.index.get_level_values("test")
        tables[name] = rows_table(known.set_axis(keep.rename("test"), axis=0), Layout(), style)
    return panels(tables, title=title, notes=notes, of_what="result")


def _whole(result: Result, frame: pd.DataFrame) -> pd.Series:
    """Values by row, those that the result holds as whole numbers whole again."""
    values = frame.iloc[:, 0].astype(object)
    for code in values.index:
        held = getattr(result, str(code), None)
        if isinstance(held, numbers.Integral | bool | np.bool_):
            values[code] = held
    return values
