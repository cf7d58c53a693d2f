"""The projection of a map, chosen from where the cities lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.coordinates import city_positions
from spatial.errors import GeometryError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

UTM_WIDTH = 6.0
"""Widest area, degrees of longitude, that is drawn in a UTM zone."""


def map_crs(cities: gpd.GeoDataFrame) -> CRS:
    """Choose a projection in metres that suits the extent of the cities.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Any geometry with a coordinate reference system.

    Returns
    -------
    pyproj.CRS
        - UTM where the area is at most 6 degrees wide and 10 degrees high;
        - Equal Earth where it spans more than half of the globe;
        - Albers equal-area conic at middle latitudes, standard parallels at 1/6 and 5/6 of the
          span of latitude;
        - Lambert azimuthal equal-area near the equator and the poles.

    Raises
    ------
    GeometryError
        No coordinate reference system, or nothing to draw.

    Notes
    -----
    The parallels and the central meridian are rounded to half degrees, so that a city more or
    less does not change the map (Snyder 1987, doi:10.3133/pp1395).
    """
    west, south, east, north = degrees_extent(cities)
    middle, centre = _half_degree((west + east) / 2.0), _half_degree((south + north) / 2.0)
    middle = (middle + 180.0) % 360.0 - 180.0
    width, height = east - west, north - south
    if width <= UTM_WIDTH and height <= 10.0 and south > -80.0 and north < 84.0:
        return _utm((west + east) / 2.0, (south + north) / 2.0)
    if width > 180.0:
        return _equal_earth(middle)
    if south * north > 0 and 12.0 <= abs(centre) <= 65.0 and height <= 75.0:
        first = _half_degree(south + height / 6.0)
        second = _half_degree(south + height * 5.0 / 6.0)
        return _albers(middle, centre, first, second)
    return _azimuthal(middle, centre)


def map_parts(
    cities: gpd.GeoDataFrame, *, gap_share: float = 0.35, most_share: float = 0.05
) -> tuple[pd.Index, ...]:
    """Part cities that would shrink the map from the rest, for insets.

    Cities hang together where a chain of steps shorter than ``gap_share`` times the diagonal of
    the largest group joins them. Groups beyond such a gap (Alaska, Hawaii) come back as parts of
    their own, provided that all of them hold at most ``most_share`` of the cities.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Index: city ids.
    gap_share, most_share : float

    Returns
    -------
    tuple of pandas.Index
        City ids, in the order of ``cities``: first the main part, then the others by size. One
        part when nothing lies apart.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    positions = city_positions(cities, distinct=False)
    points = positions.unit_vectors()
    if len(points) < 10 or len(points) > 20_000:  # single linkage takes n^2 memory
        return (cities.index,)
    tree = linkage(points, method="single")
    parts: tuple[pd.Index, ...] = (cities.index,)
    # The gap is measured against the main part, which the gap itself sets apart: try the widest
    # gap first and go on while the main part holds nearly all cities.
    for gap in np.unique(tree[:, 2])[::-1]:
        groups = fcluster(tree, gap * (1.0 - 1e-9), criterion="distance")
        sizes = np.bincount(groups)
        main = int(np.argmax(sizes))
        if 1.0 - sizes[main] / len(points) > most_share:
            break
        inside = points[groups == main]
        if gap > gap_share * float(np.linalg.norm(np.ptp(inside, axis=0))):
            by_size = [group for group in np.argsort(-sizes, kind="stable") if sizes[group]]
            parts = tuple(cities.index[groups == group] for group in by_size)
    return parts


def degrees_extent(cities: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return west, south, east, north in degrees; east is above 180 across the date line.

    The widest gap between the shapes is left outside, so that Fiji is 5 degrees wide, not 360.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)

    Returns
    -------
    tuple of float

    Raises
    ------
    GeometryError
        No coordinate reference system, or nothing to draw.
    """
    if cities.crs is None:
        raise GeometryError(
            "The shapes have no coordinate reference system; set it, for example "
            "set_crs('EPSG:4326') when the numbers are degrees."
        )
    drawn = cities.geometry[~(cities.geometry.isna() | cities.geometry.is_empty)]
    if not len(drawn):
        raise GeometryError("There is no geometry to draw; every shape is missing or empty.")
    bounds = drawn.to_crs("EPSG:4326").bounds.to_numpy()
    south, north = float(bounds[:, 1].min()), float(bounds[:, 3].max())
    wests, easts = bounds[:, 0], bounds[:, 2]
    if easts.max() - wests.min() <= 180.0:
        return float(wests.min()), south, float(easts.max()), north
    order = np.argsort(wests, kind="stable")
    reach = np.maximum.accumulate(easts[order])
    starts = np.append(wests[order][1:], wests.min() + 360.0)
    widest = int(np.argmax(starts - reach))
    if widest == len(order) - 1:
        return float(wests.min()), south, float(easts.max()), north
    return float(starts[widest]), south, float(reach[widest] + 360.0), north


def _half_degree(value: float) -> float:
    return float(round(value * 2.0) / 2.0)


def _utm(longitude: float, latitude: float) -> CRS:
    from pyproj import CRS

    zone = int(((longitude + 180.0) % 360.0) // 6.0) + 1
    return CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)


def _albers(middle: float, centre: float, first: float, second: float) -> CRS:
    from pyproj.crs.coordinate_operation import AlbersEqualAreaConversion

    conversion = AlbersEqualAreaConversion(first, second, centre, middle)
    return _projected(
        f"Albers equal-area conic ({_place(centre, 'NS')} {_place(middle, 'EW')}, "
        f"parallels {_place(first, 'NS')} and {_place(second, 'NS')})",
        conversion,
    )


def _azimuthal(middle: float, centre: float) -> CRS:
    from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion

    conversion = LambertAzimuthalEqualAreaConversion(centre, middle)
    name = f"Lambert azimuthal equal-area ({_place(centre, 'NS')} {_place(middle, 'EW')})"
    return _projected(name, conversion)


def _equal_earth(middle: float) -> CRS:
    from pyproj import CRS

    if middle == 0.0:
        return CRS.from_epsg(8857)
    written = CRS(f"+proj=eqearth +lon_0={middle} +datum=WGS84 +type=crs").to_json_dict()
    return CRS.from_json_dict({**written, "name": f"Equal Earth ({_place(middle, 'EW')})"})


def _projected(name: str, conversion: object) -> CRS:
    from pyproj import CRS
    from pyproj.crs import ProjectedCRS

    return CRS(ProjectedCRS(conversion, name=name, geodetic_crs=CRS.from_epsg(4326)))


def _place(value: float, letters: str) -> str:
    return f"{abs(value):g}°{letters[0] if value >= 0 else letters[1]}"
