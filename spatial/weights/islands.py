"""Cities without neighbours: kept, attached to the nearest city, or refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_same_cities
from spatial.coordinates import CityPositions, city_positions
from spatial.errors import GeometryError, WeightsError, listed
from spatial.options import IslandPolicy
from spatial.weights.neighbours import nearest_neighbours
from spatial.weights.transforms import transform_weights
from spatial.weights.types import Weights, as_weights

EntryOfKilometres = Callable[[np.ndarray], np.ndarray]


def islands_of(matrix: sparse.csr_array) -> np.ndarray:
    """Mark the rows without entries, shape (n,), bool."""
    return np.asarray(np.diff(matrix.indptr) == 0)


def counted_islands(count: int, fate: str) -> str:
    """Say in words what was done to islands.

    Examples
    --------
    >>> counted_islands(0, "kept"), counted_islands(1, "kept"), counted_islands(6, "kept")
    ('no islands', '1 island kept', '6 islands kept')
    """
    if count == 0:
        return "no islands"
    return f"{count} island{'s' if count > 1 else ''} {fate}"


def settled_islands(
    matrix: sparse.csr_array,
    ids: pd.Index,
    policy: IslandPolicy,
    *,
    positions: Callable[[], CityPositions],
    entry: EntryOfKilometres,
) -> tuple[sparse.csr_array, str, int]:
    """Apply the policy for islands to an untransformed matrix.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, n)
    ids : pandas.Index of shape (n,)
    policy : {"keep", "nearest", "error"}
    positions : callable
        Gives the positions of the cities; asked only when an island has to be attached.
    entry : callable
        Weight of a link as a function of its length in km.

    Returns
    -------
    matrix : scipy.sparse.csr_array
    remark : str
        What was done, in words with the number.
    count : int
        How many islands there were.

    Raises
    ------
    WeightsError
        With policy ``error`` and an island.
    """
    alone = islands_of(matrix)
    count = int(alone.sum())
    if count == 0 or policy == "keep":
        return matrix, counted_islands(count, "kept"), count
    if policy == "error":
        raise WeightsError(
            f"{count} cities have no neighbour: {listed(ids[alone])}. Use islands='nearest' to "
            "attach each to its nearest city, islands='keep' to keep them without neighbours, or "
            "drop them."
        )
    island, nearest, kilometres = _nearest_of(alone, positions())
    joined = _with_links(matrix, island, nearest, entry(kilometres))
    return joined, counted_islands(count, "attached to the nearest city, both ways"), count


def attach_islands(weights: Weights, cities: pd.DataFrame) -> Weights:
    """Give each island its nearest city as neighbour, in both directions.

    Parameters
    ----------
    weights : Weights
        One matrix, not one for each year.
    cities : geopandas.GeoDataFrame or pandas.DataFrame
        Index: the city ids of ``weights`` in any order; positions as in
        ``spatial.coordinates.city_positions``. Distance is great-circle.

    Returns
    -------
    Weights
        With the transform of ``weights`` applied again; the description says how many islands were
        attached. Weights without islands come back as they are.

    Raises
    ------
    AlignmentError
        If ``cities`` and ``weights`` hold different cities.
    WeightsError
        If the weights change by year, or are doubly stochastic.

    Notes
    -----
    A new link is as strong as the average link of the city that the island is attached to (one in
    binary weights), or of all cities where that city is an island too. So attaching before or after
    the rows are scaled gives the same weights.
    """
    source = as_weights(weights)
    require_same_cities(cities.index, source.ids, left_name="cities", right_name="the weights")
    matrix = source.matrix
    alone = islands_of(matrix)
    if not alone.any():
        return source
    island, nearest, _ = _nearest_of(alone, city_positions(cities.loc[source.ids]))
    degrees = np.diff(matrix.indptr)
    # An island whose nearest city is an island too has no link to go by but those of all.
    means = np.full(source.n, matrix.data.mean() if matrix.nnz else 1.0)
    means[degrees > 0] = matrix.sum(axis=1)[degrees > 0] / degrees[degrees > 0]
    joined = _with_links(matrix, island, nearest, means[nearest])
    words = [part for part in source.description.split("; ") if not part.endswith("kept")]
    fate = counted_islands(len(island), "attached to the nearest city, both ways")
    attached = Weights(
        source.ids,
        (joined,),
        "none",
        "; ".join([*[word for word in words if word], fate]),
        {**source.parameters, "islands": "nearest", "n_islands": len(island)},
        direction=source.direction,
    )
    return transform_weights(attached, source.transform)


def _nearest_of(
    alone: np.ndarray, positions: CityPositions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if len(alone) < 2:
        raise GeometryError("One city alone has no nearest city; study at least two.")
    island = np.flatnonzero(alone)
    neighbours, kilometres = nearest_neighbours(positions, 1, rows=island)
    return island, neighbours[:, 0], kilometres[:, 0]


def _with_links(
    matrix: sparse.csr_array, island: np.ndarray, nearest: np.ndarray, entry: np.ndarray
) -> sparse.csr_array:
    """Add both directions of each link; a pair of islands that choose each other counts once."""
    rows = np.concatenate([island, nearest])
    columns = np.concatenate([nearest, island])
    pair, first = np.unique(rows.astype(np.int64) * matrix.shape[0] + columns, return_index=True)
    values = np.concatenate([entry, entry])[first]
    new = sparse.csr_array(
        (values, np.divmod(pair, matrix.shape[0])), shape=matrix.shape, dtype=float
    )
    # maximum, not sum: the nearest city may receive from the island already.
    return sparse.csr_array(matrix.maximum(new))
