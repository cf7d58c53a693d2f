"""Patterns over colours as QGIS draws them: line and point fills, signs in circles, dashes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from shapefiles.palettes import HATCHING
from shapefiles.qgis_xml import add, data_defined, option_map, rgba
from shapefiles.style_patterns import SIGN_SHARE, pattern_ink
from shapefiles.style_types import LayerStyle, Pattern, StyleClass

DASH_STYLES: dict[Pattern, str] = {
    "": "solid",
    "lines": "dash",
    "back_lines": "dash dot",
    "crossed": "dash dot dot",
    "dots": "dot",
    "horizontal": "dash",
    "vertical": "dot",
}

_ANGLES: dict[Pattern, tuple[int, ...]] = {
    "lines": (45,),
    "back_lines": (135,),
    "crossed": (45, 135),
    "horizontal": (0,),
    "vertical": (90,),
}

_SIGNS: dict[Pattern, tuple[str, int]] = {
    "lines": ("line", 45),
    "back_lines": ("line", -45),
    "crossed": ("cross2", 0),
    "dots": ("circle", 0),
    "horizontal": ("line", 90),
    "vertical": ("line", 0),
}


def append_pattern(symbol: ET.Element, style: LayerStyle, one: StyleClass, name: str) -> None:
    """Append the layers of a symbol that lie over its colour."""
    if one.missing and style.geometry == "polygon":
        # No shade of grey could be taken for a class.
        _line_fill(symbol, f"@{name}@1", angle=45, distance=0.9, width=0.12, ink=HATCHING)
    elif not one.pattern:
        return
    elif style.geometry == "polygon":
        ink = pattern_ink(one.colour)
        if one.pattern == "dots":
            _point_fill(symbol, f"@{name}@1", ink)
        for layer, angle in enumerate(_ANGLES.get(one.pattern, ()), start=1):
            _line_fill(symbol, f"@{name}@{layer}", angle=angle, distance=1.0, width=0.16, ink=ink)
    elif style.geometry == "point":
        _sign(symbol, one)


def _line_fill(
    symbol: ET.Element, name: str, *, angle: int, distance: float, width: float, ink: str
) -> None:
    pattern = add(symbol, "layer", class_="LinePatternFill", enabled=1, locked=0, pass_=0)
    option_map(
        pattern,
        {"angle": str(angle), "distance": f"{distance:g}", "distance_unit": "MM",
         "line_width": f"{width:g}", "line_width_unit": "MM", "color": rgba(ink)},
    )  # fmt: skip
    data_defined(pattern, "data_defined_properties", {})
    line = add(pattern, "symbol", type="line", name=name, alpha=1, clip_to_extent=1, force_rhr=0)
    stroke = add(line, "layer", class_="SimpleLine", enabled=1, locked=0, pass_=0)
    option_map(
        stroke,
        {"line_color": rgba(ink), "line_style": "solid", "line_width": f"{width:g}",
         "line_width_unit": "MM", "capstyle": "flat", "joinstyle": "bevel"},
    )  # fmt: skip


def _point_fill(symbol: ET.Element, name: str, ink: str) -> None:
    pattern = add(symbol, "layer", class_="PointPatternFill", enabled=1, locked=0, pass_=0)
    option_map(
        pattern,
        {"distance_x": "1.2", "distance_x_unit": "MM", "distance_y": "1.2", "distance_y_unit": "MM",
         "displacement_x": "0.6", "displacement_x_unit": "MM", "clip_mode": "shape"},
    )  # fmt: skip
    data_defined(pattern, "data_defined_properties", {})
    dot = add(pattern, "symbol", type="marker", name=name, alpha=1, clip_to_extent=1, force_rhr=0)
    marker = add(dot, "layer", class_="SimpleMarker", enabled=1, locked=0, pass_=0)
    option_map(
        marker,
        {"name": "circle", "color": rgba(ink), "outline_style": "no", "size": "0.4",
         "size_unit": "MM"},
    )  # fmt: skip


def _sign(symbol: ET.Element, one: StyleClass) -> None:
    shape, angle = _SIGNS[one.pattern]
    ink = rgba(pattern_ink(one.colour))
    share = SIGN_SHARE * (0.55 if one.pattern == "dots" else 1.0)
    layer = add(symbol, "layer", class_="SimpleMarker", enabled=1, locked=0, pass_=0)
    option_map(
        layer,
        {"name": shape, "angle": str(angle), "color": ink, "outline_color": ink,
         "outline_style": "solid", "outline_width": "0.25", "outline_width_unit": "MM",
         "size": f"{(one.size or 2.0) * share:g}", "size_unit": "MM"},
    )  # fmt: skip
    data_defined(layer, "data_defined_properties", {})
