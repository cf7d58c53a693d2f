"""Backbones against a null of chance: marginal likelihood, local shares, doubly stochastic."""

from __future__ import annotations

import numpy as np
from scipy import sparse, special
from scipy.sparse import csgraph

from networks.backbone_rules import rank_within
from networks.backbones import Backbone, assemble_backbone, checked_alpha, link_ends, rounded
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import LinkEnds, checked_option

BALANCED = 1e-10
"""Sums of rows and columns this close to one are balanced."""

MOST_BALANCING_STEPS = 100_000
"""Balancing converges in some hundred steps unless links lie close to losing all weight."""


def marginal_likelihood_backbone(network: LinkageNetwork, *, alpha: float = 0.05) -> Backbone:
    r"""Keep the links that unit flows dropped at random would hardly make so strong.

    With T unit flows, each of which picks its ends by the strengths of the cities, a link gets a
    binomial number of them,

    .. math:: p_{ij} = P\{X \ge f_{ij}\}, \quad X \sim B(T, \pi_{ij}), \qquad
              \pi_{ij} = \frac{s_i^{out} s_j^{in}}{T^2} \text{ (directed)}, \quad
              \frac{s_i s_j}{2 T^2} \text{ (undirected)}

    Parameters
    ----------
    network : LinkageNetwork
        Flows should be counts; T is their sum, a pair once when undirected.
    alpha : float
        Links with p < alpha are kept, 0 < alpha <= 1.

    Returns
    -------
    Backbone
        ``table`` has the columns ``expected`` (flow under the null), ``score`` = flow / expected,
        and ``p_value``.

    Raises
    ------
    EstimationError
        If the flows add up to no more than one, so that they cannot be counts.

    Notes
    -----
    The tail is the regularised incomplete beta function I_pi(f, T - f + 1), which equals the
    binomial tail for counts and runs smoothly between them. The p-values depend on the unit of
    the flows, as the number of observations does.

    References
    ----------
    Dianati (2016), doi:10.1103/PhysRevE.93.012304.
    """
    checked_alpha(alpha)
    flows = network.flows
    trials = network.total_flow
    if network.n_links and trials <= 1:
        raise EstimationError(
            f"The flows add up to {trials:g}; the marginal likelihood takes them for counts. Give "
            "counts, or scale the flows to the number of observations."
        )
    rows, columns = link_ends(flows)
    sent = np.asarray(flows.sum(axis=1)).ravel()[rows]
    received = np.asarray(flows.sum(axis=0)).ravel()[columns]
    # Both products in one order, so that a pair has the same numbers from either end.
    expected = sent * received / (trials if network.directed else 2.0 * trials)
    chance = np.minimum(expected / trials, 1.0)
    p_value = special.betainc(flows.data, np.maximum(trials - flows.data, 0.0) + 1.0, chance)
    return assemble_backbone(
        network,
        p_value < alpha,
        {"expected": expected, "score": flows.data / expected, "p_value": p_value},
        method="marginal-likelihood",
        function="marginal_likelihood_backbone",
        options={"alpha": alpha},
        words=f"marginal likelihood backbone at {alpha:g}",
    )


def lans_backbone(
    network: LinkageNetwork, *, alpha: float = 0.05, ends: LinkEnds = "either"
) -> Backbone:
    r"""Keep the links that few links of the same city outdo (locally adaptive sparsification).

    .. math:: p_{ij} = 1 - \hat F_i(f_{ij}), \qquad
              \hat F_i(f) = \frac{1}{k_i} \#\{l : f_{il} \le f\}

    which is the share of the city's links that are stronger, with no law assumed for them.

    Parameters
    ----------
    network : LinkageNetwork
    alpha : float
        Links with p < alpha are kept, 0 < alpha <= 1.
    ends : {"either", "both"}
        A link has a p-value at either end: among the links its origin sends and among those its
        destination receives. ``either`` takes the smaller, ``both`` the larger.

    Returns
    -------
    Backbone
        ``table`` has the column ``p_value``. With ``ends="either"`` every linked city keeps its
        strongest link, whose p-value is 0.

    References
    ----------
    Foti, Hughes and Rockmore (2011), doi:10.1371/journal.pone.0016431.
    """
    checked_option(ends, LinkEnds, name="ends")
    checked_alpha(alpha)
    flows = network.flows
    shares = [
        (rank_within(city, flows.data) - 1.0) / np.bincount(city, minlength=network.n)[city]
        for city in link_ends(flows)
    ]
    p_value = np.minimum(*shares) if ends == "either" else np.maximum(*shares)
    return assemble_backbone(
        network,
        p_value < alpha,
        {"p_value": p_value},
        method="lans",
        function="lans_backbone",
        options={"alpha": alpha, "ends": ends},
        words=f"locally adaptive backbone at {alpha:g}",
    )


def doubly_stochastic_backbone(network: LinkageNetwork, *, floor: float = 0.0) -> Backbone:
    r"""Balance all rows and columns to sum one, then take links until the cities are joined.

    .. math:: b_{ij} = r_i f_{ij} c_j, \qquad \sum_j b_{ij} = \sum_i b_{ij} = 1

    The links of greatest b that make the network as connected as all links do are kept: of a
    directed network strongly connected.

    Parameters
    ----------
    network : LinkageNetwork
    floor : float
        This part of the mean flow of links is added to every pair of linked cities for the
        balancing only, zero or positive. Above zero every network can be balanced; links that are
        not there are never kept.

    Returns
    -------
    Backbone
        ``table`` has the column ``score`` = b. Equal scores are kept together.

    Raises
    ------
    EstimationError
        If the network cannot be balanced, with the links that stand in the way, or if the
        balancing does not converge.

    Notes
    -----
    Rows and columns can be balanced only if each link is part of a set of links by which every
    city sends and receives exactly once (total support). A city with a single neighbour that has
    others breaks this; ``floor`` mends it. Memory grows with the square of n if ``floor`` is
    above zero.

    References
    ----------
    Slater (2009), doi:10.1073/pnas.0904725106;
    Sinkhorn and Knopp (1967), Pacific Journal of Mathematics.
    """
    if not (np.isfinite(floor) and floor >= 0):
        raise ConfigError(f"floor={floor!r}: the floor is zero or positive.")
    flows = network.flows
    score = np.zeros(flows.nnz)
    if flows.nnz:
        linked = np.flatnonzero(~network.cities.isin(network.isolates))
        inner = sparse.csr_array(flows[linked][:, linked])
        inner.sort_indices()
        raised = inner / inner.data.mean()
        if floor > 0:
            dense = raised.toarray() + floor
            np.fill_diagonal(dense, 0.0)
            raised = sparse.csr_array(dense)
        _require_total_support(raised, network, linked)
        left, right = _balancing_factors(raised)
        rows, columns = link_ends(inner)
        score = left[rows] * right[columns] * (inner.data / inner.data.mean() + floor)
        if not network.directed:  # both ends of a pair differ by the rounding of the last step
            turned = sparse.csr_array((score, inner.indices, inner.indptr), inner.shape).T.tocsr()
            turned.sort_indices()
            score = (score + turned.data) / 2.0
    return assemble_backbone(
        network,
        _joining(flows, rounded(score, digits=9)),
        {"score": score},
        method="doubly-stochastic",
        function="doubly_stochastic_backbone",
        options={"floor": floor},
        words="strongest links of the balanced flows that join the cities",
    )


def _require_total_support(
    flows: sparse.csr_array, network: LinkageNetwork, linked: np.ndarray
) -> None:
    """Raise unless every entry lies on a positive diagonal (a perfect matching of its pattern)."""
    cities = network.cities[linked]
    partner = csgraph.maximum_bipartite_matching(flows, perm_type="column")
    remedy = "Add a floor (floor=0.01), or use another backbone."
    if (partner < 0).any():
        raise EstimationError(
            "The flows cannot be balanced: the links leave no way for every city to send and "
            f"receive exactly once, for want of a partner for {listed(cities[partner < 0])}. "
            + remedy
        )
    # With the matched columns on the diagonal, an entry lies on a positive diagonal exactly if
    # both its ends are in one strong component.
    rows, columns = link_ends(flows)
    owner = np.empty_like(partner)
    owner[partner] = np.arange(len(partner))
    shifted = sparse.csr_array((flows.data, (rows, owner[columns])), shape=flows.shape)
    _, component = csgraph.connected_components(shifted, directed=True, connection="strong")
    idle = component[rows] != component[owner[columns]]
    if idle.any():
        pairs = sorted(zip(cities[rows[idle]], cities[columns[idle]], strict=True))
        raise EstimationError(
            "The flows cannot be balanced: these links would lose all weight, for want of total "
            f"support: {listed(pairs)}. {remedy}"
        )


def _balancing_factors(flows: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Factors of rows and columns that make all sums one."""
    back = flows.T.tocsr()
    left, right = np.ones(flows.shape[0]), np.ones(flows.shape[0])
    for _ in range(MOST_BALANCING_STEPS):
        sums = flows @ right
        if np.abs(left * sums - 1.0).max() < BALANCED:
            return left, right
        left = 1.0 / sums
        right = 1.0 / (back @ left)
    raise EstimationError(
        f"Balancing did not converge in {MOST_BALANCING_STEPS} steps: some links hardly carry "
        "weight in the limit. Raise floor, or use another backbone."
    )


def _joining(flows: sparse.csr_array, score: np.ndarray) -> np.ndarray:
    """Links of the greatest scores that leave as few strong components as all links do."""
    if not flows.nnz:
        return np.zeros(0, dtype=bool)
    rows, columns = link_ends(flows)
    steps = np.unique(score)[::-1]

    def components(bar: float) -> int:
        kept = score >= bar
        links = sparse.csr_array((np.ones(kept.sum()), (rows[kept], columns[kept])), flows.shape)
        return int(csgraph.connected_components(links, directed=True, connection="strong")[0])

    wanted = components(steps[-1])
    low, high = 0, len(steps) - 1  # the answer is the first step that reaches the number wanted
    while low < high:
        middle = (low + high) // 2
        if components(steps[middle]) == wanted:
            high = middle
        else:
            low = middle + 1
    return score >= steps[low]
