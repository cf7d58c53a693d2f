"""A study area from files: joins, policies, groups, and the passport that tells of them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapefiles.example import example_files
from shapefiles.language import known_labels
from shapefiles.read_study import read_study_area
from shapefiles.sources import CitiesSource, PanelSource
from shapefiles.study_area import PassportEntry, StudyArea
from spatial.errors import AlignmentError, ConfigError, GeometryError, InputError, PanelError


def _read(
    cities: gpd.GeoDataFrame,
    panel: pd.DataFrame,
    folder: Path,
    *,
    groups: dict[str, str] | None = None,
    **keys: object,
) -> StudyArea:
    cities.to_file(folder / "cities.gpkg")
    panel.to_csv(folder / "panel.csv", index=False)
    return read_study_area(
        CitiesSource(folder / "cities.gpkg", id="id", name="name", groups=groups or {}),
        PanelSource(folder / "panel.csv", city="id", year="year"),
        **keys,
    )


def _entry(area: StudyArea, subject: str) -> PassportEntry:
    return next(entry for entry in area.passport.entries if entry.subject == subject)


def test_a_clean_study(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    area = _read(few_metros, few_figures, tmp_path, groups={"area": "region"})
    passport = area.passport
    assert (passport.n_cities, passport.n_years, passport.n_observations) == (6, 4, 24)
    assert area.cities.index.tolist() == few_metros["id"].tolist()
    assert area.cities["area"].tolist() == few_metros["region"].tolist()
    assert list(area.years) == [1990, 1991, 1992, 1993]
    assert [source.role for source in passport.sources] == ["cities", "panel"]
    assert passport.missing["missing"].sum() == 0
    assert list(passport.missing.index) == ["population", "income"]


def test_shuffled_files_give_the_same_study(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    first = _read(few_metros, few_figures, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    second = _read(few_metros[::-1], few_figures.sample(frac=1.0, random_state=1), other)
    pd.testing.assert_frame_equal(first.panel, second.panel)
    pd.testing.assert_frame_equal(first.cities, second.cities.loc[first.cities.index])


def test_unmatched_are_named_with_the_nearest(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    typed = few_figures.replace({"id": {"48441": "48414", "39153": "Akron OH"}})
    with pytest.raises(AlignmentError) as caught:
        _read(few_metros, typed, tmp_path)
    message = str(caught.value)
    assert "2 cities of cities.gpkg have no rows in panel.csv" in message
    assert "'48441' (Abilene, TX) (nearest in the panel: '48414')" in message
    assert "'Akron OH' (nearest city: 39153, Akron, OH)" in message
    assert 'unmatched_cities = "drop"' in message
    assert 'unmatched_rows = "drop"' in message
    with pytest.raises(AlignmentError, match="no city of") as caught:
        _read(few_metros, typed, tmp_path, unmatched_cities="drop")
    assert 'unmatched_cities = "drop"' not in str(caught.value)


def test_unmatched_are_dropped_when_allowed(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    typed = few_figures.replace({"id": {"48441": "99999"}})
    area = _read(few_metros, typed, tmp_path, unmatched_cities="drop", unmatched_rows="drop")
    assert area.passport.n_cities == 5
    assert _entry(area, "passport_cities_without_rows").ids == ("48441",)
    rows = _entry(area, "passport_rows_without_city")
    assert (rows.count, rows.ids) == (4, ("99999",))


def test_names_in_place_of_ids(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    names = few_metros.set_index("id")["name"].to_dict()
    with pytest.raises(AlignmentError, match="holds the names of the cities in place of their"):
        _read(few_metros, few_figures.assign(id=few_figures["id"].map(names)), tmp_path)


@pytest.mark.parametrize("loser", ["panel", "cities"])
@pytest.mark.parametrize("policy", ["error", "drop"])
def test_ids_that_lost_leading_zeros(
    tmp_path: Path,
    few_metros: gpd.GeoDataFrame,
    few_figures: pd.DataFrame,
    loser: str,
    policy: str,
) -> None:
    if loser == "panel":
        few_figures["id"] = few_figures["id"].astype(int)
    else:
        few_metros["id"] = few_metros["id"].astype(int)
    with pytest.raises(AlignmentError, match="2 ids differ only by leading zeros") as caught:
        _read(few_metros, few_figures, tmp_path, unmatched_cities=policy, unmatched_rows=policy)
    message = str(caught.value)
    lost = "panel.csv" if loser == "panel" else "cities.gpkg"
    assert f"{lost} lost them" in message
    assert "'01001'" in message
    assert "'1001'" in message
    assert 'TEXT(A2,"00000")' in message


def test_zeros_lost_in_an_excel_workbook(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_metros.to_file(tmp_path / "cities.gpkg")
    cities = CitiesSource(tmp_path / "cities.gpkg", id="id")
    panel = PanelSource(tmp_path / "panel.xlsx", "id", "year")
    few_figures.to_excel(tmp_path / "panel.xlsx", index=False)
    assert read_study_area(cities, panel).passport.n_cities == 6
    few_figures.astype({"id": int}).to_excel(tmp_path / "panel.xlsx", index=False)
    with pytest.raises(AlignmentError, match=r"panel\.xlsx lost them"):
        read_study_area(cities, panel)


def test_gaps_in_years(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    gap = few_figures[(few_figures["id"] != "48441") | (few_figures["year"] != 1991)]
    kept = _read(few_metros, gap, tmp_path)
    assert kept.passport.n_observations == 23
    entry = _entry(kept, "passport_year_gaps")
    assert (entry.ids, entry.remark) == (("48441",), "48441: 1991")
    dropped = _read(few_metros, gap, tmp_path, incomplete="drop")
    assert "48441" not in dropped.cities.index
    assert _entry(dropped, "passport_cities_incomplete").ids == ("48441",)
    with pytest.raises(PanelError, match=r"1 of 6 cities are incomplete: '48441'.*fewest in 1991"):
        _read(few_metros, gap, tmp_path, incomplete="error")


def test_missing_required_values(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_figures.loc[(few_figures["id"] == "35001") & (few_figures["year"] == 1992), "income"] = None
    kept = _read(few_metros, few_figures, tmp_path)
    assert kept.passport.missing.loc["income", "missing"] == 1
    assert kept.passport.missing.loc["income", "share"] == pytest.approx(1 / 24)
    unaffected = _read(
        few_metros, few_figures, tmp_path, incomplete="drop", required=["population"]
    )
    assert unaffected.passport.n_cities == 6
    dropped = _read(few_metros, few_figures, tmp_path, incomplete="drop", required=["income"])
    assert dropped.passport.n_cities == 5
    required = _entry(dropped, "passport_required_missing")
    assert (required.ids, required.remark) == (("35001",), "income")
    with pytest.raises(PanelError, match=r"'35001' .1 lack values of 'income'"):
        _read(few_metros, few_figures, tmp_path, incomplete="error", required=["income"])
    with pytest.raises(PanelError, match=r"no column of numbers 'incom' \(nearest: 'income'\)"):
        _read(few_metros, few_figures, tmp_path, required=["incom"])


def test_no_city_complete(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_figures.loc[few_figures["year"] == 1992, "income"] = None
    with pytest.raises(PanelError, match="no city is complete"):
        _read(few_metros, few_figures, tmp_path, incomplete="drop", required=["income"])


def test_constant_and_empty_columns(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    table = few_figures.assign(price=1.0, nothing=None)
    area = _read(few_metros, table, tmp_path)
    assert _entry(area, "passport_columns_constant").ids == ("price",)
    assert _entry(area, "passport_columns_empty").ids == ("nothing",)
    with pytest.raises(PanelError, match="required columns 'price' hold the same value"):
        _read(few_metros, table, tmp_path, required=["price"])


def test_groups_of_the_panel(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    bare = few_metros.drop(columns="region")
    area = _read(bare, few_figures, tmp_path, groups={"region": "region"})
    assert area.cities["region"].tolist() == few_metros["region"].tolist()
    assert list(area.cities.columns)[-1] == "geometry"
    few_figures.loc[few_figures["id"] == "48441", "region"] = ["South", "South", "West", "West"]
    with pytest.raises(PanelError, match=r"group 'region' changes over the years .*'48441'"):
        _read(bare, few_figures, tmp_path, groups={"region": "region"})
    few_figures.loc[few_figures["id"] == "48441", "region"] = None
    with pytest.raises(PanelError, match="Cities '48441' have no value in the group 'region'"):
        _read(bare, few_figures, tmp_path, groups={"region": "region"})


def test_groups_that_no_file_holds(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match=r"Neither the cities file nor panel\.csv .*'regoin'"):
        _read(few_metros, few_figures, tmp_path, groups={"region": "regoin"})


def test_groups_of_numbers_are_text(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_metros["rank"] = [1.0, 2, 2, 3, 3, 3]
    area = _read(few_metros, few_figures, tmp_path, groups={"rank": "rank"})
    assert area.cities["rank"].tolist() == ["1", "2", "2", "3", "3", "3"]


def test_options_are_checked(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    for key in ("unmatched_cities", "unmatched_rows", "incomplete"):
        with pytest.raises(ConfigError, match=f"{key}='dorp' is not known"):
            _read(few_metros, few_figures, tmp_path, **{key: "dorp"})


def test_a_study_of_points_is_allowed(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_metros.drop(columns="geometry").to_excel(tmp_path / "cities.xlsx", index=False)
    few_figures.to_parquet(tmp_path / "panel.parquet")
    source = CitiesSource(
        tmp_path / "cities.xlsx", id="id", name="name", longitude="longitude", latitude="latitude"
    )
    area = read_study_area(source, PanelSource(tmp_path / "panel.parquet", "id", "year"))
    assert (area.cities.geom_type == "Point").all()
    few_metros.loc[0, "longitude"] = 1000.0
    few_metros.drop(columns="geometry").to_excel(tmp_path / "cities.xlsx", index=False)
    with pytest.raises(GeometryError, match="'01001' lie outside the world"):
        read_study_area(source, PanelSource(tmp_path / "panel.parquet", "id", "year"))


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"<>&=+-@|,;\\/%{}[]"),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25)
@given(names=st.lists(HOSTILE, min_size=3, max_size=3))
def test_hostile_names_pass_unchanged(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    cities = gpd.read_parquet(example_files()["cities"]).iloc[:3][["cbsa", "geometry"]]
    cities = cities.rename(columns={"cbsa": "id"}).assign(name=names)
    panel = pd.read_parquet(example_files()["panel"]).rename(columns={"cbsa": "id"})
    cities.to_parquet(folder / "cities.parquet")
    panel[panel["id"].isin(cities["id"])].to_parquet(folder / "panel.parquet")
    area = read_study_area(
        CitiesSource(folder / "cities.parquet", id="id", name="name"),
        PanelSource(folder / "panel.parquet", "id", "year"),
    )
    # A name of blanks only counts as missing, and the id takes its place.
    wanted = [
        name if name.strip() else city for name, city in zip(names, cities["id"], strict=True)
    ]
    assert area.cities["name"].tolist() == wanted
    for language in ("en", "zh"):
        assert not area.passport.to_frame(language).isna().any(axis=None)


def test_passport_table_in_both_languages(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_figures.loc[10, "income"] = None
    area = _read(
        few_metros,
        few_figures.replace({"id": {"48441": "9"}}),
        tmp_path,
        unmatched_cities="drop",
        unmatched_rows="drop",
    )
    english, chinese = area.passport.to_frame("en"), area.passport.to_frame("zh")
    assert list(english.columns) == ["section", "item", "value"]
    assert len(english) == len(chinese)
    assert english["section"].nunique() == chinese["section"].nunique() == 4
    said = english.set_index("item")["value"]
    assert said["Cities"] == "5"
    assert said["Cities without panel rows, dropped"] == "1; 48441"
    assert said["income"] == "1 of 20 (5.00%)"
    assert area.passport.sources[1].sha256 in said["Panel file"]
    assert not chinese["item"].str.contains("passport_").any()


def test_every_subject_has_a_label() -> None:
    import re

    folder = Path(__file__).resolve().parents[2] / "shapefiles"
    used = {
        key
        for file in [*folder.glob("read_*.py"), folder / "study_area.py"]
        for key in re.findall(r'"(passport_\w+)"', file.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= known_labels()


def test_control_characters_of_names_go_and_are_told(
    tmp_path: Path, few_metros: gpd.GeoDataFrame, few_figures: pd.DataFrame
) -> None:
    few_metros.loc[0, "name"] = "Be\x07rn\x7fe"
    few_metros.loc[1, "name"] = "two\nlines"
    area = _read(few_metros, few_figures, tmp_path)
    assert area.cities["name"].iloc[:2].tolist() == ["Berne", "two\nlines"]
    said = area.passport.to_frame("en").set_index("item")["value"]
    assert said["Cities whose name held control characters, removed"].startswith("1; 01001")
