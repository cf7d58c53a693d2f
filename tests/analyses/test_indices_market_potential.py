"""Market potential, stocks and pools against loops, identities and limits."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.indices.market_potential import market_potential
from analyses.indices.spillover_pools import (
    perpetual_inventory,
    spillover_pool,
    technology_proximity,
)
from spatial.coordinates import great_circle_km
from spatial.errors import AlignmentError, ConfigError, GeometryError, PanelError

CITIES = pd.DataFrame(
    {"longitude": [116.4, 121.5, 113.7, 104.1], "latitude": [39.9, 31.2, 34.7, 30.6]},
    index=list("abcd"),
)
MASSES = pd.Series([3.0, 5.0, 2.0, 4.0], index=list("abcd"))
AREAS = pd.Series([16000.0, 6000.0, 7000.0, 14000.0], index=list("abcd"))


def km(i, j):
    one, two = CITIES.loc[i], CITIES.loc[j]
    return float(great_circle_km(one.longitude, one.latitude, two.longitude, two.latitude))


class TestMarketPotential:
    def test_power_with_own_part(self):
        found = market_potential(MASSES, cities=CITIES, areas=AREAS)
        for i in MASSES.index:
            others = sum(MASSES[j] / km(i, j) for j in MASSES.index if j != i)
            own = MASSES[i] / (2 / 3 * np.sqrt(AREAS[i] / np.pi))
            assert found[i] == pytest.approx(others + own)

    def test_exponential_halves(self):
        found = market_potential(MASSES, cities=CITIES, decay="exponential", half_distance=300.0)
        for i in MASSES.index:
            wanted = sum(MASSES[j] * 0.5 ** (km(i, j) / 300) for j in MASSES.index if j != i)
            assert found[i] == pytest.approx(wanted)

    def test_panel_costs_and_labels(self):
        hours = pd.DataFrame(
            [[km(i, j) / 250 if i != j else 0 for j in "abcd"] for i in "abcd"],
            index=list("abcd"),
            columns=list("abcd"),
        )
        hours.loc["a", "b"] = np.nan
        panel = pd.concat({2019: MASSES, 2020: 2 * MASSES}, names=["year", "city"])
        found = market_potential(panel, costs=hours.loc[list("dbca"), list("cabd")], exponent=2)
        wanted = sum(MASSES[j] / (km("a", j) / 250) ** 2 for j in "cd")
        assert found[2019, "a"] == pytest.approx(wanted)
        assert found[2020].to_numpy() == pytest.approx(2 * found[2019].to_numpy())
        assert found.index.equals(panel.index)

    def test_blocks_do_not_matter(self, monkeypatch):
        whole = market_potential(MASSES, cities=CITIES)
        # The package has a function of the name of this module.
        module = sys.modules["analyses.indices.market_potential"]
        monkeypatch.setattr(module, "_BLOCK", 3)
        assert market_potential(MASSES, cities=CITIES).to_numpy() == pytest.approx(whole.to_numpy())

    def test_bad_input(self):
        with pytest.raises(ConfigError, match="either"):
            market_potential(MASSES)
        with pytest.raises(ConfigError, match="half_distance"):
            market_potential(MASSES, cities=CITIES, decay="exponential")
        with pytest.raises(PanelError, match="'a'"):
            market_potential(-MASSES, cities=CITIES)
        with pytest.raises(AlignmentError, match="'d'"):
            market_potential(MASSES.drop("d"), cities=CITIES)
        with pytest.raises(GeometryError):
            market_potential(MASSES, cities=CITIES.assign(longitude=0.0, latitude=0.0))
        with pytest.raises(PanelError, match="zero or negative"):
            market_potential(
                MASSES, costs=pd.DataFrame(0.0, index=MASSES.index, columns=MASSES.index)
            )


class TestPerpetualInventory:
    @settings(max_examples=25)
    @given(st.floats(0.03, 0.4), st.floats(-0.02, 0.2), st.floats(0.1, 100))
    def test_steady_growth_keeps_the_ratio(self, depreciation, growth, first):
        # Investment that always grows by g: the stock is I (1 + g)^t / (g + d) only if the first
        # stock is; by recursion K_t = (1 - d) K_(t-1) + I_t, summed by hand here.
        years = range(2000, 2010)
        index = pd.MultiIndex.from_product([["x"], years], names=["city", "year"])
        invested = first * (1 + growth) ** np.arange(10)
        panel = pd.DataFrame({"i": invested}, index=index)
        found = perpetual_inventory(panel, "i", depreciation=depreciation).to_numpy()
        start = first / (growth + depreciation)
        for t in range(10):
            wanted = start * (1 - depreciation) ** t + sum(
                invested[s] * (1 - depreciation) ** (t - s) for s in range(1, t + 1)
            )
            assert found[t] == pytest.approx(wanted, rel=1e-8)

    def test_labels_and_bad_input(self):
        index = pd.MultiIndex.from_product([["x", "y"], [2000, 2001, 2002]], names=["city", "year"])
        panel = pd.DataFrame({"i": [1.0, 2, 4, 3, 3, 3]}, index=index)
        found = perpetual_inventory(panel, "i", depreciation=0.5)
        assert found["y", 2002] == pytest.approx(6)
        mixed = panel.sample(frac=1, random_state=2)
        again = perpetual_inventory(mixed, "i", depreciation=0.5)
        pd.testing.assert_series_equal(again.reindex(index), found)
        with pytest.raises(PanelError, match="'x'"):
            perpetual_inventory(panel.replace(1.0, 0.0), "i", depreciation=0.5)
        with pytest.raises(PanelError, match="gaps"):
            perpetual_inventory(panel.drop(index=2001, level="year"), "i", depreciation=0.5)
        with pytest.raises(ConfigError, match="depreciation"):
            perpetual_inventory(panel, "i", depreciation=1.5)


class TestPools:
    def test_pool_against_loops(self):
        rng = np.random.default_rng(1)
        table = pd.DataFrame(rng.random((4, 4)), index=list("abcd"), columns=list("abcd"))
        table = table.mask(np.eye(4, dtype=bool), 0.0)
        index = pd.MultiIndex.from_product([[1, 2], list("dcba")], names=["year", "city"])
        stocks = pd.Series(rng.random(8), index=index)
        found = spillover_pool(stocks, table)
        for year, city in index:
            wanted = sum(table.loc[city, j] * stocks[year, j] for j in "abcd" if j != city)
            assert found[year, city] == pytest.approx(wanted)
        with pytest.raises(AlignmentError):
            spillover_pool(stocks.drop(index="a", level="city"), table)

    def test_proximity(self):
        table = pd.DataFrame([[1.0, 0], [2.0, 0], [0, 3.0], [1, 1]], index=list("abcd"))
        found = technology_proximity(table)
        assert found.loc["a", "b"] == pytest.approx(1)
        assert found.loc["a", "c"] == 0
        assert found.loc["d", "a"] == pytest.approx(1 / np.sqrt(2))
        assert (np.diag(found) == 0).all()
        with pytest.raises(PanelError, match="empty"):
            technology_proximity(table.mul([1, 1, 1, 0], axis=0))
