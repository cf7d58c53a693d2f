"""Resistance and recovery against the mix of sectors: structural and competitive parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyses.indices.employment import checked_employment
from analyses.indices.resilience import DEFAULT_TOLERANCE, nation_flag
from analyses.indices.resilience_inputs import Shock, checked_panel, checked_shocks
from spatial.errors import ConfigError, PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["ShiftShareResilience", "shift_share_resilience"]


@dataclass(frozen=True, kw_only=True)
class ShiftShareResilience(Result):
    """Change of each city in each phase, split into national, structural and competitive parts.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``(shock, phase, city)``. In the unit of the input:

        - ``base``, ``change``: employment in the first year and its change;
        - ``national``, ``structural``, ``competitive``: parts that add up to the change.

        As shares of the absolute national part, so that zero is "as the nation":

        - ``resilience``: resistance or recovery with one national rate;
        - ``resilience_structural``, ``resilience_competitive``: its two parts;

        and ``resilience_mix``: the change against the one that national rates by sector would have
        brought, over its absolute value. ``flag`` says what to beware of.
    sectors : pandas.DataFrame
        Index ``(shock, phase, sector)`` with ``base``, ``change``, ``growth`` of the nation; the
        growth of a sector without employment in the first year is missing.
    shocks : tuple of Shock
    configuration : Configuration
    """

    table: pd.DataFrame
    sectors: pd.DataFrame
    shocks: tuple[Shock, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each shock, phase and city."""
        return self.table.copy()

    def of(self, shock: str, phase: str) -> pd.DataFrame:
        """Return the rows of one phase of one shock, index ``city``."""
        names = [item.name for item in self.shocks]
        if shock not in names or phase not in ("resistance", "recovery"):
            raise ConfigError(
                f"No phase {phase!r} of a shock {shock!r}; the result holds the resistance and the "
                f"recovery of {listed(names)}."
            )
        levels = self.table.index
        chosen = (levels.get_level_values("shock") == shock) & (
            levels.get_level_values("phase") == phase
        )
        return self.table.loc[chosen].droplevel(["shock", "phase"])


def shift_share_resilience(
    employment: pd.DataFrame, *, shocks: Sequence[Shock], tolerance: float = DEFAULT_TOLERANCE
) -> ShiftShareResilience:
    r"""Split resistance and recovery of cities into a structural and a competitive part.

    With employment :math:`E_{rs}` of the first year, growth :math:`g_{rs}` of a sector in a city,
    :math:`g_{Ns}` in the nation and :math:`g_N` of the nation as a whole,

    .. math:: \Delta E_r = g_N E_r + \sum_s (g_{Ns} - g_N) E_{rs} + \sum_s (g_{rs} - g_{Ns}) E_{rs}

    are the national, structural and competitive parts. Resistance and recovery (Martin et al. 2016)
    are :math:`(\Delta E_r - g_N E_r)/|g_N E_r|`, the sum of the last two over the first; adjusted
    for the mix of sectors they are
    :math:`(\Delta E_r - \sum_s g_{Ns} E_{rs}) / |\sum_s g_{Ns} E_{rs}|`.

    Parameters
    ----------
    employment : pandas.DataFrame
        Index ``(city, year)``, a column for each sector; the sectors make up the economy.
    shocks : sequence of Shock
    tolerance : float
        An expected change smaller than this share of the base gives no ratio: NaN and a flag.

    Returns
    -------
    ShiftShareResilience

    Raises
    ------
    PanelError
        If employment is missing or negative, a city has none in the first year of a phase, cities
        lack a year, or a phase overlaps another or lies outside the years.
    ConfigError
        If the tolerance is not a share.

    Notes
    -----
    A sector that the nation lacks in the first year has no rate; what it brings to a city counts
    as competitive. The flag ``mix_flat_in_<phase>`` marks a city whose mix makes it stand still
    though the nation moves.

    References
    ----------
    Martin, R., Sunley, P., Gardiner, B. & Tyler, P. (2016). How regions react to recessions:
    resilience and the role of economic structure. Regional Studies 50(4), 561-585.
    https://doi.org/10.1080/00343404.2015.1136410

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["A", "B"], [2007, 2009, 2011]],
    ...                                    names=["city", "year"])
    >>> jobs = pd.DataFrame({"steel": [50.0, 40, 45, 50, 40, 45],
    ...                      "care": [50.0, 52, 55, 150, 156, 160]}, index=index)
    >>> shock = Shock("crisis", resistance=(2007, 2009), recovery=(2009, 2011))
    >>> parts = shift_share_resilience(jobs, shocks=[shock]).of("crisis", "resistance")
    >>> parts.loc["A", ["national", "structural", "competitive"]].astype(float).round(6).to_list()
    [-4.0, -4.0, 0.0]
    """
    if not 0 <= tolerance < 1:
        raise ConfigError(f"tolerance={tolerance!r} must be a share from 0 to 1, such as 0.001.")
    checked_panel(employment, columns=list(employment.columns))
    shocks = checked_shocks(shocks, employment)
    tables, nations = {}, {}
    for shock in shocks:
        for kind, years in shock.phases.items():
            start, end = _phase(employment, shock, kind, years)
            key = (shock.name, kind)
            tables[key] = _parts(start, end, kind, tolerance)
            nations[key] = _national_sectors(start, end)
    return ShiftShareResilience(
        table=pd.concat(tables, names=["shock", "phase", "city"]),
        sectors=pd.concat(nations, names=["shock", "phase", "sector"]),
        shocks=shocks,
        configuration=Configuration(
            function="shift_share_resilience",
            options={
                "shocks": [
                    {"name": s.name, "resistance": s.resistance, "recovery": s.recovery}
                    for s in shocks
                ],
                "tolerance": tolerance,
            },
        ),
    )


def _phase(
    employment: pd.DataFrame, shock: Shock, kind: str, years: tuple[int, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return employment at both ends of a phase, cities by sectors."""
    cities = pd.Index(employment.index.get_level_values("city").unique(), name="city")
    ends = []
    for year in years:
        rows = employment[employment.index.get_level_values("year") == year]
        table = rows.set_axis(pd.Index(rows.index.get_level_values("city"), name="city"))
        lacking = cities.difference(table.index)
        if len(lacking):
            raise PanelError(
                f"Shock {shock.name!r}: {listed(lacking)} have no row in {year}, an end of the "
                f"{kind} phase. Add the rows or drop these cities."
            )
        ends.append(checked_employment(table).reindex(cities))
    empty = cities[(ends[0].sum(axis=1) <= 0).to_numpy()]
    if len(empty):
        raise PanelError(
            f"Shock {shock.name!r}: {listed(empty)} have no employment in {years[0]}, the base of "
            f"the {kind} phase. Drop these cities."
        )
    return ends[0], ends[1]


def _national_sectors(start: pd.DataFrame, end: pd.DataFrame) -> pd.DataFrame:
    base = start.sum()
    change = end.sum() - base
    growth = change / base.where(base > 0)
    return pd.DataFrame({"base": base, "change": change, "growth": growth}).rename_axis("sector")


def _parts(start: pd.DataFrame, end: pd.DataFrame, kind: str, tolerance: float) -> pd.DataFrame:
    base, change = start.sum(axis=1), end.sum(axis=1) - start.sum(axis=1)
    nation = float(end.to_numpy().sum() / start.to_numpy().sum() - 1.0)
    # Where the nation has no jobs of a sector no city has any, so the rate meets zeros only.
    rates = _national_sectors(start, end)["growth"].fillna(0.0)
    expected, mix = nation * base, start @ rates
    flag = nation_flag(kind, nation, tolerance)
    denominator = expected.abs() if not flag.startswith("nation_flat") else np.nan * base
    mix_flat = (mix.abs() < tolerance * base) | (mix == 0)
    flags = mix_flat.map({True: f"mix_flat_in_{kind}", False: ""})
    joined = [code for code in (flag,) if code]
    return pd.DataFrame(
        {
            "base": base,
            "change": change,
            "national": expected,
            "structural": mix - expected,
            "competitive": change - mix,
            "resilience": (change - expected) / denominator,
            "resilience_structural": (mix - expected) / denominator,
            "resilience_competitive": (change - mix) / denominator,
            "resilience_mix": (change - mix) / mix.abs().mask(mix_flat),
            "flag": ["; ".join([*joined, *([own] if own else [])]) for own in flags],
        }
    )
