"""Standard deviational ellipses: where an activity is centred, how it spreads, how it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import require_same_cities
from spatial.autocorrelation.panel_values import panel_table
from spatial.coordinates import EARTH_RADIUS_KM, CityPositions, city_positions, great_circle_km
from spatial.errors import EstimationError, GeometryError, listed
from spatial.options import EllipseAxes, checked_option
from spatial.results import Configuration, Result

_FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class EllipsePath(Result):
    """Weighted mean centre and standard deviational ellipse of each year.

    Attributes
    ----------
    name : str
        Of the variable that weighs the cities.
    table : pandas.DataFrame
        Index: year. ``longitude``, ``latitude`` of the centre (degrees); ``major``, ``minor``
        semi-axes (km); ``rotation`` of the major axis (degrees clockwise from north, in [0, 180));
        ``area`` (square km); ``oblateness`` (1 - minor / major); ``moved`` from the centre of the
        year before (great-circle km) and ``bearing`` of that move (degrees clockwise from north),
        NaN in the first year.
    axes : str
        ``"one deviation"`` or ``"root two"``.
    origin : tuple of float
        Longitude and latitude at which the plane touches the earth.
    total_moved, net_moved : float
        Length of the path of the centre, and distance from its first to its last point, km.
    n : int
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    axes: str
    origin: tuple[float, float]
    total_moved: float
    net_moved: float
    n: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def outline(self, year: Any, *, points: int = 180) -> pd.DataFrame:
        """Return the ellipse of a year as a closed line of ``longitude`` and ``latitude``.

        Parameters
        ----------
        year : hashable
        points : int
            At least 8.

        Returns
        -------
        pandas.DataFrame of shape (points + 1, 2)
        """
        if year not in self.table.index:
            raise EstimationError(f"No ellipse of {year!r}; known: {listed(self.table.index)}.")
        row = self.table.loc[year]
        centre = np.array(_to_plane(row["longitude"], row["latitude"], self.origin))
        turn = np.linspace(0.0, 2.0 * np.pi, max(int(points), 8) + 1)
        along, across = row["major"] * np.cos(turn), row["minor"] * np.sin(turn)
        sine, cosine = np.sin(np.radians(row["rotation"])), np.cos(np.radians(row["rotation"]))
        x = centre[0] + along * sine + across * cosine
        y = centre[1] + along * cosine - across * sine
        longitude, latitude = _to_degrees(x, y, self.origin)
        return pd.DataFrame({"longitude": longitude, "latitude": latitude})


def standard_deviational_ellipses(
    values: pd.Series | pd.DataFrame,
    cities: pd.DataFrame,
    *,
    axes: EllipseAxes = "one deviation",
    city: str = "city",
    year: str = "year",
) -> EllipsePath:
    r"""Compute the weighted mean centre and standard deviational ellipse of each year.

    .. math::

        \bar x = \frac{\sum_i y_i x_i}{\sum_i y_i}, \qquad
        \tan \theta = \frac{A - B + \sqrt{(A - B)^2 + 4 C^2}}{2 C}

    with A, B, C the weighted sums of squares and products of the deviations east and north. The
    semi-axes are the standard deviations along and across the direction :math:`\theta`.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        What weighs the cities, not negative: index levels ``city`` and ``year`` in any order,
        balanced; or a table of cities by years.
    cities : geopandas.GeoDataFrame or pandas.DataFrame
        Index: city ids; positions as ``spatial.coordinates.city_positions`` reads them.
    axes : {"one deviation", "root two"}
        Semi-axes of one standard deviation; or times the square root of two, as some programs
        (ArcGIS, CrimeStat) draw them. Of a plane normal distribution the ellipse then holds 39 and
        63 per cent.
    city, year : str

    Returns
    -------
    EllipsePath

    Raises
    ------
    AlignmentError, PanelError, GeometryError
        If cities differ, city-years are missing or negative, or positions are unusable.
    EstimationError
        If a year has fewer than three cities with weight.

    Notes
    -----
    Kilometres are those of the Lambert azimuthal equal-area plane of the sphere that touches the
    earth at the mean of all cities (not weighted), the same in every year. All cities count alike
    for the plane, so that adding a year changes nothing in the others.

    References
    ----------
    Lefever, D. W. (1926). Measuring geographic concentration by means of the standard deviational
    ellipse. American Journal of Sociology, 32(1), 88-94. Yuill, R. S. (1971). The standard
    deviational ellipse: an updated tool for spatial description. Geografiska Annaler B, 53(1),
    28-39.

    Examples
    --------
    >>> cities = pd.DataFrame({"longitude": [0.0, 2, 1, 1], "latitude": [0.0, 0, 0.5, -0.5]})
    >>> found = standard_deviational_ellipses(pd.DataFrame({2010: [1.0, 1, 1, 1]}), cities)
    >>> found.table[["longitude", "latitude", "major", "rotation"]].round(1).values.tolist()
    [[1.0, 0.0, 78.6, 90.0]]
    """
    wanted = checked_option(axes, EllipseAxes, name="axes")
    table = panel_table(values, city=city, year=year)
    require_same_cities(table.index, cities.index, left_name="the panel", right_name="the cities")
    numbers = table.to_numpy()
    negative = np.flatnonzero((numbers < 0.0).any(axis=1))
    if len(negative):
        raise EstimationError(
            f"Weights are negative for cities {listed(table.index[negative])}; a centre needs "
            "amounts from zero, such as employment or value added."
        )
    few = np.flatnonzero((numbers > 0.0).sum(axis=0) < _FEWEST)
    if len(few):
        raise EstimationError(
            f"Fewer than {_FEWEST} cities have weight in {listed(table.columns[few])}; an ellipse "
            "needs three."
        )
    positions = city_positions(cities.loc[table.index], distinct=False)
    origin = _middle(positions)
    x, y = _to_plane(positions.longitude, positions.latitude, origin)
    rows = {at: _ellipse(x, y, numbers[:, k], wanted) for k, at in enumerate(table.columns)}
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis(year)
    longitude, latitude = _to_degrees(found["x"].to_numpy(), found["y"].to_numpy(), origin)
    found = found.drop(columns=["x", "y"])
    found.insert(0, "longitude", longitude)
    found.insert(1, "latitude", latitude)
    moved = great_circle_km(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])
    bearing = _bearing(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])
    found["moved"] = np.append(np.nan, moved)
    found["bearing"] = np.append(np.nan, np.where(moved > 0.0, bearing, np.nan))
    net = great_circle_km(longitude[:1], latitude[:1], longitude[-1:], latitude[-1:])
    return EllipsePath(
        name=str(getattr(values, "name", None) or "values"),
        table=found,
        axes=wanted,
        origin=origin,
        total_moved=float(moved.sum()),
        net_moved=float(net[0]),
        n=len(table),
        configuration=Configuration(
            function="standard_deviational_ellipses",
            options={
                "axes": wanted,
                "plane": "Lambert azimuthal equal-area on the sphere, km",
                "origin": origin,
            },
        ),
    )


def _ellipse(x: np.ndarray, y: np.ndarray, weight: np.ndarray, axes: str) -> dict[str, float]:
    share = weight / weight.max()
    share = share / share.sum()
    centre = np.array([share @ x, share @ y])
    east, north = x - centre[0], y - centre[1]
    a, b, c = share @ east**2, share @ north**2, share @ (east * north)
    half, reach = (a + b) / 2.0, np.hypot((a - b) / 2.0, c)
    scale = np.sqrt(2.0) if axes == "root two" else 1.0
    major = scale * np.sqrt(half + reach)
    minor = scale * np.sqrt(max(half - reach, 0.0))
    # Twice the angle from north: written so that it also holds where C is zero.
    rotation = np.degrees(0.5 * np.arctan2(2.0 * c, b - a)) % 180.0
    return {
        "x": float(centre[0]),
        "y": float(centre[1]),
        "major": float(major),
        "minor": float(minor),
        "rotation": float(rotation),
        "area": float(np.pi * major * minor),
        "oblateness": float(1.0 - minor / major) if major > 0.0 else np.nan,
    }


def _middle(positions: CityPositions) -> tuple[float, float]:
    """Direction of the mean of all cities on the sphere, degrees."""
    mean = positions.unit_vectors().mean(axis=0)
    if np.linalg.norm(mean) < 1e-6:
        raise GeometryError("The cities lie all around the earth; they have no common plane.")
    longitude = np.degrees(np.arctan2(mean[1], mean[0]))
    return float(longitude), float(np.degrees(np.arctan2(mean[2], np.hypot(mean[0], mean[1]))))


def _to_plane(
    longitude: np.ndarray, latitude: np.ndarray, origin: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Kilometres east and north of the origin in the equal-area plane."""
    lon, lat = np.radians(longitude) - np.radians(origin[0]), np.radians(latitude)
    lat0 = np.radians(origin[1])
    cosine = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon)
    scale = EARTH_RADIUS_KM * np.sqrt(2.0 / np.maximum(1.0 + cosine, 1e-12))
    x = scale * np.cos(lat) * np.sin(lon)
    y = scale * (np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon))
    return x, y


def _to_degrees(
    x: np.ndarray, y: np.ndarray, origin: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of points in the equal-area plane."""
    lat0 = np.radians(origin[1])
    reach = np.hypot(x, y)
    angle = 2.0 * np.arcsin(np.clip(reach / (2.0 * EARTH_RADIUS_KM), 0.0, 1.0))
    slope = np.divide(y, reach, out=np.zeros_like(reach), where=reach > 0.0)
    sine = np.cos(angle) * np.sin(lat0) + slope * np.sin(angle) * np.cos(lat0)
    down = reach * np.cos(lat0) * np.cos(angle) - y * np.sin(lat0) * np.sin(angle)
    longitude = origin[0] + np.degrees(np.arctan2(x * np.sin(angle), down))
    longitude = (longitude + 180.0) % 360.0 - 180.0
    return longitude, np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))


def _bearing(
    longitude_a: np.ndarray, latitude_a: np.ndarray, longitude_b: np.ndarray, latitude_b: np.ndarray
) -> np.ndarray:
    """Degrees clockwise from north at which b lies from a, in [0, 360)."""
    lon = np.radians(longitude_b - longitude_a)
    lat_a, lat_b = np.radians(latitude_a), np.radians(latitude_b)
    east = np.sin(lon) * np.cos(lat_b)
    north = np.cos(lat_a) * np.sin(lat_b) - np.sin(lat_a) * np.cos(lat_b) * np.cos(lon)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360.0)
