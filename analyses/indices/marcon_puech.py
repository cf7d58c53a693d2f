"""Marcon and Puech's M: relative concentration of an industry around its own plants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from analyses.indices.envelopes import envelopes
from analyses.indices.plant_points import checked_plants
from spatial.coordinates import km_to_chord
from spatial.errors import ConfigError
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

__all__ = ["RelativeConcentration", "marcon_puech"]

MOST_NEIGHBOURS = 50_000_000
"""Pairs within the largest radius that may be held, about one gigabyte."""


@dataclass(frozen=True, kw_only=True)
class RelativeConcentration(Result):
    """M of an industry at several radii, with bands of what chance gives.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``radius`` (km): ``m`` (one: as everywhere; two: twice the share), ``mean``,
        ``local_lower``, ``local_upper``, ``global_lower``, ``global_upper`` and ``plants``, those
        with a neighbour inside the radius, which alone enter.
    p_value : float
        Of all radii together, two-sided.
    configuration : Configuration
    """

    table: pd.DataFrame
    p_value: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each radius."""
        return self.table.copy()


def marcon_puech(
    plants: pd.DataFrame,
    name: object,
    *,
    radii: Sequence[float],
    neighbours: object = None,
    industry: str = "industry",
    employment: str | None = None,
    simulations: int = 999,
    level: float = 0.05,
    rng: RandomSource = None,
) -> RelativeConcentration:
    r"""Share of an industry among the neighbours of its plants, over its share in all plants.

    .. math:: M(r) = \frac{1}{n} \sum_i \frac{\sum_{j \ne i, d_{ij} \le r, j \in b} w_j}
              {\sum_{j \ne i, d_{ij} \le r} w_j} \Big/
              \frac{1}{n} \sum_i \frac{W_b - w_i [a = b]}{W - w_i}

    over the plants i of industry a that have a neighbour within r; b is the same industry, or
    another one. Chance moves all plants, each with its industry and size, over the known sites.

    Parameters
    ----------
    plants : pandas.DataFrame or geopandas.GeoDataFrame
        A row for each plant of every industry, with a geometry or the columns ``longitude`` and
        ``latitude``.
    name : label
        Industry a.
    radii : sequence of float
        Kilometres, positive and rising.
    neighbours : label, optional
        Industry b; by default the same.
    industry, employment : str
        Columns; without ``employment`` each plant weighs one.
    simulations : int
    level : float
        See ``envelopes``.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    RelativeConcentration

    Raises
    ------
    PanelError
        If the table is unfit or the industry has one plant only.
    ConfigError
        If radii do not rise, an industry is not there, simulations are too few, or the largest
        radius holds too many pairs.

    References
    ----------
    Marcon, E. & Puech, F. (2010). Measures of the geographic concentration of industries: improving
    distance-based methods. Journal of Economic Geography 10(5), 745-762.
    """
    cuts = np.asarray(list(radii), float)
    if not len(cuts) or not np.isfinite(cuts).all() or cuts[0] <= 0 or (np.diff(cuts) <= 0).any():
        raise ConfigError(f"radii={radii!r} must be positive kilometres in rising order.")
    if not isinstance(simulations, (int, np.integer)) or simulations < 1:
        raise ConfigError(f"simulations={simulations!r} must be a whole number from 1.")
    known = checked_plants(plants, industry=industry, employment=employment)
    same = neighbours is None or neighbours == name
    members = known.members(name, fewest=2 if same else 1)
    wanted = np.zeros(len(known.points))
    wanted[members if same else known.members(neighbours, fewest=1)] = 1.0
    rings = _rings(known.points, cuts)
    centres = np.zeros(len(known.points), dtype=bool)
    centres[members] = True
    generator, seed = seeded_generator(rng)
    observed, counted = _m(rings, centres, wanted, known.size, same=same)
    simulated = np.empty((simulations, len(cuts)))
    for row in simulated:
        order = generator.permutation(len(centres))
        row[:] = _m(rings, centres[order], wanted[order], known.size[order], same=same)[0]
    # A radius without any neighbour says nothing, in the data as in a simulation.
    bands = envelopes(
        np.nan_to_num(observed, nan=1.0), np.nan_to_num(simulated, nan=1.0), level=level
    )
    return RelativeConcentration(
        table=pd.DataFrame(
            {
                "m": observed,
                "mean": bands.mean,
                "local_lower": bands.local_lower,
                "local_upper": bands.local_upper,
                "global_lower": bands.global_lower,
                "global_upper": bands.global_upper,
                "plants": counted,
            },
            index=pd.Index(cuts, name="radius"),
        ),
        p_value=bands.p_value,
        configuration=Configuration(
            function="marcon_puech",
            options={
                "name": name,
                "neighbours": name if same else neighbours,
                "radii": cuts.tolist(),
                "employment": employment,
                "simulations": simulations,
                "level": level,
            },
            seed=seed,
        ),
    )


def _rings(points: np.ndarray, cuts: np.ndarray) -> list[sparse.csr_array]:
    """Pairs of plants in each ring between two radii, as symmetric matrices of ones."""
    tree = cKDTree(points)
    longest = km_to_chord(float(cuts[-1]))
    number = int(tree.count_neighbors(tree, longest))
    if number > MOST_NEIGHBOURS:
        raise ConfigError(
            f"{number:,} pairs of plants lie within {cuts[-1]} km, more than {MOST_NEIGHBOURS:,}; "
            "take a smaller largest radius."
        )
    pairs = tree.query_pairs(longest, output_type="ndarray")
    chord = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    ring = np.searchsorted([km_to_chord(float(r)) for r in cuts], chord)
    matrices = []
    for k in range(len(cuts)):
        i, j = pairs[ring == k].T
        half = sparse.coo_array((np.ones(len(i)), (i, j)), shape=(len(points), len(points)))
        matrices.append(sparse.csr_array(half + half.T))
    return matrices


def _m(
    rings: list[sparse.csr_array],
    centres: np.ndarray,
    wanted: np.ndarray,
    size: np.ndarray,
    *,
    same: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute M and the number of plants that enter it, for each radius."""
    places = np.flatnonzero(centres)
    both = np.column_stack([wanted * size, size])
    own = size[places]
    benchmark = ((wanted @ size) - own * same) / (size.sum() - own)
    near = np.zeros((len(places), 2))
    values, counted = np.full(len(rings), np.nan), np.zeros(len(rings), dtype=int)
    for k, matrix in enumerate(rings):
        near += matrix[places] @ both
        has = near[:, 1] > 0
        counted[k] = int(has.sum())
        if counted[k]:
            share = near[has, 0] / near[has, 1]
            values[k] = share.mean() / benchmark[has].mean()
    return values, counted
