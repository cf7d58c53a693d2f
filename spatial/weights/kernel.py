"""Kernel weights: a smooth function of distance over a bandwidth, fixed or one for each city."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.coordinates import CityPositions, city_positions
from spatial.errors import ConfigError, GeometryError
from spatial.options import IslandPolicy, KernelFunction, Transform, checked_option
from spatial.weights.islands import settled_islands
from spatial.weights.neighbours import nearest_neighbours, pairs_within
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights

_GAUSSIAN_REACH = 4.0
"""Bandwidths at which the Gaussian is cut: it has fallen to 0.03 % of its height."""

_KERNELS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {
        "uniform": lambda z: np.full_like(z, 0.5),
        "triangular": lambda z: 1.0 - z,
        "epanechnikov": lambda z: 0.75 * (1.0 - z**2),
        "quartic": lambda z: 15.0 / 16.0 * (1.0 - z**2) ** 2,
        "gaussian": lambda z: np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi),
    }
)


def kernel_weights(
    cities: pd.DataFrame,
    *,
    kernel: KernelFunction = "triangular",
    bandwidth_km: float | None = None,
    k: int | None = None,
    islands: IslandPolicy = "keep",
    transform: Transform = "row",
) -> Weights:
    r"""Build weights :math:`w_{ij} = K(d_{ij} / h_i)` of great-circle distance d, in km.

    ================  =============================================
    ``uniform``       1/2 for z < 1
    ``triangular``    1 - z for z < 1
    ``epanechnikov``  3/4 (1 - z^2) for z < 1
    ``quartic``       15/16 (1 - z^2)^2 for z < 1
    ``gaussian``      exp(-z^2 / 2) / sqrt(2 pi), cut at z = 4
    ================  =============================================

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids; positions as in ``spatial.coordinates.city_positions``.
    kernel : {"uniform", "triangular", "epanechnikov", "quartic", "gaussian"}
    bandwidth_km : float, optional
        One bandwidth h for all cities.
    k : int, optional
        Instead of ``bandwidth_km``: a bandwidth for each receiving city, the distance to its
        (k + 1)-th nearest city, so that its k nearest count (fewer where distances are equal).
    islands : {"keep", "nearest", "error"}
        What becomes of cities with none inside the bandwidth. An attached city gets the height of
        the kernel at half a bandwidth, whatever its distance.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights
        Symmetric before scaling with one bandwidth, in general not with one for each city.

    Raises
    ------
    ConfigError
        Unless exactly one of ``bandwidth_km`` and ``k`` is given, and fits.
    GeometryError, WeightsError

    References
    ----------
    Kelejian and Prucha (2007) doi:10.1016/j.jeconom.2006.09.005; Silverman (1986)
    doi:10.1201/9781315140919.

    Examples
    --------
    >>> cities = pd.DataFrame(
    ...     {"longitude": [0.0, 1.0, 3.0], "latitude": [0.0, 0.0, 0.0]}, index=["a", "b", "c"]
    ... )
    >>> kernel_weights(cities, bandwidth_km=150, transform="none").description
    'triangular kernel, bandwidth 150 km; 1 island kept; not scaled'
    """
    checked_option(transform, Transform, name="transform")
    checked_option(kernel, KernelFunction, name="kernel")
    islands = cast("IslandPolicy", checked_option(islands, IslandPolicy, name="islands"))
    if (bandwidth_km is None) == (k is None):
        raise ConfigError(
            "Give either bandwidth_km= (one bandwidth for all cities) or k= (one for each city)."
        )
    positions = city_positions(cities)
    height = _KERNELS[kernel]
    if bandwidth_km is not None:
        if not (np.isfinite(bandwidth_km) and bandwidth_km > 0):
            raise ConfigError(f"bandwidth_km={bandwidth_km!r} must be a positive distance in km.")
        matrix = _fixed(positions, float(bandwidth_km), kernel)
        words = f"bandwidth {bandwidth_km:g} km"
    else:
        matrix = _adaptive(positions, cast("int", k), kernel)
        words = f"bandwidths that reach the {k} nearest of each city"
    settled, remark, count = settled_islands(
        matrix,
        positions.ids,
        islands,
        positions=lambda: positions,
        entry=lambda kilometres: height(np.full_like(kilometres, 0.5)),
    )
    weights = Weights(
        positions.ids,
        (settled,),
        "none",
        f"{kernel} kernel, {words}; {remark}",
        {
            "kind": "kernel",
            "kernel": kernel,
            "bandwidth_km": bandwidth_km,
            "k": k,
            "islands": islands,
            "n_islands": count,
        },
    )
    return transform_weights(weights, transform)


def _fixed(positions: CityPositions, bandwidth: float, kernel: str) -> sparse.csr_array:
    reach = _GAUSSIAN_REACH if kernel == "gaussian" else 1.0
    pairs = pairs_within(positions, reach * bandwidth)
    return _matrix(pairs.row, pairs.column, pairs.kilometres / bandwidth, kernel, positions)


def _adaptive(positions: CityPositions, k: int, kernel: str) -> sparse.csr_array:
    n = len(positions.ids)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= n - 2:
        raise ConfigError(
            f"k={k!r} must be a whole number between 1 and {n - 2}: of {n} cities, one more than k "
            "must be left to set the bandwidth."
        )
    neighbours, kilometres = nearest_neighbours(positions, int(k) + 1)
    bandwidth = kilometres[:, -1]
    if (bandwidth <= 0.0).any():
        raise GeometryError("Cities lie at the same point; merge them or correct the coordinates.")
    if kernel == "gaussian":
        pairs = pairs_within(positions, _GAUSSIAN_REACH * float(bandwidth.max()))
        z = pairs.kilometres / bandwidth[pairs.row]
        return _matrix(pairs.row, pairs.column, z, kernel, positions)
    rows = np.repeat(np.arange(n), k)
    z = (kilometres[:, :-1] / bandwidth[:, None]).ravel()
    return _matrix(rows, neighbours[:, :-1].ravel(), z, kernel, positions)


def _matrix(
    row: np.ndarray, column: np.ndarray, z: np.ndarray, kernel: str, positions: CityPositions
) -> sparse.csr_array:
    inside = z <= _GAUSSIAN_REACH if kernel == "gaussian" else z < 1.0
    n = len(positions.ids)
    return sparse.csr_array(
        (_KERNELS[kernel](z[inside]), (row[inside], column[inside])), shape=(n, n), dtype=float
    )
