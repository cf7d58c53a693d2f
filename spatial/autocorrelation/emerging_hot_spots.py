"""Emerging hot spots: where high or low values gather, and how that changes over the years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import sparse, special

from spatial.alignment import require_same_cities
from spatial.autocorrelation.local_moran import ISOLATED
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.panel_values import panel_table
from spatial.autocorrelation.preparation import standardised
from spatial.autocorrelation.trends import (
    checked_level,
    mann_kendall,
    require_years,
    short_panel_warnings,
)
from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.options import HotSpotReference, MultipleTesting, checked_option
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

NO_PATTERN = "No pattern"

_KINDS = (
    "New",
    "Consecutive",
    "Intensifying",
    "Persistent",
    "Diminishing",
    "Sporadic",
    "Oscillating",
    "Historical",
)

EMERGING_CLASSES = (
    *(f"{kind} hot spot" for kind in _KINDS),
    *(f"{kind} cold spot" for kind in _KINDS),
    NO_PATTERN,
)
"""The 17 classes; cities without neighbours are ``"Isolated"``."""

_MOST_YEARS = 0.9


@dataclass(frozen=True, kw_only=True)
class EmergingHotSpots(Result):
    """Classes of cities by the history of their hot and cold spots.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame
        Index: cities. Columns: ``cluster`` (one of ``EMERGING_CLASSES`` or ``"Isolated"``);
        ``hot_years``, ``cold_years`` (numbers of significant years); ``trend_z``, ``trend_p``
        (Mann-Kendall test of the z-scores); ``last_z``, ``last_state`` (1 hot, -1 cold, 0).
    z_scores, p_adjusted : pandas.DataFrame of shape (n, years)
        Gi* of each city and year; NaN for cities without neighbours.
    states : pandas.DataFrame of int, shape (n, years)
        1 hot, -1 cold, 0 not significant.
    alpha, trend_alpha : float
    window : int
    n, n_isolated : int
    n_significant_raw, n_significant : int
        City-years significant before and after the correction.
    warnings : tuple of str
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    z_scores: pd.DataFrame
    p_adjusted: pd.DataFrame
    states: pd.DataFrame
    alpha: float
    trend_alpha: float
    window: int
    n: int
    n_isolated: int
    n_significant_raw: int
    n_significant: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cluster_counts(self) -> pd.Series:
        """Return the number of cities in each class, all classes listed."""
        words = [*EMERGING_CLASSES, ISOLATED]
        counts = self.table["cluster"].value_counts().reindex(words, fill_value=0)
        return counts.rename("cities").rename_axis("cluster")


def emerging_hot_spots(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    window: int = 1,
    reference: HotSpotReference = "window",
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    trend_alpha: float = 0.05,
    city: str = "city",
    year: str = "year",
) -> EmergingHotSpots:
    r"""Classify cities by the history of Getis and Ord's Gi* and the trend of its z-score.

    .. math::

        z_{it} = \frac{\sum_{s=t-k}^{t} \sum_j w_{ij,s} y_{js} - \bar y \, w_{i.}}
                      {s \sqrt{(m \sum_{js} w_{ij,s}^2 - w_{i.}^2) / (m - 1)}}

    over the city itself and its neighbours in year t and the k years before, against mean and
    standard deviation of m reference values.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    weights : Weights
        One matrix for all years or one for each. A city itself has the largest weight of its row,
        so that binary and row-standardised weights give the same.
    window : int
        k; 0 looks at single years. The first years have fewer years before them.
    reference : {"window", "all years"}
        What values are compared with: all cities in the same years, so that common growth does not
        count; or all cities in all years, so that it does.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all city-years together.
    alpha : float
        Level of hot and cold spots (normal distribution of z, two-sided).
    trend_alpha : float
        Level of the trend of z (Mann-Kendall, two-sided, not corrected).
    city, year : str

    Returns
    -------
    EmergingHotSpots

    Raises
    ------
    AlignmentError, PanelError, WeightsError
        If labels differ, city-years are missing, or no city has a neighbour.
    EstimationError
        With fewer than three years, or where reference values are constant.
    ConfigError
        For unusable options.

    Notes
    -----
    The classes are tried in this order, for hot spots and then, mirrored, for cold spots:

    1. *New*: hot in the last year only.
    2. *Consecutive*: an unbroken run of at least two hot years at the end, never hot before, hot
       in less than 90 % of the years.
    3. *Intensifying*, *persistent*, *diminishing*: hot in the last year and in at least 90 % of
       the years, with a significant rise of z, no trend, or a significant fall.
    4. *Sporadic*: hot in the last year, in less than 90 % of the years, never cold.
    5. *Oscillating*: the same, but cold in some year before.
    6. *Historical*: not hot in the last year, but in at least 90 % of the years.

    For cold spots "rise" means that z falls further below zero. z-scores of successive windows
    share years, which makes trends easier to find than the test assumes.

    References
    ----------
    Getis, A., & Ord, J. K. (1992). The analysis of spatial association by use of distance
    statistics. Geographical Analysis, 24(3), 189-206. The classes follow the emerging hot spot
    analysis of ArcGIS Pro, as documented by Esri.

    Examples
    --------
    >>> ids = list("abcdefghij")
    >>> line = pd.DataFrame(0.0, index=ids, columns=ids)
    >>> for left, right in zip(ids, ids[1:]):
    ...     line.loc[left, right] = line.loc[right, left] = 1.0
    >>> panel = pd.DataFrame({at: [8.0 + at] * 3 + [1.0, 2] * 3 + [1.0] for at in range(8)}, ids)
    >>> found = emerging_hot_spots(panel, line, window=0, correction="none")
    >>> found.table.loc["b", "cluster"]
    'Intensifying hot spot'
    """
    wanted = cast("MultipleTesting", checked_option(correction, MultipleTesting, name="correction"))
    compared = checked_option(reference, HotSpotReference, name="reference")
    level, trend_level = checked_level(alpha), checked_level(trend_alpha)
    name = str(getattr(values, "name", None) or "values")
    known = as_weights(weights)
    table = panel_table(values, city=city, year=year)
    require_same_cities(table.index, known.ids, left_name="the panel", right_name="the weights")
    years = table.shape[1]
    require_years(years)
    span = _checked_window(window, years)
    known = known.reordered(table.index)
    matrices = tuple(known.matrix_of(label) for label in table.columns)
    if not any(matrix.nnz for matrix in matrices):
        raise WeightsError("No city has a neighbour in these weights; use others.")
    z = _window_scores(table.to_numpy(), matrices, span, compared, name)
    isolated = np.isnan(z).any(axis=1)
    if isolated.all():
        raise EstimationError("No city has neighbours in every year; there is nothing to follow.")
    z[isolated] = np.nan
    p_values = 2.0 * special.ndtr(-np.abs(z))
    adjusted = adjusted_p_values(p_values.ravel(), wanted).reshape(z.shape)
    significant = np.nan_to_num(adjusted, nan=1.0) <= level
    states = np.where(significant, np.sign(np.nan_to_num(z)), 0).astype(int)
    found = _histories(z, states, isolated, trend_level, table.index.rename(city))

    def yearly(numbers: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(numbers, found.index, table.columns.rename(year))

    return EmergingHotSpots(
        name=name,
        table=found,
        z_scores=yearly(z),
        p_adjusted=yearly(adjusted),
        states=yearly(states),
        alpha=level,
        trend_alpha=trend_level,
        window=span,
        n=len(table),
        n_isolated=int(isolated.sum()),
        n_significant_raw=int((p_values <= level).sum()),
        n_significant=int((adjusted <= level).sum()),
        warnings=short_panel_warnings(years),
        configuration=Configuration(
            function="emerging_hot_spots",
            options={
                "window": span,
                "reference": compared,
                "correction": wanted,
                "correction over": "all city-years",
                "alpha": level,
                "trend_alpha": trend_level,
                "own weight": "the largest of the row",
                "islands": "labelled Isolated, in the reference values",
            },
            weights=known.description,
        ),
    )


def _histories(
    z: np.ndarray, states: np.ndarray, isolated: np.ndarray, trend_alpha: float, ids: pd.Index
) -> pd.DataFrame:
    """Class, significant years, trend and last year of each city."""
    trend = mann_kendall(np.nan_to_num(z))
    rising = np.where(trend["p_value"] <= trend_alpha, np.sign(trend["score"]), 0).astype(int)
    return pd.DataFrame(
        {
            "cluster": np.where(isolated, ISOLATED, emerging_classes(states, rising)),
            "hot_years": (states > 0).sum(axis=1),
            "cold_years": (states < 0).sum(axis=1),
            "trend_z": np.where(isolated, np.nan, trend["z_score"]),
            "trend_p": np.where(isolated, np.nan, trend["p_value"]),
            "last_z": z[:, -1],
            "last_state": states[:, -1],
        },
        index=ids,
    )


def emerging_classes(states: np.ndarray, rising: np.ndarray) -> np.ndarray:
    """Name the class of each city.

    Parameters
    ----------
    states : numpy.ndarray of int, shape (n, years)
        1 hot, -1 cold, 0 neither.
    rising : numpy.ndarray of int, shape (n,)
        1 where z rises significantly, -1 where it falls, 0 without a trend.

    Returns
    -------
    numpy.ndarray of str, shape (n,)

    Examples
    --------
    >>> emerging_classes(np.array([[0, 0, 1], [0, -1, -1], [1, 0, 0]]), np.zeros(3, int)).tolist()
    ['New hot spot', 'Consecutive cold spot', 'No pattern']
    """
    hot = _kinds(states, rising)
    cold = _kinds(-states, -rising)
    named_hot = np.array([*(f"{kind} hot spot" for kind in _KINDS), NO_PATTERN])
    named_cold = np.array([*(f"{kind} cold spot" for kind in _KINDS), NO_PATTERN])
    return np.where(hot < len(_KINDS), named_hot[hot], named_cold[cold])


def _kinds(states: np.ndarray, rising: np.ndarray) -> np.ndarray:
    """Position in ``_KINDS`` for hot spots, ``len(_KINDS)`` for none."""
    years = states.shape[1]
    hot, cold = states > 0, states < 0
    count, last = hot.sum(axis=1), hot[:, -1]
    # Years of the unbroken run at the end.
    run = np.cumprod(hot[:, ::-1], axis=1).sum(axis=1)
    # Counted in whole years, so that 9 of 10 is enough whatever the rounding.
    most = count * 10 >= round(_MOST_YEARS * 10) * years
    ever_cold = cold.any(axis=1)
    tests = (
        last & (count == 1),
        last & (run == count) & (run >= 2) & ~most,
        last & most & (rising > 0),
        last & most & (rising == 0),
        last & most & (rising < 0),
        last & ~most & ~ever_cold,
        last & ~most & ever_cold,
        ~last & most,
    )
    return np.select(tests, range(len(_KINDS)), len(_KINDS))


def _checked_window(window: int, years: int) -> int:
    whole = isinstance(window, int | np.integer) and not isinstance(window, bool)
    if not whole or not 0 <= window < years:
        raise ConfigError(
            f"window={window!r} must be a whole number of years before, from 0 to {years - 1}."
        )
    return int(window)


def _window_scores(
    values: np.ndarray,
    matrices: tuple[sparse.csr_array, ...],
    window: int,
    reference: str,
    name: str,
) -> np.ndarray:
    """Gi* of each city and year over windows of years, shape (n, years); NaN for islands."""
    n, years = values.shape
    scaled = standardised(values.ravel(), name).reshape(values.shape)
    lag, weight, square = np.empty((n, years)), np.empty((n, years)), np.empty((n, years))
    empty = np.zeros((n, years), dtype=bool)
    for t, matrix in enumerate(matrices):
        own = matrix.max(axis=1).toarray().ravel()
        lag[:, t] = matrix @ scaled[:, t] + own * scaled[:, t]
        weight[:, t] = matrix.sum(axis=1) + own
        square[:, t] = (matrix * matrix).sum(axis=1) + own**2
        empty[:, t] = np.diff(matrix.indptr) == 0
    z = np.empty((n, years))
    for t in range(years):
        part = slice(max(0, t - window), t + 1)
        compared = scaled if reference == "all years" else scaled[:, part]
        if np.ptp(compared) <= 1e-12:
            raise EstimationError(
                f"{name} is the same in every city in a window of years, so nothing stands out; "
                "drop these years or compare with all years."
            )
        sums, squares = weight[:, part].sum(axis=1), square[:, part].sum(axis=1)
        size = compared.size
        variance = np.maximum(size * squares - sums**2, 0.0) / (size - 1)
        gap = lag[:, part].sum(axis=1) - compared.mean() * sums
        spread = compared.std() * np.sqrt(variance)
        z[:, t] = np.divide(gap, spread, out=np.full(n, np.nan), where=spread > 0.0)
        z[empty[:, t], t] = np.nan
    return z
