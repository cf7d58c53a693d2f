"""Time cross-sections beside spreg ``ML_Lag`` and, where R has it, spatialreg ``lagsarlm``.

Run ``python benchmarks/bench_regression_speed.py`` (``--large`` adds 100,000 cities, where R takes
some ten seconds, and a million, where no peer is run). spreg fits a lag model without lagged
regressors; spatialreg fits the same Durbin model (``method="Matrix"``) without effects; interurban
adds effects by simulation (1,000 draws).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import spreg
from common import Row, large_asked, named, peak_megabytes, report, seconds, table_head
from libpysal.weights import WSP
from scipy import sparse
from scipy.spatial import cKDTree

from spatial.options import Specification
from spatial.regression import PanelResult, fit_cross_section
from spatial.weights import Weights

NEIGHBOURS = 6
DRAWS = 1000
RHO = 0.5
POWERS = 60
FORMULA = "y ~ a + b + c"
R_SCRIPT = """
suppressMessages(library(spatialreg))
folder <- commandArgs(TRUE)[1]
data <- read.csv(file.path(folder, "data.csv"))
pairs <- read.csv(file.path(folder, "pairs.csv"))
nb <- split(as.integer(pairs$j), factor(pairs$i, levels = seq_len(nrow(data))))
names(nb) <- NULL
class(nb) <- "nb"
attr(nb, "region.id") <- as.character(seq_len(nrow(data)))
listw <- spdep::nb2listw(nb, style = "W")
start <- proc.time()
fit <- suppressWarnings(lagsarlm(y ~ a + b + c, data = data, listw = listw, Durbin = TRUE,
                                 method = "Matrix", quiet = TRUE))
cat(sum((proc.time() - start)[1:2]), fit$rho, as.character(packageVersion("spatialreg")))
"""


def simulated(n: int) -> tuple[pd.DataFrame, Weights]:
    """Make a cross-section from a Durbin model on symmetric nearest-neighbour links."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(n, 2))
    found = cKDTree(places).query(places, NEIGHBOURS + 1)[1][:, 1:]
    rows = np.repeat(np.arange(n), NEIGHBOURS)
    links = sparse.csr_array((np.ones(len(rows)), (rows, found.ravel())), shape=(n, n))
    links = sparse.csr_array(((links + links.T) > 0).astype(float))
    matrix = sparse.csr_array(sparse.diags_array(1.0 / links.sum(axis=1)) @ links)
    matrix.sort_indices()
    X = rng.normal(size=(n, 3))
    term = X @ [1.0, -0.5, 0.2] + matrix @ X @ [0.3, 0.0, 0.1] + rng.normal(size=n)
    y = term.copy()
    for _ in range(POWERS):
        term = RHO * (matrix @ term)
        y += term
    ids = pd.Index([f"c{i:07d}" for i in range(n)])
    table = pd.DataFrame(np.column_stack([y, X]), index=ids, columns=list("yabc"))
    return table, Weights(ids, (matrix,), "row", f"{NEIGHBOURS} nearest neighbours, symmetric")


def fitted(
    table: pd.DataFrame, weights: Weights, specification: Specification = "sdm"
) -> PanelResult:
    """Fit a cross-section and simulate its effects."""
    result = fit_cross_section(FORMULA, table, weights, specification=specification)
    result.effects(inference="simulation", draws=DRAWS, rng=1)
    return result


def spreg_lag(table: pd.DataFrame, weights: Weights) -> Callable[[], Any]:
    """Prepare spreg's lag model by sparse LU."""
    w = WSP(sparse.csr_matrix(weights.matrix), id_order=list(weights.ids)).to_W(
        silence_warnings=True
    )
    y, X = table[["y"]].to_numpy(), table[["a", "b", "c"]].to_numpy()
    return lambda: spreg.ML_Lag(y, X, w, method="LU")


def spatialreg_durbin(table: pd.DataFrame, weights: Weights) -> tuple[float, float, str] | None:
    """Processor seconds, rho and version of spatialreg; None where R does not have it."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table.to_csv(Path(folder) / "data.csv", index=False)
        rows, columns = weights.matrix.tocoo().coords
        pairs = pd.DataFrame({"i": rows + 1, "j": columns + 1})
        pairs.to_csv(Path(folder) / "pairs.csv", index=False)
        script = Path(folder) / "fit.R"
        script.write_text(R_SCRIPT, encoding="utf-8")
        done = subprocess.run(
            [program, str(script), folder], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return None
    taken, rho, found = done.stdout.split()[-3:]
    return float(taken), float(rho), found


def main() -> None:
    """Print the table."""
    large = large_asked(__doc__)
    table_head()
    work = f"Durbin model, effects by {DRAWS:,} draws"
    table, weights = simulated(1000)
    report(
        Row(
            work=f"{work} : SAR alone",
            n=1000,
            peer=named("spreg", "ML_Lag LU"),
            ours=seconds(lambda: fitted(table, weights)),
            theirs=seconds(spreg_lag(table, weights), rounds=1),
            peak=peak_megabytes(lambda: fitted(table, weights)),
        )
    )
    for n in (10_000, 100_000) if large else (10_000,):
        data, links = simulated(n)

        def ours(data: pd.DataFrame = data, links: Weights = links) -> PanelResult:
            return fitted(data, links)

        theirs = spatialreg_durbin(data, links)
        report(
            Row(
                work=f"{work} : model alone",
                n=n,
                peer="" if theirs is None else f"spatialreg {theirs[2]}, Matrix",
                ours=seconds(ours),
                theirs=None if theirs is None else theirs[0],
                peak=peak_megabytes(ours),
            )
        )
    if large:
        data, links = simulated(1_000_000)
        result: list[PanelResult] = []
        peak = peak_megabytes(lambda: result.append(fitted(data, links, "sar")))
        taken = seconds(lambda: fitted(data, links, "sar"), rounds=1)
        report(Row(work="SAR, stochastic traces", n=1_000_000, peer="", ours=taken, peak=peak))
        print("\n".join(result[0].notes))


if __name__ == "__main__":
    main()
