"""How colours look to readers with a colour vision deficiency, and how far apart they are."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Literal

import numpy as np

from shapefiles.palettes import red_green_blue
from spatial.options import checked_option

Vision = Literal["normal", "protanopia", "deuteranopia", "tritanopia"]

VISIONS: tuple[Vision, ...] = ("normal", "protanopia", "deuteranopia", "tritanopia")

# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1.0; they act on
# linear red, green and blue.
_SEEN: dict[str, np.ndarray] = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}

# Linear sRGB to CIE XYZ (IEC 61966-2-1), and its white, D65.
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)


def _linear(colour: str) -> np.ndarray:
    parts = np.array(red_green_blue(colour)) / 255.0
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str = "normal") -> np.ndarray:
    """Return CIELAB coordinates of a colour as a reader sees it.

    Parameters
    ----------
    colour : str
        ``#rrggbb``, sRGB.
    vision : {"normal", "protanopia", "deuteranopia", "tritanopia"}

    Returns
    -------
    numpy.ndarray of shape (3,)
        Lightness 0 to 100, then green-red and blue-yellow.

    Examples
    --------
    >>> lab("#ffffff").round(1).tolist()
    [100.0, 0.0, 0.0]
    """
    checked_option(vision, Vision, name="vision")
    seen = np.clip(_SEEN[vision] @ _linear(colour), 0.0, 1.0)
    shares = _TO_XYZ @ seen / _WHITE
    limit = (6.0 / 29.0) ** 3
    roots = np.where(shares > limit, np.cbrt(shares), shares / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = roots
    return np.array([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]) + 0.0


def from_lab(coordinates: np.ndarray) -> str:
    """Return the colour of CIELAB coordinates, cut to what a screen shows.

    Examples
    --------
    >>> from_lab(lab("#3a6fc0"))
    '#3a6fc0'
    """
    height = (coordinates[0] + 16.0) / 116.0
    roots = np.array([height + coordinates[1] / 500.0, height, height - coordinates[2] / 200.0])
    shares = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * _WHITE
    linear = np.clip(np.linalg.solve(_TO_XYZ, shares), 0.0, 1.0)
    parts = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#{:02x}{:02x}{:02x}".format(*(round(float(part) * 255.0) for part in parts))


def colour_distance(first: str, second: str, vision: str = "normal") -> float:
    """Return the distance of two colours in CIELAB (CIE 1976) as a reader sees them.

    About 2 is just noticeable side by side; on a map 10 is needed for neighbouring classes.
    """
    return float(np.linalg.norm(lab(first, vision) - lab(second, vision)))


def least_distance(colours: Iterable[str], vision: str = "normal") -> float:
    """Return the distance of the two colours of a set that are hardest to tell apart.

    Examples
    --------
    >>> round(least_distance(["#d62728", "#2ca02c", "#1f77b4"]), 1)
    102.2
    >>> round(least_distance(["#d62728", "#2ca02c", "#1f77b4"], "deuteranopia"), 1)  # too near
    7.3
    """
    pairs = combinations(dict.fromkeys(colours), 2)
    return min((colour_distance(a, b, vision) for a, b in pairs), default=float("inf"))


def lightness(colour: str) -> float:
    """Return the lightness of a colour, 0 (black) to 100 (white): its grey in a copy."""
    return float(lab(colour)[0])
