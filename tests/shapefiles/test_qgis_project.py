"""Projects: everything that QGIS needs to keep layers, themes and pages is in the file."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS
from shapely.geometry import Point, box

from shapefiles.geopackage import AttributeTable, Provenance
from shapefiles.layers import Layer
from shapefiles.projection import map_crs
from shapefiles.qgis_frames import place_insets
from shapefiles.qgis_layouts import round_kilometres
from shapefiles.qgis_project import Layout, Relation, Theme, write_qgis_project
from shapefiles.qgis_windows import MapWindow, map_windows
from shapefiles.styles import outline_style
from spatial.errors import ExportError

MOMENT = datetime(2024, 2, 29, tzinfo=UTC)
THEMES = (
    Theme(name="Resistance", shown=("metros",)),
    Theme(name="网络", shown=("links", "cities")),
)
LAYOUTS = (
    Layout(name="Page 1", theme="Resistance", title="T <&>", note="Source [% 1+1 %]"),
    Layout(name="Page 2", theme="网络", page="A3"),
)


def written(path, layers, **options) -> ET.Element:
    settings = {"themes": THEMES, "layouts": LAYOUTS, "timestamp": MOMENT} | options
    themes, layouts = settings.pop("themes"), settings.pop("layouts")
    made = write_qgis_project(path / "us.qgz", "us.gpkg", layers, themes, layouts, **settings)
    with zipfile.ZipFile(made) as archive:
        assert archive.namelist() == ["us.qgs"]
        text = archive.read("us.qgs").decode()
    return ET.fromstring(text.split("\n", 1)[1])


@pytest.fixture(scope="module")
def root(tmp_path_factory, metro_layers) -> ET.Element:
    table = AttributeTable(
        table="moran", title="Moran", data=pd.DataFrame({"city": ["a"], "指数": [1.0]})
    )
    return written(
        tmp_path_factory.mktemp("project"),
        list(metro_layers.values()),
        attribute_tables=[table],
        relations=[
            Relation(name="From", table="links", field="from_id", to_table="cities"),
            Relation(name="To", table="moran", field="city", to_table="cities"),
        ],
        title="US & <co>",
        abstract="About",
        provenance=Provenance(author="Somebody"),
    )


def test_every_layer_has_a_long_id_and_stands_in_the_tree(root):
    ids = [layer.findtext("id") for layer in root.iter("maplayer")]
    assert len(set(ids)) == len(ids) == 8
    assert all(len(identity) > 10 for identity in ids)
    tree = root.find("layer-tree-group")
    assert {leaf.get("id") for leaf in tree.iter("layer-tree-layer")} == set(ids)
    groups = [group.get("name") for group in tree.findall("layer-tree-group")]
    assert groups == ["Network", "Resilience <&>", "Tables"]
    # The background is drawn below everything else.
    leaves = [leaf.get("name") for leaf in tree.iter("layer-tree-layer")]
    assert tree.findall("layer-tree-layer")[-1].get("name") == "States"
    assert "States" in leaves


def test_sources_are_relative(root):
    for layer in root.iter("maplayer"):
        assert layer.findtext("datasource").startswith("./us.gpkg|layername=")


def test_every_layer_and_the_project_have_wkt(root):
    systems = [root.find("projectCrs/spatialrefsys")]
    for layer in root.iter("maplayer"):
        if layer.get("geometry") != "No geometry":
            systems.append(layer.find("srs/spatialrefsys"))
            assert layer.findtext("layerGeometryType") in "012"
    for system in systems:
        assert CRS.from_wkt(system.findtext("wkt")) is not None
    assert systems[0].findtext("authid") == ""
    assert systems[0].findtext("wkt").startswith("PROJCRS")
    assert {system.findtext("authid") for system in systems[1:]} == {"EPSG:4326"}
    flag = root.find("properties/SpatialRefSys/ProjectionsEnabled")
    assert (flag.text, flag.get("type")) == ("1", "int")


def test_themes_show_their_layers_and_the_background(root):
    names = {m.findtext("id"): m.findtext("layername") for m in root.iter("maplayer")}
    themes = {
        preset.get("name"): [names[one.get("id")] for one in preset.findall("layer")]
        for preset in root.iter("visibility-preset")
    }
    assert themes == {
        "Resistance": ['Resistance <b> & "more"', "States"],
        "网络": ["Strength", "Air links", "States"],
    }
    checked = {
        leaf.get("name")
        for leaf in root.find("layer-tree-group").iter("layer-tree-layer")
        if leaf.get("checked") == "Qt::Checked"
    }
    assert checked == {'Resistance <b> & "more"', "States", "Moran"}


def test_relations_name_fields_of_the_file(root):
    ids = {m.findtext("id"): m.findtext("datasource") for m in root.iter("maplayer")}
    found = [
        (
            ids[one.get("referencingLayer")].split("=")[1],
            one.find("fieldRef").get("referencingField"),
            ids[one.get("referencedLayer")].split("=")[1],
            one.find("fieldRef").get("referencedField"),
        )
        for one in root.iter("relation")
    ]
    assert found == [
        ("links", "from_id", "cities", "city_id"),
        ("moran", "city", "cities", "city_id"),
    ]


def test_it_opens_zoomed_and_named(root, metro_layers):
    assert root.findtext("title") == root.findtext("projectMetadata/title") == "US & <co>"
    assert root.findtext("projectMetadata/creation") == "2024-02-29T00:00:00"
    view = root.find("ProjectViewSettings/DefaultViewExtent")
    west, south, east, north = (float(view.get(k)) for k in ("xmin", "ymin", "xmax", "ymax"))
    canvas = [float(one.text) for one in root.find("mapcanvas/extent")]
    assert canvas == [west, south, east, north]
    contiguous = metro_layers["metros"].data.cx[-126:-66, 24:50]
    bounds = contiguous.to_crs(map_crs(contiguous)).total_bounds
    assert west < bounds[0] < bounds[2] < east
    assert south < bounds[1] < bounds[3] < north


def test_pages_hold_all_that_a_map_needs(root):
    for layout, (width, height) in zip(root.iter("Layout"), [(297, 210), (420, 297)], strict=True):
        kinds = [item.get("type") for item in layout.iter("LayoutItem")]
        assert {"65638", "65639", "65640", "65641", "65642", "65646"} <= set(kinds)
        page = layout.find("PageCollection/LayoutItem")
        assert page.get("size") == f"{width},{height},mm"
        items = {item.get("id"): item for item in layout.findall("LayoutItem")}
        main = items["main_map"]
        assert items["scale_bar"].get("mapUuid") == main.get("uuid")
        assert items["north_arrow"].get("mapUuid") == main.get("uuid")
        assert items["legend"].get("map_uuid") == main.get("uuid")
        frame = [float(part) for part in main.get("size").split(",")[:2]]
        extent = {key: float(value) for key, value in main.find("Extent").attrib.items()}
        ratio = (extent["xmax"] - extent["xmin"]) / (extent["ymax"] - extent["ymin"])
        assert ratio == pytest.approx(frame[0] / frame[1], rel=1e-6)
        assert main.get("followPreset") == "true"
        for item in items.values():
            left, top = (float(part) for part in item.get("position").split(",")[:2])
            across, down = (float(part) for part in item.get("size").split(",")[:2])
            assert left + across <= width
            assert top + down <= height
        uuids = [item.get("uuid") for item in layout.iter("LayoutItem")]
        assert len(set(uuids)) == len(uuids)


def test_the_legend_lists_only_what_is_shown(root):
    first = next(root.iter("Layout"))
    shown = [leaf.get("name") for leaf in first.iter("layer-tree-layer")]
    assert shown == ['Resistance <b> & "more"', "States"]


def test_expressions_in_texts_are_not_evaluated(root):
    texts = [item.get("labelText") for item in root.iter("LayoutItem") if item.get("labelText")]
    assert "T <&>" in texts
    assert not any("[%" in text for text in texts)


def test_far_cities_are_insets_in_systems_of_their_own(root):
    insets = [i for i in root.iter("LayoutItem") if (i.get("id") or "").startswith("inset_")]
    maps = [item for item in insets if item.get("type") == "65639"]
    assert len(maps) == 4
    assert all(item.find("crs/spatialrefsys/wkt") is not None for item in maps)
    # The names beside the cities say where the insets lie.
    assert not [item for item in insets if item.get("type") == "65641"]


def test_insets_without_names_have_a_title(tmp_path, metro_layers):
    bare = replace(metro_layers["metros"], styles=(metro_layers["metros"].styles[3],))
    root = written(tmp_path, [bare], themes=THEMES[:1], layouts=LAYOUTS[:1])
    titles = [
        item.get("labelText")
        for item in root.iter("LayoutItem")
        if (item.get("id") or "").endswith("_title")
    ]
    assert len(titles) == 2
    assert any("Kahului" in title for title in titles)


def test_the_same_project_gives_the_same_bytes(tmp_path, metro_layers, monkeypatch):
    layers = [metro_layers["cities"], metro_layers["links"], metro_layers["metros"]]
    (tmp_path / "b").mkdir()
    written(tmp_path, layers)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MOMENT.timestamp())))
    written(tmp_path / "b", layers, timestamp=None)
    assert (tmp_path / "us.qgz").read_bytes() == (tmp_path / "b" / "us.qgz").read_bytes()


@pytest.mark.parametrize("crs", ["ESRI:102003", "EPSG:4326", "EPSG:2263", "EPSG:3857"])
def test_a_given_system_is_used_and_the_bar_is_round(tmp_path, metro_layers, crs):
    system = CRS.from_user_input(crs)
    root = written(
        tmp_path, [metro_layers["metros"]], crs=system, themes=THEMES[:1], layouts=LAYOUTS[:1]
    )
    assert CRS.from_wkt(root.findtext("projectCrs/spatialrefsys/wkt")) == system
    bar = next(i for i in root.iter("LayoutItem") if i.get("type") == "65646")
    assert bar.get("unitType") == "km"
    assert bar.get("numUnitsPerSegment") in {"200", "500", "1000"}
    assert 10.0 < float(bar.get("segmentMillimeters")) < 27.0


def small_layer(*shapes, table: str = "t", context: bool = False) -> Layer:
    data = gpd.GeoDataFrame(geometry=list(shapes), crs="EPSG:4326")
    geometry = "point" if data.geom_type.iloc[0] == "Point" else "polygon"
    style = outline_style(title=table, geometry=geometry)
    return Layer(table=table, title=table, data=data, styles=(style,), context=context)


def test_one_city_and_a_small_town_get_a_window(tmp_path):
    root = written(
        tmp_path,
        [small_layer(Point(8.0, 50.0))],
        themes=[Theme(name="a", shown=("t",))],
        layouts=[Layout(name="a", theme="a")],
    )
    extent = next(i for i in root.iter("LayoutItem") if i.get("id") == "main_map").find("Extent")
    assert float(extent.get("xmax")) - float(extent.get("xmin")) > 900.0
    bar = next(i for i in root.iter("LayoutItem") if i.get("type") == "65646")
    assert bar.get("unitType") == "meters"
    assert float(bar.get("numUnitsPerSegment")) >= 50


def test_background_areas_are_shown_whole_unless_far_larger():
    town = small_layer(box(8, 48, 10, 50)).data
    near = gpd.GeoSeries([box(7.5, 47.5, 9, 49), box(0, 0, 1, 1)], crs=4326)
    huge = gpd.GeoSeries([box(-100, -40, 100, 70)], crs=4326)
    alone = map_windows(town, None, None)[0].bounds
    wider = map_windows(town, near, None)[0].bounds
    assert wider[0] < alone[0]
    assert wider[1] < alone[1]
    assert wider[2:] == alone[2:]
    assert map_windows(town, huge, None)[0].bounds == alone


def test_insets_go_to_the_emptiest_corner():
    window = MapWindow(bounds=(0.0, 0.0, 100.0, 100.0), crs=CRS(3857))
    small = [replace(window, title="a"), replace(window, title="b")]

    def corner(*points):
        _, boxes = place_insets(np.array(points), window, small, 100.0, 100.0)
        left, top, *_ = boxes[0]
        return ("left" if left < 50.0 else "right", "top" if top < 50.0 else "bottom")

    assert corner((50.0, 50.0)) == ("left", "bottom")
    assert corner((5.0, 5.0)) == ("right", "bottom")
    assert corner((5.0, 5.0), (95.0, 5.0)) == ("left", "top")


@pytest.mark.parametrize("longest", [0.013, 0.99, 1.0, 3.0, 26.0, 499.0, 500.0, 12345.0])
def test_round_kilometres(longest):
    found = round_kilometres(longest)
    assert longest / 2.5 < found <= longest
    assert f"{found:e}"[0] in "125"


def test_wrong_names_are_refused(tmp_path, metro_layers):
    layers = [metro_layers["metros"]]
    theme, layout = THEMES[0], LAYOUTS[0]
    for options, message in (
        (
            {"themes": [Theme(name="Resistance", shown=("nothing",))]},
            "'nothing', which is no layer",
        ),
        ({"themes": [Theme(name="Resistance", shown=())]}, "shows nothing"),
        ({"themes": [theme, theme]}, "Two themes share a name"),
        ({"layouts": [layout, layout]}, "Two layouts share a name"),
        ({"layouts": [Layout(name="x", theme="y")]}, "follows the theme 'y'"),
        ({"layouts": [Layout(name="x", theme="Resistance", page="B5")]}, "'B5' is not known"),
        (
            {"relations": [Relation(name="r", table="metros", field="no", to_table="metros")]},
            "column 'no'",
        ),
    ):
        settings = {"themes": [theme], "layouts": [layout]} | options
        with pytest.raises(ExportError, match=message):
            written(tmp_path, layers, **settings)
    with pytest.raises(ExportError, match="plain file name"):
        write_qgis_project(tmp_path / "a.qgz", "../a.gpkg", layers, [theme], [layout])
    with pytest.raises(ExportError, match=r"ending \.qgz"):
        write_qgis_project(tmp_path / "a.qgs", "a.gpkg", layers, [theme], [layout])
    lonely = small_layer(box(0, 0, 1, 1), context=True)
    with pytest.raises(ExportError, match="no context"):
        written(tmp_path, [lonely], themes=[Theme(name="a", shown=("t",))], layouts=[])
    assert list(tmp_path.iterdir()) == []
