"""Derived columns against arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.derive import derive_column
from spatial.errors import PanelError


@pytest.fixture
def panel():
    index = pd.MultiIndex.from_tuples(
        [("b", 2002), ("a", 2000), ("a", 2001), ("b", 2000)], names=["city", "year"]
    )
    return pd.DataFrame({"x": [8.0, 1.0, 2.0, 4.0], "y": [2.0, 4.0, 4.0, 0.5]}, index=index)


def test_growth_looks_one_calendar_year_back(panel):
    growth = derive_column(panel, kind="growth", of="x")
    assert growth[("a", 2001)] == pytest.approx(100 * np.log(2))
    assert growth.drop(("a", 2001)).isna().all()  # first years, and 2002 after a gap
    assert growth.index.equals(panel.index)


def test_others(panel):
    assert derive_column(panel, kind="lag", of="x")[("a", 2001)] == 1.0
    assert derive_column(panel, kind="difference", of="x")[("a", 2001)] == 1.0
    assert derive_column(panel, kind="share", of="x", by="y")[("b", 2000)] == 800.0
    assert derive_column(panel, kind="ratio", of="x", by="y")[("b", 2000)] == 8.0
    assert derive_column(panel, kind="sum", of=("x", "y"))[("a", 2000)] == 5.0
    assert derive_column(panel, kind="log", of="x")[("a", 2000)] == 0.0


def test_sum_with_a_missing_part_is_missing(panel):
    panel.loc[("a", 2000), "y"] = np.nan
    assert np.isnan(derive_column(panel, kind="sum", of=("x", "y"))[("a", 2000)])


def test_faults_are_named(panel):
    with pytest.raises(PanelError, match="nearest: 'x'|no column 'z'"):
        derive_column(panel, kind="log", of="z")
    panel.loc[("a", 2000), "x"] = 0.0
    with pytest.raises(PanelError, match="'a', 2000"):
        derive_column(panel, kind="log", of="x")
    with pytest.raises(PanelError, match="zero for"):
        derive_column(panel, kind="ratio", of="y", by="x")


@given(st.permutations(range(4)))
def test_row_order_does_not_matter(order):
    index = pd.MultiIndex.from_product([["a", "b"], [2000, 2001]], names=["city", "year"])
    panel = pd.DataFrame({"x": [1.0, 3.0, 2.0, 5.0]}, index=index)
    shuffled = panel.iloc[list(order)]
    expected = derive_column(panel, kind="growth", of="x")
    pd.testing.assert_series_equal(
        derive_column(shuffled, kind="growth", of="x").reindex(index), expected
    )
