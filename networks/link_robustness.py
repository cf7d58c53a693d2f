"""How a network falls apart as links are taken away."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from networks.component_curves import Removal
from networks.robustness import Robustness, summarised
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, ConfigError, EstimationError, listed
from spatial.options import LinkRemovalOrder, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration


def link_robustness(
    network: LinkageNetwork,
    *,
    order: LinkRemovalOrder | Sequence[tuple[Hashable, Hashable]] = "strongest",
    efficiency_points: int = 0,
    replications: int = 50,
    rng: RandomSource = None,
) -> Robustness:
    """Take links away one by one and watch what stays together.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Components ignore direction. A pair of an undirected network is one link.
    order : {"strongest", "weakest", "random"} or sequence of (origin, destination)
        A list, for example of flooded roads, removes its links in turn and then stops.
    efficiency_points : int
        At how many removals, evenly spread, efficiency is worked out; 0 for none.
    replications : int
        Number of random orders.
    rng : int, numpy.random.Generator or None
        For random orders.

    Returns
    -------
    Robustness
        ``removed_share`` and ``r_index`` count links.

    Raises
    ------
    AlignmentError
        If a listed link is not in the network, or listed twice.
    EstimationError
        If the network has no link.

    Notes
    -----
    Equally strong links go in the order of the labels of their ends. Removing the weakest first
    tells whether weak ties hold a network together (Onnela et al. 2007,
    doi:10.1073/pnas.0610245104).
    """
    if network.n_links == 0:
        raise EstimationError("The network has no link, so there is nothing to take apart.")
    if replications < 1 or efficiency_points < 0:
        raise ConfigError("replications must be positive, efficiency_points zero or positive.")
    links = network.to_frame()
    seed = None
    if isinstance(order, str):
        checked_option(order, LinkRemovalOrder, name="order")
        if order == "random":
            generator, seed = seeded_generator(rng)
            orders = [generator.permutation(len(links)) for _ in range(replications)]
        else:
            orders = [_by_strength(links, strongest=order == "strongest")]
    else:
        orders = [_listed_links(network, links, order)]
    ends = links.iloc[orders[0]]
    pairs = tuple(zip(ends["origin"], ends["destination"], strict=True))
    return summarised(
        network,
        [_removal_of_links(network, links, one) for one in orders],
        most=len(links),
        efficiency_points=efficiency_points,
        removed=() if len(orders) > 1 else pairs,
        configuration=Configuration(
            function="link_robustness",
            options={
                "order": order if isinstance(order, str) else "listed",
                "efficiency_points": efficiency_points,
                "replications": len(orders),
            },
            seed=seed,
            weights=network.description,
        ),
    )


def _by_strength(links: pd.DataFrame, *, strongest: bool) -> np.ndarray:
    names = links[["origin", "destination"]].astype(str)
    # An undirected pair has one name whichever end the table puts first.
    first, second = names.min(axis=1).to_numpy(), names.max(axis=1).to_numpy()
    flow = links["flow"].to_numpy()
    keys = (names["origin"].to_numpy(), second, first, -flow if strongest else flow)
    return np.lexsort(keys)


def _listed_links(
    network: LinkageNetwork, links: pd.DataFrame, chosen: Sequence[tuple[Hashable, Hashable]]
) -> np.ndarray:
    place: dict[tuple[Any, ...], int] = {
        pair: number
        for number, pair in enumerate(zip(links["origin"], links["destination"], strict=True))
    }
    if not network.directed:
        place.update({(other, one): number for (one, other), number in list(place.items())})
    wanted = [tuple(pair) for pair in chosen]
    unknown = [pair for pair in wanted if pair not in place]
    if unknown:
        raise AlignmentError(f"No links of the network: {listed(unknown)}.")
    found = np.array([place[pair] for pair in wanted], dtype=int)
    if not len(found):
        raise AlignmentError("No link is listed; name at least one as (origin, destination).")
    if len(np.unique(found)) < len(found):
        repeated = np.unique(found[pd.Index(found).duplicated()])
        twice = [wanted[int(np.flatnonzero(found == number)[-1])] for number in repeated]
        raise AlignmentError(f"Listed for removal more than once: {listed(twice)}.")
    return found


def _removal_of_links(network: LinkageNetwork, links: pd.DataFrame, order: np.ndarray) -> Removal:
    """Return lives of stored flows; both flows of an undirected pair go together."""
    steps, n = len(order), network.n
    life = np.full(len(links), steps + 1)
    life[order] = np.arange(1, steps + 1)
    origin = network.cities.get_indexer(pd.Index(links["origin"]))
    destination = network.cities.get_indexer(pd.Index(links["destination"]))
    rows, columns = network.flows.tocoo().coords
    keys, cells = origin * n + destination, rows * n + columns
    if not network.directed:
        keys = np.minimum(origin, destination) * n + np.maximum(origin, destination)
        cells = np.minimum(rows, columns) * n + np.maximum(rows, columns)
    by_key = np.argsort(keys)
    link_life = life[by_key][np.searchsorted(keys[by_key], cells)]
    return Removal(np.full(n, steps + 1), link_life, steps)
