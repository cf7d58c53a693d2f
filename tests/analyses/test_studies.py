"""Whole studies, from files to the results folder: the demo, a small one, the Chinese one."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from libpysal import io as pysal_io

from analyses.export_tables import study_tables
from analyses.run import run_study
from analyses.study_file import read_study, study_from_text
from shapefiles.tables import write_csv_tables

ROOT = Path(__file__).resolve().parents[2]
EXPLORER_BYTES = 3_000_000
HOSTILE = '=HYPERLINK("x") <script>alert(1)</script> & "quoted" 武汉市 $x^2$'


def tables_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").glob("*.csv"))}


class Elements(HTMLParser):
    """Collects the names of elements and the addresses they load."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.loaded += [v or "" for k, v in attrs if k == "src" or (tag == "link" and k == "href")]


def elements_of(page: Path) -> Elements:
    parser = Elements()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def opened_in_qgis(path: Path, folder: Path) -> dict | None:
    """What real QGIS finds in an export; None where QGIS is not installed."""
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else "python3"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""}
    look = [python, "-c", "import qgis.core"]
    if subprocess.run(look, env=environment, capture_output=True, check=False).returncode:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    script = ROOT / "tests" / "shapefiles" / "open_in_qgis.py"
    subprocess.run(
        [python, str(script), str(path), str(folder)],
        env=environment,
        capture_output=True,
        check=True,
    )
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def check_in_qgis(output: Path, name: str, pictures: Path) -> None:
    """Open package and project: every layer valid and wholly drawn, every page exported."""
    package = opened_in_qgis(output / f"{name}.gpkg", pictures / "package")
    if package is None:
        return  # the tests marked qgis say that it is missing
    project = opened_in_qgis(output / f"{name}.qgz", pictures / "project")
    assert project is not None
    for layer in (*package["layers"], *project["layers"]):
        assert layer["valid"], layer["name"]
        assert not layer.get("without_symbol"), layer["name"]
    assert project["opened"]
    assert project["crs_valid"]
    assert all(project["in_tree"])
    assert all(project["relations"].values())
    assert len(project["layouts"]) >= 5
    for title, page in project["layouts"].items():
        assert page["exported"], title
        assert page["blank_maps"] == [], title
        assert page["outside"] == [], title
        assert all(page["linked"]), title
        check_atlas(title, page.get("atlas", []))
    for layer in project["layers"]:
        for year, drawn in layer.get("temporal", {}).get("drawn", {}).items():
            assert drawn["years"] == [int(year)], layer["name"]
        assert all(layer.get("joined", {}).values()), layer["name"]
    assert any("temporal" in layer for layer in project["layers"])


def check_atlas(title: str, pages: list[dict]) -> None:
    """Every page has a name and a file of its own; those that were printed differ and are whole."""
    for key in ("page", "file"):
        assert len({page[key] for page in pages}) == len(pages), title
    printed = [page for page in pages if "picture" in page]
    assert len({Path(page["picture"]).read_bytes() for page in printed}) == len(printed), title
    for page in printed:
        assert page["exported"], title
        assert page["outside"] == [], title
        assert "main_map" not in page["blank_maps"], title
        assert page["texts"]["title"].endswith(page["page"]), title


def test_small_study_writes_everything(small_study, command):
    small_study.cities.loc[0, "name"] = HOSTILE
    small_study.write()
    output = small_study.folder.parent / "results"

    answer = command("run", small_study.file, "--output", output)

    assert answer.status == 0, answer.err
    assert "* " in answer.out
    assert "west.qgz" in answer.out
    for name in (
        "west.gpkg", "west.qgz", "report.html", "explorer.html", "study.toml", "run_record.json",
        "tables/west.xlsx", "tables/global_moran.csv", "tables/effects_spillovers.csv",
        "figures/map_resistance_1990.png", "figures/lisa_resistance_1990.png",
        "figures/map_network_gravity.png", "figures/moran_resistance_1990.png",
        "figures/quadrant_1990.png", "figures/effects_spillovers.png",
        "networks/gravity.graphml", "weights/nearest_4.gal", "weights/nearest_4.gwt",
    ):  # fmt: skip
        assert (output / name).is_file(), name
    _check_hostile_name(output, small_study.cities.loc[0, "cbsa"])
    _check_networks_and_weights(output, len(small_study.cities))
    record = json.loads((output / "run_record.json").read_text(encoding="utf-8"))
    assert record["seed"] == 5
    assert {"numpy", "interurban"} <= set(record["versions"])
    assert all(len(source["sha256"]) == 64 for source in record["sources"])
    assert str(small_study.folder) not in (output / "report.html").read_text(encoding="utf-8")


def _check_hostile_name(output: Path, city: str) -> None:
    page = elements_of(output / "report.html")
    assert "script" not in page.names
    assert all(address.startswith("data:") for address in page.loaded)
    layer = gpd.read_file(output / "west.gpkg", layer="resilience").set_index("city_id")
    assert layer.loc[city, "name"] == HOSTILE
    with sqlite3.connect(output / "west.gpkg") as database:
        for (style,) in database.execute("select styleQML from layer_styles"):
            ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", style))
    book = pd.read_excel(
        output / "tables" / "west.xlsx", sheet_name="resilience", dtype=str, header=None
    )
    assert HOSTILE in set(book.to_numpy().ravel())
    table = pd.read_csv(output / "tables" / "resilience.csv", dtype=str)
    assert HOSTILE in set(table["name"])


def _check_networks_and_weights(output: Path, n: int) -> None:
    graph = nx.read_graphml(output / "networks" / "gravity.graphml")
    assert graph.number_of_nodes() == n
    weights = pysal_io.open(str(output / "weights" / "nearest_4.gal")).read()
    assert weights.n == n
    assert set(weights.cardinalities.values()) == {4}


def test_same_seed_same_tables_and_shuffled_rows_too(small_study, command):
    first, second = (small_study.folder.parent / name for name in ("first", "second"))
    small_study.write()
    assert command("run", small_study.file, "--output", first, "--quiet").status == 0
    order = np.random.default_rng(3)
    small_study.cities = small_study.cities.sample(frac=1, random_state=3)
    small_study.panel = small_study.panel.iloc[order.permutation(len(small_study.panel))]
    small_study.write()
    assert command("run", small_study.file, "--output", second, "--quiet").status == 0

    left, right = tables_of(first), tables_of(second)
    assert left.keys() == right.keys()
    for name in left.keys() - {"passport.csv"}:  # the passport holds the hashes of the files
        assert left[name] == right[name], name


def test_nation_that_hardly_moves_gives_gaps_instead_of_ratios(small_study, command):
    """The national change is below the tolerance: no ratios, the gap stands in and is called so."""
    text = small_study.text
    small_study.text = text.replace('by = "population"', 'by = "population"\ntolerance = 0.4')
    small_study.write()
    output = small_study.folder.parent / "results"
    answer = command("run", small_study.file, "--output", output, "--quiet")
    assert answer.status == 0, answer.err
    table = pd.read_csv(output / "tables" / "resilience.csv")
    assert table["resistance"].isna().all()
    assert table["resistance_gap"].notna().all()
    layer = gpd.read_file(output / "west.gpkg", layer="resilience").set_index("city_id")
    gaps = table.assign(city=table["city"].astype(str)).set_index("city")["resistance_gap"]
    np.testing.assert_allclose(layer["resistance_1990"].sort_index(), gaps.sort_index())
    with sqlite3.connect(output / "west.gpkg") as database:
        names = [row[0] for row in database.execute("select styleName from layer_styles")]
    assert any("gap" in name for name in names)
    assert any("flat" in w or "tolerance" in w or "hardly" in w for w in
               json.loads((output / "run_record.json").read_text())["warnings"])  # fmt: skip


def test_relabelled_cities_give_the_same_numbers(small_study):
    small_study.write()
    plain = run_study(read_study(small_study.file), folder=small_study.folder)
    labels = {old: f"x{99 - at:02d}" for at, old in enumerate(small_study.cities["cbsa"])}
    small_study.cities["cbsa"] = small_study.cities["cbsa"].map(labels)
    small_study.panel["cbsa"] = small_study.panel["cbsa"].map(labels)
    small_study.write()
    renamed = run_study(read_study(small_study.file), folder=small_study.folder)

    np.testing.assert_allclose(
        plain.moran.table["statistic"], renamed.moran.table["statistic"], rtol=1e-9
    )
    np.testing.assert_allclose(
        plain.moran.table["p_permutation"], renamed.moran.table["p_permutation"]
    )
    a = plain.models["spillovers"].effects.table
    b = renamed.models["spillovers"].effects.table
    np.testing.assert_allclose(a.to_numpy(), b.to_numpy(), rtol=1e-6, atol=1e-9)
    key = ("1990-91", "resistance")
    moved = plain.local[key].table.rename(index=labels)
    pd.testing.assert_series_equal(
        moved["cluster"].sort_index(), renamed.local[key].table["cluster"].sort_index(),
        check_names=False,
    )  # fmt: skip


def test_interrupted_run_leaves_nothing(small_study, command, monkeypatch):
    small_study.write()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("analyses.export.write_figures", interrupted)
    output = small_study.folder.parent / "results"
    answer = command("run", small_study.file, "--output", output, "--quiet")
    assert answer.status != 0
    assert sorted(item.name for item in output.parent.iterdir()) == ["study"]


def test_new_study_runs_as_written(small_study, command):
    small_study.write()
    folder = small_study.folder.parent / "mine"
    answer = command(
        "new", folder, "--cities", small_study.folder / "cities.gpkg",
        "--panel", small_study.folder / "panel.csv",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert 'id = "cbsa"' in text
    assert "#   real_income_per_head" in text
    answer = command("check", folder / "study.toml")
    assert answer.status == 0, answer.err
    asked = re.sub(r"^# (?=(focus|ladder|compare|specif|boundary|city_eff))", "", text, flags=re.M)
    assert asked.count("\n# ") <= text.count("\n# ") - 7
    model = study_from_text(asked).models[0]
    assert model.ladder
    assert len(model.compare_weights) == 3
    assert model.specification_curve is not None
    # Its models lag all regressors, so "lagged" is asked for without it.
    text_of_lags = re.sub(r"^# (?=lagged)", "", text, flags=re.M)
    assert study_from_text(text_of_lags).models[0].lagged == (model.focus,)
    again = command(
        "new", folder, "--cities", small_study.folder / "cities.gpkg",
        "--panel", small_study.folder / "panel.csv",
    )  # fmt: skip
    assert again.status == 2
    assert (folder / "study.toml").read_text(encoding="utf-8") == text


@pytest.mark.slow
def test_demo_can_be_repeated_from_its_own_folder(tmp_path, command):
    first, second = tmp_path / "demo-output", tmp_path / "again"
    answer = command("demo", "--output", first, "--quiet")
    assert answer.status == 0, answer.err
    assert answer.out == ""
    # The numbers again, from the file in the folder; drawing everything twice would show no more.
    result = run_study(read_study(first / "study.toml"), folder=first)
    write_csv_tables(second / "tables", study_tables(result))
    assert tables_of(first) == tables_of(second)
    check_in_qgis(first, "us_metros", tmp_path / "pictures")
    assert (first / "explorer.html").stat().st_size < EXPLORER_BYTES
    moran = pd.read_csv(first / "tables" / "global_moran.csv")
    # Known from an independent computation: 0.484 and 0.317 with 6 nearest neighbours in planar
    # degrees; great-circle neighbours are other cities here and there, hence the tolerance.
    six = moran[moran["weights"] == "nearest 6"].set_index("measure")["statistic"]
    assert six["resistance, 1980-82 recession"] == pytest.approx(0.484, abs=0.02)
    assert six["resistance, 1990-91 recession"] == pytest.approx(0.317, abs=0.02)


@pytest.mark.slow
def test_chinese_study(tmp_path, command, shared_folder):
    source = shared_folder / "data" / "china"
    if not source.is_dir():
        pytest.skip("the Chinese city data are not here")
    study = tmp_path / "china"
    shutil.copytree(ROOT / "examples" / "china", study)
    (study / "data").symlink_to(source)
    # Every map is drawn, at the resolution of a screen: that of print takes minutes.
    text = (study / "study.toml").read_text(encoding="utf-8")
    light = text.replace('figures = ["png", "svg"]\ndpi = 300', 'figures = ["png"]\ndpi = 100')
    assert light != text
    (study / "study.toml").write_text(light, encoding="utf-8")
    output = tmp_path / "results"
    answer = command("run", study / "study.toml", "--output", output)
    if "font" in answer.err:
        pytest.skip("no Chinese font is installed")
    assert answer.status == 0, answer.err
    assert "285个城市" in answer.out
    page = (output / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh' in page
    assert "韧性" in page
    assert "\ufffd" not in page
    layer = gpd.read_file(output / "china_cities.gpkg", layer="resilience")
    assert len(layer) == 285
    explorer = output / "explorer.html"
    assert explorer.stat().st_size < EXPLORER_BYTES
    assert "武汉市" in explorer.read_text(encoding="utf-8")
    check_in_qgis(output, "china_cities", tmp_path / "pictures")
    assert "武汉市" in set(layer["name"])
    assert {"010000", "110000"} & set(layer["city_id"])
