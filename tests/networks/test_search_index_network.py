"""Search indices: products, scales, thresholds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import flow_network, search_index_network
from spatial.errors import AlignmentError, ConfigError, WeightsError


def searches(seed, n=5):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{k}" for k in rng.permutation(n)])
    return pd.DataFrame(rng.integers(0, 50, (n, n)).astype(float), ids, ids)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    form=st.sampled_from(["product", "root", "asymmetric"]),
    scale=st.sampled_from(["none", "origin", "destination", "total"]),
    below=st.sampled_from([0.0, 0.5]),
)
def test_against_loops(seed, form, scale, below):
    table = searches(seed)
    found = search_index_network(table, form=form, scale=scale, below_threshold=below)
    ids = table.index
    a = {(i, j): table.loc[i, j] or below for i in ids for j in ids if i != j}
    divisor = {
        (i, j): {
            "none": 1.0,
            "origin": sum(a[i, k] for k in ids if k != i),
            "destination": sum(a[k, j] for k in ids if k != j),
            "total": sum(a.values()),
        }[scale]
        for i, j in a
    }
    b = {pair: value / divisor[pair] if divisor[pair] else 0.0 for pair, value in a.items()}
    made = found.to_matrix()
    for i, j in a:
        expected = {
            "product": b[i, j] * b[j, i],
            "root": np.sqrt(b[i, j] * b[j, i]),
            "asymmetric": b[i, j],
        }[form]
        assert made.loc[i, j] == pytest.approx(expected, rel=1e-12)
    assert found.directed == (form == "asymmetric")


def test_growth_of_the_platform_changes_no_share():
    table = searches(3)
    for scale in ("origin", "destination", "total"):
        one, other = (search_index_network(t, scale=scale) for t in (table, table * 7.0))
        np.testing.assert_allclose(other.to_matrix(), one.to_matrix())
    plain = [search_index_network(t).total_flow for t in (table, table * 7.0)]
    assert plain[1] == pytest.approx(49.0 * plain[0])


def test_a_network_of_searches_will_do():
    rows = [("a", "b", 4.0), ("b", "a", 3.0), ("a", "a", 9.0)]
    table = pd.DataFrame(rows, columns=["origin", "destination", "flow"])
    found = search_index_network(flow_network(table, pd.Index(["a", "b", "c"])), scale="origin")
    assert found.to_matrix().loc["a", "b"] == 1.0
    assert found.parameters["cities_without_searches"] == 1
    assert "cities that search for no other: 1" in found.description


def test_bad_input():
    table = searches(1)
    with pytest.raises(WeightsError, match="negative or missing"):
        search_index_network(table.mask(table == table.iloc[0, 1]))
    with pytest.raises(WeightsError, match="negative or missing"):
        search_index_network(table - 60)
    with pytest.raises(AlignmentError, match="the columns of the searches"):
        search_index_network(table.iloc[:, :3])
    with pytest.raises(ConfigError, match="below_threshold=-1"):
        search_index_network(table, below_threshold=-1)
    with pytest.raises(ConfigError, match="form='sum'"):
        search_index_network(table, form="sum")
