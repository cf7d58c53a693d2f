"""Spillover regressions: spatial panels, their effects and their specification tests."""

from spatial.regression.boundary import SpilloverBoundary, spillover_boundary
from spatial.regression.compare_weights import WeightsComparison, compare_weights
from spatial.regression.comparison_table import ModelComparison, compare
from spatial.regression.cross_section import fit_cross_section
from spatial.regression.dependence import with_covariance
from spatial.regression.descriptives import (
    VariableCorrelations,
    VariableDescription,
    correlate_variables,
    describe_variables,
)
from spatial.regression.diagnostics import (
    CrossSectionDependence,
    VarianceInflation,
    cross_section_dependence,
    variance_inflation,
)
from spatial.regression.dynamic import fit_dynamic_panel
from spatial.regression.dynamic_effects import DynamicEffectsResult
from spatial.regression.dynamic_results import DynamicPanelResult
from spatial.regression.dynamic_stability import StabilityTest
from spatial.regression.effect_parts import (
    GroupEffects,
    OrderEffects,
    RingEffects,
    effects_by_group,
    effects_by_order,
    effects_by_ring,
)
from spatial.regression.effect_tests import EffectTests, effect_tests
from spatial.regression.effects import EffectsResult
from spatial.regression.hausman import HausmanTest, hausman_test
from spatial.regression.j_test import JTests, j_tests
from spatial.regression.ladder import SpecificationLadder, specification_ladder
from spatial.regression.panel import fit_panel
from spatial.regression.prediction import Prediction, predict, shock
from spatial.regression.residual_moran import ResidualMoran, residual_moran
from spatial.regression.results import PanelResult
from spatial.regression.spatial_gmm import SpatialGMMResult, fit_spatial_gmm
from spatial.regression.spatial_iv import SpatialIVResult, fit_spatial_iv
from spatial.regression.specification_curve import (
    SpecificationCurve,
    curve_of_models,
    specification_curve,
)
from spatial.regression.specification_tests import (
    LagrangeTests,
    ReductionTests,
    lm_tests,
    reduction_tests,
)
from spatial.regression.unbalanced import UnbalancedPanelResult, fit_unbalanced_panel
from spatial.regression.unit_roots import PanelUnitRoot, panel_unit_root
from spatial.regression.weak_instruments import WeakInstruments

__all__ = [
    "CrossSectionDependence",
    "DynamicEffectsResult",
    "DynamicPanelResult",
    "EffectTests",
    "EffectsResult",
    "GroupEffects",
    "HausmanTest",
    "JTests",
    "LagrangeTests",
    "ModelComparison",
    "OrderEffects",
    "PanelResult",
    "PanelUnitRoot",
    "Prediction",
    "ReductionTests",
    "ResidualMoran",
    "RingEffects",
    "SpatialGMMResult",
    "SpatialIVResult",
    "SpecificationCurve",
    "SpecificationLadder",
    "SpilloverBoundary",
    "StabilityTest",
    "UnbalancedPanelResult",
    "VariableCorrelations",
    "VariableDescription",
    "VarianceInflation",
    "WeakInstruments",
    "WeightsComparison",
    "compare",
    "compare_weights",
    "correlate_variables",
    "cross_section_dependence",
    "curve_of_models",
    "describe_variables",
    "effect_tests",
    "effects_by_group",
    "effects_by_order",
    "effects_by_ring",
    "fit_cross_section",
    "fit_dynamic_panel",
    "fit_panel",
    "fit_spatial_gmm",
    "fit_spatial_iv",
    "fit_unbalanced_panel",
    "hausman_test",
    "j_tests",
    "lm_tests",
    "panel_unit_root",
    "predict",
    "reduction_tests",
    "residual_moran",
    "shock",
    "specification_curve",
    "specification_ladder",
    "spillover_boundary",
    "variance_inflation",
    "with_covariance",
]
