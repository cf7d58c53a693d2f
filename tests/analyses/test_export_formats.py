"""A whole run with every format that the outputs of a study can ask for."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import pytest

from analyses.export import run_and_write

OUTPUTS = """report = ["html", "docx", "pdf"]
journal_tables = ["docx", "tex", "html", "md"]
layers = ["shapefile", "geojson", "geoparquet", "flatgeobuf"]
networks = ["graphml", "gexf", "pajek", "ucinet"]
weights = ["gal", "swm"]
report_template = "own.html.j2"
"""


@pytest.mark.slow
@pytest.mark.usefixtures("weasyprint")
def test_every_format_of_a_study(small_study):
    pytest.importorskip("docx")
    name = 'A "<b>" & =SUM(A1) 北京'
    small_study.cities.loc[0, "name"] = name
    small_study.text = small_study.text.replace("dpi = 72\n", "dpi = 72\n" + OUTPUTS)
    (small_study.folder / "own.html.j2").write_text(
        '{% extends "report.html.j2" %}{% block header %}<h1>Own header</h1>{% endblock %}'
    )
    output = small_study.folder.parent / "results"
    run_and_write(small_study.write(), output)
    for file in (
        "report.html", "report.docx", "report.pdf",
        "tables/journal_tables.docx", "tables/journal_tables.tex",
        "tables/journal_tables.html", "tables/journal_tables.md",
        "networks/gravity.graphml", "networks/gravity.gexf",
        "networks/gravity.net", "networks/gravity.dl.txt",
        "weights/nearest_4.gal", "weights/nearest_4.swm",
    ):  # fmt: skip
        assert (output / file).stat().st_size > 500, file
    assert "Own header" in (output / "report.html").read_text(encoding="utf-8")
    wanted = gpd.read_file(output / "west.gpkg", layer="resilience").set_index("city_id")
    city = small_study.cities.loc[0, "cbsa"]
    for file in ("resilience.geojson", "resilience.fgb", "resilience.shp.zip"):
        back = gpd.read_file(output / "layers" / file).set_index("city_id")
        assert set(back.index) == set(wanted.index), file
        assert back.loc[city, "name"] == name, file
    parquet = gpd.read_parquet(output / "layers" / "resilience.parquet").set_index("city_id")
    column = "resistance_1990"
    assert parquet[column].to_dict() == pytest.approx(wanted[column].to_dict(), nan_ok=True)
    graphml = nx.read_graphml(output / "networks" / "gravity.graphml")
    gexf = nx.read_gexf(output / "networks" / "gravity.gexf")
    assert set(graphml) == set(gexf)
    assert graphml.number_of_edges() == gexf.number_of_edges()
    assert graphml.nodes[city]["label"] == gexf.nodes[city]["label"] == name
