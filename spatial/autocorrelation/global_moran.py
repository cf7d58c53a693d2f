"""Global Moran's I: one number for the likeness of neighbours, with three ways to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.autocorrelation.global_statistics import (
    ISLANDS_KEPT,
    checked_alternative,
    normal_p_value,
    permutation_p_value,
)
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.preparation import Prepared, checked_permutations, prepare
from spatial.autocorrelation.quadratic_forms import edge_sums, permuted_forms
from spatial.errors import ConfigError
from spatial.options import Alternative
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result


@dataclass(frozen=True, kw_only=True)
class GlobalMoran(Result):
    """Global Moran's I and its inference.

    Attributes
    ----------
    name : str
        Of the variable.
    statistic : float
        I.
    expected : float
        -1 / (n - 1).
    variance, z_score, p_analytical : float
        Under randomisation (the values are given, their places are random).
    variance_normal, z_score_normal, p_normal : float
        Under normality.
    p_permutation : float
        (1 + hits) / (1 + permutations); NaN without permutations.
    permutations : int
    n, n_islands : int
    alternative : str
        What all p-values are about.
    simulated : pandas.Series of shape (permutations,)
        The permuted statistics, in the order in which they were drawn.
    configuration : Configuration
    """

    name: str
    statistic: float
    expected: float
    variance: float
    z_score: float
    p_analytical: float
    variance_normal: float
    z_score_normal: float
    p_normal: float
    p_permutation: float
    permutations: int
    n: int
    n_islands: int
    alternative: str
    simulated: pd.Series
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return one row: index ``measure``, a column for each number."""
        columns = (
            "statistic",
            "expected",
            "variance",
            "z_score",
            "p_analytical",
            "variance_normal",
            "z_score_normal",
            "p_normal",
            "p_permutation",
            "permutations",
            "n",
            "n_islands",
        )
        row = {column: getattr(self, column) for column in columns}
        return pd.DataFrame(row, index=pd.Index([self.name], name="measure"))


@dataclass(frozen=True, kw_only=True)
class MoranTable(Result):
    """Moran's I of several variables over several weights.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each pair; columns measure, weights, statistic, expected, z_score, p_analytical,
        p_permutation, p_fdr, n, n_islands. ``p_fdr`` adjusts ``p_permutation`` (or, without
        permutations, ``p_analytical``) over all rows by Benjamini and Hochberg.
    configuration : Configuration
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def global_moran(
    values: pd.Series,
    weights: Any,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalMoran:
    r"""Compute Moran's I and judge it by normal theory, randomisation and permutation.

    .. math:: I = \frac{n}{S_0} \frac{z'Wz}{z'z}, \qquad S_0 = \sum_{ij} w_{ij}

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids, in any order.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are, never transformed. They
        need not be symmetric.
    permutations : int
        Number of random rearrangements, 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
        For all p-values. A permuted I counts against a two-sided test when it is at least as far
        from -1 / (n - 1) as the observed one.
    rng : int, numpy.random.Generator or None
        The same seed gives the same numbers whatever the order or names of the cities.

    Returns
    -------
    GlobalMoran

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or values are missing.
    EstimationError
        If the values are constant or there are fewer than four cities.
    WeightsError
        If no city has a neighbour.

    Notes
    -----
    Islands are kept: they add nothing to z'Wz and S_0 but count in n.

    References
    ----------
    Cliff, A. D., & Ord, J. K. (1981). Spatial Processes. Pion.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame(
    ...     [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]],
    ...     index=list("abcd"), columns=list("abcd"),
    ... )
    >>> result = global_moran(pd.Series([1, 2, 3, 4], list("abcd")), line, permutations=99, rng=1)
    >>> round(result.statistic, 6)
    0.333333
    """
    wanted = checked_alternative(alternative)
    count = checked_permutations(permutations, smallest=99, zero=True)
    ready = prepare(values, weights)
    generator, seed = seeded_generator(rng)
    return _moran(ready, count, wanted, generator, seed)


def global_moran_table(
    values: pd.DataFrame | pd.Series,
    weights: Mapping[str, Any],
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> MoranTable:
    """Compute Moran's I of one or more variables over one or more weights.

    Parameters
    ----------
    values : pandas.DataFrame of shape (n, m) or pandas.Series of shape (n,)
        Index: city ids; a column for each variable.
    weights : mapping of str to Weights
        Names for the table.
    permutations, alternative, rng
        As in ``global_moran``. Every cell uses the same seed, so each equals the single call.

    Returns
    -------
    MoranTable

    Raises
    ------
    ConfigError
        If there is no variable or no weights.
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``global_moran``.
    """
    if not isinstance(weights, Mapping) or not weights:
        raise ConfigError("weights must be a mapping of name to weights, with at least one entry.")
    frame = values.to_frame() if isinstance(values, pd.Series) else values
    if not isinstance(frame, pd.DataFrame) or frame.shape[1] == 0:
        raise ConfigError("values must be a table with a column for each variable.")
    _, seed = seeded_generator(rng)
    rows = []
    for column in frame.columns:
        for name, known in weights.items():
            moran = global_moran(
                frame[column],
                known,
                permutations=permutations,
                alternative=alternative,
                rng=seed,
            )
            rows.append({**moran.tidy().iloc[0].to_dict(), "measure": column, "weights": name})
    table = pd.DataFrame(rows)
    tested = table["p_permutation"] if permutations else table["p_analytical"]
    table["p_fdr"] = adjusted_p_values(tested.to_numpy(), "fdr")
    columns = ["measure", "weights", "statistic", "expected", "z_score", "p_analytical"]
    columns += ["p_permutation", "p_fdr", "n", "n_islands"]
    whole = {"n": int, "n_islands": int}
    return MoranTable(
        table=table[columns].astype(whole),
        configuration=Configuration(
            function="global_moran_table",
            options={
                "permutations": permutations,
                "alternative": alternative,
                "correction": f"Benjamini-Hochberg over {len(rows)} tests",
                "islands": ISLANDS_KEPT,
            },
            seed=seed if permutations else None,
            weights="; ".join(str(name) for name in weights),
        ),
    )


def _moran(
    ready: Prepared, count: int, alternative: Alternative, generator: np.random.Generator, seed: int
) -> GlobalMoran:
    z, matrix = ready.standardised, ready.matrix
    total = float(matrix.data.sum())
    statistic = float(z @ (matrix @ z)) / total
    expected = -1.0 / (ready.n - 1)
    normal, randomised = _variances(z, matrix)
    simulated = permuted_forms(z, matrix, count, generator) / total
    z_normal, z_randomised = (
        (statistic - expected) / np.sqrt(variance) if variance > 0.0 else np.nan
        for variance in (normal, randomised)
    )
    return GlobalMoran(
        name=ready.name,
        statistic=statistic,
        expected=expected,
        variance=randomised,
        z_score=float(z_randomised),
        p_analytical=normal_p_value(z_randomised, alternative),
        variance_normal=normal,
        z_score_normal=float(z_normal),
        p_normal=normal_p_value(z_normal, alternative),
        p_permutation=permutation_p_value(statistic, expected, simulated, alternative),
        permutations=count,
        n=ready.n,
        n_islands=int(ready.islands.sum()),
        alternative=alternative,
        simulated=pd.Series(simulated, name="statistic").rename_axis("permutation"),
        configuration=Configuration(
            function="global_moran",
            options={"permutations": count, "alternative": alternative, "islands": ISLANDS_KEPT},
            seed=seed if count else None,
            weights=ready.weights.description,
        ),
    )


def _variances(z: np.ndarray, matrix: sparse.csr_array) -> tuple[float, float]:
    """Variance of I under normality and under randomisation (Cliff & Ord 1981)."""
    n = len(z)
    # Scaled to a total of n, so that the products below neither vanish nor overflow.
    scaled = matrix * (n / matrix.data.sum())
    s0 = float(n)
    _, s1, s2 = edge_sums(scaled)
    b2 = n * float((z**4).sum()) / float((z**2).sum()) ** 2
    squared = 1.0 / (n - 1) ** 2
    normal = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2) - squared
    first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    second = b2 * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    randomised = (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - squared
    return float(normal), float(randomised)
