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

_TABLE = 8_000_000
"""Draws held at once; bounds the memory at about 200 MB."""

_BLOCK = 4_000_000
"""Sums held at once where the weights of a row differ; 32 MB each of a few arrays."""

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
    z : values of the pool, shape (m,)
    matrix : weights among the pool, shape (m, m)
    degree : neighbours of each city, shape (m,)
    mean : mean of the permuted lag, shape (m,)
    reach : distance from the mean at which a permuted lag is as extreme as the observed one
    """

    z: np.ndarray
    matrix: sparse.csr_array
    degree: np.ndarray
    mean: np.ndarray
    reach: np.ndarray


def count_extreme(
    z: np.ndarray,
    matrix: sparse.csr_array,
    pool: np.ndarray,
    mean: np.ndarray,
    *,
    permutations: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Count permutations whose lag is at least as far from its mean as the observed lag.

    Parameters
    ----------
    z : numpy.ndarray of shape (n,)
    matrix : scipy.sparse.csr_array of shape (n, n)
    pool : numpy.ndarray of shape (n,), bool
        Cities that are permuted; must hold every city with a link.
    mean : numpy.ndarray of shape (n,)
        From ``conditional_moments``.
    permutations : int
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of shape (n,), int
        Zero for islands.
    """
    inside = np.flatnonzero(pool)
    task = _task(z, matrix, inside, mean)
    equal = _equal_rows(task.matrix) & (task.degree > 0)
    unequal = ~equal & (task.degree > 0)
    size = len(inside)
    width = min(int(task.degree.max()) + 1, size)
    hits = np.zeros(size, dtype=np.int64)
    step = max(1, _TABLE // max(width, 1))
    for start in range(0, permutations, step):
        table = distinct_draws(size, width, min(step, permutations - start), generator)
        if equal.any():
            hits += _hits_of_equal(task, table, equal)
        if unequal.any():
            hits += _hits_of_unequal(task, table, unequal)
    counted = np.zeros(len(z), dtype=np.int64)
    counted[inside] = hits
    return counted


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


def _task(z: np.ndarray, matrix: sparse.csr_array, inside: np.ndarray, mean: np.ndarray) -> _Task:
    among = sparse.csr_array(matrix[inside][:, inside])
    among.sort_indices()
    values, centre = z[inside], np.nan_to_num(mean[inside])
    lag = among @ values
    scale = np.maximum(among.sum(axis=1) * np.abs(values).max(), np.finfo(float).tiny)
    return _Task(
        values, among, np.diff(among.indptr), centre, np.abs(lag - centre) - _EQUAL * scale
    )


def _equal_rows(matrix: sparse.csr_array) -> np.ndarray:
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


def _hits_of_equal(task: _Task, table: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Rows with one weight w: the lag is w times a sum that all cities of one degree share."""
    size = len(task.z)
    weight = np.zeros(size)
    weight[chosen] = task.matrix.data[task.matrix.indptr[:-1][chosen]]
    drawn = task.z[table]
    sums = np.cumsum(drawn, axis=1)
    hits = np.zeros(size, dtype=np.int64)
    centre = np.divide(task.mean, weight, out=np.zeros(size), where=chosen)
    reach = np.divide(task.reach, weight, out=np.zeros(size), where=chosen)
    for degree in np.unique(task.degree[chosen]):
        cities = np.flatnonzero(chosen & (task.degree == degree))
        ordered = np.sort(sums[:, degree - 1])
        low = np.searchsorted(ordered, centre[cities] - reach[cities], side="right")
        high = np.searchsorted(ordered, centre[cities] + reach[cities], side="left")
        beyond = low + len(ordered) - high
        hits[cities] = np.where(reach[cities] <= 0.0, len(ordered), beyond)
    draw, _, city = _met_itself(table, task.degree, chosen & (reach > 0.0))
    degree = task.degree[city]
    before = sums[draw, degree - 1]
    after = before - task.z[city] + drawn[draw, degree]
    low, high = (centre - reach)[city], (centre + reach)[city]
    change = ((after <= low) | (after >= high)).astype(np.int64)
    change -= (before <= low) | (before >= high)
    np.add.at(hits, city, change)
    return hits


def _hits_of_unequal(task: _Task, table: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Rows with different weights: a matrix product of the drawn values and blocks of rows."""
    size, count = len(task.z), len(table)
    drawn = task.z[table]
    cities = np.flatnonzero(chosen)
    cities = cities[np.argsort(task.degree[cities], kind="stable")]
    rank = np.full(size, -1)
    rank[cities] = np.arange(len(cities))
    draw, place, city = _met_itself(table, task.degree, chosen)
    by_rank = np.argsort(rank[city], kind="stable")
    draw, place, city = draw[by_rank], place[by_rank], city[by_rank]
    hits = np.zeros(size, dtype=np.int64)
    step = max(1, _BLOCK // max(count, int(task.degree.max())))
    for start in range(0, len(cities), step):
        block = cities[start : start + step]
        rows = _padded(task.matrix, block)
        lags = drawn[:, : rows.shape[1]] @ rows.T
        span = slice(*np.searchsorted(rank[city], [start, start + len(block)]))
        here, who = rank[city[span]] - start, city[span]
        swap = drawn[draw[span], task.degree[who]] - task.z[who]
        lags[draw[span], here] += rows[here, place[span]] * swap
        lags -= task.mean[block]
        np.abs(lags, out=lags)
        hits[block] = (lags >= task.reach[block]).sum(axis=0)
    return hits


def _padded(matrix: sparse.csr_array, rows: np.ndarray) -> np.ndarray:
    """Entries of sparse rows side by side, filled up with zeros, shape (len(rows), longest)."""
    lengths = np.diff(matrix.indptr)[rows]
    padded = np.zeros((len(rows), int(lengths.max())))
    place = np.arange(padded.shape[1])
    filled = place < lengths[:, None]
    padded[filled] = matrix.data[(matrix.indptr[rows][:, None] + place)[filled]]
    return padded
