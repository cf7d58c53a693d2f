"""How a network falls apart as cities are taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import integrate, sparse

from networks.centrality import centralities
from networks.city_labels import listed_positions
from networks.component_curves import Removal, component_curve
from networks.paths import path_measures
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError
from spatial.options import RemovalOrder, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

BAND = (0.05, 0.95)
"""Quantiles of the band over random orders."""


@dataclass(frozen=True)
class Robustness(Result):
    """A network under the removal of its cities, or of its links, one after the other.

    Attributes
    ----------
    curve : pandas.DataFrame
        Index ``removed_share`` (0 to 1, in steps of one city or link). ``giant_component``: cities
        in the largest weak component over all cities. ``second_component`` likewise.
        ``connectivity``: pairs of cities that are joined over all pairs. ``efficiency``: global
        efficiency (hops, over the pairs of the full network) divided by that of the whole
        network, NaN where it was not worked out. Of random orders these are means, and
        ``giant_low``, ``giant_high``, ``connectivity_low`` ... ``efficiency_high`` the bands from
        the 5 to the 95 per cent quantile.
    removed : tuple
        Cities in the order of their removal, or links as (origin, destination); empty for random
        orders.
    r_index : float
        Mean of ``giant_component`` over the removals; at most one half for cities.
    r_indices : tuple of float
        The same for each order.
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
    r_indices: tuple[float, ...]
    critical_share: float
    peak_share: float
    efficiency_area: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the curve, a row for each number of removed cities or links."""
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
        orders = [listed_positions(network.cities, order)]
    return summarised(
        network,
        [_removal_of_cities(network, order) for order in orders],
        most=network.n,
        efficiency_points=efficiency_points,
        removed=() if len(orders) > 1 else tuple(network.cities[orders[0]]),
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


def summarised(
    network: LinkageNetwork,
    removals: list[Removal],
    *,
    most: int,
    efficiency_points: int,
    removed: tuple,
    configuration: Configuration,
) -> Robustness:
    """Follow a network through one or several series of removals of equal length.

    Parameters
    ----------
    network : LinkageNetwork
    removals : list of Removal
    most : int
        Number of removals that leave nothing.
    efficiency_points : int
        As ``robustness``.
    removed : tuple
    configuration : Configuration

    Returns
    -------
    Robustness
    """
    curves = [component_curve(network.flows, removal) for removal in removals]
    efficient = [_efficiency_over_time(network, removal, efficiency_points) for removal in removals]
    found = {
        "giant_component": np.array([curve.giant for curve in curves]),
        "second_component": np.array([curve.second for curve in curves]),
        "connectivity": np.array([curve.connectivity for curve in curves]),
        "efficiency": np.array(efficient),
    }
    share = np.arange(removals[0].steps + 1) / most
    curve = pd.DataFrame(
        {name: values.mean(axis=0) for name, values in found.items()},
        index=pd.Index(share, name="removed_share"),
    )
    if len(removals) > 1:
        for name in ("giant_component", "connectivity", "efficiency"):
            short = name.removesuffix("_component")
            curve[f"{short}_low"], curve[f"{short}_high"] = np.quantile(found[name], BAND, axis=0)
    r_indices = found["giant_component"][:, 1:].sum(axis=1) / most
    under = np.flatnonzero(curve["giant_component"].to_numpy() < 0.5)
    known = curve["efficiency"].dropna()
    return Robustness(
        curve=curve,
        removed=removed,
        r_index=float(r_indices.mean()),
        r_indices=tuple(float(value) for value in r_indices),
        critical_share=float(share[under[0]]) if len(under) else float("nan"),
        peak_share=float(share[int(np.argmax(curve["second_component"].to_numpy()))]),
        efficiency_area=float(integrate.trapezoid(known, known.index))
        if len(known) > 1
        else float("nan"),
        configuration=configuration,
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


def _removal_of_cities(network: LinkageNetwork, order: np.ndarray) -> Removal:
    steps = len(order)
    life = np.full(network.n, steps + 1)  # a city that is never removed outlives the list
    life[order] = np.arange(1, steps + 1)
    rows, columns = network.flows.tocoo().coords
    return Removal(life, np.minimum(life[rows], life[columns]), steps)


def _efficiency_over_time(network: LinkageNetwork, removal: Removal, points: int) -> np.ndarray:
    """Efficiency over that of the whole: its pairs stay the yardstick, a lost city is a loss."""
    found = np.full(removal.steps + 1, np.nan)
    if points == 0:
        return found
    links = _links(network)
    whole = _efficiency(links, network.n)
    rows, columns = links.tocoo().coords
    for removed in np.unique(np.linspace(0, removal.steps, points).round().astype(int)):
        left = removal.link_life > removed
        part = sparse.csr_array(
            (np.ones(int(left.sum())), (rows[left], columns[left])), shape=links.shape
        )
        found[removed] = _efficiency(part, network.n) / whole
    return found
