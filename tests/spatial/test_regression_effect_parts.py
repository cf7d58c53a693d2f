"""Effects between groups, by order and by distance: dense algebra, sums, numerical derivatives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from spatial.errors import AlignmentError, ConfigError, EstimationError
from spatial.regression import (
    effects_by_group,
    effects_by_order,
    effects_by_ring,
    fit_cross_section,
    fit_panel,
)
from spatial.regression.effect_draws import drawn_parameters

EXACT = 1e-9
NUMERICAL = 2e-5  # central differences of step 1e-6
KINDS = ["direct", "indirect", "total"]


def panel_and_weights(n=9, years=6, seed=0, *, row=True):
    rng = np.random.default_rng(seed)
    ids = [f"c{i}" for i in range(n)]
    dense = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.4)
    dense += np.roll(np.eye(n), 1, axis=1)
    np.fill_diagonal(dense, 0.0)
    dense = dense / dense.sum(axis=1, keepdims=True) if row else dense / 4.0
    S = np.linalg.inv(np.eye(n) - 0.4 * dense)
    rows = []
    for t in range(years):
        a, b = rng.normal(size=n), rng.normal(size=n)
        y = S @ (a - 0.5 * b + 0.4 * dense @ a + rng.normal(size=n) * 0.5)
        rows.append(pd.DataFrame({"city": ids, "year": t, "y": y, "a": a, "b": b}))
    return pd.concat(rows, ignore_index=True), pd.DataFrame(dense, ids, ids)


def fit(specification="sdm", *, row=True):
    panel, weights = panel_and_weights(row=row)
    return fit_panel(
        "y ~ a + b",
        panel,
        weights,
        specification=specification,
        effects="city",
        bias_correction=False,
    )


def groups_of(result):
    cities = result.design.cities
    return pd.Series(
        np.where(np.arange(len(cities)) < 4, "core", "edge"), index=cities, name="belt"
    )


def shifted(result, position, step):
    """The same fitted model with one coefficient moved."""
    estimate = result.estimate
    delta, spatial = estimate.delta.copy(), estimate.spatial
    if position < len(delta):
        delta[position] += step
    else:
        spatial += step
    return dataclasses.replace(
        result, estimate=dataclasses.replace(estimate, delta=delta, spatial=spatial)
    )


def numerical_errors(result, table_of, column):
    step = 1e-6
    gradient = []
    for position in range(len(result.estimate.parameters)):
        up = table_of(shifted(result, position, step))[column].to_numpy()
        down = table_of(shifted(result, position, -step))[column].to_numpy()
        gradient.append((up - down) / (2 * step))
    gradient = np.array(gradient)
    return np.sqrt(np.einsum("pk,pq,qk->k", gradient, result.estimate.covariance, gradient))


@pytest.mark.parametrize("specification", ["ols", "slx", "sar", "sem", "sdm", "sdem"])
@pytest.mark.parametrize("row", [True, False])
def test_parts_add_up_to_the_average_effects(specification, row):
    result = fit(specification, row=row)
    averages = result.effects().table
    distances = pd.DataFrame(
        np.abs(np.subtract.outer(np.arange(9.0), np.arange(9.0))) * 50,
        result.design.cities,
        result.design.cities,
    )
    by_order = effects_by_order(result, order=4).table
    for name in ("a", "b"):
        groups = effects_by_group(result, name, groups_of(result)).table
        rings = effects_by_ring(result, name, distances, bounds_km=(60, 160)).table
        wanted = averages.loc[name]
        np.testing.assert_allclose(groups["direct"].sum(), wanted["direct"], rtol=EXACT)
        np.testing.assert_allclose(groups["indirect"].sum(), wanted["indirect"], atol=EXACT)
        np.testing.assert_allclose(rings.loc["own", "effect"], wanted["direct"], rtol=EXACT)
        np.testing.assert_allclose(rings.loc["own", "effect_se"], wanted["direct_se"], rtol=EXACT)
        np.testing.assert_allclose(rings["effect"].iloc[1:].sum(), wanted["indirect"], atol=EXACT)
        np.testing.assert_allclose(by_order.loc[name][KINDS].sum(), wanted[KINDS], atol=EXACT)


def test_means_between_groups_are_those_of_the_effect_matrix():
    result = fit()
    matrix = result.effects().effect_matrix("a")
    groups = groups_of(result)
    table = effects_by_group(result, "a", groups.sample(frac=1.0, random_state=0)).table
    for sender in ("core", "edge"):
        for receiver in ("core", "edge"):
            block = matrix.loc[groups.index[groups == receiver], groups.index[groups == sender]]
            values = block.to_numpy()
            if sender == receiver:
                values = values[~np.eye(len(values), dtype=bool)]
            row = table.loc[(sender, receiver)]
            np.testing.assert_allclose(row["mean"], values.mean(), rtol=EXACT)
            np.testing.assert_allclose(
                row["received"], values.sum() / (groups == receiver).sum(), rtol=EXACT
            )
            assert row["pairs"] == values.size


def test_rings_are_sums_of_the_effect_matrix():
    result = fit()
    cities = pd.DataFrame(
        {"longitude": np.linspace(5, 25, 9), "latitude": np.linspace(45, 50, 9)},
        index=result.design.cities,
    )
    from spatial.coordinates import great_circle_km

    lon, lat = cities["longitude"].to_numpy(), cities["latitude"].to_numpy()
    km = great_circle_km(lon[:, None], lat[:, None], lon[None], lat[None])
    M = result.effects().effect_matrix("b").to_numpy()
    off = ~np.eye(9, dtype=bool)
    table = effects_by_ring(result, "b", cities.iloc[::-1], bounds_km=[300, 800]).table
    for ring, mask in {
        "(0, 300]": off & (km <= 300),
        "(300, 800]": (km > 300) & (km <= 800),
        "> 800": km > 800,
    }.items():
        np.testing.assert_allclose(table.loc[ring, "effect"], M[mask].sum() / 9, rtol=EXACT)
        np.testing.assert_allclose(table.loc[ring, "mean_pair"], M[mask].mean(), rtol=EXACT)
        assert table.loc[ring, "pairs"] == mask.sum()


def test_orders_are_terms_of_the_power_series():
    result = fit()
    W = result.design.weights.matrix.toarray()
    beta, theta, rho = result.coefficients[["a", "W a", "rho"]]
    table = effects_by_order(result, order=5).table.loc["a"]
    assert list(table.index) == ["0", "1", "2", "3", "4", "5", "6+"]
    for q in range(6):
        term = rho**q * np.linalg.matrix_power(W, q) @ (beta * np.eye(9) + theta * W)
        np.testing.assert_allclose(table.loc[str(q), "direct"], np.trace(term) / 9, atol=EXACT)
        np.testing.assert_allclose(table.loc[str(q), "total"], term.sum() / 9, rtol=EXACT)
    np.testing.assert_allclose(table.loc["0", "direct_se"], result.standard_errors["a"], rtol=EXACT)


@pytest.mark.parametrize("specification", ["slx", "sar", "sdm"])
def test_errors_are_the_numerical_derivative(specification):
    result = fit(specification, row=False)
    groups = groups_of(result)
    distances = pd.DataFrame(
        np.abs(np.subtract.outer(np.arange(9.0), np.arange(9.0))),
        groups.index,
        groups.index,
    )
    for table_of, column in (
        (lambda r: effects_by_group(r, "a", groups).table, "mean"),
        (lambda r: effects_by_ring(r, "a", distances, bounds_km=[2, 5]).table, "effect"),
        (lambda r: effects_by_order(r, order=3).table, "direct"),
        (lambda r: effects_by_order(r, order=3).table, "indirect"),
        (lambda r: effects_by_order(r, order=3).table, "total"),
    ):
        np.testing.assert_allclose(
            table_of(result)[f"{column}_se"],
            numerical_errors(result, table_of, column),
            rtol=NUMERICAL,
            atol=1e-9,
        )


def test_no_effects_between_blocks_without_links():
    rng = np.random.default_rng(3)
    ids = [f"c{i}" for i in range(12)]
    ring = (np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)) / 2
    dense = np.kron(np.eye(2), ring)
    data = pd.DataFrame(rng.normal(size=(12, 2)), ids, ["y", "a"])
    result = fit_cross_section("y ~ a", data, pd.DataFrame(dense, ids, ids), specification="sar")
    groups = pd.Series(["west"] * 6 + ["east"] * 6, index=ids)
    matrix = effects_by_group(result, "a", groups).matrix()
    assert matrix.loc["west", "east"] == matrix.loc["east", "west"] == 0.0
    assert abs(matrix.loc["west", "west"]) > 0.0


def test_weights_that_change_by_year():
    panel, weights = panel_and_weights()
    from scipy import sparse

    from spatial.weights.types import Weights

    matrices = tuple(
        sparse.csr_array(np.roll(np.roll(weights.to_numpy(), t, axis=0), t, axis=1))
        for t in range(6)
    )
    yearly = Weights(weights.index, matrices, "row", "yearly", years=pd.Index(range(6)))
    result = fit_panel("y ~ a + b", panel, yearly, effects="city")
    averages = result.effects().table.loc["a"]
    by_order = effects_by_order(result, order=2).table.loc["a"]
    np.testing.assert_allclose(by_order[KINDS].sum(), averages[KINDS], rtol=EXACT)
    groups = effects_by_group(result, "a", groups_of(result)).table
    np.testing.assert_allclose(groups["indirect"].sum(), averages["indirect"], rtol=EXACT)


def test_refusals():
    result = fit()
    groups = groups_of(result)
    with pytest.raises(EstimationError, match="nearest: 'a'|choose from"):
        effects_by_group(result, "aa", groups)
    with pytest.raises(AlignmentError, match="c8"):
        effects_by_group(result, "a", groups.iloc[:-1])
    with pytest.raises(AlignmentError, match="without group: 'c0'"):
        effects_by_group(result, "a", groups.mask(groups.index == "c0"))
    with pytest.raises(AlignmentError, match="pandas Series"):
        effects_by_group(result, "a", list(groups))
    with pytest.raises(ConfigError, match="rise"):
        effects_by_ring(result, "a", pd.DataFrame(), bounds_km=(200, 100))
    with pytest.raises(ConfigError, match="at least 0"):
        effects_by_order(result, order=-1)


# Simulation --------------------------------------------------------------------------------------


def part_tables(result, **options):
    """Effects of every kind as arrays, with the column of the estimate."""
    group = effects_by_group(result, "a", groups_of(result), **options)
    ring = effects_by_ring(result, "a", kilometres(result), bounds_km=(2, 4), **options)
    order = effects_by_order(result, order=3, **options)
    return {("group", "mean"): group, ("ring", "effect"): ring, ("order", "indirect"): order}


def kilometres(result):
    place = np.arange(result.design.n, dtype=float)
    table = np.abs(place[:, None] - place[None, :])
    return pd.DataFrame(table, result.design.cities, result.design.cities)


def with_parameters(result, vector):
    count = len(result.estimate.regressors)
    spatial = float(vector[-1]) if len(vector) > count else None
    estimate = dataclasses.replace(result.estimate, delta=vector[:count], spatial=spatial)
    return dataclasses.replace(result, estimate=estimate)


@pytest.mark.parametrize("specification", ["slx", "sar", "sdm"])
def test_simulated_parts_are_those_of_the_drawn_parameters(specification):
    result = fit(specification, row=False)
    options = {"inference": "simulation", "draws": 30, "rng": 4}
    parameters, rejected = drawn_parameters(result.estimate, 30, np.random.default_rng(4))
    assert rejected == 0.0
    wanted = [part_tables(with_parameters(result, vector)) for vector in parameters]
    plain = part_tables(result)
    for (kind, column), found in part_tables(result, **options).items():
        values = np.stack([tables[kind, column].table[column].to_numpy() for tables in wanted])
        table = found.table
        pd.testing.assert_series_equal(table[column], plain[kind, column].table[column])
        np.testing.assert_allclose(
            table[f"{column}_se"], values.std(axis=0, ddof=1), rtol=1e-6, atol=1e-9
        )
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        np.testing.assert_allclose(table[f"{column}_low"], low, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(table[f"{column}_high"], high, rtol=1e-6, atol=1e-8)
        assert found.configuration.seed == 4
        assert found.configuration.options["inference"] == "simulation"


def test_simulation_agrees_with_the_delta_method():
    result = fit()
    plain = part_tables(result)
    options = {"inference": "simulation", "draws": 3000, "rng": 1}
    for (kind, column), found in part_tables(result, **options).items():
        delta = plain[kind, column].table[f"{column}_se"].to_numpy()
        # High powers of rho are too bent for the delta method, whose error is theirs alone.
        known = (delta > 1e-3) & (kind != "order")
        np.testing.assert_allclose(found.table[f"{column}_se"][known], delta[known], rtol=0.15)


def test_words_of_inference():
    result = fit()
    for call in (
        lambda **o: effects_by_group(result, "a", groups_of(result), **o),
        lambda **o: effects_by_ring(result, "a", kilometres(result), bounds_km=(2,), **o),
        lambda **o: effects_by_order(result, **o),
    ):
        with pytest.raises(ConfigError, match="'simulation'"):
            call(inference="bootstrap")
        with pytest.raises(ConfigError, match="at least 2"):
            call(inference="simulation", draws=1)
