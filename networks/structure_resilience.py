"""Resilience of a network's structure: hierarchy, matching, transmission, diversity, clustering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from networks.independent_paths import mean_independent_paths
from networks.paths import path_measures
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, EstimationError, listed
from spatial.options import ContagionMeasure, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

NAN = float("nan")


@dataclass(frozen=True)
class StructureResilience(Result):
    """Five attributes of a network that tell how it bears disruption.

    Attributes
    ----------
    attributes : pandas.DataFrame
        Index ``attribute``, column ``value``. ``hierarchy``: slope a of ln K on ln rank, steep if
        far below zero; ``hierarchy_r_squared``; ``matching``: slope b of the mean degree of
        neighbours on degree, above zero if equals link to equals; ``transmission_length``: mean
        hops between cities that reach each other; ``transmission_efficiency``: mean of 1 / hops
        over ordered pairs; ``diversity``: mean number of node-independent paths between pairs;
        ``clustering``: mean share of linked pairs among the neighbours of a city, 0 for cities
        with fewer than two. NaN where an attribute is not defined.
    cities : pandas.DataFrame
        Index: city. ``degree`` (K), ``rank`` and ``neighbour_degree`` (NaN without neighbours).
    n_pairs : int
        Pairs of cities that ``diversity`` is the mean over.
    configuration : Configuration
    """

    attributes: pd.DataFrame
    cities: pd.DataFrame
    n_pairs: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the attributes, a row for each."""
        return self.attributes.copy()


def structure_resilience(
    network: LinkageNetwork,
    *,
    degree: ContagionMeasure = "links",
    pairs: int | None = None,
    rng: RandomSource = None,
) -> StructureResilience:
    r"""Measure hierarchy, matching, transmission, diversity and clustering.

    .. math:: \ln K_i = \ln C + a \ln K_i^*, \qquad \bar K_i = D + b K_i, \qquad
              V = \frac{\sum_{i<j} n_{ij}}{n (n - 1) / 2}

    with K* the rank of a city by K, :math:`\bar K_i` the mean K of its neighbours, and n_ij the
    number of paths between i and j that share no other city (Menger's theorem).

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Taken without direction: two cities are linked if either sends to the other, with the sum
        of both flows of a directed network. Transmission follows directions.
    degree : {"links", "strength"}
        What K is: the number of links of a city, or the sum of its flows. With strength the mean
        over neighbours is weighted by flows.
    pairs : int, optional
        Diversity over as many random pairs, where all n (n - 1) / 2 would take long.
    rng : int, numpy.random.Generator or None
        For the choice of pairs.

    Returns
    -------
    StructureResilience

    Raises
    ------
    EstimationError
        If the network has no link.
    ConfigError
        If ``pairs`` is not positive.

    References
    ----------
    Crespo, Suire and Vicente (2014), Lock-in or lock-out? How structural properties of knowledge
    networks affect regional resilience, Journal of Economic Geography.
    """
    checked_option(degree, ContagionMeasure, name="degree")
    if network.n_links == 0:
        raise EstimationError("The network has no link, so its structure cannot be measured.")
    generator, seed = seeded_generator(rng) if pairs is not None else (None, None)
    flows = network.flows
    ties = sparse.csr_array(flows + flows.T if network.directed else flows)
    links = _ones(ties)
    weights = ties if degree == "strength" else links
    cities = _degrees(weights, network.cities)
    hierarchy, fit = _hierarchy(cities["degree"].to_numpy(), cities["rank"].to_numpy())
    n = network.n
    hops = path_measures(_ones(flows), betweenness=False)
    diversity, n_pairs = mean_independent_paths(links, pairs=pairs, generator=generator)
    values = {
        "hierarchy": hierarchy,
        "hierarchy_r_squared": fit,
        "matching": _slope(cities["degree"].to_numpy(), cities["neighbour_degree"].to_numpy()),
        "transmission_length": float(hops.distance.sum()) / float(hops.reached.sum()),
        "transmission_efficiency": float(hops.inverse.sum()) / (n * (n - 1)),
        "diversity": diversity,
        "clustering": float(_clustering(links).mean()),
    }
    return StructureResilience(
        attributes=pd.DataFrame(
            {"value": list(values.values())}, index=pd.Index(list(values), name="attribute")
        ),
        cities=cities,
        n_pairs=n_pairs,
        configuration=Configuration(
            function="structure_resilience",
            options={"degree": degree, "pairs": pairs},
            seed=seed,
            weights=network.description,
        ),
    )


def structure_resilience_change(
    before: LinkageNetwork,
    after: LinkageNetwork,
    *,
    degree: ContagionMeasure = "links",
    pairs: int | None = None,
    rng: RandomSource = None,
) -> pd.DataFrame:
    """Compare the structure of a network before and after a disruption.

    Parameters
    ----------
    before, after : LinkageNetwork
        After a loss of cities, ``after`` may hold fewer of them: see ``LinkageNetwork.subset``.
    degree, pairs, rng
        As ``structure_resilience``.

    Returns
    -------
    pandas.DataFrame
        Index ``attribute``: ``before``, ``after``, ``change_rate`` = (before - after) / before.

    Raises
    ------
    AlignmentError
        If ``after`` holds cities that ``before`` does not.
    """
    new = after.cities.difference(before.cities, sort=False)
    if len(new):
        raise AlignmentError(
            f"The network after the disruption holds cities that it did not hold before: "
            f"{listed(new)}. Give the two networks in their order."
        )
    seed = None if pairs is None else seeded_generator(rng)[1]
    values = [
        structure_resilience(each, degree=degree, pairs=pairs, rng=seed).attributes["value"]
        for each in (before, after)
    ]
    table = pd.concat(values, axis=1, keys=["before", "after"])
    start = table["before"].where(table["before"] != 0.0)
    return table.assign(change_rate=(table["before"] - table["after"]) / start)


def _ones(flows: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((np.ones(flows.nnz), flows.indices, flows.indptr), shape=flows.shape)


def _degrees(weights: sparse.csr_array, ids: pd.Index) -> pd.DataFrame:
    degree = np.asarray(weights.sum(axis=1)).ravel()
    order = np.lexsort((ids.astype(str).to_numpy(), -degree))
    rank = np.empty(len(degree), dtype=int)
    rank[order] = np.arange(1, len(degree) + 1)
    around = np.divide(weights @ degree, degree, out=np.full(len(degree), np.nan), where=degree > 0)
    return pd.DataFrame(
        {"degree": degree, "rank": rank, "neighbour_degree": around}, index=ids.rename("city")
    )


def _hierarchy(degree: np.ndarray, rank: np.ndarray) -> tuple[float, float]:
    """Slope and R squared of ln K on ln rank; cities without links have no logarithm."""
    linked = degree > 0
    y, x = np.log(degree[linked]), np.log(rank[linked])
    slope = _slope(x, y)
    spread = ((y - y.mean()) ** 2).sum()
    if not spread > 0 or np.isnan(slope):
        return slope, NAN
    return slope, float(slope**2 * ((x - x.mean()) ** 2).sum() / spread)


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 2 or np.ptp(x) <= 1e-12 * np.abs(x).max():
        return NAN
    centred = x - x.mean()
    return float(centred @ y / (centred @ centred))


def _clustering(links: sparse.csr_array) -> np.ndarray:
    degree = np.asarray(links.sum(axis=1)).ravel()
    closed = np.asarray((links @ links).multiply(links).sum(axis=1)).ravel()
    possible = degree * (degree - 1.0)
    return np.divide(closed, possible, out=np.zeros(len(degree)), where=possible > 0)
