"""Extreme eigenvalues of spatial weights and the interval in which I - rho W can be inverted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

DENSE_LIMIT = 2000
"""Up to this many cities all eigenvalues are computed; above, only the extreme ones."""

_REAL = 1e-9
"""An eigenvalue is real when its imaginary part is below this share of the spectral radius."""

_UPPER, _LOWER = 1e-6, 1e-3
"""Relative accuracy of the ends of a large spectrum."""

_RATIO = 1e-9
"""Log ratios of opposite entries must agree along every cycle to this much."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Extreme eigenvalues of a non-negative matrix W.

    Attributes
    ----------
    largest : float
        Largest real eigenvalue, which is the spectral radius (Perron-Frobenius).
    smallest_real : float
        Most negative real eigenvalue; NaN when there is none, or none was found.
    has_complex : bool
        Whether complex eigenvalues were found.
    method : str
        How they were computed, in words.
    """

    largest: float
    smallest_real: float
    has_complex: bool
    method: str

    def rho_interval(self) -> tuple[float, float]:
        """Interval around zero inside which I - rho W is certainly not singular.

        (1 / omega_min, 1 / omega_max) over the real eigenvalues omega. Where no negative real
        eigenvalue is known, the lower limit is -1 / spectral radius, which is always safe.

        References
        ----------
        LeSage, J., & Pace, R. K. (2009). Introduction to Spatial Econometrics, p. 88.
        https://doi.org/10.1201/9781420064254
        """
        if self.largest <= 0.0:
            return -np.inf, np.inf
        # A zero that rounding made negative is no negative eigenvalue: its inverse would be huge.
        known = np.isfinite(self.smallest_real) and self.smallest_real < -_REAL * self.largest
        lower = 1.0 / self.smallest_real if known else -1.0 / self.largest
        return float(lower), float(1.0 / self.largest)


def symmetric_twin(matrix: sparse.csr_array) -> sparse.csr_array | None:
    """Return a symmetric matrix with the eigenvalues of ``matrix``, or None when there is none.

    W is similar to a symmetric matrix when d_i w_ij = d_j w_ji for some positive d; symmetric
    weights scaled by rows are of this kind. The twin then has the entries sqrt(w_ij w_ji), so all
    eigenvalues are real.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
        Not negative.

    Returns
    -------
    scipy.sparse.csr_array of shape (n, n), or None
    """
    forward = matrix.tocsr().copy()
    forward.sort_indices()
    backward = forward.T.tocsr()
    backward.sort_indices()
    same_pattern = np.array_equal(forward.indptr, backward.indptr) and np.array_equal(
        forward.indices, backward.indices
    )
    if not same_pattern:
        return None
    ratio = np.log(forward.data) - np.log(backward.data)
    potential = _potential(forward, ratio)
    rows = np.repeat(np.arange(forward.shape[0]), np.diff(forward.indptr))
    gap = ratio - (potential[forward.indices] - potential[rows])
    if len(gap) and np.abs(gap).max() > _RATIO * max(1.0, float(np.abs(potential).max())):
        return None
    twin = np.sqrt(forward.data) * np.sqrt(backward.data)
    return sparse.csr_array((twin, forward.indices, forward.indptr), shape=forward.shape)


def _potential(matrix: sparse.csr_array, ratio: np.ndarray) -> np.ndarray:
    """Walk each component breadth first and add up the log ratios met on the way."""
    n = matrix.shape[0]
    _, label = csgraph.connected_components(matrix, directed=False)
    _, front = np.unique(label, return_index=True)
    potential = np.zeros(n)
    reached = np.zeros(n, dtype=bool)
    reached[front] = True
    while len(front):
        lengths = matrix.indptr[front + 1] - matrix.indptr[front]
        source = np.repeat(front, lengths)
        offset = np.arange(len(source)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        edge = matrix.indptr[source] + offset
        new = ~reached[matrix.indices[edge]]
        target, first = np.unique(matrix.indices[edge[new]], return_index=True)
        potential[target] = potential[source[new][first]] + ratio[edge[new][first]]
        reached[target] = True
        front = target
    return potential


def extreme_eigenvalues(matrix: sparse.csr_array, *, dense_limit: int = DENSE_LIMIT) -> Spectrum:
    """Compute the extreme eigenvalues of non-negative weights.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
    dense_limit : int
        Up to this many cities all eigenvalues are computed.

    Returns
    -------
    Spectrum

    Notes
    -----
    Matrices that are similar to a symmetric one are treated as such: their eigenvalues are real
    without any rounding. Complex eigenvalues never make I - rho W singular for real rho, so the
    smallest *real* eigenvalue counts.
    """
    n = matrix.shape[0]
    if matrix.nnz == 0:
        return Spectrum(0.0, np.nan, False, "no links")
    twin = symmetric_twin(matrix)
    if n <= dense_limit:
        if twin is not None:
            values = linalg.eigvalsh(twin.toarray())
            return Spectrum(
                float(values[-1]), _negative(values), False, "all eigenvalues, symmetric form"
            )
        values = linalg.eigvals(matrix.toarray())
        return spectrum_of(values, method="all eigenvalues")
    return _sparse_symmetric(twin) if twin is not None else _sparse_general(matrix)


def large_spectrum(
    matrix: sparse.csr_array, twin: sparse.csr_array | None, *, radius: float | None = None
) -> Spectrum:
    """Bound the spectrum of large non-negative weights by few products.

    The ends are computed to six digits (largest) and three (smallest) and moved outwards by their
    errors, so that the interval of rho is on the safe side by as much. Without a symmetric twin
    the smallest eigenvalue is not searched: minus the spectral radius bounds it.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
    twin : scipy.sparse.csr_array or None
        See ``symmetric_twin``.
    radius : float, optional
        Spectral radius where it is known.
    """
    if matrix.nnz == 0:
        return Spectrum(0.0, np.nan, False, "no links")
    largest = radius if radius is not None else _upper_end(matrix, twin)
    if twin is None:
        return Spectrum(largest, np.nan, True, "bound by the spectral radius")
    smallest = largest
    try:
        found = sparse_linalg.eigsh(
            twin, k=1, which="SA", v0=_start(twin.shape[0]), tol=_LOWER, return_eigenvectors=False
        )
        smallest = min(-float(found[0]) * (1.0 + _LOWER), largest)
    except sparse_linalg.ArpackNoConvergence:  # the bound by the radius stays
        return Spectrum(largest, -largest, False, "bound by the spectral radius")
    return Spectrum(largest, -smallest, False, "extreme eigenvalues to three digits, by Lanczos")


def _upper_end(matrix: sparse.csr_array, twin: sparse.csr_array | None) -> float:
    start = _start(matrix.shape[0])
    bound = float(min(matrix.sum(axis=1).max(), matrix.sum(axis=0).max()))
    try:
        if twin is not None:
            found = sparse_linalg.eigsh(
                twin, k=1, which="LA", v0=start, tol=_UPPER, return_eigenvectors=False
            )
        else:
            found = sparse_linalg.eigs(
                matrix, k=1, which="LR", v0=start, tol=_UPPER, return_eigenvectors=False
            )
    except sparse_linalg.ArpackNoConvergence:
        return bound
    return min(float(found.real[0]) * (1.0 + _UPPER), bound)


def spectral_radius(matrix: sparse.csr_array) -> float:
    """Largest eigenvalue of non-negative weights."""
    return extreme_eigenvalues(matrix).largest


def _negative(values: np.ndarray) -> float:
    return float(values.min()) if len(values) and values.min() < 0.0 else np.nan


def spectrum_of(values: np.ndarray, *, method: str = "all eigenvalues") -> Spectrum:
    """Read the extremes off a list of eigenvalues of non-negative weights."""
    if not np.iscomplexobj(values):
        return Spectrum(float(values.max()), _negative(values), False, method)
    radius = float(np.abs(values).max())
    real = values.real[np.abs(values.imag) <= _REAL * max(radius, np.finfo(float).tiny)]
    # The Perron root is real; rounding of a defective root may hide it, the radius does not.
    largest = float(real.max()) if len(real) and real.max() > 0.5 * radius else radius
    return Spectrum(largest, _negative(real), len(real) < len(values), method)


def _start(n: int) -> np.ndarray:
    """Give a fixed start: the same weights always give the same digits."""
    return np.random.default_rng(0).uniform(0.5, 1.5, size=n)


def _sparse_symmetric(twin: sparse.csr_array) -> Spectrum:
    start = _start(twin.shape[0])
    ends = []
    for which in ("LA", "SA"):
        try:
            found = sparse_linalg.eigsh(
                twin, k=1, which=which, v0=start, ncv=60, return_eigenvectors=False
            )
            ends.append(float(found[0]))
        except sparse_linalg.ArpackNoConvergence:
            # Gershgorin: no eigenvalue is beyond the largest row sum.
            bound = float(twin.sum(axis=1).max())
            ends.append(bound if which == "LA" else -bound)
    smallest = ends[1] if ends[1] < 0 else np.nan
    return Spectrum(ends[0], smallest, False, "extreme eigenvalues by Lanczos, symmetric form")


def _sparse_general(matrix: sparse.csr_array) -> Spectrum:
    method = "extreme eigenvalues by Arnoldi"
    start = _start(matrix.shape[0])
    parts = []
    for which, count in (("LR", 6), ("SR", 30)):
        try:
            parts.append(
                sparse_linalg.eigs(
                    matrix, k=count, which=which, v0=start, ncv=90, return_eigenvectors=False
                )
            )
        except sparse_linalg.ArpackNoConvergence as failure:
            parts.append(failure.eigenvalues)
    values = np.concatenate(parts)
    if len(parts[0]) == 0:
        bound = float(min(matrix.sum(axis=1).max(), matrix.sum(axis=0).max()))
        values = np.append(values, bound)
        method = "bound by the largest row or column sum"
    return spectrum_of(values, method=method)
