"""The layers of a QGIS project: a style of a table each, plain tables, joins and relations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from shapefiles.layer_metadata import Provenance, append_metadata
from shapefiles.layers import AttributeTable, Layer, field_aliases, layer_fields, table_frame
from shapefiles.qgis_styles import append_style
from shapefiles.qgis_types import Join, Relation
from shapefiles.qgis_xml import add, one_line, spatial_reference, stable_uuid
from shapefiles.style_types import LayerStyle
from spatial.errors import ExportError, listed
from spatial.options import Language

_GEOMETRY_WORDS = {"point": "Point", "line": "Line", "polygon": "Polygon"}
_WKB_WORDS = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}


@dataclass(frozen=True)
class Entry:
    """One layer of the project: a table in one style."""

    layer: Layer
    style: LayerStyle
    key: str
    identity: str
    source: str
    title: str


@dataclass(frozen=True)
class TableEntry:
    """A plain table of the project; ``fields`` maps its columns to field names."""

    table: AttributeTable
    identity: str
    source: str
    title: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Place:
    """Where a table is found in the project: the id of its first layer, and its fields."""

    identity: str
    source: str
    title: str
    fields: dict[str, str]
    aliases: dict[str, str]


def layer_entries(layers: Sequence[Layer], geopackage_name: str) -> list[Entry]:
    """Return an entry for each style of each layer, the context layers last."""
    entries = []
    for layer in sorted(layers, key=lambda item: item.context):
        for position, style in enumerate(layer.styles):
            identity = stable_uuid(layer.table, style.name, str(position)).strip("{}")
            entries.append(
                Entry(
                    layer,
                    style,
                    f"{layer.table}/{style.name}",
                    f"{layer.table}_{identity.replace('-', '_')}",
                    f"./{geopackage_name}|layername={layer.table}",
                    one_line(style.title or layer.title),
                )
            )
    return entries


def table_entries(tables: Sequence[AttributeTable], geopackage_name: str) -> list[TableEntry]:
    """Return an entry for each plain table."""
    return [
        TableEntry(
            table,
            f"{table.table}_{stable_uuid('table', table.table).strip('{}').replace('-', '_')}",
            f"./{geopackage_name}|layername={table.table}",
            one_line(table.title),
            table_frame(table)[1],
        )
        for table in tables
    ]


def places_of(entries: Sequence[Entry], tables: Sequence[TableEntry]) -> dict[str, Place]:
    """Find every table of the file in the project."""
    places: dict[str, Place] = {}
    for entry in entries:
        layer = entry.layer
        if layer.table not in places:
            fields = layer_fields(layer)
            aliases = field_aliases(fields, layer.aliases)
            places[layer.table] = Place(
                entry.identity, entry.source, one_line(layer.title), fields, aliases
            )
    for one in tables:
        aliases = field_aliases(one.fields, one.table.aliases)
        places.setdefault(
            one.table.table, Place(one.identity, one.source, one.title, one.fields, aliases)
        )
    return places


def place_and_field(places: dict[str, Place], table: str, column: str, what: str) -> str:
    """Return the field name of a column; raise ExportError where table or column is unknown."""
    if table not in places or column not in places[table].fields:
        raise ExportError(
            f"{what} names {table!r} and its column {column!r}, which do not exist; tables: "
            f"{listed(places, limit=40)}."
        )
    return places[table].fields[column]


def append_layer(
    parent: ET.Element,
    entry: Entry,
    provenance: Provenance,
    joins: Sequence[Join],
    places: dict[str, Place],
    *,
    quiet_maps: bool,
) -> ET.Element:
    """Append the ``<maplayer>`` of a style."""
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
    append_metadata(metadata, entry.title, layer.abstract, provenance, layer=layer)
    add(element, "provider", "ogr", encoding="UTF-8")
    language: Language = provenance.language
    wanted = [join for join in joins if join.table == layer.table]
    joined = _append_joins(element, wanted, places)
    append_style(element, layer, style, language=language, quiet_maps=quiet_maps)
    aliases = element.find("aliases")
    assert aliases is not None
    for name, text in joined.items():
        add(aliases, "alias", field=name, name=text)
    return element


def _append_joins(
    element: ET.Element, joins: Sequence[Join], places: dict[str, Place]
) -> dict[str, str]:
    """Append ``<vectorjoins>``; return the wording of every field that comes in."""
    parent = add(element, "vectorjoins")
    aliases: dict[str, str] = {}
    for join in joins:
        what = f"The join of {join.from_table!r} to {join.table!r}"
        own = place_and_field(places, join.table, join.field, what)
        other = place_and_field(places, join.from_table, join.from_field, what)
        source = places[join.from_table]
        columns = join.columns or tuple(c for c in source.fields if c != join.from_field)
        names = [place_and_field(places, join.from_table, c, what) for c in columns]
        taken = {*places[join.table].fields.values(), *aliases}
        clash = [join.prefix + name for name in names if join.prefix + name in taken]
        if clash:
            raise ExportError(
                f"{what} brings fields that are there already: {listed(clash)}; choose another "
                "prefix."
            )
        one = add(
            parent,
            "join",
            joinLayerId=source.identity,
            joinFieldName=other,
            targetFieldName=own,
            memoryCache=1,
            dynamicForm=0,
            editable=0,
            upsertOnEdit=0,
            cascadedDelete=0,
            hasCustomPrefix=1,
            customPrefix=join.prefix,
        )
        subset = add(one, "joinFieldsSubset")
        for name in names:
            add(subset, "field", name=name)
            wording = source.aliases.get(name, name)
            aliases[join.prefix + name] = (
                f"{one_line(join.title)}: {wording}" if join.title else wording
            )
    return aliases


def append_table(parent: ET.Element, entry: TableEntry, provenance: Provenance) -> None:
    """Append the ``<maplayer>`` of a plain table."""
    element = add(
        parent,
        "maplayer",
        type="vector",
        geometry="No geometry",
        wkbType="NoGeometry",
        styleCategories="AllStyleCategories",
        readOnly=0,
    )
    add(element, "id", entry.identity)
    add(element, "datasource", entry.source)
    add(element, "layername", entry.title)
    metadata = add(element, "resourceMetadata")
    append_metadata(metadata, entry.title, entry.table.abstract, provenance)
    add(element, "provider", "ogr", encoding="UTF-8")
    aliases = add(element, "aliases")
    for name, text in field_aliases(entry.fields, entry.table.aliases).items():
        add(aliases, "alias", field=name, name=text)


def append_relations(
    root: ET.Element, relations: Sequence[Relation], places: dict[str, Place]
) -> None:
    """Append ``<relations>``: a form of QGIS lists the rows that refer to its feature."""
    element = add(root, "relations")
    for number, relation in enumerate(relations, start=1):
        what = f"The relation {relation.name!r}"
        own = place_and_field(places, relation.table, relation.field, what)
        other = place_and_field(places, relation.to_table, relation.to_field, what)
        one = add(
            element,
            "relation",
            id=f"relation_{number}_{relation.table}_{relation.to_table}",
            name=one_line(relation.name),
            referencingLayer=places[relation.table].identity,
            referencedLayer=places[relation.to_table].identity,
            strength="Association",
        )
        add(one, "fieldRef", referencingField=own, referencedField=other)
