"""The declarative style of a map layer, read alike by QGIS, matplotlib and web pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from shapefiles.classification import class_positions
from shapefiles.palettes import INK, red_green_blue
from spatial.errors import ConfigError
from spatial.options import checked_option

GeometryKind = Literal["polygon", "point", "line"]
StyleKind = Literal["categorised", "graduated", "single"]
DrawOrder = Literal["", "ascending", "descending"]


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
        Graduated styles: ``lower < x <= upper``; in the first class ``lower`` belongs to it.
        Bounds are never rounded.
    size : float or None
        Diameter of points or width of lines, mm on an A4 page.
    count : int
        Number of features when the style was made.
    missing : bool
        This class takes the features without a value.
    wording : str
        The label without the count.
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

    def __post_init__(self) -> None:
        """Refuse a colour that no program would understand."""
        red_green_blue(self.colour)


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
    kind : {"categorised", "graduated", "single"}
    classes : tuple of StyleClass
        In the order of the legend; a class for missing values, if any, is the last.
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

    def __post_init__(self) -> None:
        """Check the words and that there is something to draw."""
        checked_option(self.geometry, GeometryKind, name="geometry")
        checked_option(self.kind, StyleKind, name="kind")
        checked_option(self.draw_order, DrawOrder, name="draw_order")
        if not self.classes:
            raise ConfigError(f"The style {self.name!r} has no classes; give at least one.")

    @property
    def bounds(self) -> tuple[float, ...]:
        """Bounds of a graduated style, one more than its classes; empty otherwise."""
        ranges = [one for one in self.classes if one.upper is not None]
        if not ranges:
            return ()
        lowest = ranges[0].lower
        assert lowest is not None
        return (lowest, *(one.upper for one in ranges if one.upper is not None))

    @property
    def missing_class(self) -> StyleClass | None:
        """The class of features without a value, None when no feature lacked one."""
        return next((one for one in self.classes if one.missing), None)

    def class_of(self, values: pd.Series) -> pd.Series:
        """Return the position in ``classes`` of each value; -1 where nothing is drawn.

        Parameters
        ----------
        values : pandas.Series of shape (n,)

        Returns
        -------
        pandas.Series of int, shape (n,)
            With the index of ``values``.
        """
        last = next((i for i, one in enumerate(self.classes) if one.missing), -1)
        if self.kind == "single":
            return pd.Series(0, index=values.index, name="class")
        if self.kind == "graduated":
            numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            positions = class_positions(numbers, self.bounds)
            positions[~np.isfinite(numbers)] = last
        else:
            known = {
                text: position
                for position, one in enumerate(self.classes)
                for text in (*(() if one.value is None else (one.value,)), *one.members)
            }
            texts = category_texts(values)
            positions = texts.map(known).fillna(-1).to_numpy().astype(int)
            positions[texts.isna().to_numpy()] = last
        return pd.Series(positions, index=values.index, name="class")

    def with_labels(self, labels: LabelStyle | None) -> LayerStyle:
        """Return the style with names beside the features."""
        return replace(self, labels=labels)


def category_texts(values: pd.Series) -> pd.Series:
    """Return categories as text, the way files hold them; missing values stay missing.

    Whole numbers lose their decimal point (a community number read as float is still ``"3"``).

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
        return str(value)

    if not isinstance(values.dtype, pd.StringDtype) and values.dtype == object:
        # In a mixed column 1, 1.0 and True are equal, but not the same text.
        return pd.Series([as_text(v) for v in values], index=values.index, dtype=object)
    codes, distinct = pd.factorize(values)
    texts = np.array([*map(as_text, distinct), None], dtype=object)
    return pd.Series(texts[codes], index=values.index, dtype=object)  # code -1: the last, missing
