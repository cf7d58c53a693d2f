"""Random networks with the degrees of a given one: the null of small worlds and rich clubs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from networks.types import LinkageNetwork

SWAPS_PER_LINK = 10
"""Tried exchanges of ends for each link: by then the network has forgotten its links."""


def rewired_networks(
    network: LinkageNetwork, count: int, generator: np.random.Generator
) -> Iterator[sparse.csr_array]:
    """Yield networks whose cities have the same numbers of links as in the given one.

    Two links exchange their receiving ends as long as no link to itself and no double link comes
    of it; ten exchanges a link are tried. A link keeps its strength, which moves with its sender.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Of a directed network the numbers of links sent and received are both kept.
    count : int
    generator : numpy.random.Generator

    Yields
    ------
    scipy.sparse.csr_array of shape (n, n)
        Symmetric when the network is undirected.

    References
    ----------
    Maslov and Sneppen (2002), doi:10.1126/science.1065103.
    """
    flows, n = network.flows, network.n
    upper = flows if network.directed else sparse.csr_array(sparse.triu(flows, k=1))
    rows, columns = (part.tolist() for part in upper.tocoo().coords)
    for _ in range(count):
        senders, receivers = list(rows), list(columns)
        _exchange(senders, receivers, n, generator, directed=network.directed)
        made = sparse.csr_array((upper.data, (senders, receivers)), shape=(n, n))
        yield made if network.directed else sparse.csr_array(made + made.T)


def _exchange(
    senders: list[int],
    receivers: list[int],
    n: int,
    generator: np.random.Generator,
    *,
    directed: bool,
) -> None:
    """Exchange ends of links in place."""
    m = len(senders)
    if m < 2:
        return

    def code(one: int, other: int) -> int:
        return one * n + other if directed or one < other else other * n + one

    there = {code(one, other) for one, other in zip(senders, receivers, strict=True)}
    tries = SWAPS_PER_LINK * m
    first, second = generator.integers(m, size=(2, tries)).tolist()
    turned = (generator.random(tries) < 0.5).tolist()
    for p, q, turn in zip(first, second, turned, strict=True):
        a, b, c, d = senders[p], receivers[p], senders[q], receivers[q]
        if turn and not directed:  # a pair has no sender: either end may move
            c, d = d, c
        if a in (c, d) or b in (c, d):
            continue
        one, other = code(a, d), code(c, b)
        if one in there or other in there:
            continue
        there -= {code(a, b), code(c, d)}
        there |= {one, other}
        senders[p], receivers[p], senders[q], receivers[q] = a, d, c, b
