"""The workbook to fill: what it holds, and that a filled one is read back by the study reader."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from analyses.city_template import write_city_template
from analyses.indices import composite_index, indicator_systems, read_indicator_system
from analyses.study_file import read_study
from shapefiles.read_study import read_study_area
from shapefiles.read_tables import read_table
from shapefiles.sources import CitiesSource, PanelSource
from spatial.errors import ConfigError, ExportError

CITIES = [
    ("010100", "甲市", "Jia", "甲省", "west", "ordinary", 103.8, 36.1),
    ("310000", "乙市", "Yi", "乙省", "east", "capital", 121.5, 31.2),
    ("410100", "丙市", "Bing", "丙省", "centre", "capital", 113.7, 34.7),
]
YEARS = (2018, 2019, 2020)


@pytest.fixture
def files(tmp_path):
    return write_city_template(tmp_path / "study", language="zh")


def fill(path, *, keep):
    """Fill as a person does: delete unused columns, type the figures."""
    book = openpyxl.load_workbook(path)
    for row in CITIES:
        book["cities"].append(row)
    sheet = book["data"]
    for place in range(sheet.max_column, 0, -1):
        if sheet.cell(1, place).value.split("\n")[0] not in keep:
            sheet.delete_cols(place)
    heads = [cell.value.split("\n")[0] for cell in sheet[1]]
    for i, (code, *_) in enumerate(CITIES):
        for year in YEARS:
            figures = {head: 10.0 + 3 * i + (year - 2018) * (1 + k) for k, head in enumerate(heads)}
            sheet.append([{**figures, "code": code, "year": year}[head] for head in heads])
    book.save(path)


def test_sheets_headings_and_definitions(files):
    workbook, _ = files
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["cities", "data", "definitions", "how_to"]
    heads = [cell.value.split("\n") for cell in book["data"][1]]
    assert all(len(lines) == 3 for lines in heads)
    codes = [lines[0] for lines in heads]
    wanted = {i.column for name in indicator_systems() for i in read_indicator_system(name)}
    assert wanted <= set(codes)
    assert len(codes) == len(set(codes))
    chinese, english = next(lines[1:] for lines in heads if lines[0] == "digital_finance")
    assert "数字普惠金融" in chinese
    assert "Digital financial inclusion" in english
    table = pd.read_excel(workbook, sheet_name="definitions", header=0)
    assert set(table.iloc[:, 0]) == wanted
    shared = table[table.iloc[:, 0] == "internet_penetration"].iloc[0, -1]
    assert "internet-huang-2019" in shared
    assert "digital-economy-zhao-2020" in shared


def test_filled_workbook_is_read_back(files):
    workbook, _ = files
    system = read_indicator_system("internet-huang-2019")
    fill(workbook, keep={"code", "year", "employment", *(i.column for i in system)})
    area = read_study_area(
        CitiesSource(
            workbook,
            id="code",
            name="name",
            longitude="longitude",
            latitude="latitude",
            crs="EPSG:4326",
            groups={"region": "region"},
            sheet="cities",
        ),
        PanelSource(workbook, city="code", year="year", sheet="data"),
    )
    assert list(area.cities.index) == ["010100", "310000", "410100"]
    assert area.cities["name"].to_list() == ["甲市", "乙市", "丙市"]
    assert len(area.panel) == 9
    result = composite_index(area.panel, system, method="equal")
    assert result.scores.loc[("410100", 2020)] == pytest.approx(1)
    assert result.scores.loc[("010100", 2018)] == pytest.approx(0)


def test_study_file_fits_the_workbook(files):
    workbook, file = files
    study = read_study(file)
    assert (study.cities.file, study.cities.sheet) == (workbook.name, "cities")
    assert (study.panel.sheet, study.panel.city, study.panel.year) == ("data", "code", "year")
    assert study.language == "zh"


def test_check_of_a_filled_study(files, command):
    workbook, file = files
    keep = {"code", "year", "employment", "internet_penetration", "gdp_per_head", "digital_finance"}
    fill(workbook, keep=keep)
    text = file.read_text(encoding="utf-8")
    text = text.replace("[2011, 2017]", "[2018, 2019]").replace("[2017, 2022]", "[2019, 2020]")
    file.write_text(text.replace("\nk = 6\n", "\nk = 2\n"), encoding="utf-8")
    answer = command("check", file)
    assert answer.status == 0, answer.err


def test_command(tmp_path, command):
    answer = command("new", tmp_path / "a", "--template", "china-cities")
    assert answer.status == 0
    assert (tmp_path / "a" / "china-cities.xlsx").is_file()
    assert command("new", tmp_path / "a", "--template", "china-cities").status == 2
    wrong = command("new", tmp_path / "b", "--template", "china")
    assert wrong.status == 2
    assert "china-cities" in wrong.err
    assert command("new", tmp_path / "b").status == 2
    both = command("new", tmp_path / "b", "--template", "china-cities", "--cities", "x.csv")
    assert "not both" in both.err
    assert not (tmp_path / "b").exists()


def test_files_are_never_replaced_and_bytes_repeat(tmp_path):
    first, _ = write_city_template(tmp_path / "a")
    second, _ = write_city_template(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(ExportError, match="not replaced"):
        write_city_template(tmp_path / "a")
    with pytest.raises(ConfigError):
        write_city_template(tmp_path / "c", language="de")


def test_headings_that_differ_below_stay_whole(tmp_path):
    path = tmp_path / "years.xlsx"
    frame = pd.DataFrame([[1, 2, 3]], columns=["code", "GDP\n2019", "GDP\n2020"])
    frame.to_excel(path, index=False)
    found = read_table(path, role="panel").frame
    assert list(found.columns) == ["code", "GDP\n2019", "GDP\n2020"]
