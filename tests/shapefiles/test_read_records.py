"""Records opened from Parquet, CSV and databases, and every way in which they cannot be."""

import gzip
import os
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from networks import flow_network_from_records
from shapefiles.read_records import open_records, progress_bar
from spatial.errors import ConfigError, InputError

pytest.importorskip("ibis", reason="ibis is not installed: the extra 'records'")
duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: the extra 'records'")

CITIES = pd.Index(["010100", "020200", "030300"])


@pytest.fixture(scope="module")
def trips():
    rng = np.random.default_rng(3)
    ends = CITIES.to_numpy(dtype=object)[rng.integers(0, 3, (200, 2))]
    return pd.DataFrame(
        {"origin": ends[:, 0], "destination": ends[:, 1], "people": rng.integers(0, 5, 200)}
    )


@pytest.fixture(scope="module")
def flows(trips):
    """The sums, by a pivot table."""
    table = trips.pivot_table(index="origin", columns="destination", values="people", aggfunc="sum")
    values = table.reindex(index=CITIES, columns=CITIES).to_numpy(dtype=float, copy=True)
    np.fill_diagonal(values, 0.0)
    return values


def network_of(records):
    return flow_network_from_records(records, CITIES, flow="people").flows.toarray()


def test_parquet_files_folders_and_patterns(trips, flows, tmp_path):
    parts = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    trips.iloc[:80].to_parquet(parts[0])
    trips.iloc[80:].to_parquet(parts[1])
    for source in (parts, tmp_path, f"{tmp_path}/*.parquet"):
        assert np.array_equal(network_of(open_records(source)), flows)


@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("t.csv", ";"), ("t.tsv", "\t")])
def test_ids_in_csv_keep_their_zeros(trips, flows, tmp_path, name, separator):
    trips.to_csv(tmp_path / name, index=False, sep=separator)
    records = open_records(tmp_path / name, text=["origin", "destination"])
    assert np.array_equal(network_of(records), flows)


def test_compressed_csv(trips, flows, tmp_path):
    with gzip.open(tmp_path / "t.csv.gz", "wt") as file:
        trips.to_csv(file, index=False)
    records = open_records(tmp_path / "t.csv.gz", text=["origin", "destination"])
    assert np.array_equal(network_of(records), flows)


def test_numbers_become_text_on_demand(trips, tmp_path):
    trips.assign(people=trips["people"] + 100).to_parquet(tmp_path / "t.parquet")
    records = open_records(tmp_path / "t.parquet", text="people")
    assert records["people"].type().is_string()
    with pytest.raises(InputError, match=r"lacks columns 'fare'; it has 'origin'"):
        open_records(tmp_path / "t.parquet", text=["fare"])


def test_a_table_of_a_database(trips, flows, tmp_path):
    import ibis

    path = tmp_path / "study.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", trips)
        connection.execute("create table trips as select * from frame")
    for source in (path, f"duckdb://{path}"):
        assert np.array_equal(network_of(open_records(source, table="trips")), flows)
    backend = ibis.duckdb.connect(path, read_only=True)
    assert np.array_equal(network_of(open_records(None, table="trips", connection=backend)), flows)
    with pytest.raises(InputError, match=r"no table 'journeys'.*it has 'trips'"):
        open_records(path, table="journeys")
    with pytest.raises(InputError, match=r"Name a table=.*it has 'trips'"):
        open_records(path)


def test_unusable_sources(trips, tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        open_records(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="No file fits the pattern"):
        open_records(f"{tmp_path}/*.parquet")
    with pytest.raises(InputError, match="holds no Parquet files"):
        open_records(tmp_path)
    with pytest.raises(InputError, match="No files of records"):
        open_records([])
    with pytest.raises(InputError, match="Name the table="):
        open_records(None)
    sheet = tmp_path / "trips.xlsx"
    sheet.write_text("no table")
    with pytest.raises(InputError, match="records are read from Parquet"):
        open_records(sheet)
    fake = tmp_path / "trips.parquet"
    fake.write_text("this is no Parquet file, whatever its name says")
    with pytest.raises(InputError, match=r"trips\.parquet cannot be read as Parquet"):
        open_records(fake)
    trips.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="one after the other"):
        open_records([fake, tmp_path / "t.csv"])
    with pytest.raises(InputError, match="cannot be opened"):
        open_records("nobase://host/name", table="trips")


def test_engines_that_are_not_installed(trips, tmp_path, monkeypatch):
    trips.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ConfigError, match=r"engine='dask' is not known"):
        open_records(tmp_path / "t.parquet", engine="dask")
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ConfigError, match=r"interurban\[spark\]"):
        open_records(tmp_path / "t.parquet", engine="spark")
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(ConfigError, match=r"interurban\[records\]"):
        open_records(tmp_path / "t.parquet")


def test_a_bar_on_standard_error_only_where_asked(trips, flows, tmp_path, capfd):
    trips.to_parquet(tmp_path / "t.parquet")
    records = open_records(tmp_path / "t.parquet")
    network_of(records)
    silent = capfd.readouterr()
    assert (silent.out, silent.err) == ("", "")
    with progress_bar(records, words="trips"):
        found = network_of(records)
    assert np.array_equal(found, flows)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "trips" in shown.err


@pytest.mark.slow
def test_spark_opens_the_same_files(trips, flows, tmp_path):
    pyspark = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: extra 'spark'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, which is not installed")
    builder = pyspark.SparkSession.builder.master("local[1]")
    for key, value in (
        ("spark.ui.enabled", "false"),
        ("spark.sql.shuffle.partitions", "1"),
        ("spark.sql.session.timeZone", "UTC"),
        ("spark.driver.bindAddress", "127.0.0.1"),
        ("spark.driver.host", "127.0.0.1"),
    ):
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    try:
        parts = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
        trips.iloc[:80].to_parquet(parts[0])
        trips.iloc[80:].to_parquet(parts[1])
        trips.to_csv(tmp_path / "t.csv", index=False)
        records = open_records(tmp_path / "t.csv", engine="spark", text=["origin", "destination"])
        assert np.array_equal(network_of(records), flows)
        assert np.array_equal(network_of(open_records(parts, engine="spark")), flows)
        with pytest.raises(InputError, match=r"lacks columns 'fare'"):
            open_records(tmp_path / "t.csv", engine="spark", text=["fare"])
    finally:
        session.stop()
