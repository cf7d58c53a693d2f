"""The usual sequence of specification tests, ending in a decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import ConfigError
from spatial.options import AbsorbedEffects, BiasCorrection, Specification, checked_option
from spatial.regression.bias_correction import correction_word
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.estimation import Estimate, estimate
from spatial.regression.panel import require_several_years
from spatial.regression.results import PanelResult, panel_result
from spatial.regression.specification_tests import chi2_p_value, lagrange_tests, reduction_tests
from spatial.results import Configuration, Result

Rows = dict[tuple[str, str], tuple[float, int, float]]


@dataclass(frozen=True, kw_only=True)
class SpecificationLadder(Result):
    """Tests from least squares up to the Durbin model and back down.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (step, test); columns statistic, df, p_value, rejected. Steps: ``fixed effects``
        (LR within the Durbin model), ``least squares`` (LM tests), ``Durbin model`` (LR and Wald
        reductions).
    decision : str
        Specification chosen.
    reason : str
        Why, in words.
    chosen : PanelResult
        The chosen specification.
    durbin : PanelResult
        The Durbin model.
    """

    configuration: Configuration
    table: pd.DataFrame
    decision: Specification
    reason: str
    chosen: PanelResult = field(repr=False)
    durbin: PanelResult = field(repr=False)

    def tidy(self) -> pd.DataFrame:
        """Return the table of tests."""
        return self.table.copy()


def specification_ladder(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str = "city",
    year: str = "year",
    effects: AbsorbedEffects = "two-way",
    bias_correction: bool | str = True,
    alpha: float = 0.05,
) -> SpecificationLadder:
    r"""Run the usual tests and choose a specification (Elhorst 2014, section 2.9).

    1. LR tests of city and of year effects within the Durbin model:
       :math:`2 (\ell_{with} - \ell_{without})` with N - 1 or T - 1 degrees of freedom.
    2. LM and robust LM tests of least squares with the chosen effects.
    3. Durbin model; LR and Wald tests that it reduces to SAR or SEM.

    Decision: both reductions rejected, the Durbin model; one not rejected and the robust LM test
    points to the same model, that model; anything else, the Durbin model. Where neither LM test
    rejects and the Durbin model's spatial terms are jointly insignificant, least squares.

    Parameters
    ----------
    formula, data, weights, city, year, effects, bias_correction
        As in ``fit_panel``.
    alpha : float
        Level of every test.

    Returns
    -------
    SpecificationLadder

    References
    ----------
    Elhorst (2014) doi:10.1007/978-3-642-40340-8.
    """
    checked_option(effects, AbsorbedEffects, name="effects")
    correction = correction_word(bias_correction)
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha={alpha} is no level of a test; use a number between 0 and 1.")
    design = panel_design(formula, data, weights, city=city, year=year)
    require_several_years(design)
    configuration = Configuration(
        function="specification_ladder",
        options={
            "formula": formula,
            "city": city,
            "year": year,
            "effects": effects,
            "bias_correction": correction,
            "alpha": alpha,
        },
        weights=design.weights.description,
    )
    top = estimate(design, "sdm", effects, correction)
    durbin = panel_result(design, top, configuration)
    steps = {
        "fixed effects": _effect_tests(design, top, effects),
        "least squares": _lagrange_rows(design, effects),
        "Durbin model": _reduction_rows(durbin),
    }
    table = _ladder_table(steps, alpha)
    decision, reason = _decide(table["p_value"], alpha)
    chosen = durbin
    if decision != "sdm":
        smaller = estimate(
            design, decision, effects, correction, log_determinant=top.log_determinant
        )
        chosen = panel_result(design, smaller, configuration)
    return SpecificationLadder(
        configuration=configuration,
        table=table,
        decision=decision,
        reason=reason,
        chosen=chosen,
        durbin=durbin,
    )


def _effect_tests(design: PanelDesign, top: Estimate, effects: AbsorbedEffects) -> Rows:
    """LR tests of each kind of fixed effects that the model has, within the Durbin model."""
    without: dict[str, tuple[AbsorbedEffects, int]] = {}
    if effects in ("city", "two-way"):
        without["LR city effects"] = ("year" if effects == "two-way" else "pooled", design.n - 1)
    if effects in ("year", "two-way"):
        rest: AbsorbedEffects = "city" if effects == "two-way" else "pooled"
        without["LR year effects"] = (rest, design.n_years - 1)
    plain: BiasCorrection = "none"
    full = estimate(design, "sdm", effects, plain, log_determinant=top.log_determinant)
    rows: Rows = {}
    for name, (rest, df) in without.items():
        smaller = estimate(design, "sdm", rest, plain, log_determinant=top.log_determinant)
        ratio = 2.0 * (full.log_likelihood - smaller.log_likelihood)
        rows["fixed effects", name] = (ratio, df, chi2_p_value(ratio, df))
    return rows


def _lagrange_rows(design: PanelDesign, effects: AbsorbedEffects) -> Rows:
    table = lagrange_tests(design, kinds=(effects,)).table
    return {
        ("least squares", test): (statistic, int(df), p)
        for (_, test), (statistic, df, p) in zip(table.index, table.to_numpy(), strict=True)
    }


def _reduction_rows(durbin: PanelResult) -> Rows:
    table = reduction_tests(durbin).table
    rows: Rows = {
        ("Durbin model", f"{test} {reduction}"): (statistic, int(df), p)
        for (reduction, test), (statistic, df, p) in zip(table.index, table.to_numpy(), strict=True)
    }
    joint = joint_spatial_wald(durbin)
    df = len(durbin.design.lagged) + 1
    rows["Durbin model", "Wald no spatial terms"] = (joint, df, chi2_p_value(joint, df))
    return rows


def joint_spatial_wald(durbin: PanelResult) -> float:
    """Wald statistic that rho and all theta are zero."""
    names = [*(f"W {name}" for name in durbin.design.lagged), "rho"]
    values = durbin.coefficients[names].to_numpy()
    covariance = durbin.covariance.loc[names, names].to_numpy()
    return float(values @ np.linalg.solve(covariance, values))


def _ladder_table(steps: dict[str, Rows], alpha: float) -> pd.DataFrame:
    rows = {key: values for step in steps.values() for key, values in step.items()}
    table = pd.DataFrame(
        list(rows.values()),
        index=pd.MultiIndex.from_tuples(list(rows), names=["step", "test"]),
        columns=["statistic", "df", "p_value"],
    )
    table["rejected"] = table["p_value"] < alpha
    return table


def _decide(p_values: pd.Series, alpha: float) -> tuple[Specification, str]:
    """Apply the decision rule to the p-values of the ladder."""
    rejected = {step: dict(p_values[step] < alpha) for step in ("least squares", "Durbin model")}
    squares, durbin = rejected["least squares"], rejected["Durbin model"]
    if not squares["LM lag"] and not squares["LM error"] and not durbin["Wald no spatial terms"]:
        return "ols", (
            "Neither LM test rejects least squares and the spatial terms of the Durbin model are "
            "jointly insignificant: no spatial model is needed."
        )
    away = {
        kind: bool(durbin[f"LR SDM to {kind}"] or durbin[f"Wald SDM to {kind}"])
        for kind in ("SAR", "SEM")
    }
    pointed = {"SAR": bool(squares["robust LM lag"]), "SEM": bool(squares["robust LM error"])}
    if all(away.values()):
        return "sdm", "Both reductions, to SAR and to SEM, are rejected: the Durbin model is kept."
    left = [kind for kind in away if not away[kind] and pointed[kind]]
    if len(left) == 1:
        kind = left[0]
        test = "lag" if kind == "SAR" else "error"
        word: Specification = "sar" if kind == "SAR" else "sem"
        return word, (
            f"The reduction to {kind} is not rejected and the robust LM {test} test points to the "
            f"same model: {kind} is enough."
        )
    return "sdm", (
        "The reduction tests and the robust LM tests do not agree on a simpler model: the Durbin "
        "model is kept, which stays unbiased if either holds."
    )
