"""The tables of every result: which there are, and what a journal prints of each.

Results are known by the name of their class, since those of ``analyses`` live on the floor above.
The first table of a result is the one that ``to_table`` prints when no part is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shapefiles.regression_layouts import MORAN_HEADS, REGRESSION
from shapefiles.table_layouts import (
    Layout,
    by_year,
    counted,
    group_counts,
    indicator_system,
    kept_links,
    of,
    spread,
    square,
    symmetric,
    with_members,
    with_total,
)

COORDINATION = (
    *("extreme_imbalance", "severe_imbalance", "moderate_imbalance", "mild_imbalance"),
    *("near_imbalance", "barely_coordinated", "primary_coordination"),
    *("intermediate_coordination", "good_coordination", "quality_coordination"),
)
MORAN = ("statistic", "expected", "std_dev", "z_score", "p_permutation", "p_analytical", "p_fdr")
LOCAL = ("value", "lag", "statistic", "z_score", "p_value", "p_adjusted", "quadrant", "cluster")
SIGNIFICANT = ("n_significant", "alpha", "permutations")
CHANGE_HEADS = {"change": "head_change_link", "ratio": "head_ratio_change"}

_INDICES: dict[str, dict[str, Layout]] = {
    "AnalyticHierarchy": {
        "weights": Layout(
            of("weights"),
            facts=("largest_eigenvalue", "consistency_index", "consistency_ratio"),
        )
    },
    "ClubConvergence": {
        "clubs": Layout(heads={"coefficient": "head_log_t"}),
        "members": Layout(of("clubs")),
    },
    "CompositeIndex": {
        "system": Layout(
            indicator_system,
            columns=("direction", "unit", "source", "weight", "entropy", "correlation_with_rest"),
            heads={"direction": "head_direction_sign"},
        ),
        "scores": Layout(by_year("scores"), "matrix", corner="city"),
        "dimensions": Layout(of("dimensions")),
        "dimension_weights": Layout(of("dimension_weights")),
    },
    "BetaConvergence": {"coefficients": Layout(facts=None)},
    "CounterfactualPaths": {"paths": Layout(facts=())},
    "CouplingCoordination": {
        "cities": Layout(
            columns=(
                *("coupling", "development", "coordination", "coordination_class"),
                *("relative_development", "pace"),
            )
        ),
        "classes": Layout(
            counted("table", "coordination_class", order=COORDINATION), percent=("share",)
        ),
    },
    "CycleResilience": {"cities": Layout(facts=("peak", "end"))},
    "DistanceDensity": {
        "distances": Layout(
            heads={
                "density": "head_density_value",
                "mean": "head_simulated_mean",
                "distance": "column_distance_km",
            },
            facts=("plants", "sites", "bandwidth", "p_value"),
        )
    },
    "GroupAssignment": {
        "cities": Layout(columns=("en", "zh", "membership")),
        "groups": Layout(group_counts, percent=("share",)),
    },
    "DagumGini": {
        "decomposition": Layout(
            decimals={"within_share": 2, "between_share": 2, "transvariation_share": 2}
        ),
        "groups": Layout(of("groups")),
        "pairs": Layout(
            of("pairs"), heads={"first": "head_first_group", "second": "head_second_group"}
        ),
    },
    "KernelDensities": {
        "summary": Layout(heads={"peak": "head_density_peak"}),
        "density": Layout(of("density"), "matrix", corner="column_value"),
    },
    "RelativeConcentration": {
        "radii": Layout(heads={"mean": "head_simulated_mean"}, facts=("p_value",))
    },
    "Persistence": {"cities": Layout()},
    "RecoveryClasses": {
        "cities": Layout(heads={"peak": "head_peak_value", "end": "head_end_value"}),
        "classes": Layout(
            counted("table", "class", order=("RS", "RC", "NR1", "NR2")), percent=("share",)
        ),
    },
    "ResilienceResult": {
        "cities": Layout(
            columns=(
                *("resistance_growth", "recovery_growth", "resistance", "recovery"),
                *("sensitivity_resistance", "sensitivity_recovery", "typology"),
            ),
            percent=("resistance_growth", "recovery_growth"),
        ),
        "nation": Layout(of("national"), percent=("growth",)),
        "types": Layout(counted("table", "typology")),
        "all": Layout(),
    },
    "CompositeSensitivity": {
        "changes": Layout(heads={"change": "head_change_kind"}, facts=("draws", "level")),
        "ranks": Layout(of("ranks"), percent=("share_better",)),
        "correlations": Layout(
            symmetric("method_correlations"),
            "triangle",
            value="value",
            corner="column_method",
            codes={"name": "composite"},
        ),
    },
    "ShiftShareResilience": {
        "cities": Layout(),
        "sectors": Layout(of("sectors"), percent=("growth",)),
    },
    "BigSmallCoordination": {
        "outcomes": Layout(heads={"ratio": "head_ratio_big_small", "cluster": "head_city_cluster"}),
        "links": Layout(of("links"), percent=("share",), heads={"cluster": "head_city_cluster"}),
    },
    "SpatialGini": {
        "decomposition": Layout(
            heads={"neighbours": "head_gini_neighbours", "others": "head_gini_others"},
            percent=("others_share", "expected_share"),
            facts=("permutations",),
        )
    },
}

_NETWORKS: dict[str, dict[str, Layout]] = {
    "AlignedPartitions": {
        "cities": Layout(of("table"), "matrix", corner="city"),
        "changes": Layout(of("changes"), percent=("stayed",)),
    },
    "BackboneComparison": {
        "backbones": Layout(
            index=("backbone",),
            percent=("share_of_links", "share_of_flow", "share_of_cities", "largest_component"),
        ),
        "overlap": Layout(
            symmetric("jaccard"),
            "triangle",
            value="value",
            corner="column_backbone",
            codes={"name": "backbone"},
        ),
    },
    "Backbone": {
        "kept": Layout(kept_links),
        "links": Layout(heads={"kept": "head_kept_links"}),
    },
    "Cascade": {"waves": Layout(of("waves")), "cities": Layout(of("table"))},
    "Centralities": {"cities": Layout()},
    "NetworkChange": {
        "summary": Layout(),
        "links": Layout(of("links"), heads=CHANGE_HEADS),
        "cities": Layout(of("cities")),
    },
    "ClusterStructure": {"measures": Layout(arrangement="record")},
    "RankSize": {"estimate": Layout()},
    "Communities": {
        "communities": Layout(with_members("sizes", "membership"), facts=("modularity",)),
        "cities": Layout(),
    },
    "BlockModel": {
        "blocks": Layout(
            with_members("roles", "membership"),
            columns=(
                *("members", "cities", "internal", "received", "sent"),
                *("expected_internal_share", "internal_share", "role"),
            ),
            heads={
                "internal": "head_internal_links",
                "received": "head_received_links",
                "sent": "head_sent_links",
                "expected_internal_share": "head_expected_internal",
                "internal_share": "head_actual_internal",
            },
            percent=("expected_internal_share", "internal_share"),
            facts=("overall_density", "r_squared"),
        ),
        "density": Layout(
            of("density"),
            "matrix",
            corner="column_block",
            across="head_receiving_block",
            facts=("overall_density",),
        ),
        "image": Layout(
            of("image"),
            "matrix",
            corner="column_block",
            across="head_receiving_block",
            facts=("overall_density",),
        ),
        "links": Layout(
            of("links"), "matrix", corner="column_block", across="head_receiving_block"
        ),
        "cities": Layout(of("membership")),
    },
    "CorePeriphery": {"cities": Layout(index=("city",), facts=None)},
    "DebtRank": {"cities": Layout()},
    "EstimatedGravity": {
        "coefficients": Layout(facts=("deviance", "r_squared", "n_cells")),
        "origins": Layout(of("origin_effects")),
        "destinations": Layout(of("destination_effects")),
    },
    "GrangerNetwork": {"tests": Layout(), "series": Layout(of("series"))},
    "GravityBackbone": {
        "cities": Layout(
            heads={
                "sent": "head_sent_flow",
                "received": "head_received_flow",
                "kept": "head_kept_flow",
            }
        )
    },
    "CommunityStability": {
        "cities": Layout(facts=("nmi", "ari")),
        "runs": Layout(of("runs"), facts=("nmi", "ari")),
    },
    "QapCorrelation": {
        "test": Layout(
            columns=(
                *("correlation", "p_value", "permuted_mean", "permuted_sd", "permuted_min"),
                *("permuted_max", "p_greater", "p_less", "n_cells"),
            ),
            facts=("permutations",),
        )
    },
    "QapCorrelations": {
        "correlations": Layout(
            square("first", "second", "names"),
            "triangle",
            value="correlation",
            p="p_value",
            corner="column_network",
        ),
        "tests": Layout(
            columns=(
                *("correlation", "p_value", "permuted_mean", "permuted_sd", "permuted_min"),
                *("permuted_max", "p_greater", "p_less"),
            ),
            codes={"first": "", "second": ""},
        ),
    },
    "QapRegression": {
        "coefficients": Layout(
            columns=("coefficient", "standardised", "p_value", "p_greater", "p_less"),
            facts=("r_squared", "adjusted_r_squared", "p_r_squared", "n_cells", "permutations"),
        )
    },
    "RailChange": {"cities": Layout(), "links": Layout(of("links"), heads=CHANGE_HEADS)},
    "Robustness": {
        "curve": Layout(
            percent=("removed_share",),
            facts=("r_index", "critical_share", "peak_share", "efficiency_area"),
        )
    },
    "ShockPath": {
        "cities": Layout(
            of("table"),
            heads={"peak": "head_peak_response"},
            facts=("total", "remaining", "spectral_radius"),
        ),
        "steps": Layout(of("path"), "matrix", corner="column_step"),
    },
    "RichClub": {
        "degrees": Layout(
            heads={"ratio": "head_ratio_null", "degree": "head_degree_above"},
            percent=("flow_share", "null_flow_share"),
            facts=("nulls",),
        )
    },
    "SmallWorld": {"measures": Layout(arrangement="record")},
    "NetworkStructure": {"measures": Layout(arrangement="record")},
    "StructureResilience": {
        "attributes": Layout(arrangement="record", facts=("n_pairs",)),
        "cities": Layout(of("cities")),
    },
    "UrbanFlow": {
        "cities": Layout(heads={"efficiency": "head_flow_efficiency"}),
        "external": Layout(of("external")),
        "quotients": Layout(of("quotients")),
    },
}

_AUTOCORRELATION: dict[str, dict[str, Layout]] = {
    "AutocorrelationTable": {
        "statistics": Layout(
            spread,
            columns=(
                *(
                    "year",
                    "measure",
                    "kind",
                    "weights",
                    "statistic",
                    "expected",
                    "std_dev",
                    "z_score",
                ),
                *("p_permutation", "p_adjusted"),
            ),
            facts=("n_significant", "alpha"),
        )
    },
    "Correlogram": {
        "bands": Layout(
            spread,
            columns=("order", "lower_km", "upper_km", "links", "linked_cities", *MORAN),
            heads=MORAN_HEADS,
        )
    },
    "EllipsePath": {"years": Layout(facts=("total_moved", "net_moved", "n"))},
    "EmergingHotSpots": {
        "classes": Layout(counted("table", "cluster"), percent=("share",), facts=("n", "window")),
        "cities": Layout(
            columns=("cluster", "hot_years", "cold_years", "trend_z", "trend_p", "last_z"),
            facts=("n_significant", "alpha", "trend_alpha", "window"),
        ),
    },
    "Geodetector": {
        "factors": Layout(facts=("n",)),
        "interactions": Layout(of("interactions"), heads={"kind": "head_interaction"}),
        "groups": Layout(of("groups")),
        "risks": Layout(of("risks"), facts=("alpha",)),
    },
    **{
        name: {
            "test": Layout(
                spread,
                columns=("kind", *MORAN, "n", "n_islands"),
                facts=("permutations",),
            )
        }
        for name in ("GlobalStatistic", "GlobalGeary")
    },
    "GlobalMoran": {
        "test": Layout(
            spread, columns=(*MORAN, "n", "n_islands"), heads=MORAN_HEADS, facts=("permutations",)
        )
    },
    "MoranTable": {
        "tests": Layout(
            spread, columns=("year", "measure", "weights", *MORAN, "n"), heads=MORAN_HEADS, facts=()
        )
    },
    "PanelMoran": {
        "test": Layout(
            spread, columns=(*MORAN, "n", "n_islands"), heads=MORAN_HEADS, facts=("permutations",)
        ),
        "years": Layout(of("by_year"), heads=MORAN_HEADS, percent=("share",)),
    },
    "SpaceTimeMoran": {
        "years": Layout(spread, columns=("earlier_year", *MORAN), heads=MORAN_HEADS)
    },
    "JoinCounts": {
        "joins": Layout(
            spread,
            columns=("count", "expected", "std_dev", "z_score", "p_permutation", "p_fdr"),
            facts=("n", "permutations"),
            heads={
                "count": "head_joins",
                "first": "head_first_class",
                "second": "head_second_class",
            },
        ),
        "classes": Layout(of("members")),
    },
    **{
        name: {
            "cities": Layout(columns=LOCAL, facts=SIGNIFICANT),
            "classes": Layout(counted("table", "cluster"), percent=("share",), facts=SIGNIFICANT),
        }
        for name in ("LocalMoran", "LocalStatistic", "LocalPanel")
    },
    "MarkovChain": {
        "probabilities": Layout(
            with_total("probabilities", "counts"),
            "matrix",
            corner="head_class_before",
            across="head_class_after",
            facts=("steps", "half_life"),
        ),
        "counts": Layout(
            of("counts"), "matrix", corner="head_class_before", across="head_class_after"
        ),
        "passage": Layout(
            of("first_passage"), "matrix", corner="head_class_before", across="head_class_after"
        ),
        "ergodic": Layout(of("ergodic")),
        "sojourn": Layout(of("sojourn")),
        "mobility": Layout(
            of("mobility"), "record", index=("measure",), codes={"measure": "mobility"}
        ),
        "tidy": Layout(),
    },
    "SpatialMarkov": {
        "probabilities": Layout(
            with_total("probabilities", "counts"),
            "matrix",
            corner="head_class_before",
            across="head_class_after",
        ),
        "counts": Layout(
            of("counts"), "matrix", corner="head_class_before", across="head_class_after"
        ),
        "tests": Layout(of("homogeneity.table"), columns=("statistic", "df", "p_value")),
        "ergodic": Layout(of("ergodic"), "matrix", corner="column_lag_class"),
        "tidy": Layout(),
    },
    "HomogeneityTest": {
        "tests": Layout(facts=("matrices", "transitions")),
        "classes": Layout(of("by_class"), index=("class",)),
    },
    "RankMobility": {"years": Layout(facts=("permutations",))},
    "EmpiricalBayesRates": {"cities": Layout(facts=("common_rate", "between_variance"))},
    "LisaTimePaths": {"cities": Layout(heads={"direction": "head_direction_angle"})},
    "LisaTransitions": {
        "probabilities": Layout(
            with_total("probabilities", "counts"),
            "matrix",
            corner="head_quadrant_before",
            across="head_quadrant_after",
            codes={"class": "lisa"},
            facts=("stability", "cohesion", "flux"),
        ),
        "periods": Layout(facts=("stability", "cohesion", "flux")),
        "counts": Layout(
            of("counts"),
            "matrix",
            corner="head_quadrant_before",
            across="head_quadrant_after",
            codes={"class": "lisa"},
        ),
        "cities": Layout(of("table")),
    },
    "Trends": {
        "cities": Layout(
            columns=(
                *("slope", "slope_low", "slope_high", "tau", "z_score", "p_value", "p_adjusted"),
                "trend",
            ),
            heads={"tau": "head_kendall_tau"},
            facts=("years", "n_significant", "alpha"),
        ),
        "classes": Layout(counted("table", "trend"), percent=("share",)),
    },
}

LAYOUTS: Mapping[str, Mapping[str, Layout]] = MappingProxyType(
    {**_INDICES, **_NETWORKS, **_AUTOCORRELATION, **REGRESSION}
)
"""Tables of each result by the name of its class; the first one is the usual one."""


def layouts_of(result: object) -> Mapping[str, Layout]:
    """Return the tables of a result; of an unknown one its tidy table."""
    for kind in type(result).__mro__:
        if kind.__name__ in LAYOUTS:
            return LAYOUTS[kind.__name__]
    return {"table": Layout(facts=None)}
