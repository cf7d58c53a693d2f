"""Resilience year by year: definition, leave-one-out benchmark, gaps and flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses.indices.yearly_resilience import yearly_resilience
from spatial.errors import ConfigError, PanelError

EXACT = 1e-9
levels = arrays(np.float64, (4, 5), elements=st.floats(1.0, 1e4))


def panel(values, start=2005):
    cities, years = values.shape
    index = pd.MultiIndex.from_product(
        [[f"c{i}" for i in range(cities)], range(start, start + years)], names=["city", "year"]
    )
    return pd.DataFrame({"jobs": values.ravel()}, index)


@given(levels, st.sampled_from(["all", "others"]))
def test_definition(values, benchmark):
    table = yearly_resilience(panel(values), "jobs", benchmark=benchmark, tolerance=0.0)
    for i in range(4):
        rest = np.delete(values, i, axis=0) if benchmark == "others" else values
        nation = np.diff(np.log(rest.sum(axis=0)))
        own = np.diff(np.log(values[i]))
        found = table.loc[f"c{i}"].iloc[1:]
        assert found["growth_nation"].to_numpy() == pytest.approx(nation, abs=EXACT)
        assert found["gap"].to_numpy() == pytest.approx(100 * (own - nation), abs=1e-7)
        clear = np.abs(nation) > 1e-6
        expected = (own - nation)[clear] / np.abs(nation[clear])
        assert found["resilience"].to_numpy()[clear] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(levels, levels, st.sampled_from(["all", "others"]))
def test_nation_as_a_weighted_mean(values, people, benchmark):
    rows = panel(values).assign(people=people.ravel())
    table = yearly_resilience(rows, "jobs", benchmark=benchmark, by="people", tolerance=0.0)
    for i in range(4):
        kept = np.arange(4) != i if benchmark == "others" else np.ones(4, bool)
        mean = (values * people)[kept].sum(axis=0) / people[kept].sum(axis=0)
        found = table.loc[f"c{i}"].iloc[1:]
        assert found["growth_nation"].to_numpy() == pytest.approx(np.diff(np.log(mean)), abs=1e-7)


def test_weights_of_the_mean_are_checked():
    rows = panel(np.array([[100.0, 110], [100, 120]])).assign(people=[1.0, np.nan, 1, 2])
    with pytest.raises(PanelError, match="people, the weight of jobs, is missing.*c0"):
        yearly_resilience(rows, "jobs", by="people")
    with pytest.raises(PanelError, match="people is zero.*positive weights"):
        yearly_resilience(rows.fillna(0.0), "jobs", by="people")


@given(levels, st.permutations(range(20)))
def test_rows_in_any_order(values, order):
    straight = yearly_resilience(panel(values), "jobs")
    shuffled = yearly_resilience(panel(values).iloc[list(order)], "jobs")
    assert shuffled.index.equals(panel(values).index[list(order)])
    columns = ["growth", "growth_nation", "gap"]
    pd.testing.assert_frame_equal(
        straight[columns], shuffled[columns].reindex(straight.index), atol=1e-7
    )


def test_entry_of_a_city_does_not_move_the_nation():
    values = np.array([[100.0, 110], [100, 110], [1.0, 500]])
    rows = panel(values).drop(index=("c2", 2005))
    table = yearly_resilience(rows, "jobs", benchmark="all")
    assert table.loc[("c0", 2006), "growth_nation"] == pytest.approx(np.log(1.1))
    assert table.loc[("c2", 2006), "flag"] == "no_previous_year"
    assert np.isnan(table.loc[("c2", 2006), "resilience"])


def test_flags():
    table = yearly_resilience(
        panel(np.array([[100.0, 100, 90, 99], [100, 100, 95, 99]])), "jobs", benchmark="all"
    )
    assert table.loc["c0", "flag"].to_list() == [
        "no_previous_year",
        "nation_flat",
        "nation_falls",
        "",
    ]
    assert table.loc[("c0", 2006), "resilience"] != table.loc[("c0", 2006), "resilience"]
    assert table.loc[("c0", 2006), "gap"] == 0
    assert table.loc[("c1", 2007), "resilience"] > 0


def test_input_is_not_changed():
    rows = panel(np.ones((2, 3)))
    copy = rows.copy(deep=True)
    yearly_resilience(rows, "jobs")
    pd.testing.assert_frame_equal(rows, copy)


def test_bad_input():
    rows = panel(np.ones((2, 3)))
    with pytest.raises(PanelError, match="zero, negative"):
        yearly_resilience(rows * 0, "jobs")
    with pytest.raises(ConfigError, match="no others"):
        yearly_resilience(rows.loc[["c0"]], "jobs")
    with pytest.raises(ConfigError, match="benchmark"):
        yearly_resilience(rows, "jobs", benchmark="mean")
    with pytest.raises(PanelError, match="no column 'gdp'"):
        yearly_resilience(rows, "gdp")
