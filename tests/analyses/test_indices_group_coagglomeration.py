"""Group index and colocation: identities, enumeration, REAT, random relocation, bad input."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.indices.group_coagglomeration import colocation, group_coagglomeration
from analyses.indices.plants import ellison_glaeser
from spatial.errors import ConfigError, PanelError

EXACT = 1e-9
TOTALS = pd.Series({"X": 30.0, "Y": 50.0, "Z": 20.0})


@st.composite
def tables(draw, industries=3):
    rows = [
        {
            "industry": f"i{a}",
            "region": draw(st.sampled_from("XYZ")),
            "employment": float(draw(st.integers(1, 50))),
        }
        for a in range(industries)
        for _ in range(draw(st.integers(1, 4)))
    ]
    return pd.DataFrame(rows)


class TestGroup:
    @settings(max_examples=30)
    @given(tables(industries=2))
    def test_two_industries_are_a_covariance(self, plants):
        x = TOTALS / TOTALS.sum()
        jobs = plants.pivot_table(
            index="region", columns="industry", values="employment", aggfunc="sum"
        ).reindex(x.index)
        gap = (jobs.fillna(0) / jobs.sum()).sub(x, axis=0)
        expected = (gap["i0"] * gap["i1"]).sum() / (1 - (x**2).sum())
        found = group_coagglomeration(plants, totals=TOTALS)
        assert found["coagglomeration"] == pytest.approx(expected, abs=EXACT)

    @settings(max_examples=20)
    @given(tables())
    def test_mean_over_pairs(self, plants):
        # The group index is the mean of its pairs, weighted by the product of their shares.
        jobs = plants.groupby("industry")["employment"].sum()
        top = bottom = 0.0
        for a, b in (("i0", "i1"), ("i0", "i2"), ("i1", "i2")):
            pair = group_coagglomeration(plants, industries=[a, b], totals=TOTALS)
            top += jobs[a] * jobs[b] * pair["coagglomeration"]
            bottom += jobs[a] * jobs[b]
        found = group_coagglomeration(plants, totals=TOTALS)["coagglomeration"]
        assert found == pytest.approx(top / bottom, abs=EXACT)

    def test_null_mean_is_zero_by_enumeration(self):
        x = pd.Series({"X": 0.3, "Y": 0.7})
        mean = 0.0
        for places in product("XY", repeat=4):
            plants = pd.DataFrame(
                {"industry": list("aabb"), "region": places, "employment": [5.0, 3, 4, 1]}
            )
            weight = np.prod([x[p] for p in places])
            mean += weight * group_coagglomeration(plants, totals=x)["coagglomeration"]
        assert mean == pytest.approx(0.0, abs=EXACT)

    def test_null_mean_is_zero_under_random_relocation(self):
        random = np.random.default_rng(3)
        x = (TOTALS / TOTALS.sum()).to_numpy()
        sizes = random.integers(1, 40, 30).astype(float)
        found = []
        for _ in range(80):
            plants = pd.DataFrame(
                {
                    "industry": np.repeat(["a", "b", "c"], 10),
                    "region": random.choice(list("XYZ"), 30, p=x),
                    "employment": sizes,
                }
            )
            found.append(group_coagglomeration(plants, totals=TOTALS)["coagglomeration"])
        assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(80)

    def test_one_plant_industry_is_no_obstacle(self):
        plants = pd.DataFrame(
            {"industry": ["a", "b", "b"], "region": list("XXY"), "employment": [5.0, 2, 2]}
        )
        assert np.isfinite(group_coagglomeration(plants, totals=TOTALS)["coagglomeration"])

    def test_bad_input(self):
        plants = pd.DataFrame({"industry": ["a", "b"], "region": list("XX"), "employment": 1.0})
        with pytest.raises(PanelError, match="one region"):
            group_coagglomeration(plants)
        with pytest.raises(ConfigError, match="not in the table: 'z'"):
            group_coagglomeration(plants, industries=["a", "z"])
        with pytest.raises(ConfigError, match="two different"):
            group_coagglomeration(plants, industries=["a", "a"])
        with pytest.raises(PanelError, match="positive employment"):
            group_coagglomeration(plants.assign(employment=0.0))


class TestColocation:
    def test_reat(self, shared_folder):
        # howard.cl() of REAT 3.0.3.
        path = shared_folder / "reference" / "12_regional_indices_REAT" / "expected.json"
        case = json.loads(path.read_text())["howard_colocation"]
        plants = pd.DataFrame(
            {"industry": case["inputs"]["firm_industry"], "region": case["inputs"]["loc"]}
        )
        found = colocation(plants, "A", "B", simulations=19, rng=1)
        assert found["colocation"] == pytest.approx(case["value"], rel=EXACT)

    def test_together_and_apart(self):
        random = np.random.default_rng(1)
        rest = pd.DataFrame({"industry": "c", "region": random.choice(list("VWXYZ"), 200)})
        a = pd.DataFrame({"industry": "a", "region": ["X"] * 20})
        b = pd.DataFrame({"industry": "b", "region": ["X"] * 15 + ["Y"] * 5})
        together = colocation(pd.concat([rest, a, b]), "a", "b", simulations=199, rng=1)
        assert together["colocation"] == pytest.approx(0.75)
        assert together["excess_colocation"] > 5
        assert together["p_value"] == pytest.approx(1 / 200)
        apart = colocation(pd.concat([rest, a, b.assign(region="Z")]), "a", "b", rng=1)
        assert apart["colocation"] == 0
        assert apart["excess_colocation"] < -2

    def test_expectation_by_arithmetic(self):
        # Two different sites of n drawn at random are in one region with a known probability.
        regions = ["X"] * 6 + ["Y"] * 3 + ["Z"]
        plants = pd.DataFrame({"industry": list("aabb") + ["c"] * 6, "region": regions})
        found = colocation(plants, "a", "b", simulations=4000, rng=2)
        expected = (6 * 5 + 3 * 2) / (10 * 9)
        # Four standard errors of the mean of 4,000 draws.
        assert found["expected"] == pytest.approx(expected, abs=4 * found["deviation"] / 63)

    def test_one_region(self):
        plants = pd.DataFrame({"industry": list("aabb"), "region": "X"})
        found = colocation(plants, "a", "b", rng=1)
        assert np.isnan(found["excess_colocation"])
        assert found["p_value"] == 1

    def test_bad_input(self):
        plants = pd.DataFrame({"industry": list("aabb"), "region": "X"})
        with pytest.raises(ConfigError, match="two different"):
            colocation(plants, "a", "a")
        with pytest.raises(ConfigError, match="simulations"):
            colocation(plants, "a", "b", simulations=3)


class TestDevereux:
    def test_formula(self):
        plants = pd.DataFrame(
            {"industry": "a", "region": list("XXY"), "employment": [10.0, 10, 20]}
        )
        found = ellison_glaeser(plants, totals=TOTALS).loc["a", "devereux"]
        # F = 1/4 + 1/4 - 1/3, M = 1/16 + 1/16 + 1/4 - 1/3.
        assert found == pytest.approx((0.5 - 1 / 3) - (0.375 - 1 / 3))

    def test_zero_for_one_plant_in_each_region(self):
        plants = pd.DataFrame({"industry": "a", "region": list("XYZ"), "employment": [1.0, 2, 3]})
        assert ellison_glaeser(plants).loc["a", "devereux"] == pytest.approx(0.0)

    def test_one_plant(self):
        plants = pd.DataFrame({"industry": "a", "region": ["X"], "employment": [1.0]})
        assert np.isnan(ellison_glaeser(plants, totals=TOTALS).loc["a", "devereux"])
