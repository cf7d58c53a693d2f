"""What goes into a GeoPackage and a QGIS project: layers with styles, and plain tables."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shapefiles.style_types import GeometryKind, LabelStyle, LayerStyle, category_texts
from spatial.errors import ExportError, listed

if TYPE_CHECKING:
    import geopandas as gpd

_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_FORBIDDEN_TABLES = ("gpkg_", "rtree_", "sqlite_", "layer_styles", "qgis_projects")
_RESERVED_FIELDS = ("fid", "geom", "ogc_fid", "rowid", "oid", "_rowid_")

_KINDS: dict[str, GeometryKind] = {
    "Point": "point",
    "MultiPoint": "point",
    "LineString": "line",
    "MultiLineString": "line",
    "LinearRing": "line",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of a GeoPackage with its styles.

    Attributes
    ----------
    table : str
        Name of the table: small ASCII letters, digits and underscores.
    title : str
        Name for people, in any script.
    data : geopandas.GeoDataFrame
        The index (city ids) becomes the field ``id_field``.
    styles : tuple of LayerStyle
        The first one is the default. They name columns of ``data``.
    aliases : mapping
        Column of ``data`` -> text for people.
    abstract : str
        What the layer holds and where it comes from.
    group : str
        Group of the layer tree of the project.
    id_field : str
        Name of the field that holds the index. Empty: the index is not written, nor is one that
        only counts the rows.
    context : bool
        A quiet background: last in the tree, and not counted for the extent of the map.
    time : str
        Column of date-times (``middle_of_year``): the layer is temporal, and QGIS draws those
        features only whose moment its temporal controller shows. Without the controller the
        latest moment lies on top. Empty: always drawn.
    shapes_of : str
        Another layer of the same file, with the same ids, whose shapes this layer shares. Only
        the figures are written then, as table ``<table>_rows``, and a view adds the shapes: a
        panel of 20 years does not repeat its polygons 20 times. Empty: shapes of its own.
    keywords : tuple of str
        For catalogues, in the metadata.
    """

    table: str
    title: str
    data: gpd.GeoDataFrame
    styles: tuple[LayerStyle, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    abstract: str = ""
    group: str = ""
    id_field: str = "city_id"
    context: bool = False
    time: str = ""
    shapes_of: str = ""
    keywords: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check names, styles and geometry once, here."""
        check_table_name(self.table)
        if self.data.crs is None:
            raise ExportError(
                f"The layer {self.table!r} has no coordinate reference system; set it, for "
                "example data.set_crs('EPSG:4326') when the numbers are degrees."
            )
        if not self.styles:
            raise ExportError(f"The layer {self.table!r} has no style; give at least one.")
        names = [style.name for style in self.styles]
        if len(set(names)) < len(names):
            raise ExportError(f"Styles of {self.table!r} share a name: {listed(names)}.")
        kinds = {_KINDS.get(kind, kind) for kind in self.data.geom_type.dropna().unique()}
        for style in self.styles:
            if kinds - {style.geometry}:
                raise ExportError(
                    f"The style {style.name!r} draws {style.geometry}s, but the layer "
                    f"{self.table!r} holds {listed(sorted(map(str, kinds)))}. Write each kind of "
                    "geometry as a layer of its own."
                )
            known = {*map(str, self.data.columns), self.id_field}
            missing = [column for column in style_columns(style) if column not in known]
            if missing:
                raise ExportError(
                    f"The style {style.name!r} names columns that the layer {self.table!r} does "
                    f"not have: {listed(missing)}; it has {listed(sorted(known), limit=40)}."
                )

        if self.time and not (
            self.time in self.data.columns
            and pd.api.types.is_datetime64_any_dtype(self.data[self.time].dtype)
        ):
            raise ExportError(
                f"time={self.time!r} of the layer {self.table!r} must name a column of date-times; "
                "middle_of_year makes one from years."
            )
        if self.shapes_of and not self.id_field:
            raise ExportError(
                f"The layer {self.table!r} takes its shapes from {self.shapes_of!r} by id, so it "
                "needs an id_field."
            )

    @property
    def geometry(self) -> GeometryKind:
        """Kind of the shapes."""
        return self.styles[0].geometry

    @property
    def rows_table(self) -> str:
        """Table that holds the figures where the layer is a view."""
        return f"{self.table}_rows" if self.shapes_of else self.table


@dataclass(frozen=True, kw_only=True)
class AttributeTable:
    """A table without geometry, such as regression results.

    Attributes
    ----------
    table, title, aliases, abstract, group
        As for :class:`Layer`.
    data : pandas.DataFrame
        A named index (or several levels) is written as fields, an unnamed one is not.
    """

    table: str
    title: str
    data: pd.DataFrame
    aliases: Mapping[str, str] = field(default_factory=dict)
    abstract: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        """Check the name of the table."""
        check_table_name(self.table)


def middle_of_year(years: pd.Series) -> pd.Series:
    """Return the moment that stands for each year: noon of the first of July.

    QGIS shows a feature when its moment lies within the range of the temporal controller. The
    first or the last second of a year would be shown with two years where a range is closed at
    both ends, or where a program takes the time for that of another zone; the middle never is.

    Parameters
    ----------
    years : pandas.Series of int, shape (n,)

    Returns
    -------
    pandas.Series of datetime64, shape (n,)

    Examples
    --------
    >>> middle_of_year(pd.Series([1990])).dt.strftime("%Y-%m-%d %H:%M").tolist()
    ['1990-07-01 12:00']
    """
    parts = pd.DataFrame({"year": years.astype(int), "month": 7, "day": 1, "hour": 12})
    return pd.to_datetime(parts).rename("moment")


def check_table_name(table: str) -> None:
    """Raise ExportError unless a table name is plain ASCII and free for us to use."""
    if not _TABLE_NAME.fullmatch(table) or table.startswith(_FORBIDDEN_TABLES):
        raise ExportError(
            f"{table!r} cannot be the name of a table: use a small letter, then small letters, "
            "digits and underscores (60 at most), not beginning with gpkg_, rtree_ or sqlite_. "
            "The title may be any text."
        )


def style_columns(style: LayerStyle) -> tuple[str, ...]:
    """Return the columns of the data that a style needs."""
    labels = style.labels
    wanted = (*style.columns, labels.column if labels else "", (labels and labels.priority) or "")
    return tuple(column for column in dict.fromkeys(wanted) if column)


def ascii_field_names(columns: Iterable[object]) -> dict[str, str]:
    """Give each column an ASCII field name, unique whatever the case of letters.

    Accents are dropped, other scripts become ``field_1``, ``field_2`` ... by position; the
    full name goes into the alias.

    Parameters
    ----------
    columns : iterable
        Names of columns.

    Returns
    -------
    dict of column (as text) -> field name

    Examples
    --------
    >>> ascii_field_names(["Résistance 1990", "韧性", "a", "A"])
    {'Résistance 1990': 'Resistance_1990', '韧性': 'field_2', 'a': 'a', 'A': 'A_2'}
    """
    names: dict[str, str] = {}
    taken = set(_RESERVED_FIELDS)
    for position, column in enumerate(columns, start=1):
        parts = unicodedata.normalize("NFKD", str(column))
        letters = "".join(part for part in parts if not unicodedata.combining(part))
        plain = re.sub(r"[^A-Za-z0-9]+", "_", letters).strip("_")[:50]
        if not plain:
            plain = f"field_{position}"
        elif not plain[0].isalpha():
            plain = f"f_{plain}"
        name, count = plain, 2
        while name.lower() in taken:
            name, count = f"{plain}_{count}", count + 1
        taken.add(name.lower())
        names[str(column)] = name
    return names


def layer_fields(layer: Layer) -> dict[str, str]:
    """Return the field name of each column of a layer, the id first, in the order of the file."""
    geometry = layer.data.geometry.name
    columns = [str(column) for column in layer.data.columns if column != geometry]
    counts_rows = isinstance(layer.data.index, pd.RangeIndex) and layer.data.index.name is None
    ids = [layer.id_field] if layer.id_field not in ("", *columns) and not counts_rows else []
    return ascii_field_names([*ids, *columns])


def field_aliases(columns: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Return field name -> text for people, where the two differ."""
    shown = {name: str(aliases.get(column, column)) for column, name in columns.items()}
    return {name: " ".join(text.split()) for name, text in shown.items() if text != name}


def in_field_names(style: LayerStyle, fields: Mapping[str, str]) -> LayerStyle:
    """Return a style that names fields of the file instead of columns of the data."""
    from dataclasses import replace

    labels = style.labels
    if labels is not None:
        priority = fields[labels.priority] if labels.priority else None
        labels = replace(labels, column=fields[labels.column], priority=priority)
    column, second = (fields.get(name, "") for name in (style.column, style.second_column))
    return replace(style, column=column, second_column=second, labels=labels)


def layer_frame(layer: Layer) -> gpd.GeoDataFrame:
    """Return the data of a layer as it is written: field names, text categories, one geometry."""
    fields = layer_fields(layer)
    data = layer.data
    geometry = data.geometry.name
    as_text = {style.column for style in layer.styles if style.kind == "categorised"}
    rows = pd.RangeIndex(len(data))  # ids as index would be looked at again with every slice
    columns: dict[str, pd.Series] = {}
    for column, name in fields.items():
        if column == layer.id_field and column not in data.columns:
            values = data.index.to_series().set_axis(rows)
        else:
            values = data[_original(data, column)].set_axis(rows)
        columns[name] = category_texts(values) if column in as_text else writable(values)
    import geopandas as gpd

    shapes = gpd.GeoSeries(data[geometry].array, index=rows, crs=data.crs)
    return gpd.GeoDataFrame({**columns, "geom": shapes}, geometry="geom")


def table_frame(table: AttributeTable) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the data of a plain table as it is written, and its field names."""
    data = table.data
    if any(name is not None for name in data.index.names):
        data = data.reset_index()
    if isinstance(data.columns, pd.MultiIndex):
        data = data.set_axis([" ".join(map(str, c)).strip() for c in data.columns], axis=1)
    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()].unique()
        raise ExportError(f"The table {table.table!r} has columns twice: {listed(twice)}.")
    fields = ascii_field_names(data.columns)
    columns = {fields[str(column)]: writable(data[column]) for column in data.columns}
    return pd.DataFrame(columns, index=data.index), fields


def _original(data: pd.DataFrame, column: str) -> object:
    """Return the label of a column whose text is ``column`` (years may be column labels)."""
    return column if column in data.columns else next(c for c in data.columns if str(c) == column)


def writable(values: pd.Series) -> pd.Series:
    """Return a column in a type that GeoPackage holds without loss.

    Dates become date-times (QGIS reads plain dates as text), categories, periods, intervals and
    mixed columns become text; integers and truth values with gaps keep their kind.
    """
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _as_text(values)
    if isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
        return _as_text(values)
    if pd.api.types.is_timedelta64_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
        return _as_text(values)
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        return _settled(values)
    if dtype == np.uint64:
        return (
            values.astype("Int64") if (values <= np.iinfo(np.int64).max).all() else _as_text(values)
        )
    return values


def _settled(values: pd.Series) -> pd.Series:
    """Find the kind of a column of text or objects."""
    if isinstance(values.dtype, pd.StringDtype):
        return values if _is_whole_text(values) else _as_text(values)
    present = values.dropna()
    kind = pd.api.types.infer_dtype(present, skipna=True) if len(present) else "string"
    if kind == "boolean":
        return values.astype("boolean")
    if kind == "integer" and all(abs(int(value)) < 2**63 for value in present):
        return values.astype("Int64")
    if kind in ("floating", "mixed-integer-float", "decimal"):
        return pd.to_numeric(values, errors="coerce").astype(float)
    if kind in ("date", "datetime", "datetime64") and all(
        isinstance(value, datetime.date) for value in present
    ):
        return pd.to_datetime(values, errors="coerce")
    return _as_text(values)


def _as_text(values: pd.Series) -> pd.Series:
    def clean(value: object) -> str | None:
        if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):  # type: ignore[call-overload]
            return None
        # SQLite ends a text at a NUL, and a lone surrogate is no UTF-8.
        return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")

    known = values.to_numpy(dtype=object)
    if _is_clean_text(known):
        return pd.Series(known, index=values.index, dtype=object)
    return pd.Series([clean(value) for value in known], index=values.index, dtype=object)


def _is_whole_text(values: pd.Series) -> bool:
    """Tell whether a column of text holds no NUL and no lone surrogate."""
    try:
        return not values.str.contains("\x00", regex=False).any()
    except UnicodeEncodeError:
        return False


def _is_clean_text(values: np.ndarray) -> bool:
    """Tell by one test of the whole column whether every text can be written as it is."""
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        return False
    try:
        return b"\x00" not in "".join(values).encode("utf-8")
    except UnicodeEncodeError:
        return False


def name_labels(
    priorities: pd.Series,
    *,
    column: str = "name",
    priority: str,
    most: int = 60,
    smallest: float = 6.5,
    largest: float = 9.5,
) -> LabelStyle:
    """Label the ``most`` features with the highest priority; zooming in shows the others too.

    Parameters
    ----------
    priorities : pandas.Series of shape (n,)
        Values of the column ``priority``.
    column : str
        Column with the names.
    priority : str
        Its name in the layer.
    most : int
    smallest, largest : float
        Font size, points.

    Returns
    -------
    LabelStyle
    """
    ranked = np.sort(pd.to_numeric(priorities).dropna().to_numpy(dtype=float))[::-1]
    minimum = float(ranked[most - 1]) if len(ranked) > most else None
    return LabelStyle(
        column=column, priority=priority, minimum=minimum, smallest=smallest, largest=largest
    )
