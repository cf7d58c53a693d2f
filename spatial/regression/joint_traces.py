r"""Traces of the two quadratic forms in the score of models with rho and lambda.

With :math:`A = I - \rho W`, :math:`B = I - \lambda M`, :math:`e = B (A y - Z \delta)`:
:math:`B W y = \bar G e + B G Z \delta` and :math:`M (A y - Z \delta) = H e`, where
:math:`G = W A^{-1}`, :math:`\bar G = B G B^{-1}`, :math:`H = M B^{-1}`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from spatial.regression.log_determinant import (
    IMAGINARY_STEP,
    LogDeterminant,
    factors_of,
    imaginary_derivative,
    prefers_dense,
)
from spatial.regression.multiplier import cross_trace, lagged_multiplier
from spatial.regression.spatial_lag import SpatialLag

# Up to here dense products of inverses are cheaper than factors of products of four matrices,
# whose fill-in grows with the neighbours of neighbours.
DENSE_CITIES = 1000


def matrix_pairs(
    lag: SpatialLag, error_lag: SpatialLag
) -> Iterator[tuple[sparse.csr_array, sparse.csr_array, int]]:
    """W and M in force together, and in how many years."""
    if lag.constant and error_lag.constant:
        yield lag.matrices[0], error_lag.matrices[0], lag.years
        return
    for t in range(lag.years):
        yield (
            lag.matrices[0 if lag.constant else t],
            error_lag.matrices[0 if error_lag.constant else t],
            1,
        )


def joint_gains(
    W: sparse.csr_array, M: sparse.csr_array, rho: float, lambda_: float
) -> tuple[np.ndarray, np.ndarray]:
    """B G B^-1 and H as dense arrays of shape (n, n)."""
    G = lagged_multiplier(W, rho)
    H = lagged_multiplier(M, lambda_)
    if M is W:  # functions of one matrix commute
        return G, H
    B = np.eye(len(G)) - lambda_ * M.toarray()
    return np.linalg.solve(B.T, (B @ G).T).T, H


def joint_quadratic(
    lag: SpatialLag,
    error_lag: SpatialLag,
    determinants: tuple[LogDeterminant, LogDeterminant],
    rho: float,
    lambda_: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Traces tr(Q_a Q_b + Q_a Q_b') of both forms, and tr(Q_a), summed over years.

    Returns
    -------
    quadratic : numpy.ndarray of shape (2, 2)
    first : numpy.ndarray of shape (2,)
    """
    values = (rho, lambda_)
    first = np.array([one.first_trace(x) for one, x in zip(determinants, values, strict=True)])
    second = [one.second_trace(x) for one, x in zip(determinants, values, strict=True)]
    quadratic = np.diag(np.array(second))
    for W, M, count in matrix_pairs(lag, error_lag):
        quadratic += count * _pair_products(W, M, rho, lambda_)
    return quadratic, first


def _pair_products(
    W: sparse.csr_array, M: sparse.csr_array, rho: float, lambda_: float
) -> np.ndarray:
    """tr(QQ') of both forms on the diagonal, tr(QR + QR') beside it."""
    n = W.shape[0]
    if n <= DENSE_CITIES or prefers_dense(W) or prefers_dense(M):
        Q, R = joint_gains(W, M, rho, lambda_)
        mixed = float(np.sum(Q * R.T) + np.vdot(Q, R))
        return np.array([[float(np.vdot(Q, Q)), mixed], [mixed, float(np.vdot(R, R))]])
    # tr(X^-1 Y) is the derivative of ln |X + h Y| at h = 0; every trace is brought to that form.
    eye = sparse.eye_array(n, format="csc")
    A, B = eye - rho * W.tocsc(), eye - lambda_ * M.tocsc()
    filtered, double = B @ W.tocsc(), B @ A
    mixed = _solved_trace(double, M @ W) + _solved_trace(B.T @ double, M.T @ filtered)
    own = cross_trace(W, rho) if M is W else _solved_trace(double.T @ double, filtered.T @ filtered)
    return np.array([[own, mixed], [mixed, cross_trace(M, lambda_)]])


def _solved_trace(system: sparse.csc_array, product: sparse.csc_array) -> float:
    """tr(X^-1 Y) exactly, by one sparse factorisation along an imaginary step."""
    perturbed = sparse.csc_array(system) + complex(0.0, IMAGINARY_STEP) * sparse.csc_array(product)
    return imaginary_derivative(factors_of(sparse.csc_array(perturbed)))


def joint_lost(lag: SpatialLag, error_lag: SpatialLag, rho: float, lambda_: float) -> np.ndarray:
    r"""Return what a transformation of cities takes out of ``joint_quadratic``, for one year.

    Rows of W and M sum to one, so that both forms map iota to a multiple of it: with
    :math:`q_a` the multiples, :math:`q_a q_b + (Q_a'\iota)'(Q_b'\iota) / N`.
    """
    n = lag.matrices[0].shape[0]
    ones = np.ones((1, n))
    leads = np.array([1.0 / (1.0 - rho), 1.0 / (1.0 - lambda_)])
    W, M = lag.matrices[0], error_lag.matrices[0]
    back = SpatialLag((M,), 1)
    # Transposed, B G B^-1 applies B' first, then W', A'^-1 and B'^-1.
    columns = W.T @ (ones[0] - lambda_ * (M.T @ ones[0]))
    columns = SpatialLag((W,), 1).solve(rho, columns[None], transposed=True)
    columns = back.solve(lambda_, columns, transposed=True)[0]
    other = back.solve(lambda_, (M.T @ ones[0])[None], transposed=True)[0]
    both = np.stack([columns, other])
    return np.outer(leads, leads) + both @ both.T / n
