"""Publication plots: every function takes ``ax=`` and returns the axes.

Maps are in `shapefiles.maps`. Names from data are drawn as plain text, never as formulas; fonts
are checked before drawing (`shapefiles.fonts`); figures are unknown to ``matplotlib.pyplot``.
"""

from shapefiles.figures_block_matrix import block_matrix_plot
from shapefiles.figures_blocks import block_diagram
from shapefiles.figures_boundary import boundary_plot
from shapefiles.figures_chords import chord_plot
from shapefiles.figures_densities import density_ridges_plot
from shapefiles.figures_dynamics import (
    centre_path_plot,
    ellipse_plot,
    emerging_hot_spot_map,
    spatial_markov_plot,
)
from shapefiles.figures_inequality import inequality_plot
from shapefiles.figures_lines import effects_plot, neighbours_plot, paths_plot, ranking_plot
from shapefiles.figures_moran_series import moran_years_plot
from shapefiles.figures_moran_years import moran_scatter_years
from shapefiles.figures_networks import (
    core_plot,
    network_trend_plot,
    node_symmetry_plot,
    rank_size_plot,
)
from shapefiles.figures_page import PlotOptions, save_figure
from shapefiles.figures_robustness import robustness_plot
from shapefiles.figures_scatter import moran_scatter, resistance_recovery_plot
from shapefiles.figures_sensitivity import (
    agreement_plot,
    leave_one_out_plot,
    rank_intervals_plot,
)
from shapefiles.figures_specifications import specification_curve_plot
from shapefiles.figures_time_paths import time_paths_plot

__all__ = [
    "PlotOptions",
    "agreement_plot",
    "block_diagram",
    "block_matrix_plot",
    "boundary_plot",
    "centre_path_plot",
    "chord_plot",
    "core_plot",
    "density_ridges_plot",
    "effects_plot",
    "ellipse_plot",
    "emerging_hot_spot_map",
    "inequality_plot",
    "leave_one_out_plot",
    "moran_scatter",
    "moran_scatter_years",
    "moran_years_plot",
    "neighbours_plot",
    "network_trend_plot",
    "node_symmetry_plot",
    "paths_plot",
    "rank_intervals_plot",
    "rank_size_plot",
    "ranking_plot",
    "resistance_recovery_plot",
    "robustness_plot",
    "save_figure",
    "spatial_markov_plot",
    "specification_curve_plot",
    "time_paths_plot",
]
