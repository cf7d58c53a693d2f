"""Spillover regressions: spatial panel models and their effects."""
