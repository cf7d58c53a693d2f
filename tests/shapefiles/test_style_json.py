"""Styles as JSON: the same classes and colours as QGIS and matplotlib draw."""

import json

import numpy as np
import pandas as pd
import pytest

from shapefiles.palettes import HATCHING
from shapefiles.style_json import CLASS_SIGNS, class_signs, style_json
from shapefiles.styles import (
    categorised_style,
    choropleth_style,
    link_width_style,
    lisa_style,
    outline_style,
    sized_point_style,
)

NUMBERS = pd.Series([3.0, -1.5, 0.2, 8.0, np.nan, 5.5, 2.0, -4.0])
STYLES = {
    "choropleth": (choropleth_style(NUMBERS, column="x", title="X", centre=0.0, k=6), NUMBERS),
    "points": (sized_point_style(NUMBERS.abs(), column="x", title="X"), NUMBERS.abs()),
    "links": (
        link_width_style(NUMBERS.dropna().abs(), column="x", title="X"),
        NUMBERS.dropna().abs(),
    ),
    "categories": (
        categorised_style(pd.Series(list("abcdefghijkl")), column="x", title="X", most=4),
        pd.Series(list("abcdefghijkl")),
    ),
    "lisa": (
        lisa_style(pd.Series(["High-High", "Low-Low", None]), column="x", title="X"),
        pd.Series(["High-High", "Low-Low", None]),
    ),
    "single": (outline_style(title="States"), pd.Series([0, 0])),
}


@pytest.mark.parametrize("name", STYLES)
def test_every_kind_is_json_with_the_same_classes(name):
    style, values = STYLES[name]
    told = json.loads(json.dumps(style_json(style)))
    assert [one["colour"] for one in told["classes"]] == [one.colour for one in style.classes]
    assert [one["size"] for one in told["classes"]] == [one.size for one in style.classes]
    assert told["geometry"] == style.geometry
    assert told["order"] == style.draw_order
    signs = class_signs(style, values)
    expected = style.class_of(values).tolist()
    assert [CLASS_SIGNS.find(sign) for sign in signs] == expected


def test_bounds_say_where_a_number_belongs():
    style, values = STYLES["choropleth"]
    told = style_json(style)["classes"]
    for value, sign in zip(values, class_signs(style, values), strict=True):
        one = told[CLASS_SIGNS.index(sign)]
        if np.isnan(value):
            assert one["missing"]
            assert one["hatch"] == HATCHING
        else:
            assert one["hatch"] is None
            first = one is told[0]
            assert one["lower"] < value <= one["upper"] or (first and value == one["lower"])


def test_rare_categories_share_a_class():
    style, values = STYLES["categories"]
    told = style_json(style)["classes"]
    assert sum(len(one["values"]) for one in told) == len(values)
    assert len(told) == 5


def test_points_without_value_are_not_hatched():
    told = style_json(STYLES["points"][0])["classes"]
    assert told[-1]["missing"]
    assert told[-1]["hatch"] is None


def test_words_have_no_counts():
    style, _ = STYLES["choropleth"]
    assert all("(" not in one["words"] for one in style_json(style)["classes"])
    assert all("(" in one.label for one in style.classes)
