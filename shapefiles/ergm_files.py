"""Exponential random graph models: files for R and a script that reads, fits and checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from networks.dyads import DyadTable, dyad_values
from networks.types import LinkageNetwork
from shapefiles.atomic import atomic_files
from shapefiles.tables import csv_text
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError, listed

LINKS, CITIES, SCRIPT = "links.csv", "cities.csv", "ergm.R"

_HEAD = """\
# Exponential random graph model of linkages between cities.
# Network: {network}
#
# Run in this folder:   Rscript ergm.R
# Needs the R package ergm (statnet), once:   install.packages("ergm")
#
# The model explains which cities are linked; strengths are kept as an edge attribute only.
# Change the terms below as the question asks; ?ergmTerm lists them all.

suppressPackageStartupMessages(library(network))

# --- data ---------------------------------------------------------------------------------
cities <- read.csv("cities.csv", colClasses = c(id = "character"), check.names = FALSE,
                   fileEncoding = "UTF-8", na.strings = character())
links <- read.csv("links.csv", colClasses = c(from = "character", to = "character"),
                  fileEncoding = "UTF-8", na.strings = character())
net <- network.initialize(nrow(cities), directed = {directed})
network.vertex.names(net) <- cities$id
add.edges(net, match(links$from, cities$id), match(links$to, cities$id),
          names.eval = rep(list(list("flow")), nrow(links)),
          vals.eval = lapply(links$flow, list))

read_covariate <- function(file) {{
  table <- read.csv(file, colClasses = c(id = "character"), check.names = FALSE,
                    fileEncoding = "UTF-8", na.strings = character())
  values <- as.matrix(table[, -1])
  stopifnot(identical(table$id, cities$id), identical(colnames(values), cities$id))
  rownames(values) <- table$id
  values
}}
"""

_TAIL = """
# --- model --------------------------------------------------------------------------------
suppressPackageStartupMessages(library(ergm))
set.seed({seed})
model <- net ~ {terms}
fit <- ergm(model, control = control.ergm(seed = {seed}))
print(summary(fit))
write.csv(coef(summary(fit)), "ergm_coefficients.csv")

# --- checks: chains that mix, and features that the model was not told ------------------------
pdf("ergm_checks.pdf")
if (!is.null(fit$sample)) mcmc.diagnostics(fit)
fit_checks <- gof(fit)
print(fit_checks)
plot(fit_checks)
invisible(dev.off())
"""


def write_ergm(
    network: LinkageNetwork,
    folder: str | Path,
    *,
    cities: pd.DataFrame | None = None,
    covariates: Mapping[str, DyadTable] | None = None,
    seed: int = 1,
) -> Path:
    """Write a network, its cities and covariates for an ERGM in R, with the script that fits it.

    Parameters
    ----------
    network : LinkageNetwork
        Thinned to the links that matter, see ``networks.backbones``: a model of links needs pairs
        without one.
    folder : str or Path
        Made if it does not exist. Gets ``links.csv``, ``cities.csv``, ``covariate_1.csv``, ... and
        ``ergm.R``.
    cities : pandas.DataFrame, optional
        Index: city ids, at least those of the network. Columns of numbers become ``nodeocov`` and
        ``nodeicov`` (``nodecov`` of undirected networks), others ``nodematch``.
    covariates : mapping of str to LinkageNetwork or pandas.DataFrame of shape (n, n), optional
        Of pairs of cities, such as distances; each becomes an ``edgecov``.
    seed : int
        Of the simulation in R.

    Returns
    -------
    Path
        Of the script. All files are written, or none.

    Raises
    ------
    EstimationError
        If all pairs are linked, or none.
    AlignmentError
        If cities differ.
    PanelError
        If attributes or covariates are missing for some cities.
    ConfigError
        If two attributes or covariates have one name.
    ExportError
        If a file cannot be written.

    Notes
    -----
    No R code is imported or run. Terms of structure are ``edges``, of directed networks
    ``mutual``, and ``gwesp`` with a fixed decay.
    """
    possible = network.n * (network.n - 1)
    if network.flows.nnz in (0, possible):
        what = "no link" if network.flows.nnz == 0 else "a link for every pair"
        raise EstimationError(
            f"The network has {what}, so there is nothing to explain; thin a complete network by a "
            "backbone first."
        )
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"seed={seed!r} must be a whole number.")
    ids = network.cities.map(_in_r)
    if not ids.is_unique:
        raise AlignmentError(f"City ids agree when written: {listed(ids[ids.duplicated()])}.")
    table = _city_table(network, cities)
    matrices = {
        _in_r(name): _covariate(network, covariate, str(name))
        for name, covariate in (covariates or {}).items()
    }
    twice = set(matrices) & set(table.columns) | (
        {"id"} & set(table.columns) if cities is not None else set()
    )
    if twice or len(matrices) < len(covariates or {}):
        raise ConfigError(
            f"Names are used twice, or reserved: {listed(sorted(twice))}; rename columns or "
            "covariates ('id' is the column of city ids)."
        )
    target = Path(folder)
    links = network.to_frame().set_axis(["from", "to", "flow"], axis=1)
    links = links.assign(**{end: links[end].map(_in_r) for end in ("from", "to")})
    script = ergm_script(network, table, list(matrices), seed=seed)
    attributes = table.set_axis(ids).rename_axis("id").reset_index()
    texts = {SCRIPT: script, LINKS: csv_text(links), CITIES: csv_text(attributes)}
    for number, values in enumerate(matrices.values(), start=1):
        frame = pd.DataFrame(values, index=ids.rename("id"), columns=ids)
        texts[_file_of(number)] = csv_text(frame.reset_index())
    with atomic_files(*(target / name for name in texts)) as files:
        for file, text in zip(files, texts.values(), strict=True):
            file.write_bytes(text.encode("utf-8"))
    return target / SCRIPT


def ergm_script(
    network: LinkageNetwork, cities: pd.DataFrame, covariates: list[str], *, seed: int
) -> str:
    """Return the R script that reads the files of ``write_ergm``.

    Parameters
    ----------
    network : LinkageNetwork
    cities : pandas.DataFrame
        One column for each attribute.
    covariates : list of str
        Names, in the order of the files.
    seed : int

    Returns
    -------
    str
    """
    terms = ["edges", *(["mutual"] if network.directed else [])]
    lines = []
    for name in map(str, cities.columns):
        quoted = _quoted(name)
        lines.append(f"net %v% {quoted} <- cities[[{quoted}]]")
        kind = cities[name].dtype  # True and False are read as words by R
        if pd.api.types.is_bool_dtype(kind) or not pd.api.types.is_numeric_dtype(kind):
            terms.append(f"nodematch({quoted})")
        elif network.directed:
            terms += [f"nodeocov({quoted})", f"nodeicov({quoted})"]
        else:
            terms.append(f"nodecov({quoted})")
    for number, name in enumerate(covariates, start=1):
        quoted = _quoted(name)
        lines.append(f'net %n% {quoted} <- read_covariate("{_file_of(number)}")')
        terms.append(f"edgecov({quoted})")
    terms.append("gwesp(0.5, fixed = TRUE)")
    head = _HEAD.format(
        network=" ".join(network.description.split()) or "linkages",
        directed="TRUE" if network.directed else "FALSE",
    )
    body = "\n".join(lines) + "\n" if lines else ""
    return head + body + _TAIL.format(seed=seed, terms=" +\n  ".join(terms))


def _city_table(network: LinkageNetwork, cities: pd.DataFrame | None) -> pd.DataFrame:
    if cities is None:
        return pd.DataFrame(index=network.cities)
    absent = network.cities.difference(cities.index, sort=False)
    if len(absent) or not cities.index.is_unique:
        what = listed(absent) if len(absent) else listed(cities.index[cities.index.duplicated()])
        raise AlignmentError(
            f"cities lacks cities of the network, or holds some twice: {what}; give one row for "
            "each."
        )
    table = pd.DataFrame(cities.loc[list(network.cities)]).rename(columns=_in_r)
    if not table.columns.is_unique:
        raise ConfigError(
            f"Columns of cities appear twice: {listed(table.columns[table.columns.duplicated()])}."
        )
    for name in table.select_dtypes(["object", "string"]).columns:
        table[name] = table[name].map(_in_r, na_action="ignore")
    numbers = table.select_dtypes("number").columns
    endless = [name for name in numbers if np.isinf(table[name].to_numpy(dtype=float)).any()]
    gaps = [name for name in table.columns if table[name].isna().any() or name in endless]
    if gaps:
        raise PanelError(
            f"Columns of cities have missing or infinite values: {listed(gaps)}; an ERGM needs "
            "every attribute of every city. Fill them, or leave out the columns or the cities."
        )
    return table


def _covariate(network: LinkageNetwork, covariate: DyadTable, name: str) -> np.ndarray:
    values = dyad_values(covariate, network.cities, what=f"covariate {name!r}")
    missing = np.isnan(values).any(axis=1)
    if missing.any():
        raise PanelError(
            f"covariate {name!r} has missing cells in the rows of "
            f"{listed(network.cities[missing])}; an ERGM needs a value for every pair."
        )
    return values


def _in_r(text: object) -> str:
    """Return a text without NUL, at which R stops."""
    return str(text).replace("\x00", "")


def _file_of(number: int) -> str:
    return f"covariate_{number}.csv"


def _quoted(name: str) -> str:
    """Write a name as an R string: JSON escapes are R escapes, and other scripts stay readable."""
    return json.dumps(name, ensure_ascii=False)
