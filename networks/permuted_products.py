"""Sums of products of matrices over all cells, one of them with its cities permuted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CELLS_IN_A_BLOCK = 64_000
"""Permuted cells gathered at a time: half a megabyte stays near the processor."""


def permuted_sums(
    fixed: np.ndarray, moved: np.ndarray, orders: Sequence[np.ndarray], *, upper: bool = False
) -> np.ndarray:
    r"""Return inner products of a matrix with another, rows and columns permuted jointly.

    .. math:: h_p = \sum_{ij} F[i, j] \, M[\pi_p(i), \pi_p(j)]

    Parameters
    ----------
    fixed, moved : numpy.ndarray of shape (n, n)
    orders : sequence of numpy.ndarray of int, shape (n,)
    upper : bool
        ``fixed`` is zero below the diagonal, which saves half of the work.

    Returns
    -------
    numpy.ndarray of shape (orders,)
    """
    n = len(fixed)
    step = min(n, max(1, CELLS_IN_A_BLOCK // n))
    lines, cells = np.empty((step, n)), np.empty(step * n)
    found = np.zeros(len(orders))
    for start in range(0, n, step):
        stop = min(start + step, n)
        first = start if upper else 0
        here = np.ascontiguousarray(fixed[start:stop, first:]).ravel()
        rows, flat = lines[: stop - start], cells[: len(here)]
        block = flat.reshape(stop - start, n - first)
        for place, order in enumerate(orders):
            # Whole lines first, then columns within lines that lie in the cache.
            np.take(moved, order[start:stop], axis=0, out=rows, mode="clip")
            np.take(rows, order[first:], axis=1, out=block, mode="clip")
            # einsum, not BLAS: its threads cost more than these small products are worth.
            found[place] += np.einsum("i,i->", here, flat)
    return found


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
    n, many = len(fixed[0]), len(moved)
    step = min(n, max(1, CELLS_IN_A_BLOCK // (n * many)))
    # The cells of all moved matrices lie side by side, so that one look-up fetches them together.
    side_by_side = np.stack(moved, axis=2)
    flat = np.stack([matrix.ravel() for matrix in fixed], axis=1)
    found = np.zeros((len(orders), many, len(fixed)))
    lines, cells = np.empty((2, step, n, many))
    for start in range(0, n, step):
        stop = min(start + step, n)
        here = flat[start * n : stop * n]
        rows, block = lines[: stop - start], cells[: stop - start]
        for place, order in enumerate(orders):
            np.take(side_by_side, order[start:stop], axis=0, out=rows, mode="clip")
            np.take(rows, order, axis=1, out=block, mode="clip")
            found[place] += block.reshape(-1, many).T @ here
    return found
