"""Equations that every format writes natively: OMML, MathML, LaTeX; and as a picture."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

OMML = "http://schemas.openxmlformats.org/officeDocument/2006/math"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MATH_FONT = "Cambria Math"

OPERATORS = "=+−·,()∈≠"
"""Signs that are set upright with space around; everything else is a variable."""

_LATEX = {
    "ρ": r"\rho",
    "λ": r"\lambda",
    "β": r"\beta",
    "θ": r"\theta",
    "μ": r"\mu",
    "τ": r"\tau",
    "α": r"\alpha",
    "γ": r"\gamma",
    "ε": r"\varepsilon",
    "η": r"\eta",
    "ν": r"\nu",
    "Δ": r"\Delta",
    "−": "-",
    "·": r"\cdot ",
    "≠": r"\neq ",
    "′": "'",
}


@dataclass(frozen=True)
class Indexed:
    """A variable with an index below, and a sign or power above.

    Attributes
    ----------
    base, below, above : str
    """

    base: str
    below: str = ""
    above: str = ""


@dataclass(frozen=True)
class Fraction:
    """One expression over another."""

    top: tuple[Node, ...]
    bottom: tuple[Node, ...]


@dataclass(frozen=True)
class Total:
    """A sum over an index."""

    over: str
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Size:
    """The absolute value of an expression."""

    body: tuple[Node, ...]


Node: TypeAlias = "str | Indexed | Fraction | Total | Size"


@dataclass(frozen=True)
class Equation:
    r"""An equation and the words that explain its letters.

    Attributes
    ----------
    nodes : tuple of str, Indexed, Fraction, Total or Size
        From left to right; a text is one sign or variable.
    where : str
        Sentence below it.

    Examples
    --------
    >>> model = Equation((Indexed("y", "i"), "=", "ρ", Total("j", (Indexed("w", "ij"),))))
    >>> model.latex()
    'y_{i} = \\rho \\sum_{j} w_{ij}'
    """

    nodes: tuple[Node, ...]
    where: str = ""

    def latex(self) -> str:
        """Write the equation for LaTeX, without dollar signs."""
        return _latex(self.nodes)

    def mathml(self) -> str:
        """Write the equation as a MathML element for HTML."""
        return (
            f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'
            f"{_mathml(self.nodes)}</math>"
        )

    def omml(self) -> str:
        """Write the equation as an OMML paragraph that Word edits."""
        return (
            f'<m:oMathPara xmlns:m="{OMML}" xmlns:w="{WORD}"><m:oMath>{_omml(self.nodes)}'
            "</m:oMath></m:oMathPara>"
        )

    def svg(self, *, points: float = 13.0) -> bytes:
        """Draw the equation, for programs that know no MathML.

        Parameters
        ----------
        points : float
            Size of the letters.

        Returns
        -------
        bytes
            An SVG picture; letters are paths.
        """
        import matplotlib as mpl
        from matplotlib.figure import Figure
        from matplotlib.font_manager import FontProperties
        from matplotlib.mathtext import MathTextParser

        picture, text, font = io.BytesIO(), f"${self.latex()}$", FontProperties(size=points)
        with mpl.rc_context({"mathtext.fontset": "stix", "svg.hashsalt": "equation"}):
            width, height, depth, _, _ = MathTextParser("path").parse(text, dpi=72, prop=font)
            figure = Figure(figsize=(width / 72, height / 72))
            figure.text(0, depth / height, text, fontproperties=font)
            figure.savefig(picture, format="svg", metadata={"Date": None}, transparent=True)
        return picture.getvalue()


def _latex(nodes: Sequence[Node]) -> str:
    return " ".join(map(_latex_of, nodes))


def _latex_of(node: Node) -> str:
    if isinstance(node, Indexed):
        above = _letters(node.above)
        power = f"^{{{above}}}" if above and above != "'" else above
        below = f"_{{{_letters(node.below)}}}" if node.below else ""
        return f"{_letters(node.base)}{below}{power}"
    if isinstance(node, Fraction):
        return rf"\frac{{{_latex(node.top)}}}{{{_latex(node.bottom)}}}"
    if isinstance(node, Total):
        return rf"\sum_{{{_letters(node.over)}}} {_latex(node.body)}"
    if isinstance(node, Size):
        return rf"\left| {_latex(node.body)} \right|"
    return _letters(node)


def _letters(text: str) -> str:
    """Write letters for LaTeX; Greek commands that a letter follows are closed."""
    parts = []
    for at, sign in enumerate(text):
        command = _LATEX.get(sign, sign)
        follows = text[at + 1 : at + 2].isalpha()
        parts.append(command + (" " if command.startswith("\\") and follows else ""))
    return "".join(parts)


def _mathml(nodes: Sequence[Node]) -> str:
    return "".join(map(_mathml_of, nodes))


def _mathml_of(node: Node) -> str:
    if isinstance(node, Indexed):
        base, below = _mathml_sign(node.base), _mathml_row(node.below)
        above = f"<mo>{node.above}</mo>" if node.above == "′" else _mathml_row(node.above)
        if node.below and node.above:
            return f"<msubsup>{base}{below}{above}</msubsup>"
        return f"<msup>{base}{above}</msup>" if node.above else f"<msub>{base}{below}</msub>"
    if isinstance(node, Fraction):
        top, bottom = _mathml(node.top), _mathml(node.bottom)
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"
    if isinstance(node, Total):
        return (
            f"<munder><mo>∑</mo>{_mathml_row(node.over)}</munder><mrow>{_mathml(node.body)}</mrow>"
        )
    if isinstance(node, Size):
        return f"<mrow><mo>|</mo>{_mathml(node.body)}<mo>|</mo></mrow>"
    return _mathml_sign(node)


def _mathml_row(text: str) -> str:
    return f"<mrow>{''.join(map(_mathml_sign, text))}</mrow>"


def _mathml_sign(sign: str) -> str:
    kind = "mo" if sign in OPERATORS else "mn" if sign.isdigit() else "mi"
    return f"<{kind}>{html.escape(sign)}</{kind}>"


def _omml(nodes: Sequence[Node]) -> str:
    return "".join(map(_omml_of, nodes))


def _omml_of(node: Node) -> str:
    if isinstance(node, Indexed):
        parts = f"<m:e>{_omml_run(node.base)}</m:e>"
        if node.below:
            parts += f"<m:sub>{_omml_run(node.below)}</m:sub>"
        if node.above:
            parts += f"<m:sup>{_omml_run(node.above)}</m:sup>"
        kind = "sSubSup" if node.below and node.above else "sSub" if node.below else "sSup"
        return f"<m:{kind}>{parts}</m:{kind}>"
    if isinstance(node, Fraction):
        return f"<m:f><m:num>{_omml(node.top)}</m:num><m:den>{_omml(node.bottom)}</m:den></m:f>"
    if isinstance(node, Total):
        return (
            '<m:nary><m:naryPr><m:chr m:val="∑"/><m:limLoc m:val="undOvr"/>'
            '<m:supHide m:val="1"/></m:naryPr>'
            f"<m:sub>{_omml_run(node.over)}</m:sub><m:sup/><m:e>{_omml(node.body)}</m:e></m:nary>"
        )
    if isinstance(node, Size):
        return (
            '<m:d><m:dPr><m:begChr m:val="|"/><m:endChr m:val="|"/></m:dPr>'
            f"<m:e>{_omml(node.body)}</m:e></m:d>"
        )
    return _omml_run(node)


def _omml_run(text: str) -> str:
    font = f'<w:rPr><w:rFonts w:ascii="{MATH_FONT}" w:hAnsi="{MATH_FONT}"/></w:rPr>'
    # Sign by sign: LibreOffice takes letters that stand together, such as "it", for a command.
    return "".join(f"<m:r>{font}<m:t>{html.escape(sign)}</m:t></m:r>" for sign in text)
