"""Local bivariate Moran's I: a city's own value of one variable, its neighbours' of another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spatial.autocorrelation.bivariate import prepared_pair
from spatial.autocorrelation.conditional_permutation import conditional_moments, count_extreme
from spatial.autocorrelation.local_moran import QUADRANTS, quadrants_of
from spatial.autocorrelation.local_statistics import (
    LocalStatistic,
    local_fields,
    local_test,
    require_something_to_permute,
    simulated_p_values,
    z_scores,
)
from spatial.options import MultipleTesting
from spatial.random import RandomSource


def local_bivariate_moran(
    own: pd.Series,
    neighbours: pd.Series,
    weights: Any,
    *,
    partial: bool = False,
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> LocalStatistic:
    r"""Compute local bivariate Moran's I with conditional permutation.

    .. math:: I_i = z_{x,i} \sum_j w_{ij} z_{y,j}

    with both variables at mean 0 and mean square 1; the I_i sum to S0 times ``bivariate_moran``.

    Parameters
    ----------
    own : pandas.Series of shape (n,)
        x, for example a city's own digital economy.
    neighbours : pandas.Series of shape (n,)
        y, read at the neighbours, for example their resilience. The same cities.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are.
    partial : bool
        Take from y what x of the same city explains (residuals of least squares).
    permutations : int
        At least 99. Each city keeps both values; the y of the others are rearranged.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all cities with neighbours.
    alpha : float
    rng : int, numpy.random.Generator or None

    Returns
    -------
    LocalStatistic
        Table: ``value`` (x), ``standardised`` (x), ``lag`` (of the standardised y),
        ``statistic``, ``expected``, ``z_score``, ``p_value``, ``p_adjusted``, ``cluster``: own x
        first, the neighbours' y second.

    Raises
    ------
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``bivariate_moran`` and ``local_moran``.

    Notes
    -----
    A significant city has neighbours with unusual y; whether that has to do with its own x only
    the category says. Where x and y are related within cities, a y that is clustered by itself
    makes clusters; ``partial`` takes the relation out.

    References
    ----------
    Anselin, L., Syabri, I., & Smirnov, O. (2002). Visualizing multivariate spatial correlation
    with dynamically linked windows. In New Tools for Spatial Data Analysis: Proceedings of the
    Specialist Meeting. Center for Spatially Integrated Social Science, University of California.
    """
    test = local_test(permutations, correction, alpha, rng)
    ready, z_y, label = prepared_pair(own, neighbours, weights, partial=partial)
    pool = ~ready.isolates
    require_something_to_permute(pool)
    z_x = ready.standardised
    moments = conditional_moments(z_y, ready.matrix, pool)
    hits = count_extreme(
        z_y,
        ready.matrix,
        pool,
        moments.mean,
        permutations=test.permutations,
        generator=test.generator,
    )
    lag = np.where(ready.islands, np.nan, ready.matrix @ z_y)
    fields = local_fields(
        ready,
        test,
        measure="local bivariate Moran's I",
        name=label,
        columns={
            "value": ready.values,
            "standardised": z_x,
            "lag": lag,
            "statistic": z_x * lag,
            "expected": z_x * moments.mean,
            "z_score": z_scores(np.sign(z_x) * (lag - moments.mean), moments.variance),
        },
        p_values=simulated_p_values(hits, ready.islands, test.permutations),
        category=quadrants_of(z_x, lag),
        categories=QUADRANTS,
        function="local_bivariate_moran",
        options={"partial": partial},
    )
    return LocalStatistic(**fields)
