"""Neighbours of neighbours: weights of the k-th order by shortest paths, without cycles."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from spatial.errors import ConfigError
from spatial.options import Transform, checked_option
from spatial.weights.islands import counted_islands, islands_of
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights


def lag_order_weights(
    weights: Any, *, order: int, lower: bool = False, transform: Transform = "row"
) -> Weights:
    """Link each city with those that it is first reached from in exactly ``order`` steps.

    w_ij = 1 if the shortest path of links from j to i has ``order`` steps. Strengths of the given
    weights do not matter. This is not the power W^k, which goes back and forth: a city is never
    its own neighbour here, nor of two orders at once.

    Parameters
    ----------
    weights : Weights
        Any kind; where they change by year, each year has its own paths.
    order : int
        1 gives the neighbours themselves.
    lower : bool
        Also keep the neighbours of all lower orders.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights

    Raises
    ------
    ConfigError
        If ``order`` is not a whole number from 1.

    References
    ----------
    Anselin and Smirnov (1996) doi:10.1111/j.1467-9787.1996.tb01101.x.

    Examples
    --------
    >>> import pandas as pd
    >>> ids = list("abc")
    >>> line = pd.DataFrame([[0, 1, 0], [1, 0, 1], [0, 1, 0]], ids, ids)
    >>> lag_order_weights(line, order=2).to_frame()
      focal neighbor  weight
    0     a        c     1.0
    1     c        a     1.0
    """
    checked_option(transform, Transform, name="transform")
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        raise ConfigError(f"order={order!r} must be a whole number from 1.")
    source = as_weights(weights)
    matrices = tuple(paths_of_order(matrix, int(order), lower=lower) for matrix in source.matrices)
    alone = int(np.logical_or.reduce([islands_of(matrix) for matrix in matrices]).sum())
    reach = f"orders 1 to {order}" if lower else f"order {order}"
    before = source.description.replace("; ", ", ")
    found = Weights(
        source.ids,
        matrices,
        "none",
        f"neighbours of {reach} by shortest path of ({before}); {counted_islands(alone, 'kept')}",
        {"kind": "lag order", "order": int(order), "lower": lower, "of": dict(source.parameters)},
        source.years,
    )
    return transform_weights(found, transform)


def paths_of_order(
    matrix: sparse.csr_array, order: int, *, lower: bool = False
) -> sparse.csr_array:
    """Mark pairs whose shortest path has exactly ``order`` steps (or at most, with ``lower``)."""
    step = matrix.astype(bool).astype(np.int32)
    itself = sparse.eye_array(step.shape[0], dtype=np.int32)
    seen, front = sparse.csr_array(step + itself), step
    for _ in range(order - 1):
        reached = sparse.csr_array((front @ step).astype(bool).astype(np.int32))
        front = sparse.csr_array(reached - reached.multiply(seen.astype(bool)))
        front.eliminate_zeros()
        seen = sparse.csr_array(seen + front)
    return sparse.csr_array(seen - itself if lower else front, dtype=float)
