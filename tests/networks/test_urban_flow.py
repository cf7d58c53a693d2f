"""Urban flow intensity against the formula cell by cell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import gravity_network, urban_flow
from spatial.errors import AlignmentError, PanelError


def city_jobs(seed):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{k}" for k in range(5)])
    jobs = pd.DataFrame(rng.uniform(0, 9, (5, 3)), ids, ["trade", "ict", "farms"])
    return jobs, pd.Series(rng.uniform(10, 90, 5), ids, name="output")


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 50.0))
def test_against_the_formula(seed, factor):
    jobs, output = city_jobs(seed)
    outward = ["trade", "ict"]
    found = urban_flow(jobs, output[::-1], outward=outward)
    total = jobs.to_numpy().sum()
    for city in jobs.index:
        external = 0.0
        for sector in outward:
            quotient = jobs.loc[city, sector] / jobs.loc[city].sum() / (jobs[sector].sum() / total)
            assert found.quotients.loc[city, sector] == pytest.approx(quotient)
            if quotient > 1:
                external += jobs.loc[city, sector] * (1 - 1 / quotient)
        row = found.table.loc[city]
        assert row["external"] == pytest.approx(external, abs=1e-9)
        expected = output[city] / jobs.loc[city].sum() * external
        assert row["intensity"] == pytest.approx(expected, abs=1e-9)
        assert row["tendency"] == pytest.approx(expected / output[city], abs=1e-9)
    scaled = urban_flow(jobs * factor, output, outward=outward)
    np.testing.assert_allclose(scaled.table["intensity"], found.table["intensity"], atol=1e-9)


def test_a_city_without_jobs_and_bad_input():
    jobs, output = city_jobs(1)
    jobs.loc["c2"] = 0.0
    found = urban_flow(jobs, output)
    assert found.table.loc["c2", "intensity"] == 0.0
    assert np.isnan(found.table.loc["c2", "efficiency"])
    with pytest.raises(AlignmentError, match="'mines'; it has 'trade'"):
        urban_flow(jobs, output, outward=["mines"])
    with pytest.raises(PanelError, match="employment in 'ict': 1 values"):
        urban_flow(jobs.assign(ict=[-1.0, 1, 1, 1, 1]), output)
    with pytest.raises(AlignmentError, match="output"):
        urban_flow(jobs, output.iloc[:3])
    with pytest.raises(PanelError, match="Nobody is employed"):
        urban_flow(jobs * 0.0, output)


def test_urban_flow_of_chinese_cities(shared_folder):
    folder = shared_folder / "data" / "china"
    panel = pd.read_csv(folder / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    cities = panel[panel["year"] == 2012].set_index("code")
    cities = cities.rename(columns={"lon": "longitude", "lat": "latitude"})
    sectors = [name for name in cities if name.startswith("emp_")]
    sectors = [name for name in sectors if name not in ("emp_total", "emp_private")]
    jobs = cities[sectors].dropna()
    gdp = pd.read_csv(folder / "cn_city_gdp_3sector_2000_2023.csv", dtype={"code": str})
    gdp = gdp[gdp["year"] == 2012].set_index("code")
    column = next(name for name in gdp.columns if name.startswith("gdp"))
    ids = jobs.index.intersection(gdp.index)
    outward = ["emp_ict", "emp_finance", "emp_leasebiz", "emp_sciserv", "emp_transport"]
    found = urban_flow(jobs.loc[ids], gdp.loc[ids, column], outward=outward)
    assert found.table["intensity"].idxmax() == "110000"  # Beijing serves the country
    network = gravity_network(cities.loc[ids], found.table["intensity"])
    assert network.n == len(ids)
