"""Layers in the other formats of GIS: zipped Shapefile, GeoJSON, GeoParquet, FlatGeobuf."""

from __future__ import annotations

import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shapefiles.atomic import atomic_file
from shapefiles.layers import ascii_field_names, writable
from spatial.errors import ExportError, GeometryError, listed
from spatial.options import VectorFormat, checked_option

if TYPE_CHECKING:
    import geopandas as gpd

NAME_LENGTH, TEXT_BYTES, MOST_FIELDS = 10, 254, 255
"""What a dBASE table holds: characters of a field name, bytes of a text, fields."""

NAME_MAP = "field_names.csv"
ENDINGS: Mapping[VectorFormat, str] = {
    "shapefile": ".shp.zip",
    "geojson": ".geojson",
    "geoparquet": ".parquet",
    "flatgeobuf": ".fgb",
}


@dataclass(frozen=True)
class ShapefileExport:
    """A zipped Shapefile and what its format could not hold.

    Attributes
    ----------
    path : Path
    fields : mapping of str to str
        Field name in the file by the name of the column; the same list is in the archive.
    cut : mapping of str to int
        Texts that were cut to 254 bytes, by column.
    """

    path: Path
    fields: Mapping[str, str]
    cut: Mapping[str, int]


def write_shapefile(data: gpd.GeoDataFrame, path: str | Path) -> ShapefileExport:
    """Write a layer as a zipped Shapefile, in UTF-8.

    Parameters
    ----------
    data : geopandas.GeoDataFrame
        A named index becomes the first field.
    path : str or Path
        Ends in ``.zip``. The archive holds ``.shp``, ``.shx``, ``.dbf``, ``.prj``, ``.cpg`` and
        ``field_names.csv``, which tells the columns behind the names of ten characters.

    Returns
    -------
    ShapefileExport

    Raises
    ------
    ExportError
        If there are more than 255 columns, a column comes twice, or points, lines and polygons
        are mixed.
    GeometryError
        If the layer has no coordinate reference system.
    """
    target = Path(path)
    if target.suffix.lower() != ".zip":
        raise ExportError(f"{target.name}: a zipped Shapefile needs the ending .zip.")
    frame = _plain_frame(data)
    geometry = frame.geometry.name
    columns = [str(column) for column in frame.columns if column != geometry]
    if len(columns) > MOST_FIELDS:
        raise ExportError(
            f"The layer has {len(columns)} columns; a Shapefile holds {MOST_FIELDS}. Write a "
            "GeoPackage, or choose columns."
        )
    _refuse_mixed(frame)
    fields, cut = short_field_names(columns), dict[str, int]()
    for column in columns:
        frame[column], count = _fitting(frame[column])
        if count:
            cut[column] = count
    stem = target.name.removesuffix(".zip").removesuffix(".shp") or "layer"
    with tempfile.TemporaryDirectory() as folder, atomic_file(target) as temporary:
        shape = Path(folder) / f"{stem}.shp"
        _write(frame.rename(columns=fields), shape, driver="ESRI Shapefile", encoding="UTF-8")
        table = pd.DataFrame(
            {
                "field": list(fields.values()),
                "column": list(fields),
                "texts_cut": [cut.get(column, 0) for column in fields],
            }
        )
        table.to_csv(Path(folder) / NAME_MAP, index=False, encoding="utf-8-sig")
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)
    return ShapefileExport(target, fields, cut)


def write_geojson(data: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write a layer as GeoJSON by RFC 7946: longitude and latitude, seven decimals (1 cm).

    Parameters
    ----------
    data : geopandas.GeoDataFrame
        Brought to EPSG:4326 when it has another system.
    path : str or Path
        Ends in ``.geojson``.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending is another, or a number is infinite, which JSON cannot hold.
    """
    frame = _plain_frame(data)
    infinite = [
        str(column)
        for column in frame.columns
        if pd.api.types.is_float_dtype(frame[column])
        and np.isinf(frame[column].to_numpy(dtype=float, na_value=np.nan)).any()
    ]
    if infinite:
        raise ExportError(
            f"Columns {listed(infinite)} hold infinite numbers, which GeoJSON has no word for; "
            "make them missing or write a GeoPackage."
        )
    geographic = frame.to_crs("EPSG:4326")
    return _written(geographic, path, "geojson", driver="GeoJSON", RFC7946="YES")


def write_flatgeobuf(data: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write a layer as FlatGeobuf with a spatial index, which orders the rows by place.

    Parameters
    ----------
    data : geopandas.GeoDataFrame
        A named index becomes the first field.
    path : str or Path
        Ends in ``.fgb``.

    Returns
    -------
    Path
    """
    return _written(_plain_frame(data), path, "flatgeobuf", driver="FlatGeobuf")


def write_geoparquet(data: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write a layer as GeoParquet 1.1 with a column of bounding boxes for fast windows.

    Parameters
    ----------
    data : geopandas.GeoDataFrame
        A named index becomes the first column; types and names of columns stay as they are.
    path : str or Path
        Ends in ``.parquet``.

    Returns
    -------
    Path
    """
    target = _checked_ending(path, "geoparquet")
    frame = _plain_frame(data)
    with atomic_file(target) as temporary:
        frame.to_parquet(temporary, index=False, schema_version="1.1.0", write_covering_bbox=True)
    return target


def write_layer(data: gpd.GeoDataFrame, folder: str | Path, name: str, kind: VectorFormat) -> Path:
    """Write a layer in one of the formats, the ending given by the format.

    Parameters
    ----------
    data : geopandas.GeoDataFrame
    folder : str or Path
    name : str
        Without ending.
    kind : {"shapefile", "geojson", "geoparquet", "flatgeobuf"}

    Returns
    -------
    Path
    """
    checked_option(kind, VectorFormat, name="kind")
    target = Path(folder) / f"{name}{ENDINGS[kind]}"
    if kind == "shapefile":
        return write_shapefile(data, target).path
    writers: dict[str, Callable[[gpd.GeoDataFrame, Path], Path]] = {
        "geojson": write_geojson,
        "geoparquet": write_geoparquet,
        "flatgeobuf": write_flatgeobuf,
    }
    return writers[kind](data, target)


def short_field_names(columns: Iterable[object]) -> dict[str, str]:
    """Give each column an ASCII name of at most ten characters, unique without case.

    Parameters
    ----------
    columns : iterable

    Returns
    -------
    dict of column (as text) -> field name

    Examples
    --------
    >>> short_field_names(["real_income_1990", "real_income_1991", "韧性", "city"])
    {'real_income_1990': 'real_incom', 'real_income_1991': 'real_inc_2', '韧性': 'field_3', \
'city': 'city'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column, plain in ascii_field_names(columns).items():
        name, count = plain[:NAME_LENGTH], 1
        while name.lower() in taken:
            count += 1
            name = f"{plain[: NAME_LENGTH - len(str(count)) - 1]}_{count}"
        taken.add(name.lower())
        names[column] = name
    return names


def _plain_frame(data: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the layer with its named index as columns, each in a type that files hold."""
    if data.crs is None:
        raise GeometryError(
            "The layer has no coordinate reference system; give it one by set_crs(...) first."
        )
    named = [str(name) for name in data.index.names if name is not None]
    names = [*named, *map(str, data.columns)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"The layer has the columns {listed(twice)} more than once; rename them.")
    frame = data.reset_index(drop=not named)
    if named and len(frame.columns) > len(names):  # levels without a name are not written
        frame = frame[[column for column in frame.columns if str(column) in names]]
    geometry = str(frame.geometry.name)
    plain = frame.set_axis(names, axis=1).set_geometry(geometry).reset_index(drop=True)
    for column in names:
        if column != geometry:
            plain[column] = writable(plain[column])
    return plain


def _refuse_mixed(frame: gpd.GeoDataFrame) -> None:
    kinds = frame.geometry.dropna().geom_type.str.removeprefix("Multi").unique()
    if len(kinds) > 1 or "GeometryCollection" in kinds:
        raise ExportError(
            f"A Shapefile holds one kind of geometry, the layer {listed(sorted(kinds))}; write "
            "them apart, or a GeoPackage."
        )


def _fitting(values: pd.Series) -> tuple[pd.Series, int]:
    """Cut texts to the bytes that a field holds, and make numbers and dates what dBASE knows."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S").astype(object), 0
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("Int64"), 0
    if not pd.api.types.is_string_dtype(values.dtype) and values.dtype != object:
        return values, 0
    cut = values.map(_cut, na_action="ignore")
    return cut, int((cut.notna() & (cut != values)).sum())


def _cut(text: object) -> str:
    """Cut a text to 254 bytes, between characters; letters and their marks stay together.

    Examples
    --------
    >>> len(_cut("北" * 100)), _cut("short")
    (84, 'short')
    """
    data = str(text).encode("utf-8")
    if len(data) <= TEXT_BYTES:
        return str(text)
    kept = data[:TEXT_BYTES].decode("utf-8", errors="ignore")
    following = str(text)[len(kept)]
    return kept[:-1] if unicodedata.combining(following) else kept


def _checked_ending(path: str | Path, kind: VectorFormat) -> Path:
    target = Path(path)
    if target.suffix.lower() != ENDINGS[kind]:
        raise ExportError(f"{target.name}: this format needs the ending {ENDINGS[kind]}.")
    return target


def _written(
    frame: gpd.GeoDataFrame, path: str | Path, kind: VectorFormat, *, driver: str, **options: str
) -> Path:
    target = _checked_ending(path, kind)
    with atomic_file(target) as temporary:
        _write(frame, temporary, driver=driver, **options)
    return target


def _write(frame: gpd.GeoDataFrame, path: Path, **options: Any) -> None:
    """Write by GDAL; what it refuses becomes an error with its words."""
    import pyogrio
    from pyogrio import errors

    try:
        pyogrio.write_dataframe(frame, path, **options)
    except (
        errors.DataLayerError,
        errors.DataSourceError,
        errors.FieldError,
        errors.GeometryError,
        ValueError,
    ) as error:
        raise ExportError(f"{path.name} cannot be written: {error}.") from error
