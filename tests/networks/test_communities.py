"""Leiden communities: planted groups, modularity by formula, free of order."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, communities, modularity
from spatial.errors import AlignmentError, ConfigError

EXACT = 1e-12  # the same sums in another order


def groups_of(result):
    return [set(part.index) for _, part in result.membership.groupby(result.membership)]


def planted(sizes, directed=False):
    """Strong links inside groups, weak ones between."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    values = np.where(group[:, None] == group, 10.0, 0.2)
    np.fill_diagonal(values, 0.0)
    ids = pd.Index([f"k{number:02d}" for number in range(len(group))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed), group


def test_planted_groups_are_found_and_numbered_by_size():
    network, group = planted([3, 6, 4])
    result = communities(network, rng=1)
    wanted = np.array([3, 1, 2])[group]
    assert result.membership.tolist() == wanted.tolist()
    assert result.sizes.to_dict() == {1: 6, 2: 4, 3: 3}
    assert result.n_communities == 3


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("resolution", [0.7, 1.0, 1.6])
def test_modularity_as_networkx_counts_it(make_network, directed, resolution):
    network = make_network(3, n=30, density=0.15, directed=directed)
    result = communities(network, resolution=resolution, rng=4)
    graph = (network.symmetrised("sum") if directed else network).to_networkx()
    wanted = nx.community.modularity(
        graph, groups_of(result), weight="strength", resolution=resolution
    )
    assert result.modularity == pytest.approx(wanted, rel=1e-9)
    assert modularity(network, result.membership, resolution=resolution) == pytest.approx(
        result.modularity, rel=1e-9
    )


def test_no_worse_than_igraph(make_network):
    igraph = pytest.importorskip("igraph")
    for seed in range(5):
        network = make_network(seed, n=60, density=0.1, directed=False)
        graph = igraph.Graph.Weighted_Adjacency(network.flows.toarray().tolist(), mode="undirected")
        theirs = graph.community_leiden(
            objective_function="modularity", weights="weight", n_iterations=-1
        ).modularity
        assert communities(network, rng=seed).modularity >= theirs - 0.005


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_the_order_of_cities_changes_nothing(make_network, seed, directed):
    network = make_network(seed, n=20, density=0.2, directed=directed)
    order = network.cities[np.random.default_rng(seed).permutation(network.n)]
    one = communities(network, rng=5)
    other = communities(network.reordered(order), rng=5)
    assert other.membership.reindex(network.cities).tolist() == one.membership.tolist()
    assert other.modularity == pytest.approx(one.modularity, rel=EXACT)


def test_the_same_seed_gives_the_same_answer(make_network):
    network = make_network(7, n=40, density=0.2)
    one = communities(network, rng=11)
    again = communities(network, rng=np.random.default_rng(0))
    repeated = communities(network, rng=again.configuration.seed)
    assert one.configuration.seed == 11
    assert repeated.membership.tolist() == again.membership.tolist()


def test_higher_resolution_gives_more_communities():
    network, _ = planted([6, 6, 6])
    few = communities(network, resolution=0.01, rng=1).n_communities
    many = communities(network, resolution=5.0, rng=1).n_communities
    assert few == 1 < many


def test_isolates_are_communities_of_one():
    values = np.zeros((5, 5))
    values[1, 3] = values[3, 1] = 2.0
    network = LinkageNetwork(pd.Index(list("edcba")), sparse.csr_array(values), False)
    result = communities(network, rng=1)
    assert result.membership.to_dict() == {"d": 1, "b": 1, "a": 2, "c": 3, "e": 4}
    assert result.sizes.tolist() == [2, 1, 1, 1]


def test_a_network_without_links():
    network = LinkageNetwork(pd.Index([1, 2, 3]), sparse.csr_array((3, 3)), True)
    result = communities(network, rng=1)
    assert result.sizes.tolist() == [1, 1, 1]
    assert np.isnan(result.modularity)


def test_ids_of_any_type_and_tidy():
    network, _ = planted([4, 3])
    numbered = LinkageNetwork(pd.RangeIndex(7), network.flows, False)
    tidy = communities(numbered, rng=1).tidy()
    assert tidy["community"].tolist() == [1, 1, 1, 1, 2, 2, 2]
    assert tidy["community_size"].tolist() == [4, 4, 4, 4, 3, 3, 3]


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_modularity_of_a_membership_ignores_its_numbers(make_network, seed):
    network = make_network(seed, directed=False)
    rng = np.random.default_rng(seed)
    membership = pd.Series(rng.integers(0, 3, network.n), network.cities)
    renamed = membership.map({0: 40, 1: 7, 2: 12}).sample(frac=1, random_state=seed)
    assert modularity(network, renamed) == pytest.approx(modularity(network, membership))


def test_bad_input(make_network):
    network = make_network(1)
    for wrong in (0.0, -1.0, np.nan):
        with pytest.raises(ConfigError, match="resolution"):
            communities(network, resolution=wrong)
    with pytest.raises(ConfigError, match="trials"):
        communities(network, trials=0)
    with pytest.raises(AlignmentError, match="membership"):
        modularity(network, pd.Series([1], index=["nowhere"]))
