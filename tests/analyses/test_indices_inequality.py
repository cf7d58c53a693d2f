"""Inequality and convergence against textbook answers, definitions and bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.convergence import beta_convergence, sigma_convergence
from analyses.indices.inequality import dagum_gini, inequality, theil_by_groups
from spatial.errors import EstimationError, PanelError
from spatial.regression import fit_cross_section

REFERENCE = 1e-9


@pytest.fixture
def textbook(shared_folder):
    folder = shared_folder / "reference" / "12_regional_indices_REAT"
    return folder, json.loads((folder / "expected.json").read_text())


def naive_gini(values, weights):
    f = weights / weights.sum()
    gaps = np.abs(values[:, None] - values[None, :])
    return (f[:, None] * f[None, :] * gaps).sum() / (2 * (f * values).sum())


class TestMeasures:
    def test_textbook(self, textbook):
        case = textbook[1]["theil_regincome"]
        row = inequality(pd.Series(case["inputs"]["x"], dtype=float)).iloc[0]
        assert row["theil_l"] == pytest.approx(case["value"], rel=REFERENCE)
        assert row["theil_t"] == pytest.approx(0.2502012, abs=6e-8)
        case = textbook[1]["gini_income_weighted"]["inputs"]
        row = inequality(
            pd.Series(case["x"], dtype=float), weights=pd.Series(case["weights"], dtype=float)
        ).iloc[0]
        assert row["gini"] == pytest.approx(
            textbook[1]["gini_income_weighted"]["value"], rel=REFERENCE
        )
        case = textbook[1]["cv_gdp"]
        x = pd.Series(case["inputs"]["x"])
        # The source divides by n - 1.
        assert inequality(x)["variation"].iloc[0] * np.sqrt(16 / 15) == pytest.approx(
            case["value"], rel=REFERENCE
        )

    def test_another_program(self, shared_folder):
        folder = shared_folder / "reference" / "14_ewm_topsis_coupling"
        expected = json.loads((folder / "expected.json").read_text())
        table = pd.read_csv(folder / "theil_groups.csv")
        row = inequality(table["y"], weights=table["pop"]).iloc[0]
        assert row["theil_t"] == pytest.approx(expected["theil_gdppc_popweighted"], rel=REFERENCE)
        # That program reads its first argument as totals, so per-head values are y / pop.
        row = inequality(table["y"] / table["pop"], weights=table["pop"]).iloc[0]
        assert row["gini"] == pytest.approx(expected["gini_gdppc_popweighted"], rel=REFERENCE)

    @given(st.integers(0, 2**32 - 1))
    def test_definitions(self, seed):
        rng = np.random.default_rng(seed)
        y, w = rng.lognormal(size=9), rng.lognormal(size=9)
        row = inequality(pd.Series(y), weights=pd.Series(w)).iloc[0]
        assert row["gini"] == pytest.approx(naive_gini(y, w), abs=1e-12)
        f = w / w.sum()
        mu = (f * y).sum()
        assert row["variation"] == pytest.approx(np.sqrt((f * (y - mu) ** 2).sum()) / mu)
        assert row["theil_t"] == pytest.approx((f * y / mu * np.log(y / mu)).sum(), abs=1e-12)

    def test_years_and_zero(self):
        index = pd.MultiIndex.from_product([["A", "B"], [1, 2]], names=["city", "year"])
        found = inequality(pd.Series([1.0, 0, 1, 4], index=index))
        assert found["gini"].to_list() == pytest.approx([0, 0.5])
        assert found["theil_t"].to_list() == pytest.approx([0, np.log(2)])
        assert np.isnan(found.loc[2, "theil_l"])


class TestSources:
    @given(st.integers(0, 2**32 - 1), st.floats(0.01, 1000))
    def test_dagum_adds_up_and_is_free_of_order_and_scale(self, seed, scale):
        rng = np.random.default_rng(seed)
        y = pd.Series(rng.integers(0, 12, 14) + 0.0)
        y.iloc[:3] += 1
        g = pd.Series(np.r_[["a", "b", "c"], rng.choice(list("abc"), 11)])
        row = dagum_gini(y, g).table.iloc[0]
        assert row["gini"] == pytest.approx(naive_gini(y.to_numpy(), np.ones(14)), abs=1e-12)
        assert row[["within", "between", "transvariation"]].sum() == pytest.approx(
            row["gini"], abs=1e-12
        )
        assert (row[["within", "between", "transvariation"]] >= -1e-12).all()
        again = dagum_gini(scale * y.iloc[::-1], g).table.iloc[0]
        assert again.to_numpy() == pytest.approx(row.to_numpy(), abs=1e-9)

    def test_groups_apart_do_not_overlap(self):
        y = pd.Series([1.0, 2, 10, 12])
        found = dagum_gini(y, pd.Series(["w", "w", "e", "e"]))
        assert found.table["transvariation"].iloc[0] == pytest.approx(0, abs=1e-15)
        assert found.pairs.loc[("all", "e", "w"), "relative_affluence"] == pytest.approx(1)
        # By hand: sixteen pairs |8..11|, means 11 and 1.5.
        assert found.pairs.loc[("all", "e", "w"), "gini"] == pytest.approx(9.5 / 12.5)
        assert found.groups.loc[("all", "w"), "gini"] == pytest.approx(1 / 6)

    @given(st.integers(0, 2**32 - 1))
    def test_theil_adds_up(self, seed):
        rng = np.random.default_rng(seed)
        y, w = pd.Series(rng.lognormal(size=12)), pd.Series(rng.lognormal(size=12))
        g = pd.Series(np.r_[["a", "b"], rng.choice(list("abc"), 10)])
        row = theil_by_groups(y, g, weights=w).iloc[0]
        assert row["between"] + row["within"] == pytest.approx(row["theil"], abs=1e-12)
        assert row["theil"] == pytest.approx(inequality(y, weights=w)["theil_t"].iloc[0])
        means = (y * w).groupby(g).sum() / w.groupby(g).sum()
        size = w.groupby(g).sum()
        between = inequality(means, weights=size)["theil_t"].iloc[0]
        assert row["between"] == pytest.approx(between, abs=1e-12)

    def test_bad_input(self):
        y = pd.Series([1.0, 2, 3], index=list("abc"))
        g = pd.Series(["x", "x", "z"], index=list("cba"))
        with pytest.raises(PanelError, match="two groups"):
            dagum_gini(y, g.replace("z", "x"))
        with pytest.raises(PanelError, match="negative.*'a'"):
            dagum_gini(y - 2, g)
        with pytest.raises(PanelError, match="'b'"):
            dagum_gini(y, g.drop("b"))
        with pytest.raises(PanelError, match="no group"):
            theil_by_groups(y, g.where(g == "x"))
        with pytest.raises(PanelError, match="zero"):
            inequality(y * 0)
        with pytest.raises(PanelError, match="positive"):
            inequality(y, weights=y - 1)


class TestConvergence:
    @pytest.fixture
    def counties(self, textbook):
        rows = pd.read_csv(textbook[0] / "G.counties.gdppc.csv").rename(columns={"region": "city"})
        years = {year: rows.set_index("city")[f"gdppc{year}"] for year in (2010, 2014)}
        panel = pd.concat(years, names=["year"]).rename("gdp").to_frame()
        return panel, textbook[1]

    def test_beta_of_german_counties(self, counties):
        panel, expected = counties
        found = beta_convergence(panel, "gdp", start=2010, end=2014)
        rows = expected["beta_convergence_ols_counties"]["value"]["matrix"]
        assert found.table.to_numpy() == pytest.approx(np.array(rows[:2], float), rel=1e-8)
        # The reference prints -ln(1 + b)/T though its growth is of a year already.
        slope = found.table.loc["initial_level", "estimate"]
        assert -np.log1p(slope) / 4 == pytest.approx(rows[2][0], rel=REFERENCE)
        assert found.speed == pytest.approx(-np.log1p(4 * slope) / 4)
        assert found.half_life == pytest.approx(np.log(2) / found.speed)
        r_squared = expected["beta_convergence_ols_counties"]["value"]["modelstat"][0]
        assert found.r_squared == pytest.approx(r_squared, rel=1e-8)
        assert found.n == 402

    def test_spatial_models_are_those_of_the_regression(self):
        rng = np.random.default_rng(4)
        cities = [f"c{i}" for i in range(40)]
        index = pd.MultiIndex.from_product([cities, [2000, 2010]], names=["city", "year"])
        first = rng.lognormal(3, 1, 40)
        levels = np.column_stack([first, first**0.8 * rng.lognormal(0.8, 0.1, 40)]).ravel()
        panel = pd.DataFrame({"y": levels, "human capital": rng.random(80)}, index)
        near = np.roll(np.eye(40), 1, 1) / 2 + np.roll(np.eye(40), -1, 1) / 2
        ring = pd.DataFrame(near, cities, cities)
        wide = panel["y"].unstack()
        data = pd.DataFrame(
            {
                "growth": np.log(wide[2010] / wide[2000]) / 10,
                "first": np.log(wide[2000]),
                "capital": panel["human capital"].xs(2000, level="year"),
            }
        )
        for specification in ("sar", "sem", "sdm"):
            found = beta_convergence(
                panel,
                "y",
                start=2000,
                end=2010,
                controls=("human capital",),
                weights=ring,
                specification=specification,
            )
            wanted = fit_cross_section(
                "growth ~ first + capital", data, ring, specification=specification
            )
            assert found.table["estimate"].to_numpy() == pytest.approx(
                wanted.coefficients.to_numpy(), abs=1e-6
            )
            b = wanted.coefficients["first"]
            assert found.speed == pytest.approx(-np.log1p(10 * b) / 10, rel=1e-4)
            assert found.table.index[2] == "human capital"
        assert "W initial_level" in found.table.index
        least = beta_convergence(panel, "y", start=2000, end=2010)
        ols = beta_convergence(panel, "y", start=2000, end=2010, weights=ring, specification="ols")
        assert ols.table["estimate"].to_numpy() == pytest.approx(
            least.table["estimate"].to_numpy(), abs=1e-10
        )
        assert ols.table["std_error"].to_numpy() == pytest.approx(
            least.table["std_error"].to_numpy(), rel=1e-8
        )

    def test_sigma_of_german_counties(self, counties):
        panel, expected = counties
        wanted = expected["sigma_convergence_sdlog"]["value"][:2]
        # The source divides by n.
        found = sigma_convergence(panel, "gdp")["log_deviation"] * np.sqrt(401 / 402)
        assert found.to_numpy() == pytest.approx(wanted, rel=REFERENCE)

    def test_exact_line_and_trend(self):
        cities, years = list("ABCD"), [0, 1, 2]
        index = pd.MultiIndex.from_product([cities, years], names=["city", "year"])
        logs = np.array([[x * 0.9**t for t in years] for x in (1.0, 2, 4, 5)]).ravel()
        panel = pd.DataFrame({"y": np.exp(logs)}, index=index)
        # A gap that closes by a tenth every year has one speed, whatever the span.
        for end in (1, 2):
            found = beta_convergence(panel, "y", start=0, end=end)
            assert found.speed == pytest.approx(-np.log(0.9))
        assert sigma_convergence(panel, "y").attrs["trend"]["slope"] < 0

    def test_bad_input(self):
        index = pd.MultiIndex.from_product([list("ABC"), [0, 1]], names=["city", "year"])
        panel = pd.DataFrame({"y": [1.0, 2, 3, 4, 5, 7], "c": 1.0}, index=index)
        with pytest.raises(PanelError, match="two years"):
            beta_convergence(panel, "y", start=0, end=5)
        with pytest.raises(EstimationError, match="'c'"):
            beta_convergence(panel, "y", start=0, end=1, controls=("c",))
        with pytest.raises(PanelError, match="'A'"):
            beta_convergence(panel.iloc[1:], "y", start=0, end=1)
        with pytest.raises(PanelError, match="positive levels"):
            sigma_convergence(panel - 1, "y")
