"""Trends and emerging hot spots against scipy, brute force, local G* and the written rules."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spatial.autocorrelation.emerging_hot_spots import (
    EMERGING_CLASSES,
    NO_PATTERN,
    emerging_classes,
    emerging_hot_spots,
)
from spatial.autocorrelation.local_getis_ord import local_getis_ord
from spatial.autocorrelation.local_moran import ISOLATED
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.trends import city_trends
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError
from spatial.weights.sequences import space_time_weights, weights_by_year

ROUNDING = 1e-9


@st.composite
def panels(draw):
    n, years = draw(st.integers(1, 5)), draw(st.integers(3, 12))
    seed, tied = draw(st.integers(0, 2**31 - 1)), draw(st.booleans())
    numbers = np.random.default_rng(seed).normal(0.0, 2.0, (n, years))
    gaps = np.random.default_rng(seed + 1).integers(1, 4, years).cumsum()
    numbers = np.round(numbers) if tied else numbers
    return pd.DataFrame(numbers, [f"c{at}" for at in range(n)], 2000 + gaps)


def ring(n):
    dense = np.zeros((n, n))
    for at in range(n):
        dense[at, (at + 1) % n] = dense[at, (at - 1) % n] = 1.0
    return pd.DataFrame(dense, range(n), range(n))


@settings(max_examples=60)
@given(panels())
def test_trends_against_brute_force_and_scipy(panel):
    found = city_trends(panel, correction="none").table
    years = panel.columns.to_numpy(dtype=float)
    for city, row in panel.iterrows():
        y = row.to_numpy()
        pairs = list(combinations(range(len(y)), 2))
        score = sum(np.sign(y[b] - y[a]) for a, b in pairs)
        ties = np.unique(y, return_counts=True)[1]
        t = len(y)
        variance = (t * (t - 1) * (2 * t + 5) - sum(g * (g - 1) * (2 * g + 5) for g in ties)) / 18
        z = (score - np.sign(score)) / np.sqrt(variance) if variance else 0.0
        assert found.loc[city, "score"] == score
        assert found.loc[city, "variance"] == pytest.approx(variance)
        assert found.loc[city, "p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)))
        peer = stats.theilslopes(y, years, alpha=0.95)
        assert found.loc[city, "slope"] == pytest.approx(peer.slope, abs=ROUNDING)
        assert found.loc[city, "intercept"] == pytest.approx(peer.intercept, rel=1e-7, abs=1e-6)
        assert found.loc[city, "slope_low"] == pytest.approx(peer.low_slope, abs=ROUNDING)
        assert found.loc[city, "slope_high"] == pytest.approx(peer.high_slope, abs=ROUNDING)


def test_score_without_ties_is_kendalls_tau():
    y = np.random.default_rng(2).normal(size=(1, 25))
    found = city_trends(pd.DataFrame(y, ["a"], range(25))).table.loc["a"]
    assert found["tau"] == pytest.approx(stats.kendalltau(range(25), y[0]).statistic)


@settings(max_examples=30)
@given(panels())
def test_laws_of_trends(panel):
    found = city_trends(panel).table
    turned = city_trends(-panel).table
    assert (turned["score"] == -found["score"]).all()
    np.testing.assert_allclose(turned["slope"], -found["slope"], atol=ROUNDING)
    np.testing.assert_allclose(turned["slope_low"], -found["slope_high"], atol=ROUNDING)
    assert (found["slope_low"] <= found["slope"] + ROUNDING).all()
    raised = panel + 3.0 * panel.columns.to_numpy(dtype=float)
    np.testing.assert_allclose(city_trends(raised).table["slope"], found["slope"] + 3.0)
    np.testing.assert_allclose(
        found["p_adjusted"], adjusted_p_values(found["p_value"].to_numpy(), "fdr")
    )
    pd.testing.assert_frame_equal(
        city_trends(panel.iloc[::-1, ::-1]).table.sort_index(), found.sort_index()
    )


def test_short_panels_are_warned_of():
    panel = pd.DataFrame([[1.0, 2.0, 3.0, 4.0]], ["a"], range(4))
    found = city_trends(panel)
    assert found.table.loc["a", "trend"] == "No trend"
    assert "almost no power" in found.warnings[0]
    assert found.trend_counts().tolist() == [0, 0, 1]


def rules(row, rising):
    """The eight rules for hot spots, word by word, for one city."""
    years = len(row)
    hot = [state == 1 for state in row]
    share = sum(hot) / years
    if hot[-1] and not any(hot[:-1]):
        return "New"
    run = 0
    while run < years and hot[years - 1 - run]:
        run += 1
    if run >= 2 and not any(hot[: years - run]) and share < 0.9:
        return "Consecutive"
    if hot[-1] and share >= 0.9:
        return {1: "Intensifying", 0: "Persistent", -1: "Diminishing"}[rising]
    if hot[-1]:
        return "Oscillating" if -1 in row else "Sporadic"
    return "Historical" if share >= 0.9 else None


@pytest.mark.parametrize("years", [3, 5])
def test_every_history_is_classified_by_the_written_rules(years):
    rows = np.array(list(product([-1, 0, 1], repeat=years)))
    for rising in (-1, 0, 1):
        found = emerging_classes(rows, np.full(len(rows), rising))
        for row, word in zip(rows.tolist(), found, strict=True):
            hot, cold = rules(row, rising), rules([-state for state in row], -rising)
            expected = f"{hot} hot spot" if hot else f"{cold} cold spot" if cold else NO_PATTERN
            assert word == expected, row


def test_classes_of_long_histories():
    words = {
        "Historical hot spot": [1] * 18 + [1, 0],
        "Persistent hot spot": [0, 0] + [1] * 18,
        "Oscillating hot spot": [-1] + [1] * 9 + [0] * 9 + [1],
        "Sporadic hot spot": [1] * 10 + [0] * 9 + [1],
        "Consecutive cold spot": [0] * 10 + [-1] * 10,
        "New cold spot": [1] + [0] * 18 + [-1],
        "Historical cold spot": [-1] * 19 + [0],
        NO_PATTERN: [1] * 10 + [0] * 10,
    }
    found = emerging_classes(np.array(list(words.values())), np.zeros(len(words), dtype=int))
    assert found.tolist() == list(words)
    assert len(EMERGING_CLASSES) == len(set(EMERGING_CLASSES)) == 17


@pytest.mark.parametrize("scaled", [False, True])
def test_scores_of_single_years_are_local_g_star(scaled):
    generator = np.random.default_rng(4)
    panel = pd.DataFrame(generator.gamma(2.0, size=(12, 4)), range(12), range(2000, 2004))
    weights = ring(12).div(ring(12).sum(axis=1), axis=0) if scaled else ring(12)
    weights.loc[0, 5] = weights.loc[1, 2]
    found = emerging_hot_spots(panel, weights, window=0)
    for year in panel:
        peer = local_getis_ord(panel[year], weights, inference="analytical", permutations=0)
        np.testing.assert_allclose(
            found.z_scores[year], peer.table["z_score"].reindex(range(12)), rtol=ROUNDING
        )


def test_windows_against_all_years_are_local_g_star_of_space_time():
    generator = np.random.default_rng(7)
    panel = pd.DataFrame(generator.gamma(2.0, size=(9, 5)), range(9), range(2000, 2005))
    weights = ring(9)
    found = emerging_hot_spots(panel, weights, window=1, reference="all years")
    stacked = space_time_weights(weights, list(panel), year_before=1.0, own_past=1.0)
    values = pd.Series(panel.to_numpy().T.ravel(), stacked.ids)
    peer = local_getis_ord(values, stacked, inference="analytical", permutations=0)
    z = peer.table["z_score"].reindex(stacked.ids).to_numpy().reshape(5, 9).T
    np.testing.assert_allclose(found.z_scores, z, rtol=ROUNDING)


def test_window_of_three_years_by_hand():
    generator = np.random.default_rng(8)
    panel = pd.DataFrame(generator.gamma(2.0, size=(7, 6)), range(7), range(6))
    first, second = ring(7), ring(7).mask(ring(7) == 0, 0.5) - np.eye(7) * 0.5
    weights = weights_by_year({year: first if year < 3 else second for year in range(6)})
    found = emerging_hot_spots(panel, weights, window=2).z_scores.loc[4, 3]
    own = {1: 1.0, 2: 1.0, 3: 1.0}
    entries = []
    for year in (1, 2, 3):
        row = (first if year < 3 else second).loc[4].to_numpy().copy()
        row[4] = own[year]
        entries.append(row)
    w = np.concatenate(entries)
    y = panel[[1, 2, 3]].to_numpy().T.ravel()
    m = len(y)
    by_hand = (w @ y - y.mean() * w.sum()) / (
        y.std() * np.sqrt((m * (w**2).sum() - w.sum() ** 2) / (m - 1))
    )
    assert found == pytest.approx(by_hand)


def test_correction_runs_over_all_city_years_and_islands_stay_out():
    generator = np.random.default_rng(9)
    panel = pd.DataFrame(generator.gamma(2.0, size=(10, 9)), range(10), range(9))
    weights = ring(10)
    weights.loc[3] = 0.0
    found = emerging_hot_spots(panel, weights, correction="fdr")
    assert found.table.loc[3, "cluster"] == ISOLATED
    assert found.z_scores.loc[3].isna().all()
    p_values = 2.0 * stats.norm.sf(found.z_scores.abs())
    np.testing.assert_allclose(
        found.p_adjusted.to_numpy().ravel(), adjusted_p_values(p_values.ravel(), "fdr")
    )
    assert found.cluster_counts().sum() == 10
    assert found.n_isolated == 1
    assert not found.warnings


@settings(max_examples=20)
@given(st.integers(0, 2**31 - 1), st.integers(0, 2), st.sampled_from(["window", "all years"]))
def test_laws_of_emerging_hot_spots(seed, window, reference):
    generator = np.random.default_rng(seed)
    panel = pd.DataFrame(generator.gamma(1.0, size=(8, 6)), range(8), range(6))
    options = {"window": window, "reference": reference, "correction": "none"}
    found = emerging_hot_spots(panel, ring(8), **options)
    scaled = emerging_hot_spots(5.0 * panel + 3.0, ring(8), **options)
    pd.testing.assert_frame_equal(scaled.table, found.table)
    turned = emerging_hot_spots(-panel, ring(8), **options)
    mirrored = found.table["cluster"].str.replace("hot", "?").str.replace("cold", "hot")
    assert (turned.table["cluster"] == mirrored.str.replace("?", "cold")).all()
    order = generator.permutation(8)
    moved = emerging_hot_spots(panel.iloc[order], ring(8), **options)
    pd.testing.assert_frame_equal(moved.table.sort_index(), found.table)


def test_bad_input_is_named():
    panel = pd.DataFrame(np.arange(24.0).reshape(6, 4), range(6), range(4))
    with pytest.raises(EstimationError, match="2 years are too few"):
        city_trends(panel[[0, 1]])
    with pytest.raises(PanelError, match="Years must be numbers"):
        city_trends(panel.set_axis(list("abcd"), axis=1))
    with pytest.raises(ConfigError, match="alpha=0"):
        city_trends(panel, alpha=0)
    with pytest.raises(ConfigError, match="window=4"):
        emerging_hot_spots(panel, ring(6), window=4)
    with pytest.raises(AlignmentError, match="only in the weights: 5"):
        emerging_hot_spots(panel.drop(5), ring(6))
    with pytest.raises(EstimationError, match="constant"):
        emerging_hot_spots(panel * 0 + 1, ring(6))
    with pytest.raises(EstimationError, match="same in every city"):
        emerging_hot_spots(panel.assign(extra=1.0).set_axis(range(5), axis=1), ring(6), window=0)
    with pytest.raises(ConfigError, match="nearest: 'all years'"):
        emerging_hot_spots(panel, ring(6), reference="all year")
