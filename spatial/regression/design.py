"""From a formula and a table of city-years to stacked arrays, matched by label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError

from spatial.errors import ConfigError, listed, nearest_spelling
from spatial.regression.checks import (
    require_balanced,
    require_cities_of_weights,
    require_complete,
    require_rows,
    require_unique_rows,
)
from spatial.regression.formula_checks import (
    parsed_formula,
    plain,
    require_number_outcome,
    require_numbers,
    sorted_years,
    with_index_levels,
)
from spatial.regression.spatial_lag import SpatialLag
from spatial.weights.types import Weights, as_weights

CONSTANT = "const"
RESERVED = ("rho", "lambda", "sigma2")


@dataclass(frozen=True, eq=False)
class PanelDesign:
    """A balanced panel as arrays, stacked by year and then by city of the weights.

    Attributes
    ----------
    formula, outcome : str
    y : numpy.ndarray of shape (years, n)
    X : numpy.ndarray of shape (years, n, k)
        Regressors without spatial lags; the constant, where the formula has one, comes first.
    names : tuple of str, length k
    lagged : tuple of str
        Regressors that get a spatial lag in Durbin specifications.
    cities, years : pandas.Index
    weights, regressor_weights, error_weights : Weights
        In the order of ``cities``; the second makes the spatial lags of regressors, the third
        those of the errors.
    lag, regressor_lag, error_lag : SpatialLag
    source_index : pandas.Index
        Row labels of the caller's table.
    position : numpy.ndarray of int, shape (rows,)
        Place of each row of the caller in the flattened (years, n) arrays.
    recipe : formulaic.ModelSpecs
        How the formula made ``y`` and ``X``, with the levels and centres it saw, for other data.
    """

    formula: str
    outcome: str
    y: np.ndarray
    X: np.ndarray
    names: tuple[str, ...]
    lagged: tuple[str, ...]
    cities: pd.Index
    years: pd.Index
    weights: Weights
    regressor_weights: Weights
    error_weights: Weights
    lag: SpatialLag
    regressor_lag: SpatialLag
    error_lag: SpatialLag
    source_index: pd.Index
    position: np.ndarray
    recipe: Any

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.cities)

    @property
    def n_years(self) -> int:
        """Number of years."""
        return len(self.years)

    def regressors(self, *, durbin: bool, constant: bool) -> tuple[np.ndarray, tuple[str, ...]]:
        """Regressors with or without spatial lags and constant, and their names.

        Returns
        -------
        Z : numpy.ndarray of shape (years, n, k)
        names : tuple of str
        """
        keep = [j for j, name in enumerate(self.names) if constant or name != CONSTANT]
        Z, names = self.X[:, :, keep], tuple(self.names[j] for j in keep)
        if durbin and self.lagged:
            chosen = [self.names.index(name) for name in self.lagged]
            _require_free_names(self.names, self.lagged)
            Z = np.concatenate([Z, self.regressor_lag(self.X[:, :, chosen])], axis=2)
            names = names + tuple(f"W {name}" for name in self.lagged)
        return Z, names

    def to_caller(self, values: np.ndarray, name: str) -> pd.Series:
        """Hand an array of shape (years, n) back with the rows of the caller's table."""
        return pd.Series(values.ravel()[self.position], index=self.source_index, name=name)


def panel_design(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str = "city",
    year: str = "year",
    regressor_weights: Any = None,
    error_weights: Any = None,
    lagged: Sequence[str] | None = None,
) -> PanelDesign:
    """Read formula, table and weights into stacked arrays.

    Parameters
    ----------
    formula : str
        ``outcome ~ regressor + ...`` in the language of formulaic.
    data : pandas.DataFrame
        One row for each city and year, in any order.
    weights : Weights or anything that ``as_weights`` takes
    city, year : str
        Names of the columns or index levels.
    regressor_weights, error_weights : optional
        Other weights for the spatial lags of regressors and of errors.
    lagged : sequence of str, optional
        Which regressors get a spatial lag, all by default.

    Returns
    -------
    PanelDesign

    Raises
    ------
    AlignmentError, PanelError, ConfigError
        Sentences that name ids, columns and the remedy.
    """
    require_rows(data)
    own = as_weights(weights)
    other = own if regressor_weights is None else as_weights(regressor_weights)
    errors = own if error_weights is None else as_weights(error_weights)
    keys = pd.DataFrame(
        {"city": _key(data, city, "city"), "year": _key(data, year, "year")}
    ).reset_index(drop=True)
    data = with_index_levels(data, formula)
    parsed, columns = parsed_formula(formula, data)
    require_unique_rows(keys["city"], keys["year"])
    cities, years = own.ids, sorted_years(keys["year"], year)
    require_cities_of_weights(pd.Index(keys["city"].unique()), cities)
    require_numbers(data[columns].reset_index(drop=True), keys["city"])
    require_complete(data[columns], keys["city"])
    position = _position(keys, years, cities)
    present = np.zeros(len(years) * len(cities), dtype=bool)
    present[position] = True
    require_balanced(present.reshape(len(years), len(cities)), cities, years)
    table = data[columns].iloc[np.argsort(position)].reset_index(drop=True)
    stacked_cities = keys["city"].iloc[np.argsort(position)].reset_index(drop=True)
    outcome, y, X, names, recipe = _matrices(parsed, formula, table, stacked_cities)
    aligned = own.reordered(cities)
    other_aligned = aligned if other is own else _other_weights(other, cities)
    errors_aligned = aligned if errors is own else _other_weights(errors, cities)
    shape = (len(years), len(cities))
    lag = _spatial_lag(aligned, years)
    return PanelDesign(
        formula=formula,
        outcome=outcome,
        y=y.reshape(shape),
        X=X.reshape(*shape, -1),
        names=names,
        lagged=_lagged(names, lagged),
        cities=pd.Index(cities, name=city),
        years=years,
        weights=aligned,
        regressor_weights=other_aligned,
        error_weights=errors_aligned,
        lag=lag,
        regressor_lag=lag if other is own else _spatial_lag(other_aligned, years),
        error_lag=lag if errors is own else _spatial_lag(errors_aligned, years),
        source_index=data.index,
        position=position,
        recipe=recipe,
    )


def _key(data: pd.DataFrame, name: str, role: str) -> np.ndarray:
    """Read city or year from a column or an index level."""
    if name in data.columns:
        return data[name].to_numpy()
    if name in data.index.names:
        return data.index.get_level_values(name).to_numpy()
    known = [str(item) for item in [*data.columns, *data.index.names] if item is not None]
    raise ConfigError(
        f"{role}={name!r} is neither a column nor an index level of the data"
        f"{nearest_spelling(name, known)}; known: {listed(known)}. Name the right one as {role}=."
    )


def _position(keys: pd.DataFrame, years: pd.Index, cities: pd.Index) -> np.ndarray:
    """Place of each row in the flattened (years, n) arrays."""
    year = years.get_indexer(pd.Index(keys["year"]))
    return np.asarray(year * len(cities) + cities.get_indexer(pd.Index(keys["city"])))


def _matrices(
    parsed: formulaic.Formula, formula: str, table: pd.DataFrame, cities: pd.Series
) -> tuple[str, np.ndarray, np.ndarray, tuple[str, ...], Any]:
    """Evaluate the formula on rows in stacked order."""
    try:
        with np.errstate(all="ignore"):  # log(0) and the like are reported below, by city
            built = parsed.get_model_matrix(as_numbers(table, str(parsed)), na_action="ignore")
    except FormulaicError as error:
        raise ConfigError(f"The formula {formula!r} cannot be evaluated: {plain(error)}") from error
    left, right = pd.DataFrame(built.lhs), pd.DataFrame(built.rhs)
    require_number_outcome(left, formula)
    taken = [str(name) for name in right.columns if str(name) in (*RESERVED, CONSTANT)]
    if taken:
        raise ConfigError(
            f"Regressors {listed(taken)} bear the name of a model parameter; rename the columns."
        )
    right = right.rename(columns={"Intercept": CONSTANT})
    require_complete(pd.concat([left, right], axis=1), cities)
    names = tuple(str(name) for name in right.columns)
    outcome, recipe = str(left.columns[0]), built.model_spec
    return outcome, left.to_numpy(float)[:, 0], right.to_numpy(float), names, recipe


def as_numbers(table: pd.DataFrame, formula: str = "") -> pd.DataFrame:
    """Return the table with every numeric column as float, which formulas compute with.

    A column that stands in ``C()`` names groups and keeps its type: 1981 stays 1981.
    """
    groups = set(re.findall(r"\bC\(\s*`?([^`,)]+?)`?\s*[,)]", formula))
    return pd.DataFrame(
        {
            name: values.astype(float)
            if pd.api.types.is_numeric_dtype(values) and name not in groups
            else values
            for name, values in table.items()
        }
    )


def _lagged(names: Sequence[str], chosen: Sequence[str] | None) -> tuple[str, ...]:
    """Check which regressors get a spatial lag."""
    possible = [name for name in names if name != CONSTANT]
    if chosen is None:
        return tuple(possible)
    chosen = (chosen,) if isinstance(chosen, str) else tuple(chosen)
    unknown = [name for name in chosen if name not in possible]
    if unknown:
        raise ConfigError(
            f"lagged={listed(unknown)} are no regressors; choose from {listed(possible)}."
        )
    return tuple(name for name in possible if name in set(chosen))


def _require_free_names(names: Sequence[str], lagged: Sequence[str]) -> None:
    taken = [f"W {name}" for name in lagged if f"W {name}" in names]
    if taken:
        raise ConfigError(
            f"Regressors {listed(taken)} bear the name of a spatial lag of this specification; "
            "leave them out, or name only other regressors in lagged=."
        )


def _other_weights(weights: Weights, cities: pd.Index) -> Weights:
    require_cities_of_weights(cities, weights.ids)
    return weights.reordered(cities)


def _spatial_lag(weights: Weights, years: pd.Index) -> SpatialLag:
    """One matrix for all years, or the matrix of each year of the panel."""
    if weights.years is None:
        return SpatialLag((weights.matrix,), len(years))
    return SpatialLag(tuple(weights.matrix_of(year) for year in years), len(years))
