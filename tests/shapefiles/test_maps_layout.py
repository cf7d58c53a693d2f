"""Scale bars, north arrows, paths of polygons, names that keep apart, wrapped text."""

from __future__ import annotations

from io import BytesIO

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from PIL import Image
from pyproj import CRS, Geod, Proj, Transformer
from shapely.geometry import MultiPolygon, Point, box

from shapefiles.figures_labels import place_names
from shapefiles.figures_page import figure_bytes, new_figure, text_width_mm, wrapped
from shapefiles.fonts import font_families
from shapefiles.map_furniture import north_angle, projection_text, round_length
from shapefiles.map_shapes import draw_polygons, scaled_to_page
from shapefiles.maps import choropleth_map
from shapefiles.projection import map_crs
from shapefiles.styles import link_width_style

SPHERE_FOR_ELLIPSOID = 0.006
"""Great circles on the mean sphere differ from geodesics by up to 0.56 %."""

CHINA = (73.5, 18.2, 135.1, 53.6)
USA = (-124.7, 24.5, -67.0, 49.4)
FIJI = (176.8, -19.2, 179.9, -16.1)


def corners(west: float, south: float, east: float, north: float) -> gpd.GeoDataFrame:
    points = [(west, south), (east, south), (east, north), (west, north)]
    ids = pd.Index(list("abcd"), name="city")
    return gpd.GeoDataFrame(
        {"name": list("ABCD")}, geometry=[Point(p) for p in points], index=ids, crs=4326
    )


@pytest.mark.parametrize("area", [CHINA, USA, FIJI])
def test_the_scale_bar_is_true_at_the_centre_of_the_map(area):
    cities = corners(*area)
    ax = choropleth_map(cities, pd.Series([1.0, 2, 3, 4], cities.index))
    halves = [
        item
        for item in ax.get_children()
        if isinstance(item, Rectangle) and str(item.get_gid()).startswith("scale-bar")
    ]
    bar_mm = sum(half.get_width() for half in halves)
    map_mm = ax.get_position().width * ax.figure.get_size_inches()[0] * 25.4
    west, east = ax.get_xlim()
    middle_x, middle_y = (west + east) / 2, sum(ax.get_ylim()) / 2
    half_bar = bar_mm / map_mm * (east - west) / 2
    back = Transformer.from_crs(map_crs(cities), 4326, always_xy=True)
    ends = back.transform([middle_x - half_bar, middle_x + half_bar], [middle_y, middle_y])
    metres = Geod(ellps="WGS84").inv(ends[0][0], ends[1][0], ends[0][1], ends[1][1])[2]
    words = [t.get_text() for t in ax.texts if t.get_text().endswith(" km")]
    assert len(words) == 1
    assert float(words[0].removesuffix(" km")) == pytest.approx(
        metres / 1000, rel=SPHERE_FOR_ELLIPSOID
    )


def test_true_north_follows_the_convergence_of_the_meridians():
    crs = CRS.from_epsg(32632)
    there = Transformer.from_crs(4326, crs, always_xy=True)
    for longitude, latitude in [(6.1, 50.0), (11.9, 60.0), (9.0, 45.0)]:
        convergence = Proj(crs).get_factors(longitude, latitude).meridian_convergence
        angle = north_angle(crs, *there.transform(longitude, latitude))
        assert abs(angle) == pytest.approx(abs(convergence), abs=0.02)
        # West of the central meridian true north lies to the right of grid north.
        assert np.sign(round(angle, 6)) == np.sign(9.0 - longitude)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_projections_are_named_in_words(language):
    names = {projection_text(map_crs(corners(*area)), language) for area in (CHINA, USA, FIJI)}
    assert all(names)
    assert "60" in projection_text(CRS.from_epsg(32660), language)
    assert projection_text(CRS.from_epsg(8857), language)


@given(st.floats(1e-3, 1e5))
def test_round_lengths_are_round_and_more_than_half(longest):
    length = round_length(longest)
    assert longest / 2.0 * 0.999 <= length <= longest * 1.001
    digits = f"{length:.6e}".split("e")[0]
    assert float(digits) in {1.0, 2.0, 3.0, 5.0}


def test_holes_stay_empty_in_the_picture():
    ring = box(0, 0, 4, 4).difference(box(1, 1, 3, 3))
    for shape in (MultiPolygon([ring, box(6, 0, 8, 4)]), MultiPolygon([ring.reverse()])):
        figure = new_figure(25.4, 12.7)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set(xlim=(0, 8), ylim=(0, 4))
        draw_polygons(
            ax, gpd.GeoSeries([shape]), fill="#000000", outline="#000000", outline_mm=0.01
        )
        picture = np.asarray(Image.open(BytesIO(figure_bytes(figure, "png"))).convert("L"))
        height, width = picture.shape

        def dark(x, y, picture=picture, height=height, width=width):
            return picture[int((1 - y / 4) * height), int(x / 8 * width)] < 128

        assert [dark(0.5, 0.5), dark(2, 2), dark(3.5, 2)] == [True, False, True]
        assert not dark(5, 2)


def test_symbols_shrink_with_the_page_but_stay_visible():
    weights = pd.Series([1.0, 2.0, 8.0, 20.0])
    style = link_width_style(weights, column="w", title="")
    single = scaled_to_page(style, 89.0)
    assert single.classes[-1].size == pytest.approx(style.classes[-1].size * 0.5)
    assert min(one.size for one in single.classes) >= 0.12


@settings(max_examples=25)  # each example draws a figure
@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_placed_names_never_overlap(n, seed):
    random = np.random.default_rng(seed)
    ax = new_figure(89.0, 70.0).add_subplot()
    names = [f"Name {i}" for i in range(n)]
    placed = place_names(ax, random.random(n), random.random(n), names, leaders=True)
    frame = ax.get_window_extent()
    boxes = [text.get_window_extent() for text in placed.values()]
    for i, one in enumerate(boxes):
        assert one.x0 >= frame.x0 - 2
        assert one.x1 <= frame.x1 + 2
        assert not any(one.overlaps(other) for other in boxes[:i])


def test_the_first_name_wins_the_place():
    ax = new_figure(40.0, 30.0).add_subplot()
    names = ["A very long first name", "A very long second name"]
    placed = place_names(ax, np.array([0.5, 0.5]), np.array([0.5, 0.5]), names, most=1)
    assert [text.get_text() for text in placed.values()] == names[:1]


@pytest.mark.usefixtures("chinese_font")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab 北京。，（）", max_size=60), st.floats(8.0, 60.0))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    families = font_families("en", [text])
    lines = wrapped(text, width, families=families).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        # only one piece that cannot be broken, with the signs that must follow it, may be wider
        core = line.rstrip("。，（） ")
        unbreakable = (core.isascii() and " " not in core) or len(core) <= 1
        assert (
            unbreakable
            or text_width_mm(line, families=families) <= width + 1e-6
            or (text_width_mm(core, families=families) <= width)
        )
    assert not any(line.startswith(("。", "，", "）")) for line in lines[1:])
