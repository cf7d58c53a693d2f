"""Rank mobility against giddy's published numbers; ellipses against the written formula."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from scipy import stats

from spatial.autocorrelation.ellipse import standard_deviational_ellipses
from spatial.autocorrelation.rank_mobility import rank_tau, rank_theta
from spatial.errors import AlignmentError, EstimationError, PanelError, WeightsError

# giddy prints theta with eight decimals, spatial tau with three.
PRINTED = 1e-8
THREE_DECIMALS = 5e-4


@pytest.fixture(scope="module")
def mexico():
    """Income per head of 32 Mexican states 1940-2000 and their regions (libpysal)."""
    table = pd.read_csv(Path(libpysal.__file__).parent / "examples" / "mexico" / "mexico.csv")
    table = table.set_index("State")
    panel = table[[f"pcgdp{year}" for year in range(1940, 2010, 10)]].astype(float)
    panel.columns = range(1940, 2010, 10)
    return panel, table["esquivel99"]


def block(regions):
    same = regions.to_numpy()[:, None] == regions.to_numpy()[None, :]
    np.fill_diagonal(same, False)
    return pd.DataFrame(same.astype(float), regions.index, regions.index)


def test_theta_of_mexico_equals_that_of_giddy(mexico):
    """giddy 2.3.8, documentation of Theta."""
    panel, regions = mexico
    found = rank_theta(panel, regions, rng=1).table
    published = [0.41538462, 0.28070175, 0.61363636, 0.62222222, 0.33333333, 0.47222222]
    np.testing.assert_allclose(found["theta"], published, atol=PRINTED)
    assert found["total"].tolist() == [130, 114, 88, 90, 90, 72]
    assert found.index.tolist() == [1950, 1960, 1970, 1980, 1990, 2000]


def test_spatial_tau_of_mexico_equals_that_of_giddy(mexico):
    """giddy 2.3.8, documentation of SpatialTau: neighbours are states of one region."""
    panel, regions = mexico
    found = rank_tau(panel, block(regions), rng=1, permutations=999).table
    published = [0.397, 0.492, 0.651, 0.714, 0.683, 0.810]
    np.testing.assert_allclose(found["tau_near"], published, atol=THREE_DECIMALS)
    # Means of 99 permutations there: their own error is about one hundredth.
    means = [0.659, 0.706, 0.772, 0.752, 0.705, 0.819]
    np.testing.assert_allclose(found["expected"], means, atol=0.02)
    # Published 0.01, 0.01, 0.02, 0.21, ...: one-sided, from 99 draws, and ties not counted as hits.
    assert (found["p_value"].iloc[:2] < 0.05).all()
    assert (found["p_value"].iloc[3:] > 0.2).all()


@st.composite
def panels(draw):
    n, seed = draw(st.integers(4, 9)), draw(st.integers(0, 2**31 - 1))
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(n, 3))
    if draw(st.booleans()):
        numbers = generator.integers(0, 4, (n, 3)).astype(float)
        numbers[0], numbers[1] = 0.0, 3.0
    return pd.DataFrame(numbers, [f"c{at}" for at in range(n)], [2000, 2005, 2010])


@settings(max_examples=30)
@given(panels(), st.integers(0, 2**31 - 1))
def test_tau_against_pairs_counted_one_by_one(panel, seed):
    n = len(panel)
    dense = (np.random.default_rng(seed).random((n, n)) < 0.4).astype(float)
    np.fill_diagonal(dense, 0.0)
    dense[0, 1] = 1.0
    weights = pd.DataFrame(dense, panel.index, panel.index)
    found = rank_tau(panel, weights, permutations=0).table
    y = panel.to_numpy()
    for at, later in enumerate([2005, 2010]):
        parts = {"tau_near": [], "tau_far": []}
        for i, j in combinations(range(n), 2):
            near = dense[i, j] > 0 or dense[j, i] > 0
            pair = np.sign(y[i, at] - y[j, at]), np.sign(y[i, at + 1] - y[j, at + 1])
            parts["tau_near" if near else "tau_far"].append(pair)
        for name, pairs in parts.items():
            one, two = np.array(pairs).reshape(-1, 2).T
            scale = np.sqrt((one != 0).sum() * (two != 0).sum())
            expected = (one * two).sum() / scale if scale else np.nan
            assert found.loc[later, name] == pytest.approx(expected, nan_ok=True)
        peer = stats.kendalltau(y[:, at], y[:, at + 1])
        assert found.loc[later, "tau"] == pytest.approx(peer.statistic, nan_ok=True)
    whole = pd.DataFrame(1.0 - np.eye(n), panel.index, panel.index)
    all_near = rank_tau(panel, whole, permutations=0).table
    np.testing.assert_allclose(all_near["tau_near"], found["tau"])
    assert all_near["tau_far"].isna().all()


@settings(max_examples=20)
@given(panels())
def test_laws_of_theta(panel):
    regions = pd.Series(["a", "b"] * len(panel), dtype=object).iloc[: len(panel)]
    regions.index = panel.index
    found = rank_theta(panel, regions, permutations=99, rng=5).table
    assert found["theta"].dropna().between(0.0, 1.0).all()
    moved = rank_theta(panel.iloc[::-1], regions, permutations=99, rng=5).table
    np.testing.assert_allclose(moved["theta"], found["theta"])
    raised = rank_theta(np.exp(panel), regions, permutations=0).table
    np.testing.assert_allclose(raised["theta"], found["theta"])
    alone = pd.Series(panel.index, panel.index)
    every = rank_theta(panel, alone, permutations=0).table["theta"].dropna()
    np.testing.assert_allclose(every, 1.0)


def places(seed, n=20):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "longitude": generator.uniform(100.0, 120.0, n),
            "latitude": generator.uniform(22.0, 40.0, n),
        },
        [f"c{at}" for at in range(n)],
    )


@settings(max_examples=30)
@given(st.integers(0, 2**31 - 1))
def test_ellipses_against_the_written_formula(seed):
    cities = places(seed)
    weight = np.random.default_rng(seed + 1).gamma(1.0, size=(20, 2)) + 0.01
    found = standard_deviational_ellipses(pd.DataFrame(weight, cities.index, [1, 2]), cities)
    plane = CRS.from_proj4(
        f"+proj=laea +lat_0={found.origin[1]} +lon_0={found.origin[0]} +R=6371008.8 +units=km"
    )
    project = Transformer.from_crs("+proj=longlat +R=6371008.8", plane, always_xy=True)
    x, y = project.transform(cities["longitude"].to_numpy(), cities["latitude"].to_numpy())
    for column, year in enumerate([1, 2]):
        w = weight[:, column]
        row = found.table.loc[year]
        cx, cy = w @ x / w.sum(), w @ y / w.sum()
        east, north = x - cx, y - cy
        a, b, c = w @ east**2, w @ north**2, w @ (east * north)
        theta = np.arctan(((a - b) + np.sqrt((a - b) ** 2 + 4 * c**2)) / (2 * c))
        along = np.sqrt(w @ (east * np.sin(theta) + north * np.cos(theta)) ** 2 / w.sum())
        across = np.sqrt(w @ (east * np.cos(theta) - north * np.sin(theta)) ** 2 / w.sum())
        assert row["rotation"] == pytest.approx(np.degrees(theta) % 180.0, abs=1e-6)
        assert row["major"] == pytest.approx(along)
        assert row["minor"] == pytest.approx(across)
        back = project.transform(cx, cy, direction="INVERSE")
        assert (row["longitude"], row["latitude"]) == pytest.approx(back)
        # Each point of the outline lies on the ellipse.
        outline = found.outline(year, points=36)
        px, py = project.transform(outline["longitude"].to_numpy(), outline["latitude"].to_numpy())
        u = ((px - cx) * np.sin(theta) + (py - cy) * np.cos(theta)) / along
        v = ((px - cx) * np.cos(theta) - (py - cy) * np.sin(theta)) / across
        np.testing.assert_allclose(u**2 + v**2, 1.0, rtol=1e-6)
    bearing, _, metres = Geod(a=6371008.8, b=6371008.8).inv(
        *found.table.loc[1, ["longitude", "latitude"]],
        *found.table.loc[2, ["longitude", "latitude"]],
    )
    assert found.table.loc[2, "moved"] == pytest.approx(metres / 1000.0, rel=1e-6)
    assert found.table.loc[2, "bearing"] == pytest.approx(bearing % 360.0, abs=1e-5)


@settings(max_examples=20)
@given(st.integers(0, 2**31 - 1))
def test_laws_of_ellipses(seed):
    cities = places(seed)
    weight = pd.DataFrame(
        np.random.default_rng(seed).gamma(1.0, size=(20, 2)) + 0.01, cities.index, [1, 2]
    )
    found = standard_deviational_ellipses(weight, cities)
    scaled = standard_deviational_ellipses(7.0 * weight.iloc[::-1], cities)
    pd.testing.assert_frame_equal(scaled.table, found.table)
    wide = standard_deviational_ellipses(weight, cities, axes="root two").table
    np.testing.assert_allclose(wide["major"], np.sqrt(2.0) * found.table["major"])
    np.testing.assert_allclose(wide["area"], 2.0 * found.table["area"])
    assert found.net_moved == pytest.approx(found.total_moved)
    # Two halves of a city weigh what the city weighs.
    twin = pd.concat([cities, cities.iloc[[0]].set_axis(["twin"])])
    halves = pd.concat([weight, weight.iloc[[0]].set_axis(["twin"])])
    halves.loc[["c0", "twin"]] = weight.iloc[0].to_numpy() / 2.0
    split = standard_deviational_ellipses(halves, twin).table
    # The plane touches the earth elsewhere, which moves the axes by its small distortion.
    np.testing.assert_allclose(split["major"], found.table["major"], rtol=2e-3)


def test_bad_input_is_named(mexico):
    panel, regions = mexico
    with pytest.raises(EstimationError, match="theta needs two"):
        rank_theta(panel, regions * 0)
    with pytest.raises(PanelError, match="without a region"):
        rank_theta(panel, regions.where(regions.index != regions.index[0]))
    with pytest.raises(AlignmentError, match="only in the panel"):
        rank_theta(panel, regions.iloc[1:])
    with pytest.raises(WeightsError, match="No city has a neighbour"):
        rank_tau(panel, block(regions) * 0.0)
    cities = places(1)
    weight = pd.DataFrame(1.0, cities.index, [1, 2])
    with pytest.raises(EstimationError, match="'c3'"):
        bad = weight.copy()
        bad.loc["c3", 2] = -1.0
        standard_deviational_ellipses(bad, cities)
    with pytest.raises(EstimationError, match="Fewer than 3"):
        standard_deviational_ellipses(weight.mul(np.arange(20) < 2, axis=0), cities)
    with pytest.raises(AlignmentError, match="the cities"):
        standard_deviational_ellipses(weight, cities.iloc[1:])
    with pytest.raises(EstimationError, match="No ellipse of 3"):
        standard_deviational_ellipses(weight, cities).outline(3)


def test_a_change_nobody_makes_has_no_theta(mexico):
    panel, regions = mexico
    still = pd.DataFrame({1: panel[1940], 2: panel[1940]})
    found = rank_theta(still, regions, permutations=99, rng=1).table
    assert found[["theta", "p_value"]].isna().all(axis=None)
