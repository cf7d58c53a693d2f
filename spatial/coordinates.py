"""Positions of cities and distances between them: one policy for coordinate reference systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.alignment import require_unique
from spatial.errors import GeometryError, listed

if TYPE_CHECKING:
    import geopandas as gpd

EARTH_RADIUS_KM = 6371.0088
"""Mean earth radius of the IUGG, km."""


@dataclass(frozen=True)
class CityPositions:
    """Where cities lie, ready for a k-d tree.

    Attributes
    ----------
    ids : pandas.Index of shape (n,)
    longitude, latitude : numpy.ndarray of shape (n,), degrees
    """

    ids: pd.Index
    longitude: np.ndarray
    latitude: np.ndarray

    def unit_vectors(self) -> np.ndarray:
        """Points on the unit sphere, shape (n, 3); chords rank as great circles do."""
        lon, lat = np.radians(self.longitude), np.radians(self.latitude)
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def chord_to_km(chord: np.ndarray) -> np.ndarray:
    """Great-circle distance in km of chords on the unit sphere."""
    return 2.0 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0))


def km_to_chord(kilometres: float) -> float:
    """Chord on the unit sphere of a great-circle distance in km."""
    return float(2.0 * np.sin(min(kilometres / (2.0 * EARTH_RADIUS_KM), np.pi / 2.0)))


def great_circle_km(
    longitude_a: np.ndarray, latitude_a: np.ndarray, longitude_b: np.ndarray, latitude_b: np.ndarray
) -> np.ndarray:
    """Great-circle distances by the haversine formula, R = 6371.0088 km.

    Parameters
    ----------
    longitude_a, latitude_a, longitude_b, latitude_b : array_like of degrees
        Broadcast against each other.

    Returns
    -------
    numpy.ndarray of km

    Examples
    --------
    >>> round(float(great_circle_km(116.4, 39.9, 121.5, 31.2)))
    1071
    """
    lon_a, lat_a = np.radians(longitude_a), np.radians(latitude_a)
    lon_b, lat_b = np.radians(longitude_b), np.radians(latitude_b)
    inner = (
        np.sin((lat_b - lat_a) / 2.0) ** 2
        + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2.0) ** 2
    )
    return 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(inner, 0.0, 1.0)))


def city_positions(cities: pd.DataFrame, *, distinct: bool = True) -> CityPositions:
    """Read the positions of cities, in degrees, whatever the coordinate reference system.

    Numeric columns ``longitude`` and ``latitude`` (degrees) are taken where both are present: they
    hold the seat of each city in a checked study area. Otherwise the geometry is used: points as
    they are, other shapes by their centroid, projected systems transformed to EPSG:4326.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids.
    distinct : bool
        Refuse two cities at the same point (their distance would be zero).

    Returns
    -------
    CityPositions

    Raises
    ------
    GeometryError
        No coordinates, no coordinate reference system, coordinates outside the world, or (with
        ``distinct``) two cities at the same point.
    """
    require_unique(cities.index, what="cities")
    if {"longitude", "latitude"} <= set(cities.columns):
        longitude = cities["longitude"].to_numpy(dtype=float)
        latitude = cities["latitude"].to_numpy(dtype=float)
    else:
        longitude, latitude = _from_geometry(cities)
    usable = np.isfinite(longitude) & np.isfinite(latitude)
    usable &= (np.abs(longitude) <= 180.0) & (np.abs(latitude) <= 90.0)
    if not usable.all():
        raise GeometryError(
            f"Coordinates of cities {listed(cities.index[~usable])} are missing or outside the "
            "world (longitude -180..180, latitude -90..90). Correct them or drop these cities."
        )
    if distinct:
        _refuse_same_point(cities.index, longitude, latitude)
    return CityPositions(cities.index, longitude, latitude)


def _from_geometry(cities: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    if getattr(cities, "geometry", None) is None:
        raise GeometryError(
            "cities have neither geometry nor columns 'longitude' and 'latitude'; give one of them."
        )
    if cities.crs is None:
        raise GeometryError(
            "cities have no coordinate reference system; set it, for example "
            "cities.set_crs('EPSG:4326') when the numbers are degrees."
        )
    shapes = cities.geometry
    points = shapes
    if not (shapes.geom_type == "Point").all():
        # Centroids are taken in an equal-area projection: in degrees they drift with latitude.
        points = shapes.to_crs("EPSG:6933").centroid.set_crs("EPSG:6933")
    points = points.to_crs("EPSG:4326")
    return points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)


def _refuse_same_point(ids: pd.Index, longitude: np.ndarray, latitude: np.ndarray) -> None:
    places = pd.MultiIndex.from_arrays([longitude, latitude])
    same = places.duplicated(keep=False)
    if same.any():
        raise GeometryError(
            f"Cities lie at the same point, so their distance is zero: {listed(ids[same])}. "
            "Correct the coordinates or merge these cities."
        )
