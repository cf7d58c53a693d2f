r"""ln |I - rho W|, its valid interval and its derivatives, by interchangeable methods.

Exact: eigenvalues, and sparse LU factors. Approximate, with an estimate of their own error: traces
of low order (Chebyshev), and traces of high order from random vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from spatial.errors import WeightsError
from spatial.options import LogDeterminantMethod, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.city_order import local_order
from spatial.regression.log_determinant_type import LogDeterminant
from spatial.regression.sparse_factors import (
    IMAGINARY_STEP,
    RepeatedFactors,
    factorised,
    factors_of,
    imaginary_derivative,
)
from spatial.regression.trace_moments import EXACT_ORDER, moment_log_determinant
from spatial.weights.spectrum import (
    Spectrum,
    extreme_eigenvalues,
    large_spectrum,
    spectrum_of,
    symmetric_twin,
)

__all__ = [
    "IMAGINARY_STEP",
    "EigenvalueLogDeterminant",
    "FactorisedLogDeterminant",
    "LogDeterminant",
    "SummedLogDeterminant",
    "factorised",
    "factors_of",
    "imaginary_derivative",
    "log_determinant",
    "log_determinant_note",
    "prefers_dense",
    "summed_log_determinant",
    "valid_interval",
]

# Up to here the eigenvalues of a matrix similar to a symmetric one cost less than a few
# factorisations; without symmetry the QR algorithm is about thirty times slower.
SYMMETRIC_EIGENVALUE_LIMIT = 1000
GENERAL_EIGENVALUE_LIMIT = 150
# Above this share of non-zeros a sparse factorisation fills in completely.
DENSE_SHARE = 0.05
DENSE_SYMMETRIC_LIMIT = 3000
DENSE_GENERAL_LIMIT = 2000
DENSE_ALWAYS = 100
UNIT_SUM = 1e-8
# Above, one factorisation takes seconds and gigabytes, and random vectors are accurate: their
# error relative to the standard error of rho does not grow with n.
FACTORISATION_LIMIT = 300_000
# From here on extreme eigenvalues are computed to three digits, on the safe side.
LARGE = 20_000
PROBES, PROBED_ORDER = 16, 100
# Relative accuracy of the lower end of the interval.
EDGE = 1e-8
# The stand-in of an exact method need not be accurate.
ROUGH_PROBES, ROUGH_ORDER, ROUGH_SEED = 4, 40, 0
# Numbers of nodes of the interpolation of what the stand-in leaves, each among those of the next.
NODES = (3, 5, 9, 17, 33)
# Errors of an interpolated log-determinant, relative to n. Where a factorisation takes seconds, an
# error of 1e-4 within five standard errors of rho moves rho by 2e-4 of one at most.
INTERPOLATION_TOLERANCE = 1e-12
LARGE_INTERPOLATION_TOLERANCE = 1e-9
ROUNDING = 1e-11


@dataclass(frozen=True, eq=False)
class EigenvalueLogDeterminant(LogDeterminant):
    """Sum of ln(1 - rho omega) over the eigenvalues omega of W (Ord 1975).

    Attributes
    ----------
    eigenvalues : numpy.ndarray of shape (n,)
        Real where W is similar to a symmetric matrix, else complex.
    low, high : float
        Valid interval of rho.
    """

    eigenvalues: np.ndarray
    low: float
    high: float
    method: LogDeterminantMethod = "eigenvalues"

    def value(self, rho: float) -> float:
        """Logarithm of the determinant; complex pairs give a real sum."""
        return float(np.log(np.abs(1.0 - rho * self.eigenvalues)).sum())

    def first_trace(self, rho: float) -> float:
        """tr(G)."""
        return float((self.eigenvalues / (1.0 - rho * self.eigenvalues)).sum().real)

    def second_trace(self, rho: float) -> float:
        """tr(G G)."""
        return float(((self.eigenvalues / (1.0 - rho * self.eigenvalues)) ** 2).sum().real)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Chebyshev series on an interval.

    Attributes
    ----------
    low, high : float
    terms : numpy.ndarray
        Coefficients, lowest first.
    """

    low: float
    high: float
    terms: np.ndarray

    def derivative(self, rho: float, order: int) -> float:
        """Value (order 0) or derivative at rho."""
        width = self.high - self.low
        place = 2.0 * (rho - self.low) / width - 1.0
        terms = np.polynomial.chebyshev.chebder(self.terms, order) if order else self.terms
        return float(np.polynomial.chebyshev.chebval(place, terms)) * (2.0 / width) ** order


@dataclass(frozen=True, eq=False)
class FactorisedLogDeterminant(LogDeterminant):
    """Sum of ln |u_ii| of the sparse LU factors of I - rho W, for any W.

    The first trace is the derivative along an imaginary step, exact to rounding; the second is a
    five-point difference of the first. Within an interval that was prepared, all three come from
    an interpolation of the difference to a rough approximation, which is smooth and small.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        Its cities may be in another order than those of the weights.
    low, high : float
        Valid interval of rho.
    twin : scipy.sparse.csr_array or None
        Symmetric matrix with the same eigenvalues.
    """

    matrix: sparse.csr_array
    low: float
    high: float
    twin: sparse.csr_array | None = None
    method: LogDeterminantMethod = "sparse-lu"
    _windows: list[Window] = field(default_factory=list, repr=False)

    def value(self, rho: float) -> float:
        """Logarithm of the determinant of I - rho W."""
        window = self._window(rho)
        if window is None:
            return self._factors.value(rho)
        return self.rough.value(rho) + window.derivative(rho, 0)

    def first_trace(self, rho: float) -> float:
        """tr(G) = -Im L(rho + i h) / h."""
        window = self._window(rho)
        if window is None:
            return -imaginary_derivative(factorised(self.matrix, complex(rho, IMAGINARY_STEP)))
        return self.rough.first_trace(rho) - window.derivative(rho, 1)

    def second_trace(self, rho: float) -> float:
        """tr(G G) by the five-point rule, whose error is of the fourth order in the step."""
        window = self._window(rho)
        if window is not None:
            return self.rough.second_trace(rho) - window.derivative(rho, 2)
        step = 2e-3 * min(1.0, self.high - rho, rho - self.low)
        near = self.first_trace(rho + step) - self.first_trace(rho - step)
        far = self.first_trace(rho + 2 * step) - self.first_trace(rho - 2 * step)
        return (8 * near - far) / (12 * step)

    @cached_property
    def rough(self) -> LogDeterminant:
        """Approximation by a few random vectors."""
        return moment_log_determinant(
            self.matrix,
            self.twin,
            (self.low, self.high),
            probes=ROUGH_PROBES,
            order=ROUGH_ORDER,
            seed=ROUGH_SEED,
        )

    def prepare(self, low: float, high: float) -> None:
        """Interpolate between two rho, by as many factorisations as rounding asks for."""
        low, high = max(low, self.rough.low), min(high, self.rough.high)
        inside = [w for w in self._windows if w.low <= low and high <= w.high]
        if inside or not low < high:
            return
        known: dict[float, float] = {}
        n = self.matrix.shape[0]
        tolerance = n * (LARGE_INTERPOLATION_TOLERANCE if n > LARGE else INTERPOLATION_TOLERANCE)
        for count in NODES:
            places = np.cos(np.pi * np.arange(count) / (count - 1)).round(14)
            for place in places:
                if place not in known:
                    rho = low + (high - low) * (place + 1.0) / 2.0
                    known[place] = self._factors.value(rho) - self.rough.value(rho)
            values = np.array([known[place] for place in places])
            terms = np.polynomial.chebyshev.chebfit(places, values, count - 1)
            if _next_term(terms) <= max(tolerance, ROUNDING * np.abs(values).max()):
                self._windows.append(Window(low, high, terms))
                return

    @cached_property
    def _factors(self) -> RepeatedFactors:
        return RepeatedFactors(self.matrix)

    def _window(self, rho: float) -> Window | None:
        """Return the narrowest window that holds rho, if any."""
        found = [window for window in self._windows if window.low <= rho <= window.high]
        return min(found, key=lambda window: window.high - window.low, default=None)


def _next_term(terms: np.ndarray) -> float:
    """Size of the first term left out of a geometrically falling series.

    The ratio is that over two terms, since every other term of an even function vanishes.
    """
    third, second, last = np.abs(terms[-3:])
    if third <= last:
        return float(max(third, second, last))
    ratio = float(np.sqrt(last / third))
    return ratio * max(float(last), float(second) * ratio)


@dataclass(frozen=True, eq=False)
class SummedLogDeterminant(LogDeterminant):
    """Sum over years, where each distinct matrix counts as often as it is in force.

    Attributes
    ----------
    parts : tuple of LogDeterminant
    counts : tuple of int
        In how many years each part is in force.
    """

    parts: tuple[LogDeterminant, ...]
    counts: tuple[int, ...]

    @property
    def method(self) -> LogDeterminantMethod:  # type: ignore[override]
        """Method of the parts."""
        return self.parts[0].method

    @property
    def low(self) -> float:  # type: ignore[override]
        """Greatest lower end."""
        return max(part.low for part in self.parts)

    @property
    def high(self) -> float:  # type: ignore[override]
        """Smallest upper end."""
        return min(part.high for part in self.parts)

    @property
    def exact(self) -> bool:
        """Whether all parts are."""
        return all(part.exact for part in self.parts)

    @property
    def seed_of_probes(self) -> int | None:
        """Seed of the first part."""
        return self.parts[0].seed_of_probes

    @cached_property
    def rough(self) -> LogDeterminant:
        """Sum of the stand-ins; itself where every part is its own."""
        rough = tuple(part.rough for part in self.parts)
        same = all(one is other for one, other in zip(rough, self.parts, strict=True))
        return self if same else SummedLogDeterminant(rough, self.counts)

    def prepare(self, low: float, high: float) -> None:
        """Prepare every part."""
        for part in self.parts:
            part.prepare(low, high)

    def value_error(self, rho: float) -> float:
        """Errors of the years add up where one matrix serves them; those of matrices in squares."""
        errors = [k * p.value_error(rho) for p, k in zip(self.parts, self.counts, strict=True)]
        return float(np.linalg.norm(errors))

    def slope_error(self, rho: float) -> float:
        """Errors of the traces, alike."""
        errors = [k * p.slope_error(rho) for p, k in zip(self.parts, self.counts, strict=True)]
        return float(np.linalg.norm(errors))

    def value(self, rho: float) -> float:
        """Sum of the log-determinants."""
        return sum(k * part.value(rho) for part, k in zip(self.parts, self.counts, strict=True))

    def first_trace(self, rho: float) -> float:
        """Sum of tr(G)."""
        return sum(
            k * part.first_trace(rho) for part, k in zip(self.parts, self.counts, strict=True)
        )

    def second_trace(self, rho: float) -> float:
        """Sum of tr(G G)."""
        return sum(
            k * part.second_trace(rho) for part, k in zip(self.parts, self.counts, strict=True)
        )


def valid_interval(spectrum: Spectrum, matrix: sparse.csr_array) -> tuple[float, float]:
    """Open interval of rho around 0 on which I - rho W is regular.

    (1 / omega_min, 1 / omega_max) over the purely real eigenvalues (LeSage and Pace 2009, p. 88).
    Weights whose eigenvalues are all zero (no cycles) have no limit; the reciprocal of the
    largest row sum then keeps the search where the multiplier is moderate.
    """
    low, high = spectrum.rho_interval()
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    bound = float(matrix.sum(axis=1).max()) if matrix.nnz else 0.0
    if bound == 0.0:
        raise WeightsError("The weights hold no link at all; a spatial parameter needs neighbours.")
    return -1.0 / bound, 1.0 / bound


def _all_eigenvalues(matrix: sparse.csr_array, twin: sparse.csr_array | None) -> np.ndarray:
    if twin is not None:
        return np.linalg.eigvalsh(twin.toarray())
    return np.linalg.eigvals(matrix.toarray())


def log_determinant(
    matrix: sparse.csr_array,
    *,
    method: LogDeterminantMethod = "automatic",
    rng: RandomSource = 0,
) -> LogDeterminant:
    """Choose and prepare the method for one weights matrix.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        Non-negative, zero diagonal.
    method : {"automatic", "eigenvalues", "sparse-lu", "chebyshev", "stochastic"}
        ``automatic``: eigenvalues while they are cheap, sparse LU up to 300,000 cities, both of
        which are exact; above, traces by random vectors ("stochastic"). ``chebyshev``: exact
        traces up to order four only, a fast approximation without randomness.
    rng : int, numpy.random.Generator or None
        For "stochastic"; the default gives the same digits each time.

    Returns
    -------
    LogDeterminant

    References
    ----------
    Ord (1975) doi:10.1080/01621459.1975.10480272; Pace and Barry (1997)
    doi:10.1111/j.1538-4632.1997.tb00959.x; LeSage and Pace (2009) doi:10.1201/9781420064254;
    Barry and Pace (1999), Linear Algebra and its Applications 289; Pace and LeSage (2004),
    Computational Statistics & Data Analysis 45.

    Examples
    --------
    >>> pair = sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> round(log_determinant(pair).value(0.5), 6)  # ln(1 - 0.25)
    -0.287682
    """
    checked_option(method, LogDeterminantMethod, name="log_determinant")
    n = matrix.shape[0]
    matrix = local_order(matrix)
    twin = symmetric_twin(matrix)
    if method == "automatic":
        dense = matrix.nnz > DENSE_SHARE * n * n
        limit = SYMMETRIC_EIGENVALUE_LIMIT if twin is not None else GENERAL_EIGENVALUE_LIMIT
        if dense:
            limit = DENSE_SYMMETRIC_LIMIT if twin is not None else DENSE_GENERAL_LIMIT
        method = "sparse-lu" if n <= FACTORISATION_LIMIT else "stochastic"
        method = "eigenvalues" if n <= limit else method
    if method == "eigenvalues":
        eigenvalues = _all_eigenvalues(matrix, twin)
        limits = valid_interval(spectrum_of(eigenvalues), matrix)
        return EigenvalueLogDeterminant(eigenvalues, *limits)
    limits = valid_interval(_extremes(matrix, twin), matrix)
    if method == "sparse-lu":
        return FactorisedLogDeterminant(matrix, *limits, twin)
    if method == "chebyshev":
        return moment_log_determinant(matrix, twin, limits, probes=0, order=EXACT_ORDER, seed=0)
    seed = seeded_generator(rng)[1]
    return moment_log_determinant(
        matrix, twin, limits, probes=PROBES, order=PROBED_ORDER, seed=seed
    )


def _extremes(matrix: sparse.csr_array, twin: sparse.csr_array | None) -> Spectrum:
    """Extreme eigenvalues as accurately as the size allows."""
    if matrix.shape[0] > LARGE:
        unit = np.abs(matrix.sum(axis=1) - 1.0).max() <= UNIT_SUM
        return large_spectrum(matrix, twin, radius=1.0 if unit else None)
    return _unit_row_spectrum(matrix, twin) or extreme_eigenvalues(
        matrix, dense_limit=GENERAL_EIGENVALUE_LIMIT
    )


def _unit_row_spectrum(matrix: sparse.csr_array, twin: sparse.csr_array | None) -> Spectrum | None:
    """Spectrum of weights whose rows sum to one, where a few eigenvalues settle the lower end.

    The largest eigenvalue is one. A real one among the six with the smallest real parts is the
    most negative real eigenvalue; where there is none, the full search has to be made.
    """
    n = matrix.shape[0]
    if n <= GENERAL_EIGENVALUE_LIMIT or np.abs(matrix.sum(axis=1) - 1.0).max() > UNIT_SUM:
        return None
    start = 1.0 + 0.5 * np.cos(np.arange(n))  # fixed: the same weights give the same digits
    try:
        if twin is not None:
            found = sparse_linalg.eigsh(
                twin, k=1, which="SA", v0=start, ncv=40, tol=EDGE, return_eigenvectors=False
            )
        else:
            found = sparse_linalg.eigs(
                matrix, k=6, which="SR", v0=start, ncv=40, tol=EDGE, return_eigenvectors=False
            )
    except sparse_linalg.ArpackNoConvergence:
        return None
    spectrum = spectrum_of(np.append(found, 1.0), method="one, and the smallest by Arnoldi")
    return spectrum if np.isfinite(spectrum.smallest_real) else None


def log_determinant_note(
    determinant: LogDeterminant, symbol: str, spatial: float, variance: float
) -> str:
    """Say by which method, in which interval, and with which errors.

    An error of the slope of the log-determinant moves the maximum of the likelihood by as much
    times the variance of the spatial parameter.
    """
    within = f"{symbol} searched in ({determinant.low:.6g}, {determinant.high:.6g})."
    if determinant.exact:
        return f"Exact log-determinant by {determinant.method}; {within}"
    moved = determinant.slope_error(spatial) * variance
    known = determinant.seed_of_probes
    seed = "" if known is None else f", seed {known}"
    return (
        f"Approximate log-determinant by {determinant.method} traces{seed}: estimated error "
        f"{determinant.value_error(spatial):.3g}, which moves {symbol} by about {moved:.2g} "
        f"({moved / variance**0.5:.2g} standard errors); {within}"
    )


def prefers_dense(matrix: sparse.csr_array) -> bool:
    """Whether dense algebra is faster than sparse factors."""
    n = matrix.shape[0]
    return n <= DENSE_ALWAYS or (n <= DENSE_SYMMETRIC_LIMIT and matrix.nnz > DENSE_SHARE * n * n)


def summed_log_determinant(
    matrices: Sequence[sparse.csr_array],
    years: int,
    *,
    method: LogDeterminantMethod = "automatic",
    rng: RandomSource = 0,
) -> SummedLogDeterminant:
    """Log-determinant of a whole panel: one matrix for all years, or one for each year."""
    counts = (years,) if len(matrices) == 1 else (1,) * years
    parts = tuple(log_determinant(matrix, method=method, rng=rng) for matrix in matrices)
    return SummedLogDeterminant(parts, counts)
