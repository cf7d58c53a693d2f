"""What global statistics of autocorrelation have in common: one number and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from scipy import special

from spatial.options import Alternative, checked_option
from spatial.results import Configuration, Result

_EQUAL = 1e-10
"""A permuted statistic this close to the observed one counts as equal to it."""

ISLANDS_KEPT = "kept: their spatial lag is zero, and they count in n and in the permutations"

COLUMNS = (
    "statistic",
    "expected",
    "variance",
    "z_score",
    "p_analytical",
    "p_permutation",
    "permutations",
    "n",
    "n_islands",
)


@dataclass(frozen=True, kw_only=True)
class GlobalStatistic(Result):
    """A global statistic and its inference under randomisation.

    Attributes
    ----------
    measure : str
        Name of the statistic, such as ``"Geary's C"``.
    name : str
        Of the variable, or of both.
    statistic, expected, variance, z_score : float
        Mean and variance over all rearrangements (exact, no simulation).
    p_analytical : float
        From the normal distribution of ``z_score``.
    p_permutation : float
        (1 + hits) / (1 + permutations); NaN without permutations.
    permutations, n, n_islands : int
    alternative : str
        What the p-values are about: the statistic against its expectation.
    simulated : pandas.Series of shape (permutations,)
        The permuted statistics, in the order in which they were drawn.
    configuration : Configuration
    """

    measure: str
    name: str
    statistic: float
    expected: float
    variance: float
    z_score: float
    p_analytical: float
    p_permutation: float
    permutations: int
    n: int
    n_islands: int
    alternative: str
    simulated: pd.Series
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return one row: index ``measure`` (the variable), a column for each number."""
        row: dict[str, object] = {"kind": self.measure}
        row.update({column: getattr(self, column) for column in COLUMNS})
        return pd.DataFrame(row, index=pd.Index([self.name], name="measure"))


def checked_alternative(alternative: str) -> Alternative:
    """Return the alternative or raise ``ConfigError``."""
    return cast("Alternative", checked_option(alternative, Alternative, name="alternative"))


def global_statistic(
    *,
    measure: str,
    name: str,
    statistic: float,
    expected: float,
    variance: float,
    simulated: np.ndarray,
    alternative: Alternative,
    n: int,
    n_islands: int,
    configuration: Configuration,
) -> GlobalStatistic:
    """Judge a statistic by its moments and by its permuted values.

    Parameters
    ----------
    measure, name : str
    statistic, expected, variance : float
    simulated : numpy.ndarray of shape (permutations,)
    alternative : {"two-sided", "greater", "less"}
    n, n_islands : int
    configuration : Configuration

    Returns
    -------
    GlobalStatistic
    """
    z_score = (statistic - expected) / np.sqrt(variance) if variance > 0.0 else np.nan
    return GlobalStatistic(
        measure=measure,
        name=name,
        statistic=statistic,
        expected=expected,
        variance=variance,
        z_score=float(z_score),
        p_analytical=normal_p_value(float(z_score), alternative),
        p_permutation=permutation_p_value(statistic, expected, simulated, alternative),
        permutations=len(simulated),
        n=n,
        n_islands=n_islands,
        alternative=alternative,
        simulated=pd.Series(simulated, name="statistic").rename_axis("permutation"),
        configuration=configuration,
    )


def normal_p_value(z_score: float, alternative: Alternative) -> float:
    """Tail of the normal distribution beyond a z-score."""
    if alternative == "two-sided":
        return float(2.0 * special.ndtr(-abs(z_score)))
    return float(special.ndtr(-z_score if alternative == "greater" else z_score))


def permutation_p_value(
    statistic: float, expected: float, simulated: np.ndarray, alternative: Alternative
) -> float:
    """Share of permuted statistics, the observed one among them, that are at least as extreme.

    Two-sided: at least as far from the expectation. NaN without permutations.
    """
    count = len(simulated)
    if count == 0:
        return float("nan")
    observed, permuted = statistic - expected, simulated - expected
    if alternative == "two-sided":
        observed, permuted = abs(observed), np.abs(permuted)
    elif alternative == "less":
        observed, permuted = -observed, -permuted
    hits = int((permuted >= observed - _EQUAL * max(1.0, abs(observed))).sum())
    return (1 + hits) / (1 + count)
