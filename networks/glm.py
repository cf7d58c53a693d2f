"""Logit and Poisson regression by Newton steps, small and quick, for permutation tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from spatial.options import QapFamily

STEPS = 50
CONVERGED = 1e-10  # relative change of the log-likelihood; Newton doubles the digits each step
LARGEST_LINEAR = 30.0  # beyond it a probability is 0 or 1 to machine precision: separation


@dataclass(frozen=True, slots=True)
class GlmFit:
    """A fitted generalised linear model.

    Attributes
    ----------
    coefficient, std_error : numpy.ndarray of shape (q,)
    pseudo_r_squared : float
        McFadden's: 1 minus log-likelihood over that of the mean alone.
    """

    coefficient: np.ndarray
    std_error: np.ndarray
    pseudo_r_squared: float


def fit_glm(design: np.ndarray, y: np.ndarray, family: QapFamily) -> GlmFit | None:
    """Fit by Newton's method with halved steps.

    Parameters
    ----------
    design : numpy.ndarray of shape (cells, q)
        The first column is the intercept (or what took its place).
    y : numpy.ndarray of shape (cells,)
    family : {"logit", "poisson"}

    Returns
    -------
    GlmFit or None
        None if there is no finite maximum.
    """
    q = design.shape[1]
    scale = np.sqrt((design**2).mean(axis=0))
    if (scale == 0).any():
        return None
    x = design / scale
    coefficient = np.zeros(q)
    value = _log_likelihood(x @ coefficient, y, family)
    for _ in range(STEPS):
        mean, weight = _mean_and_weight(x @ coefficient, family)
        information = x.T @ (x * weight[:, None])
        try:
            step = np.linalg.solve(information, x.T @ (y - mean))
        except np.linalg.LinAlgError:
            return None
        found, better = coefficient + step, -np.inf
        for _halving in range(30):
            better = _log_likelihood(x @ found, y, family)
            if better >= value - CONVERGED * abs(value):
                break
            step = step / 2.0
            found = coefficient + step
        gain, coefficient, value = better - value, found, better
        if abs(gain) <= CONVERGED * (abs(value) + 1e-300):
            break
    else:
        return None
    linear = x @ coefficient
    if family == "logit" and np.abs(linear).max() > LARGEST_LINEAR:
        return None
    _, weight = _mean_and_weight(linear, family)
    information = x.T @ (x * weight[:, None])
    if np.linalg.matrix_rank(information, hermitian=True) < q:
        return None
    std_error = np.sqrt(np.diag(np.linalg.inv(information)))
    return GlmFit(coefficient / scale, std_error / scale, _mcfadden(value, y, family))


def fit_statistics(
    design: np.ndarray, y: np.ndarray, family: QapFamily
) -> tuple[np.ndarray, float]:
    """Return z statistics and pseudo R squared; NaN where the fit fails.

    Parameters
    ----------
    design, y, family
        As in ``fit_glm``.

    Returns
    -------
    statistics : numpy.ndarray of shape (q,)
    pseudo_r_squared : float
    """
    fit = fit_glm(design, y, family)
    if fit is None:
        return np.full(design.shape[1], np.nan), float("nan")
    return fit.coefficient / fit.std_error, fit.pseudo_r_squared


def _mean_and_weight(linear: np.ndarray, family: QapFamily) -> tuple[np.ndarray, np.ndarray]:
    if family == "logit":
        mean = special.expit(linear)
        return mean, mean * (1.0 - mean)
    mean = np.exp(np.clip(linear, -300.0, 300.0))
    return mean, mean


def _log_likelihood(linear: np.ndarray, y: np.ndarray, family: QapFamily) -> float:
    """Up to a constant of the data for Poisson (the factorials)."""
    if family == "logit":
        return float((y * linear - np.logaddexp(0.0, linear)).sum())
    return float((y * linear - np.exp(np.clip(linear, -300.0, 300.0))).sum())


def _mcfadden(value: float, y: np.ndarray, family: QapFamily) -> float:
    mean = float(y.mean())
    if family == "logit":
        nothing = float(np.log(mean) * y.sum() + np.log1p(-mean) * (1.0 - y).sum())
        return 1.0 - value / nothing
    factorials = float(special.gammaln(y + 1.0).sum())
    nothing = float((y * np.log(mean) - mean).sum())
    return 1.0 - (value - factorials) / (nothing - factorials)
