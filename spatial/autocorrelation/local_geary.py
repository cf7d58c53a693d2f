"""Local Geary's c: how much a city differs from its neighbours, in one variable or in several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import aligned_series
from spatial.autocorrelation.conditional_permutation import Moments, count_tails
from spatial.autocorrelation.local_statistics import (
    LocalStatistic,
    doubled_p_values,
    local_fields,
    local_test,
    require_something_to_permute,
    z_scores,
)
from spatial.autocorrelation.preparation import Prepared, prepare, standardised
from spatial.errors import ConfigError, listed
from spatial.options import MultipleTesting
from spatial.random import RandomSource

GEARY_CLASSES = ("High-High", "Low-Low", "Other positive", "Negative")
"""Like its neighbours (both high, both low, on both sides of the mean), or unlike them."""

GEARY_CLASSES_OF_SEVERAL = ("Positive", "Negative")


def local_geary(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> LocalStatistic:
    r"""Compute local Geary's c with conditional permutation, of one variable or several at once.

    .. math:: c_i = \frac{1}{p} \sum_{v=1}^p \sum_j w_{ij} (z_{vi} - z_{vj})^2

    where each variable z has mean 0 and mean square 1. For one variable the c_i sum to
    2 n S0 / (n - 1) times Geary's C.

    Parameters
    ----------
    values : pandas.Series of shape (n,) or pandas.DataFrame of shape (n, p)
        Index: city ids, in any order; a column for each variable.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are.
    permutations : int
        At least 99. Each city keeps its values while the others are rearranged, the values of a
        city together.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all cities with neighbours.
    alpha : float
    rng : int, numpy.random.Generator or None

    Returns
    -------
    LocalStatistic
        Table: ``value``, ``standardised``, ``lag`` (of the standardised value; only for one
        variable); ``statistic``; ``expected``, ``z_score``; ``p_value``; ``p_adjusted``;
        ``cluster``: below its expectation a city is like its neighbours.

    Raises
    ------
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``local_moran``.
    ConfigError
        For a table without columns or with one twice.

    Notes
    -----
    p is twice (1 + hits) / (1 + permutations) of the smaller tail: squared differences are skewed,
    so that a c near zero, however rare, is never as far from the mean as a large one.
    Other programs divide by n - 1 in the variance, so that their c is (n - 1) / n of this one;
    z-scores and p-values are the same.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis,
    27(2), 93-115. https://doi.org/10.1111/j.1538-4632.1995.tb00338.x

    Anselin, L. (2019). A local indicator of multivariate spatial association: extending Geary's c.
    Geographical Analysis, 51(2), 133-150.

    Examples
    --------
    >>> import pandas as pd
    >>> names = list("abcd")
    >>> line = pd.DataFrame(0.0, index=names, columns=names)
    >>> for left, right in zip(names, names[1:]):
    ...     line.loc[left, right] = line.loc[right, left] = 1.0
    >>> values = pd.Series([-1.0, -1.0, 1.0, 1.0], names)
    >>> local_geary(values, line, permutations=99, correction="none", rng=1).table[
    ...     "statistic"
    ... ].tolist()
    [0.0, 4.0, 4.0, 0.0]
    """
    frame = _as_table(values)
    test = local_test(permutations, correction, alpha, rng)
    ready = prepare(frame.iloc[:, 0], weights)
    pool = ~ready.isolates
    require_something_to_permute(pool)
    z = _standardised_columns(frame, ready)
    squares = (z**2).sum(axis=1)
    # (z_i - z_j)^2 summed over variables is |z_i|^2 - 2 z_i'z_j + |z_j|^2: a sum of lags.
    features = np.column_stack([z, squares])
    coefficients = np.column_stack([-2.0 * z, np.ones(ready.n)])
    own = ready.matrix.sum(axis=1) * squares
    found = own + (coefficients * (ready.matrix @ features)).sum(axis=1)
    moments = _moments(z, ready, pool)
    below, above = count_tails(
        features,
        ready.matrix,
        pool,
        permutations=test.permutations,
        generator=test.generator,
        coefficients=coefficients,
    )
    count = z.shape[1]
    statistic = np.where(ready.islands, np.nan, np.maximum(found, 0.0) / count)
    columns = {
        "statistic": statistic,
        "expected": moments.mean / count,
        "z_score": z_scores(found - moments.mean, moments.variance),
    }
    alike = above > below
    category = np.where(alike, "Positive", "Negative")
    if count == 1:
        lag = np.where(ready.islands, np.nan, ready.matrix @ z[:, 0])
        columns = {"value": ready.values, "standardised": z[:, 0], "lag": lag, **columns}
        category = _side(z[:, 0], lag, alike)
    fields = local_fields(
        ready,
        test,
        measure="local Geary's c",
        name=" and ".join(str(column) for column in frame.columns),
        columns=columns,
        p_values=doubled_p_values(below, above, ready.islands, test.permutations),
        category=category,
        categories=GEARY_CLASSES if count == 1 else GEARY_CLASSES_OF_SEVERAL,
        function="local_geary",
        options={"variables": tuple(str(column) for column in frame.columns)},
        tails=2,
    )
    return LocalStatistic(**fields)


def _as_table(values: pd.Series | pd.DataFrame) -> pd.DataFrame:
    frame = values if isinstance(values, pd.DataFrame) else None
    if frame is None and isinstance(values, pd.Series):
        frame = values.to_frame("values" if values.name is None else values.name)
    if frame is None or frame.shape[1] == 0:
        raise ConfigError(
            "values must be a Series indexed by city, or a table with a column for each variable."
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()]
        raise ConfigError(f"Columns appear more than once: {listed(twice)}. Keep one of each.")
    return frame


def _standardised_columns(frame: pd.DataFrame, ready: Prepared) -> np.ndarray:
    """All variables in the order of the first one, shape (n, p)."""
    columns = [ready.standardised]
    for name in frame.columns[1:]:
        numbers = aligned_series(frame[name], ready.ids, what=str(name)).to_numpy()
        columns.append(standardised(numbers, str(name)))
    return np.column_stack(columns)


def _moments(z: np.ndarray, ready: Prepared, pool: np.ndarray) -> Moments:
    """Exact mean and variance of the sum of squared differences; NaN for islands."""
    inside, squares = z[pool], (z**2).sum(axis=1)
    others, square_inside = int(pool.sum()) - 1, squares[pool]
    # The difference of a city from itself is zero, so sums over all are sums over the others.
    sums = len(inside) * squares - 2.0 * z @ inside.sum(axis=0) + square_inside.sum()
    square_sums = (
        len(inside) * squares**2
        + 4.0 * ((z @ (inside.T @ inside)) * z).sum(axis=1)
        + (square_inside**2).sum()
        - 4.0 * squares * (z @ inside.sum(axis=0))
        + 2.0 * squares * square_inside.sum()
        - 4.0 * z @ (inside.T @ square_inside)
    )
    average = sums / others
    spread = np.maximum(square_sums / others - average**2, 0.0)
    weight = ready.matrix.sum(axis=1)
    square_weight = (ready.matrix * ready.matrix).sum(axis=1)
    variance = spread * np.maximum(others * square_weight - weight**2, 0.0) / max(others - 1, 1)
    mean = weight * average
    return Moments(np.where(ready.islands, np.nan, mean), np.where(ready.islands, np.nan, variance))


def _side(z: np.ndarray, lag: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Tell the two sides of likeness apart by the Moran scatter plot."""
    high, low = (z > 0.0) & (lag > 0.0), (z <= 0.0) & (lag <= 0.0)
    return np.select([alike & high, alike & low, alike], list(GEARY_CLASSES[:3]), GEARY_CLASSES[3])
