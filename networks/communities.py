"""Communities of cities by the Leiden or Louvain algorithm, numbered by size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from networks.louvain import louvain
from networks.types import LinkageNetwork
from spatial.alignment import aligned_series
from spatial.errors import ConfigError
from spatial.options import CommunityAlgorithm, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class Communities(Result):
    """Which community each city belongs to.

    Attributes
    ----------
    membership : pandas.Series of int
        Index: city ids in the order of the network. 1 is the largest community; among equal sizes
        the one with the greater internal flow, then the one with the first label. Isolates are
        communities of one city.
    modularity : float
        Of the membership, at the resolution used; NaN without links.
    sizes : pandas.Series of int
        Index: community.
    configuration : Configuration
    """

    membership: pd.Series
    modularity: float
    sizes: pd.Series
    configuration: Configuration

    @property
    def n_communities(self) -> int:
        """Number of communities, isolates included."""
        return len(self.sizes)

    def tidy(self) -> pd.DataFrame:
        """Return a row for each city: ``community`` and ``community_size``."""
        return pd.DataFrame(
            {"community": self.membership, "community_size": self.membership.map(self.sizes)}
        )


def communities(
    network: LinkageNetwork,
    *,
    resolution: float = 1.0,
    algorithm: CommunityAlgorithm = "leiden",
    directed: bool = False,
    trials: int = 10,
    rng: RandomSource = None,
) -> Communities:
    r"""Find groups of cities that are linked more strongly inside than between them.

    The algorithm looks for the membership c of the highest modularity

    .. math:: Q = \frac{1}{2m} \sum_{ij} \left( a_{ij} - \gamma \frac{s_i s_j}{2m} \right)
              [c_i = c_j], \qquad 2m = \sum_{ij} a_{ij}

    or, with ``directed``, of the highest directed modularity

    .. math:: Q = \frac{1}{m} \sum_{ij} \left( f_{ij} - \gamma \frac{s_i^{out} s_j^{in}}{m} \right)
              [c_i = c_j], \qquad m = \sum_{ij} f_{ij}

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Of a directed network the sum of both directions is used, a_ij = f_ij + f_ji, unless
        ``directed``.
    resolution : float
        gamma, positive; above 1 more and smaller communities.
    algorithm : {"leiden", "louvain"}
        Leiden gives communities that hang together, and as a rule no lower modularity.
    directed : bool
        Use the directed modularity. The Leiden algorithm then gives the start, from which cities
        and communities are moved in the manner of Louvain.
    trials : int
        Independent runs, of which the best is kept.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    Communities

    Raises
    ------
    ConfigError
        If the resolution or the number of trials is not positive.

    References
    ----------
    Traag, Waltman and van Eck (2019), doi:10.1038/s41598-019-41695-z;
    Blondel et al. (2008), doi:10.1088/1742-5468/2008/10/P10008;
    Leicht and Newman (2008), doi:10.1103/PhysRevLett.100.118703.
    """
    checked_option(algorithm, CommunityAlgorithm, name="algorithm")
    if not (np.isfinite(resolution) and resolution > 0):
        raise ConfigError(f"resolution={resolution!r}: the resolution is a positive number.")
    if trials < 1:
        raise ConfigError(f"trials={trials!r}: at least one run is needed.")
    generator, seed = seeded_generator(rng)
    # Sorted labels make the answer free of the order in which cities are given.
    order = np.argsort(network.cities.astype(str).to_numpy(), kind="stable")
    flows = network.flows[order][:, order]
    both = sparse.csr_array(flows + flows.T) if network.directed else flows
    measured = sparse.csr_array(flows) if directed else both
    if algorithm == "leiden":
        starts = [_leiden(both, resolution, trials, seed)]
    else:
        starts = [np.arange(network.n)] * trials
    if directed or algorithm == "louvain":
        tried = [louvain(measured, resolution, generator, start=start) for start in starts]
        labels = max(tried, key=lambda codes: _modularity(measured, codes, resolution))
    else:
        labels = starts[0]
    numbered = _numbered_by_size(labels, both)
    in_given_order = np.empty_like(numbered)
    in_given_order[order] = numbered
    membership = pd.Series(in_given_order, index=network.cities, name="community")
    sizes = pd.Series(
        np.bincount(numbered)[1:],
        index=pd.RangeIndex(1, numbered.max(initial=0) + 1, name="community"),
        name="size",
    )
    return Communities(
        membership,
        _modularity(measured, numbered, resolution),
        sizes,
        Configuration(
            function="communities",
            options={
                "resolution": resolution,
                "trials": trials,
                "algorithm": algorithm,
                "directed": directed,
            },
            seed=seed,
            weights=network.description,
        ),
    )


def modularity(
    network: LinkageNetwork,
    membership: pd.Series,
    *,
    resolution: float = 1.0,
    directed: bool = False,
) -> float:
    """Return the modularity of a given membership (formula in ``communities``).

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Of a directed network the sum of both directions is used, unless ``directed``.
    membership : pandas.Series of int, shape (n,)
        Matched by label.
    resolution : float
    directed : bool
        The directed modularity, whose chance flows keep what each city sends and receives.

    Returns
    -------
    float
        NaN for a network without links.
    """
    numbers = aligned_series(membership, network.cities, what="membership").to_numpy()
    flows = network.flows
    both = sparse.csr_array(flows + flows.T) if network.directed and not directed else flows
    return _modularity(both, np.unique(numbers, return_inverse=True)[1], resolution)


def _leiden(flows: sparse.csr_array, resolution: float, trials: int, seed: int) -> np.ndarray:
    """Labels of any numbering; isolates get labels of their own."""
    n = flows.shape[0]
    labels = np.arange(n) + n
    upper = sparse.csr_array(sparse.triu(flows, k=1))
    upper.sort_indices()  # the order of edges steers the algorithm
    if not upper.nnz:
        return labels
    from graspologic_native import leiden

    # Strengths are scaled, because the library works in absolute gains.
    scale = float(upper.data.max())
    edges = [
        (str(one), str(other), float(value) / scale)
        for one, other, value in zip(*upper.tocoo().coords, upper.data, strict=True)
    ]
    _, found = leiden(edges, resolution=resolution, seed=seed, trials=trials, iterations=2)
    for city, community in found.items():
        labels[int(city)] = community
    return labels


def _numbered_by_size(labels: np.ndarray, flows: sparse.csr_array) -> np.ndarray:
    """Renumber from 1: by size, then internal flow, then the first city in sorted order."""
    _, first, codes, size = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rows, columns = flows.tocoo().coords
    inside = codes[rows] == codes[columns]
    internal = np.bincount(codes[rows][inside], weights=flows.data[inside], minlength=len(size))
    rank = np.empty(len(size), dtype=int)
    rank[np.lexsort((first, -internal, -size))] = np.arange(1, len(size) + 1)
    return rank[codes]


def _modularity(flows: sparse.csr_array, codes: np.ndarray, resolution: float) -> float:
    total = float(flows.data.sum())
    if total == 0:
        return float("nan")
    rows, columns = flows.tocoo().coords
    inside = float(flows.data[codes[rows] == codes[columns]].sum())
    sent, received = (
        np.bincount(codes, weights=np.asarray(flows.sum(axis=axis)).ravel()) for axis in (1, 0)
    )
    return inside / total - resolution * float((sent / total * (received / total)).sum())
