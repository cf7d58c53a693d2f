"""Thresholds, strongest links, spanning trees, dominant flows and the noise correction."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import (
    LinkageNetwork,
    absolute_backbone,
    compare_backbones,
    disparity_backbone,
    dominant_flow_backbone,
    noise_corrected_backbone,
    quantile_backbone,
    row_mean_backbone,
    spanning_tree_backbone,
    threshold_sweep,
    top_links_backbone,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError

EXACT = 1e-12  # few operations in floating point

RULES = {
    "absolute": lambda network: absolute_backbone(network, threshold=1.0),
    "quantile": lambda network: quantile_backbone(network, quantile=0.6),
    "top-links": lambda network: top_links_backbone(network, k=2),
    "spanning-tree": spanning_tree_backbone,
    "dominant-flow": dominant_flow_backbone,
    "noise-corrected": noise_corrected_backbone,
}


def network(values, directed=True):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


VALUES = [[0, 6, 2, 2], [3, 0, 5, 0], [0, 1, 0, 4], [9, 0, 0, 0]]


def kept(backbone):
    return {
        (row.origin, row.destination) for row in backbone.table.itertuples(index=False) if row.kept
    }


def test_absolute_and_quantile():
    made = network(VALUES)
    assert kept(absolute_backbone(made, threshold=5)) == {("c0", "c1"), ("c1", "c2"), ("c3", "c0")}
    assert kept(quantile_backbone(made, quantile=1.0)) == {("c3", "c0")}
    assert quantile_backbone(made, quantile=0.0).share_of_links == 1.0
    half = quantile_backbone(made, quantile=0.5)
    assert half.n_links == np.sum(made.flows.data >= np.median(made.flows.data))
    assert half.table["score"].max() == 1.0


def test_top_links_keep_ties():
    made = network(VALUES)
    assert kept(top_links_backbone(made, k=1)) == {
        ("c0", "c1"),
        ("c1", "c2"),
        ("c2", "c3"),
        ("c3", "c0"),
    }
    two = top_links_backbone(made, k=2)
    assert {("c0", "c2"), ("c0", "c3")} <= kept(two)
    scores = two.table.set_index(["origin", "destination"])["score"]
    assert scores.loc["c0"].tolist() == [1, 2, 2]


def test_top_links_of_pairs_ask_either_end_or_both():
    made = network([[0, 5, 1], [5, 0, 2], [1, 2, 0]], directed=False)
    assert kept(top_links_backbone(made, k=1)) == {("c0", "c1"), ("c1", "c2")}
    assert kept(top_links_backbone(made, k=1, ends="both")) == {("c0", "c1")}


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_spanning_tree_as_heavy_as_networkx_finds(make_network, seed, directed):
    made = make_network(seed, n=20, density=0.12, directed=directed)
    both = made.symmetrised("sum") if directed else made
    wanted = nx.maximum_spanning_tree(both.to_networkx(), weight="strength")
    found = spanning_tree_backbone(made).network
    assert found.directed == directed
    pairs = found.symmetrised("sum") if directed else found
    assert pairs.n_links == wanted.number_of_edges()
    assert pairs.total_flow == pytest.approx(wanted.size(weight="strength"), rel=EXACT)


def test_dominant_flows_go_up():
    made = network([[0, 6, 2, 2], [3, 0, 5, 0], [0, 1, 0, 4], [9, 0, 0, 0]])
    # Received: c0 12, c1 7, c2 7, c3 6.
    result = dominant_flow_backbone(made)
    assert kept(result) == {("c3", "c0")}
    sizes = pd.Series({"c1": 4.0, "c0": 3.0, "c3": 2.0, "c2": 1.0}, name="people")
    by_size = dominant_flow_backbone(made, sizes=sizes)
    assert kept(by_size) == {("c0", "c1"), ("c2", "c3"), ("c3", "c0")}
    assert by_size.configuration.options["sizes"] == "people"
    share = by_size.table.set_index(["origin", "destination"])["score"]
    assert share[("c0", "c1")] == pytest.approx(0.6)


def test_dominant_flow_of_pairs_is_directed_and_ties_go_to_the_larger():
    made = network([[0, 2, 2], [2, 0, 0], [2, 0, 0]], directed=False)
    sizes = pd.Series([1.0, 2.0, 3.0], index=made.cities)
    result = dominant_flow_backbone(made, sizes=sizes)
    assert result.network.directed
    assert kept(result) == {("c0", "c2")}


def noise_corrected_by_hand(values):
    """The steps of Coscia and Neffke, one link after the other."""
    total = values.sum()
    found = {}
    for i, j in zip(*np.nonzero(values), strict=True):
        flow, s_i, s_j = values[i, j], values[i].sum(), values[:, j].sum()
        mean = s_i * s_j / total**2
        var = (1 / total**2) * s_i * s_j * (total - s_i) * (total - s_j) / (total**2 * (total - 1))
        # Beta(a, b) with this mean and variance: a + b = mean (1 - mean) / var - 1.
        concentration = mean * (1 - mean) / var - 1
        a, b = mean * concentration, (1 - mean) * concentration
        p = (a + flow) / (a + b + total)
        kappa = total / (s_i * s_j)
        score = (kappa * flow - 1) / (kappa * flow + 1)
        d = 1 / (s_i * s_j) - total * (s_i + s_j) / (s_i * s_j) ** 2
        sd = np.sqrt(p * (1 - p) * total) * abs(2 * (kappa + flow * d) / (kappa * flow + 1) ** 2)
        found[i, j] = (score, sd)
    return found


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_noise_corrected_by_hand(make_network, seed, directed):
    made = make_network(seed, n=8, density=0.5, directed=directed, counts=True)
    result = noise_corrected_backbone(made, delta=1.28)
    wanted = noise_corrected_by_hand(made.flows.toarray())
    for row in result.table.itertuples(index=False):
        pair = made.cities.get_loc(row.origin), made.cities.get_loc(row.destination)
        assert row.score == pytest.approx(wanted[pair][0], abs=1e-9)
        assert row.sd == pytest.approx(wanted[pair][1], rel=1e-6)
        assert row.kept == (row.score > 1.28 * row.sd)


def test_noise_correction_finds_the_link_that_stands_out():
    values = np.full((6, 6), 20.0)
    np.fill_diagonal(values, 0.0)
    values[1, 4] = 90.0
    result = noise_corrected_backbone(network(values), delta=2.32)
    assert kept(result) == {("c1", "c4")}


def test_noise_correction_of_a_star_is_finite():
    values = np.zeros((4, 4))
    values[0, 1:] = [3.0, 5.0, 2.0]
    table = noise_corrected_backbone(network(values)).table
    assert np.isfinite(table[["score", "sd", "p_value"]]).all(axis=None)
    assert not table["kept"].any()


def test_shares_are_no_counts():
    with pytest.raises(EstimationError, match="takes them for counts"):
        noise_corrected_backbone(network(np.array(VALUES) / 100.0))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("directed", [True, False])
def test_labels_scores_and_isolates(make_network, rule, directed):
    made = make_network(5, density=0.15, directed=directed)
    result = RULES[rule](made)
    assert result.network.cities.equals(made.cities)
    assert result.method == rule
    assert "score" in result.table
    assert result.table["score"].notna().all()
    assert set(made.isolates) <= set(result.network.isolates)
    assert made.description in result.network.description
    assert result.network.parameters["backbone"] == rule


@pytest.mark.parametrize("rule", RULES)
def test_a_network_without_links(rule):
    result = RULES[rule](network(np.zeros((3, 3))))
    assert result.n_links == 0
    assert len(result.network.isolates) == 3


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_relabelling_permutes(make_network, rule, seed, directed):
    made = make_network(seed, directed=directed, counts=True)  # counts: many ties
    order = made.cities[np.random.default_rng(seed).permutation(made.n)]
    moved = RULES[rule](made.reordered(order)).network.reordered(made.cities)
    assert np.array_equal(moved.flows.toarray(), RULES[rule](made).network.flows.toarray())


@pytest.mark.parametrize("rule", ["absolute", "quantile", "spanning-tree", "noise-corrected"])
@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_the_transpose_gives_the_transpose(make_network, rule, seed):
    made = make_network(seed, counts=True)
    turned = RULES[rule](made.transposed()).network.flows.toarray()
    assert np.array_equal(turned, RULES[rule](made).network.flows.toarray().T)


@pytest.mark.parametrize("rule", ["quantile", "top-links", "spanning-tree", "dominant-flow"])
@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
def test_scaling_flows_keeps_the_same_links(make_network, rule, seed, factor):
    made = make_network(seed)
    larger = LinkageNetwork(made.cities, made.flows * factor, True)
    assert kept(RULES[rule](larger)) == kept(RULES[rule](made))


def test_options_out_of_range(make_network):
    made = make_network(1)
    for wrong in (-1.0, np.nan):
        with pytest.raises(ConfigError, match="threshold"):
            absolute_backbone(made, threshold=wrong)
    with pytest.raises(ConfigError, match="quantile"):
        quantile_backbone(made, quantile=1.2)
    with pytest.raises(ConfigError, match="k=0"):
        top_links_backbone(made, k=0)
    with pytest.raises(ConfigError, match="delta"):
        noise_corrected_backbone(made, delta=np.inf)
    with pytest.raises(AlignmentError, match="sizes"):
        dominant_flow_backbone(made, sizes=pd.Series([1.0]))


def test_comparison(make_network):
    made = make_network(3, n=15, density=0.5)
    backbones = {
        "mean": row_mean_backbone(made),
        "disparity": disparity_backbone(made.reordered(made.cities[::-1]), alpha=0.3),
        "everything": absolute_backbone(made, threshold=0.0),
    }
    found = compare_backbones(backbones)
    table = found.tidy()
    assert (
        table.loc["everything", ["share_of_links", "share_of_flow", "share_of_cities"]].eq(1).all()
    )
    assert table.loc["mean", "links"] == backbones["mean"].n_links
    one, other = kept(backbones["mean"]), kept(backbones["disparity"])
    assert found.jaccard.loc["mean", "disparity"] == len(one & other) / len(one | other)
    assert np.diag(found.jaccard).tolist() == [1.0, 1.0, 1.0]
    assert table.loc["everything", "density"] == made.n_links / (15 * 14)


@pytest.mark.parametrize("directed", [True, False])
def test_comparison_of_reach_and_strengths(make_network, directed):
    made = make_network(4, n=14, density=0.15, directed=directed)
    thin = absolute_backbone(made, threshold=1.2)
    found = compare_backbones({"all": absolute_backbone(made, threshold=0), "thin": thin}).table
    graph = thin.network.to_networkx().to_directed()
    reached = sum(len(nx.descendants(graph, city)) for city in graph)
    assert found.loc["thin", "reachability"] == pytest.approx(reached / (14 * 13), rel=EXACT)
    strengths = [
        pd.Series(dict(of.to_networkx().degree(weight="strength"))) for of in (made, thin.network)
    ]
    wanted = strengths[0].rank().corr(strengths[1].rank())
    assert found.loc["thin", "strength_correlation"] == pytest.approx(wanted, rel=1e-9)
    assert found.loc["all", "strength_correlation"] == pytest.approx(1.0)
    empty = absolute_backbone(made, threshold=1e9)
    profile = compare_backbones({"none": empty}).table.loc["none"]
    assert profile["reachability"] == 0.0
    assert np.isnan(profile["strength_correlation"])


def test_comparison_bad_input(make_network):
    with pytest.raises(ConfigError, match="no backbone"):
        compare_backbones({})
    one, other = row_mean_backbone(make_network(1)), row_mean_backbone(make_network(1, n=5))
    with pytest.raises(AlignmentError, match="only in one"):
        compare_backbones({"one": one, "other": other})


def test_sweep(make_network):
    made = make_network(3, n=15, density=0.5)
    found = threshold_sweep(
        made,
        lambda given_network, alpha: disparity_backbone(given_network, alpha=alpha),
        [0.05, 0.2, 1.0],
    )
    assert found.index.tolist() == [0.05, 0.2, 1.0]
    assert found["links"].is_monotonic_increasing
    with pytest.raises(ConfigError, match="values"):
        threshold_sweep(made, lambda given_network, alpha: None, [])
