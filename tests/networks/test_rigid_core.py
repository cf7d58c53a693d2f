"""The pairs ruled out by a rigid core are exactly such that a planarity test refuses them."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks.rigid_core import never_joined, rigid_core


def planar_graph(seed, n, share):
    """Insert pairs at random while the graph stays planar, up to a share of the most edges."""
    rng = np.random.default_rng(seed)
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    for one, other in rng.permutation(list(itertools.combinations(range(n), 2))).tolist():
        if graph.number_of_edges() >= share * 3 * (n - 2):
            break
        graph.add_edge(one, other)
        if not nx.is_planar(graph):
            graph.remove_edge(one, other)
    return graph


def absent_pairs(graph):
    return np.array(list(nx.non_edges(graph)), dtype=int).reshape(-1, 2)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 16), share=st.floats(0.3, 1.0))
def test_a_pair_ruled_out_is_not_planar(seed, n, share):
    graph = planar_graph(seed, n, share)
    pairs = absent_pairs(graph)
    before = set(graph.edges)
    for pair in pairs[never_joined(graph, pairs)].tolist():
        assert not nx.is_planar(nx.Graph([*graph.edges, pair]))
    assert set(graph.edges) == before


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 16), share=st.floats(0.5, 1.0))
def test_the_core_is_three_connected(seed, n, share):
    core = rigid_core(planar_graph(seed, n, share))
    assert len(core) == 0 or nx.node_connectivity(core) >= 3


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 14))
def test_nothing_can_be_added_to_a_triangulation(seed, n):
    graph = planar_graph(seed, n, 1.0)
    pairs = absent_pairs(graph)
    assert graph.number_of_edges() == 3 * (n - 2)
    assert never_joined(graph, pairs).all()


def test_cities_on_an_edge_of_the_core_count():
    """A cube whose edge 0-1 is divided by 8: the opposite corner and 8 share no face."""
    cube = nx.hypercube_graph(3)
    corner = {vertex: 4 * vertex[0] + 2 * vertex[1] + vertex[2] for vertex in cube}
    graph = nx.relabel_nodes(cube, corner)
    graph.remove_edge(0, 1)
    graph.add_edges_from([(0, 8), (8, 1)])
    pairs = np.array([[8, 7], [8, 6], [8, 3], [8, 5], [0, 7], [0, 3]])
    assert never_joined(graph, pairs).tolist() == [True, True, False, False, True, False]


@pytest.mark.parametrize("graph", [nx.empty_graph(5), nx.path_graph(5), nx.cycle_graph(6)])
def test_graphs_without_a_core_rule_out_nothing(graph):
    assert len(rigid_core(graph)) == 0
    assert not never_joined(graph, absent_pairs(graph)).any()
