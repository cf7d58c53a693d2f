"""References in the style of the language: APA in English, GB/T 7714-2015 in Chinese."""

from __future__ import annotations

import re

from analyses.report_content import Reference
from spatial.options import Language

MOST_AUTHORS = 3
"""Authors that GB/T 7714 names before "et al"."""

_HEAD = r"(?P<authors>.+?) \((?P<year>\d{4}[a-z]?)\)\. (?P<title>.+)"
_PAGES = r"(?P<pages>[A-Za-z]?\d[\w.]*(?:[–-][A-Za-z]?\d+)?)"
_ARTICLE = re.compile(
    _HEAD
    + r"\. (?P<journal>[^.]+?),? (?P<volume>\d+)(?:\((?P<issue>[^)]+)\))?(?:, "
    + _PAGES
    + r")?\."
)
_CHAPTER = re.compile(
    _HEAD
    + r"\. In: (?P<editors>.+?) \(eds?\.?\), (?P<book>.+), "
    + _PAGES
    + r"\. (?P<place>[^:.]+): (?P<publisher>[^:]+)\."
)
_BOOK = re.compile(_HEAD + r"\. (?P<place>[^:.]+): (?P<publisher>[^:]+)\.")
_AUTHOR = re.compile(r"(?P<family>[^,]+), (?P<given>(?:[\w-]{1,3}\.[ -]?)+)(?:, | & |$)")


def reference_in(reference: Reference, language: Language) -> Reference:
    """Write a reference in the style of a language.

    Parameters
    ----------
    reference : Reference
        In the form ``Author, A. & Other, B. (Year). Title. Journal 1(2), 3–4.``, or with
        ``Place: Publisher.`` in place of the journal.
    language : {"en", "zh"}

    Returns
    -------
    Reference
        As it was where its form is another.

    Examples
    --------
    >>> work = Reference("Martin, R. (2012). Regional shocks. Journal of Places 12(1), 1–32.")
    >>> reference_in(work, "en").text
    'Martin, R. (2012). Regional shocks. Journal of Places, 12(1), 1–32.'
    >>> reference_in(work, "zh").text
    'MARTIN R. Regional shocks[J]. Journal of Places, 2012, 12(1): 1-32.'
    """
    article = _ARTICLE.fullmatch(reference.text)
    if language == "en":
        return Reference(_apa(article), reference.doi) if article else reference
    known = article or _CHAPTER.fullmatch(reference.text) or _BOOK.fullmatch(reference.text)
    return Reference(_national(known.groupdict()), reference.doi) if known else reference


def _apa(article: re.Match[str]) -> str:
    part = article.groupdict()
    issue = f"({part['issue']})" if part["issue"] else ""
    pages = f", {part['pages']}" if part["pages"] else ""
    return (
        f"{part['authors']} ({part['year']}). {part['title']}. "
        f"{part['journal']}, {part['volume']}{issue}{pages}."
    )


def _national(part: dict[str, str | None]) -> str:
    """GB/T 7714-2015: authors in capitals, kind of work in brackets, year after the source."""
    pages = (part.get("pages") or "").replace("–", "-")
    head = f"{_names(str(part['authors']))}. {part['title']}"
    if part.get("journal"):
        issue = f"({part['issue']})".replace("–", "-") if part["issue"] else ""
        place = f"{part['volume']}{issue}" + (f": {pages}" if pages else "")
        return f"{head}[J]. {part['journal']}, {part['year']}, {place}."
    source = f"{part['place']}: {part['publisher']}, {part['year']}"
    if part.get("book"):
        return f"{head}[M]//{_names(str(part['editors']))}. {part['book']}. {source}: {pages}."
    return f"{head}[M]. {source}."


def _names(authors: str) -> str:
    """Turn "Le Gallo, J. & Ertur, C." into "LE GALLO J, ERTUR C"."""
    found = [
        f"{one['family'].strip().upper()} {re.sub(r'[. -]+', ' ', one['given']).strip()}"
        for one in _AUTHOR.finditer(authors)
    ]
    if not found:
        return authors
    return ", ".join(found[:MOST_AUTHORS]) + (", et al" if len(found) > MOST_AUTHORS else "")
