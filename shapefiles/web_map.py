"""A map for web pages: projected once, far-off parts and windows in boxes, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from shapefiles.map_furniture import true_kilometres_per_unit
from shapefiles.map_insets import (
    MapInset,
    by_parts,
    inset_boxes,
    near,
    padded,
    part_extent,
    window_extent,
)
from shapefiles.map_shapes import projected_points
from shapefiles.projection import map_crs
from shapefiles.whole_numbers import coverage_simplified, encoded_shape
from spatial.coordinates import city_positions
from spatial.errors import GeometryError

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

    from shapefiles.map_arrange import Extent

GRID_WIDTH = 16_000
"""Whole numbers across the longer side of a map: a screen of 1,600 points shows tenfold detail."""

MARGIN_SHARE = 0.015
CITY_VERTICES, CONTEXT_VERTICES = 70_000, 30_000
"""Most points of the boundaries of cities and of the background."""

VERTICES_EACH = 28
"""Every city may have so many points, however many cities there are."""

MAP_MM = 190.0
"""Width by which boxes in the corner find their size."""

FINEST_DETAIL = 1.0
"""First tolerance of simplification, in steps of the grid."""


@dataclass(frozen=True)
class MapFrame:
    """A box in the map with another part of the world, or with a window on it.

    Attributes
    ----------
    left, top, right, bottom : int
        On the grid, y downwards.
    title : str
    context : tuple of str
        Shapes of the background in the box.
    """

    left: int
    top: int
    right: int
    bottom: int
    title: str = ""
    context: tuple[str, ...] = ()


@dataclass(frozen=True)
class WebMap:
    """A map in whole numbers, x to the right and y downwards.

    Attributes
    ----------
    width, height : int
        Of the map on the grid.
    cities : tuple of str, length n
        Boundaries (``whole_numbers.encoded_shape``), empty for point cities.
    anchors : numpy.ndarray of int, shape (n, 2)
        Where circles and links of a city are drawn.
    context : tuple of str
        Shapes of the background of the main map.
    frames : tuple of MapFrame
    kilometres_per_unit : float
        In the middle of the main map.
    """

    width: int
    height: int
    cities: tuple[str, ...]
    anchors: np.ndarray
    context: tuple[str, ...]
    frames: tuple[MapFrame, ...]
    kilometres_per_unit: float
    _panes: tuple[_Pane, ...] = ()
    _pane_of: np.ndarray | None = None

    def lines(self, shapes: gpd.GeoSeries, start: np.ndarray, end: np.ndarray) -> tuple[str, ...]:
        """Write links as lines on the grid.

        Parameters
        ----------
        shapes : geopandas.GeoSeries of shape (m,)
            Great circles, EPSG:4326.
        start, end : numpy.ndarray of int, shape (m,)
            Positions of the cities.

        Returns
        -------
        tuple of str, length m
            A link between the main map and a box is a straight line between the two cities.
        """
        assert self._pane_of is not None
        encoded = [""] * len(shapes)
        home, there = self._pane_of[start], self._pane_of[end]
        for at, pane in enumerate(self._panes):
            inside = np.flatnonzero((home == at) & (there == at))
            if not len(inside):
                continue
            projected = shapes.iloc[inside].to_crs(pane.crs).to_numpy()
            drawn = shapely.simplify(pane.on_grid(projected), FINEST_DETAIL)
            for position, shape in zip(inside, drawn, strict=True):
                encoded[position] = encoded_shape(shape)
        for position in np.flatnonzero(home != there):
            ends = self.anchors[[start[position], end[position]]]
            encoded[position] = encoded_shape(shapely.LineString(ends))
        return tuple(encoded)


@dataclass(frozen=True)
class _Pane:
    """Where one projection lies on the grid: grid = (scale x + left, top - scale y)."""

    crs: CRS
    scale: float
    left: float
    top: float
    extent: Extent
    clipped: bool

    def on_grid(self, shapes: np.ndarray) -> np.ndarray:
        """Move projected shapes to the grid."""
        kept = shapely.clip_by_rect(shapes, *self.extent) if self.clipped else shapes
        return shapely.transform(kept, self.points_on_grid)

    def points_on_grid(self, points: np.ndarray) -> np.ndarray:
        """Move projected points to the grid."""
        return np.column_stack(
            [self.scale * points[:, 0] + self.left, self.top - self.scale * points[:, 1]]
        )

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom on the grid."""
        west, south, east, north = self.extent
        corners = self.points_on_grid(np.array([[west, north], [east, south]]))
        left, top, right, bottom = np.rint(corners).astype(int).ravel().tolist()
        return left, top, right, bottom


def web_map(
    cities: gpd.GeoDataFrame,
    *,
    context: gpd.GeoDataFrame | None = None,
    whole_context: bool = False,
    windows: Sequence[MapInset] = (),
) -> WebMap:
    """Lay out a map of cities for a web page.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Polygons or points, index: city ids.
    context : geopandas.GeoDataFrame, optional
        Background, such as states.
    whole_context : bool
        Show all of it, not only what lies behind the cities.
    windows : sequence of MapInset
        Windows that are repeated in a corner, such as a sea with islands.

    Returns
    -------
    WebMap
        As in the printed maps: cities far from all others are in boxes, in projections of their
        own; what lies in a window does not widen the map.

    Raises
    ------
    GeometryError
        If there is no coordinate reference system or nothing to draw.
    """
    if not len(cities):
        raise GeometryError("There are no cities to draw.")
    parts = by_parts(cities, True)
    main = cities.loc[parts[0]]
    crs = map_crs(main)
    far = [cities.loc[ids] for ids in parts[1:]]
    outside = _outside(context, windows) if whole_context else None
    obstacles = main.geometry.to_crs(crs)
    if outside is not None:
        obstacles = pd.concat([obstacles, outside.to_crs(crs)], ignore_index=True)
    wanted = [(map_crs(part), part_extent(part.geometry.to_crs(map_crs(part)), map_crs(part)))
              for part in far]  # fmt: skip
    wanted += [(crs, window_extent(window, crs)) for window in windows]
    extent = padded(obstacles.total_bounds, MARGIN_SHARE, least=60_000.0)
    panes = _panes(extent, crs, wanted, obstacles, right_only=bool(windows))
    pane_of = np.zeros(len(cities), dtype=int)
    for at, ids in enumerate(parts):
        pane_of[cities.index.get_indexer(ids)] = at
    shapes, anchors = _cities_on_grid(cities, panes, pane_of, len(parts))
    west, south, east, north = panes[0].extent
    middle = ((west + east) / 2.0, (south + north) / 2.0)
    titles = [""] * len(far) + [window.title for window in windows]
    return WebMap(
        width=round(panes[0].scale * (east - west)),
        height=round(panes[0].scale * (north - south)),
        cities=shapes,
        anchors=anchors,
        context=_context_on_grid(context, panes[0]),
        frames=tuple(
            MapFrame(*pane.frame, title, _context_on_grid(context, pane))
            for pane, title in zip(panes[1:], titles, strict=True)
        ),
        kilometres_per_unit=true_kilometres_per_unit(crs, *middle) / panes[0].scale,
        _panes=panes,
        _pane_of=pane_of,
    )


def _outside(context: gpd.GeoDataFrame | None, windows: Sequence[MapInset]) -> gpd.GeoSeries | None:
    """Return the polygons of the background that do not lie inside a window, in degrees."""
    if context is None or not len(context):
        return None
    pieces = context.geometry.to_crs("EPSG:4326").explode(ignore_index=True)
    for one in windows:
        pieces = pieces[~pieces.within(shapely.box(one.west, one.south, one.east, one.north))]
    return pieces if len(pieces) else None


def _panes(
    extent: Extent,
    crs: CRS,
    wanted: Sequence[tuple[CRS, Extent]],
    obstacles: gpd.GeoSeries,
    *,
    right_only: bool,
) -> tuple[_Pane, ...]:
    """Place the main map and its boxes; the map grows southwards until they hide nothing."""
    west, south, east, north = extent
    aspects = [(box[3] - box[1]) / (box[2] - box[0]) for _, box in wanted]
    boxes: list[tuple[float, float, float, float]] = []
    for step in range(5 if wanted else 0):
        south = extent[1] - 0.08 * step * (extent[3] - extent[1])
        shape = (north - south) / (east - west)
        boxes, covered = inset_boxes(
            (west, south, east, north),
            shape,
            aspects,
            obstacles,
            height_mm=MAP_MM * shape,
            right_only=right_only,
        )
        if not covered:
            break
    scale = GRID_WIDTH / max(east - west, north - south)
    main = _Pane(crs, scale, -scale * west, scale * north, (west, south, east, north), False)
    panes = [main]
    for (left, low, wide, high), (own_crs, own) in zip(boxes, wanted, strict=True):
        own_scale = scale * min(
            wide * (east - west) / (own[2] - own[0]), high * (north - south) / (own[3] - own[1])
        )
        # The box keeps its place; what it shows is in its middle and fills it.
        half_x = wide * (east - west) * scale / own_scale / 2.0
        half_y = high * (north - south) * scale / own_scale / 2.0
        x, y = (own[0] + own[2]) / 2.0, (own[1] + own[3]) / 2.0
        corner_x = scale * left * (east - west)
        corner_y = scale * (1.0 - low) * (north - south)
        panes.append(
            _Pane(
                own_crs,
                own_scale,
                corner_x - own_scale * (x - half_x),
                corner_y + own_scale * (y - half_y),
                (x - half_x, y - half_y, x + half_x, y + half_y),
                True,
            )
        )
    return tuple(panes)


def _cities_on_grid(
    cities: gpd.GeoDataFrame,
    panes: tuple[_Pane, ...],
    pane_of: np.ndarray,
    n_parts: int,
) -> tuple[tuple[str, ...], np.ndarray]:
    """Put every city into its pane, and again into the windows that show it."""
    most = max(CITY_VERTICES, VERTICES_EACH * len(cities))
    drawn = np.full(len(cities), None, dtype=object)
    anchors = np.zeros((len(cities), 2), dtype=np.int64)
    positions = city_positions(cities, distinct=False)
    areas = cities.geometry.where(cities.geom_type != "Point")
    for at, pane in enumerate(panes):
        here = np.flatnonzero(pane_of == at) if at < n_parts else np.arange(len(cities))
        projected = areas.iloc[here].to_crs(pane.crs).to_numpy()
        on_grid = pane.on_grid(projected)
        simple, _ = coverage_simplified(on_grid, finest=FINEST_DETAIL, most_vertices=most)
        for position, shape in zip(here, simple, strict=True):
            drawn[position] = _together(drawn[position], shape)
        if at < n_parts:
            places = pane.points_on_grid(projected_points(positions, pane.crs)[here])
            anchors[here] = np.rint(places).astype(np.int64)
    return tuple(encoded_shape(shape) for shape in drawn), anchors


def _together(one: shapely.Geometry | None, two: shapely.Geometry | None) -> shapely.Geometry:
    """Join the shape of a city with its copy in a window; they never touch."""
    known = [shape for shape in (one, two) if shape is not None and not shape.is_empty]
    return shapely.GeometryCollection([p for shape in known for p in shapely.get_parts(shape)])


def _context_on_grid(context: gpd.GeoDataFrame | None, pane: _Pane) -> tuple[str, ...]:
    """Put what can be seen of the background into a pane."""
    seen = near(context, pane.extent, pane.crs)
    if seen is None:
        return ()
    clipped = shapely.make_valid(shapely.clip_by_rect(seen.to_numpy(), *pane.extent))
    flat = np.array([_only_areas(one) for one in pane.on_grid(clipped)], dtype=object)
    simple, _ = coverage_simplified(flat, finest=FINEST_DETAIL, most_vertices=CONTEXT_VERTICES)
    return tuple(text for shape in simple if (text := encoded_shape(shape)))


def _only_areas(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """Leave out the lines and points that clipping may give."""
    parts = shapely.get_parts(shape)
    nested = [piece for part in parts for piece in shapely.get_parts(part)]
    return shapely.MultiPolygon([p for p in nested if isinstance(p, shapely.Polygon)])
