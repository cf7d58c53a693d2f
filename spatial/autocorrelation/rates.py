"""Rates of places of very different size: smoothed, and tested so that size does not rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import aligned_series
from spatial.autocorrelation.global_moran import GlobalMoran, global_moran
from spatial.errors import EstimationError, PanelError, listed
from spatial.options import Alternative
from spatial.random import RandomSource
from spatial.results import Configuration, Result


@dataclass(frozen=True, kw_only=True)
class EmpiricalBayesRates(Result):
    """Rates drawn towards the common rate, the more the smaller the population.

    Attributes
    ----------
    table : pandas.DataFrame of shape (n, 3)
        Index: cities. ``raw`` rate; ``smoothed`` rate; ``standardised`` deviation from the common
        rate, with about unit variance whatever the population.
    common_rate : float
        b, all events over all population.
    between_variance : float
        a, variance of the underlying rates; 0 where the method of moments makes it negative.
    configuration : Configuration
    """

    table: pd.DataFrame
    common_rate: float
    between_variance: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def empirical_bayes_rates(events: pd.Series, population: pd.Series) -> EmpiricalBayesRates:
    r"""Smooth rates by global empirical Bayes (method of moments).

    With raw rates p_i = e_i / n_i, common rate b, mean population m and

    .. math:: a = \frac{\sum_i n_i (p_i - b)^2}{\sum_i n_i} - \frac{b}{m}

    the smoothed rate is b + (p_i - b) a / (a + b / n_i) and the standardised one
    (p_i - b) / sqrt(a + b / n_i); where a is negative the latter uses b / n_i alone.

    Parameters
    ----------
    events : pandas.Series of shape (n,)
        Counts, for example firms founded. Index: city ids.
    population : pandas.Series of shape (n,)
        At risk, for example firms or inhabitants. The same cities in any order.

    Returns
    -------
    EmpiricalBayesRates

    Raises
    ------
    AlignmentError
        If cities differ.
    PanelError
        For missing values, negative events or a population that is not positive.
    EstimationError
        If there is no event at all.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators.
    Journal of the Royal Statistical Society C, 40(2), 283-294.

    Assuncao, R. M., & Reis, E. A. (1999). A new proposal to adjust Moran's I for population
    density. Statistics in Medicine, 18(16), 2147-2162.
    """
    people = aligned_series(population, population.index, what="population")
    counts = aligned_series(events, people.index, what="events")
    e, n = counts.to_numpy(), people.to_numpy()
    if (e < 0).any():
        raise PanelError(f"Events are negative for {listed(people.index[e < 0])}; give counts.")
    if (n <= 0).any():
        raise PanelError(
            f"The population is not positive for {listed(people.index[n <= 0])}; a rate needs "
            "somebody at risk. Drop these cities."
        )
    if not e.any():
        raise EstimationError("There is no event in any city, so there are no rates to compare.")
    raw, common = e / n, e.sum() / n.sum()
    between = float((n * (raw - common) ** 2).sum() / n.sum() - common / n.mean())
    kept = max(between, 0.0)
    spread = kept + common / n
    table = pd.DataFrame(
        {
            "raw": raw,
            "smoothed": common + (raw - common) * kept / spread,
            "standardised": (raw - common) / np.sqrt(spread),
        },
        index=people.index,
    )
    return EmpiricalBayesRates(
        table=table.reindex(events.index),
        common_rate=float(common),
        between_variance=kept,
        configuration=Configuration(
            function="empirical_bayes_rates",
            options={"method": "global, method of moments", "moment_estimate": between},
        ),
    )


def rate_moran(
    events: pd.Series,
    population: pd.Series,
    weights: Any,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalMoran:
    """Compute Moran's I of rates, each standardised by what its population allows.

    Raw rates of small cities scatter more than those of large ones; ordinary Moran's I takes the
    scatter for a pattern or hides one.

    Parameters
    ----------
    events, population : pandas.Series of shape (n,)
        As in ``empirical_bayes_rates``.
    weights, permutations, alternative, rng
        As in ``global_moran``.

    Returns
    -------
    GlobalMoran
        Of the column ``standardised`` of ``empirical_bayes_rates``.

    Raises
    ------
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``empirical_bayes_rates`` and ``global_moran``.

    References
    ----------
    Assuncao, R. M., & Reis, E. A. (1999). A new proposal to adjust Moran's I for population
    density. Statistics in Medicine, 18(16), 2147-2162.
    """
    rates = empirical_bayes_rates(events, population).table["standardised"]
    return global_moran(
        rates.rename(f"rate of {events.name}" if events.name is not None else "rate"),
        weights,
        permutations=permutations,
        alternative=alternative,
        rng=rng,
    )
