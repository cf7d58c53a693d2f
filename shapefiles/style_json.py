"""A layer style as plain values for web pages, so that they look like QGIS and the printed maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from shapefiles.palettes import HATCHING, NO_DATA

if TYPE_CHECKING:
    from shapefiles.style_types import LayerStyle

CLASS_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""One sign for each class of a style, in the order of the legend."""

NOT_DRAWN = "-"
"""Sign of a feature that the style does not draw."""


def style_json(style: LayerStyle) -> dict[str, Any]:
    """Turn a layer style into values that JSON holds.

    Parameters
    ----------
    style : LayerStyle

    Returns
    -------
    dict
        ``name``, ``title``, ``geometry``, ``kind``, ``outline`` (colour and mm), ``opacity``,
        ``order`` of drawing, and ``classes``: ``words`` (without count), ``colour``, ``size`` (mm
        on an A4 page or None), ``lower`` and ``upper`` (graduated: ``lower < x <= upper``),
        ``values`` (categorised: the texts in the class) and ``hatch``: the colour of the lines
        over areas without a value, else None.

    Examples
    --------
    >>> from shapefiles.styles import choropleth_style
    >>> values = pd.Series([1.0, 2.0, None])
    >>> classes = style_json(choropleth_style(values, column="x", title="X", k=2))["classes"]
    >>> [one["words"] for one in classes], classes[-1]["hatch"]
    (['1', '1 – 2', 'No data'], '#9c9c9c')
    """
    return {
        "name": style.name,
        "title": style.title,
        "geometry": style.geometry,
        "kind": style.kind,
        "outline": {"colour": style.outline_colour, "width": style.outline_width},
        "opacity": style.opacity,
        "order": style.draw_order,
        "classes": [
            {
                "words": one.wording or one.label,
                "colour": NO_DATA if one.missing and one.size is None else one.colour,
                "size": one.size,
                "lower": one.lower,
                "upper": one.upper,
                "values": [*([] if one.value is None else [one.value]), *one.members],
                "missing": one.missing,
                "hatch": HATCHING if one.missing and one.size is None else None,
            }
            for one in style.classes
        ],
    }


def class_signs(style: LayerStyle, values: pd.Series) -> str:
    """Write the class of each value as one sign of ``CLASS_SIGNS``, ``-`` where nothing is drawn.

    Parameters
    ----------
    style : LayerStyle
    values : pandas.Series of shape (n,)

    Returns
    -------
    str of length n

    Examples
    --------
    >>> from shapefiles.styles import choropleth_style
    >>> values = pd.Series([1.0, 9.0, None])
    >>> class_signs(choropleth_style(values, column="x", title="X", k=2), values)
    '012'
    """
    return "".join(NOT_DRAWN if at < 0 else CLASS_SIGNS[at] for at in style.class_of(values))
