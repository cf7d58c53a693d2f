"""Indices of city economies on a labelled city-year panel."""
