"""Backbones side by side, and how a network thins out as a threshold rises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph
from scipy.stats import rankdata

from networks.backbones import Backbone
from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class BackboneComparison(Result):
    """How much different backbones keep, and how much they agree.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each backbone: ``links``, ``share_of_links``, ``share_of_flow``,
        ``share_of_cities``, ``density``, ``components`` (isolates apart), ``largest_component``
        (share of all cities), ``isolates``, ``reachability`` (share of ordered pairs of cities
        joined by a path), ``strength_correlation`` (Spearman's, of the strengths of cities in the
        backbone and in the full network; NaN where either does not vary).
    jaccard : pandas.DataFrame
        Links in common over links in either, for each two backbones; NaN when both are empty.
    configuration : Configuration
    """

    table: pd.DataFrame
    jaccard: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each backbone."""
        return self.table.copy()


def compare_backbones(backbones: Mapping[str, Backbone]) -> BackboneComparison:
    """Put backbones of the same cities side by side.

    Parameters
    ----------
    backbones : mapping of str to Backbone

    Returns
    -------
    BackboneComparison

    Raises
    ------
    ConfigError
        If there is none.
    AlignmentError
        If they are of different cities.
    """
    if not backbones:
        raise ConfigError("There is no backbone to compare; give a mapping of name to backbone.")
    names = list(backbones)
    first = backbones[names[0]].network
    for name in names[1:]:
        require_same_cities(
            backbones[name].network.cities, first.cities, left_name=name, right_name=names[0]
        )
    patterns = [
        (backbones[name].network.reordered(first.cities).flows > 0).astype(float) for name in names
    ]
    jaccard = np.full((len(names), len(names)), np.nan)
    for one, left in enumerate(patterns):
        for other, right in enumerate(patterns):
            common = left.multiply(right).nnz
            either = left.nnz + right.nnz - common
            jaccard[one, other] = common / either if either else np.nan
    return BackboneComparison(
        pd.DataFrame([_profile(backbones[name]) for name in names], index=pd.Index(names)),
        pd.DataFrame(jaccard, index=pd.Index(names), columns=pd.Index(names)),
        Configuration(
            function="compare_backbones",
            options={name: dict(backbones[name].configuration.options) for name in names},
            weights=backbones[names[0]].configuration.weights,
        ),
    )


def threshold_sweep(
    network: LinkageNetwork,
    rule: Callable[[LinkageNetwork, float], Backbone],
    values: Iterable[float],
) -> pd.DataFrame:
    """Thin a network by one rule at several values of its parameter.

    Parameters
    ----------
    network : LinkageNetwork
    rule : callable
        For example ``lambda network, alpha: disparity_backbone(network, alpha=alpha)``.
    values : iterable of float

    Returns
    -------
    pandas.DataFrame
        Index ``value``; columns as ``BackboneComparison.table``. Results of a thresholded network
        depend on the threshold: this is the table that shows how much.
    """
    steps = list(values)
    if not steps:
        raise ConfigError("values is empty: give the values of the parameter to try.")
    profiles = [_profile(rule(network, value)) for value in steps]
    return pd.DataFrame(profiles, index=pd.Index(steps, name="value"))


def _profile(backbone: Backbone) -> dict[str, float]:
    network = backbone.network
    _, member = csgraph.connected_components(network.flows, directed=True, connection="weak")
    sizes = np.bincount(member, minlength=1)
    pairs = network.n * (network.n - 1)
    return {
        "links": backbone.n_links,
        "share_of_links": backbone.share_of_links,
        "share_of_flow": backbone.share_of_flow,
        "share_of_cities": backbone.share_of_cities,
        "density": network.flows.nnz / pairs if pairs else float("nan"),
        "components": int((sizes > 1).sum()),
        "largest_component": float(sizes.max() / max(network.n, 1)),
        "isolates": len(network.isolates),
        "reachability": _reachability(network) / pairs if pairs else float("nan"),
        "strength_correlation": _strength_correlation(backbone),
    }


def _reachability(network: LinkageNetwork) -> float:
    """Ordered pairs of different cities joined by a path."""
    links = network.flows
    count, component = csgraph.connected_components(links, directed=True, connection="strong")
    sizes = np.bincount(component, minlength=count).astype(float)
    rows, columns = links.tocoo().coords
    between = sparse.csr_array(
        (np.ones(len(rows)), (component[rows], component[columns])), shape=(count, count)
    )
    reached = 0.0
    for start in range(count):
        found = csgraph.breadth_first_order(between, start, return_predecessors=False)
        reached += sizes[start] * (sizes[found].sum() - 1.0)
    return reached


def _strength_correlation(backbone: Backbone) -> float:
    table, cities = backbone.table, backbone.network.cities
    strengths = []
    for links in (table, table[table["kept"]]):
        ends = [links.groupby(end)["flow"].sum() for end in ("origin", "destination")]
        strengths.append(sum(end.reindex(cities, fill_value=0.0).to_numpy() for end in ends))
    if not all(len(np.unique(strength)) > 1 for strength in strengths):
        return float("nan")
    return float(np.corrcoef(rankdata(strengths[0]), rankdata(strengths[1]))[0, 1])
