"""Descriptive statistics and correlations against pandas, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.outliers_influence import variance_inflation_factor

from spatial.errors import ConfigError, PanelError
from spatial.regression import correlate_variables, describe_variables


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    draw = np.random.default_rng(3).normal(size=(60, 3))
    table = pd.DataFrame(draw, columns=["growth", "skill", "price"])
    table["price"] += 0.8 * table["skill"]
    table.loc[5, "price"] = np.nan
    return table


class TestDescription:
    def test_against_statsmodels(self, data):
        found = describe_variables(data, ["growth", "skill", "price"], outcome="growth").table
        known = data.dropna()
        design = np.column_stack([np.ones(len(known)), known[["skill", "price"]]])
        for at, name in enumerate(["skill", "price"], start=1):
            expected = variance_inflation_factor(design, at)
            assert found.loc[name, "vif"] == pytest.approx(expected, rel=1e-9)
        assert np.isnan(found.loc["growth", "vif"])
        assert found["n"].tolist() == [60, 60, 59]
        assert found.loc["price", "std_dev"] == pytest.approx(data["price"].std())
        assert found.loc["price", "median"] == data["price"].median()

    def test_a_sum_of_others_is_infinitely_inflated(self, data):
        known = data.dropna()
        table = known.assign(sum=known["skill"] + known["price"])
        assert np.isinf(describe_variables(table, ["skill", "price", "sum"]).table["vif"]).all()

    def test_faults(self, data):
        with pytest.raises(PanelError, match="'age'"):
            describe_variables(data, ["age"])
        with pytest.raises(PanelError, match="no numbers"):
            describe_variables(data.assign(name="x"), ["name"])
        with pytest.raises(PanelError, match="infinite"):
            describe_variables(data.assign(big=np.inf), ["big"])
        with pytest.raises(ConfigError, match="outcome"):
            describe_variables(data, ["skill"], outcome="growth")


class TestCorrelations:
    @pytest.mark.parametrize("method", ["pearson", "spearman"])
    def test_against_scipy(self, data, method):
        found = correlate_variables(data, ["growth", "skill", "price"], method=method).table
        known = data[["skill", "price"]].dropna()
        test = stats.pearsonr if method == "pearson" else stats.spearmanr
        expected = test(known["skill"], known["price"])
        row = found.loc[("skill", "price")]
        assert row["correlation"] == pytest.approx(expected.statistic)
        assert row["p_value"] == pytest.approx(expected.pvalue)
        assert row["n"] == 59

    def test_too_few_rows(self, data):
        with pytest.raises(PanelError, match="2 rows in common"):
            correlate_variables(data.head(2), ["growth", "skill"])
