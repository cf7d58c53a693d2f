"""Time spatial panels beside spreg ``ML_LagFE`` in one run.

Run ``python benchmarks/bench_panel.py`` (about half a minute; ``--large`` adds 3,000 cities, where
the peer needs several gigabytes). spreg fits a lag model with city effects, without lagged
regressors, correction of bias or standard errors of effects; interurban fits a two-way Durbin model
with correction and effects by simulation (1,000 draws). Processor seconds, the better of two runs;
above one, interurban is faster. Memory is what Python and NumPy allocate. The last lines time a
single specification of the size that studies have.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import spreg
from libpysal.weights import WSP
from scipy import sparse
from scipy.spatial import cKDTree

from spatial.regression import PanelResult, fit_panel
from spatial.weights import Weights

NEIGHBOURS = 6
DRAWS = 1000
RHO = 0.4
FORMULA = "y ~ a + b + c"


def seconds(work: Callable[[], Any], *, rounds: int = 2) -> float:
    """Return the shortest processor time of some rounds, silencing what the peer prints."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            work()
        times.append(time.process_time() - start)
    return min(times)


def peak_megabytes(work: Callable[[], Any]) -> float:
    """Return the peak of memory that Python and NumPy allocate."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def simulated(n: int, years: int, *, symmetric: bool) -> tuple[pd.DataFrame, Weights]:
    """Make a panel from a Durbin model on nearest-neighbour weights."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(n, 2))
    found = cKDTree(places).query(places, NEIGHBOURS + 1)[1][:, 1:]
    rows = np.repeat(np.arange(n), NEIGHBOURS)
    links = sparse.csr_array((np.ones(len(rows)), (rows, found.ravel())), shape=(n, n))
    if symmetric:
        links = sparse.csr_array(((links + links.T) > 0).astype(float))
    matrix = sparse.csr_array(sparse.diags_array(1.0 / links.sum(axis=1)) @ links)
    ids = pd.Index([f"c{i:06d}" for i in range(n)])
    factors = sparse.linalg.splu(sparse.eye_array(n, format="csc") - RHO * matrix.tocsc())
    index = pd.MultiIndex.from_product([range(years), ids], names=["year", "city"])
    panel = pd.DataFrame(rng.normal(size=(n * years, 3)), index=index, columns=list("abc"))
    mean = panel["a"] - 0.5 * panel["b"] + rng.normal(size=n * years)
    stacked = mean.to_numpy().reshape(years, n)
    lagged = 0.3 * (matrix @ panel["a"].to_numpy().reshape(years, n).T)
    panel["y"] = factors.solve(stacked.T + lagged).T.ravel()
    return panel, Weights(ids, (matrix,), "row", f"{NEIGHBOURS} nearest neighbours")


def durbin_with_effects(panel: pd.DataFrame, weights: Weights) -> PanelResult:
    """Fit a two-way Durbin model and simulate its effects."""
    result = fit_panel(FORMULA, panel, weights)
    result.effects(inference="simulation", draws=DRAWS, rng=1)
    return result


def peer(panel: pd.DataFrame, weights: Weights) -> Callable[[], Any]:
    """Prepare spreg's city-effects lag model on the same data, stacked by year as it asks."""
    w = WSP(sparse.csr_matrix(weights.matrix), id_order=list(weights.ids)).to_W(
        silence_warnings=True
    )
    y, X = panel[["y"]].to_numpy(), panel[["a", "b", "c"]].to_numpy()
    return lambda: spreg.ML_LagFE(y, X, w)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="add 3,000 cities by 20 years")
    sizes = [(300, 20), (1000, 20)]
    if parser.parse_args().large:
        sizes.append((3000, 20))
    print(f"{'work':<44}{'n x T':>10}{'ours s':>9}{'spreg s':>9}{'ratio':>7}{'peak MB':>9}")
    for n, years in sizes:
        panel, weights = simulated(n, years, symmetric=False)
        ours = seconds(lambda p=panel, w=weights: durbin_with_effects(p, w))  # type: ignore[misc]
        theirs = seconds(peer(panel, weights), rounds=1)
        peak = peak_megabytes(lambda p=panel, w=weights: durbin_with_effects(p, w))  # type: ignore[misc]
        work = "two-way SDM + effects : spreg city SAR"
        print(
            f"{work:<44}{f'{n} x {years}':>10}{ours:>9.3f}{theirs:>9.3f}"
            f"{theirs / ours:>7.1f}{peak:>9.0f}"
        )
    for symmetric, kind in ((True, "symmetric"), (False, "asymmetric")):
        panel, weights = simulated(285, 12, symmetric=symmetric)
        ours = seconds(lambda p=panel, w=weights: durbin_with_effects(p, w), rounds=5)  # type: ignore[misc]
        print(f"{'two-way SDM + effects, ' + kind + ' weights':<44}{'285 x 12':>10}{ours:>9.3f}")


if __name__ == "__main__":
    main()
