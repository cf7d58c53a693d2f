"""QAP correlation against R sna, all permutations of small networks, and its null law."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from networks import LinkageNetwork, qap_correlation
from spatial.errors import AlignmentError, ConfigError, EstimationError, WeightsError

REFERENCE = 1e-9  # printed with 15 digits
DRAWS = 0.01  # p-values of 10,000 draws against 10,000 draws
EXACT = 1e-10  # the same sums in another order


def off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


@pytest.mark.parametrize(
    ("first", "second"), [("advice", "friend"), ("advice", "report"), ("friend", "report")]
)
def test_reference_correlations(managers, managers_expected, first, second):
    found = qap_correlation(managers[first], managers[second], permutations=10, rng=1)
    wanted = managers_expected["gcor"][f"{first}_{second}"]
    assert found.correlation == pytest.approx(wanted, rel=REFERENCE)


@pytest.mark.parametrize("second", ["friend", "report"])
def test_reference_test(managers, managers_expected, second):
    wanted = managers_expected[f"qaptest_advice_{second}"]
    found = qap_correlation(managers["advice"], managers[second], permutations=9999, rng=3)
    assert found.p_greater == pytest.approx(wanted["pgreq"], abs=DRAWS)
    assert found.p_less == pytest.approx(wanted["pleeq"], abs=DRAWS)
    assert found.permuted_mean == pytest.approx(wanted["perm_mean"], abs=0.003)
    assert found.permuted_sd == pytest.approx(wanted["perm_sd"], rel=0.05)
    assert found.n_cells == 420


def all_permutations(x, y):
    n = len(x)
    return np.array(
        [
            np.corrcoef(off_diagonal(x), off_diagonal(y[np.ix_(order, order)]))[0, 1]
            for order in itertools.permutations(range(n))
        ]
    )


@pytest.mark.parametrize("density", [0.3, 0.9])
@pytest.mark.parametrize("directed", [True, False])
def test_small_networks_against_all_permutations(make_network, density, directed):
    one = make_network(21, n=6, density=0.9, directed=directed)
    other = LinkageNetwork(
        one.cities, make_network(25, n=6, density=density, directed=directed).flows, directed
    )
    x, y = one.flows.toarray(), other.flows.toarray()
    every = all_permutations(x, y)
    observed = every[0]
    found = qap_correlation(one, other, permutations=4999, rng=1)
    assert found.correlation == pytest.approx(observed, abs=EXACT)
    assert found.n_cells == (30 if directed else 15)
    slack = 4 * 0.5 / np.sqrt(4999)  # four standard errors of a share
    assert found.p_greater == pytest.approx((every >= observed - EXACT).mean(), abs=slack)
    assert found.p_less == pytest.approx((every <= observed + EXACT).mean(), abs=slack)
    assert found.p_value == pytest.approx(
        (np.abs(every) >= abs(observed) - EXACT).mean(), abs=slack
    )
    assert found.permuted_min >= every.min() - EXACT
    assert found.permuted_max <= every.max() + EXACT


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), sparse_one=st.booleans(), sparse_other=st.booleans())
def test_permuted_correlations_one_by_one(make_network, seed, sparse_one, sparse_other):
    """Gathering by cells, by rows and by the inverse permutation are the same thing."""
    one = make_network(seed, n=9, density=0.12 if sparse_one else 0.9)
    flows = make_network(seed + 1, n=9, density=0.12 if sparse_other else 0.9).flows
    other = LinkageNetwork(one.cities, flows, True)
    if one.n_links == 0 or other.n_links == 0:
        return
    found = qap_correlation(one, other, permutations=20, rng=seed)
    rng = np.random.default_rng(seed)
    x, y = one.flows.toarray(), other.flows.toarray()
    for value in found.permuted:
        order = rng.permutation(9)
        wanted = np.corrcoef(off_diagonal(x), off_diagonal(y[np.ix_(order, order)]))[0, 1]
        assert value == pytest.approx(wanted, abs=EXACT)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_missing_cells_are_left_out_in_every_permutation(seed):
    rng = np.random.default_rng(seed)
    ids = pd.Index(list("abcdefg"))
    x, y = (pd.DataFrame(rng.normal(5, 1, (7, 7)), ids, ids) for _ in range(2))
    x = x.mask(rng.random((7, 7)) < 0.15)
    y = y.mask(rng.random((7, 7)) < 0.15)
    found = qap_correlation(x, y, permutations=10, rng=seed)
    again = np.random.default_rng(seed)
    orders = [np.arange(7), *(again.permutation(7) for _ in range(10))]
    for order, value in zip(orders, [found.correlation, *found.permuted], strict=True):
        left, right = off_diagonal(x.to_numpy()), off_diagonal(y.to_numpy()[np.ix_(order, order)])
        known = ~np.isnan(left) & ~np.isnan(right)
        assert value == pytest.approx(np.corrcoef(left[known], right[known])[0, 1], abs=EXACT)
    known = ~np.isnan(off_diagonal(x.to_numpy())) & ~np.isnan(off_diagonal(y.to_numpy()))
    assert found.n_cells == known.sum()


def test_p_values_are_uniform_under_the_null():
    """Independent networks: p of 300 tests against the uniform law."""
    rng = np.random.default_rng(2024)
    ids = pd.RangeIndex(12)
    p_values = []
    for _ in range(300):
        x, y = (pd.DataFrame(rng.normal(size=(12, 12)), ids, ids) for _ in range(2))
        p_values.append(qap_correlation(x, y, permutations=199, rng=rng).p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_labels_decide_the_order(managers):
    shuffled = managers["friend"].reordered(managers["friend"].cities[::-1])
    one = qap_correlation(managers["advice"], managers["friend"], permutations=99, rng=1)
    other = qap_correlation(managers["advice"], shuffled, permutations=99, rng=1)
    assert other.correlation == one.correlation
    assert other.permuted.tolist() == one.permuted.tolist()


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), factor=st.floats(1e-3, 1e3))
def test_scaling_changes_no_p_value(make_network, seed, factor):
    one = make_network(seed, density=0.5, counts=True)
    other = LinkageNetwork(one.cities, make_network(seed + 1, counts=True).flows, True)
    larger = LinkageNetwork(one.cities, one.flows * factor, True)
    base = qap_correlation(one, other, permutations=99, rng=seed)
    scaled = qap_correlation(larger, other, permutations=99, rng=seed)
    assert (scaled.p_value, scaled.p_greater, scaled.p_less) == (
        base.p_value,
        base.p_greater,
        base.p_less,
    )


def test_a_network_agrees_with_itself(managers):
    found = qap_correlation(managers["advice"], managers["advice"], permutations=99, rng=1)
    assert found.correlation == pytest.approx(1.0)
    assert found.p_value == 0.01
    assert found.configuration.seed == 1
    tidy = found.tidy()
    assert tidy.loc["pearson correlation", "p_greater"] == 0.01
    assert "permuted" not in tidy.columns


def test_bad_input(make_network):
    one = make_network(1)
    with pytest.raises(AlignmentError, match="the second network"):
        qap_correlation(one, make_network(1, n=10))
    flat = pd.DataFrame(3.0, one.cities, one.cities)
    with pytest.raises(EstimationError, match="same value in every cell"):
        qap_correlation(one, flat)
    with pytest.raises(EstimationError, match="at least three cities"):
        qap_correlation(one.subset(one.cities[:2]), one.subset(one.cities[:2]))
    with pytest.raises(EstimationError, match="infinite"):
        qap_correlation(one, one.to_matrix().replace(0.0, np.inf))
    with pytest.raises(WeightsError, match="square labelled table"):
        qap_correlation(one, one.flows)
    with pytest.raises(AlignmentError, match="the columns of the second network"):
        qap_correlation(one, one.to_matrix().iloc[:, 1:])
    with pytest.raises(ConfigError, match="permutations"):
        qap_correlation(one, one, permutations=0)


def test_constant_apart_from_the_diagonal():
    ids = pd.RangeIndex(4)
    complete = LinkageNetwork(ids, sparse.csr_array(1.0 - np.eye(4)), False)
    varied = pd.DataFrame(np.arange(16.0).reshape(4, 4), ids, ids)
    with pytest.raises(EstimationError, match="same value"):
        qap_correlation(complete, varied)
