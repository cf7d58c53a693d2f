"""Atlases of QGIS: a print layout that gives a page for each area or each year."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

from shapefiles.layers import Layer, layer_fields
from shapefiles.qgis_maplayers import Place, place_and_field
from shapefiles.qgis_renderers import append_symbol
from shapefiles.qgis_types import Atlas
from shapefiles.qgis_xml import (
    add,
    data_defined,
    one_line,
    quoted_field,
    quoted_text,
    stable_uuid,
)
from shapefiles.style_types import LayerStyle, StyleClass


def named_page(separator: str) -> str:
    """Return what QGIS replaces by the name of the page; by nothing while no page is chosen."""
    return f"[% coalesce({quoted_text(separator)} || @atlas_pagename, '') %]"


@dataclass(frozen=True, kw_only=True)
class AtlasPages:
    """An atlas in the terms of the file: the layer that gives the pages, and its fields.

    Attributes
    ----------
    place : Place
    name, year, order, insets : str
        Field names, quoted; empty where not wanted.
    margin : float
    slug : str
        Beginning of the names of exported pictures.
    last_year : int or None
        Shown while no page is chosen.
    """

    place: Place
    name: str
    year: str
    order: str
    insets: str
    margin: float
    slug: str
    last_year: int | None = None


def atlas_pages(
    atlas: Atlas, layout: str, places: dict[str, Place], last_year: int | None
) -> AtlasPages:
    """Find the layer and the fields that an atlas names.

    Raises
    ------
    ExportError
        If the project has no such table or column.
    """
    what = f"The atlas of the layout {layout!r}"

    def field(column: str) -> str:
        return quoted_field(place_and_field(places, atlas.table, column, what)) if column else ""

    return AtlasPages(
        place=places.get(atlas.table) or _missing(atlas, places, what),
        name=field(atlas.name),
        year=field(atlas.year),
        order=field(atlas.order or atlas.name),
        insets=field(atlas.insets),
        margin=atlas.margin,
        slug=re.sub(r"\W+", "_", layout).strip("_")[:60] or "page",
        last_year=last_year,
    )


def _missing(atlas: Atlas, places: dict[str, Place], what: str) -> Place:
    place_and_field(places, atlas.table, atlas.name, what)
    raise AssertionError(atlas.table)  # the line before raised


def append_atlas(layout: ET.Element, pages: AtlasPages) -> None:
    """Append ``<Atlas>`` to a layout."""
    add(
        layout,
        "Atlas",
        enabled=1,
        coverageLayer=pages.place.identity,
        coverageLayerName=pages.place.title,
        coverageLayerSource=pages.place.source,
        coverageLayerProvider="ogr",
        hideCoverage=0,
        pageNameExpression=f"to_string({pages.name})",
        filenamePattern=(
            f"{quoted_text(pages.slug + '_')} || lpad(to_string(@atlas_featurenumber), 3, '0') || "
            "'_' || regexp_replace(to_string(@atlas_pagename), '[^\\\\w]+', '_')"
        ),
        sortFeatures=1,
        sortKey=pages.order,
        sortAscending=1,
        filterFeatures=0,
        filterExpression="",
    )


def follow_year(item: ET.Element, pages: AtlasPages) -> None:
    """Let a map show its temporal layers in the year of the page."""
    item.set("isTemporal", "1")
    if pages.last_year is not None:
        item.set("temporalRangeBegin", f"{pages.last_year}-01-01T00:00:00")
        item.set("temporalRangeEnd", f"{pages.last_year}-12-31T23:59:59")
    _follow(
        item,
        {
            "dataDefinedStartDateTime": f"make_datetime({pages.year},1,1,0,0,0)",
            "dataDefinedEndDateTime": f"make_datetime({pages.year},12,31,23,59,59)",
        },
    )


def follow_area(item: ET.Element, pages: AtlasPages) -> None:
    """Let a map be zoomed to the area of the page."""
    # 2: the best scale that shows the whole area with its margin.
    add(item, "AtlasMap", atlasDriven=1, scalingMode=2, margin=pages.margin)


_VEIL = LayerStyle(
    name="veil",
    title="",
    geometry="polygon",
    column="",
    kind="single",
    classes=(StyleClass(label="", colour="#ffffff"),),
    outline_width=0.0,
    opacity=0.6,
)

_OUTLINE = replace(_VEIL, name="outline", outline_colour="#4d4d4d", outline_width=0.3, opacity=1.0)


def veil_other_areas(maplayer: ET.Element, layer: Layer, name: str) -> None:
    """Let the layer of areas fade, on each page, the areas that are not the page's own.

    The page's own area gets an outline, and so do all areas on the map canvas, which has no page.

    Parameters
    ----------
    maplayer : xml.etree.ElementTree.Element
        Of the layer of areas; its renderer is replaced.
    layer : Layer
    name : str
        Its column that names the pages.
    """
    old = maplayer.find("renderer-v2")
    assert old is not None
    at = list(maplayer).index(old)
    maplayer.remove(old)
    renderer = ET.Element(
        "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0", enableorderby="0"
    )
    rules = add(renderer, "rules", key=stable_uuid("veil", layer.table))
    others = f"{quoted_field(layer_fields(layer)[name])} <> @atlas_pagename"
    symbols = add(renderer, "symbols")
    for number, (style, test) in enumerate(((_VEIL, others), (_OUTLINE, "ELSE"))):
        key = stable_uuid("veil", layer.table, str(number))
        words = one_line(layer.title)
        add(rules, "rule", key=key, symbol=number, label=words, filter=test)
        symbol = append_symbol(symbols, style, style.classes[0], str(number))
        fill = symbol.find(".//Option[@name='style']")
        if style is _OUTLINE and fill is not None:
            fill.set("value", "no")
    maplayer.insert(at, renderer)


def only_with_area(item: ET.Element, pages: AtlasPages, number: int) -> None:
    """Leave an inset off the pages of areas that it does not belong to."""
    numbers = f"string_to_array(coalesce({pages.insets},''))"
    test = f"@atlas_pagename IS NOT NULL AND NOT array_contains({numbers},'{number}')"
    _follow(item, {"dataDefinedExcludeExports": test})


def _follow(item: ET.Element, expressions: dict[str, str]) -> None:
    outer = item.find("LayoutObject")
    if outer is None:
        outer = add(item, "LayoutObject")
    data_defined(outer, "dataDefinedProperties", expressions)
