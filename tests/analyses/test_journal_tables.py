"""The tables of a paper on a small real study: which, in which order, in both languages."""

from __future__ import annotations

import re

import pytest

from analyses.journal_tables import journal_tables
from analyses.report_equations import model_equations
from analyses.run import run_study
from analyses.study_file import read_study
from shapefiles.journal_files import write_journal_tables

QUESTIONS = """
ladder = true
compare_weights = ["nearest 4", "gravity linkage"]
specifications = ["sar", "sdm"]
"""


@pytest.fixture(params=["en", "zh"])
def result(request, small_study):
    small_study.text = small_study.text.replace(
        'weights = "nearest 4"\n', 'weights = ["nearest 4", "gravity linkage"]\n' + QUESTIONS
    )
    study = read_study(small_study.write(), language=request.param)
    return run_study(study, folder=small_study.folder)


def test_order_numbers_and_wording(result, tmp_path):
    tables = journal_tables(result)
    keys = [key[3:] for key in tables]
    assert keys == [
        *("descriptive", "correlations", "nation", "types", "top resistance", "top recovery"),
        *("structure", "central cities", "weights", "Moran", "clusters", "specification tests"),
        *("baseline", "weights choice", "models", "effects", "other weights"),
    ]
    chinese = result.study.language == "zh"
    for key, table in tables.items():
        assert table.title, key
        heads = [cell.text for row in table.head for cell in row if cell.text]
        raw = [one for one in heads if re.fullmatch(r"[a-z]+_[a-z_]+", one)]
        assert set(raw) <= set(result.area.panel.columns), key  # the study words none of them
        if chinese:
            assert re.search(r"[\u4e00-\u9fff]", table.title), key
    described = tables["01 descriptive"]
    assert [row.cells[1] for row in described.rows] == [
        str(result.models["spillovers"].result.n_cities * 9)
    ] * 2
    best = result.resilience.of("1990-91")["resistance"].idxmax()
    top = tables["05 top resistance"].rows[0].cells
    assert top[:2] == ("1", result.area.cities.loc[best, "name"])
    assert any("nearest 4" in note for note in tables["15 models"].notes)
    for ending in ("docx", "xlsx", "tex", "html", "md"):
        assert write_journal_tables(tmp_path / f"tables.{ending}", tables).stat().st_size > 1000
    (equation,) = model_equations(result, result.models["spillovers"])
    assert equation.latex() == (
        r"y_{it} = \rho \sum_{j} w_{ij} y_{jt} + x_{it}' \beta + \sum_{j} w_{ij} x_{jt}' \theta "
        r"+ \mu_{i} + \tau_{t} + \varepsilon_{it}"
    )
    assert "nearest 4" in equation.where
