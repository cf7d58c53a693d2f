"""Marshall-Arrow-Romer, Jacobs and Porter externalities, and the density of employment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyses.indices.agglomeration import location_quotients, specialisation
from analyses.indices.employment import checked_employment, sector_totals
from spatial.errors import ConfigError, PanelError, listed

__all__ = ["employment_density", "externalities", "porter_competition"]


def externalities(
    employment: pd.DataFrame, *, sector: str | None = None, cap: float = 100.0
) -> pd.DataFrame:
    r"""Specialisation and diversity of each city, as studies of externalities measure them.

    - ``mar``: the largest location quotient, :math:`\max_s LQ_{is}`, or that of ``sector``;
    - ``mar_sector``: the sector that it belongs to;
    - ``jacobs``: :math:`1 / \sum_s |E_{is}/E_i - E_s/E|`, infinite for a city that mirrors the
      nation and therefore capped;
    - ``jacobs_diversity``: :math:`1 - \sum_s (E_{is}/E_i)^2`.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city or city-year, a column for each sector. With an index level ``year`` the
        benchmark is that of each year.
    sector : str, optional
    cap : float
        Largest value of ``jacobs``.

    Returns
    -------
    pandas.DataFrame
        Index of ``employment``; missing for a city without employment.

    Raises
    ------
    PanelError
        If the employment is unfit.
    ConfigError
        If the sector is not in the table or the cap is not positive.

    References
    ----------
    Glaeser, E. L., Kallal, H. D., Scheinkman, J. A. & Shleifer, A. (1992). Growth in cities.
    Journal of Political Economy 100(6), 1126-1152.

    Duranton, G. & Puga, D. (2000). Diversity and specialisation in cities: why, where and when does
    it matter? Urban Studies 37(3), 533-555.

    Examples
    --------
    >>> jobs = pd.DataFrame({"ict": [30.0, 10], "other": [70.0, 90]}, index=["A", "B"])
    >>> externalities(jobs)[["mar", "jacobs"]].round(6).iloc[0].to_list()
    [1.5, 5.0]
    """
    if not (np.isfinite(cap) and cap > 0):
        raise ConfigError(f"cap={cap!r} must be a positive number.")
    quotients = location_quotients(employment)
    if sector is not None and sector not in quotients.columns:
        raise ConfigError(
            f"sector={sector!r} is not in the table; it has {listed(quotients.columns)}."
        )
    known = quotients.notna().any(axis=1)
    largest = quotients.max(axis=1) if sector is None else quotients[sector]
    names = pd.Series(sector, index=quotients.index, dtype=object)
    if sector is None:
        # A sector that no city has is missing everywhere and never the largest.
        names[known] = quotients[known].fillna(-1.0).idxmax(axis=1)
    measures = specialisation(employment)
    gap = measures["krugman"]
    jacobs = (1.0 / gap.where(gap > 0)).where(gap.isna() | (gap > 0), np.inf).clip(upper=cap)
    return pd.DataFrame(
        {
            "mar": largest,
            "mar_sector": names.where(known),
            "jacobs": jacobs,
            "jacobs_diversity": 1.0 - measures["herfindahl"],
        }
    )


def porter_competition(employment: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    r"""Firms per worker of each sector and city over that of the sector in the nation.

    :math:`(N_{is}/E_{is}) / (N_s/E_s)`: above one, firms are smaller than elsewhere, which is read
    as stronger competition.

    Parameters
    ----------
    employment, firms : pandas.DataFrame
        The same rows (cities or city-years) and sectors, in any order.

    Returns
    -------
    pandas.DataFrame
        Index and columns of ``employment``; missing where a city has no worker in a sector, or the
        nation has no firm.

    Raises
    ------
    PanelError
        If a table is unfit, or rows or sectors differ.

    References
    ----------
    Glaeser et al. (1992), see ``externalities``.
    """
    workers, units = checked_employment(employment), checked_employment(firms)
    for what, a, b in (
        ("rows", workers.index, units.index),
        ("sectors", workers.columns, units.columns),
    ):
        if set(a) != set(b):
            raise PanelError(
                f"Employment and firms do not have the same {what}: "
                f"{listed(sorted(set(a) ^ set(b), key=str))}."
            )
    units = units.reindex(index=workers.index, columns=workers.columns)
    nation_workers, nation_units = sector_totals(workers), sector_totals(units)
    whole = nation_units / nation_workers.where(nation_workers > 0)
    return units / workers.where(workers > 0) / whole.where(whole > 0)


def employment_density(
    employment: pd.DataFrame | pd.Series, area: pd.Series, *, logarithm: bool = False
) -> pd.Series:
    r"""Workers per square kilometre, :math:`E_i / A_i`, or its logarithm.

    Parameters
    ----------
    employment : pandas.DataFrame or Series
        A row for each city or city-year; the sectors of a table are summed.
    area : pandas.Series
        Square kilometres, of each row or of each city; the built-up area if possible, because the
        administrative area of a city holds fields and mountains.
    logarithm : bool

    Returns
    -------
    pandas.Series
        Index of ``employment``. The logarithm of a city without employment is missing.

    Raises
    ------
    PanelError
        If employment is unfit, or an area is missing or not positive.

    References
    ----------
    Ciccone, A. & Hall, R. E. (1996). Productivity and the density of economic activity. American
    Economic Review 86(1), 54-70.
    """
    table = employment.to_frame("all") if isinstance(employment, pd.Series) else employment
    jobs = checked_employment(table).sum(axis=1)
    by_city = "city" in jobs.index.names and "city" in area.index.names and area.index.nlevels == 1
    keys = jobs.index.get_level_values("city") if by_city else jobs.index
    if not area.index.is_unique:
        raise PanelError(f"Areas repeat: {listed(area.index[area.index.duplicated()].unique())}.")
    room = area.reindex(keys).to_numpy(float)
    wrong = jobs.index[~(np.isfinite(room) & (room > 0))]
    if len(wrong):
        raise PanelError(f"The area is missing or not positive for {listed(wrong)}.")
    density = jobs / room
    if logarithm:
        density = pd.Series(np.log(density.where(density > 0).to_numpy()), index=density.index)
    return density.rename("employment_density")
