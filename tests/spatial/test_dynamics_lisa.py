"""LISA transitions and time paths against giddy's published numbers, brute force and laws."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spatial.autocorrelation.local_moran import ISOLATED, QUADRANTS
from spatial.autocorrelation.time_paths import NOT_MOVED, lisa_time_paths
from spatial.autocorrelation.transitions import SUBTYPES, TRANSITION_TYPES, lisa_transitions
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError
from spatial.weights.sequences import weights_by_year

# Sums of a few thousand floats in another order.
ROUNDING = 1e-10


@pytest.fixture(scope="module")
def income():
    """Income per head of 48 US states 1929-2009 and row-standardised contiguity (libpysal)."""
    folder = Path(libpysal.__file__).parent / "examples" / "us_income"
    table = pd.read_csv(folder / "usjoin.csv").set_index("Name").drop(columns="STATE_FIPS")
    table.columns = table.columns.astype(int)
    weights = libpysal.io.open(str(folder / "states48.gal")).read()
    dense = weights.full()[0]
    dense /= dense.sum(axis=1, keepdims=True)
    return table.astype(float), pd.DataFrame(dense, table.index, table.index)


def ring(ids):
    n = len(ids)
    dense = np.zeros((n, n))
    for at in range(n):
        dense[at, (at + 1) % n] = dense[at, (at - 1) % n] = 0.5
    return pd.DataFrame(dense, ids, ids)


def stacked_panel(table):
    places = pd.MultiIndex.from_product([table.index, table.columns], names=["city", "year"])
    return pd.Series(table.to_numpy().ravel(), places, name="income")


@st.composite
def panels(draw):
    n, years = draw(st.integers(5, 9)), draw(st.integers(2, 5))
    seed = draw(st.integers(0, 2**31 - 1))
    numbers = np.random.default_rng(seed).normal(5.0, 1.0, (n, years))
    return pd.DataFrame(numbers, [f"c{at}" for at in range(n)], range(2000, 2000 + years))


def test_transitions_of_us_states_equal_those_of_giddy(income):
    table, weights = income
    found = lisa_transitions(table, weights)
    # giddy.LISA_Markov, documentation and tests, order HH, LH, LL, HL.
    published = [[1087, 44, 4, 34], [41, 470, 36, 1], [5, 34, 1422, 39], [30, 1, 40, 552]]
    assert found.counts.to_numpy().tolist() == published
    assert list(found.counts.index) == list(QUADRANTS)
    assert found.probabilities.loc["Low-Low", "Low-Low"] == pytest.approx(0.948)
    # Types read off the published matrix: no move, only the city, only neighbours, both.
    totals = found.by_period[list(TRANSITION_TYPES)].sum()
    assert totals["0"] == 1087 + 470 + 1422 + 552
    assert totals["I"] == 44 + 41 + 39 + 40
    assert totals["II"] == 34 + 30 + 36 + 34
    assert totals["III"] == 4 + 5
    assert totals["IV"] == 1 + 1
    assert found.cohesion == pytest.approx((1087 + 470 + 1422 + 552 + 9) / 3840)


def test_independence_against_chains_counted_one_by_one(income):
    table, weights = income
    found = lisa_transitions(table, weights)
    deviations = table - table.mean()
    own = (deviations > 0).to_numpy()
    lag = (weights.to_numpy() @ deviations.to_numpy()) > 0
    statistic = 0.0
    chains = []
    for side in (own, lag):
        chain = {(0, 0): 0, (0, 1): 0, (1, 0): 0, (1, 1): 0}
        for row in side:
            for start, end in pairwise(row):
                chain[int(start), int(end)] += 1
        chains.append(
            {(a, b): chain[a, b] / (chain[a, 0] + chain[a, 1]) for a in (0, 1) for b in (0, 1)}
        )
    sides = {"High-High": (1, 1), "Low-High": (0, 1), "Low-Low": (0, 0), "High-Low": (1, 0)}
    for start, row in found.counts.iterrows():
        for end, count in row.items():
            expected = row.sum() * chains[0][sides[start][0], sides[end][0]]
            expected *= chains[1][sides[start][1], sides[end][1]]
            if count:
                statistic += 2.0 * count * np.log(count / expected)
    assert found.independence["statistic"] == pytest.approx(statistic, rel=ROUNDING)
    assert found.independence["df"] == 8
    assert found.independence["p_value"] == pytest.approx(stats.chi2.sf(statistic, 8))


def test_weights_of_each_year_make_the_lag_of_that_year(income):
    table, weights = income
    late = [2007, 2008, 2009]
    ids = table.index
    others = ring(ids)
    moving = weights_by_year({2007: weights, 2008: others, 2009: weights})
    found = lisa_transitions(table[late], moving).table
    fixed = lisa_transitions(table[late], weights).table
    other = lisa_transitions(table[late], others).table
    period = found.xs(2008, level="year")
    assert (period["from"] == fixed.xs(2008, level="year")["from"]).all()
    assert (period["to"] == other.xs(2008, level="year")["to"]).all()
    assert (period["to"] != fixed.xs(2008, level="year")["to"]).any()


def test_steps_skip_years(income):
    table, weights = income
    found = lisa_transitions(table, weights, steps=10)
    pair = lisa_transitions(table[[1950, 1960]], weights)
    wide = found.table.xs(1960, level="year")
    assert (wide["earlier_year"] == 1950).all()
    assert (wide["type"] == pair.table.xs(1960, level="year")["type"]).all()
    assert len(found.by_period) == 81 - 10


@settings(max_examples=12)
@given(panels())
def test_laws_of_transitions(panel):
    weights = ring(panel.index)
    found = lisa_transitions(panel, weights)
    assert found.by_period[list(TRANSITION_TYPES)].sum(axis=1).eq(len(panel)).all()
    assert found.counts.to_numpy().sum() == len(panel) * (panel.shape[1] - 1)
    assert found.subtype_counts().to_numpy().sum() == found.counts.to_numpy().sum()
    assert list(found.subtype_counts().columns) == list(SUBTYPES)
    # Backwards in time every move keeps its type and turns its direction.
    back = panel.set_axis(panel.columns[::-1], axis=1)
    turned = lisa_transitions(back, weights)
    assert turned.counts.T.to_numpy().tolist() == found.counts.to_numpy().tolist()
    forward, reverse = found.subtype_counts().sum(), turned.subtype_counts().sum()
    for kind in ("I", "II", "III", "IV"):
        assert forward[f"{kind} up"] == reverse[f"{kind} down"]
    # Order of rows, unit and sign of the variable.
    stacked = stacked_panel(panel).sample(frac=1.0, random_state=1)
    shuffled = lisa_transitions(stacked, weights.iloc[::-1, ::-1])
    pd.testing.assert_series_equal(
        shuffled.table["type"].sort_index(), found.table["type"].sort_index()
    )
    pd.testing.assert_frame_equal(
        lisa_transitions(3.0 * panel + 1.0, weights).by_period, found.by_period
    )


def test_isolated_cities_are_left_out_and_named(income):
    table, weights = income
    alone = weights.copy()
    alone.loc["Maine", :] = 0.0
    found = lisa_transitions(table[[2008, 2009]], alone)
    assert found.table.loc[("Maine", 2009), "type"] == ISOLATED
    assert found.by_period["cities"].tolist() == [47]
    assert found.n_isolated == 1
    paths = lisa_time_paths(table[[2007, 2008, 2009]], alone)
    assert paths.table.loc["Maine", "quarter"] == ISOLATED
    assert paths.table.loc["Maine"].drop("quarter").isna().all()
    assert paths.table["relative_length"].mean() == pytest.approx(1.0)


def test_paths_against_the_definition(income):
    table, weights = income
    years = [2000, 2003, 2006, 2009]
    found = lisa_time_paths(table[years], weights, scale="relative")
    points = {
        at: np.column_stack([r := table[at] / table[at].mean(), weights.to_numpy() @ r])
        for at in years
    }
    lengths = sum(np.linalg.norm(points[b] - points[a], axis=1) for a, b in pairwise(years))
    way = points[2009] - points[2000]
    direct = np.linalg.norm(way, axis=1)
    np.testing.assert_allclose(found.table["length"], lengths, rtol=ROUNDING)
    np.testing.assert_allclose(
        found.table["relative_length"], 48 * lengths / lengths.sum(), rtol=ROUNDING
    )
    np.testing.assert_allclose(found.table["tortuosity"], lengths / direct, rtol=ROUNDING)
    radians = np.radians(found.table["direction"])
    np.testing.assert_allclose(np.cos(radians), way[:, 0] / direct, atol=1e-9)
    np.testing.assert_allclose(np.sin(radians), way[:, 1] / direct, atol=1e-9)
    up = (way > 0).all(axis=1)
    assert ((found.table["quarter"] == "Both up").to_numpy() == up).all()
    assert found.points.loc[("Texas", 2003), "own"] == pytest.approx(
        table.loc["Texas", 2003] / table[2003].mean()
    )


@settings(max_examples=30)
@given(panels())
def test_laws_of_paths(panel):
    weights = ring(panel.index)
    found = lisa_time_paths(panel, weights).table
    assert found["relative_length"].mean() == pytest.approx(1.0)
    assert (found["tortuosity"].dropna() >= 1.0 - ROUNDING).all()
    scaled = lisa_time_paths(7.0 * panel - 2.0, weights).table
    np.testing.assert_allclose(scaled["tortuosity"], found["tortuosity"], rtol=1e-6)
    if panel.shape[1] == 2:
        np.testing.assert_allclose(found["tortuosity"], 1.0, rtol=1e-9)


def test_a_return_to_the_start_has_no_tortuosity():
    panel = pd.DataFrame({1: [1.0, 2.0, 3.0], 2: [2.0, 5.0, 1.0]}, list("abc"))
    panel[3] = panel[1]
    found = lisa_time_paths(panel, ring(list("abc"))).table
    assert found["tortuosity"].isna().all()
    assert found["direction"].isna().all()
    assert (found["quarter"] == NOT_MOVED).all()


def test_bad_input_is_named(income):
    table, weights = income
    with pytest.raises(EstimationError, match="constant"):
        lisa_transitions(table.assign(**{"2010": 1.0}).set_axis(range(82), axis=1), weights)
    with pytest.raises(EstimationError, match="leave no pair"):
        lisa_transitions(table[[2009]], weights)
    with pytest.raises(ConfigError, match="steps=0"):
        lisa_transitions(table, weights, steps=0)
    with pytest.raises(AlignmentError, match="Texas"):
        lisa_transitions(table.drop("Texas"), weights)
    with pytest.raises(PanelError, match="'Ohio 2009'"):
        gap = table.copy()
        gap.loc["Ohio", 2009] = np.nan
        lisa_time_paths(gap, weights)
    with pytest.raises(ConfigError, match="nearest: 'relative'"):
        lisa_time_paths(table, weights, scale="relativ")
    with pytest.raises(EstimationError, match="not positive"):
        lisa_time_paths(-table, weights, scale="relative")
    with pytest.raises(EstimationError, match="same each year"):
        lisa_time_paths(table[[2008, 2009]] * 0.0 + 1.0, weights, scale="none")
