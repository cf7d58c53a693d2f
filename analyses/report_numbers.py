"""How numbers look in a report: minus signs, decimals, p-values, and what is missing."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable

import pandas as pd

from spatial.errors import ConfigError, nearest_spelling
from spatial.options import Language

MINUS = "\u2212"
MISSING = "—"
SMALLEST_P = 0.001


def number_text(value: object, decimals: int = 3, language: Language = "en") -> str:
    """Write a number with a fixed count of decimals.

    Parameters
    ----------
    value : number or missing
    decimals : int
    language : {"en", "zh"}
        English groups thousands by commas; Chinese statistics do not.

    Returns
    -------
    str
        With a true minus sign; a value that rounds to zero has none; missing is a dash.

    Examples
    --------
    >>> number_text(-1234.5678, 2), number_text(1234.5, 1, "zh"), number_text(-0.0001, 2)
    ('−1,234.57', '1234.5', '0.00')
    """
    if not isinstance(value, numbers.Real) or pd.isna(value):
        return MISSING
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else f"{MINUS}∞"
    grouping = "," if language == "en" else ""
    text = f"{abs(number):{grouping}.{decimals}f}"
    negative = number < 0 and any(sign in "123456789" for sign in text)
    return f"{MINUS}{text}" if negative else text


def percent_text(value: object, decimals: int = 1, language: Language = "en") -> str:
    """Write a share as per cent.

    Examples
    --------
    >>> percent_text(-0.0531), percent_text(0.5, 0, "zh")
    ('−5.3%', '50%')
    """
    if not isinstance(value, numbers.Real) or pd.isna(value):
        return MISSING
    return f"{number_text(100 * float(value), decimals, language)}%"


def p_text(value: object) -> str:
    """Write a p-value in a table: three decimals, or the bound that it is below.

    Examples
    --------
    >>> p_text(0.0312), p_text(0.0002)
    ('0.031', '< 0.001')
    """
    if not isinstance(value, numbers.Real) or pd.isna(value):
        return MISSING
    return f"< {SMALLEST_P}" if float(value) < SMALLEST_P else f"{float(value):.3f}"


def p_phrase(value: float) -> str:
    """Write a p-value in a sentence: the level it is below, or its value.

    Examples
    --------
    >>> p_phrase(0.004), p_phrase(0.03), p_phrase(0.2)
    ('p < 0.01', 'p < 0.05', 'p = 0.20')
    """
    for level in (0.001, 0.01, 0.05):
        if value < level:
            return f"p < {level}"
    return f"p = {value:.2f}"


def stars(p_value: float) -> str:
    """Return ``***``, ``**``, ``*`` for 1, 5 and 10 per cent, as economists print them.

    Examples
    --------
    >>> stars(0.001), stars(0.03), stars(0.09), stars(0.5)
    ('***', '**', '*', '')
    """
    for level, text in ((0.01, "***"), (0.05, "**"), (0.10, "*")):
        if p_value < level:
            return text
    return ""


def _plain(value: object, language: Language) -> str:  # noqa: ARG001 - one signature for all
    if isinstance(value, str):
        return value
    return MISSING if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


FORMATS: dict[str, Callable[[object, Language], str]] = {
    "text": _plain,
    "number": _plain,
    "integer": lambda value, language: number_text(value, 0, language),
    "year": lambda value, _: number_text(value, 0, "zh"),
    **{
        f"decimal{places}": lambda value, language, places=places: number_text(
            value, places, language
        )
        for places in range(1, 7)
    },
    **{
        f"percent{places}": lambda value, language, places=places: percent_text(
            value, places, language
        )
        for places in range(4)
    },
    "p": lambda value, _: p_text(value),
}
"""Number formats of report tables by name; ``number`` is text that is set like numbers."""


def cell_text(value: object, number_format: str, language: Language) -> str:
    """Write one table cell; text stays as it is whatever the format.

    Raises
    ------
    ConfigError
        If the format is not known.
    """
    if isinstance(value, str):
        return value
    if number_format not in FORMATS:
        raise ConfigError(
            f"Number format {number_format!r} is not known"
            f"{nearest_spelling(number_format, FORMATS)}."
        )
    return FORMATS[number_format](value, language)
