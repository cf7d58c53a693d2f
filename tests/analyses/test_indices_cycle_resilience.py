"""Turning points and resilience on the cycle: worked paths, laws, real states and bad input."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.cycle_resilience import cycle_resilience
from analyses.indices.cycles import hodrick_prescott_filter
from analyses.indices.resilience import Shock, resilience
from analyses.indices.turning_points import turning_points
from spatial.errors import ConfigError, PanelError

REFERENCE = 1e-10


def path(values, trend=100.0, city="A", start=2000):
    index = pd.MultiIndex.from_product(
        [[city], range(start, start + len(values))], names=["city", "year"]
    )
    return pd.DataFrame({"trend": trend, "cycle": np.array(values, float)}, index=index)


class TestPaths:
    def test_fall_and_return(self):
        row = cycle_resilience(path([2, -3, -6, 0, 1]), peak=2000, end=2004).table.loc["A"]
        assert row["depth"] == 8
        assert row["trough_year"] == 2002
        assert row["years_to_trough"] == 2
        assert row["censored"]
        assert np.isnan(row["years_to_recovery"])
        assert row["degree_of_return"] == pytest.approx(7 / 8)
        assert row["loss"] == pytest.approx(0.09)

    def test_never_falls(self):
        row = cycle_resilience(path([0, 1, 2]), peak=2000, end=2002).table.loc["A"]
        assert row["depth"] == 0
        assert not row["censored"]
        assert row[["trough_year", "years_to_recovery", "degree_of_return"]].isna().all()
        assert row["loss"] == 0

    def test_window_and_cities_in_the_order_given(self):
        both = pd.concat([path([9, 0, -1, 0, 9], city="B"), path([0, 0, -2, 0, -9], city="A")])
        table = cycle_resilience(both, peak=2001, end=2003).table
        assert list(table.index) == ["B", "A"]
        assert table["depth"].to_list() == [1, 2]
        assert table["years_to_recovery"].to_list() == [1, 1]
        shuffled = cycle_resilience(both.sample(frac=1, random_state=2), peak=2001, end=2003).table
        pd.testing.assert_frame_equal(shuffled.loc[table.index], table)

    def test_bad_input(self):
        with pytest.raises(PanelError, match="two years"):
            cycle_resilience(path([0, 1, 2]), peak=2001, end=2009)
        with pytest.raises(PanelError, match="'A'"):
            cycle_resilience(path([0, np.nan, 2]), peak=2000, end=2002)
        with pytest.raises(PanelError, match="'trend'"):
            cycle_resilience(path([0, 1])[["cycle"]], peak=2000, end=2001)


class TestTurningPoints:
    def test_plateau_gives_one_peak(self):
        found = turning_points(pd.Series([1.0, 3, 3, 2, 4, 5], index=range(6)))
        assert found[["time", "kind"]].to_numpy().tolist() == [[1, "peak"], [3, "trough"]]

    def test_step_of_a_staircase_is_no_peak(self):
        assert turning_points(pd.Series([1.0, 2, 2, 3, 4], index=range(5))).empty

    def test_short_cycle_goes(self):
        y = pd.Series([0.0, 5, 4.9, 5.5, 1, 0, 4, 8], index=range(8))
        assert turning_points(y)["time"].to_list() == [1, 2, 3, 5]
        assert turning_points(y, minimum_cycle=3)["time"].to_list() == [3, 5]
        assert turning_points(y, minimum_phase=2)["time"].to_list() == [3, 5]

    @given(st.lists(st.integers(-5, 5), min_size=3, max_size=40), st.integers(1, 3))
    def test_alternate_and_keep_distance(self, values, phase):
        y = pd.Series(values, index=range(len(values)), dtype=float)
        found = turning_points(y, minimum_phase=phase, minimum_cycle=2 * phase)
        kinds, times = found["kind"].to_list(), found["time"].to_list()
        assert all(a != b for a, b in pairwise(kinds))
        assert all(b - a >= phase for a, b in pairwise(times))
        assert all(b - a >= 2 * phase for a, b in zip(times, times[2:], strict=False))
        for (_, one), (_, two) in zip(found.iterrows(), found.iloc[1:].iterrows(), strict=False):
            assert (one["value"] > two["value"]) == (one["kind"] == "peak")
        mirror = turning_points(-y, minimum_phase=phase, minimum_cycle=2 * phase)
        assert mirror["time"].to_list() == times

    def test_bad_input(self):
        with pytest.raises(ConfigError, match="window"):
            turning_points(pd.Series([1.0, 2]), window=0)
        with pytest.raises(PanelError, match="missing"):
            turning_points(pd.Series([1.0, np.nan]))


class TestStates:
    @pytest.fixture
    def states(self, shared_folder):
        folder = shared_folder / "reference" / "17_cycle_filters_resilience"
        table = pd.read_csv(folder / "state_employment_1970_1986.csv", index_col=0)
        table.columns = table.columns.astype(int)
        parts = {year: table[year] for year in table.columns}
        panel = pd.concat(parts, names=["year", "city"]).rename("jobs").to_frame()
        return panel, json.loads((folder / "expected.json").read_text())

    @pytest.mark.parametrize(("start", "low", "end"), [(1974, 1975, 1979), (1981, 1982, 1986)])
    def test_resilience_arithmetic(self, states, start, low, end):
        panel, expected = states
        wanted = expected["resilience_formula_arithmetic"][f"{start}_{low}_{end}"]
        shock = Shock("s", resistance=(start, low), recovery=(low, end))
        found = resilience(panel, "jobs", shocks=[shock]).of("s")
        for column, key in (
            ("sensitivity_resistance", "sensitivity_index_martin2012"),
            ("resistance", "resistance_MSGT2016"),
            ("recovery", "recoverability_MSGT2016"),
        ):
            values = pd.Series(wanted[key])
            assert found[column].reindex(values.index).to_numpy() == pytest.approx(
                values.to_numpy(), rel=REFERENCE, abs=REFERENCE
            )

    def test_car_states_fall_deeper_than_oil_states(self, states):
        panel, _ = states
        found = cycle_resilience(
            hodrick_prescott_filter(np.log(panel["jobs"]), smoothing=100), peak=1979, end=1983
        ).table
        assert found.loc["MICHIGAN", "depth"] > found.loc["TEXAS", "depth"]
        turns = turning_points(np.log(panel["jobs"]))
        michigan = turns[(turns["city"] == "MICHIGAN") & (turns["kind"] == "peak")]
        assert 1979 in michigan["time"].to_list()
