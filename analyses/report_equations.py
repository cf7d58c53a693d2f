"""The equations of a study: resistance, gravity, Moran's I, and each spillover model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses.report_words import variable_label, words_of
from shapefiles.equations import Equation, Fraction, Indexed, Node, Size, Total

if TYPE_CHECKING:
    from analyses.results import ModelRun, StudyResult

LAGGED_OUTCOME = ("sar", "sdm", "sac", "gns")
LAGGED_REGRESSORS = ("slx", "sdm", "sdem", "gns")
LAGGED_ERROR = ("sem", "sdem", "sac", "gns")


def resistance_equation(result: StudyResult) -> Equation:
    """Growth of a city against that of the nation, Martin et al. (2016)."""
    own, nation = Indexed("g", "i"), Indexed("g", "N")
    ratio = Fraction((own, "−", nation), (Size((nation,)),))
    return Equation((Indexed("R", "i"), "=", ratio), words_of(result)("equation_resistance"))


def gravity_equation(result: StudyResult, decay: str) -> Equation:
    """Masses over a power of the distance."""
    masses: tuple[Node, ...] = (Indexed("M", "i"), Indexed("M", "j"))
    force = Fraction(masses, (Indexed("d", "ij", "γ"),))
    words = words_of(result)("equation_gravity", decay=decay)
    return Equation((Indexed("F", "ij"), "=", force), words)


def moran_equation(result: StudyResult) -> Equation:
    """Moran's I of values z, deviations from their mean."""
    pairs: tuple[Node, ...] = (Indexed("w", "ij"), Indexed("z", "i"), Indexed("z", "j"))
    double = Total("i", (Total("j", pairs),))
    square = Total("i", (Indexed("z", "i", "2"),))
    weights = Total("i", (Total("j", (Indexed("w", "ij"),)),))
    nodes: tuple[Node, ...] = (
        "I",
        "=",
        Fraction(("n",), (weights,)),
        "·",
        Fraction((double,), (square,)),
    )
    return Equation(nodes, words_of(result)("equation_moran"))


def hot_spot_equation(result: StudyResult) -> Equation:
    """Getis and Ord's G* of standardised values z (Ord and Getis 1995)."""
    near = Total("j", (Indexed("w", "ij"), Indexed("z", "j")))
    ratio = Fraction((near,), (Indexed("S", "i"),))
    nodes: tuple[Node, ...] = (Indexed("G", "i", "*"), "=", ratio)
    return Equation(nodes, words_of(result)("equation_hot_spots"))


def markov_equation(result: StudyResult) -> Equation:
    """Transition probability of cities whose neighbours are of class l (Rey 2001)."""
    shares = Fraction((Indexed("n", "ab", "l"),), (Indexed("n", "a", "l"),))
    nodes: tuple[Node, ...] = (Indexed("p", "ab", "l"), "=", shares)
    return Equation(nodes, words_of(result)("equation_markov"))


def model_equations(result: StudyResult, model: ModelRun) -> tuple[Equation, ...]:
    """Write a spillover model: its outcome, lags and effects, and its error where it is lagged.

    Parameters
    ----------
    result : StudyResult
    model : ModelRun

    Returns
    -------
    tuple of Equation
        The words stand below the last.
    """
    kind, effects = model.section.specification, model.section.effects
    terms: list[list[Node]] = []
    if kind in LAGGED_OUTCOME:
        terms.append(["ρ", _lag("y", "jt")])
    terms.append([Indexed("x", "it", "′"), "β"])
    if kind in LAGGED_REGRESSORS:
        terms.append([_lag("x", "jt", "′"), "θ"])
    if effects in ("city", "two-way", "random", "correlated-random"):
        terms.append([Indexed("μ", "i")])
    if effects in ("year", "two-way"):
        terms.append([Indexed("τ", "t")])
    error = "u" if kind in LAGGED_ERROR else "ε"
    terms.append([Indexed(error, "it")])
    equations = [Equation((Indexed("y", "it"), "=", *_sum(terms)))]
    if kind in LAGGED_ERROR:
        parts: list[list[Node]] = [["λ", _lag("u", "jt")], [Indexed("ε", "it")]]
        equations.append(Equation((Indexed("u", "it"), "=", *_sum(parts))))
    last = equations[-1]
    where = _where(result, model)
    return (*equations[:-1], Equation(last.nodes, where))


def _lag(letter: str, index: str, above: str = "") -> Total:
    return Total("j", (Indexed("w", "ij"), Indexed(letter, index, above)))


def _sum(terms: list[list[Node]]) -> list[Node]:
    nodes: list[Node] = []
    for at, term in enumerate(terms):
        nodes += ["+", *term] if at else term
    return nodes


def _where(result: StudyResult, model: ModelRun) -> str:
    words, section = words_of(result), model.section
    left, _, right = section.formula.partition("~")
    regressors = words.listing([variable_label(result, one) for one in right.split("+")])
    effects = {
        "city": "equation_city",
        "random": "equation_city",
        "correlated-random": "equation_city",
        "year": "equation_year",
        "two-way": "equation_two_way",
    }.get(section.effects)
    return words.sentences(
        words(
            "equation_model",
            outcome=variable_label(result, left),
            regressors=regressors,
            weights=section.main_weights,
        ),
        words(effects) if effects else "",
    )
