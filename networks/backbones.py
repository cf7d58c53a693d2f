"""Backbones: which links of a dense network matter, with the score or p-value of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.types import LinkageNetwork
from spatial.errors import ConfigError
from spatial.options import LinkEnds, LinkSide, RowMeanDivisor, checked_option
from spatial.results import Configuration, Result

MEAN_TOLERANCE = 1e-12
"""Relative slack when a flow is compared with the mean of its row: equal flows must not fall
below their own mean by the rounding of a sum."""


@dataclass(frozen=True)
class Backbone(Result):
    """A thinned network and the score of every link it was chosen from.

    Attributes
    ----------
    network : LinkageNetwork
        The kept links with their flows; all cities, isolates too.
    table : pandas.DataFrame
        A row for each link of the full network: ``origin``, ``destination``, ``flow``, the score
        or ``p_value`` of the method, ``kept``. Undirected pairs appear once.
    method : str
        For example ``"disparity"``.
    configuration : Configuration
    """

    network: LinkageNetwork
    table: pd.DataFrame
    method: str
    configuration: Configuration

    @property
    def n_links(self) -> int:
        """Number of kept links."""
        return int(self.table["kept"].sum())

    @property
    def share_of_links(self) -> float:
        """Share of links kept; NaN for a network without links."""
        return float(self.table["kept"].mean()) if len(self.table) else float("nan")

    @property
    def share_of_flow(self) -> float:
        """Share of the total flow on kept links; NaN for a network without links."""
        total = float(self.table["flow"].sum())
        kept = float(self.table.loc[self.table["kept"], "flow"].sum())
        return kept / total if total > 0 else float("nan")

    @property
    def share_of_cities(self) -> float:
        """Share of cities that keep a link, among those that had one; NaN without links."""
        linked = _linked_cities(self.table)
        kept = _linked_cities(self.table[self.table["kept"]])
        return len(kept) / len(linked) if len(linked) else float("nan")

    def summary(self) -> pd.Series:
        """Return counts and shares of what was kept."""
        return pd.Series(
            {
                "links": len(self.table),
                "links_kept": self.n_links,
                "share_of_links": self.share_of_links,
                "share_of_flow": self.share_of_flow,
                "share_of_cities": self.share_of_cities,
                "isolates": len(self.network.isolates),
            },
            name=self.method,
        )

    def tidy(self) -> pd.DataFrame:
        """Return the table of links, strongest first."""
        return self.table.sort_values(
            ["flow", "origin", "destination"], ascending=[False, True, True], ignore_index=True
        )


def row_mean_backbone(
    network: LinkageNetwork,
    *,
    divisor: RowMeanDivisor = "n-1",
    strict: bool = False,
    ends: LinkEnds = "either",
    side: LinkSide = "send",
) -> Backbone:
    r"""Keep the links that are at least as strong as the mean link of the sending city.

    .. math:: b_{ij} = 1 \text{ if } f_{ij} > 0 \text{ and }
              f_{ij} \ge \frac{1}{n-1} \sum_{k \ne i} f_{ik}

    Parameters
    ----------
    network : LinkageNetwork of n cities
    divisor : {"n-1", "n"}
        The mean of a row is taken over the other cities, or over all cells with the empty diagonal.
    strict : bool
        Ask for more than the mean instead of at least the mean.
    ends : {"either", "both"}
        An undirected pair has two rows: one may be enough, or both are needed.
    side : {"send", "receive"}
        Whose mean decides over a directed link: that of what the origin sends (the row), or that
        of what the destination receives (the column). The backbone by one side is the transpose
        of the backbone of the transpose by the other.

    Returns
    -------
    Backbone
        ``table`` has the columns ``threshold`` (mean of the row; of an undirected pair the one
        that decides) and ``score`` = flow / threshold.

    Notes
    -----
    A row of zeros has mean zero and keeps nothing, since a link must be positive. Unless
    ``strict``, every city that sends keeps at least its strongest link (with ``ends="both"`` in an
    undirected network this no longer holds).
    """
    checked_option(divisor, RowMeanDivisor, name="divisor")
    checked_option(ends, LinkEnds, name="ends")
    checked_option(side, LinkSide, name="side")
    flows = network.flows
    rows, columns = link_ends(flows)
    others = network.n - 1 if divisor == "n-1" else network.n
    means = np.asarray(flows.sum(axis=1 if side == "send" else 0)).ravel() / max(others, 1)
    threshold = means[rows if side == "send" else columns]
    if not network.directed:
        decide = np.minimum if ends == "either" else np.maximum
        threshold = decide(threshold, means[columns])
    if strict:
        kept = flows.data > threshold * (1.0 + MEAN_TOLERANCE)
    else:
        kept = flows.data >= threshold * (1.0 - MEAN_TOLERANCE)
    return assemble_backbone(
        network,
        kept,
        {"threshold": threshold, "score": flows.data / threshold},
        method="row-mean",
        function="row_mean_backbone",
        options={"divisor": divisor, "strict": strict, "ends": ends, "side": side},
        words=f"links {'stronger than' if strict else 'at least as strong as'} the mean of their "
        + ("row" if side == "send" else "column"),
    )


def disparity_backbone(
    network: LinkageNetwork, *, alpha: float = 0.05, ends: LinkEnds = "either"
) -> Backbone:
    r"""Keep the links that carry more of a city's strength than chance would give them.

    .. math:: p_{ij} = (1 - f_{ij}/s_i)^{k_i - 1}

    with strength s and degree k of the city at one end, where chance breaks the strength of a
    city into k random pieces.

    Parameters
    ----------
    network : LinkageNetwork
    alpha : float
        Links with p < alpha are kept, 0 < alpha <= 1.
    ends : {"either", "both"}
        A link has a p-value at either end: as a sent flow of its origin and as a received flow
        of its destination. ``either`` takes the smaller, ``both`` the larger.

    Returns
    -------
    Backbone
        ``table`` has the column ``p_value``.

    Notes
    -----
    The only link of a city has p = 1 at that end, so it is kept on the ground of its other end
    only; the filter may therefore isolate cities, which stay in the network.

    References
    ----------
    Serrano, Boguna and Vespignani (2009), doi:10.1073/pnas.0808904106.
    """
    checked_option(ends, LinkEnds, name="ends")
    checked_alpha(alpha)
    p_value = disparity_p_values(network.flows, ends=ends)
    return assemble_backbone(
        network,
        p_value < alpha,
        {"p_value": p_value},
        method="disparity",
        function="disparity_backbone",
        options={"alpha": alpha, "ends": ends},
        words=f"disparity backbone at {alpha:g}",
    )


def disparity_p_values(flows: sparse.csr_array, *, ends: LinkEnds = "either") -> np.ndarray:
    """Return p-values of the disparity filter for the entries of a matrix of flows.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)
        Positive entries; symmetric when undirected.
    ends : {"either", "both"}

    Returns
    -------
    numpy.ndarray of shape (number of entries,)
        In the order of ``flows.data``.
    """
    n = flows.shape[0]
    rows, columns = link_ends(flows)
    others = [np.bincount(city, minlength=n) - 1 for city in (rows, columns)]
    left = []  # share of the city's strength that is on its other links, at either end
    for city in (rows, columns):
        total = np.bincount(city, weights=flows.data, minlength=n)
        share = flows.data / total[city]
        left.append(np.maximum(np.subtract(1.0, share, out=share), 0.0, out=share))
    choose = np.minimum if ends == "either" else np.maximum
    if all((degree == n - 2).all() for degree in others):
        # A complete network has one exponent, so one power does for both ends.
        return choose(left[0], left[1], out=left[0]) ** (n - 2)
    # 0 ** 0 is 1: the only link of a city has p = 1.
    return choose(left[0] ** others[0][rows], left[1] ** others[1][columns])


def assemble_backbone(
    network: LinkageNetwork,
    kept: np.ndarray,
    columns: Mapping[str, np.ndarray],
    *,
    method: str,
    function: str,
    options: Mapping[str, Any],
    words: str,
    seed: int | None = None,
) -> Backbone:
    """Build the result of a backbone from decisions on the entries of the flow matrix.

    Parameters
    ----------
    network : LinkageNetwork
    kept : numpy.ndarray of bool, one for each entry of ``network.flows``
        Symmetric decisions when the network is undirected.
    columns : mapping of str to numpy.ndarray
        Scores, one for each entry.
    method, function, words : str
        Short name, public function, and what is kept, for configuration and description.
    options : mapping
    seed : int, optional

    Returns
    -------
    Backbone
    """
    rows, receivers = link_ends(network.flows)
    once = np.ones(len(rows), dtype=bool) if network.directed else rows < receivers
    table = pd.DataFrame(
        {
            "origin": network.cities[rows[once]],
            "destination": network.cities[receivers[once]],
            "flow": network.flows.data[once],
            **{name: np.asarray(values)[once] for name, values in columns.items()},
            "kept": kept[once],
        }
    )
    thinned = sparse.csr_array(
        (network.flows.data[kept], (rows[kept], receivers[kept])), shape=network.flows.shape
    )
    description = f"{network.description}; {words}" if network.description else words
    return Backbone(
        replace(
            network,
            flows=thinned,
            description=description,
            parameters={**network.parameters, "backbone": method, **options},
        ),
        table,
        method,
        Configuration(
            function=function, options=dict(options), seed=seed, weights=network.description
        ),
    )


def link_ends(flows: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of the entries of a matrix of flows.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of shape (n, n)

    Returns
    -------
    rows, columns : numpy.ndarray of int, one for each entry
    """
    rows = np.repeat(np.arange(flows.shape[0]), np.diff(flows.indptr))
    return rows, flows.indices


def checked_alpha(alpha: float) -> None:
    """Raise unless a significance level lies in (0, 1].

    Parameters
    ----------
    alpha : float

    Raises
    ------
    ConfigError
    """
    if not 0 < alpha <= 1:
        raise ConfigError(f"alpha={alpha!r}: a significance level lies between 0 and 1.")


def rounded(values: np.ndarray, *, digits: int = 12) -> np.ndarray:
    """Take the last digits off values, so that computed ties are ties.

    Parameters
    ----------
    values : numpy.ndarray
    digits : int
        Digits kept after the first.

    Returns
    -------
    numpy.ndarray
    """
    size = np.where(values == 0, 1.0, np.abs(values))
    unit = 10.0 ** (np.floor(np.log10(size)) - digits)
    return np.round(values / unit) * unit


def _linked_cities(table: pd.DataFrame) -> pd.Index:
    return pd.Index(pd.concat([table["origin"], table["destination"]]).unique())
