"""The description of one page of a study's QGIS project."""

from __future__ import annotations

from dataclasses import dataclass

from shapefiles.layers import Layer
from shapefiles.qgis_project import Atlas


@dataclass(frozen=True, kw_only=True)
class Page:
    """A map that the project shows as a theme and prints as a page, or as an atlas.

    Attributes
    ----------
    name : str
        Name of theme and layout.
    title : str
        Of the page, before the name of the page of an atlas; by default ``name``.
    shown : tuple of str
        Layers as for ``Theme``.
    method : str
        How the numbers came about, for the note below the map.
    atlas : Atlas or None
    """

    name: str
    shown: tuple[str, ...]
    method: str = ""
    title: str = ""
    atlas: Atlas | None = None


def layer_pages(layer: Layer, method: str) -> list[Page]:
    """Return a page for each style of a layer, whatever it shows."""
    return [
        Page(name=style.title or style.name, shown=(f"{layer.table}/{style.name}",), method=method)
        for style in layer.styles
    ]
