"""Gravity weights: masses of two cities over a power of the distance between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import aligned_series
from spatial.errors import ConfigError, WeightsError, listed
from spatial.options import DistanceDecay, IslandPolicy, Transform, checked_option
from spatial.weights.distance import inverse_distance_weights
from spatial.weights.economic import mean_by_city
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights


def gravity_weights(
    cities: pd.DataFrame,
    masses: pd.Series,
    *,
    decay: DistanceDecay = "power",
    power: float = 2.0,
    rate_per_km: float | None = None,
    cutoff_km: float | None = None,
    mass_power: float = 1.0,
    years: Sequence[Any] | None = None,
    islands: IslandPolicy = "keep",
    transform: Transform = "spectral",
) -> Weights:
    r"""Build weights :math:`w_{ij} = (M_i M_j)^b / d_{ij}^a`, up to a cut-off.

    With exponential decay :math:`w_{ij} = (M_i M_j)^b \exp(-r d_{ij})`, d in km.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids; positions as in ``spatial.coordinates.city_positions``.
    masses : pandas.Series
        Positive sizes, of population or product. Index: city ids; or two levels, cities and years,
        and then the mean over ``years``.
    decay, power, rate_per_km, cutoff_km, islands
        As in ``inverse_distance_weights``; the power a is 2 by default.
    mass_power : float
        Exponent b of both masses, positive.
    years : sequence, optional
        Years averaged, all by default. Years before the sample keep the weights exogenous.
    transform : str
        See ``transform_weights``. Rows that sum to one cancel the receiver's mass
        :math:`M_i`, so that the scale of the spectrum is the default here.

    Returns
    -------
    Weights
        In the order of ``cities``; symmetric before scaling.

    Raises
    ------
    AlignmentError
        If masses and cities differ.
    WeightsError
        If a mass is not positive.
    ConfigError, GeometryError, PanelError

    Notes
    -----
    Masses that are the outcome, or move with it, make the weights endogenous: take values of years
    before the sample, and name the outcome in ``weights_report`` to be warned.

    References
    ----------
    LeSage and Pace (2009) doi:10.1201/9781420064254; Qu and Lee (2015)
    doi:10.1016/j.jeconom.2014.08.008.

    Examples
    --------
    >>> cities = pd.DataFrame(
    ...     {"longitude": [0.0, 1.0, 2.0], "latitude": [0.0, 0.0, 0.0]}, index=["a", "b", "c"]
    ... )
    >>> masses = pd.Series({"a": 1.0, "b": 2.0, "c": 3.0}, name="population")
    >>> weights = gravity_weights(cities, masses, transform="none")
    >>> round(float(weights.matrix[1, 2] / weights.matrix[1, 0]), 12)
    3.0
    """
    checked_option(transform, Transform, name="transform")
    if not (np.isfinite(mass_power) and mass_power > 0):
        raise ConfigError(f"mass_power={mass_power!r} must be positive.")
    base = inverse_distance_weights(
        cities,
        decay=decay,
        power=power,
        rate_per_km=rate_per_km,
        cutoff_km=cutoff_km,
        islands=islands,
        transform="none",
    )
    mean, averaged = mean_by_city(masses, years)
    name = str(masses.name) if masses.name is not None else "masses"
    mass = aligned_series(mean, base.ids, what=name)
    if (mass <= 0.0).any():
        raise WeightsError(
            f"Masses of cities {listed(mass.index[mass <= 0.0])} are not positive; gravity needs "
            "sizes, not growth rates or logarithms below zero."
        )
    # Masses relative to their mean: the unit of measurement does not reach the weights.
    scale = sparse.diags_array((mass.to_numpy() / float(mass.mean())) ** mass_power)
    weights = Weights(
        base.ids,
        (sparse.csr_array(scale @ base.matrix @ scale),),
        "none",
        f"gravity of {name}{averaged}: {base.description.removesuffix('; not scaled')}",
        {
            **base.parameters,
            "kind": "gravity",
            "variable": name,
            "years": None if years is None else tuple(years),
            "mass_power": float(mass_power),
        },
    )
    return transform_weights(weights, transform)
