"""Weights over time: one matrix for each year, and all years stacked in one matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, WeightsError
from spatial.options import Transform, checked_option
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights


def weights_by_year(
    source: Mapping[Any, Any] | Callable[[Any], Any], years: Iterable[Any] | None = None
) -> Weights:
    """Join the weights of single years into one object with a matrix for each year.

    Parameters
    ----------
    source : mapping or callable
        Year -> weights of any kind (``as_weights``) with one matrix, of the same cities in any
        order.
    years : iterable, optional
        Needed with a callable; of a mapping, all years by default. Sorted.

    Returns
    -------
    Weights
        In the order of cities of the first year.

    Raises
    ------
    AlignmentError
        If the cities of two years differ.
    WeightsError
        If the years are scaled in different ways.
    ConfigError
        If years are missing, or given twice.

    Examples
    --------
    >>> pair = pd.DataFrame([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], ["a", "b"])
    >>> moving = weights_by_year(lambda year: pair * (year - 2009), [2011, 2010])
    >>> list(moving.years), float(moving.matrix_of(2011)[0, 1])
    ([2010, 2011], 2.0)
    """
    build: Callable[[Any], Any]
    if isinstance(source, Mapping):
        wanted = list(source) if years is None else list(years)
        lacking = [year for year in wanted if year not in source]
        if lacking:
            raise ConfigError(f"There are no weights for the years {lacking}.")
        build = source.__getitem__
    elif years is None:
        raise ConfigError("years= is needed where the weights come from a function.")
    else:
        wanted, build = list(years), source
    if not wanted or len(set(wanted)) != len(wanted):
        raise ConfigError(f"years={wanted} must name at least one year, each once.")
    wanted = sorted(wanted)
    parts = {year: as_weights(build(year)) for year in wanted}
    first_year, first = next(iter(parts.items()))
    matrices = []
    for year, part in parts.items():
        require_same_cities(
            first.ids, part.ids, left_name=f"weights of {first_year}", right_name=f"those of {year}"
        )
        if part.transform != first.transform:
            raise WeightsError(
                f"Weights of {first_year} are scaled by {first.transform!r}, those of {year} by "
                f"{part.transform!r}; scale all years alike."
            )
        matrices.append(part.reordered(first.ids).matrix)
    words = {part.description for part in parts.values()}
    same = words.pop() if len(words) == 1 else f"{first.description} (as of {first_year})"
    return Weights(
        first.ids,
        tuple(matrices),
        first.transform,
        f"{len(wanted)} years {wanted[0]}-{wanted[-1]}: {same}",
        {"kind": "by year", "years": tuple(wanted), "of": dict(first.parameters)},
        pd.Index(wanted, name="year"),
    )


def space_time_ids(cities: pd.Index, years: Iterable[Any]) -> pd.Index:
    """Name city-years, all cities of the first year first.

    Examples
    --------
    >>> list(space_time_ids(pd.Index(["a", "b"]), [2010, 2011]))
    ['a @ 2010', 'b @ 2010', 'a @ 2011', 'b @ 2011']
    """
    return pd.Index([f"{city} @ {year}" for year in years for city in cities], name="city @ year")


def space_time_weights(
    weights: Any,
    years: Iterable[Any] | None = None,
    *,
    same_year: float = 1.0,
    year_before: float = 0.0,
    own_past: float = 0.0,
    transform: Transform = "none",
) -> Weights:
    r"""Stack cities and years in one lower block triangular matrix.

    City i in year t receives ``same_year`` :math:`w_{ij,t}` from j in t, ``year_before``
    :math:`w_{ij,t}` from j in t - 1, and ``own_past`` from itself in t - 1. The defaults give the
    block-diagonal :math:`\mathrm{diag}(W_1, ..., W_T)`.

    Parameters
    ----------
    weights : Weights
        One matrix, or one for each year.
    years : iterable, optional
        In order; needed where one matrix serves all years. "The year before" is the one before in
        this order.
    same_year, year_before, own_past : float
        Not negative, not all zero.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights
        Of city-years named by ``space_time_ids``.

    Raises
    ------
    ConfigError, WeightsError

    References
    ----------
    Dubé and Legros (2014) doi:10.1002/9781119008651.

    Examples
    --------
    >>> pair = pd.DataFrame([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], ["a", "b"])
    >>> space_time_weights(pair, [1, 2], year_before=0.5).matrix.toarray()[2].tolist()
    [0.0, 0.5, 0.0, 1.0]
    """
    checked_option(transform, Transform, name="transform")
    source = as_weights(weights)
    if years is None and source.years is None:
        raise ConfigError("years= is needed where one matrix serves all years.")
    order = list(source.years if years is None and source.years is not None else years or [])
    factors = np.array([same_year, year_before, own_past], dtype=float)
    if not np.isfinite(factors).all() or (factors < 0.0).any() or not factors.any():
        raise ConfigError(
            "same_year, year_before and own_past must not be negative, and not all be zero."
        )
    if not order or len(set(order)) != len(order):
        raise ConfigError(f"years={order} must name at least one year, each once.")
    now = [source.matrix_of(year) for year in order]
    stacked = same_year * sparse.block_diag(now, format="csr")
    past = [year_before * now[t] + own_past * sparse.eye_array(source.n) for t in range(len(now))]
    if len(past) > 1 and (year_before or own_past):
        n, total = source.n, source.n * len(now)
        below = sparse.block_diag(past[1:], format="coo")
        rows, columns = below.coords
        stacked = stacked + sparse.csr_array((below.data, (rows + n, columns)), (total, total))
    before = source.description.replace("; ", ", ")
    found = Weights(
        space_time_ids(source.ids, order),
        (sparse.csr_array(stacked),),
        "none",
        f"{len(order)} years stacked ({same_year:g} same year, {year_before:g} year before, "
        f"{own_past:g} own past) of ({before})",
        {
            "kind": "space-time",
            "years": tuple(order),
            "same_year": same_year,
            "year_before": year_before,
            "own_past": own_past,
            "of": dict(source.parameters),
        },
    )
    return found if transform == "none" else transform_weights(found, transform)
