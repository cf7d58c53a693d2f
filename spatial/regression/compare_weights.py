"""Compare weights and specifications on the same data, up to posterior model probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.options import AbsorbedEffects, LagSpecification, Specification, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.bias_correction import correction_word
from spatial.regression.cross_section import cross_section_design
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.estimation import estimate
from spatial.regression.j_test import JTests, j_tests_of
from spatial.regression.panel import require_several_years
from spatial.regression.posterior import log_marginal
from spatial.regression.residual_moran import POOLED, residual_moran
from spatial.regression.results import PanelResult, panel_result
from spatial.regression.specifications import COMBINED
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

NO_WEIGHTS = "(none)"
_COLUMNS = (
    "log_likelihood",
    "parameters",
    "aic",
    "bic",
    "spatial",
    "spatial_z",
    "residual_moran",
    "residual_moran_p",
    "log_marginal",
)


@dataclass(frozen=True, kw_only=True)
class WeightsComparison(Result):
    """Weights x specifications.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (weights, specification). Columns log_likelihood, parameters (fixed effects
        counted), aic, bic, spatial (rho or lambda), spatial_z, residual_moran, residual_moran_p,
        log_marginal, probability.
    probabilities : pandas.DataFrame
        The last column as a table weights x specification; all entries sum to one.
    best : tuple of (weights, specification)
        Of the highest probability.
    failures : mapping of (weights, specification) to str
        Models that could not be estimated, and why; they have no row of numbers and no
        probability.
    notes : tuple of str
    """

    configuration: Configuration
    table: pd.DataFrame
    probabilities: pd.DataFrame
    best: tuple[str, str]
    failures: Mapping[tuple[str, str], str]
    notes: tuple[str, ...]
    results: Mapping[tuple[str, str], PanelResult] = field(repr=False)

    @property
    def weights_probability(self) -> pd.Series:
        """Posterior probability of each weights, summed over specifications."""
        return self.probabilities.sum(axis=1).rename("probability")

    @property
    def specification_probability(self) -> pd.Series:
        """Posterior probability of each specification, summed over weights."""
        return self.probabilities.sum(axis=0).rename("probability")

    def j_tests(
        self,
        *,
        specifications: Sequence[LagSpecification] = ("sar",),
        bootstrap: int = 199,
        rng: RandomSource = None,
    ) -> JTests:
        """Test models with a lagged outcome against each other; see ``j_tests``."""
        designs = {
            weights: result.design
            for (weights, _), result in self.results.items()
            if weights != NO_WEIGHTS
        }
        effects = cast("AbsorbedEffects", self.configuration.options["effects"])
        return j_tests_of(
            designs, specifications=specifications, effects=effects, bootstrap=bootstrap, rng=rng
        )

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


def compare_weights(
    formula: str,
    data: pd.DataFrame,
    weights: Mapping[str, Any],
    *,
    city: str | None = "city",
    year: str | None = "year",
    specifications: Sequence[Specification] = ("slx", "sar", "sdm", "sem", "sdem"),
    effects: AbsorbedEffects = "two-way",
    bias_correction: bool | str = "variance",
    lagged: Sequence[str] | None = None,
    permutations: int = 199,
    rng: RandomSource = None,
) -> WeightsComparison:
    r"""Fit every specification with every weights; likelihoods, residual Moran, probabilities.

    Posterior model probabilities are :math:`m_k / \sum_l m_l` of the marginal likelihoods m (equal
    prior probabilities); ``spatial.regression.posterior`` tells the formula.

    Parameters
    ----------
    formula, data
        As in ``fit_panel``: outcome, regressors and effects are the same in all models.
    weights : mapping of str to Weights
    city : str or None
        None takes the index of a cross-section.
    year : str or None
        None for one cross-section, with ``effects="pooled"``.
    specifications : sequence of {"ols", "slx", "sar", "sem", "sdm", "sdem"}
        "ols" has no weights: it comes once, under ``(none)``.
    effects : {"pooled", "city", "year", "two-way"}
    bias_correction : bool or str
        As in ``fit_panel``, for ``spatial`` and its z; likelihoods, criteria and probabilities do
        not depend on it except under "transformation", which is refused: its likelihoods are of
        other data.
    lagged : sequence of str, optional
        Which regressors get a spatial lag.
    permutations : int
        Of the residual Moran test (``residual_moran``), the same for every model.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    WeightsComparison

    Raises
    ------
    ConfigError
        If there are no weights or specifications, or options do not fit.
    EstimationError
        If no model at all can be estimated.
    AlignmentError, PanelError

    Notes
    -----
    Residual Moran uses the weights of the model; that of least squares those given first. Weights
    of different scale change what a flat prior of the coefficients of W x means: compare weights
    with the same transform. rho itself is free of scale. Flat priors hardly punish one more lagged
    regressor (about one unit of the logarithm): between sar and sdm look at the tests, too.

    References
    ----------
    LeSage and Parent (2007) doi:10.1111/j.1538-4632.2007.00703.x; LeSage (2014)
    doi:10.1016/j.spasta.2014.02.002.
    """
    words = _checked_specifications(specifications)
    if not isinstance(weights, Mapping) or not weights:
        raise ConfigError(
            f"weights must be a mapping of name to weights, as {{'contiguity': w}}, not "
            f"{'an empty one' if isinstance(weights, Mapping) else type(weights).__name__}."
        )
    checked_option(effects, AbsorbedEffects, name="effects")
    correction = correction_word(bias_correction)
    if correction == "transformation":
        raise ConfigError(
            "bias_correction='transformation' compares likelihoods of other data; use 'variance'."
        )
    if not weights:
        raise ConfigError("compare_weights needs at least one set of weights, by name.")
    if year is None and effects != "pooled":
        raise ConfigError("One cross-section has no fixed effects; use effects='pooled'.")
    known = {str(name): as_weights(one) for name, one in weights.items()}
    if NO_WEIGHTS in known:
        raise ConfigError(f"{NO_WEIGHTS!r} names the models without weights; take another name.")
    _, seed = seeded_generator(rng)
    results: dict[tuple[str, str], PanelResult] = {}
    rows: dict[tuple[str, str], list[float]] = {}
    failures: dict[tuple[str, str], str] = {}
    for name, one in known.items():
        design = _design(formula, data, one, city=city, year=year, lagged=lagged)
        for word in words:
            key = (NO_WEIGHTS if word == "ols" else name, word)
            if key in rows:
                continue
            configuration = Configuration(
                function="compare_weights",
                options={"formula": formula, "specification": word, "effects": effects},
                weights="" if word == "ols" else one.description,
            )
            try:
                fitted = estimate(design, word, effects, correction)
                result = panel_result(design, fitted, configuration)
                rows[key], results[key] = _row(result, permutations, seed), result
            except (EstimationError, WeightsError) as error:
                rows[key], failures[key] = [np.nan] * len(_COLUMNS), str(error)
    if not results:
        raise EstimationError(
            f"No model could be estimated; the first said: {next(iter(failures.values()))}"
        )
    table = _table(rows)
    best = cast("tuple[str, str]", table["probability"].idxmax())
    transforms = {str(one.transform) for one in known.values()}
    notes = () if len(transforms) == 1 else (_scale_note(transforms),)
    return WeightsComparison(
        configuration=Configuration(
            function="compare_weights",
            options={
                "formula": formula,
                "city": city,
                "year": year,
                "specifications": words,
                "effects": effects,
                "bias_correction": correction,
                "lagged": None if lagged is None else tuple(lagged),
                "permutations": permutations,
            },
            seed=seed,
            weights="; ".join(f"{name}: {one.description}" for name, one in known.items()),
        ),
        table=table,
        probabilities=_square(table, [*known], words),
        best=best,
        failures=failures,
        notes=notes,
        results=results,
    )


def _checked_specifications(specifications: Sequence[str]) -> tuple[Specification, ...]:
    given = [specifications] if isinstance(specifications, str) else list(specifications)
    for word in given:
        checked_option(word, Specification, name="specifications")
    both = [word for word in given if word in COMBINED]
    if both:
        raise ConfigError(
            f"specifications={both} have rho and lambda, for which no posterior probability is "
            "computed; compare 'slx', 'sar', 'sem', 'sdm' and 'sdem', and fit these by fit_panel."
        )
    if not given or len(set(given)) != len(given):
        raise ConfigError(f"specifications={given} must name at least one, each once.")
    return cast("tuple[Specification, ...]", tuple(given))


def _design(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str | None,
    year: str | None,
    lagged: Sequence[str] | None,
) -> PanelDesign:
    if year is None:
        # the default name is taken only where the table has it
        named = city if city in data.columns or city in data.index.names else None
        return cross_section_design(formula, data, weights, city=named, lagged=lagged)
    if city is None:
        raise ConfigError("city= names the column of city ids; None is for one cross-section.")
    design = panel_design(formula, data, weights, city=city, year=year, lagged=lagged)
    require_several_years(design)
    return design


def _row(result: PanelResult, permutations: int, seed: int) -> list[float]:
    design, fitted = result.design, result.estimate
    spatial = np.nan if fitted.spatial is None else fitted.spatial
    z = np.nan if fitted.symbol is None else float(result.z_values[fitted.symbol])
    moran = residual_moran(result, permutations=permutations, rng=seed).table
    return [
        result.log_likelihood,
        result.n_parameters,
        result.aic,
        result.bic,
        spatial,
        z,
        float(moran["statistic"].loc[POOLED]),
        float(moran["p_permutation"].loc[POOLED]),
        log_marginal(design, fitted),
    ]


def _table(rows: Mapping[tuple[str, str], list[float]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["weights", "specification"])
    table = pd.DataFrame(list(rows.values()), index=index, columns=list(_COLUMNS))
    marginal = table["log_marginal"]
    table["probability"] = np.exp(marginal - logsumexp(marginal.dropna()))
    return table


def _square(
    table: pd.DataFrame, names: Sequence[str], words: Sequence[Specification]
) -> pd.DataFrame:
    """Probabilities, weights x specification, with 0 where a model does not exist."""
    rows = [*names, *([NO_WEIGHTS] if "ols" in words else [])]
    wide = table["probability"].unstack("specification")
    return wide.reindex(index=pd.Index(rows, name="weights"), columns=list(words)).fillna(0.0)


def _scale_note(transforms: set[str]) -> str:
    return (
        f"The weights are scaled in different ways ({', '.join(sorted(transforms))}): marginal "
        "likelihoods of models with lagged regressors depend on the scale of W x. Compare weights "
        "with one transform."
    )
