"""Local spatial heteroscedasticity (LOSH): where values are uneven among neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import sparse, stats

from spatial.autocorrelation.conditional_permutation import count_tails
from spatial.autocorrelation.global_statistics import checked_alternative
from spatial.autocorrelation.local_statistics import (
    LocalStatistic,
    doubled_p_values,
    local_fields,
    local_test,
    require_something_to_permute,
    simulated_p_values,
)
from spatial.autocorrelation.preparation import Prepared, prepare
from spatial.errors import ConfigError, EstimationError
from spatial.options import (
    Alternative,
    HeteroscedasticityInference,
    MultipleTesting,
    checked_option,
)
from spatial.random import RandomSource

LOSH_CLASSES = ("Uneven", "Even")
"""More, or less, spread among the neighbours than elsewhere."""

_SMALLEST_SPREAD = 1e-12
"""Residuals that differ by less than this share of the largest value are rounding."""


def losh(
    values: pd.Series,
    weights: Any,
    *,
    power: float = 2.0,
    inference: HeteroscedasticityInference = "permutation",
    alternative: Alternative = "two-sided",
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> LocalStatistic:
    r"""Compute local spatial heteroscedasticity, with a chi-square or a permutation test.

    .. math:: H_i = \frac{\sum_j w_{ij} |e_j|^a}{\bar h \sum_j w_{ij}}, \qquad
              e_j = y_j - \frac{\sum_k w_{jk} y_k}{\sum_k w_{jk}}

    where :math:`\bar h` is the mean of :math:`|e_j|^a`: above 1 values near city i scatter about
    their own surroundings more than elsewhere, as at the border of two regimes.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids, in any order.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are.
    power : float
        a > 0; 2 for variances, 1 for absolute deviations.
    inference : {"permutation", "chi-square"}
        ``permutation``: the residuals |e|^a of the other cities are rearranged, complete and
        conditional. ``chi-square``: 2 H_i / Var(H_i) against 2 / Var(H_i) degrees of freedom, the
        approximation of Ord and Getis.
    alternative : {"two-sided", "greater", "less"}
        "greater" looks for uneven surroundings only. Two-sided: twice the smaller tail, as H is
        skewed.
    permutations : int
        At least 99; 0 is allowed for the chi-square test.
    correction : {"fdr", "by", "bonferroni", "none"}
    alpha : float
    rng : int, numpy.random.Generator or None

    Returns
    -------
    LocalStatistic
        Table: ``value``, ``local_mean``, ``residual`` (e), ``statistic`` (H), ``expected`` (1),
        ``variance`` (under total randomisation), ``z_score``, ``p_chi_square``, ``p_value`` of the
        inference chosen, ``p_adjusted``, ``cluster``.

    Raises
    ------
    AlignmentError, PanelError, WeightsError
        As in ``local_moran``.
    ConfigError
        If the power is not positive.
    EstimationError
        As in ``local_moran``; also if all residuals are equally large.

    Notes
    -----
    A city without neighbours has no residual: it takes no part as a neighbour either.
    Residuals are made of overlapping neighbourhoods and are not quite exchangeable; the permutation
    treats them as if they were. Tests that rearrange the values themselves ask another question:
    whether there is any pattern, of level or of spread.

    References
    ----------
    Ord, J. K., & Getis, A. (2012). Local spatial heteroscedasticity (LOSH). Annals of Regional
    Science, 48(2), 529-539.
    """
    chosen = cast(
        "HeteroscedasticityInference",
        checked_option(inference, HeteroscedasticityInference, name="inference"),
    )
    side = checked_alternative(alternative)
    simulated = chosen == "permutation"
    if not power > 0.0 or not np.isfinite(power):
        raise ConfigError(f"power={power!r} must be positive, such as 2 for variances.")
    test = local_test(permutations, correction, alpha, rng, zero=not simulated)
    ready = prepare(values, weights)
    local_mean, residual = _residuals(ready)
    known = ~ready.islands
    powers = _relative_powers(ready, residual, power)
    ready = _linked_to_known(ready)
    weight = ready.matrix.sum(axis=1)
    lag, weight = ready.matrix @ powers, np.where(ready.islands, np.nan, weight)
    statistic, variance = lag / weight, _variance(ready, powers[known])
    p_chi_square = _chi_square(statistic, variance, side)
    p_values = p_chi_square
    if simulated:
        pool = ~ready.isolates
        require_something_to_permute(pool)
        below, above = count_tails(
            powers,
            ready.matrix,
            pool,
            permutations=test.permutations,
            generator=test.generator,
        )
        if side == "two-sided":
            p_values = doubled_p_values(below, above, ready.islands, test.permutations)
        else:
            hits = above if side == "greater" else below
            p_values = simulated_p_values(hits, ready.islands, test.permutations)
    fields = local_fields(
        ready,
        test,
        measure="LOSH",
        columns={
            "value": ready.values,
            "local_mean": local_mean,
            "residual": residual,
            "statistic": statistic,
            "expected": np.where(ready.islands, np.nan, 1.0),
            "variance": variance,
            "z_score": (statistic - 1.0) / np.sqrt(variance),
            "p_chi_square": p_chi_square,
        },
        p_values=p_values,
        category=np.where(statistic > 1.0, *LOSH_CLASSES),
        categories=LOSH_CLASSES,
        function="losh",
        options={"power": power, "inference": chosen, "alternative": side},
        simulated=simulated,
        tails=2 if side == "two-sided" else 1,
    )
    return LocalStatistic(**fields)


def _residuals(ready: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the neighbours of each city and the deviation from it; NaN for islands."""
    weight = np.where(ready.islands, np.nan, ready.matrix.sum(axis=1))
    local_mean = (ready.matrix @ ready.values) / weight
    return local_mean, ready.values - local_mean


def _relative_powers(ready: Prepared, residual: np.ndarray, power: float) -> np.ndarray:
    """Powers of the residuals over their mean; zero for islands."""
    known = ~ready.islands
    largest = np.abs(residual[known]).max()
    if largest <= _SMALLEST_SPREAD * np.abs(ready.values).max():
        raise EstimationError(
            f"{ready.name} equals the mean of the neighbours in every city, so that nothing "
            "scatters; LOSH needs residuals."
        )
    # Divided first, so that powers of large or small residuals stay inside the floats.
    powers = np.where(known, np.abs(residual) / largest, 0.0) ** power
    powers = np.where(known, powers / powers[known].mean(), 0.0)
    if np.ptp(powers[known]) <= _SMALLEST_SPREAD:
        raise EstimationError(
            f"{ready.name} deviates from the mean of the neighbours by the same in every city, so "
            "that spread cannot differ."
        )
    return powers


def _linked_to_known(ready: Prepared) -> Prepared:
    """Leave out links to cities that have no residual."""
    kept = sparse.csr_array(ready.matrix @ sparse.diags_array((~ready.islands).astype(float)))
    kept.eliminate_zeros()
    islands = np.diff(kept.indptr) == 0
    silent = np.diff(kept.tocsc().indptr) == 0
    return replace(ready, matrix=kept, islands=islands, isolates=islands & silent)


def _variance(ready: Prepared, powers: np.ndarray) -> np.ndarray:
    """Variance of H when the residuals are shuffled over all cities that have one."""
    n = len(powers)
    weight = np.where(ready.islands, np.nan, ready.matrix.sum(axis=1))
    squares = (ready.matrix * ready.matrix).sum(axis=1)
    return np.asarray(powers.var() * (n * squares - weight**2) / ((n - 1) * weight**2))


def _chi_square(
    statistic: np.ndarray, variance: np.ndarray, alternative: Alternative
) -> np.ndarray:
    """Tail of the chi-square distribution with the first two moments of H."""
    scaled, freedom = 2.0 * statistic / variance, 2.0 / variance
    above, below = stats.chi2.sf(scaled, freedom), stats.chi2.cdf(scaled, freedom)
    tails = {"greater": above, "less": below}
    return np.asarray(tails.get(alternative, np.minimum(1.0, 2.0 * np.minimum(above, below))))
