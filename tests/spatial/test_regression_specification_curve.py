"""Specification curve: each row is what fit_panel gives alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatial.errors import AlignmentError, ConfigError, EstimationError
from spatial.regression import curve_of_models, fit_panel, specification_curve
from spatial.weights import Weights

N, YEARS = 14, range(2001, 2007)
IDS = pd.Index([f"c{i}" for i in range(N)], name="city")


def ring(steps, *, alone=()):
    at = np.arange(N)
    matrix = np.zeros((N, N))
    for step in range(1, steps + 1):
        matrix[at, (at + step) % N] = matrix[at, (at - step) % N] = 1.0
    matrix[list(alone)] = 0.0
    rows = matrix.sum(axis=1, keepdims=True)
    matrix = np.divide(matrix, rows, out=np.zeros_like(matrix), where=rows > 0)
    return Weights(IDS, (sparse.csr_array(matrix),), "row", f"ring of {steps}", {})


@pytest.fixture(scope="module")
def panel():
    random = np.random.default_rng(8)
    index = pd.MultiIndex.from_product([IDS, YEARS], names=["city", "year"])
    table = pd.DataFrame(random.normal(size=(len(index), 3)), index, ["y", "x", "z"])
    table["y"] += 0.5 * table["x"]
    return table


FORMULAS = {"short": "y ~ x", "long": "y ~ x + z"}
WEIGHTS = {"near": ring(1), "wide": ring(3)}


@pytest.fixture(scope="module")
def found(panel):
    return specification_curve(
        FORMULAS,
        panel,
        WEIGHTS,
        variable="x",
        specifications=["ols", "sar", "sdm"],
        effects=["city", "two-way"],
        main={"formula": "long", "specification": "sdm", "effects": "two-way"},
    )


def test_each_row_is_the_fit_alone(found, panel):
    assert len(found.table) == 2 * 2 * (1 + 2 + 2)  # least squares once, without weights
    for _, row in found.table.iterrows():
        weights = WEIGHTS.get(row["weights"], WEIGHTS["near"])
        alone = fit_panel(
            FORMULAS[row["formula"]],
            panel,
            weights,
            specification=row["specification"],
            effects=row["effects"],
        )
        effects = alone.effects().table.loc["x"]
        for kind in ("direct", "indirect", "total"):
            for part in ("", "_se", "_p", "_low", "_high"):
                assert row[kind + part] == pytest.approx(effects[kind + part], nan_ok=True)
        assert row["log_likelihood"] == alone.log_likelihood
        assert row["n_observations"] == N * len(YEARS)


def test_one_model_is_the_main_one(found):
    main = found.table[found.table["main"]]
    assert main[["formula", "weights", "specification", "effects"]].to_numpy().tolist() == [
        ["long", "near", "sdm", "two-way"]
    ]


def test_the_curve_rises_and_leaves_out_what_is_zero_by_construction(found):
    total, indirect = found.curve(), found.curve("indirect")
    assert total["estimate"].is_monotonic_increasing
    assert len(total) == len(found.table)
    assert "ols" not in set(indirect["specification"])
    assert len(indirect) == (found.table["specification"] != "ols").sum()
    with pytest.raises(ConfigError, match="kind"):
        found.curve("own")


def test_the_summary_counts_signs_and_significance(found):
    direct = found.summary().loc["direct"]
    table = found.table
    assert direct["models"] == len(table)
    assert direct["median"] == pytest.approx(table["direct"].median())
    assert direct["share_positive"] == (table["direct"] > 0).mean()
    sure = (table["direct_p"] < 0.05) & (table["direct"] > 0)
    assert direct["share_positive_significant"] == sure.mean()


def test_the_order_of_rows_does_not_matter(found, panel):
    again = specification_curve(
        FORMULAS,
        panel.sample(frac=1.0, random_state=2),
        WEIGHTS,
        variable="x",
        specifications=["ols", "sar", "sdm"],
        effects=["city", "two-way"],
    )
    numbers = ["direct", "indirect", "total"]
    pd.testing.assert_frame_equal(again.table[numbers], found.table[numbers])


def test_models_that_fail_are_named_with_the_reason(panel):
    found = specification_curve(
        "y ~ x",
        panel,
        {"near": ring(1), "islands": ring(1, alone=[0])},
        variable="x",
        specifications=["sar"],
    )
    assert list(found.failures) == [("formula", "islands", "sar", "two-way")]
    assert "island" in next(iter(found.failures.values()))
    assert found.table["weights"].tolist() == ["near"]


def test_models_fitted_before_make_a_curve(panel):
    models = {
        k: fit_panel("y ~ x", panel, ring(k), specification="sar", effects="city") for k in (1, 2)
    }
    choices = pd.DataFrame({"neighbours": ["four", "two"]}, index=[2, 1])
    found = curve_of_models(models, choices, variable="x", main=2)
    assert found.table["neighbours"].to_dict() == {1: "two", 2: "four"}
    assert found.table["main"].to_dict() == {1: False, 2: True}
    assert found.table.loc[2, "total"] == models[2].effects().table.loc["x", "total"]
    with pytest.raises(AlignmentError, match="the models"):
        curve_of_models(models, choices.drop(1), variable="x")
    with pytest.raises(EstimationError, match="'z' is no regressor"):
        curve_of_models(models, choices, variable="z")


def test_bad_questions_are_refused(panel):
    def ask(**changed):
        options = {"variable": "x", "specifications": ["sar"], **changed}
        weights = options.pop("weights", {"near": ring(1)})
        return specification_curve("y ~ x", panel, weights, **options)

    with pytest.raises(ConfigError, match="by name"):
        ask(weights={})
    with pytest.raises(ConfigError, match="at least one, each once"):
        ask(specifications=["sar", "sar"])
    with pytest.raises(ConfigError, match="specifications"):
        ask(specifications=["sarr"])
    with pytest.raises(ConfigError, match="no model"):
        ask(main={"weights": "far"})
    with pytest.raises(ConfigError, match="choices are"):
        ask(main={"weight": "near"})
    with pytest.raises(ConfigError, match="none"):
        ask(weights={"(none)": ring(1)})
    with pytest.raises(EstimationError, match="'w' is no regressor"):
        ask(variable="w")
