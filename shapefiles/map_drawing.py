"""What is drawn on a pane of a map: cities by class, and names beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shapefiles.figures_labels import place_names
from shapefiles.figures_page import BODY_SIZE
from shapefiles.greyscale import greyscale
from shapefiles.map_shapes import (
    POINT_DIAMETER_MM,
    POINTS_PER_MM,
    draw_circles,
    draw_cities,
    scaled_to_page,
)

if TYPE_CHECKING:
    import pandas as pd

    from shapefiles.map_sheet import MapOptions, MapPane
    from shapefiles.style_types import LayerStyle

SEAT_DOT_MM = 0.55


def page_style(style: LayerStyle, room_mm: float, options: MapOptions) -> LayerStyle:
    """Return a style as it is drawn on a page: symbols scaled, in greys where asked for."""
    scaled = scaled_to_page(style, room_mm)
    return greyscale(scaled) if options.greyscale else scaled


def draw_classes(
    pane: MapPane,
    classes: pd.Series,
    style: LayerStyle,
    labels: pd.Series | None,
    families: tuple[str, ...],
) -> None:
    """Draw the cities of a pane by class, and the names of some.

    Parameters
    ----------
    pane : MapPane
    classes : pandas.Series of int
        Index: city ids; position in ``style.classes``.
    style : LayerStyle
    labels : pandas.Series of str or None
        Names by priority; index: city ids.
    families : tuple of str
    """
    inside = classes.loc[pane.ids]
    draw_cities(pane.ax, pane.shapes, inside, style)
    spots = _circle_radii(pane, inside, style)
    draw_names(pane, labels, families, nodes=spots, dots=spots is None)


def _circle_radii(pane: MapPane, classes: pd.Series, style: LayerStyle) -> np.ndarray | None:
    """Return x, y and radius in points of cities drawn as circles; None for polygons."""
    if not (pane.shapes.geom_type == "Point").all():
        return None
    sizes = np.array([one.size or POINT_DIAMETER_MM for one in style.classes])
    radii = np.where(classes >= 0, sizes[classes.to_numpy()], 0.0) / 2.0 * POINTS_PER_MM
    return np.column_stack([pane.points, radii])


def draw_names(
    pane: MapPane,
    names: pd.Series | None,
    families: tuple[str, ...],
    *,
    nodes: np.ndarray | None = None,
    dots: bool = False,
) -> None:
    """Write the names of a pane's cities; circles of large nodes stay free."""
    if names is None or not pane.named:
        return
    labels = names[names.index.isin(pane.ids)]
    if not len(labels):
        return
    rows = pane.ids.get_indexer(labels.index)
    x, y = pane.points[rows].T
    radii = np.full(len(rows), SEAT_DOT_MM / 2 * POINTS_PER_MM) if nodes is None else nodes[rows, 2]
    # Small circles may lie under the halo of a name; the larger ones carry the message.
    large = None
    if nodes is not None and len(nodes):
        large = nodes[nodes[:, 2] > 1.2 * nodes[:, 2].min()]
    placed = place_names(
        pane.ax,
        x,
        y,
        [str(name) for name in labels],
        radii=radii,
        families=families,
        sizes=BODY_SIZE,
        obstacles=large,
        blocked=_inset_boxes(pane),
    )
    if dots and placed:
        rows = rows[list(placed)]
        draw_circles(
            pane.ax,
            pane.points[rows, 0],
            pane.points[rows, 1],
            SEAT_DOT_MM,
            fill="#222222",
            outline="#ffffff",
            outline_mm=0.1,
            gid="seat",
        )


def _inset_boxes(pane: MapPane) -> list[tuple[float, float, float, float]]:
    boxes = []
    for child in pane.ax.child_axes:
        locator: Any = child.get_axes_locator()
        child.apply_aspect(locator(child, None))
        left, bottom, right, top = child.get_window_extent().extents
        boxes.append((float(left), float(bottom), float(right), float(top)))
    return boxes
