"""Hausman's test of fixed against random effects, and its Mundlak form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError
from spatial.options import BiasCorrection, Effects
from spatial.regression.estimation import estimate
from spatial.regression.results import PanelResult
from spatial.regression.specification_tests import chi2_p_value
from spatial.regression.specifications import DURBIN, LAG
from spatial.results import Configuration, Result

# Eigenvalues of the difference of covariances, in units of the standard errors of fixed effects:
# below this share it counts as singular.
SINGULAR_SHARE = 1e-8
KINDS_COMPARED: tuple[tuple[Effects, BiasCorrection], ...] = (
    ("city", "variance"),
    ("random", "none"),
)


@dataclass(frozen=True, kw_only=True)
class HausmanTest(Result):
    """Fixed against random effects of cities.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: test (``Hausman``, ``Mundlak``); columns statistic, df, p_value, used. The statistic
        of ``Hausman`` is missing where the difference of covariances is not positive definite.
    coefficients : pandas.DataFrame
        Index: parameter; columns fixed, random, difference, variance_difference.
    form : str
        The test to read: "Hausman" or "Mundlak".
    statistic, p_value : float
    df : int
        Of the test to read.
    reason : str
        Which form is used and what it says at the 5 % level.
    """

    configuration: Configuration
    table: pd.DataFrame
    coefficients: pd.DataFrame
    form: str
    statistic: float
    df: int
    p_value: float
    reason: str

    def tidy(self) -> pd.DataFrame:
        """Return the table of both forms."""
        return self.table.copy()


def hausman_test(result: PanelResult) -> HausmanTest:
    r"""Test whether random effects of cities are uncorrelated with the regressors.

    With d the difference of fixed-effects and random-effects estimates of the coefficients, and
    of rho in lag models:

    .. math:: h = d' (V_{fixed} - V_{random})^{-1} d \sim \chi^2_{dim\,d}

    Where the difference of covariances is not positive definite, which finite samples and
    likelihoods often bring about, h has no distribution (the absolute value that some programs
    print is none). Then the equivalent Mundlak form is read: city means of the regressors are
    added to the random-effects model and tested jointly by a Wald statistic.

    Parameters
    ----------
    result : PanelResult
        With city or random effects; both models are fitted again to its data.

    Returns
    -------
    HausmanTest

    Raises
    ------
    ConfigError
        For other kinds of effects.
    EstimationError
        If no regressor varies over time.

    Notes
    -----
    lambda of error models is no part of d: it does not depend on the effects. sigma2 of fixed
    effects is corrected for the city means taken out, T / (T - 1), in spatial models, and by
    degrees of freedom in least squares. For year effects on both sides write ``C(year)`` into the
    formula.

    References
    ----------
    Hausman (1978) doi:10.2307/1913827; Mundlak (1978) doi:10.2307/1913646; Debarsy (2012)
    doi:10.1080/17421772.2011.647059.
    """
    if result.effects_type not in ("city", "random", "correlated-random"):
        raise ConfigError(
            f"The Hausman test compares effects='city' with 'random'; the result has "
            f"{result.effects_type!r} effects. Fit one of the two first; for year effects on both "
            "sides write C(year) into the formula."
        )
    coefficients, difference = _compared(result)
    mundlak, df = _mundlak(result)
    d = coefficients["difference"].to_numpy()
    statistic = quadratic_difference(d, difference)
    rows = {"Hausman": (statistic, len(d)), "Mundlak": (mundlak, df)}
    form = "Mundlak" if np.isnan(statistic) else "Hausman"
    p_values = {
        name: np.nan if np.isnan(value) else chi2_p_value(value, count)
        for name, (value, count) in rows.items()
    }
    table = pd.DataFrame(
        [(*rows[name], p_values[name], name == form) for name in rows],
        index=pd.Index(rows, name="test"),
        columns=["statistic", "df", "p_value", "used"],
    )
    return HausmanTest(
        configuration=Configuration(
            function="hausman_test",
            options=dict(result.configuration.options),
            weights=result.configuration.weights,
        ),
        table=table,
        coefficients=coefficients,
        form=form,
        statistic=rows[form][0],
        df=rows[form][1],
        p_value=p_values[form],
        reason=_reason(form, p_values[form]),
    )


def quadratic_difference(d: np.ndarray, difference: np.ndarray) -> float:
    """Return d' V^-1 d, or nan where V is not positive definite.

    Parameters
    ----------
    d : numpy.ndarray of shape (k,)
    difference : numpy.ndarray of shape (k, k)

    Returns
    -------
    float

    Examples
    --------
    >>> quadratic_difference(np.array([1.0, 2.0]), np.diag([1.0, 2.0]))
    3.0
    >>> quadratic_difference(np.array([1.0, 2.0]), np.diag([1.0, -2.0]))
    nan
    """
    diagonal = np.diag(difference)
    if (diagonal <= 0.0).any():
        return float("nan")
    scale = np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(difference / np.outer(scale, scale))
    if values[0] <= SINGULAR_SHARE * values[-1]:
        return float("nan")
    return float(np.sum((vectors.T @ (d / scale)) ** 2 / values))


def _compared(result: PanelResult) -> tuple[pd.DataFrame, np.ndarray]:
    """Estimates of both models and the difference of their covariances."""
    design = result.design
    of_lag, of_errors = result.estimate.determinants
    fixed, random = (
        estimate(
            design,
            result.specification,
            effects,
            correction,
            log_determinant=of_lag,
            error_log_determinant=of_errors,
        )
        for effects, correction in KINDS_COMPARED
    )
    names = list(fixed.names if result.specification in LAG else fixed.regressors)
    at_fixed = [fixed.names.index(name) for name in names]
    at_random = [random.names.index(name) for name in names]
    difference = (
        fixed.covariance[np.ix_(at_fixed, at_fixed)]
        - random.covariance[np.ix_(at_random, at_random)]
    )
    table = pd.DataFrame(
        {"fixed": fixed.parameters[at_fixed], "random": random.parameters[at_random]},
        index=pd.Index(names, name="parameter"),
    )
    table["difference"] = table["fixed"] - table["random"]
    table["variance_difference"] = np.diag(difference)
    return table, difference


def _mundlak(result: PanelResult) -> tuple[float, int]:
    """Wald statistic that all city means have no coefficient, and their number."""
    of_lag, of_errors = result.estimate.determinants
    estimated = estimate(
        result.design,
        result.specification,
        "correlated-random",
        "none",
        log_determinant=of_lag,
        error_log_determinant=of_errors,
    )
    own = result.design.regressors(durbin=result.specification in DURBIN, constant=True)[1]
    means = list(range(len(own), len(estimated.regressors)))
    if not means:
        raise EstimationError(
            "No regressor varies over time, so that there is no city mean to add; fixed and random "
            "effects cannot be compared."
        )
    values = estimated.parameters[means]
    variance = estimated.covariance[np.ix_(means, means)]
    return float(values @ np.linalg.solve(variance, values)), len(means)


def _reason(form: str, p_value: float) -> str:
    why = (
        "The difference of covariances is positive definite: Hausman's statistic is read."
        if form == "Hausman"
        else "The difference of covariances is not positive definite, so that Hausman's statistic "
        "has no distribution; the Mundlak form is read."
    )
    verdict = (
        "Random effects are rejected: they are correlated with the regressors; keep fixed effects, "
        "or correlated random effects."
        if p_value < 0.05
        else "Random effects are not rejected."
    )
    return f"{why} {verdict}"
