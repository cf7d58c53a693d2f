"""Bivariate styles: both numbers decide the class, bounds are exact, all code reads them alike."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import geopandas as gpd
import mapclassify
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from shapefiles.layers import Layer, style_columns
from shapefiles.qgis_styles import style_document
from shapefiles.styles import LayerStyle, bivariate_style, choropleth_style
from spatial.errors import AlignmentError, ConfigError

IDS = [f"c{i}" for i in range(60)]
RANDOM = np.random.default_rng(5)
FIRST = pd.Series(RANDOM.gamma(2.0, 3.0, 60), IDS, name="income")
SECOND = pd.Series(RANDOM.normal(size=60), IDS, name="growth")
COLUMNS = ("income", "growth")


def test_classes_are_those_of_mapclassify_on_both_sides():
    style = bivariate_style(FIRST, SECOND, columns=COLUMNS, k=(4, 3))
    table = pd.DataFrame({"income": FIRST, "growth": SECOND})
    across = mapclassify.Quantiles(FIRST.to_numpy(), k=4).yb
    up = mapclassify.Quantiles(SECOND.to_numpy(), k=3).yb
    expected = up * 4 + across
    np.testing.assert_array_equal(style.class_of(table), expected)
    assert [one.count for one in style.classes] == np.bincount(expected, minlength=12).tolist()
    assert len({one.colour for one in style.classes}) == 12
    assert len(style.bounds) == 5
    assert len(style.second_bounds) == 4
    assert style.classes[5].wording.count("×") == 1


def test_labels_decide_and_gaps_have_a_class():
    second = SECOND.copy()
    second["c3"] = np.nan
    style = bivariate_style(FIRST, second[::-1], columns=COLUMNS)
    assert style == bivariate_style(FIRST, second, columns=COLUMNS)
    table = pd.DataFrame({"growth": second, "income": FIRST, "other": 1.0})
    found = style.class_of(table)
    assert style.classes[found["c3"]].missing
    assert style.missing_class.count == 1
    outside = table.assign(income=1e9)
    assert (style.class_of(outside).drop("c3") == -1).all()


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=40),
    st.integers(2, 4),
    st.sampled_from(["quantiles", "equalinterval", "fisherjenks"]),
)
def test_every_pair_of_numbers_finds_one_class(pairs, k, scheme):
    table = pd.DataFrame(pairs, columns=["a", "b"], dtype=float)
    style = bivariate_style(table["a"], table["b"], columns=("a", "b"), k=k, scheme=scheme)
    found = style.class_of(table)
    assert (found >= 0).all()
    for row, at in enumerate(found):
        one = style.classes[at]
        assert one.lower <= table["a"][row] <= one.upper
        assert one.second_lower <= table["b"][row] <= one.second_upper
    assert sum(one.count for one in style.classes) == len(table)


def test_each_side_may_have_a_scheme_or_bounds_of_its_own():
    style = bivariate_style(
        FIRST,
        SECOND,
        columns=COLUMNS,
        scheme=("fisherjenks", "equalinterval"),
        bounds=((0.0, 5.0, 40.0), None),
    )
    assert style.bounds == (0.0, 5.0, 40.0)
    steps = [b - a for a, b in pairwise(style.second_bounds)]
    np.testing.assert_allclose(steps, steps[0])
    assert style.scheme == "given"


def test_wrong_pairs_are_refused():
    with pytest.raises(ConfigError, match="takes 2 to 4"):
        bivariate_style(FIRST, SECOND, columns=COLUMNS, k=5)
    with pytest.raises(ConfigError, match="two different columns"):
        bivariate_style(FIRST, SECOND, columns=("a", "a"))
    with pytest.raises(ConfigError, match="Give another scheme"):
        bivariate_style(FIRST, SECOND, columns=COLUMNS, scheme="boxplot")
    with pytest.raises(AlignmentError, match="growth"):
        bivariate_style(FIRST, SECOND.iloc[1:], columns=COLUMNS)
    style = bivariate_style(FIRST, SECOND, columns=COLUMNS)
    with pytest.raises(ConfigError, match="a table with 'income', 'growth'"):
        style.class_of(FIRST)
    with pytest.raises(ConfigError, match="lacks columns"):
        style.class_of(pd.DataFrame({"income": FIRST}))
    with pytest.raises(ConfigError, match="second_column"):
        LayerStyle(
            name="a", title="a", geometry="point", column="a", kind="bivariate",
            classes=style.classes,
        )  # fmt: skip


def test_any_style_reads_a_table():
    style = choropleth_style(FIRST, column="income", title="Income")
    table = pd.DataFrame({"income": FIRST, "growth": SECOND})
    pd.testing.assert_series_equal(style.class_of(table), style.class_of(FIRST))


def test_the_rules_of_qgis_hold_every_pair_once():
    second = SECOND.copy()
    second.iloc[:2] = np.nan
    style = bivariate_style(
        FIRST, second, columns=("收入", "growth <%>"), geometry="point", name="pair"
    )
    data = gpd.GeoDataFrame(
        {"收入": FIRST, "growth <%>": second},
        geometry=[Point(i, 1) for i in range(60)],
        crs="EPSG:4326",
    )
    assert style_columns(style) == ("收入", "growth <%>")
    layer = Layer(table="places", title="Places", data=data, styles=(style,))
    document = style_document(layer, style)
    rules = ET.fromstring(document.partition("\n")[2]).findall(".//rule")
    assert [rule.get("label") for rule in rules] == [one.label for one in style.classes]
    filters = [rule.get("filter") for rule in rules]
    assert filters[-1] == "ELSE"
    assert filters[0].count(">=") == 2  # the lowest bounds belong to the lowest classes
    assert filters[4].count("> ") == 2
    assert all(repr(one.upper) in text for one, text in zip(style.classes, filters, strict=False)
               if not one.missing)  # fmt: skip
    assert "growth" in filters[0]
    with pytest.raises(Exception, match="does not have"):
        Layer(table="places", title="P", data=data.drop(columns="收入"), styles=(style,))
