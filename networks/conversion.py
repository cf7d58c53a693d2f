"""Networks to and from igraph, which is imported only when it is asked for."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.types import LinkageNetwork
from spatial.errors import ConfigError, WeightsError, listed

if TYPE_CHECKING:
    import igraph


def network_to_igraph(network: LinkageNetwork) -> igraph.Graph:
    """Return an igraph graph with vertex attribute ``name`` and edge attribute ``strength``.

    Parameters
    ----------
    network : LinkageNetwork
        Isolates are kept; undirected pairs give one edge.

    Returns
    -------
    igraph.Graph
        The attribute is not called ``weight``, which igraph takes for a length in shortest paths
        and for a strength in communities.

    Raises
    ------
    ConfigError
        If igraph is not installed.
    """
    graph_type = _imported_igraph().Graph
    flows = network.flows if network.directed else sparse.triu(network.flows, k=1)
    coo = flows.tocoo()
    graph = graph_type(n=network.n, directed=network.directed)
    graph.vs["name"] = [str(city) for city in network.cities]
    graph.add_edges(zip(coo.coords[0].tolist(), coo.coords[1].tolist(), strict=True))
    graph.es["strength"] = coo.data.tolist()
    return graph


def network_from_igraph(
    graph: igraph.Graph,
    *,
    strength: str = "strength",
    name: str = "name",
    unit: str = "",
    year: int | None = None,
    description: str = "",
) -> LinkageNetwork:
    """Build a network from an igraph graph.

    Parameters
    ----------
    graph : igraph.Graph
    strength : str
        Edge attribute that holds strengths; it must be on every edge.
    name : str
        Vertex attribute that holds city ids.
    unit, year, description
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Cities in the order of the vertices.

    Raises
    ------
    WeightsError
        If the graph has parallel edges, or lacks the attributes.
    """
    if graph.has_multiple():
        raise WeightsError("The graph has parallel edges; add them up to one edge for each pair.")
    for wanted, known, what in (
        (name, graph.vs.attributes(), "vertices"),
        (strength, graph.es.attributes(), "edges"),
    ):
        if wanted not in known and (what == "vertices" or graph.ecount()):
            raise WeightsError(
                f"The {what} of the graph have no attribute {wanted!r}; they have {listed(known)}."
            )
    cities = pd.Index(graph.vs[name])
    ends = np.array(graph.get_edgelist(), dtype=int).reshape(-1, 2)
    values = np.array(_strengths(graph, strength, cities, ends))
    size = (len(cities), len(cities))
    flows = sparse.csr_array((values, (ends[:, 0], ends[:, 1])), shape=size)
    directed = bool(graph.is_directed())
    if not directed:
        flows = flows + flows.T - sparse.diags_array(flows.diagonal())
    return LinkageNetwork(
        cities, sparse.csr_array(flows), directed, unit, year, description or "igraph graph"
    )


def _strengths(
    graph: igraph.Graph, strength: str, cities: pd.Index, ends: np.ndarray
) -> list[float]:
    values: list[Any] = graph.es[strength] if graph.ecount() else []
    bare = [number for number, value in enumerate(values) if value is None]
    if bare:
        pairs = zip(cities[ends[bare, 0]], cities[ends[bare, 1]], strict=True)
        raise WeightsError(
            f"Edges without the attribute {strength!r}: {listed(pairs)}; name the attribute that "
            "holds strengths as strength=."
        )
    return [float(value) for value in values]


def _imported_igraph() -> ModuleType:
    try:
        import igraph
    except ImportError as error:
        raise ConfigError(
            "igraph is not installed, and interurban does not bring it along because of its "
            "licence; install it by 'pip install igraph', or use to_networkx()."
        ) from error
    return igraph
