"""The methods of indices, inequality and network questions in words, with the works cited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses.report_content import Section
from analyses.report_words import group_label, words_of
from analyses.study_indices import (
    CollaborativeSection,
    CompositeSection,
    CouplingSection,
    QuotientSection,
    SpecialisationSection,
)
from analyses.tables_indices import method_words

if TYPE_CHECKING:
    from analyses.results import StudyResult
    from analyses.results_indices import IndexRun

METHOD_WORKS = {
    "entropy": ("shannon1948",),
    "critic": ("diakoulaki1995",),
    "topsis": ("hwang1981",),
    "entropy-topsis": ("shannon1948", "hwang1981"),
    "mazziotta-pareto": ("mazziotta2016",),
    "grey-relational": ("deng1982",),
}
"""Works behind the methods of composite indices."""


def methods_of_indices(result: StudyResult) -> tuple[list[Section], list[str]]:
    """Describe indices, inequality and what was asked of networks.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    sections : list of Section
        None for what the study does not ask.
    cited : list of str
        Keys of works.
    """
    sections, cited = [], []
    for section, keys in (
        _indices(result),
        _inequality(result),
        _networks(result),
        _curves(result),
    ):
        if section is not None:
            sections.append(section)
            cited += keys
    return sections, cited


def _indices(result: StudyResult) -> tuple[Section | None, list[str]]:
    if not result.indices:
        return None, []
    words, cited = words_of(result), []
    points = []
    for run in result.indices.values():
        text, keys = index_method(result, run)
        points.append(words("method_named", name=result.study.column_label(run.name), text=text))
        cited += keys
    section = Section("methods-indices", words("report_indices"), points=tuple(points))
    return section, cited


def index_method(result: StudyResult, run: IndexRun) -> tuple[str, list[str]]:
    """Describe how an index was made."""
    words, study, section = words_of(result), result.study, run.section

    def named(columns: tuple[str, ...]) -> str:
        return words.listing([words.inside(study.column_label(column)) for column in columns])

    if isinstance(section, CompositeSection):
        return _composite(result, run, section)
    if isinstance(section, QuotientSection):
        text = words("method_quotient", sector=named((section.of,)), whole=named((section.by,)))
        symmetric = words("method_quotient_symmetric") if section.symmetric else ""
        return words.sentences(text, symmetric), []
    if isinstance(section, CollaborativeSection):
        text = words(
            f"method_collaborative_{section.variant.replace(' ', '_')}",
            sectors=named(section.of),
            whole=named((section.by,)),
        )
        return text, ["chen2012"]
    if isinstance(section, SpecialisationSection):
        text = words(
            f"method_specialisation_{section.measure}",
            count=words.count(len(section.sectors)),
            benchmark=words(f"benchmark_{section.benchmark.replace(' ', '_')}"),
        )
        return text, ["krugman1991"] if section.measure == "krugman" else []
    assert isinstance(section, CouplingSection)
    text = words(f"method_coupling_{section.form}", systems=named(section.of))
    return text, ["wang2021"]


def _composite(
    result: StudyResult, run: IndexRun, section: CompositeSection
) -> tuple[str, list[str]]:
    words, made = words_of(result), run.composite
    assert made is not None
    standardised = str(made.configuration.options["standardise"])
    key = standardised.replace("-", "_").replace(" ", "_")
    text = [
        words(
            "method_composite",
            count=words.count(len(section.indicators)),
            standardised=words(f"standardised_{key}"),
        ),
        words(f"method_weights_of_{section.method.replace('-', '_')}"),
    ]
    cited = list(METHOD_WORKS.get(section.method, ()))
    if section.combine:
        methods = [words.inside(method_words(result, one)) for one in section.combine]
        text.append(words("method_combined", methods=words.listing(methods)))
        cited += [key for one in section.combine for key in METHOD_WORKS.get(one, ())]
    if run.sensitivity is not None:
        text.append(words("method_index_sensitivity", draws=words.count(run.sensitivity.draws)))
        cited += ["saisana2005", "oecd2008"]
    return words.sentences(*text), cited


def _inequality(result: StudyResult) -> tuple[Section | None, list[str]]:
    section = result.study.inequality
    if section is None or not result.inequality:
        return None, []
    words = words_of(result)
    text, cited = [words("method_inequality")], ["theil1967"]
    if section.by is not None:
        text.append(
            words("method_inequality_by", by=words.inside(result.study.column_label(section.by)))
        )
    if section.group is not None:
        text.append(
            words("method_dagum", grouping=words.inside(group_label(result, section.group)))
        )
        cited += ["shorrocks1980", "dagum1997"]
    if section.convergence:
        text.append(words("method_convergence"))
        cited.append("barro1992")
    paragraphs = (words.sentences(*text),)
    return Section("methods-inequality", words("report_inequality"), paragraphs=paragraphs), cited


def _networks(result: StudyResult) -> tuple[Section | None, list[str]]:
    words, text, cited = words_of(result), [], []
    asked = [analysis.questions for analysis in result.networks.values()]
    if any(item.years is not None for item in asked):
        text.append(words("method_network_years"))
    if any(item.blocks is not None for item in asked):
        text.append(words("method_blocks"))
        cited += ["breiger1975", "burt1976"]
    if any(item.core is not None for item in asked):
        text.append(words("method_core"))
        cited.append("borgatti2000")
    removals = [item.robustness["random"] for item in asked if item.robustness]
    if removals:
        text.append(words("method_robustness", orders=words.count(len(removals[0].r_indices))))
        cited.append("schneider2011")
    if any(item.groups is not None for item in asked):
        text.append(words("method_group_flows"))
        cited.append("krackhardt1988b")
    if not text:
        return None, []
    paragraph = words.sentences(*text)
    return (
        Section(
            "methods-network-questions", words("report_network_questions"), paragraphs=(paragraph,)
        ),
        cited,
    )


def _curves(result: StudyResult) -> tuple[Section | None, list[str]]:
    words = words_of(result)
    if not any(model.curve is not None for model in result.models.values()):
        return None, []
    text = words("method_curve")
    return Section("methods-curve", words("report_curve"), paragraphs=(text,)), ["simonsohn2020"]
