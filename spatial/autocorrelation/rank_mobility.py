"""Rank mobility: do cities change places, and do neighbours or regions move together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

from spatial.alignment import require_same_cities
from spatial.autocorrelation.panel_values import panel_table
from spatial.autocorrelation.preparation import checked_permutations
from spatial.autocorrelation.transitions import checked_steps
from spatial.errors import EstimationError, PanelError, WeightsError, listed
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

_EQUAL = 1e-10
"""A permuted statistic this close to the observed one counts as equal to it."""


@dataclass(frozen=True, kw_only=True)
class RankMobility(Result):
    """Rank mobility between pairs of years.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame
        Index: later year. Column ``earlier_year``, and the columns of the function that made it.
    permutations : int
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    permutations: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def rank_theta(
    values: pd.Series | pd.DataFrame,
    regions: pd.Series,
    *,
    steps: int = 1,
    permutations: int = 999,
    rng: RandomSource = None,
    city: str = "city",
    year: str = "year",
) -> RankMobility:
    r"""Measure how far changes of rank are shared by the cities of a region (theta).

    .. math::

        \theta_t = \frac{\sum_g \left| \sum_{i \in g} (r_{i,t} - r_{i,t-k}) \right|}
                        {\sum_i \left| r_{i,t} - r_{i,t-k} \right|}

    1 where all cities of each region move in one direction, 0 where moves cancel inside regions.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
        Equal values share their mean rank.
    regions : pandas.Series of shape (n,)
        Index: city ids.
    steps : int
        Distance of the two years, counted in years of the panel.
    permutations : int
        Random exchanges of regions between cities, 0 for none, else at least 99.
    rng : int, numpy.random.Generator or None
    city, year : str

    Returns
    -------
    RankMobility
        Columns ``theta``; ``total`` (sum of absolute changes of rank); ``expected`` and
        ``std_dev`` (of the permutations); ``p_value`` (two-sided: as far from the mean of the
        permutations). NaN where no rank changes.

    Raises
    ------
    AlignmentError, PanelError
        If cities differ, city-years are missing, or a city has no region.
    EstimationError
        If there is one region only.

    References
    ----------
    Rey, S. J. (2004). Spatial dependence in the evolution of regional income distributions. In
    Getis, A., Mur, J., & Zoller, H. G. (Eds.), Spatial econometrics and spatial statistics.

    Examples
    --------
    >>> panel = pd.DataFrame({2010: [1, 2, 3, 4], 2015: [3, 4, 1, 2]}, list("abcd"))
    >>> regions = pd.Series(["north", "north", "south", "south"], list("abcd"))
    >>> rank_theta(panel, regions, permutations=0).table["theta"].tolist()
    [1.0]
    """
    count = checked_permutations(permutations, smallest=99, zero=True)
    table = panel_table(values, city=city, year=year)
    span = checked_steps(steps, table.shape[1])
    require_same_cities(table.index, regions.index, left_name="the panel", right_name="the regions")
    group = regions.reindex(table.index)
    if group.isna().any():
        raise PanelError(f"Cities without a region: {listed(group.index[group.isna()])}.")
    codes, names = pd.factorize(group)
    if len(names) < 2:
        raise EstimationError(f"All cities are in the region {names[0]!r}; theta needs two.")
    ranks = stats.rankdata(table.to_numpy(), axis=0)
    change = ranks[:, span:] - ranks[:, :-span]
    # Sorted by their histories first, so that the draws depend on no order of cities.
    order = np.lexsort(table.to_numpy().T[::-1])
    change, codes = change[order], np.asarray(codes)[order]
    total = np.abs(change).sum(axis=0)
    member = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))))
    observed = np.abs(member @ change).sum(axis=0)
    generator, seed = seeded_generator(rng)
    drawn = np.empty((count, change.shape[1]))
    for at in range(count):
        drawn[at] = np.abs(member @ change[generator.permutation(len(codes))]).sum(axis=0)
    scale = np.where(total > 0.0, total, np.nan)
    rows = {"theta": observed / scale, "total": total}
    return RankMobility(
        name=_name_of(values),
        table=_table(table, span, year, rows, drawn / scale, rows["theta"]),
        permutations=count,
        configuration=Configuration(
            function="rank_theta",
            options={"steps": span, "permutations": count, "regions": tuple(map(str, names))},
            seed=seed if count else None,
        ),
    )


def rank_tau(
    values: pd.Series | pd.DataFrame,
    weights: Any = None,
    *,
    steps: int = 1,
    permutations: int = 999,
    rng: RandomSource = None,
    city: str = "city",
    year: str = "year",
) -> RankMobility:
    r"""Measure how far the order of cities is kept, for all pairs and for pairs of neighbours.

    Kendall's tau-b between two years; with weights also its parts over pairs of neighbours and
    over all other pairs:

    .. math::

        \tau = \frac{C - D}{\sqrt{(P - X)(P - Y)}}

    with C concordant and D discordant pairs of P, and X, Y pairs that are equal in the first or
    the second year. A spatial tau below its expectation says that neighbours change places with
    each other more than distant cities do.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    weights : Weights, optional
        Two cities are neighbours where either receives from the other, in the later year's matrix;
        how strongly does not count.
    steps : int
        Distance of the two years, counted in years of the panel.
    permutations : int
        Random rearrangements of the cities (both years together), 0 for none, else at least 99;
        without weights none are made.
    rng : int, numpy.random.Generator or None
    city, year : str

    Returns
    -------
    RankMobility
        Columns ``tau`` and ``p_tau`` (as ``scipy.stats.kendalltau``); with weights ``tau_near``,
        ``tau_far``, ``pairs_near``, and ``expected``, ``std_dev``, ``p_value`` of ``tau_near``
        (two-sided: as far from the mean of the permutations).

    Raises
    ------
    AlignmentError, PanelError, WeightsError
        If labels differ, city-years are missing, or no city has a neighbour.

    References
    ----------
    Rey, S. J. (2014). Fast algorithms for a space-time concordance measure. Computational
    Statistics, 29(3-4), 799-811. https://doi.org/10.1007/s00180-013-0461-2

    Examples
    --------
    >>> panel = pd.DataFrame({2010: [1, 2, 3, 4], 2015: [2, 1, 4, 3]}, list("abcd"))
    >>> pairs = pd.DataFrame(0.0, index=list("abcd"), columns=list("abcd"))
    >>> pairs.loc["a", "b"] = pairs.loc["c", "d"] = 1.0
    >>> found = rank_tau(panel, pairs, permutations=0).table
    >>> found[["tau_near", "tau_far"]].values.tolist()
    [[-1.0, 1.0]]
    """
    count = checked_permutations(permutations, smallest=99, zero=True)
    table = panel_table(values, city=city, year=year)
    span = checked_steps(steps, table.shape[1])
    numbers = table.to_numpy()
    starts, ends = range(table.shape[1] - span), range(span, table.shape[1])
    kendall = [
        stats.kendalltau(numbers[:, a], numbers[:, b]) for a, b in zip(starts, ends, strict=True)
    ]
    rows = {
        "tau": np.array([found.statistic for found in kendall]),
        "p_tau": np.array([found.pvalue for found in kendall]),
    }
    options = {"steps": span, "permutations": count if weights is not None else 0}
    if weights is None:
        return RankMobility(
            name=_name_of(values),
            table=_table(table, span, year, rows, np.empty((0, 0)), np.empty(0)),
            permutations=0,
            configuration=Configuration(function="rank_tau", options=options),
        )
    known = as_weights(weights)
    require_same_cities(table.index, known.ids, left_name="the panel", right_name="the weights")
    known = known.reordered(table.index)
    generator, seed = seeded_generator(rng)
    order = np.lexsort(numbers.T[::-1])
    ranks = stats.rankdata(numbers, axis=0)[order]
    near, far, pairs = [], [], []
    drawn = np.empty((count, len(starts)))
    for at, (a, b) in enumerate(zip(starts, ends, strict=True)):
        left, right = _neighbours(known.matrix_of(table.columns[b])[order][:, order])
        inside = _concordance(ranks[:, a], ranks[:, b], left, right)
        near.append(_tau_of(inside))
        far.append(_tau_of(_all_pairs(ranks[:, a], ranks[:, b]) - inside))
        pairs.append(len(left))
        for draw in range(count):
            shuffle = generator.permutation(len(ranks))
            drawn[draw, at] = _tau_of(
                _concordance(ranks[shuffle, a], ranks[shuffle, b], left, right)
            )
    rows |= {"tau_near": np.array(near), "tau_far": np.array(far), "pairs_near": np.array(pairs)}
    return RankMobility(
        name=_name_of(values),
        table=_table(table, span, year, rows, drawn, rows["tau_near"]),
        permutations=count,
        configuration=Configuration(
            function="rank_tau",
            options=options,
            seed=seed if count else None,
            weights=known.description,
        ),
    )


def _name_of(values: pd.Series | pd.DataFrame) -> str:
    return str(getattr(values, "name", None) or "values")


def _table(
    panel: pd.DataFrame,
    steps: int,
    year: str,
    rows: dict[str, np.ndarray],
    drawn: np.ndarray,
    tested: np.ndarray,
) -> pd.DataFrame:
    """Rows of pairs of years; ``drawn`` has shape (permutations, pairs)."""
    later = pd.Index(panel.columns[steps:], name=year)
    found = pd.DataFrame({"earlier_year": panel.columns[:-steps], **rows}, index=later)
    if not len(tested):
        return found
    if not len(drawn):
        return found.assign(expected=np.nan, std_dev=np.nan, p_value=np.nan)
    mean = drawn.mean(axis=0)
    hits = (np.abs(drawn - mean) >= np.abs(tested - mean) - _EQUAL).sum(axis=0)
    p_values = np.where(np.isnan(tested), np.nan, (1 + hits) / (1 + len(drawn)))
    return found.assign(expected=mean, std_dev=drawn.std(axis=0), p_value=p_values)


def _neighbours(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cities, each once, of which either receives from the other."""
    upper = sparse.triu(matrix + matrix.T, k=1, format="coo")
    if upper.nnz == 0:
        raise WeightsError("No city has a neighbour in these weights; use others.")
    return upper.coords[0], upper.coords[1]


def _concordance(
    first: np.ndarray, second: np.ndarray, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """C - D, and the pairs that differ in the first and in the second year."""
    one, two = np.sign(first[left] - first[right]), np.sign(second[left] - second[right])
    return np.array([(one * two).sum(), np.abs(one).sum(), np.abs(two).sum()])


def _all_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    total = np.zeros(3)
    # City by city, so that memory grows with the number of cities and not of pairs.
    for at in range(1, len(first)):
        one, two = np.sign(first[at] - first[:at]), np.sign(second[at] - second[:at])
        total += [(one * two).sum(), np.abs(one).sum(), np.abs(two).sum()]
    return total


def _tau_of(parts: np.ndarray) -> float:
    balance, differ_first, differ_second = parts
    scale = np.sqrt(differ_first * differ_second)
    return float(balance / scale) if scale > 0.0 else float("nan")
