"""The methods of hot spots and dynamics in words, with the works cited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses.report_content import Section
from analyses.report_equations import markov_equation
from analyses.report_words import words_of
from analyses.run_dynamics import asked_columns
from analyses.study_dynamics import YEARLY_RESILIENCE
from analyses.words_dynamics import column_words

if TYPE_CHECKING:
    from analyses.results import StudyResult

HOT_SPOT_WORKS = ("getis1992", "ord1995")

DYNAMICS_WORKS = {
    "moran": ("moran1950", "benjamini1995"),
    "lisa": ("anselin1995",),
    "transitions": ("rey2001",),
    "time_paths": ("rey2011",),
    "markov": ("rey2001", "anderson1957", "bickenbach2003"),
    "emerging_hot_spots": ("getis1992", "ord1995", "mann1945"),
    "trends": ("mann1945", "sen1968"),
    "ranks": ("rey2014", "rey2004"),
    "densities": ("silverman1986",),
    "ellipse": ("lefever1926", "yuill1971"),
}
"""Works by key of the study file."""


def hot_spot_text(result: StudyResult) -> str:
    """Describe how hot and cold spots of resilience were found; empty if not asked for."""
    if not result.hot_spots:
        return ""
    words, settings = words_of(result), result.study.autocorrelation
    return words(
        "method_hot_spots",
        weights=result.study.local_weights,
        permutations=words.count(settings.permutations),
        correction=words(f"correction_{settings.correction}"),
    )


def dynamics_methods(result: StudyResult) -> tuple[Section | None, tuple[str, ...]]:
    """Describe how the dynamics were computed.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    section : Section or None
        None without dynamics.
    cited : tuple of str
        Keys of ``report_references.WORKS``.
    """
    section, study = result.study.dynamics, result.study
    if result.dynamics is None or section is None:
        return None, ()
    words = words_of(result)
    asked = {key: columns for key, columns in asked_columns(study).items() if columns}
    options = study.autocorrelation
    values = {
        "permutations": words.count(section.permutations or options.permutations),
        "histories": words.count(section.history_permutations),
        "correction": words(f"correction_{options.correction}"),
        "alpha": words.percent(options.alpha, 0),
        "classes": words.count(section.markov_classes),
        "scope": words(f"markov_scope_{section.markov_scope.replace(' ', '_')}"),
        "window": words.count(section.window),
        "reference": words(f"emerging_reference_{section.reference.replace(' ', '_')}"),
    }
    named = [column_words(study, column) for column in result.dynamics.columns]
    first = [
        words(
            "method_dynamics",
            columns=words.listing([words.inside(name) for name in named]),
            weights=result.dynamics.weights,
        )
    ]
    if YEARLY_RESILIENCE in result.dynamics.columns:
        first.append(words("method_yearly_resilience"))
    if any(known.left_out for known in result.dynamics.columns.values()):
        first.append(words("method_dynamics_gaps"))
    points = [words(f"method_dynamics_{key}", **values) for key in DYNAMICS_WORKS if key in asked]
    cited = [work for key, works in DYNAMICS_WORKS.items() if key in asked for work in works]
    return (
        Section(
            "methods-dynamics",
            words("report_dynamics"),
            paragraphs=(words.sentences(*first),),
            points=tuple(points),
            equations=(markov_equation(result),) if "markov" in asked else (),
        ),
        tuple(cited),
    )
