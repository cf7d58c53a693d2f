"""Time weights and Moran statistics beside their peers in one run.

Run ``python benchmarks/bench_weights_autocorrelation.py``; it takes one to two minutes, a third of
which is esda's first call. Every pair is timed in turn on the same data, the better of two runs
counts, and the ratio is peer time over interurban time: above one, interurban is faster. Absolute
seconds drift between machines, ratios hardly.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from esda import Moran, Moran_Local
from libpysal.graph import Graph
from scipy.spatial import cKDTree

from spatial.autocorrelation import global_moran, local_moran
from spatial.coordinates import city_positions
from spatial.weights import contiguity_weights, knn_weights

PERMUTATIONS = 999
NEIGHBOURS = 8


@dataclass(frozen=True)
class Pair:
    """One line of the table."""

    work: str
    n: int
    peer: str
    ours: float
    theirs: float

    def line(self) -> str:
        """Return the line as text."""
        ratio = self.theirs / self.ours
        return (
            f"{self.work:<34}{self.n:>8,}  {self.peer:<28}{self.ours:>9.3f}{self.theirs:>9.3f}"
            f"{ratio:>8.1f}"
        )


def seconds(work: Callable[[], Any], *, rounds: int = 2) -> float:
    """Return the shortest wall time of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def random_cities(n: int) -> pd.DataFrame:
    """Scatter cities over a piece of the earth."""
    places = np.random.default_rng(0).uniform([0, 30], [40, 60], (n, 2))
    return pd.DataFrame(places, columns=["longitude", "latitude"])


def random_territories(n: int) -> gpd.GeoDataFrame:
    """Divide a square among random points (Voronoi); neighbours share their vertices."""
    points = shapely.multipoints(np.random.default_rng(1).uniform(0, 100, (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    return gpd.GeoDataFrame(geometry=cells, crs="EPSG:3857")


def knn_pairs(n: int) -> list[Pair]:
    """K nearest neighbours against libpysal and against the bare search tree."""
    cities = random_cities(n)
    vectors = city_positions(cities).unit_vectors()
    planar = gpd.GeoSeries(gpd.points_from_xy(cities["longitude"], cities["latitude"]))
    ours = seconds(lambda: knn_weights(cities, k=NEIGHBOURS))
    graph = seconds(lambda: Graph.build_knn(planar, k=NEIGHBOURS).transform("R"))
    # The tree uses the same number of processors as our search.
    tree = seconds(lambda: cKDTree(vectors).query(vectors, k=NEIGHBOURS + 1, workers=-1))
    work = f"{NEIGHBOURS} nearest neighbours"
    return [
        Pair(work, n, "libpysal Graph (plane)", ours, graph),
        Pair(work, n, "cKDTree alone (floor)", ours, tree),
    ]


def queen_pair(n: int) -> Pair:
    """Queen contiguity against libpysal."""
    cities = random_territories(n)
    ours = contiguity_weights(cities, transform="none")
    theirs = Graph.build_contiguity(cities, rook=False)
    # Both must find the same borders, or the times mean nothing.
    assert ours.matrix.nnz == theirs.adjacency.astype(bool).sum()
    return Pair(
        "queen contiguity",
        n,
        "libpysal Graph",
        seconds(lambda: contiguity_weights(cities)),
        seconds(lambda: Graph.build_contiguity(cities, rook=False).transform("R")),
    )


def moran_pairs(n: int, *, rounds: int) -> list[Pair]:
    """Local and global Moran against esda, warm, on the same weights."""
    weights = knn_weights(random_cities(n), k=NEIGHBOURS)
    values = pd.Series(np.random.default_rng(2).normal(size=n))
    old, numbers = weights.to_w(), values.to_numpy()
    uneven = weights.matrix.copy()
    uneven.data = np.random.default_rng(3).uniform(0.5, 1.0, uneven.nnz)
    distance_like = type(weights)(weights.ids, (uneven,)).transformed("row")
    options: dict[str, Any] = {"permutations": PERMUTATIONS, "rng": 1}
    local = seconds(lambda: local_moran(values, weights, correction="none", **options))
    uneven_local = seconds(lambda: local_moran(values, distance_like, correction="none", **options))
    whole = seconds(lambda: global_moran(values, weights, **options))
    esda_local = seconds(
        lambda: Moran_Local(
            numbers, old, permutations=PERMUTATIONS, seed=1, n_jobs=2, keep_simulations=False
        ),
        rounds=rounds,
    )
    esda_global = seconds(lambda: Moran(numbers, old, permutations=PERMUTATIONS), rounds=rounds)
    return [
        Pair(f"local Moran, {PERMUTATIONS}", n, "esda, 2 jobs, warm", local, esda_local),
        Pair("  the same, uneven weights", n, "esda, 2 jobs, warm", uneven_local, esda_local),
        Pair(f"global Moran, {PERMUTATIONS}", n, "esda", whole, esda_global),
    ]


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"{'work':<34}{'n':>8}  {'peer':<28}{'ours s':>9}{'peer s':>9}{'ratio':>8}")
    for n in (10_000, 100_000):
        for pair in knn_pairs(n):
            print(pair.line(), flush=True)
    for n in (1_000, 10_000, 50_000):
        print(queen_pair(n).line(), flush=True)
    moran_pairs(500, rounds=1)  # esda compiles here
    for n, rounds in ((1_000, 2), (10_000, 2), (30_000, 1)):
        for pair in moran_pairs(n, rounds=rounds):
            print(pair.line(), flush=True)


if __name__ == "__main__":
    main()
