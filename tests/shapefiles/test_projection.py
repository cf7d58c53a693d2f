"""The projection fits the area, and far-off cities become parts of their own."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod
from shapely.geometry import Point, box

from shapefiles.example import example_area
from shapefiles.projection import degrees_extent, map_crs, map_parts
from spatial.errors import GeometryError

EQUAL_AREA = 1e-3  # ellipsoidal area of straight-edged boxes against their projected outline


def frame(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[box(*one) for one in boxes], crs="EPSG:4326")


@pytest.mark.parametrize(
    ("bounds", "name"),
    [
        ((6.0, 47.0, 10.0, 51.0), "WGS 84 / UTM zone 32N"),
        ((144.0, -39.0, 147.0, -36.0), "WGS 84 / UTM zone 55S"),
        ((-125.0, 24.0, -67.0, 50.0), "Albers equal-area conic"),
        ((113.0, -44.0, 154.0, -10.0), "Albers equal-area conic"),
        ((-20.0, -35.0, 52.0, 37.0), "Lambert azimuthal equal-area"),
        ((5.0, 65.0, 30.0, 82.0), "Lambert azimuthal equal-area"),
        ((-170.0, -55.0, 175.0, 70.0), "Equal Earth"),
    ],
)
def test_kind_of_projection(bounds, name):
    crs = map_crs(frame(bounds))
    assert name in crs.name
    assert crs.is_projected
    assert all(axis.unit_name == "metre" for axis in crs.axis_info[:2])


def test_parallels_lie_at_a_sixth_and_five_sixths():
    crs = map_crs(frame((-120.0, 24.0, -70.0, 48.0)))
    values = {p.name: p.value for p in crs.coordinate_operation.params}
    assert values["Latitude of 1st standard parallel"] == 28.0
    assert values["Latitude of 2nd standard parallel"] == 44.0
    assert values["Longitude of false origin"] == -95.0


@pytest.mark.parametrize(
    "bounds", [(-125.0, 24.0, -67.0, 50.0), (-20.0, -35.0, 52.0, 37.0), (70.0, 18.0, 135.0, 54.0)]
)
def test_areas_are_kept(bounds):
    cells = frame(*[(x, y, x + 1, y + 1) for x in range(75, 130, 9) for y in range(20, 52, 5)])
    cells = cells.translate(bounds[0] - 75.0, bounds[1] - 20.0).clip_by_rect(*bounds)
    cells = cells[~cells.is_empty].segmentize(0.05)
    crs = map_crs(frame(bounds))
    drawn = cells.to_crs(crs).area.to_numpy()
    geod = Geod(ellps="WGS84")
    true = np.array([abs(geod.geometry_area_perimeter(cell)[0]) for cell in cells])
    np.testing.assert_allclose(drawn, true, rtol=EQUAL_AREA)


def test_the_date_line_is_no_edge():
    fiji = frame((177.0, -19.0, 180.0, -16.0), (-180.0, -19.0, -178.0, -16.0))
    assert degrees_extent(fiji) == (177.0, -19.0, 182.0, -16.0)
    west, _, east, _ = fiji.to_crs(map_crs(fiji)).total_bounds
    assert east - west < 1e6


def test_any_system_is_accepted_and_none_refused():
    shapes = frame((6.0, 47.0, 10.0, 51.0))
    assert map_crs(shapes.to_crs("EPSG:3857")) == map_crs(shapes)
    with pytest.raises(GeometryError, match="no coordinate reference system"):
        map_crs(shapes.set_crs(None, allow_override=True))
    with pytest.raises(GeometryError, match="no geometry"):
        map_crs(gpd.GeoDataFrame(geometry=[None], crs="EPSG:4326"))


def test_alaska_and_hawaii_are_parts_of_their_own():
    cities = example_area(complete_only=False).cities
    parts = map_parts(cities)
    assert sum(map(len, parts)) == len(cities)
    far = {frozenset(cities.loc[part, "name"].str[-2:]) for part in parts[1:]}
    assert far == {frozenset({"AK"}), frozenset({"HI"})}
    assert not {"AK", "HI"} & set(cities.loc[parts[0], "name"].str[-2:])


def test_parts_follow_labels_not_order():
    cities = example_area(complete_only=False).cities
    shuffled = cities.sample(frac=1.0, random_state=3)
    assert [set(a) for a in map_parts(cities)] == [set(b) for b in map_parts(shuffled)]


def test_two_halves_of_a_country_stay_together():
    places = [Point(x, y) for x in range(10) for y in range(3)]
    places += [Point(x + 60, y) for x in range(10) for y in range(3)]
    cities = gpd.GeoDataFrame(geometry=places, index=pd.RangeIndex(60), crs="EPSG:4326")
    assert len(map_parts(cities)) == 1
