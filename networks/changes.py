"""What changed between two networks of the same cities: links, flows, and their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities
from spatial.errors import WeightsError
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class NetworkChange(Result):
    """Change between two networks of the same cities.

    Attributes
    ----------
    links : pandas.DataFrame
        A row for each link of either network (undirected pairs once): ``origin``,
        ``destination``, ``flow_before``, ``flow_after``, ``difference``, ``ratio`` (NaN where there
        was no link) and ``change``: ``"kept"``, ``"appeared"`` or ``"vanished"``.
    cities : pandas.DataFrame of shape (n, 6)
        ``sent_before``, ``sent_after``, ``sent_change`` and the same of ``received``.
    kept, appeared, vanished : int
        Links.
    jaccard : float
        kept / (kept + appeared + vanished); NaN where neither network has links.
    correlation : float
        Pearson's r of flows over all pairs of cities, those without a link included.
    flow_before, flow_after : float
        Total flows.
    before, after : int or None
        Years.
    configuration : Configuration
    """

    links: pd.DataFrame
    cities: pd.DataFrame
    kept: int
    appeared: int
    vanished: int
    jaccard: float
    correlation: float
    flow_before: float
    flow_after: float
    before: int | None
    after: int | None
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return one row: links kept, appeared and vanished, overlap, correlation, flows."""
        names = ("kept", "appeared", "vanished", "jaccard", "correlation")
        row = {name: getattr(self, name) for name in names}
        row |= {"flow_before": self.flow_before, "flow_after": self.flow_after}
        index = pd.MultiIndex.from_tuples([(self.before, self.after)], names=["before", "after"])
        return pd.DataFrame([row], index=index)


def network_change(before: LinkageNetwork, after: LinkageNetwork) -> NetworkChange:
    """Compare two networks of the same cities, link by link.

    Parameters
    ----------
    before, after : LinkageNetwork
        The same cities in whatever order, both directed or both not, in one unit.

    Returns
    -------
    NetworkChange

    Raises
    ------
    AlignmentError
        If the cities differ.
    WeightsError
        If direction or unit differ.
    """
    require_same_cities(
        after.cities, before.cities, left_name="the later network", right_name="the earlier one"
    )
    if before.directed != after.directed or before.unit != after.unit:
        raise WeightsError(
            f"The earlier network is directed={before.directed} in {before.unit!r}, the later one "
            f"directed={after.directed} in {after.unit!r}; bring them to one kind and one unit."
        )
    later = after.reordered(before.cities)
    links = _links_of_both(before, later)
    counts = links["change"].value_counts()
    kept, appeared, vanished = (
        int(counts.get(word, 0)) for word in ("kept", "appeared", "vanished")
    )
    cities = pd.DataFrame(index=before.cities)
    for side in ("sent", "received"):
        cities[f"{side}_before"] = getattr(before, side)
        cities[f"{side}_after"] = getattr(later, side)
        cities[f"{side}_change"] = cities[f"{side}_after"] - cities[f"{side}_before"]
    return NetworkChange(
        links=links,
        cities=cities,
        kept=kept,
        appeared=appeared,
        vanished=vanished,
        jaccard=kept / len(links) if len(links) else float("nan"),
        correlation=flow_correlation(before, later),
        flow_before=before.total_flow,
        flow_after=later.total_flow,
        before=before.year,
        after=after.year,
        configuration=Configuration(
            function="network_change",
            options={"before": before.year, "after": after.year},
            weights=f"{before.description} | {after.description}",
        ),
    )


def flow_correlation(one: LinkageNetwork, other: LinkageNetwork) -> float:
    """Return Pearson's r of flows over all ordered pairs of different cities.

    Parameters
    ----------
    one, other : LinkageNetwork
        The same cities in the same order.

    Returns
    -------
    float
        NaN where a network has the same flow in all pairs. Memory grows with links, not cells.
    """
    cells = one.n * (one.n - 1)
    if cells < 2:
        return float("nan")
    x, y = one.flows, other.flows
    mean_x, mean_y = float(x.data.sum()) / cells, float(y.data.sum()) / cells
    product = float(x.multiply(y).sum()) - cells * mean_x * mean_y
    # Squares around the mean, absent links apart: no difference of large sums.
    square_x = float(((x.data - mean_x) ** 2).sum()) + (cells - x.nnz) * mean_x**2
    square_y = float(((y.data - mean_y) ** 2).sum()) + (cells - y.nnz) * mean_y**2
    if _is_constant(x, cells) or _is_constant(y, cells):
        return float("nan")
    return float(np.clip(product / np.sqrt(square_x * square_y), -1.0, 1.0))


def _is_constant(flows: sparse.csr_array, cells: int) -> bool:
    if flows.nnz not in (0, cells):
        return False
    return flows.nnz == 0 or bool(flows.data.min() == flows.data.max())


def _links_of_both(before: LinkageNetwork, after: LinkageNetwork) -> pd.DataFrame:
    either = sparse.csr_array(before.binary().flows + after.binary().flows)
    if not before.directed:
        either = sparse.csr_array(sparse.triu(either, k=1))
    rows, columns = either.tocoo().coords
    first = np.asarray(before.flows[rows, columns]).ravel() if len(rows) else np.zeros(0)
    second = np.asarray(after.flows[rows, columns]).ravel() if len(rows) else np.zeros(0)
    word = np.where(first == 0, "appeared", np.where(second == 0, "vanished", "kept"))
    ratio = np.divide(second, first, out=np.full(len(first), np.nan), where=first > 0)
    return pd.DataFrame(
        {
            "origin": before.cities[rows],
            "destination": before.cities[columns],
            "flow_before": first,
            "flow_after": second,
            "difference": second - first,
            "ratio": ratio,
            "change": word.astype(object),
        }
    )
