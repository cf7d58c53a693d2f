"""Sparse LU factors of I - rho W, whose fill-reducing order is found once for all rho."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from spatial.errors import EstimationError

# An imaginary step h differentiates with an error of h squared: nothing is subtracted.
IMAGINARY_STEP = 1e-15
# The diagonal is taken as pivot unless another entry of its column is ten times as large.
PIVOT_SHARE = 0.1
# Spatial weights fill in little: column by column is twice as fast as the panels that SuperLU
# makes for matrices with large dense blocks.
SINGLE_COLUMNS = {"relax": 1, "panel_size": 1}


class RepeatedFactors:
    """ln |I - rho W| for one rho after the other.

    Ordering takes about half the time of a factorisation; all later ones take over the order of
    the first, because the pattern does not depend on rho.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        Zero diagonal.
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        system = sparse.csc_array(sparse.eye_array(matrix.shape[0], format="csc") + matrix)
        self._ordered = False
        self._set(system)

    def _set(self, system: sparse.csc_array) -> None:
        system.sort_indices()
        columns = np.repeat(np.arange(system.shape[1]), np.diff(system.indptr))
        self._system = system
        self._diagonal = (system.indices == columns).astype(float)
        self._links = system.data - self._diagonal

    def value(self, rho: float) -> float:
        """Logarithm of the absolute determinant.

        Raises
        ------
        EstimationError
            When the matrix is singular at this rho.
        """
        parts = (self._diagonal - rho * self._links, self._system.indices, self._system.indptr)
        factors = factors_of(
            sparse.csc_array(parts, shape=self._system.shape),
            what=f"I - rho W at rho = {rho:.6g}",
            ordered=self._ordered,
        )
        result = float(np.log(np.abs(factors.U.diagonal())).sum())
        if not self._ordered:
            order = np.argsort(factors.perm_c)
            self._set(sparse.csc_array(self._system[order][:, order]))
            self._ordered = True
        return result


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


def factors_of(
    system: sparse.csc_array, *, what: str = "the matrix", ordered: bool = False
) -> sparse_linalg.SuperLU:
    """Sparse LU factors of a square matrix with a strong diagonal.

    Parameters
    ----------
    system : scipy.sparse.csc_array of shape (n, n)
    what : str
        Name of the matrix, for the message.
    ordered : bool
        Whether rows and columns are in an order of low fill-in already.

    Raises
    ------
    EstimationError
        When the matrix is singular.
    """
    try:
        return sparse_linalg.splu(
            sparse.csc_matrix(system),
            permc_spec="NATURAL" if ordered else "MMD_AT_PLUS_A",
            diag_pivot_thresh=PIVOT_SHARE,
            options={"SymmetricMode": True},
            **SINGLE_COLUMNS,
        )
    except RuntimeError as error:  # scipy's word for an exactly singular matrix
        raise EstimationError(f"{what} is singular; choose rho inside its interval.") from error


def imaginary_derivative(factors: sparse_linalg.SuperLU) -> float:
    """Return the derivative of ln |A| when A was perturbed by an imaginary step."""
    pivots = factors.U.diagonal()
    return float((pivots.imag / pivots.real).sum() / IMAGINARY_STEP)
