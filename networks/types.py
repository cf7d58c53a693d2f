"""The type that carries a linkage network: who sends to whom, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_unique
from spatial.errors import AlignmentError, ConfigError, WeightsError, listed
from spatial.weights.types import Weights

if TYPE_CHECKING:
    import networkx as nx

Reading = Literal["receive", "send"]


@dataclass(frozen=True)
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
    """

    cities: pd.Index
    flows: sparse.csr_array
    directed: bool
    unit: str = ""
    year: int | None = None
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check labels, shape, entries and symmetry once, here."""
        require_unique(self.cities, what="network")
        n = len(self.cities)
        flows = sparse.csr_array(self.flows, dtype=float, copy=True)
        if flows.shape != (n, n):
            raise WeightsError(f"Flows have shape {flows.shape}; {n} cities need ({n}, {n}).")
        flows.sum_duplicates()
        flows.eliminate_zeros()
        if not np.isfinite(flows.data).all() or (flows.data < 0).any():
            wrong = ~np.isfinite(flows.data) | (flows.data < 0)
            rows = np.unique(flows.nonzero()[0][wrong])
            raise WeightsError(
                f"Flows sent by {listed(self.cities[rows])} are negative, missing or infinite; "
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
            if gap.nnz and gap.max() > 1e-9 * max(flows.max(), 1.0):
                raise WeightsError("An undirected network needs the same flow in both directions.")
        flows.sort_indices()
        object.__setattr__(self, "flows", flows)

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.cities)

    @property
    def n_links(self) -> int:
        """Number of links: arcs if directed, pairs if not."""
        return int(self.flows.nnz if self.directed else self.flows.nnz // 2)

    @property
    def isolates(self) -> pd.Index:
        """Cities that neither send nor receive."""
        touched = np.diff(self.flows.indptr) + np.diff(self.flows.tocsc().indptr)
        return self.cities[touched == 0]

    def subset(self, cities: pd.Index) -> LinkageNetwork:
        """Keep the given cities, in the given order."""
        position = self.cities.get_indexer(cities)
        if (position < 0).any():
            raise AlignmentError(f"Not in the network: {listed(cities[position < 0])}.")
        return LinkageNetwork(
            cities,
            self.flows[position][:, position],
            self.directed,
            self.unit,
            self.year,
            self.description,
            self.parameters,
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

    def to_networkx(self) -> nx.Graph | nx.DiGraph:
        """Return a networkx graph with edge attribute ``strength``; isolates are kept."""
        import networkx as nx

        graph = nx.DiGraph() if self.directed else nx.Graph()
        graph.add_nodes_from(self.cities)
        links = self.to_frame()
        graph.add_weighted_edges_from(links.itertuples(index=False, name=None), weight="strength")
        return graph

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


def network_from_frame(
    links: pd.DataFrame,
    cities: pd.Index,
    *,
    origin: str = "origin",
    destination: str = "destination",
    flow: str = "flow",
    directed: bool = True,
    unit: str = "",
    year: int | None = None,
    description: str = "",
) -> LinkageNetwork:
    """Build a network from a table of links; repeated pairs are refused.

    Parameters
    ----------
    links : pandas.DataFrame
        A row for each link.
    cities : pandas.Index of shape (n,)
        All cities, also those without links.
    origin, destination, flow : str
        Column names.
    directed : bool
        If False each pair may be given once, or twice with the same value.
    unit, year, description
        Carried by the network.

    Returns
    -------
    LinkageNetwork

    Raises
    ------
    AlignmentError
        If a column is missing or a link names an unknown city.
    WeightsError
        If a pair is given twice, or with two values in an undirected network.
    """
    require_unique(cities, what="cities")
    missing = [name for name in (origin, destination, flow) if name not in links.columns]
    if missing:
        raise AlignmentError(
            f"The link table lacks columns {listed(missing)}; it has {listed(links.columns)}."
        )
    sender, receiver = (
        cities.get_indexer(pd.Index(links[origin])),
        cities.get_indexer(pd.Index(links[destination])),
    )
    unknown = pd.Index(
        pd.concat([links[origin][sender < 0], links[destination][receiver < 0]]).unique()
    )
    if len(unknown):
        raise AlignmentError(
            f"Links name cities that are not in the study: {listed(unknown)}. Drop these links or "
            "add the cities."
        )
    pair = pd.MultiIndex.from_arrays([sender, receiver])
    if not pair.is_unique:
        twice = links.loc[pair.duplicated(), [origin, destination]].itertuples(
            index=False, name=None
        )
        raise WeightsError(f"Links are given more than once: {listed(twice)}; sum or drop them.")
    values = pd.to_numeric(links[flow], errors="coerce").to_numpy(dtype=float)
    flows = sparse.csr_array((values, (sender, receiver)), shape=(len(cities), len(cities)))
    if not directed:
        given_twice = flows.multiply(flows.T)
        if given_twice.nnz and abs((flows - flows.T).multiply(given_twice > 0)).max() > 0:
            raise WeightsError(
                "Undirected links are given in both directions with different values; give each "
                "pair once or make the values equal."
            )
        flows = flows.maximum(flows.T)
    return LinkageNetwork(cities, flows, directed, unit, year, description)
