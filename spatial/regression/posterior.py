r"""Log-marginal likelihood of spatial models: parameters integrated out, the spatial one last.

With flat priors of the coefficients and of ln sigma, and a uniform prior of the spatial parameter
over its interval of width D, lag models have

.. math:: \ln m = \ln\Gamma(d) - d \ln 2\pi - \tfrac12 \ln|Z'Z| - \ln D + \ln \int
          \exp\{ L(\rho) - d \ln S(\rho) \} d\rho

where L is the log-determinant summed over years, S the residual sum of squares given rho, and d
half the degrees of freedom, (NT - columns of Z - fixed effects) / 2. It is the **logarithm** of
the integral that is added. In error models Z is filtered by I - lambda W, so ln|Z'Z| belongs under
the integral; models without a spatial parameter have - d ln S in its place and no D.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize
from scipy.special import gammaln, logsumexp

from spatial.options import AbsorbedEffects
from spatial.regression.design import PanelDesign
from spatial.regression.estimation import Estimate
from spatial.regression.likelihood import (
    error_sample,
    filtered_sample,
    lag_sample,
    residual_profile,
)
from spatial.regression.specifications import ERROR, LAG, first_lag
from spatial.regression.within import absorbed_parameters, within

# Where the integrand has fallen by e^-45 its rest is below the rounding of the sum.
_DROP = 45.0
# The part kept is some twenty standard deviations wide: Gauss-Legendre is exact to rounding.
_NODES = 64
_SCAN = 33


def log_marginal(design: PanelDesign, estimate: Estimate) -> float:
    """Log-marginal likelihood of a specification that was fitted, fixed effects concentrated out.

    Parameters
    ----------
    design : PanelDesign
    estimate : Estimate
        Gives the specification, the effects, the regressors and the log-determinant; its
        estimates are not used.

    Returns
    -------
    float

    Notes
    -----
    Constants are those of LeSage and Parent: a flat prior of density sqrt(2) for each coefficient.
    Units of regressors matter for models with different regressors, as with any flat prior.

    References
    ----------
    LeSage and Parent (2007) doi:10.1111/j.1538-4632.2007.00703.x; LeSage (2014)
    doi:10.1016/j.spasta.2014.02.002.
    """
    effects: AbsorbedEffects = estimate.effects  # type: ignore[assignment]
    columns = len(estimate.regressors)
    absorbed = absorbed_parameters(effects, design.n, design.n_years)
    half = 0.5 * (design.y.size - columns - absorbed)
    constant = float(gammaln(half) - half * np.log(2.0 * np.pi))
    determinant = estimate.log_determinant
    make = error_sample if estimate.specification in ERROR else lag_sample
    sample = make(design.y, estimate.Z, first_lag(design, estimate.specification), effects)
    profile = residual_profile(sample)
    if determinant is None or estimate.specification not in (*LAG, *ERROR):
        inside = within(estimate.Z, effects)
        return constant - 0.5 * _log_gram(inside) - half * float(np.log(profile(0.0)[0]))
    fixed = 0.0 if estimate.specification in ERROR else 0.5 * _log_gram(sample.Z)

    def log_integrand(rho: float) -> float:
        value = determinant.value(rho) - half * float(np.log(profile(rho)[0]))
        if estimate.specification in ERROR:
            value -= 0.5 * _log_gram(filtered_sample(sample, rho)[1])
        return value

    low, high = determinant.low, determinant.high
    return constant - fixed - float(np.log(high - low)) + log_integral(log_integrand, low, high)


def log_integral(log_integrand: Callable[[float], float], low: float, high: float) -> float:
    """Logarithm of the integral of exp(f) over an open interval, f with one high peak.

    The peak is found, the interval cut where f has fallen by 45, and the rest integrated by
    Gauss-Legendre, relative to the peak so that nothing overflows.

    Examples
    --------
    >>> round(log_integral(lambda x: -0.5 * x * x * 1e6 - 2000.0, -1.0, 1.0), 6)
    -2005.988817
    """
    margin = 1e-12 * (high - low)
    left, right = low + margin, high - margin
    # Nodes crowd at the ends, where log-determinants bend most.
    scan = 0.5 * (left + right) - 0.5 * (right - left) * np.cos(np.linspace(0, np.pi, _SCAN))
    heights = np.array([log_integrand(float(rho)) for rho in scan])
    best = int(np.argmax(heights))
    bounds = (float(scan[max(best - 1, 0)]), float(scan[min(best + 1, _SCAN - 1)]))
    found = optimize.minimize_scalar(
        lambda rho: -log_integrand(rho), bounds=bounds, method="bounded", options={"xatol": 1e-10}
    )
    peak, top = float(found.x), -float(found.fun)

    def fallen(rho: float) -> float:
        return log_integrand(rho) - top + _DROP

    start = optimize.brentq(fallen, left, peak, xtol=1e-10) if fallen(left) < 0 else left
    end = optimize.brentq(fallen, peak, right, xtol=1e-10) if fallen(right) < 0 else right
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # Two halves that meet at the peak: a peak at the end of the interval costs no digits.
    parts = []
    for lower, upper in ((start, peak), (peak, end)):
        if upper > lower:
            points = 0.5 * (upper - lower) * nodes + 0.5 * (upper + lower)
            values = np.array([log_integrand(float(rho)) for rho in points])
            parts.append(logsumexp(values - top, b=weights * 0.5 * (upper - lower)))
    return top + float(logsumexp(parts))


def _log_gram(Z: np.ndarray) -> float:
    """Ln |Z'Z| of regressors of shape (years, n, k)."""
    flat = Z.reshape(-1, Z.shape[-1])
    if flat.shape[1] == 0:
        return 0.0
    return 2.0 * float(np.log(np.abs(np.diag(np.linalg.qr(flat, mode="r")))).sum())
