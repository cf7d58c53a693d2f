"""Paths between two cities that share no other city, counted by Menger's theorem."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from spatial.errors import ConfigError


def mean_independent_paths(
    links: sparse.csr_array, *, pairs: int | None, generator: np.random.Generator | None
) -> tuple[float, int]:
    """Return the mean number of node-independent paths between pairs of cities.

    Parameters
    ----------
    links : scipy.sparse.csr_array of shape (n, n)
        Symmetric, ones where cities are linked.
    pairs : int or None
        How many random pairs; None for all.
    generator : numpy.random.Generator or None
        Needed for random pairs.

    Returns
    -------
    mean : float
        NaN without pairs.
    n_pairs : int

    Raises
    ------
    ConfigError
        If ``pairs`` is not positive.

    Notes
    -----
    By Menger's theorem the number is a maximum flow through cities of capacity one; a direct link
    is one more path. Most pairs need no flow: pairs in different components have no path, pairs
    without a common block (biconnected component) have one, and the smaller degree is an upper
    bound that a direct link and common neighbours often reach.
    """
    if pairs is not None and pairs < 1:
        raise ConfigError(f"pairs={pairs!r}: at least one pair is needed.")
    n = links.shape[0]
    first, second = np.triu_indices(n, 1)
    if pairs is not None and generator is not None and pairs < len(first):
        chosen = np.sort(generator.choice(len(first), size=pairs, replace=False))
        first, second = first[chosen], second[chosen]
    if not len(first):
        return float("nan"), 0
    counts = independent_paths(links, first, second)
    return float(counts.mean()), len(counts)


def independent_paths(links: sparse.csr_array, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the numbers of node-independent paths between given pairs of cities.

    Parameters
    ----------
    links : scipy.sparse.csr_array of shape (n, n)
        Symmetric, ones where cities are linked.
    first, second : numpy.ndarray of int, shape (k,)
        Ends, different from each other.

    Returns
    -------
    numpy.ndarray of int, shape (k,)
    """
    links = sparse.csr_array(links)
    degree = np.diff(links.indptr)
    _, component = csgraph.connected_components(links, directed=False)
    together = component[first] == component[second]
    most = np.where(together, np.minimum(degree[first], degree[second]), 0)
    direct = np.asarray(links[first, second]).ravel() > 0
    common = np.asarray(sparse.csr_array(links @ links)[first, second]).ravel()
    # A block of three or more cities is a circle at least; outside, all paths share a city.
    circled = _in_one_block(links, first, second)
    sure = np.maximum(direct + common, together.astype(int) + circled).astype(int)
    most = np.where(circled, most, np.minimum(most, 1))
    counts = np.minimum(sure, most)
    open_pairs = np.flatnonzero(sure < most)
    if len(open_pairs):
        capacity = _split(links)
        for pair in open_pairs:
            counts[pair] = _flow(capacity, int(first[pair]), int(second[pair]))
    return counts


def _split(links: sparse.csr_array) -> sparse.csr_array:
    """Split every city into an entrance and an exit joined by capacity one.

    City i enters at i and leaves at n + i.
    """
    n = links.shape[0]
    rows, columns = links.tocoo().coords
    tail = np.concatenate([np.arange(n), n + rows])
    head = np.concatenate([n + np.arange(n), columns])
    ones = np.ones(len(tail), dtype=np.int32)
    return sparse.csr_array((ones, (tail, head)), shape=(2 * n, 2 * n))


def _flow(capacity: sparse.csr_array, source: int, sink: int) -> int:
    n = capacity.shape[0] // 2
    found = csgraph.maximum_flow(capacity, n + source, sink)
    return int(found.flow_value)


def _in_one_block(links: sparse.csr_array, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Tell which pairs lie in a common block of at least three cities."""
    membership = _blocks(links)
    shared = sparse.csr_array(membership @ membership.T)
    return np.asarray(shared[first, second]).ravel() > 0


def _blocks(links: sparse.csr_array) -> sparse.csr_array:
    """Return cities x blocks of three or more, ones where a city belongs to a block."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_edges_from(zip(*sparse.triu(links, k=1).tocoo().coords, strict=True))
    found = (part for part in nx.biconnected_components(graph) if len(part) > 2)
    parts = [np.fromiter(part, dtype=int) for part in found]
    rows = np.concatenate(parts) if parts else np.zeros(0, dtype=int)
    columns = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return sparse.csr_array(
        (np.ones(len(rows)), (rows, columns)), shape=(links.shape[0], len(parts))
    )
