"""The Chinese prefecture-level cities: the case that the field works on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shapefiles.read_links import read_links
from shapefiles.read_study import read_study_area
from shapefiles.sources import CitiesSource, LinksSource, PanelSource
from shapefiles.study_area import StudyArea
from spatial.errors import AlignmentError


@pytest.fixture
def china(shared_folder: Path) -> Path:
    """Folder with the Chinese data."""
    folder = shared_folder / "data" / "china"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    return folder


def _read(folder: Path, **keys: object) -> StudyArea:
    return read_study_area(
        CitiesSource(
            folder / "cn_prefectures_simplified.geojson",
            id="code",
            name="city",
            longitude="lon",
            latitude="lat",
            groups={"region": "region", "rank": "rank"},
        ),
        PanelSource(folder / "cn_city_panel_2005_2016.csv", city="code", year="year"),
        **keys,
    )


def test_285_cities_join(china: Path) -> None:
    area = _read(china, unmatched_cities="drop", unmatched_rows="drop")
    assert len(area.cities) == 285
    found = {entry.subject: entry for entry in area.passport.entries}
    # Chaohu and Laiwu were abolished and have no polygon any more.
    assert found["passport_rows_without_city"].ids == ("341400", "371200")
    assert found["passport_cities_without_rows"].count == 370 - 285
    assert area.cities.loc["110000", "name"] == "北京市"
    raw = pd.read_csv(china / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    by_city = raw.groupby("code")[["region", "rank"]].first().loc[area.cities.index]
    assert (area.cities[["region", "rank"]] == by_city).all(axis=None)
    assert "passport_seats_outside" not in found
    raw = raw.set_index(["code", "year"]).loc[area.panel.index]
    np.testing.assert_array_equal(area.panel["emp_ict"], raw["emp_ict"])


def test_incomplete_cities_are_dropped_as_counted_by_hand(china: Path) -> None:
    required = ("emp_total", "emp_manuf", "emp_ict")
    area = _read(
        china,
        unmatched_cities="drop",
        unmatched_rows="drop",
        incomplete="drop",
        required=required,
    )
    raw = pd.read_csv(china / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    full = raw.dropna(subset=list(required)).groupby("code").size() == raw["year"].nunique()
    wanted = set(full.index[full]) - {"341400", "371200"}
    assert set(area.cities.index) == wanted
    assert not area.panel[list(required)].isna().any(axis=None)
    assert len(area.panel) == len(wanted) * 12


def test_the_unmatched_are_named(china: Path) -> None:
    with pytest.raises(AlignmentError, match=r"85 cities .*兴安盟.*2 ids .*'341400', '371200'"):
        _read(china)


def test_rail_hours(china: Path) -> None:
    source = LinksSource(
        "rail", china / "cn_travel_time_rail_285.csv", "orig", "dest", "hours_with_hsr"
    )
    links, file = read_links(source)
    assert file.rows == 80_940
    assert links["orig"].str.fullmatch(r"\d{6}").all()


def test_the_same_figures_from_gb18030(china: Path, tmp_path: Path) -> None:
    text = (china / "cn_city_panel_2005_2016.csv").read_text(encoding="utf-8")
    (tmp_path / "cn_city_panel_2005_2016.csv").write_text(text, encoding="gb18030")
    shapes = "cn_prefectures_simplified.geojson"
    (tmp_path / shapes).write_bytes((china / shapes).read_bytes())
    first = _read(china, unmatched_cities="drop", unmatched_rows="drop")
    second = _read(tmp_path, unmatched_cities="drop", unmatched_rows="drop")
    pd.testing.assert_frame_equal(first.panel, second.panel)
    assert second.passport.sources[1].encoding == "GB18030"
