"""Employment of US states in two recessions: resistance and recovery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

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

# Stated 1e-10; indices near zero are differences of numbers near one, so they are measured by
# the difference.
TOLERANCES: dict[str, float | Tolerance] = {NATION: 1e-10, STATES: Tolerance(1e-10, absolute=True)}


def case(reference: Path) -> Case:
    """Compare the indices of resilience."""
    folder = reference / "17_cycle_filters_resilience"
    expected = expected_numbers(folder)
    panel = read_employment(folder / "state_employment_1970_1986.csv")
    found = Comparison(TOLERANCES)
    for key, wanted in expected["resilience_formula_arithmetic"].items():
        compare_recession(found, panel, key, wanted)
    filters = {k: v for k, v in expected.items() if k != "resilience_formula_arithmetic"}
    return Case(
        title="Resilience of US states, 1974-75 and 1981-82",
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
        programs="arithmetic in R from the printed formulas (no published table)",
        groups=found.groups(),
        not_compared=(
            "Filters of the business cycle (Hodrick-Prescott, Baxter-King, Christiano-Fitzgerald, "
            f"Hamilton; {count_numbers(filters)} numbers): nothing is compared here yet.",
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
