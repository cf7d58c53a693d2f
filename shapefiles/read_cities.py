"""Read the cities of a study and check their ids, shapes and positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shapefiles.read_tables import require_columns
from shapefiles.read_values import CONTROLS, identifiers, is_missing, numbers
from shapefiles.read_vectors import read_shapes
from shapefiles.sources import CitiesSource
from shapefiles.study_area import PassportEntry, SourceFile
from spatial.coordinates import city_positions
from spatial.errors import ConfigError, GeometryError, InputError, listed

if TYPE_CHECKING:
    import geopandas as gpd

CRS_USED = "EPSG:4326"
_EQUAL_AREA = "EPSG:6933"
RESERVED = ("name", "longitude", "latitude", "geometry", "city", "year")
_EDGE = 1e-6
"""Degrees by which rounding may carry a shape over the edge of the world."""


@dataclass(frozen=True)
class CitiesTable:
    """The cities as read and checked.

    Attributes
    ----------
    frame : geopandas.GeoDataFrame
        Index ``city``; EPSG:4326; columns ``name``, ``longitude``, ``latitude``, the groups that
        the file holds, the columns asked for, ``geometry``.
    deselected : frozenset of str
        Ids of cities that ``source.select`` leaves out.
    groups_elsewhere : mapping of str to str
        Groups whose column is not in this file.
    crs_read : str
    source : SourceFile
    entries : tuple of PassportEntry
    """

    frame: gpd.GeoDataFrame
    deselected: frozenset[str]
    groups_elsewhere: Mapping[str, str]
    crs_read: str
    source: SourceFile
    entries: tuple[PassportEntry, ...] = ()


def read_cities(source: CitiesSource) -> CitiesTable:
    """Read the cities of a study.

    Parameters
    ----------
    source : CitiesSource

    Returns
    -------
    CitiesTable

    Raises
    ------
    InputError
        The file is unusable, a column is missing, or city ids are given twice.
    PanelError
        Ids are missing or inexact.
    GeometryError
        Shapes are empty, of a kind that is no city, or outside the world; no coordinate reference
        system; two cities at the same point.
    """
    shapes = read_shapes(source)
    raw, file = shapes.frame, Path(source.path).name
    groups_here, groups_elsewhere = _split_groups(source, raw)
    asked = [source.name, source.longitude, source.latitude, *source.columns, *source.select]
    require_columns(raw, [column for column in asked if column], file=file)

    ids = identifiers(raw[source.id], what=f"column {source.id!r} of {file}", first_row=1)
    _refuse_repeated_ids(ids, source.id, file)
    raw = raw.set_index(pd.Index(ids, name="city"))
    kept, deselected = _selected(raw, source, file)
    entries = list(shapes.entries)
    if deselected:
        remark = "; ".join(f"{column}: {_wanted(value)}" for column, value in source.select.items())
        entries.append(
            PassportEntry(
                "passport_cities_not_selected",
                len(deselected),
                tuple(sorted(deselected)),
                remark.replace("{", "").replace("}", ""),
            )
        )
    geometry, geometry_entries = _checked_geometry(kept, file)
    entries.extend(geometry_entries)
    name, name_entries = _names(kept, source)
    entries.extend(name_entries)
    frame = _assembled(kept, source, geometry, name, groups_here)
    entries.extend(_seats_outside(frame))
    return CitiesTable(
        frame, deselected, groups_elsewhere, shapes.crs_read, shapes.source, tuple(entries)
    )


def _split_groups(source: CitiesSource, raw: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    taken = [name for name in (*source.groups, *source.columns) if name in RESERVED]
    if taken:
        raise ConfigError(
            f"Groups and columns may not be called {listed(taken)}: these names have a meaning "
            "of their own; choose others."
        )
    here = {group: column for group, column in source.groups.items() if column in raw.columns}
    elsewhere = {group: column for group, column in source.groups.items() if group not in here}
    return here, elsewhere


def _refuse_repeated_ids(ids: pd.Series, column: str, file: str) -> None:
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        raise InputError(
            f"{file}: city ids in column {column!r} are given more than once: {listed(twice)}. "
            "Keep one row for each city: dissolve the parts of a city into one shape, or name "
            "the column with the distinct ids."
        )


def _wanted(value: object) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value))  # type: ignore[call-overload]


def _selected(
    raw: gpd.GeoDataFrame, source: CitiesSource, file: str
) -> tuple[gpd.GeoDataFrame, frozenset[str]]:
    keep = pd.Series(True, index=raw.index)
    for column, value in source.select.items():
        wanted = {value} if isinstance(value, str) else {str(item) for item in value}
        texts = raw[column].map(_text)
        if not texts.isin(wanted).any():
            known = sorted(texts.dropna().unique())
            raise InputError(
                f"{file}: no city has {listed(sorted(wanted))} in column {column!r}; it holds "
                f"{listed(known)}."
            )
        keep &= texts.isin(wanted)
    if not keep.any():
        raise InputError(f"{file}: no city passes the selection by {listed(source.select)}.")
    return raw[keep], frozenset(raw.index[~keep])


def _text(cell: object) -> str | None:
    """Turn a cell of a text column into text; whole numbers lose their decimals."""
    if is_missing(cell):
        return None
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def texts(cells: pd.Series) -> pd.Series:
    """Turn a column of group names into text; whole numbers lose their decimals, gaps stay."""
    return cells.map(_text).astype(object)


def _names(raw: pd.DataFrame, source: CitiesSource) -> tuple[list[str], list[PassportEntry]]:
    if source.name is None:
        return [str(city) for city in raw.index], []
    given = texts(raw[source.name])
    entries = []
    nameless = given.isna()
    if nameless.any():
        ids = tuple(raw.index[nameless])
        entries.append(PassportEntry("passport_names_missing", len(ids), ids, source.name))
        given = given.where(~nameless, pd.Series(raw.index, index=raw.index, dtype=object))
    unseen = given.map(lambda name: CONTROLS.search(name) is not None).astype(bool)
    if unseen.any():
        ids = tuple(raw.index[unseen])
        entries.append(PassportEntry("passport_names_cleaned", len(ids), ids, source.name))
        given = given.map(lambda name: CONTROLS.sub("", name))
    shared = given.duplicated(keep=False)
    if shared.any():
        ids = tuple(raw.index[shared])
        remark = ", ".join(dict.fromkeys(given[shared]))
        entries.append(PassportEntry("passport_names_shared", len(ids), ids, remark))
    return given.tolist(), entries


def _checked_geometry(
    raw: gpd.GeoDataFrame, file: str
) -> tuple[gpd.GeoSeries, list[PassportEntry]]:
    import shapely

    geometry = raw.geometry
    empty = geometry.isna() | geometry.is_empty
    if empty.any():
        raise GeometryError(
            f"{file}: cities {listed(raw.index[empty])} have no shape or an empty one. Draw it, "
            "or delete these cities."
        )
    _refuse_not_finite(geometry, file)
    geometry = geometry.set_axis(raw.index)
    flat = geometry.set_axis(raw.index).force_2d()
    single = (flat.geom_type == "MultiPoint") & (shapely.get_num_geometries(flat.array) == 1)
    if single.any():
        flat = flat.where(~single, shapely.get_geometry(flat.to_numpy(), 0))
    _refuse_other_kinds(flat, file)
    repaired, ids = _repaired(flat, file)
    moved = repaired.to_crs(CRS_USED)
    _refuse_outside_world(moved, file)
    if not raw.crs.equals(moved.crs):
        moved, again = _repaired(moved, file)
        ids = tuple(dict.fromkeys((*ids, *again)))
    entries = [PassportEntry("passport_shapes_repaired", len(ids), ids)] if ids else []
    return moved, entries


def _refuse_not_finite(geometry: gpd.GeoSeries, file: str) -> None:
    bounds = geometry.bounds.to_numpy()
    bad = ~np.isfinite(bounds).all(axis=1)
    if bad.any():
        raise GeometryError(
            f"{file}: coordinates of cities {listed(geometry.index[bad])} are missing or infinite. "
            "Correct them or delete these cities."
        )


def _refuse_other_kinds(geometry: gpd.GeoSeries, file: str) -> None:
    kinds = geometry.geom_type
    areas = kinds.isin(["Polygon", "MultiPolygon"])
    points = kinds == "Point"
    other = ~(areas | points)
    if other.any():
        found = sorted(set(kinds[other]))
        raise GeometryError(
            f"{file}: the shapes of {listed(geometry.index[other])} are {listed(found)}; cities "
            "are polygons or single points."
        )
    if areas.any() and points.any():
        fewer = points if points.sum() <= areas.sum() else areas
        raise GeometryError(
            f"{file} mixes polygons and points (for example {listed(geometry.index[fewer])}); "
            "give all cities as polygons or all as points."
        )


def _repaired(geometry: gpd.GeoSeries, file: str) -> tuple[gpd.GeoSeries, tuple[str, ...]]:
    import geopandas as gpd
    import shapely

    invalid = ~geometry.is_valid.to_numpy()
    if not invalid.any():
        return geometry, ()
    shapes = geometry.to_numpy().copy()
    shapes[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    ids = geometry.index[invalid]
    lost = [
        city
        for city, shape in zip(ids, shapes[invalid], strict=True)
        if shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon")
    ]
    if lost:
        raise GeometryError(
            f"{file}: the shapes of cities {listed(lost)} are invalid and have no area that "
            "could be kept. Draw them again, or delete these cities."
        )
    mended = gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)
    return mended, tuple(str(city) for city in ids)


def _refuse_outside_world(geometry: gpd.GeoSeries, file: str) -> None:
    bounds = geometry.bounds
    inside = (
        np.isfinite(bounds.to_numpy()).all(axis=1)
        & (bounds[["minx"]] >= -180.0 - _EDGE).to_numpy().all(axis=1)
        & (bounds[["maxx"]] <= 180.0 + _EDGE).to_numpy().all(axis=1)
        & (bounds[["miny"]] >= -90.0 - _EDGE).to_numpy().all(axis=1)
        & (bounds[["maxy"]] <= 90.0 + _EDGE).to_numpy().all(axis=1)
    )
    if not inside.all():
        box = bounds[~inside].iloc[0]
        raise GeometryError(
            f"{file}: cities {listed(geometry.index[~inside])} lie outside the world (longitude "
            f"-180..180, latitude -90..90), the first at {box['minx']:.6g}, {box['miny']:.6g}"
            f"{_swap_hint(bounds)}. The numbers are not in the coordinate reference system that "
            "the file says; state the right one by the key crs, for example crs = 'EPSG:4490'."
        )


def _swap_hint(bounds: pd.DataFrame) -> str:
    swapped = (bounds["maxx"].abs() <= 90.0) & (bounds["maxy"].abs() <= 180.0)
    return "; longitude and latitude may be exchanged" if swapped.all() else ""


def _assembled(
    raw: gpd.GeoDataFrame,
    source: CitiesSource,
    geometry: gpd.GeoSeries,
    name: list[str],
    groups: Mapping[str, str],
) -> gpd.GeoDataFrame:
    import geopandas as gpd

    frame = gpd.GeoDataFrame({"name": name}, index=raw.index, geometry=geometry)
    longitude, latitude = _seats(raw, source, geometry)
    columns: dict[str, object] = {"name": name, "longitude": longitude, "latitude": latitude}
    for group, column in groups.items():
        columns[group] = texts(raw[column])
    for column in source.columns:
        columns[column] = raw[column]
    frame = gpd.GeoDataFrame(columns, index=raw.index, geometry=geometry, crs=CRS_USED)
    city_positions(frame.drop(columns="geometry"))  # refuses two cities at the same point
    return frame


def _seats(
    raw: gpd.GeoDataFrame, source: CitiesSource, geometry: gpd.GeoSeries
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of each city: given, or the centroid."""
    if (source.longitude is None) != (source.latitude is None):
        raise ConfigError("Name both columns, longitude and latitude, or none of them.")
    is_point = bool((geometry.geom_type == "Point").all())
    if source.longitude is None or source.latitude is None or is_point:
        seats = city_positions(geometry.to_frame("geometry"), distinct=False)
        return seats.longitude, seats.latitude
    given = []
    for column in (source.longitude, source.latitude):
        values, not_numbers = numbers(raw[column])
        if not_numbers:
            raise GeometryError(
                f"Column {column!r} holds coordinates that are no numbers: {listed(not_numbers)}. "
                "Write decimal degrees such as 116.4 or -99.88."
            )
        given.append(values.to_numpy())
    return given[0], given[1]


def _seats_outside(frame: gpd.GeoDataFrame) -> list[PassportEntry]:
    """Note the cities whose seat is not in their own polygon: often a sign of a wrong join."""
    import geopandas as gpd

    if (frame.geom_type == "Point").all():
        return []
    seats = gpd.GeoSeries(
        gpd.points_from_xy(frame["longitude"], frame["latitude"]), index=frame.index, crs=CRS_USED
    )
    outside = ~frame.geometry.intersects(seats)
    ids = tuple(str(city) for city in frame.index[outside])
    return [PassportEntry("passport_seats_outside", len(ids), ids)] if ids else []
