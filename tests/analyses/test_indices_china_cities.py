"""Agglomeration and resilience of Chinese cities: findings that any specialist expects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyses.indices import (
    Shock,
    collaborative_agglomeration,
    externalities,
    location_quotients,
    pairwise_coagglomeration,
    relatedness,
    resilience,
    shift_share_resilience,
    yearly_resilience,
)

ROUNDING = 1e-6
SHOCKS = [
    Shock("2008", resistance=(2007, 2009), recovery=(2009, 2012)),
    # 2013 widened the statistical scope, so the second slowdown is measured after it.
    Shock("2014", resistance=(2013, 2015), recovery=(2015, 2016)),
]


@pytest.fixture
def china(shared_folder):
    rows = pd.read_csv(
        shared_folder / "data" / "china" / "cn_city_panel_2005_2016.csv", dtype={"code": str}
    )
    rows = rows.rename(columns={"code": "city"}).set_index(["city", "year"]).sort_index()
    sectors = [c for c in rows if c.startswith("emp_") and c not in ("emp_total", "emp_private")]
    whole = rows[sectors].notna().all(axis=1).groupby(level="city").sum() == 12
    return rows[rows.index.get_level_values("city").isin(whole.index[whole])], sectors


@pytest.fixture
def groups(china):
    return china[0].xs(2007, level="year")[["region", "rank", "name_en"]]


def test_information_technology_gathers_in_the_leading_cities(china, groups):
    rows, sectors = china
    quotient = location_quotients(rows[sectors])["emp_ict"]
    latest = quotient.xs(2016, level="year")
    # Beijing is the capital of software; the rest of the list are the known software cities.
    assert groups.loc[latest.idxmax(), "name_en"] == "Beijing"
    assert latest.max() > 3
    leading = set(groups.loc[latest.nlargest(10).index, "name_en"])
    assert len(leading & {"Nanjing", "Hangzhou", "Shenzhen", "Shanghai", "Dalian", "Xi'an"}) >= 5
    by_rank = latest.groupby(groups["rank"]).median()
    assert by_rank["sub-provincial"] > 2 * by_rank["prefecture-level"]
    # Telephone exchanges were everywhere in 2008; software is not.
    spread = quotient.groupby(level="year").median()
    assert spread[2016] < spread[2008]


def test_information_technology_goes_with_business_services_not_with_factories(china):
    rows, sectors = china
    near = relatedness(rows[sectors].xs(2016, level="year"))["emp_ict"]
    services = ["emp_leasebiz", "emp_sciserv", "emp_realest"]
    assert near[services].min() > near["emp_manuf"]
    pairs = pairwise_coagglomeration(rows[sectors].xs(2012, level="year"))["emp_ict"]
    assert pairs.nlargest(3).index.isin(services).all()
    assert pairs["emp_manuf"] < 0


def test_manufacturing_and_information_technology_together_in_the_east(china, groups):
    rows, sectors = china
    found = collaborative_agglomeration(rows[sectors], "emp_ict", "emp_manuf")
    median = found.xs(2012, level="year").groupby(groups["region"]).median()
    assert median["collaborative_agglomeration"].idxmax() == "East"
    assert median["second_quotient"].idxmax() == "East"


def test_resilience_by_region_rank_and_shock(china, groups):
    rows, sectors = china
    result = shift_share_resilience(rows[sectors], shocks=SHOCKS)
    plain = resilience(rows[sectors].sum(axis=1).to_frame("jobs"), "jobs", shocks=SHOCKS)
    # Employment of units grew through 2008, so every city carries the flag.
    flags = result.of("2008", "resistance")["flag"]
    assert flags.str.contains("nation_grows_in_resistance").all()
    for shock in ("2008", "2014"):
        down = result.of(shock, "resistance")
        own = plain.of(shock)["resistance"].reindex(down.index)
        assert down["resilience"].to_numpy() == pytest.approx(own.to_numpy(), rel=ROUNDING)
        # The old industrial Northeast is the weakest region in both, for reasons of its own and
        # not for its mix of sectors.
        median = down.groupby(groups["region"])["resilience_competitive"].median()
        assert median.idxmin() == "Northeast"
    first = result.of("2008", "resistance").groupby(groups["rank"])["resilience"].median()
    assert first["sub-provincial"] > first["prefecture-level"]


def test_years_and_externalities(china):
    rows, sectors = china
    jobs = rows[sectors].sum(axis=1).to_frame("jobs")
    table = yearly_resilience(jobs, "jobs")
    assert (table["flag"].xs(2005, level="year") == "no_previous_year").all()
    # The wider scope of 2013 is the largest jump of the nation, so its ratios are the smallest.
    nation = table["growth_nation"].groupby(level="year").median()
    assert nation.idxmax() == 2013
    found = externalities(rows[sectors]).xs(2016, level="year")
    assert np.isfinite(found[["mar", "jacobs"]].to_numpy()).all()
    # Mining towns are the most specialised places.
    assert (found.nlargest(20, "mar")["mar_sector"].isin(["emp_mining", "emp_agri"])).mean() > 0.6
