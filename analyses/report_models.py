"""Sections of a report on spillover models and on the validity of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyses.findings import model_findings
from analyses.report_content import ReportTable, Section
from analyses.report_methods import formula_words, weights_words
from analyses.report_sections import in_section, source_notes
from analyses.report_spillovers import question_sections
from analyses.report_words import Words, group_label, variable_label, words_of
from analyses.specification_curves import curve_section
from shapefiles.number_texts import MISSING
from spatial.regression.comparison_table import significance_stars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyses.report_sections import Figures
    from analyses.results import ModelRun, StudyResult

EFFECT_KINDS = ("direct", "indirect", "total")


def spillovers_section(result: StudyResult, figures: Figures) -> Section:
    """Show each spillover model: what it says, coefficients, effects."""
    words = words_of(result)
    parts = []
    for at, (name, model) in enumerate(result.models.items()):
        key = f"spillovers-{at + 1}"
        effects = (effects_table(result, model),) if model.effects is not None else ()
        parts.append(
            Section(
                key,
                name,
                points=tuple(model_findings(result, model)),
                figures=in_section(figures, key),
                tables=(coefficient_table(result, model), *effects),
                subsections=(
                    *question_sections(result, model, key, figures),
                    *((curve_section(result, model, key, figures),) if model.curve else ()),
                ),
            )
        )
    return Section(
        "spillovers",
        words("report_spillovers"),
        paragraphs=(words("report_spillovers_reading"),),
        figures=in_section(figures, "spillovers"),
        tables=tuple(side_by_side_tables(result)),
        subsections=tuple(parts),
    )


def coefficient_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """List the coefficients of a model, then how well it fits."""
    words = words_of(result)
    terms = model.result.tidy()
    estimate, error = words("report_estimate"), words("report_std_error")
    z, p = words("report_z"), words("column_p_value")
    before, corrected = words("report_uncorrected"), model.result.bias_correction == "lee-yu"
    rows: list[dict[str, str]] = [
        {
            words("report_term"): term_words(result, model, str(term)),
            estimate: words.number(row["estimate"], 4) + significance_stars(row["p_value"]),
            **({before: words.number(row["uncorrected"], 4)} if corrected else {}),
            error: words.number(row["std_error"], 4),
            z: words.number(row["z"], 2),
            p: words.p_cell(row["p_value"]),
        }
        for term, row in terms.iterrows()
    ]
    coefficients = len(rows)
    rows += [
        {**dict.fromkeys(rows[0], ""), words("report_term"): name, estimate: value}
        for name, value in fit_rows(result, model)
    ]
    section = model.section
    return ReportTable(
        words("report_coefficients_caption", model=section.name),
        pd.DataFrame(rows),
        formats=dict.fromkeys((estimate, before, error, z, p), "number"),
        notes=(
            words("report_outcome_note", formula=formula_words(result, section.formula)),
            words(
                "report_weights_note",
                weights=section.main_weights,
                text=weights_words(result, section.main_weights),
            ),
            words(f"report_estimator_{estimator_word(model)}"),
            words("report_stars"),
            *source_notes(result),
        ),
        rules=(coefficients,),
    )


def term_words(result: StudyResult, model: ModelRun, term: str) -> str:
    """Write a term of a model: a column by its wording, its spatial lag with W in front."""
    words = words_of(result)
    if term in ("rho", "lambda", "const"):
        outcome = variable_label(result, model.section.formula.partition("~")[0])
        return words(f"report_term_{term}", outcome=outcome)
    lagged = term.removeprefix("W ")
    wording = variable_label(result, lagged)
    return wording if lagged == term else words("report_term_lag", variable=wording)


def fit_rows(result: StudyResult, model: ModelRun) -> list[tuple[str, str]]:
    """Lines below the coefficients: fixed effects, correction, counts, fit."""
    words, effects = words_of(result), model.section.effects
    yes, no = words("report_yes"), words("report_no")
    of_cities = yes if effects in ("city", "two-way") else no
    if effects in ("random", "correlated-random"):
        of_cities = words("report_random")
    rows = [
        (words("report_city_effects"), of_cities),
        (words("report_year_effects"), yes if effects in ("year", "two-way") else no),
        (
            words("report_bias_correction"),
            words(f"bias_{model.result.bias_correction.replace('-', '_')}"),
        ),
        (words("report_covariance"), covariance_words(result, model)),
        (words("report_model_years"), words.years(model.years)),
    ]
    for key, value in model.result.glance().items():
        known = FIT_LINES.get(str(key))
        if known is not None:
            rows.append((words(f"fit_{key}"), _fit_value(words, value, known)))
    return rows


def estimator_word(model: ModelRun) -> str:
    """Word of the sentence about the estimator: its correction of bias, or random effects."""
    if model.section.effects in ("random", "correlated-random"):
        return "random"
    return model.result.bias_correction.replace("-", "_")


def covariance_words(result: StudyResult, model: ModelRun) -> str:
    """Say which standard errors a model has."""
    words, section = words_of(result), model.section
    options = model.result.configuration.options
    if section.cluster_by is not None:
        group = words.inside(group_label(result, section.cluster_by))
        return words("covariance_cluster_by", group=group)
    return words(
        f"covariance_{section.covariance.replace('-', '_')}",
        lags=options.get("lags", ""),
        cutoff=words.number(options.get("cutoff_km"), 0),
    )


FIT_LINES = {
    "n_cities": 0,
    "n_years": 0,
    "n_observations": 0,
    "log_likelihood": 2,
    "sigma2": 6,
    "r_squared": 3,
    "r_squared_within": 3,
    "corr2": 3,
    "aic": 1,
    "bic": 1,
}
"""Lines of fit that are printed, with their decimals."""


def _fit_value(words: Words, value: Any, decimals: int) -> str:
    if isinstance(value, int | float | np.number):
        return words.number(float(value), decimals)
    return str(value)


def effects_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """List direct, indirect and total effects with standard errors in brackets."""
    words = words_of(result)
    assert model.effects is not None
    rows: dict[str, list[str]] = {words("report_variable"): []}
    for kind in EFFECT_KINDS:
        rows[words(f"report_effect_{kind}")] = []
        rows[words(f"report_effect_{kind}_p")] = []
    for variable, row in model.effects.table.iterrows():
        rows[words("report_variable")].append(variable_label(result, str(variable)))
        for kind in EFFECT_KINDS:
            error = words.number(row[f"{kind}_se"], 4)
            value = words.number(row[kind], 4) + significance_stars(row[f"{kind}_p"])
            rows[words(f"report_effect_{kind}")].append(f"{value} ({error})")
            rows[words(f"report_effect_{kind}_p")].append(words.p_cell(row[f"{kind}_p"]))
    frame = pd.DataFrame(rows)
    method = words(f"report_inference_{model.effects.inference}", draws=model.effects.draws)
    return ReportTable(
        words("report_effects_caption", model=model.section.name),
        frame,
        formats=dict.fromkeys(frame.columns[1:], "number"),
        notes=(words("report_effects_note", inference=method), words("report_stars")),
    )


MOST_COLUMNS = 7
"""Models side by side in one table of a page; the table files hold all."""

SIDE_LINES = ("n_cities", "n_observations", "log_likelihood", "r_squared_within")
"""Lines of fit below models side by side."""


def side_by_side_tables(result: StudyResult) -> list[ReportTable]:
    """Put models of the same outcome side by side, each with each of its weights."""
    outcomes: dict[str, list[tuple[ModelRun, str]]] = {}
    for model in result.models.values():
        outcome = model.section.formula.partition("~")[0].strip()
        outcomes.setdefault(outcome, []).extend((model, name) for name in model.fits)
    return [
        side_by_side(result, outcome, columns[start : start + MOST_COLUMNS])
        for outcome, columns in outcomes.items()
        for start in range(0, len(columns), MOST_COLUMNS)
        if len(columns) > 1
    ]


def side_by_side(
    result: StudyResult, outcome: str, columns: Sequence[tuple[ModelRun, str]]
) -> ReportTable:
    """Put some models side by side: coefficients with standard errors, then what they are."""
    words = words_of(result)
    terms: dict[str, None] = {}
    for model, name in columns:
        terms |= dict.fromkeys(map(str, model.fits[name].result.coefficients.index))
    last = [term for term in ("rho", "lambda") if term in terms]
    order = [*(term for term in terms if term not in last), *last]
    model, _ = columns[0]
    frame = pd.DataFrame(
        {words("report_term"): [term_words(result, model, term) for term in order]}
    )
    below = pd.DataFrame({words("report_term"): _side_labels(words)})
    for at, (model, name) in enumerate(columns, start=1):
        fit = model.fits[name].result
        table = fit.tidy().reindex(order)
        head = f"({at}) {model.section.name}"
        frame[head] = [
            MISSING
            if pd.isna(row["estimate"])
            else f"{words.number(row['estimate'], 3)}{significance_stars(row['p_value'])} "
            f"({words.number(row['std_error'], 3)})"
            for _, row in table.iterrows()
        ]
        facts = fit.glance()
        below[head] = [
            name,
            model.section.specification.upper(),
            words(f"effects_{model.section.effects.replace('-', '_')}"),
            covariance_words(result, model),
            *(_fit_value(words, facts[line], FIT_LINES[line]) for line in SIDE_LINES),
        ]
    whole = pd.concat([frame, below], ignore_index=True)
    return ReportTable(
        words("report_models_caption", outcome=variable_label(result, outcome)),
        whole,
        formats=dict.fromkeys(map(str, whole.columns[1:]), "number"),
        notes=(words("report_models_note"), words("report_stars"), *source_notes(result)),
        rules=(len(frame),),
    )


def _side_labels(words: Words) -> list[str]:
    keys = ("column_weights", "report_specification", "column_effects_type", "report_covariance")
    return [*map(words, keys), *(words(f"fit_{line}") for line in SIDE_LINES)]


def weights_section(result: StudyResult) -> Section:
    """Show how valid the spatial weights are."""
    words = words_of(result)
    return Section(
        "weights",
        words("report_weights"),
        paragraphs=(words("report_weights_reading"),),
        tables=(weights_table(result),),
    )


def weights_table(result: StudyResult) -> ReportTable:
    """Put the validity reports of all weights side by side."""
    words = words_of(result)
    columns: dict[str, list[str]] = {}
    items: list[str] = []
    for name, report in result.weights_reports.items():
        low, high = report.rho_interval
        values = {
            "transform": words(f"transform_{report.transform.replace('-', '_')}"),
            "n_links": words.count(report.n_links),
            "share_nonzero": words.percent(report.share_nonzero),
            "neighbours": words(
                "report_span",
                low=words.count(report.neighbours_min),
                mean=words.number(report.neighbours_mean, 1),
                high=words.count(report.neighbours_max),
            ),
            "islands": words.count(len(report.islands)),
            "components_weak": words.count(report.components_weak),
            "components_strong": words.count(report.components_strong),
            "symmetric": words("report_yes" if report.symmetric else "report_no"),
            "row_stochastic": words("report_yes" if report.row_stochastic else "report_no"),
            "largest_eigenvalue": words.number(report.largest_eigenvalue),
            "smallest_real_eigenvalue": words.number(report.smallest_real_eigenvalue),
            "rho_interval": words(
                "report_interval", low=words.number(low), high=words.number(high)
            ),
            "column_sums": words(
                "report_range",
                low=words.number(report.column_sum_min, 2),
                high=words.number(report.column_sum_max, 2),
            ),
            "top_share": words.percent(report.top_share),
        }
        items = [words(f"validity_{key}") for key in values]
        columns[name] = list(values.values())
    frame = pd.DataFrame({words("report_item"): items, **columns})
    described = [
        words("weights_note", name=name, text=weights_words(result, name))
        for name in result.weights
    ]
    return ReportTable(
        words("table_weights"),
        frame,
        formats=dict.fromkeys(columns, "number"),
        notes=(*described, words("report_weights_table_note")),
    )
