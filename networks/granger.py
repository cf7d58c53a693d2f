"""Networks of Granger causality: whose past helps to foretell whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats

from networks.types import LinkageNetwork
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import (
    Differencing,
    GrangerStrength,
    LagChoice,
    MultipleTesting,
    checked_option,
)
from spatial.results import Configuration, Result

LEAST_FREE = 3
"""Degrees of freedom that must be left; with fewer the F test tells nothing."""

FEW_YEARS = 15
"""Below this length the test finds little and its size is uncertain."""

COLLINEAR = 1e-10
"""Smallest eigenvalue of the scaled cross products of the lags added: below it, the past of the
one city is a combination of the past of the other."""

STEADY = 1e-12
"""Largest range of values, relative to their size, that counts as no change."""

MACKINNON_5 = (-2.86154, -2.8903, -4.234, -40.040)
"""Five per cent critical value of the Dickey-Fuller t with a constant in powers of 1 / T, by
MacKinnon (2010), Critical values for cointegration tests, Queen's Economics Department 1227."""


@dataclass(frozen=True)
class GrangerNetwork(Result):
    """Pairwise tests of Granger causality, and the network of those that reject.

    Attributes
    ----------
    network : LinkageNetwork
        From the city that causes to the city that is foretold; strength F, or 1.
    tests : pandas.DataFrame of shape (n (n - 1), 9)
        ``origin``, ``destination``, ``lags``, ``F``, ``df``, ``df_residual``, ``p_value``,
        ``p_adjusted``, ``significant``.
    series : pandas.DataFrame of shape (n, 4)
        Dickey-Fuller test of each city: ``t_statistic``, ``lags``, ``critical`` (5 per cent), and
        whether the series was ``differenced``.
    notes : tuple of str
        What weakens the tests.
    configuration : Configuration
    """

    network: LinkageNetwork
    tests: pd.DataFrame
    series: pd.DataFrame
    notes: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the tests, a row for each ordered pair."""
        return self.tests.copy()


def granger_network(
    values: pd.Series,
    *,
    lags: int | LagChoice = "bic",
    max_lags: int | None = None,
    differencing: Differencing = "unit-root",
    alpha: float = 0.05,
    correction: MultipleTesting = "fdr",
    strength: GrangerStrength = "F",
    city: str = "city",
    year: str = "year",
) -> GrangerNetwork:
    r"""Link city i to city j if the past of i helps to foretell j beyond the past of j itself.

    .. math:: y_{jt} = c + \sum_{l=1}^{p} a_l y_{j,t-l} + \sum_{l=1}^{p} b_l y_{i,t-l} + e_t,
              \qquad H_0: b_1 = \dots = b_p = 0

    .. math:: F = \frac{(RSS_0 - RSS_1) / p}{RSS_1 / (m - 2p - 1)}, \qquad m = T - p

    Parameters
    ----------
    values : pandas.Series
        Balanced, city and year in the index; years without gaps.
    lags : int, "aic" or "bic"
        p, the same for every pair; or chosen for each pair by a criterion of the equation above,
        over the years that the most lags leave.
    max_lags : int, optional
        For the choice; by default the rule of Schwert, :math:`12 (T/100)^{1/4}`, as far as the
        years allow.
    differencing : {"none", "first", "unit-root"}
        Unit roots make the F test find links that are not there. ``first``: differences of all
        series. ``unit-root``: of those whose Dickey-Fuller test (constant, lags by BIC) does not
        reject at 5 per cent. A year is lost then for all.
    alpha : float
    correction : {"none", "fdr", "by", "bonferroni"}
        For n (n - 1) tests.
    strength : {"F", "binary"}
    city, year : str
        Levels of the index.

    Returns
    -------
    GrangerNetwork

    Raises
    ------
    PanelError, AlignmentError, ConfigError
        For gaps, duplicates and wrong options.
    EstimationError
        For too few years, or cities whose values do not vary.

    Notes
    -----
    Foretelling is not causing: a shock that reaches one city a year before another makes a link.
    Pairs are tested one by one, so that a chain through a third city shows as a link as well.

    References
    ----------
    Granger (1969), Investigating causal relations by econometric models and cross-spectral
    methods, Econometrica. Benjamini and Hochberg (1995) for ``fdr``.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(40, 2))
    >>> noise[1:, 1] += 2.0 * noise[:-1, 0]
    >>> rows = pd.MultiIndex.from_product([range(40), ["a", "b"]], names=["year", "city"])
    >>> found = granger_network(pd.Series(noise.ravel(), rows), lags=1, strength="binary")
    >>> found.network.to_frame().to_numpy().tolist()
    [['a', 'b', 1.0]]
    """
    for word, options, name in (
        (differencing, Differencing, "differencing"),
        (correction, MultipleTesting, "correction"),
        (strength, GrangerStrength, "strength"),
    ):
        checked_option(word, options, name=name)
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha!r} must lie between 0 and 1.")
    # Imported here: the regressions take longer to load than all networks together.
    from spatial.regression.diagnostics import wide_table

    wide = wide_table(values, city=city, year=year)
    _require_every_year(wide)
    series = _unit_roots(wide, differencing)
    y = _differenced(wide, series["differenced"].to_numpy())
    most = _most_lags_of_pairs(len(y), lags, max_lags)
    p, statistic, df_residual = _all_pairs(y, lags, most)
    tests = _table(wide.columns, p, statistic, df_residual, alpha, correction)
    network = _network(wide.columns, tests, strength, _words(lags, differencing, correction, alpha))
    return GrangerNetwork(
        network=network,
        tests=tests,
        series=series,
        notes=_notes(len(y), series, tests, differencing),
        configuration=Configuration(
            function="granger_network",
            options={
                "lags": lags,
                "max_lags": most if isinstance(lags, str) else None,
                "differencing": differencing,
                "alpha": alpha,
                "correction": correction,
                "strength": strength,
                "city": city,
                "year": year,
            },
        ),
    )


def _require_every_year(wide: pd.DataFrame) -> None:
    if len(wide.columns) < 2:
        raise PanelError("Granger causality needs at least two cities.")
    steps = np.diff(np.asarray(wide.index, dtype=float))
    if len(steps) and not np.allclose(steps, steps[0]):
        raise PanelError(
            f"Years are not evenly spaced ({listed(wide.index)}); lags would mean different spans. "
            "Fill the gaps or take the longest run of years."
        )
    levels = wide.to_numpy(dtype=float)
    steady = wide.columns[np.ptp(levels, axis=0) <= STEADY * np.abs(levels).max(axis=0)]
    if len(steady):
        raise EstimationError(
            f"The values of cities {listed(steady)} do not vary over time; leave these cities out."
        )


def _unit_roots(wide: pd.DataFrame, differencing: Differencing) -> pd.DataFrame:
    from spatial.regression.unit_roots import chosen_dickey_fuller, most_lags

    most = most_lags(len(wide), "constant", "bic", None)
    regressions = [
        chosen_dickey_fuller(column, "constant", "bic", most)
        for column in wide.to_numpy(dtype=float).T
    ]
    table = pd.DataFrame(
        {
            "t_statistic": [one.t_statistic for one in regressions],
            "lags": [one.lags for one in regressions],
            "critical": [
                sum(c / one.observations**k for k, c in enumerate(MACKINNON_5))
                for one in regressions
            ],
        },
        index=wide.columns,
    )
    wanders = table["t_statistic"] >= table["critical"]
    table["differenced"] = {
        "none": np.zeros(len(table), dtype=bool),
        "first": np.ones(len(table), dtype=bool),
        "unit-root": wanders.to_numpy(),
    }[differencing]
    return table


def _differenced(wide: pd.DataFrame, chosen: np.ndarray) -> np.ndarray:
    levels = wide.to_numpy(dtype=float)
    if not chosen.any():
        return levels
    y = np.where(chosen, np.diff(levels, axis=0), levels[1:])
    steady = wide.columns[np.ptp(y, axis=0) <= STEADY * np.abs(levels).max(axis=0)]
    if len(steady):
        raise EstimationError(
            f"The values of cities {listed(steady)} follow a straight line, so that their "
            "differences do not vary; leave these cities out."
        )
    return y


def _most_lags_of_pairs(years: int, lags: int | str, max_lags: int | None) -> int:
    from spatial.regression.unit_roots import lags_within

    # With p lags T - p observations carry 2 p + 1 coefficients.
    possible = (years - 1 - LEAST_FREE) // 3
    if possible < 1:
        raise EstimationError(
            f"{years} years are too few for tests of Granger causality; use at least "
            f"{4 + LEAST_FREE}, better {FEW_YEARS}."
        )
    return lags_within(years, lags, max_lags, least=1, possible=possible)


def _all_pairs(
    y: np.ndarray, lags: int | str, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags, F and residual degrees of freedom, each (n, n): row causes column."""
    years, n = y.shape
    y = y - y.mean(axis=0)  # the constant takes up any shift; without it rounding is smaller
    p = np.full((n, n), most)
    if isinstance(lags, str):
        m = years - most
        price = 2.0 if lags == "aic" else np.log(m)
        criteria = []
        for count in range(1, most + 1):
            larger = _residual_squares(y, count, skipped=most - count)[1]
            with np.errstate(invalid="ignore", divide="ignore"):
                criteria.append(m * np.log(larger / m) + price * (2 * count + 1))
        stacked = np.stack(criteria)
        p = 1 + np.argmin(np.where(np.isnan(stacked), np.inf, stacked), axis=0)
    statistic = np.full((n, n), np.nan)
    free = (years - p) - 2 * p - 1
    for count in np.unique(p):
        smaller, larger = _residual_squares(y, int(count))
        gain = np.maximum(smaller - larger, 0.0) / count
        with np.errstate(invalid="ignore", divide="ignore"):
            found = gain / (larger / (years - 3 * count - 1))
        statistic = np.where(p == count, found, statistic)
    np.fill_diagonal(statistic, np.nan)
    return p, statistic, free


def _residual_squares(y: np.ndarray, p: int, *, skipped: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of squares without and with the past of city i (rows) for city j (columns).

    NaN where the past of i is a combination of the past of j; ``skipped`` leaves out years at the
    start.
    """
    years, n = y.shape
    first = p + skipped
    past = np.stack([y[first - back : years - back] for back in range(1, p + 1)])
    smaller, larger = np.empty(n), np.full((n, n), np.nan)
    for j in range(n):
        own = np.column_stack([np.ones(years - first), past[:, :, j].T])
        basis = np.linalg.qr(own)[0]
        left = y[first:, j] - basis @ (basis.T @ y[first:, j])
        others = past - np.einsum("tk,kpi->pti", basis, np.einsum("tk,pti->kpi", basis, past))
        lengths = np.sqrt((past**2).sum(axis=1))
        others = others / np.where(lengths > 0, lengths, 1.0)[:, None, :]
        cross = np.einsum("pti,qti->ipq", others, others)
        right = np.einsum("pti,t->ip", others, left)
        usable = np.linalg.eigvalsh(cross)[:, 0] > COLLINEAR
        usable[j] = False
        solved = np.linalg.solve(cross[usable], right[usable][:, :, None])[:, :, 0]
        smaller[j] = left @ left
        larger[usable, j] = smaller[j] - (right[usable] * solved).sum(axis=1)
    return np.broadcast_to(smaller, (n, n)), larger


def _table(
    cities: pd.Index,
    p: np.ndarray,
    statistic: np.ndarray,
    free: np.ndarray,
    alpha: float,
    correction: MultipleTesting,
) -> pd.DataFrame:
    rows, columns = np.nonzero(~np.eye(len(cities), dtype=bool))
    table = pd.DataFrame(
        {
            "origin": cities[rows],
            "destination": cities[columns],
            "lags": p[rows, columns],
            "F": statistic[rows, columns],
            "df": p[rows, columns],
            "df_residual": free[rows, columns],
        }
    )
    table["p_value"] = stats.f.sf(table["F"], table["df"], table["df_residual"])
    table["p_adjusted"] = adjusted_p_values(table["p_value"].to_numpy(), correction)
    table["significant"] = table["p_adjusted"] <= alpha
    return table


def _network(
    cities: pd.Index, tests: pd.DataFrame, strength: GrangerStrength, words: str
) -> LinkageNetwork:
    links = tests[tests["significant"]]
    rows = cities.get_indexer(pd.Index(links["origin"]))
    columns = cities.get_indexer(pd.Index(links["destination"]))
    values = links["F"].to_numpy() if strength == "F" else np.ones(len(links))
    flows = sparse.csr_array((values, (rows, columns)), shape=(len(cities), len(cities)))
    return LinkageNetwork(
        cities,
        flows,
        True,
        "F statistic" if strength == "F" else "links",
        None,
        words,
        {"kind": "Granger causality", "strength": strength, "tests": len(tests)},
    )


def _words(lags: int | str, differencing: str, correction: str, alpha: float) -> str:
    chosen = f"lags by {lags}" if isinstance(lags, str) else f"{lags} lags"
    return (
        f"Granger causality between pairs of cities: {chosen}, differencing {differencing}, "
        f"p adjusted by {correction} at most {alpha:g}"
    )


def _notes(
    years: int, series: pd.DataFrame, tests: pd.DataFrame, differencing: str
) -> tuple[str, ...]:
    notes = []
    if years < FEW_YEARS:
        notes.append(
            f"{years} years are short for tests of Granger causality; {FEW_YEARS} or more are "
            "wanted, and links that are missing here are no sign of independence."
        )
    wanders = series["t_statistic"] >= series["critical"]
    if differencing == "none" and wanders.any():
        notes.append(
            f"{int(wanders.sum())} series may have a unit root ({listed(series.index[wanders])}) "
            "and were not differenced: links between them may be spurious."
        )
    if differencing == "unit-root" and series["differenced"].any():
        notes.append(
            f"{int(series['differenced'].sum())} of {len(series)} series have a unit root by the "
            "Dickey-Fuller test and were differenced."
        )
    failed = tests["F"].isna()
    if failed.any():
        pairs = tests.loc[failed, ["origin", "destination"]].itertuples(index=False, name=None)
        notes.append(
            f"{int(failed.sum())} pairs could not be tested, because the past of one is a "
            f"combination of the past of the other: {listed(pairs)}."
        )
    return tuple(notes)
