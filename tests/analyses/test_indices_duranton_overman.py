"""Density of distances between plants: brute force, laws, bands, calibration, memory, bad input."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analyses.indices.duranton_overman import duranton_overman
from analyses.indices.envelopes import envelopes
from analyses.indices.pair_distances import ExactCounter, GridCounter, summary_of_distances
from spatial.coordinates import city_positions, great_circle_km
from spatial.errors import ConfigError, EstimationError, PanelError

BINNED = 2e-3  # bins of a sixtieth of the bandwidth
GRIDDED = 2e-2  # cells of a third of the bandwidth and a plane projection
ROUNDING = 1e-9


def sites(number, seed=0, *, width=6.0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "longitude": random.uniform(108, 108 + width, number),
            "latitude": random.uniform(28, 28 + width, number),
            "industry": np.where(np.arange(number) < number // 4, "a", "rest"),
            "jobs": random.integers(1, 50, number).astype(float),
        }
    )


def distances(table):
    lon, lat = table["longitude"].to_numpy(), table["latitude"].to_numpy()
    return great_circle_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])


def brute_force(pair_distances, weights, at, bandwidth):
    kernel = stats.norm(scale=bandwidth).pdf
    return np.array(
        [
            (weights * (kernel(d - pair_distances) + kernel(d + pair_distances))).sum()
            / weights.sum()
            for d in at
        ]
    )


class TestDensity:
    @pytest.mark.parametrize("employment", [None, "jobs"])
    def test_one_industry(self, employment):
        plants = sites(120)
        found = duranton_overman(
            plants, "a", employment=employment, simulations=39, counting="exact", rng=1
        )
        own = plants[plants["industry"] == "a"]
        i, j = np.triu_indices(len(own), 1)
        size = np.ones(len(own)) if employment is None else own["jobs"].to_numpy()
        expected = brute_force(
            distances(own)[i, j], size[i] * size[j], found.table.index, found.bandwidth
        )
        assert found.table["density"].to_numpy() == pytest.approx(expected, rel=BINNED)
        assert found.plants == 30
        assert found.sites == 120

    def test_silverman(self):
        plants = sites(120)
        own = plants[plants["industry"] == "a"]
        i, j = np.triu_indices(len(own), 1)
        d = distances(own)[i, j]
        quarter, three = np.quantile(d, [0.25, 0.75])
        expected = 0.9 * min(d.std(), (three - quarter) / 1.34) * len(d) ** -0.2
        found = duranton_overman(plants, "a", simulations=39, rng=1)
        assert found.bandwidth == pytest.approx(expected, rel=1e-2)

    def test_two_industries(self):
        plants = sites(120)
        plants.loc[30:50, "industry"] = "b"
        found = duranton_overman(
            plants, "a", second="b", employment="jobs", simulations=39, counting="exact", rng=1
        )
        a, b = plants["industry"] == "a", plants["industry"] == "b"
        expected = brute_force(
            distances(plants)[np.ix_(a, b)].ravel(),
            np.multiply.outer(plants["jobs"][a].to_numpy(), plants["jobs"][b].to_numpy()).ravel(),
            found.table.index,
            found.bandwidth,
        )
        assert found.table["density"].to_numpy() == pytest.approx(expected, rel=BINNED)

    def test_integrates_to_one(self):
        found = duranton_overman(sites(80), "a", limit=2000.0, steps=2000, simulations=39, rng=1)
        density = found.table["density"]
        assert np.trapezoid(density, density.index) == pytest.approx(1.0, abs=1e-3)

    def test_limit_is_the_median_distance_of_all_sites(self):
        plants = sites(100)
        i, j = np.triu_indices(100, 1)
        found = duranton_overman(plants, "a", simulations=39, rng=1)
        assert found.table.index[-1] == pytest.approx(np.median(distances(plants)[i, j]), rel=1e-3)

    def test_order_of_rows_does_not_move_the_density(self):
        plants = sites(100)
        a = duranton_overman(plants, "a", simulations=39, rng=1)
        b = duranton_overman(plants.sample(frac=1.0, random_state=2), "a", simulations=39, rng=1)
        assert a.table["density"].to_numpy() == pytest.approx(
            b.table["density"].to_numpy(), rel=ROUNDING
        )


class TestGrid:
    @pytest.mark.parametrize("options", [{}, {"employment": "jobs"}, {"second": "b"}])
    def test_like_exact(self, options):
        plants = sites(400, seed=3)
        plants.loc[100:180, "industry"] = "b"
        both = [
            duranton_overman(plants, "a", counting=counting, simulations=39, rng=5, **options)
            for counting in ("exact", "grid")
        ]
        scale = both[0].table["density"].max()
        for column in ("density", "mean", "global_upper", "global_lower"):
            gap = (both[0].table[column] - both[1].table[column]).abs().max()
            assert gap < GRIDDED * scale
        assert both[0].cell == 0.0
        assert both[1].cell > 0.0
        assert both[1].distance_error < 0.01

    def test_counts_are_those_of_the_moved_points(self):
        # Pairs of cell centres, counted one by one.
        random = np.random.default_rng(0)
        points = city_positions(sites(60)).unit_vectors()
        grid = GridCounter(points, cell=25.0, longest=400.0, bins=16)
        x, y = grid.cells // grid.shape[1], grid.cells % grid.shape[1]
        gap = 25.0 * np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
        weights = random.uniform(1, 3, 60)
        i, j = np.triu_indices(60, 1)
        # Bins as the grid cuts them, without rounding in between.
        place = np.minimum(gap * (16 / 400.0), 16).astype(int)
        within = np.bincount(place[i, j], weights[i] * weights[j], minlength=17)[:16]
        assert grid.within(np.arange(60), weights) == pytest.approx(within, abs=1e-6)
        between = np.bincount(place[:20, 20:].ravel(), minlength=17)[:16]
        found = grid.between(np.arange(20), np.arange(20, 60), None, None)
        assert found == pytest.approx(between, abs=1e-6)

    def test_memory_does_not_depend_on_the_pairs(self):
        peaks = []
        for number in (3000, 6000):
            points = city_positions(sites(number)).unit_vectors()
            counter = ExactCounter(points, 500, 500.0)
            tracemalloc.start()
            counter.within(np.arange(number), None)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < 1.3 * peaks[0]
        # All 18 million pairs would need 144 MB.
        assert peaks[1] < 60e6


class TestExactCounter:
    def test_within_and_between(self):
        points = city_positions(sites(50)).unit_vectors()
        counter = ExactCounter(points, 40, 300.0)
        members = np.arange(30)
        chord = np.linalg.norm(points[:, None] - points[None, :], axis=2)
        edges = np.linspace(0, 2 * np.sin(300.0 / 2 / 6371.0088), 41)
        i, j = np.triu_indices(30, 1)
        assert (counter.within(members, None) == np.histogram(chord[i, j], edges)[0]).all()
        across = np.histogram(chord[:30, 30:], edges)[0]
        found = counter.between(members, np.arange(30, 50), None, None)
        assert (found == across).all()

    def test_summary(self):
        table = sites(200)
        i, j = np.triu_indices(200, 1)
        d = distances(table)[i, j]
        longest, deviation, quartiles = summary_of_distances(city_positions(table).unit_vectors())
        assert d.max() <= longest
        assert deviation == pytest.approx(d.std(), rel=1e-3)
        assert quartiles == pytest.approx(np.quantile(d, [0.25, 0.5, 0.75]), rel=1e-2)


class TestEnvelopes:
    def test_share_of_curves_inside(self):
        curves = np.random.default_rng(1).normal(size=(999, 20)).cumsum(axis=1)
        bands = envelopes(curves[0], curves, level=0.05)
        inside = (curves >= bands.global_lower) & (curves <= bands.global_upper)
        share = inside.all(axis=1).mean()
        assert 0.95 <= share < 0.97
        assert (bands.global_lower <= bands.local_lower).all()
        assert (bands.global_upper >= bands.local_upper).all()

    def test_far_curve_has_the_smallest_p_value(self):
        curves = np.random.default_rng(1).normal(size=(99, 5))
        assert envelopes(np.full(5, 50.0), curves, level=0.1).p_value == pytest.approx(0.01)
        assert envelopes(np.full(5, -50.0), curves, level=0.1).p_value == pytest.approx(0.01)

    def test_p_values_are_not_too_small(self):
        # Exchangeable curves: the p-value must not reject more than its level.
        random = np.random.default_rng(3)
        p = [
            envelopes(c[0], c[1:], level=0.1).p_value
            for c in (random.normal(size=(100, 4)) for _ in range(400))
        ]
        share = np.mean(np.array(p) <= 0.1)
        assert 0.04 < share < 0.145  # 0.1 with three standard errors; ties make it conservative

    def test_too_few(self):
        with pytest.raises(ConfigError, match="39 or more"):
            envelopes(np.zeros(3), np.zeros((20, 3)), level=0.05)
        with pytest.raises(ConfigError, match="below one half"):
            envelopes(np.zeros(3), np.zeros((20, 3)), level=0.7)


class TestPatterns:
    def test_cluster_is_localised(self):
        plants = sites(400, seed=4)
        centre = (plants["longitude"] - 110).abs() + (plants["latitude"] - 30).abs()
        plants["industry"] = "rest"
        plants.loc[centre.nsmallest(40).index, "industry"] = "a"
        found = duranton_overman(plants, "a", simulations=199, rng=1)
        assert found.pattern == "localised"
        assert found.p_value == pytest.approx(1 / 200)
        assert (found.table["dispersion"] == 0).all()
        assert found.table["localisation"].iloc[0] > 0

    def test_apart_is_dispersed(self):
        plants = sites(400, seed=4)
        corner = (plants["longitude"] - 108) + (plants["latitude"] - 28)
        plants["industry"] = "rest"
        plants.loc[corner.nsmallest(30).index, "industry"] = "a"
        plants.loc[corner.nlargest(30).index, "industry"] = "b"
        found = duranton_overman(plants, "a", second="b", simulations=199, rng=1)
        assert found.pattern == "dispersed"
        mixed = duranton_overman(
            plants, "a", second="b", counterfactual="both industries", simulations=199, rng=1
        )
        assert mixed.sites == 60
        assert mixed.pattern == "dispersed"

    def test_same_seed_same_numbers(self):
        a = duranton_overman(sites(100), "a", simulations=39, rng=7)
        b = duranton_overman(sites(100), "a", simulations=39, rng=7)
        pd.testing.assert_frame_equal(a.tidy(), b.tidy())
        assert a.configuration.seed == 7


class TestBadInput:
    def test_one_plant(self):
        plants = sites(40)
        plants.loc[0, "industry"] = "lonely"
        with pytest.raises(PanelError, match="'lonely' has 1 plant"):
            duranton_overman(plants, "lonely", simulations=39)

    def test_no_such_industry(self):
        with pytest.raises(ConfigError, match="No plant belongs to 'aa'"):
            duranton_overman(sites(40), "aa", simulations=39)

    def test_one_point(self):
        plants = sites(40)
        plants[["longitude", "latitude"]] = 30.0
        with pytest.raises(EstimationError, match="one point"):
            duranton_overman(plants, "a", simulations=39)

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"industry": "kind"}, PanelError, "no column 'kind'"),
            ({"employment": "workers"}, PanelError, "no column 'workers'"),
            ({"limit": -1.0}, ConfigError, "limit"),
            ({"steps": 0}, ConfigError, "steps"),
            ({"counting": "quick"}, ConfigError, "counting"),
            ({"second": "a"}, ConfigError, "Both industries"),
            ({"simulations": 10}, ConfigError, "too few"),
        ],
    )
    def test_options(self, change, error, words):
        with pytest.raises(error, match=words):
            duranton_overman(sites(40), "a", **{"simulations": 39, **change})

    def test_employment_of_zero(self):
        plants = sites(40)
        plants.loc[3, "jobs"] = 0
        with pytest.raises(PanelError, match="rows 3"):
            duranton_overman(plants, "a", employment="jobs", simulations=39)
