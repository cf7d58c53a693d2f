"""The pages of a study's QGIS project: one description for each map that is printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analyses.layers import (
    StudyLayers,
    cluster_style,
    measure_style,
    ordered_keys,
    typology_style,
)
from analyses.layers_indices import index_maps
from analyses.layers_maps import map_pages
from analyses.layers_panel import area_group
from analyses.layers_spillovers import spillover_maps
from analyses.qgis_page import Page, layer_pages
from analyses.qgis_pages_dynamics import dynamics_pages, dynamics_themes
from analyses.results import StudyResult
from shapefiles.language import label
from shapefiles.map_furniture import projection_text
from shapefiles.map_sheet import approval_text
from shapefiles.number_texts import number_text
from shapefiles.projection import map_crs
from shapefiles.qgis_project import Atlas, Layout, Theme
from shapefiles.qgis_windows import window_parts


def resilience_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Resistance, recovery and types of resilience of every shock."""
    styles = [measure_style(result, *key) for key in ordered_keys(result)]
    styles += [typology_style(result, shock.name) for shock in result.study.shocks]
    method = label("method_resilience", result.study.language)
    table = layers.resilience.table
    return [
        Page(name=style.title, shown=(f"{table}/{style.name}",), method=method) for style in styles
    ]


def lisa_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Clusters of the local Moran statistic."""
    method, table = lisa_method(result), layers.lisa.table
    styles = [cluster_style(result, *key) for key in ordered_keys(result) if key in result.local]
    return [
        Page(name=style.title, shown=(f"{table}/{style.name}",), method=method) for style in styles
    ]


def spillover_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Map what cities pass on and receive, and who is hit by a shock."""
    return [
        Page(
            name=item.title,
            shown=(f"{layers.spillovers[name].table}/{item.style.name}",),
            method=item.method,
        )
        for name, model in result.models.items()
        for item in spillover_maps(result, model)
    ]


def network_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Links of the shown backbone, and cities by their strength."""
    language, pages = result.study.language, []
    for name, analysis in result.networks.items():
        backbone = label(f"backbone_{analysis.shown}", language)
        pages.append(
            Page(
                name=label("theme_network", language, network=name),
                shown=(layers.points[name].table, layers.links[name].table),
                method=label("method_links", language, backbone=backbone),
            )
        )
    return pages


def index_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """List every index in its last mapped year, and the maps that a study names."""
    return [
        Page(name=title, shown=shown, method=method)
        for title, shown, method in (*index_maps(result, layers), *map_pages(result, layers))
    ]


def panel_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Give each variable of the panel an atlas by year."""
    if layers.panel is None:
        return []
    language = result.study.language
    atlas = Atlas(table="years", name="year", year="year")
    return [
        Page(
            name=label("page_by_year", language, title=page.name),
            title=page.name,
            shown=page.shown,
            method=label("method_panel", language),
            atlas=atlas,
        )
        for page in layer_pages(layers.panel, "")
    ]


def area_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Give the first map an atlas by area."""
    group = area_group(result)
    if layers.areas is None or group is None:
        return []
    language, first = result.study.language, resilience_pages(result, layers)[0]
    words = label(f"group_{group}", language)
    name = label("page_by_area", language, title=first.name, group=words.lower())
    atlas = Atlas(table=layers.areas.table, name="area", insets="insets")
    shown = (layers.areas.table, *first.shown)
    return [Page(name=name, title=first.name, shown=shown, method=first.method, atlas=atlas)]


PAGE_KINDS: tuple[Callable[[StudyResult, StudyLayers], Sequence[Page]], ...] = (
    resilience_pages,
    lisa_pages,
    index_pages,
    dynamics_pages,
    spillover_pages,
    network_pages,
    panel_pages,
    area_pages,
)
"""What a project prints, in this order; a new kind of map is one function more."""


def themes_and_layouts(
    result: StudyResult, layers: StudyLayers
) -> tuple[list[Theme], list[Layout]]:
    """One theme and one page for each map that a report of this field prints.

    Pages come in every size that the study asks for; the first has the plain name.
    """
    study, language = result.study, result.study.language
    themes, layouts = [], []
    for page in (one for kind in PAGE_KINDS for one in kind(result, layers)):
        themes.append(Theme(name=page.name, shown=page.shown))
        for at, size in enumerate(study.outputs.qgis_pages):
            sized = label("sheet_size", language, title=page.name, page=size)
            layouts.append(
                Layout(
                    name=sized if at else page.name,
                    theme=page.name,
                    title=page.title or page.name,
                    subtitle=study.titled(),
                    note=note(result, page.method),
                    page=size,
                    atlas=page.atlas,
                    approval=approval_text(study.outputs.approval_number, language),
                )
            )
    return [*themes, *dynamics_themes(result, layers)], layouts


def note(result: StudyResult, method: str) -> str:
    """Say method, source and projection of a map, and what the study wants said below maps."""
    study, language = result.study, result.study.language
    source = study.source_note()
    cities = result.area.cities
    drawn = cities[~(cities.geometry.isna() | cities.geometry.is_empty)]
    projection = projection_text(map_crs(drawn.loc[window_parts(drawn)[0]]), language)
    parts = [
        method,
        label("map_source", language, source=source) if source else "",
        label("map_projection", language, projection=projection),
        study.outputs.map_note,
    ]
    return sentences([part for part in parts if part], chinese=language == "zh")


def sentences(parts: Sequence[str], *, chinese: bool) -> str:
    """Join sentences, each with a full stop of its language where it has none."""
    stop, gap = ("。", "") if chinese else (".", " ")
    ended = [part if part[-1] in ".。!?！？" else part + stop for part in map(str.strip, parts)]
    return gap.join(ended)


def lisa_method(result: StudyResult) -> str:
    """Say in one sentence how the clusters were found."""
    study, options = result.study, result.study.autocorrelation
    return label(
        "method_lisa",
        study.language,
        weights=study.local_weights,
        permutations=number_text(options.permutations, 0, study.language),
        correction=label(f"correction_{options.correction}", study.language),
        alpha=options.alpha,
    )
