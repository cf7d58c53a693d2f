"""Turning points of city series by the rules of Bry, Boschan, Harding and Pagan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyses.indices.cycles import series_by_city
from spatial.errors import ConfigError

__all__ = ["turning_points"]


def turning_points(
    series: pd.Series, *, window: int = 1, minimum_phase: int = 1, minimum_cycle: int = 2
) -> pd.DataFrame:
    r"""Date peaks and troughs of each city (the BBQ rules).

    A peak is a value not below its neighbours up to ``window`` periods away, strictly above the
    earlier ones, so that a plateau gives one date; troughs mirror this. Then turning points are
    made to alternate (the higher of two peaks and the lower of two troughs stay, the earlier of
    equals), and the pair that moves least is removed while a phase is shorter than
    ``minimum_phase`` or a cycle (peak to peak, trough to trough) shorter than ``minimum_cycle``.
    The first and last ``window`` periods hold none.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``, or the time of one series; usually logarithms of levels, or the
        cycle of a filter where levels never fall.
    window, minimum_phase, minimum_cycle : int
        1, 1, 2 for years; 2, 2, 5 for quarters; 5, 6, 15 for months.

    Returns
    -------
    pandas.DataFrame
        Columns ``city`` (absent for one series), ``time``, ``kind`` (``"peak"`` or ``"trough"``)
        and ``value``, in the order of cities and time; empty when nothing turns.

    Raises
    ------
    PanelError
        If values are missing or years leave gaps.
    ConfigError
        If a length is below one.

    References
    ----------
    Bry, G. & Boschan, C. (1971). Cyclical analysis of time series. NBER.

    Harding, D. & Pagan, A. (2002). Dissecting the cycle: a methodological investigation. Journal
    of Monetary Economics 49(2), 365-381. https://doi.org/10.1016/S0304-3932(01)00108-8

    Examples
    --------
    >>> jobs = pd.Series([1.0, 3, 2, 1, 2, 4], index=range(2000, 2006))
    >>> turning_points(jobs)[["time", "kind"]].values.tolist()
    [[2001, 'peak'], [2003, 'trough']]
    """
    for name, value in (
        ("window", window),
        ("minimum_phase", minimum_phase),
        ("minimum_cycle", minimum_cycle),
    ):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ConfigError(f"{name}={value!r} must be a whole number from 1.")
    rows = []
    for city, part in series_by_city(series).items():
        values = part.to_numpy()
        level = "year" if "year" in part.index.names else -1
        times = part.index.get_level_values(level)
        for place, sign in _turns(values, window, minimum_phase, minimum_cycle):
            kind = "peak" if sign > 0 else "trough"
            row = {"time": times[place], "kind": kind, "value": values[place]}
            rows.append(row if city is None else {"city": city, **row})
    columns = ["time", "kind", "value"]
    return pd.DataFrame(
        rows, columns=["city", *columns] if "city" in series.index.names else columns
    )


def _turns(
    values: np.ndarray, window: int, minimum_phase: int, minimum_cycle: int
) -> list[tuple[int, int]]:
    """Find places with sign 1 for peaks and -1 for troughs."""
    found = []
    for place in range(window, len(values) - window):
        before = values[place - window : place]
        after = values[place + 1 : place + window + 1]
        for sign in (1, -1):
            here = sign * values[place]
            ahead = (here > sign * before).all() and (here >= sign * after).all()
            # A plateau turns only if the series leaves it by the other side.
            if ahead and _leaves_down(sign * values[place:]):
                found.append((place, sign))
    turns = _alternating(found, values)
    while True:
        index = _too_short(turns, minimum_phase, minimum_cycle, values)
        if index is None:
            return turns
        turns = _alternating(turns[:index] + turns[index + 2 :], values)


def _leaves_down(values: np.ndarray) -> bool:
    different = values[values != values[0]]
    return bool(len(different) and different[0] < values[0])


def _alternating(turns: list[tuple[int, int]], values: np.ndarray) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for place, sign in turns:
        if kept and kept[-1][1] == sign:
            if sign * values[place] > sign * values[kept[-1][0]]:
                kept[-1] = (place, sign)
        elif kept and sign * values[place] <= sign * values[kept[-1][0]]:
            continue  # a peak that is no higher than the trough before it
        else:
            kept.append((place, sign))
    return kept


def _too_short(
    turns: list[tuple[int, int]], minimum_phase: int, minimum_cycle: int, values: np.ndarray
) -> int | None:
    """Return the first of the two turns to remove: the least movement in what is too short."""
    candidates = set()
    for i in range(len(turns) - 1):
        if turns[i + 1][0] - turns[i][0] < minimum_phase:
            candidates.add(i)
        if i + 2 < len(turns) and turns[i + 2][0] - turns[i][0] < minimum_cycle:
            candidates |= {i, i + 1}
    if not candidates:
        return None
    return min(candidates, key=lambda i: (abs(values[turns[i + 1][0]] - values[turns[i][0]]), i))
