"""Resistance and recovery of US states in two recessions; filters of the business cycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analyses.indices.cycles import (
    baxter_king_filter,
    hamilton_filter,
    hodrick_prescott_filter,
)
from analyses.indices.resilience import Shock, resilience
from conformance_cases.comparison import (
    Case,
    Comparison,
    Tolerance,
    count_numbers,
    expected_numbers,
)

COLUMNS = {
    "sensitivity_index_martin2012": "sensitivity_resistance",
    "resistance_MSGT2016": "resistance",
    "lagravinese2015_resistance": "resistance",
    "recoverability_MSGT2016": "recovery",
}
NATION = "National rates of change"
STATES = "Sensitivity, resistance and recovery of each state"

TREND = "Hodrick-Prescott filter: trends under three smoothings"
CYCLES = "Baxter-King and Hamilton filters: cycles of US output, 100 times its logarithm"

# Stated 1e-10; indices near zero are differences of numbers near one, and cycles of numbers near
# 800, so both are measured by the difference.
TOLERANCES: dict[str, float | Tolerance] = {
    NATION: 1e-10,
    STATES: Tolerance(1e-10, absolute=True),
    TREND: 1e-10,
    CYCLES: Tolerance(1e-8, absolute=True),
}


def case(reference: Path) -> Case:
    """Compare the indices of resilience."""
    folder = reference / "17_cycle_filters_resilience"
    expected = expected_numbers(folder)
    panel = read_employment(folder / "state_employment_1970_1986.csv")
    found = Comparison(TOLERANCES)
    for key, wanted in expected["resilience_formula_arithmetic"].items():
        compare_recession(found, panel, key, wanted)
    output = pd.read_csv(folder / "usmacro_gdp.csv").set_index("t")["y100log"]
    compare_filters(found, output, expected)
    return Case(
        title="Resilience of US states, 1974-75 and 1981-82; business cycles",
        sources=(
            "Martin, R. (2012). Regional economic resilience, hysteresis and recessionary shocks. "
            "Journal of Economic Geography 12(1), 1-32. https://doi.org/10.1093/jeg/lbr019",
            "Martin, R., Sunley, P., Gardiner, B. and Tyler, P. (2016). How regions react to "
            "recessions: resilience and the role of economic structure. Regional Studies 50(4), "
            "561-585. https://doi.org/10.1080/00343404.2015.1136410",
            "Lagravinese, R. (2015). Economic crisis and rising gaps North-South: evidence from "
            "the Italian regions. Cambridge Journal of Regions, Economy and Society 8(2), "
            "331-342. https://doi.org/10.1093/cjres/rsv006",
            "Employment: Munnell, A. H. (1990). Why has productivity growth declined? "
            "Productivity and public investment. New England Economic Review, January, 3-22.",
        ),
        programs="arithmetic in R from the printed formulas of resilience (no published table); R "
        "mFilter and lm for the filters",
        groups=found.groups(),
        not_compared=(
            f"The Christiano-Fitzgerald filter ({count_numbers(expected['cf_6_32_root_drift'])} "
            "numbers) and the coefficients of Hamilton's regression: nothing is compared here.",
        ),
        numbers=count_numbers(expected),
    )


def read_employment(path: Path) -> pd.DataFrame:
    """Return employment by state and year."""
    wide = pd.read_csv(path, index_col=0).rename(columns=int).rename_axis("city")
    long = wide.reset_index().melt("city", var_name="year", value_name="jobs")
    return long.set_index(["city", "year"])


def compare_recession(found: Comparison, panel: pd.DataFrame, key: str, wanted: Any) -> None:
    """Compare one recession, whose peak, trough and next peak are its key."""
    peak, trough, end = (int(year) for year in key.split("_"))
    shock = Shock("shock", resistance=(peak, trough), recovery=(trough, end))
    ours = resilience(panel, "jobs", shocks=[shock])
    found.add(
        NATION,
        ours.national["growth"],
        [wanted["national_change_shock"], wanted["national_change_recovery"]],
    )
    table = ours.of("shock")
    for theirs, column in COLUMNS.items():
        found.add_labelled(STATES, table[column], wanted[theirs])


def compare_filters(found: Comparison, output: pd.Series, expected: Any) -> None:
    """Compare trends and cycles; the first and last years of a cycle are missing on both sides."""
    start = "hp_lambda_"
    for key in (key for key in expected if key.startswith(start)):
        smoothing = float(key.removeprefix(start))
        ours = hodrick_prescott_filter(output, smoothing=smoothing)
        found.add(TREND, ours["trend"], expected[key]["trend"])
    wanted = pd.Series(expected["bk_6_32_K12"]["cycle"], output.index, dtype=float)
    band = baxter_king_filter(output, low=6, high=32, leads=12)["cycle"]
    known = wanted.notna() | band.notna()
    found.add(CYCLES, band[known], wanted[known])
    hamilton = hamilton_filter(output, horizon=8, lags=4)["cycle"].dropna()
    theirs = expected["hamilton_h8_p4"]
    found.add(CYCLES, hamilton, theirs["cycle"])
    found.add(CYCLES, hamilton.iloc[: len(theirs["resid_first5"])], theirs["resid_first5"])
    found.add(CYCLES, hamilton.index[0], theirs["first_index"])
