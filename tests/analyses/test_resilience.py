"""Resilience against worked values, published arithmetic, laws, and bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.resilience import TYPOLOGY, Shock, resilience
from spatial.errors import ConfigError, PanelError

EXACT = 1e-12  # a handful of floating-point operations on numbers of order one
REFERENCE = 1e-10  # stated by the reference: growth rates near zero lose digits in differences
SHOCK = Shock("crisis", resistance=(2007, 2009), recovery=(2009, 2011))


def make_panel(levels: dict[str, list[float]], years=(2007, 2009, 2011), column="jobs"):
    rows = [
        (city, year, value)
        for city, values in levels.items()
        for year, value in zip(years, values, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["city", "year", column]).set_index(["city", "year"])
    return frame.astype(float)


@pytest.fixture
def two_cities():
    # The nation: 200 -> 190 -> 196, that is -5 % and +3.157895 %.
    return make_panel({"B": [100, 97, 99], "A": [100, 93, 97]})


class TestWorkedValues:
    def test_martin_nation_minus_5_city_minus_3(self, two_cities):
        row = resilience(two_cities, "jobs", shocks=[SHOCK]).of("crisis").loc["B"]
        assert row["resistance"] == pytest.approx(0.4, abs=EXACT)
        assert row["sensitivity_resistance"] == pytest.approx(0.6, abs=EXACT)
        assert row["resistance_gap"] == pytest.approx(2.0, abs=1e-10)
        # Growth -3 % and -7 %: standard deviation 0.04 / sqrt(2).
        assert row["resistance_robust"] == pytest.approx(0.02 / (0.04 / np.sqrt(2)), abs=1e-10)
        # Recovery: (99/97 - 1) against 196/190 - 1.
        city, nation = 2 / 97, 6 / 190
        assert row["recovery"] == pytest.approx((city - nation) / nation, abs=EXACT)
        assert row["sensitivity_recovery"] == pytest.approx(city / nation, abs=EXACT)

    def test_levels_and_nation_are_reported(self, two_cities):
        result = resilience(two_cities, "jobs", shocks=[SHOCK])
        nation = result.national.loc[("crisis", "resistance")]
        assert nation["start_value"] == 200
        assert nation["end_value"] == 190
        assert nation["growth"] == pytest.approx(-0.05, abs=EXACT)
        assert (nation["start_year"], nation["end_year"]) == (2007, 2009)
        row = result.table.loc[("crisis", "A")]
        assert row[["resistance_start", "resistance_end", "recovery_end"]].tolist() == [100, 93, 97]

    def test_typology_has_four_ways(self):
        # Nation 400 -> 380 (-5 %) -> 399 (+5 %).
        panel = make_panel(
            {
                "rr": [100, 97, 104],
                "rs": [100, 98, 99],
                "nr": [100, 92, 100],
                "ns": [100, 93, 96],
            }
        )
        table = resilience(panel, "jobs", shocks=[SHOCK]).of("crisis")
        assert table["typology"].tolist() == list(TYPOLOGY)

    def test_median_typology_splits_the_cities_in_halves(self):
        panel = make_panel({f"c{i}": [100, 90 + i, 120 + 3 * i] for i in range(6)})
        table = resilience(panel, "jobs", shocks=[SHOCK], typology="median").of("crisis")
        assert table["typology"].str.startswith("resistant").sum() == 3
        assert table["typology"].str.endswith("recovering").sum() == 3

    @pytest.mark.parametrize(
        ("national", "by", "expected"),
        [
            ("sum", None, 50 / 30 - 1),
            ("mean", None, 25 / 15 - 1),
            # Levels are rebuilt with the weights of each year; growth rates are not averaged.
            ("weighted mean", "people", (10 * 3 + 40 * 1) / 4 / 15 - 1),
        ],
    )
    def test_national_level_is_rebuilt(self, national, by, expected):
        panel = make_panel({"A": [10, 10, 11], "B": [20, 40, 41]}, column="income")
        panel["people"] = [1, 3, 3, 1, 1, 1]
        result = resilience(panel, "income", shocks=[SHOCK], national=national, by=by)
        growth = result.national.loc[("crisis", "resistance"), "growth"]
        assert growth == pytest.approx(expected, abs=EXACT)


class TestReference:
    @pytest.mark.parametrize(
        ("key", "shock"),
        [
            ("1974_1975_1979", Shock("s", (1974, 1975), (1975, 1979))),
            ("1981_1982_1986", Shock("s", (1981, 1982), (1982, 1986))),
        ],
    )
    def test_us_states_employment(self, shared_folder, key, shock):
        folder = shared_folder / "reference" / "17_cycle_filters_resilience"
        wide = pd.read_csv(folder / "state_employment_1970_1986.csv", index_col=0)
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))[
            "resilience_formula_arithmetic"
        ][key]
        long = wide.rename(columns=int).rename_axis("city").reset_index()
        panel = long.melt("city", var_name="year", value_name="jobs").set_index(["city", "year"])
        result = resilience(panel, "jobs", shocks=[shock])
        table = result.of("s")
        nation = result.national["growth"].to_numpy()
        assert nation == pytest.approx(
            [expected["national_change_shock"], expected["national_change_recovery"]],
            rel=REFERENCE,
        )
        for column, name in [
            ("sensitivity_resistance", "sensitivity_index_martin2012"),
            ("resistance", "resistance_MSGT2016"),
            ("resistance", "lagravinese2015_resistance"),
            ("recovery", "recoverability_MSGT2016"),
        ]:
            wanted = pd.Series(expected[name])
            assert len(wanted) == 48
            got = table[column].reindex(wanted.index)
            np.testing.assert_allclose(got, wanted, rtol=REFERENCE, atol=1e-11)


levels = st.lists(
    st.tuples(*[st.floats(min_value=50, max_value=200)] * 3), min_size=2, max_size=12
).map(lambda rows: make_panel({f"c{i}": list(row) for i, row in enumerate(rows)}))


class TestLaws:
    @given(panel=levels)
    def test_ratio_is_the_gap_over_the_national_rate(self, panel):
        result = resilience(panel, "jobs", shocks=[SHOCK])
        table = result.of("crisis")
        for kind in ("resistance", "recovery"):
            nation = result.national.loc[("crisis", kind), "growth"]
            if abs(nation) < 0.001:
                assert table[kind].isna().all()
                continue
            rebuilt = table[f"{kind}_growth"] * table[f"{kind}_start"]
            expected = nation * table[f"{kind}_start"]
            np.testing.assert_allclose(
                table[kind], (rebuilt - expected) / expected.abs(), rtol=1e-9, atol=1e-9
            )
            sign = np.sign(nation)
            np.testing.assert_allclose(
                table[kind], sign * (table[f"sensitivity_{kind}"] - 1), rtol=1e-9, atol=1e-9
            )

    @given(panel=levels)
    def test_national_sum_is_the_base_weighted_mean_of_city_growth(self, panel):
        result = resilience(panel, "jobs", shocks=[SHOCK])
        table = result.of("crisis")
        gap = (table["resistance_gap"] * table["resistance_start"]).sum()
        assert gap == pytest.approx(0, abs=1e-8 * table["resistance_start"].sum())

    @given(panel=levels, factor=st.floats(min_value=0.01, max_value=1000))
    def test_unit_of_the_outcome_does_not_matter(self, panel, factor):
        first = resilience(panel, "jobs", shocks=[SHOCK], tolerance=0).of("crisis")
        second = resilience(panel * factor, "jobs", shocks=[SHOCK], tolerance=0).of("crisis")
        for column in ("resistance_gap", "recovery_gap"):
            np.testing.assert_allclose(first[column], second[column], atol=1e-9)

    @given(panel=levels, seed=st.integers(min_value=0, max_value=99))
    def test_order_of_rows_does_not_matter(self, panel, seed):
        shuffled = panel.sample(frac=1, random_state=seed)
        before = shuffled.copy(deep=True)
        got = resilience(shuffled, "jobs", shocks=[SHOCK])
        want = resilience(panel, "jobs", shocks=[SHOCK])
        pd.testing.assert_frame_equal(shuffled, before)
        pd.testing.assert_frame_equal(got.national, want.national, check_exact=True)
        robust = ["resistance_robust", "recovery_robust"]
        pd.testing.assert_frame_equal(
            got.table.drop(columns=robust).reindex(want.table.index),
            want.table.drop(columns=robust),
            check_exact=True,
        )

    def test_cities_come_back_in_the_order_of_the_caller(self, two_cities):
        table = resilience(two_cities, "jobs", shocks=[SHOCK]).table
        assert table.index.tolist() == [("crisis", "B"), ("crisis", "A")]

    def test_levels_of_the_index_may_come_in_either_order(self, two_cities):
        swapped = two_cities.swaplevel().sort_index()
        got = resilience(swapped, "jobs", shocks=[SHOCK]).of("crisis").loc[["B", "A"]]
        pd.testing.assert_frame_equal(
            got, resilience(two_cities, "jobs", shocks=[SHOCK]).of("crisis")
        )


class TestFlags:
    def test_flat_nation_gives_gap_and_robust_but_no_ratio(self):
        panel = make_panel({"A": [100, 90, 95], "B": [100, 110.05, 112]})
        table = resilience(panel, "jobs", shocks=[SHOCK]).of("crisis")
        assert table["resistance"].isna().all()
        assert table["sensitivity_resistance"].isna().all()
        assert table["resistance_gap"].tolist() == pytest.approx([-10.025, 10.025], abs=1e-9)
        assert table["resistance_robust"].notna().all()
        assert table["flag"].str.contains("nation_flat_in_resistance").all()
        assert table["recovery"].notna().all()

    def test_tolerance_is_the_callers(self):
        panel = make_panel({"A": [100, 90, 95], "B": [100, 110.05, 112]})
        table = resilience(panel, "jobs", shocks=[SHOCK], tolerance=1e-5).of("crisis")
        assert table["resistance"].notna().all()

    def test_exactly_zero_national_change_never_divides(self):
        panel = make_panel({"A": [100, 90, 95], "B": [100, 110, 112]})
        table = resilience(panel, "jobs", shocks=[SHOCK], tolerance=0).of("crisis")
        assert table["resistance"].isna().all()

    def test_growing_nation_in_the_downturn_is_flagged(self):
        panel = make_panel({"A": [100, 102, 101], "B": [100, 104, 101]})
        result = resilience(panel, "jobs", shocks=[SHOCK])
        assert set(result.table["flag"]) == {"nation_grows_in_resistance; nation_falls_in_recovery"}
        assert result.national["flag"].tolist() == [
            "nation_grows_in_resistance",
            "nation_falls_in_recovery",
        ]
        # "Better than the nation" keeps its sign.
        assert result.of("crisis").loc["B", "resistance"] > 0

    def test_cities_that_move_alike_have_no_robust_variant(self):
        panel = make_panel({"A": [100, 95, 100], "B": [200, 190, 200]})
        table = resilience(panel, "jobs", shocks=[SHOCK]).of("crisis")
        assert table["resistance_robust"].isna().all()
        assert (table["resistance"].abs() < EXACT).all()


class TestRefusals:
    @pytest.mark.parametrize(
        ("phases", "words"),
        [
            (((2009, 2007), (2009, 2011)), "does not run forward"),
            (((2007, 2007), (2009, 2011)), "does not run forward"),
            (((2007, 2009), (2011, 2009)), "does not run forward"),
            (((2007, 2010), (2009, 2011)), "overlap"),
            (((2007,), (2009, 2011)), "first and a last year"),
        ],
    )
    def test_phases_in_disorder(self, phases, words):
        with pytest.raises(PanelError, match=words):
            Shock("crisis", *phases)

    def test_phase_outside_the_years_names_them(self, two_cities):
        with pytest.raises(PanelError, match=r"no year 2013.*2007.*2011"):
            resilience(two_cities, "jobs", shocks=[Shock("late", (2009, 2011), (2011, 2013))])

    @pytest.mark.parametrize("base", [0.0, -5.0])
    def test_base_must_be_positive(self, two_cities, base):
        two_cities.loc[("A", 2007), "jobs"] = base
        with pytest.raises(PanelError, match=r"jobs of 2007.*zero or negative.*'A'"):
            resilience(two_cities, "jobs", shocks=[SHOCK])

    def test_negative_end_is_refused(self, two_cities):
        two_cities.loc[("A", 2011), "jobs"] = -1
        with pytest.raises(PanelError, match=r"jobs of 2011 is negative.*'A'"):
            resilience(two_cities, "jobs", shocks=[SHOCK])

    @pytest.mark.parametrize("hole", [np.nan, np.inf])
    def test_missing_values_name_the_city(self, two_cities, hole):
        two_cities.loc[("B", 2009), "jobs"] = hole
        with pytest.raises(PanelError, match=r"jobs of 2009 is missing.*1 cities: 'B'"):
            resilience(two_cities, "jobs", shocks=[SHOCK])

    def test_missing_row_names_the_city(self, two_cities):
        with pytest.raises(PanelError, match=r"2011 is missing.*'A'"):
            resilience(two_cities.drop(("A", 2011)), "jobs", shocks=[SHOCK])

    def test_missing_weight_names_the_city(self, two_cities):
        two_cities["people"] = [1.0, 1, 1, 1, np.nan, 1]
        with pytest.raises(PanelError, match=r"people of 2009.*'A'"):
            resilience(two_cities, "jobs", shocks=[SHOCK], national="weighted mean", by="people")

    def test_zero_weight_is_refused(self, two_cities):
        two_cities["people"] = [1.0, 1, 1, 1, 0, 1]
        with pytest.raises(PanelError, match=r"people of 2009.*not positive.*'A'"):
            resilience(two_cities, "jobs", shocks=[SHOCK], national="weighted mean", by="people")

    def test_values_missing_outside_the_phases_do_no_harm(self, two_cities):
        extra = make_panel({"A": [np.nan], "B": [0]}, years=(2000,))
        table = resilience(pd.concat([extra, two_cities]), "jobs", shocks=[SHOCK]).table
        assert len(table) == 2

    def test_panel_faults(self, two_cities):
        with pytest.raises(PanelError, match="'city' and 'year'"):
            resilience(two_cities.reset_index(), "jobs", shocks=[SHOCK])
        with pytest.raises(PanelError, match="nearest: 'jobs'"):
            resilience(two_cities, "job", shocks=[SHOCK])
        with pytest.raises(PanelError, match="not numbers"):
            resilience(two_cities.astype(str), "jobs", shocks=[SHOCK])
        with pytest.raises(PanelError, match=r"more than once.*'B', 2007"):
            resilience(pd.concat([two_cities, two_cities.iloc[:1]]), "jobs", shocks=[SHOCK])

    def test_shock_list_faults(self, two_cities):
        with pytest.raises(PanelError, match="No shock"):
            resilience(two_cities, "jobs", shocks=[])
        with pytest.raises(PanelError, match="share a name"):
            resilience(two_cities, "jobs", shocks=[SHOCK, SHOCK])

    @pytest.mark.parametrize(
        "options",
        [
            {"national": "total"},
            {"typology": "mean"},
            {"national": "weighted mean"},
            {"by": "jobs"},
            {"tolerance": -1},
        ],
    )
    def test_wrong_options(self, two_cities, options):
        with pytest.raises(ConfigError):
            resilience(two_cities, "jobs", shocks=[SHOCK], **options)

    def test_unknown_shock_of_a_result(self, two_cities):
        result = resilience(two_cities, "jobs", shocks=[SHOCK])
        with pytest.raises(ConfigError, match="crisis"):
            result.of("war")
        assert list(result.wide("recovery").columns) == ["crisis"]


def test_us_metros_income_per_head_fell_in_two_recessions(shared_folder):
    path = shared_folder / "data" / "us_metros" / "us_metro_income_1980_1996.csv"
    raw = pd.read_csv(path, dtype={"cbsa": str})
    panel = raw.rename(columns={"cbsa": "city"}).set_index(["city", "year"])
    result = resilience(
        panel,
        "real_pc_income",
        shocks=[
            Shock("1980-82", (1980, 1982), (1982, 1985)),
            Shock("1990-91", (1990, 1991), (1991, 1994)),
        ],
        national="weighted mean",
        by="pop",
    )
    # Described beside the data: income per head fell in 67 % and 72 % of the metros.
    falling = result.wide("resistance_growth").lt(0).mean()
    assert falling.round(2).tolist() == [0.67, 0.72]
    assert (result.national["growth"].unstack()["resistance"] < 0).all()
