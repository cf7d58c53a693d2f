"""Coupling coordination of two or more systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, PanelError, listed
from spatial.options import CouplingForm, checked_option
from spatial.results import Configuration, Result

__all__ = ["COORDINATION_CLASSES", "CouplingCoordination", "coupling_coordination"]

COORDINATION_CLASSES = (
    "extreme_imbalance",
    "severe_imbalance",
    "moderate_imbalance",
    "mild_imbalance",
    "near_imbalance",
    "barely_coordinated",
    "primary_coordination",
    "intermediate_coordination",
    "good_coordination",
    "quality_coordination",
)
"""Codes of the ten classes of coordination, each 0.1 wide, from the lowest.

Their wordings are the labels ``class_<code>``.
"""


@dataclass(frozen=True, kw_only=True)
class CouplingCoordination(Result):
    """Coupling coordination of systems.

    Attributes
    ----------
    table : pandas.DataFrame
        Index of the scores, columns ``coupling`` (C), ``development`` (T), ``coordination`` (D),
        ``level`` (1 to 10), ``coordination_class`` (one of ``COORDINATION_CLASSES``) and, for two
        systems, ``relative_development`` (first over second) with ``pace`` (``lag`` below 0.8,
        ``in_step``, ``lead`` above 1.2).
    weights : pandas.Series
        Contribution of each system, sums to one.
    configuration : Configuration
    """

    table: pd.DataFrame
    weights: pd.Series
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


def coupling_coordination(
    scores: pd.DataFrame,
    *,
    weights: Mapping[str, float] | None = None,
    form: CouplingForm = "standard",
) -> CouplingCoordination:
    r"""Measure how well systems develop together.

    For :math:`n` systems with scores :math:`U_k \in [0, 1]`:

    - standard coupling :math:`C = n (\prod_k U_k)^{1/n} / \sum_k U_k`;
    - revised coupling (Wang et al. 2021), spread over [0, 1]:
      :math:`C = \sqrt{\left[1 - \frac{\sum_{i>j} |U_i - U_j|}{n(n-1)/2}\right]
      \left(\prod_k \frac{U_k}{\max U}\right)^{1/(n-1)}}`;
    - development :math:`T = \sum_k a_k U_k`, :math:`\sum a_k = 1`;
    - coordination :math:`D = \sqrt{C T}`, in ten classes of width 0.1.

    Parameters
    ----------
    scores : pandas.DataFrame
        A column for each system, for example scores of ``composite_index``; any index.
    weights : mapping of column to float, optional
        Importance :math:`a_k`, divided by their sum; equal when None.
    form : {"standard", "revised"}

    Returns
    -------
    CouplingCoordination
        Rows with a missing score are missing, with no class.

    Raises
    ------
    PanelError
        If there are fewer than two systems, a score lies outside [0, 1], or none is known.
    ConfigError
        If weights do not name every system, or an option is not known.

    Notes
    -----
    A score of zero gives :math:`C = D = 0` whatever the other systems are. Where that is not
    meant, bring scores to 0.01..1 by ``0.99 * score + 0.01`` first.

    References
    ----------
    Wang, S., Kong, W., Ren, L., Zhi, D. & Dai, B. (2021). Research on misuses and modification of
    coupling coordination degree model in China. Journal of Natural Resources 36(3), 793-810.
    https://doi.org/10.31497/zrzyxb.20210319

    Examples
    --------
    >>> table = coupling_coordination(pd.DataFrame({"digital": [0.4], "green": [0.6]})).table
    >>> table[["coupling", "development", "coordination"]].round(4).iloc[0].to_list()
    [0.9798, 0.5, 0.6999]
    """
    checked_option(form, CouplingForm, name="form")
    values = _checked(scores)
    share = _shares(weights, list(scores.columns))
    known = ~np.isnan(values).any(axis=1)
    coupling = np.full(len(values), np.nan)
    coupling[known] = _standard(values[known]) if form == "standard" else _revised(values[known])
    development = values @ share.to_numpy()
    coordination = np.sqrt(coupling * development)
    # 0.3 may come out as 0.30000000000000004 or 0.29999999999999999; both open class four.
    level = np.clip(np.floor(coordination * 10 + 1e-9) + 1, 1, 10)
    table = pd.DataFrame(
        {
            "coupling": coupling,
            "development": development,
            "coordination": coordination,
            "level": pd.array(np.where(known, level, np.nan), dtype="Int64"),
            "coordination_class": [
                COORDINATION_CLASSES[int(step) - 1] if ok else None
                for step, ok in zip(level, known, strict=True)
            ],
        },
        index=scores.index,
    )
    if values.shape[1] == 2:
        with np.errstate(all="ignore"):
            ratio = values[:, 0] / values[:, 1]
        table["relative_development"] = ratio
        table["pace"] = np.select(
            [ratio < 0.8, ratio <= 1.2, ratio > 1.2], ["lag", "in_step", "lead"], default=""
        )
    return CouplingCoordination(
        table=table,
        weights=share,
        configuration=Configuration(
            function="coupling_coordination",
            options={"systems": list(scores.columns), "weights": share.to_dict(), "form": form},
        ),
    )


def _checked(scores: pd.DataFrame) -> np.ndarray:
    if not isinstance(scores, pd.DataFrame) or scores.shape[1] < 2:
        raise PanelError("Coupling needs a table with a column for each of two or more systems.")
    if not scores.columns.is_unique:
        raise PanelError(f"Systems share a name: {listed(scores.columns)}; give each its own.")
    values = scores.to_numpy(dtype=float)
    outside: np.ndarray = (values < 0) | (values > 1)
    wrong = scores.index[np.flatnonzero(outside.any(axis=1))]
    if len(wrong):
        raise PanelError(
            f"Scores of systems must lie in [0, 1]; {len(wrong)} rows do not: {listed(wrong)}. "
            "Standardise them by min-max first."
        )
    if np.isnan(values).all():
        raise PanelError("All scores are missing.")
    return values


def _shares(weights: Mapping[str, float] | None, systems: list[str]) -> pd.Series:
    if weights is None:
        return pd.Series(1.0 / len(systems), index=pd.Index(systems, name="system"), name="weight")
    if set(weights) != set(systems):
        raise ConfigError(
            f"weights= names {listed(weights)}; it must name every system: {listed(systems)}."
        )
    found = pd.Series({name: float(weights[name]) for name in systems}, name="weight")
    if not (np.isfinite(found).all() and (found >= 0).all() and found.sum() > 0):
        raise ConfigError(f"Weights must be finite, not negative and not all zero: {weights!r}.")
    return (found / found.sum()).rename_axis("system")


def _standard(values: np.ndarray) -> np.ndarray:
    n = values.shape[1]
    total = values.sum(axis=1)
    geometric = np.prod(values ** (1.0 / n), axis=1)
    # Rounding may lift equal systems above one.
    return np.minimum(1.0, n * geometric / np.where(total > 0, total, 1.0))


def _revised(values: np.ndarray) -> np.ndarray:
    n = values.shape[1]
    pairs = list(combinations(range(n), 2))
    gap = sum(np.abs(values[:, i] - values[:, j]) for i, j in pairs) / len(pairs)
    largest = values.max(axis=1, keepdims=True)
    relative = np.prod(values / np.where(largest > 0, largest, 1.0), axis=1)
    return np.sqrt((1.0 - gap) * relative ** (1.0 / (n - 1)))
