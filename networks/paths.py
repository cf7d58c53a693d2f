"""Shortest paths over links: costs from strengths, distances, and betweenness with fair ties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from networks.hops import hop_blocks
from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities
from spatial.errors import EstimationError, WeightsError, listed
from spatial.options import PathCost, checked_option

TIE_TOLERANCE = 1e-10
"""Relative gap under which two paths are equally short: sums of reciprocals round differently
along different ways, and an arbitrary winner would make betweenness depend on units and order."""

CELLS_IN_A_BLOCK = 3_000_000
"""Pairs of source and link looked at in one go: about 24 MB for each temporary."""

SHALLOW_DEGREE = 6
"""From this many links a city, networks of equal costs are searched level by level: few levels."""

PIVOTS = 24
"""Hubs through which detours are tried before the search (see ``without_detours``)."""


@dataclass(frozen=True, slots=True)
class PathMeasures:
    """Sums over shortest paths between ordered pairs of n cities.

    Attributes
    ----------
    reached, reached_from : numpy.ndarray of int, shape (n,)
        Other cities that a city reaches, and that reach it.
    distance, distance_from : numpy.ndarray of shape (n,)
        Sums of path costs to them and from them.
    inverse, inverse_from : numpy.ndarray of shape (n,)
        Sums of reciprocal path costs.
    betweenness : numpy.ndarray of shape (n,)
        Share of the shortest paths between ordered pairs of other cities that run through a city,
        summed over pairs.
    longest : float
        Greatest path cost between cities that reach each other, 0 without links.
    """

    reached: np.ndarray
    reached_from: np.ndarray
    distance: np.ndarray
    distance_from: np.ndarray
    inverse: np.ndarray
    inverse_from: np.ndarray
    betweenness: np.ndarray
    longest: float


def link_costs(network: LinkageNetwork, cost: PathCost | pd.DataFrame) -> sparse.csr_array:
    """Turn the links of a network into path costs; a strength is never used as one.

    Parameters
    ----------
    network : LinkageNetwork
    cost : {"inverse", "hops"} or pandas.DataFrame of shape (n, n)
        ``inverse``: 1 / flow, a strong link is short. ``hops``: every link counts 1. A labelled
        table gives the cost of each link, for example km or hours.

    Returns
    -------
    scipy.sparse.csr_array of shape (n, n)
        Positive entries where links are.

    Raises
    ------
    ConfigError
        If ``cost`` is no known word.
    AlignmentError
        If the table holds other cities.
    WeightsError
        If a link has no positive cost, or the table is the flows themselves.
    """
    flows = network.flows
    if not isinstance(cost, pd.DataFrame):
        checked_option(cost, PathCost, name="cost")
        data = 1.0 / flows.data if cost == "inverse" else np.ones(flows.nnz)
        return sparse.csr_array((data, flows.indices, flows.indptr), shape=flows.shape)
    for labels, name in ((cost.index, "the rows of cost"), (cost.columns, "the columns of cost")):
        require_same_cities(
            pd.Index(labels), network.cities, left_name=name, right_name="the network"
        )
    square = cost.loc[list(network.cities), list(network.cities)].to_numpy(dtype=float)
    rows, columns = flows.tocoo().coords
    data = square[rows, columns]
    bad = ~np.isfinite(data) | (data <= 0)
    if bad.any():
        pairs = zip(network.cities[rows[bad]], network.cities[columns[bad]], strict=True)
        raise WeightsError(
            f"{int(bad.sum())} links have no positive cost: {listed(pairs)}. Every link of the "
            "network needs a finite cost above zero."
        )
    if flows.nnz and np.array_equal(data, flows.data) and len(np.unique(data)) > 1:
        raise WeightsError(
            "The table given as cost holds the flows of the network: a strength is no distance. "
            "Use cost='inverse' for 1 / flow, or give distances or travel times."
        )
    return sparse.csr_array((data, flows.indices, flows.indptr), shape=flows.shape)


def path_measures(costs: sparse.csr_array, *, betweenness: bool = True) -> PathMeasures:
    """Sum distances and betweenness over the shortest paths of a network.

    Parameters
    ----------
    costs : scipy.sparse.csr_array of shape (n, n)
        Positive costs of links, row to column.
    betweenness : bool
        False leaves betweenness at zero, which saves half the time.

    Returns
    -------
    PathMeasures

    Notes
    -----
    Distances come from Dijkstra's algorithm (scipy). Links that no shortest path can use are
    dropped first. Betweenness follows Brandes (2001), doi:10.1080/0022250X.2001.9990249, for a
    block of sources at a time: shortest paths are counted forwards along the links that lie on
    one, dependencies are summed backwards. Paths whose costs differ by less than 1e-10
    (relative) tie.
    """
    n = costs.shape[0]
    if costs.nnz >= SHALLOW_DEGREE * n and np.ptp(costs.data) == 0:
        return _equal_cost_measures(costs, betweenness=betweenness)
    reached, reached_from = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    distance, distance_from, inverse, inverse_from, between = np.zeros((5, n))
    longest = 0.0
    short = without_detours(costs)
    for sources, block in distance_blocks(short):
        block[np.arange(len(sources)), sources] = np.inf
        found = np.isfinite(block)
        known = np.where(found, block, 0.0)
        reciprocal = 1.0 / block
        reached[sources] = found.sum(axis=1)
        reached_from += found.sum(axis=0)
        distance[sources] = known.sum(axis=1)
        distance_from += known.sum(axis=0)
        inverse[sources] = reciprocal.sum(axis=1)
        inverse_from += reciprocal.sum(axis=0)
        longest = max(longest, float(known.max(initial=0.0)))
        if betweenness:
            block[np.arange(len(sources)), sources] = 0.0
            between += _dependencies(short, sources, block)
    return PathMeasures(
        reached, reached_from, distance, distance_from, inverse, inverse_from, between, longest
    )


def _equal_cost_measures(costs: sparse.csr_array, *, betweenness: bool) -> PathMeasures:
    """Sum over paths of links that cost the same: levels instead of Dijkstra's algorithm."""
    n, each = costs.shape[0], float(costs.data[0])
    links = sparse.csr_array((np.ones(costs.nnz), costs.indices, costs.indptr), shape=costs.shape)
    reached, reached_from = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    distance, distance_from, inverse, inverse_from, between = np.zeros((5, n))
    longest = 0
    for block in hop_blocks(links, betweenness=betweenness):
        found = block.hops > 0
        known = np.where(found, block.hops, 0)
        reciprocal = np.divide(1.0, known, out=np.zeros(known.shape), where=found)
        reached[block.sources] = found.sum(axis=0)
        reached_from += found.sum(axis=1)
        distance[block.sources] = known.sum(axis=0)
        distance_from += known.sum(axis=1)
        inverse[block.sources] = reciprocal.sum(axis=0)
        inverse_from += reciprocal.sum(axis=1)
        between += block.dependency
        longest = max(longest, int(known.max(initial=0)))
    return PathMeasures(
        reached,
        reached_from,
        distance * each,
        distance_from * each,
        inverse / each,
        inverse_from / each,
        between,
        longest * each,
    )


def distance_blocks(costs: sparse.csr_array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield path costs from blocks of sources.

    Parameters
    ----------
    costs : scipy.sparse.csr_array of shape (n, n)

    Yields
    ------
    sources : numpy.ndarray of int, shape (b,)
    distances : numpy.ndarray of shape (b, n)
        Infinite where there is no path.
    """
    n = costs.shape[0]
    step = max(1, CELLS_IN_A_BLOCK // max(n, costs.nnz, 1))
    for start in range(0, n, step):
        sources = np.arange(start, min(start + step, n))
        yield sources, csgraph.dijkstra(costs, indices=sources)


def without_detours(costs: sparse.csr_array) -> sparse.csr_array:
    """Drop links that are longer than a path through one of a few hubs.

    Such a link lies on no shortest path, so distances stay exactly the same, but on networks of
    uneven strengths most links go and the search gets several times faster.

    Parameters
    ----------
    costs : scipy.sparse.csr_array of shape (n, n)

    Returns
    -------
    scipy.sparse.csr_array of shape (n, n)
    """
    n = costs.shape[0]
    if costs.nnz < 8 * n or n < 3 * PIVOTS or (costs.nnz and np.ptp(costs.data) == 0):
        return costs
    nearness = np.bincount(costs.indices, weights=1.0 / costs.data, minlength=n)
    hubs = np.argsort(-nearness, kind="stable")[:PIVOTS]
    from_hub = csgraph.dijkstra(costs, indices=hubs)
    to_hub = csgraph.dijkstra(costs.T.tocsr(), indices=hubs)
    rows, columns = costs.tocoo().coords
    needed = np.ones(costs.nnz, dtype=bool)
    bound = costs.data * (1.0 - 10.0 * TIE_TOLERANCE)
    for there, back in zip(to_hub, from_hub, strict=True):
        needed &= there[rows] + back[columns] >= bound
    return sparse.csr_array((costs.data[needed], (rows[needed], columns[needed])), shape=(n, n))


def _dependencies(costs: sparse.csr_array, sources: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Sum the dependencies of a block of sources on every city.

    Cities seen from a source are states: state = row in the block * n + city.
    """
    n = costs.shape[0]
    tail, head, paths, levels = _shortest_path_links(costs, sources, block)
    dependency = np.zeros(block.size)
    for level in reversed(levels):
        start, end = tail[level], head[level]
        np.add.at(dependency, start, paths[start] / paths[end] * (1.0 + dependency[end]))
    dependency[np.arange(len(sources)) * n + sources] = 0.0
    return dependency.reshape(block.shape).sum(axis=0)


def _shortest_path_links(
    costs: sparse.csr_array, sources: np.ndarray, block: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Links on shortest paths as pairs of states, numbers of paths, and links level by level."""
    n = costs.shape[0]
    rows = np.repeat(np.arange(n), np.diff(costs.indptr))
    start, end = block[:, rows], block[:, costs.indices]
    with np.errstate(invalid="ignore"):  # infinity minus infinity: both cities out of reach
        tight = (start + costs.data - end <= TIE_TOLERANCE * end) & (end > start)
    which, link = np.nonzero(tight)
    tail, head = which * n + rows[link], which * n + costs.indices[link]
    waiting = np.bincount(head, minlength=block.size)
    begin = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=block.size))])
    paths = np.zeros(block.size)
    frontier = np.arange(len(sources)) * n + sources
    paths[frontier] = 1.0
    levels = []
    while len(frontier):
        count = begin[frontier + 1] - begin[frontier]
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        links = np.repeat(begin[frontier], count) + offset
        if not len(links):
            break
        levels.append(links)
        np.add.at(paths, head[links], paths[tail[links]])
        np.subtract.at(waiting, head[links], 1)
        touched = np.unique(head[links])
        frontier = touched[waiting[touched] == 0]
    if ((paths == 0) & np.isfinite(block.ravel())).any():
        raise EstimationError(
            "Costs of links differ by more than fifteen orders of magnitude, so that short links "
            "vanish beside long ones. Thin the network by a backbone, or measure with cost='hops'."
        )
    return tail, head, paths, levels
