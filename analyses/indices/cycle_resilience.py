"""Resilience read off the path around a trend: depth, duration, return and lost output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["CycleResilience", "cycle_resilience"]


@dataclass(frozen=True, kw_only=True)
class CycleResilience(Result):
    """Resilience of each city in one shock, measured on its cycle.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``city``:

        - ``peak_deviation``, ``trough_deviation``, ``end_deviation``: cycle in the year before
          the shock, at its lowest later year, and in the last year;
        - ``depth``: fall from peak to trough, zero when the cycle never falls below the peak;
        - ``trough_year``, ``years_to_trough``: missing without a fall;
        - ``years_to_recovery``: from the trough to the first year back at the peak deviation;
          missing without a fall and when censored;
        - ``censored``: not back by the last year;
        - ``degree_of_return``: rise from the trough to the end over the depth;
        - ``loss``: sum over the years of the shortfall under the trend, over the trend level.
    peak, end : int
        Year before the shock and last year looked at.
    configuration : Configuration
    """

    table: pd.DataFrame
    peak: int
    end: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()


def cycle_resilience(decomposition: pd.DataFrame, *, peak: int, end: int) -> CycleResilience:
    r"""Measure depth, duration, degree of return and loss of a shock on the cycle of each city.

    With the cycle :math:`c_t`, the trend :math:`\tau_t` and the year :math:`t_0` before the shock:
    depth :math:`c_{t_0} - \min_t c_t`; degree of return :math:`(c_T - \min c)/\text{depth}`; loss
    :math:`\sum_{t > t_0} \max(-c_t, 0)/\tau_t`.

    Parameters
    ----------
    decomposition : pandas.DataFrame
        Index ``(city, year)``, columns ``trend`` and ``cycle`` of a filter, or of a counterfactual
        (``trend``) and the deviation from it (``cycle``), in levels for a loss in shares of the
        trend; for logarithms of levels the loss is missing where the trend is not positive.
    peak, end : int
        The year before the shock, and the last year of the window.

    Returns
    -------
    CycleResilience

    Raises
    ------
    PanelError
        If levels, columns or years are absent, or the cycle is missing in the window.

    Notes
    -----
    A filter that looks both ways lets the trend follow a long slump, and so hides a part of it;
    Hamilton's filter, or a trend of the years before the shock, does not.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["A"], range(2007, 2012)], names=["city", "year"])
    >>> path = pd.DataFrame({"trend": 100.0, "cycle": [2.0, -3, -6, 0, 3]}, index=index)
    >>> row = cycle_resilience(path, peak=2007, end=2011).table.loc["A"]
    >>> [float(row[c]) for c in ("depth", "years_to_trough", "years_to_recovery", "loss")]
    [8.0, 2.0, 2.0, 0.09]
    """
    trend, cycle = _windows(decomposition, peak, end)
    before, path = cycle[peak], cycle.drop(columns=peak)
    years = np.asarray(path.columns)
    values = path.to_numpy()
    lowest = values.argmin(axis=1)
    trough = values.min(axis=1)
    depth = np.maximum(before.to_numpy() - trough, 0.0)
    fell = depth > 0
    after = np.arange(len(years))[None, :] > lowest[:, None]
    back = after & (values >= before.to_numpy()[:, None])
    recovered = back.any(axis=1)
    first_back = years[back.argmax(axis=1)]
    level = trend.drop(columns=peak).to_numpy()
    positive = np.where(level > 0, level, np.nan)
    table = pd.DataFrame(
        {
            "peak_deviation": before,
            "trough_deviation": trough,
            "end_deviation": values[:, -1],
            "depth": depth,
            "trough_year": np.where(fell, years[lowest], np.nan),
            "years_to_trough": np.where(fell, years[lowest] - peak, np.nan),
            "years_to_recovery": np.where(fell & recovered, first_back - years[lowest], np.nan),
            "censored": fell & ~recovered,
            "degree_of_return": (values[:, -1] - trough) / np.where(fell, depth, np.nan),
            "loss": (np.maximum(-values, 0.0) / positive).sum(axis=1),
        },
        index=before.index,
    )
    return CycleResilience(
        table=table,
        peak=peak,
        end=end,
        configuration=Configuration(
            function="cycle_resilience", options={"peak": peak, "end": end}
        ),
    )


def _windows(decomposition: pd.DataFrame, peak: int, end: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trend and cycle, cities by the years from peak to end."""
    absent = [c for c in ("trend", "cycle") if c not in decomposition.columns]
    if absent or {"city", "year"} - set(decomposition.index.names):
        raise PanelError(
            "The decomposition needs the index levels 'city' and 'year' and the columns 'trend' "
            f"and 'cycle'; it has {listed(decomposition.index.names)} and "
            f"{listed(decomposition.columns)}."
        )
    if not decomposition.index.is_unique:
        raise PanelError("City-years of the decomposition repeat; keep one row each.")
    years = decomposition.index.get_level_values("year")
    if not peak < end or {peak, end} - set(years):
        raise PanelError(
            f"peak={peak!r} and end={end!r} must be two years of the panel, in order; it runs from "
            f"{years.min()} to {years.max()}."
        )
    inside = decomposition[(years >= peak) & (years <= end)]
    cities = pd.Index(decomposition.index.get_level_values("city").unique(), name="city")
    wide = [
        inside[name].unstack("year").sort_index(axis=1).reindex(cities)
        for name in ("trend", "cycle")
    ]
    lacking = cities[wide[1].isna().any(axis=1).to_numpy()]
    if len(lacking):
        raise PanelError(
            f"The cycle is missing between {peak} and {end} for {listed(lacking)}; the ends that a "
            "filter loses cannot be measured. Move the window or drop these cities."
        )
    return wide[0], wide[1]
