r"""The coefficient of spatial errors by moments, and the equation filtered with it.

Steps of Kelejian and Prucha: two-stage least squares; lambda from quadratic moments of its
residuals; two-stage least squares of the filtered equation :math:`(I - \lambda M) y = (I - \lambda
M) Z \delta + e`; and, in the newer form, lambda once more with the optimal weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatial.errors import EstimationError
from spatial.regression.instrumental_equation import InstrumentalEquation
from spatial.regression.instruments import TwoStages, two_stages
from spatial.regression.quadratic_moments import (
    ErrorShape,
    QuadraticForms,
    centred_forms,
    moment_variance,
    raw_forms,
)

Lag = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """The errors u = lambda M u + e of an equation.

    Attributes
    ----------
    matrices : tuple of scipy.sparse.csr_array of shape (n, n)
        M, one for all years or one for each year.
    lag : callable
        M of arrays of shape (years, n, ...), net of fixed effects.
    shape : ErrorShape
    interval : tuple of float
        Open interval of lambda in which I - lambda M is regular.
    """

    matrices: tuple[sparse.csr_array, ...]
    lag: Lag
    shape: ErrorShape
    interval: tuple[float, float]

    def lagged(self, flat: np.ndarray) -> np.ndarray:
        """M times an array of shape (years * n,) or (years * n, k)."""
        shape = (self.shape.years, self.shape.n, *flat.shape[1:])
        return self.lag(flat.reshape(shape)).reshape(flat.shape)

    def square(self, flat: np.ndarray) -> np.ndarray:
        """Innovations as an array of shape (years, n)."""
        return flat.reshape(self.shape.years, self.shape.n)


@dataclass(frozen=True, eq=False)
class FilteredEquation:
    """Estimates of a model with spatial errors.

    Attributes
    ----------
    delta : numpy.ndarray of shape (p,)
        Coefficients of the regressors, rho last in lag models.
    error : float
        lambda.
    sigma2 : float
    covariance : numpy.ndarray of shape (p + 1, p + 1)
    innovations : numpy.ndarray of shape (years, n)
    first : TwoStages
        The first step, without regard to spatial errors.
    """

    delta: np.ndarray
    error: float
    sigma2: float
    covariance: np.ndarray
    innovations: np.ndarray
    first: TwoStages


def gm_1999(equation: InstrumentalEquation, model: ErrorModel) -> FilteredEquation:
    r"""Estimate with the three moments of Kelejian and Prucha (1998, 1999), unweighted.

    The moments are e'e, (Me)'Me and e'Me, with sigma2 as second unknown. The variance of lambda is
    the sandwich of these moments, the estimated coefficients taken into account.

    References
    ----------
    Kelejian and Prucha (1998) doi:10.1023/A:1007707430416; Kelejian and Prucha (1999),
    International Economic Review 40, 509-533.
    """
    n, M = model.shape.n, model.matrices
    forms, traces = raw_forms(
        [
            [sparse.csr_array(sparse.eye_array(n))] * len(M),
            [sparse.csr_array(A.T @ A) for A in M],
            M,
        ],
        model.shape,
    )
    first = two_stages(equation.y, equation.A, equation.H, equation.names)
    polynomial = error_polynomial(forms, model, first.residuals)
    # sigma2 is linear: what its column explains is taken out before the search.
    c = traces / np.linalg.norm(traces)
    outside = np.eye(len(c)) - np.outer(c, c)
    error = smallest_moments(outside @ polynomial, np.eye(len(c)), model.interval)
    stages, Z, e = _filtered(equation, model, error)
    slope = polynomial @ [0.0, 1.0, 2.0 * error]
    jacobian = np.column_stack([slope, -traces])
    total = _joint_covariance(
        equation, forms, stages, Z, e, jacobian, np.eye(len(c)), count=len(first.coefficients) + 1
    )
    return FilteredEquation(
        stages.coefficients,
        error,
        float(np.vdot(e, e)) / model.shape.free,
        total,
        e,
        first,
    )


def gs2sls(equation: InstrumentalEquation, model: ErrorModel, *, robust: bool) -> FilteredEquation:
    r"""Estimate by generalised spatial two-stage least squares with optimally weighted moments.

    Moments e' A e with A = M'M and M, centred: for unequal variances M'M without its diagonal
    (Kelejian and Prucha 2010; Arraiz et al. 2010), for equal ones without its mean (Drukker, Egger
    and Prucha 2013).

    Parameters
    ----------
    equation : InstrumentalEquation
    model : ErrorModel
    robust : bool
        Allow unequal variances.

    References
    ----------
    Kelejian and Prucha (2010) doi:10.1016/j.jeconom.2009.10.025; Arraiz, Drukker, Kelejian and
    Prucha (2010), Journal of Regional Science 50, 592-614; Drukker, Egger and Prucha (2013),
    Econometric Reviews 32, 686-733.
    """
    squares = [sparse.csr_array(A.T @ A) for A in model.matrices]
    if not robust:
        # The first, unweighted lambda depends on the scale of the two moments; this is the one of
        # Drukker, Egger and Prucha.
        level = float(np.mean([A.diagonal().mean() for A in squares]))
        squares = [sparse.csr_array(A / (1.0 + level**2)) for A in squares]
    forms = centred_forms([squares, model.matrices], model.shape, robust=robust)
    first = two_stages(equation.y, equation.A, equation.H, equation.names)
    polynomial = error_polynomial(forms, model, first.residuals)
    error = smallest_moments(polynomial, np.eye(2), model.interval)
    stages, Z, e = _filtered(equation, model, error)
    residuals = equation.y - equation.A @ stages.coefficients
    polynomial = error_polynomial(forms, model, residuals)
    weight = np.linalg.inv(_moment_covariance(equation, forms, stages, Z, e)[2])
    error = smallest_moments(polynomial, weight, model.interval)
    # The variance is taken at the last lambda, the coefficients are those of the one before.
    Z = equation.A - error * model.lagged(equation.A)
    e = model.square(residuals - error * model.lagged(residuals))
    stages = TwoStages(stages.coefficients, stages.residuals, _projected(Z, equation.H))
    weight = np.linalg.inv(_moment_covariance(equation, forms, stages, Z, e)[2])
    slope = polynomial @ [0.0, 1.0, 2.0 * error]
    total = _joint_covariance(
        equation,
        forms,
        stages,
        Z,
        e,
        slope[:, None],
        weight,
        count=len(stages.coefficients) + 1,
    )
    sigma2 = float(np.vdot(e, e)) / model.shape.free
    return FilteredEquation(stages.coefficients, error, sigma2, total, e, first)


def error_polynomial(forms: QuadraticForms, model: ErrorModel, u: np.ndarray) -> np.ndarray:
    """Coefficients of 1, lambda and lambda^2 in e' A e, e = u - lambda M u, each over free.

    Returns
    -------
    numpy.ndarray of shape (forms, 3)
    """
    plain, lagged = model.square(u), model.square(model.lagged(u))
    applied = forms.applied(plain)
    constant = np.einsum("ltn,tn->l", applied, plain)
    linear = -2.0 * np.einsum("ltn,tn->l", applied, lagged)
    return np.column_stack([constant, linear, forms.values(lagged)]) / model.shape.free


def smallest_moments(
    polynomial: np.ndarray, weight: np.ndarray, interval: tuple[float, float]
) -> float:
    r"""Find lambda in the interval at which the weighted moments are smallest.

    The criterion is a polynomial of degree four, so that every stationary point is known: no start
    and no search.

    Raises
    ------
    EstimationError
        If the criterion has no minimum inside the interval.

    Examples
    --------
    >>> round(smallest_moments(np.array([[0.3, -1.0, 0.0]]), np.eye(1), (-1.0, 1.0)), 12)
    0.3
    """
    quartic = np.zeros(5)
    for i in range(3):
        for k in range(3):
            quartic[i + k] += polynomial[:, i] @ weight @ polynomial[:, k]
    criterion = np.polynomial.Polynomial(quartic)
    roots = criterion.deriv().roots()
    size = max(1.0, float(np.abs(roots).max(initial=0.0)))
    real = roots.real[np.abs(roots.imag) < 1e-9 * size]
    low, high = interval
    inside = [float(root) for root in real if low < root < high]
    minima = [root for root in inside if criterion.deriv(2)(root) >= 0.0]
    if not minima:
        raise EstimationError(
            f"The moments of the residuals have no minimum for lambda in its valid interval "
            f"({low:.6g}, {high:.6g}): the error weights do not fit these data. Use other "
            "error_weights, or a specification without spatial errors."
        )
    return min(minima, key=criterion)


def _filtered(
    equation: InstrumentalEquation, model: ErrorModel, error: float
) -> tuple[TwoStages, np.ndarray, np.ndarray]:
    """Two-stage least squares of the filtered equation, its regressors and innovations."""
    Z = equation.A - error * model.lagged(equation.A)
    y = equation.y - error * model.lagged(equation.y)
    stages = two_stages(y, Z, equation.H, equation.names)
    return stages, Z, model.square(stages.residuals)


def _projected(Z: np.ndarray, H: np.ndarray) -> np.ndarray:
    basis, _ = np.linalg.qr(H)
    return np.asarray(basis @ (basis.T @ Z))


def _moment_covariance(
    equation: InstrumentalEquation,
    forms: QuadraticForms,
    stages: TwoStages,
    Z: np.ndarray,
    e: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariance of coefficients, of them with the quadratic moments, and of these.

    In the moments at estimated coefficients e is replaced by e - Z (estimate - truth), whose part
    linear in the innovations has a share in the variance where regressors are endogenous.
    """
    basis, _ = np.linalg.qr(equation.H)  # the scale of instruments does not matter
    joint = moment_variance(forms, basis, e)
    gain = np.linalg.solve(stages.projected.T @ stages.projected, (basis.T @ stages.projected).T)
    drift = -2.0 * forms.applied(e).reshape(len(forms.forms), -1) @ Z
    if not equation.is_endogenous.any():
        drift = np.zeros_like(drift)  # its mean is zero
    influence = np.block(
        [
            [gain, np.zeros((len(gain), len(drift)))],
            [drift @ gain, np.eye(len(drift))],
        ]
    )
    total = influence @ joint @ influence.T
    p, free = len(gain), forms.shape.free
    return total[:p, :p], total[:p, p:] / free, total[p:, p:] / free**2


def _joint_covariance(
    equation: InstrumentalEquation,
    forms: QuadraticForms,
    stages: TwoStages,
    Z: np.ndarray,
    e: np.ndarray,
    jacobian: np.ndarray,
    weight: np.ndarray,
    *,
    count: int,
) -> np.ndarray:
    """Covariance of the coefficients and of lambda, first of what the moments determine."""
    own, cross, moments = _moment_covariance(equation, forms, stages, Z, e)
    weighted = jacobian.T @ weight
    gain = -np.linalg.solve(weighted @ jacobian, weighted)
    total = np.block([[own, cross @ gain.T], [gain @ cross.T, gain @ moments @ gain.T]])
    total = total[:count, :count]
    return np.asarray((total + total.T) / 2.0)
