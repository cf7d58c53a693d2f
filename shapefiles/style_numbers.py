"""Styles of numbers: classes of colour, circles by size, links by width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from shapefiles.classification import centred_bounds, class_bounds
from shapefiles.classification_schemes import scheme_name
from shapefiles.palettes import diverging_colours, sequential_colours
from shapefiles.style_classes import (
    graduated_classes,
    numeric_values,
    symbol_steps,
    widened_bounds,
)
from shapefiles.style_types import GeometryKind, LayerStyle
from spatial.errors import ConfigError
from spatial.options import Language


def choropleth_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    scheme: str = "fisherjenks",
    k: int = 5,
    scheme_options: Mapping[str, object] | None = None,
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
    scheme : str
        Any of mapclassify, "fisherjenks" (natural breaks), "quantiles", "equalinterval" ...; see
        `shapefiles.classification.class_bounds`.
    k : int
        Classes wanted; with ``centre`` ceil(k / 2) on each side.
    scheme_options : mapping, optional
        Options of the scheme, such as ``{"multiples": [-1, 0, 1]}`` of "stdmean".
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
        edges = centred_bounds(
            _clipped(numbers, clip), centre, scheme=scheme, k=k, options=scheme_options
        )
    else:
        edges = class_bounds(_clipped(numbers, clip), scheme=scheme, k=k, options=scheme_options)
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
        scheme="given" if bounds is not None else scheme_name(scheme),
        centre=centre,
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
    scheme_options: Mapping[str, object] | None = None,
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
    column, title, name, scheme, k, scheme_options, bounds, decimals, counts, language
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
        class_bounds(numbers, scheme=scheme, k=k, options=scheme_options)
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
        scheme=scheme_name(scheme) if bounds is None else "given",
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
    scheme_options: Mapping[str, object] | None = None,
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
    column, title, name, scheme, k, scheme_options, bounds, decimals, counts, language
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
        class_bounds(numbers, scheme=scheme, k=k, options=scheme_options)
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
        scheme=scheme_name(scheme) if bounds is None else "given",
        opacity=opacity,
        draw_order="ascending",
    )
