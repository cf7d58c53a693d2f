"""Layers and networks of a study in the formats of other programs, as its outputs ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analyses.layers import StudyLayers
from analyses.results import StudyResult
from shapefiles.graph_formats import write_network
from shapefiles.vector_files import write_layer
from shapefiles.weights_files import write_gal, write_gwt
from shapefiles.weights_writers import write_swm
from spatial.options import GraphFormat, VectorFormat, WeightsFormat


def write_layers(layers: StudyLayers, folder: Path, formats: Sequence[VectorFormat]) -> list[Path]:
    """Write every layer of a study but the background in every format, named as in QGIS.

    Parameters
    ----------
    layers : StudyLayers
    folder : Path
    formats : sequence of {"shapefile", "geojson", "geoparquet", "flatgeobuf"}

    Returns
    -------
    list of Path
    """
    written = []
    for layer in layers.all():
        if layer is layers.background or layer.shapes_of:
            continue  # for orientation only; the panel is a table, its shapes are in other layers
        data = layer.data
        counts_rows = isinstance(data.index, pd.RangeIndex) and data.index.name is None
        if layer.id_field and not counts_rows:
            data = data.rename_axis(layer.id_field)
        if layer.id_field in data.columns:
            data = data.reset_index(drop=True)
        written += [write_layer(data, folder, layer.table, kind) for kind in formats]
    return written


def write_networks(result: StudyResult, folder: Path, formats: Sequence[GraphFormat]) -> list[Path]:
    """Write every network of a study, with the centralities and communities of its cities.

    Parameters
    ----------
    result : StudyResult
    folder : Path
    formats : sequence of {"graphml", "gexf", "pajek", "ucinet"}
        Pajek and UCINET files hold names, places and strengths only.

    Returns
    -------
    list of Path
    """
    written = []
    for name, analysis in result.networks.items():
        measured = analysis.centralities.table.assign(
            community=analysis.communities.membership.reindex(analysis.network.cities)
        )
        written += [
            write_network(
                analysis.network,
                result.area.cities,
                folder,
                result.study.slug_of(name),
                kind,
                node_table=measured,
            )
            for kind in formats
        ]
    return written


def write_weights(
    result: StudyResult, folder: Path, formats: Sequence[WeightsFormat]
) -> list[Path]:
    """Write every weights of a study.

    Parameters
    ----------
    result : StudyResult
    folder : Path
    formats : sequence of {"gal", "gwt", "swm"}
        For GeoDa (who is whose neighbour; and how strongly) and for ArcGIS.

    Returns
    -------
    list of Path
    """
    written = []
    for name, weights in result.weights.items():
        slug, layer = result.study.slug_of(name), result.study.outputs.name
        for kind in formats:
            path = folder / f"{slug}.{kind}"
            if kind == "swm":
                written.append(write_swm(weights, path))
            else:
                write = write_gal if kind == "gal" else write_gwt
                written.append(write(weights, path, layer=layer))
    return written
