"""The ladder of tests: its numbers, and its decision where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError, PanelError
from spatial.regression import fit_panel, lm_tests, specification_ladder
from spatial.regression.ladder import _decide

N, YEARS = 60, 10
IDS = [f"c{i}" for i in range(N)]
STEPS = [
    ("least squares", "LM lag"),
    ("least squares", "robust LM lag"),
    ("least squares", "LM error"),
    ("least squares", "robust LM error"),
    ("Durbin model", "LR SDM to SAR"),
    ("Durbin model", "Wald SDM to SAR"),
    ("Durbin model", "LR SDM to SEM"),
    ("Durbin model", "Wald SDM to SEM"),
    ("Durbin model", "Wald no spatial terms"),
]


def ring():
    reach = [np.roll(np.eye(N), shift, axis=1) for shift in (-2, -1, 1, 2)]
    return pd.DataFrame(sum(reach) / 4, IDS, IDS)


def panel_of(kind, seed=0):
    rng = np.random.default_rng(seed)
    W = ring().to_numpy()
    rho = 0.0 if kind == "ols" else 0.6
    S = np.linalg.inv(np.eye(N) - rho * W)
    city, rows = rng.normal(size=N), []
    for year in range(YEARS):
        a = rng.normal(size=N)
        mean = a + city + 0.3 * year
        e = 0.5 * rng.normal(size=N)
        y = {
            "ols": mean + e,
            "sar": S @ (mean + e),
            "sem": mean + S @ e,
            "sdm": S @ (mean - 1.0 * W @ a + e),
        }[kind]
        rows.append(pd.DataFrame({"city": IDS, "year": year, "y": y, "a": a}))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("kind", ["ols", "sar", "sem", "sdm"])
def test_the_true_specification_is_found(kind):
    ladder = specification_ladder("y ~ a", panel_of(kind), ring())
    assert ladder.decision == kind
    assert ladder.chosen.specification == kind
    assert ladder.durbin.specification == "sdm"
    assert ladder.reason.endswith((".", "needed.", "enough."))


def test_numbers_are_those_of_the_single_tests():
    panel, weights = panel_of("sdm"), ring()
    table = specification_ladder("y ~ a", panel, weights).table
    lagrange = lm_tests("y ~ a", panel, weights).table.loc["two-way", "statistic"]
    np.testing.assert_allclose(table.loc["least squares", "statistic"], lagrange, rtol=1e-12)
    durbin = fit_panel("y ~ a", panel, weights)
    reductions = durbin.reduction_tests().table["statistic"]
    assert table.loc[("Durbin model", "LR SDM to SAR"), "statistic"] == pytest.approx(
        reductions["SDM to SAR", "LR"]
    )
    both = fit_panel("y ~ a", panel, weights, bias_correction=False).log_likelihood
    year = fit_panel("y ~ a", panel, weights, effects="year", bias_correction=False)
    row = table.loc[("fixed effects", "LR city effects")]
    assert row["statistic"] == pytest.approx(2 * (both - year.log_likelihood))
    assert row["df"] == N - 1
    assert table.loc[("fixed effects", "LR year effects"), "df"] == YEARS - 1
    assert row["rejected"]


@pytest.mark.parametrize(
    ("rejected", "decision"),
    [
        ([1, 1, 1, 1, 1, 1, 1, 1, 1], "sdm"),
        ([1, 1, 1, 0, 0, 0, 1, 1, 1], "sar"),
        ([1, 0, 1, 1, 1, 1, 0, 0, 1], "sem"),
        ([1, 0, 1, 1, 0, 0, 1, 1, 1], "sdm"),
        ([1, 1, 1, 1, 0, 0, 0, 0, 1], "sdm"),
        ([1, 1, 1, 0, 0, 0, 0, 0, 1], "sar"),
        ([1, 1, 1, 0, 0, 1, 0, 0, 1], "sdm"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0], "ols"),
        ([0, 0, 0, 0, 1, 1, 1, 1, 1], "sdm"),
    ],
)
def test_decision_rule(rejected, decision):
    index = pd.MultiIndex.from_tuples(STEPS, names=["step", "test"])
    p_values = pd.Series([0.01 if value else 0.5 for value in rejected], index=index)
    assert _decide(p_values, 0.05)[0] == decision


def test_pooled_models_have_no_effects_to_test():
    table = specification_ladder("y ~ a", panel_of("sar"), ring(), effects="pooled").table
    assert "fixed effects" not in table.index.get_level_values("step")


def test_wrong_levels_and_single_years():
    with pytest.raises(ConfigError, match="alpha"):
        specification_ladder("y ~ a", panel_of("ols"), ring(), alpha=5)
    one = panel_of("ols").query("year == 0")
    with pytest.raises(PanelError, match="at least two"):
        specification_ladder("y ~ a", one, ring())
