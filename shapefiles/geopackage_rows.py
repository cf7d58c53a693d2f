"""Rows of a GeoPackage, written as a stream of batches: big layers need little memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from shapefiles.layers import Layer, layer_frame
from shapefiles.qgis_xml import xml_text
from spatial.errors import ExportError

if TYPE_CHECKING:
    import geopandas as gpd
    import pyarrow as pa

GEOPACKAGE_VERSION = "1.2"
"""Old enough for every GDAL since 2.2, and all that is needed here."""

BATCH = 65_536
"""Rows that are turned into Arrow and handed to GDAL at a time."""

_KINDS = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}


def write_layer_rows(layer: Layer, path: Path, identifier: str) -> None:
    """Write the features of a layer; the figures only, where its shapes are those of another.

    Parameters
    ----------
    layer : Layer
    path : Path
        A new GeoPackage, or one without the layer.
    identifier : str
        Title of the table, different from those of other tables.

    Raises
    ------
    ExportError
        If GDAL refuses a value or the disk refuses.
    """
    frame = layer_frame(layer)
    if layer.shapes_of:
        plain = pd.DataFrame(frame.drop(columns="geom"))
        write_table_rows(plain, path, layer.rows_table, f"{identifier} ({layer.rows_table})", "")
        return
    kind = _KINDS[layer.geometry]
    if layer.geometry == "point" and "MultiPoint" in set(layer.data.geom_type):
        kind = "MultiPoint"
    _stream(
        frame.drop(columns="geom"),
        path,
        table=layer.table,
        identifier=identifier,
        abstract=layer.abstract,
        shapes=frame.geometry,
        kind=kind,
    )


def write_table_rows(
    frame: pd.DataFrame, path: Path, table: str, identifier: str, abstract: str
) -> None:
    """Write a table without shapes, its columns ready for the file.

    Parameters
    ----------
    frame : pandas.DataFrame
        ASCII column names, from ``table_frame`` or ``layer_frame``.
    path : Path
    table, identifier, abstract : str

    Raises
    ------
    ExportError
        If GDAL refuses a value or the disk refuses.
    """
    _stream(frame, path, table=table, identifier=identifier, abstract=abstract)


def _stream(
    frame: pd.DataFrame,
    path: Path,
    *,
    table: str,
    identifier: str,
    abstract: str,
    shapes: gpd.GeoSeries | None = None,
    kind: str | None = None,
) -> None:
    import pyarrow as pa
    import pyogrio

    schema = pa.schema([(str(name), _arrow_type(frame[name])) for name in frame.columns])
    if shapes is not None:
        schema = schema.append(pa.field("geom", pa.binary()))
    failures: list[Exception] = []
    batches = _noted(_batches(frame, shapes, kind, schema), failures)
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            pyogrio.write_arrow(
                reader,
                path,
                layer=table,
                driver="GPKG",
                append=path.exists(),
                geometry_name=None if shapes is None else "geom",
                geometry_type=kind,
                crs=None if shapes is None else _system(shapes.crs),
                dataset_options={} if path.exists() else {"VERSION": GEOPACKAGE_VERSION},
                layer_options={
                    "GEOMETRY_NAME": "geom",
                    "FID": "fid",
                    "IDENTIFIER": identifier,
                    "DESCRIPTION": xml_text(abstract),
                },
            )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise ExportError(f"The table {table!r} cannot be written: {error}") from error
    except (
        pyogrio.errors.FieldError,
        pyogrio.errors.GeometryError,
        RuntimeError,
        ValueError,
    ) as error:
        cause = failures[0] if failures else error
        raise ExportError(f"The table {table!r} cannot be written: {cause}") from cause


def _noted(
    batches: Iterator[pa.RecordBatch], failures: list[Exception]
) -> Iterator[pa.RecordBatch]:
    """Keep what goes wrong while a batch is made: GDAL says only that it got none."""
    try:
        yield from batches
    except Exception as error:
        failures.append(error)
        raise


def _whole(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one array: text that pandas joined from several tables comes in chunks."""
    import pyarrow as pa

    if not isinstance(array, pa.ChunkedArray):
        return array
    return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], type=array.type)


def _values(column: pd.Series) -> Any:
    """Return what Arrow takes slice by slice without a copy of the whole."""
    return column.array if pd.api.types.is_extension_array_dtype(column) else column.to_numpy()


def _batches(
    frame: pd.DataFrame, shapes: gpd.GeoSeries | None, kind: str | None, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    geometries = None if shapes is None else shapes.to_numpy()
    columns = [_values(frame[name]) for name in frame.columns]
    for start in range(0, len(frame), BATCH):
        rows = slice(start, start + BATCH)
        arrays = [
            _whole(pa.array(column[rows], type=schema.field(at).type, from_pandas=True))
            for at, column in enumerate(columns)
        ]
        if geometries is not None and kind is not None:
            arrays.append(pa.array(_binary(geometries[rows], kind), type=pa.binary()))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


_SINGLE = {"MultiPoint": 0, "MultiLineString": 1, "MultiPolygon": 3}
_COLLECTORS: dict[str, Any] = {
    "MultiPoint": shapely.multipoints,
    "MultiLineString": shapely.multilinestrings,
    "MultiPolygon": shapely.multipolygons,
}


def _binary(shapes: np.ndarray, kind: str) -> np.ndarray:
    """Return well-known binary, single shapes as collections where the layer holds these."""
    if kind in _SINGLE:
        alone = shapely.get_type_id(shapes) == _SINGLE[kind]
        if alone.any():
            shapes = shapes.copy()
            shapes[alone] = _COLLECTORS[kind](shapes[alone][:, None])
    binary: np.ndarray = shapely.to_wkb(shapes, flavor="iso")
    return binary


def _arrow_type(values: pd.Series) -> pa.DataType:
    """Return the type of a column; ``writable`` left numbers, truth, date-times and text."""
    import pyarrow as pa

    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype) and not pd.api.types.is_object_dtype(dtype):
        return pa.bool_()
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pa.timestamp("ms", tz=str(dtype.tz))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return pa.timestamp("ms")
    if pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype):
        return pa.string()
    return pa.from_numpy_dtype(getattr(dtype, "numpy_dtype", dtype))


def _system(crs: Any) -> str:
    """Return a coordinate reference system as GDAL reads it: its code where it has one."""
    code = crs.to_epsg(min_confidence=100)
    text: str = f"EPSG:{code}" if code else crs.to_wkt()
    return text
