"""Propagation against dense algebra and sums over walks, and the laws of linear systems."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import (
    LinkageNetwork,
    input_output_propagation,
    linear_propagation,
    recovery,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError

EXACT = 1e-10
"""Solving against summing powers: rounding only."""


def chain():
    """A sends 3 to B and 1 to C; B sends 2 to C."""
    values = np.array([[0, 3, 1], [0, 0, 2], [0, 0, 0]], dtype=float)
    return LinkageNetwork(pd.Index(["A", "B", "C"]), sparse.csr_array(values), True)


def ring():
    values = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=float)
    return LinkageNetwork(pd.Index(["A", "B", "C"]), sparse.csr_array(values), True)


def test_a_chain_by_hand():
    found = linear_propagation(chain(), "A", alpha=0.5, steps=4)
    # A hands 3/4 to B and 1/4 to C, halved; B hands all it has to C, halved.
    assert found.path.loc[1].tolist() == [0.0, 0.375, 0.125]
    assert found.path.loc[2].tolist() == [0.0, 0.0, 0.1875]
    assert found.path.loc[3].tolist() == [0.0, 0.0, 0.0]
    assert found.table["accumulated"].tolist() == pytest.approx([1.0, 0.375, 0.3125])
    assert found.table["received"].tolist() == pytest.approx([0.0, 0.375, 0.3125])
    assert found.table["emitted"].tolist() == pytest.approx([0.6875, 0.0, 0.0])
    assert found.total == pytest.approx(1.6875)
    assert found.spectral_radius == 0.0
    assert found.remaining == pytest.approx(0.0, abs=EXACT)
    assert found.table.loc["C", "peak_step"] == 2
    assert list(found.top_receivers(1).index) == ["B"]
    assert list(found.top_emitters(1).index) == ["A"]


def test_several_cities_at_once():
    one = linear_propagation(chain(), ["A", "B"])
    other = linear_propagation(chain(), pd.Series({"B": 1.0, "A": 1.0}))
    pd.testing.assert_frame_equal(one.path, other.path)
    pairs = pd.Index([("a", 1), ("b", 1)], tupleize_cols=False)
    network = LinkageNetwork(pairs, sparse.csr_array(np.array([[0.0, 1.0], [0.0, 0.0]])), True)
    assert linear_propagation(network, ("a", 1)).total == pytest.approx(1.5)


def test_received_shares_by_hand():
    found = linear_propagation(chain(), "B", alpha=0.6, transmission="received")
    # C receives 2 of its 3 from B.
    assert found.path.loc[1].tolist() == pytest.approx([0.0, 0.0, 0.4])


@settings(max_examples=10)
@given(
    seed=st.integers(0, 10_000),
    transmission=st.sampled_from(["sent", "received"]),
    alpha=st.floats(0.05, 0.9),
)
def test_sums_are_sums_over_the_path(make_network, seed, transmission, alpha):
    network = make_network(seed)
    shock = pd.Series(np.random.default_rng(seed).normal(size=12), index=network.cities)
    found = linear_propagation(network, shock, alpha=alpha, transmission=transmission, steps=600)
    np.testing.assert_allclose(found.path.sum(), found.table["accumulated"], atol=1e-9)
    lasting = linear_propagation(
        network, shock, alpha=alpha, transmission=transmission, steps=600, lasting=True
    )
    np.testing.assert_allclose(lasting.path.iloc[-1], found.table["accumulated"], atol=1e-9)
    table = found.table
    np.testing.assert_allclose(table["received"].sum(), table["emitted"].sum(), atol=1e-9)
    square = network.to_matrix().to_numpy()
    whole = square.sum(axis=1 if transmission == "sent" else 0)
    whole = np.where(whole > 0, whole, 1.0)
    share = square / (whole[:, None] if transmission == "sent" else whole[None, :])
    inverse = np.linalg.inv(np.eye(12) - alpha * share.T)
    np.testing.assert_allclose(table["accumulated"], inverse @ shock, atol=1e-9)
    np.testing.assert_allclose(table["own"], np.diag(inverse) * shock, atol=1e-9)
    assert found.spectral_radius <= alpha + EXACT
    roots = np.abs(np.linalg.eigvals(alpha * share))
    assert found.spectral_radius == pytest.approx(roots.max(), abs=1e-4)


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), factor=st.floats(-3, 3))
def test_linear_and_free_of_order_and_unit(make_network, seed, factor):
    network = make_network(seed)
    rng = np.random.default_rng(seed)
    one, two = (pd.Series(rng.normal(size=12), index=network.cities) for _ in range(2))

    def run(shock, of=network):
        return linear_propagation(of, shock, alpha=0.7)

    both = run(one + factor * two)
    np.testing.assert_allclose(both.path, run(one).path + factor * run(two).path, atol=1e-9)
    turned = run(one, network.reordered(network.cities[::-1]))
    pd.testing.assert_frame_equal(turned.path[network.cities], run(one).path)
    pd.testing.assert_frame_equal(run(one, network.scaled(1000.0)).path, run(one).path)
    assert not run(0.0 * one).path.to_numpy().any()


def test_katz_of_networkx():
    """The total of a unit shock to all is Katz centrality of shares, without the scaling."""
    network = ring() + chain().transposed()
    graph = nx.DiGraph()
    graph.add_nodes_from(network.cities)
    sent = network.sent
    for row in network.to_frame().itertuples():
        graph.add_edge(row.origin, row.destination, weight=row.flow / sent[row.origin])
    wanted = nx.katz_centrality(
        graph, alpha=0.6, beta=1.0, normalized=False, weight="weight", tol=1e-12, max_iter=5000
    )
    found = linear_propagation(network, pd.Series(1.0, index=network.cities), alpha=0.6)
    assert found.table["accumulated"].to_dict() == pytest.approx(wanted, abs=1e-8)


def test_the_spectral_condition_names_the_radius():
    with pytest.raises(EstimationError, match=r"spectral radius of the transmission is 1,"):
        linear_propagation(ring(), "A", alpha=1.0)
    pace = pd.Series({"A": 1.0, "B": 1.0, "C": 1.0})
    assert linear_propagation(ring(), "A", alpha=0.9 * pace).spectral_radius == pytest.approx(0.9)
    # Without a cycle nothing comes back, whatever alpha is.
    assert linear_propagation(chain(), "A", alpha=3.0).spectral_radius == 0.0


def test_input_output_tables():
    """Two regions by hand: the inverse of [[.8, -.3], [-.1, .6]] is [[.6, .3], [.1, .8]] / .45."""
    ids = pd.Index(["north", "south"])
    output = pd.Series({"south": 200.0, "north": 100.0})
    # Deliveries between, row sells to column: a = z / output of the buyer.
    network = LinkageNetwork(
        ids,
        sparse.csr_array(np.array([[0.0, 60.0], [10.0, 0.0]])),
        True,
        inner=pd.Series({"north": 20.0, "south": 80.0}),
    )
    found = input_output_propagation(network, "south", output)
    assert found.table["accumulated"].to_dict() == pytest.approx(
        {"north": 0.3 / 0.45, "south": 0.8 / 0.45}
    )
    ghosh = input_output_propagation(network, {"north": 1.0}, output, form="ghosh")
    allocation = np.array([[0.2, 0.6], [0.05, 0.4]])
    wanted = np.linalg.inv(np.eye(2) - allocation)[0]
    np.testing.assert_allclose(ghosh.table.loc[ids, "accumulated"], wanted, atol=EXACT)
    with pytest.raises(PanelError, match="less than what cities deliver.*'north'"):
        input_output_propagation(network, "south", output * 0.7)
    with pytest.raises(PanelError, match="no output: 'B', 'C'|less than"):
        input_output_propagation(chain(), "A", pd.Series({"A": 9.0, "B": 0.0, "C": 0.0}))


def test_recovery_without_links_is_geometric():
    pace = pd.Series({"C": 0.5, "B": 0.25, "A": 0.1})
    found = recovery(
        ring(), pd.Series(1.0, index=["A", "B", "C"]), resilience=pace, alpha=0.0, steps=60
    )
    np.testing.assert_allclose(found.path["A"], 0.9 ** np.arange(61), atol=EXACT)
    assert found.table["accumulated"].to_dict() == pytest.approx({"A": 10.0, "B": 4.0, "C": 2.0})
    # 0.9^7 = 0.478, 0.75^3 = 0.42, 0.5^1.
    assert found.table["half_time"].to_dict() == {"A": 7, "B": 3, "C": 1}
    assert found.table["received"].abs().max() < EXACT


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_more_resilience_means_less_loss(make_network, seed):
    network = make_network(seed)
    rng = np.random.default_rng(seed)
    pace = pd.Series(rng.uniform(0.3, 0.6, 12), index=network.cities)
    shock = pd.Series(rng.uniform(0, 1, 12), index=network.cities)
    weak = recovery(network, shock, resilience=pace, alpha=0.2)
    strong = recovery(network, shock, resilience=pace + 0.2, alpha=0.2)
    assert (strong.table["accumulated"] <= weak.table["accumulated"] + EXACT).all()
    matrix = np.diag(1.0 - pace.to_numpy())
    flows = network.to_matrix().to_numpy()
    inward = flows.sum(axis=0)
    matrix += 0.2 * (flows / np.where(inward > 0, inward, 1.0)).T
    np.testing.assert_allclose(
        weak.table["accumulated"], np.linalg.solve(np.eye(12) - matrix, shock), atol=1e-9
    )


def test_cities_that_never_recover():
    with pytest.raises(EstimationError, match=r"spectral radius of the transmission is 1\.15"):
        recovery(ring(), "A", resilience=0.05, alpha=0.2)
    with pytest.raises(EstimationError, match="must be below one"):
        recovery(chain(), "A", resilience=pd.Series({"A": 0.0, "B": 1.0, "C": 1.0}), alpha=0.0)


@pytest.mark.parametrize("alpha", [0.6, 0.995])
def test_sums_of_many_cities(make_network, alpha):
    """Rounds are added up, or a system is solved where they shrink slowly."""
    network = make_network(1, n=600, density=0.01)
    city = network.cities[7]
    found = linear_propagation(network, city, alpha=alpha, transmission="received")
    flows = network.to_matrix().to_numpy()
    inward = flows.sum(axis=0)
    matrix = alpha * (flows / np.where(inward > 0, inward, 1.0)).T
    wanted = np.linalg.solve(np.eye(600) - matrix, network.cities == city)
    np.testing.assert_allclose(found.table["accumulated"], wanted, atol=1e-9)


def test_paths_as_tables():
    found = linear_propagation(chain(), {"A": 2.0}, steps=3)
    table = found.tidy()
    assert list(table.columns) == ["value"]
    assert table.index.names == ["step", "city"]
    assert table.loc[(1, "B"), "value"] == pytest.approx(0.75)
    assert len(table) == 12


def test_bad_input():
    with pytest.raises(AlignmentError, match="'nowhere'"):
        linear_propagation(chain(), "nowhere")
    with pytest.raises(AlignmentError, match="not DataFrame"):
        linear_propagation(chain(), pd.DataFrame({"A": [1.0]}))
    with pytest.raises(PanelError, match="missing, infinite"):
        linear_propagation(chain(), {"A": float("nan")})
    with pytest.raises(ConfigError, match="alpha must be at least 0"):
        linear_propagation(chain(), "A", alpha=-0.1)
    with pytest.raises(ConfigError, match="from 0 to 1"):
        recovery(chain(), "A", resilience=1.2)
    with pytest.raises(ConfigError, match="not str"):
        recovery(chain(), "A", resilience="high")
    with pytest.raises(AlignmentError, match="do not hold the same cities"):
        recovery(chain(), "A", resilience=pd.Series({"A": 0.5}))
    with pytest.raises(ConfigError, match="transmission='send' is not known"):
        linear_propagation(chain(), "A", transmission="send")
    with pytest.raises(ConfigError, match="steps=0"):
        linear_propagation(chain(), "A", steps=0)
    with pytest.raises(AlignmentError, match="more than once"):
        linear_propagation(chain(), pd.Series([1.0, 1.0], index=["A", "A"]))
