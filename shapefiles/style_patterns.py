"""Patterns over colours as matplotlib draws them: hatching, signs in circles, dashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.markers import MarkerStyle
from matplotlib.transforms import Affine2D

from shapefiles.colour_vision import lightness

if TYPE_CHECKING:
    from shapefiles.style_types import Pattern

HATCHES: dict[Pattern, str | None] = {
    "": None,
    "lines": "/////",
    "back_lines": "\\\\\\\\\\",
    "crossed": "xxxx",
    "dots": "....",
    "horizontal": "-----",
    "vertical": "|||||",
}
"""Hatches of areas: about one line to the millimetre."""

HATCH_POINTS = 0.5

DASHES: dict[Pattern, Any] = {
    "": "solid",
    "lines": (0, (5.0, 2.0)),
    "back_lines": (0, (5.0, 1.5, 1.2, 1.5)),
    "crossed": (0, (5.0, 1.5, 1.2, 1.5, 1.2, 1.5)),
    "dots": (0, (1.2, 1.5)),
    "horizontal": (0, (8.0, 2.0)),
    "vertical": (0, (2.5, 2.5)),
}

_TURNS: dict[Pattern, float] = {"lines": -45.0, "back_lines": 45.0, "horizontal": 90.0}

_DARKEST_UNDER_DARK_INK = 55.0


def pattern_ink(colour: str) -> str:
    """Return the ink of a pattern or a number that stands off a ground.

    Examples
    --------
    >>> pattern_ink("#f4f4f4"), pattern_ink("#303030")
    ('#222222', '#ffffff')
    """
    return "#222222" if lightness(colour) > _DARKEST_UNDER_DARK_INK else "#ffffff"


def sign_marker(pattern: Pattern) -> MarkerStyle:
    """Return the sign in the middle of a circle that stands for a pattern."""
    if pattern == "dots":
        return MarkerStyle("o", transform=Affine2D().scale(0.55))
    if pattern == "crossed":
        return MarkerStyle("x")
    return MarkerStyle("|", transform=Affine2D().rotate_deg(_TURNS.get(pattern, 0.0)))


SIGN_SHARE = 0.62
"""Size of the sign, relative to the diameter of its circle."""
