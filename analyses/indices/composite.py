"""Composite indices of city-year panels: weights from data, scores, dimensions, diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from analyses.indices.composite_weights import Weighting, checked_weighting, indicator_weights
from analyses.indices.grey_relational import grey_relational_coefficients
from analyses.indices.indicators import (
    Indicator,
    dimension_columns,
    indicator_table,
    standardised_indicators,
)
from analyses.indices.mazziotta_pareto import mazziotta_pareto
from analyses.indices.principal_components import PrincipalComponents
from spatial.errors import EstimationError, PanelError, listed
from spatial.options import (
    CompositeMethod,
    ImbalancePenalty,
    MissingIndicator,
    Standardisation,
    WeightCombination,
    checked_option,
)
from spatial.results import Configuration, Result

__all__ = ["CompositeIndex", "Indicator", "composite_index", "topsis_closeness"]

STANDARDISED_AS: Mapping[str, Standardisation] = {
    "pca": "z-score",
    "mazziotta-pareto": "mean-100",
}
"""Standardisation by default, where it is not min-max."""


@dataclass(frozen=True, kw_only=True)
class CompositeIndex(Result):
    """A composite index.

    Attributes
    ----------
    scores : pandas.Series
        Index of the panel; more is better.
    dimensions : pandas.DataFrame
        Scores of the dimensions: the part of each in the score, or, for TOPSIS and
        Mazziotta-Pareto, the index of the indicators of that dimension alone.
    weights : pandas.DataFrame
        Index ``indicator`` with ``dimension``, ``direction``, ``weight``, ``entropy`` (NaN where
        the method has none) and ``correlation_with_rest``.
    dimension_weights : pandas.Series
        Sum of the weights of each dimension.
    standardised : pandas.DataFrame
        Comparable values that entered, more is better.
    components : PrincipalComponents or None
        Loadings and adequacy tests of ``method="pca"``.
    warnings : tuple of str
        What to beware of: constant indicators, wrong directions, missing rows, comparability.
    configuration : Configuration
    """

    scores: pd.Series
    dimensions: pd.DataFrame
    weights: pd.DataFrame
    dimension_weights: pd.Series
    standardised: pd.DataFrame
    components: PrincipalComponents | None
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return score and dimension scores, a row for each row of the panel."""
        return self.dimensions.assign(score=self.scores)[["score", *self.dimensions.columns]]


def composite_index(
    panel: pd.DataFrame,
    indicators: Sequence[Indicator],
    *,
    method: CompositeMethod = "entropy",
    standardise: Standardisation | None = None,
    missing: MissingIndicator = "error",
    weights: Mapping[str, float] | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    base_year: object = None,
    shift: float = 0.0,
    components: float | None = None,
    judgements: pd.DataFrame | None = None,
    combine: Sequence[CompositeMethod] = (),
    combination: WeightCombination = "product",
    share: float = 0.5,
    penalty: ImbalancePenalty = "downward",
    distinguishing: float = 0.5,
    rescale: bool = False,
) -> CompositeIndex:
    r"""Build a composite index from indicators of a panel.

    With comparable values :math:`z_{itm}` and weights :math:`w_m` that sum to one, the score is
    :math:`\sum_m w_m z_{itm}`; weights come from

    - ``"entropy"``: entropy pooled over cities and years, :math:`k = 1 / \ln(NT)`;
    - ``"critic"``: spread times conflict; ``"variation"``: coefficient of variation;
    - ``"scatter-degree"``: the largest scatter of all scores in all years;
    - ``"equal"``; ``"given"``: ``weights`` (of experts, say), divided by their sum;
    - ``"ahp"``: ``judgements`` in pairs, refused when contradictory (see ``analytic_hierarchy``);
    - ``"combined"``: the sets of weights named by ``combine``, joined by their geometric mean or
      as a convex combination (see ``combined_weights``).

    ``"pca"`` weighs z-scores by the kept principal components (see ``pca_weights``). ``"topsis"``
    (equal or given weights) and ``"entropy-topsis"`` give the closeness to the ideal,
    :math:`D^- / (D^+ + D^-)`, with weights inside the square and ideal points over all rows.
    ``"mazziotta-pareto"`` takes the mean less a penalty for imbalance, and ``"grey-relational"``
    the weighted mean (equal or given weights) of the nearness to the best of every indicator.

    Parameters
    ----------
    panel : pandas.DataFrame
        A row for each city-year (or city); the level ``year`` is needed only for standardising by
        year or base year.
    indicators : sequence of Indicator, or IndicatorSystem
    method : {"entropy", "critic", "variation", "scatter-degree", "pca", "topsis", \
"entropy-topsis", "equal", "given", "ahp", "combined", "mazziotta-pareto", "grey-relational"}
    standardise : optional
        See ``standardised_indicators``; by default z-scores for ``"pca"``, mean 100 and deviation
        10 for ``"mazziotta-pareto"``, else min-max.
    missing : {"error", "keep", "renormalise"}
        Refuse; leave the score missing where an indicator is; or spread the weights of missing
        indicators over those present in the row (not for PCA, TOPSIS and Mazziotta-Pareto).
        Weights always come from complete rows.
    weights : mapping of column to float, optional
        For ``"given"``, ``"topsis"``, ``"grey-relational"`` and a ``"combined"`` method with
        ``"given"``; not negative.
    bounds, base_year
        See ``standardised_indicators``.
    shift : float
        Added to values before entropies are taken, not to the scores.
    components : int or float, optional
        See ``pca_weights``.
    judgements : pandas.DataFrame, optional
        Of all indicators in pairs, for ``"ahp"``.
    combine : sequence of str
        Methods whose weights ``"combined"`` joins: of ``"entropy"``, ``"critic"``,
        ``"variation"``, ``"scatter-degree"``, ``"equal"``, ``"given"``, ``"ahp"``.
    combination, share
        See ``combined_weights``.
    penalty : {"downward", "upward"}
        See ``mazziotta_pareto``.
    distinguishing : float
        See ``grey_relational_coefficients``.
    rescale : bool
        Bring scores to 0.001..1 by ``(s - min) / (max - min) * 0.999 + 0.001``, for logarithms.

    Returns
    -------
    CompositeIndex

    Raises
    ------
    ConfigError
        If options are unknown or do not fit each other.
    PanelError
        If columns or rows are unfit; they are named.
    EstimationError
        If nothing varies, or too few complete rows remain.

    Notes
    -----
    An indicator that also serves as regressor or mediator makes a later regression partly
    tautological.

    References
    ----------
    Hwang, C.-L. & Yoon, K. (1981). Multiple attribute decision making. Springer.
    https://doi.org/10.1007/978-3-642-48318-9

    Zhao, T., Zhang, Z. & Liang, S. (2020). Digital economy, entrepreneurship, and high-quality
    economic development. Management World 36(10), 65-76.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["A", "B"], [2019, 2020]], names=["city", "year"])
    >>> panel = pd.DataFrame({"phones": [1.0, 2, 3, 5], "jobs": [4.0, 4, 6, 8]}, index=index)
    >>> result = composite_index(panel, [Indicator("phones"), Indicator("jobs")], method="equal")
    >>> result.scores.round(3).to_list()
    [0.0, 0.125, 0.5, 1.0]
    """
    checked_option(method, CompositeMethod, name="method")
    checked_option(missing, MissingIndicator, name="missing")
    used: Standardisation = standardise or STANDARDISED_AS.get(method, "min-max")
    weighting = Weighting(
        method=method,
        given=weights,
        judgements=judgements,
        combine=tuple(combine),
        combination=combination,
        share=share,
        shift=shift,
        components=components,
    )
    checked_weighting(weighting, standardise=used, missing=missing)
    indicators = tuple(indicators)
    table = indicator_table(panel, indicators)
    incomplete = _incomplete_rows(table, missing)
    ready = standardised_indicators(
        table, indicators, standardise=used, bounds=bounds, base_year=base_year
    )
    z = ready.values
    complete = z[~incomplete]
    moving = [c for c in z.columns if c not in ready.constant]
    weight, entropy, pca = indicator_weights(weighting, complete, moving)
    dimensions = dimension_columns(indicators)
    if method == "mazziotta-pareto":
        scores, parts = _by_dimension(
            z[moving], dimensions, lambda part: mazziotta_pareto(part, penalty=penalty)
        )
    elif method in {"topsis", "entropy-topsis"}:
        scores, parts = _by_dimension(z, dimensions, lambda part: topsis_closeness(part, weight))
    else:
        near = method == "grey-relational"
        entering = grey_relational_coefficients(z, distinguishing=distinguishing) if near else z
        scores, parts = _sums(entering, weight, dimensions, missing)
    facts = _facts(indicators, weight, entropy, _correlation_with_rest(complete, moving))
    return CompositeIndex(
        scores=_rescaled(scores) if rescale else scores,
        dimensions=parts,
        weights=facts,
        dimension_weights=facts.groupby("dimension", sort=False)["weight"].sum(),
        standardised=z,
        components=pca,
        warnings=_warnings(facts, ready.constant, incomplete, used, pca),
        configuration=Configuration(
            function="composite_index",
            options={
                "indicators": [asdict(indicator) for indicator in indicators],
                "standardise": used,
                "missing": missing,
                "bounds": bounds,
                "base_year": base_year,
                "penalty": penalty,
                "distinguishing": distinguishing,
                "rescale": rescale,
                **weighting.options(),
            },
        ),
    )


def topsis_closeness(values: pd.DataFrame, weights: pd.Series) -> pd.Series:
    r"""Relative closeness to the ideal, :math:`D^- / (D^+ + D^-)`, over all rows.

    Distances are Euclidean between weighted values (:math:`w_m^2` inside the root).

    Parameters
    ----------
    values : pandas.DataFrame
        Comparable values, more is better; a row with a missing value gives NaN.
    weights : pandas.Series
        Index the columns of ``values``.

    Returns
    -------
    pandas.Series
        In [0, 1]; NaN everywhere when no column varies.
    """
    weighted = values * weights.reindex(values.columns)
    known = weighted.dropna()
    best = np.sqrt(((known.max() - weighted) ** 2).sum(axis=1, skipna=False))
    worst = np.sqrt(((weighted - known.min()) ** 2).sum(axis=1, skipna=False))
    total = best + worst
    return (worst / total.where(total > 0)).rename("score")


def _incomplete_rows(table: pd.DataFrame, missing: str) -> pd.Series:
    incomplete = table.isna().any(axis=1)
    if missing == "error" and incomplete.any():
        counts = table.isna().sum()
        raise PanelError(
            f"{int(incomplete.sum())} rows lack indicators: "
            f"{', '.join(f'{c!r} ({n})' for c, n in counts[counts > 0].items())}. Fill them, drop "
            "the rows, or choose missing='keep' or 'renormalise'."
        )
    return incomplete


def _by_dimension(
    z: pd.DataFrame,
    dimensions: Mapping[str, list[str]],
    index: Callable[[pd.DataFrame], pd.Series],
) -> tuple[pd.Series, pd.DataFrame]:
    """Apply an index to all indicators, and to those of every dimension."""
    # One row with a gap has no score, also in the dimensions that it does have.
    gaps = z.isna().any(axis=1)
    inside = {
        name: index(z[[c for c in columns if c in z.columns]])
        for name, columns in dimensions.items()
    }
    return index(z), pd.DataFrame(inside, index=z.index).mask(gaps)


def _sums(
    z: pd.DataFrame, weight: pd.Series, dimensions: Mapping[str, list[str]], missing: str
) -> tuple[pd.Series, pd.DataFrame]:
    weighted = z * weight
    if missing == "renormalise":
        present = (z.notna() * weight).sum(axis=1)
        weighted = weighted.div(present.where(present > 0), axis=0)
        weighted = weighted.fillna(0.0).mask(present <= 0)
    parts = pd.DataFrame(
        {name: weighted[c].sum(axis=1, skipna=False) for name, c in dimensions.items()},
        index=z.index,
    )
    return parts.sum(axis=1, skipna=False).rename("score"), parts


def _facts(
    indicators: Sequence[Indicator], weight: pd.Series, entropy: pd.Series, rest: pd.Series
) -> pd.DataFrame:
    columns = pd.Index([i.column for i in indicators], name="indicator")
    return pd.DataFrame(
        {
            "dimension": [i.dimension for i in indicators],
            "direction": [i.direction for i in indicators],
            "weight": weight.reindex(columns).to_numpy(),
            "entropy": entropy.reindex(columns).to_numpy(),
            "correlation_with_rest": rest.reindex(columns).to_numpy(),
        },
        index=columns,
    )


def _rescaled(scores: pd.Series) -> pd.Series:
    low, high = scores.min(), scores.max()
    if not high > low:
        raise EstimationError("All scores are equal; they cannot be rescaled to 0.001..1.")
    return (scores - low) / (high - low) * 0.999 + 0.001


def _correlation_with_rest(complete: pd.DataFrame, moving: list[str]) -> pd.Series:
    """Correlate each indicator with the mean z-score of the others."""
    values = complete[moving]
    spread = values.std(ddof=1)
    z = ((values - values.mean()) / spread.where(spread > 0)).fillna(0.0)
    total = z.sum(axis=1)
    return pd.Series(
        {c: np.nan if len(moving) < 2 else _correlation(z[c], total - z[c]) for c in moving},
        dtype=float,
    )


def _correlation(first: pd.Series, second: pd.Series) -> float:
    a = (first - first.mean()).to_numpy(float)
    b = (second - second.mean()).to_numpy(float)
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 1e-12 * len(a) else float("nan")


def _warnings(
    facts: pd.DataFrame,
    constant: tuple[str, ...],
    incomplete: pd.Series,
    standardise: str,
    pca: PrincipalComponents | None,
) -> tuple[str, ...]:
    found = []
    if constant:
        found.append(f"Constant indicators have value 0 and weight 0: {listed(constant)}.")
    for name, correlation in facts["correlation_with_rest"].items():
        if correlation < 0:
            found.append(
                f"{name!r} correlates {correlation:.2f} with the rest of the indicators: check "
                "its direction."
            )
    if incomplete.any():
        found.append(
            f"{int(incomplete.sum())} of {len(incomplete)} rows lack an indicator; weights come "
            "from the complete rows."
        )
    if standardise == "min-max by year":
        found.append("Standardised by year: scores of different years cannot be compared.")
    if pca is not None and (pca.loadings[1] < 0).any():
        negative = pca.loadings.index[(pca.loadings[1] < 0).to_numpy()]
        found.append(f"Negative loadings on the first component: {listed(negative)}.")
    if pca is not None and pca.kmo < 0.5:
        found.append(f"KMO is {pca.kmo:.2f}, below 0.5: the indicators share little variance.")
    return tuple(found)
