"""How strong instruments are, and inference that holds however weak they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2

from spatial.errors import ConfigError, listed
from spatial.regression.instrumental_equation import InstrumentalEquation
from spatial.regression.instruments import ScoreVariance
from spatial.results import Configuration, Result

# Angles at which the robust statistic is looked at before its crossings are refined.
ANGLES = 2001


@dataclass(frozen=True, kw_only=True)
class WeakInstruments(Result):
    """Tests of identification, and a test of the coefficients that weak instruments do not harm.

    Attributes
    ----------
    configuration : Configuration
    identification : pandas.DataFrame
        Index: Anderson LM, Cragg-Donald F, Kleibergen-Paap LM, Kleibergen-Paap F; columns
        statistic, df, p_value. The two LM test that the instruments do not identify all
        endogenous regressors; the two F, which have no p-value here, measure how strongly they
        do. With one endogenous regressor the Cragg-Donald F is the F of the first stage.
    anderson_rubin : pandas.Series
        statistic, df, p_value of the hypothesis that all endogenous coefficients have the values
        of ``null`` (chi-squared).
    confidence_sets : pandas.DataFrame
        Index: endogenous regressor; estimate, low, high and shape, by inversion of the
        Anderson-Rubin test. Shape "interval" is low to high; "two rays" is all *outside* (low,
        high); "line" says that the data exclude no value, "empty" that every value is rejected:
        the instruments are not valid.
    """

    configuration: Configuration
    identification: pd.DataFrame
    anderson_rubin: pd.Series
    confidence_sets: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the tests, a row for each."""
        own = self.anderson_rubin.rename("Anderson-Rubin").to_frame().T.rename_axis("test")
        return pd.concat([self.identification, own]).rename_axis("test")


@dataclass(frozen=True, eq=False)
class Partialled:
    """Outcome, endogenous regressors and orthonormal instruments net of exogenous regressors.

    Attributes
    ----------
    y : numpy.ndarray of shape (m,)
    X : numpy.ndarray of shape (m, e)
    Z : numpy.ndarray of shape (m, q)
        Orthonormal columns.
    names : tuple of str, length e
    observations, free : int
        Rows less fixed effects; less instruments and exogenous regressors as well.
    """

    y: np.ndarray
    X: np.ndarray
    Z: np.ndarray
    names: tuple[str, ...]
    observations: int
    free: int


def partialled(equation: InstrumentalEquation) -> Partialled:
    """Take the exogenous regressors out of everything else."""
    hidden = equation.is_endogenous
    basis, _ = np.linalg.qr(equation.A[:, ~hidden])
    count = int((~hidden).sum())

    def net(values: np.ndarray) -> np.ndarray:
        return np.asarray(values - basis @ (basis.T @ values)) if count else values

    Z, _ = np.linalg.qr(net(equation.H[:, count:]))
    names = tuple(name for name, out in zip(equation.names, hidden, strict=True) if out)
    observations = equation.free + equation.A.shape[1]
    free = observations - equation.H.shape[1]
    return Partialled(net(equation.y), net(equation.A[:, hidden]), Z, names, observations, free)


def identification_tests(data: Partialled, variance: ScoreVariance) -> pd.DataFrame:
    r"""Test that the instruments identify, and measure how strongly.

    Smallest canonical correlation r of regressors and instruments: Anderson LM = m r^2;
    Cragg-Donald F = r^2 / (1 - r^2) times free over instruments. Kleibergen-Paap: the same for
    scores of any variance.

    Parameters
    ----------
    data : Partialled
    variance : callable
        From rows of scores to the variance of their sum.

    References
    ----------
    Anderson (1951), Annals of Mathematical Statistics 22, 327-351; Cragg and Donald (1993),
    Econometric Theory 9, 222-240; Kleibergen and Paap (2006) doi:10.1016/j.jeconom.2005.02.011.
    """
    q, e = data.Z.shape[1], data.X.shape[1]
    lengths = np.linalg.cholesky(data.X.T @ data.X)
    scaled = np.linalg.solve(lengths, data.X.T @ data.Z)  # e x q
    smallest = float(np.linalg.svd(scaled, compute_uv=False)[-1] ** 2)
    df = q - e + 1
    anderson = data.observations * smallest
    cragg = smallest / (1.0 - smallest) * data.free / q
    null = _rank_statistic(data, data.X, variance)
    strength = _rank_statistic(data, data.X - data.Z @ (data.Z.T @ data.X), variance)
    rows = {
        "Anderson LM": (anderson, df, chi2.sf(anderson, df)),
        "Cragg-Donald F": (cragg, df, np.nan),
        "Kleibergen-Paap LM": (null, df, chi2.sf(null, df)),
        "Kleibergen-Paap F": (strength * data.free / data.observations / q, df, np.nan),
    }
    table = pd.DataFrame(rows, index=["statistic", "df", "p_value"]).T.rename_axis("test")
    return table.astype({"df": int})


def _rank_statistic(data: Partialled, errors: np.ndarray, variance: ScoreVariance) -> float:
    """Kleibergen and Paap's statistic that the first stage has rank one less than full.

    The errors of the scores are the regressors themselves for the LM form, which imposes the
    null, and first-stage residuals for the Wald form.
    """
    Z, e = data.Z, data.X.shape[1]
    # Instruments are orthonormal; regressors are scaled by the root of the errors' second moment.
    scale = np.linalg.inv(np.linalg.cholesky(errors.T @ errors))
    theta = Z.T @ data.X @ scale.T
    U, _, Vt = np.linalg.svd(theta)
    left, right = U[:, e - 1 :], Vt[e - 1 :, :]
    rest = left.T @ theta @ right.T  # (q - e + 1, 1), the smallest singular direction
    scores = (errors @ scale.T @ right.T) * (Z @ left)
    return float(rest.ravel() @ np.linalg.solve(variance(scores), rest.ravel()))


def anderson_rubin_test(
    data: Partialled, null: Mapping[str, float], variance: ScoreVariance | None
) -> pd.Series:
    r"""Test that the endogenous coefficients have given values.

    Classical: free e'Pe / e'(I - P)e, e = y - X b0; with a variance: e'Z V^-1 Z'e. Both are
    chi-squared with as many degrees of freedom as instruments; the size is right whatever the
    strength of the instruments.

    References
    ----------
    Anderson and Rubin (1949), Annals of Mathematical Statistics 20, 46-63.
    """
    unknown = [name for name in null if name not in data.names]
    if unknown:
        raise ConfigError(
            f"null={listed(unknown)} are not endogenous; choose from {listed(data.names)}."
        )
    values = np.array([float(null.get(name, 0.0)) for name in data.names])
    statistic = _anderson_rubin(data, data.y - data.X @ values, variance)
    q = data.Z.shape[1]
    return pd.Series(
        {"statistic": statistic, "df": q, "p_value": float(chi2.sf(statistic, q))},
        name="Anderson-Rubin",
    )


def _anderson_rubin(data: Partialled, e: np.ndarray, variance: ScoreVariance | None) -> float:
    moments = data.Z.T @ e
    if variance is None:
        explained = float(moments @ moments)
        return data.free * explained / (float(e @ e) - explained)
    return float(moments @ np.linalg.solve(variance(data.Z * e[:, None]), moments))


def confidence_sets(
    data: Partialled,
    estimates: np.ndarray,
    variance: ScoreVariance | None,
    *,
    level: float,
) -> pd.DataFrame:
    """Invert the Anderson-Rubin test for each endogenous coefficient.

    With several endogenous regressors the sets are projections of the joint one, in closed form
    for equal variances (Dufour and Taamouti 2005, Econometrica 73, 1351-1365); a robust joint set
    has no such form and its projections are left out (NaN).
    """
    critical = float(chi2.ppf(level, data.Z.shape[1]))
    rows = []
    for j, (name, estimate) in enumerate(zip(data.names, estimates, strict=True)):
        if variance is None:
            found = _quadratic_set(*_profile(data, critical, j))
        elif len(data.names) == 1:
            found = _robust_set(data, variance, critical, float(estimate))
        else:
            found = (np.nan, np.nan, "not computed")
        rows.append((name, float(estimate), *found))
    table = pd.DataFrame(rows, columns=["regressor", "estimate", "low", "high", "shape"])
    return table.set_index("regressor")


def _profile(data: Partialled, critical: float, j: int) -> tuple[float, float, float]:
    """Coefficients a, b, c of the set a x^2 + b x + c <= 0 of one coefficient, others free."""
    values = np.column_stack([data.X, data.y])
    explained = data.Z.T @ values
    share = critical / data.free
    matrix = (1.0 + share) * explained.T @ explained - share * values.T @ values
    e = data.X.shape[1]
    others = [k for k in range(e) if k != j]
    flip = np.ones(e + 1)
    flip[:e] = -1.0
    matrix = matrix * np.outer(flip, flip)  # of (x, 1) in y - X x
    kept = [j, e]
    reduced = matrix[np.ix_(kept, kept)]
    if others:
        inner = matrix[np.ix_(others, others)]
        if np.linalg.eigvalsh(inner)[0] <= 0.0:
            return -1.0, 0.0, -1.0  # the others reach any depth: nothing is excluded
        cross = matrix[np.ix_(others, kept)]
        reduced = reduced - cross.T @ np.linalg.solve(inner, cross)
    return float(reduced[0, 0]), 2.0 * float(reduced[0, 1]), float(reduced[1, 1])


def _quadratic_set(a: float, b: float, c: float) -> tuple[float, float, str]:
    """Where a x^2 + b x + c <= 0.

    Examples
    --------
    >>> _quadratic_set(1.0, 0.0, -4.0), _quadratic_set(-1.0, 0.0, 4.0)[2]
    ((-2.0, 2.0, 'interval'), 'two rays')
    """
    discriminant = b**2 - 4.0 * a * c
    if discriminant <= 0.0:
        return (-np.inf, np.inf, "line") if a < 0.0 else (np.nan, np.nan, "empty")
    root = np.sqrt(discriminant)
    low, high = sorted(((-b - root) / (2.0 * a), (-b + root) / (2.0 * a)))
    return float(low), float(high), "interval" if a > 0.0 else "two rays"


def _robust_set(
    data: Partialled, variance: ScoreVariance, critical: float, centre: float
) -> tuple[float, float, str]:
    """Crossings of the robust statistic along x = centre + scale tan(angle), the whole line."""
    x = data.X[:, 0]
    scale = float(np.linalg.norm(data.y - centre * x) / np.linalg.norm(data.Z.T @ x))

    def excess(angle: float) -> float:
        e = np.cos(angle) * (data.y - centre * x) - np.sin(angle) * scale * x
        return _anderson_rubin(data, e, variance) - critical

    angles = np.linspace(-np.pi / 2, np.pi / 2, ANGLES)
    values = np.array([excess(angle) for angle in angles])
    crossings = [
        centre + scale * float(np.tan(brentq(excess, angles[k], angles[k + 1])))
        for k in np.flatnonzero(values[:-1] * values[1:] < 0.0)
    ]
    if not crossings:
        return (-np.inf, np.inf, "line") if values[0] <= 0.0 else (np.nan, np.nan, "empty")
    # The ends of the range are the two ends of the line: both belong to the set, or neither.
    shape = "interval" if values[0] > 0.0 else "two rays"
    if len(crossings) > 2:
        shape = "several intervals"
    return min(crossings), max(crossings), shape


def weak_instruments(
    equation: InstrumentalEquation,
    estimates: np.ndarray,
    variance: ScoreVariance | None,
    *,
    null: Mapping[str, float],
    level: float,
    description: str,
) -> WeakInstruments:
    """Collect the tests; ``SpatialIVResult.weak_instruments`` is the way in."""
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level={level!r} must lie between 0 and 1, 0.95 by custom.")
    if not equation.is_endogenous.any():
        raise ConfigError("No regressor is endogenous: there are no instruments to examine.")
    data = partialled(equation)
    plain: ScoreVariance = variance or (lambda scores: scores.T @ scores)
    return WeakInstruments(
        configuration=Configuration(
            function="weak_instruments",
            options={"null": dict(null), "level": level, "classical": variance is None},
            weights=description,
        ),
        identification=identification_tests(data, plain),
        anderson_rubin=anderson_rubin_test(data, null, variance),
        confidence_sets=confidence_sets(
            data, estimates[equation.is_endogenous], variance, level=level
        ),
    )
