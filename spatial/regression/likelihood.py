r"""Maximum likelihood of spatial panels, concentrated on the one spatial parameter.

Lag models: :math:`y = \rho W y + Z \delta + e`. Error models: :math:`y = Z \delta + u`,
:math:`u = \lambda W u + e`. Both have

.. math:: \ell(\rho) = -\frac{m}{2} [\ln(2 \pi e'e / m) + 1] + L(\rho)

with m observations, L the log-determinant summed over years, and e the least-squares residuals
given rho, all within transformed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from scipy import optimize

from spatial.errors import EstimationError
from spatial.options import Effects
from spatial.regression.log_determinant import LogDeterminant
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.within import within

# The search ends where brackets shrink below this; the root of the score then polishes it.
SEARCH_TOLERANCE = 1e-7
# Distance to the end of the valid interval, as a share of its width, that counts as at the border.
BORDER_SHARE = 1e-5
SCAN_POINTS = 7
# Standard errors of rho on either side of the rough maximum for which the log-determinant is
# prepared: simulated draws stay within.
PREPARED_ERRORS = 5.0
# The stand-in does not know how the log-determinant falls at the very ends of its interval.
STAND_IN_SHARE = 0.01
STAND_IN_MOVES = 12
# A residual sum of squares below this share of the total is the rounding of an identity between
# columns (a population is an income over an income per head), not an innovation.
PERFECT_FIT = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What a likelihood needs: within-transformed arrays, flat or stacked.

    Attributes
    ----------
    y, Wy : numpy.ndarray of shape (years, n)
        Outcome and its lag, within transformed.
    Z, WZ : numpy.ndarray of shape (years, n, k)
        Regressors and, for error models, their lag, within transformed.
    row_sums : numpy.ndarray of shape (1, n) or None
        For error models with year effects and row sums that differ.
    effects : str
    """

    y: np.ndarray
    Wy: np.ndarray
    Z: np.ndarray
    WZ: np.ndarray | None
    row_sums: np.ndarray | None
    effects: Effects


Profile = Callable[[float], tuple[float, float]]


def residual_profile(sample: Sample) -> Profile:
    """Sum of squared residuals given rho, and minus half its derivative.

    In lag models both are polynomials in rho of the residuals of y and of W y on Z; error models
    solve least squares again for each lambda.
    """
    if sample.WZ is None:
        plain = sample.y - sample.Z @ least_squares(sample.Z, sample.y)
        lagged = sample.Wy - sample.Z @ least_squares(sample.Z, sample.Wy)
        a, b, c = np.vdot(plain, plain), np.vdot(plain, lagged), np.vdot(lagged, lagged)
        return lambda rho: (float(a - 2 * rho * b + rho * rho * c), float(b - rho * c))
    return partial(_error_profile, sample, sample.WZ)


def _error_profile(sample: Sample, WZ: np.ndarray, rho: float) -> tuple[float, float]:
    y, Z = filtered_sample(sample, rho)
    delta = least_squares(Z, y)
    residuals = y - Z @ delta
    slope = sample.Wy - WZ @ delta
    if sample.row_sums is not None:
        # The year effects c_t enter as c_t (1 - rho r) with row sums r; their share of the slope.
        carrier = 1.0 - rho * sample.row_sums[0]
        filtered = sample.y - sample.Z @ delta - rho * slope
        slope = slope - np.outer(filtered @ carrier / (carrier @ carrier), sample.row_sums[0])
    return float(np.vdot(residuals, residuals)), float(np.vdot(residuals, slope))


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Concentrated log-likelihood of one spatial parameter.

    Attributes
    ----------
    sample : Sample
    profile : callable
        See ``residual_profile``.
    log_determinant : LogDeterminant
        Summed over years.
    observations : float
        m, fewer than years times n under the Lee-Yu transformation.
    share : float
        Share of the log-determinant in force, (T - 1) / T under the transformation of cities.
    lost : float
        How often ln(1 - rho) is taken off, for the transformation of years.
    """

    sample: Sample
    profile: Profile
    log_determinant: LogDeterminant
    observations: float
    share: float = 1.0
    lost: float = 0.0

    def value(self, rho: float) -> float:
        """Concentrated log-likelihood."""
        m, sum_of_squares = self.observations, self.profile(rho)[0]
        fit = -0.5 * m * (np.log(2 * np.pi * sum_of_squares / m) + 1.0)
        return float(fit + self.log_jacobian(rho))

    def log_jacobian(self, rho: float) -> float:
        """Logarithm of the Jacobian of the transformation from e to y."""
        lost = self.lost * np.log1p(-rho) if self.lost else 0.0
        return self.share * self.log_determinant.value(rho) - lost

    def score(self, rho: float) -> float:
        """Differentiate the concentrated log-likelihood by rho."""
        sum_of_squares, slope = self.profile(rho)
        lost = self.lost / (1.0 - rho) if self.lost else 0.0
        trace = self.share * self.log_determinant.first_trace(rho)
        return float(self.observations * slope / sum_of_squares - trace + lost)

    def filtered_regressors(self, rho: float) -> np.ndarray:
        """Regressors of the least-squares problem given rho, of shape (years, n, k)."""
        return filtered_sample(self.sample, rho)[1]

    def residuals(self, delta: np.ndarray, rho: float) -> np.ndarray:
        """Innovations at given parameters, of shape (years, n)."""
        y, Z = filtered_sample(self.sample, rho)
        return y - Z @ delta

    def solution(self, rho: float) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of shape (k,) and residuals of shape (years, n) given rho."""
        y, Z = filtered_sample(self.sample, rho)
        delta = least_squares(Z, y)
        return delta, y - Z @ delta


def filtered_sample(sample: Sample, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Outcome and regressors of the least-squares problem given rho."""
    y = sample.y - rho * sample.Wy
    Z = sample.Z if sample.WZ is None else sample.Z - rho * sample.WZ
    if sample.row_sums is not None:
        carrier = 1.0 - rho * sample.row_sums
        y = within(y, "year", year_direction=carrier)
        Z = within(Z, "year", year_direction=carrier)
    return y, Z


def least_squares(Z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients of y on Z by QR of columns of unit length, shapes (years, n, k), (years, n)."""
    flat = Z.reshape(-1, Z.shape[-1])
    if flat.shape[1] == 0:
        return np.zeros(0)
    length = np.linalg.norm(flat, axis=0)
    orthogonal, triangle = np.linalg.qr(flat / length)
    return np.linalg.solve(triangle, orthogonal.T @ y.ravel()) / length


def lag_sample(y: np.ndarray, Z: np.ndarray, lag: SpatialLag, effects: Effects) -> Sample:
    """Within-transformed arrays of a lag model; W is applied before the transformation."""
    return Sample(
        within(y, effects), within(lag(y), effects), within(Z, effects), None, None, effects
    )


def error_sample(y: np.ndarray, Z: np.ndarray, lag: SpatialLag, effects: Effects) -> Sample:
    """Within-transformed arrays of an error model.

    Year effects reach the filtered equation as (I - lambda W) iota. Where rows sum to one this is
    a multiple of ones and ordinary demeaning does; elsewhere each lambda has its own projection.
    """
    plain = effects in ("pooled", "city") or lag.row_normalised
    inner: Effects = effects if plain else ("city" if effects == "two-way" else "pooled")
    return Sample(
        within(y, inner),
        within(lag(y), inner),
        within(Z, inner),
        within(lag(Z), inner),
        None if plain else lag.row_sums(),
        effects,
    )


class Concentrated(Protocol):
    """A log-likelihood of one spatial parameter, everything else concentrated out."""

    @property
    def log_determinant(self) -> LogDeterminant:
        """Gives the interval that is searched."""

    def value(self, rho: float, /) -> float:
        """Concentrated log-likelihood."""

    def score(self, rho: float, /) -> float:
        """Its derivative."""


def maximise(likelihood: Concentrated, *, symbol: str) -> float:
    """Spatial parameter with the greatest concentrated likelihood on the valid interval.

    A scan finds the highest hill, a bounded search climbs it, and the root of the score gives the
    last digits. Where a value of the log-determinant is expensive, a rough stand-in leads to the
    hill, and the score is exact around it.

    Raises
    ------
    EstimationError
        When the maximum is at the border of the interval.
    """
    low, high = likelihood.log_determinant.low, likelihood.log_determinant.high
    width = high - low
    led = _led_by_a_stand_in(likelihood)
    if led is not None:
        return led
    rho = _searched(likelihood)
    if min(rho - low, high - rho) < BORDER_SHARE * width:
        raise EstimationError(
            f"{symbol} runs to the border of its valid interval ({low:.6g}, {high:.6g}): the model "
            "does not fit these weights (trends shared by all cities, or near-identical rows of W "
            "do this). Add year effects, use first differences, or take other weights."
        )
    return _polished(likelihood, rho, width)


def _searched(likelihood: Concentrated) -> float:
    """Maximum to a few digits: a scan of the interval, then a bounded search."""
    low, high = likelihood.log_determinant.low, likelihood.log_determinant.high
    width = high - low
    points = np.linspace(low, high, SCAN_POINTS + 2)[1:-1]
    heights = [likelihood.value(point) for point in points]
    best = int(np.argmax(heights))
    margin = 1e-9 * width
    left = points[best - 1] if best > 0 else low + margin
    right = points[best + 1] if best < SCAN_POINTS - 1 else high - margin
    found = optimize.minimize_scalar(
        lambda rho: -likelihood.value(rho),
        bounds=(left, right),
        method="bounded",
        options={"xatol": SEARCH_TOLERANCE * width},
    )
    return float(found.x)


def _led_by_a_stand_in(likelihood: Concentrated) -> float | None:
    """Maximum near the one under a rough log-determinant, or None where that leads nowhere.

    The interval around it, some standard errors wide, is prepared; while the exact score does not
    change its sign there, the interval moves to where the score points.
    """
    determinant = likelihood.log_determinant
    if determinant.rough is determinant:
        return None
    rough = replace(likelihood, log_determinant=determinant.rough)  # type: ignore[type-var]
    centre = _searched(rough)
    low, high = rough.log_determinant.low, rough.log_determinant.high
    for _ in range(STAND_IN_MOVES):
        reach = min(centre - low, high - centre)
        if reach < STAND_IN_SHARE * (high - low):
            return None  # near the border only exact values tell where the maximum is
        step = 1e-3 * reach
        curvature = (rough.score(centre - step) - rough.score(centre + step)) / (2.0 * step)
        if curvature <= 0.0:
            return None
        half = min(PREPARED_ERRORS / np.sqrt(curvature), 0.5 * reach)
        left, right = centre - half, centre + half
        determinant.prepare(left, right)
        if likelihood.score(left) > 0.0 > likelihood.score(right):
            return float(optimize.brentq(likelihood.score, left, right, xtol=1e-14, rtol=1e-14))
        centre = right if likelihood.score(right) >= 0.0 else left
    return None


def _polished(likelihood: Concentrated, rho: float, width: float) -> float:
    """Root of the score next to a maximum found by search."""
    low, high = likelihood.log_determinant.low, likelihood.log_determinant.high
    for reach in (20 * SEARCH_TOLERANCE, 1e-4):
        left, right = max(rho - reach * width, low), min(rho + reach * width, high)
        if likelihood.score(left) > 0.0 > likelihood.score(right):
            root = optimize.brentq(likelihood.score, left, right, xtol=1e-14, rtol=1e-14)
            return float(root)
    return rho
