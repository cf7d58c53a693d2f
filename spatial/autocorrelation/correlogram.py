"""Correlograms: Moran's I of cities so many kilometres, or so many links, apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.autocorrelation.global_moran import global_moran
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.coordinates import city_positions
from spatial.errors import ConfigError, EstimationError
from spatial.options import Alternative, Transform
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result
from spatial.weights.neighbours import pairs_within
from spatial.weights.orders import lag_order_weights
from spatial.weights.types import Weights, as_weights


@dataclass(frozen=True, kw_only=True)
class Correlogram(Result):
    """Moran's I by distance or by order of neighbours.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame
        A row for each band or order. Columns ``from_km`` and ``to_km`` in kilometres, or
        ``order``; ``links`` (ordered pairs), ``linked_cities``, ``statistic``, ``expected``,
        ``variance``, ``z_score``, ``p_analytical``, ``p_permutation``, ``p_fdr``. Bands without a
        link are NaN.
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


_STATISTICS = ("statistic", "expected", "variance", "z_score", "p_analytical", "p_permutation")


def distance_correlogram(
    values: pd.Series,
    cities: pd.DataFrame,
    *,
    bounds_km: Sequence[float],
    transform: Transform = "binary",
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> Correlogram:
    """Compute Moran's I between cities in rings of great-circle distance.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids.
    cities : geopandas.GeoDataFrame
        Positions of the same cities.
    bounds_km : sequence of float
        Limits of the rings, rising: 0, 100, 200 gives (0, 100] and (100, 200].
    transform : str
        Of the weights of each ring; "binary" counts every pair once, "row" every city once.
    permutations, alternative, rng
        As in ``global_moran``; every ring uses the same seed.

    Returns
    -------
    Correlogram

    Raises
    ------
    ConfigError
        If the limits do not rise from zero or more.
    EstimationError
        If no ring holds a pair of cities.
    AlignmentError, PanelError, GeometryError
        As in ``global_moran`` and ``distance_band_weights``.

    References
    ----------
    Cliff, A. D., & Ord, J. K. (1981). Spatial Processes. Pion.
    """
    bounds = np.asarray(bounds_km, dtype=float)
    if bounds.ndim != 1 or len(bounds) < 2 or bounds[0] < 0 or not (np.diff(bounds) > 0).all():
        raise ConfigError(
            f"bounds_km={list(bounds_km)} must be two or more rising distances from 0, such as "
            "[0, 100, 200, 400]."
        )
    positions = city_positions(cities)
    pairs, n = pairs_within(positions, float(bounds[-1])), len(positions.ids)
    rings = []
    for low, high in pairwise(bounds):
        inside = (pairs.kilometres > low) & (pairs.kilometres <= high)
        matrix = sparse.csr_array(
            (np.ones(int(inside.sum())), (pairs.row[inside], pairs.column[inside])), shape=(n, n)
        )
        ring = Weights(positions.ids, (matrix,), "binary", f"cities {low:g} to {high:g} km apart")
        rings.append(({"from_km": low, "to_km": high}, ring.transformed(transform)))
    return _correlogram(
        values,
        rings,
        permutations,
        alternative,
        rng,
        function="distance_correlogram",
        options={"bounds_km": tuple(bounds.tolist()), "transform": transform},
        description="rings of great-circle distance",
    )


def order_correlogram(
    values: pd.Series,
    weights: Any,
    *,
    orders: int = 4,
    transform: Transform = "row",
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> Correlogram:
    """Compute Moran's I between cities one, two, three ... links apart.

    With a linkage network as weights the order counts hops through the network.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids.
    weights : Weights
        Whose links are stepped through; their strengths do not matter.
    orders : int
        Largest number of steps.
    transform : str
        Of the weights of each order.
    permutations, alternative, rng
        As in ``global_moran``; every order uses the same seed.

    Returns
    -------
    Correlogram

    Raises
    ------
    ConfigError
        If ``orders`` is not a whole number from 1.
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``global_moran``.

    References
    ----------
    Cliff, A. D., & Ord, J. K. (1981). Spatial Processes. Pion.
    """
    known = as_weights(weights)
    if isinstance(orders, bool) or not isinstance(orders, int | np.integer) or orders < 1:
        raise ConfigError(f"orders={orders!r} must be a whole number from 1.")
    steps: list[tuple[dict[str, float], Weights]] = [
        ({"order": order}, lag_order_weights(known, order=order, transform=transform))
        for order in range(1, int(orders) + 1)
    ]
    return _correlogram(
        values,
        steps,
        permutations,
        alternative,
        rng,
        function="order_correlogram",
        options={"orders": int(orders), "transform": transform},
        description=known.description,
    )


def _correlogram(
    values: pd.Series,
    steps: list[tuple[dict[str, float], Weights]],
    permutations: int,
    alternative: Alternative,
    rng: RandomSource,
    *,
    function: str,
    options: dict[str, Any],
    description: str,
) -> Correlogram:
    _, seed = seeded_generator(rng)
    rows = []
    for keys, weights in steps:
        matrix = weights.matrix
        linked = (np.diff(matrix.indptr) > 0) | (np.diff(matrix.tocsc().indptr) > 0)
        row: dict[str, Any] = {**keys, "links": matrix.nnz, "linked_cities": int(linked.sum())}
        row.update(dict.fromkeys(_STATISTICS, np.nan))
        if matrix.nnz:
            found = global_moran(
                values, weights, permutations=permutations, alternative=alternative, rng=seed
            )
            row.update({name: getattr(found, name) for name in _STATISTICS})
        rows.append(row)
    table = pd.DataFrame(rows)
    if not table["links"].any():
        raise EstimationError(
            "No two cities are so far apart or so linked; widen the bands or use other weights."
        )
    tested = table["p_permutation" if permutations else "p_analytical"].to_numpy()
    table["p_fdr"] = adjusted_p_values(tested, "fdr")
    return Correlogram(
        name="values" if values.name is None else str(values.name),
        table=table,
        configuration=Configuration(
            function=function,
            options={
                **options,
                "permutations": permutations,
                "alternative": alternative,
                "correction": f"Benjamini-Hochberg over {int((table['links'] > 0).sum())} tests",
            },
            seed=seed if permutations else None,
            weights=description,
        ),
    )
