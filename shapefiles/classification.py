"""Class bounds of maps: where a number stops being in one class and starts in the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shapefiles.classification_schemes import (
    WHOLE_SCALE,
    Scheme,
    checked_scheme_options,
    scheme_bounds,
    scheme_name,
)
from spatial.errors import ConfigError
from spatial.random import RandomSource

EXACT_LIMIT = 2000
"""Natural breaks take n^2 steps and places: above this many values, a sample of the ranks."""


def class_bounds(
    values: np.ndarray,
    *,
    scheme: str = "fisherjenks",
    k: int = 5,
    options: Mapping[str, object] | None = None,
    rng: RandomSource = 0,
) -> np.ndarray:
    """Return k + 1 ascending bounds that cover all values; never rounded.

    Class i holds ``bounds[i] < x <= bounds[i + 1]``; the first class also holds its lower bound.
    Classes without a value are left out; the next one takes their room.

    Parameters
    ----------
    values : numpy.ndarray of shape (n,)
        Missing and infinite values are left out.
    scheme : str
        A scheme of mapclassify, as `mapclassify.classify` names it: "fisherjenks", "quantiles",
        "equalinterval", "headtailbreaks", "stdmean", "boxplot", "percentiles", "prettybreaks",
        "maximumbreaks", "naturalbreaks", "jenkscaspall", "jenkscaspallforced",
        "jenkscaspallsampled", "fisherjenkssampled", "maxp", "userdefined".
    k : int
        Number of classes wanted. Fewer come back when there are fewer different values; schemes
        that find their number themselves take no notice.
    options : mapping, optional
        Options of the scheme: ``hinge`` (boxplot), ``pct`` (percentiles), ``multiples`` and
        ``anchor`` (stdmean), ``mindiff`` (maximumbreaks), ``initial`` (naturalbreaks, maxp),
        ``pct_sampled`` and ``truncate`` (sampled ones), ``bins`` and ``lowest`` (userdefined).
    rng : int, numpy.random.Generator or None
        Of schemes that draw samples; a fixed seed by default, so that maps do not change.

    Returns
    -------
    numpy.ndarray of shape (k + 1,)

    Raises
    ------
    ConfigError
        Unknown scheme or option, k < 1, or no finite value.

    Examples
    --------
    >>> class_bounds(np.array([1.0, 2.0, 10.0, 11.0]), k=2).tolist()
    [1.0, 2.0, 11.0]
    """
    name = scheme_name(scheme)
    chosen = checked_scheme_options(name, options or {})
    finite = np.sort(np.asarray(values, dtype=float))
    finite = finite[np.isfinite(finite)]
    if k < 1:
        raise ConfigError(f"k={k}: a map needs at least one class.")
    if not len(finite):
        raise ConfigError("There is no finite value to classify; check the column.")
    distinct = len(np.unique(finite))
    if name not in WHOLE_SCALE and (distinct == 1 or k == 1):
        return np.array([finite[0], finite[-1]])
    k = min(k, distinct)
    if name == "fisherjenks":
        uppers = natural_breaks(finite, k)
    else:
        uppers = scheme_bounds(finite, scheme=name, k=k, options=chosen, rng=rng)
    lowest, highest = _ends(finite, uppers, name, chosen.get("lowest"))
    inner = uppers[(uppers >= lowest) & (uppers < highest)]
    bounds = np.concatenate([[lowest], inner, [highest]])
    return bounds if name == "userdefined" else _without_empty_classes(bounds, finite)


def _ends(
    finite: np.ndarray, uppers: np.ndarray, scheme: Scheme, lowest: object
) -> tuple[float, float]:
    """Return the outermost bounds: the extremes of the values, or those of a round scale."""
    low, high = float(finite[0]), float(finite[-1])
    if scheme in WHOLE_SCALE:
        high = max(high, float(uppers[-1]))
    if scheme == "prettybreaks" and len(uppers) > 1:
        low = min(low, float(uppers[0] - (uppers[1] - uppers[0])))
    if scheme == "userdefined" and isinstance(lowest, int | float) and np.isfinite(lowest):
        low = min(low, float(lowest))
    return low, high


def natural_breaks(ascending: np.ndarray, k: int) -> np.ndarray:
    """Return the upper bounds of the k classes with the least squared deviations within.

    Exact dynamic programming over the distinct values (Fisher 1958,
    doi:10.1080/01621459.1958.10501479; Jenks' natural breaks), in double precision: mapclassify
    sums squares in single precision, where large numbers with a small spread lose their digits,
    and takes seconds for a thousand values where numba is not installed.

    Parameters
    ----------
    ascending : numpy.ndarray of shape (n,)
        Finite values, sorted. Above ``EXACT_LIMIT`` an even sample of the ranks is used.
    k : int
        At most the number of distinct values.

    Returns
    -------
    numpy.ndarray of shape (k,)
        Values of the data, ascending; the last is the maximum.

    Examples
    --------
    >>> natural_breaks(np.array([1.0, 2.0, 8.0, 9.0, 30.0]), 3).tolist()
    [2.0, 9.0, 30.0]
    """
    sample = ascending
    if len(ascending) > EXACT_LIMIT:
        ranks = np.linspace(0, len(ascending) - 1, EXACT_LIMIT).round().astype(int)
        sample = ascending[ranks]
    distinct, counts = np.unique(sample, return_counts=True)
    k = min(k, len(distinct))
    centred = distinct - np.average(distinct, weights=counts)
    sums = [np.concatenate([[0.0], np.cumsum(counts * centred**power)]) for power in (0, 1, 2)]
    # within[i, j]: squared deviations of the distinct values i..j, infinite where i > j.
    size, total, squares = (part[None, 1:] - part[:-1, None] for part in sums)
    upper = np.triu(np.ones(size.shape, dtype=bool))
    within = np.where(upper, squares - total**2 / np.where(upper, size, 1.0), np.inf)
    least = within[0]
    starts = []
    for _ in range(1, k):
        before = np.concatenate([[np.inf], least[:-1]])
        candidates = before[:, None] + within
        starts.append(candidates.argmin(axis=0))
        least = candidates.min(axis=0)
    last = len(distinct) - 1
    uppers = [distinct[last]]
    for start in reversed(starts):
        last = int(start[last]) - 1
        uppers.append(distinct[last])
    return np.array(uppers[::-1])


def _without_empty_classes(bounds: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """Drop the upper bounds of classes that hold no value; the next class takes the gap."""
    counts = np.bincount(class_positions(finite, bounds), minlength=len(bounds) - 1)
    keep = np.concatenate([counts > 0, [True]])
    keep[0] = True
    return bounds[keep] if counts[0] else np.delete(bounds[keep], 1)


def centred_bounds(
    values: np.ndarray,
    centre: float,
    *,
    scheme: str = "fisherjenks",
    k: int = 6,
    options: Mapping[str, object] | None = None,
) -> np.ndarray:
    """Return bounds that lie at equal distances on both sides of a centre.

    The classes are made on the distances from the centre, ceil(k / 2) on each side, then cut to
    the range of the values: the same strength of colour means the same distance. A class between
    may therefore be empty; it stays, so that both sides keep the same steps.

    Parameters
    ----------
    values : numpy.ndarray of shape (n,)
    centre : float
        Always a bound when values lie on both sides; otherwise the end of the range towards it.
    scheme, options
        As for :func:`class_bounds`, applied to the distances.
    k : int

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> centred_bounds(np.array([-4.0, -1.0, 1.0, 2.0, 4.0, 9.0]), 0.0, k=4).tolist()
    [-4.0, 0.0, 4.0, 9.0]
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        raise ConfigError("There is no finite value to classify; check the column.")
    lowest, highest = float(finite.min()), float(finite.max())
    if lowest == highest:
        return np.array([lowest, highest])
    distances = np.abs(finite - centre)
    steps = class_bounds(distances, scheme=scheme, k=-(-k // 2), options=options)[1:-1]
    inner = np.unique(np.concatenate([centre - steps, [centre], centre + steps]))
    inner = inner[(inner > lowest) & (inner < highest)]
    return np.concatenate([[lowest], inner, [highest]])


def class_positions(values: np.ndarray, bounds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the class of each value, counted from 0; -1 outside the bounds or missing.

    Parameters
    ----------
    values : numpy.ndarray of shape (n,)
    bounds : sequence of k + 1 ascending numbers

    Returns
    -------
    numpy.ndarray of int, shape (n,)
    """
    numbers = np.asarray(values, dtype=float)
    edges = np.asarray(bounds, dtype=float)
    positions = np.searchsorted(edges[1:], numbers, side="left")
    inside = np.isfinite(numbers) & (numbers >= edges[0]) & (numbers <= edges[-1])
    return np.where(inside, positions, -1).astype(int)


def written_number(value: float, decimals: int) -> str:
    """Write a number with a real minus sign, thousands set apart, and no negative zero.

    Negative ``decimals`` round to tens, hundreds ...

    Examples
    --------
    >>> written_number(-1234.5, 1), written_number(-0.001, 1)
    ('−1,234.5', '0.0')
    """
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else "−" + text[1:]
    return text


def needed_decimals(bounds: Sequence[float] | np.ndarray, *, most: int = 6) -> int:
    """Return the fewest decimals at which all bounds look different (two digits of a step).

    Negative for large numbers: -3 rounds to thousands.
    """
    edges = np.asarray(bounds, dtype=float)
    steps = np.diff(edges)
    steps = steps[steps > 0]
    if not len(steps):
        return 0 if float(edges[0]).is_integer() else 2
    wanted = 1 - int(np.floor(np.log10(np.median(steps))))
    if wanted <= 0:
        wanted = min(0, 1 - int(np.floor(np.log10(steps.min()))))
    if (edges == edges.round()).all():
        wanted = min(wanted, 0)
    for decimals in range(max(wanted, -most), most + 1):
        if len({round(edge, decimals) for edge in edges}) == len(set(edges.tolist())):
            return decimals
    return most
