"""Matrices of dyads: networks and labelled tables brought to the same cities and cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities
from spatial.errors import EstimationError, WeightsError, listed

DyadTable = LinkageNetwork | pd.DataFrame


def dyad_cities(table: DyadTable, *, what: str) -> pd.Index:
    """Return the cities of a network or of a square labelled table.

    Parameters
    ----------
    table : LinkageNetwork or pandas.DataFrame
    what : str
        Name for messages.

    Returns
    -------
    pandas.Index
    """
    if isinstance(table, LinkageNetwork):
        return table.cities
    if not isinstance(table, pd.DataFrame):
        raise WeightsError(
            f"{what} must be a LinkageNetwork or a square labelled table (pandas.DataFrame), not "
            f"{type(table).__name__}."
        )
    cities = pd.Index(table.index)
    require_same_cities(
        cities,
        pd.Index(table.columns),
        left_name=f"the rows of {what}",
        right_name=f"the columns of {what}",
    )
    return cities


def dyad_values(table: DyadTable, cities: pd.Index, *, what: str) -> np.ndarray:
    """Return the values of all ordered pairs, aligned by label, zero on the diagonal.

    Parameters
    ----------
    table : LinkageNetwork or pandas.DataFrame of shape (n, n)
    cities : pandas.Index of shape (n,)
        The order wanted.
    what : str

    Returns
    -------
    numpy.ndarray of float, shape (n, n)
        NaN where a cell of a table is missing.

    Raises
    ------
    AlignmentError
        If the cities differ.
    EstimationError
        If cells are infinite.
    """
    require_same_cities(
        dyad_cities(table, what=what), cities, left_name=what, right_name="the first network"
    )
    if isinstance(table, LinkageNetwork):
        values = table.reordered(cities).flows.toarray()
    else:
        # Rows lie together in memory: tables give columns together, which permutes slowly.
        values = np.array(table.loc[list(cities), list(cities)], dtype=float, order="C")
    np.fill_diagonal(values, 0.0)
    endless = np.isinf(values).any(axis=1)
    if endless.any():
        raise EstimationError(
            f"{what} holds infinite values in the rows of {listed(cities[endless])}; make them "
            "missing or finite."
        )
    return values


def is_symmetric(values: np.ndarray) -> bool:
    """Tell whether a square matrix is the same in both directions, missing cells included."""
    return bool(np.array_equal(values, values.T, equal_nan=True))
