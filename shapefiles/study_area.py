"""The checked study area: cities, their panel, and the passport of what was done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from shapefiles.language import known_labels, label
from spatial.alignment import require_same_cities, require_unique
from spatial.errors import GeometryError, PanelError, listed
from spatial.options import Language

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
        What needs no translation: a column, a file, spellings, a reason given by the caller.
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

    def to_frame(self, language: Language = "en") -> pd.DataFrame:
        """Return the passport as one tidy table, ready to print or to write.

        Parameters
        ----------
        language : {"en", "zh"}

        Returns
        -------
        pandas.DataFrame
            Columns ``section``, ``item``, ``value`` (text); findings name all their ids.
        """
        rows = [
            *self._rows_of_area(language),
            *self._rows_of_files(language),
            *self._rows_of_findings(language),
            *self._rows_of_missing(language),
        ]
        return pd.DataFrame(rows, columns=["section", "item", "value"])

    def _rows_of_area(self, language: Language) -> list[tuple[str, str, str]]:
        section = label("passport_study_area", language)
        facts = ("n_cities", "n_years", "n_observations", "crs_read", "crs_used")
        return [
            (section, label(f"passport_{fact}", language), str(getattr(self, fact)))
            for fact in facts
        ]

    def _rows_of_files(self, language: Language) -> list[tuple[str, str, str]]:
        section, known = label("passport_files", language), known_labels()
        rows = []
        for source in self.sources:
            key = f"passport_role_{source.role}"
            facts = label(
                "passport_file_facts",
                language,
                path=source.path,
                format=source.format,
                encoding=f", {source.encoding}" if source.encoding else "",
                rows=source.rows,
                sha256=source.sha256,
            )
            rows.append((section, label(key, language) if key in known else source.role, facts))
        return rows

    def _rows_of_findings(self, language: Language) -> list[tuple[str, str, str]]:
        section, known = label("passport_findings", language), known_labels()
        if not self.entries:
            return [(section, label("passport_nothing_found", language), "")]
        rows = []
        for entry in self.entries:
            parts = [str(entry.count)]
            parts += [", ".join(entry.ids)] if entry.ids else []
            parts += [f"({entry.remark})"] if entry.remark else []
            subject = entry.subject
            item = label(subject, language) if subject in known else subject
            rows.append((section, item, "; ".join(parts[:2]) + "".join(f" {x}" for x in parts[2:])))
        return rows

    def _rows_of_missing(self, language: Language) -> list[tuple[str, str, str]]:
        section = label("passport_missing", language)
        with_gaps = self.missing[self.missing["missing"] > 0] if len(self.missing) else self.missing
        if not len(with_gaps):
            return [(section, label("passport_nothing_missing", language), "")]
        return [
            (
                section,
                str(column),
                label(
                    "passport_missing_share",
                    language,
                    missing=int(row["missing"]),
                    total=self.n_observations,
                    share=f"{row['share']:.2%}",
                ),
            )
            for column, row in with_gaps.iterrows()
        ]

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
        """Return one column as a table: a row for each city, a column for each year."""
        if column not in self.panel.columns:
            known = listed(self.panel.columns, limit=40)
            raise PanelError(f"The panel has no column {column!r}; it has {known}.")
        return self.panel[column].unstack("year").reindex(self.cities.index)
