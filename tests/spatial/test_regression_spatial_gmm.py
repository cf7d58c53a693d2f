"""Generalised moments: spreg, spatialreg, moments by brute force, maximum likelihood, drawings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.regression import (
    fit_cross_section,
    fit_panel,
    fit_spatial_gmm,
    fit_spatial_iv,
    with_covariance,
)
from spatial.regression.quadratic_moments import ErrorShape, centred_forms, moment_variance
from spatial.regression.within import within

ALGEBRA = 1e-9
SEARCH = 1e-5  # spreg finds lambda by a search with finite differences
LOOSE_SEARCH = 1e-4  # and its covariances and least settled cases move more than lambda does
PRINTED = 1e-6  # spatialreg minimises numerically
FORMULA = "CRIME ~ INC + HOVAL"


@pytest.fixture(scope="module")
def columbus(shared_folder):
    folder = shared_folder / "reference" / "03_columbus_crosssection"
    data = pd.read_csv(folder / "columbus.csv")
    links = pd.read_csv(folder / "w_pairs.csv")
    ids = [f"n{i:02d}" for i in range(1, 50)]
    dense = np.zeros((49, 49))
    dense[links["i"] - 1, links["j"] - 1] = 1.0
    dense /= dense.sum(axis=1, keepdims=True)
    return data.set_index(pd.Index(ids)), pd.DataFrame(dense, ids, ids)


def spreg_weights(weights):
    from libpysal.weights import full2W

    w = full2W(weights.to_numpy())
    w.transform = "r"
    return w


@pytest.mark.parametrize("specification", ["sac", "sem"])
@pytest.mark.parametrize("covariance", ["robust", "classical"])
@pytest.mark.filterwarnings("ignore")
def test_gs2sls_is_spreg(columbus, specification, covariance):
    spreg = pytest.importorskip("spreg")
    data, weights = columbus
    kind = {"robust": "Het", "classical": "Hom"}[covariance]
    estimator = getattr(spreg, f"GM_{'Combo' if specification == 'sac' else 'Error'}_{kind}")
    options = {"w_lags": 2} if specification == "sac" else {}
    oracle = estimator(
        data["CRIME"].to_numpy(),
        data[["INC", "HOVAL"]].to_numpy(),
        w=spreg_weights(weights),
        **options,
    )
    result = fit_spatial_gmm(
        FORMULA, data.iloc[::-1], weights, specification=specification, covariance=covariance
    )
    np.testing.assert_allclose(result.coefficients, oracle.betas.ravel(), rtol=SEARCH)
    ours, theirs = result.covariance.to_numpy(), oracle.vm.copy()
    if (specification, covariance) == ("sem", "classical"):
        # spreg takes the covariance of coefficients and lambda, which third moments make, from
        # regressors that are not filtered, although the coefficients come from filtered ones.
        theirs[-1, :-1] = theirs[:-1, -1] = ours[-1, :-1]
    np.testing.assert_allclose(ours, theirs, rtol=LOOSE_SEARCH, atol=1e-5)


@pytest.mark.parametrize("covariance", ["robust", "classical"])
@pytest.mark.filterwarnings("ignore")
def test_gs2sls_with_endogenous_regressors_is_spreg(columbus, covariance):
    spreg = pytest.importorskip("spreg")
    data, weights = columbus
    kind = {"robust": "Het", "classical": "Hom"}[covariance]
    oracle = getattr(spreg, f"GM_Combo_{kind}")(
        data["CRIME"].to_numpy(),
        data[["INC"]].to_numpy(),
        yend=data[["HOVAL"]].to_numpy(),
        q=data[["DISCBD"]].to_numpy(),
        w=spreg_weights(weights),
        w_lags=2,
    )
    result = fit_spatial_gmm(
        FORMULA,
        data,
        weights,
        endogenous=["HOVAL"],
        instruments=["DISCBD"],
        covariance=covariance,
    )
    np.testing.assert_allclose(result.coefficients, oracle.betas.ravel(), rtol=LOOSE_SEARCH)
    np.testing.assert_allclose(result.covariance, oracle.vm, rtol=1e-3, atol=1e-5)
    assert result.endogenous == ("HOVAL", "rho")


# spatialreg 1.4: GMerrorsar(CRIME ~ INC + HOVAL, data, lw), gstsls(CRIME ~ INC + HOVAL, data, lw)
SPATIALREG = {
    "sem": {
        "const": 63.487149620306,
        "INC": -1.180414252911,
        "HOVAL": -0.300364679788,
        "lambda": 0.364296571897,
    },
    "sac": {
        "const": 44.116333258579,
        "INC": -1.020820657983,
        "HOVAL": -0.265474331818,
        "rho": 0.455518629840,
        "lambda": -0.0391950875851,
    },
}


@pytest.mark.parametrize("specification", ["sem", "sac"])
@pytest.mark.filterwarnings("ignore")
def test_gm_is_spatialreg_and_spreg(columbus, specification):
    data, weights = columbus
    result = fit_spatial_gmm(
        FORMULA,
        data,
        weights,
        specification=specification,
        estimator="gm",
        covariance="classical",
    )
    wanted = pd.Series(SPATIALREG[specification])
    np.testing.assert_allclose(result.coefficients[wanted.index], wanted, rtol=PRINTED)
    spreg = pytest.importorskip("spreg")
    y, X = data["CRIME"].to_numpy(), data[["INC", "HOVAL"]].to_numpy()
    if specification == "sac":
        oracle = spreg.GM_Combo(y, X, w=spreg_weights(weights), w_lags=2)
    else:
        oracle = spreg.GM_Error(y, X, w=spreg_weights(weights))
    # spreg gives no standard error of lambda
    np.testing.assert_allclose(result.standard_errors.iloc[:-1], oracle.std_err, rtol=SEARCH)


def neighbours(n, seed, row=True):
    points = np.random.default_rng(seed).uniform(size=(n, 2))
    gap = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gap, 9.0)
    dense = np.zeros((n, n))
    for i in range(n):
        dense[i, np.argsort(gap[i])[:4]] = 1.0
    ids = [f"c{i:03d}" for i in range(n)]
    return pd.DataFrame(dense / (4.0 if row else 5.0), ids, ids)


def drawn(W, M, years, *, rho=0.0, lam=0.0, seed=0, uneven=False, city=1.0, time=1.0):
    rng = np.random.default_rng(seed)
    n, frames = len(W), []
    eye, mu = np.eye(n), city * rng.normal(size=n)
    spread = np.exp(0.6 * np.linspace(-1, 1, n)) if uneven else np.ones(n)
    for year in range(years):
        x = rng.normal(size=n)
        u = np.linalg.solve(eye - lam * M.to_numpy(), spread * rng.normal(size=n))
        y = np.linalg.solve(eye - rho * W.to_numpy(), x + mu + time * year + u)
        frames.append(pd.DataFrame({"city": W.index, "year": year, "y": y, "x": x}))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("effects", ["pooled", "city", "year", "two-way"])
@pytest.mark.parametrize("robust", [False, True])
def test_forms_have_mean_zero_by_brute_force(effects, robust):
    n, years = 6, 3
    W = neighbours(n, 1, row=False).to_numpy()
    shape = ErrorShape(years, n, effects)
    from scipy import sparse

    forms = centred_forms(
        [[sparse.csr_array(W)], [sparse.csr_array(W.T @ W)]], shape, robust=robust
    )
    J = np.column_stack(
        [within(column.reshape(years, n), effects).ravel() for column in np.eye(n * years)]
    )
    blocks = [J @ np.kron(np.eye(years), form[0].toarray()) @ J for form in forms.forms]
    for k, block in enumerate(blocks):
        np.testing.assert_allclose(np.trace(block), 0.0, atol=1e-12)
        np.testing.assert_allclose(np.diag(block), forms.diagonals[k].ravel(), atol=1e-12)
        if robust:
            np.testing.assert_allclose(np.diag(block), 0.0, atol=1e-12)
    np.testing.assert_allclose(
        forms.traces, [[np.trace(a @ b) for b in blocks] for a in blocks], rtol=ALGEBRA
    )
    assert shape.free == round(np.trace(J))
    for order in (3, 4):
        np.testing.assert_allclose((J[0] ** order).sum(), shape.cumulant_share(order), atol=1e-14)
    e = within(np.random.default_rng(2).normal(size=(years, n)), effects)
    np.testing.assert_allclose(
        forms.values(e), [e.ravel() @ block @ e.ravel() for block in blocks], rtol=ALGEBRA
    )


@pytest.mark.parametrize("robust", [False, True])
def test_variance_of_moments_by_drawing(robust):
    """Skewed innovations: third and fourth cumulants matter."""
    n, years, rng = 60, 4, np.random.default_rng(3)
    from scipy import sparse

    W = neighbours(n, 4).to_numpy()
    shape = ErrorShape(years, n, "city" if robust else "pooled")
    forms = centred_forms(
        [[sparse.csr_array(W)], [sparse.csr_array(W.T @ W)]], shape, robust=robust
    )
    H = within(rng.normal(size=(years, n, 1)), shape.effects).reshape(-1, 1)
    spread = np.linspace(0.5, 1.5, n) if robust else 1.0
    moments, estimated = [], []
    for draw in range(3000):
        u = (rng.gamma(1.0, size=(years, n)) - 1.0) * spread
        e = within(u, shape.effects)
        moments.append([*(H.T @ e.ravel()), *forms.values(e)])
        if draw < 200:
            estimated.append(moment_variance(forms, H, e))
    wanted = np.cov(np.array(moments).T)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    # Cumulants from 240 innovations, and variances of heavy tails from 3,000 drawings
    np.testing.assert_allclose(np.mean(estimated, axis=0) / scale, wanted / scale, atol=0.2)


def test_joint_moments_by_brute_force():
    """The criterion at the estimate is smaller than around it, with moments made by hand."""
    W = neighbours(40, 5)
    data = drawn(W, W, 1, rho=0.4, seed=6)
    result = fit_spatial_gmm(
        "y ~ x",
        data.set_index("city"),
        W,
        specification="sar",
        estimator="gmm",
        covariance="classical",
    )
    from spatial.regression.instrumental_equation import instrumental_design, instrumental_equation
    from spatial.regression.instruments import two_stages

    n, dense = 40, W.to_numpy()
    table = data.set_index("city")
    design = instrumental_design("y ~ x", table, W, None, None, {})
    nothing = (np.empty((1, n, 0)), ())
    equation = instrumental_equation(design, "sar", "pooled", (), nothing, 2, 2)
    y, X = table["y"].to_numpy(), np.column_stack([np.ones(n), table["x"]])

    def moments(theta, H, forms):
        e = y - X @ theta[:2] - theta[2] * dense @ y
        return np.array([*(H.T @ e), *(e @ P @ e for P in forms)]), e

    def variance(e, H, forms):
        s2, m3, m4 = (e @ e) / n, np.mean(e**3), np.mean(e**4)
        even = [(P + P.T) / 2 for P in forms]
        D = np.column_stack([np.diag(P) for P in forms])
        lower = [[2 * s2**2 * np.trace(a @ b) for b in even] for a in even]
        return np.block(
            [
                [s2 * H.T @ H, m3 * H.T @ D],
                [m3 * D.T @ H, np.array(lower) + (m4 - 3 * s2**2) * D.T @ D],
            ]
        )

    from scipy.optimize import minimize

    def round_of(start, H, forms):
        weight = np.linalg.inv(variance(moments(start, H, forms)[1], H, forms))

        def criterion(theta):
            g = moments(theta, H, forms)[0]
            return g @ weight @ g

        options = {"xatol": 1e-11, "fatol": 1e-14, "maxiter": 20000, "maxfev": 20000}
        return minimize(criterion, start, method="Nelder-Mead", options=options).x

    centre = lambda A: A - np.trace(A) / n * np.eye(n)  # noqa: E731
    start = two_stages(equation.y, equation.A, equation.H, equation.names).coefficients
    first = round_of(start, equation.H, [centre(dense), centre(dense @ dense)])
    G = dense @ np.linalg.inv(np.eye(n) - first[2] * dense)
    H = np.column_stack([X, G @ X @ first[:2]])
    second = round_of(first, H, [centre(G)])
    np.testing.assert_allclose(result.coefficients, second, rtol=1e-6)
    g, e = moments(second, H, [centre(G)])
    V = variance(e, H, [centre(G)])
    slope = -np.column_stack([X, dense @ y])
    P = centre(G)
    jacobian = np.vstack([H.T @ slope, (P + P.T) @ e @ slope])
    wanted = np.linalg.inv(jacobian.T @ np.linalg.solve(V, jacobian))
    np.testing.assert_allclose(result.covariance, wanted, rtol=1e-4)
    test = result.moment_tests.loc["Hansen J"]
    np.testing.assert_allclose(test["statistic"], g @ np.linalg.solve(V, g), rtol=1e-4)
    assert test["df"] == 1


def test_joint_moments_are_as_efficient_as_likelihood():
    W = neighbours(400, 7)
    for specification, rho, lam in (("sar", 0.4, 0.0), ("sem", 0.0, 0.5)):
        data = drawn(W, W, 1, rho=rho, lam=lam, seed=8).set_index("city")
        ml = fit_cross_section("y ~ x", data, W, specification=specification)
        gmm = fit_spatial_gmm(
            "y ~ x",
            data,
            W,
            specification=specification,
            estimator="gmm",
            covariance="classical",
        )
        # The same limit; at 400 cities they differ by a part of a standard error.
        off = (gmm.coefficients - ml.coefficients).abs() / ml.standard_errors
        assert off.max() < 0.5
        np.testing.assert_allclose(gmm.standard_errors, ml.standard_errors, rtol=0.1)


@pytest.mark.parametrize("estimator", ["gs2sls", "gmm"])
@pytest.mark.parametrize("effects", ["pooled", "city", "two-way"])
def test_unequal_variances_and_two_weights_are_recovered(estimator, effects):
    W, M = neighbours(250, 9), neighbours(250, 10)
    on = {"city": float(effects in ("city", "two-way")), "time": float(effects == "two-way")}
    data = drawn(W, M, 4, rho=0.4, lam=0.5, seed=11, uneven=True, **on)
    result = fit_spatial_gmm(
        "y ~ x",
        data.sample(frac=1.0, random_state=1),
        W,
        city="city",
        year="year",
        effects=effects,
        estimator=estimator,
        error_weights=M,
    )
    truth = pd.Series({"x": 1.0, "rho": 0.4, "lambda": 0.5})
    off = (result.coefficients - truth).dropna().abs()
    assert (off < 3.5 * result.standard_errors[off.index]).all()
    assert (off < 0.15).all()
    assert (result.moment_tests["p_value"] > 0.001).all()


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["gm", "gs2sls", "gmm"])
def test_coverage_of_panels_with_two_way_effects(estimator):
    W = neighbours(150, 12)
    truth, hits = pd.Series({"x": 1.0, "rho": 0.4, "lambda": 0.3}), []
    for seed in range(200):
        data = drawn(W, W, 5, rho=0.4, lam=0.3, seed=seed)
        result = fit_spatial_gmm(
            "y ~ x",
            data,
            W,
            city="city",
            year="year",
            estimator=estimator,
            covariance="classical",
        )
        hits.append((result.coefficients - truth).abs() < 1.96 * result.standard_errors)
    # Binomial: 0.95 less three times 0.0154, and a little for 150 cities
    assert (pd.concat(hits, axis=1).mean(axis=1) > 0.89).all()


def test_without_spatial_errors_gs2sls_is_two_stages():
    """Where lambda comes out as nothing, the filtered equation is the plain one."""
    W, M = neighbours(60, 13), neighbours(60, 14)
    data = drawn(W, M, 3, rho=0.3, seed=15)
    result = fit_spatial_gmm(
        "y ~ x", data, W, city="city", year="year", error_weights=M, specification="sac"
    )
    plain = fit_spatial_iv("y ~ x", data, W, city="city", year="year")
    gap = (result.coefficients[["x", "rho"]] - plain.coefficients).abs()
    assert (gap < plain.standard_errors).all()


def test_effects_predictions_and_tables_come_along():
    W = neighbours(60, 16)
    data = drawn(W, W, 4, rho=0.4, lam=0.3, seed=17)
    result = fit_spatial_gmm("y ~ x", data, W, city="city", year="year", specification="gns")
    assert list(result.coefficients.index) == ["x", "W x", "rho", "lambda"]
    rho, both = result.rho, result.coefficients["x"] + result.coefficients["W x"]
    np.testing.assert_allclose(
        result.effects().table.loc["x", "total"], both / (1 - rho), rtol=ALGEBRA
    )
    filtered = within(result.design.y - rho * result.design.lag(result.design.y), "two-way")
    Z = within(result.estimate.Z, "two-way")
    u = filtered - Z @ result.estimate.delta
    e = within(u - result.lambda_ * result.design.error_lag(u), "two-way")
    np.testing.assert_allclose(result.design.to_caller(e, "e"), result.residuals, rtol=1e-8)
    np.testing.assert_allclose(result.sigma2, (e**2).sum() / (59 * 3), rtol=ALGEBRA)
    assert np.isnan(result.log_likelihood)
    assert len(result.predict().values) == len(data)
    assert "sequential" not in result.summary()
    panel = fit_panel("y ~ x", data, W, specification="gns")
    assert list(panel.tidy().columns) == list(result.tidy().columns)


@pytest.mark.parametrize("estimator", ["gm", "gs2sls", "gmm"])
@pytest.mark.parametrize("changing", [False, True])
def test_a_pooled_panel_is_one_big_cross_section(estimator, changing):
    from scipy import sparse

    from spatial.weights import Weights

    n, years = 30, 3
    tables = [neighbours(n, 30 + changing * t) for t in range(years)]
    frames = [
        drawn(W, W, 1, rho=0.3, lam=0.3, seed=40 + t, city=0.0).assign(year=t)
        for t, W in enumerate(tables)
    ]
    matrices = tuple(sparse.csr_array(W.to_numpy()) for W in tables)
    yearly = Weights(tables[0].index, matrices, years=pd.Index(range(years)))
    options = {"estimator": estimator, "covariance": "classical", "specification": "sac"}
    panel = fit_spatial_gmm(
        "y ~ x",
        pd.concat(frames, ignore_index=True),
        yearly if changing else tables[0],
        city="city",
        year="year",
        effects="pooled",
        **options,
    )
    ids = [f"{city}-{t}" for t in range(years) for city in tables[0].index]
    block = pd.DataFrame(sparse.block_diag(matrices).toarray(), ids, ids)
    flat = pd.concat(frames).set_index(pd.Index(ids)).drop(columns=["city", "year"])
    one = fit_spatial_gmm("y ~ x", flat, block, **options)
    np.testing.assert_allclose(panel.coefficients, one.coefficients, rtol=1e-7)
    np.testing.assert_allclose(panel.covariance, one.covariance, rtol=1e-6)


def test_scale_of_error_weights_is_taken_up_by_lambda():
    W, M = neighbours(60, 18), neighbours(60, 19)
    data = drawn(W, M, 4, lam=0.5, seed=20)
    options = {"city": "city", "year": "year", "effects": "city", "specification": "sem"}
    one = fit_spatial_gmm("y ~ x", data, W, error_weights=M, **options)
    half = fit_spatial_gmm("y ~ x", data, W, error_weights=M * 0.5, **options)
    np.testing.assert_allclose(half.lambda_, 2.0 * one.lambda_, rtol=1e-2)
    np.testing.assert_allclose(half.coefficients["x"], one.coefficients["x"], rtol=1e-2)


def test_refusals(columbus):
    data, weights = columbus
    with pytest.raises(ConfigError, match="fit_spatial_iv"):
        fit_spatial_gmm(FORMULA, data, weights, specification="sar")
    with pytest.raises(ConfigError, match="equal variances"):
        fit_spatial_gmm(FORMULA, data, weights, estimator="gm")
    with pytest.raises(ConfigError, match="year="):
        fit_spatial_gmm(FORMULA, data, weights, effects="city")
    with pytest.raises(ConfigError, match="'sac'"):
        fit_spatial_gmm(FORMULA, data, weights, specification="sacc")
    W, loose = neighbours(30, 21), neighbours(30, 21, row=False)
    panel = drawn(W, W, 3, seed=22)
    with pytest.raises(WeightsError, match=r"C\(year\)"):
        fit_spatial_gmm(
            "y ~ x", panel, W, city="city", year="year", specification="sem", error_weights=loose
        )
    with pytest.raises(ConfigError, match="error_weights"):
        fit_spatial_gmm(
            FORMULA, data, weights, specification="sar", estimator="gmm", error_weights=weights
        )
    result = fit_spatial_gmm(FORMULA, data, weights)
    with pytest.raises(EstimationError, match="likelihood"):
        result.reduction_tests()
    with pytest.raises(EstimationError, match="fit_spatial_gmm"):
        with_covariance(result, "cluster")
