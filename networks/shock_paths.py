"""What a shock does to every city, step by step, and in sum: shared by all models of spreading."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.prestige import spectral_radius
from networks.types import LinkageNetwork
from spatial.alignment import aligned_series
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError, listed
from spatial.results import Configuration, Result

COLUMNS_AT_ONCE = 256
"""Shocked cities whose effects are solved for together."""

ROUNDS_FROM = 500
"""From so many cities on, adding rounds up is quicker than solving, if they shrink fast."""

FAST_DECAY = 0.98
"""Spectral radius up to which rounds shrink fast: two thousand of them at most matter."""

ROUNDING = 1e-18
"""Rounds below this share of the shock change no digit of the sum."""

Shock = Hashable | list | Mapping[Hashable, float] | pd.Series
"""A city or a list of cities hit by one unit each, or sizes of the shock by city; cities left out
are not hit."""

CityNumbers = float | pd.Series
"""One number for all cities, or a Series with one for each."""


@dataclass(frozen=True)
class ShockPath(Result):
    """A shock on its way through the cities.

    Attributes
    ----------
    path : pandas.DataFrame of shape (steps + 1, n)
        Index ``step``, columns city ids: the state of every city; step 0 is the shock itself.
    table : pandas.DataFrame
        Index: city. ``shock``; ``accumulated``: sum over all steps of a shock that comes once, or
        the level that a lasting shock ends in; ``own``: the part that the city's own shock makes,
        what comes back to it included; ``received``: the rest, made by shocks elsewhere;
        ``emitted``: what its own shock adds up to in other cities; ``peak`` and ``peak_step``:
        the value furthest from zero and when; ``half_time``: of a shock that comes once, steps
        from the peak until half of it is gone, of a lasting one, steps until half of
        ``accumulated`` is reached; NaN where that is not within the path. Columns that a model
        cannot know are NaN. Intervals add ``accumulated_low`` and ``accumulated_high``.
    total : float
        Sum of ``accumulated`` over cities.
    remaining : float
        Share of ``total`` (in absolute values) still to come after the last step.
    spectral_radius : float
        Growth factor of the slowest part of the shock; below one it dies out. NaN for models
        that are not linear.
    low, high : pandas.DataFrame or None
        Bounds of ``path``, where parameters were drawn.
    configuration : Configuration
    """

    path: pd.DataFrame
    table: pd.DataFrame
    total: float
    remaining: float
    spectral_radius: float
    configuration: Configuration
    low: pd.DataFrame | None = None
    high: pd.DataFrame | None = None

    def tidy(self) -> pd.DataFrame:
        """Return a row for each step and city: ``value``, and ``low`` and ``high`` if known."""
        index = pd.MultiIndex.from_product(
            [self.path.index, self.path.columns], names=["step", "city"]
        )
        columns = {"value": self.path, "low": self.low, "high": self.high}
        return pd.DataFrame(
            {name: f.to_numpy().ravel() for name, f in columns.items() if f is not None},
            index=index,
        )

    def top_receivers(self, count: int = 10) -> pd.Series:
        """Return the cities that shocks elsewhere hit hardest, by absolute size."""
        return self._top("received", count)

    def top_emitters(self, count: int = 10) -> pd.Series:
        """Return the cities whose shocks do most elsewhere, by absolute size."""
        return self._top("emitted", count)

    def _top(self, column: str, count: int) -> pd.Series:
        values = self.table[column].dropna()
        if values.empty:
            raise EstimationError(
                f"This model does not tell what is {column}: the parts of several shocks do not "
                "add up in it. Shock one city at a time and compare."
            )
        return values.sort_values(key=np.abs, ascending=False, kind="stable").head(count)


def shock_vector(shock: Any, cities: pd.Index, *, what: str = "shock") -> np.ndarray:
    """Return the size of a shock for every city.

    Parameters
    ----------
    shock : city id, list of them, mapping or pandas.Series
    cities : pandas.Index of shape (n,)
    what : str
        Name for messages.

    Returns
    -------
    numpy.ndarray of shape (n,)

    Raises
    ------
    AlignmentError
        If a city is unknown, or listed twice.
    PanelError
        If a size is missing, infinite or no number.
    """
    if isinstance(shock, pd.Series):
        sizes = shock
    elif isinstance(shock, Mapping):
        sizes = pd.Series(list(shock.values()), index=pd.Index(list(shock)), dtype=object)
    elif isinstance(shock, pd.DataFrame | np.ndarray):
        raise AlignmentError(
            f"{what} must be a city, a list of cities, or sizes by city (a mapping or a Series), "
            f"not {type(shock).__name__}."
        )
    else:
        names = list(shock) if isinstance(shock, list | pd.Index) else [shock]
        sizes = pd.Series(1.0, index=pd.Index(names, dtype=object), dtype=object)
    if not sizes.index.is_unique:
        twice = sizes.index[sizes.index.duplicated()].unique()
        raise AlignmentError(f"{what}: cities appear more than once: {listed(twice)}.")
    place = cities.get_indexer(sizes.index)
    if (place < 0).any():
        raise AlignmentError(
            f"{what}: not in the network: {listed(sizes.index[place < 0])}; known are "
            f"{listed(cities, limit=5)}."
        )
    numbers = pd.to_numeric(sizes, errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(numbers)
    if bad.any():
        raise PanelError(
            f"{what}: sizes are missing, infinite or not numbers, for {listed(sizes.index[bad])}."
        )
    vector = np.zeros(len(cities))
    vector[place] = numbers
    return vector


def city_numbers(
    values: object, cities: pd.Index, *, name: str, least: float, most: float = np.inf
) -> np.ndarray:
    """Return one number for each city, checked against bounds.

    Parameters
    ----------
    values : float or pandas.Series of shape (n,)
    cities : pandas.Index of shape (n,)
    name : str
        Of the argument, for messages.
    least, most : float
        Bounds, both allowed.

    Returns
    -------
    numpy.ndarray of shape (n,)

    Raises
    ------
    AlignmentError, PanelError
        As ``spatial.alignment.aligned_series``.
    ConfigError
        If a number is out of bounds.
    """
    if isinstance(values, pd.Series):
        numbers = aligned_series(values, cities, what=name).to_numpy()
    elif isinstance(values, int | float | np.number) and not isinstance(values, bool):
        numbers = np.full(len(cities), float(values))
    else:
        raise ConfigError(
            f"{name} must be one number or a pandas Series by city, not {type(values).__name__}."
        )
    wrong = ~((numbers >= least) & (numbers <= most))
    if wrong.any():
        bounds = f"at least {least:g}" if np.isinf(most) else f"from {least:g} to {most:g}"
        raise ConfigError(f"{name} must be {bounds}; it is not for {listed(cities[wrong])}.")
    return numbers


def shares(network: LinkageNetwork, side: str) -> sparse.csr_array:
    """Return how a shock is handed on: row receives from column.

    Parameters
    ----------
    network : LinkageNetwork
    side : {"sent", "received"}
        ``sent``: cell (j, i) is the share of what i sends that goes to j. ``received``: the share
        of what j receives that comes from i. Cities that send or receive nothing have zeros.

    Returns
    -------
    scipy.sparse.csr_array of shape (n, n)
    """
    flows = network.flows
    whole = np.asarray(flows.sum(axis=1 if side == "sent" else 0)).ravel()
    scale = sparse.diags_array(np.divide(1.0, whole, out=np.zeros_like(whole), where=whole > 0))
    return sparse.csr_array((scale @ flows if side == "sent" else flows @ scale).T)


def linear_path(
    matrix: sparse.csr_array,
    start: np.ndarray,
    cities: pd.Index,
    *,
    lasting: bool,
    steps: int,
    remedy: str,
    configuration: Configuration,
) -> ShockPath:
    r"""Follow :math:`x_{t+1} = M x_t` or, for a lasting shock, :math:`x_{t+1} = M x_t + s`.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        M, zero or positive; row receives from column.
    start : numpy.ndarray of shape (n,)
        s, the state at step 0.
    cities : pandas.Index of shape (n,)
    lasting : bool
    steps : int
    remedy : str
        What to do if the shock grows for ever.
    configuration : Configuration

    Returns
    -------
    ShockPath

    Raises
    ------
    EstimationError
        If the spectral radius of M is one or more.
    """
    matrix = sparse.csr_array(matrix)
    # The eigenvalue of a city on no cycle is its own persistence.
    radius = max(spectral_radius(matrix), float(matrix.diagonal().max(initial=0.0)))
    if radius >= 1.0 - 1e-12:
        raise EstimationError(
            f"The shock never dies out: the spectral radius of the transmission is {radius:.6g}, "
            f"and it must be below one. {remedy}"
        )
    states = [start]
    for _ in range(steps):
        following = matrix @ states[-1]
        states.append(following + start if lasting else following)
    path = path_frame(np.array(states), cities)

    def sums(columns: np.ndarray) -> np.ndarray:
        if len(start) >= ROUNDS_FROM and radius <= FAST_DECAY:
            return _sum_of_rounds(matrix, columns)
        from spatial.regression.spatial_lag import solve_columns  # slow to load, seldom needed

        return solve_columns(matrix, 1.0, columns)

    table = summed_table(path, start, sums, lasting=lasting)
    accumulated = table["accumulated"].to_numpy()
    return ShockPath(
        path=path,
        table=table,
        total=float(accumulated.sum()),
        remaining=remaining_share(path, accumulated, lasting=lasting),
        spectral_radius=radius,
        configuration=configuration,
    )


def _sum_of_rounds(matrix: sparse.csr_array, columns: np.ndarray) -> np.ndarray:
    """Sum M^t B until a term is below rounding: links do not fill in, as factors would."""
    total, term = columns.copy(), columns
    scale = np.abs(columns).max(initial=0.0)
    while np.abs(term).max(initial=0.0) > ROUNDING * scale:
        term = matrix @ term
        total += term
    return total


def path_frame(states: np.ndarray, cities: pd.Index) -> pd.DataFrame:
    """Label states of shape (steps + 1, n)."""
    index = pd.RangeIndex(len(states), name="step")
    return pd.DataFrame(states, index=index, columns=cities.rename("city"))


def path_table(
    path: pd.DataFrame, start: np.ndarray, *, lasting: bool, accumulated: np.ndarray
) -> pd.DataFrame:
    """Summarise a path city by city; ``own``, ``received`` and ``emitted`` are left NaN.

    Parameters
    ----------
    path : pandas.DataFrame of shape (steps + 1, n)
    start : numpy.ndarray of shape (n,)
    lasting : bool
    accumulated : numpy.ndarray of shape (n,)

    Returns
    -------
    pandas.DataFrame
        See ``ShockPath.table``.
    """
    values = path.to_numpy()
    size, n = np.abs(values), values.shape[1]
    peak_step = size.argmax(axis=0)
    peak = values[peak_step, np.arange(n)]
    after = np.arange(len(values))[:, None] >= peak_step
    if lasting:
        there = size >= np.abs(accumulated) / 2.0
        begin = np.zeros(n, dtype=int)
    else:
        there = after & (size <= np.abs(peak) / 2.0)
        begin = peak_step
    half = np.where(there.any(axis=0), there.argmax(axis=0) - begin, np.nan)
    return pd.DataFrame(
        {
            "shock": start,
            "accumulated": accumulated,
            "own": np.nan,
            "received": np.nan,
            "emitted": np.nan,
            "peak": peak,
            "peak_step": peak_step,
            "half_time": np.where(peak != 0.0, half, np.nan),
        },
        index=path.columns,
    )


def summed_table(
    path: pd.DataFrame,
    start: np.ndarray,
    sums: Callable[[np.ndarray], np.ndarray],
    *,
    lasting: bool,
) -> pd.DataFrame:
    """Summarise a path of a linear model, what each shocked city does told apart.

    Parameters
    ----------
    path : pandas.DataFrame of shape (steps + 1, n)
    start : numpy.ndarray of shape (n,)
    sums : callable
        Of shocks in columns, shape (n, k): what they accumulate in every city, shape (n, k).
    lasting : bool

    Returns
    -------
    pandas.DataFrame
        See ``ShockPath.table``.
    """
    n = len(start)
    accumulated, own, emitted = np.zeros((3, n))
    hit = np.flatnonzero(start)
    for begin in range(0, len(hit), COLUMNS_AT_ONCE):
        block = hit[begin : begin + COLUMNS_AT_ONCE]
        unit = np.zeros((n, len(block)))
        unit[block, np.arange(len(block))] = start[block]
        effects = sums(unit)
        accumulated += effects.sum(axis=1)
        own[block] = effects[block, np.arange(len(block))]
        emitted[block] = effects.sum(axis=0) - own[block]
    table = path_table(path, start, lasting=lasting, accumulated=accumulated)
    table["own"], table["emitted"], table["received"] = own, emitted, accumulated - own
    return table


def remaining_share(path: pd.DataFrame, accumulated: np.ndarray, *, lasting: bool) -> float:
    """Return the share of what accumulates that comes after the last step of a path."""
    whole = np.abs(accumulated).sum()
    reached = path.iloc[-1] if lasting else path.sum()
    return float(np.abs(accumulated - reached.to_numpy()).sum() / whole) if whole else 0.0
