"""Spatial Markov chains: do cities among rich neighbours climb more, and fall less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.autocorrelation.markov import MarkovChain, chain_from_counts
from spatial.autocorrelation.markov_arrays import ergodic_shares, row_shares
from spatial.autocorrelation.markov_tests import (
    HomogeneityTest,
    homogeneity_parts,
    markov_homogeneity,
)
from spatial.autocorrelation.moran_points import moran_points
from spatial.autocorrelation.panel_classes import (
    POOLED,
    PanelClasses,
    class_codes,
    panel_classes,
    quantile_bounds,
)
from spatial.autocorrelation.preparation import checked_permutations
from spatial.autocorrelation.transitions import checked_steps
from spatial.errors import ConfigError, WeightsError, listed
from spatial.options import ClassScope, EmptyClass, LagCuts, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

_EQUAL = 1e-10
"""A permuted statistic this close to the observed one counts as equal to it."""


@dataclass(frozen=True, kw_only=True)
class SpatialMarkov(Result):
    """Transition matrices by the class of the neighbours at the start.

    Attributes
    ----------
    name : str
        Of the variable.
    counts, probabilities, std_errors : pandas.DataFrame
        Index: (lag class, class at the start); columns: class at the end.
    ergodic : pandas.DataFrame
        Index: lag class; long-run shares of the classes if the neighbours stayed in that class.
        NaN where they depend on the start or a row is not known.
    pooled : MarkovChain
        All transitions of cities with neighbours, whatever the lag class.
    homogeneity : HomogeneityTest
        Of the null that the class of the neighbours does not matter.
    permutations : int
    p_permutation : pandas.Series
        ``LR`` and ``Q``: share of random rearrangements of the cities over the map, histories kept
        whole, with a statistic at least as large. NaN without permutations.
    lag_states : pandas.DataFrame
        Class of the spatial lag of each city and year; -1 where there are no neighbours.
    lag_bounds : pandas.DataFrame
        Upper bounds of the lag classes but the last.
    n_isolated : int
        Cities without neighbours in at least one year; those years are left out.
    warnings : tuple of str
    configuration : Configuration
    """

    name: str
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    std_errors: pd.DataFrame
    ergodic: pd.DataFrame
    pooled: MarkovChain
    homogeneity: HomogeneityTest
    permutations: int
    p_permutation: pd.Series
    lag_states: pd.DataFrame
    lag_bounds: pd.DataFrame
    n_isolated: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a row for each cell: ``count``, ``probability``, ``std_error``."""
        classes = self.counts.columns
        levels = [self.ergodic.index, classes, classes]
        labels = pd.MultiIndex.from_product(levels, names=["lag_class", "from", "to"])
        return pd.DataFrame(
            {
                "count": self.counts.to_numpy().ravel(),
                "probability": self.probabilities.to_numpy().ravel(),
                "std_error": self.std_errors.to_numpy().ravel(),
            },
            index=labels,
        )


def spatial_markov(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    classes: int | Sequence[float] = 4,
    lag_classes: int | Sequence[float] | None = None,
    lag_cuts: LagCuts = "own",
    scope: ClassScope = "pooled",
    relative: bool = False,
    steps: int = 1,
    empty: EmptyClass = "missing",
    permutations: int = 999,
    rng: RandomSource = None,
    city: str = "city",
    year: str = "year",
) -> SpatialMarkov:
    r"""Estimate a Markov chain for each class of the spatial lag at the start.

    .. math:: p_{ij \mid l} = n_{ij}^l / n_i^l

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    weights : Weights
        One matrix for all years or one for each; the lag of the start year uses its own.
    classes, scope, relative, steps, empty
        As in ``markov_chain``.
    lag_classes : int or sequence of float, optional
        Number of quantile classes of the lag, or its bounds; as ``classes`` by default.
    lag_cuts : {"own", "same"}
        Quantiles of the lag itself, so that every lag class is filled; or the bounds of the
        variable, which needs weights whose rows sum to one.
    permutations : int
        Rearrangements of whole histories over the map, 0 for none, else at least 99.
    rng : int, numpy.random.Generator or None
    city, year : str

    Returns
    -------
    SpatialMarkov

    Raises
    ------
    AlignmentError, PanelError, WeightsError
        If labels differ, city-years are missing, no city has a neighbour, or rows do not sum to
        one where bounds are shared.
    ConfigError, EstimationError
        As in ``markov_chain``; if ``lag_classes`` is given with ``lag_cuts="same"``.

    Notes
    -----
    The chi-squared p-values of the tests of homogeneity take transitions for independent; those
    of neighbours and of successive years are not. The permutation p-values keep each history
    whole.

    References
    ----------
    Rey, S. J. (2001). Spatial empirics for economic growth and convergence. Geographical Analysis,
    33(3), 195-214. https://doi.org/10.1111/j.1538-4632.2001.tb00444.x

    Examples
    --------
    >>> pairs = pd.DataFrame(0.0, index=list("abcd"), columns=list("abcd"))
    >>> for left, right in ["ab", "ba", "cd", "dc"]:
    ...     pairs.loc[left, right] = 1.0
    >>> panel = pd.DataFrame({1: [1, 3, 1, 1], 2: [3, 3, 1, 1], 3: [3, 1, 1, 3]}, list("abcd"))
    >>> found = spatial_markov(panel, pairs, classes=[2.0], lag_cuts="same", permutations=0)
    >>> found.probabilities.loc[1].to_numpy().tolist()  # poor neighbours
    [[0.75, 0.25], [0.0, 1.0]]
    >>> found.probabilities.loc[2].to_numpy().tolist()  # rich neighbours
    [[0.0, 1.0], [0.5, 0.5]]
    """
    kind = checked_option(scope, ClassScope, name="scope")
    cuts = checked_option(lag_cuts, LagCuts, name="lag_cuts")
    fill = checked_option(empty, EmptyClass, name="empty")
    count = checked_permutations(permutations, smallest=99, zero=True)
    if cuts == "same" and lag_classes is not None:
        raise ConfigError("lag_classes= has no meaning with lag_cuts='same'; leave it out.")
    points = moran_points(
        values, weights, scale="relative" if relative else "none", city=city, year=year
    )
    table = points.own
    span = checked_steps(steps, table.shape[1])
    own = panel_classes(table, classes, scope=kind, name=points.name)
    wanted = classes if lag_classes is None else lag_classes
    cutter = _LagCutter(cuts, wanted, kind, own, f"the spatial lag of {points.name}")
    known = points.weights.reordered(table.index)
    matrices = tuple(known.matrix_of(label) for label in table.columns)
    if cuts == "same":
        _require_unit_rows(matrices, table.index)
    lagged = cutter.classes_of(points.lag)
    counts = _conditional_counts(
        own.states.to_numpy(), lagged.states.to_numpy(), (own.classes, lagged.classes), span
    )
    generator, seed = seeded_generator(rng)
    lags = pd.RangeIndex(1, lagged.classes + 1, name="lag_class")
    labels = pd.RangeIndex(1, own.classes + 1)
    configuration = Configuration(
        function="spatial_markov",
        options={
            "classes": classes if isinstance(classes, int) else tuple(classes),
            "lag_classes": wanted if isinstance(wanted, int) else tuple(wanted),
            "lag_cuts": cuts,
            "scope": kind,
            "relative": bool(relative),
            "steps": span,
            "empty": fill,
            "permutations": count,
            "null": "histories rearranged over the map",
            "islands": "left out in years without neighbours",
        },
        seed=seed if count else None,
        weights=points.weights.description,
    )
    pooled = chain_from_counts(
        counts.sum(axis=0),
        labels=labels,
        name=points.name,
        states=own.states.rename_axis(index=city, columns=year),
        bounds=own.bounds,
        steps=span,
        stay=fill == "stay",
        configuration=configuration,
    )
    by_lag = counts.sum(axis=1)
    tested = markov_homogeneity(
        {lag: pd.DataFrame(by_lag[at], labels, labels) for at, lag in enumerate(lags)},
        null="the class of the neighbours does not matter",
    )
    drawn = _permuted(table, matrices, cutter, lagged, span, count, generator)
    return SpatialMarkov(
        name=points.name,
        **_tables(by_lag, lags, labels, stay=fill == "stay"),
        pooled=pooled,
        homogeneity=replace(tested, configuration=configuration),
        permutations=count,
        p_permutation=_p_values(tested, drawn),
        lag_states=lagged.states.rename_axis(index=city, columns=year),
        lag_bounds=lagged.bounds,
        n_isolated=len(points.isolated),
        warnings=(*pooled.warnings, *tested.warnings, *_empty_lags(by_lag, lags)),
        configuration=configuration,
    )


def _tables(
    counts: np.ndarray, lags: pd.Index, labels: pd.Index, *, stay: bool
) -> dict[str, pd.DataFrame]:
    """Tabulate counts, probabilities, standard errors and long run of each lag class."""
    shares = row_shares(counts, stay=stay)
    left = counts.sum(axis=2, keepdims=True).astype(float)
    spread = np.sqrt(shares * (1.0 - shares) / np.where(left > 0.0, left, np.nan))
    index = pd.MultiIndex.from_product([lags, labels], names=["lag_class", "from"])
    numbers = {"counts": counts, "probabilities": shares, "std_errors": spread}
    fields = {
        name: pd.DataFrame(part.reshape(len(index), -1), index, labels.rename("to"))
        for name, part in numbers.items()
    }
    long_run = np.array([ergodic_shares(part) for part in shares])
    return fields | {"ergodic": pd.DataFrame(long_run, lags, labels.rename("class"))}


@dataclass(frozen=True, slots=True)
class _LagCutter:
    """Puts spatial lags into classes: on bounds of their own or on those of the variable."""

    cuts: str
    classes: int | Sequence[float]
    scope: str
    own: PanelClasses
    name: str

    def classes_of(self, lag: pd.DataFrame) -> PanelClasses:
        """Classes of the observed lags; quantiles that coincide are refused."""
        if self.cuts == "own":
            return panel_classes(lag, self.classes, scope=self.scope, name=self.name)
        codes = class_codes(lag.to_numpy(), self.own.bounds.to_numpy())
        states = pd.DataFrame(codes, lag.index, lag.columns)
        return PanelClasses(states, self.own.bounds, self.own.classes)

    def codes_of(self, lag: np.ndarray, observed: PanelClasses) -> np.ndarray:
        """Classes of permuted lags, with the quantiles of these lags."""
        if self.cuts == "own" and isinstance(self.classes, int):
            bounds = quantile_bounds(lag, self.classes, pooled=self.scope == POOLED)
        else:
            bounds = observed.bounds.to_numpy()
        return class_codes(lag, bounds)


def _require_unit_rows(matrices: tuple[sparse.csr_array, ...], ids: pd.Index) -> None:
    for matrix in matrices:
        sums = np.asarray(matrix.sum(axis=1)).ravel()
        off = (sums > 0.0) & (np.abs(sums - 1.0) > 1e-6)
        if off.any():
            raise WeightsError(
                "With lag_cuts='same' the lag must be a mean of neighbours, but the weights of "
                f"{listed(ids[off])} do not sum to one. Use weights.transformed('row'), or "
                "lag_cuts='own'."
            )


def _conditional_counts(
    states: np.ndarray, lag: np.ndarray, classes: tuple[int, int], steps: int
) -> np.ndarray:
    """Count transitions by lag class at the start, shape (lag classes, start years, k, k)."""
    k, m = classes
    start, end, given = states[:, :-steps] - 1, states[:, steps:] - 1, lag[:, :-steps] - 1
    years = start.shape[1]
    cell = ((given * years + np.arange(years)) * k + start) * k + end
    known = given >= 0
    return np.bincount(cell[known], minlength=m * years * k * k).reshape(m, years, k, k)


def _permuted(
    table: pd.DataFrame,
    matrices: tuple[sparse.csr_array, ...],
    cutter: _LagCutter,
    observed: PanelClasses,
    steps: int,
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """LR and Q of rearranged maps, shape (count, 2)."""
    drawn = np.empty((count, 2))
    # Sorted by their histories first, so that the draws depend on no order of cities.
    order = np.lexsort(table.to_numpy().T[::-1])
    values, states = table.to_numpy()[order], cutter.own.states.to_numpy()[order]
    moved = [matrix[order][:, order] for matrix in matrices]
    empty = np.stack([np.diff(matrix.indptr) == 0 for matrix in moved], axis=1)
    same = all(matrix is matrices[0] for matrix in matrices)
    classes = cutter.own.classes, observed.classes
    for at in range(count):
        shuffle = generator.permutation(len(values))
        history = values[shuffle]
        if same:
            lag = moved[0] @ history
        else:
            lag = np.stack([matrix @ history[:, t] for t, matrix in enumerate(moved)], axis=1)
        codes = cutter.codes_of(np.where(empty, np.nan, lag), observed)
        counts = _conditional_counts(states[shuffle], codes, classes, steps)
        parts = homogeneity_parts(counts.sum(axis=1).astype(float))
        drawn[at] = parts[0].sum(), parts[1].sum()
    return drawn


def _p_values(tested: HomogeneityTest, drawn: np.ndarray) -> pd.Series:
    if not len(drawn):
        return pd.Series({"LR": np.nan, "Q": np.nan}, name="p_permutation")
    observed = tested.table["statistic"].to_numpy()
    hits = (drawn >= observed - _EQUAL * np.maximum(1.0, np.abs(observed))).sum(axis=0)
    return pd.Series((1 + hits) / (1 + len(drawn)), ["LR", "Q"], name="p_permutation")


def _empty_lags(counts: np.ndarray, lags: pd.Index) -> tuple[str, ...]:
    empty = lags[counts.sum(axis=(1, 2)) == 0]
    if not len(empty):
        return ()
    return (f"No city has neighbours of the lag classes {listed(empty)}.",)
