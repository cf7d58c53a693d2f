"""What resilience needs from a panel: dated shocks, and the levels at the ends of each phase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from spatial.errors import PanelError, listed, nearest_spelling


@dataclass(frozen=True)
class Shock:
    """One shock, dated by its first and last years.

    Attributes
    ----------
    name : str
        For example ``"1990-91"``.
    resistance : tuple of (int, int)
        First and last year of the downturn: growth is measured from the first to the last.
    recovery : tuple of (int, int)
        First and last year of the recovery; it may begin in the last year of the downturn.

    Examples
    --------
    >>> Shock("1990-91", resistance=(1990, 1991), recovery=(1991, 1994)).phases["recovery"]
    (1991, 1994)
    """

    name: str
    resistance: tuple[int, int]
    recovery: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse phases that run backwards or overlap."""
        for kind in ("resistance", "recovery"):
            years = tuple(getattr(self, kind))
            if len(years) != 2:
                raise PanelError(
                    f"Shock {self.name!r}: the {kind} phase needs a first and a last year, "
                    f"not {years!r}."
                )
            if not years[0] < years[1]:
                raise PanelError(
                    f"Shock {self.name!r}: the {kind} phase {years[0]}-{years[1]} does not run "
                    "forward; give the first year, then a later last year."
                )
            object.__setattr__(self, kind, years)
        if self.recovery[0] < self.resistance[1]:
            raise PanelError(
                f"Shock {self.name!r}: recovery begins in {self.recovery[0]}, before resistance "
                f"ends in {self.resistance[1]}; phases may share that year but not overlap."
            )

    @property
    def phases(self) -> Mapping[str, tuple[int, int]]:
        """Phases by kind, in the order of time."""
        return MappingProxyType({"resistance": self.resistance, "recovery": self.recovery})


@dataclass(frozen=True)
class PhaseLevels:
    """Levels at both ends of a phase.

    Attributes
    ----------
    start, end : pandas.Series of shape (n,)
        Level of each city, index ``city`` in the order of the panel.
    national_start, national_end : float
        Level of the nation.
    """

    start: pd.Series
    end: pd.Series
    national_start: float
    national_end: float

    @property
    def growth(self) -> pd.Series:
        """Growth of each city, a share of its base."""
        return self.end / self.start - 1.0

    @property
    def national_growth(self) -> float:
        """Growth of the nation, a share of its base."""
        return self.national_end / self.national_start - 1.0


def checked_panel(panel: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Raise unless a panel has the levels ``city`` and ``year`` once each and the columns wanted.

    Parameters
    ----------
    panel : pandas.DataFrame
    columns : sequence of str

    Raises
    ------
    PanelError
        With the levels, city-years or columns concerned.
    """
    if not isinstance(panel, pd.DataFrame) or {"city", "year"} - set(panel.index.names):
        raise PanelError(
            "The panel needs an index with the levels 'city' and 'year'; use "
            "panel.set_index(['city', 'year'])."
        )
    for column in columns:
        if column not in panel.columns:
            hint = nearest_spelling(column, panel.columns)
            raise PanelError(
                f"The panel has no column {column!r}{hint}; it has "
                f"{listed(panel.columns, limit=40)}."
            )
        if not pd.api.types.is_numeric_dtype(panel[column]):
            raise PanelError(
                f"Column {column!r} holds {panel[column].dtype} and not numbers; convert it first."
            )
    keys = pd.MultiIndex.from_arrays(
        [panel.index.get_level_values("city"), panel.index.get_level_values("year")]
    )
    if not keys.is_unique:
        twice = keys[keys.duplicated()].unique()
        raise PanelError(f"City-years appear more than once: {listed(twice)}. Keep one row each.")


def checked_shocks(shocks: Sequence[Shock], panel: pd.DataFrame) -> tuple[Shock, ...]:
    """Return the shocks when their names differ and their years are in the panel.

    Raises
    ------
    PanelError
        If there is none, a name comes twice, or a phase lies outside the years.
    """
    known = tuple(shocks)
    if not known:
        raise PanelError("No shock was given; date at least one by its phases.")
    names = pd.Index([shock.name for shock in known])
    if not names.is_unique:
        raise PanelError(
            f"Shocks share a name: {listed(names[names.duplicated()].unique())}; give each its own."
        )
    years = pd.Index(panel.index.get_level_values("year").unique())
    for shock in known:
        for kind, phase in shock.phases.items():
            outside = [year for year in phase if year not in years]
            if outside:
                raise PanelError(
                    f"Shock {shock.name!r}: the {kind} phase {phase[0]}-{phase[1]} lies outside "
                    f"the panel, which has no year {listed(outside)}; it runs from {years.min()} "
                    f"to {years.max()}. Move the phase or add the years."
                )
    return known


def phase_levels(
    panel: pd.DataFrame,
    outcome: str,
    years: tuple[int, int],
    *,
    national: str,
    by: str | None,
) -> PhaseLevels:
    """Take the levels of cities and nation at both ends of a phase.

    Parameters
    ----------
    panel : pandas.DataFrame
        Checked by ``checked_panel``.
    outcome : str
    years : tuple of (int, int)
    national : {"sum", "mean", "weighted mean"}
    by : str or None
        Column of weights of the weighted mean.

    Returns
    -------
    PhaseLevels

    Raises
    ------
    PanelError
        If a level or weight is missing, negative, or zero where it is a base.
    """
    start, end = (_level(panel, outcome, year) for year in years)
    _refuse(start <= 0, f"{outcome} of {years[0]}, the base of a growth rate, is zero or negative")
    _refuse(end < 0, f"{outcome} of {years[1]} is negative")
    # Exactly rounded sums: the order of the rows must not change even the last digit.
    nation = []
    for year, level in zip(years, (start, end), strict=True):
        if by is None:
            total = math.fsum(level)
            nation.append(total if national == "sum" else total / len(level))
            continue
        weight = _level(panel, by, year)
        _refuse(weight <= 0, f"{by} of {year}, the weight of the national mean, is not positive")
        nation.append(math.fsum(level * weight) / math.fsum(weight))
    return PhaseLevels(start, end, nation[0], nation[1])


def _level(panel: pd.DataFrame, column: str, year: int) -> pd.Series:
    cities = pd.Index(panel.index.get_level_values("city").unique(), name="city")
    in_year = panel.index.get_level_values("year") == year
    rows = panel.loc[in_year, column]
    level = rows.set_axis(rows.index.get_level_values("city")).reindex(cities).astype(float)
    _refuse(
        level.isin([np.inf, -np.inf]) | level.isna(), f"{column} of {year} is missing or infinite"
    )
    return level


def _refuse(wrong: pd.Series, complaint: str) -> None:
    if wrong.any():
        cities = wrong.index[wrong.to_numpy()]
        raise PanelError(
            f"{complaint}, for {len(cities)} cities: {listed(cities)}. Correct these values or "
            "drop these cities."
        )
