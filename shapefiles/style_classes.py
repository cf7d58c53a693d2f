"""Classes of graduated and categorised styles: bounds, colours, sizes, labels and counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from shapefiles.classification import class_positions, needed_decimals, written_number
from shapefiles.language import label
from shapefiles.palettes import NO_DATA, NO_DATA_POINT
from shapefiles.style_types import StyleClass
from spatial.errors import ConfigError
from spatial.options import Language


def numeric_values(values: pd.Series, column: str) -> np.ndarray:
    """Return a column as floats, missing values as NaN; refuse text."""
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_object_dtype(values)):
        raise ConfigError(f"The column {column!r} holds no numbers but {values.dtype}.")
    try:
        return pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"The column {column!r} holds text, not numbers: {error}.") from error


def widened_bounds(bounds: Sequence[float], numbers: np.ndarray, column: str) -> np.ndarray:
    """Check given bounds and widen them to all values."""
    edges = np.array(bounds, dtype=float)
    if len(edges) < 2 or not np.isfinite(edges).all() or (np.diff(edges) < 0).any():
        raise ConfigError(f"bounds of {column!r} must be two or more ascending numbers.")
    finite = numbers[np.isfinite(numbers)]
    if len(finite):
        edges[0], edges[-1] = min(edges[0], finite.min()), max(edges[-1], finite.max())
    return edges


def symbol_steps(first: float, last: float, n: int) -> list[float | None]:
    """Return n sizes of symbols from first to last, mm."""
    if n == 1:
        return [(first + last) / 2.0]
    # Sizes grow a little faster than evenly, as the eye underrates large symbols.
    shares = (np.arange(n) / (n - 1)) ** 1.2
    return [round(float(first + (last - first) * share), 2) for share in shares]


def graduated_classes(
    numbers: np.ndarray,
    edges: np.ndarray,
    colours: Sequence[str],
    sizes: Sequence[float | None],
    decimals: int | None,
    *,
    counts: bool,
    language: Language,
    missing_size: float | None = None,
    open_ends: tuple[bool, bool] = (False, False),
) -> tuple[StyleClass, ...]:
    """Build the classes of a graduated style, "no data" last.

    Parameters
    ----------
    numbers : numpy.ndarray of shape (n,)
    edges : numpy.ndarray of shape (k + 1,)
        Bounds for the legend.
    colours, sizes : sequences of k
    decimals : int or None
        None: as many as the bounds need.
    counts : bool
    language : {"en", "zh"}
    missing_size : float, optional
        Size of the symbol of missing values, the first size by default.
    open_ends : (bool, bool)
        The first / last class reaches to the smallest / largest value, and its label says
        "up to" / "over" its inner bound.
    """
    finite = numbers[np.isfinite(numbers)]
    reach = np.array(edges, dtype=float)
    reach[0] = min(reach[0], finite.min()) if open_ends[0] else reach[0]
    reach[-1] = max(reach[-1], finite.max()) if open_ends[1] else reach[-1]
    positions = class_positions(numbers, reach)
    texts = range_texts(edges, decimals, language, open_ends=open_ends)
    classes = []
    for i, text in enumerate(texts):
        n = int((positions == i).sum())
        classes.append(
            StyleClass(
                label=counted(text, n, counts, language),
                colour=colours[i],
                lower=float(reach[i]),
                upper=float(reach[i + 1]),
                size=sizes[i],
                count=n,
                wording=text,
            )
        )
    lacking = int((~np.isfinite(numbers)).sum())
    grey_size = missing_size if missing_size is not None else sizes[0]
    return (*classes, *missing_class(lacking, grey_size, counts, language))


def range_texts(
    edges: np.ndarray,
    decimals: int | None,
    language: Language,
    *,
    open_ends: tuple[bool, bool] = (False, False),
) -> list[str]:
    """Write the classes between bounds, "from - to", with as many decimals as they need."""
    places = needed_decimals(edges) if decimals is None else decimals
    key = "signed_number_range" if edges[0] < 0 else "number_range"
    words = [written_number(float(edge), places) for edge in edges]
    texts = [
        high if low == high else label(key, language, lower=low, upper=high)
        for low, high in pairwise(words)
    ]
    if open_ends[0]:
        texts[0] = f"≤ {words[1]}"
    if open_ends[1] and len(texts) > int(open_ends[0]):
        texts[-1] = f"> {words[-2]}"
    return texts


def missing_class(
    n: int, size: float | None, counts: bool, language: Language
) -> tuple[StyleClass, ...]:
    """Return the class "no data", nothing when no value is missing."""
    if not n:
        return ()
    wording = label("no_data", language)
    shown = counted(wording, n, counts, language)
    return (
        StyleClass(
            label=shown,
            colour=NO_DATA if size is None else NO_DATA_POINT,
            size=size,
            count=n,
            missing=True,
            wording=wording,
        ),
    )


def counted(text: str, count: int, counts: bool, language: Language) -> str:
    """Add a count to a label where counts are wanted."""
    if not counts:
        return text
    return label("legend_count", language, label=text, count=f"{count:,}")


def by_number(text: str) -> tuple[float, str]:
    """Sort numbers by size, before words by the alphabet."""
    try:
        return (float(text), text)
    except ValueError:
        return (float("inf"), text)
