"""Contiguity weights: cities whose territories touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from spatial.alignment import require_unique
from spatial.coordinates import city_positions
from spatial.errors import ConfigError, GeometryError
from spatial.options import ContiguityRule, IslandPolicy, Transform, checked_option
from spatial.weights.borders import require_polygons, touching_pairs
from spatial.weights.islands import counted_islands, islands_of, settled_islands
from spatial.weights.orders import paths_of_order
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights

if TYPE_CHECKING:
    import geopandas as gpd


def contiguity_weights(
    cities: gpd.GeoDataFrame,
    *,
    rule: ContiguityRule = "queen",
    order: int = 1,
    tolerance: float = 0.0,
    islands: IslandPolicy = "keep",
    transform: Transform = "row",
) -> Weights:
    """Build weights of cities whose territories touch.

    w_ij = 1 when j is reached from i in exactly ``order`` steps over touching territories and in no
    fewer (shortest paths, so no city is its own neighbour of second order).

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Index: city ids; polygons.
    rule : {"queen", "rook"}
        A common point is enough (queen), or a common piece of border is needed (rook).
    order : int
        Number of steps, 1 or more.
    tolerance : float
        Gaps up to this width count as closed; in the units of the coordinates (degrees for
        EPSG:4326), because that is how digitising errors are known.
    islands : {"keep", "nearest", "error"}
        What becomes of cities that touch no other: kept with an empty row, attached to the nearest
        city (great circle, both directions, before higher orders are taken), or refused.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights

    Raises
    ------
    GeometryError
        If a shape is missing, empty, no polygon, or not valid where that matters.
    WeightsError
        With ``islands="error"`` and an island.
    ConfigError
        If an option is not known.

    Notes
    -----
    Borders need not have the same vertices on both sides. Territories on the two sides of the date
    line do not touch unless their coordinates do.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 1, 3, 2)]
    >>> cities = gpd.GeoDataFrame(index=["a", "b", "c"], geometry=shapes, crs="EPSG:4326")
    >>> contiguity_weights(cities, rule="rook").description
    'rook contiguity; 1 island kept; rows sum to one'
    """
    rule = cast("ContiguityRule", checked_option(rule, ContiguityRule, name="rule"))
    islands = cast("IslandPolicy", checked_option(islands, IslandPolicy, name="islands"))
    checked_option(transform, Transform, name="transform")
    _check_numbers(order, tolerance)
    if getattr(cities, "geometry", None) is None:
        raise GeometryError(
            "Contiguity needs polygons; give a GeoDataFrame, or use knn_weights for points."
        )
    require_unique(cities.index, what="cities")
    shapes = np.asarray(cities.geometry.array)
    require_polygons(shapes, cities.index)
    first = touching_pairs(
        shapes, cities.index, shared_line=rule == "rook", tolerance=float(tolerance)
    )
    settled, remark, count = settled_islands(
        first, cities.index, islands, positions=lambda: city_positions(cities), entry=np.ones_like
    )
    if order > 1:
        settled = paths_of_order(settled, order)
        if islands == "keep":
            remark = counted_islands(int(islands_of(settled).sum()), "kept")
        elif islands_of(settled).any():
            late = int(islands_of(settled).sum())
            remark += f"; {late} without neighbours of this order"
    weights = Weights(
        cities.index,
        (settled,),
        "none",
        f"{_subject(cities, rule, order, tolerance)}; {remark}",
        {
            "kind": "contiguity",
            "rule": rule,
            "order": order,
            "tolerance": float(tolerance),
            "islands": islands,
            "n_islands": count,
        },
    )
    return transform_weights(weights, transform)


def _check_numbers(order: int, tolerance: float) -> None:
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        raise ConfigError(f"order={order!r} must be a whole number of steps, 1 or more.")
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise ConfigError(f"tolerance={tolerance!r} must be zero or a positive width.")


def _subject(cities: gpd.GeoDataFrame, rule: str, order: int, tolerance: float) -> str:
    words = f"{rule} contiguity"
    if order > 1:
        words += f" of order {order} (exactly {order} steps)"
    if tolerance > 0:
        unit = "units" if cities.crs is None else f"{cities.crs.axis_info[0].unit_name}s"
        words += f", gaps up to {tolerance:g} {unit} closed"
    return words
