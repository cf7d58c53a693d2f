"""Log-determinants, their traces and intervals against dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spatial.errors import ConfigError, WeightsError
from spatial.regression.log_determinant import (
    EigenvalueLogDeterminant,
    FactorisedLogDeterminant,
    log_determinant,
    summed_log_determinant,
)
from spatial.regression.multiplier import (
    average_slopes,
    cross_trace,
    lagged_multiplier,
    multiplier_averages,
)
from spatial.regression.spatial_lag import SpatialLag, solve_columns

EXACT = 1e-10  # rounding of sums over a few dozen terms
DIFFERENCED = 1e-7  # five-point difference of an exact derivative
METHODS = ["eigenvalues", "sparse-lu"]


def random_weights(n, seed, *, symmetric, row, share=0.4):
    rng = np.random.default_rng(seed)
    dense = rng.uniform(0.1, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < share)
    np.fill_diagonal(dense, 0.0)
    if symmetric:
        dense = np.triu(dense) + np.triu(dense).T
    dense[0, 1] = dense[1, 0] = 0.5
    if row:
        sums = dense.sum(axis=1, keepdims=True)
        dense = np.divide(dense, sums, out=np.zeros_like(dense), where=sums > 0)
    return sparse.csr_array(dense)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30)
@given(
    n=st.integers(3, 12),
    seed=st.integers(0, 10_000),
    symmetric=st.booleans(),
    row=st.booleans(),
    share=st.floats(-0.9, 0.9),
)
def test_values_and_traces(method, n, seed, symmetric, row, share):
    matrix = random_weights(n, seed, symmetric=symmetric, row=row)
    determinant = log_determinant(matrix, method=method)
    rho = share * (determinant.high if share > 0 else -determinant.low)
    dense = matrix.toarray()
    gain = dense @ np.linalg.inv(np.eye(n) - rho * dense)
    sign, value = np.linalg.slogdet(np.eye(n) - rho * dense)
    assert sign == 1
    np.testing.assert_allclose(determinant.value(rho), value, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(determinant.first_trace(rho), np.trace(gain), rtol=EXACT, atol=1e-8)
    np.testing.assert_allclose(
        determinant.second_trace(rho), np.trace(gain @ gain), rtol=DIFFERENCED, atol=DIFFERENCED
    )
    np.testing.assert_allclose(lagged_multiplier(matrix, rho), gain, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(cross_trace(matrix, rho), np.sum(gain**2), rtol=1e-8)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("rho", [-0.4, 0.0, 1e-7, 0.3, 0.85])
def test_large_sparse_matrices_take_the_factorised_way(symmetric, rho):
    n = 500
    rng = np.random.default_rng(3)
    pairs = np.unique(rng.integers(0, n, (4 * n, 2)), axis=0)
    ring = np.column_stack([np.arange(n), (np.arange(n) + 1) % n])
    pairs = np.unique(np.concatenate([pairs[pairs[:, 0] != pairs[:, 1]], ring]), axis=0)
    adjacency = sparse.csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    if symmetric:
        adjacency = sparse.csr_array(((adjacency + adjacency.T) > 0).astype(float))
    matrix = sparse.csr_array(sparse.diags_array(1.0 / adjacency.sum(axis=1)) @ adjacency)
    determinant = log_determinant(matrix, method="sparse-lu")
    assert isinstance(determinant, FactorisedLogDeterminant)
    np.testing.assert_allclose(determinant.high, 1.0, rtol=1e-8)
    dense = matrix.toarray()
    gain = dense @ np.linalg.inv(np.eye(n) - rho * dense)
    value = np.linalg.slogdet(np.eye(n) - rho * dense)[1]
    np.testing.assert_allclose(determinant.value(rho), value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(determinant.first_trace(rho), np.trace(gain), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(
        determinant.second_trace(rho), np.trace(gain @ gain), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(cross_trace(matrix, rho), np.sum(gain**2), rtol=1e-8)


def test_the_method_follows_size_and_symmetry():
    n = 1100
    ring = sparse.diags_array([np.ones(n - 1)] * 2, offsets=[-1, 1])
    ring = sparse.csr_array(ring)
    assert log_determinant(ring).method == "sparse-lu"
    directed = random_weights(200, 5, symmetric=False, row=True, share=0.02)
    assert log_determinant(directed).method == "sparse-lu"
    assert log_determinant(sparse.csr_array(ring[:300, :300])).method == "eigenvalues"


def test_small_symmetric_matrices_use_eigenvalues():
    matrix = random_weights(40, 1, symmetric=True, row=True)
    determinant = log_determinant(matrix)
    assert isinstance(determinant, EigenvalueLogDeterminant)
    assert not np.iscomplexobj(determinant.eigenvalues)
    smallest = np.linalg.eigvals(matrix.toarray()).real.min()
    np.testing.assert_allclose(determinant.low, 1 / smallest, rtol=1e-9)
    np.testing.assert_allclose(determinant.high, 1.0, rtol=1e-12)


def test_a_cycle_of_three_has_one_real_eigenvalue():
    # Eigenvalues are the cube roots of one: no real negative one, so the radius bounds below.
    matrix = sparse.csr_array(np.roll(np.eye(3), 1, axis=1))
    determinant = log_determinant(matrix)
    np.testing.assert_allclose((determinant.low, determinant.high), (-1.0, 1.0), rtol=1e-9)
    np.testing.assert_allclose(determinant.value(0.5), np.log(1 - 0.5**3), rtol=EXACT)


def test_weights_without_cycles_have_a_determinant_of_one():
    matrix = sparse.csr_array(np.triu(np.ones((4, 4)), 1))
    determinant = log_determinant(matrix, method="sparse-lu")
    assert determinant.value(0.2) == pytest.approx(0.0, abs=EXACT)
    assert np.isfinite([determinant.low, determinant.high]).all()


def test_weights_without_links_are_refused():
    with pytest.raises(WeightsError, match="no link"):
        log_determinant(sparse.csr_array((5, 5)))


def test_unknown_method_is_refused():
    with pytest.raises(ConfigError, match="eigenvalues"):
        log_determinant(sparse.csr_array(np.ones((2, 2))), method="guess")


def test_sums_over_years():
    first, second = (random_weights(6, seed, symmetric=True, row=True) for seed in (1, 2))
    one = summed_log_determinant((first,), 4)
    both = summed_log_determinant((first, second), 2)
    np.testing.assert_allclose(one.value(0.3), 4 * log_determinant(first).value(0.3), rtol=EXACT)
    for call in ("value", "first_trace", "second_trace"):
        parts = [getattr(log_determinant(matrix), call)(0.3) for matrix in (first, second)]
        np.testing.assert_allclose(getattr(both, call)(0.3), sum(parts), rtol=EXACT)
    assert both.high == min(log_determinant(first).high, log_determinant(second).high)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    row=st.booleans(),
    same=st.booleans(),
    changing=st.booleans(),
    rho=st.floats(-0.3, 0.4),
)
def test_averages_of_the_multiplier_and_their_slopes(seed, row, same, changing, rho):
    n, years = 7, 3
    count = years if changing else 1
    own = tuple(random_weights(n, seed + i, symmetric=False, row=True) for i in range(count))
    lag = SpatialLag(own, years)
    other = (
        lag
        if same
        else SpatialLag((random_weights(n, seed + 50, symmetric=False, row=row),), years)
    )
    determinant = summed_log_determinant(own, years)

    def dense(value):
        rows = []
        for t in range(years):
            W = own[t if changing else 0].toarray()
            V = other.matrices[t if len(other.matrices) > 1 else 0].toarray()
            S = np.linalg.inv(np.eye(n) - value * W)
            rows.append([np.trace(S), np.trace(S @ V), S.sum(), (S @ V).sum()])
        return np.mean(rows, axis=0) / n

    got = multiplier_averages(lag, other, determinant, rho).as_array()
    np.testing.assert_allclose(got, dense(rho), rtol=1e-9, atol=1e-10)
    step = 1e-5
    slopes = (dense(rho + step) - dense(rho - step)) / (2 * step)
    got = average_slopes(lag, other, determinant, rho).as_array()
    np.testing.assert_allclose(got, slopes, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n", [5, 500])
def test_solves_transposed_and_plain(n):
    matrix = random_weights(n, 4, symmetric=False, row=True, share=min(0.5, 5 / n))
    columns = np.random.default_rng(0).normal(size=(n, 3))
    dense = np.eye(n) - 0.4 * matrix.toarray()
    np.testing.assert_allclose(
        solve_columns(matrix, 0.4, columns), np.linalg.solve(dense, columns), rtol=1e-9
    )
    np.testing.assert_allclose(
        solve_columns(matrix, 0.4, columns, transposed=True),
        np.linalg.solve(dense.T, columns),
        rtol=1e-9,
    )
