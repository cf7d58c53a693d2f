"""Gravity networks of very many cities, thinned while they are worked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from networks.backbones import MEAN_TOLERANCE, rounded
from networks.city_labels import aligned_masses
from networks.gravity import check_gravity_numbers, powered_masses
from networks.gravity_tiles import GravityTiles, gravity_tiles
from networks.types import LinkageNetwork
from spatial.coordinates import CityPositions, city_positions
from spatial.errors import ConfigError, WeightsError
from spatial.options import GravityBackboneRule, MissingCost, checked_option
from spatial.results import Configuration, Result

SELECTION_SLACK = 1e-9
"""Relative slack of the first choice, above the rounding of distances in tiles; the last choice is
made among these links with the tolerance of the backbones."""

CANDIDATES = 2
"""The strongest links are first sought among this many times k nearest and k heaviest cities."""

ROWS_OF_BOUNDS = 2000


@dataclass(frozen=True)
class GravityBackbone(Result):
    """A thinned gravity network and the totals of the whole one.

    Attributes
    ----------
    network : LinkageNetwork
        The kept links with their flows; all cities.
    totals : pandas.DataFrame of shape (n, 4)
        ``sent`` and ``received``: sums over all pairs, kept or not; ``links`` and ``kept``: number
        and sum of the kept links that the city sends.
    configuration : Configuration
    """

    network: LinkageNetwork
    totals: pd.DataFrame
    configuration: Configuration

    @property
    def share_of_flow(self) -> float:
        """Share of the total flow on kept links; NaN for a network without flow."""
        total = float(self.totals["sent"].sum())
        return float(self.totals["kept"].sum()) / total if total > 0 else float("nan")

    def tidy(self) -> pd.DataFrame:
        """Return the totals with the city as a column."""
        return self.totals.rename_axis("city").reset_index()


def gravity_backbone(
    cities: pd.DataFrame,
    masses: pd.Series,
    *,
    keep: GravityBackboneRule = "top",
    top: int = 50,
    destination_masses: pd.Series | None = None,
    decay: float = 2.0,
    origin_exponent: float = 1.0,
    destination_exponent: float = 1.0,
    constant: float = 1.0,
    missing_cost: MissingCost = "error",
    unit: str = "",
    year: int | None = None,
) -> GravityBackbone:
    """Work out a gravity network over great-circle distances and keep the links that matter.

    The same as ``gravity_network`` followed by ``top_links_backbone`` or ``row_mean_backbone``,
    but the full network of n (n - 1) flows never exists: only kept links take memory.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame or pandas.DataFrame of shape (n, ...)
        Index: city ids. Positions are read by ``spatial.coordinates.city_positions``.
    masses : pandas.Series of shape (n,)
        Matched by label, zero or positive.
    keep : {"top", "row-mean"}
        The ``top`` strongest links that each city sends (as strong as the last one: all kept), or
        those at least as strong as the mean of its links. A pair of an undirected network is kept
        if one of its ends keeps it.
    top : int
        Positive; with ``keep="top"``.
    destination_masses, decay, origin_exponent, destination_exponent, constant
        As in ``gravity_network``.
    missing_cost : {"error", "drop"}
        Cities at the same point are refused, or have no link with each other.
    unit, year
        Carried by the network.

    Returns
    -------
    GravityBackbone

    Raises
    ------
    AlignmentError, PanelError, GeometryError, ConfigError
        As in ``gravity_network``; also if ``top`` is not positive.
    WeightsError
        If ``cities`` have no coordinates.

    Notes
    -----
    Flows are exact to about 1e-10 of their size. The strongest links grow with n, so that memory
    does too. Links above the mean of their row are often an eighth of all pairs: with
    ``keep="row-mean"`` memory still grows with the square of n, and all pairs are gone through
    twice.

    Examples
    --------
    >>> cities = pd.DataFrame({"longitude": [7.1, 10.0, 11.6], "latitude": [50.7, 48.4, 50.9]},
    ...                       index=["Bonn", "Ulm", "Jena"])
    >>> found = gravity_backbone(cities, pd.Series({"Bonn": 3.0, "Ulm": 1.0, "Jena": 1.0}), top=1)
    >>> found.network.to_frame()[["origin", "destination"]].to_numpy().tolist()
    [['Bonn', 'Ulm'], ['Bonn', 'Jena']]
    """
    checked_option(keep, GravityBackboneRule, name="keep")
    checked_option(missing_cost, MissingCost, name="missing_cost")
    check_gravity_numbers(decay, origin_exponent, destination_exponent, constant)
    if top < 1:
        raise ConfigError(f"top={top!r}: keep at least one link for each city.")
    if not isinstance(cities, pd.DataFrame):
        raise WeightsError("Great-circle distances need a table of cities with coordinates.")
    places = city_positions(cities, distinct=missing_cost == "error")
    origin = aligned_masses(masses, places.ids, what="masses")
    given = masses if destination_masses is None else destination_masses
    destination = aligned_masses(given, places.ids, what="destination_masses")
    tiles = gravity_tiles(
        places,
        constant * powered_masses(origin, origin_exponent),
        powered_masses(destination, destination_exponent),
        decay,
    )
    directed = not np.array_equal(
        powered_masses(origin, origin_exponent), powered_masses(destination, destination_exponent)
    )
    sent, received, flows = _kept(tiles, places, keep, top)
    if not directed:
        flows = sparse.csr_array(flows.maximum(flows.T.tocsr()))
    parameters: dict[str, Any] = {
        "kind": "gravity",
        "masses": str(masses.name or "masses"),
        "destination_masses": str(given.name or "masses"),
        "decay": decay,
        "origin_exponent": origin_exponent,
        "destination_exponent": destination_exponent,
        "constant": constant,
        "cost": "great-circle distance in km",
        "missing_cost": missing_cost,
        "backbone": "top-links" if keep == "top" else "row-mean",
        **({"k": top} if keep == "top" else {}),
        "total_flow_of_all_pairs": float(sent.sum()) * (1.0 if directed else 0.5),
    }
    words = (
        f"the {top} strongest links that each city sends"
        if keep == "top"
        else ("links at least as strong as the mean of their row")
    )
    network = LinkageNetwork(
        places.ids,
        flows,
        directed,
        unit,
        year,
        f"Gravity network: flow = {constant:g} x origin {parameters['masses']}^"
        f"{origin_exponent:g} x destination {parameters['destination_masses']}^"
        f"{destination_exponent:g} / (great-circle distance in km)^{decay:g}; {words}",
        parameters,
    )
    totals = pd.DataFrame(
        {
            "sent": sent,
            "received": received,
            "links": np.diff(network.flows.indptr),
            "kept": np.asarray(network.flows.sum(axis=1)).ravel(),
        },
        index=places.ids,
    )
    options = {"keep": keep, "top": top, "decay": decay, "constant": constant} | {
        "origin_exponent": origin_exponent,
        "destination_exponent": destination_exponent,
        "missing_cost": missing_cost,
    }
    return GravityBackbone(
        network, totals, Configuration(function="gravity_backbone", options=options)
    )


def _kept(
    tiles: GravityTiles, places: CityPositions, keep: GravityBackboneRule, top: int
) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
    """Totals of all flows, and the flows that their sender keeps."""
    n = tiles.n
    if keep == "top":
        bounds = _lower_bounds(tiles, places, min(top, n - 1)) if n > 1 else np.zeros(n)
        sent, received, found = tiles.swept(bounds * (1.0 - SELECTION_SLACK))
        flows = _assembled(found, n)
        chosen = _among_strongest(flows, top)
    else:
        sent, received, _ = tiles.swept(None)
        means = sent / max(n - 1, 1)
        _, _, found = tiles.swept(means * (1.0 - SELECTION_SLACK))
        flows = _assembled(found, n)
        slack = 1.0 - max(MEAN_TOLERANCE, tiles.accuracy)
        chosen = flows.data >= np.repeat(means, np.diff(flows.indptr)) * slack
    counts = (
        np.add.reduceat(np.append(chosen, False), flows.indptr[:-1], dtype=np.int64) if n else 0
    )
    counts = np.where(np.diff(flows.indptr) > 0, counts, 0)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return (
        sent,
        received,
        sparse.csr_array((flows.data[chosen], flows.indices[chosen], indptr), shape=(n, n)),
    )


def _among_strongest(flows: sparse.csr_array, k: int) -> np.ndarray:
    """Whether each entry is as strong as the k-th of its row; computed ties are ties."""
    value = rounded(flows.data)
    last = np.zeros(flows.shape[0])
    for row, (start, stop) in enumerate(pairwise(flows.indptr)):
        if stop - start > k:
            last[row] = np.partition(value[start:stop], -k)[-k]
    return value >= np.repeat(last, np.diff(flows.indptr))


def _assembled(found: list[tuple[np.ndarray, np.ndarray, np.ndarray]], n: int) -> sparse.csr_array:
    if not found:
        return sparse.csr_array((n, n))
    rows, columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    found.clear()  # the pieces are as large as the whole
    return sparse.csr_array((values, (rows, columns)), shape=(n, n))


def _lower_bounds(tiles: GravityTiles, places: CityPositions, k: int) -> np.ndarray:
    """Return, for each city, a flow that at least k of its links reach.

    The k-th strongest among links to near and to heavy cities: never above the k-th of all.
    """
    n = tiles.n
    several = min(n, CANDIDATES * k + 1)
    points = places.unit_vectors()
    tree = cKDTree(points)
    heavy = np.argsort(-tiles.pull, kind="stable")[:several]
    bounds = np.zeros(n)
    for rows in _blocks(n, ROWS_OF_BOUNDS):
        reach, near = tree.query(points[rows], k=several)
        reach, near = reach.reshape(len(rows), -1), near.reshape(len(rows), -1)
        chord = np.sqrt(((points[rows, None] - points[heavy]) ** 2).sum(axis=-1))
        # A heavy city that may be among the near ones must not count twice.
        apart = chord > reach[:, -1:] * (1.0 + SELECTION_SLACK)
        other = np.broadcast_to(heavy, chord.shape)
        flows = np.hstack(
            [
                tiles.flows_between(rows[:, None], near, (reach / 2.0) ** 2),
                np.where(apart, tiles.flows_between(rows[:, None], other, chord**2 / 4.0), 0.0),
            ]
        )
        bounds[rows] = np.partition(flows, -k, axis=1)[:, -k]
    return bounds


def _blocks(n: int, size: int) -> Iterator[np.ndarray]:
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))
