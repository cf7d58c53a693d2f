"""Estimate one specification on stacked arrays: coefficients, corrections, covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spatial.errors import EstimationError
from spatial.options import BiasCorrection, Covariance, Effects, LogDeterminantMethod, Specification
from spatial.random import RandomSource
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
    without_year_means,
    yearly_gains,
)
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.specifications import (
    COMBINED,
    DURBIN,
    ERROR,
    LAG,
    first_lag,
    spatial_lags,
    symbols_of,
)
from spatial.regression.within import (
    RANDOM,
    absorbed_parameters,
    recovered_effects,
    with_city_means,
    within,
)


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
        rho, or lambda in models without rho.
    sigma2 : float
        Variance of the innovations.
    uncorrected : numpy.ndarray of shape (p + 1,)
        Coefficients, spatial parameters and sigma2 as maximum likelihood gives them.
    covariance : numpy.ndarray of shape (p, p)
        Of the coefficients and the spatial parameters.
    log_likelihood : float
        Maximum of the log-likelihood.
    log_determinant : LogDeterminant or None
        That of ``spatial``.
    note : str
        Which correction was used and why.
    phi, city_variance : float or None
        Of random effects: root of sigma2 / (T city_variance + sigma2), variance of city effects.
    city_effects : numpy.ndarray of shape (n,) or None
        Predicted random effects.
    error_spatial : float or None
        lambda beside rho.
    error_log_determinant : LogDeterminant or None
        That of ``error_spatial``.
    further_notes : tuple of str
        What else the reader of the estimates must know.
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
    error_spatial: float | None = None
    error_log_determinant: LogDeterminant | None = None
    further_notes: tuple[str, ...] = ()

    @property
    def symbol(self) -> str | None:
        """Name of the first spatial parameter."""
        return next(iter(symbols_of(self.specification)), None)

    @property
    def rho(self) -> float | None:
        """Coefficient of the lagged outcome."""
        return self.spatial if self.specification in LAG else None

    @property
    def lambda_(self) -> float | None:
        """Coefficient of the lagged error."""
        if self.specification in COMBINED:
            return self.error_spatial
        return self.spatial if self.specification in ERROR else None

    @property
    def determinants(self) -> tuple[LogDeterminant | None, LogDeterminant | None]:
        """Log-determinants of the weights of the outcome and of those of the errors."""
        if self.specification in COMBINED:
            return self.log_determinant, self.error_log_determinant
        if self.specification in ERROR:
            return None, self.log_determinant
        return self.log_determinant, None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters but sigma2."""
        return (*self.regressors, *symbols_of(self.specification))

    @property
    def parameters(self) -> np.ndarray:
        """Coefficients and spatial parameters."""
        spatial = [one for one in (self.spatial, self.error_spatial) if one is not None]
        return np.append(self.delta, spatial) if spatial else self.delta


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
    counted : bool
        Whether what fixed effects use up (a year of each city, a city of each year) is left out of
        the information, as the transformation leaves it out of the data; see ``for_covariance``.
    """

    design: PanelDesign
    specification: Specification
    effects: Effects
    correction: BiasCorrection
    covariance: Covariance
    Z: np.ndarray
    names: tuple[str, ...]
    counted: bool = False

    @property
    def transformed(self) -> bool:
        """Whether the likelihood is that of the data after the Lee-Yu transformation."""
        return self.correction == "transformation" or self.counted

    def for_covariance(self) -> Problem:
        """Return the problem whose information the covariance is made of.

        The likelihood with fixed effects as parameters has T / (T - 1) times the curvature in rho
        and lambda of the likelihood that is free of them, and as much more in N: standard errors
        from it ("direct") are too small by the root of that. Where the estimate is corrected its
        information is that of the transformed data. Without correction all stays as it is printed.
        """
        direct = self.covariance == "direct" or self.correction == "none"
        return self if direct else replace(self, counted=True)


def estimate(
    design: PanelDesign,
    specification: Specification,
    effects: Effects,
    correction: BiasCorrection,
    *,
    covariance: Covariance = "information",
    method: LogDeterminantMethod = "automatic",
    log_determinant: LogDeterminant | None = None,
    error_log_determinant: LogDeterminant | None = None,
    rng: RandomSource = 0,
) -> Estimate:
    """Fit one specification to a panel.

    Parameters
    ----------
    design : PanelDesign
    specification : {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
    effects : {"pooled", "city", "year", "two-way", "random", "correlated-random"}
    correction : {"none", "variance", "lee-yu", "transformation"}
    covariance : {"information", "direct", "sandwich", "cluster"}
    method : {"automatic", "eigenvalues", "sparse-lu", "chebyshev", "stochastic"}
    log_determinant, error_log_determinant : LogDeterminant, optional
        Prepared before for the same weights and years: of the weights of the outcome, and of those
        of the errors. One of them serves where both are the same.
    rng : int, numpy.random.Generator or None
        For the stochastic log-determinant.

    Returns
    -------
    Estimate

    Raises
    ------
    EstimationError
        When the model cannot be estimated from these data; the sentence says why.
    """
    from spatial.regression.joint_estimation import joint_estimate
    from spatial.regression.random_effects import random_estimate

    spatial = bool(symbols_of(specification))
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
    determinants = _log_determinants(
        design, specification, method, log_determinant, error_log_determinant, rng
    )
    if random:
        return random_estimate(problem, determinants[0])
    if specification in COMBINED:
        return joint_estimate(problem, *determinants)
    return _maximum_likelihood(problem, determinants[0])


def _log_determinants(
    design: PanelDesign,
    specification: Specification,
    method: LogDeterminantMethod,
    of_lag: LogDeterminant | None,
    of_errors: LogDeterminant | None,
    rng: RandomSource,
) -> tuple[LogDeterminant, ...]:
    """Log-determinants of the spatial parameters, made where they are not given."""
    if design.error_lag is design.lag:
        of_lag = of_errors = of_lag or of_errors
    given = {id(design.lag): of_lag, id(design.error_lag): of_errors}
    for lag in spatial_lags(design, specification):
        if given[id(lag)] is None:
            given[id(lag)] = summed_log_determinant(
                lag.matrices, design.n_years, method=method, rng=rng
            )
    return tuple(given[id(lag)] for lag in spatial_lags(design, specification))  # type: ignore[misc]


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
    sample = make(design.y, problem.Z, first_lag(design, problem.specification), effects)
    kept_years, kept_cities, lost = kept_observations(problem)
    return Likelihood(
        sample,
        residual_profile(sample),
        log_determinant,
        observations=kept_years * kept_cities,
        share=kept_years / design.n_years,
        lost=lost,
    )


def kept_observations(problem: Problem) -> tuple[int, int, int]:
    """Years and cities that a transformation keeps, and years for which it takes a city out."""
    design = problem.design
    kept_years, kept_cities, lost = design.n_years, design.n, 0
    if problem.transformed and problem.effects in ("city", "two-way"):
        kept_years -= 1
    # Cities can be transformed where W iota = iota, always the same W; else their share is 1/N.
    possible = all(lag.constant and lag.row_normalised for lag in (design.lag, design.error_lag))
    if problem.transformed and problem.effects in ("year", "two-way") and possible:
        kept_cities, lost = kept_cities - 1, kept_years
    return kept_years, kept_cities, lost


def _information(problem: Problem, likelihood: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Information about (delta, spatial parameter, sigma2) at theta."""
    lag = first_lag(problem.design, problem.specification)
    traces = _traces_in_force(lag, likelihood, float(theta[-2]))
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
    problem = problem.for_covariance()
    years, cities, lost = kept_observations(problem)
    share = years / problem.design.n_years
    likelihood = replace(likelihood, observations=years * cities, share=share, lost=lost)
    information = _information(problem, likelihood, theta)
    inverse = inverse_information(information)
    if problem.covariance in ("information", "direct"):
        return inverse
    lag, sigma2 = first_lag(problem.design, problem.specification), float(theta[-1])
    regressors, signal = _linear_parts(problem, likelihood, theta)
    residuals = likelihood.residuals(theta[:-2], float(theta[-2]))
    gains = yearly_gains(lag, float(theta[-2]))
    gains = without_year_means(gains) if lost else gains
    if problem.covariance == "cluster":
        variance = cluster_score_variance(
            regressors, signal, residuals, gains, sigma2, share=likelihood.share
        )
    else:
        variance = quasi_score_variance(
            information, regressors, signal, residuals, gain_diagonals(gains, lag.years), sigma2
        )
    return sandwich(information, variance)


def _traces_in_force(lag: SpatialLag, likelihood: Likelihood, spatial: float) -> Traces:
    """Traces of G over years, less what a transformation of cities takes out.

    F' G F has the traces tr(G) - 1/(1 - rho), tr(GG) - 1/(1 - rho)^2 and
    tr(GG') - |G' iota|^2 / N, because G iota = iota / (1 - rho) for row-normalised W.
    """
    traces = panel_traces(lag, likelihood.log_determinant, spatial)
    share, lost = likelihood.share, likelihood.lost
    if share == 1.0 and not lost:
        return traces
    lead = 1.0 / (1.0 - spatial)
    columns = 0.0
    if lost:
        n = lag.matrices[0].shape[0]
        solved = lag.solve(spatial, np.ones((1, n)), transposed=True)[0]
        columns = float(np.sum((lag.matrices[0].T @ solved) ** 2)) / n
    return Traces(
        share * traces.first - lost * lead,
        share * traces.second - lost * lead**2,
        share * traces.cross - lost * columns,
    )


def lagged_signal(problem: Problem, delta: np.ndarray, rho: float) -> np.ndarray:
    """Part of the lagged outcome that is not noise, G Z delta, of shape (years, n).

    With the same weights every year G is applied to within-transformed regressors and the product
    is not transformed again, as in Elhorst (2014), whose corrected estimates and published standard
    errors depend on it; under the transformation the product is transformed. Weights that
    change by year, or whose row sums differ where years have effects, carry the fixed effects into
    the lagged outcome, so that these enter the signal.
    """
    design, Z, effects = problem.design, problem.Z, problem.effects
    if not effects_reach_signal(problem):
        signal = design.lag(design.lag.solve(rho, within(Z, effects) @ delta))
        return within(signal, effects) if problem.transformed else signal
    mean = Z @ delta
    if effects != "pooled":
        fixed = fixed_effects(design.y - rho * design.lag(design.y) - mean, effects)
        mean = mean + fitted_levels(fixed)
    return within(design.lag(design.lag.solve(rho, mean)), effects)


def effects_reach_signal(problem: Problem) -> bool:
    """Whether W carries fixed effects into the lagged outcome beyond what demeaning takes out."""
    lag, effects = problem.design.lag, problem.effects
    return not lag.constant or (effects in ("year", "two-way") and not lag.equal_row_sums)


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
