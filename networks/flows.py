"""Networks from tables of observed flows: routes, migrants, trains, firm links."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import city_index, type_hint_of_ids
from networks.plausibility import warn_of_costs_as_flows
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, WeightsError, listed
from spatial.options import DuplicateLinks, UnknownCities, UnnamedPlaces, checked_option


def flow_network(
    links: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    *,
    origin: str = "origin",
    destination: str = "destination",
    flow: str = "flow",
    directed: bool = True,
    unknown: UnknownCities = "error",
    duplicates: DuplicateLinks = "error",
    unnamed: UnnamedPlaces = "error",
    unit: str = "",
    year: int | None = None,
    description: str = "",
) -> LinkageNetwork:
    """Build a network from a table of flows, a row for each link.

    Parameters
    ----------
    links : pandas.DataFrame
        A row for each link.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
        All cities, also those without links; a table has the ids as its index.
    origin, destination, flow : str
        Column names: who sends, who receives, how much.
    directed : bool
        If False each pair may be given once, or in both directions with the same value.
    unknown : {"error", "drop"}
        What to do with links that name a city outside ``cities``; dropped ones are counted.
    duplicates : {"error", "sum"}
        What to do with rows of the same origin and destination.
    unnamed : {"error", "drop"}
        What to do with rows without an origin or a destination; dropped ones are counted.
    unit, year
        Carried by the network.
    description : str
        Where the flows come from; what was dropped or summed is added to it.

    Returns
    -------
    LinkageNetwork
        ``inner`` holds flows of cities to themselves. ``parameters`` counts the rows that made no
        link: ``self_links`` and ``self_flow`` (the same in sum), ``unknown_links`` and
        ``unknown_flow``, ``unnamed_links`` and ``unnamed_flow``, ``zero_links``, and
        ``summed_rows``.

    Raises
    ------
    AlignmentError
        If a column is missing, a row names no city, or a link names an unknown city.
    WeightsError
        If flows are negative, missing or infinite; if a pair is given twice; or in two directions
        with different values when undirected.

    Warns
    -----
    LinkageWarning
        If flows grow with the distance of cities with coordinates, as costs do.
    """
    ids = city_index(cities)
    checked_option(unknown, UnknownCities, name="unknown")
    checked_option(duplicates, DuplicateLinks, name="duplicates")
    require_columns(links, (origin, destination, flow))
    sender, receiver, inside = city_positions_of_links(
        links, ids, origin, destination, unknown, unnamed
    )
    values = _checked_flows(links, origin, destination, flow)
    nameless = (links[origin].isna() | links[destination].isna()).to_numpy()
    outside = ~inside & ~nameless
    counts: dict[str, Any] = {
        "unknown_links": int(outside.sum()),
        "unknown_flow": float(values[outside].sum()),
        "unnamed_links": int(nameless.sum()),
        "unnamed_flow": float(values[nameless].sum()),
    }
    own = inside & (sender == receiver)
    counts |= {"self_links": int(own.sum()), "self_flow": float(values[own].sum())}
    used = inside & ~own
    warn_of_costs_as_flows(cities, sender[used], receiver[used], values[used])
    counts["zero_links"] = int((values[used] == 0).sum())
    counts["summed_rows"] = _refuse_or_count_duplicates(
        links.loc[used, [origin, destination]], sender[used], receiver[used], duplicates
    )
    flows = sparse.csr_array(
        (values[used], (sender[used], receiver[used])), shape=(len(ids), len(ids))
    )
    flows.sum_duplicates()
    if not directed:
        flows = _one_value_for_each_pair(flows, ids)
    words = _described(description or f"Flows in column {flow!r}", counts)
    parameters = {"kind": "flows", "flow": flow, **counts}
    inner = _inner_flows(values[own], sender[own], ids)
    return LinkageNetwork(ids, flows, directed, unit, year, words, parameters, inner)


def _inner_flows(values: np.ndarray, city: np.ndarray, ids: pd.Index) -> pd.Series | None:
    """Flows of cities to themselves; None where the table holds none."""
    if not len(values):
        return None
    return pd.Series(np.bincount(city, weights=values, minlength=len(ids)), index=ids)


def require_columns(links: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    """Raise when a link table lacks a column.

    Parameters
    ----------
    links : pandas.DataFrame
    wanted : tuple of str

    Raises
    ------
    AlignmentError
        With the missing columns and those that are there.
    """
    missing = [name for name in wanted if name not in links.columns]
    if missing:
        raise AlignmentError(
            f"The link table lacks columns {listed(missing)}; it has {listed(links.columns)}."
        )


def city_positions_of_links(
    links: pd.DataFrame,
    ids: pd.Index,
    origin: str,
    destination: str,
    unknown: UnknownCities,
    unnamed: UnnamedPlaces = "error",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the cities that links join.

    Parameters
    ----------
    links : pandas.DataFrame of m rows
    ids : pandas.Index of shape (n,)
    origin, destination : str
        Column names.
    unknown : {"error", "drop"}
    unnamed : {"error", "drop"}

    Returns
    -------
    sender, receiver : numpy.ndarray of int, shape (m,)
        Positions in ``ids``, -1 where unknown.
    inside : numpy.ndarray of bool, shape (m,)
        True where both cities are known.

    Raises
    ------
    AlignmentError
        If a row has no origin or destination, or an unknown one, and is not to be dropped.
    """
    checked_option(unnamed, UnnamedPlaces, name="unnamed")
    nameless = (links[origin].isna() | links[destination].isna()).to_numpy()
    if nameless.any() and unnamed == "error":
        raise AlignmentError(
            f"{int(nameless.sum())} links have no origin or no destination, in rows "
            f"{listed(links.index[nameless])}; complete or drop them."
        )
    sender = ids.get_indexer(pd.Index(links[origin]))
    receiver = ids.get_indexer(pd.Index(links[destination]))
    inside = (sender >= 0) & (receiver >= 0)
    # A missing label is no city, even where the study's ids could hold one.
    inside &= ~nameless
    outside = ~inside & ~nameless
    if unknown == "error" and outside.any():
        ends = [links[origin][outside & (sender < 0)], links[destination][outside & (receiver < 0)]]
        strange = pd.Index(pd.concat(ends).unique())
        raise AlignmentError(
            f"{int(outside.sum())} links name {len(strange)} cities that are not in the study: "
            f"{listed(strange)}. Add the cities, or drop these links by unknown='drop'."
            + type_hint_of_ids(strange, ids)
        )
    named = ~nameless
    if named.any() and not inside.any():
        # Dropping every single link is no choice anybody makes; the ids are of another kind.
        strange = pd.Index(pd.unique(links[origin][named]))
        raise AlignmentError(
            f"None of the {int(named.sum())} links joins two cities of the study, so that nothing "
            f"would be left: links name {listed(strange, limit=3)}, the study "
            f"{listed(ids, limit=3)}. Give both the same ids." + type_hint_of_ids(strange, ids)
        )
    return sender, receiver, inside


def _checked_flows(links: pd.DataFrame, origin: str, destination: str, flow: str) -> np.ndarray:
    values = pd.to_numeric(links[flow], errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        pairs = links.loc[bad, [origin, destination]].itertuples(index=False, name=None)
        raise WeightsError(
            f"{int(bad.sum())} flows in column {flow!r} are negative, missing, infinite or not "
            f"numbers: {listed(pairs)}. Flows are strengths, zero or positive; correct or drop "
            "these rows."
        )
    return values


def _refuse_or_count_duplicates(
    pairs: pd.DataFrame, sender: np.ndarray, receiver: np.ndarray, duplicates: DuplicateLinks
) -> int:
    again = pd.MultiIndex.from_arrays([sender, receiver]).duplicated()
    if again.any() and duplicates == "error":
        twice = pairs[again].drop_duplicates()
        raise WeightsError(
            f"{len(twice)} links are given more than once: "
            f"{listed(twice.itertuples(index=False, name=None))}; drop the repeated rows, or add "
            "them up by duplicates='sum'."
        )
    return int(again.sum())


def _one_value_for_each_pair(flows: sparse.csr_array, ids: pd.Index) -> sparse.csr_array:
    back = flows.T.tocsr()
    # An explicit zero is a value too: the pattern of rows, not of positive flows, counts.
    given = sparse.csr_array((np.ones(flows.nnz), flows.indices, flows.indptr), shape=flows.shape)
    both = given.multiply(given.T.tocsr())
    gap = sparse.triu(abs(flows - back).multiply(both), k=1).tocoo()
    gap.eliminate_zeros()
    if gap.nnz:
        pairs = zip(ids[gap.coords[0]], ids[gap.coords[1]], strict=True)
        raise WeightsError(
            f"{gap.nnz} undirected links are given in both directions with different values: "
            f"{listed(pairs)}. Give each pair once, or build a directed network and make it "
            "symmetric by .symmetrised(rule)."
        )
    return flows.maximum(back)


def _described(description: str, counts: dict[str, Any]) -> str:
    remarks = [description]
    if counts["self_links"]:
        remarks.append(
            f"flows of cities to themselves, kept apart: {counts['self_links']} "
            f"(sum {counts['self_flow']:g})"
        )
    if counts["unknown_links"]:
        remarks.append(
            f"links with cities outside the study, dropped: {counts['unknown_links']} "
            f"(sum {counts['unknown_flow']:g})"
        )
    if counts["unnamed_links"]:
        remarks.append(
            f"links without an origin or a destination, dropped: {counts['unnamed_links']} "
            f"(sum {counts['unnamed_flow']:g})"
        )
    if counts["summed_rows"]:
        remarks.append(f"repeated rows, added up: {counts['summed_rows']}")
    return "; ".join(remarks)
