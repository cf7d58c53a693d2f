"""Every result as a three-line table: models side by side, statistics column by column."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shapefiles.journal_models import CellStyle, effects_table, regression_table
from shapefiles.journal_table import BodyRow, ColumnKind, JournalTable, single
from shapefiles.language import known_labels
from shapefiles.number_texts import MINUS, MISSING, number_text, p_text
from spatial.errors import ConfigError, listed
from spatial.options import Language
from spatial.regression import DynamicEffectsResult, EffectsResult, ModelComparison
from spatial.regression.comparison_table import significance_stars
from spatial.results import Result, compare

P_COLUMNS = ("p_value", "p_permutation", "p_analytical", "p")
"""Columns that stars go by, the first that has numbers."""

STARRED = ("estimate", "coefficient", "correlation", "statistic")
"""Columns that may carry the stars; the first that a table has does."""

YEARS = ("year", "first_year", "last_year", "start_year", "end_year", "from", "to")
"""Whole numbers that are written without a thousands separator."""

WORD_PREFIXES = (
    "journal_",
    "column_",
    "group_",
    "typology_",
    "validity_",
    "structure_",
    "fit_",
    "",
)
CODED = ("measure", "item", "effect", "parameter", "term", "typology", "part")
"""Columns whose values are codes of the dictionary; names of cities are never translated."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def to_table(
    results: Result | Sequence[Result] | Mapping[str, Result],
    *,
    language: Language = "en",
    title: str = "",
    decimals: int = 3,
    labels: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    **options: Any,
) -> JournalTable:
    """Make the three-line table of a result, or of several side by side.

    Parameters
    ----------
    results : Result, or sequence or mapping of str to Result
        Fitted models give ``regression_table``, effects ``effects_table``; results that have one
        value for each row (network structure, validity of weights) stand side by side, a column
        each; all others are stacked, a row for each estimate.
    language : {"en", "zh"}
    title : str
    decimals : int
    labels : mapping of str to str, optional
        Wording of variables and of columns.
    notes : sequence of str
    **options
        Further options of ``regression_table`` or ``effects_table``: ``brackets``, ``controls``,
        ``effects``, ``weights``, ``facts``.

    Returns
    -------
    JournalTable

    Raises
    ------
    ConfigError
        If there is nothing to print, or an option does not fit the kind of result.
    """
    common: dict[str, Any] = {
        "language": language,
        "title": title,
        "decimals": decimals,
        "labels": labels,
        "notes": notes,
    }
    if isinstance(results, ModelComparison):
        return regression_table(results, **common, **options)
    several = {"": results} if isinstance(results, Result) else _named(results)
    members = list(several.values())
    if all(isinstance(one, EffectsResult | DynamicEffectsResult) for one in members):
        shown = several if len(members) > 1 else members[0]
        return effects_table(shown, **common, **options)
    if all(hasattr(one, "coefficients") and hasattr(one, "glance") for one in members):
        models: Sequence[Result] | Mapping[str, Result] = (
            results if isinstance(results, Mapping) else members
        )
        return regression_table(models, **common, **options)
    if options:
        raise ConfigError(
            f"Options {listed(options)} are for fitted models and effects; "
            f"{type(members[0]).__name__} has no use for them."
        )
    return _statistics_table(several, **common)


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
        numeric = not leading and any(_is_number(value) for value in values)
        kinds.append("number" if numeric else "words")
        fine = _is_fine(values, decimals)
        cells = [_cell(name, value, style, fine=fine) for value in values]
        marks = stars if name == starred and not leading else [""] * len(cells)
        texts.append([cell + mark for cell, mark in zip(cells, marks, strict=True)])
    for at in range(frame.index.nlevels - 1 if len(columns) > frame.shape[1] else 0):
        texts[at] = _once(texts[at], texts[:at])
    return JournalTable(
        head=(single([column_words(name, style) for name, _, _ in columns]),),
        rows=tuple(BodyRow(cells) for cells in zip(*texts, strict=True)),
        kinds=tuple(kinds),
        title=title,
        notes=(*told, *notes),
        language=language,
    )


def column_words(name: str, style: CellStyle) -> str:
    """Wording of a column or of a code: the caller's, the dictionary's, or the plain name."""
    if name in style.labels:
        return style.labels[name]
    for prefix in WORD_PREFIXES:
        if prefix + name in known_labels():
            return style.word(prefix + name)
    return name


def _named(results: Sequence[Result] | Mapping[str, Result]) -> dict[str, Result]:
    if isinstance(results, Mapping):
        several = {str(name): one for name, one in results.items()}
    else:
        several = {f"({at})": one for at, one in enumerate(results, start=1)}
    if not several:
        raise ConfigError("There is no result to print.")
    strange = [type(one).__name__ for one in several.values() if not isinstance(one, Result)]
    if strange:
        raise ConfigError(f"{listed(strange)} are no results; give results with a tidy table.")
    return several


def _statistics_table(
    results: Mapping[str, Result],
    *,
    language: Language,
    title: str,
    decimals: int,
    labels: Mapping[str, str] | None,
    notes: Sequence[str],
) -> JournalTable:
    """Stack the tidy tables, or put those with one value in a row side by side."""
    tables = {name: one.tidy() for name, one in results.items()}
    single_value = all(list(table.columns) == ["value"] for table in tables.values())
    if len(results) == 1 and single_value:
        frame = _counts_whole(next(iter(results.values()))).to_frame("value")
    elif len(results) == 1:
        frame = next(iter(tables.values()))
    elif single_value:
        frame = pd.DataFrame({name: _counts_whole(results[name]) for name in tables}, dtype=object)
    else:
        frame = compare(results)
    style = CellStyle(language, decimals, labels=labels or {})
    if single_value:
        first = next(iter(tables.values()))
        frame = frame.reindex(first.index)
        frame.insert(0, str(first.index.name or "item"), [str(code) for code in frame.index])
        frame = frame.set_index(str(first.index.name or "item"))
        facts: tuple[str, ...] = ()
    else:
        facts = _fact_sentences(results, frame, style)
    return frame_table(
        frame,
        language=language,
        title=title,
        decimals=decimals,
        labels=labels,
        notes=(*facts, *notes),
    )


def _counts_whole(result: Result) -> pd.Series:
    """Values by row, those that the result holds as whole numbers whole again."""
    values = result.tidy()["value"].astype(object)
    for code in values.index:
        held = getattr(result, str(code), None)
        if isinstance(held, numbers.Integral | bool | np.bool_):
            values[code] = held
    return values


def _fact_sentences(
    results: Mapping[str, Result], frame: pd.DataFrame, style: CellStyle
) -> tuple[str, ...]:
    """Say below the table the numbers that a result holds beside its tidy table."""
    shown = {str(name) for name in (*frame.columns, *frame.index.names)}
    sentences: list[str] = []
    for name, result in results.items():
        told = []
        for field_name in getattr(result, "__dataclass_fields__", {}):
            value = getattr(result, field_name)
            if field_name in shown or not _is_number(value):
                continue
            text = _cell(field_name, value, style, fine=False)
            words = column_words(field_name, style)
            told.append(style.word("method_named", name=words, text=text))
        if told:
            start = f"{name} " if name else ""
            sentences.append(start + style.word("report_list_semicolon").join(told))
    return tuple(sentences)


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
            if name in known and any(_is_number(one) and not math.isnan(one) for one in known[name])
        ),
        None,
    )
    starred = next((name for name in STARRED if name in known), None)
    if chosen is None or starred is None:
        return "", [""] * count, ()
    marks = [significance_stars(one) if _is_number(one) else "" for one in known[chosen]]
    return starred, marks, (style.word("journal_stars_of", column=column_words(chosen, style)),)


def _once(level: Sequence[str], outer: Sequence[Sequence[str]]) -> list[str]:
    """Leave out a word of a leading column that the row above has too."""
    keys = list(zip(*outer, level, strict=True))
    return [
        "" if at and keys[at] == keys[at - 1] else level[at]  # blank below its first row
        for at in range(len(level))
    ]


def _joined(name: object) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def _is_fine(values: Sequence[object], decimals: int) -> bool:
    """Whether fixed decimals would print the whole column as zeros."""
    sizes = [abs(float(one)) for one in values if isinstance(one, numbers.Real)]
    largest = max((one for one in sizes if math.isfinite(one)), default=0.0)
    return 0 < largest < 10.0**-decimals


def _cell(name: str, value: object, style: CellStyle, *, fine: bool) -> str:
    """Write one value by its type and by the name of its column."""
    if isinstance(value, bool | np.bool_):
        return style.word("journal_yes" if value else "journal_no")
    if isinstance(value, numbers.Integral):
        unsplit = name in YEARS
        return number_text(int(value), 0, "zh" if unsplit else style.language)
    if isinstance(value, numbers.Real):
        if name in ("p", "p_value") or name.startswith("p_") or name.endswith("_p"):
            return p_text(value)
        return _power_text(float(value)) if fine else style.number(value)
    return _words(name, value, style)


def _words(name: str, value: object, style: CellStyle) -> str:
    """Write a text, a list of texts, or nothing; only codes of known columns are translated."""
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, list | tuple | set | frozenset):
        separator = style.word("report_list_comma")
        members = sorted(map(str, value)) if isinstance(value, set | frozenset) else map(str, value)
        return separator.join(members)
    text = str(value)
    prefix = "ladder" if name == "step" else name
    key = f"{prefix}_{text.lower().replace(' ', '_')}"
    if key in known_labels():
        return style.word(key)
    return column_words(text, style) if name in CODED else style.labels.get(text, text)


def _power_text(value: float) -> str:
    """Write a very small number by a power of ten.

    Examples
    --------
    >>> _power_text(-0.0000123)
    '−1.23×10⁻⁵'
    """
    if not math.isfinite(value) or value == 0:
        return number_text(value, 0)
    digits, power = f"{abs(value):.2e}".split("e")
    sign = MINUS if value < 0 else ""
    return f"{sign}{digits}×10{str(int(power)).translate(_SUPERSCRIPT)}"
