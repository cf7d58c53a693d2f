"""Rewired nulls, small worlds, rich clubs and assortativity against networkx and by hand."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, assortativity, rich_club, small_world, structure
from networks.rewiring import rewired_networks
from spatial.errors import ConfigError, EstimationError

EXACT = 1e-9  # sums of the same terms in another order


def network(values, directed=False):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


def of_graph(graph):
    return network(nx.to_numpy_array(graph), directed=graph.is_directed())


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_rewired_networks_keep_degrees_and_strengths_of_links(make_network, seed, directed):
    made = make_network(seed, n=14, directed=directed)
    links = made.flows.toarray() > 0
    for null in rewired_networks(made, 2, np.random.default_rng(seed)):
        values = null.toarray()
        assert np.trace(values) == 0
        assert ((values > 0).sum(axis=0) == links.sum(axis=0)).all()
        assert ((values > 0).sum(axis=1) == links.sum(axis=1)).all()
        if directed:
            np.testing.assert_allclose(values.sum(axis=1), made.flows.sum(axis=1), rtol=EXACT)
        else:
            assert np.array_equal(values, values.T)
        assert np.sort(null.data).tolist() == np.sort(made.flows.data).tolist()


def test_rewiring_reaches_all_networks_alike():
    # Four cities with one link sent and received each: nine networks without a fixed point.
    ring = network(np.roll(np.eye(4), 1, axis=1), directed=True)
    count, seen = 2000, {}
    for null in rewired_networks(ring, count, np.random.default_rng(1)):
        key = tuple(null.toarray().argmax(axis=1).tolist())
        seen[key] = seen.get(key, 0) + 1
    # Pairs of two-rings can be left only through a refused exchange, so they are visited less
    # evenly in few steps; each of the nine is reached.
    assert len(seen) == 9
    assert min(seen.values()) > count / 9 / 3


def test_a_ring_lattice_is_a_small_world_when_a_little_rewired():
    graph = nx.watts_strogatz_graph(80, 6, 0.1, seed=2)
    made = of_graph(graph)
    found = small_world(made, rng=1)
    assert found.transitivity == pytest.approx(nx.transitivity(graph), rel=EXACT)
    assert found.path_length == pytest.approx(nx.average_shortest_path_length(graph), rel=EXACT)
    assert found.path_length == pytest.approx(structure(made).average_path_length, rel=EXACT)
    assert found.sigma > 2
    assert found.p_value == 1 / 21
    assert found.nulls["transitivity"].mean() == found.null_transitivity
    again = small_world(made, rng=found.configuration.seed)
    pd.testing.assert_frame_equal(again.nulls, found.nulls)


@pytest.mark.parametrize("directed", [True, False])
def test_a_random_network_is_none(directed):
    graph = nx.gnm_random_graph(80, 500 if directed else 250, seed=3, directed=directed)
    found = small_world(of_graph(graph), rng=1)
    assert 0.6 < found.sigma < 1.6
    assert found.p_value > 0.05


def test_rich_club_as_networkx_counts_it():
    graph = nx.barabasi_albert_graph(40, 3, seed=1)
    found = rich_club(of_graph(graph), nulls=5, rng=2).table
    wanted = nx.rich_club_coefficient(graph, normalized=False)
    both = found.index[found.index.isin(wanted)]  # networkx leaves out a club of two
    assert len(both) >= len(found) - 1
    assert found.loc[both, "density"].tolist() == pytest.approx([wanted[k] for k in both])
    assert found.loc[0, "ratio"] == 1.0  # all cities: rewiring keeps the number of links
    assert found.loc[0, "flow_ratio"] == 1.0


@pytest.mark.parametrize("directed", [True, False])
def test_a_planted_club_of_strong_links_is_found(directed):
    rng = np.random.default_rng(3)
    values = np.triu(rng.random((40, 40)) < 0.1, 1) * 1.0
    values[:6] = np.triu(rng.random((40, 40)) < 0.5, 1)[:6]
    values[:6, :6] = np.triu(np.ones((6, 6)), 1) * 20
    found = rich_club(network(values + values.T, directed=directed), rng=1).table
    top = found[found["cities"] == 6].iloc[0]
    assert top["density"] == 1.0
    assert top["flow_share"] == 1.0
    assert top["flow_ratio"] > 2
    assert top["flow_p_value"] == 1 / 21


@pytest.mark.parametrize("seed", range(4))
def test_assortativity_as_networkx_counts_it(make_network, seed):
    made = make_network(seed, n=30)
    found, graph = assortativity(made), made.to_networkx()
    for one in ("out", "in"):
        for other in ("out", "in"):
            for column, weight in (("degree", None), ("strength", "strength")):
                wanted = nx.degree_pearson_correlation_coefficient(
                    graph, x=one, y=other, weight=weight
                )
                assert found.loc[f"{one}-{other}", column] == pytest.approx(wanted, abs=1e-7)
    pairs = made.symmetrised("sum")
    wanted = nx.degree_assortativity_coefficient(pairs.to_networkx())
    assert assortativity(pairs).loc["all", "degree"] == pytest.approx(wanted, abs=1e-7)
    igraph = pytest.importorskip("igraph")
    links = made.flows.nonzero()
    peer = igraph.Graph(
        n=30, edges=list(zip(*(e.tolist() for e in links), strict=True)), directed=True
    )
    assert found.loc["out-in", "degree"] == pytest.approx(peer.assortativity_degree(), abs=1e-7)


def test_assortativity_that_does_not_exist():
    ring = network(nx.to_numpy_array(nx.cycle_graph(5)))
    assert assortativity(ring).isna().all(axis=None)
    assert assortativity(network(np.zeros((3, 3)))).isna().all(axis=None)


def test_transposing_swaps_the_kinds(make_network):
    made = make_network(5)
    here, there = assortativity(made), assortativity(made.transposed())
    for one, other in (("out-in", "out-in"), ("out-out", "in-in"), ("in-out", "in-out")):
        np.testing.assert_allclose(here.loc[one], there.loc[other], rtol=EXACT)


def test_bad_input(make_network):
    for function in (small_world, rich_club):
        with pytest.raises(ConfigError, match="nulls"):
            function(make_network(1), nulls=0)
        with pytest.raises(EstimationError, match="rewired"):
            function(network(np.zeros((3, 3))))
