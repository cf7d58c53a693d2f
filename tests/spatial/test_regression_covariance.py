"""Robust covariances: plm's clustered errors, simulated scores, and limits where they agree."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError, EstimationError
from spatial.regression import fit_panel
from spatial.regression.information import information_matrix
from spatial.regression.multiplier import Traces, lagged_multiplier
from spatial.regression.robust_covariance import (
    cluster_score_variance,
    moment_score_variance,
)

PLM = 1e-6  # precision of the committed values
SIMULATED = 0.06  # 40,000 draws of fourth-moment terms
N, YEARS, K = 6, 3, 2


@pytest.mark.parametrize(
    ("effects", "block"),
    [
        ("pooled", "pooling.individual"),
        ("city", "within.individual"),
        ("year", "within.time"),
        ("two-way", "within.twoways"),
    ],
)
def test_least_squares_clustered_by_city_is_plm(shared_folder, effects, block):
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    panel = pd.read_csv(folder / "cigar.csv")
    ids = panel["state"].iloc[:46]
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["R_plm"][block]
    result = fit_panel(
        "logc ~ logp + logy",
        panel,
        weights,
        city="state",
        specification="ols",
        effects=effects,
        covariance="cluster",
    )
    for name, value in expected["se_arellano_HC0"].items():
        label = name.replace("(Intercept)", "const")
        np.testing.assert_allclose(result.standard_errors[label], value, rtol=PLM)


def system(seed=0):
    """Weights, regressors, G and signal of a small lag model."""
    from scipy import sparse

    rng = np.random.default_rng(seed)
    dense = rng.uniform(size=(N, N)) * (1 - np.eye(N))
    dense /= dense.sum(axis=1, keepdims=True)
    rho = 0.4
    G = lagged_multiplier(sparse.csr_array(dense), rho)
    Z = rng.normal(size=(YEARS, N, K)) + 0.5
    signal = (Z @ np.array([1.0, -0.5])) @ G.T
    return G, Z, signal


def score(e, G, Z, signal, sigma2):
    """Score of (delta, rho, sigma2) written out, for e of shape (draws, years, n)."""
    linear = np.einsum("tnk,dtn->dk", Z, e) / sigma2
    quadratic = np.einsum("dti,ij,dtj->d", e, G, e)
    third = (np.einsum("tn,dtn->d", signal, e) + quadratic) / sigma2 - YEARS * np.trace(G)
    last = (np.sum(e**2, axis=(1, 2)) / sigma2 - N * YEARS) / (2 * sigma2)
    return np.column_stack([linear, third, last])


def information_of(G, Z, signal, sigma2):
    traces = Traces(YEARS * np.trace(G), YEARS * np.trace(G @ G), YEARS * float(np.sum(G**2)))
    return information_matrix(Z, signal, traces, sigma2, N * YEARS)


@pytest.mark.parametrize("shape", [None, 2.0])
def test_variance_of_the_score_of_skewed_innovations(shape):
    G, Z, signal = system()
    rng = np.random.default_rng(1)
    size, sigma2 = (40_000, YEARS, N), 0.7
    if shape is None:
        e, skewness, excess = rng.normal(size=size), 0.0, 0.0
    else:  # a centred gamma distribution with known moments
        e = (rng.gamma(shape, size=size) - shape) / np.sqrt(shape)
        skewness, excess = 2 / np.sqrt(shape), 6 / shape
    e *= np.sqrt(sigma2)
    simulated = np.cov(score(e, G, Z, signal, sigma2).T)
    formula = moment_score_variance(
        information_of(G, Z, signal, sigma2),
        Z,
        signal,
        np.tile(np.diag(G), (YEARS, 1)),
        sigma2,
        skewness * sigma2**1.5,
        excess,
    )
    scale = np.sqrt(np.outer(np.diag(formula), np.diag(formula)))
    np.testing.assert_allclose(simulated / scale, formula / scale, atol=SIMULATED)


def test_clustered_variance_of_the_score_under_serial_dependence():
    G, Z, signal = system()
    rng = np.random.default_rng(2)
    draws, sigma2 = 40_000, 1.0
    common = rng.normal(size=(draws, 1, N))
    e = np.sqrt(0.6) * common + np.sqrt(0.4) * rng.normal(size=(draws, YEARS, N))
    simulated = np.cov(score(e, G, Z, signal, sigma2).T)
    estimated = np.mean(
        [cluster_score_variance(Z, signal, one, (G,), sigma2) for one in e[:8000]], axis=0
    )
    scale = np.sqrt(np.outer(np.diag(simulated), np.diag(simulated)))
    np.testing.assert_allclose(estimated / scale, simulated / scale, atol=SIMULATED)
    # The information takes the innovations for independent and is far too sure of rho.
    assert information_of(G, Z, signal, sigma2)[K, K] < 0.8 * simulated[K, K]


def test_yearly_gains_add_up_like_one():
    G, Z, signal = system()
    e = np.random.default_rng(3).normal(size=(YEARS, N))
    once = cluster_score_variance(Z, signal, e, (G,), 1.0)
    yearly = cluster_score_variance(Z, signal, e, (G,) * YEARS, 1.0)
    np.testing.assert_allclose(once, yearly, rtol=1e-10)


def simulated_panel(innovation, n=80, years=8):
    rng = np.random.default_rng(5)
    ids = [f"c{i}" for i in range(n)]
    W = (np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)) / 2
    S = np.linalg.inv(np.eye(n) - 0.4 * W)
    rows = []
    e = innovation(rng, years, n)
    x = rng.normal(size=n) + 0.3 * rng.normal(size=(years, n))
    for t in range(years):
        y = S @ (x[t] + e[t])
        rows.append(pd.DataFrame({"city": ids, "year": t, "y": y, "x": x[t]}))
    return pd.concat(rows), pd.DataFrame(W, ids, ids)


@pytest.mark.parametrize("specification", ["sar", "sem", "sdm", "sdem"])
def test_all_three_are_close_for_independent_normal_innovations(specification):
    panel, weights = simulated_panel(lambda rng, years, n: rng.normal(size=(years, n)), n=240)
    options = {"specification": specification, "effects": "two-way"}
    plain = fit_panel("y ~ x", panel, weights, **options)
    for covariance in ("sandwich", "cluster"):
        robust = fit_panel("y ~ x", panel, weights, covariance=covariance, **options)
        pd.testing.assert_series_equal(plain.coefficients, robust.coefficients)
        # Clustered errors of 240 cities themselves vary by about a tenth.
        np.testing.assert_allclose(robust.standard_errors, plain.standard_errors, rtol=0.25)
        assert robust.configuration.options["covariance"] == covariance
        assert np.linalg.eigvalsh(robust.covariance).min() > 0
        assert np.isfinite(robust.effects().table["total_se"]).all()


def test_clusters_matter_when_cities_differ_for_good():
    def lasting(rng, years, n):
        return rng.normal(size=(1, n)) + 0.3 * rng.normal(size=(years, n))

    panel, weights = simulated_panel(lasting)
    plain = fit_panel("y ~ x", panel, weights, specification="sar", effects="year")
    robust = fit_panel(
        "y ~ x", panel, weights, specification="sar", effects="year", covariance="cluster"
    )
    assert (robust.standard_errors > 1.5 * plain.standard_errors).all()


def test_order_of_rows_and_cities_does_not_matter():
    panel, weights = simulated_panel(lambda rng, years, n: rng.exponential(size=(years, n)), n=20)
    order = np.random.default_rng(0).permutation(weights.index)
    for covariance in ("sandwich", "cluster"):
        first = fit_panel("y ~ x", panel, weights, covariance=covariance)
        second = fit_panel(
            "y ~ x",
            panel.sample(frac=1.0, random_state=1),
            weights.loc[order, order],
            covariance=covariance,
        )
        pd.testing.assert_frame_equal(first.covariance, second.covariance, rtol=1e-6)


def test_wrong_combinations():
    panel, weights = simulated_panel(lambda rng, years, n: rng.normal(size=(years, n)), n=20)
    with pytest.raises(ConfigError, match="'sandwich', 'cluster'"):
        fit_panel("y ~ x", panel, weights, covariance="hc3")
    with pytest.raises(EstimationError, match="bias_correction=True"):
        fit_panel("y ~ x", panel, weights, covariance="cluster", bias_correction="transformation")


@pytest.mark.parametrize("specification", ["sar", "sdm", "sem", "sdem", "sac"])
def test_information_counts_what_city_effects_leave(specification):
    # City effects: correction and transformation have the same estimates, so the same errors.
    panel, weights = simulated_panel(lambda rng, *size: rng.normal(size=size), n=30, years=5)
    options = {"specification": specification, "effects": "city"}
    corrected = fit_panel("y ~ x", panel, weights, **options)
    transformed = fit_panel("y ~ x", panel, weights, bias_correction="transformation", **options)
    np.testing.assert_allclose(corrected.covariance, transformed.covariance, rtol=1e-5, atol=1e-9)
    direct = fit_panel("y ~ x", panel, weights, covariance="direct", **options)
    pd.testing.assert_series_equal(corrected.coefficients, direct.coefficients)
    spatial = direct.coefficients.index[-1]
    ratio = direct.standard_errors[spatial] / corrected.standard_errors[spatial]
    assert ratio < 0.97
    if specification in ("sem", "sdem"):  # traces are all that is known about lambda
        np.testing.assert_allclose(ratio, np.sqrt(4 / 5), rtol=1e-6)


@pytest.mark.parametrize("specification", ["sdm", "sem"])
def test_all_kinds_agree_where_each_year_has_an_effect(specification):
    # Dense weights: one eigenvalue, that of the common level, which year effects take out, holds
    # most of the traces. Counting it makes direct errors far too small, clustered ones too large.
    rng = np.random.default_rng(8)
    n, years = 60, 8
    ids = [f"c{i}" for i in range(n)]
    dense = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.3)
    np.fill_diagonal(dense, 0.0)
    dense /= dense.sum(axis=1, keepdims=True)
    S = np.linalg.inv(np.eye(n) - 0.6 * dense)
    x, e = rng.normal(size=(2, years, n))
    index = pd.MultiIndex.from_product([range(years), ids], names=["year", "city"])
    panel = pd.DataFrame({"x": x.ravel(), "y": ((x + e) @ S.T).ravel()}, index=index)
    weights = pd.DataFrame(dense, index=ids, columns=ids)
    options = {"specification": specification, "effects": "two-way"}
    errors = {
        kind: fit_panel("y ~ x", panel, weights, covariance=kind, **options).standard_errors.iloc[
            -1
        ]
        for kind in ("information", "direct", "sandwich", "cluster")
    }
    transformed = fit_panel("y ~ x", panel, weights, bias_correction="transformation", **options)
    errors["transformation"] = transformed.standard_errors.iloc[-1]
    for kind in ("sandwich", "cluster", "transformation"):
        assert abs(errors[kind] / errors["information"] - 1.0) < 0.15
    assert errors["direct"] < 0.75 * errors["information"]


def test_standard_errors_of_lambda_in_short_panels_are_the_spread_of_estimates():
    n, years, draws = 40, 4, 120
    rng = np.random.default_rng(0)
    ids = [f"c{i:02d}" for i in range(n)]
    W = (np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)) / 2
    weights = pd.DataFrame(W, index=ids, columns=ids)
    S = np.linalg.inv(np.eye(n) - 0.4 * W)
    index = pd.MultiIndex.from_product([range(years), ids], names=["year", "city"])
    found, errors = [], []
    for _ in range(draws):
        x, e = rng.normal(size=(2, years, n))
        panel = pd.DataFrame({"x": x.ravel(), "y": (x + e @ S.T).ravel()}, index=index)
        result = fit_panel("y ~ x", panel, weights, specification="sem", effects="city")
        found.append(result.coefficients["lambda"])
        errors.append(result.standard_errors["lambda"])
    # The spread of 120 draws has a standard error of 6.5 %; direct errors are 13 % too small.
    assert abs(np.mean(errors) / np.std(found) - 1.0) < 0.1
