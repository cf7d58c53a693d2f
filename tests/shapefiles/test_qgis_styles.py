"""QML: well-formed whatever the data hold, and the same classes as the style."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from shapefiles.layers import Layer, name_labels
from shapefiles.qgis_legend import LegendEntry, append_legend, text_width_mm, wrapped
from shapefiles.qgis_styles import language_of, style_document
from shapefiles.qgis_xml import font_families, one_line, quoted_field, quoted_text, xml_text
from shapefiles.styles import (
    categorised_style,
    choropleth_style,
    link_width_style,
    lisa_style,
    outline_style,
    sized_point_style,
)

SHAPES = {
    "point": [Point(i, i) for i in range(6)],
    "line": [LineString([(i, 0), (i, 1)]) for i in range(6)],
    "polygon": [box(i, 0, i + 1, 1) for i in range(6)],
}


def layer(style, **columns: object) -> Layer:
    data = gpd.GeoDataFrame(
        pd.DataFrame(columns, index=list("abcdef")), geometry=SHAPES[style.geometry], crs=4326
    )
    return Layer(table="t", title="T", data=data, styles=(style,))


def parsed(source: Layer, **options: object) -> ET.Element:
    text = style_document(source, source.styles[0], **options)
    assert text.startswith("<!DOCTYPE qgis")
    return ET.fromstring(text.split("\n", 1)[1])


def test_graduated_bounds_keep_every_digit():
    values = pd.Series([0.1, 1 / 3, 2 / 3, 1e-17, 12345.678901234567, 7.0])
    style = choropleth_style(values, column="x", title="X", k=4)
    root = parsed(layer(style, x=values.to_numpy()))
    renderer = root.find("renderer-v2")
    assert renderer.get("type") == "graduatedSymbol"
    ranges = renderer.findall("ranges/range")
    assert [float(one.get("lower")) for one in ranges] == [c.lower for c in style.classes]
    assert [float(one.get("upper")) for one in ranges] == [c.upper for c in style.classes]
    assert renderer.find("classificationMethod").get("id") == "Jenks"
    names = [symbol.get("name") for symbol in renderer.findall("symbols/symbol")]
    assert names == [one.get("symbol") for one in ranges]


def test_missing_numbers_get_a_rule_of_their_own():
    values = [1.0, 2.0, 3.0, np.nan, 5.0, 6.0]
    style = choropleth_style(pd.Series(values), column="x", title="X", k=2)
    renderer = parsed(layer(style, x=values)).find("renderer-v2")
    assert renderer.get("type") == "RuleRenderer"
    filters = [rule.get("filter") for rule in renderer.findall("rules/rule")]
    assert filters == ['"x" >= 1.0 AND "x" <= 3.0', '"x" > 3.0 AND "x" <= 6.0', "ELSE"]
    hatched = renderer.findall("symbols/symbol")[2].findall("layer")
    assert [one.get("class") for one in hatched] == ["SimpleFill", "LinePatternFill"]


def test_categories_with_hostile_text(hostile_names):
    values = [*hostile_names[:5], None]
    labels = {value: f"label of {value}" for value in values[:5]}
    style = categorised_style(pd.Series(values), column="x", title="<&>", labels=labels, most=9)
    root = parsed(layer(style, x=values))
    categories = root.findall("renderer-v2/categories/category")
    assert [one.get("value") for one in categories[:-1]] == sorted(values[:5])
    assert categories[-1].get("value") == ""
    assert [one.get("label") for one in categories] == [one.label for one in style.classes]
    shown = root.findall(".//editWidget[@type='ValueMap']//Option[@type='List']/Option/Option")
    assert {one.get("value"): one.get("name") for one in shown} == labels


def test_rare_categories_are_one_list():
    style = categorised_style(pd.Series(list("aaabcd")), column="x", title="X", most=1)
    categories = parsed(layer(style, x=list("aaabcd"))).findall(".//category")
    assert [val.get("value") for val in categories[1].findall("val")] == ["b", "c", "d"]


@pytest.mark.parametrize(("builder", "order"), [(sized_point_style, "0"), (link_width_style, "1")])
def test_draw_order_and_sizes(builder, order):
    values = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    style = builder(values, column="w", title="W", k=3)
    renderer = parsed(layer(style, w=values.to_numpy())).find("renderer-v2")
    assert renderer.get("enableorderby") == "1"
    assert renderer.get("graduatedMethod") == "GraduatedSize"
    clause = renderer.find("orderby/orderByClause")
    assert (clause.text, clause.get("asc")) == ('"w"', order)
    name = "size" if style.geometry == "point" else "line_width"
    options = renderer.findall(f"symbols/symbol/layer/Option/Option[@name='{name}']")
    assert [float(one.get("value")) for one in options] == [one.size for one in style.classes]


@pytest.mark.parametrize(("geometry", "code"), [("point", "0"), ("line", "1"), ("polygon", "2")])
def test_kind_of_geometry(geometry, code):
    root = parsed(layer(outline_style(title="x", geometry=geometry)))
    assert root.findtext("layerGeometryType") == code
    assert root.find("renderer-v2").get("type") == "singleSymbol"


def test_labels_follow_their_priority():
    values = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0, np.nan])
    style = sized_point_style(values, column="w", title="W")
    style = style.with_labels(name_labels(values, priority="w", most=2))
    root = parsed(layer(style, w=values.to_numpy(), name=list("uvwxyz")))
    assert root.get("labelsEnabled") == "1"
    settings = root.find("labeling/settings")
    assert settings.find("text-style").get("fieldName") == "name"
    assert settings.find("text-style/text-buffer").get("bufferDraw") == "1"
    properties = settings.findall("dd_properties/Option/Option[@name='properties']/Option")
    expressions = {
        one.get("name"): one.find("Option[@name='expression']").get("value") for one in properties
    }
    assert set(expressions) == {"Priority", "Size", "Show"}
    assert ">= 8.0" in expressions["Show"]
    assert "@map_scale" in expressions["Show"]


def test_labels_without_a_spread_need_no_expressions():
    values = pd.Series([1.0] * 6)
    style = outline_style(title="x", geometry="point")
    style = style.with_labels(name_labels(values, priority="w"))
    root = parsed(layer(style, w=values.to_numpy(), name=list("uvwxyz")))
    assert root.find(".//dd_properties//Option[@name='expression']") is None


def test_fonts_follow_the_language():
    chinese = lisa_style(pd.Series(["High-High"] * 6), column="c", title="聚类", language="zh")
    english = replace(
        lisa_style(pd.Series(["High-High"] * 6), column="c", title="LISA"), labels=None
    )
    assert language_of(chinese) == "zh"
    assert language_of(english) == "en"
    assert font_families("zh")[0] == "Noto Sans CJK SC"
    assert set(font_families("zh")) == set(font_families("en"))
    assert {"Microsoft YaHei", "PingFang SC", "SimHei"} <= set(font_families("en"))


def test_text_is_made_fit_for_xml():
    assert xml_text("a\x00\x07\ud800b\ufffe") == "ab"
    assert one_line("a\n b\t c", 4) == "a b…"
    assert quoted_field('a"b') == '"a""b"'
    assert quoted_text("a'b\\c") == "'a''b\\\\c'"


# ---- the legend of a page


def test_wrapping_keeps_the_text_and_the_width():
    text = "Resistance 1990–1991 in percentage points 与全国平均水平之差的说明文字"
    lines = wrapped(text, 9.0, 40.0, most_lines=9).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(text_width_mm(line, 9.0) for line in lines) <= 40.0
    short = wrapped("x" * 300, 8.0, 40.0)
    assert short.count("\n") == 1
    assert short.endswith("…")
    assert wrapped("", 8.0, 40.0) == ""


@pytest.mark.parametrize("n", [3, 12, 40, 90])
def test_a_legend_stays_in_its_box(n):
    item = ET.Element("LayoutItem")
    entries = [
        LegendEntry(
            layer_id=f"layer_number_{at}",
            source="./a.gpkg|layername=t",
            name="t" * 200,
            title="t" * 200,
            labels=("label " * 40,) * n,
            heights=(0.0,) * n,
        )
        for at in range(2)
    ]
    append_legend(
        item, entries, title="L", map_id="{m}", box=(219.0, 25.0, 70.0, 150.0), language="en"
    )
    columns = int(item.get("columnCount"))
    size = float(item.find(".//style[@name='symbolLabel']/text-style").get("fontSize"))
    assert size >= 5.0
    assert columns == (1 if n < 40 else 2)
    nodes = item.findall(".//layer-tree-layer")
    assert [node.get("id") for node in nodes] == ["layer_number_0", "layer_number_1"]
    texts = [o.get("value") for o in item.findall(".//Option[@name='legend/label-0']")]
    assert all(text.count("\n") <= 1 for text in texts)
