"""Weights from great-circle distance: k nearest, distance band, inverse distance with cut-off."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.coordinates import CityPositions, city_positions
from spatial.errors import ConfigError, GeometryError, listed
from spatial.options import DistanceDecay, IslandPolicy, Transform, checked_option
from spatial.weights.islands import settled_islands
from spatial.weights.neighbours import (
    TIE_KM,
    nearest_cities,
    pairs_within,
    smallest_full_cutoff,
)
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights


def knn_weights(cities: pd.DataFrame, *, k: int, transform: Transform = "row") -> Weights:
    """Build weights of the k nearest cities by great-circle distance; w_ij = 1 for each.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids; positions as in ``spatial.coordinates.city_positions``.
    k : int
        Neighbours of each city, 1 .. n - 1.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights
        Rarely symmetric: a remote city has neighbours that do not have it.

    Raises
    ------
    ConfigError
        If ``k`` does not fit the number of cities.
    GeometryError
        If positions are unusable or two cities lie at the same point.

    Notes
    -----
    Equal distances (to a millimetre) are broken by longitude, then latitude of the neighbour, so
    neither order nor names of the cities matter.

    Examples
    --------
    >>> import pandas as pd
    >>> cities = pd.DataFrame(
    ...     {"longitude": [0.0, 1.0, 3.0], "latitude": [0.0, 0.0, 0.0]}, index=["a", "b", "c"]
    ... )
    >>> knn_weights(cities, k=1).to_frame()
      focal neighbor  weight
    0     a        b     1.0
    1     b        a     1.0
    2     c        b     1.0
    """
    checked_option(transform, Transform, name="transform")
    n = len(cities)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k < n:
        raise ConfigError(
            f"k={k!r} must be a whole number between 1 and {n - 1}: there are {n} cities, and no "
            "city is its own neighbour."
        )
    positions = city_positions(cities)
    # Sorted here, a row at a time, they pass the checks of the matrix untouched.
    neighbours = np.sort(nearest_cities(positions, int(k)), axis=1)
    rows = np.arange(0, n * k + 1, k, dtype=np.int32 if n * k < 2**31 else np.int64)
    matrix = sparse.csr_array((np.ones(n * k), neighbours.ravel(), rows), shape=(n, n))
    plural = "s" if k > 1 else ""
    weights = Weights(
        positions.ids,
        (matrix,),
        "none",
        f"{k} nearest neighbour{plural} (great circle)",
        {"kind": "knn", "k": int(k)},
    )
    return transform_weights(weights, transform)


def distance_band_weights(
    cities: pd.DataFrame,
    *,
    cutoff_km: float | None = None,
    islands: IslandPolicy = "keep",
    transform: Transform = "row",
) -> Weights:
    """Build weights of all cities within a great-circle distance; w_ij = 1 if d_ij <= cut-off.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids; positions as in ``spatial.coordinates.city_positions``.
    cutoff_km : float, optional
        By default the smallest cut-off that leaves no city alone, which is the largest distance
        to a nearest neighbour.
    islands : {"keep", "nearest", "error"}
        What becomes of cities with none within the cut-off.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights

    Raises
    ------
    ConfigError, GeometryError, WeightsError

    Examples
    --------
    >>> import pandas as pd
    >>> cities = pd.DataFrame(
    ...     {"longitude": [0.0, 1.0, 3.0], "latitude": [0.0, 0.0, 0.0]}, index=["a", "b", "c"]
    ... )
    >>> distance_band_weights(cities, cutoff_km=150).description
    'all cities within 150 km; 1 island kept; rows sum to one'
    """
    checked_option(transform, Transform, name="transform")
    return _within_cutoff(
        cities,
        cutoff_km,
        np.ones_like,
        islands=islands,
        transform=transform,
        subject="all cities",
        parameters={"kind": "distance band"},
    )


def inverse_distance_weights(
    cities: pd.DataFrame,
    *,
    decay: DistanceDecay = "power",
    power: float = 1.0,
    rate_per_km: float | None = None,
    cutoff_km: float | None = None,
    islands: IslandPolicy = "keep",
    transform: Transform = "row",
) -> Weights:
    """Build weights that fall with great-circle distance, up to a cut-off.

    w_ij = d_ij ** -power, or w_ij = exp(-rate_per_km * d_ij), for d_ij <= cut-off, d in km.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids; positions as in ``spatial.coordinates.city_positions``.
    decay : {"power", "exponential"}
    power : float
        Exponent of the power decay, positive.
    rate_per_km : float, optional
        Rate of the exponential decay, per km; needed for it, refused otherwise.
    cutoff_km : float, optional
        By default the smallest cut-off that leaves no city alone. The matrix stays sparse; give
        a cut-off beyond the largest distance to link all cities.
    islands : {"keep", "nearest", "error"}
        What becomes of cities with none within the cut-off. An attached city gets the weight of
        its true distance.
    transform : str
        See ``transform_weights``. Rows that sum to one forget absolute distance; ``"spectral"``
        and ``"min-max"`` keep it.

    Returns
    -------
    Weights

    Raises
    ------
    GeometryError
        If two cities lie at the same point: their weight would be infinite.
    ConfigError, WeightsError

    Examples
    --------
    >>> import pandas as pd
    >>> cities = pd.DataFrame(
    ...     {"longitude": [0.0, 1.0, 3.0], "latitude": [0.0, 0.0, 0.0]}, index=["a", "b", "c"]
    ... )
    >>> weights = inverse_distance_weights(cities, transform="none")
    >>> weights.description
    'inverse distance (power 1) within 222.39 km, the smallest cut-off that leaves no city alone;
    no islands; not scaled'
    >>> bool(abs(weights.matrix[0, 1] / weights.matrix[1, 2] - 2) < 1e-9)
    True
    """
    checked_option(transform, Transform, name="transform")
    decay = cast("DistanceDecay", checked_option(decay, DistanceDecay, name="decay"))
    entry, subject, parameters = _decay_function(decay, power, rate_per_km)
    return _within_cutoff(
        cities,
        cutoff_km,
        entry,
        islands=islands,
        transform=transform,
        subject=subject,
        parameters={"kind": "inverse distance", **parameters},
    )


def _decay_function(
    decay: str, power: float, rate_per_km: float | None
) -> tuple[Callable[[np.ndarray], np.ndarray], str, dict[str, object]]:
    if decay == "power":
        if rate_per_km is not None:
            raise ConfigError(
                f"rate_per_km={rate_per_km!r} belongs to decay='exponential'; with decay='power' "
                "give power=."
            )
        if not (np.isfinite(power) and power > 0):
            raise ConfigError(f"power={power!r} must be positive.")
        exponent = float(power)
        return (
            lambda kilometres: kilometres**-exponent,
            f"inverse distance (power {exponent:g})",
            {"decay": decay, "power": exponent},
        )
    if rate_per_km is None or not (np.isfinite(rate_per_km) and rate_per_km > 0):
        raise ConfigError(
            f"decay='exponential' needs a positive rate_per_km, not {rate_per_km!r}; 0.01 halves a "
            "weight every 69 km."
        )
    rate = float(rate_per_km)
    return (
        lambda kilometres: np.exp(-rate * kilometres),
        f"exponential distance decay ({rate:g} per km)",
        {"decay": decay, "rate_per_km": rate},
    )


def _within_cutoff(
    cities: pd.DataFrame,
    cutoff_km: float | None,
    entry: Callable[[np.ndarray], np.ndarray],
    *,
    islands: IslandPolicy,
    transform: Transform,
    subject: str,
    parameters: dict[str, object],
) -> Weights:
    islands = cast("IslandPolicy", checked_option(islands, IslandPolicy, name="islands"))
    positions = city_positions(cities)
    cutoff, words = _cutoff(positions, cutoff_km)
    pairs = pairs_within(positions, cutoff)
    _refuse_zero_distance(positions, pairs.row[pairs.kilometres < TIE_KM])
    n = len(positions.ids)
    matrix = sparse.csr_array(
        (entry(pairs.kilometres), (pairs.row, pairs.column)), shape=(n, n), dtype=float
    )
    matrix.eliminate_zeros()
    settled, remark, count = settled_islands(
        matrix, positions.ids, islands, positions=lambda: positions, entry=entry
    )
    weights = Weights(
        positions.ids,
        (settled,),
        "none",
        f"{subject} within {words}; {remark}",
        {**parameters, "cutoff_km": cutoff, "islands": islands, "n_islands": count},
    )
    return transform_weights(weights, transform)


def _cutoff(positions: CityPositions, cutoff_km: float | None) -> tuple[float, str]:
    if cutoff_km is None:
        if len(positions.ids) < 2:
            raise GeometryError("One city alone has no neighbours; study at least two.")
        smallest = smallest_full_cutoff(positions)
        return smallest, f"{smallest:.2f} km, the smallest cut-off that leaves no city alone"
    if not (np.isfinite(cutoff_km) and cutoff_km > 0):
        raise ConfigError(f"cutoff_km={cutoff_km!r} must be a positive distance in km.")
    return float(cutoff_km), f"{cutoff_km:g} km"


def _refuse_zero_distance(positions: CityPositions, rows: np.ndarray) -> None:
    if len(rows):
        raise GeometryError(
            "Cities less than a millimetre apart, so their distance is zero: "
            f"{listed(positions.ids[np.unique(rows)])}. Correct the coordinates or merge these "
            "cities."
        )
