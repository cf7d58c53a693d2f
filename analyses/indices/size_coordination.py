"""Coordination of big and small cities: their means, gaps, and the links between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities, require_unique
from spatial.errors import AlignmentError, ConfigError, PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["BigSmallCoordination", "big_small_coordination"]

ALL_CITIES = "all"
BLOCKS = (("big", "big"), ("big", "small"), ("small", "big"), ("small", "small"))


@dataclass(frozen=True, kw_only=True)
class BigSmallCoordination(Result):
    """Big against small cities, of all cities and inside each cluster.

    Attributes
    ----------
    outcomes : pandas.DataFrame
        Index ``(cluster, outcome)``: ``n_big``, ``n_small``, ``mean_big``, ``mean_small``,
        ``difference`` (big less small) and ``ratio`` (big over small).
    links : pandas.DataFrame
        Index ``(cluster, sender, receiver)``: ``flow``, ``share`` of all flow inside the cluster,
        ``pairs`` of different cities, ``density`` (share of the pairs with a link) and
        ``mean_flow`` of a pair; empty without network.
    configuration : Configuration
    """

    outcomes: pd.DataFrame
    links: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the outcomes."""
        return self.outcomes.copy()


def big_small_coordination(
    outcomes: pd.DataFrame,
    is_big: pd.Series,
    *,
    network: LinkageNetwork | None = None,
    clusters: pd.DataFrame | None = None,
) -> BigSmallCoordination:
    """Compare big with small cities, and see who is linked with whom.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        Index city; a column for each outcome, missing values are left out of the means.
    is_big : pandas.Series of bool
        Same cities, for example ``size_classes(...)`` in the three upper classes.
    network : LinkageNetwork, optional
        Same cities; rows send to columns.
    clusters : pandas.DataFrame, optional
        Table of ``assign_groups``: index city (more than once if in several clusters), column
        ``group``. Cities that are not in it count in the row ``"all"`` only.

    Returns
    -------
    BigSmallCoordination
        Means and ratios are missing where a cluster has no big, or no small city.

    Raises
    ------
    AlignmentError
        If cities differ or repeat, or clusters name cities that are not there.
    PanelError
        If an outcome is no number, or ``is_big`` is not true or false for all.
    ConfigError
        If a cluster is called ``"all"``.

    Examples
    --------
    >>> table = pd.DataFrame({"income": [8.0, 2.0, 4.0]}, index=["A", "b", "c"])
    >>> found = big_small_coordination(table, pd.Series({"A": True, "b": False, "c": False}))
    >>> found.outcomes[["mean_big", "mean_small", "ratio"]].iloc[0].round(2).to_list()
    [8.0, 3.0, 2.67]
    """
    require_unique(outcomes.index, what="outcomes")
    require_same_cities(outcomes.index, is_big.index, left_name="outcomes", right_name="is_big")
    flags = is_big.reindex(outcomes.index)
    if flags.isna().any() or not flags.isin([True, False]).all():
        raise PanelError("is_big= must be true or false for every city.")
    text = [c for c in outcomes if not pd.api.types.is_numeric_dtype(outcomes[c])]
    if text or not outcomes.shape[1]:
        raise PanelError(f"Outcomes must be columns of numbers; these are not: {listed(text)}.")
    big = flags.to_numpy(dtype=bool)
    groups = _members(outcomes.index, clusters)
    means = {
        (name, str(column)): _compared(outcomes[column].to_numpy(float)[rows], big[rows])
        for name, rows in groups.items()
        for column in outcomes
    }
    blocks: dict[tuple[str, str, str], dict[str, float]] = {}
    if network is not None:
        require_same_cities(
            outcomes.index, network.cities, left_name="outcomes", right_name="network"
        )
        order = network.cities.get_indexer(outcomes.index)
        flows = network.flows[order][:, order].tocsr()
        for name, rows in groups.items():
            inside = flows[rows][:, rows].toarray()
            for (sender, receiver), facts in _blocks(inside, big[rows]).items():
                blocks[name, sender, receiver] = facts
    columns = ["flow", "share", "pairs", "density", "mean_flow"]
    links = pd.DataFrame(list(blocks.values()), columns=columns)
    names = ["cluster", "sender", "receiver"]
    links.index = pd.MultiIndex.from_tuples(list(blocks), names=names) if blocks else links.index
    return BigSmallCoordination(
        outcomes=pd.DataFrame(
            list(means.values()),
            index=pd.MultiIndex.from_tuples(list(means), names=["cluster", "outcome"]),
        ),
        links=links,
        configuration=Configuration(
            function="big_small_coordination",
            options={"outcomes": [str(c) for c in outcomes], "n_big": int(big.sum())},
            weights="" if network is None else network.description,
        ),
    )


def _members(cities: pd.Index, clusters: pd.DataFrame | None) -> dict[str, np.ndarray]:
    """Places of the cities of every cluster, all cities first."""
    groups = {ALL_CITIES: np.arange(len(cities))}
    if clusters is None:
        return groups
    if "group" not in clusters.columns:
        raise PanelError("clusters= needs the column 'group'; pass the table of assign_groups.")
    odd = clusters.index.difference(cities)
    if len(odd):
        raise AlignmentError(f"Clusters name cities that are not in the outcomes: {listed(odd)}.")
    if (clusters["group"] == ALL_CITIES).any():
        raise ConfigError("A cluster is called 'all', which stands for all cities; rename it.")
    for name, rows in clusters.groupby("group", sort=True):
        groups[str(name)] = np.sort(cities.get_indexer(rows.index.unique()))
    return groups


def _compared(values: np.ndarray, big: np.ndarray) -> dict[str, float]:
    known = np.isfinite(values)
    upper, lower = values[known & big], values[known & ~big]
    high = float(upper.mean()) if len(upper) else float("nan")
    low = float(lower.mean()) if len(lower) else float("nan")
    return {
        "n_big": len(upper),
        "n_small": len(lower),
        "mean_big": high,
        "mean_small": low,
        "difference": high - low,
        "ratio": high / low if low > 0 else float("nan"),
    }


def _blocks(flows: np.ndarray, big: np.ndarray) -> dict[tuple[str, str], dict[str, float]]:
    total = float(flows.sum())
    sides = {"big": np.flatnonzero(big), "small": np.flatnonzero(~big)}
    found = {}
    for sender, receiver in BLOCKS:
        part = flows[np.ix_(sides[sender], sides[receiver])]
        pairs = part.size - (len(part) if sender == receiver else 0)
        flow = float(part.sum())
        found[sender, receiver] = {
            "flow": flow,
            "share": flow / total if total > 0 else float("nan"),
            "pairs": pairs,
            "density": np.count_nonzero(part) / pairs if pairs else float("nan"),
            "mean_flow": flow / pairs if pairs else float("nan"),
        }
    return found
