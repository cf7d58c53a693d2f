"""Cascades of overload: paths move to other cities, and those that cannot carry them fall too."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from networks.city_labels import listed_positions
from networks.paths import PathMeasures, link_costs, path_measures
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError
from spatial.options import PathCost
from spatial.results import Configuration, Result

ROUNDING = 1e-9
"""A load above its capacity by less is not too much: sums over paths round."""


@dataclass(frozen=True)
class Cascade(Result):
    """A cascade of overload.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: city. ``load``: before the shock; ``capacity``; ``fallen_step``: 0 for the cities
        taken away, 1, 2, ... for those that fell, NaN for those that stand; ``load_at_end``: of a
        fallen city the load that it fell under, else its load in the end.
    waves : pandas.DataFrame
        Index ``step``. ``fallen``: cities that fall at the step; ``standing``;
        ``giant_component``: cities in the largest weak component over all cities;
        ``efficiency``: sum of inverse path costs over that of the whole network.
    giant_share : float
        Motter and Lai's G: largest component in the end over that at the start.
    configuration : Configuration
    """

    table: pd.DataFrame
    waves: pd.DataFrame
    giant_share: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the waves, a row for each step."""
        return self.waves.reset_index()


def load_cascade(
    network: LinkageNetwork,
    removed: Hashable | Sequence[Hashable],
    *,
    tolerance: float = 0.2,
    cost: PathCost | pd.DataFrame = "hops",
    count_ends: bool = False,
) -> Cascade:
    r"""Take cities away and let those fall that the rerouted paths overload.

    Load :math:`L_i` is betweenness, capacity :math:`C_i = (1 + \alpha) L_i`. After each step the
    loads of the standing cities are worked out anew, and all with :math:`L_i > C_i` fall together,
    until none does.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    removed : city id or list of city ids
        Taken away at step 0.
    tolerance : float
        alpha, zero or positive: the spare capacity.
    cost : {"hops", "inverse"} or pandas.DataFrame of shape (n, n)
        Of the links, see ``networks.paths.link_costs``.
    count_ends : bool
        Paths that begin or end in a city load it too. Without, a city at the edge has no load
        and no capacity, and falls as soon as one path runs through it.

    Returns
    -------
    Cascade

    Raises
    ------
    AlignmentError
        If a city is not in the network or listed twice.
    ConfigError
        If the tolerance is negative.
    EstimationError
        If the network has no link.

    References
    ----------
    Motter and Lai (2002), doi:10.1103/PhysRevE.66.065102.
    """
    if isinstance(tolerance, bool) or not (np.isfinite(tolerance) and tolerance >= 0):
        raise ConfigError(f"tolerance={tolerance!r} must be zero or positive.")
    if network.n_links == 0:
        raise EstimationError("The network has no link, so no city carries a load.")
    place = listed_positions(network.cities, removed)
    costs, n = link_costs(network, cost), network.n
    measures = path_measures(costs)
    whole = float(measures.inverse.sum())
    load = _loads(measures, count_ends=count_ends)
    capacity = (1.0 + tolerance) * load
    end, fallen_step = load.copy(), np.full(n, np.nan)
    giant = _giant(costs)
    waves: list[tuple[int, int, float, float]] = []
    falling, left = place, np.arange(n)
    while len(falling):
        fallen_step[falling] = len(waves)
        left = np.setdiff1d(left, falling)
        part = sparse.csr_array(costs[left][:, left])
        inverse, now = 0.0, np.zeros(len(left))
        if part.nnz:
            measures = path_measures(part)
            inverse, now = float(measures.inverse.sum()), _loads(measures, count_ends=count_ends)
        end[left] = now
        waves.append((len(falling), len(left), _giant(part) / n, inverse / whole))
        falling = left[now > capacity[left] * (1.0 + ROUNDING) + ROUNDING]
    columns = ["fallen", "standing", "giant_component", "efficiency"]
    steps = pd.DataFrame(waves, columns=columns).rename_axis(index="step")
    return Cascade(
        table=pd.DataFrame(
            {
                "load": load,
                "capacity": capacity,
                "fallen_step": fallen_step,
                "load_at_end": end,
            },
            index=network.cities.rename("city"),
        ),
        waves=steps,
        giant_share=float(steps["giant_component"].iloc[-1]) * n / giant,
        configuration=Configuration(
            function="load_cascade",
            options={
                "removed": list(network.cities[place]),
                "tolerance": float(tolerance),
                "cost": cost if isinstance(cost, str) else "given",
                "count_ends": count_ends,
            },
            weights=network.description,
        ),
    )


def cascade_sweep(
    network: LinkageNetwork,
    removed: Hashable | Sequence[Hashable],
    *,
    tolerances: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0),
    cost: PathCost | pd.DataFrame = "hops",
    count_ends: bool = False,
) -> pd.DataFrame:
    """Run ``load_cascade`` over spare capacities.

    Parameters
    ----------
    network, removed, cost, count_ends
        As ``load_cascade``.
    tolerances : sequence of float

    Returns
    -------
    pandas.DataFrame
        Index ``tolerance``: ``giant_share``, ``fallen`` (cities that fell beyond those taken
        away), ``efficiency`` in the end and ``steps``.
    """
    rows = {}
    for tolerance in tolerances:
        found = load_cascade(
            network, removed, tolerance=tolerance, cost=cost, count_ends=count_ends
        )
        rows[float(tolerance)] = {
            "giant_share": found.giant_share,
            "fallen": int(found.waves["fallen"].iloc[1:].sum()),
            "efficiency": float(found.waves["efficiency"].iloc[-1]),
            "steps": len(found.waves) - 1,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="tolerance")


def _loads(measures: PathMeasures, *, count_ends: bool) -> np.ndarray:
    ends = measures.reached + measures.reached_from if count_ends else 0
    return measures.betweenness + ends


def _giant(costs: sparse.csr_array) -> int:
    if not costs.shape[0]:
        return 0
    _, component = csgraph.connected_components(costs, directed=True, connection="weak")
    return int(np.bincount(component).max())
