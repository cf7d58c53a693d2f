"""Sensitivity of composite indices, and indicators that return as regressors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analyses.indices.composite import Indicator, composite_index
from analyses.indices.overlap import overlap
from analyses.indices.sensitivity import sensitivity
from shapefiles.example import example_files
from spatial.errors import ConfigError, EstimationError, PanelError

EXACT = 1e-12
MONTE_CARLO = 0.03  # four standard errors of a share from 5000 draws


@pytest.fixture(scope="module")
def panel():
    """Real metropolitan areas in two years."""
    files = {path.name: path for path in example_files().values()}
    table = pd.read_parquet(files["us_metros_panel.parquet"])
    table = table[table["year"].isin([1980, 1990])].set_index(["cbsa", "year"])
    columns = ["real_income_per_head", "population", "unemployment_insurance_per_head"]
    table = table[columns].dropna().rename_axis(["city", "year"])
    whole = table.groupby("city").size() == 2
    return table.loc[whole.index[whole][:40]]


SIGNS = (
    Indicator("real_income_per_head"),
    Indicator("population"),
    Indicator("unemployment_insurance_per_head", "negative"),
)


class TestSensitivity:
    def test_methods_against_scipy(self, panel):
        index = composite_index(panel, SIGNS)
        found = sensitivity(index, panel, draws=20, rng=1)
        assert not found.skipped
        for method in found.methods.index:
            other = composite_index(panel, SIGNS, method=method).scores
            rho = stats.spearmanr(index.scores, other).statistic
            assert found.methods.loc[method, "spearman"] == pytest.approx(rho, abs=EXACT)
            assert found.method_correlations.loc["entropy", method] == pytest.approx(rho)
            shifts = [
                (-other.xs(year, level="year")).rank()
                - (-index.scores.xs(year, level="year")).rank()
                for year in (1980, 1990)
            ]
            shift = pd.concat(shifts).abs()
            assert found.methods.loc[method, "mean_shift"] == pytest.approx(shift.mean())
            assert found.methods.loc[method, "largest_shift"] == shift.max()

    def test_leaving_one_out(self, panel):
        index = composite_index(
            panel, SIGNS, method="given", weights=dict(zip(panel, [1, 2, 3], strict=True))
        )
        found = sensitivity(index, panel, methods=["equal"], draws=20, rng=1).leave_one_out
        z = index.standardised.to_numpy()
        for k, kept in enumerate([[1, 2], [0, 2], [0, 1]]):
            weights = np.array([1, 2, 3])[kept]
            other = z[:, kept] @ weights / weights.sum()
            rho = stats.spearmanr(index.scores, other).statistic
            assert found.loc[SIGNS[k].column, "spearman"] == pytest.approx(rho, abs=EXACT)

    def test_random_weights_of_two_indicators_in_closed_form(self):
        # Scores w and 1 - w against a third at 0.7: it is best when both stay below 0.7, that is
        # for w in (0.3, 0.7), in four draws of ten, and second else.
        table = pd.DataFrame({"a": [1.0, 0, 0.7], "b": [0.0, 1, 0.7]}, index=["x", "y", "z"])
        index = composite_index(table, [Indicator("a"), Indicator("b")], method="equal")
        ranks = sensitivity(index, table, methods=["entropy"], draws=5000, rng=3, level=0.5).ranks
        assert ranks["rank"].to_list() == [2.5, 2.5, 1]
        assert ranks.loc["x", "share_better"] == pytest.approx(0.5, abs=MONTE_CARLO)
        assert ranks.loc["z", ["rank_low", "rank_median", "rank_high"]].to_list() == [1, 2, 2]

    def test_ranks_hold_inside_years_and_seed(self, panel):
        index = composite_index(panel, SIGNS)
        one = sensitivity(index, panel, methods=["equal"], draws=100, rng=5)
        two = sensitivity(index, panel, methods=["equal"], draws=100, rng=5)
        pd.testing.assert_frame_equal(one.ranks, two.ranks)
        assert one.configuration.seed == 5
        ranks = one.ranks
        assert ranks.groupby("year")["rank"].max().to_list() == [40, 40]
        assert (ranks["rank_low"] <= ranks["rank_median"]).all()
        assert (ranks["rank_median"] <= ranks["rank_high"]).all()
        shuffled = panel.sample(frac=1, random_state=1)
        moved = sensitivity(
            composite_index(shuffled, SIGNS), shuffled, methods=["equal"], draws=100, rng=5
        )
        pd.testing.assert_frame_equal(moved.ranks.reindex(ranks.index), ranks)

    @settings(max_examples=8)
    @given(st.sampled_from(["entropy", "topsis", "grey-relational", "mazziotta-pareto", "pca"]))
    def test_dominating_row_is_always_first(self, method):
        rng = np.random.default_rng(4)
        table = pd.DataFrame(rng.random((9, 3)), columns=list("abc"))
        table.loc[0] = 2.0
        index = composite_index(table, [Indicator(c) for c in "abc"], method=method)
        ranks = sensitivity(index, table, methods=["equal"], draws=30, rng=1).ranks
        assert ranks.loc[0, ["rank_low", "rank_high"]].to_list() == [1, 1]

    def test_weights_near_those_of_the_index_move_little(self, panel):
        index = composite_index(panel, SIGNS)
        wide = sensitivity(index, panel, methods=["equal"], draws=200, rng=1).ranks
        near = sensitivity(
            index, panel, methods=["equal"], draws=200, rng=1, concentration=1e6
        ).ranks
        assert (near["rank_high"] - near["rank_low"]).mean() < 1
        assert (wide["rank_high"] - wide["rank_low"]).mean() > 5

    def test_gaps(self, panel):
        gappy = panel.copy()
        gappy.iloc[0, 0] = np.nan
        kept = composite_index(gappy, SIGNS, missing="keep")
        ranks = sensitivity(kept, gappy, methods=["equal"], draws=20, rng=1).ranks
        assert ranks.iloc[0].isna().all()
        assert ranks.iloc[1:].notna().all(axis=None)
        filled = composite_index(gappy, SIGNS, missing="renormalise")
        found = sensitivity(filled, gappy, draws=20, rng=1)
        assert found.ranks.notna().all(axis=None)
        assert not found.skipped

    def test_what_cannot_be_had_is_told(self):
        table = pd.DataFrame({"a": [1.0, 2, 3, 5], "b": [1.0, 3, 2, 4]})
        index = composite_index(table, [Indicator("a"), Indicator("b")], method="critic")
        found = sensitivity(index, table, methods=["given"], draws=5, rng=1)
        assert set(found.skipped) == {"given", "a", "b"}
        assert "needs weights" in found.skipped["given"]

    def test_bad_input(self, panel):
        index = composite_index(panel, SIGNS)
        with pytest.raises(PanelError, match="index again"):
            sensitivity(index, panel * [1, 2, -1])
        with pytest.raises(ConfigError, match="draws"):
            sensitivity(index, panel, draws=0)
        with pytest.raises(ConfigError, match="entropy"):
            sensitivity(index, panel, methods=["entropi"])
        single = composite_index(panel, SIGNS[:1], method="equal")
        with pytest.raises(EstimationError, match="two indicators"):
            sensitivity(single, panel)


class TestOverlap:
    PANEL = pd.DataFrame(
        {"phones": [1.0, 2, 3, 4], "twin": [2.0, 4, 6, 8.5], "far": [1.0, -1, 1, -1]}
    )

    def test_names_and_prefixes(self):
        found = overlap(
            [Indicator("phones"), Indicator("ln_jobs"), Indicator("other")],
            regressors=["phones", "np.log(jobs)", "w_ln_phones", "telephones"],
            mediators=["other"],
        )
        assert found[["indicator", "variable", "role", "reason"]].to_numpy().tolist() == [
            ["phones", "phones", "regressor", "same"],
            ["ln_jobs", "np.log(jobs)", "regressor", "transformed"],
            ["phones", "w_ln_phones", "regressor", "transformed"],
            ["other", "other", "mediator", "same"],
        ]

    def test_correlated(self):
        found = overlap([Indicator("phones")], regressors=["twin", "far"], panel=self.PANEL)
        assert found["variable"].to_list() == ["twin"]
        assert found["correlation"].iloc[0] == pytest.approx(
            stats.pearsonr(self.PANEL["phones"], self.PANEL["twin"]).statistic
        )

    def test_none_and_bad_input(self):
        assert overlap([Indicator("phones")], regressors=["far"], panel=self.PANEL).empty
        with pytest.raises(ConfigError, match="regressors="):
            overlap([Indicator("phones")])
        with pytest.raises(ConfigError, match="limit"):
            overlap([Indicator("phones")], regressors=["a"], limit=2)
        with pytest.raises(PanelError, match="lacks"):
            overlap([Indicator("gone")], regressors=["a"], panel=self.PANEL)
