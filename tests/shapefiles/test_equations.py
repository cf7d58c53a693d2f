"""Equations in every format: the same letters, valid markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from shapefiles.equations import OMML, Equation, Fraction, Indexed, Size, Total
from shapefiles.word_tables import add_equation, new_document

DURBIN = Equation(
    (
        Indexed("y", "it"),
        "=",
        "ρ",
        Total("j", (Indexed("w", "ij"), Indexed("y", "jt"))),
        "+",
        Indexed("x", "it", "′"),
        "β",
        "+",
        Indexed("ε", "it"),
    ),
    "Here y is <income> & more.",
)
RATIO = Equation((Fraction((Indexed("g", "i"), "−", "1"), (Size((Indexed("d", "ij", "γ"),)),)),))


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


class TestFormats:
    def test_latex(self):
        assert DURBIN.latex() == (
            r"y_{it} = \rho \sum_{j} w_{ij} y_{jt} + x_{it}' \beta + \varepsilon_{it}"
        )
        assert RATIO.latex() == r"\frac{g_{i} - 1}{\left| d_{ij}^{\gamma} \right|}"

    @pytest.mark.parametrize("equation", [DURBIN, RATIO])
    def test_markup_is_valid_and_holds_the_same_letters(self, equation):
        mathml = ElementTree.fromstring(equation.mathml())
        omml = ElementTree.fromstring(equation.omml())
        shown = letters("".join(mathml.itertext())).replace("∑", "").replace("|", "")
        assert shown == letters("".join(omml.itertext()))
        assert mathml.get("display") == "block"

    def test_nothing_is_left_unknown_to_math_text(self):
        assert RATIO.svg().startswith(b"<?xml")
        assert b"<path" in DURBIN.svg()
        assert DURBIN.svg() == DURBIN.svg()

    def test_word_holds_it_natively(self, tmp_path):
        docx = pytest.importorskip("docx")
        document = new_document()
        add_equation(document, DURBIN)
        document.save(str(tmp_path / "equation.docx"))
        read = docx.Document(str(tmp_path / "equation.docx"))
        found = read.element.body.findall(f".//{{{OMML}}}oMath")
        assert len(found) == 1
        assert len(found[0].findall(f".//{{{OMML}}}nary")) == 1
        assert read.paragraphs[1].text == DURBIN.where
