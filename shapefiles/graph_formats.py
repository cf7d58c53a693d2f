"""Linkage networks for Gephi (GEXF), Pajek (.net) and UCINET (DL text)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd

from networks.types import LinkageNetwork
from shapefiles.atomic import write_text_atomically
from shapefiles.graph_files import (
    attribute_kind,
    attribute_text,
    node_attributes,
    node_ids,
    require_cities,
    write_graphml,
    write_xml,
)
from shapefiles.markup_tables import table_text
from shapefiles.qgis_xml import xml_text
from spatial.coordinates import city_positions
from spatial.errors import ExportError
from spatial.options import GraphFormat, checked_option

ENDINGS: dict[str, str] = {
    "graphml": ".graphml",
    "gexf": ".gexf",
    "pajek": ".net",
    "ucinet": ".dl.txt",
}
LABEL_LENGTH = 250
"""Characters of a label that Pajek and UCINET hold."""


def write_gexf(
    network: LinkageNetwork,
    cities: pd.DataFrame,
    path: str | Path,
    *,
    node_table: pd.DataFrame | None = None,
) -> Path:
    """Write a network as GEXF 1.3, the format of Gephi.

    Parameters
    ----------
    network, cities, node_table
        See ``shapefiles.graph_files.write_graphml``; nodes have the same attributes.
    path : str or Path
        Ends in ``.gexf``.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending is another, or the file cannot be written.
    AlignmentError
        If a city of the network is missing in ``cities`` or ``node_table``.
    """
    target = _checked_ending(path, ".gexf")
    nodes, ids = node_attributes(network, cities, node_table), node_ids(network)
    root = ET.Element("gexf", xmlns="http://gexf.net/1.3", version="1.3")
    if network.description:
        meta = ET.SubElement(root, "meta")
        ET.SubElement(meta, "description").text = xml_text(network.description)
    direction = "directed" if network.directed else "undirected"
    graph = ET.SubElement(root, "graph", defaultedgetype=direction, mode="static")
    declared = ET.SubElement(graph, "attributes", {"class": "node"})
    columns = [column for column in nodes.columns if column != "label"]
    kinds = [attribute_kind(nodes[column]) for column in columns]
    for at, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
        ET.SubElement(declared, "attribute", id=str(at), title=str(column), type=kind)
    listed = ET.SubElement(graph, "nodes")
    rows = nodes[columns].itertuples(index=False, name=None)
    for city, text, values in zip(nodes.index, nodes["label"], rows, strict=True):
        node = ET.SubElement(listed, "node", id=ids[city], label=str(text))
        held = ET.SubElement(node, "attvalues")
        for at, (value, kind) in enumerate(zip(values, kinds, strict=True)):
            written = attribute_text(value, kind)
            if written is not None:
                ET.SubElement(held, "attvalue", {"for": str(at), "value": written})
    edges = ET.SubElement(graph, "edges")
    for at, (origin, destination, flow) in enumerate(_links(network)):
        ends = {"source": ids[origin], "target": ids[destination]}
        ET.SubElement(edges, "edge", {"id": str(at), **ends, "weight": repr(flow)})
    return write_xml(target, root)


def write_pajek(network: LinkageNetwork, cities: pd.DataFrame, path: str | Path) -> Path:
    """Write a network for Pajek: vertices with names and places, arcs or edges with strengths.

    Parameters
    ----------
    network : LinkageNetwork
    cities : pandas.DataFrame or geopandas.GeoDataFrame
        Index: city ids. Column ``name`` gives the labels (with the id where a name comes twice),
        else the ids do.
    path : str or Path
        Ends in ``.net``.

    Returns
    -------
    Path
        UTF-8, with a byte order mark where a label is not ASCII, as Pajek asks for.

    Raises
    ------
    ExportError
        If the ending is another.
    AlignmentError
        If a city of the network is missing in ``cities``.

    Notes
    -----
    Pajek knows no quotation marks inside labels: they become apostrophes, backslashes slashes; line
    breaks and control characters go, and labels end after 250 characters. Longitude and latitude
    are scaled into its square, north up.
    """
    target = _checked_ending(path, ".net")
    labels = _labels(network, cities)
    places = city_positions(cities.loc[list(network.cities)], distinct=False)
    x, y = places.longitude, places.latitude
    size = max(float(x.max() - x.min()), float(y.max() - y.min()), 1e-9) if len(x) else 1.0
    across, down = (x - x.min()) / size, (y.max() - y) / size
    lines = [f"*Vertices {len(labels)}"]
    lines += [
        f'{at} "{text}" {right:.6f} {below:.6f}'
        for at, (text, right, below) in enumerate(zip(labels, across, down, strict=True), start=1)
    ]
    lines.append("*Arcs" if network.directed else "*Edges")
    lines += _numbered_links(network, both=False)
    text = "\n".join(lines) + "\n"
    return write_text_atomically(target, text, encoding="utf-8" if text.isascii() else "utf-8-sig")


def write_ucinet(
    network: LinkageNetwork, path: str | Path, *, cities: pd.DataFrame | None = None
) -> Path:
    """Write a network as DL text, which UCINET imports with all cities, isolated ones too.

    Parameters
    ----------
    network : LinkageNetwork
        Of an undirected network both directions are written: UCINET does not mirror by itself.
    path : str or Path
        Ends in ``.txt`` or ``.dl``.
    cities : pandas.DataFrame, optional
        Index: city ids; column ``name`` gives the labels, else the ids do.

    Returns
    -------
    Path
        UTF-8, with a byte order mark where a label is not ASCII.

    Raises
    ------
    ExportError
        If the ending is another.
    AlignmentError
        If a city of the network is missing in ``cities``.

    Notes
    -----
    Labels are changed as in :func:`write_pajek`.
    """
    target = Path(path)
    if target.suffix.lower() not in (".txt", ".dl"):
        raise ExportError(f"{target.name}: DL text needs the ending .txt or .dl.")
    named = cities if cities is not None else pd.DataFrame(index=network.cities)
    labels = [
        text if re.fullmatch(r"[\w.+-]+", text) else f'"{text}"' for text in _labels(network, named)
    ]
    lines = [f"dl n={len(labels)}", "format = edgelist1", "labels:", *labels, "data:"]
    lines += _numbered_links(network, both=not network.directed)
    text = "\n".join(lines) + "\n"
    return write_text_atomically(target, text, encoding="utf-8" if text.isascii() else "utf-8-sig")


def write_network(
    network: LinkageNetwork,
    cities: pd.DataFrame,
    folder: str | Path,
    name: str,
    kind: GraphFormat,
    *,
    node_table: pd.DataFrame | None = None,
) -> Path:
    """Write a network in one of the formats, the ending given by the format.

    Parameters
    ----------
    network, cities, node_table
        See ``shapefiles.graph_files.write_graphml``; Pajek and UCINET hold no attributes.
    folder : str or Path
    name : str
        Without ending.
    kind : {"graphml", "gexf", "pajek", "ucinet"}

    Returns
    -------
    Path
    """
    checked_option(kind, GraphFormat, name="kind")
    target = Path(folder) / f"{name}{ENDINGS[kind]}"
    if kind == "pajek":
        return write_pajek(network, cities, target)
    if kind == "ucinet":
        return write_ucinet(network, target, cities=cities)
    writer: Callable[..., Path] = write_gexf if kind == "gexf" else write_graphml
    return writer(network, cities, target, node_table=node_table)


def _links(network: LinkageNetwork) -> list[tuple[object, object, float]]:
    links = network.to_frame()
    flows = [float(flow) for flow in links["flow"]]
    return list(zip(links["origin"], links["destination"], flows, strict=True))


def _numbered_links(network: LinkageNetwork, *, both: bool) -> list[str]:
    """Return a line for each link: numbers of its cities from one, and its strength."""
    at = {city: number for number, city in enumerate(network.cities, start=1)}
    lines = []
    for origin, destination, flow in _links(network):
        lines.append(f"{at[origin]} {at[destination]} {flow!r}")
        if both:
            lines.append(f"{at[destination]} {at[origin]} {flow!r}")
    return lines


def _labels(network: LinkageNetwork, cities: pd.DataFrame) -> list[str]:
    """Names of the cities, made different and fit to stand between quotation marks."""
    require_cities(network, cities.index, "cities")
    ids = [_label(city) for city in network.cities]
    if "name" not in cities.columns:
        return ids
    names = [_label(name) for name in cities.loc[list(network.cities), "name"]]
    # Spaces around and capitals count for nothing in these programs.
    keys = [name.strip().casefold() for name in names]
    return [
        name.strip() if key and keys.count(key) == 1 else f"{name.strip()} ({city})".strip()
        for name, key, city in zip(names, keys, ids, strict=True)
    ]


def _label(value: object) -> str:
    return table_text(value).replace('"', "'").replace("\\", "/")[:LABEL_LENGTH]


def _checked_ending(path: str | Path, ending: str) -> Path:
    target = Path(path)
    if target.suffix.lower() != ending:
        raise ExportError(f"{target.name}: this format needs the ending {ending}.")
    return target
