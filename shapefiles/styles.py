"""Styles of map layers, built from values: choropleths, clusters, categories, circles, links.

A :class:`LayerStyle` says which column is shown, by which classes, in which colours and sizes.
``shapefiles.qgis_styles`` writes it as QML, ``shapefiles.maps`` draws it; both ask the same
:meth:`LayerStyle.class_of`, so all pictures of a layer agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from shapefiles.classification import centred_bounds, class_bounds
from shapefiles.language import label
from shapefiles.palettes import (
    LISA_COLOURS,
    OTHER,
    QUALITATIVE,
    diverging_colours,
    qualitative_colours,
    sequential_colours,
    softened,
)
from shapefiles.style_classes import (
    by_number,
    counted,
    graduated_classes,
    missing_class,
    numeric_values,
    symbol_steps,
    widened_bounds,
)
from shapefiles.style_types import (
    DrawOrder,
    GeometryKind,
    LabelStyle,
    LayerStyle,
    StyleClass,
    StyleKind,
    category_texts,
)
from spatial.errors import ConfigError, listed
from spatial.options import Language

__all__ = [
    "DrawOrder",
    "GeometryKind",
    "LabelStyle",
    "LayerStyle",
    "StyleClass",
    "StyleKind",
    "categorised_style",
    "category_texts",
    "choropleth_style",
    "link_width_style",
    "lisa_style",
    "outline_style",
    "sized_point_style",
]


def choropleth_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    scheme: str = "fisherjenks",
    k: int = 5,
    bounds: Sequence[float] | None = None,
    centre: float | None = None,
    clip: float = 0.0,
    palette: str | None = None,
    reverse: bool = False,
    decimals: int | None = None,
    counts: bool = True,
    geometry: GeometryKind = "polygon",
    size: float | None = None,
    language: Language = "en",
) -> LayerStyle:
    """Colour polygons (or points) by classes of a number.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        The column; missing values get a class of their own, "no data".
    column : str
        Its name in the layer.
    title : str
        Title of the legend.
    name : str
        Name of the style, ``column`` when empty.
    scheme : {"fisherjenks", "quantiles", "equalinterval", "headtailbreaks", "stdmean"}
    k : int
        Classes wanted; with ``centre`` ceil(k / 2) on each side.
    bounds : sequence of float, optional
        Ascending bounds to use instead, for example to give several years the same classes.
        They are widened where values lie outside.
    centre : float, optional
        Make a diverging map around this value, with the same steps on both sides.
    clip : float
        Share of the values on either side, below 0.5, that is left out when classes are made, so
        that a few extreme ones do not fill the map with one colour. They join the outermost
        classes, whose labels then read "up to" and "over".
    palette : str, optional
        "blue" (default), "green", "orange", "purple", "grey"; diverging: "brown-teal" (default),
        "purple-orange". All are safe for colour-blind readers.
    reverse : bool
        Turn the colours round.
    decimals : int, optional
        Decimals of the legend; by default as many as the bounds need to look different.
    counts : bool
        Add the number of features to each label.
    geometry : {"polygon", "point"}
    size : float, optional
        Diameter of points, mm.
    language : {"en", "zh"}

    Returns
    -------
    LayerStyle

    Raises
    ------
    ConfigError
        Unknown option, no finite value, or bounds that do not ascend.
    """
    numbers = numeric_values(values, column)
    if bounds is not None:
        edges = widened_bounds(bounds, numbers, column)
    elif centre is not None:
        edges = centred_bounds(_clipped(numbers, clip), centre, scheme=scheme, k=k)
    else:
        edges = class_bounds(_clipped(numbers, clip), scheme=scheme, k=k)
    n = len(edges) - 1
    finite = numbers[np.isfinite(numbers)]
    beyond = (bool((finite < edges[0]).any()), bool((finite > edges[-1]).any()))
    if centre is None:
        colours = sequential_colours(n, palette or "blue")
        colours = colours[::-1] if reverse else colours
    else:
        below = int((edges[1:] <= centre).sum())
        colours = diverging_colours(below, n - below, palette or "brown-teal", reverse=reverse)
    if geometry == "point" and size is None:
        size = 3.0
    classes = graduated_classes(
        numbers,
        edges,
        colours,
        [size] * n,
        decimals,
        counts=counts,
        language=language,
        open_ends=beyond,
    )
    return LayerStyle(
        name=name or column,
        title=title,
        geometry=geometry,
        column=column,
        kind="graduated",
        classes=classes,
        scheme="given" if bounds is not None else scheme,
        outline_colour="#ffffff" if geometry == "point" else "#8c8c8c",
        outline_width=0.2 if geometry == "point" else 0.1,
    )


def _clipped(numbers: np.ndarray, share: float) -> np.ndarray:
    """Leave out a share of the smallest and of the largest values, never all."""
    if not 0.0 <= share < 0.5:
        raise ConfigError(f"clip={share!r} must be a share of at least 0 and below 0.5.")
    finite = numbers[np.isfinite(numbers)]
    if not share or len(finite) < 3:
        return finite
    low, high = np.quantile(finite, [share, 1.0 - share])
    return finite[(finite >= low) & (finite <= high)]


def sized_point_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    scheme: str = "fisherjenks",
    k: int = 4,
    bounds: Sequence[float] | None = None,
    smallest: float = 1.1,
    largest: float = 5.2,
    colour: str = "#d95f0e",
    decimals: int | None = None,
    counts: bool = True,
    language: Language = "en",
) -> LayerStyle:
    """Show a number by the size of circles; large circles are drawn first, below small ones.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Missing values get a small grey circle and a class of their own.
    column, title, name, scheme, k, bounds, decimals, counts, language
        As for :func:`choropleth_style`.
    smallest, largest : float
        Diameters of the first and the last class, mm.
    colour : str

    Returns
    -------
    LayerStyle
    """
    numbers = numeric_values(values, column)
    edges = (
        class_bounds(numbers, scheme=scheme, k=k)
        if bounds is None
        else widened_bounds(bounds, numbers, column)
    )
    n = len(edges) - 1
    classes = graduated_classes(
        numbers,
        edges,
        [colour] * n,
        symbol_steps(smallest, largest, n),
        decimals,
        counts=counts,
        language=language,
        missing_size=smallest,
    )
    return LayerStyle(
        name=name or column,
        title=title,
        geometry="point",
        column=column,
        kind="graduated",
        classes=classes,
        scheme=scheme if bounds is None else "given",
        outline_colour="#ffffff",
        outline_width=0.2,
        draw_order="descending",
    )


def link_width_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    scheme: str = "fisherjenks",
    k: int = 4,
    bounds: Sequence[float] | None = None,
    thinnest: float = 0.15,
    widest: float = 1.5,
    palette: str = "purple",
    decimals: int | None = None,
    counts: bool = True,
    opacity: float = 0.8,
    language: Language = "en",
) -> LayerStyle:
    """Show the strength of links by width and colour; strong links are drawn last, on top.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Strengths of the links.
    column, title, name, scheme, k, bounds, decimals, counts, language
        As for :func:`choropleth_style`.
    thinnest, widest : float
        Widths of the first and the last class, mm.
    palette : str
        Sequential.
    opacity : float

    Returns
    -------
    LayerStyle
    """
    numbers = numeric_values(values, column)
    edges = (
        class_bounds(numbers, scheme=scheme, k=k)
        if bounds is None
        else widened_bounds(bounds, numbers, column)
    )
    n = len(edges) - 1
    classes = graduated_classes(
        numbers,
        edges,
        # The palest steps of a ramp are made for areas; thin lines need more tone.
        sequential_colours(n + 1, palette)[1:],
        symbol_steps(thinnest, widest, n),
        decimals,
        counts=counts,
        language=language,
        missing_size=thinnest,
    )
    return LayerStyle(
        name=name or column,
        title=title,
        geometry="line",
        column=column,
        kind="graduated",
        classes=classes,
        scheme=scheme if bounds is None else "given",
        opacity=opacity,
        draw_order="ascending",
    )


def categorised_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    labels: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    order: Sequence[str] | None = None,
    counts: bool = True,
    geometry: GeometryKind = "polygon",
    size: float | None = None,
    most: int = 9,
    language: Language = "en",
) -> LayerStyle:
    """Colour features by category.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Categories, taken as text (community numbers too).
    column, title, name, counts, geometry, size, language
        As for :func:`choropleth_style`.
    labels : mapping, optional
        Text of the column -> text of the legend.
    colours : mapping, optional
        Text of the column -> colour; others take the next of nine colour-blind-safe ones.
    order : sequence of str, optional
        Categories that always stand in the legend, in this order, present or not; others follow,
        numbers by size, words by the alphabet.
    most : int
        Rarer categories beyond this number share one grey class, "other".

    Returns
    -------
    LayerStyle
    """
    texts = category_texts(values)
    found = texts.dropna().value_counts()
    fixed = [str(text) for text in order or ()]
    if len(fixed) > most:
        raise ConfigError(f"order= names {len(fixed)} categories, most={most} are to be shown.")
    rest = sorted(set(found.index) - set(fixed), key=lambda text: (-found[text], by_number(text)))
    shown_rest = sorted(rest[: most - len(fixed)], key=by_number)
    shown, others = [*fixed, *shown_rest], tuple(sorted(rest[most - len(fixed) :], key=by_number))
    if not shown:
        raise ConfigError(f"The column {column!r} holds no category; every value is missing.")
    chosen = {str(text): colour for text, colour in (colours or {}).items()}
    free = [c for c in QUALITATIVE if c not in {v.lower() for v in chosen.values()}]
    if len(free) < len([t for t in shown if t not in chosen]):
        free = list(qualitative_colours(min(most, len(QUALITATIVE))))
    spare = iter(free)
    words = labels or {}
    size = 3.0 if geometry == "point" and size is None else size
    classes = [
        StyleClass(
            label=counted(words.get(text, text), int(found.get(text, 0)), counts, language),
            colour=chosen.get(text)
            or (softened if geometry == "polygon" else str)(next(spare, OTHER)),
            value=text,
            size=size,
            count=int(found.get(text, 0)),
            wording=words.get(text, text),
        )
        for text in shown
    ]
    if others:
        n = int(found[list(others)].sum())
        other = label("other_categories", language)
        classes.append(
            StyleClass(
                label=counted(other, n, counts, language),
                colour=OTHER,
                members=others,
                size=size,
                count=n,
                wording=other,
            )
        )
    classes += missing_class(int(texts.isna().sum()), size, counts, language)
    return LayerStyle(
        name=name or column,
        title=title,
        geometry=geometry,
        column=column,
        kind="categorised",
        classes=tuple(classes),
        outline_colour="#ffffff" if geometry == "point" else "#8c8c8c",
        outline_width=0.2 if geometry == "point" else 0.1,
    )


def lisa_style(
    clusters: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    counts: bool = True,
    geometry: GeometryKind = "polygon",
    size: float | None = None,
    language: Language = "en",
) -> LayerStyle:
    """Colour the clusters of a local Moran map as GeoDa does.

    The four clusters and "not significant" always stand in the legend, with their counts; cities
    without neighbours and without a value only where there are any.

    Parameters
    ----------
    clusters : pandas.Series of shape (n,)
        "High-High", "Low-Low", "Low-High", "High-Low", "Not significant", "Isolated".
    column, title, name, counts, geometry, size, language
        As for :func:`choropleth_style`.

    Returns
    -------
    LayerStyle

    Raises
    ------
    ConfigError
        If another word is met.
    """
    texts = category_texts(clusters)
    unknown = sorted(set(texts.dropna()) - set(LISA_COLOURS))
    if unknown:
        raise ConfigError(f"No LISA clusters: {listed(unknown)}; known: {listed(LISA_COLOURS)}.")
    order = [w for i, w in enumerate(LISA_COLOURS) if i < 5 or (texts == w).any()]
    words = {
        word: label("lisa_" + word.lower().replace("-", "_").replace(" ", "_"), language)
        for word in LISA_COLOURS
    }
    return categorised_style(
        texts,
        column=column,
        title=title,
        name=name,
        labels=words,
        colours=LISA_COLOURS,
        order=order,
        counts=counts,
        geometry=geometry,
        size=size,
        language=language,
    )


def outline_style(
    *,
    title: str,
    name: str = "outline",
    geometry: GeometryKind = "polygon",
    fill: str = "#fdfdfc",
    colour: str = "#b9b9b4",
    width: float = 0.2,
) -> LayerStyle:
    """Draw a quiet background, such as states or provinces, with one symbol.

    Parameters
    ----------
    title : str
    name : str
    geometry : {"polygon", "point", "line"}
    fill : str
        Colour of areas and points.
    colour : str
        Colour of the outline (of lines: the line).
    width : float
        mm.

    Returns
    -------
    LayerStyle
    """
    shown = colour if geometry == "line" else fill
    size = {"line": width, "point": 1.2}.get(geometry)
    return LayerStyle(
        name=name,
        title=title,
        geometry=geometry,
        column="",
        kind="single",
        classes=(StyleClass(label=title, colour=shown, size=size, wording=title),),
        outline_colour=colour,
        outline_width=width,
    )
