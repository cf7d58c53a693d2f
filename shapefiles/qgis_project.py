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

import numpy as np
import pandas as pd
import shapely

from shapefiles.atomic import atomic_file, export_moment
from shapefiles.language import label
from shapefiles.layer_metadata import UNKNOWN, Provenance, append_project_metadata, time_span
from shapefiles.layers import AttributeTable, Layer
from shapefiles.qgis_atlas import AtlasPages, atlas_pages, veil_other_areas
from shapefiles.qgis_frames import (
    GAP,
    PAGES,
    Box,
    PageFrame,
    page_frame,
    place_insets,
    suiting_frame,
)
from shapefiles.qgis_layouts import LayoutContent, append_layout
from shapefiles.qgis_legend import LegendEntry
from shapefiles.qgis_maplayers import (
    Entry,
    Place,
    TableEntry,
    append_layer,
    append_relations,
    append_table,
    layer_entries,
    places_of,
    table_entries,
)
from shapefiles.qgis_types import Atlas, Join, Layout, Orientation, Relation, Theme
from shapefiles.qgis_windows import MapWindow, background_of, map_windows, outside_windows
from shapefiles.qgis_xml import (
    QGIS_VERSION,
    add,
    document,
    one_line,
    spatial_reference,
    xml_text,
)
from spatial.errors import ExportError, listed
from spatial.options import Language, checked_option

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

    from shapefiles.map_insets import MapInset

__all__ = ["Atlas", "Join", "Layout", "Orientation", "Relation", "Theme", "write_qgis_project"]


def write_qgis_project(
    path: str | Path,
    geopackage_name: str,
    layers: Sequence[Layer],
    themes: Sequence[Theme],
    layouts: Sequence[Layout],
    *,
    attribute_tables: Sequence[AttributeTable] = (),
    relations: Sequence[Relation] = (),
    joins: Sequence[Join] = (),
    title: str = "",
    abstract: str = "",
    provenance: Provenance = UNKNOWN,
    crs: CRS | None = None,
    cities: gpd.GeoDataFrame | None = None,
    insets: Sequence[MapInset] = (),
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
    joins : sequence of Join
        Columns of other tables shown in a layer, in every style of it.
    title, abstract : str
        Of the project.
    provenance : Provenance
        Author, source, licence and keywords, for the metadata of project and layers.
    crs : pyproj.CRS, optional
        System of the map; by default chosen by ``map_crs`` for the main part of the cities.
    cities : geopandas.GeoDataFrame, optional
        The shapes that the map is fitted to, those far off becoming insets; by default the first
        layer of polygons, else of points, that is no context.
    insets : sequence of MapInset
        Windows that every page shows as small maps at the lower right, without names.
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
    entries = layer_entries(layers, geopackage_name)
    tables = table_entries(attribute_tables, geopackage_name)
    places = places_of(entries, tables)
    visible = {theme.name: _shown(theme, entries) for theme in themes}
    focus = _focus(layers) if cities is None else cities
    background = background_of(layers)
    windows = map_windows(focus, background, crs, insets)
    moment = export_moment(timestamp)
    name = one_line(title or target.stem)
    said = replace(provenance, language=language)

    root = ET.Element("qgis", version=QGIS_VERSION, projectname=name)
    add(root, "homePath", path="")
    add(root, "title", name)
    spatial_reference(add(root, "projectCrs"), windows[0].crs)
    first = next(iter(visible.values()), list(entries))
    _append_tree(root, entries, tables, first, language)
    box = page_frame("A4").map
    view_window = windows[0].fitted(box[2], box[3])
    _append_canvas(root, view_window)
    maplayers = add(root, "projectlayers")
    areas = {one.atlas.table: one.atlas for one in layouts if one.atlas and not one.atlas.year}
    for entry in entries:
        one = append_layer(maplayers, entry, said, joins, places, quiet_maps=bool(insets))
        if entry.layer.table in areas:
            veil_other_areas(one, entry.layer, areas[entry.layer.table].name)
    for table in tables:
        append_table(maplayers, table, said)
    order = add(root, "layerorder")
    for entry in entries:
        add(order, "layer", id=entry.identity)
    append_relations(root, relations, places)
    span = time_span(layers)
    _append_properties(root, span)
    _append_themes(root, visible)
    append_project_metadata(root, name, abstract, said, moment)
    obstacles = _obstacles(focus, outside_windows(background, insets) if insets else None, windows)
    pages = _Pages(visible, places, windows, obstacles, language, span)
    parent = add(root, "Layouts")
    for layout in layouts:
        append_layout(parent, pages.content(layout))
    view = add(root, "ProjectViewSettings", UseProjectScales=0)
    _append_extent(view, "DefaultViewExtent", view_window)
    _append_time(root, span)
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


def _shown(theme: Theme, entries: Sequence[Entry]) -> list[Entry]:
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
    entries: Sequence[Entry],
    tables: Sequence[TableEntry],
    visible: Sequence[Entry],
    language: Language,
) -> None:
    tree = add(root, "layer-tree-group")
    add(add(tree, "customproperties"), "Option")
    groups: dict[str, ET.Element] = {"": tree}
    rows = [(e.layer.group, e.identity, e.title, e.source, e in visible) for e in entries]
    tables_group = label("group_tables", language)
    rows += [
        (one.table.group or tables_group, one.identity, one.title, one.source, True)
        for one in tables
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


Span = tuple[pd.Timestamp, pd.Timestamp]
"""Begin of the first and end of the last year of temporal layers."""


def _append_properties(root: ET.Element, span: Span | None) -> None:
    properties = add(root, "properties")
    rows: list[tuple[str, str, str, object]] = [
        ("SpatialRefSys", "ProjectionsEnabled", "int", 1),
        ("Paths", "Absolute", "bool", False),
        ("Measure", "Ellipsoid", "QString", "EPSG:7030"),
        ("Measurement", "DistanceUnits", "QString", "kilometers"),
        ("Measurement", "AreaUnits", "QString", "km2"),
        ("PAL", "PlacementEngineVersion", "int", 1),
    ]
    if span is not None:
        # 1: the controller steps through time as soon as its panel is opened.
        rows.append(("TemporalControllerWidget", "NavigationMode", "int", 1))
        for name, moment in zip(("StartDateTime", "EndDateTime"), span, strict=True):
            text = f"{moment:%Y-%m-%dT%H:%M:%S}"
            rows.append(("TemporalControllerWidget", name, "QString", text))
    for section, name, kind, value in rows:
        found = properties.find(section)
        parent = add(properties, section) if found is None else found
        add(parent, name, value, type=kind)


def _append_time(root: ET.Element, span: Span | None) -> None:
    """Append the range of time of the project, which QGIS steps through by years."""
    if span is None:
        return
    settings = add(
        root,
        "ProjectTimeSettings",
        timeStepUnit="y",
        timeStep=1,
        frameRate=1,
        cumulativeTemporalRange=0,
    )
    limits = add(settings, "TemporalRange")
    add(limits, "start", f"{span[0]:%Y-%m-%dT%H:%M:%S}Z")
    add(limits, "end", f"{span[1]:%Y-%m-%dT%H:%M:%S}Z")


def _append_themes(root: ET.Element, visible: dict[str, list[Entry]]) -> None:
    presets = add(root, "visibility-presets")
    for name, shown in visible.items():
        preset = add(presets, "visibility-preset", name=name)
        preset.set("has-expanded-info", "0")
        preset.set("has-checked-group-info", "0")
        for entry in shown:
            add(preset, "layer", id=entry.identity, visible=1, style="default", expanded=1)


MOST_OBSTACLES = 20_000
"""Corners of shapes that are looked at when insets are placed."""


def _obstacles(
    focus: gpd.GeoDataFrame, background: gpd.GeoSeries | None, windows: Sequence[MapWindow]
) -> np.ndarray:
    """Return points that insets should not hide.

    A point in each city; with windows of the study, which the map makes room for, the outlines of
    cities and background.
    """
    crs = windows[0].crs
    drawn = focus.geometry[~(focus.geometry.isna() | focus.geometry.is_empty)].to_crs(crs)
    if not any(window.named for window in windows):
        found: np.ndarray = shapely.get_coordinates(drawn.representative_point().to_numpy())
        return found
    found = shapely.get_coordinates(drawn.to_numpy())
    if background is not None:
        found = np.vstack([found, shapely.get_coordinates(background.to_crs(crs).to_numpy())])
    return found[:: max(len(found) // MOST_OBSTACLES, 1)]


@dataclass(frozen=True)
class _Pages:
    """What all pages of a project share."""

    visible: dict[str, list[Entry]]
    places: dict[str, Place]
    windows: Sequence[MapWindow]
    obstacles: np.ndarray
    language: Language
    span: Span | None

    def content(self, layout: Layout) -> LayoutContent:
        """Say everything that one page shows."""
        shown = self.visible[layout.theme]
        frame = suiting_frame(layout.page, layout.orientation, self.windows[0])
        atlas = None
        if layout.atlas is not None:
            last = None if self.span is None else self.span[1].year
            atlas = atlas_pages(layout.atlas, layout.name, self.places, last)
        named = any(entry.style.labels is not None for entry in shown)
        main, insets = self._placed(frame, atlas, named=named)
        return LayoutContent(
            name=xml_text(layout.name),
            theme=xml_text(layout.theme),
            title=layout.title or layout.name,
            subtitle=layout.subtitle,
            note=layout.note,
            window=main,
            insets=tuple(insets),
            frame=frame,
            legend=tuple(
                _legend_entry(entry)
                for entry in shown
                if layout.atlas is None or entry.layer.table != layout.atlas.table
            ),
            approval=layout.approval,
            atlas=atlas,
            language=self.language,
        )

    def _placed(
        self, frame: PageFrame, atlas: AtlasPages | None, *, named: bool
    ) -> tuple[MapWindow, list[tuple[MapWindow, Box]]]:
        """Place the insets: on the map, or in the column beside a map that is zoomed to areas."""
        left, top, width, height = frame.map
        insets = list(self.windows[1:])
        if atlas is not None and not atlas.year:
            # The windows of a study belong to the map of the whole area.
            insets = [inset for inset in insets if not inset.named]
            boxes = _column_boxes(len(insets), frame)
            main = self.windows[0].fitted(width, height)
        else:
            main, relative = place_insets(self.obstacles, self.windows[0], insets, width, height)
            boxes = [(left + x, top + y, wide, tall) for x, y, wide, tall in relative]
        if named:
            # Names that stand beside the cities need no title as well.
            insets = [inset if inset.named else replace(inset, title="") for inset in insets]
        return main, list(zip(insets, boxes, strict=True))


def _column_boxes(count: int, frame: PageFrame) -> list[Box]:
    """Return boxes side by side above the scale bar, or beside the legend of a portrait page."""
    left, top, width, _ = frame.bar
    if not count:
        return []
    wide = min((width - 2.0 * (count - 1)) / count, 34.0)
    tall = 0.78 * wide
    start = top - tall - GAP if frame.columns == 1 else top + frame.bar[3] + GAP
    return [(left + at * (wide + 2.0), start, wide, tall) for at in range(count)]


def _legend_entry(entry: Entry) -> LegendEntry:
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
