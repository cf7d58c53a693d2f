"""Points in cities: against one predicate for each pair, on edges, on broken input."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import cities_of_points
from networks.polygon_grid import OUTSIDE, UNPLACED, polygon_grid
from shapefiles.example import example_area
from spatial.errors import AlignmentError, GeometryError


def brute_force(longitude, latitude, cities):
    """Every point against every polygon, the first label wins."""
    ordered = cities.sort_index()
    found = []
    for x, y in zip(longitude, latitude, strict=True):
        hit = [i for i, s in ordered.geometry.items() if s.intersects(shapely.Point(x, y))]
        found.append(hit[0] if hit else None)
    return found


def as_list(found):
    return [None if pd.isna(one) else one for one in found]


def test_metropolitan_areas_against_every_pair():
    cities = example_area().cities.sample(frac=1.0, random_state=3)
    rng = np.random.default_rng(5)
    west, south, east, north = cities.total_bounds
    corners = shapely.get_coordinates(cities.geometry.array)
    some = corners[rng.integers(0, len(corners), 150)]
    x = np.concatenate([rng.uniform(west - 1, east + 1, 300), some[:, 0]])
    y = np.concatenate([rng.uniform(south - 1, north + 1, 300), some[:, 1]])
    found = as_list(cities_of_points(x, y, cities))
    assert found == brute_force(x, y, cities)
    assert sum(one is not None for one in found) > 150


@pytest.fixture(scope="module")
def squares():
    """Two squares with a common edge, a third over both, and one apart with a hole."""
    ring = shapely.box(4, 0, 6, 2).difference(shapely.box(4.5, 0.5, 5.5, 1.5))
    shapes = [shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1), shapely.box(0.6, 0.6, 1.4, 3), ring]
    return gpd.GeoDataFrame(geometry=shapes, index=["east", "west", "top", "ring"], crs=4326)


@pytest.fixture(scope="module")
def grids(squares):
    """Grids over the squares in two orders of cities."""
    return polygon_grid(squares), polygon_grid(squares.iloc[::-1])


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([0, 0.6, 1, 1.4, 2, 4, 4.5, 6]), st.floats(-1, 7)),
            st.one_of(st.sampled_from([0, 0.5, 0.6, 1, 1.5, 2, 3]), st.floats(-1, 4)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_edges_overlaps_and_holes(squares, grids, points):
    x, y = np.array(points, dtype=float).T
    for grid in grids:
        names = np.append(grid.cities.to_numpy(dtype=object), None)
        assert names[grid.assigned(x, y)].tolist() == brute_force(x, y, squares)


def test_points_without_usable_coordinates(squares):
    x = np.array([np.nan, np.inf, 200.0, 0.5, 3.0])
    y = np.array([0.5, 0.5, 0.5, 0.5, 0.5])
    grid = polygon_grid(squares)
    west = squares.index.get_loc("west")
    assert grid.assigned(x, y).tolist() == [UNPLACED, UNPLACED, UNPLACED, west, OUTSIDE]
    assert as_list(cities_of_points(x, y, squares)) == [None, None, None, "west", None]


def test_projected_polygons_are_brought_to_degrees():
    cities = example_area().cities.iloc[:40]
    inner = cities.geometry.representative_point()
    there = cities.to_crs("EPSG:5070")
    assert list(cities_of_points(inner.x, inner.y, there)) == list(cities.index)


def test_unusable_polygons(squares):
    with pytest.raises(GeometryError, match="no coordinate reference system"):
        cities_of_points([0.0], [0.0], squares.set_crs(None, allow_override=True))
    with pytest.raises(GeometryError, match="GeoDataFrame of polygons, not Index"):
        polygon_grid(squares.index)
    points = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], index=["a"], crs=4326)
    with pytest.raises(GeometryError, match=r"'a' have no polygon"):
        cities_of_points([0.0], [0.0], points)
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    crossed = gpd.GeoDataFrame(geometry=[bow], index=["bow"], crs=4326)
    with pytest.raises(GeometryError, match=r"'bow' cross themselves"):
        cities_of_points([0.0], [0.0], crossed)
    with pytest.raises(GeometryError, match="2 longitudes and 1 latitudes"):
        cities_of_points([0.0, 1.0], [0.0], squares)
    with pytest.raises(AlignmentError):
        cities_of_points([0.0], [0.0], squares.rename({"east": "west"}))
