"""Palettes of two numbers at once: a square of colours between four corners."""

from __future__ import annotations

from typing import Literal

import numpy as np

from shapefiles.colour_vision import from_lab, lab
from spatial.options import checked_option

BivariatePalette = Literal["blue-orange", "green-purple", "blue-red"]

# Low-low, high on the first number, high on the second, high-high. Every colour between them is
# mixed in CIELAB, so that steps look even; hues and lightness are chosen so that all classes
# stay apart for readers with any colour vision deficiency.
_CORNERS: dict[str, tuple[str, str, str, str]] = {
    "blue-orange": ("#f0f0ee", "#3a6fc0", "#e08a3c", "#3d2233"),
    "green-purple": ("#f0f0f0", "#3f9e4d", "#a558b8", "#23203a"),
    "blue-red": ("#f0f0f0", "#3f86b8", "#e4604a", "#2f1a30"),
}


def bivariate_colours(
    first: int, second: int, palette: str = "blue-orange"
) -> tuple[tuple[str, ...], ...]:
    """Return a row of colours for each class of the second number, lowest first.

    Parameters
    ----------
    first, second : int
        Classes of the two numbers.
    palette : {"blue-orange", "green-purple", "blue-red"}
        The colour of high values of the first number, then of the second; where both are high it
        is dark.

    Returns
    -------
    tuple of ``second`` tuples of ``first`` colours, ``#rrggbb``

    Examples
    --------
    >>> bivariate_colours(2, 2)
    (('#f0f0ee', '#3a6fc0'), ('#e08a3c', '#3d2233'))
    """
    checked_option(palette, BivariatePalette, name="palette")
    low, one, other, both = (lab(colour) for colour in _CORNERS[palette])
    return tuple(
        tuple(
            from_lab(
                (1 - x) * (1 - y) * low + x * (1 - y) * one + (1 - x) * y * other + x * y * both
            )
            for x in _steps(first)
        )
        for y in _steps(second)
    )


def _steps(n: int) -> np.ndarray:
    return np.linspace(0.0, 1.0, n) if n > 1 else np.array([0.5])
