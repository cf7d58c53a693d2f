"""Panel unit root tests: Levin, Lin and Chu; Im, Pesaran and Shin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import Deterministic, LagChoice, UnitRootTest, checked_option
from spatial.regression.diagnostics import wide_table
from spatial.regression.unit_root_tables import IPS_OBSERVATIONS, ips_moments, llc_adjustments
from spatial.results import Configuration, Result

TERMS = {"none": 0, "constant": 1, "trend": 2}
# Residual degrees of freedom below which a Dickey-Fuller regression says nothing.
LEAST_FREE = 3
FITTED = 1e-12


@dataclass(frozen=True, kw_only=True)
class PanelUnitRoot(Result):
    """A panel unit root test; the null is a unit root in every city.

    Attributes
    ----------
    configuration : Configuration
    test : str
        "ips" or "llc".
    statistic : float
        Standard normal under the null; small (very negative) values reject.
    p_value : float
        Lower tail.
    cities : pandas.DataFrame
        Index city; columns t_statistic, coefficient (of the lagged level), lags, observations of
        its Dickey-Fuller regression.
    n_cities, n_years : int
    notes : tuple of str
    """

    configuration: Configuration
    test: UnitRootTest
    statistic: float
    p_value: float
    cities: pd.DataFrame
    n_cities: int
    n_years: int
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row: statistic, p_value, mean t statistic and mean lags."""
        return pd.DataFrame(
            {
                "statistic": [self.statistic],
                "p_value": [self.p_value],
                "mean_t": [self.cities["t_statistic"].mean()],
                "mean_lags": [self.cities["lags"].mean()],
                "n_cities": [self.n_cities],
                "n_years": [self.n_years],
            },
            index=pd.Index([self.test], name="test"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class DickeyFuller:
    """One Dickey-Fuller regression with its parts.

    Attributes
    ----------
    t_statistic, coefficient : float
        Of the lagged level.
    lags, observations : int
    change, level : numpy.ndarray of shape (observations,)
        Change and lagged level, net of everything else in the regression.
    deviation : float
        Standard deviation of the innovations, by degrees of freedom.
    """

    t_statistic: float
    coefficient: float
    lags: int
    observations: int
    change: np.ndarray
    level: np.ndarray
    deviation: float


def panel_unit_root(
    values: pd.Series,
    *,
    test: UnitRootTest = "ips",
    deterministic: Deterministic = "constant",
    lags: int | LagChoice = "aic",
    max_lags: int | None = None,
    city: str = "city",
    year: str = "year",
) -> PanelUnitRoot:
    r"""Test whether a variable has a unit root in every city.

    Each city has the regression

    .. math:: \Delta y_{it} = \rho_i y_{i,t-1} + \sum_{l=1}^{p_i} \gamma_{il} \Delta y_{i,t-l}
              + d_t' \alpha_i + e_{it}

    IPS averages the t statistics of rho and allows a rho of its own to each city:
    :math:`\sqrt{N} (\bar t - \overline{E}) / \sqrt{\overline{V}}` with tabulated moments for the
    lags and the length of each city. LLC has one rho: changes and lagged levels, net of the rest
    and scaled by the innovations of their city, are pooled, and

    .. math:: t^* = (t - N \tilde T \hat S \hat\sigma^{-2} se \mu^*) / \sigma^*

    with S the mean ratio of long-run to short-run deviation (Bartlett weights up to
    :math:`3.21\,T^{1/3}` lags).

    Parameters
    ----------
    values : pandas.Series
        Balanced, city and year in the index.
    test : {"ips", "llc"}
    deterministic : {"none", "constant", "trend"}
        "none" is for LLC only; "trend" has a constant as well.
    lags : int, "aic" or "bic"
        The same number for every city, or chosen for each by a criterion over a common sample.
    max_lags : int, optional
        For the choice; by default the rule of Schwert, :math:`12 (T/100)^{1/4}`, as far as the
        years allow.
    city, year : str
        Levels of the index.

    Returns
    -------
    PanelUnitRoot

    Raises
    ------
    PanelError, AlignmentError, ConfigError
        For gaps, duplicates and wrong options.
    EstimationError
        For too few years, and cities whose values do not vary.

    Notes
    -----
    Both tests take cities as independent; where ``cross_section_dependence`` rejects, they reject
    too often. Taking the mean of each year off first helps against a shared shock.

    LLC takes off the changes only what the null leaves in them before their long-run variance:
    nothing with a constant, the mean with a trend. plm's purtest takes off the mean and a trend,
    which makes the ratio S too small for the published adjustments: in simulations of 12 random
    walks of 60 years it rejects about 15 and 25 times in 100 at the 5 % level. Everything
    else is as there, degrees of freedom included.

    References
    ----------
    Im, Pesaran and Shin (2003) doi:10.1016/S0304-4076(03)00092-7; Levin, Lin and Chu (2002)
    doi:10.1016/S0304-4076(01)00098-7.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(40, 8))
    >>> rows = pd.MultiIndex.from_product([range(40), list("abcdefgh")], names=["year", "city"])
    >>> steady = panel_unit_root(pd.Series(noise.ravel(), index=rows), lags=0)
    >>> wandering = panel_unit_root(pd.Series(noise.cumsum(axis=0).ravel(), index=rows), lags=0)
    >>> bool(steady.p_value < 0.01), bool(wandering.p_value < 0.01)
    (True, False)
    """
    checked_option(test, UnitRootTest, name="test")
    checked_option(deterministic, Deterministic, name="deterministic")
    if test == "ips" and deterministic == "none":
        raise ConfigError(
            "test='ips' needs deterministic='constant' or 'trend': its moments are not tabulated "
            "without a constant. Use test='llc' for none."
        )
    wide = wide_table(values, city=city, year=year)
    years, n = wide.shape
    most = most_lags(years, deterministic, lags, max_lags)
    levels = wide.to_numpy(float)
    steady = wide.columns[np.ptp(levels, axis=0) <= FITTED * np.abs(levels).max(axis=0)]
    if len(steady):
        raise EstimationError(
            f"The values of cities {listed(steady)} do not vary over time; leave these cities out."
        )
    regressions = [chosen_dickey_fuller(column, deterministic, lags, most) for column in levels.T]
    statistic = (
        _ips(regressions, deterministic)
        if test == "ips"
        else pooled_statistic(levels, regressions, deterministic)
    )
    return PanelUnitRoot(
        configuration=Configuration(
            function="panel_unit_root",
            options={
                "test": test,
                "deterministic": deterministic,
                "lags": lags,
                "max_lags": most if isinstance(lags, str) else None,
                "city": city,
                "year": year,
            },
        ),
        test=test,
        statistic=statistic,
        p_value=float(ndtr(statistic)),
        cities=pd.DataFrame(
            {
                "t_statistic": [one.t_statistic for one in regressions],
                "coefficient": [one.coefficient for one in regressions],
                "lags": [one.lags for one in regressions],
                "observations": [one.observations for one in regressions],
            },
            index=wide.columns,
        ),
        n_cities=n,
        n_years=years,
        notes=_notes(test, years, regressions),
    )


def most_lags(years: int, deterministic: str, lags: int | str, max_lags: int | None) -> int:
    """Check the lags of a Dickey-Fuller regression and return the most that are tried.

    Parameters
    ----------
    years : int
    deterministic : {"none", "constant", "trend"}
    lags : int, "aic" or "bic"
    max_lags : int or None

    Returns
    -------
    int

    Raises
    ------
    ConfigError
        If the lags are not possible.
    EstimationError
        If the years are too few for any.
    """
    # With p lags T - 1 - p observations carry 1 + p + d coefficients.
    possible = (years - 2 - TERMS[deterministic] - LEAST_FREE) // 2
    if possible < 0:
        raise EstimationError(
            f"{years} years are too few for a Dickey-Fuller regression with "
            f"deterministic={deterministic!r}; use at least {5 + TERMS[deterministic]}."
        )
    return lags_within(years, lags, max_lags, least=0, possible=possible)


def lags_within(
    years: int, lags: int | str, max_lags: int | None, *, least: int, possible: int
) -> int:
    """Return the number of lags asked for, or the most that a criterion may choose from.

    Parameters
    ----------
    years : int
    lags : int, "aic" or "bic"
    max_lags : int or None
        Of a criterion; by Schwert's rule where None.
    least, possible : int
        What the regression allows.

    Returns
    -------
    int

    Raises
    ------
    ConfigError
        If the lags are not possible.
    """
    if isinstance(lags, str):
        checked_option(lags, LagChoice, name="lags")
        if max_lags is None:
            return max(least, min(int(12.0 * (years / 100.0) ** 0.25), possible))
        wanted, name = max_lags, "max_lags"
    else:
        wanted, name = lags, "lags"
    if isinstance(wanted, bool) or int(wanted) != wanted or not least <= wanted <= possible:
        raise ConfigError(
            f"{name}={wanted!r} is not possible with {years} years; use a whole number from "
            f"{least} to {possible}."
        )
    return int(wanted)


def chosen_dickey_fuller(
    y: np.ndarray, deterministic: str, lags: int | str, most: int
) -> DickeyFuller:
    """Regression of one city, its lags chosen over the sample that the most lags leave.

    Parameters
    ----------
    y : numpy.ndarray of shape (years,)
    deterministic : {"none", "constant", "trend"}
    lags : int, "aic" or "bic"
    most : int
        From ``most_lags``.

    Returns
    -------
    DickeyFuller
    """
    if not isinstance(lags, str):
        return dickey_fuller(y, most, deterministic)
    criteria = []
    for count in range(most + 1):
        change, level, others = _columns(y, count, deterministic, skipped=most - count)
        X = np.column_stack([level, others])
        left = change - X @ np.linalg.lstsq(X, change)[0]
        m = len(change)
        price = 2.0 if lags == "aic" else np.log(m)
        criteria.append(m * np.log(max(left @ left, FITTED) / m) + price * X.shape[1])
    return dickey_fuller(y, int(np.argmin(criteria)), deterministic)


def dickey_fuller(y: np.ndarray, lags: int, deterministic: Deterministic | str) -> DickeyFuller:
    """Augmented Dickey-Fuller regression of one series.

    Parameters
    ----------
    y : numpy.ndarray of shape (years,)
    lags : int
        Lagged changes.
    deterministic : {"none", "constant", "trend"}

    Returns
    -------
    DickeyFuller

    Raises
    ------
    EstimationError
        If the series is reproduced without innovations.
    """
    change, level, others = _columns(y, lags, deterministic)
    if others.shape[1]:
        change_left = change - others @ np.linalg.lstsq(others, change)[0]
        level_left = level - others @ np.linalg.lstsq(others, level)[0]
    else:
        change_left, level_left = change, level
    length = float(level_left @ level_left)
    coefficient = float(level_left @ change_left) / length if length > 0.0 else np.nan
    residuals = change_left - coefficient * level_left
    squares = float(residuals @ residuals)
    if not squares > FITTED * float(change @ change):
        raise EstimationError(
            "The Dickey-Fuller regression of a city reproduces its values up to rounding; leave "
            "out cities that follow a straight line, or use fewer lags."
        )
    deviation = np.sqrt(squares / (len(change) - 1 - others.shape[1]))
    return DickeyFuller(
        t_statistic=coefficient * np.sqrt(length) / deviation,
        coefficient=coefficient,
        lags=lags,
        observations=len(change),
        change=change_left,
        level=level_left,
        deviation=float(deviation),
    )


def _columns(
    y: np.ndarray, lags: int, deterministic: str, *, skipped: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return changes, lagged levels, and lagged changes with deterministic terms.

    ``skipped`` leaves out so many more years at the start.
    """
    changes, start = np.diff(y), lags + skipped
    rows = len(changes) - start
    others = [changes[start - back : start - back + rows] for back in range(1, lags + 1)]
    if TERMS[deterministic] > 0:
        others.append(np.ones(rows))
    if TERMS[deterministic] > 1:
        others.append(np.linspace(-1.0, 1.0, rows))
    stacked = np.column_stack(others) if others else np.zeros((rows, 0))
    return changes[start:], y[start:-1], stacked


def _ips(regressions: list[DickeyFuller], deterministic: str) -> float:
    moments = np.array(
        [ips_moments(one.observations, one.lags, deterministic) for one in regressions]
    )
    mean, variance = moments.mean(axis=0)
    average = np.mean([one.t_statistic for one in regressions])
    return float(np.sqrt(len(regressions)) * (average - mean) / np.sqrt(variance))


def pooled_statistic(
    levels: np.ndarray,
    regressions: list[DickeyFuller],
    deterministic: str,
    *,
    removed: int | None = None,
) -> float:
    """Pool the regressions: adjusted t statistic of Levin, Lin and Chu.

    Parameters
    ----------
    levels : numpy.ndarray of shape (years, n)
    regressions : list of DickeyFuller
        One for each city.
    deterministic : {"none", "constant", "trend"}
    removed : int, optional
        Terms taken off the changes before their long-run variance: 0 none, 1 the mean, 2 a trend.
        By default what the null leaves in the changes: nothing without a trend in the levels, the
        mean with it.

    Returns
    -------
    float
    """
    if removed is None:
        removed = max(TERMS[deterministic] - 1, 0)
    years = len(levels)
    change = np.concatenate([one.change / one.deviation for one in regressions])
    level = np.concatenate([one.level / one.deviation for one in regressions])
    length, count = float(level @ level), len(level)
    coefficient = float(level @ change) / length
    squares = float(np.sum((change - coefficient * level) ** 2))
    error = np.sqrt(squares / (count - 1) / length)
    bandwidth = round(3.21 * years ** (1.0 / 3.0))
    ratio = np.mean(
        [
            np.sqrt(long_run_variance(np.diff(y), bandwidth, removed)) / one.deviation
            for y, one in zip(levels.T, regressions, strict=True)
        ]
    )
    mean, deviation = llc_adjustments(years, deterministic)
    shift = count * ratio / (squares / count) * error * mean
    return float((coefficient / error - shift) / deviation)


def long_run_variance(changes: np.ndarray, bandwidth: int, removed: int = 0) -> float:
    """Long-run variance with Bartlett weights.

    Parameters
    ----------
    changes : numpy.ndarray of shape (T - 1,)
    bandwidth : int
        Most lags.
    removed : {0, 1, 2}
        Take off nothing, the mean, or a trend first.

    Returns
    -------
    float

    Examples
    --------
    >>> long_run_variance(np.array([2.0, 0.0, 2.0, 0.0]), 0, 1)
    1.0
    """
    if removed:
        time = np.linspace(-1.0, 1.0, len(changes))
        terms = np.column_stack([np.ones(len(changes)), time])[:, :removed]
        changes = changes - terms @ np.linalg.lstsq(terms, changes)[0]
    total = float(changes @ changes)
    for back in range(1, min(bandwidth, len(changes) - 1) + 1):
        weight = 1.0 - back / (bandwidth + 1.0)
        total += 2.0 * weight * float(changes[back:] @ changes[:-back])
    return total / len(changes)


def _notes(test: str, years: int, regressions: list[DickeyFuller]) -> tuple[str, ...]:
    shortest = min(one.observations for one in regressions)
    if test == "ips" and shortest < IPS_OBSERVATIONS[0]:
        return (
            f"Regressions have as few as {shortest} observations; moments are tabulated from "
            f"{IPS_OBSERVATIONS[0]:.0f}, so that the p-value is approximate.",
        )
    if test == "llc" and years < 25:
        return (
            f"{years} years are fewer than the 25 from which the adjustments are tabulated, so "
            "that the p-value is approximate.",
        )
    return ()
