"""What a study computed about indices of cities and their inequality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analyses.indices.composite import CompositeIndex
from analyses.indices.convergence import BetaConvergence
from analyses.indices.coupling import CouplingCoordination
from analyses.indices.inequality import DagumGini
from analyses.indices.sensitivity import CompositeSensitivity
from analyses.study_indices import AnyIndex


@dataclass(frozen=True)
class Remark:
    """Something that a reader has to know, worded by the dictionary.

    Attributes
    ----------
    key : str
        Label of the dictionary.
    values : mapping
        What its placeholders stand for.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class IndexRun:
    """One index of a study.

    Attributes
    ----------
    section : AnyIndex
        What the study file asked for.
    values : pandas.Series
        Index ``(city, year)``, the column of the panel; missing where its inputs are.
    years : tuple of int
        Years that are mapped, rising.
    composite : CompositeIndex or None
        Weights, dimensions and comparable values of ``kind = "composite"``.
    sensitivity : CompositeSensitivity or None
    coupling : CouplingCoordination or None
        Of ``kind = "coupling"``.
    parts : pandas.DataFrame or None
        Of ``kind = "collaborative_agglomeration"``: the quotients of both sectors.
    remarks : tuple of Remark
    """

    section: AnyIndex
    values: pd.Series
    years: tuple[int, ...]
    composite: CompositeIndex | None = None
    sensitivity: CompositeSensitivity | None = None
    coupling: CouplingCoordination | None = None
    parts: pd.DataFrame | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def name(self) -> str:
        """The column of the panel."""
        return self.section.name

    @property
    def all_years(self) -> tuple[int, ...]:
        """Years in which some city has a value, rising."""
        known = self.values.dropna().index.get_level_values("year")
        return tuple(sorted({int(year) for year in known}))

    def of_year(self, year: int) -> pd.Series:
        """Values of one year by city."""
        return self.values.xs(year, level="year")


@dataclass(frozen=True)
class InequalityRun:
    """Inequality of one column between cities.

    Attributes
    ----------
    column : str
    group : str or None
        Grouping of the cities.
    by : str or None
        Column of weights.
    n : int
        Cities, the same in every year.
    table : pandas.DataFrame
        Index ``year``: see ``analyses.indices.inequality.inequality``.
    theil : pandas.DataFrame or None
        Index ``year``: between and within groups.
    dagum : DagumGini or None
    sigma : pandas.DataFrame or None
        Dispersion by year; its trend in ``attrs["trend"]``.
    beta : BetaConvergence or None
        Over all years.
    remarks : tuple of Remark
    """

    column: str
    group: str | None
    by: str | None
    n: int
    table: pd.DataFrame
    theil: pd.DataFrame | None = None
    dagum: DagumGini | None = None
    sigma: pd.DataFrame | None = None
    beta: BetaConvergence | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def years(self) -> tuple[int, ...]:
        """Years, rising."""
        return tuple(int(year) for year in self.table.index)
