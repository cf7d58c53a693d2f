"""Turn cells as they were read into identifiers, years and numbers, or say why not."""

from __future__ import annotations

import datetime
import re
from typing import cast

import numpy as np
import pandas as pd

from spatial.errors import PanelError, listed

MISSING_WORDS = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None"})
"""Cells of a column of numbers that mean: no value."""

_LARGEST_EXACT = 2**53
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+")
_DECIMAL_ZERO = re.compile(r"-?\d+\.0+")
_ALMOST_NUMBER = re.compile(r"[-+(]?\s*[$¥€£]?\s*\d[\d\s,.'’\u00a0\u202f]*\)?\s*[%‰]?")
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that are never meant in an id or a name."""

_FIRST_YEAR, _LAST_YEAR = 1000, 2999


def is_missing(cell: object) -> bool:
    """Tell whether a cell is empty: None, NaN, NaT or blank text."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or bool(pd.isna(cast("float", cell)))


def identifiers(cells: pd.Series, *, what: str, first_row: int = 2) -> pd.Series:
    """Turn a column of identifiers into text.

    Text keeps its leading zeros; blanks around it are cut. Whole numbers are written without
    decimals, also where every text ends in ``.0`` (the trace of a column that once had gaps).

    Parameters
    ----------
    cells : pandas.Series
    what : str
        Column and file, for messages.
    first_row : int
        Row number of the first cell in the file, for messages.

    Returns
    -------
    pandas.Series of str
        Same index.

    Raises
    ------
    PanelError
        Empty cells, control characters, dates, fractions, numbers too large to be exact, or ids in
        scientific notation.

    Examples
    --------
    >>> identifiers(pd.Series(["01001", " 48301"]), what="'fips'").tolist()
    ['01001', '48301']
    >>> identifiers(pd.Series([10180.0, 10420.0]), what="'cbsa'").tolist()
    ['10180', '10420']
    """
    empty = [first_row + row for row, cell in enumerate(cells) if is_missing(cell)]
    if empty:
        raise PanelError(
            f"{what}: {len(empty)} rows have no id (rows {listed(empty)} of the file). "
            "Fill them in or delete these rows."
        )
    texts = [_identifier(cell, what) for cell in cells]
    unseen = [first_row + row for row, text in enumerate(texts) if CONTROLS.search(text)]
    if unseen:
        raise PanelError(
            f"{what}: ids hold control characters, which files and other programs lose (rows "
            f"{listed(unseen)} of the file). Delete them."
        )
    if all(_DECIMAL_ZERO.fullmatch(text) for text in texts):
        texts = [text.partition(".")[0] for text in texts]
    scientific = [text for text in texts if _SCIENTIFIC.fullmatch(text)]
    if scientific:
        raise PanelError(
            f"{what}: ids such as {listed(scientific, limit=3)} were turned into scientific "
            "notation by a spreadsheet and cannot be restored. Export the column as text."
        )
    return pd.Series(texts, index=cells.index, name=cells.name)


def _identifier(cell: object, what: str) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, (bool, np.bool_, datetime.date, np.datetime64)):
        raise PanelError(f"{what}: {cell!r} is no id; make it a column of text.")
    if isinstance(cell, (int, np.integer)):
        return str(int(cell))
    if isinstance(cell, (float, np.floating)):
        if not float(cell).is_integer() or abs(float(cell)) > _LARGEST_EXACT:
            raise PanelError(
                f"{what}: the number {cell!r} is not exact as an id; make it a column of text."
            )
        return str(int(cell))
    return str(cell).strip()


def years(cells: pd.Series, *, what: str, first_row: int = 2) -> pd.Series:
    """Turn a column of years into integers; ``2005``, ``2005.0`` and ``"2005"`` are the same.

    Parameters
    ----------
    cells : pandas.Series
    what : str
        Column and file, for messages.
    first_row : int
        Row number of the first cell in the file.

    Returns
    -------
    pandas.Series of int64

    Raises
    ------
    PanelError
        Empty cells, control characters, dates, or anything that is no year between 1000 and 2999.

    Examples
    --------
    >>> years(pd.Series(["2005", "2006.0"]), what="'year'").tolist()
    [2005, 2006]
    """
    empty = [first_row + row for row, cell in enumerate(cells) if is_missing(cell)]
    if empty:
        raise PanelError(
            f"{what}: {len(empty)} rows have no year (rows {listed(empty)} of the file). "
            "Fill them in or delete these rows."
        )
    parsed = {cell: _year(cell) for cell in cells.unique()}
    wrong = [str(cell) for cell, year in parsed.items() if year is None]
    if wrong:
        raise PanelError(
            f"{what}: {listed(wrong, limit=5)} are not years. A year is a whole number such as "
            "2005; make a column that holds the year of each date and name that one."
        )
    return cells.map(parsed).astype("int64")


def _year(cell: object) -> int | None:
    if isinstance(cell, (bool, np.bool_)):
        return None
    if isinstance(cell, str):
        if not re.fullmatch(r"\d{4}(\.0+)?", cell.strip(), flags=re.ASCII):
            return None
        cell = int(float(cell))
    if isinstance(cell, (int, float, np.integer, np.floating)) and float(cell).is_integer():
        return int(cell) if _FIRST_YEAR <= cell <= _LAST_YEAR else None
    return None


def numbers(cells: pd.Series) -> tuple[pd.Series, list[str]]:
    """Turn a column into floats and list the cells that are no numbers.

    Empty cells and the words of ``MISSING_WORDS`` become NaN; ``true`` and ``false`` become 1 and
    0 when the whole column holds nothing else.

    Parameters
    ----------
    cells : pandas.Series

    Returns
    -------
    values : pandas.Series of float
    not_numbers : list of str
        The distinct offending cells, in order of appearance.

    Examples
    --------
    >>> values, not_numbers = numbers(pd.Series(["1.5", "", "1,234"]))
    >>> values.tolist(), not_numbers
    ([1.5, nan, nan], ['1,234'])
    """
    if pd.api.types.is_bool_dtype(cells) or (
        pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_complex_dtype(cells)
    ):
        return cells.astype("Float64").astype(float), []
    if pd.api.types.is_datetime64_any_dtype(cells):
        return cells.astype(object).map(lambda _: np.nan).astype(float), _distinct(cells.dropna())
    if pd.api.types.infer_dtype(cells, skipna=True) == "string":
        quick = pd.to_numeric(cells.str.strip(), errors="coerce").astype(float)
        if cells[quick.isna()].map(_plain).isna().all():
            return quick, []
    plain = pd.Series(
        [_plain(cell) for cell in cells.to_numpy(dtype=object)], index=cells.index, dtype=object
    )
    filled = plain.notna()
    lowered = plain[filled].map(lambda cell: cell.lower() if isinstance(cell, str) else cell)
    if filled.any() and lowered.isin(["true", "false"]).all():
        plain[filled] = (lowered == "true").astype(float)
    values = pd.to_numeric(plain, errors="coerce").astype(float)
    return values, _distinct(plain[values.isna() & filled])


def _plain(cell: object) -> object:
    if isinstance(cell, str):
        text = cell.strip()
        return None if text in MISSING_WORDS else text
    if is_missing(cell):
        return None
    # A date must not turn into the count of its nanoseconds.
    return cell if isinstance(cell, (int, float, np.number)) else str(cell)


def _distinct(cells: pd.Series) -> list[str]:
    return list(dict.fromkeys(str(cell) for cell in cells))


def almost_number(text: str) -> bool:
    """Tell whether text is a number with separators, a currency or a percent sign.

    Examples
    --------
    >>> almost_number("1,234.5"), almost_number("Henan")
    (True, False)
    """
    return _ALMOST_NUMBER.fullmatch(text.strip()) is not None


def without_leading_zeros(identifier: str) -> str:
    """Return what a spreadsheet makes of an id of digits; other ids are returned as they are.

    Examples
    --------
    >>> without_leading_zeros("01001"), without_leading_zeros("A01")
    ('1001', 'A01')
    """
    if identifier.isascii() and identifier.isdigit():
        return identifier.lstrip("0") or "0"
    return identifier
