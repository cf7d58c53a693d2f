"""Trends of cities over the years: Mann-Kendall tests and Theil-Sen slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from scipy import special

from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.panel_values import panel_table
from spatial.errors import ConfigError, EstimationError, PanelError
from spatial.options import MultipleTesting, checked_option
from spatial.results import Configuration, Result

INCREASING, DECREASING, NO_TREND = "Increasing", "Decreasing", "No trend"

SHORT_PANEL = 8
"""With fewer years rank tests of a trend have almost no power."""

_LEAST_YEARS = 3
_BLOCK = 4_000_000
"""Pairs of years held at once."""


@dataclass(frozen=True, kw_only=True)
class Trends(Result):
    """Trend of each city.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame
        Index: cities. Columns: ``score`` (Mann-Kendall S), ``variance`` (corrected for ties),
        ``z_score`` (with continuity correction), ``tau`` (S over the number of pairs),
        ``p_value`` (two-sided), ``p_adjusted``; ``slope`` (Theil-Sen, per unit of time),
        ``slope_low``, ``slope_high`` (its confidence interval) and ``intercept``; ``trend``:
        ``"Increasing"``, ``"Decreasing"`` or ``"No trend"`` after the correction.
    alpha : float
    correction : str
    years : int
    n, n_significant_raw, n_significant : int
        Cities; with a significant trend before and after the correction.
    warnings : tuple of str
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    alpha: float
    correction: str
    years: int
    n: int
    n_significant_raw: int
    n_significant: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def trend_counts(self) -> pd.Series:
        """Return the number of cities with each trend, all listed."""
        words = [INCREASING, DECREASING, NO_TREND]
        counts = self.table["trend"].value_counts().reindex(words, fill_value=0)
        return counts.rename("cities").rename_axis("trend")


def city_trends(
    values: pd.Series | pd.DataFrame,
    *,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    city: str = "city",
    year: str = "year",
) -> Trends:
    r"""Test each city for a monotonic trend and estimate its slope, both by ranks.

    .. math::

        S = \sum_{s < t} \mathrm{sgn}(y_t - y_s), \qquad
        \mathrm{Var}(S) = \frac{T(T-1)(2T+5) - \sum_g t_g (t_g - 1)(2 t_g + 5)}{18}, \qquad
        Z = \frac{S - \mathrm{sgn}(S)}{\sqrt{\mathrm{Var}(S)}}

    with groups g of :math:`t_g` equal values. The slope is the median of
    :math:`(y_t - y_s) / (t - s)` over all pairs of years.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
        Years are numbers and may be apart by any steps.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all cities.
    alpha : float
        Level of the test, and of the confidence interval (1 - alpha).
    city, year : str

    Returns
    -------
    Trends

    Raises
    ------
    PanelError
        If city-years are missing, or years are no numbers.
    EstimationError
        With fewer than three years.
    ConfigError
        For unusable options.

    Notes
    -----
    The test takes the years of a city for independent: a series that returns slowly to its mean
    rejects too often.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica, 13(3), 245-259. Kendall,
    M. G. (1975). Rank correlation methods. Sen, P. K. (1968). Estimates of the regression
    coefficient based on Kendall's tau. Journal of the American Statistical Association, 63(324),
    1379-1389.

    Examples
    --------
    >>> panel = pd.DataFrame([[1.0, 2, 4, 5, 7], [3, 1, 2, 3, 1]], ["a", "b"], range(2010, 2015))
    >>> city_trends(panel, correction="none").table[["score", "slope", "trend"]].values.tolist()
    [[10.0, 1.5, 'Increasing'], [-2.0, -0.25, 'No trend']]
    """
    wanted = cast("MultipleTesting", checked_option(correction, MultipleTesting, name="correction"))
    level = checked_level(alpha)
    table = panel_table(values, city=city, year=year)
    years = numeric_years(table)
    require_years(len(years))
    tested = mann_kendall(table.to_numpy())
    p_values = tested["p_value"]
    adjusted = adjusted_p_values(p_values, wanted)
    columns = {**tested, "p_adjusted": adjusted, **theil_sen(table.to_numpy(), years, level)}
    columns["trend"] = np.select(
        [(adjusted <= level) & (tested["score"] > 0), (adjusted <= level) & (tested["score"] < 0)],
        [INCREASING, DECREASING],
        NO_TREND,
    )
    return Trends(
        name=str(getattr(values, "name", None) or "values"),
        table=pd.DataFrame(columns, index=table.index.rename(city)),
        alpha=level,
        correction=wanted,
        years=len(years),
        n=len(table),
        n_significant_raw=int((p_values <= level).sum()),
        n_significant=int((adjusted <= level).sum()),
        warnings=short_panel_warnings(len(years)),
        configuration=Configuration(
            function="city_trends",
            options={"correction": wanted, "alpha": level, "alternative": "two-sided"},
        ),
    )


def checked_level(alpha: float) -> float:
    """Return a level between 0 and 1 or raise ``ConfigError``."""
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha!r} must lie between 0 and 1, for example 0.05.")
    return float(alpha)


def numeric_years(table: pd.DataFrame) -> np.ndarray:
    """Return the columns as numbers, strictly rising, or raise ``PanelError``."""
    years = pd.to_numeric(pd.Series(list(table.columns)), errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(years).all() or (np.diff(years) <= 0.0).any():
        raise PanelError(
            f"Years must be numbers, each once; they are {list(table.columns)!r}. Turn them into "
            "whole numbers such as 2010."
        )
    return years


def require_years(years: int) -> None:
    """Raise when a trend cannot be told from so few years."""
    if years < _LEAST_YEARS:
        raise EstimationError(f"{years} years are too few for a trend; it needs {_LEAST_YEARS}.")


def short_panel_warnings(years: int) -> tuple[str, ...]:
    """Say that a short panel has no power."""
    if years >= SHORT_PANEL:
        return ()
    smallest = 2.0 * special.ndtr(
        -(years * (years - 1) / 2 - 1) / np.sqrt(years * (years - 1) * (2 * years + 5) / 18)
    )
    return (
        f"With {years} years the Mann-Kendall test has almost no power (the smallest p-value, of "
        f"a series that rises every year, is {smallest:.2g}): no trend found is no sign of "
        "stability.",
    )


def mann_kendall(values: np.ndarray) -> dict[str, np.ndarray]:
    """Mann-Kendall test of each row, corrected for ties.

    Parameters
    ----------
    values : numpy.ndarray of shape (n, years)

    Returns
    -------
    dict of str to numpy.ndarray of shape (n,)
        ``score``, ``variance``, ``z_score``, ``tau``, ``p_value``. A constant row has z = 0, p = 1.
    """
    n, years = values.shape
    score = np.zeros(n)
    for later in range(1, years):
        score += np.sign(values[:, [later]] - values[:, :later]).sum(axis=1)
    variance = (years * (years - 1) * (2 * years + 5) - _tie_sum(values)) / 18.0
    spread = np.sqrt(variance)
    corrected = score - np.sign(score)
    z_score = np.divide(corrected, spread, out=np.zeros(n), where=spread > 0.0)
    return {
        "score": score,
        "variance": variance,
        "z_score": z_score,
        "tau": score / (years * (years - 1) / 2.0),
        "p_value": 2.0 * special.ndtr(-np.abs(z_score)),
    }


def _tie_sum(values: np.ndarray) -> np.ndarray:
    """Sum over groups of equal values of t (t - 1)(2 t + 5), by row."""
    ordered = np.sort(values, axis=1)
    run = np.ones(len(values))
    total = np.zeros(len(values))
    # A group that grows from t - 1 to t members raises the sum by the difference of its terms.
    for at in range(1, values.shape[1]):
        same = ordered[:, at] == ordered[:, at - 1]
        run = np.where(same, run + 1.0, 1.0)
        total += np.where(same, _tie_term(run) - _tie_term(run - 1.0), 0.0)
    return total


def _tie_term(size: np.ndarray) -> np.ndarray:
    return size * (size - 1.0) * (2.0 * size + 5.0)


def theil_sen(values: np.ndarray, years: np.ndarray, alpha: float) -> dict[str, np.ndarray]:
    """Theil-Sen slope of each row, with Sen's confidence interval.

    Parameters
    ----------
    values : numpy.ndarray of shape (n, years)
    years : numpy.ndarray of shape (years,)
        Rising.
    alpha : float

    Returns
    -------
    dict of str to numpy.ndarray of shape (n,)
        ``slope``, ``slope_low``, ``slope_high``, ``intercept`` (median of the values less slope
        times the median year).
    """
    n, length = values.shape
    early, late = np.triu_indices(length, 1)
    pairs = len(early)
    variance = (length * (length - 1) * (2 * length + 5) - _tie_sum(values)) / 18.0
    reach = special.ndtri(1.0 - alpha / 2.0) * np.sqrt(variance)
    low = np.clip(np.rint((pairs - reach) / 2.0).astype(int) - 1, 0, pairs - 1)
    high = np.clip(np.rint((pairs + reach) / 2.0).astype(int), 0, pairs - 1)
    found = np.empty((3, n))
    step = max(1, _BLOCK // pairs)
    for start in range(0, n, step):
        part = slice(start, start + step)
        slopes = (values[part][:, late] - values[part][:, early]) / (years[late] - years[early])
        slopes.sort(axis=1)
        rows = np.arange(len(slopes))
        found[0, part] = np.median(slopes, axis=1)
        found[1, part] = slopes[rows, low[part]]
        found[2, part] = slopes[rows, high[part]]
    intercept = np.median(values, axis=1) - found[0] * np.median(years)
    return {
        "slope": found[0],
        "slope_low": found[1],
        "slope_high": found[2],
        "intercept": intercept,
    }
