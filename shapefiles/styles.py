"""Styles of map layers, built from values: choropleths, clusters, categories, circles, links.

A :class:`LayerStyle` says which column is shown, by which classes, in which colours and sizes.
``shapefiles.qgis_styles`` writes it as QML, ``shapefiles.maps`` draws it; both ask the same
:meth:`LayerStyle.class_of`, so all pictures of a layer agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from shapefiles.classification import (
    centred_bounds,
    class_bounds,
    class_positions,
    needed_decimals,
    written_number,
)
from shapefiles.language import label
from shapefiles.palettes import (
    LISA_COLOURS,
    NO_DATA,
    OTHER,
    QUALITATIVE,
    diverging_colours,
    qualitative_colours,
    sequential_colours,
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
    numbers = _numbers(values, column)
    if bounds is not None:
        edges = _widened(bounds, numbers, column)
    elif centre is not None:
        edges = centred_bounds(numbers, centre, scheme=scheme, k=k)
    else:
        edges = class_bounds(numbers, scheme=scheme, k=k)
    n = len(edges) - 1
    if centre is None:
        colours = sequential_colours(n, palette or "blue")
        colours = colours[::-1] if reverse else colours
    else:
        below = int((edges[1:] <= centre).sum())
        colours = diverging_colours(below, n - below, palette or "brown-teal", reverse=reverse)
    if geometry == "point" and size is None:
        size = 3.0
    classes = _graduated_classes(
        numbers, edges, colours, [size] * n, decimals, counts=counts, language=language
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


def sized_point_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    scheme: str = "fisherjenks",
    k: int = 4,
    bounds: Sequence[float] | None = None,
    smallest: float = 1.4,
    largest: float = 5.6,
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
    numbers = _numbers(values, column)
    edges = (
        class_bounds(numbers, scheme=scheme, k=k)
        if bounds is None
        else _widened(bounds, numbers, column)
    )
    n = len(edges) - 1
    classes = _graduated_classes(
        numbers,
        edges,
        [colour] * n,
        _steps(smallest, largest, n),
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
    widest: float = 1.8,
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
    numbers = _numbers(values, column)
    edges = (
        class_bounds(numbers, scheme=scheme, k=k)
        if bounds is None
        else _widened(bounds, numbers, column)
    )
    n = len(edges) - 1
    classes = _graduated_classes(
        numbers,
        edges,
        # The palest steps of a ramp are made for areas; thin lines need more tone.
        sequential_colours(n + 1, palette)[1:],
        _steps(thinnest, widest, n),
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
    rest = sorted(set(found.index) - set(fixed), key=lambda text: (-found[text], _by_number(text)))
    shown_rest = sorted(rest[: most - len(fixed)], key=_by_number)
    shown, others = [*fixed, *shown_rest], tuple(sorted(rest[most - len(fixed) :], key=_by_number))
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
            label=_counted(words.get(text, text), int(found.get(text, 0)), counts, language),
            colour=chosen.get(text) or next(spare, OTHER),
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
                label=_counted(other, n, counts, language),
                colour=OTHER,
                members=others,
                size=size,
                count=n,
                wording=other,
            )
        )
    classes += _missing_class(int(texts.isna().sum()), size, counts, language)
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
    fill: str = "#f7f7f5",
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


def _numbers(values: pd.Series, column: str) -> np.ndarray:
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_object_dtype(values)):
        raise ConfigError(f"The column {column!r} holds no numbers but {values.dtype}.")
    try:
        return pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"The column {column!r} holds text, not numbers: {error}.") from error


def _widened(bounds: Sequence[float], numbers: np.ndarray, column: str) -> np.ndarray:
    edges = np.asarray(bounds, dtype=float)
    if len(edges) < 2 or not np.isfinite(edges).all() or (np.diff(edges) < 0).any():
        raise ConfigError(f"bounds of {column!r} must be two or more ascending numbers.")
    finite = numbers[np.isfinite(numbers)]
    if len(finite):
        edges[0], edges[-1] = min(edges[0], finite.min()), max(edges[-1], finite.max())
    return edges


def _steps(first: float, last: float, n: int) -> list[float | None]:
    if n == 1:
        return [(first + last) / 2.0]
    # Sizes grow a little faster than evenly, as the eye underrates large symbols.
    shares = (np.arange(n) / (n - 1)) ** 1.2
    return [round(float(first + (last - first) * share), 2) for share in shares]


def _graduated_classes(
    numbers: np.ndarray,
    edges: np.ndarray,
    colours: Sequence[str],
    sizes: Sequence[float | None],
    decimals: int | None,
    *,
    counts: bool,
    language: Language,
    missing_size: float | None = None,
) -> tuple[StyleClass, ...]:
    places = needed_decimals(edges) if decimals is None else decimals
    positions = class_positions(numbers, edges)
    key = "signed_number_range" if edges[0] < 0 else "number_range"
    classes = []
    for i, (lower, upper) in enumerate(pairwise(edges)):
        low, high = written_number(float(lower), places), written_number(float(upper), places)
        text = high if low == high else label(key, language, lower=low, upper=high)
        n = int((positions == i).sum())
        classes.append(
            StyleClass(
                label=_counted(text, n, counts, language),
                colour=colours[i],
                lower=float(lower),
                upper=float(upper),
                size=sizes[i],
                count=n,
                wording=text,
            )
        )
    lacking = int((~np.isfinite(numbers)).sum())
    grey_size = missing_size if missing_size is not None else sizes[0]
    return (*classes, *_missing_class(lacking, grey_size, counts, language))


def _missing_class(
    n: int, size: float | None, counts: bool, language: Language
) -> tuple[StyleClass, ...]:
    if not n:
        return ()
    wording = label("no_data", language)
    shown = _counted(wording, n, counts, language)
    return (
        StyleClass(label=shown, colour=NO_DATA, size=size, count=n, missing=True, wording=wording),
    )


def _counted(text: str, count: int, counts: bool, language: Language) -> str:
    if not counts:
        return text
    return label("legend_count", language, label=text, count=f"{count:,}")


def _by_number(text: str) -> tuple[float, str]:
    try:
        return (float(text), text)
    except ValueError:
        return (float("inf"), text)
