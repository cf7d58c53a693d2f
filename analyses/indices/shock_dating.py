"""Dating of shocks: Pettitt's test, a scan of breaks, and phases from turning points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyses.indices.cycles import series_by_city
from analyses.indices.resilience_inputs import Shock
from spatial.errors import ConfigError, PanelError, listed
from spatial.random import RandomSource, seeded_generator

__all__ = ["break_scan", "pettitt_test", "shocks_from_turning_points"]

SHORTEST = 4
"""Fewest values in which a break can be looked for."""


def pettitt_test(
    series: pd.Series, *, permutations: int = 0, rng: RandomSource = None
) -> pd.DataFrame:
    r"""Test each series for one change of level at an unknown time.

    :math:`U_t = \sum_{i \le t} \sum_{j > t} sgn(y_j - y_i)`, :math:`K = \max_t |U_t|`, and
    :math:`p \approx 2 \exp(-6 K^2 / (T^3 + T^2))`, at most one. The approximation is good for p
    below about 0.5; for short series ask for permutations, :math:`p = (1 + hits)/(1 + M)`.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``, or the time of one series; usually growth rates. Without gaps.
    permutations : int
        Orders drawn at random for the p-value; zero takes the approximation.
    rng : int, numpy.random.Generator or None
        For permutations.

    Returns
    -------
    pandas.DataFrame
        Columns ``city`` (absent for one series), ``time`` (last period before the change, the
        first of equals), ``statistic`` (K), ``p_value``, ``mean_before``, ``mean_after``. The
        attribute ``attrs["seed"]`` holds the seed when permutations were drawn.

    Raises
    ------
    PanelError
        If values are missing or years leave gaps.
    EstimationError
        If a series has fewer than four values.
    ConfigError
        If the number of permutations is negative.

    Notes
    -----
    A trend is read as a change of level; take it out first (growth rates, or a cycle).

    References
    ----------
    Pettitt, A. N. (1979). A non-parametric approach to the change-point problem. Journal of the
    Royal Statistical Society C 28(2), 126-135.

    Examples
    --------
    >>> growth = pd.Series([9.0, 10, 11, 10, 9, 3, 2, 4, 3, 2], index=range(2000, 2010))
    >>> pettitt_test(growth)[["time", "statistic"]].values.tolist()
    [[2004.0, 25.0]]
    """
    if not isinstance(permutations, (int, np.integer)) or permutations < 0:
        raise ConfigError(f"permutations={permutations!r} must be zero or a whole number.")
    generator, seed = seeded_generator(rng)
    rows = []
    for city, part in series_by_city(series, shortest=SHORTEST).items():
        values, times = part.to_numpy(), _times(part)
        place, statistic = _largest_step(values)
        p = _approximate_p(statistic, len(values))
        if permutations:
            drawn = [_largest_step(generator.permutation(values))[1] for _ in range(permutations)]
            p = (1 + sum(k >= statistic for k in drawn)) / (1 + permutations)
        row = _break_row(values, times, place, statistic, p)
        rows.append(row if city is None else {"city": city, **row})
    table = pd.DataFrame(rows)
    if permutations:
        table.attrs["seed"] = seed
    return table


def break_scan(series: pd.Series, *, level: float = 0.05, shortest: int = 5) -> pd.DataFrame:
    """Find several changes of level, by Pettitt's test in ever shorter pieces of each series.

    A piece is cut at its change while the test rejects at ``level``; no piece becomes shorter than
    ``shortest``. The levels of the tests are not adjusted for their number.

    Parameters
    ----------
    series : pandas.Series
        See ``pettitt_test``.
    level : float
        Of each test.
    shortest : int
        Fewest periods between two changes, two or more.

    Returns
    -------
    pandas.DataFrame
        The columns of ``pettitt_test``, a row for each change in the order of cities and time;
        means are those of the piece that was cut. Empty when nothing changes.

    Raises
    ------
    PanelError, EstimationError
        As ``pettitt_test``.
    ConfigError
        If the level is no share or ``shortest`` is below two.

    References
    ----------
    Pettitt (1979), see ``pettitt_test``.
    """
    if not 0 < level < 1:
        raise ConfigError(f"level={level!r} must be a share such as 0.05.")
    if not isinstance(shortest, (int, np.integer)) or shortest < 2:
        raise ConfigError(f"shortest={shortest!r} must be a whole number from 2.")
    rows = []
    for city, part in series_by_city(series, shortest=SHORTEST).items():
        found = _cut(part.to_numpy(), _times(part), level, shortest)
        rows += found if city is None else [{"city": city, **row} for row in found]
    columns = ["time", "statistic", "p_value", "mean_before", "mean_after"]
    return pd.DataFrame(
        rows, columns=["city", *columns] if "city" in series.index.names else columns
    )


def shocks_from_turning_points(
    turns: pd.DataFrame, *, last: int | None = None, names: Sequence[str] | None = None
) -> tuple[Shock, ...]:
    """Make shocks from the turning points of a national series.

    Each fall from a peak to a trough is a phase of resistance, the rise to the next peak its
    recovery. The recovery of the last trough ends in ``last``; without it that fall is left out.

    Parameters
    ----------
    turns : pandas.DataFrame
        Output of ``turning_points`` for one series: of levels for classical cycles, or of the
        cycle of a filter for growth cycles, where levels never fall.
    last : int, optional
        Last year of the data.
    names : sequence of str, optional
        A name for each shock; by default its years, such as ``"2007-2009"``.

    Returns
    -------
    tuple of Shock

    Raises
    ------
    PanelError
        If there are several cities, no fall followed by a recovery, or a wrong number of names.

    Examples
    --------
    >>> turns = pd.DataFrame({"time": [2007, 2009], "kind": ["peak", "trough"], "value": [3.0, 1]})
    >>> shocks_from_turning_points(turns, last=2012)[0].recovery
    (2009, 2012)
    """
    if "city" in turns.columns:
        raise PanelError(
            "Shocks are dated by one series, such as the nation; choose one city of the turning "
            "points and drop the column 'city'."
        )
    points = list(zip(turns["time"], turns["kind"], strict=True))
    phases = []
    for i, (time, kind) in enumerate(points[:-1]):
        if kind != "peak":
            continue
        trough = int(points[i + 1][0])
        end = int(points[i + 2][0]) if i + 2 < len(points) else last
        if end is not None and end > trough:
            phases.append(((int(time), trough), (trough, end)))
    if not phases:
        raise PanelError(
            "No peak is followed by a trough and a recovery; date the shocks by hand, or use the "
            "turning points of a detrended series (growth cycles)."
        )
    chosen = [f"{down[0]}-{down[1]}" for down, _ in phases] if names is None else list(names)
    if len(chosen) != len(phases):
        raise PanelError(
            f"{len(chosen)} names were given for {len(phases)} shocks, of which the falls are "
            f"{listed([down for down, _ in phases])}."
        )
    return tuple(
        Shock(name, resistance=down, recovery=up)
        for name, (down, up) in zip(chosen, phases, strict=True)
    )


def _times(part: pd.Series) -> np.ndarray:
    return part.index.get_level_values("year" if "year" in part.index.names else -1).to_numpy()


def _largest_step(values: np.ndarray) -> tuple[int, float]:
    """Return the place of the last value before the change, and K."""
    signs = np.sign(values[None, :] - values[:, None])
    # U_t gains the signs of all later values against t and loses those of earlier ones.
    steps = np.cumsum(signs.sum(axis=1))[:-1]
    place = int(np.abs(steps).argmax())
    return place, float(abs(steps[place]))


def _approximate_p(statistic: float, length: int) -> float:
    return min(1.0, 2.0 * float(np.exp(-6.0 * statistic**2 / (length**3 + length**2))))


def _break_row(
    values: np.ndarray, times: np.ndarray, place: int, statistic: float, p: float
) -> dict[str, object]:
    return {
        "time": times[place],
        "statistic": statistic,
        "p_value": p,
        "mean_before": float(values[: place + 1].mean()),
        "mean_after": float(values[place + 1 :].mean()),
    }


def _cut(
    values: np.ndarray, times: np.ndarray, level: float, shortest: int
) -> list[dict[str, object]]:
    if len(values) < max(2 * shortest, SHORTEST):
        return []
    place, statistic = _largest_step(values)
    p = _approximate_p(statistic, len(values))
    if p >= level or min(place + 1, len(values) - place - 1) < shortest:
        return []
    return [
        *_cut(values[: place + 1], times[: place + 1], level, shortest),
        _break_row(values, times, place, statistic, p),
        *_cut(values[place + 1 :], times[place + 1 :], level, shortest),
    ]
