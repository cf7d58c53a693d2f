r"""ln |I - rho W| from traces of polynomials of W, which need products with vectors only.

Where W is similar to a symmetric matrix M with eigenvalues in [a, b], take
:math:`X = (M - cI) / d` with c the middle and d half the length of [a, b], and
:math:`\tau_k = \mathrm{tr}\,T_k(X)` for the Chebyshev polynomials :math:`T_k`. Then

.. math:: L(\rho) = N \ln\frac{1 - \rho c}{1 + q^2} - 2 \sum_{k \ge 1} \frac{q^k}{k} \tau_k,
          \quad \frac{2 q}{1 + q^2} = \frac{\rho d}{1 - \rho c}.

Other weights, whose eigenvalues may be complex, use
:math:`L(\rho) = -\sum_k (\rho r)^k / k \; \mathrm{tr}(W / r)^k` with the spectral radius r. Traces
up to order four are exact; higher ones are averages over random signs z of
:math:`z' T_k(X) z`, two orders for each product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from spatial.options import LogDeterminantMethod
from spatial.regression.log_determinant_type import LogDeterminant

EXACT_ORDER = 4
PROBE_STREAM = 7_919
# More columns at once leave the processor's cache.
PROBES_AT_ONCE = 4
# Rows of the matrix whose squares are held at once.
ROW_BLOCK = 100_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the spectrum lies, and by which series the logarithm is expanded.

    Attributes
    ----------
    centre, half : float
        c and d of the module's formula; 0 and the spectral radius for powers.
    chebyshev : bool
        Chebyshev polynomials (real spectrum) or powers.
    """

    centre: float
    half: float
    chebyshev: bool


@dataclass(frozen=True, eq=False)
class MomentLogDeterminant(LogDeterminant):
    """Approximate log-determinant from traces (Pace and LeSage 2004, Barry and Pace 1999).

    Attributes
    ----------
    n : int
    low, high : float
        Valid interval of rho.
    scale : Scale
    moments : numpy.ndarray of shape (probes, m)
        Traces of orders 1 to m, a row for each probe; equal rows where they are exact.
    method : str
        "stochastic", or "chebyshev" where only exact traces are used.
    seed : int or None
        Of the probes.
    """

    n: int
    low: float
    high: float
    scale: Scale
    moments: np.ndarray
    method: LogDeterminantMethod = "stochastic"
    seed: int | None = None

    @property
    def exact(self) -> bool:
        """False: the error is estimated."""
        return False

    @property
    def seed_of_probes(self) -> int | None:
        """Seed of the random vectors."""
        return self.seed

    @cached_property
    def _mean(self) -> np.ndarray:
        return self.moments.mean(axis=0)

    def value(self, rho: float) -> float:
        """Logarithm of the determinant of I - rho W."""
        c, (_, q) = self.scale.centre, self._point(rho)
        result = -float(self._weights(q) @ self._mean)
        if self.scale.chebyshev:
            result += self.n * float(np.log1p(-rho * c) - np.log1p(q * q))
        return result

    def first_trace(self, rho: float) -> float:
        """tr(G), the negative derivative of the series."""
        c, (slope, q) = self.scale.centre, self._point(rho)
        inner = self._inner(q)[0]
        by_q = _by_q(q)[0] if self.scale.chebyshev else 1.0
        return float(self.n * c / (1.0 - rho * c) - inner * by_q * slope)

    def second_trace(self, rho: float) -> float:
        """tr(G G), the negative second derivative of the series."""
        c, (slope, q) = self.scale.centre, self._point(rho)
        inner, turn = self._inner(q)
        by_q, bend = _by_q(q) if self.scale.chebyshev else (1.0, 0.0)
        steep = 2.0 * slope * c / (1.0 - rho * c)
        second = turn * (by_q * slope) ** 2 + inner * (bend * slope**2 + by_q * steep)
        return float(self.n * (c / (1.0 - rho * c)) ** 2 - second)

    def value_error(self, rho: float) -> float:
        """Estimate the error: spread over probes and traces left out, added in squares."""
        _, q = self._point(rho)
        beyond = self.moments.shape[1] + 1
        return self._error(self._weights(q), abs(q) ** beyond / beyond, q)

    def slope_error(self, rho: float) -> float:
        """Estimate the error of ``first_trace`` alike."""
        slope, q = self._point(rho)
        by_q = _by_q(q)[0] if self.scale.chebyshev else 1.0
        orders = np.arange(1, self.moments.shape[1] + 1)
        weights = self._factor * q ** (orders - 1)
        return slope * by_q * self._error(weights, abs(q) ** len(orders), q)

    def _error(self, weights: np.ndarray, beyond: float, q: float) -> float:
        """Spread of a weighted sum over probes, and of the traces whose weights begin beyond."""
        probes, order = self.moments.shape
        spread = 0.0
        if probes > 1:
            spread = float((self.moments @ weights).std(ddof=1)) / probes**0.5
        # The weights of what is left out shrink like powers of q; its traces are taken to be as
        # large as the largest of the last ones.
        largest = float(np.abs(self._mean[-max(2, order // 4) :]).max())
        tail = self._factor * beyond * largest / max(1.0 - abs(q), 1e-12)
        return float(np.hypot(spread, tail))

    @property
    def _factor(self) -> float:
        return 2.0 if self.scale.chebyshev else 1.0

    def _point(self, rho: float) -> tuple[float, float]:
        """Return the derivative of the scaled parameter s by rho, and q (s itself for powers)."""
        c, d = self.scale.centre, self.scale.half
        s, slope = rho * d / (1.0 - rho * c), d / (1.0 - rho * c) ** 2
        return slope, s / (1.0 + np.sqrt(max(1.0 - s * s, 0.0))) if self.scale.chebyshev else s

    def _weights(self, q: float) -> np.ndarray:
        orders = np.arange(1, self.moments.shape[1] + 1)
        return self._factor * q**orders / orders

    def _inner(self, q: float) -> tuple[float, float]:
        """First and second derivative of the series by q."""
        orders = np.arange(1, self.moments.shape[1] + 1)
        terms = self._mean * q ** (orders - 1)
        bends = self._mean[1:] * (orders[1:] - 1) * q ** (orders[1:] - 2)
        if not self.scale.chebyshev:
            return -float(terms.sum()), -float(bends.sum())
        square = 1.0 + q * q
        return (
            -2.0 * self.n * q / square - 2.0 * float(terms.sum()),
            -2.0 * self.n * (1.0 - q * q) / square**2 - 2.0 * float(bends.sum()),
        )


def _by_q(q: float) -> tuple[float, float]:
    """First and second derivative of q by s = 2 q / (1 + q^2)."""
    square, gap = 1.0 + q * q, max(1.0 - q * q, 1e-12)
    first = square**2 / (2.0 * gap)
    return first, first * (4.0 * q * square * gap + 2.0 * q * square**2) / (2.0 * gap**2)


def moment_log_determinant(
    matrix: sparse.csr_array,
    twin: sparse.csr_array | None,
    limits: tuple[float, float],
    *,
    probes: int,
    order: int,
    seed: int,
) -> MomentLogDeterminant:
    """Estimate the traces of W and expand the log-determinant.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        Not negative, zero diagonal.
    twin : scipy.sparse.csr_array or None
        Symmetric matrix with the same eigenvalues; see ``symmetric_twin``.
    limits : tuple of float
        Valid interval of rho.
    probes : int
        Random vectors; 0 for exact traces only, up to order four.
    order : int
        Traces used, even.
    seed : int
        Of the probes.

    References
    ----------
    Barry and Pace (1999), Linear Algebra and its Applications 289; Pace and LeSage (2004),
    Computational Statistics & Data Analysis 45.
    """
    low, high = limits
    scale = Scale(0.0, 1.0 / high, chebyshev=False)
    source = matrix
    if twin is not None:
        smallest, largest = 1.0 / low, 1.0 / high
        scale = Scale((largest + smallest) / 2.0, (largest - smallest) / 2.0, chebyshev=True)
        source = twin
    else:
        low = max(low, -high)  # beyond, the series of powers need not converge
    exact = _exact_moments(source, scale, symmetric=twin is not None)
    if not probes:
        return MomentLogDeterminant(
            matrix.shape[0], low, high, scale, exact[None], method="chebyshev"
        )
    signs = random_signs(matrix.shape[0], probes, seed)
    pairs = _chebyshev_products if scale.chebyshev else _power_products
    parts = []
    for first in range(0, probes, PROBES_AT_ONCE):
        start = np.ascontiguousarray(signs[:, first : first + PROBES_AT_ONCE])
        parts.append(np.array(list(pairs(source, scale, start, order // 2))).T)
    moments = np.concatenate(parts)
    moments[:, :EXACT_ORDER] = exact
    return MomentLogDeterminant(matrix.shape[0], low, high, scale, moments, seed=seed)


def random_signs(n: int, count: int, seed: int) -> np.ndarray:
    """Columns of independent signs, of shape (n, count).

    The stream is one of its own: places or data simulated from the same seed must not be related
    to the signs, or averages over them are far off.
    """
    generator = np.random.default_rng((seed, PROBE_STREAM))
    return 2.0 * generator.integers(0, 2, size=(n, count), dtype=np.int8) - 1.0


def _chebyshev_products(
    twin: sparse.csr_array, scale: Scale, start: np.ndarray, steps: int
) -> Iterator[np.ndarray]:
    """Z' T_k(X) z for k = 1, 2, ..., from T_(j+k) = 2 T_j T_k - T_(j-k)."""
    n, zero = twin.shape[0], _dots(start, start)
    double = (twin - scale.centre * sparse.eye_array(n, format="csr")) * (2.0 / scale.half)
    double = sparse.csr_array(double)
    older, newer = start, 0.5 * (double @ start)
    first = _dots(older, newer)
    yield first
    yield 2.0 * _dots(newer, newer) - zero
    for _ in range(steps - 1):
        following = double @ newer
        following -= older
        older, newer = newer, following
        yield 2.0 * _dots(older, newer) - first
        yield 2.0 * _dots(newer, newer) - zero


def _power_products(
    matrix: sparse.csr_array, scale: Scale, start: np.ndarray, steps: int
) -> Iterator[np.ndarray]:
    """Z' (W / r)^k z for k = 1, 2, ..., as products of (W' / r)^j z and (W / r)^j z."""
    right, left, transposed = start, start, sparse.csr_array(matrix.T)
    for _ in range(steps):
        right = matrix @ right / scale.half
        yield _dots(left, right)
        left = transposed @ left / scale.half
        yield _dots(left, right)


def _dots(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("np,np->p", left, right)


def _exact_moments(source: sparse.csr_array, scale: Scale, *, symmetric: bool) -> np.ndarray:
    """Traces of orders 1 to 4 of the scaled matrix, in the polynomials of the series."""
    n, c, d = source.shape[0], scale.centre, scale.half
    p = power_traces(source, symmetric=symmetric)
    if not scale.chebyshev:
        return np.array([p[k] / d**k for k in range(1, EXACT_ORDER + 1)])
    # Powers of X = (M - c I) / d by the binomial theorem, then Chebyshev polynomials of them.
    one = (p[1] - c * n) / d
    two = (p[2] - 2 * c * p[1] + c**2 * n) / d**2
    three = (p[3] - 3 * c * p[2] + 3 * c**2 * p[1] - c**3 * n) / d**3
    four = (p[4] - 4 * c * p[3] + 6 * c**2 * p[2] - 4 * c**3 * p[1] + c**4 * n) / d**4
    return np.array([one, 2 * two - n, 4 * three - 3 * one, 8 * four - 8 * two + n])


def power_traces(matrix: sparse.csr_array, *, symmetric: bool) -> np.ndarray:
    """Exact traces of W^0 to W^4, from squares made in blocks of rows.

    Examples
    --------
    >>> triangle = sparse.csr_array(np.ones((3, 3)) - np.eye(3))
    >>> power_traces(triangle, symmetric=True)
    array([ 3.,  0.,  6.,  6., 18.])
    """
    n = matrix.shape[0]
    transposed = matrix if symmetric else sparse.csr_array(matrix.T)
    traces = np.array([float(n), 0.0, 0.0, 0.0, 0.0])
    for start in range(0, n, ROW_BLOCK):
        rows = slice(start, min(start + ROW_BLOCK, n))
        square, back = matrix[rows] @ matrix, transposed[rows]
        traces[2] += float(back.multiply(matrix[rows]).sum())
        traces[3] += float(back.multiply(square).sum())
        if symmetric:
            traces[4] += float(np.vdot(square.data, square.data))
        else:
            traces[4] += float((back @ transposed).multiply(square).sum())
    return traces
