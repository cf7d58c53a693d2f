"""The Louvain algorithm for modularity with or without directions."""

from __future__ import annotations

import numpy as np
from scipy import sparse

GAIN = 1e-12
"""A move must raise modularity by more than this, so that rounding moves nobody."""


def louvain(
    flows: sparse.csr_array, resolution: float, generator: np.random.Generator, *, start: np.ndarray
) -> np.ndarray:
    r"""Move cities, then whole communities, as long as modularity rises.

    .. math:: Q = \frac{1}{m} \sum_{ij} \left( f_{ij} - \gamma \frac{s_i^{out} s_j^{in}}{m} \right)
              [c_i = c_j], \qquad m = \sum_{ij} f_{ij}

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)
        With a symmetric matrix this is the modularity of an undirected network.
    resolution : float
        gamma.
    generator : numpy.random.Generator
        Decides the order in which cities are looked at.
    start : numpy.ndarray of int, shape (n,)
        Communities to start from: ``numpy.arange(n)`` for every city by itself.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        Communities of any numbering.

    References
    ----------
    Blondel et al. (2008), doi:10.1088/1742-5468/2008/10/P10008;
    Leicht and Newman (2008), doi:10.1103/PhysRevLett.100.118703.
    """
    total = float(flows.data.sum())
    if total == 0:
        return np.arange(flows.shape[0])
    scaled = flows / total
    labels = _moved(scaled, resolution, generator, np.unique(start, return_inverse=True)[1])
    while True:
        codes = np.unique(labels, return_inverse=True)[1]
        count = int(codes.max()) + 1
        member = sparse.csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)))
        merged = _moved(
            sparse.csr_array(member.T @ scaled @ member), resolution, generator, np.arange(count)
        )
        if len(np.unique(merged)) == count:
            return codes
        labels = merged[codes]


def _moved(
    flows: sparse.csr_array, resolution: float, generator: np.random.Generator, labels: np.ndarray
) -> np.ndarray:
    """Move one node at a time to the neighbouring community that gains most, until none does."""
    n = flows.shape[0]
    both = sparse.csr_array(flows + flows.T)
    both = sparse.csr_array(both - sparse.diags_array(both.diagonal()))
    both.eliminate_zeros()
    out, received = (np.asarray(flows.sum(axis=axis)).ravel().tolist() for axis in (1, 0))
    community = labels.tolist()
    sent_by = np.bincount(labels, weights=out, minlength=n).tolist()
    received_by = np.bincount(labels, weights=received, minlength=n).tolist()
    begin, ends, links = both.indptr.tolist(), both.indices.tolist(), both.data.tolist()
    waiting, queued = generator.permutation(n).tolist(), [True] * n
    while waiting:
        follow: list[int] = []
        for node in waiting:
            queued[node] = False
            own, span = community[node], range(begin[node], begin[node + 1])
            tie: dict[int, float] = {own: 0.0}
            for place in span:
                near = community[ends[place]]
                tie[near] = tie.get(near, 0.0) + links[place]
            sent_by[own] -= out[node]
            received_by[own] -= received[node]
            gains = {
                other: flow
                - resolution * (out[node] * received_by[other] + received[node] * sent_by[other])
                for other, flow in tie.items()
            }
            best = max(gains, key=lambda other: (gains[other], -other))
            if gains[best] <= gains[own] + GAIN:
                best = own
            community[node] = best
            sent_by[best] += out[node]
            received_by[best] += received[node]
            if best != own:
                for place in span:
                    near = ends[place]
                    if community[near] != best and not queued[near]:
                        queued[near] = True
                        follow.append(near)
        waiting = follow
    return np.asarray(community)
