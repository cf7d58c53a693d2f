"""What a study file may say about linkage networks: how they are made, what is asked of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from analyses.study_section import GroupName, Policy, Section, Year

MOST_YEARS = 12
"""Years of one network: each is built, thinned and measured."""


class CostSection(Section):
    """A table of travel times or other costs between cities."""

    file: str
    origin: str
    destination: str
    column: str
    unit: str
    encoding: str | None = None
    missing: Policy = Field(
        default="error", description="pairs without a positive cost: error, or no link"
    )


class NetworkSection(Section):
    """Keys of every kind of network."""

    name: str
    backbone: Literal["disparity", "row_mean", "top_links"] = Field(
        default="disparity",
        description="the thinning that maps and structure use (all are written)",
    )
    top: Annotated[int, Field(ge=1)] = Field(
        default=3, description="links of each city in top_links"
    )
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05, description="level of the disparity filter"
    )
    resolution: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="of the Leiden communities"
    )
    blocks: Literal[2, 4, 8] | None = Field(
        default=None, description="blocks of cities with alike links (CONCOR): at most so many"
    )
    core: bool = Field(default=False, description="which cities form the core?")
    robustness: bool = Field(
        default=False, description="what stays together as cities are taken away?"
    )
    chord: GroupName | None = Field(
        default=None, description="group of cities between which flows are added up"
    )


class GravitySection(NetworkSection):
    """Linkages from the gravity model."""

    kind: Literal["gravity"]
    mass: str | tuple[str, ...] = Field(description="column, or several: their geometric mean")
    year: Year = Field(description="of the network that is mapped, measured and made to weights")
    years: tuple[Year, ...] = Field(
        default=(),
        max_length=MOST_YEARS,
        description="two or more years, to see how the network changed",
    )
    decay: Annotated[float, Field(gt=0)] = 2.0
    cost: CostSection | None = Field(
        default=None, description="default: great-circle distance in km"
    )

    @field_validator("years")
    @classmethod
    def _several_years(cls, years: tuple[int, ...]) -> tuple[int, ...]:
        if len(years) == 1:
            raise ValueError("years needs two or more; one year is the key 'year'")
        if len(set(years)) < len(years):
            raise ValueError(f"years = {list(years)} names one more than once")
        return tuple(sorted(years))


class ObservedSection(NetworkSection):
    """Linkages from a table of observed flows."""

    kind: Literal["observed"]
    file: str
    origin: str
    destination: str
    flow: str
    unit: str = ""
    year: Year | None = None
    directed: bool = True
    encoding: str | None = None
    unknown: Policy = Field(default="error", description="links to cities outside the study")
    duplicates: Literal["error", "sum"] = "error"


AnyNetwork = Annotated[GravitySection | ObservedSection, Field(discriminator="kind")]
