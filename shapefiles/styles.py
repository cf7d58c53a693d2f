"""Styles of map layers, built from values: choropleths, clusters, categories, circles, links.

A :class:`LayerStyle` says which column is shown, by which classes, in which colours and sizes.
``shapefiles.qgis_styles`` writes it as QML, ``shapefiles.maps`` draws it; both ask the same
:meth:`LayerStyle.class_of`, so all pictures of a layer agree.

This module gathers the public names of the modules ``style_*``.
"""

from shapefiles.style_bivariate import bivariate_style
from shapefiles.style_categories import categorised_style, outline_style
from shapefiles.style_clusters import emerging_hot_spot_style, hot_spot_style, lisa_style
from shapefiles.style_numbers import choropleth_style, link_width_style, sized_point_style
from shapefiles.style_types import (
    DrawOrder,
    GeometryKind,
    LabelStyle,
    LayerStyle,
    Pattern,
    StyleClass,
    StyleKind,
    category_texts,
)

__all__ = [
    "DrawOrder",
    "GeometryKind",
    "LabelStyle",
    "LayerStyle",
    "Pattern",
    "StyleClass",
    "StyleKind",
    "bivariate_style",
    "categorised_style",
    "category_texts",
    "choropleth_style",
    "emerging_hot_spot_style",
    "hot_spot_style",
    "link_width_style",
    "lisa_style",
    "outline_style",
    "sized_point_style",
]
