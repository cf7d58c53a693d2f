"""The embedded example: 327 US metropolitan areas, 1980-1996, with air links of 2026."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from shapefiles.read_links import read_links
from shapefiles.read_study import read_study_area
from shapefiles.sources import CitiesSource, LinksSource, PanelSource

if TYPE_CHECKING:
    import pandas as pd

    from shapefiles.study_area import StudyArea

_FOLDER = Path(__file__).resolve().parent / "data"
_FILES = MappingProxyType(
    {
        "cities": _FOLDER / "us_metros_cities.parquet",
        "panel": _FOLDER / "us_metros_panel.parquet",
        "air_links": _FOLDER / "us_metros_air_links.csv",
        "states": _FOLDER / "us_states.parquet",
        "columns": _FOLDER / "us_metros_columns.csv",
        "values": _FOLDER / "us_metros_values.csv",
        "data_card": _FOLDER / "README.md",
    }
)


def example_files() -> Mapping[str, Path]:
    """Return the paths of the example's files by role.

    Returns
    -------
    mapping of str to Path
        ``cities`` (GeoParquet, id ``cbsa``), ``panel`` (Parquet, ``cbsa`` and ``year``),
        ``air_links`` (CSV: ``origin``, ``destination``, ``airlines``, ``airline_routes``),
        ``states`` (GeoParquet, outlines of the states for the background of maps), ``columns``
        (wording, unit and source of every column), ``values`` (wording of the groups),
        ``data_card``.

    Examples
    --------
    >>> sorted(example_files())
    ['air_links', 'cities', 'columns', 'data_card', 'panel', 'states', 'values']
    """
    return _FILES


def example_area(*, complete_only: bool = True) -> StudyArea:
    """Read the example: US metropolitan areas with their figures of 1980 to 1996.

    Parameters
    ----------
    complete_only : bool
        Keep the 274 metros all of whose counties have figures; otherwise all 327.

    Returns
    -------
    StudyArea
        Groups ``region`` and ``size``; the columns are told in ``example_files()["columns"]``.

    Examples
    --------
    >>> area = example_area()
    >>> area.cities.loc["10180", "name"], area.passport.n_cities
    ('Abilene, TX', 274)
    """
    return read_study_area(
        CitiesSource(
            _FILES["cities"],
            id="cbsa",
            name="name",
            longitude="longitude",
            latitude="latitude",
            groups={"region": "region", "size": "size"},
            select={"complete": "yes"} if complete_only else {},
        ),
        PanelSource(_FILES["panel"], city="cbsa", year="year"),
    )


def example_air_links() -> pd.DataFrame:
    """Read the example's air links: ``origin``, ``destination``, ``airlines``; all 327 metros."""
    source = LinksSource("air links", _FILES["air_links"], "origin", "destination", "airlines")
    return read_links(source)[0]
