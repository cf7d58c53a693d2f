"""Moran's I, global and local, of Columbus and of North Carolina."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from conformance_cases.comparison import Case, Comparison, count_numbers, expected_numbers
from spatial.autocorrelation import global_moran, local_moran
from spatial.weights import Weights, as_weights

STYLES = ("W", "B", "C", "U", "S")
"""spdep's codings of the same neighbours: rows, binary, global, by n, variance-stabilising."""

MORAN = "Moran's I: statistic, expectation, variance, z, under five codings of weights"
MORAN_P = "Moran's I: p-values"
LOCAL = "Local Moran: statistic, conditional expectation and z of each neighbourhood"
ISLANDS = "Moran's I of counties of which some are islands, counted as spdep does"

# The reference carries 15 digits and states 1e-9; a tail multiplies errors of z.
TOLERANCES = {MORAN: 1e-9, MORAN_P: 1e-8, LOCAL: 1e-9, ISLANDS: 1e-9}


def case(reference: Path) -> Case:
    """Compare the statistics that both programs have."""
    folder = reference / "06_spatial_autocorrelation"
    expected = expected_numbers(folder)
    values = pd.read_csv(folder / "columbus.csv").set_index("POLYID")["CRIME"]
    binary = read_weights(folder / "columbus_w_pairs.csv", values.index)
    found = Comparison(TOLERANCES)
    quadrants = np.zeros(2, dtype=int)
    for style in STYLES:
        block = expected[f"columbus_CRIME_{style}"]
        weights = coded(binary, style)
        compare_global(found, values, weights, block)
        compare_local(found, values, weights, block)
        quadrants += count_quadrants(values, weights, block)
    rates = pd.Series(expected["nc_FT74"])
    islands = compare_islands(
        found, rates, read_weights(folder / "ncsids_w_pairs.csv", rates.index), expected
    )
    return Case(
        title="Spatial autocorrelation: Columbus crime, sudden infant deaths in North Carolina",
        sources=(
            "Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical "
            "Analysis 27(2), 93-115. https://doi.org/10.1111/j.1538-4632.1995.tb00338.x",
            "Bivand, R. S. and Wong, D. W. S. (2018). Comparing implementations of global and "
            "local indicators of spatial association. TEST 27, 716-748. "
            "https://doi.org/10.1007/s11749-018-0599-x",
            "Cressie, N. and Chan, N. H. (1989). Spatial modeling of regional variables. Journal "
            "of the American Statistical Association 84(406), 393-401. "
            "https://doi.org/10.1080/01621459.1989.10478783",
        ),
        programs="R spdep",
        groups=found.groups(),
        not_compared=notes(expected, quadrants, len(STYLES) * len(values), islands),
        numbers=count_numbers(expected),
    )


def read_weights(path: Path, ids: pd.Index) -> Weights:
    """Return binary neighbours of the pairs in a file, which count from one."""
    pairs = pd.read_csv(path)
    ones = sparse.csr_array(
        (np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (len(ids), len(ids))
    )
    return as_weights(ones, ids=ids)


def coded(binary: Weights, style: str) -> Weights:
    """Scale the rows of binary weights as a coding of spdep does (Tiefelsdorf et al. 1999)."""
    matrix = binary.matrix
    degrees, n = matrix.sum(axis=1), len(binary.ids)
    roots = np.sqrt(degrees)
    scale = {
        "W": 1 / degrees,
        "B": np.ones(n),
        "C": np.full(n, n / matrix.sum()),
        "U": np.full(n, 1 / matrix.sum()),
        "S": n / (roots * roots.sum()),
    }[style]
    return Weights(binary.ids, (sparse.csr_array(matrix * scale[:, None]),))


def compare_global(found: Comparison, values: pd.Series, weights: Weights, block: Any) -> None:
    """Compare both analytical tests."""
    ours = global_moran(values, weights, permutations=0)
    moments = {
        "randomisation": (ours.variance, ours.z_score, ours.p_analytical),
        "normality": (ours.variance_normal, ours.z_score_normal, ours.p_normal),
    }
    for name, (variance, z, p) in moments.items():
        theirs = block[f"moran_{name}"]
        found.add(
            MORAN,
            [ours.statistic, ours.expected, variance, z],
            [theirs[key] for key in ("estimate", "expectation", "variance", "z")],
        )
        found.add(MORAN_P, p, theirs["p"])


def compare_local(found: Comparison, values: pd.Series, weights: Weights, block: Any) -> None:
    """Compare local statistics and their conditional moments."""
    table = local_moran(values, weights, permutations=99, rng=1).table
    theirs = block["localmoran_conditional"]
    for column, key in (("statistic", "Ii"), ("expected", "E"), ("z_score", "z")):
        found.add(LOCAL, table[column], theirs[key])


def count_quadrants(values: pd.Series, weights: Weights, block: Any) -> tuple[int, int]:
    """Count quadrants that spdep names differently, before and after its rule is repeated."""
    theirs = np.array(block["localmoran_total"]["quadrant_mean"])
    ours = local_moran(values, weights, permutations=99, rng=1).table["quadrant"].to_numpy()
    raw = values.to_numpy()
    lag = weights.matrix @ raw
    words = [
        f"{'High' if own else 'Low'}-{'High' if near else 'Low'}"
        for own, near in zip(raw > raw.mean(), lag > lag.mean(), strict=True)
    ]
    return int((ours != theirs).sum()), int((np.array(words) != theirs).sum())


def compare_islands(found: Comparison, rates: pd.Series, weights: Weights, expected: Any) -> int:
    """Compare I where spdep leaves counties without neighbours out of n; return their number."""
    ours = global_moran(rates, weights, permutations=0)
    share = (ours.n - ours.n_islands) / ours.n
    found.add(ISLANDS, ours.statistic * share, expected["nc_FT74_moran_B"]["estimate"])
    return ours.n_islands


def notes(expected: Any, quadrants: np.ndarray, count: int, islands: int) -> tuple[str, ...]:
    """Say what is not comparable and why."""
    without = [
        *("columbus_bivariate", "columbus_lee_local", "columbus_lee_test", "joincount_B"),
        *("joincount_multi_B", "correlogram_I", "nc_EBlocal", "nc_EBest", "nc_choynowski"),
        *("nc_probmap", "nc_EBImoran", "nc_EBImoran_W"),
    ]
    other = [
        *("geary_randomisation", "geary_normality", "globalG", "lee_L", "localG", "localGstar"),
        *("localC", "localC_multivariate"),
    ]
    missing = sum(count_numbers(expected[key]) for key in without)
    missing += sum(count_numbers(expected[f"columbus_CRIME_{s}"][k]) for s in STYLES for k in other)
    return (
        f"Geary's C, Getis-Ord G, Lee's L, join counts, correlograms and empirical Bayes rates "
        f"({missing} numbers): nothing is compared here yet.",
        "Local Moran under total randomisation: the statistic is the same, but its moments are "
        "those of another permutation; ours are conditional on the city's own value.",
        "Quadrants are words, no numbers. spdep compares the lag of the raw values with the mean "
        "of such lags, so that cities with many neighbours are high where rows do not sum to one; "
        f"we compare the lag of deviations with zero. {quadrants[0]} of {count} differ; repeating "
        f"its rule, {quadrants[1]}.",
        f"Moran's I of North Carolina: spdep counts n without the {islands} counties that have no "
        "neighbour; the statistic is rescaled for the comparison, its moments are not comparable.",
    )
