"""Approximate log-determinants against exact ones, estimated errors, prepared intervals."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.spatial import cKDTree

from spatial.regression import fit_cross_section
from spatial.regression import multiplier as multiplier_module
from spatial.regression import spatial_lag as spatial_lag_module
from spatial.regression.log_determinant import log_determinant, summed_log_determinant
from spatial.regression.multiplier import cross_trace, lagged_multiplier
from spatial.regression.sparse_factors import RepeatedFactors
from spatial.regression.spatial_lag import solve_columns
from spatial.regression.trace_moments import moment_log_determinant, power_traces
from spatial.weights import Weights
from spatial.weights.spectrum import large_spectrum, symmetric_twin

EXACT = 1e-9  # sums of hundreds of rounded logarithms
# Estimated errors are one standard error: four of them hold all of a few dozen comparisons.
COVERED = 4.0
TIGHT = 1e-8  # an interpolation to rounding, differentiated once


def nearest(n=400, k=6, *, symmetric=True, row=True, seed=0):
    places = np.random.default_rng(seed).uniform(size=(n, 2))
    found = cKDTree(places).query(places, k + 1)[1][:, 1:]
    rows = np.repeat(np.arange(n), k)
    links = sparse.csr_array((np.ones(len(rows)), (rows, found.ravel())), shape=(n, n))
    if symmetric:
        links = sparse.csr_array(((links + links.T) > 0).astype(float))
    return sparse.csr_array(sparse.diags_array(1.0 / links.sum(axis=1)) @ links) if row else links


def rook(rows, columns):
    path = [sparse.diags_array([np.ones(k - 1)] * 2, offsets=[-1, 1]) for k in (rows, columns)]
    links = sparse.kron(path[0], sparse.eye_array(columns)) + sparse.kron(
        sparse.eye_array(rows), path[1]
    )
    links = sparse.csr_array(links)
    return sparse.csr_array(sparse.diags_array(1.0 / links.sum(axis=1)) @ links)


KINDS = {
    "symmetric neighbours": nearest(),
    "directed neighbours": nearest(symmetric=False),
    "not scaled by rows": nearest(450, 4, row=False),
    "lattice": rook(21, 20),
}


@cache
def exact_determinant(kind):
    return log_determinant(KINDS[kind], method="eigenvalues")


PLACES = (-0.6, -0.2, 0.05, 0.3, 0.6, 0.8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["stochastic", "chebyshev"])
def test_estimated_errors_cover_the_true_ones(kind, method):
    matrix = KINDS[kind]
    exact = exact_determinant(kind)
    found = log_determinant(matrix, method=method)
    assert not found.exact
    assert found.method == method
    for share in PLACES:
        rho = share * exact.high
        error = abs(found.value(rho) - exact.value(rho))
        assert error <= COVERED * found.value_error(rho) + EXACT
        error = abs(found.first_trace(rho) - exact.first_trace(rho))
        assert error <= COVERED * found.slope_error(rho) + EXACT


@pytest.mark.parametrize("kind", KINDS)
def test_random_vectors_halve_their_error_with_four_times_as_many(kind):
    matrix, twin = KINDS[kind], symmetric_twin(KINDS[kind])
    limits = exact_determinant(kind).low, exact_determinant(kind).high
    few, many = (
        moment_log_determinant(matrix, twin, limits, probes=probes, order=60, seed=1)
        for probes in (64, 256)
    )
    rho = 0.5 * few.high
    # Estimates of standard errors from 64 vectors are good to a tenth of themselves.
    np.testing.assert_allclose(many.value_error(rho) / few.value_error(rho), 0.5, rtol=0.3)
    assert few.value_error(rho) < 2e-3 * abs(exact_determinant(kind).value(rho))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["stochastic", "chebyshev"])
def test_derivatives_of_the_series_are_those_of_its_value(kind, method):
    found = log_determinant(KINDS[kind], method=method)
    rho, step = 0.4 * found.high, 1e-4 * found.high
    slope = (found.value(rho + step) - found.value(rho - step)) / (2 * step)
    np.testing.assert_allclose(found.first_trace(rho), -slope, rtol=1e-6)
    turn = (found.first_trace(rho + step) - found.first_trace(rho - step)) / (2 * step)
    np.testing.assert_allclose(found.second_trace(rho), turn, rtol=1e-6)


def test_a_seed_gives_the_same_digits_and_others_differ():
    matrix = KINDS["directed neighbours"]
    values = [log_determinant(matrix, method="stochastic", rng=k).value(0.5) for k in (3, 3, 4)]
    assert values[0] == values[1] != values[2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ends", [(-0.3, -0.1), (-0.05, 0.05), (0.4, 0.6), (0.8, 0.9)])
def test_a_prepared_interval_changes_nothing(kind, ends):
    exact = exact_determinant(kind)
    found = log_determinant(KINDS[kind], method="sparse-lu")
    low, high = (end * exact.high for end in ends)
    found.prepare(low, high)
    for rho in np.linspace(low, high, 7):
        np.testing.assert_allclose(found.value(rho), exact.value(rho), rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(
            found.first_trace(rho), exact.first_trace(rho), rtol=TIGHT, atol=100 * TIGHT
        )


def test_factors_in_one_order_for_every_rho():
    matrix = KINDS["directed neighbours"]
    factors, dense = RepeatedFactors(matrix), matrix.toarray()
    for rho in (0.3, -0.7, 0.9):
        wanted = np.linalg.slogdet(np.eye(len(dense)) - rho * dense)[1]
        np.testing.assert_allclose(factors.value(rho), wanted, rtol=EXACT)


@pytest.mark.parametrize("n", range(2, 9))
@pytest.mark.parametrize("symmetric", [True, False])
def test_exact_traces_are_sums_over_closed_walks(n, symmetric):
    rng = np.random.default_rng(n)
    dense = rng.integers(0, 3, (n, n)).astype(float)
    np.fill_diagonal(dense, 0.0)
    dense = np.triu(dense) + np.triu(dense).T if symmetric else dense
    wanted = [float(n), 0.0, 0.0, 0.0, 0.0]
    longest = 4 if n < 7 else 3
    for length in range(1, longest + 1):
        for walk in itertools.product(range(n), repeat=length):
            steps = zip(walk, (*walk[1:], walk[0]), strict=True)
            wanted[length] += float(np.prod([dense[i, j] for i, j in steps]))
    got = power_traces(sparse.csr_array(dense), symmetric=symmetric)
    np.testing.assert_allclose(got[: longest + 1], wanted[: longest + 1], rtol=EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_large_spectra_are_bounded_on_the_safe_side(kind):
    matrix = KINDS[kind]
    values = exact_determinant(kind).eigenvalues
    twin = symmetric_twin(matrix)
    low, high = large_spectrum(matrix, twin).rho_interval()
    np.testing.assert_allclose(high, 1.0 / values.real.max(), rtol=1e-5)
    assert high <= 1.0 / values.real.max() * (1 + EXACT)
    if twin is None:
        np.testing.assert_allclose(low, -high, rtol=EXACT)
    else:
        np.testing.assert_allclose(low, 1.0 / values.real.min(), rtol=5e-3)
        assert low >= 1.0 / values.real.min() * (1 + EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_traces_by_random_vectors_reach_their_accuracy(kind, monkeypatch):
    matrix = KINDS[kind]
    rho = 0.5 / np.abs(exact_determinant(kind).eigenvalues).max()
    wanted = float(np.sum(lagged_multiplier(matrix, rho) ** 2))
    monkeypatch.setattr(multiplier_module, "EXACT_CROSS_LIMIT", 100)
    got = cross_trace(matrix, rho)
    assert abs(got / wanted - 1.0) < COVERED * multiplier_module.CROSS_ACCURACY


@pytest.mark.parametrize("transposed", [True, False])
def test_series_and_factors_solve_alike(transposed, monkeypatch):
    matrix = KINDS["directed neighbours"]
    columns = np.random.default_rng(1).normal(size=(matrix.shape[0], 3))
    wanted = solve_columns(matrix, 0.7, columns, transposed=transposed)
    monkeypatch.setattr(spatial_lag_module, "SERIES_FROM", 100)
    got = solve_columns(matrix, 0.7, columns, transposed=transposed)
    np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


def cross_section(matrix, rho=0.5):
    n = matrix.shape[0]
    rng = np.random.default_rng(11)
    ids = pd.Index([f"c{i}" for i in range(n)])
    x = rng.normal(size=n)
    mean = x + 0.3 * (matrix @ x) + rng.normal(size=n)
    y = np.linalg.solve(np.eye(n) - rho * matrix.toarray(), mean)
    return pd.DataFrame({"y": y, "x": x}, index=ids), Weights(ids, (matrix,), "row", "neighbours")


@pytest.mark.parametrize("kind", ["symmetric neighbours", "directed neighbours", "lattice"])
@pytest.mark.parametrize("rho", [-0.3, 0.5, 0.9])
@pytest.mark.parametrize("specification", ["sdm", "sem"])
def test_fits_by_factors_and_eigenvalues_agree(kind, rho, specification):
    table, weights = cross_section(KINDS[kind], rho)
    one, other = (
        fit_cross_section("y ~ x", table, weights, specification=specification, log_determinant=m)
        for m in ("sparse-lu", "eigenvalues")
    )
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-6)
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, rtol=1e-10)
    if specification == "sdm":
        tables = [r.effects(inference="simulation", draws=200, rng=1).table for r in (one, other)]
        np.testing.assert_allclose(tables[0], tables[1], rtol=1e-5, atol=1e-7)


def test_approximate_fits_say_how_far_off_they_are():
    table, weights = cross_section(KINDS["symmetric neighbours"])
    exact = fit_cross_section("y ~ x", table, weights, specification="sar")
    found = fit_cross_section(
        "y ~ x", table, weights, specification="sar", log_determinant="stochastic", rng=5
    )
    determinant = found.estimate.log_determinant
    moved = determinant.slope_error(found.rho) * found.covariance.loc["rho", "rho"]
    assert abs(found.rho - exact.rho) < COVERED * moved
    assert found.configuration.seed == 5
    assert any("Approximate log-determinant by stochastic" in note for note in found.notes)
    assert any("seed 5" in note for note in found.notes)
    assert found.glance()["log_determinant"] == "stochastic"
    assert found.glance()["log_determinant_error"] > 0.0
    assert exact.glance()["log_determinant_error"] == 0.0


def test_sums_over_years_carry_errors_and_stand_ins():
    matrices = (KINDS["symmetric neighbours"], KINDS["directed neighbours"])
    both = summed_log_determinant(matrices, 2, method="stochastic", rng=2)
    parts = [part.value_error(0.5) for part in both.parts]
    np.testing.assert_allclose(both.value_error(0.5), np.hypot(*parts), rtol=EXACT)
    assert both.rough is both
    exact = summed_log_determinant(matrices, 2, method="sparse-lu")
    assert exact.rough is not exact
    assert not exact.rough.exact
