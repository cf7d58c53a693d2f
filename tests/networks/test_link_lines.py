"""Great-circle lines: ends, lengths, and the cut at the antimeridian."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from networks import LinkageNetwork, flow_network, link_lines
from networks.lines import great_circle_lines
from spatial.coordinates import EARTH_RADIUS_KM
from spatial.errors import AlignmentError

SPHERE = Geod(a=EARTH_RADIUS_KM * 1000, b=EARTH_RADIUS_KM * 1000)
METRE = 1e-3  # km; two codes for the same arc
PLACES = {
    "PEK": (116.4, 39.9),
    "SFO": (-122.4, 37.6),
    "AKL": (174.8, -37.0),
    "LHR": (-0.5, 51.5),
}


@pytest.fixture
def airports():
    frame = pd.DataFrame(PLACES, index=["longitude", "latitude"]).T
    frame["name"] = ["Beijing", "San Francisco", "Auckland", "<London> & 'co'"]
    return frame


def lines_between(airports, *pairs, directed=True):
    links = pd.DataFrame(
        [(*pair, 2.0) for pair in pairs], columns=["origin", "destination", "flow"]
    )
    return link_lines(flow_network(links, airports, directed=directed), airports)


def length_km(shape):
    parts = shapely.get_parts(shape)
    return sum(SPHERE.line_length(*part.coords.xy) for part in parts) / 1000


def test_table(airports):
    found = lines_between(airports, ("PEK", "LHR"))
    assert found.crs.to_epsg() == 4326
    assert list(found.columns) == [
        "from_id",
        "to_id",
        "from_name",
        "to_name",
        "weight",
        "distance_km",
        "geometry",
    ]
    row = found.iloc[0]
    assert (row.from_id, row.to_id, row.weight) == ("PEK", "LHR", 2.0)
    assert (row.from_name, row.to_name) == ("Beijing", "<London> & 'co'")
    assert row.distance_km == pytest.approx(
        SPHERE.inv(*PLACES["PEK"], *PLACES["LHR"])[2] / 1000, abs=METRE
    )
    assert row.geometry.coords[0] == PLACES["PEK"]
    assert row.geometry.coords[-1] == PLACES["LHR"]
    assert len(row.geometry.coords) == np.ceil(row.distance_km / 100) + 1
    # The great circle from Beijing to London runs far north of both.
    assert shapely.bounds(row.geometry)[3] > 60


@pytest.mark.parametrize(("one", "other"), [("PEK", "SFO"), ("SFO", "PEK"), ("SFO", "AKL")])
def test_lines_are_cut_at_the_antimeridian(airports, one, other):
    row = lines_between(airports, (one, other)).iloc[0]
    assert row.geometry.geom_type == "MultiLineString"
    first, second = row.geometry.geoms
    assert first.coords[0] == PLACES[one]
    assert second.coords[-1] == PLACES[other]
    assert abs(first.coords[-1][0]) == abs(second.coords[0][0]) == 180.0
    assert first.coords[-1][0] == -second.coords[0][0]
    assert first.coords[-1][1] == second.coords[0][1]
    assert length_km(row.geometry) == pytest.approx(row.distance_km, rel=1e-4)


def test_undirected_pairs_give_one_line(airports):
    assert len(lines_between(airports, ("PEK", "LHR"), ("LHR", "PEK"), directed=False)) == 1


def test_an_empty_network_gives_an_empty_layer(airports):
    found = lines_between(airports)
    assert len(found) == 0
    assert found.crs.to_epsg() == 4326


def test_ids_serve_as_names_and_geometry_as_positions(airports):
    points = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(airports["longitude"], airports["latitude"]),
        index=airports.index,
        crs=4326,
    ).to_crs("EPSG:3857")
    row = lines_between(points, ("PEK", "LHR")).iloc[0]
    assert row.from_name == "PEK"
    np.testing.assert_allclose(row.geometry.coords[0], PLACES["PEK"], atol=1e-9)


def test_cities_of_the_network_must_be_there(airports, make_network):
    with pytest.raises(AlignmentError, match="'city"):
        link_lines(make_network(1), airports)
    network = flow_network(
        pd.DataFrame([("PEK", "LHR", 1.0)], columns=["origin", "destination", "flow"]), airports
    )
    part = network.subset(pd.Index(["LHR", "PEK"]))
    assert len(link_lines(part, airports.iloc[::-1])) == 1
    assert isinstance(part, LinkageNetwork)


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180), st.floats(-89, 89)
        ),
        min_size=1,
        max_size=5,
    )
)
def test_lines_follow_the_great_circle(ends):
    ends = np.array(ends)
    shapes = great_circle_lines(ends[:, :2], ends[:, 2:])
    for (lon_a, lat_a, lon_b, lat_b), shape in zip(ends, shapes, strict=True):
        arc = SPHERE.inv(lon_a, lat_a, lon_b, lat_b)[2] / 1000
        coordinates = shapely.get_coordinates(shape)
        assert (np.abs(coordinates) <= [180.0, 90.0]).all()
        assert length_km(shape) == pytest.approx(arc, rel=0.01, abs=1.0)
        for part in shapely.get_parts(shape):
            assert np.abs(np.diff(shapely.get_coordinates(part)[:, 0])).max(initial=0) <= 180.0


@pytest.mark.parametrize("longitude", [-180.0, 180.0, 179.9999])
def test_cities_near_the_antimeridian(longitude):
    start, end = np.array([[longitude, 10.0]]), np.array([[-170.0, 12.0]])
    shape = great_circle_lines(start, end)[0]
    west = shapely.get_coordinates(shape)
    assert len(west) > 2
    assert length_km(shape) == pytest.approx(
        SPHERE.inv(longitude, 10.0, -170.0, 12.0)[2] / 1000, rel=1e-3
    )


def test_antipodes_go_over_the_north_pole():
    shape = great_circle_lines(np.array([[30.0, 0.0]]), np.array([[-150.0, 0.0]]))[0]
    assert shapely.get_coordinates(shape)[:, 1].max() > 89
    assert length_km(shape) == pytest.approx(np.pi * EARTH_RADIUS_KM, rel=1e-3)
