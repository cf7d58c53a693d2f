"""Composite indices against worked values, other programs' numbers, laws and bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analyses.indices.composite import Indicator, composite_index, topsis_closeness
from analyses.indices.indicator_weights import (
    critic_weights,
    entropy_weights,
    information_entropy,
    scatter_degree_weights,
)
from spatial.errors import ConfigError, EstimationError, PanelError

PRINTED = 6e-7  # worked values are printed with six decimals
REFERENCE = 1e-9  # stated by the reference
EXACT = 1e-12

ROWS = [(10, 1, 5), (20, 3, 4), (30, 2, 9), (15, 2, 6), (26, 4, 3), (40, 5, 8)]
PANEL = pd.DataFrame(
    ROWS,
    columns=["a", "b", "c"],
    index=pd.MultiIndex.from_product([["X", "Y", "Z"], [1, 2]], names=["city", "year"]),
).astype(float)
SIGNS = (Indicator("a"), Indicator("b"), Indicator("c", "negative"))


class TestWorkedValues:
    def test_entropy(self):
        result = composite_index(PANEL, SIGNS)
        table = result.weights
        assert table["entropy"].to_numpy() == pytest.approx(
            [0.816945, 0.819385, 0.831455], abs=PRINTED
        )
        assert table["weight"].to_numpy() == pytest.approx(
            [0.343948, 0.339366, 0.316686], abs=PRINTED
        )
        assert result.scores.to_numpy() == pytest.approx(
            [0.211124, 0.548237, 0.314140, 0.300509, 0.754649, 0.736095], abs=PRINTED
        )

    def test_critic(self):
        found = composite_index(PANEL, SIGNS, method="critic").weights["weight"]
        assert found.to_numpy() == pytest.approx([0.305879, 0.214884, 0.479238], abs=PRINTED)

    def test_scatter_degree(self):
        found = composite_index(PANEL, SIGNS, method="scatter-degree").weights["weight"]
        assert found.to_numpy() == pytest.approx([0.316661, 0.349046, 0.334293], abs=PRINTED)

    def test_entropy_topsis_with_shift(self):
        result = composite_index(PANEL, SIGNS, method="entropy-topsis", shift=0.01)
        assert result.weights["weight"].to_numpy() == pytest.approx(
            [0.343110, 0.338997, 0.317893], abs=PRINTED
        )
        assert result.scores.to_numpy() == pytest.approx(
            [0.300283, 0.536094, 0.365854, 0.313254, 0.711276, 0.646853], abs=PRINTED
        )

    def test_wrong_constant_is_refused(self):
        z = composite_index(PANEL, SIGNS).standardised
        with pytest.raises(EstimationError, match=r"2\.1\d.*1/ln\(NT\)"):
            information_entropy(z, constant=1 / np.log(2))


class TestOtherPrograms:
    @pytest.fixture
    def case(self, shared_folder):
        folder = shared_folder / "reference" / "14_ewm_topsis_coupling"
        expected = json.loads((folder / "expected.json").read_text())
        return pd.read_csv(folder / "decision_matrix.csv"), expected

    SIGNS = tuple(
        Indicator(c, d)
        for c, d in zip(
            ["gdp", "pop", "gdppc", "idx"], ["positive"] * 3 + ["negative"], strict=True
        )
    )

    @pytest.mark.parametrize("text", ["0.002", "0.0001", "0.0000000001"])
    def test_entropy_on_rescaled_values(self, case, text):
        table, expected = case
        low = float(text)
        result = composite_index(table, self.SIGNS, bounds=(low, 1 - low))
        wanted = expected[f"entropy_weight_eps{text}"]
        assert result.weights["weight"].to_numpy() == pytest.approx(wanted["w"], rel=REFERENCE)
        assert 100 * result.scores.to_numpy() == pytest.approx(wanted["score100"], rel=REFERENCE)

    def test_entropy_is_free_of_scale(self, case):
        table, expected = case
        result = composite_index(table, [Indicator(c) for c in table], standardise="none")
        assert result.weights["weight"].to_numpy() == pytest.approx(
            expected["entropy_weight_no_rescale_on_X_over_1.01max"]["w"], rel=REFERENCE
        )

    def test_variation_and_critic(self, case):
        table, expected = case
        result = composite_index(
            table, [Indicator(c) for c in table], method="variation", standardise="none"
        )
        assert result.weights["weight"].to_numpy() == pytest.approx(
            expected["cv_weight"], rel=REFERENCE
        )
        result = composite_index(table, self.SIGNS, method="critic")
        wanted = expected["critic_weight"]
        assert result.weights["weight"].to_numpy() == pytest.approx(wanted["w"], rel=REFERENCE)
        assert 100 * result.scores.to_numpy() == pytest.approx(wanted["score100"], rel=REFERENCE)

    @pytest.mark.parametrize(
        ("key", "weights"),
        [
            ("topsis_vector_norm_w_.4_.2_.3_.1", [0.4, 0.2, 0.3, 0.1]),
            ("topsis_equal", [1, 1, 1, 1]),
        ],
    )
    def test_topsis_on_vector_norms(self, case, key, weights):
        table, expected = case
        result = composite_index(
            table,
            self.SIGNS,
            method="topsis",
            standardise="vector",
            weights=dict(zip(table, weights, strict=True)),
        )
        assert result.scores.to_numpy() == pytest.approx(expected[key], rel=REFERENCE)


class TestPrincipalComponents:
    def test_against_singular_values(self):
        rng = np.random.default_rng(1)
        common = rng.normal(size=(60, 1))
        table = pd.DataFrame(common + rng.normal(size=(60, 4)), columns=list("abcd"))
        result = composite_index(
            table, [Indicator(c) for c in "abcd"], method="pca", components=0.8
        )
        z = stats.zscore(table.to_numpy(), ddof=1)
        _, singular, right = np.linalg.svd(z, full_matrices=False)
        values = singular**2 / 59
        kept = int((np.cumsum(values) / values.sum() < 0.8).sum()) + 1
        turned = right * np.sign(right.sum(axis=1))[:, None]
        wanted = sum(values[k] * (z @ turned[k]) for k in range(kept)) / values[:kept].sum()
        assert result.scores.to_numpy() == pytest.approx(wanted, abs=1e-10)
        assert result.components.eigenvalues.to_numpy() == pytest.approx(values, abs=1e-10)
        assert (result.components.loadings.sum() > 0).all()

    def test_adequacy_with_two_indicators(self):
        # Two indicators: the partial correlation is the correlation, so KMO is one half.
        rng = np.random.default_rng(2)
        x = rng.normal(size=40)
        table = pd.DataFrame({"a": x, "b": x + rng.normal(size=40)})
        pca = composite_index(table, [Indicator("a"), Indicator("b")], method="pca").components
        r = np.corrcoef(table["a"], table["b"])[0, 1]
        assert pca.kmo == pytest.approx(0.5, abs=EXACT)
        statistic, freedom, p = pca.bartlett
        assert statistic == pytest.approx(-(39 - 9 / 6) * np.log(1 - r**2), rel=1e-10)
        assert freedom == 1
        assert p == pytest.approx(stats.chi2.sf(statistic, 1))


class TestStandardisation:
    def test_moderate_interval_reciprocal(self):
        table = pd.DataFrame({"m": [0.0, 2, 5], "i": [1.0, 4, 9], "r": [1.0, 2, 4]})
        z = composite_index(
            table,
            [
                Indicator("m", "moderate", target=2.0),
                Indicator("i", "interval", interval=(3.0, 5.0)),
                Indicator("r", "reciprocal"),
            ],
            method="equal",
        ).standardised
        assert z["m"].to_list() == pytest.approx([1 - 2 / 3, 1, 0])
        assert z["i"].to_list() == pytest.approx([1 - 2 / 4, 1, 0])
        assert z["r"].to_list() == pytest.approx([1, (0.5 - 0.25) / 0.75, 0])

    def test_by_year_and_base_year(self):
        by_year = composite_index(PANEL, SIGNS, standardise="min-max by year", method="equal")
        assert by_year.standardised["a"].groupby("year").max().to_list() == [1, 1]
        assert any("years cannot be compared" in text for text in by_year.warnings)
        base = composite_index(
            PANEL, SIGNS, standardise="min-max base year", base_year=1, method="equal"
        ).standardised["a"]
        assert base.loc[("Z", 2)] == pytest.approx((40 - 10) / 20)

    def test_dimensions_sum_to_the_score(self):
        signs = [Indicator("a", dimension="A"), Indicator("b", dimension="B"), Indicator("c")]
        result = composite_index(PANEL, signs)
        assert result.dimensions.sum(axis=1).to_numpy() == pytest.approx(result.scores.to_numpy())
        assert result.dimension_weights.sum() == pytest.approx(1)
        assert list(result.tidy().columns) == ["score", "A", "B", ""]


class TestMissing:
    def test_policies(self):
        panel = PANEL.copy()
        panel.iloc[2, 0] = np.nan
        with pytest.raises(PanelError, match=r"1 rows lack.*'a' \(1\)"):
            composite_index(panel, SIGNS)
        kept = composite_index(panel, SIGNS, missing="keep")
        assert kept.scores.isna().sum() == 1
        filled = composite_index(panel, SIGNS, missing="renormalise")
        w, z = filled.weights["weight"], filled.standardised.iloc[2]
        assert filled.scores.iloc[2] == pytest.approx(
            (w["b"] * z["b"] + w["c"] * z["c"]) / (w["b"] + w["c"])
        )
        assert filled.scores.drop(panel.index[2]).to_numpy() == pytest.approx(
            kept.scores.dropna().to_numpy()
        )
        assert filled.dimensions.sum(axis=1).to_numpy() == pytest.approx(filled.scores.to_numpy())

    def test_row_without_any_value_has_no_score(self):
        panel = PANEL.copy()
        panel.iloc[0] = np.nan
        result = composite_index(panel, SIGNS, missing="renormalise")
        assert np.isnan(result.scores.iloc[0])
        assert result.scores.notna().sum() == 5


class TestLaws:
    @settings(max_examples=12)
    @given(st.permutations(range(6)), st.floats(0.01, 100), st.floats(-50, 50))
    def test_order_scale_and_origin_do_not_matter(self, order, scale, origin):
        moved = PANEL.iloc[order].assign(a=lambda t: scale * t["a"] + origin)
        for method in ("entropy", "critic", "entropy-topsis", "scatter-degree"):
            one = composite_index(PANEL, SIGNS, method=method).scores
            two = composite_index(moved, SIGNS, method=method).scores
            assert list(two.index) == list(moved.index)
            assert two.reindex(one.index).to_numpy() == pytest.approx(one.to_numpy(), abs=1e-8)

    @settings(max_examples=12)
    @given(st.integers(0, 2**32 - 1))
    def test_weights_are_shares_and_scores_bounded(self, seed):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.lognormal(size=(12, 4)), columns=list("abcd"))
        for method in ("entropy", "critic", "variation", "scatter-degree", "entropy-topsis"):
            result = composite_index(table, [Indicator(c) for c in "abcd"], method=method)
            assert result.weights["weight"].sum() == pytest.approx(1)
            assert (result.weights["weight"] >= 0).all()
            assert result.scores.between(-EXACT, 1 + EXACT).all()

    def test_scatter_degree_stays_non_negative_and_best(self):
        rng = np.random.default_rng(5)
        z = pd.DataFrame(rng.normal(size=(30, 3)), columns=list("abc"))
        z["c"] = -z["a"] + 0.1 * z["c"]
        weights = scatter_degree_weights(z).to_numpy()
        scatter = z.to_numpy().T @ z.to_numpy()
        best = weights @ scatter @ weights / (weights @ weights)
        for _ in range(2000):
            other = rng.dirichlet([0.3] * 3)
            assert other @ scatter @ other / (other @ other) <= best * (1 + 1e-9)

    def test_input_is_not_changed(self):
        before = PANEL.copy()
        composite_index(PANEL, SIGNS)
        pd.testing.assert_frame_equal(PANEL, before)


class TestBadInput:
    def test_constant_indicator_has_no_weight(self):
        result = composite_index(PANEL.assign(k=7.1), [*SIGNS, Indicator("k")])
        assert result.weights.loc["k", "weight"] == 0
        assert "'k'" in result.warnings[0]
        assert result.scores.to_numpy() == pytest.approx(
            composite_index(PANEL, SIGNS).scores.to_numpy()
        )

    def test_all_constant(self):
        with pytest.raises(EstimationError, match="No indicator varies"):
            composite_index(PANEL.assign(k=7.1), [Indicator("k")])

    def test_all_missing(self):
        with pytest.raises(PanelError, match="'k'"):
            composite_index(PANEL.assign(k=np.nan), [*SIGNS, Indicator("k")])

    def test_wrong_direction_is_told_with_its_number(self):
        table = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 3, 2, 5], "bad": [4.0, 3, 2, 1]})
        result = composite_index(table, [Indicator(c) for c in table], method="equal")
        text = next(text for text in result.warnings if "'bad'" in text)
        wanted = result.weights.loc["bad", "correlation_with_rest"]
        assert wanted < -0.8
        assert f"{wanted:.2f}" in text

    def test_unknown_column_and_words(self):
        with pytest.raises(PanelError, match="nearest: 'a'|no column 'A'"):
            composite_index(PANEL, [Indicator("A")])
        with pytest.raises(ConfigError, match="entropy"):
            composite_index(PANEL, SIGNS, method="entropi")
        with pytest.raises(ConfigError, match="needs weights"):
            composite_index(PANEL, SIGNS, method="given")
        with pytest.raises(ConfigError, match="every indicator"):
            composite_index(PANEL, SIGNS, method="given", weights={"a": 1})
        with pytest.raises(ConfigError, match="target"):
            Indicator("a", "moderate")
        with pytest.raises(PanelError, match="1/x"):
            composite_index(PANEL - 1, [Indicator("b", "reciprocal")])

    def test_negative_values_have_no_entropy(self):
        with pytest.raises(PanelError, match="min-max"):
            composite_index(PANEL, SIGNS, standardise="z-score")
        with pytest.raises(PanelError, match="missing"):
            entropy_weights(PANEL.mask(PANEL > 20))

    def test_twins_have_nothing_to_weigh_by_conflict(self):
        with pytest.raises(EstimationError, match="repeat each other"):
            critic_weights(PANEL[["a"]].assign(b=PANEL["a"] * 2))

    def test_topsis_row_with_gap_is_missing(self):
        values = pd.DataFrame({"a": [0.0, 1, np.nan], "b": [0.0, 1, 0.5]})
        found = topsis_closeness(values, pd.Series({"a": 0.5, "b": 0.5}))
        assert found.isna().to_list() == [False, False, True]
        assert found.to_list()[:2] == [0, 1]
