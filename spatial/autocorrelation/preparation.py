"""Values and weights made ready: aligned by label, checked, and put in an order of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import aligned_series
from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.weights.types import Weights, as_weights

_CONSTANT = 1e-12
"""Values whose range is below this share of the largest are constant but for rounding."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A variable and its weights in an order that depends on neither row order nor names.

    Cities are sorted by value, equal values by number of neighbours, and only then by label. Sums
    and random draws therefore come out the same, to the last bit, for shuffled input.

    Attributes
    ----------
    name : str
        Of the variable.
    ids : pandas.Index of shape (n,)
        Labels in the inner order.
    given : pandas.Index of shape (n,)
        Labels in the order of the caller.
    values : numpy.ndarray of shape (n,)
        As given.
    standardised : numpy.ndarray of shape (n,)
        Mean 0, mean square 1 (divisor n).
    matrix : scipy.sparse.csr_array of shape (n, n)
    islands : numpy.ndarray of shape (n,), bool
        Cities that receive from nobody.
    isolates : numpy.ndarray of shape (n,), bool
        Islands that nobody receives from either.
    weights : Weights
        As given, or read from another kind.
    """

    name: str
    ids: pd.Index
    given: pd.Index
    values: np.ndarray
    standardised: np.ndarray
    matrix: sparse.csr_array
    islands: np.ndarray
    isolates: np.ndarray
    weights: Weights

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.values)


def prepare(values: pd.Series, weights: Any, *, smallest: int = 4) -> Prepared:
    """Align, check and order a variable and its weights.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids.
    weights : Weights, or anything that ``as_weights`` reads
    smallest : int
        Fewest cities that the statistic needs.

    Returns
    -------
    Prepared

    Raises
    ------
    AlignmentError, PanelError
        If labels differ or values are missing.
    EstimationError
        If there are too few cities or the values are constant.
    WeightsError
        If no city has a neighbour, or the weights change by year.
    """
    known = as_weights(weights)
    matrix = known.matrix
    series = aligned_series(values, known.ids, what=_name_of(values))
    numbers = series.to_numpy()
    if known.n < smallest:
        raise EstimationError(
            f"{known.n} cities are too few for this statistic; it needs {smallest}."
        )
    if matrix.nnz == 0:
        raise WeightsError(
            "No city has a neighbour in these weights, so nothing can be autocorrelated; use "
            "islands='nearest', a larger cut-off, or other weights."
        )
    order = own_order(numbers, matrix, known.ids)
    ordered = numbers[order]
    moved = matrix[order][:, order].tocsr()
    moved.sort_indices()
    islands = np.diff(moved.indptr) == 0
    silent = np.diff(moved.tocsc().indptr) == 0
    return Prepared(
        name=_name_of(values),
        ids=known.ids[order],
        given=values.index,
        values=ordered,
        standardised=standardised(ordered, _name_of(values)),
        matrix=moved,
        islands=islands,
        isolates=islands & silent,
        weights=known,
    )


def checked_permutations(permutations: int, *, smallest: int, zero: bool) -> int:
    """Return a usable number of permutations or raise ``ConfigError``."""
    whole = isinstance(permutations, int | np.integer) and not isinstance(permutations, bool)
    if whole and (permutations >= smallest or (zero and permutations == 0)):
        return int(permutations)
    without = " or 0 for none" if zero else ""
    raise ConfigError(
        f"permutations={permutations!r} must be a whole number of at least {smallest}{without}."
    )


def _name_of(values: Any) -> str:
    name = getattr(values, "name", None)
    return "values" if name is None else str(name)


def own_order(numbers: np.ndarray, matrix: sparse.csr_array, ids: pd.Index) -> np.ndarray:
    """Order cities by value, then by number of neighbours, and only then by label."""
    degrees = np.diff(matrix.indptr)
    order = np.lexsort((degrees, numbers))
    same = (np.diff(numbers[order]) == 0) & (np.diff(degrees[order]) == 0)
    if same.any():
        order = np.lexsort((_label_ranks(ids), degrees, numbers))
    return order


def _label_ranks(ids: pd.Index) -> np.ndarray:
    """Rank labels of whatever type, mixed types too."""
    labels = list(ids)
    order = sorted(range(len(labels)), key=lambda at: (type(labels[at]).__name__, str(labels[at])))
    ranks = np.empty(len(labels), dtype=np.int64)
    ranks[order] = np.arange(len(labels))
    return ranks


def standardised(numbers: np.ndarray, name: str) -> np.ndarray:
    """Deviations with mean 0 and mean square 1; raises when the values are constant."""
    largest = np.abs(numbers).max()
    if np.ptp(numbers) <= _CONSTANT * largest:
        raise EstimationError(
            f"{name} is constant ({numbers[0]:g} in every city), so it has no spatial pattern; "
            "choose a variable that differs between cities."
        )
    # Divided first, so that squares of very large or small values stay inside the floats.
    relative = numbers / largest
    deviation = relative - relative.mean()
    deviation -= deviation.mean()
    deviation /= np.abs(deviation).max()
    return np.asarray(deviation / np.sqrt(np.mean(deviation**2)))
