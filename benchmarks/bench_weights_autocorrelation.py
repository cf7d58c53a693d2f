"""Time weights and Moran statistics beside their peers in one run.

Run ``python benchmarks/bench_weights_autocorrelation.py``; it takes one to two minutes, a third of
which is esda's first call. Every pair is timed in turn on the same data, the better of two runs
counts.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pygeoda
import shapely
from common import Row, large_asked, named, report, seconds, table_head
from esda import Moran, Moran_Local
from libpysal.graph import Graph
from scipy.spatial import cKDTree

from spatial.autocorrelation import (
    global_moran,
    local_geary,
    local_getis_ord,
    local_moran,
    local_panel,
)
from spatial.coordinates import city_positions
from spatial.weights import contiguity_weights, knn_weights

PERMUTATIONS = 999
NEIGHBOURS = 8


def wall(work: Callable[[], Any], *, rounds: int = 2) -> float:
    """Return wall seconds: esda and the search tree use several processors."""
    return seconds(work, rounds=rounds, clock=time.perf_counter)


def pair(work: str, n: int, peer: str, ours: float, theirs: float) -> Row:
    """Return a row without memory."""
    return Row(work=work, n=n, peer=peer, ours=ours, theirs=theirs)


def random_cities(n: int) -> pd.DataFrame:
    """Scatter cities over a piece of the earth."""
    places = np.random.default_rng(0).uniform([0, 30], [40, 60], (n, 2))
    return pd.DataFrame(places, columns=["longitude", "latitude"])


def random_territories(n: int) -> gpd.GeoDataFrame:
    """Divide a square among random points (Voronoi); neighbours share their vertices."""
    points = shapely.multipoints(np.random.default_rng(1).uniform(0, 100, (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    return gpd.GeoDataFrame(geometry=cells, crs="EPSG:3857")


def knn_pairs(n: int) -> list[Row]:
    """K nearest neighbours against libpysal and against the bare search tree."""
    cities = random_cities(n)
    vectors = city_positions(cities).unit_vectors()
    planar = gpd.GeoSeries(gpd.points_from_xy(cities["longitude"], cities["latitude"]))
    ours = wall(lambda: knn_weights(cities, k=NEIGHBOURS))
    graph = wall(lambda: Graph.build_knn(planar, k=NEIGHBOURS).transform("R"))
    # The tree uses the same number of processors as our search.
    tree = wall(lambda: cKDTree(vectors).query(vectors, k=NEIGHBOURS + 1, workers=-1))
    work = f"{NEIGHBOURS} nearest neighbours (wall time)"
    return [
        pair(work, n, named("libpysal", "Graph, in the plane"), ours, graph),
        pair(work, n, named("scipy", "cKDTree alone, the floor"), ours, tree),
    ]


def queen_pairs(n: int) -> list[Row]:
    """Queen contiguity against libpysal and, where it is installed, pygeoda."""
    cities = random_territories(n)
    ours = contiguity_weights(cities, transform="none")
    theirs = Graph.build_contiguity(cities, rook=False)
    # Both must find the same borders, or the times mean nothing.
    assert ours.matrix.nnz == theirs.adjacency.astype(bool).sum()
    work, taken = "queen contiguity (wall time)", wall(lambda: contiguity_weights(cities))
    graph = wall(lambda: Graph.build_contiguity(cities, rook=False).transform("R"))
    rows = [pair(work, n, named("libpysal", "Graph"), taken, graph)]
    if importlib.util.find_spec("pygeoda"):
        pygeoda = importlib.import_module("pygeoda")
        opened = pygeoda.open(cities)  # a copy of the polygons, made before the clock starts
        geoda = wall(lambda: pygeoda.queen_weights(opened))
        rows.append(pair(work, n, named("pygeoda", "polygons copied before"), taken, geoda))
    return rows


def moran_pairs(n: int, *, rounds: int) -> list[Row]:
    """Local and global Moran against esda, warm, on the same weights."""
    weights = knn_weights(random_cities(n), k=NEIGHBOURS)
    values = pd.Series(np.random.default_rng(2).normal(size=n))
    old, numbers = weights.to_w(), values.to_numpy()
    uneven = weights.matrix.copy()
    uneven.data = np.random.default_rng(3).uniform(0.5, 1.0, uneven.nnz)
    distance_like = type(weights)(weights.ids, (uneven,)).transformed("row")
    options: dict[str, Any] = {"permutations": PERMUTATIONS, "rng": 1}
    local = wall(lambda: local_moran(values, weights, correction="none", **options))
    uneven_local = wall(lambda: local_moran(values, distance_like, correction="none", **options))
    whole = wall(lambda: global_moran(values, weights, **options))
    esda_local = wall(
        lambda: Moran_Local(
            numbers, old, permutations=PERMUTATIONS, seed=1, n_jobs=2, keep_simulations=False
        ),
        rounds=rounds,
    )
    esda_global = wall(lambda: Moran(numbers, old, permutations=PERMUTATIONS), rounds=rounds)
    return [
        pair(
            f"local Moran, {PERMUTATIONS} permutations (wall time)",
            n,
            named("esda", "2 jobs, warm"),
            local,
            esda_local,
        ),
        pair(
            "the same, uneven weights (wall time)",
            n,
            named("esda", "2 jobs, warm"),
            uneven_local,
            esda_local,
        ),
        pair(
            f"global Moran, {PERMUTATIONS} permutations (wall time)",
            n,
            named("esda"),
            whole,
            esda_global,
        ),
    ]


def geoda_pairs(n: int) -> list[Row]:
    """Local statistics against pygeoda with two threads, on the same neighbours."""
    cities = random_cities(n)
    weights = knn_weights(cities, k=NEIGHBOURS)
    values = pd.Series(np.random.default_rng(2).normal(size=n))
    numbers = values.tolist()
    points = gpd.points_from_xy(cities["longitude"], cities["latitude"])
    table = gpd.GeoDataFrame({"value": values}, geometry=points)
    theirs = pygeoda.knn_weights(pygeoda.open(table), NEIGHBOURS)
    ours: dict[str, Any] = {"permutations": PERMUTATIONS, "rng": 1, "correction": "none"}
    geoda = {"permutations": PERMUTATIONS, "cpu_threads": 2}
    works = {
        "local Moran": (local_moran, pygeoda.local_moran),
        "local Gi*": (local_getis_ord, pygeoda.local_gstar),
        "local Geary": (local_geary, pygeoda.local_geary),
    }
    rows = []
    for work, (mine, other) in works.items():
        spent = wall(lambda mine=mine: mine(values, weights, **ours))
        for method in ("lookup-table", "complete"):
            rows.append(
                pair(
                    f"{work}, {PERMUTATIONS} permutations (wall time)",
                    n,
                    named("pygeoda", f"2 threads, {method}"),
                    spent,
                    wall(
                        lambda other=other, method=method: other(
                            theirs, numbers, permutation_method=method, **geoda
                        ),
                        rounds=1,
                    ),
                )
            )
    return rows


def panel_pair(n: int, years: int) -> Row:
    """Local Moran of a panel against one call of esda for each year."""
    weights = knn_weights(random_cities(n), k=NEIGHBOURS)
    table = pd.DataFrame(np.random.default_rng(4).normal(size=(n, years)))
    old = weights.to_w()

    def by_year() -> None:
        for year in table.columns:
            Moran_Local(
                table[year].to_numpy(),
                old,
                permutations=9999,
                seed=1,
                n_jobs=2,
                keep_simulations=False,
            )

    return pair(
        f"local Moran of {years} years, 9999 permutations (wall time)",
        n,
        named("esda", f"{years} calls, 2 jobs, warm"),
        wall(lambda: local_panel(table, weights, correction="none", rng=1), rounds=1),
        wall(by_year, rounds=1),
    )


def million_row() -> Row:
    """Local Moran of a million cities, without a peer."""
    n = 1_000_000
    weights = knn_weights(random_cities(n), k=NEIGHBOURS)
    values = pd.Series(np.random.default_rng(2).normal(size=n))
    spent = wall(
        lambda: local_moran(values, weights, permutations=PERMUTATIONS, correction="none", rng=1),
        rounds=1,
    )
    return Row(
        work=f"local Moran, {PERMUTATIONS} permutations (wall time)", n=n, peer="", ours=spent
    )


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    large = large_asked(__doc__)
    table_head()
    for n in (10_000, 100_000, 1_000_000) if large else (10_000, 100_000):
        for row in knn_pairs(n):
            report(row)
    for n in (1_000, 10_000, 100_000):
        for row in queen_pairs(n):
            report(row)
    moran_pairs(500, rounds=1)  # esda compiles here
    for n, rounds in ((1_000, 2), (10_000, 2), (100_000 if large else 30_000, 1)):
        for row in moran_pairs(n, rounds=rounds):
            report(row)
    for row in geoda_pairs(100_000 if large else 10_000):
        report(row)
    report(panel_pair(3_000, 20 if large else 4))
    if large:
        report(million_row())


if __name__ == "__main__":
    main()
