"""Centralities of cities, with the path cost spelled out: strength is never distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph, linalg

from networks.brokerage import community_roles, structural_holes
from networks.cores import k_core, strength_core, weighted_k_core
from networks.dominance import dominance_measures, recursive_measures, spread_measures
from networks.paths import link_costs, path_measures
from networks.prestige import DENSE_LIMIT, hubs_and_authorities, katz_centrality, pagerank
from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, PanelError, listed
from spatial.options import CentralityMeasure, PathCost, checked_option
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class Centralities(Result):
    """Centralities of every city.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: city ids in the order of the network. Columns by measure, n cities:

        ``degree``: ``out_degree``, ``in_degree``, ``degree``
            Numbers of links sent, received, and both (a pair counts once when undirected).
        ``strength``: ``out_strength``, ``in_strength``, ``strength``
            Sums of flows, in the unit of the flows.
        ``closeness``: ``closeness``, ``in_closeness``
            Reciprocal mean path cost to the cities reached (from those that reach the city),
            times the share of cities reached (Wasserman and Faust); 0 when none is reached.
        ``harmonic``: ``harmonic``, ``in_harmonic``
            Mean over the other cities of reciprocal path costs, unreachable ones counting 0.
        ``betweenness``
            Share of shortest paths between ordered pairs of other cities through the city,
            divided by (n - 1)(n - 2); ties between paths share. Between 0 and 1.
        ``eigenvector``
            Leading eigenvector of the flows (of the sum of both directions when directed) on the
            largest component; unit length, positive there, 0 elsewhere.
        ``katz``, ``pagerank``, ``hits`` (``hub``, ``authority``)
            See ``networks.prestige``.
        ``structural holes``: ``constraint``, ``effective_size``
            See ``networks.brokerage``.
        ``k-core``: ``k_core``; ``weighted k-core``: ``weighted_k_core``; ``strength core``
            See ``networks.cores``; ``strength_core`` is in the unit of the flows.
        ``dominance`` (``dominance``, ``relative_dominance``, ``symmetry``), ``recursive``
            (``recursive_centrality``, ``recursive_power``), ``hub dependence``
            (``hub_dependence``, ``in_hub_dependence``), ``entropy`` (``entropy``, ``in_entropy``)
            See ``networks.dominance``.
        ``community roles``: ``participation``, ``within_module_z``
            See ``networks.brokerage``.
    configuration : Configuration
        ``options["path_cost"]`` says in words what a path length is.
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()

    def city_types(self) -> pd.Series:
        """Type cities by recursive centrality and power above or below the mean (Neal 2011).

        Returns
        -------
        pandas.Series of str
            ``quintessential`` (both above), ``hub`` (centrality above), ``gateway`` (power above),
            ``peripheral``.

        Raises
        ------
        ConfigError
            If the measure ``recursive`` was not asked for.
        """
        names = ["recursive_centrality", "recursive_power"]
        if not set(names) <= set(self.table):
            raise ConfigError("City types need recursive centrality and power: measure 'recursive'")
        central, power = (self.table[name] > self.table[name].mean() for name in names)
        types = np.select(
            [central & power, central, power], ["quintessential", "hub", "gateway"], "peripheral"
        )
        return pd.Series(types, index=self.table.index, name="city_type")


PATH_MEASURES: tuple[CentralityMeasure, ...] = ("closeness", "harmonic", "betweenness")

BASIC: tuple[CentralityMeasure, ...] = ("degree", "strength", *PATH_MEASURES, "eigenvector")
"""Measured unless others are asked for."""


def centralities(
    network: LinkageNetwork,
    *,
    cost: PathCost | pd.DataFrame = "inverse",
    measures: Sequence[CentralityMeasure] | Literal["basic", "all"] = "basic",
    communities: pd.Series | None = None,
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
        for every link. Only closeness, harmonic closeness and betweenness use it.
    measures : sequence of str, "basic" or "all"
        Measures by name, listed with ``Centralities``; ``basic`` takes degree, strength, closeness,
        harmonic, betweenness and eigenvector. ``community roles`` is among all of them if
        ``communities`` is given.
    communities : pandas.Series of shape (n,), optional
        Community of each city, matched by label, for ``community roles``.

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
    chosen = _chosen(measures, given=communities is not None)
    columns = dict(_path_columns(network, cost, chosen))
    for measure in chosen:
        if measure == "community roles":
            columns.update(_role_columns(network, cast("pd.Series", communities)))
        elif measure not in PATH_MEASURES:
            columns.update(_MEASURED[measure](network))
    paths = _cost_in_words(cost, network.unit) if set(chosen) & set(PATH_MEASURES) else "not used"
    wanted = [name for measure in chosen for name in COLUMNS[measure]]
    return Centralities(
        pd.DataFrame({name: columns[name] for name in wanted}, index=network.cities),
        Configuration(
            function="centralities",
            options={
                "cost": cost if isinstance(cost, str) else "table",
                "path_cost": paths,
                "directed": network.directed,
                "measures": list(chosen),
            },
            weights=network.description,
        ),
    )


def _chosen(
    measures: Sequence[CentralityMeasure] | Literal["basic", "all"], *, given: bool
) -> tuple[CentralityMeasure, ...]:
    """Measures by name, each once."""
    if measures == "basic":
        return BASIC
    if measures == "all":
        return tuple(name for name in COLUMNS if given or name != "community roles")
    if isinstance(measures, str):
        measures = cast("tuple[CentralityMeasure, ...]", (measures,))
    if not measures:
        raise ConfigError("measures is empty: name the measures wanted, 'basic' or 'all'.")
    for name in measures:
        checked_option(name, CentralityMeasure, name="measures")
    if "community roles" in measures and not given:
        raise ConfigError(
            "Community roles need the community of each city: give communities=, for example "
            "communities(network).membership."
        )
    return tuple(dict.fromkeys(measures))


def _path_columns(
    network: LinkageNetwork,
    cost: PathCost | pd.DataFrame,
    chosen: tuple[CentralityMeasure, ...],
) -> dict[str, np.ndarray]:
    n, costs = network.n, link_costs(network, cost)  # checks the cost even if it is not used
    if not set(chosen) & set(PATH_MEASURES):
        return {}
    paths = path_measures(costs, betweenness="betweenness" in chosen)
    return {
        "closeness": _closeness(paths.reached, paths.distance),
        "in_closeness": _closeness(paths.reached_from, paths.distance_from),
        "harmonic": paths.inverse / max(n - 1, 1),
        "in_harmonic": paths.inverse_from / max(n - 1, 1),
        "betweenness": paths.betweenness / max((n - 1) * (n - 2), 1),
    }


def _role_columns(network: LinkageNetwork, communities: pd.Series) -> dict[str, np.ndarray]:
    require_same_cities(
        communities.index, network.cities, left_name="communities", right_name="the network"
    )
    given = communities.reindex(network.cities)
    if given.isna().any():
        raise PanelError(f"No community is given for {listed(given.index[given.isna()])}.")
    codes = pd.factorize(given)[0]
    return dict(zip(COLUMNS["community roles"], community_roles(network, codes), strict=True))


def _degrees(network: LinkageNetwork) -> dict[str, np.ndarray]:
    out = np.diff(network.flows.indptr)
    received = np.bincount(network.flows.indices, minlength=network.n)
    both = out + received if network.directed else out
    return {"out_degree": out, "in_degree": received, "degree": both}


def _strengths(network: LinkageNetwork) -> dict[str, np.ndarray]:
    out, received = (np.asarray(network.flows.sum(axis=axis)).ravel() for axis in (1, 0))
    both = out + received if network.directed else out
    return {"out_strength": out, "in_strength": received, "strength": both}


def _named(
    measure: CentralityMeasure, function: Callable[[LinkageNetwork], tuple[np.ndarray, ...]]
) -> Callable[[LinkageNetwork], dict[str, np.ndarray]]:
    return lambda network: dict(zip(COLUMNS[measure], function(network), strict=True))


COLUMNS: dict[CentralityMeasure, tuple[str, ...]] = {
    "degree": ("out_degree", "in_degree", "degree"),
    "strength": ("out_strength", "in_strength", "strength"),
    "closeness": ("closeness", "in_closeness"),
    "harmonic": ("harmonic", "in_harmonic"),
    "betweenness": ("betweenness",),
    "eigenvector": ("eigenvector",),
    "katz": ("katz",),
    "pagerank": ("pagerank",),
    "hits": ("hub", "authority"),
    "structural holes": ("constraint", "effective_size"),
    "k-core": ("k_core",),
    "weighted k-core": ("weighted_k_core",),
    "strength core": ("strength_core",),
    "dominance": ("dominance", "relative_dominance", "symmetry"),
    "recursive": ("recursive_centrality", "recursive_power"),
    "hub dependence": ("hub_dependence", "in_hub_dependence"),
    "entropy": ("entropy", "in_entropy"),
    "community roles": ("participation", "within_module_z"),
}
"""Columns of the table that each measure fills."""

_MEASURED: dict[CentralityMeasure, Callable[[LinkageNetwork], dict[str, np.ndarray]]] = {
    "degree": _degrees,
    "strength": _strengths,
    "eigenvector": _named(
        "eigenvector", lambda network: (eigenvector_centrality(network.flows, network.cities),)
    ),
    "katz": _named("katz", lambda network: (katz_centrality(network),)),
    "pagerank": _named("pagerank", lambda network: (pagerank(network),)),
    "hits": _named("hits", hubs_and_authorities),
    "structural holes": _named("structural holes", structural_holes),
    "k-core": _named("k-core", lambda network: (k_core(network),)),
    "weighted k-core": _named("weighted k-core", lambda network: (weighted_k_core(network),)),
    "strength core": _named("strength core", lambda network: (strength_core(network),)),
    "dominance": dominance_measures,
    "recursive": recursive_measures,
    "hub dependence": spread_measures,
    "entropy": spread_measures,
}


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
