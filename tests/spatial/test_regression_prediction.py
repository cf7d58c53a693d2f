"""Predictions in and out of sample, and who is hit by a shock: dense algebra and spreg."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError
from spatial.regression import fit_cross_section, fit_panel, predict, shock

EXACT = 1e-9
SPREG = 1e-5  # spreg's optimiser stops at 1e-7 in rho
ALL = ["ols", "slx", "sar", "sem", "sdm", "sdem"]
N, YEARS = 8, 6


def panel_and_weights(years=YEARS, seed=0):
    rng = np.random.default_rng(seed)
    ids = [f"c{i}" for i in range(N)]
    dense = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.5)
    dense += np.roll(np.eye(N), 1, axis=1)
    np.fill_diagonal(dense, 0.0)
    dense /= dense.sum(axis=1, keepdims=True)
    S = np.linalg.inv(np.eye(N) - 0.4 * dense)
    mu, rows = rng.normal(size=N), []
    for t in range(years):
        a = rng.normal(size=N) + 2.0
        y = S @ (a + mu + 0.1 * t + 0.5 * rng.normal(size=N))
        kind = np.where(rng.uniform(size=N) < 0.5, "north", "south")
        rows.append(pd.DataFrame({"city": ids, "year": 2000 + t, "y": y, "a": a, "kind": kind}))
    return pd.concat(rows, ignore_index=True), pd.DataFrame(dense, ids, ids)


@pytest.mark.parametrize("specification", ALL)
@pytest.mark.parametrize("effects", ["pooled", "city", "year", "two-way"])
def test_sample_with_and_without_multiplier(specification, effects):
    panel, weights = panel_and_weights()
    panel = panel.sample(frac=1.0, random_state=0)
    result = fit_panel("y ~ a", panel, weights, specification=specification, effects=effects)
    whole, near = result.predict(), result.predict(multiplier=False)
    assert whole.values.index.equals(panel.index)
    W = weights.to_numpy()
    wide = panel.assign(yhat=whole.values).pivot(index="year", columns="city", values="yhat")
    levels = panel.assign(level=whole.table["regressors"] + whole.table["effects"])
    levels = levels.pivot(index="year", columns="city", values="level")
    rho = result.rho or 0.0
    np.testing.assert_allclose(wide - rho * wide.to_numpy() @ W.T, levels, rtol=EXACT)
    if specification in ("ols", "slx", "sar", "sdm") or effects in ("pooled", "city"):
        np.testing.assert_allclose(near.values, result.fitted, rtol=EXACT)
    again = result.predict(panel.drop(columns="y"))
    pd.testing.assert_series_equal(again.values, whole.values, rtol=EXACT)
    assert not again.notes


def test_new_years_by_hand():
    panel, weights = panel_and_weights(years=8)
    old, new = panel[panel["year"] < 2006], panel[panel["year"] >= 2006]
    result = fit_panel("y ~ a", old, weights, specification="sdm", effects="two-way")
    found = predict(result, new.sample(frac=1.0, random_state=3))
    W, b = weights.to_numpy(), result.coefficients
    S = np.linalg.inv(np.eye(N) - b["rho"] * W)
    for year, rows in new.groupby("year"):
        a = rows.set_index("city")["a"].reindex(weights.index).to_numpy()
        city = result.fixed_effects["city"].reindex(weights.index).to_numpy()
        wanted = S @ (b["a"] * a + b["W a"] * W @ a + result.intercept + city)
        got = found.values.reindex(rows.index).to_numpy()
        np.testing.assert_allclose(got, wanted, rtol=EXACT, err_msg=str(year))
    assert len(found.notes) == 1
    assert "2006, 2007" in found.notes[0]
    with pytest.raises(PanelError, match="outcome 'y'"):
        predict(result, new.drop(columns="y"), multiplier=False)


def test_levels_and_centres_of_the_sample_are_kept():
    panel, weights = panel_and_weights()
    result = fit_panel("y ~ center(a) + C(kind)", panel, weights, effects="pooled")
    moved = panel[panel["year"] == 2003].assign(kind="south")
    found = predict(result, moved).table["regressors"]
    b, W = result.coefficients, weights.to_numpy()
    X = np.column_stack([np.ones(N), moved["a"] - panel["a"].mean(), np.ones(N)])
    wanted = X @ b[["const", "center(a)", "C(kind)[T.south]"]]
    wanted = wanted + W @ (X[:, 1:] @ b[["W center(a)", "W C(kind)[T.south]"]].to_numpy())
    np.testing.assert_allclose(found, wanted, rtol=EXACT)


def test_other_cities_with_their_own_weights():
    panel, weights = panel_and_weights()
    result = fit_panel("y ~ a", panel, weights, specification="sar", effects="city")
    ids = ["c0", "new1", "new2"]
    other = pd.DataFrame((np.ones((3, 3)) - np.eye(3)) / 2, ids, ids)
    rows = pd.DataFrame({"city": ids, "year": 2010, "a": [1.0, 2.0, 3.0]})
    found = predict(result, rows, weights=other)
    known = result.intercept + np.array([result.fixed_effects["city"]["c0"], 0.0, 0.0])
    S = np.linalg.inv(np.eye(3) - result.rho * other.to_numpy())
    wanted = S @ (result.coefficients["a"] * rows["a"].to_numpy() + known)
    np.testing.assert_allclose(found.values, wanted, rtol=EXACT)
    assert "'new1', 'new2'" in found.notes[0]


def columbus(shared_folder):
    folder = shared_folder / "reference" / "03_columbus_crosssection"
    data = pd.read_csv(folder / "columbus.csv")
    links = pd.read_csv(folder / "w_pairs.csv")
    ids = [f"n{i:02d}" for i in range(1, 50)]
    dense = np.zeros((49, 49))
    dense[links["i"] - 1, links["j"] - 1] = 1.0
    dense /= dense.sum(axis=1, keepdims=True)
    return data.set_index(pd.Index(ids)), pd.DataFrame(dense, ids, ids)


def test_cross_section_predictions_are_spreg(shared_folder):
    spreg = pytest.importorskip("spreg")
    from libpysal.weights import full2W

    data, weights = columbus(shared_folder)
    w = full2W(weights.to_numpy())
    w.transform = "r"
    oracle = spreg.ML_Lag(data["CRIME"].to_numpy(), data[["INC", "HOVAL"]].to_numpy(), w)
    result = fit_cross_section("CRIME ~ INC + HOVAL", data, weights, specification="sar")
    new = data.drop(columns="CRIME")
    np.testing.assert_allclose(result.predict(new).values, oracle.predy_e.ravel(), rtol=SPREG)
    near = result.predict(data.iloc[::-1], multiplier=False).values
    np.testing.assert_allclose(near[data.index], oracle.predy.ravel(), rtol=SPREG)


@pytest.mark.parametrize("specification", ALL)
def test_shock_to_a_regressor_is_a_column_of_the_effect_matrix(specification):
    panel, weights = panel_and_weights()
    result = fit_panel("y ~ a", panel, weights, specification=specification)
    matrix = result.effects().effect_matrix("a")
    hit = result.shock("c3", -2.0, "a")
    assert (hit.abs().diff().dropna() <= 0).all()
    np.testing.assert_allclose(hit[weights.index], -2.0 * matrix["c3"], atol=EXACT)
    again = predict(result, panel.assign(a=panel["a"] - 2.0 * (panel["city"] == "c3")))
    change = (again.values - result.predict().values)[panel["year"] == 2001]
    np.testing.assert_allclose(change, hit[panel["city"].iloc[:N]], atol=1e-8)


def test_shock_to_an_outcome():
    panel, weights = panel_and_weights()
    W = weights.to_numpy()
    for specification in ("sar", "sem"):
        result = fit_panel("y ~ a", panel, weights, specification=specification)
        spatial = result.coefficients.iloc[-1]
        wanted = np.linalg.inv(np.eye(N) - spatial * W)[:, 2] * 5.0
        np.testing.assert_allclose(shock(result, "c2", 5.0)[weights.index], wanted, rtol=EXACT)
    plain = shock(fit_panel("y ~ a", panel, weights, specification="ols"), "c2", 5.0)
    assert plain["c2"] == 5.0
    assert plain.drop("c2").eq(0.0).all()


def test_refusals():
    panel, weights = panel_and_weights()
    result = fit_panel("y ~ a", panel, weights)
    with pytest.raises(EstimationError, match="no city"):
        shock(result, "c99", 1.0)
    with pytest.raises(EstimationError, match="choose from 'a'"):
        shock(result, "c1", 1.0, "b")
    with pytest.raises(AlignmentError, match="c0"):
        predict(result, panel[panel["city"] != "c0"])
    with pytest.raises(PanelError, match="not balanced"):
        predict(result, panel.iloc[1:])
    with pytest.raises(PanelError, match="'a' has 1"):
        predict(result, panel.assign(a=panel["a"].mask(panel.index == 3)))
    with pytest.raises(ConfigError, match="'a'"):
        predict(result, panel.drop(columns="a"))
    with pytest.raises(PanelError, match="rows of their cities"):
        predict(result, weights=weights)
