"""Local join counts: which cities have unusually many, or few, neighbours of their own class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatial.autocorrelation.conditional_permutation import (
    conditional_moments,
    count_extreme,
    equal_rows,
)
from spatial.autocorrelation.global_statistics import checked_alternative
from spatial.autocorrelation.join_counts import class_codes
from spatial.autocorrelation.local_statistics import (
    CONDITIONAL,
    LocalStatistic,
    local_fields,
    local_test,
    require_something_to_permute,
    simulated_p_values,
    z_scores,
)
from spatial.autocorrelation.preparation import Prepared, own_order
from spatial.errors import ConfigError, WeightsError
from spatial.options import Alternative, MultipleTesting
from spatial.random import RandomSource
from spatial.weights.types import as_weights

JOIN_CLASSES = ("Like neighbours", "Unlike neighbours")
"""More, or fewer, neighbours of the city's own class than chance gives."""

_EQUAL = 1e-9
"""Counts this close are the same; counts of neighbours differ by one."""


def local_join_counts(
    classes: pd.Series,
    weights: Any,
    *,
    category: Any = None,
    alternative: Alternative = "two-sided",
    permutations: int = 9999,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
    rng: RandomSource = None,
) -> LocalStatistic:
    r"""Count for each city the neighbours that belong to its own class.

    .. math:: J_i = \sum_j w_{ij} [c_j = c_i]

    For two classes these are the local BB and WW.

    Parameters
    ----------
    classes : pandas.Series of shape (n,)
        Index: city ids; two or more classes of any kind, such as resilient or not.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are.
    category : optional
        Test the cities of this class only, such as ``True``; by default all.
    alternative : {"two-sided", "greater", "less"}
        Two-sided: at least as far from the expectation. "greater": many neighbours of the class.
    permutations : int
        Used only where weights within a row differ; at least 99 then, else 0 is allowed.
    correction : {"fdr", "by", "bonferroni", "none"}
        Over the cities tested.
    alpha : float
    rng : int, numpy.random.Generator or None

    Returns
    -------
    LocalStatistic
        Table: ``class``, ``statistic``, ``expected``, ``z_score``, ``p_value``, ``p_adjusted``,
        ``cluster``. Where all weights of a row are the same, the conditional permutation
        distribution is hypergeometric and ``p_value`` is exact, without simulation.

    Raises
    ------
    AlignmentError, PanelError, EstimationError
        As in ``join_counts``.
    ConfigError
        If no city is of the category, or no permutations are given where they are needed.
    WeightsError
        If no city has a neighbour.

    References
    ----------
    Anselin, L., & Li, X. (2019). Operational local join count statistics for cluster detection.
    Journal of Geographical Systems, 21(2), 189-210.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame(
    ...     [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]],
    ...     index=list("abcd"), columns=list("abcd"),
    ... )
    >>> resilient = pd.Series(["yes", "yes", "no", "no"], list("abcd"))
    >>> local_join_counts(resilient, line).table["p_value"].round(3).tolist()
    [0.333, 1.0, 1.0, 0.333]
    """
    side = checked_alternative(alternative)
    test = local_test(permutations, correction, alpha, rng, zero=True)
    ready, labels, codes = _prepared(classes, weights)
    pool = ~ready.isolates
    require_something_to_permute(pool)
    tested = ~ready.islands & _of_category(labels, codes, category)
    simulated = not equal_rows(ready.matrix)[~ready.islands].all()
    if simulated and not test.permutations:
        raise ConfigError(
            "Weights differ within rows, so that p-values are simulated: give permutations, such "
            "as 9999, or use binary weights."
        )
    ones = np.asarray(codes[:, None] == np.arange(len(labels)), dtype=float)
    own = np.arange(ready.n), codes
    found = (ready.matrix @ ones)[own]
    moments = [conditional_moments(column, ready.matrix, pool) for column in ones.T]
    mean = np.column_stack([moment.mean for moment in moments])[own]
    variance = np.column_stack([moment.variance for moment in moments])[own]
    if simulated:
        hits = count_extreme(
            ones,
            ready.matrix,
            pool,
            mean,
            permutations=test.permutations,
            generator=test.generator,
            coefficients=ones,
            alternative=side,
        )
        p_values = simulated_p_values(hits, ready.islands, test.permutations)
    else:
        p_values = _exact_p_values(ready, codes, found, side)
    fields = local_fields(
        ready,
        test,
        measure="local join count",
        columns={
            "class": np.array(labels, dtype=object)[codes],
            "statistic": np.where(ready.islands, np.nan, found),
            "expected": mean,
            "z_score": z_scores(found - mean, variance),
        },
        p_values=np.where(tested, p_values, np.nan),
        category=np.where(found > mean, *JOIN_CLASSES),
        categories=JOIN_CLASSES,
        function="local_join_counts",
        options={
            "category": category,
            "alternative": side,
            "null": CONDITIONAL if simulated else f"{CONDITIONAL}, exact (hypergeometric)",
        },
        simulated=simulated,
    )
    return LocalStatistic(**fields)


def _prepared(classes: pd.Series, weights: Any) -> tuple[Prepared, list[Any], np.ndarray]:
    """Classes and weights in an order of their own, names of classes, class of each city."""
    known = as_weights(weights)
    labels, codes = class_codes(classes, known.ids)
    if known.matrix.nnz == 0:
        raise WeightsError(
            "No city has a neighbour in these weights, so there is no join; use "
            "islands='nearest', a larger cut-off, or other weights."
        )
    order = own_order(codes, known.matrix, known.ids)
    moved = known.matrix[order][:, order].tocsr()
    moved.sort_indices()
    islands = np.diff(moved.indptr) == 0
    silent = np.diff(moved.tocsc().indptr) == 0
    numbers = codes[order].astype(float)
    ready = Prepared(
        name="classes" if classes.name is None else str(classes.name),
        ids=known.ids[order],
        given=classes.index,
        values=numbers,
        standardised=numbers,
        matrix=moved,
        islands=islands,
        isolates=islands & silent,
        weights=known,
    )
    return ready, labels, codes[order]


def _of_category(labels: list[Any], codes: np.ndarray, category: Any) -> np.ndarray:
    if category is None:
        return np.ones(len(codes), dtype=bool)
    if category not in labels:
        words = ", ".join(repr(label) for label in labels)
        raise ConfigError(f"No city is of the class category={category!r}; there are {words}.")
    return np.asarray(codes == labels.index(category))


def _exact_p_values(
    ready: Prepared, codes: np.ndarray, found: np.ndarray, alternative: Alternative
) -> np.ndarray:
    """Tails of the hypergeometric distribution of neighbours of the own class; NaN for islands."""
    pool, degree = ~ready.isolates, np.diff(ready.matrix.indptr)
    others, members = int(pool.sum()) - 1, np.bincount(codes[pool], minlength=codes.max() + 1)
    weight = np.where(ready.islands, 1.0, ready.matrix.sum(axis=1) / np.maximum(degree, 1))
    joins, p_values = found / weight, np.full(ready.n, np.nan)
    for code, k in np.unique(np.column_stack([codes, degree])[~ready.islands], axis=0):
        cities = np.flatnonzero((codes == code) & (degree == k))
        outcomes = np.arange(k + 1)
        chance = stats.hypergeom.pmf(outcomes, others, members[code] - 1, k)
        centre = k * (members[code] - 1) / others
        seen = joins[cities][:, None]
        if alternative == "two-sided":
            extreme = np.abs(outcomes - centre) >= np.abs(seen - centre) - _EQUAL
        else:
            sign = 1.0 if alternative == "greater" else -1.0
            extreme = sign * outcomes >= sign * seen - _EQUAL
        p_values[cities] = np.minimum(1.0, (extreme * chance).sum(axis=1))
    return p_values
