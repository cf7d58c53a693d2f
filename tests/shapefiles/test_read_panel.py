"""Panels: ids, years and numbers are checked; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shapefiles.read_panel import PanelTable, read_panel
from shapefiles.sources import PanelSource
from spatial.errors import InputError, PanelError


def _read(table: pd.DataFrame, folder: Path, kind: str = "csv", **keys: object) -> PanelTable:
    file = folder / f"panel.{kind}"
    writer = {"csv": "to_csv", "xlsx": "to_excel", "parquet": "to_parquet"}[kind]
    getattr(table, writer)(file, index=False)
    return read_panel(PanelSource(file, "id", "year", **keys))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_every_format_gives_the_same_panel(
    tmp_path: Path, few_figures: pd.DataFrame, kind: str
) -> None:
    shuffled = few_figures.sample(frac=1.0, random_state=3)
    read = _read(shuffled, tmp_path, kind)
    wanted = few_figures.set_index(["id", "year"]).sort_index()
    assert read.frame.index.tolist() == wanted.index.tolist()
    assert list(read.frame.columns) == ["population", "income"]
    np.testing.assert_array_equal(read.frame["income"], wanted["income"])
    assert [(e.subject, e.ids) for e in read.entries] == [("passport_columns_of_text", ("region",))]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("years", [float, str])
def test_years_of_every_kind(
    tmp_path: Path, few_figures: pd.DataFrame, kind: str, years: type
) -> None:
    read = _read(few_figures.astype({"year": years}), tmp_path, kind)
    assert read.frame.index.get_level_values("year").unique().tolist() == [1990, 1991, 1992, 1993]


def test_dates_are_refused_with_the_remedy(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    dates = few_figures.assign(year=pd.to_datetime(few_figures["year"].astype(str) + "-12-31"))
    for kind in ("csv", "xlsx", "parquet"):
        with pytest.raises(PanelError, match=r"'year' of panel.* are not years.*whole number"):
            _read(dates, tmp_path, kind)


def test_repeated_city_years(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    twice = pd.concat([few_figures, few_figures.iloc[[4]]])
    city, year = few_figures.loc[4, ["id", "year"]]
    with pytest.raises(PanelError, match=rf"1 city-years .*\('{city}', {year}\)"):
        _read(twice, tmp_path)


def test_columns_named_and_renamed(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    assert list(_read(few_figures, tmp_path, columns=("income",)).frame.columns) == ["income"]
    renamed = _read(few_figures, tmp_path, columns={"y": "income"}).frame
    assert list(renamed.columns) == ["y"]
    with pytest.raises(InputError, match=r"no column 'incme' \(nearest: 'income'\)"):
        _read(few_figures, tmp_path, columns=("incme",))
    with pytest.raises(PanelError, match="'region' is not numeric"):
        _read(few_figures, tmp_path, columns=("region",))


@pytest.mark.parametrize("spoilt", ["1,234.5", "1 234", "12%", "$ 100", "-", "(3.2)", "1.234,5"])
@pytest.mark.parametrize("columns", [None, ("income",)])
def test_numbers_with_signs_are_refused(
    tmp_path: Path, few_figures: pd.DataFrame, spoilt: str, columns: tuple[str, ...] | None
) -> None:
    table = few_figures.astype({"income": object})
    table.loc[2, "income"] = spoilt
    for kind in ("csv", "xlsx"):
        with pytest.raises(PanelError, match=r"'income' is not numeric: it holds '.*thousands"):
            _read(table, tmp_path, kind, columns=columns)


def test_a_whole_column_with_separators_is_no_text(
    tmp_path: Path, few_figures: pd.DataFrame
) -> None:
    table = few_figures.assign(income=[f"{value:,.1f}" for value in few_figures["income"]])
    with pytest.raises(PanelError, match="'income' is not numeric"):
        _read(table, tmp_path)


def test_empty_cells_are_missing(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    table = few_figures.astype({"income": object})
    table.loc[[0, 1, 2], "income"] = [None, " ", "NA"]
    for kind in ("csv", "xlsx"):
        assert _read(table, tmp_path, kind).frame["income"].isna().sum() == 3


def test_infinite_values(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    table = few_figures.astype({"income": float})
    table.loc[2, "income"] = -np.inf
    city, year = few_figures.loc[2, ["id", "year"]]
    for kind in ("csv", "parquet"):
        with pytest.raises(PanelError, match=rf"'income' hold infinite .*\('{city}', {year}\)"):
            _read(table, tmp_path, kind)


def test_years_kept(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    read = _read(few_figures, tmp_path, years=(1991, 1992))
    assert read.frame.index.get_level_values("year").unique().tolist() == [1991, 1992]
    entry = next(e for e in read.entries if e.subject == "passport_rows_outside_years")
    assert (entry.count, entry.ids) == (12, ("1990", "1993"))
    with pytest.raises(PanelError, match="no rows in the years 2001 to 2002; it holds 1990"):
        _read(few_figures, tmp_path, years=(2001, 2002))


def test_gb18030_panel_is_recognised_and_said(tmp_path: Path, few_figures: pd.DataFrame) -> None:
    file = tmp_path / "面板.csv"
    few_figures.assign(城市="北京市").to_csv(file, index=False, encoding="gb18030")
    read = read_panel(PanelSource(file, "id", "year"))
    assert read.source.encoding == "GB18030"
    assert read.entries[0].subject == "passport_encoding_recognised"
    assert read.frame.index.levels[0].tolist() == sorted(few_figures["id"].unique())
