"""Where a study's figures are: the files and the columns that hold ids, names and coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spatial.options import UnmatchedPolicy


@dataclass(frozen=True)
class CitiesSource:
    """The file that says where the cities lie.

    Attributes
    ----------
    path : str or Path
        Shapefile (also zipped), GeoPackage, GeoJSON, GeoParquet, any other vector file that GDAL
        opens, or a point table (CSV, Excel, Parquet) with ``longitude`` and ``latitude``.
    id : str
        Column of the city ids; they are text and keep leading zeros.
    name : str, optional
        Column of the names; without it the id serves as name.
    layer : str, optional
        Layer of a file that holds several.
    longitude, latitude : str, optional
        Columns with the seat of each city in degrees (in the units of ``crs`` for a point table
        with ``crs``). Without them polygons give their centroid, points themselves.
    crs : str, optional
        Coordinate reference system, when the file has none or a wrong one, such as
        ``"EPSG:4326"``.
    groups : mapping of str to str
        Group columns: name in the study -> column of the cities file or, failing that, of the
        panel.
    columns : sequence of str
        Further columns of the cities file to carry unchanged.
    select : mapping of str to str or sequence of str
        Keep only cities whose column holds one of the given texts.
    encoding : str, optional
        Text encoding; recognised when not given.
    sheet : str, optional
        Sheet of an Excel file.
    """

    path: str | Path
    id: str
    name: str | None = None
    layer: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    crs: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    select: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class PanelSource:
    """The file with the yearly figures: a row for each city and year.

    Attributes
    ----------
    path : str or Path
        CSV, Excel or Parquet.
    city, year : str
        Columns of the city ids (as in the cities file) and of the years.
    columns : sequence of str or mapping of str to str, optional
        Columns wanted, all of numbers; a mapping gives new names (new -> column in the file).
        Without it every column of numbers is read.
    encoding : str, optional
        Text encoding; recognised when not given.
    sheet : str, optional
        Sheet of an Excel file.
    years : (int, int), optional
        First and last year to keep.
    """

    path: str | Path
    city: str
    year: str
    columns: Sequence[str] | Mapping[str, str] | None = None
    encoding: str | None = None
    sheet: str | None = None
    years: tuple[int, int] | None = None


@dataclass(frozen=True)
class LinksSource:
    """A file with observed linkages: a row for each origin and destination.

    Attributes
    ----------
    name : str
        Name of the links in the study.
    path : str or Path
        CSV, Excel or Parquet.
    origin, destination : str
        Columns of city ids (as in the cities file).
    flow : str
        Column of the flow, or of the cost of a journey.
    encoding : str, optional
        Text encoding; recognised when not given.
    sheet : str, optional
        Sheet of an Excel file.
    without_id : {"error", "drop"}
        What to do with rows whose origin or destination is empty.
    """

    name: str
    path: str | Path
    origin: str
    destination: str
    flow: str
    encoding: str | None = None
    sheet: str | None = None
    without_id: UnmatchedPolicy = "error"
