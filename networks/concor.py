"""Blocks of cities with alike linkages (CONCOR), their densities, image and roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.types import LinkageNetwork
from spatial.alignment import aligned_series, require_same_cities
from spatial.errors import ConfigError, EstimationError
from spatial.options import ConcorDiagonal, checked_option
from spatial.results import Configuration, Result

CONVERGED = 1e-7
"""Correlations this close to one in size have settled."""

MOST_ROUNDS = 200
"""Correlations settle in some ten rounds; a tie that never does is split as it stands."""


@dataclass(frozen=True)
class BlockModel(Result):
    """Blocks of cities and the linkages within and between them.

    Attributes
    ----------
    membership : pandas.Series of int
        Block of each city, 1, 2, ...; cities without any link form a block of their own, the last.
    links : pandas.DataFrame of shape (blocks, blocks)
        Numbers of links, row block to column block.
    density : pandas.DataFrame of shape (blocks, blocks)
        Links over possible links; NaN within a block of one city.
    image : pandas.DataFrame of shape (blocks, blocks)
        1 where the density reaches that of the whole network, else 0.
    roles : pandas.DataFrame
        A row for each block: ``cities``, ``internal`` (links within), ``sent`` and ``received``
        (to and from other blocks), ``expected_internal_share``, ``internal_share``, ``role``,
        ``reason`` (the numbers that decide, in words).
    overall_density : float
    r_squared : float
        Squared correlation of the links with the densities of their blocks.
    configuration : Configuration
    """

    membership: pd.Series
    links: pd.DataFrame
    density: pd.DataFrame
    image: pd.DataFrame
    roles: pd.DataFrame
    overall_density: float
    r_squared: float
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table of blocks with their roles."""
        return self.roles.copy()


def concor(
    network: LinkageNetwork | Sequence[LinkageNetwork],
    *,
    splits: int = 2,
    diagonal: ConcorDiagonal = "exclude",
    margin: float = 0.1,
) -> BlockModel:
    """Split cities into blocks by the convergence of iterated correlations.

    The profile of a city is what it sends to and receives from everybody. Profiles are
    correlated, the columns of the correlations are correlated again, and so on until all are 1 or
    -1, which splits the cities in two; each part is split again.

    Parameters
    ----------
    network : LinkageNetwork or sequence of LinkageNetwork
        Flows are used as they are: take ``network.binary()`` for links only. Several networks of
        the same cities are stacked; densities and roles are those of the first.
    splits : int
        Depth: 2 gives at most four blocks, 3 at most eight.
    diagonal : {"exclude", "mean", "zero"}
        The link of a city with itself: left out when its profile is compared with another, or
        filled with the mean of its links, or with zero.
    margin : float
        See ``block_model``.

    Returns
    -------
    BlockModel
        Blocks in the order of the splits, the larger part first.

    Raises
    ------
    ConfigError
        If the depth is not positive or there is no network.
    EstimationError
        If fewer than two cities have links.
    AlignmentError
        If networks are of different cities.

    Notes
    -----
    A profile without variation has no correlation; 0 is put in its place. A part in which no
    profile varies is not split further. Cities are sorted by label first, so their order does not
    matter.

    References
    ----------
    Breiger, Boorman and Arabie (1975), doi:10.1016/0022-2496(75)90028-0.
    """
    checked_option(diagonal, ConcorDiagonal, name="diagonal")
    if splits < 1:
        raise ConfigError(f"splits={splits!r}: at least one split is needed.")
    layers = [network] if isinstance(network, LinkageNetwork) else list(network)
    if not layers:
        raise ConfigError("There is no network to split.")
    first = layers[0]
    for layer in layers[1:]:
        require_same_cities(
            layer.cities, first.cities, left_name="a further network", right_name="the first"
        )
    ids = first.cities[np.argsort(first.cities.astype(str).to_numpy(), kind="stable")]
    matrices = [layer.reordered(ids).flows.toarray() for layer in layers]
    linked = np.flatnonzero(sum(matrix.sum(axis=0) + matrix.sum(axis=1) for matrix in matrices))
    if len(linked) < 2:
        raise EstimationError(f"Only {len(linked)} cities have links; there is nothing to split.")
    profiles = _profiles(matrices, diagonal)
    parts = [linked]
    for _ in range(splits):
        parts = [half for part in parts for half in _halves(profiles, part)]
    alone = np.setdiff1d(np.arange(len(ids)), linked)
    if len(alone):
        parts.append(alone)
    blocks = pd.Series(0, index=ids, name="block")
    for number, part in enumerate(parts, start=1):
        blocks.iloc[part] = number
    found = block_model(first, blocks.reindex(first.cities), margin=margin)
    options = {"splits": splits, "diagonal": diagonal, "margin": margin, "networks": len(layers)}
    return BlockModel(
        found.membership,
        found.links,
        found.density,
        found.image,
        found.roles,
        found.overall_density,
        found.r_squared,
        Configuration(function="concor", options=options, weights=first.description),
    )


def block_model(
    network: LinkageNetwork, membership: pd.Series, *, margin: float = 0.1
) -> BlockModel:
    r"""Describe the linkages within and between given blocks.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Links count whatever their strength; undirected pairs count in both directions.
    membership : pandas.Series of int, shape (n,)
        Block of each city, matched by label.
    margin : float
        A block with few internal links is a net sender if it sends more than (1 + margin) times
        what it receives, else a broker.

    Returns
    -------
    BlockModel

    Notes
    -----
    With n_k cities in block k, its internal share is links within over all links sent, and
    (n_k - 1) / (n - 1) is expected.

    ======================  ===========================  ==============================
    internal share          receives more than it sends  otherwise
    ======================  ===========================  ==============================
    at least as expected    net beneficiary              bidirectional spillover
    less than expected      broker                       net spillover (beyond margin)
    ======================  ===========================  ==============================

    References
    ----------
    Burt (1976), doi:10.2307/2577097; Wasserman and Faust (1994), Social Network Analysis.
    """
    if not (np.isfinite(margin) and margin >= 0):
        raise ConfigError(f"margin={margin!r}: the margin is zero or positive.")
    numbers = aligned_series(membership, network.cities, what="membership").astype(int)
    labels, codes = np.unique(numbers.to_numpy(), return_inverse=True)
    names = pd.Index(labels, name="block")
    size = np.bincount(codes)
    rows, columns = network.flows.tocoo().coords
    links = np.zeros((len(labels), len(labels)))
    np.add.at(links, (codes[rows], codes[columns]), 1.0)
    possible = np.outer(size, size) - np.diag(size)
    density = np.divide(links, possible, out=np.full(links.shape, np.nan), where=possible > 0)
    n = network.n
    overall = len(rows) / (n * (n - 1)) if n > 1 else float("nan")
    image = (np.nan_to_num(density) >= overall) & (links > 0)
    return BlockModel(
        numbers.rename("block"),
        pd.DataFrame(links.astype(int), names, names),
        pd.DataFrame(density, names, names),
        pd.DataFrame(image.astype(int), names, names),
        _roles(links, size, n, margin, names),
        overall,
        _fit(links, possible),
        Configuration(
            function="block_model", options={"margin": margin}, weights=network.description
        ),
    )


def _profiles(matrices: list[np.ndarray], diagonal: ConcorDiagonal) -> np.ndarray:
    """Columns of what cities receive and send, one layer under the other."""
    layers = []
    for matrix in matrices:
        for seen in (matrix, matrix.T):
            column = seen.copy()
            if diagonal == "mean":
                np.fill_diagonal(column, seen.sum(axis=0) / max(len(seen) - 1, 1))
            elif diagonal == "exclude":
                np.fill_diagonal(column, np.nan)
            layers.append(column)
    return np.vstack(layers)


def _halves(profiles: np.ndarray, part: np.ndarray) -> list[np.ndarray]:
    """Split one part in two; the larger half first, then that with the first label."""
    columns = profiles[:, part]
    spread = np.nanmax(columns, axis=0) - np.nanmin(columns, axis=0)
    if len(part) < 2 or (spread == 0).all():
        return [part]
    correlation = _correlated(columns)
    for _ in range(MOST_ROUNDS):
        if (np.abs(correlation) > 1.0 - CONVERGED).all():
            break
        correlation = _correlated(correlation)
    together = correlation[:, 0] > 0
    if together.all() or not together.any():
        return [part]
    halves = [part[together], part[~together]]
    return sorted(halves, key=lambda half: (-len(half), half[0]))


def _correlated(columns: np.ndarray) -> np.ndarray:
    """Correlate columns over the rows that both know; 0 where one does not vary there."""
    known = np.isfinite(columns)
    centred = np.where(known, columns - np.nanmean(columns, axis=0), 0.0)
    known_ones = known.astype(float)
    count = known_ones.T @ known_ones
    sums, squares = centred.T @ known_ones, (centred**2).T @ known_ones
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = centred.T @ centred - sums * sums.T / count
        spread = squares - sums**2 / count
        varied = (spread > 1e-12 * squares) & (spread.T > 1e-12 * squares.T)
        correlation = np.where(varied, covariance / np.sqrt(spread * spread.T), 0.0)
    np.fill_diagonal(correlation, 1.0)
    return np.clip(correlation, -1.0, 1.0)


def _fit(links: np.ndarray, possible: np.ndarray) -> float:
    """Squared correlation of links with block densities: between over total sum of squares."""
    count, total = possible.sum(), links.sum()
    if count == 0 or total in (0, count):
        return float("nan")
    squares = np.divide(links**2, possible, out=np.zeros(links.shape), where=possible > 0).sum()
    mean = total / count
    return float((squares - count * mean**2) / (total - count * mean**2))


def _roles(
    links: np.ndarray, size: np.ndarray, n: int, margin: float, names: pd.Index
) -> pd.DataFrame:
    internal = np.diag(links)
    sent = links.sum(axis=1) - internal
    received = links.sum(axis=0) - internal
    expected = (size - 1) / max(n - 1, 1)
    share = np.divide(
        internal, internal + sent, out=np.full(len(size), np.nan), where=internal + sent > 0
    )
    decided = [
        _role(*numbers, margin=margin)
        for numbers in zip(share, expected, sent, received, strict=True)
    ]
    return pd.DataFrame(
        {
            "cities": size,
            "internal": internal.astype(int),
            "sent": sent.astype(int),
            "received": received.astype(int),
            "expected_internal_share": expected,
            "internal_share": share,
            "role": [role for role, _ in decided],
            "reason": [reason for _, reason in decided],
        },
        index=names,
    )


def _role(
    share: float, expected: float, sent: float, received: float, *, margin: float
) -> tuple[str, str]:
    traffic = f"receives {received:.0f} and sends {sent:.0f} links outside"
    if np.isnan(share):
        if received == 0:
            return "isolated", "sends and receives no link"
        return "net beneficiary", f"sends no link, {traffic}"
    if share >= expected:
        inside = f"internal share {share:.3f} reaches the expected {expected:.3f}; {traffic}"
        return ("net beneficiary" if received > sent else "bidirectional spillover"), inside
    inside = f"internal share {share:.3f} is below the expected {expected:.3f}; {traffic}"
    return ("net spillover" if sent > received * (1.0 + margin) else "broker"), inside
