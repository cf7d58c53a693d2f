"""What surrounds a map: scale bar, north arrow, legends, the name of the projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle

from shapefiles.figures_page import BODY_SIZE, INK, fitted, line_height_mm
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.map_matrix import MatrixLegend, make_matrix, matrix_legend
from shapefiles.map_shapes import (
    MISSING_HATCH,
    POINT_DIAMETER_MM,
    POINTS_PER_MM,
)
from shapefiles.palettes import HATCHING
from shapefiles.style_patterns import (
    DASHES,
    HATCH_POINTS,
    HATCHES,
    SIGN_SHARE,
    pattern_ink,
    sign_marker,
)
from spatial.coordinates import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.offsetbox import AnchoredOffsetbox
    from matplotlib.transforms import Transform
    from pyproj import CRS

    from shapefiles.style_types import LayerStyle, Pattern, StyleClass
    from spatial.options import Language

SCALE_BAR_HEIGHT_MM = 1.1
ARROW_SIZE_MM = (4.2, 7.0)


@dataclass(frozen=True)
class LegendBlock:
    """One part of a legend: a title and its entries.

    Attributes
    ----------
    title : str
    handles : tuple of artists
    labels : tuple of str
    matrix : MatrixLegend or None
        The square of a bivariate style, instead of entries.
    """

    title: str
    handles: tuple[Any, ...]
    labels: tuple[str, ...]
    matrix: MatrixLegend | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """Every wording of the block."""
        return (self.title, *self.labels, *(self.matrix.texts if self.matrix else ()))


def legend_block(style: LayerStyle, *, as_points: bool = False) -> LegendBlock:
    """Return the legend of a style, a symbol for each class.

    Parameters
    ----------
    style : LayerStyle
    as_points : bool
        The cities have no polygons: circles instead of boxes.

    Returns
    -------
    LegendBlock
    """
    if style.kind == "bivariate":
        return LegendBlock(style.title, (), (), matrix_legend(style))
    handles = tuple(_symbol(style, one, as_points=as_points) for one in style.classes)
    return LegendBlock(style.title, handles, tuple(one.label for one in style.classes))


def _symbol(style: LayerStyle, one: StyleClass, *, as_points: bool) -> Any:
    if style.geometry == "line":
        width = (one.size or 0.3) * POINTS_PER_MM
        return Line2D(
            [],
            [],
            color=one.colour,
            linewidth=width,
            alpha=style.opacity,
            linestyle=DASHES[one.pattern],
            solid_capstyle="butt",
            dash_capstyle="butt",
        )
    if style.geometry == "point" or as_points:
        circle = SizedSymbol(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=(one.size or POINT_DIAMETER_MM) * POINTS_PER_MM,
            markerfacecolor=one.colour,
            markeredgecolor=style.outline_colour if style.geometry == "point" else "#ffffff",
            markeredgewidth=0.4,
            alpha=style.opacity,
        )
        circle.pattern = one.pattern
        return circle
    patch = Patch(
        facecolor=one.colour,
        edgecolor=HATCHING if one.missing else "#8c8c8c",
        hatch=MISSING_HATCH if one.missing else HATCHES[one.pattern],
        hatchcolor=HATCHING if one.missing else pattern_ink(one.colour),
        linewidth=0.3,
        alpha=style.opacity,
    )
    if one.pattern:
        patch.set_hatch_linewidth(HATCH_POINTS)
    return patch


class SizedSymbol(Line2D):
    """A circle of a legend whose row grows with it."""

    pattern: Pattern = ""


class _SizedHandler(HandlerBase):
    """Give each circle a row of its own height and all rows the width of the widest circle."""

    def __init__(self, width: float) -> None:
        super().__init__()
        self._width = width

    def legend_artist(
        self, _legend: Legend, orig_handle: Any, fontsize: float, handlebox: Any
    ) -> Any:
        """Draw the circle in the middle of its box."""
        height = handlebox.height
        middle = height / 2.0 - handlebox.ydescent
        needed = max(orig_handle.get_markersize() + 1.0, height)
        handlebox.ydescent += (needed - height) / 2.0
        handlebox.height = needed
        handlebox.width = max(self._width, 1.2 * fontsize)
        circle = Line2D([handlebox.width / 2.0], [middle])
        circle.update_from(orig_handle)
        circle.set_linestyle("none")
        circle.set_transform(handlebox.get_transform())
        handlebox.add_artist(circle)
        if orig_handle.pattern:
            sign = Line2D(
                [handlebox.width / 2.0],
                [middle],
                linestyle="none",
                marker=sign_marker(orig_handle.pattern),
                markersize=orig_handle.get_markersize() * SIGN_SHARE,
                markeredgewidth=0.6,
                color=pattern_ink(to_hex(orig_handle.get_markerfacecolor())),
                transform=handlebox.get_transform(),
            )
            handlebox.add_artist(sign)
        return circle


def make_legend(
    ax: Axes,
    block: LegendBlock,
    transform: Transform,
    *,
    room_mm: float,
    families: Sequence[str],
    columns: int = 1,
) -> Legend | AnchoredOffsetbox:
    """Return a legend of a block, not yet in its place, coordinates in mm by ``transform``.

    Words wider than ``room_mm`` are broken into lines, or cut where they have no spaces.
    """
    if block.matrix is not None:
        return make_matrix(block.matrix, transform, room_mm=room_mm, families=families)
    symbol_mm = 2.3 * BODY_SIZE / POINTS_PER_MM
    texts = [
        fitted(plain_text(text), room_mm / columns - symbol_mm, families=families)
        for text in block.labels
    ]
    title = fitted(plain_text(block.title), room_mm * 0.9, families=families)  # bold is wider
    circles = [one.get_markersize() for one in block.handles if isinstance(one, SizedSymbol)]
    legend = Legend(
        ax,
        list(block.handles),
        # matplotlib leaves out labels that begin with an underscore
        [f" {text}" if text.startswith("_") else text for text in texts],
        handler_map={SizedSymbol: _SizedHandler(max(circles, default=0.0) + 1.0)},
        title=title or None,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=transform,
        alignment="left",
        frameon=False,
        borderpad=0.0,
        borderaxespad=0.0,
        handlelength=1.7,
        handleheight=1.0,
        handletextpad=0.6,
        labelspacing=0.38,
        columnspacing=1.4,
        ncols=columns,
        title_fontproperties={"weight": "bold", "size": BODY_SIZE},
    )
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_parse_math(False)
    return legend


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 3, 5 times a power of ten that is not above ``longest``.

    Examples
    --------
    >>> round_length(730.0), round_length(0.25)
    (500.0, 0.2)
    """
    power = 10.0 ** np.floor(np.log10(longest))
    return float(
        max(step * power for step in (1.0, 2.0, 3.0, 5.0) if step * power <= longest * 1.0001)
    )


def true_kilometres_per_unit(crs: CRS, x: float, y: float) -> float:
    """Return how many km on the ground one unit of a projection is at a place, west to east.

    Parameters
    ----------
    crs : pyproj.CRS
    x, y : float
        The place, in the projection.

    Returns
    -------
    float
        Great-circle distance of a step of 1,000 units, divided by 1,000.
    """
    from pyproj import Transformer

    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = back.transform([x - 500.0, x + 500.0], [y, y])
    lon, lat = np.radians(longitude), np.radians(latitude)
    half = np.sin((lat[1] - lat[0]) / 2.0) ** 2
    half += np.cos(lat[0]) * np.cos(lat[1]) * np.sin((lon[1] - lon[0]) / 2.0) ** 2
    return float(2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half)) / 1000.0)


def north_angle(crs: CRS, x: float, y: float) -> float:
    """Return the direction of true north at a place of a projection, degrees clockwise from up."""
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    longitude, latitude = there.transform(x, y, direction="INVERSE")
    step = 0.01 if latitude < 89.9 else -0.01
    x_north, y_north = there.transform(longitude, latitude + step)
    sign = np.sign(step)
    return float(np.degrees(np.arctan2(sign * (x_north - x), sign * (y_north - y))))


def distance_text(kilometres: float) -> str:
    """Write the length of a scale bar, in metres below one km.

    Examples
    --------
    >>> distance_text(500.0), distance_text(0.5)
    ('500 km', '500 m')
    """
    return f"{kilometres:.0f} km" if kilometres >= 1.0 else f"{kilometres * 1000.0:.0f} m"


def draw_scale_bar(
    ax: Axes, transform: Transform, left: float, bottom: float, *, km_per_mm: float, room_mm: float
) -> float:
    """Draw a scale bar of two halves; return its length in km.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    transform : matplotlib.transforms.Transform
        From mm on the page.
    left, bottom : float
        Corner of the bar, mm.
    km_per_mm : float
        Scale of the map at its centre.
    room_mm : float
        Longest bar.
    """
    length = round_length(km_per_mm * room_mm)
    width = length / km_per_mm
    for half, colour in enumerate((INK, "#ffffff")):
        bar = Rectangle(
            (left + half * width / 2.0, bottom),
            width / 2.0,
            SCALE_BAR_HEIGHT_MM,
            facecolor=colour,
            edgecolor=INK,
            linewidth=0.5,
            transform=transform,
            clip_on=False,
            gid=f"scale-bar-{half}",
        )
        ax.add_artist(bar)
    words = ((0.0, "0", "center"), (width, distance_text(length), "center"))
    for offset, text, anchor in words:
        ax.text(
            left + offset,
            bottom + SCALE_BAR_HEIGHT_MM + 0.7,
            text,
            transform=transform,
            ha=anchor,
            va="bottom",
            fontsize=BODY_SIZE,
            clip_on=False,
        )
    return length


SCALE_BAR_TOTAL_MM = SCALE_BAR_HEIGHT_MM + 0.7 + line_height_mm(BODY_SIZE)


def draw_north_arrow(
    ax: Axes, transform: Transform, left: float, bottom: float, *, angle: float, text: str
) -> None:
    """Draw a north arrow with its letter in a box of ``ARROW_SIZE_MM`` and a line of text above.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    transform : matplotlib.transforms.Transform
        From mm on the page.
    left, bottom : float
        Lower left corner, mm.
    angle : float
        Direction of true north, degrees clockwise from up.
    text : str
        The letter.
    """
    width, height = ARROW_SIZE_MM
    centre = np.array([left + width / 2.0, bottom + height / 2.0])
    turn = np.radians(angle)
    # Columns: right and up of the arrow after turning clockwise by the angle.
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    for side, colour in ((-1.0, INK), (1.0, "#ffffff")):
        corners = np.array(
            [
                [0.0, height / 2.0],
                [side * width / 2.2, -height / 2.0],
                [0.0, -height / 3.4],
            ]
        )
        ax.add_artist(
            Polygon(
                centre + corners @ turned.T,
                closed=True,
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.5,
                joinstyle="miter",
                transform=transform,
                clip_on=False,
                gid="north-arrow",
            )
        )
    tip = centre + turned @ np.array([0.0, height / 2.0 + 0.6 + line_height_mm(BODY_SIZE) / 2.4])
    ax.text(
        tip[0],
        tip[1],
        text,
        transform=transform,
        ha="center",
        va="center",
        fontsize=BODY_SIZE,
        fontweight="bold",
        clip_on=False,
    )


_PROJECTIONS = {
    "Albers Equal Area": "projection_albers",
    "Lambert Azimuthal Equal Area": "projection_lambert_azimuthal",
    "Equal Earth": "projection_equal_earth",
}


def projection_text(crs: CRS, language: Language) -> str:
    """Name a projection for the note under a map."""
    zone = getattr(crs, "utm_zone", None)
    if zone:
        return label("projection_utm", language, zone=zone)
    operation = crs.coordinate_operation
    key = _PROJECTIONS.get(operation.method_name if operation else "")
    return label(key, language) if key else str(crs.name)


def furniture_texts(language: Language) -> Sequence[str]:
    """Return the wordings that every map draws."""
    return (label("north_letter", language), "0123456789 ,.−–km")
