"""Weights and groups of cities: blocks of one group, and weights split at the borders of groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_same_cities, require_unique
from spatial.errors import PanelError, listed
from spatial.options import Transform, checked_option
from spatial.weights.islands import counted_islands, islands_of
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights


def block_weights(groups: pd.Series | pd.DataFrame, *, transform: Transform = "row") -> Weights:
    """Link all cities of the same group (province, city cluster); w_ij = 1.

    Parameters
    ----------
    groups : pandas.Series or pandas.DataFrame
        Index: city ids. A Series names the one group of each city, missing where it has none. A
        DataFrame of True and False with a column for each group lets cities belong to several;
        two cities are linked if they share at least one.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights
        Cities without a group, and those alone in theirs, are islands.

    Raises
    ------
    AlignmentError
        If a city appears twice.
    PanelError
        If a table holds anything but True, False, 1 and 0.

    Examples
    --------
    >>> block_weights(pd.Series({"a": "east", "b": "west", "c": "east"})).to_frame()
      focal neighbor  weight
    0     a        c     1.0
    1     c        a     1.0
    """
    checked_option(transform, Transform, name="transform")
    member = _membership(groups)
    matrix = sparse.csr_array(member @ member.T)
    matrix.setdiag(0.0)
    matrix.eliminate_zeros()
    matrix.data[:] = 1.0
    name = groups.name if isinstance(groups, pd.Series) and groups.name is not None else "group"
    alone = int(islands_of(matrix).sum())
    weights = Weights(
        pd.Index(groups.index),
        (matrix,),
        "none",
        f"cities of the same {name} ({member.shape[1]} groups); {counted_islands(alone, 'kept')}",
        {"kind": "block", "group": str(name), "n_groups": member.shape[1], "n_islands": alone},
    )
    return transform_weights(weights, transform)


def split_weights(weights: Any, groups: pd.Series | pd.DataFrame) -> tuple[Weights, Weights]:
    """Split weights into links within groups and links between groups, W = W_in + W_out.

    Parameters
    ----------
    weights : Weights
        Entries are kept as they are, so that the two parts add up to the whole; transform them
        afterwards where each is to be scaled by itself.
    groups : pandas.Series or pandas.DataFrame
        As for ``block_weights``; matched by label.

    Returns
    -------
    inside, outside : Weights

    Raises
    ------
    AlignmentError, PanelError

    Examples
    --------
    >>> ids = ["a", "b", "c"]
    >>> ring = pd.DataFrame([[0, 1, 1], [1, 0, 1], [1, 1, 0]], ids, ids)
    >>> within, between = split_weights(ring, pd.Series(["east", "east", "west"], ids))
    >>> within.matrix.nnz, between.matrix.nnz
    (2, 4)
    """
    source = as_weights(weights)
    require_same_cities(source.ids, groups.index, left_name="the weights", right_name="groups")
    member = _membership(groups.loc[source.ids])
    same = sparse.csr_array(member @ member.T)
    same.data[:] = 1.0
    inner = tuple(sparse.csr_array(matrix.multiply(same)) for matrix in source.matrices)
    outer = tuple(
        sparse.csr_array(matrix - part) for matrix, part in zip(source.matrices, inner, strict=True)
    )
    before = source.description.replace("; ", ", ")

    def part_of(matrices: tuple[sparse.csr_array, ...], words: str) -> Weights:
        return Weights(
            source.ids,
            matrices,
            "none",
            f"links {words} groups of ({before})",
            {"kind": f"links {words} groups", "of": dict(source.parameters)},
            source.years,
        )

    return part_of(inner, "within"), part_of(outer, "between")


def _membership(groups: pd.Series | pd.DataFrame) -> sparse.csr_array:
    """Cities x groups, ones and zeros."""
    if not isinstance(groups, pd.Series | pd.DataFrame):
        raise PanelError(
            f"groups must be a pandas Series or DataFrame whose index holds the city ids, not "
            f"{type(groups).__name__}."
        )
    require_unique(groups.index, what="groups")
    if isinstance(groups, pd.DataFrame):
        flags = groups.to_numpy(dtype=object)
        odd = groups.columns[[not set(column) <= {True, False} for column in flags.T]]
        if len(odd):
            raise PanelError(
                f"Columns {listed(odd)} of groups hold something other than True and False."
            )
        return sparse.csr_array(flags.astype(float))
    codes, names = pd.factorize(groups)
    known = np.flatnonzero(codes >= 0)
    return sparse.csr_array(
        (np.ones(len(known)), (known, codes[known])), shape=(len(groups), len(names))
    )
