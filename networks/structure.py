"""Measures of a whole network: density, reciprocity, efficiency, Krackhardt's dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from networks.paths import link_costs, path_measures
from networks.types import LinkageNetwork
from spatial.results import Configuration, Result

NAN = float("nan")


@dataclass(frozen=True)
class NetworkStructure(Result):
    """Measures of a network as a whole; NaN where a measure is not defined.

    Attributes
    ----------
    n_cities, n_links, n_isolates : int
        An undirected pair is one link.
    total_flow, mean_flow : float
        Undirected pairs once.
    density : float
        Links over possible links.
    reciprocity_dyad : float
        Mutual pairs over linked pairs.
    reciprocity_arc : float
        Arcs that are returned over arcs.
    reciprocity_symmetric : float
        Mutual and empty pairs over all pairs.
    reciprocity_weighted : float
        Sum of min(f_ij, f_ji) over the sum of f_ij, ordered pairs.
    transitivity : float
        Closed two-paths i to j to k (i linked to k) over all two-paths.
    efficiency_global : float
        Mean of 1 / hops over ordered pairs, unreachable pairs counting 0.
    efficiency_weighted : float
        The same with path costs 1 / flow, divided by the strongest flow: 1 when every pair is
        linked as strongly as the strongest; free of the unit.
    average_path_length, diameter : float
        Mean and maximum of hops over ordered pairs that reach each other.
    components_weak, components_strong : int
        Isolates count as components.
    largest_component_share : float
        Cities in the largest weak component over all cities.
    centralisation_out_degree, centralisation_in_degree, centralisation_betweenness : float
        Freeman's: how far the most central city stands out, 1 for a star.
    connectedness : float
        Krackhardt's: share of pairs that are joined when directions are ignored.
    hierarchy : float
        Krackhardt's: share of joined pairs of which only one reaches the other by directed paths.
    efficiency_directed, efficiency_undirected : float
        Krackhardt's: 1 minus surplus links over the largest possible surplus; counting arcs, and
        counting pairs without direction. Low values mean many redundant channels.
    configuration : Configuration
    """

    n_cities: int
    n_links: int
    n_isolates: int
    total_flow: float
    mean_flow: float
    density: float
    reciprocity_dyad: float
    reciprocity_arc: float
    reciprocity_symmetric: float
    reciprocity_weighted: float
    transitivity: float
    efficiency_global: float
    efficiency_weighted: float
    average_path_length: float
    diameter: float
    components_weak: int
    components_strong: int
    largest_component_share: float
    centralisation_out_degree: float
    centralisation_in_degree: float
    centralisation_betweenness: float
    connectedness: float
    hierarchy: float
    efficiency_directed: float
    efficiency_undirected: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a row for each measure: index ``measure``, column ``value``."""
        names = [name for name in self.__dataclass_fields__ if name != "configuration"]
        values = [float(getattr(self, name)) for name in names]
        return pd.DataFrame({"value": values}, index=pd.Index(names, name="measure"))


def structure(network: LinkageNetwork) -> NetworkStructure:
    """Measure a network as a whole.

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    NetworkStructure

    Notes
    -----
    Hops count links whatever their strength. Krackhardt's efficiency exists in two countings that
    differ much on directed data; both are returned, and a report must say which it prints.

    References
    ----------
    Krackhardt (1994), Graph theoretical dimensions of informal organizations;
    Latora and Marchiori (2001), doi:10.1103/PhysRevLett.87.198701;
    Squartini et al. (2013), doi:10.1038/srep02729 (weighted reciprocity);
    Freeman (1978), doi:10.1016/0378-8733(78)90021-7.
    """
    flows, n = network.flows, network.n
    links = sparse.csr_array((np.ones(flows.nnz), flows.indices, flows.indptr), shape=flows.shape)
    hops = path_measures(link_costs(network, "hops"))
    weighted = path_measures(link_costs(network, "inverse"), betweenness=False)
    pairs = n * (n - 1)
    reached = int(hops.reached.sum())
    weak_count, weak = csgraph.connected_components(links, directed=True, connection="weak")
    strong_count, _ = csgraph.connected_components(links, directed=True, connection="strong")
    sizes = np.bincount(weak, minlength=1)
    out_degree, in_degree = np.diff(flows.indptr), np.bincount(flows.indices, minlength=n)
    krackhardt_directed, krackhardt_undirected = _krackhardt_efficiencies(links, weak)
    return NetworkStructure(
        n_cities=n,
        n_links=network.n_links,
        n_isolates=len(network.isolates),
        total_flow=network.total_flow,
        mean_flow=_ratio(network.total_flow, network.n_links),
        density=_ratio(flows.nnz, pairs),
        **_reciprocities(flows, links, n),
        transitivity=transitivity(links),
        efficiency_global=_ratio(float(hops.inverse.sum()), pairs),
        efficiency_weighted=_ratio(
            float(weighted.inverse.sum()), pairs * (flows.max() if flows.nnz else 0.0)
        ),
        average_path_length=_ratio(float(hops.distance.sum()), reached),
        diameter=hops.longest if reached else NAN,
        components_weak=int(weak_count),
        components_strong=int(strong_count),
        largest_component_share=_ratio(int(sizes.max()), n),
        **_centralisations(out_degree, in_degree, hops.betweenness, directed=network.directed),
        connectedness=_ratio(int((sizes * (sizes - 1)).sum()), pairs),
        hierarchy=_hierarchy(links),
        efficiency_directed=krackhardt_directed,
        efficiency_undirected=krackhardt_undirected,
        configuration=Configuration(
            function="structure",
            options={
                "directed": network.directed,
                "path_cost": "1 for each link; 1 / flow for efficiency_weighted",
            },
            weights=network.description,
        ),
    )


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else NAN


def _reciprocities(flows: sparse.csr_array, links: sparse.csr_array, n: int) -> dict[str, float]:
    mutual = links.multiply(links.T.tocsr()).nnz / 2
    one_way = links.nnz - 2 * mutual
    dyads = n * (n - 1) / 2
    return {
        "reciprocity_dyad": _ratio(mutual, mutual + one_way),
        "reciprocity_arc": _ratio(2 * mutual, links.nnz),
        "reciprocity_symmetric": _ratio(dyads - one_way, dyads),
        "reciprocity_weighted": _ratio(
            float(flows.minimum(flows.T.tocsr()).sum()), float(flows.data.sum())
        ),
    }


def transitivity(links: sparse.csr_array) -> float:
    """Return the share of paths of two links whose ends are linked.

    Parameters
    ----------
    links : scipy.sparse.csr_array of shape (n, n)
        Ones where row links to column.

    Returns
    -------
    float
        NaN without such paths.
    """
    two_paths = links @ links
    closed = float(two_paths.multiply(links).sum())
    return _ratio(closed, float(two_paths.sum()) - float(two_paths.diagonal().sum()))


def _centralisations(
    out_degree: np.ndarray, in_degree: np.ndarray, betweenness: np.ndarray, *, directed: bool
) -> dict[str, float]:
    n = len(out_degree)
    most = (n - 1) ** 2 if directed else (n - 1) * (n - 2)

    def spread(values: np.ndarray) -> float:
        return float((values.max(initial=0) - values).sum())

    return {
        "centralisation_out_degree": _ratio(spread(out_degree), most),
        "centralisation_in_degree": _ratio(spread(in_degree), most),
        "centralisation_betweenness": _ratio(spread(betweenness), (n - 1) ** 2 * (n - 2)),
    }


def _hierarchy(links: sparse.csr_array) -> float:
    """Share of pairs joined by a directed path of which only one reaches the other."""
    count, component = csgraph.connected_components(links, directed=True, connection="strong")
    sizes = np.bincount(component, minlength=count).astype(float)
    rows, columns = links.tocoo().coords
    # Within a strong component all reach each other; between components the paths run one way.
    between = sparse.csr_array(
        (np.ones(len(rows)), (component[rows], component[columns])), shape=(count, count)
    )
    one_way = 0.0
    for start in range(count):
        found = csgraph.breadth_first_order(between, start, return_predecessors=False)
        one_way += sizes[start] * (sizes[found].sum() - sizes[start])
    mutual = float((sizes * (sizes - 1)).sum()) / 2
    return _ratio(one_way, one_way + mutual)


def _krackhardt_efficiencies(links: sparse.csr_array, weak: np.ndarray) -> tuple[float, float]:
    sizes = np.bincount(weak, minlength=1)
    needed = int((sizes - 1).sum())
    arcs = links.nnz
    pairs = links.maximum(links.T.tocsr()).nnz // 2
    possible = int((sizes * (sizes - 1)).sum())
    return (
        1.0 - _ratio(arcs - needed, possible - needed),
        1.0 - _ratio(pairs - needed, possible // 2 - needed),
    )
