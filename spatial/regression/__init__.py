"""Spillover regressions: spatial panels, their effects and their specification tests."""

from spatial.regression.cross_section import fit_cross_section
from spatial.regression.effect_parts import (
    GroupEffects,
    OrderEffects,
    RingEffects,
    effects_by_group,
    effects_by_order,
    effects_by_ring,
)
from spatial.regression.effects import EffectsResult
from spatial.regression.hausman import HausmanTest, hausman_test
from spatial.regression.ladder import SpecificationLadder, specification_ladder
from spatial.regression.panel import fit_panel
from spatial.regression.prediction import Prediction, predict, shock
from spatial.regression.results import PanelResult
from spatial.regression.specification_tests import (
    LagrangeTests,
    ReductionTests,
    lm_tests,
    reduction_tests,
)

__all__ = [
    "EffectsResult",
    "GroupEffects",
    "HausmanTest",
    "LagrangeTests",
    "OrderEffects",
    "PanelResult",
    "Prediction",
    "ReductionTests",
    "RingEffects",
    "SpecificationLadder",
    "effects_by_group",
    "effects_by_order",
    "effects_by_ring",
    "fit_cross_section",
    "fit_panel",
    "hausman_test",
    "lm_tests",
    "predict",
    "reduction_tests",
    "shock",
    "specification_ladder",
]
