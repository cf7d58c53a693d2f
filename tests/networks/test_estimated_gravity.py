"""Estimated gravity against statsmodels with dummies, adding-up laws, separation, bad input."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from networks import LinkageNetwork, cost_matrix, estimated_gravity, flow_network
from networks.separation import cells_without_information, separated_cells
from spatial.errors import AlignmentError, ConfigError, EstimationError, WeightsError

ORACLE = 1e-6  # statsmodels stops earlier than we do
LAW = 1e-8  # converged to 1e-12 in the deviance


def world(seed, n=10, share_of_zeros=0.2):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{k}" for k in rng.permutation(n)])
    places = rng.normal(size=(n, 2))
    log_distance = np.log(np.linalg.norm(places[:, None] - places, axis=2) + np.eye(n))
    border = np.triu(rng.random((n, n)) < 0.3, 1)
    border = (border | border.T).astype(float)
    linear = rng.normal(size=n)[:, None] + rng.normal(size=n) - log_distance + 0.5 * border
    y = rng.poisson(np.exp(linear + 1.0)).astype(float)
    y[rng.random((n, n)) < share_of_zeros] = 0.0
    np.fill_diagonal(y, 0.0)
    frame = [pd.DataFrame(v, ids, ids) for v in (y, log_distance, border)]
    return frame[0], {"log distance": frame[1], "border": frame[2]}


def stacked(flows, regressors, keep=None):
    n = len(flows)
    cells = ~np.eye(n, dtype=bool) if keep is None else keep
    i, j = np.nonzero(cells)
    x = np.stack([table.to_numpy()[i, j] for table in regressors.values()], axis=1)
    origin, destination = np.eye(n)[i], np.eye(n)[j]
    origin = origin[:, origin.any(axis=0)]
    destination = destination[:, destination.any(axis=0)][:, 1:]
    return flows.to_numpy()[i, j], np.hstack([x, origin, destination]), i, j


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("covariance", ["robust", "origin", "destination", "pair", "two-way"])
def test_against_statsmodels_with_dummies(seed, covariance):
    flows, regressors = world(seed)
    found = estimated_gravity(flows, regressors, covariance=covariance)
    assert not len(found.separated)
    y, design, i, j = stacked(flows, regressors)
    model = sm.GLM(y, design, family=sm.families.Poisson())
    groups = {"origin": i, "destination": j, "pair": np.minimum(i, j) * 100 + np.maximum(i, j)}

    def fitted(kind):
        if kind == "robust":
            result = model.fit(tol=1e-13, cov_type="HC0")
            return result, np.asarray(result.cov_params())[:2, :2] * len(y) / (len(y) - 1)
        result = model.fit(tol=1e-13, cov_type="cluster", cov_kwds={"groups": groups[kind]})
        # statsmodels adds (n - 1) / (n - k); taken out, because ours is G / (G - 1) alone.
        extra = (len(y) - 1) / (len(y) - design.shape[1])
        return result, np.asarray(result.cov_params())[:2, :2] / extra

    if covariance == "two-way":
        parts = [fitted(kind) for kind in ("origin", "destination", "robust")]
        result, matrix = parts[0][0], parts[0][1] + parts[1][1] - parts[2][1]
    else:
        result, matrix = fitted(covariance)
    np.testing.assert_allclose(found.coefficients["estimate"], result.params[:2], rtol=ORACLE)
    assert found.deviance == pytest.approx(result.deviance, rel=ORACLE)
    if not found.notes or "not positive" not in found.notes[-1]:
        np.testing.assert_allclose(found.covariance, matrix, rtol=1e-4, atol=1e-9)
    expected = found.fitted.to_matrix().to_numpy()[i, j]
    np.testing.assert_allclose(expected, result.fittedvalues, rtol=1e-5, atol=1e-8)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_fitted_flows_add_up_and_follow_labels(seed):
    flows, regressors = world(seed, n=8)
    try:
        found = estimated_gravity(flows, regressors)
    except EstimationError:
        return  # a world with too few flows
    fitted = found.fitted.to_matrix()
    scale = flows.to_numpy().sum()
    for axis in (0, 1):
        gap = fitted.sum(axis=axis) - flows.sum(axis=axis)
        assert np.abs(gap).max() < LAW * scale
    order = np.random.default_rng(seed).permutation(flows.index)
    again = estimated_gravity(flows.loc[order, order], regressors)
    np.testing.assert_allclose(
        again.coefficients["estimate"], found.coefficients["estimate"], rtol=1e-6, atol=1e-8
    )
    tripled = estimated_gravity(flows * 3.0, regressors)
    np.testing.assert_allclose(
        tripled.coefficients[["estimate", "std_error"]],
        found.coefficients[["estimate", "std_error"]],
        rtol=1e-5,
        atol=1e-8,
    )


def test_effects_make_the_fitted_flows():
    flows, regressors = world(4)
    found = estimated_gravity(flows, regressors)
    linear = found.origin_effects.to_numpy()[:, None] + found.destination_effects.to_numpy()
    for name, table in regressors.items():
        linear = linear + found.coefficients.loc[name, "estimate"] * table.to_numpy()
    expected = np.exp(linear)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(found.fitted.to_matrix(), expected, rtol=1e-9)
    assert found.destination_effects.mean() == pytest.approx(0.0, abs=1e-12)


def test_silent_cities_are_left_out_and_named():
    flows, regressors = world(5)
    whole = estimated_gravity(flows.drop("c3").drop(columns="c3"), _without(regressors, "c3"))
    silenced = flows.copy()
    silenced.loc["c3"] = 0.0
    silenced["c3"] = 0.0
    found = estimated_gravity(silenced, regressors)
    pd.testing.assert_frame_equal(found.coefficients, whole.coefficients, rtol=1e-7)
    assert len(found.separated) == 2 * (len(flows) - 1)
    assert "'c3'" in found.notes[0]
    assert np.isnan(found.origin_effects["c3"])
    assert found.fitted.to_matrix().loc["c3"].sum() == 0.0


def _without(regressors, city):
    return {name: t.drop(city).drop(columns=city) for name, t in regressors.items()}


def test_a_regressor_that_forbids_flows_is_found():
    flows, regressors = world(6)
    wall = pd.DataFrame(0.0, flows.index, flows.index)
    wall.iloc[0, 1] = wall.iloc[2, 3] = 1.0
    blocked = flows.mask(wall == 1.0, 0.0)
    with pytest.raises(EstimationError, match="'wall' do not vary beyond"):
        estimated_gravity(blocked, {**regressors, "wall": wall})
    partly = wall.copy()
    partly.iloc[4, 5] = -1.0  # now some pairs with a flow tell its coefficient, nothing separates
    blocked.iloc[4, 5] = 7.0
    found = estimated_gravity(blocked, {**regressors, "wall": partly})
    assert np.isfinite(found.coefficients["estimate"]).all()


@settings(max_examples=40)
@given(seed=st.integers(0, 100_000))
def test_separation_against_one_large_programme(seed):
    rng = np.random.default_rng(seed)
    n = 5
    cells = ~np.eye(n, dtype=bool)
    y = rng.poisson(0.9, (n, n)).astype(float) * cells
    x = np.stack([rng.integers(0, 2, (n, n)).astype(float), rng.integers(-1, 2, (n, n)) * 1.0])
    cells &= ~cells_without_information(y, cells)
    if not cells.any():
        return
    found = separated_cells(y, cells, x)
    assert found[cells].tolist() == _separated_by_definition(y, cells, x)[cells].tolist()


def _separated_by_definition(y, cells, x):
    """The definition as it stands, over all dummies: z = 0 where y > 0, z >= 0 elsewhere."""
    n = len(y)
    i, j = np.nonzero(cells)
    design = np.hstack([x[:, i, j].T, np.eye(n)[i], np.eye(n)[j]])
    zero = y[i, j] == 0
    m, k = zero.sum(), design.shape[1]
    solved = optimize.linprog(
        np.concatenate([np.zeros(k), -np.ones(m)]),
        A_ub=np.hstack([-design[zero], np.eye(m)]),
        b_ub=np.zeros(m),
        A_eq=np.hstack([design[~zero], np.zeros(((~zero).sum(), m))]),
        b_eq=np.zeros((~zero).sum()),
        bounds=[(None, None)] * k + [(0.0, 1.0)] * m,
    )
    separated = np.zeros_like(cells)
    separated[i[zero], j[zero]] = solved.x[k:] > 1e-6
    return separated


def test_missing_cells_are_left_out():
    flows, regressors = world(7)
    gappy = flows.copy()
    gappy.iloc[0, 3] = np.nan
    found = estimated_gravity(gappy, regressors)
    keep = ~np.eye(len(flows), dtype=bool)
    keep[0, 3] = False
    y, design, _, _ = stacked(flows, regressors, keep)
    oracle = sm.GLM(y, design, family=sm.families.Poisson()).fit(tol=1e-13)
    np.testing.assert_allclose(found.coefficients["estimate"], oracle.params[:2], rtol=ORACLE)
    assert found.n_cells == len(y)
    assert "1 ordered pairs have a missing" in found.notes[0]
    assert found.fitted.to_matrix().iloc[0, 3] > 0  # predicted all the same


def test_bad_input():
    flows, regressors = world(8)
    mass = pd.DataFrame(np.arange(10.0)[:, None] + np.zeros(10), flows.index, flows.index)
    with pytest.raises(EstimationError, match="'mass' do not vary beyond effects"):
        estimated_gravity(flows, {**regressors, "mass": mass})
    with pytest.raises(EstimationError, match="combinations of the others"):
        estimated_gravity(flows, {**regressors, "again": 2 * regressors["border"] + mass})
    with pytest.raises(EstimationError, match="needs a regressor"):
        estimated_gravity(flows)
    with pytest.raises(EstimationError, match="nothing to estimate"):
        estimated_gravity(flows * 0.0, regressors)
    with pytest.raises(WeightsError, match="negative"):
        estimated_gravity(-flows, regressors)
    with pytest.raises(ConfigError, match="covariance='clustered'"):
        estimated_gravity(flows, regressors, covariance="clustered")
    with pytest.raises(AlignmentError, match="'border'"):
        estimated_gravity(flows, {"border": regressors["border"].iloc[1:, 1:]})
    network = LinkageNetwork(flows.index, sparse.csr_array(flows.to_numpy()), True)
    with pytest.raises(WeightsError, match="directed"):
        estimated_gravity(network.symmetrised("sum"), regressors)


def test_austrian_migration_against_r(shared_folder):
    # R 4.2.2, d without rows of o == d:
    # m <- glm(f ~ factor(o) + factor(d) + log(dij), family = poisson, data = d,
    #          control = glm.control(epsilon = 1e-14))
    # X <- model.matrix(m); u <- residuals(m, "response"); B <- summary(m)$cov.unscaled
    # S <- rowsum(X * u, g); sqrt(diag(B %*% crossprod(S) %*% B * nrow(S) / (nrow(S) - 1)))
    # with g = d$o, d$d, and the unordered pair.
    table = pd.read_csv(shared_folder / "data/econometrics/austria_migration.csv")
    regions = pd.Index(sorted(table["o"].unique()))
    ends = {"origin": "o", "destination": "d"}
    flows = flow_network(table, regions, flow="f", **ends)
    km = cost_matrix(table, regions, cost="dij", **ends)
    regressors = {"log distance": np.log(km.where(km > 0))}
    expected = {"origin": 0.0672310979, "destination": 0.1100228385, "pair": 0.0803377643}
    for covariance, error in expected.items():
        found = estimated_gravity(flows, regressors, covariance=covariance)
        row = found.coefficients.loc["log distance"]
        assert row["estimate"] == pytest.approx(-1.264082533187, abs=1e-11)
        assert row["std_error"] == pytest.approx(error, abs=1e-9)
        assert found.deviance == pytest.approx(5655.262854692, abs=1e-7)
        assert found.n_cells == 72


def test_sparse_firm_links_of_chinese_cities(shared_folder):
    folder = shared_folder / "data" / "china"
    panel = pd.read_csv(folder / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    cities = panel[(panel["year"] == 2010) & panel["lon"].notna()].set_index("code")
    cities = cities.rename(columns={"lon": "longitude", "lat": "latitude"})
    path = folder / "cn_firm_links_hightech_pre2008.csv"
    links = pd.read_csv(path, dtype={"from_code": str, "to_code": str})
    network = flow_network(
        links,
        cities,
        origin="from_code",
        destination="to_code",
        flow="n_firm_links",
        duplicates="sum",
        unnamed="drop",
        unknown="drop",
    )
    found = estimated_gravity(network, cities=cities)
    assert found.coefficients.loc["log distance", "estimate"] < 0
    assert found.n_cells + len(found.separated) == len(cities) * (len(cities) - 1)
    np.testing.assert_allclose(found.fitted.sent, network.sent, atol=1e-6)
    np.testing.assert_allclose(found.fitted.received, network.received, atol=1e-6)


def test_migration_between_us_metros(shared_folder):
    import geopandas as gpd

    folder = shared_folder / "data/us_metros_2000_2008"
    moves = pd.read_csv(
        folder / "us_metro_migration_od_2005_2008.csv", dtype={"orig": str, "dest": str}
    )
    moves = moves[moves["year"] == 2006]
    metros = gpd.read_file(folder / "us_metros_2003def_simplified.geojson")
    metros = metros.astype({"cbsa": str}).set_index("cbsa")
    names = {"origin": "orig", "destination": "dest", "flow": "exemptions"}
    network = flow_network(moves, metros, unit="persons", unknown="drop", **names)
    found = estimated_gravity(network, cities=metros)
    elasticity = found.coefficients.loc["log distance"]
    assert -1.5 < elasticity["estimate"] < -0.7  # people move near: elasticities of about -1
    assert elasticity["p_value"] < 1e-10
    assert found.r_squared > 0.6
    np.testing.assert_allclose(found.fitted.sent, network.sent, rtol=1e-7, atol=1e-6)
