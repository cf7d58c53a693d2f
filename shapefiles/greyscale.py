"""Styles for print without colour: ordered greys, and patterns where greys are not enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from shapefiles.colour_vision import from_lab, lightness
from shapefiles.palettes import EMERGING_COLOURS, HOT_SPOT_COLOURS, LISA_COLOURS, sequential_colours
from shapefiles.style_types import LayerStyle, Pattern, StyleClass

Look = tuple[str, Pattern]

_DARK, _DEEP, _MIDDLE, _PALE, _WHITE = "#2b2b2b", "#5f5f5f", "#8f8f8f", "#c4c4c4", "#f9f9f9"

# Any two of these differ by their pattern, or by more than eighteen steps of lightness.
_CATEGORIES: tuple[Look, ...] = (
    (_PALE, ""),
    (_DARK, ""),
    (_WHITE, "lines"),
    (_MIDDLE, ""),
    (_WHITE, "dots"),
    (_DEEP, "back_lines"),
    (_WHITE, "crossed"),
    (_PALE, "horizontal"),
    (_DEEP, "dots"),
    (_WHITE, ""),
    (_DEEP, ""),
    (_MIDDLE, "vertical"),
    (_DARK, "crossed"),
    (_DARK, "lines"),
)

_LISA: dict[str, Look] = {
    "High-High": (_DARK, ""),
    "Low-Low": (_DEEP, "lines"),
    "Low-High": (_PALE, "lines"),
    "High-Low": (_MIDDLE, ""),
    "Not significant": (_WHITE, ""),
    "Isolated": (_WHITE, "crossed"),
    "Undefined": (_WHITE, "dots"),
}

_HOT_SPOTS: dict[str, Look] = {
    "Hot spot 99%": (_DARK, ""),
    "Hot spot 95%": (_DEEP, ""),
    "Hot spot 90%": (_PALE, ""),
    "Not significant": (_WHITE, ""),
    "Cold spot 90%": (_PALE, "lines"),
    "Cold spot 95%": (_MIDDLE, "lines"),
    "Cold spot 99%": (_DARK, "lines"),
    "Isolated": (_WHITE, "crossed"),
}

_KINDS = (
    ("Intensifying", "Persistent", "Consecutive", "New"),
    ("Diminishing", "Historical", "Oscillating", "Sporadic"),
)
_SIDES: tuple[tuple[str, tuple[Pattern, Pattern]], ...] = (
    ("hot", ("", "lines")),
    ("cold", ("dots", "crossed")),
)
_EMERGING: dict[str, Look] = {
    **{
        f"{kind} {side} spot": (tone, pattern)
        for side, patterns in _SIDES
        for kinds, pattern in zip(_KINDS, patterns, strict=True)
        for kind, tone in zip(kinds, (_DARK, _DEEP, _MIDDLE, _PALE), strict=True)
    },
    "No pattern": (_WHITE, ""),
    "Isolated": (_WHITE, "horizontal"),
}

_KNOWN: tuple[tuple[Mapping[str, str], Mapping[str, Look]], ...] = (
    (LISA_COLOURS, _LISA),
    (HOT_SPOT_COLOURS, _HOT_SPOTS),
    (EMERGING_COLOURS, _EMERGING),
)

_ROWS: tuple[Pattern, ...] = ("", "dots", "lines", "crossed")
"""Patterns of the second number of a bivariate style, denser and denser."""


def greyscale(style: LayerStyle) -> LayerStyle:
    """Return a style in greys that keeps its classes apart in a black-and-white print.

    Ordered classes become ordered greys, the darker the further. The lower side of a diverging
    style, further categories and the rows of a bivariate style carry patterns as well: hatching in
    areas, signs in circles, dashes along lines. Sizes and widths stay.

    Parameters
    ----------
    style : LayerStyle

    Returns
    -------
    LayerStyle
        With the same classes, bounds and labels.
    """
    shown = [one for one in style.classes if not one.missing]
    looks = iter(_looks(style, shown))
    classes = []
    for one in style.classes:
        colour, pattern = (_grey(one.colour), one.pattern) if one.missing else next(looks)
        classes.append(replace(one, colour=colour, pattern=pattern))
    # Pale circles would be lost on a pale ground.
    circles = style.geometry == "point" and style.kind != "single"
    outline = "#222222" if circles else _grey(style.outline_colour)
    return replace(style, classes=tuple(classes), outline_colour=outline)


def _looks(style: LayerStyle, shown: Sequence[StyleClass]) -> Sequence[Look]:
    if style.kind == "categorised":
        return _category_looks(shown)
    if style.kind == "bivariate":
        columns = len(style.bounds) - 1
        greys = sequential_colours(columns, "grey")
        return [(greys[i % columns], _ROWS[i // columns]) for i in range(len(shown))]
    colours = [one.colour for one in shown]
    if len(set(colours)) == 1:
        # Circles of one colour lie on links and areas: white with a dark outline stands off.
        light = style.geometry == "point" and style.kind == "graduated"
        return [("#ffffff" if light else _grey(colours[0]), "")] * len(shown)
    return _ordered_looks(style, shown)


def _ordered_looks(style: LayerStyle, shown: Sequence[StyleClass]) -> list[Look]:
    if style.centre is None:
        greys = sequential_colours(len(shown), "grey")
        darkens = lightness(shown[0].colour) >= lightness(shown[-1].colour)
        return [(grey, "") for grey in (greys if darkens else greys[::-1])]
    below = sum(one.upper is not None and one.upper <= style.centre for one in shown)
    greys = sequential_colours(max(below, len(shown) - below) + 1, "grey")[1:]
    lower: list[Look] = [(grey, "lines") for grey in reversed(greys[:below])]
    return [*lower, *((grey, "") for grey in greys[: len(shown) - below])]


def _category_looks(shown: Sequence[StyleClass]) -> list[Look]:
    words = [one.value for one in shown]
    for known, looks in _KNOWN:
        if all(word in known for word in words):
            return [looks[word] for word in words if word is not None]
    return [_CATEGORIES[i % len(_CATEGORIES)] for i in range(len(shown))]


def _grey(colour: str) -> str:
    return from_lab(np.array([lightness(colour), 0.0, 0.0]))
