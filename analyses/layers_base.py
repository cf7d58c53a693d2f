"""What every layer of cities begins with: shapes, names, groups, and names of tables."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd

from analyses.results import NetworkAnalysis, StudyResult
from shapefiles.language import label
from shapefiles.style_types import GeometryKind


def geometry_kind(result: StudyResult) -> GeometryKind:
    """Whether cities are points or polygons."""
    points = (result.area.cities.geom_type == "Point").all()
    return "point" if points else "polygon"


def base_data(result: StudyResult) -> gpd.GeoDataFrame:
    """Shapes, names and groups of the cities, which every layer of cities begins with."""
    cities = result.area.cities
    base = cities[["name", "short_name", *result.study.groups, "geometry"]].copy()
    base["label_rank"] = label_rank(result)
    return base


def label_rank(result: StudyResult) -> pd.Series:
    """Rank cities for labels by the strength of their linkages, else by the outcome."""
    if result.networks:
        first = next(iter(result.networks.values()))
        return first.centralities.table["strength"].reindex(result.area.cities.index)
    outcome = result.area.wide(result.study.resilience.outcome)
    return outcome[outcome.columns[-1]]


def base_aliases(result: StudyResult) -> dict[str, str]:
    """Wordings of the columns of ``base_data``."""
    language = result.study.language
    names = {
        "name": label("city", language),
        "short_name": label("column_short_name", language),
        "label_rank": label("label_rank", language),
    }
    return names | {group: label(f"group_{group}", language) for group in result.study.groups}


def table_slug(name: str, position: int) -> str:
    """Make an ASCII table name from the name of a network."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower(), flags=re.ASCII).strip("_")
    return slug or f"network_{position}"


def network_slug(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Name of a network in tables and files: ASCII, the same in every language."""
    position = list(result.networks).index(analysis.name) + 1
    return table_slug(result.study.key_of(analysis.name), position)
