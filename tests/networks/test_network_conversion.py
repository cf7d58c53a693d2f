"""Networks through igraph and line tables and back; sums; inner flows."""

import sys
from dataclasses import replace

import igraph
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import (
    LinkageNetwork,
    centralities,
    flow_network,
    link_lines,
    network_from_igraph,
    network_to_igraph,
    robustness,
    row_mean_backbone,
)
from spatial.errors import AlignmentError, ConfigError, WeightsError

CITIES = pd.Index(["a", "b", "c"])


@pytest.mark.parametrize("directed", [True, False])
def test_igraph_round_trip(make_network, directed):
    first = make_network(3, directed=directed)
    graph = first.to_igraph()
    assert graph.is_directed() == directed
    assert graph.ecount() == first.n_links
    assert graph.strength(weights="strength", mode="out") == pytest.approx(first.sent.tolist())
    assert "weight" not in graph.es.attributes()
    again = network_from_igraph(graph)
    pd.testing.assert_frame_equal(again.to_matrix(), first.to_matrix())


def test_igraph_bad_input(monkeypatch):
    graph = igraph.Graph.Ring(3)
    with pytest.raises(WeightsError, match="vertices of the graph have no attribute 'name'"):
        network_from_igraph(graph)
    graph.vs["name"] = ["a", "b", "c"]
    with pytest.raises(WeightsError, match="edges of the graph have no attribute 'strength'"):
        network_from_igraph(graph)
    graph.es["strength"] = [1.0, None, 2.0]
    with pytest.raises(WeightsError, match=r"without the attribute 'strength': \('b', 'c'\)"):
        network_from_igraph(graph)
    doubled = igraph.Graph([(0, 1), (0, 1)])
    with pytest.raises(WeightsError, match="parallel edges"):
        network_from_igraph(doubled)
    empty = igraph.Graph(2)
    empty.vs["name"] = ["a", "b"]
    assert network_from_igraph(empty).n_links == 0
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(ConfigError, match="pip install igraph"):
        network_to_igraph(network_from_igraph(empty))


def test_lines_are_a_table_of_links_again():
    places = pd.DataFrame(
        {"longitude": [179.0, -179.0, 0.0], "latitude": [10.0, 12.0, 0.0]}, CITIES
    )
    values = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    network = LinkageNetwork(CITIES, sparse.csr_array(values), True)
    lines = link_lines(network, places)
    names = {"origin": "from_id", "destination": "to_id", "flow": "weight"}
    again = flow_network(lines, CITIES, **names)
    pd.testing.assert_frame_equal(again.to_matrix(), network.to_matrix())


def test_sum_and_scale(make_network):
    one, other = make_network(1), make_network(2)
    total = one + other
    expected = one.to_matrix() + other.to_matrix().loc[one.cities, one.cities]
    pd.testing.assert_frame_equal(total.to_matrix(), expected)
    assert total.year == one.year
    half = total.scaled(0.5, unit="half trips")
    assert half.total_flow == pytest.approx(total.total_flow / 2)
    assert half.unit == "half trips"
    pd.testing.assert_series_equal(
        total.transposed().sent, total.received, check_names=False, check_exact=False
    )


def test_sums_need_the_same_direction_unit_and_cities(make_network):
    one, other = make_network(1), make_network(2)
    with pytest.raises(WeightsError, match="directed and an undirected network cannot be added"):
        one + other.symmetrised("max")
    with pytest.raises(WeightsError, match="'trips' and in 'links' cannot be added"):
        one + other.binary()
    with pytest.raises(AlignmentError, match="do not hold the same cities"):
        one + other.subset(other.cities[:5])
    with pytest.raises(ConfigError, match="factor=-1"):
        one.scaled(-1)
    with pytest.raises(TypeError):
        one + 3


def test_inner_flows_are_kept_apart():
    rows = [("a", "a", 7.0), ("a", "b", 1.0), ("c", "c", 2.0)]
    table = pd.DataFrame(rows, columns=["origin", "destination", "flow"])
    network = flow_network(table, CITIES)
    assert network.inner.to_dict() == {"a": 7.0, "b": 0.0, "c": 2.0}
    assert network.total_flow == 1.0
    assert network.subset(pd.Index(["c", "a"])).inner.to_dict() == {"c": 2.0, "a": 7.0}
    assert (network + network).inner["a"] == 14.0
    assert network.scaled(2.0).inner["c"] == 4.0
    assert network.binary().inner is None
    assert flow_network(table.iloc[1:2], CITIES).inner is None
    assert (flow_network(table.iloc[1:2], CITIES) + network).inner["a"] == 7.0


def test_unusable_inner_flows():
    flows = sparse.csr_array((3, 3))
    with pytest.raises(WeightsError, match=r"Inner flows of 'b' are negative"):
        LinkageNetwork(CITIES, flows, True, inner=pd.Series([1.0, -1.0, 0.0], CITIES))
    with pytest.raises(AlignmentError, match="the inner flows"):
        LinkageNetwork(CITIES, flows, True, inner=pd.Series([1.0], ["a"]))


def test_inner_flows_disturb_no_measure(make_network):
    plain = make_network(8, n=10, density=0.5)
    with_inner = replace(plain, inner=pd.Series(5.0, plain.cities))
    options = {"order": "strength", "recalculated": True}
    first, second = (robustness(network, **options) for network in (plain, with_inner))
    pd.testing.assert_frame_equal(first.tidy(), second.tidy())
    kept = [row_mean_backbone(network).network for network in (plain, with_inner)]
    pd.testing.assert_frame_equal(kept[0].to_matrix(), kept[1].to_matrix())
    pd.testing.assert_frame_equal(centralities(plain).table, centralities(with_inner).table)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), directed=st.booleans(), factor=st.floats(0.01, 100.0))
def test_sums_are_sums_in_every_order(make_network, seed, directed, factor):
    one, other = (make_network(seed + k, n=8, directed=directed) for k in (0, 1))
    there, back = (one + other).to_matrix(), (other + one).reordered(one.cities).to_matrix()
    pd.testing.assert_frame_equal(there, back)
    both = (one.scaled(factor) + other.scaled(factor)).to_matrix()
    np.testing.assert_allclose(both, factor * there, rtol=1e-12)
    weights = (one + other).to_weights(reading="receive").matrix
    np.testing.assert_allclose(weights.toarray(), there.to_numpy().T)
