"""Links as lines on the globe: great circles, cut where they cross the antimeridian."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from networks.types import LinkageNetwork
from spatial.coordinates import city_positions, great_circle_km
from spatial.errors import AlignmentError, listed

if TYPE_CHECKING:
    import geopandas as gpd

SEGMENT_KM = 100.0
"""Length of a segment: on a page map the chord leaves the great circle by less than a line's
width, and files stay small."""

HALF_TURN = 180.0


def link_lines(network: LinkageNetwork, cities: pd.DataFrame) -> gpd.GeoDataFrame:
    """Draw every link as a great-circle line.

    Parameters
    ----------
    network : LinkageNetwork
        Undirected pairs give one line.
    cities : geopandas.GeoDataFrame
        Index: city ids, at least those of the network. A column ``name`` gives the names, else
        the ids do.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, columns ``from_id``, ``to_id``, ``from_name``, ``to_name``, ``weight`` (flow),
        ``distance_km`` and ``geometry``: LineStrings with a vertex about every 100 km;
        MultiLineStrings where a line crosses the antimeridian, cut at 180 degrees.

    Raises
    ------
    AlignmentError
        If a city of the network is not in ``cities``.
    GeometryError
        If coordinates are missing or outside the world.
    """
    import geopandas as gpd

    absent = network.cities.difference(cities.index, sort=False)
    if len(absent):
        raise AlignmentError(
            f"Cities of the network are not in the table of cities: {listed(absent)}. Add them, or "
            "take network.subset(...) first."
        )
    chosen = cities.loc[list(network.cities)]
    places = city_positions(chosen, distinct=False)
    names = (chosen["name"] if "name" in chosen.columns else network.cities.to_series()).astype(str)
    links = network.to_frame()
    start = network.cities.get_indexer(pd.Index(links["origin"]))
    end = network.cities.get_indexer(pd.Index(links["destination"]))
    kilometres = great_circle_km(
        places.longitude[start], places.latitude[start], places.longitude[end], places.latitude[end]
    )
    table = {
        "from_id": links["origin"].to_numpy(),
        "to_id": links["destination"].to_numpy(),
        "from_name": names.to_numpy()[start],
        "to_name": names.to_numpy()[end],
        "weight": links["flow"].to_numpy(),
        "distance_km": kilometres,
    }
    ends = np.column_stack([places.longitude, places.latitude])
    lines = great_circle_lines(ends[start], ends[end])
    return gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")


def great_circle_lines(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return great-circle lines between points.

    Parameters
    ----------
    start, end : numpy.ndarray of shape (m, 2)
        Longitude and latitude in degrees.

    Returns
    -------
    numpy.ndarray of shapely geometries, shape (m,)
        LineString, or MultiLineString where the antimeridian is crossed.

    Notes
    -----
    Vertices come from spherical linear interpolation. Between antipodes every meridian is a
    shortest way; the one over the north pole is taken.
    """
    import shapely

    points, line = _vertices(start, end)
    if not len(line):
        return np.array([], dtype=object)
    crossing = np.abs(np.diff(points[:, 0])) > HALF_TURN
    crossing &= line[1:] == line[:-1]
    broken = np.unique(line[:-1][crossing])
    shapes = shapely.linestrings(points, indices=line)
    for number in broken:
        shapes[number] = _cut(points[line == number])
    return shapes


def _vertices(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of all lines one after the other, and the number of the line of each."""
    one, other = _unit(start), _unit(end)
    angle = 2.0 * np.arcsin(np.clip(np.linalg.norm(one - other, axis=1) / 2.0, 0.0, 1.0))
    kilometres = great_circle_km(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    segments = np.maximum(1, np.ceil(kilometres / SEGMENT_KM)).astype(int)
    line = np.repeat(np.arange(len(start)), segments + 1)
    step = np.arange(len(line)) - np.repeat(np.cumsum(segments + 1) - segments - 1, segments + 1)
    share = step / segments[line]
    # A unit vector square to the first one spans the circle; antipodes leave it open: go north.
    side = other - (one * other).sum(axis=1, keepdims=True) * one
    loose = np.linalg.norm(side, axis=1) < 1e-9
    north = np.array([0.0, 0.0, 1.0]) - one[:, 2:] * one
    side = np.where(loose[:, None], north, side)
    length = np.linalg.norm(side, axis=1, keepdims=True)
    side = np.divide(side, length, out=np.zeros_like(side), where=length > 0)
    turn = (share * angle[line])[:, None]
    vectors = np.cos(turn) * one[line] + np.sin(turn) * side[line]
    points = np.column_stack(
        [
            np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])),
            np.degrees(np.arcsin(np.clip(vectors[:, 2], -1.0, 1.0))),
        ]
    )
    # Ends are the cities themselves, to the last digit.
    points[step == 0] = start
    points[step == segments[line]] = end
    return points, line


def _unit(degrees: np.ndarray) -> np.ndarray:
    longitude, latitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    return np.column_stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ]
    )


def _cut(points: np.ndarray) -> object:
    """Cut one line where it jumps from one edge of the map to the other."""
    import shapely

    pieces, current = [], [points[0]]
    for here, there in itertools.pairwise(points):
        if abs(there[0] - here[0]) > HALF_TURN:
            edge = HALF_TURN if here[0] > 0 else -HALF_TURN
            onward = there[0] + 2.0 * edge
            run = onward - here[0]
            share = (edge - here[0]) / run if run else 0.0
            latitude = here[1] + share * (there[1] - here[1])
            current.append(np.array([edge, latitude]))
            pieces.append(current)
            current = [np.array([-edge, latitude])]
        current.append(there)
    pieces.append(current)
    drawn = [piece for piece in pieces if len({tuple(point) for point in piece}) > 1]
    return shapely.MultiLineString(drawn) if len(drawn) > 1 else shapely.LineString(drawn[0])
