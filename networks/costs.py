"""What a journey between two cities costs: great-circle distance, hours, or any labelled table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.city_labels import city_index
from networks.flows import city_positions_of_links, require_columns
from networks.plausibility import warn_of_flows_as_costs
from spatial.alignment import require_same_cities
from spatial.coordinates import city_positions, great_circle_km
from spatial.errors import WeightsError, listed
from spatial.options import MissingCost, UnknownCities, checked_option

COST_SYMMETRY = 1e-9
"""Relative gap under which two directions cost the same: rounding of a table, no difference."""


@dataclass(frozen=True)
class JourneyCosts:
    """Costs between n cities, given out in blocks of rows.

    Attributes
    ----------
    ids : pandas.Index of shape (n,)
    rows : callable
        ``rows(start, stop)`` returns costs of shape (stop - start, n), NaN where there is no
        journey, on the diagonal too.
    symmetric : bool
    what : str
        The cost in words, for example ``"great-circle distance in km"``.
    n_without : int
        Ordered pairs of different cities without a usable cost.
    """

    ids: pd.Index
    rows: Callable[[int, int], np.ndarray]
    symmetric: bool
    what: str
    n_without: int = 0


def cost_matrix(
    links: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    *,
    origin: str = "origin",
    destination: str = "destination",
    cost: str = "cost",
    directed: bool = True,
    unknown: UnknownCities = "error",
) -> pd.DataFrame:
    """Turn a table of pairs into a square labelled table of costs.

    Parameters
    ----------
    links : pandas.DataFrame
        A row for each pair, such as hours by rail.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    origin, destination, cost : str
        Column names.
    directed : bool
        If False, a pair that is given in one direction costs the same in the other.
    unknown : {"error", "drop"}
        What to do with pairs that name a city outside ``cities``.

    Returns
    -------
    pandas.DataFrame of shape (n, n)
        Row: origin, column: destination. Zero on the diagonal, NaN where no cost is given.

    Raises
    ------
    AlignmentError
        If a column is missing or a pair names an unknown city.
    WeightsError
        If a cost is negative or no number, or a pair is given twice.
    """
    ids = city_index(cities)
    checked_option(unknown, UnknownCities, name="unknown")
    require_columns(links, (origin, destination, cost))
    sender, receiver, inside = city_positions_of_links(links, ids, origin, destination, unknown)
    given = links[cost]
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    _refuse_costs(
        links,
        (values < 0) | (np.isnan(values) & given.notna().to_numpy()),
        (origin, destination),
        f"costs in column {cost!r} are negative or not numbers",
    )
    inside &= sender != receiver
    if pd.MultiIndex.from_arrays([sender[inside], receiver[inside]]).has_duplicates:
        again = links[inside].duplicated([origin, destination], keep="first").to_numpy()
        _refuse_costs(links[inside], again, (origin, destination), "pairs are given twice")
    matrix = np.full((len(ids), len(ids)), np.nan)
    matrix[sender[inside], receiver[inside]] = values[inside]
    if not directed:
        matrix = np.where(np.isnan(matrix), matrix.T, matrix)
    np.fill_diagonal(matrix, 0.0)
    return pd.DataFrame(matrix, index=ids, columns=ids)


def _refuse_costs(links: pd.DataFrame, bad: np.ndarray, pair: tuple[str, str], what: str) -> None:
    if bad.any():
        pairs = links.loc[bad, list(pair)].itertuples(index=False, name=None)
        raise WeightsError(
            f"{int(bad.sum())} {what}: {listed(pairs)}. Correct or drop these rows; a cost is a "
            "positive number, given once for each pair."
        )


def journey_costs(
    cities: pd.DataFrame | pd.Index,
    *,
    cost: pd.DataFrame | None,
    cost_unit: str,
    missing_cost: MissingCost,
) -> JourneyCosts:
    """Choose between great-circle distances and a given table, and check what comes.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame, or pandas.Index when ``cost`` is given
    cost : pandas.DataFrame of shape (n, n), optional
        Labelled square table; None for great-circle distance in km.
    cost_unit : str
    missing_cost : {"error", "drop"}
        What to do with pairs of zero, missing or infinite cost.

    Returns
    -------
    JourneyCosts

    Raises
    ------
    AlignmentError
        If the labels of the table differ from those of the cities.
    WeightsError
        If costs are negative, or (with ``missing_cost="error"``) zero, missing or infinite.
    GeometryError
        If coordinates are unusable, or (with ``missing_cost="error"``) two cities coincide.

    Warns
    -----
    LinkageWarning
        If costs fall with the distance of cities with coordinates, as flows do.
    """
    checked_option(missing_cost, MissingCost, name="missing_cost")
    if cost is None:
        return _great_circle_costs(cities, missing_cost)
    ids = city_index(cities)
    if not isinstance(cost, pd.DataFrame):
        raise WeightsError(
            f"cost must be a square labelled table (pandas.DataFrame), not {type(cost).__name__}; "
            "cost_matrix() makes one from a table of pairs."
        )
    for labels, name in ((cost.index, "the rows of cost"), (cost.columns, "the columns of cost")):
        require_same_cities(pd.Index(labels), ids, left_name=name, right_name="the cities")
    matrix = cost.loc[list(ids), list(ids)].to_numpy(dtype=float, copy=True)
    np.fill_diagonal(matrix, np.nan)
    n_without = _checked_costs(matrix, ids, missing_cost)
    warn_of_flows_as_costs(cities, matrix)
    gap = np.abs(matrix - matrix.T) > COST_SYMMETRY * np.fmax(matrix, matrix.T)
    symmetric = not (gap.any() or (np.isnan(matrix) != np.isnan(matrix.T)).any())
    if symmetric:  # the rounding of the table goes, so that flows are the same both ways
        matrix = (matrix + matrix.T) / 2.0
    return JourneyCosts(
        ids, lambda start, stop: matrix[start:stop], symmetric, f"cost in {cost_unit}", n_without
    )


def _checked_costs(matrix: np.ndarray, ids: pd.Index, missing_cost: MissingCost) -> int:
    """Refuse, or set to NaN and count, what is no cost."""
    apart = ~np.eye(len(ids), dtype=bool)
    negative = apart & (matrix < 0)
    if negative.any():
        raise WeightsError(
            f"{int(negative.sum())} costs are negative: {_pairs(negative, ids)}. Correct them; a "
            "cost is a positive number."
        )
    without = apart & (~np.isfinite(matrix) | (matrix == 0))
    if without.any() and missing_cost == "error":
        raise WeightsError(
            f"{int(without.sum())} pairs of cities have a zero, missing or infinite cost: "
            f"{_pairs(without, ids)}. A flow divided by it has no meaning: correct these costs, or "
            "treat the pairs as not linked by missing_cost='drop'."
        )
    matrix[without] = np.nan
    return int(without.sum())


def _pairs(mask: np.ndarray, ids: pd.Index) -> str:
    rows, columns = np.nonzero(mask)
    return listed(list(zip(ids[rows].tolist(), ids[columns].tolist(), strict=True)))


def _great_circle_costs(cities: pd.DataFrame | pd.Index, missing_cost: MissingCost) -> JourneyCosts:
    if isinstance(cities, pd.Index):
        raise WeightsError(
            "Great-circle distances need a table of cities with coordinates or geometry; give "
            "that, or a labelled table as cost=."
        )
    places = city_positions(cities, distinct=missing_cost == "error")
    same_place = pd.DataFrame({"x": places.longitude, "y": places.latitude}).value_counts()
    n_without = int((same_place * (same_place - 1)).sum())

    def rows(start: int, stop: int) -> np.ndarray:
        km = great_circle_km(
            places.longitude[start:stop, None],
            places.latitude[start:stop, None],
            places.longitude,
            places.latitude,
        )
        km[km == 0] = np.nan
        return km

    return JourneyCosts(places.ids, rows, True, "great-circle distance in km", n_without)
