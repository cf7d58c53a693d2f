"""Words and numbers of a report in one language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from shapefiles.language import known_labels, label
from shapefiles.number_texts import number_text, p_phrase, p_text, percent_text
from spatial.options import Language

if TYPE_CHECKING:
    from analyses.results import StudyResult


@dataclass(frozen=True)
class Words:
    """The dictionary of labels in one language, with the habits of its sentences.

    Attributes
    ----------
    language : {"en", "zh"}
    """

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """Wording of a key."""
        return label(key, self.language, **values)

    def or_plain(self, key: str, plain: str) -> str:
        """Wording of a key, or the plain word where the dictionary lacks it."""
        return label(key, self.language) if key in known_labels() else plain

    def number(self, value: object, decimals: int = 3) -> str:
        """Write a number."""
        return number_text(value, decimals, self.language)

    def signed(self, value: float, decimals: int = 3) -> str:
        """Write a number with its sign, also when it is positive."""
        text = self.number(value, decimals)
        return f"+{text}" if value > 0 and any(sign in "123456789" for sign in text) else text

    def count(self, value: int) -> str:
        """Write a whole number."""
        return number_text(value, 0, self.language)

    def percent(self, share: object, decimals: int = 1) -> str:
        """Write a share as per cent."""
        return percent_text(share, decimals, self.language)

    def p(self, value: float) -> str:
        """Write a p-value in a sentence."""
        return p_phrase(value)

    def p_cell(self, value: float) -> str:
        """Write a p-value in a table."""
        return p_text(value)

    def listing(self, items: Sequence[str]) -> str:
        """Join names: "A, B and C".

        Examples
        --------
        >>> Words("en").listing(["A", "B", "C"]), Words("zh").listing(["甲", "乙", "丙"])
        ('A, B and C', '甲、乙和丙')
        """
        known = list(items)
        if len(known) < 2:
            return "".join(known)
        # Names such as "Abilene, TX" hold commas; semicolons keep them apart.
        inside = any("," in item for item in known)
        comma = self("report_list_semicolon" if inside else "report_list_comma")
        last = self("report_list_semicolon" if inside else "report_list_and")
        return comma.join(known[:-1]) + last + known[-1]

    def some(self, items: Sequence[str], total: int) -> str:
        """Join the first names of a longer list: "A, B and 3 more".

        Examples
        --------
        >>> Words("en").some(["A", "B"], 5), Words("zh").some(["甲", "乙"], 5)
        ('A, B and 3 more', '甲、乙等另外3个')
        """
        known = list(items)
        if total <= len(known):
            return self.listing(known)
        inside = any("," in item for item in known)
        comma = self("report_list_semicolon" if inside else "report_list_comma")
        return comma.join(known) + self("warning_more", count=self.count(total - len(known)))

    def sentences(self, *parts: str) -> str:
        """Join sentences to a paragraph; Chinese leaves no space between them."""
        gap = " " if self.language == "en" else ""
        return gap.join(part for part in parts if part)

    def inside(self, wording: str) -> str:
        """Write a wording inside a sentence: English drops the capital, unless of a short form.

        Examples
        --------
        >>> Words("en").inside("Real income"), Words("en").inside("GDP per head")
        ('real income', 'GDP per head')
        """
        if self.language == "en" and wording[:1].isupper() and wording[1:2].islower():
            return wording[0].lower() + wording[1:]
        return wording

    def years(self, phase: tuple[int, int]) -> str:
        """Write the years of a phase."""
        return self("report_years", first=phase[0], last=phase[1])


_OPENED = {
    **dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"),
    **dict.fromkeys("\u2066\u2067\u2068", "\u2069"),
}
"""Marks that set a direction of writing, and what ends each."""


def closed_directions(name: str) -> str:
    """End every change of direction that a name begins, so that it does not turn the sentence.

    Examples
    --------
    >>> closed_directions("a\u202eb") == "a\u202eb\u202c", closed_directions("plain")
    (True, 'plain')
    """
    ends: list[str] = []
    for sign in name:
        if sign in _OPENED:
            ends.append(_OPENED[sign])
        elif ends and sign == ends[-1]:
            ends.pop()
    return name + "".join(reversed(ends))


def names_of(result: StudyResult) -> pd.Series:
    """Names of the cities by id, the id in brackets where a name comes twice."""
    names = result.area.cities["name"].astype(str).map(closed_directions)
    twice = names.duplicated(keep=False)
    return names.where(~twice, names + " (" + names.index.astype(str) + ")")


def short_names_of(result: StudyResult) -> pd.Series:
    """Short names of the cities for sentences, the full one where the short one comes twice."""
    full = names_of(result)
    if "short_name" not in result.area.cities.columns:
        return full
    short = result.area.cities["short_name"].astype(str).map(closed_directions)
    return short.where(~short.duplicated(keep=False), full)


def measures_of(result: StudyResult) -> list[tuple[str, str]]:
    """List (shock, measure) in the order of the study."""
    return [(str(key[0]), str(key[1])) for key in result.measures.columns.tolist()]


def words_of(result: StudyResult) -> Words:
    """Words in the language of a study."""
    return Words(result.study.language)


def outcome_label(result: StudyResult) -> str:
    """Wording of the outcome whose resilience is measured."""
    return result.study.column_label(result.study.resilience.outcome)


_LOGARITHM = re.compile(r"(?:np\.)?log\((\w+)\)")


def logged_column(result: StudyResult, term: str) -> str | None:
    """Column whose logarithm a term of a formula is, None when it is none."""
    for item in result.study.derived:
        if item.name == term and item.kind == "log":
            return str(item.of)
    match = _LOGARITHM.fullmatch(term.strip())
    return None if match is None else match[1]


def variable_label(result: StudyResult, term: str) -> str:
    """Wording of a term of a formula: of its column, or of the column in its logarithm."""
    match = _LOGARITHM.fullmatch(term.strip())
    if match is None:
        return result.study.column_label(term.strip())
    words = words_of(result)
    return words("report_log", variable=words.inside(result.study.column_label(match[1])))


def aggregate_label(result: StudyResult) -> str:
    """Say how the nation's figure is made from those of the cities."""
    section, words = result.study.resilience, words_of(result)
    key = section.national.replace(" ", "_")
    by = words.inside(result.study.column_label(section.by)) if section.by else ""
    return words(f"report_national_{key}", by=by)


def group_label(result: StudyResult, group: str) -> str:
    """Wording of a grouping of cities such as ``region``."""
    return words_of(result).or_plain(f"group_{group}", group)
