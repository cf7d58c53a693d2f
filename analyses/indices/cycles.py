"""Trend and cycle of city series: Hodrick-Prescott, Hamilton and Baxter-King filters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.linalg import solveh_banded

from spatial.errors import ConfigError, EstimationError, PanelError, listed

__all__ = ["baxter_king_filter", "hamilton_filter", "hodrick_prescott_filter", "series_by_city"]


def hodrick_prescott_filter(
    series: pd.Series, *, smoothing: float = 6.25, one_sided: bool = False
) -> pd.DataFrame:
    r"""Hodrick-Prescott trend and cycle of each city.

    The trend minimises :math:`\sum_t (y_t - \tau_t)^2 + \lambda \sum_t (\Delta^2 \tau_t)^2`, that
    is :math:`(I + \lambda D'D) \tau = y` with the second differences :math:`D`, solved exactly.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``, or the time of one series; usually logarithms of levels. Without
        gaps.
    smoothing : float
        :math:`\lambda`: 6.25 for years (Ravn & Uhlig 2002), 100 in older work, 1600 for quarters.
    one_sided : bool
        Take the last trend value of the filter on the data up to each year, so that no later year
        enters; missing before the third year.

    Returns
    -------
    pandas.DataFrame
        Index of ``series``, columns ``trend`` and ``cycle``.

    Raises
    ------
    PanelError
        If values are missing or years have gaps; the cities are named.
    EstimationError
        If a series has fewer than three values.
    ConfigError
        If the smoothing is not positive.

    References
    ----------
    Hodrick, R. J. & Prescott, E. C. (1997). Postwar U.S. business cycles: an empirical
    investigation. Journal of Money, Credit and Banking 29(1), 1-16.
    https://doi.org/10.2307/2953682

    Ravn, M. O. & Uhlig, H. (2002). On adjusting the Hodrick-Prescott filter for the frequency of
    observations. Review of Economics and Statistics 84(2), 371-376.
    https://doi.org/10.1162/003465302317411604

    Examples
    --------
    >>> line = pd.Series([1.0, 2, 3, 4], index=range(2000, 2004))
    >>> bool(hodrick_prescott_filter(line)["cycle"].abs().max() < 1e-12)
    True
    """
    if not (np.isfinite(smoothing) and smoothing > 0):
        raise ConfigError(f"smoothing={smoothing!r} must be positive, such as 6.25 for years.")

    def trend(y: np.ndarray) -> np.ndarray:
        if not one_sided:
            return _hodrick_prescott(y, smoothing)
        ends = [_hodrick_prescott(y[: t + 1], smoothing)[-1] for t in range(2, len(y))]
        return np.r_[np.nan, np.nan, ends]

    return _decomposed(series, trend, shortest=3)


def hamilton_filter(series: pd.Series, *, horizon: int = 2, lags: int = 1) -> pd.DataFrame:
    r"""Hamilton's (2018) regression filter for each city.

    :math:`y_{t+h} = \beta_0 + \sum_{k=1}^p \beta_k y_{t+1-k} + v_{t+h}` by least squares; the fit
    is the trend, the residual the cycle. The first :math:`h + p - 1` periods are missing.

    Parameters
    ----------
    series : pandas.Series
        See ``hodrick_prescott_filter``.
    horizon, lags : int
        :math:`h` and :math:`p`: 2 and 1 for years, 8 and 4 for quarters.

    Returns
    -------
    pandas.DataFrame
        Index of ``series``, columns ``trend`` and ``cycle``.

    Raises
    ------
    PanelError, EstimationError, ConfigError
        As ``hodrick_prescott_filter``; a series needs :math:`h + 2p + 1` values.

    References
    ----------
    Hamilton, J. D. (2018). Why you should never use the Hodrick-Prescott filter. Review of
    Economics and Statistics 100(5), 831-843. https://doi.org/10.1162/rest_a_00706
    """
    _whole(horizon, "horizon")
    _whole(lags, "lags")

    def trend(y: np.ndarray) -> np.ndarray:
        first = horizon + lags - 1
        columns = [y[first - horizon - k : len(y) - horizon - k] for k in range(lags)]
        design = np.column_stack([np.ones(len(y) - first), *columns])
        # A constant series repeats the intercept; least squares of least norm still fits it.
        fit = design @ np.linalg.lstsq(design, y[first:], rcond=None)[0]
        return np.r_[np.full(first, np.nan), fit]

    return _decomposed(series, trend, shortest=horizon + 2 * lags + 1)


def baxter_king_filter(
    series: pd.Series, *, low: float = 2.0, high: float = 8.0, leads: int = 3
) -> pd.DataFrame:
    r"""Baxter-King band-pass cycle of each city.

    Keeps swings of ``low`` to ``high`` periods by a symmetric moving average: with
    :math:`\omega = 2\pi/\text{period}`, ideal weights :math:`b_0 = (\omega_2 - \omega_1)/\pi`,
    :math:`b_k = (\sin k\omega_2 - \sin k\omega_1)/(k\pi)`, all shifted by one number so that they
    sum to zero. The first and last ``leads`` periods are missing.

    Parameters
    ----------
    series : pandas.Series
        See ``hodrick_prescott_filter``.
    low, high : float
        Shortest and longest period: 2 to 8 years, 6 to 32 quarters.
    leads : int
        Length of the average on each side: 3 years, 12 quarters.

    Returns
    -------
    pandas.DataFrame
        Index of ``series``, columns ``trend`` (what is left) and ``cycle``.

    Raises
    ------
    PanelError, EstimationError, ConfigError
        As ``hodrick_prescott_filter``; a series needs ``2 leads + 1`` values.

    References
    ----------
    Baxter, M. & King, R. G. (1999). Measuring business cycles: approximate band-pass filters for
    economic time series. Review of Economics and Statistics 81(4), 575-593.
    https://doi.org/10.1162/003465399558454
    """
    _whole(leads, "leads")
    if not 2 <= low < high:
        raise ConfigError(f"low={low!r} and high={high!r} must be periods, 2 <= low < high.")
    k = np.arange(1, leads + 1)
    slow, fast = 2 * np.pi / high, 2 * np.pi / low
    side = (np.sin(k * fast) - np.sin(k * slow)) / (k * np.pi)
    weights = np.r_[side[::-1], (fast - slow) / np.pi, side]
    weights -= weights.mean()

    def trend(y: np.ndarray) -> np.ndarray:
        edge = np.full(leads, np.nan)
        # Weights sum to zero, so the first value can go; large levels then lose no digits.
        return y - np.r_[edge, np.convolve(y - y[0], weights, mode="valid"), edge]

    return _decomposed(series, trend, shortest=2 * leads + 1)


def series_by_city(series: pd.Series, *, shortest: int = 1) -> dict[object, pd.Series]:
    """Cut a panel into checked series in the order of time, with the labels of the caller.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``, or the time of one series.
    shortest : int
        Fewest values that a series needs.

    Returns
    -------
    dict of city to Series
        One entry, key ``None``, without a level ``city``.

    Raises
    ------
    PanelError
        If rows repeat, values are missing or infinite, or years leave gaps.
    EstimationError
        If a series is too short.
    """
    if not isinstance(series, pd.Series) or not pd.api.types.is_numeric_dtype(series):
        raise PanelError("The filters need a series of numbers, one column of the panel.")
    if not series.index.is_unique:
        raise PanelError(f"Rows repeat: {listed(series.index[series.index.duplicated()])}.")
    panel = "city" in series.index.names
    if panel and "year" not in series.index.names:
        raise PanelError("A panel needs the index level 'year' beside 'city'.")
    values = series.astype(float)
    unfit = values.index[~np.isfinite(values.to_numpy())]
    if len(unfit):
        raise PanelError(
            f"Values are missing or infinite in {len(unfit)} rows: {listed(unfit)}. Filters need "
            "whole series: fill them or drop these cities."
        )
    if not panel:
        parts: dict[object, pd.Series] = {None: values.sort_index()}
    else:
        parts = {
            city: part.sort_index(level="year")
            for city, part in values.groupby(level="city", sort=False)
        }
    gaps = [city for city, part in parts.items() if _has_gap(part)]
    if gaps:
        raise PanelError(f"Years leave gaps in the series of {listed(gaps)}. Fill or drop them.")
    brief = [city for city, part in parts.items() if len(part) < shortest]
    if brief or not parts:
        raise EstimationError(
            f"A series needs {shortest} periods or more; too short: {listed(brief)}."
        )
    return parts


def _has_gap(part: pd.Series) -> bool:
    times = part.index.get_level_values("year" if "year" in part.index.names else -1)
    if not pd.api.types.is_numeric_dtype(times) or len(times) < 3:
        return False
    steps = np.diff(times.to_numpy(float))
    return not bool(np.allclose(steps, steps.min()))


def _decomposed(
    series: pd.Series, trend: Callable[[np.ndarray], np.ndarray], *, shortest: int
) -> pd.DataFrame:
    parts = series_by_city(series, shortest=shortest)
    found = pd.concat([pd.Series(trend(p.to_numpy()), index=p.index) for p in parts.values()])
    table = pd.DataFrame({"trend": found.reindex(series.index)})
    table["cycle"] = series.astype(float) - table["trend"]
    return table


def _hodrick_prescott(y: np.ndarray, smoothing: float) -> np.ndarray:
    n = len(y)
    # Diagonals of D'D, as the sum of (1, -2, 1)'(1, -2, 1) over its n - 2 places.
    main, first, second = np.zeros(n), np.zeros(n - 1), np.ones(n - 2)
    for place, value in enumerate((1.0, 4.0, 1.0)):
        main[place : place + n - 2] += value
    for place in range(2):
        first[place : place + n - 2] -= 2.0
    bands = np.zeros((3, n))
    bands[0, 2:], bands[1, 1:] = smoothing * second, smoothing * first
    bands[2] = 1.0 + smoothing * main
    # A line has no second difference: solving without it keeps the digits of large levels.
    line = np.linspace(y[0], y[-1], n)
    return line + solveh_banded(bands, y - line)


def _whole(value: int, name: str) -> None:
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ConfigError(f"{name}={value!r} must be a whole number from 1.")
