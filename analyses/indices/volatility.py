"""Volatility of growth, and the sensitivity and adaptability that some studies make of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyses.indices.cycles import series_by_city
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import AdaptabilitySeries, ScoreScale, checked_option

__all__ = ["rolling_volatility", "sensitivity_adaptability"]


def rolling_volatility(series: pd.Series, *, window: int = 5) -> pd.DataFrame:
    r"""Measure the standard deviation and coefficient of variation of growth in the last years.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``, or the time of one series: levels, positive, without gaps. Growth is
        :math:`\Delta \ln y_t`.
    window : int
        Number of growth rates, usually 3 or 5.

    Returns
    -------
    pandas.DataFrame
        Index of ``series``: ``growth``, ``deviation`` (n - 1) and ``variation``, the deviation over
        the absolute mean; missing in the first ``window`` years, the variation also where the mean
        is below a thousandth of the deviation.

    Raises
    ------
    PanelError
        If values are missing, not positive, or years leave gaps.
    EstimationError
        If a series is shorter than the window needs.
    ConfigError
        If the window is below two.
    """
    if not isinstance(window, (int, np.integer)) or window < 2:
        raise ConfigError(f"window={window!r} must be a whole number from 2.")
    parts = []
    for part in _positive_parts(series, shortest=window + 1).values():
        growth = np.log(part).diff()
        deviation = growth.rolling(window).std()
        mean = growth.rolling(window).mean().abs()
        # A mean next to zero makes the ratio explode without saying anything of the swings.
        variation = deviation / mean.where(mean > 1e-3 * deviation)
        parts.append(
            pd.DataFrame({"growth": growth, "deviation": deviation, "variation": variation})
        )
    return pd.concat(parts).reindex(series.index)


def sensitivity_adaptability(
    series: pd.Series,
    *,
    adaptability: AdaptabilitySeries = "growth",
    scale: ScoreScale = "z-score",
) -> pd.DataFrame:
    r"""Resilience as adaptability less sensitivity.

    Sensitivity is the distance of a year from the mean of the city,
    :math:`S_{it} = |y_{it} - \bar y_i| / \bar y_i`; adaptability :math:`A_i` is the slope of a
    least-squares line through time, of the growth rates or of the relative deviations
    :math:`(y_{it} - \bar y_i)/\bar y_i`. Resilience is :math:`z(A_i) - z(S_{it})`, or the same with
    both brought to 0..1 by their extremes; cities weigh alike in the scale of A, city-years in
    that of S.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``: levels, positive, without gaps; three years or more of each city.
    adaptability : {"growth", "deviation"}
    scale : {"z-score", "min-max"}
        The standard deviation of the z-score divides by n - 1.

    Returns
    -------
    pandas.DataFrame
        Index of ``series``: ``sensitivity``, ``adaptability``, ``resilience``.

    Raises
    ------
    PanelError
        If values are missing, not positive, or years leave gaps.
    EstimationError
        If a series is too short, there is one city, or one of the parts is the same everywhere.
    ConfigError
        If an option is not known.

    Notes
    -----
    The slope of a city uses all its years, so the index of a year knows the future. A rising city
    far above its mean in the last year is called sensitive: read the parts, not the sum alone.
    """
    checked_option(adaptability, AdaptabilitySeries, name="adaptability")
    checked_option(scale, ScoreScale, name="scale")
    if "city" not in series.index.names:
        raise PanelError("Cities are compared: the series needs the index levels city and year.")
    parts = _positive_parts(series, shortest=3)
    if len(parts) < 2:
        raise EstimationError("One city has no others to be scaled against.")
    slopes, sensitivity = {}, []
    for city, part in parts.items():
        relative = part / part.mean() - 1.0
        sensitivity.append(relative.abs())
        moving = np.log(part).diff().iloc[1:] if adaptability == "growth" else relative
        slopes[city] = float(np.polyfit(np.arange(len(moving)), moving.to_numpy(), 1)[0])
    found = pd.concat(sensitivity).reindex(series.index)
    slope = pd.Series(slopes)
    of_city = series.index.get_level_values("city")
    resilience = (
        _scaled(slope, scale, "adaptability").reindex(of_city).to_numpy()
        - _scaled(found, scale, "sensitivity").to_numpy()
    )
    return pd.DataFrame(
        {
            "sensitivity": found,
            "adaptability": slope.reindex(of_city).to_numpy(),
            "resilience": resilience,
        },
        index=series.index,
    )


def _positive_parts(series: pd.Series, *, shortest: int) -> dict[object, pd.Series]:
    parts = series_by_city(series, shortest=shortest)
    wrong = [city for city, part in parts.items() if not (part > 0).all()]
    if wrong:
        raise PanelError(
            f"Growth needs positive levels; zero or negative for {listed(wrong)}. Correct these "
            "values or drop these cities."
        )
    return parts


def _scaled(values: pd.Series, scale: str, what: str) -> pd.Series:
    spread = values.std() if scale == "z-score" else values.max() - values.min()
    # Rounding leaves differences of 1e-17 between cities that grow alike.
    if not spread > 1e-12:
        raise EstimationError(
            f"The {what} is the same everywhere, so that it cannot be scaled; nothing tells the "
            "cities apart."
        )
    return (values - (values.mean() if scale == "z-score" else values.min())) / spread
