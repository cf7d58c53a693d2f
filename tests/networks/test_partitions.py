"""Louvain, directed modularity, agreement of partitions, stability and resolution sweeps."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import (
    LinkageNetwork,
    communities,
    community_stability,
    modularity,
    partition_agreement,
    resolution_sweep,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError

EXACT = 1e-9  # sums of the same terms in another order


def parts_of(membership):
    return [set(part.index) for _, part in membership.groupby(membership)]


def planted(sizes, directed=False):
    """Strong links inside groups, weak ones between."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    values = np.where(group[:, None] == group, 10.0, 0.2)
    np.fill_diagonal(values, 0.0)
    ids = pd.Index([f"k{number:02d}" for number in range(len(group))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed), group


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("resolution", [0.8, 1.0, 1.5])
def test_directed_modularity_as_networkx_counts_it(make_network, seed, resolution):
    made = make_network(seed, n=30, density=0.15)
    found = communities(made, resolution=resolution, directed=True, rng=1)
    wanted = nx.community.modularity(
        made.to_networkx(), parts_of(found.membership), weight="strength", resolution=resolution
    )
    assert found.modularity == pytest.approx(wanted, rel=EXACT)
    measured = modularity(made, found.membership, resolution=resolution, directed=True)
    assert measured == pytest.approx(wanted, rel=EXACT)
    plain = communities(made, resolution=resolution, rng=1).membership
    start = modularity(made, plain, resolution=resolution, directed=True)
    assert found.modularity >= start - EXACT


def all_partitions(n):
    """Restricted growth strings."""

    def grow(prefix, top):
        if len(prefix) == n:
            yield prefix
            return
        for code in range(top + 2):
            yield from grow([*prefix, code], max(top, code))

    yield from grow([0], 0)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("algorithm", ["leiden", "louvain"])
def test_close_to_the_best_of_all_partitions(make_network, directed, algorithm):
    gaps, partitions = [], [np.array(codes) for codes in all_partitions(7)]
    for seed in range(6):
        made = make_network(seed, n=7, density=0.5, directed=directed)
        flows = made.flows.toarray() if directed else (made.flows + made.flows.T).toarray()
        surplus = flows / flows.sum() - np.outer(flows.sum(axis=1), flows.sum(axis=0)) / (
            flows.sum() ** 2
        )
        best = max(surplus[code[:, None] == code].sum() for code in partitions)
        found = communities(made, algorithm=algorithm, directed=directed, rng=1)
        gaps.append(best - found.modularity)
    assert min(gaps) > -EXACT
    assert np.median(gaps) < EXACT
    assert max(gaps) < 0.05


def test_directions_tell_communities_apart():
    # Leicht and Newman: a ring of three groups that send to the next tells nothing without
    # directions; here all flow within groups runs both ways, so the groups are found by both.
    made, group = planted([5, 4, 6], directed=True)
    for algorithm in ("leiden", "louvain"):
        found = communities(made, directed=True, algorithm=algorithm, rng=3)
        assert partition_agreement(found.membership, pd.Series(group, made.cities))["ari"] == 1.0


def test_louvain_is_no_worse_than_that_of_networkx(make_network):
    for seed in range(4):
        made = make_network(seed, n=60, density=0.1, directed=False)
        graph = made.to_networkx()
        theirs = max(
            nx.community.modularity(
                graph,
                nx.community.louvain_communities(graph, weight="strength", seed=run),
                weight="strength",
            )
            for run in range(5)
        )
        ours = communities(made, algorithm="louvain", trials=10, rng=seed)
        assert ours.modularity > theirs - 0.01
        assert ours.configuration.options["algorithm"] == "louvain"


def test_leiden_of_real_size_is_no_worse_than_igraph(make_network):
    igraph = pytest.importorskip("igraph")
    made = make_network(1, n=300, density=0.03, directed=False)
    graph = igraph.Graph.Weighted_Adjacency(made.flows.toarray().tolist(), mode="undirected")
    theirs = max(
        graph.community_leiden(
            objective_function="modularity", weights="weight", n_iterations=-1
        ).modularity
        for _ in range(3)
    )
    assert communities(made, trials=10, rng=1).modularity > theirs - 0.005


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 30))
def test_agreement_as_igraph_counts_it(seed, n):
    igraph = pytest.importorskip("igraph")
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{number}" for number in rng.permutation(n)])
    one, other = (pd.Series(rng.integers(0, 4, n), ids) for _ in range(2))
    found = partition_agreement(one, other.sample(frac=1, random_state=seed))
    codes = [one.tolist(), other.tolist()]
    assert found["nmi"] == pytest.approx(
        igraph.compare_communities(*codes, method="nmi"), abs=EXACT
    )
    both_ways = [len(set(code)) for code in codes]
    if both_ways not in ([1, 1], [n, n]):
        wanted = igraph.compare_communities(*codes, method="adjusted_rand")
        assert found["ari"] == pytest.approx(wanted, abs=EXACT)
    assert partition_agreement(one, one.map({0: "d", 1: "c", 2: "b", 3: "a"})).tolist() == [1, 1]


def test_agreement_by_pairs():
    ids = list("abcdef")
    one, other = pd.Series([1, 1, 1, 2, 2, 2], ids), pd.Series([1, 1, 2, 2, 3, 3], ids)
    together = [
        sum(series[a] == series[b] for a, b in itertools.combinations(ids, 2))
        for series in (one, other)
    ]
    both = sum(one[a] == one[b] and other[a] == other[b] for a, b in itertools.combinations(ids, 2))
    chance = together[0] * together[1] / 15
    wanted = (both - chance) / (sum(together) / 2 - chance)
    assert partition_agreement(one, other)["ari"] == pytest.approx(wanted)


def test_stable_communities():
    made, group = planted([5, 4, 6])
    found = community_stability(made, runs=6, rng=1)
    assert (found.nmi, found.ari) == (1.0, 1.0)
    assert (found.certainty == 1.0).all()
    assert np.array_equal(found.together.to_numpy(), (group[:, None] == group) * 1.0)
    assert found.tidy().columns.tolist() == ["community", "certainty"]


def test_unstable_communities_are_told(make_network):
    made = make_network(2, n=50, density=0.2, directed=False)
    found = community_stability(made, algorithm="louvain", runs=8, rng=1)
    assert 0 < found.ari < 0.95
    assert found.certainty.between(0, 1).all()
    assert found.certainty.min() < 0.9
    assert np.allclose(np.diag(found.together), 1.0)
    again = community_stability(made, algorithm="louvain", runs=8, rng=found.configuration.seed)
    assert again.membership.equals(found.membership)


def test_sweep_finds_the_level_that_is_there():
    made, _ = planted([6, 6, 6, 6])
    found = resolution_sweep(made, [0.01, 1.0, 1.3, 30.0], runs=3, rng=1)
    assert found["communities"].tolist() == [1, 4, 4, 24]
    assert found["ari_previous"].iloc[2] == 1.0
    assert found["largest"].tolist() == pytest.approx([1.0, 0.25, 0.25, 1 / 24])
    assert found["modularity"].is_monotonic_decreasing


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_relabelling_permutes(make_network, seed, directed):
    made = make_network(seed, directed=True)
    order = made.cities[np.random.default_rng(seed).permutation(made.n)]
    one = communities(made, directed=directed, algorithm="louvain", rng=1).membership
    other = communities(made.reordered(order), directed=directed, algorithm="louvain", rng=1)
    assert other.membership.reindex(made.cities).equals(one)


def test_bad_input(make_network):
    made = make_network(1)
    with pytest.raises(ConfigError, match="algorithm='infomap' is not known"):
        communities(made, algorithm="infomap")
    with pytest.raises(ConfigError, match="runs"):
        community_stability(made, runs=1)
    with pytest.raises(ConfigError, match="resolutions"):
        resolution_sweep(made, [])
    member = pd.Series(1.0, made.cities)
    with pytest.raises(AlignmentError, match="second"):
        partition_agreement(member, member.iloc[1:])
    with pytest.raises(EstimationError, match="no community"):
        partition_agreement(member, member.where(member.index != member.index[0]))
