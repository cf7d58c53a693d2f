"""Spillover regressions: spatial panels, their effects and their specification tests."""

from spatial.regression.cross_section import fit_cross_section
from spatial.regression.effects import EffectsResult
from spatial.regression.ladder import SpecificationLadder, specification_ladder
from spatial.regression.panel import fit_panel
from spatial.regression.results import PanelResult
from spatial.regression.specification_tests import (
    LagrangeTests,
    ReductionTests,
    lm_tests,
    reduction_tests,
)

__all__ = [
    "EffectsResult",
    "LagrangeTests",
    "PanelResult",
    "ReductionTests",
    "SpecificationLadder",
    "fit_cross_section",
    "fit_panel",
    "lm_tests",
    "reduction_tests",
    "specification_ladder",
]
