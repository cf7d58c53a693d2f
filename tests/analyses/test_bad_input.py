"""Bad input: one clear message, exit status 2, and nothing written, nothing lost."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.affinity import translate


def spoil_missing_file(study):
    study.write()
    (study.folder / "panel.csv").unlink()
    return "no file", "panel.csv"


def spoil_unreadable_file(study):
    study.write()
    (study.folder / "cities.gpkg").write_bytes(b"not a database")
    return "cities.gpkg", "vector file"


def spoil_not_a_vector_file(study):
    study.text = study.text.replace("cities.gpkg", "notes.docx")
    study.write()
    (study.folder / "notes.docx").write_bytes(b"PK\x03\x04 text")
    return ("notes.docx",)


def spoil_duplicate_city_ids(study):
    study.cities.loc[1, "cbsa"] = study.cities.loc[0, "cbsa"]
    study.write()
    return study.cities.loc[0, "cbsa"], "more than once"


def spoil_duplicate_city_years(study):
    study.panel = pd.concat([study.panel, study.panel.iloc[[3]]])
    study.write()
    return study.panel["cbsa"].iloc[3], str(study.panel["year"].iloc[3])


def spoil_city_without_rows(study):
    lost = study.cities.loc[2, "cbsa"]
    study.panel = study.panel[study.panel["cbsa"] != lost]
    study.write()
    return lost, "unmatched_cities", "drop"


def spoil_rows_without_city(study):
    study.panel.loc[study.panel["cbsa"] == study.cities.loc[2, "cbsa"], "cbsa"] = "99999"
    study.text = study.text.replace(
        'year = "year"\n', 'year = "year"\nunmatched_cities = "drop"\n', 1
    )
    study.write()
    return "99999", "unmatched_rows", "drop"


def spoil_leading_zeros(study):
    study.cities["cbsa"] = "0" + study.cities["cbsa"]
    study.write()  # the panel kept the ids as Excel would leave them
    return "leading zero", study.cities.loc[0, "cbsa"]


def spoil_missing_value(study):
    study.panel.loc[5, "population"] = np.nan
    study.write()
    return "population", study.panel.loc[5, "cbsa"], "incomplete"


def spoil_gap_in_years(study):
    study.panel = study.panel.drop(index=5)
    study.write()
    return study.panel.loc[4, "cbsa"], "incomplete"


def spoil_no_crs(study):
    study.text = study.text.replace("cities.gpkg", "cities.shp")
    study.write()
    study.cities.to_file(study.folder / "cities.shp")
    (study.folder / "cities.prj").unlink()
    return "coordinate reference system", "crs"


def spoil_outside_the_world(study):
    study.cities.loc[0, "geometry"] = translate(study.cities.loc[0, "geometry"], 5000, 5000)
    study.write()
    return study.cities.loc[0, "cbsa"], "outside the world"


def spoil_empty_geometry(study):
    study.cities.loc[0, "geometry"] = shapely.Polygon()
    study.write()
    return study.cities.loc[0, "cbsa"], "empty"


def spoil_same_point(study):
    study.cities = gpd.GeoDataFrame(
        study.cities.drop(columns="geometry"), geometry=study.cities.representative_point()
    )
    study.cities.loc[1, "geometry"] = study.cities.loc[0, "geometry"]
    study.write()
    return study.cities.loc[0, "cbsa"], study.cities.loc[1, "cbsa"], "same point"


def spoil_constant_column(study):
    study.panel["unemployment_insurance_per_head"] = 7.0
    study.write()
    return "unemployment_insurance_per_head", "same value in every row"


def spoil_text_in_numbers(study):
    study.panel["population"] = study.panel["population"].astype(str)
    study.panel.loc[3, "population"] = "about 100"
    study.write()
    return "population", "about 100"


def spoil_missing_column(study):
    study.text = study.text.replace(
        '"real_income_per_head", "unemp', '"real_incom_per_head", "unemp'
    )
    study.write()
    return "real_incom_per_head", "real_income_per_head"


def spoil_phase_outside_years(study):
    study.text = study.text.replace("recovery = [1991, 1994]", "recovery = [1991, 2004]")
    study.write()
    return "2004", "1996"


def spoil_unknown_group(study):
    study.text = study.text.replace('size = "size"', 'size = "sise"')
    study.write()
    return "sise", "size"


def spoil_no_number_of_neighbours(study):
    study.text = study.text.replace("k = 4", "k = 4000")
    study.write()
    return ("4000",)


def spoil_island_in_two_way_model(study):
    study.text = study.text.replace('kind = "knn"\nk = 4', 'kind = "contiguity"\nislands = "keep"')
    study.write()
    return "island", "nearest"


def spoil_formula(study):
    study.text = study.text.replace("ln_income ~", "ln_incom ~")
    study.write()
    return "ln_incom", "ln_income"


def spoil_study_key(study):
    study.text = study.text.replace('id = "cbsa"', 'id = "cbsa"\nidd = "x"')
    study.write()
    return "cities.idd", "unknown key"


SPOILS = [value for name, value in dict(globals()).items() if name.startswith("spoil_")]


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda f: f.__name__.removeprefix("spoil_"))
def test_bad_input_is_one_clear_message(small_study, command, spoil):
    expected = spoil(small_study)
    before = sorted(small_study.folder.rglob("*"))
    output = small_study.folder.parent / "results"
    output.mkdir()
    (output / "run_record.json").write_text("{}")

    answer = command("run", small_study.file, "--output", output, "--overwrite", "--quiet")

    assert answer.status == 2, answer.err
    for words in expected:
        assert words in answer.err
    assert "Traceback" not in answer.err
    assert sorted(small_study.folder.rglob("*")) == before
    assert [item.name for item in output.iterdir()] == ["run_record.json"]  # the old results
    assert sorted(i.name for i in output.parent.iterdir()) == ["results", "study"]


def test_check_prints_the_passport_and_changes_nothing(small_study, command):
    bowtie = shapely.Polygon([(-110, 40), (-109, 41), (-109, 40), (-110, 41)])
    small_study.cities.loc[0, "geometry"] = bowtie
    small_study.write()
    before = {path: path.read_bytes() for path in small_study.folder.rglob("*")}

    answer = command("check", small_study.file)

    assert answer.status == 0, answer.err
    assert "repaired" in answer.out
    assert small_study.cities.loc[0, "cbsa"] in answer.out
    assert {path: path.read_bytes() for path in small_study.folder.rglob("*")} == before


def test_check_in_chinese(small_study, command):
    answer = command("check", small_study.write(), "--language", "zh")
    assert answer.status == 0, answer.err
    assert "城市" in answer.out


def test_existing_output_is_refused(small_study, command):
    small_study.write()
    output = small_study.folder.parent / "results"
    output.mkdir()
    (output / "thesis.txt").write_text("years of work")
    answer = command("run", small_study.file, "--output", output)
    assert answer.status == 2
    assert "--overwrite" in answer.err
    assert (output / "thesis.txt").read_text() == "years of work"


def test_wrong_language_is_refused(small_study, command):
    answer = command("check", small_study.write(), "--language", "fr")
    assert answer.status == 2
    assert "'en', 'zh'" in answer.err
