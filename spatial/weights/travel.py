"""Weights from travel times or any other cost: a square table or a table of pairs."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_unique
from spatial.errors import AlignmentError, ConfigError, WeightsError, listed
from spatial.options import DistanceDecay, MissingCost, Transform, checked_option
from spatial.weights.islands import counted_islands, islands_of
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights


def travel_time_weights(
    times: pd.DataFrame,
    *,
    cities: pd.Index | None = None,
    origin: str = "origin",
    destination: str = "destination",
    minutes: str = "minutes",
    both_ways: bool = False,
    decay: DistanceDecay = "power",
    power: float = 1.0,
    rate_per_minute: float | None = None,
    cutoff_minutes: float | None = None,
    missing: MissingCost = "error",
    transform: Transform = "row",
) -> Weights:
    r"""Build weights that fall with the time of travel **from j to i**.

    :math:`w_{ij} = t_{j \to i}^{-power}`, or :math:`\exp(-rate\; t_{j \to i})`: row i receives from
    column j, so what counts is the way from the sender j to the receiver i. Where times differ by
    direction the weights are not symmetric.

    Parameters
    ----------
    times : pandas.DataFrame
        Square, with the same city ids on both axes: **from the city of the row to the city of the
        column**; or a table with a row for each pair of cities.
    cities : pandas.Index, optional
        City ids and their order; by default those of the rows, or those named in the pairs in the
        order of appearance. Times of other cities are left out.
    origin, destination, minutes : str
        Columns of a table of pairs.
    both_ways : bool
        A pair listed in one direction only stands for both.
    decay : {"power", "exponential"}
    power : float
        Exponent of the power decay, positive.
    rate_per_minute : float, optional
        Rate of the exponential decay; needed for it, refused otherwise.
    cutoff_minutes : float, optional
        Longer ways make no link.
    missing : {"error", "drop"}
        Pairs without a time: refuse, or leave without a link (no connection).
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights

    Raises
    ------
    AlignmentError
        If ids appear twice, or wanted cities have no times.
    WeightsError
        If times are negative, zero or missing.
    ConfigError

    Examples
    --------
    >>> ids = ["a", "b"]
    >>> times = pd.DataFrame([[0.0, 30.0], [60.0, 0.0]], ids, ids)  # a to b 30, b to a 60 minutes
    >>> weights = travel_time_weights(times, transform="none")
    >>> round(float(weights.matrix[0, 1]), 4)  # a receives from b, an hour away
    0.0167
    """
    checked_option(transform, Transform, name="transform")
    checked_option(missing, MissingCost, name="missing")
    decay = cast("DistanceDecay", checked_option(decay, DistanceDecay, name="decay"))
    _check_decay(decay, power, rate_per_minute, cutoff_minutes)
    if len(times) and set(times.index) == set(times.columns):
        ids, way = _from_square(times, cities)
    else:
        ids, way = _from_pairs(times, cities, (origin, destination, minutes))
    if both_ways:
        way = np.where(np.isnan(way), way.T, way)
    unknown = _checked_times(ids, way, missing)
    linked = ~np.isnan(way)
    np.fill_diagonal(linked, val=False)
    if cutoff_minutes is not None:
        linked &= np.nan_to_num(way, nan=np.inf) <= cutoff_minutes
    sender, receiver = np.nonzero(linked)
    duration = way[sender, receiver]
    if decay == "power":
        entries, words = duration**-power, f"inverse travel time (power {power:g})"
    else:
        rate = cast("float", rate_per_minute)
        entries, words = np.exp(-rate * duration), f"exponential decay ({rate:g} per minute)"
    matrix = sparse.csr_array((entries, (receiver, sender)), shape=way.shape)
    limit = "" if cutoff_minutes is None else f" within {cutoff_minutes:g} minutes"
    gaps = f"; {unknown} pairs without a time are not linked" if unknown else ""
    alone = int(islands_of(matrix).sum())
    weights = Weights(
        ids,
        (matrix,),
        "none",
        f"{words} from sender to receiver{limit}{gaps}; {counted_islands(alone, 'kept')}",
        {
            "kind": "travel time",
            "decay": decay,
            "power": power if decay == "power" else None,
            "rate_per_minute": rate_per_minute,
            "cutoff_minutes": cutoff_minutes,
            "n_missing_pairs": unknown,
        },
    )
    return transform_weights(weights, transform)


def _check_decay(
    decay: str, power: float, rate: float | None, cutoff_minutes: float | None
) -> None:
    if decay == "power":
        if rate is not None:
            raise ConfigError(
                f"rate_per_minute={rate!r} belongs to decay='exponential'; with decay='power' give "
                "power=."
            )
        if not (np.isfinite(power) and power > 0):
            raise ConfigError(f"power={power!r} must be positive.")
    elif rate is None or not (np.isfinite(rate) and rate > 0):
        raise ConfigError(
            f"decay='exponential' needs a positive rate_per_minute, not {rate!r}; 0.01 halves a "
            "weight every 69 minutes."
        )
    if cutoff_minutes is not None and not (np.isfinite(cutoff_minutes) and cutoff_minutes > 0):
        raise ConfigError(f"cutoff_minutes={cutoff_minutes!r} must be a positive time.")


def _from_square(times: pd.DataFrame, cities: pd.Index | None) -> tuple[pd.Index, np.ndarray]:
    require_unique(times.index, what="times (rows)")
    require_unique(times.columns, what="times (columns)")
    ids = pd.Index(times.index) if cities is None else pd.Index(cities)
    _require_known(ids, times.index)
    way = times.loc[ids, ids].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    return ids, np.where(np.isinf(way), np.nan, way)


def _from_pairs(
    times: pd.DataFrame, cities: pd.Index | None, columns: tuple[str, str, str]
) -> tuple[pd.Index, np.ndarray]:
    lacking = [name for name in columns if name not in times.columns]
    if lacking:
        raise ConfigError(
            "times is neither square (the same city ids on rows and columns) nor a table of pairs: "
            f"it lacks the columns {listed(lacking)}; it has {listed(times.columns)}. Name the "
            "right ones as origin=, destination= and minutes=."
        )
    pairs = times.loc[:, list(columns)]
    twice = pairs.duplicated(list(columns[:2]))
    if twice.any():
        named = pairs.loc[twice, list(columns[:2])].itertuples(index=False, name=None)
        raise AlignmentError(
            f"Pairs appear more than once: {listed(named)}. Keep one time for each direction."
        )
    stacked = pd.concat([pairs[columns[0]], pairs[columns[1]]], ignore_index=True)
    known = pd.Index(stacked.unique())
    ids = known if cities is None else pd.Index(cities)
    _require_known(ids, known)
    way = np.full((len(ids), len(ids)), np.nan)
    start = ids.get_indexer(pd.Index(pairs[columns[0]]))
    end = ids.get_indexer(pd.Index(pairs[columns[1]]))
    wanted = (start >= 0) & (end >= 0)
    minutes = pd.to_numeric(pairs[columns[2]], errors="coerce").to_numpy(dtype=float)
    way[start[wanted], end[wanted]] = np.where(np.isinf(minutes), np.nan, minutes)[wanted]
    return ids, way


def _require_known(wanted: pd.Index, known: pd.Index) -> None:
    require_unique(wanted, what="cities")
    strange = wanted.difference(known, sort=False)
    if len(strange):
        raise AlignmentError(
            f"Cities {listed(strange)} have no travel time; add their times or drop these cities."
        )


def _checked_times(ids: pd.Index, way: np.ndarray, missing: str) -> int:
    """Refuse impossible times; return how many pairs have none."""
    between = ~np.eye(len(ids), dtype=bool)
    with np.errstate(invalid="ignore"):
        wrong = (way <= 0.0) & between
    if wrong.any():
        named = [(ids[i], ids[j]) for i, j in np.argwhere(wrong)]
        raise WeightsError(
            f"Times between different cities are zero or negative: {listed(named)}. Correct them "
            "(a pair without connection is left empty)."
        )
    gaps = np.isnan(way) & between
    if gaps.any() and missing == "error":
        named = [(ids[i], ids[j]) for i, j in np.argwhere(gaps)[:11]]
        raise WeightsError(
            f"{int(gaps.sum())} pairs have no travel time, among them {listed(named, limit=5)}. "
            "Add them, use both_ways=True where a pair is listed once, or missing='drop' to leave "
            "them without a link."
        )
    return int(gaps.sum())
