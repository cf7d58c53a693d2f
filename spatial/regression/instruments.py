"""Two-stage least squares: the algebra and the tests of instruments, on flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, f

from spatial.errors import EstimationError

# Instruments of unit length whose remainder after the earlier ones is below this add nothing.
DEPENDENT_REMAINDER = 1e-8
# Projected regressors of unit length closer to collinear than this are not identified.
IDENTIFICATION = 1e-7

ScoreVariance = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class TwoStages:
    """Two-stage least squares of y on A with instruments H.

    Attributes
    ----------
    coefficients : numpy.ndarray of shape (p,)
    residuals : numpy.ndarray of shape (m,)
    projected : numpy.ndarray of shape (m, p)
        Fitted values of the regressors in the first stage.
    """

    coefficients: np.ndarray
    residuals: np.ndarray
    projected: np.ndarray


def independent_columns(columns: np.ndarray) -> list[int]:
    """Positions of the columns that earlier ones do not span.

    Parameters
    ----------
    columns : numpy.ndarray of shape (m, q)

    Examples
    --------
    >>> independent_columns(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 1.0]]))
    [0, 2]
    """
    kept: list[int] = []
    basis = np.empty((columns.shape[0], 0))
    for j in range(columns.shape[1]):
        length = float(np.linalg.norm(columns[:, j]))
        if length == 0.0:
            continue
        rest = columns[:, j] / length
        for _ in range(2):  # once more: Gram and Schmidt lose digits in one pass
            rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if left > DEPENDENT_REMAINDER:
            kept.append(j)
            basis = np.column_stack([basis, rest / left])
    return kept


def two_stages(y: np.ndarray, A: np.ndarray, H: np.ndarray, names: Sequence[str]) -> TwoStages:
    r"""Two-stage least squares, :math:`(\hat A' A)^{-1} \hat A' y` with :math:`\hat A = P_H A`.

    Parameters
    ----------
    y : numpy.ndarray of shape (m,)
    A : numpy.ndarray of shape (m, p)
    H : numpy.ndarray of shape (m, q), q >= p, of full rank
    names : sequence of str
        Of the columns of A.

    Raises
    ------
    EstimationError
        If the instruments do not tell the regressors apart.
    """
    basis, _ = np.linalg.qr(H)
    projected = basis @ (basis.T @ A)
    lengths = np.linalg.norm(A, axis=0)
    _, singular, directions = np.linalg.svd(projected / lengths, full_matrices=False)
    if singular[-1] < IDENTIFICATION:
        largest = [
            name for name, share in zip(names, directions[-1], strict=True) if abs(share) > 0.1
        ]
        raise EstimationError(
            f"The instruments do not tell {', '.join(map(repr, largest))} apart; add instruments "
            "that move one and not the other, or leave a regressor out."
        )
    coefficients = np.linalg.solve(projected.T @ projected, projected.T @ y)
    return TwoStages(coefficients, y - A @ coefficients, projected)


def first_stages(
    endogenous: np.ndarray,
    exogenous: np.ndarray,
    excluded: np.ndarray,
    names: Sequence[str],
    free: int,
) -> pd.DataFrame:
    r"""How strongly the excluded instruments move each endogenous regressor.

    Parameters
    ----------
    endogenous : numpy.ndarray of shape (m, e)
    exogenous : numpy.ndarray of shape (m, k)
    excluded : numpy.ndarray of shape (m, q)
    names : sequence of str
    free : int
        Degrees of freedom of the first stage.

    Returns
    -------
    pandas.DataFrame
        Index: regressor. ``partial_r2``; ``f`` with ``f_p``, that all excluded instruments have
        zero coefficients; ``robust_f``, the same under heteroscedasticity; ``conditional_f`` of
        Sanderson and Windmeijer, that they move this regressor beside the other endogenous ones.

    References
    ----------
    Sanderson and Windmeijer (2016) doi:10.1016/j.jeconom.2015.06.004.
    """
    X, Q = _partialled(endogenous, exogenous), _partialled(excluded, exogenous)
    basis, _ = np.linalg.qr(Q)
    q, e = Q.shape[1], X.shape[1]
    rows = []
    for j in range(e):
        x = X[:, j]
        explained = float(np.sum((basis.T @ x) ** 2))
        left = float(x @ x) - explained
        statistic = (explained / q) / (left / free)
        residual = x - basis @ (basis.T @ x)
        scores = basis.T @ x  # coefficients on the orthonormal instruments
        variance = (basis * residual[:, None] ** 2).T @ basis
        others = np.delete(X, j, axis=1)
        conditional = np.nan
        if q > e - 1:
            beside = x
            if e > 1:
                fitted = basis @ (basis.T @ others)
                beside = x - others @ np.linalg.solve(fitted.T @ others, fitted.T @ x)
            moved = float(np.sum((basis.T @ beside) ** 2))
            rest = float(beside @ beside) - moved
            conditional = (moved / (q - e + 1)) / (rest / free)
        rows.append(
            {
                "partial_r2": explained / float(x @ x),
                "f": statistic,
                "f_p": float(f.sf(statistic, q, free)),
                "robust_f": float(scores @ np.linalg.solve(variance, scores)) / q,
                "conditional_f": conditional,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, name="regressor"))


def instrument_tests(
    y: np.ndarray,
    A: np.ndarray,
    H: np.ndarray,
    stages: TwoStages,
    variance: ScoreVariance,
    *,
    observations: int,
) -> pd.DataFrame:
    r"""Test that the surplus instruments are not correlated with the innovations.

    Sargan: :math:`e' P_H e / (e'e / m)`. Hansen: :math:`g' \hat S^{-1} g` at the two-step
    efficient estimate, with :math:`g = H'e` and :math:`\hat S` the variance of g. Both are
    chi-squared with as many degrees of freedom as there are surplus instruments.

    Parameters
    ----------
    y, A, H
        As in ``two_stages``.
    stages : TwoStages
    variance : callable
        From the rows :math:`h_i e_i`, of shape (m, q), to the variance of their sum.
    observations : int
        m, less the fixed effects that were taken out: residuals net of them are too small.

    Returns
    -------
    pandas.DataFrame
        Index: test; columns statistic, df, p_value; NaN where nothing is left to test.

    References
    ----------
    Sargan (1958) doi:10.2307/1907619; Hansen (1982) doi:10.2307/1912775.
    """
    surplus = H.shape[1] - A.shape[1]
    table = pd.DataFrame(
        np.nan,
        index=pd.Index(["Sargan", "Hansen J"], name="test"),
        columns=["statistic", "df", "p_value"],
    )
    table["df"] = surplus
    if surplus <= 0:
        return table
    basis, _ = np.linalg.qr(H)  # the statistics do not depend on the scale of instruments
    e = stages.residuals
    sargan = float(np.sum((basis.T @ e) ** 2)) / float(e @ e / observations)
    S = variance(basis * e[:, None])
    cross = basis.T @ A
    statistics = [sargan, np.nan]
    if np.linalg.matrix_rank(S) == len(S):
        weighted = np.linalg.solve(S, cross)
        efficient = np.linalg.solve(cross.T @ weighted, weighted.T @ (basis.T @ y))
        moments = basis.T @ (y - A @ efficient)
        statistics[1] = float(moments @ np.linalg.solve(S, moments))
    table["statistic"] = statistics
    table["p_value"] = chi2.sf(table["statistic"], surplus)
    return table


def _partialled(values: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Residuals of values on controls."""
    if not controls.shape[1]:
        return values
    basis, _ = np.linalg.qr(controls)
    return np.asarray(values - basis @ (basis.T @ values))
