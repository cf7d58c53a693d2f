"""What every layer of cities begins with: shapes, names, groups, and names of tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from analyses.results import NetworkAnalysis, StudyResult
from shapefiles.language import label
from shapefiles.style_types import GeometryKind

SLUG_LENGTH = 40
"""Characters of the part of a table name that comes from the study."""


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


def table_slugs(names: Sequence[str], *, other: str = "network") -> dict[str, str]:
    """Make ASCII names of tables and files from the names of networks or models.

    Parameters
    ----------
    names : sequence of str
        As the study file gives them.
    other : str
        Begins the name of what has no ASCII letter in its own.

    Returns
    -------
    dict of str to str
        All different, at most ``SLUG_LENGTH`` characters.

    Examples
    --------
    >>> table_slugs(["Air links", "air-links", "铁路"])
    {'Air links': 'air_links', 'air-links': 'air_links_2', '铁路': 'network_3'}
    """
    plain = {
        name: re.sub(r"[^a-z0-9]+", "_", name.lower(), flags=re.ASCII).strip("_")
        or f"{other}_{position}"
        for position, name in enumerate(names, start=1)
    }
    slugs: dict[str, str] = {}
    for name, slug in plain.items():
        chosen, number = slug[:SLUG_LENGTH].rstrip("_"), 1
        while chosen in slugs.values():
            number += 1
            last = f"_{number}"
            chosen = slug[: SLUG_LENGTH - len(last)].rstrip("_") + last
        slugs[name] = chosen
    return slugs


def network_slug(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Name of a network in tables and files: ASCII, the same in every language."""
    key_of = result.study.key_of
    return table_slugs([key_of(name) for name in result.networks])[key_of(analysis.name)]
