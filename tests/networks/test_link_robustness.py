"""Removal of links against networkx step by step, and closed forms."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, link_robustness, robustness
from spatial.errors import AlignmentError, ConfigError, EstimationError


def path_of(strengths):
    """A - B - C - ... with the given strengths."""
    n = len(strengths) + 1
    values = np.diag(np.asarray(strengths, dtype=float), 1)
    ids = pd.Index([chr(65 + number) for number in range(n)])
    return LinkageNetwork(ids, sparse.csr_array(values + values.T), False)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    directed=st.booleans(),
    order=st.sampled_from(["strongest", "weakest", "listed"]),
)
def test_step_by_step(make_network, seed, directed, order):
    network = make_network(seed, n=11, density=0.2, directed=directed)
    if network.n_links == 0:
        return
    links = network.to_frame()
    if order == "listed":
        shuffled = links.sample(frac=1.0, random_state=seed)
        given_order = list(zip(shuffled["origin"], shuffled["destination"], strict=True))
    found = link_robustness(
        network,
        order=given_order if order == "listed" else order,
        efficiency_points=network.n_links + 1,
    )
    flows = [network.to_matrix().loc[pair] for pair in found.removed]
    if order == "strongest":
        assert (np.diff(flows) <= 0).all()
    elif order == "weakest":
        assert (np.diff(flows) >= 0).all()
    else:
        assert list(found.removed) == given_order
    graph = network.to_networkx()
    whole = sum(
        1 / d for _, row in nx.all_pairs_shortest_path_length(graph) for d in row.values() if d
    )
    for step, row in enumerate(found.curve.itertuples(index=False)):
        parts = sorted(map(len, nx.connected_components(nx.Graph(graph.to_undirected()))))
        assert row.giant_component == pytest.approx(parts[-1] / 11)
        assert row.second_component == pytest.approx([0, *parts][-2] / 11)
        assert row.connectivity == pytest.approx(sum(s * (s - 1) for s in parts) / 110)
        lengths = nx.all_pairs_shortest_path_length(graph)
        rest = sum(1 / d for _, reached in lengths for d in reached.values() if d)
        assert row.efficiency == pytest.approx(rest / whole)
        if step < network.n_links:
            graph.remove_edge(*found.removed[step])
    assert found.curve.index[-1] == pytest.approx(1.0)


def test_a_path_breaks_at_its_strongest_link():
    found = link_robustness(path_of([1, 2, 9, 2, 1]), order="strongest")
    assert found.removed[0] == ("C", "D")
    assert found.curve["giant_component"].tolist() == pytest.approx(
        [1, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 6]
    )
    assert found.critical_share == pytest.approx(3 / 5)
    assert found.r_index == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 3 + 1 / 6) / 5)
    # Joined pairs of halves of three: 2 times 3 of 15.
    assert found.curve["connectivity"].iloc[1] == pytest.approx(6 / 15)
    weak = link_robustness(path_of([1, 2, 9, 2, 1]), order="weakest")
    assert weak.removed[:2] == (("A", "B"), ("E", "F"))


def test_listed_links_from_either_end_and_then_stop():
    found = link_robustness(path_of([1, 2, 3]), order=[("D", "C")])
    assert found.curve["giant_component"].tolist() == pytest.approx([1, 3 / 4])
    assert found.curve.index.tolist() == pytest.approx([0, 1 / 3])
    directed = LinkageNetwork(pd.Index(["A", "B"]), sparse.csr_array([[0, 1.0], [2.0, 0]]), True)
    one_way = link_robustness(directed, order=[("A", "B")])
    assert one_way.curve["giant_component"].tolist() == [1.0, 1.0]  # B still sends to A


def test_random_orders_of_links_have_bands(make_network):
    network = make_network(3, n=16, density=0.2)
    found = link_robustness(network, order="random", replications=20, efficiency_points=4, rng=5)
    again = link_robustness(
        network, order="random", replications=20, efficiency_points=4, rng=found.configuration.seed
    )
    pd.testing.assert_frame_equal(found.curve, again.curve)
    curve = found.curve
    for name, mean in (("giant", "giant_component"), ("connectivity", "connectivity")):
        assert (curve[f"{name}_low"] <= curve[mean] + 1e-12).all()
        assert (curve[mean] <= curve[f"{name}_high"] + 1e-12).all()
    assert curve["efficiency_low"].notna().sum() == 4
    assert len(found.r_indices) == 20
    assert found.r_index == pytest.approx(np.mean(found.r_indices))
    assert found.removed == ()


def test_connectivity_and_bands_of_cities(make_network):
    network = make_network(9, n=15, density=0.2)
    listed = list(network.cities[:6])
    found = robustness(network, order=listed)
    graph = nx.Graph(network.to_networkx().to_undirected())
    for value in found.curve["connectivity"]:
        sizes = [len(part) for part in nx.connected_components(graph)]
        assert value == pytest.approx(sum(s * (s - 1) for s in sizes) / (15 * 14))
        graph.remove_nodes_from(listed[:1])
        listed = listed[1:]
    random = robustness(network, order="random", replications=10, efficiency_points=3, rng=1)
    assert {"connectivity_low", "efficiency_high"} <= set(random.curve.columns)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_order_and_unit_do_not_matter(make_network, seed, directed):
    network = make_network(seed, density=0.3, counts=True, directed=directed)
    if network.n_links == 0:
        return
    turned = network.reordered(network.cities[::-1]).scaled(3.0)
    for order in ("strongest", "weakest"):
        one, other = (link_robustness(each, order=order) for each in (network, turned))
        pd.testing.assert_frame_equal(one.curve, other.curve)


def test_bad_links(make_network):
    network = path_of([1, 2])
    with pytest.raises(AlignmentError, match=r"\('A', 'C'\)"):
        link_robustness(network, order=[("A", "C")])
    with pytest.raises(AlignmentError, match=r"more than once: \('B', 'A'\)"):
        link_robustness(network, order=[("A", "B"), ("B", "A")])
    with pytest.raises(AlignmentError, match="at least one"):
        link_robustness(network, order=[])
    with pytest.raises(ConfigError, match="order='strong' is not known"):
        link_robustness(network, order="strong")
    with pytest.raises(ConfigError, match="replications"):
        link_robustness(network, replications=0)
    empty = LinkageNetwork(pd.RangeIndex(3), sparse.csr_array((3, 3)), True)
    with pytest.raises(EstimationError, match="no link"):
        link_robustness(empty)
