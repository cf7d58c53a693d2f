"""Posterior model probabilities against integration by brute force and known limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln

from shapefiles.example import example_area
from spatial.errors import ConfigError
from spatial.regression import compare_weights, fit_panel
from spatial.regression.posterior import log_integral
from spatial.weights import Weights, inverse_distance_weights, knn_weights

QUADRATURE = 1e-6  # nested adaptive quadrature is asked for no more
ALGEBRA = 1e-8  # two ways to the same determinants and sums of squares


def ring(n, *reach) -> pd.DataFrame:
    ids = [f"c{i}" for i in range(n)]
    dense = sum(np.roll(np.eye(n), s, axis=1) + np.roll(np.eye(n), -s, axis=1) for s in reach)
    return pd.DataFrame(dense / dense.sum(axis=1, keepdims=True), ids, ids)


def panel_of(W, years, *, rho=0.5, theta=0.0, lam=0.0, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n, dense = len(W), W.to_numpy()
    city, frames = rng.normal(size=n), []
    for year in range(years):
        x = rng.normal(size=n)
        e = np.linalg.solve(np.eye(n) - lam * dense, rng.normal(size=n))
        y = np.linalg.solve(np.eye(n) - rho * dense, x + theta * dense @ x + city + year + e)
        frames.append(pd.DataFrame({"city": W.index, "year": year, "y": y, "x": x}))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("specification", ["ols", "sar", "sem"])
def test_integration_over_all_parameters_by_brute_force(specification):
    W = ring(5, 1)
    data = panel_of(W, 1, seed=3)
    n, dense = 5, W.to_numpy()
    y, x = data["y"].to_numpy(), data["x"].to_numpy()
    found = compare_weights(
        "y ~ x - 1", data, {"ring": W}, year=None, effects="pooled", specifications=[specification]
    )
    ours = found.table["log_marginal"].iloc[0]

    def over_beta_and_sigma(rho):
        """Integrate the likelihood over beta (density sqrt 2) and ln sigma^2 (density 1)."""
        A = np.eye(n) - rho * dense
        left, right = A @ y, (A @ x if specification == "sem" else x)
        peak = (right @ left) / (right @ right)

        # beta = peak + sinh(u): its tails fall slowly with few observations
        u, log_variance = np.linspace(-11, 11, 801), np.linspace(-9, 26, 601)
        e = left[:, None] - right[:, None] * (peak + np.sinh(u))
        squares = (e**2).sum(axis=0)[:, None]
        density = np.exp(
            -0.5 * n * (np.log(2 * np.pi) + log_variance) - 0.5 * squares * np.exp(-log_variance)
        )
        inner = np.trapezoid(density, log_variance, axis=1) * np.cosh(u)
        return np.sqrt(2) * np.trapezoid(inner, u) * np.linalg.det(A)

    if specification == "ols":
        brute = over_beta_and_sigma(0.0)
    else:
        omega = np.linalg.eigvalsh(dense)
        low, high = 1 / omega[0], 1 / omega[-1]
        nodes, weights = np.polynomial.legendre.leggauss(24)
        points = 0.5 * (high - low) * nodes + 0.5 * (high + low)
        values = [over_beta_and_sigma(rho) for rho in points]
        brute = 0.5 * np.dot(weights, values)  # the prior density 1 / D takes D off
    assert ours == pytest.approx(np.log(brute) - 0.5 * n * np.log(2), abs=2e-5)


def test_the_formula_on_a_fine_grid_with_fixed_effects():
    W, years = ring(9, 1, 2), 5
    n, dense = 9, W.to_numpy()
    data = panel_of(W, years, theta=0.4, seed=5)
    found = compare_weights("y ~ x", data, {"ring": W}, specifications=["ols", "slx", "sar", "sdm"])
    y = data["y"].to_numpy().reshape(years, n)
    x = data["x"].to_numpy().reshape(years, n)

    def demeaned(v):
        return (v - v.mean(0) - v.mean(1, keepdims=True) + v.mean()).ravel()

    omega = np.linalg.eigvalsh((dense + dense.T) / 2)
    for word in ("ols", "slx", "sar", "sdm"):
        columns = [x] if word in ("ols", "sar") else [x, x @ dense.T]
        Z = np.column_stack([demeaned(v) for v in columns])
        dof = (n * years - Z.shape[1] - n - years + 1) / 2
        annihilate = np.eye(n * years) - Z @ np.linalg.inv(Z.T @ Z) @ Z.T
        e0, ed = annihilate @ demeaned(y), annihilate @ demeaned(y @ dense.T)
        value = gammaln(dof) - dof * np.log(2 * np.pi) - 0.5 * np.log(np.linalg.det(Z.T @ Z))
        if word in ("ols", "slx"):
            value -= dof * np.log(e0 @ e0)
        else:
            low, high = 1 / omega.min(), 1 / omega.max()
            grid = np.linspace(low, high, 400_001)[1:-1]
            log_det = np.log1p(-np.outer(omega, grid)).sum(axis=0)
            f = years * log_det - dof * np.log(e0 @ e0 - 2 * grid * (e0 @ ed) + grid**2 * (ed @ ed))
            value += f.max() + np.log(np.trapezoid(np.exp(f - f.max()), grid)) - np.log(high - low)
        key = ("(none)" if word == "ols" else "ring", word)
        assert found.table.loc[key, "log_marginal"] == pytest.approx(value, abs=QUADRATURE)


@pytest.mark.parametrize("specification", ["sar", "slx", "ols"])
def test_city_effects_equal_dummies_up_to_their_constant(specification):
    W, years = ring(6, 1), 4
    data = panel_of(W, years, seed=2)
    options = {"specifications": [specification], "lagged": ["x"]}
    inside = compare_weights("y ~ x", data, {"ring": W}, effects="city", **options)
    dummies = compare_weights("y ~ x + C(city) - 1", data, {"ring": W}, effects="pooled", **options)
    gap = dummies.table["log_marginal"].iloc[0] - inside.table["log_marginal"].iloc[0]
    # the dummies D bring |D'D| = T^n under the root
    assert gap == pytest.approx(-0.5 * 6 * np.log(years), abs=ALGEBRA)


@pytest.mark.parametrize("specification", ["sar", "sem"])
def test_the_scale_of_weights_does_not_matter_without_lagged_regressors(specification):
    W = ring(8, 1)
    data = panel_of(W, 4)
    found = compare_weights(
        "y ~ x", data, {"once": W, "thrice": W * 3.0}, specifications=[specification]
    )
    first, second = found.table["log_marginal"]
    assert first == pytest.approx(second, abs=ALGEBRA)
    np.testing.assert_allclose(found.table["probability"], 0.5, atol=ALGEBRA)
    assert found.table["spatial"].iloc[0] == pytest.approx(3 * found.table["spatial"].iloc[1])
    np.testing.assert_allclose(
        found.table["residual_moran"].iloc[0], found.table["residual_moran"].iloc[1], atol=1e-7
    )


def test_the_log_of_an_integral():
    gauss = log_integral(lambda t: -0.5 * ((t - 0.3) / 1e-4) ** 2 + 5000.0, -1.0, 1.0)
    assert gauss == pytest.approx(5000 + np.log(1e-4 * np.sqrt(2 * np.pi)), abs=1e-10)
    flat = log_integral(lambda t: -7.0, -1.5, 1.0)
    assert flat == pytest.approx(-7 + np.log(2.5), abs=1e-9)
    beta = log_integral(lambda t: 3 * np.log1p(-t) + 2 * np.log1p(t), -1.0, 1.0)
    exact = gammaln(4) + gammaln(3) - gammaln(7) + 6 * np.log(2)
    assert beta == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("kind", ["sar", "sdm", "sem"])
def test_the_true_weights_and_specification_win(kind):
    near, far = ring(40, 1), ring(40, 7)
    truth = {"sar": {}, "sdm": {"theta": -1.5}, "sem": {"rho": 0.0, "lam": 0.7}}[kind]
    data = panel_of(near, 8, seed=1, **truth)
    found = compare_weights(
        "y ~ x", data, {"far": far, "near": near}, specifications=["ols", "sar", "sdm", "sem"]
    )
    if kind == "sar":  # the Durbin model holds it too; flat priors hardly punish one more column
        assert found.probabilities.loc["near", ["sar", "sdm"]].sum() > 0.999
    else:
        assert found.best == ("near", kind)
    assert found.weights_probability["near"] > 0.999
    assert found.probabilities.to_numpy().sum() == pytest.approx(1.0)
    assert found.specification_probability.sum() == pytest.approx(1.0)
    # the criteria are those of the fits themselves
    fit = fit_panel("y ~ x", data, near, specification=kind)
    row = found.table.loc["near", kind]
    assert row["log_likelihood"] == pytest.approx(fit.log_likelihood)
    assert (row["aic"], row["bic"]) == pytest.approx((fit.aic, fit.bic))
    assert abs(row["residual_moran"]) < 0.1


def test_residual_moran_is_the_plain_formula_of_centred_residuals():
    W = ring(12, 1, 3)
    data = panel_of(W, 3).sample(frac=1.0, random_state=4)
    found = compare_weights("y ~ x", data, {"w": W}, specifications=["slx"], effects="city")
    fit = fit_panel("y ~ x", data, W, specification="slx", effects="city")
    e = fit.residuals.groupby([data["year"], data["city"]]).first().unstack()[W.index].to_numpy()
    dense, e = W.to_numpy(), e - e.mean(axis=1, keepdims=True)
    expected = e.size / (3 * dense.sum()) * sum(t @ dense @ t for t in e) / (e**2).sum()
    assert found.table["residual_moran"].iloc[0] == pytest.approx(expected)


def test_models_that_cannot_be_fitted_are_told_not_hidden():
    W = ring(8, 1)
    broken = Weights(pd.Index(W.index), (knn_island(8),))
    data = panel_of(W, 4)
    found = compare_weights(
        "y ~ x",
        data,
        {"ring": W, "island": broken},
        specifications=["sar"],
        bias_correction=True,
    )
    assert list(found.failures) == [("island", "sar")]
    assert "row" in found.failures["island", "sar"] or "island" in found.failures["island", "sar"]
    assert found.probabilities.loc["ring", "sar"] == pytest.approx(1.0)
    scaled = Weights(pd.Index(W.index), (knn_island(8),)).transformed("min-max")
    assert (
        "scaled in different ways"
        in compare_weights(
            "y ~ x", data, {"ring": W, "scaled": scaled}, specifications=["sar"], permutations=19
        ).notes[0]
    )
    with pytest.raises(ConfigError):
        compare_weights("y ~ x", data, {})
    with pytest.raises(ConfigError):
        compare_weights("y ~ x", data, {"w": W}, specifications=["sar", "sar"])
    with pytest.raises(ConfigError):
        compare_weights("y ~ x", data, {"w": W}, bias_correction="transformation")
    with pytest.raises(ConfigError):
        compare_weights("y ~ x", data, {"w": W}, year=None)


def knn_island(n):
    from scipy import sparse

    dense = ring(n, 1).to_numpy().copy()
    dense[0, :] = 0.0
    return sparse.csr_array(dense)


def test_real_cities_prefer_some_weights():
    area = example_area()
    panel = area.panel.copy()
    columns = [c for c in panel.select_dtypes("number").columns if (panel[c] > 0).all()][:2]
    panel["y"], panel["x"] = np.log(panel[columns[0]]), np.log(panel[columns[1]])
    weights = {
        "near 5": knn_weights(area.cities, k=5),
        "distance": inverse_distance_weights(area.cities, cutoff_km=400, islands="nearest"),
    }
    city, year = panel.index.names
    found = compare_weights(
        "y ~ x", panel[["y", "x"]], weights, city=city, year=year, specifications=["sar"]
    )
    assert not found.failures
    assert found.table["log_marginal"].notna().all()
    best = found.table["log_likelihood"].idxmax()
    assert found.best == best  # with thousands of rows the likelihood decides
