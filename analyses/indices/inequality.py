"""Inequality between cities: Gini with Dagum's sources, Theil by groups, variation, Williamson."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analyses.indices.agglomeration import lorenz_gini
from spatial.errors import EstimationError, PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["DagumGini", "dagum_gini", "inequality", "theil_by_groups"]


@dataclass(frozen=True, kw_only=True)
class DagumGini(Result):
    """Gini coefficient and its three sources.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``year`` (``"all"`` without years): ``gini``, ``within``, ``between`` (net between
        groups), ``transvariation``, and the share of each in per cent.
    groups : pandas.DataFrame
        Index ``(year, group)``: ``n``, ``mean``, ``gini``.
    pairs : pandas.DataFrame
        Index ``(year, first, second)``, the richer group first: ``gini`` between them and
        ``relative_affluence`` D.
    configuration : Configuration
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    pairs: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each year."""
        return self.table.copy()


def inequality(values: pd.Series, *, weights: pd.Series | None = None) -> pd.DataFrame:
    r"""Measures of inequality between cities, of each year where the index has years.

    With shares :math:`f_i` of the weights (population; equal when None) and
    :math:`\mu = \sum f_i y_i`:

    - ``gini`` :math:`\sum_{ij} f_i f_j |y_i - y_j| / 2\mu`;
    - ``theil_t`` :math:`\sum f_i (y_i/\mu) \ln(y_i/\mu)`;
      ``theil_l`` :math:`\sum f_i \ln(\mu/y_i)`, NaN with a zero;
    - ``variation``: the weighted coefficient of variation
      :math:`\sqrt{\sum f_i (y_i - \mu)^2}/\mu`, Williamson's index when weights are population;
    - ``log_deviation``: standard deviation (n - 1) of :math:`\ln y`, not weighted.

    Parameters
    ----------
    values : pandas.Series
        One value for each city or city-year, not negative (income per head).
    weights : pandas.Series, optional
        Same labels, not negative.

    Returns
    -------
    pandas.DataFrame
        Index ``year``, or ``"all"``; with ``n``, ``mean`` and the measures.

    Raises
    ------
    PanelError
        If values are missing or negative, labels differ, or the mean is zero.

    References
    ----------
    Theil, H. (1967). Economics and information theory. North-Holland.

    Williamson, J. G. (1965). Regional inequality and the process of national development.
    Economic Development and Cultural Change 13(4), 1-84. https://doi.org/10.1086/450136

    Examples
    --------
    >>> found = inequality(pd.Series([10.0, 10, 10, 20, 50]))
    >>> found.loc["all", ["theil_t", "theil_l"]].round(7).to_list()
    [0.2502012, 0.2326302]
    """
    y = _checked_values(values)
    w = pd.Series(1.0, index=y.index) if weights is None else _checked_weights(weights, y)
    rows = {
        year: _inequality_row(y[rows].to_numpy(), w[rows].to_numpy())
        for year, rows in _by_year(y).items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def theil_by_groups(
    values: pd.Series, groups: pd.Series, *, weights: pd.Series | None = None
) -> pd.DataFrame:
    r"""Theil's T between and inside groups.

    :math:`T = T_b + T_w`, :math:`T_b = \sum_g s_g \ln(\mu_g/\mu)`, :math:`T_w = \sum_g s_g T_g`
    with the share :math:`s_g` of a group in all income.

    Parameters
    ----------
    values, weights : pandas.Series
        See ``inequality``.
    groups : pandas.Series
        Group of each row, same labels.

    Returns
    -------
    pandas.DataFrame
        Index ``year`` or ``"all"``: ``theil``, ``between``, ``within``, ``between_share`` (%),
        and for each group ``theil_<group>`` and ``share_<group>`` (its part inside, % of all).

    Raises
    ------
    PanelError
        If values, weights or groups are unfit.

    References
    ----------
    Shorrocks, A. F. (1980). The class of additively decomposable inequality measures.
    Econometrica 48(3), 613-625. https://doi.org/10.2307/1913126
    """
    y = _checked_values(values)
    w = pd.Series(1.0, index=y.index) if weights is None else _checked_weights(weights, y)
    g = _checked_groups(groups, y)
    rows = {}
    for year, chosen in _by_year(y).items():
        level, weight, group = y[chosen].to_numpy(), w[chosen].to_numpy(), g[chosen].to_numpy()
        total, mean = _theil(level, weight), float(np.average(level, weights=weight))
        row = {"theil": total, "between": 0.0, "within": 0.0, "between_share": np.nan}
        for name in sorted(set(group)):
            inside = group == name
            income = float((level[inside] * weight[inside]).sum())
            share = income / float((level * weight).sum())
            part = _theil(level[inside], weight[inside]) if income > 0 else 0.0
            if income > 0:
                row["between"] += share * np.log(income / weight[inside].sum() / mean)
            row["within"] += share * part
            row[f"theil_{name}"] = part
            row[f"share_{name}"] = 100 * share * part / total if total > 0 else np.nan
        row["between_share"] = 100 * row["between"] / total if total > 0 else np.nan
        rows[year] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def dagum_gini(values: pd.Series, groups: pd.Series) -> DagumGini:
    r"""Decompose the Gini coefficient into within, net between and transvariation (Dagum 1997).

    For groups ordered by their means :math:`\mu_j \ge \mu_h`, with :math:`p_j = n_j/n`,
    :math:`s_j = n_j \mu_j / (n \mu)`, the Gini between two groups
    :math:`G_{jh} = \sum_i \sum_r |y_{ji} - y_{hr}| / [n_j n_h (\mu_j + \mu_h)]`,
    :math:`d_{jh} = E[(y_j - y_h)^+]`, :math:`p_{jh} = E[(y_h - y_j)^+]` and
    :math:`D_{jh} = (d_{jh} - p_{jh})/(d_{jh} + p_{jh})`:

    - within :math:`G_w = \sum_j G_{jj} p_j s_j`;
    - net between :math:`G_{nb} = \sum_{j>h} G_{jh} (p_j s_h + p_h s_j) D_{jh}`;
    - transvariation :math:`G_t`, the same with :math:`1 - D_{jh}`, from groups that overlap.

    Their sum is :math:`G`.

    Parameters
    ----------
    values : pandas.Series
        One value for each city or city-year, not negative.
    groups : pandas.Series
        Group of each row, same labels in any order.

    Returns
    -------
    DagumGini

    Raises
    ------
    PanelError
        If values are missing or negative, labels differ, a group is missing, or there is only one.

    References
    ----------
    Dagum, C. (1997). A new approach to the decomposition of the Gini income inequality ratio.
    Empirical Economics 22, 515-531. https://doi.org/10.1007/BF01205777

    Examples
    --------
    >>> income = pd.Series([1.0, 1, 3, 3], index=list("abcd"))
    >>> region = pd.Series(["west", "west", "east", "east"], index=list("abcd"))
    >>> dagum_gini(income, region).table[["gini", "within", "between"]].iloc[0].to_list()
    [0.25, 0.0, 0.25]
    """
    y = _checked_values(values)
    g = _checked_groups(groups, y)
    rows, inside, between = {}, {}, {}
    for year, chosen in _by_year(y).items():
        level, group = y[chosen].to_numpy(), g[chosen].to_numpy()
        members = {name: level[group == name] for name in sorted(set(group))}
        if len(members) < 2:
            raise PanelError(f"Sources need two groups; in {year!r} there is {listed(members)}.")
        rows[year], pairs = _dagum_year(level, members)
        for name, part in members.items():
            inside[year, name] = {"n": len(part), "mean": part.mean(), "gini": _plain_gini(part)}
        for names, facts in pairs.items():
            between[(year, *names)] = facts
    return DagumGini(
        table=pd.DataFrame.from_dict(rows, orient="index").rename_axis("year"),
        groups=pd.DataFrame.from_dict(inside, orient="index").rename_axis(["year", "group"]),
        pairs=pd.DataFrame.from_dict(between, orient="index").rename_axis(
            ["year", "first", "second"]
        ),
        configuration=Configuration(
            function="dagum_gini", options={"values": values.name, "groups": groups.name}
        ),
    )


def _dagum_year(
    level: np.ndarray, members: dict[str, np.ndarray]
) -> tuple[dict[str, float], dict[tuple[str, str], dict[str, float]]]:
    mean = level.mean()
    population = {name: len(part) / len(level) for name, part in members.items()}
    income = {name: part.sum() / (len(level) * mean) for name, part in members.items()}
    within = sum(_plain_gini(part) * population[n] * income[n] for n, part in members.items())
    net = overlap = 0.0
    pairs = {}
    ordered = sorted(members, key=lambda name: -members[name].mean())
    for rich, poor in combinations(ordered, 2):
        gap = members[rich][:, None] - members[poor][None, :]
        ahead, behind = float(gap.clip(min=0).mean()), float((-gap).clip(min=0).mean())
        scale = float(members[rich].mean() + members[poor].mean())
        gini = (ahead + behind) / scale if scale > 0 else 0.0
        affluence = (ahead - behind) / (ahead + behind) if ahead + behind > 0 else 0.0
        weight = population[rich] * income[poor] + population[poor] * income[rich]
        net += gini * weight * affluence
        overlap += gini * weight * (1.0 - affluence)
        pairs[rich, poor] = {"gini": gini, "relative_affluence": affluence}
    total = _plain_gini(level)
    if abs(total - within - net - overlap) > 1e-9:
        raise EstimationError("The sources do not add to the Gini; the values lose all digits.")
    parts = {"within": within, "between": net, "transvariation": overlap}
    shares = {f"{k}_share": 100 * v / total if total > 0 else np.nan for k, v in parts.items()}
    return {"gini": total, **parts, **shares}, pairs


def _plain_gini(level: np.ndarray) -> float:
    # Zero everywhere is equality, though no share can be taken.
    return lorenz_gini(level, np.ones(len(level))) if level.sum() > 0 else 0.0


def _theil(level: np.ndarray, weight: np.ndarray) -> float:
    ratio = level / np.average(level, weights=weight)
    safe = np.where(ratio > 0, ratio, 1.0)
    return max(0.0, float(np.average(ratio * np.log(safe), weights=weight)))


def _inequality_row(level: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    mean = float(np.average(level, weights=weight))
    positive = bool((level > 0).all())
    logs = np.log(level) if positive else np.array([np.nan])
    return {
        "n": len(level),
        "mean": mean,
        "gini": lorenz_gini(level * weight, weight),
        "theil_t": _theil(level, weight),
        "theil_l": float(np.average(np.log(mean) - logs, weights=weight)) if positive else np.nan,
        "variation": float(np.sqrt(np.average((level - mean) ** 2, weights=weight))) / mean,
        "log_deviation": float(logs.std(ddof=1)) if len(logs) > 1 else np.nan,
    }


def _by_year(y: pd.Series) -> dict[object, np.ndarray]:
    if "year" not in y.index.names:
        chosen: dict[object, np.ndarray] = {"all": np.ones(len(y), dtype=bool)}
    else:
        years = y.index.get_level_values("year")
        chosen = {year: np.asarray(years == year) for year in sorted(years.unique())}
    for year, rows in chosen.items():
        if not y[rows].sum() > 0:
            raise PanelError(f"All values of {year!r} are zero; there is nothing to share.")
    return chosen


def _checked_values(values: pd.Series) -> pd.Series:
    if not values.index.is_unique:
        raise PanelError(f"Rows repeat: {listed(values.index[values.index.duplicated()])}.")
    if not len(values) or not pd.api.types.is_numeric_dtype(values):
        raise PanelError("Inequality needs numbers, one for each city.")
    y = values.astype(float)
    wrong = y.index[~(np.isfinite(y.to_numpy()) & (y.to_numpy() >= 0))]
    if len(wrong):
        raise PanelError(
            f"Values are missing, infinite or negative in {len(wrong)} rows: {listed(wrong)}. "
            "Inequality of shares has no meaning there; drop or correct them."
        )
    return y


def _checked_weights(weights: pd.Series, y: pd.Series) -> pd.Series:
    w = _aligned(weights, y, "weights").astype(float)
    if not (np.isfinite(w.to_numpy()).all() and (w > 0).all()):
        raise PanelError("Weights must be finite and positive for every row.")
    return w


def _checked_groups(groups: pd.Series, y: pd.Series) -> pd.Series:
    g = _aligned(groups, y, "groups")
    missing = g.index[g.isna().to_numpy()]
    if len(missing):
        raise PanelError(f"Rows have no group: {listed(missing)}.")
    return g


def _aligned(other: pd.Series, y: pd.Series, name: str) -> pd.Series:
    odd = y.index.symmetric_difference(other.index)
    if len(odd) or not other.index.is_unique:
        raise PanelError(f"{name}= must have the labels of the values once each: {listed(odd)}.")
    return other.reindex(y.index)
