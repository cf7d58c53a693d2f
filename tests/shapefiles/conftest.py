"""Small pieces of the embedded example, to be written in every format and spoilt in every way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from networks.flows import flow_network
from networks.lines import link_lines
from shapefiles.example import example_area, example_files
from shapefiles.layers import Layer, name_labels
from shapefiles.styles import (
    categorised_style,
    choropleth_style,
    link_width_style,
    lisa_style,
    outline_style,
    sized_point_style,
)

# Bridgeport touches New Haven and New York; 01001 stands for ids that begin with a zero.
FEW = {
    "14860": "01001",
    "35300": "09009",
    "35620": "36061",
    "10180": "48441",
    "10740": "35001",
    "10420": "39153",
}


@pytest.fixture
def few_metros() -> gpd.GeoDataFrame:
    """Six metros with polygons; column ``id`` is text, partly with leading zeros."""
    cities = gpd.read_parquet(example_files()["cities"]).set_index("cbsa").loc[list(FEW)]
    cities.insert(0, "id", list(FEW.values()))
    return cities[["id", "name", "region", "longitude", "latitude", "geometry"]].reset_index(
        drop=True
    )


@pytest.fixture
def few_figures() -> pd.DataFrame:
    """Figures of the six metros in 1990 to 1993: columns id, year, population, income, region."""
    panel = pd.read_parquet(example_files()["panel"])
    panel = panel[panel["cbsa"].isin(FEW) & panel["year"].between(1990, 1993)]
    region = gpd.read_parquet(example_files()["cities"]).set_index("cbsa")["region"]
    return pd.DataFrame(
        {
            "id": panel["cbsa"].map(FEW),
            "year": panel["year"],
            "population": panel["population"],
            "income": panel["real_income_per_head"],
            "region": panel["cbsa"].map(region),
        }
    ).reset_index(drop=True)


# ---- a study as it goes to QGIS


@pytest.fixture(scope="session")
def hostile_names(hostile_names) -> tuple[str, ...]:
    """The first ten; tests/test_hostile_names.py takes all of them through every writer."""
    return hostile_names[:10]


@pytest.fixture(scope="session")
def metro_layers(hostile_names) -> dict[str, Layer]:
    """Metros, cities, links and states of the example, some metros with hostile names."""
    area = example_area(complete_only=False)
    income = area.wide("real_income_per_head")
    change = (income[1991] / income[1990] - 1.0) * 100.0
    metros = area.cities[["name", "region", "geometry"]].copy()
    metros["韧性 1990–91"] = change - change.mean()
    metros.loc[metros.index[:12], "韧性 1990–91"] = float("nan")
    metros["size"] = income[1990].rank().to_numpy()
    metros["cluster"] = "Not significant"
    metros.loc[metros.index[:40:2], "cluster"] = "High-High"
    metros.loc[metros.index[1:30:2], "cluster"] = "Low-Low"
    metros.loc[metros.index[60:63], "cluster"] = None
    metros["community"] = [float(i % 11 + 1) for i in range(len(metros))]
    metros["many"] = pd.array([i if i % 3 else None for i in range(len(metros))], dtype="Int64")
    metros["yes"] = pd.array([i % 2 == 0 if i % 5 else None for i in range(len(metros))], "boolean")
    metros.loc[metros.index[: len(hostile_names)], "name"] = list(hostile_names)
    names = name_labels(metros["size"], priority="size", most=20)
    resistance = metros["韧性 1990–91"]
    polygons = Layer(
        table="metros",
        title="Metropolitan areas <&>",
        data=metros,
        styles=(
            choropleth_style(
                resistance, column="韧性 1990–91", title='Resistance <b> & "more"', centre=0.0, k=6
            ).with_labels(names),
            lisa_style(metros["cluster"], column="cluster", title="局部聚类", language="zh"),
            categorised_style(metros["community"], column="community", title="Communities"),
            choropleth_style(metros["size"], column="size", title="Size", scheme="quantiles"),
        ),
        aliases={"name": "城市 <name>", "many": 'Whole numbers with "gaps"'},
        abstract="Example <data> & more",
        group="Resilience <&>",
    )
    flows = pd.read_csv(example_files()["air_links"], dtype={"origin": str, "destination": str})
    network = flow_network(
        flows,
        area.cities,
        origin="origin",
        destination="destination",
        flow="airlines",
        unknown="drop",
    )
    strength = pd.Series(network.flows.sum(axis=1), index=network.cities)
    points = area.cities[["name"]].assign(strength=strength.reindex(area.cities.index).fillna(0.0))
    places = gpd.points_from_xy(area.cities["longitude"], area.cities["latitude"], crs="EPSG:4326")
    points = gpd.GeoDataFrame(points, geometry=places)
    lines = link_lines(network, area.cities)
    lines = lines[lines["weight"] >= 3].reset_index(drop=True)
    states = gpd.read_parquet(example_files()["states"])
    return {
        "cities": Layer(
            table="cities",
            title="Cities",
            data=points,
            styles=(
                sized_point_style(
                    points["strength"], column="strength", title="Strength"
                ).with_labels(name_labels(points["strength"], priority="strength", most=30)),
            ),
            group="Network",
        ),
        "links": Layer(
            table="links",
            title="Links",
            data=lines,
            styles=(link_width_style(lines["weight"], column="weight", title="Air links"),),
            group="Network",
        ),
        "metros": polygons,
        "states": Layer(
            table="states",
            title="States",
            data=states[["geometry"]],
            styles=(outline_style(title="States"),),
            context=True,
            id_field="",
        ),
    }


@pytest.fixture
def chinese_font() -> str:
    """Family of an installed Chinese font; without one, Chinese figures cannot be drawn here."""
    from shapefiles.fonts import font_families
    from spatial.errors import ExportError

    try:
        return font_families("zh", ["中文城市"])[0]
    except ExportError:
        pytest.skip("no Chinese font is installed")


def _words_and_boxes(ax):
    from matplotlib import rc_context

    with rc_context({"text.hinting": "none"}):  # as figures are saved
        return _measured_words(ax)


def _measured_words(ax):
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.text import Text

    figure = ax.get_figure() if hasattr(ax, "get_position") else ax
    figure.draw_without_rendering()
    renderer = RendererAgg(16, 16, figure.dpi)
    panels = [panel for axes in figure.axes for panel in axes.child_axes]
    unseen = {
        id(part)
        for axes in (*figure.axes, *panels)
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.majorTicks, *axis.minorTicks)
        # ticks beyond the limits, and those of hidden axes, are not drawn
        if not (axes.axison and axis.get_visible()) or tick not in axis._update_ticks()
        for part in (tick.label1, tick.label2)
    }
    found = []
    for text in figure.findobj(Text):
        if id(text) in unseen:
            continue
        if text.get_visible() and text.get_text().strip() and text.figure is not None:
            box = Text.get_window_extent(text, renderer)
            found.append((text.get_text(), box.x0, box.y0, box.x1, box.y1))
    return found, figure.bbox


@pytest.fixture
def assert_tidy():
    """Check that every text of a figure lies on the page and that no two of them overlap."""

    def check(ax, *, slack: float = 1.5) -> None:
        # slack: pixels at 300 dpi (0.13 mm); anti-aliased edges may share a row of pixels
        words, page = _words_and_boxes(ax)
        for word, left, bottom, right, top in words:
            inside = (
                left >= page.x0 - slack
                and bottom >= page.y0 - slack
                and right <= page.x1 + slack
                and top <= page.y1 + slack
            )
            assert inside, f"{word!r} sticks out of the page"
        for i, (word, left, bottom, right, top) in enumerate(words):
            for other, left_2, bottom_2, right_2, top_2 in words[:i]:
                apart = (
                    right <= left_2 + slack
                    or right_2 <= left + slack
                    or top <= bottom_2 + slack
                    or top_2 <= bottom + slack
                )
                assert apart, f"{word!r} and {other!r} overlap"

    return check


# ---- real QGIS

TIME_LIMIT = 300


def _qgis_environment() -> dict[str, str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""}
    environment.pop("PYTHONHOME", None)
    return environment


@pytest.fixture(scope="session")
def run_in_qgis() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script with the interpreter that holds PyQGIS; skip where there is none."""
    system = Path("/usr/bin/python3")
    python = str(system) if system.exists() else shutil.which("python3") or ""

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *map(str, command)],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            env=_qgis_environment(),
            check=False,
        )

    test = run("-c", "import qgis.core")
    if test.returncode:
        pytest.skip(
            f"{python} cannot import qgis ({test.stderr.strip()[-80:]}); install QGIS with its "
            "Python module (Debian: qgis python3-qgis) to open exports in it"
        )
    return run


@pytest.fixture(scope="session")
def found_in_qgis(run_in_qgis) -> Callable[[Path, Path], dict]:
    """Open an export in QGIS; pictures go into the folder."""

    def find(path: Path, folder: Path) -> dict:
        folder.mkdir(parents=True, exist_ok=True)
        done = run_in_qgis(Path(__file__).with_name("open_in_qgis.py"), path, folder)
        assert (folder / "found.json").exists(), done.stderr[-2000:]
        return json.loads((folder / "found.json").read_text(encoding="utf-8"))

    return find
