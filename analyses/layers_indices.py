"""Layers of indices by year, and of networks by year; blocks and cores of cities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from analyses.findings_indices import index_words
from analyses.layers_base import (
    base_aliases,
    base_data,
    geometry_kind,
    network_slug,
    table_slugs,
)
from analyses.results import NetworkAnalysis, StudyResult
from analyses.results_indices import IndexRun
from analyses.study_indices import CouplingSection, QuotientSection
from analyses.tables_indices import role_words
from networks.lines import link_lines
from shapefiles.classification import class_bounds
from shapefiles.language import label
from shapefiles.layers import Layer, middle_of_year, name_labels
from shapefiles.style_types import LayerStyle
from shapefiles.styles import categorised_style, choropleth_style, link_width_style

if TYPE_CHECKING:
    from analyses.layers import StudyLayers

CLASSES = 5

BLOCK_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee9944", "#8c6bb1",
)  # fmt: skip
"""Colours of blocks, safe for colour-blind readers."""

ALONE = "#d0d0d0"


def index_slug(result: StudyResult, run: IndexRun) -> str:
    """Name of an index in files and layers: ASCII, the same in every language."""
    return table_slugs(list(result.indices), other="index")[run.name]


def index_title(result: StudyResult, run: IndexRun, year: int) -> str:
    """Say an index and its year, for legends."""
    return label("report_in_year", result.study.language, name=index_words(result, run), year=year)


def index_bounds(run: IndexRun) -> list[float]:
    """Bounds of one set of classes for all mapped years of an index.

    A quotient has its classes on both sides of 1, coordination those of its literature; others
    are natural breaks of the pooled values.
    """
    pooled = np.concatenate([run.of_year(year).dropna().to_numpy(float) for year in run.years])
    if isinstance(run.section, CouplingSection):
        return [0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0]
    if isinstance(run.section, QuotientSection) and not run.section.symmetric:
        cuts = [0.0, 0.5, 0.8, 1.0, 1.25, 2.0]
        return [cut for cut in cuts if cut < pooled.max()] + [float(pooled.max())]
    return [float(bound) for bound in class_bounds(pooled, k=CLASSES)]


def index_style(result: StudyResult, run: IndexRun, year: int) -> LayerStyle:
    """Style of an index in one year, in the classes of all years."""
    title = index_title(result, run, year)
    return choropleth_style(
        run.of_year(year).reindex(result.area.cities.index),
        column=f"{index_slug(result, run)}_{year}",
        title=title,
        name=title,
        bounds=index_bounds(run),
        palette="green",
        geometry=geometry_kind(result),
        language=result.study.language,
    )


def indices_layer(result: StudyResult) -> Layer | None:
    """Cities with every index in its mapped years; None without indices."""
    if not result.indices:
        return None
    language = result.study.language
    data, aliases, styles = base_data(result), base_aliases(result), []
    for run in result.indices.values():
        for year in reversed(run.years):
            column = f"{index_slug(result, run)}_{year}"
            data[column] = run.of_year(year).reindex(data.index)
            aliases[column] = index_title(result, run, year)
            styles.append(index_style(result, run, year))
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    return Layer(
        table="indices",
        title=label("report_indices", language),
        data=data,
        styles=tuple(style.with_labels(labels) for style in styles),
        aliases=aliases,
        abstract=label("layer_indices_note", language, source=result.study.source_note()).strip(),
        group=label("group_layers_indices", language),
        shapes_of="resilience",
    )


def yearly_links_layer(result: StudyResult, analysis: NetworkAnalysis) -> Layer | None:
    """Links of the backbone of every year, with the year as a column; None for one year."""
    years = analysis.questions.years
    if years is None:
        return None
    language = result.study.language
    parts = []
    for year, backbone in years.backbones.items():
        lines = link_lines(backbone, result.area.cities)
        parts.append(lines.assign(year=int(year)))
    data = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)
    data["moment"] = middle_of_year(data["year"])
    title = f"{label('legend_links', language)} ({years.sequence.unit})"
    style = link_width_style(
        data["weight"],
        column="weight",
        title=title,
        name=title[:30],
        bounds=strength_bounds(data["weight"]),
        language=language,
    )
    return Layer(
        table=f"links_by_year_{network_slug(result, analysis)}",
        title=label("layer_links_by_year", language, network=analysis.name),
        data=data,
        styles=(style,),
        aliases={
            "from_id": label("column_origin", language),
            "to_id": label("column_destination", language),
            "from_name": label("column_from_name", language),
            "to_name": label("column_to_name", language),
            "weight": label("column_flow", language),
            "distance_km": label("column_distance_km", language),
            "year": label("year", language),
            "moment": label("column_moment", language),
        },
        abstract=label(
            "layer_links_by_year_note",
            language,
            years=", ".join(map(str, years.years)),
            network=years.sequence.description,
        ),
        group=label("group_layers_network", language, network=analysis.name),
        id_field="",
        time="moment",
    )


def strength_bounds(values: pd.Series, k: int = CLASSES) -> list[float]:
    """Head/tail breaks with at most k classes, for strengths that few links dominate."""
    bounds = class_bounds(values.to_numpy(dtype=float), scheme="headtailbreaks")
    kept = bounds if len(bounds) <= k + 1 else np.append(bounds[:k], bounds[-1])
    return [float(bound) for bound in kept]


def block_style(
    result: StudyResult, analysis: NetworkAnalysis, *, geometry: str = "point"
) -> LayerStyle | None:
    """Style of the blocks of a network, with their roles in the legend."""
    blocks = analysis.questions.blocks
    if blocks is None:
        return None
    language = result.study.language
    codes = [str(block) for block in blocks.roles.index]
    alone = {str(b) for b, role in blocks.roles["role"].items() if role == "isolated"}
    wording = {
        str(block): label("legend_block", language, block=block, role=role_words(result, str(role)))
        for block, role in blocks.roles["role"].items()
    }
    colours = {
        code: ALONE if code in alone else BLOCK_COLOURS[at % len(BLOCK_COLOURS)]
        for at, code in enumerate(codes)
    }
    title = label("report_network_blocks", language)
    return categorised_style(
        blocks.membership.reindex(result.area.cities.index).astype(str),
        column="block",
        title=title,
        name=title,
        labels=wording,
        colours=colours,
        order=codes,
        geometry=geometry,  # type: ignore[arg-type]
        language=language,
    )


def core_style(
    result: StudyResult, analysis: NetworkAnalysis, *, geometry: str = "point"
) -> LayerStyle | None:
    """Style of core and periphery."""
    if analysis.questions.core is None:
        return None
    language = result.study.language
    title = label("report_network_core", language)
    return categorised_style(
        core_words(analysis).reindex(result.area.cities.index),
        column="core",
        title=title,
        name=title,
        labels={word: label(f"legend_{word}", language) for word in ("core", "periphery")},
        colours={"core": "#aa3377", "periphery": "#d8d8d8"},
        order=("core", "periphery"),
        geometry=geometry,  # type: ignore[arg-type]
        language=language,
    )


def core_words(analysis: NetworkAnalysis) -> pd.Series:
    """Side of every city: core or periphery."""
    core = analysis.questions.core
    assert core is not None
    return core.table["core"].map({True: "core", False: "periphery"})


def with_questions(layer: Layer, result: StudyResult, analysis: NetworkAnalysis) -> Layer:
    """Add blocks and core to the layer of the cities of a network."""
    asked, language = analysis.questions, result.study.language
    data, aliases, styles = layer.data.copy(), dict(layer.aliases), list(layer.styles)
    labels = name_labels(data["strength"], column="short_name", priority="strength", most=25)
    if asked.blocks is not None:
        data["block"] = asked.blocks.membership.reindex(data.index).astype(str)
        aliases["block"] = label("column_block", language)
    if asked.core is not None:
        data["core"] = core_words(analysis).reindex(data.index)
        data["coreness"] = asked.core.table["coreness"].reindex(data.index)
        aliases["core"] = label("report_network_core", language)
        aliases["coreness"] = label("column_coreness", language)
    for style in (block_style(result, analysis), core_style(result, analysis)):
        if style is not None:
            styles.append(style.with_labels(labels))
    return replace(layer, data=data, aliases=aliases, styles=tuple(styles))


def index_maps(
    result: StudyResult, layers: StudyLayers
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield title, shown styles and method of a page for every index, in its last mapped year.

    Yields
    ------
    title : str
    shown : tuple of str
        Layers with their styles, as themes name them.
    method : str
    """
    if layers.indices is None:
        return
    for run in result.indices.values():
        style = index_style(result, run, run.years[-1])
        method = label("figure_index_years_note", result.study.language)
        yield style.title, (f"{layers.indices.table}/{style.name}",), method
