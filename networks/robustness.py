"""How a network falls apart as cities or links are taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import integrate, sparse
from scipy.sparse import csgraph

from networks.centrality import centralities
from networks.paths import path_measures
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, ConfigError, EstimationError, listed
from spatial.options import RemovalOrder, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

BAND = (0.05, 0.95)
"""Quantiles of the band over random orders."""


@dataclass(frozen=True)
class Robustness(Result):
    """A network under the removal of its cities, one after the other.

    Attributes
    ----------
    curve : pandas.DataFrame
        Index ``removed_share`` (0 to 1, in steps of one city). ``giant_component``: cities in the
        largest weak component over all cities. ``second_component`` likewise. ``efficiency``:
        global efficiency (hops, over the pairs of the full network) divided by that of the whole
        network, NaN where it was not worked out. Of random orders these are means, and
        ``giant_low``, ``giant_high`` the band from the 5 to the 95 per cent quantile.
    removed : tuple
        Cities in the order of their removal; empty for random orders.
    r_index : float
        Mean of ``giant_component`` over the removals, at most one half.
    critical_share : float
        Least removed share at which the giant component holds under half of all cities.
    peak_share : float
        Removed share at which the second component is largest.
    efficiency_area : float
        Area under ``efficiency``; NaN if it was not worked out.
    configuration : Configuration
    """

    curve: pd.DataFrame
    removed: tuple
    r_index: float
    critical_share: float
    peak_share: float
    efficiency_area: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the curve, a row for each number of removed cities."""
        return self.curve.reset_index()


def robustness(
    network: LinkageNetwork,
    *,
    order: RemovalOrder | Sequence = "degree",
    recalculated: bool = False,
    efficiency_points: int = 0,
    replications: int = 50,
    rng: RandomSource = None,
) -> Robustness:
    r"""Take cities away one by one and watch what stays together.

    .. math:: R = \frac{1}{n} \sum_{q=1}^{n} S(q)

    with S(q) the share of cities in the largest component after q removals.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Components ignore direction.
    order : {"random", "degree", "strength", "betweenness"} or sequence of city ids
        Most central first; a list removes its cities in turn and then stops.
    recalculated : bool
        Rank the remaining cities anew after each removal. With betweenness this takes n searches.
    efficiency_points : int
        At how many removals, evenly spread, efficiency is worked out; 0 for none.
    replications : int
        Number of random orders.
    rng : int, numpy.random.Generator or None
        For random orders.

    Returns
    -------
    Robustness

    Raises
    ------
    AlignmentError
        If a listed city is not in the network, or listed twice.
    EstimationError
        If the network has no link.

    Notes
    -----
    Equally central cities go in the order of their labels. The largest component after each of n
    removals follows from one spanning tree: a link lives until the first of its cities goes, and
    links that live longest are joined first, backwards in time.

    References
    ----------
    Schneider et al. (2011), doi:10.1073/pnas.1009440108.
    """
    if network.n_links == 0:
        raise EstimationError("The network has no link, so there is nothing to take apart.")
    if replications < 1 or efficiency_points < 0:
        raise ConfigError("replications must be positive, efficiency_points zero or positive.")
    seed = None
    if isinstance(order, str):
        checked_option(order, RemovalOrder, name="order")
        if order == "random":
            generator, seed = seeded_generator(rng)
            orders = [generator.permutation(network.n) for _ in range(replications)]
        else:
            orders = [_central_first(network, order, recalculated=recalculated)]
    else:
        orders = [_listed_positions(network, order)]
    curve = _mean_curve(network, orders, efficiency_points)
    lost = curve["giant_component"].to_numpy()
    under = np.flatnonzero(lost < 0.5)
    share = curve.index.to_numpy()
    known = curve["efficiency"].dropna()
    return Robustness(
        curve=curve,
        removed=() if len(orders) > 1 else tuple(network.cities[orders[0]]),
        r_index=float(lost[1:].sum() / network.n),
        critical_share=float(share[under[0]]) if len(under) else float("nan"),
        peak_share=float(share[int(np.argmax(curve["second_component"].to_numpy()))]),
        efficiency_area=float(integrate.trapezoid(known, known.index))
        if len(known) > 1
        else float("nan"),
        configuration=Configuration(
            function="robustness",
            options={
                "order": order if isinstance(order, str) else "listed",
                "recalculated": recalculated,
                "efficiency_points": efficiency_points,
                "replications": len(orders),
            },
            seed=seed,
            weights=network.description,
        ),
    )


def vulnerability(network: LinkageNetwork) -> pd.Series:
    """Return the share of global efficiency that goes with each city.

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    pandas.Series of shape (n,)
        (E - E without the city) / E, with hops as path costs and the mean over the pairs of the
        network at hand; negative for a city that others do better without.

    Raises
    ------
    EstimationError
        If the network has no link.
    """
    if network.n_links == 0:
        raise EstimationError("The network has no link, so its efficiency is zero.")
    n, links = network.n, _links(network)
    whole = _efficiency(links, n)
    lost = np.empty(n)
    for city in range(n):
        others = np.delete(np.arange(n), city)
        lost[city] = (whole - _efficiency(links[others][:, others], n - 1)) / whole
    return pd.Series(lost, index=network.cities, name="vulnerability")


def _links(network: LinkageNetwork) -> sparse.csr_array:
    flows = network.flows
    return sparse.csr_array((np.ones(flows.nnz), flows.indices, flows.indptr), shape=flows.shape)


def _efficiency(links: sparse.csr_array, n: int) -> float:
    if n < 2 or not links.nnz:
        return 0.0
    links = sparse.csr_array(links)
    return float(path_measures(links, betweenness=False).inverse.sum()) / (n * (n - 1))


def _central_first(network: LinkageNetwork, measure: str, *, recalculated: bool) -> np.ndarray:
    label = np.argsort(np.argsort(network.cities.astype(str).to_numpy(), kind="stable"))
    left = np.arange(network.n)
    if not recalculated:
        return left[np.lexsort((label, -_centrality(network, measure)))]
    order, current = [], network
    while len(left):
        value = _centrality(current, measure)
        first = int(np.lexsort((label[left], -value))[0])
        order.append(left[first])
        left = np.delete(left, first)
        keep = np.delete(np.arange(current.n), first)
        current = current.subset(current.cities[keep])
    return np.array(order)


def _centrality(network: LinkageNetwork, measure: str) -> np.ndarray:
    flows = network.flows
    if measure == "degree":
        return np.diff(flows.indptr) + np.bincount(flows.indices, minlength=network.n)
    if measure == "strength":
        total = np.asarray(flows.sum(axis=0)).ravel() + np.asarray(flows.sum(axis=1)).ravel()
        return np.round(total / total.max(initial=1e-300), 12)
    return np.round(centralities(network).table["betweenness"].to_numpy(), 12)


def _listed_positions(network: LinkageNetwork, order: Sequence) -> np.ndarray:
    listed_cities = pd.Index(list(order))
    position = network.cities.get_indexer(listed_cities)
    if (position < 0).any():
        raise AlignmentError(f"Not in the network: {listed(listed_cities[position < 0])}.")
    if not listed_cities.is_unique:
        twice = listed_cities[listed_cities.duplicated()]
        raise AlignmentError(f"Listed for removal more than once: {listed(twice)}.")
    return position


def _mean_curve(
    network: LinkageNetwork, orders: list[np.ndarray], efficiency_points: int
) -> pd.DataFrame:
    n, steps = network.n, len(orders[0]) + 1
    giants, seconds, efficient = [], [], []
    for order in orders:
        giant, second = _components_over_time(network.flows, order)
        giants.append(giant)
        seconds.append(second)
        efficient.append(_efficiency_over_time(network, order, efficiency_points))
    giant = np.array(giants)
    curve = pd.DataFrame(
        {
            "giant_component": giant.mean(axis=0),
            "second_component": np.mean(seconds, axis=0),
            "efficiency": np.mean(efficient, axis=0),
        },
        index=pd.Index(np.arange(steps) / n, name="removed_share"),
    )
    if len(orders) > 1:
        curve["giant_low"], curve["giant_high"] = np.quantile(giant, BAND, axis=0)
    return curve


def _components_over_time(
    flows: sparse.csr_array, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of cities in the two largest components after 0, 1, ... removals."""
    n, steps = flows.shape[0], len(order)
    gone = np.full(n, steps + 1)  # a city that is never removed outlives the list
    gone[order] = np.arange(1, steps + 1)
    rows, columns = flows.tocoo().coords
    life = np.minimum(gone[rows], gone[columns])
    pairs = sparse.csr_array((steps + 2.0 - life, (rows, columns)), shape=(n, n))
    upper = sparse.csr_array(sparse.triu(pairs.maximum(pairs.T), k=1))
    tree = csgraph.minimum_spanning_tree(upper).tocoo()
    ends = np.column_stack(tree.coords)
    life_of_tree = np.round(steps + 2.0 - tree.data).astype(int)
    parent, size = np.arange(n), np.ones(n, dtype=int)

    def root(city: int) -> int:
        while parent[city] != city:
            parent[city] = parent[parent[city]]
            city = int(parent[city])
        return city

    giant, second = np.zeros(steps + 1), np.zeros(steps + 1)
    present: dict[int, int] = {int(city): 1 for city in np.flatnonzero(gone > steps)}
    by_life = np.argsort(-life_of_tree, kind="stable")
    number = 0
    for removed in range(steps, -1, -1):
        if removed < steps:
            present[int(order[removed])] = 1
        while number < len(by_life) and life_of_tree[by_life[number]] > removed:
            one, other = (root(int(city)) for city in ends[by_life[number]])
            number += 1
            if size[one] < size[other]:
                one, other = other, one
            parent[other] = one
            size[one] += size[other]
            present[one] = int(size[one])
            del present[other]
        largest = np.sort(np.fromiter(present.values(), dtype=int, count=len(present)))[-2:]
        giant[removed] = largest[-1] if len(largest) else 0
        second[removed] = largest[0] if len(largest) == 2 else 0
    return giant / n, second / n


def _efficiency_over_time(network: LinkageNetwork, order: np.ndarray, points: int) -> np.ndarray:
    steps = len(order)
    found = np.full(steps + 1, np.nan)
    if points == 0:
        return found
    links, n = _links(network), network.n
    whole = _efficiency(links, n)
    for removed in np.unique(np.linspace(0, steps, points).round().astype(int)):
        left = np.setdiff1d(np.arange(n), order[:removed])
        part = links[left][:, left]
        # Pairs of the full network stay the yardstick: a lost city is lost efficiency.
        rest = _efficiency(part, len(left)) * len(left) * (len(left) - 1) / (n * (n - 1))
        found[removed] = rest / whole
    return found
