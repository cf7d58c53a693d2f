r"""Covariance that holds where innovations are not normal, or not independent within a city.

Both are sandwiches :math:`I^{-1} J I^{-1}` of the information I around an estimate J of the
variance of the score of (delta, rho and lambda or one of them, sigma2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatial.errors import EstimationError
from spatial.regression.multiplier import lagged_multiplier
from spatial.regression.spatial_lag import SpatialLag

# N x N dense matrices are needed: 5,000 cities take 200 MB for each.
DENSE_LIMIT = 5000


def require_dense_size(n: int) -> None:
    """Raise where a dense city x city matrix would not fit.

    Raises
    ------
    EstimationError
    """
    if n > DENSE_LIMIT:
        raise EstimationError(
            f"Robust covariances of {n} cities need a dense city x city matrix; they are made for "
            f"up to {DENSE_LIMIT}. Use covariance='information'."
        )


def sandwich(information: np.ndarray, score_variance: np.ndarray) -> np.ndarray:
    """I^-1 J I^-1, symmetric."""
    half = np.linalg.solve(information, score_variance)
    result = np.linalg.solve(information, half.T)
    return (result + result.T) / 2.0


def quasi_score_variance(
    information: np.ndarray,
    Z: np.ndarray,
    signal: np.ndarray | None,
    residuals: np.ndarray,
    diagonals: np.ndarray,
    sigma2: float,
) -> np.ndarray:
    r"""Variance of the score for independent innovations of any distribution.

    Adds to the information what third and fourth moments bring in (Lee 2004; Lee and Yu 2010).
    With :math:`\kappa = \mu_4 / \sigma^4 - 3`, g the signal and d the diagonal of G, summed over
    cities and years: :math:`\rho\rho: \kappa d'd + 2 \mu_3 g'd / \sigma^4`;
    :math:`\rho\sigma^2: \kappa \iota'd / (2\sigma^2) + \mu_3 \iota'g / (2\sigma^6)`;
    :math:`\sigma^2\sigma^2: \kappa m / (4 \sigma^4)`;
    :math:`\delta\rho: \mu_3 Z'd / \sigma^4`; :math:`\delta\sigma^2: \mu_3 Z'\iota / (2\sigma^6)`.

    Parameters
    ----------
    information : numpy.ndarray of shape (k + 2, k + 2)
    Z : numpy.ndarray of shape (years, n, k)
    signal : numpy.ndarray of shape (years, n) or None
        None in error models.
    residuals : numpy.ndarray of shape (years, n)
    diagonals : numpy.ndarray of shape (years, n)
        Diagonal of G in each year.
    sigma2 : float

    Returns
    -------
    numpy.ndarray of shape (k + 2, k + 2)

    References
    ----------
    Lee (2004) doi:10.1111/j.1468-0262.2004.00558.x; Lee and Yu (2010)
    doi:10.1016/j.jeconom.2009.08.001.
    """
    third, excess = residual_moments(residuals, sigma2)
    return moment_score_variance(information, Z, signal, diagonals, sigma2, third, excess)


def residual_moments(residuals: np.ndarray, sigma2: float) -> tuple[float, float]:
    """Third moment and excess kurtosis: shapes from the residuals, the level from sigma2."""
    spread = float(np.mean(residuals**2))
    excess = float(np.mean(residuals**4)) / spread**2 - 3.0
    return float(np.mean(residuals**3)) / spread**1.5 * sigma2**1.5, excess


def moment_score_variance(
    information: np.ndarray,
    Z: np.ndarray,
    signal: np.ndarray | None,
    diagonals: np.ndarray,
    sigma2: float,
    third: float,
    excess: float,
) -> np.ndarray:
    """Variance of the score given the third moment and the excess kurtosis."""
    return joint_moment_variance(information, Z, [signal], [diagonals], sigma2, third, excess)


def joint_moment_variance(
    information: np.ndarray,
    Z: np.ndarray,
    signals: Sequence[np.ndarray | None],
    diagonals: Sequence[np.ndarray],
    sigma2: float,
    third: float,
    excess: float,
) -> np.ndarray:
    """Variance of the score with one or two spatial parameters; see ``joint_information``."""
    k, p = Z.shape[-1], len(signals)
    flat = Z.reshape(-1, k)
    d = np.stack([one.ravel() for one in diagonals], axis=1)
    g = np.stack([np.zeros(len(flat)) if one is None else one.ravel() for one in signals], axis=1)
    extra = np.zeros_like(information)
    skew = third * g.T @ d / sigma2**2
    extra[k:-1, k:-1] = excess * d.T @ d + skew + skew.T
    extra[k:-1, -1] = excess * d.sum(axis=0) / (2.0 * sigma2)
    extra[k:-1, -1] += third * g.sum(axis=0) / (2.0 * sigma2**3)
    extra[-1, -1] = excess * len(flat) / (4.0 * sigma2**2)
    extra[:k, k:-1] = third * flat.T @ d / sigma2**2
    extra[:k, -1] = third * flat.sum(axis=0) / (2.0 * sigma2**3)
    lower = np.tril_indices(k + p + 1, -1)
    extra[lower] = extra.T[lower]
    return information + extra


def cluster_score_variance(
    Z: np.ndarray,
    signal: np.ndarray | None,
    residuals: np.ndarray,
    gains: tuple[np.ndarray, ...],
    sigma2: float,
    *,
    share: float = 1.0,
) -> np.ndarray:
    r"""Variance of the score where innovations may depend on each other within a city.

    With :math:`A_{ij} = \sum_t G_{t,ij} e_{it} e_{jt}`, the score of rho is a sum over cities of
    linear terms and of :math:`A_{ii} - \sigma^2 \sum_t G_{t,ii}`, and a sum over pairs of
    :math:`A_{ij} + A_{ji}`; terms of different cities and of different pairs are uncorrelated.
    Not scaled for the number of cities.

    Parameters
    ----------
    Z, signal, residuals, sigma2
        As in ``quasi_score_variance``.
    gains : tuple of numpy.ndarray of shape (n, n)
        G, one for all years or one for each.
    share : float
        Share of the years that the fixed effects leave in the residuals, (T - 1) / T with city
        effects: their squares add up to that share of :math:`T \sigma^2`.

    Returns
    -------
    numpy.ndarray of shape (k + 2, k + 2)
    """
    return joint_cluster_variance(Z, [signal], residuals, [gains], sigma2, share=share)


def joint_cluster_variance(
    Z: np.ndarray,
    signals: Sequence[np.ndarray | None],
    residuals: np.ndarray,
    gains: Sequence[tuple[np.ndarray, ...]],
    sigma2: float,
    *,
    share: float = 1.0,
) -> np.ndarray:
    """``cluster_score_variance`` with one or two spatial parameters, each with its matrices."""
    years, n, k = Z.shape
    p = len(signals)
    scores = np.zeros((n, k + p + 1))
    scores[:, :k] = np.einsum("tnk,tn->nk", Z, residuals) / sigma2
    scores[:, -1] = (np.sum(residuals**2, axis=0) - share * years * sigma2) / (2.0 * sigma2**2)
    between = []
    for place, (signal, own) in enumerate(zip(signals, gains, strict=True)):
        if len(own) == 1:
            pairs = own[0] * (residuals.T @ residuals)
            trace = years * np.diag(own[0])
        else:
            pairs = sum(gain * np.outer(e, e) for gain, e in zip(own, residuals, strict=True))
            trace = sum(np.diag(gain) for gain in own)
        linear = 0.0 if signal is None else np.einsum("tn,tn->n", signal, residuals)
        scores[:, k + place] = (linear + np.diag(pairs) - share * sigma2 * trace) / sigma2
        both = pairs + pairs.T
        np.fill_diagonal(both, 0.0)
        between.append(both.ravel() / sigma2)
    result = scores.T @ scores
    shared = np.stack(between)
    result[k:-1, k:-1] += 0.5 * shared @ shared.T
    return result


def cluster_least_squares(Z: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Covariance of least squares clustered by city, of shape (k, k), not scaled."""
    flat = Z.reshape(-1, Z.shape[-1])
    scores = np.einsum("tnk,tn->nk", Z, residuals)
    return sandwich(flat.T @ flat, scores.T @ scores)


def yearly_gains(lag: SpatialLag, rho: float) -> tuple[np.ndarray, ...]:
    """Dense G = W (I - rho W)^-1 of each distinct matrix."""
    require_dense_size(lag.matrices[0].shape[0])
    return tuple(lagged_multiplier(matrix, rho) for matrix in lag.matrices)


def without_year_means(gains: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    r"""Take what year effects take out of residuals out of the matrices, J G J.

    :math:`e'Ge = e'JGJe` for residuals that sum to zero in a year, but only the second form has the
    variance of independent innovations, whose means the year effects take.

    Parameters
    ----------
    gains : tuple of numpy.ndarray of shape (n, n)

    Returns
    -------
    tuple of numpy.ndarray of shape (n, n)
    """
    rows = (gain - gain.mean(axis=1, keepdims=True) for gain in gains)
    return tuple(gain - gain.mean(axis=0, keepdims=True) for gain in rows)


def gain_diagonals(gains: tuple[np.ndarray, ...], years: int) -> np.ndarray:
    """Diagonal of G in each year, of shape (years, n)."""
    rows = np.stack([np.diag(gain) for gain in gains])
    return np.broadcast_to(rows, (years, rows.shape[1])) if len(gains) == 1 else rows
