"""Spatial weights: built, scaled, examined and exchanged; row receives from column."""

from spatial.weights.contiguity import contiguity_weights
from spatial.weights.distance import distance_band_weights, inverse_distance_weights, knn_weights
from spatial.weights.islands import attach_islands
from spatial.weights.report import WeightsReport, weights_report
from spatial.weights.spectrum import Spectrum, extreme_eigenvalues, spectral_radius, symmetric_twin
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights

__all__ = [
    "Spectrum",
    "Weights",
    "WeightsReport",
    "as_weights",
    "attach_islands",
    "contiguity_weights",
    "distance_band_weights",
    "extreme_eigenvalues",
    "inverse_distance_weights",
    "knn_weights",
    "spectral_radius",
    "symmetric_twin",
    "transform_weights",
    "weights_report",
]
