"""Indicators of a composite index: what they are, and their values made comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, PanelError, listed, nearest_spelling
from spatial.options import IndicatorDirection, Standardisation, checked_option

__all__ = ["Indicator", "Standardised", "indicator_table", "standardised_indicators"]


@dataclass(frozen=True)
class Indicator:
    """One indicator of a composite index.

    Attributes
    ----------
    column : str
        Column of the panel.
    direction : {"positive", "negative", "moderate", "interval", "reciprocal"}
        More is better; less is better; nearest to ``target`` is best; inside ``interval`` is
        best; less is better and enters as ``1 / x``.
    dimension : str
        Sub-system to which it belongs, for scores of dimensions; may be empty.
    target : float, optional
        Best value of a moderate indicator.
    interval : tuple of (float, float), optional
        Best range of an interval indicator.
    unit, source : str
        Words for tables.

    Examples
    --------
    >>> Indicator("unemployment", "negative", "resistance").direction
    'negative'
    """

    column: str
    direction: IndicatorDirection = "positive"
    dimension: str = ""
    target: float | None = None
    interval: tuple[float, float] | None = None
    unit: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a direction that lacks its bounds, and bounds that have no use."""
        checked_option(self.direction, IndicatorDirection, name="direction")
        if (self.direction == "moderate") != (self.target is not None):
            raise ConfigError(
                f"Indicator {self.column!r}: target= belongs to direction='moderate', which needs "
                f"it; the direction is {self.direction!r} and the target {self.target!r}."
            )
        if (self.direction == "interval") != (self.interval is not None):
            raise ConfigError(
                f"Indicator {self.column!r}: interval= belongs to direction='interval', which "
                f"needs it; the direction is {self.direction!r} and the interval "
                f"{self.interval!r}."
            )
        if self.interval is not None and not self.interval[0] <= self.interval[1]:
            raise ConfigError(
                f"Indicator {self.column!r}: interval {self.interval!r} must run from low to high."
            )


@dataclass(frozen=True)
class Standardised:
    """Comparable values of indicators, more is better.

    Attributes
    ----------
    values : pandas.DataFrame
        Rows of the panel by indicators.
    constant : tuple of str
        Indicators without variation: their values are zero.
    """

    values: pd.DataFrame
    constant: tuple[str, ...]


def indicator_table(panel: pd.DataFrame, indicators: Sequence[Indicator]) -> pd.DataFrame:
    """Take the columns of the indicators as floats.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row for each city, or city-year.
    indicators : sequence of Indicator

    Returns
    -------
    pandas.DataFrame
        Index of the panel, a column for each indicator.

    Raises
    ------
    PanelError
        If a row label comes twice, or a column is absent, not numeric, infinite or all missing.
    ConfigError
        If no indicator is given or one is given twice.
    """
    columns = [indicator.column for indicator in indicators]
    if not columns:
        raise ConfigError("No indicator was given; name at least one by Indicator(column).")
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise ConfigError(f"Indicators are given more than once: {listed(twice)}.")
    for column in columns:
        if column not in panel.columns:
            raise PanelError(
                f"The panel has no column {column!r}{nearest_spelling(column, panel.columns)}; it "
                f"has {listed(panel.columns, limit=40)}."
            )
        if not pd.api.types.is_numeric_dtype(panel[column]):
            raise PanelError(
                f"Column {column!r} holds {panel[column].dtype} and not numbers; convert it first."
            )
    if not panel.index.is_unique:
        double = panel.index[panel.index.duplicated()].unique()
        raise PanelError(f"Rows appear more than once: {listed(double)}. Keep one row each.")
    table = panel[columns].astype(float)
    infinite = [c for c in columns if np.isinf(table[c]).any()]
    if infinite:
        raise PanelError(f"Columns hold infinite values: {listed(infinite)}. Correct them first.")
    empty = [c for c in columns if table[c].isna().all()]
    if empty:
        raise PanelError(f"Columns hold no value at all: {listed(empty)}. Drop these indicators.")
    return table


def standardised_indicators(
    table: pd.DataFrame,
    indicators: Sequence[Indicator],
    *,
    standardise: Standardisation = "min-max",
    bounds: tuple[float, float] = (0.0, 1.0),
    base_year: object = None,
) -> Standardised:
    r"""Make indicators comparable, so that more is better everywhere.

    - ``"min-max"``: :math:`(x - \min) / (\max - \min)`, or :math:`(\max - x) / (\max - \min)` for
      negative ones, bounds over all rows: comparable over time;
    - ``"min-max by year"``: bounds of each year: the trend is lost;
    - ``"min-max base year"``: bounds of one year: other years may leave the bounds;
    - ``"z-score"``: :math:`(x - \bar x) / s` (n - 1), times -1 for negative ones;
    - ``"mean-100"``: :math:`100 + 10 (x - \bar x) / s` with division by n in :math:`s`
      (Mazziotta and Pareto), minus for negative ones;
    - ``"vector"``: :math:`x / \sqrt{\sum x^2}`, times -1 for negative ones;
    - ``"none"``: the values, times -1 for negative ones.

    Moderate indicators become :math:`1 - |x - a| / \max |x - a|` and interval ones
    :math:`1 - (\text{distance to } [a, b]) / \max(a - \min x, \max x - b)` over all rows; under
    min-max these values enter as they are, else they are standardised as positive ones.
    Reciprocal ones enter as :math:`1 / x`.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``indicator_table``; missing values stay missing and set no bound.
    indicators : sequence of Indicator
    standardise : {"min-max", "min-max by year", "min-max base year", "z-score", "mean-100", \
"vector", "none"}
    bounds : tuple of (float, float)
        Range of min-max values, for example ``(0.002, 0.998)``.
    base_year : optional
        Year whose bounds hold, for ``"min-max base year"`` only.

    Returns
    -------
    Standardised

    Raises
    ------
    ConfigError
        If an option is not known or options do not fit each other.
    PanelError
        If a reciprocal indicator is not positive, or years are needed and absent.
    """
    checked_option(standardise, Standardisation, name="standardise")
    if not bounds[0] < bounds[1]:
        raise ConfigError(f"bounds={bounds!r} must run from low to high, such as (0, 1).")
    if (standardise == "min-max base year") != (base_year is not None):
        raise ConfigError(
            f"base_year={base_year!r} belongs to standardise='min-max base year', which needs it; "
            f"standardise is {standardise!r}."
        )
    years = _years(table, standardise, base_year)
    columns: dict[str, pd.Series] = {}
    constant = []
    for indicator in indicators:
        x, sign, bounded = _oriented(table[indicator.column], indicator)
        known = x.dropna()
        # Rounding leaves a spread of some units in the last place in a constant column.
        if known.max() - known.min() <= 1e-12 * max(abs(known.max()), abs(known.min())):
            constant.append(indicator.column)
            columns[indicator.column] = x * 0.0
            continue
        values = _scaled(x, sign, bounded, standardise, years, base_year)
        if standardise.startswith("min-max"):
            values = bounds[0] + (bounds[1] - bounds[0]) * values
        columns[indicator.column] = values
    return Standardised(pd.DataFrame(columns, index=table.index), tuple(constant))


def _years(table: pd.DataFrame, standardise: str, base_year: object) -> pd.Index | None:
    if standardise not in {"min-max by year", "min-max base year"}:
        return None
    if "year" not in table.index.names:
        raise PanelError(
            f"standardise={standardise!r} needs the index level 'year'; the levels are "
            f"{listed(table.index.names)}."
        )
    years = table.index.get_level_values("year")
    if base_year is not None and base_year not in years:
        raise PanelError(
            f"The panel has no base year {base_year!r}; it runs from {years.min()} to "
            f"{years.max()}."
        )
    return years


def _oriented(x: pd.Series, indicator: Indicator) -> tuple[pd.Series, float, bool]:
    """Return the values, the sign that makes more better, and whether they are in 0..1 already."""
    if indicator.direction == "reciprocal":
        wrong = x.index[(x <= 0).to_numpy()]
        if len(wrong):
            raise PanelError(
                f"Indicator {indicator.column!r} enters as 1/x but is zero or negative in "
                f"{len(wrong)} rows: {listed(wrong)}. Use direction='negative'."
            )
        return 1.0 / x, 1.0, False
    if indicator.target is not None:
        return _closeness((x - indicator.target).abs()), 1.0, True
    if indicator.interval is not None:
        low, high = indicator.interval
        return _closeness((low - x).clip(lower=0) + (x - high).clip(lower=0)), 1.0, True
    return x, -1.0 if indicator.direction == "negative" else 1.0, False


def _closeness(distance: pd.Series) -> pd.Series:
    furthest = distance.max()
    return 1.0 - distance / furthest if furthest > 0 else 1.0 + distance


def _scaled(
    x: pd.Series,
    sign: float,
    bounded: bool,
    standardise: str,
    years: pd.Index | None,
    base_year: object,
) -> pd.Series:
    if standardise == "z-score":
        return sign * (x - x.mean()) / x.std(ddof=1)
    if standardise == "mean-100":
        return 100.0 + 10.0 * sign * (x - x.mean()) / x.std(ddof=0)
    if standardise == "vector":
        return sign * x / np.sqrt((x**2).sum())
    if standardise == "none":
        return sign * x
    if bounded:
        return x
    low: pd.Series | float = x.min()
    high: pd.Series | float = x.max()
    if standardise == "min-max by year" and years is not None:
        by_year = x.groupby(years)
        low, high = by_year.transform("min"), by_year.transform("max")
    elif years is not None:
        base = x[years == base_year]
        low, high = base.min(), base.max()
        if not high > low:
            raise PanelError(
                f"Indicator {x.name!r} does not vary in the base year {base_year!r}; take another."
            )
    # A year in which all cities are equal tells nothing: zero, as for a constant indicator.
    spread = pd.Series(high - low, index=x.index)
    scaled = (x - low if sign > 0 else high - x) / spread.where(spread > 0)
    return scaled.mask((spread == 0) & x.notna(), 0.0)


def dimension_columns(indicators: Sequence[Indicator]) -> Mapping[str, list[str]]:
    """Group the columns of the indicators by dimension, in the order of first mention."""
    groups: dict[str, list[str]] = {}
    for indicator in indicators:
        groups.setdefault(indicator.dimension, []).append(indicator.column)
    return groups
