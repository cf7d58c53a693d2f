"""Limits and warnings of a study in the language of its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses.findings_indices import remark_text
from analyses.report_content import Section
from analyses.report_words import measures_of, short_names_of, variable_label, words_of
from analyses.shared_columns import shared_in_models, shared_in_resilience, shared_in_weights
from analyses.words_dynamics import column_words

if TYPE_CHECKING:
    from analyses.results import StudyResult
    from spatial.weights import WeightsReport


NAMED = 10
"""Cities named in a warning."""

FAR_OUT = 8.0
"""Robust standard deviations from the median beyond which a growth rate is doubted."""

NORMAL_MAD = 1.4826
"""Standard deviation of a normal variable over its median absolute deviation."""


def limits_section(result: StudyResult) -> Section:
    """Say what a reader has to know before believing a number."""
    words = words_of(result)
    general = [
        words("limit_association"),
        words("limit_benchmark"),
        words("limit_ratio"),
        words("limit_weights"),
    ]
    if result.networks:
        general.append(words("limit_networks"))
    found = study_warnings(result)
    return Section(
        "limits",
        words("report_limits"),
        subsections=(
            Section("limits-general", words("report_limits_general"), points=tuple(general)),
            Section(
                "limits-study",
                words("report_limits_study"),
                paragraphs=() if found else (words("report_no_warnings"),),
                points=tuple(found),
            ),
        ),
    )


def study_warnings(result: StudyResult) -> list[str]:
    """List the warnings of weights, resilience, local statistics and models.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str
        Sentences in the language of the study.
    """
    words = words_of(result)
    found = []
    for name, report in result.weights_reports.items():
        found += [
            words("warning_of_weights", name=name, text=text)
            for text in weights_warnings(result, report)
        ]
    national = result.resilience.national
    for shock, flag in zip(national.index.get_level_values("shock"), national["flag"], strict=True):
        if flag:
            found.append(words("warning_of_shock", shock=shock, text=words(f"flag_{flag}")))
    found += extreme_warnings(result)
    for shock, measure in measures_of(result):
        count = int(result.measures[(shock, measure)].isna().sum())
        values = {"shock": shock, "measure": words(measure), "count": words.count(count)}
        if count:
            found.append(words("warning_untested", **values))
    for (shock, measure), local in result.local.items():
        if local.warnings:
            text = words("warning_resolution", permutations=words.count(local.permutations))
            found.append(words("warning_of_local", shock=shock, measure=words(measure), text=text))
    found += dynamics_warnings(result)
    found += index_warnings(result)
    for name, model in result.models.items():
        if model.remarks:
            text = words("warning_years", years=words.years(model.years))
            found.append(words("warning_of_model", model=name, text=text))
    return found


def dynamics_warnings(result: StudyResult) -> list[str]:
    """Say what was left out of the dynamics, and which of their tests are weak or rough."""
    if result.dynamics is None:
        return []
    words, found = words_of(result), []
    for known in result.dynamics.columns.values():
        values = {
            "column": column_words(result.study, known.column),
            "count": words.count(len(known.left_out)),
            "years": words.count(len(known.years)),
        }
        if known.left_out:
            found.append(words("warning_left_out", **values))
        if known.local is not None and known.local.warnings:
            text = words("warning_resolution", permutations=words.count(known.local.permutations))
            found.append(words("warning_dynamics_resolution", text=text, **values))
        if any(one is not None and one.warnings for one in (known.emerging, known.trends)):
            found.append(words("warning_short_panel", **values))
        if any(test.warnings for test in known.markov_tests.values()):
            found.append(words("warning_few_transitions", **values))
    return found


def index_warnings(result: StudyResult) -> list[str]:
    """Say the remarks on indices and inequality, and what rests on columns that are shared."""
    words, study = words_of(result), result.study
    found = []
    for kind, runs in (("index", result.indices), ("inequality", result.inequality)):
        for name, run in runs.items():
            for remark in run.remarks:
                text = remark_text(result, remark.key, remark.values)
                found.append(words(f"warning_of_{kind}", name=study.column_label(name), text=text))

    def listed(columns: frozenset[str]) -> str:
        return words.listing([study.column_label(column) for column in sorted(columns)])

    outcome = study.column_label(study.resilience.outcome)
    for name, shared in shared_in_resilience(result):
        index = study.column_label(name)
        found.append(
            words("warning_shared_index", index=index, outcome=outcome, columns=listed(shared))
        )
    for name, variable, left, shared in shared_in_models(result):
        said = {"variable": variable_label(result, variable), "left": variable_label(result, left)}
        found.append(words("warning_shared_model", model=name, **said, columns=listed(shared)))
    for name, weights, network, shared in shared_in_weights(result):
        found.append(
            words(
                "warning_shared_weights",
                model=name,
                weights=weights,
                network=network,
                columns=listed(shared),
            )
        )
    return found


def extreme_warnings(result: StudyResult) -> list[str]:
    """Name the cities whose growth in a phase lies too far out to be taken on trust.

    Too far is more than ``FAR_OUT`` robust standard deviations (1.4826 times the median absolute
    deviation) from the median city.
    """
    words, names = words_of(result), short_names_of(result)
    found = []
    for shock in result.study.shocks:
        table = result.resilience.of(shock.name)
        for kind in ("resistance", "recovery"):
            growth = table[f"{kind}_growth"]
            distance = (growth - growth.median()).abs()
            far = growth[distance > FAR_OUT * NORMAL_MAD * distance.median()]
            if far.empty or distance.median() == 0:
                continue
            shown = far.loc[distance[far.index].sort_values(ascending=False).index[:NAMED]]
            cities = [
                words("finding_city_with_growth", city=city, growth=words.percent(value))
                for city, value in zip(names.loc[shown.index], shown, strict=True)
            ]
            found.append(
                words(
                    "warning_extreme",
                    shock=shock.name,
                    phase=words(kind),
                    cities=words.some(cities, len(far)),
                )
            )
    return found


def weights_warnings(result: StudyResult, report: WeightsReport) -> list[str]:
    """Say the warnings of a weights report in the language of the study, with names of cities."""
    words, names = words_of(result), short_names_of(result)
    islands = len(report.islands)
    shown = [str(name) for name in names.loc[report.islands[:NAMED]]]
    return [
        words(
            f"warning_{code}",
            islands=words.count(islands),
            names=words.some(shown, islands),
            components=words.count(report.components_weak),
        )
        for code in report.warning_codes
    ]
