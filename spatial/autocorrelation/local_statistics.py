"""What local statistics have in common: a table of cities, two p-values, categories as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from spatial.autocorrelation.multiple_testing import adjusted_p_values, resolution_warnings
from spatial.autocorrelation.preparation import Prepared, checked_permutations
from spatial.errors import ConfigError, EstimationError
from spatial.options import MultipleTesting, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

NOT_SIGNIFICANT = "Not significant"
ISOLATED = "Isolated"

CONDITIONAL = "complete conditional permutation"

_ISLANDS = (
    "labelled Isolated and not tested; without any link they also stay out of the permutations of "
    "others, but they count in the mean and the standard deviation"
)


@dataclass(frozen=True, kw_only=True)
class LocalStatistic(Result):
    """A statistic of each city and its inference.

    Attributes
    ----------
    measure : str
        Name of the statistic, such as ``"local Geary"``.
    name : str
        Of the variable or variables.
    table : pandas.DataFrame of shape (n, ...)
        Index: cities, in the order of the values given. Among its columns: ``statistic``;
        ``expected`` and ``z_score`` over all conditional permutations (exact moments, no
        simulation) unless the function says otherwise; ``p_value`` (two-sided unless asked
        otherwise); ``p_adjusted``; ``cluster``: the category where significant after correction,
        else ``"Not significant"``; ``"Isolated"`` for islands.
    categories : tuple of str
        What ``cluster`` can say.
    alpha : float
    correction : str
    permutations : int
        0 where no p-value is simulated.
    n, n_islands : int
    n_significant_raw, n_significant : int
        Cities significant before and after the correction.
    warnings : tuple of str
        Sentences.
    configuration : Configuration
    """

    measure: str
    name: str
    table: pd.DataFrame
    categories: tuple[str, ...]
    alpha: float
    correction: str
    permutations: int
    n: int
    n_islands: int
    n_significant_raw: int
    n_significant: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cluster_counts(self) -> pd.Series:
        """Return the number of cities in each category, all categories listed."""
        counts = self.table["cluster"].value_counts().reindex(list(self.categories), fill_value=0)
        return counts.rename("cities").rename_axis("cluster")


@dataclass(frozen=True, slots=True)
class LocalTest:
    """How local statistics are tested.

    Attributes
    ----------
    permutations : int
    correction : str
    alpha : float
    generator : numpy.random.Generator
    seed : int
    """

    permutations: int
    correction: MultipleTesting
    alpha: float
    generator: np.random.Generator
    seed: int


def local_test(
    permutations: int, correction: str, alpha: float, rng: RandomSource, *, zero: bool = False
) -> LocalTest:
    """Check the options of a test; ``zero``: no permutation is allowed too."""
    wanted = cast("MultipleTesting", checked_option(correction, MultipleTesting, name="correction"))
    count = checked_permutations(permutations, smallest=99, zero=zero)
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha!r} must lie between 0 and 1, for example 0.05.")
    generator, seed = seeded_generator(rng)
    return LocalTest(count, wanted, alpha, generator, seed)


def require_something_to_permute(pool: np.ndarray) -> None:
    """Raise unless three cities have links."""
    if pool.sum() < 3:
        raise EstimationError(
            f"Only {int(pool.sum())} cities have links; with fewer than three there is nothing to "
            "permute. Use weights that link more cities."
        )


def simulated_p_values(hits: np.ndarray, islands: np.ndarray, permutations: int) -> np.ndarray:
    """Return (1 + hits) / (1 + permutations), NaN for islands."""
    return np.where(islands, np.nan, (1.0 + hits) / (1.0 + permutations))


def doubled_p_values(
    below: np.ndarray, above: np.ndarray, islands: np.ndarray, permutations: int
) -> np.ndarray:
    """Return twice the p-value of the smaller tail, for skewed statistics; NaN for islands."""
    hits = np.minimum(below, above)
    return np.minimum(1.0, 2.0 * simulated_p_values(hits, islands, permutations))


def z_scores(difference: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return differences in standard deviations, NaN where nothing can vary."""
    spread = np.sqrt(variance)
    return np.divide(
        difference, spread, out=np.full(len(difference), np.nan), where=np.nan_to_num(spread) > 0.0
    )


def cluster_words(
    category: np.ndarray, adjusted: np.ndarray, islands: np.ndarray, alpha: float
) -> np.ndarray:
    """Name the category where significant, and islands."""
    significant = np.nan_to_num(adjusted, nan=1.0) <= alpha
    words = np.where(significant, category, NOT_SIGNIFICANT)
    return np.where(islands, ISOLATED, words)


def local_fields(
    ready: Prepared,
    test: LocalTest,
    *,
    measure: str,
    columns: Mapping[str, np.ndarray],
    p_values: np.ndarray,
    category: np.ndarray,
    categories: tuple[str, ...],
    function: str,
    options: Mapping[str, Any],
    name: str | None = None,
    simulated: bool = True,
    tails: int = 1,
) -> dict[str, Any]:
    """Correct the p-values and put together the fields of a ``LocalStatistic``.

    Parameters
    ----------
    ready : Prepared
        Its islands are not tested.
    test : LocalTest
    measure, function : str
    columns : mapping of str to numpy.ndarray of shape (n,)
        Columns of the table before the p-values.
    p_values : numpy.ndarray of shape (n,)
        NaN where no test was done.
    category : numpy.ndarray of str, shape (n,)
        What a significant city would be called.
    categories : tuple of str
        All that ``category`` can hold.
    options : mapping
        Options of the statistic itself, for the configuration.
    name : str, optional
        Of the variables, when ``ready`` holds one of several.
    simulated : bool
        Whether ``p_values`` came from permutations.
    tails : int
        2 where they are twice those of the smaller tail.

    Returns
    -------
    dict
    """
    done = ~np.isnan(p_values)
    warnings: tuple[str, ...] = ()
    if simulated:
        warnings = resolution_warnings(
            test.permutations,
            int(done.sum()),
            alpha=test.alpha,
            correction=test.correction,
            tails=tails,
        )
    adjusted = adjusted_p_values(p_values, test.correction)
    cluster = cluster_words(category, adjusted, ready.islands, test.alpha)
    table = pd.DataFrame(
        {**columns, "p_value": p_values, "p_adjusted": adjusted, "cluster": cluster},
        index=ready.ids,
    )
    return {
        "measure": measure,
        "name": ready.name if name is None else name,
        "table": table.iloc[ready.ids.get_indexer(ready.given)].set_axis(ready.given),
        "categories": (*categories, NOT_SIGNIFICANT, ISOLATED),
        "alpha": test.alpha,
        "correction": test.correction,
        "permutations": test.permutations if simulated else 0,
        "n": ready.n,
        "n_islands": int(ready.islands.sum()),
        "n_significant_raw": int((p_values <= test.alpha).sum()),
        "n_significant": int((adjusted <= test.alpha).sum()),
        "warnings": warnings,
        "configuration": Configuration(
            function=function,
            options={
                "permutations": test.permutations,
                "correction": test.correction,
                "alpha": test.alpha,
                "alternative": "two-sided",
                "null": CONDITIONAL,
                "islands": _ISLANDS,
                **options,
            },
            seed=test.seed if simulated else None,
            weights=ready.weights.description,
        ),
    }
