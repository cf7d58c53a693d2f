"""City-years that are observed, the weights among them, and the exact within transformation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from spatial.errors import EstimationError, PanelError, listed
from spatial.options import AbsorbedEffects
from spatial.regression.checks import (
    require_cities_of_weights,
    require_complete,
    require_rows,
    require_unique_rows,
)
from spatial.regression.design import PanelDesign, _key, _lagged, _matrices
from spatial.regression.formula_checks import (
    parsed_formula,
    require_numbers,
    sorted_years,
    with_index_levels,
)
from spatial.regression.spatial_lag import ROW_SUM_TOLERANCE, SpatialLag
from spatial.weights.types import Weights, as_weights


@dataclass(frozen=True, eq=False)
class Cells:
    """The observed city-years, in the order of years and then of the cities of the weights.

    Attributes
    ----------
    city, year : numpy.ndarray of int, shape (m,)
        Position of each cell among ``cities`` and ``years``.
    cities, years : pandas.Index
    matrices : tuple of scipy.sparse.csr_array
        Weights of each year among the cities observed in it.
    design : PanelDesign
        The cells as one cross-section of m units, whose weights are block-diagonal by year.
    index : pandas.Index
        Rows of the caller's table.
    place : numpy.ndarray of int, shape (rows,)
        Cell of each row, -1 where it is not complete.
    absent, incomplete : int
        City-years without a row, and with a row that lacks a value.
    cut_off : int
        Cells that have neighbours in the full weights, but none that is observed.
    scaled : bool
        Whether rows of the cut weights were normalised again.
    """

    city: np.ndarray
    year: np.ndarray
    cities: pd.Index
    years: pd.Index
    matrices: tuple[sparse.csr_array, ...]
    design: PanelDesign
    index: pd.Index
    place: np.ndarray
    absent: int
    incomplete: int
    cut_off: int
    scaled: bool

    @property
    def count(self) -> int:
        """Number of cells."""
        return len(self.city)

    def within(self, values: np.ndarray, effects: AbsorbedEffects) -> np.ndarray:
        """Take fixed effects out exactly, however the cells lie.

        City or year effects: deviations from the means of the observed cells. Two-way: the
        year effects solve the normal equations after the city means are taken out,
        (N_T - B' N_C^-1 B) a = B-adjusted sums, with B the incidence of cities and years.

        Parameters
        ----------
        values : numpy.ndarray of shape (1, m) or (1, m, k)
        effects : {"pooled", "city", "year", "two-way"}

        Returns
        -------
        numpy.ndarray of the same shape
        """
        columns = values.reshape(self.count, -1)
        if effects in ("city", "year"):
            codes = self.city if effects == "city" else self.year
            columns = columns - _means(codes, columns)[codes]
        elif effects == "two-way":
            columns = self._two_way(columns)
        return columns.reshape(values.shape)

    def _two_way(self, columns: np.ndarray) -> np.ndarray:
        deviations = columns - _means(self.city, columns)[self.city]
        shape = (len(self.cities), len(self.years))
        incidence = np.zeros(shape)
        incidence[self.city, self.year] = 1.0
        share = incidence / incidence.sum(axis=1, keepdims=True)
        system = np.diag(incidence.sum(axis=0)) - incidence.T @ share
        sums = np.stack([np.bincount(self.year, column, shape[1]) for column in deviations.T], 1)
        # One level is free; the shortest solution takes any of them, the residuals are the same.
        levels = np.linalg.lstsq(system, sums, rcond=None)[0]
        carried = levels[self.year]
        return deviations - (carried - _means(self.city, carried)[self.city])

    def to_caller(self, values: np.ndarray, name: str) -> pd.Series:
        """Hand values of cells back with the caller's rows, missing where a row is incomplete."""
        full = np.where(self.place >= 0, values.ravel()[np.maximum(self.place, 0)], np.nan)
        return pd.Series(full, index=self.index, name=name)


def _means(codes: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Means of columns by group, of shape (groups, k)."""
    counts = np.bincount(codes)
    sums = np.stack([np.bincount(codes, column, len(counts)) for column in columns.T], axis=1)
    return np.asarray(sums / np.maximum(counts, 1)[:, None])


def observed_cells(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str,
    year: str,
    lagged: Sequence[str] | None,
) -> Cells:
    """Read the complete rows of a table and the weights among their cities, year by year.

    Raises
    ------
    AlignmentError, PanelError, ConfigError, WeightsError
        As ``fit_panel``; and where a city or a year has no complete row.
    """
    require_rows(data)
    own = as_weights(weights)
    keys = pd.DataFrame({"city": _key(data, city, "city"), "year": _key(data, year, "year")})
    data = with_index_levels(data, formula)
    parsed, columns = parsed_formula(formula, data)
    require_unique_rows(keys["city"], keys["year"])
    years = sorted_years(keys["year"], year)
    require_cities_of_weights(pd.Index(keys["city"].unique()), own.ids)
    table = data[columns].reset_index(drop=True)
    require_numbers(table, keys["city"])
    complete = table.notna().all(axis=1).to_numpy()
    codes = own.ids.get_indexer(pd.Index(keys["city"]))
    times = years.get_indexer(pd.Index(keys["year"]))
    _require_somewhere(codes, complete, own.ids, "Cities")
    _require_somewhere(times, complete, years, "Years")
    order = np.flatnonzero(complete)[np.lexsort((codes[complete], times[complete]))]
    ordered = table.iloc[order].reset_index(drop=True)
    cities = keys["city"].iloc[order].reset_index(drop=True)
    require_complete(ordered, cities)  # infinite values are no gaps
    outcome, y, X, names, recipe = _matrices(parsed, formula, ordered, cities)
    where, when = codes[order], times[order]
    matrices, cut_off, scaled = _cut(own, years, where, when)
    block = sparse.csr_array(sparse.block_diag(matrices, format="csr"))
    lag = SpatialLag((block,), 1)
    place = np.full(len(data), -1)
    place[order] = np.arange(len(order))
    pairs = list(zip(own.ids[where].tolist(), years[when].tolist(), strict=True))
    labels = pd.Index(pairs, tupleize_cols=False, name="city-year")
    flat = PanelDesign(
        formula=formula,
        outcome=outcome,
        y=y[None, :],
        X=X[None, :, :],
        names=names,
        lagged=_lagged(names, lagged),
        cities=labels,
        years=pd.Index([0]),
        weights=own,
        regressor_weights=own,
        error_weights=own,
        lag=lag,
        regressor_lag=lag,
        error_lag=lag,
        source_index=data.index,
        position=place,
        recipe=recipe,
    )
    return Cells(
        city=where,
        year=when,
        cities=own.ids,
        years=years,
        matrices=matrices,
        design=flat,
        index=data.index,
        place=place,
        absent=len(own.ids) * len(years) - len(data),
        incomplete=int((~complete).sum()),
        cut_off=cut_off,
        scaled=scaled,
    )


def _require_somewhere(
    codes: np.ndarray, complete: np.ndarray, labels: pd.Index, what: str
) -> None:
    """Raise for cities or years without any complete row."""
    seen = np.bincount(codes[complete], minlength=len(labels))
    never = labels[seen == 0]
    if len(never):
        raise PanelError(
            f"{what} {listed(never.tolist())} have no complete row; drop them from the data (and "
            "cities from the weights as well), or fill their missing values."
        )


def _cut(
    weights: Weights, years: pd.Index, city: np.ndarray, year: np.ndarray
) -> tuple[tuple[sparse.csr_array, ...], int, bool]:
    """Weights of each year among its observed cities; rows that summed to one do so again."""
    full = [weights.matrix if weights.years is None else weights.matrix_of(t) for t in years]
    sums = [np.asarray(matrix.sum(axis=1)).ravel() for matrix in full]
    scaled = all(np.abs(total[total > 0] - 1.0).max() < ROW_SUM_TOLERANCE for total in sums)
    parts, cut_off = [], 0
    for t, matrix in enumerate(full):
        here = city[year == t]
        part = sparse.csr_array(matrix[here][:, here])
        left = np.asarray(part.sum(axis=1)).ravel()
        cut_off += int(((left == 0.0) & (sums[t][here] > 0.0)).sum())
        if scaled:
            scale = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0.0)
            part = sparse.csr_array(sparse.diags_array(scale) @ part)
        parts.append(part)
    return tuple(parts), cut_off, scaled


def require_connected(cells: Cells, effects: AbsorbedEffects) -> None:
    """Raise where two-way effects of separate groups of cells cannot be compared.

    Raises
    ------
    EstimationError
    """
    if effects != "two-way":
        return
    n, count = len(cells.cities), len(cells.cities) + len(cells.years)
    links = sparse.coo_array(
        (np.ones(cells.count), (cells.city, n + cells.year)), shape=(count, count)
    )
    groups, member = csgraph.connected_components(links, directed=False)
    if groups > 1:
        smallest = np.bincount(member[:n], minlength=groups).argmin()
        raise EstimationError(
            f"The observed city-years fall into {groups} groups without a common city or year, for "
            f"example the cities {listed(cells.cities[member[:n] == smallest])}; city and year "
            "effects cannot be told apart. Use effects='city', or keep one group."
        )
