"""Weights of the indicators of a composite index: fitting options, and the scheme they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analyses.indices.analytic_hierarchy import analytic_hierarchy
from analyses.indices.indicator_weights import (
    combined_weights,
    critic_weights,
    information_entropy,
    scatter_degree_weights,
    variation_weights,
)
from analyses.indices.principal_components import PrincipalComponents, pca_weights
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import WeightCombination

__all__ = ["Weighting", "checked_weighting", "indicator_weights"]

WEIGHERS = {
    "critic": critic_weights,
    "variation": variation_weights,
    "scatter-degree": scatter_degree_weights,
}
"""Methods whose weights come from the data alone."""

COMBINABLE = ("entropy", *WEIGHERS, "equal", "given", "ahp")
NEEDS_COMPLETE_ROWS = ("pca", "topsis", "entropy-topsis", "mazziotta-pareto")
TAKES_WEIGHTS = ("given", "topsis", "grey-relational", "combined")


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """How the indicators of a composite index are weighed; see ``composite_index``."""

    method: str
    given: Mapping[str, float] | None
    judgements: pd.DataFrame | None
    combine: tuple[str, ...]
    combination: WeightCombination
    share: float
    shift: float
    components: float | None

    def options(self) -> dict[str, Any]:
        """Return plain values for the configuration of a result."""
        return {
            "method": self.method,
            "weights": None if self.given is None else dict(self.given),
            "judgements": None if self.judgements is None else self.judgements.to_dict(),
            "combine": self.combine,
            "combination": self.combination,
            "share": self.share,
            "shift": self.shift,
            "components": self.components,
        }


def checked_weighting(weighting: Weighting, *, standardise: str, missing: str) -> None:
    """Raise unless the options of a composite index fit each other.

    Raises
    ------
    ConfigError
    """
    method = weighting.method
    needed = {method, *weighting.combine}
    if "given" in needed and weighting.given is None:
        raise ConfigError("method='given' needs weights=, a mapping of columns to weights.")
    takes = method in TAKES_WEIGHTS and (method != "combined" or "given" in needed)
    if weighting.given is not None and not takes:
        raise ConfigError(
            "weights= serves method='given', 'topsis', 'grey-relational', or 'combined' with "
            f"'given'; method is {method!r}."
        )
    if ("ahp" in needed) != (weighting.judgements is not None):
        raise ConfigError(
            "judgements= belongs to method='ahp' (alone or combined), which needs it; method is "
            f"{method!r}."
        )
    if (method == "combined") != bool(weighting.combine):
        raise ConfigError(
            "combine= belongs to method='combined', which needs it: name two methods or more, "
            "such as ('entropy', 'critic')."
        )
    unfit = [name for name in weighting.combine if name not in COMBINABLE]
    if unfit:
        raise ConfigError(f"combine= cannot hold {listed(unfit)}; use {listed(COMBINABLE)}.")
    if weighting.components is not None and method != "pca":
        raise ConfigError(f"components= serves method='pca' only; method is {method!r}.")
    if method == "pca" and standardise != "z-score":
        raise ConfigError(
            f"method='pca' works on correlations and z-scores; drop standardise={standardise!r}."
        )
    if missing == "renormalise" and method in NEEDS_COMPLETE_ROWS:
        raise ConfigError(
            f"missing='renormalise' has no meaning for method={method!r}, which needs complete "
            "rows; use 'keep' or 'error'."
        )


def indicator_weights(
    weighting: Weighting, complete: pd.DataFrame, moving: list[str]
) -> tuple[pd.Series, pd.Series, PrincipalComponents | None]:
    """Weigh the indicators that vary; a constant one gets zero.

    Parameters
    ----------
    weighting : Weighting
    complete : pandas.DataFrame
        Comparable values of the rows without gaps.
    moving : list of str
        Columns that vary.

    Returns
    -------
    tuple of (pandas.Series, pandas.Series, PrincipalComponents or None)
        Weights, which sum to one except for principal components; entropies, empty when the
        method has none; the components.

    Raises
    ------
    EstimationError
        If nothing varies, or no indicator gets a weight.
    ConfigError
        If given weights or judgements do not name every indicator.
    """
    if not moving:
        raise EstimationError(
            f"No indicator varies: {listed(complete.columns)}. There is nothing to compare."
        )
    method = weighting.method
    values = complete[moving]
    entropy = pd.Series(dtype=float)
    if method == "pca":
        pca = pca_weights(values, components=weighting.components)
        return pca.coefficients.reindex(complete.columns, fill_value=0.0), entropy, pca
    if method in {"entropy", "entropy-topsis"} or "entropy" in weighting.combine:
        entropy = information_entropy(values, shift=weighting.shift)
    columns = list(complete.columns)
    if method == "combined":
        sets = [_one_set(name, weighting, values, columns, entropy) for name in weighting.combine]
        found = combined_weights(sets, combination=weighting.combination, share=weighting.share)
    else:
        found = _one_set(method, weighting, values, columns, entropy)
    if not found.sum() > 0:
        raise EstimationError(f"The weights of {listed(moving)} sum to zero.")
    return (found / found.sum()).reindex(columns, fill_value=0.0), entropy, None


def _one_set(
    method: str,
    weighting: Weighting,
    values: pd.DataFrame,
    columns: list[str],
    entropy: pd.Series,
) -> pd.Series:
    """Weights by one method of the indicators that vary, of any sum."""
    moving = list(values.columns)
    if method in {"entropy", "entropy-topsis"}:
        return 1.0 - entropy
    if method == "ahp" and weighting.judgements is not None:
        judged = analytic_hierarchy(weighting.judgements).weights
        return _given_weights(
            {str(name): float(value) for name, value in judged.items()}, columns, moving
        )
    if method in WEIGHERS:
        return WEIGHERS[method](values)
    if weighting.given is not None and method in TAKES_WEIGHTS:
        return _given_weights(weighting.given, columns, moving)
    return pd.Series(1.0, index=moving)


def _given_weights(given: Mapping[str, float], columns: list[str], moving: list[str]) -> pd.Series:
    absent, unknown = set(columns) - set(given), set(given) - set(columns)
    if absent or unknown:
        raise ConfigError(
            f"weights= must name every indicator once; missing: {listed(sorted(absent)) or 'none'}"
            f"; unknown: {listed(sorted(unknown)) or 'none'}."
        )
    found = pd.Series({column: float(given[column]) for column in moving})
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ConfigError(f"Weights must be finite and not negative: {dict(given)!r}.")
    return found
