"""From the results of a study to the content of its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analyses.findings import grouped_findings
from analyses.report_content import ReportContent, ReportFigure, ReportTable, Section
from analyses.report_dynamics import dynamics_section
from analyses.report_indices import indices_section
from analyses.report_methods import methods_section
from analyses.report_models import spillovers_section, weights_section
from analyses.report_network_questions import with_questions
from analyses.report_policy import policy_section
from analyses.report_references import works
from analyses.report_sections import (
    autocorrelation_section,
    maps_section,
    networks_section,
    resilience_section,
)
from analyses.report_warnings import limits_section
from analyses.report_words import outcome_label, words_of

if TYPE_CHECKING:
    from analyses.results import StudyResult

LONGEST_ENTRY = 400
"""Characters of a line of the passport that are printed; the table files hold all."""


def build_report(
    result: StudyResult, *, figures: Mapping[str, Sequence[ReportFigure]] | None = None
) -> ReportContent:
    """Gather what the report of a study says: only what was computed.

    Parameters
    ----------
    result : StudyResult
    figures : mapping of str to sequence of ReportFigure, optional
        Pictures by section: ``maps``, ``resilience``, ``networks``, ``autocorrelation``,
        ``spillovers``, ``dynamics-1`` and so on for each column that is followed.

    Returns
    -------
    ReportContent
        In the language of the study.
    """
    words, shown = words_of(result), figures or {}
    methods, cited = methods_section(result)
    sections = [
        policy_section(result),
        maps_section(result, shown) if shown.get("maps") else None,
        resilience_section(result, shown),
        indices_section(result, shown),
        with_questions(result, networks_section(result, shown), shown) if result.networks else None,
        autocorrelation_section(result, shown),
        dynamics_section(result, shown),
        spillovers_section(result, shown) if result.models else None,
        weights_section(result),
        passport_section(result),
        methods,
        limits_section(result),
        run_section(result),
    ]
    return ReportContent(
        title=result.study.titled(),
        subtitle=words(
            "report_subtitle",
            outcome=outcome_label(result),
            shocks=words.listing([shock.name for shock in result.study.shocks]),
        ),
        language=words.language,
        facts=study_facts(result),
        findings=tuple(
            (title, tuple(sentences)) for title, sentences in grouped_findings(result).items()
        ),
        caution=words("finding_caution"),
        sections=tuple(section for section in sections if section is not None),
        references=works(cited, words.language),
    )


def study_facts(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """List the facts on top of the page."""
    words, area = words_of(result), result.area
    years = area.years
    facts = [
        (words("report_fact_cities"), words.count(len(area.cities))),
        (words("report_fact_years"), words.years((int(years.min()), int(years.max())))),
        (words("report_fact_observations"), words.count(len(area.panel))),
        (words("report_fact_shocks"), words.count(len(result.study.shocks))),
        (words("report_fact_weights"), words.count(len(result.weights))),
        (words("report_fact_networks"), words.count(len(result.networks))),
        (words("report_fact_models"), words.count(len(result.models))),
    ]
    return tuple(facts)


def passport_section(result: StudyResult) -> Section:
    """Show what was read, checked, dropped, repaired and left missing."""
    words = words_of(result)
    frame = result.area.passport.to_frame(words.language)
    frame = frame.set_axis(
        [words(f"passport_{name}") for name in ("section", "item", "value")], axis=1
    )
    value = words("passport_value")
    frame[value] = [_shortened(text) for text in frame[value].astype(str)]
    table = ReportTable(
        words("passport_title"),
        frame,
        notes=(words("report_passport_note"), *_source(result)),
    )
    return Section("passport", words("passport_title"), tables=(table,))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_ENTRY else text[:LONGEST_ENTRY].rstrip(" ,") + " …"


def _source(result: StudyResult) -> tuple[str, ...]:
    note = result.study.source_note()
    return (words_of(result)("report_source", source=note),) if note else ()


def run_section(result: StudyResult) -> Section:
    """Show what is needed to run the study again."""
    words = words_of(result)
    rows = [(words("report_run_seed"), str(result.study.seed))]
    rows += [
        (words("report_run_version", name=name), str(version))
        for name, version in result.versions.items()
    ]
    rows += [
        (
            words("report_run_step", step=words.or_plain(step, step)),
            words("report_seconds", seconds=words.number(seconds, 1)),
        )
        for step, seconds in result.timings.items()
    ]
    frame = pd.DataFrame(rows, columns=[words("report_item"), words("column_value")])
    return Section(
        "run",
        words("report_run"),
        paragraphs=(words("report_run_again"),),
        tables=(ReportTable(words("report_run_caption"), frame),),
    )
