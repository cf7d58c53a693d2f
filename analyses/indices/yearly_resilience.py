"""Resilience of every city in every year, against the growth of the nation or of all others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyses.indices.resilience import DEFAULT_TOLERANCE
from analyses.indices.resilience_inputs import checked_panel
from spatial.errors import ConfigError, PanelError, listed
from spatial.options import BenchmarkCities, checked_option

__all__ = ["yearly_resilience"]


def yearly_resilience(
    panel: pd.DataFrame,
    outcome: str,
    *,
    benchmark: BenchmarkCities = "others",
    tolerance: float = DEFAULT_TOLERANCE,
) -> pd.DataFrame:
    r"""Growth of each city against that of the nation, year by year.

    .. math:: R_{it} = (\Delta \ln y_{it} - \Delta \ln y_{Nt}) / |\Delta \ln y_{Nt}|

    The nation is the sum of all cities, or of all but the city itself, which takes away the part
    of the benchmark that the city makes. Only cities with both years enter the benchmark of a
    year, so that a city that enters or leaves does not move it.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
        Column with levels, positive; missing values give missing results.
    benchmark : {"others", "all"}
    tolerance : float
        National growth smaller than this gives no ratio but NaN and a flag.

    Returns
    -------
    pandas.DataFrame
        Index of ``panel``: ``growth`` and ``growth_nation`` (logarithmic), ``resilience``, ``gap``
        (percentage points), ``robust`` (the gap over the standard deviation of the growth of
        cities in the year) and ``flag``: ``nation_flat``, ``nation_falls``,
        ``no_previous_year`` or empty.

    Raises
    ------
    PanelError
        If levels or columns are absent, city-years repeat, or a level is zero or negative.
    ConfigError
        If an option is not known, or there is only one city to compare with others.

    Notes
    -----
    A positive value is better than the nation in all years; ``nation_falls`` marks the years of
    a downturn, in which it means resistance.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["A", "B"], [2007, 2008]], names=["city", "year"])
    >>> jobs = pd.DataFrame({"jobs": [100.0, 104, 100, 108]}, index=index)
    >>> table = yearly_resilience(jobs, "jobs")
    >>> float(table.loc[("A", 2008), "resilience"].round(4))
    -0.4904
    """
    checked_option(benchmark, BenchmarkCities, name="benchmark")
    if not 0 <= tolerance < 1:
        raise ConfigError(f"tolerance={tolerance!r} must be a share from 0 to 1, such as 0.001.")
    checked_panel(panel, columns=[outcome])
    city = panel.index.get_level_values("city")
    year = panel.index.get_level_values("year")
    if benchmark == "others" and city.nunique() < 2:
        raise ConfigError("One city has no others to compare with; use benchmark='all'.")
    keys = pd.MultiIndex.from_arrays([city, year], names=["city", "year"])
    level = pd.Series(panel[outcome].to_numpy(float), index=keys)
    wrong = keys[((level <= 0) | np.isinf(level)).to_numpy()]
    if len(wrong):
        raise PanelError(
            f"{outcome} is zero, negative or infinite in {len(wrong)} city-years: {listed(wrong)}. "
            "Growth needs positive levels: correct them or drop these rows."
        )
    before = level.reindex(pd.MultiIndex.from_arrays([city, year - 1], names=["city", "year"]))
    before.index = keys
    both = level.notna() & before.notna()
    end, start = level.where(both), before.where(both)
    nation = [part.groupby(level="year").transform("sum") for part in (end, start)]
    if benchmark == "others":
        nation = [nation[0] - end, nation[1] - start]
    table = _table(end, start, nation[0], nation[1], tolerance)
    return table.set_axis(panel.index)


def _table(
    end: pd.Series,
    start: pd.Series,
    nation_end: pd.Series,
    nation_start: pd.Series,
    tolerance: float,
) -> pd.DataFrame:
    growth = _logarithm(end / start)
    # Without another city in the year the nation is an empty sum, not a growth of nothing.
    whole = _logarithm((nation_end / nation_start).where((nation_end > 0) & (nation_start > 0)))
    gap = growth - whole
    flat = (whole.abs() < tolerance) | (whole == 0)
    spread = growth.groupby(level="year").transform("std")
    flag = pd.Series("", index=growth.index, dtype=object)
    flag = flag.mask(whole < 0, "nation_falls").mask(flat, "nation_flat")
    flag = flag.mask(growth.isna(), "no_previous_year")
    return pd.DataFrame(
        {
            "growth": growth,
            "growth_nation": whole,
            "resilience": gap / whole.abs().mask(flat),
            "gap": 100 * gap,
            "robust": gap / spread.where(spread > 0),
            "flag": flag,
        }
    )


def _logarithm(values: pd.Series) -> pd.Series:
    return pd.Series(np.log(values.to_numpy(float)), index=values.index)
