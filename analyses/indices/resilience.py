"""Resilience of cities in dated shocks: sensitivity, resistance, recovery and the typology."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from analyses.indices.resilience_inputs import (
    PhaseLevels,
    Shock,
    checked_panel,
    checked_shocks,
    phase_levels,
)
from spatial.errors import ConfigError, listed
from spatial.options import NationalAggregate, TypologyCut, checked_option
from spatial.results import Configuration, Result

__all__ = ["TYPOLOGY", "ResilienceResult", "Shock", "resilience"]

TYPOLOGY = (
    "resistant_recovering",
    "resistant_slow",
    "nonresistant_recovering",
    "nonresistant_slow",
)
"""Codes of the four-way typology; their wordings are the labels ``typology_<code>``."""

DEFAULT_TOLERANCE = 0.001
"""A national change below 0.1 % of the base makes every ratio to it explode."""


@dataclass(frozen=True, kw_only=True)
class ResilienceResult(Result):
    """Resilience of every city in every shock.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``(shock, city)``, shocks in the order given, cities in the order of the panel.
        Rates are shares (0.01 is one per cent), gaps are percentage points:

        - ``resistance_start``, ``resistance_end``, ``recovery_start``, ``recovery_end``: values of
          the outcome at the ends of the phases;
        - ``resistance_growth``, ``recovery_growth`` and ``..._growth_nation``: growth rates;
        - ``resistance``, ``recovery``: Martin et al. (2016), NaN where the nation hardly moves;
        - ``sensitivity_resistance``, ``sensitivity_recovery``: Martin (2012), NaN likewise;
        - ``resistance_gap``, ``recovery_gap``: city minus nation, percentage points;
        - ``resistance_robust``, ``recovery_robust``: the gap over the standard deviation of the
          growth of cities;
        - ``typology``: one of ``TYPOLOGY``;
        - ``flag``: codes of what to beware of, joined by ``"; "``, empty when nothing; their
          wordings are the labels ``flag_<code>``.
    national : pandas.DataFrame
        Index ``(shock, phase)`` with ``start_year``, ``end_year``, ``start_value``, ``end_value``,
        ``growth`` and ``flag``.
    outcome : str
        Column of the panel that was measured.
    shocks : tuple of Shock
    configuration : Configuration
    """

    table: pd.DataFrame
    national: pd.DataFrame
    outcome: str
    shocks: tuple[Shock, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each shock and city."""
        return self.table.copy()

    def of(self, shock: str) -> pd.DataFrame:
        """Return the rows of one shock, index ``city``."""
        names = [item.name for item in self.shocks]
        if shock not in names:
            raise ConfigError(f"No shock {shock!r}; the result holds {listed(names)}.")
        return self.table.loc[self.table.index.get_level_values("shock") == shock].droplevel(
            "shock"
        )

    def wide(self, measure: str) -> pd.DataFrame:
        """Return one column of the table with a row for each city and a column for each shock."""
        names = [item.name for item in self.shocks]
        return pd.DataFrame({name: self.of(name)[measure] for name in names})


def resilience(
    panel: pd.DataFrame,
    outcome: str,
    *,
    shocks: Sequence[Shock],
    national: NationalAggregate = "sum",
    by: str | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    typology: TypologyCut = "benchmark",
) -> ResilienceResult:
    r"""Resistance, recovery, sensitivity and typology of each city in each shock.

    With :math:`g_r` the growth rate of a city over a phase and :math:`g_N` that of the nation,

    - sensitivity index (Martin 2012): :math:`\beta_r = g_r / g_N`;
    - resistance and recovery (Martin et al. 2016), the change against the one that the national
      rate would have brought, with one national rate for all sectors:
      :math:`(\Delta E_r - g_N E_r) / |g_N E_r| = (g_r - g_N) / |g_N|`;
    - robust variant: :math:`(g_r - g_N) / s`, with :math:`s` the standard deviation (n - 1) of
      :math:`g_r` over the cities;
    - typology (Faggian et al. 2018): better or not than the benchmark in each phase.

    With one national rate the measure of Lagravinese (2015), which most studies of Chinese cities
    use, is the same number; ``shift_share_resilience`` adds the mix of sectors.

    Zero means "moved as the nation", a positive value more resistant or faster in recovery. Only
    the first and last year of a phase enter.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
        Column with levels (not rates), positive in the first year of each phase.
    shocks : sequence of Shock
    national : {"sum", "mean", "weighted mean"}
        How the level of the nation is made from the cities: the sum, the plain mean, or
        :math:`\sum_r y_r w_r / \sum_r w_r` in each year (income per head weighted by population).
    by : str, optional
        Column of weights, needed for the weighted mean and for nothing else.
    tolerance : float
        A national change smaller than this share of the base gives no ratio: resistance,
        recovery and sensitivity are NaN, gap and robust variant remain, and a flag says so.
    typology : {"benchmark", "median"}
        Compare the growth of a city with that of the nation, or with the median city.

    Returns
    -------
    ResilienceResult

    Raises
    ------
    PanelError
        If a column is missing or not numeric, a phase is reversed, overlaps or lies outside the
        years, values are missing, or a base is zero or negative; the cities are named.
    ConfigError
        If an option is not known or ``by`` does not fit ``national``.

    Notes
    -----
    The benchmark is the aggregate of the cities in the panel, so a large city is compared with a
    benchmark that it helps to make. When the nation grows in a resistance phase, or falls in a
    recovery phase, resistance and recovery keep their sign (positive is better than the nation),
    but the sensitivity index reverses its meaning; the flag says so.

    References
    ----------
    Martin, R. (2012). Regional economic resilience, hysteresis and recessionary shocks. Journal of
    Economic Geography 12(1), 1-32. https://doi.org/10.1093/jeg/lbr019

    Martin, R., Sunley, P., Gardiner, B. & Tyler, P. (2016). How regions react to recessions:
    resilience and the role of economic structure. Regional Studies 50(4), 561-585.
    https://doi.org/10.1080/00343404.2015.1136410

    Lagravinese, R. (2015). Economic crisis and rising gaps North-South: evidence from the Italian
    regions. Cambridge Journal of Regions, Economy and Society 8(2), 331-342.

    Faggian, A., Gemmiti, R., Jaquet, T. & Santini, I. (2018). Regional economic resilience: the
    experience of the Italian local labor systems. Annals of Regional Science 60, 393-410.
    https://doi.org/10.1007/s00168-017-0822-9

    Examples
    --------
    The nation loses 5 %, the first city 3 %:

    >>> index = pd.MultiIndex.from_product([["A", "B"], [2007, 2009, 2011]],
    ...                                    names=["city", "year"])
    >>> jobs = pd.DataFrame({"jobs": [100.0, 97, 99, 100, 93, 97]}, index=index)
    >>> shock = Shock("crisis", resistance=(2007, 2009), recovery=(2009, 2011))
    >>> result = resilience(jobs, "jobs", shocks=[shock])
    >>> result.of("crisis").loc["A", ["resistance", "sensitivity_resistance"]].round(6).to_list()
    [0.4, 0.6]
    """
    checked_option(national, NationalAggregate, name="national")
    checked_option(typology, TypologyCut, name="typology")
    _check_settings(national, by, tolerance)
    checked_panel(panel, columns=[outcome] if by is None else [outcome, by])
    shocks = checked_shocks(shocks, panel)
    measured = {}
    nation = {}
    for shock in shocks:
        phases = {
            kind: phase_levels(panel, outcome, years, national=national, by=by)
            for kind, years in shock.phases.items()
        }
        measured[shock.name] = _shock_table(phases, tolerance, typology)
        nation[shock.name] = _national_table(shock, phases, tolerance)
    return ResilienceResult(
        table=pd.concat(measured, names=["shock", "city"]),
        national=pd.concat(nation, names=["shock", "phase"]),
        outcome=outcome,
        shocks=shocks,
        configuration=Configuration(
            function="resilience",
            options={
                "outcome": outcome,
                "shocks": [
                    {"name": s.name, "resistance": s.resistance, "recovery": s.recovery}
                    for s in shocks
                ],
                "national": national,
                "by": by,
                "tolerance": tolerance,
                "typology": typology,
            },
        ),
    )


def _check_settings(national: str, by: str | None, tolerance: float) -> None:
    if national == "weighted mean" and by is None:
        raise ConfigError(
            "national='weighted mean' needs by=, the column of weights (for example population)."
        )
    if national != "weighted mean" and by is not None:
        raise ConfigError(
            f"by={by!r} is used for national='weighted mean' only; national is {national!r}. "
            f"Use one of {', '.join(map(repr, get_args(NationalAggregate)))}."
        )
    if not 0 <= tolerance < 1:
        raise ConfigError(f"tolerance={tolerance!r} must be a share from 0 to 1, such as 0.001.")


def _shock_table(phases: dict[str, PhaseLevels], tolerance: float, typology: str) -> pd.DataFrame:
    """Build the table of one shock from the levels of its phases, index ``city``."""
    columns: dict[str, object] = {}
    for kind, levels in phases.items():
        columns[f"{kind}_start"], columns[f"{kind}_end"] = levels.start, levels.end
    for kind, levels in phases.items():
        columns[f"{kind}_growth"] = levels.growth
        columns[f"{kind}_growth_nation"] = levels.national_growth
    measures = {kind: _measures(levels, tolerance) for kind, levels in phases.items()}
    for name, pattern in (
        ("ratio", "{}"),
        ("sensitivity", "sensitivity_{}"),
        ("gap", "{}_gap"),
        ("robust", "{}_robust"),
    ):
        for kind, values in measures.items():
            columns[pattern.format(kind)] = values[name]
    table = pd.DataFrame(columns)
    table["typology"] = _typology(measures["resistance"], measures["recovery"], typology)
    table["flag"] = "; ".join(
        code
        for kind, levels in phases.items()
        if (code := nation_flag(kind, levels.national_growth, tolerance))
    )
    return table.rename_axis("city")


def _measures(levels: PhaseLevels, tolerance: float) -> pd.DataFrame:
    """Compute ratio, sensitivity, gap (percentage points) and robust gap of each city."""
    nation = levels.national_growth
    gap = levels.growth - nation
    # An undefined ratio is NaN, never a huge number that would rule every map and mean.
    denominator = np.nan if abs(nation) < tolerance or nation == 0 else nation
    spread = levels.growth.std(ddof=1)
    return pd.DataFrame(
        {
            "ratio": gap / abs(denominator),
            "sensitivity": levels.growth / denominator,
            "gap": 100 * gap,
            "robust": gap / (spread if spread > 0 else np.nan),
        }
    )


def _typology(resistance: pd.DataFrame, recovery: pd.DataFrame, cut: str) -> pd.Series:
    """Give each city its code; a city that only equals the cut is not above it."""
    above = {}
    for kind, measures in (("resistance", resistance), ("recovery", recovery)):
        threshold = float(measures["gap"].median()) if cut == "median" else 0.0
        above[kind] = measures["gap"] > threshold
    codes = np.select(
        [
            above["resistance"] & above["recovery"],
            above["resistance"],
            above["recovery"],
        ],
        TYPOLOGY[:3],
        TYPOLOGY[3],
    )
    return pd.Series(codes, index=resistance.index, dtype=object)


def nation_flag(kind: str, nation: float, tolerance: float) -> str:
    """Return the code of what to beware of in a phase, empty when nothing.

    Parameters
    ----------
    kind : {"resistance", "recovery"}
    nation : float
        Growth of the nation over the phase.
    tolerance : float
        Smaller growth is called flat.
    """
    if abs(nation) < tolerance or nation == 0:
        return f"nation_flat_in_{kind}"
    if kind == "resistance" and nation > 0:
        return "nation_grows_in_resistance"
    if kind == "recovery" and nation < 0:
        return "nation_falls_in_recovery"
    return ""


def _national_table(shock: Shock, phases: dict[str, PhaseLevels], tolerance: float) -> pd.DataFrame:
    rows = {
        kind: {
            "start_year": shock.phases[kind][0],
            "end_year": shock.phases[kind][1],
            "start_value": levels.national_start,
            "end_value": levels.national_end,
            "growth": levels.national_growth,
            "flag": nation_flag(kind, levels.national_growth, tolerance),
        }
        for kind, levels in phases.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("phase")
