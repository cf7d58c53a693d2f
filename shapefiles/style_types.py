"""The declarative style of a map layer, read alike by QGIS, matplotlib and web pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from shapefiles.classification import class_positions
from shapefiles.palettes import INK, red_green_blue
from shapefiles.qgis_xml import xml_text
from spatial.errors import ConfigError, listed
from spatial.options import checked_option

GeometryKind = Literal["polygon", "point", "line"]
StyleKind = Literal["categorised", "graduated", "bivariate", "single"]
DrawOrder = Literal["", "ascending", "descending"]
Pattern = Literal["", "lines", "back_lines", "crossed", "dots", "horizontal", "vertical"]
"""What is drawn over the colour: hatching in areas, a sign in circles, dashes along lines."""


@dataclass(frozen=True, kw_only=True)
class StyleClass:
    """One entry of a legend and the look of the features in it.

    Attributes
    ----------
    label : str
        Text of the legend, with the count where one was asked for.
    colour : str
        ``#rrggbb``; fill of polygons and points, stroke of lines.
    value : str or None
        Categorised styles: the text of the column.
    members : tuple of str
        Categorised styles: further texts of the column in the same class ("other").
    lower, upper : float or None
        Graduated and bivariate styles: ``lower < x <= upper``; in the first class ``lower``
        belongs to it. Bounds are never rounded.
    second_lower, second_upper : float or None
        Bivariate styles: the same for the second column.
    size : float or None
        Diameter of points or width of lines, mm on an A4 page.
    count : int
        Number of features when the style was made.
    missing : bool
        This class takes the features without a value.
    wording : str
        The label without the count.
    pattern : {"", "lines", "back_lines", "crossed", "dots", "horizontal", "vertical"}
        Drawn over the colour, to keep classes apart where colour cannot.
    """

    label: str
    colour: str
    value: str | None = None
    members: tuple[str, ...] = ()
    lower: float | None = None
    upper: float | None = None
    size: float | None = None
    count: int = 0
    missing: bool = False
    wording: str = ""
    second_lower: float | None = None
    second_upper: float | None = None
    pattern: Pattern = ""

    def __post_init__(self) -> None:
        """Refuse a colour that no program would understand, and unknown patterns."""
        red_green_blue(self.colour)
        checked_option(self.pattern, Pattern, name="pattern")


@dataclass(frozen=True, kw_only=True)
class LabelStyle:
    """Names written beside the features; names that would collide are left out.

    Attributes
    ----------
    column : str
        Column with the text.
    priority : str or None
        Numeric column: higher values win the place and are written larger.
    minimum : float or None
        Features whose ``priority`` is below get no name.
    smallest, largest : float
        Font size, points.
    colour : str
    halo : float
        Width of the white halo, mm.
    """

    column: str
    priority: str | None = None
    minimum: float | None = None
    smallest: float = 7.0
    largest: float = 10.0
    colour: str = INK
    halo: float = 0.6


@dataclass(frozen=True, kw_only=True)
class LayerStyle:
    """How a layer is drawn.

    Attributes
    ----------
    name : str
        Name of the style, to tell several styles of one layer apart.
    title : str
        Title of the legend.
    geometry : {"polygon", "point", "line"}
    column : str
        Column that decides the class; empty for a single symbol.
    kind : {"categorised", "graduated", "bivariate", "single"}
    classes : tuple of StyleClass
        In the order of the legend; a class for missing values, if any, is the last. Bivariate:
        the classes of ``column`` one after the other for the lowest class of ``second_column``,
        then for the next one.
    scheme : str
        How the bounds were found.
    outline_colour : str
    outline_width : float
        mm.
    opacity : float
        0 to 1.
    draw_order : {"", "ascending", "descending"}
        Features are drawn in this order of ``column``, the last one on top.
    labels : LabelStyle or None
    second_column : str
        Bivariate styles: the other column that decides the class.
    centre : float or None
        Diverging styles: the value between the lower and the upper side.
    axis_titles : tuple of (str, str)
        Bivariate styles: what the two columns are, for the two sides of the legend.
    """

    name: str
    title: str
    geometry: GeometryKind
    column: str
    kind: StyleKind
    classes: tuple[StyleClass, ...]
    scheme: str = ""
    outline_colour: str = "#8c8c8c"
    outline_width: float = 0.1
    opacity: float = 1.0
    draw_order: DrawOrder = ""
    labels: LabelStyle | None = None
    second_column: str = ""
    centre: float | None = None
    axis_titles: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        """Check the words and that there is something to draw."""
        checked_option(self.geometry, GeometryKind, name="geometry")
        checked_option(self.kind, StyleKind, name="kind")
        checked_option(self.draw_order, DrawOrder, name="draw_order")
        if not self.classes:
            raise ConfigError(f"The style {self.name!r} has no classes; give at least one.")
        if self.kind == "bivariate" and not (self.column and self.second_column):
            raise ConfigError(
                f"The style {self.name!r} shows two columns; give column and second_column."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that decide the class; empty for a single symbol."""
        return tuple(name for name in (self.column, self.second_column) if name)

    @property
    def bounds(self) -> tuple[float, ...]:
        """Bounds of a graduated style or of the first column, one more than its classes."""
        ranges = [(one.lower, one.upper) for one in self.classes if one.upper is not None]
        return _joined(ranges if self.kind == "graduated" else [*dict.fromkeys(ranges)])

    @property
    def second_bounds(self) -> tuple[float, ...]:
        """Bounds of the second column of a bivariate style; empty otherwise."""
        ranges = [(one.second_lower, one.second_upper) for one in self.classes]
        return _joined([*dict.fromkeys(pair for pair in ranges if pair[1] is not None)])

    @property
    def missing_class(self) -> StyleClass | None:
        """The class of features without a value, None when no feature lacked one."""
        return next((one for one in self.classes if one.missing), None)

    def class_of(self, values: pd.Series | pd.DataFrame) -> pd.Series:
        """Return the position in ``classes`` of each value; -1 where nothing is drawn.

        Parameters
        ----------
        values : pandas.Series of shape (n,) or pandas.DataFrame
            The column of the style, or a table that holds it; bivariate styles take a table with
            both of their columns.

        Returns
        -------
        pandas.Series of int, shape (n,)
            With the index of ``values``.

        Raises
        ------
        ConfigError
            If the table lacks a column, or a bivariate style is given one column.
        """
        if self.kind == "single":
            return pd.Series(0, index=values.index, name="class")
        last = next((i for i, one in enumerate(self.classes) if one.missing), -1)
        columns = self._columns_of(values)
        if self.kind == "bivariate":
            first, first_known = _range_positions(columns[0], self.bounds)
            second, second_known = _range_positions(columns[1], self.second_bounds)
            positions = np.where(
                (first < 0) | (second < 0), -1, second * (len(self.bounds) - 1) + first
            )
            known = first_known & second_known
        elif self.kind == "graduated":
            positions, known = _range_positions(columns[0], self.bounds)
        else:
            texts = category_texts(columns[0])
            positions = texts.map(self._positions_of_texts()).fillna(-1).to_numpy().astype(int)
            known = texts.notna().to_numpy()
        positions = np.where(known, positions, last)
        return pd.Series(positions, index=values.index, name="class")

    def _columns_of(self, values: pd.Series | pd.DataFrame) -> list[pd.Series]:
        if isinstance(values, pd.Series):
            if self.kind == "bivariate":
                raise ConfigError(
                    f"The style {self.name!r} shows two columns; give class_of a table with "
                    f"{listed(self.columns)}."
                )
            return [values]
        lacking = [name for name in self.columns if name not in values.columns]
        if lacking:
            raise ConfigError(
                f"The table lacks columns of the style {self.name!r}: {listed(lacking)}."
            )
        return [values[name] for name in self.columns]

    def _positions_of_texts(self) -> dict[str, int]:
        return {
            text: position
            for position, one in enumerate(self.classes)
            for text in (*(() if one.value is None else (one.value,)), *one.members)
        }

    def with_labels(self, labels: LabelStyle | None) -> LayerStyle:
        """Return the style with names beside the features."""
        return replace(self, labels=labels)


def _joined(ranges: Sequence[tuple[float | None, float | None]]) -> tuple[float, ...]:
    """Return the bounds of classes that follow each other."""
    if not ranges:
        return ()
    lowest = ranges[0][0]
    assert lowest is not None
    return (lowest, *(upper for _, upper in ranges if upper is not None))


def _range_positions(values: pd.Series, bounds: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the class of each number, and which numbers are known."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return class_positions(numbers, bounds), np.isfinite(numbers)


def category_texts(values: pd.Series) -> pd.Series:
    """Return categories as text, the way files hold them; missing values stay missing.

    Whole numbers lose their decimal point (a community number read as float is still ``"3"``), and
    texts the control characters that a style of QGIS could not name.

    Examples
    --------
    >>> category_texts(pd.Series([1.0, None, 3.0])).tolist()
    ['1', None, '3']
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)

    def as_text(value: object) -> str | None:
        if value is None or value is pd.NA or value != value:  # noqa: PLR0124  (NaN and NaT)
            return None
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return xml_text(value)

    if not isinstance(values.dtype, pd.StringDtype) and values.dtype == object:
        # In a mixed column 1, 1.0 and True are equal, but not the same text.
        return pd.Series([as_text(v) for v in values], index=values.index, dtype=object)
    codes, distinct = pd.factorize(values)
    texts = np.array([*map(as_text, distinct), None], dtype=object)
    return pd.Series(texts[codes], index=values.index, dtype=object)  # code -1: the last, missing
