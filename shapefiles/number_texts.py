"""How numbers look in tables and reports: minus signs, decimals, p-values, and what is missing."""

from __future__ import annotations

import math
import numbers
import re

import pandas as pd

from spatial.errors import ConfigError, nearest_spelling
from spatial.options import Language

MINUS = "\u2212"
NO_BREAK = "\u00a0"
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
    if not isinstance(value, numbers.Real) or math.isnan(value):
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
    if not isinstance(value, numbers.Real) or math.isnan(value):
        return MISSING
    return f"{number_text(100 * float(value), decimals, language)}%"


def p_text(value: object) -> str:
    """Write a p-value in a table: three decimals, or the bound that it is below.

    Examples
    --------
    >>> p_text(0.0312), p_text(0.0002)
    ('0.031', '< 0.001')
    """
    if not isinstance(value, numbers.Real) or math.isnan(value):
        return MISSING
    return f"< {SMALLEST_P}" if float(value) < SMALLEST_P else f"{float(value):.3f}"


def p_phrase(value: float) -> str:
    """Write a p-value in a sentence, unbroken: the level it is below, or its value.

    Examples
    --------
    >>> [p_phrase(p).replace(NO_BREAK, " ") for p in (0.004, 0.03, 0.2)]
    ['p < 0.01', 'p < 0.05', 'p = 0.20']
    """
    for level in (0.001, 0.01, 0.05):
        if value < level:
            return f"p{NO_BREAK}<{NO_BREAK}{level}"
    return f"p{NO_BREAK}={NO_BREAK}{value:.2f}"


FORMATS = ("text", "number", "integer", "year", "p", "decimal<n>", "percent<n>")
"""Number formats of report tables; ``number`` is text that is set like numbers, ``decimal2`` and
``percent1`` have so many decimals."""

_WITH_DECIMALS = re.compile(r"(decimal|percent)(\d)")


def cell_text(value: object, number_format: str, language: Language) -> str:
    """Write one table cell; text stays as it is whatever the format.

    Parameters
    ----------
    value : object
    number_format : str
        One of ``FORMATS``.
    language : {"en", "zh"}

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If the format is not known.

    Examples
    --------
    >>> cell_text(0.25, "percent1", "en"), cell_text(1990, "year", "en"), cell_text(None, "p", "en")
    ('25.0%', '1990', '—')
    """
    if isinstance(value, str):
        return value
    match = _WITH_DECIMALS.fullmatch(number_format)
    if match is not None:
        write = number_text if match[1] == "decimal" else percent_text
        return write(value, int(match[2]), language)
    if number_format == "integer":
        return number_text(value, 0, language)
    if number_format == "year":
        return number_text(value, 0, "zh")  # no thousands separator
    if number_format == "p":
        return p_text(value)
    if number_format not in FORMATS:
        raise ConfigError(
            f"Number format {number_format!r} is not known"
            f"{nearest_spelling(number_format, FORMATS)}; use one of {', '.join(FORMATS)}."
        )
    return MISSING if _missing(value) else str(value)


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
