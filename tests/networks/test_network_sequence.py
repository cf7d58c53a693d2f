"""Networks over years: order, alignment, changes against brute force, weights by year."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import NetworkSequence, flow_network, network_change, network_sequence
from spatial.errors import AlignmentError, ConfigError, WeightsError
from spatial.regression import fit_panel

CITIES = pd.Index(["a", "b", "c", "d"])
ROUNDING = 1e-10  # sums of a few dozen terms in another order


def table(*rows):
    return pd.DataFrame(rows, columns=["year", "origin", "destination", "flow"])


ROWS = table(
    (2011, "a", "b", 3.0),
    (2010, "a", "b", 2.0),
    (2010, "b", "c", 1.0),
    (2011, "c", "d", 4.0),
    (2012, "c", "d", 4.0),
)


def test_years_are_sorted_and_found():
    sequence = network_sequence(ROWS, CITIES, unit="trains")
    assert list(sequence.years) == [2010, 2011, 2012]
    assert [network.year for network in sequence] == [2010, 2011, 2012]
    assert len(sequence) == 3
    assert sequence[2011].to_matrix().loc["c", "d"] == 4.0
    assert (sequence.unit, sequence.directed) == ("trains", True)
    with pytest.raises(AlignmentError, match="1999; known: 2010, 2011, 2012"):
        sequence[1999]


def test_changes_by_hand():
    found = network_sequence(ROWS, CITIES).changes()
    assert list(found.index) == [(2010, 2011), (2011, 2012)]
    assert found[["kept", "appeared", "vanished"]].to_numpy().tolist() == [[1, 1, 1], [1, 0, 1]]
    assert found["jaccard"].tolist() == [1 / 3, 1 / 2]
    links = network_sequence(ROWS, CITIES).link_changes()
    assert links[["before", "origin", "destination", "change"]].to_numpy().tolist() == [
        [2010, "b", "c", "vanished"],
        [2010, "c", "d", "appeared"],
        [2011, "a", "b", "vanished"],
    ]


def test_one_change_names_every_link_and_city():
    found = network_sequence(ROWS, CITIES).change(2010, 2011)
    links = found.links.set_index(["origin", "destination"])
    assert links.loc[("a", "b"), ["flow_before", "flow_after", "difference", "ratio"]].tolist() == [
        2.0,
        3.0,
        1.0,
        1.5,
    ]
    assert np.isnan(links.loc[("c", "d"), "ratio"])
    assert found.cities.loc["b", ["sent_before", "sent_after", "sent_change"]].tolist() == [
        1,
        0,
        -1,
    ]
    assert found.cities.loc["d", "received_change"] == 4.0
    assert found.configuration.function == "network_change"


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_changes_against_brute_force(make_network, seed, directed):
    first = make_network(seed, n=7, directed=directed, counts=True)
    second = make_network(seed + 1, n=7, directed=directed, counts=True)
    found = network_change(first, second)
    x, y = first.to_matrix(), second.to_matrix().loc[first.cities, first.cities]
    cells = [
        (i, j)
        for p, i in enumerate(first.cities)
        for q, j in enumerate(first.cities)
        if (p != q if directed else p < q)
    ]
    assert found.kept == sum(x.loc[c] > 0 and y.loc[c] > 0 for c in cells)
    assert found.appeared == sum(x.loc[c] == 0 and y.loc[c] > 0 for c in cells)
    assert found.vanished == sum(x.loc[c] > 0 and y.loc[c] == 0 for c in cells)
    pairs = np.array([[x.loc[c], y.loc[c]] for c in cells])
    assert found.correlation == pytest.approx(np.corrcoef(pairs.T)[0, 1], abs=ROUNDING)
    assert found.links["difference"].sum() == pytest.approx(found.flow_after - found.flow_before)


def test_correlations_are_one_on_the_diagonal_and_nan_for_an_empty_year():
    sequence = network_sequence(ROWS, CITIES, years=[2010, 2011, 2013])
    found = sequence.correlations()
    assert found.loc[2010, 2010] == pytest.approx(1.0)
    assert found.loc[2010, 2011] == found.loc[2011, 2010]
    assert found[2013].isna().all()
    assert sequence[2013].n_links == 0


def test_round_trip_through_the_table():
    sequence = network_sequence(ROWS, CITIES)
    again = network_sequence(sequence.to_frame(), CITIES)
    pd.testing.assert_frame_equal(again.to_frame(), sequence.to_frame())
    assert sequence.subset(pd.Index(["b", "a"])).to_frame()["flow"].tolist() == [2.0, 3.0]


def test_cities_follow_labels():
    first = flow_network(ROWS[ROWS["year"] == 2010], CITIES, year=2010)
    second = flow_network(ROWS[ROWS["year"] == 2011], CITIES[::-1], year=2011)
    sequence = NetworkSequence((second, first))
    assert sequence.cities.equals(CITIES)
    assert sequence[2011].to_matrix().loc["c", "d"] == 4.0


def test_weights_by_year_feed_a_panel(make_network):
    rng = np.random.default_rng(5)
    years = range(2010, 2016)
    base = make_network(4, n=15, density=0.5)
    frames = [base.to_frame().assign(year=year) for year in years]
    for frame in frames:
        frame["flow"] *= rng.lognormal(size=len(frame))
    sequence = network_sequence(pd.concat(frames), base.cities)
    weights = sequence.to_weights(reading="receive")
    assert list(weights.years) == list(years)
    expected = sequence[2012].flows.toarray().T
    assert weights.matrix_of(2012).toarray().tolist() == expected.tolist()
    keys = pd.MultiIndex.from_product([base.cities, years], names=["city", "year"])
    panel = pd.DataFrame({"y": rng.normal(size=len(keys)), "x": rng.normal(size=len(keys))}, keys)
    result = fit_panel(
        "y ~ x", panel.reset_index(), weights.transformed("row"), specification="sar"
    )
    assert list(result.coefficients.index) == ["x", "rho"]


def test_bad_sequences():
    network = flow_network(ROWS[ROWS["year"] == 2010], CITIES, year=2010)
    with pytest.raises(ConfigError, match="at least one network"):
        NetworkSequence(())
    with pytest.raises(ConfigError, match="1 of 1 networks have no year"):
        NetworkSequence((flow_network(ROWS.iloc[:1], CITIES),))
    with pytest.raises(ConfigError, match="Years 2010 come more than once"):
        NetworkSequence((network, network))
    other = flow_network(ROWS.iloc[:1], CITIES[:3], year=2011)
    with pytest.raises(AlignmentError, match="that of 2010: 'd'"):
        NetworkSequence((network, other))
    with pytest.raises(WeightsError, match="one kind and one unit"):
        NetworkSequence((network, flow_network(ROWS.iloc[:1], CITIES, unit="t", year=2011)))
    with pytest.raises(WeightsError, match="one kind and one unit"):
        network_change(network, network.symmetrised("max"))
    with pytest.raises(ConfigError, match="at least two years"):
        NetworkSequence((network,)).changes()
    with pytest.raises(ConfigError, match=r"1 rows have no whole year .* in rows 4"):
        network_sequence(ROWS.assign(year=[2010, 2010, 2011, 2011, 2011.5]), CITIES)
    with pytest.raises(WeightsError, match="Year 2011: 1 flows"):
        network_sequence(ROWS.assign(flow=[-1.0, 1, 1, 1, 1]), CITIES)


def test_migration_between_us_metros(shared_folder):
    path = shared_folder / "data/us_metros_2000_2008/us_metro_migration_od_2005_2008.csv"
    moves = pd.read_csv(path, dtype={"orig": str, "dest": str})
    metros = pd.Index(sorted(set(moves["orig"]) | set(moves["dest"])))
    names = {"origin": "orig", "destination": "dest", "flow": "exemptions"}
    sequence = network_sequence(moves, metros, unit="persons", **names)
    assert len(sequence.to_frame()) == (moves["exemptions"] > 0).sum()
    found = sequence.correlations().to_numpy()
    assert (found > 0.9).all()  # who moves where is much the same every year
    assert (sequence.changes()["jaccard"] > 0.6).all()
