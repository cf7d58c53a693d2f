"""Linkage networks as Gephi and other graph programs read them: GraphML and edge lists."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd

from networks.types import LinkageNetwork
from shapefiles.atomic import write_text_atomically
from shapefiles.qgis_xml import serialised, xml_text
from shapefiles.tables import csv_text
from spatial.coordinates import city_positions
from spatial.errors import AlignmentError, ExportError, listed

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_RESERVED = ("id", "label", "latitude", "longitude", "weight")


def write_graphml(
    network: LinkageNetwork,
    cities: pd.DataFrame,
    path: str | Path,
    *,
    node_table: pd.DataFrame | None = None,
) -> Path:
    """Write a network as GraphML with the attributes that Gephi looks for.

    Nodes carry ``label``, ``latitude`` and ``longitude`` (for its map layout) and the columns of
    ``node_table``; edges carry ``weight``, the strength of the link.

    Parameters
    ----------
    network : LinkageNetwork
    cities : geopandas.GeoDataFrame or pandas.DataFrame
        Index: city ids, at least those of the network. Column ``name`` gives the labels, else
        the ids do.
    path : str or Path
        With the ending .graphml.
    node_table : pandas.DataFrame, optional
        Index: city ids; further attributes, such as centralities. Missing values are left out.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending is not .graphml, or the file cannot be written.
    AlignmentError
        If a city of the network is missing in ``cities`` or ``node_table``.
    """
    target = Path(path)
    if target.suffix.lower() != ".graphml":
        raise ExportError(f"{target.name}: a GraphML file needs the ending .graphml.")
    nodes, ids = node_attributes(network, cities, node_table), node_ids(network)
    root = ET.Element("graphml", xmlns=_NAMESPACE)
    kinds = {column: attribute_kind(nodes[column]) for column in nodes.columns}
    for number, (column, kind) in enumerate(kinds.items()):
        _declare(root, f"n{number}", "node", column, kind)
    _declare(root, "e0", "edge", "weight", "double")
    direction = "directed" if network.directed else "undirected"
    graph = ET.SubElement(root, "graph", id="linkages", edgedefault=direction)
    if network.description:
        ET.SubElement(graph, "desc").text = xml_text(network.description)
    _append_nodes(graph, nodes, list(kinds.values()))
    links = network.to_frame()
    columns = (links["origin"], links["destination"], links["flow"].to_numpy())
    for number, (origin, destination, flow) in enumerate(zip(*columns, strict=True)):
        ends = {"source": ids[origin], "target": ids[destination]}
        edge = ET.SubElement(graph, "edge", {"id": f"link{number}", **ends})
        ET.SubElement(edge, "data", key="e0").text = repr(float(flow))
    return write_xml(target, root)


def write_xml(path: Path, root: ET.Element) -> Path:
    """Write an XML document with one element a line."""
    ET.indent(root)
    return write_text_atomically(
        path, f'<?xml version="1.0" encoding="UTF-8"?>\n{serialised(root)}\n'
    )


def node_ids(network: LinkageNetwork) -> dict[object, str]:
    """Return the ids of the cities as XML holds them: without control characters.

    Raises
    ------
    ExportError
        If two ids are the same without them.
    """
    ids: dict[object, str] = {city: xml_text(city) for city in network.cities}
    texts = list(ids.values())
    same = [city for city, text in ids.items() if texts.count(text) > 1 or not text]
    if len(set(texts)) < len(texts) or "" in texts:
        raise ExportError(
            f"The ids {listed(map(repr, same))} are the same, or empty, without the control "
            "characters that XML cannot hold; give these cities other ids."
        )
    return ids


def write_edge_list(
    network: LinkageNetwork, path: str | Path, *, cities: pd.DataFrame | None = None
) -> Path:
    """Write a network as a CSV table: from_id, to_id, weight, and names where cities are given.

    Parameters
    ----------
    network : LinkageNetwork
        Undirected pairs give one row.
    path : str or Path
    cities : pandas.DataFrame, optional
        Index: city ids; column ``name``.

    Returns
    -------
    Path
        UTF-8 with a byte-order mark, so that spreadsheets show every script.
    """
    links = network.to_frame().set_axis(["from_id", "to_id", "weight"], axis=1)
    if cities is not None:
        require_cities(network, cities.index, "cities")
        names = cities["name"].astype(str)
        links.insert(2, "from_name", links["from_id"].map(names))
        links.insert(3, "to_name", links["to_id"].map(names))
    return write_text_atomically(path, csv_text(links), encoding="utf-8-sig")


def require_cities(network: LinkageNetwork, known: pd.Index, name: str) -> None:
    """Raise where a table lacks cities of a network."""
    absent = network.cities.difference(known, sort=False)
    if len(absent):
        raise AlignmentError(
            f"Cities of the network are not in {name}: {listed(absent)}. Add them, or take "
            "network.subset(...) first."
        )


def node_attributes(
    network: LinkageNetwork, cities: pd.DataFrame, node_table: pd.DataFrame | None
) -> pd.DataFrame:
    """Return label, place and further attributes of the cities of a network, in its order."""
    require_cities(network, cities.index, "cities")
    chosen = cities.loc[list(network.cities)]
    places = city_positions(chosen, distinct=False)
    labels = chosen["name"] if "name" in chosen.columns else network.cities.to_series()
    nodes = pd.DataFrame(
        {
            "label": [xml_text(text) for text in labels],
            "latitude": places.latitude,
            "longitude": places.longitude,
        },
        index=network.cities,
    )
    if node_table is None:
        return nodes
    require_cities(network, node_table.index, "node_table")
    extra = node_table.loc[list(network.cities)]
    columns = dict(zip(_free_names(extra.columns), (extra[c] for c in extra.columns), strict=True))
    return pd.concat([nodes, pd.DataFrame(columns, index=network.cities)], axis=1)


def _free_names(columns: Iterable[object]) -> list[str]:
    taken, names = set(_RESERVED), []
    for column in columns:
        name, count = xml_text(column), 2
        while name in taken:
            name, count = f"{xml_text(column)}_{count}", count + 1
        taken.add(name)
        names.append(name)
    return names


def attribute_kind(values: pd.Series) -> str:
    """Return the GraphML type of a column."""
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_integer_dtype(values):
        return "long"
    return "double" if pd.api.types.is_float_dtype(values) else "string"


def _declare(root: ET.Element, key: str, domain: str, name: str, kind: str) -> None:
    ET.SubElement(root, "key", {"id": key, "for": domain, "attr.name": name, "attr.type": kind})


def _append_nodes(graph: ET.Element, nodes: pd.DataFrame, kinds: list[str]) -> None:
    for city, *values in nodes.itertuples(name=None):
        node = ET.SubElement(graph, "node", id=xml_text(city))
        for number, (value, kind) in enumerate(zip(values, kinds, strict=True)):
            text = attribute_text(value, kind)
            if text is not None:
                ET.SubElement(node, "data", key=f"n{number}").text = text


def attribute_text(value: Any, kind: str) -> str | None:
    """Return a value as graph files write it, None where there is nothing to write."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "long":
        return str(int(value))
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        if kind == "double":
            infinite = {math.inf: "INF", -math.inf: "-INF"}
            return infinite.get(float(value), repr(float(value)))
    return xml_text(value)
