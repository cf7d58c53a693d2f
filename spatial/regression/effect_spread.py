"""Standard errors, bounds and p-values of effects, by the delta method or from draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from spatial.regression.effects import NORMAL_95


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard errors and 95 % bounds, and how they were found."""

    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    options: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None

    def ravelled(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the three as vectors."""
        return self.error.ravel(), self.low.ravel(), self.high.ravel()


def normal_spread(point: np.ndarray, error: np.ndarray) -> Spread:
    """Put normal bounds around estimates."""
    return Spread(
        error, point - NORMAL_95 * error, point + NORMAL_95 * error, {"inference": "delta"}
    )


def drawn_spread(drawn: np.ndarray, seed: int | None = None) -> Spread:
    """Take standard deviations and percentiles of draws, of shape (draws, ...)."""
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    options = {"inference": "simulation", "draws": len(drawn)}
    return Spread(drawn.std(axis=0, ddof=1), low, high, options, seed)


def errors_of(gradient: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Delta-method standard errors from gradients of shape (parameters, ...)."""
    variance = np.einsum("p...,pq,q...->...", gradient, covariance, gradient)
    return np.sqrt(np.maximum(variance, 0.0))


def inference_columns(
    name: str, estimate: np.ndarray, error: np.ndarray, low: np.ndarray, high: np.ndarray
) -> dict[str, np.ndarray]:
    """Columns of an estimate: itself, standard error, z, p and 95 % bounds."""
    known = error > 0.0
    z = np.divide(estimate, error, out=np.full_like(estimate, np.nan), where=known)
    return {
        name: estimate,
        f"{name}_se": error,
        f"{name}_z": z,
        f"{name}_p": 2.0 * ndtr(-np.abs(z)),
        f"{name}_low": low,
        f"{name}_high": high,
    }
