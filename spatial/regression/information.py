"""Information matrix of spatial panels about (delta, rho and lambda or one of them, sigma2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatial.errors import EstimationError
from spatial.regression.multiplier import Traces


def information_matrix(
    Z: np.ndarray, signal: np.ndarray | None, traces: Traces, sigma2: float, observations: float
) -> np.ndarray:
    r"""Compute the expected information of a lag or an error model.

    With G = W (I - rho W)^-1, traces summed over years and g the part of the lagged outcome that
    the regressors explain (zero in error models):

    .. math::
        \begin{pmatrix} Z'Z/\sigma^2 & Z'g/\sigma^2 & 0 \\
        \cdot & tr(GG + GG') + g'g/\sigma^2 & tr(G)/\sigma^2 \\
        \cdot & \cdot & m / (2 \sigma^4) \end{pmatrix}

    Parameters
    ----------
    Z : numpy.ndarray of shape (years, n, k)
        Within-transformed regressors, spatially filtered in error models.
    signal : numpy.ndarray of shape (years, n) or None
        g, None in error models.
    traces : Traces
    sigma2 : float
    observations : float
        m.

    Returns
    -------
    numpy.ndarray of shape (k + 2, k + 2)
        Order: coefficients, spatial parameter, sigma2.

    References
    ----------
    Elhorst (2014) doi:10.1007/978-3-642-40340-8; Lee and Yu (2010)
    doi:10.1016/j.jeconom.2009.08.001.
    """
    quadratic = np.array([[traces.second + traces.cross]])
    first = np.array([traces.first])
    return joint_information(Z, [signal], quadratic, first, sigma2, observations)


def joint_information(
    Z: np.ndarray,
    signals: Sequence[np.ndarray | None],
    quadratic: np.ndarray,
    first: np.ndarray,
    sigma2: float,
    observations: float,
) -> np.ndarray:
    r"""Information where the score of each spatial parameter is a linear-quadratic form.

    The score of parameter a is :math:`(e'Q_a e + g_a'e)/\sigma^2 - tr(Q_a)`. Then

    .. math::
        I_{ab} = tr(Q_a Q_b + Q_a Q_b') + g_a'g_b/\sigma^2, \quad I_{\delta a} = Z'g_a/\sigma^2,
        \quad I_{a\sigma^2} = tr(Q_a)/\sigma^2

    Parameters
    ----------
    Z : numpy.ndarray of shape (years, n, k)
        Regressors of the least-squares problem.
    signals : sequence of numpy.ndarray of shape (years, n) or None, length p
        g of each spatial parameter.
    quadratic : numpy.ndarray of shape (p, p)
        The traces above, summed over years.
    first : numpy.ndarray of shape (p,)
        tr(Q), summed over years.
    sigma2, observations : float

    Returns
    -------
    numpy.ndarray of shape (k + p + 1, k + p + 1)
        Order: coefficients, spatial parameters, sigma2.
    """
    k, p = Z.shape[-1], len(first)
    flat = Z.reshape(-1, k)
    g = np.zeros((len(flat), p))
    for place, signal in enumerate(signals):
        if signal is not None:
            g[:, place] = signal.ravel()
    result = np.zeros((k + p + 1, k + p + 1))
    result[:k, :k] = flat.T @ flat / sigma2
    result[:k, k:-1] = flat.T @ g / sigma2
    result[k:-1, :k] = result[:k, k:-1].T
    result[k:-1, k:-1] = quadratic + g.T @ g / sigma2
    result[k:-1, -1] = result[-1, k:-1] = first / sigma2
    result[-1, -1] = observations / (2.0 * sigma2**2)
    return result


def inverse_information(information: np.ndarray) -> np.ndarray:
    """Covariance of all parameters: the inverse of the information, after scaling.

    Raises
    ------
    EstimationError
        When the information is not positive definite.
    """
    scale = np.sqrt(np.diag(information))
    if not np.isfinite(scale).all() or (scale <= 0.0).any():
        raise EstimationError(_SINGULAR)
    scaled = information / np.outer(scale, scale)
    try:
        np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError as error:
        raise EstimationError(_SINGULAR) from error
    return np.linalg.inv(scaled) / np.outer(scale, scale)


_SINGULAR = (
    "The information matrix is not positive definite, so that standard errors do not exist; the "
    "spatial parameter is close to the end of its interval or regressors are almost collinear. "
    "Use fewer regressors or other weights."
)
