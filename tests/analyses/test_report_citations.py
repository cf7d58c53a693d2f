"""References in the style of the language."""

from __future__ import annotations

import re

import pytest

from analyses.report_citations import reference_in
from analyses.report_content import Reference
from analyses.report_references import WORKS


@pytest.mark.parametrize("key", sorted(WORKS))
def test_every_work_has_both_styles(key):
    work = WORKS[key]
    english, chinese = reference_in(work, "en"), reference_in(work, "zh")
    assert english.doi == chinese.doi == work.doi
    year = re.search(r"\((\d{4})", work.text)[1]
    assert f"({year})" in english.text
    assert re.match(r"[A-ZÀ-Þ' -]+ [A-ZÀ-Þ]( [A-ZÀ-Þ])*(,|\.)", chinese.text), chinese.text
    assert re.search(r"\[[JM]\](//|\. )", chinese.text)
    assert f", {year}" in chinese.text
    title = re.search(r"\(\d{4}\)\. (.{12})", work.text)[1]
    assert title in chinese.text
    assert title in english.text


@pytest.mark.parametrize(
    ("text", "national"),
    [
        # The examples follow GB/T 7714-2015, 8.8: article, book, part of a book.
        (
            "A, B. C., D, E., F, G. & H, I. (2001). On towns. Journal of Towns B 3(1/2), S1–S9.",
            "A B C, D E, F G, et al. On towns[J]. Journal of Towns B, 2001, 3(1/2): S1-S9.",
        ),
        (
            "Le Gallo, J. (2004). Maps: a book. Paris: Presses.",
            "LE GALLO J. Maps: a book[M]. Paris: Presses, 2004.",
        ),
        (
            "A, B. (1999). A part. In: C, D. & E, F. (eds), The whole, 5–9. Bonn: House.",
            "A B. A part[M]//C D, E F. The whole. Bonn: House, 1999: 5-9.",
        ),
        ("An unknown form, 1999", "An unknown form, 1999"),
    ],
)
def test_by_example(text, national):
    assert reference_in(Reference(text), "zh").text == national
