"""Robust covariances of dynamic panels against explicit sums and a simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from spatial.errors import ConfigError
from spatial.regression import fit_dynamic_panel


def ring(n: int) -> pd.DataFrame:
    ids = [f"c{i:02d}" for i in range(n)]
    near = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), 3, axis=1)
    return pd.DataFrame(near / 2, ids, ids)


def simulated(n: int, years: int, rng: np.random.Generator, *, uneven: bool) -> pd.DataFrame:
    W = ring(n).to_numpy()
    S, y, tables = np.linalg.inv(np.eye(n) - 0.3 * W), np.zeros(n), []
    level = rng.normal(size=n)
    for t in range(years + 20):
        x = rng.normal(size=n)
        # Noise that grows with the size of the regressor: the information is then wrong.
        spread = np.abs(x) * 1.5 if uneven else 1.0
        y = S @ (0.4 * y + x + level + rng.normal() + spread * rng.normal(size=n))
        if t >= 20:
            index = ring(n).index
            tables.append(pd.DataFrame({"city": index, "year": t, "y": y, "x": x}))
    return pd.concat(tables, ignore_index=True)


def explicit(data, result, effects):
    """Weights, J, regressors, innovations and signal as explicit matrices, J = F F'."""
    n = data["city"].nunique()
    wide = {v: data.pivot(index="year", columns="city", values=v).to_numpy() for v in "yx"}
    W, y, x = ring(n).to_numpy(), wide["y"], wide["x"]
    J = np.eye(n) - 1.0 / n if effects == "two-way" else np.eye(n)

    def clean(values):
        return (values - values.mean(axis=0)) @ J

    Z = np.stack([clean(y[:-1]), clean(y[:-1] @ W.T), clean(x[1:])], axis=2)
    delta = result.coefficients.to_numpy()[:3]
    e = clean(y[1:]) - result.rho * clean(y[1:] @ W.T) - Z @ delta
    G = W @ np.linalg.inv(np.eye(n) - result.rho * W)
    return W, J, Z, e, (Z @ delta) @ G.T


def full_information(data, result, effects, kept=1.0):
    """Information about tau, eta, x, rho and sigma2 after F of N x (N - 1).

    ``kept`` is the share of the years that the city effects leave.
    """
    W, _, Z, _, signal = explicit(data, result, effects)
    n, sigma2, periods = len(W), result.sigma2, len(Z) * kept
    F = linalg.null_space(np.ones((1, n))) if effects == "two-way" else np.eye(n)
    star = F.T @ W @ np.linalg.inv(np.eye(n) - result.rho * W) @ F
    information = np.zeros((5, 5))
    flat, g = Z.reshape(-1, 3), signal.ravel()
    information[:3, :3] = flat.T @ flat / sigma2
    information[:3, 3] = information[3, :3] = flat.T @ g / sigma2
    information[3, 3] = periods * np.trace(star @ star + star @ star.T) + g @ g / sigma2
    information[3, 4] = information[4, 3] = periods * np.trace(star) / sigma2
    information[4, 4] = periods * F.shape[1] / (2 * sigma2**2)
    return information


@pytest.mark.parametrize("effects", ["city", "two-way"])
@pytest.mark.parametrize("kind", ["sandwich", "cluster"])
def test_sums_over_cities_and_pairs(effects, kind):
    n, years = 7, 6
    data = simulated(n, years, np.random.default_rng(4), uneven=True)
    options = {"specification": "sar", "effects": effects}
    plain = fit_dynamic_panel("y ~ x", data, ring(n), covariance="direct", **options)
    robust = fit_dynamic_panel("y ~ x", data, ring(n), covariance=kind, **options)
    pd.testing.assert_series_equal(plain.coefficients, robust.coefficients)
    W, J, Z, e, signal = explicit(data, robust, effects)
    rho, sigma2, periods = robust.rho, robust.sigma2, years - 1
    G = W @ np.linalg.inv(np.eye(n) - rho * W)
    flat, g = Z.reshape(-1, 3), signal.ravel()
    information = full_information(data, robust, effects)
    np.testing.assert_allclose(np.linalg.inv(information)[:4, :4], plain.covariance, rtol=1e-8)
    quadratic = J @ G @ J
    if kind == "sandwich":
        mean = np.mean(e**2)
        third, excess = np.mean(e**3) * (sigma2 / mean) ** 1.5, np.mean(e**4) / mean**2 - 3.0
        d = np.tile(np.diag(quadratic), periods)
        variance = information.copy()
        variance[3, 3] += excess * d @ d + 2 * third * g @ d / sigma2**2
        corner = excess * d.sum() / (2 * sigma2) + third * g.sum() / (2 * sigma2**3)
        variance[3, 4] += corner
        variance[4, 3] += corner
        variance[4, 4] += excess * d.size / (4 * sigma2**2)
        cross = third * flat.T @ d / sigma2**2
        variance[:3, 3] += cross
        variance[3, :3] += cross
        last = third * flat.sum(axis=0) / (2 * sigma2**3)
        variance[:3, 4] += last
        variance[4, :3] += last
    else:
        scores = np.zeros((n, 5))
        pairs = np.zeros((n, n))
        for i in range(n):
            scores[i, :3] = Z[:, i].T @ e[:, i] / sigma2
            scores[i, 4] = (e[:, i] @ e[:, i] - periods * sigma2) / (2 * sigma2**2)
            for j in range(n):
                pairs[i, j] = quadratic[i, j] * (e[:, i] @ e[:, j])
            own = signal[:, i] @ e[:, i] + pairs[i, i] - sigma2 * periods * quadratic[i, i]
            scores[i, 3] = own / sigma2
        variance = scores.T @ scores
        variance[3, 3] += (
            sum((pairs[i, j] + pairs[j, i]) ** 2 for i in range(n) for j in range(i)) / sigma2**2
        )
        total = scores.sum(axis=0)
        total[3] += (pairs.sum() - np.trace(pairs)) / sigma2
        variance -= np.outer(total, total) / n
    inverse = np.linalg.inv(information)
    expected = (inverse @ variance @ inverse)[:4, :4]
    np.testing.assert_allclose(robust.covariance, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("effects", ["city", "two-way"])
@pytest.mark.parametrize("method", ["eigenvalues", "sparse-lu"])
def test_the_slope_of_the_correction(effects, method):
    n, years = 9, 9
    data = simulated(n, years, np.random.default_rng(6), uneven=False)
    options = {"specification": "sar", "effects": effects, "log_determinant": method}
    plain = fit_dynamic_panel("y ~ x", data, ring(n), covariance="direct", **options)
    wider = fit_dynamic_panel("y ~ x", data, ring(n), **options)
    pd.testing.assert_series_equal(plain.coefficients, wider.coefficients)
    # Slopes of tr(D) / m and tr(W D) / m in closed form, D = [(1 - tau) I - (rho + eta) W]^-1.
    F = linalg.null_space(np.ones((1, n))) if effects == "two-way" else np.eye(n)
    W = F.T @ ring(n).to_numpy() @ F
    raw = fit_dynamic_panel("y ~ x", data, ring(n), bias_correction=False, **options)
    D = np.linalg.inv((1 - raw.tau) * np.eye(len(W)) - (raw.rho + raw.eta) * W)
    one, two, three = (np.trace(power @ D @ D) / len(W) for power in (np.eye(len(W)), W, W @ W))
    slopes = np.zeros((5, 5))  # tau, eta, x, rho, sigma2
    slopes[0, [0, 1, 3]] = one, two, two
    slopes[1, [0, 1, 3]] = slopes[3, [0, 1, 3]] = two, three, three
    slopes[4, 4] = -1.0 / (2.0 * raw.sigma2**2)
    full = full_information(data, raw, effects)
    left = full_information(data, plain, effects, kept=(years - 2) / (years - 1))
    m = len(W) * (years - 1)
    H = np.eye(5) + np.linalg.solve(full / m, slopes) / (years - 1)
    expected = (H @ np.linalg.inv(left) @ H.T)[:4, :4]
    np.testing.assert_allclose(wider.covariance, expected, rtol=1e-6, atol=1e-12)
    off = fit_dynamic_panel("y ~ x", data, ring(n), bias_correction=False, **options)
    old = fit_dynamic_panel(
        "y ~ x", data, ring(n), covariance="direct", bias_correction=False, **options
    )
    pd.testing.assert_frame_equal(off.covariance, old.covariance)


def test_the_correction_widens_intervals_as_much_as_estimates_spread():
    rng = np.random.default_rng(12)
    runs = [
        fit_dynamic_panel(
            "y ~ x",
            simulated(40, 9, rng, uneven=False),
            ring(40),
            specification="sar",
        )
        for _ in range(40)
    ]
    spread = np.std([run.tau for run in runs], ddof=1)
    stated = np.mean([run.standard_errors["tau"] for run in runs])
    # Forty draws give a standard deviation to about 11 per cent.
    assert stated == pytest.approx(spread, rel=0.25)


def test_uneven_noise():
    rng = np.random.default_rng(3)
    n, found, stated = 40, [], {"information": [], "cluster": []}
    for _ in range(25):
        data = simulated(n, 12, rng, uneven=True)
        for kind, errors in stated.items():
            result = fit_dynamic_panel("y ~ x", data, ring(n), specification="sar", covariance=kind)
            errors.append(result.standard_errors["x"])
        found.append(result.coefficients["x"])
    spread = np.std(found, ddof=1)
    # E[x^4] = 3 E[x^2]^2: the true variance is three times the one that the information states.
    assert np.mean(stated["information"]) < 0.8 * spread
    assert np.mean(stated["cluster"]) == pytest.approx(spread, rel=0.3)
    assert np.mean(stated["cluster"]) > 1.4 * np.mean(stated["information"])


def test_effects_and_stability_use_the_covariance():
    data = simulated(20, 10, np.random.default_rng(8), uneven=True)
    plain, robust = (
        fit_dynamic_panel("y ~ x", data, ring(20), covariance=kind)
        for kind in ("information", "cluster")
    )
    assert robust.stability.standard_error != plain.stability.standard_error
    for horizon in ("short-run", 2, "long-run"):
        one, two = plain.effects(horizon).table, robust.effects(horizon).table
        np.testing.assert_allclose(one["direct"], two["direct"])
        assert (one["direct_se"] != two["direct_se"]).all()
    assert robust.configuration.options["covariance"] == "cluster"
    with pytest.raises(ConfigError, match="'cluster'"):
        fit_dynamic_panel("y ~ x", data, ring(20), covariance="conley")
