"""Tables of plants with coordinates: the checks that all measures over distance use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.coordinates import city_positions
from spatial.errors import ConfigError, PanelError, listed, nearest_spelling

__all__ = ["PlantPoints", "checked_plants"]


@dataclass(frozen=True)
class PlantPoints:
    """Plants fit for measures over distance.

    Attributes
    ----------
    industry : array of shape (n,)
    points : array of shape (n, 3)
        Unit vectors.
    size : array of shape (n,)
        Employment, or ones.
    """

    industry: np.ndarray
    points: np.ndarray
    size: np.ndarray

    def members(self, name: object, *, fewest: int) -> np.ndarray:
        """Return the places of the plants of one industry.

        Raises
        ------
        ConfigError
            If there is no such industry.
        PanelError
            If it has too few plants.
        """
        places = np.flatnonzero(self.industry == name)
        if not len(places):
            known = pd.unique(self.industry)
            raise ConfigError(
                f"No plant belongs to {name!r}{nearest_spelling(str(name), map(str, known))}; the "
                f"industries are {listed(known)}."
            )
        if len(places) < fewest:
            raise PanelError(
                f"Industry {name!r} has {len(places)} plant(s); distances between its plants need "
                f"{fewest} or more. Leave it out or join it to a wider industry."
            )
        return places


def checked_plants(plants: pd.DataFrame, *, industry: str, employment: str | None) -> PlantPoints:
    """Return plants when each has an industry, coordinates and, where wanted, a size.

    Parameters
    ----------
    plants : pandas.DataFrame or geopandas.GeoDataFrame
        A row for each plant, with a geometry or the columns ``longitude`` and ``latitude``
        (degrees).
    industry : str
        Column.
    employment : str or None
        Column of sizes; None gives each plant the size one.

    Returns
    -------
    PlantPoints

    Raises
    ------
    PanelError
        If columns are absent, an industry is missing, or a size is missing or not positive.
    GeometryError
        If coordinates are missing or outside the world.
    """
    wanted = [industry] if employment is None else [industry, employment]
    absent = [c for c in wanted if c not in plants.columns]
    if absent:
        raise PanelError(
            f"The table of plants has no column {listed(absent)}; it has {listed(plants.columns)}."
        )
    unnamed = plants.index[plants[industry].isna()]
    if len(unnamed):
        raise PanelError(f"Plants have no industry: rows {listed(unnamed)}. Leave them out.")
    size = np.ones(len(plants))
    if employment is not None:
        if not pd.api.types.is_numeric_dtype(plants[employment]):
            raise PanelError(f"Column {employment!r} holds no numbers; convert it first.")
        size = plants[employment].to_numpy(float)
        wrong = plants.index[~(np.isfinite(size) & (size > 0))]
        if len(wrong):
            raise PanelError(
                f"Employment is missing, zero or negative in {len(wrong)} plants: rows "
                f"{listed(wrong)}. Leave these plants out."
            )
    return PlantPoints(
        industry=plants[industry].to_numpy(),
        points=city_positions(plants, distinct=False).unit_vectors(),
        size=size,
    )
