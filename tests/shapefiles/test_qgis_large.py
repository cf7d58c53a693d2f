"""A country of 3,000 units: the export is quick to write, small, and opens whole."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from shapefiles.geopackage import AttributeTable, write_geopackage
from shapefiles.layers import Layer, middle_of_year, name_labels
from shapefiles.qgis_project import Atlas, Join, Layout, Theme, write_qgis_project
from shapefiles.styles import choropleth_style, lisa_style

UNITS, YEARS, STYLES = 3_000, 10, 12
SECONDS = 60.0
"""Far more than the few seconds it takes on a free machine."""


def country() -> gpd.GeoDataFrame:
    """Polygons of 48 corners on a grid of 60 x 50, with a column for each style."""
    random = np.random.default_rng(2)
    x, y = np.meshgrid(np.linspace(75.0, 130.0, 60), np.linspace(20.0, 50.0, 50))
    angles = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    ring = np.stack([0.45 * np.cos(angles), 0.3 * np.sin(angles)], axis=-1)
    shapes = shapely.polygons(np.stack([x.ravel(), y.ravel()], axis=-1)[:, None, :] + ring)
    columns = {f"value_{i}": random.lognormal(size=UNITS) for i in range(STYLES)}
    clusters = random.choice(["High-High", "Low-Low", "Not significant"], UNITS)
    names = [f"县{i}" for i in range(UNITS)]
    ids = pd.Index([f"{i:06d}" for i in range(UNITS)], name="city_id")
    frame = {"name": names, "cluster": clusters, **columns}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326", index=ids)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Folder of the export, and the seconds that it took."""
    folder, data = tmp_path_factory.mktemp("large"), country()
    names = name_labels(data["value_0"], priority="value_0", most=40)
    styles = [
        choropleth_style(data[f"value_{i}"], column=f"value_{i}", title=f"V{i}", scheme="quantiles")
        for i in range(STYLES)
    ]
    styles.append(lisa_style(data["cluster"], column="cluster", title="LISA", language="zh"))
    counties = Layer(
        table="counties",
        title="Counties",
        data=data,
        styles=tuple(style.with_labels(names) for style in styles),
    )
    panel = data.loc[np.tile(data.index, YEARS), ["name", "value_0", "geometry"]]
    panel["year"] = np.repeat(np.arange(2010, 2010 + YEARS), UNITS)
    panel["moment"] = middle_of_year(panel["year"])
    by_year = Layer(
        table="panel",
        title="Panel",
        data=panel,
        styles=(
            choropleth_style(panel["value_0"], column="value_0", title="V", scheme="quantiles"),
        ),
        time="moment",
        shapes_of="counties",
    )
    weights = pd.DataFrame(
        {
            "city_id": np.repeat(data.index.to_numpy(), 30),
            "neighbour_id": np.tile(data.index.to_numpy(), 30),
            "weight": 1.0 / 30.0,
        }
    )
    tables = [
        AttributeTable(table="weights", title="Weights", data=weights),
        AttributeTable(
            table="measures", title="Measures", data=data[["value_1"]].rename_axis("city_id")
        ),
        AttributeTable(
            table="years", title="Years", data=pd.DataFrame({"year": panel["year"].unique()})
        ),
    ]
    layers = [counties, by_year]
    start = time.perf_counter()
    write_geopackage(folder / "c.gpkg", layers, attribute_tables=tables)
    write_qgis_project(
        folder / "c.qgz",
        "c.gpkg",
        layers,
        [
            Theme(name="LISA", shown=("counties/cluster",)),
            Theme(name="Years", shown=("panel",)),
        ],
        [
            Layout(name="LISA", theme="LISA"),
            Layout(
                name="Years", theme="Years", atlas=Atlas(table="years", name="year", year="year")
            ),
        ],
        attribute_tables=tables,
        joins=[Join(table="counties", from_table="measures", prefix="m_")],
        language="zh",
    )
    return folder, time.perf_counter() - start


def test_a_large_export_is_quick_and_small(large):
    folder, seconds = large
    assert seconds < SECONDS
    alone = folder / "alone.gpkg"
    country().to_file(alone, driver="GPKG")
    # Ten years of the panel, weights and styles: without the view the shapes alone are 11 times.
    assert (folder / "c.gpkg").stat().st_size < 5.0 * alone.stat().st_size


@pytest.mark.qgis
@pytest.mark.slow
def test_a_large_export_opens_whole(large, found_in_qgis, run_in_qgis, tmp_path, shared_folder):
    folder, _ = large
    found = found_in_qgis(folder / "c.qgz", tmp_path)
    assert all(layer["valid"] for layer in found["layers"])
    assert not any(layer.get("without_symbol") for layer in found["layers"])
    assert found["layouts"]["LISA"]["blank_maps"] == []
    assert [page["page"] for page in found["layouts"]["Years"]["atlas"]] == [
        str(year) for year in range(2010, 2010 + YEARS)
    ]
    joined = next(layer for layer in found["layers"] if layer["joins"])
    assert joined["joined"] == {"m_value_1": UNITS}
    checker = shared_folder / "tools" / "qgis_check.py"
    if checker.exists():
        done = run_in_qgis(checker, folder / "c.gpkg")
        assert done.returncode == 0, done.stderr[-2000:]
