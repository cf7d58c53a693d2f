"""Pages of several maps: one set of classes, one extent, one legend, nothing over another."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.legend import Legend
from shapely.geometry import box

from networks.flows import flow_network
from networks.sequence import NetworkSequence
from shapefiles.maps import (
    MapInset,
    MapOptions,
    panel_maps,
    top_names,
    yearly_hot_spot_maps,
    yearly_lisa_maps,
    yearly_maps,
    yearly_network_maps,
)
from shapefiles.styles import bivariate_style, choropleth_style
from spatial.errors import AlignmentError, ConfigError

YEARS = list(range(2001, 2008))


@pytest.fixture
def cities() -> gpd.GeoDataFrame:
    """Squares of half a degree in central Europe, one far in the north."""
    shapes, names = [], []
    for i in range(24):
        west, south = 8.0 + 0.5 * (i % 6), 47.0 + 0.5 * (i // 6)
        shapes.append(box(west, south, west + 0.45, south + 0.45))
        names.append(f"Town {i}")
    ids = pd.Index([f"c{i}" for i in range(24)], name="city")
    return gpd.GeoDataFrame({"name": names}, geometry=shapes, index=ids, crs="EPSG:4326")


@pytest.fixture
def values(cities) -> pd.DataFrame:
    numbers = np.random.default_rng(2).gamma(2.0, 2.0, (24, len(YEARS)))
    numbers[3, 0] = np.nan
    return pd.DataFrame(numbers, cities.index, YEARS)


@pytest.fixture
def networks(cities) -> NetworkSequence:
    generator = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "origin": generator.choice(cities.index[:12], 40),
            "destination": generator.choice(cities.index[12:], 40),
            "flow": generator.gamma(1.0, 5.0, 40) + 0.1,
        }
    )
    return NetworkSequence(
        tuple(
            flow_network(table.assign(flow=table["flow"] * k), cities, flow="flow", year=2000 + k,
                         duplicates="sum")
            for k in (1, 2, 3)
        )
    )  # fmt: skip


def marks(figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts if text.get_gid() == "mark"]


def legends(figure) -> list[Legend]:
    return [item for ax in figure.axes for item in ax.get_children() if isinstance(item, Legend)]


def test_years_share_classes_extent_and_one_legend(cities, values):
    figure = yearly_maps(cities, values, title="Index")
    assert marks(figure) == ["(a) 2001", "(b) 2003", "(c) 2005", "(d) 2007"]
    shown = [2001, 2003, 2005, 2007]
    pooled = pd.concat([values[year] for year in shown])
    style = choropleth_style(pooled, column="v", title="Index", counts=False)
    assert len(legends(figure)) == 1
    assert [text.get_text() for text in legends(figure)[0].get_texts()] == [
        one.label for one in style.classes
    ]
    for year, ax in zip(shown, figure.axes, strict=True):
        drawn = {item.get_gid(): item for item in ax.collections if item.get_gid()}
        for position, one in enumerate(style.classes):
            n = int((style.class_of(values[year]) == position).sum())
            shapes = drawn.get(f"class-{position}")
            assert n == (len(shapes.get_paths()) if shapes is not None else 0)
            if n:
                assert to_hex(shapes.get_facecolor()[0]) == one.colour.lower()
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    assert len({tuple(np.round(ax.get_position().size, 6)) for ax in figure.axes}) == 1
    arrows = [p for ax in figure.axes for p in ax.patches if p.get_gid() == "north-arrow"]
    assert len(arrows) == 2  # the two halves of one arrow


def test_rows_of_cities_may_stand_in_any_order(cities, values):
    shuffled = values.sample(frac=1.0, random_state=1)
    first, second = yearly_maps(cities, values), yearly_maps(cities, shuffled)
    for left, right in zip(first.axes, second.axes, strict=True):
        for a, b in zip(left.collections, right.collections, strict=True):
            assert len(a.get_paths()) == len(b.get_paths())


@pytest.mark.filterwarnings("error:Glyph")
@pytest.mark.parametrize("n", [2, 3, 6])
@pytest.mark.parametrize(("width", "language"), [("single", "zh"), ("double", "en"), (120, "zh")])
def test_no_text_overlaps_whatever_the_number_of_panels(
    cities, values, assert_tidy, chinese_font, n, width, language
):
    options = MapOptions(
        title="指标" if language == "zh" else "Index",
        width=width,
        language=language,
        source="Office",
        graticule=n % 2 == 0,
        approval="GS(2019)1822",
        insets=(MapInset(west=12, south=44, east=13, north=46, title="Sea"),),
        labels=top_names(cities, values[2001], 2),
    )
    figure = yearly_maps(cities, values, years=YEARS[:n], title="Index of it", options=options)
    assert len(figure.axes) == n
    assert_tidy(figure)


def test_classes_that_do_not_hold_all_years_are_refused(cities, values):
    style = choropleth_style(values[2001], column="v", title="V")
    late = values[[2001, 2002]].assign(**{"2002": 1.0}) * [1.0, 1.0, 50.0]
    with pytest.raises(ConfigError, match="outside the classes"):
        panel_maps(cities, {"a": values[2001], "b": late["2002"]}, style=style)
    with pytest.raises(ConfigError, match="not 7"):
        yearly_maps(cities, values, years=YEARS)
    with pytest.raises(ConfigError, match="1999"):
        yearly_maps(cities, values, years=[1999, 2001])
    with pytest.raises(AlignmentError, match="panel 2001"):
        yearly_maps(cities, values.iloc[1:])


def test_panels_of_two_numbers(cities, values):
    columns = ("first", "second")
    tables = {
        str(year): values[[year, 2007]].set_axis(columns, axis=1).fillna(0.0)
        for year in (2002, 2004)
    }
    pooled = pd.concat(tables.values(), ignore_index=True)
    style = bivariate_style(pooled["first"], pooled["second"], columns=columns, counts=False)
    figure = panel_maps(cities, tables, style=style)
    assert marks(figure) == ["(a) 2002", "(b) 2004"]
    with pytest.raises(ConfigError, match="a table"):
        panel_maps(cities, {"a": values[2001], "b": values[2002]}, style=style)


def test_clusters_of_several_years(cities):
    words = ["High-High", "Low-Low", "Not significant"]
    result = SimpleNamespace(
        table=pd.DataFrame({"cluster": [words[i % 3] for i in range(20)]}, index=cities.index[:20])
    )
    full = pd.Series("Low-High", cities.index)
    figure = yearly_lisa_maps(cities, {2000: result, 2005: full}, options=MapOptions(language="zh"))
    assert marks(figure) == ["(a) 2000年", "(b) 2005年"]
    first = {item.get_gid() for item in figure.axes[0].collections}
    assert {"class-0", "class-1", "class-4", "class-5"} <= first  # 5: no data
    hot = pd.DataFrame({1: "Hot spot 99%", 2: "Cold spot 90%"}, index=cities.index)
    figure = yearly_hot_spot_maps(cities, hot)
    assert next(text.get_text() for text in legends(figure)[0].get_texts()) == (
        "Hot spot, 99% confidence"
    )


def test_networks_share_widths_and_name_the_hubs_of_each_year(cities, networks, assert_tidy):
    figure = yearly_network_maps(cities, networks, hubs=3)
    assert marks(figure) == ["(a) 2001", "(b) 2002", "(c) 2003"]
    widths = []
    for ax in figure.axes:
        lines = [item for item in ax.collections if str(item.get_gid()).startswith("link-")]
        widths.append({item.get_gid(): float(item.get_linewidth()[0]) for item in lines})
    for gid in set(widths[0]) & set(widths[2]):
        assert widths[0][gid] == widths[2][gid]
    assert max(widths[2].values()) > max(widths[0].values())
    assert_tidy(figure)
    sizes = pd.DataFrame({net.year: net.sent + net.received for net in networks.networks}).reindex(
        cities.index
    )
    figure = yearly_network_maps(cities, dict(zip((1, 2), networks.networks[:2], strict=True)),
                                 sizes=sizes.set_axis([1, 2, 3], axis=1), hubs=2)  # fmt: skip
    assert len(legends(figure)) == 2
    with pytest.raises(ConfigError, match="sizes lacks the years"):
        yearly_network_maps(cities, networks, sizes=sizes[[2001]])
