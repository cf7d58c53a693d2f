"""Centralities against networkx, igraph, R sna and brute force; strength is never distance."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, centralities
from networks.paths import link_costs, path_measures
from spatial.errors import AlignmentError, ConfigError, EstimationError, WeightsError

EXACT = 1e-9  # sums of the same reciprocals in another order
REFERENCE = 1e-9  # printed with 15 digits
EIGEN = 1e-7  # power iterations of the oracles stop there


def graph_of(network):
    graph = network.to_networkx()
    for *_, data in graph.edges(data=True):
        data["cost"] = 1.0 / data["strength"]
    return graph


def undirected(values):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), False)


def series(mapping, network):
    return pd.Series(mapping).reindex(network.cities).to_numpy()


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("density", [0.05, 0.15, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_networkx_agrees(make_network, seed, density, directed):
    network = make_network(seed, n=25, density=density, directed=directed)
    graph = graph_of(network)
    table = centralities(network).table
    between = nx.betweenness_centrality(graph, weight="cost", normalized=True)
    np.testing.assert_allclose(table["betweenness"], series(between, network), atol=EXACT)
    turned = graph.reverse() if directed else graph
    close = nx.closeness_centrality(turned, distance="cost", wf_improved=True)
    np.testing.assert_allclose(table["closeness"], series(close, network), rtol=EXACT)
    close_in = nx.closeness_centrality(graph, distance="cost", wf_improved=True)
    np.testing.assert_allclose(table["in_closeness"], series(close_in, network), rtol=EXACT)
    harmonic = pd.Series(nx.harmonic_centrality(turned, distance="cost")) / (network.n - 1)
    np.testing.assert_allclose(table["harmonic"], series(harmonic, network), rtol=EXACT)
    harmonic_in = pd.Series(nx.harmonic_centrality(graph, distance="cost")) / (network.n - 1)
    np.testing.assert_allclose(table["in_harmonic"], series(harmonic_in, network), rtol=EXACT)
    np.testing.assert_array_equal(table["degree"], series(dict(graph.degree()), network))
    strength = dict(graph.degree(weight="strength"))
    np.testing.assert_allclose(table["strength"], series(strength, network), rtol=EXACT)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("cost", ["inverse", "hops"])
def test_igraph_agrees(make_network, directed, cost):
    igraph = pytest.importorskip("igraph")
    network = make_network(9, n=60, density=0.08, directed=directed, counts=True)
    links = network.to_frame()
    graph = igraph.Graph.DataFrame(links, directed=directed, use_vids=False)
    lengths = 1.0 / links["flow"].to_numpy() if cost == "inverse" else None
    pairs = (network.n - 1) * (network.n - 2) * (1 if directed else 0.5)
    between = pd.Series(graph.betweenness(weights=lengths), index=graph.vs["name"]) / pairs
    table = centralities(network, cost=cost).table
    np.testing.assert_allclose(
        table["betweenness"], between.reindex(network.cities, fill_value=0.0), atol=EXACT
    )
    harmonic = pd.Series(graph.harmonic_centrality(mode="out", weights=lengths), graph.vs["name"])
    # igraph divides by the cities it knows, which leaves isolates out.
    wanted = harmonic * (graph.vcount() - 1) / (network.n - 1)
    np.testing.assert_allclose(
        table["harmonic"], wanted.reindex(network.cities, fill_value=0.0), rtol=EXACT
    )


def test_igraph_eigenvector_agrees(make_network):
    igraph = pytest.importorskip("igraph")
    network = make_network(2, n=40, density=0.3, directed=False)
    graph = igraph.Graph.Weighted_Adjacency(network.flows.toarray().tolist(), mode="undirected")
    wanted = np.array(graph.eigenvector_centrality(weights="weight", scale=False))
    found = centralities(network).table["eigenvector"]
    np.testing.assert_allclose(found, wanted / np.linalg.norm(wanted), atol=EIGEN)


@pytest.mark.parametrize("name", ["advice", "friend"])
def test_reference_of_the_managers(managers, managers_expected, name):
    network, wanted = managers[name], managers_expected[name]
    table = centralities(network, cost="hops").table
    assert table["in_degree"].tolist() == wanted["indegree"]
    assert table["out_degree"].tolist() == wanted["outdegree"]
    np.testing.assert_allclose(table["betweenness"] * 20 * 19, wanted["betweenness"], atol=1e-9)
    reached = path_measures(link_costs(network, "hops")).reached
    everybody = reached == network.n - 1  # sna gives 0 to those who do not reach all
    np.testing.assert_allclose(
        table["closeness"][everybody], np.array(wanted["closeness"])[everybody], rtol=REFERENCE
    )
    both = network.binary().symmetrised("max")
    found = centralities(both).table["eigenvector"]
    np.testing.assert_allclose(found, wanted["evcent_sym"], atol=EIGEN)


def brute_force_betweenness(values):
    """All simple paths between all pairs."""
    n = len(values)
    between = np.zeros(n)
    for source, target in itertools.permutations(range(n), 2):
        inner = [city for city in range(n) if city not in (source, target)]
        paths = []
        for length in range(len(inner) + 1):
            for middle in itertools.permutations(inner, length):
                steps = list(itertools.pairwise((source, *middle, target)))
                if all(values[step] > 0 for step in steps):
                    paths.append((sum(1.0 / values[step] for step in steps), middle))
        if paths:
            least = min(cost for cost, _ in paths)
            shortest = [middle for cost, middle in paths if cost <= least * (1 + 1e-9)]
            for middle in shortest:
                between[list(middle)] += 1.0 / len(shortest)
    return between / ((n - 1) * (n - 2))


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_betweenness_brute_force_with_many_ties(make_network, seed, directed):
    network = make_network(seed, n=5, density=0.6, directed=directed, counts=True)
    found = centralities(network).table["betweenness"]
    np.testing.assert_allclose(found, brute_force_betweenness(network.flows.toarray()), atol=EXACT)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-4, 1e4), directed=st.booleans())
def test_the_unit_of_flows_moves_no_rank(make_network, seed, factor, directed):
    """Counts give many ties: an exact comparison of sums would break this law."""
    network = make_network(seed, n=14, directed=directed, counts=True)
    larger = LinkageNetwork(network.cities, network.flows * factor, directed)
    one, other = centralities(network).table, centralities(larger).table
    np.testing.assert_allclose(other["betweenness"], one["betweenness"], atol=EXACT)
    np.testing.assert_allclose(other["eigenvector"], one["eigenvector"], atol=EIGEN)
    for name in ("closeness", "in_closeness", "harmonic", "in_harmonic"):
        np.testing.assert_allclose(other[name], one[name] * factor, rtol=EXACT)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_relabelling_permutes(make_network, seed, directed):
    network = make_network(seed, n=15, density=0.15, directed=directed, counts=True)
    order = network.cities[np.random.default_rng(seed).permutation(network.n)]
    one = centralities(network).table
    other = centralities(network.reordered(order)).table.reindex(network.cities)
    np.testing.assert_allclose(other, one, atol=EIGEN, rtol=EIGEN)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_the_transpose_swaps_sent_and_received(make_network, seed):
    network = make_network(seed, density=0.2)
    one, other = centralities(network).table, centralities(network.transposed()).table
    for sent, received in (
        ("out_degree", "in_degree"),
        ("out_strength", "in_strength"),
        ("closeness", "in_closeness"),
        ("harmonic", "in_harmonic"),
        ("betweenness", "betweenness"),
    ):
        np.testing.assert_allclose(other[sent], one[received], rtol=EXACT, atol=EXACT)


def test_strength_is_not_distance():
    """The hub of two flows of 100, beside a direct flow of 1, is in between."""
    network = undirected([[0, 100, 1], [100, 0, 100], [1, 100, 0]])
    assert centralities(network).table["betweenness"].tolist() == [0.0, 1.0, 0.0]
    assert centralities(network, cost="hops").table["betweenness"].tolist() == [0.0, 0.0, 0.0]
    assert centralities(network).configuration.options["path_cost"] == "1 / flow"


def test_costs_from_a_table():
    network = undirected([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    km = pd.DataFrame([[0, 1, 5.0], [1, 0, 2], [5, 2, 0]], network.cities, network.cities)
    table = centralities(network, cost=km.iloc[::-1]).table
    assert table["betweenness"].tolist() == [0.0, 1.0, 0.0]
    assert table["closeness"].tolist() == pytest.approx([2 / 4, 2 / 3, 2 / 5])
    km.iloc[0, 1] = 0.0
    with pytest.raises(WeightsError, match=r"1 links have no positive cost: \('c0', 'c1'\)"):
        centralities(network, cost=km)
    with pytest.raises(AlignmentError, match="the rows of cost"):
        centralities(network, cost=km.iloc[:2, :2])


def test_flows_given_as_costs_are_refused(make_network):
    network = make_network(4)
    with pytest.raises(WeightsError, match="a strength is no distance"):
        centralities(network, cost=network.to_matrix())
    with pytest.raises(ConfigError, match="cost='distance' is not known"):
        centralities(network, cost="distance")


def test_eigenvector_lives_on_the_largest_component():
    values = np.zeros((6, 6))
    for one, other in [(0, 1), (1, 2), (3, 4)]:
        values[one, other] = values[other, one] = 1.0
    values[3, 4] = values[4, 3] = 100.0
    found = centralities(undirected(values)).table["eigenvector"]
    np.testing.assert_allclose(found, [0.5, np.sqrt(0.5), 0.5, 0, 0, 0], atol=EIGEN)
    tied = undirected(values[1:, 1:])  # two components of two: the stronger one
    assert (centralities(tied).table["eigenvector"] > 0).tolist() == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("density", [0.02, 0.2])
def test_eigenvector_of_a_large_network_solves_the_equation(make_network, density):
    network = make_network(8, n=430, density=density, directed=False)
    vector = centralities(network, cost="hops").table["eigenvector"].to_numpy()
    image = network.flows @ vector
    value = vector @ image
    np.testing.assert_allclose(image, value * vector, atol=1e-6 * value)
    assert (vector >= 0).all()
    assert value == pytest.approx(np.linalg.eigvalsh(network.flows.toarray())[-1], rel=1e-9)


def test_detours_dropped_first_change_nothing(make_network):
    """Enough links for the short cut of the search; networkx as oracle."""
    network = make_network(11, n=90, density=0.6, directed=True)
    graph = graph_of(network)
    wanted = nx.betweenness_centrality(graph, weight="cost")
    table = centralities(network).table
    np.testing.assert_allclose(table["betweenness"], series(wanted, network), atol=EXACT)
    lengths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="cost"))
    total = {city: sum(found.values()) for city, found in lengths.items()}
    np.testing.assert_allclose((network.n - 1) / table["closeness"], series(total, network))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_and_empty_networks(n):
    table = centralities(undirected(np.zeros((n, n)))).table
    assert (table == 0).all(axis=None)
    assert len(table) == n


def test_a_long_chain_is_counted_exactly():
    n = 300
    network = undirected(np.eye(n, k=1) + np.eye(n, k=-1))
    place = np.arange(n)
    wanted = 2.0 * place * (n - 1 - place) / ((n - 1) * (n - 2))
    np.testing.assert_allclose(centralities(network).table["betweenness"], wanted, atol=EXACT)


def test_costs_too_far_apart_are_refused():
    values = np.zeros((3, 3))
    values[0, 1] = values[1, 0] = 1e-12
    values[1, 2] = values[2, 1] = 1e12
    with pytest.raises(EstimationError, match="fifteen orders of magnitude"):
        centralities(undirected(values))


def test_inputs_stay_as_they_are(make_network):
    network = make_network(6)
    before = network.flows.toarray().copy()
    centralities(network)
    assert np.array_equal(network.flows.toarray(), before)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("density", [0.03, 0.1, 0.25, 0.9])
def test_networkx_agrees_on_hops(make_network, density, directed):
    """Sparse, middling and dense networks are searched in three ways."""
    network = make_network(13, n=70, density=density, directed=directed)
    graph = network.to_networkx()
    table = centralities(network, cost="hops").table
    between = nx.betweenness_centrality(graph)
    np.testing.assert_allclose(table["betweenness"], series(between, network), atol=EXACT)
    for column, seen in (
        ("closeness", graph.reverse() if directed else graph),
        ("in_closeness", graph),
    ):
        wanted = nx.closeness_centrality(seen, wf_improved=True)
        np.testing.assert_allclose(table[column], series(wanted, network), rtol=EXACT)
    wanted = pd.Series(nx.harmonic_centrality(graph)) / (network.n - 1)
    np.testing.assert_allclose(table["in_harmonic"], series(wanted, network), rtol=EXACT)


def test_links_of_one_strength_are_hops_of_one_length(make_network):
    network = make_network(14, n=30, density=0.4).binary()
    doubled = LinkageNetwork(network.cities, network.flows * 2.0, True)
    hops, inverse = (path_measures(link_costs(doubled, cost)) for cost in ("hops", "inverse"))
    np.testing.assert_allclose(inverse.distance, hops.distance / 2.0)
    np.testing.assert_allclose(inverse.inverse_from, hops.inverse_from * 2.0)
    np.testing.assert_allclose(inverse.betweenness, hops.betweenness)
    assert inverse.longest == hops.longest / 2.0
