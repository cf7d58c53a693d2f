"""One style as QGIS reads it: a QML document, or the same elements inside a project."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd

from shapefiles.layers import Layer, field_aliases, in_field_names, layer_fields
from shapefiles.qgis_renderers import append_renderer
from shapefiles.qgis_xml import (
    QGIS_VERSION,
    add,
    data_defined,
    document,
    option_map,
    quoted_field,
    text_style,
)
from shapefiles.style_types import LabelStyle, LayerStyle
from spatial.options import Language

QUIET_MAP = "window"
"""Maps of a page whose id begins so show no names: small windows that a study names."""

NAMES_ALLOWED = f"coalesce(@map_id,'') NOT LIKE '{QUIET_MAP}%'"
"""QGIS gives a map of a page its id as ``@map_id``; the map canvas has none that begins so."""

_GEOMETRY_CODES = {"point": 0, "line": 1, "polygon": 2}


def style_document(layer: Layer, style: LayerStyle, *, language: Language | None = None) -> str:
    """Return a style as a QML document.

    Parameters
    ----------
    layer : Layer
    style : LayerStyle
        One of the styles of the layer; it names columns of the data.
    language : {"en", "zh"}, optional
        Which fonts come first; by default Chinese ones where the legend is Chinese.

    Returns
    -------
    str
    """
    root = ET.Element(
        "qgis",
        version=QGIS_VERSION,
        styleCategories="AllStyleCategories",
        labelsEnabled="1" if style.labels else "0",
        hasScaleBasedVisibilityFlag="0",
        simplifyDrawingHints="1" if style.geometry != "point" else "0",
    )
    append_style(root, layer, style, language=language or language_of(style))
    return document(root)


def language_of(style: LayerStyle) -> Language:
    """Tell whether the legend of a style is written in Chinese."""
    text = style.title + "".join(one.label for one in style.classes)
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"


def append_style(
    parent: ET.Element,
    layer: Layer,
    style: LayerStyle,
    *,
    language: Language,
    quiet_maps: bool = False,
) -> None:
    """Append renderer, labels, aliases and value maps; for ``<qgis>`` and ``<maplayer>`` alike.

    With ``quiet_maps`` no names stand on the maps of a page whose id begins with ``QUIET_MAP``.
    """
    fields = layer_fields(layer)
    in_file = in_field_names(style, fields)
    flags = add(parent, "flags")
    for flag in ("Identifiable", "Searchable"):
        add(flags, flag, 1)
    add(flags, "Removable", 1)
    _append_temporal(parent, fields.get(layer.time, ""))
    renderer = append_renderer(parent, in_file)
    if layer.time:
        _latest_on_top(renderer, fields[layer.time])
    if in_file.labels is not None and style.labels is not None:
        _append_labels(parent, layer, in_file, style.labels, language, quiet_maps=quiet_maps)
    add(parent, "blendMode", 0)
    add(parent, "featureBlendMode", 0)
    add(parent, "layerOpacity", 1)
    add(parent, "legend", type="default-vector", showLabelLegend=0)
    _append_value_maps(parent, layer, fields)
    aliases = add(parent, "aliases")
    for name, text in field_aliases(fields, layer.aliases).items():
        add(aliases, "alias", field=name, name=text)
    if in_file.labels is not None:
        add(parent, "previewExpression", quoted_field(in_file.labels.column))
    add(parent, "layerGeometryType", _GEOMETRY_CODES[style.geometry])


def _append_temporal(parent: ET.Element, field: str) -> None:
    """Let the temporal controller show the features of its moment, where a field holds moments."""
    temporal = add(
        parent,
        "temporal",
        enabled=int(bool(field)),
        mode=1 if field else 0,  # 1: each feature stands for one instant, the value of a field
        startField=field,
        endField="",
        durationField="",
        durationUnit="min",
        fixedDuration=0,
        accumulate=0,
        limitMode=0,
        startExpression="",
        endExpression="",
    )
    fixed = add(temporal, "fixedRange")
    add(fixed, "start")
    add(fixed, "end")


def _latest_on_top(renderer: ET.Element, field: str) -> None:
    """Draw in the order of time: without the temporal controller the last year covers the others.

    Within one moment the order of the style holds, such as weak links below strong ones.
    """
    renderer.set("enableorderby", "1")
    order = renderer.find("orderby")
    if order is None:
        order = add(renderer, "orderby")
    clause = ET.Element("orderByClause", asc="1", nullsFirst="1")
    clause.text = quoted_field(field)
    order.insert(0, clause)


def _append_value_maps(parent: ET.Element, layer: Layer, fields: dict[str, str]) -> None:
    """Let attribute tables and forms show the wording of a category instead of its code."""
    configuration = add(parent, "fieldConfiguration")
    done: set[str] = set()
    for style in layer.styles:
        words = {one.value: one.wording for one in style.classes if one.value and one.wording}
        if style.kind != "categorised" or style.column in done:
            continue
        done.add(style.column)
        if all(value == wording for value, wording in words.items()):
            continue
        field = add(configuration, "field", name=fields[style.column], configurationFlags="None")
        widget = add(add(field, "editWidget", type="ValueMap"), "config")
        outer = add(widget, "Option", type="Map")
        entries = add(outer, "Option", name="map", type="List")
        for value, wording in words.items():
            option_map(entries, {wording: value})


def _append_labels(
    parent: ET.Element,
    layer: Layer,
    style: LayerStyle,
    source: LabelStyle,
    language: Language,
    *,
    quiet_maps: bool,
) -> None:
    """Append ``<labeling>``: the weightiest names are placed first, and larger."""
    labels = style.labels
    assert labels is not None
    settings = add(add(parent, "labeling", type="simple"), "settings", calloutType="simple")
    text_style(
        settings,
        size=labels.smallest,
        language=language,
        colour=labels.colour,
        halo=labels.halo,
        fieldName=labels.column,
        isExpression=0,
    )
    add(settings, "text-format", wrapChar="", multilineAlign=0, autoWrapLength=0)
    points = style.geometry == "point"
    add(
        settings,
        "placement",
        # Points: places around the symbol, best first. Lines: along them. Areas: inside.
        placement={"point": 6, "line": 2, "polygon": 1}[style.geometry],
        placementFlags=10 if style.geometry == "line" else 0,
        dist=0.4 if points else 0,
        distUnits="MM",
        priority=5,
        offsetType=1 if points else 0,
        quadOffset=4,
        centroidInside=1,
        centroidWhole=0,
        fitInPolygonOnly=0,
        predefinedPositionOrder="R,TR,BR,TL,BL,L,TSR,BSR",
    )
    add(
        settings,
        "rendering",
        drawLabels=1,
        obstacle=int(points),
        obstacleFactor=1,
        obstacleType=1,
        displayAll=0,
        fontMinPixelSize=3,
        fontMaxPixelSize=10000,
        upsidedownLabels=0,
        labelPerPart=0,
        mergeLines=0,
        scaleVisibility=0,
        limitNumLabels=0,
        maxNumLabels=2000,
        minFeatureSize=0,
        zIndex=0,
    )
    expressions, shown = _priority_expressions(layer, labels, source)
    tests = [*([NAMES_ALLOWED] if quiet_maps else []), *shown]
    if layer.time:
        # Without the temporal controller all years are there: only the last one is named.
        latest = layer.data[layer.time].max()
        field = quoted_field(layer_fields(layer)[layer.time])
        moment = f"make_datetime({latest:%Y,%m,%d,%H,%M,0})"
        tests.append(f"(@map_start_time IS NOT NULL OR {field} >= {moment})")
    if tests:
        expressions["Show"] = " AND ".join(tests)
    data_defined(settings, "dd_properties", expressions)


def _priority_expressions(
    layer: Layer, labels: LabelStyle, source: LabelStyle
) -> tuple[dict[str, str], list[str]]:
    """Return the expressions that follow the priority, and what it asks for to show a name."""
    if source.priority is None or labels.priority is None:
        return {}, []
    values = pd.to_numeric(layer.data[source.priority], errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )
    values = values[np.isfinite(values)]
    if not len(values) or values.min() == values.max():
        return {}, []
    low, high = float(values.min()), float(values.max())
    start = low if labels.minimum is None else max(low, min(labels.minimum, high))
    value = f"coalesce({quoted_field(labels.priority)},{low!r})"
    expressions = {"Priority": f"scale_exp({value},{low!r},{high!r},0,10,0.3)"}
    if start < high and labels.largest > labels.smallest:
        size = f"scale_exp({value},{start!r},{high!r},{labels.smallest!r},{labels.largest!r},0.5)"
        expressions["Size"] = size
    if labels.minimum is None:
        return expressions, []
    return expressions, [f"({value} >= {labels.minimum!r} OR @map_scale < {_detail_scale(layer)})"]


def _detail_scale(layer: Layer) -> int:
    """Return the scale from which all names may be shown: a third of the sheet's width."""
    from pyproj import Transformer

    there = Transformer.from_crs(layer.data.crs, "EPSG:6933", always_xy=True)
    west, _, east, _ = there.transform_bounds(*layer.data.total_bounds.tolist())
    whole_sheet = max(east - west, 1000.0) / 0.2
    return int(float(f"{whole_sheet / 3.0:.1g}"))
