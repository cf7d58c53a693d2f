"""Panels, changes, rates and correlograms: against R, esda and plain loops."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatial.autocorrelation import (
    bivariate_moran,
    differential_moran,
    distance_correlogram,
    empirical_bayes_rates,
    global_moran,
    order_correlogram,
    panel_moran,
    rate_moran,
    space_time_moran,
)
from spatial.errors import ConfigError, EstimationError, PanelError
from spatial.weights import Weights, distance_band_weights, weights_by_year

# The reference carries 15 digits.
PRINTED = 1e-9


@pytest.fixture(scope="module")
def reference(shared_folder):
    folder = shared_folder / "reference" / "06_spatial_autocorrelation"
    return folder, json.loads((folder / "expected.json").read_text())


def read_binary(path, ids) -> Weights:
    pairs = pd.read_csv(path)
    n = len(ids)
    return Weights(
        pd.Index(ids),
        (sparse.csr_array((np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (n, n)),),
    )


def small_panel(n: int = 7, years: int = 4, seed: int = 0) -> tuple[pd.Series, Weights]:
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{at}" for at in range(n)], name="city")
    dense = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 0.5)
    np.fill_diagonal(dense, 0)
    dense[0, 1] = dense[1, 2] = 1.0
    rows = pd.MultiIndex.from_product([ids, range(2010, 2010 + years)], names=["city", "year"])
    values = pd.Series(rng.normal(size=n * years), rows, name="growth")
    return values.sample(frac=1, random_state=seed), Weights(ids, (sparse.csr_array(dense),))


def test_correlogram_is_that_of_spdep(reference):
    folder, expected = reference
    crime = pd.read_csv(folder / "columbus.csv").set_index("POLYID")["CRIME"]
    weights = read_binary(folder / "columbus_w_pairs.csv", crime.index)
    theirs = expected["correlogram_I"]
    found = order_correlogram(crime, weights, orders=4, permutations=0).table
    assert found["statistic"].to_numpy() == pytest.approx(theirs["I"], rel=PRINTED)
    assert found["variance"].to_numpy() == pytest.approx(theirs["V"], rel=PRINTED)


def test_rates_are_those_of_spdep(reference):
    folder, expected = reference
    table = pd.read_csv(folder / "ncsids.csv")
    events, people = table["SID74"], table["BIR74"]
    found = empirical_bayes_rates(events, people)
    theirs = expected["nc_EBest"]
    assert found.table["raw"].to_numpy() == pytest.approx(theirs["raw"], rel=PRINTED)
    assert found.table["smoothed"].to_numpy() == pytest.approx(theirs["estmm"], rel=1e-8)
    assert found.between_variance == pytest.approx(theirs["a"], rel=1e-8)
    assert found.common_rate == pytest.approx(theirs["b"], rel=PRINTED)
    weights = read_binary(folder / "ncsids_w_pairs.csv", table.index)
    ours = rate_moran(events, people, weights, permutations=0)
    # spdep leaves counties without neighbours out of n.
    share = (ours.n - ours.n_islands) / ours.n
    assert ours.statistic in (
        pytest.approx(expected["nc_EBImoran"]["statistic"], rel=1e-8),
        pytest.approx(expected["nc_EBImoran"]["statistic"] / share, rel=1e-8),
    )


def test_panel_moran_is_the_pooled_ratio_of_plain_loops():
    values, weights = small_panel()
    wide = values.unstack("year").reindex(weights.ids)
    e = wide.to_numpy()
    e = e - e.mean(0) - e.mean(1, keepdims=True) + e.mean()
    w = weights.matrix.toarray()
    top = sum(e[:, t] @ w @ e[:, t] for t in range(e.shape[1]))
    plain = top / (e**2).sum() * len(e) / w.sum()
    found = panel_moran(values, weights, permutations=0)
    assert found.statistic == pytest.approx(plain, rel=1e-12)
    shares = found.by_year
    assert (shares["statistic"] * shares["share"]).sum() == pytest.approx(plain, rel=1e-12)


def test_panel_moments_are_those_of_draws_inside_years():
    values, weights = small_panel(n=12, years=5, seed=3)
    found = panel_moran(values, weights, permutations=9999, rng=1)
    spread = np.sqrt(found.variance)
    # Four standard errors of a mean, and of a standard deviation, of 9,999 draws.
    assert found.simulated.mean() == pytest.approx(found.expected, abs=4 * spread / 100)
    assert found.simulated.std() == pytest.approx(spread, rel=0.04)


def test_one_year_is_the_cross_section():
    values, weights = small_panel(years=1)
    found = panel_moran(values, weights, effects="year", permutations=0)
    plain = global_moran(values.droplevel("year"), weights, permutations=0)
    assert found.statistic == pytest.approx(plain.statistic, rel=1e-12)
    assert found.variance == pytest.approx(plain.variance, rel=1e-9)


def test_weights_of_each_year_are_used():
    values, weights = small_panel(years=2, seed=5)
    other = Weights(weights.ids, (sparse.csr_array(weights.matrix.T),))
    yearly = weights_by_year({2010: weights, 2011: other})
    found = panel_moran(values, yearly, effects="year", permutations=0)
    wide = values.unstack("year")
    for year, known in ((2010, weights), (2011, other)):
        plain = global_moran(wide[year], known, permutations=0)
        assert found.by_year.loc[year, "statistic"] == pytest.approx(plain.statistic, rel=1e-12)


def test_changes_and_the_past_are_what_they_say():
    values, weights = small_panel()
    wide = values.unstack("year")
    change = differential_moran(values, weights, first=2010, last=2013, permutations=0)
    plain = global_moran(wide[2013] - wide[2010], weights, permutations=0)
    assert change.statistic == pytest.approx(plain.statistic, rel=1e-12)
    past = space_time_moran(values, weights, lag=2, permutations=99, rng=1)
    assert list(past.table.index) == [2012, 2013]
    both = bivariate_moran(wide[2013], wide[2011], weights, permutations=99, rng=1)
    assert past.table.loc[2013, "statistic"] == pytest.approx(both.statistic, rel=1e-12)
    assert past.table.loc[2013, "p_permutation"] == both.p_permutation


def test_rings_part_the_distance_band():
    rng = np.random.default_rng(2)
    cities = pd.DataFrame(
        {"longitude": rng.uniform(0, 5, 40), "latitude": rng.uniform(0, 5, 40)},
        index=[f"c{at}" for at in range(40)],
    )
    values = pd.Series(cities["longitude"] + rng.normal(size=40), name="x")
    found = distance_correlogram(
        values, cities, bounds_km=[0, 100, 200, 300], permutations=199, rng=1
    ).table
    whole = distance_band_weights(cities, cutoff_km=300, transform="binary")
    assert found["links"].sum() == whole.matrix.nnz
    pooled = (found["statistic"] * found["links"]).sum() / found["links"].sum()
    assert pooled == pytest.approx(global_moran(values, whole, permutations=0).statistic, rel=1e-9)
    assert found["statistic"].iloc[0] > found["statistic"].iloc[-1]


def test_empty_rings_are_not_tested():
    cities = pd.DataFrame({"longitude": [0.0, 1, 2, 3, 4], "latitude": 0.0}, index=list("abcde"))
    values = pd.Series([1.0, 2, 4, 3, 5], cities.index)
    found = distance_correlogram(values, cities, bounds_km=[0, 50, 150], permutations=0).table
    assert found["links"].tolist() == [0, 8]
    assert np.isnan(found["statistic"].iloc[0])
    with pytest.raises(EstimationError, match="widen the bands"):
        distance_correlogram(values, cities, bounds_km=[0, 50], permutations=0)


def test_bad_input_is_named():
    values, weights = small_panel()
    with pytest.raises(PanelError, match="c3 2011"):
        panel_moran(values.drop(("c3", 2011)), weights)
    with pytest.raises(PanelError, match="more than once: 'c3 2011'"):
        panel_moran(pd.concat([values, values.loc[[("c3", 2011)]]]), weights)
    with pytest.raises(PanelError, match="index levels 'city' and 'year'"):
        panel_moran(values.droplevel("year"), weights)
    with pytest.raises(EstimationError, match="Nothing varies"):
        panel_moran(values * 0 + 2, weights)
    with pytest.raises(ConfigError, match="Year 1999 is not in the panel"):
        differential_moran(values, weights, first=1999, last=2010)
    with pytest.raises(EstimationError, match="lag of 9"):
        space_time_moran(values, weights, lag=9)
    with pytest.raises(ConfigError, match="rising"):
        distance_correlogram(values, pd.DataFrame(), bounds_km=[100, 50])
    people = pd.Series([10.0, 0.0], ["a", "b"])
    with pytest.raises(PanelError, match="not positive for 'b'"):
        empirical_bayes_rates(pd.Series([1.0, 0.0], ["a", "b"]), people)
