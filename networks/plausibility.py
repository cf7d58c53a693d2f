"""Whether flows look like flows and costs like costs: both taken against distance."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy import stats

from spatial.coordinates import city_positions, great_circle_km
from spatial.errors import GeometryError

FLOWS_LIKE_COSTS = 0.5
"""Rank correlation with distance above which flows are doubted: hours by rail have about 0.9,
observed flows (migrants, airlines, firm links) between -0.3 and 0.2."""

COSTS_LIKE_FLOWS = -0.1
"""Rank correlation with distance below which costs are doubted: a journey costs more the farther
it goes."""

FEWEST_PAIRS = 30

MOST_PAIRS = 20_000
"""More pairs make the correlation no clearer; every k-th is taken."""


class LinkageWarning(UserWarning):
    """Flows or costs that may be something else than they are taken for."""


def warn_of_costs_as_flows(
    cities: object, sender: np.ndarray, receiver: np.ndarray, flows: np.ndarray
) -> None:
    """Warn when flows grow with distance, as costs do.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame, pandas.DataFrame or pandas.Index
        Without coordinates nothing is checked.
    sender, receiver : numpy.ndarray of int, shape (m,)
        Positions in ``cities``.
    flows : numpy.ndarray of shape (m,)
    """
    found = distance_correlation(cities, sender, receiver, flows)
    if found > FLOWS_LIKE_COSTS:
        warnings.warn(
            f"These flows grow with distance (rank correlation {found:.2f}), as hours, kilometres "
            "or prices do. Flows are strengths: if these are costs, build a table by cost_matrix() "
            "and link cities by gravity_network(..., cost=).",
            LinkageWarning,
            stacklevel=3,
        )


def warn_of_flows_as_costs(cities: object, costs: np.ndarray) -> None:
    """Warn when costs fall with distance, as flows do.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame, pandas.DataFrame or pandas.Index
        Without coordinates nothing is checked.
    costs : numpy.ndarray of shape (n, n)
        NaN where there is none.
    """
    sender, receiver = np.nonzero(np.isfinite(costs))
    found = distance_correlation(cities, sender, receiver, costs[sender, receiver])
    if found < COSTS_LIKE_FLOWS:
        warnings.warn(
            f"These costs fall with distance (rank correlation {found:.2f}), as flows do. A cost "
            "grows the farther a journey goes: if these are flows, build the network by "
            "flow_network().",
            LinkageWarning,
            stacklevel=4,
        )


def distance_correlation(
    cities: object, sender: np.ndarray, receiver: np.ndarray, values: np.ndarray
) -> float:
    """Return Spearman's correlation of values of pairs with great-circle distance.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame, pandas.DataFrame or pandas.Index
    sender, receiver : numpy.ndarray of int, shape (m,)
        Positions in ``cities``.
    values : numpy.ndarray of shape (m,)

    Returns
    -------
    float
        NaN without coordinates, with fewer than 30 pairs, or where either does not vary.
    """
    if not isinstance(cities, pd.DataFrame):
        return float("nan")
    placed = _placed(cities)
    try:
        places = city_positions(cities[placed], distinct=False)
    except GeometryError:  # a table of names alone, or coordinates that are not needed here
        return float("nan")
    among = np.where(placed, np.cumsum(placed) - 1, -1)
    sender, receiver = (
        np.where(one >= 0, among[one], -1) for one in (np.asarray(sender), np.asarray(receiver))
    )
    kept = np.flatnonzero((sender != receiver) & (sender >= 0) & (receiver >= 0))
    kept = kept[:: max(1, int(np.ceil(len(kept) / MOST_PAIRS)))]
    if len(kept) < FEWEST_PAIRS or np.ptp(values[kept]) == 0:
        return float("nan")
    one, other = sender[kept], receiver[kept]
    kilometres = great_circle_km(
        places.longitude[one], places.latitude[one], places.longitude[other], places.latitude[other]
    )
    if np.ptp(kilometres) == 0:
        return float("nan")
    return float(stats.spearmanr(values[kept], kilometres).statistic)


def _placed(cities: pd.DataFrame) -> np.ndarray:
    """Cities with coordinates; one without must not switch the check off for all."""
    if {"longitude", "latitude"} <= set(cities.columns):
        return np.asarray(cities[["longitude", "latitude"]].notna().all(axis=1))
    if getattr(cities, "geometry", None) is None:
        return np.ones(len(cities), dtype=bool)
    return np.asarray(~(cities.geometry.isna() | cities.geometry.is_empty))
