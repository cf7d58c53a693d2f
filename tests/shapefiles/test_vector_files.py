"""Layers in other GIS formats, read back by an independent reader (GDAL, pyarrow)."""

from __future__ import annotations

import json
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geoseries_equal
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

from shapefiles.vector_files import (
    ENDINGS,
    short_field_names,
    write_flatgeobuf,
    write_geojson,
    write_geoparquet,
    write_layer,
    write_shapefile,
)
from spatial.errors import ConfigError, ExportError, GeometryError

# GeoJSON keeps seven decimals of a degree.
COORDINATE_TOLERANCE = 1e-7


@pytest.fixture
def layer(hostile_names) -> gpd.GeoDataFrame:
    names = [name.replace("\x07", "") for name in hostile_names]
    n = len(names)
    return gpd.GeoDataFrame(
        {
            "name": names,
            "抵抗力 1990–91": np.linspace(-1.5, 1.5, n),
            "real_income_1990": np.arange(n) + 0.25,
            "real_income_1991": pd.array([None, *range(n - 1)], dtype="Int64"),
            "complete": [at % 2 == 0 for at in range(n)],
        },
        geometry=[box(at, at, at + 0.5, at + 1) for at in range(n)],
        index=pd.Index([f"{at:03d}" for at in range(n)], name="city"),
        crs="EPSG:4326",
    )


def by_city(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_index("city").sort_index()


class TestShapefile:
    def test_there_and_back(self, tmp_path, layer):
        before = layer.copy(deep=True)
        told = write_shapefile(layer, tmp_path / "cities.shp.zip")
        pd.testing.assert_frame_equal(layer, before)
        with zipfile.ZipFile(told.path) as archive:
            assert sorted(archive.namelist()) == [
                "cities.cpg",
                "cities.dbf",
                "cities.prj",
                "cities.shp",
                "cities.shx",
                "field_names.csv",
            ]
            assert archive.read("cities.cpg").decode() == "UTF-8"
            assert b"GCS_WGS_1984" in archive.read("cities.prj")
            listed = archive.read("field_names.csv").decode("utf-8-sig")
        assert "real_inc_2,real_income_1991,0" in listed
        back = by_city(gpd.read_file(f"/vsizip/{told.path}/cities.shp"))
        assert list(back.index) == list(layer.index)
        assert all(len(column) <= 10 for column in back.columns)
        assert back["real_incom"].tolist() == layer["real_income_1990"].tolist()
        assert back["f_1990_91"].to_numpy() == pytest.approx(layer["抵抗力 1990–91"].to_numpy())
        assert pd.isna(back["real_inc_2"].iloc[0])
        assert back["real_inc_2"].iloc[1:].tolist() == list(range(len(layer) - 1))
        long = layer["name"].str.encode("utf-8").str.len() > 254
        # dBASE pads texts by spaces, so those at the end are not told from padding.
        assert back["name"][~long].fillna("").tolist() == [
            one.rstrip(" ") for one in layer["name"][~long]
        ]
        assert told.cut == {"name": int(long.sum())}
        assert back["name"][long].tolist() == ["x" * 254]

    def test_faults(self, tmp_path, layer):
        with pytest.raises(ExportError, match=r"\.zip"):
            write_shapefile(layer, tmp_path / "cities.shp")
        mixed = pd.concat([layer, layer.assign(geometry=Point(0, 0)).set_index(layer.index + "p")])
        with pytest.raises(ExportError, match="'Point', 'Polygon'"):
            write_shapefile(mixed, tmp_path / "cities.zip")
        wide = gpd.GeoDataFrame(
            {f"c{at}": [1] for at in range(256)}, geometry=[Point(0, 0)], crs=4326
        )
        with pytest.raises(ExportError, match="256 columns"):
            write_shapefile(wide, tmp_path / "cities.zip")
        assert list(tmp_path.iterdir()) == []

    @given(st.lists(st.text(max_size=30), unique=True, max_size=130))
    def test_names_are_short_and_distinct(self, columns):
        names = short_field_names(columns)
        fields = list(names.values())
        assert list(names) == columns
        assert all(len(name) <= 10 and name.isascii() and name[0].isalpha() for name in fields)
        assert len({name.lower() for name in fields}) == len(fields)


class TestOtherFormats:
    def test_geojson(self, tmp_path, layer):
        path = write_geojson(layer.to_crs(3857), tmp_path / "cities.geojson")
        plain = json.loads(path.read_text(encoding="utf-8"))
        assert "crs" not in plain  # RFC 7946 knows one system only
        assert [item["properties"]["name"] for item in plain["features"]] == list(layer["name"])
        back = by_city(gpd.read_file(path))
        assert np.allclose(back.bounds, layer.bounds, rtol=0, atol=COORDINATE_TOLERANCE)
        assert back["抵抗力 1990–91"].tolist() == pytest.approx(layer["抵抗力 1990–91"].tolist())

    def test_geojson_has_no_infinity(self, tmp_path, layer):
        layer["real_income_1990"] = np.inf
        with pytest.raises(ExportError, match="real_income_1990"):
            write_geojson(layer, tmp_path / "cities.geojson")

    @pytest.mark.parametrize(
        ("writer", "reader", "name"),
        [
            (write_flatgeobuf, gpd.read_file, "cities.fgb"),
            (write_geoparquet, gpd.read_parquet, "cities.parquet"),
        ],
    )
    def test_binary_formats_keep_all(self, tmp_path, layer, writer, reader, name):
        back = by_city(reader(writer(layer, tmp_path / name)))
        assert back.crs == layer.crs
        assert back["name"].tolist() == layer["name"].tolist()
        assert back["抵抗力 1990–91"].tolist() == layer["抵抗力 1990–91"].tolist()
        assert back["complete"].tolist() == layer["complete"].tolist()
        assert pd.isna(back["real_income_1991"].iloc[0])
        assert_geoseries_equal(
            back.geometry, layer.geometry, check_index_type=False, check_less_precise=False
        )

    @pytest.mark.parametrize("kind", ENDINGS)
    def test_by_name_of_the_format(self, tmp_path, layer, kind):
        path = write_layer(layer, tmp_path, "cities", kind)
        assert path.name == f"cities{ENDINGS[kind]}"
        assert path.stat().st_size > 0

    def test_faults(self, tmp_path, layer):
        with pytest.raises(ConfigError, match="kind"):
            write_layer(layer, tmp_path, "cities", "kml")
        with pytest.raises(ExportError, match=r"\.fgb"):
            write_flatgeobuf(layer, tmp_path / "cities.gpkg")
        with pytest.raises(GeometryError, match="no coordinate reference"):
            write_geojson(layer.set_crs(None, allow_override=True), tmp_path / "c.geojson")
        with pytest.raises(ExportError, match="'city'"):
            write_geoparquet(layer.assign(city="x"), tmp_path / "c.parquet")
