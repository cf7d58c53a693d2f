"""Global and local autocorrelation of Columbus and of North Carolina."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from conformance_cases.comparison import Case, Comparison, count_numbers, expected_numbers
from spatial.autocorrelation import (
    bivariate_moran,
    empirical_bayes_rates,
    global_geary,
    global_getis_ord,
    global_moran,
    join_counts,
    lee_l,
    local_geary,
    local_getis_ord,
    local_moran,
    order_correlogram,
    rate_moran,
)
from spatial.weights import Weights, as_weights

STYLES = ("W", "B", "C", "U", "S")
"""spdep's codings of the same neighbours: rows, binary, global, by n, variance-stabilising."""

MORAN = "Moran's I: statistic, expectation, variance, z, under five codings of weights"
MORAN_P = "Moran's I: p-values"
LOCAL = "Local Moran: statistic, conditional expectation and z of each neighbourhood"
ISLANDS = "Moran's I of counties of which some are islands, counted as spdep does"
GEARY = "Geary's C: statistic, expectation, variance, z (sign reversed)"
GETIS = "Getis-Ord G: statistic, expectation, variance, z"
OTHER_P = "Geary's C and Getis-Ord G: p-values"
PAIRS = "Bivariate Moran's I and Lee's L: statistics and the expectation of L"
JOINS = "Join counts: counts, expectations, variances, z"
ORDERS = "Correlogram over orders of neighbours: I, expectation, variance"
HOT_SPOTS = "Local Getis-Ord G and G*: standardised statistics"
LOCAL_GEARY = "Local Geary's c of one variable and of three, times (n - 1) / n"
RATES = "Empirical Bayes: raw and smoothed rates, a, b, and Moran's I of standardised rates"

# The reference carries 15 digits and states 1e-9; a tail multiplies errors of z.
TOLERANCES = {
    MORAN: 1e-9,
    MORAN_P: 1e-8,
    GEARY: 1e-9,
    GETIS: 1e-9,
    OTHER_P: 1e-8,
    PAIRS: 1e-9,
    JOINS: 1e-9,
    ORDERS: 1e-9,
    LOCAL: 1e-9,
    HOT_SPOTS: 1e-9,
    LOCAL_GEARY: 1e-9,
    RATES: 1e-9,
    ISLANDS: 1e-9,
}


def case(reference: Path) -> Case:
    """Compare the statistics that both programs have."""
    folder = reference / "06_spatial_autocorrelation"
    expected = expected_numbers(folder)
    table = pd.read_csv(folder / "columbus.csv").set_index("POLYID")
    values = table["CRIME"]
    binary = read_weights(folder / "columbus_w_pairs.csv", values.index)
    found = Comparison(TOLERANCES)
    quadrants = np.zeros(2, dtype=int)
    for style in STYLES:
        block = expected[f"columbus_CRIME_{style}"]
        weights = coded(binary, style)
        compare_global(found, values, weights, block)
        compare_other_global(found, values, weights, block)
        compare_local(found, values, weights, block)
        compare_other_local(found, table, weights, block)
        quadrants += count_quadrants(values, weights, block)
    compare_pairs(found, table, binary, expected)
    compare_classes(found, values, binary, expected)
    counties = pd.read_csv(folder / "ncsids.csv").set_index("CNTY_ID")
    links = read_weights(folder / "ncsids_w_pairs.csv", counties.index)
    compare_rates(found, counties, links, expected)
    rates = pd.Series(expected["nc_FT74"], counties.index)
    islands = compare_islands(found, rates, links, expected)
    return Case(
        title="Spatial autocorrelation: Columbus crime, sudden infant deaths in North Carolina",
        sources=(
            "Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical "
            "Analysis 27(2), 93-115. https://doi.org/10.1111/j.1538-4632.1995.tb00338.x",
            "Anselin, L. (2019). A local indicator of multivariate spatial association: extending "
            "Geary's c. Geographical Analysis 51(2), 133-150.",
            "Assuncao, R. M. and Reis, E. A. (1999). A new proposal to adjust Moran's I for "
            "population density. Statistics in Medicine 18(16), 2147-2162.",
            "Bivand, R. S. and Wong, D. W. S. (2018). Comparing implementations of global and "
            "local indicators of spatial association. TEST 27, 716-748. "
            "https://doi.org/10.1007/s11749-018-0599-x",
            "Cressie, N. and Chan, N. H. (1989). Spatial modeling of regional variables. Journal "
            "of the American Statistical Association 84(406), 393-401. "
            "https://doi.org/10.1080/01621459.1989.10478783",
            "Cliff, A. D. and Ord, J. K. (1981). Spatial Processes. Pion.",
            "Lee, S.-I. (2004). A generalized significance testing method for global measures of "
            "spatial association: an extension of the Mantel test. Environment and Planning A "
            "36(9), 1687-1703.",
            "Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics: "
            "distributional issues and an application. Geographical Analysis 27(4), 286-306.",
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


def compare_other_global(
    found: Comparison, values: pd.Series, weights: Weights, block: Any
) -> None:
    """Compare Geary's C and Getis and Ord's G."""
    geary = global_geary(values, weights, permutations=0)
    moments = {
        "randomisation": (geary.variance, geary.z_score, geary.p_analytical),
        "normality": (geary.variance_normal, geary.z_score_normal, geary.p_normal),
    }
    for name, (variance, z, p) in moments.items():
        theirs = block[f"geary_{name}"]
        found.add(
            GEARY,
            [geary.statistic, geary.expected, variance, -z],
            [theirs[key] for key in ("estimate", "expectation", "variance", "z")],
        )
        found.add(OTHER_P, p, theirs["p"])
    getis, theirs = global_getis_ord(values, weights, permutations=0), block["globalG"]
    found.add(
        GETIS,
        [getis.statistic, getis.expected, getis.variance, getis.z_score],
        [theirs[key] for key in ("estimate", "expectation", "variance", "z")],
    )
    found.add(OTHER_P, getis.p_analytical, theirs["p"])


def compare_pairs(found: Comparison, table: pd.DataFrame, binary: Weights, expected: Any) -> None:
    """Compare crime with income: bivariate Moran's I, and Lee's L under every coding."""
    crime, income = table["CRIME"], table["INC"]
    rows = coded(binary, "W")
    bivariate = bivariate_moran(crime, income, rows, permutations=0)
    found.add(PAIRS, bivariate.statistic, expected["columbus_bivariate"]["moran_bv"])
    lee, theirs = lee_l(crime, income, rows, permutations=0), expected["columbus_lee_test"]
    found.add(PAIRS, [lee.statistic, lee.expected], [theirs["estimate"], theirs["expectation"]])
    for style in STYLES:
        lee = lee_l(crime, income, coded(binary, style), permutations=0)
        found.add(PAIRS, lee.statistic, expected[f"columbus_CRIME_{style}"]["lee_L"])


def compare_classes(found: Comparison, values: pd.Series, binary: Weights, expected: Any) -> None:
    """Compare joins of high and low crime, and the correlogram."""
    high = pd.Series(np.where(values > values.mean(), "high", "low"), values.index)
    ours = join_counts(high, binary, permutations=0).table
    columns = ["count", "expected", "variance", "z_score"]
    same = ours.reindex([("low", "low"), ("high", "high")])[columns]
    keys = ("statistic", "expectation", "variance", "z")
    found.add(JOINS, same, [[row[key] for key in keys] for row in expected["joincount_B"]])
    pairs = [("low", "low"), ("high", "high"), ("high", "low"), ("different", "different")]
    keys = ("Joincount", "Expected", "Variance", "z-value")
    theirs = [[row[key] for key in keys] for row in expected["joincount_multi_B"]["table"]]
    found.add(JOINS, ours.reindex(pairs)[columns], theirs)
    steps = order_correlogram(values, coded(binary, "W"), orders=4, permutations=0).table
    for column, key in (("statistic", "I"), ("expected", "E"), ("variance", "V")):
        found.add(ORDERS, steps[column], expected["correlogram_I"][key])


def compare_other_local(
    found: Comparison, table: pd.DataFrame, weights: Weights, block: Any
) -> None:
    """Compare local Getis-Ord and local Geary."""
    for star, key in ((False, "localG"), (True, "localGstar")):
        ours = local_getis_ord(
            table["CRIME"], weights, star=star, inference="analytical", permutations=0
        )
        found.add(HOT_SPOTS, ours.table["statistic"], block[key])
    share = (len(table) - 1) / len(table)
    for columns, key in ((["CRIME"], "localC"), (["CRIME", "HOVAL", "INC"], "localC_multivariate")):
        local = local_geary(
            table[columns], weights, permutations=99, correction="none", rng=1
        ).table["statistic"]
        found.add(LOCAL_GEARY, local * share, block[key])


def compare_rates(found: Comparison, counties: pd.DataFrame, links: Weights, expected: Any) -> None:
    """Compare rates of sudden infant deaths: raw, smoothed, and their Moran's I."""
    deaths, births = counties["SID74"], counties["BIR74"]
    rates, theirs = empirical_bayes_rates(deaths, births), expected["nc_EBest"]
    for key in ("nc_EBest", "nc_EBlocal", "nc_probmap"):
        found.add(RATES, rates.table["raw"], expected[key]["raw"])
    found.add(RATES, rates.table["smoothed"], theirs["estmm"])
    found.add(RATES, [rates.between_variance, rates.common_rate], [theirs["a"], theirs["b"]])
    for weights, key in ((links, "nc_EBImoran"), (links.transformed("row"), "nc_EBImoran_W")):
        moran = rate_moran(deaths, births, weights, permutations=0)
        found.add(RATES, moran.statistic, expected[key]["statistic"])


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
    local_rates = count_numbers(expected["nc_EBlocal"]["est"])
    probabilities = count_numbers(expected["nc_choynowski"]) + sum(
        count_numbers(expected["nc_probmap"][key]) for key in ("expCount", "relRisk", "pmap")
    )
    return (
        "Lee's L: spdep's variance of the test, with its z and p, is 27 per cent above the exact "
        "variance under permutation, which is ours; its local L has no counterpart "
        f"({count_numbers(expected['columbus_lee_local'])} numbers).",
        f"Rates smoothed towards the neighbours ({local_rates} numbers) and probability maps "
        f"({probabilities} numbers) have no counterpart.",
        "Local Moran under total randomisation: the statistic is the same, but its moments are "
        "those of another permutation; ours are conditional on the city's own value.",
        "Quadrants are words, no numbers. spdep compares the lag of the raw values with the mean "
        "of such lags, so that cities with many neighbours are high where rows do not sum to one; "
        f"we compare the lag of deviations with zero. {quadrants[0]} of {count} differ; repeating "
        f"its rule, {quadrants[1]}.",
        f"Moran's I of North Carolina: spdep counts n without the {islands} counties that have no "
        "neighbour; the statistic is rescaled for the comparison, its moments are not comparable.",
    )
