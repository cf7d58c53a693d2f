"""Several fitted models side by side: the table of a paper, long and wide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, listed
from spatial.results import Configuration, Result

COEFFICIENT = "coefficient"
KINDS = ("direct", "indirect", "total")
COLUMNS = ("estimate", "std_error", "p_value")
# Facts of ``glance`` that the table shows; those that no model has are left out.
FACTS = (
    "outcome",
    "specification",
    "effects",
    "bias_correction",
    "n_cities",
    "n_years",
    "n_observations",
    "log_likelihood",
    "aic",
    "bic",
    "r_squared",
    "r_squared_within",
    "corr2",
    "sigma2",
)
# Spatial parameters come after the regressors, whatever model brings them in first.
LAST = ("tau", "eta", "rho", "lambda")
LEVELS = ((0.01, "***"), (0.05, "**"), (0.10, "*"))


@dataclass(frozen=True, kw_only=True)
class ModelComparison(Result):
    """Coefficients, effects and facts of several models.

    Attributes
    ----------
    configuration : Configuration
    estimates : pandas.DataFrame
        Index: (model, part, term); part is ``coefficient``, ``direct``, ``indirect`` or ``total``.
        Columns estimate, std_error, p_value.
    facts : pandas.DataFrame
        Index: fact (numbers of cities and years, log-likelihood, AIC, BIC, R2, ...); a column for
        each model, missing where a model has no such fact.
    notes : tuple of str
        What forbids comparing some of the facts.
    """

    configuration: Configuration
    estimates: pd.DataFrame
    facts: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(str(name) for name in self.facts.columns)

    def tidy(self, *, wide: bool = False, stars: bool = False, digits: int = 4) -> pd.DataFrame:
        """Return the estimates, one row each, or the models side by side.

        Parameters
        ----------
        wide : bool
            A column for each model; rows (part, term, statistic) with the estimate and its
            standard error below it, then the facts under the part ``model``.
        stars : bool
            Wide only: text in place of numbers, ``0.1234***`` and ``(0.0123)``; three, two and one
            stars stand for 1, 5 and 10 per cent.
        digits : int
            Decimals of that text.

        Returns
        -------
        pandas.DataFrame
        """
        if not wide:
            if stars:
                raise ConfigError("stars=True makes text for the wide table; add wide=True.")
            return self.estimates.copy()
        order = list(dict.fromkeys(key[1:] for key in self.estimates.index))
        columns = {}
        for model in self.models:
            keys = pd.MultiIndex.from_tuples([(model, *key) for key in order])
            own = self.estimates.reindex(keys).droplevel(0)
            columns[model] = _stacked(own, stars=stars, digits=digits)
        top = pd.DataFrame(columns)
        facts = self.facts.map(_shown, digits=digits) if stars else self.facts
        bottom = facts.set_axis(
            pd.MultiIndex.from_tuples(
                [("model", name, "value") for name in facts.index], names=top.index.names
            )
        )
        return pd.concat([top.astype(object), bottom])


def compare(
    results: Sequence[Result] | Mapping[str, Result], *, effects: bool = True
) -> ModelComparison:
    """Put fitted models of any kind side by side.

    Parameters
    ----------
    results : sequence or mapping of str to results
        Of ``fit_panel``, ``fit_cross_section``, ``fit_dynamic_panel``, ``fit_spatial_iv`` and the
        other fits, mixed as needed. A mapping names the models; those of a sequence are numbered:
        ``(1) SDM``.
    effects : bool
        Add direct, indirect and total effects with delta-method standard errors; those of dynamic
        panels are of the short run.

    Returns
    -------
    ModelComparison

    Raises
    ------
    ConfigError
        If there is no model, or something that is no fitted model.

    Examples
    --------
    >>> from spatial.regression import fit_cross_section
    >>> ids = list("abcdefgh")
    >>> ring = pd.DataFrame(np.roll(np.eye(8), 1, 1) / 2 + np.roll(np.eye(8), -1, 1) / 2, ids, ids)
    >>> values = np.random.default_rng(1).normal(size=(8, 2))
    >>> data = pd.DataFrame(values, index=ids, columns=["growth", "skill"])
    >>> fits = [
    ...     fit_cross_section("growth ~ skill", data, ring, specification=word)
    ...     for word in ("ols", "sar")
    ... ]
    >>> compare(fits).models
    ('(1) OLS', '(2) SAR')
    """
    named = _named(results)
    tables, facts = {}, {}
    for name, result in named.items():
        parts = {COEFFICIENT: _coefficients(result)}
        if effects:
            parts |= _effects(result)
        tables[name] = pd.concat(parts, names=["part", "term"])
        facts[name] = result.glance().reindex(list(FACTS))  # type: ignore[attr-defined]
    table = pd.DataFrame(facts).rename_axis("fact")
    table = table[table.notna().any(axis=1)]
    return ModelComparison(
        configuration=Configuration(
            function="compare",
            options={"models": tuple(named), "effects": effects},
            weights="; ".join(dict.fromkeys(one.configuration.weights for one in named.values())),
        ),
        estimates=_ordered(pd.concat(tables, names=["model"])),
        facts=table,
        notes=_notes(table),
    )


def significance_stars(p_value: float) -> str:
    """Return ``***``, ``**``, ``*`` for 1, 5 and 10 per cent.

    Examples
    --------
    >>> significance_stars(0.001), significance_stars(0.03), significance_stars(0.5)
    ('***', '**', '')
    """
    return next((text for level, text in LEVELS if p_value < level), "")


def _named(results: Sequence[Result] | Mapping[str, Result]) -> dict[str, Result]:
    """Give every model a name, and refuse what is no model."""
    if isinstance(results, Result) or not isinstance(results, Iterable):
        raise ConfigError("compare takes several fitted models, as a list or by name.")
    given = list(results.values()) if isinstance(results, Mapping) else list(results)
    if not given:
        raise ConfigError("compare needs at least one fitted model.")
    strange = [type(one).__name__ for one in given if not _is_model(one)]
    if strange:
        raise ConfigError(
            f"{listed(strange)} are no fitted models; compare takes results of fit_panel, "
            "fit_cross_section, fit_dynamic_panel, fit_spatial_iv and the like."
        )
    if isinstance(results, Mapping):
        return {str(name): one for name, one in results.items()}
    words = [str(one.glance()["specification"]).upper() for one in given]  # type: ignore[attr-defined]
    return {f"({i}) {word}": one for i, (word, one) in enumerate(zip(words, given, strict=True), 1)}


def _is_model(one: object) -> bool:
    needed = ("coefficients", "covariance", "glance", "effects")
    return isinstance(one, Result) and all(hasattr(one, name) for name in needed)


def _coefficients(result: Result) -> pd.DataFrame:
    return result.tidy()[list(COLUMNS)].rename_axis("term")


def _effects(result: Result) -> dict[str, pd.DataFrame]:
    """Direct, indirect and total effects, a table for each."""
    table = result.effects().tidy()  # type: ignore[attr-defined]
    return {
        kind: table.xs(kind, level="effect")[list(COLUMNS)].rename_axis("term") for kind in KINDS
    }


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort terms alike in all models: as they first come, spatial parameters last."""
    terms = list(dict.fromkeys(table.index.get_level_values("term")))
    terms = [one for one in terms if one not in LAST] + [one for one in LAST if one in terms]
    parts = (COEFFICIENT, *KINDS)
    keys = pd.MultiIndex.from_tuples(
        [
            (model, part, term)
            for part in parts
            for term in terms
            for model in dict.fromkeys(table.index.get_level_values("model"))
        ],
        names=["model", "part", "term"],
    )
    return table.reindex(keys[keys.isin(table.index)])


def _stacked(own: pd.DataFrame, *, stars: bool, digits: int) -> pd.Series:
    """Estimates with their standard errors below."""
    estimates: list[object] = own["estimate"].tolist()
    errors: list[object] = own["std_error"].tolist()
    if stars:
        marks = own["p_value"].map(significance_stars)
        estimates = [
            _shown(one, digits=digits) + mark for one, mark in zip(estimates, marks, strict=True)
        ]
        shown = [_shown(one, digits=digits) for one in errors]
        errors = [f"({one})" if one else "" for one in shown]
    rows = [(*key, statistic) for key in own.index for statistic in ("estimate", "std_error")]
    values = [one for pair in zip(estimates, errors, strict=True) for one in pair]
    index = pd.MultiIndex.from_tuples(rows, names=["part", "term", "statistic"])
    return pd.Series(values, index=index, dtype=object)


def _shown(value: object, *, digits: int) -> str:
    """Text of a cell; nothing where the model has no such term."""
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.{digits}f}"
    return "" if value is None else str(value)


def _notes(facts: pd.DataFrame) -> tuple[str, ...]:
    """Say where likelihoods are not of the same data."""
    notes = []
    for fact, words in (("outcome", "outcomes"), ("n_observations", "numbers of observations")):
        if fact in facts.index and len(set(facts.loc[fact].dropna())) > 1:
            notes.append(
                f"The models have different {words}: log-likelihoods, AIC, BIC and R2 are not "
                "comparable."
            )
    if "bias_correction" in facts.index:
        transformed = facts.loc["bias_correction"] == "transformation"
        if transformed.any() and not transformed.all():
            notes.append(
                "Log-likelihoods under 'transformation' are of transformed data; do not compare "
                "them with the others."
            )
    return tuple(notes)
