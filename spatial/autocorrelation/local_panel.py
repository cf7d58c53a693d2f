"""Local statistics of a whole panel: every year at once, corrected within years or over all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from spatial.autocorrelation.local_geary import local_geary
from spatial.autocorrelation.local_getis_ord import local_getis_ord
from spatial.autocorrelation.local_moran import local_moran
from spatial.autocorrelation.local_statistics import LocalStatistic, local_test
from spatial.autocorrelation.losh import losh
from spatial.autocorrelation.panel_values import panel_table
from spatial.options import LocalMeasure, MultipleTesting, checked_option
from spatial.random import RandomSource
from spatial.results import Configuration, Result
from spatial.weights.types import Weights, as_weights

_FUNCTIONS: Mapping[str, Callable[..., LocalStatistic]] = {
    "moran": local_moran,
    "getis-ord": local_getis_ord,
    "geary": local_geary,
    "losh": losh,
}


@dataclass(frozen=True, kw_only=True)
class LocalPanel(Result):
    """A local statistic of every city in every year.

    Attributes
    ----------
    measure, name : str
        Of the statistic and of the variable.
    table : pandas.DataFrame of shape (n * years, ...)
        Index: (city, year), years within cities in the order given; columns as in the function of
        the statistic.
    years : pandas.DataFrame
        Index: year. Columns ``n_significant_raw``, ``n_significant``, ``n_islands``, and the
        number of cities in each category.
    categories : tuple of str
    alpha : float
    correction : str
    permutations : int
    warnings : tuple of str
        Each with the years that it is about.
    configuration : Configuration
    """

    measure: str
    name: str
    table: pd.DataFrame
    years: pd.DataFrame
    categories: tuple[str, ...]
    alpha: float
    correction: str
    permutations: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def clusters(self) -> pd.DataFrame:
        """Return the categories, cities in rows and years in columns."""
        return self.table["cluster"].unstack()


def local_panel(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    statistic: LocalMeasure = "moran",
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
    city: str = "city",
    year: str = "year",
) -> LocalPanel:
    """Compute a local statistic in every year of a panel.

    Parameters
    ----------
    values : pandas.Series of shape (n * years,) or pandas.DataFrame of shape (n, years)
        A series has the index levels ``city`` and ``year``, in any order.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table. One for all years, or weights by year that
        hold every year of the panel.
    statistic : {"moran", "getis-ord", "geary", "losh"}
        ``local_moran``, ``local_getis_ord`` (G*), ``local_geary``, ``losh``, with their defaults.
    permutations, alpha
        As in these.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over the cities of each year, so that every year equals the single call.
    rng : int, numpy.random.Generator or None
        All years use the same seed, and so the same table of draws.
    city, year : str
        Names of the levels.

    Returns
    -------
    LocalPanel

    Raises
    ------
    PanelError
        For missing or duplicate city-years.
    WeightsError
        If weights by year lack a year.
    AlignmentError, EstimationError, ConfigError
        As in the single functions.

    Examples
    --------
    >>> import pandas as pd
    >>> names = list("abcdef")
    >>> line = pd.DataFrame(0.0, index=names, columns=names)
    >>> for left, right in zip(names, names[1:]):
    ...     line.loc[left, right] = line.loc[right, left] = 1.0
    >>> values = pd.DataFrame(
    ...     {2010: [1.0, 1.2, 1.1, 7.0, 7.5, 7.2], 2011: [7.0, 1.2, 7.1, 1.0, 7.5, 1.1]}, names
    ... )
    >>> found = local_panel(values, line, permutations=999, rng=1)
    >>> found.table.loc["a", "quadrant"].tolist()
    ['Low-Low', 'High-Low']
    """
    kind = cast("LocalMeasure", checked_option(statistic, LocalMeasure, name="statistic"))
    test = local_test(permutations, correction, alpha, rng)
    table = panel_table(values, city=city, year=year)
    known = as_weights(weights)
    name = getattr(values, "name", None)
    found: dict[Any, LocalStatistic] = {}
    for when in table.columns:
        found[when] = _FUNCTIONS[kind](
            table[when].rename("values" if name is None else name),
            _weights_of(known, when),
            permutations=test.permutations,
            correction=test.correction,
            alpha=alpha,
            rng=test.seed,
        )
    first = next(iter(found.values()))
    tables = pd.concat({when: one.table for when, one in found.items()}, names=[year, city])
    order = pd.MultiIndex.from_product([table.index, table.columns], names=[city, year])
    return LocalPanel(
        measure=first.measure,
        name=first.name,
        table=tables.swaplevel().reindex(order),
        years=_by_year(found, year),
        categories=first.categories,
        alpha=alpha,
        correction=test.correction,
        permutations=test.permutations,
        warnings=_warnings(found),
        configuration=Configuration(
            function="local_panel",
            options={
                "statistic": kind,
                **first.configuration.options,
                "correction": f"{test.correction} within each year",
            },
            seed=test.seed,
            weights=known.description,
        ),
    )


def _weights_of(weights: Weights, year: object) -> Weights:
    """Return the weights in force in a year."""
    if weights.years is None:
        return weights
    matrix = weights.matrix_of(year)
    return Weights(weights.ids, (matrix,), weights.transform, weights.description)


def _by_year(found: Mapping[Any, LocalStatistic], year: str) -> pd.DataFrame:
    rows = {
        when: {
            "n_significant_raw": one.n_significant_raw,
            "n_significant": one.n_significant,
            "n_islands": one.n_islands,
            **one.cluster_counts().to_dict(),
        }
        for when, one in found.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").astype(np.int64).rename_axis(year)


def _warnings(found: Mapping[Any, LocalStatistic]) -> tuple[str, ...]:
    """Each sentence once, with its years."""
    years: dict[str, list[str]] = {}
    for when, one in found.items():
        for sentence in one.warnings:
            years.setdefault(sentence, []).append(str(when))
    return tuple(f"{', '.join(when)}: {sentence}" for sentence, when in years.items())
