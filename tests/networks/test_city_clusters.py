"""Rank-size slopes, primacy, polycentricity and openness by hand and by simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats

from networks import (
    LinkageNetwork,
    cluster_structure,
    functional_polycentricity,
    openness,
    primacy,
    rank_size,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError

EXACT = 1e-9  # sums of the same terms in another order


def network(values, directed=True):
    values = np.asarray(values, dtype=float)
    ids = pd.Index([f"c{number}" for number in range(len(values))])
    return LinkageNetwork(ids, sparse.csr_array(values), directed)


@given(seed=st.integers(0, 10_000), shift=st.sampled_from([0.0, 0.5]))
def test_rank_size_is_a_regression(seed, shift):
    sizes = pd.Series(np.random.default_rng(seed).pareto(1.2, 25) + 1)
    found = rank_size(sizes, shift=shift)
    ranked = np.sort(sizes)[::-1]
    line = stats.linregress(np.log(ranked), np.log(np.arange(1, 26) - shift))
    assert found.exponent == pytest.approx(-line.slope, rel=EXACT)
    assert found.intercept == pytest.approx(line.intercept, rel=EXACT)
    assert found.r_squared == pytest.approx(line.rvalue**2, rel=EXACT)
    assert found.std_error == pytest.approx(found.exponent * np.sqrt(2 / 25), rel=EXACT)


def test_the_shift_takes_the_bias_off():
    rng = np.random.default_rng(1)
    draws = [pd.Series((1 - rng.random(60)) ** -1.0) for _ in range(400)]
    plain = np.mean([rank_size(draw, shift=0.0).exponent for draw in draws])
    corrected = np.array([rank_size(draw).exponent for draw in draws])
    assert abs(corrected.mean() - 1.0) < abs(plain - 1.0) / 2
    stated = np.mean([rank_size(draw).std_error for draw in draws])
    assert corrected.std() == pytest.approx(stated, rel=0.15)


def test_zipf_exactly():
    sizes = pd.Series(100 / np.arange(1, 12), name="people")
    assert rank_size(sizes, shift=0.0).exponent == pytest.approx(1.0)
    found = primacy(sizes)
    assert found["two_city"] == pytest.approx(2.0)
    assert found["four_city"] == pytest.approx(1 / (1 / 2 + 1 / 3 + 1 / 4))
    assert found["eleven_city"] == pytest.approx(2 / (1 / np.arange(2, 12)).sum())
    assert primacy(sizes.head(3)).isna().tolist() == [False, True, True]
    assert rank_size(sizes, top=4).n_cities == 4


def test_functional_polycentricity_by_hand():
    even = np.ones((4, 4)) - np.eye(4)
    assert functional_polycentricity(network(even, directed=False)) == 1.0
    star = np.zeros((4, 4))
    star[0, 1:] = star[1:, 0] = 1.0
    spread = np.std([3, 1, 1, 1]) / 1.5
    assert functional_polycentricity(network(star, directed=False)) == pytest.approx(
        (1 - spread) * 0.5
    )
    assert np.isnan(functional_polycentricity(network(np.zeros((3, 3)))))


def test_openness_by_hand():
    made = network([[0, 5, 1, 0], [2, 0, 0, 0], [3, 0, 0, 4], [0, 0, 0, 0]])
    groups = pd.Series({"c3": "b", "c0": "a", "c1": "a", "c2": "b"})
    found = openness(made, groups)
    assert found.loc["a"].tolist() == pytest.approx([2, 7, 4, -3 / 11])
    assert found.loc["b"].tolist() == pytest.approx([2, 4, 4, 0.0])
    assert found.loc["all"].tolist() == pytest.approx([4, 11, 4, -7 / 15])
    pairs = openness(made.symmetrised("sum"), groups)
    np.testing.assert_allclose(pairs, found, rtol=EXACT)


def test_structure_of_a_cluster(make_network):
    made = make_network(1, n=12, density=0.5)
    sizes = pd.Series(np.arange(1.0, 13), index=made.cities, name="people")
    found = cluster_structure(made, sizes.sample(frac=1, random_state=1)).tidy()["value"]
    assert found["two_city"] == pytest.approx(12 / 11)
    assert found["rank_size_exponent"] == rank_size(sizes).exponent
    assert found["rank_size_exponent_top"] == rank_size(sizes, top=4).exponent
    assert found["functional_polycentricity"] == functional_polycentricity(made)
    assert found["evenness"] == pytest.approx(1 - sizes.std(ddof=0) / (6.5 * np.sqrt(11)))


def test_bad_input(make_network):
    made = make_network(1)
    with pytest.raises(EstimationError, match="negative for 1"):
        rank_size(pd.Series([3.0, -1.0, 2.0, 1.0]))
    with pytest.raises(EstimationError, match="different size"):
        rank_size(pd.Series([2.0, 2.0, 2.0]))
    with pytest.raises(ConfigError, match="top"):
        rank_size(pd.Series([3.0, 2.0, 1.0]), top=2)
    with pytest.raises(ConfigError, match="shift"):
        rank_size(pd.Series([3.0, 2.0, 1.0]), shift=1.0)
    with pytest.raises(AlignmentError, match="groups"):
        openness(made, pd.Series(1, index=made.cities[1:]))
    with pytest.raises(EstimationError, match="No group"):
        openness(made, pd.Series([np.nan, *[1] * 11], index=made.cities))
