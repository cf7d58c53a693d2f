"""The within transformation that takes fixed effects out of stacked panels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatial.options import Effects

RANDOM: tuple[Effects, ...] = ("random", "correlated-random")
# A column whose deviations from city means are below this share of its length does not vary.
STEADY_SHARE = 1e-10


def within(
    values: np.ndarray, effects: Effects, *, year_direction: np.ndarray | None = None
) -> np.ndarray:
    r"""Take out fixed effects of cities, years, or both.

    City: x - mean over years. Year: x - mean over cities. Two-way: both, one after the other,
    which commute.

    Parameters
    ----------
    values : numpy.ndarray of shape (years, n) or (years, n, k)
    effects : {"pooled", "city", "year", "two-way", "random", "correlated-random"}
        Pooled and random effects take nothing out.
    year_direction : numpy.ndarray of shape (n,) or (years, n), optional
        Vector that carries the effect of a year across cities, ones by default. In an error model
        the year effect reaches the filtered equation as :math:`(I - \lambda W) \iota`, which is a
        multiple of ones only where all row sums of W are equal.

    Returns
    -------
    numpy.ndarray of the same shape

    Examples
    --------
    >>> within(np.array([[1.0, 2.0], [3.0, 6.0]]), "two-way")
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    result = values
    if effects in ("city", "two-way"):
        result = result - result.mean(axis=0, keepdims=True)
    if effects in ("year", "two-way"):
        if year_direction is None:
            result = result - result.mean(axis=1, keepdims=True)
        else:
            result = _without_direction(result, np.broadcast_to(year_direction, values.shape[:2]))
    return result


def quasi_within(values: np.ndarray, phi: float) -> np.ndarray:
    """Take the share 1 - phi of city means out: phi = 0 is the city transformation, 1 none.

    Examples
    --------
    >>> quasi_within(np.array([[1.0], [3.0]]), 0.5)
    array([[0.],
           [2.]])
    """
    return values - (1.0 - phi) * values.mean(axis=0, keepdims=True)


def with_city_means(Z: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Add the city mean of every regressor that varies over time (Mundlak 1978).

    Parameters
    ----------
    Z : numpy.ndarray of shape (years, n, k)
    names : sequence of str, length k

    Returns
    -------
    Z : numpy.ndarray of shape (years, n, k + added)
    names : tuple of str
        With ``mean x`` for each x.
    """
    means = Z.mean(axis=0, keepdims=True)
    moving = np.linalg.norm((Z - means).reshape(-1, len(names)), axis=0)
    length = np.linalg.norm(Z.reshape(-1, len(names)), axis=0)
    kept = [int(j) for j in np.flatnonzero(moving > STEADY_SHARE * length)]
    added = np.broadcast_to(means[:, :, kept], (len(Z), Z.shape[1], len(kept)))
    return np.concatenate([Z, added], axis=2), (*names, *(f"mean {names[j]}" for j in kept))


def _without_direction(values: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Project each year off a vector over cities."""
    length = np.einsum("tn,tn->t", direction, direction)
    weight = np.einsum("tn,tn...->t...", direction, values)
    share = weight / length.reshape((-1,) + (1,) * (values.ndim - 2))
    expanded = direction.reshape(direction.shape + (1,) * (values.ndim - 2))
    return values - expanded * share[:, None]


def absorbed_parameters(effects: Effects, n: int, years: int) -> int:
    """Count the parameters that the fixed effects stand for, the constant included.

    Random effects stand for one, their variance.

    Examples
    --------
    >>> absorbed_parameters("two-way", 46, 30)
    75
    """
    if effects in RANDOM:
        return 1
    return {"pooled": 0, "city": n, "year": years, "two-way": n + years - 1}[effects]


def recovered_effects(
    levels: np.ndarray, effects: Effects
) -> tuple[float, np.ndarray | None, np.ndarray | None]:
    """Split what regressors leave unexplained into intercept, city and year effects.

    Parameters
    ----------
    levels : numpy.ndarray of shape (years, n)
        Outcome minus the fitted part, before any transformation.
    effects : {"city", "year", "two-way"}

    Returns
    -------
    intercept : float
        Grand mean.
    cities : numpy.ndarray of shape (n,) or None
        Deviations that sum to zero.
    years : numpy.ndarray of shape (years,) or None
        Deviations that sum to zero.
    """
    intercept = float(levels.mean())
    cities = levels.mean(axis=0) - intercept if effects in ("city", "two-way") else None
    years = levels.mean(axis=1) - intercept if effects in ("year", "two-way") else None
    return intercept, cities, years
