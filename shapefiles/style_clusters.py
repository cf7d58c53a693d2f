"""Styles of clusters: local Moran, hot and cold spots, emerging hot spots.

Words, colours and the order of the legend are fixed, so that maps can be compared at a glance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from shapefiles.language import label
from shapefiles.palettes import (
    EMERGING_COLOURS,
    HATCHED_EMERGING,
    HOT_SPOT_COLOURS,
    LISA_COLOURS,
)
from shapefiles.style_categories import categorised_style
from shapefiles.style_types import GeometryKind, LayerStyle, category_texts
from spatial.errors import ConfigError, listed
from spatial.options import Language


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
    texts = _known_words(clusters, LISA_COLOURS, "LISA clusters")
    order = [w for i, w in enumerate(LISA_COLOURS) if i < 5 or (texts == w).any()]
    return _cluster_style(
        texts,
        LISA_COLOURS,
        {word: label("lisa_" + _key(word), language) for word in LISA_COLOURS},
        order,
        column=column,
        title=title,
        name=name,
        counts=counts,
        geometry=geometry,
        size=size,
        language=language,
    )


def hot_spot_style(
    classes: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    counts: bool = True,
    geometry: GeometryKind = "polygon",
    size: float | None = None,
    language: Language = "en",
) -> LayerStyle:
    """Colour the hot and cold spots of Getis and Ord's G or G* by their confidence.

    Red for hot, blue for cold, the darker the surer; the six classes and "not significant" always
    stand in the legend, from hot to cold, cities without neighbours and without a value only
    where there are any.

    Parameters
    ----------
    classes : pandas.Series of shape (n,)
        Words of ``spatial.autocorrelation.HOT_SPOT_CLASSES``, "Not significant" or "Isolated":
        the column ``cluster`` of ``local_getis_ord``.
    column, title, name, counts, geometry, size, language
        As for `shapefiles.styles.choropleth_style`.

    Returns
    -------
    LayerStyle

    Raises
    ------
    ConfigError
        If another word is met.
    """
    texts = _known_words(classes, HOT_SPOT_COLOURS, "classes of hot and cold spots")
    order = [w for i, w in enumerate(HOT_SPOT_COLOURS) if i < 7 or (texts == w).any()]
    return _cluster_style(
        texts,
        HOT_SPOT_COLOURS,
        {word: hot_spot_wording(word, language) for word in HOT_SPOT_COLOURS},
        order,
        column=column,
        title=title,
        name=name,
        counts=counts,
        geometry=geometry,
        size=size,
        language=language,
    )


def emerging_hot_spot_style(
    classes: pd.Series,
    *,
    column: str,
    title: str,
    name: str = "",
    counts: bool = True,
    geometry: GeometryKind = "polygon",
    size: float | None = None,
    language: Language = "en",
) -> LayerStyle:
    """Colour the classes of an emerging hot spot analysis; the legend holds those that occur.

    Diminishing, historical, oscillating and sporadic spots are hatched as well.

    Parameters
    ----------
    classes : pandas.Series of shape (n,)
        Words of ``spatial.autocorrelation.EMERGING_CLASSES`` or "Isolated": the column
        ``cluster`` of ``emerging_hot_spots``.
    column, title, name, counts, geometry, size, language
        As for `shapefiles.styles.choropleth_style`.

    Returns
    -------
    LayerStyle

    Raises
    ------
    ConfigError
        If another word is met, or every value is missing.
    """
    texts = _known_words(classes, EMERGING_COLOURS, "classes of emerging hot spots")
    return _cluster_style(
        texts,
        EMERGING_COLOURS,
        {word: emerging_wording(word, language) for word in EMERGING_COLOURS},
        [word for word in EMERGING_COLOURS if (texts == word).any()],
        hatched=HATCHED_EMERGING,
        column=column,
        title=title,
        name=name,
        counts=counts,
        geometry=geometry,
        size=size,
        language=language,
    )


def hot_spot_wording(word: str, language: Language) -> str:
    """Return a class of hot and cold spots in a language."""
    key = _key(word)
    return label(key if key.startswith(("hot_", "cold_")) else f"lisa_{key}", language)


def emerging_wording(word: str, language: Language) -> str:
    """Return a class of emerging hot spots in a language."""
    key = _key(word)
    return label("lisa_isolated" if key == "isolated" else f"emerging_{key}", language)


def _key(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_").replace("%", "")


def _known_words(words: pd.Series, known: Mapping[str, str], what: str) -> pd.Series:
    texts = category_texts(words)
    unknown = sorted(set(texts.dropna()) - set(known))
    if unknown:
        raise ConfigError(f"No {what}: {listed(unknown)}; known: {listed(known, limit=20)}.")
    return texts


def _cluster_style(
    texts: pd.Series,
    colours: Mapping[str, str],
    wordings: Mapping[str, str],
    order: Sequence[str],
    *,
    column: str,
    title: str,
    name: str,
    counts: bool,
    geometry: GeometryKind,
    size: float | None,
    language: Language,
    hatched: frozenset[str] = frozenset(),
) -> LayerStyle:
    return categorised_style(
        texts,
        column=column,
        title=title,
        name=name,
        labels=wordings,
        colours=colours,
        patterns=dict.fromkeys(hatched, "lines"),
        order=order,
        counts=counts,
        geometry=geometry,
        size=size,
        most=len(colours),
        language=language,
    )
