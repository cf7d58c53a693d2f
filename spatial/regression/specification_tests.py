"""Tests between specifications: Lagrange multiplier, likelihood ratio and Wald."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from spatial.errors import EstimationError
from spatial.options import AbsorbedEffects, Specification
from spatial.regression.checks import (
    require_full_rank,
    require_regressors,
    require_variation,
)
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.estimation import _noise, estimate
from spatial.regression.likelihood import least_squares
from spatial.regression.results import PanelResult
from spatial.regression.specifications import DURBIN, symbols_of
from spatial.regression.within import within
from spatial.results import Configuration, Result

# Share of the lagged fit that regressors leave, below which it is rounding.
SPANNED_SHARE = 1e-12
# The models that each one contains.
REDUCTIONS: dict[Specification, tuple[Specification, ...]] = {
    "sdm": ("sar", "sem"),
    "sac": ("sar", "sem"),
    "gns": ("sdm", "sdem", "sac"),
}
LM_NAMES = ("LM lag", "robust LM lag", "LM error", "robust LM error")


@dataclass(frozen=True, kw_only=True)
class LagrangeTests(Result):
    """Lagrange multiplier tests for a spatial lag or a spatial error.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (effects, test); columns statistic, df, p_value. The robust tests are missing where
        the regressors span their own spatial lags, so that lag and error cannot be told apart.
    """

    configuration: Configuration
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table of tests."""
        return self.table.copy()


@dataclass(frozen=True, kw_only=True)
class ReductionTests(Result):
    """Tests that a model reduces to a simpler one.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (reduction, test); columns statistic, df, p_value. Reductions such as ``SDM to
        SAR``, see ``reduction_tests``; tests: ``LR`` and ``Wald``.
    """

    configuration: Configuration
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table of tests."""
        return self.table.copy()


def chi2_p_value(statistic: float, df: int) -> float:
    """Upper tail of the chi-squared distribution.

    Examples
    --------
    >>> round(chi2_p_value(3.841459, 1), 4)
    0.05
    """
    return float(gammaincc(df / 2.0, max(statistic, 0.0) / 2.0))


def lm_tests(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str = "city",
    year: str = "year",
) -> LagrangeTests:
    r"""Classical and robust LM tests for all four kinds of fixed effects.

    With e the least-squares residuals of the within-transformed model, :math:`s^2 = e'e / NT`,
    :math:`T_W = T\,tr(WW + W'W)` and :math:`J = (WXb)'M(WXb)/s^2 + T_W`:

    .. math::
        LM_{lag} = (e'Wy/s^2)^2 / J, \quad LM_{err} = (e'We/s^2)^2 / T_W, \\
        LM^*_{lag} = (e'Wy/s^2 - e'We/s^2)^2 / (J - T_W), \quad
        LM^*_{err} = (e'We/s^2 - T_W e'Wy/(s^2 J))^2 / (T_W (1 - T_W/J))

    Parameters
    ----------
    formula, data, weights, city, year
        As in ``fit_panel``.

    Returns
    -------
    LagrangeTests

    References
    ----------
    Anselin, Le Gallo and Jayet (2008) doi:10.1007/978-3-540-75892-1_19; Elhorst (2014)
    doi:10.1007/978-3-642-40340-8.
    """
    return lagrange_tests(panel_design(formula, data, weights, city=city, year=year))


def lagrange_tests(
    design: PanelDesign, *, kinds: Sequence[AbsorbedEffects] = get_args(AbsorbedEffects)
) -> LagrangeTests:
    """Run the LM tests of ``lm_tests`` on a prepared panel, for the kinds of effects given."""
    rows: dict[tuple[str, str], tuple[float, int, float]] = {}
    for effects in kinds:
        for name, statistic in zip(LM_NAMES, _lagrange_statistics(design, effects), strict=True):
            rows[effects, name] = (statistic, 1, chi2_p_value(statistic, 1))
    return LagrangeTests(
        configuration=Configuration(
            function="lm_tests",
            options={"formula": design.formula},
            weights=design.weights.description,
        ),
        table=_test_table(rows, ("effects", "test")),
    )


def _lagrange_statistics(design: PanelDesign, effects: AbsorbedEffects) -> np.ndarray:
    """LM lag, robust LM lag, LM error and robust LM error for one kind of effects."""
    Z, names = design.regressors(durbin=False, constant=effects == "pooled")
    y, inside = within(design.y, effects), within(Z, effects)
    require_variation(design.y, y, design.outcome)
    require_regressors(names, effects)
    require_full_rank(Z.reshape(-1, len(names)), inside.reshape(-1, len(names)), names)
    delta = least_squares(inside, y)
    residuals = y - inside @ delta
    variance = _noise(residuals, y) / y.size
    lag_score = float(np.vdot(residuals, design.lag(design.y))) / variance
    error_score = float(np.vdot(residuals, design.lag(residuals))) / variance
    trace = sum(
        count * float((matrix.multiply(matrix.T)).sum() + matrix.multiply(matrix).sum())
        for matrix, count in zip(design.lag.matrices, design.lag.counts, strict=True)
    )
    fitted = design.lag(inside @ delta)
    rest = fitted - inside @ least_squares(inside, fitted)
    joint = float(np.vdot(rest, rest)) / variance + trace
    # Where W X b is a combination of regressors a lag and an error cannot be told apart.
    apart = joint - trace
    if apart <= SPANNED_SHARE * joint:
        robust_lag = robust_error = np.nan
    else:
        robust_lag = (lag_score - error_score) ** 2 / apart
        robust_error = (error_score - trace / joint * lag_score) ** 2 / (trace * apart / joint)
    return np.array([lag_score**2 / joint, robust_lag, error_score**2 / trace, robust_error])


def reduction_tests(result: PanelResult) -> ReductionTests:
    r"""LR and Wald tests that a model reduces to the simpler ones that it contains.

    ====  ======================================================================================
    from  to
    ====  ======================================================================================
    sdm   SAR: :math:`\theta = 0`; SEM: :math:`\theta + \rho \beta = 0` (common factors)
    sac   SAR: :math:`\lambda = 0`; SEM: :math:`\rho = 0`
    gns   SDM: :math:`\lambda = 0`; SDEM: :math:`\rho = 0`; SAC: :math:`\theta = 0`
    ====  ======================================================================================

    The LR statistic compares maxima of the log-likelihood; the Wald statistic uses the estimates
    and the covariance of the result. Degrees of freedom: the number of restrictions.

    Parameters
    ----------
    result : PanelResult
        Of ``specification="sdm"``, ``"sac"`` or ``"gns"``.

    Returns
    -------
    ReductionTests

    Raises
    ------
    EstimationError
        If the result is none of these.
    """
    if result.specification not in REDUCTIONS:
        raise EstimationError(
            f"Reduction tests start from specification='sdm', 'sac' or 'gns', not "
            f"{result.specification!r}; fit the larger model first."
        )
    if result.effects_type == "correlated-random":
        raise EstimationError(
            "Reduction tests of correlated random effects would leave out the city means of the "
            "lagged regressors as well; use effects='random' or 'city'."
        )
    if result.specification in DURBIN and not result.design.lagged:
        raise EstimationError("The model has no lagged regressor to leave out.")
    of_lag, of_errors = result.estimate.determinants
    rows = {}
    for specification in REDUCTIONS[result.specification]:
        smaller = estimate(
            result.design,
            specification,
            result.effects_type,
            result.bias_correction,
            log_determinant=of_lag,
            error_log_determinant=of_errors,
        )
        ratio = 2.0 * (result.log_likelihood - smaller.log_likelihood)
        wald, df = _wald(result, specification)
        reduction = f"{result.specification.upper()} to {specification.upper()}"
        rows[reduction, "LR"] = (ratio, df, chi2_p_value(ratio, df))
        rows[reduction, "Wald"] = (wald, df, chi2_p_value(wald, df))
    return ReductionTests(
        configuration=Configuration(
            function="reduction_tests",
            options=dict(result.configuration.options),
            weights=result.configuration.weights,
        ),
        table=_test_table(rows, ("reduction", "test")),
    )


def _wald(result: PanelResult, specification: Specification) -> tuple[float, int]:
    """Wald statistic of the restrictions that lead to a specification, and their number."""
    parameters, names = result.coefficients.to_numpy(), list(result.coefficients.index)
    lost = set(symbols_of(result.specification)) - set(symbols_of(specification))
    theta = result.specification in DURBIN and specification not in DURBIN
    restricted = [f"W {name}" for name in result.design.lagged] if theta else sorted(lost)
    places = [names.index(name) for name in restricted]
    gradient = np.zeros((len(places), len(names)))
    rows = np.arange(len(places))
    gradient[rows, places] = 1.0
    restriction = parameters[places].copy()
    if theta and lost:  # common factors: a Durbin model becomes a model of spatial errors
        own, rho = [names.index(name) for name in result.design.lagged], names.index("rho")
        restriction += parameters[rho] * parameters[own]
        gradient[rows, own] = parameters[rho]
        gradient[:, rho] = parameters[own]
    variance = gradient @ result.covariance.to_numpy() @ gradient.T
    return float(restriction @ np.linalg.solve(variance, restriction)), len(places)


def _test_table(
    rows: dict[tuple[str, str], tuple[float, int, float]], levels: tuple[str, str]
) -> pd.DataFrame:
    return pd.DataFrame(
        list(rows.values()),
        index=pd.MultiIndex.from_tuples(list(rows), names=levels),
        columns=["statistic", "df", "p_value"],
    )
