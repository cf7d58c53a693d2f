"""Fit the spillover models of a study and answer the questions that it asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import formulaic
import numpy as np
import pandas as pd

from analyses.results import CityShock, FittedModel, ModelRun
from analyses.run_common import cut_weights, require_columns, seed_of
from analyses.run_specification_curve import model_curve
from analyses.study import Study
from analyses.study_models import NOT_IN_THE_MEAN, ModelSection
from shapefiles.study_area import StudyArea
from spatial.coordinates import great_circle_km
from spatial.errors import EstimationError, InterurbanError, PanelError, listed, nearest_spelling
from spatial.regression import (
    PanelResult,
    SpecificationLadder,
    SpilloverBoundary,
    WeightsComparison,
    compare_weights,
    effects_by_group,
    fit_panel,
    specification_ladder,
    spillover_boundary,
)
from spatial.weights import Weights


@dataclass(frozen=True)
class ModelData:
    """What a model is fitted on.

    Attributes
    ----------
    section : ModelSection
    area : StudyArea
    panel : pandas.DataFrame
        The variables of the model, its years and its cities only.
    weights : mapping of str to Weights
        Of the cities of the model.
    remarks : tuple of str
        What was left out and why.
    """

    section: ModelSection
    area: StudyArea
    panel: pd.DataFrame
    weights: Mapping[str, Weights]
    remarks: tuple[str, ...]

    @property
    def cities(self) -> pd.DataFrame:
        """Table of the cities of the model."""
        ids = self.panel.index.get_level_values("city").unique()
        return self.area.cities.loc[self.area.cities.index.isin(ids)]

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the model."""
        used = self.panel.index.get_level_values("year")
        return int(used.min()), int(used.max())


def run_model(
    section: ModelSection, study: Study, area: StudyArea, weights: Mapping[str, Weights]
) -> ModelRun:
    """Fit one model on the years for which all its variables exist, and answer its questions.

    Parameters
    ----------
    section : ModelSection
        A model of the study.
    study : Study
    area : StudyArea
        With derived columns.
    weights : mapping of str to Weights
        All weights of the study.

    Returns
    -------
    ModelRun

    Raises
    ------
    InterurbanError
        Of the kind of the fault, with the name of the model in front.
    """
    data = model_data(section, area, weights)
    with _named(section):
        main, *others = (_fitted(data, name) for name in section.weights)
        focus = _focus(section, main)
        key = study.key_of(section.name)
        return ModelRun(
            section=section,
            result=main.result,
            effects=main.effects,
            years=data.years,
            remarks=data.remarks,
            focus=focus,
            alternatives=dict(zip(section.weights[1:], others, strict=True)),
            ladder=_ladder(data) if section.ladder else None,
            comparison=_comparison(data, seed_of(study.seed, f"compare weights {key}"))
            if section.compare_weights
            else None,
            boundaries=_boundaries(data, focus) if section.boundary is not None else {},
            groups={
                group: effects_by_group(
                    main.result, focus, data.cities[group].astype(str).rename(group)
                )
                for group in section.effects_by
            },
            cities=main.effects.city_effects(focus)
            if section.city_effects and main.effects is not None
            else None,
            shock=_shock(data, main.result) if section.shock is not None else None,
            curve=model_curve(data, focus) if section.specification_curve is not None else None,
        )


@contextmanager
def _named(section: ModelSection) -> Iterator[None]:
    """Put the name of the model in front of errors, and the remedy that a study file has."""
    try:
        yield
    except InterurbanError as error:
        hint = ""
        if isinstance(error, PanelError) and section.incomplete == "error":
            hint = ' In the study file, incomplete = "drop" in this model leaves such cities out.'
        raise type(error)(f"[[models]] {section.name!r}: {error}{hint}") from error


def model_data(section: ModelSection, area: StudyArea, weights: Mapping[str, Weights]) -> ModelData:
    """Take the variables, years and cities of a model out of a study."""
    variables = sorted(str(v) for v in formulaic.Formula(section.formula).required_variables)
    require_columns(area, variables, f"[[models]] {section.name!r}: formula")
    data = area.panel[variables]
    years = data.index.get_level_values("year")
    if section.years is not None:
        first, last = section.years
        data = data[(years >= first) & (years <= last)]
        years = data.index.get_level_values("year")
    present = data.notna().groupby(level="year").any().all(axis=1)
    empty = [int(year) for year in present.index[~present]]
    remarks = []
    if empty:
        # Growth rates and lags have no first year: such years carry no information for anyone.
        data = data[~years.isin(empty)]
        remarks.append(
            f"years {listed(empty)} left out: a variable of the model exists for no city"
        )
    if data.empty:
        raise PanelError(
            f"[[models]] {section.name!r}: no year has all variables {listed(variables)}."
        )
    named = (*section.weights, *section.compare_weights, *section.curve_weights)
    used = {name: weights[name] for name in dict.fromkeys(named)}
    if section.incomplete == "drop":
        data, lost = _complete(data, used[section.main_weights].ids)
        if lost:
            used = {name: cut_weights(matrix, lost) for name, matrix in used.items()}
            remarks.append(
                f"{len(lost)} cities without complete figures left out ({listed(lost)}); the "
                "weights were cut to the others and scaled again"
            )
    return ModelData(section, area, data, used, tuple(remarks))


def _complete(data: pd.DataFrame, ids: pd.Index) -> tuple[pd.DataFrame, list[str]]:
    """Keep the cities with every value in every year."""
    years = data.index.get_level_values("year").nunique()
    whole = data.dropna().groupby(level="city").size() == years
    lost = [str(city) for city in ids if not whole.get(city, False)]
    return data[~data.index.get_level_values("city").isin(lost)], lost


def _fitted(data: ModelData, weights: str) -> FittedModel:
    """Fit the model of a study with one of its weights."""
    section = data.section
    result = fit_panel(
        section.formula,
        data.panel,
        data.weights[weights],
        specification=section.specification,
        effects=section.effects,
        bias_correction=section.bias_correction,
        covariance=section.covariance,
        covariance_options=_covariance_options(data),
        lagged=section.lagged,
    )
    spillovers = section.specification not in NOT_IN_THE_MEAN
    return FittedModel(result, result.effects() if spillovers else None)


def _covariance_options(data: ModelData) -> dict[str, Any] | None:
    section = data.section
    options: dict[str, Any] = {}
    if section.cluster_by is not None:
        options["groups"] = data.cities[section.cluster_by].astype(str).rename(section.cluster_by)
    if section.lags is not None:
        options["lags"] = section.lags
    if section.covariance == "conley":
        options |= {"distances": data.cities, "cutoff_km": section.cutoff_km}
    return options or None


def _focus(section: ModelSection, main: FittedModel) -> str:
    """Regressor that boundary, groups and maps follow."""
    known = main.result.design.names if main.effects is None else list(main.effects.table.index)
    if section.focus is None:
        return str(known[0])
    if section.focus not in known:
        raise EstimationError(
            f"focus = {section.focus!r} is no regressor"
            f"{nearest_spelling(section.focus, map(str, known))}; choose from {listed(known)}."
        )
    return section.focus


def _ladder(data: ModelData) -> SpecificationLadder:
    section = data.section
    return specification_ladder(
        section.formula,
        data.panel,
        data.weights[section.main_weights],
        effects=section.effects,  # type: ignore[arg-type]  # the study file allows these only
        bias_correction=section.bias_correction,
    )


def _comparison(data: ModelData, seed: int) -> WeightsComparison:
    section = data.section
    return compare_weights(
        section.formula,
        data.panel,
        {name: data.weights[name] for name in section.compare_weights},
        specifications=section.specifications,
        effects=section.effects,  # type: ignore[arg-type]  # the study file allows these only
        lagged=section.lagged,
        rng=seed,
    )


def _boundaries(data: ModelData, focus: str) -> dict[str, SpilloverBoundary]:
    section, sweep = data.section, data.section.boundary
    assert sweep is not None
    return {
        version: spillover_boundary(
            section.formula,
            data.panel,
            data.cities,
            variable=focus,
            bounds=sweep.distances(),
            version=version,
            power=sweep.power,
            scale=sweep.scale,
            specification=section.specification,
            effects=section.effects,  # type: ignore[arg-type]  # the study file allows these only
            covariance=sweep.covariance,
        )
        for version in sweep.version
    }


def _shock(data: ModelData, result: PanelResult) -> CityShock:
    asked, cities = data.section.shock, data.cities
    assert asked is not None
    city = _city(asked.city, cities, data.area.cities)
    effect = result.shock(city, asked.size, asked.variable)
    here = cities.loc[city]
    distance = great_circle_km(
        np.asarray(here["longitude"]),
        np.asarray(here["latitude"]),
        cities["longitude"].to_numpy(),
        cities["latitude"].to_numpy(),
    )
    away = pd.Series(distance, index=cities.index).reindex(effect.index)
    table = pd.DataFrame({"effect": effect, "distance_km": away.round(3)}).rename_axis("city")
    return CityShock(city=city, size=asked.size, variable=asked.variable, table=table)


def _city(asked: str, cities: pd.DataFrame, everyone: pd.DataFrame) -> str:
    """Id of a city that a study names by its id, name or short name."""
    if asked in cities.index:
        return asked
    columns = [column for column in ("name", "short_name") if column in cities.columns]
    for column in columns:
        found = cities.index[(cities[column].astype(str) == asked).to_numpy()]
        if len(found) == 1:
            return str(found[0])
        if len(found) > 1:
            raise EstimationError(
                f"shock: {len(found)} cities are called {asked!r}; give the id of one: "
                f"{listed(found)}."
            )
    left_out = asked in everyone.index or any(
        asked in set(everyone[column].astype(str)) for column in columns
    )
    if left_out:
        raise EstimationError(
            f"shock: {asked!r} is not among the cities of this model, for its figures have gaps; "
            "name another city."
        )
    names = [*map(str, cities.index), *(str(n) for c in columns for n in cities[c])]
    raise EstimationError(
        f"shock: {asked!r} is no city of the study{nearest_spelling(asked, names)}; give the id "
        "or the name of a city."
    )
