"""From the result of a study to what its explorer page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analyses.explorer_content import (
    ExplorerContent,
    ExplorerNetwork,
    ExplorerSpillovers,
    ExplorerVariable,
)
from analyses.explorer_dynamics import dynamics_variables, hot_spot_variables
from analyses.findings_spillovers import doubt, focus_words, outcome_words
from analyses.layers import (
    StudyLayers,
    cluster_style,
    measure_style,
    ordered_keys,
    study_layers,
    typology_style,
)
from analyses.layers_base import geometry_kind, label_rank
from analyses.layers_panel import panel_style
from analyses.layers_spillovers import spillover_maps
from analyses.report_methods import network_words
from analyses.report_words import group_label, words_of
from analyses.results import ModelRun, StudyResult
from analyses.run_common import seed_of
from networks.types import LinkageNetwork
from shapefiles.language import label
from shapefiles.map_insets import MapInset
from shapefiles.styles import lisa_style
from spatial.autocorrelation import local_panel
from spatial.weights import Weights

DRAWS_AT_MOST = 150_000_000
"""Permuted values drawn for the clusters of yearly variables, about ten seconds: the outcome first,
then the variables of the models, until this many."""

MOST_NEIGHBOURS = 400_000
"""Most entries of the weights that a page can hold."""

PARTNERS = 8
"""For each city, so many to which it passes most on, and so many from which it receives most."""


def study_explorer(result: StudyResult, layers: StudyLayers | None = None) -> ExplorerContent:
    """Gather what the explorer page of a study shows; nothing in it was not computed.

    Parameters
    ----------
    result : StudyResult
    layers : StudyLayers, optional
        The layers of the study where they are known already.

    Returns
    -------
    ExplorerContent
    """
    study, language = result.study, result.study.language
    drawn = study_layers(result) if layers is None else layers
    cities = result.area.cities
    weights = result.weights[study.local_weights]
    shown = weights if weights.matrix.nnz <= MOST_NEIGHBOURS else None
    yearly, without = _yearly_variables(result)
    context = drawn.background
    return ExplorerContent(
        title=study.titled(),
        subtitle=label(
            "explorer_subtitle",
            language,
            cities=len(cities),
            first=result.area.years[0],
            last=result.area.years[-1],
        ),
        language=language,
        source=study.source_note(),
        cities=cities,
        variables=(
            *_measures(result),
            *yearly,
            *_centralities(result, drawn),
            *_effects(result),
            *hot_spot_variables(result),
            *dynamics_variables(result),
        ),
        groups={group_label(result, group): cities[group].astype(str) for group in study.groups},
        label_rank=label_rank(result),
        weights=shown,
        weights_name=study.local_weights,
        networks=tuple(_networks(result, drawn)),
        spillovers=tuple(_spillovers(result)),
        context=None if context is None else context.data,
        context_style=None if context is None else context.styles[0],
        whole_context=study.background is not None and study.background.whole,
        windows=tuple(MapInset(**item.model_dump()) for item in study.insets),
        notes=tuple(_notes(result, shown, without)),
    )


def _measures(result: StudyResult) -> Iterator[ExplorerVariable]:
    """Resistance and recovery in every shock with their clusters, then the types."""
    language, ids = result.study.language, result.area.cities.index
    moran = result.moran.table
    for shock, measure in ordered_keys(result):
        local = result.local.get((shock, measure))
        style = measure_style(result, shock, measure)
        p_value = _moran_p(moran, f"{measure}, {shock}", result.study.local_weights)
        yield ExplorerVariable(
            title=style.title,
            group=label("explorer_group_resilience", language),
            values=result.measures[[(shock, measure)]].set_axis([""], axis=1).reindex(ids),
            style=style,
            clusters=None
            if local is None
            else local.table[["cluster"]].set_axis([""], axis=1).reindex(ids),
            cluster_style=None if local is None else cluster_style(result, shock, measure),
            p_values={} if p_value is None else {"": p_value},
        )
    for shock in dict.fromkeys(shock for shock, _ in ordered_keys(result)):
        style = typology_style(result, shock)
        types = result.resilience.of(shock)["typology"].reindex(ids).replace("", np.nan)
        yield ExplorerVariable(
            title=style.title,
            group=label("explorer_group_resilience", language),
            values=types.to_frame(""),
            style=style,
        )


def _moran_p(table: pd.DataFrame, measure: str, weights: str) -> float | None:
    """p-value by permutation of the global statistic, where it was computed."""
    flat = table.reset_index()
    found = flat[(flat["measure"] == measure) & (flat["weights"] == weights)]
    return float(found["p_permutation"].iloc[0]) if len(found) == 1 else None


def named_columns(result: StudyResult) -> list[str]:
    """List the numeric columns of the panel that the study speaks of.

    The outcome comes first, then indices, the variables of the models, and what has a wording.
    """
    study, panel = result.study, result.area.panel
    words = [
        word
        for model in result.models.values()
        for word in (model.focus, *re.findall(r"\w+", model.section.formula))
    ]
    named = dict.fromkeys([study.resilience.outcome, *result.indices, *words, *study.columns])
    return [
        column
        for column in named
        if column in panel.columns
        and pd.api.types.is_numeric_dtype(panel[column])
        and not pd.api.types.is_bool_dtype(panel[column])
        and np.isfinite(panel[column].to_numpy(dtype=float, na_value=np.nan)).any()
    ]


def _yearly_variables(result: StudyResult) -> tuple[list[ExplorerVariable], list[str]]:
    """Columns of the panel by year, and the titles of those whose clusters are not computed."""
    study = result.study
    left = DRAWS_AT_MOST
    variables, without = [], []
    for column in named_columns(result):
        values = result.area.wide(column).reindex(result.area.cities.index).astype(float)
        complete = _testable(values)
        draws = complete.size * study.autocorrelation.permutations
        clusters = None
        if complete.size and (column == study.resilience.outcome or draws <= left):
            clusters = yearly_clusters(result, column, complete)
            left -= draws
        style = panel_style(result, column)
        if clusters is None:
            without.append(style.title)
        variables.append(
            ExplorerVariable(
                title=style.title,
                group=label("explorer_group_yearly", study.language),
                values=values,
                style=style,
                yearly=True,
                clusters=clusters,
                cluster_style=None
                if clusters is None
                else lisa_style(
                    pd.Series(clusters.to_numpy().ravel()),
                    column=column,
                    title=f"LISA {style.title}",
                    counts=False,
                    geometry=geometry_kind(result),
                    language=study.language,
                ),
            )
        )
    return variables, without


def _testable(values: pd.DataFrame) -> pd.DataFrame:
    """Keep the years in which every city has a value, and not all the same."""
    numbers = values.to_numpy(dtype=float)
    usable = np.isfinite(numbers).all(axis=0)
    usable[usable] = np.ptp(numbers[:, usable], axis=0) > 0.0
    return values[values.columns[usable]]


def yearly_clusters(result: StudyResult, column: str, values: pd.DataFrame) -> pd.DataFrame:
    """Local Moran clusters of complete years, with the options of the study.

    Parameters
    ----------
    result : StudyResult
    column : str
        Gives the seed.
    values : pandas.DataFrame of shape (n, years)

    Returns
    -------
    pandas.DataFrame of str, shape (n, years)
    """
    study = result.study
    options = study.autocorrelation
    local = local_panel(
        values,
        result.weights[study.local_weights],
        permutations=options.permutations,
        correction=options.correction,
        alpha=options.alpha,
        rng=seed_of(study.seed, f"local moran by year {column}"),
    )
    return local.clusters().reindex(index=values.index, columns=values.columns)


def _centralities(result: StudyResult, drawn: StudyLayers) -> Iterator[ExplorerVariable]:
    """Centralities and communities of every network, in the styles of its layer."""
    for name, layer in drawn.points.items():
        for style in layer.styles:
            yield ExplorerVariable(
                title=f"{style.title}{label('explorer_of', result.study.language, name=name)}",
                group=label("group_layers_network", result.study.language, network=name),
                values=pd.DataFrame({"": layer.data[style.column]}),
                style=style,
            )


def _effects(result: StudyResult) -> Iterator[ExplorerVariable]:
    """Take the spillover maps of every model."""
    for model in result.models.values():
        for item in spillover_maps(result, model):
            yield ExplorerVariable(
                title=item.title,
                group=label("group_layers_spillovers", result.study.language),
                values=item.values.to_frame("").astype(float),
                style=item.style,
                note=item.method,
            )


def _networks(result: StudyResult, drawn: StudyLayers) -> Iterator[ExplorerNetwork]:
    """Take the shown backbone of every network."""
    for name, analysis in result.networks.items():
        layer = drawn.links[name]
        backbone: LinkageNetwork = analysis.backbone
        yield ExplorerNetwork(
            name=name,
            links=layer.data,
            style=layer.styles[0],
            directed=backbone.directed,
            unit=backbone.unit,
            note=words_of(result).sentences(
                network_words(result, analysis),
                label(
                    "explorer_backbone",
                    result.study.language,
                    backbone=label(f"backbone_{analysis.shown}", result.study.language),
                    links=len(layer.data),
                ),
            ),
        )


def _spillovers(result: StudyResult) -> Iterator[ExplorerSpillovers]:
    """Effects between single cities, of the models whose effects by city were asked for."""
    language = result.study.language
    for name, model in result.models.items():
        if model.cities is None or model.effects is None:
            continue
        yield ExplorerSpillovers(
            name=name,
            totals=model.cities[["own", "emitted", "received"]],
            pairs=strongest_pairs(model),
            note=label(
                "explorer_spillovers_note",
                language,
                variable=focus_words(result, model),
                outcome=outcome_words(result, model),
            ),
            caution=doubt(result, model, model.focus),
        )


def strongest_pairs(model: ModelRun, most: int = PARTNERS) -> pd.DataFrame:
    """List, for each city, the strongest effects of its focus variable on others and of others.

    Parameters
    ----------
    model : ModelRun
        With effects.
    most : int
        Effects of each city in each direction.

    Returns
    -------
    pandas.DataFrame
        Columns ``origin``, ``destination``, ``effect``; each pair once. Zero effects are left out.
    """
    assert model.effects is not None
    matrix = model.effects.effect_matrix(model.focus)
    numbers = matrix.to_numpy(dtype=float, copy=True)  # row receives from column
    np.fill_diagonal(numbers, 0.0)
    n = len(numbers)
    kept = np.zeros_like(numbers, dtype=bool)
    count = min(most, n - 1)
    if count > 0:
        size = np.abs(numbers)
        senders = np.argpartition(-size, count - 1, axis=1)[:, :count]
        np.put_along_axis(kept, senders, True, axis=1)
        receivers = np.argpartition(-size, count - 1, axis=0)[:count]
        np.put_along_axis(kept, receivers, True, axis=0)
    kept &= numbers != 0.0
    received, sent = np.nonzero(kept)
    return pd.DataFrame(
        {
            "origin": matrix.columns.to_numpy()[sent],
            "destination": matrix.index.to_numpy()[received],
            "effect": numbers[received, sent],
        }
    )


def _notes(result: StudyResult, shown: Weights | None, without: list[str]) -> Iterator[str]:
    """Say how the numbers were made, and what is not here."""
    study, language = result.study, result.study.language
    options = study.autocorrelation
    weights = result.weights[study.local_weights]
    yield label("explorer_note_classes", language)
    if shown is None:
        yield label(
            "explorer_note_dense",
            language,
            weights=study.local_weights,
            entries=f"{weights.matrix.nnz:,}",
        )
    else:
        yield label("explorer_note_moran", language, weights=study.local_weights)
    yield label(
        "explorer_note_clusters",
        language,
        weights=study.local_weights,
        permutations=options.permutations,
        correction=label(f"correction_{options.correction}", language),
        alpha=f"{options.alpha:g}",
    )
    if without:
        joined = label("report_list_semicolon", language).join(without)
        yield label("explorer_note_without", language, variables=joined)
    if result.networks:
        yield label("explorer_note_links", language)
