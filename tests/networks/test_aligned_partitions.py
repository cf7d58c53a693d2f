"""Blocks of several years under one number: by hand and against all pairings."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import align_partitions, concor
from spatial.errors import AlignmentError, ConfigError, EstimationError


def series(text, labels="abcdef"):
    return pd.Series([int(digit) for digit in text], index=list(labels))


def test_numbers_follow_the_cities():
    found = align_partitions(
        {2005: series("111223"), 2006: series("332211"), 2007: series("441122")}
    )
    assert found.table[2005].tolist() == [1, 1, 1, 2, 2, 3]
    # 3 is mostly the old 1, 2 shares one city with 1 and one with 2, 1 one with 2 and one with 3.
    assert found.table[2006].tolist() == [1, 1, 2, 2, 3, 3]
    assert found.table[2007].tolist() == [1, 1, 2, 2, 3, 3]
    assert found.changes["stayed"].tolist() == pytest.approx([4 / 6, 1.0])
    assert found.changes["ari"].iloc[1] == 1.0
    assert found.tidy().loc[("f", 2006), "block"] == 3


def test_new_blocks_get_new_numbers():
    found = align_partitions({"a": series("111111"), "b": series("111222"), "c": series("222222")})
    assert found.table["b"].nunique() == 2
    assert found.changes[["new", "gone"]].to_numpy().tolist() == [[1, 0], [0, 1]]
    assert set(found.table["b"]) == {1, 2}


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_no_pairing_keeps_more_cities(seed):
    rng = np.random.default_rng(seed)
    ids = [f"c{number}" for number in range(12)]
    one, other = (pd.Series(rng.integers(1, 5, 12), ids) for _ in range(2))
    found = align_partitions({1: one, 2: other.sample(frac=1, random_state=seed)})
    best = max(
        (one == other.map(dict(zip(range(1, 5), order, strict=True)))).sum()
        for order in permutations(range(1, 5))
    )
    assert found.changes["stayed"].iloc[0] * 12 == pytest.approx(best)
    together = found.table[2].to_numpy()
    assert (
        (together[:, None] == together) == (other.to_numpy()[:, None] == other.to_numpy())
    ).all()


def test_blocks_of_years(make_network):
    years = {year: concor(make_network(year, n=16, density=0.4)) for year in (1, 1 + 10)}
    ids = sorted(years[1].membership.index)
    found = align_partitions({year: model.membership[ids] for year, model in years.items()})
    assert found.table.shape == (16, 2)
    assert found.table[1].equals(years[1].membership[ids].rename(1))


def test_bad_input():
    with pytest.raises(ConfigError, match="Two or more years"):
        align_partitions({1: series("111111")})
    with pytest.raises(AlignmentError, match="2"):
        align_partitions({1: series("111111"), 2: series("11111", "abcde")})
    with pytest.raises(EstimationError, match="no block"):
        align_partitions({1: series("111111"), 2: series("111111").where([True] * 5 + [False])})
