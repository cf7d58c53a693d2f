"""GeoPackages that QGIS opens finished: layers with styles, aliases, metadata and plain tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from shapefiles.atomic import atomic_file, export_moment, refuse_open_database
from shapefiles.geopackage_rows import write_layer_rows, write_table_rows
from shapefiles.geopackage_views import add_views, check_views
from shapefiles.layer_metadata import UNKNOWN, Provenance, metadata_document
from shapefiles.layers import (
    AttributeTable,
    Layer,
    ascii_field_names,
    field_aliases,
    layer_fields,
    middle_of_year,
    name_labels,
    table_frame,
)
from shapefiles.qgis_styles import style_document
from shapefiles.qgis_xml import xml_text
from spatial.errors import ExportError, listed

__all__ = [
    "AttributeTable",
    "Layer",
    "Provenance",
    "ascii_field_names",
    "middle_of_year",
    "name_labels",
    "write_geopackage",
]

_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""

_EXTENSION_TABLE = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
"""

_METADATA_TABLES = (
    """
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml',
  metadata TEXT NOT NULL DEFAULT '')
""",
    """
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))
""",
)

_COLUMN_TABLE = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))
"""


def write_geopackage(
    path: str | Path,
    layers: Sequence[Layer],
    *,
    attribute_tables: Sequence[AttributeTable] = (),
    title: str = "",
    abstract: str = "",
    provenance: Provenance = UNKNOWN,
    timestamp: datetime | None = None,
) -> Path:
    """Write layers with their styles, and plain tables, into one GeoPackage.

    Each style becomes a row of ``layer_styles`` (the first one the default), so that the layer is
    drawn as meant when the file is dragged into QGIS. Field names are ASCII; the full names, in
    any script, are aliases. Titles, abstracts and layer metadata are registered.

    Parameters
    ----------
    path : str or Path
        Replaced as a whole when everything is written; an old file stays whole if not.
    layers : sequence of Layer
    attribute_tables : sequence of AttributeTable
    title, abstract : str
        Of the whole file, for its metadata.
    provenance : Provenance
        Author, source, licence, keywords and language, for the metadata of file and layers.
    timestamp : datetime, optional
        Time written into the file; by default ``SOURCE_DATE_EPOCH``, else now. The same data and
        the same time give the same bytes.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If another program is reading or writing the old file, a table name appears twice, a value
        cannot be written, or the disk refuses.
    """
    target = Path(path)
    if target.suffix.lower() != ".gpkg":
        raise ExportError(f"{target.name}: a GeoPackage needs the ending .gpkg.")
    _refuse_repeated_tables(layers, attribute_tables)
    check_views(layers)
    refuse_open_database(target)
    moment = export_moment(timestamp).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with atomic_file(target) as temporary:
        identifiers = _identifiers(layers, attribute_tables)
        with _gdal_clock(moment):
            for layer in layers:
                write_layer_rows(layer, temporary, identifiers[layer.table])
            table_fields = {}
            for table in attribute_tables:
                frame, table_fields[table.table] = table_frame(table)
                identifier = identifiers[table.table]
                write_table_rows(frame, temporary, table.table, identifier, table.abstract)
        with closing(sqlite3.connect(temporary)) as database:
            add_views(database, layers, identifiers, moment)
            _add_styles(database, layers, moment)
            _add_aliases(database, layers, attribute_tables, table_fields)
            documents = _metadata_documents(
                layers, attribute_tables, title or target.stem, abstract, provenance
            )
            _add_metadata(database, documents, moment)
            database.commit()
        refuse_open_database(target)  # writing takes its time; somebody may have opened the old one
    return target


def _refuse_repeated_tables(layers: Sequence[Layer], tables: Sequence[AttributeTable]) -> None:
    if not layers:
        raise ExportError("A GeoPackage needs at least one layer; none was given.")
    names = [layer.table for layer in layers] + [table.table for table in tables]
    names += [layer.rows_table for layer in layers if layer.shapes_of]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ExportError(f"Tables named twice: {listed(sorted(twice))}; give each its own name.")


def _identifiers(layers: Sequence[Layer], tables: Sequence[AttributeTable]) -> dict[str, str]:
    """Return the title of each table, made different where two share one (the format asks it)."""
    titles = {layer.table: layer.title for layer in layers}
    titles |= {table.table: table.title for table in tables}
    taken, identifiers = {"layer_styles"}, {}
    for table, title in titles.items():
        text = xml_text(title).strip() or table
        text = f"{text} ({table})" if text in taken else text
        taken.add(text)
        identifiers[table] = text
    return identifiers


@contextmanager
def _gdal_clock(moment: str) -> Iterator[None]:
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": moment})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _add_styles(database: sqlite3.Connection, layers: Sequence[Layer], moment: str) -> None:
    database.execute(_STYLE_TABLE)
    for layer in layers:
        for position, (style, name) in enumerate(
            zip(layer.styles, style_names(layer), strict=True)
        ):
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, "
                "owner, ui, update_time) VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '', NULL, ?)",
                (
                    layer.table,
                    name,
                    style_document(layer, style),
                    position == 0,
                    xml_text(style.title),
                    moment,
                ),
            )
    # Registered, or GDAL hides it as soon as another plain table is registered.
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, "
        "srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
        (moment,),
    )


def style_names(layer: Layer) -> list[str]:
    """Return names of the styles as the table holds them: 30 characters, all different."""
    names: list[str] = []
    for style in layer.styles:
        plain = xml_text(style.name)[:30].strip() or "style"
        name, count = plain, 2
        while name in names:
            name, count = f"{plain[:26]} {count}", count + 1
        names.append(name)
    return names


def _add_aliases(
    database: sqlite3.Connection,
    layers: Sequence[Layer],
    tables: Sequence[AttributeTable],
    table_fields: dict[str, dict[str, str]],
) -> None:
    """Describe columns by the schema extension, for programs that read no QGIS styles."""
    rows = [
        (layer.table, name, text)
        for layer in layers
        for name, text in field_aliases(layer_fields(layer), layer.aliases).items()
    ]
    rows += [
        (table.table, name, text)
        for table in tables
        for name, text in field_aliases(table_fields[table.table], table.aliases).items()
    ]
    if not rows:
        return
    database.execute(_COLUMN_TABLE)
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, title) VALUES (?, ?, ?)",
        [(table, name, xml_text(text)) for table, name, text in rows],
    )
    _register_extension(
        database,
        ("gpkg_data_columns",),
        "gpkg_schema",
        "http://www.geopackage.org/spec120/#extension_schema",
    )


def _metadata_documents(
    layers: Sequence[Layer],
    tables: Sequence[AttributeTable],
    title: str,
    abstract: str,
    provenance: Provenance,
) -> list[tuple[str, str | None, str]]:
    """Return scope, table and document of the metadata of the file, its layers and its tables."""
    documents: list[tuple[str, str | None, str]] = [
        ("geopackage", None, metadata_document(title, abstract, provenance))
    ]
    for layer in layers:
        document = metadata_document(layer.title, layer.abstract, provenance, layer=layer)
        documents.append(("table", layer.table, document))
    for table in tables:
        document = metadata_document(table.title, table.abstract, provenance)
        documents.append(("table", table.table, document))
    return documents


def _add_metadata(
    database: sqlite3.Connection, documents: Sequence[tuple[str, str | None, str]], moment: str
) -> None:
    for statement in _METADATA_TABLES:
        database.execute(statement)
    for number, (scope, table, document) in enumerate(documents, start=1):
        database.execute(
            "INSERT INTO gpkg_metadata VALUES (?, 'dataset', 'http://mrcc.com/qgis.dtd', "
            "'text/xml', ?)",
            (number, document),
        )
        database.execute(
            "INSERT INTO gpkg_metadata_reference VALUES (?, ?, NULL, NULL, ?, ?, NULL)",
            (scope, table, moment, number),
        )
    _register_extension(
        database,
        ("gpkg_metadata", "gpkg_metadata_reference"),
        "gpkg_metadata",
        "http://www.geopackage.org/spec120/#extension_metadata",
    )


def _register_extension(
    database: sqlite3.Connection, tables: Sequence[str], name: str, definition: str
) -> None:
    database.execute(_EXTENSION_TABLE)
    for table in tables:
        database.execute(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')",
            (table, name, definition),
        )
