"""Principal components of indicators, with adequacy tests and the sign rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spatial.errors import ConfigError, EstimationError, listed

__all__ = ["PrincipalComponents", "bartlett_sphericity", "kaiser_meyer_olkin", "pca_weights"]


@dataclass(frozen=True)
class PrincipalComponents:
    """Components of the correlation matrix of indicators.

    Attributes
    ----------
    eigenvalues : pandas.Series
        Index component (1 is the largest).
    loadings : pandas.DataFrame
        Indicators by kept components, ``sqrt(eigenvalue) * eigenvector``, sum of each >= 0.
    coefficients : pandas.Series
        The score is the sum of coefficient times z-score.
    kmo : float
        Kaiser-Meyer-Olkin measure, NaN when the correlation matrix is singular.
    bartlett : tuple of (float, int, float)
        Chi-square, degrees of freedom, p-value; NaN when singular.
    """

    eigenvalues: pd.Series
    loadings: pd.DataFrame
    coefficients: pd.Series
    kmo: float
    bartlett: tuple[float, int, float]


def kaiser_meyer_olkin(correlation: np.ndarray) -> float:
    r"""Kaiser-Meyer-Olkin measure of sampling adequacy.

    :math:`\sum_{m \ne k} r_{mk}^2 / (\sum r_{mk}^2 + \sum q_{mk}^2)` with the partial
    correlations :math:`q` given all other indicators. NaN for a singular matrix.

    References
    ----------
    Kaiser, H. F. (1974). An index of factorial simplicity. Psychometrika 39, 31-36.
    https://doi.org/10.1007/BF02291575
    """
    if len(correlation) < 2 or np.linalg.cond(correlation) > 1e12:
        return float("nan")
    inverse = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(inverse))
    off = ~np.eye(len(correlation), dtype=bool)
    total = float((correlation[off] ** 2).sum())
    partial = float(((inverse / np.outer(scale, scale))[off] ** 2).sum())
    return total / (total + partial) if total + partial > 0 else float("nan")


def bartlett_sphericity(correlation: np.ndarray, rows: int) -> tuple[float, int, float]:
    r"""Bartlett's test that indicators are uncorrelated.

    :math:`\chi^2 = -(n - 1 - (2M + 5)/6) \ln \det R` with :math:`M(M-1)/2` degrees of freedom.

    References
    ----------
    Bartlett, M. S. (1951). The effect of standardization on a chi-square approximation in factor
    analysis. Biometrika 38(3/4), 337-344. https://doi.org/10.1093/biomet/38.3-4.337
    """
    m = len(correlation)
    sign, logarithm = np.linalg.slogdet(correlation)
    freedom = m * (m - 1) // 2
    if sign <= 0 or freedom == 0 or np.linalg.cond(correlation) > 1e12:
        return float("nan"), freedom, float("nan")
    statistic = max(0.0, float(-(rows - 1 - (2 * m + 5) / 6) * logarithm))
    return statistic, freedom, float(stats.chi2.sf(statistic, freedom))


def pca_weights(z_scores: pd.DataFrame, *, components: float | None = None) -> PrincipalComponents:
    r"""Find the coefficients of the principal-component score.

    With eigenvalues :math:`\lambda_k` and unit eigenvectors :math:`v_k` of the correlation matrix,
    :math:`F_k = Z v_k` and the score is
    :math:`\sum_k (\lambda_k / \sum_{\text{kept}} \lambda) F_k`. Each component is turned so that
    its loadings :math:`\sqrt{\lambda_k} v_k` have a positive sum.

    Parameters
    ----------
    z_scores : pandas.DataFrame
        Complete rows by indicators that vary.
    components : int or float, optional
        How many to keep; a share below 1 keeps as many as explain it; None keeps eigenvalues
        above 1, at least the first.

    Returns
    -------
    PrincipalComponents

    Raises
    ------
    ConfigError
        If ``components`` is neither a number of components nor a share.
    EstimationError
        If there are fewer than three rows.
    """
    rows, m = z_scores.shape
    if rows < 3 or m < 1:
        raise EstimationError(
            f"Principal components need three complete rows and an indicator that varies; there "
            f"are {rows} rows and {listed(z_scores.columns)}."
        )
    correlation = np.atleast_2d(np.corrcoef(z_scores.to_numpy().T))
    values, vectors = np.linalg.eigh(correlation)
    values, vectors = values[::-1].clip(min=0.0), vectors[:, ::-1]
    kept = _kept(values, components)
    sums = vectors.sum(axis=0)
    vectors = vectors * np.where(sums < 0, -1.0, 1.0)
    share = values[:kept] / values[:kept].sum()
    names = pd.RangeIndex(1, m + 1, name="component")
    return PrincipalComponents(
        eigenvalues=pd.Series(values, index=names, name="eigenvalue"),
        loadings=pd.DataFrame(
            vectors[:, :kept] * np.sqrt(values[:kept]), index=z_scores.columns, columns=names[:kept]
        ),
        coefficients=pd.Series(vectors[:, :kept] @ share, index=z_scores.columns, name="weight"),
        kmo=kaiser_meyer_olkin(correlation),
        bartlett=bartlett_sphericity(correlation, rows),
    )


def _kept(eigenvalues: np.ndarray, components: float | None) -> int:
    if components is None:
        return max(1, int((eigenvalues > 1.0).sum()))
    if 0 < components < 1:
        explained = eigenvalues.cumsum() / eigenvalues.sum()
        return int(np.searchsorted(explained, components - 1e-12) + 1)
    if components != int(components) or not 1 <= components <= len(eigenvalues):
        raise ConfigError(
            f"components={components!r} must be a whole number from 1 to {len(eigenvalues)}, or a "
            "share of the variance below 1."
        )
    return int(components)
