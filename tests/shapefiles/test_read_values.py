"""Cells: identifiers keep their zeros, years are whole, numbers are numbers."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapefiles.read_values import identifiers, numbers, without_leading_zeros, years
from spatial.errors import PanelError


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1))
def test_text_ids_stay_what_they_are(ids: list[str]) -> None:
    kept = [f"x{item}" for item in ids]
    assert identifiers(pd.Series(kept), what="id").tolist() == kept


@given(st.lists(st.integers(0, 2**53), min_size=1), st.booleans())
def test_whole_numbers_lose_their_decimals(ids: list[int], as_float: bool) -> None:
    cells = pd.Series(ids, dtype=float if as_float else "int64")
    wanted = [str(item) for item in ids]
    assert identifiers(cells, what="id").tolist() == wanted
    assert identifiers(cells.astype(object), what="id").tolist() == wanted


def test_decimals_of_text_ids_go_only_when_all_have_them() -> None:
    assert identifiers(pd.Series(["10180.0", "10420.0"]), what="id").tolist() == ["10180", "10420"]
    assert identifiers(pd.Series(["1.0", "1.5"]), what="id").tolist() == ["1.0", "1.5"]


def test_ids_that_look_missing_are_ids() -> None:
    words = ["NA", "None", "null", "nan"]
    assert identifiers(pd.Series(words), what="id").tolist() == words


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["01001", " ", None], "2 rows have no id .rows 3, 4"),
        (["1.1E+05", "2"], "scientific"),
        ([1.5, 2.0], "not exact"),
        ([1e300, 2.0], "not exact"),
        ([datetime.date(2001, 1, 1)], "is no id"),
        ([True], "is no id"),
    ],
)
def test_unusable_ids(cells: list, message: str) -> None:
    with pytest.raises(PanelError, match=message):
        identifiers(pd.Series(cells, dtype=object), what="column 'id'")


@given(st.integers(1000, 2999))
def test_years_of_every_kind(year: int) -> None:
    cells = pd.Series([year, float(year), str(year), f" {year}.0 ", np.int16(year)], dtype=object)
    read = years(cells, what="year")
    assert read.tolist() == [year] * 5
    assert read.dtype == "int64"


@pytest.mark.parametrize(
    "cell",
    [
        "2005-12-31",
        datetime.date(2005, 1, 1),
        pd.Timestamp(2005, 1, 1),
        2005.5,
        38717,
        "20051231",
        "2005年",
        "five",
        True,
        "２００５",
        float("inf"),
    ],
)
def test_dates_and_other_cells_are_no_years(cell: object) -> None:
    with pytest.raises(PanelError, match="are not years"):
        years(pd.Series([2004, cell], dtype=object), what="column 'year'")


def test_date_columns_are_no_years() -> None:
    with pytest.raises(PanelError, match="are not years"):
        years(pd.to_datetime(pd.Series(["2005-12-31"])), what="column 'year'")


def test_missing_year() -> None:
    with pytest.raises(PanelError, match="1 rows have no year"):
        years(pd.Series(["2005", ""]), what="column 'year'")


@given(st.lists(st.floats(allow_nan=False)))
def test_numbers_come_back_from_text(values: list[float]) -> None:
    read, bad = numbers(pd.Series([repr(value) for value in values], dtype=object))
    assert not bad
    assert read.tolist() == values


def test_missing_words_are_missing_and_signs_are_not() -> None:
    read, bad = numbers(pd.Series(["1", "", "  ", "NA", "#N/A", "-", ".", "n. d."]))
    assert bad == ["-", ".", "n. d."]
    assert read.notna().tolist() == [True] + 7 * [False]


def test_true_and_false_are_one_and_zero_only_together() -> None:
    assert numbers(pd.Series(["True", "false", ""]))[0].tolist()[:2] == [1.0, 0.0]
    assert numbers(pd.Series([True, False]))[0].tolist() == [1.0, 0.0]
    assert numbers(pd.Series(["true", "maybe"]))[1] == ["true", "maybe"]


def test_nullable_integers_and_dates() -> None:
    assert numbers(pd.Series([1, None], dtype="Int64"))[0].isna().tolist() == [False, True]
    assert numbers(pd.Series([pd.Timestamp(2005, 1, 1)]))[1] == ["2005-01-01 00:00:00"]
    assert numbers(pd.Series([datetime.date(2005, 1, 1), 1], dtype=object))[1] == ["2005-01-01"]


@given(st.integers(0, 10**9), st.integers(1, 5))
def test_zeros_lost_by_a_spreadsheet(number: int, zeros: int) -> None:
    assert without_leading_zeros("0" * zeros + str(number)) == str(number)
    assert without_leading_zeros(f"A0{number}") == f"A0{number}"


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1f", "\x7f", "\x85", "\ufffe"])
def test_ids_with_control_characters_are_refused(sign):
    with pytest.raises(PanelError, match=r"control characters.*rows 3 of"):
        identifiers(pd.Series(["a", f"b{sign}c"]), what="'id'")
