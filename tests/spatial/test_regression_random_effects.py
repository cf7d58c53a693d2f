"""Random effects: dense likelihoods, other programs, laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from spatial.errors import ConfigError, EstimationError
from spatial.regression import fit_panel, lm_tests, reduction_tests, specification_ladder

FORMULA = "logc ~ logp + logy"
DENSE = 1e-9  # the same log-likelihood, from one dense matrix of all city-years
OPTIMUM = 2e-5  # how well a general optimiser finds the maximum of the dense likelihood
SPREG = 1e-5  # spreg stops at 1e-7 in the variance ratio, on a grid-free but bounded search
MIXED = 5e-6  # statsmodels' optimiser stops at about this distance
MEAN_TERMS = 3e-4  # coefficients of a flat likelihood, one is 0.006
DERIVATIVES = 1e-6  # central differences of the dense moments
SPECIFICATIONS = ["ols", "slx", "sar", "sem", "sdm", "sdem"]


@pytest.fixture(scope="module")
def cigar(shared_folder):
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    panel = pd.read_csv(folder / "cigar.csv")
    ids = panel["state"].iloc[:46]
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    return panel, weights


def ring(n=6):
    ids = [f"c{i}" for i in range(n)]
    W = np.roll(np.eye(n), 1, 1) * 0.7 + np.roll(np.eye(n), -1, 1) * 0.3
    W[0] = np.eye(n)[3] * 0.6 + np.eye(n)[1] * 0.4  # not symmetric
    return pd.DataFrame(W, index=ids, columns=ids)


def made(weights, *, years=8, seed=3, city_spread=1.0, rho=0.3, lam=0.0, link=0.0):
    """A panel with random effects; ``link`` ties them to the regressor."""
    rng = np.random.default_rng(seed)
    W, n = weights.to_numpy(), len(weights)
    mu = city_spread * rng.normal(size=n)
    x = rng.normal(size=(years, n)) + link * mu
    z = rng.normal(size=(years, n))
    u = np.linalg.solve(np.eye(n) - lam * W, 0.5 * rng.normal(size=(n, years))).T
    y = np.linalg.solve(np.eye(n) - rho * W, (1.0 + x - 0.5 * z + mu + u).T).T
    rows = pd.MultiIndex.from_product([range(2000, 2000 + years), weights.index])
    return pd.DataFrame(
        {"y": y.ravel(), "x": x.ravel(), "z": z.ravel()}, index=rows.set_names(["year", "city"])
    )


def dense_log_likelihood(result, parameters):
    """Normal density of all city-years at (delta, spatial, ln sigma2, ln city variance)."""
    design, Z = result.design, result.estimate.Z
    years, n = design.y.shape
    k = Z.shape[2]
    spatial = parameters[k] if result.estimate.spatial is not None else 0.0
    sigma2, city = np.exp(parameters[-2]), np.exp(parameters[-1])
    W = design.weights.matrix.toarray()
    filter_ = np.eye(n) - spatial * W
    inner, levels, jacobian = np.eye(n), design.y, 0.0
    if result.lambda_ is not None:
        inner = np.linalg.inv(filter_.T @ filter_)
    elif result.rho is not None:
        levels = design.y @ filter_.T
        jacobian = years * np.linalg.slogdet(filter_)[1]
    covariance = sigma2 * np.kron(np.eye(years), inner) + city * np.kron(
        np.ones((years, years)), np.eye(n)
    )
    v = (levels - Z @ parameters[:k]).ravel()
    return (
        -0.5
        * (
            v.size * np.log(2 * np.pi)
            + np.linalg.slogdet(covariance)[1]
            + v @ np.linalg.solve(covariance, v)
        )
        + jacobian
    )


def dense_parameters(result):
    return np.concatenate(
        [result.coefficients.to_numpy(), np.log([result.sigma2, result.city_variance])]
    )


@pytest.mark.parametrize("specification", SPECIFICATIONS)
@pytest.mark.parametrize("effects", ["random", "correlated-random"])
def test_log_likelihood_is_the_dense_one(specification, effects, cigar):
    panel, weights = cigar
    few = panel[panel["year"] < panel["year"].min() + 5]
    result = fit_panel(
        FORMULA, few, weights, city="state", specification=specification, effects=effects
    )
    dense = dense_log_likelihood(result, dense_parameters(result))
    assert result.log_likelihood == pytest.approx(dense, rel=DENSE)


@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_estimates_are_the_maximum_of_the_dense_likelihood(specification):
    weights = ring()
    lam = 0.4 if specification in ("sem", "sdem") else 0.0
    data = made(weights, rho=0.0 if lam else 0.3, lam=lam)
    result = fit_panel("y ~ x + z", data, weights, specification=specification, effects="random")
    start = dense_parameters(result)
    found = optimize.minimize(
        lambda p: -dense_log_likelihood(result, p),
        start + 0.05,
        method="BFGS",
        options={"gtol": 1e-7},
    )
    np.testing.assert_allclose(found.x, start, atol=OPTIMUM, rtol=OPTIMUM)
    assert -found.fun <= result.log_likelihood + 1e-7


def moments(result, parameters):
    """Mean and covariance of all city-years, stacked by year."""
    design, Z = result.design, result.estimate.Z
    years, n = design.y.shape
    k = Z.shape[2]
    spatial = parameters[k] if result.estimate.spatial is not None else 0.0
    solve = np.linalg.inv(np.eye(n) - spatial * design.weights.matrix.toarray())
    sigma2, city = np.exp(parameters[-2:])
    noise = solve @ solve.T if result.lambda_ is not None else np.eye(n)
    covariance = sigma2 * np.kron(np.eye(years), noise)
    covariance += city * np.kron(np.ones((years, years)), np.eye(n))
    mean = (Z @ parameters[:k]).ravel()
    if result.rho is not None:
        wide = np.kron(np.eye(years), solve)
        mean, covariance = wide @ mean, wide @ covariance @ wide.T
    return mean, covariance


@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_standard_errors_are_those_of_the_dense_normal_model(specification):
    """Expected information: dm' V^-1 dm + tr(V^-1 dV V^-1 dV) / 2, by numerical derivatives."""
    weights = ring()
    lam = 0.4 if specification in ("sem", "sdem") else 0.0
    data = made(weights, years=5, rho=0.0 if lam else 0.3, lam=lam)
    result = fit_panel("y ~ x + z", data, weights, specification=specification, effects="random")
    at = dense_parameters(result)
    inverse = np.linalg.inv(moments(result, at)[1])
    slopes = []
    for i in range(len(at)):
        step = np.zeros(len(at))
        step[i] = 1e-5
        (mean_up, up), (mean_down, down) = moments(result, at + step), moments(result, at - step)
        slopes.append(((mean_up - mean_down) / 2e-5, inverse @ (up - down) / 2e-5))
    information = np.array(
        [
            [m @ inverse @ other_m + 0.5 * np.sum(v * other_v.T) for other_m, other_v in slopes]
            for m, v in slopes
        ]
    )
    errors = np.sqrt(np.diag(np.linalg.inv(information)))[: len(result.coefficients)]
    np.testing.assert_allclose(result.standard_errors, errors, rtol=DERIVATIVES)


def test_lag_model_agrees_with_spreg(cigar):
    spreg = pytest.importorskip("spreg")
    libpysal = pytest.importorskip("libpysal")
    panel, weights = cigar
    W = libpysal.weights.util.full2W(weights.to_numpy(), ids=list(weights.index))
    y, X = panel[["logc"]].to_numpy(), panel[["logp", "logy"]].to_numpy()
    peer = spreg.Panel_RE_Lag(y, X, W)
    ours = fit_panel(FORMULA, panel, weights, city="state", specification="sar", effects="random")
    theirs = peer.betas.ravel()
    np.testing.assert_allclose(ours.coefficients, theirs[:-1], rtol=SPREG, atol=SPREG)
    assert ours.phi == pytest.approx(theirs[-1], rel=SPREG)
    assert ours.sigma2 == pytest.approx(peer.sig2.item(), rel=SPREG)


def test_error_model_climbs_higher_than_spreg(cigar):
    """spreg's error model misses the maximum for weights that are not symmetric."""
    spreg = pytest.importorskip("spreg")
    libpysal = pytest.importorskip("libpysal")
    panel, weights = cigar
    binary = (weights.to_numpy() > 0).astype(float)
    W = libpysal.weights.util.full2W(binary, ids=list(weights.index))
    W.transform = "r"
    y, X = panel[["logc"]].to_numpy(), panel[["logp", "logy"]].to_numpy()
    try:
        theirs = spreg.Panel_RE_Error(y, X, W)
    except np.linalg.LinAlgError:
        pytest.skip("spreg's own search ends without numbers on this machine")
    ours = fit_panel(FORMULA, panel, weights, city="state", specification="sem", effects="random")
    peer = np.concatenate(
        [theirs.betas.ravel()[:4], np.log([theirs.sig2.item(), theirs.betas.ravel()[4]])]
    )
    assert ours.log_likelihood > dense_log_likelihood(ours, peer)
    np.testing.assert_allclose(ours.coefficients[["logp", "lambda"]], peer[[1, 3]], rtol=0.02)


def test_least_squares_agrees_with_mixed_models(cigar):
    formulas = pytest.importorskip("statsmodels.formula.api")
    panel, weights = cigar
    peer = formulas.mixedlm(FORMULA, panel, groups=panel["state"]).fit(reml=False, method=["lbfgs"])
    ours = fit_panel(FORMULA, panel, weights, city="state", specification="ols", effects="random")
    np.testing.assert_allclose(ours.coefficients, peer.params.iloc[:3], rtol=MEAN_TERMS)
    assert ours.log_likelihood == pytest.approx(peer.llf, rel=1e-9)
    assert ours.sigma2 == pytest.approx(peer.scale, rel=MIXED)
    np.testing.assert_allclose(
        ours.fixed_effects["city"].loc[[1, 3]],
        [peer.random_effects[s].iloc[0] for s in (1, 3)],
        rtol=1e-3,
    )


def test_correlated_random_effects_give_the_within_estimates(cigar):
    """Mundlak 1978: with city means the coefficients are those of fixed effects."""
    panel, weights = cigar
    for specification in ("ols", "slx"):
        within, mundlak = (
            fit_panel(
                FORMULA, panel, weights, city="state", specification=specification, effects=effects
            )
            for effects in ("city", "correlated-random")
        )
        names = within.coefficients.index
        np.testing.assert_allclose(mundlak.coefficients[names], within.coefficients, rtol=1e-8)
        assert "mean logp" in mundlak.coefficients.index


def test_means_of_steady_regressors_are_left_out():
    weights = ring()
    data = made(weights).assign(coast=lambda d: d.index.get_level_values("city") < "c3")
    data["coast"] = data["coast"].astype(float)
    result = fit_panel(
        "y ~ x + coast", data, weights, specification="sar", effects="correlated-random"
    )
    assert list(result.coefficients.index) == ["const", "x", "coast", "mean x", "rho"]


@pytest.mark.parametrize("specification", ["ols", "sar", "sem"])
def test_no_spread_of_cities_is_the_pooled_model(specification):
    weights = ring()
    data = made(weights, city_spread=0.0, rho=0.0, seed=5)
    means = data.groupby("city")["y"].transform("mean")
    data["y"] = data["y"] - means + data["y"].mean()  # less spread than chance would give
    random, pooled = (
        fit_panel("y ~ 1", data, weights, specification=specification, effects=effects, lagged=[])
        for effects in ("random", "pooled")
    )
    assert random.phi == 1.0
    assert random.city_variance == 0.0
    np.testing.assert_allclose(random.coefficients, pooled.coefficients, atol=1e-6)
    assert random.log_likelihood == pytest.approx(pooled.log_likelihood, rel=1e-9)
    assert "pooled" in random.notes[0]


def test_great_spread_of_cities_approaches_fixed_effects():
    weights = ring()
    data = made(weights, city_spread=1e3, seed=2)
    random, fixed = (
        fit_panel("y ~ x + z", data, weights, specification="sar", effects=effects)
        for effects in ("random", "city")
    )
    assert random.phi < 1e-3
    np.testing.assert_allclose(
        random.coefficients[["x", "z"]], fixed.coefficients[["x", "z"]], rtol=0.03
    )


@pytest.mark.parametrize("specification", ["sar", "sem"])
def test_order_of_rows_and_scale_of_weights_do_not_matter(specification):
    weights = ring()
    data = made(weights, lam=0.3)
    plain = fit_panel("y ~ x", data, weights, specification=specification, effects="random")
    shuffled = fit_panel(
        "y ~ x",
        data.sample(frac=1.0, random_state=1),
        weights.iloc[::-1, ::-1],
        specification=specification,
        effects="random",
    )
    np.testing.assert_allclose(shuffled.coefficients, plain.coefficients, rtol=1e-7)
    doubled = fit_panel("y ~ x", data, 2 * weights, specification=specification, effects="random")
    assert 2 * doubled.coefficients.iloc[-1] == pytest.approx(plain.coefficients.iloc[-1], rel=1e-7)
    assert doubled.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-10)


def test_effects_fitted_values_and_counts():
    weights = ring()
    data = made(weights)
    for kind in ("random", "correlated-random"):
        result = fit_panel("y ~ x + z", data, weights, specification="sdm", effects=kind)
        table = result.effects().table
        rho, beta = result.rho, result.coefficients
        total = (beta["x"] + beta["W x"]) / (1 - rho)  # rows sum to one
        assert table.loc["x", "total"] == pytest.approx(total, rel=1e-9)
        assert list(table.index) == ["x", "z"]
        np.testing.assert_allclose(result.fitted + result.residuals, data["y"], rtol=1e-12)
        assert abs(result.fixed_effects["city"].sum()) < 1e-8
        assert result.n_parameters == len(beta) + 2
        assert result.intercept is None
        assert result.bias_correction == "none"
        drawn = result.effects(inference="simulation", draws=200, rng=1)
        assert drawn.table["total_se"].notna().all()


def test_bias_of_random_effects_when_cities_differ_with_the_regressor():
    weights = ring(30)
    data = made(weights, link=1.0, years=6, city_spread=2.0, rho=0.0)
    fits = {
        kind: fit_panel("y ~ x", data, weights, specification="sar", effects=kind)
        for kind in ("random", "correlated-random", "city")
    }
    beta = {kind: fit.coefficients["x"] for kind, fit in fits.items()}
    assert abs(beta["correlated-random"] - beta["city"]) < 0.1 * abs(beta["random"] - beta["city"])


def test_reduction_tests_of_random_effects():
    weights = ring()
    result = fit_panel("y ~ x + z", made(weights), weights, effects="random")
    table = reduction_tests(result).table
    assert (table["statistic"] >= 0).all()


def test_guards_of_random_effects():
    weights = ring()
    data = made(weights)
    with pytest.raises(EstimationError, match="information"):
        fit_panel(
            "y ~ x",
            data,
            weights,
            specification="sar",
            effects="random",
            covariance="cluster",
        )
    with pytest.raises(ConfigError, match="correlated-random"):
        fit_panel("y ~ x", data, weights, effects="mundlak")
    with pytest.raises(ConfigError, match="two-way"):
        specification_ladder("y ~ x", data, weights, effects="random")
    with pytest.raises(EstimationError, match="city means"):
        reduction_tests(fit_panel("y ~ x", data, weights, effects="correlated-random"))
    assert set(lm_tests("y ~ x", data, weights).table.index.get_level_values(0)) == {
        "pooled",
        "city",
        "year",
        "two-way",
    }
    clustered = fit_panel(
        "y ~ x", data, weights, specification="ols", effects="random", covariance="cluster"
    )
    assert (clustered.standard_errors > 0).all()
