"""Further backbones: thresholds, strongest links, trees, dominant flows, corrections for noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse, special
from scipy.sparse import csgraph

from networks.backbones import Backbone, assemble_backbone, link_ends, rounded
from networks.city_labels import aligned_masses
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError
from spatial.options import LinkEnds, LinkSide, checked_option

EQUAL_FLOWS = 1e-12
"""Relative gap under which two flows count as equal: the rounding of a computed flow."""


def absolute_backbone(network: LinkageNetwork, *, threshold: float) -> Backbone:
    """Keep the links of at least a given strength.

    Parameters
    ----------
    network : LinkageNetwork
    threshold : float
        In the unit of the flows, zero or positive.

    Returns
    -------
    Backbone
        ``table`` has the column ``score`` = flow.
    """
    if not (np.isfinite(threshold) and threshold >= 0):
        raise ConfigError(f"threshold={threshold!r}: a threshold is zero or positive.")
    strength = network.flows.data
    return assemble_backbone(
        network,
        strength >= threshold * (1.0 - EQUAL_FLOWS),
        {"score": strength},
        method="absolute",
        function="absolute_backbone",
        options={"threshold": threshold},
        words=f"links of at least {threshold:g}",
    )


def quantile_backbone(network: LinkageNetwork, *, quantile: float) -> Backbone:
    """Keep the links at or above a quantile of the strengths of all links.

    Parameters
    ----------
    network : LinkageNetwork
    quantile : float
        Between 0 and 1; 0.9 keeps the strongest tenth. Pairs without a link do not count.

    Returns
    -------
    Backbone
        ``table`` has the column ``score`` = share of links that are weaker or equal.
    """
    if not 0 <= quantile <= 1:
        raise ConfigError(f"quantile={quantile!r}: a quantile lies between 0 and 1.")
    strength = network.flows.data
    if len(strength):
        bar = float(np.quantile(strength, quantile)) * (1.0 - EQUAL_FLOWS)
        score = np.searchsorted(np.sort(strength), strength, side="right") / len(strength)
    else:
        bar, score = 0.0, strength
    return assemble_backbone(
        network,
        strength >= bar,
        {"score": score},
        method="quantile",
        function="quantile_backbone",
        options={"quantile": quantile},
        words=f"links at or above the {quantile:g} quantile of strengths",
    )


def top_links_backbone(
    network: LinkageNetwork,
    *,
    k: int = 3,
    ends: LinkEnds = "either",
    side: LinkSide = "send",
) -> Backbone:
    """Keep the k strongest links that each city sends.

    Parameters
    ----------
    network : LinkageNetwork
    k : int
        Positive. Links as strong as the k-th are all kept.
    ends : {"either", "both"}
        An undirected pair is kept if it is among the strongest of one end, or of both.
    side : {"send", "receive"}
        Rank directed links among those the origin sends, or those the destination receives.

    Returns
    -------
    Backbone
        ``table`` has the column ``score`` = rank among the links of the deciding city, 1 the
        strongest, ties sharing the better rank (of an undirected pair the rank that decides).
    """
    checked_option(ends, LinkEnds, name="ends")
    checked_option(side, LinkSide, name="side")
    if k < 1:
        raise ConfigError(f"k={k!r}: keep at least one link for each city.")
    rows, columns = link_ends(network.flows)
    rank = rank_within(rows if side == "send" else columns, network.flows.data)
    if not network.directed:
        other = _values_of_transpose(network.flows, rank)
        rank = np.minimum(rank, other) if ends == "either" else np.maximum(rank, other)
    return assemble_backbone(
        network,
        rank <= k,
        {"score": rank},
        method="top-links",
        function="top_links_backbone",
        options={"k": k, "ends": ends, "side": side},
        words=f"the {k} strongest links that each city {side}s",
    )


def spanning_tree_backbone(network: LinkageNetwork) -> Backbone:
    """Keep the maximum spanning tree: the strongest links that join all cities without a circle.

    Parameters
    ----------
    network : LinkageNetwork
        Of a directed network the tree joins pairs by the sum of both directions, and both
        directions of a chosen pair are kept; so the tree of the transpose is the transpose.

    Returns
    -------
    Backbone
        ``table`` has the column ``score`` = strength of the pair. A network of several components
        gives a tree for each.

    Notes
    -----
    Among pairs of equal strength the one with the first labels wins, whatever the order of cities.
    """
    flows, n = network.flows, network.n
    first, second, both = ranked_pairs(network)
    place = np.arange(1.0, len(first) + 1)
    ranks = sparse.csr_array((place, (first, second)), shape=(n, n))
    tree = csgraph.minimum_spanning_tree(ranks)
    joined = sparse.csr_array(tree + tree.T) > 0
    rows, columns = link_ends(flows)
    kept = cells(joined, rows, columns).astype(bool)
    return assemble_backbone(
        network,
        kept,
        {"score": cells(both, rows, columns)},
        method="spanning-tree",
        function="spanning_tree_backbone",
        options={},
        words="maximum spanning tree",
    )


def dominant_flow_backbone(
    network: LinkageNetwork, *, sizes: pd.Series | None = None, side: LinkSide = "send"
) -> Backbone:
    """Keep the largest flow that each city sends, if it goes to a larger city.

    Parameters
    ----------
    network : LinkageNetwork
    sizes : pandas.Series of shape (n,), optional
        Size of each city, matched by label; by default the total flow that it receives (with
        ``side="receive"``: that it sends).
    side : {"send", "receive"}
        ``receive`` keeps the largest flow that each city receives, if it comes from a larger one.

    Returns
    -------
    Backbone
        A directed network, also when the given one is not. ``table`` has the columns ``score``
        (share of the flow in all that the city sends or receives; of the largest it is the city's
        dependence on its hub) and ``to_larger`` (``from_larger``). Cities that send to no larger
        city are terminals.

    Notes
    -----
    Of equal largest flows the one to the larger city is kept, then the one to the first label.

    References
    ----------
    Nystuen and Dacey (1961), doi:10.1007/BF01969070.
    """
    checked_option(side, LinkSide, name="side")
    flows = network.flows
    rows, columns = link_ends(flows)
    city, hub = (rows, columns) if side == "send" else (columns, rows)
    if sizes is None:
        size = np.asarray(flows.sum(axis=0 if side == "send" else 1)).ravel()
    else:
        size = aligned_masses(sizes, network.cities, what="sizes")
    label = np.argsort(np.argsort(network.cities.astype(str).to_numpy(), kind="stable"))
    order = np.lexsort((label[hub], -rounded(size)[hub], -rounded(flows.data), city))
    largest = np.zeros(flows.nnz, dtype=bool)
    if flows.nnz:
        largest[order[np.concatenate([[True], np.diff(city[order]) > 0])]] = True
    larger = size[hub] > size[city] * (1.0 + EQUAL_FLOWS)
    whole = np.bincount(city, weights=flows.data, minlength=network.n)
    given = "received flow" if side == "send" else "sent flow"
    return assemble_backbone(
        replace(network, directed=True),
        largest & larger,
        {
            "score": flows.data / whole[city],
            "to_larger" if side == "send" else "from_larger": larger,
        },
        method="dominant-flow",
        function="dominant_flow_backbone",
        options={"sizes": given if sizes is None else str(sizes.name or "given"), "side": side},
        words=f"dominant flows {'to' if side == 'send' else 'from'} larger cities",
    )


def noise_corrected_backbone(network: LinkageNetwork, *, delta: float = 1.64) -> Backbone:
    r"""Keep the links that exceed what the strengths of both cities lead one to expect.

    With strengths s_i sent, s_j received and their sum s, the lift of a link and its score are

    .. math:: L_{ij} = \frac{f_{ij} s}{s_i s_j}, \qquad
              \tilde L_{ij} = \frac{L_{ij} - 1}{L_{ij} + 1}

    and the link is kept if the score exceeds ``delta`` standard deviations.

    Parameters
    ----------
    network : LinkageNetwork
        Flows should be counts: the standard deviations come from a binomial law with s trials.
    delta : float
        1.28, 1.64 and 2.32 ask for one-sided significance at 10, 5 and 1 per cent.

    Returns
    -------
    Backbone
        ``table`` has the columns ``score``, ``sd`` and ``p_value`` (normal, one-sided).

    Raises
    ------
    EstimationError
        If the flows add up to no more than one, so that they cannot be counts.

    Notes
    -----
    The variance of a flow is p(1 - p)s with the posterior mean p of a Beta prior, whose mean is
    s_i s_j / s^2 and whose variance is the hypergeometric one. The prior is matched to both
    moments exactly: b = (mu/var)(1 - mu)^2 - (1 - mu); code in circulation has (1 - mu^2) there,
    which differs little where mu is small. In an undirected network s is the sum of strengths,
    twice the sum of flows.

    References
    ----------
    Coscia and Neffke (2017), doi:10.1109/ICDE.2017.100.
    """
    if not np.isfinite(delta):
        raise ConfigError(f"delta={delta!r}: the number of standard deviations is finite.")
    if network.n_links and network.flows.data.sum() <= 1:
        raise EstimationError(
            f"The flows add up to {network.flows.data.sum():g}; the noise correction takes them "
            "for counts. Give counts, or scale the flows to the number of observations."
        )
    score, deviation = _lift_and_deviation(network.flows)
    with np.errstate(divide="ignore", invalid="ignore"):
        z_score = score / deviation
    # A link that is all there is leaves no room for noise: score and deviation are zero.
    z_score = np.where(np.isnan(z_score), 0.0, z_score)
    return assemble_backbone(
        network,
        score > delta * deviation,
        {"score": score, "sd": deviation, "p_value": special.ndtr(-z_score)},
        method="noise-corrected",
        function="noise_corrected_backbone",
        options={"delta": delta},
        words=f"noise-corrected backbone at {delta:g} standard deviations",
    )


def _lift_and_deviation(flows: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = link_ends(flows)
    flow = flows.data
    sent = np.asarray(flows.sum(axis=1)).ravel()[rows]
    received = np.asarray(flows.sum(axis=0)).ravel()[columns]
    total = float(flow.sum())
    product = sent * received
    kappa = total / product if len(flow) else flow
    score = (kappa * flow - 1.0) / (kappa * flow + 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = product / total**2
        variance = product * (total - sent) * (total - received) / (total**4 * (total - 1.0))
        prior_a = mean**2 * (1.0 - mean) / variance - mean
        prior_b = mean * (1.0 - mean) ** 2 / variance - (1.0 - mean)
        posterior = (prior_a + flow) / (prior_a + prior_b + total)
    # A city that sends (or receives) everything leaves no spread: the flow is certain.
    posterior = np.where(np.isfinite(posterior), posterior, flow / max(total, 1e-300))
    variance_of_flow = np.clip(posterior * (1.0 - posterior), 0.0, None) * total
    slope = 1.0 / product - total * (sent + received) / product**2
    change = 2.0 * (kappa + flow * slope) / (kappa * flow + 1.0) ** 2
    return score, np.sqrt(variance_of_flow) * np.abs(change)


def ranked_pairs(network: LinkageNetwork) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
    """Sort the pairs of a network from the strongest down.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        A directed pair is as strong as the sum of both directions.

    Returns
    -------
    first, second : numpy.ndarray of int
        Ends of each pair, first < second. Among equal strengths the first labels come first.
    both : scipy.sparse.csr_array of shape (n, n)
        Strengths of pairs, symmetric.
    """
    flows, n = network.flows, network.n
    both = sparse.csr_array(flows + flows.T) if network.directed else flows
    upper = sparse.triu(both, k=1).tocoo()
    label = np.empty(n, dtype=int)
    label[np.argsort(network.cities.astype(str).to_numpy(), kind="stable")] = np.arange(n)
    first, second = label[upper.coords[0]], label[upper.coords[1]]
    order = np.lexsort((np.maximum(first, second), np.minimum(first, second), -rounded(upper.data)))
    return upper.coords[0][order], upper.coords[1][order], both


def cells(matrix: sparse.csr_array, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the values of some cells; scipy gives no array when there are none.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
    rows, columns : numpy.ndarray of int

    Returns
    -------
    numpy.ndarray
    """
    return np.asarray(matrix[rows, columns]).ravel() if len(rows) else np.zeros(0)


def rank_within(city: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Rank each link among those of the same city, 1 the strongest, ties sharing the better rank.

    Parameters
    ----------
    city : numpy.ndarray of int, one for each link
    strength : numpy.ndarray, one for each link

    Returns
    -------
    numpy.ndarray of int
    """
    value = rounded(strength)
    order = np.lexsort((-value, city))
    group = city[order]
    place = np.arange(len(order))
    new_city = np.concatenate([[True], np.diff(group) != 0])[: len(order)]
    new_value = new_city | np.concatenate([[True], np.diff(value[order]) != 0])[: len(order)]
    begin = np.maximum.accumulate(np.where(new_city, place, 0))
    rank = np.empty(len(order), dtype=int)
    rank[order] = np.maximum.accumulate(np.where(new_value, place, 0)) - begin + 1
    return rank


def _values_of_transpose(flows: sparse.csr_array, values: np.ndarray) -> np.ndarray:
    """Value of the entry (j, i) for each entry (i, j) of a symmetric pattern."""
    labelled = sparse.csr_array((values.astype(float), flows.indices, flows.indptr), flows.shape)
    turned = labelled.T.tocsr()
    turned.sort_indices()
    return turned.data.astype(values.dtype)
