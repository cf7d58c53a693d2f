"""Fit a model of a study again under every other defensible choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import formulaic

from spatial.options import Covariance
from spatial.regression import SpecificationCurve, specification_curve

if TYPE_CHECKING:
    from analyses.run_models import ModelData

WHOLE = "all"
"""Name of the formula of the model itself; others are named by what they leave out."""


def model_curve(data: ModelData, focus: str) -> SpecificationCurve:
    """Fit a model again under every other choice that its study names.

    Parameters
    ----------
    data : ModelData
    focus : str
        The regressor whose effects are kept.

    Returns
    -------
    SpecificationCurve
        The model itself is the main one. Standard errors are those of the model, or clustered by
        city where the model's need options that other weights do not share.
    """
    section = data.section
    asked = section.specification_curve
    assert asked is not None
    weights = dict.fromkeys((section.main_weights, *section.curve_weights))
    return specification_curve(
        formulas_without(section.formula, focus) if asked.controls else {WHOLE: section.formula},
        data.panel,
        {name: data.weights[name] for name in weights},
        variable=focus,
        specifications=tuple(dict.fromkeys((section.specification, *asked.specifications))),
        effects=tuple(dict.fromkeys((section.effects, *asked.effects))),  # type: ignore[arg-type]
        covariance=curve_covariance(section.covariance, section.cluster_by),
        bias_correction=section.bias_correction,
        main={
            "formula": WHOLE,
            "weights": section.main_weights,
            "specification": section.specification,
            "effects": section.effects,
        },
    )


def curve_covariance(covariance: str, cluster_by: str | None) -> Covariance:
    """Choose standard errors that need no further options."""
    plain = covariance in get_args(Covariance) and cluster_by is None
    return covariance if plain else "cluster"  # type: ignore[return-value]


def formulas_without(formula: str, focus: str) -> dict[str, str]:
    """Write a formula as it is, and without each regressor but the one in focus.

    Examples
    --------
    >>> formulas_without("y ~ x + np.log(z)", "x")
    {'all': 'y ~ x + np.log(z)', 'np.log(z)': 'y ~ x'}
    """
    left = formula.partition("~")[0].strip()
    terms = [str(term) for term in formulaic.Formula(formula).rhs]
    regressors = [term for term in terms if term not in ("0", "1")]
    found = {WHOLE: formula}
    if focus not in regressors:
        return found
    for term in regressors:
        if term != focus:
            others = " + ".join(one for one in regressors if one != term)
            found[term] = f"{left} ~ {others}"
    return found
