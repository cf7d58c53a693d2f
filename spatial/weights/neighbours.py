"""Neighbour searches on the sphere: k nearest and within a distance, the same in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from spatial.coordinates import EARTH_RADIUS_KM, CityPositions, chord_to_km, km_to_chord

TIE_KM = 1e-6
"""Distances that differ by less than a millimetre count as equal."""

_THREADED_FROM = 20_000
"""From this many cities the search uses all processors; the answer is the same."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Ordered pairs of cities and the distance between them.

    Attributes
    ----------
    row, column : numpy.ndarray of shape (m,), int
        Each unordered pair appears in both directions.
    kilometres : numpy.ndarray of shape (m,)
    """

    row: np.ndarray
    column: np.ndarray
    kilometres: np.ndarray


def nearest_neighbours(
    positions: CityPositions, k: int, *, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest cities of each city by great-circle distance.

    Equal distances are broken by longitude, then latitude of the neighbour, so that neither the
    order nor the names of the cities matter.

    Parameters
    ----------
    positions : CityPositions of n cities, no two at the same point
    k : int
        1 .. n - 1.
    rows : numpy.ndarray of int, optional
        Cities to search for; all by default.

    Returns
    -------
    neighbours : numpy.ndarray of shape (len(rows), k), int
        Nearest first.
    kilometres : numpy.ndarray of shape (len(rows), k)
    """
    neighbours, chords = _nearest(positions, k, rows)
    return neighbours, chord_to_km(chords)


def nearest_cities(positions: CityPositions, k: int) -> np.ndarray:
    """Find the k nearest cities as ``nearest_neighbours`` does, without the distances.

    Parameters
    ----------
    positions : CityPositions of n cities, no two at the same point
    k : int
        1 .. n - 1.

    Returns
    -------
    numpy.ndarray of shape (n, k), int
        Nearest first.
    """
    return _nearest(positions, k, None)[0]


def _nearest(
    positions: CityPositions, k: int, rows: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    points = positions.unit_vectors()
    n = len(points)
    tree = cKDTree(points)
    # Searched leaf by leaf, cities find what they need in the processor's cache: three times
    # faster with a million cities in no order.
    focal = tree.indices if rows is None else rows
    workers = -1 if len(focal) >= _THREADED_FROM else 1
    # One neighbour more than asked shows whether the last place is contested.
    chords, found = tree.query(points[focal], k=min(k + 2, n), workers=workers)
    clear = found[:, 0] == focal
    if found.shape[1] > k + 1:
        clear &= chord_to_km(chords[:, k + 1]) - chord_to_km(chords[:, k]) > TIE_KM
    # Ties inside the first k change only their order, which weights do not see.
    place = focal if rows is None else np.arange(len(focal))
    neighbours = np.empty((len(focal), k), dtype=np.int32 if n < 2**31 else np.int64)
    lengths = np.empty((len(focal), k))
    neighbours[place], lengths[place] = found[:, 1 : k + 1], chords[:, 1 : k + 1]
    contested = np.flatnonzero(~clear)
    if len(contested):
        radius = chord_to_km(chords[contested, min(k, found.shape[1] - 1)]) + TIE_KM
        reach = 2.0 * np.sin(np.minimum(radius / (2.0 * EARTH_RADIUS_KM), np.pi / 2)) + 1e-15
        balls = tree.query_ball_point(points[focal[contested]], reach, workers=workers)
        for row, ball in zip(contested, balls, strict=True):
            chosen, length = _nearest_in(positions, points, int(focal[row]), np.array(ball), k)
            neighbours[place[row]], lengths[place[row]] = chosen, length
    return neighbours, lengths


def _nearest_in(
    positions: CityPositions, points: np.ndarray, city: int, ball: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    others = ball[ball != city]
    chords = np.linalg.norm(points[others] - points[city], axis=1)
    steps = np.round(chord_to_km(chords) / TIE_KM)
    order = np.lexsort((positions.latitude[others], positions.longitude[others], steps))[:k]
    return others[order], chords[order]


def pairs_within(positions: CityPositions, kilometres: float) -> Pairs:
    """List all pairs of cities at most ``kilometres`` apart (great circle), in both directions.

    Parameters
    ----------
    positions : CityPositions
    kilometres : float
        The limit belongs to the band.

    Returns
    -------
    Pairs
    """
    points = positions.unit_vectors()
    limit = kilometres + TIE_KM
    found = cKDTree(points).query_pairs(
        min(km_to_chord(limit) * (1.0 + 1e-12), 2.0), output_type="ndarray"
    )
    first, second = found[:, 0], found[:, 1]
    length = chord_to_km(np.linalg.norm(points[first] - points[second], axis=1))
    near = length <= limit
    first, second, length = first[near], second[near], length[near]
    return Pairs(
        np.concatenate([first, second]),
        np.concatenate([second, first]),
        np.concatenate([length, length]),
    )


def smallest_full_cutoff(positions: CityPositions) -> float:
    """Smallest distance in km at which no city is alone: the largest nearest-neighbour distance."""
    _, kilometres = nearest_neighbours(positions, 1)
    return float(kilometres.max())
