"""Local Moran's I: which cities sit in clusters, and which stand out from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from spatial.autocorrelation.conditional_permutation import (
    Moments,
    conditional_moments,
    count_extreme,
)
from spatial.autocorrelation.multiple_testing import adjusted_p_values, resolution_warnings
from spatial.autocorrelation.preparation import Prepared, checked_permutations, prepare
from spatial.errors import ConfigError, EstimationError
from spatial.options import MultipleTesting, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

QUADRANTS = ("High-High", "Low-High", "Low-Low", "High-Low")
"""Own value first, neighbours second, against the mean."""

NOT_SIGNIFICANT = "Not significant"
ISOLATED = "Isolated"

_ISLANDS = (
    "labelled Isolated and not tested; without any link they also stay out of the permutations of "
    "others, but they count in the mean and the standard deviation"
)


@dataclass(frozen=True, kw_only=True)
class LocalMoran(Result):
    """Local Moran's I of each city and its inference.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame of shape (n, 10)
        Index: cities, in the order of the values given. Columns: ``value``; ``standardised``
        (mean 0, mean square 1); ``lag`` of the standardised value; ``statistic``; ``expected``,
        ``z_score`` over all conditional permutations (exact moments, no simulation);
        ``p_value`` (permutation, two-sided); ``p_adjusted``; ``quadrant``; ``cluster``: the
        quadrant where significant after correction, else ``"Not significant"``; ``"Isolated"`` in
        both for islands.
    global_statistic : float
        Moran's I; the local statistics sum to S0 times it.
    alpha : float
    correction : str
    permutations : int
    n, n_islands : int
    n_significant_raw, n_significant : int
        Cities significant before and after the correction.
    warnings : tuple of str
        Sentences.
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    global_statistic: float
    alpha: float
    correction: str
    permutations: int
    n: int
    n_islands: int
    n_significant_raw: int
    n_significant: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cluster_counts(self) -> pd.Series:
        """Return the number of cities in each category, all categories listed."""
        words = [*QUADRANTS, NOT_SIGNIFICANT, ISOLATED]
        counts = self.table["cluster"].value_counts().reindex(words, fill_value=0)
        return counts.rename("cities").rename_axis("cluster")


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
    wanted = cast("MultipleTesting", checked_option(correction, MultipleTesting, name="correction"))
    count = checked_permutations(permutations, smallest=99, zero=False)
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha!r} must lie between 0 and 1, for example 0.05.")
    ready = prepare(values, weights)
    pool = ~ready.isolates
    if pool.sum() < 3:
        raise EstimationError(
            f"Only {int(pool.sum())} cities have links; with fewer than three there is nothing to "
            "permute. Use weights that link more cities."
        )
    tests = int((~ready.islands).sum())
    warnings = resolution_warnings(count, tests, alpha=alpha, correction=wanted)
    generator, seed = seeded_generator(rng)
    moments = conditional_moments(ready.standardised, ready.matrix, pool)
    hits = count_extreme(
        ready.standardised,
        ready.matrix,
        pool,
        moments.mean,
        permutations=count,
        generator=generator,
    )
    p_values = np.where(ready.islands, np.nan, (1.0 + hits) / (1.0 + count))
    adjusted = adjusted_p_values(p_values, wanted)
    table = _table(ready, moments, p_values, adjusted, alpha)
    return LocalMoran(
        name=ready.name,
        table=table.iloc[ready.ids.get_indexer(ready.given)].set_axis(ready.given),
        global_statistic=_global_statistic(ready),
        alpha=alpha,
        correction=wanted,
        permutations=count,
        n=ready.n,
        n_islands=int(ready.islands.sum()),
        n_significant_raw=int((p_values <= alpha).sum()),
        n_significant=int((adjusted <= alpha).sum()),
        warnings=warnings,
        configuration=Configuration(
            function="local_moran",
            options={
                "permutations": count,
                "correction": wanted,
                "alpha": alpha,
                "alternative": "two-sided",
                "null": "complete conditional permutation",
                "islands": _ISLANDS,
            },
            seed=seed,
            weights=ready.weights.description,
        ),
    )


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


def _table(
    ready: Prepared,
    moments: Moments,
    p_values: np.ndarray,
    adjusted: np.ndarray,
    alpha: float,
) -> pd.DataFrame:
    z = ready.standardised
    lag = np.where(ready.islands, np.nan, ready.matrix @ z)
    spread = np.sqrt(moments.variance)
    # z_i is a constant of the permutation: it scales statistic and moments alike.
    distance = np.sign(z) * (lag - moments.mean)
    z_score = np.divide(distance, spread, out=np.full(ready.n, np.nan), where=spread > 0.0)
    quadrant = np.where(ready.islands, ISOLATED, quadrants_of(z, lag))
    significant = np.nan_to_num(adjusted, nan=1.0) <= alpha
    cluster = np.where(significant | ready.islands, quadrant, NOT_SIGNIFICANT)
    return pd.DataFrame(
        {
            "value": ready.values,
            "standardised": z,
            "lag": lag,
            "statistic": z * lag,
            "expected": z * moments.mean,
            "z_score": z_score,
            "p_value": p_values,
            "p_adjusted": adjusted,
            "quadrant": quadrant,
            "cluster": cluster,
        },
        index=ready.ids,
    )


def _global_statistic(ready: Prepared) -> float:
    z = ready.standardised
    return float(z @ (ready.matrix @ z) / ready.matrix.data.sum())
