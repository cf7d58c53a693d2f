"""Read the shapes of cities from vector files and point tables, as they are."""

from __future__ import annotations

import struct
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from shapefiles.read_encoding import decoded_text
from shapefiles.read_files import existing_file, sha256_of
from shapefiles.read_tables import (
    CSV_SUFFIXES,
    EXCEL_SUFFIXES,
    PARQUET_SUFFIXES,
    read_table,
    require_columns,
)
from shapefiles.read_values import numbers
from shapefiles.sources import CitiesSource
from shapefiles.study_area import PassportEntry, SourceFile
from spatial.errors import ConfigError, GeometryError, InputError, listed, nearest_spelling

if TYPE_CHECKING:
    import geopandas as gpd

ROLE = "cities"
_DRIVER_NAMES = {
    ".shp": "Shapefile",
    ".gpkg": "GeoPackage",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".fgb": "FlatGeobuf",
    ".kml": "KML",
    ".gml": "GML",
    ".gdb": "File geodatabase",
}
_SHAPE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_DEGREES = "EPSG:4326"
_DBF_LANGUAGE = 29
"""Offset of the code page in the header of a .dbf."""


@dataclass(frozen=True)
class ShapesFile:
    """Shapes and attributes as read, in the CRS of the file.

    Attributes
    ----------
    frame : geopandas.GeoDataFrame
    crs_read : str
    source : SourceFile
    entries : tuple of PassportEntry
    """

    frame: gpd.GeoDataFrame
    crs_read: str
    source: SourceFile
    entries: tuple[PassportEntry, ...] = ()


def read_shapes(source: CitiesSource) -> ShapesFile:
    """Read the file of the cities.

    Parameters
    ----------
    source : CitiesSource

    Returns
    -------
    ShapesFile
        Its frame has a CRS: that of the file, or the one stated by ``source.crs``.

    Raises
    ------
    InputError
        The file is missing, unreadable, no vector file, or lacks a column; the layer is not clear.
    GeometryError
        The file has no CRS and none is stated, or coordinates are no numbers.
    ConfigError
        The stated CRS is not known.
    """
    file = existing_file(source.path, what=ROLE)
    suffix = file.suffix.lower()
    if suffix in (*CSV_SUFFIXES, *EXCEL_SUFFIXES):
        return _point_table(source)
    if suffix in PARQUET_SUFFIXES:
        return _parquet(source, file)
    if suffix == ".zip":
        return _zipped(source, file)
    return _vector(source, file, file)


def _point_table(source: CitiesSource) -> ShapesFile:
    import geopandas as gpd

    if source.longitude is None or source.latitude is None:
        raise InputError(
            f"{Path(source.path).name} is a table without shapes: name the columns with the "
            "coordinates of the cities by the keys longitude and latitude, or give a vector file."
        )
    needed = [source.id, source.longitude, source.latitude]
    table = read_table(
        source.path, role=ROLE, needed=needed, encoding=source.encoding, sheet=source.sheet
    )
    x, y = (_coordinates(table.frame, name) for name in (source.longitude, source.latitude))
    crs = source.crs or _DEGREES
    frame = gpd.GeoDataFrame(
        table.frame, geometry=gpd.points_from_xy(x, y), crs=_known_crs(crs).to_wkt()
    )
    entries = table.entries
    if source.crs is None:
        entries = (*entries, PassportEntry("passport_degrees_assumed", len(frame)))
    return ShapesFile(frame, crs_name(frame.crs), table.source, entries)


def _coordinates(frame: pd.DataFrame, column: str) -> pd.Series:
    values, not_numbers = numbers(frame[column])
    if not_numbers:
        raise GeometryError(
            f"Column {column!r} holds coordinates that are no numbers: {listed(not_numbers)}. "
            "Write decimal degrees such as 116.4 or -99.88."
        )
    return values


def _parquet(source: CitiesSource, file: Path) -> ShapesFile:
    import geopandas as gpd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(file).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file.name} is no Parquet file: {error}.") from error
    if b"geo" not in metadata:
        return _point_table(source)
    frame = gpd.read_parquet(file)
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return _finished(source, frame, "GeoParquet", "", [file])


def _zipped(source: CitiesSource, file: Path) -> ShapesFile:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [item for item in archive.namelist() if "__MACOSX" not in item]
            suffixes = tuple(set(_DRIVER_NAMES) - {".gdb"})
            shapes = [item for item in members if item.lower().endswith(suffixes)]
            chosen = _one_layer([Path(item).stem for item in shapes], source.layer, file.name)
            stem = shapes[chosen].rpartition(".")[0]
            with tempfile.TemporaryDirectory() as folder:
                # Members get plain names: paths in an archive may lead anywhere.
                for item in members:
                    start, _, ending = item.rpartition(".")
                    if start == stem:
                        target = Path(folder) / f"cities.{ending.lower()}"
                        target.write_bytes(archive.read(item))
                inner = Path(folder) / f"cities.{shapes[chosen].rpartition('.')[2].lower()}"
                return _vector(source, inner, file, zipped=True)
    except zipfile.BadZipFile as error:
        raise InputError(f"{file.name} is no zip archive: {error}.") from error


def _vector(source: CitiesSource, file: Path, given: Path, *, zipped: bool = False) -> ShapesFile:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    parts = [file]
    encoding, said = source.encoding, source.encoding or ""
    if file.suffix.lower() == ".shp":
        parts = _shapefile_parts(file, given)
        if encoding is None:
            encoding, said = _shapefile_encoding(file, given)
    try:
        layer = None if zipped else _layer(file, given, source.layer)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on oddities that are checked here
            frame = pyogrio.read_dataframe(file, layer=layer, encoding=encoding)
    except (DataSourceError, DataLayerError) as error:
        raise InputError(
            f"{given.name} is not a vector file that can be read ({error}). Give a Shapefile (all "
            "its parts), GeoPackage, GeoJSON or GeoParquet."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"The texts of {given.name} are not in {encoding or 'UTF-8'}; state the encoding by "
            "the key encoding, for example 'gb18030'."
        ) from error
    kind = _DRIVER_NAMES.get(file.suffix.lower(), file.suffix.lstrip(".").upper())
    return _finished(
        source,
        frame,
        f"{kind} (zip)" if zipped else kind,
        said,
        [given] if zipped else parts,
    )


def _layer(file: Path, given: Path, wanted: str | None) -> str | None:
    import pyogrio

    layers = pyogrio.list_layers(file)
    spatial = [str(name) for name, kind in layers if kind is not None]
    if not spatial:
        raise InputError(f"{given.name} has no layer with shapes; it holds tables only.")
    if file.suffix.lower() == ".shp":
        return None
    return spatial[_one_layer(spatial, wanted, given.name)]


def _one_layer(layers: list[str], wanted: str | None, file: str) -> int:
    if not layers:
        raise InputError(f"{file} holds no Shapefile or other vector file.")
    if wanted is not None:
        if wanted not in layers:
            hint = nearest_spelling(wanted, layers)
            raise InputError(f"{file} has no layer {wanted!r}{hint}; it has {listed(layers)}.")
        return layers.index(wanted)
    if len(layers) > 1:
        raise InputError(f"{file} has several layers: {listed(layers)}; name one by the key layer.")
    return 0


def _shapefile_parts(file: Path, given: Path) -> list[Path]:
    siblings = {
        item.suffix.lower(): item for item in file.parent.iterdir() if item.stem == file.stem
    }
    lacking = [ending for ending in (".dbf", ".shx") if ending not in siblings]
    if lacking:
        raise InputError(
            f"The Shapefile {given.name} lacks its part {listed(lacking)}: copy all parts of the "
            "Shapefile into one folder (.shp, .shx, .dbf, .prj)."
        )
    return [siblings[ending] for ending in _SHAPE_PARTS if ending in siblings]


def _shapefile_encoding(file: Path, given: Path) -> tuple[str | None, str]:
    """Return the encoding to tell GDAL (None: it knows) and the one to note."""
    siblings = {
        item.suffix.lower(): item for item in file.parent.iterdir() if item.stem == file.stem
    }
    if ".cpg" in siblings:
        return None, siblings[".cpg"].read_text(encoding="ascii", errors="replace").strip()
    content = siblings[".dbf"].read_bytes()
    header = struct.unpack("<H", content[8:10])[0] if len(content) >= 32 else len(content)
    text = content[header:].replace(b"\x00", b" ")
    try:
        _, encoding = decoded_text(text, what=f"{given.name} (its .dbf, without .cpg)")
    except InputError:
        if not content[_DBF_LANGUAGE]:
            raise
        return None, ""  # the .dbf names a code page of its own, which GDAL follows
    return encoding, encoding


def _finished(
    source: CitiesSource, frame: Any, kind: str, encoding: str, parts: list[Path]
) -> ShapesFile:
    import geopandas as gpd

    name = Path(source.path).name
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"{name} holds a table without shapes; give a vector file of the cities.")
    if frame.empty:
        raise InputError(f"{name} holds no cities: the layer is empty.")
    frame = frame.rename(columns={column: str(column) for column in frame.columns})
    require_columns(frame.drop(columns=frame.geometry.name), [source.id], file=name)
    entries: tuple[PassportEntry, ...] = ()
    if source.crs is not None:
        stated = _known_crs(source.crs)
        if frame.crs is not None and not frame.crs.equals(stated):
            remark = f"{crs_name(frame.crs)} -> {crs_name(stated)}"
            entries += (PassportEntry("passport_crs_replaced", 1, (name,), remark),)
        frame = frame.set_crs(stated, allow_override=True)
    if frame.crs is None:
        raise GeometryError(
            f"{name} does not say its coordinate reference system (no .prj). State it by the key "
            "crs, for example crs = 'EPSG:4326' when the numbers are degrees."
        )
    if encoding == "GB18030":
        entries += (PassportEntry("passport_encoding_recognised", 1, (name,), encoding),)
    about = SourceFile(ROLE, str(source.path), kind, encoding, sha256_of(parts), len(frame))
    return ShapesFile(frame, crs_name(frame.crs), about, entries)


def _known_crs(text: str) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise ConfigError(
            f"crs={text!r} is no known coordinate reference system; use a code such as "
            "'EPSG:4326' (degrees) or 'EPSG:4490' (CGCS2000)."
        ) from error


def crs_name(crs: object) -> str:
    """Name a coordinate reference system: its authority code, or what it calls itself."""
    authority = crs.to_authority(min_confidence=100) if hasattr(crs, "to_authority") else None
    if authority:
        return ":".join(authority)
    return str(getattr(crs, "name", crs))
