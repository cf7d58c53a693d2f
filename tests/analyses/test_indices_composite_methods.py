"""Judged, given and combined weights, Mazziotta-Pareto and grey relational grades."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.indices.analytic_hierarchy import (
    RANDOM_INDEX,
    analytic_hierarchy,
    hierarchical_weights,
)
from analyses.indices.composite import Indicator, composite_index
from analyses.indices.grey_relational import grey_relational_coefficients
from analyses.indices.indicator_weights import combined_weights
from analyses.indices.mazziotta_pareto import mazziotta_pareto
from spatial.errors import ConfigError, EstimationError

EXACT = 1e-12
ITERATED = 1e-9  # eigenvectors of small matrices against closed forms

PANEL = pd.DataFrame(
    [(10, 1, 5), (20, 3, 4), (30, 2, 9), (15, 2, 6), (26, 4, 3), (40, 5, 8)],
    columns=["a", "b", "c"],
    index=pd.MultiIndex.from_product([["X", "Y", "Z"], [1, 2]], names=["city", "year"]),
).astype(float)
SIGNS = (Indicator("a", dimension="d"), Indicator("b", dimension="d"), Indicator("c", "negative"))


def reciprocal(upper, labels="abc"):
    """A table of judgements from those above the diagonal, by rows."""
    n = len(labels)
    matrix = np.ones((n, n))
    matrix[np.triu_indices(n, 1)] = upper
    matrix[np.tril_indices(n, -1)] = 1 / matrix.T[np.tril_indices(n, -1)]
    return pd.DataFrame(matrix, index=list(labels), columns=list(labels))


class TestAnalyticHierarchy:
    @settings(max_examples=30)
    @given(st.lists(st.floats(0.2, 5), min_size=3, max_size=3))
    def test_three_items_against_the_closed_form(self, upper):
        # Of three items the eigenvector is the geometric mean of the rows, the eigenvalue
        # 1 + d + 1/d with d the cube root of a13 / (a12 a23).
        table = reciprocal(upper)
        d = np.cbrt(upper[1] / (upper[0] * upper[2]))
        eigenvalue = 1 + d + 1 / d
        if (eigenvalue - 3) / 2 / 0.58 >= 0.1:
            with pytest.raises(EstimationError, match="consistency ratio"):
                analytic_hierarchy(table)
            return
        found = analytic_hierarchy(table)
        wanted = np.cbrt(table.prod(axis=1))
        assert found.weights.to_numpy() == pytest.approx(wanted / wanted.sum(), abs=ITERATED)
        assert found.largest_eigenvalue == pytest.approx(eigenvalue, abs=ITERATED)
        assert found.consistency_ratio == pytest.approx(
            (eigenvalue - 3) / 2 / RANDOM_INDEX[2], abs=ITERATED
        )

    @settings(max_examples=20)
    @given(st.lists(st.floats(0.5, 4), min_size=2, max_size=8))
    def test_consistent_judgements_give_back_their_weights(self, weights):
        labels = [f"i{k}" for k in range(len(weights))]
        table = pd.DataFrame(np.divide.outer(weights, weights), index=labels, columns=labels)
        found = analytic_hierarchy(table)
        assert found.weights.to_numpy() == pytest.approx(
            np.array(weights) / sum(weights), abs=ITERATED
        )
        assert found.consistency_ratio == pytest.approx(0, abs=ITERATED)

    def test_order_of_columns_and_gaps_below_do_not_matter(self):
        table = reciprocal([2, 4, 3])
        gaps = table.mask(np.tri(3, k=-1, dtype=bool))
        one, two = analytic_hierarchy(table), analytic_hierarchy(gaps[["c", "a", "b"]])
        three = analytic_hierarchy(table.loc[["c", "b", "a"]])
        assert two.weights.to_numpy() == pytest.approx(one.weights.to_numpy(), abs=EXACT)
        assert three.weights[one.weights.index].to_numpy() == pytest.approx(
            one.weights.to_numpy(), abs=ITERATED
        )

    def test_contradiction_is_named(self):
        # Weights 8:4:2:1 judged without error, but the first against the last upside down.
        with pytest.raises(EstimationError, match=r"ratio.*below 0\.1.*'a' against 'd': 0\.125"):
            analytic_hierarchy(reciprocal([2, 4, 1 / 8, 2, 4, 2], "abcd"))

    def test_bad_tables(self):
        with pytest.raises(ConfigError, match=r"reciprocals.*\('a', 'b'\)"):
            analytic_hierarchy(
                pd.DataFrame([[1, 2.0], [2.0, 1]], index=["a", "b"], columns=["a", "b"])
            )
        with pytest.raises(ConfigError, match="positive"):
            analytic_hierarchy(reciprocal([2, -4, 3]))
        with pytest.raises(ConfigError, match="same labels"):
            analytic_hierarchy(reciprocal([2, 4, 3]).rename(columns={"a": "z"}))
        many = [f"i{k}" for k in range(16)]
        with pytest.raises(ConfigError, match="hierarchical_weights"):
            analytic_hierarchy(pd.DataFrame(1.0, index=many, columns=many))

    def test_levels_multiply(self):
        top = reciprocal([3], "DE")
        found = hierarchical_weights(
            top,
            {"D": reciprocal([2, 4, 2]), "E": pd.DataFrame([[1.0]], index=["z"], columns=["z"])},
        )
        assert found.to_dict() == pytest.approx(
            {"a": 0.75 * 4 / 7, "b": 0.75 * 2 / 7, "c": 0.75 / 7, "z": 0.25}, abs=ITERATED
        )
        with pytest.raises(ConfigError, match="dimensions"):
            hierarchical_weights(top, {"D": reciprocal([2, 4, 2])})

    def test_as_method(self):
        result = composite_index(PANEL, SIGNS, method="ahp", judgements=reciprocal([2, 4, 2]))
        assert result.weights["weight"].to_numpy() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
        with pytest.raises(ConfigError, match="judgements="):
            composite_index(PANEL, SIGNS, method="ahp")
        with pytest.raises(ConfigError, match="judgements="):
            composite_index(PANEL, SIGNS, judgements=reciprocal([2, 4, 2]))
        with pytest.raises(ConfigError, match="unknown: 'z'"):
            composite_index(
                PANEL, SIGNS, method="ahp", judgements=reciprocal([2, 4, 2], ["a", "b", "z"])
            )


class TestCombinedWeights:
    def test_of_entropy_and_critic(self):
        # Both printed with six decimals in the worked values of these six rows.
        e = np.array([0.343948, 0.339366, 0.316686])
        c = np.array([0.305879, 0.214884, 0.479238])
        product = composite_index(PANEL, SIGNS, method="combined", combine=("entropy", "critic"))
        wanted = np.sqrt(e * c) / np.sqrt(e * c).sum()
        assert product.weights["weight"].to_numpy() == pytest.approx(wanted, abs=2e-6)
        assert product.weights["entropy"].notna().all()
        convex = composite_index(
            PANEL,
            SIGNS,
            method="combined",
            combine=("entropy", "critic"),
            combination="convex",
            share=0.3,
        )
        assert convex.weights["weight"].to_numpy() == pytest.approx(0.3 * e + 0.7 * c, abs=2e-6)

    def test_judged_and_given_may_take_part(self):
        result = composite_index(
            PANEL,
            SIGNS,
            method="combined",
            combine=("ahp", "given", "equal"),
            judgements=reciprocal([2, 4, 2]),
            weights={"a": 1, "b": 2, "c": 4},
        )
        assert result.weights["weight"].to_numpy() == pytest.approx([1 / 3] * 3)

    def test_zero_stays_zero_in_a_product(self):
        sets = [
            pd.Series({"a": 0.0, "b": 1.0, "c": 1.0}),
            pd.Series({"c": 3.0, "a": 5.0, "b": 3.0}),
        ]
        assert combined_weights(sets).to_dict() == pytest.approx({"a": 0, "b": 0.5, "c": 0.5})
        apart = [pd.Series({"a": 0.0, "b": 1.0}), pd.Series({"a": 1.0, "b": 0.0})]
        with pytest.raises(EstimationError, match="convex"):
            combined_weights(apart)

    def test_bad_options(self):
        one = pd.Series({"a": 1.0})
        with pytest.raises(ConfigError, match="two sets"):
            combined_weights([one])
        with pytest.raises(ConfigError, match="two sets of"):
            combined_weights([one, one, one], combination="convex")
        with pytest.raises(ConfigError, match="share"):
            combined_weights([one, one], combination="convex", share=1.2)
        with pytest.raises(ConfigError, match="different indicators"):
            combined_weights([one, pd.Series({"b": 1.0})])
        with pytest.raises(ConfigError, match="combine="):
            composite_index(PANEL, SIGNS, method="combined")
        with pytest.raises(ConfigError, match="'pca'"):
            composite_index(PANEL, SIGNS, method="combined", combine=("pca", "equal"))


class TestMazziottaPareto:
    def test_against_loops(self):
        result = composite_index(PANEL, SIGNS, method="mazziotta-pareto")
        z = result.standardised
        assert z.mean().to_numpy() == pytest.approx([100] * 3)
        assert z.std(ddof=0).to_numpy() == pytest.approx([10] * 3)
        for row in PANEL.index:
            values = [
                100 + 10 * sign * (PANEL.loc[row, c] - PANEL[c].mean()) / np.std(PANEL[c])
                for c, sign in (("a", 1), ("b", 1), ("c", -1))
            ]
            mean = sum(values) / 3
            spread = (sum((v - mean) ** 2 for v in values) / 3) ** 0.5
            assert result.scores[row] == pytest.approx(mean - spread * spread / mean)
            pair = sum(values[:2]) / 2
            loss = sum((v - pair) ** 2 for v in values[:2]) / 2 / pair
            assert result.dimensions.loc[row, "d"] == pytest.approx(pair - loss)

    @settings(max_examples=20)
    @given(st.lists(st.floats(70, 130), min_size=2, max_size=6))
    def test_imbalance_costs(self, values):
        table = pd.DataFrame([values])
        down = mazziotta_pareto(table).iloc[0]
        up = mazziotta_pareto(table, penalty="upward").iloc[0]
        mean = float(np.mean(values))
        assert down <= mean + EXACT
        assert down + up == pytest.approx(2 * mean)

    def test_adjusted_bounds_and_refusal(self):
        result = composite_index(
            PANEL, SIGNS, method="mazziotta-pareto", standardise="min-max", bounds=(70, 130)
        )
        assert result.scores.between(70, 130).all()
        with pytest.raises(EstimationError, match="mean-100"):
            composite_index(PANEL, SIGNS, method="mazziotta-pareto", standardise="z-score")

    def test_gap_and_constant(self):
        panel = PANEL.assign(k=3.0)
        panel.iloc[1, 0] = np.nan
        result = composite_index(
            panel, [*SIGNS, Indicator("k")], method="mazziotta-pareto", missing="keep"
        )
        assert result.scores.isna().to_list() == [False, True, False, False, False, False]
        assert result.weights.loc["k", "weight"] == 0
        with pytest.raises(ConfigError, match="renormalise"):
            composite_index(panel, SIGNS, method="mazziotta-pareto", missing="renormalise")


class TestGreyRelational:
    def test_against_loops(self):
        weights = {"a": 5.0, "b": 3.0, "c": 2.0}
        result = composite_index(PANEL, SIGNS, method="grey-relational", weights=weights)
        z = result.standardised
        gaps = {(r, c): 1.0 - z.loc[r, c] for r in z.index for c in z}
        for row in z.index:
            grade = sum(weights[c] / 10 * (0 + 0.5 * 1) / (gaps[row, c] + 0.5 * 1) for c in weights)
            assert result.scores[row] == pytest.approx(grade)
        assert result.dimensions.sum(axis=1).to_numpy() == pytest.approx(result.scores.to_numpy())

    @settings(max_examples=20)
    @given(st.integers(0, 2**32 - 1), st.floats(0.05, 1))
    def test_nearer_is_never_worse(self, seed, rho):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.random((8, 3)))
        found = grey_relational_coefficients(table, distinguishing=rho)
        assert ((found > 0) & (found <= 1)).all(axis=None)
        assert (found.max() == 1).any()
        assert (found.rank() == table.rank()).all(axis=None)

    def test_bad_options(self):
        with pytest.raises(ConfigError, match="distinguishing"):
            composite_index(PANEL, SIGNS, method="grey-relational", distinguishing=0)
        with pytest.raises(EstimationError, match="varies"):
            grey_relational_coefficients(PANEL * 0)
