"""Specialisation and concentration against textbook answers, laws, bad input and real cities."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.agglomeration import (
    concentration,
    location_quotients,
    lorenz_gini,
    specialisation,
)
from spatial.errors import ConfigError, PanelError

REFERENCE = 1e-9  # stated by the reference
EXACT = 1e-12


@pytest.fixture
def textbook(shared_folder):
    folder = shared_folder / "reference" / "12_regional_indices_REAT"
    return folder, json.loads((folder / "expected.json").read_text())


@pytest.fixture
def lander(textbook):
    rows = pd.read_csv(textbook[0] / "G.regions.industries.csv")
    return rows.pivot_table(index="region_code", columns="ind_code", values="emp_all")


@pytest.fixture
def goettingen(textbook):
    rows = pd.read_csv(textbook[0] / "Goettingen.csv").iloc[1:16].set_index("WZ2008_Code")
    return rows[["Goettingen2017"]].T, rows["BRD2017"], textbook[1]


class TestTextbooks:
    def test_location_quotients(self, goettingen, textbook):
        whole = pd.Series({"x": 879213.0, "rest": 15593224.0 - 879213})
        city = pd.DataFrame({"x": [1714.0], "rest": [79006.0 - 1714]})
        assert location_quotients(city, reference=whole)["x"].iloc[0] == pytest.approx(
            textbook[1]["locq_FK"]["value"], rel=REFERENCE
        )
        city, nation, expected = goettingen
        # The published total of all sectors exceeds their sum by persons without a sector; the
        # quotients of the reference use it, so both totals get the remainder as one more sector.
        every = pd.read_csv(textbook[0] / "Goettingen.csv").iloc[0]
        city = city.assign(rest=every["Goettingen2017"] - city.sum(axis=1))
        nation = pd.concat([nation, pd.Series({"rest": every["BRD2017"] - nation.sum()})])
        found = location_quotients(city, reference=nation).iloc[0, :15]
        assert found.to_numpy() == pytest.approx(
            expected["locq_Goettingen2017"]["value"], rel=REFERENCE
        )

    def test_specialisation_of_goettingen(self, goettingen):
        city, nation, expected = goettingen
        row = specialisation(city, reference=nation).iloc[0]
        assert row["krugman"] == pytest.approx(
            expected["krugman_spec_Goettingen2017"]["value"], rel=REFERENCE
        )
        assert row["gini_quotients"] == pytest.approx(
            expected["gini_spec_Goettingen2017"]["value"], rel=REFERENCE
        )

    def test_ginis_of_quotients(self, textbook):
        case = textbook[1]["gini_spec_FK"]
        city = pd.DataFrame([case["inputs"]["e_ij"]]).rename(columns=str)
        nation = pd.Series(case["inputs"]["e_i"], index=city.columns)
        assert specialisation(city, reference=nation)["gini_quotients"].iloc[0] == pytest.approx(
            case["value"], rel=REFERENCE
        )
        case = textbook[1]["gini_conc_FK"]
        sector = pd.DataFrame({"x": case["inputs"]["e_ij"]})
        found = concentration(sector, totals=pd.Series(case["inputs"]["e_j"]))
        assert found["gini_quotients"].iloc[0] == pytest.approx(case["value"], rel=REFERENCE)

    def test_krugman_of_disjoint_economies_is_two(self):
        city = pd.DataFrame([[20.0, 10, 70, 0, 0]], columns=list("abcde"))
        other = pd.Series([0.0, 0, 0, 60, 40], index=list("abcde"))
        row = specialisation(city, reference=other).iloc[0]
        assert row["krugman"] == pytest.approx(2)
        assert row["hoover"] == pytest.approx(1)
        assert row["gini"] == pytest.approx(1)

    def test_herfindahl(self, textbook):
        for key in ("herf_sales", "herf_gdp"):
            case = textbook[1][key]
            table = pd.DataFrame([case["inputs"]["x"]]).rename(columns=str)
            row = specialisation(table).iloc[0]
            assert row["herfindahl"] == pytest.approx(case["value"], rel=REFERENCE)
        row = specialisation(pd.DataFrame([[20.0, 50, 20, 10]]).rename(columns=str)).iloc[0]
        assert row["herfindahl_normalised"] == pytest.approx(0.12)
        assert row["equivalent_number"] == pytest.approx(1 / 0.34)

    def test_tables_of_the_german_lander(self, lander, textbook):
        for key, measure in (("spec_table", specialisation), ("conc_table", concentration)):
            wanted = textbook[1][key]["value"]
            wanted = pd.DataFrame(wanted["matrix"], index=wanted["rows"], columns=list("HGK"))
            found = measure(lander).loc[wanted.index]
            assert found["hoover"].to_numpy() == pytest.approx(
                wanted["H"].to_numpy(), rel=REFERENCE
            )
            assert found["gini_quotients"].to_numpy() == pytest.approx(
                wanted["G"].to_numpy(), rel=REFERENCE
            )
            found = measure(lander, benchmark="mean of others").loc[wanted.index]
            assert found["krugman"].to_numpy() == pytest.approx(
                wanted["K"].to_numpy(), rel=REFERENCE
            )

    def test_weighted_gini(self, textbook):
        case = textbook[1]["gini_income_weighted"]
        x, w = (np.array(case["inputs"][key], float) for key in ("x", "weights"))
        assert lorenz_gini(x * w, w) == pytest.approx(case["value"], rel=REFERENCE)
        for key in ("gini_sales", "gini_gdp"):
            x = np.array(textbook[1][key]["inputs"]["x"], float)
            assert lorenz_gini(x, np.ones(len(x))) == pytest.approx(
                textbook[1][key]["value"], rel=REFERENCE
            )


@st.composite
def tables(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(2, 6)), draw(st.integers(2, 6)))
    values = rng.integers(0, 50, size=shape) + 1.0 * (rng.random(shape) < 0.7)
    values[:, 0] += 1
    values[0] += 1
    return pd.DataFrame(values).rename(columns=str)


class TestLaws:
    @given(tables())
    def test_quotients_average_to_one(self, table):
        quotients = location_quotients(table)
        weight = table.sum(axis=1) / table.to_numpy().sum()
        assert quotients.mul(weight, axis=0).sum().to_numpy() == pytest.approx(1.0)
        assert location_quotients(table, symmetric=True).abs().le(1).all().all()

    @given(tables(), st.floats(0.01, 100))
    def test_scale_order_and_ranges(self, table, scale):
        found = specialisation(table)
        again = specialisation((table * scale).iloc[::-1]).loc[table.index]
        pd.testing.assert_frame_equal(found, again, rtol=1e-9, atol=1e-9)
        assert found["krugman"].between(-EXACT, 2 + EXACT).all()
        assert found[["gini", "hachman", "gini_quotients"]].ge(-EXACT).all().all()
        assert found[["gini", "hachman", "gini_quotients"]].le(1 + EXACT).all().all()
        assert (found["gini"] >= found["hoover"] - 1e-9).all()

    @given(tables())
    def test_mirror_city_is_not_specialised(self, table):
        table.iloc[0] = table.iloc[1:].sum()
        row = specialisation(table).iloc[0]
        assert row["krugman"] == pytest.approx(0, abs=1e-9)
        assert row["gini"] == pytest.approx(0, abs=1e-9)
        assert row["hachman"] == pytest.approx(1)

    def test_years_do_not_mix(self):
        index = pd.MultiIndex.from_product([["A", "B"], [1, 2]], names=["city", "year"])
        table = pd.DataFrame({"x": [1.0, 5, 3, 5], "y": [3.0, 5, 1, 15]}, index=index)
        for measure in (location_quotients, specialisation):
            both = measure(table)
            one = measure(table.xs(2, level="year"))
            pd.testing.assert_frame_equal(both.xs(2, level="year"), one)
        pd.testing.assert_frame_equal(
            concentration(table).xs(2, level="year"), concentration(table.xs(2, level="year"))
        )


class TestBadInput:
    def test_empty_city_and_empty_sector_are_missing(self):
        table = pd.DataFrame({"x": [1.0, 0], "y": [2.0, 0], "z": 0.0}, index=["full", "empty"])
        quotients = location_quotients(table)
        assert quotients.loc["empty"].isna().all()
        assert quotients["z"].isna().all()
        assert specialisation(table).loc["empty"].isna().all()
        assert specialisation(table).loc["full", "herfindahl"] == pytest.approx(5 / 9)
        assert concentration(table).loc["z"].isna().all()

    def test_refused(self):
        table = pd.DataFrame({"x": [1.0, -1], "y": [2.0, 3]}, index=["a", "b"])
        with pytest.raises(PanelError, match="'b'"):
            location_quotients(table)
        with pytest.raises(PanelError, match="'x'"):
            location_quotients(table.mask(table < 0))
        with pytest.raises(PanelError, match="no employment"):
            location_quotients(table * 0)
        with pytest.raises(PanelError, match="no numbers"):
            location_quotients(table.assign(name="city"))
        with pytest.raises(PanelError, match="'y'"):
            location_quotients(table.abs(), reference=pd.Series({"x": 1.0}))
        with pytest.raises(ConfigError, match="benchmark"):
            specialisation(
                table.abs(), reference=pd.Series({"x": 1.0, "y": 1.0}), benchmark="others"
            )
        with pytest.raises(ConfigError, match="mean of others"):
            specialisation(table.abs(), benchmark="other")


def test_chinese_cities_are_plausible(shared_folder):
    path = shared_folder / "data" / "china" / "cn_city_panel_2005_2016.csv"
    if not path.is_file():
        pytest.skip("no Chinese city panel")
    rows = pd.read_csv(path).rename(columns={"name_cn": "city"}).set_index(["city", "year"])
    sectors = rows.loc[:, "emp_agri":"emp_public"].drop(columns=["emp_agri"])
    sectors = sectors.dropna()
    sectors = sectors[(sectors >= 0).all(axis=1)]
    quotients = location_quotients(sectors).xs(2016, level="year")
    # Software in the capital, coal in Datong, factories in Dongguan.
    assert quotients.loc["北京市", "emp_ict"] > 2
    assert quotients["emp_ict"].nlargest(15).index.isin(["北京市"]).any()
    assert quotients.loc["大同市", "emp_mining"] > 5
    assert quotients.loc["东莞市", "emp_manuf"] > 1.5
    measures = specialisation(sectors).xs(2016, level="year")
    assert measures["krugman"].median() == pytest.approx(0.5, abs=0.25)
    sector = concentration(sectors).xs(2016, level="year")["gini"]
    # Public services follow people; mines and software do not.
    assert sector["emp_edu"] < sector["emp_ict"] < sector["emp_mining"]
    assert sector["emp_edu"] < 0.35
