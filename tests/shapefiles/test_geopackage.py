"""GeoPackages: what QGIS looks for is there, and what went in comes out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import LineString, Point, box

from shapefiles.geopackage import AttributeTable, Layer, ascii_field_names, write_geopackage
from shapefiles.layers import name_labels, table_frame, writable
from shapefiles.styles import categorised_style, choropleth_style, outline_style
from spatial.errors import ExportError

MOMENT = datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC)


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def package(tmp_path_factory, metro_layers) -> Path:
    table = AttributeTable(
        table="moran",
        title="Moran's I",
        data=pd.DataFrame(
            {"统计量": [0.5, np.nan], "n": pd.array([3, None], dtype="Int64")},
            index=pd.Index(["=1+1", "b"], name="measure"),
        ),
        aliases={"n": "Cities"},
    )
    path = tmp_path_factory.mktemp("package") / "us.gpkg"
    return write_geopackage(
        path,
        list(metro_layers.values()),
        attribute_tables=[table],
        title="US & <co>",
        abstract="About",
        timestamp=MOMENT,
    )


def test_the_style_table_is_as_qgis_queries_it(package, metro_layers):
    columns = [row[1] for row in rows(package, "PRAGMA table_info(layer_styles)")]
    assert columns == [
        "id",
        "f_table_catalog",
        "f_table_schema",
        "f_table_name",
        "f_geometry_column",
        "styleName",
        "styleQML",
        "styleSLD",
        "useAsDefault",
        "description",
        "owner",
        "ui",
        "update_time",
    ]
    styles = rows(
        package,
        "SELECT f_table_schema, f_table_name, f_geometry_column, styleName, useAsDefault, "
        "styleQML FROM layer_styles",
    )
    geometry = dict(rows(package, "SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert [(r[1], r[3]) for r in styles] == [
        (layer.table, style.name) for layer in metro_layers.values() for style in layer.styles
    ]
    for schema, table, column, _, _, document in styles:
        assert schema == ""
        assert geometry[table] == column
        root = ET.fromstring(document.split("\n", 1)[1])
        assert root.tag == "qgis"
        assert root.find("renderer-v2") is not None
    for table in metro_layers:
        assert sum(r[4] for r in styles if r[1] == table) == 1
        assert next(r[4] for r in styles if r[1] == table) == 1


def test_everything_is_registered(package, metro_layers):
    contents = {
        row[0]: row[1:]
        for row in rows(
            package,
            "SELECT table_name, data_type, identifier, description, srs_id FROM gpkg_contents",
        )
    }
    assert contents["layer_styles"][0] == "attributes"
    assert contents["layer_styles"][3] == 0
    assert contents["moran"][:2] == ("attributes", "Moran's I")
    for name, layer in metro_layers.items():
        assert contents[name] == ("features", layer.title, layer.abstract, 4326)
    assert rows(package, "PRAGMA user_version") == [(10200,)]
    extensions = {row[0] for row in rows(package, "SELECT extension_name FROM gpkg_extensions")}
    assert {"gpkg_metadata", "gpkg_schema", "gpkg_rtree_index"} <= extensions


def test_metadata_of_the_file_and_of_each_layer(package, metro_layers):
    found = rows(
        package,
        "SELECT r.reference_scope, r.table_name, m.md_standard_uri, m.mime_type, m.metadata "
        "FROM gpkg_metadata_reference r JOIN gpkg_metadata m ON r.md_file_id = m.id",
    )
    assert {row[2:4] for row in found} == {("http://mrcc.com/qgis.dtd", "text/xml")}
    titles = {row[1]: ET.fromstring(row[4]).findtext("title") for row in found}
    of_layers = {n: layer.title for n, layer in metro_layers.items()}
    assert titles == {None: "US & <co>", "moran": "Moran's I"} | of_layers
    assert next(row[0] for row in found if row[1] is None) == "geopackage"


def test_aliases_hold_the_full_names(package):
    found = {
        row[:2]: row[2]
        for row in rows(package, "SELECT table_name, column_name, title FROM gpkg_data_columns")
    }
    assert found["metros", "f_1990_91"] == "韧性 1990–91"
    assert found["metros", "name"] == "城市 <name>"
    assert found["moran", "field_2"] == "统计量"
    assert found["moran", "n"] == "Cities"
    fields = [row[1] for row in rows(package, "PRAGMA table_info(metros)")]
    assert all(name.isascii() for name in fields)


def test_hostile_names_and_gaps_come_back(package, metro_layers, hostile_names):
    source = metro_layers["metros"].data
    back = gpd.read_file(package, layer="metros").set_index("city_id")
    assert back.index.tolist() == source.index.tolist()
    assert back["name"].tolist()[: len(hostile_names)] == list(hostile_names)
    np.testing.assert_array_equal(back["f_1990_91"], source["韧性 1990–91"])
    assert back["many"].astype("Int64").equals(source["many"])
    whole = rows(package, "SELECT yes, many, community, cluster FROM metros LIMIT 5")
    assert whole[0] == (None, None, "1", "High-High")
    assert whole[1] == (0, 1, "2", "Low-Low")
    assert whole[2] == (1, 2, "3", "High-High")
    assert back.crs == source.crs
    assert back.geometry.geom_equals(source.geometry, align=True).all()


def test_the_feature_count_is_right(package, metro_layers):
    counts = dict(rows(package, "SELECT table_name, feature_count FROM gpkg_ogr_contents"))
    for name, layer in metro_layers.items():
        assert counts[name] == len(layer.data)


def test_the_same_data_give_the_same_bytes(package, tmp_path, metro_layers, monkeypatch):
    layers = [metro_layers["metros"], metro_layers["links"]]
    one = write_geopackage(tmp_path / "a" / "x.gpkg", layers, timestamp=MOMENT)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MOMENT.timestamp())))
    two = write_geopackage(tmp_path / "b" / "x.gpkg", layers)
    assert one.read_bytes() == two.read_bytes()
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_a_file_that_is_open_stays_whole(tmp_path, metro_layers):
    path = write_geopackage(tmp_path / "x.gpkg", [metro_layers["states"]])
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("SELECT count(*) FROM states").fetchall()
        with pytest.raises(ExportError, match="open in another program"):
            write_geopackage(path, [metro_layers["cities"]])
        assert other.execute("SELECT count(*) FROM states").fetchone()[0] > 10
    write_geopackage(path, [metro_layers["cities"]])
    assert set(pyogrio.list_layers(path)[:, 0]) == {"cities", "layer_styles"}


def test_a_failed_write_leaves_the_old_file(tmp_path, metro_layers, monkeypatch):
    path = write_geopackage(tmp_path / "x.gpkg", [metro_layers["states"]])
    before = path.read_bytes()

    def refuse(*args, **kwargs):
        raise pyogrio.errors.DataSourceError("disk full")

    monkeypatch.setattr(pyogrio, "write_arrow", refuse)
    with pytest.raises(ExportError, match="'cities' cannot be written: disk full"):
        write_geopackage(path, [metro_layers["cities"]])
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["x.gpkg"]


def points(**columns: object) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(columns, index=pd.Index(["01", "02", "03"], name="city"))
    return gpd.GeoDataFrame(frame, geometry=[Point(i, i) for i in range(3)], crs="EPSG:4326")


def layer_of(data: gpd.GeoDataFrame, **options: object) -> Layer:
    geometry = {"Point": "point", "Polygon": "polygon", "LineString": "line"}[
        data.geom_type.iloc[0]
    ]
    style = outline_style(title="x", geometry=geometry)
    return Layer(**{"table": "t", "title": "T", "data": data, "styles": (style,), **options})


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1, None, 3], [1, None, 3]),
        ([True, None, False], [1, None, 0]),
        ([date(2020, 1, 2), None, date(2021, 1, 1)], ["2020-01-02", None, "2021-01-01"]),
        (["a", 1, None], ["a", "1", None]),
        (pd.Categorical(["x", None, "y"]), ["x", None, "y"]),
        (pd.period_range("2020-01", periods=3, freq="M"), ["2020-01", "2020-02", "2020-03"]),
        (pd.to_timedelta([1, 2, 3], unit="D"), ["1 days 00:00:00", "2 days 00:00:00", None]),
        (["nul\x00byte", "\ud800", ""], ["nulbyte", "?", ""]),
        (np.array([2**63, 1, 2], dtype="uint64"), [str(2**63), "1", "2"]),
        ([2**70, 1, 2], [str(2**70), "1", "2"]),
        ([[1, 2], {"a": 1}, None], ["[1, 2]", "{'a': 1}", None]),
    ],
)
def test_kinds_of_columns(tmp_path, column, expected):
    data = points()
    data["x"] = pd.Series(
        column, index=data.index, dtype=object if isinstance(column, list) else None
    )
    path = write_geopackage(tmp_path / "x.gpkg", [layer_of(data)])
    found = [row[0] for row in rows(path, "SELECT x FROM t")]
    if isinstance(expected[0], str) and expected[0].startswith("2020-01-02"):
        found = [value and value[:10] for value in found]
    known = [i for i, value in enumerate(expected) if value is not None]
    assert [found[i] for i in known] == [expected[i] for i in known]


def test_writable_leaves_its_input_alone():
    source = pd.Series(["a\x00", None], dtype=object)
    writable(source)
    assert source.tolist() == ["a\x00", None]


def test_field_names_are_ascii_unique_and_never_reserved():
    columns = [
        "fid",
        "geom",
        "Name",
        "NAME",
        "1st",
        "韧性",
        "市",
        "é à",
        "x" * 80,
        "",
        "a-b",
        "a b",
    ]
    names = ascii_field_names(columns)
    assert list(names) == columns
    lower = [name.lower() for name in names.values()]
    assert len(set(lower)) == len(lower)
    assert not {"fid", "geom"} & set(lower)
    assert all(name.isascii() and name[0].isalpha() and len(name) <= 60 for name in lower)
    assert names["é à"] == "e_a"


def test_columns_with_hostile_names_come_back(tmp_path, hostile_names):
    data = points(**{name: [1.0, 2.0, 3.0] for name in hostile_names})
    path = write_geopackage(tmp_path / "x.gpkg", [layer_of(data)])
    fields = ascii_field_names(["city_id", *hostile_names])
    back = gpd.read_file(path, layer="t")
    assert [c for c in back.columns if c != "geometry"] == list(fields.values())


def test_year_columns_and_a_named_index_of_a_table():
    table = AttributeTable(
        table="panel",
        title="Panel",
        data=pd.DataFrame(
            {1990: [1.0], 1991: [2.0]},
            index=pd.MultiIndex.from_tuples([("a", "b")], names=["city", "measure"]),
        ),
    )
    frame, fields = table_frame(table)
    assert fields == {"city": "city", "measure": "measure", "1990": "f_1990", "1991": "f_1991"}
    assert frame.iloc[0].tolist() == ["a", "b", 1.0, 2.0]
    with pytest.raises(ExportError, match="columns twice: 'a'"):
        table_frame(replace(table, data=pd.DataFrame([[1, 2]], columns=["a", "a"])))


def test_styles_follow_renamed_fields(tmp_path):
    data = points(韧性=[1.0, 2.0, None], 名=["a", "b", "c"])
    style = choropleth_style(data["韧性"], column="韧性", title="韧性", geometry="point", k=2)
    style = style.with_labels(name_labels(data["韧性"], column="名", priority="韧性"))
    path = write_geopackage(tmp_path / "x.gpkg", [layer_of(data, styles=(style,))])
    document = rows(path, "SELECT styleQML FROM layer_styles")[0][0]
    root = ET.fromstring(document.split("\n", 1)[1])
    assert "field_2" in root.find(".//rule").get("filter")
    assert root.find(".//text-style").get("fieldName") == "field_3"
    assert root.find("previewExpression").text == '"field_3"'


def test_numbers_shown_as_categories_become_text(tmp_path):
    data = points(community=[1.0, 2.0, None])
    style = categorised_style(data["community"], column="community", title="C", geometry="point")
    path = write_geopackage(tmp_path / "x.gpkg", [layer_of(data, styles=(style,))])
    assert rows(path, "SELECT community FROM t") == [("1",), ("2",), (None,)]


def test_long_style_names_stay_apart(tmp_path):
    styles = tuple(
        replace(outline_style(title="x", geometry="point"), name="a" * 30 + ending)
        for ending in ("x", "y", "z")
    )
    path = write_geopackage(tmp_path / "x.gpkg", [layer_of(points(), styles=styles)])
    names = [row[0] for row in rows(path, "SELECT styleName FROM layer_styles")]
    assert len(set(names)) == 3
    assert all(len(name) <= 30 for name in names)


def test_layers_that_share_a_title(tmp_path):
    layers = [layer_of(points(), table=name, title="Same") for name in ("a", "b")]
    path = write_geopackage(tmp_path / "x.gpkg", layers)
    found = rows(path, "SELECT identifier FROM gpkg_contents WHERE data_type = 'features'")
    assert found == [("Same",), ("Same (b)",)]


def test_empty_and_missing_shapes_and_no_rows(tmp_path):
    data = points()
    data.loc["02", "geometry"] = None
    data.loc["03", "geometry"] = Point()
    path = write_geopackage(
        tmp_path / "x.gpkg", [layer_of(data), layer_of(data.iloc[:1], table="few")]
    )
    assert len(gpd.read_file(path, layer="t")) == 3


@pytest.mark.parametrize(
    "name", ["", "Größe", "a b", "gpkg_x", "1a", "layer_styles", "A", "a" * 61]
)
def test_bad_table_names_are_refused(name):
    with pytest.raises(ExportError, match="name of a table"):
        layer_of(points(), table=name)


def test_bad_layers_are_refused(tmp_path):
    data = points(x=[1.0, 2.0, 3.0])
    with pytest.raises(ExportError, match="no coordinate reference system"):
        layer_of(data.set_crs(None, allow_override=True))
    with pytest.raises(ExportError, match="no style"):
        layer_of(data, styles=())
    style = choropleth_style(data["x"], column="y", title="Y", geometry="point")
    with pytest.raises(ExportError, match="'y'"):
        layer_of(data, styles=(style,))
    mixed = data.copy()
    mixed["geometry"] = [Point(0, 0), box(0, 0, 1, 1), LineString([(0, 0), (1, 1)])]
    with pytest.raises(ExportError, match="draws points, but the layer 't' holds"):
        layer_of(mixed)
    one = outline_style(title="x", geometry="point")
    with pytest.raises(ExportError, match="share a name"):
        layer_of(data, styles=(one, one))
    with pytest.raises(ExportError, match="named twice: 't'"):
        write_geopackage(tmp_path / "x.gpkg", [layer_of(data), layer_of(data)])
    with pytest.raises(ExportError, match="at least one layer"):
        write_geopackage(tmp_path / "x.gpkg", [])
    with pytest.raises(ExportError, match=r"ending \.gpkg"):
        write_geopackage(tmp_path / "x.shp", [layer_of(data)])
    assert list(tmp_path.iterdir()) == []
