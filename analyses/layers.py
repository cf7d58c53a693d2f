"""Layers of a study with their styles: what QGIS opens and what the printed maps show alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from analyses.indices.resilience import TYPOLOGY
from analyses.layers_base import (
    base_aliases,
    base_data,
    geometry_kind,
    network_slug,
)
from analyses.layers_dynamics import (
    city_outlines,
    dynamics_layer,
    ellipse_layers,
    hot_spot_layer,
)
from analyses.layers_indices import indices_layer, with_questions, yearly_links_layer
from analyses.layers_maps import maps_layer
from analyses.layers_panel import areas_layer, panel_layer
from analyses.layers_spillovers import spillover_layer
from analyses.results import NetworkAnalysis, StudyResult
from networks.lines import link_lines
from shapefiles.classification import class_bounds
from shapefiles.language import label
from shapefiles.layers import Layer, name_labels
from shapefiles.style_types import LayerStyle
from shapefiles.styles import (
    categorised_style,
    choropleth_style,
    link_width_style,
    lisa_style,
    outline_style,
    sized_point_style,
)
from spatial.options import Language

MEASURES = ("resistance", "recovery")

TYPOLOGY_COLOURS = {
    "resistant_recovering": "#1b7837",
    "resistant_slow": "#a6dba0",
    "nonresistant_recovering": "#c2a5cf",
    "nonresistant_slow": "#762a83",
}
"""A diverging purple-green scheme, safe for colour-blind readers."""

CLIP_SHARE = 0.01
"""Ratios to a small national change have long tails: classes are made without the last per cent
on each side, which joins the outermost classes."""


@dataclass(frozen=True)
class StudyLayers:
    """All layers of a study.

    Attributes
    ----------
    resilience : Layer
        Cities with every measure; styles by shock and measure, and the typology.
    lisa : Layer
        Cities with the clusters of the local Moran statistic of every measure.
    points, links : mapping of str to Layer
        By network: cities with centralities and communities; links of the shown backbone.
    spillovers : mapping of str to Layer
        By model: cities with what they emit and receive, and the effect of a shock.
    background : Layer or None
    hot_spots : Layer or None
        Cities with the hot and cold spots of every measure.
    dynamics : mapping of str to Layer
        By column: cities with their classes, paths, trends, values and clusters by year.
    ellipses : tuple of Layer
        Centres and ellipses of the columns of amounts.
    outlines : Layer or None
        Cities in grey, below the ellipses.
    indices : Layer or None
        Cities with every index in its mapped years.
    yearly_links : mapping of str to Layer
        By network: links of the backbone of every year, with a column ``year``.
    maps : Layer or None
        Cities with the columns of the maps that the study names.
    panel : Layer or None
        Cities by year, for the temporal controller.
    areas : Layer or None
        Groups of cities as areas: the pages of an atlas.
    """

    resilience: Layer
    lisa: Layer
    points: Mapping[str, Layer]
    links: Mapping[str, Layer]
    spillovers: Mapping[str, Layer]
    background: Layer | None
    hot_spots: Layer | None = None
    dynamics: Mapping[str, Layer] = field(default_factory=dict)
    ellipses: tuple[Layer, ...] = ()
    outlines: Layer | None = None
    indices: Layer | None = None
    yearly_links: Mapping[str, Layer] = field(default_factory=dict)
    maps: Layer | None = None
    panel: Layer | None = None
    areas: Layer | None = None

    def all(self) -> tuple[Layer, ...]:
        """Layers in the order of drawing, the topmost first."""
        networks = [
            layer
            for name in self.points
            for layer in (self.points[name], self.links[name], self.yearly_links.get(name))
            if layer is not None
        ]
        hot_spots = [self.hot_spots] if self.hot_spots is not None else []
        outlines = [self.outlines] if self.outlines is not None else []
        cities = [layer for layer in (self.maps, self.indices) if layer is not None]
        rest = [layer for layer in (self.panel, self.background) if layer is not None]
        areas = [self.areas] if self.areas is not None else []
        return (
            *networks,
            *self.ellipses,
            *self.spillovers.values(),
            *areas,
            *self.dynamics.values(),
            *outlines,
            *hot_spots,
            self.lisa,
            self.resilience,
            *cities,
            *rest,
        )


def study_layers(result: StudyResult) -> StudyLayers:
    """Build every layer of a study."""
    return StudyLayers(
        resilience=resilience_layer(result),
        lisa=lisa_layer(result),
        points={
            name: with_questions(points_layer(result, item), result, item)
            for name, item in result.networks.items()
        },
        links={name: links_layer(result, item) for name, item in result.networks.items()},
        spillovers={
            name: layer
            for name, model in result.models.items()
            if (layer := spillover_layer(result, model)) is not None
        },
        background=background_layer(result),
        hot_spots=hot_spot_layer(result, measure_titles(result), short_names(result)),
        dynamics=dynamics_layers(result),
        outlines=city_outlines(result),
        ellipses=tuple(
            layer
            for known in (result.dynamics.columns.values() if result.dynamics else ())
            for layer in ellipse_layers(result, known)
        ),
        indices=indices_layer(result),
        maps=maps_layer(result),
        yearly_links={
            name: layer
            for name, item in result.networks.items()
            if (layer := yearly_links_layer(result, item)) is not None
        },
        panel=panel_layer(result),
        areas=areas_layer(result),
    )


def dynamics_layers(result: StudyResult) -> dict[str, Layer]:
    """Build the layer of every column that is followed and can be mapped."""
    if result.dynamics is None:
        return {}
    made = {name: dynamics_layer(result, item) for name, item in result.dynamics.columns.items()}
    return {name: layer for name, layer in made.items() if layer is not None}


def measure_titles(result: StudyResult) -> dict[tuple[str, str], str]:
    """Name every measure with its years, those of the focus shock first."""
    return {key: measure_title(result, *key) for key in ordered_keys(result)}


def short_names(result: StudyResult) -> dict[str, str]:
    """Give each shock an ASCII suffix for column names: its first year, or its position."""
    years = [shock.resistance[0] for shock in result.study.shocks]
    distinct = len(set(years)) == len(years)
    return {
        shock.name: str(years[at]) if distinct else f"shock{at + 1}"
        for at, shock in enumerate(result.study.shocks)
    }


def ordered_keys(result: StudyResult) -> list[tuple[str, str]]:
    """List (shock, measure), those of the focus shock first."""
    shocks = [shock.name for shock in result.study.shocks]
    shocks.sort(key=lambda name: name != result.study.focus)
    return [(shock, measure) for shock in shocks for measure in MEASURES]


def measure_title(result: StudyResult, shock: str, measure: str) -> str:
    """Say a measure and its years, for legends: "Resistance 1990-91"."""
    section = next(item for item in result.study.shocks if item.name == shock)
    first, last = section.resistance if measure == "resistance" else section.recovery
    title = f"{label(measure, result.study.language)} {first}\u2013{last}"
    if result.resilience.of(shock)[measure].isna().all():
        # The nation hardly moved: the gap stands in for the ratio, and has to be called so.
        title += f" ({label('gap_in_points', result.study.language)})"
    return title


def measure_style(result: StudyResult, shock: str, measure: str) -> LayerStyle:
    """Style of one measure of resilience: diverging around the nation (zero)."""
    title = measure_title(result, shock, measure)
    return choropleth_style(
        result.measures[(shock, measure)],
        column=f"{measure}_{short_names(result)[shock]}",
        title=title,
        name=title,
        centre=0.0,
        k=6,
        clip=CLIP_SHARE,
        geometry=geometry_kind(result),
        language=result.study.language,
    )


def typology_style(result: StudyResult, shock: str) -> LayerStyle:
    """Style of the four types of resilience in one shock."""
    language = result.study.language
    values = result.resilience.of(shock)["typology"].reindex(result.area.cities.index)
    title = f"{label('typology', language)} {shock}"
    return categorised_style(
        values.replace("", np.nan),
        column=f"typology_{short_names(result)[shock]}",
        title=title,
        name=title[:30],
        labels={code: label(f"typology_{code}", language) for code in TYPOLOGY},
        colours=TYPOLOGY_COLOURS,
        order=TYPOLOGY,
        geometry=geometry_kind(result),
        language=language,
    )


def cluster_style(result: StudyResult, shock: str, measure: str) -> LayerStyle:
    """Style of the local Moran clusters of one measure."""
    language = result.study.language
    title = f"LISA {measure_title(result, shock, measure)}"
    return lisa_style(
        result.local[(shock, measure)].table["cluster"],
        column=f"lisa_{measure}_{short_names(result)[shock]}",
        title=title,
        name=title,
        geometry=geometry_kind(result),
        language=language,
    )


def resilience_layer(result: StudyResult) -> Layer:
    """Cities with every measure of resilience of every shock."""
    language, suffix = result.study.language, short_names(result)
    data, aliases = base_data(result), base_aliases(result)
    extra = ("sensitivity_resistance", "sensitivity_recovery", "resistance_gap", "recovery_gap")
    for shock in suffix:
        table = result.resilience.of(shock).reindex(data.index)
        for column in (*MEASURES, *extra, "typology", "flag"):
            name = f"{column}_{suffix[shock]}"
            source = result.measures[(shock, column)] if column in MEASURES else table[column]
            data[name] = source.reindex(data.index).replace("", np.nan)
            aliases[name] = f"{label(f'column_{column}', language)} ({shock})"
    styles = [measure_style(result, *key) for key in ordered_keys(result)]
    styles += [typology_style(result, shock) for shock in suffix]
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    return Layer(
        table="resilience",
        title=label("layer_resilience", language),
        data=data,
        styles=tuple(style.with_labels(labels) for style in styles),
        aliases=aliases,
        abstract=label("layer_resilience_note", language, source=result.study.source_note()),
        group=label("group_layers_resilience", language),
    )


def lisa_layer(result: StudyResult) -> Layer:
    """Cities with the local Moran statistics of every measure."""
    language, suffix = result.study.language, short_names(result)
    data, aliases = base_data(result), base_aliases(result)
    styles = []
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    for shock, measure in [key for key in ordered_keys(result) if key in result.local]:
        table = result.local[(shock, measure)].table.reindex(data.index)
        ending = f"{measure}_{suffix[shock]}"
        about = measure_title(result, shock, measure)
        for prefix, column in (
            ("lisa", "cluster"),
            ("local_i", "statistic"),
            ("p", "p_value"),
            ("z", "standardised"),
            ("lag", "lag"),
        ):
            data[f"{prefix}_{ending}"] = table[column]
            aliases[f"{prefix}_{ending}"] = f"{label(f'column_{column}', language)}: {about}"
        styles.append(cluster_style(result, shock, measure).with_labels(labels))
    return Layer(
        table="lisa_clusters",
        title=label("layer_lisa", language),
        data=data,
        styles=tuple(styles),
        aliases=aliases,
        abstract=label(
            "layer_lisa_note",
            language,
            weights=result.study.local_weights,
            permutations=result.study.autocorrelation.permutations,
        ),
        group=label("group_layers_resilience", language),
    )


def heavy_tail_bounds(values: pd.Series, k: int = 5) -> list[float]:
    """Head/tail breaks (Jiang 2013, doi:10.1080/00330124.2012.700499) with at most k classes.

    Linkages are heavy-tailed: natural breaks would give the one strongest link a class of its own
    and leave all others in the lowest.
    """
    bounds = class_bounds(values.to_numpy(dtype=float), scheme="headtailbreaks")
    if are_counts(values):
        bounds = np.unique(np.floor(bounds))
    kept = bounds if len(bounds) <= k + 1 else np.append(bounds[:k], bounds[-1])
    return [float(bound) for bound in kept]


def are_counts(values: pd.Series) -> bool:
    """Say whether all values are whole numbers, such as numbers of airlines."""
    return bool((values == values.round()).all())


def count_labels(style: LayerStyle, language: Language) -> LayerStyle:
    """Word the classes of a count by the counts they hold: "1", "2", "3 – 7"."""
    classes = []
    for position, one in enumerate(style.classes):
        wording = one.label
        if one.lower is not None and one.upper is not None:
            lowest = int(one.lower) + (1 if position else 0)
            highest = int(one.upper)
            wording = (
                str(highest)
                if lowest == highest
                else label("number_range", language, lower=lowest, upper=highest)
            )
            one = replace(one, wording=wording)  # noqa: PLW2901
            wording = label("legend_count", language, label=wording, count=one.count)
        classes.append(replace(one, label=wording))
    return replace(style, classes=tuple(classes))


def points_layer(result: StudyResult, analysis: NetworkAnalysis) -> Layer:
    """Cities as points, sized by centrality."""
    language, cities = result.study.language, result.area.cities
    places = gpd.points_from_xy(cities["longitude"], cities["latitude"])
    table = analysis.centralities.table.reindex(cities.index)
    data = gpd.GeoDataFrame(
        {
            "name": cities["name"],
            "short_name": cities["short_name"],
            **{column: table[column] for column in table.columns},
            "community": analysis.communities.membership.reindex(cities.index).astype(str),
        },
        geometry=gpd.GeoSeries(places, index=cities.index, crs="EPSG:4326"),
    )
    labels = name_labels(data["strength"], column="short_name", priority="strength", most=25)
    styles = [
        sized_point_style(
            data[column],
            column=column,
            title=label(f"column_{column}", language),
            name=label(f"column_{column}", language),
            bounds=heavy_tail_bounds(data[column], 4),
            language=language,
        ).with_labels(labels)
        for column in ("strength", "betweenness", "eigenvector")
        if data[column].min() < data[column].max()
    ]
    title = label("column_community", language)
    styles.append(
        categorised_style(
            data["community"], column="community", title=title, name=title, geometry="point",
            language=language,
        ).with_labels(labels)
    )  # fmt: skip
    return Layer(
        table=f"cities_{network_slug(result, analysis)}",
        title=label("layer_points", language, network=analysis.name),
        data=data,
        styles=tuple(styles),
        aliases={
            "name": label("city", language),
            **{
                column: label(f"column_{column}", language)
                for column in [*table.columns, "community"]
            },
        },
        abstract=label("layer_points_note", language, network=analysis.network.description),
        group=label("group_layers_network", language, network=analysis.name),
    )


def links_layer(result: StudyResult, analysis: NetworkAnalysis) -> Layer:
    """Draw the links of the shown backbone, by strength."""
    language = result.study.language
    data = link_lines(analysis.backbone, result.area.cities)
    title = label("legend_links", language)
    if analysis.network.unit:
        title = label("with_unit", language, text=title, unit=analysis.network.unit)
    style = link_width_style(
        data["weight"],
        column="weight",
        title=title,
        name=title[:30],
        bounds=heavy_tail_bounds(data["weight"]),
        language=language,
    )
    return Layer(
        table=f"links_{network_slug(result, analysis)}",
        title=label("layer_links", language, network=analysis.name),
        data=data,
        styles=(count_labels(style, language) if are_counts(data["weight"]) else style,),
        aliases={
            "from_id": label("column_origin", language),
            "to_id": label("column_destination", language),
            "from_name": label("column_from_name", language),
            "to_name": label("column_to_name", language),
            "weight": label("column_flow", language),
            "distance_km": label("column_distance_km", language),
        },
        abstract=label("layer_links_note", language, network=analysis.backbone.description),
        group=label("group_layers_network", language, network=analysis.name),
        id_field="",
    )


def background_layer(result: StudyResult) -> Layer | None:
    """States or provinces, quiet."""
    section, shapes = result.study.background, result.background
    if section is None or shapes is None:
        return None
    language = result.study.language
    chinese = language == "zh" and section.title_zh
    title = (section.title_zh if chinese else section.title) or label("layer_background", language)
    return Layer(
        table="background",
        title=title,
        data=shapes,
        styles=(outline_style(title=title),),
        aliases={"name": label("column_name", language)},
        id_field="",
        context=True,
    )
