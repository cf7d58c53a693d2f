"""DebtRank, thresholds and overload against plain loops, hand cases and networkx."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import (
    LinkageNetwork,
    cascade_sweep,
    debt_rank,
    distress_propagation,
    load_cascade,
    threshold_contagion,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError

EXACT = 1e-12


def network_of(values, names="ABCDEFGH", *, directed=True):
    values = np.asarray(values, dtype=float)
    return LinkageNetwork(pd.Index(list(names[: len(values)])), sparse.csr_array(values), directed)


def battiston(impact, start):
    """Write the update of Battiston et al. (2012) out: U, D and I, one city after the other."""
    n = len(start)
    h = list(start)
    state = ["D" if x > 0 else "U" for x in h]
    while "D" in state:
        new = [
            min(1.0, h[j] + sum(impact[i][j] * h[i] for i in range(n) if state[i] == "D"))
            for j in range(n)
        ]
        state = ["I" if state[j] in "DI" else ("D" if new[j] > 0 else "U") for j in range(n)]
        h = new
    return np.array(h)


def bardoscia(impact, start):
    before, h = np.zeros(len(start)), np.array(start)
    while (h != before).any():
        before, h = h, np.minimum(1.0, h + impact.T @ (h - before))
    return h


def test_distress_by_hand():
    # Buffers: B can lose 4, C can lose 10, A can lose 2. A owes B 2, B owes C 5, C owes A 1.
    network = network_of([[0, 2, 0], [0, 0, 5], [1, 0, 0]])
    buffer = pd.Series({"C": 10.0, "A": 2.0, "B": 4.0})
    found = distress_propagation(network, "A", buffer=buffer)
    assert found.path["B"].tolist() == [0.0, 0.5, 0.5]
    assert found.path["C"].tolist() == [0.0, 0.0, 0.25]
    assert found.table.loc["A", "emitted"] == pytest.approx(0.75)
    ranks = debt_rank(network, buffer=buffer, value=pd.Series({"A": 1.0, "B": 1.0, "C": 2.0}))
    assert ranks.table.loc["A", "debt_rank"] == pytest.approx(0.5 * 0.25 + 0.25 * 0.5)
    # B takes C half down; C's distress of 0.5 takes A a quarter down.
    assert ranks.table.loc["B", "debt_rank"] == pytest.approx(0.5 * 0.5 + 0.25 * 0.25)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), size=st.floats(0.05, 1.0), roomy=st.booleans())
def test_distress_against_loops(make_network, seed, size, roomy):
    network = make_network(seed, n=9, density=0.35)
    if network.n_links == 0:
        return
    rng = np.random.default_rng(seed)
    buffer = pd.Series(rng.uniform(0.5, 9.0, 9), index=network.cities) if roomy else None
    flows = network.to_matrix().to_numpy()
    room = buffer.to_numpy() if roomy else flows.sum(axis=0)
    impact = np.minimum(1.0, flows / np.where(room > 0, room, 1.0))
    ranks = debt_rank(network, size=size, buffer=buffer)
    value = (flows.sum(axis=0) + flows.sum(axis=1)) / (2 * flows.sum())
    for place, city in enumerate(network.cities):
        start = np.zeros(9)
        start[place] = size
        wanted = battiston(impact, start)
        once = distress_propagation(network, {city: size}, buffer=buffer)
        np.testing.assert_allclose(once.path.iloc[-1], wanted, atol=EXACT)
        row = ranks.table.loc[city]
        assert row["debt_rank"] == pytest.approx(value @ (wanted - start), abs=EXACT)
        assert row["hit"] == (np.delete(wanted, place) > 0).sum()
        assert ((once.path >= 0) & (once.path <= 1)).all(axis=None)
        assert (once.path.diff().iloc[1:] >= 0).all(axis=None)
    assert ranks.table["debt_rank"].between(0.0, 1.0).all()


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), size=st.floats(0.05, 1.0))
def test_repeated_distress_against_loops(make_network, seed, size):
    network = make_network(seed, n=9, density=0.35)
    if network.n_links == 0:
        return
    # Buffers above all that comes in: distress settles in few steps.
    flows = network.to_matrix().to_numpy()
    buffer = 1.5 * network.received + 1.0
    impact = flows / buffer.to_numpy()
    once = debt_rank(network, size=size, buffer=buffer).table
    repeats = debt_rank(network, size=size, buffer=buffer, repeated=True).table
    assert (repeats["debt_rank"] >= once["debt_rank"].reindex(repeats.index) - EXACT).all()
    city = network.cities[seed % 9]
    start = np.where(network.cities == city, size, 0.0)
    found = distress_propagation(network, {city: size}, buffer=buffer, repeated=True)
    np.testing.assert_allclose(found.path.iloc[-1], bardoscia(impact, start), atol=1e-9)


def test_distress_of_nothing_and_relabelling(make_network):
    network = make_network(5)
    zero = distress_propagation(network, pd.Series(0.0, index=network.cities))
    assert zero.total == 0.0
    assert len(zero.path) == 1
    turned = debt_rank(network.reordered(network.cities[::-1])).table
    pd.testing.assert_frame_equal(
        turned.loc[network.cities], debt_rank(network).table.loc[network.cities]
    )
    scaled = debt_rank(network.scaled(50.0)).table
    np.testing.assert_allclose(scaled["debt_rank"], debt_rank(network).table["debt_rank"])


def test_bad_distress(make_network):
    network = make_network(5)
    city = network.cities[0]
    with pytest.raises(ConfigError, match="between 0 and 1"):
        distress_propagation(network, {city: 1.5})
    with pytest.raises(ConfigError, match="size=0"):
        debt_rank(network, size=0)
    with pytest.raises(PanelError, match="buffer"):
        distress_propagation(network, city, buffer=pd.Series(-1.0, index=network.cities))
    with pytest.raises(EstimationError, match="nothing to lose"):
        debt_rank(network_of(np.zeros((3, 3))))


def watts(network, seeds, threshold, by_links):
    flows = network.to_matrix().to_numpy()
    if by_links:
        flows = (flows > 0).astype(float)
    down = {network.cities.get_loc(city) for city in seeds}
    while True:
        new = {
            i
            for i in set(range(len(flows))) - down
            if (part := flows[list(down), i].sum()) > 0
            and part >= threshold[i] * flows[:, i].sum() - 1e-12 * flows[:, i].sum()
        }
        if not new:
            return down
        down |= new


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), measure=st.sampled_from(["strength", "links"]))
def test_thresholds_against_sets(make_network, seed, measure):
    network = make_network(seed, n=14, density=0.25)
    rng = np.random.default_rng(seed)
    threshold = pd.Series(rng.uniform(0.1, 0.7, 14), index=network.cities)
    seeds = list(rng.choice(network.cities, 3, replace=False))
    found = threshold_contagion(network, seeds, threshold=threshold, measure=measure)
    wanted = watts(network, seeds, threshold.to_numpy(), measure == "links")
    assert set(np.flatnonzero(found.path.iloc[-1])) == wanted
    assert found.total == len(wanted)
    assert (found.path.diff().iloc[1:] >= 0).all(axis=None)
    tougher = threshold_contagion(network, seeds, threshold=threshold + 0.3, measure=measure)
    assert tougher.total <= found.total


def test_a_row_of_dominoes():
    network = network_of([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    found = threshold_contagion(network, "A", threshold=1.0)
    assert found.table["peak_step"].to_dict() == {"A": 0, "B": 1, "C": 2, "D": 3}
    # The last one stands on nobody, so nothing follows.
    assert threshold_contagion(network, ["D"], threshold=0.0).total == 1
    with pytest.raises(AlignmentError, match="'Z'"):
        threshold_contagion(network, "Z")
    with pytest.raises(AlignmentError, match="more than once"):
        threshold_contagion(network, ["A", "A"])
    with pytest.raises(AlignmentError, match="at least one"):
        threshold_contagion(network, [])
    with pytest.raises(ConfigError, match="threshold must be from 0 to 1"):
        threshold_contagion(network, "A", threshold=2.0)


def overloads(graph, removed, tolerance):
    """Motter and Lai with networkx, betweenness over ordered pairs."""
    load = nx.betweenness_centrality(graph, normalized=False)
    graph = graph.copy()
    graph.remove_nodes_from(removed)
    steps = dict.fromkeys(removed, 0)
    step = 0
    while graph:
        step += 1
        now = nx.betweenness_centrality(graph, normalized=False)
        over = [c for c in graph if now[c] > (1 + tolerance) * load[c] + 1e-7]
        if not over:
            break
        steps.update(dict.fromkeys(over, step))
        graph.remove_nodes_from(over)
    return steps


@settings(max_examples=10)
@given(
    seed=st.integers(0, 10_000),
    directed=st.booleans(),
    tolerance=st.sampled_from([0.0, 0.1, 0.3, 1.0]),
)
def test_cascades_against_networkx(make_network, seed, directed, tolerance):
    network = make_network(seed, n=14, density=0.2, directed=directed)
    if network.n_links == 0:
        return
    graph = network.to_networkx()
    hub = network.cities[int(np.random.default_rng(seed).integers(14))]
    wanted = overloads(graph, [hub], tolerance)
    found = load_cascade(network, hub, tolerance=tolerance)
    assert found.table["fallen_step"].dropna().astype(int).to_dict() == wanted
    left = nx.Graph(graph.to_undirected())
    whole = max(len(part) for part in nx.connected_components(left))
    left.remove_nodes_from(wanted)
    giant = max((len(part) for part in nx.connected_components(left)), default=0)
    assert found.giant_share == pytest.approx(giant / whole)
    assert found.waves["fallen"].sum() == len(wanted)
    assert found.waves["standing"].iloc[-1] == 14 - len(wanted)
    steady = load_cascade(network, hub, tolerance=1e9, count_ends=True)
    assert len(steady.waves) == 1


def test_a_circle_breaks_its_other_side():
    """Without A, paths of the circle A ... H all run the long way round."""
    n = 8
    values = np.zeros((n, n))
    for i in range(n):
        values[i, (i + 1) % n] = values[(i + 1) % n, i] = 1.0
    network = network_of(values, directed=False)
    found = load_cascade(network, "A", tolerance=0.2)
    # The middle of the remaining path B ... H carries 3 x 3 pairs in both directions: 18.
    assert found.table.loc["E", "load_at_end"] == pytest.approx(18.0)
    assert found.table.loc["E", "fallen_step"] == 1
    table = cascade_sweep(network, ["A"], tolerances=(0.2, 5.0))
    assert table.loc[5.0, "fallen"] == 0
    assert table.loc[5.0, "giant_share"] == pytest.approx(7 / 8)
    assert table.loc[0.2, "giant_share"] < 7 / 8
    with pytest.raises(ConfigError, match="tolerance=-1"):
        load_cascade(network, "A", tolerance=-1)
    with pytest.raises(EstimationError, match="no link"):
        load_cascade(network_of(np.zeros((2, 2))), "A")
    assert found.tidy().columns[0] == "step"


def test_removing_all_cities():
    network = network_of([[0, 1], [1, 0]])
    found = load_cascade(network, ["A", "B"])
    assert found.giant_share == 0.0
    assert found.waves["efficiency"].tolist() == [0.0]
