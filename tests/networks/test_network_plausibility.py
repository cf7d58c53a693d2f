"""Flows that grow with distance and costs that fall with it are doubted; others are not."""

import warnings

import numpy as np
import pandas as pd
import pytest

from networks import cost_matrix, flow_network, gravity_network
from networks.plausibility import LinkageWarning, distance_correlation


@pytest.fixture
def towns():
    rng = np.random.default_rng(1)
    ids = pd.Index([f"t{k}" for k in range(9)])
    place = {"longitude": rng.uniform(0, 20, 9), "latitude": rng.uniform(40, 50, 9)}
    return pd.DataFrame(place, index=ids)


def table(towns, power):
    ids = towns.index
    gravity = gravity_network(towns, pd.Series(1.0, ids), decay=1.0).to_matrix()
    km = 1.0 / gravity.where(gravity > 0)
    made = (km**power).rename_axis("origin").reset_index()
    made = made.melt("origin", var_name="destination", value_name="flow")
    return made.dropna()


def test_costs_as_flows(towns):
    with pytest.warns(LinkageWarning, match=r"flows grow with distance \(rank correlation 1.00\)"):
        flow_network(table(towns, 1.0), towns)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow_network(table(towns, -1.0), towns)
        flow_network(table(towns, 1.0), towns.index)  # no coordinates, no doubt
        flow_network(table(towns, 1.0).iloc[:10], towns)  # too few pairs to tell


def test_flows_as_costs(towns):
    masses = pd.Series(1.0, towns.index)
    options = {"cost": "flow", "origin": "origin", "destination": "destination"}
    flows, km = (cost_matrix(table(towns, power), towns, **options) for power in (-1.0, 1.0))
    with pytest.warns(LinkageWarning, match=r"costs fall with distance \(rank correlation -1.00\)"):
        gravity_network(towns, masses, cost=flows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gravity_network(towns, masses, cost=km)
        gravity_network(towns.index, masses, cost=flows)


def test_nothing_to_tell(towns):
    pairs = np.repeat(np.arange(9), 9), np.tile(np.arange(9), 9)
    assert np.isnan(distance_correlation(towns, *pairs, np.ones(81)))
    assert np.isnan(
        distance_correlation(towns.assign(longitude=1, latitude=2), *pairs, np.arange(81.0))
    )
    assert np.isnan(distance_correlation(towns[["longitude"]], *pairs, np.arange(81.0)))


def test_real_tables(shared_folder, china_rail, air_links):
    cities, hours = china_rail
    places = cities.rename(columns={"lon": "longitude", "lat": "latitude"})
    names = {"origin": "orig", "destination": "dest"}
    with pytest.warns(LinkageWarning, match=r"rank correlation 0\.[89]"):
        flow_network(hours, places, flow="hours_before_hsr", **names)
    metros, links = air_links
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow_network(links, metros, flow="n_airlines", **names)
