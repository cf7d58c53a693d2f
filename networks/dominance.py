"""How a city stands in a city system: dominance, recursive centrality, dependence, entropy."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from networks.types import LinkageNetwork


def dominance_measures(network: LinkageNetwork) -> dict[str, np.ndarray]:
    r"""Compare what a city exchanges with what cities exchange on average.

    With O_i sent, I_i received and T_i = O_i + I_i (of an undirected network T_i is the strength):

    .. math:: DI_i = \frac{T_i}{\sum_j T_j / n}, \qquad
              RDI_i = \frac{\sum_j f_{ij} DI_j}{\max_k \sum_j f_{kj} DI_j}, \qquad
              NSI_i = \frac{I_i - O_i}{I_i + O_i}

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    dict of str to numpy.ndarray of shape (n,)
        ``dominance``, ``relative_dominance`` (links to dominant cities; flows of both directions),
        ``symmetry`` (NSI: 1 receives only, -1 sends only, NaN without links).

    References
    ----------
    Limtanakool, Dijst and Schwanen (2007), Urban Studies.
    """
    flows, n = network.flows, network.n
    both = _both(network)
    total = np.asarray(both.sum(axis=1)).ravel()
    sent = np.asarray(flows.sum(axis=1)).ravel()
    received = np.asarray(flows.sum(axis=0)).ravel()
    mean = total.sum() / max(n, 1)
    dominance = total / mean if mean > 0 else np.full(n, np.nan)
    partners = both @ dominance
    most = partners.max(initial=0.0)
    return {
        "dominance": dominance,
        "relative_dominance": partners / most if most > 0 else np.full(n, np.nan),
        "symmetry": _shares(received - sent, received + sent),
    }


def recursive_measures(network: LinkageNetwork) -> dict[str, np.ndarray]:
    r"""Tell cities with central partners from cities that their partners depend on.

    With R the flows of both directions and DC_i = sum_j R_ij:

    .. math:: RC_i = \sum_j R_{ij} DC_j, \qquad RP_i = \sum_{j : DC_j > 0} \frac{R_{ij}}{DC_j}

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    dict of str to numpy.ndarray of shape (n,)
        ``recursive_centrality`` and ``recursive_power``.

    References
    ----------
    Neal (2011), Urban Studies.
    """
    both = _both(network)
    degree = np.asarray(both.sum(axis=1)).ravel()
    return {
        "recursive_centrality": both @ degree,
        "recursive_power": both @ np.divide(1.0, degree, out=np.zeros(network.n), where=degree > 0),
    }


def spread_measures(network: LinkageNetwork) -> dict[str, np.ndarray]:
    r"""Measure how far the flows of a city hang on one partner.

    .. math:: HD_i = \frac{\max_j f_{ij}}{\sum_j f_{ij}}, \qquad
              H_i = - \sum_j p_{ij} \ln p_{ij}, \quad p_{ij} = \frac{f_{ij}}{\sum_k f_{ik}}

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    dict of str to numpy.ndarray of shape (n,)
        ``hub_dependence`` and ``entropy`` of flows sent, ``in_hub_dependence`` and ``in_entropy``
        of flows received; NaN for cities that send (receive) nothing.

    References
    ----------
    Nystuen and Dacey (1961), doi:10.1007/BF01969070;
    Limtanakool, Dijst and Schwanen (2007), Urban Studies.
    """
    found = {}
    for prefix, flows in (("", network.flows), ("in_", network.flows.T.tocsr())):
        total = np.asarray(flows.sum(axis=1)).ravel()
        rows = np.repeat(np.arange(network.n), np.diff(flows.indptr))
        share = flows.data / total[rows]
        largest = np.zeros(network.n)
        np.maximum.at(largest, rows, share)
        entropy = np.bincount(rows, weights=-share * np.log(share), minlength=network.n)
        found[f"{prefix}hub_dependence"] = np.where(total > 0, largest, np.nan)
        found[f"{prefix}entropy"] = np.where(total > 0, np.maximum(entropy, 0.0), np.nan)
    return found


def _both(network: LinkageNetwork) -> sparse.csr_array:
    flows = network.flows
    return sparse.csr_array(flows + flows.T) if network.directed else flows


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
