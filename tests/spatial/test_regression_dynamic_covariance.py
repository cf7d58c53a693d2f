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


@pytest.mark.parametrize("effects", ["city", "two-way"])
@pytest.mark.parametrize("kind", ["sandwich", "cluster"])
def test_sums_over_cities_and_pairs(effects, kind):
    n, years = 7, 6
    data = simulated(n, years, np.random.default_rng(4), uneven=True)
    options = {"specification": "sar", "effects": effects}
    plain = fit_dynamic_panel("y ~ x", data, ring(n), **options)
    robust = fit_dynamic_panel("y ~ x", data, ring(n), covariance=kind, **options)
    pd.testing.assert_series_equal(plain.coefficients, robust.coefficients)
    # The model on explicit matrices: innovations that J = F F' leaves, F of N x (N - 1).
    wide = {v: data.pivot(index="year", columns="city", values=v).to_numpy() for v in "yx"}
    W, y, x = ring(n).to_numpy(), wide["y"], wide["x"]
    J = np.eye(n) - 1.0 / n if effects == "two-way" else np.eye(n)
    F = linalg.null_space(np.ones((1, n))) if effects == "two-way" else np.eye(n)

    def clean(values):
        return (values - values.mean(axis=0)) @ J

    Z = np.stack([clean(y[:-1]), clean(y[:-1] @ W.T), clean(x[1:])], axis=2)
    delta, rho = robust.coefficients.to_numpy()[:3], robust.rho
    sigma2, periods = robust.sigma2, years - 1
    e = clean(y[1:]) - rho * clean(y[1:] @ W.T) - Z @ delta
    G = W @ np.linalg.inv(np.eye(n) - rho * W)
    signal = (Z @ delta) @ G.T
    star = F.T @ G @ F
    information = np.zeros((5, 5))
    flat, g = Z.reshape(-1, 3), signal.ravel()
    information[:3, :3] = flat.T @ flat / sigma2
    information[:3, 3] = information[3, :3] = flat.T @ g / sigma2
    information[3, 3] = periods * np.trace(star @ star + star @ star.T) + g @ g / sigma2
    information[3, 4] = information[4, 3] = periods * np.trace(star) / sigma2
    information[4, 4] = periods * F.shape[1] / (2 * sigma2**2)
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
