"""The map of a web page: proportions, boxes for far-off parts, windows, links."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from shapefiles.example import example_area
from shapefiles.map_insets import MapInset
from shapefiles.web_map import GRID_WIDTH, web_map
from shapefiles.whole_numbers import RING_MARK, decoded_numbers
from spatial.coordinates import great_circle_km
from spatial.errors import GeometryError


def ring_points(text):
    x = y = 0
    points = []
    for piece in text.split(RING_MARK):
        steps = decoded_numbers(piece)
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
    return np.array(points)


def squares(*places, size=0.4):
    shapes = [shapely.box(x, y, x + size, y + size) for x, y in places]
    ids = [f"c{at}" for at in range(len(shapes))]
    return gpd.GeoDataFrame({"name": ids}, geometry=shapes, index=ids, crs="EPSG:4326")


@pytest.fixture(scope="module")
def metros():
    area = example_area()
    return area.cities, web_map(area.cities)


def test_distances_are_true_to_the_scale(metros):
    cities, drawn = metros
    ids = list(cities.index)
    one, two = ids.index("38300"), ids.index("16980" if "16980" in ids else ids[3])
    step = drawn.anchors[one] - drawn.anchors[two]
    there = great_circle_km(
        *cities[["longitude", "latitude"]].to_numpy()[one],
        *cities[["longitude", "latitude"]].to_numpy()[two],
    )
    assert np.hypot(*step) * drawn.kilometres_per_unit == pytest.approx(float(there), rel=0.04)
    assert max(drawn.width, drawn.height) == pytest.approx(GRID_WIDTH, abs=1)


def test_alaska_and_hawaii_are_in_boxes(metros):
    cities, drawn = metros
    far = cities.index[(cities["longitude"] < -130)]
    assert len(far) >= 2
    assert len(drawn.frames) == 2
    for city in far:
        points = ring_points(drawn.cities[list(cities.index).index(city)])
        assert any(
            (points >= [frame.left - 1, frame.top - 1]).all()
            and (points <= [frame.right + 1, frame.bottom + 1]).all()
            for frame in drawn.frames
        )
    assert (drawn.anchors >= 0).all()
    assert (drawn.anchors <= [drawn.width, drawn.height]).all()


def test_seats_lie_in_their_areas(metros):
    cities, drawn = metros
    inside = 0
    for text, anchor in zip(drawn.cities, drawn.anchors, strict=True):
        points = ring_points(text.split(RING_MARK)[0])
        inside += shapely.Polygon(points).buffer(2).contains(shapely.Point(anchor))
    assert inside > 0.8 * len(cities)


def test_a_window_repeats_what_it_shows():
    cities = squares(*[(100 + x, 30 + y) for x in range(6) for y in range(5)], (106.0, 28.9))
    window = MapInset(west=105.7, south=28.4, east=107, north=29.7, title="Sea")
    drawn = web_map(cities, windows=[window])
    assert [frame.title for frame in drawn.frames] == ["Sea"]
    frame = drawn.frames[0]
    own = ring_points(drawn.cities[-1])
    seen = ((own >= [frame.left, frame.top]) & (own <= [frame.right, frame.bottom])).all(axis=1)
    assert 4 <= seen.sum() < len(own)
    other = ring_points(drawn.cities[0])
    inside = (other >= [frame.left, frame.top]) & (other <= [frame.right, frame.bottom])
    assert not inside.all(axis=1).any()


def test_background_is_cut_to_what_can_be_seen():
    cities = squares((10.0, 45.0), (12.0, 46.0), (11.0, 47.0))
    states = squares((9.5, 44.5), size=20.0)
    drawn = web_map(cities, context=states)
    points = np.vstack([ring_points(text) for text in drawn.context])
    assert points.min() >= -1
    assert (points <= [drawn.width + 1, drawn.height + 1]).all()
    whole = web_map(cities, context=states, whole_context=True)
    assert whole.kilometres_per_unit > 3 * drawn.kilometres_per_unit


def test_point_cities_have_places_and_no_areas():
    cities = squares((10.0, 45.0), (12.0, 46.0), (11.0, 47.0))
    cities["geometry"] = gpd.points_from_xy([10.0, 12.0, 11.0], [45.0, 46.0, 47.0])
    drawn = web_map(cities)
    assert drawn.cities == ("", "", "")
    assert len({tuple(place) for place in drawn.anchors.tolist()}) == 3


def test_links_end_at_the_cities(metros):
    cities, drawn = metros
    ids = list(cities.index)
    far = int(np.argmin(cities["longitude"]))
    pairs = np.array([[ids.index("38300"), 5], [10, 20], [10, far]])
    places = cities[["longitude", "latitude"]].to_numpy()
    lines = gpd.GeoSeries(
        [shapely.LineString(places[[start, end]]) for start, end in pairs], crs="EPSG:4326"
    )
    texts = drawn.lines(lines, pairs[:, 0], pairs[:, 1])
    for text, (start, end) in zip(texts, pairs, strict=True):
        points = ring_points(text)
        assert np.abs(points[0] - drawn.anchors[start]).max() <= 2
        assert np.abs(points[-1] - drawn.anchors[end]).max() <= 2


def test_nothing_to_draw_is_said():
    with pytest.raises(GeometryError, match="no cities"):
        web_map(squares().set_crs("EPSG:4326"))
    with pytest.raises(GeometryError, match="coordinate reference"):
        web_map(squares((1.0, 2.0), (2.0, 3.0)).set_crs(None, allow_override=True))
