"""Thinned gravity networks against the whole network and its backbones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import networks.gravity_tiles
from networks import gravity_backbone, gravity_network, row_mean_backbone, top_links_backbone
from spatial.errors import AlignmentError, ConfigError, GeometryError, PanelError, WeightsError

TILED = 2e-10  # distances by a matrix product and a polynomial instead of the haversine formula


def cities_and_masses(n, seed, *, west=75.0, east=130.0, south=20.0, north=50.0):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{number:03d}" for number in rng.permutation(n)])
    cities = pd.DataFrame(
        {"longitude": rng.uniform(west, east, n), "latitude": rng.uniform(south, north, n)},
        index=ids,
    )
    return cities, pd.Series(rng.lognormal(3.0, 1.2, n), index=ids)


def same_links(one, other):
    """The same links, and flows equal up to the tiles."""
    assert list(one.cities) == list(other.cities)
    assert one.directed == other.directed
    assert np.array_equal(one.flows.indptr, other.flows.indptr)
    assert np.array_equal(one.flows.indices, other.flows.indices)
    np.testing.assert_allclose(one.flows.data, other.flows.data, rtol=TILED)


def whole_then_thinned(cities, masses, keep, top, **options):
    whole = gravity_network(cities, masses, **options)
    if keep == "top":
        return whole, top_links_backbone(whole, k=top).network
    return whole, row_mean_backbone(whole).network


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles that do not divide the number of cities."""
    monkeypatch.setattr(networks.gravity_tiles, "TILE", 37)


@pytest.mark.parametrize("keep", ["top", "row-mean"])
@pytest.mark.parametrize("decay", [0.0, 0.7, 1.0, 2.0, 3.0])
def test_the_same_as_the_whole_network_thinned(small_tiles, keep, decay):
    cities, masses = cities_and_masses(200, 3)
    found = gravity_backbone(cities, masses, keep=keep, top=6, decay=decay, constant=2.5)
    whole, wanted = whole_then_thinned(cities, masses, keep, 6, decay=decay, constant=2.5)
    same_links(found.network, wanted)
    np.testing.assert_allclose(found.totals["sent"], whole.sent, rtol=TILED)
    np.testing.assert_allclose(found.totals["received"], whole.received, rtol=TILED)
    np.testing.assert_allclose(found.totals["kept"], wanted.sent, rtol=TILED)
    assert found.share_of_flow == pytest.approx(wanted.total_flow / whole.total_flow, rel=TILED)
    assert found.network.parameters["total_flow_of_all_pairs"] == pytest.approx(
        whole.total_flow, rel=TILED
    )


@pytest.mark.parametrize("keep", ["top", "row-mean"])
@pytest.mark.parametrize(
    "region",
    [
        {},
        {"west": 7.0, "east": 7.3, "south": 50.0, "north": 50.2},  # one city region
        {"west": -180.0, "east": 180.0, "south": -89.0, "north": 89.0},  # the world
    ],
)
def test_directed_networks_near_and_far(small_tiles, keep, region):
    cities, masses = cities_and_masses(150, 5, **region)
    jobs = pd.Series(np.random.default_rng(6).lognormal(size=150), index=masses.index[::-1])
    options = {"destination_masses": jobs, "origin_exponent": 0.8, "destination_exponent": 1.1}
    found = gravity_backbone(cities, masses, keep=keep, top=4, **options)
    whole, wanted = whole_then_thinned(cities, masses, keep, 4, **options)
    assert found.network.directed
    same_links(found.network, wanted)
    np.testing.assert_allclose(found.totals["sent"], whole.sent, rtol=TILED)
    np.testing.assert_allclose(found.totals["received"], whole.received, rtol=TILED)


@settings(max_examples=30)
@given(
    n=st.integers(1, 8),
    seed=st.integers(0, 10**6),
    top=st.integers(1, 9),
    keep=st.sampled_from(["top", "row-mean"]),
    empty=st.integers(0, 3),
)
def test_few_cities_some_without_mass(n, seed, top, keep, empty):
    cities, masses = cities_and_masses(n, seed)
    masses.iloc[:empty] = 0.0
    found = gravity_backbone(cities, masses, keep=keep, top=top)
    same_links(found.network, whole_then_thinned(cities, masses, keep, top)[1])
    turned = gravity_backbone(cities.iloc[::-1], masses, keep=keep, top=top)
    same_links(turned.network.reordered(cities.index), found.network)


def test_equal_flows_are_all_kept():
    cities, masses = cities_and_masses(30, 8)
    equal = pd.Series(2.0, index=masses.index)
    for keep in ("top", "row-mean"):
        found = gravity_backbone(cities, equal, keep=keep, top=3, decay=0.0)
        assert found.network.n_links == 30 * 29 / 2


def test_cities_at_the_same_point():
    cities, masses = cities_and_masses(20, 9)
    cities.iloc[3] = cities.iloc[4]
    with pytest.raises(GeometryError, match="same point"):
        gravity_backbone(cities, masses)
    for keep in ("top", "row-mean"):
        found = gravity_backbone(cities, masses, keep=keep, top=5, missing_cost="drop")
        wanted = whole_then_thinned(cities, masses, keep, 5, missing_cost="drop")[1]
        same_links(found.network, wanted)


def test_words_and_tables():
    cities, masses = cities_and_masses(12, 10)
    found = gravity_backbone(cities, masses.rename("people"), top=3, unit="index", year=2020)
    assert (found.network.unit, found.network.year) == ("index", 2020)
    assert found.network.parameters["backbone"] == "top-links"
    assert "origin people^1" in found.network.description
    assert found.network.description.endswith("the 3 strongest links that each city sends")
    assert found.configuration.options["top"] == 3
    table = found.tidy()
    assert list(table.columns) == ["city", "sent", "received", "links", "kept"]
    assert (table["links"] >= 3).all()


def test_unusable_input():
    cities, masses = cities_and_masses(12, 11)
    with pytest.raises(ConfigError, match="at least one link"):
        gravity_backbone(cities, masses, top=0)
    with pytest.raises(ConfigError, match=r"keep='best' is not known"):
        gravity_backbone(cities, masses, keep="best")
    with pytest.raises(ConfigError, match="decay"):
        gravity_backbone(cities, masses, decay=-1.0)
    with pytest.raises(WeightsError, match="coordinates"):
        gravity_backbone(cities.index, masses)
    with pytest.raises(AlignmentError):
        gravity_backbone(cities, masses.iloc[1:])
    with pytest.raises(PanelError, match="negative"):
        gravity_backbone(cities, -masses)
