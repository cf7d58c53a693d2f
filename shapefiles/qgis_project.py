"""QGIS projects (.qgz) that open finished beside their GeoPackage."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from shapefiles.atomic import atomic_file, export_moment
from shapefiles.language import label
from shapefiles.layers import AttributeTable, Layer, layer_fields
from shapefiles.qgis_layouts import PAGES, LayoutContent, append_layout, map_box
from shapefiles.qgis_legend import LegendEntry
from shapefiles.qgis_styles import append_style
from shapefiles.qgis_windows import MapWindow, background_of, emptiest_corner, map_windows
from shapefiles.qgis_xml import (
    QGIS_VERSION,
    add,
    document,
    one_line,
    spatial_reference,
    stable_uuid,
    xml_text,
)
from shapefiles.style_types import LayerStyle
from spatial.errors import ExportError, listed
from spatial.options import Language, checked_option

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

_GEOMETRY_WORDS = {"point": "Point", "line": "Line", "polygon": "Polygon"}
_WKB_WORDS = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A combination of layers to look at.

    Attributes
    ----------
    name : str
    shown : tuple of str
        What is visible: ``"table"`` (its default style) or ``"table/style"``, from the top.
        Tables marked as context are added below by themselves.
    """

    name: str
    shown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A page to print.

    Attributes
    ----------
    name : str
    theme : str
        Name of the theme that its map follows.
    title, subtitle : str
        Head of the page; ``name`` when the title is empty.
    note : str
        Foot of the page: source, method, projection.
    page : {"A4", "A3"}
        Landscape.
    """

    name: str
    theme: str
    title: str = ""
    subtitle: str = ""
    note: str = ""
    page: str = "A4"


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A field of one table that names a row of another.

    Attributes
    ----------
    name : str
    table, field : str
        The table that refers, and its column, such as links and ``from_id``.
    to_table, to_field : str
        The table referred to, and its id column.
    """

    name: str
    table: str
    field: str
    to_table: str
    to_field: str = "city_id"


@dataclass(frozen=True)
class _Entry:
    """One layer of the project: a table in one style."""

    layer: Layer
    style: LayerStyle
    key: str
    identity: str
    source: str
    title: str


def write_qgis_project(
    path: str | Path,
    geopackage_name: str,
    layers: Sequence[Layer],
    themes: Sequence[Theme],
    layouts: Sequence[Layout],
    *,
    attribute_tables: Sequence[AttributeTable] = (),
    relations: Sequence[Relation] = (),
    title: str = "",
    abstract: str = "",
    author: str = "",
    crs: CRS | None = None,
    cities: gpd.GeoDataFrame | None = None,
    language: Language = "en",
    timestamp: datetime | None = None,
) -> Path:
    """Write a QGIS project that shows a GeoPackage: themes, relations and pages to print.

    Every style of every layer is a layer of the project, in the groups that the layers name. The
    first theme is what the user sees on opening.

    Parameters
    ----------
    path : str or Path
        With the ending .qgz; beside the GeoPackage.
    geopackage_name : str
        File name of the GeoPackage, written by ``write_geopackage`` with the same layers.
    layers : sequence of Layer
        From the top of the map to the bottom.
    themes : sequence of Theme
    layouts : sequence of Layout
    attribute_tables : sequence of AttributeTable
    relations : sequence of Relation
    title, abstract, author : str
        Of the project.
    crs : pyproj.CRS, optional
        System of the map; by default chosen by ``map_crs`` for the main part of the cities.
    cities : geopandas.GeoDataFrame, optional
        The shapes that the map is fitted to, those far off becoming insets; by default the first
        layer of polygons, else of points, that is no context.
    language : {"en", "zh"}
        Of the words that this function adds, and of the fonts.
    timestamp : datetime, optional
        By default ``SOURCE_DATE_EPOCH``, else now.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If a theme, layout or relation names what does not exist, or the file cannot be written.
    """
    target = Path(path)
    _check_names(target, geopackage_name, themes, layouts)
    checked_option(language, Language, name="language")
    entries = _entries(layers, geopackage_name)
    visible = {theme.name: _shown(theme, entries) for theme in themes}
    focus = _focus(layers) if cities is None else cities
    windows = map_windows(focus, background_of(layers), crs)
    moment = export_moment(timestamp)
    name = one_line(title or target.stem)

    root = ET.Element("qgis", version=QGIS_VERSION, projectname=name)
    add(root, "homePath", path="")
    add(root, "title", name)
    spatial_reference(add(root, "projectCrs"), windows[0].crs)
    tables = [(table, _table_identity(table)) for table in attribute_tables]
    first = next(iter(visible.values()), list(entries))
    _append_tree(root, entries, tables, first, geopackage_name, language)
    box = map_box("A4")
    _append_canvas(root, windows[0].fitted(box[2], box[3]))
    maplayers = add(root, "projectlayers")
    for entry in entries:
        _append_layer(maplayers, entry, language)
    for table, identity in tables:
        _append_table(maplayers, table, identity, geopackage_name)
    order = add(root, "layerorder")
    for entry in entries:
        add(order, "layer", id=entry.identity)
    _append_relations(root, relations, entries, tables)
    _append_properties(root)
    _append_themes(root, visible)
    _append_metadata(root, name, abstract, author, moment)
    _append_layouts(root, layouts, visible, windows, focus, language)
    view = add(root, "ProjectViewSettings", UseProjectScales=0)
    extent = windows[0].fitted(box[2], box[3])
    _append_extent(view, "DefaultViewExtent", extent)
    _write_zip(target, document(root), moment)
    return target


def _check_names(
    target: Path, geopackage_name: str, themes: Sequence[Theme], layouts: Sequence[Layout]
) -> None:
    if target.suffix.lower() != ".qgz":
        raise ExportError(f"{target.name}: a QGIS project needs the ending .qgz.")
    if Path(geopackage_name).name != geopackage_name or "|" in geopackage_name:
        raise ExportError(
            f"{geopackage_name!r} is no plain file name; the GeoPackage lies beside the project, "
            "so give its name without folders and without '|'."
        )
    for kind, names in (
        ("themes", [theme.name for theme in themes]),
        ("layouts", [layout.name for layout in layouts]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ExportError(f"Two {kind} share a name: {listed(twice)}.")
    known = [theme.name for theme in themes]
    for layout in layouts:
        if layout.theme not in known:
            raise ExportError(
                f"The layout {layout.name!r} follows the theme {layout.theme!r}, which does not "
                f"exist; themes: {listed(known)}."
            )
        if layout.page not in PAGES:
            raise ExportError(f"page={layout.page!r} is not known; use one of {listed(PAGES)}.")


def _entries(layers: Sequence[Layer], geopackage_name: str) -> list[_Entry]:
    entries = []
    for layer in sorted(layers, key=lambda item: item.context):
        for position, style in enumerate(layer.styles):
            identity = stable_uuid(layer.table, style.name, str(position)).strip("{}")
            entries.append(
                _Entry(
                    layer,
                    style,
                    f"{layer.table}/{style.name}",
                    f"{layer.table}_{identity.replace('-', '_')}",
                    f"./{geopackage_name}|layername={layer.table}",
                    one_line(style.title or layer.title),
                )
            )
    return entries


def _shown(theme: Theme, entries: Sequence[_Entry]) -> list[_Entry]:
    """Find the layers of a theme, in the order of drawing."""
    wanted = []
    for key in theme.shown:
        found = next((e for e in entries if key in (e.key, e.layer.table)), None)
        if found is None:
            known = [entry.key for entry in entries]
            raise ExportError(
                f"The theme {theme.name!r} shows {key!r}, which is no layer; "
                f"known: {listed(known, limit=30)}."
            )
        wanted.append(found)
    if not wanted:
        raise ExportError(f"The theme {theme.name!r} shows nothing; name at least one layer.")
    wanted += [entry for entry in entries if entry.layer.context and entry not in wanted]
    return [entry for entry in entries if entry in wanted]


def _focus(layers: Sequence[Layer]) -> gpd.GeoDataFrame:
    for kind in ("polygon", "point", "line"):
        for layer in layers:
            if layer.geometry == kind and not layer.context and len(layer.data):
                return layer.data
    raise ExportError("A project needs a layer with features that is no context; none was given.")


def _append_tree(
    root: ET.Element,
    entries: Sequence[_Entry],
    tables: Sequence[tuple[AttributeTable, str]],
    visible: Sequence[_Entry],
    geopackage_name: str,
    language: Language,
) -> None:
    tree = add(root, "layer-tree-group")
    add(add(tree, "customproperties"), "Option")
    groups: dict[str, ET.Element] = {"": tree}
    rows = [(e.layer.group, e.identity, e.title, e.source, e in visible) for e in entries]
    tables_group = label("group_tables", language)
    rows += [
        (
            table.group or tables_group,
            identity,
            one_line(table.title),
            f"./{geopackage_name}|layername={table.table}",
            True,
        )
        for table, identity in tables
    ]
    for group, identity, name, source, shown in rows:
        if group not in groups:
            groups[group] = add(
                tree,
                "layer-tree-group",
                name=one_line(group),
                checked="Qt::Checked",
                expanded=1,
                groupLayer="",
            )
            add(add(groups[group], "customproperties"), "Option")
        leaf = add(
            groups[group],
            "layer-tree-layer",
            id=identity,
            name=name,
            source=source,
            providerKey="ogr",
            checked="Qt::Checked" if shown else "Qt::Unchecked",
            expanded=int(shown),
            legend_exp="",
            legend_split_behavior=0,
            patch_size="-1,-1",
        )
        add(add(leaf, "customproperties"), "Option")
    add(tree, "custom-order", enabled=0)


def _append_canvas(root: ET.Element, window: MapWindow) -> None:
    canvas = add(root, "mapcanvas", name="theMapCanvas", annotationsVisible=1)
    add(canvas, "units", "degrees" if window.crs.is_geographic else "meters")
    extent = add(canvas, "extent")
    for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), window.bounds, strict=True):
        add(extent, tag, value)
    add(canvas, "rotation", 0)
    spatial_reference(add(canvas, "destinationsrs"), window.crs)
    add(canvas, "rendermaptile", 0)


def _append_extent(parent: ET.Element, tag: str, window: MapWindow) -> None:
    west, south, east, north = window.bounds
    view = add(parent, tag, xmin=west, ymin=south, xmax=east, ymax=north)
    spatial_reference(view, window.crs)


def _append_layer(parent: ET.Element, entry: _Entry, language: Language) -> None:
    layer, style = entry.layer, entry.style
    element = add(
        parent,
        "maplayer",
        type="vector",
        geometry=_GEOMETRY_WORDS[style.geometry],
        wkbType=_WKB_WORDS[style.geometry],
        styleCategories="AllStyleCategories",
        labelsEnabled=int(style.labels is not None),
        hasScaleBasedVisibilityFlag=0,
        simplifyDrawingHints=int(style.geometry != "point"),
        simplifyMaxScale=1,
        simplifyLocal=1,
        readOnly=0,
        autoRefreshEnabled=0,
        refreshOnNotifyEnabled=0,
    )
    add(element, "id", entry.identity)
    add(element, "datasource", entry.source)
    add(element, "layername", entry.title)
    spatial_reference(add(element, "srs"), layer.data.crs)
    metadata = add(element, "resourceMetadata")
    add(metadata, "type", "dataset")
    add(metadata, "title", entry.title)
    add(metadata, "abstract", layer.abstract)
    spatial_reference(add(metadata, "crs"), layer.data.crs)
    add(metadata, "extent")
    add(element, "provider", "ogr", encoding="UTF-8")
    append_style(element, layer, style, language=language)


def _table_identity(table: AttributeTable) -> str:
    return f"{table.table}_{stable_uuid('table', table.table).strip('{}').replace('-', '_')}"


def _append_table(
    parent: ET.Element, table: AttributeTable, identity: str, geopackage_name: str
) -> None:
    from shapefiles.layers import field_aliases, table_frame

    _, fields = table_frame(table)
    element = add(
        parent,
        "maplayer",
        type="vector",
        geometry="No geometry",
        wkbType="NoGeometry",
        styleCategories="AllStyleCategories",
        readOnly=0,
    )
    add(element, "id", identity)
    add(element, "datasource", f"./{geopackage_name}|layername={table.table}")
    add(element, "layername", one_line(table.title))
    metadata = add(element, "resourceMetadata")
    add(metadata, "title", one_line(table.title))
    add(metadata, "abstract", table.abstract)
    add(element, "provider", "ogr", encoding="UTF-8")
    aliases = add(element, "aliases")
    for name, text in field_aliases(fields, table.aliases).items():
        add(aliases, "alias", field=name, name=text)


def _append_relations(
    root: ET.Element,
    relations: Sequence[Relation],
    entries: Sequence[_Entry],
    tables: Sequence[tuple[AttributeTable, str]],
) -> None:
    from shapefiles.layers import table_frame

    element = add(root, "relations")
    known: dict[str, tuple[str, dict[str, str]]] = {}
    for entry in entries:
        known.setdefault(entry.layer.table, (entry.identity, layer_fields(entry.layer)))
    for table, identity in tables:
        known.setdefault(table.table, (identity, table_frame(table)[1]))
    for number, relation in enumerate(relations, start=1):
        for table_name, field in (
            (relation.table, relation.field),
            (relation.to_table, relation.to_field),
        ):
            if table_name not in known or field not in known[table_name][1]:
                raise ExportError(
                    f"The relation {relation.name!r} names {table_name!r} and its column "
                    f"{field!r}, which do not exist; tables: {listed(known)}."
                )
        source, source_fields = known[relation.table]
        destination, destination_fields = known[relation.to_table]
        one = add(
            element,
            "relation",
            id=f"relation_{number}_{relation.table}_{relation.to_table}",
            name=one_line(relation.name),
            referencingLayer=source,
            referencedLayer=destination,
            strength="Association",
        )
        add(
            one,
            "fieldRef",
            referencingField=source_fields[relation.field],
            referencedField=destination_fields[relation.to_field],
        )


def _append_properties(root: ET.Element) -> None:
    properties = add(root, "properties")
    for section, name, kind, value in (
        ("SpatialRefSys", "ProjectionsEnabled", "int", 1),
        ("Paths", "Absolute", "bool", False),
        ("Measure", "Ellipsoid", "QString", "EPSG:7030"),
        ("Measurement", "DistanceUnits", "QString", "kilometers"),
        ("Measurement", "AreaUnits", "QString", "km2"),
        ("PAL", "PlacementEngineVersion", "int", 1),
    ):
        found = properties.find(section)
        parent = add(properties, section) if found is None else found
        add(parent, name, value, type=kind)


def _append_themes(root: ET.Element, visible: dict[str, list[_Entry]]) -> None:
    presets = add(root, "visibility-presets")
    for name, shown in visible.items():
        preset = add(presets, "visibility-preset", name=name)
        preset.set("has-expanded-info", "0")
        preset.set("has-checked-group-info", "0")
        for entry in shown:
            add(preset, "layer", id=entry.identity, visible=1, style="default", expanded=1)


def _append_metadata(
    root: ET.Element, title: str, abstract: str, author: str, moment: datetime
) -> None:
    metadata = add(root, "projectMetadata")
    add(metadata, "identifier")
    add(metadata, "type", "dataset")
    add(metadata, "title", title)
    add(metadata, "abstract", abstract)
    add(metadata, "author", author)
    add(metadata, "creation", moment.strftime("%Y-%m-%dT%H:%M:%S"))


def _append_layouts(
    root: ET.Element,
    layouts: Sequence[Layout],
    visible: dict[str, list[_Entry]],
    windows: Sequence[MapWindow],
    focus: gpd.GeoDataFrame,
    language: Language,
) -> None:
    parent = add(root, "Layouts")
    main, insets = windows[0], tuple(windows[1:])
    drawn = focus.geometry[~(focus.geometry.isna() | focus.geometry.is_empty)].to_crs(main.crs)
    points = drawn.representative_point()
    places = list(zip(points.x.tolist(), points.y.tolist(), strict=True))
    for layout in layouts:
        _, _, width, height = map_box(layout.page)
        named = any(entry.style.labels is not None for entry in visible[layout.theme])
        corner = emptiest_corner(places, main.fitted(width, height), count=len(insets))
        append_layout(
            parent,
            LayoutContent(
                name=xml_text(layout.name),
                theme=xml_text(layout.theme),
                title=layout.title or layout.name,
                subtitle=layout.subtitle,
                note=layout.note,
                window=main,
                # Names that stand beside the cities need no title as well.
                insets=tuple(replace(one, title="") for one in insets) if named else insets,
                corner=corner,
                legend=tuple(_legend_entry(entry) for entry in visible[layout.theme]),
                page=layout.page,
                language=language,
            ),
        )


def _legend_entry(entry: _Entry) -> LegendEntry:
    style = entry.style
    single = style.kind == "single"
    heights = tuple(one.size or 0.0 if style.geometry == "point" else 0.0 for one in style.classes)
    return LegendEntry(
        layer_id=entry.identity,
        source=entry.source,
        name=entry.title,
        title="" if single else entry.title,
        labels=tuple(one.label for one in style.classes),
        heights=heights,
    )


def _write_zip(target: Path, text: str, moment: datetime) -> None:
    stamp = max(moment.timetuple()[:6], (1980, 1, 1, 0, 0, 0))
    info = zipfile.ZipInfo(f"{target.stem}.qgs", date_time=stamp)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, text.encode("utf-8"))
    with atomic_file(target) as temporary:
        temporary.write_bytes(buffer.getvalue())
