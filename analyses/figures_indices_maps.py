"""Maps of indices by year, of networks by year, communities, blocks, cores, and named maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from analyses.figure_plans import FigurePlan, map_options, names_on_map
from analyses.findings_indices import index_words
from analyses.layers import StudyLayers
from analyses.layers_base import geometry_kind, network_slug
from analyses.layers_indices import (
    block_style,
    index_bounds,
    index_slug,
    index_style,
    strength_bounds,
)
from analyses.layers_maps import StudyMap, study_maps
from analyses.report_words import words_of
from analyses.results import NetworkAnalysis, StudyResult
from analyses.results_indices import IndexRun
from analyses.run_indices import spread_years
from shapefiles.figures import PlotOptions, network_trend_plot
from shapefiles.language import label
from shapefiles.maps import (
    bivariate_map,
    category_map,
    choropleth_map,
    community_map,
    core_periphery_map,
    panel_maps,
    yearly_maps,
    yearly_network_maps,
)
from shapefiles.style_types import LayerStyle
from shapefiles.styles import choropleth_style, link_width_style, sized_point_style

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINKS_DRAWN = 300
"""A printed map of more links is a grey cloud; the strongest are drawn and the note says so."""

MOST_LINKS_A_YEAR = 300
"""The same on a smaller map beside others."""

MOST_YEARS_MAPPED = 4
LINK_CLASSES = 4

TREND = ("density", "connectedness", "hierarchy", "efficiency_undirected", "efficiency_global")


def named_maps(result: StudyResult) -> Iterator[FigurePlan]:
    """List the maps that a study names."""
    cities = result.area.cities
    for one in study_maps(result):
        yield FigurePlan(
            "maps",
            f"map_named_{one.number}",
            one.title,
            one.method,
            (lambda m=one: _bivariate(result, cities, m))  # type: ignore[misc]
            if not one.years
            else (lambda m=one: _years(result, cities, m)),  # type: ignore[misc]
        )


def _bivariate(result: StudyResult, cities: gpd.GeoDataFrame, one: StudyMap) -> Axes | Figure:
    first, second = one.values.columns
    return bivariate_map(
        cities,
        one.values[first],
        one.values[second],
        style=one.styles[0],
        options=map_options(result, one.title),
    )


def _years(result: StudyResult, cities: gpd.GeoDataFrame, one: StudyMap) -> Axes | Figure:
    options = replace(map_options(result, one.title), labels=None)
    style = one.styles[0]
    if len(one.years) == 1:
        return choropleth_map(cities, one.values.iloc[:, 0], style=style, options=options)
    title = result.study.column_label(result.study.maps[one.number - 1].column, with_unit=True)  # type: ignore[union-attr]
    panels = {
        str(year): one.values[column]
        for year, column in zip(one.years, one.values.columns, strict=True)
    }
    return panel_maps(cities, panels, style=replace(style, title=title), options=options)


def index_maps(result: StudyResult, run: IndexRun, section: str) -> Iterator[FigurePlan]:
    """Draw an index in its mapped years, in one set of classes."""
    cities, language, years = result.area.cities, result.study.language, run.years
    index = index_words(result, run)
    title = label(
        "figure_index_years",
        language,
        index=index,
        years=label("report_list_comma", language).join(map(str, years)),
    )
    options = map_options(result, title)
    if len(years) == 1:
        yield FigurePlan(
            section,
            f"map_{index_slug(result, run)}",
            title,
            "",
            lambda: choropleth_map(
                cities,
                run.of_year(years[0]).reindex(cities.index),
                style=index_style(result, run, years[0]),
                options=options,
            ),
        )
        return
    values = pd.DataFrame({year: run.of_year(year).reindex(cities.index) for year in years})
    style = choropleth_style(
        pd.concat([values[year] for year in years], ignore_index=True),
        column="value",
        title=index,
        bounds=index_bounds(run),
        palette="green",
        counts=False,
        geometry=geometry_kind(result),
        language=language,
    )
    yield FigurePlan(
        section,
        f"map_{index_slug(result, run)}",
        title,
        label("figure_index_years_note", language),
        lambda: yearly_maps(
            cities, values, years=years, style=style, options=replace(options, labels=None)
        ),
    )


def network_maps(
    result: StudyResult, layers: StudyLayers, analysis: NetworkAnalysis, section: str
) -> Iterator[FigurePlan]:
    """Draw the communities of a network, and its years, blocks and core where they are asked."""
    asked = analysis.questions
    yield _communities(result, layers, analysis, section)
    if asked.years is not None:
        yield _trend(result, analysis, f"{section}-years")
        yield _yearly(result, layers, analysis, f"{section}-years")
    if asked.blocks is not None:
        yield _blocks(result, analysis, f"{section}-blocks")
    if asked.core is not None:
        yield _core(result, layers, analysis, f"{section}-core")


def _strongest(lines: gpd.GeoDataFrame, most: int) -> gpd.GeoDataFrame:
    return lines.nlargest(most, "weight", keep="first")


def _hubs(result: StudyResult, analysis: NetworkAnalysis) -> pd.Series:
    strength = analysis.centralities.table["strength"].reindex(result.area.cities.index)
    return names_on_map(result, strength)


def _drawn(result: StudyResult, drawn: int, total: int) -> str:
    """Say that the strongest links only are drawn; nothing where all are."""
    if drawn >= total:
        return ""
    return label("strongest_links", result.study.language, drawn=drawn, total=total)


def _communities(
    result: StudyResult, layers: StudyLayers, analysis: NetworkAnalysis, section: str
) -> FigurePlan:
    words, cities = words_of(result), result.area.cities
    lines = layers.links[analysis.name].data
    links = _strongest(lines, MOST_LINKS_DRAWN)
    title = words("figure_communities", network=analysis.name)
    modularity = words.number(analysis.communities.modularity, 2)
    note = words.sentences(
        words("figure_communities_note", modularity=modularity),
        _drawn(result, len(links), len(lines)),
    )
    options = replace(map_options(result, title), labels=_hubs(result, analysis))
    return FigurePlan(
        section,
        f"map_communities_{network_slug(result, analysis)}",
        title,
        note,
        lambda: community_map(cities, analysis.communities, links, options=options),
    )


def _trend(result: StudyResult, analysis: NetworkAnalysis, section: str) -> FigurePlan:
    words, years = words_of(result), analysis.questions.years
    assert years is not None
    title = words("figure_network_trend", network=analysis.name)
    table = years.measures
    known = [name for name in TREND if table[name].notna().all()]
    return FigurePlan(
        section,
        f"trend_{network_slug(result, analysis)}",
        title,
        words(f"backbone_{analysis.shown}"),
        lambda: network_trend_plot(
            table,
            measures=known,
            measure_labels={name: words(f"structure_{name}") for name in known},
            options=PlotOptions(title=title, language=result.study.language, width="double"),
        ),
    )


def _yearly(
    result: StudyResult, layers: StudyLayers, analysis: NetworkAnalysis, section: str
) -> FigurePlan:
    """Draw the strongest links of up to four years in the same classes of width."""
    words, cities = words_of(result), result.area.cities
    layer = layers.yearly_links[analysis.name]
    shown = spread_years([int(year) for year in layer.data["year"].unique()], MOST_YEARS_MAPPED)
    lines: dict[Hashable, gpd.GeoDataFrame] = {
        year: _strongest(layer.data[layer.data["year"] == year], MOST_LINKS_A_YEAR)
        for year in shown
    }
    title = words("figure_network_years", network=analysis.name)
    total = max(int((layer.data["year"] == year).sum()) for year in shown)
    note = words.sentences(
        words("figure_index_years_note"),
        words("figure_network_years_note", drawn=words.count(MOST_LINKS_A_YEAR))
        if total > MOST_LINKS_A_YEAR
        else "",
    )
    options = replace(map_options(result, title), labels=None)
    sizes = _strengths(analysis, list(shown)).reindex(cities.index)
    return FigurePlan(
        section,
        f"map_years_{network_slug(result, analysis)}",
        title,
        note,
        lambda: yearly_network_maps(
            cities,
            lines,
            sizes=sizes,
            link_style=_width_style(result, analysis, lines),
            size_style=_size_style(result, sizes),
            hubs=5,
            options=options,
        ),
    )


def _strengths(analysis: NetworkAnalysis, years: list[int]) -> pd.DataFrame:
    """Strength of every city in the whole network of each year."""
    found = analysis.questions.years
    assert found is not None
    networks = {year: found.sequence[year] for year in years}
    return pd.DataFrame({year: one.sent + one.received for year, one in networks.items()})


def _width_style(
    result: StudyResult, analysis: NetworkAnalysis, lines: dict[Hashable, gpd.GeoDataFrame]
) -> LayerStyle:
    """Style of the links that are drawn, in one set of classes."""
    years, language = analysis.questions.years, result.study.language
    assert years is not None
    drawn = pd.concat([one["weight"] for one in lines.values()], ignore_index=True)
    return link_width_style(
        drawn,
        column="weight",
        title=f"{label('legend_links', language)} ({years.sequence.unit})",
        bounds=strength_bounds(drawn, LINK_CLASSES),
        thinnest=0.5,  # the maps are small, and so are their widths
        widest=2.6,
        counts=False,
        language=language,
    )


def _size_style(result: StudyResult, sizes: pd.DataFrame) -> LayerStyle:
    language = result.study.language
    pooled = pd.concat([sizes[year] for year in sizes], ignore_index=True).dropna()
    return sized_point_style(
        pooled,
        column="value",
        title=label("legend_city_strength", language),
        bounds=strength_bounds(pooled, LINK_CLASSES),
        smallest=0.3,
        largest=2.6,
        counts=False,
        language=language,
    )


def _blocks(result: StudyResult, analysis: NetworkAnalysis, section: str) -> FigurePlan:
    cities, blocks = result.area.cities, analysis.questions.blocks
    style = block_style(result, analysis, geometry=geometry_kind(result))
    assert blocks is not None
    title = label("figure_blocks_map", result.study.language, network=analysis.name)
    options = replace(map_options(result, title), labels=_hubs(result, analysis))
    return FigurePlan(
        section,
        f"map_blocks_{network_slug(result, analysis)}",
        title,
        "",
        lambda: category_map(
            cities,
            blocks.membership.reindex(cities.index).astype(str),
            style=style,
            options=options,
        ),
    )


def _core(
    result: StudyResult, layers: StudyLayers, analysis: NetworkAnalysis, section: str
) -> FigurePlan:
    cities, core = result.area.cities, analysis.questions.core
    assert core is not None
    lines = layers.links[analysis.name].data
    links = _strongest(lines, MOST_LINKS_DRAWN)
    title = label("figure_core_map", result.study.language, network=analysis.name)
    inside = core.table["coreness"].where(core.table["core"]).reindex(cities.index)
    options = replace(map_options(result, title), labels=names_on_map(result, inside))
    return FigurePlan(
        section,
        f"map_core_{network_slug(result, analysis)}",
        title,
        _drawn(result, len(links), len(lines)),
        lambda: core_periphery_map(cities, core, links, options=options),
    )
