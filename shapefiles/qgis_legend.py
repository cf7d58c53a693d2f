"""The legend of a print layout: only the layers shown, sized so that it stays on the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from shapefiles.qgis_xml import add, font_description, option_map, text_style, xml_text
from spatial.options import Language

POINT = 25.4 / 72.0
"""Millimetres in a point."""

LEAST_SIZE = 5.5
"""Smallest font of a legend, points."""


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """A layer in the legend.

    Attributes
    ----------
    layer_id, source, name : str
        As in the layer tree.
    title : str
        Heading; empty for a layer of one symbol, whose label says enough.
    labels : tuple of str
        Texts of the classes.
    heights : tuple of float
        Heights of the symbols, mm.
    """

    layer_id: str
    source: str
    name: str
    title: str
    labels: tuple[str, ...]
    heights: tuple[float, ...]


def literal_label(text: str) -> str:
    """Guard a text of a page against evaluation: ``[%`` begins an expression in QGIS."""
    return text.replace("[%", "[ %")


def text_width_mm(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a text: full-width characters take one em, others 0.55."""
    ems = sum(
        1.0 if unicodedata.east_asian_width(character) in "WF" else 0.55 for character in text
    )
    return ems * size * POINT * (1.08 if bold else 1.0)


def wrapped(text: str, size: float, width: float, *, most_lines: int = 2) -> str:
    """Break a text into lines that fit a width; what does not fit ends with an ellipsis.

    Lines break at spaces, or anywhere between full-width characters.
    """
    lines: list[str] = []
    line = ""
    for word in _words(" ".join(xml_text(text).split())):
        if line and text_width_mm((line + word).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
        while text_width_mm(line, size) > width:
            cut = len(line)
            while cut > 1 and text_width_mm(line[:cut], size) > width:
                cut -= 1
            lines.append(line[:cut])
            line = line[cut:]
    lines.append(line.rstrip())
    lines = [one for one in lines if one]
    if len(lines) > most_lines:
        last = lines[most_lines - 1]
        while text_width_mm(last + "…", size) > width:
            last = last[:-1]
        lines = [*lines[: most_lines - 1], last.rstrip() + "…"]
    return "\n".join(lines)


def _words(text: str) -> list[str]:
    words, word = [], ""
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            words += [word, character] if word else [character]
            word = ""
        elif character == " ":
            words.append(word + " ")
            word = ""
        else:
            word += character
    return [*words, word] if word else words


@dataclass(frozen=True)
class _Sizes:
    """Fonts (points) and symbol height (mm) of a legend."""

    heading: float
    subheading: float
    entry: float
    symbol: float
    gap: float


def _sizes(shrink: float) -> _Sizes:
    return _Sizes(
        heading=max(11.0 * shrink, 8.0),
        subheading=max(9.0 * shrink, LEAST_SIZE + 0.5),
        entry=max(8.0 * shrink, LEAST_SIZE),
        symbol=max(4.0 * shrink, 1.8),
        gap=max(1.2 * shrink, 0.3),
    )


def _height(entries: Sequence[LegendEntry], sizes: _Sizes, width: float) -> float:
    total = sizes.heading * POINT * 1.3 + 2.0
    for entry in entries:
        if entry.title:
            lines = wrapped(entry.title, sizes.subheading, width).count("\n") + 1
            total += lines * sizes.subheading * POINT * 1.4 + 3.5
        for height in entry.heights:
            total += max(height, sizes.symbol, sizes.entry * POINT * 1.2) + sizes.gap
    return total


def append_legend(
    item: ET.Element,
    entries: Sequence[LegendEntry],
    *,
    title: str,
    map_id: str,
    box: tuple[float, float, float, float],
    language: Language,
    columns: int = 1,
) -> None:
    """Complete a ``<LayoutItem>`` of the kind legend.

    Fonts and symbols shrink until the legend fits its box; the smallest ones are set in two
    columns when even these are too many.
    """
    _, _, width, height = box
    shrink, part = 1.0, width / columns - 4.0
    # Layers go into columns whole: a column may hold more than its share.
    room = height * (1.0 if columns == 1 else 0.6 * columns)
    while shrink > 0.55 and _height(entries, _sizes(shrink), part) > room:
        shrink -= 0.05
    sizes = _sizes(shrink)
    two_columns = columns > 1 or _height(entries, sizes, part) > room
    for key, value in (
        ("title", title),
        ("titleAlignment", "1"),
        ("map_uuid", map_id),
        ("legendFilterByAtlas", "0"),
        ("resizeToContents", "1"),
        ("columnCount", "2" if two_columns else "1"),
        ("splitLayer", "1" if two_columns else "0"),
        ("equalColumnWidth", "0"),
        ("symbolWidth", f"{max(7.0 * shrink, 4.0):g}"),
        ("symbolHeight", f"{sizes.symbol:g}"),
        ("boxSpace", "1"),
        ("columnSpace", "2"),
        ("lineSpacing", "1"),
        ("wrapChar", ""),
        ("fontColor", "#222222"),
        ("symbolAlignment", "1"),
        ("wmsLegendWidth", "50"),
        ("wmsLegendHeight", "25"),
        ("minSymbolSize", "0"),
        ("maxSymbolSize", "0"),
    ):
        item.set(key, value)
    _append_styles(item, sizes, language)
    text_room = (width / 2 if two_columns else width) - 4.0
    _append_tree(item, entries, sizes, text_room)


def _append_styles(item: ET.Element, sizes: _Sizes, language: Language) -> None:
    styles = add(item, "styles")
    for name, size, bold, margins in (
        ("title", sizes.heading, True, (0.0, 1.5, 0.0)),
        ("group", sizes.subheading, True, (2.0, 0.0, 0.0)),
        ("subgroup", sizes.subheading, False, (3.0, 0.8, 0.0)),
        ("symbol", sizes.entry, False, (sizes.gap, 0.0, 0.0)),
        ("symbolLabel", sizes.entry, False, (sizes.gap, 0.0, 1.5)),
    ):
        style = add(
            styles,
            "style",
            name=name,
            alignment=1,
            marginTop=margins[0],
            marginBottom=margins[1],
            marginLeft=margins[2],
            indent=0,
        )
        add(style, "styleFont", description=font_description(size, bold=bold), style="")
        text_style(style, size=size, language=language, bold=bold)


def _append_tree(
    item: ET.Element, entries: Sequence[LegendEntry], sizes: _Sizes, width: float
) -> None:
    tree = add(item, "layer-tree-group")
    add(add(tree, "customproperties"), "Option")
    for entry in entries:
        layer = add(
            tree,
            "layer-tree-layer",
            id=entry.layer_id,
            name=entry.name,
            source=entry.source,
            providerKey="ogr",
            checked="Qt::Checked",
            expanded=1,
            legend_exp="",
            legend_split_behavior=0,
            patch_size="-1,-1",
        )
        properties: dict[str, object] = {"cached_name": entry.name}
        if entry.title:
            heading = literal_label(wrapped(entry.title, sizes.subheading, width))
            if heading != entry.name:
                properties["legend/title-label"] = heading
        else:
            properties["legend/title-style"] = "hidden"
        for position, text in enumerate(entry.labels):
            short = literal_label(wrapped(text, sizes.entry, width - 11.0))
            if short != text:
                properties[f"legend/label-{position}"] = short
        option_map(add(layer, "customproperties"), properties)
