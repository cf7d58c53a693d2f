"""Joint patents against loops over pairs of applicants."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import copatent_network
from spatial.errors import AlignmentError, ConfigError

CITIES = pd.Index(["a", "b", "c", "d"])


def records(seed, places="abcd"):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 25))
    return pd.DataFrame(
        {"patent": rng.integers(0, 8, size), "city": rng.choice(list(places), size)}
    )


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    counting=st.sampled_from(["full", "fractional"]),
    pairs=st.sampled_from(["applicants", "cities"]),
)
def test_against_pairs_of_applicants(seed, counting, pairs):
    rows = records(seed, "abcdXY")
    found = copatent_network(rows, CITIES, counting=counting, pairs=pairs, unknown="drop")
    expected = pd.DataFrame(0.0, CITIES, CITIES)
    inner = pd.Series(0.0, CITIES)
    for _, group in rows.groupby("patent"):
        places = list(group["city"])
        if pairs == "cities":
            places = sorted(set(places))
        n = len(places)
        weight = 1.0 if counting == "full" or n < 2 else 2.0 / (n * (n - 1))
        for one, other in itertools.combinations(places, 2):
            if one not in CITIES or other not in CITIES:
                continue
            if one == other:
                inner[one] += weight
            else:
                expected.loc[one, other] += weight
                expected.loc[other, one] += weight
    np.testing.assert_allclose(found.to_matrix(), expected, atol=1e-12)
    np.testing.assert_allclose(found.inner, inner, atol=1e-12)
    assert found.parameters["unknown_records"] == rows["city"].isin(["X", "Y"]).sum()
    assert not found.directed


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_fractional_counting_gives_each_joint_patent_one(seed):
    rows = records(seed)
    found = copatent_network(rows, CITIES, counting="fractional")
    joint = (rows.groupby("patent").size() > 1).sum()
    assert found.total_flow + found.inner.sum() == pytest.approx(joint)
    assert found.parameters["joint_patents"] == joint
    again = copatent_network(
        rows.sample(frac=1, random_state=1), CITIES[::-1], counting="fractional"
    )
    np.testing.assert_allclose(again.reordered(CITIES).to_matrix(), found.to_matrix(), atol=1e-12)


def test_records_without_a_place():
    rows = pd.DataFrame({"patent": [1, 1, None, 2], "city": ["a", None, "b", "b"]})
    with pytest.raises(AlignmentError, match="2 of 4 records have no 'city' or no 'patent'"):
        copatent_network(rows, CITIES)
    found = copatent_network(rows, CITIES, unnamed="drop")
    assert found.n_links == 0
    assert found.parameters["unnamed_records"] == 2
    # The partner without a place is a partner all the same.
    assert found.parameters["joint_patents"] == 1
    with pytest.raises(AlignmentError, match="lacks columns 'place'"):
        copatent_network(rows, CITIES, city="place")
    with pytest.raises(ConfigError, match="counting='half'"):
        copatent_network(rows, CITIES, counting="half")
