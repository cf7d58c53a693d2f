"""Spatial autocorrelation: global and local statistics with honest inference."""

from spatial.autocorrelation.global_moran import (
    GlobalMoran,
    MoranTable,
    global_moran,
    global_moran_table,
)
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
    "GlobalMoran",
    "LocalMoran",
    "MoranTable",
    "adjusted_p_values",
    "global_moran",
    "global_moran_table",
    "local_moran",
    "quadrants_of",
]
