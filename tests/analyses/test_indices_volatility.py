"""Volatility, sensitivity and adaptability, persistence and shrinkage against other programs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyses.indices.persistence import shock_persistence, shrunken
from analyses.indices.volatility import rolling_volatility, sensitivity_adaptability
from spatial.errors import ConfigError, EstimationError, PanelError

EXACT = 1e-10  # the same least squares by another route
YEARS = range(2000, 2014)


@pytest.fixture
def levels():
    random = np.random.default_rng(3)
    index = pd.MultiIndex.from_product([list("cab"), YEARS], names=["city", "year"])
    steps = random.normal(0.05, 0.03, (3, len(YEARS))).cumsum(axis=1)
    return pd.Series(np.exp(steps).ravel() * 100, index=index)


class TestVolatility:
    def test_last_window(self, levels):
        found = rolling_volatility(levels.sample(frac=1, random_state=1), window=3)
        growth = np.diff(np.log(levels.loc["a"].to_numpy()))
        last = found.loc[("a", 2013)]
        assert last["deviation"] == pytest.approx(growth[-3:].std(ddof=1), rel=EXACT)
        assert last["variation"] == pytest.approx(
            growth[-3:].std(ddof=1) / abs(growth[-3:].mean()), rel=EXACT
        )
        assert found["deviation"].isna().sum() == 3 * 3

    def test_no_mean(self):
        swing = pd.Series(np.exp([0.0, 0.1, 0.0, 0.1, 0.0]), index=range(5))
        found = rolling_volatility(swing, window=2)
        assert found["variation"].isna().all()
        assert found["deviation"].iloc[-1] == pytest.approx(np.std([0.1, -0.1], ddof=1))

    def test_bad_input(self, levels):
        with pytest.raises(ConfigError, match="window"):
            rolling_volatility(levels, window=1)
        with pytest.raises(PanelError, match="positive levels"):
            rolling_volatility(levels - 1000)


class TestSensitivityAdaptability:
    @pytest.mark.parametrize("scale", ["z-score", "min-max"])
    @pytest.mark.parametrize("adaptability", ["growth", "deviation"])
    def test_definition(self, levels, scale, adaptability):
        found = sensitivity_adaptability(levels, adaptability=adaptability, scale=scale)
        wide = levels.unstack("year").reindex(list("cab"))
        relative = wide.div(wide.mean(axis=1), axis=0) - 1
        moving = np.log(wide).diff(axis=1).iloc[:, 1:] if adaptability == "growth" else relative
        slope = moving.apply(lambda row: np.polyfit(range(len(row)), row, 1)[0], axis=1)

        def scaled(x):
            values = np.asarray(x, float)
            if scale == "z-score":
                return (values - values.mean()) / values.std(ddof=1)
            return (values - values.min()) / (values.max() - values.min())

        expected = scaled(slope)[:, None] - scaled(relative.abs())
        assert found["resilience"].unstack("year").reindex(list("cab")).to_numpy() == pytest.approx(
            expected, rel=1e-8, abs=1e-8
        )

    def test_unit_of_money_does_not_matter(self, levels):
        a = sensitivity_adaptability(levels)
        b = sensitivity_adaptability(levels * 1e4)
        pd.testing.assert_frame_equal(a, b, rtol=1e-8)

    def test_bad_input(self, levels):
        with pytest.raises(EstimationError, match="same everywhere"):
            flat = pd.Series(5.0, index=levels.index)
            sensitivity_adaptability(flat)
        with pytest.raises(EstimationError, match="One city"):
            sensitivity_adaptability(levels.loc[["a"]])
        with pytest.raises(ConfigError, match="scale"):
            sensitivity_adaptability(levels, scale="rank")


@pytest.fixture
def cycles():
    random = np.random.default_rng(8)
    years = range(1970, 2010)
    shock = pd.Series(random.normal(size=40), index=years)
    index = pd.MultiIndex.from_product(
        [[f"c{i}" for i in range(30)], years], names=["city", "year"]
    )
    phi = random.uniform(0.2, 0.6, 30)
    paths = np.zeros((30, 40))
    for t in range(1, 40):
        paths[:, t] = phi * paths[:, t - 1] + 0.8 * shock.iloc[t] + random.normal(0, 1, 30)
    return pd.Series(paths.ravel(), index=index), shock, phi


class TestPersistence:
    def test_least_squares_of_statsmodels(self, cycles):
        api = pytest.importorskip("statsmodels.api")
        cycle, shock, _ = cycles
        found = shock_persistence(cycle, shock).table.loc["c3"]
        path = cycle.loc["c3"].to_numpy()
        design = api.add_constant(np.column_stack([path[:-1], shock.to_numpy()[1:]]))
        fit = api.OLS(path[1:], design).fit()
        assert [found["persistence"], found["impact"]] == pytest.approx(fit.params[1:], rel=EXACT)
        assert [found["persistence_error"], found["impact_error"]] == pytest.approx(
            fit.bse[1:], rel=EXACT
        )

    def test_shrinkage_comes_nearer_to_the_truth(self, cycles):
        cycle, shock, phi = cycles
        table = shock_persistence(cycle, shock).table
        plain = ((table["persistence"] - phi) ** 2).mean()
        better = ((table["persistence_shrunken"] - phi) ** 2).mean()
        assert better < plain
        assert (table["persistence_shrunken_error"] <= table["persistence_error"]).all()

    def test_half_life(self, cycles):
        cycle, shock, _ = cycles
        table = shock_persistence(cycle, shock).table
        positive = table["persistence_shrunken"] > 0
        left = table["persistence_shrunken"] ** table["half_life"]
        assert left[positive].to_numpy() == pytest.approx(0.5)

    def test_bad_input(self, cycles):
        cycle, shock, _ = cycles
        with pytest.raises(PanelError, match="1985"):
            shock_persistence(cycle, shock.drop(1985))
        with pytest.raises(EstimationError, match="does not move"):
            shock_persistence(cycle * 0, shock)


class TestShrunken:
    def test_combine_effects_of_statsmodels(self):
        meta = pytest.importorskip("statsmodels.stats.meta_analysis")
        theta = pd.Series([0.2, 0.5, -0.1, 0.9, 0.4], index=list("abcde"))
        error = pd.Series([0.1, 0.2, 0.15, 0.3, 0.1], index=list("abcde"))
        reference = meta.combine_effects(theta.to_numpy(), error.to_numpy() ** 2, method_re="dl")
        _, _, mean, between = shrunken(theta, error.iloc[::-1])
        assert between == pytest.approx(reference.tau2, rel=EXACT)
        assert mean == pytest.approx(reference.mean_effect_re, rel=EXACT)

    def test_no_variance_between(self):
        theta = pd.Series([0.5, 0.5001, 0.4999])
        better, error, mean, between = shrunken(theta, pd.Series([1.0, 1, 1]))
        assert between == 0
        assert (better == mean).all()
        assert (error == 0).all()

    def test_bad_input(self):
        with pytest.raises(EstimationError, match="two units"):
            shrunken(pd.Series([1.0]), pd.Series([1.0]))
        with pytest.raises(EstimationError, match="not positive, for 1"):
            shrunken(pd.Series([1.0, 2]), pd.Series([1.0, 0]))
