"""Pettitt's test against brute force and published values; breaks; phases from turning points."""

from __future__ import annotations

from math import exp

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.cycles import hodrick_prescott_filter
from analyses.indices.shock_dating import break_scan, pettitt_test, shocks_from_turning_points
from analyses.indices.turning_points import turning_points
from spatial.errors import ConfigError, EstimationError, PanelError

ROUNDING = 1e-12


def series(values, start=2000):
    return pd.Series(np.asarray(values, float), index=range(start, start + len(values)))


def brute_force(y):
    n = len(y)
    steps = [sum(np.sign(y[j] - y[i]) for i in range(t) for j in range(t, n)) for t in range(1, n)]
    return max(abs(u) for u in steps), int(np.argmax(np.abs(steps)))


class TestPettitt:
    @given(st.lists(st.integers(-5, 5), min_size=4, max_size=12))
    def test_definition(self, values):
        found = pettitt_test(series(values)).iloc[0]
        statistic, place = brute_force(values)
        assert found["statistic"] == statistic
        assert found["time"] == 2000 + place
        n = len(values)
        assert found["p_value"] == pytest.approx(
            min(1, 2 * exp(-6 * statistic**2 / (n**3 + n**2))), rel=ROUNDING
        )

    @given(st.lists(st.integers(-50, 50), min_size=4, max_size=12))
    def test_only_ranks_matter(self, values):
        plain = pettitt_test(series(values)).iloc[0]
        curved = pettitt_test(series([v**3 + v for v in values])).iloc[0]
        assert plain["statistic"] == curved["statistic"]

    def test_nile(self):
        # Annual flow at Aswan (statsmodels, public domain); the drop after 1898 is the one that
        # Cobb (1978) and all later work on these data date.
        nile = pytest.importorskip("statsmodels.datasets.nile").load_pandas().data
        flow = pd.Series(nile["volume"].to_numpy(float), index=nile["year"].astype(int))
        found = pettitt_test(flow).iloc[0]
        assert found["time"] == 1898
        assert found["mean_before"] > found["mean_after"]
        assert found["p_value"] < 1e-5

    def test_permutation_p_values(self):
        flat = series(np.random.default_rng(0).normal(size=14))
        approximate = pettitt_test(flat).iloc[0]["p_value"]
        drawn = pettitt_test(flat, permutations=499, rng=3)
        again = pettitt_test(flat, permutations=499, rng=3)
        pd.testing.assert_frame_equal(drawn, again)
        assert drawn.attrs["seed"] == 3
        # The approximation is conservative in short series.
        assert drawn.iloc[0]["p_value"] <= approximate + 0.1
        step = series([0] * 7 + [1] * 7 + np.linspace(0, 0.1, 14) * 0)[:14]
        assert pettitt_test(step, permutations=199, rng=1).iloc[0]["p_value"] == pytest.approx(
            1 / 200
        )

    def test_null_is_calibrated(self):
        random = np.random.default_rng(5)
        p = [
            pettitt_test(series(random.normal(size=12)), permutations=99, rng=i).iloc[0]["p_value"]
            for i in range(300)
        ]
        assert 0.05 < np.mean(np.array(p) <= 0.1) < 0.16  # 0.1 and three standard errors

    def test_panel(self):
        index = pd.MultiIndex.from_product([["b", "a"], range(2000, 2008)], names=["city", "year"])
        rows = pd.Series([1.0, 1, 1, 1, 5, 5, 5, 5, 5, 5, 3, 3, 3, 1, 1, 1], index=index)
        found = pettitt_test(rows.sample(frac=1, random_state=1)).set_index("city")
        assert found.loc["b", "time"] == 2003
        assert found.loc["b", "mean_after"] == 5


class TestScan:
    def test_two_changes(self):
        found = break_scan(series([1, 2, 1, 2, 1, 2, 1, 9, 8, 9, 8, 9, 8, 4, 5, 4, 5, 4, 5, 4]))
        assert found["time"].to_list() == [2006, 2012]

    def test_no_change(self):
        found = break_scan(series([1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]))
        assert found.empty
        assert "p_value" in found.columns

    def test_panel_keeps_cities(self):
        index = pd.MultiIndex.from_product([["a", "b"], range(12)], names=["city", "year"])
        rows = pd.Series([1.0, 2, 1, 2, 1, 2] * 2 + [1, 2, 1, 2, 1, 2, 7, 8, 7, 8, 7, 8], index)
        assert break_scan(rows)[["city", "time"]].values.tolist() == [["b", 5]]

    def test_options(self):
        with pytest.raises(ConfigError, match="level"):
            break_scan(series(range(9)), level=2)
        with pytest.raises(ConfigError, match="shortest"):
            break_scan(series(range(9)), shortest=1)


class TestShocks:
    def test_from_levels(self):
        turns = turning_points(series([1, 3, 5, 4, 2, 3, 6, 5, 4, 5]))
        shocks = shocks_from_turning_points(turns, last=2009)
        assert [(s.resistance, s.recovery) for s in shocks] == [
            ((2002, 2004), (2004, 2006)),
            ((2006, 2008), (2008, 2009)),
        ]
        assert len(shocks_from_turning_points(turns)) == 1
        assert shocks_from_turning_points(turns, names=["bust"])[0].name == "bust"

    def test_growth_cycle(self):
        # A level that never falls has no classical turning point; its cycle has.
        years = np.arange(24)
        level = series(0.1 * years + 0.12 * np.sin(2 * np.pi * years / 8))
        assert (level.diff().dropna() > 0).all()
        assert turning_points(level).empty
        turns = turning_points(hodrick_prescott_filter(level, smoothing=100.0)["cycle"])
        assert len(shocks_from_turning_points(turns, last=2023)) >= 2

    def test_nothing_to_date(self):
        with pytest.raises(PanelError, match="growth cycles"):
            shocks_from_turning_points(turning_points(series(range(8))))
        turns = turning_points(series([1, 3, 5, 4, 2, 3, 6, 5]))
        with pytest.raises(PanelError, match="2 names"):
            shocks_from_turning_points(turns, names=["a", "b"])
        with pytest.raises(PanelError, match="one series"):
            shocks_from_turning_points(turns.assign(city="a"))


def test_bad_series():
    with pytest.raises(EstimationError, match="4 periods"):
        pettitt_test(series([1, 2, 3]))
    with pytest.raises(PanelError, match="missing"):
        pettitt_test(series([1, np.nan, 3, 4, 5]))
    with pytest.raises(ConfigError, match="permutations"):
        pettitt_test(series(range(6)), permutations=-1)
