"""Maps: classes, counts, colours, alignment, names, insets, determinism."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from io import BytesIO
from types import SimpleNamespace

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.colors import to_hex
from PIL import Image
from pyproj import CRS
from shapely.geometry import LineString, Point, box

from networks.flows import flow_network
from shapefiles.figures_page import figure_bytes, new_figure
from shapefiles.maps import (
    MapInset,
    MapOptions,
    category_map,
    choropleth_map,
    lisa_map,
    network_map,
    save_figure,
    top_names,
)
from shapefiles.styles import (
    categorised_style,
    choropleth_style,
    link_width_style,
    lisa_style,
    sized_point_style,
)
from spatial.errors import AlignmentError, ConfigError, ExportError, GeometryError


def grid_of_cities(columns: int = 6, rows: int = 4) -> gpd.GeoDataFrame:
    """Squares of half a degree in central Europe, ids c0, c1, ..."""
    shapes, names = [], []
    for i in range(columns * rows):
        west, south = 8.0 + 0.5 * (i % columns), 47.0 + 0.5 * (i // columns)
        shapes.append(box(west, south, west + 0.45, south + 0.45))
        names.append(f"Town {i}")
    ids = pd.Index([f"c{i}" for i in range(len(shapes))], name="city")
    return gpd.GeoDataFrame({"name": names}, geometry=shapes, index=ids, crs="EPSG:4326")


@pytest.fixture
def cities() -> gpd.GeoDataFrame:
    return grid_of_cities()


@pytest.fixture
def values(cities) -> pd.Series:
    numbers = np.linspace(-1.0, 2.0, len(cities)) ** 3
    numbers[3] = np.nan
    return pd.Series(numbers, cities.index, name="growth")


@pytest.fixture
def links(cities) -> gpd.GeoDataFrame:
    points = cities.geometry.to_crs(32632).centroid.to_crs(4326)
    pairs = [("c0", "c23", 9.0), ("c5", "c18", 4.0), ("c0", "c1", 1.0), ("c7", "c8", 1.2)]
    return gpd.GeoDataFrame(
        {"weight": [weight for *_, weight in pairs]},
        geometry=[LineString([points[a], points[b]]) for a, b, _ in pairs],
        crs="EPSG:4326",
    )


def legend_texts(ax) -> list[str]:
    from matplotlib.legend import Legend

    return [
        text.get_text()
        for legend in ax.get_children()
        if isinstance(legend, Legend)
        for text in legend.get_texts()
    ]


def collections_of(ax, prefix: str) -> dict[str, object]:
    return {
        item.get_gid(): item
        for item in ax.collections
        if item.get_gid() and item.get_gid().startswith(prefix)
    }


def test_classes_have_the_colours_and_counts_of_the_style(cities, values):
    style = choropleth_style(values, column="growth", title="Growth", k=4)
    ax = choropleth_map(cities, values, style=style)
    drawn = collections_of(ax, "class-")
    inner = pd.cut(values, style.bounds, include_lowest=True, labels=False)
    for position, one in enumerate(style.classes):
        shapes = drawn[f"class-{position}"]
        wanted = values.isna().sum() if one.missing else (inner == position).sum()
        assert len(shapes.get_paths()) == wanted == one.count
        assert to_hex(shapes.get_facecolor()[0]) == one.colour.lower()
        assert f"({wanted})" in legend_texts(ax)[position]
    assert len(legend_texts(ax)) == len(style.classes)


def test_areas_without_data_are_hatched(cities, values):
    style = choropleth_style(values, column="growth", title="Growth")
    ax = choropleth_map(cities, values, style=style)
    drawn = collections_of(ax, "class-")
    hatched = [name for name, item in drawn.items() if item.get_hatch()]
    assert hatched == [f"class-{len(style.classes) - 1}"]


def test_every_lisa_class_stands_in_the_legend(cities):
    words = ["High-High"] * 5 + ["Low-Low"] * 4 + ["Not significant"] * 14 + ["Isolated"]
    clusters = pd.Series(words, cities.index)
    ax = lisa_map(cities, clusters)
    counts = [text.rsplit("(", 1)[1].rstrip(")") for text in legend_texts(ax)]
    assert counts == ["5", "4", "0", "0", "14", "1"]
    style = lisa_style(clusters, column="cluster", title="")
    red = collections_of(ax, "class-")["class-0"]
    assert to_hex(red.get_facecolor()[0]) == style.classes[0].colour.lower() == "#ff0000"


def test_a_local_moran_result_may_leave_out_cities_without_data(cities):
    table = pd.DataFrame({"cluster": "Low-Low"}, index=cities.index[2:])
    ax = lisa_map(cities, SimpleNamespace(table=table))
    assert legend_texts(ax)[1].endswith("(22)")
    assert legend_texts(ax)[-1].endswith("(2)")
    with pytest.raises(AlignmentError, match="'c23'"):
        lisa_map(cities.drop("c23"), SimpleNamespace(table=table))


def test_categories_of_points_are_circles_in_mm(cities):
    points = cities.set_geometry(cities.geometry.to_crs(32632).centroid.to_crs(4326))
    groups = pd.Series(["a", "b", "c"] * 8, cities.index)
    style = categorised_style(groups, column="g", title="Group", geometry="point", size=3.0)
    ax = category_map(points, groups, style=style)
    circles = collections_of(ax, "class-")
    assert len(circles) == 3
    width_mm = circles["class-0"].get_widths()[0] * 25.4
    # sizes are those of an A4 page, reduced in proportion to the column
    assert width_mm == pytest.approx(3.0 * 183.0 / 210.0)


def test_labels_decide_and_inputs_stay(cities, values):
    before_cities, before_values = cities.copy(deep=True), values.copy()
    style = choropleth_style(values, column="growth", title="Growth")
    shuffled = values.sample(frac=1.0, random_state=4)
    first = figure_bytes(choropleth_map(cities, values, style=style).figure, "png", dpi=60)
    second = figure_bytes(choropleth_map(cities, shuffled, style=style).figure, "png", dpi=60)
    assert first == second
    pd.testing.assert_frame_equal(pd.DataFrame(cities), pd.DataFrame(before_cities))
    pd.testing.assert_series_equal(values, before_values)


def test_other_ids_are_refused(cities, values):
    with pytest.raises(AlignmentError, match="c0"):
        choropleth_map(cities, values.drop("c0"))
    options = MapOptions(labels=pd.Series({"nowhere": "Nowhere"}))
    with pytest.raises(AlignmentError, match="'nowhere'"):
        choropleth_map(cities, values, options=options)


def test_lines_are_no_cities(cities, values, links):
    wrong = cities.set_geometry(
        gpd.GeoSeries([links.geometry.iloc[0]] * len(cities), cities.index, crs=4326)
    )
    with pytest.raises(GeometryError, match="LineString"):
        choropleth_map(wrong, values)


def test_strong_links_lie_on_top_and_widths_stand_in_the_legend(cities, links):
    style = link_width_style(links["weight"], column="weight", title="Strength", k=3)
    ax = network_map(cities, links, link_style=style)
    drawn = collections_of(ax, "link-")
    order = [drawn[f"link-{i}"] for i in range(len(style.classes))]
    widths = [item.get_linewidth()[0] for item in order]
    assert widths == sorted(widths)
    assert [item.get_zorder() for item in order] == sorted(item.get_zorder() for item in order)
    assert sum(len(item.get_segments()) for item in order) == len(links)
    assert [one.label for one in style.classes] == legend_texts(ax)


def test_a_network_is_drawn_as_its_lines(cities):
    frame = pd.DataFrame({"origin": ["c0", "c5"], "destination": ["c9", "c1"], "flow": [3.0, 1.0]})
    network = flow_network(frame, cities, origin="origin", destination="destination", flow="flow")
    ax = network_map(cities, network)
    assert sum(len(item.get_segments()) for item in collections_of(ax, "link-").values()) == 2


def test_sized_cities_have_the_diameters_of_their_class(cities, links):
    sizes = pd.Series(np.arange(len(cities), dtype=float), cities.index)
    style = sized_point_style(sizes, column="size", title="Size", k=3)
    options = MapOptions(labels=top_names(cities, sizes, 3))
    ax = network_map(cities, links, sizes=sizes, size_style=style, options=options)
    drawn = collections_of(ax, "node-")
    assert sum(len(item.get_offsets()) for item in drawn.values()) == len(cities)
    diameters = {name: item.get_widths()[0] for name, item in drawn.items()}
    assert diameters["node-0"] < diameters["node-1"] < diameters["node-2"]
    written = {text.get_text() for text in ax.texts}
    assert {"Town 23", "Town 22", "Town 21"} <= written
    with pytest.raises(AlignmentError, match="sizes"):
        network_map(cities, links, sizes=sizes.iloc[1:])


def test_far_cities_go_into_insets_with_a_scale_of_their_own(cities, values):
    far = gpd.GeoDataFrame(
        {"name": ["Far"]},
        geometry=[box(-25.0, 37.5, -24.5, 38.0)],
        index=pd.Index(["far"], name="city"),
        crs="EPSG:4326",
    )
    both = pd.concat([cities, far])
    numbers = pd.concat([values, pd.Series({"far": 1.0})])
    ax = choropleth_map(both, numbers)
    (inset,) = ax.child_axes
    assert sum(len(item.get_paths()) for item in inset.collections) == 1
    assert any(text.get_text().endswith(" km") for text in inset.texts)
    assert sum(one.count for one in choropleth_style(numbers, column="v", title="").classes) == 25
    alone = choropleth_map(both, numbers, options=MapOptions(insets="none"))
    assert not alone.child_axes


def test_a_window_of_the_user_is_an_inset_with_its_title(cities, values):
    window = MapInset(west=9.0, south=46.0, east=10.0, north=47.2, title="South")
    ax = choropleth_map(cities, values, options=MapOptions(insets=[window]))
    (inset,) = ax.child_axes
    assert "South" in {text.get_text() for text in inset.texts}
    assert inset.get_position().x1 > 0.9 * ax.get_position().x1


def test_the_background_lies_below(cities, values):
    context = gpd.GeoDataFrame(geometry=[box(5, 45, 15, 50), box(100, 0, 101, 1)], crs=4326)
    ax = choropleth_map(cities, values, options=MapOptions(context=context))
    (behind,) = collections_of(ax, "context").values()
    assert len(behind.get_paths()) == 1  # what cannot be seen is not drawn
    assert behind.get_zorder() < min(i.get_zorder() for i in collections_of(ax, "class").values())


def test_wrong_option_is_named(cities, values):
    with pytest.raises(ConfigError, match="insets='left'"):
        choropleth_map(cities, values, options=MapOptions(insets="left"))
    with pytest.raises(ConfigError, match="width"):
        choropleth_map(cities, values, options=MapOptions(width="triple"))


@pytest.mark.filterwarnings("error:Glyph")  # matplotlib's own word for an empty box
@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_overlaps_or_leaves_the_page(
    cities, values, links, assert_tidy, chinese_font, width, language
):
    title = (
        "A long title of a map that needs two lines in one column"
        if language == "en"
        else "图名" * 18
    )
    labels = top_names(cities, values, 12)
    options = MapOptions(
        title=title,
        source="Office",
        width=width,
        language=language,
        labels=labels,
        note="Note " * 9,
    )
    assert_tidy(choropleth_map(cities, values, options=options))
    sizes = values.abs().fillna(0.0)
    assert_tidy(network_map(cities, links, sizes=sizes, options=options))


def test_given_axes_are_not_left(cities, values):
    figure = new_figure(183.0, 90.0)
    left, right = figure.subplots(1, 2)
    places = [axes.get_position() for axes in (left, right)]
    options = MapOptions(title="Left", width="single")
    assert choropleth_map(cities, values, options=options, ax=left) is left
    now = left.get_position()
    assert places[0].x0 <= now.x0
    assert now.x1 <= places[0].x1 + 1e-9
    assert now.y0 > places[0].y0  # the legend lies below, inside the former place
    np.testing.assert_allclose(right.get_position().bounds, places[1].bounds)


HOSTILE = [
    "$x^2$",
    "_private_",
    "<script>alert('1')</script>",
    'quo"te & Söhne',
    "=SUM(A1)",
    "50 % {x}",
    "\\frac{1}{2}",
    "n" * 300,
    "line\nbreak\ttab",
    "\u202eright to left",
]


def test_hostile_names_are_drawn_as_they_are(cities, values, assert_tidy):
    named = cities.assign(name=HOSTILE + list(cities["name"].iloc[len(HOSTILE) :]))
    groups = named["name"].iloc[:8].reindex(named.index).fillna("other")
    labels = named["name"].iloc[: len(HOSTILE)]
    style = categorised_style(groups, column="g", title="$a_b$ <i>")
    options = MapOptions(labels=labels, title="100 $ & <b>_x_</b>", source="{source} %s")
    ax = category_map(named, groups, style=style, options=options)
    assert_tidy(ax)
    svg = figure_bytes(ax.figure, "svg")
    ET.fromstring(svg)
    assert len(legend_texts(ax)) == len(style.classes)  # none lost for its underscore
    assert all(not text.get_parse_math() for text in ax.texts)
    assert "100 $ & <b>_x_</b>" in {text.get_text() for text in ax.texts}
    assert "$x^2$" in {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("width", ["single", "double"])
def test_long_legends_stay_on_the_page_and_keep_their_counts(
    cities, assert_tidy, chinese_font, width
):
    words = ["Resistant and recovering faster than the nation did", "x" * 300, "快速恢复" * 12]
    groups = pd.Series([words[i % 3] for i in range(len(cities))], cities.index)
    style = categorised_style(groups, column="g", title="A long title of a legend " * 3)
    ax = category_map(cities, groups, style=style, options=MapOptions(width=width))
    assert_tidy(ax)
    assert all(text.replace("\n", " ").endswith("(8)") for text in legend_texts(ax))


def test_missing_characters_stop_the_map(cities, values, monkeypatch):
    from shapefiles import fonts

    monkeypatch.setattr(fonts, "_installed", lambda: frozenset({"DejaVu Sans"}))
    monkeypatch.setattr(fonts, "_find_new_fonts", lambda: None)
    with pytest.raises(ExportError, match="北"):
        choropleth_map(cities, values, options=MapOptions(title="北京"))


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_map_has_the_same_bytes(cities, values, form):
    options = MapOptions(title="Twice", labels=top_names(cities, values, 4))
    first, second = (
        figure_bytes(choropleth_map(cities, values, options=options).figure, form, dpi=80)
        for _ in range(2)
    )
    assert first == second
    assert b"202" not in first[:300] or form == "png"


def test_files_have_the_resolution_and_width_asked_for(cities, values, tmp_path):
    ax = choropleth_map(cities, values, options=MapOptions(width="single"))
    paths = save_figure(ax, tmp_path / "new" / "map", formats=("png", "svg"))
    assert [path.name for path in paths] == ["map.png", "map.svg"]
    with Image.open(paths[0]) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert picture.width == pytest.approx(89.0 / 25.4 * 300, abs=1.0)
    assert {path.name for path in paths[0].parent.iterdir()} == {"map.png", "map.svg"}
    with pytest.raises(ConfigError, match="'bmp'"):
        save_figure(ax, tmp_path / "map", formats=("bmp",))


def test_nothing_global_is_left_behind(cities, values):
    before = dict(mpl.rcParams)
    choropleth_map(cities, values)
    assert dict(mpl.rcParams) == before
    assert not Gcf.get_all_fig_managers()


def test_top_names_end_at_the_comma(cities):
    named = cities.assign(name="Abilene, TX")
    order = pd.Series(range(len(cities)), cities.index, dtype=float)
    order["c5"] = np.nan
    names = top_names(named, order, 2)
    assert list(names.index) == ["c23", "c22"]
    assert set(names) == {"Abilene"}


def test_svg_has_no_text_that_needs_a_font(cities, values, chinese_font):
    options = MapOptions(title="北京", language="zh")
    root = ET.parse(
        BytesIO(figure_bytes(choropleth_map(cities, values, options=options).figure, "svg"))
    )
    assert not root.findall(".//{http://www.w3.org/2000/svg}text")


def test_two_cities_are_enough():
    shapes = [Point(8.0, 47.0), Point(8.01, 47.0)]
    ids = pd.Index(["a", "b"], name="city")
    cities = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=shapes, index=ids, crs=4326)
    ax = choropleth_map(cities, pd.Series([1.0, 2.0], ids))
    assert len(collections_of(ax, "class-")) == 2


@pytest.mark.parametrize("width", ["single", "double"])
def test_insets_hide_no_city_and_no_background(cities, values, width):
    # islands that reach into the corner where the window of the user goes
    islands = gpd.GeoDataFrame(
        geometry=[box(10.7, 46.2, 11.0, 46.9), box(8.0, 46.4, 8.4, 46.8)], crs=4326
    )
    window = MapInset(west=9.0, south=40.0, east=10.0, north=42.0, title="South")
    options = MapOptions(
        context=islands, whole_context=True, insets=[window], width=width, crs=CRS.from_epsg(32632)
    )
    ax = choropleth_map(cities, values, options=options)
    ax.figure.draw_without_rendering()
    (inset,) = ax.child_axes
    corners = ax.transData.inverted().transform(inset.get_window_extent().get_points())
    hidden = box(*corners.ravel())
    assert not cities.geometry.to_crs(32632).intersects(hidden).any()
    assert not islands.geometry.to_crs(32632).intersects(hidden).any()
