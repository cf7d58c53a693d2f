r"""Quasi-maximum likelihood of dynamic spatial panels and its correction of bias.

.. math:: y_t = \rho W y_t + \tau y_{t-1} + \eta W y_{t-1} + X_t \beta + W X_t \theta
          + \mu + \alpha_t \iota + e_t

City effects: the likelihood of the N T observations given the first year. Two-way effects: the
likelihood after F_N, the N x (N - 1) orthonormal matrix orthogonal to iota, with W* = F' W F and
ln |I - rho W*| = ln |I - rho W| - ln(1 - rho), which needs rows of W that sum to one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from spatial.errors import EstimationError
from spatial.options import (
    DynamicCovariance,
    Effects,
    LogDeterminantMethod,
    Specification,
)
from spatial.regression.checks import require_full_rank, require_variation
from spatial.regression.design import PanelDesign
from spatial.regression.dynamic_design import ETA, TAU
from spatial.regression.estimation import Estimate, Problem, _information, _linear_parts, _noise
from spatial.regression.information import inverse_information
from spatial.regression.likelihood import Likelihood, lag_sample, maximise, residual_profile
from spatial.regression.log_determinant import (
    EigenvalueLogDeterminant,
    LogDeterminant,
    SummedLogDeterminant,
    summed_log_determinant,
)
from spatial.regression.robust_covariance import (
    cluster_score_variance,
    gain_diagonals,
    quasi_score_variance,
    sandwich,
    yearly_gains,
)
from spatial.regression.within import absorbed_parameters, within

# Step of central differences of the bias terms, smooth functions of order one.
SLOPE_STEP = 1e-5


def estimate_dynamic(
    design: PanelDesign,
    specification: Specification,
    effects: Effects,
    *,
    correct: bool,
    method: LogDeterminantMethod,
    covariance: DynamicCovariance = "information",
) -> Estimate:
    """Fit a dynamic specification to a design from ``dynamic_design``.

    Parameters
    ----------
    design : PanelDesign
    specification : {"sar", "sdm"}
    effects : {"city", "two-way"}
    correct : bool
        Whether to correct the bias of order 1 / T.
    method : {"automatic", "eigenvalues", "sparse-lu"}
    covariance : {"information", "direct", "sandwich", "cluster"}

    Returns
    -------
    Estimate

    Raises
    ------
    EstimationError
    """
    Z, names = design.regressors(durbin=specification == "sdm", constant=False)
    inside = within(Z, effects)
    require_variation(design.y, within(design.y, effects), design.outcome)
    require_full_rank(Z.reshape(-1, len(names)), inside.reshape(-1, len(names)), names)
    free = design.y.size - len(names) - absorbed_parameters(effects, design.n, design.n_years)
    if free < 1:
        raise EstimationError(
            f"{design.y.size} observations leave no degree of freedom after {len(names)} "
            f"regressors and {effects} effects; use more years or fewer regressors."
        )
    determinant = summed_log_determinant(design.lag.matrices, design.n_years, method=method)
    two_way = effects == "two-way"
    problem = Problem(
        design,
        specification,
        effects,
        "transformation" if two_way else "none",
        "information",
        Z,
        names,
    )
    sample = lag_sample(design.y, Z, design.lag, effects)
    likelihood = Likelihood(
        sample,
        residual_profile(sample),
        determinant,
        observations=(design.n - two_way) * design.n_years,
        lost=design.n_years if two_way else 0,
    )
    rho = maximise(likelihood, symbol="rho")
    delta, residuals = likelihood.solution(rho)
    sigma2 = _noise(residuals, sample.y) / likelihood.observations
    raw = np.concatenate([delta, [rho, sigma2]])
    theta = _corrected(problem, likelihood, raw) if correct else raw
    if covariance == "information":
        left = _without_city_effects(likelihood, design.n_years) if correct else likelihood
        matrix = inverse_information(_information(problem, left, theta))
        if correct:
            carried = correction_slope(problem, likelihood, raw)
            matrix = carried @ matrix @ carried.T
    else:
        matrix = dynamic_covariance(problem, likelihood, theta, covariance)
    return Estimate(
        specification=specification,
        effects=effects,
        correction="lee-yu" if correct else "none",
        regressors=names,
        Z=Z,
        delta=theta[:-2],
        spatial=float(theta[-2]),
        sigma2=float(theta[-1]),
        uncorrected=raw,
        covariance=matrix[:-1, :-1],
        log_likelihood=likelihood.value(rho),
        log_determinant=determinant,
        note=_note(effects, correct),
    )


def dynamic_covariance(
    problem: Problem,
    likelihood: Likelihood,
    theta: np.ndarray,
    kind: Literal["direct", "sandwich", "cluster"],
) -> np.ndarray:
    r"""Covariance of all parameters at theta.

    The sandwiches are those of ``robust_covariance``, with J G in place of G where the year
    effects are transformed away (J takes the mean over cities off): the quadratic form of the
    transformed innovations is e'J G e. At corrected values the scores do not add up to zero; for
    clusters their mean over cities is taken off.

    Parameters
    ----------
    problem : Problem
    likelihood : Likelihood
    theta : numpy.ndarray of shape (k + 2,)
    kind : {"direct", "sandwich", "cluster"}

    Returns
    -------
    numpy.ndarray of shape (k + 2, k + 2)
    """
    information = _information(problem, likelihood, theta)
    if kind == "direct":
        return inverse_information(information)
    inverse_information(information)  # refuses a singular one
    lag, rho, sigma2 = problem.design.lag, float(theta[-2]), float(theta[-1])
    Z, signal = _linear_parts(problem, likelihood, theta)
    residuals = likelihood.residuals(theta[:-2], rho)
    gain = yearly_gains(lag, rho)[0]
    if problem.effects == "two-way":
        gain = gain - gain.mean(axis=0, keepdims=True)
    if kind == "sandwich":
        diagonals = gain_diagonals((gain,), lag.years)
        variance = quasi_score_variance(information, Z, signal, residuals, diagonals, sigma2)
        return sandwich(information, variance)
    variance = cluster_score_variance(Z, signal, residuals, (gain,), sigma2)
    total = np.zeros(len(theta))
    total[:-2] = np.einsum("tnk,tn->k", Z, residuals) / sigma2
    quadratic = float(np.vdot(residuals, residuals @ gain.T)) - sigma2 * lag.years * np.trace(gain)
    linear = 0.0 if signal is None else float(np.vdot(signal, residuals))
    total[-2] = (linear + quadratic) / sigma2
    total[-1] = (float(np.vdot(residuals, residuals)) - residuals.size * sigma2) / (2 * sigma2**2)
    return sandwich(information, variance - np.outer(total, total) / residuals.shape[1])


def _without_city_effects(likelihood: Likelihood, years: int) -> Likelihood:
    """Count the observations and traces that city effects leave, T - 1 of T years."""
    kept = (years - 1) / years
    return replace(
        likelihood,
        observations=likelihood.observations * kept,
        share=likelihood.share * kept,
        lost=likelihood.lost * kept,
    )


def correction_slope(problem: Problem, likelihood: Likelihood, theta: np.ndarray) -> np.ndarray:
    r"""Slope of the corrected by the uncorrected estimate, :math:`I + (I_m)^{-1} a'(\theta) / T`.

    The correction a grows with tau, eta and rho, so that corrected estimates vary more than
    uncorrected ones; the delta method carries that into the covariance. The slope of the
    information itself, which is of the same order but small, is left out.

    Parameters
    ----------
    problem : Problem
    likelihood : Likelihood
    theta : numpy.ndarray of shape (k + 2,)
        Uncorrected values, which the correction is a function of.

    Returns
    -------
    numpy.ndarray of shape (k + 2, k + 2)
    """
    slopes = np.zeros((len(theta), len(theta)))
    moved = [j for j, name in enumerate(problem.names) if name in (TAU, ETA)]
    for j in [*moved, len(theta) - 2]:
        step = np.zeros_like(theta)
        step[j] = SLOPE_STEP
        up, down = (_score_bias(problem, likelihood, theta + s * step) for s in (1.0, -1.0))
        slopes[:, j] = (up - down) / (2.0 * SLOPE_STEP)
    slopes[-1, -1] = -1.0 / (2.0 * theta[-1] ** 2)
    information = _information(problem, likelihood, theta) / likelihood.observations
    return np.eye(len(theta)) + np.linalg.solve(information, slopes) / problem.design.n_years


def _score_bias(problem: Problem, likelihood: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Leading terms a of the bias of the score, times T, at theta."""
    dynamics = {name: float(theta[j]) for j, name in enumerate(problem.names)}
    determinant = likelihood.log_determinant
    assert isinstance(determinant, SummedLogDeterminant)
    of_time, of_space = bias_traces(
        determinant.parts[0],
        problem.design.n,
        dynamics.get(TAU, 0.0),
        dynamics.get(ETA, 0.0),
        float(theta[-2]),
        drop_unit=problem.effects == "two-way",
    )
    bias = np.zeros_like(theta)
    for j, name in enumerate(problem.names):
        bias[j] = {TAU: of_time, ETA: of_space}.get(name, 0.0)
    bias[-2], bias[-1] = of_space, 1.0 / (2.0 * theta[-1])
    return bias


def _corrected(problem: Problem, likelihood: Likelihood, raw: np.ndarray) -> np.ndarray:
    r"""Take the bias of order 1 / T off: theta + (I / m)^-1 a / T with m observations."""
    design, determinant = problem.design, likelihood.log_determinant
    bias = _score_bias(problem, likelihood, raw)
    information = _information(problem, likelihood, raw) / likelihood.observations
    theta = raw + np.linalg.solve(information, bias) / design.n_years
    if not determinant.low < theta[-2] < determinant.high or theta[-1] <= 0.0:
        raise EstimationError(
            f"The bias correction moves rho to {theta[-2]:.6g}, outside its valid interval "
            f"({determinant.low:.6g}, {determinant.high:.6g}): the years are too few for it. Use "
            "more years, fewer regressors, or bias_correction=False."
        )
    return theta


def bias_traces(
    determinant: LogDeterminant, n: int, tau: float, eta: float, rho: float, *, drop_unit: bool
) -> tuple[float, float]:
    r"""Leading terms of the bias of the score, for tau and for eta and rho.

    With S = (I - rho W)^-1 and A = S (tau I + eta W) the terms of Yu, de Jong and Lee are sums
    over h of A^h S. All are functions of W, so that they collapse:
    :math:`\sum_h A^h S = [(1 - \tau) I - (\rho + \eta) W]^{-1} = D`, the term of tau is tr(D) / n,
    the term of eta is tr(W D) / n, and that of rho,
    tr[G (tau I + eta W) D + G] / n, is the same as that of eta because
    (tau I + eta W) = (I - rho W) - D^-1.

    Parameters
    ----------
    determinant : LogDeterminant
        Of one year.
    n : int
        Number of cities.
    tau, eta, rho : float
    drop_unit : bool
        Whether the transformation of year effects takes one eigenvalue one of W out.

    Returns
    -------
    of_time, of_space : float

    Raises
    ------
    EstimationError
        When a root of A is above 1 - 1/n: the sums then do not converge.

    References
    ----------
    Yu, de Jong and Lee (2008) doi:10.1016/j.jeconom.2008.08.002; Lee and Yu (2010)
    doi:10.1017/S0266466609100099.
    """
    kept = n - 1 if drop_unit else n
    if isinstance(determinant, EigenvalueLogDeterminant):
        roots = np.asarray(determinant.eigenvalues)
        if drop_unit:
            roots = np.delete(roots, np.argmin(np.abs(roots - 1.0)))
        _require_no_unit_root(roots, n, tau, eta, rho, drop_unit=drop_unit)
        inverse = 1.0 / ((1.0 - tau) - (rho + eta) * roots)
        return float(inverse.sum().real) / kept, float((roots * inverse).sum().real) / kept
    ends = 1.0 / np.array([determinant.low, determinant.high])
    _require_no_unit_root(ends, n, tau, eta, rho, drop_unit=drop_unit)
    ratio = (rho + eta) / (1.0 - tau)
    gain = determinant.first_trace(ratio)
    unit = 1.0 / ((1.0 - tau) - (rho + eta)) if drop_unit else 0.0
    of_time = ((n + ratio * gain) / (1.0 - tau) - unit) / kept
    return of_time, (gain / (1.0 - tau) - unit) / kept


def _require_no_unit_root(
    roots: np.ndarray, n: int, tau: float, eta: float, rho: float, *, drop_unit: bool
) -> None:
    """Raise when the dynamics has a root next to one or above it."""
    largest = float(np.max(((tau + eta * roots) / (1.0 - rho * roots)).real))
    if largest <= 1.0 - 1.0 / n and tau < 1.0:
        return
    remedy = "use effects='two-way', which takes a common trend out, "
    if drop_unit:
        # The ends alone do not tell whether the transformation has taken this root out.
        known = len(roots) > 2
        remedy = "" if known else "ask for log_determinant='eigenvalues' to look closer, "
    raise EstimationError(
        f"The dynamics has a root of {largest:.4f}, above 1 - 1/N = {1.0 - 1.0 / n:.4f} (tau "
        f"{tau:.4f}, eta {eta:.4f}, rho {rho:.4f}): shocks last for ever and the bias correction "
        f"does not exist. Take first differences of outcome and regressors, {remedy}or "
        "bias_correction=False."
    )


def _note(effects: Effects, correct: bool) -> str:
    if not correct:
        return (
            "No correction of bias: with fixed effects tau, eta and rho are biased by the order "
            "of 1/T."
        )
    if effects == "two-way":
        return (
            "Bias of order 1/T corrected (Lee and Yu 2010), after the orthonormal transformation "
            "that takes the year effects out and costs one city (weights are row-normalised)."
        )
    return "Bias of order 1/T corrected (Yu, de Jong and Lee 2008)."
