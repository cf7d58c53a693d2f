"""Contiguity against libpysal, GEOS and known maps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from libpysal import examples
from libpysal.graph import Graph
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from spatial.errors import AlignmentError, ConfigError, GeometryError, WeightsError
from spatial.weights import Weights, as_weights, contiguity_weights

RULES = ("queen", "rook")


def frame(shapes, ids=None, crs="EPSG:4326") -> gpd.GeoDataFrame:
    names = [f"c{at}" for at in range(len(shapes))] if ids is None else ids
    return gpd.GeoDataFrame(index=pd.Index(names), geometry=list(shapes), crs=crs)


def grid(rows: int, columns: int) -> list[Polygon]:
    return [box(x, y, x + 1, y + 1) for y in range(rows) for x in range(columns)]


def links(weights: Weights) -> set[tuple[object, object]]:
    table = weights.to_frame()
    return set(zip(table["focal"], table["neighbor"], strict=True))


@pytest.fixture(scope="module")
def columbus() -> gpd.GeoDataFrame:
    return gpd.read_file(examples.get_path("columbus.shp")).set_index("POLYID")


@pytest.mark.parametrize("rule", RULES)
def test_columbus_equals_libpysal(columbus, rule):
    ours = contiguity_weights(columbus, rule=rule, transform="none")
    theirs = as_weights(Graph.build_contiguity(columbus, rook=rule == "rook"))
    assert links(ours) == links(theirs)


def test_columbus_queen_equals_the_published_gal_file(columbus):
    from libpysal.io import open as open_weights

    source = open_weights(examples.get_path("columbus.gal"))
    published = source.read()
    source.close()
    pairs = {(float(city), float(other)) for city, others in published for other in others}
    assert links(contiguity_weights(columbus)) == pairs


@given(st.integers(1, 5), st.integers(1, 5))
def test_grid_counts(rows, columns):
    cities = frame(grid(rows, columns))
    sides = rows * (columns - 1) + columns * (rows - 1)
    corners = 2 * (rows - 1) * (columns - 1)
    for rule, expected in (("rook", sides), ("queen", sides + corners)):
        assert contiguity_weights(cities, rule=rule).matrix.nnz == 2 * expected


@pytest.mark.parametrize("rule", RULES)
@given(data=st.data())
def test_any_boxes_agree_with_geos(rule, data):
    side = st.integers(0, 6)
    corners = data.draw(st.lists(st.tuples(side, side, side, side), min_size=2, max_size=7))
    shapes = [box(x, y, x + 1 + w, y + 1 + h) for x, y, w, h in corners]
    ours = contiguity_weights(frame(shapes), rule=rule, transform="none").matrix.toarray()
    for i, left in enumerate(shapes):
        for j, right in enumerate(shapes):
            shared = left.intersection(right)
            touch = not shared.is_empty if rule == "queen" else shared.length > 0
            assert ours[i, j] == float(i != j and touch)


@pytest.mark.parametrize("rule", RULES)
def test_borders_whose_vertices_do_not_match_are_found(rule):
    # A long side faces two short ones: no vertex of the right-hand box lies on the left-hand one.
    cities = frame([box(0, 0, 1, 3), box(1, 1, 2, 2)])
    assert contiguity_weights(cities, rule=rule).matrix.nnz == 2
    assert as_weights(Graph.build_contiguity(cities)).matrix.nnz == 0  # vertex matching misses it


def test_overlapping_territories_are_neighbours_under_both_rules():
    cities = frame([box(0, 0, 2, 2), box(1, 1, 3, 3)])
    assert all(contiguity_weights(cities, rule=rule).matrix.nnz == 2 for rule in RULES)


def test_a_territory_in_the_hole_of_another_touches_it():
    ring = box(0, 0, 3, 3).difference(box(1, 1, 2, 2))
    assert contiguity_weights(frame([ring, box(1, 1, 2, 2)]), rule="rook").matrix.nnz == 2


def test_parts_of_one_city_are_one_city():
    far = MultiPolygon([box(0, 0, 1, 1), box(9, 9, 10, 10)])
    cities = frame([far, box(1, 0, 2, 1), box(10, 9, 11, 10)])
    assert links(contiguity_weights(cities, rule="rook")) == {
        ("c0", "c1"),
        ("c1", "c0"),
        ("c0", "c2"),
        ("c2", "c0"),
    }


def test_negative_zero_is_the_same_place_as_zero():
    left = Polygon([(-1, 0), (-0.0, 0), (-0.0, 1), (-1, 1)])
    assert contiguity_weights(frame([left, box(0, 0, 1, 1)]), rule="rook").matrix.nnz == 2


@pytest.mark.parametrize("rule", RULES)
def test_tolerance_closes_gaps_and_is_described(rule):
    cities = frame([box(0, 0, 1, 1), box(1.01, 0, 2, 1), box(2.5, 0, 3, 1)])
    assert contiguity_weights(cities, rule=rule).matrix.nnz == 0
    closed = contiguity_weights(cities, rule=rule, tolerance=0.02)
    assert links(closed) == {("c0", "c1"), ("c1", "c0")}
    assert "gaps up to 0.02 degrees closed" in closed.description
    assert closed.parameters["tolerance"] == 0.02


def test_tolerance_does_not_turn_a_corner_into_a_border():
    cities = frame([box(0, 0, 1, 1), box(1.001, 1.001, 2, 2)])
    assert contiguity_weights(cities, rule="queen", tolerance=0.01).matrix.nnz == 2
    assert contiguity_weights(cities, rule="rook", tolerance=0.01).matrix.nnz == 0


@pytest.mark.parametrize("order", [1, 2, 3, 7])
def test_higher_orders_are_shortest_paths(columbus, order):
    from scipy.sparse.csgraph import shortest_path

    first = contiguity_weights(columbus, transform="none").matrix
    steps = shortest_path(first, unweighted=True)
    ours = contiguity_weights(columbus, order=order, transform="none")
    assert np.array_equal(ours.matrix.toarray(), (steps == order).astype(float))


def test_orders_beyond_the_map_leave_islands(columbus):
    far = contiguity_weights(columbus, order=40)
    assert far.matrix.nnz == 0
    assert far.description == (
        "queen contiguity of order 40 (exactly 40 steps); 49 islands kept; rows sum to one"
    )


def test_islands_are_kept_attached_or_refused():
    cities = frame([box(0, 0, 1, 1), box(1, 0, 2, 1), box(5, 0, 6, 1)], ids=["a", "b", "isle"])
    kept = contiguity_weights(cities)
    assert kept.islands.tolist() == ["isle"]
    assert kept.description == "queen contiguity; 1 island kept; rows sum to one"
    joined = contiguity_weights(cities, islands="nearest", transform="none")
    assert {("isle", "b"), ("b", "isle")} < links(joined)
    assert "1 island attached to the nearest city, both ways" in joined.description
    assert joined.parameters["n_islands"] == 1
    with pytest.raises(WeightsError, match=r"no neighbour: 'isle'.*islands='nearest'"):
        contiguity_weights(cities, islands="error")


@given(st.permutations(range(12)))
def test_order_and_names_do_not_matter(order):
    cities = frame(grid(3, 4))
    shuffled = cities.iloc[order]
    straight = contiguity_weights(cities, rule="rook")
    assert links(contiguity_weights(shuffled, rule="rook")) == links(straight)
    renamed = cities.set_axis([f"{99 - at}" for at in range(12)])
    assert np.array_equal(
        contiguity_weights(renamed, rule="rook").matrix.toarray(), straight.matrix.toarray()
    )


def test_shapes_that_are_no_territory_are_refused():
    with pytest.raises(GeometryError, match="'c1' have no shape"):
        contiguity_weights(frame([box(0, 0, 1, 1), None]))
    with pytest.raises(GeometryError, match="'c1' have no shape"):
        contiguity_weights(frame([box(0, 0, 1, 1), Polygon()]))
    with pytest.raises(GeometryError, match=r"'c1', 'c2' .*\(LineString, Point\); use knn_weights"):
        contiguity_weights(frame([box(0, 0, 1, 1), Point(1, 1), LineString([(0, 0), (1, 1)])]))
    with pytest.raises(GeometryError, match="give a GeoDataFrame"):
        contiguity_weights(pd.DataFrame({"x": [1.0]}))


def test_an_invalid_polygon_is_named_where_geometry_decides():
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    with pytest.raises(GeometryError, match=r"'c0' are not valid.*make_valid"):
        contiguity_weights(frame([bow_tie, box(1, 0.5, 3, 0.75)]), rule="rook")


def test_duplicate_ids_and_wrong_options_are_refused():
    cities = frame(grid(1, 2))
    with pytest.raises(AlignmentError, match="more than once"):
        contiguity_weights(cities.set_axis(["a", "a"]))
    for wrong in (
        {"rule": "bishop"},
        {"order": 0},
        {"order": True},
        {"order": 1.5},
        {"tolerance": -1.0},
        {"tolerance": float("nan")},
        {"islands": "drop"},
        {"transform": "rows"},
    ):
        with pytest.raises(ConfigError):
            contiguity_weights(cities, **wrong)


def test_the_cities_stay_as_they_are():
    cities = frame(grid(2, 2))
    before = cities.copy(deep=True)
    contiguity_weights(cities, islands="nearest")
    assert cities.equals(before)


def test_four_hundred_random_triangles_agree_with_the_tree_of_geos():
    rng = np.random.default_rng(5)
    triangle = Polygon([(0, 0), (0.04, 0), (0, 0.04)])
    shapes = [translate(triangle, *place) for place in np.round(rng.uniform(0, 1, (400, 2)), 2)]
    ours = contiguity_weights(frame(shapes), transform="none").matrix
    first, second = shapely.STRtree(shapes).query(np.array(shapes), predicate="intersects")
    assert ours.nnz == int((first != second).sum())


def test_chinese_prefectures(shared_folder):
    shapes = gpd.read_file(shared_folder / "data/china/cn_prefectures_simplified.geojson")
    panel = pd.read_csv(
        shared_folder / "data/china/cn_city_panel_2005_2016.csv", dtype={"code": str}
    )
    shapes = shapes.set_index("code")
    cities = shapes.loc[shapes.index.isin(panel["code"])]
    weights = contiguity_weights(cities)
    assert len(cities) == 285
    assert len(weights.islands) == 6
    # Matching vertices gives 1,400 links, 4.91 for each city. Fuzhou and Nanping overlap along
    # their common border without sharing a vertex, which adds one pair.
    pairs = links(weights)
    assert len(pairs) == 1402
    assert len(pairs - {("350100", "350700"), ("350700", "350100")}) / 285 == pytest.approx(
        4.91, abs=0.005
    )
    assert weights.description == "queen contiguity; 6 islands kept; rows sum to one"
