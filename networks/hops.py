"""Shortest paths where every link counts the same: a search by levels for many sources at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

CELLS_IN_A_BLOCK = 3_000_000
"""Pairs of city and source held at a time: about 24 MB for each temporary."""

DENSE_SHARE = 0.1
"""Above this density the products of a dense matrix are quicker."""


@dataclass(frozen=True, slots=True)
class HopBlock:
    """What a search from b sources finds.

    Attributes
    ----------
    sources : numpy.ndarray of int, shape (b,)
    hops : numpy.ndarray of int, shape (n, b)
        Links on the shortest path from each source (column) to each city, -1 out of reach.
    dependency : numpy.ndarray of shape (n,)
        Share of shortest paths through a city, summed over sources and ends; 0 if not asked for.
    """

    sources: np.ndarray
    hops: np.ndarray
    dependency: np.ndarray


def hop_blocks(links: sparse.csr_array, *, betweenness: bool) -> Iterator[HopBlock]:
    """Search from every city, a block of sources at a time.

    Parameters
    ----------
    links : scipy.sparse.csr_array of shape (n, n)
        Ones where row links to column.
    betweenness : bool
        Whether dependencies are summed.

    Yields
    ------
    HopBlock

    Notes
    -----
    One level of the search for all sources of a block is one matrix product; paths are counted on
    the way out and dependencies summed on the way back (Brandes 2001,
    doi:10.1080/0022250X.2001.9990249).
    """
    n = links.shape[0]
    forward = links.toarray() if links.nnz > DENSE_SHARE * n * n else links
    backward = forward.T.copy() if isinstance(forward, np.ndarray) else links.T.tocsr()
    step = max(1, CELLS_IN_A_BLOCK // max(n, 1))
    for start in range(0, n, step):
        sources = np.arange(start, min(start + step, n))
        hops, paths = _search(backward, sources)
        dependency = _dependency(forward, hops, paths, sources) if betweenness else np.zeros(n)
        yield HopBlock(sources, hops, dependency)


def _search(
    backward: np.ndarray | sparse.csr_array, sources: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Hops and numbers of shortest paths, both of shape (n, b)."""
    n, b = backward.shape[0], len(sources)
    hops = np.full((n, b), -1, dtype=np.int32)
    paths = np.zeros((n, b))
    hops[sources, np.arange(b)] = 0
    paths[sources, np.arange(b)] = 1.0
    frontier, level = paths.copy(), 0
    while frontier.any():
        level += 1
        frontier = np.where(hops < 0, backward @ frontier, 0.0)
        hops[frontier > 0] = level
        paths += frontier
    return hops, paths


def _dependency(
    forward: np.ndarray | sparse.csr_array,
    hops: np.ndarray,
    paths: np.ndarray,
    sources: np.ndarray,
) -> np.ndarray:
    dependency = np.zeros(hops.shape)
    for level in range(int(hops.max(initial=0)), 1, -1):
        shares = np.divide(1.0 + dependency, paths, out=np.zeros_like(paths), where=hops == level)
        dependency += np.where(hops == level - 1, paths * (forward @ shares), 0.0)
    dependency[sources, np.arange(len(sources))] = 0.0
    return dependency.sum(axis=1)
