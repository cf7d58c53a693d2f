"""What the maps of a print layout show: the main window, insets, and the room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shapefiles.layers import Layer
from shapefiles.projection import map_crs, map_parts
from shapefiles.qgis_xml import one_line

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

    from shapefiles.map_insets import MapInset

MOST_INSETS = 3
"""With more groups of cities apart than this, one map shows all."""

MOST_WIDENING = 1.6
"""How much larger whole background areas may make the map."""


@dataclass(frozen=True, kw_only=True)
class MapWindow:
    """What a map shows.

    Attributes
    ----------
    bounds : tuple of float
        West, south, east, north in the units of ``crs``.
    crs : pyproj.CRS
    metres : float
        Metres in one unit of ``crs`` from west to east, in the middle of the window.
    title : str
        Written in the corner of an inset.
    named : bool
        A window that the study names, not a part of the area that lies far off.
    """

    bounds: tuple[float, float, float, float]
    crs: CRS
    metres: float = 1.0
    title: str = ""
    named: bool = False

    def with_room_for_title(self) -> MapWindow:
        """Return the window with room for its title: at the top, of a named window at the foot."""
        west, south, east, north = self.bounds
        share = 0.16 if self.title else 0.0
        if self.named:
            return replace(self, bounds=(west, south - 0.5 * share * (north - south), east, north))
        return replace(self, bounds=(west, south, east, north + share * (north - south)))

    def fitted(self, width: float, height: float, *, margin: float = 0.03) -> MapWindow:
        """Return the window widened to the shape of a frame of ``width`` x ``height`` mm."""
        west, south, east, north = self.bounds
        across = max(east - west, 1e-9) * (1.0 + 2.0 * margin)
        upright = max(north - south, 1e-9) * (1.0 + 2.0 * margin)
        across = max(across, upright * width / height)
        upright = across * height / width
        x, y = (west + east) / 2.0, (south + north) / 2.0
        bounds = (x - across / 2, y - upright / 2, x + across / 2, y + upright / 2)
        return replace(self, bounds=bounds)


def background_of(layers: Sequence[Layer]) -> gpd.GeoSeries | None:
    """Return the areas of the first context layer, None when there is none."""
    shapes = [layer.data.geometry for layer in layers if layer.context]
    return shapes[0] if shapes else None


def map_windows(
    focus: gpd.GeoDataFrame,
    background: gpd.GeoSeries | None,
    crs: CRS | None,
    named: Sequence[MapInset] = (),
) -> list[MapWindow]:
    """Return the window of the main map, then those of the insets.

    Parameters
    ----------
    focus : geopandas.GeoDataFrame of shape (n, ...)
        What the maps are fitted to; parts far off (``map_parts``) become insets.
    background : geopandas.GeoSeries or None
        Areas behind it, shown whole where that does not make the map much smaller.
    crs : pyproj.CRS or None
        Of the main map; by default the one that suits the main part.
    named : sequence of MapInset
        Further windows in degrees, such as a sea with its islands. Background that lies within
        one of them does not widen the main map.

    Returns
    -------
    list of MapWindow
        The main map, the parts far off, the named windows.
    """
    drawn = focus[~(focus.geometry.isna() | focus.geometry.is_empty)].reset_index(drop=True)
    parts = window_parts(drawn)
    background = outside_windows(background, named)
    windows = []
    for position, part in enumerate(parts):
        shapes = drawn.loc[part]
        if position == 0:
            system = map_crs(shapes) if crs is None else crs
            bounds = _with_background(shapes.to_crs(system), background)
        else:
            system = map_crs(shapes)
            bounds = shapes.to_crs(system).total_bounds
        title = _part_title(shapes) if position else ""
        windows.append(_window(tuple(bounds.tolist()), system, title, inset=position > 0))
    return windows + [_named_window(one, windows[0].crs) for one in named]


def window_parts(cities: gpd.GeoDataFrame) -> tuple[pd.Index, ...]:
    """Return the cities of the main map, then those of each inset.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
        With a shape for each city.

    Returns
    -------
    tuple of pandas.Index
    """
    parts = map_parts(cities)
    return parts if len(parts) <= MOST_INSETS + 1 else (cities.index,)


def outside_windows(
    areas: gpd.GeoSeries | None, windows: Sequence[MapInset]
) -> gpd.GeoSeries | None:
    """Return areas without their parts that lie within named windows."""
    if areas is None or not windows:
        return areas
    import shapely

    parts = areas.to_crs("EPSG:4326").explode(ignore_index=True)
    for one in windows:
        parts = parts[~parts.within(shapely.box(one.west, one.south, one.east, one.north))]
    return parts.reset_index(drop=True)


def _named_window(one: MapInset, crs: CRS) -> MapWindow:
    """Return a window of degrees in the system of the main map."""
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    bounds = there.transform_bounds(one.west, one.south, one.east, one.north)
    metres = _metres_per_unit(crs, (one.south + one.north) / 2.0)
    return MapWindow(bounds=bounds, crs=crs, metres=metres, title=one_line(one.title), named=True)


def _with_background(shapes: gpd.GeoDataFrame, background: gpd.GeoSeries | None) -> np.ndarray:
    """Widen the bounds to whole background areas, so that no province is cut by the frame.

    Areas that would make the map much smaller (a state with a far territory) are left aside.
    """
    bounds: np.ndarray = shapes.total_bounds
    if background is None:
        return bounds
    areas = background[~(background.isna() | background.is_empty)].to_crs(shapes.crs)
    west, south, east, north = bounds
    corners = areas.bounds.to_numpy()
    met = (corners[:, 0] < east) & (corners[:, 2] > west)
    met &= (corners[:, 1] < north) & (corners[:, 3] > south)
    span = MOST_WIDENING * max(east - west, north - south)
    for one in corners[met]:
        wider = np.array([*np.minimum(bounds[:2], one[:2]), *np.maximum(bounds[2:], one[2:])])
        if max(wider[2] - wider[0], wider[3] - wider[1]) <= span:
            bounds = wider
    return bounds


def _part_title(shapes: gpd.GeoDataFrame) -> str:
    """Name the cities of an inset, three at the most."""
    column = next((c for c in ("short_name", "name") if c in shapes.columns), None)
    if column is None:
        return ""
    names = [one_line(name, 24) for name in shapes[column].dropna()]
    return "; ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _window(bounds: tuple[float, ...], crs: CRS, title: str, *, inset: bool) -> MapWindow:
    west, south, east, north = bounds
    # A single city fills no inset: show at least 150 km.
    least = 150_000.0 if inset else 1_000.0
    metres = _metres_per_unit(crs, (south + north) / 2.0)
    least /= metres
    if max(east - west, north - south) < least:
        x, y = (west + east) / 2.0, (south + north) / 2.0
        west, south, east, north = x - least / 2, y - least / 2, x + least / 2, y + least / 2
    return MapWindow(bounds=(west, south, east, north), crs=crs, metres=metres, title=title)


def _metres_per_unit(crs: CRS, latitude: float) -> float:
    if crs.is_geographic:
        return float(111_320.0 * np.cos(np.radians(np.clip(latitude, -80.0, 80.0))))
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else 1.0
