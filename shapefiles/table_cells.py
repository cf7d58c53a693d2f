"""How names and values of a data frame become words and numbers of a three-line table."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Collection, Sequence
from typing import TypeGuard

import numpy as np
import pandas as pd

from shapefiles.journal_models import CellStyle
from shapefiles.language import known_labels
from shapefiles.number_texts import MINUS, MISSING, number_text, p_text

YEARS = ("year", "first_year", "last_year", "earlier_year", "before", "after", "peak", "end")
"""Whole numbers that are written without a thousands separator, like all ``..._year``."""

COUNTS = (
    *("n", "df", "df_between", "df_within", "df_residual", "lags", "steps", "degree", "rank"),
    *("links", "pairs", "cities", "isolates", "hit", "parameters", "permutations", "order"),
    *("out_degree", "in_degree", "pairs_near", "hot_years", "cold_years", "years_to_trough"),
    *("years_to_recovery", "peak_step", "fallen_step", "largest_shift", "count", "bound", "radius"),
    "diameter",
)
"""Columns of counts: whole numbers are written without decimals even when they are floats."""

ESTIMATES = ("estimate", "coefficient", "std_error", "low", "high", "fixed", "random", "difference")
"""Columns of numbers that stand for different things: each has its own decimals, and none that is
not zero is printed as zero."""

OWN_DECIMALS = (*ESTIMATES, "statistic")

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

CODED = ("measure", "item", "effect", "parameter", "term", "typology", "part", "attribute")
"""Columns whose values are codes of the dictionary; names of cities are never translated."""

CODES_OF = {
    "step": ("ladder",),
    "test": ("ladder", "test"),
    "cluster": ("lisa", "emerging", "hot", "local"),
    "quadrant": ("lisa",),
    "from": ("lisa",),
    "to": ("lisa",),
    "coordination_class": ("class",),
    "class": ("recovery_class",),
    "effects": ("journal_effects",),
    "effects_type": ("journal_effects",),
    "with_effects": ("journal_effects",),
    "without_effects": ("journal_effects",),
    "specification": ("spec",),
    "null_specification": ("spec",),
    "rival_specification": ("spec",),
    "phase": ("phase",),
    "changed": ("composite",),
    "method": ("composite", "backbone"),
    "shock_phase": ("phase",),
    "first": ("joined",),
    "second": ("joined",),
}
"""Prefixes of the dictionary for the values of a column; others are looked up by its name."""

GROUPED_FROM = ((1e5, 0), (1e3, 1), (1e2, 2))
"""From these sizes on so many decimals are enough."""

_LETTERS = {"tau": "τ", "rho": "ρ", "eta": "η", "w": "ω", "-": MINUS}
_GREEK = re.compile(r"\b(?:tau|rho|eta|w)\b|-")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def column_words(name: str, style: CellStyle) -> str:
    """Wording of a column or of a code: the caller's, the dictionary's, or the plain name.

    Parameters
    ----------
    name : str
    style : CellStyle

    Returns
    -------
    str

    Examples
    --------
    >>> column_words("p_value", CellStyle()), column_words("p_value", CellStyle("zh"))
    ('p value', 'p值')
    """
    if name in style.labels:
        return style.labels[name]
    for prefix in WORD_PREFIXES:
        if prefix + name in known_labels():
            return style.word(prefix + name)
    return name


def column_cells(
    name: str,
    values: Sequence[object],
    style: CellStyle,
    *,
    percent: bool = False,
    codes: Collection[str] = (),
    alike: bool = True,
) -> list[str]:
    """Write the values of one column.

    Parameters
    ----------
    name : str
        Says what the numbers are: p-values, years, counts, or decimals.
    values : sequence
    style : CellStyle
    percent : bool
        Shares of one, to be written in per cent.
    codes : collection of str
        Prefixes of the dictionary for texts of this column, before the usual ones.
    alike : bool
        One count of decimals for the whole column; otherwise each number has its own.

    Returns
    -------
    list of str
    """
    kind = number_kind(name, values)
    known = [float(one) for one in values if is_number(one) and math.isfinite(one)]
    if percent:
        known = [100.0 * one for one in known]
    decimals = 2 if percent else style.decimals
    if name in OWN_DECIMALS:
        alike = False
    elif kind == "decimal" and 0 < max(map(abs, known), default=0.0) < 0.01:
        decimals += 2
    fine = kind == "decimal" and alike and is_fine(known, decimals)
    shared = fitting_decimals(known, decimals)
    texts = []
    for value in values:
        if not is_number(value):
            texts.append(value_words(name, value, style, codes))
            continue
        number = float(value) * (100.0 if percent else 1.0)
        if kind == "p":
            texts.append(p_text(number))
        elif kind == "year":
            texts.append(number_text(number, 0, "zh"))
        elif kind == "count":
            texts.append(number_text(number, 0, style.language))
        elif fine or abs(number) >= 1e12 or (name in ESTIMATES and _vanishes(number, decimals)):
            texts.append(power_text(number))
        else:
            own = shared if alike else fitting_decimals([number], decimals)
            whole = not alike and isinstance(value, numbers.Integral)
            texts.append(number_text(number, 0 if whole else own, style.language))
    return texts


def _vanishes(number: float, decimals: int) -> bool:
    """Whether a number that is not zero would be printed as zero."""
    return 0 < abs(number) < 0.5 * 10.0**-decimals


def number_kind(name: str, values: Sequence[object]) -> str:
    """Say what the numbers of a column are: ``p``, ``year``, ``count`` or ``decimal``.

    Examples
    --------
    >>> number_kind("p_fdr", [0.01]), number_kind("trough_year", [1991.0]), number_kind("n", [3])
    ('p', 'year', 'count')
    """
    if name in ("p", "p_value") or name.startswith("p_") or name.endswith(("_p", "_p_value")):
        return "p"
    known = [one for one in values if is_number(one) and math.isfinite(one)]
    whole = all(float(one).is_integer() for one in known)
    if known and whole and (name in YEARS or name.endswith("_year")):
        return "year" if all(1000 <= abs(one) <= 3000 for one in known) else "count"
    integers = bool(known) and all(isinstance(one, numbers.Integral) for one in known)
    if integers or (whole and bool(known) and (name in COUNTS or name.startswith("n_"))):
        return "count"
    return "decimal"


def fitting_decimals(values: Sequence[float], most: int) -> int:
    """Choose fewer decimals for large numbers.

    Examples
    --------
    >>> fitting_decimals([1.5], 3), fitting_decimals([15767.57], 3), fitting_decimals([2e9], 3)
    (3, 1, 0)
    """
    largest = max(map(abs, values), default=0.0)
    return min(next((few for size, few in GROUPED_FROM if largest >= size), most), most)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number and no truth value."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def is_fine(values: Sequence[float], decimals: int) -> bool:
    """Whether fixed decimals would print the whole column as zeros."""
    largest = max((abs(one) for one in values), default=0.0)
    return 0 < largest < 10.0**-decimals


def value_words(name: str, value: object, style: CellStyle, codes: Collection[str] = ()) -> str:
    """Write a text, a list of texts, a truth value or nothing; known codes are translated."""
    if isinstance(value, bool | np.bool_):
        return style.word("journal_yes" if value else "journal_no")
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, list | tuple | set | frozenset):
        separator = style.word("report_list_comma")
        members = sorted(map(str, value)) if isinstance(value, set | frozenset) else map(str, value)
        named = [style.labels.get(one, one) for one in members]
        if any("," in one for one in named):  # "Abilene, TX"
            separator = style.word("report_list_semicolon")
        return separator.join(named)
    return _text_words(name, str(value), style, codes)


def _text_words(name: str, text: str, style: CellStyle, codes: Collection[str]) -> str:
    """Word a text: by the caller's wordings, by the codes of its column, or as it is."""
    if text in style.labels:
        return style.labels[text]
    if name == "condition":
        return _GREEK.sub(lambda found: _LETTERS[found[0]], text)
    for prefix in (*codes, *CODES_OF.get(name, ()), name):
        for key in (f"{prefix}_{code_of(text)}", f"{prefix}_{text}"):
            if key in known_labels() and "{" not in style.word(key):
                return style.word(key)
    return column_words(text, style) if name in CODED else text


def code_of(text: str) -> str:
    """Spell a code as the dictionary does.

    Examples
    --------
    >>> code_of("Hot spot 99%"), code_of("LR city effects"), code_of("Moran's I")
    ('hot_spot_99', 'lr_city_effects', 'moran_s_i')
    """
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")


def power_text(value: float) -> str:
    """Write a very small or very large number by a power of ten.

    Examples
    --------
    >>> power_text(-0.0000123)
    '−1.23×10⁻⁵'
    """
    if not math.isfinite(value) or value == 0:
        return number_text(value, 0)
    digits, power = f"{abs(value):.2e}".split("e")
    sign = MINUS if value < 0 else ""
    return f"{sign}{digits}×10{str(int(power)).translate(_SUPERSCRIPT)}"
