"""Removal curves against networkx step by step, and closed forms of stars and circles."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, robustness, vulnerability
from spatial.errors import AlignmentError, ConfigError, EstimationError


def star(n=6):
    values = np.zeros((n, n))
    values[0, 1:] = values[1:, 0] = 1.0
    ids = pd.Index([f"c{number}" for number in range(n)])
    return LinkageNetwork(ids, sparse.csr_array(values), False)


def components(graph):
    sizes = sorted((len(part) for part in nx.connected_components(graph)), reverse=True)
    return [*sizes, 0, 0][:2]


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), directed=st.booleans(), density=st.floats(0.03, 0.3))
def test_components_step_by_step(make_network, seed, directed, density):
    network = make_network(seed, n=15, density=density, directed=directed)
    if network.n_links == 0:
        return
    order = list(np.random.default_rng(seed).permutation(network.cities.to_numpy()))
    found = robustness(network, order=order)
    graph = nx.Graph(network.to_networkx().to_undirected())
    for step, row in enumerate(found.curve.itertuples(index=False)):
        largest, second = components(graph)
        assert row.giant_component == pytest.approx(largest / 15)
        assert row.second_component == pytest.approx(second / 15)
        if step < 15:
            graph.remove_node(order[step])
    assert found.r_index == pytest.approx(found.curve["giant_component"].iloc[1:].sum() / 15)


def test_a_star_falls_with_its_hub():
    found = robustness(star(), order="degree", efficiency_points=7)
    assert found.removed[0] == "c0"
    assert found.curve["giant_component"].tolist() == pytest.approx([1, *[1 / 6] * 5, 0])
    assert found.r_index == pytest.approx(5 / 36)
    assert found.critical_share == pytest.approx(1 / 6)
    assert found.curve["efficiency"].tolist() == [1.0] + [0.0] * 6
    assert found.efficiency_area == pytest.approx(1 / 12)


def test_listed_cities_and_then_stop():
    found = robustness(star(), order=["c3", "c1"])
    assert found.removed == ("c3", "c1")
    assert found.curve["giant_component"].tolist() == pytest.approx([1, 5 / 6, 4 / 6])
    assert np.isnan(found.critical_share)
    assert found.configuration.options["order"] == "listed"


@pytest.mark.parametrize("order", ["degree", "strength", "betweenness"])
@pytest.mark.parametrize("recalculated", [True, False])
def test_most_central_first(make_network, order, recalculated):
    network = make_network(3, n=14, density=0.25, directed=False)
    found = robustness(network, order=order, recalculated=recalculated)
    graph = network.to_networkx()
    for *_, data in graph.edges(data=True):
        data["cost"] = 1.0 / data["strength"]
    measure = {
        "degree": lambda: dict(graph.degree()),
        "strength": lambda: dict(graph.degree(weight="strength")),
        "betweenness": lambda: nx.betweenness_centrality(graph, weight="cost"),
    }[order]
    wanted, ranking = [], measure()
    while graph:
        if recalculated:
            ranking = measure()
        city = min(graph, key=lambda node: (-round(ranking[node], 10), node))
        wanted.append(city)
        graph.remove_node(city)
    assert list(found.removed) == wanted


def test_random_orders_give_bands_and_repeat(make_network):
    network = make_network(4, n=20, density=0.2)
    one = robustness(network, order="random", replications=30, rng=1)
    again = robustness(network, order="random", replications=30, rng=one.configuration.seed)
    pd.testing.assert_frame_equal(one.curve, again.curve)
    curve = one.curve
    assert (curve["giant_low"] <= curve["giant_component"] + 1e-12).all()
    assert (curve["giant_component"] <= curve["giant_high"] + 1e-12).all()
    assert one.removed == ()
    targeted = robustness(network, order="degree")
    assert targeted.r_index < one.r_index


@pytest.mark.parametrize("seed", range(4))
def test_aimed_removal_leaves_less_than_chance(make_network, seed):
    network = make_network(seed, n=40, density=0.07, directed=False)
    chance = robustness(network, order="random", replications=40, rng=seed).r_index
    for order in ("degree", "betweenness"):
        assert robustness(network, order=order).r_index < chance
        assert robustness(network, order=order, recalculated=True).r_index < chance


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_order_of_cities_does_not_matter(make_network, seed):
    network = make_network(seed, density=0.3, counts=True)
    if network.n_links == 0:
        return
    turned = network.reordered(network.cities[::-1])
    for order in ("degree", "strength", "betweenness"):
        assert robustness(turned, order=order).removed == robustness(network, order=order).removed


def test_efficiency_against_networkx(make_network):
    network = make_network(6, n=12, density=0.3, directed=False)
    found = robustness(network, order="degree", efficiency_points=13)
    graph = network.to_networkx()
    whole, pairs = nx.global_efficiency(graph), 12 * 11
    for step, value in enumerate(found.curve["efficiency"]):
        left = graph.number_of_nodes()
        wanted = nx.global_efficiency(graph) * left * (left - 1) / pairs / whole if left else 0.0
        assert value == pytest.approx(wanted)
        if step < 12:
            graph.remove_node(found.removed[step])
    few = robustness(network, order="degree", efficiency_points=3).curve["efficiency"]
    assert few.notna().sum() == 3


def test_vulnerability_against_networkx(make_network):
    network = make_network(7, n=12, density=0.3, directed=False)
    graph = network.to_networkx()
    whole = nx.global_efficiency(graph)
    found = vulnerability(network)
    for city in network.cities:
        rest = graph.copy()
        rest.remove_node(city)
        assert found[city] == pytest.approx((whole - nx.global_efficiency(rest)) / whole)


def test_bad_input(make_network):
    network = make_network(1)
    with pytest.raises(AlignmentError, match="'nowhere'"):
        robustness(network, order=["nowhere"])
    with pytest.raises(AlignmentError, match="more than once"):
        robustness(network, order=[network.cities[0]] * 2)
    with pytest.raises(ConfigError, match="order='size' is not known"):
        robustness(network, order="size")
    with pytest.raises(ConfigError, match="replications"):
        robustness(network, replications=0)
    empty = LinkageNetwork(pd.RangeIndex(3), sparse.csr_array((3, 3)), True)
    for function in (robustness, vulnerability):
        with pytest.raises(EstimationError, match="no link"):
            function(empty)
