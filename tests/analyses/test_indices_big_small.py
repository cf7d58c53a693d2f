"""Big and small cities against loops; densities against scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, sparse, stats

from analyses.indices.kernel_density import kernel_densities
from analyses.indices.size_coordination import big_small_coordination
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError

INTEGRAL = 2e-3  # three bandwidths leave out 0.27 per cent of the outermost points
CITIES = list("ABcde")
BIG = pd.Series([True, True, False, False, False], index=CITIES)
TABLE = pd.DataFrame({"income": [9.0, 7, 4, 3, np.nan], "jobs": [5.0, 1, 1, 1, 1]}, index=CITIES)
CLUSTERS = pd.DataFrame({"group": ["n", "n", "s", "n"]}, index=["A", "c", "c", "d"])


def network(seed=0):
    rng = np.random.default_rng(seed)
    flows = rng.integers(0, 3, (5, 5)) * 1.0
    np.fill_diagonal(flows, 0)
    return LinkageNetwork(pd.Index(CITIES), sparse.csr_array(flows), directed=True)


class TestBigSmall:
    def test_means_by_hand(self):
        found = big_small_coordination(TABLE, BIG, clusters=CLUSTERS).outcomes
        assert found.loc[("all", "income")].to_list() == [2, 2, 8, 3.5, 4.5, 8 / 3.5]
        assert found.loc[("n", "income")].to_list() == [1, 2, 9, 3.5, 5.5, 9 / 3.5]
        assert found.loc[("s", "jobs"), "n_big"] == 0
        assert np.isnan(found.loc[("s", "jobs"), "ratio"])

    @settings(max_examples=15)
    @given(st.integers(0, 10_000))
    def test_links_against_loops(self, seed):
        net = network(seed)
        flows = pd.DataFrame(net.flows.toarray(), CITIES, CITIES)
        links = big_small_coordination(TABLE.iloc[::-1], BIG, network=net, clusters=CLUSTERS).links
        for name, members in {"all": CITIES, "n": ["A", "c", "d"]}.items():
            total = sum(flows.loc[i, j] for i in members for j in members)
            for sender, receiver in [("big", "small"), ("small", "small"), ("big", "big")]:
                part = [
                    flows.loc[i, j]
                    for i in members
                    for j in members
                    if i != j and BIG[i] == (sender == "big") and BIG[j] == (receiver == "big")
                ]
                row = links.loc[(name, sender, receiver)]
                assert row["flow"] == sum(part)
                assert row["pairs"] == len(part)
                if part:
                    assert row["density"] == np.count_nonzero(part) / len(part)
                if total:
                    assert row["share"] == pytest.approx(sum(part) / total)
        shares = links.groupby("cluster")["share"].sum(min_count=4).dropna()
        assert shares.to_numpy() == pytest.approx(1)

    def test_bad_input(self):
        with pytest.raises(AlignmentError, match="'e'"):
            big_small_coordination(TABLE, BIG.drop("e"))
        with pytest.raises(PanelError, match="true or false"):
            big_small_coordination(TABLE, BIG.astype(object).mask(BIG))
        with pytest.raises(AlignmentError, match="'z'"):
            big_small_coordination(TABLE, BIG, clusters=CLUSTERS.rename(index={"d": "z"}))
        with pytest.raises(ConfigError, match="'all'"):
            big_small_coordination(TABLE, BIG, clusters=CLUSTERS.replace("n", "all"))
        assert big_small_coordination(TABLE, BIG).links.empty


class TestDensities:
    def panel(self, seed=1, n=60):
        rng = np.random.default_rng(seed)
        index = pd.MultiIndex.from_product([[2000, 2010], range(n)], names=["year", "city"])
        return pd.DataFrame({"y": rng.normal(5, 2, 2 * n)}, index=index)

    def test_against_scipy(self):
        panel = self.panel()
        found = kernel_densities(panel, "y")
        for year in (2000, 2010):
            sample = panel.xs(year, level="year")["y"].to_numpy()
            width = 0.9 * min(sample.std(ddof=1), stats.iqr(sample) / 1.34) * 60**-0.2
            assert found.summary.loc[year, "bandwidth"] == pytest.approx(width)
            other = stats.gaussian_kde(sample, bw_method=width / sample.std(ddof=1))
            assert found.density[year].to_numpy() == pytest.approx(
                other(found.density.index.to_numpy()), abs=1e-12
            )

    @settings(max_examples=15)
    @given(st.integers(0, 10_000), st.floats(0.1, 50))
    def test_integrates_to_one_and_scales(self, seed, scale):
        panel = self.panel(seed, 25)
        one, two = kernel_densities(panel, "y"), kernel_densities(scale * panel, "y")
        grid = one.density.index.to_numpy()
        area = one.density.apply(lambda f: integrate.trapezoid(f, grid))
        assert area.to_numpy() == pytest.approx(1, abs=INTEGRAL)
        for column, factor in {"peak": scale, "height": 1 / scale, "width": scale}.items():
            assert two.summary[column].to_numpy() == pytest.approx(
                factor * one.summary[column].to_numpy(), rel=1e-6
            )

    def test_two_humps_are_two_modes(self):
        index = pd.MultiIndex.from_product([range(40), [2000]], names=["city", "year"])
        humps = np.concatenate([np.linspace(0, 1, 20), np.linspace(9, 10, 20)])
        found = kernel_densities(pd.DataFrame({"y": humps}, index=index), "y", bandwidth=1.0)
        assert found.summary.loc[2000, "modes"] == 2

    def test_bad_input(self):
        panel = self.panel()
        with pytest.raises(EstimationError, match="2000"):
            flat = panel["y"].mask(panel.index.get_level_values("year") == 2000, 1.0)
            kernel_densities(flat.to_frame(), "y")
        with pytest.raises(ConfigError, match="points"):
            kernel_densities(panel, "y", points=3)
