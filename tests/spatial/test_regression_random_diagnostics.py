"""Dependence between cities and variance inflation against plm, statsmodels and loops."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from spatial.errors import AlignmentError, EstimationError, PanelError
from spatial.regression import cross_section_dependence, fit_panel, variance_inflation

FORMULA = "logc ~ logp + logy"
PUBLISHED = 1e-8  # plm, double precision


@pytest.fixture(scope="module")
def cigar(shared_folder):
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    panel = pd.read_csv(folder / "cigar.csv")
    ids = panel["state"].iloc[:46]
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    return panel, weights, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def series(years=12, n=5, seed=0):
    values = np.random.default_rng(seed).normal(size=years * n)
    rows = pd.MultiIndex.from_product(
        [range(years), [f"c{i}" for i in range(n)]], names=["year", "city"]
    )
    return pd.Series(values, index=rows, name="growth")


def test_published_statistics_of_cigarette_demand(cigar):
    panel, weights, expected = cigar
    result = fit_panel(FORMULA, panel, weights, city="state", specification="ols")
    test = cross_section_dependence(result)
    published = expected["R_plm"]
    for name, key in (("CD", "cd"), ("LM", "lm"), ("scaled LM", "sclm")):
        known = published[f"pcdtest_within_twoways_{key}"]
        assert test.table.loc[name, "statistic"] == pytest.approx(known["statistic"], rel=PUBLISHED)
        assert test.table.loc[name, "p_value"] == pytest.approx(known["p"], rel=1e-6, abs=1e-300)


def test_published_statistic_with_city_effects(cigar):
    panel, weights, expected = cigar
    result = fit_panel(FORMULA, panel, weights, city="state", specification="ols", effects="city")
    known = expected["R_plm"]["pcdtest_formula_within_cd"]["statistic"]
    assert cross_section_dependence(result).table.loc["CD", "statistic"] == pytest.approx(
        known, rel=PUBLISHED
    )


def test_sums_over_pairs_by_loops():
    values = series()
    wide = values.unstack("city").to_numpy()
    n, years = 5, 12
    rho = [np.corrcoef(wide[:, i], wide[:, j])[0, 1] for i in range(n) for j in range(i + 1, n)]
    test = cross_section_dependence(values)
    assert test.mean_correlation == pytest.approx(np.mean(rho), rel=1e-10)
    expected = [
        np.sqrt(2 * years / (n * (n - 1))) * sum(rho),
        years * sum(r**2 for r in rho),
        np.sqrt(1 / (n * (n - 1))) * sum(years * r**2 - 1 for r in rho),
    ]
    np.testing.assert_allclose(test.table["statistic"], expected, rtol=1e-10)
    shuffled = cross_section_dependence(values.sample(frac=1, random_state=2))
    np.testing.assert_allclose(shuffled.table, test.table, rtol=1e-10)


def test_size_and_power_of_cd():
    rejections = {0.0: 0, 0.7: 0}
    for share in rejections:
        for seed in range(200):
            rng = np.random.default_rng(seed)
            common = share * rng.normal(size=(8, 1))
            values = series(8, 20).copy()
            values[:] = (common + rng.normal(size=(8, 20))).ravel()
            p_value = cross_section_dependence(values).table.loc["CD", "p_value"]
            rejections[share] += p_value < 0.05
    assert rejections[0.0] <= 22  # 5 % of 200 and three standard errors
    assert rejections[0.7] >= 190


def test_guards_of_dependence():
    values = series()
    with pytest.raises(AlignmentError, match="state"):
        cross_section_dependence(values, city="state")
    with pytest.raises(PanelError, match="not balanced"):
        cross_section_dependence(values.iloc[1:])
    with pytest.raises(PanelError, match="more than once"):
        cross_section_dependence(pd.concat([values, values.iloc[:1]]))
    with pytest.raises(EstimationError, match="three years"):
        cross_section_dependence(values.loc[:1])
    steady = values.copy()
    steady[steady.index.get_level_values("city") == "c1"] = 2.0
    with pytest.raises(EstimationError, match="c1"):
        cross_section_dependence(steady)


@pytest.mark.parametrize("effects", ["pooled", "city", "year", "two-way", "random"])
def test_factors_agree_with_statsmodels(cigar, effects):
    influence = pytest.importorskip("statsmodels.stats.outliers_influence")
    panel, weights, _ = cigar
    result = fit_panel(FORMULA, panel, weights, city="state", specification="sdm", effects=effects)
    table = variance_inflation(result).table
    lag = weights.to_numpy()
    X = {}
    for name in ("logp", "logy"):
        wide = panel.pivot(index="year", columns="state", values=name)[weights.index]
        X[name], X[f"W {name}"] = wide, wide @ lag.T
    columns = []
    for name in table.index:
        wide = X[name].to_numpy()
        if effects in ("city", "two-way"):
            wide = wide - wide.mean(axis=0)
        if effects in ("year", "two-way"):
            wide = wide - wide.mean(axis=1, keepdims=True)
        columns.append(wide.ravel())
    matrix = np.column_stack([*columns, np.ones(len(panel))])
    for k, name in enumerate(table.index):
        expected = influence.variance_inflation_factor(matrix, k)
        assert table.loc[name, "vif"] == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(table["vif"] * table["tolerance"], 1.0)


def test_a_single_regressor_is_not_inflated(cigar):
    panel, weights, _ = cigar
    fit = {"city": "state", "specification": "ols", "effects": "pooled"}
    one = variance_inflation(fit_panel("logc ~ logp", panel, weights, **fit))
    assert one.table.loc["logp", "vif"] == pytest.approx(1.0)
    with pytest.raises(EstimationError, match="constant"):
        variance_inflation(fit_panel("logc ~ 1", panel, weights, **fit))
