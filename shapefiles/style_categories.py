"""Styles of categories, and of a background of one symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from shapefiles.language import label
from shapefiles.palettes import OTHER, QUALITATIVE, qualitative_colours, softened
from shapefiles.style_classes import by_number, counted, missing_class
from shapefiles.style_types import GeometryKind, LayerStyle, Pattern, StyleClass, category_texts
from spatial.errors import ConfigError
from spatial.options import Language


def categorised_style(
    values: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    labels: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    patterns: Mapping[str, Pattern] | None = None,
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
    patterns : mapping, optional
        Text of the column -> pattern over the colour, see `StyleClass`.
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
            pattern=(patterns or {}).get(text, ""),
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
