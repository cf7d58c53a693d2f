"""Layers and maps of spillovers: what cities pass on and receive, and who is hit by a shock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analyses.findings_spillovers import focus_words, outcome_words, received_alike, shock_words
from analyses.layers_base import base_aliases, base_data, geometry_kind, table_slugs
from analyses.results import ModelRun, StudyResult
from shapefiles.classification import class_bounds
from shapefiles.language import label
from shapefiles.layers import Layer, name_labels
from shapefiles.style_types import LayerStyle
from shapefiles.styles import choropleth_style

CLIP_SHARE = 0.01
"""Share of the values on either side that joins the outermost classes."""

CLASSES = 5


@dataclass(frozen=True)
class SpilloverMap:
    """One map of a model.

    Attributes
    ----------
    kind : {"emitted", "received", "shock"}
    title : str
    values : pandas.Series
        All cities of the study; missing where a city is not in the model.
    style : LayerStyle
    method : str
        What the numbers are, for the line below the map.
    """

    kind: str
    title: str
    values: pd.Series
    style: LayerStyle
    method: str


def model_slug(result: StudyResult, model: ModelRun) -> str:
    """Name of a model in tables and files: ASCII, the same in every language."""
    key_of = result.study.key_of
    slugs = table_slugs([key_of(name) for name in result.models], other="model")
    return slugs[key_of(model.section.name)]


def spillover_maps(result: StudyResult, model: ModelRun) -> list[SpilloverMap]:
    """List the maps of a model.

    What cities receive is left out where it is nearly the same for all, as it is by construction
    when the rows of the weights sum to one: classes would show rounding.
    """
    language, cities = result.study.language, result.area.cities.index
    values: dict[str, pd.Series] = {}
    if model.cities is not None:
        values["emitted"] = model.cities["emitted"]
        if not received_alike(result, model):
            values["received"] = model.cities["received"]
    if model.shock is not None:
        values["shock"] = model.shock.table["effect"]
    said = {
        "variable": focus_words(result, model),
        "outcome": outcome_words(result, model),
        "model": model.section.name,
    }
    maps = []
    for kind, found in values.items():
        if found.min() == found.max():
            continue
        if kind == "shock" and model.shock is not None:
            said = shock_words(result, model, model.shock)
        column = found.reindex(cities)
        legend = label(f"legend_{kind}", language, **said)
        style = choropleth_style(
            column,
            column=kind,
            title=legend,
            name=legend,
            geometry=geometry_kind(result),
            language=language,
            **_classes(column, heavy=kind == "shock"),
        )
        title = label("map_shock", language, **said) if kind == "shock" else legend
        if len(result.models) > 1:
            title = label("map_of_model", language, title=title, model=model.section.name)
        method = label(f"method_{kind}", language, **said)
        maps.append(SpilloverMap(kind, title, column, style, method))
    return maps


def _classes(values: pd.Series, *, heavy: bool) -> dict[str, Any]:
    """Classes of a map: sequential for one sign, diverging around zero for two.

    What a shock does fades by orders of magnitude: head/tail breaks keep the few cities that are
    hit apart from the many that are not (Jiang 2013, doi:10.1080/00330124.2012.700499).
    """
    known = values.dropna()
    negligible = 1e-6 * float(known.abs().max())
    rising, falling = bool((known > negligible).any()), bool((known < -negligible).any())
    if rising and falling:
        return {"centre": 0.0, "k": CLASSES + 1, "clip": CLIP_SHARE}
    colours: dict[str, Any] = {"palette": "orange", "reverse": falling}
    if not heavy:
        return {"k": CLASSES, "clip": CLIP_SHARE, **colours}
    bounds = class_bounds(known.abs().to_numpy(), scheme="headtailbreaks")
    kept = bounds if len(bounds) <= CLASSES + 1 else np.append(bounds[:CLASSES], bounds[-1])
    return {"bounds": sorted(-kept) if falling else list(kept), **colours}


def spillover_layer(result: StudyResult, model: ModelRun) -> Layer | None:
    """Cities with what they emit and receive, and the effect of a shock; None if not asked for."""
    maps = spillover_maps(result, model)
    if model.cities is None and model.shock is None:
        return None
    language = result.study.language
    data, aliases = base_data(result), base_aliases(result)
    if model.cities is not None:
        for column in ("own", "emitted", "received"):
            data[column] = model.cities[column].reindex(data.index)
            aliases[column] = label(f"column_{column}", language)
    if model.shock is not None:
        data["shock"] = model.shock.table["effect"].reindex(data.index)
        data["distance_km"] = model.shock.table["distance_km"].reindex(data.index)
        aliases["shock"] = label("column_effect_of_shock", language)
        aliases["distance_km"] = label("column_distance_km", language)
    labels = name_labels(data["label_rank"], column="short_name", priority="label_rank", most=25)
    return Layer(
        table=f"spillovers_{model_slug(result, model)}",
        title=label("layer_spillovers", language, model=model.section.name),
        data=data,
        styles=tuple(item.style.with_labels(labels) for item in maps),
        aliases=aliases,
        abstract=label(
            "layer_spillovers_note",
            language,
            variable=focus_words(result, model),
            source=result.study.source_note(),
        ).strip(),
        group=label("group_layers_spillovers", language),
    )
