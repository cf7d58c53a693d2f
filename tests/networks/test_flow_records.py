"""Networks from records: against pandas and geometry, by two engines, and unusable records."""

import os

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from networks import flow_network, flow_network_from_records, network_sequence_from_records
from networks.plausibility import LinkageWarning
from spatial.errors import AlignmentError, ConfigError, GeometryError, WeightsError

pytest.importorskip("ibis", reason="ibis is not installed: the extra 'records'")
pytest.importorskip("duckdb", reason="DuckDB is not installed: the extra 'records'")

ROUNDING = 1e-12  # sums of the same numbers in another order

CITIES = pd.Index([f"{number:06d}" for number in (10100, 20200, 30300, 40400)])


@pytest.fixture(scope="module")
def trips():
    """Records with ids, some unknown, empty or missing, of three years."""
    rng = np.random.default_rng(7)
    m = 4000
    ids = np.array([*CITIES, "999999", "", None], dtype=object)
    ends = rng.choice(len(ids), (m, 2), p=[0.3, 0.25, 0.2, 0.15, 0.06, 0.02, 0.02])
    return pd.DataFrame(
        {
            "origin": ids[ends[:, 0]],
            "destination": ids[ends[:, 1]],
            "people": rng.integers(0, 9, m),
            "tonnes": rng.lognormal(size=m),
            "mode": rng.choice(["rail", "road", None], m),
            "day": pd.Timestamp("2019-01-01")
            + pd.to_timedelta(rng.integers(0, 3 * 365 * 86400, m), unit="s"),
        }
    ).assign(year=lambda t: t["day"].dt.year)


def by_pandas(frame, flow):
    """Build the same by the table route of the package, which has tests of its own."""
    frame = frame.assign(one=1.0).replace({"origin": {"": None}, "destination": {"": None}})
    return flow_network(
        frame,
        CITIES,
        flow=flow or "one",
        duplicates="sum",
        unknown="drop",
        unnamed="drop",
    )


@pytest.mark.parametrize("flow", [None, "people", "tonnes"])
def test_the_same_as_a_table_in_memory(trips, flow):
    found = flow_network_from_records(trips, CITIES, flow=flow, unknown="drop", year=2020)
    wanted = by_pandas(trips, flow)
    np.testing.assert_allclose(found.flows.toarray(), wanted.flows.toarray(), rtol=ROUNDING)
    np.testing.assert_allclose(found.inner, wanted.inner, rtol=ROUNDING)
    assert found.parameters["records"] == len(trips)
    for what in ("self", "unknown", "unnamed"):
        assert found.parameters[f"{what}_records"] == wanted.parameters[f"{what}_links"]
        assert found.parameters[f"{what}_flow"] == pytest.approx(
            wanted.parameters[f"{what}_flow"], rel=ROUNDING
        )
    assert (found.directed, found.year) == (True, 2020)
    assert found.unit == ("records" if flow is None else "")
    assert "records without an origin or a destination, dropped" in found.description


def test_order_of_cities_and_records_does_not_matter(trips):
    found = flow_network_from_records(
        trips.sample(frac=1, random_state=1), CITIES[::-1], unknown="drop"
    ).reordered(CITIES)
    wanted = flow_network_from_records(trips, CITIES, unknown="drop")
    assert np.array_equal(found.flows.toarray(), wanted.flows.toarray())


def test_filters_and_period(trips):
    found = flow_network_from_records(
        trips,
        CITIES,
        unknown="drop",
        filters={"mode": ["rail", "road"], "people": 3},
        time="day",
        start="2019-03-01",
        end="2020-02-29",
    )
    days = trips["day"].dt.date.astype(str)
    kept = trips["mode"].notna() & (trips["people"] == 3) & days.between("2019-03-01", "2020-02-29")
    wanted = by_pandas(trips[kept], None)
    assert np.array_equal(found.flows.toarray(), wanted.flows.toarray())
    assert found.parameters["records"] == kept.sum()
    assert "records with people = 3; day from 2019-03-01 to 2020-02-29" in found.description
    whole_year = flow_network_from_records(
        trips, CITIES, unknown="drop", time="day", start=2020, end=2020
    )
    by_year = flow_network_from_records(
        trips, CITIES, unknown="drop", time="year", start=2020, end=2020
    )
    assert whole_year.parameters["records"] == by_year.parameters["records"] > 0
    without = flow_network_from_records(trips, CITIES, unknown="drop", filters={"mode": None})
    assert without.parameters["records"] == trips["mode"].isna().sum()


def test_a_network_for_each_year(trips):
    for column in ("year", "day"):
        sequence = network_sequence_from_records(
            trips, CITIES, time=column, flow="people", unknown="drop"
        )
        assert list(sequence.years) == [2019, 2020, 2021]
        for network in sequence:
            wanted = by_pandas(trips[trips["year"] == network.year], "people")
            assert np.array_equal(network.flows.toarray(), wanted.flows.toarray())
    some = network_sequence_from_records(
        trips, CITIES, time="year", years=[2030, 2020], unknown="drop"
    )
    assert list(some.years) == [2020, 2030]
    assert some[2030].n_links == 0
    undated = trips.assign(year=trips["year"].astype("Int64").mask(trips["people"] == 0))
    with pytest.raises(ConfigError, match=r"\d+ records have no year in column 'year'"):
        network_sequence_from_records(undated, CITIES, time="year", unknown="drop")


@pytest.fixture(scope="module")
def districts():
    """Four squares with common edges, labelled against their order, and one over a corner."""
    boxes = [shapely.box(x, y, x + 1, y + 1) for x in (0, 1) for y in (0, 1)]
    shapes = [*boxes, shapely.box(1.9, 1.9, 3, 3)]
    return gpd.GeoDataFrame(geometry=shapes, index=["d", "c", "b", "a", "e"], crs=4326)


@pytest.fixture(scope="module")
def rides():
    """Points on a coarse lattice, so that many lie on edges; some missing or impossible."""
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        np.where(
            rng.random((3000, 4)) < 0.5,
            rng.integers(-1, 8, (3000, 4)) / 2.0,
            rng.uniform(-0.5, 3.5, (3000, 4)),
        ),
        columns=["from_x", "from_y", "to_x", "to_y"],
    )
    frame["riders"] = rng.integers(1, 5, len(frame))
    frame["home"] = rng.choice([*"abcde", "elsewhere", None], len(frame))
    frame["year"] = rng.integers(2001, 2003, len(frame))
    frame.loc[::97, "from_x"], frame.loc[5::89, "to_y"] = np.nan, 95.0
    return frame


def placed(frame, x, y, districts):
    """City of each point, by one predicate for each pair; None outside, 'nowhere' if unplaced."""
    points = shapely.points(frame[[x, y]].to_numpy())
    ordered = districts.sort_index()
    found = np.full(len(frame), None, dtype=object)
    for label, shape in reversed(list(ordered.geometry.items())):
        found[shapely.intersects(shape, points)] = label
    good = frame[x].between(-180, 180) & frame[y].between(-90, 90)
    return np.where(good, found, "nowhere")


def expected(frame, start, stop, ids):
    table = pd.DataFrame({"o": start, "d": stop, "w": frame["riders"].to_numpy()})
    return (
        table.pivot_table(index="o", columns="d", values="w", aggfunc="sum")
        .reindex(index=ids, columns=ids)
        .fillna(0.0)
    )


def test_points_in_polygons(rides, districts):
    found = flow_network_from_records(
        rides,
        districts,
        origin=("from_x", "from_y"),
        destination=("to_x", "to_y"),
        flow="riders",
        unknown="drop",
    )
    start = placed(rides, "from_x", "from_y", districts)
    stop = placed(rides, "to_x", "to_y", districts)
    wanted = expected(rides, start, stop, districts.index).to_numpy()
    assert np.array_equal(found.inner, np.diag(wanted))
    assert np.array_equal(found.flows.toarray(), wanted - np.diag(np.diag(wanted)))
    unplaced = (start == "nowhere") | (stop == "nowhere")
    assert found.parameters["unnamed_records"] == unplaced.sum() > 0
    outside = ~unplaced & (pd.isna(start) | pd.isna(stop))
    assert found.parameters["unknown_records"] == outside.sum() > 0


def test_points_to_ids_by_year(rides, districts):
    sequence = network_sequence_from_records(
        rides,
        districts,
        time="year",
        origin="home",
        destination=("to_x", "to_y"),
        flow="riders",
        unknown="drop",
    )
    stop = placed(rides, "to_x", "to_y", districts)
    for network in sequence:
        there = (rides["year"] == network.year).to_numpy()
        wanted = expected(
            rides[there], rides["home"][there].to_numpy(), stop[there], network.cities
        )
        assert np.array_equal(network.flows.toarray() + np.diag(network.inner), wanted.to_numpy())


def test_unusable_records(trips, districts, rides):
    with pytest.raises(AlignmentError, match=r"\d+ of 4000 records name places .*: '999999'\. Add"):
        flow_network_from_records(trips, CITIES)
    with pytest.raises(AlignmentError, match=r"have no origin or no destination.*unnamed='drop'"):
        flow_network_from_records(trips, CITIES, unknown="drop", unnamed="error")
    with pytest.raises(AlignmentError, match=r"lack columns 'fare'; they have 'origin'"):
        flow_network_from_records(trips, CITIES, flow="fare")
    with pytest.raises(ConfigError, match="weights are numbers"):
        flow_network_from_records(trips, CITIES, flow="mode")
    for wrong in (-1.0, np.nan, np.inf):
        spoilt = trips.assign(tonnes=trips["tonnes"].mask(trips["origin"] == CITIES[0], wrong))
        with pytest.raises(WeightsError, match=r"weights in column 'tonnes' .*'010100'"):
            flow_network_from_records(spoilt, CITIES, flow="tonnes", unknown="drop")
    numbers = trips[trips["origin"].str.len() == 6].assign(origin=lambda t: t["origin"].astype(int))
    with pytest.raises(AlignmentError, match=r"'origin' holds int64.*text.*leading zeros"):
        flow_network_from_records(numbers, CITIES)
    places = {"origin": ("from_x", "from_y"), "destination": ("to_x", "to_y")}
    with pytest.raises(AlignmentError, match=r"of 3000 records name places that are not in"):
        flow_network_from_records(rides, districts, **places)
    with pytest.raises(GeometryError, match="GeoDataFrame of polygons"):
        flow_network_from_records(rides, districts.index, **places)
    with pytest.raises(ConfigError, match="open_records"):
        flow_network_from_records("trips.parquet", CITIES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 2019}, "need time="),
        ({"time": "year", "start": "2019-01-01"}, "Give years as start and end"),
        ({"time": "mode", "start": 2019}, "neither whole years nor dates"),
        ({"time": "day", "start": "spring"}, "is no date"),
        ({"time": "day", "end": "2019-01-01 12:00"}, "whole days"),
    ],
)
def test_unusable_periods(trips, options, message):
    with pytest.raises(ConfigError, match=message):
        flow_network_from_records(trips, CITIES, unknown="drop", **options)


def test_costs_given_as_weights():
    rng = np.random.default_rng(2)
    cities = pd.DataFrame(
        {"longitude": rng.uniform(5, 15, 12), "latitude": rng.uniform(45, 55, 12)},
        index=[f"c{number}" for number in range(12)],
    )
    pairs = [(i, j) for i in cities.index for j in cities.index if i != j]
    trips = pd.DataFrame(pairs, columns=["origin", "destination"])
    step = cities.loc[trips["origin"]].to_numpy() - cities.loc[trips["destination"]].to_numpy()
    trips["hours"] = np.hypot(*step.T)
    with pytest.warns(LinkageWarning, match="grow with distance"):
        flow_network_from_records(trips, cities, flow="hours")


def test_missing_ibis_names_the_extra(trips, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ibis", None)
    with pytest.raises(ConfigError, match=r"interurban\[records\]"):
        flow_network_from_records(trips, CITIES)


@pytest.mark.slow
def test_spark_gives_the_same(trips, rides, districts, tmp_path):
    pyspark = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: extra 'spark'")
    import shutil

    import ibis

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
        spark = ibis.pyspark.connect(session)
        trips = trips.assign(day=trips["day"].astype("datetime64[us]"))
        for name, frame in (("trips", trips), ("rides", rides)):
            frame.to_parquet(tmp_path / f"{name}.parquet")
        far = {n: spark.read_parquet(tmp_path / f"{n}.parquet") for n in ("trips", "rides")}
        options = {"unknown": "drop", "filters": {"mode": "rail"}, "flow": "people"}
        period = {"time": "day", "start": "2019-06-01", "end": 2020}
        pairs = [
            (
                flow_network_from_records(records, CITIES, **options, **period)
                for records in (far["trips"], trips)
            ),
            (
                flow_network_from_records(
                    records,
                    districts,
                    origin=("from_x", "from_y"),
                    destination=("to_x", "to_y"),
                    flow="riders",
                    unknown="drop",
                )
                for records in (far["rides"], rides)
            ),
        ]
        for by_spark, by_duckdb in pairs:
            assert np.array_equal(by_spark.flows.toarray(), by_duckdb.flows.toarray())
            assert np.array_equal(by_spark.inner, by_duckdb.inner)
            assert by_spark.parameters == by_duckdb.parameters
            assert by_spark.description == by_duckdb.description
    finally:
        session.stop()
