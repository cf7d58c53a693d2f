"""Filters against other programs, definitions and bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.cycles import (
    baxter_king_filter,
    hamilton_filter,
    hodrick_prescott_filter,
)
from spatial.errors import ConfigError, EstimationError, PanelError

REFERENCE = 1e-10  # stated by the reference for levels near 800
CYCLE = 1e-8  # cycles are differences of such levels: relative digits are lost, not absolute ones


@pytest.fixture
def macro(shared_folder):
    folder = shared_folder / "reference" / "17_cycle_filters_resilience"
    expected = json.loads((folder / "expected.json").read_text())
    return pd.read_csv(folder / "usmacro_gdp.csv").set_index("t")["y100log"], expected


class TestOtherPrograms:
    @pytest.mark.parametrize("smoothing", ["1600", "100", "6.25"])
    def test_hodrick_prescott(self, macro, smoothing):
        series, expected = macro
        found = hodrick_prescott_filter(series, smoothing=float(smoothing))
        wanted = expected[f"hp_lambda_{smoothing}"]["trend"]
        assert found["trend"].to_numpy() == pytest.approx(wanted, rel=REFERENCE)

    def test_baxter_king(self, macro):
        series, expected = macro
        found = baxter_king_filter(series, low=6, high=32, leads=12)["cycle"]
        wanted = np.array(expected["bk_6_32_K12"]["cycle"], dtype=float)
        assert found.to_numpy() == pytest.approx(wanted, abs=CYCLE, nan_ok=True)
        assert found.isna().sum() == 24

    def test_hamilton(self, macro):
        series, expected = macro
        found = hamilton_filter(series, horizon=8, lags=4)["cycle"]
        assert found.dropna().to_numpy() == pytest.approx(
            expected["hamilton_h8_p4"]["cycle"], abs=CYCLE
        )
        assert found.first_valid_index() == expected["hamilton_h8_p4"]["first_index"]


def make_panel(seed=0, cities=("B", "A"), years=range(2000, 2012)):
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([cities, years], names=["city", "year"])
    return pd.Series(rng.normal(size=len(index)).cumsum(), index=index, name="y")


class TestLaws:
    @given(st.integers(0, 1000))
    def test_dense_definition_of_hodrick_prescott(self, seed):
        y = make_panel(seed, cities=("A",))
        n = len(y)
        second = np.diff(np.eye(n), n=2, axis=0)
        wanted = np.linalg.solve(np.eye(n) + 6.25 * second.T @ second, y.to_numpy())
        assert hodrick_prescott_filter(y)["trend"].to_numpy() == pytest.approx(wanted, abs=1e-10)

    @pytest.mark.parametrize(
        "function", [hodrick_prescott_filter, hamilton_filter, baxter_king_filter]
    )
    def test_cities_are_apart_and_order_is_the_callers(self, function):
        panel = make_panel()
        shuffled = panel.sample(frac=1, random_state=1)
        found = function(shuffled)
        assert found.index.equals(shuffled.index)
        pd.testing.assert_frame_equal(found.reindex(panel.index), function(panel))
        alone = function(panel.xs("A", level="city"))
        pd.testing.assert_frame_equal(
            function(panel).xs("A", level="city"), alone, check_exact=False
        )
        total = found["trend"] + found["cycle"]
        known = total.notna()
        assert total[known].to_numpy() == pytest.approx(shuffled[known].to_numpy())

    def test_one_sided_does_not_look_ahead(self):
        y = make_panel(cities=("A",)).droplevel("city")
        whole = hodrick_prescott_filter(y, one_sided=True)["trend"]
        early = hodrick_prescott_filter(y.iloc[:7], one_sided=True)["trend"]
        pd.testing.assert_series_equal(whole.iloc[:7], early)
        last = hodrick_prescott_filter(y)["trend"].iloc[-1]
        assert whole.iloc[-1] == pytest.approx(last)

    def test_lines_have_no_cycle(self):
        line = pd.Series(np.arange(20) * 3.0 + 1000, index=range(20))
        for function in (hodrick_prescott_filter, hamilton_filter, baxter_king_filter):
            assert function(line)["cycle"].dropna().abs().max() < 1e-9


class TestBadInput:
    def test_refused(self):
        panel = make_panel()
        with pytest.raises(PanelError, match="gaps.*'B'"):
            hodrick_prescott_filter(panel.drop(("B", 2005)))
        with pytest.raises(PanelError, match="'A', 2003"):
            hamilton_filter(panel.where(panel.index != ("A", 2003)))
        with pytest.raises(EstimationError, match="'B', 'A'"):
            baxter_king_filter(panel, leads=12)
        with pytest.raises(ConfigError, match="smoothing"):
            hodrick_prescott_filter(panel, smoothing=0)
        with pytest.raises(ConfigError, match="low"):
            baxter_king_filter(panel, low=9, high=8)
        with pytest.raises(ConfigError, match="horizon"):
            hamilton_filter(panel, horizon=0)
        with pytest.raises(PanelError, match="repeat"):
            hamilton_filter(pd.concat([panel, panel]))
