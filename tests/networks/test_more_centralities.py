"""Katz, PageRank, HITS, Burt, cores, roles and city-system measures against networkx and igraph."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, centralities, communities, katz_centrality, pagerank
from networks.centrality import COLUMNS
from spatial.errors import AlignmentError, ConfigError

EXACT = 1e-9  # sums of the same terms in another order
ITERATED = 1e-7  # power iterations of the oracles stop there


def network(values, directed=True):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


def table_of(made, *measures, **options):
    return centralities(made, measures=measures, **options).table


def igraph_of(made):
    igraph = pytest.importorskip("igraph")
    rows, columns = sparse.triu(made.flows).nonzero() if not made.directed else made.flows.nonzero()
    graph = igraph.Graph(
        n=made.n, edges=list(zip(rows.tolist(), columns.tolist(), strict=True)), directed=True
    )
    if not made.directed:
        graph.to_undirected()
    values = made.flows.toarray()
    graph.es["weight"] = [values[edge.source, edge.target] for edge in graph.es]
    return graph


def series(mapping, made):
    return pd.Series(mapping).reindex(made.cities).to_numpy(dtype=float)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("solver", ["dense", "sparse"])
def test_pagerank_hits_and_katz(make_network, monkeypatch, solver, directed):
    monkeypatch.setattr("networks.prestige.DENSE_LIMIT", 100 if solver == "dense" else 5)
    n = 50
    made = make_network(3, n=n, density=6 / n, directed=directed)
    table, graph = table_of(made, "pagerank", "hits", "katz"), made.to_networkx()
    ranks = igraph_of(made).pagerank(weights="weight")
    np.testing.assert_allclose(table["pagerank"], ranks, rtol=ITERATED)
    ranks = nx.pagerank(graph, weight="strength", tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(table["pagerank"], series(ranks, made), rtol=ITERATED)
    values = made.flows.toarray()
    left, _, right = np.linalg.svd(values)
    np.testing.assert_allclose(table["hub"], np.abs(left[:, 0]), atol=ITERATED)
    np.testing.assert_allclose(table["authority"], np.abs(right[0]), atol=ITERATED)
    radius = np.abs(np.linalg.eigvals(values)).max()
    katz = np.linalg.solve(np.eye(n) - 0.85 / radius * values.T, np.ones(n))
    np.testing.assert_allclose(table["katz"], katz / np.linalg.norm(katz), rtol=ITERATED)


def test_katz_of_networkx_and_its_convergence(make_network):
    made = make_network(2, n=15)
    radius = np.abs(np.linalg.eigvals(made.flows.toarray())).max()
    for alpha in (0.3 / radius, 0.9 / radius):
        wanted = nx.katz_centrality_numpy(made.to_networkx(), alpha=alpha, weight="strength")
        np.testing.assert_allclose(
            katz_centrality(made, alpha=alpha), series(wanted, made), rtol=ITERATED
        )
    with pytest.raises(ConfigError, match="does not converge.*Take alpha below"):
        katz_centrality(made, alpha=1.01 / radius)
    with pytest.raises(ConfigError, match="attenuation"):
        katz_centrality(made, attenuation=1.0)
    with pytest.raises(ConfigError, match="positive factor"):
        katz_centrality(made, alpha=-1.0)


def test_katz_where_no_walk_returns():
    made = network([[0, 2, 0], [0, 0, 4], [0, 0, 0]])
    # alpha = 0.5 / 4: 1, 1 + 2 alpha, 1 + 4 alpha (1 + 2 alpha).
    wanted = np.array([1.0, 1.25, 1.625])
    found = katz_centrality(made, attenuation=0.5)
    np.testing.assert_allclose(found, wanted / np.linalg.norm(wanted), rtol=EXACT)


def test_pagerank_without_flows_is_even():
    np.testing.assert_allclose(pagerank(network(np.zeros((4, 4)))), 0.25)
    with pytest.raises(ConfigError, match="damping"):
        pagerank(network(np.zeros((2, 2))), damping=1.0)


def test_alike_parts_are_rated_alike_by_hits():
    pair = np.array([[0, 1.0], [1, 0]])
    table = table_of(network(np.kron(np.eye(3), pair), directed=False), "hits")
    np.testing.assert_allclose(table["hub"], 1 / np.sqrt(6))


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_structural_holes(make_network, seed, directed):
    made = make_network(seed, n=20, density=0.2, directed=directed)
    table, graph = table_of(made, "structural holes"), made.to_networkx()
    constraint = nx.constraint(graph, weight="strength")
    np.testing.assert_allclose(table["constraint"], series(constraint, made), rtol=EXACT)
    # Named nodes take the way of networkx by formula; its way by matrices (3.6 with scipy 1.17)
    # divides by the largest entry of the column instead of the row.
    size = nx.effective_size(graph, nodes=list(graph), weight="strength")
    sends = np.diff(made.flows.indptr) > 0  # networkx leaves out contacts of those who only receive
    wanted = series(size, made)[sends]
    np.testing.assert_allclose(table["effective_size"][sends], wanted, rtol=EXACT)
    by_igraph = np.array(igraph_of(made).constraint(weights="weight"))
    np.testing.assert_allclose(table["constraint"], by_igraph, rtol=EXACT)


def test_effective_size_without_strengths(make_network):
    # Borgatti's formula for links without strength: n - 2 t / n.
    made = make_network(1, n=20, density=0.3, directed=False).binary()
    table, graph = table_of(made, "structural holes"), made.to_networkx()
    np.testing.assert_allclose(
        table["effective_size"],
        series(nx.effective_size(graph, nodes=list(graph)), made),
        rtol=EXACT,
    )


def test_structural_holes_in_blocks(make_network, monkeypatch):
    made = make_network(1, n=40)
    whole = table_of(made, "structural holes")
    monkeypatch.setattr("networks.brokerage.CELLS_IN_A_BLOCK", 100)
    pd.testing.assert_frame_equal(table_of(made, "structural holes"), whole)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_k_core(make_network, seed, directed):
    made = make_network(seed, n=40, density=0.1, directed=directed)
    found = table_of(made, "k-core")["k_core"]
    assert found.tolist() == igraph_of(made).coreness(mode="all")
    assert found.tolist() == series(nx.core_number(made.to_networkx()), made).tolist()
    alike = table_of(made.binary(), "weighted k-core", "strength core")
    if not directed:
        assert alike["weighted_k_core"].tolist() == found.tolist()
    assert alike["strength_core"].tolist() == found.tolist()


def left_over(values, bar, score):
    """Cities left when those below a bar are taken off until none is."""
    inside = np.arange(len(values))
    while len(inside):
        part = values[np.ix_(inside, inside)]
        keep = score(part) >= bar
        if keep.all():
            break
        inside = inside[keep]
    return set(inside.tolist())


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_weighted_cores_by_peeling(make_network, seed, directed):
    made = make_network(seed, n=12, density=0.4, directed=directed, counts=True)
    values = made.flows.toarray()
    values = values / max(values[values > 0].min(initial=np.inf), 1) if values.any() else values
    whole = np.rint(values)
    table = table_of(made, "weighted k-core", "strength core")

    def both(part):
        return part + part.T if directed else part

    def shell(part):
        return np.rint(np.sqrt(both((part > 0) * 1.0).sum(axis=0) * both(part).sum(axis=0)))

    for bar in range(1, 12):
        wanted = left_over(whole, bar, shell)
        assert set(np.flatnonzero(table["weighted_k_core"] >= bar).tolist()) == wanted
        flows = made.flows.toarray()
        wanted = left_over(flows, bar, lambda part: both(part).sum(axis=0))
        assert set(np.flatnonzero(table["strength_core"] >= bar).tolist()) == wanted


def test_community_roles_by_hand():
    values = np.zeros((5, 5))
    for i, j, flow in [(0, 1, 4), (0, 2, 2), (1, 2, 1), (2, 3, 3), (3, 4, 5)]:
        values[i, j] = values[j, i] = flow
    made = network(values, directed=False)
    group = pd.Series(["a", "a", "a", "b", "b"], index=made.cities).sample(frac=1, random_state=1)
    table = table_of(made, "community roles", communities=group)
    assert table["participation"].tolist() == pytest.approx(
        [0.0, 0.0, 1 - 0.25 - 0.25, 1 - (3 / 8) ** 2 - (5 / 8) ** 2, 0.0]
    )
    inside = np.array([6.0, 5.0, 3.0])
    assert table["within_module_z"].iloc[:3].tolist() == pytest.approx(
        ((inside - inside.mean()) / inside.std()).tolist()
    )
    assert table["within_module_z"].iloc[3:].isna().all()  # both have 5 inside


def test_dominance_and_symmetry_by_hand():
    made = network([[0, 6, 0], [2, 0, 1], [0, 0, 0]])
    table = table_of(made, "dominance")
    total = np.array([8.0, 9.0, 1.0])
    assert table["dominance"].tolist() == pytest.approx((total / 6).tolist())
    partners = np.array([8 * 9, 8 * 8 + 1, 9]) / 6
    assert table["relative_dominance"].tolist() == pytest.approx((partners / 12).tolist())
    assert table["symmetry"].tolist() == pytest.approx([-4 / 8, 3 / 9, 1.0])


def test_recursive_centrality_and_power_by_hand():
    # A hub of a star, and a pair apart.
    values = np.zeros((6, 6))
    for i, j in [(0, 1), (0, 2), (0, 3), (4, 5)]:
        values[i, j] = values[j, i] = 1.0
    result = centralities(network(values, directed=False), measures=["recursive"])
    assert result.table["recursive_centrality"].tolist() == [3, 3, 3, 3, 1, 1]
    assert result.table["recursive_power"].tolist() == pytest.approx([3, 1 / 3, 1 / 3, 1 / 3, 1, 1])
    assert (
        result.city_types().tolist() == ["quintessential", "hub", "hub", "hub"] + ["peripheral"] * 2
    )
    with pytest.raises(ConfigError, match="recursive"):
        centralities(network(values, directed=False)).city_types()


def test_spread_by_hand():
    made = network([[0, 6, 2], [3, 0, 0], [0, 0, 0]])
    table = table_of(made, "hub dependence", "entropy")
    assert table["hub_dependence"].tolist()[:2] == [0.75, 1.0]
    assert np.isnan(table["hub_dependence"].iloc[2])
    assert table["entropy"].iloc[0] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert table["entropy"].iloc[1] == 0.0
    assert table["in_hub_dependence"].tolist() == [1.0, 1.0, 1.0]


def test_choice_of_measures(make_network):
    made = make_network(1)
    everything = centralities(made, measures="all").table
    assert list(everything) == [
        column for name, names in COLUMNS.items() if name != "community roles" for column in names
    ]
    member = communities(made, rng=1).membership
    wide = centralities(made, measures="all", communities=member).table
    assert set(wide) - set(everything) == {"participation", "within_module_z"}
    few = centralities(made, measures=["pagerank", "degree"])
    assert list(few.table) == ["pagerank", "out_degree", "in_degree", "degree"]
    assert few.configuration.options["path_cost"] == "not used"
    pd.testing.assert_frame_equal(few.table, everything[list(few.table)])
    near = centralities(made, measures=["closeness"]).table
    pd.testing.assert_frame_equal(near, everything[["closeness", "in_closeness"]])
    with pytest.raises(ConfigError, match="measures='page rank' is not known"):
        centralities(made, measures=["page rank"])
    with pytest.raises(ConfigError, match="measures is empty"):
        centralities(made, measures=[])
    with pytest.raises(ConfigError, match="community of each city"):
        centralities(made, measures=["community roles"])
    with pytest.raises(AlignmentError, match="communities"):
        centralities(made, measures="all", communities=member.iloc[1:])


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), directed=st.booleans(), factor=st.floats(1e-3, 1e3))
def test_relabelling_permutes_and_units_scale(make_network, seed, directed, factor):
    made = make_network(seed, directed=directed)
    order = made.cities[np.random.default_rng(seed).permutation(made.n)]
    member = communities(made, rng=1).membership
    one = centralities(made, measures="all", communities=member).table
    other = centralities(made.reordered(order), measures="all", communities=member).table
    pd.testing.assert_frame_equal(
        other.reindex(made.cities), one, check_dtype=False, rtol=1e-6, atol=1e-8
    )
    larger = LinkageNetwork(made.cities, made.flows * factor, directed)
    scaled = centralities(larger, measures="all", communities=member).table
    power = dict.fromkeys(
        ["out_strength", "in_strength", "strength", "closeness", "in_closeness", "strength_core"], 1
    ) | {"harmonic": 1, "in_harmonic": 1, "recursive_centrality": 2}
    for column in one:
        wanted = one[column] * factor ** power.get(column, 0)
        np.testing.assert_allclose(scaled[column], wanted, rtol=1e-6, atol=1e-8)


def test_no_links_and_one_city():
    for n in (1, 3):
        table = centralities(network(np.zeros((n, n))), measures="all").table
        assert table["k_core"].tolist() == [0] * n
        assert table["constraint"].isna().all()
        assert table["hub"].tolist() == [0.0] * n
        assert table["pagerank"].sum() == pytest.approx(1.0)
