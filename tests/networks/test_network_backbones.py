"""Row-mean and disparity backbones: worked example, brute force, laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, disparity_backbone, row_mean_backbone
from networks.backbones import disparity_p_values
from spatial.errors import ConfigError

PRINTED = 5e-4  # the worked example is printed to three decimals
EXACT = 1e-12  # powers of the same numbers

BACKBONES = [row_mean_backbone, disparity_backbone]


def network(values, directed=True):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


def test_disparity_worked_example():
    """Published p-values; the example has self-loops, so the function on matrices is asked."""
    values = np.array([[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 1], [1, 1, 0, 1]], dtype=float)
    flows = sparse.csr_array(values)
    found = np.ones((4, 4))
    found[flows.tocoo().coords] = disparity_p_values(flows)
    wanted = [
        [0.444, 1, 0.444, 0.444],
        [1, 0.5, 1, 1],
        [0.444, 1, 1, 0.444],
        [0.444, 0.444, 1, 0.444],
    ]
    np.testing.assert_allclose(found, wanted, atol=PRINTED)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000), directed=st.booleans(), ends=st.sampled_from(["either", "both"])
)
def test_disparity_brute_force(make_network, seed, directed, ends):
    made = make_network(seed, n=8, directed=directed)
    values = made.flows.toarray()
    result = disparity_backbone(made, alpha=0.3, ends=ends)
    for row in result.table.itertuples(index=False):
        i, j = made.cities.get_loc(row.origin), made.cities.get_loc(row.destination)
        sent = (1 - values[i, j] / values[i].sum()) ** (np.count_nonzero(values[i]) - 1)
        received = (1 - values[i, j] / values[:, j].sum()) ** (np.count_nonzero(values[:, j]) - 1)
        wanted = min(sent, received) if ends == "either" else max(sent, received)
        assert row.p_value == pytest.approx(wanted, abs=EXACT)
        assert row.kept == (row.p_value < 0.3)


def test_the_only_link_of_a_city_has_p_one_at_that_end():
    pair = disparity_backbone(network([[0, 5], [5, 0]], directed=False), alpha=1.0)
    assert pair.table["p_value"].tolist() == [1.0]
    assert pair.n_links == 0
    assert list(pair.network.isolates) == ["c0", "c1"]


def test_row_mean_by_hand():
    values = [[0, 6, 2, 1], [3, 0, 3, 3], [0, 0, 0, 4], [0, 0, 0, 0]]
    result = row_mean_backbone(network(values))
    # Means of the rows over three others: 3, 3, 4/3, 0.
    assert result.network.flows.toarray().tolist() == [
        [0, 6, 0, 0],
        [3, 0, 3, 3],
        [0, 0, 0, 4],
        [0, 0, 0, 0],
    ]
    table = result.table.set_index(["origin", "destination"])
    assert table.loc[("c0", "c2"), "threshold"] == 3
    assert table.loc[("c0", "c1"), "score"] == 2
    strict = row_mean_backbone(network(values), strict=True)
    assert np.count_nonzero(strict.network.flows.toarray()[1]) == 0
    lower = row_mean_backbone(network(values), divisor="n")  # means 9/4, 9/4, 1, 0
    assert lower.table["threshold"].tolist() == [2.25] * 6 + [1.0]


def test_equal_flows_stay_whatever_their_rounding():
    values = np.full((4, 4), 0.1)
    np.fill_diagonal(values, 0.0)
    assert row_mean_backbone(network(values)).share_of_links == 1.0


def test_undirected_pairs_ask_either_end_or_both():
    values = np.array([[0, 9, 2], [9, 0, 1], [2, 1, 0]], dtype=float)  # means 5.5, 5, 1.5
    either = row_mean_backbone(network(values, directed=False))
    both = row_mean_backbone(network(values, directed=False), ends="both")
    assert either.table["kept"].tolist() == [True, True, False]
    assert both.table["kept"].tolist() == [True, False, False]
    assert both.table["threshold"].tolist() == [5.5, 5.5, 5.0]


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("directed", [True, False])
def test_isolates_and_labels_are_kept(make_network, backbone, directed):
    made = make_network(5, density=0.1, directed=directed)
    result = backbone(made)
    assert result.network.cities.equals(made.cities)
    assert result.network.directed == directed
    assert len(result.table) == made.n_links
    assert result.n_links == result.network.n_links
    assert set(made.isolates) <= set(result.network.isolates)
    assert result.configuration.function == backbone.__name__
    assert result.tidy()["flow"].is_monotonic_decreasing
    summary = result.summary()
    assert summary["share_of_flow"] == pytest.approx(result.network.total_flow / made.total_flow)
    assert 0 <= summary["share_of_cities"] <= 1


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_network_without_links(backbone):
    result = backbone(network(np.zeros((3, 3))))
    assert result.n_links == 0
    assert np.isnan(result.share_of_links)
    assert np.isnan(result.share_of_flow)
    assert np.isnan(result.share_of_cities)


@pytest.mark.parametrize("backbone", BACKBONES)
@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6))
def test_scaling_flows_changes_no_score(make_network, backbone, seed, factor):
    made = make_network(seed)
    larger = LinkageNetwork(made.cities, made.flows * factor, True)
    one, other = backbone(made).table, backbone(larger).table
    score = "p_value" if "p_value" in one else "score"
    np.testing.assert_allclose(one[score], other[score], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backbone", BACKBONES)
@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_relabelling_permutes(make_network, backbone, seed, directed):
    made = make_network(seed, directed=directed)
    order = made.cities[np.random.default_rng(seed).permutation(made.n)]
    moved = backbone(made.reordered(order)).network.reordered(made.cities)
    assert np.array_equal(moved.flows.toarray(), backbone(made).network.flows.toarray())


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_disparity_of_the_transpose_is_the_transpose(make_network, seed):
    made = make_network(seed)
    turned = disparity_backbone(made.transposed(), alpha=0.2).network
    straight = disparity_backbone(made, alpha=0.2).network
    assert np.array_equal(turned.flows.toarray(), straight.flows.toarray().T)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_every_sender_keeps_its_strongest_link(make_network, seed):
    made = make_network(seed)
    kept = row_mean_backbone(made).network.flows.toarray()
    values = made.flows.toarray()
    senders = values.sum(axis=1) > 0
    assert (kept[senders].max(axis=1) == values[senders].max(axis=1)).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_a_higher_alpha_keeps_no_less(make_network, seed):
    made = make_network(seed)
    few = disparity_backbone(made, alpha=0.05).table["kept"]
    many = disparity_backbone(made, alpha=0.5).table["kept"]
    assert (many | ~few).all()


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.5])
def test_alpha_out_of_range(make_network, alpha):
    with pytest.raises(ConfigError, match="alpha"):
        disparity_backbone(make_network(1), alpha=alpha)


def test_unknown_options(make_network):
    with pytest.raises(ConfigError, match="divisor='n-2' is not known"):
        row_mean_backbone(make_network(1), divisor="n-2")
    with pytest.raises(ConfigError, match="use one of 'either', 'both'"):
        disparity_backbone(make_network(1), ends="one")
