"""Marginal likelihood, local shares, balanced flows, salience, planarity; laws of all backbones."""

from itertools import product

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from networks import (
    LinkageNetwork,
    absolute_backbone,
    compare_backbones,
    disparity_backbone,
    dominant_flow_backbone,
    doubly_stochastic_backbone,
    lans_backbone,
    marginal_likelihood_backbone,
    noise_corrected_backbone,
    planar_backbone,
    quantile_backbone,
    row_mean_backbone,
    salience_backbone,
    spanning_tree_backbone,
    threshold_sweep,
    top_links_backbone,
)
from spatial.errors import ConfigError, EstimationError

EXACT = 1e-12  # few operations in floating point
BALANCED = 1e-8  # the balancing stops when sums are within 1e-10 of one
TAIL = 1e-9  # the incomplete beta function of scipy against its binomial tail

SIDED = {
    "row-mean": row_mean_backbone,
    "top-links": lambda network, side: top_links_backbone(network, k=2, side=side),
    "dominant-flow": dominant_flow_backbone,
}
EVEN = {
    "absolute": lambda network: absolute_backbone(network, threshold=2.0),
    "quantile": lambda network: quantile_backbone(network, quantile=0.6),
    "disparity": lambda network: disparity_backbone(network, alpha=0.3),
    "noise-corrected": noise_corrected_backbone,
    "spanning-tree": spanning_tree_backbone,
    "marginal-likelihood": lambda network: marginal_likelihood_backbone(network, alpha=0.2),
    "lans": lambda network: lans_backbone(network, alpha=0.4),
    "doubly-stochastic": lambda network: doubly_stochastic_backbone(network, floor=0.05),
    "salience": salience_backbone,
    "planar": planar_backbone,
}
ALL = {**EVEN, **{name: lambda network, f=f: f(network, side="send") for name, f in SIDED.items()}}
FREE_OF_UNIT = sorted(set(ALL) - {"absolute", "noise-corrected", "marginal-likelihood"})


def network(values, directed=True):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


def scores(backbone, column="score"):
    return backbone.table.set_index(["origin", "destination"])[column]


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_marginal_likelihood_is_the_binomial_tail(make_network, seed, directed):
    made = make_network(seed, n=8, density=0.5, directed=directed, counts=True)
    values = made.flows.toarray()
    total = values.sum() if directed else values.sum() / 2
    found = marginal_likelihood_backbone(made).table
    for row in found.itertuples(index=False):
        i, j = made.cities.get_loc(row.origin), made.cities.get_loc(row.destination)
        chance = values[i].sum() * values[:, j].sum() / total**2 / (1 if directed else 2)
        wanted = stats.binom.sf(row.flow - 1, total, min(chance, 1.0))
        assert row.p_value == pytest.approx(wanted, rel=TAIL, abs=1e-15)
        assert row.expected == pytest.approx(total * chance, rel=EXACT)


def test_marginal_likelihood_by_enumeration():
    # Three units, each choosing an ordered pair of ends by strength: out 2:1, in 2:1.
    made = network([[0, 0, 2, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
    chance = (2 / 3) * (2 / 3)
    p = sum(
        np.prod([chance if hit else 1 - chance for hit in draw])
        for draw in product([0, 1], repeat=3)
        if sum(draw) >= 2
    )
    assert scores(marginal_likelihood_backbone(made), "p_value")["c0", "c2"] == pytest.approx(p)


def test_marginal_likelihood_takes_counts():
    with pytest.raises(EstimationError, match="takes them for counts"):
        marginal_likelihood_backbone(network([[0, 0.1], [0.2, 0]]))


def test_local_shares_by_hand():
    made = network([[0, 6, 2, 2], [3, 0, 5, 0], [0, 1, 0, 4], [9, 0, 0, 0]])
    both = scores(lans_backbone(made, ends="both"), "p_value")
    either = scores(lans_backbone(made), "p_value")
    # c0 sends 6, 2, 2: a third is above each 2; c2 receives 2 and 5; c3 receives 2 and 4.
    assert both["c0", "c2"] == pytest.approx(1 / 2)
    assert either["c0", "c2"] == pytest.approx(1 / 3)
    assert either["c0", "c1"] == 0.0
    assert both["c1", "c0"] == pytest.approx(1 / 2)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000), directed=st.booleans(), ends=st.sampled_from(["either", "both"])
)
def test_local_shares_by_brute_force(make_network, seed, directed, ends):
    made = make_network(seed, n=9, density=0.5, directed=directed, counts=True)
    values = made.flows.toarray()
    choose = min if ends == "either" else max
    for (origin, destination), p in scores(lans_backbone(made, ends=ends), "p_value").items():
        i, j = made.cities.get_loc(origin), made.cities.get_loc(destination)
        sent, received = values[i][values[i] > 0], values[:, j][values[:, j] > 0]
        wanted = choose((sent > values[i, j]).mean(), (received > values[i, j]).mean())
        assert p == pytest.approx(wanted, abs=EXACT)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_balanced_flows_sum_to_one_and_keep_cross_ratios(make_network, seed, directed):
    made = make_network(seed, n=7, density=1.0, directed=directed)
    table = scores(doubly_stochastic_backbone(made)).unstack()
    balanced = table.reindex(index=made.cities, columns=made.cities).to_numpy(na_value=0.0)
    if not directed:
        balanced = balanced + balanced.T
    flows = made.flows.toarray()
    np.testing.assert_allclose(balanced.sum(axis=0), 1.0, rtol=BALANCED)
    np.testing.assert_allclose(balanced.sum(axis=1), 1.0, rtol=BALANCED)
    for matrix in (flows, balanced):
        np.testing.assert_allclose(
            matrix[0, 1] * matrix[2, 3] / (matrix[0, 3] * matrix[2, 1]),
            flows[0, 1] * flows[2, 3] / (flows[0, 3] * flows[2, 1]),
            rtol=BALANCED,
        )


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_balanced_flows_join_the_cities_and_no_more(make_network, seed, directed):
    made = make_network(seed, n=10, density=0.9, directed=directed)
    result = doubly_stochastic_backbone(made)
    joined = nx.is_strongly_connected if directed else nx.is_connected
    assert joined(result.network.to_networkx())
    kept = result.table[result.table["kept"]]
    weakest = kept["score"].min()
    assert (result.table.loc[~result.table["kept"], "score"] < weakest).all()
    graph = result.network.to_networkx()
    last = kept.loc[kept["score"] == weakest, ["origin", "destination"]]
    graph.remove_edges_from(last.itertuples(index=False, name=None))
    assert not joined(graph)


def test_flows_that_cannot_be_balanced():
    star = np.zeros((4, 4))
    star[0, 1:] = star[1:, 0] = 1.0
    with pytest.raises(EstimationError, match="want of a partner"):
        doubly_stochastic_backbone(network(star, directed=False))
    # A triangle with a tail of two: the pair at the tail's end must keep to itself.
    tail = np.zeros((5, 5))
    for i, j in [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)]:
        tail[i, j] = tail[j, i] = 1.0
    with pytest.raises(EstimationError, match="c2, c3|'c2', 'c3'"):
        doubly_stochastic_backbone(network(tail, directed=False))
    raised = doubly_stochastic_backbone(network(tail, directed=False), floor=0.1)
    assert nx.is_connected(raised.network.to_networkx())
    with pytest.raises(ConfigError, match="floor"):
        doubly_stochastic_backbone(network(tail, directed=False), floor=-1.0)


def salience_by_trees(made, ends):
    """Trees from every root by networkx, ties sharing."""
    graph = made.to_networkx()
    for *_, data in graph.edges(data=True):
        data["cost"] = 1.0 / data["strength"]
    turns = [(graph, False), (graph.reverse(), True)] if made.directed else [(graph, False)]
    found = [{}, {}]
    for (turned, back), total in zip(turns, found, strict=False):
        for root in turned:
            before, _ = nx.dijkstra_predecessor_and_distance(turned, root, weight="cost")
            for city, previous in before.items():
                for one in previous:
                    pair = (city, one) if back else (one, city)
                    key = pair if made.directed else frozenset(pair)
                    total[key] = total.get(key, 0.0) + 1 / len(previous) / made.n
    choose = max if ends == "either" or not made.directed else min
    return lambda key: choose(total.get(key, 0.0) for total in found)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000), directed=st.booleans(), ends=st.sampled_from(["either", "both"])
)
def test_salience_by_trees(make_network, seed, directed, ends):
    made = make_network(seed, n=10, density=0.4, directed=directed)
    wanted = salience_by_trees(made, ends)
    for pair, salience in scores(salience_backbone(made, ends=ends)).items():
        key = pair if directed else frozenset(pair)
        assert salience == pytest.approx(wanted(key), abs=EXACT)


def test_salience_of_ties_is_shared():
    made = network([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]], directed=False)
    found = scores(salience_backbone(made))
    assert found.tolist() == pytest.approx([0.75] * 4)  # four alike links, trees of three links


def test_salience_of_many_cities_drops_detours_rightly(make_network):
    made = make_network(3, n=90, density=0.5)
    wanted = salience_by_trees(made, "either")
    for pair, salience in scores(salience_backbone(made)).items():
        assert salience == pytest.approx(wanted(pair), abs=EXACT)


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_planar_backbone_is_the_greedy_one(make_network, seed, directed):
    made = make_network(seed, n=9, density=0.8, directed=directed)
    pairs = made.symmetrised("sum") if directed else made
    wanted = nx.Graph()
    for row in pairs.to_frame().sort_values("flow", ascending=False).itertuples(index=False):
        wanted.add_edge(row.origin, row.destination)
        if not nx.is_planar(wanted):
            wanted.remove_edge(row.origin, row.destination)
    found = planar_backbone(made).network
    assert found.directed == directed
    links = {frozenset(pair) for pair in found.to_networkx().edges}
    assert links == {frozenset(pair) for pair in wanted.edges}
    tree = spanning_tree_backbone(made).network
    assert {frozenset(pair) for pair in tree.to_networkx().edges} <= links


def test_planar_backbone_of_a_complete_network_is_full(make_network):
    made = make_network(1, n=12, density=1.0, directed=False)
    assert planar_backbone(made).n_links == 3 * (12 - 2)
    five = network(np.ones((5, 5)) - np.eye(5), directed=False)
    assert planar_backbone(five).table["kept"].tolist() == [True] * 9 + [False]


@pytest.mark.parametrize("rule", EVEN)
@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), counts=st.booleans())
def test_the_transpose_gives_the_transpose(make_network, rule, seed, counts):
    made = make_network(seed, n=8, counts=counts)
    turned = EVEN[rule](made.transposed()).network.flows.toarray()
    assert np.array_equal(turned, EVEN[rule](made).network.flows.toarray().T)


@pytest.mark.parametrize("rule", SIDED)
@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), counts=st.booleans())
def test_the_transpose_gives_the_transpose_by_the_other_side(make_network, rule, seed, counts):
    made = make_network(seed, counts=counts)
    turned = SIDED[rule](made.transposed(), side="receive").network.flows.toarray()
    assert np.array_equal(turned, SIDED[rule](made, side="send").network.flows.toarray().T)


@pytest.mark.parametrize("rule", FREE_OF_UNIT)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3), directed=st.booleans())
def test_scaling_flows_changes_no_score(make_network, rule, seed, factor, directed):
    made = make_network(seed, n=8, directed=directed)
    larger = LinkageNetwork(made.cities, made.flows * factor, directed)
    one, other = ALL[rule](made).table, ALL[rule](larger).table
    assert one["kept"].tolist() == other["kept"].tolist()
    for column in {"score", "p_value"} & set(one):
        wanted = one[column] * (factor if rule in ("spanning-tree", "planar") else 1.0)
        np.testing.assert_allclose(other[column], wanted, rtol=BALANCED, atol=EXACT)


@pytest.mark.parametrize("rule", ALL)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), directed=st.booleans(), counts=st.booleans())
def test_relabelling_permutes(make_network, rule, seed, directed, counts):
    made = make_network(seed, n=9, directed=directed, counts=counts)
    order = made.cities[np.random.default_rng(seed).permutation(made.n)]
    moved = ALL[rule](made.reordered(order)).network.reordered(made.cities)
    assert np.array_equal(moved.flows.toarray(), ALL[rule](made).network.flows.toarray())


@pytest.mark.parametrize("directed", [True, False])
def test_all_backbones_score_every_link_and_compare(make_network, directed):
    made = make_network(5, n=14, density=0.2, directed=directed, counts=True)
    found = {name: rule(made) for name, rule in ALL.items()}
    for name, backbone in found.items():
        assert backbone.method == name
        assert backbone.network.cities.equals(made.cities)
        links = backbone.network.directed and not directed
        assert len(backbone.table) == made.n_links * (2 if links else 1)
        named = backbone.table[list({"score", "p_value"} & set(backbone.table))]
        assert named.shape[1] >= 1
        assert named.notna().all(axis=None)
        assert set(made.isolates) <= set(backbone.network.isolates)
    assert compare_backbones(found).table.index.tolist() == list(ALL)


@pytest.mark.parametrize("rule", ALL)
def test_a_network_without_links(rule):
    result = ALL[rule](network(np.zeros((3, 3))))
    assert result.n_links == 0
    assert len(result.network.isolates) == 3


def test_sweep_of_salience(make_network):
    made = make_network(2, n=15, density=0.6)
    found = threshold_sweep(
        made, lambda given, bar: salience_backbone(given, threshold=bar), [0.0, 0.25, 0.5, 0.9]
    )
    assert found["links"].is_monotonic_decreasing


def test_wrong_options(make_network):
    made = make_network(1)
    for rule in (marginal_likelihood_backbone, lans_backbone):
        with pytest.raises(ConfigError, match="alpha"):
            rule(made, alpha=0.0)
    with pytest.raises(ConfigError, match="threshold"):
        salience_backbone(made, threshold=1.0)
    with pytest.raises(ConfigError, match="side='both' is not known"):
        top_links_backbone(made, side="both")
