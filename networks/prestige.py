"""Prestige passed on along links: Katz centrality, PageRank, hubs and authorities."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, linalg

from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError

DENSE_LIMIT = 400
"""Matrices up to this size are solved by a dense eigensolver, exactly and quickly."""

SAME_EIGENVALUE = 1e-9
"""Eigenvalues this close (relative) to the largest belong to one space."""

SETTLED = 1e-13
"""Change (relative, summed over cities) at which an iteration stops."""

SLOW_RATE = 0.98
"""Above this rate walks are summed by a factorisation; iterating would take a thousand rounds."""


def katz_centrality(
    network: LinkageNetwork, *, attenuation: float = 0.85, alpha: float | None = None
) -> np.ndarray:
    r"""Count walks that end in a city, longer ones for less.

    .. math:: x = (I - \alpha F')^{-1} 1, \qquad \alpha < 1 / \lambda

    with the largest eigenvalue lambda of the flows F.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    attenuation : float
        alpha as a share of 1 / lambda, between 0 and 1; free of the unit of the flows. Where
        lambda is zero, because no walk returns, it is a share of 1 / (largest strength received).
    alpha : float, optional
        The factor itself, per unit of flow, in place of ``attenuation``.

    Returns
    -------
    numpy.ndarray of shape (n,)
        Unit Euclidean length.

    Raises
    ------
    ConfigError
        If the sum over walks does not converge with this alpha, or an option is out of range.

    References
    ----------
    Katz (1953), doi:10.1007/BF02289026.
    """
    flows, n = network.flows, network.n
    if not 0 < attenuation < 1:
        raise ConfigError(f"attenuation={attenuation!r}: a share between 0 and 1 is needed.")
    if not flows.nnz:
        return np.ones(n) / np.sqrt(max(n, 1))
    radius = spectral_radius(flows)
    if alpha is None:
        alpha = attenuation / (radius or float(np.asarray(flows.sum(axis=0)).max()))
    if not (np.isfinite(alpha) and alpha > 0):
        raise ConfigError(f"alpha={alpha!r}: Katz centrality needs a positive factor.")
    if alpha * radius >= 1:
        raise ConfigError(
            f"alpha={alpha:g}: the sum over walks does not converge, since the largest eigenvalue "
            f"of the flows is {radius:g}. Take alpha below {1 / radius:.6g}, or give attenuation."
        )
    found = _walks(sparse.csr_array(alpha * flows.T.tocsr()), alpha * radius)
    return np.asarray(found / np.linalg.norm(found))


def _walks(step: sparse.csr_array, rate: float) -> np.ndarray:
    """Solve x = 1 + step x, whose largest eigenvalue is the rate."""
    n = step.shape[0]
    if n <= DENSE_LIMIT:
        return np.linalg.solve(np.eye(n) - step.toarray(), np.ones(n))
    if rate > SLOW_RATE:
        return np.asarray(linalg.spsolve(sparse.csc_array(sparse.eye_array(n) - step), np.ones(n)))
    walks = np.ones(n)
    while True:  # a factorisation would fill up; the error shrinks by the rate in each round
        longer = 1.0 + step @ walks
        change = float(np.abs(longer - walks).sum())
        walks = longer
        if change <= SETTLED * max(1.0 - rate, 0.1) * float(walks.sum()):
            return walks


def spectral_radius(flows: sparse.csr_array) -> float:
    """Return the largest eigenvalue of a matrix of flows.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)
        Zero or positive.

    Returns
    -------
    float
        0 if no walk returns to its start.

    Notes
    -----
    It is the largest over strong components, each of which has one real, largest eigenvalue.
    """
    count, component = csgraph.connected_components(flows, directed=True, connection="strong")
    largest = 0.0
    for number in np.flatnonzero(np.bincount(component, minlength=count) > 1):
        inside = np.flatnonzero(component == number)
        part = flows[inside][:, inside]
        if len(inside) <= DENSE_LIMIT:
            found = np.abs(np.linalg.eigvals(part.toarray())).max()
        else:
            start = np.asarray(part.sum(axis=1)).ravel()
            found = np.abs(linalg.eigs(part, k=1, which="LM", v0=start)[0][0])
        largest = max(largest, float(found))
    return largest


def pagerank(network: LinkageNetwork, *, damping: float = 0.85) -> np.ndarray:
    r"""Share of time that a traveller spends in a city who follows flows, and sometimes jumps.

    .. math:: x_j = \frac{1 - d}{n} + d \sum_i \left( \frac{f_{ij}}{s_i} [s_i > 0]
              + \frac{1}{n} [s_i = 0] \right) x_i

    Parameters
    ----------
    network : LinkageNetwork of n cities
    damping : float
        d, the share of moves along flows, at least 0 and below 1. From a city that sends nothing
        the traveller jumps anywhere.

    Returns
    -------
    numpy.ndarray of shape (n,)
        Sums to one.

    References
    ----------
    Brin and Page (1998), doi:10.1016/S0169-7552(98)00110-X.
    """
    if not 0 <= damping < 1:
        raise ConfigError(f"damping={damping!r}: the damping lies in [0, 1).")
    flows, n = network.flows, network.n
    sent = np.asarray(flows.sum(axis=1)).ravel()
    share = np.divide(1.0, sent, out=np.zeros(n), where=sent > 0)
    moves = sparse.csr_array(flows.multiply(share[:, None])).T.tocsr()
    rank = np.full(n, 1.0 / max(n, 1))
    while True:  # each round shrinks the change by the damping
        lost = float(rank[sent == 0].sum())
        new = damping * (moves @ rank + lost / max(n, 1)) + (1.0 - damping) / max(n, 1)
        change = float(np.abs(new - rank).sum())
        rank = new / new.sum() if n else new
        if change < SETTLED:
            return rank


def hubs_and_authorities(network: LinkageNetwork) -> tuple[np.ndarray, np.ndarray]:
    r"""Rate cities that send to good receivers, and those that receive from good senders (HITS).

    .. math:: h \propto F a, \qquad a \propto F' h

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    hub, authority : numpy.ndarray of shape (n,)
        Unit Euclidean length, zero or positive; 0 without links.

    Notes
    -----
    The leading singular vectors of the flows. Where several parts of a network have the same
    leading value, the projection of the vector of ones on their space is given, so that alike
    parts are rated alike.

    References
    ----------
    Kleinberg (1999), doi:10.1145/324133.324140.
    """
    flows, n = network.flows, network.n
    if not flows.nnz:
        return np.zeros(n), np.zeros(n)
    scaled = flows / flows.max()
    back = scaled.T.tocsr()
    hub = _leading(scaled, back)
    authority = back @ hub
    return hub / np.linalg.norm(hub), authority / np.linalg.norm(authority)


def _leading(matrix: sparse.csr_array, back: sparse.csr_array) -> np.ndarray:
    """Leading eigenvector of M M'."""
    n = matrix.shape[0]
    start = np.ones(n)
    if n <= DENSE_LIMIT:
        values, vectors = np.linalg.eigh((matrix @ back).toarray())
        space = vectors[:, values >= values[-1] * (1.0 - SAME_EIGENVALUE)]
        return np.abs(space @ (space.T @ start))
    square = linalg.LinearOperator((n, n), matvec=lambda v: matrix @ (back @ v), dtype=float)
    try:
        vector = linalg.eigsh(square, k=1, which="LA", v0=start, tol=1e-12)[1][:, 0]
    except linalg.ArpackError as error:
        raise EstimationError(
            "Hubs and authorities did not converge: several parts of the network rate nearly "
            "alike. Measure the largest component alone."
        ) from error
    return np.abs(vector)
