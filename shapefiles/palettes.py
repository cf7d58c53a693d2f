"""Colours of maps: ramps and sets that stay apart for colour-blind readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from spatial.errors import ConfigError
from spatial.options import checked_option

Palette = Literal["blue", "green", "orange", "purple", "grey", "brown-teal", "purple-orange"]

# Sequential ramps run from light to dark, so that they also read in greyscale. The lightest step
# keeps enough tone to stand off the white page.
_RAMPS: dict[str, tuple[str, ...]] = {
    "blue": ("#eff3dc", "#c7e4c4", "#7fcdbb", "#41a5c0", "#2c6fad", "#1f3484"),
    "green": ("#f4f8d8", "#d3eaa5", "#a1d37f", "#5db16b", "#238152", "#064a37"),
    "orange": ("#fdf0d5", "#fdd49e", "#fdb07a", "#ef7c51", "#cf3f2c", "#8f0a12"),
    "purple": ("#e4e1ef", "#c4bfdf", "#9e96c8", "#7d6cb4", "#61409b", "#3f0a74"),
    "grey": ("#f2f2f2", "#d4d4d4", "#ababab", "#7f7f7f", "#525252", "#252525"),
}

# Diverging ramps: the lower arm from far to near, then the upper arm from near to far. Neither
# uses the red and blue of the LISA map, whose meaning is another.
_DIVERGING: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "brown-teal": (
        ("#7f4a0b", "#bf812d", "#dfc27d", "#f3e6c6"),
        ("#d3ece8", "#80cdc1", "#35978f", "#01594f"),
    ),
    "purple-orange": (
        ("#b35806", "#e08214", "#fdb863", "#fde5c4"),
        ("#e0e1ee", "#b2abd2", "#8073ac", "#542788"),
    ),
}

QUALITATIVE = (
    "#cc6677",
    "#88ccee",
    "#ddcc77",
    "#117733",
    "#332288",
    "#44aa99",
    "#882255",
    "#999933",
    "#aa4499",
)
"""Nine colours that stay apart for all common kinds of colour blindness (after Paul Tol)."""

NO_DATA = "#f4f4f4"
"""Ground of areas without a value, under hatching; points take ``NO_DATA_POINT``."""

NO_DATA_POINT = "#c8c8c8"
HATCHING = "#9c9c9c"
OTHER = "#b4b4b4"
INK = "#222222"

LISA_COLOURS: dict[str, str] = {
    "High-High": "#FF0000",
    "Low-Low": "#0000FF",
    "Low-High": "#a7adf9",
    "High-Low": "#f4ada8",
    "Not significant": "#eeeeee",
    "Isolated": "#999999",
    "Undefined": "#464646",
}
"""The colours that users of GeoDa know, in the order of the legend."""

HOT_SPOT_COLOURS: dict[str, str] = {
    "Hot spot 99%": "#b10026",
    "Hot spot 95%": "#f0623f",
    "Hot spot 90%": "#fdb98f",
    "Not significant": "#eeeeee",
    "Cold spot 90%": "#a6cbe8",
    "Cold spot 95%": "#4a90cd",
    "Cold spot 99%": "#0b3c8c",
    "Isolated": "#8c8c8c",
}
"""Classes of Getis and Ord's statistics, from hot to cold, in the order of the legend."""

EMERGING_COLOURS: dict[str, str] = {
    "Intensifying hot spot": "#6d0012",
    "Persistent hot spot": "#c61d23",
    "Consecutive hot spot": "#f2693d",
    "New hot spot": "#fdbb78",
    "Diminishing hot spot": "#e2704f",
    "Historical hot spot": "#8d5f50",
    "Oscillating hot spot": "#f2cf6b",
    "Sporadic hot spot": "#fbe6da",
    "Intensifying cold spot": "#05204d",
    "Persistent cold spot": "#1c58a8",
    "Consecutive cold spot": "#4f97d4",
    "New cold spot": "#a3d0ee",
    "Diminishing cold spot": "#5f92cf",
    "Historical cold spot": "#3d5470",
    "Oscillating cold spot": "#a9c3e6",
    "Sporadic cold spot": "#dfeefa",
    "No pattern": "#f4f4f4",
    "Isolated": "#8f8f8f",
}
"""Hot from orange to dark red, cold from pale to dark blue, the surest classes darkest; the four
fading or uncertain kinds of each side carry hatching as well."""

HATCHED_EMERGING: frozenset[str] = frozenset(
    f"{kind} {side} spot"
    for kind in ("Diminishing", "Historical", "Oscillating", "Sporadic")
    for side in ("hot", "cold")
)
"""Seventeen colours cannot be told apart; eight that are hatched and nine that are not can."""


def red_green_blue(colour: str) -> tuple[int, int, int]:
    """Return the three parts (0-255) of a colour written as ``#rrggbb``.

    Raises
    ------
    ConfigError
        If the text is no such colour.

    Examples
    --------
    >>> red_green_blue("#ff8000")
    (255, 128, 0)
    """
    digits = colour.removeprefix("#")
    try:
        if len(digits) != 6:
            raise ValueError(colour)
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    except ValueError:
        raise ConfigError(f"{colour!r} is no colour; write it as '#rrggbb'.") from None


def _between(anchors: Sequence[str], position: float) -> str:
    """Colour at ``position`` in [0, 1] along evenly spaced anchors."""
    place = position * (len(anchors) - 1)
    below = min(int(place), len(anchors) - 2)
    share = place - below
    left, right = red_green_blue(anchors[below]), red_green_blue(anchors[below + 1])
    mixed = [round(a + (b - a) * share) for a, b in zip(left, right, strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def softened(colour: str, share: float = 0.2) -> str:
    """Mix a colour with white, for large areas.

    Examples
    --------
    >>> softened("#000000", 0.5)
    '#808080'
    """
    return _between((colour, "#ffffff"), share)


def sequential_colours(n: int, palette: str = "blue") -> tuple[str, ...]:
    """Return ``n`` colours from light to dark.

    Parameters
    ----------
    n : int
    palette : {"blue", "green", "orange", "purple", "grey"}

    Returns
    -------
    tuple of str, ``#rrggbb``

    Examples
    --------
    >>> sequential_colours(2, "grey")
    ('#ececec', '#434343')
    """
    checked_option(palette, Palette, name="palette")
    if palette not in _RAMPS:
        raise ConfigError(f"palette={palette!r} diverges; give centre= or take one of {[*_RAMPS]}.")
    if n == 1:
        return (_between(_RAMPS[palette], 0.6),)
    # Few classes need not reach the palest and darkest ends.
    margin = 0.0 if n >= 5 else 0.05 * (5 - n) / 2
    low, high = margin / 2, 1.0 - (0.06 if n < 7 else 0.0) - margin
    return tuple(_between(_RAMPS[palette], low + (high - low) * i / (n - 1)) for i in range(n))


def diverging_colours(
    below: int, above: int, palette: str = "brown-teal", *, reverse: bool = False
) -> tuple[str, ...]:
    """Return colours of ``below`` classes under a centre and ``above`` classes over it.

    Classes at the same distance from the centre get the same strength, so an arm with fewer
    classes stays pale.

    Parameters
    ----------
    below, above : int
    palette : {"brown-teal", "purple-orange"}
    reverse : bool
        Swap the arms.

    Returns
    -------
    tuple of str, ``#rrggbb``, from the lowest class to the highest
    """
    checked_option(palette, Palette, name="palette")
    if palette not in _DIVERGING:
        raise ConfigError(f"palette={palette!r} does not diverge; use one of {[*_DIVERGING]}.")
    lower, upper = _DIVERGING[palette]
    if reverse:
        lower, upper = tuple(reversed(upper)), tuple(reversed(lower))
    longest = max(below, above, 1)
    steps = [(i + 0.25) / (longest - 0.5) if longest > 1 else 0.6 for i in range(longest)]
    steps = [min(step, 1.0) for step in steps]
    near_to_far_low = [_between(tuple(reversed(lower)), step) for step in steps]
    near_to_far_high = [_between(upper, step) for step in steps]
    return (*reversed(near_to_far_low[:below]), *near_to_far_high[:above])


def qualitative_colours(n: int) -> tuple[str, ...]:
    """Return ``n`` colours without order, nine at the most.

    Raises
    ------
    ConfigError
        If more than nine are wanted: nobody tells them apart.
    """
    if n > len(QUALITATIVE):
        raise ConfigError(f"{n} categories cannot be told apart by colour; {len(QUALITATIVE)} can.")
    return QUALITATIVE[:n]
