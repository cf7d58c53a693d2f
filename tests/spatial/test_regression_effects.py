"""Direct, indirect and total effects against dense algebra, other routes and each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError, EstimationError
from spatial.regression import fit_panel
from spatial.regression.effects import effect_terms

EXACT = 1e-9
NUMERICAL = 1e-5  # central differences of step 1e-6
SIMULATED = 0.08  # standard deviation of 4000 draws, and curvature of the effects in rho
ALL = ["ols", "slx", "sar", "sem", "sdm", "sdem"]


def panel_and_weights(n=9, years=6, seed=0, *, row=True, island=False):
    rng = np.random.default_rng(seed)
    ids = [f"c{i}" for i in range(n)]
    dense = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.4)
    dense += np.roll(np.eye(n), 1, axis=1)
    np.fill_diagonal(dense, 0.0)
    if island:
        dense[0] = 0.0
    sums = dense.sum(axis=1, keepdims=True)
    dense = np.divide(dense, sums, out=np.zeros_like(dense), where=sums > 0) if row else dense / 4.0
    weights = pd.DataFrame(dense, ids, ids)
    S = np.linalg.inv(np.eye(n) - 0.4 * dense)
    rows = []
    for t in range(years):
        a, b = rng.normal(size=n), rng.normal(size=n)
        y = S @ (a - 0.5 * b + 0.4 * dense @ a + rng.normal(size=n) * 0.5)
        rows.append(pd.DataFrame({"city": ids, "year": t, "y": y, "a": a, "b": b}))
    return pd.concat(rows, ignore_index=True), weights


def dense_effects(result, weights, parameters=None):
    """Average effects by an explicit inverse, of shape (variables, 3)."""
    values = result.coefficients if parameters is None else parameters
    W = weights.to_numpy()
    n = len(W)
    rho = values["rho"] if "rho" in values.index else 0.0
    S = np.linalg.inv(np.eye(n) - rho * W)
    rows = []
    for name in ("a", "b"):
        theta = values.get(f"W {name}", 0.0)
        M = S @ (values[name] * np.eye(n) + theta * W)
        direct, total = np.trace(M) / n, M.sum() / n
        rows.append([direct, total - direct, total])
    return np.array(rows)


def fit(panel, weights, specification="sdm", **options):
    options = {"effects": "city", "bias_correction": False} | options
    return fit_panel("y ~ a + b", panel, weights, specification=specification, **options)


@pytest.mark.parametrize("specification", ALL)
@pytest.mark.parametrize(("row", "island"), [(True, False), (True, True), (False, False)])
def test_effects_are_those_of_the_dense_inverse(specification, row, island):
    panel, weights = panel_and_weights(row=row, island=island)
    result = fit(panel, weights, specification)
    table = result.effects().table
    wanted = dense_effects(result, weights)
    got = table[["direct", "indirect", "total"]].to_numpy()
    np.testing.assert_allclose(got, wanted, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(table["direct"] + table["indirect"], table["total"], rtol=1e-12)


@pytest.mark.parametrize("specification", ["slx", "sar", "sdm", "sdem"])
@pytest.mark.parametrize(("row", "island"), [(True, False), (True, True), (False, False)])
def test_delta_method_is_the_numerical_derivative(specification, row, island):
    panel, weights = panel_and_weights(row=row, island=island)
    result = fit(panel, weights, specification)
    step = 1e-6
    gradient = []
    for name in result.coefficients.index:
        up, down = result.coefficients.copy(), result.coefficients.copy()
        up[name] += step
        down[name] -= step
        gradient.append(
            (dense_effects(result, weights, up) - dense_effects(result, weights, down)) / (2 * step)
        )
    gradient = np.stack(gradient)
    variance = np.einsum("pvk,pq,qvk->vk", gradient, result.covariance.to_numpy(), gradient)
    got = result.effects().table[["direct_se", "indirect_se", "total_se"]].to_numpy()
    np.testing.assert_allclose(got, np.sqrt(variance), rtol=NUMERICAL, atol=1e-9)


def test_slx_total_is_a_linear_combination():
    panel, weights = panel_and_weights()
    result = fit(panel, weights, "slx")
    V = result.covariance
    variance = V.loc["a", "a"] + V.loc["W a", "W a"] + 2 * V.loc["a", "W a"]
    np.testing.assert_allclose(
        result.effects().table.loc["a", "total_se"], np.sqrt(variance), rtol=1e-10
    )


@pytest.mark.parametrize("specification", ["sar", "sdm", "slx"])
@pytest.mark.parametrize("row", [True, False])
def test_simulation_is_close_to_the_delta_method(specification, row):
    panel, weights = panel_and_weights(n=12, years=25, row=row)
    result = fit(panel, weights, specification)
    delta = result.effects().table
    simulation = result.effects(inference="simulation", draws=4000, rng=5)
    for kind in ("direct", "indirect", "total"):
        np.testing.assert_allclose(simulation.table[kind], delta[kind], rtol=1e-12)
        np.testing.assert_allclose(
            simulation.table[f"{kind}_se"], delta[f"{kind}_se"], rtol=SIMULATED
        )
    assert simulation.draws == 4000
    assert simulation.configuration.seed == 5


def test_interpolated_averages_are_exact_for_every_draw():
    from spatial.regression.effects import simulated_effects

    panel, weights = panel_and_weights(row=False)
    result = fit(panel, weights)
    terms = effect_terms(result.design, result.estimate)
    drawn, _ = simulated_effects(
        result.design, result.estimate, terms, 50, np.random.default_rng(2)
    )
    noise = np.random.default_rng(2).standard_normal((50, len(result.coefficients)))
    values, vectors = np.linalg.eigh(result.covariance.to_numpy())
    parameters = result.coefficients.to_numpy() + noise @ (vectors * np.sqrt(values)).T
    low, high = result.rho_interval
    parameters = parameters[(parameters[:, -1] > low) & (parameters[:, -1] < high)]
    wanted = [
        dense_effects(result, weights, pd.Series(row, index=result.coefficients.index))
        for row in parameters
    ]
    np.testing.assert_allclose(drawn, wanted, rtol=1e-6, atol=1e-7)


def test_a_seed_gives_the_same_draws_again():
    panel, weights = panel_and_weights()
    result = fit(panel, weights)
    first = result.effects(inference="simulation", rng=3).table
    pd.testing.assert_frame_equal(first, result.effects(inference="simulation", rng=3).table)
    other = result.effects(inference="simulation", rng=4).table
    assert not np.allclose(first["total_se"], other["total_se"])


def test_durbin_direct_effects_hold_part_of_theta():
    # A released package counts all of theta as indirect and gets 1.021 and 2.363 where the same
    # coefficients give 1.153 and 1.999; totals agree.
    panel, weights = panel_and_weights()
    result = fit(panel, weights)
    W = weights.to_numpy()
    S = np.linalg.inv(np.eye(len(W)) - result.rho * W)
    theta_share = result.coefficients["W a"] * np.trace(S @ W) / len(W)
    wrong = result.coefficients["a"] * np.trace(S) / len(W)
    direct = result.effects().table.loc["a", "direct"]
    assert abs(theta_share) > 1e-3
    np.testing.assert_allclose(direct, wrong + theta_share, rtol=EXACT)


def test_row_normalised_totals_have_a_closed_form():
    panel, weights = panel_and_weights()
    result = fit(panel, weights)
    c = result.coefficients
    np.testing.assert_allclose(
        result.effects().table.loc["a", "total"], (c["a"] + c["W a"]) / (1 - c["rho"]), rtol=1e-12
    )


@pytest.mark.parametrize("specification", ["slx", "sar", "sdm"])
def test_the_effect_matrix_is_labelled_and_adds_up(specification):
    panel, weights = panel_and_weights(island=True)
    effects = fit(panel, weights, specification).effects()
    matrix = effects.effect_matrix("a")
    n = len(weights)
    assert list(matrix.index) == list(weights.index)
    assert list(matrix.columns) == list(weights.index)
    np.testing.assert_allclose(np.trace(matrix) / n, effects.table.loc["a", "direct"], rtol=EXACT)
    np.testing.assert_allclose(
        matrix.to_numpy().sum() / n, effects.table.loc["a", "total"], rtol=EXACT
    )
    cities = effects.city_effects("a")
    np.testing.assert_allclose(cities["received"].mean(), cities["emitted"].mean(), rtol=EXACT)
    np.testing.assert_allclose(
        cities["received"].mean(), effects.table.loc["a", "indirect"], rtol=EXACT
    )
    # The island receives nothing; row receives from column.
    assert cities.loc["c0", "received"] == 0.0
    assert cities.loc["c0", "emitted"] != 0.0


def test_separate_groups_of_cities_do_not_reach_each_other():
    panel, weights = panel_and_weights(n=10)
    weights.iloc[:5, 5:] = 0.0
    weights.iloc[5:, :5] = 0.0
    weights.iloc[4, 3] = weights.iloc[9, 8] = 0.5
    weights = weights.div(weights.sum(axis=1), axis=0)
    matrix = fit(panel, weights).effects().effect_matrix("a")
    assert (matrix.iloc[:5, 5:] == 0.0).all(axis=None)
    assert (matrix.iloc[5:, :5] == 0.0).all(axis=None)
    assert (np.diag(matrix) != 0.0).all()


def test_models_without_spillovers_say_so():
    panel, weights = panel_and_weights()
    for specification in ("ols", "sem"):
        effects = fit(panel, weights, specification).effects()
        assert (effects.table["indirect"] == 0.0).all()
        assert effects.table["indirect_p"].isna().all()
        assert "no spillovers" in effects.notes[0]


def test_tidy_has_a_row_for_each_effect():
    panel, weights = panel_and_weights()
    tidy = fit(panel, weights).effects().tidy()
    assert list(tidy.index)[:3] == [("a", "direct"), ("a", "indirect"), ("a", "total")]
    assert list(tidy.columns) == ["estimate", "std_error", "z", "p_value", "low", "high"]
    width = tidy["high"] - tidy["low"]
    np.testing.assert_allclose(width, 2 * 1.959964 * tidy["std_error"], rtol=1e-6)


def test_wrong_names_and_options_are_refused():
    panel, weights = panel_and_weights()
    effects = fit(panel, weights).effects()
    with pytest.raises(EstimationError, match="choose from 'a', 'b'"):
        effects.effect_matrix("W a")
    with pytest.raises(ConfigError, match="'delta', 'simulation'"):
        fit(panel, weights).effects(inference="bootstrap")


def test_effects_of_terms_of_formulas():
    panel, weights = panel_and_weights()
    panel["size"] = np.exp(panel["b"])
    result = fit_panel("y ~ a + np.log(size)", panel, weights, effects="city")
    plain = fit_panel("y ~ a + b", panel, weights, effects="city")
    np.testing.assert_allclose(result.coefficients, plain.coefficients, rtol=1e-7)
    assert list(result.effects().table.index) == ["a", "np.log(size)"]
