"""Driscoll-Kraay, Conley and group clusters: written-out sums, linearmodels, simulated scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatial.coordinates import great_circle_km
from spatial.errors import ConfigError, EstimationError
from spatial.regression import fit_cross_section, fit_panel, with_covariance
from spatial.regression.dependence import Dependence, kernel_weights_of, likelihood_scores
from spatial.regression.multiplier import lagged_multiplier

EXACT = 1e-9
LINEARMODELS = 1e-8  # fixed effects taken out by two routes
SIMULATED = 0.1  # 6,000 draws of fourth moments
N, YEARS = 12, 9


def panel_weights_cities(seed=0, n=N, years=YEARS):
    rng = np.random.default_rng(seed)
    ids = [f"c{i:03d}" for i in range(n)]
    dense = (np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)) / 2
    S = np.linalg.inv(np.eye(n) - 0.4 * dense)
    rows = []
    for t in range(years):
        a, b = rng.normal(size=n), rng.normal(size=n)
        y = S @ (a - 0.5 * b + rng.normal(size=n) * (1.0 + np.abs(a)))
        rows.append(pd.DataFrame({"city": ids, "year": t, "y": y, "a": a, "b": b}))
    cities = pd.DataFrame(
        {"longitude": rng.uniform(5, 15, n), "latitude": rng.uniform(45, 50, n)}, index=ids
    )
    return pd.concat(rows, ignore_index=True), pd.DataFrame(dense, ids, ids), cities


def parts_of_least_squares(panel, effects):
    """Within-transformed regressors and residuals by dummies, with city and year codes."""
    columns = [np.ones(len(panel))] if effects == "pooled" else []
    if effects in ("city", "two-way"):
        columns += [pd.get_dummies(panel["city"]).to_numpy(float)]
    if effects in ("year", "two-way"):
        columns += [pd.get_dummies(panel["year"]).to_numpy(float)[:, effects == "two-way" :]]
    D = np.column_stack(columns)
    X, y = panel[["a", "b"]].to_numpy(), panel["y"].to_numpy()
    full = np.column_stack([X, D])
    e = y - full @ np.linalg.lstsq(full, y, rcond=None)[0]
    return X - D @ np.linalg.lstsq(D, X, rcond=None)[0], e


def brute_force(X, e, weight):
    """Sandwich with the weight of each pair of rows spelled out."""
    meat = np.zeros((X.shape[1],) * 2)
    for i in range(len(e)):
        for j in range(len(e)):
            w = weight(i, j)
            if w:
                meat += w * e[i] * e[j] * np.outer(X[i], X[j])
    bread = np.linalg.inv(X.T @ X)
    return np.sqrt(np.diag(bread @ meat @ bread))


@pytest.mark.parametrize("effects", ["pooled", "city", "year", "two-way"])
def test_least_squares_by_brute_force(effects):
    panel, weights, cities = panel_weights_cities()
    result = fit_panel("y ~ a + b", panel, weights, specification="ols", effects=effects)
    X, e = parts_of_least_squares(panel, effects)
    city, year = panel["city"].to_numpy(), panel["year"].to_numpy()
    place = cities.loc[city]
    lon, lat = place["longitude"].to_numpy(), place["latitude"].to_numpy()
    km = great_circle_km(lon[:, None], lat[:, None], lon[None], lat[None])
    groups = pd.Series([f"g{i % 4}" for i in range(N)], index=cities.index)
    of_row = groups[city].to_numpy()

    def conley(i, j):
        if year[i] == year[j]:
            return max(0.0, 1.0 - km[i, j] / 300.0)
        apart = abs(year[i] - year[j])
        return max(0.0, 1.0 - apart / 4.0) if city[i] == city[j] else 0.0

    cases = {
        "cluster": ({"groups": groups}, lambda i, j: float(of_row[i] == of_row[j])),
        "driscoll-kraay": (
            {"lags": 2},
            lambda i, j: max(0.0, 1.0 - abs(year[i] - year[j]) / 3.0),
        ),
        "conley": ({"distances": cities.iloc[::-1], "cutoff_km": 300.0, "lags": 3}, conley),
    }
    for kind, (options, weight) in cases.items():
        got = with_covariance(result, kind, **options)
        np.testing.assert_allclose(
            got.standard_errors[["a", "b"]], brute_force(X, e, weight), rtol=EXACT, err_msg=kind
        )
        pd.testing.assert_series_equal(got.coefficients, result.coefficients)
        assert got.configuration.options["covariance"] == kind
        effects_table = got.effects().table
        np.testing.assert_allclose(effects_table.loc["a", "direct_se"], got.standard_errors["a"])


def test_driscoll_kraay_is_linearmodels():
    linear = pytest.importorskip("linearmodels")
    panel, weights, _ = panel_weights_cities(years=20)
    result = fit_panel("y ~ a + b", panel, weights, specification="ols", effects="two-way")
    got = with_covariance(result, "driscoll-kraay", lags=3).standard_errors
    data = panel.set_index(["city", "year"])
    model = linear.PanelOLS(data["y"], data[["a", "b"]], entity_effects=True, time_effects=True)
    oracle = model.fit(cov_type="kernel", kernel="bartlett", bandwidth=3, debiased=False)
    # linearmodels divides by the degrees that the 31 fixed effects leave of 240 observations.
    np.testing.assert_allclose(
        got, oracle.std_errors[got.index] * np.sqrt(209 / 240), rtol=LINEARMODELS
    )


def test_clusters_of_one_city_are_the_clusters_of_the_fit():
    panel, weights, _ = panel_weights_cities()
    for specification in ("ols", "slx"):
        options = {"specification": specification, "effects": "city"}
        fitted = fit_panel("y ~ a + b", panel, weights, covariance="cluster", **options)
        after = with_covariance(fit_panel("y ~ a + b", panel, weights, **options), "cluster")
        pd.testing.assert_frame_equal(fitted.covariance, after.covariance, rtol=EXACT)


def system(seed=0, n=6, years=4):
    rng = np.random.default_rng(seed)
    dense = rng.uniform(size=(n, n)) * (1 - np.eye(n))
    dense /= dense.sum(axis=1, keepdims=True)
    G = lagged_multiplier(sparse.csr_array(dense), 0.5)
    Z = rng.normal(size=(years, n, 2)) + 0.3
    return G, Z, (Z @ np.array([1.0, -0.5])) @ G.T


@pytest.mark.parametrize("kind", ["conley", "cluster", "driscoll-kraay"])
def test_variance_of_the_score_in_the_mean(kind):
    G, Z, signal = system()
    years, n = Z.shape[:2]
    rng = np.random.default_rng(1)
    km = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(float)
    given = {
        "conley": Dependence("conley", kernel=kernel_weights_of(km, 3.0, "bartlett"), lags=1),
        "cluster": Dependence("cluster", codes=np.arange(n) // 2),
        "driscoll-kraay": Dependence("driscoll-kraay", lags=1),
    }[kind]
    totals, estimates = [], []
    for _ in range(6_000):
        e = rng.normal(size=(years, n))
        scores = likelihood_scores(Z, signal, e, (G,), 1.0)
        totals.append(scores.sum(axis=(0, 1)))
        variance = given.variance(scores)
        variance[2, 2] += given.pair_variance(e, (G,))
        estimates.append(variance)
    wanted, got = np.cov(np.array(totals).T), np.mean(estimates, axis=0)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    np.testing.assert_allclose(got / scale, wanted / scale, atol=SIMULATED)


def test_yearly_gains_add_up_like_one():
    G, Z, _ = system()
    e = np.random.default_rng(3).normal(size=Z.shape[:2])
    kernel = kernel_weights_of(np.ones((6, 6)), 2.0, "epanechnikov")
    for given in (Dependence("conley", kernel=kernel, lags=2), Dependence("cluster")):
        once, yearly = given.pair_variance(e, (G,)), given.pair_variance(e, (G,) * len(e))
        np.testing.assert_allclose(once, yearly, rtol=EXACT)


@pytest.mark.parametrize("specification", ["sar", "sem", "sdm", "sdem"])
def test_close_to_the_information_for_independent_innovations(specification):
    rng = np.random.default_rng(4)
    n, years = 150, 30
    panel, weights, cities = panel_weights_cities(n=n, years=years)
    S = np.linalg.inv(np.eye(n) - 0.4 * weights.to_numpy())
    a = panel["a"].to_numpy().reshape(years, n)
    panel = panel.assign(y=((a + rng.normal(size=(years, n))) @ S.T).ravel())
    result = fit_panel("y ~ a + b", panel, weights, specification=specification)
    for kind, options in (
        ("conley", {"distances": cities, "cutoff_km": 60.0, "lags": 1}),
        ("driscoll-kraay", {"lags": 0}),
        ("cluster", {"groups": pd.Series(np.arange(n) // 3, index=cities.index)}),
    ):
        robust = with_covariance(result, kind, **options)
        # Thirty years estimate a variance to about a quarter, its root to half of it.
        np.testing.assert_allclose(robust.standard_errors, result.standard_errors, rtol=0.35)
        assert robust.notes[-1].startswith(f"Standard errors: covariance {kind}")


def test_cross_section_and_distances_as_a_table():
    panel, weights, cities = panel_weights_cities(n=40, years=1)
    data = panel.set_index("city")
    result = fit_cross_section("y ~ a", data, weights, specification="sar")
    first = with_covariance(result, "conley", distances=cities, cutoff_km=200.0)
    lon, lat = cities["longitude"].to_numpy(), cities["latitude"].to_numpy()
    km = pd.DataFrame(
        great_circle_km(lon[:, None], lat[:, None], lon[None], lat[None]),
        cities.index,
        cities.index,
    )
    order = cities.sample(frac=1.0, random_state=1).index
    second = with_covariance(result, "conley", distances=km.loc[order, order], cutoff_km=200.0)
    pd.testing.assert_frame_equal(first.covariance, second.covariance, rtol=EXACT)
    with pytest.raises(ConfigError, match="only one"):
        with_covariance(result, "driscoll-kraay")


def test_fits_take_the_covariance_at_once():
    panel, weights, cities = panel_weights_cities()
    groups = pd.Series([f"g{i % 4}" for i in range(N)], index=cities.index)
    plain = fit_panel("y ~ a", panel, weights, specification="sar")
    for kind, options in (
        ("driscoll-kraay", None),
        ("conley", {"distances": cities, "cutoff_km": 300.0, "kernel": "uniform"}),
        ("cluster", {"groups": groups}),
    ):
        once = fit_panel(
            "y ~ a",
            panel,
            weights,
            specification="sar",
            covariance=kind,
            covariance_options=options,
        )
        later = plain.with_covariance(kind, **(options or {}))
        pd.testing.assert_frame_equal(once.covariance, later.covariance, rtol=EXACT)
        assert once.configuration.options["covariance"] == kind
    one_year = panel[panel["year"] == 0].set_index("city")
    options = {"distances": cities, "cutoff_km": 300.0}
    section = fit_cross_section(
        "y ~ a",
        one_year,
        weights,
        specification="slx",
        covariance="conley",
        covariance_options=options,
    )
    assert section.configuration.options["cutoff_km"] == 300.0
    with pytest.raises(ConfigError, match="takes no covariance_options"):
        fit_panel("y ~ a", panel, weights, covariance_options={"lags": 1})
    random = fit_panel("y ~ a", panel, weights, specification="ols", effects="random")
    with pytest.raises(EstimationError, match="fixed effects, not for effects='random'"):
        with_covariance(random, "cluster")


def test_refusals():
    panel, weights, cities = panel_weights_cities()
    result = fit_panel("y ~ a", panel, weights, specification="sar")
    with pytest.raises(ConfigError, match="cutoff_km="):
        with_covariance(result, "conley", distances=cities)
    with pytest.raises(ConfigError, match="positive"):
        with_covariance(result, "conley", distances=cities, cutoff_km=-1.0)
    with pytest.raises(ConfigError, match="from 0 to 8"):
        with_covariance(result, "driscoll-kraay", lags=9)
    with pytest.raises(ConfigError, match="'cluster', 'driscoll-kraay', 'conley'"):
        with_covariance(result, "hc3")
    strict = fit_panel("y ~ a", panel, weights, bias_correction="transformation")
    with pytest.raises(EstimationError, match="bias_correction=True"):
        with_covariance(strict, "cluster")
