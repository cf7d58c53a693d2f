"""Market potential, and digital accessibility by the same formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from spatial.alignment import require_same_cities, require_unique
from spatial.coordinates import city_positions, great_circle_km
from spatial.errors import ConfigError, PanelError, listed
from spatial.options import DistanceDecay, checked_option

__all__ = ["market_potential"]

_Decay = Callable[[np.ndarray], np.ndarray]
_BLOCK = 512
"""Rows of the table of distances that are held at a time."""


def market_potential(
    masses: pd.Series,
    *,
    cities: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    decay: DistanceDecay = "power",
    exponent: float = 1.0,
    half_distance: float | None = None,
    areas: pd.Series | None = None,
) -> pd.Series:
    r"""Sum the masses of all cities, the nearer the more (Harris 1954).

    :math:`MP_i = \sum_{j \ne i} M_j f(d_{ij}) + M_i f(d_{ii})` with :math:`f(d) = d^{-a}` or
    :math:`f(d) = \exp(-d \ln 2 / d_{1/2})`. The own part enters with ``areas`` only:
    :math:`d_{ii} = \frac{2}{3} \sqrt{area_i / \pi}`. With a digital index as mass it is digital
    accessibility.

    Parameters
    ----------
    masses : pandas.Series
        Index: city ids, or levels ``city`` and ``year``; every year by itself. Not negative.
    cities : pandas.DataFrame, optional
        Positions, see ``spatial.coordinates.city_positions``: great-circle km.
    costs : pandas.DataFrame, optional
        Instead: hours or km, **row goes to column**, same ids on both axes; a missing value
        outside the diagonal means no connection.
    decay : {"power", "exponential"}
    exponent : float
        :math:`a` of the power.
    half_distance : float, optional
        :math:`d_{1/2}` of the exponential, km or units of the costs.
    areas : pandas.Series, optional
        km2, index city ids; needs ``cities``.

    Returns
    -------
    pandas.Series
        Index of ``masses``.

    Raises
    ------
    ConfigError
        If options do not fit each other.
    AlignmentError
        If ids differ.
    PanelError
        If masses, areas or costs are negative or missing, or a city lacks years.
    GeometryError
        If positions are unusable or shared.

    References
    ----------
    Harris, C. D. (1954). The market as a factor in the localization of industry in the United
    States. Annals of the Association of American Geographers 44(4), 315-348.

    Examples
    --------
    >>> hours = pd.DataFrame([[0, 2.0], [4.0, 0]], index=["a", "b"], columns=["a", "b"])
    >>> market_potential(pd.Series({"a": 10.0, "b": 20.0}), costs=hours).to_list()
    [10.0, 2.5]
    """
    checked_option(decay, DistanceDecay, name="decay")
    if (cities is None) == (costs is None):
        raise ConfigError("Give either cities= (positions) or costs= (a table), not both.")
    if (decay == "exponential") != (half_distance is not None):
        raise ConfigError(
            f"half_distance={half_distance!r} belongs to decay='exponential', which needs it."
        )
    if not exponent > 0 or (half_distance is not None and not half_distance > 0):
        raise ConfigError("exponent and half_distance must be positive.")
    if areas is not None and cities is None:
        raise ConfigError("areas= are km2 and need cities=, whose distances are km.")
    wide = _by_city(masses)
    ids = wide.index

    def near(distance: np.ndarray) -> np.ndarray:
        if half_distance is not None:
            return np.exp(-distance * np.log(2.0) / half_distance)
        return distance**-exponent

    if costs is not None:
        found = _decayed_costs(costs, ids, near) @ wide.to_numpy()
    elif cities is not None:
        require_same_cities(ids, cities.index, left_name="masses", right_name="cities")
        found = _from_positions(cities.loc[ids], wide.to_numpy(), near)
        if areas is not None:
            found += near(_own_distance(areas, ids))[:, None] * wide.to_numpy()
    result = pd.DataFrame(found, index=ids, columns=wide.columns)
    return _as_before(result, masses)


def _by_city(masses: pd.Series) -> pd.DataFrame:
    """Cities by years (one column without years)."""
    values = masses.astype(float)
    wrong = values.index[~(np.isfinite(values.to_numpy()) & (values.to_numpy() >= 0))]
    if len(wrong):
        raise PanelError(f"Masses are missing, infinite or negative: {listed(wrong)}.")
    if masses.index.nlevels == 1:
        require_unique(masses.index, what="masses")
        return values.to_frame()
    if {"city", "year"} != set(masses.index.names) or not masses.index.is_unique:
        raise PanelError("Masses need the index levels 'city' and 'year', each pair once.")
    wide = values.unstack("year")
    gaps = wide.index[wide.isna().any(axis=1).to_numpy()]
    if len(gaps):
        raise PanelError(f"Masses lack years in {listed(gaps)}; all cities count in every year.")
    return wide


def _as_before(result: pd.DataFrame, masses: pd.Series) -> pd.Series:
    if masses.index.nlevels == 1:
        return result.iloc[:, 0].rename("market_potential")
    place = result.index.get_indexer(masses.index.get_level_values("city"))
    year = result.columns.get_indexer(masses.index.get_level_values("year"))
    return pd.Series(result.to_numpy()[place, year], index=masses.index, name="market_potential")


def _decayed_costs(costs: pd.DataFrame, ids: pd.Index, near: _Decay) -> np.ndarray:
    require_same_cities(ids, costs.index, left_name="masses", right_name="costs (rows)")
    require_same_cities(ids, costs.columns, left_name="masses", right_name="costs (columns)")
    table = costs.loc[ids, ids].to_numpy(dtype=float, copy=True)
    np.fill_diagonal(table, np.nan)
    wrong = ids[np.flatnonzero((table <= 0).any(axis=1))]
    if len(wrong):
        raise PanelError(
            f"Costs to other cities are zero or negative in the rows of {listed(wrong)}; correct "
            "them, or leave them empty where there is no connection."
        )
    return np.nan_to_num(near(table))


def _from_positions(cities: pd.DataFrame, masses: np.ndarray, near: _Decay) -> np.ndarray:
    positions = city_positions(cities)
    longitude, latitude = positions.longitude, positions.latitude
    found = np.empty_like(masses)
    for start in range(0, len(masses), _BLOCK):
        rows = slice(start, start + _BLOCK)
        km = great_circle_km(longitude[rows, None], latitude[rows, None], longitude, latitude)
        own = np.arange(start, start + len(km))
        km[np.arange(len(km)), own] = np.inf
        found[rows] = near(km) @ masses
    return found


def _own_distance(areas: pd.Series, ids: pd.Index) -> np.ndarray:
    require_same_cities(ids, areas.index, left_name="masses", right_name="areas")
    values = areas.reindex(ids).to_numpy(dtype=float)
    wrong = ids[~(np.isfinite(values) & (values > 0))]
    if len(wrong):
        raise PanelError(f"Areas are missing or not positive: {listed(wrong)}.")
    return 2.0 / 3.0 * np.sqrt(values / np.pi)
