"""Layers of a GeoPackage that are views: figures of a panel with the shapes of another layer."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from shapefiles.layers import Layer, layer_fields
from shapefiles.qgis_xml import xml_text
from spatial.errors import ExportError, listed


def check_views(layers: Sequence[Layer]) -> None:
    """Raise ExportError unless every layer that shares shapes finds them in another layer.

    Parameters
    ----------
    layers : sequence of Layer
        All layers of the file.
    """
    known = {layer.table: layer for layer in layers}
    for layer in layers:
        if not layer.shapes_of:
            continue
        base = known.get(layer.shapes_of)
        where = f"The layer {layer.table!r} takes its shapes from {layer.shapes_of!r}"
        if base is None or base.shapes_of or not base.id_field or base is layer:
            owners = [one.table for one in layers if one.id_field and not one.shapes_of]
            raise ExportError(
                f"{where}, which is no layer with ids and shapes of its own; such layers are: "
                f"{listed(owners)}."
            )
        if base.data.index.has_duplicates:
            twice = base.data.index[base.data.index.duplicated()].unique()
            raise ExportError(f"{where}, where ids stand twice: {listed(map(str, twice))}.")
        unknown = sorted(set(map(str, layer.data.index)) - set(map(str, base.data.index)))
        if unknown:
            raise ExportError(f"{where}, which lacks the ids {listed(unknown)}.")
        if base.geometry != layer.geometry or base.data.crs != layer.data.crs:
            raise ExportError(
                f"{where}, but they differ in the kind of shapes or in their coordinate reference "
                "system; give both the same."
            )


def add_views(
    database: sqlite3.Connection,
    layers: Sequence[Layer],
    identifiers: dict[str, str],
    moment: str,
) -> None:
    """Create and register the views; the tables of figures are written already.

    GDAL takes ``OGC_FID`` of a view for its row number, and the bounds and the kind of geometry
    from the registry, as for tables. QGIS draws, styles and filters views like tables.
    """
    tables = {layer.table: layer for layer in layers}
    for layer in layers:
        if not layer.shapes_of:
            continue
        base = tables[layer.shapes_of]
        fields = layer_fields(layer)
        columns = ", ".join(f'figures."{name}" AS "{name}"' for name in fields.values())
        own, other = fields[layer.id_field], layer_fields(base)[base.id_field]
        # Names of tables and fields are letters, digits and underscores (``check_table_name``).
        database.execute(
            f'CREATE VIEW "{layer.table}" AS '  # noqa: S608
            "SELECT figures.fid AS OGC_FID, shapes.geom AS geom, "
            f'{columns} FROM "{layer.rows_table}" AS figures JOIN "{base.table}" AS shapes '
            f'ON shapes."{other}" = figures."{own}"'
        )
        database.execute(
            f'CREATE INDEX IF NOT EXISTS "index_{base.table}_{other}" ON "{base.table}" ("{other}")'
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, "
            "last_change, min_x, min_y, max_x, max_y, srs_id) SELECT ?, 'features', ?, ?, ?, "
            "min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents WHERE table_name = ?",
            (
                layer.table,
                identifiers[layer.table],
                xml_text(layer.abstract),
                moment,
                base.table,
            ),
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, "
            "srs_id, z, m) SELECT ?, column_name, geometry_type_name, srs_id, z, m "
            "FROM gpkg_geometry_columns WHERE table_name = ?",
            (layer.table, base.table),
        )
