"""Metadata of files, layers and projects as QGIS and catalogues read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pandas as pd

from shapefiles.layers import Layer
from shapefiles.qgis_xml import (
    add,
    authority_of,
    one_line,
    serialised,
    spatial_reference,
    xml_text,
)
from spatial.options import Language

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where an export comes from; the same for all its layers.

    Attributes
    ----------
    author : str
    source : str
        Where the data come from; becomes the history of the resource.
    licence : str
        What others may do with it, for example ``CC BY 4.0``.
    keywords : tuple of str
    language : {"en", "zh"}
    """

    author: str = ""
    source: str = ""
    licence: str = ""
    keywords: tuple[str, ...] = ()
    language: Language = "en"


UNKNOWN = Provenance()
"""Nothing is said about the provenance."""


def metadata_document(
    title: str, abstract: str, provenance: Provenance = UNKNOWN, *, layer: Layer | None = None
) -> str:
    """Return the metadata of a layer, or of a whole file, as an XML document of QGIS.

    Parameters
    ----------
    title, abstract : str
    provenance : Provenance
    layer : Layer, optional
        Its extent in space and time, its system and its keywords are written as well.

    Returns
    -------
    str
    """
    root = ET.Element("qgis", version="3.22.0")
    append_metadata(root, title, abstract, provenance, layer=layer)
    return serialised(root)


def append_metadata(
    parent: ET.Element,
    title: str,
    abstract: str,
    provenance: Provenance,
    *,
    layer: Layer | None = None,
) -> None:
    """Append the elements of QGIS metadata, in the order in which QGIS writes them."""
    add(parent, "identifier")
    add(parent, "parentidentifier")
    add(parent, "language", provenance.language)
    add(parent, "type", "dataset")
    add(parent, "title", one_line(title))
    add(parent, "abstract", xml_text(abstract))
    _append_keywords(parent, (*provenance.keywords, *(layer.keywords if layer else ())))
    if provenance.author:
        contact = add(parent, "contact")
        add(contact, "name", one_line(provenance.author))
        for tag in ("organization", "position", "voice", "fax", "email"):
            add(contact, tag)
        add(contact, "role", "author")
    add(parent, "links")
    if provenance.source:
        add(parent, "history", xml_text(provenance.source))
    add(parent, "fees")
    if provenance.licence:
        add(parent, "license", one_line(provenance.licence))
    add(parent, "encoding", "UTF-8")
    if layer is not None:
        spatial_reference(add(parent, "crs"), layer.data.crs)
        _append_extent(parent, layer)


def append_project_metadata(
    parent: ET.Element, title: str, abstract: str, provenance: Provenance, moment: datetime
) -> None:
    """Append ``<projectMetadata>``."""
    metadata = add(parent, "projectMetadata")
    add(metadata, "identifier")
    add(metadata, "parentidentifier")
    add(metadata, "language", provenance.language)
    add(metadata, "type", "dataset")
    add(metadata, "title", title)
    add(metadata, "abstract", abstract)
    _append_keywords(metadata, provenance.keywords)
    add(metadata, "links")
    for text in filter(None, (provenance.source, provenance.licence)):
        add(metadata, "history", one_line(text, 600))
    add(metadata, "author", provenance.author)
    add(metadata, "creation", moment.strftime("%Y-%m-%dT%H:%M:%S"))


def _append_keywords(parent: ET.Element, keywords: Sequence[str]) -> None:
    wanted = [word for word in dict.fromkeys(map(one_line, keywords)) if word]
    if wanted:
        vocabulary = add(parent, "keywords", vocabulary="keywords")
        for word in wanted:
            add(vocabulary, "keyword", word)


def _append_extent(parent: ET.Element, layer: Layer) -> None:
    extent = add(parent, "extent")
    shapes = layer.data.geometry
    bounds = shapes.total_bounds
    authority = authority_of(layer.data.crs)
    if pd.notna(bounds).all() and authority is not None:
        west, south, east, north = bounds.tolist()
        add(
            extent,
            "spatial",
            dimensions=2,
            crs=":".join(authority),
            minx=west,
            miny=south,
            maxx=east,
            maxy=north,
            minz=0,
            maxz=0,
        )
    span = time_span([layer])
    if span is not None:
        period = add(add(extent, "temporal"), "period")
        add(period, "start", f"{span[0]:%Y-%m-%dT%H:%M:%S}Z")
        add(period, "end", f"{span[1]:%Y-%m-%dT%H:%M:%S}Z")


def time_span(layers: Sequence[Layer]) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the begin of the first and the end of the last year of temporal layers, else None."""
    moments = [layer.data[layer.time].dropna() for layer in layers if layer.time]
    moments = [one for one in moments if len(one)]
    if not moments:
        return None
    first, last = min(one.min().year for one in moments), max(one.max().year for one in moments)
    return pd.Timestamp(first, 1, 1), pd.Timestamp(last, 12, 31, 23, 59, 59)
