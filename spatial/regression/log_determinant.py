r"""ln |I - rho W|, its valid interval and its derivatives, by interchangeable exact methods.

With :math:`G = W (I - \rho W)^{-1}` and :math:`L(\rho) = \ln|I - \rho W|`:
:math:`\mathrm{tr}(G) = -L'(\rho)` and :math:`\mathrm{tr}(G G) = -L''(\rho)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from spatial.errors import EstimationError, WeightsError
from spatial.options import LogDeterminantMethod, checked_option
from spatial.weights.spectrum import Spectrum, extreme_eigenvalues, spectrum_of, symmetric_twin

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
# An imaginary step h differentiates with an error of h squared: nothing is subtracted.
IMAGINARY_STEP = 1e-15


class LogDeterminant(ABC):
    """ln |I - rho W| on its valid interval.

    Attributes
    ----------
    method : str
        How it is computed.
    low, high : float
        Open interval of rho that contains 0 and on which I - rho W is regular.
    """

    method: LogDeterminantMethod
    low: float
    high: float

    @abstractmethod
    def value(self, rho: float) -> float:
        """Logarithm of the determinant of I - rho W."""

    @abstractmethod
    def first_trace(self, rho: float) -> float:
        """tr(G), the negative first derivative."""

    @abstractmethod
    def second_trace(self, rho: float) -> float:
        """tr(G G), the negative second derivative."""


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


@dataclass(frozen=True, eq=False)
class FactorisedLogDeterminant(LogDeterminant):
    """Sum of ln |u_ii| of the sparse LU factors of I - rho W, for any W.

    The first trace is the derivative along an imaginary step, exact to rounding; the second is a
    five-point difference of the first.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
    low, high : float
        Valid interval of rho.
    """

    matrix: sparse.csr_array
    low: float
    high: float
    method: LogDeterminantMethod = "sparse-lu"

    def value(self, rho: float) -> float:
        """Logarithm of the determinant of I - rho W."""
        return float(np.log(np.abs(factorised(self.matrix, rho).U.diagonal())).sum())

    def first_trace(self, rho: float) -> float:
        """tr(G) = -Im L(rho + i h) / h."""
        return -imaginary_derivative(factorised(self.matrix, complex(rho, IMAGINARY_STEP)))

    def second_trace(self, rho: float) -> float:
        """tr(G G) by the five-point rule, whose error is of the fourth order in the step."""
        step = 2e-3 * min(1.0, self.high - rho, rho - self.low)
        near = self.first_trace(rho + step) - self.first_trace(rho - step)
        far = self.first_trace(rho + 2 * step) - self.first_trace(rho - 2 * step)
        return (8 * near - far) / (12 * step)


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


def factorised(matrix: sparse.csr_array, rho: complex) -> sparse_linalg.SuperLU:
    """Sparse LU factors of I - rho W.

    The diagonal is taken as pivot where it is large enough, and rows and columns are ordered
    alike, which keeps the fill-in low: spatial weights are near-symmetric in pattern.

    Raises
    ------
    EstimationError
        When the matrix is singular at this rho.
    """
    kind = complex if isinstance(rho, complex) else float
    system = sparse.eye_array(matrix.shape[0], dtype=kind, format="csc") - rho * matrix.tocsc()
    return factors_of(system, what=f"I - rho W at rho = {rho.real:.6g}")


def factors_of(system: sparse.csc_array, *, what: str = "the matrix") -> sparse_linalg.SuperLU:
    """Sparse LU factors of a square matrix with a strong diagonal.

    Raises
    ------
    EstimationError
        When the matrix is singular.
    """
    try:
        return sparse_linalg.splu(
            sparse.csc_matrix(system),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.1,
            options={"SymmetricMode": True},
        )
    except RuntimeError as error:  # scipy's word for an exactly singular matrix
        raise EstimationError(f"{what} is singular; choose rho inside its interval.") from error


def imaginary_derivative(factors: sparse_linalg.SuperLU) -> float:
    """Return the derivative of ln |A| when A was perturbed by an imaginary step."""
    pivots = factors.U.diagonal()
    return float((pivots.imag / pivots.real).sum() / IMAGINARY_STEP)


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
    matrix: sparse.csr_array, *, method: LogDeterminantMethod = "automatic"
) -> LogDeterminant:
    """Choose and prepare the method for one weights matrix.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        Non-negative, zero diagonal.
    method : {"automatic", "eigenvalues", "sparse-lu"}
        ``automatic``: eigenvalues while they are cheap, sparse LU above; both are exact.

    Returns
    -------
    LogDeterminant

    References
    ----------
    Ord (1975) doi:10.1080/01621459.1975.10480272; Pace and Barry (1997)
    doi:10.1111/j.1538-4632.1997.tb00959.x; LeSage and Pace (2009) doi:10.1201/9781420064254.

    Examples
    --------
    >>> pair = sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> round(log_determinant(pair).value(0.5), 6)  # ln(1 - 0.25)
    -0.287682
    """
    checked_option(method, LogDeterminantMethod, name="log_determinant")
    n = matrix.shape[0]
    twin = symmetric_twin(matrix)
    if method == "automatic":
        dense = matrix.nnz > DENSE_SHARE * n * n
        limit = SYMMETRIC_EIGENVALUE_LIMIT if twin is not None else GENERAL_EIGENVALUE_LIMIT
        if dense:
            limit = DENSE_SYMMETRIC_LIMIT if twin is not None else DENSE_GENERAL_LIMIT
        method = "eigenvalues" if n <= limit else "sparse-lu"
    if method == "eigenvalues":
        eigenvalues = _all_eigenvalues(matrix, twin)
        limits = valid_interval(spectrum_of(eigenvalues), matrix)
        return EigenvalueLogDeterminant(eigenvalues, *limits)
    spectrum = _unit_row_spectrum(matrix) or extreme_eigenvalues(
        matrix, dense_limit=GENERAL_EIGENVALUE_LIMIT
    )
    return FactorisedLogDeterminant(matrix, *valid_interval(spectrum, matrix))


def _unit_row_spectrum(matrix: sparse.csr_array) -> Spectrum | None:
    """Spectrum of weights whose rows sum to one, where a few eigenvalues settle the lower end.

    The largest eigenvalue is one. A real one among the six with the smallest real parts is the
    most negative real eigenvalue; where there is none, the full search has to be made.
    """
    n = matrix.shape[0]
    if n <= GENERAL_EIGENVALUE_LIMIT or np.abs(matrix.sum(axis=1) - 1.0).max() > UNIT_SUM:
        return None
    start = 1.0 + 0.5 * np.cos(np.arange(n))  # fixed: the same weights give the same digits
    try:
        found = sparse_linalg.eigs(
            matrix, k=6, which="SR", v0=start, ncv=40, return_eigenvectors=False
        )
    except sparse_linalg.ArpackNoConvergence:
        return None
    spectrum = spectrum_of(np.append(found, 1.0), method="one, and the smallest by Arnoldi")
    return spectrum if np.isfinite(spectrum.smallest_real) else None


def prefers_dense(matrix: sparse.csr_array) -> bool:
    """Whether dense algebra is faster than sparse factors."""
    n = matrix.shape[0]
    return n <= DENSE_ALWAYS or (n <= DENSE_SYMMETRIC_LIMIT and matrix.nnz > DENSE_SHARE * n * n)


def summed_log_determinant(
    matrices: Sequence[sparse.csr_array],
    years: int,
    *,
    method: LogDeterminantMethod = "automatic",
) -> SummedLogDeterminant:
    """Log-determinant of a whole panel: one matrix for all years, or one for each year."""
    counts = (years,) if len(matrices) == 1 else (1,) * years
    parts = tuple(log_determinant(matrix, method=method) for matrix in matrices)
    return SummedLogDeterminant(parts, counts)
