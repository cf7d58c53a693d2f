"""Counterfactual paths: exact dynamics, statsmodels, coverage of intervals, bad input."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from analyses.indices.counterfactual import arima_counterfactual, panel_counterfactual
from analyses.indices.cycle_resilience import cycle_resilience
from spatial.errors import ConfigError, EstimationError, PanelError
from spatial.regression import fit_dynamic_panel

ROUNDING = 1e-8
YEARS = list(range(1980, 2002))


def ring(number):
    names = [f"c{i:02d}" for i in range(number)]
    matrix = np.zeros((number, number))
    for i in range(number):
        matrix[i, (i + 1) % number] = matrix[i, (i - 1) % number] = 0.5
    return pd.DataFrame(matrix, index=names, columns=names)


def world(seed=0, *, shock=0.0, number=25):
    """Draw a dynamic spatial panel whose last five years carry a shock to the first city."""
    random = np.random.default_rng(seed)
    weights = ring(number)
    solve = np.linalg.inv(np.eye(number) - 0.3 * weights.to_numpy())
    effect = random.normal(size=number)
    x = random.normal(size=(len(YEARS), number))
    y = np.zeros((len(YEARS), number))
    state = solve @ effect
    for t, year in enumerate(YEARS):
        hit = np.zeros(number)
        hit[0] = shock if year >= 1997 else 0.0
        noise = random.normal(scale=0.5, size=number)
        state = solve @ (
            0.4 * state + 0.1 * weights.to_numpy() @ state + x[t] + effect + hit + noise
        )
        y[t] = state
    index = pd.MultiIndex.from_product([YEARS, weights.index], names=["year", "city"])
    return pd.DataFrame({"y": y.ravel(), "x": x.ravel()}, index=index), weights


class TestPanel:
    def test_path_by_the_equation(self):
        data, weights = world()
        found = panel_counterfactual(
            "y ~ x", data, weights, before=1996, specification="sdm", simulations=20, rng=1
        )
        known = data[data.index.get_level_values("year") <= 1996]
        fit = fit_dynamic_panel("y ~ x", known, weights, specification="sdm", effects="city")
        b, W = fit.coefficients, weights.to_numpy()
        y, x = (data[c].unstack("city")[weights.index].to_numpy() for c in ("y", "x"))

        def driven(t):
            return b["x"] * x[t] + b["W x"] * W @ x[t]

        seen = YEARS.index(1996) + 1
        effect = np.mean(
            [
                y[t]
                - b["rho"] * W @ y[t]
                - b["tau"] * y[t - 1]
                - b["eta"] * W @ y[t - 1]
                - driven(t)
                for t in range(1, seen)
            ],
            axis=0,
        )
        state = y[seen - 1]
        for t in range(seen, len(YEARS)):
            right = b["tau"] * state + b["eta"] * W @ state + driven(t) + effect
            state = np.linalg.solve(np.eye(25) - b["rho"] * W, right)
            row = found.table.xs(YEARS[t], level="year")["counterfactual"][weights.index]
            assert row.to_numpy() == pytest.approx(state, rel=ROUNDING)

    def test_shock_is_seen_where_it_fell(self):
        data, weights = world(shock=-4.0)
        found = panel_counterfactual("y ~ x", data, weights, before=1996, simulations=200, rng=1)
        sums = found.cumulated()
        assert sums["deviation_sum"].idxmin() == "c00"
        assert sums.loc["c00", "years_outside"] == 5
        # Cities on the far side of the ring hardly feel it.
        assert abs(sums.loc["c12", "deviation_sum"]) < 0.2 * abs(sums.loc["c00", "deviation_sum"])

    def test_intervals_cover(self):
        outside = []
        for seed in range(8):
            data, weights = world(seed)
            found = panel_counterfactual(
                "y ~ x", data, weights, before=1996, simulations=100, level=0.9, rng=seed
            )
            outside.append(found.cumulated()["years_outside"].sum() / (5 * 25))
        # 10 % of 1,000 city-years that depend on each other.
        assert 0.05 < np.mean(outside) < 0.16

    def test_order_of_rows_and_seed(self):
        data, weights = world()
        options = {"before": 1996, "simulations": 50, "rng": 4}
        a = panel_counterfactual("y ~ x", data, weights, **options).table
        mixed = data.sample(frac=1, random_state=1)
        b = panel_counterfactual("y ~ x", mixed, weights, **options).table
        pd.testing.assert_frame_equal(a, b, rtol=1e-7)

    def test_past_alone(self):
        data, weights = world()
        found = panel_counterfactual("y ~ 1", data, weights, before=1996, simulations=20, rng=1)
        assert np.isfinite(found.table["counterfactual"]).all()

    def test_for_cycle_resilience(self):
        data, weights = world(shock=-4.0)
        found = panel_counterfactual("y ~ x", data, weights, before=1996, simulations=20, rng=1)
        table = cycle_resilience(found.decomposition(), peak=1996, end=2001).table
        assert table["depth"].idxmax() == "c00"
        assert (table["peak_deviation"] == 0).all()

    def test_bad_input(self):
        data, weights = world()
        with pytest.raises(PanelError, match="years after it"):
            panel_counterfactual("y ~ x", data, weights, before=2001)
        with pytest.raises(PanelError, match="years after it"):
            panel_counterfactual("y ~ x", data, weights, before=1890)
        with pytest.raises(EstimationError, match="has 3 years up to 1982"):
            panel_counterfactual("y ~ x", data, weights, before=1982)
        with pytest.raises(ConfigError, match="simulations"):
            panel_counterfactual("y ~ x", data, weights, before=1996, simulations=2)
        with pytest.raises(ConfigError, match="level"):
            panel_counterfactual("y ~ x", data, weights, before=1996, level=95)


@pytest.fixture
def jobs():
    random = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([list("ba"), YEARS], names=["city", "year"])
    growth = random.normal(0.03, 0.02, (2, len(YEARS)))
    growth[1, -5:] -= 0.2
    return pd.Series(100 * np.exp(growth.cumsum(axis=1)).ravel(), index=index)


class TestArima:
    def test_random_walk_with_drift(self, jobs):
        # Of order (0, 1, 0) path and interval are known in closed form.
        pytest.importorskip("statsmodels")
        found = arima_counterfactual(jobs, before=1996, order=(0, 1, 0)).table
        history = np.log(jobs.loc["b"].loc[:1996].to_numpy())
        drift, steps = np.diff(history).mean(), np.arange(1, 6)
        rows = found.loc["b"].iloc[1:]
        assert np.log(rows["counterfactual"]).to_numpy() == pytest.approx(
            history[-1] + drift * steps, rel=1e-4
        )
        half = 1.959964 * np.diff(history).std() * np.sqrt(steps)
        assert np.log(rows["upper"] / rows["counterfactual"]).to_numpy() == pytest.approx(
            half, rel=2e-2
        )

    def test_slump(self, jobs):
        pytest.importorskip("statsmodels")
        found = arima_counterfactual(jobs.sample(frac=1, random_state=1), before=1996)
        sums = found.cumulated()
        assert sums.loc["a", "relative_end"] < -0.4
        assert sums.loc["a", "years_outside"] >= 4
        first = found.table.xs(1996, level="year")
        assert (first["deviation"] == 0).all()

    def test_levels(self, jobs):
        pytest.importorskip("statsmodels")
        found = arima_counterfactual(jobs - 500, before=1996, logarithm=False)
        assert found.table["relative"].isna().all()

    def test_bad_input(self, jobs):
        pytest.importorskip("statsmodels")
        with pytest.raises(EstimationError, match="has 5 years up to 1984"):
            arima_counterfactual(jobs, before=1984)
        with pytest.raises(PanelError, match="positive values"):
            arima_counterfactual(jobs - 500, before=1996)
        with pytest.raises(ConfigError, match="order"):
            arima_counterfactual(jobs, before=1996, order=(1, 1))
        with pytest.raises(PanelError, match="years after it"):
            arima_counterfactual(jobs, before=2001)

    def test_without_statsmodels(self, jobs, monkeypatch):
        monkeypatch.setitem(sys.modules, "statsmodels.tsa.arima.model", None)
        with pytest.raises(ConfigError, match="install"):
            arima_counterfactual(jobs, before=1996)
