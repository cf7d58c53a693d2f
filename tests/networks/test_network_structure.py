"""Whole-network measures against R sna, networkx and brute force."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, structure

REFERENCE = 1e-9  # printed with 15 digits
EXACT = 1e-9  # ratios of counts and sums


def network(values, directed=True):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


@pytest.mark.parametrize("name", ["advice", "friend"])
def test_reference_of_the_managers(managers, managers_expected, name):
    found, wanted = structure(managers[name]), managers_expected[name]
    for ours, theirs in [
        ("density", "density"),
        ("reciprocity_symmetric", "reciprocity_dyadic"),
        ("reciprocity_arc", "reciprocity_edgewise"),
        ("transitivity", "transitivity"),
        ("centralisation_in_degree", "centralization_indegree"),
        ("centralisation_betweenness", "centralization_betw"),
        ("hierarchy", "hierarchy_krackhardt"),
        ("efficiency_directed", "efficiency"),
        ("connectedness", "connectedness"),
    ]:
        assert getattr(found, ours) == pytest.approx(wanted[theirs], abs=REFERENCE), ours
    mutual, asymmetric, _ = wanted["dyad"]
    assert found.reciprocity_dyad == pytest.approx(mutual / (mutual + asymmetric), rel=REFERENCE)


def brute_force(values, directed):
    """Krackhardt's measures and path lengths, pair by pair."""
    n = len(values)
    link = values > 0
    hops = np.where(link, 1.0, np.inf)
    for middle, one, other in itertools.product(range(n), repeat=3):
        hops[one, other] = min(hops[one, other], hops[one, middle] + hops[middle, other])
    np.fill_diagonal(hops, np.inf)
    either_way = link | link.T
    joined = either_way.copy()
    for middle, one, other in itertools.product(range(n), repeat=3):
        joined[one, other] |= joined[one, middle] and joined[middle, other]
    np.fill_diagonal(joined, True)
    pairs = list(itertools.combinations(range(n), 2))
    reach = np.isfinite(hops)
    mutual = sum(reach[pair] and reach[pair[::-1]] for pair in pairs)
    linked = sum(reach[pair] or reach[pair[::-1]] for pair in pairs)
    groups = {tuple(row) for row in joined}
    sizes = [sum(group) for group in groups]
    needed = sum(size - 1 for size in sizes)
    room = sum(size * (size - 1) for size in sizes)
    finite = hops[np.isfinite(hops)]
    return {
        "connectedness": sum(joined[pair] for pair in pairs) / len(pairs),
        "hierarchy": 1 - mutual / linked if linked else np.nan,
        "efficiency_directed": 1 - (link.sum() - needed) / (room - needed)
        if room > needed
        else np.nan,
        "efficiency_undirected": 1 - (either_way.sum() / 2 - needed) / (room / 2 - needed)
        if room / 2 > needed
        else np.nan,
        "average_path_length": finite.mean() if len(finite) else np.nan,
        "diameter": finite.max() if len(finite) else np.nan,
        "efficiency_global": (1 / finite).sum() / (n * (n - 1)),
    }


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), density=st.floats(0.02, 0.6), directed=st.booleans())
def test_brute_force(make_network, seed, density, directed):
    made = make_network(seed, n=6, density=density, directed=directed)
    found = structure(made)
    for name, wanted in brute_force(made.flows.toarray(), directed).items():
        assert getattr(found, name) == pytest.approx(wanted, abs=EXACT, nan_ok=True), name


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_networkx_agrees(make_network, seed, directed):
    made = make_network(seed, n=20, density=0.12, directed=directed)
    graph = made.to_networkx()
    found = structure(made)
    assert found.density == pytest.approx(nx.density(graph))
    assert found.n_isolates == len(list(nx.isolates(graph)))
    if directed:
        assert found.reciprocity_arc == pytest.approx(nx.overall_reciprocity(graph))
        assert found.components_weak == nx.number_weakly_connected_components(graph)
        assert found.components_strong == nx.number_strongly_connected_components(graph)
    else:
        assert found.transitivity == pytest.approx(nx.transitivity(graph))
        assert found.efficiency_global == pytest.approx(nx.global_efficiency(graph))
        assert found.components_weak == nx.number_connected_components(graph)
        largest = max(nx.connected_components(graph), key=len)
        assert found.largest_component_share == pytest.approx(len(largest) / made.n)


def test_weighted_efficiency_and_reciprocity_by_hand():
    found = structure(network([[0, 4, 0], [1, 0, 2], [0, 2, 0]]))
    # Path costs: ab 1/4, ba 1, bc and cb 1/2, ac 3/4, ca 3/2.
    assert found.efficiency_weighted == pytest.approx((4 + 1 + 2 + 2 + 4 / 3 + 2 / 3) / 6 / 4)
    assert found.reciprocity_weighted == pytest.approx((1 + 1 + 2 + 2) / 9)
    assert (found.total_flow, found.mean_flow, found.n_links) == (9.0, 2.25, 4)


def test_a_star_is_central_and_a_circle_is_not():
    n = 6
    star = np.zeros((n, n))
    star[0, 1:] = star[1:, 0] = 1.0
    found = structure(network(star, directed=False))
    assert found.centralisation_out_degree == pytest.approx(1.0)
    assert found.centralisation_betweenness == pytest.approx(1.0)
    assert found.efficiency_undirected == 1.0
    circle = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    found = structure(network(circle, directed=False))
    assert found.centralisation_betweenness == pytest.approx(0.0, abs=EXACT)
    assert found.centralisation_in_degree == 0.0


def test_a_pure_hierarchy_and_a_ring():
    tree = np.zeros((4, 4))
    tree[0, 1] = tree[0, 2] = tree[1, 3] = 1.0
    assert structure(network(tree)).hierarchy == 1.0
    ring = np.roll(np.eye(4), 1, axis=1)
    assert structure(network(ring)).hierarchy == 0.0


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_network_without_links_has_no_ratios(n):
    found = structure(network(np.zeros((n, n))))
    assert found.n_isolates == n
    assert found.components_weak == n
    for name in (
        "hierarchy",
        "reciprocity_arc",
        "transitivity",
        "average_path_length",
        "mean_flow",
    ):
        assert np.isnan(getattr(found, name)), name
    if n > 1:
        assert found.density == 0.0
        assert found.connectedness == 0.0
        assert found.efficiency_global == 0.0


def test_tidy_names_every_measure(make_network):
    found = structure(make_network(1))
    tidy = found.tidy()
    assert tidy.index.name == "measure"
    assert tidy.loc["density", "value"] == found.density
    assert "configuration" not in tidy.index
    assert np.issubdtype(tidy["value"].dtype, np.floating)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
def test_laws(make_network, seed, factor):
    made = make_network(seed, counts=True)
    order = made.cities[np.random.default_rng(seed).permutation(made.n)]
    larger = LinkageNetwork(made.cities, made.flows * factor, True)
    base = structure(made).tidy()["value"]
    np.testing.assert_allclose(structure(made.reordered(order)).tidy()["value"], base, rtol=1e-9)
    scaled = structure(larger).tidy()["value"].drop(["total_flow", "mean_flow"])
    np.testing.assert_allclose(scaled, base.drop(["total_flow", "mean_flow"]), rtol=1e-9)
    turned = structure(made.transposed())
    assert turned.hierarchy == pytest.approx(base["hierarchy"], nan_ok=True)
    assert turned.centralisation_in_degree == base["centralisation_out_degree"]
