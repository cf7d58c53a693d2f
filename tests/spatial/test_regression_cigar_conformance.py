"""Cigarette demand in 46 states: every published value of reference case 01 that is comparable.

The reference numbers come from Elhorst's and LeSage's MATLAB routines run with an exact
log-determinant, and from R (plm, splm). Where a routine does something else than the model says,
the test repeats what it does, so that the difference is explained and not only tolerated:

* with year effects the routines evaluate the log-likelihood at residuals in which W is applied to
  demeaned data (``log_likelihood_as_printed``), below the maximum that they found;
* with city or year effects the corrected log-likelihood is evaluated at the corrected sigma2;
* the error model stops iterating early, and with year effects demeans before filtering.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from spatial.regression import fit_panel, lm_tests

EXACT = 1e-6  # stated precision of the reference
T_VALUES = 1e-4  # stated precision of the reference t values
EARLY_STOP = 2.5e-4  # the reference error model iterates only to about this
DEMEANED_FIRST = 4e-4  # error model with year effects: another estimator, this close
TINY_COEFFICIENT = 1e-9  # absolute floor: one coefficient is 7e-4
EFFECTS = {"pooled": "pooled", "spatialFE": "city", "timeFE": "year", "twoway": "two-way"}
FORMULA = "logc ~ logp + logy"

SPATIAL_CASES = [
    f"{model}.{effects}.{bc}"
    for model, effects, bc in [
        ("sar", "pooled", "bc0"),
        ("sem", "pooled", "bc0"),
        ("sdm", "pooled", "bc0"),
        ("sar", "spatialFE", "bc0"),
        ("sem", "spatialFE", "bc0"),
        ("sdm", "spatialFE", "bc0"),
        ("sar", "spatialFE", "bc1"),
        ("sem", "spatialFE", "bc1"),
        ("sdm", "spatialFE", "bc1"),
        ("sar", "timeFE", "bc0"),
        ("sem", "timeFE", "bc0"),
        ("sar", "timeFE", "bc1"),
        ("sem", "timeFE", "bc1"),
        ("sar", "twoway", "bc0"),
        ("sdm", "twoway", "bc0"),
        ("sar", "twoway", "bc1"),
    ]
]
LAG_CASES = [case for case in SPATIAL_CASES if not case.startswith("sem")]
ERROR_CASES = [case for case in SPATIAL_CASES if case.startswith("sem")]
DURBIN_CASES = [case for case in SPATIAL_CASES if case.startswith("sdm")]


@pytest.fixture(scope="module")
def case(shared_folder):
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    panel = pd.read_csv(folder / "cigar.csv")
    ids = panel["state"].iloc[:46]
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return panel, weights, expected


@pytest.fixture(scope="module")
def fitted(case):
    panel, weights, _ = case
    cache = {}

    def fit(name):
        if name not in cache:
            model, effects, *bc = name.split(".")
            cache[name] = fit_panel(
                FORMULA,
                panel,
                weights,
                city="state",
                specification=model,
                effects=EFFECTS[effects],
                bias_correction=bc == ["bc1"],
                covariance="direct",  # published errors count all N T observations
            )
        return cache[name]

    return fit


def values(expected, name, field):
    return np.atleast_1d(expected["exact_logdet"][f"{name}.{field}"])


def log_likelihood_as_printed(result, weights, sigma2):
    """Log-likelihood with W applied to demeaned data, as the reference routines evaluate it."""
    design, estimate = result.design, result.estimate
    W = weights.loc[design.cities, design.cities].to_numpy()

    def demeaned(values):
        if result.effects_type in ("city", "two-way"):
            values = values - values.mean(axis=0)
        if result.effects_type in ("year", "two-way"):
            values = values - values.mean(axis=1, keepdims=True)
        return values

    raw = result.uncorrected.to_numpy()
    delta, spatial = raw[:-2], raw[-2]
    y = demeaned(design.y)
    mean = demeaned(estimate.Z) @ delta
    if result.rho is None:
        residuals = (y - mean) - spatial * (y - mean) @ W.T
    else:
        residuals = y - spatial * y @ W.T - mean
    jacobian = design.n_years * np.linalg.slogdet(np.eye(design.n) - spatial * W)[1]
    return (
        -0.5 * y.size * np.log(2 * np.pi * sigma2) + jacobian - np.sum(residuals**2) / (2 * sigma2)
    )


@pytest.mark.parametrize("name", LAG_CASES)
def test_lag_models_reproduce_parameters(case, fitted, name):
    expected, result = case[2], fitted(name)
    wanted = np.append(values(expected, name, "beta"), values(expected, name, "rho"))
    np.testing.assert_allclose(result.coefficients, wanted, rtol=EXACT, atol=TINY_COEFFICIENT)
    np.testing.assert_allclose(result.sigma2, values(expected, name, "sige")[0], rtol=EXACT)
    np.testing.assert_allclose(result.z_values, values(expected, name, "t"), rtol=T_VALUES)


@pytest.mark.parametrize("name", DURBIN_CASES)
def test_durbin_models_reproduce_standard_errors(case, fitted, name):
    wanted = values(case[2], name, "se_beta_rho")
    np.testing.assert_allclose(fitted(name).standard_errors, wanted, rtol=EXACT)


@pytest.mark.parametrize("name", ERROR_CASES)
def test_error_models_reach_or_pass_the_reference(case, fitted, name):
    _, weights, expected = case
    result = fitted(name)
    wanted = np.append(values(expected, name, "beta"), values(expected, name, "rho"))
    tolerance = DEMEANED_FIRST if ".timeFE." in name else EARLY_STOP
    np.testing.assert_allclose(result.coefficients, wanted, rtol=tolerance)
    np.testing.assert_allclose(result.sigma2, values(expected, name, "sige")[0], rtol=tolerance)
    np.testing.assert_allclose(result.z_values, values(expected, name, "t"), rtol=2 * tolerance)
    at_reference = full_error_likelihood(result, weights, wanted)
    assert result.log_likelihood >= at_reference - 1e-9


def full_error_likelihood(result, weights, parameters):
    """Maximised over sigma2 and effects, at given beta and lambda, with explicit dummies."""
    design = result.design
    W = weights.loc[design.cities, design.cities].to_numpy()
    beta, spatial = parameters[:-1], parameters[-1]
    u = design.y - result.estimate.Z @ beta
    e = u - spatial * u @ W.T
    years, n = e.shape
    dummies = {
        "pooled": np.zeros((e.size, 0)),
        "city": np.tile(np.eye(n), (years, 1)),
        "year": np.repeat(np.eye(years), n, axis=0),
    }[result.effects_type]
    flat = e.ravel()
    if dummies.shape[1]:
        flat = flat - dummies @ np.linalg.lstsq(dummies, flat, rcond=None)[0]
    s2 = flat @ flat / flat.size
    jacobian = years * np.linalg.slogdet(np.eye(n) - spatial * W)[1]
    return -0.5 * flat.size * (np.log(2 * np.pi * s2) + 1) + jacobian


@pytest.mark.parametrize("name", SPATIAL_CASES)
def test_log_likelihoods(case, fitted, name):
    _, weights, expected = case
    result, wanted = fitted(name), values(expected, name, "logl")[0]
    corrected = name.endswith("bc1") and ".twoway." not in name
    sigma2 = result.sigma2 if corrected else result.uncorrected["sigma2"]
    printed = log_likelihood_as_printed(result, weights, sigma2)
    np.testing.assert_allclose(printed, wanted, rtol=EXACT)
    if result.effects_type in ("pooled", "city") and not corrected:
        np.testing.assert_allclose(result.log_likelihood, wanted, rtol=EXACT)
    else:
        assert result.log_likelihood > wanted  # the reference prints less than the maximum


@pytest.mark.parametrize("name", LAG_CASES)
def test_effects(case, fitted, name):
    table = fitted(name).effects().table
    for kind in ("direct", "indirect", "total"):
        np.testing.assert_allclose(
            table[kind], values(case[2], name, kind), rtol=EXACT, atol=TINY_COEFFICIENT
        )


@pytest.mark.parametrize("name", SPATIAL_CASES)
def test_measures_of_fit(case, fitted, name):
    expected, result = case[2], fitted(name)
    tolerance = EARLY_STOP if name in ERROR_CASES else EXACT
    np.testing.assert_allclose(
        result.r_squared["overall"], values(expected, name, "R2")[0], rtol=tolerance
    )
    if result.effects_type in ("city", "two-way"):
        np.testing.assert_allclose(
            result.r_squared["corr2"], values(expected, name, "corr2")[0], rtol=tolerance
        )
    else:
        # The reference centres the prediction by the mean of the outcome, not by its own.
        assert abs(result.r_squared["corr2"] - values(expected, name, "corr2")[0]) < 2e-5


@pytest.mark.parametrize("name", DURBIN_CASES)
def test_wald_reductions(case, fitted, name):
    table = fitted(name).reduction_tests().table["statistic"]
    wald = table.xs("Wald", level="test")
    np.testing.assert_allclose(
        wald[["SDM to SAR", "SDM to SEM"]], values(case[2], name, "wald_lag_err"), rtol=EXACT
    )


@pytest.mark.parametrize("name", DURBIN_CASES)
def test_likelihood_ratio_reductions(case, fitted, name):
    _, weights, expected = case
    wanted = values(expected, name, "LR_lag_err")
    if ".twoway." not in name:
        ratios = fitted(name).reduction_tests().table["statistic"].xs("LR", level="test")
        # The error model of the reference ends 2e-4 below its maximum when sigma2 is corrected.
        np.testing.assert_allclose(ratios, wanted, rtol=1e-5)
        return
    # Two-way: the ratio of the printed likelihoods, whose residuals W times demeaned data enter.
    durbin, lag = fitted(name), fitted(name.replace("sdm", "sar"))
    printed = [
        log_likelihood_as_printed(r, weights, r.uncorrected["sigma2"]) for r in (durbin, lag)
    ]
    np.testing.assert_allclose(2 * (printed[0] - printed[1]), wanted[0], rtol=1e-5)
    # A proper ratio and its Wald statistic differ by less than the printed one.
    table = durbin.reduction_tests().table["statistic"]
    assert abs(table["SDM to SAR", "LR"] - table["SDM to SAR", "Wald"]) < 0.5


def test_two_way_durbin_model_before_and_after_correction(case):
    panel, weights, _ = case
    result = fit_panel(FORMULA, panel, weights, city="state")
    assert round(result.uncorrected["rho"], 6) == 0.229200
    assert round(result.rho, 6) == 0.268820
    assert result.bias_correction == "lee-yu"
    assert "Lee-Yu" in result.notes[0]
    table = result.tidy()
    assert round(table.loc["rho", "uncorrected"], 6) == 0.229200


@pytest.mark.parametrize("effects", list(EFFECTS))
def test_least_squares(case, fitted, effects):
    expected, name = case[2], f"ols.{effects}"
    result = fitted(name)
    np.testing.assert_allclose(result.coefficients, values(expected, name, "beta"), rtol=EXACT)
    np.testing.assert_allclose(result.sigma2, values(expected, name, "sige_ml")[0], rtol=EXACT)
    np.testing.assert_allclose(result.log_likelihood, values(expected, name, "logl")[0], rtol=EXACT)
    np.testing.assert_allclose(
        result.r_squared["overall"], values(expected, name, "R2_incl_fe")[0], rtol=EXACT
    )
    # The reference divides by NT - K, without the fixed effects.
    count, k = result.n_observations, len(result.coefficients)
    t = result.z_values * np.sqrt((count - k) / count)
    np.testing.assert_allclose(t, values(expected, name, "t"), rtol=EXACT)
    np.testing.assert_allclose(
        result.sigma2 * count / (count - k), values(expected, name, "sige_df")[0], rtol=EXACT
    )


@pytest.mark.parametrize(
    ("effects", "block"),
    [
        ("pooled", "pooling.individual"),
        ("city", "within.individual"),
        ("year", "within.time"),
        ("two-way", "within.twoways"),
    ],
)
def test_least_squares_with_degrees_of_freedom_is_plm(case, effects, block):
    panel, weights, expected = case
    result = fit_panel(FORMULA, panel, weights, city="state", specification="ols", effects=effects)
    wanted = expected["R_plm"][block]
    for name, value in wanted["se"].items():
        label = name.replace("(Intercept)", "const")
        np.testing.assert_allclose(result.standard_errors[label], value, rtol=EXACT)
        np.testing.assert_allclose(result.coefficients[label], wanted["estimate"][name], rtol=EXACT)
    if effects != "pooled":
        np.testing.assert_allclose(result.r_squared["within"], wanted["r2"]["rsq"], rtol=EXACT)


def test_sixteen_lagrange_multipliers(case):
    panel, weights, expected = case
    table = lm_tests(FORMULA, panel, weights, city="state").table
    order = ["LM lag", "robust LM lag", "LM error", "robust LM error"]
    for short, effects in EFFECTS.items():
        wanted = expected["exact_logdet"][f"ols.{short}.LM_lag_rlag_err_rerr"]
        np.testing.assert_allclose(table.loc[effects].loc[order, "statistic"], wanted, rtol=1e-8)
    short_names = {
        "LM lag": "lml",
        "robust LM lag": "rlml",
        "LM error": "lme",
        "robust LM error": "rlme",
    }
    for effects, block in {
        "pooled": "pooling.",
        "city": "within.individual",
        "year": "within.time",
        "two-way": "within.twoways",
    }.items():
        for test, key in short_names.items():
            p = expected["R_lm_tests"][f"{block}.{key}"]["p"][0][0]
            # Extreme tails magnify the eighth digit of the statistic.
            np.testing.assert_allclose(table.loc[(effects, test), "p_value"], p, rtol=1e-6)


def test_published_likelihood_ratios_of_fixed_effects(fitted):
    both = fitted("ols.twoway").log_likelihood
    assert round(2 * (both - fitted("ols.timeFE").log_likelihood), 1) == 2315.7
    assert round(2 * (both - fitted("ols.spatialFE").log_likelihood), 1) == 473.1


def test_city_effects_agree_with_spreg(case):
    spreg = pytest.importorskip("spreg")
    from libpysal.weights import W as NeighbourWeights

    panel, weights, _ = case
    result = fit_panel(
        FORMULA,
        panel,
        weights,
        city="state",
        specification="sar",
        effects="city",
        bias_correction=False,
    )
    ordered = panel.sort_values(["year", "state"])
    ids = list(weights.index)
    neighbours = {i: [j for j in ids if weights.loc[i, j] > 0] for i in ids}
    w = NeighbourWeights(neighbours, id_order=sorted(ids), silence_warnings=True)
    w.transform = "r"
    theirs = spreg.ML_LagFE if hasattr(spreg, "ML_LagFE") else spreg.Panel_FE_Lag
    model = theirs(ordered[["logc"]].to_numpy(), ordered[["logp", "logy"]].to_numpy(), w)
    np.testing.assert_allclose(result.rho, float(np.squeeze(model.rho)), rtol=1e-5)
    np.testing.assert_allclose(
        result.coefficients[["logp", "logy"]], np.ravel(model.betas)[:2], rtol=1e-4, atol=1e-6
    )
