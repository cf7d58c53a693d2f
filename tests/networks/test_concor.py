"""CONCOR against R concorR and sna, planted blocks, densities and roles by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, block_model, concor
from spatial.errors import AlignmentError, ConfigError, EstimationError

PRINTED = 1e-9  # printed with 15 digits


def same_partition(one, other):
    """Equal up to the names of the blocks."""
    table = pd.crosstab(one, other.reindex(one.index))
    return ((table > 0).sum(axis=0) == 1).all() and ((table > 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("key", "names", "splits"),
    [
        ("concor_2split_advice", ["advice"], 2),
        ("concor_1split", ["advice", "friend", "report"], 1),
        ("concor_2split", ["advice", "friend", "report"], 2),
    ],
)
def test_reference_blocks(managers, managers_expected, key, names, splits):
    found = concor([managers[name] for name in names], splits=splits).membership
    wanted = managers_expected[key]
    assert same_partition(found, pd.Series(wanted["block"], index=wanted["vertex"]))


def test_reference_densities(managers, managers_expected):
    wanted = managers_expected["blockmodel_density_advice"]
    blocks = pd.Series(wanted["block_of_vertex_1_to_21"], index=managers["advice"].cities)
    found = block_model(managers["advice"], blocks)
    np.testing.assert_allclose(found.density, wanted["density"], rtol=PRINTED)


def planted(seed, sizes=(6, 5, 7, 4)):
    """Blocks that send to different blocks, in shuffled order."""
    rng = np.random.default_rng(seed)
    pattern = np.array([[1, 0, 0, 1], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=float)
    group = rng.permutation(np.repeat(np.arange(4), sizes))
    values = pattern[group][:, group]
    np.fill_diagonal(values, 0.0)
    ids = pd.Index([f"c{number:02d}" for number in rng.permutation(len(group))])
    return LinkageNetwork(ids, sparse.csr_array(values), True), pd.Series(group, ids)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_planted_blocks_are_found_in_any_order(seed):
    network, group = planted(seed)
    found = concor(network)
    assert same_partition(found.membership, group)
    assert found.r_squared == pytest.approx(1.0)
    assert set(np.unique(found.density)) <= {0.0, 1.0}
    turned = concor(network.reordered(network.cities[::-1])).membership
    assert turned.reindex(network.cities).tolist() == found.membership.tolist()


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), diagonal=st.sampled_from(["exclude", "mean", "zero"]))
def test_order_of_cities_does_not_matter_on_noise(make_network, seed, diagonal):
    network = make_network(seed, n=14, density=0.4)
    order = network.cities[np.random.default_rng(seed).permutation(network.n)]
    one = concor(network, diagonal=diagonal)
    other = concor(network.reordered(order), diagonal=diagonal)
    assert other.membership.reindex(network.cities).tolist() == one.membership.tolist()
    pd.testing.assert_frame_equal(one.roles, other.roles)


def test_isolates_are_a_block_of_their_own():
    network, group = planted(1)
    wider = pd.Index([*network.cities, "lone 1", "lone 2"])
    flows = sparse.csr_array(sparse.block_diag([network.flows, sparse.csr_array((2, 2))]))
    found = concor(LinkageNetwork(wider, flows, True))
    assert found.membership[["lone 1", "lone 2"]].tolist() == [5, 5]
    assert found.roles.loc[5, "role"] == "isolated"
    assert same_partition(found.membership.drop(["lone 1", "lone 2"]), group)


def test_roles_by_hand():
    ids = pd.Index(list("abcdefgh"))
    blocks = pd.Series([1, 1, 2, 2, 3, 3, 4, 4], index=ids)
    values = pd.DataFrame(0.0, ids, ids)
    for sender, receiver in [
        "ab",
        "ba",
        "ac",
        "ca",
        "da",
        "cd",
        "ce",
        "cg",
        "dg",
        "dh",
        "eg",
        "fa",
        "ga",
    ]:
        values.loc[sender, receiver] = 2.5
    found = block_model(LinkageNetwork(ids, sparse.csr_array(values.to_numpy()), True), blocks)
    roles = found.roles
    assert found.links.loc[1].tolist() == [2, 1, 0, 0]
    assert roles["internal"].tolist() == [2, 1, 0, 0]
    assert roles["sent"].tolist() == [1, 6, 2, 1]
    assert roles["received"].tolist() == [4, 1, 1, 4]
    assert roles["expected_internal_share"].tolist() == [1 / 7] * 4
    # 2/3 inside and more received; 1/7 inside, as expected, and more sent; none inside twice.
    assert roles["internal_share"].tolist() == [2 / 3, 1 / 7, 0.0, 0.0]
    assert roles["role"].tolist() == [
        "net beneficiary",
        "bidirectional spillover",
        "net spillover",
        "broker",
    ]
    assert "receives 4 and sends 1 links outside" in roles.loc[4, "reason"]
    assert found.overall_density == 13 / 56
    assert found.density.loc[1, 1] == 1.0
    assert found.image.loc[2].tolist() == [1, 1, 1, 1]
    assert found.image.loc[3].tolist() == [1, 0, 0, 1]


def test_the_margin_decides_between_spillover_and_broker():
    ids = pd.Index(list("abcdef"))
    values = np.zeros((6, 6))
    values[0, 2:5] = values[1, 2:5] = 1.0
    values[2:5, 0] = 1.0
    values[5, 1] = values[4, 1] = 1.0
    network = LinkageNetwork(ids, sparse.csr_array(values), True)
    blocks = pd.Series([1, 1, 2, 2, 2, 2], index=ids)
    strict = block_model(network, blocks, margin=0.0).roles
    assert (strict.loc[1, "sent"], strict.loc[1, "received"]) == (6, 5)
    assert strict.loc[1, "role"] == "net spillover"
    assert block_model(network, blocks, margin=0.3).roles.loc[1, "role"] == "broker"


def test_a_block_that_only_receives_benefits():
    values = np.zeros((4, 4))
    values[0, 2] = values[1, 3] = values[0, 1] = 1.0
    network = LinkageNetwork(pd.Index(list("abcd")), sparse.csr_array(values), True)
    roles = block_model(network, pd.Series([1, 1, 2, 2], index=network.cities)).roles
    assert roles.loc[2, "role"] == "net beneficiary"
    assert np.isnan(roles.loc[2, "internal_share"])


def test_density_of_a_block_of_one_is_unknown():
    network, _ = planted(1)
    blocks = pd.Series(1, index=network.cities)
    blocks.iloc[0] = 2
    found = block_model(network, blocks)
    assert np.isnan(found.density.loc[2, 2])
    assert found.image.loc[2, 2] == 0


def test_alike_cities_are_not_split():
    complete = LinkageNetwork(pd.RangeIndex(5), sparse.csr_array(1.0 - np.eye(5)), False)
    assert set(concor(complete).membership) == {1}


def test_bad_input(make_network):
    network = make_network(1)
    with pytest.raises(ConfigError, match="splits"):
        concor(network, splits=0)
    with pytest.raises(ConfigError, match="margin"):
        concor(network, margin=-1.0)
    with pytest.raises(ConfigError, match="no network"):
        concor([])
    with pytest.raises(ConfigError, match="diagonal"):
        concor(network, diagonal="none")
    with pytest.raises(AlignmentError, match="a further network"):
        concor([network, make_network(1, n=5)])
    empty = LinkageNetwork(pd.RangeIndex(3), sparse.csr_array((3, 3)), True)
    with pytest.raises(EstimationError, match="0 cities have links"):
        concor(empty)
    with pytest.raises(AlignmentError, match="membership"):
        block_model(network, pd.Series([1, 2]))
