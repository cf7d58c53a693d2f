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
    by: str | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
) -> pd.DataFrame:
    r"""Growth of each city against that of the nation, year by year.

    .. math:: R_{it} = (\Delta \ln y_{it} - \Delta \ln y_{Nt}) / |\Delta \ln y_{Nt}|

    The nation is the sum of all cities, or of all but the city itself, which takes away the part
    of the benchmark that the city makes. Only cities with both years enter the benchmark of a
    year, so that a city that enters or leaves does not move it. (The growth of a plain mean is
    that of the sum.)

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
        Column with levels, positive; missing values give missing results.
    benchmark : {"others", "all"}
    by : str, optional
        Column of positive weights: the nation is then the weighted mean of the outcome, such as
        income per head weighted by population, with the weights of each year.
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
        If levels or columns are absent, city-years repeat, or a level or weight is zero or
        negative, or a weight is missing where the level is not.
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
    checked_panel(panel, columns=[outcome] if by is None else [outcome, by])
    city = panel.index.get_level_values("city")
    year = panel.index.get_level_values("year")
    if benchmark == "others" and city.nunique() < 2:
        raise ConfigError("One city has no others to compare with; use benchmark='all'.")
    keys = pd.MultiIndex.from_arrays([city, year], names=["city", "year"])
    previous = pd.MultiIndex.from_arrays([city, year - 1], names=["city", "year"])
    level = _positive(panel[outcome], keys, outcome, "Growth needs positive levels")
    before = level.reindex(previous).set_axis(keys)
    both = level.notna() & before.notna()
    end, start = level.where(both), before.where(both)
    weight = None
    if by is not None:
        given = _positive(panel[by], keys, by, "A weighted mean needs positive weights")
        _refuse_missing(given.isna() & level.notna(), by, outcome)
        weight = given.where(both), given.reindex(previous).set_axis(keys).where(both)
    nation = [
        _nation(part, None if weight is None else weight[at], others=benchmark == "others")
        for at, part in enumerate((end, start))
    ]
    table = _table(end, start, nation[0], nation[1], tolerance)
    return table.set_axis(panel.index)


def _positive(values: pd.Series, keys: pd.MultiIndex, column: str, need: str) -> pd.Series:
    """Return a column as numbers by city and year; raise where one is not positive and finite."""
    found = pd.Series(values.to_numpy(float), index=keys)
    wrong = keys[((found <= 0) | np.isinf(found)).to_numpy()]
    if len(wrong):
        raise PanelError(
            f"{column} is zero, negative or infinite in {len(wrong)} city-years: {listed(wrong)}. "
            f"{need}: correct them or drop these rows."
        )
    return found


def _refuse_missing(lacking: pd.Series, by: str, outcome: str) -> None:
    if lacking.any():
        keys = lacking.index[lacking.to_numpy()]
        raise PanelError(
            f"{by}, the weight of {outcome}, is missing in {len(keys)} city-years: {listed(keys)}. "
            "Fill it or drop these rows."
        )


def _nation(values: pd.Series, weights: pd.Series | None, *, others: bool) -> pd.Series:
    """Sum or weighted mean of all cities of the year, or of all but the city itself."""

    def total(part: pd.Series) -> pd.Series:
        whole = part.groupby(level="year").transform("sum")
        return whole - part if others else whole

    if weights is None:
        return total(values)
    divisor = total(weights)
    return total(values * weights) / divisor.where(divisor > 0)


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
