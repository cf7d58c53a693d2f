"""The checked study area: cities, their panel, and the passport of what was done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from spatial.alignment import require_same_cities, require_unique
from spatial.errors import GeometryError, PanelError, listed

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class SourceFile:
    """One file that was read.

    Attributes
    ----------
    role : str
        ``"cities"``, ``"panel"`` or the name of a link table.
    path : str
        File name as given by the user.
    format : str
        For example ``"GeoPackage"``.
    encoding : str
        Text encoding as recognised, empty for binary formats.
    sha256 : str
        Hash of the bytes.
    rows : int
    """

    role: str
    path: str
    format: str
    encoding: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class PassportEntry:
    """One finding of the checks.

    Attributes
    ----------
    subject : str
        A key of the dictionary of labels, for example ``"cities_dropped"``.
    count : int
    ids : tuple of str
        The cities, columns or years concerned, all of them.
    remark : str
        A sentence with the reason.
    """

    subject: str
    count: int
    ids: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Passport:
    """What was read, checked, dropped, repaired and left missing.

    Attributes
    ----------
    sources : tuple of SourceFile
    crs_read, crs_used : str
        Coordinate reference systems, for example ``"EPSG:4326"``.
    n_cities, n_years, n_observations : int
    entries : tuple of PassportEntry
        Findings in the order of the checks.
    missing : pandas.DataFrame
        Index: column; columns: ``missing`` (count), ``share``.
    """

    sources: tuple[SourceFile, ...]
    crs_read: str
    crs_used: str
    n_cities: int
    n_years: int
    n_observations: int
    entries: tuple[PassportEntry, ...] = ()
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)

    def with_entries(self, *entries: PassportEntry) -> Passport:
        """Return the passport with further findings."""
        from dataclasses import replace

        return replace(self, entries=(*self.entries, *entries))

    def with_sources(self, *sources: SourceFile) -> Passport:
        """Return the passport with further files."""
        from dataclasses import replace

        return replace(self, sources=(*self.sources, *sources))


@dataclass(frozen=True)
class StudyArea:
    """Cities and their yearly figures, checked once at the border.

    Attributes
    ----------
    cities : geopandas.GeoDataFrame
        Index ``city`` (unique text ids); EPSG:4326; columns ``name``, ``longitude``, ``latitude``
        (degrees, the seat or centroid), group columns such as ``region``, and ``geometry``.
    panel : pandas.DataFrame
        Index ``(city, year)``, unique, sorted; only cities of ``cities``.
    passport : Passport
    """

    cities: gpd.GeoDataFrame
    panel: pd.DataFrame
    passport: Passport

    def __post_init__(self) -> None:
        """Hold the promises of the class."""
        require_unique(self.cities.index, what="cities")
        if self.cities.crs is None:
            raise GeometryError("The cities of a study area need a coordinate reference system.")
        if list(self.panel.index.names) != ["city", "year"]:
            raise PanelError("The panel of a study area needs the index (city, year).")
        if not self.panel.index.is_unique:
            twice = self.panel.index[self.panel.index.duplicated()]
            raise PanelError(f"City-years appear more than once: {listed(twice)}.")
        require_same_cities(
            self.cities.index,
            self.panel.index.get_level_values("city").unique(),
            left_name="cities",
            right_name="panel",
        )

    @property
    def years(self) -> pd.Index:
        """Years of the panel, ascending."""
        return pd.Index(sorted(self.panel.index.get_level_values("year").unique()), name="year")

    def wide(self, column: str) -> pd.DataFrame:
        """Return one column as a table: a row for each city (in the order of ``cities``), a column for each year."""
        if column not in self.panel.columns:
            known = listed(self.panel.columns, limit=40)
            raise PanelError(f"The panel has no column {column!r}; it has {known}.")
        return self.panel[column].unstack("year").reindex(self.cities.index)
