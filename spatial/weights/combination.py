"""Convex combinations of weights that were brought to one scale before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, WeightsError, listed
from spatial.options import Transform, checked_option
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights

_ROUNDING = 1e-9
"""Shares and row sums may miss one by this much."""


def combine_weights(
    weights: Mapping[str, Any],
    shares: Mapping[str, float] | None = None,
    *,
    normalisation: Transform = "row",
    transform: Transform = "none",
) -> Weights:
    r"""Add weights, :math:`W = \sum_m \gamma_m W_m` with :math:`\gamma_m \ge 0`, sum one.

    Parameters
    ----------
    weights : mapping of str to Weights
        Of the same cities in any order; the first gives the order.
    shares : mapping of str to float, optional
        :math:`\gamma`, the same names; equal shares by default.
    normalisation : a word of ``transform_weights``
        How each matrix is scaled before; kinds of weights differ in scale by orders of magnitude,
        so that sums of unscaled ones are the largest one alone.
    transform : str
        Scale of the result; see ``transform_weights``.

    Returns
    -------
    Weights
        With a matrix for each year where one of the given has. Where all rows of all parts sum to
        one, so do those of the result, and it is marked so.

    Raises
    ------
    AlignmentError
        If cities differ.
    WeightsError
        If years differ, or a part cannot be scaled so.
    ConfigError
        If names of shares differ, or shares are negative or do not sum to one.

    References
    ----------
    Debarsy and LeSage (2018) doi:10.1016/j.regsciurbeco.2018.01.001.

    Examples
    --------
    >>> ids = ["a", "b", "c"]
    >>> ring = pd.DataFrame([[0, 1, 0], [0, 0, 1], [1, 0, 0]], ids, ids)
    >>> both = combine_weights({"ring": ring, "back": ring.T}, {"ring": 0.75, "back": 0.25})
    >>> both.matrix.toarray()[0].tolist(), both.transform
    ([0.0, 0.75, 0.25], 'row')
    """
    checked_option(normalisation, Transform, name="normalisation")
    checked_option(transform, Transform, name="transform")
    if not weights:
        raise ConfigError("combine_weights needs at least one set of weights.")
    given = {name: as_weights(one) for name, one in weights.items()}
    portions = _checked_shares(list(given), shares)
    first_name, first = next(iter(given.items()))
    parts = {}
    for name, one in given.items():
        require_same_cities(
            first.ids, one.ids, left_name=f"weights {first_name!r}", right_name=f"weights {name!r}"
        )
        parts[name] = transform_weights(one.reordered(first.ids), normalisation)
    years = _common_years(parts)
    matrices = tuple(
        sum(portion * parts[name].matrix_of(year) for name, portion in portions.items())
        for year in ([None] if years is None else years)
    )
    unit_rows = all(np.abs(matrix.sum(axis=1) - 1.0).max() < _ROUNDING for matrix in matrices)
    words = " + ".join(
        f"{portion:g} x {name} ({parts[name].description})" for name, portion in portions.items()
    )
    combined = Weights(
        first.ids,
        matrices,
        "row" if unit_rows else "none",
        # semicolons part the remarks of one set of weights
        words.replace("; ", ", "),
        {
            "kind": "combination",
            "shares": dict(portions),
            "normalisation": normalisation,
            "parts": {name: dict(part.parameters) for name, part in parts.items()},
        },
        years,
    )
    return combined if transform == "none" else transform_weights(combined, transform)


def _checked_shares(names: list[str], shares: Mapping[str, float] | None) -> dict[str, float]:
    if shares is None:
        return {name: 1.0 / len(names) for name in names}
    if set(shares) != set(names):
        raise ConfigError(
            f"shares name {listed(shares)}, the weights are {listed(names)}; name the same."
        )
    portions = {name: float(shares[name]) for name in names}
    values = np.array(list(portions.values()))
    if not np.isfinite(values).all() or (values < 0.0).any():
        raise ConfigError(f"shares {portions} must not be negative.")
    if abs(values.sum() - 1.0) > _ROUNDING:
        raise ConfigError(f"shares sum to {values.sum():g}; they must sum to one.")
    return portions


def _common_years(parts: Mapping[str, Weights]) -> pd.Index | None:
    changing = {name: part.years for name, part in parts.items() if part.years is not None}
    if not changing:
        return None
    (first_name, years), *rest = changing.items()
    for name, other in rest:
        if set(other) != set(years):
            raise WeightsError(
                f"Weights {first_name!r} and {name!r} have matrices of different years; "
                "choose the common ones."
            )
    return years
