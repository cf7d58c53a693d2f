"""Gini coefficient split into pairs of neighbours and pairs of other cities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import aligned_series
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.random import seeded_generator
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

__all__ = ["SpatialGini", "spatial_gini"]


@dataclass(frozen=True, kw_only=True)
class SpatialGini(Result):
    """Gini coefficient by pairs of neighbours and of others.

    Attributes
    ----------
    gini, neighbours, others : float
        ``gini = neighbours + others``.
    others_share : float
        Share of the pairs that are no neighbours in the coefficient.
    expected_share : float
        The same share if values lay at random: the share of these pairs.
    p_value : float
        Two-sided, by permutation.
    permutations : int
    configuration : Configuration
    """

    gini: float
    neighbours: float
    others: float
    others_share: float
    expected_share: float
    p_value: float
    permutations: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return one row."""
        names = ("gini", "neighbours", "others", "others_share", "expected_share", "p_value")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def spatial_gini(
    values: pd.Series,
    weights: Any,
    *,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
) -> SpatialGini:
    r"""Split the Gini coefficient by who is a neighbour of whom (Rey and Smith 2013).

    :math:`G = \frac{\sum_{ij} b_{ij} |y_i - y_j|}{2 n^2 \mu} +
    \frac{\sum_{ij} (1 - b_{ij}) |y_i - y_j|}{2 n^2 \mu}` with :math:`b_{ij} = 1` where either is
    a neighbour of the other. Where similar cities lie together, the second part is larger than
    the share of its pairs.

    Parameters
    ----------
    values : pandas.Series
        Index city; not negative.
    weights : Weights, libpysal Graph or W, or labelled square DataFrame
        Only who is linked counts.
    permutations : int
        Values are dealt to the cities at random; p is (1 + hits) / (1 + permutations), a hit being
        as far from the expectation as the observed split, or farther.
    rng : int, Generator or None

    Returns
    -------
    SpatialGini

    Raises
    ------
    AlignmentError
        If the cities differ.
    PanelError
        If values are missing or negative, or all zero.
    EstimationError
        If all values are equal, or no pair or every pair are neighbours.
    ConfigError
        If ``permutations`` is below 1.

    References
    ----------
    Rey, S. J. & Smith, R. J. (2013). A spatial decomposition of the Gini coefficient. Letters in
    Spatial and Resource Sciences 6(2), 55-70.
    """
    if permutations < 1:
        raise ConfigError(f"permutations={permutations!r} must be 1 or more.")
    known = as_weights(weights)
    y = aligned_series(values, known.ids, what="values").to_numpy()
    wrong = known.ids[np.flatnonzero(y < 0)]
    if len(wrong) or not y.sum() > 0:
        raise PanelError(f"Values are negative ({listed(wrong) or 'none'}) or all zero.")
    n = len(y)
    one, two = (known.matrix + known.matrix.T).tocoo().coords
    first, second = one[one < two], two[one < two]
    pairs = n * (n - 1) // 2
    ranked = np.sort(y)
    total = float(2.0 * ((2 * np.arange(1, n + 1) - n - 1) @ ranked))
    if not 0 < len(first) < pairs or not total > 0:
        raise EstimationError(
            f"Nothing to split: {len(first)} of {pairs} pairs are neighbours, and the sum of "
            f"differences is {total:.4g}."
        )
    near = 2.0 * float(np.abs(y[first] - y[second]).sum())
    expected = total * len(first) / pairs
    generator, seed = seeded_generator(rng)
    hits = 0
    # Rounding must not tell a permutation with the same sum from the observed one.
    distance = abs(near - expected) * (1 - 1e-12)
    for _ in range(permutations):
        dealt = generator.permutation(y)
        drawn = 2.0 * float(np.abs(dealt[first] - dealt[second]).sum())
        hits += abs(drawn - expected) >= distance
    scale = 2.0 * n**2 * float(y.mean())
    return SpatialGini(
        gini=total / scale,
        neighbours=near / scale,
        others=(total - near) / scale,
        others_share=1.0 - near / total,
        expected_share=1.0 - len(first) / pairs,
        p_value=(1 + hits) / (1 + permutations),
        permutations=permutations,
        configuration=Configuration(
            function="spatial_gini",
            options={"values": values.name, "permutations": permutations},
            seed=seed,
            weights=known.description,
        ),
    )
