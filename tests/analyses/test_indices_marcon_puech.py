"""Marcon and Puech's M against brute force, its benchmark, bands and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyses.indices.marcon_puech import marcon_puech
from spatial.coordinates import great_circle_km
from spatial.errors import ConfigError, PanelError

EXACT = 1e-10
RADII = [40.0, 90.0, 200.0, 2000.0]


@pytest.fixture
def plants():
    random = np.random.default_rng(4)
    number = 150
    return pd.DataFrame(
        {
            "longitude": random.uniform(110, 116, number),
            "latitude": random.uniform(28, 33, number),
            "industry": random.choice(["a", "b", "c"], number),
            "jobs": random.integers(1, 60, number).astype(float),
        }
    )


def brute_force(plants, a, b, radius, weights):
    lon, lat = plants["longitude"].to_numpy(), plants["latitude"].to_numpy()
    d = great_circle_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])
    kind = plants["industry"].to_numpy()
    local, whole = [], []
    for i in np.flatnonzero(kind == a):
        near = [j for j in range(len(kind)) if j != i and d[i, j] <= radius]
        total = sum(weights[j] for j in near)
        if total == 0:
            continue
        local.append(sum(weights[j] for j in near if kind[j] == b) / total)
        whole.append(
            (weights[kind == b].sum() - (weights[i] if a == b else 0))
            / (weights.sum() - weights[i])
        )
    return np.mean(local) / np.mean(whole)


@pytest.mark.parametrize("other", [None, "b"])
@pytest.mark.parametrize("employment", [None, "jobs"])
def test_definition(plants, other, employment):
    found = marcon_puech(
        plants, "a", neighbours=other, employment=employment, radii=RADII, simulations=39, rng=1
    )
    weights = np.ones(len(plants)) if employment is None else plants["jobs"].to_numpy()
    expected = [brute_force(plants, "a", other or "a", r, weights) for r in RADII]
    assert found.table["m"].to_numpy() == pytest.approx(expected, rel=EXACT)


def test_one_when_the_radius_holds_all(plants):
    found = marcon_puech(plants, "a", radii=RADII, simulations=39, rng=1)
    assert found.table.loc[2000.0, "m"] == pytest.approx(1.0)
    assert found.table.loc[2000.0, "global_upper"] == pytest.approx(1.0)


def test_cluster_and_chance(plants):
    distance = (plants["longitude"] - 113).abs() + (plants["latitude"] - 30).abs()
    plants["industry"] = "b"
    plants.loc[distance.nsmallest(20).index, "industry"] = "a"
    found = marcon_puech(plants, "a", radii=RADII[:3], simulations=199, rng=1)
    assert found.table.loc[40.0, "m"] > found.table.loc[40.0, "global_upper"]
    assert found.p_value == pytest.approx(1 / 200)
    assert found.table["mean"].to_numpy() == pytest.approx(np.ones(3), abs=0.1)


def test_order_of_rows_and_seed(plants):
    a = marcon_puech(plants, "a", radii=RADII, simulations=39, rng=1)
    b = marcon_puech(plants, "a", radii=RADII, simulations=39, rng=1)
    pd.testing.assert_frame_equal(a.tidy(), b.tidy())
    mixed = marcon_puech(plants.sample(frac=1, random_state=3), "a", radii=RADII, simulations=39)
    assert mixed.table["m"].to_numpy() == pytest.approx(a.table["m"].to_numpy(), rel=EXACT)


def test_no_neighbours_within_the_radius(plants):
    found = marcon_puech(plants, "a", radii=[0.001, 100.0], simulations=39, rng=1)
    assert np.isnan(found.table["m"].iloc[0])
    assert found.table["plants"].iloc[0] == 0


def test_bad_input(plants):
    with pytest.raises(ConfigError, match="rising"):
        marcon_puech(plants, "a", radii=[5.0, 5.0])
    with pytest.raises(ConfigError, match="No plant belongs to 'z'"):
        marcon_puech(plants, "z", radii=RADII)
    plants.loc[0, "industry"] = "lonely"
    with pytest.raises(PanelError, match="1 plant"):
        marcon_puech(plants, "lonely", radii=RADII)
