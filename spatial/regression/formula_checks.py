"""What a formula may say, and what the columns it names may hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError

from spatial.errors import ConfigError, PanelError, listed, nearest_spelling

# Colours and brackets with which formulaic marks the place of an error on a terminal.
_MARKS = re.compile(r"\x1b\[[0-9;]*m|[⧛⧚]")
# A text column with more values than this share of its rows names rows, not groups.
MANY_LEVELS = 0.5


def parsed_formula(formula: str, data: pd.DataFrame) -> tuple[formulaic.Formula, list[str]]:
    """Parse a formula and list the columns that it needs.

    Parameters
    ----------
    formula : str
    data : pandas.DataFrame

    Returns
    -------
    parsed : formulaic.Formula
    columns : list of str

    Raises
    ------
    ConfigError
        If it cannot be read, has no outcome or several parts, explains the outcome by itself, or
        names columns or functions that do not exist.
    PanelError
        If a column that it names appears twice in the data.
    """
    if not isinstance(formula, str):
        raise ConfigError(
            f"The formula must be text such as 'outcome ~ regressor + ...', not "
            f"{type(formula).__name__}."
        )
    try:
        parsed = formulaic.Formula(formula)
    except FormulaicError as error:
        raise ConfigError(f"The formula {formula!r} cannot be read: {plain(error)}") from error
    if not hasattr(parsed, "lhs") or not hasattr(parsed, "rhs"):
        raise ConfigError(
            f"The formula {formula!r} has no outcome; write it as 'outcome ~ regressor + ...'."
        )
    if not all(hasattr(term, "factors") for term in [*parsed.lhs, *parsed.rhs]):
        raise ConfigError(
            f"The formula {formula!r} has several parts (|); write one list of regressors and name "
            "fixed effects, instruments and weights by their own arguments."
        )
    if re.search(r"\blag\s*\(", formula):
        raise ConfigError(
            "lag() in a formula moves rows and would mix cities; make the lagged column first, "
            "for example data.groupby('city')['x'].shift(1) after sorting by year."
        )
    required = {str(name) for name in parsed.required_variables}
    needed = named_columns([*parsed.lhs, *parsed.rhs], required, data.columns)
    _require_known(needed, formula, data.columns)
    twice = [name for name in needed if list(data.columns).count(name) > 1]
    if twice:
        raise PanelError(
            f"Columns {listed(twice)} appear more than once in the data; rename them, or keep one "
            "of each."
        )
    _require_other_side(parsed, data.columns, formula)
    return parsed, needed


def with_index_levels(data: pd.DataFrame, formula: str) -> pd.DataFrame:
    """Add index levels that a formula names, such as year in ``C(year)``, as columns.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_tuples([("a", 2010)], names=["c", "t"])
    >>> panel = pd.DataFrame({"x": [1.0]}, rows)
    >>> list(with_index_levels(panel, "x ~ C(t)").columns)
    ['x', 't']
    """
    added = {
        name: data.index.get_level_values(name)
        for name in data.index.names
        if isinstance(name, str) and name in formula and name not in data.columns
    }
    return data.assign(**added) if added else data


def plain(error: Exception) -> str:
    """First paragraph of an error message, without the marks of a terminal."""
    text = _MARKS.sub("", str(error)).strip()
    if "`.` operator" in text:
        return "'.' for all columns is not read; name the regressors."
    first, _, rest = text.partition("\n\n")
    return f"{first} ({' '.join(rest.split())})" if rest else " ".join(first.split())


def named_columns(terms: Iterable[Any], required: Iterable[object], columns: pd.Index) -> list[str]:
    """Columns that a formula reads, also inside transforms that remember (center, scale, poly).

    Formulaic does not count those among the required variables.
    """
    found = {str(name) for name in required}
    known = {str(name) for name in columns}
    for factor in (factor for term in terms for factor in term.factors):
        try:
            tree = ast.parse(str(factor.expr), mode="eval")
        except SyntaxError:  # a quoted name; formulaic counts it
            continue
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        found |= names & known
    return sorted(found)


def _require_known(needed: Sequence[str], formula: str, columns: pd.Index) -> None:
    unknown = [name for name in needed if name not in columns]
    if not unknown:
        return
    called = [name for name in unknown if re.search(rf"\b{re.escape(name)}\s*\(", formula)]
    if called:
        raise ConfigError(
            f"The formula {formula!r} calls {listed(called)}, which it does not know; use numpy "
            "functions as np.log(x), or make the column first."
        )
    hints = [f"{name!r}{nearest_spelling(name, map(str, columns))}" for name in unknown[:10]]
    more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
    raise ConfigError(
        f"Columns {', '.join(hints)}{more} of the formula are not in the data; known: "
        f"{listed(columns)}."
    )


def _require_other_side(parsed: Any, columns: pd.Index, formula: str) -> None:
    """Raise when the outcome explains itself.

    A column shared by both sides is refused where the outcome is made of that column alone:
    ``y / people ~ people`` is a model, ``log(y) ~ y`` is not.
    """
    left = named_columns(parsed.lhs, parsed.lhs.required_variables, columns)
    right = named_columns(parsed.rhs, parsed.rhs.required_variables, columns)
    same = {str(term) for term in parsed.lhs} & {str(term) for term in parsed.rhs} - {"1"}
    if same or (len(left) == 1 and left[0] in right):
        raise ConfigError(
            f"The outcome {sorted(same)[0] if same else left[0]!r} of {formula!r} is also on the "
            "right-hand side; leave it out there. Its spatial lag comes with the specification "
            "('sar', 'sdm'), its lag in time with fit_dynamic_panel."
        )


def require_numbers(table: pd.DataFrame, cities: pd.Series) -> None:
    """Raise when a column cannot mean what a formula would make of it.

    Numbers written as text, and numbers mixed with text, would become one dummy per value; so
    would text that differs from row to row. Dates and complex numbers are no regressors.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of the model.
    cities : pandas.Series
        City of each row.

    Raises
    ------
    PanelError
    """
    texts = []
    for name in table.columns:
        values = table[name]
        if isinstance(values.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(values):
            continue
        if pd.api.types.is_complex_dtype(values):
            raise PanelError(f"Column {name!r} holds complex numbers; take their real part.")
        if pd.api.types.is_numeric_dtype(values):
            continue
        if pd.api.types.is_datetime64_any_dtype(values) or isinstance(
            values.dtype, (pd.PeriodDtype, pd.IntervalDtype)
        ):
            raise PanelError(
                f"Column {name!r} holds dates or intervals; convert it to numbers, or to a "
                "category if it names groups."
            )
        if pd.to_numeric(values.dropna(), errors="coerce").notna().all():
            texts.append(name)
        else:
            _require_groups(name, values, cities)
    if texts:
        raise PanelError(
            f"Columns {listed(texts)} hold numbers written as text; convert them with "
            "pandas.to_numeric, or to a category if they name groups."
        )


def _require_groups(name: str, values: pd.Series, cities: pd.Series) -> None:
    """Raise when text is a number with notes in it, or differs from row to row."""
    known = values.notna()
    is_number = pd.to_numeric(values, errors="coerce").notna() & known
    words = values[known & ~is_number]
    if is_number.sum() > len(words):
        where = pd.unique(cities[words.index])
        raise PanelError(
            f"Column {name!r} holds numbers and, in {len(words)} rows, text "
            f"({listed(pd.unique(words), limit=5)}; cities {listed(where)}). Put numbers or "
            "missing values there (pandas.to_numeric with errors='coerce')."
        )
    levels = values.nunique()
    if levels > max(2, MANY_LEVELS * len(values)):
        raise PanelError(
            f"Column {name!r} is text with {levels} different values in {len(values)} rows, which "
            "would become as many dummies; leave it out, or give the column that holds numbers."
        )


def require_number_outcome(outcome: pd.DataFrame, formula: str) -> None:
    """Raise unless the left-hand side makes one column of numbers."""
    if outcome.shape[1] != 1:
        raise ConfigError(
            f"The outcome of {formula!r} makes {outcome.shape[1]} columns "
            f"({listed(outcome.columns)}); it must be one column of numbers, not text or groups."
        )


def sorted_years(years: pd.Series, name: str) -> pd.Index:
    """Years in order.

    Raises
    ------
    PanelError
        If they cannot be ordered, as numbers mixed with text.
    """
    try:
        return pd.Index(np.sort(years.unique()), name=name)
    except TypeError as error:
        kinds = sorted({type(value).__name__ for value in years.unique()})
        raise PanelError(
            f"The years are of several types ({', '.join(kinds)}), for example "
            f"{listed(years.unique(), limit=4)}; convert them to one, as "
            "data['year'].astype(int)."
        ) from error
