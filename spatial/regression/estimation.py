"""Estimate one specification on stacked arrays: coefficients, corrections, covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.errors import EstimationError
from spatial.options import BiasCorrection, Covariance, Effects, LogDeterminantMethod, Specification
from spatial.regression.bias_correction import (
    corrected_parameters,
    correction_note,
    require_inside,
    require_valid_correction,
    variance_factor,
)
from spatial.regression.checks import (
    require_full_rank,
    require_regressors,
    require_variation,
)
from spatial.regression.design import PanelDesign
from spatial.regression.information import information_matrix, inverse_information
from spatial.regression.likelihood import (
    PERFECT_FIT,
    Likelihood,
    error_sample,
    lag_sample,
    least_squares,
    maximise,
    residual_profile,
)
from spatial.regression.log_determinant import LogDeterminant, summed_log_determinant
from spatial.regression.multiplier import Traces, panel_traces
from spatial.regression.robust_covariance import (
    cluster_least_squares,
    cluster_score_variance,
    gain_diagonals,
    quasi_score_variance,
    sandwich,
    yearly_gains,
)
from spatial.regression.within import (
    RANDOM,
    absorbed_parameters,
    recovered_effects,
    with_city_means,
    within,
)

DURBIN: tuple[Specification, ...] = ("slx", "sdm", "sdem")
LAG: tuple[Specification, ...] = ("sar", "sdm")
ERROR: tuple[Specification, ...] = ("sem", "sdem")


@dataclass(frozen=True, eq=False)
class FixedEffects:
    """Recovered effects: level plus deviations that sum to zero.

    Attributes
    ----------
    intercept : float
    cities : numpy.ndarray of shape (n,) or None
    years : numpy.ndarray of shape (years,) or None
    """

    intercept: float
    cities: np.ndarray | None
    years: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Estimate:
    """Numbers of one fitted specification.

    Attributes
    ----------
    specification, effects, correction : str
    regressors : tuple of str
        Names of the columns of ``Z``.
    Z : numpy.ndarray of shape (years, n, k)
        Regressors with their spatial lags, not transformed.
    delta : numpy.ndarray of shape (k,)
        Coefficients.
    spatial : float or None
        rho of lag models, lambda of error models.
    sigma2 : float
        Variance of the innovations.
    uncorrected : numpy.ndarray of shape (k + 1,) or (k + 2,)
        Coefficients, spatial parameter and sigma2 as maximum likelihood gives them.
    covariance : numpy.ndarray of shape (p, p)
        Of the coefficients and the spatial parameter.
    log_likelihood : float
        Maximum of the log-likelihood.
    log_determinant : LogDeterminant or None
    note : str
        Which correction was used and why.
    phi, city_variance : float or None
        Of random effects: root of sigma2 / (T city_variance + sigma2), variance of city effects.
    city_effects : numpy.ndarray of shape (n,) or None
        Predicted random effects.
    """

    specification: Specification
    effects: Effects
    correction: BiasCorrection
    regressors: tuple[str, ...]
    Z: np.ndarray
    delta: np.ndarray
    spatial: float | None
    sigma2: float
    uncorrected: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    log_determinant: LogDeterminant | None
    note: str
    phi: float | None = None
    city_variance: float | None = None
    city_effects: np.ndarray | None = None

    @property
    def symbol(self) -> str | None:
        """Name of the spatial parameter."""
        if self.specification in LAG:
            return "rho"
        return "lambda" if self.specification in ERROR else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters but sigma2."""
        return self.regressors if self.symbol is None else (*self.regressors, self.symbol)

    @property
    def parameters(self) -> np.ndarray:
        """Coefficients and the spatial parameter."""
        return self.delta if self.spatial is None else np.append(self.delta, self.spatial)


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be estimated: data, regressors and options.

    Attributes
    ----------
    design : PanelDesign
    specification, effects, correction, covariance : str
    Z : numpy.ndarray of shape (years, n, k)
        Regressors with their spatial lags, not transformed.
    names : tuple of str
    """

    design: PanelDesign
    specification: Specification
    effects: Effects
    correction: BiasCorrection
    covariance: Covariance
    Z: np.ndarray
    names: tuple[str, ...]


def estimate(
    design: PanelDesign,
    specification: Specification,
    effects: Effects,
    correction: BiasCorrection,
    *,
    covariance: Covariance = "information",
    method: LogDeterminantMethod = "automatic",
    log_determinant: LogDeterminant | None = None,
) -> Estimate:
    """Fit one specification to a panel.

    Parameters
    ----------
    design : PanelDesign
    specification : {"ols", "slx", "sar", "sem", "sdm", "sdem"}
    effects : {"pooled", "city", "year", "two-way", "random", "correlated-random"}
    correction : {"none", "variance", "lee-yu", "transformation"}
    covariance : {"information", "sandwich", "cluster"}
    method : {"automatic", "eigenvalues", "sparse-lu"}
    log_determinant : LogDeterminant, optional
        Prepared before for the same weights and years.

    Returns
    -------
    Estimate

    Raises
    ------
    EstimationError
        When the model cannot be estimated from these data; the sentence says why.
    """
    from spatial.regression.random_effects import random_estimate

    spatial = specification in (*LAG, *ERROR)
    if spatial and effects not in RANDOM:
        require_valid_correction(design, specification, effects, correction, covariance)
    random = effects in RANDOM
    Z, names = design.regressors(
        durbin=specification in DURBIN, constant=random or effects == "pooled"
    )
    if effects == "correlated-random":
        Z, names = with_city_means(Z, names)
    inside = within(Z, effects)
    require_variation(design.y, within(design.y, effects), design.outcome)
    require_regressors(names, effects)
    require_full_rank(Z.reshape(-1, len(names)), inside.reshape(-1, len(names)), names)
    free = design.y.size - len(names) - absorbed_parameters(effects, design.n, design.n_years)
    if free < 1:
        raise EstimationError(
            f"{design.y.size} observations leave no degree of freedom after {len(names)} "
            f"regressors and {effects} effects; use more years or fewer effects."
        )
    problem = Problem(design, specification, effects, correction, covariance, Z, names)
    if not spatial:
        return random_estimate(problem, None) if random else _least_squares(problem, free)
    if log_determinant is None:
        log_determinant = summed_log_determinant(design.lag.matrices, design.n_years, method=method)
    if random:
        return random_estimate(problem, log_determinant)
    return _maximum_likelihood(problem, log_determinant)


def _least_squares(problem: Problem, free: int) -> Estimate:
    """Fixed-effects least squares, with or without spatially lagged regressors."""
    y = within(problem.design.y, problem.effects)
    inside = within(problem.Z, problem.effects)
    delta = least_squares(inside, y)
    residuals = y - inside @ delta
    sum_of_squares = _noise(residuals, y)
    count = y.size
    ml, corrected = sum_of_squares / count, problem.correction != "none"
    sigma2 = sum_of_squares / free if corrected else ml
    note = (
        f"Least squares; variance by degrees of freedom ({free} of {count})."
        if corrected
        else "Least squares; variance by maximum likelihood, not corrected for lost degrees."
    )
    return Estimate(
        specification=problem.specification,
        effects=problem.effects,
        correction="variance" if corrected else "none",
        regressors=problem.names,
        Z=problem.Z,
        delta=delta,
        spatial=None,
        sigma2=sigma2,
        uncorrected=np.append(delta, ml),
        covariance=_least_squares_covariance(inside, residuals, sigma2, problem.covariance),
        log_likelihood=float(-0.5 * count * (np.log(2 * np.pi * ml) + 1.0)),
        log_determinant=None,
        note=note,
    )


def _least_squares_covariance(
    Z: np.ndarray, residuals: np.ndarray, sigma2: float, covariance: Covariance
) -> np.ndarray:
    """Classical covariance, which holds for any distribution, or clustered by city."""
    flat = Z.reshape(residuals.size, -1)
    if flat.shape[1] == 0:
        return np.zeros((0, 0))
    if covariance == "cluster":
        return cluster_least_squares(Z, residuals)
    return inverse_information(flat.T @ flat / sigma2)


def _noise(residuals: np.ndarray, y: np.ndarray) -> float:
    """Sum of squared residuals; refuses a perfect fit."""
    sum_of_squares = float(np.vdot(residuals, residuals))
    if sum_of_squares <= PERFECT_FIT * float(np.vdot(y, y)):
        raise EstimationError(
            "The regressors reproduce the outcome up to rounding, so that no variance is left to "
            "estimate; leave out the regressors of which the outcome is made."
        )
    return sum_of_squares


def _maximum_likelihood(problem: Problem, log_determinant: LogDeterminant) -> Estimate:
    """Concentrated maximum likelihood, correction of bias, covariance at the corrected values."""
    n, years = problem.design.n, problem.design.n_years
    effects, correction = problem.effects, problem.correction
    symbol = "rho" if problem.specification in LAG else "lambda"
    likelihood = _likelihood(problem, log_determinant)
    spatial = maximise(likelihood, symbol=symbol)
    delta, residuals = likelihood.solution(spatial)
    ml = _noise(residuals, likelihood.sample.y) / likelihood.observations
    raw = np.concatenate([delta, [spatial, ml]])
    theta = raw
    if correction == "lee-yu" and effects == "two-way":
        theta = corrected_parameters(raw, _information(problem, likelihood, raw), n, years)
        require_inside(theta[-2], log_determinant, symbol)
    scale = np.ones_like(theta)
    scale[-1] = variance_factor(effects, correction, n, years)
    theta = theta * scale
    return Estimate(
        specification=problem.specification,
        effects=effects,
        correction="none" if effects == "pooled" else correction,
        regressors=problem.names,
        Z=problem.Z,
        delta=theta[:-2],
        spatial=float(theta[-2]),
        sigma2=float(theta[-1]),
        uncorrected=raw,
        covariance=_covariance(problem, likelihood, theta)[:-1, :-1],
        log_likelihood=likelihood.value(spatial),
        log_determinant=log_determinant,
        note=correction_note(effects, correction, n, years),
    )


def _likelihood(problem: Problem, log_determinant: LogDeterminant) -> Likelihood:
    """Concentrated likelihood, of the data or of their Lee-Yu transformation."""
    design, effects = problem.design, problem.effects
    make = lag_sample if problem.specification in LAG else error_sample
    sample = make(design.y, problem.Z, design.lag, effects)
    kept_years, kept_cities, lost = design.n_years, design.n, 0
    if problem.correction == "transformation" and effects in ("city", "two-way"):
        kept_years -= 1
    if problem.correction == "transformation" and effects in ("year", "two-way"):
        kept_cities, lost = kept_cities - 1, kept_years
    return Likelihood(
        sample,
        residual_profile(sample),
        log_determinant,
        observations=kept_years * kept_cities,
        share=kept_years / design.n_years,
        lost=lost,
    )


def _information(problem: Problem, likelihood: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Information about (delta, spatial parameter, sigma2) at theta."""
    traces = _traces_in_force(problem.design, likelihood, float(theta[-2]))
    regressors, signal = _linear_parts(problem, likelihood, theta)
    return information_matrix(regressors, signal, traces, float(theta[-1]), likelihood.observations)


def _linear_parts(
    problem: Problem, likelihood: Likelihood, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Regressors of the least-squares problem at theta and, in lag models, the signal."""
    if likelihood.sample.WZ is not None:
        return likelihood.filtered_regressors(float(theta[-2])), None
    return likelihood.sample.Z, lagged_signal(problem, theta[:-2], float(theta[-2]))


def _covariance(problem: Problem, likelihood: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Covariance of (delta, spatial parameter, sigma2) of the kind asked for."""
    information = _information(problem, likelihood, theta)
    inverse = inverse_information(information)
    if problem.covariance == "information":
        return inverse
    lag, sigma2 = problem.design.lag, float(theta[-1])
    regressors, signal = _linear_parts(problem, likelihood, theta)
    residuals = likelihood.residuals(theta[:-2], float(theta[-2]))
    gains = yearly_gains(lag, float(theta[-2]))
    if problem.covariance == "cluster":
        variance = cluster_score_variance(regressors, signal, residuals, gains, sigma2)
    else:
        variance = quasi_score_variance(
            information, regressors, signal, residuals, gain_diagonals(gains, lag.years), sigma2
        )
    return sandwich(information, variance)


def _traces_in_force(design: PanelDesign, likelihood: Likelihood, spatial: float) -> Traces:
    """Traces of G over years, less what a transformation of cities takes out.

    F' G F has the traces tr(G) - 1/(1 - rho), tr(GG) - 1/(1 - rho)^2 and
    tr(GG') - |G' iota|^2 / N, because G iota = iota / (1 - rho) for row-normalised W.
    """
    traces = panel_traces(design.lag, likelihood.log_determinant, spatial)
    share, lost = likelihood.share, likelihood.lost
    if share == 1.0 and not lost:
        return traces
    lead = 1.0 / (1.0 - spatial)
    columns = 0.0
    if lost:
        ones = np.ones((1, design.n))
        solved = design.lag.solve(spatial, ones, transposed=True)[0]
        columns = float(np.sum((design.lag.matrices[0].T @ solved) ** 2)) / design.n
    return Traces(
        share * traces.first - lost * lead,
        share * traces.second - lost * lead**2,
        share * traces.cross - lost * columns,
    )


def lagged_signal(problem: Problem, delta: np.ndarray, rho: float) -> np.ndarray:
    """Part of the lagged outcome that is not noise, G Z delta, of shape (years, n).

    With the same weights every year G is applied to within-transformed regressors and the product
    is not transformed again, as in Elhorst (2014), whose published standard errors and corrected
    estimates depend on it; under the transformation the product is transformed. Weights that
    change by year carry the fixed effects into the lagged outcome, so that these enter the signal.
    """
    design, Z, effects = problem.design, problem.Z, problem.effects
    if design.lag.constant:
        signal = design.lag(design.lag.solve(rho, within(Z, effects) @ delta))
        return within(signal, effects) if problem.correction == "transformation" else signal
    mean = Z @ delta
    if effects != "pooled":
        fixed = fixed_effects(design.y - rho * design.lag(design.y) - mean, effects)
        mean = mean + fitted_levels(fixed)
    return within(design.lag(design.lag.solve(rho, mean)), effects)


def fixed_effects(levels: np.ndarray, effects: Effects) -> FixedEffects:
    """Recover fixed effects from what the regressors leave, of shape (years, n)."""
    return FixedEffects(*recovered_effects(levels, effects))


def fitted_levels(fixed: FixedEffects) -> np.ndarray:
    """Sum of intercept, city and year effects, broadcast to (years, n)."""
    level = np.full((1, 1), fixed.intercept)
    if fixed.cities is not None:
        level = level + fixed.cities[None, :]
    if fixed.years is not None:
        level = level + fixed.years[:, None]
    return level
