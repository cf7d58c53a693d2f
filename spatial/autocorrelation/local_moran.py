"""Local Moran's I: which cities sit in clusters, and which stand out from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.autocorrelation.conditional_permutation import conditional_moments, count_extreme
from spatial.autocorrelation.local_statistics import (
    ISOLATED,
    NOT_SIGNIFICANT,
    LocalStatistic,
    local_fields,
    local_test,
    require_something_to_permute,
    simulated_p_values,
    z_scores,
)
from spatial.autocorrelation.preparation import prepare
from spatial.options import MultipleTesting
from spatial.random import RandomSource

__all__ = [
    "ISOLATED",
    "NOT_SIGNIFICANT",
    "QUADRANTS",
    "LocalMoran",
    "local_moran",
    "quadrants_of",
]

QUADRANTS = ("High-High", "Low-High", "Low-Low", "High-Low")
"""Own value first, neighbours second, against the mean."""


@dataclass(frozen=True, kw_only=True)
class LocalMoran(LocalStatistic):
    """Local Moran's I of each city and its inference.

    Attributes
    ----------
    table : pandas.DataFrame of shape (n, 10)
        Index: cities, in the order of the values given. Columns: ``value``; ``standardised``
        (mean 0, mean square 1); ``lag`` of the standardised value; ``statistic``; ``expected``,
        ``z_score`` over all conditional permutations (exact moments, no simulation);
        ``p_value`` (permutation, two-sided); ``p_adjusted``; ``quadrant``; ``cluster``: the
        quadrant where significant after correction, else ``"Not significant"``; ``"Isolated"`` in
        both for islands.
    global_statistic : float
        Moran's I; the local statistics sum to S0 times it.
    """

    global_statistic: float


def local_moran(
    values: pd.Series,
    weights: Any,
    *,
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> LocalMoran:
    r"""Compute local Moran's I with conditional permutation and a correction for many tests.

    .. math:: I_i = \frac{z_i}{m_2} \sum_j w_{ij} z_j, \qquad m_2 = \frac{1}{n} \sum_i z_i^2

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids, in any order.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are, never transformed.
    permutations : int
        At least 99. Each city keeps its value while the others are rearranged.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all cities with neighbours. ``fdr`` after Benjamini and Hochberg, ``by`` after
        Benjamini and Yekutieli.
    alpha : float
        Level of the test, or share of false discoveries.
    rng : int, numpy.random.Generator or None
        The same seed gives the same numbers whatever the order or names of the cities.

    Returns
    -------
    LocalMoran

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or values are missing.
    EstimationError
        If the values are constant; if there are fewer than four cities; or if the permutations
        are so few that no outcome could be significant after the correction. Where only small
        groups are out of reach of FDR, ``warnings`` says so.
    WeightsError
        If no city has a neighbour.

    Notes
    -----
    p = (1 + hits) / (1 + permutations); a permutation counts when its lag is at least as far from
    the mean of all conditional permutations as the observed lag. A city with a value exactly at
    the mean has I = 0 but may still have extreme neighbours.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis,
    27(2), 93-115. https://doi.org/10.1111/j.1538-4632.1995.tb00338.x

    Examples
    --------
    >>> import pandas as pd
    >>> names = list("abcdef")
    >>> line = pd.DataFrame(0.0, index=names, columns=names)
    >>> for left, right in zip(names, names[1:]):
    ...     line.loc[left, right] = line.loc[right, left] = 1.0
    >>> values = pd.Series([1.0, 1.2, 1.1, 7.0, 7.5, 7.2], names)
    >>> result = local_moran(values, line, permutations=999, rng=1)
    >>> result.table["quadrant"].tolist()
    ['Low-Low', 'Low-Low', 'Low-Low', 'High-High', 'High-High', 'High-High']
    """
    test = local_test(permutations, correction, alpha, rng)
    ready = prepare(values, weights)
    pool = ~ready.isolates
    require_something_to_permute(pool)
    z, matrix = ready.standardised, ready.matrix
    moments = conditional_moments(z, matrix, pool)
    hits = count_extreme(
        z,
        matrix,
        pool,
        moments.mean,
        permutations=test.permutations,
        generator=test.generator,
    )
    lag = np.where(ready.islands, np.nan, matrix @ z)
    quadrant = np.where(ready.islands, ISOLATED, quadrants_of(z, lag))
    fields = local_fields(
        ready,
        test,
        measure="local Moran's I",
        columns={
            "value": ready.values,
            "standardised": z,
            "lag": lag,
            "statistic": z * lag,
            "expected": z * moments.mean,
            # z_i is a constant of the permutation: it scales statistic and moments alike.
            "z_score": z_scores(np.sign(z) * (lag - moments.mean), moments.variance),
            "quadrant": quadrant,
        },
        p_values=simulated_p_values(hits, ready.islands, test.permutations),
        category=quadrant,
        categories=QUADRANTS,
        function="local_moran",
        options={},
    )
    table = fields["table"]
    fields["table"] = table[[*table.columns.drop(["quadrant", "cluster"]), "quadrant", "cluster"]]
    return LocalMoran(**fields, global_statistic=float(z @ (matrix @ z) / matrix.data.sum()))


def quadrants_of(standardised: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Name the quadrant of the Moran scatter plot; a value at the mean counts as low.

    Parameters
    ----------
    standardised, lag : numpy.ndarray of shape (n,)

    Returns
    -------
    numpy.ndarray of str, shape (n,)

    Examples
    --------
    >>> quadrants_of(np.array([1.0, -1.0]), np.array([-0.5, -0.5])).tolist()
    ['High-Low', 'Low-Low']
    """
    high, high_lag = standardised > 0.0, lag > 0.0
    return np.select(
        [high & high_lag, ~high & high_lag, ~high & ~high_lag], list(QUADRANTS[:3]), QUADRANTS[3]
    )
