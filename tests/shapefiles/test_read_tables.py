"""Tables: CSV, Excel and Parquet come in as they are, or with a clear error."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapefiles.read_tables import read_table
from spatial.errors import InputError

HOSTILE = ['="1+1"', "=SUM(A1)", "<script>alert(1)</script>", "A & B", 'O\'Hare "x"', "🏙️", "北京市"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_encoding_and_delimiter(
    tmp_path: Path, few_figures: pd.DataFrame, delimiter: str, encoding: str
) -> None:
    table = few_figures.assign(name="北京市")
    if encoding != "gb18030":
        table.loc[: len(HOSTILE) - 1, "name"] = HOSTILE
    file = tmp_path / "panel.csv"
    table.to_csv(file, index=False, sep=delimiter, encoding=encoding)
    read = read_table(file, role="panel", needed=["id", "year"])
    assert read.frame["id"].tolist() == table["id"].tolist()
    assert read.frame["name"].tolist() == table["name"].tolist()
    said = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "gb18030": "GB18030"}
    assert read.source.encoding == said.get(encoding, "UTF-16")
    assert [entry.subject for entry in read.entries] == (
        ["passport_encoding_recognised"] if encoding == "gb18030" else []
    )


@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_survives_csv_and_parquet(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    table = pd.DataFrame({"id": [f"0{row}" for row in range(len(names))], "name": names})
    table.to_csv(folder / "a.csv", index=False, encoding="utf-8")
    table.to_parquet(folder / "a.parquet", index=False)
    for file in ("a.csv", "a.parquet"):
        frame = read_table(folder / file, role="panel").frame
        assert frame["id"].tolist() == table["id"].tolist()
        assert frame["name"].tolist() == names


def test_hostile_names_survive_excel(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": [f"0{row}" for row in range(len(HOSTILE))], "name": HOSTILE})
    file = tmp_path / "panel.xlsx"
    with pd.ExcelWriter(
        file, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_formulas": False}}
    ) as book:
        table.to_excel(book, index=False)
    frame = read_table(file, role="panel").frame
    assert frame["id"].tolist() == table["id"].tolist()
    assert frame["name"].tolist() == HOSTILE


def test_excel_sheets(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    file = tmp_path / "panel.xlsx"
    with pd.ExcelWriter(file) as book:
        pd.DataFrame({"note": ["source: BEA"]}).to_excel(book, sheet_name="读我", index=False)
        few_figures.to_excel(book, sheet_name="panel", index=False)
    by_columns = read_table(file, role="panel", needed=["id", "year"])
    assert by_columns.source.format == "Excel (panel)"
    assert len(by_columns.frame) == len(few_figures)
    assert len(read_table(file, role="panel", sheet="读我").frame) == 1
    with pytest.raises(InputError, match=r"no sheet 'panle' \(nearest: 'panel'\)"):
        read_table(file, role="panel", sheet="panle")
    with pytest.raises(InputError, match="name one by the key sheet"):
        read_table(file, role="panel")


def test_excel_starts_where_the_table_starts_and_empty_rows_go(tmp_path: Path) -> None:
    file = tmp_path / "panel.xlsx"
    pd.DataFrame({"id": ["01", None, "02"], "year": [1990, None, 1990]}).to_excel(
        file, index=False, startrow=2
    )
    assert read_table(file, role="panel", needed=["id"]).frame["id"].tolist() == ["01", "02"]


def test_empty_rows_of_csv_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "panel.csv"
    file.write_text("id,year\n01,1990\n,\n02,1990\n,\n", encoding="utf-8")
    read = read_table(file, role="panel")
    assert read.frame["id"].tolist() == ["01", "02"]
    assert [(entry.subject, entry.count) for entry in read.entries] == [("passport_empty_rows", 2)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("panel.csv", "", "is empty"),
        ("panel.csv", "id,year\n", "no rows"),
        ("panel.csv", "\n\n", "no header|no column"),
        ("panel.csv", "id,id,year\n1,2,3\n", "more than one column named 'id'"),
        ("panel.csv", "ID,year\n1,2\n", r"no column 'id' \(nearest: 'ID'\)"),
        ("panel.csv", "id,year\n01,1990\n01,1,991\n", "more cells than the header"),
        ("panel.csv", "id,year\n01,1,990\n01,1,991\n", "more cells than the header"),
        ("panel.xlsx", "id,year\n", "no Excel workbook"),
        ("panel.parquet", "id,year\n", "no Parquet file"),
        ("panel.xls", "id,year\n", "no table that can be read"),
        ("panel.docx", "id,year\n", "no table that can be read"),
    ],
)
def test_unusable_tables(tmp_path: Path, name: str, content: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_table(file, role="panel", needed=["id", "year"])


def test_missing_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("id\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no file .*panle\.csv .*nearest: 'panel\.csv'"):
        read_table(tmp_path / "panle.csv", role="panel")
    with pytest.raises(InputError, match="nor the folder"):
        read_table(tmp_path / "nowhere" / "panel.csv", role="panel")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path, role="panel")
