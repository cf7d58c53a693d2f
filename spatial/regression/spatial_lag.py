"""Spatial lags of stacked panels: one matrix for all years, or one for each year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from spatial.regression.log_determinant import prefers_dense
from spatial.regression.sparse_factors import factors_of

# A row sum this close to one is one: sums of a thousand rounded shares differ by less.
ROW_SUM_TOLERANCE = 1e-8
# From here on products with W are much cheaper than factors of I - rho W.
SERIES_FROM = 20_000
SERIES_LIMIT = 1000


@dataclass(frozen=True, eq=False)
class SpatialLag:
    """W of every year, applied to arrays whose first two axes are (year, city).

    Attributes
    ----------
    matrices : tuple of scipy.sparse.csr_array of shape (n, n)
        One for all years, or one for each year in order.
    years : int
        Number of years.
    """

    matrices: tuple[sparse.csr_array, ...]
    years: int

    @property
    def constant(self) -> bool:
        """Whether one matrix serves all years."""
        return len(self.matrices) == 1

    @property
    def counts(self) -> tuple[int, ...]:
        """In how many years each matrix is in force."""
        return (self.years,) if self.constant else (1,) * self.years

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Lag an array of shape (years, n) or (years, n, k)."""
        if self.constant:
            return _product(self.matrices[0], values)
        lagged = [_product(matrix, values[t : t + 1])[0] for t, matrix in enumerate(self.matrices)]
        return np.stack(lagged)

    def row_sums(self) -> np.ndarray:
        """Row sums, of shape (1, n) or (years, n), not to be written to."""
        return self._row_sums

    @cached_property
    def _row_sums(self) -> np.ndarray:
        sums = np.stack([np.asarray(matrix.sum(axis=1)).ravel() for matrix in self.matrices])
        sums.flags.writeable = False
        return sums

    @property
    def row_normalised(self) -> bool:
        """Whether every row of every matrix sums to one, so that no city is an island."""
        return bool(np.abs(self.row_sums() - 1.0).max() < ROW_SUM_TOLERANCE)

    @property
    def equal_row_sums(self) -> bool:
        """Whether the rows of each matrix have one sum, so that shocks to all cities stay so."""
        sums = self.row_sums()
        return bool(np.ptp(sums, axis=1).max() < ROW_SUM_TOLERANCE * max(sums.max(), 1e-300))

    def islands(self) -> np.ndarray:
        """Positions of cities without neighbours in at least one year."""
        return np.flatnonzero((self.row_sums() == 0.0).any(axis=0))

    def solve(self, rho: float, values: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """(I - rho W)^-1 times an array of shape (years, n) or (years, n, k)."""
        if self.constant:
            return _solved(self.matrices[0], rho, values, transposed=transposed)
        solved = [
            _solved(matrix, rho, values[t : t + 1], transposed=transposed)[0]
            for t, matrix in enumerate(self.matrices)
        ]
        return np.stack(solved)


def _columns(values: np.ndarray) -> np.ndarray:
    """Put cities on rows and everything else on columns."""
    return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)


def _stacked(columns: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Undo ``_columns``."""
    shape = (like.shape[1], like.shape[0], *like.shape[2:])
    return np.moveaxis(columns.reshape(shape), 0, 1)


def _product(matrix: sparse.csr_array, values: np.ndarray) -> np.ndarray:
    return _stacked(matrix @ _columns(values), values)


def solve_columns(
    matrix: sparse.csr_array,
    rho: float,
    columns: np.ndarray,
    *,
    transposed: bool = False,
    rounding: float = 1e-17,
) -> np.ndarray:
    """(I - rho W)^-1 B, or its transpose, for B of shape (n, k).

    Large matrices whose powers shrink fast use the series of powers, until a term is below
    ``rounding`` times the sum.
    """
    n = matrix.shape[0]
    if n >= SERIES_FROM and _series_length(matrix, rho) <= SERIES_LIMIT:
        return _series(matrix.T.tocsr() if transposed else matrix, rho, columns, rounding)
    if prefers_dense(matrix):
        system = np.eye(n) - rho * matrix.toarray()
        return np.linalg.solve(system.T if transposed else system, columns)
    system = sparse.eye_array(n, format="csc") - rho * matrix.tocsc()
    factors: sparse_linalg.SuperLU = factors_of(system, what=f"I - rho W at rho = {rho:.6g}")
    return factors.solve(np.ascontiguousarray(columns), trans="T" if transposed else "N")


def _series_length(matrix: sparse.csr_array, rho: float) -> float:
    """Terms after which powers of rho W are below rounding, by the smaller of two norms."""
    norm = abs(rho) * float(min(matrix.sum(axis=1).max(), matrix.sum(axis=0).max()))
    if norm >= 1.0:
        return np.inf
    return np.log(1e-17) / np.log(norm) if norm > 0.0 else 1.0


def _series(
    matrix: sparse.csr_array, rho: float, columns: np.ndarray, rounding: float
) -> np.ndarray:
    """Sum of (rho W)^k B until a term is below rounding."""
    total = np.array(columns, dtype=float)
    term = total.copy()
    while np.abs(term).max() > rounding * np.abs(total).max():
        term = matrix @ term
        term *= rho
        total += term
    return total


def _solved(
    matrix: sparse.csr_array, rho: float, values: np.ndarray, *, transposed: bool
) -> np.ndarray:
    return _stacked(solve_columns(matrix, rho, _columns(values), transposed=transposed), values)
