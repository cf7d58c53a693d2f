"""LR tests of effects and Moran's I of residuals."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spatial.autocorrelation import global_moran
from spatial.errors import EstimationError
from spatial.regression import effect_tests, fit_cross_section, fit_panel, residual_moran

FORMULA = "logc ~ logp + logy"
PRINTED = 0.06  # published with one digit
EXACT = 1e-6  # log-likelihoods of the reference


@pytest.fixture(scope="module")
def cigar(shared_folder):
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    panel = pd.read_csv(folder / "cigar.csv")
    ids = panel["state"].iloc[:46]
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    return panel, weights, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def columbus(shared_folder):
    folder = shared_folder / "reference" / "03_columbus_crosssection"
    table = pd.read_csv(folder / "columbus.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    pairs = pd.read_csv(folder / "w_pairs.csv")
    return table, pairs, expected


def ring(n, *, chord=True):
    ids = [f"c{i}" for i in range(n)]
    W = (np.roll(np.eye(n), 1, 1) + np.roll(np.eye(n), -1, 1)) / 2
    if chord:
        W[0] = np.eye(n)[2] * 0.5 + np.eye(n)[1] * 0.5
    return pd.DataFrame(W, index=ids, columns=ids)


def made(n=30, years=6, *, lam=0.0, seed=4):
    rng = np.random.default_rng(seed)
    weights = ring(n, chord=False)
    x = rng.normal(size=(years, n))
    e = rng.normal(size=(years, n))
    u = np.linalg.solve(np.eye(n) - lam * weights.to_numpy(), e.T).T
    rows = pd.MultiIndex.from_product([range(years), weights.index], names=["year", "city"])
    return pd.DataFrame({"y": (x + u).ravel(), "x": x.ravel()}, index=rows), weights


def test_published_statistics_of_cigarette_demand(cigar):
    """Elhorst (2014): 2315.7 for states, 473.1 for years, least squares."""
    panel, weights, expected = cigar
    result = fit_panel(FORMULA, panel, weights, city="state", specification="ols")
    table = effect_tests(result).table
    published = expected["published_verified"]
    assert table.loc["city effects", "statistic"] == pytest.approx(
        published["Elhorst 2014 LR spatial FE jointly zero (46 df)"], abs=PRINTED
    )
    assert table.loc["year effects", "statistic"] == pytest.approx(
        published["Elhorst 2014 LR time FE jointly zero (30 df)"], abs=PRINTED
    )
    logs = expected["exact_logdet"]
    assert table.loc["city and year effects", "statistic"] == pytest.approx(
        2 * (logs["ols.twoway.logl"] - logs["ols.pooled.logl"]), rel=EXACT
    )
    assert list(table["df"]) == [45, 29, 74, 1]


def test_random_against_pooled_is_the_mixed_model_comparison(cigar):
    formulas = pytest.importorskip("statsmodels.formula.api")
    panel, weights, _ = cigar
    mixed = formulas.mixedlm(FORMULA, panel, groups=panel["state"]).fit(reml=False)
    pooled = formulas.ols(FORMULA, panel).fit()
    result = fit_panel(FORMULA, panel, weights, city="state", specification="ols", effects="city")
    row = effect_tests(result).table.loc["random effects of cities"]
    assert row["statistic"] == pytest.approx(2 * (mixed.llf - pooled.llf), rel=EXACT)


@pytest.mark.parametrize("specification", ["sar", "sem", "sdm"])
def test_statistics_are_differences_of_fitted_models(specification):
    data, weights = made()
    fits = {
        kind: fit_panel(
            "y ~ x", data, weights, specification=specification, effects=kind, bias_correction=False
        )
        for kind in ("pooled", "city", "year", "two-way", "random")
    }
    table = effect_tests(fits["city"]).table
    for row in table.itertuples():
        gain = fits[row.with_effects].log_likelihood - fits[row.without_effects].log_likelihood
        assert row.statistic == pytest.approx(2 * gain, abs=1e-6)
        chi2 = stats.chi2.sf(max(row.statistic, 0.0), row.df)
        if row.with_effects == "random":
            assert row.p_value == pytest.approx(chi2 / 2 if row.statistic > 0 else 1.0, rel=1e-6)
        else:
            assert row.p_value == pytest.approx(chi2, rel=1e-6)


def test_cross_sections_have_no_effects():
    data, weights = made(years=1)
    with pytest.raises(EstimationError, match="two years"):
        effect_tests(fit_cross_section("y ~ x", data.loc[0], weights, specification="ols"))


def test_moran_of_columbus_residuals(columbus):
    """spdep's lm.morantest prints the same I; its moments are those of normal residuals."""
    table, pairs, expected = columbus
    published = expected["results"]["moran_resid"]
    ids = list(range(1, 50))
    W = pd.DataFrame(0.0, index=ids, columns=ids)
    for i, j in pairs.to_numpy():
        W.loc[i, j] = 1.0
    W = W.div(W.sum(axis=1), axis=0)
    result = fit_cross_section(
        "CRIME ~ INC + HOVAL",
        table.set_axis(ids, axis=0),
        W,
        specification="ols",
    )
    row = residual_moran(result, permutations=1999, rng=3).table.loc["all years"]
    assert row["statistic"] == pytest.approx(published["I"], rel=1e-9)
    assert row["z_score"] == pytest.approx(published["z"], rel=0.15)
    assert row["p_permutation"] < 0.03


def test_each_year_is_the_global_moran_of_its_residuals():
    data, weights = made(lam=0.4)
    result = fit_panel("y ~ x", data, weights, specification="ols", effects="city")
    test = residual_moran(result, rng=1)
    for year in range(6):
        peer = global_moran(result.residuals.loc[year], weights, permutations=0)
        assert test.table.loc[year, "statistic"] == pytest.approx(peer.statistic, rel=1e-10)
        assert test.table.loc[year, "expected"] == pytest.approx(peer.expected, abs=0.03)
    assert test.table.loc["all years", "n"] == 180
    assert test.table.loc["all years", "p_permutation"] == pytest.approx(1 / 1000)


def test_permutations_agree_with_all_rearrangements():
    """Six cities in two years: 720 x 720 orders, sums of independent years."""
    data, weights = made(6, 2, seed=8)
    weights = ring(6)
    result = fit_panel("y ~ x", data, weights, specification="ols", effects="pooled")
    e = result.residuals.to_numpy().reshape(2, 6)
    e = e - e.mean(axis=1, keepdims=True)
    orders = np.array(list(itertools.permutations(range(6))))
    W = weights.to_numpy()
    every = [np.einsum("pi,ij,pj->p", row[orders], W, row[orders]) for row in e]
    seen = sum(row @ W @ row for row in e)
    total = (every[0][:, None] + every[1][None, :]).ravel()
    exact = np.mean(np.abs(total - total.mean()) >= abs(seen - total.mean()) - 1e-12)
    drawn = residual_moran(result, permutations=9999, rng=2).table.loc["all years"]
    assert drawn["p_permutation"] == pytest.approx(exact, abs=0.02)
    assert drawn["expected"] == pytest.approx(-1 / 5, abs=0.01)


def test_a_fitting_error_model_leaves_nothing():
    data, weights = made(60, 8, lam=0.6)
    left = {
        specification: residual_moran(
            fit_panel("y ~ x", data, weights, specification=specification), rng=1
        ).table.loc["all years"]
        for specification in ("ols", "sem")
    }
    assert left["ols"]["p_permutation"] < 0.01
    assert left["sem"]["p_permutation"] > 0.05


def test_seeds_order_and_guards():
    data, weights = made()
    result = fit_panel("y ~ x", data, weights, specification="sar", effects="random")
    first, again = residual_moran(result, rng=5), residual_moran(result, rng=5)
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.configuration.seed == 5
    shuffled = fit_panel(
        "y ~ x",
        data.sample(frac=1, random_state=1),
        weights,
        specification="sar",
        effects="random",
    )
    np.testing.assert_allclose(
        residual_moran(shuffled, rng=5).table["statistic"], first.table["statistic"], rtol=1e-6
    )
    with pytest.raises(EstimationError, match="19"):
        residual_moran(result, permutations=5)
    greater = residual_moran(result, alternative="greater", rng=5).table["p_permutation"]
    less = residual_moran(result, alternative="less", rng=5).table["p_permutation"]
    assert (greater + less >= 1.0).all()
