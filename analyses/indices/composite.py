"""Composite indices of city-year panels: weights from data, scores, dimensions, diagnostics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from analyses.indices.indicator_weights import (
    critic_weights,
    information_entropy,
    scatter_degree_weights,
    variation_weights,
)
from analyses.indices.indicators import (
    Indicator,
    dimension_columns,
    indicator_table,
    standardised_indicators,
)
from analyses.indices.principal_components import PrincipalComponents, pca_weights
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import CompositeMethod, MissingIndicator, Standardisation, checked_option
from spatial.results import Configuration, Result

__all__ = ["CompositeIndex", "Indicator", "composite_index", "topsis_closeness"]


@dataclass(frozen=True, kw_only=True)
class CompositeIndex(Result):
    """A composite index.

    Attributes
    ----------
    scores : pandas.Series
        Index of the panel; more is better.
    dimensions : pandas.DataFrame
        Scores of the dimensions: the part of each in the score, or, for TOPSIS, the closeness
        inside each dimension.
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
    rescale: bool = False,
) -> CompositeIndex:
    r"""Build a composite index from indicators of a panel.

    With comparable values :math:`z_{itm}` and weights :math:`w_m` that sum to one, the score is
    :math:`\sum_m w_m z_{itm}`; weights come from

    - ``"entropy"``: entropy pooled over cities and years, :math:`k = 1 / \ln(NT)`;
    - ``"critic"``: spread times conflict; ``"variation"``: coefficient of variation;
    - ``"scatter-degree"``: the largest scatter of all scores in all years;
    - ``"equal"``; ``"given"``: ``weights``, divided by their sum.

    ``"pca"`` weighs z-scores by the kept principal components (see ``pca_weights``). ``"topsis"``
    (equal or given weights) and ``"entropy-topsis"`` give the closeness to the ideal,
    :math:`D^- / (D^+ + D^-)`, with weights inside the square and ideal points over all rows.

    Parameters
    ----------
    panel : pandas.DataFrame
        A row for each city-year (or city); the level ``year`` is needed only for standardising by
        year or base year.
    indicators : sequence of Indicator
    method : {"entropy", "critic", "variation", "scatter-degree", "pca", "topsis", \
"entropy-topsis", "equal", "given"}
    standardise : optional
        See ``standardised_indicators``; by default z-scores for ``"pca"``, else min-max.
    missing : {"error", "keep", "renormalise"}
        Refuse; leave the score missing where an indicator is; or spread the weights of missing
        indicators over those present in the row (not for PCA and TOPSIS). Weights always come
        from complete rows.
    weights : mapping of column to float, optional
        For ``"given"`` and ``"topsis"``; not negative.
    bounds, base_year
        See ``standardised_indicators``.
    shift : float
        Added to values before entropies are taken, not to the scores.
    components : int or float, optional
        See ``pca_weights``.
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
    used = standardise or ("z-score" if method == "pca" else "min-max")
    _check_options(method, used, missing, weights, components)
    indicators = tuple(indicators)
    table = indicator_table(panel, indicators)
    incomplete = table.isna().any(axis=1)
    if missing == "error" and incomplete.any():
        counts = table.isna().sum()
        raise PanelError(
            f"{int(incomplete.sum())} rows lack indicators: "
            f"{', '.join(f'{c!r} ({n})' for c, n in counts[counts > 0].items())}. Fill them, drop "
            "the rows, or choose missing='keep' or 'renormalise'."
        )
    ready = standardised_indicators(
        table, indicators, standardise=used, bounds=bounds, base_year=base_year
    )
    z = ready.values
    complete = z[~incomplete]
    moving = [c for c in z.columns if c not in ready.constant]
    weight, entropy, pca = _weights(method, complete, moving, weights, shift, components)
    scores, dimensions = _scores(method, z, weight, dimension_columns(indicators), missing)
    rest = _correlation_with_rest(complete, moving)
    facts = pd.DataFrame(
        {
            "dimension": [i.dimension for i in indicators],
            "direction": [i.direction for i in indicators],
            "weight": weight.to_numpy(),
            "entropy": entropy.reindex(z.columns).to_numpy(),
            "correlation_with_rest": rest.reindex(z.columns).to_numpy(),
        },
        index=pd.Index(z.columns, name="indicator"),
    )
    return CompositeIndex(
        scores=_rescaled(scores) if rescale else scores,
        dimensions=dimensions,
        weights=facts,
        dimension_weights=facts.groupby("dimension", sort=False)["weight"].sum(),
        standardised=z,
        components=pca,
        warnings=_warnings(facts, ready.constant, incomplete, used, pca),
        configuration=Configuration(
            function="composite_index",
            options={
                "indicators": [asdict(indicator) for indicator in indicators],
                "method": method,
                "standardise": used,
                "missing": missing,
                "weights": None if weights is None else dict(weights),
                "bounds": bounds,
                "base_year": base_year,
                "shift": shift,
                "components": components,
                "rescale": rescale,
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


def _check_options(
    method: str,
    standardise: str,
    missing: str,
    weights: Mapping[str, float] | None,
    components: float | None,
) -> None:
    if method == "given" and weights is None:
        raise ConfigError("method='given' needs weights=, a mapping of columns to weights.")
    if weights is not None and method not in {"given", "topsis"}:
        raise ConfigError(
            f"weights= serves method='given' and 'topsis' only; method is {method!r}."
        )
    if components is not None and method != "pca":
        raise ConfigError(f"components= serves method='pca' only; method is {method!r}.")
    if method == "pca" and standardise != "z-score":
        raise ConfigError(
            f"method='pca' works on correlations and z-scores; drop standardise={standardise!r}."
        )
    if missing == "renormalise" and method in {"pca", "topsis", "entropy-topsis"}:
        raise ConfigError(
            f"missing='renormalise' has no meaning for method={method!r}, which needs complete "
            "rows; use 'keep' or 'error'."
        )


def _weights(
    method: str,
    complete: pd.DataFrame,
    moving: list[str],
    given: Mapping[str, float] | None,
    shift: float,
    components: float | None,
) -> tuple[pd.Series, pd.Series, PrincipalComponents | None]:
    """Weigh the indicators that vary; a constant one gets zero."""
    if not moving:
        raise EstimationError(
            f"No indicator varies: {listed(complete.columns)}. There is nothing to compare."
        )
    values = complete[moving]
    entropy = pd.Series(dtype=float)
    pca = None
    if method == "pca":
        pca = pca_weights(values, components=components)
        found = pca.coefficients
    elif method in {"entropy", "entropy-topsis"}:
        entropy = information_entropy(values, shift=shift)
        found = 1.0 - entropy
    elif given is not None:
        found = _given_weights(given, list(complete.columns), moving)
    elif method in {"equal", "topsis"}:
        found = pd.Series(1.0, index=moving)
    else:
        by_data = {
            "critic": critic_weights,
            "variation": variation_weights,
            "scatter-degree": scatter_degree_weights,
        }
        found = by_data[method](values)
    if method != "pca":
        if not found.sum() > 0:
            raise EstimationError(f"The weights of {listed(moving)} sum to zero.")
        found = found / found.sum()
    return found.reindex(complete.columns, fill_value=0.0), entropy, pca


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


def _scores(
    method: str,
    z: pd.DataFrame,
    weight: pd.Series,
    dimensions: Mapping[str, list[str]],
    missing: str,
) -> tuple[pd.Series, pd.DataFrame]:
    if method in {"topsis", "entropy-topsis"}:
        inside = {name: topsis_closeness(z[c], weight[c]) for name, c in dimensions.items()}
        # One row with a gap has no closeness, also in the dimensions that it does have.
        gaps = z.isna().any(axis=1)
        parts = pd.DataFrame(inside, index=z.index).mask(gaps)
        return topsis_closeness(z, weight), parts
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
