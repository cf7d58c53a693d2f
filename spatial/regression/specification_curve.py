"""One effect over many defensible models: formulas x weights x specifications x fixed effects."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, EstimationError, WeightsError, listed
from spatial.options import AbsorbedEffects, PanelCovariance, Specification, checked_option
from spatial.regression.compare_weights import NO_WEIGHTS
from spatial.regression.effects import COLUMNS, KINDS
from spatial.regression.panel import fit_panel
from spatial.regression.results import PanelResult
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

CHOICES = ("formula", "weights", "specification", "effects")
SIGNIFICANCE = 0.05


@dataclass(frozen=True, kw_only=True)
class SpecificationCurve(Result):
    """Effects of one regressor in many models.

    Attributes
    ----------
    configuration : Configuration
    variable : str
        The regressor.
    choices : tuple of str
        Columns of the table that tell the models apart.
    table : pandas.DataFrame
        Index ``model``. The choices; ``direct``, ``indirect`` and ``total`` effects, each with
        ``_se``, ``_z``, ``_p``, ``_low`` and ``_high`` as in ``EffectsResult``;
        ``log_likelihood``, ``n_observations``, and ``main`` (bool, one row at most).
    failures : mapping of choices (a tuple) to str
        Models that could not be estimated, and why; they have no row.
    """

    configuration: Configuration
    variable: str
    choices: tuple[str, ...]
    table: pd.DataFrame
    failures: Mapping[tuple[str, ...], str]

    def curve(self, kind: str = "total") -> pd.DataFrame:
        """Return one kind of effect, the lowest estimate first.

        Parameters
        ----------
        kind : {"direct", "indirect", "total"}

        Returns
        -------
        pandas.DataFrame
            Index ``model``; the choices, ``estimate``, ``std_error``, ``p_value``, ``low``,
            ``high``, ``main``. Models in which the effect is zero by construction (the indirect one
            of "ols" and "sem") are left out.
        """
        if kind not in KINDS:
            raise ConfigError(f"kind={kind!r} is not known; use {listed(KINDS)}.")
        names = {kind: "estimate", f"{kind}_se": "std_error", f"{kind}_p": "p_value"}
        names |= {f"{kind}_low": "low", f"{kind}_high": "high"}
        found = self.table[[*self.choices, *names, "main"]].rename(columns=names)
        found = found[found["std_error"] > 0]
        return found.sort_values("estimate", kind="stable")

    def summary(self) -> pd.DataFrame:
        """Return how the estimates spread.

        Returns
        -------
        pandas.DataFrame
            A row for each kind of effect: ``models``, ``lowest``, ``median``, ``highest``,
            ``share_positive``, ``share_significant`` (at 5 %), ``share_positive_significant`` and
            ``share_negative_significant``.
        """
        return pd.DataFrame({kind: _spread(self.curve(kind)) for kind in KINDS}).T.rename_axis(
            "effect"
        )

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each model."""
        return self.table.copy()


def _spread(curve: pd.DataFrame) -> dict[str, float]:
    estimate, sure = curve["estimate"], curve["p_value"] < SIGNIFICANCE
    return {
        "models": float(len(curve)),
        "lowest": float(estimate.min()),
        "median": float(estimate.median()),
        "highest": float(estimate.max()),
        "share_positive": float((estimate > 0).mean()),
        "share_significant": float(sure.mean()),
        "share_positive_significant": float((sure & (estimate > 0)).mean()),
        "share_negative_significant": float((sure & (estimate < 0)).mean()),
    }


def specification_curve(
    formulas: str | Mapping[str, str],
    data: pd.DataFrame,
    weights: Mapping[str, Any],
    *,
    variable: str,
    city: str = "city",
    year: str = "year",
    specifications: Sequence[Specification] = ("sar", "sdm"),
    effects: Sequence[AbsorbedEffects] = ("two-way",),
    covariance: PanelCovariance = "information",
    bias_correction: bool | str = True,
    main: Mapping[str, str] | None = None,
) -> SpecificationCurve:
    """Fit every formula with every weights, specification and fixed effects; keep one regressor.

    Parameters
    ----------
    formulas : str or mapping of str to str
        One formula, or several by name ("baseline", "with controls").
    data : pandas.DataFrame
        As in ``fit_panel``.
    weights : mapping of str to Weights
    variable : str
        The regressor, as the coefficients name it; in every formula.
    city, year : str
    specifications : sequence of {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
        "ols" has no weights: it comes once for each formula and effects, under ``(none)``.
    effects : sequence of {"pooled", "city", "year", "two-way"}
    covariance, bias_correction
        As in ``fit_panel``, the same in every model.
    main : mapping of str to str, optional
        The model to be highlighted: a word for each of ``formula``, ``weights``,
        ``specification`` and ``effects`` of which there are several. By default the first of each.

    Returns
    -------
    SpecificationCurve
        Effects with intervals by the delta method, each as ``fit_panel(...).effects()`` gives it.

    Raises
    ------
    ConfigError
        If there is nothing to vary, a word is unknown, or ``main`` is no model.
    EstimationError
        If the regressor is not in a model, or no model at all can be estimated.
    AlignmentError, PanelError

    References
    ----------
    Simonsohn, Simmons and Nelson (2020) doi:10.1038/s41562-020-0912-z.
    """
    named = {"formula": formulas} if isinstance(formulas, str) else dict(formulas)
    if not isinstance(weights, Mapping) or not weights or not named:
        raise ConfigError("A curve needs formulas and weights by name, at least one of each.")
    if NO_WEIGHTS in weights:
        raise ConfigError(f"{NO_WEIGHTS!r} names the models without weights; take another name.")
    known = {str(name): as_weights(one) for name, one in weights.items()}
    words = _words(specifications, Specification, "specifications")
    absorbed = _words(effects, AbsorbedEffects, "effects")
    models: dict[Hashable, PanelResult] = {}
    chosen: dict[Hashable, tuple[str, str, str, str]] = {}
    failures: dict[tuple[str, ...], str] = {}
    for choice in _combinations(named, known, words, absorbed):
        formula, one, specification, fixed = choice
        key = len(chosen) + 1
        chosen[key] = choice
        try:
            models[key] = fit_panel(
                named[formula],
                data,
                next(iter(known.values())) if one == NO_WEIGHTS else known[one],
                city=city,
                year=year,
                specification=specification,  # type: ignore[arg-type]
                effects=fixed,  # type: ignore[arg-type]
                covariance=covariance,
                bias_correction=bias_correction,
            )
        except (EstimationError, WeightsError) as error:
            failures[choice] = str(error)
    if not models:
        raise EstimationError(
            f"No model could be estimated; the first said: {next(iter(failures.values()))}"
        )
    choices = pd.DataFrame.from_dict(chosen, orient="index", columns=list(CHOICES))
    highlighted = _main_model(choices, main or {})
    found = curve_of_models(models, choices.loc[list(models)], variable=variable, main=highlighted)
    described = "; ".join(f"{name}: {one.description}" for name, one in known.items())
    return SpecificationCurve(
        configuration=Configuration(
            function="specification_curve",
            options={
                "variable": variable,
                "formulas": named,
                "specifications": words,
                "effects": absorbed,
                "covariance": covariance,
                "bias_correction": bias_correction,
                "city": city,
                "year": year,
                "main": dict(main or {}),
            },
            weights=described,
        ),
        variable=variable,
        choices=CHOICES,
        table=found.table,
        failures=failures,
    )


def curve_of_models(
    models: Mapping[Any, PanelResult],
    choices: pd.DataFrame,
    *,
    variable: str,
    main: Hashable | None = None,
) -> SpecificationCurve:
    """Gather the effects of one regressor from models that are fitted already.

    Parameters
    ----------
    models : mapping of name to PanelResult
    choices : pandas.DataFrame
        Index: names of the models; a column for each choice that tells them apart, words.
    variable : str
    main : optional
        Name of the model to be highlighted.

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    AlignmentError
        If models and choices have different names.
    EstimationError
        If the regressor is not in a model.
    """
    require_same_cities(
        pd.Index(list(models)), choices.index, left_name="the models", right_name="choices"
    )
    rows = {}
    for name, model in models.items():
        effects = model.effects().table
        if variable not in effects.index:
            raise EstimationError(
                f"{variable!r} is no regressor of model {name!r}; it has {listed(effects.index)}."
            )
        numbers = effects.loc[variable, [kind + part for kind in KINDS for part in COLUMNS]]
        row: dict[str, Any] = {str(c): str(choices.loc[name, c]) for c in choices.columns}
        row |= dict(zip(numbers.index, numbers.to_numpy(dtype=float).tolist(), strict=True))
        row |= {"log_likelihood": model.log_likelihood, "n_observations": model.n_observations}
        rows[name] = {**row, "main": name == main}
    return SpecificationCurve(
        configuration=Configuration(
            function="curve_of_models", options={"variable": variable, "main": main}
        ),
        variable=variable,
        choices=tuple(str(column) for column in choices.columns),
        table=pd.DataFrame.from_dict(rows, orient="index").rename_axis("model"),
        failures={},
    )


def _words(given: Sequence[str], allowed: Any, name: str) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else tuple(given)
    if not words or len(set(words)) != len(words):
        raise ConfigError(f"{name}={list(words)} must name at least one, each once.")
    for word in words:
        checked_option(word, allowed, name=name)
    return words


def _combinations(
    formulas: Mapping[str, str],
    weights: Mapping[str, Any],
    specifications: Sequence[str],
    effects: Sequence[str],
) -> Iterator[tuple[str, str, str, str]]:
    """Go through all models, each once; those without weights know none."""
    seen = set()
    for formula, one, word, fixed in product(formulas, weights, specifications, effects):
        choice = (str(formula), NO_WEIGHTS if word == "ols" else one, word, fixed)
        if choice not in seen:
            seen.add(choice)
            yield choice


def _main_model(choices: pd.DataFrame, main: Mapping[str, str]) -> Hashable:
    """Return the model that has the words of ``main``, the first of all others."""
    unknown = [key for key in main if key not in CHOICES]
    if unknown:
        raise ConfigError(f"main= has {listed(unknown)}; choices are {listed(CHOICES)}.")
    fitting = choices
    for key, word in main.items():
        fitting = fitting[fitting[key] == word]
    if not len(fitting):
        raise ConfigError(f"main={dict(main)} is no model of this curve.")
    return fitting.index[0]
