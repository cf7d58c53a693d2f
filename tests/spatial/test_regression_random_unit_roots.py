"""Panel unit roots against plm, statsmodels and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError
from spatial.regression import panel_unit_root
from spatial.regression.unit_root_tables import IPS_MEAN, IPS_VARIANCE, ips_moments
from spatial.regression.unit_roots import dickey_fuller, long_run_variance, pooled_statistic

PRINTED = 1e-4  # plm's values carry six decimals
# purtest of plm 2.6, one lag, on six random walks of 50 periods made by numpy's generator with
# seed 12345: (deterministic, IPS Wtbar, its p, LLC).
PLM = [
    ("constant", 0.962606, 0.832127282, 0.566739),
    ("trend", 1.518904, 0.935606724, 0.812422),
    ("none", None, None, -1.401989),
]
# Newer statsmodels announces another kind of return value; both unpack the same way here.
pytestmark = pytest.mark.filterwarnings("ignore:adfuller currently returns")
STATSMODELS = {"none": "n", "constant": "c", "trend": "ct"}


def panel(levels):
    """Series of city-years from an array of shape (years, n)."""
    years, n = levels.shape
    rows = pd.MultiIndex.from_product(
        [range(2000, 2000 + years), [f"c{i:02d}" for i in range(n)]], names=["year", "city"]
    )
    return pd.Series(levels.ravel(), index=rows, name="output")


def walks():
    return np.cumsum(np.random.default_rng(12345).standard_normal((6, 50)), axis=1).T


@pytest.mark.parametrize(("deterministic", "ips", "p_value", "llc"), PLM)
def test_values_of_plm(deterministic, ips, p_value, llc):
    """LLC with plm's convention, which takes one term more off the changes."""
    data = panel(walks())
    regressions = [dickey_fuller(y, 1, deterministic) for y in walks().T]
    removed = ["none", "constant", "trend"].index(deterministic)
    statistic = pooled_statistic(walks(), regressions, deterministic, removed=removed)
    assert statistic == pytest.approx(llc, abs=PRINTED)
    if ips is not None:
        test = panel_unit_root(data, test="ips", deterministic=deterministic, lags=1)
        assert test.statistic == pytest.approx(ips, abs=PRINTED)
        assert test.p_value == pytest.approx(p_value, abs=PRINTED)
    else:
        test = panel_unit_root(data, test="llc", deterministic=deterministic, lags=1)
        assert test.statistic == pytest.approx(llc, abs=PRINTED)


@pytest.mark.parametrize("deterministic", ["none", "constant", "trend"])
@pytest.mark.parametrize("lags", [0, 1, 3])
def test_regressions_of_cities_agree_with_statsmodels(deterministic, lags, shared_folder):
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    table = pd.read_csv(folder / "cigar.csv")
    for state in (1, 10, 20, 40):
        y = table.loc[table["state"] == state].sort_values("year")["logy"].to_numpy()
        peer = stattools.adfuller(
            y,
            maxlag=lags,
            regression=STATSMODELS[deterministic],
            autolag=None,
        )
        ours = dickey_fuller(y, lags, deterministic)
        assert ours.t_statistic == pytest.approx(peer[0], rel=1e-6)
        assert ours.observations == peer[3]


@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("deterministic", ["constant", "trend"])
def test_lag_choice_agrees_with_statsmodels(criterion, deterministic, shared_folder):
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    table = pd.read_csv(folder / "cigar.csv").set_index(["state", "year"])
    test = panel_unit_root(
        table["logc"], deterministic=deterministic, lags=criterion, max_lags=6, city="state"
    )
    for state in test.cities.index:
        peer = stattools.adfuller(
            table["logc"].loc[state].sort_index().to_numpy(),
            maxlag=6,
            regression=STATSMODELS[deterministic],
            autolag=criterion.upper(),
        )
        assert test.cities.loc[state, "lags"] == peer[2]
        assert test.cities.loc[state, "t_statistic"] == pytest.approx(peer[0], rel=1e-6)
    assert len(set(test.cities["lags"])) > 1


def test_the_statistic_is_standardised_city_by_city():
    data = panel(walks())
    test = panel_unit_root(data, lags="aic", max_lags=4)
    moments = [
        ips_moments(row.observations, row.lags, "constant") for row in test.cities.itertuples()
    ]
    mean, variance = np.mean(moments, axis=0)
    expected = np.sqrt(6) * (test.cities["t_statistic"].mean() - mean) / np.sqrt(variance)
    assert test.statistic == pytest.approx(expected)
    assert test.tidy().loc["ips", "statistic"] == test.statistic


@pytest.mark.parametrize("deterministic", ["constant", "trend"])
def test_published_moments_by_simulation(deterministic):
    """Table 3 of Im, Pesaran and Shin at T = 30, no lag: 3000 random walks."""
    rng = np.random.default_rng(7)
    drawn = [
        dickey_fuller(np.cumsum(rng.normal(size=31)), 0, deterministic).t_statistic
        for _ in range(3000)
    ]
    column = 4  # T = 30
    assert np.mean(drawn) == pytest.approx(IPS_MEAN[deterministic][0, column], abs=0.06)
    assert np.var(drawn) == pytest.approx(IPS_VARIANCE[deterministic][0, column], abs=0.09)


@pytest.mark.parametrize("test", ["ips", "llc"])
@pytest.mark.parametrize("deterministic", ["constant", "trend"])
def test_size_and_power(test, deterministic):
    rng = np.random.default_rng(11)
    rejected = {"unit root": 0, "stationary": 0}
    for _ in range(60):
        noise = rng.normal(size=(60, 12))
        walk = np.cumsum(noise, axis=0)
        steady = noise.copy()
        for t in range(1, 60):
            steady[t] += 0.5 * steady[t - 1]
        for name, levels in (("unit root", walk), ("stationary", steady)):
            found = panel_unit_root(panel(levels), test=test, deterministic=deterministic, lags=0)
            rejected[name] += found.p_value < 0.05
    assert rejected["unit root"] <= 10  # 3 expected, three standard errors above and more
    assert rejected["stationary"] == 60


def test_laws():
    data = panel(walks())
    for test in ("ips", "llc"):
        plain = panel_unit_root(data, test=test, lags=1)
        shuffled = panel_unit_root(data.sample(frac=1, random_state=3), test=test, lags=1)
        assert shuffled.statistic == pytest.approx(plain.statistic, rel=1e-10)
        moved = panel_unit_root(5.0 + 3.0 * data, test=test, lags=1)
        assert moved.statistic == pytest.approx(plain.statistic, rel=1e-8)
    assert long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), 0) == pytest.approx(1.0)


def test_guards_and_notes():
    data = panel(walks())
    with pytest.raises(ConfigError, match="not tabulated"):
        panel_unit_root(data, deterministic="none")
    with pytest.raises(ConfigError, match="aic"):
        panel_unit_root(data, lags="hall")
    with pytest.raises(ConfigError, match="whole number"):
        panel_unit_root(data, lags=40)
    with pytest.raises(ConfigError, match="max_lags"):
        panel_unit_root(data, max_lags=-1)
    with pytest.raises(EstimationError, match="too few"):
        panel_unit_root(data.loc[2000:2004])
    with pytest.raises(PanelError, match="not balanced"):
        panel_unit_root(data.iloc[1:])
    with pytest.raises(AlignmentError, match="state"):
        panel_unit_root(data, city="state")
    steady = data.copy()
    steady[steady.index.get_level_values("city") == "c02"] = 1.0
    with pytest.raises(EstimationError, match="c02"):
        panel_unit_root(steady)
    assert "approximate" in panel_unit_root(data.loc[2000:2009], lags=0).notes[0]
    assert "25" in panel_unit_root(data.loc[2000:2015], test="llc", lags=0).notes[0]
    assert panel_unit_root(data, lags=0).notes == ()
