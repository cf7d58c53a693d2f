"""Cities: every format gives the same cities, and unusable shapes are refused by name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiPoint, Point, Polygon, box

from shapefiles.read_cities import CitiesTable, read_cities
from shapefiles.sources import CitiesSource
from spatial.coordinates import city_positions
from spatial.errors import ConfigError, GeometryError, InputError

# A projected CRS and back moves a vertex by less than a micrometre to a centimetre.
ROUND_TRIP_DEGREES = 1e-7


def _write(cities: gpd.GeoDataFrame, folder: Path, kind: str) -> Path:
    file = folder / f"cities.{kind}"
    if kind == "parquet":
        cities.to_parquet(file)
    elif kind == "zip":
        inner = folder / "shape"
        inner.mkdir()
        cities.to_file(inner / "都市.shp", encoding="utf-8")
        with zipfile.ZipFile(file, "w") as archive:
            for part in sorted(inner.iterdir()):
                archive.write(part, f"data/{part.name}")
    else:
        cities.to_file(file, encoding="utf-8") if kind == "shp" else cities.to_file(file)
    return file


def _subjects(table: CitiesTable) -> list[str]:
    return [entry.subject for entry in table.entries]


@pytest.mark.parametrize("kind", ["shp", "zip", "gpkg", "geojson", "parquet", "fgb"])
def test_every_vector_format_gives_the_same_cities(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, kind: str
) -> None:
    few_metros.loc[0, "name"] = "北京市 & <script> 'x'"
    file = _write(few_metros, tmp_path, kind)
    table = read_cities(CitiesSource(file, id="id", name="name", groups={"area": "region"}))
    cities = table.frame.loc[few_metros["id"]]  # FlatGeobuf stores features in another order
    assert cities.index.tolist() == few_metros["id"].tolist()
    assert cities["name"].tolist() == few_metros["name"].tolist()
    assert cities["area"].tolist() == few_metros["region"].tolist()
    assert cities.geometry.geom_equals(few_metros.set_index("id").geometry).all()
    assert (table.crs_read, cities.crs.to_string()) == ("EPSG:4326", "EPSG:4326")
    assert len(table.source.sha256) == 64
    assert table.source.rows == 6
    assert list(cities.columns) == ["name", "longitude", "latitude", "area", "geometry"]


@pytest.mark.parametrize("kind", ["shp", "gpkg", "geojson", "parquet"])
def test_ids_of_numbers_become_text(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, kind: str
) -> None:
    whole = few_metros.assign(id=[1001, 9009, 36061, 48441, 35001, 39153])
    for number, cities in enumerate((whole, whole.assign(id=whole["id"].astype(float)))):
        folder = tmp_path / str(number)
        folder.mkdir()
        table = read_cities(CitiesSource(_write(cities, folder, kind), id="id"))
        assert table.frame.index.tolist() == [str(city) for city in whole["id"]]
        assert table.frame["name"].tolist() == table.frame.index.tolist()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_point_tables(tmp_path: Path, few_metros: gpd.GeoDataFrame, kind: str) -> None:
    table = pd.DataFrame(few_metros.drop(columns="geometry"))
    file = tmp_path / f"cities.{kind}"
    writer = {"csv": "to_csv", "xlsx": "to_excel", "parquet": "to_parquet"}[kind]
    getattr(table, writer)(file, index=False)
    read = read_cities(
        CitiesSource(file, id="id", name="name", longitude="longitude", latitude="latitude")
    )
    assert read.frame.index.tolist() == few_metros["id"].tolist()
    assert (read.frame.geom_type == "Point").all()
    np.testing.assert_array_equal(read.frame["longitude"], few_metros["longitude"])
    assert "passport_degrees_assumed" in _subjects(read)
    with pytest.raises(InputError, match="keys longitude and latitude"):
        read_cities(CitiesSource(file, id="id"))


def test_point_table_in_a_projected_system(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    projected = gpd.GeoSeries(
        gpd.points_from_xy(few_metros["longitude"], few_metros["latitude"]), crs="EPSG:4326"
    ).to_crs("EPSG:5070")
    file = tmp_path / "cities.csv"
    pd.DataFrame({"id": few_metros["id"], "x": projected.x, "y": projected.y}).to_csv(file)
    source = CitiesSource(file, id="id", longitude="x", latitude="y", crs="EPSG:5070")
    read = read_cities(source)
    assert read.crs_read == "EPSG:5070"
    np.testing.assert_allclose(
        read.frame["longitude"], few_metros["longitude"], atol=ROUND_TRIP_DEGREES
    )
    with pytest.raises(GeometryError, match="outside the world"):
        read_cities(CitiesSource(file, id="id", longitude="x", latitude="y"))


def test_seats_given_or_centroids(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = _write(few_metros, tmp_path, "gpkg")
    given = read_cities(CitiesSource(file, id="id", longitude="longitude", latitude="latitude"))
    np.testing.assert_array_equal(given.frame["longitude"], few_metros["longitude"])
    centroids = read_cities(CitiesSource(file, id="id")).frame
    wanted = city_positions(few_metros.set_index("id")[["geometry"]])
    np.testing.assert_allclose(centroids["latitude"], wanted.latitude, atol=ROUND_TRIP_DEGREES)
    with pytest.raises(ConfigError, match="Name both columns"):
        read_cities(CitiesSource(file, id="id", longitude="longitude"))


def test_projected_files_are_brought_to_degrees(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    file = _write(few_metros.to_crs("EPSG:5070"), tmp_path, "gpkg")
    table = read_cities(CitiesSource(file, id="id"))
    assert table.crs_read == "EPSG:5070"
    assert table.frame.crs.to_epsg() == 4326
    wanted = few_metros.set_index("id").geometry.bounds
    np.testing.assert_allclose(table.frame.geometry.bounds, wanted, atol=ROUND_TRIP_DEGREES)


def test_no_crs_and_the_remedy(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = _write(few_metros, tmp_path, "shp")
    file.with_suffix(".prj").unlink()
    with pytest.raises(GeometryError, match="crs = 'EPSG:4326'"):
        read_cities(CitiesSource(file, id="id"))
    assert read_cities(CitiesSource(file, id="id", crs="EPSG:4326")).crs_read == "EPSG:4326"
    with pytest.raises(ConfigError, match="no known coordinate reference system"):
        read_cities(CitiesSource(file, id="id", crs="EPSG:99999999"))


def test_a_wrong_crs_can_be_replaced_and_is_recorded(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    wrong = few_metros.to_crs("EPSG:5070").set_crs("EPSG:4326", allow_override=True)
    file = _write(wrong, tmp_path, "gpkg")
    with pytest.raises(GeometryError, match="outside the world"):
        read_cities(CitiesSource(file, id="id"))
    table = read_cities(CitiesSource(file, id="id", crs="EPSG:5070"))
    assert "passport_crs_replaced" in _subjects(table)
    assert table.crs_read == "EPSG:5070"


def test_exchanged_coordinates_are_told(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = tmp_path / "cities.csv"
    few_metros.drop(columns="geometry").to_csv(file, index=False)
    west = few_metros["longitude"] < -90.0
    assert west.any()
    with pytest.raises(GeometryError, match="may be exchanged"):
        read_cities(CitiesSource(file, id="id", longitude="latitude", latitude="longitude"))


def test_duplicate_ids(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    few_metros.loc[1, "id"] = "01001"
    with pytest.raises(InputError, match=r"'id' are given more than once: '01001'.*dissolve"):
        read_cities(CitiesSource(_write(few_metros, tmp_path, "gpkg"), id="id"))


def test_invalid_polygons_are_repaired_and_counted(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    x, y = few_metros.geometry[3].centroid.coords[0]
    bow_tie = Polygon([(x, y), (x + 1, y + 1), (x + 1, y), (x, y + 1)])
    few_metros.loc[3, "geometry"] = bow_tie
    table = read_cities(CitiesSource(_write(few_metros, tmp_path, "gpkg"), id="id"))
    entry = next(item for item in table.entries if item.subject == "passport_shapes_repaired")
    assert (entry.count, entry.ids) == (1, ("48441",))
    assert table.frame.is_valid.all()
    # The two triangles of the bow tie have a quarter of the square each.
    assert table.frame.geometry["48441"].area == pytest.approx(0.5)


def test_polygons_without_area_are_refused(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    few_metros.loc[3, "geometry"] = Polygon([(-100, 40), (-99, 40), (-98, 40), (-100, 40)])
    with pytest.raises(GeometryError, match="'48441' are invalid and have no area"):
        read_cities(CitiesSource(_write(few_metros, tmp_path, "gpkg"), id="id"))


@pytest.mark.parametrize("shape", [None, Polygon()])
def test_empty_geometry(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, shape: Polygon | None
) -> None:
    few_metros.loc[3, "geometry"] = shape
    with pytest.raises(GeometryError, match="'48441' have no shape"):
        read_cities(CitiesSource(_write(few_metros, tmp_path, "parquet"), id="id"))


def test_other_shapes_are_refused(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    mixed = few_metros.copy()
    mixed.loc[3, "geometry"] = Point(-99.7, 32.4)
    with pytest.raises(GeometryError, match=r"mixes polygons and points .*'48441'"):
        read_cities(CitiesSource(_write(mixed, tmp_path, "parquet"), id="id"))
    mixed.loc[3, "geometry"] = LineString([(-99.7, 32.4), (-99, 32)])
    with pytest.raises(GeometryError, match="'48441' are 'LineString'"):
        read_cities(CitiesSource(_write(mixed, tmp_path, "parquet"), id="id"))


def test_single_multipoints_and_heights_are_plain_points(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    points = few_metros.geometry.representative_point()
    few_metros["geometry"] = [MultiPoint([(point.x, point.y, 12.0)]) for point in points]
    table = read_cities(CitiesSource(_write(few_metros, tmp_path, "gpkg"), id="id"))
    assert (table.frame.geom_type == "Point").all()
    assert not table.frame.has_z.any()


def test_two_cities_at_the_same_point(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    few_metros.loc[1, ["longitude", "latitude"]] = few_metros.loc[0, ["longitude", "latitude"]]
    file = _write(few_metros, tmp_path, "gpkg")
    with pytest.raises(GeometryError, match=r"same point.*'01001', '09009'"):
        read_cities(CitiesSource(file, id="id", longitude="longitude", latitude="latitude"))


@pytest.mark.parametrize("value", [999.0, np.nan, np.inf])
def test_points_outside_the_world(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, value: float
) -> None:
    few_metros.loc[3, "longitude"] = value
    file = tmp_path / "cities.csv"
    few_metros.drop(columns="geometry").to_csv(file, index=False)
    with pytest.raises(GeometryError, match="'48441'"):
        read_cities(CitiesSource(file, id="id", longitude="longitude", latitude="latitude"))
    vector = _write(few_metros, tmp_path, "gpkg")
    with pytest.raises(GeometryError, match="'48441' are missing or outside"):
        read_cities(CitiesSource(vector, id="id", longitude="longitude", latitude="latitude"))


def test_coordinates_of_text(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = tmp_path / "cities.csv"
    table = few_metros.drop(columns="geometry").astype({"longitude": object})
    table.loc[3, "longitude"] = "99°42'W"
    table.to_csv(file, index=False)
    with pytest.raises(GeometryError, match="'longitude' holds coordinates that are no numbers"):
        read_cities(CitiesSource(file, id="id", longitude="longitude", latitude="latitude"))


def test_seats_outside_their_polygon_are_noted(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    few_metros.loc[3, "longitude"] = 0.0
    file = _write(few_metros, tmp_path, "gpkg")
    table = read_cities(CitiesSource(file, id="id", longitude="longitude", latitude="latitude"))
    assert ("passport_seats_outside", ("48441",)) in [(e.subject, e.ids) for e in table.entries]


def test_names_missing_and_shared_are_noted(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    few_metros.loc[[0, 1, 2], "name"] = [None, "Suzhou", "Suzhou"]
    table = read_cities(CitiesSource(_write(few_metros, tmp_path, "gpkg"), id="id", name="name"))
    assert table.frame["name"].tolist()[:3] == ["01001", "Suzhou", "Suzhou"]
    noted = {entry.subject: entry.ids for entry in table.entries}
    assert noted["passport_names_missing"] == ("01001",)
    assert noted["passport_names_shared"] == ("09009", "36061")


def test_selection_and_further_columns(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = _write(few_metros, tmp_path, "gpkg")
    table = read_cities(
        CitiesSource(file, id="id", columns=["region"], select={"region": ["Northeast"]})
    )
    assert table.frame["region"].tolist() == ["Northeast"] * 3
    assert table.deselected == {"48441", "35001", "39153"}
    with pytest.raises(InputError, match="no city has 'Nrtheast' in column 'region'"):
        read_cities(CitiesSource(file, id="id", select={"region": "Nrtheast"}))
    with pytest.raises(InputError, match=r"no column 'rigion' \(nearest: 'region'\)"):
        read_cities(CitiesSource(file, id="id", select={"rigion": "Northeast"}))
    with pytest.raises(ConfigError, match="may not be called 'name'"):
        read_cities(CitiesSource(file, id="id", groups={"name": "region"}))


def test_layers(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = tmp_path / "cities.gpkg"
    few_metros.to_file(file, layer="metros")
    few_metros[few_metros["region"] == "Northeast"].to_file(file, layer="northeast")
    with pytest.raises(InputError, match=r"several layers: 'metros', 'northeast'.*key layer"):
        read_cities(CitiesSource(file, id="id"))
    assert len(read_cities(CitiesSource(file, id="id", layer="northeast")).frame) == 3
    with pytest.raises(InputError, match=r"no layer 'metro' \(nearest: 'metros'\)"):
        read_cities(CitiesSource(file, id="id", layer="metro"))


def test_tables_beside_the_one_layer_do_not_matter(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    import pyogrio

    file = _write(few_metros, tmp_path, "gpkg")
    pyogrio.write_dataframe(pd.DataFrame({"note": ["x"]}), file, layer="layer_styles", append=True)
    assert len(read_cities(CitiesSource(file, id="id")).frame) == 6


def test_gb18030_shapefile_without_cpg(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    few_metros["name"] = ["北京市", "天津市", "上海市", "重庆市", "石家庄市", "苏州市"]
    file = tmp_path / "cities.shp"
    few_metros.to_file(file, encoding="gb18030")
    file.with_suffix(".cpg").unlink()
    table = read_cities(CitiesSource(file, id="id", name="name"))
    assert table.frame["name"].tolist() == few_metros["name"].tolist()
    assert table.source.encoding == "GB18030"
    assert "passport_encoding_recognised" in _subjects(table)


def test_code_page_of_a_dbf_is_followed(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    few_metros["name"] = ["Zürich", "Genève", "Málaga", "Köln", "Besançon", "Åbo"]
    file = tmp_path / "cities.shp"
    few_metros.to_file(file, encoding="ISO-8859-1")
    file.with_suffix(".cpg").unlink()
    content = bytearray(file.with_suffix(".dbf").read_bytes())
    for code_page in (0x57, 0):  # byte 29: Windows ANSI, then none
        content[29] = code_page
        file.with_suffix(".dbf").write_bytes(content)
        if code_page:
            table = read_cities(CitiesSource(file, id="id", name="name"))
            assert table.frame["name"].tolist() == few_metros["name"].tolist()
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030"):
        read_cities(CitiesSource(file, id="id", name="name"))
    stated = read_cities(CitiesSource(file, id="id", name="name", encoding="ISO-8859-1"))
    assert stated.frame["name"].tolist() == few_metros["name"].tolist()


def test_shapefile_parts(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = _write(few_metros, tmp_path, "shp")
    whole = read_cities(CitiesSource(file, id="id")).source.sha256
    file.with_suffix(".dbf").rename(tmp_path / "elsewhere.dbf")
    with pytest.raises(InputError, match=r"lacks its part '\.dbf'"):
        read_cities(CitiesSource(file, id="id"))
    (tmp_path / "elsewhere.dbf").rename(file.with_suffix(".dbf"))
    assert read_cities(CitiesSource(file, id="id")).source.sha256 == whole


@pytest.mark.parametrize("name", ["cities.gpkg", "cities.shp", "cities.geojson", "cities.zip"])
def test_files_that_are_no_vector_files(tmp_path: Path, name: str) -> None:
    for ending in (".dbf", ".shx"):
        (tmp_path / f"cities{ending}").write_bytes(b"not a shapefile")
    (tmp_path / name).write_text("this is a letter", encoding="utf-8")
    with pytest.raises(InputError, match=r"not a vector file|no zip archive|not a text file"):
        read_cities(CitiesSource(tmp_path / name, id="id"))


def test_zip_without_or_with_several_shapes(tmp_path: Path, few_metros: gpd.GeoDataFrame) -> None:
    file = tmp_path / "cities.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(InputError, match="holds no Shapefile"):
        read_cities(CitiesSource(file, id="id"))
    few_metros.to_file(tmp_path / "a.geojson")
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(tmp_path / "a.geojson", "a.geojson")
        archive.write(tmp_path / "a.geojson", "../b.geojson")
    with pytest.raises(InputError, match="several layers: 'a', 'b'"):
        read_cities(CitiesSource(file, id="id"))
    assert len(read_cities(CitiesSource(file, id="id", layer="b")).frame) == 6


def test_table_in_a_geopackage_and_empty_layer(
    tmp_path: Path, few_metros: gpd.GeoDataFrame
) -> None:
    import pyogrio

    file = tmp_path / "tables.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"id": ["1"]}), file, layer="table")
    with pytest.raises(InputError, match="tables only"):
        read_cities(CitiesSource(file, id="id"))
    empty = tmp_path / "empty.gpkg"
    few_metros.iloc[:0].to_file(empty)
    with pytest.raises(InputError, match="layer is empty"):
        read_cities(CitiesSource(empty, id="id"))


def test_whole_world_boxes_pass(tmp_path: Path) -> None:
    cities = gpd.GeoDataFrame(
        {"id": ["w", "e"]}, geometry=[box(-180, -90, 0, 90), box(0, -90, 180, 90)], crs="EPSG:4326"
    )
    table = read_cities(CitiesSource(_write(cities, tmp_path, "parquet"), id="id"))
    assert shapely.area(table.frame.geometry.to_numpy()).tolist() == [32400.0, 32400.0]
