"""Stocks from investments, and the pools of others' stocks that reach a city."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analyses.indices.resilience_inputs import checked_panel
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, PanelError, listed
from spatial.weights.types import as_weights

__all__ = ["perpetual_inventory", "spillover_pool", "technology_proximity"]


def perpetual_inventory(
    panel: pd.DataFrame, investment: str, *, depreciation: float, growth: float | None = None
) -> pd.Series:
    r"""Capital stocks by perpetual inventory.

    :math:`K_{it} = (1 - \delta) K_{i,t-1} + I_{it}` with
    :math:`K_{i0} = I_{i0} / (g_i + \delta)`.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``; years without gaps.
    investment : str
        Constant prices, not negative.
    depreciation : float
        :math:`\delta`: often 0.15 for research and 0.096 for fixed capital in China (Zhang Jun et
        al. 2004).
    growth : float, optional
        :math:`g` of all cities; by default the mean yearly growth of each city's own investment
        between its first and last year.

    Returns
    -------
    pandas.Series
        Index of the panel.

    Raises
    ------
    PanelError
        If investments are missing or negative, years have gaps, or a city's own growth does not
        exist or does not exceed minus the depreciation; cities are named.
    ConfigError
        If the depreciation is not in (0, 1), or the growth is too low for it.

    References
    ----------
    Griliches, Z. (1979). Issues in assessing the contribution of research and development to
    productivity growth. Bell Journal of Economics 10(1), 92-116.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a"], [2000, 2001]], names=["city", "year"])
    >>> panel = pd.DataFrame({"research": [20.0, 30.0]}, index=index)
    >>> perpetual_inventory(panel, "research", depreciation=0.15, growth=0.05).to_list()
    [100.0, 115.0]
    """
    if not 0 < depreciation < 1:
        raise ConfigError(f"depreciation={depreciation!r} must lie between 0 and 1.")
    if growth is not None and not growth > -depreciation:
        raise ConfigError(f"growth={growth!r} must exceed -{depreciation}.")
    wide = _years_by_city(panel, investment)
    values = wide.to_numpy()
    if growth is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = (values[-1] / values[0]) ** (1.0 / max(len(values) - 1, 1)) - 1.0
        wrong = wide.columns[~(np.isfinite(rate) & (rate > -depreciation))]
        if len(values) < 2 or len(wrong):
            raise PanelError(
                f"No growth of {investment} can be had from the first to the last year in "
                f"{listed(wrong)} (zero at the start, or shrinking faster than it depreciates): "
                "give growth=."
            )
    else:
        rate = np.full(values.shape[1], growth)
    stocks = np.empty_like(values)
    stocks[0] = values[0] / (rate + depreciation)
    for t in range(1, len(values)):
        stocks[t] = (1.0 - depreciation) * stocks[t - 1] + values[t]
    row = wide.index.get_indexer(panel.index.get_level_values("year"))
    column = wide.columns.get_indexer(panel.index.get_level_values("city"))
    return pd.Series(stocks[row, column], index=panel.index, name="stock")


def technology_proximity(portfolios: pd.DataFrame) -> pd.DataFrame:
    r"""Proximity of cities by the fields of their patents or industries (Jaffe 1986).

    :math:`P_{ij} = F_i F_j' / \sqrt{F_i F_i'\, F_j F_j'}` with rows :math:`F_i`.

    Parameters
    ----------
    portfolios : pandas.DataFrame of shape (n, fields)
        Index city; counts or shares, not negative.

    Returns
    -------
    pandas.DataFrame of shape (n, n)
        In [0, 1], zero diagonal; ready as weights of ``spillover_pool``.

    Raises
    ------
    PanelError
        If counts are missing or negative, or a city has none.

    References
    ----------
    Jaffe, A. B. (1986). Technological opportunity and spillovers of R&D. American Economic Review
    76(5), 984-1001.
    """
    values = portfolios.to_numpy(dtype=float)
    wrong = portfolios.index[~(np.isfinite(values) & (values >= 0)).all(axis=1)]
    if len(wrong):
        raise PanelError(f"Portfolios are missing or negative in {listed(wrong)}.")
    length = np.sqrt((values**2).sum(axis=1))
    empty = portfolios.index[length == 0]
    if len(empty):
        raise PanelError(f"Cities have empty portfolios: {listed(empty)}; drop them.")
    unit = values / length[:, None]
    proximity = np.minimum(unit @ unit.T, 1.0)
    np.fill_diagonal(proximity, 0.0)
    return pd.DataFrame(proximity, index=portfolios.index, columns=portfolios.index)


def spillover_pool(stocks: pd.Series, weights: Any) -> pd.Series:
    r"""Pool of the stocks of other cities, :math:`S_{it} = \sum_{j \ne i} w_{ij} K_{jt}`.

    Parameters
    ----------
    stocks : pandas.Series
        Index with the levels ``city`` and ``year``, every city in every year.
    weights : Weights, libpysal Graph or W, or labelled square DataFrame
        Row receives from column; used as they are, without any scaling. Weights that change by
        year are taken of each year.

    Returns
    -------
    pandas.Series
        Index of ``stocks``; zero for islands.

    Raises
    ------
    AlignmentError
        If the cities differ.
    PanelError
        If stocks are missing.
    """
    wide = _years_by_city(stocks.rename("stock").to_frame(), "stock", negative=True)
    known = as_weights(weights)
    require_same_cities(wide.columns, known.ids, left_name="stocks", right_name="weights")
    wide = wide[known.ids]
    pools = np.vstack([known.matrix_of(year) @ wide.loc[year].to_numpy() for year in wide.index])
    row = wide.index.get_indexer(stocks.index.get_level_values("year"))
    column = wide.columns.get_indexer(stocks.index.get_level_values("city"))
    return pd.Series(pools[row, column], index=stocks.index, name="pool")


def _years_by_city(panel: pd.DataFrame, column: str, *, negative: bool = False) -> pd.DataFrame:
    checked_panel(panel, columns=[column])
    wide = panel[column].astype(float).unstack("city").sort_index()
    values = wide.to_numpy()
    good = np.isfinite(values) & ((values >= 0) | negative)
    wrong = wide.columns[~good.all(axis=0)]
    if len(wrong):
        raise PanelError(
            f"{column} is missing, infinite or negative in some years of {listed(wrong)}."
        )
    years = wide.index.to_numpy()
    if not negative and (np.diff(years) != 1).any():
        raise PanelError(f"Years have gaps: {listed(years, limit=40)}; stocks need every year.")
    return wide
