"""What a study file may ask of space and time: clusters, and how they change over the years."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, model_validator

from analyses.study_section import Policy, Section, Year
from spatial.options import ClassScope, HotSpotReference, MultipleTesting

YEARLY_RESILIENCE = "yearly resilience"
"""Word for a column that every study has: growth of a city less that of the nation, in each year,
percentage points."""

SHOWN_YEARS = 4
"""Years on small maps and scatter plots when the study file names none."""

MOST_SHOWN_YEARS = 6
"""Maps and plots that fit side by side."""


def _asked(value: Any) -> bool | tuple[str, ...]:
    """Read true, false, one column or several."""
    if isinstance(value, bool):
        return value
    columns = (value,) if isinstance(value, str) else value
    if isinstance(columns, list | tuple) and all(isinstance(one, str) for one in columns):
        return tuple(dict.fromkeys(columns))
    raise ValueError(
        f"{value!r} is not understood: write true, false, or the columns that are wanted"
    )


def _one_or_several(value: Any) -> Any:
    """Let a list with one entry be written without its brackets."""
    return (value,) if isinstance(value, str) else value


def _plain(value: bool | tuple[str, ...] | None) -> bool | list[str] | None:
    """Write what was asked as plain values, for the run record."""
    return list(value) if isinstance(value, tuple) else value


Asked = Annotated[bool | tuple[str, ...], PlainValidator(_asked), PlainSerializer(_plain)]
"""``true``: for all columns of the section; ``false``: for none; or the columns wanted."""

ANALYSES = (
    "moran",
    "moran_scatter",
    "lisa",
    "transitions",
    "time_paths",
    "markov",
    "emerging_hot_spots",
    "trends",
    "ranks",
    "densities",
    "maps",
)
"""Keys that take ``true``, ``false`` or columns, in the order of the report."""


class AutocorrelationSection(Section):
    """Tests of spatial autocorrelation of resilience."""

    weights: str | None = Field(
        default=None, description="weights of the LISA map; default: the first"
    )
    permutations: Annotated[int, Field(ge=99, le=999_999)] = 9999
    correction: MultipleTesting = "fdr"
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    hot_spots: bool = Field(
        default=True,
        description="hot and cold spots (Getis and Ord's G*) of every measure, at 90, 95 and 99 %",
    )


class DynamicsSection(Section):
    """How values and their clusters change over the years."""

    columns: Annotated[tuple[str, ...], BeforeValidator(_one_or_several)] = Field(
        default=(),
        description="columns that are followed; default: 'yearly resilience' and the outcome",
    )
    weights: str | None = Field(
        default=None, description="name of weights; default: those of the LISA map"
    )
    years: tuple[Year, Year] | None = Field(
        default=None, description="first and last year; default: all"
    )
    shown_years: tuple[Year, ...] = Field(
        default=(),
        description=f"years of maps and scatter plots side by side; default: {SHOWN_YEARS} spread "
        "over the period",
    )
    permutations: Annotated[int, Field(ge=99, le=999_999)] | None = Field(
        default=None, description="of the Moran statistics; default: as in [autocorrelation]"
    )
    history_permutations: Annotated[int, Field(ge=99, le=99_999)] = Field(
        default=999,
        description="rearrangements of whole histories over the map: Markov chains, ranks",
    )
    incomplete: Policy = Field(
        default="drop", description="cities whose figures have gaps: leave them out, or error"
    )
    moran: Asked = Field(default=True, description="Moran's I of each year")
    moran_scatter: Asked = Field(default=True, description="Moran scatter plots of shown_years")
    lisa: Asked = Field(default=True, description="local Moran of each year, maps of shown_years")
    transitions: Asked = Field(default=True, description="moves between the LISA quadrants")
    time_paths: Asked = Field(default=True, description="paths through the Moran scatter plot")
    markov: Asked = Field(default=True, description="Markov and spatial Markov chains, tests")
    markov_classes: Annotated[int, Field(ge=2, le=10)] = Field(
        default=4, description="quantile classes of the chains"
    )
    markov_scope: ClassScope = Field(
        default="by year",
        description="quantiles of each year, which show changes of rank, or of all years (pooled), "
        "which show growth as climbing",
    )
    emerging_hot_spots: Asked = Field(
        default=True, description="classes of cities by the history of their hot and cold spots"
    )
    window: Annotated[int, Field(ge=0, le=20)] = Field(
        default=1, description="years before that count with a year in emerging hot spots"
    )
    reference: HotSpotReference = Field(
        default="window",
        description="what emerging hot spots are compared with: the same years, or all years",
    )
    trends: Asked = Field(default=True, description="Mann-Kendall tests and slopes of each city")
    ranks: Asked = Field(default=True, description="do cities and their neighbours change places")
    densities: Asked = Field(default=True, description="distribution of each year as ridges")
    ellipse: Asked | None = Field(
        default=None,
        description="columns of amounts whose centre and spread are followed; default: the "
        "outcome if the nation is its sum, else the column that weighs the nation's mean",
    )
    maps: Asked = Field(default=True, description="maps of shown_years on one set of classes")

    @model_validator(mode="after")
    def _years_in_order(self) -> DynamicsSection:
        if self.years is not None and self.years[0] >= self.years[1]:
            raise ValueError(
                f"years = {list(self.years)} must be a first and a later last year; one year has "
                "no dynamics"
            )
        outside = [
            year
            for year in self.shown_years
            if self.years is not None and not self.years[0] <= year <= self.years[1]
        ]
        if outside:
            raise ValueError(
                f"shown_years = {outside} lie outside years = {list(self.years or ())}"
            )
        if self.shown_years and not 2 <= len(self.shown_years) <= MOST_SHOWN_YEARS:
            raise ValueError(
                f"shown_years = {list(self.shown_years)}: name 2 to {MOST_SHOWN_YEARS} years, as "
                "many as fit side by side"
            )
        if list(self.shown_years) != sorted(set(self.shown_years)):
            raise ValueError(f"shown_years = {list(self.shown_years)} must rise, each year once")
        return self
