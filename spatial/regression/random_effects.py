r"""Random effects of cities by maximum likelihood.

.. math:: y_t = \rho W y_t + Z_t \delta + \mu + u_t, \quad u_t = \lambda W u_t + e_t, \quad
          \mu_i \sim (0, \sigma_\mu^2)

Splitting every variable into its city means and the deviations from them splits the likelihood
into two independent parts. In lag models the part of the means is weighted by :math:`\phi^2 =
\sigma^2 / (T \sigma_\mu^2 + \sigma^2)`, which is least squares of quasi-demeaned variables
:math:`x_{it} - (1 - \phi) \bar x_i`, and the log-likelihood gains :math:`N \ln \phi`. In error
models the means have the covariance :math:`\sigma^2 [r I + (B'B)^{-1}] / T` with
:math:`B = I - \lambda W` and :math:`r = \phi^{-2} - 1`; the eigenvalues d of BB' make it diagonal:
weights :math:`1 / (1 + r d)`. Lag models are the case d = 1. Both variances and the coefficients
are concentrated out, so that one search over rho or lambda is left.

The effects of cities are outside the spatial error (Baltagi, Song and Koh 2003), as in Elhorst
(2003); in Kapoor, Kelejian and Prucha (2007) they are inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import linalg, optimize, sparse

from spatial.errors import EstimationError
from spatial.regression.information import information_matrix, inverse_information
from spatial.regression.likelihood import BORDER_SHARE, PERFECT_FIT, maximise
from spatial.regression.log_determinant import LogDeterminant
from spatial.regression.multiplier import panel_traces
from spatial.regression.robust_covariance import DENSE_LIMIT, cluster_least_squares
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.specifications import COMBINED, ERROR, first_lag
from spatial.regression.within import quasi_within

if TYPE_CHECKING:
    from spatial.regression.estimation import Estimate, Problem

# The likelihood in phi can have two hills (Maddala 1971): all of (0, 1] is scanned, on a
# logarithmic grid because phi falls with the square root of the number of years.
SMALLEST_PHI = 1e-4
SCAN_POINTS = 33
SPATIAL_SCAN = 7


# I - lambda W, eigenvalues and eigenvectors of its product with its transpose.
Axes = tuple[sparse.csr_array, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The least-squares problem given rho or lambda: deviations and means of cities.

    Attributes
    ----------
    within, between : numpy.ndarray of shape (rows, k + 1)
        Regressors, then the outcome; any rows with the right cross-products.
    spread : numpy.ndarray
        d, one for each row of ``between``, or a single one for all.
    observations, cities : int
    """

    within: np.ndarray
    between: np.ndarray
    spread: np.ndarray
    observations: int
    cities: int

    @property
    def multiplicity(self) -> float:
        """Cities that each entry of ``spread`` stands for."""
        return self.cities / self.spread.size

    def weights(self, phi: float | np.ndarray) -> np.ndarray:
        """Weights of squared means, phi^2 where the spread is one."""
        return np.asarray(1.0 / (1.0 + (phi**-2.0 - 1.0) * self.spread))

    def stacked(self, phi: float) -> np.ndarray:
        """Rows of least squares at phi."""
        return np.vstack([self.within, np.sqrt(self.weights(phi))[:, None] * self.between])

    def value(self, phi: float) -> float:
        """Log-likelihood without the log-determinant, coefficients and sigma2 concentrated out."""
        m = self.observations
        remainder = _triangle(self.stacked(phi))[-1, -1]
        fit = -0.5 * m * (np.log(2 * np.pi * remainder**2 / m) + 1.0)
        return float(fit + 0.5 * self.multiplicity * np.log(self.weights(phi)).sum())

    def values(self, phis: np.ndarray) -> np.ndarray:
        """``value`` at several phi, by one stack of triangles."""
        m = self.observations
        weights = self.weights(phis[:, None])
        inside = np.broadcast_to(self.within, (len(phis), *self.within.shape))
        rows = np.concatenate([inside, np.sqrt(weights)[..., None] * self.between], axis=1)
        remainder = np.asarray(np.linalg.qr(rows, mode="r"))[:, -1, -1]
        fit = -0.5 * m * (np.log(2 * np.pi * remainder**2 / m) + 1.0)
        return np.asarray(fit + 0.5 * self.multiplicity * np.log(weights).sum(axis=1))

    def solution(self, phi: float) -> tuple[np.ndarray, float]:
        """Coefficients and the sum of squares at phi."""
        triangle = _triangle(self.stacked(phi))
        delta = np.linalg.solve(triangle[:-1, :-1], triangle[:-1, -1])
        return delta, float(triangle[-1, -1] ** 2)

    def slope(self, phi: float) -> float:
        """Differentiate ``value`` by r = 1 / phi^2 - 1."""
        delta, sum_of_squares = self.solution(phi)
        squares = (self.between[:, -1] - self.between[:, :-1] @ delta) ** 2
        weights = self.weights(phi)
        gain = float(np.sum(self.spread * weights**2 * squares)) / sum_of_squares
        return self.observations * gain / 2.0 - self.multiplicity / 2.0 * float(
            np.sum(self.spread * weights)
        )

    def best_phi(self) -> float:
        """Phi in (0, 1] with the greatest likelihood; 1 where cities do not differ."""
        grid = np.geomspace(SMALLEST_PHI, 1.0, SCAN_POINTS)
        heights = self.values(grid)
        best = int(np.argmax(heights))
        if best == SCAN_POINTS - 1 and self.slope(1.0) <= 0.0:
            return 1.0
        low, high = np.log(grid[max(best - 1, 0)]), np.log(grid[min(best + 1, SCAN_POINTS - 1)])
        if self.slope(np.exp(low)) * self.slope(np.exp(high)) >= 0.0:
            raise EstimationError(
                "The variance of the random effects has no maximum of the likelihood: the city "
                "means of the outcome differ beyond any measure. Use effects='city'."
            )
        root = optimize.brentq(lambda t: self.slope(float(np.exp(t))), low, high, xtol=1e-14)
        return float(np.exp(root))


class Parts(Protocol):
    """What makes the least-squares problem for each value of the spatial parameter."""

    def split(self, spatial: float) -> Split:
        """Return the problem at one value."""

    def descent(self, spatial: float, split: Split, phi: float, /) -> tuple[float, float]:
        """Minus half the derivative of the sum of squares, and that of the log-weights."""


class LagParts:
    """Deviations and means of [Z, y, Wy], each packed into a triangle once."""

    def __init__(self, y: np.ndarray, Wy: np.ndarray, Z: np.ndarray) -> None:
        columns = np.concatenate([Z, y[:, :, None], Wy[:, :, None]], axis=2)
        self.observations, self.cities = y.size, y.shape[1]
        self.within, self.between = _triangles(columns)

    def split(self, spatial: float) -> Split:
        """Return the problem of y - rho W y on Z."""
        mixed = [
            np.column_stack([rows[:, :-2], rows[:, -2] - spatial * rows[:, -1]])
            for rows in (self.within, self.between)
        ]
        return Split(mixed[0], mixed[1], np.ones(1), self.observations, self.cities)

    def descent(self, _: float, split: Split, phi: float) -> tuple[float, float]:
        """Return e' W y of quasi-demeaned variables; the weights do not depend on rho."""
        delta = split.solution(phi)[0]
        inside = split.within[:, -1] - split.within[:, :-1] @ delta
        means = split.between[:, -1] - split.between[:, :-1] @ delta
        return float(inside @ self.within[:, -1] + phi**2 * means @ self.between[:, -1]), 0.0


class ErrorParts:
    """Deviations packed into a triangle once; means turned to the axes of BB' for each lambda."""

    def __init__(self, y: np.ndarray, Z: np.ndarray, lag: SpatialLag) -> None:
        columns = np.concatenate([Z, y[:, :, None]], axis=2)
        self.observations, self.cities, self.width = y.size, y.shape[1], columns.shape[2]
        self.within, _ = _triangles(np.concatenate([columns, lag(columns)], axis=2))
        self.means = np.sqrt(y.shape[0]) * columns.mean(axis=0)
        self.W = lag.matrices[0]
        self._last: tuple[float, Axes] | None = None

    def axes(self, spatial: float) -> Axes:
        """B = I - lambda W, eigenvalues and eigenvectors of BB'; those of the last lambda are kept.

        Likelihood and score are asked for at the same lambda, and the eigenvectors take most time.
        """
        if self._last is None or self._last[0] != spatial:
            B = sparse.csr_array(sparse.eye_array(self.cities, format="csr") - spatial * self.W)
            self._last = spatial, (B, *np.linalg.eigh((B @ B.T).toarray()))
        return self._last[1]

    def split(self, spatial: float) -> Split:
        """Return the problem of By on BZ."""
        B, spread, vectors = self.axes(spatial)
        inside = self.within[:, : self.width] - spatial * self.within[:, self.width :]
        means = vectors.T @ (B @ self.means)
        return Split(inside, means, spread, self.observations, self.cities)

    def descent(self, spatial: float, split: Split, phi: float) -> tuple[float, float]:
        """Return derivatives through B, which also turns the covariance of the means."""
        delta = split.solution(phi)[0]
        signs = np.append(-delta, 1.0)
        inside = (split.within @ signs) @ (self.within[:, self.width :] @ signs)
        B, _, vectors = self.axes(spatial)
        ratio, weights = phi**-2 - 1.0, split.weights(phi)
        scaled = vectors @ (weights * (split.between @ signs))  # C^-1 B r
        means = scaled @ (self.W @ (self.means @ signs)) - ratio * (self.W.T @ scaled) @ (
            B.T @ scaled
        )
        turned = np.einsum("ij,ij->j", vectors, self.W @ (B.T @ vectors))
        return float(inside + means), float(ratio * np.sum(weights * turned))


@dataclass(frozen=True, slots=True, eq=False)
class RandomLikelihood:
    """Log-likelihood of rho or lambda with everything else concentrated out.

    Attributes
    ----------
    parts : Parts
    log_determinant : LogDeterminant
        Summed over years.
    """

    parts: Parts
    log_determinant: LogDeterminant

    def value(self, spatial: float) -> float:
        """Concentrated log-likelihood."""
        split = self.parts.split(spatial)
        return split.value(split.best_phi()) + self.log_determinant.value(spatial)

    def score(self, spatial: float) -> float:
        """Its derivative; phi and the coefficients are at their best and count as fixed."""
        split = self.parts.split(spatial)
        phi = split.best_phi()
        slope, turn = self.parts.descent(spatial, split, phi)
        fit = split.observations * slope / split.solution(phi)[1]
        return float(fit + turn - self.log_determinant.first_trace(spatial))


def random_estimate(problem: Problem, log_determinant: LogDeterminant | None) -> Estimate:
    """Fit one specification with random effects of cities.

    Parameters
    ----------
    problem : Problem
        With the city means among the regressors for correlated random effects.
    log_determinant : LogDeterminant or None
        None for least squares.

    Returns
    -------
    Estimate
        With ``phi``, ``city_variance`` and the predicted ``city_effects``.

    Raises
    ------
    EstimationError
        For weights that change by year, robust covariances of spatial models, and error models of
        more cities than a dense matrix allows.

    References
    ----------
    Elhorst (2003) doi:10.1177/0160017603253791; Baltagi, Song and Koh (2003)
    doi:10.1016/S0304-4076(03)00120-9; Mundlak (1978) doi:10.2307/1913646; Debarsy (2012)
    doi:10.1080/17421772.2011.647059.
    """
    from spatial.regression.estimation import Estimate

    design, Z = problem.design, problem.Z
    error_model = problem.specification in ERROR
    _require_possible(problem, error_model)
    lag = first_lag(design, problem.specification)
    parts: Parts = (
        ErrorParts(design.y, Z, lag) if error_model else LagParts(design.y, lag(design.y), Z)
    )
    spatial = 0.0
    if log_determinant is not None:
        symbol = "lambda" if error_model else "rho"
        spatial = _maximum(RandomLikelihood(parts, log_determinant), symbol)
    split = parts.split(spatial)
    phi = split.best_phi()
    delta, sum_of_squares = split.solution(phi)
    if sum_of_squares <= PERFECT_FIT * float(np.vdot(design.y, design.y)):
        raise EstimationError(
            "The regressors reproduce the outcome up to rounding, so that no variance is left to "
            "estimate; leave out the regressors of which the outcome is made."
        )
    sigma2 = sum_of_squares / split.observations
    value = split.value(phi)
    theta = np.append(delta, [sigma2] if log_determinant is None else [spatial, sigma2])
    return Estimate(
        specification=problem.specification,
        effects=problem.effects,
        correction="none",
        regressors=problem.names,
        Z=Z,
        delta=delta,
        spatial=None if log_determinant is None else spatial,
        sigma2=sigma2,
        uncorrected=theta,
        covariance=_covariance(problem, parts, log_determinant, theta, phi),
        log_likelihood=value + (log_determinant.value(spatial) if log_determinant else 0.0),
        log_determinant=log_determinant,
        note=_note(problem, phi),
        phi=phi,
        city_variance=sigma2 * (phi**-2 - 1.0) / design.n_years,
        city_effects=_predicted(problem, parts, delta, spatial, phi),
    )


def _maximum(likelihood: RandomLikelihood, symbol: str) -> float:
    """Maximise as ``maximise`` does, but climb by the score, which costs little beside the value.

    Each value of lambda needs eigenvectors of a city x city matrix: the root of the score next to
    the best point of the scan is found with a third of the values that a search needs.
    """
    low, high = likelihood.log_determinant.low, likelihood.log_determinant.high
    points = np.linspace(low, high, SPATIAL_SCAN + 2)
    best = 1 + int(np.argmax([likelihood.value(float(point)) for point in points[1:-1]]))
    margin = BORDER_SHARE * (high - low)
    left = max(float(points[best - 1]), low + margin)
    right = min(float(points[best + 1]), high - margin)
    if likelihood.score(left) > 0.0 > likelihood.score(right):
        return float(optimize.brentq(likelihood.score, left, right, xtol=1e-14, rtol=1e-14))
    return maximise(likelihood, symbol=symbol)


def _triangle(rows: np.ndarray) -> np.ndarray:
    """Return the triangle of QR, with the cross-products of the rows."""
    return np.asarray(linalg.qr(rows, mode="r", check_finite=False)[0])[: rows.shape[1]]


def _triangles(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of the deviations and of the means (times root T) of shape (years, n, k)."""
    years, _, width = columns.shape
    means = columns.mean(axis=0)
    inside = (columns - means).reshape(-1, width)
    return _triangle(inside), _triangle(np.sqrt(years) * means)


def _require_possible(problem: Problem, error_model: bool) -> None:
    if problem.specification in COMBINED:
        raise EstimationError(
            f"specification={problem.specification!r} with random effects is not made: the "
            "variance of the cities, rho and lambda would have to be told apart from the same "
            "city means. Use effects='city' or 'two-way', or a specification with one spatial "
            "parameter ('sar', 'sem', 'sdm', 'sdem')."
        )
    spatial = problem.specification not in ("ols", "slx")
    if spatial and not first_lag(problem.design, problem.specification).constant:
        raise EstimationError(
            "Random effects need the same weights in all years; use weights of one year or "
            "effects='city'."
        )
    if spatial and problem.covariance != "information":
        raise EstimationError(
            f"covariance={problem.covariance!r} is not made for spatial models with random "
            "effects; use covariance='information', or effects='city'."
        )
    if error_model and problem.design.n > DENSE_LIMIT:
        raise EstimationError(
            f"Error models with random effects need a dense matrix of {problem.design.n} x "
            f"{problem.design.n} cities; they are made for up to {DENSE_LIMIT}. Use a lag "
            "specification ('sar', 'sdm') or effects='city'."
        )


def _covariance(
    problem: Problem,
    parts: Parts,
    determinant: LogDeterminant | None,
    theta: np.ndarray,
    phi: float,
) -> np.ndarray:
    """Covariance of the coefficients and the spatial parameter.

    In lag models both variances enter the information of rho only through tr(G), in the same sum
    as a single variance does, so that the matrix of quasi-demeaned variables serves.
    """
    design, years, sigma2 = problem.design, problem.design.n_years, float(theta[-1])
    Z = quasi_within(problem.Z, phi)
    k = Z.shape[2]
    if determinant is None:
        if problem.covariance == "cluster":
            return cluster_least_squares(Z, quasi_within(design.y, phi) - Z @ theta[:k])
        flat = Z.reshape(-1, k)
        return inverse_information(flat.T @ flat / sigma2)
    spatial = float(theta[-2])
    if isinstance(parts, LagParts):
        signal = quasi_within(design.lag(design.lag.solve(spatial, problem.Z @ theta[:k])), phi)
        traces = panel_traces(design.lag, determinant, spatial)
        information = information_matrix(Z, signal, traces, sigma2, design.y.size)
        return inverse_information(information)[:-1, :-1]
    assert isinstance(parts, ErrorParts)
    rows = parts.split(spatial).stacked(phi)[:, :-1]
    result = np.zeros((k + 1, k + 1))
    result[:k, :k] = inverse_information(rows.T @ rows / sigma2)
    result[k, k] = _error_variance(parts, spatial, sigma2, phi, years)
    return result


def _error_variance(
    parts: ErrorParts, spatial: float, sigma2: float, phi: float, years: int
) -> float:
    """Variance of lambda from the information about (lambda, sigma2, T city variance)."""
    B, _, _ = parts.axes(spatial)
    product = (B.T @ B).toarray()
    inner = np.linalg.inv(product)
    turn = sigma2 * inner @ (parts.W.T @ B + B.T @ parts.W) @ inner
    inside = product / sigma2
    means = np.linalg.inv(sigma2 * inner + sigma2 * (phi**-2 - 1.0) * np.eye(parts.cities))
    slopes_inside = [inside @ turn, inside @ inner]
    slopes_means = [means @ turn, means @ inner, means]
    information = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            information[i, j] = 0.5 * np.sum(slopes_means[i] * slopes_means[j].T)
            if i < 2 and j < 2:
                information[i, j] += (
                    (years - 1) / 2.0 * float(np.sum(slopes_inside[i] * slopes_inside[j].T))
                )
    if phi == 1.0:  # at the border the variance of cities is known to be zero
        information = information[:2, :2]
    return float(inverse_information(information)[0, 0])


def _predicted(
    problem: Problem, parts: Parts, delta: np.ndarray, spatial: float, phi: float
) -> np.ndarray:
    """Best linear prediction of the effect of each city, of shape (n,)."""
    design = problem.design
    levels = (design.y - problem.Z @ delta).mean(axis=0)
    if isinstance(parts, ErrorParts):
        B, spread, vectors = parts.axes(spatial)
        ratio = phi**-2 - 1.0
        inner = (vectors.T @ (B @ levels)) / (1.0 + ratio * spread)
        return np.asarray(ratio * B.T @ (vectors @ inner))
    if spatial:
        levels = levels - spatial * design.lag(design.y).mean(axis=0)
    return np.asarray((1.0 - phi**2) * levels)


def _note(problem: Problem, phi: float) -> str:
    if phi == 1.0:
        return (
            "Random effects by maximum likelihood: the variance of cities is estimated as zero, "
            "so that the model is the pooled one."
        )
    means = (
        " City means of the regressors are added (Mundlak), so that effects may be correlated "
        "with the regressors."
        if problem.effects == "correlated-random"
        else ""
    )
    return (
        f"Random effects by maximum likelihood, phi = {phi:.6g} (0: fixed effects, 1: pooled); "
        f"no correction of bias is needed.{means}"
    )
