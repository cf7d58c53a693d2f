"""Checks of numbers that callers give: whole, finite, rising."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from spatial.errors import ConfigError

# A standard deviation needs two draws.
LEAST_DRAWS = 2


def is_number(value: object) -> bool:
    """Whether a value is one finite real number, no truth value.

    Examples
    --------
    >>> is_number(2), is_number(float("nan")), is_number("2"), is_number(True)
    (True, False, False, False)
    """
    if isinstance(value, bool):
        return False
    return isinstance(value, Real) and math.isfinite(value)


def checked_number(value: object, *, name: str, what: str = "a number") -> float:
    """Return a finite number.

    Raises
    ------
    ConfigError
    """
    if not is_number(value):
        raise ConfigError(f"{name}={value!r} must be {what}.")
    return float(value)  # type: ignore[arg-type]


def checked_whole(value: object, *, name: str, least: int = 0, most: int | None = None) -> int:
    """Return a whole number between two bounds.

    Raises
    ------
    ConfigError

    Examples
    --------
    >>> checked_whole(np.int64(3), name="order")
    3
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < least or (most is not None and int(value) > most):  # type: ignore[call-overload]
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"{name}={value!r} must be a whole number {bounds}.")
    return int(value)  # type: ignore[call-overload]


def checked_draws(draws: object) -> int:
    """Return how many parameter vectors to draw.

    Raises
    ------
    ConfigError
        If not a whole number of at least two; a thousand or more give stable limits.
    """
    return checked_whole(draws, name="draws", least=LEAST_DRAWS)


def rising_bounds(bounds: Any, *, name: str, example: str) -> np.ndarray:
    """Return positive, rising, finite bounds as an array.

    Raises
    ------
    ConfigError
    """
    try:
        limits = np.asarray(list(bounds), dtype=float)
        good = limits.ndim == 1 and len(limits) > 0 and bool(np.isfinite(limits).all())
        good = good and limits[0] > 0 and bool((np.diff(limits) > 0).all())
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ConfigError(
            f"{name}={bounds!r} must be a sequence of positive numbers that rise, as {example}."
        )
    return limits
