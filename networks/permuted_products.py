"""Sums of products of matrices over all cells, one of them with its cities permuted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CELLS_IN_A_BLOCK = 64_000
"""Permuted cells gathered at a time: half a megabyte stays near the processor."""


def permuted_product(
    fixed: np.ndarray, moved: np.ndarray, order: np.ndarray, *, upper: bool = False
) -> float:
    r"""Return the inner product of a matrix with another, rows and columns permuted jointly.

    .. math:: \sum_{ij} F[i, j] \, M[\pi(i), \pi(j)]

    Parameters
    ----------
    fixed, moved : numpy.ndarray of shape (n, n)
    order : numpy.ndarray of int, shape (n,)
    upper : bool
        ``fixed`` is zero below the diagonal, which saves half of the work.

    Returns
    -------
    float
    """
    n = len(order)
    step = min(n, max(1, CELLS_IN_A_BLOCK // n))
    lines, cells = np.empty((step, n)), np.empty(step * n)
    total = 0.0
    for start in range(0, n, step):
        stop = min(start + step, n)
        first = start if upper else 0
        rows = lines[: stop - start]
        block = cells[: (stop - start) * (n - first)].reshape(stop - start, n - first)
        # Whole lines first, then columns within lines that lie in the cache.
        np.take(moved, order[start:stop], axis=0, out=rows, mode="clip")
        np.take(rows, order[first:], axis=1, out=block, mode="clip")
        # einsum, not BLAS: its threads cost more than these small products are worth.
        total += float(np.einsum("ij,ij->", fixed[start:stop, first:], block))
    return total


def permuted_products(
    moved: Sequence[np.ndarray], fixed: Sequence[np.ndarray], orders: Sequence[np.ndarray]
) -> np.ndarray:
    r"""Return inner products of permuted and fixed matrices.

    .. math:: H_{pab} = \sum_{ij} M_a[\pi_p(i), \pi_p(j)] \, F_b[i, j]

    Parameters
    ----------
    moved : sequence of numpy.ndarray of shape (n, n)
        Rows and columns are permuted jointly.
    fixed : sequence of numpy.ndarray of shape (n, n)
    orders : sequence of numpy.ndarray of int, shape (n,)

    Returns
    -------
    numpy.ndarray of shape (orders, moved, fixed)
    """
    n = len(fixed[0])
    step = min(n, max(1, CELLS_IN_A_BLOCK // n))
    flat = np.stack([matrix.ravel() for matrix in fixed])
    found = np.zeros((len(orders), len(moved), len(fixed)))
    lines = np.empty((step, n))
    for start in range(0, n, step):
        stop = min(start + step, n)
        cells = np.empty((len(moved), stop - start, n))
        here = np.ascontiguousarray(flat[:, start * n : stop * n].T)
        for place, order in enumerate(orders):
            for number, matrix in enumerate(moved):
                rows = lines[: stop - start]
                np.take(matrix, order[start:stop], axis=0, out=rows, mode="clip")
                np.take(rows, order, axis=1, out=cells[number], mode="clip")
            found[place] += cells.reshape(len(moved), -1) @ here
    return found
