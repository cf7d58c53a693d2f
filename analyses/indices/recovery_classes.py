"""Classes of recovery and changes over a crisis window, from the levels around a shock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyses.indices.resilience_inputs import checked_panel
from spatial.errors import PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["RECOVERY_CLASSES", "RecoveryClasses", "crisis_change", "recovery_classes"]

RECOVERY_CLASSES = ("RS", "RC", "NR1", "NR2")
"""Resistant; recovered; not recovered but past the trough; not recovered and still falling. Their
wordings are the labels ``recovery_class_<code>``."""


@dataclass(frozen=True, kw_only=True)
class RecoveryClasses(Result):
    r"""Class of every city in one shock.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``city``:

        - ``peak_year``, ``peak``: the highest level of the search window and its (last) year;
        - ``trough_year``, ``trough``: the lowest later level and its first year;
        - ``end``: level in the last year;
        - ``fall``: :math:`1 - \text{trough}/\text{peak}`, zero for a resistant city;
        - ``recovery_year``: first year after the trough back at the peak, missing if none;
        - ``class``: one of ``RECOVERY_CLASSES``;
        - ``resilient``: resistant or recovered, the binary outcome of logit models.
    configuration : Configuration
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()


def recovery_classes(
    panel: pd.DataFrame, outcome: str, *, peak: tuple[int, int], end: int
) -> RecoveryClasses:
    """Sort cities into resistant, recovered and not recovered.

    - ``RS``, resistant: no later level is below the peak before the shock;
    - ``RC``, recovered: fell below it and was back at it in some year up to the last;
    - ``NR1``: not back, but the lowest level lies before the last year;
    - ``NR2``: not back, and the last year is the lowest.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
        Column with levels such as employment, positive.
    peak : tuple of (int, int)
        First and last year in which the peak before the shock is sought, city by city; the same
        year twice fixes it.
    end : int
        Last year of the window of recovery.

    Returns
    -------
    RecoveryClasses

    Raises
    ------
    PanelError
        If years are not in the panel or not in order, or levels are missing or not positive.

    References
    ----------
    Sensier, M., Bristow, G. & Healy, A. (2016). Measuring regional economic resilience across
    Europe: operationalizing a complex concept. Spatial Economic Analysis 11(2), 128-151.

    Giannakis, E. & Bruggeman, A. (2017). Determinants of regional resilience to economic crisis: a
    European perspective. European Planning Studies 25(8), 1394-1415.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([list("ABCD"), range(2007, 2011)],
    ...                                    names=["city", "year"])
    >>> jobs = pd.DataFrame({"jobs": [9.0, 9, 9, 10, 9, 8, 9, 9, 9, 7, 8, 8, 9, 8, 7, 6]}, index)
    >>> recovery_classes(jobs, "jobs", peak=(2007, 2007), end=2010).table["class"].to_list()
    ['RS', 'RC', 'NR1', 'NR2']
    """
    years = (*peak, end)
    if not (peak[0] <= peak[1] < end):
        raise PanelError(
            f"peak={peak!r} and end={end!r} must run forward: a first and a last year of the "
            "search for the peak, then a later last year of the window."
        )
    levels = _levels(panel, outcome, first=years[0], last=end)
    table = pd.DataFrame.from_dict(
        {city: _classified(row, peak[1]) for city, row in levels.iterrows()}, orient="index"
    ).rename_axis("city")
    return RecoveryClasses(
        table=table,
        configuration=Configuration(
            function="recovery_classes",
            options={"outcome": outcome, "peak": tuple(peak), "end": end},
        ),
    )


def crisis_change(
    panel: pd.DataFrame, outcome: str, *, start: int, end: int, logarithm: bool = True
) -> pd.Series:
    r"""Change over the crisis window, :math:`\ln y_{end} - \ln y_{start}`.

    The outcome of Brakman, Garretsen & van Marrewijk (2015), who take the logarithm of real income
    per head, and the plain difference of the unemployment rate.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
    start, end : int
        First and last year of the window.
    logarithm : bool
        False for rates such as unemployment: :math:`y_{end} - y_{start}`.

    Returns
    -------
    pandas.Series
        Index ``city``.

    Raises
    ------
    PanelError
        If a year is absent, or values are missing, or not positive where a logarithm is taken.

    References
    ----------
    Brakman, S., Garretsen, H. & van Marrewijk, C. (2015). Regional resilience across Europe: on
    urbanisation and the initial impact of the Great Recession. Cambridge Journal of Regions,
    Economy and Society 8(2), 225-240.
    """
    if not start < end:
        raise PanelError(f"The window {start}-{end} does not run forward.")
    levels = _levels(panel, outcome, first=start, last=end, positive=logarithm, ends_only=True)
    first, last = levels[start], levels[end]
    change = np.log((last / first).to_numpy()) if logarithm else (last - first).to_numpy()
    return pd.Series(change, index=levels.index, name=f"{outcome}_change")


def _levels(
    panel: pd.DataFrame,
    outcome: str,
    *,
    first: int,
    last: int,
    positive: bool = True,
    ends_only: bool = False,
) -> pd.DataFrame:
    """Return the levels of a window, cities (in their order) by years."""
    checked_panel(panel, columns=[outcome])
    years = panel.index.get_level_values("year")
    absent = [year for year in (first, last) if year not in years]
    if absent:
        raise PanelError(
            f"The panel has no year {listed(absent)}; it runs from {years.min()} to {years.max()}. "
            "Move the window or add the years."
        )
    inside = years.isin([first, last]) if ends_only else (years >= first) & (years <= last)
    rows = panel.loc[inside, outcome].astype(float)
    rows.index = pd.MultiIndex.from_arrays(
        [rows.index.get_level_values("city"), rows.index.get_level_values("year")],
        names=["city", "year"],
    )
    cities = pd.Index(panel.index.get_level_values("city").unique(), name="city")
    wide = rows.unstack("year").sort_index(axis=1).reindex(cities)
    unfit = ~np.isfinite(wide.to_numpy())
    if positive:
        unfit |= wide.to_numpy() <= 0
    wrong = cities[unfit.any(axis=1)]
    if len(wrong):
        raise PanelError(
            f"{outcome} between {first} and {last} is missing{' or not positive' * positive} for "
            f"{listed(wrong)}. Correct these values or drop these cities."
        )
    return wide


def _classified(row: pd.Series, last_peak_year: int) -> dict[str, object]:
    before = row[row.index <= last_peak_year]
    peak = float(before.max())
    # The last of equal peaks: a plateau before the fall is not a part of the fall.
    peak_year = before.index[before == peak][-1]
    after = row[row.index > peak_year]
    trough_year, trough = after.idxmin(), float(after.min())
    back = after[(after.index > trough_year) & (after >= peak)]
    resistant, recovered = trough >= peak, len(back) > 0
    if resistant or recovered:
        name = "RS" if resistant else "RC"
    else:
        name = "NR2" if trough_year == row.index[-1] else "NR1"
    return {
        "peak_year": peak_year,
        "peak": peak,
        "trough_year": trough_year,
        "trough": trough,
        "end": float(row.iloc[-1]),
        "fall": max(1.0 - trough / peak, 0.0),
        "recovery_year": back.index[0] if recovered and not resistant else np.nan,
        "class": name,
        "resilient": bool(resistant or recovered),
    }
