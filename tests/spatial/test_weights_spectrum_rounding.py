"""An eigenvalue of zero, negative by rounding, must not open the interval of rho to infinity."""

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.regression.log_determinant import log_determinant
from spatial.weights import Weights, weights_report


def test_directed_ring_with_a_zero_eigenvalue():
    """Each city receives from the next two: eigenvalues (z + z^2) / 2 of the n-th roots z of one.

    For even n, not a multiple of three, one of them is zero (z = -1) and none is negative and real,
    so the safe lower limit -1 / spectral radius holds.
    """
    n = 118
    rows = np.repeat(np.arange(n), 2)
    columns = (rows + np.tile([1, 2], n)) % n
    matrix = sparse.csr_array((np.full(2 * n, 0.5), (rows, columns)), shape=(n, n))
    weights = Weights(pd.Index([f"c{i}" for i in range(n)]), (matrix,), "row")
    low, high = weights_report(weights).rho_interval
    np.testing.assert_allclose([low, high], [-1.0, 1.0], rtol=1e-9)
    assert log_determinant(matrix).low >= -1.0 - 1e-9
