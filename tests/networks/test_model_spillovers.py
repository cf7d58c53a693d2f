"""Spillovers of estimated models against dense algebra, and the effects the models report."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks import propagate_spillovers, spillover_network
from spatial.errors import AlignmentError, ConfigError, EstimationError, WeightsError
from spatial.regression import fit_dynamic_panel, fit_panel, shock
from spatial.weights.types import Weights

EXACT = 1e-9
"""Solves against explicit inverses: rounding only."""

N, YEARS = 9, 8


def weights_table(seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.4)
    dense += np.roll(np.eye(N), 1, axis=1)
    np.fill_diagonal(dense, 0.0)
    dense /= dense.sum(axis=1, keepdims=True)
    ids = [f"c{i}" for i in range(N)]
    return pd.DataFrame(dense, ids, ids)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(5)
    weights = weights_table()
    W = weights.to_numpy()
    S = np.linalg.inv(np.eye(N) - 0.3 * W)
    y, city, tables = np.zeros(N), rng.normal(size=N), []
    for t in range(30 + YEARS):
        a = rng.normal(size=N)
        y = S @ (0.4 * y - 0.05 * W @ y + a + 0.4 * W @ a + city + 0.3 * rng.normal(size=N))
        if t >= 30:
            tables.append(pd.DataFrame({"city": weights.index, "year": t, "y": y, "a": a}))
    return pd.concat(tables, ignore_index=True), weights


def fitted(panel, specification):
    return fit_panel("y ~ a", *panel, specification=specification, effects="city")


@pytest.fixture(scope="module")
def dynamic(panel):
    return fit_dynamic_panel("y ~ a", *panel, specification="sdm", effects="city")


def dense_effects(result, W):
    """Write (I - rho W)^-1 (beta I + theta W) out; row receives from column."""
    coefficients = result.coefficients
    inner = coefficients["a"] * np.eye(N) + coefficients.get("W a", 0.0) * W
    return np.linalg.inv(np.eye(N) - (result.rho or 0.0) * W) @ inner


@pytest.mark.parametrize("specification", ["slx", "sar", "sdm", "sdem", "gns"])
def test_network_of_a_regressor(panel, specification):
    result = fitted(panel, specification)
    network = spillover_network(result, "a", sign="absolute")
    wanted = dense_effects(result, panel[1].to_numpy())
    ids = panel[1].index
    found = network.to_matrix().loc[ids, ids].to_numpy()
    np.testing.assert_allclose(found, np.abs(wanted.T) * (1 - np.eye(N)), atol=EXACT)
    np.testing.assert_allclose(network.inner[ids], np.abs(np.diag(wanted)), atol=EXACT)
    assert network.directed
    row = result.effects().tidy().loc["a"]
    if (wanted > 0).all():
        assert network.total_flow / N == pytest.approx(row.loc["indirect", "estimate"])
        assert network.inner.mean() == pytest.approx(row.loc["direct", "estimate"])


def test_network_of_the_outcome(panel):
    result = fitted(panel, "sac")
    W = panel[1].to_numpy()
    one = np.eye(N)
    wanted = np.linalg.inv(one - result.rho * W) @ np.linalg.inv(one - result.lambda_ * W)
    network = spillover_network(result, sign="absolute")
    ids = panel[1].index
    found = network.to_matrix().loc[ids, ids].to_numpy() + np.diag(network.inner[ids])
    np.testing.assert_allclose(found, np.abs(wanted.T), atol=EXACT)


def test_signs(panel):
    result = fitted(panel, "sdm")
    wanted = dense_effects(result, panel[1].to_numpy()).T * (1 - np.eye(N))
    plus = spillover_network(result, "a", sign="positive").to_matrix().to_numpy()
    minus = spillover_network(result, "a", sign="negative").to_matrix().to_numpy()
    np.testing.assert_allclose(plus - minus, wanted, atol=EXACT)
    flipped = panel[0].assign(b=np.random.default_rng(1).normal(size=len(panel[0])))
    noisy = fit_panel("y ~ a + b", flipped, panel[1], specification="sdm", effects="city")
    effects = noisy.effects().effect_matrix("b").to_numpy() * (1 - np.eye(N))
    mixed = bool((effects > 1e-15).any() and (effects < -1e-15).any())
    if mixed:
        with pytest.raises(WeightsError, match="both signs"):
            spillover_network(noisy, "b")
    else:
        assert spillover_network(noisy, "b").n_links > 0


def test_a_static_shock_in_rounds(panel):
    result = fitted(panel, "sdm")
    W = panel[1].to_numpy()
    found = propagate_spillovers(result, {"c3": 2.0}, "a", steps=40)
    b = 2.0 * (result.coefficients["a"] * np.eye(N) + result.coefficients["W a"] * W)[:, 3]
    for step in (0, 1, 5):
        wanted = result.rho**step * np.linalg.matrix_power(W, step) @ b
        np.testing.assert_allclose(found.path.loc[step], wanted, atol=EXACT)
    effect = shock(result, "c3", 2.0, "a")
    np.testing.assert_allclose(found.table["accumulated"], effect[panel[1].index], atol=EXACT)
    np.testing.assert_allclose(found.path.sum(), found.table["accumulated"], atol=1e-7)
    assert found.table.loc["c3", "own"] == pytest.approx(effect["c3"])
    others = effect.drop("c3")
    assert found.table.loc["c3", "emitted"] == pytest.approx(others.sum())
    assert found.table["received"].sum() == pytest.approx(others.sum())
    assert found.spectral_radius == pytest.approx(abs(result.rho), abs=1e-9)
    lasting = propagate_spillovers(result, {"c3": 2.0}, "a", steps=40, lasting=True)
    np.testing.assert_allclose(lasting.path.iloc[-1], effect[panel[1].index], atol=1e-7)
    assert list(found.top_receivers(2).index) == list(
        found.table["received"].abs().sort_values(ascending=False).index[:2]
    )


@pytest.mark.parametrize("specification", ["sar", "sem", "gns"])
def test_a_shock_to_the_outcome(panel, specification):
    result = fitted(panel, specification)
    found = propagate_spillovers(result, "c1")
    effect = shock(result, "c1")
    np.testing.assert_allclose(found.table["accumulated"], effect[panel[1].index], atol=EXACT)


def test_a_dynamic_shock_by_years(panel, dynamic):
    W, one = panel[1].to_numpy(), np.eye(N)
    S = np.linalg.inv(one - dynamic.rho * W)
    A = S @ (dynamic.tau * one + dynamic.eta * W)
    push = dynamic.coefficients["a"] * one + dynamic.coefficients["W a"] * W
    found = propagate_spillovers(dynamic, "c2", "a", steps=6)
    for year in range(7):
        wanted = np.linalg.matrix_power(A, year) @ S @ push[:, 2]
        np.testing.assert_allclose(found.path.loc[year], wanted, atol=EXACT)
    long_run = np.linalg.inv((1 - dynamic.tau) * one - (dynamic.rho + dynamic.eta) * W) @ push
    np.testing.assert_allclose(found.table["accumulated"], long_run[:, 2], atol=EXACT)
    np.testing.assert_allclose(
        propagate_spillovers(dynamic, "c2", "a", steps=200).path.sum(), long_run[:, 2], atol=1e-8
    )
    ids = panel[1].index
    for years, horizon in ((None, "long-run"), (0, "short-run"), (3, 3)):
        network = spillover_network(dynamic, "a", years=years, sign="absolute")
        effects = dynamic.effects(horizon).effect_matrix("a").loc[ids, ids].to_numpy()
        flows = network.to_matrix().loc[ids, ids].to_numpy()
        np.testing.assert_allclose(flows, np.abs(effects.T) * (1 - one), atol=EXACT)
    np.testing.assert_allclose(
        propagate_spillovers(dynamic, "c2", steps=3).path.loc[3],
        (np.linalg.matrix_power(A, 3) @ S)[:, 2],
        atol=EXACT,
    )


def test_intervals_hold_the_estimate_and_repeat(panel, dynamic):
    for result in (fitted(panel, "sdm"), fitted(panel, "gns"), dynamic):
        one = propagate_spillovers(result, "c0", "a", steps=4, draws=60, rng=3)
        again = propagate_spillovers(
            result, "c0", "a", steps=4, draws=60, rng=one.configuration.seed
        )
        pd.testing.assert_frame_equal(one.low, again.low)
        assert (one.low <= one.high).all(axis=None)
        assert one.low.loc[0, "c0"] <= one.path.loc[0, "c0"] <= one.high.loc[0, "c0"]
        table = one.table.loc["c0"]
        assert table["accumulated_low"] <= table["accumulated"] <= table["accumulated_high"]
        assert list(one.tidy().columns) == ["value", "low", "high"]


def test_weights_that_change_by_year(panel):
    table, first = panel
    years = sorted(table["year"].unique())
    frames = [first if year % 2 else weights_table(7) for year in years]
    matrices = tuple(sparse.csr_array(frame.to_numpy()) for frame in frames)
    weights = Weights(first.index, matrices, "row", "two kinds of years", {}, pd.Index(years))
    result = fit_panel("y ~ a", table, weights, specification="sar", effects="city")
    found = propagate_spillovers(result, "c0", "a", steps=2)
    np.testing.assert_allclose(
        found.table["accumulated"], shock(result, "c0", 1.0, "a")[first.index], atol=EXACT
    )


def test_zero_and_linear(panel):
    result = fitted(panel, "sdm")
    zero = propagate_spillovers(result, pd.Series(0.0, index=panel[1].index), "a")
    assert not zero.path.to_numpy().any()
    both = propagate_spillovers(result, {"c0": 1.0, "c5": -2.0}, "a").path
    parts = [propagate_spillovers(result, city, "a").path for city in ("c0", "c5")]
    np.testing.assert_allclose(both, parts[0] - 2.0 * parts[1], atol=EXACT)


def test_bad_input(panel, dynamic):
    result = fitted(panel, "sdm")
    with pytest.raises(EstimationError, match="no regressor"):
        propagate_spillovers(result, "c0", "z")
    with pytest.raises(AlignmentError, match="'nowhere'"):
        propagate_spillovers(result, "nowhere", "a")
    with pytest.raises(ConfigError, match="draws=1"):
        propagate_spillovers(result, "c0", "a", draws=1)
    with pytest.raises(EstimationError, match="no spillovers"):
        spillover_network(fitted(panel, "ols"), "a")
    with pytest.raises(ConfigError, match="dynamic models"):
        spillover_network(result, "a", years=2)
    with pytest.raises(ConfigError, match="years=-1"):
        spillover_network(dynamic, "a", years=-1)
    with pytest.raises(EstimationError, match="not through a str"):
        spillover_network("result", "a")
