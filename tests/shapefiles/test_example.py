"""The embedded example: what the data card promises, against sources and an independent build."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph

from shapefiles.example import example_air_links, example_area, example_files

# The independent build keeps one decimal of income, ours two.
INCOME_ROUNDING = 0.0501
# Ours are simplified by 1 km with shared borders, theirs singly and more strongly.
AREA_TOLERANCE = 0.04


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Import the script that builds the example; skip without the wheels it reads."""
    path = Path(__file__).resolve().parents[2] / "scripts" / "build_us_metros.py"
    spec = importlib.util.spec_from_file_location("build_us_metros", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for wheel in module.WHEELS:
        try:
            importlib.metadata.version(wheel)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"the wheel {wheel} is not installed")
    return module


@pytest.fixture(scope="module")
def independent(shared_folder: Path) -> Path:
    """Folder with the same tables made by other hands."""
    folder = shared_folder / "data" / "us_metros"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    return folder


def test_counts() -> None:
    whole, complete = example_area(complete_only=False), example_area()
    assert (len(whole.cities), len(complete.cities)) == (327, 274)
    assert whole.passport.n_observations == 327 * 17
    assert list(complete.years) == list(range(1980, 1997))
    assert not whole.panel.isna().any(axis=None)
    assert set(complete.cities.index) < set(whole.cities.index)
    assert complete.cities.loc["10180", "name"] == "Abilene, TX"
    not_selected = complete.passport.entries[0]
    assert (not_selected.subject, not_selected.count) == ("passport_cities_not_selected", 53)


def test_real_income_fell_in_both_recessions() -> None:
    # Shares published with the independent build of the data: 67 % and 72 % of the metros.
    income = example_area(complete_only=False).wide("real_income_per_head")
    assert round((income[1982] < income[1980]).mean(), 2) == 0.67
    assert round((income[1991] < income[1990]).mean(), 2) == 0.72


def test_groups_follow_from_names_and_population() -> None:
    area = example_area(complete_only=False)
    cities = area.cities
    assert set(cities["region"]) == {"Northeast", "Midwest", "South", "West"}
    assert cities.loc["17140", ["name", "region"]].tolist() == ["Cincinnati, OH-KY-IN", "Midwest"]
    population = area.wide("population")[1980]
    assert (population[cities["size"] == "Large"] >= 1_000_000).all()
    assert population[cities["size"] == "Medium"].between(250_000, 999_999).all()
    assert (population[cities["size"] == "Small"] < 250_000).all()


def test_income_is_income_per_head_times_population() -> None:
    panel = example_area(complete_only=False).panel
    np.testing.assert_allclose(
        panel["real_income"],
        panel["real_income_per_head"] * panel["population"] / 1e6,
        atol=0.005001,  # rounded to two decimals
    )


def test_shared_borders_are_shared() -> None:
    shapes = example_area(complete_only=False).cities.geometry
    assert shapely.coverage_is_valid(shapes.to_numpy())
    graph = Graph.build_contiguity(shapes, rook=False)
    assert graph.n_edges == 2 * 334
    assert len(graph.isolates) == 45


def test_states_are_a_whole_coverage() -> None:
    states = gpd.read_parquet(example_files()["states"])
    assert len(states) == 51
    assert states.crs.to_epsg() == 4326
    assert shapely.coverage_is_valid(states.geometry.to_numpy())
    named = dict(zip(states["state"], states["name"], strict=True))
    assert (named["TX"], named["DC"]) == ("Texas", "District of Columbia")


def test_every_column_is_documented() -> None:
    files = example_files()
    documented = pd.read_csv(files["columns"], dtype=str, keep_default_na=False)
    assert (documented[["en", "zh", "source"]] != "").all(axis=None)
    held = {
        "cities": [c for c in gpd.read_parquet(files["cities"]).columns if c != "geometry"],
        "states": [c for c in gpd.read_parquet(files["states"]).columns if c != "geometry"],
        "panel": list(pd.read_parquet(files["panel"]).columns),
        "air_links": list(pd.read_csv(files["air_links"]).columns),
    }
    for table, columns in held.items():
        assert documented.loc[documented["table"] == table, "name"].tolist() == columns
    values = pd.read_csv(files["values"], dtype=str)
    cities = gpd.read_parquet(files["cities"])
    for column, rows in values.groupby("column"):
        assert set(rows["value"]) == set(cities[column])


def test_files_are_small_and_on_the_data_card() -> None:
    card = example_files()["data_card"].read_text(encoding="utf-8")
    for file in example_files().values():
        assert file.stat().st_size < 300_000
        assert file.name == "README.md" or file.name in card


def test_air_links_join_the_metros() -> None:
    links, cities = example_air_links(), example_area(complete_only=False).cities.index
    assert len(links) == 2683
    assert links["origin"].isin(cities).all()
    assert links["destination"].isin(cities).all()
    assert (links["airlines"] >= 1).all()
    assert not (links["origin"] == links["destination"]).any()


def test_rebuilding_gives_the_same(script: ModuleType, tmp_path: Path) -> None:
    script.build(tmp_path)
    files = example_files()
    for role in ("cities", "states", "panel", "air_links"):
        stored, rebuilt = files[role], tmp_path / files[role].name
        if role in ("cities", "states"):
            old, new = gpd.read_parquet(stored), gpd.read_parquet(rebuilt)
            assert old.geometry.geom_equals(new.geometry).all()
            pd.testing.assert_frame_equal(
                pd.DataFrame(old.drop(columns="geometry")),
                pd.DataFrame(new.drop(columns="geometry")),
            )
        elif role == "panel":
            pd.testing.assert_frame_equal(pd.read_parquet(stored), pd.read_parquet(rebuilt))
        else:
            assert stored.read_bytes().replace(b"\r\n", b"\n") == rebuilt.read_bytes()
    again = tmp_path / "again"
    script.build(again)
    for file in again.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()


def test_a_metro_added_up_by_hand(script: ModuleType) -> None:
    counties = script.county_years()
    definitions = script.metro_counties()
    abilene = definitions.loc[definitions["cbsa"] == "10180", "county"]
    rows = counties[counties["county"].isin(abilene) & (counties["year"] == 1991)]
    assert len(rows) == 3
    panel = example_area().panel.loc[("10180", 1991)]
    assert panel["population"] == rows["popul"].sum()
    income = (rows["rpcpersinc"] * rows["popul"]).sum() / rows["popul"].sum()
    assert panel["real_income_per_head"] == pytest.approx(income, abs=0.005001)
    area = (rows["popul"] / rows["density"]).sum()
    assert panel["density"] == pytest.approx(rows["popul"].sum() / area, abs=0.005001)


def test_against_an_independent_build_of_the_figures(independent: Path) -> None:
    theirs = pd.read_csv(independent / "us_metro_income_1980_1996.csv", dtype={"cbsa": str})
    theirs = theirs.set_index(["cbsa", "year"]).sort_index()
    ours = example_area(complete_only=False)
    assert ours.panel.index.tolist() == theirs.index.tolist()
    exact = {
        "population": "pop",
        "murders": "murders",
        "density": "density",
        "unemployment_insurance_per_head": "real_pc_unemp_ins",
        "income_maintenance_per_head": "real_pc_income_maint",
    }
    for mine, other in exact.items():
        np.testing.assert_array_equal(ours.panel[mine], theirs[other])
    np.testing.assert_allclose(
        ours.panel["real_income_per_head"], theirs["real_pc_income"], atol=INCOME_ROUNDING
    )
    first = theirs.groupby("cbsa").first()
    assert (ours.cities["name"].sort_index() == first["name"]).all()
    complete = set(first.index[first["complete"]])
    assert set(example_area().cities.index) == complete


def test_against_an_independent_build_of_shapes_and_links(independent: Path) -> None:
    shapes = gpd.read_file(independent / "us_metros_geosnapdef.geojson").set_index("cbsa")
    ours = example_area(complete_only=False).cities
    theirs = shapes.reindex(ours.index)
    ratio = ours.to_crs("EPSG:6933").area / theirs.to_crs("EPSG:6933").area
    assert (ratio - 1.0).abs().max() < AREA_TOLERANCE
    pairs = {"orig": str, "dest": str}
    links = pd.read_csv(independent / "us_metro_air_links_bts2026.csv", dtype=pairs)
    links = links.set_index(["orig", "dest"])["n_airlines"].sort_index()
    mine = pd.read_csv(
        example_files()["air_links"], dtype={"origin": str, "destination": str}
    ).set_index(["origin", "destination"])
    mine = mine.sort_index()
    assert mine.index.tolist() == links.index.tolist()
    # That build counts an airline once for each pair of airports; the six other pairs are those of
    # White Plains airport, which its simplified polygon of New York leaves out.
    differing = mine.index[mine["airline_routes"].to_numpy() != links.to_numpy()]
    assert len(differing) == 6
    assert all("35620" in pair for pair in differing)
    assert ((mine["airline_routes"] - links.to_numpy())[differing] == 1).all()
