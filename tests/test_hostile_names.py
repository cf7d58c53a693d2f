"""Names that break careless writers go through every writer and come back by other programs.

Each case writes cities whose names *and* ids are hostile and reads both back with a program that
is not ours (GDAL, SQLite, expat, networkx, pysal, openpyxl, python-docx, a browser's parser). What
a format cannot hold is a function in the table below, never a surprise.
"""

from __future__ import annotations

import csv
import errno
import html
import html.parser
import json
import re
import sqlite3
import tomllib
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import geopandas as gpd
import libpysal
import networkx as nx
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet
import pyogrio
import pytest
from scipy import sparse
from scipy.io import loadmat
from shapely import Point

from analyses.city_template import write_city_template
from analyses.export import write_study_file
from analyses.report_content import ReportContent, ReportTable, Section, write_report
from analyses.report_pdf import write_pdf_report
from analyses.report_word import write_word_report
from networks.types import LinkageNetwork
from shapefiles.ergm_files import write_ergm
from shapefiles.figures import PlotOptions, ranking_plot, save_figure
from shapefiles.geopackage import write_geopackage
from shapefiles.graph_files import write_edge_list, write_graphml
from shapefiles.graph_formats import write_gexf, write_pajek, write_ucinet
from shapefiles.journal_files import write_journal_tables
from shapefiles.journal_table import BodyRow, JournalTable, single
from shapefiles.layers import AttributeTable, Layer, name_labels
from shapefiles.qgis_project import Layout, Theme, write_qgis_project
from shapefiles.styles import categorised_style, sized_point_style
from shapefiles.tables import write_csv_tables
from shapefiles.vector_files import (
    write_flatgeobuf,
    write_geojson,
    write_geoparquet,
    write_shapefile,
)
from shapefiles.weights_files import write_gal, write_gwt
from shapefiles.weights_writers import write_mat, write_matrix_csv, write_matrix_excel, write_swm
from shapefiles.workbook import write_workbook
from spatial.errors import ExportError
from spatial.weights.types import Weights

# ---- what formats cannot hold


def whole(text: str) -> str:
    """Nothing is lost."""
    return text


def without_nul(text: str) -> str:
    """SQLite, dBASE and GDAL end a text at a NUL."""
    return text.replace("\x00", "")


def in_xml(text: str) -> str:
    """XML 1.0 has no control characters but tab and line break."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)


def in_html(text: str) -> str:
    """Pages have one kind of line break."""
    return in_xml(text).replace("\r", "\n")


def on_one_line(text: str) -> str:
    """Cells of printed tables: no line breaks, no control characters."""
    kept = "".join(sign for sign in in_xml(text) if sign in "\t\n\r" or ord(sign) not in CONTROLS)
    return re.sub("[\t\n\r\u2028\u2029]+", " ", kept)


def in_title(text: str) -> str:
    """Titles of layers: one line, single blanks, 300 characters."""
    line = " ".join(in_xml(text).split())
    return line if len(line) <= 300 else line[:299].rstrip() + "…"


CONTROLS = {*range(0x20), *range(0x7F, 0xA0)}


def in_quotes(text: str) -> str:
    """Pajek and UCINET: one line, apostrophes for quotation marks, 250 characters, no margins."""
    return on_one_line(text).replace('"', "'").replace("\\", "/")[:250].strip()


def in_matlab(text: str) -> str:
    """MATLAB pads by NUL, which readers take for blanks."""
    return text.replace("\x00", " ")


def in_markdown(text: str) -> str:
    """Pipe tables drop blanks at both ends of a cell."""
    return on_one_line(text).strip()


def in_dbase(text: str) -> str:
    """DBASE: 254 bytes, padded by spaces; readers drop them at both ends."""
    return without_nul(text).encode()[:254].decode("utf-8", "ignore").strip(" ")


class Known(NamedTuple):
    """Ids and names as a file gives them back."""

    ids: list[str]
    names: list[str]


class Cities(NamedTuple):
    """Cities with hostile ids and names, and what is said of them."""

    layer: gpd.GeoDataFrame
    network: LinkageNetwork
    weights: Weights


@pytest.fixture(scope="module")
def cities(hostile_names) -> Cities:
    ids = pd.Index(hostile_names, name="city")
    n = len(ids)
    layer = gpd.GeoDataFrame(
        {"name": list(hostile_names), "strength": np.arange(n) + 0.5},
        geometry=[Point(at, at % 7) for at in range(n)],
        index=ids,
        crs="EPSG:4326",
    )
    layer["longitude"], layer["latitude"] = layer.geometry.x, layer.geometry.y
    ring = sparse.csr_array((np.ones(n), (range(n), [*range(1, n), 0])), shape=(n, n))
    network = LinkageNetwork(ids, ring, True, description=" | ".join(hostile_names))
    return Cities(layer, network, Weights(ids, (ring,)))


# ---- writers, each with an independent reader


def geopackage_layer(cities: Cities, folder: Path) -> Known:
    path = write_geopackage(folder / "c.gpkg", [_layer(cities)])
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT city_id, name FROM cities ORDER BY fid").fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    by_gdal = pyogrio.read_dataframe(path, layer="cities")
    assert by_gdal["name"].tolist() == [name for _, name in rows]
    return Known(*map(list, zip(*rows, strict=True)))


def geopackage_table(cities: Cities, folder: Path) -> Known:
    table = AttributeTable(table="plain", title="t", data=pd.DataFrame(cities.layer[["name"]]))
    path = write_geopackage(folder / "c.gpkg", [_layer(cities)], attribute_tables=[table])
    back = pyogrio.read_dataframe(path, layer="plain", read_geometry=False)
    return Known(back["city"].tolist(), back["name"].tolist())


def geopackage_style(cities: Cities, folder: Path) -> Known:
    path = write_geopackage(folder / "c.gpkg", [_layer(cities)])
    with closing(sqlite3.connect(path)) as database:
        (style,) = database.execute(
            "SELECT styleQML FROM layer_styles WHERE styleQML LIKE '%categorizedSymbol%'"
        ).fetchone()
    categories = _xml(style).findall(".//category")
    known = {one.get("value") for one in categories}
    values = [name for name in map(in_xml, cities.layer["name"]) if name in known]
    assert len(known - {""}) == len(values)  # in the order of the alphabet there
    return Known(values, values)


def geopackage_words(cities: Cities, folder: Path) -> Known:
    """Titles of layers and their metadata; the names as columns with aliases."""
    names = cities.layer["name"].tolist()
    data = cities.layer[["geometry"]].assign(**dict.fromkeys(names, 1.0))
    style = sized_point_style(data["NA"], column="NA", title="t")
    layers = [
        Layer(
            table=f"t{at}",
            title=name,
            abstract=name,
            data=data if at == 0 else data[["geometry", "NA"]].iloc[:1],
            styles=(style,),
        )
        for at, name in enumerate(names)
    ]
    path = write_geopackage(folder / "c.gpkg", layers, title=names[0])
    with closing(sqlite3.connect(path)) as database:
        aliases = {text for (text,) in database.execute("SELECT title FROM gpkg_data_columns")}
        fields = {row[1] for row in database.execute("PRAGMA table_info(t0)")}
        documents = [one for (one,) in database.execute("SELECT metadata FROM gpkg_metadata")]
    assert {in_xml(" ".join(name.split())) for name in names} <= aliases | fields
    first, *others = [_xml(one) for one in documents]
    assert first.findtext("title") == names[0]
    return Known(*([one.findtext(tag) for one in others] for tag in ("title", "abstract")))


def qgis_project(cities: Cities, folder: Path) -> Known:
    """Themes and layouts hold the names; nothing is left for QGIS to evaluate."""
    names = cities.layer["name"].tolist()
    layer = _layer(cities.layer, " | ".join(names))
    themes = [Theme(name=name, shown=("cities",)) for name in names]
    pages = [Layout(name=name, theme=name, title=name, note=name) for name in names]
    path = write_qgis_project(
        folder / "c.qgz", "c.gpkg", [layer], themes, pages, title=names[0], abstract=names[4]
    )
    with zipfile.ZipFile(path) as archive:
        (inside,) = [one for one in archive.namelist() if one.endswith(".qgs")]
        root = _xml(archive.read(inside).decode())
    assert root.findtext("projectMetadata/title") == names[0]
    texts = [item.get("labelText") or "" for item in root.iter("LayoutItem")]
    assert not any("[%" in text for text in texts)
    presets = [one.get("name") for one in root.iter("visibility-preset")]
    return Known(presets, [one.get("name") for one in root.iter("Layout")])


def shapefile(cities: Cities, folder: Path) -> Known:
    told = write_shapefile(cities.layer, folder / "c.shp.zip")
    assert told.cut == {"city": 1, "name": 1}  # the one of 300 characters, and it is said
    back = pyogrio.read_dataframe(f"/vsizip/{told.path}/c.shp")
    return Known(back["city"].fillna("").tolist(), back["name"].fillna("").tolist())


def geojson(cities: Cities, folder: Path) -> Known:
    path = write_geojson(cities.layer, folder / "c.geojson")
    rows = [one["properties"] for one in json.loads(path.read_bytes())["features"]]
    return Known([row["city"] for row in rows], [row["name"] for row in rows])


def geoparquet(cities: Cities, folder: Path) -> Known:
    path = write_geoparquet(cities.layer, folder / "c.parquet")
    table = pyarrow.parquet.read_table(path).to_pydict()
    return Known(table["city"], table["name"])


def flatgeobuf(cities: Cities, folder: Path) -> Known:
    path = write_flatgeobuf(cities.layer, folder / "c.fgb")
    back = pyogrio.read_dataframe(path).sort_values("strength")  # rows are ordered by place
    return Known(back["city"].tolist(), back["name"].tolist())


def graphml(cities: Cities, folder: Path) -> Known:
    path = write_graphml(cities.network, cities.layer, folder / "n.graphml")
    back = nx.read_graphml(path)
    assert back.number_of_edges() == cities.network.n
    return Known(list(back), [back.nodes[one]["label"] for one in back])


def gexf(cities: Cities, folder: Path) -> Known:
    path = write_gexf(cities.network, cities.layer, folder / "n.gexf")
    back = nx.read_gexf(path)
    assert back.number_of_edges() == cities.network.n
    return Known(list(back), [back.nodes[one]["label"] for one in back])


def pajek(cities: Cities, folder: Path) -> Known:
    path = write_pajek(cities.network, cities.layer, folder / "n.net")
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    n = cities.network.n
    assert lines[0] == f"*Vertices {n}"
    assert lines[n + 1] == "*Arcs"
    labels = [re.fullmatch(r'\d+ "([^"]*)" [\d.]+ [\d.]+', line)[1] for line in lines[1 : n + 1]]
    return Known(_plain_labels(labels, cities), _plain_labels(labels, cities))


def ucinet(cities: Cities, folder: Path) -> Known:
    path = write_ucinet(cities.network, folder / "n.dl.txt", cities=cities.layer)
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    n = cities.network.n
    assert lines[:3] == [f"dl n={n}", "format = edgelist1", "labels:"]
    assert lines[n + 3] == "data:"
    quoted = lines[3 : n + 3]
    assert all(line.startswith('"') or re.fullmatch(r"[\w.+-]+", line) for line in quoted)
    labels = _plain_labels([line.strip('"') for line in quoted], cities)
    return Known(labels, labels)


def edge_list(cities: Cities, folder: Path) -> Known:
    path = write_edge_list(cities.network, folder / "links.csv", cities=cities.layer)
    rows = _csv(path)
    return Known([row["from_id"] for row in rows], [row["from_name"] for row in rows])


def gal(cities: Cities, folder: Path) -> Known:
    path = write_gal(cities.weights, folder / "w.gal", layer="[% now() %]\n", id_field="a b")
    back = libpysal.io.open(str(path), "r").read()
    keys = {row["record"]: row["city_id"] for row in _csv(f"{path}.ids.csv")}
    ids = [keys[str(one)] for one in back.id_order]
    assert all(len(back.neighbors[one]) == 1 for one in back.neighbors)
    return Known(ids, ids)


def gwt(cities: Cities, folder: Path) -> Known:
    path = write_gwt(cities.weights, folder / "w.gwt")
    back = libpysal.io.open(str(path), "r").read()
    keys = {row["record"]: row["city_id"] for row in _csv(f"{path}.ids.csv")}
    ids = [keys[str(one)] for one in sorted(back.neighbors, key=int)]
    return Known(ids, ids)


def swm(cities: Cities, folder: Path) -> Known:
    path = write_swm(cities.weights, folder / "w.swm")
    back = libpysal.io.open(str(path), "r").read()
    keys = {row["record"]: row["city_id"] for row in _csv(f"{path}.ids.csv")}
    ids = [keys[str(one)] for one in sorted(back.neighbors, key=int)]
    return Known(ids, ids)


def mat(cities: Cities, folder: Path) -> Known:
    cells = loadmat(write_mat(cities.weights, folder / "w.mat"))["ids"].ravel()
    ids = [str(cell[0]) if cell.size else "" for cell in cells]
    return Known(ids, ids)


def matrix_csv(cities: Cities, folder: Path) -> Known:
    with write_matrix_csv(cities.weights, folder / "w.csv").open(
        encoding="utf-8-sig", newline=""
    ) as stream:
        rows = list(csv.reader(stream))
    return Known(rows[0][1:], [row[0] for row in rows[1:]])


def matrix_excel(cities: Cities, folder: Path) -> Known:
    path = write_matrix_excel(cities.weights, folder / "w.xlsx")
    assert {cell.data_type for cell in openpyxl.load_workbook(path)["W"]["A"]} == {"s"}
    cells = _sheet(path, 1)
    n = cities.weights.n
    return Known(cells[1 : n + 1], cells[n + 1 :])


def csv_tables(cities: Cities, folder: Path) -> Known:
    path = write_csv_tables(folder, {"x": pd.DataFrame(cities.layer[["name"]])})["x"]
    rows = _csv(path)
    return Known([row["city"] for row in rows], [row["name"] for row in rows])


def workbook(cities: Cities, folder: Path) -> Known:
    frame = pd.DataFrame(cities.layer[["name"]])
    tables = dict.fromkeys(cities.layer["name"], frame)  # names of sheets, too
    path = write_workbook(folder / "t.xlsx", tables, title="".join(cities.layer["name"]))
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == 1 + len(tables)
    sheet = book[book.sheetnames[-1]]
    assert {cell.data_type for cell in (*sheet["A"], *sheet["B"])} == {"s"}
    texts = _sheet(path, len(book.sheetnames))[2:]
    return Known(texts[::2], texts[1::2])


def journal_word(cities: Cities, folder: Path) -> Known:
    docx = pytest.importorskip("docx")
    document = docx.Document(str(_journal(cities, folder / "t.docx")))
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows][1:]
    return Known([row[0] for row in rows], [row[1] for row in rows])


def journal_html(cities: Cities, folder: Path) -> Known:
    return _html_cells(_journal(cities, folder / "t.html").read_text("utf-8"))


def journal_excel(cities: Cities, folder: Path) -> Known:
    sheet = openpyxl.load_workbook(_journal(cities, folder / "t.xlsx"))["one"]
    _caption, _head, *rows = sheet.iter_rows(values_only=True)
    body = [row for row in rows if row[1] is not None]  # the notes fill one cell
    return Known([row[0] for row in body], [row[1] for row in body])


def journal_markdown(cities: Cities, folder: Path) -> Known:
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    return _html_cells(parser.render(_journal(cities, folder / "t.md").read_text("utf-8")))


def journal_latex(cities: Cities, folder: Path) -> Known:
    text = _journal(cities, folder / "t.tex").read_text("utf-8")
    body = text.partition(r"\midrule[0.75pt]")[2].partition(r"\bottomrule")[0]
    rows = [line.split(" & ") for line in body.split(" \\\\\n") if line.strip()]
    return Known(*([_tex(row[at]) for row in rows] for at in (0, 1)))


def report_html(cities: Cities, folder: Path) -> Known:
    page = write_report(_report(cities), folder / "r.html").read_text("utf-8")
    known = _html_cells(page)
    sentences = re.findall(r"<li>(.*?)</li>", page.partition("</nav>")[2], flags=re.DOTALL)
    assert [html.unescape(one) for one in sentences] == known.names
    return known


def report_word(cities: Cities, folder: Path) -> Known:
    docx = pytest.importorskip("docx")
    document = docx.Document(str(write_word_report(_report(cities), folder / "r.docx")))
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows][1:]
    said = [one.text for one in document.paragraphs if one.style.name == "List Bullet"]
    assert said == [row[1] for row in rows]
    return Known([row[0] for row in rows], [row[1] for row in rows])


def ergm(cities: Cities, folder: Path) -> Known:
    """Read as R reads: a CSV with quotes, and strings with backslashes in the script."""
    table = pd.DataFrame({"name": cities.layer["name"], **dict.fromkeys(cities.layer.index, 1.5)})
    script = write_ergm(cities.network, folder, cities=table).read_text("utf-8")
    strings = re.findall(r'net %v% ("(?:[^"\\]|\\.)*")', script)
    rows = _csv(folder / "cities.csv")
    assert [json.loads(text) for text in strings] == list(rows[0])[1:]
    assert all(line.startswith("#") for line in script.split("\n")[:5])
    return Known([row["id"] for row in rows], [row["name"] for row in rows])


def study_file(cities: Cities, folder: Path) -> Known:
    names = cities.layer["name"].tolist()
    text = f"title = {json.dumps(names[0])}\nnames = {json.dumps(names, ensure_ascii=True)}\n"
    text = re.sub(r"\\ud[89ab]\w\w\\ud[c-f]\w\w", _pair, text)
    write_study_file(text, folder / "study.toml", language="zh", seed=1)
    back = tomllib.loads((folder / "study.toml").read_text("utf-8"))["names"]
    return Known(back, back)


class Case(NamedTuple):
    """A writer with its reader, and what its format cannot hold."""

    there_and_back: Callable[[Cities, Path], Known]
    ids: Callable[[str], str]
    names: Callable[[str], str]


CASES = [
    Case(geopackage_layer, without_nul, without_nul),
    Case(geopackage_table, without_nul, without_nul),
    Case(geopackage_style, in_xml, in_xml),
    Case(geopackage_words, in_title, in_xml),
    Case(qgis_project, in_xml, in_xml),
    Case(shapefile, in_dbase, in_dbase),
    Case(geojson, without_nul, without_nul),
    Case(geoparquet, without_nul, without_nul),
    Case(flatgeobuf, without_nul, without_nul),
    Case(graphml, in_xml, in_xml),
    Case(gexf, in_xml, in_xml),
    Case(pajek, in_quotes, in_quotes),
    Case(ucinet, in_quotes, in_quotes),
    Case(edge_list, whole, whole),
    Case(gal, whole, whole),
    Case(gwt, whole, whole),
    Case(swm, whole, whole),
    Case(mat, in_matlab, in_matlab),
    Case(matrix_csv, whole, whole),
    Case(matrix_excel, whole, whole),
    Case(csv_tables, whole, whole),
    Case(workbook, whole, whole),
    Case(journal_word, on_one_line, on_one_line),
    Case(journal_html, on_one_line, on_one_line),
    Case(journal_excel, on_one_line, on_one_line),
    Case(journal_markdown, in_markdown, in_markdown),
    Case(journal_latex, on_one_line, on_one_line),
    Case(report_html, in_html, in_html),
    Case(report_word, on_one_line, on_one_line),
    Case(ergm, without_nul, without_nul),
    Case(study_file, whole, whole),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.there_and_back.__name__)
def test_there_and_back(case, cities, tmp_path):
    known = case.there_and_back(cities, tmp_path)
    assert known.ids == [case.ids(one) for one in cities.layer.index]
    assert known.names == [case.names(one) for one in cities.layer["name"]]


# ---- faults in the middle


def _disk_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


FAULTS = {
    "disk full": ("shapefiles.atomic._flush_to_disk", _disk_full, ExportError),
    "old file held": ("shapefiles.atomic.os.replace", _disk_full, ExportError),
    "stopped": ("shapefiles.atomic._flush_to_disk", _stopped, KeyboardInterrupt),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.there_and_back.__name__)
def test_a_fault_leaves_the_old_files_whole(case, cities, tmp_path, monkeypatch):
    case.there_and_back(cities, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert before
    for place, failing, error in FAULTS.values():
        with monkeypatch.context() as patch:
            patch.setattr(place, failing)
            with pytest.raises(error):
                case.there_and_back(cities, tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def pictures(folder: Path) -> None:
    ranking = pd.Series([2.0, 1.0], pd.Index(["a", "b"]))
    names = pd.Series(["A", "B"], ranking.index)
    ax = ranking_plot(ranking, names=names, axis_label="x", options=PlotOptions(title="t"))
    save_figure(ax, folder / "figure", formats=("png", "svg", "pdf"), dpi=72)


def pdf_report(folder: Path) -> None:
    try:
        write_pdf_report(ReportContent("Title", "en"), folder / "report.pdf")
    except ExportError as error:
        if "Pango" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", [pictures, pdf_report])
def test_a_fault_leaves_other_files_whole(write, fault, tmp_path, monkeypatch):
    write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    place, failing, error = FAULTS[fault]
    monkeypatch.setattr(place, failing)
    with pytest.raises(error):
        write(tmp_path)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_no_half_template(fault, tmp_path, monkeypatch):
    place, failing, error = FAULTS[fault]
    monkeypatch.setattr(place, failing)
    with pytest.raises(error):
        write_city_template(tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- helpers


def _layer(cities: Cities | gpd.GeoDataFrame, title: str = "Cities") -> Layer:
    data = cities.layer if isinstance(cities, Cities) else cities
    labels = name_labels(data["strength"], priority="strength")
    return Layer(
        table="cities",
        title=title,
        abstract=title,
        group=title,
        data=data.assign(kind=data["name"]),
        styles=(
            sized_point_style(data["strength"], column="strength", title=title).with_labels(labels),
            categorised_style(
                data["name"], column="kind", title="Categories", geometry="point", most=99
            ),
        ),
        aliases={"name": title},
    )


def _xml(text: str) -> ET.Element:
    return ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", text))


def _csv(path: Path | str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _sheet(path: Path, number: int) -> list[str]:
    """Texts of a sheet, row by row, the escapes of the file format undone.

    openpyxl undoes one of them only.
    """
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as archive:
        shared = []
        if "xl/sharedStrings.xml" in archive.namelist():
            root = ET.fromstring(archive.read("xl/sharedStrings.xml"))
            shared = [one.findtext(f"{space}t") for one in root]
        sheet = ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
    texts = []
    for cell in sheet.iter(f"{space}c"):
        if cell.get("t") == "s":
            texts.append(shared[int(cell.findtext(f"{space}v"))])
        elif cell.get("t") == "inlineStr":
            texts.append(cell.findtext(f"{space}is/{space}t"))
    return [
        re.sub(r"_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text or "")
        for text in texts
    ]


def _plain_labels(labels: list[str], cities: Cities) -> list[str]:
    """Labels without the id that tells repeated or empty ones apart."""
    assert len({label.casefold() for label in labels}) == len(labels)
    return [
        "" if not name.strip() else label
        for label, name in zip(labels, cities.layer["name"], strict=True)
    ]


def _journal(cities: Cities, path: Path) -> Path:
    pairs = zip(cities.layer.index, cities.layer["name"], strict=True)
    rows = tuple(BodyRow(pair) for pair in pairs)
    names = tuple(cities.layer["name"])
    table = JournalTable((single(["Id", names[0]]),), rows, ("words", "words"), names[4], names)
    return write_journal_tables(path, {"one": table})


def _report(cities: Cities) -> ReportContent:
    names = tuple(cities.layer["name"])
    frame = pd.DataFrame({"Id": list(cities.layer.index), "City": names})
    table = ReportTable("Table", frame, notes=names)
    return ReportContent(
        "Title", "en", sections=(Section("maps", "Maps", points=names, tables=(table,)),)
    )


class _Cells(html.parser.HTMLParser):
    """Cells of the rows of a page; anything that could act makes it fail."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.open = False

    def handle_starttag(self, tag, attrs):
        assert tag not in {"script", "iframe", "img", "object", "embed"}
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.open = True

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.open = False

    def handle_data(self, data):
        if self.open:
            self.rows[-1][-1] += data


def _html_cells(page: str) -> Known:
    reader = _Cells()
    reader.feed(page)
    return Known([row[0] for row in reader.rows[1:]], [row[1] for row in reader.rows[1:]])


_TEX_SIGNS = {
    "textbackslash": "\\",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciigrave": "`",
    "textquotedbl": '"',
}


def _tex(cell: str) -> str:
    """Read a cell as TeX does: escaped signs, named signs, dashes, empty groups."""
    tokens = re.findall(r"\\[a-zA-Z]+\{\}|\\.|---|--|\{\}|\$-\$|~|.", cell)
    assert not {"$", "%", "&", "#", "_", "^", "{", "}", "\\"} & set(tokens), cell
    plain = {"---": "—", "--": "–", "{}": "", "$-$": "−", "~": "\u00a0"}
    return "".join(
        plain.get(one, _TEX_SIGNS.get(one[1:-2], one[1:] if one[0] == "\\" else one))
        for one in tokens
    )


def _pair(match: re.Match[str]) -> str:
    """JSON writes a sign beyond 16 bits as two; TOML as one."""
    return f"\\U{ord(json.loads(chr(34) + match[0] + chr(34))):08x}"
