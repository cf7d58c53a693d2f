"""Figures for print without colour: every colour of finished axes becomes its grey.

Tones alone tell few series apart, so plots that ask for greyscale also change markers, dashes and
hatches (`shapefiles.figures_series`); this module sees to it that nothing coloured is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import Collection
from matplotlib.colors import Colormap, ListedColormap, to_rgba
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def grey_of(colours: Any) -> np.ndarray:
    """Return the greys of the same luminance (sRGB); opacity stays.

    Parameters
    ----------
    colours : array-like of shape (..., 4)
        Red, green, blue, opacity between 0 and 1.

    Returns
    -------
    numpy.ndarray of shape (..., 4)

    Examples
    --------
    >>> grey_of([1.0, 0.0, 0.0, 0.5]).round(2).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    given = np.asarray(colours, dtype=float)
    parts = given[..., :3]
    neutral = np.ptp(parts, axis=-1) < 1e-9
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    light = linear @ _LUMINANCE
    grey = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    grey = np.where(neutral, parts[..., 0], np.clip(grey, 0.0, 1.0))
    return np.concatenate([np.repeat(grey[..., None], 3, axis=-1), given[..., 3:]], axis=-1)


def make_grey(ax: Axes) -> None:
    """Turn every colour of the axes, their panels, legends and notes into its grey."""
    parts: list[Any] = []
    for one in (ax, *ax.child_axes):
        parts += one.findobj()
    for part in parts:
        _grey_artist(part)
        arrow = part.arrow_patch if isinstance(part, Annotation) else None
        if arrow is not None:
            _grey_artist(arrow)


def _grey_artist(part: Any) -> None:
    if isinstance(part, Line2D):
        _change(part, ("color", "markerfacecolor", "markeredgecolor"))
    elif isinstance(part, Text):
        _change(part, ("color",))
    elif isinstance(part, Collection):
        if part.get_array() is not None:
            part.set_cmap(_grey_map(part.get_cmap()))
        _change_many(part, ("facecolor", "edgecolor"))
    elif isinstance(part, AxesImage):
        part.set_cmap(_grey_map(part.get_cmap()))
    elif isinstance(part, Patch):
        _change(part, ("facecolor", "edgecolor"))


def _change(part: Any, names: Iterable[str]) -> None:
    for name in names:
        value = getattr(part, f"get_{name}")()
        if isinstance(value, str) and value.lower() in {"none", "auto"}:
            continue
        getattr(part, f"set_{name}")(tuple(grey_of(to_rgba(value))))


def _change_many(part: Collection, names: Iterable[str]) -> None:
    for name in names:
        value = np.asarray(getattr(part, f"get_{name}")(), dtype=float)
        if value.size:
            getattr(part, f"set_{name}")(grey_of(value))


def _grey_map(ramp: Colormap) -> Colormap:
    grey = ListedColormap(grey_of(ramp(np.arange(ramp.N))), name=f"{ramp.name}-grey")
    edge = [
        tuple(grey_of(colour)) for colour in (ramp.get_bad(), ramp.get_under(), ramp.get_over())
    ]
    return grey.with_extremes(bad=edge[0], under=edge[1], over=edge[2])
