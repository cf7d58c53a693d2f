"""Exports opened in real QGIS: layers, symbols, themes, relations and printed pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from shapefiles.geopackage import AttributeTable, write_geopackage
from shapefiles.greyscale import greyscale
from shapefiles.layers import Layer
from shapefiles.qgis_project import Layout, Relation, Theme, write_qgis_project
from shapefiles.styles import bivariate_style, emerging_hot_spot_style
from spatial.autocorrelation import EMERGING_CLASSES

pytestmark = pytest.mark.qgis

SYSTEM_PYTHON = "/usr/bin/python3"
TIME_LIMIT = 300


@pytest.fixture(scope="module")
def qgis_python() -> str:
    """The interpreter that holds PyQGIS; skip where there is none."""
    python = SYSTEM_PYTHON if Path(SYSTEM_PYTHON).exists() else shutil.which("python3") or ""
    test = subprocess.run(
        [python, "-c", "import qgis.core"],
        capture_output=True,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        check=False,
    )
    if test.returncode:
        pytest.skip(
            f"{python} cannot import qgis ({test.stderr.strip()[-80:]}); install QGIS with its "
            "Python module (Debian: qgis python3-qgis) to open exports in it"
        )
    return python


def run_in_qgis(python: str, script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""}
    environment.pop("PYTHONHOME", None)
    return subprocess.run(
        [python, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        env=environment,
        check=False,
    )


def found_in(python: str, path: Path, folder: Path) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    done = run_in_qgis(python, Path(__file__).with_name("open_in_qgis.py"), path, folder)
    assert (folder / "found.json").exists(), done.stderr[-2000:]
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


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


def test_a_geopackage_dragged_in_is_styled(qgis_python, export, tmp_path, metro_layers):
    found = found_in(qgis_python, export / "us.gpkg", tmp_path)
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


def test_qgis_and_class_of_agree_on_every_feature(qgis_python, tmp_path, metro_layers):
    """The class that QGIS draws each metro in is the one that ``class_of`` says."""
    source = metro_layers["metros"]
    assert_classes_agree(qgis_python, tmp_path, source.data, source.styles)


def test_styles_of_two_numbers_and_with_patterns_agree_too(qgis_python, tmp_path, metro_layers):
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
    assert_classes_agree(qgis_python, tmp_path, data, styles)


def assert_classes_agree(python, folder, data, styles):
    layers = [
        Layer(table=f"metros_{position}", title="m", data=data, styles=(style,))
        for position, style in enumerate(styles)
    ]
    write_geopackage(folder / "one.gpkg", layers)
    found = found_in(python, folder / "one.gpkg", folder)
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
def project(qgis_python, export, tmp_path_factory) -> dict:
    """What QGIS finds in the project."""
    return found_in(qgis_python, export / "us.qgz", tmp_path_factory.mktemp("pictures"))


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


def test_the_shared_checker_finds_nothing(qgis_python, export, tmp_path, shared_folder):
    checker = shared_folder / "tools" / "qgis_check.py"
    if not checker.exists():
        pytest.skip(f"no {checker}")
    for name, options in (("us.gpkg", []), ("us.qgz", ["--layouts"])):
        done = run_in_qgis(qgis_python, checker, export / name, *options)
        assert done.returncode == 0, done.stderr[-2000:]
