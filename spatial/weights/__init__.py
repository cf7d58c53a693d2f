"""Spatial weights: contiguity, distance, linkage; transforms; validity report."""
