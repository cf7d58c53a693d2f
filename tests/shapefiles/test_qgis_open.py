"""Exports opened in real QGIS: layers, symbols, themes, relations and printed pages."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from shapefiles.geopackage import AttributeTable, Provenance, write_geopackage
from shapefiles.greyscale import greyscale
from shapefiles.layers import Layer, middle_of_year, name_labels
from shapefiles.map_insets import MapInset
from shapefiles.qgis_project import Atlas, Join, Layout, Relation, Theme, write_qgis_project
from shapefiles.styles import (
    bivariate_style,
    choropleth_style,
    emerging_hot_spot_style,
    outline_style,
)
from spatial.autocorrelation import EMERGING_CLASSES

pytestmark = pytest.mark.qgis


@pytest.fixture(scope="module")
def export(tmp_path_factory, metro_layers) -> Path:
    """A folder with a GeoPackage and a project of the metros."""
    folder = tmp_path_factory.mktemp("export 中国")
    layers = list(metro_layers.values())
    table = AttributeTable(
        table="regression",
        title="Regression <&>",
        data=pd.DataFrame({"variable": ["=1+1", "<b>"], "coefficient β": [0.5, None]}),
    )
    write_geopackage(folder / "us.gpkg", layers, attribute_tables=[table], title="US & more")
    themes = [
        Theme(name="Resistance", shown=("metros",)),
        Theme(name="局部聚类 <LISA>", shown=("metros/cluster",)),
        Theme(name="Network", shown=("cities", "links", "metros/size")),
        Theme(name="Communities", shown=("metros/community",)),
    ]
    layouts = [
        Layout(
            name=f"{theme.name} map",
            theme=theme.name,
            title=f'Title of "{theme.name}" [% 1 + 1 %] & more ' + "very long " * 6,
            note="Source: somebody <nobody> & others; [% @project_title %]",
            page=page,
        )
        for theme, page in zip(themes, ["A4", "A4", "A4", "A3"], strict=True)
    ]
    relation = Relation(name="Links of a city", table="links", field="from_id", to_table="cities")
    write_qgis_project(
        folder / "us.qgz",
        "us.gpkg",
        layers,
        themes,
        layouts,
        attribute_tables=[table],
        relations=[relation],
        title="US <metros> & 城市",
        language="zh",
    )
    return folder


def test_a_geopackage_dragged_in_is_styled(found_in_qgis, export, tmp_path, metro_layers):
    found = found_in_qgis(export / "us.gpkg", tmp_path)
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert set(layers) == {"cities", "links", "metros", "states", "regression"}
    for name, layer in metro_layers.items():
        seen = layers[name]
        assert seen["valid"]
        assert seen["features"] == len(layer.data)
        assert seen["without_symbol"] == 0
        # A single symbol stands under the name of its layer.
        single = layer.styles[0].kind == "single"
        expected = [""] if single else [one.label for one in layer.styles[0].classes]
        assert seen["legend"] == expected
        assert seen["title"] == layer.title
        assert sorted(seen["styles"]) == sorted(style.name for style in layer.styles)
    assert layers["metros"]["renderer"] == "RuleRenderer"
    assert layers["links"]["renderer"] == "graduatedSymbol"
    assert layers["metros"]["aliases"]["name"] == "城市 <name>"
    assert layers["metros"]["widgets"]["cluster"] == "ValueMap"
    assert layers["cities"]["label_field"] == "name"


def test_qgis_and_class_of_agree_on_every_feature(found_in_qgis, tmp_path, metro_layers):
    """The class that QGIS draws each metro in is the one that ``class_of`` says."""
    source = metro_layers["metros"]
    assert_classes_agree(found_in_qgis, tmp_path, source.data, source.styles)


def test_styles_of_two_numbers_and_with_patterns_agree_too(found_in_qgis, tmp_path, metro_layers):
    source = metro_layers["metros"].data
    words = [*EMERGING_CLASSES, "Isolated", None]
    data = source.assign(kind=[words[i % len(words)] for i in range(len(source))])
    pair = bivariate_style(
        data["韧性 1990–91"], data["size"], columns=("韧性 1990–91", "size"), k=(4, 3)
    )
    emerging = emerging_hot_spot_style(data["kind"], column="kind", title="Hot & cold")
    grey = [replace(greyscale(one), name=f"{one.name} grey") for one in (pair, emerging)]
    full = bivariate_style(
        data["size"], data["size"] ** 2 % 7, columns=("size", "rest"), name="full"
    )
    styles = (pair, emerging, *grey, full)
    data = data.assign(rest=data["size"] ** 2 % 7)
    assert_classes_agree(found_in_qgis, tmp_path, data, styles)


def assert_classes_agree(opened, folder, data, styles):
    layers = [
        Layer(table=f"metros_{position}", title="m", data=data, styles=(style,))
        for position, style in enumerate(styles)
    ]
    write_geopackage(folder / "one.gpkg", layers)
    found = opened(folder / "one.gpkg", folder)
    seen = {layer["name"]: layer for layer in found["layers"]}
    for layer in layers:
        style = layer.styles[0]
        assert seen[layer.table]["without_symbol"] == 0
        for city, at in style.class_of(data).items():
            drawn, one = seen[layer.table]["classes"][city], style.classes[at]
            # QGIS names no entry for features in its category "all other values".
            unnamed = one.missing and style.kind == "categorised" and drawn == []
            assert drawn == [one.label] or unnamed, (style.name, city)


@pytest.fixture(scope="module")
def project(found_in_qgis, export, tmp_path_factory) -> dict:
    """What QGIS finds in the project."""
    return found_in_qgis(export / "us.qgz", tmp_path_factory.mktemp("pictures"))


def test_the_project_opens_finished(project, metro_layers):
    found = project
    assert found["opened"]
    assert found["title"] == "US <metros> & 城市"
    assert found["crs_valid"]
    assert found["crs"].startswith("Albers equal-area conic")
    assert found["ellipsoid"]
    assert found["view"]
    assert all(found["in_tree"])
    assert {"Resilience <&>", "Network", "表格"} <= set(found["groups"])
    assert found["relations"] == {"Links of a city": True}
    assert len(found["layers"]) == sum(len(x.styles) for x in metro_layers.values()) + 1
    assert all(layer["valid"] for layer in found["layers"])
    assert all(layer["without_symbol"] == 0 for layer in found["layers"] if layer["spatial"])
    assert found["themes"]["Network"] == ["Strength", "Air links", "Size", "States"]
    assert found["themes"]["局部聚类 <LISA>"] == ["局部聚类", "States"]
    # The first theme is what the user sees.
    assert [n for n in found["visible"] if n != "Regression <&>"] == [
        'Resistance <b> & "more"',
        "States",
    ]


def test_printed_pages_are_complete(project):
    found = project
    assert len(found["layouts"]) == 4
    for name, page in found["layouts"].items():
        assert page["exported"], name
        assert page["blank_maps"] == [], name
        assert page["outside"] == [], name
        assert page["linked"] == [True]
        assert page["pictures"] == 1
        linked, segment, width = page["scale_bars"][0]
        assert linked
        assert re.fullmatch(r"[125]0*", f"{segment:g}"), segment
        assert 20.0 < width < 75.0
        assert set(page["maps"]) == {"main_map", "inset_1", "inset_2"}
        assert {theme for theme, _ in page["maps"].values()} == {name.removesuffix(" map")}
        assert page["maps"]["inset_1"][1] != page["maps"]["main_map"][1]
        assert "[ % 1 + 1 %]" in page["texts"]["title"]
        assert "@project_title" in page["texts"]["note"]
    assert found["layouts"]["Network map"]["legends"] == [
        ["Strength", "Air links", "Size", "States"]
    ]


# ---- panels in time, atlases, joins, windows

YEARS = (1990, 1991, 1993)
HOSTILE_TITLE = "Income \"x\" <b> & 'y' [% 1 + 1 %] \\ %1 中文"


@pytest.fixture(scope="module")
def panel_export(tmp_path_factory, metro_layers) -> Path:
    """A panel of three years with an atlas by year and one by area, and a named window."""
    folder = tmp_path_factory.mktemp("panel")
    metros = metro_layers["metros"]
    base = replace(metros, data=metros.data.drop(columns=["geometry"]).set_geometry(
        metros.data.geometry.simplify(0.1)
    ), styles=metros.styles[:1])  # fmt: skip
    data = gpd.GeoDataFrame(
        pd.concat([base.data[["name", "geometry"]].assign(year=year) for year in YEARS])
    )
    data["moment"] = middle_of_year(data["year"])
    data["income"] = [float(i % 7) + year - 1990 for i, year in enumerate(data["year"])]
    panel = Layer(
        table="panel",
        title=HOSTILE_TITLE,
        data=data,
        styles=(
            choropleth_style(data["income"], column="income", title=HOSTILE_TITLE, k=4).with_labels(
                name_labels(data["income"], priority="income")
            ),
        ),
        time="moment",
        shapes_of="metros",
    )
    regions = metros.data.dissolve("region", as_index=False)[["region", "geometry"]]
    regions["region"] = [f'{name} "<&>" [% 2 %]' for name in regions["region"]]
    regions["insets"] = ["", "", "", "1,2"]
    areas = Layer(
        table="areas",
        title="Areas",
        data=regions,
        styles=(outline_style(title="Areas"),),
        id_field="",
    )
    years = AttributeTable(table="years", title="Years", data=pd.DataFrame({"year": YEARS}))
    figures = AttributeTable(
        table="figures",
        title="Figures",
        data=pd.DataFrame({"city_id": base.data.index, "韧性": range(len(base.data))}),
        aliases={"韧性": 'Resilience "<&>"'},
    )
    layers = [areas, base, panel]
    tables = [years, figures]
    provenance = Provenance(source="S <&>", licence="CC BY 4.0", keywords=("k <&>", "城市"))
    write_geopackage(folder / "p.gpkg", layers, attribute_tables=tables, provenance=provenance)
    by_year = Atlas(table="years", name="year", year="year")
    by_area = Atlas(table="areas", name="region", insets="insets")
    write_qgis_project(
        folder / "p.qgz",
        "p.gpkg",
        layers,
        [
            Theme(name="Metros", shown=("metros",)),
            Theme(name="By year", shown=("panel",)),
            Theme(name="By area", shown=("areas", "metros")),
        ],
        [
            Layout(name="Years", theme="By year", title=HOSTILE_TITLE, atlas=by_year),
            Layout(name="Areas", theme="By area", atlas=by_area, page="A3"),
            Layout(
                name="Upright", theme="Metros", orientation="portrait", approval="审图号：GS <1>"
            ),
        ],
        attribute_tables=tables,
        joins=[Join(table="metros", from_table="figures", prefix="f_", title="Joined")],
        relations=[Relation(name='R "<&>"', table="panel", field="city_id", to_table="metros")],
        title=HOSTILE_TITLE,
        abstract=HOSTILE_TITLE,
        provenance=provenance,
        insets=[MapInset(west=-98.0, south=18.0, east=-80.0, north=31.0, title="Gulf <&>")],
    )
    return folder


@pytest.fixture(scope="module")
def panel_project(found_in_qgis, panel_export, tmp_path_factory) -> dict:
    """What QGIS finds in the project of the panel."""
    return found_in_qgis(panel_export / "p.qgz", tmp_path_factory.mktemp("panel_pictures"))


def test_one_year_at_a_time(panel_project, metro_layers):
    """The temporal controller draws the features of its year, in the colours of their classes."""
    first, last, step, unit, start, mode = panel_project["time"]
    assert (first, last) == ("1990-01-01 00:00:00", "1993-12-31 23:59:59")
    assert (step, start, mode) == (1.0, "1990-01-01T00:00:00", 1)
    years_unit = 7
    assert unit == years_unit
    layer = next(one for one in panel_project["layers"] if "temporal" in one)
    assert layer["name"] == " ".join(HOSTILE_TITLE.split())
    assert (layer["temporal"]["mode"], layer["temporal"]["field"]) == (1, "moment")
    drawn = layer["temporal"]["drawn"]
    assert list(drawn) == [str(year) for year in YEARS]
    for year, seen in drawn.items():
        assert seen["years"] == [int(year)]
        assert seen["features"] == len(metro_layers["metros"].data)
    pictures = [seen["colours"] for seen in drawn.values()]
    assert pictures[0] != pictures[1] != pictures[2]


def test_years_and_areas_give_pages(panel_project):
    years = panel_project["layouts"]["Years"]["atlas"]
    assert [page["page"] for page in years] == [str(year) for year in YEARS]
    areas = panel_project["layouts"]["Areas"]["atlas"]
    assert [page["page"].split()[0] for page in areas] == ["Midwest", "Northeast", "South", "West"]
    for pages in (years, areas):
        contents = {Path(page["picture"]).read_bytes() for page in pages}
        assert len(contents) == len(pages)
        assert len({page["file"] for page in pages}) == len(pages)
        for page in pages:
            assert page["exported"]
            assert page["blank_maps"] == [] or page["blank_maps"] == ["inset_1"]
            assert page["outside"] == []
            assert page["texts"]["title"].endswith(f": {page['page']}")
    assert len({page["scale"] for page in areas}) == len(areas)
    assert len({page["scale"] for page in years}) == 1
    legend = panel_project["layouts"]["Years"]["legend_texts"]
    assert legend == [[" ".join(HOSTILE_TITLE.replace("[%", "[ %").split())]]
    title = panel_project["layouts"]["Years"]["texts"]["title"]
    assert title == HOSTILE_TITLE.replace("[%", "[ %")


def test_a_portrait_page_and_a_window(panel_project):
    page = panel_project["layouts"]["Upright"]
    assert page["outside"] == []
    assert page["exported"]
    assert page["texts"]["map_approval"] == "审图号：GS <1>"
    windows = [name for name in page["maps"] if name.startswith("window")]
    assert len(windows) == 1
    assert page["texts"][f"{windows[0]}_title"] == "Gulf <&>"


BLOCK = 24
"""Pixels of a picture that are averaged: fonts differ between systems, maps do not."""

MOST_DIFFERENCE = 1.0
"""Mean difference of the blocks, of 255 grey levels; a blank page differs by 3."""


def blocks_of(picture: Path) -> np.ndarray:
    with Image.open(picture) as image:
        grey = np.asarray(image.convert("L"), dtype=float)
    rows, columns = (size // BLOCK for size in grey.shape)
    cut = grey[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))


@pytest.mark.parametrize(("name", "stored"), [("Years", "qgis_years"), ("Upright", "qgis_upright")])
def test_pages_look_as_stored(panel_project, name, stored):
    """Pictures of 60 dpi beside stored ones of one grey value for each block."""
    baseline = Path(__file__).with_name("baseline") / f"{stored}.png"
    page = panel_project["layouts"][name]
    seen = blocks_of(Path(page.get("atlas", [page])[0]["picture"]))
    if os.environ.get("INTERURBAN_WRITE_BASELINES"):
        Image.fromarray(seen.round().astype("uint8")).save(baseline)
    with Image.open(baseline) as image:
        expected = np.asarray(image, dtype=float)
    assert seen.shape == expected.shape
    assert np.abs(seen - expected).mean() < MOST_DIFFERENCE


def test_joined_fields_and_metadata(panel_project, metro_layers):
    layer = next(one for one in panel_project["layers"] if one["joins"])
    assert layer["joins"] == ["f_"]
    assert layer["joined"] == {"f_field_2": len(metro_layers["metros"].data)}
    assert layer["aliases"]["f_field_2"] == 'Joined: Resilience "<&>"'
    assert layer["keywords"] == {"keywords": ["k <&>", "城市"]}
    assert layer["licences"] == ["CC BY 4.0"]
    assert (layer["language"], layer["extents"]) == ("en", 1)
    assert panel_project["relations"] == {'R "<&>"': True}
    assert panel_project["title"] == " ".join(HOSTILE_TITLE.split())


def test_views_and_atlases_pass_the_shared_checker(run_in_qgis, panel_export, shared_folder):
    checker = shared_folder / "tools" / "qgis_check.py"
    if not checker.exists():
        pytest.skip(f"no {checker}")
    for name, options in (("p.gpkg", []), ("p.qgz", ["--layouts"])):
        done = run_in_qgis(checker, panel_export / name, *options)
        problems = [line for line in done.stderr.splitlines() if line.startswith("PROBLEM")]
        assert not problems


def test_the_shared_checker_finds_nothing(run_in_qgis, export, tmp_path, shared_folder):
    checker = shared_folder / "tools" / "qgis_check.py"
    if not checker.exists():
        pytest.skip(f"no {checker}")
    for name, options in (("us.gpkg", []), ("us.qgz", ["--layouts"])):
        done = run_in_qgis(checker, export / name, *options)
        assert done.returncode == 0, done.stderr[-2000:]
