"""Panels of one variable: a series of city-years turned into a table of cities and years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.errors import PanelError, listed


def panel_table(
    values: pd.Series | pd.DataFrame, *, city: str = "city", year: str = "year"
) -> pd.DataFrame:
    """Return a variable as a table, cities in rows and years in columns.

    Parameters
    ----------
    values : pandas.Series of shape (n * years,), or pandas.DataFrame of shape (n, years)
        A series has the index levels ``city`` and ``year``, in any order; a table (cities by
        years) is taken as it is, with its columns sorted.
    city, year : str
        Names of the levels.

    Returns
    -------
    pandas.DataFrame of float, shape (n, years)

    Raises
    ------
    PanelError
        For other shapes, duplicate or missing city-years, and values that are no numbers.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["a", "b"], [2010, 2011]], names=["city", "year"])
    >>> panel_table(pd.Series([1, 2, 3, 4], rows)).loc["b"].tolist()
    [3.0, 4.0]
    """
    if isinstance(values, pd.DataFrame):
        table = values.sort_index(axis=1)
    else:
        table = _unstacked(values, city, year)
    if table.shape[1] == 0 or table.shape[0] == 0:
        raise PanelError("The panel is empty; give at least one city and one year.")
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers.to_numpy())
    if bad.any():
        cells = [
            f"{numbers.index[row]} {numbers.columns[column]}"
            for row, column in zip(*np.nonzero(bad), strict=True)
        ]
        raise PanelError(
            f"{len(cells)} city-years are missing, infinite or not numbers: {listed(cells)}. Fill "
            "them, or drop these cities or years."
        )
    return numbers


def _unstacked(values: pd.Series, city: str, year: str) -> pd.DataFrame:
    if not isinstance(values, pd.Series) or not {city, year} <= set(values.index.names):
        raise PanelError(
            f"A panel is a Series with the index levels {city!r} and {year!r}, or a table of "
            "cities (rows) and years (columns). Set the levels, or name them as city= and year=."
        )
    keys = values.index.to_frame(index=False)[[city, year]]
    twice = keys.duplicated()
    if twice.any():
        named = [f"{row[city]} {row[year]}" for _, row in keys[twice].iterrows()]
        raise PanelError(
            f"City-years appear more than once: {listed(named)}. Keep one row for each."
        )
    flat = pd.Series(values.to_numpy(), index=pd.MultiIndex.from_frame(keys), name=values.name)
    return flat.unstack(year).sort_index(axis=1)
