"""An order of cities in which neighbours lie near each other in memory."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee

# Vectors of fewer cities stay in the processor's cache in any order.
REORDERED_FROM = 20_000


def local_order(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return a matrix with rows and columns in an order of small bandwidth.

    Products with it are several times faster where cities come in no spatial order. Traces,
    determinants and eigenvalues are the same in any order. Matrices of fewer than 20,000 cities
    are returned as they are.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)

    References
    ----------
    Cuthill and McKee (1969), Proceedings of the 24th National Conference of the ACM.
    """
    if matrix.shape[0] < REORDERED_FROM:
        return matrix
    order = reverse_cuthill_mckee(sparse.csr_matrix(matrix), symmetric_mode=False)
    ordered = sparse.csr_array(matrix[np.asarray(order)][:, order])
    ordered.sort_indices()
    return ordered
