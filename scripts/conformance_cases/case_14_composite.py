"""Composite indices and coupling coordination of the German states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analyses.indices.composite import Indicator, composite_index
from analyses.indices.coupling import coupling_coordination
from analyses.indices.inequality import inequality
from conformance_cases.comparison import Case, Comparison, count_numbers, expected_numbers

DIRECTIONS: dict[str, Any] = {
    "gdp": "positive",
    "pop": "positive",
    "gdppc": "positive",
    "idx": "negative",
}
TOPSIS = {
    "topsis_vector_norm_w_.4_.2_.3_.1": (0.4, 0.2, 0.3, 0.1),
    "topsis_equal": (1.0, 1.0, 1.0, 1.0),
}
COUPLING: dict[str, tuple[int, tuple[float, ...] | None, Any]] = {
    "coupling_2_equal": (2, None, "standard"),
    "coupling_3_equal": (3, None, "standard"),
    "coupling_4_equal": (4, None, "standard"),
    "coupling_3_w_.5_.3_.2": (3, (0.5, 0.3, 0.2), "standard"),
    "coupling_3_adjusted": (3, None, "revised"),
}
COLUMNS = {"coupling": "C", "development": "T", "coordination": "D"}

ENTROPY = "Entropy method: weights, scores"
VARIATION = "Coefficients of variation: weights"
CRITIC = "CRITIC: weights, scores"
CLOSENESS = "TOPSIS: closeness"
INEQUALITY = "Gini and Theil, weighted by population"
COORDINATION = "Coupling coordination: coupling, development, coordination"

# Stated precision of the reference.
TOLERANCES = dict.fromkeys((ENTROPY, VARIATION, CRITIC, CLOSENESS, COORDINATION, INEQUALITY), 1e-9)


def case(reference: Path) -> Case:
    """Compare the methods that both programs have."""
    folder = reference / "14_ewm_topsis_coupling"
    expected = expected_numbers(folder)
    table = pd.read_csv(folder / "decision_matrix.csv")
    found = Comparison(TOLERANCES)
    compare_entropy(found, table, expected)
    compare_other_weights(found, table, expected)
    compare_closeness(found, table, expected)
    compare_coupling(found, pd.read_csv(folder / "subsystems_0.05_0.95.csv"), expected)
    compare_inequality(found, pd.read_csv(folder / "theil_groups.csv"), expected)
    without = [key for key in expected if key.startswith(("theil_g", "grey", "AHP"))]
    without.remove("theil_gdppc_popweighted")
    return Case(
        title="Composite indices and coupling coordination, 16 German states",
        sources=(
            "Hwang, C.-L. and Yoon, K. (1981). Multiple Attribute Decision Making. Springer. "
            "https://doi.org/10.1007/978-3-642-48318-9",
            "Diakoulaki, D., Mavrotas, G. and Papayannakis, L. (1995). Determining objective "
            "weights in multiple criteria problems: the CRITIC method. Computers & Operations "
            "Research 22(7), 763-770. https://doi.org/10.1016/0305-0548(94)00059-H",
        ),
        programs="R mathmodels (one program, no published table)",
        groups=found.groups(),
        not_compared=(
            "The Theil index by groups, grey correlation and the analytic hierarchy process "
            f"({sum(count_numbers(expected[key]) for key in without)} numbers): nothing is "
            "compared here yet.",
        ),
        numbers=count_numbers(expected),
    )


def signs() -> list[Indicator]:
    """Return the indicators with the directions of the reference."""
    return [Indicator(name, direction) for name, direction in DIRECTIONS.items()]


def compare_entropy(found: Comparison, table: pd.DataFrame, expected: Any) -> None:
    """Compare entropy weights of values rescaled to [eps, 1 - eps], and of values as they are."""
    start = "entropy_weight_eps"
    for key in (key for key in expected if key.startswith(start)):
        low = float(key.removeprefix(start))
        ours = composite_index(table, signs(), bounds=(low, 1 - low))
        found.add(ENTROPY, ours.weights["weight"], expected[key]["w"])
        found.add(ENTROPY, 100 * ours.scores, expected[key]["score100"])
    ours = composite_index(table, [Indicator(name) for name in DIRECTIONS], standardise="none")
    wanted = expected["entropy_weight_no_rescale_on_X_over_1.01max"]["w"]
    found.add(ENTROPY, ours.weights["weight"], wanted)


def compare_other_weights(found: Comparison, table: pd.DataFrame, expected: Any) -> None:
    """Compare weights from variation, and from variation and conflict."""
    plain = [Indicator(name) for name in DIRECTIONS]
    variation = composite_index(table, plain, method="variation", standardise="none")
    found.add(VARIATION, variation.weights["weight"], expected["cv_weight"])
    critic = composite_index(table, signs(), method="critic")
    found.add(CRITIC, critic.weights["weight"], expected["critic_weight"]["w"])
    found.add(CRITIC, 100 * critic.scores, expected["critic_weight"]["score100"])


def compare_closeness(found: Comparison, table: pd.DataFrame, expected: Any) -> None:
    """Compare TOPSIS on vector norms with given weights."""
    for key, weights in TOPSIS.items():
        ours = composite_index(
            table,
            signs(),
            method="topsis",
            standardise="vector",
            weights=dict(zip(DIRECTIONS, weights, strict=True)),
        )
        found.add(CLOSENESS, ours.scores, expected[key])


def compare_coupling(found: Comparison, scores: pd.DataFrame, expected: Any) -> None:
    """Compare two to four systems, with weights, and in the revised form."""
    for key, (systems, weights, form) in COUPLING.items():
        some = scores.iloc[:, :systems]
        shares = None if weights is None else dict(zip(map(str, some), weights, strict=True))
        ours = coupling_coordination(some, weights=shares, form=form).table
        for column, letter in COLUMNS.items():
            found.add(COORDINATION, ours[column], expected[key][letter])


def compare_inequality(found: Comparison, table: pd.DataFrame, expected: Any) -> None:
    """Compare inequality; the Gini of the reference takes its values as totals, not per head."""
    people = table["pop"]
    theil = inequality(table["y"], weights=people)["theil_t"]
    gini = inequality(table["y"] / people, weights=people)["gini"]
    found.add(INEQUALITY, theil, expected["theil_gdppc_popweighted"])
    found.add(INEQUALITY, gini, expected["gini_gdppc_popweighted"])
