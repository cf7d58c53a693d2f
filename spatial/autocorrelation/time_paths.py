"""LISA time paths: how far, how straight and whereto cities travel in the Moran scatter plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.autocorrelation.local_moran import ISOLATED
from spatial.autocorrelation.moran_points import moran_points
from spatial.errors import EstimationError
from spatial.options import PointScale, checked_option
from spatial.results import Configuration, Result

NOT_MOVED = "Not moved"

PATH_DIRECTIONS = (
    "Both up",
    "City down, neighbours up",
    "Both down",
    "City up, neighbours down",
)
"""Quarter of the way from the first to the last point, anticlockwise from east."""

_STILL = 1e-12
"""A displacement below this share of the length of the path is a return to the start."""


@dataclass(frozen=True, kw_only=True)
class LisaTimePaths(Result):
    """Paths of cities in the Moran scatter plot.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame of shape (n, 6)
        Index: cities. Columns ``length`` (sum of the yearly moves); ``relative_length`` (1 is the
        mean of all cities); ``displacement`` (from the first to the last point); ``tortuosity``
        (length over displacement, 1 is straight; NaN where the city is back at its start);
        ``direction`` of the displacement in degrees, anticlockwise from east (own value up), in
        [0, 360); ``quarter``: one of ``PATH_DIRECTIONS``, ``"Not moved"`` or ``"Isolated"``.
        Numbers of cities without neighbours in any one year are NaN.
    points : pandas.DataFrame
        Index: (city, year). Columns ``own`` and ``lag``: the coordinates.
    n_isolated : int
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    points: pd.DataFrame
    n_isolated: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def lisa_time_paths(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    scale: PointScale = "standardised",
    city: str = "city",
    year: str = "year",
) -> LisaTimePaths:
    r"""Measure the path of each city through the Moran scatter plots of successive years.

    With the points :math:`L_{it} = (z_{it}, \sum_j w_{ij,t} z_{jt})`:

    .. math::

        \Gamma_i = \frac{n \sum_t \lVert L_{i,t+1} - L_{it} \rVert}
                        {\sum_i \sum_t \lVert L_{i,t+1} - L_{it} \rVert}, \qquad
        \Delta_i = \frac{\sum_t \lVert L_{i,t+1} - L_{it} \rVert}{\lVert L_{iT} - L_{i1} \rVert}

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    weights : Weights
        One matrix for all years or one for each; used as they are. Row-standardise them, so that
        both coordinates have one unit.
    scale : {"standardised", "relative", "none"}
        z: mean 0 and mean square 1 in each year; the value over the mean of the year; or the value.
    city, year : str

    Returns
    -------
    LisaTimePaths

    Raises
    ------
    AlignmentError, PanelError, WeightsError, EstimationError
        As in ``lisa_transitions``; if no city moves at all.

    References
    ----------
    Rey, S. J., Murray, A. T., & Anselin, L. (2011). Visualizing regional income distribution
    dynamics. Letters in Spatial and Resource Sciences, 4(1), 81-90.
    https://doi.org/10.1007/s12076-010-0048-2

    Examples
    --------
    >>> import pandas as pd
    >>> pair = pd.DataFrame([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], ["a", "b"])
    >>> panel = pd.DataFrame({1: [0.0, 0.0], 2: [3.0, 0.0], 3: [3.0, 4.0]}, ["a", "b"])
    >>> paths = lisa_time_paths(panel, pair, scale="none").table
    >>> paths.loc["a", ["length", "displacement", "tortuosity"]].tolist()
    [7.0, 5.0, 1.4]
    """
    wanted = checked_option(scale, PointScale, name="scale")
    found = moran_points(values, weights, scale=wanted, city=city, year=year)
    own, lag = found.own.to_numpy(), found.lag.to_numpy()
    if own.shape[1] < 2:
        raise EstimationError("A path needs at least two years.")
    length = np.hypot(np.diff(own, axis=1), np.diff(lag, axis=1)).sum(axis=1)
    across, upward = own[:, -1] - own[:, 0], lag[:, -1] - lag[:, 0]
    isolated = np.isnan(length)
    # A city with neighbours in some years only has a first or last lag but no whole path.
    displacement = np.where(isolated, np.nan, np.hypot(across, upward))
    if not (length > 0.0).any():
        raise EstimationError(f"No city with neighbours moves: {found.name} is the same each year.")
    moved = displacement > _STILL * np.maximum(length, np.abs(own).max())
    tortuosity = np.divide(length, displacement, out=np.full(len(own), np.nan), where=moved)
    direction = np.where(moved, np.degrees(np.arctan2(upward, across)) % 360.0, np.nan)
    quarter = np.array(PATH_DIRECTIONS)[(np.nan_to_num(direction) // 90.0).astype(int) % 4]
    table = pd.DataFrame(
        {
            "length": length,
            "relative_length": length / np.nanmean(length),
            "displacement": displacement,
            "tortuosity": tortuosity,
            "direction": direction,
            "quarter": np.select([isolated, ~moved], [ISOLATED, NOT_MOVED], quarter),
        },
        index=found.own.index.rename(city),
    )
    places = pd.MultiIndex.from_product([found.own.index, found.own.columns], names=[city, year])
    points = pd.DataFrame({"own": own.ravel(), "lag": lag.ravel()}, places)
    return LisaTimePaths(
        name=found.name,
        table=table,
        points=points,
        n_isolated=int(isolated.sum()),
        configuration=Configuration(
            function="lisa_time_paths",
            options={"scale": wanted, "islands": "left out of the mean length"},
            weights=found.weights.description,
        ),
    )
