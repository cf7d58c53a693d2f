"""Specialisation of cities and concentration of sectors from a table of employment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyses.indices.employment import (
    checked_employment,
    reference_totals,
    row_shares,
    sector_totals,
)
from spatial.errors import ConfigError, PanelError
from spatial.options import SectorBenchmark, checked_option

__all__ = ["concentration", "location_quotients", "lorenz_gini", "specialisation"]


def location_quotients(
    employment: pd.DataFrame,
    *,
    reference: pd.Series | pd.DataFrame | None = None,
    symmetric: bool = False,
) -> pd.DataFrame:
    r"""Location quotients :math:`LQ_{is} = (E_{is}/E_i) / (E_s/E)`.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city, a column for each sector. With an index level ``year`` the benchmark
        is that of each year.
    reference : Series (index sector) or DataFrame (index year), optional
        Employment of the benchmark economy; by default the sum of the cities.
    symmetric : bool
        Return :math:`(LQ - 1)/(LQ + 1)`, between -1 and 1.

    Returns
    -------
    pandas.DataFrame
        Index and columns of ``employment``; NaN for a city without employment or a sector without
        any.

    Raises
    ------
    PanelError
        If values are missing or negative, or sectors of the reference are absent.

    Examples
    --------
    >>> jobs = pd.DataFrame({"ict": [30.0, 10], "other": [70.0, 90]}, index=["A", "B"])
    >>> location_quotients(jobs)["ict"].round(6).to_list()
    [1.5, 0.5]
    """
    table = checked_employment(employment)
    benchmark = row_shares(reference_totals(table, reference))
    quotients = row_shares(table) / benchmark.where(benchmark > 0)
    return (quotients - 1.0) / (quotients + 1.0) if symmetric else quotients


def specialisation(
    employment: pd.DataFrame,
    *,
    reference: pd.Series | pd.DataFrame | None = None,
    benchmark: SectorBenchmark = "all",
) -> pd.DataFrame:
    r"""Specialisation and diversity of each city.

    With :math:`p_s = E_{is}/E_i` and the benchmark share :math:`q_s`:

    - ``herfindahl`` :math:`H = \sum p_s^2`, ``herfindahl_normalised`` :math:`(H - 1/S)/(1 - 1/S)`,
      ``equivalent_number`` :math:`1/H`, ``entropy`` :math:`\sum p_s \ln(1/p_s)`;
    - ``krugman`` :math:`\sum |p_s - q_s|` (0 to 2), ``hoover``, half of it;
    - ``gini``: area between Lorenz curve and diagonal, sectors ordered by :math:`p_s/q_s`,
      cumulated :math:`p` against cumulated :math:`q`; ``gini_quotients``: the plain Gini of the
      quotients :math:`p_s/q_s`;
    - ``hachman`` :math:`1 / \sum_s LQ_s p_s` (1: as the benchmark).

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city or city-year, a column for each sector.
    reference : Series (index sector) or DataFrame (index year), optional
        Employment of the benchmark economy; by default that of the cities.
    benchmark : {"all", "others", "mean of others"}
        All cities together, all but the city itself, or the mean of the shares of the others.

    Returns
    -------
    pandas.DataFrame
        Index of ``employment``; NaN for a city without employment. A sector that the benchmark
        lacks gives an infinite quotient: gini_quotients is NaN and hachman 0 in a city that has it.

    Raises
    ------
    PanelError
        If values are missing or negative.
    ConfigError
        If ``reference`` is given with a benchmark other than ``"all"``.

    References
    ----------
    Krugman, P. (1991). Geography and trade. MIT Press.

    Farhauer, O. & Kroell, A. (2013). Standorttheorien. Springer Gabler.
    https://doi.org/10.1007/978-3-658-01574-9

    Examples
    --------
    >>> jobs = pd.DataFrame([[20.0, 50, 20, 10]], index=["A"], columns=list("abcd"))
    >>> specialisation(jobs)[["herfindahl", "herfindahl_normalised"]].round(2).iloc[0].to_list()
    [0.34, 0.12]
    """
    checked_option(benchmark, SectorBenchmark, name="benchmark")
    if reference is not None and benchmark != "all":
        raise ConfigError("reference= replaces the cities as benchmark; leave benchmark='all'.")
    table = checked_employment(employment)
    shares = row_shares(table)
    against = _benchmark_shares(table, shares, reference, benchmark)
    return _measures(shares, against)


def concentration(
    employment: pd.DataFrame,
    *,
    totals: pd.Series | None = None,
    benchmark: SectorBenchmark = "all",
) -> pd.DataFrame:
    r"""Spatial concentration of each sector over the cities.

    The measures of ``specialisation`` with cities and sectors exchanged: :math:`p_i = E_{is}/E_s`
    against :math:`q_i = E_i/E`, and ``spatial_gini`` :math:`G = \sum_i (p_i - q_i)^2`.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city or city-year, a column for each sector.
    totals : pandas.Series, optional
        Total employment (or area, or population) of each row that :math:`q_i` is made from; by
        default the sum of the sectors.
    benchmark : {"all", "others", "mean of others"}
        All sectors together, all but the sector itself, or the mean of the shares of the others.

    Returns
    -------
    pandas.DataFrame
        Index ``sector``, or ``(year, sector)``; NaN for a sector without employment.

    Raises
    ------
    PanelError
        If values are missing or negative, or totals do not have the same rows.
    """
    checked_option(benchmark, SectorBenchmark, name="benchmark")
    if totals is not None and benchmark != "all":
        raise ConfigError("totals= replaces the sectors as benchmark; leave benchmark='all'.")
    table = checked_employment(employment)
    if totals is not None and set(totals.index) != set(table.index):
        raise PanelError("totals= must have the same rows as the table of employment.")
    weights = None if totals is None else totals.reindex(table.index).astype(float)
    if "year" not in table.index.names:
        return _concentration(table, weights, benchmark).rename_axis("sector")
    years = table.index.get_level_values("year")
    parts = {
        year: _concentration(
            table[years == year], None if weights is None else weights[years == year], benchmark
        )
        for year in sorted(years.unique())
    }
    return pd.concat(parts, names=["year", "sector"])


def _concentration(table: pd.DataFrame, totals: pd.Series | None, benchmark: str) -> pd.DataFrame:
    turned = table.T
    shares = row_shares(turned)
    against = _benchmark_shares(turned, shares, totals, benchmark)
    measures = _measures(shares, against)
    measures["spatial_gini"] = ((shares - against) ** 2).sum(axis=1, skipna=False)
    return measures


def _benchmark_shares(
    table: pd.DataFrame,
    shares: pd.DataFrame,
    reference: pd.Series | pd.DataFrame | None,
    benchmark: str,
) -> pd.DataFrame:
    if benchmark == "all":
        return row_shares(reference_totals(table, reference))
    if benchmark == "others":
        return row_shares((sector_totals(table) - table).clip(lower=0.0))
    known = shares.notna().astype(float)
    count = sector_totals(known) - known
    total = sector_totals(shares.fillna(0.0)) - shares.fillna(0.0)
    return total / count.where(count > 0)


def _measures(shares: pd.DataFrame, against: pd.DataFrame) -> pd.DataFrame:
    number = shares.shape[1]
    p = shares.to_numpy()
    herfindahl = (shares**2).sum(axis=1, skipna=False)
    gap = (shares - against).abs().sum(axis=1, skipna=False)
    safe = np.where(p > 0, p, 1.0)
    entropy = pd.Series(-(safe * np.log(safe)).sum(axis=1), index=shares.index)
    q = against.to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = p / q
        weighted = np.where(p > 0, quotients * p, 0.0).sum(axis=1)
    hachman = pd.Series(1.0 / np.where(weighted > 0, weighted, np.nan), index=shares.index)
    return pd.DataFrame(
        {
            "herfindahl": herfindahl,
            "herfindahl_normalised": (herfindahl - 1 / number) / (1 - 1 / number)
            if number > 1
            else np.nan,
            "equivalent_number": 1.0 / herfindahl,
            "entropy": entropy.where(herfindahl.notna()),
            "krugman": gap,
            "hoover": gap / 2,
            "gini": [lorenz_gini(a, b) for a, b in zip(p, q, strict=True)],
            "gini_quotients": [
                lorenz_gini(row[(a > 0) | (b > 0)], np.ones(int(((a > 0) | (b > 0)).sum())))
                for row, a, b in zip(quotients, p, q, strict=True)
            ],
            "hachman": hachman.where(herfindahl.notna() & gap.notna()),
        },
        index=shares.index,
    )


def lorenz_gini(amounts: np.ndarray, weights: np.ndarray) -> float:
    r"""Gini coefficient of amounts against weights.

    Units ordered by amount over weight, :math:`G = 1 - \sum_k (A_k + A_{k-1})(W_k - W_{k-1})` with
    cumulated shares :math:`A` and :math:`W`.

    Parameters
    ----------
    amounts, weights : array of shape (n,)
        Not negative; units with neither are left out.

    Returns
    -------
    float
        Between 0 and 1; NaN when a value is not finite or a sum is zero.
    """
    used = (amounts != 0) | (weights != 0)
    a, w = np.asarray(amounts, float)[used], np.asarray(weights, float)[used]
    if not (np.isfinite(a).all() and np.isfinite(w).all() and a.sum() > 0 and w.sum() > 0):
        return float("nan")
    with np.errstate(divide="ignore"):
        order = np.argsort(np.where(w > 0, a / np.where(w > 0, w, 1.0), np.inf), kind="stable")
    a, w = a[order] / a.sum(), w[order] / w.sum()
    cumulated = np.cumsum(a)
    return max(0.0, float(1.0 - ((2 * cumulated - a) * w).sum()))
