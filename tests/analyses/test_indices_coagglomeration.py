"""Plants, co-agglomeration and variety against textbook answers, laws and bad input."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.coagglomeration import (
    collaborative_agglomeration,
    collaborative_index,
    pairwise_coagglomeration,
)
from analyses.indices.plants import ellison_glaeser
from analyses.indices.variety import variety
from spatial.errors import ConfigError, PanelError

REFERENCE = 1e-9


@pytest.fixture
def textbook(shared_folder):
    folder = shared_folder / "reference" / "12_regional_indices_REAT"
    return folder, json.loads((folder / "expected.json").read_text())


class TestPlants:
    def test_one_industry(self, textbook):
        case = textbook[1]["ellison_glaeser_FK"]
        plants = pd.DataFrame(
            {
                "region": case["inputs"]["region_of_firm"],
                "employment": case["inputs"]["e_ik"],
                "industry": "x",
            }
        )
        order = ["Wien", "Linz", "Graz"]
        totals = pd.Series(case["inputs"]["e_j"], index=order)
        gamma, raw, z, count, herfindahl = case["value"][0]
        found = [
            ellison_glaeser(plants, totals=totals.set_axis(list(names))).iloc[0]
            for names in ({tuple(order), tuple(sorted(order))})
        ]
        # The source prints the totals without saying for which region; one reading must fit.
        fits = [row for row in found if abs(row["ellison_glaeser"] - gamma) < 1e-9]
        assert len(fits) == 1
        row = fits[0]
        assert row["raw_concentration"] == pytest.approx(raw, rel=REFERENCE)
        assert row["z_score"] == pytest.approx(z, rel=REFERENCE)
        assert row["plant_herfindahl"] == pytest.approx(herfindahl, rel=REFERENCE)
        assert row["plants"] == count

    def test_four_industries(self, textbook):
        wanted = textbook[1]["ellison_a2_FK2014"]["value"]
        plants = pd.read_csv(textbook[0] / "FK2014_EGC.csv")
        found = ellison_glaeser(plants, employment="emp_firm").loc[wanted["rows"]]
        columns = [
            "ellison_glaeser",
            "raw_concentration",
            "z_score",
            "plants",
            "plant_herfindahl",
        ]
        assert found[columns].to_numpy() == pytest.approx(np.array(wanted["matrix"]), rel=REFERENCE)

    def test_null_mean_and_variance_by_enumeration(self):
        # Three plants thrown at two regions in all eight ways, weighted by their probability.
        sizes, x = np.array([5.0, 3, 2]), {"A": 0.3, "B": 0.7}
        totals = pd.Series(x)
        mean = {"ellison_glaeser": 0.0, "maurel_sedillot": 0.0}
        first = second = 0.0
        for places in product("AB", repeat=3):
            weight = np.prod([x[p] for p in places])
            plants = pd.DataFrame({"region": places, "employment": sizes, "industry": "x"})
            row = ellison_glaeser(plants, totals=totals).iloc[0]
            for name in mean:
                mean[name] += weight * row[name]
            first += weight * row["z_score"]
            second += weight * row["z_score"] ** 2
        assert mean["ellison_glaeser"] == pytest.approx(0, abs=1e-12)
        assert mean["maurel_sedillot"] == pytest.approx(0, abs=1e-12)
        assert first == pytest.approx(0, abs=1e-12)
        assert second == pytest.approx(1, abs=1e-12)

    def test_one_plant_is_undefined(self):
        plants = pd.DataFrame({"industry": "x", "region": ["A"], "employment": [3.0]})
        row = ellison_glaeser(plants, totals=pd.Series({"A": 1.0, "B": 1.0})).iloc[0]
        assert row[["ellison_glaeser", "maurel_sedillot", "z_score"]].isna().all()

    def test_bad_input(self):
        plants = pd.DataFrame({"industry": "x", "region": ["A", "B"], "employment": [3.0, 0.0]})
        with pytest.raises(PanelError, match="rows 1"):
            ellison_glaeser(plants)
        with pytest.raises(PanelError, match="'firm'"):
            ellison_glaeser(plants, employment="firm")
        with pytest.raises(PanelError, match="'B'"):
            ellison_glaeser(plants.assign(employment=1.0), totals=pd.Series({"A": 1.0}))


class TestPairs:
    def test_brute_force(self):
        rng = np.random.default_rng(3)
        table = pd.DataFrame(rng.integers(1, 40, (7, 4)), columns=list("abcd"))
        found = pairwise_coagglomeration(table)
        x = [np.mean([table[s][i] / table[s].sum() for s in table]) for i in range(7)]
        top = sum(
            (table["a"][i] / table["a"].sum() - x[i]) * (table["c"][i] / table["c"].sum() - x[i])
            for i in range(7)
        )
        assert found.loc["a", "c"] == pytest.approx(top / (1 - sum(v * v for v in x)))
        assert found.loc["c", "a"] == found.loc["a", "c"]
        assert np.isnan(found.loc["a", "a"])

    def test_empty_sector_is_missing_and_leaves_the_mean(self):
        table = pd.DataFrame({"a": [9.0, 1], "b": [8.0, 2], "c": [1.0, 9]})
        found = pairwise_coagglomeration(table.assign(z=0.0))
        assert found["z"].isna().all()
        assert found.loc["a", "b"] == pytest.approx(pairwise_coagglomeration(table).loc["a", "b"])

    def test_one_sector_is_refused(self):
        with pytest.raises(PanelError, match="two sectors"):
            pairwise_coagglomeration(pd.DataFrame({"a": [1.0, 2], "z": 0.0}))


class TestCollaborative:
    @pytest.mark.parametrize(("a", "b", "value"), [(1.2, 0.8, 2.8), (0.5, 2.0, 2.9), (1, 1, 3)])
    def test_worked_values(self, a, b, value):
        found = collaborative_index(pd.Series([a]), pd.Series([b]))
        assert found.iloc[0] == pytest.approx(value)

    def test_variants_and_alignment(self):
        a = pd.Series({"x": 1.2, "y": 0.0, "z": 0.0})
        b = pd.Series({"z": 0.0, "y": 1.0, "x": 0.8})
        quality = collaborative_index(a, b, variant="quality")
        assert quality["x"] == pytest.approx(0.8)
        assert quality["y"] == 0
        assert np.isnan(quality["z"])
        half = collaborative_index(a, b, variant="quality and half height")
        assert half["x"] == pytest.approx(1.8)

    def test_groups_from_employment(self):
        table = pd.DataFrame(
            {"ict": [2.0, 1], "make": [5.0, 5], "bank": [1.0, 2], "rest": [2.0, 2]},
            index=["A", "B"],
        )
        found = collaborative_agglomeration(table, ["ict", "bank"], "make")
        assert found.loc["A", "first_quotient"] == pytest.approx(0.3 / 0.3)
        assert found["collaborative_agglomeration"].to_list() == pytest.approx([3, 3])
        outside = collaborative_agglomeration(table, ["ict", "bank"], "make", reference=table.sum())
        pd.testing.assert_frame_equal(found, outside)
        with pytest.raises(ConfigError, match="'ict'"):
            collaborative_agglomeration(table, ["ict"], ["ict", "make"])
        with pytest.raises(ConfigError, match="'ITC'"):
            collaborative_agglomeration(table, "ITC", "make")

    def test_bad_quotients(self):
        with pytest.raises(PanelError, match="same labels"):
            collaborative_index(pd.Series({"x": 1.0}), pd.Series({"y": 1.0}))
        with pytest.raises(PanelError, match="negative"):
            collaborative_index(pd.Series({"x": -1.0}), pd.Series({"x": 1.0}))

    def test_chinese_cities_are_plausible(self, shared_folder):
        path = shared_folder / "data" / "china" / "cn_city_panel_2005_2016.csv"
        if not path.is_file():
            pytest.skip("no Chinese city panel")
        rows = pd.read_csv(path).rename(columns={"name_cn": "city"}).set_index(["city", "year"])
        sectors = rows.loc[:, "emp_mining":"emp_public"].dropna()
        found = collaborative_agglomeration(sectors, "emp_ict", "emp_manuf")
        values = found["collaborative_agglomeration"]
        assert values.between(0, 12).all()
        assert 1.5 < values.median() < 3
        # Electronics and software meet in Shenzhen and Suzhou, neither in Jixi, a mining town.
        last = values.xs(2016, level="year")
        assert last["深圳市"] > last.median()
        assert last["鸡西市"] < last["深圳市"]


class TestVariety:
    def test_worked_value(self):
        table = pd.DataFrame([[10.0, 20, 30, 40]], columns=list("abcd"))
        row = variety(table, {"a": "g", "b": "g", "c": "h", "d": "h"}).iloc[0]
        assert row.to_list() == pytest.approx([0.881291, 0.965148, 1.846439], abs=6e-7)

    @given(st.integers(0, 2**32 - 1))
    def test_parts_by_definition(self, seed):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.integers(0, 9, (3, 6)) + 0.0, columns=list("abcdef"))
        table["a"] += 1
        groups = dict(zip("abcdef", rng.integers(0, 3, 6).astype(str), strict=True))
        found = variety(table, groups, base=np.e)
        for i, row in table.iterrows():
            p = row / row.sum()
            big = p.groupby(groups).sum()
            related = sum(v * np.log(big[groups[s]] / v) for s, v in p.items() if v > 0)
            assert found.loc[i, "related_variety"] == pytest.approx(related, abs=1e-12)
            unrelated = sum(v * np.log(1 / v) for v in big if v > 0)
            assert found.loc[i, "unrelated_variety"] == pytest.approx(unrelated, abs=1e-12)

    def test_bad_input(self):
        table = pd.DataFrame({"a": [1.0, 0], "b": [1.0, 0]})
        assert variety(table, {"a": "g", "b": "h"}).iloc[1].isna().all()
        with pytest.raises(ConfigError, match="'b'"):
            variety(table, {"a": "g"})
        with pytest.raises(ConfigError, match="base"):
            variety(table, {"a": "g", "b": "h"}, base=1)
