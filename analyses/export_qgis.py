"""The GeoPackage and the QGIS project of a study: layers, themes, print layouts, relations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analyses.export_tables import correlation_table, weights_table
from analyses.layers import (
    StudyLayers,
    cluster_style,
    measure_style,
    ordered_keys,
    typology_style,
)
from analyses.layers_indices import index_pages
from analyses.layers_maps import map_pages
from analyses.layers_spillovers import spillover_maps
from analyses.results import StudyResult
from analyses.tables_indices import index_attributes
from analyses.tables_models import question_tables
from shapefiles.geopackage import write_geopackage
from shapefiles.language import label
from shapefiles.layers import AttributeTable
from shapefiles.qgis_project import Layout, Relation, Theme, write_qgis_project


def write_qgis(result: StudyResult, layers: StudyLayers, folder: Path) -> tuple[Path, Path]:
    """Write ``NAME.gpkg`` and ``NAME.qgz`` side by side.

    Parameters
    ----------
    result : StudyResult
    layers : StudyLayers
        Of the same result.
    folder : Path

    Returns
    -------
    (Path, Path)
        GeoPackage and project.
    """
    study = result.study
    name = study.outputs.name
    tables = attribute_tables(result)
    themes, layouts = themes_and_layouts(result, layers)
    package = write_geopackage(
        folder / f"{name}.gpkg",
        layers.all(),
        attribute_tables=tables,
        title=study.titled(),
        abstract=study.source_note(),
    )
    project = write_qgis_project(
        folder / f"{name}.qgz",
        package.name,
        layers.all(),
        themes,
        layouts,
        attribute_tables=tables,
        relations=_relations(result, layers),
        title=study.titled(),
        abstract=study.source_note(),
        cities=result.area.cities,
        language=study.language,
    )
    return package, project


def attribute_tables(result: StudyResult) -> tuple[AttributeTable, ...]:
    """Results without geometry that travel in the GeoPackage."""
    language = result.study.language
    group = label("group_layers_tables", language)

    def table(name: str, frame: object, kind: str) -> AttributeTable:
        return AttributeTable(
            table=name,
            title=label(f"table_{kind}", language),
            data=frame,  # type: ignore[arg-type]
            abstract=label(f"table_{kind}_note", language),
            group=group,
        )

    tables = [
        table("global_moran", result.moran.tidy(), "global_moran"),
        table("weights_report", weights_table(result), "weights"),
    ]
    if result.correlations:
        tables.append(
            table("network_correlations", correlation_table(result), "network_correlations")
        )
    for name, frame, kind, subject in index_attributes(result):
        made = table(name, frame, kind)
        tables.append(replace(made, title=f"{made.title}: {subject}") if subject else made)
    for at, (name, model) in enumerate(result.models.items(), start=1):
        suffix = f"_{at}" if len(result.models) > 1 else ""
        sources = [("model", model.result.tidy()), *_without_cities(question_tables(model))]
        if model.effects is not None:
            sources.insert(1, ("effects", model.effects.tidy()))
        for kind, frame in sources:
            made = table(f"{kind}{suffix}", frame, kind)
            tables.append(replace(made, title=f"{made.title}: {name}"))
    return tuple(tables)


def _without_cities(tables: Iterable[tuple[str, pd.DataFrame]]) -> list[tuple[str, pd.DataFrame]]:
    """Leave out the tables with a row for each city: these are in the layers."""
    return [(kind, frame) for kind, frame in tables if kind not in ("city_effects", "shock")]


def themes_and_layouts(
    result: StudyResult, layers: StudyLayers
) -> tuple[list[Theme], list[Layout]]:
    """One theme and one A4 page for each map that a report of this field prints."""
    study, language = result.study, result.study.language
    source = study.source_note()
    themes, layouts = [], []

    def page(name: str, shown: tuple[str, ...], method: str) -> None:
        themes.append(Theme(name=name, shown=shown))
        layouts.append(
            Layout(
                name=name,
                theme=name,
                title=name,
                subtitle=study.titled(),
                note=" ".join(part for part in (method, label_source(source, language)) if part),
            )
        )

    for shock, measure in ordered_keys(result):
        style = measure_style(result, shock, measure)
        page(style.title, (f"resilience/{style.name}",), label("method_resilience", language))
    for shock in [item.name for item in study.shocks]:
        style = typology_style(result, shock)
        page(style.title, (f"resilience/{style.name}",), label("method_resilience", language))
    for shock, measure in ordered_keys(result):
        style = cluster_style(result, shock, measure)
        page(style.title, (f"lisa_clusters/{style.name}",), lisa_method(result))
    for title, shown, method in (*index_pages(result, layers), *map_pages(result, layers)):
        page(title, shown, method)
    for name, model in result.models.items():
        for item in spillover_maps(result, model):
            shown_as = f"{layers.spillovers[name].table}/{item.style.name}"
            page(item.title, (shown_as,), item.method)
    for name, analysis in result.networks.items():
        method = label(
            "method_links", language, backbone=label(f"backbone_{analysis.shown}", language)
        )
        shown = (layers.points[name].table, layers.links[name].table)
        page(label("theme_network", language, network=name), shown, method)
    return themes, layouts


def lisa_method(result: StudyResult) -> str:
    """Say in one sentence how the clusters were found."""
    study, options = result.study, result.study.autocorrelation
    return label(
        "method_lisa",
        study.language,
        weights=study.local_weights,
        permutations=options.permutations,
        correction=label(f"correction_{options.correction}", study.language),
        alpha=options.alpha,
    )


def label_source(source: str, language: str) -> str:
    """Write the source note of a map, nothing when there is none."""
    return label("map_source", language, source=source) if source else ""  # type: ignore[arg-type]


def _relations(result: StudyResult, layers: StudyLayers) -> list[Relation]:
    """Let QGIS list the links of a city in its form."""
    language = result.study.language
    return [
        Relation(
            name=f"{label(key, language)} ({name})",
            table=layers.links[name].table,
            field=field,
            to_table=layers.points[name].table,
        )
        for name in result.networks
        for key, field in (("relation_links_from", "from_id"), ("relation_links_to", "to_id"))
    ]
