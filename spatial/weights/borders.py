"""Which polygons touch: shared vertices first, exact geometry only where these do not decide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from spatial.errors import GeometryError, listed

_POLYGONAL = (3, 6)  # type ids of Polygon and MultiPolygon in GEOS

# Dimensionally extended nine-intersection model: boundaries share a line, or interiors overlap.
_SHARED_LINE = "****1****"
_OVERLAP = "T********"


def require_polygons(shapes: np.ndarray, ids: pd.Index) -> None:
    """Raise unless every city has a polygon that is not empty.

    Parameters
    ----------
    shapes : numpy.ndarray of shapely geometries, shape (n,)
    ids : pandas.Index of shape (n,)

    Raises
    ------
    GeometryError
        With the cities concerned.
    """
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if absent.any():
        raise GeometryError(
            f"Cities {listed(ids[absent])} have no shape; add their polygons or drop these cities."
        )
    other = ~np.isin(shapely.get_type_id(shapes), _POLYGONAL)
    if other.any():
        kinds = sorted({shape.geom_type for shape in shapes[other]})
        raise GeometryError(
            f"Contiguity needs polygons, but cities {listed(ids[other])} are of another kind "
            f"({', '.join(kinds)}); use knn_weights or distance_band_weights for points."
        )


def touching_pairs(
    shapes: np.ndarray, ids: pd.Index, *, shared_line: bool, tolerance: float
) -> sparse.csr_array:
    """Find the pairs of polygons that share a point, or a line.

    Parameters
    ----------
    shapes : numpy.ndarray of shapely polygons, shape (n,)
    ids : pandas.Index of shape (n,)
        For messages.
    shared_line : bool
        Ask for a piece of border of positive length (rook), not only for a point (queen).
        Polygons that overlap count as sharing a border.
    tolerance : float
        Gaps up to this width count as closed, in units of the coordinates.

    Returns
    -------
    scipy.sparse.csr_array of shape (n, n)
        Ones, symmetric, empty diagonal.

    Notes
    -----
    Polygons with a common vertex (or a common segment) touch for certain; they are found by one
    sort of the vertices. Other pairs whose boxes meet are decided by GEOS, so borders whose
    vertices do not match are found as well. With a tolerance, two polygons share a line when one
    runs within the tolerance of the other for more than four times the tolerance; less is a corner.
    """
    n = len(shapes)
    certain = _common_segments(shapes) if shared_line else _common_vertices(shapes)
    first, second = _candidates(shapes, certain, tolerance)
    if len(first):
        _require_valid(shapes, ids, np.union1d(first, second))
        if shared_line:
            touch = _share_line(shapes, first, second, tolerance)
        else:
            touch = np.ones(len(first), dtype=bool)
        first, second = first[touch], second[touch]
    known_first, known_second = np.divmod(certain, n)
    row = np.concatenate([first, known_first])
    column = np.concatenate([second, known_second])
    half = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(n, n))
    return sparse.csr_array(half + half.T)


def _candidates(
    shapes: np.ndarray, certain: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i < j that touch within the tolerance and are not known yet."""
    n = len(shapes)
    tree = shapely.STRtree(shapes)
    if tolerance > 0.0:
        found = tree.query(shapes, predicate="dwithin", distance=tolerance)
    else:
        found = tree.query(shapes)
    first, second = found[0].astype(np.int64), found[1].astype(np.int64)
    upper = first < second
    pairs = first[upper] * n + second[upper]
    place = np.searchsorted(certain, pairs)
    known = np.append(certain, -1)[place] == pairs
    first, second = np.divmod(pairs[~known], n)
    if tolerance == 0.0 and len(first):
        shapely.prepare(shapes[np.unique(first)])
        touch = shapely.intersects(shapes[first], shapes[second])
        first, second = first[touch], second[touch]
    return first, second


def _require_valid(shapes: np.ndarray, ids: pd.Index, used: np.ndarray) -> None:
    wrong = used[~shapely.is_valid(shapes[used])]
    if len(wrong):
        raise GeometryError(
            f"Polygons of cities {listed(ids[wrong])} are not valid (they cross themselves); "
            "repair them first, for example with cities.geometry.make_valid()."
        )


def _share_line(
    shapes: np.ndarray, first: np.ndarray, second: np.ndarray, tolerance: float
) -> np.ndarray:
    left, right = shapes[first], shapes[second]
    if tolerance == 0.0:
        along = shapely.relate_pattern(left, right, _SHARED_LINE)
        return np.asarray(along | shapely.relate_pattern(left, right, _OVERLAP))
    near = shapely.intersection(shapely.boundary(left), shapely.buffer(right, tolerance))
    return np.asarray(shapely.length(near) > 4.0 * tolerance)


def _vertex_groups(coordinates: np.ndarray) -> np.ndarray:
    """Give each distinct point a number; equal means equal to the last bit."""
    # Adding zero turns -0.0 into 0.0, the same place with other bits.
    exact = np.ascontiguousarray(coordinates + 0.0)
    group, distinct = pd.factorize(_mixed_bits(exact))
    first = np.empty(len(distinct), dtype=np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    if np.array_equal(exact[first[group]], exact):
        return np.asarray(group, dtype=np.int64)
    # Two points share their 64 mixed bits: rare beyond use, and slower to sort out.
    return np.unique(exact, axis=0, return_inverse=True)[1].ravel()


def _mixed_bits(points: np.ndarray) -> np.ndarray:
    """Mix the bits of both coordinates of each point into one whole number."""
    bits = points.view(np.uint64)
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed = (mixed + bits[:, 1]) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return mixed.view(np.int64)


def _common_vertices(shapes: np.ndarray) -> np.ndarray:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    return _owners_in_common(_vertex_groups(coordinates), owner, len(shapes))


def _common_segments(shapes: np.ndarray) -> np.ndarray:
    rings, owner = shapely.get_parts(shapely.boundary(shapes), return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    group = _vertex_groups(coordinates)
    inside = ring[1:] == ring[:-1]
    start, end = group[:-1][inside], group[1:][inside]
    long = start != end
    low, high = np.minimum(start, end)[long], np.maximum(start, end)[long]
    key = low * (int(group.max(initial=0)) + 1) + high
    segment, _ = pd.factorize(key)
    return _owners_in_common(segment, owner[ring[:-1][inside][long]], len(shapes))


def _owners_in_common(thing: np.ndarray, owner: np.ndarray, n: int) -> np.ndarray:
    """Pairs i < j, coded i * n + j and sorted, of owners that hold a thing in common."""
    counts = np.bincount(thing)
    shared = counts[thing] > 1
    held = sparse.csr_array(
        (np.ones(int(shared.sum()), dtype=np.int32), (thing[shared], owner[shared])),
        shape=(len(counts), n),
    )
    both = sparse.triu(held.T @ held, k=1).tocoo()
    return np.sort(both.coords[0].astype(np.int64) * n + both.coords[1])
