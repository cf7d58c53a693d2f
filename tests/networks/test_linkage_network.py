"""The type that carries a network: checks, conversions, symmetric versions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, network_from_matrix, network_from_networkx
from spatial.errors import AlignmentError, ConfigError, WeightsError

FLOWS = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
IDS = pd.Index(["a", "b", "c"])


def network(values=FLOWS, directed=True, ids=IDS):
    return LinkageNetwork(ids, sparse.csr_array(values), directed, "trips", 2010, "three cities")


def test_counts_and_totals():
    made = network()
    assert (made.n, made.n_links, made.total_flow) == (3, 3, 6.0)
    assert network(FLOWS + FLOWS.T, directed=False).n_links == 2
    assert network(FLOWS + FLOWS.T, directed=False).total_flow == 6.0


def test_an_isolate_neither_sends_nor_receives():
    values = np.zeros((4, 4))
    values[0, 2] = 5.0
    made = network(values, ids=pd.Index(list("abcd")))
    assert list(made.isolates) == ["b", "d"]


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_unusable_flows_are_refused_by_name(wrong):
    values = FLOWS.copy()
    values[1, 2] = wrong
    with pytest.raises(WeightsError, match=r"'b'.*negative, missing or infinite"):
        network(values)


def test_self_loops_are_refused_by_name():
    with pytest.raises(WeightsError, match=r"'c'.*themselves"):
        network(FLOWS + np.diag([0.0, 0.0, 1.0]))


def test_wrong_shape_and_repeated_ids():
    with pytest.raises(WeightsError, match=r"shape \(3, 3\); 2 cities"):
        network(ids=pd.Index(["a", "b"]))
    with pytest.raises(AlignmentError, match="more than once: 'a'"):
        network(ids=pd.Index(["a", "a", "b"]))


def test_undirected_needs_symmetry_also_for_small_flows():
    with pytest.raises(WeightsError, match="both directions"):
        network(directed=False)
    with pytest.raises(WeightsError, match="both directions"):
        network(FLOWS * 1e-12, directed=False)


def test_rounding_between_directions_is_taken_out():
    values = FLOWS + FLOWS.T
    values[0, 1] *= 1.0 + 1e-14
    made = network(values, directed=False).flows.toarray()
    assert np.array_equal(made, made.T)


def test_inputs_stay_as_they_are():
    given_flows = sparse.csr_array(FLOWS)
    made = LinkageNetwork(IDS, given_flows, True)
    made.flows.data[:] = 9.0
    assert given_flows.toarray().tolist() == FLOWS.tolist()


def test_subset_and_order_follow_labels():
    moved = network().subset(pd.Index(["c", "b"]))
    assert moved.to_matrix().loc["b", "c"] == 2.0
    assert moved.n_links == 1
    with pytest.raises(AlignmentError, match="'z'"):
        network().subset(pd.Index(["z"]))
    with pytest.raises(AlignmentError, match="only in the network: 'c'"):
        network().reordered(pd.Index(["a", "b"]))


@pytest.mark.parametrize(
    ("rule", "pair_ab", "pair_bc"),
    [
        ("max", 3.0, 2.0),
        ("min", 1.0, 0.0),
        ("mean", 2.0, 1.0),
        ("sum", 4.0, 2.0),
        ("product", 3.0, 0.0),
        ("mutual", 2.0, 0.0),
    ],
)
def test_symmetrised(rule, pair_ab, pair_bc):
    made = network().symmetrised(rule)
    assert not made.directed
    table = made.to_matrix()
    assert table.loc["a", "b"] == table.loc["b", "a"] == pair_ab
    assert table.loc["b", "c"] == table.loc["c", "b"] == pair_bc
    assert rule in made.description


def test_unknown_rule_names_the_right_ones():
    with pytest.raises(ConfigError, match=r"'maxi' is not known.*nearest: 'max'.*'mutual'"):
        network().symmetrised("maxi")


def test_weights_say_the_reading():
    receive = network().to_weights(reading="receive")
    send = network().to_weights(reading="send")
    assert receive.matrix.toarray().tolist() == FLOWS.T.tolist()
    assert send.matrix.toarray().tolist() == FLOWS.tolist()
    with pytest.raises(ConfigError, match="reading"):
        network().to_weights(reading="both")


def test_binary_and_transposed():
    assert network().binary().flows.toarray().tolist() == (FLOWS > 0).astype(float).tolist()
    assert network().transposed().flows.toarray().tolist() == FLOWS.T.tolist()


def test_matrix_round_trip_in_any_order_of_columns():
    table = network().to_matrix()
    made = network_from_matrix(table[["c", "a", "b"]], description="again")
    pd.testing.assert_frame_equal(made.to_matrix(), table)
    with pytest.raises(AlignmentError, match="the columns"):
        network_from_matrix(table[["a", "b"]])


@pytest.mark.parametrize("directed", [True, False])
def test_networkx_round_trip(make_network, directed):
    first = make_network(3, directed=directed)
    graph = first.to_networkx()
    assert graph.number_of_edges() == first.n_links
    assert "weight" not in next(iter(graph.edges(data=True)))[2]
    again = network_from_networkx(graph)
    pd.testing.assert_frame_equal(again.to_matrix(), first.to_matrix())


def test_networkx_bad_input():
    import networkx as nx

    with pytest.raises(WeightsError, match="without the attribute 'strength'"):
        network_from_networkx(nx.path_graph(3))
    with pytest.raises(WeightsError, match="parallel edges"):
        network_from_networkx(nx.MultiGraph([(1, 2), (1, 2)]))
    looped = nx.Graph()
    looped.add_edge(1, 1, strength=2.0)
    with pytest.raises(WeightsError, match="themselves"):
        network_from_networkx(looped)
    assert network_from_networkx(nx.empty_graph(3)).n_links == 0


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_to_frame_holds_every_link_once(make_network, seed, directed):
    made = make_network(seed, directed=directed)
    frame = made.to_frame()
    assert len(frame) == made.n_links
    assert frame["flow"].sum() == pytest.approx(made.total_flow)
    table = made.to_matrix()
    assert all(
        table.loc[row.origin, row.destination] == row.flow for row in frame.itertuples(index=False)
    )
