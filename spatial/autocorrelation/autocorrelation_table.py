"""Several global statistics of several variables over several weights, judged together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from spatial.autocorrelation.global_geary import global_geary
from spatial.autocorrelation.global_getis_ord import global_getis_ord
from spatial.autocorrelation.global_moran import GlobalMoran, global_moran
from spatial.autocorrelation.global_statistics import (
    ISLANDS_KEPT,
    GlobalStatistic,
    checked_alternative,
)
from spatial.autocorrelation.multiple_testing import adjusted_p_values, resolution_warnings
from spatial.autocorrelation.preparation import checked_permutations
from spatial.errors import ConfigError
from spatial.options import Alternative, GlobalMeasure, MultipleTesting, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

_FUNCTIONS: Mapping[str, Callable[..., GlobalMoran | GlobalStatistic]] = {
    "moran": global_moran,
    "geary": global_geary,
    "getis-ord": global_getis_ord,
}
_NAMES = {"moran": "Moran's I", "geary": "Geary's C", "getis-ord": "Getis-Ord G"}

_NUMBERS = ("statistic", "expected", "variance", "z_score", "p_analytical", "p_permutation")


@dataclass(frozen=True, kw_only=True)
class AutocorrelationTable(Result):
    """Global statistics of several variables over several weights.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each variable, statistic and weights. Columns ``measure`` (the variable),
        ``kind`` (the statistic), ``weights``, ``statistic``, ``expected``, ``variance``,
        ``z_score``, ``p_analytical``, ``p_permutation``, ``p_adjusted``, ``n``, ``n_islands``.
        ``p_adjusted`` corrects ``p_permutation`` (or, without permutations, ``p_analytical``)
        over all rows.
    n_significant_raw, n_significant : int
        Rows with p at or below ``alpha`` before and after the correction.
    alpha : float
    correction : str
    warnings : tuple of str
    configuration : Configuration
    """

    table: pd.DataFrame
    n_significant_raw: int
    n_significant: int
    alpha: float
    correction: str
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def autocorrelation_table(
    values: pd.DataFrame | pd.Series,
    weights: Mapping[str, Any],
    *,
    statistics: Sequence[GlobalMeasure] = ("moran", "geary"),
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> AutocorrelationTable:
    """Compute global statistics over geography, economy and linkage, and correct their p-values.

    Parameters
    ----------
    values : pandas.DataFrame of shape (n, m) or pandas.Series of shape (n,)
        Index: city ids; a column for each variable.
    weights : mapping of str to Weights
        Names for the table.
    statistics : sequence of {"moran", "geary", "getis-ord"}
    permutations, alternative, rng
        As in ``global_moran``. Every cell uses the same seed, so each equals the single call.
        One-sided, "greater" means a larger *statistic*: for Geary's C, neighbours that differ.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over all rows.
    alpha : float

    Returns
    -------
    AutocorrelationTable

    Raises
    ------
    ConfigError
        If there is no variable, no weights or no statistic, or one twice.
    AlignmentError, PanelError, EstimationError, WeightsError
        As in the single functions; also if the permutations are so few that nothing could be
        significant after the correction.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame(
    ...     [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]],
    ...     index=list("abcd"), columns=list("abcd"),
    ... )
    >>> found = autocorrelation_table(
    ...     pd.Series([1, 2, 3, 4], list("abcd"), name="y"), {"line": line}, permutations=0
    ... )
    >>> found.table[["kind", "statistic"]].round(3).values.tolist()
    [["Moran's I", 0.333], ["Geary's C", 0.3]]
    """
    wanted, frame = _checked(values, weights, statistics)
    method = cast("MultipleTesting", checked_option(correction, MultipleTesting, name="correction"))
    side = checked_alternative(alternative)
    count = checked_permutations(permutations, smallest=99, zero=True)
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha!r} must lie between 0 and 1, for example 0.05.")
    tests = len(wanted) * frame.shape[1] * len(weights)
    warnings = (
        resolution_warnings(count, tests, alpha=alpha, correction=method, what="tests")
        if count
        else ()
    )
    _, seed = seeded_generator(rng)
    rows = []
    for column in frame.columns:
        for kind in wanted:
            for name, known in weights.items():
                found = _FUNCTIONS[kind](
                    frame[column], known, permutations=count, alternative=side, rng=seed
                )
                row: dict[str, Any] = {"measure": column, "kind": _NAMES[kind], "weights": name}
                row.update({number: getattr(found, number) for number in _NUMBERS})
                rows.append({**row, "n": found.n, "n_islands": found.n_islands})
    table = pd.DataFrame(rows)
    tested = table["p_permutation" if count else "p_analytical"].to_numpy()
    adjusted = adjusted_p_values(tested, method)
    table.insert(table.columns.tolist().index("n"), "p_adjusted", adjusted)
    return AutocorrelationTable(
        table=table,
        n_significant_raw=int((tested <= alpha).sum()),
        n_significant=int((adjusted <= alpha).sum()),
        alpha=alpha,
        correction=method,
        warnings=warnings,
        configuration=Configuration(
            function="autocorrelation_table",
            options={
                "statistics": wanted,
                "permutations": count,
                "alternative": side,
                "correction": f"{method} over {tests} tests",
                "alpha": alpha,
                "islands": ISLANDS_KEPT,
            },
            seed=seed if count else None,
            weights="; ".join(str(name) for name in weights),
        ),
    )


def _checked(
    values: pd.DataFrame | pd.Series, weights: Mapping[str, Any], statistics: Sequence[str]
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Names of the statistics, and the variables as a table."""
    if not isinstance(weights, Mapping) or not weights:
        raise ConfigError("weights must be a mapping of name to weights, with at least one entry.")
    frame = values.to_frame() if isinstance(values, pd.Series) else values
    if not isinstance(frame, pd.DataFrame) or frame.shape[1] == 0:
        raise ConfigError("values must be a table with a column for each variable.")
    if isinstance(statistics, str) or not statistics or len(set(statistics)) < len(statistics):
        raise ConfigError(
            f"statistics={statistics!r} must be a sequence of different words, such as "
            "('moran', 'geary')."
        )
    words = tuple(checked_option(word, GlobalMeasure, name="statistics") for word in statistics)
    return words, frame
