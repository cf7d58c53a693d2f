"""Weights from judgements in pairs: the analytic hierarchy process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, listed
from spatial.results import Configuration, Result

__all__ = [
    "CONSISTENCY_LIMIT",
    "RANDOM_INDEX",
    "AnalyticHierarchy",
    "analytic_hierarchy",
    "hierarchical_weights",
]

CONSISTENCY_LIMIT = 0.1
"""Judgements with a consistency ratio of this or more are refused (Saaty 1980)."""

RANDOM_INDEX = (
    *(0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41),
    *(1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
)
"""Mean consistency index of random judgements of 1 to 15 items (Saaty 1980)."""

_RECIPROCAL = 0.01
"""Judgements are often typed as 0.33 for 1/3: product of a pair may miss one by this much."""


@dataclass(frozen=True, kw_only=True)
class AnalyticHierarchy(Result):
    """Weights of the analytic hierarchy process.

    Attributes
    ----------
    weights : pandas.Series
        Index item, sums to one.
    largest_eigenvalue : float
        The number of items when judgements are consistent, else more.
    consistency_index, consistency_ratio : float
    configuration : Configuration
    """

    weights: pd.Series
    largest_eigenvalue: float
    consistency_index: float
    consistency_ratio: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the weights with the consistency ratio beside them."""
        return self.weights.to_frame().assign(consistency_ratio=self.consistency_ratio)


def analytic_hierarchy(judgements: pd.DataFrame) -> AnalyticHierarchy:
    r"""Turn judgements in pairs into weights, and refuse contradictory ones.

    The weights are the first eigenvector of the matrix :math:`A`, :math:`a_{jk}` being how many
    times item :math:`j` matters as much as :math:`k`. With its eigenvalue
    :math:`\lambda_{max}`, :math:`CI = (\lambda_{max} - n)/(n - 1)` and :math:`CR = CI / RI` with
    the mean index :math:`RI` of random judgements.

    Parameters
    ----------
    judgements : pandas.DataFrame of shape (n, n)
        Same labels in rows and columns, ones on the diagonal, :math:`a_{kj} = 1/a_{jk}`. A value
        below the diagonal may be missing: it is taken from its partner.

    Returns
    -------
    AnalyticHierarchy

    Raises
    ------
    ConfigError
        If labels, signs or reciprocals are wrong; the pairs are named.
    EstimationError
        If the consistency ratio is 0.1 or more; the most contradictory judgement is named.

    References
    ----------
    Saaty, T. L. (1980). The analytic hierarchy process. McGraw-Hill.

    Examples
    --------
    >>> items = ["net", "jobs", "finance"]
    >>> table = pd.DataFrame([[1, 2, 4], [1/2, 1, 2], [1/4, 1/2, 1]], index=items, columns=items)
    >>> analytic_hierarchy(table).weights.round(3).to_list()
    [0.571, 0.286, 0.143]
    """
    matrix = _checked(judgements)
    n = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    first = int(np.argmax(values.real))
    # Perron: the first eigenvector of a positive matrix is real and of one sign.
    vector = np.abs(vectors[:, first].real)
    weights = pd.Series(vector / vector.sum(), index=judgements.index, name="weight")
    largest = float(values[first].real)
    index = max(0.0, (largest - n) / (n - 1)) if n > 1 else 0.0
    ratio = index / RANDOM_INDEX[n - 1] if n > 2 else 0.0
    if ratio >= CONSISTENCY_LIMIT:
        _refuse(matrix, weights, ratio)
    return AnalyticHierarchy(
        weights=weights.rename_axis("indicator"),
        largest_eigenvalue=largest,
        consistency_index=index,
        consistency_ratio=ratio,
        configuration=Configuration(
            function="analytic_hierarchy", options={"judgements": matrix.tolist()}
        ),
    )


def hierarchical_weights(dimensions: pd.DataFrame, inside: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Weights of indicators from judgements of dimensions, and of indicators inside each.

    Parameters
    ----------
    dimensions : pandas.DataFrame
        Judgements of dimensions, see ``analytic_hierarchy``.
    inside : mapping of dimension to pandas.DataFrame
        Judgements of the indicators of every dimension; 1 by 1 for a single indicator.

    Returns
    -------
    pandas.Series
        Index indicator: weight of the dimension times weight inside it, sums to one. Use it as
        ``composite_index(..., method="given", weights=...)``.

    Raises
    ------
    ConfigError
        If dimensions differ, or an indicator stands in two of them.
    EstimationError
        If one of the tables is contradictory.
    """
    top = analytic_hierarchy(dimensions).weights
    if set(top.index) != set(inside):
        raise ConfigError(
            f"Judgements inside dimensions name {listed(inside)}; the dimensions are "
            f"{listed(top.index)}."
        )
    parts = [analytic_hierarchy(inside[name]).weights * top[name] for name in top.index]
    weights = pd.concat(parts)
    twice = weights.index[weights.index.duplicated()]
    if len(twice):
        raise ConfigError(f"Indicators stand in two dimensions: {listed(twice)}.")
    return weights


def _checked(judgements: pd.DataFrame) -> np.ndarray:
    labels = list(judgements.index)
    if len(set(labels)) != len(labels) or sorted(map(str, labels)) != sorted(
        map(str, judgements.columns)
    ):
        raise ConfigError(
            f"Judgements need the same labels in rows ({listed(labels)}) and columns "
            f"({listed(judgements.columns)}), each once."
        )
    if not 1 <= len(labels) <= len(RANDOM_INDEX):
        raise ConfigError(
            f"{len(labels)} items cannot be judged in pairs (1 to {len(RANDOM_INDEX)}): group "
            "them in dimensions and use hierarchical_weights."
        )
    matrix = judgements[labels].to_numpy(dtype=float, copy=True)
    lower = np.tril_indices(len(matrix), -1)
    gaps = np.isnan(matrix[lower])
    matrix[lower] = np.where(gaps, 1.0 / matrix.T[lower], matrix[lower])
    if not (np.isfinite(matrix).all() and (matrix > 0).all()):
        raise ConfigError("Judgements must be positive numbers, such as 3 or 1/3.")
    wrong = np.argwhere(np.triu(np.abs(matrix * matrix.T - 1.0) > _RECIPROCAL))
    if len(wrong):
        pairs = [(labels[a], labels[b]) for a, b in wrong]
        raise ConfigError(
            f"Judgements of these pairs are not the reciprocals of each other: {listed(pairs)}."
        )
    return matrix


def _refuse(matrix: np.ndarray, weights: pd.Series, ratio: float) -> None:
    implied = np.divide.outer(weights.to_numpy(), weights.to_numpy())
    contradiction = np.abs(np.log(matrix / implied))
    a, b = divmod(int(np.argmax(contradiction)), len(matrix))
    raise EstimationError(
        f"The consistency ratio of the judgements is {ratio:.3f}; below {CONSISTENCY_LIMIT} is "
        f"acceptable. The furthest from the rest is {weights.index[a]!r} against "
        f"{weights.index[b]!r}: {matrix[a, b]:.3g}, where the others imply {implied[a, b]:.3g}."
    )
