"""Crime in 49 neighbourhoods of Columbus: spatial cross-sections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from conformance_cases.comparison import Case, Comparison, count_numbers, expected_numbers
from spatial.regression import fit_cross_section, fit_spatial_iv
from spatial.regression.cross_section import cross_section_design
from spatial.regression.specification_tests import lagrange_tests

FORMULA = "CRIME ~ INC + HOVAL"
MODELS: tuple[Any, ...] = ("ols", "SLX", "SAR", "SEM", "SDM", "SDEM")
ERROR_MODELS: tuple[Any, ...] = ("SEM", "SDEM")
JOINT_MODELS: tuple[Any, ...] = ("SAC", "GNS")
FITTED = (*MODELS, *JOINT_MODELS)
NAMES = {"(Intercept)": "const", "Rho": "rho", "lag.INC": "W INC", "lag.HOVAL": "W HOVAL"}
LM_TESTS = {
    "LM error": "LMerr",
    "LM lag": "LMlag",
    "robust LM error": "RLMerr",
    "robust LM lag": "RLMlag",
}
INSTRUMENTED: dict[str, Any] = {
    "STSLS": {},
    "STSLS_W1Xonly": {"orders": 1},
    "STSLS_robustHC0": {"covariance": "robust"},
}
KINDS = ("direct", "indirect", "total")
DRAWS, SEED = 20_000, 1

ESTIMATE = "OLS, SLX, SAR, SDM: coefficients, rho, sigma2"
ESTIMATE_SE = "OLS, SLX, SAR, SDM: standard errors"
ERROR = "SEM, SDEM: coefficients, lambda, sigma2"
ERROR_SE = "SEM, SDEM: standard errors"
JOINT = "SAC, GNS: coefficients, rho, lambda, sigma2, effects"
JOINT_SE = "SAC, GNS: standard errors"
LIKELIHOOD = "Log-likelihood, AIC, BIC"
AGAINST_ZERO = "Likelihood ratio and Wald test against rho or lambda of zero"
EFFECT = "Direct, indirect and total effects"
EFFECT_SE = "SLX, SDEM: standard errors of effects"
TWO_STAGE = "Spatial two-stage least squares: estimates, standard errors, effects"
LM = "Lagrange multipliers and their p-values"
RATIO = "SDM: likelihood ratios against SAR and SEM"
OLD = "Anselin (1988), SAR, SEM, SDM: estimates and standard errors"
OLD_LIKELIHOOD = "Anselin (1988): log-likelihood"
SIMULATED = "SAR: simulated standard errors of effects"

# Stated precision 1e-6 (the optimiser of the reference stops at eps ** 0.7); lambda ends earlier,
# where its log-likelihood is flat to rounding, rho and lambda together still earlier (1e-4 is
# stated); both sides of the last group are simulated.
TOLERANCES = {
    ESTIMATE: 1e-6,
    ESTIMATE_SE: 1e-6,
    ERROR: 2e-5,
    ERROR_SE: 2e-5,
    JOINT: 1e-4,
    JOINT_SE: 1e-4,
    LIKELIHOOD: 1e-9,
    AGAINST_ZERO: 2e-5,
    EFFECT: 2e-5,
    EFFECT_SE: 2e-5,
    TWO_STAGE: 1e-6,
    LM: 1e-6,
    RATIO: 1e-6,
    OLD: 2e-5,
    OLD_LIKELIHOOD: 1e-9,
    SIMULATED: 0.08,
}


def case(reference: Path) -> Case:
    """Compare the models that both programs have."""
    folder = reference / "03_columbus_crosssection"
    expected = expected_numbers(folder)
    data = read_columbus(folder, "columbus.csv", "w_pairs.csv")
    old = read_columbus(folder, "col_old_anselin1988.csv", "col_old_w_pairs.csv")
    wanted = expected["results"]
    found = Comparison(TOLERANCES)
    fits = {name: fit_cross_section(FORMULA, *data, specification=name.lower()) for name in FITTED}
    for name, result in fits.items():
        compare_model(found, name, result, wanted[name])
    compare_against_zero(found, fits, wanted)
    for name, options in INSTRUMENTED.items():
        compare_two_stage(found, fit_spatial_iv(FORMULA, *data, **options), wanted[name])
    compare_tests(found, data, fits["SDM"], wanted)
    compare_simulated(found, fits["SAR"], wanted["impacts_sim"]["SAR"])
    for name in MODELS[2:5]:
        compare_old(found, name, old, expected["anselin1988_COL_OLD"][name])
    return Case(
        title="Crime in Columbus, 49 neighbourhoods",
        sources=(
            "Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer, chapter 12. "
            "https://doi.org/10.1007/978-94-015-7799-1",
            "Bivand, R. and Piras, G. (2015). Comparing implementations of estimation methods for "
            "spatial econometrics. Journal of Statistical Software 63(18), 1-36. "
            "https://doi.org/10.18637/jss.v063.i18",
        ),
        programs="R spatialreg and spdep",
        groups=found.groups(),
        not_compared=notes(len(data[0])),
        numbers=count_numbers(expected),
    )


def read_columbus(folder: Path, table: str, pairs: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table and its row-normalised contiguity."""
    data, links = pd.read_csv(folder / table), pd.read_csv(folder / pairs)
    dense = np.zeros((len(data), len(data)))
    dense[links["i"] - 1, links["j"] - 1] = 1.0
    ids = pd.Index([f"n{number:02d}" for number in range(1, len(data) + 1)])
    weights = pd.DataFrame(dense / dense.sum(axis=1, keepdims=True), ids, ids)
    return data.set_index(ids), weights


def compare_model(found: Comparison, name: str, result: Any, block: Any) -> None:
    """Compare a model with its block."""
    group, errors = (ERROR, ERROR_SE) if name in ERROR_MODELS else (ESTIMATE, ESTIMATE_SE)
    if name in JOINT_MODELS:
        group, errors = JOINT, JOINT_SE
    found.add_labelled(group, result.coefficients, block["estimate"], NAMES)
    found.add_labelled(errors, result.standard_errors, block["se"], NAMES)
    for symbol in ("rho", "lambda"):
        if symbol in block:
            found.add(group, result.coefficients[symbol], block[symbol])
            found.add(errors, result.standard_errors[symbol], block[f"{symbol}.se"])
    for key, target, value in (
        ("s2", group, result.sigma2),
        ("sigma2", group, result.sigma2),
        ("r2", group, result.r_squared["overall"]),
        ("logLik", LIKELIHOOD, result.log_likelihood),
        ("AIC", LIKELIHOOD, result.aic),
        ("BIC", LIKELIHOOD, result.bic),
    ):
        if key in block:
            found.add(target, value, block[key])
    if "impacts" in block:
        compare_effects(found, name, result, block["impacts"])


def compare_effects(found: Comparison, name: str, result: Any, block: Any) -> None:
    """Compare effects; of SDEM, spatialreg divides by n - k here, though not elsewhere."""
    table = result.effects().table
    n, k = result.n_observations, len(result.coefficients) - 1
    factor = np.sqrt(n / (n - k)) if name == "SDEM" else 1.0
    for kind in KINDS:
        found.add_labelled(JOINT if name in JOINT_MODELS else EFFECT, table[kind], block[kind])
        if f"se_{kind}" in block:
            found.add_labelled(EFFECT_SE, factor * table[f"{kind}_se"], block[f"se_{kind}"])


def compare_against_zero(found: Comparison, fits: Any, wanted: Any) -> None:
    """Compare tests of each model against the same model without spatial dependence."""
    for name, symbol in (("SAR", "rho"), ("SEM", "lambda"), ("SDM", "rho"), ("SDEM", "lambda")):
        result, simpler = fits[name], fits["SLX" if name.startswith("SD") else "ols"]
        ratio = 2 * (result.log_likelihood - simpler.log_likelihood)
        found.add(AGAINST_ZERO, ratio, wanted[name]["LR"])
        found.add(AGAINST_ZERO, result.z_values[symbol] ** 2, wanted[name]["Wald"])


def compare_two_stage(found: Comparison, result: Any, block: Any) -> None:
    """Compare estimates by instruments."""
    found.add_labelled(TWO_STAGE, result.coefficients, block["estimate"], NAMES)
    found.add_labelled(TWO_STAGE, result.standard_errors, block["se"], NAMES)
    if "sigma2" in block:
        found.add(TWO_STAGE, result.sigma2, block["sigma2"])
    if "impacts" in block:
        table = result.effects().table
        for kind in KINDS:
            found.add_labelled(TWO_STAGE, table[kind], block["impacts"][kind])


def compare_tests(found: Comparison, data: Any, durbin: Any, wanted: Any) -> None:
    """Compare the tests that choose between models."""
    table = lagrange_tests(cross_section_design(FORMULA, *data), kinds=("pooled",)).table
    for name, key in LM_TESTS.items():
        row: Any = table.loc[("pooled", name)]
        found.add(LM, row["statistic"], wanted["LM_tests"][key]["statistic"])
        found.add(LM, row["p_value"], wanted["LM_tests"][key]["p"])
    ratios = durbin.reduction_tests().table["statistic"].xs("LR", level="test")
    theirs = wanted["LR_SDM_vs_SAR"]
    found.add(
        RATIO, ratios[["SDM to SAR", "SDM to SEM"]], [theirs["LR_vs_SAR"], theirs["LR_vs_SEM"]]
    )


def compare_simulated(found: Comparison, lag: Any, block: Any) -> None:
    """Compare simulated standard errors, which differ by chance on both sides."""
    table = lag.effects(inference="simulation", draws=DRAWS, rng=SEED).table
    for kind in KINDS:
        found.add_labelled(SIMULATED, table[f"{kind}_se"], block[f"se_{kind}"])


def compare_old(found: Comparison, name: Any, data: Any, block: Any) -> None:
    """Compare with the data as Anselin printed them."""
    result = fit_cross_section(FORMULA, *data, specification=name.lower())
    found.add_labelled(OLD, result.coefficients, block["estimate"], NAMES)
    found.add_labelled(OLD, result.standard_errors, block["se"], NAMES)
    found.add(OLD, result.coefficients.iloc[-1], block["spatial_par"])
    found.add(OLD, result.standard_errors.iloc[-1], block["spatial_se"])
    found.add(OLD, result.sigma2, block["s2"])
    found.add(OLD_LIKELIHOOD, result.log_likelihood, block["logLik"])


def notes(n: int) -> tuple[str, ...]:
    """Say what has no counterpart."""
    return (
        f"Effects of SDEM: spatialreg divides their variance by n - k but that of the "
        f"coefficients by n = {n}; ours divide by n and are rescaled for the comparison.",
        f"Simulated standard errors carry chance on both sides ({DRAWS:,} draws here).",
        "GMM, the LM test on SAR and SDM residuals, SARMA, "
        "Moran's I of residuals, the Hausman test and adjusted R2: nothing is compared here yet.",
    )
