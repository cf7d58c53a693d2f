"""Sums of products of matrices over all cells, one of them with its cities permuted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CELLS_IN_A_BATCH = 2_000_000
"""Permuted cells held at a time, about 16 MB: they stay near the processor."""


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
    flat = np.stack([matrix.ravel() for matrix in fixed])
    found = np.empty((len(orders), len(moved), len(fixed)))
    together = max(1, CELLS_IN_A_BATCH // (len(moved) * n * n))
    gathered = np.empty((together, len(moved), n, n))
    for start in range(0, len(orders), together):
        batch = orders[start : start + together]
        for place, order in enumerate(batch):
            for number, matrix in enumerate(moved):
                # Rows first, as whole lines; then columns within lines that lie in the cache.
                np.take(matrix[order], order, axis=1, out=gathered[place, number], mode="clip")
        lines = gathered[: len(batch)].reshape(-1, n * n)
        products = lines @ flat.T
        found[start : start + len(batch)] = products.reshape(len(batch), len(moved), len(fixed))
    return found
