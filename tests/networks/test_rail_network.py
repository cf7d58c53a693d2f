"""Rail services: frequency, best times, and a timetable before and after."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import rail_change, rail_network
from spatial.errors import AlignmentError, ConfigError, WeightsError

CITIES = pd.Index(["a", "b", "c", "d"])


def services(seed, size=30):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "origin": rng.choice(CITIES, size),
            "destination": rng.choice(CITIES, size),
            "trains": rng.integers(0, 5, size),
            "hours": rng.uniform(0.5, 9.0, size),
        }
    )


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_against_loops(seed):
    table = services(seed)
    often = rail_network(table, CITIES, trains="trains").to_matrix()
    rows = rail_network(table, CITIES).to_matrix()
    fast = rail_network(table, CITIES, measure="time", hours="hours").to_matrix()
    for i in CITIES:
        for j in CITIES.drop(i):
            there = table[(table["origin"] == i) & (table["destination"] == j)]
            assert often.loc[i, j] == there["trains"].sum()
            assert rows.loc[i, j] == len(there)
            assert fast.loc[i, j] == pytest.approx(1 / there["hours"].min() if len(there) else 0.0)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), joined=st.booleans())
def test_change_of_times_against_loops(seed, joined):
    tables = [services(seed + k) for k in (0, 1)]
    nets = [rail_network(t, CITIES, measure="time", hours="hours") for t in tables]
    if joined:
        nets = [net.symmetrised("max") for net in nets]
    found = rail_change(*nets)
    x, y = (net.to_matrix() for net in nets)
    for i in CITIES:
        both = [(1 / x.loc[i, j], 1 / y.loc[i, j]) for j in CITIES if x.loc[i, j] and y.loc[i, j]]
        row = found.cities.loc[i]
        assert row["partners_before"] == (x.loc[i] > 0).sum()
        if both:
            assert row["hours_before"] == pytest.approx(np.mean([b for b, _ in both]))
            assert row["hours_saved"] == pytest.approx(np.mean([b - a for b, a in both]))
        else:
            assert np.isnan(row["hours_before"])


def test_change_of_frequency():
    before = rail_network(services(1), CITIES, trains="trains", year=2007)
    after = rail_network(services(2), CITIES[::-1], trains="trains", year=2017)
    found = rail_change(before, after)
    difference = after.sent.reindex(CITIES) - before.sent
    np.testing.assert_allclose(found.cities["trains_change"], difference)
    assert found.tidy().index.equals(CITIES)
    assert found.configuration.options == {"before": 2007, "after": 2017}


def test_bad_services():
    table = services(3)
    table.loc[0, ["origin", "destination", "hours"]] = ["a", "b", 0.0]
    options = {"measure": "time", "hours": "hours"}
    with pytest.raises(WeightsError, match=r"1 services have zero.*\('a', 'b'\).*missing_hours"):
        rail_network(table, CITIES, **options)
    found = rail_network(table, CITIES, missing_hours="drop", **options)
    assert found.parameters["services_without_hours"] == 1
    assert "services without usable hours, left out: 1" in found.description
    table.loc[0, "hours"] = -1.0
    with pytest.raises(WeightsError, match="negative or not numbers"):
        rail_network(table, CITIES, missing_hours="drop", **options)
    with pytest.raises(ConfigError, match="needs the column of hours"):
        rail_network(table, CITIES, measure="time")
    with pytest.raises(AlignmentError, match="'d'"):
        rail_network(table, CITIES[:3])
    with pytest.raises(AlignmentError, match="'d'"):
        rail_network(table, CITIES[:3], **options)
    nameless = services(4)
    nameless.loc[:1, "origin"] = None
    with pytest.raises(AlignmentError, match="2 links have no origin or no destination"):
        rail_network(nameless, CITIES)
    for extra in ({}, options):
        found = rail_network(nameless, CITIES, unnamed="drop", **extra)
        assert found.parameters["unnamed_links"] >= 1
        assert "without an origin or a destination, dropped" in found.description
    with pytest.raises(ConfigError, match="one measure"):
        rail_change(rail_network(table, CITIES), rail_network(services(5), CITIES, **options))


def test_high_speed_rail_in_china(china_rail):
    cities, hours = china_rail
    options = {"measure": "time", "origin": "orig", "destination": "dest", "missing_hours": "drop"}
    before = rail_network(hours, cities, hours="hours_before_hsr", year=2007, **options)
    after = rail_network(hours, cities, hours="hours_with_hsr", year=2017, **options)
    assert before.parameters["services_without_hours"] == 2
    assert after.parameters["services_without_hours"] == 6
    found = rail_change(before, after)
    usable = hours[(hours["hours_before_hsr"] > 0) & (hours["hours_with_hsr"] > 0)]
    saved = (usable["hours_before_hsr"] - usable["hours_with_hsr"]).groupby(usable["orig"]).mean()
    np.testing.assert_allclose(found.cities["hours_saved"], saved.reindex(cities.index), rtol=1e-9)
    # Nobody lost on average by much; the median city saves hours.
    assert found.cities["hours_saved"].median() > 2.0
