"""Backbones by the shape of the whole network: shortest-path salience and planarity."""

from __future__ import annotations

import networkx as nx
import numpy as np
from scipy import sparse

from networks.backbone_rules import cells, ranked_pairs
from networks.backbones import Backbone, assemble_backbone, link_ends
from networks.paths import TIE_TOLERANCE, distance_blocks, link_costs, without_detours
from networks.rigid_core import never_joined
from networks.types import LinkageNetwork
from spatial.errors import ConfigError
from spatial.options import LinkEnds, PathCost, checked_option

FAILURES = 8
"""Failed planarity tests after which the pairs that can no longer be joined are sought."""


def salience_backbone(
    network: LinkageNetwork,
    *,
    threshold: float = 0.5,
    cost: PathCost = "inverse",
    ends: LinkEnds = "either",
) -> Backbone:
    r"""Keep the links that lie on the shortest-path trees of most cities.

    .. math:: S_{ij} = \frac{1}{n} \sum_{r} T_{ij}(r)

    where T(r) is 1 on the tree of shortest paths of root r, path costs being 1 / flow.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    threshold : float
        Links with salience above it are kept, between 0 and 1.
    cost : {"inverse", "hops"}
        What a step along a link costs: 1 / flow, or 1.
    ends : {"either", "both"}
        A directed link has a salience on the trees of paths that start at the roots, and one on
        the trees of paths that end there: from a hub to its small cities the first is high, from
        the small cities to the hub the second. ``either`` takes the larger, ``both`` the smaller.

    Returns
    -------
    Backbone
        ``table`` has the column ``score``: salience, between 0 and 1. On most networks nearly all
        links are close to 0 or to 1, so the threshold hardly matters: the sweep shows it.

    Notes
    -----
    Where several shortest paths tie, the last steps into a city share its place in the tree. With
    both kinds of trees the backbone of the transpose is the transpose. The number of roots is
    that of all cities, isolates too.

    References
    ----------
    Grady, Thiemann and Brockmann (2012), doi:10.1038/ncomms1847.
    """
    if not 0 <= threshold < 1:
        raise ConfigError(f"threshold={threshold!r}: a salience threshold lies in [0, 1).")
    checked_option(ends, LinkEnds, name="ends")
    costs = link_costs(network, cost)
    outgoing, at = _salience(costs), link_ends(network.flows)
    if network.directed:
        incoming = _salience(sparse.csr_array(costs.T.tocsr())).T.tocsr()
        choose = np.maximum if ends == "either" else np.minimum
        trees = choose(cells(outgoing, *at), cells(incoming, *at))
    else:
        trees = cells(sparse.csr_array(outgoing + outgoing.T), *at)
    score = trees / max(network.n, 1)
    return assemble_backbone(
        network,
        score > threshold * (1.0 + TIE_TOLERANCE),
        {"score": score},
        method="salience",
        function="salience_backbone",
        options={"threshold": threshold, "cost": cost, "ends": ends},
        words=f"links of salience above {threshold:g}",
    )


def _salience(costs: sparse.csr_array) -> sparse.csr_array:
    """Trees, rooted at all cities, that use an arc; ties share."""
    short = without_detours(costs)
    rows, columns = link_ends(short)
    total = np.zeros(short.nnz)
    for sources, block in distance_blocks(short):
        start, end = block[:, rows], block[:, columns]
        with np.errstate(invalid="ignore"):  # infinity minus infinity: both out of reach
            tight = (start + short.data - end <= TIE_TOLERANCE * end) & (end > start)
        which, arc = np.nonzero(tight)
        state = which * short.shape[0] + columns[arc]
        ways = np.bincount(state, minlength=len(sources) * short.shape[0])
        total += np.bincount(arc, weights=1.0 / ways[state], minlength=short.nnz)
    return sparse.csr_array((total, short.indices, short.indptr), shape=short.shape)


def planar_backbone(network: LinkageNetwork) -> Backbone:
    """Keep the strongest links that can be drawn without crossings (PMFG).

    Pairs enter from the strongest down, each unless it would make the network non-planar. At most
    3(n - 2) pairs stay; the maximum spanning tree is always among them.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        In a directed network pairs are ranked by the sum of both directions, and both directions
        of a chosen pair are kept; so the backbone of the transpose is the transpose.

    Returns
    -------
    Backbone
        ``table`` has the column ``score`` = strength of the pair.

    Notes
    -----
    Among pairs of equal strength the one with the first labels comes first, whatever the order of
    cities. A planarity test takes about n steps in Python. Most pairs need none: two cities that
    share no face of a rigid part of the drawing can never be joined. A thousand cities still take
    a minute or more, so thin large dense networks first.

    References
    ----------
    Tumminello, Aste, Di Matteo and Mantegna (2005), doi:10.1073/pnas.0500298102.
    """
    first, second, both = ranked_pairs(network)
    graph = nx.Graph()
    graph.add_nodes_from(range(network.n))
    most = 3 * (network.n - 2) if network.n >= 3 else network.n - 1
    linked = nx.utils.UnionFind(range(network.n))
    waiting, place, failures, news = np.column_stack([first, second]), 0, 0, False
    while place < len(waiting) and graph.number_of_edges() < most:
        one, other = waiting[place].tolist()
        place += 1
        graph.add_edge(one, other)
        # A pair that joins two components crosses nothing.
        if linked[one] != linked[other] or nx.check_planarity(graph)[0]:
            linked.union(one, other)
            news = True
            continue
        graph.remove_edge(one, other)
        failures += 1
        if failures >= FAILURES and news:
            rest = waiting[place:]
            waiting, place = rest[~never_joined(graph, rest)], 0
            failures, news = 0, False
    chosen = nx.to_scipy_sparse_array(graph, nodelist=range(network.n), dtype=float)
    rows, columns = link_ends(network.flows)
    return assemble_backbone(
        network,
        cells(sparse.csr_array(chosen), rows, columns).astype(bool),
        {"score": cells(both, rows, columns)},
        method="planar",
        function="planar_backbone",
        options={},
        words="planar maximally filtered network",
    )
