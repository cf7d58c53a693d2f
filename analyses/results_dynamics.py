"""How values and their clusters changed over the years of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analyses.indices.kernel_density import KernelDensities
from spatial.autocorrelation import (
    EllipsePath,
    EmergingHotSpots,
    HomogeneityTest,
    LisaTimePaths,
    LisaTransitions,
    LocalPanel,
    MoranTable,
    RankMobility,
    SpatialMarkov,
    Trends,
)


def long_values(table: pd.DataFrame, name: str) -> pd.Series:
    """Turn a table of cities and years into a series with the index ``(city, year)``."""
    index = pd.MultiIndex.from_product([table.index, table.columns], names=["city", "year"])
    return pd.Series(table.to_numpy().ravel(), index=index, name=name)


@dataclass(frozen=True)
class ColumnDynamics:
    """One column over the years; what was not asked for is None.

    Attributes
    ----------
    column : str
        Of the panel, or ``study_dynamics.YEARLY_RESILIENCE``.
    values : pandas.DataFrame of shape (n, years)
        Cities with figures in every year.
    left_out : tuple of str
        Ids of the cities of the study whose figures have gaps.
    shown_years : tuple of int
        Years of small maps and scatter plots.
    moran : MoranTable or None
        A row for each year (``measure``), corrected over the years.
    local : LocalPanel or None
        Local Moran of every year, corrected within each year.
    transitions : LisaTransitions or None
    paths : LisaTimePaths or None
    markov : SpatialMarkov or None
        ``markov.pooled`` is the chain of all cities.
    markov_tests : mapping of str to HomogeneityTest
        ``space`` (classes of neighbours), ``time`` (two halves of the period), ``order_0``,
        ``order_1``; tests that the panel is too short for are not there.
    emerging : EmergingHotSpots or None
    trends : Trends or None
    ranks : RankMobility or None
        Kendall's tau of successive years, of neighbours and of others.
    shared_ranks : RankMobility or None
        Theta by the first grouping of cities, None where there is none.
    densities : KernelDensities or None
    ellipses : EllipsePath or None
    asked : frozenset of str
        Keys of the study file that name the column, such as ``"lisa"`` and ``"maps"``.
    """

    column: str
    values: pd.DataFrame
    left_out: tuple[str, ...]
    shown_years: tuple[int, ...]
    moran: MoranTable | None = None
    local: LocalPanel | None = None
    transitions: LisaTransitions | None = None
    paths: LisaTimePaths | None = None
    markov: SpatialMarkov | None = None
    markov_tests: Mapping[str, HomogeneityTest] = field(default_factory=dict)
    emerging: EmergingHotSpots | None = None
    trends: Trends | None = None
    ranks: RankMobility | None = None
    shared_ranks: RankMobility | None = None
    densities: KernelDensities | None = None
    ellipses: EllipsePath | None = None
    asked: frozenset[str] = frozenset()

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the values, ascending."""
        return tuple(int(year) for year in self.values.columns)

    def by_city_year(self) -> pd.DataFrame:
        """Return one row for each city and year.

        Returns
        -------
        pandas.DataFrame
            Index ``(city, year)``. Columns: ``value``; with the local statistics ``lag``,
            ``local_i``, ``p_value``, ``p_adjusted``, ``cluster``; with emerging hot spots
            ``hot_spot_z`` and ``hot_spot`` (1 hot, -1 cold, 0).
        """
        table = long_values(self.values, "value").to_frame()
        if self.local is not None:
            names = ["lag", "statistic", "p_value", "p_adjusted", "cluster"]
            found = self.local.table[names].rename(columns={"statistic": "local_i"})
            table = table.join(found.reindex(table.index))
        if self.emerging is not None:
            for name, wide in (
                ("hot_spot_z", self.emerging.z_scores),
                ("hot_spot", self.emerging.states),
            ):
                table[name] = long_values(wide, name).reindex(table.index)
        return table


@dataclass(frozen=True)
class Dynamics:
    """Everything that the section ``[dynamics]`` asked for.

    Attributes
    ----------
    weights : str
        Name of the weights of all spatial statistics.
    columns : mapping of str to ColumnDynamics
        In the order of the study file.
    """

    weights: str
    columns: Mapping[str, ColumnDynamics]
