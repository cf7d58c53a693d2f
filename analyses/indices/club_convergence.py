"""Club convergence of cities: the log t test and the clubs it finds (Phillips and Sul 2007)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyses.indices.resilience_inputs import checked_panel
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["ClubConvergence", "LogTTest", "club_convergence", "log_t_test"]

CRITICAL = -1.65
"""One-sided, 5 %: convergence is rejected below."""


@dataclass(frozen=True)
class LogTTest:
    """Log t test of convergence of some cities.

    Attributes
    ----------
    coefficient : float
        Twice the speed of convergence; 2 and more is convergence of levels, 0 to 2 of growth.
    std_error : float
        Robust against autocorrelation and heteroskedasticity.
    t : float
    converges : bool
        ``t`` is not below -1.65.
    years : int
        Years that enter.
    """

    coefficient: float
    std_error: float
    t: float
    converges: bool
    years: int


@dataclass(frozen=True, kw_only=True)
class ClubConvergence(Result):
    """Clubs of cities that converge among themselves.

    Attributes
    ----------
    all_cities : LogTTest
    clubs : pandas.Series
        Index city: number of the club (1 is the highest in the last year), missing for cities
        that belong to none.
    table : pandas.DataFrame
        Index ``club``: ``n``, ``coefficient``, ``std_error``, ``t``, ``last_mean``.
    merged : tuple of tuple of int
        Clubs as first found that were merged, by their first numbers.
    configuration : Configuration
    """

    all_cities: LogTTest
    clubs: pd.Series
    table: pd.DataFrame
    merged: tuple[tuple[int, ...], ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table of clubs."""
        return self.table.copy()


def log_t_test(levels: pd.DataFrame, *, discard: float = 0.3) -> LogTTest:
    r"""Test whether cities converge, whatever their paths before.

    With :math:`h_{it} = y_{it} / \bar y_t` and :math:`H_t = n^{-1} \sum_i (h_{it} - 1)^2`, the
    regression :math:`\ln(H_1 / H_t) - 2 \ln\ln t = a + b \ln t + u_t` over
    :math:`t = [rT], \ldots, T` rejects convergence when the t-value of :math:`b` is below -1.65.
    Its standard error is that of Andrews (1991): quadratic spectral kernel, bandwidth from a
    first-order autoregression of the residuals.

    Parameters
    ----------
    levels : pandas.DataFrame of shape (T, n)
        A row for each year in order, a column for each city; positive, as a rule logarithms or
        trends of them (filter cycles out first).
    discard : float
        Share :math:`r` of first years left out; 0.3 for T up to 50, 0.2 above 100.

    Returns
    -------
    LogTTest

    Raises
    ------
    EstimationError
        If years are too few, or the cities are equal in a year.
    ConfigError
        If ``discard`` is not between 0 and 1.

    References
    ----------
    Phillips, P. C. B. & Sul, D. (2007). Transition modeling and econometric convergence tests.
    Econometrica 75(6), 1771-1855.

    Andrews, D. W. K. (1991). Heteroskedasticity and autocorrelation consistent covariance matrix
    estimation. Econometrica 59(3), 817-858.
    """
    if not 0 < discard < 1:
        raise ConfigError(f"discard={discard!r} must lie between 0 and 1, as 0.3 does.")
    values = _checked(levels)
    return _log_t(values, discard)


def club_convergence(
    panel: pd.DataFrame,
    outcome: str,
    *,
    discard: float = 0.3,
    sieve: float = 0.0,
    merge: bool = True,
) -> ClubConvergence:
    """Sort cities into clubs that converge among themselves.

    Cities are ordered by the last year. A core group starts with the first neighbours in that
    order that converge and grows while the t-value rises; every other city joins when its t-value
    with the core is above ``sieve`` and the whole club converges, else ``sieve`` is raised by
    0.5 until it does. The rest is tested: all in one club, or the steps again. At last, clubs
    next to each other that converge together are merged.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``; complete.
    outcome : str
        Positive levels; see ``log_t_test``.
    discard : float
        See ``log_t_test``.
    sieve : float
        Critical value of joining, zero or above.
    merge : bool

    Returns
    -------
    ClubConvergence

    Raises
    ------
    PanelError
        If cities lack years, or levels are not positive; they are named.
    EstimationError
        If years are too few, or the cities are equal in a year.
    ConfigError
        If an option is out of range.

    References
    ----------
    Phillips, P. C. B. & Sul, D. (2007). Transition modeling and econometric convergence tests.
    Econometrica 75(6), 1771-1855.

    Phillips, P. C. B. & Sul, D. (2009). Economic transition and growth. Journal of Applied
    Econometrics 24(7), 1153-1185.
    """
    if not (0 < discard < 1 and sieve >= 0):
        raise ConfigError(f"discard={discard!r} must lie in (0, 1) and sieve={sieve!r} be >= 0.")
    checked_panel(panel, columns=[outcome])
    series = pd.Series(
        panel[outcome].to_numpy(float),
        index=pd.MultiIndex.from_arrays(
            [panel.index.get_level_values("year"), panel.index.get_level_values("city")]
        ),
    )
    levels = series.unstack().sort_index()
    gaps = levels.columns[levels.isna().any().to_numpy()]
    if len(gaps):
        raise PanelError(f"{outcome} lacks years in {listed(gaps)}. Drop these cities first.")
    values = _checked(levels)
    found = _clubs(values, np.arange(values.shape[1]), discard, sieve)
    merged: tuple[tuple[int, ...], ...] = ()
    if merge:
        found, merged = _merged(values, found, discard)
    membership = pd.Series(pd.NA, index=levels.columns.rename("city"), dtype="Int64", name="club")
    rows = {}
    for number, members in enumerate(found, start=1):
        membership.iloc[members] = number
        test = _log_t(values[:, members], discard)
        rows[number] = {
            "n": len(members),
            "coefficient": test.coefficient,
            "std_error": test.std_error,
            "t": test.t,
            "last_mean": float(values[-1, members].mean()),
        }
    return ClubConvergence(
        all_cities=_log_t(values, discard),
        clubs=membership,
        table=pd.DataFrame.from_dict(
            rows, orient="index", columns=["n", "coefficient", "std_error", "t", "last_mean"]
        ).rename_axis("club"),
        merged=merged,
        configuration=Configuration(
            function="club_convergence",
            options={"outcome": outcome, "discard": discard, "sieve": sieve, "merge": merge},
        ),
    )


def _checked(levels: pd.DataFrame) -> np.ndarray:
    values = levels.to_numpy(dtype=float)
    wrong = levels.columns[~(np.isfinite(values) & (values > 0)).all(axis=0)]
    if len(wrong):
        raise PanelError(f"Levels are missing, zero or negative in {listed(wrong)}.")
    return values


def _log_t(values: np.ndarray, discard: float) -> LogTTest:
    years, n = values.shape
    first = max(int(np.floor(discard * years)), 2)  # ln ln 1 does not exist
    used = np.arange(first, years + 1)
    if n < 2 or len(used) < 4:
        raise EstimationError(
            f"The log t test needs two cities and four years after the first {first - 1}; there "
            f"are {n} cities and {years} years."
        )
    relative = values / values.mean(axis=1, keepdims=True)
    spread = ((relative - 1.0) ** 2).mean(axis=1)
    if not (spread > 0).all():
        raise EstimationError("All cities are equal in a year; there is nothing to converge.")
    logarithm = np.log(used)
    y = np.log(spread[0] / spread[used - 1]) - 2.0 * np.log(logarithm)
    x = np.column_stack([np.ones(len(used)), logarithm])
    estimate, *_ = np.linalg.lstsq(x, y, rcond=None)
    error = _long_run_error(x, y - x @ estimate)
    t = float(estimate[1] / error) if error > 0 else float(np.sign(estimate[1]) * np.inf)
    return LogTTest(float(estimate[1]), error, t, t >= CRITICAL, len(used))


def _long_run_error(x: np.ndarray, residual: np.ndarray) -> float:
    """Return the standard error of the slope: long-run variance times (X'X)^-1."""
    n = len(residual)
    before, after = residual[:-1], residual[1:]
    rho = float(before @ after / (before @ before)) if before @ before > 0 else 0.0
    rho = float(np.clip(rho, -0.97, 0.97))
    bandwidth = 1.3221 * (4 * rho**2 / (1 - rho) ** 4 * n) ** 0.2
    variance = float(residual @ residual) / n
    for lag in range(1, n):
        if bandwidth > 0:
            z = 6 * np.pi * lag / bandwidth / 5
            weight = 3 / z**2 * (np.sin(z) / z - np.cos(z))
            variance += 2 * weight * float(residual[lag:] @ residual[:-lag]) / n
    return float(np.sqrt(max(variance, 0.0) * np.linalg.inv(x.T @ x)[1, 1]))


def _clubs(
    values: np.ndarray, cities: np.ndarray, discard: float, sieve: float
) -> list[np.ndarray]:
    clubs: list[np.ndarray] = []
    rest = cities
    while len(rest) > 1:
        if _log_t(values[:, rest], discard).converges:
            return [*clubs, rest]
        core = _core(values, rest, discard)
        if core is None:
            break
        club = _joined(values, core, rest, discard, sieve)
        clubs.append(club)
        rest = np.setdiff1d(rest, club)
    return clubs


def _core(values: np.ndarray, cities: np.ndarray, discard: float) -> np.ndarray | None:
    """Return the first neighbours in the order of the last year that converge most surely."""
    order = cities[np.argsort(-values[-1, cities], kind="stable")]
    for start in range(len(order) - 1):
        best = _log_t(values[:, order[start : start + 2]], discard).t
        if best < CRITICAL:
            continue
        end = start + 2
        while end < len(order):
            t = _log_t(values[:, order[start : end + 1]], discard).t
            if t <= best:
                break
            best, end = t, end + 1
        return order[start:end]
    return None


def _joined(
    values: np.ndarray, core: np.ndarray, cities: np.ndarray, discard: float, sieve: float
) -> np.ndarray:
    others = np.setdiff1d(cities, core)
    t_with_core = np.array([_log_t(values[:, [*core, city]], discard).t for city in others])
    limit = sieve
    while True:
        club = np.concatenate([core, others[t_with_core > limit]])
        if len(club) == len(core) or _log_t(values[:, club], discard).converges:
            return club
        limit += 0.5


def _merged(
    values: np.ndarray, clubs: list[np.ndarray], discard: float
) -> tuple[list[np.ndarray], tuple[tuple[int, ...], ...]]:
    found: list[tuple[np.ndarray, tuple[int, ...]]] = [
        (members, (number,)) for number, members in enumerate(clubs, start=1)
    ]
    place = 0
    while place < len(found) - 1:
        both = np.concatenate([found[place][0], found[place + 1][0]])
        if _log_t(values[:, both], discard).converges:
            found[place : place + 2] = [(both, found[place][1] + found[place + 1][1])]
        else:
            place += 1
    return [members for members, _ in found], tuple(n for _, n in found if len(n) > 1)
