"""Time spatial panels beside spreg ``ML_LagFE`` in one run.

Run ``python benchmarks/bench_panel.py`` (about half a minute; ``--large`` adds 3,000 cities, where
the peer needs several gigabytes). spreg fits a lag model with city effects, without lagged
regressors, correction of bias or standard errors of effects; interurban fits a two-way Durbin model
with correction and effects by simulation (1,000 draws). The last lines time a single specification
of the size that studies have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import spreg
from common import Row, large_asked, named, peak_megabytes, report, seconds, table_head
from libpysal.weights import WSP
from scipy import sparse
from scipy.spatial import cKDTree

from spatial.regression import PanelResult, fit_panel
from spatial.weights import Weights

NEIGHBOURS = 6
DRAWS = 1000
RHO = 0.4
FORMULA = "y ~ a + b + c"


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
    sizes = [(300, 20), (1000, 20)]
    if large_asked(__doc__):
        sizes.append((3000, 20))
    table_head()
    for n, years in sizes:
        panel, weights = simulated(n, years, symmetric=False)

        def ours(panel: pd.DataFrame = panel, weights: Weights = weights) -> PanelResult:
            return durbin_with_effects(panel, weights)

        theirs = peer(panel, weights)
        report(
            Row(
                work=f"two-way SDM, effects by {DRAWS:,} draws : city SAR alone",
                n=f"{n} x {years}",
                peer=named("spreg", "ML_LagFE"),
                ours=seconds(ours),
                theirs=seconds(theirs, rounds=1),
                peak=peak_megabytes(ours),
                peer_peak=peak_megabytes(theirs),
            )
        )
    for symmetric, kind in ((True, "symmetric"), (False, "asymmetric")):
        panel, weights = simulated(285, 12, symmetric=symmetric)
        time_one = seconds(lambda p=panel, w=weights: durbin_with_effects(p, w), rounds=5)  # type: ignore[misc]
        work = f"two-way SDM, effects by {DRAWS:,} draws, {kind} weights"
        report(Row(work=work, n="285 x 12", peer="", ours=time_one))


if __name__ == "__main__":
    main()
