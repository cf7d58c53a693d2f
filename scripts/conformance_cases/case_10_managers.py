"""Krackhardt's 21 managers: network measures, QAP, network regression, blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from conformance_cases.comparison import (
    Case,
    Comparison,
    Tolerance,
    count_numbers,
    expected_numbers,
)
from networks import (
    LinkageNetwork,
    block_model,
    centralities,
    concor,
    qap_correlation,
    qap_regression,
    structure,
)

RELATIONS = ("advice", "friend", "report")
SEED = 5
CORRELATION_DRAWS, REGRESSION_DRAWS, LOGIT_DRAWS = 9999, 2999, 49

STRUCTURE = {
    "density": "density",
    "reciprocity_symmetric": "reciprocity_dyadic",
    "reciprocity_arc": "reciprocity_edgewise",
    "transitivity": "transitivity",
    "centralisation_in_degree": "centralization_indegree",
    "centralisation_betweenness": "centralization_betw",
    "hierarchy": "hierarchy_krackhardt",
    "efficiency_directed": "efficiency",
    "connectedness": "connectedness",
}
NULLS: dict[str, Any] = {
    "netlm_qapspp": "double-semi-partialling",
    "netlm_qap": "double-semi-partialling",
    "netlm_qapy": "outcome",
}
PARTITIONS = {
    "concor_1split": (RELATIONS, 1),
    "concor_2split": (RELATIONS, 2),
    "concor_2split_advice": (("advice",), 2),
}

MEASURES = "Whole networks: density, reciprocity, transitivity, centralisation, Krackhardt's"
CENTRAL = "Centralities: degrees, betweenness, closeness"
EIGEN = "Centralities: eigenvector"
CORRELATION = "QAP correlations"
CORRELATION_P = "QAP correlations: p-values"
NULL_MEAN = "QAP correlations: mean over permutations"
NULL_SPREAD = "QAP correlations: standard deviation over permutations"
LINEAR = "Network regression: coefficients, t, R2"
LINEAR_P = "Network regression: p-values"
LOGIT = "Logit network regression: coefficients, deviance, AIC"
LOGIT_SE = "Logit network regression: standard errors, z"
BLOCKS = "CONCOR: block of each manager, up to the names of the blocks (1 where it differs)"
DENSITY = "Densities between blocks"

# Exact values carry 15 digits; power iterations of the oracle stop at 1e-7, R's logit earlier,
# its standard errors one step before; p-values are shares of 1,000 to 10,000 permutations.
TOLERANCES: dict[str, float | Tolerance] = {
    MEASURES: 1e-9,
    CENTRAL: 1e-9,
    EIGEN: 1e-6,
    CORRELATION: 1e-9,
    CORRELATION_P: Tolerance(0.01, absolute=True),
    NULL_MEAN: Tolerance(0.003, absolute=True),
    NULL_SPREAD: 0.05,
    LINEAR: 1e-9,
    LINEAR_P: Tolerance(0.03, absolute=True),
    LOGIT: 1e-5,
    LOGIT_SE: 1e-3,
    BLOCKS: 0.5,
    DENSITY: 1e-9,
}


def case(reference: Path) -> Case:
    """Compare the measures that both programs have."""
    folder = reference / "10_networks_qap"
    expected = expected_numbers(folder)
    managers = {name: read_network(folder, name) for name in RELATIONS}
    found = Comparison(TOLERANCES)
    for name in ("advice", "friend"):
        compare_measures(found, managers[name], expected[name])
    lost = sum(unreached(managers[name]) for name in ("advice", "friend"))
    compare_correlations(found, managers, expected)
    compare_regressions(found, managers, expected)
    compare_logit(found, managers, expected["netlogit"])
    compare_blocks(found, managers, expected)
    return Case(
        title="Managers of a high-technology firm, 21 by 21",
        sources=(
            "Krackhardt, D. (1987). Cognitive social structures. Social Networks 9(2), 109-134. "
            "https://doi.org/10.1016/0378-8733(87)90009-8",
            "Dekker, D., Krackhardt, D. and Snijders, T. A. B. (2007). Sensitivity of MRQAP tests "
            "to collinearity and autocorrelation conditions. Psychometrika 72(4), 563-581. "
            "https://doi.org/10.1007/s11336-007-9016-1",
            "Butts, C. T. (2008). Social network analysis with sna. Journal of Statistical "
            "Software 24(6), 1-51. https://doi.org/10.18637/jss.v024.i06",
        ),
        programs="R sna and concorR",
        groups=found.groups(),
        not_compared=notes(lost),
        numbers=count_numbers(expected),
    )


def read_network(folder: Path, name: str) -> LinkageNetwork:
    """Return a relation; row sends to column."""
    values = pd.read_csv(folder / f"krack_{name}.csv", header=None).to_numpy(dtype=float)
    ids = pd.Index([f"v{number}" for number in range(1, len(values) + 1)])
    return LinkageNetwork(ids, sparse.csr_array(values), True, description=name)


def reaches_everybody(network: LinkageNetwork) -> np.ndarray:
    """Tell who reaches everybody along the links."""
    steps = sparse.csgraph.shortest_path(network.flows, unweighted=True)
    return np.asarray(np.isfinite(steps).all(axis=1))


def unreached(network: LinkageNetwork) -> int:
    """Count those who do not reach everybody."""
    return int((~reaches_everybody(network)).sum())


def compare_measures(found: Comparison, network: LinkageNetwork, wanted: Any) -> None:
    """Compare a network as a whole, and its managers."""
    whole = structure(network)
    for ours, theirs in STRUCTURE.items():
        found.add(MEASURES, getattr(whole, ours), wanted[theirs])
    table, n = centralities(network, cost="hops").table, network.n
    found.add(CENTRAL, table["in_degree"], wanted["indegree"])
    found.add(CENTRAL, table["out_degree"], wanted["outdegree"])
    found.add(CENTRAL, table["betweenness"] * (n - 1) * (n - 2), wanted["betweenness"])
    everybody = reaches_everybody(network)
    found.add(CENTRAL, table["closeness"][everybody], np.array(wanted["closeness"])[everybody])
    both = centralities(network.binary().symmetrised("max")).table
    found.add(EIGEN, both["eigenvector"], wanted["evcent_sym"])


def compare_correlations(
    found: Comparison, managers: dict[str, LinkageNetwork], expected: Any
) -> None:
    """Compare correlations, and two tests by chance on both sides."""
    for pair, wanted in expected["gcor"].items():
        first, second = pair.split("_")
        ours = qap_correlation(
            managers[first], managers[second], permutations=CORRELATION_DRAWS, rng=SEED
        )
        found.add(CORRELATION, ours.correlation, wanted)
        test = expected.get(f"qaptest_{pair}")
        if test is not None:
            found.add(CORRELATION, ours.correlation, test["statistic"])
            found.add(CORRELATION_P, [ours.p_greater, ours.p_less], [test["pgreq"], test["pleeq"]])
            found.add(NULL_MEAN, ours.permuted_mean, test["perm_mean"])
            found.add(NULL_SPREAD, ours.permuted_sd, test["perm_sd"])


def compare_regressions(
    found: Comparison, managers: dict[str, LinkageNetwork], expected: Any
) -> None:
    """Compare least squares; the estimates are the same whatever is permuted."""
    regressors = {name: managers[name] for name in ("friend", "report")}
    for key in ("netlm_qapspp", "netlm_qap", "netlm_qapy", "netlm_qapx"):
        wanted = expected[key]
        ours = qap_regression(
            managers["advice"],
            regressors,
            null=NULLS.get(key, "outcome"),
            permutations=REGRESSION_DRAWS,
            rng=SEED,
        )
        found.add(LINEAR, ours.table["coefficient"], wanted["coef"])
        found.add(LINEAR, ours.table["statistic"], wanted["tstat"])
        found.add(LINEAR, ours.r_squared, wanted["r2"])
        if key in NULLS:
            found.add(LINEAR_P, ours.table["p_value"], wanted["pgreqabs"])
            found.add(LINEAR_P, ours.table["p_greater"], wanted["pgreq"])
            found.add(LINEAR_P, ours.table["p_less"], wanted["pleeq"])


def compare_logit(found: Comparison, managers: dict[str, LinkageNetwork], wanted: Any) -> None:
    """Compare the logit; our share of the log-likelihood gives back the deviance."""
    outcome = managers["advice"]
    regressors = {name: managers[name] for name in ("friend", "report")}
    ours = qap_regression(outcome, regressors, family="logit", permutations=LOGIT_DRAWS, rng=SEED)
    found.add(LOGIT, ours.table["coefficient"], wanted["coef"])
    found.add(LOGIT_SE, ours.table["std_error"], wanted["se"])
    found.add(LOGIT_SE, ours.table["statistic"], wanted["tstat"])
    share = outcome.n_links / ours.n_cells
    entropy = share * np.log(share) + (1 - share) * np.log(1 - share)
    deviance = (1 - ours.r_squared) * -2 * ours.n_cells * entropy
    found.add(LOGIT, deviance, wanted["deviance"])
    found.add(LOGIT, deviance + 2 * len(ours.table), wanted["aic"])


def compare_blocks(found: Comparison, managers: dict[str, LinkageNetwork], expected: Any) -> None:
    """Compare partitions by who shares a block with whom, and densities between blocks."""
    for key, (names, splits) in PARTITIONS.items():
        ours = concor([managers[name] for name in names], splits=splits).membership
        theirs = pd.Series(expected[key]["block"], index=expected[key]["vertex"])
        found.add(BLOCKS, renamed(ours, theirs) == theirs, np.ones(len(theirs)))
    wanted = expected["blockmodel_density_advice"]
    blocks = pd.Series(wanted["block_of_vertex_1_to_21"], index=managers["advice"].cities)
    found.add(DENSITY, block_model(managers["advice"], blocks).density, wanted["density"])


def renamed(ours: pd.Series, theirs: pd.Series) -> pd.Series:
    """Give each of our blocks the name of the block of theirs that shares most members."""
    ours = ours.reindex(theirs.index)
    shared = pd.crosstab(ours, theirs)
    return ours.map(shared.idxmax(axis=1))


def notes(lost: int) -> tuple[str, ...]:
    """Say what is not comparable and why."""
    return (
        f"Closeness of the {lost} managers who do not reach everybody: sna gives zero, we the "
        "share reached (Wasserman and Faust).",
        "P-values of the null 'qapx' (regressors permuted): that permutation is not offered, as "
        "it ignores collinearity; the estimates are compared. P-values of the logit are not in "
        "the reference.",
        "Covariance and Hamming distance of graphs, least upper boundedness, dyad and triad "
        "censuses and the distances of structural equivalence: nothing is compared here.",
    )
