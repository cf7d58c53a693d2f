"""Structure against networkx and igraph, closed forms, and what a disruption changes."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import (
    LinkageNetwork,
    network_from_networkx,
    structure_resilience,
    structure_resilience_change,
)
from networks.independent_paths import independent_paths
from spatial.errors import AlignmentError, ConfigError, EstimationError


def undirected(network):
    return nx.Graph(network.to_networkx().to_undirected())


def from_graph(graph):
    nx.set_edge_attributes(graph, 1.0, "strength")
    return network_from_networkx(nx.relabel_nodes(graph, str))


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), density=st.floats(0.08, 0.5))
def test_independent_paths_of_igraph(make_network, seed, density):
    igraph = pytest.importorskip("igraph")
    network = make_network(seed, n=11, density=density, directed=False)
    first, second = np.triu_indices(11, 1)
    graph = igraph.Graph.Adjacency((network.flows.toarray() > 0).tolist(), mode="undirected")
    wanted = [
        graph.vertex_disjoint_paths(int(i), int(j), neighbors="number_of_nodes")
        for i, j in zip(first, second, strict=True)
    ]
    # igraph refuses linked pairs: without the link, and one more for it.
    for place, (i, j) in enumerate(zip(first, second, strict=True)):
        if graph.are_adjacent(int(i), int(j)):
            rest = graph.copy()
            rest.delete_edges([(int(i), int(j))])
            wanted[place] = 1 + rest.vertex_disjoint_paths(int(i), int(j))
    links = sparse.csr_array((network.flows > 0).astype(float))
    assert independent_paths(links, first, second).tolist() == wanted


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_attributes_of_networkx(make_network, seed, directed):
    network = make_network(seed, n=12, density=0.25, directed=directed)
    if network.n_links == 0:
        return
    found = structure_resilience(network)
    value = found.attributes["value"]
    graph, with_direction = undirected(network), network.to_networkx()
    assert value["clustering"] == pytest.approx(nx.average_clustering(graph))
    pairs = [(i, j) for i in graph for j in graph if i < j]
    wanted = np.mean([len(list(disjoint(graph, i, j))) for i, j in pairs])
    assert value["diversity"] == pytest.approx(wanted)
    lengths = dict(nx.all_pairs_shortest_path_length(with_direction))
    hops = [d for row in lengths.values() for d in row.values() if d]
    assert value["transmission_length"] == pytest.approx(np.mean(hops))
    assert value["transmission_efficiency"] == pytest.approx(sum(1 / d for d in hops) / 132)
    degree = pd.Series(dict(graph.degree()), dtype=float)
    around = pd.Series(nx.average_neighbor_degree(graph))[degree > 0]
    linked = degree[degree > 0]
    if np.ptp(linked) > 0:
        assert value["matching"] == pytest.approx(np.polyfit(linked, around, 1)[0])
    ordered = np.sort(linked)[::-1]
    if len(ordered) > 1:
        slope = np.polyfit(np.log(np.arange(1, len(ordered) + 1)), np.log(ordered), 1)[0]
        assert value["hierarchy"] == pytest.approx(slope)
    assert found.n_pairs == 66


def disjoint(graph, i, j):
    return nx.node_disjoint_paths(graph, i, j) if nx.has_path(graph, i, j) else []


def test_closed_forms():
    circle = structure_resilience(from_graph(nx.cycle_graph(8))).attributes["value"]
    assert circle["diversity"] == pytest.approx(2.0)
    assert circle["clustering"] == 0.0
    assert circle["hierarchy"] == pytest.approx(0.0)
    assert np.isnan(circle["matching"])
    complete = structure_resilience(from_graph(nx.complete_graph(6))).attributes["value"]
    assert complete["diversity"] == pytest.approx(5.0)
    assert complete["clustering"] == pytest.approx(1.0)
    star = structure_resilience(from_graph(nx.star_graph(5))).attributes["value"]
    assert star["diversity"] == pytest.approx(1.0)
    # The hub (degree 5) has neighbours of degree 1, they have one of degree 5: slope -1.
    assert star["matching"] == pytest.approx(-1.0)
    # Petersen's graph is three-connected and three-regular.
    petersen = structure_resilience(from_graph(nx.petersen_graph())).attributes["value"]
    assert petersen["diversity"] == pytest.approx(3.0)


def test_strengths(make_network):
    network = make_network(3, directed=False, density=0.4)
    found = structure_resilience(network, degree="strength")
    square = network.to_matrix()
    strength = square.sum(axis=1)
    pd.testing.assert_series_equal(
        found.cities["degree"], strength, check_names=False, check_index_type=False
    )
    linked = strength > 0
    around = ((square @ strength) / strength)[linked]
    slope = np.polyfit(strength[linked], around, 1)[0]
    assert found.attributes.loc["matching", "value"] == pytest.approx(slope)
    larger = structure_resilience(network.scaled(7.0), degree="strength").attributes["value"]
    assert larger["hierarchy"] == pytest.approx(found.attributes.loc["hierarchy", "value"])


def test_before_and_after(make_network):
    network = make_network(8, n=15, density=0.3, directed=False)
    hub = structure_resilience(network).cities["rank"].idxmin()
    table = structure_resilience_change(network, network.subset(network.cities.drop(hub)))
    rate = (table["before"] - table["after"]) / table["before"]
    pd.testing.assert_series_equal(table["change_rate"], rate, check_names=False)
    assert table.loc["diversity", "change_rate"] > 0
    same = structure_resilience_change(network, network.reordered(network.cities[::-1]))
    assert same["change_rate"].abs().max() < 1e-12
    with pytest.raises(AlignmentError, match="not hold before"):
        structure_resilience_change(network.subset(network.cities.drop(hub)), network)


def test_random_pairs(make_network):
    network = make_network(2, n=14, density=0.3)
    one = structure_resilience(network, pairs=20, rng=4)
    again = structure_resilience(network, pairs=20, rng=one.configuration.seed)
    assert one.n_pairs == 20
    pd.testing.assert_frame_equal(one.tidy(), again.tidy())
    every = structure_resilience(network, pairs=10_000, rng=1)
    assert every.n_pairs == 91
    pd.testing.assert_frame_equal(every.tidy(), structure_resilience(network).tidy())


def test_bad_input(make_network):
    empty = LinkageNetwork(pd.RangeIndex(3), sparse.csr_array((3, 3)), True)
    with pytest.raises(EstimationError, match="no link"):
        structure_resilience(empty)
    with pytest.raises(ConfigError, match="pairs=0"):
        structure_resilience(make_network(1), pairs=0)
    with pytest.raises(ConfigError, match="degree='size'"):
        structure_resilience(make_network(1), degree="size")
