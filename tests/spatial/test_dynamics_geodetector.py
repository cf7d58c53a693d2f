"""Geographical detector against analysis of variance, Welch tests and the printed formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spatial.autocorrelation.geodetector import INTERACTIONS, geodetector
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError


def sample(seed, n=40):
    generator = np.random.default_rng(seed)
    ids = [f"c{at}" for at in range(n)]
    factors = pd.DataFrame(
        {"belt": generator.choice(list("abc"), n), "rank": generator.choice(["high", "low"], n)},
        ids,
    )
    factors.iloc[:6] = [[b, r] for b in "abc" for r in ("high", "low")]
    factors.iloc[6:12] = factors.iloc[:6].to_numpy()
    return pd.Series(generator.normal(3.0, 1.0, n), ids, name="growth"), factors


@settings(max_examples=12)
@given(st.integers(0, 2**31 - 1))
def test_detectors_against_scipy_and_the_formulas(seed):
    y, factors = sample(seed)
    found = geodetector(y, factors, correction="none")
    for factor in factors:
        parts = {
            group: y[factors[factor] == group].to_numpy() for group in factors[factor].unique()
        }
        row = found.factors.loc[factor]
        inside = sum(len(part) * part.var() for part in parts.values())
        assert row["q"] == pytest.approx(1.0 - inside / (len(y) * y.var(ddof=0)))
        anova = stats.f_oneway(*parts.values())
        assert row["statistic"] == pytest.approx(anova.statistic)
        assert row["p_anova"] == pytest.approx(anova.pvalue)
        means = np.array([part.mean() for part in parts.values()])
        sizes = np.array([len(part) for part in parts.values()])
        excess = (means**2).sum() - (np.sqrt(sizes) * means).sum() ** 2 / len(y)
        assert row["noncentrality"] == pytest.approx(excess / y.var(ddof=0), abs=1e-9)
        # The noncentral F as a mixture of central ones with Poisson weights.
        half, between, within = excess / y.var(ddof=0) / 2.0, len(parts) - 1, len(y) - len(parts)
        share = row["statistic"] * between / (row["statistic"] * between + within)
        terms = np.arange(400)
        tail = stats.poisson.pmf(terms, half) * stats.beta.sf(
            share, between / 2 + terms, within / 2
        )
        assert row["p_value"] == pytest.approx(tail.sum(), abs=1e-7)
        for (group, other), risk in found.risks.loc[factor].iterrows():
            peer = stats.ttest_ind(parts[group], parts[other], equal_var=False)
            assert risk["statistic"] == pytest.approx(peer.statistic)
            assert risk["p_value"] == pytest.approx(peer.pvalue)
            assert risk["df"] == pytest.approx(peer.df)
            assert risk["significant"] == (peer.pvalue <= 0.05)
    crossed = factors["belt"] + factors["rank"]
    both = geodetector(y, crossed.to_frame("both")).factors.loc["both", "q"]
    assert found.interactions.loc[("belt", "rank"), "q_both"] == pytest.approx(both)
    # Splitting groups never lowers q.
    assert both >= found.factors["q"].max() - 1e-12


@settings(max_examples=12)
@given(st.integers(0, 2**31 - 1), st.floats(0.1, 50.0), st.floats(-5.0, 5.0))
def test_laws(seed, scale, shift):
    y, factors = sample(seed)
    found = geodetector(y, factors)
    moved = geodetector(scale * y + shift, factors.iloc[::-1])
    np.testing.assert_allclose(moved.factors["q"], found.factors["q"])
    np.testing.assert_allclose(moved.factors["p_anova"], found.factors["p_anova"], rtol=1e-6)
    assert moved.interactions["kind"].equals(found.interactions["kind"])
    assert found.factors["q"].between(0.0, 1.0).all()
    assert (found.groups.groupby(level=0)["cities"].sum() == len(y)).all()


def test_every_kind_of_interaction():
    ids = list("abcdefgh")
    table = pd.DataFrame(
        {"one": [0, 0, 0, 0, 1, 1, 1, 1], "two": [0, 0, 1, 1, 0, 0, 1, 1]}, ids
    ).astype(str)
    noise = np.array([1.0, -1.0] * 4)
    sums = {
        "Independent": table["one"].astype(int) + 2.0 * table["two"].astype(int),
        "Nonlinear enhancement": (table["one"] != table["two"]) * 4.0,
    }
    for kind, values in sums.items():
        found = geodetector((values + noise).rename("y"), table)
        assert found.interactions["kind"].tolist() == [kind]
    nested = table.assign(two=["x", "x", "y", "y", "z", "z", "z", "z"])
    y = pd.Series([0.0, 1, 4, 5, 9, 9, 8, 8], ids)
    assert geodetector(y, nested).interactions["kind"].tolist() != ["Nonlinear enhancement"]
    assert len(INTERACTIONS) == 5


def test_numbers_are_cut_into_quantile_groups():
    y, factors = sample(3)
    numeric = pd.DataFrame({"income": np.arange(40.0)}, factors.index)
    found = geodetector(y, numeric, classes=4)
    assert found.groups["cities"].tolist() == [10, 10, 10, 10]
    assert found.factors.loc["income", "groups"] == 4


def test_bad_input_is_named():
    y, factors = sample(1)
    with pytest.raises(EstimationError, match="'belt' puts all cities into the group 'a'"):
        geodetector(y, factors.assign(belt="a"))
    with pytest.raises(EstimationError, match="a group for each city"):
        geodetector(y, factors.assign(belt=range(40)))
    with pytest.raises(PanelError, match="'rank' has no group for cities 'c3'"):
        geodetector(y, factors.assign(rank=factors["rank"].mask(factors.index == "c3")))
    with pytest.raises(AlignmentError, match="c0"):
        geodetector(y, factors.iloc[1:])
    with pytest.raises(EstimationError, match="constant"):
        geodetector(y * 0.0 + 1.0, factors)
    with pytest.raises(ConfigError, match="classes=1"):
        geodetector(y, factors, classes=1)
    with pytest.raises(PanelError, match="at least one column"):
        geodetector(y, factors[[]])


def test_a_group_of_one_city_is_named():
    y, factors = sample(2)
    factors.loc["c39", "belt"] = "alone"
    found = geodetector(y, factors)
    assert "belt: alone" in found.warnings[0]
    lone = found.risks.loc["belt"].xs("alone", level="group", drop_level=False)
    assert lone["p_value"].isna().all()
    assert not lone["significant"].any()
