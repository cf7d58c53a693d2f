"""Two variables in space: own value of one against neighbours' values of the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import aligned_series
from spatial.autocorrelation.global_statistics import (
    ISLANDS_KEPT,
    GlobalStatistic,
    checked_alternative,
    global_statistic,
)
from spatial.autocorrelation.preparation import (
    Prepared,
    checked_permutations,
    prepare,
    standardised,
)
from spatial.autocorrelation.quadratic_forms import form_moments, permuted_products
from spatial.options import Alternative
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration


def bivariate_moran(
    own: pd.Series,
    neighbours: pd.Series,
    weights: Any,
    *,
    partial: bool = False,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalStatistic:
    r"""Compute bivariate Moran's I of one variable with the spatial lag of another.

    .. math:: I_{xy} = \frac{n}{S_0} \frac{z_x' W z_y}{\sqrt{z_x'z_x \; z_y'z_y}}

    Parameters
    ----------
    own : pandas.Series of shape (n,)
        x, for example a city's own digital economy.
    neighbours : pandas.Series of shape (n,)
        y, read at the neighbours, for example their resilience. The same cities.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are.
    partial : bool
        Take from y what x of the same city explains (residuals of least squares), so that likeness
        of x between neighbours does not pass for a link with y.
    permutations : int
        Rearrangements of y over the cities, x fixed; 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
    rng : int, numpy.random.Generator or None

    Returns
    -------
    GlobalStatistic
        Expectation 0; the variance is exact for y shuffled and x fixed.

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or values are missing.
    EstimationError
        If a variable is constant, or with ``partial`` proportional to the other.
    WeightsError
        If no city has a neighbour.

    Notes
    -----
    Not symmetric: x with the neighbours' y is not y with the neighbours' x. The hypothesis that is
    tested is that y lies anywhere; a y that is clustered by itself rejects it too often.

    References
    ----------
    Wartenberg, D. (1985). Multivariate spatial correlation. Geographical Analysis, 17(4), 263-283.
    """
    wanted = checked_alternative(alternative)
    count = checked_permutations(permutations, smallest=99, zero=True)
    ready, z_y, label = prepared_pair(own, neighbours, weights, partial=partial)
    generator, seed = seeded_generator(rng)
    total = float(ready.matrix.data.sum())
    carrier = ready.matrix.T @ ready.standardised / total
    spread = carrier - carrier.mean()
    return global_statistic(
        measure="bivariate Moran's I",
        name=label,
        statistic=float(carrier @ z_y),
        expected=0.0,
        variance=float(spread @ spread) * ready.n / (ready.n - 1),
        simulated=permuted_products(z_y, carrier, count, generator),
        alternative=wanted,
        n=ready.n,
        n_islands=int(ready.islands.sum()),
        configuration=Configuration(
            function="bivariate_moran",
            options={
                "partial": partial,
                "permutations": count,
                "alternative": wanted,
                "islands": ISLANDS_KEPT,
            },
            seed=seed if count else None,
            weights=ready.weights.description,
        ),
    )


def lee_l(
    first: pd.Series,
    second: pd.Series,
    weights: Any,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalStatistic:
    r"""Compute Lee's L: the correlation of two variables, each averaged over neighbours.

    .. math:: L = \frac{n}{\sum_i (\sum_j w_{ij})^2}
              \frac{z_x' W'W z_y}{\sqrt{z_x'z_x \; z_y'z_y}}

    Parameters
    ----------
    first, second : pandas.Series of shape (n,)
        The same cities, in any order. L is symmetric in them.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are, without the city itself.
    permutations : int
        Rearrangements of the pairs (x_i, y_i) over the cities, which leave their plain correlation
        as it is; 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
        L against its expectation, which is not zero where x and y are correlated.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    GlobalStatistic
        Mean and variance are exact under the same rearrangements.

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or values are missing.
    EstimationError
        If a variable is constant.
    WeightsError
        If no city has a neighbour.

    References
    ----------
    Lee, S.-I. (2001). Developing a bivariate spatial association measure: an integration of
    Pearson's r and Moran's I. Journal of Geographical Systems, 3(4), 369-385.

    Lee, S.-I. (2004). A generalized significance testing method for global measures of spatial
    association: an extension of the Mantel test. Environment and Planning A, 36(9), 1687-1703.
    """
    wanted = checked_alternative(alternative)
    count = checked_permutations(permutations, smallest=99, zero=True)
    ready, z_y, label = prepared_pair(first, second, weights, partial=False)
    generator, seed = seeded_generator(rng)
    z_x, matrix = ready.standardised, ready.matrix
    scale = 1.0 / float((matrix.sum(axis=1) ** 2).sum())
    moments = form_moments(sparse.csr_array(matrix.T @ matrix), z_x, z_y)
    simulated = np.empty(count)
    places = np.arange(ready.n)
    for at in range(count):
        generator.shuffle(places)
        lags = matrix @ np.column_stack([z_x[places], z_y[places]])
        simulated[at] = np.einsum("i,i->", lags[:, 0], lags[:, 1]) * scale
    return global_statistic(
        measure="Lee's L",
        name=label,
        statistic=float((matrix @ z_x) @ (matrix @ z_y)) * scale,
        expected=moments.mean * scale,
        variance=moments.variance * scale**2,
        simulated=simulated,
        alternative=wanted,
        n=ready.n,
        n_islands=int(ready.islands.sum()),
        configuration=Configuration(
            function="lee_l",
            options={"permutations": count, "alternative": wanted, "islands": ISLANDS_KEPT},
            seed=seed if count else None,
            weights=ready.weights.description,
        ),
    )


def prepared_pair(
    own: pd.Series, other: pd.Series, weights: Any, *, partial: bool
) -> tuple[Prepared, np.ndarray, str]:
    """First variable made ready, the second standardised in the same order, and both names."""
    ready = prepare(own, weights)
    name = "values" if getattr(other, "name", None) is None else str(other.name)
    numbers = aligned_series(other, ready.ids, what=name).to_numpy()
    z = standardised(numbers, name)
    if partial:
        x = ready.standardised
        residuals = z - x * float(x @ z) / ready.n
        # Rounding of an exact relation must not be blown up into a pattern.
        cleaned = np.where(np.abs(residuals) < 1e-12, 0.0, residuals)
        z = standardised(cleaned, f"{name} given {ready.name}")
    return ready, z, f"{ready.name} and {name}"
