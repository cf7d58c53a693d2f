"""Components of a network whose cities and links go away, followed backwards in time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph


@dataclass(frozen=True, slots=True)
class Removal:
    """When cities and links go.

    Attributes
    ----------
    city_life : numpy.ndarray of int, shape (n,)
        The removal, counted from 1, that takes each city; ``steps + 1`` if none does.
    link_life : numpy.ndarray of int, shape (nnz,)
        The same for each stored flow, in the order of the matrix.
    steps : int
        Number of removals.
    """

    city_life: np.ndarray
    link_life: np.ndarray
    steps: int


@dataclass(frozen=True, slots=True)
class ComponentCurve:
    """Shares after 0, 1, ... removals, each of shape (steps + 1,).

    Attributes
    ----------
    giant, second : numpy.ndarray
        Cities in the two largest weak components over all n.
    connectivity : numpy.ndarray
        Pairs of cities that are joined over all pairs of the n cities.
    """

    giant: np.ndarray
    second: np.ndarray
    connectivity: np.ndarray


def component_curve(flows: sparse.csr_array, removal: Removal) -> ComponentCurve:
    """Return components after each removal.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)
    removal : Removal

    Returns
    -------
    ComponentCurve

    Notes
    -----
    Backwards in time links only come back, and those that live longest come first: a spanning
    tree of the longest lives tells all components, so there are at most 2 n events whatever the
    number of links.
    """
    n, steps = flows.shape[0], removal.steps
    rows, columns = flows.tocoo().coords
    lives = sparse.csr_array((removal.link_life.astype(float), (rows, columns)), shape=(n, n))
    # Of the two directions of a pair the one that lives longer joins it.
    both = sparse.csr_array(sparse.triu(lives.maximum(lives.T), k=1))
    both.data = steps + 2.0 - both.data
    tree = csgraph.minimum_spanning_tree(both).tocoo()
    tree_life = np.round(steps + 2.0 - tree.data).astype(int)
    joined = _Components(n)
    events = [(int(life) - 1, 0, city, city) for city, life in enumerate(removal.city_life)]
    events += [
        (int(life) - 1, 1, int(one), int(other))
        for life, one, other in zip(tree_life, *tree.coords, strict=True)
    ]
    events.sort(key=lambda event: (-event[0], event[1]))
    times, states = [], []
    for number, (time, is_link, one, other) in enumerate(events):
        if is_link:
            joined.join(one, other)
        else:
            joined.appear(one)
        if number + 1 == len(events) or events[number + 1][0] < time:
            times.append(time)
            states.append((*joined.two_largest(), joined.pairs))
    # After t removals the state is that of the last event at t or later; the zeros are for none.
    known = np.vstack([np.array(states[::-1], dtype=float).reshape(-1, 3), np.zeros(3)])
    at = np.searchsorted(np.array(times[::-1]), np.arange(steps + 1))
    giant, second, together = known[at].T
    return ComponentCurve(giant / n, second / n, together / max(n * (n - 1) / 2.0, 1.0))


class _Components:
    """Disjoint sets that know the two largest and the number of joined pairs."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))
        self._size = [0] * n
        self._heap: list[tuple[int, int]] = []
        self.pairs = 0

    def appear(self, city: int) -> None:
        self._size[city] = 1
        heapq.heappush(self._heap, (-1, city))

    def join(self, one: int, other: int) -> None:
        one, other = self._root(one), self._root(other)
        if self._size[one] < self._size[other]:
            one, other = other, one
        self.pairs += self._size[one] * self._size[other]
        self._parent[other] = one
        self._size[one] += self._size[other]
        heapq.heappush(self._heap, (-self._size[one], one))

    def two_largest(self) -> tuple[int, int]:
        first = self._largest()
        top = heapq.heappop(self._heap) if first else None
        second = self._largest()
        if top is not None:
            heapq.heappush(self._heap, top)
        return first, second

    def _largest(self) -> int:
        while self._heap:
            size, city = self._heap[0]
            if self._parent[city] == city and self._size[city] == -size:
                return -size
            heapq.heappop(self._heap)  # it has grown or been joined since
        return 0

    def _root(self, city: int) -> int:
        parent = self._parent
        while parent[city] != city:
            parent[city] = parent[parent[city]]
            city = parent[city]
        return city
