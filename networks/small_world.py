"""Small worlds, rich clubs and assortativity, against networks of the same degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from networks.backbones import link_ends
from networks.paths import path_measures
from networks.rewiring import rewired_networks
from networks.structure import transitivity
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class SmallWorld(Result):
    """Whether a network is more clustered than chance, and as short.

    Attributes
    ----------
    transitivity, path_length : float
        Of the network, links without their strength: closed over all paths of two links, and mean
        hops between cities that reach each other.
    null_transitivity, null_path_length : float
        Means over random networks of the same degrees.
    transitivity_ratio, path_length_ratio : float
        Network over null.
    sigma : float
        Ratio of the two ratios; well above 1 for a small world.
    p_value : float
        (1 + nulls at least as transitive) / (1 + nulls).
    nulls : pandas.DataFrame
        ``transitivity`` and ``path_length`` of each random network.
    configuration : Configuration
    """

    transitivity: float
    path_length: float
    null_transitivity: float
    null_path_length: float
    transitivity_ratio: float
    path_length_ratio: float
    sigma: float
    p_value: float
    nulls: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a row for each measure: index ``measure``, column ``value``."""
        names = [
            name for name in self.__dataclass_fields__ if name not in ("nulls", "configuration")
        ]
        values = [float(getattr(self, name)) for name in names]
        return pd.DataFrame({"value": values}, index=pd.Index(names, name="measure"))


def small_world(
    network: LinkageNetwork, *, nulls: int = 20, rng: RandomSource = None
) -> SmallWorld:
    r"""Compare clustering and path length with those of random networks of the same degrees.

    .. math:: \sigma = \frac{C / C_{rand}}{L / L_{rand}}

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Links count whatever their strength: thin a dense network by a backbone first.
    nulls : int
        Random networks, directed if the network is.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    SmallWorld
        Ratios are NaN where no random network is transitive.

    References
    ----------
    Humphries and Gurney (2008), doi:10.1371/journal.pone.0002051;
    Watts and Strogatz (1998), doi:10.1038/30918.
    """
    _require_nulls(network, nulls)
    generator, seed = seeded_generator(rng)
    binary = network.binary()
    own_c, own_l = _clustering_and_length(binary.flows)
    table = pd.DataFrame(
        [_clustering_and_length(made) for made in rewired_networks(binary, nulls, generator)],
        columns=["transitivity", "path_length"],
    )
    mean_c, mean_l = (float(table[name].mean()) for name in table)
    ratio_c = own_c / mean_c if mean_c > 0 else float("nan")
    ratio_l = own_l / mean_l if mean_l > 0 else float("nan")
    hits = int((table["transitivity"] >= own_c - 1e-12).sum())
    return SmallWorld(
        transitivity=own_c,
        path_length=own_l,
        null_transitivity=mean_c,
        null_path_length=mean_l,
        transitivity_ratio=ratio_c,
        path_length_ratio=ratio_l,
        sigma=ratio_c / ratio_l,
        p_value=(1 + hits) / (1 + nulls),
        nulls=table,
        configuration=Configuration(
            function="small_world",
            options={"nulls": nulls, "directed": network.directed},
            seed=seed,
            weights=network.description,
        ),
    )


@dataclass(frozen=True)
class RichClub(Result):
    """Whether the cities with most links are linked to each other more than chance makes them.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``degree`` k; for the cities of more than k links: ``cities``, ``density`` (links
        among them over possible links), ``null_density``, ``ratio``, ``p_value`` (one-sided),
        ``flow_share`` (flow among them over that of as many of the strongest links of the whole
        network), ``null_flow_share``, ``flow_ratio``, ``flow_p_value``. NaN where nothing is
        compared.
    nulls : int
    configuration : Configuration
    """

    table: pd.DataFrame
    nulls: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each degree."""
        return self.table.copy()


def rich_club(network: LinkageNetwork, *, nulls: int = 20, rng: RandomSource = None) -> RichClub:
    r"""Measure the density of links, and their strength, among the cities of most links.

    .. math:: \phi(k) = \frac{E_{>k}}{N_{>k} (N_{>k} - 1)}, \qquad
              \phi^w(k) = \frac{W_{>k}}{\sum_{l=1}^{E_{>k}} w^{rank}_l}

    with ordered pairs (half of them when undirected), both over their means in random networks.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        The degree is the number of links sent and received.
    nulls : int
        Random networks of the same degrees; for flows the strengths are dealt out anew to the
        links of the rewired network.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    RichClub

    References
    ----------
    Colizza, Flammini, Serrano and Vespignani (2006), doi:10.1038/nphys209;
    Opsahl, Colizza, Panzarasa and Ramasco (2008), doi:10.1103/PhysRevLett.101.168702.
    """
    _require_nulls(network, nulls)
    generator, seed = seeded_generator(rng)
    flows = network.flows
    degree = np.diff(flows.indptr) + np.bincount(flows.indices, minlength=network.n)
    degree = degree if network.directed else degree // 2
    steps = np.unique(degree)[:-1] if degree.min() > 0 else np.unique(degree)[1:-1]
    steps = np.unique(np.concatenate([[0], steps]))
    best = np.concatenate([[0.0], np.cumsum(np.sort(flows.data)[::-1])])
    own = _club(flows, degree, steps, best)
    others = []
    for made in rewired_networks(network, nulls, generator):
        others.append(_club(_dealt_anew(made, network, generator), degree, steps, best))
    stacked = np.stack(others)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = stacked.mean(axis=0)
        ratio = own / mean
    hits = (stacked >= own - 1e-12).sum(axis=0)
    p_value = np.where(np.isfinite(own) & np.isfinite(mean), (1 + hits) / (1 + nulls), np.nan)
    columns = {"cities": [int((degree > step).sum()) for step in steps]}
    table = pd.DataFrame(columns, index=pd.Index(steps, name="degree"))
    for place, prefix in enumerate(("", "flow_")):
        name = "density" if place == 0 else "flow_share"
        table[name], table[f"null_{name}"] = own[place], mean[place]
        table[f"{prefix}ratio"], table[f"{prefix}p_value"] = ratio[place], p_value[place]
    return RichClub(
        table,
        nulls,
        Configuration(
            function="rich_club",
            options={"nulls": nulls, "directed": network.directed},
            seed=seed,
            weights=network.description,
        ),
    )


def assortativity(network: LinkageNetwork) -> pd.DataFrame:
    """Correlate what cities are at the two ends of links.

    Parameters
    ----------
    network : LinkageNetwork

    Returns
    -------
    pandas.DataFrame
        Columns ``degree`` and ``strength``. Rows of a directed network: ``out-in``, ``out-out``,
        ``in-out``, ``in-in`` (what the sender sends or receives with what the receiver does); of
        an undirected one: ``all``. Pearson correlations over links, each counting once whatever
        its strength; NaN where an end does not vary.

    References
    ----------
    Newman (2003), doi:10.1103/PhysRevE.67.026126;
    Foster, Foster, Grassberger and Paczuski (2010), doi:10.1073/pnas.0912671107.
    """
    flows = network.flows
    rows, columns = link_ends(flows)
    ends = {
        "degree": (np.diff(flows.indptr), np.bincount(flows.indices, minlength=network.n)),
        "strength": tuple(np.asarray(flows.sum(axis=axis)).ravel() for axis in (1, 0)),
    }
    kinds = [("out", "in"), ("out", "out"), ("in", "out"), ("in", "in")]
    side = {"out": 0, "in": 1}
    names = ["-".join(kind) for kind in kinds] if network.directed else ["all"]
    found = {
        name: [
            _correlation(values[side[one]][rows], values[side[other]][columns])
            for one, other in (kinds if network.directed else kinds[:1])
        ]
        for name, values in ends.items()
    }
    return pd.DataFrame(found, index=pd.Index(names, name="ends"))


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 2 or np.ptp(x) <= 1e-12 * abs(x).max() or np.ptp(y) <= 1e-12 * abs(y).max():
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _require_nulls(network: LinkageNetwork, nulls: int) -> None:
    if nulls < 1:
        raise ConfigError(f"nulls={nulls!r}: at least one random network is needed.")
    if network.n_links < 2:
        raise EstimationError(
            f"The network has {network.n_links} links; with fewer than two nothing can be rewired."
        )


def _clustering_and_length(links: sparse.csr_array) -> tuple[float, float]:
    hops = path_measures(links, betweenness=False)
    return transitivity(links), float(hops.distance.sum() / hops.reached.sum())


def _dealt_anew(
    made: sparse.csr_array, network: LinkageNetwork, generator: np.random.Generator
) -> sparse.csr_array:
    """Shuffle the strengths over the links."""
    if network.directed:
        data = generator.permutation(made.data)
        return sparse.csr_array((data, made.indices, made.indptr), shape=made.shape)
    upper = sparse.triu(made, k=1).tocoo()
    data = generator.permutation(upper.data)
    half = sparse.csr_array((data, upper.coords), shape=made.shape)
    return sparse.csr_array(half + half.T)


def _club(
    flows: sparse.csr_array, degree: np.ndarray, steps: np.ndarray, best: np.ndarray
) -> np.ndarray:
    """Density and share of flow among cities above each degree, shape (2, steps)."""
    rows, columns = link_ends(flows)
    lower = np.minimum(degree[rows], degree[columns])
    found = np.full((2, len(steps)), np.nan)
    for place, step in enumerate(steps):
        inside = lower > step
        size, links = int((degree > step).sum()), int(inside.sum())
        if size > 1:
            found[0, place] = links / (size * (size - 1))
        if links:
            found[1, place] = flows.data[inside].sum() / best[links]
    return found
