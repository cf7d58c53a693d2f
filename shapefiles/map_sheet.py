"""A map sheet: the main map with its insets, each in its own projection, drawn alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from shapefiles.figures_page import column_width_mm, figure_size_mm
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.map_arrange import SIDE_LEGEND_FROM_MM, MapPlan
from shapefiles.map_furniture import LegendBlock, furniture_texts, projection_text
from shapefiles.map_graticule import draw_graticule, edge_panels, graticule_texts
from shapefiles.map_insets import (
    MapInset,
    by_parts,
    inset_boxes,
    near,
    open_inset,
    padded,
    part_extent,
    window_extent,
)
from shapefiles.map_layout import lay_out
from shapefiles.map_shapes import draw_polygons, projected_points
from shapefiles.projection import map_crs
from spatial.coordinates import city_positions
from spatial.errors import AlignmentError, ConfigError, GeometryError, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from pyproj import CRS

    from shapefiles.figures_page import FigureWidth
    from shapefiles.map_arrange import Extent
    from spatial.options import Language

CONTEXT_FILL, CONTEXT_LINE = "#f7f7f5", "#c9c9c4"
MARGIN_SHARE = 0.03
LEAST_MAP_KILOMETRES = 5.0


@dataclass(frozen=True, kw_only=True)
class MapOptions:
    """What all maps understand alike.

    Attributes
    ----------
    title : str
        Bold, above the map.
    source : str
        Data source, written into the note as "Source: ...".
    note : str
        Further sentences of the note.
    language : {"en", "zh"}
    approval : str
        Approval number of the base map, such as "GS(2019)1822", which maps of China carry.
    width : {"single", "double"} or float
        Column width of a new figure: 89 or 183 mm; or any other width in mm.
    context : geopandas.GeoDataFrame, optional
        Light grey background, for example states or provinces.
    labels : pandas.Series, optional
        Names to write, by priority; index: city ids (see `shapefiles.maps.top_names`).
    insets : "auto", "none" or sequence of MapInset
        "auto" draws cities far from all others in boxes in a corner; windows given by the user
        are drawn beside them, without names.
    whole_context : bool
        Show all of ``context``, not only what lies behind the cities. Parts of it inside a window
        of ``insets`` (islands far at sea) do not stretch the map.
    crs : pyproj.CRS, optional
        Projection of the main map, in metres; chosen by `shapefiles.projection.map_crs` if None.
    graticule : bool
        Draw meridians and parallels, with their degrees at the left and the lower edge.
    greyscale : bool
        Draw in greys and patterns, see `shapefiles.greyscale.greyscale`.
    """

    title: str = ""
    source: str = ""
    note: str = ""
    approval: str = ""
    language: Language = "en"
    width: FigureWidth = "double"
    context: gpd.GeoDataFrame | None = None
    labels: pd.Series | None = None
    insets: str | Sequence[MapInset] = "auto"
    whole_context: bool = False
    crs: CRS | None = None
    graticule: bool = False
    greyscale: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Every wording that these options bring to the page."""
        windows = _windows(self)
        names = () if self.labels is None else tuple(plain_text(name) for name in self.labels)
        return (
            self.title,
            self.source,
            self.note,
            approval_text(self.approval, self.language),
            *(window.title for window in windows),
            *names,
            label("map_inset_scales", self.language),
            *furniture_texts(self.language),
            *(graticule_texts(self.language) if self.graticule else ()),
        )


def approval_text(number: str, language: Language) -> str:
    """Write the approval number of a base map; words around the number are not repeated.

    Without a number nothing is written.

    Examples
    --------
    >>> approval_text("GS(2019)1822", "zh"), approval_text("审图号：GS(2019)1822号", "zh")
    ('审图号：GS(2019)1822号', '审图号：GS(2019)1822号')
    >>> approval_text("审图号：GS(2019)1822号", "en")
    'Base map approval number: GS(2019)1822'
    """
    if not number.strip():
        return ""
    bare = number.strip().removeprefix("审图号").lstrip("：: ").removesuffix("号")
    return label("map_approval", language, number=f"{bare}号" if language == "zh" else bare)


@dataclass(frozen=True)
class MapPane:
    """One picture of a sheet: axes, projection, and the cities that belong to it.

    Attributes
    ----------
    ax : matplotlib.axes.Axes
    crs : pyproj.CRS
    ids : pandas.Index
    shapes : geopandas.GeoSeries
        Geometry of these cities in the projection.
    points : numpy.ndarray of shape (n, 2)
        Their seats in the projection.
    named : bool
        Names are written here.
    """

    ax: Axes
    crs: CRS
    ids: pd.Index
    shapes: gpd.GeoSeries
    points: np.ndarray
    named: bool = True


def checked_cities(cities: gpd.GeoDataFrame) -> None:
    """Raise unless cities can be drawn: unique ids, a reference system, some geometry."""
    city_positions(cities, distinct=False)
    if cities.crs is None:
        raise GeometryError(
            "The cities have no coordinate reference system; set it, for example "
            "cities.set_crs('EPSG:4326') when the numbers are degrees."
        )


def checked_labels(labels: pd.Series | None, cities: gpd.GeoDataFrame) -> None:
    """Raise when a name is to be written at a city that is not on the map."""
    if labels is None:
        return
    unknown = labels.index.difference(cities.index)
    if len(unknown):
        raise AlignmentError(
            f"Names are given for cities that are not on the map: {listed(unknown)}. Select the "
            "names of the cities drawn."
        )


def room_width_mm(ax: Axes | None, options: MapOptions) -> float:
    """Return the width a map has: its axes', or that of a new figure."""
    if ax is None:
        return column_width_mm(options.width)
    return float(ax.get_position().width * figure_size_mm(ax.figure)[0])


def _note(options: MapOptions, crs: CRS, *, several_scales: bool = False) -> str:
    parts = []
    if options.source:
        parts.append(label("map_source", options.language, source=options.source))
    parts.append(label("map_projection", options.language, projection=_name(crs, options)))
    if several_scales:
        parts.append(label("map_inset_scales", options.language))
    if options.approval.strip():
        parts.append(approval_text(options.approval, options.language))
    if options.note:
        parts.append(options.note)
    return label("sentence_join", options.language).join(plain_text(part) for part in parts)


def _name(crs: CRS, options: MapOptions) -> str:
    return projection_text(crs, options.language)


def _pane(ax: Axes, cities: gpd.GeoDataFrame, ids: pd.Index, crs: CRS) -> MapPane:
    inside = cities.loc[ids]
    points = projected_points(city_positions(inside, distinct=False), crs)
    return MapPane(ax, crs, ids, inside.geometry.to_crs(crs), points)


@dataclass(frozen=True)
class _Wanted:
    """An inset to be drawn: its cities, projection, extent, title, and whether it has names."""

    ids: pd.Index
    crs: CRS
    extent: Extent
    title: str
    named: bool

    @property
    def aspect(self) -> float:
        """Height over width, with some room for the foot."""
        west, south, east, north = self.extent
        return 1.3 * (north - south) / (east - west)


def open_sheet(
    cities: gpd.GeoDataFrame,
    blocks: Iterable[LegendBlock],
    options: MapOptions,
    *,
    ax: Axes | None,
    families: tuple[str, ...],
) -> list[MapPane]:
    """Lay out a map page and return its panes, the main map first.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    blocks : iterable of LegendBlock
    options : MapOptions
    ax : matplotlib.axes.Axes or None
    families : tuple of str
        Font families of the house style in force.

    Returns
    -------
    list of MapPane
        Backgrounds are drawn; every city belongs to one pane (windows of the user show all).
    """
    return _open(cities, blocks, options, ax=ax, families=families, marks=())[0]


def open_panels(
    cities: gpd.GeoDataFrame,
    blocks: Iterable[LegendBlock],
    options: MapOptions,
    *,
    marks: Sequence[str],
    families: tuple[str, ...],
) -> list[list[MapPane]]:
    """Lay out a page of several maps of the same cities; return the panes of each.

    All have one extent, one legend, one scale bar and arrow. Columns and the place of the legend
    are chosen so that the maps become as large as the page allows.

    Parameters
    ----------
    cities, blocks, options, families
        As for `open_sheet`.
    marks : sequence of str
        What each map shows, written above it.

    Returns
    -------
    list of lists of MapPane
    """
    return _open(cities, blocks, options, ax=None, families=families, marks=tuple(marks))


def _open(
    cities: gpd.GeoDataFrame,
    blocks: Iterable[LegendBlock],
    options: MapOptions,
    *,
    ax: Axes | None,
    families: tuple[str, ...],
    marks: tuple[str, ...],
) -> list[list[MapPane]]:
    if isinstance(options.insets, str) and options.insets not in ("auto", "none"):
        raise ConfigError(
            f"insets={options.insets!r} is not known; use 'auto', 'none' or MapInset windows."
        )
    parts = by_parts(cities, options.insets != "none")
    main = cities.loc[parts[0]]
    crs = options.crs if options.crs is not None else map_crs(main)
    wanted = _wanted_insets(cities, parts[1:], crs, options)
    obstacles = _obstacles(main, crs, options)
    extent = _extent(main, crs, options)
    extent = _room_for_insets(extent, wanted, obstacles, options, panels=len(marks))
    plan = MapPlan(
        crs,
        extent,
        tuple(blocks),
        plain_text(options.title),
        _note(options, crs, several_scales=bool(marks and wanted)),
        options.language,
        families,
        marks=tuple(plain_text(mark) for mark in marks),
        graticule=options.graticule,
    )
    axes = lay_out(plan, ax, width=options.width)
    sheets = []
    for one, (left, below) in zip(axes, edge_panels(axes), strict=True):
        panes = [_pane(one, cities, parts[0], crs)]
        panes += _insets(one, cities, wanted, obstacles, options, small=bool(marks))
        for pane in panes:
            _background(pane, options)
        if options.graticule:
            draw_graticule(
                one, crs, language=options.language, families=families, left=left, below=below
            )
        sheets.append(panes)
    return sheets


def _windows(options: MapOptions) -> tuple[MapInset, ...]:
    return () if isinstance(options.insets, str) else tuple(options.insets)


def _wanted_insets(
    cities: gpd.GeoDataFrame, parts: Sequence[pd.Index], main_crs: CRS, options: MapOptions
) -> list[_Wanted]:
    wanted = []
    for ids in parts:
        crs = map_crs(cities.loc[ids])
        frame = part_extent(cities.loc[ids].geometry.to_crs(crs), crs)
        wanted.append(_Wanted(ids, crs, frame, "", True))
    for window in _windows(options):
        frame = window_extent(window, main_crs)
        wanted.append(_Wanted(cities.index, main_crs, frame, window.title, False))
    return wanted


def _context_parts(options: MapOptions) -> gpd.GeoSeries | None:
    """Return the polygons of the background outside the windows of the user, in degrees."""
    if options.context is None or not len(options.context):
        return None
    parts = options.context.geometry.to_crs("EPSG:4326").explode(ignore_index=True)
    for window in _windows(options):
        box = shapely.box(window.west, window.south, window.east, window.north)
        parts = parts[~parts.within(box)]
    return parts if len(parts) else None


def _extent(main: gpd.GeoDataFrame, crs: CRS, options: MapOptions) -> Extent:
    bounds = main.geometry.to_crs(crs).total_bounds
    context = _context_parts(options) if options.whole_context else None
    if context is not None:
        others = context.to_crs(crs).total_bounds
        bounds = np.concatenate(
            [np.minimum(bounds[:2], others[:2]), np.maximum(bounds[2:], others[2:])]
        )
    return padded(bounds, MARGIN_SHARE, least=LEAST_MAP_KILOMETRES * 1000.0)


def _obstacles(main: gpd.GeoDataFrame, crs: CRS, options: MapOptions) -> gpd.GeoSeries:
    """Return what insets should not hide: cities, and the background when all of it counts."""
    shapes = main.geometry.to_crs(crs)
    context = _context_parts(options) if options.whole_context else None
    if context is None:
        return shapes
    return pd.concat([shapes, context.to_crs(crs)], ignore_index=True)


def _room_for_insets(
    extent: Extent,
    wanted: Sequence[_Wanted],
    obstacles: gpd.GeoSeries,
    options: MapOptions,
    *,
    panels: int,
) -> Extent:
    """Lower the southern edge until insets hide nothing, by a third at the most."""
    if not wanted:
        return extent
    west, south, east, north = extent
    aspects = [one.aspect for one in wanted]
    tried: list[tuple[int, Extent]] = []
    for step in range(5):
        lower = south - 0.08 * step * (north - south)
        shape = (north - lower) / (east - west)
        page_width = column_width_mm(options.width)
        # A little less than the map will have, so that the insets found here fit there.
        map_width = (0.75 if page_width >= SIDE_LEGEND_FROM_MM else 0.93) * page_width
        map_width /= 2 if panels > 1 else 1
        _, covered = inset_boxes(
            (west, lower, east, north),
            shape,
            aspects,
            obstacles,
            height_mm=map_width * shape,
            right_only=bool(_windows(options)),
            small=panels > 0,
        )
        if not covered:
            return west, lower, east, north
        tried.append((covered, (west, lower, east, north)))
    return min(tried, key=lambda one: one[0])[1]


def _insets(
    ax: Axes,
    cities: gpd.GeoDataFrame,
    wanted: Sequence[_Wanted],
    obstacles: gpd.GeoSeries,
    options: MapOptions,
    *,
    small: bool,
) -> list[MapPane]:
    if not wanted:
        return []
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    _, page_height = figure_size_mm(ax.figure)
    boxes, _ = inset_boxes(
        (west, south, east, north),
        (north - south) / (east - west),
        [one.aspect for one in wanted],
        obstacles,
        height_mm=ax.get_position().height * page_height,
        right_only=bool(_windows(options)),
        small=small,
    )
    panes = []
    for box, one in zip(boxes, wanted, strict=True):
        inset = open_inset(ax, box, one.extent, one.crs, title=one.title)
        panes.append(replace(_pane(inset, cities, one.ids, one.crs), named=one.named))
    return panes


def _background(pane: MapPane, options: MapOptions) -> None:
    (west, east), (south, north) = pane.ax.get_xlim(), pane.ax.get_ylim()
    behind = near(options.context, (west, south, east, north), pane.crs)
    if behind is not None and len(behind):
        draw_polygons(
            pane.ax,
            behind,
            fill=CONTEXT_FILL,
            outline=CONTEXT_LINE,
            outline_mm=0.12,
            zorder=1.0,
            gid="context",
        )


def for_each_pane(panes: Sequence[MapPane], draw: Callable[[MapPane], object]) -> Axes:
    """Draw on every pane; return the axes of the main map."""
    for pane in panes:
        draw(pane)
    return panes[0].ax
