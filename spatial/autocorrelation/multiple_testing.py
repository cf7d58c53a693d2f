"""Many tests at once: adjusted p-values, and whether permutations can be fine enough for them."""

from __future__ import annotations

import numpy as np

from spatial.errors import EstimationError
from spatial.options import MultipleTesting


def adjusted_p_values(p_values: np.ndarray, correction: MultipleTesting) -> np.ndarray:
    r"""Adjust p-values for the number of tests; compare the result with alpha.

    ``fdr``: Benjamini and Hochberg, :math:`\min_{j \ge k} \min(1, m p_{(j)} / j)` for the k-th
    smallest of m p-values, for tests that are independent or hang together positively. ``by``:
    Benjamini and Yekutieli, the same times :math:`\sum_{j=1}^m 1 / j`, whatever the dependence.
    ``bonferroni``: :math:`\min(1, m p)`.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (m,)
        NaN marks tests that were not done; they stay NaN and are not counted.
    correction : {"none", "fdr", "by", "bonferroni"}

    Returns
    -------
    numpy.ndarray of shape (m,)

    References
    ----------
    Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society B, 57(1), 289-300. https://doi.org/10.1111/j.2517-6161.1995.tb02031.x

    Benjamini, Y., & Yekutieli, D. (2001). The control of the false discovery rate in multiple
    testing under dependency. Annals of Statistics, 29(4), 1165-1188.

    Caldas de Castro, M., & Singer, B. H. (2006). Controlling the false discovery rate: a new
    application to account for multiple and dependent tests in local statistics of spatial
    association. Geographical Analysis, 38(2), 180-208.
    https://doi.org/10.1111/j.0016-7363.2006.00682.x

    Examples
    --------
    >>> adjusted_p_values(np.array([0.01, 0.02, 0.9, np.nan]), "fdr").round(3).tolist()
    [0.03, 0.03, 0.9, nan]
    """
    adjusted = np.array(p_values, dtype=float)
    done = np.flatnonzero(~np.isnan(adjusted))
    tests = len(done)
    if correction == "none" or tests == 0:
        return adjusted
    if correction == "bonferroni":
        adjusted[done] = np.minimum(1.0, tests * adjusted[done])
        return adjusted
    order = done[np.argsort(adjusted[done], kind="stable")]
    factor = _step_factor(tests, correction)
    stepped = adjusted[order] * factor / np.arange(1, tests + 1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(stepped[::-1])[::-1])
    return adjusted


def resolution_warnings(
    permutations: int,
    tests: int,
    *,
    alpha: float,
    correction: MultipleTesting,
    what: str = "cities",
    tails: int = 1,
) -> tuple[str, ...]:
    """Say what the smallest possible permutation p-value, 1 / (1 + M), means for a correction.

    Parameters
    ----------
    permutations : int
        M.
    tests : int
        Number of p-values that are corrected together.
    alpha : float
    correction : {"none", "fdr", "by", "bonferroni"}
    what : str
        What is tested, for the messages.
    tails : int
        2 where a p-value is twice that of the smaller tail.

    Returns
    -------
    tuple of str
        A sentence when a lone significant city could not be found but a group of them could.

    Raises
    ------
    EstimationError
        When no outcome whatsoever could be significant.
    """
    smallest = tails / (permutations + 1)
    factor = _step_factor(tests, correction)
    strictest = alpha if correction == "none" else alpha / factor
    if smallest <= strictest:
        return ()
    needed = int(np.ceil(tails / strictest)) - 1
    group = int(np.ceil(smallest * factor / alpha - 1e-9))
    if correction not in ("fdr", "by") or group > tests:
        raise EstimationError(
            f"With {permutations} permutations no p-value can be below {smallest:.3g}, and "
            f"correction={correction!r} at alpha={alpha:g} over {tests} {what} needs "
            f"{strictest:.3g}: nothing could be significant. Use at least {needed} permutations."
        )
    return (
        f"With {permutations} permutations no p-value can be below {smallest:.3g}: fewer than "
        f"{group} {what} cannot be significant after {correction.upper()} at alpha={alpha:g} over "
        f"{tests} {what}, however strong; {needed} permutations remove this limit.",
    )


def _step_factor(tests: int, correction: MultipleTesting) -> float:
    """Return what the smallest of m p-values is multiplied by; BY adds 1 + 1/2 + ... + 1/m."""
    if correction == "by":
        return float(tests * (1.0 / np.arange(1, tests + 1)).sum())
    return float(tests)
