"""Relatedness, its density, and externalities against brute force, laws and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses.indices.agglomeration import location_quotients
from analyses.indices.externalities import employment_density, externalities, porter_competition
from analyses.indices.relatedness import relatedness, relatedness_density
from spatial.errors import ConfigError, PanelError

EXACT = 1e-9
FORMS = ["minimum", "association", "cosine", "jaccard"]
cells = arrays(np.int64, (6, 4), elements=st.integers(0, 30)).filter(
    lambda x: (x.sum(axis=1) > 0).all() and (x.sum(axis=0) > 0).all()
)


def table(values):
    rows = [f"c{i}" for i in range(len(values))]
    return pd.DataFrame(np.asarray(values, float), index=rows, columns=list("abcd"))


def brute_force(has, form):
    n, sectors = has.shape
    found = np.full((sectors, sectors), np.nan)
    for s in range(sectors):
        for k in range(sectors):
            a, b = has[:, s].sum(), has[:, k].sum()
            both = (has[:, s] & has[:, k]).sum()
            if s == k or a == 0 or b == 0:
                continue
            found[s, k] = {
                "minimum": min(both / a, both / b),
                "association": (both / n) / ((a / n) * (b / n)),
                "cosine": both / (a * b) ** 0.5,
                "jaccard": both / (has[:, s] | has[:, k]).sum(),
            }[form]
    return found


class TestRelatedness:
    @given(cells, st.sampled_from(FORMS))
    def test_definition(self, values, form):
        jobs = table(values)
        has = (location_quotients(jobs) >= 1).to_numpy()
        found = relatedness(jobs, form=form)
        assert found.to_numpy() == pytest.approx(brute_force(has, form), abs=EXACT, nan_ok=True)

    @settings(max_examples=25)
    @given(cells, st.permutations(range(6)))
    def test_order_of_cities(self, values, order):
        jobs = table(values)
        pd.testing.assert_frame_equal(relatedness(jobs), relatedness(jobs.iloc[list(order)]))

    @settings(max_examples=25)
    @given(cells)
    def test_density(self, values):
        jobs = table(values)
        has = (location_quotients(jobs) >= 1).to_numpy()
        near = np.nan_to_num(brute_force(has, "minimum"))
        found = relatedness_density(jobs)
        for i in range(6):
            for s in range(4):
                total = near[s].sum()
                expected = 100 * (near[s] * has[i]).sum() / total if total > 0 else np.nan
                assert found.iloc[i, s] == pytest.approx(expected, abs=1e-7, nan_ok=True)

    def test_density_with_other_relatedness(self):
        jobs = table(np.array([[9, 1, 1, 1], [1, 9, 1, 1], [1, 1, 9, 9]]))
        near = pd.DataFrame(1.0, index=list("dcba"), columns=list("dcba"))
        found = relatedness_density(jobs, proximity=near)
        # City 0 is specialised in a alone, one of the three sectors that are not b.
        assert found.loc["c0", "b"] == pytest.approx(100 / 3)
        assert found.loc["c0", "a"] == 0

    def test_sector_without_employment(self):
        jobs = table(np.array([[9, 1, 1, 0], [1, 9, 1, 0], [1, 1, 9, 0]]))
        assert relatedness(jobs)["d"].isna().all()
        assert relatedness_density(jobs)["d"].isna().all()

    def test_city_without_employment(self):
        jobs = table(np.array([[9, 1, 1, 1], [0, 0, 0, 0], [1, 1, 9, 9]]))
        assert relatedness_density(jobs).loc["c1"].isna().all()

    def test_bad_input(self):
        jobs = table(np.ones((3, 4)))
        with pytest.raises(ConfigError, match="threshold"):
            relatedness(jobs, threshold=0)
        with pytest.raises(ConfigError, match="form"):
            relatedness(jobs, form="lift")
        with pytest.raises(PanelError, match="no row or column for the sectors 'd'"):
            relatedness_density(jobs, proximity=relatedness(jobs).drop(columns="d"))
        with pytest.raises(PanelError, match="one year"):
            relatedness(pd.concat({2000: jobs, 2001: jobs}, names=["year", "city"]))


class TestExternalities:
    @settings(max_examples=25)
    @given(cells)
    def test_definition(self, values):
        jobs = table(values)
        found = externalities(jobs)
        q = jobs.sum() / jobs.to_numpy().sum()
        for city, row in jobs.iterrows():
            p = row / row.sum()
            assert found.loc[city, "mar"] == pytest.approx((p / q).max())
            assert (p / q)[found.loc[city, "mar_sector"]] == pytest.approx((p / q).max())
            gap = (p - q).abs().sum()
            if gap > 1e-9:
                assert found.loc[city, "jacobs"] == pytest.approx(min(1 / gap, 100.0))
            assert found.loc[city, "jacobs_diversity"] == pytest.approx(1 - (p**2).sum())

    def test_mirror_city_is_capped(self):
        found = externalities(table(np.array([[1, 2, 3, 4], [2, 4, 6, 8]])), cap=50.0)
        assert (found["jacobs"] == 50.0).all()

    def test_named_sector_and_empty_city(self):
        jobs = table(np.array([[9, 1, 1, 0], [0, 0, 0, 0], [1, 1, 9, 0]]))
        found = externalities(jobs, sector="b")
        assert found.loc["c0", "mar"] == location_quotients(jobs).loc["c0", "b"]
        assert found.loc["c1"].isna().all()
        assert externalities(jobs).loc["c2", "mar_sector"] == "c"
        with pytest.raises(ConfigError, match="'z' is not in the table"):
            externalities(jobs, sector="z")

    def test_porter(self):
        jobs = table(np.array([[10, 20, 1, 0], [30, 20, 1, 0]]))
        firms = table(np.array([[2, 1, 1, 0], [2, 1, 1, 0]])).iloc[::-1, ::-1]
        found = porter_competition(jobs, firms)
        # City 0, sector a: 2 firms of 10 workers against 4 of 40.
        assert found.loc["c0", "a"] == pytest.approx(2.0)
        assert found.loc["c0", "b"] == pytest.approx(1.0)
        assert found["d"].isna().all()
        with pytest.raises(PanelError, match="same sectors: 'd'"):
            porter_competition(jobs, firms.drop(columns="d"))
        with pytest.raises(PanelError, match="same rows: 'c1'"):
            porter_competition(jobs, firms.drop(index="c1"))


class TestDensity:
    def test_by_city_and_year(self):
        index = pd.MultiIndex.from_product([["a", "b"], [2000, 2001]], names=["city", "year"])
        jobs = pd.DataFrame({"x": [10.0, 20, 30, 0], "y": [0.0, 0, 10, 0]}, index=index)
        area = pd.Series([4.0, 5.0], index=pd.Index(["b", "a"], name="city"))
        found = employment_density(jobs, area)
        assert found.to_list() == [2.0, 4.0, 10.0, 0.0]
        logs = employment_density(jobs, area, logarithm=True)
        assert logs.iloc[0] == pytest.approx(np.log(2))
        assert np.isnan(logs.iloc[3])

    def test_bad_area(self):
        jobs = pd.Series([1.0, 2.0], index=["a", "b"])
        with pytest.raises(PanelError, match="not positive for 'b'"):
            employment_density(jobs, pd.Series({"a": 1.0, "b": 0.0}))
        with pytest.raises(PanelError, match="not positive for 'b'"):
            employment_density(jobs, pd.Series({"a": 1.0}))
