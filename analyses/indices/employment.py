"""Tables of employment by city and sector: the checks and shares that all measures use."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.errors import PanelError, listed

__all__ = ["checked_employment", "reference_totals", "sector_totals"]


def checked_employment(employment: pd.DataFrame) -> pd.DataFrame:
    """Return employment as floats when it is fit for shares.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city (or city-year, with an index level ``year``), a column for each sector.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    PanelError
        If labels repeat, a column is not numeric, values are missing, infinite or negative, or
        there is nothing at all.
    """
    if not isinstance(employment, pd.DataFrame) or employment.empty:
        raise PanelError("Employment must be a table with a row per city and a column per sector.")
    for name, labels in (("Rows", employment.index), ("Sectors", employment.columns)):
        if not labels.is_unique:
            raise PanelError(f"{name} repeat: {listed(labels[labels.duplicated()].unique())}.")
    words = [c for c in employment if not pd.api.types.is_numeric_dtype(employment[c])]
    if words:
        raise PanelError(f"Columns {listed(words)} hold no numbers; leave them out.")
    table = employment.astype(float)
    values = table.to_numpy()
    unfit = ~np.isfinite(values) | (values < 0)
    if unfit.any():
        rows, columns = table.index[unfit.any(axis=1)], table.columns[unfit.any(axis=0)]
        raise PanelError(
            f"Employment is missing, infinite or negative in {int(unfit.sum())} cells: rows "
            f"{listed(rows)}, sectors {listed(columns)}. Correct them or drop these rows."
        )
    if not table.to_numpy().sum() > 0:
        raise PanelError("There is no employment at all in the table.")
    return table


def sector_totals(table: pd.DataFrame) -> pd.DataFrame:
    """Sum each sector over the cities, of each year where the index has years.

    Returns
    -------
    pandas.DataFrame
        Index and columns of ``table``.
    """
    if "year" in table.index.names:
        return table.groupby(level="year").transform("sum")
    total = table.sum()
    return pd.DataFrame(
        np.tile(total.to_numpy(), (len(table), 1)), index=table.index, columns=table.columns
    )


def reference_totals(
    table: pd.DataFrame, reference: pd.Series | pd.DataFrame | None
) -> pd.DataFrame:
    """Sector totals of the benchmark for each row: the table's own, or those of a wider economy.

    Parameters
    ----------
    table : pandas.DataFrame
    reference : Series (index sector), DataFrame (index year, columns sectors), or None

    Raises
    ------
    PanelError
        If sectors or years are absent, or totals are negative or missing.
    """
    if reference is None:
        return sector_totals(table)
    by_year = isinstance(reference, pd.DataFrame)
    sectors = reference.columns if isinstance(reference, pd.DataFrame) else reference.index
    absent = [c for c in table.columns if c not in sectors]
    if absent:
        raise PanelError(f"The reference has no sector {listed(absent)}.")
    if by_year:
        if "year" not in table.index.names:
            raise PanelError("A reference by year needs the index level 'year' in the table.")
        years = table.index.get_level_values("year")
        missing = sorted(set(years) - set(reference.index))
        if missing:
            raise PanelError(f"The reference has no year {listed(missing)}.")
        values = reference.loc[years, table.columns].to_numpy(float)
    else:
        values = np.tile(reference.loc[table.columns].to_numpy(float), (len(table), 1))
    if not (np.isfinite(values) & (values >= 0)).all():
        raise PanelError("Totals of the reference are missing, infinite or negative.")
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def row_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Share of each sector in its row; NaN for a row without employment."""
    total = table.sum(axis=1)
    return table.div(total.where(total > 0), axis=0)
