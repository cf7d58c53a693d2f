"""Do several transition matrices come from one chain: over time, between groups, along history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from spatial.errors import AlignmentError, EstimationError, listed
from spatial.results import Configuration, Result


@dataclass(frozen=True, kw_only=True)
class HomogeneityTest(Result):
    """Test that transition matrices are equal.

    Attributes
    ----------
    null : str
        What is tested, in words.
    table : pandas.DataFrame
        Index: ``"LR"``, ``"Q"``. Columns ``statistic``, ``df``, ``p_value``.
    by_class : pandas.DataFrame
        Index: class at the start. Columns ``LR``, ``Q``, ``df``: what each row of the matrices
        adds to the test.
    matrices : int
        How many were compared; those without transitions do not count.
    transitions : int
    warnings : tuple of str
        Where expected counts are too small for the chi-squared distribution.
    configuration : Configuration
    """

    null: str
    table: pd.DataFrame
    by_class: pd.DataFrame
    matrices: int
    transitions: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def markov_homogeneity(
    tables: Mapping[Any, pd.DataFrame],
    *,
    null: str = "the groups share one matrix of transition probabilities",
) -> HomogeneityTest:
    r"""Test that groups of transitions, such as regions or periods, come from one chain.

    .. math::

        LR = 2 \sum_l \sum_{ij} n_{ij}^l \ln \frac{p_{ij}^l}{p_{ij}}, \qquad
        Q = \sum_l \sum_{ij} n_i^l \frac{(p_{ij}^l - p_{ij})^2}{p_{ij}}

    with :math:`\sum_i (a_i - 1)(b_i - 1)` degrees of freedom: :math:`a_i` columns and :math:`b_i`
    groups are occupied in row i.

    Parameters
    ----------
    tables : mapping
        Group -> transition counts, classes in rows (start) and columns (end), as in
        ``MarkovChain.counts``.
    null : str
        The hypothesis in words, kept in the result.

    Returns
    -------
    HomogeneityTest

    Raises
    ------
    EstimationError
        With fewer than two groups of transitions, negative counts, or no degree of freedom.
    AlignmentError
        If the classes differ.

    References
    ----------
    Bickenbach, F., & Bode, E. (2003). Evaluating the Markov property in studies of economic
    convergence. International Regional Science Review, 26(3), 363-392.
    https://doi.org/10.1177/0160017603253789

    Examples
    --------
    >>> east = pd.DataFrame([[40, 10], [5, 45]])
    >>> west = pd.DataFrame([[20, 30], [5, 45]])
    >>> markov_homogeneity({"east": east, "west": west}).table.loc["Q"].round(3).tolist()
    [16.667, 2.0, 0.0]
    """
    first = next(iter(tables.values()), None)
    if first is None or len(tables) < 2:
        raise EstimationError("A comparison of transition matrices needs at least two of them.")
    for group, table in tables.items():
        if set(table.index) != set(first.index) or set(table.columns) != set(first.columns):
            raise AlignmentError(
                f"The transitions of {group!r} have other classes ({listed(table.index)}) than "
                f"the first ({listed(first.index)}). Use the same classes in every group."
            )
    stacked = np.stack([t.reindex_like(first).to_numpy(dtype=float) for t in tables.values()])
    if not np.isfinite(stacked).all() or (stacked < 0.0).any():
        raise EstimationError(
            "Transition counts must be numbers from zero; give counts, no shares."
        )
    likelihood, quadratic, free = homogeneity_parts(stacked)
    occupied = int((stacked.sum(axis=(1, 2)) > 0.0).sum())
    df = int(free.sum())
    if occupied < 2 or df == 0:
        raise EstimationError(
            "No class is left from in two of the groups with more than one destination, so there "
            "is nothing to compare. Use fewer classes, or groups with more transitions."
        )
    rows = {}
    for name, parts in (("LR", likelihood), ("Q", quadratic)):
        statistic = max(float(parts.sum()), 0.0)
        p_value = float(special.chdtrc(df, statistic))
        rows[name] = {"statistic": statistic, "df": df, "p_value": p_value}
    return HomogeneityTest(
        null=null,
        table=pd.DataFrame.from_dict(rows, orient="index").rename_axis("test"),
        by_class=pd.DataFrame({"LR": likelihood, "Q": quadratic, "df": free}, index=first.index),
        matrices=occupied,
        transitions=int(stacked.sum()),
        warnings=_small_counts(stacked),
        configuration=Configuration(
            function="markov_homogeneity", options={"groups": tuple(map(str, tables)), "null": null}
        ),
    )


def homogeneity_parts(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LR, Q and degrees of freedom by row of the matrices.

    Parameters
    ----------
    counts : numpy.ndarray of shape (groups, rows, columns)

    Returns
    -------
    likelihood, quadratic : numpy.ndarray of shape (rows,)
    free : numpy.ndarray of int, shape (rows,)
    """
    pooled = counts.sum(axis=0)
    left, total = counts.sum(axis=2, keepdims=True), pooled.sum(axis=1, keepdims=True)
    share = np.divide(pooled, total, out=np.zeros(pooled.shape), where=total > 0.0)
    expected = left * share
    seen = counts > 0.0
    ratio = np.divide(counts, expected, out=np.ones(counts.shape), where=seen)
    likelihood = 2.0 * (counts * np.log(ratio)).sum(axis=(0, 2))
    gap = (counts - expected) ** 2
    quadratic = np.divide(gap, expected, out=np.zeros(gap.shape), where=expected > 0.0)
    columns, groups = (pooled > 0.0).sum(axis=1), (left[:, :, 0] > 0.0).sum(axis=0)
    free = np.maximum(columns - 1, 0) * np.maximum(groups - 1, 0)
    return likelihood, quadratic.sum(axis=(0, 2)), free


def _small_counts(counts: np.ndarray) -> tuple[str, ...]:
    pooled = counts.sum(axis=0)
    total = pooled.sum(axis=1, keepdims=True)
    share = np.divide(pooled, total, out=np.zeros(pooled.shape), where=total > 0.0)
    expected = counts.sum(axis=2, keepdims=True) * share
    filled = expected > 0.0
    few = int((expected[filled] < 5.0).sum())
    # Cochran's rule of thumb: at most a fifth of the expected counts below five.
    if few <= 0.2 * int(filled.sum()):
        return ()
    return (
        f"{few} of {int(filled.sum())} expected counts are below 5: the p-values, Q's above all, "
        "are rough. Use fewer classes or groups, or p-values from permutations.",
    )
