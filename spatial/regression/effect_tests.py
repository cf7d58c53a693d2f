"""Likelihood ratio tests of city effects, year effects and random effects."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from spatial.errors import EstimationError
from spatial.options import Effects
from spatial.regression.estimation import Estimate, estimate
from spatial.regression.results import PanelResult
from spatial.regression.specification_tests import chi2_p_value
from spatial.regression.specifications import COMBINED, first_lag
from spatial.results import Configuration, Result


@dataclass(frozen=True, kw_only=True)
class EffectTests(Result):
    """Likelihood ratio tests of kinds of effects, all within one specification.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: test; columns with_effects, without_effects (kinds compared), statistic, df,
        p_value.
    """

    configuration: Configuration
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table of tests."""
        return self.table.copy()


def effect_tests(result: PanelResult) -> EffectTests:
    r"""Test city effects, year effects, both, and random effects of cities.

    .. math:: LR = 2 (\ell_{with} - \ell_{without})

    ========================  ========  ========  ==========
    test                      with      without   df
    ========================  ========  ========  ==========
    city effects              two-way   year      N - 1
    year effects              two-way   city      T - 1
    city and year effects     two-way   pooled    N + T - 2
    random effects of cities  random    pooled    1
    ========================  ========  ========  ==========

    Without correction of bias, which leaves the likelihood alone. The variance of random effects
    is zero at the border of its range, so that the last statistic is an equal mixture of zero and
    chi-squared with one degree of freedom: its p-value is half the usual one.

    Parameters
    ----------
    result : PanelResult
        Of any effects; its specification and data are fitted with each kind.

    Returns
    -------
    EffectTests

    Raises
    ------
    EstimationError
        If the result is a cross-section, or a regressor is absorbed by two-way effects.

    Notes
    -----
    With many cities and few years the first and third statistics are too large under the null
    (incidental parameters): read them together with ``hausman_test``.

    References
    ----------
    Elhorst (2014) doi:10.1007/978-3-642-40340-8, section 3.6; Self and Liang (1987)
    doi:10.1080/01621459.1987.10478472.
    """
    if result.n_years < 2:
        raise EstimationError("Effects of cities or years need a panel of at least two years.")
    n, years = result.n_cities, result.n_years
    two_way, pooled = _fitted(result, "two-way"), _fitted(result, "pooled")
    comparisons: dict[str, tuple[Estimate, Estimate, int]] = {
        "city effects": (two_way, _fitted(result, "year"), n - 1),
        "year effects": (two_way, _fitted(result, "city"), years - 1),
        "city and year effects": (two_way, pooled, n + years - 2),
    }
    lag = first_lag(result.design, result.specification)
    plain = result.specification in ("ols", "slx")
    # Random effects are not made for models with rho and lambda.
    if plain or (lag.constant and result.specification not in COMBINED):
        comparisons["random effects of cities"] = (_fitted(result, "random"), pooled, 1)
    rows = []
    for larger, smaller, df in comparisons.values():
        ratio = 2.0 * (larger.log_likelihood - smaller.log_likelihood)
        p_value = chi2_p_value(ratio, df)
        if larger.effects == "random":
            p_value = p_value / 2.0 if ratio > 0.0 else 1.0
        rows.append((larger.effects, smaller.effects, ratio, df, p_value))
    return EffectTests(
        configuration=Configuration(
            function="effect_tests",
            options=dict(result.configuration.options),
            weights=result.configuration.weights,
        ),
        table=pd.DataFrame(
            rows,
            index=pd.Index(list(comparisons), name="test"),
            columns=["with_effects", "without_effects", "statistic", "df", "p_value"],
        ),
    )


def _fitted(result: PanelResult, effects: Effects) -> Estimate:
    log_determinant, error_log_determinant = result.estimate.determinants
    return estimate(
        result.design,
        result.specification,
        effects,
        "none",
        log_determinant=log_determinant,
        error_log_determinant=error_log_determinant,
    )
