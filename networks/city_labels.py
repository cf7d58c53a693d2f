"""City labels of networks: read them from a table or an index, and match masses to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import require_same_cities, require_unique
from spatial.errors import AlignmentError, PanelError, listed


def city_index(cities: pd.DataFrame | pd.Series | pd.Index) -> pd.Index:
    """Return the unique city ids of a table of cities, or of an index itself.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame, pandas.DataFrame, pandas.Series or pandas.Index
        A table has the ids as its index.

    Returns
    -------
    pandas.Index of shape (n,)

    Raises
    ------
    AlignmentError
        If ids are missing, repeated, or the argument carries no labels.
    """
    if isinstance(cities, pd.Index):
        ids = cities
    elif isinstance(cities, pd.DataFrame | pd.Series):
        ids = cities.index
    else:
        raise AlignmentError(
            f"cities must be a table with the city ids as its index, or a pandas Index, not "
            f"{type(cities).__name__}."
        )
    require_unique(ids, what="cities")
    return ids


def aligned_masses(masses: pd.Series, ids: pd.Index, *, what: str) -> np.ndarray:
    """Return masses in the order of ``ids``, matched by label, zero or positive.

    Parameters
    ----------
    masses : pandas.Series of shape (n,)
        Index: city ids.
    ids : pandas.Index of shape (n,)
    what : str
        Name of the masses, for messages.

    Returns
    -------
    numpy.ndarray of float, shape (n,)

    Raises
    ------
    AlignmentError
        If labels differ, or ``masses`` is not a labelled Series.
    PanelError
        If masses are missing, infinite, negative or not numbers.
    """
    if not isinstance(masses, pd.Series):
        raise AlignmentError(
            f"{what} must be a pandas Series whose index holds the city ids, not "
            f"{type(masses).__name__}: values are matched by label, never by position."
        )
    require_same_cities(masses.index, ids, left_name=what, right_name="the cities")
    values = pd.to_numeric(masses.reindex(ids), errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise PanelError(
            f"{what}: {int(bad.sum())} values are missing, infinite, negative or not numbers, for "
            f"cities {listed(ids[bad])}. A mass is zero or positive: fill or correct these values, "
            "or drop these cities."
        )
    return values


def type_hint_of_ids(given: pd.Index, known: pd.Index) -> str:
    """Return a remedy when ids differ only by their type, such as 110000 and '110000'.

    Parameters
    ----------
    given, known : pandas.Index
        Ids of a link table and of the cities.

    Returns
    -------
    str
        Empty when the types are not to blame.

    Examples
    --------
    >>> type_hint_of_ids(pd.Index([7]), pd.Index(["7"]))[:33]
    ' The ids agree when read as text:'
    """
    same_text = pd.Index(given.astype(str)).isin(pd.Index(known.astype(str)))
    if len(given) and bool(np.asarray(same_text).all()):
        return (
            f" The ids agree when read as text: the links hold {given.dtype}, the cities "
            f"{known.dtype}; convert one of them, for example by .astype(str)."
        )
    return ""


def listed_positions(cities: pd.Index, chosen: Any) -> np.ndarray:
    """Return the positions of listed cities.

    Parameters
    ----------
    cities : pandas.Index of shape (n,)
    chosen : city id or sequence of city ids

    Returns
    -------
    numpy.ndarray of int

    Raises
    ------
    AlignmentError
        If a city is unknown, listed twice, or none is listed.
    """
    several = isinstance(chosen, Sequence | pd.Index | pd.Series | np.ndarray)
    several = several and not isinstance(chosen, str)
    names = list(chosen) if several else [chosen]
    wanted = pd.Index(names)
    if wanted.empty:
        raise AlignmentError("No city is listed; name at least one.")
    place = cities.get_indexer(wanted)
    if (place < 0).any():
        raise AlignmentError(f"Not in the network: {listed(wanted[place < 0])}.")
    if not wanted.is_unique:
        twice = wanted[wanted.duplicated()].unique()
        raise AlignmentError(f"Listed more than once: {listed(twice)}.")
    return place
