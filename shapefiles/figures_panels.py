"""Several panels in one plot: inset axes at distances in mm, whatever the size of the plot.

The parent axes stay the one thing a plot takes (``ax=``) and returns; the panels are its
``child_axes``, so plots of panels fit into figures of the reader's own like all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.transforms import Bbox, TransformedBbox

from shapefiles.figures_page import BODY_SIZE, INK, MM_PER_INCH, PlotOptions, plot_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class _Place:
    """Locator of a panel: shares of what the gaps leave of the parent's frame."""

    def __init__(
        self,
        parent: Axes,
        across: tuple[float, float, float, float],
        up: tuple[float, float, float, float],
        gaps: tuple[float, float],
    ) -> None:
        """Take shares before and within, mm of gaps before and within; the same upwards; all mm."""
        self.parent, self.across, self.up, self.gaps = parent, across, up, gaps

    def __call__(self, ax: Any, renderer: Any) -> Any:
        """Return the place in the figure, as matplotlib asks while it draws."""
        frame = self.parent.get_window_extent(renderer)
        scale = ax.figure.dpi / MM_PER_INCH
        bounds = []
        for size, (before, share, gap_before, gap_within), all_gaps in zip(
            (frame.width, frame.height), (self.across, self.up), self.gaps, strict=True
        ):
            room = max(size - all_gaps * scale, 1.0)
            bounds.append((before * room + gap_before * scale, share * room + gap_within * scale))
        (left, width), (bottom, height) = bounds
        pixels = Bbox.from_bounds(frame.x0 + left, frame.y0 + bottom, width, height)
        return TransformedBbox(pixels, ax.get_figure(root=False).transSubfigure.inverted())


def panel_mosaic(
    ax: Axes,
    options: PlotOptions,
    families: Sequence[str],
    layout: Sequence[Sequence[str]],
    *,
    widths: Sequence[float] | None = None,
    heights: Sequence[float] | None = None,
    gap_mm: tuple[float, float] = (4.0, 4.0),
) -> dict[str, Axes]:
    """Divide axes into panels.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Loses its frame and ticks.
    options : PlotOptions
    families : sequence of str
        Font families of the numbers at the panels.
    layout : sequence of sequence of str
        Names of the panels, row by row from the top; a name that comes again is one panel over
        these cells, ``""`` an empty cell.
    widths, heights : sequence of float, optional
        Shares of columns, from the left, and of rows, from the top; equal if None.
    gap_mm : (float, float)
        Between columns and between rows, mm.

    Returns
    -------
    dict of str to matplotlib.axes.Axes
        In the order of the layout; also the ``child_axes`` of ``ax``.
    """
    ax.set_axis_off()
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    names = np.array([list(row) for row in layout], dtype=object)
    rows, columns = names.shape
    across = np.full(columns, 1.0) if widths is None else np.asarray(widths, dtype=float)
    down = np.full(rows, 1.0) if heights is None else np.asarray(heights, dtype=float)
    across, up = across / across.sum(), (down / down.sum())[::-1]
    gaps = (gap_mm[0] * (columns - 1), gap_mm[1] * (rows - 1))
    panels: dict[str, Axes] = {}
    for name in dict.fromkeys(names.ravel()):
        if not name:
            continue
        at_row, at_column = np.nonzero(names == name)
        from_below = rows - 1 - at_row
        panel = ax.inset_axes((0.0, 0.0, 1.0, 1.0))
        place = _span(across, at_column, gap_mm[0]), _span(up, from_below, gap_mm[1])
        panel.set_axes_locator(_Place(ax, *place, gaps))
        plot_axes(panel, options, aspect=1.0, families=families)
        panels[str(name)] = panel
    return panels


def _span(shares: np.ndarray, cells: np.ndarray, gap: float) -> tuple[float, float, float, float]:
    first, last = int(cells.min()), int(cells.max())
    within = float(shares[first : last + 1].sum())
    return float(shares[:first].sum()), within, gap * first, gap * (last - first)


def panel_title(panel: Axes, text: str, *, pad: float = 3.0) -> None:
    """Write a heading over a panel, at its left edge, as plain text."""
    panel.set_title(
        text,
        loc="left",
        fontsize=BODY_SIZE,
        fontweight="bold",
        color=INK,
        pad=pad,
        parse_math=False,
    )
