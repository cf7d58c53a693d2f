"""Core and periphery: a discrete partition, a continuous coreness, and a permutation test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize

from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError
from spatial.options import CoreLinks, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

CORENESS_STARTS = 5
"""Random starts of the continuous model beside three good ones."""

EQUAL_FIT = 1e-10
"""Fits this close are equal: the same sums in another order."""

ALL_CORES = 12
"""Up to this many cities every core is tried: 4096 of them cost no more than a few climbs."""


@dataclass(frozen=True)
class CorePeriphery(Result):
    """Which cities form the core.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: city ids; ``core`` (bool) of the discrete model, ``coreness`` (zero or positive,
        unit length) of the continuous one.
    correlation : float
        Of the flows with the discrete ideal pattern.
    continuous_correlation : float
        Of the flows with the products of corenesses.
    p_value : float
        Share of networks with shuffled cells that fit the discrete pattern as well; NaN if no
        permutations were asked for.
    core_density, between_density, periphery_density : float
        Mean flow within the core, between core and periphery, and within the periphery.
    n_core, permutations : int
    configuration : Configuration
    """

    table: pd.DataFrame
    correlation: float
    continuous_correlation: float
    p_value: float
    core_density: float
    between_density: float
    periphery_density: float
    n_core: int
    permutations: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()


def core_periphery(
    network: LinkageNetwork,
    *,
    between: CoreLinks = "full",
    restarts: int = 10,
    permutations: int = 0,
    rng: RandomSource = None,
) -> CorePeriphery:
    r"""Find the core of a network by the closest ideal pattern.

    The discrete model looks for the core that maximises the correlation, over pairs of different
    cities, of the flows with a pattern that is 1 within the core and 0 within the periphery. The
    continuous model gives each city a coreness, zero or positive, by least squares,

    .. math:: \min_{c \ge 0} \sum_{i \ne j} (f_{ij} - c_i c_j)^2

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Flows are used as they are: take ``network.binary()`` for links only.
    between : {"full", "ignored"}
        The pattern between core and periphery: 1 (``full``), or left out of the comparison.
    restarts : int
        Random starts of the search beside the best cut of the cities ranked by strength; not
        used with twelve cities or fewer, where every core is tried.
    permutations : int
        Networks with shuffled cells (pairs if undirected) for the p-value; 0 for none.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    CorePeriphery

    Raises
    ------
    EstimationError
        If there are fewer than four cities, or all flows are equal.

    Notes
    -----
    With twelve cities or fewer the core is the best of all. With more, the search moves one city,
    or exchanges two when no single move helps, as long as the fit rises; it finds a local
    optimum, the best of all starts. The continuous model uses the mean of both directions. Least
    squares is taken because the correlation itself has no best coreness on many networks:
    corenesses that are equal but for tiny differences fit additively, ever better.

    References
    ----------
    Borgatti and Everett (2000), doi:10.1016/S0378-8733(99)00019-2;
    Boyd, Fitzgerald, Mahutga and Smith (2010), doi:10.1016/j.socnet.2009.09.003.
    """
    checked_option(between, CoreLinks, name="between")
    if restarts < 0 or permutations < 0:
        raise ConfigError("restarts and permutations are zero or positive.")
    n = network.n
    order = np.argsort(network.cities.astype(str).to_numpy(), kind="stable")
    flows = network.flows[order][:, order].toarray()
    cells = flows[~np.eye(n, dtype=bool)]
    if n < 4 or np.ptp(cells) == 0:
        raise EstimationError(
            "A core needs at least four cities and flows that differ; this network has "
            f"{n} cities and {len(np.unique(cells))} different flows."
        )
    generator, seed = seeded_generator(rng)
    core, fit = _best_core(flows, between, restarts, generator)
    starts = [core + 0.1, *generator.random((min(restarts, CORENESS_STARTS), n))]
    coreness, continuous = _coreness((flows + flows.T) / 2.0, starts)
    hits = 0
    for _ in range(permutations):
        shuffled = _shuffled(flows, generator, directed=network.directed)
        hits += _best_core(shuffled, between, restarts, generator)[1] >= fit - EQUAL_FIT
    table = pd.DataFrame({"core": core, "coreness": coreness}, index=network.cities[order]).reindex(
        network.cities
    )
    both, neither = np.outer(core, core), np.outer(~core, ~core)
    apart = ~np.eye(n, dtype=bool)
    return CorePeriphery(
        table=table,
        correlation=fit,
        continuous_correlation=continuous,
        p_value=(1 + hits) / (1 + permutations) if permutations else float("nan"),
        core_density=_mean(flows[both & apart]),
        between_density=_mean(flows[~both & ~neither]),
        periphery_density=_mean(flows[neither & apart]),
        n_core=int(core.sum()),
        permutations=permutations,
        configuration=Configuration(
            function="core_periphery",
            options={"between": between, "restarts": restarts, "permutations": permutations},
            seed=seed,
            weights=network.description,
        ),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def pattern_correlation(flows: np.ndarray, core: np.ndarray, *, between: CoreLinks) -> float:
    """Correlate flows with the ideal pattern of a core.

    Parameters
    ----------
    flows : numpy.ndarray of shape (n, n)
        Zero on the diagonal.
    core : numpy.ndarray of bool, shape (n,)
    between : {"full", "ignored"}

    Returns
    -------
    float
        NaN if the pattern or the flows compared do not vary.
    """
    return float(_fits(_Sums.of(flows, core), between)[0])


@dataclass(slots=True)
class _Sums:
    """Flows and their squares summed within the core and the periphery, for one core or many.

    Attributes
    ----------
    size : numpy.ndarray
        Cities in the core.
    core, core_squares, edge, edge_squares : numpy.ndarray
        Sums over ordered pairs within the core and within the periphery.
    n : int
    total, squares : float
        Over all pairs.
    """

    size: np.ndarray
    core: np.ndarray
    core_squares: np.ndarray
    edge: np.ndarray
    edge_squares: np.ndarray
    n: int
    total: float
    squares: float

    @classmethod
    def of(cls, flows: np.ndarray, core: np.ndarray) -> _Sums:
        squared, inside, outside = flows**2, core.astype(float), (~core).astype(float)
        return cls(
            np.array([core.sum()]),
            np.array([inside @ flows @ inside]),
            np.array([inside @ squared @ inside]),
            np.array([outside @ flows @ outside]),
            np.array([outside @ squared @ outside]),
            len(core),
            float(flows.sum()),
            float(squared.sum()),
        )


def _fits(sums: _Sums, between: CoreLinks) -> np.ndarray:
    """Correlations of flows with the patterns."""
    pairs_core = sums.size * (sums.size - 1.0)
    outside = sums.n - sums.size
    pairs_edge = outside * (outside - 1.0)
    if between == "full":
        count = np.full(np.shape(sums.size), sums.n * (sums.n - 1.0))
        ones, on_ones = count - pairs_edge, sums.total - sums.edge
        total = np.full(count.shape, sums.total)
        squares = np.full(count.shape, sums.squares)
    else:
        count, ones, on_ones = pairs_core + pairs_edge, pairs_core, sums.core
        total, squares = sums.core + sums.edge, sums.core_squares + sums.edge_squares
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = on_ones - total * ones / count
        spread = (squares - total**2 / count) * (ones - ones**2 / count)
        return np.where(spread > 1e-12 * squares, covariance / np.sqrt(spread), np.nan)


def _best_core(
    flows: np.ndarray, between: CoreLinks, restarts: int, generator: np.random.Generator
) -> tuple[np.ndarray, float]:
    n = len(flows)
    if n <= ALL_CORES:
        return _best_of_all_cores(flows, between)
    ranked = np.argsort(-(flows.sum(axis=0) + flows.sum(axis=1)), kind="stable")
    starts = [_best_cut(flows, ranked, between)]
    starts += [generator.random(n) < generator.uniform(0.1, 0.6) for _ in range(restarts)]
    best, fit = starts[0], -np.inf
    for start in starts:
        core, found = _climbed(flows, start, between)
        if found > fit + EQUAL_FIT:
            best, fit = core, found
    return best, float(fit)


def _best_of_all_cores(flows: np.ndarray, between: CoreLinks) -> tuple[np.ndarray, float]:
    n, squared = len(flows), flows**2
    cores = (np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1
    inside, outside = cores.astype(float), (~cores).astype(float)
    sums = _Sums(
        inside.sum(axis=1),
        ((inside @ flows) * inside).sum(axis=1),
        ((inside @ squared) * inside).sum(axis=1),
        ((outside @ flows) * outside).sum(axis=1),
        ((outside @ squared) * outside).sum(axis=1),
        n,
        float(flows.sum()),
        float(squared.sum()),
    )
    fits = np.nan_to_num(_fits(sums, between), nan=-np.inf)
    best = int(np.argmax(fits >= fits.max() - EQUAL_FIT))
    return cores[best], float(fits[best])


def _best_cut(flows: np.ndarray, ranked: np.ndarray, between: CoreLinks) -> np.ndarray:
    """Return the best core among the k strongest cities, for all k."""
    cuts = []
    core = np.zeros(len(flows), dtype=bool)
    for city in ranked[:-1]:
        core[city] = True
        fit = pattern_correlation(flows, core, between=between)
        cuts.append(fit if np.isfinite(fit) else -np.inf)
    best = np.zeros(len(flows), dtype=bool)
    best[ranked[: int(np.argmax(cuts)) + 1]] = True
    return best


def _climbed(flows: np.ndarray, start: np.ndarray, between: CoreLinks) -> tuple[np.ndarray, float]:
    """Move the city that helps most, or exchange the two that do, until nothing helps."""
    core, both, squared = start.copy(), flows + flows.T, flows**2 + flows.T**2
    fit = pattern_correlation(flows, core, between=between)
    fit = fit if np.isfinite(fit) else -np.inf
    while True:
        sums = _Sums.of(flows, core)
        fits = np.nan_to_num(_fits(_moved(sums, core, both, squared), between), nan=-np.inf)
        cities = [int(np.argmax(fits))]
        found = float(fits[cities[0]])
        if found <= fit + EQUAL_FIT and 0 < core.sum() < len(core):
            pairs = _fits(_exchanged(sums, core, both, squared), between)
            pairs = np.nan_to_num(pairs, nan=-np.inf)
            leaver, joiner = np.unravel_index(int(np.argmax(pairs)), pairs.shape)
            cities = [int(np.flatnonzero(core)[leaver]), int(np.flatnonzero(~core)[joiner])]
            found = float(pairs[leaver, joiner])
        if found <= fit + EQUAL_FIT:
            return core, fit
        core[cities], fit = ~core[cities], found


def _moved(sums: _Sums, core: np.ndarray, both: np.ndarray, squared: np.ndarray) -> _Sums:
    """Return the sums after each city in turn has changed sides."""
    sign = np.where(core, -1.0, 1.0)
    inside = core.astype(float)
    return _Sums(
        sums.size + sign,
        sums.core + sign * (both @ inside),
        sums.core_squares + sign * (squared @ inside),
        sums.edge - sign * (both @ (1.0 - inside)),
        sums.edge_squares - sign * (squared @ (1.0 - inside)),
        sums.n,
        sums.total,
        sums.squares,
    )


def _exchanged(sums: _Sums, core: np.ndarray, both: np.ndarray, squared: np.ndarray) -> _Sums:
    """Return the sums after each city of the core (rows) has changed places with each outside."""

    def change(values: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Add what a side gains by its joiner, less what it loses by its leaver."""
        on_side = values @ side.astype(float)
        change = np.where(side, -1.0, 1.0) * on_side
        return change[core][:, None] + change[~core] - values[np.ix_(core, ~core)]

    shape = (int(core.sum()), int((~core).sum()))
    return _Sums(
        np.full(shape, float(sums.size[0])),
        sums.core + change(both, core),
        sums.core_squares + change(squared, core),
        sums.edge + change(both, ~core),
        sums.edge_squares + change(squared, ~core),
        sums.n,
        sums.total,
        sums.squares,
    )


def _coreness(flows: np.ndarray, starts: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Fit c c' to the off-diagonal flows by least squares, c non-negative, and correlate."""
    n = len(flows)
    scaled = flows / flows.max()

    def misfit(c: np.ndarray) -> tuple[float, np.ndarray]:
        gap = np.outer(c, c) - scaled
        np.fill_diagonal(gap, 0.0)
        return float((gap**2).sum()), 4.0 * gap @ c

    found = []
    for start in [np.abs(np.linalg.eigh(scaled)[1][:, -1]), scaled.sum(axis=0), *starts]:
        found.append(
            optimize.minimize(
                misfit,
                start * np.sqrt(scaled.mean() * n) / np.linalg.norm(start),
                jac=True,
                method="L-BFGS-B",
                bounds=[(0.0, None)] * n,
                options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10},
            )
        )
    best = min(found, key=lambda result: result.fun).x
    apart = ~np.eye(n, dtype=bool)
    fit = float(np.corrcoef(scaled[apart], np.outer(best, best)[apart])[0, 1])
    return best / np.linalg.norm(best), fit


def _shuffled(flows: np.ndarray, generator: np.random.Generator, *, directed: bool) -> np.ndarray:
    n = len(flows)
    shuffled = np.zeros_like(flows)
    if directed:
        apart = ~np.eye(n, dtype=bool)
        shuffled[apart] = generator.permutation(flows[apart])
        return shuffled
    upper = np.triu_indices(n, 1)
    shuffled[upper] = generator.permutation(flows[upper])
    return shuffled + shuffled.T
