"""How series look: colour, dash, marker and hatch, so that no series is told by colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shapefiles.palettes import QUALITATIVE, softened
from spatial.errors import ConfigError

SERIES_COLOURS = tuple(QUALITATIVE[place] for place in (4, 0, 3, 6, 5, 8, 7))
"""Colours dark enough for thin lines and words on white."""

DASHES: tuple[Any, ...] = (
    "-",
    (0, (4.5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6.0, 1.4, 1.2, 1.4)),
    (0, (2.4, 1.0)),
    (0, (8.0, 1.6)),
    (0, (6.0, 1.2, 1.2, 1.2, 1.2, 1.2)),
)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
HATCHES = ("", "//////", "......", "\\\\\\\\\\\\", "xxxxx", "------", "oooo")
_TONES = ("#000000", "#5a5a5a", "#8c8c8c")
_FILLS = ("#595959", "#dddddd", "#a6a6a6", "#f2f2f2", "#c4c4c4", "#8a8a8a", "#ffffff")


@dataclass(frozen=True)
class SeriesLook:
    """Look of one series.

    Attributes
    ----------
    colour : str
        Of lines, symbols and words.
    fill : str
        Of areas.
    dash
        Line style as matplotlib takes it.
    marker, hatch : str
    """

    colour: str
    fill: str
    dash: Any
    marker: str
    hatch: str


def series_looks(n: int, *, greyscale: bool = False) -> tuple[SeriesLook, ...]:
    """Return ``n`` looks that differ in dash and marker, and in colour or grey tone and hatch.

    Parameters
    ----------
    n : int
        Seven at the most.
    greyscale : bool
        Grey tones and hatches instead of colours.

    Returns
    -------
    tuple of SeriesLook

    Raises
    ------
    ConfigError
        If more are wanted: nobody tells them apart.
    """
    if n > len(DASHES):
        raise ConfigError(
            f"{n} series cannot be told apart in one panel; {len(DASHES)} can. Draw fewer."
        )
    if greyscale:
        return tuple(
            SeriesLook(_TONES[i % len(_TONES)], _FILLS[i], DASHES[i], MARKERS[i], HATCHES[i])
            for i in range(n)
        )
    return tuple(
        SeriesLook(SERIES_COLOURS[i], softened(SERIES_COLOURS[i], 0.25), DASHES[i], MARKERS[i], "")
        for i in range(n)
    )
