"""Parameter vectors drawn from their normal distribution, and smooth functions of rho at them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spatial.errors import EstimationError
from spatial.regression.estimation import Estimate
from spatial.regression.log_determinant import LogDeterminant
from spatial.regression.specifications import LAG

# More draws than this outside the valid interval make the simulated distribution meaningless.
MOST_REJECTED = 0.5
INTERPOLATION_NODES = (17, 33, 65, 129)
INTERPOLATION_TOLERANCE = 1e-9


def rho_determinant(estimate: Estimate) -> LogDeterminant | None:
    """Log-determinant of models whose mean has a multiplier, None for others."""
    return estimate.log_determinant if estimate.specification in LAG else None


def drawn_parameters(
    estimate: Estimate, draws: int, generator: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Draw parameter vectors and leave those with rho outside its valid interval.

    Returns
    -------
    parameters : numpy.ndarray of shape (kept draws, p)
    rejected : float
        Share of draws left.

    Raises
    ------
    EstimationError
        If more than half of the draws are left.
    """
    values, vectors = np.linalg.eigh(estimate.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = generator.standard_normal((draws, len(values)))
    parameters = estimate.parameters + noise @ root.T
    determinant = rho_determinant(estimate)
    if determinant is None:
        return parameters, 0.0
    rho = parameters[:, estimate.names.index("rho")]
    inside = (rho > determinant.low) & (rho < determinant.high)
    rejected = float(1.0 - inside.mean())
    if rejected > MOST_REJECTED:
        raise EstimationError(
            f"{rejected:.0%} of the simulated rho lie outside the valid interval "
            f"({determinant.low:.6g}, {determinant.high:.6g}); rho is too uncertain or too close "
            "to the border for simulation. Use inference='delta' or a simpler model."
        )
    return parameters[inside], rejected


def interpolated(function: Callable[[float], np.ndarray], rho: np.ndarray) -> np.ndarray:
    """Values of a smooth function at many rho, of shape (draws, ...).

    Chebyshev interpolation over the range of the draws replaces one factorisation for each draw
    by a few, with more nodes until the last terms vanish.

    Parameters
    ----------
    function : callable
        Of rho, returning an array.
    rho : numpy.ndarray of shape (draws,)

    Examples
    --------
    >>> at = np.linspace(-0.5, 0.5, 200)
    >>> found = interpolated(lambda r: np.array([1 / (1 - r)]), at)
    >>> bool(np.abs(found[:, 0] - 1 / (1 - at)).max() < 1e-9)
    True
    """
    low, high = float(rho.min()), float(rho.max())
    if high - low < 1e-12:
        return np.stack([function(low)] * len(rho))
    for count in INTERPOLATION_NODES:
        nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        at_nodes = np.stack([function(low + (high - low) * (node + 1.0) / 2.0) for node in nodes])
        shape = at_nodes.shape[1:]
        terms = np.polynomial.chebyshev.chebfit(nodes, at_nodes.reshape(count, -1), count - 1)
        tail = np.abs(terms[-2:]).max(axis=0) / np.maximum(np.abs(terms).max(axis=0), 1.0)
        if tail.max() < INTERPOLATION_TOLERANCE:
            break
    scaled = 2.0 * (rho - low) / (high - low) - 1.0
    values = np.polynomial.chebyshev.chebval(scaled, terms)
    return np.asarray(np.moveaxis(values, -1, 0)).reshape(len(rho), *shape)
