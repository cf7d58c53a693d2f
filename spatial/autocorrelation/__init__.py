"""Spatial autocorrelation: global and local statistics with honest inference."""

from spatial.autocorrelation.bivariate import bivariate_moran, lee_l
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

__all__ = [
    "ISOLATED",
    "NOT_SIGNIFICANT",
    "QUADRANTS",
    "GlobalGeary",
    "GlobalMoran",
    "GlobalStatistic",
    "JoinCounts",
    "LocalMoran",
    "MoranTable",
    "adjusted_p_values",
    "bivariate_moran",
    "global_geary",
    "global_getis_ord",
    "global_moran",
    "global_moran_table",
    "join_counts",
    "lee_l",
    "local_moran",
    "quadrants_of",
]
