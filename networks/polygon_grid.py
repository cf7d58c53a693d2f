"""Which city a point lies in: a grid settles most points, exact geometry those near borders."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from networks.city_labels import city_index
from spatial.errors import GeometryError, listed

if TYPE_CHECKING:
    import geopandas as gpd

OUTSIDE = -1
"""Code of a point that lies in no city."""

UNPLACED = -2
"""Code of a point without usable coordinates."""

BORDER = -3
"""Code of a cell whose points have to be looked at one by one."""

CELLS_OF_SHAPES = 300_000
"""Cells in the bounding boxes of all shapes together: about one second to compare them, and nine in
ten points of a country settled without geometry."""

CELLS_OF_GRID = 16_000_000
"""Most cells of the whole grid, for shapes that are small and far apart; 64 MB."""

CELL_SLACK = 1e-9
"""Part of a cell by which it is widened when compared with shapes: far above the rounding with
which an engine puts a point into a cell, so that no point is settled by rounding."""

POINTS_IN_A_BATCH = 1_000_000


@dataclass(frozen=True)
class PolygonGrid:
    """Shapes of n cities under a grid of square cells, in degrees.

    Attributes
    ----------
    cities : pandas.Index of shape (n,)
    shapes : numpy.ndarray of shape (n,)
        Prepared polygons, EPSG:4326.
    west, south, step : float
        Corner and side of the cells.
    columns, rows : int
        The cell of a point is its column times ``rows`` plus its row.
    cells, codes : numpy.ndarray of int, shape (c,)
        Cells that touch a city, rising, and the position of the only city that covers the whole
        cell, or ``BORDER``.
    border, first, candidates : numpy.ndarray of int
        Border cells, rising, and the cities that touch them: those of cell k are
        ``candidates[first[k]:first[k + 1]]``.
    """

    cities: pd.Index
    shapes: np.ndarray
    west: float
    south: float
    step: float
    columns: int
    rows: int
    cells: np.ndarray
    codes: np.ndarray
    border: np.ndarray
    first: np.ndarray
    candidates: np.ndarray

    def assigned(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Return the positions of the cities that points lie in.

        Parameters
        ----------
        longitude, latitude : numpy.ndarray of shape (m,), degrees

        Returns
        -------
        numpy.ndarray of int, shape (m,)
            ``OUTSIDE`` in no city, ``UNPLACED`` where a coordinate is missing or outside the world.
        """
        usable = (np.abs(longitude) <= 180.0) & (np.abs(latitude) <= 90.0)
        with np.errstate(invalid="ignore"):
            column = np.floor((longitude - self.west) / self.step)
            row = np.floor((latitude - self.south) / self.step)
        inside = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows) & usable
        found = np.where(usable, OUTSIDE, UNPLACED)
        cell = column[inside].astype(np.int64) * self.rows + row[inside].astype(np.int64)
        lookup = np.full(self.columns * self.rows, OUTSIDE, dtype=np.int32)
        lookup[self.cells] = self.codes
        code = lookup[cell]
        near = code == BORDER
        if near.any():
            code[near] = self.exact(longitude[inside][near], latitude[inside][near], cell[near])
        found[inside] = code
        return found

    def exact(self, longitude: np.ndarray, latitude: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Return the cities of points in border cells, by geometry.

        Parameters
        ----------
        longitude, latitude : numpy.ndarray of shape (m,), degrees
        cell : numpy.ndarray of int, shape (m,)
            Border cells.

        Returns
        -------
        numpy.ndarray of int, shape (m,)
            A point on the edge of a city lies in it; of several cities the one with the first
            label wins.
        """
        order = np.argsort(np.argsort(self.cities.astype(str).to_numpy(), kind="stable"))
        place = np.searchsorted(self.border, cell)
        count = self.first[place + 1] - self.first[place]
        point = np.repeat(np.arange(len(cell)), count)
        offset = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
        shape = self.candidates[np.repeat(self.first[place], count) + offset]
        by_shape = np.argsort(shape, kind="stable")
        point, shape = point[by_shape], shape[by_shape]
        best = np.full(len(cell), len(self.cities))
        edges = np.flatnonzero(np.diff(shape, prepend=-1, append=-1))
        for start, stop in pairwise(edges):
            members = point[start:stop]
            city = shape[start]
            hit = members[
                shapely.intersects_xy(self.shapes[city], longitude[members], latitude[members])
            ]
            best[hit] = np.minimum(best[hit], order[city])
        back = np.append(np.argsort(order), OUTSIDE)
        return back[best]


def cities_of_points(
    longitude: np.ndarray | pd.Series, latitude: np.ndarray | pd.Series, cities: gpd.GeoDataFrame
) -> pd.Categorical:
    """Find the city that each point lies in.

    Parameters
    ----------
    longitude, latitude : numpy.ndarray or pandas.Series of shape (m,), degrees
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Polygons in any coordinate reference system; index: city ids.

    Returns
    -------
    pandas.Categorical of shape (m,)
        City ids in the order of the points; missing for points in no city or without coordinates.
        A point on the edge of a city lies in it; on the edge of several, in the one with the first
        label.

    Raises
    ------
    GeometryError
        If shapes are missing, invalid or no polygons, or have no coordinate reference system.

    Examples
    --------
    >>> import geopandas as gpd
    >>> squares = gpd.GeoDataFrame(
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], index=["b", "a"], crs=4326)
    >>> list(cities_of_points(np.array([0.5, 1.0, 3.0]), np.array([0.5, 0.5, 0.5]), squares))
    ['b', 'a', nan]
    """
    grid = polygon_grid(cities)
    x, y = (np.asarray(one, dtype=float) for one in (longitude, latitude))
    if x.shape != y.shape:
        raise GeometryError(f"{len(x)} longitudes and {len(y)} latitudes make no points.")
    codes = np.empty(len(x), dtype=np.int32)
    for start in range(0, len(x), POINTS_IN_A_BATCH):
        part = slice(start, start + POINTS_IN_A_BATCH)
        codes[part] = grid.assigned(x[part], y[part])
    return pd.Categorical.from_codes(np.maximum(codes, OUTSIDE), categories=grid.cities)


def polygon_grid(cities: pd.DataFrame | pd.Index) -> PolygonGrid:
    """Lay a grid over the polygons of cities.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)

    Returns
    -------
    PolygonGrid

    Raises
    ------
    GeometryError
        As in ``cities_of_points``.
    """
    shapes = _checked_shapes(cities)
    ids = city_index(cities)
    shapely.prepare(shapes)
    west, south, east, north = shapely.total_bounds(shapes)
    boxes = shapely.bounds(shapes)
    area = float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum())
    extent = float((east - west) * (north - south))
    step = float(np.sqrt(max(area / CELLS_OF_SHAPES, extent / CELLS_OF_GRID)))
    # One cell more than needed, so that points on the eastern and northern edge have one.
    columns, rows = (int((high - low) / step) + 2 for low, high in ((west, east), (south, north)))
    cell, city, whole = [], [], []
    for number, shape in enumerate(shapes):
        touched, covered = _cells_of(shape, west, south, step, columns, rows)
        cell.append(touched)
        whole.append(covered)
        city.append(np.full(len(touched), number))
    cells, cities_there, covered = (np.concatenate(part) for part in (cell, city, whole))
    order = np.argsort(cells, kind="stable")
    cells, cities_there, covered = cells[order], cities_there[order], covered[order]
    known, first, count = np.unique(cells, return_index=True, return_counts=True)
    settled = (count == 1) & covered[first]
    between = ~settled[np.searchsorted(known, cells)]
    return PolygonGrid(
        ids,
        shapes,
        float(west),
        float(south),
        float(step),
        columns,
        rows,
        known,
        np.where(settled, cities_there[first], BORDER),
        known[~settled],
        np.concatenate([[0], np.cumsum(count[~settled])]),
        cities_there[between],
    )


def _cells_of(
    shape: shapely.Geometry, west: float, south: float, step: float, columns: int, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cells that a shape touches, and whether it covers the whole cell."""
    bounds = np.asarray(shape.bounds)
    low = np.floor((bounds[:2] - [west, south]) / step).astype(int) - 1
    high = np.floor((bounds[2:] - [west, south]) / step).astype(int) + 1
    columns_there, rows_there = np.meshgrid(
        np.arange(max(low[0], 0), min(high[0], columns - 1) + 1),
        np.arange(max(low[1], 0), min(high[1], rows - 1) + 1),
        indexing="ij",
    )
    column, row = columns_there.ravel(), rows_there.ravel()
    boxes = shapely.box(
        west + (column - CELL_SLACK) * step,
        south + (row - CELL_SLACK) * step,
        west + (column + 1 + CELL_SLACK) * step,
        south + (row + 1 + CELL_SLACK) * step,
    )
    touched = shapely.intersects(shape, boxes)
    covered = shapely.contains_properly(shape, boxes[touched])
    return (column * rows + row)[touched], covered


def _checked_shapes(cities: pd.DataFrame | pd.Index) -> np.ndarray:
    import geopandas as gpd

    if not isinstance(cities, gpd.GeoDataFrame):
        raise GeometryError(
            "Points are put into cities by their polygons; give a GeoDataFrame of polygons, not "
            f"{type(cities).__name__}."
        )
    if cities.crs is None:
        raise GeometryError(
            "cities have no coordinate reference system; set it, for example "
            "cities.set_crs('EPSG:4326') when the numbers are degrees."
        )
    shapes = np.array(cities.geometry.to_crs("EPSG:4326").array, dtype=object)
    areas = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    if not areas.all():
        raise GeometryError(
            f"Cities {listed(cities.index[~areas])} have no polygon; points can only be put into "
            "polygons. Complete or drop these cities."
        )
    valid = shapely.is_valid(shapes)
    if not valid.all():
        raise GeometryError(
            f"Polygons of cities {listed(cities.index[~valid])} cross themselves; repair them, for "
            "example by cities.make_valid()."
        )
    return shapes
