r"""Quadratic moments e' A e of spatial innovations, and their variance beside linear ones.

Innovations are net of fixed effects, e = J u with u independent; every A is made such that the
mean of e' A e is zero: by a multiple of the identity where variances are equal, by a zero diagonal
of J A J where they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from spatial.options import AbsorbedEffects
from spatial.regression.spatial_lag import SpatialLag

# Gathering products pair by pair costs more than all products at once from this share of pairs on.
DENSE_PAIRS = 0.05


@dataclass(frozen=True, eq=False)
class ErrorShape:
    """How many innovations there are, and which means were taken out of them.

    Attributes
    ----------
    years, n : int
    effects : {"pooled", "city", "year", "two-way"}
    """

    years: int
    n: int
    effects: AbsorbedEffects

    @property
    def less_cities(self) -> bool:
        """Whether means over the years of each city are out."""
        return self.effects in ("city", "two-way")

    @property
    def less_years(self) -> bool:
        """Whether means over the cities of each year are out."""
        return self.effects in ("year", "two-way")

    @property
    def share(self) -> float:
        """Share of the diagonal that taking city means out leaves."""
        return 1.0 - 1.0 / self.years if self.less_cities else 1.0

    @property
    def free(self) -> int:
        """Trace of J: innovations less fixed effects."""
        return (self.years - self.less_cities) * (self.n - self.less_years)

    def cumulant_share(self, order: int) -> float:
        """Cumulant of an element of J u over that of u.

        Examples
        --------
        >>> ErrorShape(1, 10, "pooled").cumulant_share(4)
        1.0
        """
        share = 1.0
        for out, count in ((self.less_cities, self.years), (self.less_years, self.n)):
            if out:
                share *= (1.0 - 1.0 / count) ** order + (count - 1) * (-1.0 / count) ** order
        return share


@dataclass(frozen=True, eq=False)
class QuadraticForms:
    """Several symmetric forms A, each one matrix for all years or one for each year.

    Attributes
    ----------
    forms : tuple of tuple of scipy.sparse.csr_array of shape (n, n)
    shape : ErrorShape
    robust : bool
        Whether variances may differ.
    """

    forms: tuple[tuple[sparse.csr_array, ...], ...]
    shape: ErrorShape
    robust: bool

    def applied(self, e: np.ndarray) -> np.ndarray:
        """Stack A_l e, of shape (forms, years, n)."""
        return np.stack([SpatialLag(form, self.shape.years)(e) for form in self.forms])

    def values(self, e: np.ndarray) -> np.ndarray:
        """Value of e' A_l e for each form, with e of shape (years, n)."""
        return np.einsum("ltn,tn->l", self.applied(e), e)

    @cached_property
    def diagonals(self) -> np.ndarray:
        """Diagonals of J A_l J, of shape (forms, years, n)."""
        shape = self.shape
        found = np.empty((len(self.forms), shape.years, shape.n))
        for row, form in zip(found, self.forms, strict=True):
            row[:] = shape.share * np.stack([_demeaned_diagonal(A, shape) for A in form])
        return found

    @cached_property
    def traces(self) -> np.ndarray:
        """tr(J A_l J A_k), of shape (forms, forms)."""
        count, shape = len(self.forms), self.shape
        found = np.zeros((count, count))
        for i in range(count):
            for k in range(i + 1):
                pairs = [
                    _demeaned_trace(A, B, shape)
                    for A, B in zip(self.forms[i], self.forms[k], strict=True)
                ]
                repeated = shape.years if len(pairs) == 1 else 1
                found[i, k] = found[k, i] = shape.share * repeated * sum(pairs)
        return found


def centred_forms(
    forms: Sequence[Sequence[sparse.csr_array]], shape: ErrorShape, *, robust: bool
) -> QuadraticForms:
    """Make forms symmetric and their means zero.

    Parameters
    ----------
    forms : sequence of sequences of scipy.sparse.csr_array of shape (n, n)
        For each form, one matrix for all years or one for each year.
    shape : ErrorShape
    robust : bool
        Zero diagonal of J A J, so that unequal variances do not matter; else zero trace.
    """
    made = []
    for form in forms:
        even = [sparse.csr_array((A + A.T) * 0.5) for A in form]
        if robust:
            corrected = [A - sparse.diags_array(_balancing(A, shape)) for A in even]
        else:
            repeated = shape.years if len(even) == 1 else 1
            trace = sum(float(_demeaned_diagonal(A, shape).sum()) for A in even)
            level = shape.share * repeated * trace / shape.free
            corrected = [A - level * sparse.eye_array(shape.n) for A in even]
        made.append(tuple(sparse.csr_array(A) for A in corrected))
    return QuadraticForms(tuple(made), shape, robust)


def raw_forms(
    forms: Sequence[Sequence[sparse.csr_array]], shape: ErrorShape
) -> tuple[QuadraticForms, np.ndarray]:
    """Make forms symmetric, and give tr(J A J) of each, which the variance multiplies."""
    even = tuple(tuple(sparse.csr_array((A + A.T) * 0.5) for A in form) for form in forms)
    made = QuadraticForms(even, shape, robust=False)
    return made, made.diagonals.sum(axis=(1, 2))


def moment_variance(forms: QuadraticForms, H: np.ndarray, e: np.ndarray) -> np.ndarray:
    r"""Variance of the moments (H'e, e' A_1 e, ...).

    Equal variances: :math:`\sigma^2 H'H`, :math:`2 \sigma^4 tr(J A J B) + \kappa_4 \sum a_{ii}
    b_{ii}` and :math:`\kappa_3 \sum h_i a_{ii}`, with cumulants of u estimated from e. Unequal
    ones: the forms have no diagonal, so products of cities i < j are the terms of a sum without
    correlation, and :math:`2 \sum_{ij} a_{ij} b_{ij} (\sum_t e_{it} e_{jt})^2` estimates its
    variance whatever the dependence over the years of a city; H'e is clustered by city.

    Parameters
    ----------
    forms : QuadraticForms
    H : numpy.ndarray of shape (years * n, q)
        Net of fixed effects.
    e : numpy.ndarray of shape (years, n)

    Returns
    -------
    numpy.ndarray of shape (q + forms, q + forms)

    References
    ----------
    Kelejian and Prucha (2010) doi:10.1016/j.jeconom.2009.10.025; Lee (2007), Journal of
    Econometrics 137, 489-514; Lin and Lee (2010), Journal of Econometrics 157, 34-52.
    """
    q, shape = H.shape[1], forms.shape
    total = np.zeros((q + len(forms.forms),) * 2)
    if forms.robust:
        scores = (H * e.reshape(-1, 1)).reshape(shape.years, shape.n, q).sum(axis=0)
        total[:q, :q] = scores.T @ scores
        total[q:, q:] = _robust_quadratic(forms, e)
        return total
    sigma2 = float(np.vdot(e, e)) / shape.free
    spread = float(np.vdot(e, e)) / e.size
    fourth = (float(np.mean(e**4)) - 3.0 * spread**2) / shape.cumulant_share(4)
    diagonals = forms.diagonals.reshape(len(forms.forms), -1)
    total[:q, :q] = sigma2 * (H.T @ H)
    total[q:, q:] = 2.0 * sigma2**2 * forms.traces + fourth * (diagonals @ diagonals.T)
    if not shape.less_cities:  # else the sum over the years of a city is zero
        third = float(np.mean(e**3)) / shape.cumulant_share(3)
        total[:q, q:] = third * (H.T @ diagonals.T)
        total[q:, :q] = total[:q, q:].T
    return total


def _robust_quadratic(forms: QuadraticForms, e: np.ndarray) -> np.ndarray:
    weighted = []
    for form in forms.forms:
        if len(form) == 1:
            weighted.append(_products(form[0], e))
        else:
            parts = [_products(A, e[t : t + 1]) for t, A in enumerate(form)]
            weighted.append(sum(parts[1:], parts[0]))
    return np.array([[2.0 * float((K * L).sum()) for L in weighted] for K in weighted])


def _products(A: sparse.csr_array, e: np.ndarray) -> sparse.csr_array:
    """Multiply a_ij by sum_t e_it e_jt."""
    rows = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    if A.nnz > DENSE_PAIRS * A.shape[0] ** 2:
        sums = (e.T @ e)[rows, A.indices]
    else:
        sums = np.einsum("tk,tk->k", e[:, rows], e[:, A.indices])
    return sparse.csr_array((A.data * sums, A.indices, A.indptr), shape=A.shape)


def _demeaned_diagonal(A: sparse.csr_array, shape: ErrorShape) -> np.ndarray:
    """Diagonal of Q A Q for symmetric A, Q taking means over cities out where they are out."""
    diagonal = A.diagonal()
    if not shape.less_years:
        return diagonal
    sums = np.asarray(A.sum(axis=1)).ravel()
    return np.asarray(diagonal - 2.0 * sums / shape.n + sums.sum() / shape.n**2)


def _demeaned_trace(A: sparse.csr_array, B: sparse.csr_array, shape: ErrorShape) -> float:
    """tr(Q A Q B) for symmetric A and B."""
    plain = float((A * B).sum())
    if not shape.less_years:
        return plain
    a, b = np.asarray(A.sum(axis=1)).ravel(), np.asarray(B.sum(axis=1)).ravel()
    return plain - 2.0 * float(a @ b) / shape.n + float(a.sum() * b.sum()) / shape.n**2


def _balancing(A: sparse.csr_array, shape: ErrorShape) -> np.ndarray:
    """Diagonal d for which Q (A - diag(d)) Q has a zero diagonal."""
    wanted = _demeaned_diagonal(A, shape)
    if not shape.less_years:
        return wanted
    n = shape.n
    total = float(wanted.sum()) / (1.0 - 1.0 / n)
    return np.asarray((wanted - total / n**2) / (1.0 - 2.0 / n))
