"""Estimate models with rho and lambda: corrections, covariance, how well they are told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.regression.bias_correction import (
    corrected_parameters,
    correction_note,
    require_inside,
    variance_factor,
)
from spatial.regression.information import inverse_information, joint_information
from spatial.regression.joint_likelihood import (
    JointLikelihood,
    JointMaximum,
    joint_sample,
    maximise_jointly,
)
from spatial.regression.joint_traces import joint_gains, joint_lost, joint_quadratic, matrix_pairs
from spatial.regression.log_determinant import LogDeterminant
from spatial.regression.robust_covariance import (
    gain_diagonals,
    joint_cluster_variance,
    joint_moment_variance,
    require_dense_size,
    residual_moments,
    sandwich,
    without_year_means,
)
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.within import within

if TYPE_CHECKING:
    from spatial.regression.estimation import Estimate, Problem

Gains = tuple[np.ndarray, ...]
# Half the 95 % point of chi-squared with one degree of freedom: a hill this much lower lies in the
# confidence set of the highest one.
NEAR_IN_LIKELIHOOD = 1.92
# Weights whose entries differ by less than this share are the same up to their scale.
SAME_SHARE = 1e-10


def joint_estimate(
    problem: Problem, lag_determinant: LogDeterminant, error_determinant: LogDeterminant
) -> Estimate:
    """Fit a specification with rho and lambda by concentrated maximum likelihood.

    Parameters
    ----------
    problem : Problem
        Of ``sac`` or ``gns``.
    lag_determinant, error_determinant : LogDeterminant
        Of W and M, summed over years.

    Returns
    -------
    Estimate

    References
    ----------
    Anselin (1988) doi:10.1007/978-94-015-7799-1; Lee and Yu (2010)
    doi:10.1016/j.jeconom.2009.08.001; Elhorst (2014) doi:10.1007/978-3-642-40340-8.
    """
    from spatial.regression.estimation import Estimate, _noise

    n, years = problem.design.n, problem.design.n_years
    effects, correction = problem.effects, problem.correction
    likelihood = joint_likelihood(problem, lag_determinant, error_determinant)
    maximum = maximise_jointly(likelihood)
    delta, residuals = likelihood.solution(maximum.pair)
    ml = _noise(residuals, likelihood.sample.outcome.y) / likelihood.observations
    raw = np.concatenate([delta, maximum.pair, [ml]])
    theta = raw
    if correction == "lee-yu" and effects == "two-way":
        information = _information(problem, likelihood, raw)
        theta = corrected_parameters(raw, information, n, years, spatial=2)
        for value, determinant, symbol in zip(
            theta[-3:-1], likelihood.determinants, ("rho", "lambda"), strict=True
        ):
            require_inside(value, determinant, symbol)
    scale = np.ones_like(theta)
    scale[-1] = variance_factor(effects, correction, n, years)
    theta = theta * scale
    covariance = _covariance(problem, likelihood, theta)[:-1, :-1]
    return Estimate(
        specification=problem.specification,
        effects=effects,
        correction="none" if effects == "pooled" else correction,
        regressors=problem.names,
        Z=problem.Z,
        delta=theta[:-3],
        spatial=float(theta[-3]),
        sigma2=float(theta[-1]),
        uncorrected=raw,
        covariance=covariance,
        log_likelihood=likelihood.value(maximum.pair),
        log_determinant=lag_determinant,
        note=correction_note(effects, correction, n, years),
        error_spatial=float(theta[-2]),
        error_log_determinant=error_determinant,
        further_notes=_identification_notes(problem, maximum, covariance),
    )


def joint_likelihood(
    problem: Problem, lag_determinant: LogDeterminant, error_determinant: LogDeterminant
) -> JointLikelihood:
    """Concentrated likelihood, of the data or of their Lee-Yu transformation."""
    from spatial.regression.estimation import kept_observations

    design = problem.design
    sample = joint_sample(design.y, problem.Z, design.lag, design.error_lag, problem.effects)
    kept_years, kept_cities, lost = kept_observations(problem)
    return JointLikelihood(
        sample,
        sample.packed(),
        lag_determinant,
        error_determinant,
        observations=kept_years * kept_cities,
        share=kept_years / design.n_years,
        lost=lost,
    )


def joint_parts(
    problem: Problem, likelihood: JointLikelihood, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the regressors B Z, (years, n, k), and the signal B G Z delta of rho, (years, n)."""
    from spatial.regression.estimation import effects_reach_signal, lagged_signal

    rho, lambda_ = float(theta[-3]), float(theta[-2])
    regressors = likelihood.filtered_regressors(lambda_)
    lag = problem.design.error_lag
    signal = lagged_signal(problem, theta[:-3], rho)
    signal = signal - lambda_ * lag(signal)
    if likelihood.sample.outcome.row_sums is not None and not lag.equal_row_sums:
        carrier = 1.0 - lambda_ * likelihood.sample.outcome.row_sums
        signal = within(signal, problem.effects, year_direction=carrier)
    elif problem.transformed or effects_reach_signal(problem):
        signal = within(signal, problem.effects)
    return regressors, signal


@dataclass(frozen=True, slots=True, eq=False)
class ScoreParts:
    """What the score of each city-year is made of.

    Attributes
    ----------
    information : numpy.ndarray of shape (k + p + 1, k + p + 1)
    regressors : numpy.ndarray of shape (years, n, k)
    signals : tuple of numpy.ndarray of shape (years, n) or None, length p
    residuals : numpy.ndarray of shape (years, n)
    gains : tuple of tuples of numpy.ndarray of shape (n, n), length p
        Matrix of the quadratic form of each spatial parameter, one or one for each year.
    share : float
        Share of the years that the fixed effects leave in the residuals.
    """

    information: np.ndarray
    regressors: np.ndarray
    signals: tuple[np.ndarray | None, ...]
    residuals: np.ndarray
    gains: tuple[Gains, ...]
    share: float = 1.0


def joint_score_parts(
    problem: Problem,
    lag_determinant: LogDeterminant,
    error_determinant: LogDeterminant,
    theta: np.ndarray,
) -> ScoreParts:
    """Parts of the score of (delta, rho, lambda, sigma2) at theta."""
    design = problem.design
    likelihood = joint_likelihood(problem, lag_determinant, error_determinant)
    regressors, signal = joint_parts(problem, likelihood, theta)
    gains = gains_in_force(design.lag, design.error_lag, float(theta[-3]), float(theta[-2]))
    if likelihood.lost:
        gains = without_year_means(gains[0]), without_year_means(gains[1])
    return ScoreParts(
        _information(problem, likelihood, theta),
        regressors,
        (signal, None),
        likelihood.residuals(theta[:-3], theta[-3:-1]),
        gains,
        likelihood.share,
    )


def gains_in_force(
    lag: SpatialLag, error_lag: SpatialLag, rho: float, lambda_: float
) -> tuple[Gains, Gains]:
    """Dense matrices of both quadratic forms, one for all years or one for each."""
    require_dense_size(lag.matrices[0].shape[0])
    pairs = [joint_gains(W, M, rho, lambda_) for W, M, _ in matrix_pairs(lag, error_lag)]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def _information(problem: Problem, likelihood: JointLikelihood, theta: np.ndarray) -> np.ndarray:
    """Information about (delta, rho, lambda, sigma2) at theta."""
    rho, lambda_ = float(theta[-3]), float(theta[-2])
    lag, error_lag = problem.design.lag, problem.design.error_lag
    quadratic, first = joint_quadratic(lag, error_lag, likelihood.determinants, rho, lambda_)
    quadratic, first = likelihood.share * quadratic, likelihood.share * first
    if likelihood.lost:
        quadratic = quadratic - likelihood.lost * joint_lost(lag, error_lag, rho, lambda_)
        first = first - likelihood.lost / (1.0 - theta[-3:-1])
    regressors, signal = joint_parts(problem, likelihood, theta)
    return joint_information(
        regressors, [signal, None], quadratic, first, float(theta[-1]), likelihood.observations
    )


def _covariance(problem: Problem, likelihood: JointLikelihood, theta: np.ndarray) -> np.ndarray:
    """Covariance of (delta, rho, lambda, sigma2) of the kind asked for."""
    from spatial.regression.estimation import kept_observations

    problem = problem.for_covariance()
    if problem.covariance in ("information", "direct"):
        years, cities, lost = kept_observations(problem)
        share = years / problem.design.n_years
        counted = replace(likelihood, observations=years * cities, share=share, lost=lost)
        return inverse_information(_information(problem, counted, theta))
    parts, sigma2 = joint_score_parts(problem, *likelihood.determinants, theta), float(theta[-1])
    inverse_information(parts.information)  # refuses a singular one
    if problem.covariance == "cluster":
        variance = joint_cluster_variance(
            parts.regressors,
            parts.signals,
            parts.residuals,
            parts.gains,
            sigma2,
            share=parts.share,
        )
    else:
        diagonals = [gain_diagonals(one, problem.design.n_years) for one in parts.gains]
        third, excess = residual_moments(parts.residuals, sigma2)
        variance = joint_moment_variance(
            parts.information, parts.regressors, parts.signals, diagonals, sigma2, third, excess
        )
    return sandwich(parts.information, variance)


def same_weights(lag: SpatialLag, error_lag: SpatialLag) -> bool:
    """Whether both hold the same matrices up to one scale."""
    if lag is error_lag:
        return True
    if len(lag.matrices) != len(error_lag.matrices):
        return False
    scale = abs(lag.matrices[0]).sum() / max(abs(error_lag.matrices[0]).sum(), np.finfo(float).tiny)
    return all(
        abs(W - scale * M).sum() <= SAME_SHARE * abs(W).sum()
        for W, M in zip(lag.matrices, error_lag.matrices, strict=True)
    )


def _identification_notes(
    problem: Problem, maximum: JointMaximum, covariance: np.ndarray
) -> tuple[str, ...]:
    """Say how well rho and lambda are told apart."""
    notes = []
    correlation = covariance[-2, -1] / np.sqrt(covariance[-2, -2] * covariance[-1, -1])
    if same_weights(problem.design.lag, problem.design.error_lag):
        notes.append(
            "rho and lambda share one W and are weakly identified: only the regressors tell "
            f"them apart (estimated correlation {correlation:.2f}). Compare with one of them "
            "(reduction_tests), or give other error_weights."
        )
        if problem.specification == "gns":
            notes.append(
                "With lagged regressors as well the model is very weakly identified (Elhorst "
                "2014): large standard errors are to be expected; the Durbin models 'sdm' and "
                "'sdem' are easier to interpret."
            )
    if maximum.second is not None and maximum.distance < NEAR_IN_LIKELIHOOD:
        rho, lambda_ = maximum.second
        notes.append(
            f"The likelihood has a second hill at rho = {rho:.4f}, lambda = {lambda_:.4f}, only "
            f"{maximum.distance:.3f} lower in log-likelihood: the data hardly choose between the "
            "two, and standard errors, which look at one hill, are too small."
        )
    return tuple(notes)
