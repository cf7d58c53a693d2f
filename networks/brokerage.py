"""Cities between others: Burt's constraint and effective size, roles between communities."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy import sparse

from networks.types import LinkageNetwork

CELLS_IN_A_BLOCK = 4_000_000
"""Entries of the products of paths of two links held at a time, about 50 MB."""


def structural_holes(network: LinkageNetwork) -> tuple[np.ndarray, np.ndarray]:
    r"""Measure how far the contacts of a city are contacts of each other.

    With a_ij the flow in both directions, p_ij = a_ij / sum_k a_ik and m_jq = a_jq / max_k a_jk:

    .. math:: C_i = \sum_{j \in N_i} \Bigl(p_{ij} + \sum_q p_{iq} p_{qj}\Bigr)^2, \qquad
              E_i = \sum_{j \in N_i} \Bigl(1 - \sum_q p_{iq} m_{jq}\Bigr)

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    constraint, effective_size : numpy.ndarray of shape (n,)
        NaN for cities without links.

    References
    ----------
    Burt (1992), Structural Holes, Harvard University Press.
    """
    flows, n = network.flows, network.n
    both = sparse.csr_array(flows + flows.T)
    both.sort_indices()
    whole = np.asarray(both.sum(axis=1)).ravel()
    most = both.max(axis=1).toarray().ravel() if both.nnz else np.zeros(n)
    rows = np.repeat(np.arange(n), np.diff(both.indptr))
    share = _with_data(both, both.data / whole[rows])
    relative = _with_data(both, both.data / most[rows])
    links = _with_data(both, np.ones(both.nnz))
    constraint, effective = np.full(n, np.nan), np.full(n, np.nan)
    for block in _row_blocks(both):
        own, near = share[block], links[block]
        through = sparse.csr_array(own @ share).multiply(near)
        invested = sparse.csr_array(own + through)
        constraint[block] = np.asarray(invested.multiply(invested).sum(axis=1)).ravel()
        redundant = np.asarray(own.multiply(near @ relative).sum(axis=1)).ravel()
        effective[block] = np.diff(near.indptr) - redundant
    alone = whole == 0
    constraint[alone], effective[alone] = np.nan, np.nan
    return constraint, effective


def _with_data(matrix: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _row_blocks(matrix: sparse.csr_array) -> Iterator[slice]:
    """Slices of rows whose paths of two links stay few."""
    n = matrix.shape[0]
    ends = np.diff(matrix.indptr)
    paths = np.minimum(sparse.csr_array(matrix > 0).astype(float) @ ends, n)
    group = np.cumsum(paths) // CELLS_IN_A_BLOCK
    bounds = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), n]
    for start, stop in pairwise(bounds):
        yield slice(start, stop)


def community_roles(
    network: LinkageNetwork, community: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Tell how a city's strength is spread over communities, and its weight in its own.

    .. math:: P_i = 1 - \sum_c \left( \frac{s_{ic}}{s_i} \right)^2, \qquad
              z_i = \frac{s_{i c_i} - \bar s_{c_i}}{\sigma_{c_i}}

    with the strength s_ic between city i and community c, and its mean and standard deviation over
    the cities of the community.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Flows in both directions are added.
    community : numpy.ndarray of int, shape (n,)

    Returns
    -------
    participation, within_module_z : numpy.ndarray of shape (n,)
        Participation is NaN for cities without links, z where all cities of the community are
        equally strong within it.

    References
    ----------
    Guimera and Amaral (2005), doi:10.1038/nature03288.
    """
    flows, n = network.flows, network.n
    both = sparse.csr_array(flows + flows.T)
    codes = np.unique(community, return_inverse=True)[1]
    member = sparse.csr_array((np.ones(n), (np.arange(n), codes)))
    spread = sparse.csr_array(both @ member)
    strength = np.asarray(both.sum(axis=1)).ravel()
    squares = np.asarray(spread.multiply(spread).sum(axis=1)).ravel()
    linked = strength > 0
    participation = np.full(n, np.nan)
    participation[linked] = 1.0 - squares[linked] / strength[linked] ** 2
    inside = np.asarray(spread.multiply(member).sum(axis=1)).ravel()
    size = np.bincount(codes)
    gap = inside - (np.bincount(codes, weights=inside) / size)[codes]
    deviation = np.sqrt(np.bincount(codes, weights=gap**2) / size)[codes]
    varied = deviation > 1e-12 * np.maximum(inside, 1e-300)
    z_score = np.divide(gap, deviation, out=np.full(n, np.nan), where=varied)
    return participation, z_score
