"""Scaling of spatial weights: rows, columns, all entries, spectrum, min-max, both sums."""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy import sparse

from spatial.errors import WeightsError, listed
from spatial.options import Transform, checked_option
from spatial.weights.spectrum import spectral_radius
from spatial.weights.types import Weights, as_weights

_BALANCE = 1e-10
"""Row and column sums of a doubly stochastic matrix may miss one by this much."""

_ROUNDS = 20_000
"""Rounds of alternate scaling after which a matrix counts as impossible to balance."""

# Every phrase starts with one of these words, so that a later transform can replace it.
_PHRASES = (
    "not scaled",
    "entries are one",
    "rows sum to one",
    "divided by",
    "rows and columns sum to one",
    "columns sum to one",
    "rows divided by their length",
)

# What a matrix may become: scaled rows have forgotten the scale of the original ones.
_REACHABLE: dict[str, tuple[str, ...]] = {
    "row": ("row", "binary", "doubly-stochastic", "variance-stabilising"),
    "variance-stabilising": ("row", "binary", "doubly-stochastic", "variance-stabilising"),
    "column": ("column", "binary", "doubly-stochastic"),
    "doubly-stochastic": ("doubly-stochastic", "binary"),
}


def transform_weights(weights: Weights, transform: Transform) -> Weights:
    r"""Scale weights and record it in ``transform`` and ``description``.

    ========================  ==================================================================
    ``none``                  as built
    ``binary``                1 for every link
    ``row``                   :math:`w_{ij} / \sum_j w_{ij}` (W); a zero row stays zero
    ``column``                :math:`w_{ij} / \sum_i w_{ij}`; a zero column stays zero
    ``global``                :math:`n w_{ij} / \sum_{ij} w_{ij}` (C): rows sum to one on average
    ``variance-stabilising``  :math:`c\, w_{ij} / (\sum_j w_{ij}^2)^{1/2}`, c such that all entries
                              sum to n (S)
    ``spectral``              :math:`W / \omega_{max}`, the largest eigenvalue
    ``min-max``               :math:`W / \min(\max_i \sum_j w_{ij}, \max_j \sum_i w_{ij})`
    ``doubly-stochastic``     diag(r) W diag(c) with all row and column sums one
    ========================  ==================================================================

    Parameters
    ----------
    weights : Weights
        Or a libpysal Graph or W, or a labelled table.
    transform : {"none", "binary", "row", "column", "global", "variance-stabilising", "spectral", \
                 "min-max", "doubly-stochastic"}
        n of ``global`` and ``variance-stabilising`` counts islands.

    Returns
    -------
    Weights
        New weights; the given ones stay as they are. Weights that change by year are scaled year
        by year.

    Raises
    ------
    WeightsError
        When the scale asked for was lost by an earlier transform, or does not exist.

    Notes
    -----
    Scaling the rows of distance weights erases absolute distance: a remote city receives as much
    in all as a central one. ``spectral`` and ``min-max`` keep it. Islands keep their zero row.

    References
    ----------
    Kelejian, H. H., & Prucha, I. R. (2010). Specification and estimation of spatial autoregressive
    models with autoregressive and heteroskedastic disturbances. Journal of Econometrics, 157(1),
    53-67. https://doi.org/10.1016/j.jeconom.2009.10.025

    Tiefelsdorf, M., Griffith, D. A., & Boots, B. (1999). A variance-stabilizing coding scheme for
    spatial link matrices. Environment and Planning A, 31, 165-180.
    """
    source = as_weights(weights)
    wanted = cast("Transform", checked_option(transform, Transform, name="transform"))
    _require_reachable(source.transform, wanted)
    if wanted == source.transform and wanted != "none":
        return source
    scaled, notes = [], []
    for matrix in source.matrices:
        result, note = _scaled(matrix, wanted, source)
        scaled.append(result)
        notes.append(note)
    phrase = notes[0] if len(set(notes)) == 1 else f"{_generic(wanted)} in each year"
    return Weights(
        source.ids,
        tuple(scaled),
        wanted,
        _with_phrase(source.description, phrase),
        {**source.parameters, "transform": wanted},
        source.years,
        source.direction,
    )


def _require_reachable(present: str, wanted: str) -> None:
    if wanted == "none":
        allowed = present == "none"
    else:
        allowed = wanted in _REACHABLE.get(present, (wanted,))
    if not allowed:
        raise WeightsError(
            f"These weights were scaled before (transform={present!r}), so {wanted!r} can no "
            f"longer be had from them; build them with transform='none' and scale that."
        )


def _scaled(
    matrix: sparse.csr_array, transform: Transform, weights: Weights
) -> tuple[sparse.csr_array, str]:
    if transform == "none" or matrix.nnz == 0:
        return matrix, _generic(transform)
    simple = {
        "binary": _binary,
        "row": _row_scaled,
        "column": _column_scaled,
        "variance-stabilising": _variance_stabilised,
    }
    if transform in simple:
        return simple[transform](matrix), _generic(transform)
    if transform == "doubly-stochastic":
        return _doubly_stochastic(matrix, weights), _generic(transform)
    divisor, note = _divisor(matrix, transform)
    return _with_data(matrix, matrix.data / divisor), note


def _divisor(matrix: sparse.csr_array, transform: Transform) -> tuple[float, str]:
    """Find the number by which all entries are divided, and the words for it."""
    if transform == "global":
        divisor = float(matrix.sum()) / matrix.shape[0]
        return divisor, f"divided by the mean row sum {divisor:.6g}"
    if transform == "spectral":
        divisor = spectral_radius(matrix)
        if divisor <= 1e-12 * matrix.data.max():
            raise WeightsError(
                "The largest eigenvalue of these weights is zero (no city receives from itself by "
                "any path), so they have no spectral scale; use 'min-max' or 'row'."
            )
        return divisor, f"divided by the largest eigenvalue {divisor:.6g}"
    rows, columns = matrix.sum(axis=1).max(), matrix.sum(axis=0).max()
    divisor = float(min(rows, columns))
    return divisor, f"divided by {divisor:.6g}, the smaller of the largest row and column sum"


def _generic(transform: str) -> str:
    return {
        "none": "not scaled",
        "binary": "entries are one",
        "row": "rows sum to one",
        "column": "columns sum to one",
        "global": "divided by the mean row sum",
        "variance-stabilising": "rows divided by their length, all entries sum to n",
        "spectral": "divided by the largest eigenvalue",
        "min-max": "divided by the smaller of the largest row and column sum",
        "doubly-stochastic": "rows and columns sum to one",
    }[transform]


def _with_data(matrix: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _binary(matrix: sparse.csr_array) -> sparse.csr_array:
    return _with_data(matrix, np.ones_like(matrix.data))


def _column_scaled(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array(_row_scaled(sparse.csr_array(matrix.T.tocsr())).T.tocsr())


def _row_scaled(matrix: sparse.csr_array) -> sparse.csr_array:
    lengths = np.diff(matrix.indptr)
    # The largest entry of each row goes first: sums of tiny or huge entries stay finite.
    largest = np.ones(matrix.shape[0])
    filled = lengths > 0
    largest[filled] = np.maximum.reduceat(matrix.data, matrix.indptr[:-1][filled])
    relative = matrix.data / np.repeat(largest, lengths)
    sums = np.ones(matrix.shape[0])
    sums[filled] = np.add.reduceat(relative, matrix.indptr[:-1][filled])
    return _with_data(matrix, relative / np.repeat(sums, lengths))


def _variance_stabilised(matrix: sparse.csr_array) -> sparse.csr_array:
    """Divide rows by their Euclidean length, then everything so that entries sum to n."""
    rows = _row_scaled(matrix)  # first, so that squares of huge or tiny entries stay finite
    lengths = np.sqrt((rows * rows).sum(axis=1))
    divisor = np.repeat(np.where(lengths > 0.0, lengths, 1.0), np.diff(rows.indptr))
    data = rows.data / divisor
    return _with_data(rows, data * (matrix.shape[0] / data.sum()))


def _doubly_stochastic(matrix: sparse.csr_array, weights: Weights) -> sparse.csr_array:
    """Alternate scaling (Sinkhorn & Knopp 1967, https://doi.org/10.2140/pjm.1967.21.343)."""
    filled_rows = np.diff(matrix.indptr) > 0
    columns = matrix.tocsc()
    filled_columns = np.diff(columns.indptr) > 0
    one_sided = filled_rows != filled_columns
    if one_sided.any():
        raise WeightsError(
            f"Cities {listed(weights.ids[one_sided])} only give or only receive; rows and columns "
            "cannot both sum to one. Use another transform or drop these cities."
        )
    row_factor, column_factor = _balanced(matrix, filled_rows)
    if not (np.isfinite(row_factor).all() and np.isfinite(column_factor).all()):
        raise WeightsError(
            "These weights cannot be scaled so that rows and columns both sum to one (some link "
            "would have to vanish, as in a star of cities); use 'row', 'spectral' or 'min-max'."
        )
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return _with_data(matrix, row_factor[rows] * matrix.data * column_factor[matrix.indices])


def _balanced(matrix: sparse.csr_array, filled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find factors of rows and columns; NaN where the alternation does not end."""
    transposed = matrix.T.tocsr()
    nothing = np.zeros(matrix.shape[0])
    column_factor = filled.astype(float)
    row_sums = matrix @ column_factor
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for _ in range(_ROUNDS):
            row_factor = np.divide(1.0, row_sums, out=nothing.copy(), where=filled)
            column_sums = transposed @ row_factor
            column_factor = np.divide(1.0, column_sums, out=nothing.copy(), where=filled)
            row_sums = matrix @ column_factor
            gap = np.abs(row_factor * row_sums - filled).max()
            if gap < _BALANCE:
                return row_factor, column_factor
            if not np.isfinite(gap):
                break
    return np.full_like(row_factor, np.nan), column_factor


def _with_phrase(description: str, phrase: str) -> str:
    parts = [part for part in description.split("; ") if part]
    kept = [part for part in parts if not part.startswith(_PHRASES)]
    return "; ".join([*kept, phrase])
