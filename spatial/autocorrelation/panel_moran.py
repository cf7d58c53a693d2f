"""Moran's I of panels: all years at once, changes between years, and neighbours of the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.alignment import require_same_cities
from spatial.autocorrelation.bivariate import bivariate_moran
from spatial.autocorrelation.global_moran import GlobalMoran, global_moran
from spatial.autocorrelation.global_statistics import (
    COLUMNS,
    ISLANDS_KEPT,
    GlobalStatistic,
    checked_alternative,
    global_statistic,
)
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.panel_values import panel_table
from spatial.autocorrelation.preparation import checked_permutations
from spatial.autocorrelation.quadratic_forms import form_moments, permuted_forms
from spatial.errors import ConfigError, EstimationError, WeightsError, listed
from spatial.options import AbsorbedEffects, Alternative, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights


@dataclass(frozen=True, kw_only=True)
class PanelMoran(GlobalStatistic):
    """Moran's I of a panel.

    Attributes
    ----------
    by_year : pandas.DataFrame
        Index: years. Columns ``statistic``, ``expected``, ``variance``, ``z_score`` of the same
        transformed values within each year, and ``share`` of the year in the sum of squares.
    """

    by_year: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class SpaceTimeMoran(Result):
    """Association of each year with the neighbours' values some years before.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: year. Columns ``earlier_year`` and those of ``GlobalStatistic.tidy``, and ``p_fdr``.
    configuration : Configuration
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def panel_moran(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    effects: AbsorbedEffects = "two-way",
    city: str = "city",
    year: str = "year",
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> PanelMoran:
    r"""Compute Moran's I of a panel, pooled over years, after taking out effects.

    .. math:: I = \frac{\sum_t n}{\sum_t S_{0t}} \frac{\sum_t e_t' W_t e_t}{\sum_t e_t'e_t}

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    weights : Weights
        One matrix for all years or one for each; used as they are.
    effects : {"pooled", "city", "year", "two-way"}
        What is taken out to give e: the mean of all, of each city, of each year, or both.
    city, year : str
        Names of the index levels.
    permutations : int
        Rearrangements of e **inside each year**, 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
    rng : int, numpy.random.Generator or None

    Returns
    -------
    PanelMoran
        Mean and variance are exact for values rearranged inside years, independently.

    Raises
    ------
    AlignmentError, PanelError, WeightsError
        If labels differ, city-years are missing, or no city has a neighbour.
    EstimationError
        If nothing varies after the effects are taken out.
    """
    wanted = checked_alternative(alternative)
    taken = checked_option(effects, AbsorbedEffects, name="effects")
    count = checked_permutations(permutations, smallest=99, zero=True)
    known = as_weights(weights)
    table = panel_table(values, city=city, year=year)
    require_same_cities(table.index, known.ids, left_name="the panel", right_name="the weights")
    matrices = {label: known.matrix_of(label) for label in table.columns}
    if not any(matrix.nnz for matrix in matrices.values()):
        raise WeightsError("No city has a neighbour in these weights; use others.")
    e = _without_effects(table.reindex(known.ids).to_numpy(), taken)
    generator, seed = seeded_generator(rng)
    n, years = e.shape
    total, squares = sum(float(m.data.sum()) for m in matrices.values()), float((e**2).sum())
    scale = n * years / (total * squares)
    moments, forms, simulated, rows = [], [], np.zeros(count), {}
    for at, (label, matrix) in enumerate(matrices.items()):
        z = e[:, at]
        moments.append(form_moments(matrix, z, z))
        forms.append(float(z @ (matrix @ z)))
        # Sorted first, so that the draws depend on no order of cities.
        order = np.argsort(z, kind="stable")
        simulated += permuted_forms(z[order], matrix[order][:, order], count, generator)
        share = float(z @ z)
        own = n / (float(matrix.data.sum()) * share) if share > 0.0 and matrix.nnz else np.nan
        rows[label] = {
            "statistic": forms[-1] * own,
            "expected": moments[-1].mean * own,
            "variance": moments[-1].variance * own**2,
            "share": share / squares,
        }
    by_year = pd.DataFrame.from_dict(rows, orient="index").rename_axis(year)
    gap = by_year["statistic"] - by_year["expected"]
    by_year.insert(3, "z_score", gap / np.sqrt(by_year["variance"].where(by_year["variance"] > 0)))
    name = _name_of(values)
    found = global_statistic(
        measure="panel Moran's I",
        name=name,
        statistic=sum(forms) * scale,
        expected=sum(moment.mean for moment in moments) * scale,
        variance=sum(moment.variance for moment in moments) * scale**2,
        simulated=simulated * scale,
        alternative=wanted,
        n=n,
        n_islands=len(known.islands),
        configuration=Configuration(
            function="panel_moran",
            options={
                "effects": taken,
                "permutations": count,
                "alternative": wanted,
                "null": "values rearranged inside years",
                "islands": ISLANDS_KEPT,
            },
            seed=seed if count else None,
            weights=known.description,
        ),
    )
    kept = {field: getattr(found, field) for field in GlobalStatistic.__dataclass_fields__}
    return PanelMoran(**kept, by_year=by_year)


def differential_moran(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    first: Any,
    last: Any,
    city: str = "city",
    year: str = "year",
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> GlobalMoran:
    r"""Compute Moran's I of the change between two years, :math:`y_{last} - y_{first}`.

    Fixed traits of cities cancel, so that only what moved together counts.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        As in ``panel_moran``.
    weights : Weights
        With one matrix for each year, that of ``last`` is used.
    first, last : hashable
        Years of the panel.
    city, year, permutations, alternative, rng
        As in ``panel_moran``.

    Returns
    -------
    GlobalMoran

    Raises
    ------
    ConfigError
        If a year is not in the panel or both are the same.
    AlignmentError, PanelError, EstimationError, WeightsError
        As in ``global_moran``.
    """
    table = panel_table(values, city=city, year=year)
    for label in (first, last):
        if label not in table.columns:
            raise ConfigError(f"Year {label!r} is not in the panel; known: {listed(table)}.")
    if first == last:
        raise ConfigError(f"first and last are both {first!r}; a change needs two years.")
    change = table[last] - table[first]
    name = _name_of(values)
    return global_moran(
        change.rename(f"{name} {last} - {first}"),
        _weights_of_year(weights, last),
        permutations=permutations,
        alternative=alternative,
        rng=rng,
    )


def space_time_moran(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    lag: int = 1,
    city: str = "city",
    year: str = "year",
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> SpaceTimeMoran:
    r"""Compute bivariate Moran's I of each year with the neighbours' values ``lag`` years before.

    .. math:: I_t = \frac{n}{S_0} \frac{z_t' W z_{t-k}}{\sqrt{z_t'z_t \; z_{t-k}'z_{t-k}}}

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        As in ``panel_moran``.
    weights : Weights
        With one matrix for each year, that of the later year is used.
    lag : int
        k, counted in years of the panel.
    city, year, permutations, alternative, rng
        As in ``panel_moran``; every year uses the same seed.

    Returns
    -------
    SpaceTimeMoran

    Raises
    ------
    ConfigError
        If ``lag`` is not a whole number from 1.
    EstimationError
        If the panel has no two years so far apart.
    AlignmentError, PanelError, WeightsError
        As in ``bivariate_moran``.
    """
    if isinstance(lag, bool) or not isinstance(lag, int | np.integer) or lag < 1:
        raise ConfigError(f"lag={lag!r} must be a whole number of years from 1.")
    table = panel_table(values, city=city, year=year)
    years = list(table.columns)
    if len(years) <= lag:
        raise EstimationError(f"{len(years)} years leave none after a lag of {lag}; use fewer.")
    _, seed = seeded_generator(rng)
    rows = {}
    for earlier, later in zip(years[:-lag], years[lag:], strict=True):
        found = bivariate_moran(
            table[later].rename(str(later)),
            table[earlier].rename(str(earlier)),
            _weights_of_year(weights, later),
            permutations=permutations,
            alternative=alternative,
            rng=seed,
        )
        rows[later] = {"earlier_year": earlier, **{name: getattr(found, name) for name in COLUMNS}}
    result = pd.DataFrame.from_dict(rows, orient="index").rename_axis(year)
    tested = result["p_permutation" if permutations else "p_analytical"].to_numpy(dtype=float)
    result["p_fdr"] = adjusted_p_values(tested, "fdr")
    return SpaceTimeMoran(
        table=result,
        configuration=Configuration(
            function="space_time_moran",
            options={
                "lag": int(lag),
                "permutations": permutations,
                "alternative": alternative,
                "correction": f"Benjamini-Hochberg over {len(rows)} years",
                "islands": ISLANDS_KEPT,
            },
            seed=seed if permutations else None,
            weights=as_weights(weights).description,
        ),
    )


def _name_of(values: pd.Series | pd.DataFrame) -> str:
    known = getattr(values, "name", None)
    return "values" if known is None else str(known)


def _weights_of_year(weights: Any, label: Any) -> Any:
    """Weights in force in one year, as weights of a single matrix."""
    known = as_weights(weights)
    if known.years is None:
        return known
    return as_weights(known.matrix_of(label), ids=known.ids, description=known.description)


def _without_effects(values: np.ndarray, effects: str) -> np.ndarray:
    """Deviations of shape (n, years); raises when nothing is left."""
    e = values - values.mean()
    if effects in ("city", "two-way"):
        e = e - e.mean(axis=1, keepdims=True)
    if effects in ("year", "two-way"):
        e = e - e.mean(axis=0, keepdims=True)
    largest = float(np.abs(values).max())
    if largest == 0.0 or float(np.abs(e).max()) <= 1e-12 * largest:
        raise EstimationError(
            f"Nothing varies after {effects} effects are taken out, so there is no pattern; use "
            "more years or fewer effects."
        )
    return np.asarray(e / np.abs(e).max())
