"""Getis and Ord's G: are large values, or small ones, near each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spatial.autocorrelation.global_statistics import (
    ISLANDS_KEPT,
    GlobalStatistic,
    checked_alternative,
    global_statistic,
)
from spatial.autocorrelation.preparation import checked_permutations, prepare
from spatial.autocorrelation.quadratic_forms import form_moments, permuted_forms
from spatial.errors import EstimationError, listed
from spatial.options import Alternative
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration


def global_getis_ord(
    values: pd.Series,
    weights: Any,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalStatistic:
    r"""Compute Getis and Ord's G and judge it by randomisation and permutation.

    .. math:: G = \frac{\sum_{ij} w_{ij} y_i y_j}{\sum_{i \ne j} y_i y_j}

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids, in any order. Not negative.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are. The statistic was made for
        binary weights, with which it is the share of products that lie within reach.
    permutations : int
        Number of random rearrangements, 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
        Above its expectation S0 / [n (n - 1)] large values are near each other, below it small
        ones are.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    GlobalStatistic

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or values are missing.
    EstimationError
        If values are negative or constant, or there are fewer than four cities.
    WeightsError
        If no city has a neighbour.

    References
    ----------
    Getis, A., & Ord, J. K. (1992). The analysis of spatial association by use of distance
    statistics. Geographical Analysis, 24(3), 189-206.
    """
    wanted = checked_alternative(alternative)
    count = checked_permutations(permutations, smallest=99, zero=True)
    ready = prepare(values, weights)
    negative = ready.values < 0.0
    if negative.any():
        raise EstimationError(
            f"{ready.name} is negative for {listed(ready.ids[negative])}: Getis and Ord's G "
            "multiplies values and needs a scale that starts at zero. Use Moran's I or Geary's C, "
            "or a variable without negative values."
        )
    generator, seed = seeded_generator(rng)
    # Divided first, so that fourth powers of large values stay inside the floats.
    y = ready.values / ready.values.max()
    products = float(y.sum() ** 2 - (y**2).sum())
    n, total = ready.n, float(ready.matrix.data.sum())
    return global_statistic(
        measure="Getis-Ord G",
        name=ready.name,
        statistic=float(y @ (ready.matrix @ y)) / products,
        expected=total / (n * (n - 1)),
        variance=form_moments(ready.matrix, y, y).variance / products**2,
        simulated=np.asarray(permuted_forms(y, ready.matrix, count, generator) / products),
        alternative=wanted,
        n=n,
        n_islands=int(ready.islands.sum()),
        configuration=Configuration(
            function="global_getis_ord",
            options={"permutations": count, "alternative": wanted, "islands": ISLANDS_KEPT},
            seed=seed if count else None,
            weights=ready.weights.description,
        ),
    )
