"""CSV files and the workbook, read back by independent readers."""

from __future__ import annotations

import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from shapefiles.file_names import distinct_names
from shapefiles.tables import DataTable, write_csv_tables
from shapefiles.workbook import write_workbook
from spatial.errors import ConfigError, ExportError

HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://example.invalid","x")',
    "+44",
    "-12",
    "@SUM(A1)",
    "'quoted'",
    '"double", comma',
    "<script>alert(1)</script>",
    "a & b",
    "line\nbreak",
    "00123",
    "中国城市",
    "שלום",
    "😀",
    "{=A1}",
    "http://example.invalid",
    "x" * 300,
    "tab\there",
]


@pytest.fixture
def hostile_table():
    ids = pd.Index([f"{i:06d}" for i in range(len(HOSTILE))], name="city")
    frame = pd.DataFrame(
        {
            "name": HOSTILE,
            "value": np.linspace(-1, 1, len(HOSTILE)) / 3,
            "count": range(len(HOSTILE)),
            "kept": [i % 2 == 0 for i in range(len(HOSTILE))],
        },
        index=ids,
    )
    frame.loc["000002", "value"] = np.nan
    return DataTable(
        frame,
        title="Hostile <names>",
        description="Made for the test.",
        labels={"city": "City", "name": "=Name", "value": "Value"},
        formats={"value": "0.00"},
        notes=("A note.",),
    )


class TestCsv:
    def test_round_trip_is_exact(self, tmp_path, hostile_table):
        path = write_csv_tables(tmp_path / "tables", {"cities": hostile_table})["cities"]
        got = pd.read_csv(path, dtype={"city": str}, keep_default_na=False, na_values=[""])
        want = hostile_table.frame.reset_index()
        pd.testing.assert_frame_equal(got, want, check_exact=True, check_dtype=False)

    def test_starts_with_the_mark_that_excel_needs(self, tmp_path):
        path = write_csv_tables(tmp_path, {"a": pd.DataFrame({"城市": ["北京"]})})["a"]
        assert path.read_bytes() == b'\xef\xbb\xbf"\xe5\x9f\x8e\xe5\xb8\x82"\n' + (
            '"北京"\n'.encode()
        )

    def test_file_names_cannot_leave_the_folder(self, tmp_path):
        frame = pd.DataFrame({"x": [1]})
        folder = tmp_path / "in"
        paths = write_csv_tables(folder, {"../out": frame, "a:b": frame, "A?B": frame, "": frame})
        assert {path.parent for path in paths.values()} == {folder}
        assert len({path.name.casefold() for path in paths.values()}) == 4
        assert list(tmp_path.iterdir()) == [folder]

    def test_nothing_is_left_when_writing_fails(self, tmp_path):
        frame = pd.DataFrame({"x": pd.Series(["\ud800"], dtype=object)})
        with pytest.raises(ExportError):
            write_csv_tables(tmp_path, {"a": frame})
        assert list(tmp_path.iterdir()) == []

    def test_folder_that_is_a_file(self, tmp_path):
        (tmp_path / "file").write_text("x")
        with pytest.raises(ExportError, match="file"):
            write_csv_tables(tmp_path / "file", {"a": pd.DataFrame({"x": [1]})})

    def test_two_index_levels_and_two_column_levels(self, tmp_path):
        index = pd.MultiIndex.from_tuples([("s", "a"), ("s", "b")], names=["shock", "city"])
        frame = pd.DataFrame([[1, 2], [3, 4]], index=index)
        frame.columns = pd.MultiIndex.from_tuples([("1990", "resistance"), ("1990", "recovery")])
        path = write_csv_tables(tmp_path, {"wide": frame})["wide"]
        got = pd.read_csv(path)
        assert list(got.columns) == ["shock", "city", "1990 resistance", "1990 recovery"]
        assert got["1990 recovery"].tolist() == [2, 4]

    def test_columns_of_one_name_are_refused(self, tmp_path):
        frame = pd.DataFrame([[1]], columns=["city"], index=pd.Index(["a"], name="city"))
        with pytest.raises(ExportError, match="'city' more than once"):
            write_csv_tables(tmp_path, {"a": frame})


class TestWorkbook:
    def test_text_stays_text_and_numbers_numbers(self, tmp_path, hostile_table):
        path = write_workbook(tmp_path / "t.xlsx", {"cities": hostile_table}, title="All")
        sheet = openpyxl.load_workbook(path)["cities"]
        rows = list(sheet.iter_rows(min_row=2))
        assert [row[1].value for row in rows] == HOSTILE
        assert {row[1].data_type for row in rows} == {"s"}
        assert {cell.hyperlink for row in rows for cell in row} == {None}
        assert [row[0].value for row in rows] == hostile_table.frame.index.tolist()
        assert rows[0][2].data_type == "n"
        assert rows[2][2].value is None
        assert rows[5][2].value == pytest.approx(hostile_table.frame["value"].iloc[5], rel=1e-15)
        assert rows[0][4].value is True
        assert [cell.value for cell in sheet[1]] == ["City", "=Name", "Value", "count", "kept"]
        assert sheet["B1"].data_type == "s"

    def test_no_formula_and_no_outside_link_in_the_file(self, tmp_path, hostile_table):
        path = write_workbook(tmp_path / "t.xlsx", {"cities": hostile_table})
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                text = archive.read(name).decode("utf-8")
                assert "<f>" not in text
                assert 'TargetMode="External"' not in text

    def test_furniture(self, tmp_path, hostile_table):
        path = write_workbook(tmp_path / "t.xlsx", {"cities": hostile_table}, title="All")
        book = openpyxl.load_workbook(path)
        sheet = book["cities"]
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == f"A1:E{len(HOSTILE) + 1}"
        assert sheet["C2"].number_format == "0.00"
        assert sheet["D2"].number_format == "0"
        assert sheet["A1"].font.bold
        assert sheet.column_dimensions["B"].width > sheet.column_dimensions["C"].width
        assert sheet.page_setup.paperSize == 9
        contents = book.worksheets[0]
        words = [str(cell.value) for row in contents.iter_rows() for cell in row if cell.value]
        assert contents.title == "Contents"
        assert {"All", "Hostile <names>", "City"} <= set(words)
        assert "Made for the test.\nA note." in words

    def test_chinese_contents_sheet(self, tmp_path):
        path = write_workbook(
            tmp_path / "t.xlsx", {"城市": pd.DataFrame({"x": [1]})}, language="zh"
        )
        assert openpyxl.load_workbook(path).sheetnames == ["目录", "城市"]

    def test_same_tables_same_bytes(self, tmp_path, hostile_table):
        first = write_workbook(tmp_path / "a.xlsx", {"cities": hostile_table})
        second = write_workbook(tmp_path / "b.xlsx", {"cities": hostile_table})
        assert first.read_bytes() == second.read_bytes()

    def test_sheet_names_that_excel_refuses(self, tmp_path):
        frame = pd.DataFrame({"x": [1]})
        keys = ["a/b:c*d?[e]\\f", "long " * 20, "long " * 20 + "x", "'quote'", "CONTENTS", "it's"]
        path = write_workbook(tmp_path / "t.xlsx", dict.fromkeys(keys, frame))
        names = openpyxl.load_workbook(path).sheetnames
        assert len(names) == len(keys) + 1
        assert len({name.casefold() for name in names}) == len(names)
        assert all(len(name) <= 31 for name in names)
        assert names[-1] == "it's"

    def test_infinite_values_are_words(self, tmp_path):
        path = write_workbook(tmp_path / "t.xlsx", {"a": pd.DataFrame({"x": [np.inf, 1.0]})})
        assert openpyxl.load_workbook(path)["a"]["A2"].value == "inf"

    def test_empty_table_has_its_header(self, tmp_path):
        path = write_workbook(tmp_path / "t.xlsx", {"a": pd.DataFrame({"x": [], "y": []})})
        assert [cell.value for cell in openpyxl.load_workbook(path)["a"][1]] == ["x", "y"]

    def test_refusals(self, tmp_path):
        with pytest.raises(ExportError, match="at least one"):
            write_workbook(tmp_path / "t.xlsx", {})
        with pytest.raises(ExportError, match="does not fit"):
            write_workbook(tmp_path / "t.xlsx", {"a": pd.DataFrame({"x": ["y" * 40_000]})})
        wide = pd.DataFrame(np.zeros((1, 16_385)))
        with pytest.raises(ExportError, match="'a' are larger"):
            write_workbook(tmp_path / "t.xlsx", {"a": wide})
        with pytest.raises(ConfigError):
            write_workbook(tmp_path / "t.xlsx", {"a": wide}, language="fr")
        assert list(tmp_path.iterdir()) == []

    def test_input_is_not_changed(self, tmp_path, hostile_table):
        before = hostile_table.frame.copy(deep=True)
        write_workbook(tmp_path / "t.xlsx", {"a": hostile_table})
        write_csv_tables(tmp_path, {"a": hostile_table})
        pd.testing.assert_frame_equal(hostile_table.frame, before)


def test_distinct_names_stay_within_the_limit():
    names = distinct_names([f"{'n' * 40}{i}" for i in range(12)], limit=10, forbidden="x")
    assert len(set(names.values())) == 12
    assert max(map(len, names.values())) <= 10
