"""Renderers of QGIS: classes of a style as symbols, ranges, categories or rules."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from shapefiles.qgis_patterns import DASH_STYLES, append_pattern
from shapefiles.qgis_xml import add, data_defined, option_map, quoted_field, rgba, stable_uuid
from shapefiles.style_types import LayerStyle, StyleClass

_METHODS = {
    "fisherjenks": "Jenks",
    "quantiles": "Quantile",
    "equalinterval": "EqualInterval",
    "stdmean": "StdDev",
    "naturalbreaks": "Jenks",
    "prettybreaks": "Pretty",
}
"""Schemes that QGIS has too; it keeps the bounds written here until a user classifies anew."""


def append_renderer(parent: ET.Element, style: LayerStyle) -> ET.Element:
    """Append ``<renderer-v2>``; the style names fields of the file.

    Numbers with missing values are drawn by rules, because a graduated renderer of QGIS gives a
    missing value no symbol at all; its last rule, ELSE, is the class "no data". Two numbers are
    drawn by rules as well, one for each pair of classes.
    """
    kinds = {
        "single": _single,
        "categorised": _categorised,
        "graduated": _graduated,
        "bivariate": _rules,
    }
    if style.kind == "graduated" and style.missing_class is not None:
        renderer = _rules(parent, style)
    else:
        renderer = kinds[style.kind](parent, style)
    if style.draw_order and style.column:
        order = add(renderer, "orderby")
        clause = add(order, "orderByClause", quoted_field(style.column))
        clause.set("asc", "1" if style.draw_order == "ascending" else "0")
        clause.set("nullsFirst", "1")
    return renderer


def _renderer(parent: ET.Element, kind: str, style: LayerStyle, **attributes: object) -> ET.Element:
    return add(
        parent,
        "renderer-v2",
        type=kind,
        symbollevels=0,
        forceraster=0,
        referencescale=-1,
        enableorderby=int(bool(style.draw_order and style.column)),
        **attributes,
    )


def _single(parent: ET.Element, style: LayerStyle) -> ET.Element:
    renderer = _renderer(parent, "singleSymbol", style)
    _symbols(renderer, style)
    return renderer


def _categorised(parent: ET.Element, style: LayerStyle) -> ET.Element:
    renderer = _renderer(parent, "categorizedSymbol", style, attr=style.column)
    categories = add(renderer, "categories")
    for position, one in enumerate(style.classes):
        entry = add(categories, "category", symbol=position, label=one.label, render=True)
        if one.members:
            entry.set("type", "List")
            for text in one.members:
                add(entry, "val", type="string", value=text)
        else:
            # An empty value takes missing values, and texts that no other category knows.
            entry.set("type", "string")
            entry.set("value", "" if one.missing else one.value or "")
    _symbols(renderer, style)
    return renderer


def _graduated(parent: ET.Element, style: LayerStyle) -> ET.Element:
    sized = style.geometry != "polygon" and len({one.size for one in style.classes}) > 1
    renderer = _renderer(
        parent,
        "graduatedSymbol",
        style,
        attr=style.column,
        graduatedMethod="GraduatedSize" if sized else "GraduatedColor",
    )
    ranges = add(renderer, "ranges")
    for position, one in enumerate(style.classes):
        assert one.lower is not None
        assert one.upper is not None
        add(
            ranges,
            "range",
            lower=one.lower,
            upper=one.upper,
            symbol=position,
            label=one.label,
            render=True,
        )
    _symbols(renderer, style)
    method = add(renderer, "classificationMethod", id=_METHODS.get(style.scheme, "Custom"))
    add(method, "symmetricMode", enabled=0, symmetrypoint=0, astride=0)
    add(method, "labelFormat", labelprecision=4, format="%1 - %2", trimtrailingzeroes=1)
    add(add(method, "parameters"), "Option")
    add(method, "extraInformation")
    return renderer


def _rules(parent: ET.Element, style: LayerStyle) -> ET.Element:
    renderer = _renderer(parent, "RuleRenderer", style)
    rules = add(renderer, "rules", key=stable_uuid(style.name, *style.columns))
    for position, one in enumerate(style.classes):
        key = stable_uuid(style.name, *style.columns, str(position))
        test = "ELSE" if one.missing else _range_test(style, one)
        add(rules, "rule", key=key, symbol=position, label=one.label, filter=test)
    _symbols(renderer, style)
    return renderer


def _range_test(style: LayerStyle, one: StyleClass) -> str:
    """Return the expression that is true in the class; the lowest class holds its lower bound."""
    ranges = [(style.column, one.lower, one.upper, style.bounds)]
    if style.kind == "bivariate":
        ranges.append(
            (style.second_column, one.second_lower, one.second_upper, style.second_bounds)
        )
    tests = []
    for column, lower, upper, bounds in ranges:
        field = quoted_field(column)
        lowest = (lower, upper) == bounds[:2]
        tests.append(f"{field} {'>=' if lowest else '>'} {lower!r} AND {field} <= {upper!r}")
    return " AND ".join(tests)


def _symbols(renderer: ET.Element, style: LayerStyle) -> None:
    symbols = add(renderer, "symbols")
    for position, one in enumerate(style.classes):
        append_symbol(symbols, style, one, str(position))


def append_symbol(parent: ET.Element, style: LayerStyle, one: StyleClass, name: str) -> ET.Element:
    """Append the ``<symbol>`` of one class."""
    kind, layer_class, options = {
        "polygon": ("fill", "SimpleFill", _fill),
        "point": ("marker", "SimpleMarker", _marker),
        "line": ("line", "SimpleLine", _line),
    }[style.geometry]
    symbol = add(
        parent,
        "symbol",
        type=kind,
        name=name,
        alpha=style.opacity,
        clip_to_extent=1,
        force_rhr=0,
    )
    data_defined(symbol, "data_defined_properties", {})
    layer = add(symbol, "layer", class_=layer_class, enabled=1, locked=0, pass_=0)
    option_map(layer, options(style, one))
    data_defined(layer, "data_defined_properties", {})
    append_pattern(symbol, style, one, name)
    return symbol


def _fill(style: LayerStyle, one: StyleClass) -> dict[str, object]:
    return {
        "color": rgba(one.colour),
        "style": "solid",
        "joinstyle": "round",
        "outline_color": rgba(style.outline_colour),
        "outline_style": "solid" if style.outline_width > 0 else "no",
        "outline_width": f"{style.outline_width:g}",
        "outline_width_unit": "MM",
    }


def _marker(style: LayerStyle, one: StyleClass) -> dict[str, object]:
    return {
        "name": "circle",
        "color": rgba(one.colour),
        "outline_color": rgba(style.outline_colour),
        "outline_style": "solid" if style.outline_width > 0 else "no",
        "outline_width": f"{style.outline_width:g}",
        "outline_width_unit": "MM",
        "joinstyle": "round",
        "scale_method": "diameter",
        "size": f"{one.size or 2.0:g}",
        "size_unit": "MM",
    }


def _line(_style: LayerStyle, one: StyleClass) -> dict[str, object]:
    return {
        "line_color": rgba(one.colour),
        "line_style": DASH_STYLES[one.pattern],
        "line_width": f"{one.size or 0.2:g}",
        "line_width_unit": "MM",
        "capstyle": "round",
        "joinstyle": "round",
    }
