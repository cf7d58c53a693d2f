"""Networks to measure: random ones, the managers of the reference case, real cities."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks import LinkageNetwork

NetworkMaker = Callable[..., LinkageNetwork]


@pytest.fixture(scope="session")
def make_network() -> NetworkMaker:
    """Return a maker of random networks; ids are shuffled so that position helps nobody."""

    def make(
        seed: int,
        *,
        n: int = 12,
        density: float = 0.3,
        directed: bool = True,
        counts: bool = False,
    ) -> LinkageNetwork:
        rng = np.random.default_rng(seed)
        strength = rng.integers(1, 9, (n, n)) if counts else rng.lognormal(0.0, 1.0, (n, n))
        values = np.where(rng.random((n, n)) < density, strength.astype(float), 0.0)
        if not directed:
            values = np.triu(values, 1) + np.triu(values, 1).T
        np.fill_diagonal(values, 0.0)
        cities = pd.Index([f"city {number:02d}" for number in rng.permutation(n)])
        return LinkageNetwork(
            cities, sparse.csr_array(values), directed, "trips", 2020, "random network"
        )

    return make


@pytest.fixture(scope="session")
def managers(shared_folder: Path) -> dict[str, LinkageNetwork]:
    """Krackhardt's 21 managers: advice, friendship, reports; row sends to column."""
    folder = shared_folder / "reference" / "10_networks_qap"
    networks = {}
    for name in ("advice", "friend", "report"):
        values = pd.read_csv(folder / f"krack_{name}.csv", header=None).to_numpy(dtype=float)
        ids = pd.Index([f"v{number}" for number in range(1, len(values) + 1)])
        networks[name] = LinkageNetwork(ids, sparse.csr_array(values), True, description=name)
    return networks


@pytest.fixture(scope="session")
def managers_expected(shared_folder: Path) -> dict:
    """Numbers that R sna and concorR give for the managers."""
    path = shared_folder / "reference" / "10_networks_qap" / "expected.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def air_links(shared_folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """US metropolitan areas with their seats, and the airlines between them."""
    import geopandas as gpd

    folder = shared_folder / "data" / "us_metros"
    metros = gpd.read_file(folder / "us_metros_geosnapdef.geojson").set_index("cbsa")
    metros = metros.rename(columns={"lon": "longitude", "lat": "latitude"})
    people = pd.read_csv(folder / "us_metro_income_1980_1996.csv", dtype={"cbsa": str})
    metros["population"] = people[people["year"] == 1990].set_index("cbsa")["pop"]
    links = pd.read_csv(folder / "us_metro_air_links_bts2026.csv", dtype={"orig": str, "dest": str})
    return metros, links


@pytest.fixture(scope="session")
def china_rail(shared_folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Chinese cities in 2010 with their registered population, and hours by rail between them."""
    folder = shared_folder / "data" / "china"
    panel = pd.read_csv(folder / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    hours = pd.read_csv(folder / "cn_travel_time_rail_285.csv", dtype={"orig": str, "dest": str})
    cities = panel[panel["year"] == 2010].set_index("code")
    return cities.loc[cities.index.isin(hours["orig"])], hours
