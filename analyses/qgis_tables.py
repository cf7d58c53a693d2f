"""Tables of a study in its GeoPackage, and how QGIS joins them to the cities by id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from analyses.export_tables import column_wording, correlation_table, weights_table
from analyses.layers import StudyLayers
from analyses.layers_base import network_slug, table_slugs
from analyses.layers_dynamics import dynamics_attribute_tables
from analyses.layers_panel import years_table
from analyses.layers_spillovers import model_slug
from analyses.results import StudyResult
from analyses.tables_indices import index_attributes
from analyses.tables_models import question_tables
from shapefiles.language import label
from shapefiles.layers import AttributeTable
from shapefiles.qgis_project import Join, Relation

MOST_WEIGHTS = 200_000
"""Rows of one table of weights; of denser weights only the largest of each city are written."""


def attribute_tables(result: StudyResult) -> tuple[AttributeTable, ...]:
    """Results without shapes that travel in the GeoPackage."""
    language = result.study.language
    group = label("group_layers_tables", language)

    def table(name: str, frame: pd.DataFrame, kind: str) -> AttributeTable:
        columns = [*(level for level in frame.index.names if level), *frame.columns]
        return AttributeTable(
            table=name,
            title=label(f"table_{kind}", language),
            data=frame,
            aliases={str(column): column_wording(str(column), result) for column in columns},
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
    return (
        *tables,
        *dynamics_attribute_tables(result),
        *weights_tables(result),
        years_table(result),
    )


def _without_cities(tables: Iterable[tuple[str, pd.DataFrame]]) -> list[tuple[str, pd.DataFrame]]:
    """Leave out the tables with a row for each city: these are in the layers."""
    return [(kind, frame) for kind, frame in tables if kind not in ("city_effects", "shock")]


def weights_tables(result: StudyResult) -> list[AttributeTable]:
    """Return each spatial weights as a table: city (receives), neighbour (sends), weight.

    Weights with more than ``MOST_WEIGHTS`` links, such as inverse distances between 3,000 cities,
    would make the file heavy and the forms slow: the largest of each city are kept, as many as fit,
    and the description of the table says so. The weights files beside the project are complete.
    """
    language, tables = result.study.language, []
    for name, weights in result.weights.items():
        links = weights.to_frame().rename(columns={"focal": "city_id", "neighbor": "neighbour_id"})
        links = links.sort_values(["city_id", "weight"], ascending=[True, False], kind="stable")
        said = label("table_neighbours_note", language, description=weights.description)
        if len(links) > MOST_WEIGHTS:
            total = f"{len(links):,}"
            rows = ["year", "city_id"] if "year" in links.columns else ["city_id"]
            k = max(MOST_WEIGHTS // links[rows].drop_duplicates().shape[0], 1)
            links = links.groupby(rows, sort=False).head(k)
            said += " " + label("table_neighbours_cut", language, k=k, total=total)
        tables.append(
            AttributeTable(
                table=neighbours_name(result, name),
                title=label("table_neighbours", language, weights=name),
                data=links.reset_index(drop=True),
                aliases={
                    "city_id": label("city", language),
                    "neighbour_id": label("column_neighbour", language),
                    "weight": label("column_weight", language),
                    "year": label("year", language),
                },
                abstract=said,
                group=label("group_layers_tables", language),
            )
        )
    return tables


def neighbours_name(result: StudyResult, weights: str) -> str:
    """Name of the table of some weights: ASCII, the same in every language."""
    keys = [result.study.key_of(name) for name in result.weights]
    return f"neighbours_{table_slugs(keys, other='weights')[result.study.key_of(weights)]}"


def joins(result: StudyResult, layers: StudyLayers) -> list[Join]:
    """Show everything about a city in one row: its layers of networks and models, joined by id."""
    wanted = []
    base = layers.resilience.table
    for name, analysis in result.networks.items():
        measured = [*analysis.centralities.table.columns, "community"]
        wanted.append(
            Join(
                table=base,
                from_table=layers.points[name].table,
                columns=tuple(map(str, measured)),
                prefix=f"{network_slug(result, analysis)}_",
                title=name,
            )
        )
    for name, layer in layers.spillovers.items():
        shared = set(layers.resilience.data.columns)
        own = tuple(str(c) for c in layer.data.columns if c not in shared)
        if own:
            slug = model_slug(result, result.models[name])
            wanted.append(
                Join(table=base, from_table=layer.table, columns=own, prefix=f"{slug}_", title=name)
            )
    local = tuple(
        str(column)
        for column in layers.lisa.data.columns
        if str(column).startswith(("lisa_", "p_"))
    )
    if local:
        wanted.append(
            Join(table=base, from_table=layers.lisa.table, columns=local, prefix="local_")
        )
    return wanted


def relations(result: StudyResult, layers: StudyLayers) -> list[Relation]:
    """Let the form of a city list its links, its neighbours and its years."""
    language, base = result.study.language, layers.resilience.table
    found = [
        Relation(
            name=f"{label(key, language)} ({name})",
            table=layers.links[name].table,
            field=field,
            to_table=layers.points[name].table,
        )
        for name in result.networks
        for key, field in (("relation_links_from", "from_id"), ("relation_links_to", "to_id"))
    ]
    found += [
        Relation(
            name=label("relation_neighbours", language, weights=name),
            table=neighbours_name(result, name),
            field="city_id",
            to_table=base,
        )
        for name in result.weights
    ]
    if layers.panel is not None:
        found.append(
            Relation(
                name=layers.panel.title, table=layers.panel.table, field="city_id", to_table=base
            )
        )
    return found
