"""Log-determinants of a large torus in no order of cities, whose eigenvalues have a formula."""

import numpy as np
import pytest
from scipy import sparse

from spatial.regression.city_order import REORDERED_FROM, local_order
from spatial.regression.log_determinant import (
    LARGE_INTERPOLATION_TOLERANCE,
    EigenvalueLogDeterminant,
    log_determinant,
)

SIDE = 150
N = SIDE * SIDE
SLOPE = 1e-7  # of the first trace: moves rho by much less than a millionth
ERRORS = 5.0  # estimated errors by which a random approximation may miss


@pytest.fixture(scope="module")
def torus():
    """Rook neighbours on a torus, rows summing to one, cities shuffled."""
    ring = sparse.diags_array(
        [1.0, 1.0, 1.0, 1.0], offsets=[1, -1, SIDE - 1, 1 - SIDE], shape=(SIDE, SIDE)
    )
    one = sparse.eye_array(SIDE)
    grid = sparse.csr_array((sparse.kron(ring, one) + sparse.kron(one, ring)) / 4.0)
    order = np.random.default_rng(0).permutation(N)
    return sparse.csr_array(grid[order][:, order])


@pytest.fixture(scope="module")
def exact():
    wave = np.cos(2.0 * np.pi * np.arange(SIDE) / SIDE)
    return EigenvalueLogDeterminant(np.add.outer(wave, wave).ravel() / 2.0, -1.0, 1.0)


def test_three_factorisations_serve_a_window(torus, exact):
    found = log_determinant(torus, method="sparse-lu")
    assert found.low == pytest.approx(exact.low, rel=2e-3)
    found.prepare(0.48, 0.52)
    for rho in np.linspace(0.48, 0.52, 9):
        assert abs(found.value(rho) - exact.value(rho)) < N * LARGE_INTERPOLATION_TOLERANCE
        assert found.first_trace(rho) == pytest.approx(exact.first_trace(rho), rel=SLOPE)


@pytest.mark.parametrize("rho", [-0.5, 0.3, 0.8])
def test_the_error_of_random_traces_is_estimated(torus, exact, rho):
    found = log_determinant(torus, method="stochastic", rng=0)
    assert abs(found.value(rho) - exact.value(rho)) < ERRORS * found.value_error(rho)
    gap = abs(found.first_trace(rho) - exact.first_trace(rho))
    assert gap < ERRORS * found.slope_error(rho)


def test_another_order_is_the_same_matrix_with_a_small_bandwidth(torus):
    ordered = local_order(torus)

    def bandwidth(matrix):
        rows, columns = matrix.tocoo().coords
        return np.abs(rows - columns).max()

    assert bandwidth(ordered) < 5 * SIDE < bandwidth(torus)
    np.testing.assert_array_equal(np.sort(ordered.data), np.sort(torus.data))
    assert (ordered != ordered.T).nnz == 0
    small = torus[: REORDERED_FROM - 1, : REORDERED_FROM - 1]
    assert local_order(small) is small
