"""Getis and Ord's local statistics: where large values gather (hot spots), and where small ones."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import sparse, special

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
from spatial.autocorrelation.preparation import Prepared, prepare
from spatial.options import HotSpotInference, MultipleTesting, checked_option
from spatial.random import RandomSource

HOT_SPOT_CLASSES = (
    "Hot spot 99%",
    "Hot spot 95%",
    "Hot spot 90%",
    "Cold spot 90%",
    "Cold spot 95%",
    "Cold spot 99%",
)
"""Classes of confidence; a city is in the surest one that its corrected p-value allows."""

_LEVELS = (0.01, 0.05, 0.10)


def local_getis_ord(
    values: pd.Series,
    weights: Any,
    *,
    star: bool = True,
    inference: HotSpotInference = "permutation",
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> LocalStatistic:
    r"""Compute Getis and Ord's local G* (with the city itself) or G (without), standardised.

    .. math:: G_i^* = \frac{\sum_j w_{ij} y_j - \bar y \, w_{i.}}
              {s \sqrt{(n \sum_j w_{ij}^2 - w_{i.}^2) / (n - 1)}}

    with s the standard deviation (divisor n) and, for G*, j = i among the neighbours; for G mean
    and standard deviation are those of the other cities, n is one less, and j = i is left out.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids, in any order.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table. The statistic does not depend on the scale
        of a row, so binary and row-standardised weights give the same.
    star : bool
        Count the city among its neighbours, with the weight of the strongest of them.
    inference : {"permutation", "analytical"}
        Which p-value is corrected and classified. ``permutation``: each city keeps its value, the
        others are rearranged; it judges the *neighbours* of a city and is the same for G* and G.
        ``analytical``: from the normal distribution of the z-score, which for G* judges city and
        neighbours together; coarse where few neighbours meet skewed values.
    permutations : int
        At least 99; 0 is allowed for analytical inference.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all cities with neighbours.
    alpha : float
        Level for counting significant cities; classes are always at 90, 95 and 99 per cent.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    LocalStatistic
        Table: ``value``; ``lag``, the weighted sum of values; ``expected`` of that sum;
        ``statistic`` and ``z_score``, both the formula above; ``p_analytical`` (two-sided);
        ``p_value`` of the inference chosen; ``p_adjusted``; ``cluster``, of ``HOT_SPOT_CLASSES``.

    Raises
    ------
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``local_moran``.

    References
    ----------
    Getis, A., & Ord, J. K. (1992). The analysis of spatial association by use of distance
    statistics. Geographical Analysis, 24(3), 189-206.

    Ord, J. K., & Getis, A. (1995). Local spatial autocorrelation statistics: distributional issues
    and an application. Geographical Analysis, 27(4), 286-306.

    Examples
    --------
    >>> import pandas as pd
    >>> names = list("abcdef")
    >>> line = pd.DataFrame(0.0, index=names, columns=names)
    >>> for left, right in zip(names, names[1:]):
    ...     line.loc[left, right] = line.loc[right, left] = 1.0
    >>> values = pd.Series([1.0, 1.2, 1.1, 7.0, 7.5, 7.2], names)
    >>> found = local_getis_ord(values, line, inference="analytical", permutations=0)
    >>> found.table["statistic"].round(2).tolist()
    [-1.58, -2.23, -0.78, 0.75, 2.23, 1.64]
    """
    chosen = cast("HotSpotInference", checked_option(inference, HotSpotInference, name="inference"))
    simulated = chosen == "permutation"
    test = local_test(permutations, correction, alpha, rng, zero=not simulated)
    ready = prepare(values, weights)
    pool = ~ready.isolates
    require_something_to_permute(pool)
    z, matrix = ready.standardised, ready.matrix
    moments = conditional_moments(z, matrix, pool)
    neighbours = matrix @ z - moments.mean
    if star:
        lag, expected, z_score = _with_itself(ready)
    else:
        lag, z_score = matrix @ ready.values, z_scores(neighbours, moments.variance)
        expected = conditional_moments(ready.values, matrix, pool).mean
    p_analytical = 2.0 * special.ndtr(-np.abs(z_score))
    p_values, direction = p_analytical, z_score
    if simulated:
        hits = count_extreme(
            z,
            matrix,
            pool,
            moments.mean,
            permutations=test.permutations,
            generator=test.generator,
        )
        p_values = simulated_p_values(hits, ready.islands, test.permutations)
        direction = neighbours
    fields = local_fields(
        ready,
        test,
        measure="local Getis-Ord G*" if star else "local Getis-Ord G",
        columns={
            "value": ready.values,
            "lag": np.where(ready.islands, np.nan, lag),
            "expected": np.where(ready.islands, np.nan, expected),
            "statistic": z_score,
            "z_score": z_score,
            "p_analytical": p_analytical,
        },
        p_values=p_values,
        category=np.where(direction > 0.0, "Hot spot", "Cold spot"),
        categories=HOT_SPOT_CLASSES,
        function="local_getis_ord",
        options={
            "star": star,
            "inference": chosen,
            "moments": "total randomisation" if star else "conditional randomisation",
        },
        simulated=simulated,
    )
    table = fields["table"]
    high = pd.Series(direction > 0.0, ready.ids).reindex(table.index).to_numpy()
    words = hot_spot_classes(high, table["p_adjusted"].to_numpy())
    fields["table"] = table.assign(cluster=np.where(table["cluster"] == ISOLATED, ISOLATED, words))
    return LocalStatistic(**fields)


def hot_spot_classes(high: np.ndarray, p_values: np.ndarray) -> np.ndarray:
    """Name the class of confidence of each city.

    Parameters
    ----------
    high : numpy.ndarray of shape (n,), bool
        Values are large around the city.
    p_values : numpy.ndarray of shape (n,)
        After the correction.

    Returns
    -------
    numpy.ndarray of str, shape (n,)

    Examples
    --------
    >>> hot_spot_classes(np.array([True, False, True]), np.array([0.001, 0.03, 0.2])).tolist()
    ['Hot spot 99%', 'Cold spot 95%', 'Not significant']
    """
    known = np.nan_to_num(p_values, nan=1.0)
    grade = np.searchsorted(_LEVELS, known, side="left")
    hot = np.array([*HOT_SPOT_CLASSES[:3], NOT_SIGNIFICANT])
    cold = np.array([*HOT_SPOT_CLASSES[:2:-1], NOT_SIGNIFICANT])
    return np.where(high, hot[grade], cold[grade])


def _with_itself(ready: Prepared) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted sum with the city itself, its expectation, and the z-score; NaN for islands."""
    n, matrix = ready.n, ready.matrix
    own = matrix.max(axis=1).toarray().ravel()
    near = sparse.csr_array(matrix + sparse.diags_array(own, format="csr"))
    sums, squares = near.sum(axis=1), (near * near).sum(axis=1)
    variance = np.where(ready.islands, np.nan, np.maximum(n * squares - sums**2, 0.0) / (n - 1))
    # The standardised values have mean 0 and standard deviation 1.
    z_score = z_scores(near @ ready.standardised, variance)
    return near @ ready.values, sums * ready.values.mean(), z_score
