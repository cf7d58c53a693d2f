"""Networks of ownership: headquarters and branches, directly or through chains of firms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import city_index, type_hint_of_ids
from networks.flows import require_columns
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, ConfigError, WeightsError, listed
from spatial.options import (
    OwnershipChains,
    OwnershipStrength,
    UnknownCities,
    UnnamedPlaces,
    checked_option,
)

ROUNDING = 1e-9
"""Shares of one firm may sum to 1 and this much more: rounded percentages of many owners."""

NEGLIGIBLE = 1e-14
"""Shares that come after so many steps of a cross-holding end the sum."""

MOST_STEPS = 100_000


def ownership_network(
    stakes: pd.DataFrame,
    firms: pd.Series,
    cities: pd.DataFrame | pd.Index,
    *,
    owner: str = "owner",
    owned: str = "owned",
    share: str | None = None,
    strength: OwnershipStrength = "count",
    chains: OwnershipChains = "direct",
    least_share: float = 0.0,
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "error",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link the cities of owners to the cities of the firms they own.

    .. math:: f_{ij} = \sum_{u \in i} \sum_{v \in j} y_{uv}

    with y_uv 1 (or the share) where firm u owns firm v.

    Parameters
    ----------
    stakes : pandas.DataFrame
        A row for each owner and owned firm, given once. A table that holds cities of headquarters
        and branches already is for ``flow_network(..., duplicates="sum")``.
    firms : pandas.Series
        City of each firm; index: firms.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    owner, owned : str
        Column names.
    share : str, optional
        Column of shares between 0 and 1 (50 per cent is 0.5).
    strength : {"count", "share"}
        y: pairs of firms, or shares.
    chains : {"direct", "cumulated", "ultimate"}
        ``direct``: the stakes as they are. ``cumulated``: every owner and every firm below it,
        through chains of any length; pairs count once, and shares are multiplied along a chain and
        added over chains, without turning through the owner itself:
        :math:`y_{uv} = a_{uv} + \sum_{w \ne u} y_{uw} a_{wv}`. ``ultimate``: the same, only for
        owners that nobody owns.
    least_share : float
        Stakes below it are left out first (0.5: control alone).
    unknown : {"error", "drop"}
        Firms of cities outside the study; their links are dropped and counted, their place in
        chains stays.
    unnamed : {"error", "drop"}
        Firms without a city; likewise.
    year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Directed, from owners to owned: what a city sends is its power, what it receives its
        prestige. ``inner`` holds ties inside a city. ``parameters`` counts ties left out.

    Raises
    ------
    AlignmentError
        If columns or cities are missing.
    WeightsError
        If stakes are given twice, a firm owns itself, shares are out of range or exceed one, or
        firms own each other entirely.

    References
    ----------
    Alderson and Beckfield (2004), Power and position in the world city system, American Journal of
    Sociology. Rozenblat (2010), Opening the black box of agglomeration economies for measuring
    cities' competitiveness through international firm networks, Urban Studies.
    Vitali, Glattfelder and Battiston (2011), The network of global corporate control, PLoS ONE, for
    shares through chains.
    """
    ids = city_index(cities)
    checked_option(strength, OwnershipStrength, name="strength")
    checked_option(chains, OwnershipChains, name="chains")
    checked_option(unknown, UnknownCities, name="unknown")
    checked_option(unnamed, UnnamedPlaces, name="unnamed")
    names, table, left_out = _stakes(stakes, owner, owned, share, least_share, strength)
    ties = _ties(table, names, strength, chains)
    placed, position = _places(names, firms, ids, unknown, unnamed)
    counts = _unplaced(ties, placed, position)
    where = np.flatnonzero(position >= 0)
    at = sparse.csr_array(
        (np.ones(len(where)), (position[where], where)), shape=(len(ids), len(names))
    )
    flows = sparse.csr_array(at @ ties @ at.T)
    inner = pd.Series(flows.diagonal(), index=ids)
    flows.setdiag(0.0)
    parameters: dict[str, Any] = {
        "kind": "ownership",
        "strength": strength,
        "chains": chains,
        "firms": len(names),
        "stakes": len(stakes),
        "stakes_below_least_share": left_out,
        "self_flow": float(inner.sum()),
        **counts,
    }
    words = [
        f"Ownership of {len(names)} firms, {chains}, "
        f"{'pairs of firms' if strength == 'count' else 'shares'}",
        f"inside cities, kept apart: {inner.sum():g}",
    ]
    if left_out:
        words.append(f"stakes below {least_share:g}, left out: {left_out}")
    for key, what in (("unnamed_flow", "without a city"), ("unknown_flow", "outside the study")):
        if counts[key]:
            words.append(f"ties with firms {what}, dropped: {counts[key]:g}")
    unit = "owned firms" if strength == "count" else "shares"
    return LinkageNetwork(ids, flows, True, unit, year, "; ".join(words), parameters, inner)


def _stakes(
    stakes: pd.DataFrame,
    owner: str,
    owned: str,
    share: str | None,
    least_share: float,
    strength: OwnershipStrength,
) -> tuple[pd.Index, sparse.csr_array, int]:
    """Firms, the table of shares (or ones) between them, and how many stakes are too small."""
    if share is None and (strength == "share" or least_share > 0):
        raise ConfigError("strength='share' and least_share= need the column of shares, share=.")
    if not 0.0 <= least_share <= 1.0:
        raise ConfigError(f"least_share={least_share!r} must lie between 0 and 1.")
    require_columns(stakes, (owner, owned) if share is None else (owner, owned, share))
    nameless = (stakes[owner].isna() | stakes[owned].isna()).to_numpy()
    if nameless.any():
        raise AlignmentError(
            f"{int(nameless.sum())} stakes have no owner or no owned firm, in rows "
            f"{listed(stakes.index[nameless])}; complete or drop them."
        )
    pairs = list(stakes[[owner, owned]].itertuples(index=False, name=None))
    _refuse(stakes.duplicated([owner, owned]).to_numpy(), pairs, "are given twice; add them up")
    _refuse(
        (stakes[owner] == stakes[owned]).to_numpy(), pairs, "are of firms in themselves; drop them"
    )
    values = np.ones(len(stakes))
    if share is not None:
        values = pd.to_numeric(stakes[share], errors="coerce").to_numpy(dtype=float)
        wrong = ~np.isfinite(values) | (values < 0) | (values > 1.0 + ROUNDING)
        _refuse(wrong, pairs, "are no shares between 0 and 1 (per cent: divide by 100)")
    kept = (values >= least_share) & (values > 0)
    number, names = pd.factorize(np.concatenate([stakes[owner], stakes[owned]]))
    rows, columns = number[: len(stakes)], number[len(stakes) :]
    size = (len(names), len(names))
    table = sparse.csr_array((values[kept], (rows[kept], columns[kept])), shape=size)
    index = pd.Index(names)
    if share is not None:
        over = np.asarray(table.sum(axis=0)).ravel() > 1.0 + ROUNDING * 1e3
        if over.any():
            raise WeightsError(
                f"Firms {listed(index[over])} are owned for more than the whole; correct their "
                "shares."
            )
    return index, table, int((~kept).sum())


def _refuse(wrong: np.ndarray, pairs: list[tuple[Any, ...]], what: str) -> None:
    if wrong.any():
        bad = [pairs[number] for number in np.flatnonzero(wrong)]
        raise WeightsError(f"{len(bad)} stakes {what}: {listed(bad)}.")


def _ties(
    table: sparse.csr_array, names: pd.Index, strength: OwnershipStrength, chains: OwnershipChains
) -> sparse.csr_array:
    held = table if strength == "share" else _ones(table)
    if chains == "direct":
        return held
    below = _reached(held) if strength == "count" else _integrated(held, names)
    below.setdiag(0.0)
    below.eliminate_zeros()
    if chains == "cumulated":
        return below
    free = np.asarray(_ones(table).sum(axis=0)).ravel() == 0
    return sparse.csr_array(sparse.diags_array(free.astype(float)) @ below)


def _ones(table: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((np.ones(table.nnz), table.indices, table.indptr), shape=table.shape)


def _reached(held: sparse.csr_array) -> sparse.csr_array:
    """Firms that are reached by chains of any length, each counted once."""
    reached, front = held, held
    while front.nnz:
        further = _ones(sparse.csr_array(front @ held))
        front = sparse.csr_array(further - further.multiply(reached))
        front.eliminate_zeros()
        reached = _ones(sparse.csr_array(reached + front))
    return sparse.csr_array(reached)


def _integrated(held: sparse.csr_array, names: pd.Index) -> sparse.csr_array:
    r"""Shares through chains: rows of :math:`A (I - A)^{-1}` over the diagonal of its inverse."""
    turns = np.ones(len(names))
    n_groups, group = sparse.csgraph.connected_components(held, connection="strong")
    sizes = np.bincount(group, minlength=n_groups)
    for number in np.flatnonzero(sizes > 1):
        members = np.flatnonzero(group == number)
        inside = held[members][:, members].toarray()
        # Only ways inside the group of cross-holdings lead back to a firm.
        if inside.sum(axis=0).min() >= 1.0 - ROUNDING:
            raise WeightsError(
                f"Firms {listed(names[members])} own each other entirely, so that nobody owns "
                "them; correct these shares."
            )
        turns[members] = np.diag(np.linalg.inv(np.eye(len(members)) - inside))
    total, step = held, held
    for _ in range(MOST_STEPS):
        step = sparse.csr_array(step @ held)
        step.data[step.data < NEGLIGIBLE] = 0.0
        step.eliminate_zeros()
        if not step.nnz:
            return sparse.csr_array(sparse.diags_array(1.0 / turns) @ total)
        total = total + step
    raise WeightsError(
        "Shares through chains do not settle: some firms own each other almost entirely; correct "
        "these shares, or take least_share= or strength='count'."
    )


def _places(
    names: pd.Index,
    firms: pd.Series,
    ids: pd.Index,
    unknown: UnknownCities,
    unnamed: UnnamedPlaces,
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each firm has a city, and its position in the study (-1: none)."""
    if not firms.index.is_unique:
        twice = firms.index[firms.index.duplicated()].unique()
        raise AlignmentError(f"Firms {listed(twice)} have more than one city; keep one for each.")
    city = firms.reindex(names)
    placed = city.notna().to_numpy()
    if unnamed == "error" and not placed.all():
        raise AlignmentError(
            f"{int((~placed).sum())} of {len(names)} firms have no city: {listed(names[~placed])}; "
            "add them to firms, or drop and count their ties by unnamed='drop'."
        )
    position = np.where(placed, ids.get_indexer(pd.Index(city)), -1)
    strange = placed & (position < 0)
    if unknown == "error" and strange.any():
        found = pd.Index(city[strange].unique())
        raise AlignmentError(
            f"{int(strange.sum())} firms are in {len(found)} cities that are not in the study: "
            f"{listed(found)}. Add the cities, or drop and count their ties by unknown='drop'."
            + type_hint_of_ids(found, ids)
        )
    return placed, position


def _unplaced(
    ties: sparse.csr_array, placed: np.ndarray, position: np.ndarray
) -> dict[str, int | float]:
    coo = ties.tocoo()
    rows, columns = coo.coords
    nameless = ~(placed[rows] & placed[columns])
    outside = ~nameless & ((position[rows] < 0) | (position[columns] < 0))
    return {
        "unnamed_firms": int((~placed).sum()),
        "unnamed_flow": float(coo.data[nameless].sum()),
        "unknown_firms": int((placed & (position < 0)).sum()),
        "unknown_flow": float(coo.data[outside].sum()),
    }
