"""The type that carries a linkage network: who sends to whom, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_same_cities, require_unique
from spatial.errors import AlignmentError, ConfigError, WeightsError, listed
from spatial.options import Symmetrisation, checked_option
from spatial.weights.types import Weights

if TYPE_CHECKING:
    import igraph
    import networkx as nx

Reading = Literal["receive", "send"]

SYMMETRY_TOLERANCE = 1e-9
"""Largest gap between the two directions of an undirected link, relative to the largest flow:
well above the rounding of sums in another order, well below any difference in data."""


@dataclass(frozen=True, repr=False)
class LinkageNetwork:
    """Linkages between n cities; **row i sends to column j**.

    Attributes
    ----------
    cities : pandas.Index of shape (n,)
        City ids, unique.
    flows : scipy.sparse.csr_array of shape (n, n)
        Strengths, zero or positive; the diagonal is empty. Strengths are never distances.
    directed : bool
        An undirected network has symmetric flows.
    unit : str
        Unit of the flows, for example ``"airlines"``.
    year : int or None
    description : str
        How the network was made, in words.
    parameters : mapping
        The same as plain values.
    inner : pandas.Series of shape (n,) or None
        Flows of cities to themselves (firms with all offices in one city, joint patents of
        neighbours), kept apart from the linkages; None where the source knows none.
    """

    cities: pd.Index
    flows: sparse.csr_array
    directed: bool
    unit: str = ""
    year: int | None = None
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inner: pd.Series | None = None

    def __post_init__(self) -> None:
        """Check labels, shape, entries and symmetry once, here."""
        require_unique(self.cities, what="network")
        n = len(self.cities)
        flows = sparse.csr_array(self.flows, dtype=float, copy=True)
        if flows.shape != (n, n):
            raise WeightsError(f"Flows have shape {flows.shape}; {n} cities need ({n}, {n}).")
        flows.sum_duplicates()
        flows.eliminate_zeros()
        wrong = ~np.isfinite(flows.data) | (flows.data < 0)
        if wrong.any():
            senders = np.unique(flows.tocoo().coords[0][wrong])
            raise WeightsError(
                f"Flows sent by {listed(self.cities[senders])} are negative, missing or infinite; "
                "flows are strengths, zero or positive."
            )
        if flows.diagonal().any():
            inside = np.flatnonzero(flows.diagonal())
            raise WeightsError(
                f"Flows of cities {listed(self.cities[inside])} to themselves; keep them apart, "
                "a linkage joins two different cities."
            )
        if not self.directed:
            gap = abs(flows - flows.T)
            if gap.nnz and gap.max() > SYMMETRY_TOLERANCE * flows.max():
                raise WeightsError(
                    "An undirected network needs the same flow in both directions; make it "
                    "directed, or make it symmetric first by .symmetrised(rule)."
                )
            if gap.nnz:  # rounding goes, so that every measure is the same from both ends
                flows = sparse.csr_array((flows + flows.T) / 2.0)
        flows.sort_indices()
        object.__setattr__(self, "flows", flows)
        object.__setattr__(self, "inner", self._checked_inner())

    def _checked_inner(self) -> pd.Series | None:
        if self.inner is None:
            return None
        require_same_cities(
            self.inner.index, self.cities, left_name="the inner flows", right_name="the network"
        )
        inner = self.inner.reindex(self.cities).astype(float)
        wrong = ~np.isfinite(inner.to_numpy()) | (inner.to_numpy() < 0)
        if wrong.any():
            raise WeightsError(
                f"Inner flows of {listed(self.cities[wrong])} are negative, missing or infinite; "
                "flows are strengths, zero or positive."
            )
        return inner.rename("inner")

    def __repr__(self) -> str:
        """Say in one line what the network is."""
        kind = "directed" if self.directed else "undirected"
        facts = [f"{self.n} cities", f"{self.n_links} {kind} links", self.unit]
        facts += [] if self.year is None else [str(self.year)]
        words = f": {self.description}" if self.description else ""
        return f"<LinkageNetwork of {', '.join(fact for fact in facts if fact)}{words}>"

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.cities)

    @property
    def n_links(self) -> int:
        """Number of links: arcs if directed, pairs if not."""
        return int(self.flows.nnz if self.directed else self.flows.nnz // 2)

    @property
    def total_flow(self) -> float:
        """Sum of flows; the flow of an undirected pair counts once."""
        return float(self.flows.data.sum()) * (1.0 if self.directed else 0.5)

    @property
    def isolates(self) -> pd.Index:
        """Cities that neither send nor receive."""
        touched = np.diff(self.flows.indptr) + np.bincount(self.flows.indices, minlength=self.n)
        return self.cities[touched == 0]

    @property
    def sent(self) -> pd.Series:
        """What each city sends: sums over rows."""
        return pd.Series(self.flows.sum(axis=1), index=self.cities, name="sent")

    @property
    def received(self) -> pd.Series:
        """What each city receives: sums over columns; undirected networks have both alike."""
        return pd.Series(self.flows.sum(axis=0), index=self.cities, name="received")

    def __add__(self, other: LinkageNetwork) -> LinkageNetwork:
        """Add the flows of two networks of the same cities, matched by label.

        Raises
        ------
        AlignmentError
            If the cities differ.
        WeightsError
            If one is directed and the other is not, or the units differ.
        """
        if not isinstance(other, LinkageNetwork):
            return NotImplemented
        require_same_cities(
            other.cities, self.cities, left_name="the second network", right_name="the first"
        )
        if self.directed != other.directed:
            words = {True: "directed", False: "undirected"}
            raise WeightsError(
                f"A {words[self.directed]} and an {words[other.directed]} network cannot be added: "
                "a pair of the undirected one counts both ways. Make the directed one symmetric "
                "first, by .symmetrised(rule)."
            )
        if self.unit != other.unit:
            raise WeightsError(
                f"Flows in {self.unit!r} and in {other.unit!r} cannot be added; bring them to one "
                "unit first, for example each divided by its total flow, and name it."
            )
        moved = other.reordered(self.cities)
        one, two = self.inner, moved.inner
        return replace(
            self,
            flows=sparse.csr_array(self.flows + moved.flows),
            year=self.year if self.year == other.year else None,
            description=f"Sum of ({self.description}) and ({other.description})",
            parameters={"kind": "sum", "of": (dict(self.parameters), dict(other.parameters))},
            inner=two if one is None else one if two is None else one + two,
        )

    def scaled(self, factor: float, *, unit: str | None = None) -> LinkageNetwork:
        """Multiply every flow by a positive number.

        Parameters
        ----------
        factor : float
        unit : str, optional
            The new unit; the old one by default.

        Returns
        -------
        LinkageNetwork
        """
        if not (np.isfinite(factor) and factor > 0):
            raise ConfigError(f"factor={factor!r}: flows are scaled by a finite positive number.")
        return replace(
            self,
            flows=_with_data(self.flows, self.flows.data * factor),
            unit=self.unit if unit is None else unit,
            description=_joined(self.description, f"times {factor:g}"),
            inner=None if self.inner is None else self.inner * factor,
        )

    def subset(self, cities: pd.Index) -> LinkageNetwork:
        """Keep the given cities, in the given order."""
        position = self.cities.get_indexer(cities)
        if (position < 0).any():
            raise AlignmentError(f"Not in the network: {listed(cities[position < 0])}.")
        inner = None if self.inner is None else self.inner.loc[list(cities)]
        return replace(self, cities=cities, flows=self.flows[position][:, position], inner=inner)

    def reordered(self, cities: pd.Index) -> LinkageNetwork:
        """Return the same network with all its cities in another order."""
        require_same_cities(cities, self.cities, left_name="the cities", right_name="the network")
        return self.subset(cities)

    def transposed(self) -> LinkageNetwork:
        """Return the network with every direction reversed."""
        return replace(
            self, flows=self.flows.T.tocsr(), description=_joined(self.description, "transposed")
        )

    def binary(self) -> LinkageNetwork:
        """Return the network with every link of strength one."""
        return replace(
            self,
            flows=_with_data(self.flows, np.ones(self.flows.nnz)),
            unit="links",
            description=_joined(self.description, "links without their strength"),
            inner=None,
        )

    def symmetrised(self, rule: Symmetrisation) -> LinkageNetwork:
        """Return an undirected network of the flows in both directions.

        Parameters
        ----------
        rule : {"max", "min", "mean", "sum", "product", "mutual"}
            How f_ij and f_ji make one strength. ``min`` and ``product`` keep mutual pairs only, as
            does ``mutual``, which takes their mean.

        Returns
        -------
        LinkageNetwork
        """
        checked_option(rule, Symmetrisation, name="rule")
        there, back = self.flows, self.flows.T.tocsr()
        if rule == "max":
            flows = there.maximum(back)
        elif rule == "min":
            flows = there.minimum(back)
        elif rule == "sum":
            flows = there + back
        elif rule == "product":
            flows = there.multiply(back)
        else:
            flows = (there + back) / 2.0
            if rule == "mutual":
                flows = flows.multiply(there.multiply(back) > 0)
        return replace(
            self,
            flows=sparse.csr_array(flows),
            directed=False,
            description=_joined(self.description, f"made symmetric by the {rule} rule"),
            parameters={**self.parameters, "symmetrised": rule},
        )

    def to_frame(self) -> pd.DataFrame:
        """Return links as a table: origin, destination, flow; undirected pairs once."""
        flows = self.flows if self.directed else sparse.triu(self.flows, k=1)
        coo = flows.tocoo()
        return pd.DataFrame(
            {
                "origin": self.cities[coo.coords[0]],
                "destination": self.cities[coo.coords[1]],
                "flow": coo.data,
            }
        )

    def to_matrix(self) -> pd.DataFrame:
        """Return flows as a square labelled table; cells without a link hold 0."""
        return pd.DataFrame(self.flows.toarray(), index=self.cities, columns=self.cities)

    def to_networkx(self) -> nx.Graph | nx.DiGraph:
        """Return a networkx graph with edge attribute ``strength``; isolates are kept."""
        import networkx as nx

        graph = nx.DiGraph() if self.directed else nx.Graph()
        graph.add_nodes_from(self.cities)
        links = self.to_frame()
        graph.add_weighted_edges_from(links.itertuples(index=False, name=None), weight="strength")
        return graph

    def to_igraph(self) -> igraph.Graph:
        """Return an igraph graph; see ``networks.conversion.network_to_igraph``."""
        from networks.conversion import network_to_igraph

        return network_to_igraph(self)

    def to_weights(self, *, reading: Reading) -> Weights:
        """Return the network as spatial weights, the reading spelled out.

        Parameters
        ----------
        reading : {"receive", "send"}
            ``receive``: city i is influenced by those who send to it, W = F'.
            ``send``: city i is influenced by those to whom it sends, W = F.

        Returns
        -------
        Weights
            Not transformed.
        """
        if reading not in ("receive", "send"):
            raise ConfigError(f"reading={reading!r} is not known; use 'receive' or 'send'.")
        matrix = self.flows.T.tocsr() if reading == "receive" else self.flows
        return Weights(
            self.cities,
            (matrix,),
            "none",
            f"{self.description}; {reading} reading",
            {**self.parameters, "reading": reading},
        )


def network_from_matrix(
    flows: pd.DataFrame,
    *,
    directed: bool = True,
    unit: str = "",
    year: int | None = None,
    description: str = "",
) -> LinkageNetwork:
    """Build a network from a square labelled table, row sends to column.

    Parameters
    ----------
    flows : pandas.DataFrame of shape (n, n)
        The same city ids on both axes, in whatever order; the diagonal must be empty or zero.
    directed : bool
    unit, year, description
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        In the order of the rows.
    """
    cities = pd.Index(flows.index)
    require_same_cities(
        cities, pd.Index(flows.columns), left_name="the rows", right_name="the columns"
    )
    values = flows.loc[:, list(cities)].to_numpy(dtype=float)
    return LinkageNetwork(
        cities, sparse.csr_array(values), directed, unit, year, description or "Table of flows"
    )


def network_from_networkx(
    graph: nx.Graph | nx.DiGraph,
    *,
    strength: str = "strength",
    unit: str = "",
    year: int | None = None,
    description: str = "",
) -> LinkageNetwork:
    """Build a network from a networkx graph.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
    strength : str
        Edge attribute that holds strengths; it must be on every edge.
    unit, year, description
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Cities in the order of the nodes.

    Raises
    ------
    WeightsError
        If the graph has parallel edges, or edges without the attribute.
    """
    if graph.is_multigraph():
        raise WeightsError("The graph has parallel edges; add them up to one edge for each pair.")
    cities = pd.Index(list(graph.nodes))
    bare = [(u, v) for u, v, data in graph.edges(data=True) if strength not in data]
    if bare:
        raise WeightsError(
            f"Edges without the attribute {strength!r}: {listed(bare)}; name the attribute that "
            "holds strengths as strength=."
        )
    position = {city: number for number, city in enumerate(graph.nodes)}
    triples = [(position[u], position[v], data[strength]) for u, v, data in graph.edges(data=True)]
    rows, columns, values = (
        (np.array(part) for part in zip(*triples, strict=True))
        if triples
        else (
            np.zeros(0, dtype=int),
            np.zeros(0, dtype=int),
            np.zeros(0),
        )
    )
    flows = sparse.csr_array((values, (rows, columns)), shape=(len(cities), len(cities)))
    directed = bool(graph.is_directed())
    if not directed:
        flows = flows + flows.T - sparse.diags_array(flows.diagonal())
    return LinkageNetwork(
        cities, sparse.csr_array(flows), directed, unit, year, description or "networkx graph"
    )


def _joined(description: str, addition: str) -> str:
    return f"{description}; {addition}" if description else addition


def _with_data(flows: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((data, flows.indices, flows.indptr), shape=flows.shape)
