"""How much room the columns of a three-line table need, and how it fits on a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shapefiles.journal_table import HeadCell, JournalTable, single, spanned

UNBROKEN_EM, WORD_EM = 0.66, 0.6
"""Widths of a Latin character in ems, of what must not break and of running words: with room for
fonts that are wider than Times."""

CELL_POINTS = 6.0
"""Margins of a cell, left and right together."""

WIDEST_WORDS, LONGEST_WORD = 40, 24
"""Characters that a column of words is given at most, and a word that is not broken has."""

SIZES = ((False, 9.0), (False, 8.0), (True, 9.0), (True, 8.0), (True, 7.0), (True, 6.0))
"""Ways to print a table, the best first: page on its side or not, size of the text in points."""

LANDSCAPE_COLUMNS = 9
"""Tables with more columns stand on a page on its side."""


@dataclass(frozen=True)
class PageFit:
    """How a table is printed.

    Attributes
    ----------
    landscape : bool
    points : float
        Size of the text.
    widths : tuple of float
        Of the columns, in points; they fill the page.
    fits : bool
        Whether no number or word has to be broken.
    """

    landscape: bool
    points: float
    widths: tuple[float, ...]
    fits: bool


def display_width(text: str) -> int:
    """Width in Latin characters; Chinese characters take two.

    Examples
    --------
    >>> display_width("GDP"), display_width("城市")
    (3, 4)
    """
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else not unicodedata.combining(sign)
        for sign in text
    )


def page_fit(table: JournalTable, *, portrait: float, landscape: float) -> PageFit:
    """Choose the side of the page and the size of the text.

    Parameters
    ----------
    table : JournalTable
    portrait, landscape : float
        Points between the margins of the two.

    Returns
    -------
    PageFit
        The first of ``SIZES`` at which nothing is broken, else the smallest.
    """
    found = None
    for side, points in SIZES:
        if table.width > LANDSCAPE_COLUMNS and not side:
            continue
        least, wanted = _needs(table, points)
        room = landscape if side else portrait
        found = PageFit(side, points, _filled(least, wanted, room), sum(least) <= room)
        if found.fits:
            break
    assert found is not None
    return found


def column_parts(table: JournalTable, *, landscape: float) -> list[JournalTable]:
    """Part a table that fits on no page into several, leading columns of words in each.

    Parameters
    ----------
    table : JournalTable
    landscape : float
        Points between the margins of a page on its side.

    Returns
    -------
    list of JournalTable
        The notes stand below the last.
    """
    if page_fit(table, portrait=landscape, landscape=landscape).fits:
        return [table]
    leading = next((at for at, kind in enumerate(table.kinds) if kind != "words"), table.width)
    if leading in (0, table.width):
        return [table]
    least, _ = _needs(table, SIZES[-2][1])
    room = landscape - sum(least[:leading])
    groups: list[list[int]] = [[]]
    used = 0.0
    for at in range(leading, table.width):
        if groups[-1] and used + least[at] > room:
            groups.append([])
            used = 0.0
        groups[-1].append(at)
        used += least[at]
    parts = [_part(table, [*range(leading), *group]) for group in groups]
    return [*(replace(part, notes=()) for part in parts[:-1]), parts[-1]]


def wrapped(text: str, width: int) -> list[str]:
    """Break a heading into lines, between words, Chinese anywhere.

    Examples
    --------
    >>> wrapped("Degrees of freedom", 12), wrapped("调和接近中心性（入向）", 12)
    (['Degrees of', 'freedom'], ['调和接近中心', '性（入向）'])
    """
    lines = [""]
    for piece in _pieces(text):
        joined = lines[-1] + piece
        if lines[-1] and display_width(joined.strip()) > width and piece not in "）)」”，。、%":
            lines.append(piece.lstrip())
        else:
            lines[-1] = joined
    return [line.strip() for line in lines if line.strip()] or [""]


def _pieces(text: str) -> list[str]:
    """Cut text where a line may break: before spaces, between Chinese characters."""
    pieces: list[str] = []
    for sign in text:
        alone = unicodedata.east_asian_width(sign) in "WF"
        if pieces and not alone and sign != " " and not _is_wide(pieces[-1][-1]):
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"


def _needs(table: JournalTable, points: float) -> tuple[list[float], list[float]]:
    """Points that each column needs at least, and would like to have."""
    least, wanted = [], []
    heads = [
        [cell.text if cell.span == 1 else "" for cell in row for _ in range(cell.span)]
        for row in table.head
    ]
    rows = [row.cells for row in table.rows if not row.panel]
    for at, kind in enumerate(table.kinds):
        cells = [row[at] for row in rows]
        words = [row[at] for row in heads]
        head_least = max(map(_longest, words), default=0) * UNBROKEN_EM
        head_wanted = max((min(display_width(one), 14) for one in words), default=0) * WORD_EM
        if kind == "number":
            inner = max(map(display_width, cells), default=0) * UNBROKEN_EM
            low, high = max(inner, head_least), max(inner, head_least, head_wanted)
        else:
            low = max(max(map(_longest, cells), default=0) * UNBROKEN_EM, head_least)
            whole = max(map(display_width, cells), default=0)
            high = max(min(whole, WIDEST_WORDS) * WORD_EM, low, head_wanted)
        least.append(max(low, 1.5) * points + CELL_POINTS)
        wanted.append(max(high, 1.5) * points + CELL_POINTS)
    return least, wanted


def _longest(text: str) -> int:
    """Width of what may not be broken: the longest word; of Chinese up to four characters."""
    widths = [0]
    for word in text.split():
        for piece in _pieces(word):
            widths.append(min(display_width(piece), LONGEST_WORD))
        chinese = sum(map(_is_wide, word))
        widths.append(2 * min(chinese, 4))
    return max(widths)


def _filled(least: Sequence[float], wanted: Sequence[float], room: float) -> tuple[float, ...]:
    """Share a page out: first what is needed, then what is wanted, the rest evenly."""
    low, high = sum(least), sum(wanted)
    if low >= room:
        return tuple(room * one / low for one in least)
    share = min((room - low) / max(high - low, 1e-9), 1.0)
    widths = [a + share * (b - a) for a, b in zip(least, wanted, strict=True)]
    total = sum(widths)
    return tuple(room * one / total for one in widths)


def _part(table: JournalTable, columns: Sequence[int]) -> JournalTable:
    """Take some columns of a table."""
    heads = []
    for at, row in enumerate(table.head):
        texts = [cell.text for cell in row for _ in range(cell.span)]
        own = [texts[column] for column in columns]
        heads.append(single(own) if at == len(table.head) - 1 else spanned(own))
    rows = tuple(
        replace(row, cells=tuple(row.cells[column] for column in columns)) for row in table.rows
    )
    known: tuple[tuple[HeadCell, ...], ...] = tuple(heads)
    kinds = tuple(table.kinds[column] for column in columns)
    return replace(table, head=known, rows=rows, kinds=kinds)
