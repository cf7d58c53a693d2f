"""Spatial weights: built, scaled, examined and exchanged; row receives from column."""

from spatial.weights.combination import combine_weights
from spatial.weights.contiguity import contiguity_weights
from spatial.weights.distance import distance_band_weights, inverse_distance_weights, knn_weights
from spatial.weights.economic import economic_weights, nested_weights
from spatial.weights.gravity import gravity_weights
from spatial.weights.groups import block_weights, split_weights
from spatial.weights.islands import attach_islands
from spatial.weights.kernel import kernel_weights
from spatial.weights.orders import lag_order_weights
from spatial.weights.report import WeightsReport, weights_report
from spatial.weights.sequences import space_time_ids, space_time_weights, weights_by_year
from spatial.weights.spectrum import Spectrum, extreme_eigenvalues, spectral_radius, symmetric_twin
from spatial.weights.transforms import transform_weights
from spatial.weights.travel import travel_time_weights
from spatial.weights.types import Weights, as_weights

__all__ = [
    "Spectrum",
    "Weights",
    "WeightsReport",
    "as_weights",
    "attach_islands",
    "block_weights",
    "combine_weights",
    "contiguity_weights",
    "distance_band_weights",
    "economic_weights",
    "extreme_eigenvalues",
    "gravity_weights",
    "inverse_distance_weights",
    "kernel_weights",
    "knn_weights",
    "lag_order_weights",
    "nested_weights",
    "space_time_ids",
    "space_time_weights",
    "spectral_radius",
    "split_weights",
    "symmetric_twin",
    "transform_weights",
    "travel_time_weights",
    "weights_by_year",
    "weights_report",
]
