"""Radiation and intervening opportunities: flows by the order of cities, without a decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import aligned_masses
from networks.costs import JourneyCosts, journey_costs
from networks.types import LinkageNetwork
from spatial.errors import ConfigError
from spatial.options import MissingCost

CELLS_IN_A_BLOCK = 2_000_000
"""Cells sorted at a time: about 16 MB for each temporary."""

Shares = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def radiation_network(
    cities: pd.DataFrame | pd.Index,
    masses: pd.Series,
    *,
    trips: pd.Series | None = None,
    finite: bool = True,
    cost: pd.DataFrame | None = None,
    cost_unit: str = "km",
    missing_cost: MissingCost = "error",
    unit: str = "",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by the radiation model, which knows no decay parameter.

    .. math:: p_{ij} = \frac{m_i m_j}{(m_i + s_{ij})(m_i + m_j + s_{ij})}, \qquad
              f_{ij} = T_i \frac{p_{ij}}{1 - m_i/M}

    with s_ij the mass of the cities nearer to i than j (without i and j) and M the sum of masses.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...), or pandas.Index when ``cost`` is given
    masses : pandas.Series of shape (n,)
        m, for example population or jobs; zero or positive, matched by label.
    trips : pandas.Series of shape (n,), optional
        T, what each city sends in all; by default its mass.
    finite : bool
        Divide by 1 - m_i/M, so that a city sends T_i in all; otherwise it sends T_i (1 - m_i/M).
    cost, cost_unit, missing_cost
        As in ``gravity_network``; only the order of costs counts. With ``missing_cost="drop"``
        M is summed over the cities that can be reached.
    unit, year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Directed.

    Notes
    -----
    Cities equally far from i are taken in the order of their labels: one fixed order keeps the
    identity that p_ij sum to 1 - m_i/M.

    References
    ----------
    Simini, Gonzalez, Maritan and Barabasi (2012), doi:10.1038/nature10856.
    """
    journeys = journey_costs(cities, cost=cost, cost_unit=cost_unit, missing_cost=missing_cost)
    mass = aligned_masses(masses, journeys.ids, what="masses")
    sent = mass if trips is None else aligned_masses(trips, journeys.ids, what="trips")

    def shares(own: np.ndarray, nearer: np.ndarray, there: np.ndarray) -> np.ndarray:
        below = (own + nearer) * (own + there + nearer)
        share = np.divide(own * there, below, out=np.zeros(below.shape), where=below > 0)
        if not finite:
            return share
        total = share.sum(axis=1, keepdims=True)
        return np.divide(share, total, out=np.zeros(share.shape), where=total > 0)

    parameters = _parameters("radiation", masses, trips, journeys, missing_cost)
    parameters["finite"] = finite
    words = f"Radiation network: {parameters['trips']} sent by masses {parameters['masses']}, "
    return LinkageNetwork(
        journeys.ids,
        _flows_by_order(journeys, mass, sent, shares),
        True,
        unit,
        year,
        words + f"order by {journeys.what}" + _without(journeys),
        parameters,
    )


def intervening_opportunities_network(
    cities: pd.DataFrame | pd.Index,
    opportunities: pd.Series,
    *,
    absorption: float,
    trips: pd.Series | None = None,
    cost: pd.DataFrame | None = None,
    cost_unit: str = "km",
    missing_cost: MissingCost = "error",
    unit: str = "",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by the opportunities that lie between them.

    .. math:: f_{ij} = T_i \frac{e^{-L V_{i,j-1}} - e^{-L V_{ij}}}{1 - e^{-L V_i}}

    with V_ij the opportunities of the cities up to and including j in the order of cost from i,
    V_{i,j-1} those before j, and V_i those of all other cities.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...), or pandas.Index when ``cost`` is given
    opportunities : pandas.Series of shape (n,)
        Zero or positive, matched by label.
    absorption : float
        L, the chance that one opportunity is taken; positive.
    trips : pandas.Series of shape (n,), optional
        T, what each city sends in all; by default its opportunities.
    cost, cost_unit, missing_cost, unit, year
        As in ``radiation_network``; ties in cost likewise.

    Returns
    -------
    LinkageNetwork
        Directed; every city that sends has its trips as the sum of its row.

    References
    ----------
    Schneider (1959), Gravity models and trip distribution theory.
    """
    if not (np.isfinite(absorption) and absorption > 0):
        raise ConfigError(f"absorption={absorption!r}: the absorption is a positive number.")
    journeys = journey_costs(cities, cost=cost, cost_unit=cost_unit, missing_cost=missing_cost)
    mass = aligned_masses(opportunities, journeys.ids, what="opportunities")
    sent = mass if trips is None else aligned_masses(trips, journeys.ids, what="trips")

    def shares(_own: np.ndarray, nearer: np.ndarray, there: np.ndarray) -> np.ndarray:
        # exp(-LV) (1 - exp(-Lv)) keeps its digits where the difference of two powers loses them.
        share = np.exp(-absorption * nearer) * -np.expm1(-absorption * there)
        total = share.sum(axis=1, keepdims=True)
        return np.divide(share, total, out=np.zeros(share.shape), where=total > 0)

    parameters = _parameters("opportunities", opportunities, trips, journeys, missing_cost)
    parameters["absorption"] = absorption
    words = f"Intervening opportunities network: {parameters['trips']} sent, absorption "
    return LinkageNetwork(
        journeys.ids,
        _flows_by_order(journeys, mass, sent, shares),
        True,
        unit,
        year,
        words + f"{absorption:g}, order by {journeys.what}" + _without(journeys),
        parameters,
    )


def _flows_by_order(
    journeys: JourneyCosts, mass: np.ndarray, sent: np.ndarray, shares: Shares
) -> sparse.csr_array:
    n = len(mass)
    label = np.empty(n, dtype=int)
    label[np.argsort(journeys.ids.astype(str).to_numpy(), kind="stable")] = np.arange(n)
    step = max(1, CELLS_IN_A_BLOCK // max(n, 1))
    blocks = []
    for start in range(0, n, step):
        stop = min(start + step, n)
        distance = journeys.rows(start, stop)
        distance[np.arange(stop - start), np.arange(start, stop)] = np.nan
        order = np.lexsort((np.broadcast_to(label, distance.shape), distance), axis=1)
        reachable = np.isfinite(np.take_along_axis(distance, order, axis=1))
        there = np.where(reachable, mass[order], 0.0)
        nearer = np.cumsum(there, axis=1) - there
        sorted_shares = shares(mass[start:stop, None], nearer, there)
        block = np.zeros(distance.shape)
        flows = np.where(reachable, sorted_shares, 0.0) * sent[start:stop, None]
        np.put_along_axis(block, order, flows, axis=1)
        blocks.append(sparse.csr_array(block))
    return sparse.vstack(blocks, format="csr") if blocks else sparse.csr_array((n, n))


def _parameters(
    kind: str,
    masses: pd.Series,
    trips: pd.Series | None,
    journeys: JourneyCosts,
    missing_cost: MissingCost,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "masses": str(masses.name or "masses"),
        "trips": str((masses if trips is None else trips).name or "trips"),
        "cost": journeys.what,
        "missing_cost": missing_cost,
        "pairs_without_cost": journeys.n_without,
    }


def _without(journeys: JourneyCosts) -> str:
    if not journeys.n_without:
        return ""
    return f"; ordered pairs without a positive cost, which have no link: {journeys.n_without}"
