"""Where each city stands in the Moran scatter plot of each year: its value and its lag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import require_same_cities
from spatial.autocorrelation.panel_values import panel_table
from spatial.autocorrelation.preparation import standardised
from spatial.errors import EstimationError, WeightsError, listed
from spatial.weights.types import Weights, as_weights


@dataclass(frozen=True, slots=True)
class MoranPoints:
    """Points of a Moran scatter plot for each city and year.

    Attributes
    ----------
    name : str
        Of the variable.
    own, lag : pandas.DataFrame of shape (n, years)
        Scaled values and their spatial lag; the lag of an island is NaN.
    weights : Weights
    """

    name: str
    own: pd.DataFrame
    lag: pd.DataFrame
    weights: Weights

    @property
    def isolated(self) -> pd.Index:
        """Cities without neighbours in at least one year."""
        return self.lag.index[self.lag.isna().any(axis=1)]


def moran_points(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    scale: str = "standardised",
    city: str = "city",
    year: str = "year",
) -> MoranPoints:
    """Scale a panel year by year and compute the spatial lag of each year.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year``, balanced; or a table of cities by years.
    weights : Weights
        One matrix for all years or one for each; used as they are.
    scale : {"standardised", "relative", "none"}
        Mean 0 and mean square 1 in each year; divided by the mean of the year; as given.
    city, year : str

    Returns
    -------
    MoranPoints

    Raises
    ------
    AlignmentError, PanelError
        If labels differ or city-years are missing.
    EstimationError
        If a year is constant, or its mean is not positive where values are divided by it.
    WeightsError
        If no city has a neighbour.
    """
    name = str(getattr(values, "name", None) or "values")
    known = as_weights(weights)
    table = panel_table(values, city=city, year=year)
    require_same_cities(table.index, known.ids, left_name="the panel", right_name="the weights")
    numbers = scaled_by_year(table, scale, name).reindex(known.ids)
    lags, empty = {}, True
    for label in table.columns:
        matrix = known.matrix_of(label)
        empty &= matrix.nnz == 0
        lag = matrix @ numbers[label].to_numpy()
        lags[label] = np.where(np.diff(matrix.indptr) == 0, np.nan, lag)
    if empty:
        raise WeightsError("No city has a neighbour in these weights; use others.")
    lag_table = pd.DataFrame(lags, index=known.ids)
    return MoranPoints(name, numbers.reindex(table.index), lag_table.reindex(table.index), known)


def scaled_by_year(table: pd.DataFrame, scale: str, name: str) -> pd.DataFrame:
    """Scale each year of a table of cities by years; see ``moran_points``."""
    if scale == "none":
        return table
    if scale == "relative":
        means = table.mean()
        if (means <= 0.0).any():
            raise EstimationError(
                f"The mean of {name} is not positive in {listed(means.index[means <= 0.0])}, so "
                "values cannot be taken relative to it. Use another scale, or a variable that is "
                "positive on average."
            )
        return table / means
    columns = {at: standardised(table[at].to_numpy(), f"{name} in {at}") for at in table.columns}
    return pd.DataFrame(columns, index=table.index)
