"""Geary's C: how much neighbours differ, against how much any two cities do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.autocorrelation.global_statistics import (
    ISLANDS_KEPT,
    GlobalStatistic,
    checked_alternative,
    global_statistic,
    normal_p_value,
)
from spatial.autocorrelation.preparation import checked_permutations, prepare
from spatial.autocorrelation.quadratic_forms import edge_sums, form_moments, permuted_forms
from spatial.options import Alternative
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration


@dataclass(frozen=True, kw_only=True)
class GlobalGeary(GlobalStatistic):
    """Geary's C and its inference.

    Attributes
    ----------
    variance_normal, z_score_normal, p_normal : float
        Under normality; the attributes of ``GlobalStatistic`` are under randomisation.
    """

    variance_normal: float
    z_score_normal: float
    p_normal: float

    def tidy(self) -> pd.DataFrame:
        """Return one row: index ``measure``, a column for each number."""
        row = super().tidy()
        for column in ("variance_normal", "z_score_normal", "p_normal"):
            row[column] = getattr(self, column)
        return row


def global_geary(
    values: pd.Series,
    weights: Any,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalGeary:
    r"""Compute Geary's C and judge it by normal theory, randomisation and permutation.

    .. math:: C = \frac{n - 1}{2 S_0} \frac{\sum_{ij} w_{ij} (y_i - y_j)^2}{\sum_i (y_i - \bar y)^2}

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids, in any order.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are, never transformed.
    permutations : int
        Number of random rearrangements, 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
        C against its expectation 1. **Below** 1 neighbours are alike, so that "less" tests for
        positive autocorrelation. The z-score has the sign of C - 1 (spdep prints the opposite).
    rng : int, numpy.random.Generator or None

    Returns
    -------
    GlobalGeary

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or values are missing.
    EstimationError
        If the values are constant or there are fewer than four cities.
    WeightsError
        If no city has a neighbour.

    References
    ----------
    Cliff, A. D., & Ord, J. K. (1981). Spatial Processes. Pion.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame(
    ...     [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]],
    ...     index=list("abcd"), columns=list("abcd"),
    ... )
    >>> result = global_geary(pd.Series([1, 2, 3, 4], list("abcd")), line, permutations=99, rng=1)
    >>> round(result.statistic, 6)
    0.3
    """
    wanted = checked_alternative(alternative)
    count = checked_permutations(permutations, smallest=99, zero=True)
    ready = prepare(values, weights)
    generator, seed = seeded_generator(rng)
    z, n = ready.standardised, ready.n
    differences = difference_form(ready.matrix)
    scale = (n - 1) / (2.0 * float(ready.matrix.data.sum()) * float(z @ z))
    moments = form_moments(differences, z, z)
    simulated = permuted_forms(z, differences, count, generator) * scale
    statistic = float(z @ (differences @ z)) * scale
    found = global_statistic(
        measure="Geary's C",
        name=ready.name,
        statistic=statistic,
        expected=1.0,
        variance=moments.variance * scale**2,
        simulated=simulated,
        alternative=wanted,
        n=n,
        n_islands=int(ready.islands.sum()),
        configuration=Configuration(
            function="global_geary",
            options={"permutations": count, "alternative": wanted, "islands": ISLANDS_KEPT},
            seed=seed if count else None,
            weights=ready.weights.description,
        ),
    )
    normal = _variance_normal(ready.matrix)
    z_normal = (statistic - 1.0) / np.sqrt(normal) if normal > 0.0 else np.nan
    return GlobalGeary(
        **{field: getattr(found, field) for field in GlobalStatistic.__dataclass_fields__},
        variance_normal=normal,
        z_score_normal=float(z_normal),
        p_normal=normal_p_value(float(z_normal), wanted),
    )


def difference_form(matrix: sparse.csr_array) -> sparse.csr_array:
    r"""Matrix P with :math:`y'Py = \sum_{ij} w_{ij} (y_i - y_j)^2`."""
    ends = matrix.sum(axis=1) + matrix.sum(axis=0)
    return sparse.csr_array(sparse.diags_array(ends) - matrix - matrix.T)


def _variance_normal(matrix: sparse.csr_array) -> float:
    """Variance of C under normality (Cliff & Ord 1981)."""
    n, s0 = matrix.shape[0], float(matrix.data.sum())
    scaled = matrix * (n / s0)
    _, s1, s2 = edge_sums(scaled)
    return float(((2 * s1 + s2) * (n - 1) - 4 * n**2) / (2 * (n + 1) * n**2))
