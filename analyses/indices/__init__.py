"""Indices of city economies on a labelled city-year panel."""

from analyses.indices.agglomeration import concentration, location_quotients, specialisation
from analyses.indices.analytic_hierarchy import (
    AnalyticHierarchy,
    analytic_hierarchy,
    hierarchical_weights,
)
from analyses.indices.club_convergence import (
    ClubConvergence,
    LogTTest,
    club_convergence,
    log_t_test,
)
from analyses.indices.coagglomeration import (
    collaborative_agglomeration,
    collaborative_index,
    pairwise_coagglomeration,
)
from analyses.indices.composite import CompositeIndex, Indicator, composite_index
from analyses.indices.convergence import BetaConvergence, beta_convergence, sigma_convergence
from analyses.indices.counterfactual import (
    CounterfactualPaths,
    arima_counterfactual,
    panel_counterfactual,
)
from analyses.indices.coupling import (
    COORDINATION_CLASSES,
    CouplingCoordination,
    coupling_coordination,
)
from analyses.indices.cycle_resilience import CycleResilience, cycle_resilience
from analyses.indices.cycles import baxter_king_filter, hamilton_filter, hodrick_prescott_filter
from analyses.indices.duranton_overman import DistanceDensity, duranton_overman
from analyses.indices.externalities import employment_density, externalities, porter_competition
from analyses.indices.group_coagglomeration import colocation, group_coagglomeration
from analyses.indices.groups import (
    SIZE_CLASSES,
    GroupAssignment,
    assign_groups,
    group_schemes,
    size_classes,
)
from analyses.indices.indicator_systems import (
    IndicatorSystem,
    indicator_systems,
    read_indicator_system,
)
from analyses.indices.indicator_weights import combined_weights
from analyses.indices.industrial_structure import industrial_structure
from analyses.indices.inequality import DagumGini, dagum_gini, inequality, theil_by_groups
from analyses.indices.kernel_density import KernelDensities, kernel_densities
from analyses.indices.marcon_puech import RelativeConcentration, marcon_puech
from analyses.indices.market_potential import market_potential
from analyses.indices.overlap import overlap
from analyses.indices.persistence import Persistence, shock_persistence, shrunken
from analyses.indices.plants import ellison_glaeser
from analyses.indices.recovery_classes import (
    RECOVERY_CLASSES,
    RecoveryClasses,
    crisis_change,
    recovery_classes,
)
from analyses.indices.relatedness import relatedness, relatedness_density
from analyses.indices.resilience import ResilienceResult, Shock, resilience
from analyses.indices.sensitivity import CompositeSensitivity, sensitivity
from analyses.indices.shift_share import ShiftShareResilience, shift_share_resilience
from analyses.indices.shock_dating import break_scan, pettitt_test, shocks_from_turning_points
from analyses.indices.size_coordination import BigSmallCoordination, big_small_coordination
from analyses.indices.spatial_gini import SpatialGini, spatial_gini
from analyses.indices.spillover_pools import (
    perpetual_inventory,
    spillover_pool,
    technology_proximity,
)
from analyses.indices.turning_points import turning_points
from analyses.indices.variety import variety
from analyses.indices.volatility import rolling_volatility, sensitivity_adaptability
from analyses.indices.yearly_resilience import yearly_resilience

__all__ = [
    "COORDINATION_CLASSES",
    "RECOVERY_CLASSES",
    "SIZE_CLASSES",
    "AnalyticHierarchy",
    "BetaConvergence",
    "BigSmallCoordination",
    "ClubConvergence",
    "CompositeIndex",
    "CompositeSensitivity",
    "CounterfactualPaths",
    "CouplingCoordination",
    "CycleResilience",
    "DagumGini",
    "DistanceDensity",
    "GroupAssignment",
    "Indicator",
    "IndicatorSystem",
    "KernelDensities",
    "LogTTest",
    "Persistence",
    "RecoveryClasses",
    "RelativeConcentration",
    "ResilienceResult",
    "ShiftShareResilience",
    "Shock",
    "SpatialGini",
    "analytic_hierarchy",
    "arima_counterfactual",
    "assign_groups",
    "baxter_king_filter",
    "beta_convergence",
    "big_small_coordination",
    "break_scan",
    "club_convergence",
    "collaborative_agglomeration",
    "collaborative_index",
    "colocation",
    "combined_weights",
    "composite_index",
    "concentration",
    "coupling_coordination",
    "crisis_change",
    "cycle_resilience",
    "dagum_gini",
    "duranton_overman",
    "ellison_glaeser",
    "employment_density",
    "externalities",
    "group_coagglomeration",
    "group_schemes",
    "hamilton_filter",
    "hierarchical_weights",
    "hodrick_prescott_filter",
    "indicator_systems",
    "industrial_structure",
    "inequality",
    "kernel_densities",
    "location_quotients",
    "log_t_test",
    "marcon_puech",
    "market_potential",
    "overlap",
    "pairwise_coagglomeration",
    "panel_counterfactual",
    "perpetual_inventory",
    "pettitt_test",
    "porter_competition",
    "read_indicator_system",
    "recovery_classes",
    "relatedness",
    "relatedness_density",
    "resilience",
    "rolling_volatility",
    "sensitivity",
    "sensitivity_adaptability",
    "shift_share_resilience",
    "shock_persistence",
    "shocks_from_turning_points",
    "shrunken",
    "sigma_convergence",
    "size_classes",
    "spatial_gini",
    "specialisation",
    "spillover_pool",
    "technology_proximity",
    "theil_by_groups",
    "turning_points",
    "variety",
    "yearly_resilience",
]
