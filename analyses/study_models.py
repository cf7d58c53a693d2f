"""What a study file may ask of a spillover model: estimate, tests, weights, reach, who is hit."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from analyses.study_section import GroupName, Policy, Section, Year, one_or_several
from spatial.options import (
    AbsorbedEffects,
    BiasCorrection,
    BoundaryScale,
    BoundaryVersion,
    Covariance,
    Effects,
    PanelCovariance,
    Specification,
)

MOST_DISTANCES = 100
"""Distances of one sweep: each is a model of its own."""

NOT_IN_THE_MEAN = ("ols", "sem")
"""Specifications without spillovers in the mean of the outcome."""


def _correction_word(value: Any) -> Any:
    """Read true as the correction of Lee and Yu, false as none."""
    return {True: "lee-yu", False: "none"}[value] if isinstance(value, bool) else value


class BoundarySection(Section):
    """How far spillovers reach: the model again with links of other distances."""

    step_km: Annotated[float, Field(gt=0)] = Field(
        default=100.0, description="from one distance to the next"
    )
    first_km: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="first distance; default: one step"
    )
    last_km: Annotated[float, Field(gt=0)] = 1000.0
    version: Annotated[
        tuple[BoundaryVersion, ...], BeforeValidator(one_or_several), Field(min_length=1)
    ] = Field(
        default=("outer",),
        description="links beyond a distance (outer), up to it (inner), or between two (ring)",
    )
    power: Annotated[float, Field(gt=0)] = Field(default=1.0, description="decay of the weights")
    scale: BoundaryScale = Field(
        default="spectral", description="what all distances are measured against; row: none"
    )
    covariance: Covariance = Field(default="cluster", description="standard errors of the sweep")

    @model_validator(mode="after")
    def _rising(self) -> BoundarySection:
        if self.last_km < (self.first_km or self.step_km):
            raise ValueError(
                f"last_km = {self.last_km:g} lies before the first distance, "
                f"{self.first_km or self.step_km:g} km"
            )
        if len(self.distances()) > MOST_DISTANCES:
            raise ValueError(
                f"{len(self.distances())} distances are too many, {MOST_DISTANCES} at most: "
                "choose a larger step_km"
            )
        if len(set(self.version)) < len(self.version):
            raise ValueError(f"version = {list(self.version)} names one more than once")
        return self

    def distances(self) -> tuple[float, ...]:
        """Distances of the sweep, km."""
        first = self.first_km or self.step_km
        count = int((self.last_km - first) / self.step_km + 1e-9) + 1
        return tuple(first + self.step_km * at for at in range(count))


class ModelShockSection(Section):
    """A change in one city, to see who is hit."""

    city: str = Field(description="id of the city, or its name")
    size: float = Field(description="in units of the variable")
    variable: str | None = Field(
        default=None, description="regressor that changes; default: the outcome itself"
    )

    @field_validator("size")
    @classmethod
    def _some(cls, size: float) -> float:
        if size == 0.0:
            raise ValueError("a shock of size 0 hits nobody; give its size")
        return size


class SpecificationCurveSection(Section):
    """The effect in focus again under every other defensible choice."""

    weights: Annotated[tuple[str, ...], BeforeValidator(one_or_several)] = Field(
        default=(), description="default: all that the model names"
    )
    specifications: Annotated[tuple[Specification, ...], BeforeValidator(one_or_several)] = Field(
        default=("slx", "sar", "sdm", "sdem"), min_length=1
    )
    effects: Annotated[tuple[AbsorbedEffects, ...], BeforeValidator(one_or_several)] = Field(
        default=("city", "two-way"), min_length=1
    )
    controls: bool = Field(
        default=True, description="also without each of the other regressors in turn"
    )

    @field_validator("specifications")
    @classmethod
    def _with_spillovers(cls, words: tuple[Specification, ...]) -> tuple[Specification, ...]:
        wrong = [word for word in words if word in NOT_IN_THE_MEAN]
        if wrong:
            raise ValueError(
                f"specifications = {list(words)}: {', '.join(wrong)} has no spillover to compare"
            )
        return words

    @model_validator(mode="after")
    def _each_once(self) -> SpecificationCurveSection:
        for key in ("weights", "specifications", "effects"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                raise ValueError(f"{key} = {list(names)} names one more than once")
        return self


def _curve_section(value: Any) -> Any:
    """Read true as a curve of the usual choices, false as none."""
    return ({} if value else None) if isinstance(value, bool) else value


class ModelSection(Section):
    """A spillover regression on the panel, and the questions asked of it."""

    name: str
    formula: str
    weights: Annotated[tuple[str, ...], BeforeValidator(one_or_several), Field(min_length=1)] = (
        Field(description="name of weights, or several: the first leads, the others are compared")
    )
    specification: Specification = "sdm"
    effects: Effects = "two-way"
    lagged: tuple[str, ...] | None = Field(
        default=None, description="regressors that get a spatial lag; default: all"
    )
    bias_correction: Annotated[BiasCorrection, BeforeValidator(_correction_word)] = Field(
        default="lee-yu", description="true is 'lee-yu', false is 'none'"
    )
    covariance: PanelCovariance = Field(
        default="information", description="standard errors; cluster: by city, or by cluster_by"
    )
    cluster_by: GroupName | None = Field(
        default=None, description="group of cities for covariance = 'cluster'"
    )
    lags: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="years of dependence in 'driscoll-kraay' and 'conley'"
    )
    cutoff_km: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="distance beyond which 'conley' takes cities as independent"
    )
    years: tuple[Year, Year] | None = Field(
        default=None, description="first and last year; default: all"
    )
    incomplete: Policy = Field(
        default="error",
        description="cities that lack a value of the model: error, or leave them out of it",
    )
    focus: str | None = Field(
        default=None,
        description="regressor that boundary, effects_by and maps follow; default: the first",
    )
    ladder: bool = Field(default=False, description="tests from least squares to the Durbin model")
    compare_weights: tuple[str, ...] = Field(
        default=(), description="weights between which posterior probabilities choose"
    )
    specifications: tuple[Specification, ...] = Field(
        default=("slx", "sar", "sdm", "sem", "sdem"),
        min_length=1,
        description="specifications that compare_weights tries",
    )
    boundary: BoundarySection | None = None
    effects_by: tuple[GroupName, ...] = Field(
        default=(), description="groups between which effects are told"
    )
    city_effects: bool = Field(
        default=False, description="map what each city emits to and receives from all others"
    )
    shock: ModelShockSection | None = None
    specification_curve: Annotated[
        SpecificationCurveSection | None, BeforeValidator(_curve_section)
    ] = Field(default=None, description="true, or a table of weights, specifications and effects")

    @model_validator(mode="after")
    def _fitting(self) -> ModelSection:
        faults = [*self._covariance_faults(), *self._question_faults()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _covariance_faults(self) -> list[str]:
        faults = []
        allowed = {
            "cluster_by": ("cluster",),
            "lags": ("driscoll-kraay", "conley"),
            "cutoff_km": ("conley",),
        }
        for key, kinds in allowed.items():
            if getattr(self, key) is not None and self.covariance not in kinds:
                words = " or ".join(repr(kind) for kind in kinds)
                faults.append(f"key {key!r} goes with covariance = {words}")
        if self.covariance == "conley" and self.cutoff_km is None:
            faults.append("covariance = 'conley' needs the key 'cutoff_km'")
        return faults

    def _question_faults(self) -> list[str]:
        faults = []
        absorbed = get_args(AbsorbedEffects)
        for key in ("ladder", "compare_weights", "boundary", "specification_curve"):
            if getattr(self, key) and self.effects not in absorbed:
                words = ", ".join(repr(word) for word in absorbed)
                faults.append(
                    f"{key!r} needs effects that are absorbed ({words}), not {self.effects!r}"
                )
        for key in ("boundary", "effects_by", "city_effects", "specification_curve"):
            if getattr(self, key) and self.specification in NOT_IN_THE_MEAN:
                words = ", ".join(
                    word for word in get_args(Specification) if word not in NOT_IN_THE_MEAN
                )
                faults.append(
                    f"{key!r} needs a specification with spillovers in the mean ({words}), not "
                    f"{self.specification!r}"
                )
        if self.specification_curve is not None and self.lagged is not None:
            faults.append("'specification_curve' lags all regressors; leave the key 'lagged' out")
        for key in ("weights", "compare_weights", "specifications", "effects_by"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                faults.append(f"{key} = {list(names)} names one more than once")
        return faults

    @property
    def main_weights(self) -> str:
        """Weights of the model that is told in full."""
        return self.weights[0]

    @property
    def curve_weights(self) -> tuple[str, ...]:
        """Weights of the specification curve: its own, or all that the model names."""
        asked = self.specification_curve
        named = dict.fromkeys((*self.weights, *self.compare_weights))
        return (asked.weights if asked is not None else ()) or tuple(named)
