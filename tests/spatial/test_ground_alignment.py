"""Labels decide, position never does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.alignment import aligned_series, require_same_cities, require_unique
from spatial.errors import AlignmentError, PanelError

IDS = pd.Index(["010", "10", "北京"])


@given(st.permutations(["a", "b", "c", "d", "e"]))
def test_aligned_series_follows_labels_in_any_order(order):
    values = pd.Series(range(5), index=list("abcde")).loc[order]
    given_order = values.index.copy()
    result = aligned_series(values, pd.Index(list("abcde")), what="x")
    assert result.tolist() == [0, 1, 2, 3, 4]
    assert values.index.equals(given_order)


def test_leading_zeros_and_types_make_different_ids():
    with pytest.raises(AlignmentError, match=r"only in left: '010'.*only in right: '10'"):
        require_same_cities(
            pd.Index(["010"]), pd.Index(["10"]), left_name="left", right_name="right"
        )
    with pytest.raises(AlignmentError):
        require_same_cities(pd.Index([1]), pd.Index(["1"]), left_name="a", right_name="b")


def test_duplicate_and_missing_ids_are_named():
    with pytest.raises(AlignmentError, match="more than once: 'a'"):
        require_unique(pd.Index(["a", "b", "a"]), what="cities")
    with pytest.raises(AlignmentError, match="1 rows have no city id"):
        require_unique(pd.Index(["a", None]), what="cities")


def test_an_index_of_two_levels_is_refused_with_its_names():
    panel = pd.MultiIndex.from_product([["a"], [2000]], names=["city", "year"])
    with pytest.raises(AlignmentError, match="2 levels \\('city', 'year'\\)"):
        require_unique(panel, what="values")


def test_unlabelled_values_are_refused():
    with pytest.raises(AlignmentError, match="never by position"):
        aligned_series(np.arange(3.0), IDS, what="x")


@pytest.mark.parametrize("bad", [np.nan, np.inf, "text", None])
def test_unusable_values_are_named_by_city(bad):
    values = pd.Series([1.0, bad, 3.0], index=IDS, dtype=object)
    with pytest.raises(PanelError, match=r"income: 1 values .* cities '10'"):
        aligned_series(values, IDS, what="income")


def test_numbers_given_as_text_are_read():
    assert aligned_series(pd.Series(["1", "2.5", "-3"], IDS), IDS, what="x").tolist() == [
        1,
        2.5,
        -3,
    ]
