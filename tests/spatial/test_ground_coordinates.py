"""Positions and great-circle distances."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Point, box

from spatial.coordinates import (
    EARTH_RADIUS_KM,
    chord_to_km,
    city_positions,
    great_circle_km,
    km_to_chord,
)
from spatial.errors import AlignmentError, GeometryError

METRE = 1e-3  # km; both formulas lose digits near antipodes, never a metre
DEGREE = st.floats(-180, 180, allow_nan=False)
LATITUDE = st.floats(-90, 90, allow_nan=False)


@given(DEGREE, LATITUDE, DEGREE, LATITUDE)
def test_distance_equals_that_of_proj_on_the_sphere(lon_a, lat_a, lon_b, lat_b):
    sphere = Geod(a=EARTH_RADIUS_KM * 1000, b=EARTH_RADIUS_KM * 1000)
    expected = sphere.inv(lon_a, lat_a, lon_b, lat_b)[2] / 1000
    assert great_circle_km(lon_a, lat_a, lon_b, lat_b) == pytest.approx(expected, abs=METRE)


@given(DEGREE, LATITUDE, DEGREE, LATITUDE)
def test_distance_is_symmetric(lon_a, lat_a, lon_b, lat_b):
    there = great_circle_km(lon_a, lat_a, lon_b, lat_b)
    back = great_circle_km(lon_b, lat_b, lon_a, lat_a)
    assert there == pytest.approx(back, abs=1e-9)


@given(st.floats(0, 20_000))
def test_chord_and_kilometres_are_inverse(kilometres):
    assert chord_to_km(np.array(km_to_chord(kilometres))) == pytest.approx(kilometres, abs=METRE)


def test_chords_of_unit_vectors_are_great_circles():
    cities = pd.DataFrame({"longitude": [116.4, 121.5], "latitude": [39.9, 31.2]}, index=["b", "s"])
    vectors = city_positions(cities).unit_vectors()
    chord = np.linalg.norm(vectors[0] - vectors[1])
    expected = great_circle_km(116.4, 39.9, 121.5, 31.2)
    assert chord_to_km(chord) == pytest.approx(expected, abs=1e-9)


def test_projected_points_are_brought_to_degrees():
    degrees = gpd.GeoDataFrame(geometry=[Point(-90, 40), Point(-100, 35)], crs="EPSG:4326")
    metres = city_positions(degrees.to_crs("EPSG:5070"))
    assert metres.longitude == pytest.approx([-90, -100], abs=1e-9)
    assert metres.latitude == pytest.approx([40, 35], abs=1e-9)


def test_columns_are_preferred_to_the_centroid():
    cities = gpd.GeoDataFrame(
        {"longitude": [5.0], "latitude": [6.0]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:4326"
    )
    assert city_positions(cities).longitude.tolist() == [5.0]


def test_polygons_give_their_centroid_in_an_equal_area_projection():
    cities = gpd.GeoDataFrame(geometry=[box(0, 0, 2, 60)], crs="EPSG:4326")
    place = city_positions(cities)
    # Area below latitude x grows with sin x, so the equal-area centre lies at arcsin(sin 60 / 2).
    assert place.longitude[0] == pytest.approx(1.0)
    assert place.latitude[0] == pytest.approx(
        np.degrees(np.arcsin(np.sin(np.radians(60)) / 2)), abs=0.2
    )


@pytest.mark.parametrize(("lon", "lat"), [(181.0, 0.0), (0.0, -91.0), (np.nan, 0.0), (0.0, np.inf)])
def test_places_outside_the_world_are_named(lon, lat):
    cities = pd.DataFrame({"longitude": [1.0, lon], "latitude": [1.0, lat]}, index=["ok", "lost"])
    with pytest.raises(GeometryError, match=r"'lost'.*outside the world"):
        city_positions(cities)


def test_no_reference_system_and_no_geometry_are_refused():
    with pytest.raises(GeometryError, match="no coordinate reference system"):
        city_positions(gpd.GeoDataFrame(geometry=[Point(0, 0)]))
    with pytest.raises(GeometryError, match="neither geometry nor columns"):
        city_positions(pd.DataFrame({"x": [1.0]}))


def test_two_cities_at_one_point_are_named_and_duplicates_refused():
    cities = pd.DataFrame({"longitude": [1.0, 1.0], "latitude": [2.0, 2.0]}, index=["a", "b"])
    with pytest.raises(GeometryError, match=r"same point.*'a', 'b'"):
        city_positions(cities)
    assert len(city_positions(cities, distinct=False).ids) == 2
    with pytest.raises(AlignmentError, match="more than once"):
        city_positions(cities.set_axis(["a", "a"]))
