"""Spatial autocorrelation: global and local statistics with honest inference."""
