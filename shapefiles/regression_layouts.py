"""The tables of regressions, their effects and their tests."""

from __future__ import annotations

from shapefiles.table_layouts import Layout, of, square, tests_by_columns

TERM = "term"
"""Stands for a prefix: the texts are terms of formulas."""

MORAN_HEADS = {"statistic": "head_moran", "expected": "head_moran_expected"}
ESTIMATE = ("estimate", "std_error", "z", "p_value", "low", "high")

REGRESSION: dict[str, dict[str, Layout]] = {
    **{
        name: {"models": Layout(arrangement="fits"), "estimates": Layout(columns=ESTIMATE)}
        for name in (
            *("PanelResult", "DynamicPanelResult", "SpatialGMMResult", "UnbalancedPanelResult"),
            "ModelComparison",
        )
    },
    "SpatialIVResult": {
        "models": Layout(arrangement="fits"),
        "estimates": Layout(columns=ESTIMATE),
        "two stages": Layout(arrangement="stages"),
        "first stage": Layout(of("first_stage")),
        "instruments": Layout(of("instrument_tests")),
    },
    **{
        name: {"effects": Layout(arrangement="fits"), "estimates": Layout(columns=ESTIMATE)}
        for name in ("EffectsResult", "DynamicEffectsResult")
    },
    "SpilloverBoundary": {
        "sweep": Layout(
            columns=("direct", "indirect", "total", "indirect_low", "indirect_high", "links"),
            arrangement="estimates",
            heads={
                "bound": "head_bound_km",
                "indirect_low": "head_indirect_low",
                "indirect_high": "head_indirect_high",
            },
            facts=("last_significant", "boundary", "half_decay", "alpha"),
        ),
        "all": Layout(),
    },
    "WeightsComparison": {
        "weights": Layout(
            columns=(
                *("log_likelihood", "aic", "bic", "spatial", "spatial_z", "residual_moran"),
                *("residual_moran_p", "log_marginal", "probability"),
            )
        ),
        "probabilities": Layout(
            of("probabilities"), "matrix", corner="column_weights", codes={"class": "spec"}
        ),
    },
    "SpecificationCurve": {
        "models": Layout(
            columns=(
                *("formula", "weights", "specification", "effects", "direct", "indirect"),
                *("total", "total_low", "total_high", "total_p", "log_likelihood", "main"),
            ),
            heads={"formula": "head_formula"},
            facts=(),
        ),
    },
    "CrossSectionDependence": {"tests": Layout(facts=("mean_correlation", "n_cities", "n_years"))},
    "VariableDescription": {
        "statistics": Layout(alike=False, heads={"n": "journal_n_observations"})
    },
    "VariableCorrelations": {
        "correlations": Layout(
            square("first", "second", "names"),
            "triangle",
            value="correlation",
            p="p_value",
            corner="column_variable",
            codes={"name": TERM},
        ),
        "pairs": Layout(
            heads={
                "first": "head_first_variable",
                "second": "head_second_variable",
                "n": "journal_n_observations",
            },
            codes={"first": TERM, "second": TERM},
        ),
    },
    "VarianceInflation": {"regressors": Layout()},
    "StabilityTest": {
        "conditions": Layout(facts=("total", "standard_error", "wald", "p_value", "largest_root"))
    },
    "GroupEffects": {
        "pairs": Layout(
            arrangement="estimates",
            columns=("mean", "pairs", "received", "indirect", "direct"),
            heads={"mean": "head_effect_of_pair"},
        )
    },
    "OrderEffects": {
        "orders": Layout(arrangement="estimates", columns=("direct", "indirect", "total"))
    },
    "RingEffects": {
        "rings": Layout(arrangement="estimates", columns=("effect", "pairs", "mean_pair"))
    },
    "EffectTests": {"tests": Layout()},
    "HausmanTest": {
        "tests": Layout(facts=()),
        "coefficients": Layout(of("coefficients"), heads={"random": "head_random"}),
    },
    "JTests": {"tests": Layout(heads={"alpha": "head_j_alpha"})},
    "SpecificationLadder": {"tests": Layout()},
    "Prediction": {"cities": Layout(heads={"effects": "head_prediction_effects"})},
    "ResidualMoran": {"years": Layout(heads=MORAN_HEADS, facts=("permutations",))},
    "LagrangeTests": {
        "tests": Layout(
            tests_by_columns("effects"),
            "pivot",
            value="statistic",
            p="p_value",
            by="effects",
            corner="column_test",
            codes={"row": "ladder"},
        ),
        "rows": Layout(),
    },
    "ReductionTests": {
        "tests": Layout(
            tests_by_columns("reduction"),
            "pivot",
            value="statistic",
            p="p_value",
            by="reduction",
            corner="column_test",
        ),
        "rows": Layout(),
    },
    "PanelUnitRoot": {"test": Layout(), "cities": Layout(of("cities"))},
    "WeakInstruments": {
        "tests": Layout(),
        "confidence sets": Layout(of("confidence_sets")),
    },
    "WeightsReport": {"report": Layout(arrangement="record")},
}
