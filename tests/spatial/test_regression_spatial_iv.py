"""Spatial two-stage least squares: spatialreg, spreg, linearmodels and dummies by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from spatial.errors import AlignmentError, ConfigError, EstimationError
from spatial.regression import fit_cross_section, fit_panel, fit_spatial_iv, with_covariance

EXACT = 1e-9
REFERENCE = 1e-8  # closed form: both sides are exact to the conditioning of the instruments
FORMULA = "CRIME ~ INC + HOVAL"


@pytest.fixture(scope="module")
def folder(shared_folder):
    return shared_folder / "reference" / "03_columbus_crosssection"


@pytest.fixture(scope="module")
def columbus(folder):
    data = pd.read_csv(folder / "columbus.csv")
    links = pd.read_csv(folder / "w_pairs.csv")
    ids = [f"n{i:02d}" for i in range(1, 50)]
    dense = np.zeros((49, 49))
    dense[links["i"] - 1, links["j"] - 1] = 1.0
    dense /= dense.sum(axis=1, keepdims=True)
    return data.set_index(pd.Index(ids)), pd.DataFrame(dense, ids, ids)


@pytest.mark.parametrize(
    ("block", "options"),
    [
        ("STSLS", {}),
        ("STSLS_W1Xonly", {"orders": 1}),
        ("STSLS_robustHC0", {"covariance": "robust"}),
    ],
)
def test_spatialreg(folder, columbus, block, options):
    wanted = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["results"][block]
    result = fit_spatial_iv(FORMULA, *columbus, **options)
    names = {"(Intercept)": "const", "Rho": "rho"}
    for name, value in wanted["estimate"].items():
        got = result.coefficients[names.get(name, name)]
        np.testing.assert_allclose(got, value, rtol=REFERENCE)
    for name, value in wanted["se"].items():
        got = result.standard_errors[names.get(name, name)]
        np.testing.assert_allclose(got, value, rtol=REFERENCE)
    if "sigma2" in wanted:
        np.testing.assert_allclose(result.sigma2, wanted["sigma2"], rtol=REFERENCE)
    table = result.effects().table
    for kind, values in wanted.get("impacts", {}).items():
        for name, value in values.items():
            np.testing.assert_allclose(table.loc[name, kind], value, rtol=REFERENCE)


@pytest.mark.parametrize("orders", [1, 2])
@pytest.mark.parametrize("lag_instruments", [True, False])
def test_endogenous_regressors_are_spreg(columbus, orders, lag_instruments):
    spreg = pytest.importorskip("spreg")
    from libpysal.weights import full2W

    data, weights = columbus
    w = full2W(weights.to_numpy())
    w.transform = "r"
    oracle = spreg.GM_Lag(
        data["CRIME"].to_numpy(),
        data[["INC"]].to_numpy(),
        yend=data[["HOVAL"]].to_numpy(),
        q=data[["DISCBD"]].to_numpy(),
        w=w,
        w_lags=orders,
        lag_q=lag_instruments,
        robust="white",
    )
    result = fit_spatial_iv(
        FORMULA,
        data.iloc[::-1],
        weights,
        endogenous=["HOVAL"],
        instruments=["DISCBD"],
        orders=orders,
        lag_instruments=lag_instruments,
        covariance="robust",
    )
    np.testing.assert_allclose(result.coefficients, oracle.betas.ravel(), rtol=REFERENCE)
    np.testing.assert_allclose(result.standard_errors, oracle.std_err, rtol=REFERENCE)
    assert result.endogenous == ("HOVAL", "rho")


def test_spatial_hac_is_spreg(columbus):
    spreg = pytest.importorskip("spreg")
    from libpysal.weights import Kernel, full2W

    data, weights = columbus
    xy = data[["X", "Y"]].to_numpy()
    km = np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(axis=2))
    gwk = Kernel(xy, bandwidth=8.0, fixed=True, function="triangular", diagonal=True)
    w = full2W(weights.to_numpy())
    w.transform = "r"
    oracle = spreg.GM_Lag(
        data["CRIME"].to_numpy(),
        data[["INC", "HOVAL"]].to_numpy(),
        w=w,
        gwk=gwk,
        w_lags=2,
        robust="hac",
    )
    result = fit_spatial_iv(
        FORMULA,
        data,
        weights,
        covariance="conley",
        distances=pd.DataFrame(km, data.index, data.index),
        cutoff_km=8.0,
    )
    np.testing.assert_allclose(result.standard_errors, oracle.std_err, rtol=REFERENCE)


def test_tests_of_instruments_are_linearmodels(columbus):
    linear = pytest.importorskip("linearmodels.iv")
    data, weights = columbus
    W = weights.to_numpy()
    result = fit_spatial_iv(FORMULA, data, weights, endogenous=["HOVAL"], instruments=["DISCBD"])
    exogenous = data[["INC"]].assign(const=1.0)
    endogenous = data[["HOVAL"]].assign(rho=W @ data["CRIME"])
    excluded = pd.DataFrame(
        {
            "q": data["DISCBD"],
            "wx": W @ data["INC"],
            "wq": W @ data["DISCBD"],
            "wwx": W @ W @ data["INC"],
            "wwq": W @ W @ data["DISCBD"],
        },
        index=data.index,
    )
    model = linear.IV2SLS(data["CRIME"], exogenous, endogenous, excluded)
    plain = model.fit(cov_type="unadjusted", debiased=True)
    np.testing.assert_allclose(result.coefficients["rho"], plain.params["rho"], rtol=REFERENCE)
    np.testing.assert_allclose(
        result.standard_errors[plain.std_errors.index], plain.std_errors, rtol=REFERENCE
    )
    sargan = result.instrument_tests.loc["Sargan"]
    np.testing.assert_allclose(sargan["statistic"], plain.sargan.stat, rtol=1e-6)
    np.testing.assert_allclose(sargan["p_value"], plain.sargan.pval, rtol=1e-6)
    stage = plain.first_stage.diagnostics
    np.testing.assert_allclose(result.first_stage["partial_r2"], stage["partial.rsquared"])
    np.testing.assert_allclose(
        result.first_stage["f"].to_numpy(), stage["f.stat"].astype(float), rtol=1e-6
    )
    efficient = linear.IVGMM(data["CRIME"], exogenous, endogenous, excluded).fit()
    hansen = result.instrument_tests.loc["Hansen J"]
    np.testing.assert_allclose(hansen["statistic"], efficient.j_stat.stat, rtol=1e-6)
    assert hansen["df"] == 3


def simulated(n=40, years=5, seed=0):
    rng = np.random.default_rng(seed)
    ids = [f"c{i:03d}" for i in range(n)]
    dense = (np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)) / 2
    S = np.linalg.inv(np.eye(n) - 0.4 * dense)
    mu, rows = rng.normal(size=n), []
    for t in range(years):
        a, z, e = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)
        x = z + 0.8 * e + 0.3 * rng.normal(size=n) + mu
        y = S @ (a + x + mu + 0.2 * t + e)
        rows.append(pd.DataFrame({"city": ids, "year": t, "y": y, "a": a, "x": x, "z": z}))
    return pd.concat(rows, ignore_index=True), pd.DataFrame(dense, ids, ids)


@pytest.mark.parametrize("effects", ["pooled", "city", "year", "two-way"])
@pytest.mark.parametrize("covariance", ["classical", "robust", "cluster"])
def test_panels_are_two_stages_with_dummies(effects, covariance):
    panel, weights = simulated()
    big = np.kron(np.eye(5), weights.to_numpy())
    columns = [np.ones((len(panel), 1))] if effects == "pooled" else []
    if effects in ("city", "two-way"):
        columns.append(pd.get_dummies(panel["city"]).to_numpy(float))
    if effects in ("year", "two-way"):
        columns.append(pd.get_dummies(panel["year"]).to_numpy(float)[:, effects == "two-way" :])
    D, (y, a, x, z) = np.column_stack(columns), panel[["y", "a", "x", "z"]].to_numpy().T
    A = np.column_stack([a, x, big @ y, D])
    lagged = [big @ a, big @ z, big @ big @ a, big @ big @ z]
    H = np.column_stack([a, z, *lagged, D])
    P = H @ np.linalg.pinv(H) @ A
    b = np.linalg.solve(P.T @ A, P.T @ y)
    e, bread = y - A @ b, np.linalg.inv(P.T @ P)
    if covariance == "classical":
        V = bread * (e @ e) / (len(y) - A.shape[1])
    else:
        codes = np.arange(len(y)) if covariance == "robust" else pd.factorize(panel["city"])[0]
        sums = pd.DataFrame(P * e[:, None]).groupby(codes).sum().to_numpy()
        V = bread @ sums.T @ sums @ bread
    result = fit_spatial_iv(
        "y ~ a + x",
        panel.sample(frac=1.0, random_state=1),
        weights,
        year="year",
        effects=effects,
        endogenous=["x"],
        instruments=["z"],
        covariance=covariance,
    )
    np.testing.assert_allclose(result.coefficients[["a", "x", "rho"]], b[:3], rtol=1e-8)
    wanted = np.sqrt(np.diag(V))[:3]
    np.testing.assert_allclose(result.standard_errors[["a", "x", "rho"]], wanted, rtol=1e-8)


def test_instruments_mend_what_endogeneity_breaks():
    panel, weights = simulated(n=120, years=6, seed=2)
    naive = fit_panel("y ~ a + x", panel, weights, specification="sar")
    mended = fit_spatial_iv(
        "y ~ a + x", panel, weights, year="year", endogenous=["x"], instruments=["z"]
    )
    truth = pd.Series({"a": 1.0, "x": 1.0, "rho": 0.4})
    assert abs(naive.coefficients["x"] - 1.0) > 0.3
    assert ((mended.coefficients - truth).abs() < 4 * mended.standard_errors).all()
    assert mended.instrument_tests.loc["Sargan", "p_value"] > 0.01
    assert (mended.first_stage["conditional_f"] > 10).all()


def test_valid_instruments_are_rejected_as_often_as_they_should():
    p_values = []
    for seed in range(100):
        panel, weights = simulated(n=40, years=4, seed=seed)
        result = fit_spatial_iv(
            "y ~ a + x", panel, weights, year="year", endogenous=["x"], instruments=["z"]
        )
        p_values.append(result.instrument_tests["p_value"])
    # Uniform p-values have mean 0.5; that of a hundred varies by 0.03.
    np.testing.assert_allclose(np.mean(p_values, axis=0), 0.5, atol=0.1)


def test_durbin_models_instrument_the_lag_of_an_endogenous_regressor():
    panel, weights = simulated(n=120, years=6, seed=3)
    result = fit_spatial_iv(
        "y ~ a + x",
        panel,
        weights,
        year="year",
        specification="sdm",
        endogenous=["x"],
        instruments=["z"],
    )
    assert result.endogenous == ("x", "W x", "rho")
    assert result.instruments == ("z", "W z", "W2 a", "W2 z", "W3 a", "W3 z")
    truth = pd.Series({"a": 1.0, "x": 1.0, "W a": 0.0, "W x": 0.0, "rho": 0.4})
    off = (result.coefficients[truth.index] - truth).abs()
    assert (off < 4 * result.standard_errors[truth.index]).all()


def test_exogenous_least_squares_is_itself():
    panel, weights = simulated()
    for specification in ("ols", "slx"):
        plain = fit_panel("y ~ a + x", panel, weights, specification=specification)
        iv = fit_spatial_iv("y ~ a + x", panel, weights, year="year", specification=specification)
        pd.testing.assert_frame_equal(plain.covariance, iv.covariance, rtol=1e-8)
        assert iv.first_stage.empty


def test_predictions_and_shocks_come_along(columbus):
    result = fit_spatial_iv(FORMULA, *columbus)
    near = result.predict(multiplier=False).values
    np.testing.assert_allclose(near, result.fitted, rtol=EXACT)
    assert result.shock("n01", 1.0).index[0] == "n01"
    ml = fit_cross_section(FORMULA, *columbus, specification="sar")
    assert list(ml.coefficients.index) == list(result.coefficients.index)


def test_panels_are_predicted_out_of_sample():
    panel, weights = simulated()
    result = fit_spatial_iv("y ~ a", panel, weights, year="year", effects="city")
    again = result.predict(panel.drop(columns="y")).values
    np.testing.assert_allclose(again, result.predict().values, rtol=EXACT)


def test_refusals(columbus):
    data, weights = columbus
    with pytest.raises(EstimationError, match="at least as many columns"):
        fit_spatial_iv(FORMULA, data, weights, endogenous=["HOVAL"])
    with pytest.raises(ConfigError, match="no regressors"):
        fit_spatial_iv(FORMULA, data, weights, endogenous=["PLUMB"], instruments=["DISCBD"])
    with pytest.raises(ConfigError, match="are regressors"):
        fit_spatial_iv(FORMULA, data, weights, instruments=["INC"])
    with pytest.raises(ConfigError, match="'DISCBDX'"):
        fit_spatial_iv(FORMULA, data, weights, endogenous=["INC"], instruments=["DISCBDX"])
    with pytest.raises(EstimationError, match="independent instruments"):
        fit_spatial_iv(FORMULA, data, weights, orders=0)
    with pytest.raises(ConfigError, match="year="):
        fit_spatial_iv(FORMULA, data, weights, effects="city")
    with pytest.raises(AlignmentError, match="n49"):
        fit_spatial_iv(FORMULA, data.iloc[:-1], weights)
    result = fit_spatial_iv(FORMULA, data, weights)
    with pytest.raises(EstimationError, match="likelihood"):
        result.reduction_tests()
    with pytest.raises(EstimationError, match="fit_spatial_iv"):
        with_covariance(result, "cluster")
