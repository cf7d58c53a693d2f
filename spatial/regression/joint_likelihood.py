r"""Maximum likelihood of models with rho and lambda, concentrated on the two.

.. math:: y = \rho W y + Z \delta + u, \quad u = \lambda M u + e

With :math:`B = I - \lambda M` the filtered outcome :math:`B (y - \rho W y)` is regressed on
:math:`B Z`; e are the residuals, m the observations and

.. math:: \ell(\rho, \lambda) = -\frac{m}{2} [\ln(2 \pi e'e / m) + 1]
          + \sum_t \ln |I - \rho W_t| + \sum_t \ln |I - \lambda M_t|

Given rho this is an error model of y - rho W y; given lambda, a lag model of filtered variables.
Where W = M the two hills of these models can both be in it, so that all hills are climbed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from spatial.errors import EstimationError
from spatial.options import Effects
from spatial.regression.likelihood import (
    BORDER_SHARE,
    Sample,
    error_sample,
    filtered_sample,
    least_squares,
    residual_profile,
)
from spatial.regression.log_determinant import LogDeterminant
from spatial.regression.spatial_lag import SpatialLag

# Values of each parameter at which the scan looks; they crowd at the ends of the interval, where
# log-determinants bend most.
SCAN_POINTS = 17
# Hills of the scan that are climbed, the highest first.
CLIMBED_HILLS = 4
# Parameters, as shares of their intervals, that differ by less are the same maximum.
SAME_MAXIMUM = 1e-4
# The polished root of the score may lie this far from what the search found, at most.
POLISH_REACH = 1e-3
MARGIN = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class JointSample:
    """Within-transformed arrays of a model with both parameters.

    Attributes
    ----------
    outcome, lagged : Sample
        Error models of y and of W y: each with its lag by M, the regressors and their lag by M.
    """

    outcome: Sample
    lagged: Sample

    def given_rho(self, rho: float) -> Sample:
        """Error model of y - rho W y."""
        base, moved = self.outcome, self.lagged
        return Sample(
            base.y - rho * moved.y,
            base.Wy - rho * moved.Wy,
            base.Z,
            base.WZ,
            base.row_sums,
            base.effects,
        )

    def given_lambda(self, lambda_: float) -> Sample:
        """Lag model of variables filtered by I - lambda M."""
        y, Z = filtered_sample(self.outcome, lambda_)
        Wy, _ = filtered_sample(self.lagged, lambda_)
        return Sample(y, Wy, Z, None, None, self.outcome.effects)

    def packed(self) -> JointSample:
        """Arrays with the same cross-products and as many rows as columns.

        Year effects that reach the filtered equation through unequal row sums need the cities.
        """
        base, moved = self.outcome, self.lagged
        if base.row_sums is not None or base.WZ is None:
            return self
        k = base.Z.shape[-1]
        ends = np.stack([base.y, moved.y, base.Wy, moved.Wy], axis=-1)
        columns = np.concatenate([base.Z, base.WZ, ends], axis=-1).reshape(base.y.size, -1)
        if len(columns) <= columns.shape[1]:
            return self
        rows = np.asarray(np.linalg.qr(columns, mode="r"))[None]
        Z, MZ = rows[..., :k], rows[..., k : 2 * k]
        y, Wy, My, MWy = np.moveaxis(rows[..., 2 * k :], -1, 0)
        return JointSample(
            Sample(y, My, Z, MZ, None, base.effects), Sample(Wy, MWy, Z, MZ, None, base.effects)
        )


def joint_sample(
    y: np.ndarray, Z: np.ndarray, lag: SpatialLag, error_lag: SpatialLag, effects: Effects
) -> JointSample:
    """Within-transformed arrays; W and M are applied before the transformation."""
    return JointSample(
        error_sample(y, Z, error_lag, effects), error_sample(lag(y), Z, error_lag, effects)
    )


@dataclass(frozen=True, slots=True, eq=False)
class JointLikelihood:
    """Concentrated log-likelihood of rho and lambda.

    Attributes
    ----------
    sample, packed : JointSample
        All rows, and the few that the search needs.
    lag_determinant, error_determinant : LogDeterminant
        Of W and M, summed over years.
    observations : float
        m, fewer than years times n under the Lee-Yu transformation.
    share : float
        Share of the log-determinants in force, (T - 1) / T under the transformation of cities.
    lost : float
        How often ln(1 - rho) and ln(1 - lambda) are taken off, for the transformation of years.
    """

    sample: JointSample
    packed: JointSample
    lag_determinant: LogDeterminant
    error_determinant: LogDeterminant
    observations: float
    share: float = 1.0
    lost: float = 0.0

    @property
    def determinants(self) -> tuple[LogDeterminant, LogDeterminant]:
        """Log-determinants of W and of M."""
        return self.lag_determinant, self.error_determinant

    def value(self, pair: np.ndarray) -> float:
        """Concentrated log-likelihood at (rho, lambda)."""
        sum_of_squares = residual_profile(self.packed.given_rho(pair[0]))(pair[1])[0]
        return (
            self.fit(sum_of_squares) + self.log_jacobian(0, pair[0]) + self.log_jacobian(1, pair[1])
        )

    def fit(self, sum_of_squares: float) -> float:
        """Log-likelihood without log-determinants."""
        m = self.observations
        return float(-0.5 * m * (np.log(2 * np.pi * sum_of_squares / m) + 1.0))

    def log_jacobian(self, which: int, value: float) -> float:
        """Logarithm of the Jacobian that rho (0) or lambda (1) brings in."""
        lost = self.lost * np.log1p(-value) if self.lost else 0.0
        return float(self.share * self.determinants[which].value(value) - lost)

    def score(self, pair: np.ndarray) -> np.ndarray:
        """Differentiate the concentrated log-likelihood by rho and lambda."""
        rho, lambda_ = float(pair[0]), float(pair[1])
        profiles = (
            residual_profile(self.packed.given_lambda(lambda_))(rho),
            residual_profile(self.packed.given_rho(rho))(lambda_),
        )
        result = np.empty(2)
        for j, (determinant, (sum_of_squares, slope)) in enumerate(
            zip(self.determinants, profiles, strict=True)
        ):
            lost = self.lost / (1.0 - pair[j]) if self.lost else 0.0
            trace = self.share * determinant.first_trace(float(pair[j]))
            result[j] = self.observations * slope / sum_of_squares - trace + lost
        return result

    def solution(self, pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of shape (k,) and residuals of shape (years, n) at (rho, lambda)."""
        y, Z = filtered_sample(self.sample.given_rho(pair[0]), pair[1])
        delta = least_squares(Z, y)
        return delta, y - Z @ delta

    def filtered_regressors(self, lambda_: float) -> np.ndarray:
        """Regressors filtered by I - lambda M, within transformed, of shape (years, n, k)."""
        return filtered_sample(self.sample.outcome, lambda_)[1]

    def residuals(self, delta: np.ndarray, pair: np.ndarray) -> np.ndarray:
        """Innovations at given parameters, of shape (years, n)."""
        y, Z = filtered_sample(self.sample.given_rho(pair[0]), pair[1])
        return y - Z @ delta


@dataclass(frozen=True, slots=True)
class JointMaximum:
    """The highest point of a likelihood and the next hill.

    Attributes
    ----------
    pair : numpy.ndarray of shape (2,)
        rho and lambda.
    second : numpy.ndarray of shape (2,) or None
        Top of the second highest hill, None where there is one hill.
    distance : float
        Log-likelihood between the two, infinite where there is one hill.
    """

    pair: np.ndarray
    second: np.ndarray | None
    distance: float


def maximise_jointly(likelihood: JointLikelihood) -> JointMaximum:
    """Find the rho and lambda with the greatest concentrated likelihood.

    A scan of both intervals finds the hills, a bounded search climbs the highest ones, and the
    root of the score gives the last digits.

    Raises
    ------
    EstimationError
        When the maximum is at the border of an interval.
    """
    low = np.array([one.low for one in likelihood.determinants])
    width = np.array([one.high for one in likelihood.determinants]) - low
    tops: list[tuple[np.ndarray, float]] = []
    for start in _hills(likelihood, low, width):
        found = optimize.minimize(
            lambda x: -likelihood.value(low + width * x),
            start,
            jac=lambda x: -likelihood.score(low + width * x) * width,
            method="L-BFGS-B",
            bounds=[(MARGIN, 1.0 - MARGIN)] * 2,
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500},
        )
        if all(np.abs(found.x - other).max() > SAME_MAXIMUM for other, _ in tops):
            tops.append((found.x, -float(found.fun)))
    tops.sort(key=lambda top: -top[1])
    best, height = tops[0]
    for j, symbol in enumerate(("rho", "lambda")):
        if min(best[j], 1.0 - best[j]) < BORDER_SHARE:
            raise EstimationError(
                f"{symbol} runs to the border of its valid interval ({low[j]:.6g}, "
                f"{low[j] + width[j]:.6g}): the data do not tell rho and lambda apart with these "
                "weights. Use one of them ('sar', 'sem', 'sdm', 'sdem'), other error_weights, or "
                "add year effects."
            )
    others = [(x, value) for x, value in tops[1:] if min(x.min(), 1.0 - x.max()) >= BORDER_SHARE]
    return JointMaximum(
        _polished(likelihood, low, width, best),
        low + width * others[0][0] if others else None,
        height - others[0][1] if others else np.inf,
    )


def _hills(likelihood: JointLikelihood, low: np.ndarray, width: np.ndarray) -> list[np.ndarray]:
    """Points of the scan that are higher than all their neighbours, the highest first."""
    places = 0.5 - 0.5 * np.cos(np.pi * (np.arange(SCAN_POINTS) + 0.5) / SCAN_POINTS)
    rhos, lambdas = low[:, None] + width[:, None] * places
    first = np.array([likelihood.log_jacobian(0, float(rho)) for rho in rhos])
    same = likelihood.lag_determinant is likelihood.error_determinant
    second = first if same else [likelihood.log_jacobian(1, float(one)) for one in lambdas]
    heights = np.full((SCAN_POINTS + 2, SCAN_POINTS + 2), -np.inf)
    for j, lambda_ in enumerate(lambdas):
        profile = residual_profile(likelihood.packed.given_lambda(float(lambda_)))
        fits = np.array([likelihood.fit(profile(float(rho))[0]) for rho in rhos])
        heights[1:-1, j + 1] = fits + first + second[j]
    inner = heights[1:-1, 1:-1]
    around = np.stack(
        [
            heights[1 + i : SCAN_POINTS + 1 + i, 1 + j : SCAN_POINTS + 1 + j]
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if i or j
        ]
    )
    tops = np.argwhere(inner >= around.max(axis=0))
    order = np.argsort([-inner[i, j] for i, j in tops], kind="stable")[:CLIMBED_HILLS]
    return [np.array([places[tops[place][0]], places[tops[place][1]]]) for place in order]


def _polished(
    likelihood: JointLikelihood, low: np.ndarray, width: np.ndarray, found: np.ndarray
) -> np.ndarray:
    """Root of the score next to a maximum found by search."""

    def score(x: np.ndarray) -> np.ndarray:
        inside = np.clip(x, MARGIN, 1.0 - MARGIN)
        return likelihood.score(low + width * inside) * width / likelihood.observations

    root = optimize.root(score, found, method="hybr", options={"xtol": 1e-13})
    near = np.abs(root.x - found).max() < POLISH_REACH
    smaller = np.abs(score(root.x)).max() <= np.abs(score(found)).max()
    return low + width * (root.x if near and smaller else found)
