r"""All coefficients at once from linear and quadratic moments (Lee 2007; Lee and Yu 2014).

Innovations :math:`e(\theta) = (I - \lambda M)(y - \rho W y - Z \delta)`, net of fixed effects;
moments :math:`H'e` and :math:`e' P_l e`, weighted by the inverse of their variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import least_squares
from scipy.stats import chi2

from spatial.errors import EstimationError
from spatial.regression.error_moments import ErrorModel
from spatial.regression.instrumental_equation import InstrumentalEquation
from spatial.regression.instruments import independent_columns
from spatial.regression.quadratic_moments import (
    ErrorShape,
    QuadraticForms,
    centred_forms,
    moment_variance,
)
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.within import within

# Above this many cities the optimal quadratic forms, which are dense, give way to powers of W.
DENSE_FORMS = 2000
MOST_STEPS = 500
# Relative; far below anything that is reported.
TOLERANCE = 1e-13


@dataclass(frozen=True, eq=False)
class JointProblem:
    """What the moments are made of.

    Attributes
    ----------
    equation : InstrumentalEquation
    model : ErrorModel or None
        Of the errors, None where they are not spatial.
    lag : SpatialLag or None
        Of the outcome, None in models without rho.
    shape : ErrorShape
    mean : numpy.ndarray of shape (years, n, k)
        Exogenous regressors before fixed effects are taken out.
    robust : bool
    rho_interval : tuple of float or None
    """

    equation: InstrumentalEquation
    model: ErrorModel | None
    lag: SpatialLag | None
    shape: ErrorShape
    mean: np.ndarray
    robust: bool
    rho_interval: tuple[float, float] | None

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest values of the parameters."""
        p = self.equation.A.shape[1]
        limits = np.tile([-np.inf, np.inf], (p + (self.model is not None), 1))
        if self.rho_interval is not None:
            limits[p - 1] = self.rho_interval
        if self.model is not None:
            limits[p] = self.model.interval
        return limits[:, 0], limits[:, 1]

    def innovations(self, theta: np.ndarray) -> np.ndarray:
        """Compute e(theta), of shape (years, n)."""
        p = self.equation.A.shape[1]
        u = self.equation.y - self.equation.A @ theta[:p]
        if self.model is not None:
            u = u - theta[p] * self.model.lagged(u)
        return u.reshape(self.shape.years, self.shape.n)

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """Differentiate e(theta), of shape (years * n, parameters)."""
        A = self.equation.A
        p = A.shape[1]
        if self.model is None:
            return -A
        u = self.equation.y - A @ theta[:p]
        lagged = self.model.lagged(u)
        return -np.column_stack([A - theta[p] * self.model.lagged(A), lagged])


@dataclass(frozen=True, eq=False)
class JointEstimate:
    """Coefficients from weighted moments.

    Attributes
    ----------
    theta : numpy.ndarray
        Regressors, rho last among them, then lambda.
    covariance : numpy.ndarray
    innovations : numpy.ndarray of shape (years, n)
    statistic, p_value : float
        Of over-identification; NaN where nothing is left to test.
    df : int
    forms : str
        Which quadratic moments, in words.
    """

    theta: np.ndarray
    covariance: np.ndarray
    innovations: np.ndarray
    statistic: float
    p_value: float
    df: int
    forms: str


def joint_gmm(problem: JointProblem, start: np.ndarray) -> JointEstimate:
    r"""Estimate in two rounds: with powers of the weights, then with the optimal moments.

    Optimal quadratic forms at the estimates of the first round are :math:`G = W (I - \rho
    W)^{-1}`, seen through the filter :math:`I - \lambda M`, and :math:`M (I - \lambda M)^{-1}`;
    the optimal linear moment of rho is :math:`G Z \delta`. With normal errors the estimate is as
    efficient as maximum likelihood; with unequal variances the forms lose their diagonals.

    Parameters
    ----------
    problem : JointProblem
    start : numpy.ndarray
        Consistent estimates.

    References
    ----------
    Lee (2007), Journal of Econometrics 137, 489-514; Lin and Lee (2010), Journal of Econometrics
    157, 34-52; Lee and Yu (2014), Journal of Econometrics 180, 174-197.
    """
    simple = centred_forms(_powers(problem), problem.shape, robust=problem.robust)
    first = _minimised(problem, simple, problem.equation.H, start)
    if problem.shape.n > DENSE_FORMS:
        return replace(first, forms="W and its square")
    forms = centred_forms(
        _optimal_forms(problem, first.theta), problem.shape, robust=problem.robust
    )
    H = _optimal_instruments(problem, first.theta)
    return replace(_minimised(problem, forms, H, first.theta), forms="optimal G")


def moment_values(
    forms: QuadraticForms, H: np.ndarray, e: np.ndarray, jacobian: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Moments (H'e, e' A e) and their derivative, of shapes (q + forms,) and (q + forms, p)."""
    applied = forms.applied(e).reshape(len(forms.forms), -1)
    flat = e.ravel()
    return (
        np.concatenate([H.T @ flat, applied @ flat]),
        np.concatenate([H.T @ jacobian, 2.0 * applied @ jacobian]),
    )


def _minimised(
    problem: JointProblem, forms: QuadraticForms, H: np.ndarray, start: np.ndarray
) -> JointEstimate:
    """Smallest weighted moments, the weights fixed at the start."""
    H = H / np.linalg.norm(H, axis=0)
    root = np.linalg.cholesky(_inverse(moment_variance(forms, H, problem.innovations(start)))).T

    def moments(theta: np.ndarray) -> np.ndarray:
        e = problem.innovations(theta)
        return np.asarray(root @ np.concatenate([H.T @ e.ravel(), forms.values(e)]))

    def slopes(theta: np.ndarray) -> np.ndarray:
        e = problem.innovations(theta)
        return np.asarray(root @ moment_values(forms, H, e, problem.jacobian(theta))[1])

    found = least_squares(
        moments,
        start,
        slopes,
        bounds=problem.bounds,
        x_scale="jac",
        xtol=TOLERANCE,
        ftol=TOLERANCE,
        gtol=TOLERANCE,
        max_nfev=MOST_STEPS,
    )
    if not found.success or found.active_mask.any():
        where = "at the border of the valid interval" if found.active_mask.any() else "nowhere"
        raise EstimationError(
            f"The weighted moments are smallest {where}: the model is hardly identified or the "
            "weights are wrong. Leave a spatial term out or use estimator='gs2sls'."
        )
    theta = found.x
    e = problem.innovations(theta)
    g, slope = moment_values(forms, H, e, problem.jacobian(theta))
    weight = _inverse(moment_variance(forms, H, e))
    covariance = np.linalg.inv(slope.T @ weight @ slope)
    df = len(g) - len(theta)
    statistic = float(g @ weight @ g) if df else float("nan")
    p_value = float(chi2.sf(statistic, df)) if df else float("nan")
    return JointEstimate(theta, (covariance + covariance.T) / 2.0, e, statistic, p_value, df, "")


def _inverse(variance: np.ndarray) -> np.ndarray:
    """Inverse of a variance of moments of very different scale."""
    scale = np.sqrt(np.diag(variance))
    correlation = variance / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1e12:
        raise EstimationError(
            "The variance of the moments is singular: there are more moments than the data tell "
            "apart. Lower orders= or use estimator='gs2sls'."
        )
    return np.asarray(np.linalg.inv(correlation) / np.outer(scale, scale))


def _powers(problem: JointProblem) -> list[Sequence[sparse.csr_array]]:
    """W, W^2, M and M^2 of the lags that the model has."""
    found: list[Sequence[sparse.csr_array]] = []
    sources = [] if problem.lag is None else [problem.lag.matrices]
    if problem.model is not None:
        same = problem.lag is not None and _equal(problem.lag.matrices, problem.model.matrices)
        sources += [] if same else [problem.model.matrices]
    for matrices in sources:
        found += [matrices, tuple(sparse.csr_array(A @ A) for A in matrices)]
    return found


def _equal(left: Sequence[sparse.csr_array], right: Sequence[sparse.csr_array]) -> bool:
    return len(left) == len(right) and all(
        A is B or (A != B).nnz == 0 for A, B in zip(left, right, strict=True)
    )


def _optimal_forms(problem: JointProblem, theta: np.ndarray) -> list[Sequence[sparse.csr_array]]:
    p, n = problem.equation.A.shape[1], problem.shape.n
    error = None if problem.model is None else problem.model.matrices
    lagged = None if problem.lag is None else problem.lag.matrices
    count = max(len(error or ()), len(lagged or ()))
    forms: list[Sequence[sparse.csr_array]] = []
    for kind in ("outcome", "error"):
        made = []
        for t in range(count):
            M = None if error is None else error[t % len(error)].toarray()
            R = np.eye(n) if M is None else np.eye(n) - theta[p] * M
            if kind == "outcome" and lagged is not None:
                W = lagged[t % len(lagged)].toarray()
                G = np.linalg.solve((np.eye(n) - theta[p - 1] * W).T, W.T).T
                made.append(sparse.csr_array(np.linalg.solve(R.T, (R @ G).T).T))
            elif kind == "error" and M is not None:
                made.append(sparse.csr_array(np.linalg.solve(R.T, M.T).T))
        if made:
            forms.append(tuple(made))
    return forms


def _optimal_instruments(problem: JointProblem, theta: np.ndarray) -> np.ndarray:
    """Filter the regressors and the prediction of the lagged outcome.

    Endogenous regressors of the user have no known prediction: all instruments stay, then.
    """
    equation, p = problem.equation, problem.equation.A.shape[1]
    hidden = equation.is_endogenous
    user = int(hidden.sum()) > (problem.lag is not None)
    blocks = [equation.H if user else equation.A[:, ~hidden]]
    if problem.lag is not None:
        fitted = problem.mean @ theta[: p - 1][~hidden[: p - 1]]
        signal = problem.lag(problem.lag.solve(float(theta[p - 1]), fitted))
        blocks.append(within(signal, problem.shape.effects).reshape(-1, 1))
    H = np.column_stack(blocks)
    if problem.model is not None:
        H = H - theta[p] * problem.model.lagged(H)
    return H[:, independent_columns(H)]
