"""Granger causality against statsmodels, pair by pair, and its size under the null."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.adfvalues import mackinnoncrit
from statsmodels.tsa.stattools import adfuller, grangercausalitytests

from networks import granger_network
from networks.granger import MACKINNON_5
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError

ORACLE = 1e-7  # sums of squares from another factorisation


def panel(seed, n=4, years=30, wander=()):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(years, n))
    for t in range(1, years):
        y[t] += 0.4 * y[t - 1]
        y[t, 1] += 1.2 * y[t - 1, 0]
    for k in wander:
        y[:, k] = y[:, k].cumsum()
    names = [f"c{k}" for k in range(n)]
    rows = pd.MultiIndex.from_product([range(1990, 1990 + years), names], names=["year", "city"])
    return pd.Series(y.ravel(), index=rows), pd.DataFrame(y, columns=names)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("lags", [1, 2, 3])
def test_against_statsmodels(lags):
    values, wide = panel(1)
    found = granger_network(values, lags=lags, differencing="none").tests
    for row in found.itertuples():
        # statsmodels tests whether the second column causes the first.
        oracle = grangercausalitytests(wide[[row.destination, row.origin]], [lags])
        f, p, free, df = oracle[lags][0]["ssr_ftest"]
        assert f == pytest.approx(row.F, rel=ORACLE)
        assert p == pytest.approx(row.p_value, rel=ORACLE)
        assert (free, df) == (row.df_residual, row.df)
    link = found.set_index(["origin", "destination"]).loc[("c0", "c1")]
    assert link["significant"]


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_lags_are_chosen_over_common_years(criterion):
    values, wide = panel(2)
    found = granger_network(values, lags=criterion, max_lags=4, differencing="none").tests
    y = wide.to_numpy()
    for row in found.itertuples():
        i, j = int(row.origin[1]), int(row.destination[1])
        scores = []
        for p in range(1, 5):
            past = [y[4 - b : len(y) - b, k] for k in (i, j) for b in range(1, p + 1)]
            design = np.column_stack([np.ones(len(y) - 4), *past])
            rest = np.linalg.lstsq(design, y[4:, j])[1][0]
            m = len(y) - 4
            price = 2.0 if criterion == "aic" else np.log(m)
            scores.append(m * np.log(rest / m) + price * (2 * p + 1))
        assert row.lags == 1 + int(np.argmin(scores))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_series_with_unit_roots_are_differenced():
    values, wide = panel(3, years=60, wander=(2,))
    found = granger_network(values, lags=2)
    lags = int(found.series.loc["c2", "lags"])
    oracle = adfuller(wide["c2"], maxlag=lags, autolag=None)
    assert found.series.loc["c2", "t_statistic"] == pytest.approx(oracle[0], rel=1e-6)
    assert found.series.loc["c2", "critical"] == pytest.approx(oracle[4]["5%"], abs=1e-6)
    assert found.series["differenced"].tolist() == [False, False, True, False]
    assert "1 of 4 series have a unit root" in found.notes[0]
    level = granger_network(values, lags=2, differencing="none")
    assert "may be spurious" in level.notes[0]
    by_hand = wide.assign(c2=wide["c2"].diff()).iloc[1:]
    rows = pd.MultiIndex.from_product([range(59), by_hand.columns], names=["year", "city"])
    again = granger_network(
        pd.Series(by_hand.to_numpy().ravel(), rows), lags=2, differencing="none"
    )
    np.testing.assert_allclose(again.tests["F"], found.tests["F"])
    first = granger_network(values, lags=2, differencing="first")
    assert first.series["differenced"].all()


def test_critical_values_of_mackinnon():
    for years in (15, 30, 100):
        ours = sum(c / years**k for k, c in enumerate(MACKINNON_5))
        assert ours == pytest.approx(mackinnoncrit(1, "c", years)[1], abs=1e-9)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 1000.0), shift=st.floats(-1e5, 1e5))
def test_scale_and_order_change_nothing(seed, scale, shift):
    values, _ = panel(seed, n=3, years=20)
    one = granger_network(values, lags=1, differencing="none").tests
    other = granger_network(values * scale + shift, lags=1, differencing="none").tests
    np.testing.assert_allclose(other["F"], one["F"], rtol=1e-5, atol=1e-8)
    shuffled = granger_network(
        values.sample(frac=1, random_state=seed), lags=1, differencing="none"
    ).tests
    pd.testing.assert_frame_equal(shuffled, one)


def test_p_values_are_uniform_without_causes():
    rng = np.random.default_rng(11)
    rows = pd.MultiIndex.from_product([range(40), range(16)], names=["year", "city"])
    p = np.concatenate(
        [
            granger_network(
                pd.Series(rng.normal(size=640), rows), lags=1, differencing="none"
            ).tests["p_value"]
            for _ in range(8)
        ]
    )
    assert stats.kstest(p, "uniform").pvalue > 0.001
    quiet = granger_network(pd.Series(rng.normal(size=640), rows), lags=1, differencing="none")
    assert quiet.network.n_links <= 1  # 240 tests: 12 would pass without the correction


def test_strengths():
    values, _ = panel(5)
    found = granger_network(values, lags=1, differencing="none")
    table = found.tests.set_index(["origin", "destination"])
    assert found.network.to_matrix().loc["c0", "c1"] == table.loc[("c0", "c1"), "F"]
    binary = granger_network(values, lags=1, differencing="none", strength="binary").network
    assert set(binary.flows.data) == {1.0}
    assert binary.n_links == table["significant"].sum()


def test_collinear_pairs_are_not_tested():
    _, wide = panel(6)
    wide["c3"] = 2.0 * wide["c2"] + 1.0
    rows = pd.MultiIndex.from_product([range(30), wide.columns], names=["year", "city"])
    found = granger_network(pd.Series(wide.to_numpy().ravel(), rows), differencing="none")
    failed = found.tests[found.tests["F"].isna()]
    assert failed[["origin", "destination"]].to_numpy().tolist() == [["c2", "c3"], ["c3", "c2"]]
    assert "2 pairs could not be tested" in found.notes[-1]
    assert not failed["significant"].any()


def test_bad_input():
    values, _ = panel(7, years=12)
    assert "12 years are short" in granger_network(values, lags=1, differencing="none").notes[0]
    with pytest.raises(ConfigError, match="lags=5 is not possible with 12 years"):
        granger_network(values, lags=5, differencing="none")
    with pytest.raises(ConfigError, match="alpha=0"):
        granger_network(values, alpha=0.0)
    with pytest.raises(ConfigError, match="differencing='second'"):
        granger_network(values, differencing="second")
    with pytest.raises(AlignmentError, match="no level 'town'"):
        granger_network(values, city="town")
    with pytest.raises(PanelError):
        granger_network(values.iloc[:-1])
    gap = values.drop(index=[1995], level="year")
    with pytest.raises(PanelError, match="not evenly spaced"):
        granger_network(gap)
    flat = values.copy()
    flat.loc[(slice(None), "c1")] = 3.0
    with pytest.raises(EstimationError, match="'c1' do not vary"):
        granger_network(flat)
    with pytest.raises(PanelError, match="at least two cities"):
        granger_network(values.loc[(slice(None), ["c1"])])
    short = values[values.index.get_level_values("year") < 1996]
    with pytest.raises(EstimationError, match="too few"):
        granger_network(short, differencing="none")


def test_growth_of_chinese_cities(shared_folder):
    path = shared_folder / "data/china/cn_city_gdp_3sector_2000_2023.csv"
    table = pd.read_csv(path, dtype={"code": str})
    column = next(name for name in table.columns if name.startswith("gdp"))
    wide = np.log(table.pivot_table(index="year", columns="code", values=column))
    wide = wide.dropna(axis=1).iloc[:, :60]
    growth = wide.diff().iloc[1:].rename_axis(columns="city").unstack()
    found = granger_network(growth, lags="bic", max_lags=2)
    plain = granger_network(growth, lags="bic", max_lags=2, correction="none")
    assert len(found.tests) == 60 * 59
    assert found.network.n_links <= plain.network.n_links
    np.testing.assert_allclose(found.tests["F"], plain.tests["F"])
