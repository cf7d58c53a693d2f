"""Localisation of an industry over distance: Duranton and Overman's density of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyses.indices.envelopes import Envelopes, envelopes
from analyses.indices.pair_distances import ExactCounter, GridCounter, summary_of_distances
from analyses.indices.plant_points import PlantPoints, checked_plants
from spatial.errors import ConfigError, EstimationError
from spatial.options import PairCounterfactual, PairCounting, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

__all__ = ["DistanceDensity", "duranton_overman"]

EXACT_PAIRS = 5e8
"""Pairs over all simulations that are still counted one by one, some ten seconds."""
CELLS_PER_BANDWIDTH = 3.0
"""Moving plants to the centre of such cells widens the kernel by less than one per cent."""
MOST_CELLS = 4_000_000
BINS_PER_BANDWIDTH = 60
KERNEL_REACH = 4.0
MEDIAN_SAMPLE = 5000
"""Sites from which the median distance of all pairs is taken; all of them when there are fewer."""


@dataclass(frozen=True, kw_only=True)
class DistanceDensity(Result):
    """Density of the distances between plants, with bands of what chance gives.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``distance`` (km): ``density`` (per km), ``mean`` of the simulations, ``local_lower``,
        ``local_upper``, ``global_lower``, ``global_upper``, ``localisation`` and ``dispersion``.
        Dispersion is zero everywhere for an industry that is localised at any distance.
    plants, sites : int
        Of the industry (or of both), and all that it could have been at.
    bandwidth : float
        Of the kernel, km.
    cell : float
        Width of the grid in km; zero when pairs were counted one by one.
    distance_error : float
        Largest relative error of the distances on the grid among 500 sites.
    p_value : float
        Of the whole curve, two-sided.
    configuration : Configuration
    """

    table: pd.DataFrame
    plants: int
    sites: int
    bandwidth: float
    cell: float
    distance_error: float
    p_value: float
    configuration: Configuration

    @property
    def pattern(self) -> str:
        """``"localised"``, ``"dispersed"`` or ``"random"``, by the global bands."""
        for column, name in (("localisation", "localised"), ("dispersion", "dispersed")):
            if (self.table[column] > 0).any():
                return name
        return "random"

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each distance."""
        return self.table.copy()


def duranton_overman(
    plants: pd.DataFrame,
    name: object,
    *,
    second: object = None,
    industry: str = "industry",
    employment: str | None = None,
    limit: float | None = None,
    bandwidth: float | None = None,
    steps: int = 100,
    simulations: int = 1000,
    level: float = 0.05,
    counterfactual: PairCounterfactual = "all sites",
    counting: PairCounting = "automatic",
    rng: RandomSource = None,
) -> DistanceDensity:
    r"""Test whether the plants of an industry, or of two, are near each other more than by chance.

    .. math:: \hat K(d) = \frac{2}{n(n-1)h} \sum_{i<j} f\left(\frac{d - d_{ij}}{h}\right)

    with the normal density f, reflected at zero, and Silverman's bandwidth. (The original prints
    the factor 1, with which the density would add up to one half.) With employment
    :math:`\hat K(d) = \sum_{i<j} e_i e_j f((d - d_{ij})/h) / (h \sum_{i<j} e_i e_j)`; for two
    industries the sums run over the pairs of one plant of each. Chance puts the plants, with their
    sizes, on sites drawn without replacement. Localisation is :math:`\max(K - K_{upper}, 0)`,
    dispersion :math:`\max(K_{lower} - K, 0)` where nothing is localised, both by the global bands.

    Parameters
    ----------
    plants : pandas.DataFrame or geopandas.GeoDataFrame
        A row for each plant of every industry, with a geometry or the columns ``longitude`` and
        ``latitude``. Each is a site.
    name : label
        Industry.
    second : label, optional
        Another industry, for the density between the two (co-localisation).
    industry : str
        Column.
    employment : str, optional
        Column of sizes that weight the pairs.
    limit : float, optional
        Longest distance in km; by default the median distance of all pairs of sites.
    bandwidth : float, optional
        In km; by default Silverman's rule on the observed distances, kept in all simulations.
    steps : int
        Number of steps from zero to ``limit``.
    simulations : int
    level : float
        See ``envelopes``.
    counterfactual : {"all sites", "both industries"}
        For two industries: draw from all sites, or shuffle the two names over their own sites,
        which asks about the two together given where they are.
    counting : {"automatic", "exact", "grid"}
        Pair by pair, or on a fine grid by the Fourier transform, whose time and memory do not
        depend on the number of pairs; ``"automatic"`` takes the grid for many pairs. Observed and
        simulated curves are counted in the same way, so that the test holds with both.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    DistanceDensity

    Raises
    ------
    PanelError
        If the table is unfit or an industry has fewer than two plants (one of each for two).
    ConfigError
        If an option is wrong or simulations are too few for the level.
    EstimationError
        If all plants lie at one point.

    References
    ----------
    Duranton, G. & Overman, H. G. (2005). Testing for localization using micro-geographic data.
    Review of Economic Studies 72(4), 1077-1106.

    Silverman, B. W. (1986). Density estimation for statistics and data analysis. Chapman & Hall.
    """
    checked_option(counterfactual, PairCounterfactual, name="counterfactual")
    checked_option(counting, PairCounting, name="counting")
    _check_numbers(limit=limit, bandwidth=bandwidth, steps=steps, simulations=simulations)
    known = checked_plants(plants, industry=industry, employment=employment)
    first, other = _two_industries(known, name, second)
    generator, seed = seeded_generator(rng)
    together = first if other is None else np.concatenate([first, other])
    limit = _median_distance(known.points, generator) if limit is None else float(limit)
    pairs = len(first) * (len(first) - 1) / 2 if other is None else len(first) * len(other)
    bandwidth = _silverman(known.points[together], pairs) if bandwidth is None else bandwidth
    use_grid = counting == "grid" or (
        counting == "automatic" and pairs * (simulations + 1) > EXACT_PAIRS
    )
    counter = _counter(known.points, limit, bandwidth, use_grid)
    distances = np.linspace(0.0, limit, steps + 1)
    smoothing = _smoothing(distances, counter.centres, bandwidth)
    sites = (
        together
        if other is not None and counterfactual == "both industries"
        else np.arange(len(known.points))
    )

    def density(members: np.ndarray) -> np.ndarray:
        return smoothing @ _pair_share(counter, members, len(first), known.size[together], other)

    observed = density(together)
    simulated = np.empty((simulations, steps + 1))
    for row in simulated:
        row[:] = density(generator.permutation(sites)[: len(together)])
    bands = envelopes(observed, simulated, level=level)
    sample = np.linspace(0, len(known.points) - 1, min(500, len(known.points))).astype(int)
    return DistanceDensity(
        table=_table(distances, observed, bands),
        plants=len(together),
        sites=len(sites),
        bandwidth=float(bandwidth),
        cell=counter.cell if isinstance(counter, GridCounter) else 0.0,
        distance_error=counter.distance_error(sample, known.points)
        if isinstance(counter, GridCounter)
        else 0.0,
        p_value=bands.p_value,
        configuration=Configuration(
            function="duranton_overman",
            options={
                "name": name,
                "second": second,
                "employment": employment,
                "limit": limit,
                "bandwidth": float(bandwidth),
                "steps": steps,
                "simulations": simulations,
                "level": level,
                "counterfactual": counterfactual,
                "counting": "grid" if use_grid else "exact",
            },
            seed=seed,
        ),
    )


def _check_numbers(
    *, limit: float | None, bandwidth: float | None, steps: int, simulations: int
) -> None:
    for label, value in (("limit", limit), ("bandwidth", bandwidth)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise ConfigError(f"{label}={value!r} must be a positive number of kilometres.")
    for label, number in (("steps", steps), ("simulations", simulations)):
        if not isinstance(number, (int, np.integer)) or number < 1:
            raise ConfigError(f"{label}={number!r} must be a whole number from 1.")


def _two_industries(
    known: PlantPoints, name: object, second: object
) -> tuple[np.ndarray, np.ndarray | None]:
    if second is None:
        return known.members(name, fewest=2), None
    if second == name:
        raise ConfigError(f"Both industries are {name!r}; leave second= out for one industry.")
    return known.members(name, fewest=1), known.members(second, fewest=1)


def _median_distance(points: np.ndarray, generator: np.random.Generator) -> float:
    if len(points) > MEDIAN_SAMPLE:
        points = points[generator.choice(len(points), MEDIAN_SAMPLE, replace=False)]
    return float(max(summary_of_distances(points)[2][1], 1e-3))


def _silverman(points: np.ndarray, pairs: float) -> float:
    """Silverman's rule of thumb on the distances between the plants."""
    if np.ptp(points, axis=0).max() < 1e-12:
        raise EstimationError(
            "All plants of the industry lie at one point, so their distances have no density."
        )
    _, deviation, quartiles = summary_of_distances(points)
    spread = [deviation, (quartiles[2] - quartiles[0]) / 1.34]
    return float(0.9 * min(value for value in spread if value > 0) * pairs**-0.2)


def _counter(
    points: np.ndarray, limit: float, bandwidth: float, use_grid: bool
) -> ExactCounter | GridCounter:
    # The kernel carries mass over the limit from pairs that are a little farther apart.
    longest = limit + KERNEL_REACH * bandwidth
    bins = int(np.ceil(BINS_PER_BANDWIDTH * longest / bandwidth))
    if not use_grid:
        return ExactCounter(points, bins, longest)
    return GridCounter(
        points,
        cell=bandwidth / CELLS_PER_BANDWIDTH,
        longest=longest,
        bins=bins,
        most_cells=MOST_CELLS,
    )


def _smoothing(distances: np.ndarray, centres: np.ndarray, bandwidth: float) -> np.ndarray:
    """Kernel weights, distances by bins; reflection at zero keeps the mass of near pairs."""

    def kernel(u: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * u**2) / (np.sqrt(2 * np.pi) * bandwidth)

    gap = (distances[:, None] - centres[None, :]) / bandwidth
    mirrored = (distances[:, None] + centres[None, :]) / bandwidth
    return kernel(gap) + kernel(mirrored)


def _pair_share(
    counter: ExactCounter | GridCounter,
    members: np.ndarray,
    first: int,
    size: np.ndarray,
    other: np.ndarray | None,
) -> np.ndarray:
    """Share of all pairs (by weight) in each bin; pairs beyond the last bin count in the whole."""
    plain = bool((size == 1.0).all())
    if other is None:
        total = (size.sum() ** 2 - (size**2).sum()) / 2
        return counter.within(members, None if plain else size) / total
    a, b = size[:first], size[first:]
    counts = counter.between(
        members[:first], members[first:], None if plain else a, None if plain else b
    )
    return counts / (a.sum() * b.sum())


def _table(distances: np.ndarray, observed: np.ndarray, bands: Envelopes) -> pd.DataFrame:
    localisation = np.maximum(observed - bands.global_upper, 0.0)
    dispersion = np.maximum(bands.global_lower - observed, 0.0)
    if (localisation > 0).any():
        dispersion = np.zeros_like(dispersion)
    return pd.DataFrame(
        {
            "density": observed,
            "mean": bands.mean,
            "local_lower": bands.local_lower,
            "local_upper": bands.local_upper,
            "global_lower": bands.global_lower,
            "global_upper": bands.global_upper,
            "localisation": localisation,
            "dispersion": dispersion,
        },
        index=pd.Index(distances, name="distance"),
    )
