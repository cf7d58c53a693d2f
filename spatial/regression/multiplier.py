r"""Traces and averages of the spatial multiplier :math:`S = (I - \rho W)^{-1}`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatial.regression.city_order import local_order
from spatial.regression.log_determinant import prefers_dense
from spatial.regression.log_determinant_type import LogDeterminant
from spatial.regression.sparse_factors import IMAGINARY_STEP, factors_of, imaginary_derivative
from spatial.regression.spatial_lag import SpatialLag, solve_columns
from spatial.regression.trace_moments import random_signs

# Columns solved at once for traces of products with other weights.
TRACE_BLOCK = 512
EXACT_CROSS_LIMIT = 5000
# Relative standard error of tr(G G') by random signs; that of rho is off by less than half of it.
CROSS_ACCURACY = 3e-3
PROBE_ROUNDING = 1e-6
PROBE_BLOCK, MOST_PROBES = 8, 512


@dataclass(frozen=True, slots=True)
class Traces:
    """Traces of G = W S, summed over years.

    Attributes
    ----------
    first : float
        tr(G).
    second : float
        tr(G G).
    cross : float
        tr(G G'), the sum of squared entries.
    """

    first: float
    second: float
    cross: float


def panel_traces(lag: SpatialLag, determinant: LogDeterminant, rho: float) -> Traces:
    """Traces of G summed over years."""
    cross = sum(
        count * cross_trace(matrix, rho)
        for matrix, count in zip(lag.matrices, lag.counts, strict=True)
    )
    return Traces(determinant.first_trace(rho), determinant.second_trace(rho), cross)


def cross_trace(matrix: sparse.csr_array, rho: float) -> float:
    """tr(G G') of one matrix, the sum of its squared entries.

    Small or dense matrices are inverted. For sparse ones, with A = I - rho W,
    tr(G G') = tr((A'A)^-1 W'W) is the derivative of ln |A'A + h W'W| at h = 0, taken along an
    imaginary step, so that one sparse factorisation gives it. Above 5,000 cities it is the average
    of |G' z|^2 over random signs z, to a standard error of 0.3 %.
    """
    if matrix.shape[0] > EXACT_CROSS_LIMIT:
        return _probed_cross_trace(matrix, rho)
    if prefers_dense(matrix):
        gain = lagged_multiplier(matrix, rho)
        return float(np.vdot(gain, gain))
    system = sparse.eye_array(matrix.shape[0], format="csc") - rho * matrix.tocsc()
    lagged = sparse.csc_array(matrix.T @ matrix)
    perturbed = sparse.csc_array(system.T @ system) + complex(0.0, IMAGINARY_STEP) * lagged
    return imaginary_derivative(factors_of(sparse.csc_array(perturbed)))


def _probed_cross_trace(matrix: sparse.csr_array, rho: float) -> float:
    """Average of |G' z|^2 over as many random signs as the accuracy asks for.

    The same averages of |W' z|^2, whose mean tr(W W') is known, take out most of the noise.
    """
    matrix = local_order(matrix)
    transposed = sparse.csr_array(matrix.T)
    known = float(np.vdot(matrix.data, matrix.data))
    wanted, plain = np.empty(0), np.empty(0)
    while True:
        signs = random_signs(matrix.shape[0], PROBE_BLOCK, len(wanted))
        lagged = transposed @ signs
        gained = solve_columns(matrix, rho, lagged, transposed=True, rounding=PROBE_ROUNDING)
        wanted = np.append(wanted, np.einsum("np,np->p", gained, gained))
        plain = np.append(plain, np.einsum("np,np->p", lagged, lagged))
        slope, level = np.polyfit(plain - known, wanted, 1)
        noise = wanted - level - slope * (plain - known)
        error = float(np.sqrt(noise @ noise / (len(noise) - 2) / len(noise)))
        if error <= CROSS_ACCURACY * level or len(wanted) >= MOST_PROBES:
            return float(level)


def lagged_multiplier(matrix: sparse.csr_array, rho: float) -> np.ndarray:
    """G = W (I - rho W)^-1 as a dense array of shape (n, n)."""
    dense = matrix.toarray()
    # G' solves (I - rho W') G' = W'.
    return np.linalg.solve((np.eye(matrix.shape[0]) - rho * dense).T, dense.T).T


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages over cities (and years) that turn coefficients into effects.

    Attributes
    ----------
    direct_identity : float
        tr(S) / N, times beta in the direct effect.
    direct_lag : float
        tr(S V) / N, times theta; V makes the spatial lags of regressors.
    total_identity : float
        iota' S iota / N, times beta in the total effect.
    total_lag : float
        iota' S V iota / N, times theta.
    """

    direct_identity: float
    direct_lag: float
    total_identity: float
    total_lag: float

    def as_array(self) -> np.ndarray:
        """Return the four in the order of the attributes."""
        return np.array(
            [self.direct_identity, self.direct_lag, self.total_identity, self.total_lag]
        )


def multiplier_averages(
    lag: SpatialLag, regressor_lag: SpatialLag, determinant: LogDeterminant | None, rho: float
) -> Averages:
    r"""Averages of S and S V at one rho, for any scaling of the weights.

    Parameters
    ----------
    lag, regressor_lag : SpatialLag
        W and V, often the same object.
    determinant : LogDeterminant or None
        Of W, summed over years; None where the mean has no multiplier (S = I).
    rho : float

    References
    ----------
    LeSage and Pace (2009) doi:10.1201/9781420064254.
    """
    n, years = lag.matrices[0].shape[0], lag.years
    sums = np.broadcast_to(regressor_lag.row_sums(), (years, n))
    if determinant is None:
        return Averages(1.0, 0.0, 1.0, float(sums.mean()))
    first = determinant.first_trace(rho) / (n * years)
    direct_lag = first if regressor_lag is lag else _mixed_trace(lag, regressor_lag, rho, powers=1)
    if lag.row_normalised:
        # S iota = iota / (1 - rho); only the receivers' side of V needs a solve.
        total = 1.0 / (1.0 - rho)
        if regressor_lag.row_normalised:
            return Averages(1.0 + rho * first, direct_lag, total, total)
    received = lag.solve(rho, np.stack([np.ones((years, n)), sums], axis=2))
    return Averages(
        1.0 + rho * first,
        direct_lag,
        float(received[..., 0].mean()),
        float(received[..., 1].mean()),
    )


def average_slopes(
    lag: SpatialLag, regressor_lag: SpatialLag, determinant: LogDeterminant | None, rho: float
) -> Averages:
    """Differentiate ``multiplier_averages`` by rho, from dS/drho = S W S."""
    if determinant is None:
        return Averages(0.0, 0.0, 0.0, 0.0)
    n, years = lag.matrices[0].shape[0], lag.years
    first = determinant.first_trace(rho) / (n * years)
    second = determinant.second_trace(rho) / (n * years)
    direct_lag = second if regressor_lag is lag else _mixed_trace(lag, regressor_lag, rho, powers=2)
    if lag.row_normalised and regressor_lag.row_normalised:
        total = 1.0 / (1.0 - rho) ** 2
        return Averages(first + rho * second, direct_lag, total, total)
    sums = np.broadcast_to(regressor_lag.row_sums(), (years, n))
    received = lag.solve(rho, np.stack([np.ones((years, n)), sums], axis=2))
    slopes = lag.solve(rho, lag(received)).mean(axis=(0, 1))
    return Averages(first + rho * second, direct_lag, float(slopes[0]), float(slopes[1]))


def _mixed_trace(lag: SpatialLag, other: SpatialLag, rho: float, *, powers: int) -> float:
    """tr(S V) / N, or tr(S W S V) / N for ``powers=2``, averaged over years, by blocks."""
    n, years = lag.matrices[0].shape[0], lag.years
    if lag.constant and other.constant:
        pairs = [(lag.matrices[0], other.matrices[0], years)]
    else:
        pairs = [(_in_year(lag, t), _in_year(other, t), 1) for t in range(years)]
    total = 0.0
    for matrix, second, count in pairs:
        for start in range(0, n, TRACE_BLOCK):
            columns = np.arange(start, min(start + TRACE_BLOCK, n))
            block = second[:, columns].toarray()
            for power in range(powers):
                block = solve_columns(matrix, rho, matrix @ block if power else block)
            total += count * float(block[columns, np.arange(len(columns))].sum())
    return total / (n * years)


def _in_year(lag: SpatialLag, year: int) -> sparse.csr_array:
    return lag.matrices[0] if lag.constant else lag.matrices[year]
