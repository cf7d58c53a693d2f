"""Shapes as short texts of whole numbers: what a web page needs of a boundary, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""Six bits each; none of them means anything in HTML, JavaScript or JSON."""

RING_MARK = "."


def encoded_numbers(numbers: Iterable[int]) -> str:
    """Write whole numbers as signs of six bits: five of the number, one that says "goes on".

    Small numbers of either sign take one sign, larger ones more, the lowest bits first.

    Examples
    --------
    >>> encoded_numbers([0, -1, 1, 15, 16])
    'ABCegB'
    """
    signs: list[str] = []
    for number in numbers:
        rest = (number << 1) ^ (number >> 63)
        while rest >= 32:
            signs.append(SIGNS[32 | (rest & 31)])
            rest >>= 5
        signs.append(SIGNS[rest])
    return "".join(signs)


def decoded_numbers(text: str) -> list[int]:
    """Read what ``encoded_numbers`` wrote.

    Examples
    --------
    >>> decoded_numbers("ABCegB")
    [0, -1, 1, 15, 16]
    """
    numbers, rest, shift = [], 0, 0
    for sign in text:
        bits = SIGNS.index(sign)
        rest |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append((rest >> 1) ^ -(rest & 1))
            rest, shift = 0, 0
    return numbers


def encoded_shape(shape: shapely.Geometry | None) -> str:
    """Write the rings of polygons, or lines, as steps between points of a grid of whole numbers.

    Parameters
    ----------
    shape : shapely.Geometry or None
        In units of the grid; coordinates are rounded. Rings that shrink to a line are left out.

    Returns
    -------
    str
        Rings or lines parted by ``.``; each begins with a step from the end of the one before,
        the first from (0, 0). The closing point of a ring is not repeated.

    Examples
    --------
    >>> encoded_shape(shapely.box(0, 0, 2, 3))
    'EAAGDAAF'
    """
    if shape is None or shape.is_empty:
        return ""
    pieces: list[str] = []
    here = np.zeros(2, dtype=np.int64)
    for corners, closed in _pieces(shape):
        points = np.rint(corners).astype(np.int64)
        moved = np.ones(len(points), dtype=bool)
        moved[1:] = (np.diff(points, axis=0) != 0).any(axis=1)
        points = points[moved]
        if closed and len(points) > 1 and (points[0] == points[-1]).all():
            points = points[:-1]
        if len(points) < (3 if closed else 2):
            continue
        steps = np.diff(np.vstack([here, points]), axis=0)
        pieces.append(encoded_numbers(steps.ravel().tolist()))
        here = points[-1]
    return RING_MARK.join(pieces)


def _pieces(shape: shapely.Geometry) -> Iterable[tuple[np.ndarray, bool]]:
    """Rings of polygons (outer ones one way, holes the other) and lines."""
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon):
            one = shapely.orient_polygons(part)
            for ring in (one.exterior, *one.interiors):
                yield shapely.get_coordinates(ring), True
        elif isinstance(part, shapely.LineString):
            yield shapely.get_coordinates(part), False


def vertex_count(shapes: Sequence[shapely.Geometry | None] | np.ndarray) -> int:
    """Count the points of all shapes."""
    return int(shapely.get_num_coordinates(np.asarray(shapes, dtype=object)).sum())


def coverage_simplified(
    shapes: np.ndarray, *, finest: float, most_vertices: int
) -> tuple[np.ndarray, float]:
    """Simplify areas so that shared borders stay shared, no more than needed.

    The tolerance grows by half until the shapes have at most ``most_vertices`` points, or until
    that no longer helps.

    Parameters
    ----------
    shapes : numpy.ndarray of shapely.Geometry, shape (n,)
        Other geometry than polygons stays as it is.
    finest : float
        First tolerance, in the unit of the coordinates: about the root of the area of the
        triangles cut off.
    most_vertices : int

    Returns
    -------
    numpy.ndarray of shapely.Geometry
        Never empty where the shape was not.
    float
        The tolerance used.
    """
    areas = np.array([one is not None and one.geom_type.endswith("Polygon") for one in shapes])
    simplified = np.array(shapes, dtype=object)
    if not areas.any():
        return simplified, 0.0
    tolerance, before = finest, vertex_count(simplified) + 1
    while True:
        simplified[areas] = shapely.coverage_simplify(shapes[areas], tolerance)
        left = vertex_count(simplified)
        if left <= most_vertices or left >= before:
            break
        tolerance, before = 1.5 * tolerance, left
    lost = areas & shapely.is_empty(simplified) & ~shapely.is_empty(np.asarray(shapes))
    simplified[lost] = shapes[lost]
    return simplified, tolerance
