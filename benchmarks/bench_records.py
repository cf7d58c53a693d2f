"""Time what does not fit in memory beside peers: records, points in polygons, very many cities.

Run ``python benchmarks/bench_records.py``; it takes about a minute. ``--large`` adds 10^8 records,
10^7 points and 30,000 cities, another five. Needs the extra ``records``. Records are made by DuckDB
in a temporary folder. Peers are written as these tasks usually are: pandas reads the file and
groups it, geopandas joins points with polygons, numpy works out blocks of rows with distances from
chords and keeps the strongest of each row.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
from common import Row, large_asked, named, peak_megabytes, report, seconds, table_head
from scipy import sparse

from networks import cities_of_points, flow_network_from_records, gravity_backbone
from shapefiles.example import example_area
from shapefiles.read_records import open_records
from spatial.coordinates import EARTH_RADIUS_KM

CITIES = pd.Index([f"{number:06d}" for number in range(110_000, 110_341)])
ROWS_OF_A_BLOCK = 200


def make_records(path: Path, rows: int) -> None:
    """Write records between 341 cities, some far larger than others."""
    code = "printf('%06d', 110000 + (random() * random() * 340)::int)"
    duckdb.sql(
        f"copy (select {code} as origin, {code} as destination, (1 + random() * 20)::int as people,"
        f" 2015 + (random() * 5)::int as year from range({rows})) to '{path}' (format parquet)"
    )


def time_records(folder: Path, rows: int, *, with_peer: bool) -> None:
    """Network from records of four years, weights added up."""
    path = folder / "records.parquet"
    make_records(path, rows)

    def ours() -> None:
        flow_network_from_records(
            open_records(path), CITIES, flow="people", time="year", start=2016, end=2019
        )

    def plain() -> sparse.csr_array:
        table = pd.read_parquet(path)
        table = table[table["year"].between(2016, 2019)]
        sums = table.groupby(["origin", "destination"])["people"].sum().reset_index()
        ends = [CITIES.get_indexer(sums[end]) for end in ("origin", "destination")]
        return sparse.csr_array((sums["people"], ends), shape=(len(CITIES), len(CITIES)))

    report(
        Row(
            work="network from records, four of six years",
            n=rows,
            peer=named("pandas", "read and grouped") if with_peer else "",
            ours=seconds(ours),
            theirs=seconds(plain) if with_peer else None,
            peak=peak_megabytes(ours),
            peer_peak=peak_megabytes(plain) if with_peer else None,
        )
    )


def points_near_cities(cities: gpd.GeoDataFrame, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Make points in the bounding boxes of cities: half of them near a border."""
    rng = np.random.default_rng(1)
    boxes = cities.geometry.bounds.to_numpy()[rng.integers(0, len(cities), m)]
    return rng.uniform(boxes[:, 0], boxes[:, 2]), rng.uniform(boxes[:, 1], boxes[:, 3])


def time_points(m: int, *, with_peer: bool) -> None:
    """Points in the 327 metropolitan areas of the example."""
    cities = example_area(complete_only=False).cities
    x, y = points_near_cities(cities, m)

    def plain() -> None:
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4326)
        gpd.sjoin(points, cities[["geometry"]], how="left", predicate="intersects")

    report(
        Row(
            work="points in 327 polygons",
            n=m,
            peer=named("geopandas", "sjoin") if with_peer else "",
            ours=seconds(lambda: cities_of_points(x, y, cities)),
            theirs=seconds(plain) if with_peer else None,
            peak=peak_megabytes(lambda: cities_of_points(x, y, cities)),
            peer_peak=peak_megabytes(plain) if with_peer else None,
        )
    )


def strongest_by_blocks(area: pd.DataFrame, masses: pd.Series, top: int) -> sparse.csr_array:
    """Work out a gravity network in blocks of rows and keep the strongest links of each city."""
    n, mass = len(area), masses.to_numpy()
    lon, lat = (np.radians(area[name].to_numpy()) for name in ("longitude", "latitude"))
    points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    blocks = []
    for start in range(0, n, ROWS_OF_A_BLOCK):
        rows = np.arange(start, min(start + ROWS_OF_A_BLOCK, n))
        chord = np.sqrt(np.maximum(2.0 - 2.0 * (points[rows] @ points.T), 0.0))
        km = 2.0 * EARTH_RADIUS_KM * np.arcsin(chord / 2.0)
        km[np.arange(len(rows)), rows] = np.inf
        flows = mass[rows, None] * mass / km**2
        best = np.argpartition(flows, -top, axis=1)[:, -top:]
        values = np.take_along_axis(flows, best, axis=1).ravel()
        ends = np.arange(0, len(values) + 1, top)
        blocks.append(sparse.csr_array((values, best.ravel(), ends), shape=(len(rows), n)))
    kept = sparse.vstack(blocks, format="csr")
    return kept.maximum(kept.T.tocsr())


def time_gravity(n: int, *, rounds: int) -> None:
    """Strongest 50 links of each city in a gravity network."""
    rng = np.random.default_rng(1)
    area = pd.DataFrame({"longitude": rng.uniform(75, 130, n), "latitude": rng.uniform(20, 50, n)})
    masses = pd.Series(rng.lognormal(3.0, 1.2, n))

    def ours() -> None:
        gravity_backbone(area, masses, keep="top", top=50)

    def plain() -> None:
        strongest_by_blocks(area, masses, 50)

    report(
        Row(
            work="gravity, strongest 50 links, with totals",
            n=n,
            peer=named("numpy", "blocks, without totals"),
            ours=seconds(ours, rounds=rounds),
            theirs=seconds(plain, rounds=rounds),
            peak=peak_megabytes(ours),
            peer_peak=peak_megabytes(plain) if rounds > 1 else None,
        )
    )


def main() -> None:
    """Run all pairs."""
    large = large_asked(__doc__)
    table_head()
    with tempfile.TemporaryDirectory() as folder:
        time_records(Path(folder), 5_000_000, with_peer=True)
        if large:
            time_records(Path(folder), 100_000_000, with_peer=False)
    time_points(500_000, with_peer=True)
    if large:
        time_points(10_000_000, with_peer=False)
    time_gravity(8_000, rounds=2)
    if large:
        time_gravity(30_000, rounds=1)


if __name__ == "__main__":
    main()
