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
from spatial.autocorrelation.ellipse import EllipsePath, standard_deviational_ellipses
from spatial.autocorrelation.emerging_hot_spots import (
    EMERGING_CLASSES,
    NO_PATTERN,
    EmergingHotSpots,
    emerging_hot_spots,
)
from spatial.autocorrelation.geodetector import Geodetector, geodetector
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
from spatial.autocorrelation.local_bivariate import local_bivariate_moran
from spatial.autocorrelation.local_geary import local_geary
from spatial.autocorrelation.local_getis_ord import (
    HOT_SPOT_CLASSES,
    hot_spot_classes,
    local_getis_ord,
)
from spatial.autocorrelation.local_join_counts import local_join_counts
from spatial.autocorrelation.local_moran import (
    QUADRANTS,
    LocalMoran,
    local_moran,
    quadrants_of,
)
from spatial.autocorrelation.local_panel import LocalPanel, local_panel
from spatial.autocorrelation.local_statistics import (
    ISOLATED,
    NOT_SIGNIFICANT,
    LocalStatistic,
)
from spatial.autocorrelation.losh import losh
from spatial.autocorrelation.markov import MarkovChain, markov_chain, state_chain
from spatial.autocorrelation.markov_tests import HomogeneityTest, markov_homogeneity
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.panel_moran import (
    PanelMoran,
    SpaceTimeMoran,
    differential_moran,
    panel_moran,
    space_time_moran,
)
from spatial.autocorrelation.rank_mobility import RankMobility, rank_tau, rank_theta
from spatial.autocorrelation.rates import (
    EmpiricalBayesRates,
    empirical_bayes_rates,
    rate_moran,
)
from spatial.autocorrelation.spatial_markov import SpatialMarkov, spatial_markov
from spatial.autocorrelation.time_paths import LisaTimePaths, lisa_time_paths
from spatial.autocorrelation.transitions import LisaTransitions, lisa_transitions
from spatial.autocorrelation.trends import Trends, city_trends

__all__ = [
    "EMERGING_CLASSES",
    "HOT_SPOT_CLASSES",
    "ISOLATED",
    "NOT_SIGNIFICANT",
    "NO_PATTERN",
    "QUADRANTS",
    "AutocorrelationTable",
    "Correlogram",
    "EllipsePath",
    "EmergingHotSpots",
    "EmpiricalBayesRates",
    "Geodetector",
    "GlobalGeary",
    "GlobalMoran",
    "GlobalStatistic",
    "HomogeneityTest",
    "JoinCounts",
    "LisaTimePaths",
    "LisaTransitions",
    "LocalMoran",
    "LocalPanel",
    "LocalStatistic",
    "MarkovChain",
    "MoranTable",
    "PanelMoran",
    "RankMobility",
    "SpaceTimeMoran",
    "SpatialMarkov",
    "Trends",
    "adjusted_p_values",
    "autocorrelation_table",
    "bivariate_moran",
    "city_trends",
    "differential_moran",
    "distance_correlogram",
    "emerging_hot_spots",
    "empirical_bayes_rates",
    "geodetector",
    "global_geary",
    "global_getis_ord",
    "global_moran",
    "global_moran_table",
    "hot_spot_classes",
    "join_counts",
    "lee_l",
    "lisa_time_paths",
    "lisa_transitions",
    "local_bivariate_moran",
    "local_geary",
    "local_getis_ord",
    "local_join_counts",
    "local_moran",
    "local_panel",
    "losh",
    "markov_chain",
    "markov_homogeneity",
    "order_correlogram",
    "panel_moran",
    "quadrants_of",
    "rank_tau",
    "rank_theta",
    "rate_moran",
    "space_time_moran",
    "spatial_markov",
    "standard_deviational_ellipses",
    "state_chain",
]
