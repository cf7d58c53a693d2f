"""Markov and spatial Markov chains against giddy's published numbers, definitions and laws."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spatial.autocorrelation.markov import markov_chain, state_chain
from spatial.autocorrelation.markov_arrays import (
    closed_groups,
    ergodic_shares,
    first_passage_times,
    mobility_indices,
)
from spatial.autocorrelation.markov_tests import markov_homogeneity
from spatial.autocorrelation.spatial_markov import spatial_markov
from spatial.errors import (
    AlignmentError,
    ConfigError,
    EstimationError,
    PanelError,
    WeightsError,
)
from spatial.weights.sequences import weights_by_year

# Published tables are printed to eight decimals, their statistics to three.
PRINTED = 1e-8
PRINTED_STATISTIC = 5e-4


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


def random_chain(seed, size):
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.ones(size), size)


def test_quintiles_of_us_states_equal_those_of_giddy(income):
    """giddy 2.3.8, tests/test_markov.py: quintiles of each year."""
    table, _ = income
    found = markov_chain(table, classes=5, scope="by year")
    assert found.counts.to_numpy().tolist() == [
        [729, 71, 1, 0, 0],
        [72, 567, 80, 3, 0],
        [0, 81, 631, 86, 2],
        [0, 3, 86, 573, 56],
        [0, 0, 1, 57, 741],
    ]
    shares = [0.20774716, 0.18725774, 0.20740537, 0.18821787, 0.20937187]
    np.testing.assert_allclose(found.ergodic, shares, atol=PRINTED)
    passage = [
        [4.81354357, 11.50292712, 29.60921231, 53.38594954, 103.59816743],
        [42.04774505, 5.34023324, 18.74455332, 42.50023268, 92.71316899],
        [69.25849753, 27.21075248, 4.82147603, 25.27184624, 75.43305672],
        [84.90689329, 42.85914824, 17.18082642, 5.31299186, 51.60953369],
        [98.41295543, 56.36521038, 30.66046735, 14.21158356, 4.77619083],
    ]
    np.testing.assert_allclose(found.first_passage, passage, atol=PRINTED)
    sojourn = [11.125, 4.65806452, 4.73372781, 4.95172414, 13.77586207]
    np.testing.assert_allclose(found.sojourn, sojourn, atol=PRINTED)
    # giddy.mobility.markov_mobility, documentation, five decimals.
    initial = np.array([0.1, 0.2, 0.2, 0.4, 0.1])
    mobility = mobility_indices(found.probabilities.to_numpy(), initial)
    published = {"trace": 0.19759, "determinant": 0.60685, "eigenvalue": 0.03978}
    published |= {"leaving": 0.22777, "distance": 0.04637}
    for name, value in published.items():
        assert mobility[name] == pytest.approx(value, abs=5e-6), name
    np.testing.assert_allclose(
        1.0 - np.diag(found.probabilities),
        [0.08988764, 0.21468144, 0.21125, 0.20194986, 0.07259074],
        atol=PRINTED,
    )


def test_chains_that_fall_apart_equal_those_of_giddy(income):
    """giddy 2.3.8, tests/test_markov.py: 1929 to 1930 only; two absorbing classes."""
    table, _ = income
    inf = np.inf
    found = markov_chain(table[[1929, 1930]], classes=5, scope="by year")
    passage = [
        [1, inf, inf, inf, inf],
        [inf, inf, 9, 29, inf],
        [inf, inf, inf, 20, inf],
        [inf, inf, inf, 1, inf],
        [inf, inf, inf, 10, inf],
    ]
    np.testing.assert_allclose(found.first_passage, passage, atol=PRINTED)
    np.testing.assert_allclose(found.sojourn, [inf, 9.0, 5.5, inf, 10.0], atol=PRINTED)
    assert found.ergodic.isna().all()
    assert "depends on the start" in found.warnings[0]


def test_spatial_markov_of_us_states_equals_that_of_giddy(income):
    """giddy 2.3.8, documentation of Spatial_Markov: own quintiles of relative income and lag."""
    table, weights = income
    found = spatial_markov(table, weights, classes=5, relative=True, permutations=0)
    shares = [
        [0.43509425, 0.2635327, 0.20363044, 0.06841983, 0.02932278],
        [0.13391287, 0.33993305, 0.25153036, 0.23343016, 0.04119356],
        [0.12124869, 0.21137444, 0.2635101, 0.29013417, 0.1137326],
        [0.0776413, 0.19748806, 0.25352636, 0.22480415, 0.24654013],
        [0.01776781, 0.19964349, 0.19009833, 0.25524697, 0.3372434],
    ]
    np.testing.assert_allclose(found.ergodic, shares, atol=PRINTED)
    four = spatial_markov(table, weights, classes=5, lag_classes=4, relative=True, permutations=0)
    tests = four.homogeneity.table
    assert tests.loc["LR", "statistic"] == pytest.approx(172.105, abs=PRINTED_STATISTIC)
    assert tests.loc["Q", "statistic"] == pytest.approx(321.128, abs=PRINTED_STATISTIC)
    assert tests["df"].tolist() == [45, 45]
    np.testing.assert_allclose(
        four.pooled.bounds["pooled"], [0.83999133, 0.94707545, 1.03242697, 1.14911154], atol=PRINTED
    )
    np.testing.assert_allclose(
        four.lag_bounds["pooled"], [0.91440247, 0.98583079, 1.08698351], atol=PRINTED
    )
    last = [
        [0.16666667, 0.66666667, 0, 0.16666667, 0],
        [0.03488372, 0.80232558, 0.15116279, 0.01162791, 0],
        [0.00840336, 0.13445378, 0.70588235, 0.1512605, 0],
        [0, 0.01171875, 0.08203125, 0.87109375, 0.03515625],
        [0, 0, 0, 0.03434343, 0.96565657],
    ]
    np.testing.assert_allclose(four.probabilities.loc[4], last, atol=PRINTED)


def test_shared_bounds_equal_those_of_giddy(income):
    """giddy 2.3.8, tests/test_markov.py: bounds 0.8, 0.9, 1, 1.2 for incomes and lags."""
    table, weights = income
    cuts = [0.8, 0.9, 1.0, 1.2]
    found = spatial_markov(
        table, weights, classes=cuts, lag_cuts="same", relative=True, permutations=0
    )
    first = found.probabilities.loc[1]
    np.testing.assert_allclose(first.loc[1, [1, 2]], [0.96703297, 0.03296703], atol=PRINTED)
    np.testing.assert_allclose(
        first.loc[3], [0, 0.14285714, 0.7755102, 0.08163265, 0], atol=PRINTED
    )
    assert first.loc[5].isna().all()
    filled = spatial_markov(
        table, weights, classes=cuts, lag_cuts="same", relative=True, permutations=0, empty="stay"
    )
    assert filled.probabilities.loc[5].loc[1].tolist() == [1, 0, 0, 0, 0]
    assert filled.homogeneity.table.equals(found.homogeneity.table)


def test_homogeneity_is_the_chi_squared_test_of_each_row():
    generator = np.random.default_rng(5)
    tables = {group: pd.DataFrame(generator.integers(1, 40, (3, 3))) for group in "abcd"}
    found = markov_homogeneity(tables)
    for row in range(3):
        contingency = np.array([table.iloc[row] for table in tables.values()])
        for name, power in (("Q", "pearson"), ("LR", "log-likelihood")):
            peer = stats.chi2_contingency(contingency, correction=False, lambda_=power)
            assert found.by_class.loc[row, name] == pytest.approx(peer.statistic)
            assert found.by_class.loc[row, "df"] == peer.dof
    q = found.table.loc["Q"]
    assert q["p_value"] == pytest.approx(stats.chi2.sf(q["statistic"], q["df"]))


def test_kullback_example_of_giddy():
    """giddy 2.3.8, tests/test_markov.py: two tables of six classes."""
    first = [
        [22, 11, 24, 2, 2, 7],
        [5, 23, 15, 3, 42, 6],
        [4, 21, 190, 25, 20, 34],
        [0, 2, 14, 56, 14, 28],
        [32, 15, 20, 10, 56, 14],
        [5, 22, 31, 18, 13, 134],
    ]
    second = [
        [3, 6, 9, 3, 0, 8],
        [1, 9, 3, 12, 27, 5],
        [2, 9, 208, 32, 5, 18],
        [0, 14, 32, 108, 40, 40],
        [22, 14, 9, 26, 224, 14],
        [1, 5, 13, 53, 13, 116],
    ]
    found = markov_homogeneity({"a": pd.DataFrame(first), "b": pd.DataFrame(second)})
    assert found.table.loc["LR", "statistic"] == pytest.approx(160.96060031170782)
    # Kullback's 6 x 5 degrees of freedom less one: nobody ever goes from the fourth to the first.
    assert found.table.loc["LR", "df"] == 29


def test_time_and_order_tests_count_the_right_transitions(income):
    table, _ = income
    chain = markov_chain(table, classes=3, scope="by year")
    states = chain.states
    halves = {}
    for name, years in (("early", range(1929, 1969)), ("late", range(1969, 2009))):
        counts = np.zeros((3, 3))
        for start in years:
            for a, b in zip(states[start], states[start + 1], strict=True):
                counts[a - 1, b - 1] += 1
        halves[name] = pd.DataFrame(counts)
    expected = markov_homogeneity(halves).table
    found = chain.time_homogeneity(2).table
    pd.testing.assert_frame_equal(found, expected)
    pd.testing.assert_frame_equal(chain.time_homogeneity([1969]).table, expected)
    triples = {a: np.zeros((3, 3)) for a in (1, 2, 3)}
    for start in range(1929, 2008):
        for a, b, c in zip(states[start], states[start + 1], states[start + 2], strict=True):
            triples[a][b - 1, c - 1] += 1
    by_past = markov_homogeneity({a: pd.DataFrame(part) for a, part in triples.items()})
    pd.testing.assert_frame_equal(chain.order_test(1).table, by_past.table)
    peer = stats.chi2_contingency(chain.counts, correction=False)
    assert chain.order_test(0).table.loc["Q", "statistic"] == pytest.approx(peer.statistic)
    assert chain.order_test(0).table.loc["Q", "df"] == peer.dof


@settings(max_examples=40)
@given(st.integers(0, 2**31 - 1), st.integers(2, 6))
def test_laws_of_the_long_run(seed, size):
    chain = random_chain(seed, size)
    shares = ergodic_shares(chain)
    np.testing.assert_allclose(shares @ chain, shares, atol=1e-12)
    assert shares.sum() == pytest.approx(1.0)
    times = first_passage_times(chain)
    np.testing.assert_allclose(np.diag(times), 1.0 / shares, rtol=1e-8)
    # One step, then the rest of the way.
    for start, target in product(range(size), repeat=2):
        rest = sum(chain[start, via] * times[via, target] for via in range(size) if via != target)
        assert times[start, target] == pytest.approx(1.0 + rest, rel=1e-8)
    still = mobility_indices(np.eye(size), np.full(size, 1.0 / size))
    assert all(value == pytest.approx(0.0, abs=1e-12) for value in still.values())


def test_transient_classes_have_no_share_in_the_long_run():
    chain = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]])
    assert [group.tolist() for group in closed_groups(chain)] == [[1, 2]]
    np.testing.assert_allclose(ergodic_shares(chain), [0.0, 0.5, 0.5])
    times = first_passage_times(chain)
    assert times[0, 0] == np.inf
    assert times[0, 1] == pytest.approx(2.0)


@settings(max_examples=8)
@given(st.integers(0, 2**31 - 1), st.integers(1, 2))
def test_laws_of_panels(seed, steps):
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(generator.normal(size=(12, 6)), [f"c{at}" for at in range(12)], range(6))
    chain = markov_chain(table, classes=3, steps=steps)
    assert chain.counts.to_numpy().sum() == 12 * (6 - steps)
    assert chain.counts_by_year.groupby(level=1).sum().equals(chain.counts)
    rows = chain.probabilities.sum(axis=1, min_count=1).dropna()
    np.testing.assert_allclose(rows, 1.0)
    # A rising transformation changes no quantile class of the years; nor does the order of rows.
    yearly = markov_chain(table, classes=3, scope="by year", steps=steps)
    raised = markov_chain(np.exp(table).iloc[::-1], classes=3, scope="by year", steps=steps)
    assert raised.counts.equals(yearly.counts)
    dense = generator.random((12, 12))
    np.fill_diagonal(dense, 0.0)
    weights = pd.DataFrame(dense / dense.sum(axis=1, keepdims=True), table.index, table.index)
    found = spatial_markov(table, weights, classes=2, steps=steps, permutations=99, rng=3)
    assert found.pooled.counts.equals(markov_chain(table, classes=2, steps=steps).counts)
    parts = found.counts.groupby(level="from").sum()
    assert parts.to_numpy().tolist() == found.pooled.counts.to_numpy().tolist()
    shuffled = spatial_markov(
        table.iloc[::-1], weights, classes=2, steps=steps, permutations=99, rng=3
    )
    assert shuffled.p_permutation.tolist() == found.p_permutation.tolist()
    assert found.configuration.seed == 3


def test_lags_of_each_year_use_its_weights(income):
    table, weights = income
    late = table[[2007, 2008, 2009]]
    other = pd.DataFrame(
        np.roll(np.eye(48), 1, axis=1), weights.index, weights.columns, dtype=float
    )
    moving = weights_by_year({2007: weights, 2008: other, 2009: other})
    found = spatial_markov(late, moving, classes=3, permutations=99, rng=1)
    bounds = np.quantile(
        np.column_stack([weights @ late[2007], other @ late[2008], other @ late[2009]]),
        [1 / 3, 2 / 3],
    )
    lag = (other @ late[2008]).to_numpy()
    np.testing.assert_array_equal(found.lag_states[2008], np.searchsorted(bounds, lag) + 1)
    assert found.counts.to_numpy().sum() == 2 * 48


def test_islands_stay_out_of_the_years_without_neighbours(income):
    table, weights = income
    alone = weights.copy()
    alone.loc["Maine"] = 0.0
    found = spatial_markov(table, alone, classes=3, relative=True, permutations=99, rng=1)
    assert found.counts.to_numpy().sum() == 47 * 80
    assert found.n_isolated == 1
    assert (found.lag_states.loc["Maine"] == -1).all()


@pytest.mark.slow
def test_permutation_p_values_are_uniform_under_the_null():
    generator = np.random.default_rng(11)
    line = np.eye(30, k=1) + np.eye(30, k=-1)
    weights = pd.DataFrame(line / line.sum(axis=1, keepdims=True), range(30), range(30))
    p_values = []
    for _ in range(120):
        # Persistent histories, placed at random: chi-squared p-values would reject too often.
        steps = generator.normal(size=(30, 10)).cumsum(axis=1)
        table = pd.DataFrame(steps, range(30), range(10))
        found = spatial_markov(table, weights, classes=3, permutations=99, rng=generator)
        p_values.append(found.p_permutation["Q"])
    # Kolmogorov-Smirnov at one in a thousand, wide enough for steps of 1 / 100.
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_ready_classes_keep_their_order():
    table = pd.DataFrame(
        {2010: ["core", "edge", None, "mid"], 2011: ["core", "mid", "edge", "mid"]}, list("abcd")
    )
    chain = state_chain(table, order=["edge", "mid", "core"])
    assert chain.counts.to_numpy().tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    places = pd.MultiIndex.from_product([table.index, table.columns], names=["city", "year"])
    stacked = pd.Series(table.to_numpy().ravel(), places)
    again = state_chain(stacked.iloc[::-1], order=["edge", "mid", "core"])
    assert again.counts.equals(chain.counts)
    with pytest.raises(ConfigError, match="'core'"):
        state_chain(table, order=["edge", "mid"])


def test_bad_input_is_named(income):
    table, weights = income
    with pytest.raises(ConfigError, match="rising"):
        markov_chain(table, classes=[1.0, 1.0])
    with pytest.raises(ConfigError, match="at least two"):
        markov_chain(table, classes=1)
    with pytest.raises(EstimationError, match="coincide"):
        markov_chain(table.round(-5) + 1, classes=4)
    with pytest.raises(ConfigError, match="nearest: 'by year'"):
        markov_chain(table, scope="by years")
    with pytest.raises(ConfigError, match="start years"):
        markov_chain(table).time_homogeneity(1)
    with pytest.raises(ConfigError, match="name start years"):
        markov_chain(table).time_homogeneity([2020])
    with pytest.raises(ConfigError, match="must be 0 or 1"):
        markov_chain(table).order_test(2)
    with pytest.raises(WeightsError, match="do not sum to one"):
        spatial_markov(table, weights * 2.0, lag_cuts="same", permutations=0)
    with pytest.raises(ConfigError, match="no meaning"):
        spatial_markov(table, weights, lag_cuts="same", lag_classes=3)
    with pytest.raises(AlignmentError, match="'Ohio'"):
        spatial_markov(table.drop("Ohio"), weights)
    with pytest.raises(PanelError, match="Ohio 2009"):
        gap = table.copy()
        gap.loc["Ohio", 2009] = np.nan
        markov_chain(gap)
    with pytest.raises(AlignmentError, match="other classes"):
        markov_homogeneity({"a": pd.DataFrame(np.eye(2)), "b": pd.DataFrame(np.eye(3))})
    with pytest.raises(EstimationError, match="at least two"):
        markov_homogeneity({"a": pd.DataFrame(np.eye(2))})
    with pytest.raises(EstimationError, match="nothing to compare"):
        markov_homogeneity({"a": pd.DataFrame(np.eye(2)), "b": pd.DataFrame(np.eye(2))})
