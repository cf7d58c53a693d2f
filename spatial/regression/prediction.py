"""What a fitted regression says about other data, and who is hit by a shock to one city."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError

from spatial.errors import ConfigError, EstimationError, PanelError, listed, nearest_spelling
from spatial.regression.argument_checks import checked_number
from spatial.regression.checks import (
    require_balanced,
    require_cities_of_weights,
    require_complete,
    require_unique_rows,
)
from spatial.regression.cross_section import YEAR_COLUMN, cross_section_table
from spatial.regression.design import (
    CONSTANT,
    PanelDesign,
    _key,
    _position,
    _spatial_lag,
    as_numbers,
)
from spatial.regression.effects import effect_terms
from spatial.regression.formula_checks import (
    named_columns,
    plain,
    require_numbers,
    sorted_years,
    with_index_levels,
)
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.specifications import DURBIN
from spatial.results import Configuration, Result
from spatial.weights.types import Weights, as_weights

if TYPE_CHECKING:
    from spatial.regression.results import PanelResult


@dataclass(frozen=True, kw_only=True)
class Prediction(Result):
    """Predicted outcomes.

    Attributes
    ----------
    configuration : Configuration
    values : pandas.Series
        Predictions with the rows of the caller's table.
    table : pandas.DataFrame
        The same rows: ``prediction``; ``regressors``, the part Z delta of the regressors and their
        spatial lags; ``effects``, intercept and fixed effects. What the prediction has beyond the
        sum of the last two came through the outcomes of other cities.
    notes : tuple of str
        Which fixed effects are not known.
    """

    configuration: Configuration
    values: pd.Series
    table: pd.DataFrame
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row for each row of the data."""
        return self.table.copy()


@dataclass(frozen=True, eq=False)
class _Setting:
    """Where to predict: arrays stacked by year and then by city."""

    Z: np.ndarray
    y: np.ndarray | None
    lag: SpatialLag
    error_lag: SpatialLag | None
    cities: pd.Index
    years: pd.Index
    index: pd.Index
    position: np.ndarray


def predict(
    result: PanelResult,
    data: pd.DataFrame | None = None,
    *,
    multiplier: bool = True,
    weights: Any = None,
    regressor_weights: Any = None,
    error_weights: Any = None,
) -> Prediction:
    r"""Predict the outcome of the sample, of other years, of other cities, or of a scenario.

    With the multiplier: :math:`\hat y = (I - \rho W)^{-1} (Z \hat\delta + \hat\mu + \hat\lambda)`,
    which needs no outcome. Without it the observed outcomes of neighbours stand in its place:
    :math:`\hat y = \rho W y + Z \hat\delta + \hat\mu + \hat\lambda`, and in error models
    :math:`\hat y = Z \hat\delta + \hat\mu + \hat\lambda + \lambda M (y - Z \hat\delta - \hat\mu -
    \hat\lambda)` with the weights M of the errors; models with both parameters add both.

    Parameters
    ----------
    result : PanelResult
    data : pandas.DataFrame, optional
        Rows with the columns of the formula, named as in the sample; every city of the weights
        must be there in every year, because cities feel each other. The sample by default.
    multiplier : bool
        False needs the outcome.
    weights, regressor_weights, error_weights : optional
        Weights among the cities of ``data``, where they are not those of the sample.

    Returns
    -------
    Prediction

    Raises
    ------
    AlignmentError, PanelError, ConfigError
        As ``fit_panel``, for the new rows.

    Notes
    -----
    Fixed effects of cities and years outside the sample are not known; they are taken as zero,
    the average of those inside, and a note names them.

    References
    ----------
    Goulard, Laurent and Thomas-Agnan (2017) doi:10.1080/17421772.2017.1300679.
    """
    setting = (
        _sample(result)
        if data is None and weights is None
        else _new_setting(result, data, weights, regressor_weights, error_weights)
    )
    regressors = setting.Z @ result.estimate.delta
    effects, notes = _effects(result, setting)
    levels = regressors + effects
    if multiplier:
        predicted = levels
        if result.rho is not None:
            predicted = setting.lag.solve(result.rho, levels)
    else:
        predicted = _from_neighbours(result, setting, levels)

    def rows(values: np.ndarray) -> np.ndarray:
        return np.asarray(values.ravel()[setting.position])

    table = pd.DataFrame(
        {
            "prediction": rows(predicted),
            "regressors": rows(regressors),
            "effects": rows(np.broadcast_to(effects, predicted.shape)),
        },
        index=setting.index,
    )
    return Prediction(
        configuration=Configuration(
            function="predict",
            options={**dict(result.configuration.options), "multiplier": multiplier},
            weights=result.configuration.weights,
        ),
        values=table["prediction"].rename(result.design.outcome),
        table=table,
        notes=notes,
    )


def shock(
    result: PanelResult,
    city: Hashable | Mapping[Hashable, float] | Sequence[Hashable] | pd.Series,
    size: float = 1.0,
    variable: str | None = None,
) -> pd.Series:
    r"""Say who is hit when one city, or several at once, are shocked.

    :math:`(I - \rho W)^{-1} (\beta I + \theta V) e_c s` for a change s of a regressor in city c;
    :math:`(I - \rho W)^{-1} (I - \lambda M)^{-1} e_c s`, with the parameters that the model has,
    for a shock s to its outcome. Averaged over years where the weights change.

    Parameters
    ----------
    result : PanelResult
    city : label, list of labels, or mapping or Series of label to size
        The city that is shocked; or several, with the same size or each with a factor of its own
        on ``size``.
    size : float
        In units of the regressor, or of the outcome.
    variable : str, optional
        A regressor; the outcome itself by default.

    Returns
    -------
    pandas.Series
        Change of the outcome of every city; index city ids, the hardest hit first (by absolute
        size); named ``effect``.

    Raises
    ------
    EstimationError
        If the city or the variable is not in the model.
    """
    design, estimate = result.design, result.estimate
    start = np.broadcast_to(shocked_cities(design.cities, city, size), design.y.shape)
    if variable is None:
        if result.lambda_ is not None:
            start = design.error_lag.solve(result.lambda_, start)
        if result.rho is not None:
            start = design.lag.solve(result.rho, start)
    else:
        terms = effect_terms(design, estimate)
        if variable not in terms.variables:
            raise EstimationError(
                f"{variable!r} is no regressor of this model"
                f"{nearest_spelling(variable, terms.variables)}; choose from "
                f"{listed(terms.variables)}."
            )
        k = terms.variables.index(variable)
        unit = start
        start = estimate.parameters[terms.own[k]] * unit
        if terms.lagged[k] >= 0:
            start = start + estimate.parameters[terms.lagged[k]] * design.regressor_lag(unit)
        if result.rho is not None:
            start = design.lag.solve(result.rho, start)
    effect = pd.Series(start.mean(axis=0), index=design.cities, name="effect")
    return effect.sort_values(key=np.abs, ascending=False, kind="stable")


def shocked_cities(cities: pd.Index, city: Any, size: object) -> np.ndarray:
    """Size of the shock to each city, of shape (n,)."""
    unit = checked_number(size, name="size")
    if isinstance(city, (Mapping, pd.Series)):
        sizes = dict(city.items())
    else:
        several = isinstance(city, (list, pd.Index, np.ndarray))
        sizes = dict.fromkeys(city if several else [city], 1.0)
    place = cities.get_indexer(pd.Index(list(sizes)))
    unknown = [name for name, where in zip(sizes, place, strict=True) if where < 0]
    if unknown:
        hint = nearest_spelling(str(unknown[0]), map(str, cities))
        noun = "is no city" if len(unknown) == 1 else "are no cities"
        raise EstimationError(
            f"{listed(unknown)} {noun} of this model{hint}; known: {listed(cities)}."
        )
    start = np.zeros(len(cities))
    for name, where in zip(sizes, place, strict=True):
        start[where] = unit * checked_number(sizes[name], name=f"size of {name!r}")
    return start


def _sample(result: PanelResult) -> _Setting:
    design = result.design
    return _Setting(
        result.estimate.Z,
        design.y,
        design.lag,
        design.error_lag,
        design.cities,
        design.years,
        design.source_index,
        design.position,
    )


def _new_setting(
    result: PanelResult,
    data: pd.DataFrame | None,
    weights: Any,
    regressor_weights: Any,
    error_weights: Any,
) -> _Setting:
    """Read new rows with the recipe of the formula and the weights among their cities."""
    if not isinstance(data, pd.DataFrame):
        raise PanelError(
            f"data must be a pandas DataFrame, not {type(data).__name__}; other weights need the "
            "rows of their cities."
        )
    design, options = result.design, result.configuration.options
    table, city, year = data, str(options.get("city") or "city"), str(options.get("year", ""))
    if design.years.name == YEAR_COLUMN:
        named = options.get("city")
        table, city = cross_section_table(data, None if named is None else str(named))
        year = YEAR_COLUMN
    own, other = _weights_of(design, weights, regressor_weights)
    keys = pd.DataFrame({"city": _key(table, city, "city"), "year": _key(table, year, "year")})
    require_unique_rows(keys["city"], keys["year"])
    require_cities_of_weights(pd.Index(keys["city"].unique()), own.ids)
    years = sorted_years(keys["year"], year)
    position = _position(keys, years, own.ids)
    shape = (len(years), own.n)
    present = np.zeros(shape[0] * shape[1], dtype=bool)
    present[position] = True
    require_balanced(present.reshape(shape), own.ids, years)
    order = np.argsort(position)
    X = _evaluated(design, table.iloc[order], keys["city"].iloc[order]).reshape(*shape, -1)
    lag = _spatial_lag(own, years)
    regressor_lag = lag if other is own else _spatial_lag(other.reordered(own.ids), years)
    Z, names = _regressors(result, X, regressor_lag)
    if names != result.estimate.regressors:
        raise EstimationError(
            f"The new rows give the regressors {listed(names)}, the model has "
            f"{listed(result.estimate.regressors)}; it cannot be predicted out of sample."
        )
    y = _outcome(design, table.iloc[order])
    errors = _error_lag(design, weights, error_weights, own, lag, years)
    outcome = None if y is None else y.reshape(shape)
    return _Setting(Z, outcome, lag, errors, own.ids, years, data.index, position)


def _error_lag(
    design: PanelDesign,
    weights: Any,
    error_weights: Any,
    own: Weights,
    lag: SpatialLag,
    years: pd.Index,
) -> SpatialLag | None:
    """Weights of the errors among the new cities, None where they were not given."""
    if error_weights is not None:
        return _spatial_lag(as_weights(error_weights).reordered(own.ids), years)
    if design.error_lag is design.lag:
        return lag
    return None if weights is not None else _spatial_lag(design.error_weights, years)


def _weights_of(
    design: PanelDesign, weights: Any, regressor_weights: Any
) -> tuple[Weights, Weights]:
    """Weights of the new rows: given ones, else those of the sample."""
    if weights is None:
        own, other = design.weights, design.regressor_weights
    else:
        own = other = as_weights(weights)
        if regressor_weights is None and design.regressor_weights is not design.weights:
            raise ConfigError(
                "The model lags its regressors by other weights than its outcome; give both "
                "weights= and regressor_weights= for the new cities."
            )
    return own, other if regressor_weights is None else as_weights(regressor_weights)


def _evaluated(design: PanelDesign, table: pd.DataFrame, cities: pd.Series) -> np.ndarray:
    """Regressors of new rows in stacked order, made as those of the sample."""
    spec = design.recipe.rhs
    table = with_index_levels(table, str(spec.formula))
    needed = named_columns(spec.formula, spec.required_variables, table.columns)
    unknown = [name for name in needed if name not in table.columns]
    if unknown:
        raise ConfigError(
            f"Columns {listed(unknown)} of the formula are not in the new data; known: "
            f"{listed(table.columns)}."
        )
    columns, cities = table[needed].reset_index(drop=True), cities.reset_index(drop=True)
    require_numbers(columns, cities)
    require_complete(columns, cities)
    try:
        with np.errstate(all="ignore"):  # log(0) and the like are reported below, by city
            built = pd.DataFrame(
                spec.get_model_matrix(as_numbers(columns, str(spec.formula)), na_action="ignore")
            )
    except FormulaicError as error:
        raise ConfigError(
            f"The formula cannot be evaluated on the new data: {plain(error)}"
        ) from error
    if not needed:  # a formula of the constant alone has no columns to count rows by
        return np.ones((len(table), len(design.names)))
    require_complete(built, cities)
    return built.to_numpy(float)


def _regressors(
    result: PanelResult, X: np.ndarray, regressor_lag: SpatialLag
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Choose columns and lag them as in the fitted model."""
    design = result.design
    constant = CONSTANT in result.estimate.regressors
    keep = [j for j, name in enumerate(design.names) if constant or name != CONSTANT]
    Z, names = X[:, :, keep], tuple(design.names[j] for j in keep)
    if result.specification in DURBIN and design.lagged:
        chosen = [design.names.index(name) for name in design.lagged]
        Z = np.concatenate([Z, regressor_lag(X[:, :, chosen])], axis=2)
        names = names + tuple(f"W {name}" for name in design.lagged)
    return Z, names


def _outcome(design: PanelDesign, table: pd.DataFrame) -> np.ndarray | None:
    """Outcome of new rows in stacked order, None where it is missing."""
    spec = design.recipe.lhs
    needed = named_columns(spec.formula, spec.required_variables, table.columns)
    if not set(needed) <= set(table.columns):
        return None
    numbers = as_numbers(table[needed].reset_index(drop=True), str(spec.formula))
    with np.errstate(all="ignore"):
        left = spec.get_model_matrix(numbers, na_action="ignore")
    values = pd.DataFrame(left).to_numpy(float)[:, 0]
    return values if np.isfinite(values).all() else None


def _effects(result: PanelResult, setting: _Setting) -> tuple[np.ndarray, tuple[str, ...]]:
    """Intercept and fixed effects, broadcast to (years, n); unknown ones are zero."""
    total, notes = np.full((1, 1), result.intercept or 0.0), []
    for kind, labels in (("city", setting.cities), ("year", setting.years)):
        if kind not in result.fixed_effects:
            continue
        values = result.fixed_effects[kind].reindex(labels)
        unknown = labels[values.isna().to_numpy()]
        if len(unknown):
            notes.append(
                f"Effects of {len(unknown)} of {len(labels)} on the axis {kind!r} are not known "
                f"and taken as zero, the average of the sample: {listed(unknown.tolist())}."
            )
        filled = values.fillna(0.0).to_numpy()
        total = total + (filled[None, :] if kind == "city" else filled[:, None])
    return total, tuple(notes)


def _from_neighbours(result: PanelResult, setting: _Setting, levels: np.ndarray) -> np.ndarray:
    """Prediction from the observed outcomes of neighbours."""
    if setting.y is None:
        raise PanelError(
            f"multiplier=False needs the outcome {result.design.outcome!r} of every row, because "
            "the observed outcomes of neighbours enter. Add it or use multiplier=True."
        )
    predicted = levels
    if result.rho is not None:
        predicted = predicted + result.rho * setting.lag(setting.y)
    if result.lambda_ is not None:
        if setting.error_lag is None:
            raise ConfigError(
                "The errors of the model have weights of their own; give error_weights= for the "
                "new cities."
            )
        predicted = predicted + result.lambda_ * setting.error_lag(setting.y - predicted)
    return predicted
