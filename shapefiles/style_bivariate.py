"""Styles of two numbers at once: a bivariate choropleth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pandas as pd

from shapefiles.classification import class_bounds, class_positions
from shapefiles.classification_schemes import scheme_name
from shapefiles.language import label
from shapefiles.palettes_bivariate import bivariate_colours
from shapefiles.style_classes import (
    counted,
    missing_class,
    numeric_values,
    range_texts,
    widened_bounds,
)
from shapefiles.style_types import GeometryKind, LayerStyle, StyleClass
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError
from spatial.options import Language

Option = TypeVar("Option", str, int)

FEWEST, MOST = 2, 4
"""Classes of each number: sixteen colours are the most that a reader can look up."""


def bivariate_style(
    first: pd.Series,
    second: pd.Series,
    *,
    columns: tuple[str, str],
    titles: tuple[str, str] | None = None,
    title: str = "",
    name: str = "",
    scheme: str | tuple[str, str] = "quantiles",
    k: int | tuple[int, int] = 3,
    scheme_options: Mapping[str, object] | None = None,
    bounds: tuple[Sequence[float] | None, Sequence[float] | None] = (None, None),
    palette: str = "blue-orange",
    decimals: int | None = None,
    counts: bool = True,
    geometry: GeometryKind = "polygon",
    size: float | None = None,
    language: Language = "en",
) -> LayerStyle:
    """Colour areas (or points) by the classes of two numbers at once.

    Parameters
    ----------
    first, second : pandas.Series of shape (n,)
        With the same index. Where one of them is missing, the feature is in the class "no data".
    columns : (str, str)
        Their names in the layer.
    titles : (str, str), optional
        What they are, for the sides of the legend; the names of the columns by default.
    title : str
        Title of the legend; "first x second" by default.
    name : str
        Name of the style, the columns joined when empty.
    scheme : str or (str, str)
        Any scheme of mapclassify, for both or one for each.
    k : int or (int, int)
        Classes of each number, 2 to 4.
    scheme_options : mapping, optional
        Options of the scheme, used for both.
    bounds : (sequence or None, sequence or None)
        Ascending bounds to use instead, widened where values lie outside.
    palette : {"blue-orange", "green-purple", "blue-red"}
        The colour of high values of the first number, then of the second. All are safe for
        colour-blind readers.
    decimals, counts, geometry, size, language
        As for `shapefiles.styles.choropleth_style`.

    Returns
    -------
    LayerStyle
        ``class_of`` takes a table with both columns.

    Raises
    ------
    ConfigError
        Unknown option, k out of range, or no finite value.
    AlignmentError
        If the two numbers are not of the same features.

    References
    ----------
    Olson, J. M. (1981). Spectrally encoded two-variable maps. Annals of the Association of
    American Geographers, 71(2), 259-276. doi:10.1111/j.1467-8306.1981.tb01352.x
    """
    require_same_cities(first.index, second.index, left_name=columns[0], right_name=columns[1])
    if len(set(columns)) < 2:
        raise ConfigError(f"columns={columns!r}: a bivariate style shows two different columns.")
    numbers = [
        numeric_values(first, columns[0]),
        numeric_values(second.reindex(first.index), columns[1]),
    ]
    schemes, steps = _pair(scheme), _pair(k)
    edges = [
        _edges(numbers[i], schemes[i], steps[i], bounds[i], columns[i], scheme_options)
        for i in range(2)
    ]
    given = any(part is not None for part in bounds)
    names = titles or columns
    return LayerStyle(
        name=name or "_".join(columns),
        title=title or label("bivariate_pair", language, first=names[0], second=names[1]),
        geometry=geometry,
        column=columns[0],
        kind="bivariate",
        classes=_classes(
            numbers,
            edges,
            bivariate_colours(len(edges[0]) - 1, len(edges[1]) - 1, palette),
            size=3.0 if geometry == "point" and size is None else size,
            decimals=decimals,
            counts=counts,
            language=language,
        ),
        scheme="given" if given else scheme_name(schemes[0]),
        outline_colour="#ffffff" if geometry == "point" else "#8c8c8c",
        outline_width=0.2 if geometry == "point" else 0.1,
        second_column=columns[1],
        axis_titles=(names[0], names[1]),
    )


def _pair(option: Option | tuple[Option, Option]) -> tuple[Option, Option]:
    return option if isinstance(option, tuple) else (option, option)


def _edges(
    numbers: np.ndarray,
    scheme: str,
    k: int,
    bounds: Sequence[float] | None,
    column: str,
    options: Mapping[str, object] | None,
) -> np.ndarray:
    if bounds is None:
        if not FEWEST <= k <= MOST:
            raise ConfigError(f"k={k} of {column!r}: a bivariate map takes {FEWEST} to {MOST}.")
        edges = class_bounds(numbers, scheme=scheme, k=k, options=options)
    else:
        edges = widened_bounds(bounds, numbers, column)
    if not 1 <= len(edges) - 1 <= MOST:
        raise ConfigError(
            f"The scheme makes {len(edges) - 1} classes of {column!r}; a bivariate map takes "
            f"{MOST} at the most. Give another scheme, or bounds."
        )
    return edges


def _classes(
    numbers: Sequence[np.ndarray],
    edges: Sequence[np.ndarray],
    colours: tuple[tuple[str, ...], ...],
    *,
    size: float | None,
    decimals: int | None,
    counts: bool,
    language: Language,
) -> tuple[StyleClass, ...]:
    """Return the classes, those of the first number following each other."""
    found = [class_positions(values, bounds) for values, bounds in zip(numbers, edges, strict=True)]
    texts = [range_texts(bounds, decimals, language) for bounds in edges]
    classes = []
    for y, (low, high) in enumerate(pairwise(edges[1])):
        for x, (lower, upper) in enumerate(pairwise(edges[0])):
            n = int(((found[0] == x) & (found[1] == y)).sum())
            text = label("bivariate_pair", language, first=texts[0][x], second=texts[1][y])
            classes.append(
                StyleClass(
                    label=counted(text, n, counts, language),
                    colour=colours[y][x],
                    lower=float(lower),
                    upper=float(upper),
                    second_lower=float(low),
                    second_upper=float(high),
                    size=size,
                    count=n,
                    wording=text,
                )
            )
    lacking = int((~(np.isfinite(numbers[0]) & np.isfinite(numbers[1]))).sum())
    return (*classes, *missing_class(lacking, size, counts, language))
