"""Identification and Anderson-Rubin: ivmodels, linearmodels, brute force and known limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from spatial.errors import ConfigError
from spatial.regression import fit_spatial_iv
from spatial.regression.weak_instruments import (
    anderson_rubin_test,
    identification_tests,
    partialled,
)

ALGEBRA = 1e-8  # two ways to the same projections
GRID = 0.03  # steps of 0.025
ROOT = 1e-5  # ends of sets found by search


def simulated(n=60, *, strength=0.8, endogenous=1, seed=0, variance=False):
    """Draw a cross-section; without spatial terms its instruments are plain columns."""
    rng = np.random.default_rng(seed)
    ids = [f"c{i:03d}" for i in range(n)]
    z = rng.normal(size=(n, endogenous + 2))
    e = rng.normal(size=n) * (np.exp(0.7 * z[:, 0]) if variance else 1.0)
    a = rng.normal(size=n)
    data = pd.DataFrame({"a": a}, index=ids)
    y = a + e
    for j in range(endogenous):
        x = strength * z[:, j] + 0.7 * e + 0.5 * rng.normal(size=n)
        data[f"x{j}"] = x
        y = y + x
    data["y"] = y
    for j in range(z.shape[1]):
        data[f"z{j}"] = z[:, j]
    step = np.roll(np.eye(n), 1, axis=1)
    return data, pd.DataFrame((step + step.T) / 2, ids, ids)


def fitted(data, weights, count, **options):
    xs, zs = [f"x{j}" for j in range(count)], [c for c in data if c.startswith("z")]
    return fit_spatial_iv(
        f"y ~ a + {' + '.join(xs)}",
        data,
        weights,
        specification="ols",
        endogenous=xs,
        instruments=zs,
        **options,
    )


# ivmodels 0.10: anderson_rubin_test(Z=Z, X=X, y=y, beta=0.5, C=C), whose statistic is divided by
# the number of instruments, and the ends of inverse_anderson_rubin_test(Z=Z, X=X, y=y, C=C); with
# two endogenous regressors it profiles with fewer degrees of freedom.
IVMODELS = [
    (1, 0.8, 2.96484784468178, 0.030726348370482603, (0.559459534864149, 1.223545667453083)),
    (1, 0.4, 1.5654871868753715, 0.1954216384458458, (-0.16888125523511965, 1.415092065735222)),
    (2, 0.8, 4.185981788498461, 0.0021673697514402734, None),
    (2, 0.4, 2.032097069145095, 0.0869867807531931, None),
]


@pytest.mark.parametrize(("count", "strength", "statistic", "p_value", "ends"), IVMODELS)
def test_classical_statistics_are_ivmodels(count, strength, statistic, p_value, ends):
    data, weights = simulated(strength=strength, endogenous=count, seed=3)
    null = {f"x{j}": 0.5 for j in range(count)}
    found = fitted(data, weights, count).weak_instruments(null=null)
    test = found.anderson_rubin
    np.testing.assert_allclose(test["statistic"], statistic * (count + 2), rtol=ALGEBRA)
    np.testing.assert_allclose(test["p_value"], p_value, rtol=1e-6)
    if ends is not None:
        row = found.confidence_sets.loc["x0"]
        assert row["shape"] == "interval"
        np.testing.assert_allclose([row["low"], row["high"]], ends, rtol=1e-7)


def test_first_stage_strength_is_linearmodels_and_the_first_stage():
    data, weights = simulated(seed=1)
    linear = pytest.importorskip("linearmodels.iv")
    zs = [c for c in data if c.startswith("z")]
    plain = linear.IV2SLS(data["y"], data[["a"]].assign(const=1.0), data[["x0"]], data[zs]).fit(
        cov_type="unadjusted", debiased=True
    )
    result = fitted(data, weights, 1)
    table = result.weak_instruments().identification
    wanted = float(plain.first_stage.diagnostics["f.stat"].iloc[0])
    np.testing.assert_allclose(table.loc["Cragg-Donald F", "statistic"], wanted, rtol=1e-6)
    robust = fitted(data, weights, 1, covariance="robust")
    free = len(data) - 2 - 3
    np.testing.assert_allclose(
        robust.weak_instruments().identification.loc["Kleibergen-Paap F", "statistic"],
        robust.first_stage.loc["x0", "robust_f"] * free / len(data),
        rtol=ALGEBRA,
    )


def test_one_regressor_lm_is_the_robust_score_by_hand():
    data, weights = simulated(seed=2, variance=True)
    C = np.column_stack([np.ones(len(data)), data["a"]])
    M = np.eye(len(data)) - C @ np.linalg.pinv(C)
    Z, x = M @ data[["z0", "z1", "z2"]].to_numpy(), M @ data["x0"].to_numpy()
    g = Z.T @ x
    S = (Z * x[:, None] ** 2).T @ Z
    table = fitted(data, weights, 1, covariance="robust").weak_instruments().identification
    wanted = g @ np.linalg.solve(S, g)
    np.testing.assert_allclose(table.loc["Kleibergen-Paap LM", "statistic"], wanted, rtol=ALGEBRA)
    assert table.loc["Kleibergen-Paap LM", "df"] == 3
    np.testing.assert_allclose(
        table.loc["Kleibergen-Paap LM", "p_value"], chi2.sf(wanted, 3), rtol=1e-6
    )


@pytest.mark.parametrize("covariance", ["classical", "robust"])
def test_mixing_regressors_or_instruments_changes_no_rank_statistic(covariance):
    data, weights = simulated(endogenous=2, seed=4, variance=True)
    mixed = data.assign(
        x0=data["x0"] + 2.0 * data["x1"],
        z0=3.0 * data["z0"] - data["z2"],
        z3=data["z3"] + 0.5 * data["z1"],
    )
    left = fitted(data, weights, 2, covariance=covariance).weak_instruments().identification
    right = fitted(mixed, weights, 2, covariance=covariance).weak_instruments().identification
    pd.testing.assert_frame_equal(left, right, rtol=1e-7)


def test_with_equal_scores_kleibergen_and_paap_are_cragg_and_donald():
    data, weights = simulated(endogenous=2, seed=5)
    result = fitted(data, weights, 2)
    prepared = partialled(result.equation)

    def equal(scores):
        """Variance of a sum of z v when v has one variance: z and v were made orthonormal."""
        return np.eye(scores.shape[1])

    scaled = identification_tests(prepared, equal)["statistic"]
    # Scores of orthonormal columns sum to variance one over the observations.
    np.testing.assert_allclose(scaled["Kleibergen-Paap LM"] * 60, scaled["Anderson LM"], rtol=1e-8)
    np.testing.assert_allclose(
        scaled["Kleibergen-Paap F"] * 60, scaled["Cragg-Donald F"], rtol=1e-8
    )


@pytest.mark.parametrize("covariance", ["classical", "robust"])
def test_ends_of_a_set_are_where_the_test_turns(covariance):
    data, weights = simulated(seed=6, variance=True)
    result = fitted(data, weights, 1, covariance=covariance)
    row = result.weak_instruments(level=0.9).confidence_sets.loc["x0"]
    assert row["shape"] == "interval"
    assert row["low"] < row["estimate"] < row["high"]
    for end in (row["low"], row["high"]):
        p_value = result.weak_instruments(null={"x0": end}).anderson_rubin["p_value"]
        np.testing.assert_allclose(p_value, 0.1, rtol=ROOT)


def test_projections_hold_what_a_grid_of_the_joint_set_holds():
    data, weights = simulated(n=300, endogenous=2, seed=7)
    result = fitted(data, weights, 2)
    sets = result.weak_instruments().confidence_sets
    prepared, inside = partialled(result.equation), []
    for first in np.linspace(0.0, 2.0, 81):
        for second in np.linspace(0.0, 2.0, 81):
            test = anderson_rubin_test(prepared, {"x0": first, "x1": second}, None)
            if test["p_value"] >= 0.05:
                inside.append((first, second))
    inside = np.array(inside)
    for j, name in enumerate(["x0", "x1"]):
        assert sets.loc[name, "shape"] == "interval"
        np.testing.assert_allclose(sets.loc[name, "low"], inside[:, j].min(), atol=GRID)
        np.testing.assert_allclose(sets.loc[name, "high"], inside[:, j].max(), atol=GRID)


@pytest.mark.parametrize("covariance", ["classical", "robust"])
def test_useless_instruments_exclude_nothing(covariance):
    data, weights = simulated(strength=0.0, seed=8)
    result = fitted(data, weights, 1, covariance=covariance)
    found = result.weak_instruments()
    assert found.confidence_sets.loc["x0", "shape"] in ("line", "two rays")
    assert found.identification.loc["Kleibergen-Paap LM", "p_value"] > 0.05


def test_size_holds_with_weak_instruments():
    rejected = 0
    for seed in range(200):
        data, weights = simulated(strength=0.05, seed=seed, variance=True)
        result = fitted(data, weights, 1, covariance="robust")
        test = anderson_rubin_test(partialled(result.equation), {"x0": 1.0}, result.score_variance)
        rejected += test["p_value"] < 0.05
    assert rejected / 200 < 0.10  # binomial: 0.05 and three times 0.0154


def test_spatial_lags_and_panels_are_examined_too():
    frames = []
    for year in range(4):
        data, weights = simulated(seed=10 + year)
        frames.append(data.assign(year=year).rename_axis("city").reset_index())
    panel = pd.concat(frames, ignore_index=True)
    result = fit_spatial_iv(
        "y ~ a + x0",
        panel,
        weights,
        year="year",
        endogenous=["x0"],
        instruments=["z0"],
        covariance="cluster",
    )
    found = result.weak_instruments()
    assert list(found.confidence_sets.index) == ["x0", "rho"]
    assert (found.confidence_sets["shape"] == "not computed").all()
    assert list(found.tidy().index) == [*found.identification.index, "Anderson-Rubin"]


def test_refusals():
    data, weights = simulated()
    result = fitted(data, weights, 1)
    with pytest.raises(ConfigError, match="not endogenous"):
        result.weak_instruments(null={"a": 0.0})
    with pytest.raises(ConfigError, match="level"):
        result.weak_instruments(level=95)
    plain = fit_spatial_iv("y ~ a", data, weights, specification="ols")
    with pytest.raises(ConfigError, match="No regressor is endogenous"):
        plain.weak_instruments()
