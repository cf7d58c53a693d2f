"""Economic weights: cities alike in wealth count as near, alone or nested in geography."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import aligned_series, require_unique
from spatial.errors import ConfigError, PanelError, WeightsError, listed
from spatial.options import NestedKind, Transform, checked_option
from spatial.weights.combination import combine_weights
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights

_MOST_CITIES = 10_000
"""Every pair of cities is linked: beyond this the matrix would need gigabytes."""


def economic_weights(
    values: pd.Series,
    *,
    years: Sequence[Any] | None = None,
    floor_quantile: float = 0.01,
    transform: Transform = "row",
) -> Weights:
    r"""Build weights :math:`w_{ij} = 1 / \max(|\bar g_i - \bar g_j|, f)`.

    Parameters
    ----------
    values : pandas.Series
        Index: city ids; or two levels, cities and years (the level named ``year``, else the
        second), and then :math:`\bar g_i` is the mean over ``years``.
    years : sequence, optional
        Years averaged, all by default. Years before the sample keep the weights exogenous.
    floor_quantile : float
        The floor f is this quantile of all differences between two cities: pairs nearer than that
        would otherwise carry nearly all weight. 0 takes the smallest positive difference, which
        only settles equal values.
    transform : str
        See ``transform_weights``.

    Returns
    -------
    Weights
        Complete: every city is linked with every other.

    Raises
    ------
    PanelError
        If values are missing, or years are not there.
    WeightsError
        If all cities have the same value.
    ConfigError

    Notes
    -----
    Weights made of the outcome, or of what moves with it, are endogenous; take base-year values.

    References
    ----------
    Case, Rosen and Hines (1993) doi:10.1016/0047-2727(93)90036-S; Qu and Lee (2015)
    doi:10.1016/j.jeconom.2014.08.008.

    Examples
    --------
    >>> wealth = pd.Series({"a": 10.0, "b": 12.0, "c": 20.0})
    >>> weights = economic_weights(wealth, floor_quantile=0, transform="none")
    >>> weights.matrix.toarray().round(3).tolist()
    [[0.0, 0.5, 0.1], [0.5, 0.0, 0.125], [0.1, 0.125, 0.0]]
    """
    checked_option(transform, Transform, name="transform")
    mean, averaged = mean_by_city(values, years)
    inverse, floor, raised = _inverse_differences(mean, floor_quantile)
    name = str(values.name) if values.name is not None else "values"
    lifted = f", {raised} pairs at the floor {floor:.4g}" if raised else ""
    weights = Weights(
        mean.index,
        (sparse.csr_array(inverse),),
        "none",
        f"inverse absolute difference of {name}{averaged}{lifted}",
        {
            "kind": "economic",
            "variable": name,
            "years": None if years is None else tuple(years),
            "floor": floor,
            "floor_quantile": floor_quantile,
            "n_pairs_at_floor": raised,
        },
    )
    return transform_weights(weights, transform)


def nested_weights(
    geographic: Any,
    values: pd.Series,
    *,
    kind: NestedKind,
    share: float = 0.5,
    years: Sequence[Any] | None = None,
    floor_quantile: float = 0.01,
    normalisation: Transform = "row",
    transform: Transform = "row",
) -> Weights:
    r"""Nest economic distance in geography, in one of three ways that all bear this name.

    ===========  ====================================================================
    ``product``  :math:`w_{ij} = w^d_{ij} / \max(|\bar g_i - \bar g_j|, f)`
    ``wealth``   :math:`W = W^d\,\mathrm{diag}(\bar g_1 / \bar g, ..., \bar g_n / \bar g)`: rich
                 neighbours count for more; not symmetric
    ``convex``   :math:`W = \phi W^d + (1 - \phi) W^e`, each normalised before
    ===========  ====================================================================

    Parameters
    ----------
    geographic : Weights
        :math:`W^d`, one matrix.
    values : pandas.Series
        As for ``economic_weights``; matched to the cities of ``geographic`` by label.
    kind : {"product", "wealth", "convex"}
    share : float
        :math:`\phi` of ``convex``, strictly between 0 and 1.
    years, floor_quantile
        As for ``economic_weights``.
    normalisation : str
        How both matrices are scaled before ``convex`` adds them.
    transform : str
        Scale of the result; see ``transform_weights``.

    Returns
    -------
    Weights
        In the order of ``geographic``.

    Raises
    ------
    AlignmentError
        If the cities differ.
    WeightsError
        If ``wealth`` meets values that are not positive.
    ConfigError, PanelError

    Examples
    --------
    >>> pair = pd.DataFrame([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], ["a", "b"])
    >>> wealth = pd.Series({"a": 1.0, "b": 3.0})
    >>> nested_weights(pair, wealth, kind="wealth", transform="none").matrix.toarray().tolist()
    [[0.0, 1.5], [0.5, 0.0]]
    """
    checked_option(transform, Transform, name="transform")
    checked_option(kind, NestedKind, name="kind")
    distance = as_weights(geographic)
    base, name = distance.matrix, str(values.name) if values.name is not None else "values"
    mean, averaged = mean_by_city(values, years)
    wealth = aligned_series(mean, distance.ids, what=name)
    if kind == "convex":
        economic = economic_weights(
            wealth.rename(name), floor_quantile=floor_quantile, transform="none"
        )
        if not 0.0 < share < 1.0:
            raise ConfigError(f"share={share!r} must lie between 0 and 1; it is phi, of distance.")
        return combine_weights(
            {"distance": distance, "economic": economic},
            {"distance": share, "economic": 1.0 - share},
            normalisation=normalisation,
            transform=transform,
        )
    if kind == "product":
        inverse, _, _ = _inverse_differences(wealth, floor_quantile)
        matrix = sparse.csr_array(base.multiply(inverse))
        words = f"times inverse absolute difference of {name}{averaged}"
    else:
        if (wealth <= 0.0).any():
            poor = wealth.index[wealth <= 0.0]
            raise WeightsError(
                f"kind='wealth' weighs neighbours by {name}, which is not positive for cities "
                f"{listed(poor)}; use levels, not growth rates or logarithms below zero."
            )
        relative = wealth.to_numpy() / float(wealth.mean())
        matrix = sparse.csr_array(base @ sparse.diags_array(relative))
        words = f"columns times {name} over its mean{averaged}"
    weights = Weights(
        distance.ids,
        (matrix,),
        "none",
        f"({distance.description}) {words}",
        {"kind": f"nested {kind}", "variable": name, "geographic": dict(distance.parameters)},
    )
    return transform_weights(weights, transform)


def mean_by_city(values: pd.Series, years: Sequence[Any] | None) -> tuple[pd.Series, str]:
    """Average a panel over years; return the means and what was averaged, in words."""
    if not isinstance(values, pd.Series):
        raise PanelError(
            f"values must be a pandas Series whose index holds the city ids, not "
            f"{type(values).__name__}."
        )
    if not isinstance(values.index, pd.MultiIndex):
        if years is not None:
            raise ConfigError(
                "years= needs values with two index levels, cities and years; these have one."
            )
        require_unique(values.index, what="values")
        return aligned_series(values, values.index, what=str(values.name or "values")), ""
    if values.index.nlevels != 2:
        raise PanelError(f"values have {values.index.nlevels} index levels; cities and years fit.")
    level = list(values.index.names).index("year") if "year" in values.index.names else 1
    when = values.index.get_level_values(level)
    chosen = pd.Index(when.unique() if years is None else list(years))
    unknown = chosen.difference(when)
    if len(unknown) or not len(chosen):
        raise PanelError(
            f"values have no year {listed(unknown)}; they have {listed(when.unique())}."
        )
    table = values[when.isin(chosen)]
    if table.index.duplicated().any():
        raise PanelError("A city has two values in one year; keep one.")
    wide = table.unstack(level)
    whole = wide.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    gaps = wide.index[~np.isfinite(whole).all(axis=1)]
    if len(gaps):
        raise PanelError(
            f"Cities {listed(gaps)} lack values in some of the years averaged; choose years that "
            "all cities have."
        )
    order = values.index.get_level_values(1 - level).unique()
    mean = pd.Series(whole.mean(axis=1), wide.index, name=values.name).reindex(order)
    first, last = min(chosen), max(chosen)
    return mean, f", mean of {len(chosen)} year{'s' if len(chosen) > 1 else ''} {first}-{last}"


def _inverse_differences(mean: pd.Series, quantile: float) -> tuple[np.ndarray, float, int]:
    """Dense 1 / max(difference, floor) with zero diagonal, the floor, and the pairs raised."""
    if not 0.0 <= quantile < 1.0:
        raise ConfigError(f"floor_quantile={quantile!r} must be a share from 0 to below 1.")
    n = len(mean)
    if n > _MOST_CITIES:
        raise WeightsError(
            f"Economic weights link all pairs of {n} cities; they are made for up to "
            f"{_MOST_CITIES}. Nest them in sparse geographic weights by region instead."
        )
    g = mean.to_numpy(dtype=float)
    difference = np.abs(g[:, None] - g[None, :])
    pairs = difference[np.triu_indices(n, 1)]
    positive = pairs[pairs > 0.0]
    if not len(positive):
        raise WeightsError("All cities have the same value; economic distance tells none apart.")
    floor = max(float(np.quantile(pairs, quantile)), float(positive.min()))
    inverse = 1.0 / np.maximum(difference, floor)
    np.fill_diagonal(inverse, 0.0)
    return inverse, floor, int((pairs < floor).sum())
