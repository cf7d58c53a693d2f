"""J-tests: two-stage least squares by hand, size under the null, power against it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from spatial.errors import ConfigError
from spatial.regression import compare_weights, j_tests

ALGEBRA = 1e-8


def ring(n, step):
    ids = [f"c{i:03d}" for i in range(n)]
    dense = np.roll(np.eye(n), step, axis=1)
    return pd.DataFrame((dense + dense.T) / 2, ids, ids)


def drawn(W, years, *, rho=0.5, seed=0, effects=True):
    rng = np.random.default_rng(seed)
    n, frames, mu = len(W), [], effects * rng.normal(size=len(W))
    S = np.linalg.inv(np.eye(n) - rho * W.to_numpy())
    for year in range(years):
        x = rng.normal(size=n)
        y = S @ (x + mu + effects * year + rng.normal(size=n))
        frames.append(pd.DataFrame({"city": W.index, "year": year, "y": y, "x": x}))
    return pd.concat(frames, ignore_index=True)


def two_stages(y, A, H):
    P = H @ np.linalg.pinv(H) @ A
    b = np.linalg.solve(P.T @ A, P.T @ y)
    return b, y - A @ b, np.linalg.inv(P.T @ P)


def by_hand(y, X, D, W, V, durbin):
    """Alpha and its standard error with dummies D written out."""

    def parts(M):
        Z = np.column_stack([X, M @ X]) if durbin else X[:, None]
        powers = [X]
        for _ in range(3 if durbin else 2):
            powers.append(M @ powers[-1])
        return np.column_stack([Z, D, M @ y]), np.column_stack(powers)

    A0, H0 = parts(W)
    A1, H1 = parts(V)
    b1, _, _ = two_stages(y, A1, np.column_stack([H1, D]))
    # The dummies of the rival are in the null already.
    count = 2 if durbin else 1
    prediction = A1[:, :count] @ b1[:count] + A1[:, -1] * b1[-1]
    A = np.column_stack([A0, prediction])
    b, e, bread = two_stages(y, A, np.column_stack([H0, H1, D]))
    free = len(y) - A.shape[1]
    return b[-1], np.sqrt(e @ e / free * bread[-1, -1])


@pytest.mark.parametrize("specification", ["sar", "sdm"])
@pytest.mark.parametrize("effects", ["pooled", "two-way"])
def test_two_stages_by_hand(specification, effects):
    near, far = ring(20, 1), ring(20, 3)
    panel = drawn(near, 4, seed=1)
    D = np.ones((80, 1))
    if effects == "two-way":
        cities = pd.get_dummies(panel["city"]).to_numpy(float)
        D = np.column_stack([cities, pd.get_dummies(panel["year"]).to_numpy(float)[:, 1:]])
    big = [np.kron(np.eye(4), W.to_numpy()) for W in (near, far)]
    found = j_tests(
        "y ~ x",
        panel.sample(frac=1.0, random_state=2),
        {"near": near, "far": far},
        specifications=[specification],
        effects=effects,
        bootstrap=0,
    ).table
    y, x = panel["y"].to_numpy(), panel["x"].to_numpy()
    for (null, _, _, _), row in found.iterrows():
        W, V = big if null == "near" else big[::-1]
        alpha, error = by_hand(y, x, D, W, V, specification == "sdm")
        np.testing.assert_allclose(row["alpha"], alpha, rtol=ALGEBRA)
        np.testing.assert_allclose(row["std_error"], error, rtol=ALGEBRA)
        np.testing.assert_allclose(row["p_value"], 2 * norm.sf(abs(alpha / error)), rtol=1e-6)
    assert found["p_bootstrap"].isna().all()


def test_the_wrong_weights_are_rejected_and_the_right_ones_kept():
    near, far = ring(150, 1), ring(150, 5)
    panel = drawn(near, 4, seed=3)
    tests = j_tests("y ~ x", panel, {"near": near, "far": far}, rng=4, bootstrap=99)
    kept, rejected = tests.table.loc["near"].iloc[0], tests.table.loc["far"].iloc[0]
    assert kept["p_value"] > 0.01
    assert kept["p_bootstrap"] > 0.01
    assert rejected["p_value"] < 1e-6
    assert rejected["p_bootstrap"] == 0.01  # (1 + 0) / (1 + 99)
    again = j_tests("y ~ x", panel, {"near": near, "far": far}, rng=4, bootstrap=99)
    pd.testing.assert_frame_equal(tests.table, again.table)
    assert tests.configuration.seed == 4
    third = {"near": near, "far": far, "other": ring(150, 9)}
    more = j_tests("y ~ x", panel, third, rng=4, bootstrap=99).table
    pd.testing.assert_frame_equal(more.loc[tests.table.index], tests.table)
    assert len(more) == 6


def test_cross_sections_and_the_comparison_lead_here():
    near, far = ring(60, 1), ring(60, 4)
    data = drawn(near, 1, seed=5, effects=False).set_index("city").drop(columns="year")
    options = {"city": None, "year": None, "effects": "pooled"}
    weights = {"near": near, "far": far}
    direct = j_tests("y ~ x", data, weights, bootstrap=19, rng=6, **options)
    comparison = compare_weights(
        "y ~ x", data, weights, specifications=["sar", "sem"], permutations=19, rng=6, **options
    )
    pd.testing.assert_frame_equal(comparison.j_tests(bootstrap=19, rng=6).table, direct.table)


def test_pairs_of_specifications_and_failures():
    near, far = ring(30, 1), ring(30, 4)
    panel = drawn(near, 3, seed=7)
    tests = j_tests(
        "y ~ x", panel, {"near": near, "far": far}, specifications=["sar", "sdm"], bootstrap=0
    )
    assert len(tests.table) == 8
    assert not tests.failures
    same = j_tests("y ~ x", panel, {"near": near, "far": far, "again": near}, bootstrap=0)
    key = ("near", "sar", "again", "sar")
    assert key in same.failures
    assert same.table.loc[key].isna().all()


def test_refusals():
    near, far = ring(30, 1), ring(30, 4)
    panel = drawn(near, 3, seed=8)
    with pytest.raises(ConfigError, match="at least two"):
        j_tests("y ~ x", panel, {"near": near})
    with pytest.raises(ConfigError, match="'sdm'"):
        j_tests("y ~ x", panel, {"near": near, "far": far}, specifications=["sem"])
    with pytest.raises(ConfigError, match="pooled"):
        j_tests("y ~ x", panel, {"near": near, "far": far}, year=None)


@pytest.mark.slow
def test_size_under_the_null():
    near, far = ring(60, 1), ring(60, 4)
    asymptotic, resampled, runs = 0, 0, 200
    for seed in range(runs):
        row = (
            j_tests(
                "y ~ x",
                drawn(near, 3, rho=0.3, seed=seed),
                {"near": near, "far": far},
                bootstrap=99,
                rng=seed,
            )
            .table.loc["near"]
            .iloc[0]
        )
        asymptotic += row["p_value"] < 0.05
        resampled += row["p_bootstrap"] <= 0.05
    # Binomial: 0.05 and three times 0.0154
    assert resampled / runs < 0.10
    assert resampled / runs > 0.01
    assert asymptotic / runs < 0.15
