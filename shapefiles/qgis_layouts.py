"""Print layouts of QGIS: a page with title, map, insets, legend, scale bar, north arrow, source."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from shapefiles.language import label
from shapefiles.qgis_atlas import (
    AtlasPages,
    append_atlas,
    follow_area,
    follow_year,
    named_page,
    only_with_area,
)
from shapefiles.qgis_frames import MARGIN, Box, PageFrame
from shapefiles.qgis_legend import (
    LegendEntry,
    append_legend,
    literal_label,
    text_width_mm,
    wrapped,
)
from shapefiles.qgis_styles import QUIET_MAP
from shapefiles.qgis_windows import MapWindow
from shapefiles.qgis_xml import (
    add,
    data_defined,
    font_description,
    one_line,
    option_map,
    spatial_reference,
    stable_uuid,
    text_style,
)
from spatial.options import Language

INK_PARTS = {"red": 34, "green": 34, "blue": 34, "alpha": 255}
FRAME_PARTS = {"red": 128, "green": 128, "blue": 128, "alpha": 255}
PAPER_PARTS = {"red": 255, "green": 255, "blue": 255, "alpha": 255}

_PAGE, _MAP, _PICTURE, _LABEL, _LEGEND, _SCALE_BAR = 65638, 65639, 65640, 65641, 65642, 65646
_PAGE_NAME_HERE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the name of a page until the texts around it are guarded."""

_NORTH_ARROW = ":/images/north_arrows/layout_default_north_arrow.svg"


@dataclass(frozen=True, kw_only=True)
class LayoutContent:
    """All that one page shows.

    Attributes
    ----------
    name, theme, title, subtitle, note : str
        Name of the layout, the theme that its map follows, and the texts of the page.
    window : MapWindow
        Of the main map, in the system of the project.
    frame : PageFrame
    insets : tuple of (MapWindow, Box)
        Small maps and where they stand on the page.
    legend : tuple of LegendEntry
    approval : str
        Approval number of the base map.
    atlas : AtlasPages or None
    language : str
    """

    name: str
    theme: str
    title: str
    subtitle: str
    note: str
    window: MapWindow
    legend: tuple[LegendEntry, ...]
    frame: PageFrame
    insets: tuple[tuple[MapWindow, Box], ...] = ()
    approval: str = ""
    atlas: AtlasPages | None = None
    language: Language = "en"

    @property
    def legend_box(self) -> Box:
        """Room of the legend: down to the insets where these stand in the same column."""
        left, top, width, height = self.frame.legend
        below = [
            box[1]
            for _, box in self.insets
            if left <= box[0] < left + width and top <= box[1] < top + height
        ]
        return (left, top, width, min([height, *(edge - top - 3.0 for edge in below)]))


def append_layout(parent: ET.Element, content: LayoutContent) -> None:
    """Append ``<Layout>``: one page, or one for each row of an atlas."""
    frame, pages = content.frame, content.atlas
    layout = add(
        parent, "Layout", name=content.name, units="mm", printResolution=300, worldFileMap=""
    )
    add(layout, "Snapper", tolerance=5, snapToItems=1, snapToGuides=1, snapToGrid=0)
    add(layout, "Grid", resolution=10, resUnits="mm", offsetX=0, offsetY=0, offsetUnits="mm")
    _append_page(layout, content.name, frame.width, frame.height)
    left, top, map_width, _ = frame.map
    window = content.window
    map_item = _append_map(layout, content, "main_map", frame.map, window)
    map_id = map_item.attrib["uuid"]
    if pages is not None and not pages.year:
        follow_area(map_item, pages)
    _append_insets(layout, content)
    _append_north_arrow(layout, content, map_id, (left + map_width - 14.0, top + 3.0, 11.0, 11.0))
    append_legend(
        _item(layout, content, "legend", _LEGEND, content.legend_box, z=2, background=True),
        content.legend,
        title=label("legend", content.language),
        map_id=map_id,
        box=content.legend_box,
        language=content.language,
        columns=frame.columns,
    )
    _append_scale_bar(layout, content, map_id, frame.bar, window, map_width)
    _append_texts(layout, content, frame.width, frame.height)
    if pages is not None:
        append_atlas(layout, pages)


def _append_texts(layout: ET.Element, content: LayoutContent, width: float, height: float) -> None:
    language, across = content.language, width - 2 * MARGIN
    title = one_line(content.title, 200)
    if content.atlas is not None:
        title += _PAGE_NAME_HERE
    size = 17.0
    while size > 9.0 and text_width_mm(title, size, bold=True) > across:
        size -= 0.5
    top = 7.0 if content.subtitle else 10.0
    box = (MARGIN, top, across, 11.0)
    _append_label(layout, content, "title", title, box, size=size, bold=True, language=language)
    if content.subtitle:
        box = (MARGIN, 17.5, across, 7.0)
        subtitle = one_line(content.subtitle, 220)
        _append_label(layout, content, "subtitle", subtitle, box, size=9.0, language=language)
    if content.approval:
        approval = one_line(content.approval, 80)
        reserved = text_width_mm(approval, 7.0) + 4.0
        box = (width - MARGIN - reserved, height - 13.0, reserved, 9.0)
        _append_label(
            layout, content, "map_approval", approval, box, size=7.0, language=language, right=True
        )
        across -= reserved + 4.0
    if content.note:
        note = one_line(content.note, 600)
        size = 7.0 if text_width_mm(note, 7.0) < 1.9 * across else 6.0
        box = (MARGIN, height - 13.0, across, 9.0)
        _append_label(layout, content, "note", note, box, size=size, language=language)


def _item(
    layout: ET.Element,
    content: LayoutContent,
    name: str,
    kind: int,
    box: Box,
    *,
    z: int,
    frame: bool = False,
    background: bool = False,
) -> ET.Element:
    """Append a ``<LayoutItem>`` with what all kinds share."""
    left, top, width, height = box
    identity = stable_uuid("layout", content.name, name)
    place, size = f"{left:g},{top:g},mm", f"{width:g},{height:g},mm"
    item = add(
        layout,
        "LayoutItem",
        type=kind,
        uuid=identity,
        templateUuid=identity,
        id=name,
        position=place,
        positionOnPage=place,
        size=size,
        referencePoint=0,
        zValue=z,
        visibility=1,
        opacity=1,
        blendMode=0,
        itemRotation=0,
        positionLock=False,
        groupUuid="",
        excludeFromExports=0,
        frame=frame,
        outlineWidthM="0.2,mm",
        frameJoinStyle="miter",
        background=background,
    )
    add(item, "FrameColor", **FRAME_PARTS)
    add(item, "BackgroundColor", **PAPER_PARTS)
    return item


def _append_page(layout: ET.Element, name: str, width: float, height: float) -> None:
    pages = add(layout, "PageCollection")
    _append_paper(pages)
    identity = stable_uuid("layout", name, "page")
    page = add(
        pages,
        "LayoutItem",
        type=_PAGE,
        uuid=identity,
        templateUuid=identity,
        id="",
        position="0,0,mm",
        positionOnPage="0,0,mm",
        size=f"{width:g},{height:g},mm",
        referencePoint=0,
        zValue=0,
        visibility=1,
        opacity=1,
        blendMode=0,
        itemRotation=0,
        positionLock=False,
        groupUuid="",
        excludeFromExports=0,
        frame=False,
        background=True,
    )
    add(page, "FrameColor", **FRAME_PARTS)
    add(page, "BackgroundColor", **PAPER_PARTS)
    _append_paper(page)
    add(pages, "GuideCollection", visible=1)


def _append_paper(parent: ET.Element) -> None:
    symbol = add(parent, "symbol", type="fill", name="", alpha=1, clip_to_extent=1, force_rhr=0)
    layer = add(symbol, "layer", class_="SimpleFill", enabled=1, locked=0, pass_=0)
    option_map(layer, {"color": "255,255,255,255", "style": "solid", "outline_style": "no"})
    data_defined(layer, "data_defined_properties", {})


def _append_map(
    layout: ET.Element,
    content: LayoutContent,
    name: str,
    box: Box,
    window: MapWindow,
    *,
    z: int = 1,
) -> ET.Element:
    item = _item(layout, content, name, _MAP, box, z=z, frame=True, background=True)
    item.set("followPreset", "true")
    item.set("followPresetName", content.theme)
    for key, value in (
        ("keepLayerSet", "false"),
        ("mapRotation", "0"),
        ("mapFlags", "0"),
        ("drawCanvasItems", "true"),
        ("isTemporal", "0"),
        # Names stay off the frame.
        ("labelMargin", "1,mm"),
    ):
        item.set(key, value)
    west, south, east, north = window.bounds
    add(item, "Extent", xmin=west, ymin=south, xmax=east, ymax=north)
    if name != "main_map":
        spatial_reference(add(item, "crs"), window.crs)
    add(item, "LayerSet")
    if content.atlas is not None and content.atlas.year:
        follow_year(item, content.atlas)
    return item


def _append_insets(layout: ET.Element, content: LayoutContent) -> None:
    """Draw the small maps in their boxes, with their titles."""
    pages = content.atlas
    for number, (inset, box) in enumerate(content.insets, start=1):
        x, y, width, height = box
        name = f"{QUIET_MAP}_{number}" if inset.named else f"inset_{number}"
        margin = 0.0 if inset.named else 0.12
        window = inset.with_room_for_title().fitted(width, height, margin=margin)
        drawn = [_append_map(layout, content, name, box, window, z=2 + number)]
        if inset.title:
            words = wrapped(inset.title, 6.5, width - 3.0, most_lines=1)
            # The sea of a named window is at its foot, the land at its head.
            place = (x + 0.8, y + (height - 4.4 if inset.named else 0.4), width - 1.6, 4.0)
            language = content.language
            drawn.append(
                _append_label(
                    layout, content, f"{name}_title", words, place, size=6.5, language=language
                )
            )
        if pages is not None and pages.insets:
            for item in drawn:
                only_with_area(item, pages, number)


def _append_north_arrow(layout: ET.Element, content: LayoutContent, map_id: str, box: Box) -> None:
    zoomed = content.atlas is not None and not content.atlas.year  # cities may lie under it
    item = _item(layout, content, "north_arrow", _PICTURE, box, z=9, background=zoomed)
    for key, value in (
        ("file", _NORTH_ARROW),
        ("mapUuid", map_id),
        # True north in the middle of the map; grid north differs in every system but at its
        # central meridian.
        ("northMode", "1"),
        ("northOffset", "0"),
        ("resizeMode", "0"),
        ("anchorPoint", "4"),
        ("mode", "0"),
        ("pictureRotation", "0"),
        ("svgFillColor", "60,60,60,255"),
        ("svgBorderColor", "60,60,60,255"),
        ("svgBorderWidth", "0.2"),
        ("pictureWidth", f"{box[2]:g}"),
        ("pictureHeight", f"{box[3]:g}"),
    ):
        item.set(key, value)


def round_kilometres(longest: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is at most ``longest``.

    Examples
    --------
    >>> round_kilometres(730.0), round_kilometres(0.23)
    (500.0, 0.2)
    """
    power = 10.0 ** int(f"{longest:e}".split("e")[1])
    return next(
        float(f"{step * power:.12g}") for step in (5, 2, 1) if step * power <= longest * 1.0000001
    )


def _append_scale_bar(
    layout: ET.Element,
    content: LayoutContent,
    map_id: str,
    box: Box,
    window: MapWindow,
    map_width: float,
) -> None:
    item = _item(layout, content, "scale_bar", _SCALE_BAR, box, z=4)
    west, _, east, _ = window.bounds
    kilometres_per_mm = (east - west) * window.metres / 1000.0 / map_width
    segment = round_kilometres(26.0 * kilometres_per_mm)
    in_metres = segment < 1.0
    zoomed = content.atlas is not None and not content.atlas.year
    for key, value in (
        ("mapUuid", map_id),
        ("style", "Single Box"),
        ("unitType", "meters" if in_metres else "km"),
        ("unitLabel", "m" if in_metres else "km"),
        ("numUnitsPerSegment", f"{segment * 1000 if in_metres else segment:g}"),
        ("numMapUnitsPerScaleBarUnit", "1"),
        ("numSegments", "2"),
        ("numSegmentsLeft", "0"),
        # On pages of areas, each with a scale of its own, QGIS finds round numbers by itself.
        ("segmentSizeMode", "1" if zoomed else "0"),
        ("height", "1.8"),
        ("labelBarSpace", "1.6"),
        ("boxContentSpace", "1"),
        ("outlineWidth", "0.2"),
        ("alignment", "0"),
        ("minBarWidth", "18"),
        ("maxBarWidth", "46"),
        ("segmentMillimeters", f"{segment / kilometres_per_mm:.3f}"),
    ):
        item.set(key, value)
    text_style(item, size=8.0, language=content.language)
    add(item, "fillColor", **INK_PARTS)
    add(item, "fillColor2", **PAPER_PARTS)
    add(item, "strokeColor", **INK_PARTS)


def _append_label(
    layout: ET.Element,
    content: LayoutContent,
    name: str,
    text: str,
    box: Box,
    *,
    size: float,
    language: Language,
    bold: bool = False,
    right: bool = False,
) -> ET.Element:
    item = _item(layout, content, name, _LABEL, box, z=7)
    page_name = named_page(label("atlas_separator", language))
    item.set("labelText", literal_label(text).replace(_PAGE_NAME_HERE, page_name))
    item.set("htmlState", "0")
    item.set("halign", "2" if right else "1")
    item.set("valign", "128" if bold else "32")
    item.set("marginX", "0")
    item.set("marginY", "0")
    add(item, "LabelFont", description=font_description(size, bold=bold), style="")
    add(item, "FontColor", **INK_PARTS)
    text_style(item, size=size, language=language, bold=bold)
    return item
