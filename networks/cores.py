"""Cores of a network: what is left when the least linked cities are peeled off in turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from networks.types import LinkageNetwork


def k_core(network: LinkageNetwork) -> np.ndarray:
    """Return the largest k such that a city is in a part where all have at least k links.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Links sent and received both count when directed.

    Returns
    -------
    numpy.ndarray of int, shape (n,)

    References
    ----------
    Seidman (1983), doi:10.1016/0378-8733(83)90028-X.
    """
    both = _both(network)
    ones = np.ones(network.flows.nnz)
    return _peeled(both, _both(network, ones), lambda degree, _: degree).astype(int)


def strength_core(network: LinkageNetwork) -> np.ndarray:
    """Return the largest s such that a city is in a part where all have at least strength s.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Flows sent and received both count when directed.

    Returns
    -------
    numpy.ndarray of shape (n,)
        In the unit of the flows.

    References
    ----------
    Eidsaa and Almaas (2013), doi:10.1103/PhysRevE.88.062819.
    """
    both = _both(network)
    return _peeled(both, both, lambda _, strength: strength)


def weighted_k_core(network: LinkageNetwork) -> np.ndarray:
    r"""Return the shell of a city by links and strengths together.

    .. math:: k' = \sqrt{k s}

    with the number of links k and their strength s, flows divided by the smallest and rounded.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Links sent and received both count when directed.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        k' is rounded to whole numbers; with equal flows it is the k-core.

    References
    ----------
    Garas, Schweitzer and Havlin (2012), doi:10.1088/1367-2630/14/8/083030.
    """
    flows = network.flows
    whole = np.rint(flows.data / flows.data.min()) if flows.nnz else flows.data
    scaled, ones = _both(network, whole), _both(network, np.ones(flows.nnz))
    return _peeled(
        scaled, ones, lambda degree, strength: np.rint(np.sqrt(degree * strength))
    ).astype(int)


def _both(network: LinkageNetwork, data: np.ndarray | None = None) -> sparse.csr_array:
    flows = network.flows
    if data is not None:
        flows = sparse.csr_array((data, flows.indices, flows.indptr), shape=flows.shape)
    return sparse.csr_array(flows + flows.T) if network.directed else flows


def _peeled(
    strengths: sparse.csr_array,
    links: sparse.csr_array,
    score: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Take off the city of least score until none is left; the core is the highest score so far."""
    n = strengths.shape[0]
    strengths.sort_indices()
    links.sort_indices()
    degree = np.asarray(links.sum(axis=1)).ravel()
    strength = np.asarray(strengths.sum(axis=1)).ravel()
    value = np.asarray(score(degree, strength), dtype=float)
    core, level = np.zeros(n), -np.inf
    for _ in range(n):
        city = int(np.argmin(value))
        level = max(level, float(value[city]))
        core[city] = level
        value[city] = np.inf
        span = slice(strengths.indptr[city], strengths.indptr[city + 1])
        near = strengths.indices[span]
        degree[near] -= links.data[span]
        strength[near] -= strengths.data[span]
        left = near[np.isfinite(value[near])]
        value[left] = score(degree[left], strength[left])
    return np.maximum(core, 0.0)
