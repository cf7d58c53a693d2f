"""Bivariate, community and greyscale maps; graticule, approval number, widths, file formats."""

from __future__ import annotations

import io
import shutil
import subprocess
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnchoredOffsetbox
from PIL import Image
from pyproj import CRS, Transformer
from shapely.geometry import box

from networks.flows import flow_network
from networks.lines import link_lines
from shapefiles.colour_vision import lab
from shapefiles.figures_page import column_width_mm, figure_bytes, figure_size_mm, text_width_mm
from shapefiles.fonts import has_postscript_outlines
from shapefiles.map_sheet import approval_text
from shapefiles.maps import (
    MapOptions,
    bivariate_map,
    choropleth_map,
    community_map,
    core_periphery_map,
    hot_spot_map,
    network_map,
    strongest_cities,
)
from shapefiles.styles import bivariate_style, choropleth_style, hot_spot_style
from spatial.autocorrelation import HOT_SPOT_CLASSES
from spatial.errors import AlignmentError, ConfigError


@pytest.fixture
def cities() -> gpd.GeoDataFrame:
    """Squares of half a degree in central Europe."""
    shapes, names = [], []
    for i in range(24):
        west, south = 8.0 + 0.5 * (i % 6), 47.0 + 0.5 * (i // 6)
        shapes.append(box(west, south, west + 0.45, south + 0.45))
        names.append(f"Town {i}")
    ids = pd.Index([f"c{i}" for i in range(24)], name="city")
    return gpd.GeoDataFrame({"name": names}, geometry=shapes, index=ids, crs="EPSG:4326")


@pytest.fixture
def first(cities) -> pd.Series:
    return pd.Series(np.arange(24.0) ** 2, cities.index, name="income")


@pytest.fixture
def second(cities) -> pd.Series:
    numbers = np.sin(np.arange(24.0))
    numbers[5] = np.nan
    return pd.Series(numbers, cities.index, name="growth")


@pytest.fixture
def network(cities):
    table = pd.DataFrame(
        {
            "origin": ["c0", "c0", "c1", "c7", "c18", "c20"],
            "destination": ["c1", "c2", "c2", "c8", "c19", "c3"],
            "flow": [5.0, 4.0, 3.0, 9.0, 2.0, 1.0],
        }
    )
    return flow_network(table, cities, flow="flow")


def words_of(ax) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def collections_of(ax, prefix: str) -> dict[str, object]:
    return {
        item.get_gid(): item for item in ax.collections if str(item.get_gid()).startswith(prefix)
    }


def test_two_numbers_have_a_square_legend_with_counts(cities, first, second):
    style = bivariate_style(first, second, columns=("income", "growth"))
    ax = bivariate_map(cities, first, second[::-1], style=style)
    for position, one in enumerate(style.classes):
        drawn = collections_of(ax, "class-").get(f"class-{position}")
        assert one.count == (len(drawn.get_paths()) if drawn is not None else 0)
        if one.count:
            assert to_hex(drawn.get_facecolor()[0]) == one.colour
    square = next(item for item in ax.get_children() if isinstance(item, AnchoredOffsetbox))
    cells = [patch for patch in square.findobj() if patch.get_gid() == "matrix-cell"]
    assert [to_hex(cell.get_facecolor()) for cell in cells] == [
        one.colour for one in style.classes if not one.missing
    ]
    corners = np.array([cell.get_xy() for cell in cells])
    assert (np.diff(corners[:3, 0]) > 0).all()  # the first number grows to the right
    assert corners[8, 1] > corners[0, 1]  # the second one upwards
    words = words_of(ax)
    assert {"income", "growth", "No data (1)"} <= set(words)
    assert not any("income × growth" in word for word in words)
    with pytest.raises(ConfigError, match="one number"):
        bivariate_map(cities, first, second, style=choropleth_style(first, column="a", title="A"))
    with pytest.raises(AlignmentError, match="second"):
        bivariate_map(cities, first, second.iloc[1:])


@pytest.mark.filterwarnings("error:Glyph")
@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize(("width", "language"), [("single", "zh"), ("double", "en"), (60.0, "en")])
def test_square_legends_stay_tidy(
    cities, first, second, assert_tidy, chinese_font, k, width, language
):
    names = ("人均收入（元）", "增长率（%）") if language == "zh" else ("Income per head", "Growth")
    style = bivariate_style(
        first * 1e5, second, columns=("a", "b"), titles=names, k=k, language=language
    )
    options = MapOptions(width=width, language=language, title="T", graticule=True)
    assert_tidy(bivariate_map(cities, first * 1e5, second, style=style, options=options))


def test_hot_spots_come_from_words_or_results(cities):
    words = pd.Series([HOT_SPOT_CLASSES[i % 6] for i in range(24)], cities.index)
    result = SimpleNamespace(table=pd.DataFrame({"cluster": words.iloc[:20]}))
    for given, missing in ((words, 0), (result, 4)):
        ax = hot_spot_map(cities, given)
        drawn = collections_of(ax, "class-")
        style = hot_spot_style(words, column="c", title="C")
        for position, one in enumerate(style.classes[:3]):
            assert to_hex(drawn[f"class-{position}"].get_facecolor()[0]) == one.colour
        assert sum(len(item.get_paths()) for item in drawn.values()) == 24
        assert len(drawn) == 6 + (missing > 0)


def test_links_inside_a_community_take_its_colour(cities, network):
    members = pd.Series(3, cities.index)
    members[["c0", "c1", "c2", "c3"]] = 1
    members[["c7", "c8"]] = 2
    members["c23"] = 9  # alone: no community
    ax = community_map(cities, members[::-1], network)
    drawn = dict(collections_of(ax, "link-").items())
    assert len(drawn["link-between"].get_paths()) == 1
    nodes = collections_of(ax, "node-")
    inside = [gid.split("-") for gid in drawn if gid != "link-between"]
    assert sum(len(drawn["-".join(gid)].get_paths()) for gid in inside) == 5
    for gid in inside:
        assert to_hex(drawn["-".join(gid)].get_edgecolor()[0]) == to_hex(
            nodes[f"node-{gid[1]}"].get_facecolor()[0]
        )
    words = words_of(ax)
    assert "Other (1)" in words
    assert "Between communities" in words
    result = SimpleNamespace(membership=members)
    areas = community_map(cities, result)
    assert sum(len(c.get_paths()) for c in collections_of(areas, "class-").values()) == 24
    with pytest.raises(AlignmentError, match="communities"):
        community_map(cities, members.iloc[1:], network)
    lines = link_lines(network, cities)
    with pytest.raises(AlignmentError, match="'from_id'"):
        community_map(cities, members, lines.drop(columns="from_id"))
    with pytest.raises(AlignmentError, match="'c20'"):
        community_map(cities.drop("c20"), members.drop("c20"), lines)


def test_core_and_periphery(cities, network):
    core = pd.Series(False, cities.index)
    core[["c0", "c1", "c2"]] = True
    ax = core_periphery_map(cities, SimpleNamespace(table=pd.DataFrame({"core": core})), network)
    assert {"Core (3)", "Periphery (21)", "Between core and periphery"} <= set(words_of(ax))
    assert len(collections_of(ax, "link-between")) == 0


def test_hubs_are_the_strongest_or_the_largest(cities, network):
    strength = strongest_cities(link_lines(network, cities), cities)
    assert strength.nlargest(3).to_dict() == {"c0": 9.0, "c7": 9.0, "c8": 9.0}
    words = words_of(network_map(cities, network, hubs=3))
    assert {"Town 0", "Town 7", "Town 8"} <= set(words)
    assert "Town 1" not in words
    sizes = pd.Series(np.arange(24.0), cities.index)
    words = words_of(network_map(cities, network, sizes=sizes, hubs=1))
    assert "Town 23" in words


def test_meridians_and_parallels_lie_where_their_degrees_say(cities, first):
    crs = CRS.from_proj4("+proj=laea +lat_0=48 +lon_0=0 +ellps=WGS84")
    ax = choropleth_map(cities, first, options=MapOptions(graticule=True, crs=crs))
    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lines = collections_of(ax, "graticule")["graticule"].get_segments()
    constant = 0
    for line in lines:
        longitude, latitude = back.transform(*line.T)
        constant += np.ptp(longitude) < 1e-6 or np.ptp(latitude) < 0.02
    assert constant == len(lines) >= 6
    degrees = [text for text in ax.texts if text.get_gid() == "degrees"]
    assert len(degrees) >= 5
    for text in degrees:
        longitude, latitude = back.transform(*text.get_position())
        value = float(text.get_text().rstrip("°EWNS"))
        found = longitude if text.get_text()[-1] in "EW" else latitude
        assert abs(found) == pytest.approx(value, abs=0.02)
    assert not collections_of(choropleth_map(cities, first), "graticule")


def test_greys_only(cities, first, second, network):
    options = MapOptions(greyscale=True, insets="none")
    maps = [
        choropleth_map(cities, second, options=options),
        bivariate_map(cities, first, second, options=options),
        network_map(cities, network, sizes=first, options=options),
        community_map(cities, first.gt(100), network, options=options),
    ]
    for ax in maps:
        with Image.open(io.BytesIO(figure_bytes(ax.figure, "png", dpi=50))) as picture:
            colours = np.asarray(picture.convert("RGB")).astype(int)
        assert np.ptp(colours, axis=2).max() <= 8
        assert max(np.abs(lab(to_hex(c))[1:]).max() for i in ax.collections
                   for c in i.get_facecolor()) < 3.0  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_approval_number_stands_in_the_note(cities, first, language, chinese_font):
    options = MapOptions(approval="GS(2019)1822", language=language)
    wording = approval_text("GS(2019)1822", language)
    assert any(wording in word.replace("\n", "") for word in words_of(
        choropleth_map(cities, first, options=options)))  # fmt: skip
    assert approval_text(approval_text("GS(2019)1822", "zh"), language) == wording
    assert approval_text("  ", language) == ""


def test_any_width_in_mm(cities, first):
    ax = choropleth_map(cities, first, options=MapOptions(width=120.0))
    assert figure_size_mm(ax.figure)[0] == pytest.approx(120.0)
    for wrong in (10.0, 5000.0, float("nan"), "triple"):
        with pytest.raises(ConfigError):
            column_width_mm(wrong)


# ---- files


@pytest.mark.parametrize("dpi", [72, 100, 150])
def test_words_have_the_same_width_at_every_resolution(cities, first, dpi):
    """Hinting would make them a few per cent wider at some resolutions, and cut them."""
    style = choropleth_style(
        first * 12345.678, column="a", title="Cold spots with 90% confidence, illicit", decimals=3
    )
    options = MapOptions(width=140.0)
    ax = choropleth_map(cities, first * 12345.678, style=style, options=options)
    content = figure_bytes(ax.figure, "png", dpi=dpi)
    with Image.open(io.BytesIO(content)) as picture:
        grey = np.asarray(picture.convert("L"))
    margin = int(dpi / 25.4 * 1.2)
    assert (grey[:, -margin:] > 250).all()
    inked = np.flatnonzero((grey < 200).any(axis=0))
    assert inked[-1] / dpi * 25.4 > 140.0 - 8.0  # the legend reaches to the edge


def test_measured_words_are_as_wide_as_drawn_ones():
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    text = "Cold spot, 90% confidence (0)"
    measured = text_width_mm(text, families=["DejaVu Sans"])
    font = FontProperties(family=["DejaVu Sans"], size=7.0)
    with rc_context({"text.hinting": "none"}):
        for dpi in (72, 100, 300, 600):
            width = RendererAgg(1, 1, dpi).get_text_width_height_descent(text, font, False)[0]
            assert width / dpi * 25.4 == pytest.approx(measured, rel=0.005)


def test_tiff_states_its_resolution_and_is_compressed(cities, first):
    ax = choropleth_map(cities, first, options=MapOptions(width="single"))
    with Image.open(io.BytesIO(figure_bytes(ax.figure, "tiff", dpi=120))) as picture:
        assert picture.format == "TIFF"
        assert picture.info["dpi"] == pytest.approx((120, 120))
        assert picture.info["compression"] == "tiff_lzw"
        assert picture.width == pytest.approx(89.0 / 25.4 * 120, abs=1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pdf_embeds_its_fonts(cities, first, language, chinese_font, tmp_path):
    title = "城市韧性 Ω" if language == "zh" else "Resilience Ω"
    options = MapOptions(title=title, language=language)
    content = figure_bytes(choropleth_map(cities, first, options=options).figure, "pdf")
    # PostScript outlines under the type of TrueType fonts would be a broken file.
    broken = language == "zh" and has_postscript_outlines(chinese_font)
    assert (b"/CIDFontType2" in content or b"/TrueType" in content) != broken
    assert (b"/Type3" in content) == broken
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed; install poppler-utils")
    path = tmp_path / "map.pdf"
    path.write_bytes(content)
    done = subprocess.run(
        ["pdftotext", str(path), "-"], capture_output=True, text=True, check=True, timeout=60
    )
    assert title in done.stdout
    assert not done.stderr
