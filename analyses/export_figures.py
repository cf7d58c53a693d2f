"""Maps and plots of a study: written as files, and handed to the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analyses.export_qgis import lisa_method
from analyses.figure_plans import FigurePlan, map_options, names_on_map
from analyses.figures_dynamics import dynamics_figures, hot_spot_figures
from analyses.figures_indices import index_figures, network_figures
from analyses.figures_indices_maps import named_maps, network_maps
from analyses.figures_spillovers import spillover_figures
from analyses.layers import (
    StudyLayers,
    cluster_style,
    measure_style,
    measure_title,
    measure_titles,
    ordered_keys,
    short_names,
    typology_style,
)
from analyses.layers_base import network_slug
from analyses.report_content import ReportFigure, figure_from_file
from analyses.results import StudyResult
from shapefiles.figures import (
    PlotOptions,
    moran_scatter,
    paths_plot,
    ranking_plot,
    resistance_recovery_plot,
    save_figure,
)
from shapefiles.language import label
from shapefiles.map_sheet import MapOptions
from shapefiles.maps import category_map, choropleth_map, lisa_map, network_map
from shapefiles.number_texts import number_text

MOST_LINKS_DRAWN = 300
"""A printed map of more links is a grey cloud; the strongest are drawn and the note says so."""


def write_figures(
    result: StudyResult, layers: StudyLayers, folder: Path
) -> dict[str, list[ReportFigure]]:
    """Draw every figure, write it in the formats of the study, and return it for the report.

    Parameters
    ----------
    result : StudyResult
    layers : StudyLayers
        Of the same result.
    folder : Path
        Made if needed.

    Returns
    -------
    dict of str to list of ReportFigure
        By section of the report.
    """
    outputs = result.study.outputs
    figures: dict[str, list[ReportFigure]] = {}
    for plan in plans(result, layers):
        files = save_figure(
            plan.draw(), folder / plan.stem, formats=outputs.figures, dpi=outputs.dpi
        )
        shown = {file.suffix: file for file in files}
        picture = shown.get(".png") or shown[".svg"]
        figures.setdefault(plan.section, []).append(
            figure_from_file(
                picture,
                caption=plan.caption,
                alternative=f"{plan.caption}. {plan.note}".strip(),
                notes=(plan.note,) if plan.note else (),
            )
        )
    return figures


def plans(result: StudyResult, layers: StudyLayers) -> Iterator[FigurePlan]:
    """List the figures of a study, in the order of the report."""
    yield from _resilience_maps(result)
    yield from named_maps(result)
    yield from _resilience_plots(result)
    yield from index_figures(result)
    yield from _network_figures(result, layers)
    for at, analysis in enumerate(result.networks.values(), start=1):
        yield from network_maps(result, layers, analysis, f"networks-{at}")
        yield from network_figures(result, analysis, f"networks-{at}")
    yield from _autocorrelation_figures(result)
    yield from hot_spot_figures(result, measure_titles(result), short_names(result))
    yield from dynamics_figures(result)
    yield from spillover_figures(result)


def _resilience_maps(result: StudyResult) -> Iterator[FigurePlan]:
    cities, suffix, language = result.area.cities, short_names(result), result.study.language
    method = label("method_resilience", language)
    for shock, measure in ordered_keys(result):
        values = result.measures[(shock, measure)]
        title = measure_title(result, shock, measure)
        style = measure_style(result, shock, measure)
        yield FigurePlan(
            "maps",
            f"map_{measure}_{suffix[shock]}",
            title,
            method,
            lambda v=values, s=style, t=title: choropleth_map(  # type: ignore[misc]
                cities, v, style=s, options=map_options(result, t)
            ),
        )
    for shock in [result.study.focus]:
        values = result.resilience.of(shock)["typology"]
        style = typology_style(result, shock)
        yield FigurePlan(
            "maps",
            f"map_typology_{suffix[shock]}",
            style.title,
            label("method_typology", language),
            lambda v=values, s=style: category_map(  # type: ignore[misc]
                cities, v, style=s, options=map_options(result, s.title)
            ),
        )


def _resilience_plots(result: StudyResult) -> Iterator[FigurePlan]:
    cities, suffix, language = result.area.cities, short_names(result), result.study.language
    groups = cities["region"].astype(str) if "region" in result.study.groups else None
    for shock in suffix:
        values = result.resilience.of(shock)
        if not values[["resistance", "recovery"]].notna().all(axis=1).any():
            continue
        titles = tuple(measure_title(result, shock, m) for m in ("resistance", "recovery"))
        caption = label("figure_quadrant", language, shock=shock)
        yield FigurePlan(
            "resilience",
            f"quadrant_{suffix[shock]}",
            caption,
            label("method_resilience", language),
            lambda v=values, t=titles, c=caption: resistance_recovery_plot(  # type: ignore[misc]
                v["resistance"],
                v["recovery"],
                names=cities["short_name"],
                groups=groups,
                axis_labels=t,
                options=PlotOptions(title=c, language=language, width="double"),
            ),
        )
    yield _paths(result)


def _paths(result: StudyResult) -> FigurePlan:
    """Paths of the nation and of its regions, with the phases of the shocks shaded."""
    study, language = result.study, result.study.language
    outcome = study.resilience.outcome
    nation = label("nation", language)
    levels = {nation: aggregate(result, None)}
    if "region" in study.groups:
        regions = result.area.cities["region"].astype(str)
        for region in sorted(regions.unique()):
            levels[region] = aggregate(result, regions.index[(regions == region).to_numpy()])
    caption = label("figure_paths", language, outcome=study.column_label(outcome))
    first = int(result.area.years[0])
    return FigurePlan(
        "resilience",
        "paths",
        caption,
        label("figure_paths_note", language, year=first),
        lambda: paths_plot(
            pd.DataFrame(levels),
            nation=nation,
            base_year=first,
            phases=[
                (kind, *years)
                for item in study.shocks
                for kind, years in (("resistance", item.resistance), ("recovery", item.recovery))
            ],
            options=PlotOptions(title=caption, language=language, width="double"),
        ),
    )


def aggregate(result: StudyResult, cities: pd.Index | None) -> pd.Series:
    """Outcome of a group of cities by year, made as the national figure is.

    Cities with gaps are left out of all years: a sum over changing cities would jump.
    """
    section = result.study.resilience
    values = result.area.wide(section.outcome)
    if cities is not None:
        values = values.loc[cities]
    values = values.dropna()
    if section.national == "sum":
        return values.sum(skipna=False)
    if section.national == "mean" or section.by is None:
        return values.mean(skipna=False)
    weights = result.area.wide(section.by).loc[values.index]
    return (values * weights).sum(skipna=False) / weights.sum(skipna=False)


def _network_figures(result: StudyResult, layers: StudyLayers) -> Iterator[FigurePlan]:
    cities, language = result.area.cities, result.study.language
    for name, analysis in result.networks.items():
        slug = network_slug(result, analysis)
        links = layers.links[name].data.nlargest(MOST_LINKS_DRAWN, "weight")
        link_style = layers.links[name].styles[0]
        size_style = layers.points[name].styles[0]
        strength = analysis.centralities.table["strength"].reindex(cities.index)
        caption = label("theme_network", language, network=name)
        backbone = label(f"backbone_{analysis.shown}", language)
        note = label("method_links", language, backbone=backbone)
        if len(links) < len(layers.links[name].data):
            note += " " + label(
                "strongest_links",
                language,
                drawn=number_text(len(links), 0, language),
                total=number_text(len(layers.links[name].data), 0, language),
            )
        options = map_options(result, caption)
        yield FigurePlan(
            "networks",
            f"map_network_{slug}",
            caption,
            note,
            lambda a=links, b=link_style, c=strength, d=size_style, o=options, n=note, s=strength: (  # type: ignore[misc]
                network_map(
                    cities,
                    a,
                    sizes=c,
                    link_style=b,
                    size_style=d,
                    options=_with(o, note=f"{n} {o.note}".strip(), labels=names_on_map(result, s)),
                )
            ),
        )
        ranking = label("figure_ranking", language, network=name)
        yield FigurePlan(
            "networks",
            f"ranking_{slug}",
            ranking,
            "",
            lambda s=strength, c=ranking: ranking_plot(  # type: ignore[misc]
                s,
                names=cities["short_name"],
                axis_label=label("column_strength", language),
                options=PlotOptions(title=c, language=language),
            ),
        )


def _with(options: MapOptions, **changes: object) -> MapOptions:
    from dataclasses import replace

    return replace(options, **changes)  # type: ignore[arg-type]


def _autocorrelation_figures(result: StudyResult) -> Iterator[FigurePlan]:
    cities, suffix, language = result.area.cities, short_names(result), result.study.language
    for shock, measure in ordered_keys(result):
        local = result.local.get((shock, measure))
        if local is None:
            continue
        style = cluster_style(result, shock, measure)
        yield FigurePlan(
            "autocorrelation",
            f"lisa_{measure}_{suffix[shock]}",
            style.title,
            lisa_method(result),
            lambda v=local, s=style: lisa_map(  # type: ignore[misc]
                cities, v.table["cluster"], style=s, options=map_options(result, s.title)
            ),
        )
        title = measure_title(result, shock, measure)
        caption = label("figure_moran", language, measure=title)
        yield FigurePlan(
            "autocorrelation",
            f"moran_{measure}_{suffix[shock]}",
            caption,
            label("figure_moran_note", language, weights=result.study.local_weights),
            lambda v=local, c=caption: moran_scatter(  # type: ignore[misc]
                v, names=cities["short_name"], options=PlotOptions(title=c, language=language)
            ),
        )
