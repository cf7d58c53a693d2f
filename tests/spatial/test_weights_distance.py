"""Nearest neighbours, distance bands and inverse distance against complete distance tables."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libpysal.graph import Graph
from libpysal.weights import DistanceBand

from spatial.coordinates import EARTH_RADIUS_KM, great_circle_km
from spatial.errors import ConfigError, GeometryError, WeightsError
from spatial.weights import (
    Weights,
    distance_band_weights,
    inverse_distance_weights,
    knn_weights,
)

ROUNDING = 1e-9  # two formulas for one distance (chord, haversine) differ in the last digits
DEGREE_KM = np.radians(1.0) * EARTH_RADIUS_KM

places = st.integers(3, 14).flatmap(
    lambda n: st.lists(
        st.tuples(st.integers(-1800, 1800), st.integers(-900, 900)),
        min_size=n,
        max_size=n,
        unique_by=lambda place: (place[0], place[1]) if abs(place[1]) < 900 else place[1],
    )
)


def cities_at(points, ids=None) -> pd.DataFrame:
    table = pd.DataFrame(points, columns=["longitude", "latitude"]).astype(float)
    return table.set_axis([f"c{at}" for at in range(len(table))] if ids is None else ids)


def distances(cities: pd.DataFrame) -> np.ndarray:
    lon, lat = cities["longitude"].to_numpy(), cities["latitude"].to_numpy()
    return great_circle_km(lon[:, None], lat[:, None], lon, lat)


def links(weights: Weights) -> set[tuple[object, object]]:
    table = weights.to_frame()
    return set(zip(table["focal"], table["neighbor"], strict=True))


@given(places, st.data())
def test_knn_equals_the_sorted_distance_table(points, data):
    cities = cities_at(np.array(points) / 10)
    k = data.draw(st.integers(1, len(cities) - 1))
    ours = knn_weights(cities, k=k, transform="none").matrix.toarray()
    table = distances(cities)
    np.fill_diagonal(table, np.inf)
    assert (ours.sum(axis=1) == k).all()
    assert not ours.diagonal().any()
    farthest_in = np.where(ours == 1, table, -np.inf).max(axis=1)
    left_out = (ours == 0) & ~np.eye(len(cities), dtype=bool)
    nearest_out = np.where(left_out, table, np.inf).min(axis=1)
    # A millimetre is where the search stops telling distances apart.
    assert (farthest_in <= nearest_out + 2e-6).all()


def test_band_equals_libpysal_on_the_sphere():
    rng = np.random.default_rng(1)
    cities = cities_at(rng.uniform([-180, -90], [180, 90], (300, 2)))
    vectors = np.radians(cities.to_numpy())
    points = EARTH_RADIUS_KM * np.column_stack(
        [
            np.cos(vectors[:, 1]) * np.cos(vectors[:, 0]),
            np.cos(vectors[:, 1]) * np.sin(vectors[:, 0]),
            np.sin(vectors[:, 1]),
        ]
    )
    old = DistanceBand(points, threshold=500.0, ids=cities.index.tolist(), silence_warnings=True)
    inside = {(city, other) for city, others in old.neighbors.items() for other in others}
    chord = 2 * EARTH_RADIUS_KM * np.arcsin(500.0 / 2 / EARTH_RADIUS_KM)
    assert links(distance_band_weights(cities, cutoff_km=chord)) == inside


def test_knn_near_the_equator_equals_libpysal_in_the_plane():
    rng = np.random.default_rng(2)
    frame = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(*rng.uniform(-0.01, 0.01, (2, 200))), crs="EPSG:4326"
    )
    graph = Graph.build_knn(frame.set_crs("EPSG:3857", allow_override=True), k=5)
    theirs = set(graph.adjacency.index)
    assert links(knn_weights(frame, k=5)) == theirs


@given(st.permutations(range(25)), st.integers(1, 8))
def test_ties_on_a_grid_do_not_depend_on_order_or_names(order, k):
    steps = np.arange(5.0)
    grid = cities_at(np.array(np.meshgrid(steps, steps)).reshape(2, -1).T)
    straight = knn_weights(grid, k=k)
    assert links(knn_weights(grid.iloc[order], k=k)) == links(straight)
    renamed = knn_weights(grid.set_axis([f"{99 - at}" for at in range(25)]), k=k)
    assert np.array_equal(renamed.matrix.toarray(), straight.matrix.toarray())


def test_ties_go_to_the_west_then_to_the_south():
    cross = cities_at([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]], list("oewns"))
    chosen = knn_weights(cross, k=3).to_frame().query("focal == 'o'")["neighbor"]
    assert set(chosen) == {"w", "s", "n"}


def test_neighbours_are_found_across_the_date_line_and_the_pole():
    line = cities_at([[179.9, 0], [-179.9, 0], [170, 0]], ["fiji", "samoa", "far"])
    assert ("fiji", "samoa") in links(knn_weights(line, k=1))
    pole = cities_at([[0, 89], [180, 89], [0, 80]], ["here", "over", "south"])
    assert ("here", "over") in links(knn_weights(pole, k=1))


@pytest.mark.parametrize("k", [0, 3, -1, 1.5, True, "2"])
def test_k_must_fit_the_number_of_cities(k):
    with pytest.raises(ConfigError, match="between 1 and 2: there are 3 cities"):
        knn_weights(cities_at([[0, 0], [1, 0], [2, 0]]), k=k)


def test_two_cities_at_one_point_are_refused_not_moved():
    # libpysal's jitter moves such points by about one unit, a degree here.
    twins = cities_at([[116.4, 39.9], [116.4, 39.9], [121.5, 31.2]], ["beijing", "peking", "s"])
    for build in (
        lambda: knn_weights(twins, k=1),
        lambda: distance_band_weights(twins, cutoff_km=10),
        lambda: inverse_distance_weights(twins),
    ):
        with pytest.raises(GeometryError, match="'beijing', 'peking'"):
            build()


def test_cities_nearer_than_a_millimetre_have_no_inverse_distance():
    close = cities_at([[0, 0], [1e-12, 0], [1, 0]], ["a", "b", "c"])
    with pytest.raises(GeometryError, match=r"less than a millimetre apart.*'a', 'b'"):
        inverse_distance_weights(close)
    assert {("a", "b"), ("b", "a")} < links(knn_weights(close, k=1))


def test_a_band_is_measured_in_kilometres_not_degrees():
    # libpysal's build_distance_band reads EPSG:4326 in degrees without a word.
    frame = gpd.GeoDataFrame(
        index=["a", "b", "c", "d"],
        geometry=gpd.points_from_xy([0, 2, 0, 2], [0, 0, 60, 60]),
        crs="EPSG:4326",
    )
    ours = distance_band_weights(frame, cutoff_km=150)
    assert links(ours) == {("c", "d"), ("d", "c")}
    projected = distance_band_weights(frame.to_crs("EPSG:6933"), cutoff_km=150)
    assert links(projected) == links(ours)


@given(places, st.floats(1, 20_000))
def test_band_equals_the_distance_table(points, cutoff):
    cities = cities_at(np.array(points) / 10)
    table = distances(cities)
    inside = distance_band_weights(cities, cutoff_km=cutoff, transform="none").matrix.toarray() > 0
    off = ~np.eye(len(cities), dtype=bool)
    assert inside[(table < cutoff - 1e-5) & off].all()
    assert not inside[table > cutoff + 1e-5].any()


def test_the_limit_belongs_to_the_band():
    line = cities_at([[0, 0], [1, 0], [2, 0]])
    assert distance_band_weights(line, cutoff_km=DEGREE_KM).matrix.nnz == 4


@given(places)
def test_default_cutoff_is_the_smallest_that_leaves_no_city_alone(points):
    cities = cities_at(np.array(points) / 10)
    table = distances(cities)
    np.fill_diagonal(table, np.inf)
    weights = distance_band_weights(cities)
    cutoff = weights.parameters["cutoff_km"]
    assert cutoff == pytest.approx(table.min(axis=1).max(), rel=ROUNDING, abs=1e-6)
    assert not len(weights.islands)
    if cutoff > 1.0:
        assert len(distance_band_weights(cities, cutoff_km=cutoff * 0.99).islands)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_inverse_distance_equals_the_table(power):
    rng = np.random.default_rng(3)
    cities = cities_at(rng.uniform(-5, 5, (40, 2)))
    ours = inverse_distance_weights(cities, power=power, cutoff_km=400, transform="none").matrix
    table = distances(cities)
    np.fill_diagonal(table, np.inf)
    expected = np.where(table <= 400, table**-power, 0.0)
    assert ours.toarray() == pytest.approx(expected, rel=ROUNDING)


def test_exponential_decay_equals_the_table():
    rng = np.random.default_rng(4)
    cities = cities_at(rng.uniform(-5, 5, (40, 2)))
    ours = inverse_distance_weights(
        cities, decay="exponential", rate_per_km=0.01, cutoff_km=400, transform="none"
    )
    table = distances(cities)
    np.fill_diagonal(table, np.inf)
    expected = np.where(table <= 400, np.exp(-0.01 * table), 0.0)
    assert ours.matrix.toarray() == pytest.approx(expected, rel=ROUNDING)
    assert "exponential distance decay (0.01 per km) within 400 km" in ours.description


@given(st.permutations(range(10)))
def test_inverse_distance_follows_labels(order):
    cities = cities_at(np.random.default_rng(6).uniform(-5, 5, (10, 2)))
    straight = inverse_distance_weights(cities)
    shuffled = inverse_distance_weights(cities.iloc[order]).reordered(cities.index)
    assert shuffled.matrix.toarray() == pytest.approx(straight.matrix.toarray(), rel=1e-12)


def test_attached_cities_get_the_weight_of_their_true_distance():
    line = cities_at([[0, 0], [1, 0], [9, 0]], ["a", "b", "isle"])
    weights = inverse_distance_weights(
        line, cutoff_km=200, islands="nearest", power=2.0, transform="none"
    )
    assert weights.matrix[2, 1] == pytest.approx((8 * DEGREE_KM) ** -2, rel=ROUNDING)
    assert weights.matrix[1, 2] == weights.matrix[2, 1]
    with pytest.raises(WeightsError, match="'isle'"):
        inverse_distance_weights(line, cutoff_km=200, islands="error")


@pytest.mark.parametrize(
    "options",
    [
        {"decay": "linear"},
        {"power": 0.0},
        {"power": np.nan},
        {"rate_per_km": 0.1},
        {"decay": "exponential"},
        {"decay": "exponential", "rate_per_km": -1.0},
        {"cutoff_km": 0.0},
        {"cutoff_km": np.inf},
        {"islands": "drop"},
        {"transform": "columns"},
    ],
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError):
        inverse_distance_weights(cities_at([[0, 0], [1, 0]]), **options)


def test_one_city_alone_is_refused():
    alone = cities_at([[0, 0]])
    with pytest.raises(GeometryError, match="at least two"):
        distance_band_weights(alone)
    with pytest.raises(ConfigError, match="there are 1 cities"):
        knn_weights(alone, k=1)


@given(places)
def test_a_cutoff_of_half_the_world_links_all_pairs(points):
    cities = cities_at(np.array(points) / 10.0 * 0.9)
    n = len(cities)
    assert distance_band_weights(cities, cutoff_km=20_100).matrix.nnz == n * (n - 1)
