"""Air links of US metropolitan areas and Chinese rail hours: the whole way on real data."""

import time

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from networks import (
    centralities,
    communities,
    cost_matrix,
    disparity_backbone,
    flow_network,
    gravity_network,
    link_lines,
    qap_correlation,
    row_mean_backbone,
    structure,
)
from spatial.errors import WeightsError


@pytest.fixture(scope="module")
def air(air_links):
    metros, links = air_links
    return flow_network(
        links, metros, origin="orig", destination="dest", flow="n_airlines", unit="airlines"
    )


@pytest.fixture(scope="module")
def gravity(air_links):
    metros, _ = air_links
    return gravity_network(metros, metros["population"])


def test_air_links(air):
    assert (air.n, air.n_links, len(air.isolates)) == (327, 2683, 137)
    assert air.directed
    found = structure(air)
    assert found.reciprocity_arc == pytest.approx(2680 / 2683)
    graph = air.to_networkx()
    assert found.transitivity == pytest.approx(
        nx.transitivity(graph.to_undirected()), abs=0.001
    )  # three one-way links of 2683 are all that differs


def test_air_hubs_are_the_airports_everybody_knows(air, air_links):
    table = centralities(air).table
    names = {"12060", "19100", "16980", "19740", "31080", "35620", "26420", "38060"}
    assert set(table["betweenness"].nlargest(4).index) <= names
    assert (table.loc[air.isolates] == 0).all(axis=None)


def test_all_measures_are_quick(air):
    busy = time.perf_counter()
    centralities(air)
    structure(air)
    communities(air, rng=1)
    assert time.perf_counter() - busy < 3.0 * 3  # the goal, and a busy machine


def test_gravity_follows_the_air_links(gravity, air):
    assert not gravity.directed
    assert gravity.n_links == 327 * 326 // 2
    found = qap_correlation(gravity, air, permutations=999, rng=1)
    assert found.correlation > 0
    assert found.p_value < 0.05


def test_backbones_and_lines(gravity, air_links):
    metros, _ = air_links
    by_mean, by_disparity = row_mean_backbone(gravity), disparity_backbone(gravity)
    assert by_mean.share_of_cities == 1.0
    assert by_disparity.share_of_flow > 0.5 > by_disparity.share_of_links
    lines = link_lines(by_disparity.network, metros)
    assert len(lines) == by_disparity.n_links
    assert lines.geometry.is_valid.all()
    # Anchorage and Honolulu lie far west, but no link between US metros crosses 180 degrees.
    assert (lines.geometry.geom_type == "LineString").all()


def test_communities_hold_neighbours_together(gravity):
    found = communities(gravity, rng=1)
    assert 2 <= found.n_communities <= 30
    assert found.modularity > 0.3


def test_rail_hours_with_zero_cells(china_rail):
    cities, hours = china_rail
    names = {"origin": "orig", "destination": "dest"}
    before = cost_matrix(hours, cities, cost="hours_before_hsr", **names)
    after = cost_matrix(hours, cities, cost="hours_with_hsr", **names)
    zero_cells = [int((table.to_numpy() == 0).sum()) - len(cities) for table in (before, after)]
    assert zero_cells == [2, 6]
    people = cities["pop_register"]
    with pytest.raises(WeightsError, match="6 pairs of cities have a zero"):
        gravity_network(cities, people, cost=after, cost_unit="hours")
    network = gravity_network(cities, people, cost=after, cost_unit="hours", missing_cost="drop")
    assert network.parameters["pairs_without_cost"] == 6
    assert network.directed  # the timetable is not the same both ways
    assert network.n_links == len(cities) * (len(cities) - 1) - 6


def test_high_speed_rail_brings_cities_together(china_rail):
    cities, hours = china_rail
    networks = []
    for column in ("hours_before_hsr", "hours_with_hsr"):
        table = cost_matrix(hours, cities, origin="orig", destination="dest", cost=column)
        networks.append(
            gravity_network(
                cities, cities["pop_register"], cost=table, cost_unit="hours", missing_cost="drop"
            )
        )
    assert networks[1].total_flow > 2 * networks[0].total_flow
    found = qap_correlation(*networks, permutations=99, rng=1)
    assert found.correlation > 0.3
    assert found.p_value == 0.01
    backbone = row_mean_backbone(networks[1]).network
    measures = structure(backbone)
    assert measures.n_isolates == 0
    assert 0.05 < measures.density < 0.5


def test_order_of_rows_and_cities_does_not_matter(china_rail):
    cities, hours = china_rail
    shuffled = cities.sample(frac=1, random_state=3)
    tables = []
    for area, pairs in ((cities, hours), (shuffled, hours.sample(frac=1, random_state=4))):
        cost = cost_matrix(pairs, area, origin="orig", destination="dest", cost="hours_with_hsr")
        network = gravity_network(area, area["pop_register"], cost=cost, missing_cost="drop")
        found = centralities(row_mean_backbone(network).network).table
        groups = communities(network, rng=2).tidy()
        tables.append(pd.concat([found, groups], axis=1).reindex(cities.index))
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-7, atol=1e-9)
