"""Cigarette demand in 46 states: spatial panels, least squares and Lagrange multiplier tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from conformance_cases.comparison import Case, Comparison, count_numbers, expected_numbers
from spatial.regression import cross_section_dependence, fit_panel, lm_tests, with_covariance

FORMULA = "logc ~ logp + logy"
KRAAY_LAGS = 3
EFFECTS: dict[str, Any] = {
    "pooled": "pooled",
    "spatialFE": "city",
    "timeFE": "year",
    "twoway": "two-way",
}
PLM_BLOCKS: dict[str, Any] = {
    "pooling.individual": "pooled",
    "within.individual": "city",
    "within.time": "year",
    "within.twoways": "two-way",
}
COVARIANCES: tuple[Any, ...] = ("information", "cluster")
LM_BLOCKS = {"pooling.": "pooled"} | {name: PLM_BLOCKS[name] for name in list(PLM_BLOCKS)[1:]}
LM_TESTS = {
    "LM lag": "lml",
    "robust LM lag": "rlml",
    "LM error": "lme",
    "robust LM error": "rlme",
}

OLS = "OLS: coefficients, sigma2, log-likelihood, R2, t values"
LAG = "SAR and SDM: coefficients, rho, sigma2"
LAG_T = "SAR and SDM: t values"
DURBIN_SE = "SDM: standard errors"
EFFECT = "SAR and SDM: direct, indirect and total effects"
ERROR = "SEM, pooled and city effects: coefficients, lambda, sigma2"
ERROR_YEAR = "SEM, year effects: coefficients, lambda, sigma2"
ERROR_T = "SEM: t values"
LIKELIHOOD = "Log-likelihood: the maximum"
PRINTED = "Log-likelihood: repeated as the routine evaluates it"
FIT = "SAR and SDM: R2, corr2"
FIT_ERROR = "SEM: R2, corr2"
WALD = "SDM: Wald tests against SAR and SEM"
RATIO = "SDM: likelihood ratios against SAR and SEM"
PLM = "plm: coefficients, standard errors, sum of squares, R2"
PLM_CLUSTER = "plm: standard errors clustered by state"
PLM_DEPENDENT = "plm: standard errors of Driscoll and Kraay"
PESARAN = "plm: tests of cross-section dependence (Pesaran CD, LM, scaled LM)"
LM = "Lagrange multipliers"
LM_P = "Lagrange multipliers: p-values"
BOOK = "Likelihood ratios of the fixed effects as printed, one decimal"

# Precision that the reference states: 1e-6, t values 1e-4, plm and multipliers 1e-8; tails of
# p-values magnify the last digits, the error model of the routines stops early, and the book
# prints one decimal.
TOLERANCES = {
    OLS: 1e-6,
    LAG: 1e-6,
    LAG_T: 1e-4,
    DURBIN_SE: 1e-6,
    EFFECT: 1e-6,
    ERROR: 2.5e-4,
    ERROR_YEAR: 4e-4,
    ERROR_T: 8e-4,
    LIKELIHOOD: 1e-6,
    PRINTED: 1e-6,
    FIT: 1e-6,
    FIT_ERROR: 2.5e-4,
    WALD: 1e-6,
    RATIO: 1e-5,
    PLM: 1e-8,
    PLM_CLUSTER: 1e-8,
    PLM_DEPENDENT: 1e-8,
    PESARAN: 1e-6,
    LM: 1e-8,
    LM_P: 1e-6,
    BOOK: 1.1e-4,
}

Fit = Callable[[str], Any]


def case(reference: Path) -> Case:
    """Compare every published value that is comparable."""
    folder = reference / "01_cigar_panel_spatial"
    expected = expected_numbers(folder)
    panel, weights = read_panel(folder)
    fit = fitter(panel, weights)
    evaluate = Likelihoods(panel, weights)
    found = Comparison(TOLERANCES)
    exact = expected["exact_logdet"]
    for effects in EFFECTS:
        compare_least_squares(found, fit(f"ols.{effects}"), exact, f"ols.{effects}")
    for name in sorted({key.rsplit(".", 1)[0] for key in exact if not key.startswith("ols.")}):
        wanted = {
            key.rsplit(".", 1)[1]: value
            for key, value in exact.items()
            if key.rsplit(".", 1)[0] == name
        }
        compare_spatial(found, fit(name), wanted, name)
        compare_likelihood(found, fit(name), wanted, name, evaluate)
        if "wald_lag_err" in wanted:
            compare_reductions(found, name, wanted, fit, evaluate)
    compare_plm(found, panel, weights, expected["R_plm"])
    compare_dependence(found, fit, expected["R_plm"])
    compare_multipliers(found, lm_tests(FORMULA, panel, weights, city="state").table, expected)
    compare_book(found, fit, expected["published_verified"])
    return Case(
        title="Cigarette demand, 46 US states in 30 years",
        sources=(
            "Elhorst, J. P. (2014). Spatial Econometrics: From Cross-Sectional Data to Spatial "
            "Panels. Springer. https://doi.org/10.1007/978-3-642-40340-8",
            "Baltagi, B. H. and Levin, D. (1992). Cigarette taxation: raising revenues and "
            "reducing consumption. Structural Change and Economic Dynamics 3(2), 321-335. "
            "https://doi.org/10.1016/0954-349X(92)90010-4",
        ),
        programs="MATLAB routines of Elhorst and LeSage with an exact log-determinant; R plm and "
        "splm",
        groups=found.groups(),
        not_compared=notes(fit, exact, evaluate),
        numbers=count_numbers(expected),
    )


def read_panel(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the panel and its row-normalised contiguity."""
    panel = pd.read_csv(folder / "cigar.csv")
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    ids = panel["state"].iloc[: len(binary)]
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    return panel, weights


def fitter(panel: pd.DataFrame, weights: pd.DataFrame) -> Fit:
    """Return a function that fits a model by its name in the reference, once."""

    @cache
    def fit(name: str) -> Any:
        words: list[Any] = name.split(".")
        model, effects, *correction = words
        return fit_panel(
            FORMULA,
            panel,
            weights,
            city="state",
            specification=model,
            effects=EFFECTS[effects],
            bias_correction=correction == ["bc1"],
            covariance="direct",  # published errors count all N T observations
        )

    return fit


def compare_least_squares(found: Comparison, result: Any, exact: Any, name: str) -> None:
    """Compare OLS; the routine divides by NT - K, without the fixed effects."""
    count, k = result.n_observations, len(result.coefficients)
    found.add(OLS, result.coefficients, exact[f"{name}.beta"])
    found.add(OLS, result.sigma2, exact[f"{name}.sige_ml"])
    found.add(OLS, result.log_likelihood, exact[f"{name}.logl"])
    found.add(OLS, result.r_squared["overall"], exact[f"{name}.R2_incl_fe"])
    found.add(OLS, result.z_values * np.sqrt((count - k) / count), exact[f"{name}.t"])
    found.add(OLS, result.sigma2 * count / (count - k), exact[f"{name}.sige_df"])


def compare_spatial(found: Comparison, result: Any, wanted: Any, name: str) -> None:
    """Compare the estimates of a spatial model, its effects and its fit."""
    error = name.startswith("sem.")
    group = (ERROR_YEAR if ".timeFE." in name else ERROR) if error else LAG
    found.add(group, result.coefficients, [*wanted["beta"], wanted["rho"]])
    found.add(group, result.sigma2, wanted["sige"])
    found.add(ERROR_T if error else LAG_T, result.z_values, wanted["t"])
    fit_group = FIT_ERROR if error else FIT
    found.add(fit_group, result.r_squared["overall"], wanted["R2"])
    if result.effects_type in ("city", "two-way"):
        found.add(fit_group, result.r_squared["corr2"], wanted["corr2"])
    if "se_beta_rho" in wanted:
        found.add(DURBIN_SE, result.standard_errors, wanted["se_beta_rho"])
    if "direct" in wanted:
        table = result.effects().table
        for kind in ("direct", "indirect", "total"):
            found.add(EFFECT, table[kind], wanted[kind])


class Likelihoods:
    """Log-likelihoods written out, of the routines and of the error model.

    Parameters
    ----------
    panel : pandas.DataFrame
    weights : pandas.DataFrame
    """

    def __init__(self, panel: pd.DataFrame, weights: pd.DataFrame) -> None:
        self.W = weights.to_numpy()
        wide = {
            name: panel.pivot(index="year", columns="state", values=name)[weights.index].to_numpy()
            for name in ("logc", "logp", "logy")
        }
        self.y = wide["logc"]
        self.columns = {"const": np.ones_like(self.y)}
        for name in ("logp", "logy"):
            self.columns |= {name: wide[name], f"W {name}": wide[name] @ self.W.T}

    def jacobian(self, spatial: float) -> float:
        """T ln det(I - spatial W)."""
        n = len(self.W)
        return float(len(self.y) * np.linalg.slogdet(np.eye(n) - spatial * self.W)[1])

    def mean(self, coefficients: pd.Series) -> np.ndarray:
        """X beta, years by states."""
        return np.asarray(sum(self.columns[str(name)] * b for name, b in coefficients.items()))

    def printed(self, result: Any, sigma2: float) -> float:
        """Evaluate as the routines do: W is applied to data that are demeaned already."""
        raw = result.uncorrected
        *names, symbol = result.coefficients.index
        u = demeaned(self.y, result.effects_type)
        mean = demeaned(self.mean(raw[names]), result.effects_type)
        if symbol == "rho":
            e = u - raw[symbol] * u @ self.W.T - mean
        else:
            e = (u - mean) - raw[symbol] * (u - mean) @ self.W.T
        normal = -0.5 * e.size * np.log(2 * np.pi * sigma2) - np.sum(e**2) / (2 * sigma2)
        return float(normal + self.jacobian(raw[symbol]))

    def error_model(self, coefficients: pd.Series, effects: str) -> float:
        """Evaluate the error model at its best sigma2 and effects, given beta and lambda."""
        u = self.y - self.mean(coefficients.drop("lambda"))
        # (I - lambda W) maps constants over time to such, and, rows summing to one, years too.
        e = demeaned(u - coefficients["lambda"] * u @ self.W.T, effects)
        sigma2 = np.mean(e**2)
        normal = -0.5 * e.size * (np.log(2 * np.pi * sigma2) + 1)
        return float(normal + self.jacobian(coefficients["lambda"]))


def demeaned(values: np.ndarray, effects: str) -> np.ndarray:
    """Take out means of states, of years, of both, or none; years by states."""
    if effects in ("city", "two-way"):
        values = values - values.mean(axis=0)
    if effects in ("year", "two-way"):
        values = values - values.mean(axis=1, keepdims=True)
    return values


def is_maximum(result: Any, name: str) -> bool:
    """Whether the routine prints the maximum: no year effects, nothing corrected."""
    return result.effects_type in ("pooled", "city") and name.endswith("bc0")


def printed_value(result: Any, name: str, evaluate: Likelihoods) -> float:
    """Repeat what the routine prints; two-way corrections leave its sigma2 alone."""
    corrected = name.endswith("bc1") and ".twoway." not in name
    sigma2 = result.sigma2 if corrected else result.uncorrected["sigma2"]
    return evaluate.printed(result, sigma2)


def compare_likelihood(
    found: Comparison, result: Any, wanted: Any, name: str, evaluate: Likelihoods
) -> None:
    """Compare the maximum where the routine prints it, else what it evaluates."""
    if is_maximum(result, name):
        found.add(LIKELIHOOD, result.log_likelihood, wanted["logl"])
    else:
        found.add(PRINTED, printed_value(result, name, evaluate), wanted["logl"])


def compare_reductions(
    found: Comparison, name: str, wanted: Any, fit: Fit, evaluate: Likelihoods
) -> None:
    """Compare the tests whether a Durbin model may be simplified."""
    tests = fit(name).reduction_tests().table["statistic"]
    models = ["SDM to SAR", "SDM to SEM"]
    found.add(WALD, tests.xs("Wald", level="test")[models], wanted["wald_lag_err"])
    if ".twoway." not in name:
        found.add(RATIO, tests.xs("LR", level="test")[models], wanted["LR_lag_err"])
        return
    pair = [printed_value(fit(n), n, evaluate) for n in (name, name.replace("sdm", "sar"))]
    found.add(RATIO, 2 * (pair[0] - pair[1]), wanted["LR_lag_err"][0])


def compare_plm(
    found: Comparison, panel: pd.DataFrame, weights: pd.DataFrame, expected: Any
) -> None:
    """Compare least squares with and without fixed effects, and clustered errors."""
    names = {"(Intercept)": "const"}
    for block, effects in PLM_BLOCKS.items():
        wanted = expected[block]
        plain, clustered = (
            fit_panel(
                FORMULA,
                panel,
                weights,
                city="state",
                specification="ols",
                effects=effects,
                covariance=covariance,
            )
            for covariance in COVARIANCES
        )
        share = "overall" if effects == "pooled" else "within"
        found.add_labelled(PLM, plain.coefficients, wanted["estimate"], names)
        found.add_labelled(PLM, plain.standard_errors, wanted["se"], names)
        found.add(PLM, float(np.sum(plain.residuals**2)), wanted["rss"])
        found.add(PLM, plain.r_squared[share], wanted["r2"]["rsq"])
        found.add_labelled(PLM_CLUSTER, clustered.standard_errors, wanted["se_arellano_HC0"], names)
        dependent = with_covariance(plain, "driscoll-kraay", lags=KRAAY_LAGS)
        theirs = wanted[f"se_driscoll_kraay_lag{KRAAY_LAGS}"]
        found.add_labelled(PLM_DEPENDENT, dependent.standard_errors, theirs, names)


def compare_dependence(found: Comparison, fit: Fit, expected: Any) -> None:
    """Compare tests whether residuals of different states move together."""
    table = cross_section_dependence(fit("ols.twoway")).table
    for name, key in (("CD", "cd"), ("LM", "lm"), ("scaled LM", "sclm")):
        wanted = expected[f"pcdtest_within_twoways_{key}"]
        row = table.loc[name, ["statistic", "p_value"]]
        found.add(PESARAN, row, [wanted["statistic"], wanted["p"]])
    city = cross_section_dependence(fit("ols.spatialFE")).table
    wanted = expected["pcdtest_formula_within_cd"]["statistic"]
    found.add(PESARAN, city.loc["CD", "statistic"], wanted)


def compare_multipliers(found: Comparison, table: pd.DataFrame, expected: Any) -> None:
    """Compare four tests under four kinds of effects, as two programs give them."""
    for short, effects in EFFECTS.items():
        wanted = expected["exact_logdet"][f"ols.{short}.LM_lag_rlag_err_rerr"]
        found.add(LM, table.loc[effects].loc[list(LM_TESTS), "statistic"], wanted)
    for block, effects in LM_BLOCKS.items():
        for test, key in LM_TESTS.items():
            wanted = expected["R_lm_tests"][f"{block}.{key}"]
            found.add(LM, table.loc[(effects, test), "statistic"], wanted["statistic"])
            found.add(LM_P, table.loc[(effects, test), "p_value"], wanted["p"])


def compare_book(found: Comparison, fit: Fit, published: Any) -> None:
    """Compare the two likelihood ratios printed in the book."""
    both = fit("ols.twoway").log_likelihood
    for word, without in (("spatial FE", "ols.timeFE"), ("time FE", "ols.spatialFE")):
        wanted = next(v for k, v in published.items() if word in k)
        found.add(BOOK, 2 * (both - fit(without).log_likelihood), wanted)


def notes(fit: Fit, exact: Any, evaluate: Likelihoods) -> tuple[str, ...]:
    """Say what is not comparable and why, with today's numbers."""
    two_way = fit("sdm.twoway.bc0")
    losses = [error_model_loss(name, fit, exact, evaluate) for name in ("pooled", "spatialFE")]
    year = error_model_loss("timeFE", fit, exact, evaluate)
    return (
        "Standard errors, t values and Wald tests of SAR, SEM and SDM are those of "
        "covariance='direct', which counts all N T observations as the routines do; our default "
        "leaves out what fixed effects use up (docs/conventions.md).",
        "Log-likelihoods with year effects: the routines print them at residuals in which W is "
        "applied to data that are demeaned already, below the maximum (two-way SDM: "
        f"{exact['sdm.twoway.bc0.logl']:.2f} printed, {two_way.log_likelihood:.2f} here); after "
        "a bias correction they print them at the corrected sigma2. Both are repeated here by "
        "their formula, from our estimates.",
        "The error model of the routines stops iterating early: its log-likelihood ends "
        f"{losses[0]:.1e} (pooled) and {losses[1]:.1e} (city effects) below ours. With year "
        f"effects it demeans before it filters, another estimator ({year:.1e} below).",
        "corr2 of models without city effects: the routines centre the prediction by the mean of "
        "the outcome instead of its own.",
        "Likelihood ratio of the two-way SDM against SEM: the reference has no two-way SEM to "
        "repeat its printed log-likelihood.",
        "Random effects of plm are feasible GLS; ours are maximum likelihood. Of plm's other "
        "estimators and tests (between, first differences, Hausman, Breusch-Pagan, F, "
        "Baltagi-Song-Koh) nothing is compared here, nor adjusted R2, which the results do not "
        "hold.",
    )


def error_model_loss(short: str, fit: Fit, exact: Any, evaluate: Likelihoods) -> float:
    """By how much the log-likelihood of the routine's error model stays below ours."""
    name = f"sem.{short}.bc0"
    result = fit(name)
    theirs = pd.Series([*exact[f"{name}.beta"], exact[f"{name}.rho"]], result.coefficients.index)
    return float(result.log_likelihood - evaluate.error_model(theirs, EFFECTS[short]))
