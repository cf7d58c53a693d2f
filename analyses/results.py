"""Everything a study computed, as one frozen value that exports and reports read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.indices.resilience import ResilienceResult
from analyses.results_dynamics import Dynamics
from analyses.results_indices import IndexRun, InequalityRun
from analyses.results_networks import NetworkQuestions
from analyses.study import Study
from analyses.study_models import ModelSection
from networks.backbones import Backbone
from networks.centrality import Centralities
from networks.communities import Communities
from networks.qap import QapCorrelation
from networks.structure import NetworkStructure
from networks.types import LinkageNetwork
from shapefiles.study_area import StudyArea
from spatial.autocorrelation import LocalMoran, LocalStatistic, MoranTable
from spatial.regression import (
    EffectsResult,
    GroupEffects,
    PanelResult,
    SpecificationCurve,
    SpecificationLadder,
    SpilloverBoundary,
    WeightsComparison,
)
from spatial.weights import Weights, WeightsReport

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class NetworkAnalysis:
    """One linkage network and what was measured on it.

    Attributes
    ----------
    network : LinkageNetwork
        All linkages.
    backbones : mapping of str to Backbone
        ``row_mean`` and ``disparity``.
    shown : str
        The backbone that maps and structure use.
    centralities, structure, communities
        Centralities and communities of the whole network, with its strengths; structure of the
        shown backbone.
    questions : NetworkQuestions
        Years, blocks, core, removal of cities and flows of groups, where the study asks.
    """

    name: str
    network: LinkageNetwork
    backbones: Mapping[str, Backbone]
    shown: str
    centralities: Centralities
    structure: NetworkStructure
    communities: Communities
    questions: NetworkQuestions = field(default_factory=NetworkQuestions)

    @property
    def backbone(self) -> LinkageNetwork:
        """The thinned network that maps show."""
        return self.backbones[self.shown].network


@dataclass(frozen=True)
class FittedModel:
    """A model with its effects, None where it has no spillovers in the mean."""

    result: PanelResult
    effects: EffectsResult | None


@dataclass(frozen=True)
class CityShock:
    """Who is hit when one city changes.

    Attributes
    ----------
    city : str
        Id of the city that changes.
    size : float
        In units of the variable.
    variable : str or None
        The regressor that changes; None for the outcome itself.
    table : pandas.DataFrame
        Index: city, the hardest hit first; ``effect`` on its outcome and ``distance_km`` from the
        city that changes.
    """

    city: str
    size: float
    variable: str | None
    table: pd.DataFrame


@dataclass(frozen=True)
class ModelRun:
    """One spillover regression with its effects, and the questions asked of it.

    Attributes
    ----------
    section : ModelSection
        What the study file asked for.
    result : PanelResult
    effects : EffectsResult or None
        None for models without spatial terms.
    years : tuple of int
        First and last year used.
    remarks : tuple of str
        What was left out and why.
    focus : str
        Regressor that boundaries, groups and cities follow.
    alternatives : mapping of str to FittedModel
        The same model with other weights, by their name.
    ladder : SpecificationLadder or None
    comparison : WeightsComparison or None
    boundaries : mapping of str to SpilloverBoundary
        By version: outer, inner, ring.
    groups : mapping of str to GroupEffects
        By grouping, such as ``region``.
    cities : pandas.DataFrame or None
        Index: city; own, received and emitted effect of the focus.
    shock : CityShock or None
    curve : SpecificationCurve or None
        Effects of the focus under other weights, specifications, fixed effects and controls.
    """

    section: ModelSection
    result: PanelResult
    effects: EffectsResult | None
    years: tuple[int, int]
    remarks: tuple[str, ...] = ()
    focus: str = ""
    alternatives: Mapping[str, FittedModel] = field(default_factory=dict)
    ladder: SpecificationLadder | None = None
    comparison: WeightsComparison | None = None
    boundaries: Mapping[str, SpilloverBoundary] = field(default_factory=dict)
    groups: Mapping[str, GroupEffects] = field(default_factory=dict)
    cities: pd.DataFrame | None = None
    shock: CityShock | None = None
    curve: SpecificationCurve | None = None

    @property
    def fits(self) -> dict[str, FittedModel]:
        """Fits by weights, those that lead first."""
        main = FittedModel(self.result, self.effects)
        return {self.section.main_weights: main, **self.alternatives}


@dataclass(frozen=True)
class StudyResult:
    """A whole study: configuration, checked data, results, run record.

    Attributes
    ----------
    study : Study
    area : StudyArea
        The panel includes the derived columns.
    resilience : ResilienceResult
    weights : mapping of str to Weights
    weights_reports : mapping of str to WeightsReport
    networks : mapping of str to NetworkAnalysis
    correlations : mapping of (str, str, str) to QapCorrelation
        Every pair of networks, by ``strength`` and by ``rank`` of the strengths.
    moran : MoranTable
        Every measure of resilience with every weights.
    local : mapping of (str, str) to LocalMoran
        Keys (shock, measure), the columns of ``measures``.
    measures : pandas.DataFrame of shape (n, measures)
        Index: city. Columns: a MultiIndex (shock, measure) with measure in resistance, recovery.
    models : mapping of str to ModelRun
    indices : mapping of str to IndexRun
        By the column that they became.
    inequality : mapping of str to InequalityRun
        By column.
    background : geopandas.GeoDataFrame or None
        States or provinces for maps, EPSG:4326, column ``name``.
    hot_spots : mapping of (str, str) to LocalStatistic
        Getis and Ord's G* of every measure; keys as in ``local``. Empty if not asked for.
    dynamics : Dynamics or None
    warnings : tuple of str
        Everything a reader has to know before believing a number.
    timings : mapping of str to float
        Seconds by step.
    """

    study: Study
    area: StudyArea
    resilience: ResilienceResult
    weights: Mapping[str, Weights]
    weights_reports: Mapping[str, WeightsReport]
    networks: Mapping[str, NetworkAnalysis]
    correlations: Mapping[tuple[str, str, str], QapCorrelation]
    moran: MoranTable
    local: Mapping[tuple[str, str], LocalMoran]
    measures: pd.DataFrame
    models: Mapping[str, ModelRun]
    indices: Mapping[str, IndexRun] = field(default_factory=dict)
    inequality: Mapping[str, InequalityRun] = field(default_factory=dict)
    background: gpd.GeoDataFrame | None = None
    hot_spots: Mapping[tuple[str, str], LocalStatistic] = field(default_factory=dict)
    dynamics: Dynamics | None = None
    warnings: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
