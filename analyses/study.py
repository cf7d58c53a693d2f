"""What a study file may say: sections, keys, allowed values, and what refers to what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from analyses.study_dynamics import AutocorrelationSection, DynamicsSection
from analyses.study_indices import AnyIndex, AnyMap, BivariateMapSection, InequalitySection
from analyses.study_models import ModelSection
from analyses.study_networks import AnyNetwork
from analyses.study_section import GroupName, Policy, Section, Year
from shapefiles.file_names import distinct_names, is_reserved
from spatial.errors import ConfigError, listed, nearest_spelling
from spatial.options import (
    ContiguityRule,
    DistanceDecay,
    GraphFormat,
    IslandPolicy,
    JournalFormat,
    Language,
    ReportFormat,
    Transform,
    VectorFormat,
    WeightsFormat,
)

SLUG_LENGTH = 50
"""Characters of a file name that come from the name of a part of the study."""


class CitiesSection(Section):
    """Where the cities are: shapes or points, and which column names them."""

    file: str = Field(
        description="Shapefile (also zipped), GeoPackage, GeoJSON, GeoParquet, or a table"
    )
    id: str = Field(description="column with the city ids (text, leading zeros kept)")
    name: str | None = Field(default=None, description="column with the names; default: the ids")
    short_name: str | None = Field(
        default=None,
        description="column with names for maps; default: the name up to its first comma",
    )
    layer: str | None = Field(default=None, description="layer of a GeoPackage with several")
    sheet: str | None = Field(default=None, description="sheet of an Excel file with several")
    longitude: str | None = Field(
        default=None, description="column with degrees east, for tables of points"
    )
    latitude: str | None = Field(
        default=None, description="column with degrees north, for tables of points"
    )
    crs: str | None = Field(
        default=None, description="only for files that do not say it, e.g. 'EPSG:4326'"
    )
    select: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="keep cities whose column holds one of these texts"
    )


class PanelSection(Section):
    """The city-year table."""

    file: str = Field(description="CSV, Excel or Parquet, a row for each city and year")
    city: str = Field(description="column with the city ids")
    year: str = Field(description="column with the years")
    columns: tuple[str, ...] | None = Field(
        default=None, description="columns to read; default: all"
    )
    required: tuple[str, ...] = Field(default=(), description="columns that must be complete")
    encoding: str | None = Field(default=None, description="text encoding; default: recognised")
    sheet: str | None = Field(
        default=None, description="sheet of an Excel file; default: the first"
    )
    unmatched_cities: Policy = Field(default="error", description="cities without panel rows")
    unmatched_rows: Policy = Field(default="error", description="panel rows without city")
    incomplete: Literal["error", "drop", "keep"] = Field(
        default="error", description="cities that lack a year or a required value"
    )


class BackgroundSection(Section):
    """A quiet background for maps, such as states or provinces."""

    file: str
    name: str = Field(description="column with the names of the states or provinces")
    title: str = ""
    title_zh: str = ""
    layer: str | None = None
    whole: bool = Field(
        default=False, description="show all of it, also where no city of the study lies"
    )


class InsetSection(Section):
    """A window of the printed maps that is drawn in a corner, for example a sea with islands."""

    title: str = ""
    west: Annotated[float, Field(ge=-180, le=180)]
    south: Annotated[float, Field(ge=-90, le=90)]
    east: Annotated[float, Field(ge=-180, le=180)]
    north: Annotated[float, Field(ge=-90, le=90)]


class DerivedColumn(Section):
    """A column computed from others, city by city."""

    name: str
    kind: Literal["log", "growth", "difference", "lag", "ratio", "share", "sum"]
    of: str | tuple[str, ...]
    by: str | None = Field(
        default=None, description="denominator of a ratio or share (share is in percent)"
    )

    @model_validator(mode="after")
    def _complete(self) -> DerivedColumn:
        if self.kind in ("ratio", "share") and self.by is None:
            raise ValueError(f"kind = {self.kind!r} needs the key 'by', the denominator")
        if self.kind not in ("ratio", "share") and self.by is not None:
            raise ValueError(f"kind = {self.kind!r} takes no key 'by'")
        if self.kind != "sum" and not isinstance(self.of, str):
            raise ValueError(
                f"kind = {self.kind!r} takes one column in 'of'; only 'sum' takes several"
            )
        return self


class CorrectionSection(Section):
    """One figure of the panel that is known to be wrong, and the right one."""

    city: str
    year: Year
    column: str
    value: float
    reason: str


class ShockSection(Section):
    """A shock: the years of resistance and of recovery, first and last included."""

    name: str
    resistance: tuple[Year, Year]
    recovery: tuple[Year, Year]


class ResilienceSection(Section):
    """How resilience is measured."""

    outcome: str = Field(description="column whose fall and rise is measured")
    national: Literal["sum", "mean", "weighted mean"] = Field(
        default="sum", description="how the nation's figure is made from the cities'"
    )
    by: str | None = Field(
        default=None, description="column of weights for national = 'weighted mean'"
    )
    typology: Literal["benchmark", "median"] = Field(
        default="benchmark", description="cut of the four types: the nation, or the median city"
    )
    tolerance: float = Field(
        default=0.001,
        gt=0,
        lt=0.5,
        description="national change (share) under which ratios are not computed",
    )
    focus: str | None = Field(
        default=None, description="shock shown on the main map; default: the last"
    )

    @model_validator(mode="after")
    def _weights_of_mean(self) -> ResilienceSection:
        if (self.national == "weighted mean") != (self.by is not None):
            raise ValueError("key 'by' goes with national = 'weighted mean', and only with it")
        return self


class WeightsSection(Section):
    """Keys of every kind of weights."""

    name: str
    transform: Transform = "row"


class ContiguitySection(WeightsSection):
    """Cities that share a border."""

    kind: Literal["contiguity"]
    rule: ContiguityRule = "queen"
    order: Annotated[int, Field(ge=1, le=10)] = 1
    islands: IslandPolicy = "keep"


class KnnSection(WeightsSection):
    """The k nearest cities."""

    kind: Literal["knn"]
    k: Annotated[int, Field(ge=1)] = 6


class InverseDistanceSection(WeightsSection):
    """Weights that fall with great-circle distance."""

    kind: Literal["inverse_distance"]
    decay: DistanceDecay = "power"
    power: Annotated[float, Field(gt=0)] = 1.0
    rate_per_km: Annotated[float, Field(gt=0)] | None = None
    cutoff_km: Annotated[float, Field(gt=0)] | None = None
    islands: IslandPolicy = "keep"


class LinkageSection(WeightsSection):
    """A linkage network of this study read as weights."""

    kind: Literal["linkage"]
    network: str
    reading: Literal["receive", "send"] = "receive"


AnyWeights = Annotated[
    ContiguitySection | KnnSection | InverseDistanceSection | LinkageSection,
    Field(discriminator="kind"),
]


class ColumnLabel(Section):
    """Wording of a column in maps, tables and reports."""

    en: str | None = None
    zh: str | None = None
    unit: str = ""
    unit_zh: str = ""


class ValueLabel(Section):
    """Wording of a value of a group, such as the name of a region."""

    en: str | None = None
    zh: str | None = None


class OutputsSection(Section):
    """What is written."""

    name: str = Field(
        default="study", description="file name of the GeoPackage and the QGIS project"
    )
    figures: tuple[Literal["png", "svg", "pdf", "tiff"], ...] = Field(
        default=("png", "svg"), description="formats: png, svg, pdf, tiff; one of the first two"
    )
    dpi: Annotated[int, Field(ge=72, le=1200)] = 300
    report: Annotated[tuple[ReportFormat, ...], Field(min_length=1)] = ("html",)
    report_template: str = Field(
        default="", description="jinja2 template of the HTML and PDF report, beside the study file"
    )
    journal_tables: tuple[JournalFormat, ...] = Field(
        default=(), description="formats of the three-line tables: docx, xlsx, tex, html, md"
    )
    layers: tuple[VectorFormat, ...] = Field(
        default=(),
        description="formats of the layers beside the GeoPackage: shapefile, geojson, geoparquet, "
        "flatgeobuf",
    )
    networks: Annotated[tuple[GraphFormat, ...], Field(min_length=1)] = ("graphml",)
    weights: Annotated[tuple[WeightsFormat, ...], Field(min_length=1)] = ("gal", "gwt")
    explorer: bool = Field(
        default=True, description="explorer.html, an offline page to look into map and tables"
    )
    source: str = Field(default="", description="source note on every map and table")
    source_zh: str = ""
    map_note: str = Field(
        default="",
        description="sentence below every map",
    )
    approval_number: str = Field(
        default="", description='approval number of the base map, such as "GS(2019)1822"'
    )

    qgis_pages: Annotated[tuple[Literal["A4", "A3"], ...], Field(min_length=1)] = Field(
        default=("A4",), description="sizes of the print layouts of the QGIS project: A4, A3"
    )
    licence: str = Field(
        default="", description="what others may do with the results, for the metadata of layers"
    )
    author: str = Field(default="", description="for the metadata of layers and project")

    @model_validator(mode="after")
    def _pictures_for_word(self) -> OutputsSection:
        if "docx" in self.report and "png" not in self.figures:
            raise ValueError("a Word report takes PNG pictures: add 'png' to figures")
        if not {"png", "svg"} & set(self.figures):
            raise ValueError("reports show PNG or SVG pictures: add 'png' or 'svg' to figures")
        return self

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not re.fullmatch(r"\w[\w.-]{0,60}", name):
            raise ValueError(
                "use letters, digits, '_' and '-' only: it is a file name inside the output folder"
            )
        if name.endswith(".") or is_reserved(name):
            raise ValueError("Windows cannot have files of this name; choose another")
        return name


class Study(Section):
    """A whole study file."""

    title: str
    title_zh: str = ""
    language: Language = "en"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 12345
    cities: CitiesSection
    panel: PanelSection
    groups: dict[GroupName, str] = Field(default_factory=dict)
    background: BackgroundSection | None = None
    insets: tuple[InsetSection, ...] = ()
    corrections: tuple[CorrectionSection, ...] = ()
    derived: tuple[DerivedColumn, ...] = ()
    resilience: ResilienceSection
    shocks: Annotated[tuple[ShockSection, ...], Field(min_length=1)]
    weights: Annotated[tuple[AnyWeights, ...], Field(min_length=1)]
    networks: tuple[AnyNetwork, ...] = ()
    indices: tuple[AnyIndex, ...] = ()
    inequality: InequalitySection | None = None
    maps: tuple[AnyMap, ...] = ()
    autocorrelation: AutocorrelationSection = AutocorrelationSection()
    dynamics: DynamicsSection | None = None
    models: tuple[ModelSection, ...] = ()
    columns: dict[str, ColumnLabel] = Field(default_factory=dict)
    values: dict[str, ValueLabel] = Field(default_factory=dict)
    outputs: OutputsSection = OutputsSection()
    _keys: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _references(self) -> Study:
        for key in ("weights", "networks", "models", "shocks", "derived", "indices"):
            names = [item.name for item in getattr(self, key)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ConfigError(f"[[{key}]]: the name {listed(twice)} is used more than once.")
        weights = [item.name for item in self.weights]
        networks = [item.name for item in self.networks]
        shocks = [item.name for item in self.shocks]
        for item in self.weights:
            if isinstance(item, LinkageSection):
                _known(item.network, networks, f"[[weights]] {item.name!r}: network")
        self._references_of_models(weights)
        if self.autocorrelation.weights is not None:
            _known(self.autocorrelation.weights, weights, "[autocorrelation] weights")
        if self.dynamics is not None and self.dynamics.weights is not None:
            _known(self.dynamics.weights, weights, "[dynamics] weights")
        if self.resilience.focus is not None:
            _known(self.resilience.focus, shocks, "[resilience] focus")
        self._references_of_indices()
        return self

    def _references_of_models(self, weights: list[str]) -> None:
        """Check the weights and groups that models name."""
        for model in self.models:
            where = f"[[models]] {model.name!r}"
            for key in ("weights", "compare_weights"):
                for name in getattr(model, key):
                    _known(name, weights, f"{where}: {key}")
            if model.specification_curve is not None:
                for name in model.specification_curve.weights:
                    _known(name, weights, f"{where}: specification_curve.weights")
            for group in (*model.effects_by, *filter(None, [model.cluster_by])):
                key = "effects_by" if group in model.effects_by else "cluster_by"
                _known(group, list(self.groups), f"{where}: {key}", of="[groups]")

    def _references_of_indices(self) -> None:
        """Check the groups, shocks and names of indices, inequality, chords and maps."""
        groups, shocks = list(self.groups), [item.name for item in self.shocks]
        for item in self.networks:
            if item.chord is not None:
                _known(item.chord, groups, f"[[networks]] {item.name!r}: chord", of="[groups]")
        if self.inequality is not None and self.inequality.group is not None:
            _known(self.inequality.group, groups, "[inequality] group", of="[groups]")
        for at, drawn in enumerate(self.maps, start=1):
            if isinstance(drawn, BivariateMapSection) and drawn.shock is not None:
                _known(drawn.shock, shocks, f"maps[{at}]: shock")
        derived = {item.name for item in self.derived}
        for index in self.indices:
            if index.name in derived:
                raise ConfigError(
                    f"[[indices]] name = {index.name!r} is a [[derived]] column; choose another."
                )

    @property
    def focus(self) -> str:
        """Name of the shock on the main map."""
        return self.resilience.focus or self.shocks[-1].name

    @property
    def local_weights(self) -> str:
        """Name of the weights of the LISA map."""
        return self.autocorrelation.weights or self.weights[0].name

    @property
    def dynamics_weights(self) -> str:
        """Name of the weights of the dynamics."""
        return (self.dynamics.weights if self.dynamics else None) or self.local_weights

    def titled(self) -> str:
        """Title in the language of the study."""
        return self.title_zh if self.language == "zh" and self.title_zh else self.title

    def source_note(self) -> str:
        """Source note in the language of the study."""
        outputs = self.outputs
        return outputs.source_zh if self.language == "zh" and outputs.source_zh else outputs.source

    def column_label(self, column: str, *, with_unit: bool = False) -> str:
        """Wording of a column in the language of the study, the column name if none is given."""
        entry = self.columns.get(column)
        if entry is None:
            return column
        chinese = self.language == "zh"
        wording = (entry.zh if chinese else entry.en) or entry.en or entry.zh or column
        unit = self.unit_label(column) if with_unit else ""
        return f"{wording} ({unit})" if unit else wording

    def unit_label(self, column: str) -> str:
        """Return the unit of a column in the language of the study, empty if none is given."""
        entry = self.columns.get(column)
        if entry is None:
            return ""
        return entry.unit_zh if self.language == "zh" and entry.unit_zh else entry.unit

    def value_label(self, value: str) -> str:
        """Wording of a group value in the language of the study, the value if none is given."""
        entry = self.values.get(value)
        if entry is None:
            return value
        return (entry.zh if self.language == "zh" else entry.en) or value

    def worded(self) -> Study:
        """Return the study with the names of its parts in its language, as ``[values]`` says.

        ``key_of`` still gives the names of the file: files and seeds do not change with words.
        """

        def renamed(item: Any) -> Any:
            changes: dict[str, Any] = {"name": self.value_label(item.name)}
            for reference in ("weights", "compare_weights", "network"):
                named = getattr(item, reference, None)
                if isinstance(named, str):
                    changes[reference] = self.value_label(named)
                elif named is not None:
                    changes[reference] = tuple(self.value_label(name) for name in named)
            curve = getattr(item, "specification_curve", None)
            if curve is not None:
                worded = tuple(self.value_label(name) for name in curve.weights)
                changes["specification_curve"] = curve.model_copy(update={"weights": worded})
            return item.model_copy(update=changes)

        parts = {
            key: tuple(renamed(item) for item in getattr(self, key))
            for key in ("shocks", "weights", "networks", "models")
        }
        for key, items in parts.items():
            worded = [item.name for item in items]
            twice = sorted({name for name in worded if worded.count(name) > 1})
            if twice:
                raise ConfigError(
                    f"[values] gives several [[{key}]] the name {listed(twice)}; word them apart."
                )
        names = {
            self.value_label(item.name): item.name for key in parts for item in getattr(self, key)
        }
        maps = tuple(
            item.model_copy(update={"shock": self.value_label(item.shock)})
            if isinstance(item, BivariateMapSection) and item.shock is not None
            else item
            for item in self.maps
        )
        study = self.model_copy(
            update=parts
            | {
                "maps": maps,
                "resilience": self.resilience.model_copy(
                    update={"focus": self.value_label(self.focus)}
                ),
                "autocorrelation": self.autocorrelation.model_copy(
                    update={"weights": self.value_label(self.local_weights)}
                ),
                "dynamics": self.dynamics
                and self.dynamics.model_copy(
                    update={"weights": self.value_label(self.dynamics_weights)}
                ),
            }
        )
        study._keys = names
        return study

    def key_of(self, name: str) -> str:
        """Name in the study file of a part of the study, whatever its wording."""
        return self._keys.get(name, name)

    def slug_of(self, name: str) -> str:
        """Name of a part of the study in file names: safe, short, and of this part only.

        Names that differ only in case or in signs that files cannot have get a number.
        """
        parts = (self.shocks, self.weights, self.networks, self.models)
        keys = list(dict.fromkeys(self.key_of(item.name) for part in parts for item in part))
        names = distinct_names(
            keys, limit=SLUG_LENGTH, forbidden=r"[^\w.-]+", ending="_{}", strip=" ._'"
        )
        return names[self.key_of(name)]

    def plain(self) -> dict[str, Any]:
        """Return the study as plain values, for the run record."""
        return self.model_dump(mode="json", exclude_none=True)


def _known(name: str, names: Sequence[str], where: str, *, of: str = "") -> None:
    if name not in names:
        known = listed(names) if names else "none is defined"
        place = f" under {of}" if of else ""
        raise ConfigError(
            f"{where} = {name!r} is not defined{place}{nearest_spelling(name, names)}; "
            f"known: {known}."
        )
