"""Small pieces of QGIS XML that styles, projects and layouts share."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from shapefiles.palettes import INK, red_green_blue
from spatial.options import Language

if TYPE_CHECKING:
    from pyproj import CRS

QGIS_VERSION = "3.22.0"
"""Oldest QGIS that the files are made for; newer ones read them as well."""

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAMESPACE = uuid.UUID("8f6b8a52-3a0f-4c8c-9a3e-6d1f2b7c5e10")

# QGIS takes the first family that begins any installed one: "Noto Sans" would be found in "Noto
# Sans CJK SC" and then drawn in quite another font, so it stands behind the Chinese fonts.
_CHINESE = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei")
_LATIN = ("Source Sans 3", "Segoe UI", "Helvetica Neue", "Arial", "Liberation Sans")
_LAST = ("Arial Unicode MS", "Noto Sans", "DejaVu Sans")


def font_families(language: Language) -> tuple[str, ...]:
    """Return fonts in the order in which QGIS looks for them on Linux, Windows and macOS."""
    first, second = (_CHINESE, _LATIN) if language == "zh" else (_LATIN, _CHINESE)
    return (*first, *second, *_LAST)


def xml_text(text: object) -> str:
    """Return a text without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("", str(text))


def one_line(text: object, limit: int = 300) -> str:
    """Return a text on one line, cut with an ellipsis."""
    line = " ".join(xml_text(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def add(parent: ET.Element, tag: str, text: object = None, **attributes: object) -> ET.Element:
    """Append a child with attributes (a trailing underscore of a name is dropped) and a text."""
    child = ET.SubElement(
        parent, tag, {key.rstrip("_"): written(value) for key, value in attributes.items()}
    )
    if text is not None:
        child.text = written(text)
    return child


def written(value: object) -> str:
    """Write a value as QGIS does: numbers with all digits, truth values as words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return xml_text(value)


def option_map(parent: ET.Element, values: Mapping[str, object]) -> ET.Element:
    """Append ``<Option type="Map">`` with an entry for each value."""
    options = add(parent, "Option", type="Map")
    for name, value in values.items():
        kind = {bool: "bool", int: "int", float: "double"}.get(type(value), "QString")
        add(options, "Option", type=kind, name=name, value=value)
    return options


def data_defined(parent: ET.Element, tag: str, expressions: Mapping[str, str]) -> None:
    """Append a collection of properties that follow expressions."""
    outer = add(add(parent, tag), "Option", type="Map")
    add(outer, "Option", name="name", type="QString", value="")
    if expressions:
        inner = add(outer, "Option", name="properties", type="Map")
        for name, expression in expressions.items():
            entry = add(inner, "Option", name=name, type="Map")
            add(entry, "Option", name="active", type="bool", value=True)
            add(entry, "Option", name="expression", type="QString", value=expression)
            add(entry, "Option", name="type", type="int", value=3)
    else:
        add(outer, "Option", name="properties")
    add(outer, "Option", name="type", type="QString", value="collection")


def rgba(colour: str, opacity: float = 1.0) -> str:
    """Write ``#rrggbb`` as ``r,g,b,a``."""
    red, green, blue = red_green_blue(colour)
    return f"{red},{green},{blue},{round(255 * opacity)}"


def text_style(
    parent: ET.Element,
    *,
    size: float,
    language: Language,
    bold: bool = False,
    colour: str = INK,
    halo: float = 0.0,
    **attributes: object,
) -> ET.Element:
    """Append ``<text-style>`` with its list of fonts and, where wanted, a white halo."""
    families = font_families(language)
    style = add(
        parent,
        "text-style",
        fontFamily=families[0],
        namedStyle="Bold" if bold else "Regular",
        fontWeight=75 if bold else 50,
        fontSize=size,
        fontSizeUnit="Point",
        textColor=rgba(colour),
        textOpacity=1,
        multilineHeight=1,
        **attributes,
    )
    names = add(style, "families")
    for family in families:
        add(names, "family", name=family)
    add(
        style,
        "text-buffer",
        bufferDraw=int(halo > 0),
        bufferSize=halo or 1.0,
        bufferSizeUnits="MM",
        bufferColor="255,255,255,255",
        bufferOpacity=0.9,
        bufferNoFill=1,
        bufferJoinStyle=128,
    )
    return style


def font_description(size: float, *, bold: bool = False) -> str:
    """Return a font as Qt writes it, for the elements that know no list of fonts.

    The Chinese font serves both languages: where it is not installed, the system's own font
    stands in on Windows and macOS, and both hold Chinese characters.
    """
    weight = 75 if bold else 50
    return f"{_CHINESE[0]},{size:g},-1,5,{weight},0,0,0,0,0"


@lru_cache(maxsize=64)
def authority_of(crs: CRS) -> tuple[str, str] | None:
    """Return registry and code of a system, None without; the search takes a good part of a second.

    Examples
    --------
    >>> from pyproj import CRS
    >>> authority_of(CRS(4326))
    ('EPSG', '4326')
    """
    found: tuple[str, str] | None = crs.to_authority()
    return found


def spatial_reference(parent: ET.Element, crs: CRS) -> ET.Element:
    """Append ``<spatialrefsys>`` with WKT2, which QGIS needs also for systems with a code."""
    authority = authority_of(crs)
    reference = add(parent, "spatialrefsys", nativeFormat="Wkt")
    add(reference, "wkt", crs.to_wkt("WKT2_2019"))
    add(reference, "srsid", 0)
    number = authority[1] if authority and authority[1].isdigit() else "0"
    add(reference, "srid", number)
    add(reference, "authid", ":".join(authority) if authority else "")
    add(reference, "description", crs.name)
    add(reference, "geographicflag", crs.is_geographic)
    return reference


def stable_uuid(*parts: str) -> str:
    """Return the same ``{uuid}`` for the same words, so that files can be made again alike."""
    return "{" + str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts))) + "}"


def serialised(root: ET.Element) -> str:
    """Return an element as text; carriage returns come back, which parsers read as line feeds."""
    return ET.tostring(root, encoding="unicode").replace("\r", "&#13;")


def document(root: ET.Element) -> str:
    """Return a whole QGIS document as text."""
    return DOCTYPE + serialised(root)


def quoted_field(name: str) -> str:
    """Write a field name in a QGIS expression."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """Write a text in a QGIS expression."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
