"""Pictures of small maps against stored ones, by tolerance.

Only what lies in the frame of a map is compared, without words: fonts and their rasterisation
differ between machines, polygons and lines do not. To make the pictures again after a wanted
change, set INTERURBAN_WRITE_BASELINES=1 for one run and look at them.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from shapely.geometry import LineString, Polygon

from shapefiles.figures_page import figure_bytes
from shapefiles.maps import (
    MapOptions,
    bivariate_map,
    category_map,
    choropleth_map,
    community_map,
    lisa_map,
    network_map,
    yearly_maps,
)
from shapefiles.styles import (
    choropleth_style,
    emerging_hot_spot_style,
    link_width_style,
    sized_point_style,
)
from spatial.autocorrelation import EMERGING_CLASSES

BASELINE = Path(__file__).parent / "baseline"
WRITE = os.environ.get("INTERURBAN_WRITE_BASELINES") == "1"

TOLERATED = 6.0
"""Root mean square of differences of grey values (0 to 255). Versions of the rasteriser move edges
by part of a pixel (about 2); a single class in another colour gives more than 15."""

SIZE = (240, 160)


@pytest.fixture
def cities() -> gpd.GeoDataFrame:
    """Hexagons around the Alps, of unequal size."""
    shapes, names = [], []
    turns = np.radians(np.arange(0, 360, 60))
    for i in range(20):
        x, y = 7.0 + 1.1 * (i % 5) + 0.5 * ((i // 5) % 2), 45.0 + 0.75 * (i // 5)
        size = 0.35 + 0.05 * (i % 4)
        corners = zip(x + 1.3 * size * np.cos(turns), y + size * np.sin(turns), strict=True)
        shapes.append(Polygon(corners))
        names.append(f"T{i}")
    ids = pd.Index([f"c{i}" for i in range(20)], name="city")
    return gpd.GeoDataFrame({"name": names}, geometry=shapes, index=ids, crs=4326)


@pytest.fixture
def values(cities) -> pd.Series:
    numbers = np.arange(20.0) ** 1.5 - 30.0
    numbers[[6, 13]] = np.nan
    return pd.Series(numbers, cities.index, name="growth")


def inner_picture(ax, extent) -> np.ndarray:
    """Draw the frame of a map alone, at a fixed size and extent, without words."""
    figure = ax.figure
    for artist in [*ax.get_children()]:
        if artist in ax.collections or artist in ax.spines.values():
            continue
        if artist not in (ax.xaxis, ax.yaxis, ax.patch):
            artist.set_visible(False)
    for other in figure.axes:
        other.set_visible(other is ax)
    figure.set_size_inches(SIZE[0] / 100, SIZE[1] / 100)
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=extent[:2], ylim=extent[2:])
    return np.asarray(Image.open(BytesIO(figure_bytes(figure, "png", dpi=100))).convert("RGB"))


def root_mean_square(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.sqrt(((first.astype(float) - second.astype(float)) ** 2).mean()))


def draw(kind: str, cities, values, *, reverse: bool = False):
    options = MapOptions(insets="none")
    if kind == "choropleth":
        style = choropleth_style(
            values,
            column="growth",
            title="",
            centre=0.0,
            bounds=(-30.0, -15.0, 0.0, 20.0, 60.0),
            reverse=reverse,
        )
        return choropleth_map(cities, values, style=style, options=options)
    if kind == "lisa":
        words = ["High-High", "Low-Low", "Low-High", "High-Low", "Not significant"] * 4
        return lisa_map(cities, pd.Series(words[::-1] if reverse else words, cities.index))
    if kind in ("bivariate", "greyscale"):
        grey = MapOptions(insets="none", greyscale=kind == "greyscale")
        second = pd.Series(np.sin(np.arange(20.0)), cities.index)
        pair = (second, values) if reverse else (values, second)
        return bivariate_map(cities, *pair, options=grey)
    if kind == "panels":
        table = pd.DataFrame({1: values, 2: values[::-1].to_numpy(), 3: values}, cities.index)
        figure = yearly_maps(
            cities, table, bounds=(-30, -15, 0, 20, 60), years=[1, 2], options=options
        )
        return figure.axes[0 if reverse else 1]
    if kind == "emerging":
        words = [*EMERGING_CLASSES, "Isolated", "No pattern", "New hot spot"]
        order = words[::-1] if reverse else words
        style = emerging_hot_spot_style(
            pd.Series(order, cities.index), column="kind", title="", counts=False
        )
        return category_map(cities, pd.Series(order, cities.index), style=style, options=options)
    seats = cities.geometry.to_crs(32632).centroid.to_crs(4326)
    pairs = [(0, 19, 8.0), (4, 15, 3.0), (2, 17, 1.0), (10, 14, 5.0)]
    ends = [(f"c{a}", f"c{b}") for a, b, _ in pairs]
    links = gpd.GeoDataFrame(
        {
            "weight": [11.0 - w if reverse else w for *_, w in pairs],
            "from_id": [a for a, _ in ends],
            "to_id": [b for _, b in ends],
        },
        geometry=[LineString([seats.iloc[a], seats.iloc[b]]) for a, b, _ in pairs],
        crs=4326,
    )
    sizes = pd.Series(np.arange(20.0)[:: -1 if reverse else 1], cities.index)
    if kind == "communities":
        groups = pd.Series([3 + i % 3 for i in range(20)], cities.index)
        groups.iloc[[0, 19]], groups.iloc[[4, 15]] = (3, 4) if reverse else (1, 2)
        widths = link_width_style(links["weight"], column="weight", title="", bounds=(1, 2, 4, 10))
        return community_map(cities, groups, links, link_style=widths, options=options)
    return network_map(
        cities,
        links,
        sizes=sizes,
        link_style=link_width_style(
            links["weight"], column="weight", title="", bounds=(1, 2, 4, 10)
        ),
        size_style=sized_point_style(sizes, column="size", title="", bounds=(0, 6, 13, 19)),
        options=options,
    )


EXTENT = (-260e3, 260e3, -190e3, 190e3)


KINDS = [
    "choropleth",
    "lisa",
    "network",
    "bivariate",
    "greyscale",
    "panels",
    "emerging",
    "communities",
]


@pytest.mark.parametrize("kind", KINDS)
def test_maps_look_as_stored(cities, values, kind):
    picture = inner_picture(draw(kind, cities, values), EXTENT)
    path = BASELINE / f"map_{kind}.png"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).quantize(64).save(path, optimize=True)
    assert path.stat().st_size < 30_000
    stored = np.asarray(Image.open(path).convert("RGB"))
    assert stored.shape == picture.shape
    assert root_mean_square(stored, picture) < TOLERATED
    other = inner_picture(draw(kind, cities, values, reverse=True), EXTENT)
    assert root_mean_square(stored, other) > 2 * TOLERATED  # the tolerance sees a wrong map
