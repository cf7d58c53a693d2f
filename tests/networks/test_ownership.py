"""Ownership against walks over chains, dense matrices, and bad stakes."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import flow_network, ownership_network
from spatial.errors import AlignmentError, ConfigError, WeightsError

CITIES = pd.Index(["a", "b", "c"])


def group(seed, n=7, cycles=True):
    """Firms and shares that leave some of every firm to others."""
    rng = np.random.default_rng(seed)
    shares = rng.random((n, n)) * (rng.random((n, n)) < 0.35)
    np.fill_diagonal(shares, 0.0)
    if not cycles:
        shares = np.triu(shares)
    shares = shares / np.maximum(shares.sum(axis=0) * 1.2, 1e-300)
    names = pd.Index([f"firm {k}" for k in rng.permutation(n)])
    rows, columns = np.nonzero(shares)
    stakes = pd.DataFrame(
        {"owner": names[rows], "owned": names[columns], "share": shares[rows, columns]}
    )
    return stakes, pd.Series(rng.choice(list(CITIES), n), index=names), shares, names


def by_city(ties, names, firms):
    found = pd.DataFrame(0.0, CITIES, CITIES)
    for (u, v), value in np.ndenumerate(ties):
        found.loc[firms[names[u]], firms[names[v]]] += value
    return found


def check(network, expected):
    np.testing.assert_allclose(network.inner, np.diag(expected), atol=1e-10)
    off = expected.to_numpy() * (1.0 - np.eye(len(expected)))
    np.testing.assert_allclose(network.to_matrix(), off, atol=1e-10)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), cycles=st.booleans())
def test_against_dense_matrices_and_walks(seed, cycles):
    stakes, firms, shares, names = group(seed, cycles=cycles)
    n = len(names)
    check(ownership_network(stakes, firms, CITIES), by_city(shares > 0, names, firms))
    options = {"share": "share", "strength": "share"}
    check(ownership_network(stakes, firms, CITIES, **options), by_city(shares, names, firms))
    graph = nx.from_numpy_array(shares, create_using=nx.DiGraph)
    reached = np.zeros((n, n))
    for u in range(n):
        for v in nx.descendants(graph, u):
            reached[u, v] = 1.0
    found = ownership_network(stakes, firms, CITIES, chains="cumulated")
    check(found, by_city(reached, names, firms))
    # y_uv = a_uv + sum over w other than u of y_uw a_wv, solved for each u alone.
    whole = np.zeros((n, n))
    for u in range(n):
        others = np.delete(np.arange(n), u)
        inside = shares[np.ix_(others, others)]
        whole[u, others] = np.linalg.solve(np.eye(n - 1) - inside.T, shares[u, others])
    found = ownership_network(stakes, firms, CITIES, chains="cumulated", **options)
    check(found, by_city(whole, names, firms))
    top = shares.sum(axis=0) == 0
    found = ownership_network(stakes, firms, CITIES, chains="ultimate", **options)
    check(found, by_city(whole * top[:, None], names, firms))


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_order_does_not_matter_and_nobody_owns_more_than_all(seed):
    stakes, firms, _, _ = group(seed)
    options = {"share": "share", "strength": "share", "chains": "cumulated"}
    one = ownership_network(stakes, firms, CITIES, **options)
    shuffled = stakes.sample(frac=1, random_state=seed)
    other = ownership_network(shuffled, firms[::-1], CITIES[::-1], **options)
    np.testing.assert_allclose(other.reordered(CITIES).to_matrix(), one.to_matrix(), atol=1e-10)
    own = ownership_network(
        stakes, firms, CITIES, chains="ultimate", share="share", strength="share"
    )
    assert own.total_flow + own.inner.sum() <= len(firms) + 1e-9


def test_a_chain_by_hand():
    stakes = pd.DataFrame({"owner": ["H", "M"], "owned": ["M", "S"], "share": [0.6, 0.5]})
    firms = pd.Series({"H": "a", "M": "b", "S": "c"})
    found = ownership_network(
        stakes, firms, CITIES, share="share", strength="share", chains="ultimate"
    )
    assert found.to_matrix().loc["a"].tolist() == [0.0, 0.6, 0.3]
    assert found.to_matrix().loc["b"].sum() == 0.0
    control = ownership_network(stakes, firms, CITIES, share="share", least_share=0.6)
    assert control.n_links == 1
    assert control.parameters["stakes_below_least_share"] == 1
    assert found.unit == "shares"


def test_firms_without_a_place_still_pass_on_ownership():
    stakes = pd.DataFrame({"owner": ["H", "M"], "owned": ["M", "S"]})
    firms = pd.Series({"H": "a", "M": None, "S": "Rome"})
    with pytest.raises(AlignmentError, match="1 of 3 firms have no city: 'M'"):
        ownership_network(stakes, firms, CITIES)
    with pytest.raises(AlignmentError, match="1 firms are in 1 cities .* 'Rome'"):
        ownership_network(stakes, firms, CITIES, unnamed="drop")
    firms["S"] = "c"
    found = ownership_network(stakes, firms, CITIES, unnamed="drop", chains="cumulated")
    assert found.to_matrix().loc["a", "c"] == 1.0
    assert found.parameters["unnamed_flow"] == 2.0
    assert "ties with firms without a city, dropped: 2" in found.description


def test_bad_stakes():
    firms = pd.Series({"H": "a", "M": "b"})

    def stakes(*rows):
        return pd.DataFrame(rows, columns=["owner", "owned", "share"])

    cases = [
        (stakes(("H", "M", 0.5), ("H", "M", 0.2)), "given twice"),
        (stakes(("H", "H", 0.5)), "firms in themselves"),
        (stakes(("H", "M", 50.0)), "divide by 100"),
        (stakes(("H", "M", np.nan)), "divide by 100"),
        (stakes(("H", "M", 0.7), ("G", "M", 0.7)), "'M' are owned for more than the whole"),
        (stakes(("H", "M", 1.0), ("M", "H", 1.0)), "own each other entirely"),
    ]
    for table, words in cases:
        with pytest.raises(WeightsError, match=words):
            ownership_network(
                table,
                firms,
                CITIES,
                share="share",
                strength="share",
                chains="cumulated",
                unnamed="drop",
            )
    good = stakes(("H", "M", 0.5))
    with pytest.raises(ConfigError, match="share="):
        ownership_network(good, firms, CITIES, least_share=0.5)
    with pytest.raises(AlignmentError, match="no owner or no owned firm, in rows 0"):
        ownership_network(stakes((None, "M", 0.5)), firms, CITIES)
    with pytest.raises(AlignmentError, match="'H' have more than one city"):
        ownership_network(good, pd.Series(["a", "b", "c"], ["H", "H", "M"]), CITIES)


def test_links_of_headquarters_and_branches_in_china(shared_folder):
    path = shared_folder / "data/china/cn_firm_links_hightech_pre2008.csv"
    links = pd.read_csv(path, dtype={"from_code": str, "to_code": str})
    coded = links.dropna(subset=["from_code", "to_code"])
    cities = pd.Index(sorted(set(coded["from_code"]) | set(coded["to_code"])))
    names = {"origin": "from_code", "destination": "to_code", "flow": "n_firm_links"}
    found = flow_network(coded, cities, duplicates="sum", unit="firm links", **names)
    inside = coded["from_code"] == coded["to_code"]
    assert found.inner.sum() == coded.loc[inside, "n_firm_links"].sum()
    expected = coded[~inside].groupby("from_code")["n_firm_links"].sum()
    assert found.sent[found.sent > 0].to_dict() == expected.to_dict()
    assert {"110000", "310000"} <= set(found.sent.nlargest(5).index)  # Beijing, Shanghai
