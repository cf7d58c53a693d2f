"""Figures of spillover models: effects, effects by weights, reach, maps of cities and shocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from analyses.figure_plans import FigurePlan, map_options
from analyses.findings_spillovers import focus_words
from analyses.layers_spillovers import model_slug, spillover_maps
from analyses.results import ModelRun, StudyResult
from analyses.specification_curves import curve_figure
from shapefiles.figures import PlotOptions, boundary_plot, effects_plot
from shapefiles.language import label
from shapefiles.maps import choropleth_map

NAMED_ON_MAP = 8
"""Cities named on a map of spillovers: those with the largest."""


def spillover_figures(result: StudyResult) -> Iterator[FigurePlan]:
    """List the figures of all models of a study."""
    for at, (name, model) in enumerate(result.models.items(), start=1):
        if model.effects is not None:
            yield _effects(result, name, model)
        key = f"spillovers-{at}"
        if len(model.fits) > 1 and model.effects is not None:
            yield _effects_by_weights(result, model, key)
        for version in model.boundaries:
            yield _boundary(result, model, version, f"{key}-boundary")
        yield from _maps(result, model, key)
        if model.curve is not None:
            yield curve_figure(result, model, key)


def _effects(result: StudyResult, name: str, model: ModelRun) -> FigurePlan:
    language, effects = result.study.language, model.effects
    assert effects is not None
    labels = {v: result.study.column_label(str(v)) for v in effects.table.index}
    caption = label("figure_effects", language, model=name)
    return FigurePlan(
        "spillovers",
        f"effects_{model_slug(result, model)}",
        caption,
        label("table_effects_note", language),
        lambda: effects_plot(
            effects,
            variable_labels=labels,
            options=PlotOptions(title=caption, language=language, width="double"),
        ),
    )


def _effects_by_weights(result: StudyResult, model: ModelRun, key: str) -> FigurePlan:
    """Plot the effects of the regressor in focus, a row for each weights."""
    language = result.study.language
    rows = {
        name: fit.effects.table.loc[model.focus]
        for name, fit in model.fits.items()
        if fit.effects is not None
    }
    caption = label(
        "figure_effects_by_weights",
        language,
        variable=focus_words(result, model),
        model=model.section.name,
    )
    return FigurePlan(
        key,
        f"effects_by_weights_{model_slug(result, model)}",
        caption,
        label("figure_effects_by_weights_note", language),
        lambda: effects_plot(
            pd.DataFrame(rows).T,
            options=PlotOptions(title=caption, language=language, width="double"),
        ),
    )


def _boundary(result: StudyResult, model: ModelRun, version: str, key: str) -> FigurePlan:
    language = result.study.language
    caption = label(
        f"report_boundary_caption_{version}",
        language,
        model=model.section.name,
        variable=focus_words(result, model),
    )
    title = label(f"figure_boundary_{version}", language, variable=focus_words(result, model))
    if len(result.models) > 1:
        title = label("map_of_model", language, title=title, model=model.section.name)
    return FigurePlan(
        key,
        f"boundary_{version}_{model_slug(result, model)}",
        caption,
        label(f"report_boundary_note_{version}", language),
        lambda: boundary_plot(
            model.boundaries[version],
            options=PlotOptions(title=title, language=language),
        ),
    )


def _maps(result: StudyResult, model: ModelRun, key: str) -> Iterator[FigurePlan]:
    cities = result.area.cities
    for item in spillover_maps(result, model):
        part = "shock" if item.kind == "shock" else "single-cities"
        yield FigurePlan(
            f"{key}-{part}",
            f"map_{item.kind}_{model_slug(result, model)}",
            item.title,
            item.method,
            lambda m=item: choropleth_map(  # type: ignore[misc]
                cities,
                m.values,
                style=m.style,
                options=replace(map_options(result, m.title), labels=_largest(result, m.values)),
            ),
        )


def _largest(result: StudyResult, values: pd.Series) -> pd.Series:
    """Short names of the cities with the largest values, whatever their sign."""
    order = values.dropna().abs().sort_values(ascending=False, kind="stable").index[:NAMED_ON_MAP]
    return result.area.cities["short_name"].loc[order]
