"""Columbus crime: cross-sections against spatialreg, Anselin (1988) and published effects."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from spatial.errors import AlignmentError, PanelError
from spatial.regression import fit_cross_section
from spatial.regression.cross_section import cross_section_design
from spatial.regression.specification_tests import lagrange_tests

EXACT = 1e-6  # stated precision of the reference (its optimiser stops at eps ** 0.7)
ERROR_MODEL = 2e-5  # lambda of the reference ends there: its log-likelihood is flat to rounding
PRINTED = 6e-7  # half a unit of the last printed digit
FORMULA = "CRIME ~ INC + HOVAL"


@pytest.fixture(scope="module")
def folder(shared_folder):
    return shared_folder / "reference" / "03_columbus_crosssection"


@pytest.fixture(scope="module")
def expected(folder):
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def table_and_weights(folder, table, pairs):
    data = pd.read_csv(folder / table)
    links = pd.read_csv(folder / pairs)
    n = len(data)
    dense = np.zeros((n, n))
    dense[links["i"] - 1, links["j"] - 1] = 1.0
    ids = [f"n{i:02d}" for i in range(1, n + 1)]
    weights = pd.DataFrame(dense / dense.sum(axis=1, keepdims=True), ids, ids)
    return data.set_index(pd.Index(ids)), weights


@pytest.fixture(scope="module")
def columbus(folder):
    return table_and_weights(folder, "columbus.csv", "w_pairs.csv")


def wanted_values(block):
    names = {"(Intercept)": "const", "lag.INC": "W INC", "lag.HOVAL": "W HOVAL"}
    estimate = {names.get(k, k): v for k, v in block["estimate"].items()}
    errors = {names.get(k, k): v for k, v in block["se"].items()}
    for symbol in ("rho", "lambda"):
        if symbol in block:
            estimate[symbol], errors[symbol] = block[symbol], block[f"{symbol}.se"]
    return pd.Series(estimate), pd.Series(errors)


@pytest.mark.parametrize("specification", ["ols", "slx", "sar", "sem", "sdm", "sdem"])
def test_spatialreg(columbus, expected, specification):
    key = specification if specification == "ols" else specification.upper()
    block = expected["results"][key]
    result = fit_cross_section(FORMULA, *columbus, specification=specification)
    estimate, errors = wanted_values(block)
    tolerance = ERROR_MODEL if specification in ("sem", "sdem") else EXACT
    np.testing.assert_allclose(result.coefficients[estimate.index], estimate, rtol=tolerance)
    np.testing.assert_allclose(result.standard_errors[errors.index], errors, rtol=tolerance)
    np.testing.assert_allclose(result.log_likelihood, block["logLik"], rtol=1e-10)
    for key, value in (("AIC", result.aic), ("BIC", result.bic), ("s2", result.sigma2)):
        if key in block:
            np.testing.assert_allclose(value, block[key], rtol=tolerance)
    if specification == "ols":
        np.testing.assert_allclose(result.sigma2, block["sigma2"], rtol=EXACT)
        np.testing.assert_allclose(result.r_squared["overall"], block["r2"], rtol=EXACT)
    if "impacts" in block:
        table = result.effects().table
        for kind in ("direct", "indirect", "total"):
            for name, value in block["impacts"][kind].items():
                np.testing.assert_allclose(table.loc[name, kind], value, rtol=tolerance)
                spread = block["impacts"].get(f"se_{kind}")
                if spread is not None:
                    # spatialreg divides by n - k in SDEM impacts, not in its standard errors.
                    factor = np.sqrt(49 / 44) if specification == "sdem" else 1.0
                    np.testing.assert_allclose(
                        factor * table.loc[name, f"{kind}_se"], spread[name], rtol=tolerance
                    )


@pytest.mark.parametrize("specification", ["SAR", "SEM", "SDM"])
def test_anselin_1988(folder, expected, specification):
    data, weights = table_and_weights(folder, "col_old_anselin1988.csv", "col_old_w_pairs.csv")
    block = expected["anselin1988_COL_OLD"][specification]
    result = fit_cross_section(FORMULA, data, weights, specification=specification.lower())
    estimate, errors = wanted_values(block)
    tolerance = ERROR_MODEL if specification == "SEM" else EXACT
    np.testing.assert_allclose(result.coefficients[estimate.index], estimate, rtol=tolerance)
    np.testing.assert_allclose(result.standard_errors[errors.index], errors, rtol=tolerance)
    np.testing.assert_allclose(result.coefficients.iloc[-1], block["spatial_par"], rtol=tolerance)
    np.testing.assert_allclose(result.standard_errors.iloc[-1], block["spatial_se"], rtol=tolerance)
    np.testing.assert_allclose(result.log_likelihood, block["logLik"], rtol=1e-10)


def test_lagrange_multipliers(columbus, expected):
    tests = lagrange_tests(cross_section_design(FORMULA, *columbus), kinds=("pooled",)).table
    names = {
        "LM error": "LMerr",
        "LM lag": "LMlag",
        "robust LM error": "RLMerr",
        "robust LM lag": "RLMlag",
    }
    for name, key in names.items():
        wanted = expected["results"]["LM_tests"][key]
        row = tests.loc[("pooled", name)]
        np.testing.assert_allclose(row["statistic"], wanted["statistic"], rtol=EXACT)
        np.testing.assert_allclose(row["p_value"], wanted["p"], rtol=EXACT)


def test_likelihood_ratio_reductions(columbus, expected):
    table = fit_cross_section(FORMULA, *columbus).reduction_tests().table["statistic"]
    wanted = expected["results"]["LR_SDM_vs_SAR"]
    np.testing.assert_allclose(table["SDM to SAR", "LR"], wanted["LR_vs_SAR"], rtol=EXACT)
    np.testing.assert_allclose(table["SDM to SEM", "LR"], wanted["LR_vs_SEM"], rtol=EXACT)


def test_simulated_standard_errors(columbus, expected):
    effects = fit_cross_section(FORMULA, *columbus, specification="sar").effects(
        inference="simulation", draws=20000, rng=1
    )
    wanted = expected["results"]["impacts_sim"]["SAR"]
    for kind in ("direct", "indirect", "total"):
        for name, value in wanted[f"se_{kind}"].items():
            # Both sides are simulated; the reference asks for five per cent, tails add some.
            np.testing.assert_allclose(effects.table.loc[name, f"{kind}_se"], value, rtol=0.08)


def test_published_durbin_model_of_the_contiguity_file():
    # The contiguity that ships with libpysal; a released package reports direct effects of
    # -0.961 and -0.310 here because it counts all of theta as indirect.
    from libpysal.examples import get_path
    from libpysal.io import open as open_file

    w = open_file(get_path("columbus.gal")).read()
    table = open_file(get_path("columbus.dbf"))
    data = pd.DataFrame(
        {name: table.by_col(name) for name in ("CRIME", "INC", "HOVAL")}, index=w.id_order
    )
    w.transform = "r"
    result = fit_cross_section(FORMULA, data, w)
    wanted = {
        "const": 44.3200,
        "INC": -0.919906,
        "HOVAL": -0.297129,
        "W INC": -0.583913,
        "W HOVAL": 0.257684,
        "rho": 0.403463,
    }
    for name, value in wanted.items():
        tolerance = 5e-5 if name == "const" else PRINTED
        assert abs(result.coefficients[name] - value) < tolerance, name
    assert abs(result.log_likelihood + 181.6393) < 5e-5
    table = result.effects().table
    effects = {"INC": (-1.024988, -1.495926, -2.520914), "HOVAL": (-0.281967, 0.215844, -0.066123)}
    for name, values in effects.items():
        np.testing.assert_allclose(
            table.loc[name, ["direct", "indirect", "total"]].astype(float), values, atol=PRINTED
        )


def test_rows_in_any_order_and_ids_in_a_column(columbus):
    data, weights = columbus
    first = fit_cross_section(FORMULA, data, weights)
    shuffled = data.sample(frac=1.0, random_state=2)
    pd.testing.assert_frame_equal(
        first.tidy(), fit_cross_section(FORMULA, shuffled, weights).tidy(), rtol=1e-8
    )
    column = shuffled.rename_axis("town").reset_index()
    third = fit_cross_section(FORMULA, column, weights, city="town")
    pd.testing.assert_frame_equal(first.tidy(), third.tidy(), rtol=1e-8)
    assert list(third.residuals.index) == list(column.index)


def test_ids_that_differ(columbus):
    data, weights = columbus
    with pytest.raises(AlignmentError, match="only in the weights: 'n01'"):
        fit_cross_section(FORMULA, data.drop(index="n01"), weights)
    with pytest.raises(PanelError, match="DataFrame"):
        fit_cross_section(FORMULA, data["CRIME"], weights)
