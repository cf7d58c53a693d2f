"""Shapes as texts of whole numbers: what goes in comes out."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shapefiles.whole_numbers import (
    RING_MARK,
    coverage_simplified,
    decoded_numbers,
    encoded_numbers,
    encoded_shape,
    vertex_count,
)


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_numbers_come_back(numbers):
    assert decoded_numbers(encoded_numbers(numbers)) == numbers


@given(st.lists(st.integers(-(2**20), 2**20), max_size=20))
def test_signs_mean_nothing_in_html_or_json(numbers):
    assert not set(encoded_numbers(numbers)) & set("<>&\"'\\.")


def rings_of(text):
    x = y = 0
    for piece in text.split(RING_MARK):
        steps = decoded_numbers(piece)
        ring = []
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + dx, y + dy
            ring.append((x, y))
        yield ring


def test_polygons_with_holes_and_parts_come_back():
    shape = shapely.union_all(
        [
            shapely.difference(shapely.box(0, 0, 100, 80), shapely.box(20, 20, 40, 40)),
            shapely.box(200, -50, 260, 10),
        ]
    )
    rings = list(rings_of(encoded_shape(shape)))
    assert len(rings) == 3
    areas = [shapely.Polygon(ring).area for ring in rings]
    assert sorted(areas) == [400, 3600, 8000]
    # A hole runs the other way round, so that the non-zero rule leaves it empty.
    signs = {shapely.Polygon(ring).area: shapely.LinearRing(ring).is_ccw for ring in rings}
    assert signs[400] != signs[8000]


def test_lines_keep_their_way_and_slivers_vanish():
    line = shapely.LineString([(5, 5), (5.2, 5.1), (9, 7), (3, 3)])
    assert list(rings_of(encoded_shape(line))) == [[(5, 5), (9, 7), (3, 3)]]
    assert encoded_shape(shapely.box(0, 0, 0.1, 0.2)) == ""
    assert encoded_shape(None) == ""
    assert encoded_shape(shapely.Polygon()) == ""


def wavy(n=12):
    """Squares with a wavy border between them."""
    y = np.linspace(0, 100, 400)
    x = 50 + np.sin(y / 3)
    border = list(zip(x, y, strict=True))
    left = shapely.Polygon([(0, 0), *border, (0, 100)])
    right = shapely.Polygon([(100, 0), *border, (100, 100)])
    return np.array([left, right])


def test_shared_borders_stay_shared():
    simple, tolerance = coverage_simplified(wavy(), finest=0.1, most_vertices=60)
    assert tolerance > 0.1
    assert vertex_count(simple) <= 60
    assert simple[0].intersection(simple[1]).area == pytest.approx(0, abs=1e-9)
    assert shapely.union_all(simple).area == pytest.approx(100 * 100, rel=1e-6)


def test_points_are_left_alone_and_small_areas_survive():
    shapes = np.array([shapely.Point(1, 1), shapely.box(0, 0, 0.2, 0.2), shapely.box(5, 5, 90, 90)])
    simple, _ = coverage_simplified(shapes, finest=1.0, most_vertices=5)
    assert simple[0].equals(shapes[0])
    assert not simple[1].is_empty
    nothing, tolerance = coverage_simplified(shapes[:1], finest=1.0, most_vertices=5)
    assert nothing[0].equals(shapes[0])
    assert tolerance == 0.0
