"""A small real study (metropolitan areas of the American West) on disk, for tests to spoil."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from shapefiles.example import example_files

STUDY = """
title = "Metropolitan areas of the West"
seed = 5

[cities]
file = "cities.gpkg"
id = "cbsa"
name = "name"

[panel]
file = "panel.csv"
city = "cbsa"
year = "year"
columns = ["population", "real_income", "real_income_per_head", "unemployment_insurance_per_head"]
required = ["population", "real_income_per_head", "unemployment_insurance_per_head"]

[groups]
size = "size"

[[derived]]
name = "ln_income"
kind = "log"
of = "real_income_per_head"

[resilience]
outcome = "real_income_per_head"
national = "weighted mean"
by = "population"

[[shocks]]
name = "1990-91"
resistance = [1990, 1991]
recovery = [1991, 1994]

[[weights]]
name = "nearest 4"
kind = "knn"
k = 4

[[weights]]
name = "gravity linkage"
kind = "linkage"
network = "gravity"

[[networks]]
name = "gravity"
kind = "gravity"
mass = "population"
year = 1990

[autocorrelation]
permutations = 999

[[models]]
name = "spillovers"
formula = "ln_income ~ np.log(unemployment_insurance_per_head)"
weights = "nearest 4"

[outputs]
name = "west"
figures = ["png"]
dpi = 72
"""


@dataclass
class SmallStudy:
    """Files of a study; change frames or text, then ``write``."""

    folder: Path
    cities: gpd.GeoDataFrame
    panel: pd.DataFrame
    text: str = STUDY

    @property
    def file(self) -> Path:
        return self.folder / "study.toml"

    def write(self) -> Path:
        self.cities.to_file(self.folder / "cities.gpkg", driver="GPKG")
        self.panel.to_csv(self.folder / "panel.csv", index=False)
        self.file.write_text(self.text, encoding="utf-8")
        return self.file


@pytest.fixture(scope="session")
def new_small_study():
    """Make a small study in a folder of one's own, for fixtures that live longer than a test."""
    return make_small_study


@pytest.fixture(scope="session")
def study_text() -> str:
    """Return the text of the small study."""
    return STUDY


@pytest.fixture
def small_study(tmp_path) -> SmallStudy:
    return make_small_study(tmp_path / "study")


def make_small_study(folder: Path) -> SmallStudy:
    """Put the small study into a new folder; nothing is written before ``write``."""
    files = {path.name: path for path in example_files().values()}
    cities = gpd.read_parquet(files["us_metros_cities.parquet"])
    chosen = cities[
        (cities["region"] == "West")
        & (cities["complete"] == "yes")
        & ~cities["state"].isin(["AK", "HI"])
    ]
    chosen = chosen[["cbsa", "name", "size", "geometry"]].reset_index(drop=True)
    panel = pd.read_parquet(files["us_metros_panel.parquet"])
    panel = panel[panel["cbsa"].isin(chosen["cbsa"]) & panel["year"].between(1988, 1996)]
    folder.mkdir()
    return SmallStudy(folder, chosen, panel.reset_index(drop=True))


@dataclass
class Answer:
    """What a command said."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command line in this process."""

    def run(*arguments: object) -> Answer:
        from analyses.command_line import main

        monkeypatch.setattr(sys, "argv", ["interurban", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return run


@pytest.fixture
def weasyprint():
    """Skip where WeasyPrint, or the system library Pango that it draws with, is missing."""
    try:
        import weasyprint as module
    except (ImportError, OSError) as error:
        pytest.skip(f"WeasyPrint cannot be used here: {error}")
    return module
