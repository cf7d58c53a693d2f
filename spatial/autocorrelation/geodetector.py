"""Geographical detector: how much of the variation between cities a grouping explains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
import pandas as pd
from scipy import special, stats

from spatial.alignment import aligned_series, require_same_cities
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.trends import checked_level
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import MultipleTesting, checked_option
from spatial.results import Configuration, Result

INTERACTIONS = (
    "Nonlinear weakening",
    "One-factor nonlinear weakening",
    "Two-factor enhancement",
    "Independent",
    "Nonlinear enhancement",
)
"""q of both factors together: below both, between, above both, equal to the sum, above the sum."""

_EQUAL = 1e-9


@dataclass(frozen=True, kw_only=True)
class Geodetector(Result):
    """Factor, interaction and risk detectors.

    Attributes
    ----------
    name : str
        Of the variable explained.
    factors : pandas.DataFrame
        Index: factor. ``q``; ``groups``; ``statistic`` (F) with ``df_between`` and ``df_within``;
        ``noncentrality`` and ``p_value`` of the noncentral F test; ``p_anova`` of the ordinary F
        test that all group means are equal.
    interactions : pandas.DataFrame
        Index: (factor, other factor). ``q``, ``q_other``, ``q_both``, ``kind`` (a word of
        ``INTERACTIONS``).
    groups : pandas.DataFrame
        Index: (factor, group). ``cities``, ``mean``, ``std_dev`` (divisor n).
    risks : pandas.DataFrame
        Index: (factor, group, other group). ``difference`` of means, Welch's ``statistic``, ``df``,
        ``p_value``, ``p_adjusted`` (over the pairs of a factor) and ``significant``. NaN where a
        group has one city only.
    alpha : float
    correction : str
    n : int
    warnings : tuple of str
    configuration : Configuration
    """

    name: str
    factors: pd.DataFrame
    interactions: pd.DataFrame
    groups: pd.DataFrame
    risks: pd.DataFrame
    alpha: float
    correction: str
    n: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table of factors."""
        return self.factors.copy()


def geodetector(
    values: pd.Series,
    factors: pd.DataFrame,
    *,
    classes: int | None = None,
    correction: MultipleTesting = "fdr",
    alpha: float = 0.05,
) -> Geodetector:
    r"""Measure how far factors, alone and in pairs, explain the spatial variation of a variable.

    .. math::

        q = 1 - \frac{\sum_h N_h \sigma_h^2}{N \sigma^2}, \qquad
        F = \frac{N - L}{L - 1} \frac{q}{1 - q}, \qquad
        \lambda = \frac{1}{\sigma^2} \left[ \sum_h \bar Y_h^2
                  - \frac{1}{N} \Bigl( \sum_h \sqrt{N_h} \bar Y_h \Bigr)^2 \right]

    with variances of divisor N.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids.
    factors : pandas.DataFrame of shape (n, factors)
        Index: city ids, in any order. Each column puts cities into groups.
    classes : int, optional
        Cut columns of numbers with more distinct values than this into so many quantile groups.
    correction : {"fdr", "by", "bonferroni", "none"}
        Of the risk detector.
    alpha : float

    Returns
    -------
    Geodetector

    Raises
    ------
    AlignmentError, PanelError
        If cities differ or values or groups are missing.
    EstimationError
        If values are constant; if a factor has one group only, or one for each city.
    ConfigError
        For unusable options.

    Notes
    -----
    The noncentral F test of Wang, Zhang and Fu is the one that papers print. Its noncentrality
    changes when a constant is added to y (unless all groups are of one size), so its p-value
    depends on where the scale of y starts; ``p_anova`` does not. q never falls when groups are
    split, so compare factors with similar numbers of groups.

    References
    ----------
    Wang, J.-F., Li, X.-H., Christakos, G., Liao, Y.-L., Zhang, T., Gu, X., & Zheng, X.-Y. (2010).
    Geographical detectors-based health risk assessment and its application in the neural tube
    defects study of the Heshun Region, China. International Journal of Geographical Information
    Science, 24(1), 107-127. Wang, J.-F., Zhang, T.-L., & Fu, B.-J. (2016). A measure of spatial
    stratified heterogeneity. Ecological Indicators, 67, 250-256.

    Examples
    --------
    >>> y = pd.Series([1.0, 2.0, 8.0, 9.0], list("abcd"), name="growth")
    >>> belt = pd.DataFrame({"coast": ["no", "no", "yes", "yes"]}, list("abcd"))
    >>> round(float(geodetector(y, belt).factors.loc["coast", "q"]), 2)
    0.98
    """
    wanted = cast("MultipleTesting", checked_option(correction, MultipleTesting, name="correction"))
    level = checked_level(alpha)
    name = str(getattr(values, "name", None) or "values")
    if not isinstance(factors, pd.DataFrame) or not factors.shape[1]:
        raise PanelError("factors must be a table with at least one column; give factors[['x']].")
    require_same_cities(values.index, factors.index, left_name=name, right_name="the factors")
    y = aligned_series(values, values.index, what=name).to_numpy()
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise EstimationError(f"{name} is constant, so there is nothing to explain.")
    columns = {
        str(label): _grouped(factors[label].reindex(values.index), str(label), classes)
        for label in factors.columns
    }
    found = {label: _explained(y, codes) for label, (codes, _) in columns.items()}
    tables = {label: _group_table(y, codes, names) for label, (codes, names) in columns.items()}
    groups = pd.concat(tables, names=["factor", "group"])
    risks = pd.concat(
        {label: _risks(table, wanted, level) for label, table in tables.items()},
        names=["factor", "group", "other_group"],
    )
    return Geodetector(
        name=name,
        factors=pd.DataFrame.from_dict(found, orient="index").rename_axis("factor"),
        interactions=_interactions(y, {label: codes for label, (codes, _) in columns.items()}),
        groups=groups,
        risks=risks,
        alpha=level,
        correction=wanted,
        n=len(y),
        warnings=_lone_cities(groups),
        configuration=Configuration(
            function="geodetector",
            options={"classes": classes, "correction": wanted, "alpha": level},
        ),
    )


def explained_share(y: np.ndarray, codes: np.ndarray) -> float:
    """Return q, the share of the sum of squares that lies between groups.

    Parameters
    ----------
    y : numpy.ndarray of shape (n,)
    codes : numpy.ndarray of int, shape (n,)
        Groups from 0.

    Examples
    --------
    >>> explained_share(np.array([0.0, 2.0, 4.0, 6.0]), np.array([0, 0, 1, 1]))
    0.8
    """
    deviation = y - y.mean()
    size = np.bincount(codes)
    held = size > 0
    sums = np.bincount(codes, weights=deviation)[held]
    return float((sums**2 / size[held]).sum() / (deviation @ deviation))


def _grouped(column: pd.Series, name: str, classes: int | None) -> tuple[np.ndarray, list[object]]:
    missing = column.index[column.isna()]
    if len(missing):
        raise PanelError(
            f"Factor {name!r} has no group for cities {listed(missing)}. Fill them, or drop these "
            "cities."
        )
    if classes is not None:
        if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
            raise ConfigError(f"classes={classes!r} must be a whole number of groups from 2.")
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > classes:
            bounds = np.unique(np.quantile(column, np.arange(1, classes) / classes))
            column = pd.Series(np.searchsorted(bounds, column, side="left") + 1, column.index)
    codes, names = pd.factorize(column, sort=True)
    if len(names) < 2:
        raise EstimationError(
            f"Factor {name!r} puts all cities into the group {names[0]!r}; a comparison needs two "
            "groups."
        )
    if len(names) == len(column):
        raise EstimationError(
            f"Factor {name!r} has a group for each city, so q would be one whatever the data; give "
            "classes= to cut numbers into groups."
        )
    return np.asarray(codes), list(names)


def _explained(y: np.ndarray, codes: np.ndarray) -> dict[str, float]:
    n, groups = len(y), int(codes.max()) + 1
    q = explained_share(y, codes)
    between, within = groups - 1, n - groups
    statistic = within / between * q / (1.0 - q) if q < 1.0 else np.inf
    size = np.bincount(codes)
    means = np.bincount(codes, weights=y) / size
    excess = (means**2).sum() - (np.sqrt(size) * means).sum() ** 2 / n
    noncentrality = max(float(excess / y.var()), 0.0)
    central = float(special.fdtrc(between, within, statistic))
    noncentral = central
    if noncentrality > 0.0:
        noncentral = float(stats.ncf.sf(statistic, between, within, noncentrality))
    return {
        "q": q,
        "groups": groups,
        "statistic": statistic,
        "df_between": between,
        "df_within": within,
        "noncentrality": noncentrality,
        "p_value": noncentral,
        "p_anova": central,
    }


def _group_table(y: np.ndarray, codes: np.ndarray, names: list[object]) -> pd.DataFrame:
    parts = [y[codes == at] for at in range(len(names))]
    return pd.DataFrame(
        {
            "cities": [len(part) for part in parts],
            "mean": [part.mean() for part in parts],
            "std_dev": [part.std() for part in parts],
        },
        index=pd.Index(names, name="group"),
    )


def _risks(groups: pd.DataFrame, correction: MultipleTesting, alpha: float) -> pd.DataFrame:
    rows = {}
    for (label, one), (other, two) in combinations(groups.iterrows(), 2):
        rows[label, other] = _welch(one, two)
    index = pd.MultiIndex.from_tuples(list(rows), names=["group", "other_group"])
    found = pd.DataFrame(list(rows.values()), index=index)
    adjusted = adjusted_p_values(found["p_value"].to_numpy(dtype=float), correction)
    return found.assign(p_adjusted=adjusted, significant=np.nan_to_num(adjusted, nan=1.0) <= alpha)


def _welch(one: pd.Series, two: pd.Series) -> dict[str, float]:
    found = {"difference": float(one["mean"] - two["mean"])}
    if min(one["cities"], two["cities"]) < 2:
        return found | {"statistic": np.nan, "df": np.nan, "p_value": np.nan}
    # Variance of the mean, from the standard deviation with divisor n.
    parts = [part["std_dev"] ** 2 / (part["cities"] - 1) for part in (one, two)]
    total = sum(parts)
    if total <= 0.0:
        return found | {"statistic": np.nan, "df": np.nan, "p_value": np.nan}
    statistic = found["difference"] / np.sqrt(total)
    shares = [
        part**2 / (group["cities"] - 1) for part, group in zip(parts, (one, two), strict=True)
    ]
    df = total**2 / sum(shares)
    p_value = 2.0 * float(special.stdtr(df, -abs(statistic)))
    return found | {"statistic": float(statistic), "df": float(df), "p_value": p_value}


def _interactions(y: np.ndarray, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = {}
    for one, two in combinations(columns, 2):
        q, other = explained_share(y, columns[one]), explained_share(y, columns[two])
        crossed = columns[one] * (int(columns[two].max()) + 1) + columns[two]
        both = explained_share(y, np.unique(crossed, return_inverse=True)[1])
        rows[one, two] = {"q": q, "q_other": other, "q_both": both, "kind": _kind(q, other, both)}
    if not rows:
        return pd.DataFrame(columns=["q", "q_other", "q_both", "kind"])
    index = pd.MultiIndex.from_tuples(list(rows), names=["factor", "other_factor"])
    return pd.DataFrame(list(rows.values()), index=index)


def _kind(q: float, other: float, both: float) -> str:
    if abs(both - (q + other)) <= _EQUAL:
        return INTERACTIONS[3]
    if both > q + other:
        return INTERACTIONS[4]
    if both > max(q, other):
        return INTERACTIONS[2]
    return INTERACTIONS[1] if both > min(q, other) else INTERACTIONS[0]


def _lone_cities(groups: pd.DataFrame) -> tuple[str, ...]:
    alone = groups.index[groups["cities"] == 1]
    if not len(alone):
        return ()
    named = listed(f"{factor}: {group}" for factor, group in alone)
    return (
        f"Groups with one city: {named}. They raise q without evidence and are not compared by the "
        "risk detector.",
    )
