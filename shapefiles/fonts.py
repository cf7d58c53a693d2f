"""Fonts that hold every character of a figure, in English and Chinese.

Why a module of its own: matplotlib draws an empty box for a character that its font lacks and only
logs a warning. A city name in boxes is worse than no figure, so the families are chosen from what
is installed and every character is looked up before anything is drawn.

Collections (``.ttc``): one file holds the Japanese, Korean and Chinese faces of Noto CJK.
matplotlib 3.11 and later address each face by its family name, so ``Noto Sans CJK SC`` gives
mainland Chinese glyph shapes. Older matplotlib sees the first face only, which is the Japanese one
and carries every character but a few in Japanese shapes; it stands last in the list of
preferences. Single-region files (``NotoSansSC``, ``SourceHanSansSC``) avoid this on old versions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from matplotlib import font_manager

from spatial.errors import ExportError, listed
from spatial.options import Language, checked_option

LATIN_FAMILIES = (
    "Arial",
    "Helvetica",
    "Helvetica Neue",
    "Liberation Sans",
    "Noto Sans",
    "Source Sans 3",
    "DejaVu Sans",
)
"""Families for Latin text, best first; the last one ships with matplotlib."""

CHINESE_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "SimSun",
    "Songti SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Sarasa Gothic SC",
    "Arial Unicode MS",
    "Droid Sans Fallback",
    "Noto Sans CJK JP",
)
"""Families for simplified Chinese, best first; the last one is what old matplotlib sees of Noto."""

_FONTS_TO_INSTALL = (
    "Noto Sans CJK SC (Debian and Ubuntu: fonts-noto-cjk), Source Han Sans SC, or Microsoft YaHei "
    "for Chinese; Noto Sans and Noto Sans Symbols for other scripts and signs"
)

# Last Resort and Adobe Blank claim every character and draw a box or nothing; bitmap emoji fonts
# have no outlines, which matplotlib cannot draw.
_UNFIT = ("last resort", "lastresort", "adobe blank", "noto color emoji", "apple color emoji")


def plain_text(text: object, *, limit: int | None = None) -> str:
    r"""Return a text fit to be drawn: no control, format or joining characters, one line.

    Parameters
    ----------
    text : object
        Any label from the data; ``str(text)`` is taken.
    limit : int, optional
        Longest length; what is cut is replaced by an ellipsis.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_text("New\tYork\u200d")
    'New York'
    >>> plain_text("Llanfairpwllgwyngyll", limit=8)
    'Llanfai…'
    """
    kept = (
        " " if character.isspace() else character
        for character in str(text)
        if character.isspace() or not _is_invisible(character)
    )
    line = " ".join("".join(kept).split())
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


def _is_invisible(character: str) -> bool:
    """Tell control, format, surrogate and private characters and variation selectors."""
    return (
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}
        or 0xFE00 <= ord(character) <= 0xFE0F
    )


@cache
def _installed() -> frozenset[str]:
    return frozenset(
        entry.name
        for entry in font_manager.fontManager.ttflist
        if not any(word in entry.name.lower() for word in _UNFIT)
    )


@cache
def _characters(family: str) -> frozenset[int]:
    """Return the code points that a family draws, empty when the file cannot be read."""
    properties = font_manager.FontProperties(family=family)
    try:
        path = font_manager.findfont(properties, fallback_to_default=False)
        return frozenset(font_manager.get_font(path).get_charmap())
    except (ValueError, RuntimeError, OSError):
        return frozenset()


@cache
def has_postscript_outlines(family: str) -> bool:
    """Tell whether the file of a family holds PostScript outlines, as Noto CJK does.

    matplotlib embeds such a file in a PDF under the type of TrueType fonts, which some printers
    refuse.
    """
    properties = font_manager.FontProperties(family=family)
    try:
        path = font_manager.findfont(properties, fallback_to_default=False)
        with open(path, "rb") as file:
            head = file.read(16)
            if head[:4] == b"ttcf":
                file.seek(int.from_bytes(head[12:16], "big"))
                head = file.read(4)
    except (ValueError, OSError):
        return False
    return head[:4] == b"OTTO"


def forget_fonts() -> None:
    """Forget what was found installed, so that the next look is a fresh one."""
    has_postscript_outlines.cache_clear()
    _installed.cache_clear()
    _characters.cache_clear()


def _find_new_fonts() -> None:
    """Add fonts installed since matplotlib made its list, which it keeps between runs."""
    manager = font_manager.fontManager
    known = {entry.fname for entry in manager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            manager.addfont(path)
        except (RuntimeError, OSError, ValueError):  # a broken font file is no reason to stop
            continue
    forget_fonts()


def _needed(texts: Iterable[object]) -> frozenset[int]:
    return frozenset(
        ord(character) for text in texts for character in plain_text(text) if character != " "
    )


def _cover(needed: frozenset[int], preferences: Iterable[str]) -> tuple[list[str], frozenset[int]]:
    """Take families in order of preference while they add characters; return them and the rest."""
    chosen: list[str] = []
    rest = needed
    for family in preferences:
        if not rest:
            break
        if family in _installed() and rest & _characters(family):
            chosen.append(family)
            rest = rest - _characters(family)
    return chosen, rest


def _search(needed: frozenset[int], language: str) -> tuple[list[str], frozenset[int]]:
    order = (
        (*CHINESE_FAMILIES, *LATIN_FAMILIES)
        if language == "zh"
        else (*LATIN_FAMILIES, *CHINESE_FAMILIES)
    )
    first = next((family for family in order if family in _installed()), "DejaVu Sans")
    chosen, rest = _cover(needed, (first, *order))
    if rest:  # other scripts and signs: whatever is installed, in a fixed order
        further, rest = _cover(rest, sorted(_installed() - set(order)))
        chosen += further
    families = list(dict.fromkeys([first, *chosen]))
    return families, rest


def font_families(language: Language = "en", texts: Iterable[object] = ()) -> tuple[str, ...]:
    """Choose installed font families that together hold every character of some texts.

    The first family is the main one of the language; matplotlib takes a character from the next
    family when the ones before lack it, so Chinese names appear in English figures too.

    Parameters
    ----------
    language : {"en", "zh"}
    texts : iterable
        Everything that will be drawn: titles, legends, names of cities.

    Returns
    -------
    tuple of str
        At least one family.

    Raises
    ------
    ExportError
        If no installed font holds a character; the message names the characters and fonts to
        install.

    Examples
    --------
    >>> len(font_families("en", ["Bonn", "Köln"])) >= 1
    True
    """
    checked_option(language, Language, name="language")
    needed = _needed(texts)
    families, missing = _search(needed, language)
    if missing:
        _find_new_fonts()
        families, missing = _search(needed, language)
    if missing:
        signs = [f"{chr(code)} (U+{code:04X})" for code in sorted(missing)]
        raise ExportError(
            f"No installed font holds {len(signs)} of the characters to be drawn: {listed(signs)}; "
            f"the figure would show empty boxes. Install one of: {_FONTS_TO_INSTALL}."
        )
    return tuple(families)


def missing_characters(text: object, families: Iterable[str]) -> str:
    """Return the characters of ``text`` that none of the families holds, in order, once each.

    Examples
    --------
    >>> missing_characters("abc", ["DejaVu Sans"])
    ''
    """
    held: frozenset[int] = frozenset().union(*(_characters(family) for family in families))
    letters = dict.fromkeys(plain_text(text))
    return "".join(letter for letter in letters if letter != " " and ord(letter) not in held)
