"""Centralities of cities, with the path cost spelled out: strength is never distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph, linalg

from networks.paths import link_costs, path_measures
from networks.types import LinkageNetwork
from spatial.options import PathCost
from spatial.results import Configuration, Result

DENSE_LIMIT = 400
"""Components up to this size are solved by a dense eigensolver, exactly and quickly."""


@dataclass(frozen=True)
class Centralities(Result):
    """Centralities of every city.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: city ids in the order of the network. Columns, n being the number of cities:

        ``out_degree``, ``in_degree``, ``degree``
            Numbers of links sent, received, and both (a pair counts once when undirected).
        ``out_strength``, ``in_strength``, ``strength``
            Sums of flows, in the unit of the flows.
        ``closeness``, ``in_closeness``
            Reciprocal mean path cost to the cities reached (from those that reach the city),
            times the share of cities reached (Wasserman and Faust); 0 when none is reached.
        ``harmonic``, ``in_harmonic``
            Mean over the other cities of reciprocal path costs, unreachable ones counting 0.
        ``betweenness``
            Share of shortest paths between ordered pairs of other cities through the city,
            divided by (n - 1)(n - 2); ties between paths share. Between 0 and 1.
        ``eigenvector``
            Leading eigenvector of the flows (of the sum of both directions when directed) on the
            largest component; unit length, positive there, 0 elsewhere.
    configuration : Configuration
        ``options["path_cost"]`` says in words what a path length is.
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()


def centralities(
    network: LinkageNetwork, *, cost: PathCost | pd.DataFrame = "inverse"
) -> Centralities:
    r"""Measure how central each city is.

    With path costs d_ij, reached cities R_i and r_i = abs(R_i):

    .. math:: C_i = \frac{r_i}{n-1} \frac{r_i}{\sum_{j \in R_i} d_{ij}}, \qquad
              H_i = \frac{1}{n-1} \sum_{j \ne i} \frac{1}{d_{ij}}, \qquad
              B_i = \frac{1}{(n-1)(n-2)} \sum_{j \ne i \ne k} \frac{\sigma_{jk}(i)}{\sigma_{jk}}

    Parameters
    ----------
    network : LinkageNetwork of n cities
    cost : {"inverse", "hops"} or pandas.DataFrame of shape (n, n)
        What a step along a link costs. ``inverse``: 1 / flow, so that strong links are short.
        ``hops``: every link counts 1. A labelled table gives km, hours or another cost, positive
        for every link.

    Returns
    -------
    Centralities

    Raises
    ------
    ConfigError, AlignmentError, WeightsError
        If ``cost`` is unknown, holds other cities, is not positive, or is the flows themselves.

    Notes
    -----
    With ``cost="inverse"`` closeness and harmonic closeness have the unit of the flows and grow
    with them; betweenness and eigenvector do not depend on the unit. Scaling to compare networks
    is left to the reader.
    """
    n = network.n
    flows = network.flows
    paths = path_measures(link_costs(network, cost))
    out_degree = np.diff(flows.indptr)
    in_degree = np.bincount(flows.indices, minlength=n)
    out_strength = np.asarray(flows.sum(axis=1)).ravel()
    in_strength = np.asarray(flows.sum(axis=0)).ravel()
    directed = network.directed
    table = pd.DataFrame(
        {
            "out_degree": out_degree,
            "in_degree": in_degree,
            "degree": out_degree + in_degree if directed else out_degree,
            "out_strength": out_strength,
            "in_strength": in_strength,
            "strength": out_strength + in_strength if directed else out_strength,
            "closeness": _closeness(paths.reached, paths.distance),
            "in_closeness": _closeness(paths.reached_from, paths.distance_from),
            "harmonic": paths.inverse / max(n - 1, 1),
            "in_harmonic": paths.inverse_from / max(n - 1, 1),
            "betweenness": paths.betweenness / max((n - 1) * (n - 2), 1),
            "eigenvector": eigenvector_centrality(flows, network.cities),
        },
        index=network.cities,
    )
    return Centralities(
        table,
        Configuration(
            function="centralities",
            options={
                "cost": cost if isinstance(cost, str) else "table",
                "path_cost": _cost_in_words(cost, network.unit),
                "directed": directed,
            },
            weights=network.description,
        ),
    )


def _closeness(reached: np.ndarray, distance: np.ndarray) -> np.ndarray:
    n = len(reached)
    share = reached / max(n - 1, 1)
    return np.divide(share * reached, distance, out=np.zeros(n), where=distance > 0)


def _cost_in_words(cost: PathCost | pd.DataFrame, unit: str) -> str:
    if isinstance(cost, pd.DataFrame):
        return "cost of each link from the given table"
    if cost == "hops":
        return "1 for each link, whatever its strength"
    return f"1 / flow ({unit})" if unit else "1 / flow"


def largest_component(flows: sparse.csr_array, cities: pd.Index) -> np.ndarray:
    """Find the largest weakly connected component.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)
    cities : pandas.Index of shape (n,)
        Labels break a tie: most cities first, then the greatest flow, then the first label.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    _, component = csgraph.connected_components(flows, directed=True, connection="weak")
    strength = np.asarray(flows.sum(axis=1)).ravel()
    profile = pd.DataFrame(
        {"component": component, "strength": strength, "label": cities.astype(str)}
    ).groupby("component")
    order = profile.agg(
        size=("label", "size"), strength=("strength", "sum"), label=("label", "min")
    ).sort_values(["size", "strength", "label"], ascending=[False, False, True])
    return component == order.index[0]


def eigenvector_centrality(flows: sparse.csr_array, cities: pd.Index) -> np.ndarray:
    """Return the leading eigenvector of the largest component.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)
        If not symmetric, the sum of both directions is used, since a directed network that is not
        strongly connected has no unique positive eigenvector.
    cities : pandas.Index of shape (n,)

    Returns
    -------
    numpy.ndarray of shape (n,)
        Unit Euclidean length, positive on the component, 0 elsewhere; all 0 without links.
    """
    result = np.zeros(flows.shape[0])
    if not flows.nnz:
        return result
    inside = np.flatnonzero(largest_component(flows, cities))
    both = sparse.csr_array(flows + flows.T)[inside][:, inside]
    scaled = both / both.max()
    if len(inside) <= DENSE_LIMIT:
        vector = np.linalg.eigh(scaled.toarray())[1][:, -1]
    else:
        # A symmetric non-negative connected matrix has one largest eigenvalue (Perron); a fixed
        # start makes the iteration repeatable.
        start = np.asarray(scaled.sum(axis=1)).ravel()
        vector = linalg.eigsh(scaled, k=1, which="LA", v0=start, tol=1e-12)[1][:, 0]
    vector = np.abs(vector)
    result[inside] = vector / np.linalg.norm(vector)
    return result
