"""Conditional permutation of local statistics: each city keeps its value, the others move.

For city i with k neighbours the null distribution is that of sum_p w_ip z_(r_p), where r_1 .. r_k
are drawn without replacement from all other cities. One table of draws serves all cities: a row
holds a random sequence of distinct cities. City i reads the first k of them; where it meets itself
among these, it takes number k + 1 in its place. Striking a city out of a random sequence leaves a
random sequence of the others, so each city sees the complete conditional permutation exactly; only
the rounding by chance is shared between cities. Where a city's neighbours weigh the same, its
sums are shared as well, and counting is a search in a sorted list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatial.options import Alternative

_TABLE = 8_000_000
"""Draws held at once; bounds the memory at about 200 MB."""

_BLOCK = 4_000_000
"""Sums held at once where the weights of a row differ; 32 MB each of a few arrays."""

_CACHED = 250_000
"""Sums held at once where they are made and counted in passing; 2 MB stay in the cache."""

_EQUAL = 1e-10
"""Sums that differ by less than this share of their scale count as equal."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Exact mean and variance of the permuted lag of each city.

    Attributes
    ----------
    mean, variance : numpy.ndarray of shape (n,)
        NaN for islands.
    """

    mean: np.ndarray
    variance: np.ndarray


def conditional_moments(z: np.ndarray, matrix: sparse.csr_array, pool: np.ndarray) -> Moments:
    r"""Mean and variance of the lag over all conditional permutations.

    With m other cities in the pool, their mean a and variance v (divisor m):
    mean = w_i. a, and variance = v [m \sum_j w_ij^2 - w_i.^2] / (m - 1).

    Parameters
    ----------
    z : numpy.ndarray of shape (n,)
    matrix : scipy.sparse.csr_array of shape (n, n)
    pool : numpy.ndarray of shape (n,), bool
        Cities whose values take part; all cities with links are in it.

    Returns
    -------
    Moments

    References
    ----------
    Sokal, R. R., Oden, N. L., & Thomson, B. A. (1998). Local spatial autocorrelation in a
    biological model. Geographical Analysis, 30(4), 331-354.
    https://doi.org/10.1111/j.1538-4632.1998.tb00406.x
    """
    others = int(pool.sum()) - 1
    total, squares = z[pool].sum(), (z[pool] ** 2).sum()
    average = (total - z) / others
    spread = np.maximum((squares - z**2) / others - average**2, 0.0)
    sums = matrix.sum(axis=1)
    square_sums = (matrix * matrix).sum(axis=1)
    variance = spread * np.maximum(others * square_sums - sums**2, 0.0) / max(others - 1, 1)
    islands = np.diff(matrix.indptr) == 0
    mean = sums * average
    mean[islands], variance[islands] = np.nan, np.nan
    return Moments(mean, variance)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is permuted, in positions of the pool; see the module for the scheme.

    Attributes
    ----------
    features : values of the pool, shape (m, q)
    coefficients : what each city makes of the lags of the features, shape (m, q)
    matrix : weights among the pool, shape (m, m)
    degree : neighbours of each city, shape (m,)
    low, high : a permuted statistic at or below the one, or at or above the other, is extreme
    """

    features: np.ndarray
    coefficients: np.ndarray
    matrix: sparse.csr_array
    degree: np.ndarray
    low: np.ndarray
    high: np.ndarray


def count_extreme(
    features: np.ndarray,
    matrix: sparse.csr_array,
    pool: np.ndarray,
    mean: np.ndarray,
    *,
    permutations: int,
    generator: np.random.Generator,
    coefficients: np.ndarray | None = None,
    alternative: Alternative = "two-sided",
) -> np.ndarray:
    r"""Count permutations whose statistic is at least as extreme as the observed one.

    The statistic of city i is :math:`\sum_q b_{iq} \sum_j w_{ij} f_{jq}`: the lag of a variable
    (Moran, Getis-Ord), or a sum of lags (Geary's squared differences are such sums).

    Parameters
    ----------
    features : numpy.ndarray of shape (n,) or (n, q)
    matrix : scipy.sparse.csr_array of shape (n, n)
    pool : numpy.ndarray of shape (n,), bool
        Cities that are permuted; must hold every city with a link.
    mean : numpy.ndarray of shape (n,)
        Of the statistic over all conditional permutations.
    permutations : int
    generator : numpy.random.Generator
    coefficients : numpy.ndarray of shape (n, q), optional
        b; by default one.
    alternative : {"two-sided", "greater", "less"}
        Two-sided: at least as far from the mean.

    Returns
    -------
    numpy.ndarray of shape (n,), int
        Zero for islands.
    """
    below, above = _counted(
        features, matrix, pool, mean, permutations, generator, coefficients, alternative
    )
    # Where the observed statistic is at the mean, every permutation is beyond one of the bounds.
    return np.minimum(below + above, permutations)


def count_tails(
    features: np.ndarray,
    matrix: sparse.csr_array,
    pool: np.ndarray,
    *,
    permutations: int,
    generator: np.random.Generator,
    coefficients: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Count permutations whose statistic is at most, and at least, the observed one.

    For statistics with a skewed distribution, whose tails must be judged one by one.

    Parameters
    ----------
    features, matrix, pool, permutations, generator, coefficients
        As in ``count_extreme``.

    Returns
    -------
    below, above : numpy.ndarray of shape (n,), int
    """
    centre = np.zeros(len(pool))
    return _counted(features, matrix, pool, centre, permutations, generator, coefficients, None)


def _counted(
    features: np.ndarray,
    matrix: sparse.csr_array,
    pool: np.ndarray,
    mean: np.ndarray,
    permutations: int,
    generator: np.random.Generator,
    coefficients: np.ndarray | None,
    alternative: Alternative | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Count permutations beyond the lower and the upper bound of each city."""
    inside = np.flatnonzero(pool)
    columns = features[:, None] if features.ndim == 1 else features
    shares = np.ones_like(columns) if coefficients is None else coefficients
    task = _task(columns, shares, matrix, inside, mean, alternative)
    equal = equal_rows(task.matrix) & (task.degree > 0)
    unequal = ~equal & (task.degree > 0)
    hits_of_equal = _hits_of_equal if coefficients is None else _hits_of_combined
    size = len(inside)
    width = min(int(task.degree.max()) + 1, size)
    hits = np.zeros((2, size), dtype=np.int64)
    step = max(1, _TABLE // max(width, 1))
    for start in range(0, permutations, step):
        table = distinct_draws(size, width, min(step, permutations - start), generator)
        if equal.any():
            hits += hits_of_equal(task, table, equal)
        if unequal.any():
            hits += _hits_of_unequal(task, table, unequal)
    counted = np.zeros((2, len(columns)), dtype=np.int64)
    counted[:, inside] = hits
    return counted[0], counted[1]


def distinct_draws(size: int, width: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw ``count`` random sequences of ``width`` distinct numbers below ``size``.

    Parameters
    ----------
    size, width, count : int
        ``width`` at most ``size``.
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of shape (count, width), int32

    Notes
    -----
    Short sequences are drawn number by number, and a number met before in its row is drawn again:
    the first new number of an endless stream, which is drawing without replacement. Long ones are
    cut from whole permutations.
    """
    if 4 * width > size:
        whole = np.tile(np.arange(size, dtype=np.int32), (count, 1))
        return generator.permuted(whole, axis=1, out=whole)[:, :width]
    table = generator.integers(size, size=(count, width), dtype=np.int32)
    rows = np.arange(count)
    while len(rows) and width > 1:
        part = table[rows]
        order = np.argsort(part, axis=1, kind="stable")
        ordered = np.take_along_axis(part, order, axis=1)
        again = np.zeros(part.shape, dtype=bool)
        np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
        part[again] = generator.integers(size, size=int(again.sum()), dtype=np.int32)
        table[rows] = part
        rows = rows[again.any(axis=1)]
    return table


def _task(
    features: np.ndarray,
    coefficients: np.ndarray,
    matrix: sparse.csr_array,
    inside: np.ndarray,
    mean: np.ndarray,
    alternative: Alternative | None,
) -> _Task:
    """Put the pool together with the bounds of each city; without alternative, of both tails."""
    among = sparse.csr_array(matrix[inside][:, inside])
    among.sort_indices()
    values, shares, centre = features[inside], coefficients[inside], np.nan_to_num(mean[inside])
    observed = (shares * (among @ values)).sum(axis=1)
    scale = among.sum(axis=1) * (np.abs(shares) @ np.abs(values).max(axis=0))
    slack = _EQUAL * np.maximum(scale, np.finfo(float).tiny)
    if alternative == "two-sided":
        reach = np.abs(observed - centre) - slack
        low, high = centre - reach, centre + reach
    else:
        low = observed + slack if alternative != "greater" else np.full(len(inside), -np.inf)
        high = observed - slack if alternative != "less" else np.full(len(inside), np.inf)
    return _Task(values, shares, among, np.diff(among.indptr), low, high)


def equal_rows(matrix: sparse.csr_array) -> np.ndarray:
    """Mark rows whose entries are all the same."""
    lengths = np.diff(matrix.indptr)
    filled = lengths > 0
    equal = np.zeros(len(lengths), dtype=bool)
    starts = matrix.indptr[:-1][filled]
    high, low = np.maximum.reduceat(matrix.data, starts), np.minimum.reduceat(matrix.data, starts)
    equal[filled] = high - low <= 1e-14 * high
    return equal


def _met_itself(
    table: np.ndarray, degree: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find where a chosen city stands among the draws that it reads: draw, place, city."""
    draw, place = np.nonzero(chosen[table])
    city = table[draw, place]
    read = place < degree[city]
    return draw[read], place[read], city[read]


def _bounds_of_sums(task: _Task, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds for the sums of neighbours where all weights of a row are the same."""
    weight = np.ones(len(task.degree))
    weight[chosen] = task.matrix.data[task.matrix.indptr[:-1][chosen]]
    return task.low / weight, task.high / weight


def _hits_of_equal(task: _Task, table: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Rows with one weight w: the lag is w times a sum that all cities of one degree share."""
    drawn = task.features[:, 0][table]
    sums = np.cumsum(drawn, axis=1)
    hits = np.zeros((2, len(task.degree)), dtype=np.int64)
    low, high = _bounds_of_sums(task, chosen)
    for degree in np.unique(task.degree[chosen]):
        cities = np.flatnonzero(chosen & (task.degree == degree))
        ordered = np.sort(sums[:, degree - 1])
        hits[0, cities] = np.searchsorted(ordered, low[cities], side="right")
        hits[1, cities] = len(ordered) - np.searchsorted(ordered, high[cities], side="left")
    draw, _, city = _met_itself(table, task.degree, chosen)
    degree = task.degree[city]
    before = sums[draw, degree - 1]
    after = before - task.features[city, 0] + drawn[draw, degree]
    _corrected(hits, city, before, after, low, high)
    return hits


def _hits_of_combined(task: _Task, table: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Rows with one weight and several features: sums are shared, what is made of them is not."""
    drawn = task.features[table]
    sums = np.cumsum(drawn, axis=1)
    hits = np.zeros((2, len(task.degree)), dtype=np.int64)
    low, high = _bounds_of_sums(task, chosen)
    step = max(1, _CACHED // len(table))
    for degree in np.unique(task.degree[chosen]):
        cities = np.flatnonzero(chosen & (task.degree == degree))
        shared = np.ascontiguousarray(sums[:, degree - 1].T)
        for start in range(0, len(cities), step):
            block = cities[start : start + step]
            found = task.coefficients[block] @ shared
            hits[0, block] = np.count_nonzero(found <= low[block, None], axis=1)
            hits[1, block] = np.count_nonzero(found >= high[block, None], axis=1)
    draw, _, city = _met_itself(table, task.degree, chosen)
    degree, share = task.degree[city], task.coefficients[city]
    before = (share * sums[draw, degree - 1]).sum(axis=1)
    swap = drawn[draw, degree] - task.features[city]
    _corrected(hits, city, before, before + (share * swap).sum(axis=1), low, high)
    return hits


def _corrected(
    hits: np.ndarray,
    city: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> None:
    """Take out, in place, what a city counted of sequences that held itself; add what it reads."""
    change = (after <= low[city]).astype(np.int64) - (before <= low[city])
    np.add.at(hits[0], city, change)
    change = (after >= high[city]).astype(np.int64) - (before >= high[city])
    np.add.at(hits[1], city, change)


def _hits_of_unequal(task: _Task, table: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Rows with different weights: a matrix product of the drawn values and blocks of rows."""
    count = len(table)
    drawn = task.features[table]
    cities = np.flatnonzero(chosen)
    cities = cities[np.argsort(task.degree[cities], kind="stable")]
    rank = np.full(len(task.degree), -1)
    rank[cities] = np.arange(len(cities))
    draw, place, city = _met_itself(table, task.degree, chosen)
    by_rank = np.argsort(rank[city], kind="stable")
    draw, place, city = draw[by_rank], place[by_rank], city[by_rank]
    hits = np.zeros((2, len(task.degree)), dtype=np.int64)
    step = max(1, _BLOCK // max(count, int(task.degree.max()) * drawn.shape[2]))
    for start in range(0, len(cities), step):
        block = cities[start : start + step]
        rows = _padded(task.matrix, block)
        mixed = rows[:, :, None] * task.coefficients[block][:, None, :]
        found = drawn[:, : rows.shape[1]].reshape(count, -1) @ mixed.reshape(len(block), -1).T
        span = slice(*np.searchsorted(rank[city], [start, start + len(block)]))
        here, who = rank[city[span]] - start, city[span]
        swap = drawn[draw[span], task.degree[who]] - task.features[who]
        swapped = (task.coefficients[who] * swap).sum(axis=1)
        found[draw[span], here] += rows[here, place[span]] * swapped
        hits[0, block] = np.count_nonzero(found <= task.low[block], axis=0)
        hits[1, block] = np.count_nonzero(found >= task.high[block], axis=0)
    return hits


def _padded(matrix: sparse.csr_array, rows: np.ndarray) -> np.ndarray:
    """Entries of sparse rows side by side, filled up with zeros, shape (len(rows), longest)."""
    lengths = np.diff(matrix.indptr)[rows]
    padded = np.zeros((len(rows), int(lengths.max())))
    place = np.arange(padded.shape[1])
    filled = place < lengths[:, None]
    padded[filled] = matrix.data[(matrix.indptr[rows][:, None] + place)[filled]]
    return padded
