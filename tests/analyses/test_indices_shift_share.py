"""Shift-share resilience against REAT, its identities, the one-rate measure and bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses.indices.resilience import resilience
from analyses.indices.resilience_inputs import Shock
from analyses.indices.shift_share import shift_share_resilience
from spatial.errors import ConfigError, PanelError

EXACT = 1e-9  # sums of a few dozen doubles
PUBLISHED = 1e-9  # stated by the reference
SHOCK = Shock("s", resistance=(2007, 2009), recovery=(2009, 2012))


def panel(values):
    cities, years, sectors = values.shape
    index = pd.MultiIndex.from_product(
        [[f"c{i}" for i in range(cities)], [2007, 2009, 2012][:years]], names=["city", "year"]
    )
    return pd.DataFrame(
        values.reshape(-1, sectors), index=index, columns=[f"s{k}" for k in range(sectors)]
    )


tables = arrays(np.float64, (4, 3, 3), elements=st.floats(1.0, 1000.0))


class TestLaws:
    @given(tables)
    def test_parts_add_up(self, values):
        table = shift_share_resilience(panel(values), shocks=[SHOCK]).table
        parts = table["national"] + table["structural"] + table["competitive"]
        scale = table["base"].max() + table["change"].abs().max()
        assert (parts - table["change"]).abs().max() < EXACT * scale

    @given(tables)
    def test_competitive_parts_cancel_in_the_nation(self, values):
        table = shift_share_resilience(panel(values), shocks=[SHOCK]).table
        of_phase = table.groupby(level="phase")
        assert (of_phase["competitive"].sum().abs() < EXACT * table["base"].sum()).all()
        assert (of_phase["structural"].sum().abs() < EXACT * table["base"].sum()).all()

    @given(tables)
    def test_one_rate_is_the_plain_measure(self, values):
        jobs = panel(values)
        found = shift_share_resilience(jobs, shocks=[SHOCK]).table.xs("s", level="shock")
        plain = resilience(jobs.sum(axis=1).to_frame("jobs"), "jobs", shocks=[SHOCK]).of("s")
        for kind in ("resistance", "recovery"):
            a, b = found.loc[kind, "resilience"], plain[kind].loc[found.loc[kind].index]
            assert a.isna().equals(b.isna())
            assert a.to_numpy() == pytest.approx(b.to_numpy(), rel=1e-6, abs=1e-6, nan_ok=True)

    @given(tables, st.permutations(range(12)))
    def test_rows_in_any_order(self, values, order):
        jobs = panel(values)
        straight = shift_share_resilience(jobs, shocks=[SHOCK]).table
        shuffled = shift_share_resilience(jobs.iloc[list(order)], shocks=[SHOCK]).table
        pd.testing.assert_frame_equal(
            straight, shuffled.reindex(straight.index), rtol=1e-6, atol=1e-6
        )


def test_reat_parts(shared_folder):
    # shift() of REAT 3.0.3 for the three regions of a textbook nation (Farhauer & Kroell).
    folder = shared_folder / "reference" / "12_regional_indices_REAT"
    expected = json.loads((folder / "expected.json").read_text())
    cases = {name: expected[f"shift_share_region_{name}_FK"] for name in "ABC"}
    # The first phase is the textbook's; the second only has to exist.
    rows = {
        (name, year): case["inputs"]["region_t" if year == 2007 else "region_t1"]
        for name, case in cases.items()
        for year in (2007, 2009, 2012)
    }
    index = pd.MultiIndex.from_tuples(rows, names=["city", "year"])
    jobs = pd.DataFrame(list(rows.values()), index=index, columns=list("wxyz"), dtype=float)
    table = shift_share_resilience(jobs, shocks=[SHOCK]).table.xs("s", level="shock")
    for name, case in cases.items():
        row = table.xs(("resistance", name)).squeeze()
        found = [row[c] for c in ("change", "national", "structural", "competitive")]
        # REAT leaves rounding errors of 1e-13 where the part is zero.
        assert found == pytest.approx(case["value"]["value"][:4], rel=PUBLISHED, abs=PUBLISHED)


def test_small_denominators_are_flagged():
    jobs = panel(np.array([[[50, 50], [40, 61], [40, 70]], [[50, 50], [40, 59], [40, 70]]], float))
    # The nation stands still in resistance: 200 to 200 jobs.
    table = shift_share_resilience(jobs, shocks=[SHOCK]).table.xs("s", level="shock")
    down = table.loc["resistance"]
    assert down["resilience"].isna().all()
    assert down["flag"].str.contains("nation_flat_in_resistance").all()
    # The raw parts stay.
    assert down["competitive"].to_list() == pytest.approx([1.0, -1.0])


def test_mix_that_stands_still():
    values = np.array([[[60, 40], [54, 46], [60, 50]], [[40, 160], [36, 184], [40, 200]]], float)
    table = shift_share_resilience(panel(values), shocks=[SHOCK]).table
    row = table.xs(("s", "resistance", "c0")).squeeze()
    # -10 % of 60 and +15 % of 40 cancel.
    assert np.isnan(row["resilience_mix"])
    assert row["flag"] == "nation_grows_in_resistance; mix_flat_in_resistance"


def test_sector_without_jobs_anywhere():
    values = np.array([[[60, 0], [50, 2], [60, 3]], [[40, 0], [36, 0], [40, 0]]], float)
    result = shift_share_resilience(panel(values), shocks=[SHOCK])
    assert np.isnan(result.sectors.loc[("s", "resistance", "s1"), "growth"])
    row = result.table.loc[[("s", "resistance", "c0")]].iloc[0]
    assert row["national"] + row["structural"] + row["competitive"] == pytest.approx(row["change"])


class TestBadInput:
    def test_city_without_jobs(self):
        values = np.ones((2, 3, 2))
        values[1, 0] = 0
        with pytest.raises(PanelError, match="'c1' have no employment in 2007"):
            shift_share_resilience(panel(values), shocks=[SHOCK])

    def test_phase_outside_the_years(self):
        late = Shock("late", resistance=(2007, 2009), recovery=(2009, 2020))
        with pytest.raises(PanelError, match="outside the panel"):
            shift_share_resilience(panel(np.ones((2, 3, 2))), shocks=[late])

    def test_missing_row(self):
        with pytest.raises(PanelError, match="'c1' have no row in 2009"):
            shift_share_resilience(
                panel(np.ones((2, 3, 2))).drop(index=("c1", 2009)), shocks=[SHOCK]
            )

    def test_negative(self):
        values = np.ones((2, 3, 2))
        values[0, 0, 0] = -1
        with pytest.raises(PanelError, match="negative"):
            shift_share_resilience(panel(values), shocks=[SHOCK])

    def test_no_such_phase(self):
        result = shift_share_resilience(panel(np.ones((2, 3, 2))), shocks=[SHOCK])
        assert list(result.of("s", "recovery").index) == ["c0", "c1"]
        with pytest.raises(ConfigError, match="No phase 'fall' of a shock 's'"):
            result.of("s", "fall")

    def test_tolerance(self):
        with pytest.raises(ConfigError, match="tolerance"):
            shift_share_resilience(panel(np.ones((2, 3, 2))), shocks=[SHOCK], tolerance=2)
