"""Moran's I of the residuals of a fitted panel, by year and for all years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import EstimationError
from spatial.options import Alternative, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.results import PanelResult
from spatial.regression.spatial_lag import SpatialLag
from spatial.results import Configuration, Result

POOLED = "all years"
# Columns of one sparse product; more would only take memory.
WIDTH = 128
# Rearrangements that tie with the data up to rounding count as reaching it.
TIE = 1e-12


@dataclass(frozen=True, kw_only=True)
class ResidualMoran(Result):
    """Moran's I of regression residuals.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: year, then ``all years``; columns statistic, expected, standard_deviation (both over
        permutations), z_score, p_permutation, n.
    permutations : int
    """

    configuration: Configuration
    table: pd.DataFrame
    permutations: int

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each year and one for all."""
        return self.table.copy()


def residual_moran(
    result: PanelResult,
    *,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> ResidualMoran:
    r"""Test the residuals of a model for spatial dependence that it leaves.

    With the residuals e of each year centred, so that shocks shared by all cities do not count:

    .. math:: I_t = \frac{n}{S_{0t}} \frac{e_t' W_t e_t}{e_t' e_t}, \quad
              I = \frac{\sum_t n}{\sum_t S_{0t}}
              \frac{\sum_t e_t' W_t e_t}{\sum_t e_t' e_t}

    The null distribution rearranges the residuals inside every year. Residuals of a regression
    are exchangeable only approximately; with few regressors for many cities this does not matter.

    Parameters
    ----------
    result : PanelResult
        Any specification; its residuals are the innovations, after spatial filtering.
    permutations : int
        At least 19.
    alternative : {"two-sided", "greater", "less"}
        Two-sided compares distances from the mean of the permutations.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    ResidualMoran

    Raises
    ------
    EstimationError
        For fewer than 19 permutations, weights without links, or residuals that do not vary.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes; Anselin (1988) doi:10.1007/978-94-015-7799-1.

    Examples
    --------
    >>> from spatial.regression import fit_panel
    >>> noise = np.random.default_rng(0)
    >>> ids = list("abcdefgh")
    >>> ring = pd.DataFrame(np.roll(np.eye(8), 1, 1) / 2 + np.roll(np.eye(8), -1, 1) / 2, ids, ids)
    >>> rows = pd.MultiIndex.from_product([range(3), ids], names=["year", "city"])
    >>> panel = pd.DataFrame(noise.normal(size=(24, 2)), index=rows, columns=["growth", "skill"])
    >>> model = fit_panel("growth ~ skill", panel, ring, specification="ols", effects="year")
    >>> list(residual_moran(model, rng=1).table.index)
    [0, 1, 2, 'all years']
    """
    checked_option(alternative, Alternative, name="alternative")
    if permutations < 19:
        raise EstimationError(
            f"permutations={permutations} cannot reach the 5 % level; use at least 19, better 999."
        )
    design, lag = result.design, result.design.lag
    stacked = np.empty(design.y.size)
    stacked[design.position] = result.residuals.to_numpy()
    e = stacked.reshape(design.y.shape)
    e = e - e.mean(axis=1, keepdims=True)
    squares = np.einsum("tn,tn->t", e, e)
    totals = np.broadcast_to(lag.row_sums().sum(axis=1), len(e))
    if (totals == 0.0).any() or (squares <= TIE * np.vdot(e, e)).any():
        raise EstimationError(
            "Moran's I needs weights with links and residuals that differ within every year; "
            "check the weights, or leave out years whose residuals are all equal."
        )
    generator, seed = seeded_generator(rng)
    observed = np.einsum("tn,tn->t", e, lag(e))
    drawn = _rearranged(e, lag, permutations, generator)
    n = design.n
    scale, whole = n / totals / squares, n * len(e) / totals.sum() / squares.sum()
    statistics = np.append(scale * observed, whole * observed.sum())
    simulated = np.vstack([scale[:, None] * drawn, whole * drawn.sum(axis=0)])
    return ResidualMoran(
        configuration=Configuration(
            function="residual_moran",
            options={
                **dict(result.configuration.options),
                "permutations": permutations,
                "alternative": alternative,
            },
            seed=seed,
            weights=result.configuration.weights,
        ),
        table=_table(statistics, simulated, alternative, [*design.years, POOLED], n),
        permutations=permutations,
    )


def _rearranged(
    e: np.ndarray, lag: SpatialLag, count: int, generator: np.random.Generator
) -> np.ndarray:
    """Compute e'We of random orders of the cities within each year, of shape (years, count)."""
    products = np.empty((len(e), count))
    for t, values in enumerate(e):
        matrix = lag.matrices[0 if lag.constant else t]
        for start in range(0, count, WIDTH):
            width = min(WIDTH, count - start)
            columns = generator.permuted(np.tile(values[:, None], width), axis=0)
            products[t, start : start + width] = np.einsum("ij,ij->j", columns, matrix @ columns)
    return products


def _table(
    statistics: np.ndarray,
    simulated: np.ndarray,
    alternative: str,
    labels: list[object],
    n: int,
) -> pd.DataFrame:
    expected, deviation = simulated.mean(axis=1), simulated.std(axis=1, ddof=1)
    here, there = statistics - expected, simulated - expected[:, None]
    if alternative == "two-sided":
        here, there = np.abs(here), np.abs(there)
    elif alternative == "less":
        here, there = -here, -there
    hits = (there >= here[:, None] - TIE).sum(axis=1)
    known = deviation > 0.0
    return pd.DataFrame(
        {
            "statistic": statistics,
            "expected": expected,
            "standard_deviation": deviation,
            "z_score": np.divide(
                statistics - expected, deviation, out=np.full_like(deviation, np.nan), where=known
            ),
            "p_permutation": (1 + hits) / (1 + simulated.shape[1]),
            "n": [n] * (len(labels) - 1) + [n * (len(labels) - 1)],
        },
        index=pd.Index(labels, name="year", dtype=object),
    )
