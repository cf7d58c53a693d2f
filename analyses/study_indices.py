"""What a study file may say about indices of cities, their inequality, and maps of columns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from analyses.study_section import GroupName, Section, Year, one_or_several
from spatial.options import (
    CollaborativeVariant,
    CompositeMethod,
    CouplingForm,
    ImbalancePenalty,
    IndicatorDirection,
    MissingIndicator,
    SectorBenchmark,
    Standardisation,
)

MOST_YEARS = 6
"""Years on one sheet of maps: more are too small to read."""

StudyMethod = Literal[
    "entropy",
    "critic",
    "variation",
    "scatter-degree",
    "pca",
    "topsis",
    "entropy-topsis",
    "equal",
    "given",
    "combined",
    "mazziotta-pareto",
    "grey-relational",
]
"""Methods of composite indices that need no table of judgements."""


SpecialisationMeasure = Literal[
    "krugman", "hoover", "herfindahl", "equivalent_number", "entropy", "gini", "hachman"
]
"""Columns of ``specialisation`` that a study may take."""


class IndicatorSection(Section):
    """One indicator of a composite index."""

    column: str
    direction: IndicatorDirection = Field(
        default="positive", description="more is better, less is better, or best at a value"
    )
    dimension: str = Field(default="", description="sub-system to which it belongs")
    weight: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="weight of experts, for methods that take given weights"
    )
    target: float | None = Field(default=None, description="best value, for 'moderate'")
    interval: tuple[float, float] | None = Field(
        default=None, description="best range, for 'interval'"
    )

    @model_validator(mode="after")
    def _bounds(self) -> IndicatorSection:
        for key, direction in (("target", "moderate"), ("interval", "interval")):
            if (self.direction == direction) != (getattr(self, key) is not None):
                raise ValueError(
                    f"indicator {self.column!r}: key {key!r} goes with direction = "
                    f"{direction!r}, and only with it"
                )
        return self


class IndexSection(Section):
    """Keys of every kind of index: a new column of the panel, mapped by year."""

    name: str = Field(description="name of the new column")
    years: tuple[Year, ...] = Field(
        default=(),
        max_length=MOST_YEARS,
        description="years that are mapped; default: first, last and two between",
    )

    @field_validator("name")
    @classmethod
    def _usable_in_formulas(cls, name: str) -> str:
        if not name.isidentifier():
            raise ValueError(
                f"name = {name!r} becomes a column of formulas: use letters, digits and '_', and "
                "do not begin with a digit; its wording for maps goes under [columns]"
            )
        return name

    @field_validator("years")
    @classmethod
    def _each_once(cls, years: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(years)) < len(years):
            raise ValueError(f"years = {list(years)} names one more than once")
        return tuple(sorted(years))


class CompositeSection(IndexSection):
    """A composite index of several indicators."""

    kind: Literal["composite"]
    indicators: Annotated[tuple[IndicatorSection, ...], Field(min_length=2)]
    method: StudyMethod = "entropy"
    standardise: Standardisation | None = Field(
        default=None, description="default: min-max over all years; z-scores for 'pca'"
    )
    base_year: Year | None = Field(default=None, description="for 'min-max base year'")
    missing: MissingIndicator = Field(
        default="error", description="rows that lack an indicator: error, keep, or renormalise"
    )
    combine: tuple[CompositeMethod, ...] = Field(
        default=(), description="methods whose weights method = 'combined' joins"
    )
    penalty: ImbalancePenalty = "downward"
    rescale: bool = Field(
        default=False, description="bring scores to 0.001..1, so that they have logarithms"
    )
    sensitivity: bool = Field(
        default=True, description="other methods, each indicator left out, random weights"
    )
    draws: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=1000, description="random weights"
    )

    @model_validator(mode="after")
    def _fitting(self) -> CompositeSection:
        columns = [item.column for item in self.indicators]
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            raise ValueError(f"indicators name the column {', '.join(map(repr, twice))} twice")
        weighed = [item.column for item in self.indicators if item.weight is not None]
        needs = "given" in (self.method, *self.combine)
        takes = needs or self.method in ("topsis", "grey-relational")
        if weighed and not takes:
            raise ValueError(
                f"method = {self.method!r} finds its weights itself; the key 'weight' of "
                "indicators goes with method = 'given', 'topsis' or 'grey-relational'"
            )
        if (weighed or needs) and len(weighed) < len(columns):
            lacking = [column for column in columns if column not in weighed]
            raise ValueError(
                f"indicators without the key 'weight': {', '.join(map(repr, lacking))}"
            )
        if (self.method == "combined") != bool(self.combine):
            raise ValueError("key 'combine' goes with method = 'combined', and only with it")
        if (self.standardise == "min-max base year") != (self.base_year is not None):
            raise ValueError(
                "key 'base_year' goes with standardise = 'min-max base year', and only with it"
            )
        return self

    @property
    def given_weights(self) -> dict[str, float] | None:
        """Weights of experts by column, None where the data decide."""
        found = {item.column: item.weight for item in self.indicators if item.weight is not None}
        return found or None


class QuotientSection(IndexSection):
    """Location quotient of one sector: its share here over its share in all cities."""

    kind: Literal["location_quotient"]
    of: str = Field(description="column with the employment (or output) of the sector")
    by: str = Field(description="column with that of all sectors")
    symmetric: bool = Field(default=False, description="(LQ - 1) / (LQ + 1), between -1 and 1")


class CollaborativeSection(IndexSection):
    """Collaborative agglomeration of two sectors."""

    kind: Literal["collaborative_agglomeration"]
    of: tuple[str, str] = Field(description="columns with the employment of both sectors")
    by: str = Field(description="column with that of all sectors")
    variant: CollaborativeVariant = "quality and height"

    @model_validator(mode="after")
    def _two(self) -> CollaborativeSection:
        if self.of[0] == self.of[1]:
            raise ValueError(f"of = {list(self.of)} names one sector twice")
        return self


class SpecialisationSection(IndexSection):
    """How far the structure of a city differs from that of all, or how diverse it is."""

    kind: Literal["specialisation"]
    sectors: Annotated[tuple[str, ...], Field(min_length=2)]
    measure: SpecialisationMeasure = "krugman"
    benchmark: SectorBenchmark = "all"


class CouplingSection(IndexSection):
    """Coupling coordination of two or more indices."""

    kind: Literal["coupling"]
    of: Annotated[tuple[str, ...], Field(min_length=2)] = Field(
        description="columns between 0 and 1, such as indices named before"
    )
    form: CouplingForm = "standard"
    weights: tuple[Annotated[float, Field(ge=0)], ...] | None = Field(
        default=None, description="importance of each column; default: all alike"
    )

    @model_validator(mode="after")
    def _one_weight_each(self) -> CouplingSection:
        if self.weights is not None and len(self.weights) != len(self.of):
            raise ValueError(f"weights has {len(self.weights)} numbers for {len(self.of)} columns")
        if len(set(self.of)) < len(self.of):
            raise ValueError(f"of = {list(self.of)} names one column more than once")
        return self


AnyIndex = Annotated[
    CompositeSection
    | QuotientSection
    | CollaborativeSection
    | SpecialisationSection
    | CouplingSection,
    Field(discriminator="kind"),
]

INDEX_KINDS = (
    "composite",
    "location_quotient",
    "collaborative_agglomeration",
    "specialisation",
    "coupling",
)


class InequalitySection(Section):
    """Inequality between cities, year by year, and its sources between groups."""

    columns: Annotated[tuple[str, ...], BeforeValidator(one_or_several), Field(min_length=1)]
    group: GroupName | None = Field(
        default=None, description="group of cities between and within which inequality lies"
    )
    by: str | None = Field(
        default=None, description="column of weights, such as population; default: cities alike"
    )
    convergence: bool = Field(
        default=False, description="does the gap close, and do those behind grow faster?"
    )

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise ValueError(f"columns = {list(columns)} names one more than once")
        return columns


class MapSection(Section):
    """Keys of every kind of map."""

    title: str = Field(default="", description="default: made from the wording of the columns")
    title_zh: str = ""


class IndexMapSection(MapSection):
    """A column of the panel in several years, in one set of classes."""

    kind: Literal["index"]
    column: str
    years: Annotated[tuple[Year, ...], Field(min_length=1, max_length=MOST_YEARS)]


class BivariateMapSection(MapSection):
    """Two columns in one map: where both are high, both are low, or one of them."""

    kind: Literal["bivariate"]
    columns: tuple[str, str] = Field(
        description="columns of the panel, or 'resistance' or 'recovery' of a shock"
    )
    year: Year | None = Field(default=None, description="of columns of the panel; default: last")
    shock: str | None = Field(default=None, description="default: the shock in focus")

    @model_validator(mode="after")
    def _two(self) -> BivariateMapSection:
        if self.columns[0] == self.columns[1]:
            raise ValueError(f"columns = {list(self.columns)} names one column twice")
        return self


AnyMap = Annotated[IndexMapSection | BivariateMapSection, Field(discriminator="kind")]
