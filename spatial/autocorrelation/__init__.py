"""Spatial autocorrelation: global and local statistics with honest inference."""

from spatial.autocorrelation.autocorrelation_table import (
    AutocorrelationTable,
    autocorrelation_table,
)
from spatial.autocorrelation.bivariate import bivariate_moran, lee_l
from spatial.autocorrelation.correlogram import (
    Correlogram,
    distance_correlogram,
    order_correlogram,
)
from spatial.autocorrelation.global_geary import GlobalGeary, global_geary
from spatial.autocorrelation.global_getis_ord import global_getis_ord
from spatial.autocorrelation.global_moran import (
    GlobalMoran,
    MoranTable,
    global_moran,
    global_moran_table,
)
from spatial.autocorrelation.global_statistics import GlobalStatistic
from spatial.autocorrelation.join_counts import JoinCounts, join_counts
from spatial.autocorrelation.local_moran import (
    ISOLATED,
    NOT_SIGNIFICANT,
    QUADRANTS,
    LocalMoran,
    local_moran,
    quadrants_of,
)
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.panel_moran import (
    PanelMoran,
    SpaceTimeMoran,
    differential_moran,
    panel_moran,
    space_time_moran,
)
from spatial.autocorrelation.rates import (
    EmpiricalBayesRates,
    empirical_bayes_rates,
    rate_moran,
)
from spatial.autocorrelation.time_paths import LisaTimePaths, lisa_time_paths
from spatial.autocorrelation.transitions import LisaTransitions, lisa_transitions

__all__ = [
    "ISOLATED",
    "NOT_SIGNIFICANT",
    "QUADRANTS",
    "AutocorrelationTable",
    "Correlogram",
    "EmpiricalBayesRates",
    "GlobalGeary",
    "GlobalMoran",
    "GlobalStatistic",
    "JoinCounts",
    "LisaTimePaths",
    "LisaTransitions",
    "LocalMoran",
    "MoranTable",
    "PanelMoran",
    "SpaceTimeMoran",
    "adjusted_p_values",
    "autocorrelation_table",
    "bivariate_moran",
    "differential_moran",
    "distance_correlogram",
    "empirical_bayes_rates",
    "global_geary",
    "global_getis_ord",
    "global_moran",
    "global_moran_table",
    "join_counts",
    "lee_l",
    "lisa_time_paths",
    "lisa_transitions",
    "local_moran",
    "order_correlogram",
    "panel_moran",
    "quadrants_of",
    "rate_moran",
    "space_time_moran",
]
