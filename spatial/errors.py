"""The errors of interurban: one base, few children, each a sentence with a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InterurbanError(Exception):
    """Base of every error that interurban raises on purpose."""


class AlignmentError(InterurbanError):
    """Identifiers of two inputs do not agree."""


class WeightsError(InterurbanError):
    """Spatial weights or a linkage network are not fit for the purpose."""


class GeometryError(InterurbanError):
    """Coordinates, shapes or coordinate reference systems are unusable."""


class PanelError(InterurbanError):
    """A city-year table has duplicates, gaps, or unusable columns."""


class EstimationError(InterurbanError):
    """A model or statistic cannot be computed from these data."""


class ExportError(InterurbanError):
    """A result cannot be written."""


class ConfigError(InterurbanError):
    """An option or a study file holds a wrong key or value."""


class InputError(InterurbanError):
    """A file is missing, unreadable or of the wrong kind."""


def listed(items: Iterable[object], *, limit: int = 10) -> str:
    """Name the first ``limit`` items and say how many more there are.

    Parameters
    ----------
    items : iterable
        Identifiers or column names.
    limit : int
        How many to spell out.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["Bonn", "Essen"])
    "'Bonn', 'Essen'"
    >>> listed(range(4), limit=2)
    '0, 1 and 2 more'
    """
    known = list(items)
    shown = ", ".join(repr(item) for item in known[:limit])
    rest = len(known) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


def nearest_spelling(word: str, allowed: Iterable[str]) -> str:
    """Return `` (nearest: 'x')`` when a known spelling is close to ``word``, else an empty string.

    Examples
    --------
    >>> nearest_spelling("quen", ["queen", "rook"])
    " (nearest: 'queen')"
    """
    # Capitals count for nothing: 'ID' is the likeliest meaning of 'id'.
    known = {str(item).casefold(): str(item) for item in allowed}
    close = difflib.get_close_matches(str(word).casefold(), known, n=1, cutoff=0.6)
    return f" (nearest: {known[close[0]]!r})" if close else ""
