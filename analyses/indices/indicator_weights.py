"""Weights of indicators from their data: entropy, CRITIC, variation, scatter degree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import WeightCombination, checked_option

__all__ = [
    "combined_weights",
    "critic_weights",
    "entropy_weights",
    "information_entropy",
    "scatter_degree_weights",
    "variation_weights",
]

ROUNDING = 1e-9
"""An entropy may leave [0, 1] by rounding, never by more."""


def information_entropy(
    standardised: pd.DataFrame, *, shift: float = 0.0, constant: float | None = None
) -> pd.Series:
    r"""Information entropy of indicators over all city-years.

    With :math:`p_{itm} = z_{itm} / \sum_{i,t} z_{itm}`,
    :math:`e_m = -k \sum_{i,t} p_{itm} \ln p_{itm}`, :math:`k = 1 / \ln(NT)`, where :math:`NT` is
    the number of rows that enter, so that :math:`0 \le e_m \le 1`.

    Parameters
    ----------
    standardised : pandas.DataFrame
        Non-negative values, rows by indicators; no missing ones.
    shift : float
        Added to all values first; zero uses the limit :math:`0 \ln 0 = 0`.
    constant : float, optional
        Another :math:`k`, to check numbers of others; refused when an entropy leaves [0, 1].

    Returns
    -------
    pandas.Series
        Index indicator; 1 for an indicator without variation.

    Raises
    ------
    PanelError
        If values are missing or negative.
    EstimationError
        If there are fewer than two rows, or an entropy leaves [0, 1], as it does with the wrong
        constant :math:`k = 1 / \ln T`.

    References
    ----------
    Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical Journal
    27(3), 379-423. https://doi.org/10.1002/j.1538-7305.1948.tb01338.x
    """
    values = _checked(standardised) + shift
    negative = [c for c in values if (values[c] < 0).any()]
    if negative:
        raise PanelError(
            f"Entropy needs values that are not negative; {listed(negative)} hold negative ones. "
            "Use standardise='min-max'."
        )
    k = 1.0 / np.log(len(values)) if constant is None else constant
    total = values.sum()
    p = (values / total.where(total > 0)).to_numpy()
    safe = np.where(p > 0, p, 1.0)
    entropy = pd.Series(-k * (safe * np.log(safe)).sum(axis=0), index=values.columns)
    entropy[total <= 0] = 1.0
    outside = entropy[(entropy < -ROUNDING) | (entropy > 1 + ROUNDING)]
    if len(outside):
        raise EstimationError(
            f"Entropies leave [0, 1], largest {outside.abs().max():.4g}, for "
            f"{listed(outside.index)}: the constant k={k:.6g} does not fit {len(values)} rows. "
            f"Pooled over cities and years it is 1/ln(NT) = {1 / np.log(len(values)):.6g}, "
            "not 1/ln(T)."
        )
    return entropy.clip(0.0, 1.0).rename("entropy")


def entropy_weights(
    standardised: pd.DataFrame, *, shift: float = 0.0, constant: float | None = None
) -> pd.Series:
    r"""Entropy weights :math:`w_m = (1 - e_m) / \sum_k (1 - e_k)`.

    Parameters, errors and reference: see ``information_entropy``.

    Returns
    -------
    pandas.Series
        Index indicator, sums to one.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.5, 1.0], "b": [0.4, 0.5, 0.6]})
    >>> entropy_weights(table).round(3).to_list()
    [0.972, 0.028]
    """
    entropy = information_entropy(standardised, shift=shift, constant=constant)
    return _normalised(1.0 - entropy)


def critic_weights(standardised: pd.DataFrame) -> pd.Series:
    r"""CRITIC weights: spread times conflict with the other indicators.

    :math:`C_m = s_m \sum_k (1 - r_{mk})` with the standard deviation :math:`s_m` (n - 1) and the
    Pearson correlation :math:`r_{mk}`; :math:`w_m = C_m / \sum C`. An indicator without variation
    has weight zero.

    Parameters
    ----------
    standardised : pandas.DataFrame
        Rows by indicators; no missing values.

    Returns
    -------
    pandas.Series

    Raises
    ------
    EstimationError
        If there is nothing to weigh: one indicator that varies, or all perfectly correlated.

    References
    ----------
    Diakoulaki, D., Mavrotas, G. & Papayannakis, L. (1995). Determining objective weights in
    multiple criteria problems: the CRITIC method. Computers & Operations Research 22(7), 763-770.
    https://doi.org/10.1016/0305-0548(94)00059-H
    """
    values = _checked(standardised)
    spread = values.std(ddof=1)
    moving = spread.index[(spread > 0).to_numpy()]
    correlation = np.corrcoef(values[moving].to_numpy().T).reshape(len(moving), len(moving))
    content = pd.Series(0.0, index=values.columns)
    content[moving] = spread[moving] * (1.0 - correlation).clip(min=0.0).sum(axis=1)
    # Perfectly correlated indicators leave only rounding, which must not become weights.
    return _normalised(content.where(content > 1e-12 * spread.max(), 0.0))


def variation_weights(values: pd.DataFrame) -> pd.Series:
    """Weights in proportion to the coefficient of variation (n - 1 over the absolute mean).

    Raises
    ------
    EstimationError
        If a mean is zero, which gives no coefficient: use values that are not centred.
    """
    values = _checked(values)
    mean = values.mean().abs()
    spread = values.std(ddof=1)
    centred = mean.index[((mean <= 1e-12 * spread) & (spread > 0)).to_numpy()]
    if len(centred):
        raise EstimationError(
            f"No coefficient of variation: the mean of {listed(centred)} is zero. Use "
            "standardise='min-max'."
        )
    return _normalised((spread / mean.where(mean > 0)).fillna(0.0))


def scatter_degree_weights(
    standardised: pd.DataFrame, *, tolerance: float = 1e-13, iterations: int = 100_000
) -> pd.Series:
    r"""Weights of the vertical-and-horizontal scatter degree.

    The weights make the scores of all cities in all years scatter most: with :math:`X_t` the
    table of a year and :math:`H = \sum_t X_t' X_t`, they maximise :math:`w' H w` subject to
    :math:`w' w = 1`, :math:`w \ge 0`, and are then divided by their sum. The first eigenvector
    solves this when its signs agree; else projected power iteration does.

    Parameters
    ----------
    standardised : pandas.DataFrame
        Rows (city-years) by indicators; no missing values.
    tolerance : float
        Largest change of a weight at which the iteration ends.
    iterations : int

    Returns
    -------
    pandas.Series

    Raises
    ------
    EstimationError
        If the iteration does not settle, or nothing varies.

    References
    ----------
    Guo, Y. (2002). New theory and method of dynamic comprehensive evaluation. Journal of
    Management Sciences in China 5(2), 49-54.
    """
    values = _checked(standardised)
    scatter = values.to_numpy().T @ values.to_numpy()
    first = np.linalg.eigh(scatter)[1][:, -1]
    weights = first if first.sum() > 0 else -first
    if (weights < -ROUNDING).any():
        weights = _projected_power(scatter, tolerance, iterations)
    return _normalised(pd.Series(weights.clip(min=0.0), index=values.columns))


def _projected_power(scatter: np.ndarray, tolerance: float, iterations: int) -> np.ndarray:
    # Every start finds a local best only; the best of one start per indicator is taken.
    best = np.zeros(len(scatter))
    for start in [np.ones(len(scatter)), *np.eye(len(scatter))]:
        weights = start / np.linalg.norm(start)
        for _ in range(iterations):
            step = np.clip(scatter @ weights, 0.0, None)
            step /= np.linalg.norm(step) or 1.0
            change = np.abs(step - weights).max()
            weights = step
            if change < tolerance:
                break
        else:
            raise EstimationError("The scatter-degree weights did not settle; use other weights.")
        if weights @ scatter @ weights > best @ scatter @ best:
            best = weights
    return best


def combined_weights(
    weights: Sequence[pd.Series],
    *,
    combination: WeightCombination = "product",
    share: float = 0.5,
) -> pd.Series:
    r"""Combine several sets of weights into one.

    Product: :math:`w_m \propto \prod_k w_{km}^{1/K}`. Convex: :math:`w = a w_1 + (1 - a) w_2` of
    two sets.

    Parameters
    ----------
    weights : sequence of pandas.Series
        Two sets or more with the same labels, each divided by its sum first.
    combination : {"product", "convex"}
    share : float
        :math:`a` of the convex combination, in [0, 1].

    Returns
    -------
    pandas.Series
        Sums to one.

    Raises
    ------
    ConfigError
        If sets are too few or too many, labels differ, or the share is out of range.
    EstimationError
        If the product leaves no indicator with a weight.

    Examples
    --------
    >>> sets = [pd.Series({"a": 0.2, "b": 0.8}), pd.Series({"a": 0.8, "b": 0.2})]
    >>> combined_weights(sets).to_list()
    [0.5, 0.5]
    """
    checked_option(combination, WeightCombination, name="combination")
    sets = list(weights)
    if len(sets) < 2 or (combination == "convex" and len(sets) != 2):
        wanted = "two sets" if combination == "convex" else "two sets or more"
        raise ConfigError(
            f"combination={combination!r} takes {wanted} of weights, not {len(sets)}."
        )
    if not 0 <= share <= 1:
        raise ConfigError(f"share={share!r} must lie in [0, 1].")
    first = sets[0].index
    for other in sets[1:]:
        if set(other.index) != set(first):
            raise ConfigError(
                f"Sets of weights name different indicators: {listed(first)} and "
                f"{listed(other.index)}."
            )
    table = pd.DataFrame({k: _normalised(w.reindex(first)) for k, w in enumerate(sets)})
    if combination == "convex":
        return _normalised(share * table[0] + (1.0 - share) * table[1])
    product = (table ** (1.0 / len(sets))).prod(axis=1)
    if not product.sum() > 0:
        raise EstimationError(
            "Every indicator has weight zero in one of the sets; use combination='convex'."
        )
    return _normalised(product)


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if table.isna().to_numpy().any():
        raise PanelError(
            f"Values are missing in {listed(table.columns[table.isna().any().to_numpy()])}; "
            "weights need complete rows."
        )
    if len(table) < 2:
        raise EstimationError(f"Weights need at least two complete rows; there are {len(table)}.")
    return table.astype(float)


def _normalised(content: pd.Series) -> pd.Series:
    total = float(content.sum())
    if not total > 0:
        raise EstimationError(
            f"No indicator carries information to weigh: {listed(content.index)} are constant, or "
            "repeat each other. Use equal or given weights."
        )
    return (content / total).rename("weight").rename_axis("indicator")
