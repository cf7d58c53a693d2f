r"""Pairs of vertices that no drawing of a growing planar graph can ever join.

A 3-connected planar graph has one embedding only (Whitney 1933). Where a subdivision of such a
graph is part of a planar graph G, two of its vertices that share no face of it cannot be joined in
any drawing of G, nor of any graph that contains G. One embedding so rules out thousands of pairs
that would each cost a planarity test.
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
from scipy import sparse

INNER = "inner"
"""Edge attribute: the vertices of G on the path that the edge stands for."""

PAIR_BLOCK = 200_000
"""Pairs whose faces are held in memory at once."""


def never_joined(graph: nx.Graph, pairs: np.ndarray) -> np.ndarray:
    """Mark pairs that no planar graph containing this one joins.

    Parameters
    ----------
    graph : networkx.Graph
        Planar, on the vertices 0 .. n - 1.
    pairs : numpy.ndarray of int, shape (m, 2)

    Returns
    -------
    numpy.ndarray of bool, shape (m,)
        True only where it is certain; other pairs may be impossible too.

    References
    ----------
    Whitney (1933), "2-isomorphic graphs", American Journal of Mathematics 55.
    """
    core = rigid_core(graph)
    if len(core) < 4:
        return np.zeros(len(pairs), dtype=bool)
    rows: list[int] = []
    columns: list[int] = []
    for number, face in enumerate(_faces(core)):
        for one, other in zip(face, face[1:] + face[:1], strict=True):
            around = (one, *core.edges[one, other][INNER])
            rows += around
            columns += [number] * len(around)
    shape = (graph.number_of_nodes(), max(columns) + 1)
    on_face = sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=shape)
    rigid = np.diff(on_face.indptr) > 0
    certain = rigid[pairs].all(axis=1)
    for start in range(0, len(pairs), PAIR_BLOCK):
        first, second = pairs[start : start + PAIR_BLOCK].T
        shared = on_face[first].multiply(on_face[second]).sum(axis=1)
        certain[start : start + PAIR_BLOCK] &= shared == 0
    return certain


def rigid_core(graph: nx.Graph) -> nx.Graph:
    """Return a large 3-connected graph, a subdivision of which is part of a planar graph.

    Vertices with fewer than three neighbours are removed or become part of an edge; of two sides of
    a pair of vertices that separates the graph, the larger is kept, and an edge stands for the
    other.

    Parameters
    ----------
    graph : networkx.Graph
        Planar.

    Returns
    -------
    networkx.Graph
        Its vertices are vertices of ``graph``; empty where there is no such core. Edges carry
        ``inner``, the vertices of ``graph`` on their path as far as they are known.
    """
    core = nx.Graph()
    core.add_edges_from((one, other, {INNER: ()}) for one, other in graph.edges)
    while True:
        core = _largest_block(_without_small_degrees(core))
        if len(core) < 4:
            return nx.Graph()
        if min(degree for _, degree in core.degree) < 3:
            continue
        pairs = _separating_pairs(core)
        if not pairs:
            return core
        cuts = [_cut_at(core, *pair) for pair in pairs if pair[0] in core and pair[1] in core]
        if not any(cuts):
            return nx.Graph()


def _without_small_degrees(core: nx.Graph) -> nx.Graph:
    """Remove vertices with one neighbour; merge the two edges of those with two."""
    waiting = [vertex for vertex, degree in core.degree if degree < 3]
    while waiting:
        vertex = waiting.pop()
        if vertex not in core or core.degree[vertex] > 2:
            continue
        neighbours = list(core[vertex])
        if len(neighbours) == 2:
            one, other = neighbours
            inner = (*core.edges[one, vertex][INNER], vertex, *core.edges[vertex, other][INNER])
            # Of two paths between the same ends one is enough.
            if not core.has_edge(one, other):
                core.add_edge(one, other, **{INNER: inner})
        core.remove_node(vertex)
        waiting.extend(neighbours)
    return core


def _largest_block(core: nx.Graph) -> nx.Graph:
    """Keep the largest part that no single vertex separates."""
    blocks = list(nx.biconnected_components(core))
    return core.subgraph(max(blocks, key=len)).copy() if blocks else nx.Graph()


def _faces(core: nx.Graph) -> Iterator[list[int]]:
    """Cycles of vertices around the faces of an embedding."""
    embedding = nx.check_planarity(core)[1]
    seen: set[tuple[int, int]] = set()
    for one, other in embedding.edges:
        if (one, other) not in seen:
            yield embedding.traverse_face(one, other, mark_half_edges=seen)


def _separating_pairs(core: nx.Graph) -> list[tuple[int, int]]:
    """Pairs of vertices shared by two faces that have no edge in common between them."""
    faces = list(_faces(core))
    vertices = {vertex: place for place, vertex in enumerate(core)}
    rows = [vertices[vertex] for face in faces for vertex in face]
    columns = np.repeat(np.arange(len(faces)), [len(face) for face in faces])
    held = sparse.csr_array(
        (np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(len(core), len(faces))
    )
    shared = sparse.triu(held.T @ held, k=1).tocoo()
    several = shared.data > 1
    found = []
    for left, right in zip(*(axis[several] for axis in shared.coords), strict=True):
        common = [vertex for vertex in faces[left] if vertex in set(faces[right])]
        for one, other in zip(common, common[1:] + common[:1], strict=True):
            if one != other and not (
                _consecutive(faces[left], one, other) and _consecutive(faces[right], one, other)
            ):
                found.append((one, other))
                break
    return found


def _consecutive(face: list[int], one: int, other: int) -> bool:
    gap = abs(face.index(one) - face.index(other))
    return gap in (1, len(face) - 1)


def _cut_at(core: nx.Graph, one: int, other: int) -> bool:
    """Keep the largest side of a pair and join the pair; False where it separates nothing."""
    rest = core.copy()
    rest.remove_nodes_from((one, other))
    sides = sorted(nx.connected_components(rest), key=len, reverse=True)
    if len(sides) < 2:
        return False
    for side in sides[1:]:
        core.remove_nodes_from(side)
    if not core.has_edge(one, other):
        core.add_edge(one, other, **{INNER: ()})
    return True
