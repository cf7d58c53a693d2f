"""Publication maps: indices, clusters, categories, linkage networks, and several years together.

Every function takes ``ax=`` (a new figure of a journal's column width when None) and returns the
axes; functions that draw several panels make and return a figure. The look comes from a
`LayerStyle`, the same that styles the QGIS project. Fonts, projection, scale bar, north arrow,
legends and insets are looked after by the modules ``map_*``, whose public names stand here.

Positions, ids and values are joined by label. Text from data is drawn as it is: ``$``, ``_`` and
``^`` have no meaning of their own.
"""

from shapefiles.figures_page import save_figure
from shapefiles.map_communities import community_map, core_periphery_map
from shapefiles.map_insets import MapInset
from shapefiles.map_networks import network_map, strongest_cities
from shapefiles.map_panels import (
    panel_maps,
    yearly_hot_spot_maps,
    yearly_lisa_maps,
    yearly_maps,
    yearly_network_maps,
)
from shapefiles.map_sheet import MapOptions
from shapefiles.map_values import (
    bivariate_map,
    category_map,
    choropleth_map,
    cluster_words,
    hot_spot_map,
    lisa_map,
    top_names,
)

__all__ = [
    "MapInset",
    "MapOptions",
    "bivariate_map",
    "category_map",
    "choropleth_map",
    "cluster_words",
    "community_map",
    "core_periphery_map",
    "hot_spot_map",
    "lisa_map",
    "network_map",
    "panel_maps",
    "save_figure",
    "strongest_cities",
    "top_names",
    "yearly_hot_spot_maps",
    "yearly_lisa_maps",
    "yearly_maps",
    "yearly_network_maps",
]
