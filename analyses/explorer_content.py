"""What an explorer page shows, as plain frozen values: it can be filled without a study file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from shapefiles.map_insets import MapInset
from spatial.alignment import require_same_cities, require_unique
from spatial.errors import AlignmentError, ConfigError, listed
from spatial.options import Language

if TYPE_CHECKING:
    import geopandas as gpd

    from shapefiles.style_types import LayerStyle
    from spatial.weights import Weights


@dataclass(frozen=True, kw_only=True)
class ExplorerVariable:
    """Something that the map can show.

    Attributes
    ----------
    title : str
        With the unit.
    group : str
        Heading that it stands under in the list of variables.
    values : pandas.DataFrame of shape (n, years)
        Index: city ids. Columns: years ascending, or one column of any name for a variable
        without years. Numbers, or texts where the style is categorised.
    style : LayerStyle
        One set of classes for all years.
    yearly : bool
    clusters : pandas.DataFrame or None
        Categories of the local Moran statistic for the same columns, as many as were computed.
    cluster_style : LayerStyle or None
        Of the clusters.
    p_values : mapping of column to float
        p-value of the global Moran's I with the weights of the page, where it was computed.
    note : str
        What the numbers are, below the map.
    """

    title: str
    group: str
    values: pd.DataFrame
    style: LayerStyle
    yearly: bool = False
    clusters: pd.DataFrame | None = None
    cluster_style: LayerStyle | None = None
    p_values: Mapping[object, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        """Check years and what belongs together."""
        columns = list(self.values.columns)
        if not columns or (not self.yearly and len(columns) != 1):
            raise ConfigError(
                f"The variable {self.title!r} has {len(columns)} columns; give one, or set "
                "yearly=True and give one for each year."
            )
        if self.yearly and [*map(int, columns)] != sorted({*map(int, columns)}):
            raise ConfigError(f"The years of {self.title!r} must ascend, each once: {columns}.")
        if (self.clusters is None) != (self.cluster_style is None):
            raise ConfigError(f"clusters and cluster_style of {self.title!r} go together.")
        if self.clusters is not None:
            strange = self.clusters.columns.difference(self.values.columns)
            if len(strange):
                raise AlignmentError(
                    f"Clusters of {self.title!r} for years without values: {listed(strange)}."
                )

    @property
    def is_numeric(self) -> bool:
        """Numbers have a scatter plot, ranks and means; texts do not."""
        return self.style.kind != "categorised"


@dataclass(frozen=True, kw_only=True)
class ExplorerNetwork:
    """Links that the map can show.

    Attributes
    ----------
    name : str
    links : geopandas.GeoDataFrame of shape (m, ...)
        As ``networks.lines.link_lines`` gives it: ``from_id``, ``to_id``, ``weight``, lines in
        EPSG:4326.
    style : LayerStyle
        Widths and colours by ``weight``.
    directed : bool
    unit : str
    note : str
        How the links were chosen.
    """

    name: str
    links: gpd.GeoDataFrame
    style: LayerStyle
    directed: bool
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ExplorerSpillovers:
    """What cities pass on to each other by one model.

    Attributes
    ----------
    name : str
        Of the model.
    totals : pandas.DataFrame
        Index: city ids of the model, all of the page or fewer. Columns ``own``, ``emitted``,
        ``received``.
    pairs : pandas.DataFrame
        Columns ``origin``, ``destination``, ``effect``: for each city those that it passes most
        on to, and those that it receives most from.
    note : str
        What changes, and in what unit the effects are.
    caution : str
        Said beside the numbers, for example that they are not significant.
    """

    name: str
    totals: pd.DataFrame
    pairs: pd.DataFrame
    note: str = ""
    caution: str = ""


@dataclass(frozen=True, kw_only=True)
class ExplorerContent:
    """All that an explorer page shows.

    Attributes
    ----------
    title : str
    language : {"en", "zh"}
    cities : geopandas.GeoDataFrame of shape (n, ...)
        Polygons or points. Index: city ids. Column ``name``; ``short_name`` for labels on the map
        if there is one; ``longitude`` and ``latitude`` of the seats if there are.
    variables : tuple of ExplorerVariable
        The first one is shown first.
    subtitle, source : str
    groups : mapping of str to pandas.Series
        Wording of a grouping -> group of each city, as text.
    label_rank : pandas.Series or None
        Cities with the highest values are named on the map first.
    weights : Weights or None
        Neighbours, and the weights of the scatter plot.
    weights_name : str
    networks : tuple of ExplorerNetwork
    spillovers : tuple of ExplorerSpillovers
    context : geopandas.GeoDataFrame or None
        Background, such as states.
    context_style : LayerStyle or None
    whole_context : bool
        Show all of the background.
    windows : tuple of MapInset
    search : pandas.Series or None
        Further words by which a city is found, for example in another script.
    notes : tuple of str
        Sentences for "About this page".
    """

    title: str
    language: Language
    cities: gpd.GeoDataFrame
    variables: tuple[ExplorerVariable, ...]
    subtitle: str = ""
    source: str = ""
    groups: Mapping[str, pd.Series] = field(default_factory=dict)
    label_rank: pd.Series | None = None
    weights: Weights | None = None
    weights_name: str = ""
    networks: tuple[ExplorerNetwork, ...] = ()
    spillovers: tuple[ExplorerSpillovers, ...] = ()
    context: gpd.GeoDataFrame | None = None
    context_style: LayerStyle | None = None
    whole_context: bool = False
    windows: tuple[MapInset, ...] = ()
    search: pd.Series | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that everything speaks of the same cities."""
        ids = self.cities.index
        require_unique(ids, what="explorer")
        if not self.variables:
            raise ConfigError("The explorer has no variables to show; give at least one.")
        if "name" not in self.cities.columns:
            raise ConfigError("The cities of the explorer need a column 'name'.")
        same = {f"the variable {one.title!r}": one.values.index for one in self.variables}
        same |= {
            f"the clusters of {one.title!r}": one.clusters.index
            for one in self.variables
            if one.clusters is not None
        }
        same |= {f"the group {name!r}": column.index for name, column in self.groups.items()}
        if self.weights is not None:
            same["the weights"] = self.weights.ids
        for what, index in same.items():
            require_same_cities(ids, index, left_name="the explorer", right_name=what)
        for network in self.networks:
            _known_cities(network.links[["from_id", "to_id"]], ids, f"network {network.name!r}")
        for model in self.spillovers:
            _known_cities(model.pairs[["origin", "destination"]], ids, f"model {model.name!r}")


def _known_cities(ends: pd.DataFrame, ids: pd.Index, what: str) -> None:
    named = pd.Index(pd.unique(ends.to_numpy().ravel()))
    absent = named.difference(ids)
    if len(absent):
        raise AlignmentError(
            f"The {what} names cities that the explorer does not hold: {listed(absent)}."
        )
