"""How far a composite index depends on its method, its indicators and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analyses.indices.composite import CompositeIndex, composite_index, topsis_closeness
from analyses.indices.composite_weights import NEEDS_COMPLETE_ROWS
from analyses.indices.grey_relational import grey_relational_coefficients
from analyses.indices.indicators import Indicator
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import CompositeMethod, checked_option
from spatial.random import seeded_generator
from spatial.results import Configuration, Result

__all__ = ["CompositeSensitivity", "sensitivity"]

OTHER_METHODS: tuple[CompositeMethod, ...] = (
    "entropy",
    "critic",
    "scatter-degree",
    "equal",
    "pca",
    "entropy-topsis",
    "mazziotta-pareto",
    "grey-relational",
)
REPRODUCED = 1e-9
"""Largest difference of scores between the index given and the same index made again."""


@dataclass(frozen=True, kw_only=True)
class CompositeSensitivity(Result):
    """Sensitivity of a composite index.

    Attributes
    ----------
    methods : pandas.DataFrame
        Index ``method``: ``spearman`` with the index over all rows, ``mean_shift`` and
        ``largest_shift`` of ranks, ``most_moved`` (the row of the largest shift).
    method_correlations : pandas.DataFrame
        Spearman correlations between all methods, the index itself first.
    leave_one_out : pandas.DataFrame
        Index ``indicator`` that is left out; columns as in ``methods``.
    ranks : pandas.DataFrame
        Index of the panel: ``score``, ``rank`` (1 is best, inside each year where there are
        years), and, under random weights, ``rank_low``, ``rank_median``, ``rank_high`` and
        ``share_better`` (how often the row ranks better than in the index).
    skipped : mapping of str to str
        Methods, and indicators, that cannot be changed or left out here, and why.
    level : float
        Share of the random weights that the rank intervals cover.
    draws : int
    configuration : Configuration
    """

    methods: pd.DataFrame
    method_correlations: pd.DataFrame
    leave_one_out: pd.DataFrame
    ranks: pd.DataFrame
    skipped: Mapping[str, str]
    level: float
    draws: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the changes of method and of indicators as one table."""
        return pd.concat(
            {
                "method": self.methods.rename_axis("changed"),
                "left out": self.leave_one_out.rename_axis("changed"),
            },
            names=["change"],
        )


def sensitivity(
    index: CompositeIndex,
    panel: pd.DataFrame,
    *,
    methods: Sequence[CompositeMethod] = OTHER_METHODS,
    draws: int = 1000,
    concentration: float | None = None,
    level: float = 0.9,
    rng: int | np.random.Generator | None = None,
) -> CompositeSensitivity:
    r"""Change the method, leave out each indicator, and draw weights at random.

    Random weights are :math:`w \sim \text{Dirichlet}(1, \ldots, 1)`, uniform over all weights of
    the indicators that vary, or :math:`\text{Dirichlet}(c\, w_m)` around the weights of the index.
    They enter the way of the index: TOPSIS, grey relational grade, or else the weighted mean of
    the comparable values (also for PCA and Mazziotta-Pareto, which have no free weights).

    Parameters
    ----------
    index : CompositeIndex
    panel : pandas.DataFrame
        The one that the index was made from.
    methods : sequence of str
        Others to compare with, each with its usual standardisation.
    draws : int
    concentration : float, optional
        :math:`c`: the larger, the nearer random weights stay to those of the index.
    level : float
        Share of the draws inside the rank intervals.
    rng : int, Generator or None

    Returns
    -------
    CompositeSensitivity

    Raises
    ------
    PanelError
        If the panel does not give the index again.
    ConfigError
        If an option is out of range.
    EstimationError
        If there are fewer than two indicators that vary.

    References
    ----------
    Saisana, M., Saltelli, A. & Tarantola, S. (2005). Uncertainty and sensitivity analysis
    techniques as tools for the quality assessment of composite indicators. Journal of the Royal
    Statistical Society A 168(2), 307-323.

    OECD & JRC (2008). Handbook on constructing composite indicators. OECD Publishing.

    Examples
    --------
    >>> panel = pd.DataFrame({"phones": [1.0, 2, 3, 5], "jobs": [4.0, 6, 5, 8]}, index=list("ABCD"))
    >>> index = composite_index(panel, [Indicator("phones"), Indicator("jobs")], method="equal")
    >>> found = sensitivity(index, panel, methods=["entropy"], draws=200, rng=1)
    >>> found.ranks.loc[["A", "D"], ["rank", "rank_low", "rank_high"]].to_numpy().tolist()
    [[4.0, 4.0, 4.0], [1.0, 1.0, 1.0]]
    """
    for method in methods:
        checked_option(method, CompositeMethod, name="methods")
    if draws < 1 or not 0 < level < 1 or (concentration is not None and not concentration > 0):
        raise ConfigError(
            f"draws={draws!r} must be 1 or more, level={level!r} in (0, 1) and "
            f"concentration={concentration!r} positive."
        )
    moving = index.weights.index[(index.standardised.std() > 0).to_numpy()]
    if len(moving) < 2:
        raise EstimationError(
            f"Sensitivity needs two indicators that vary; the index has {listed(moving)}."
        )
    options = _options(index)
    _require_same(index, panel, options)
    others, skipped = _other_methods(index, panel, options, methods)
    without, lost = _without_each(index, panel, options, list(moving))
    scores = pd.DataFrame({options["method"]: index.scores, **others})
    generator, seed = seeded_generator(rng)
    return CompositeSensitivity(
        methods=_changes(index.scores, others, "method"),
        method_correlations=scores.corr(method="spearman"),
        leave_one_out=_changes(index.scores, without, "indicator"),
        ranks=_rank_intervals(index, list(moving), generator, draws, concentration, level),
        skipped=skipped | lost,
        level=level,
        draws=draws,
        configuration=Configuration(
            function="sensitivity",
            options={
                "index": dict(index.configuration.options),
                "methods": list(methods),
                "draws": draws,
                "concentration": concentration,
                "level": level,
            },
            seed=seed,
        ),
    )


def _options(index: CompositeIndex) -> dict[str, Any]:
    """Arguments that make the index again."""
    options = dict(index.configuration.options)
    options["indicators"] = [Indicator(**facts) for facts in options["indicators"]]
    if options["judgements"] is not None:
        options["judgements"] = pd.DataFrame(options["judgements"])
    return options


def _require_same(index: CompositeIndex, panel: pd.DataFrame, options: dict[str, Any]) -> None:
    again = composite_index(panel, **options).scores
    odd = again.index.symmetric_difference(index.scores.index)
    differs = len(odd) > 0 or not np.allclose(
        again.reindex(index.scores.index), index.scores, atol=REPRODUCED, equal_nan=True
    )
    if differs:
        raise PanelError(
            "The panel does not give the index again: pass the one that the index was made from "
            f"(labels in only one of both: {listed(odd) or 'none'})."
        )


def _other_methods(
    index: CompositeIndex,
    panel: pd.DataFrame,
    options: dict[str, Any],
    methods: Sequence[CompositeMethod],
) -> tuple[dict[str, pd.Series], dict[str, str]]:
    found: dict[str, pd.Series] = {}
    skipped: dict[str, str] = {}
    shared = {name: options[name] for name in ("indicators", "shift", "bounds", "base_year")}
    bounded = str(options["standardise"]).startswith("min-max")
    if not bounded:
        shared |= {"bounds": (0.0, 1.0), "base_year": None}
    for method in methods:
        if method == options["method"]:
            continue
        settings = dict(shared)
        if method in {"pca", "mazziotta-pareto"}:
            settings |= {"base_year": None, "bounds": (0.0, 1.0)}
        elif bounded:
            settings["standardise"] = options["standardise"]
        strict = options["missing"] == "renormalise" and method in NEEDS_COMPLETE_ROWS
        settings["missing"] = "keep" if strict else options["missing"]
        try:
            found[method] = composite_index(panel, method=method, **settings).scores
        except (EstimationError, PanelError, ConfigError) as error:
            skipped[method] = str(error)
    return {m: s.reindex(index.scores.index) for m, s in found.items()}, skipped


def _without_each(
    index: CompositeIndex, panel: pd.DataFrame, options: dict[str, Any], moving: list[str]
) -> tuple[dict[str, pd.Series], dict[str, str]]:
    found: dict[str, pd.Series] = {}
    skipped: dict[str, str] = {}
    for left_out in moving:
        settings = dict(options)
        kept = [i for i in options["indicators"] if i.column != left_out]
        settings["indicators"] = kept
        if options["weights"] is not None:
            settings["weights"] = {c: w for c, w in options["weights"].items() if c != left_out}
        if options["judgements"] is not None:
            settings["judgements"] = options["judgements"].drop(index=left_out, columns=left_out)
        if options["components"] is not None and options["components"] >= len(kept):
            settings["components"] = len(kept)
        try:
            scores = composite_index(panel, **settings).scores
        except EstimationError as error:
            skipped[left_out] = str(error)
            continue
        found[left_out] = scores.reindex(index.scores.index)
    return found, skipped


def _ranks(scores: pd.Series) -> pd.Series:
    """Rank of every row, 1 is best, inside each year where there are years."""
    if "year" in scores.index.names:
        return scores.groupby(level="year").rank(ascending=False)
    return scores.rank(ascending=False)


def _changes(base: pd.Series, others: Mapping[str, pd.Series], name: str) -> pd.DataFrame:
    before = _ranks(base)
    rows = {}
    for key, scores in others.items():
        shift = (_ranks(scores) - before).abs()
        rows[key] = {
            "spearman": base.corr(scores, method="spearman"),
            "mean_shift": shift.mean(),
            "largest_shift": shift.max(),
            "most_moved": shift.idxmax() if shift.notna().any() else None,
        }
    columns = ["spearman", "mean_shift", "largest_shift", "most_moved"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(name)


def _rank_intervals(
    index: CompositeIndex,
    moving: list[str],
    generator: np.random.Generator,
    draws: int,
    concentration: float | None,
    level: float,
) -> pd.DataFrame:
    weight = index.weights["weight"].reindex(moving).to_numpy()
    if concentration is None:
        shape = np.ones(len(moving))
    else:
        # Principal components may weigh below zero; random weights are shares and cannot.
        shape = concentration * np.maximum(weight, 0.0) / np.maximum(weight, 0.0).sum()
        shape = np.maximum(shape, 1e-6)
    drawn = generator.dirichlet(shape, size=draws)
    scores = _scores_under(index, moving, drawn)
    base = _ranks(index.scores)
    table = pd.DataFrame({"score": index.scores, "rank": base})
    low, high = (1 - level) / 2, (1 + level) / 2
    found = np.full((len(table), 4), np.nan)
    for rows in _groups(index.scores):
        known = rows[np.isfinite(scores[rows, 0])]
        if len(known):
            ranks = stats.rankdata(-scores[known], axis=0)
            found[known, :3] = np.quantile(ranks, [low, 0.5, high], axis=1).T
            found[known, 3] = (ranks < base.to_numpy()[known, None]).mean(axis=1)
    table[["rank_low", "rank_median", "rank_high", "share_better"]] = found
    return table


def _groups(scores: pd.Series) -> list[np.ndarray]:
    if "year" not in scores.index.names:
        return [np.arange(len(scores))]
    years = scores.index.get_level_values("year")
    return [np.flatnonzero(years == year) for year in years.unique()]


def _scores_under(index: CompositeIndex, moving: list[str], drawn: np.ndarray) -> np.ndarray:
    """Scores of all rows (n) under all weights (draws), shape (n, draws)."""
    options = index.configuration.options
    z = index.standardised[moving]
    if options["method"] in {"topsis", "entropy-topsis"}:
        columns = [topsis_closeness(z, pd.Series(row, index=moving)).to_numpy() for row in drawn]
        return np.column_stack(columns)
    if options["method"] == "grey-relational":
        z = grey_relational_coefficients(z, distinguishing=options["distinguishing"])
    values = z.to_numpy()
    if options["missing"] != "renormalise":
        return values @ drawn.T
    present = np.isfinite(values).astype(float)
    total = present @ drawn.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (np.nan_to_num(values) @ drawn.T) / total, np.nan)
