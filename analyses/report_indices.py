"""Sections of a report on indices and inequality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analyses.findings_indices import (
    index_findings,
    index_words,
    index_years_table,
    inequality_findings,
)
from analyses.indices.sensitivity import OTHER_METHODS
from analyses.report_content import ReportTable, Section
from analyses.report_sections import RANKED, in_section, source_notes
from analyses.report_words import group_label, names_of, words_of
from analyses.study_indices import CompositeSection
from analyses.tables_indices import indicators_table, method_words, sensitivity_table
from shapefiles.number_texts import MISSING

if TYPE_CHECKING:
    from analyses.report_sections import Figures
    from analyses.results import StudyResult
    from analyses.results_indices import IndexRun, InequalityRun


def indices_section(result: StudyResult, figures: Figures) -> Section | None:
    """Show every index and the inequality of columns; None where the study asks for neither."""
    if not result.indices and not result.inequality:
        return None
    words = words_of(result)
    parts = []
    for at, run in enumerate(result.indices.values(), start=1):
        parts.append(index_section(result, run, f"indices-{at}", figures))
    if result.inequality:
        parts.append(inequality_section(result, figures))
    return Section("indices", words("report_indices"), subsections=tuple(parts))


def index_section(result: StudyResult, run: IndexRun, key: str, figures: Figures) -> Section:
    """Show one index: words, indicators and weights, ranking, years, sensitivity."""
    tables = []
    if run.composite is not None:
        tables.append(indicator_system(result, run))
    tables += [index_ranking(result, run), index_by_year(result, run)]
    if run.sensitivity is not None:
        tables.append(index_sensitivity(result, run))
    if run.coupling is not None:
        tables.append(coupling_classes(result, run))
    return Section(
        key,
        index_words(result, run),
        points=tuple(index_findings(result, run)),
        figures=in_section(figures, key),
        tables=tuple(tables),
    )


def indicator_system(result: StudyResult, run: IndexRun) -> ReportTable:
    """List the indicators: dimension, unit, direction, weight."""
    words, table = words_of(result), indicators_table(result, run)
    made, section = run.composite, run.section
    assert made is not None
    assert isinstance(section, CompositeSection)
    columns: dict[str, object] = {}
    if len(made.dimension_weights) > 1:
        columns[words("column_dimension")] = [
            result.study.value_label(str(name)) for name in table["dimension"]
        ]
    columns |= {
        words("column_indicator"): table["meaning"].to_numpy(),
        words("column_unit"): [unit or words("report_no_unit") for unit in table["unit"]],
        words("column_direction"): table["direction"].to_numpy(),
        words("column_weight"): table["weight"].to_numpy(),
    }
    formats = {words("column_weight"): "decimal3"}
    if len(made.dimension_weights) > 1:
        columns[words("column_dimension_weight")] = table["dimension_weight"].to_numpy()
        formats[words("column_dimension_weight")] = "decimal3"
    columns[words("column_correlation_with_rest")] = table["correlation_with_rest"].to_numpy()
    formats[words("column_correlation_with_rest")] = "decimal2"
    standardised = str(made.configuration.options["standardise"])
    return ReportTable(
        words("report_indicators_caption", index=index_words(result, run)),
        pd.DataFrame(columns),
        formats=formats,
        notes=(
            words(
                "report_indicators_note",
                method=words.inside(method_words(result, section.method)),
                standardised=words(
                    f"standardised_{standardised.replace('-', '_').replace(' ', '_')}"
                ),
            ),
            *source_notes(result),
        ),
    )


def index_ranking(result: StudyResult, run: IndexRun) -> ReportTable:
    """Rank the cities by the index in its last year, with their rank in the first."""
    words, names = words_of(result), names_of(result)
    first, last = run.all_years[0], run.all_years[-1]
    order = run.of_year(last).dropna().sort_values(ascending=False, kind="stable")
    ranks = order.rank(ascending=False, method="min").astype(int)
    shown = order.index
    if len(order) > 2 * RANKED:
        shown = order.index[:RANKED].append(order.index[-RANKED:])
    columns: dict[str, object] = {
        words("report_rank"): ranks.loc[shown].to_numpy(),
        words("city"): names.loc[shown].to_numpy(),
    }
    for group in list(result.study.groups)[:1]:
        members = result.area.cities[group].astype(str)
        columns[group_label(result, group)] = members.loc[shown].to_numpy()
    heading = words("report_in_year", name=index_words(result, run), year=last)
    columns[heading] = order.loc[shown].to_numpy()
    if first != last:
        before = run.of_year(first).rank(ascending=False, method="min")
        columns[words("report_rank_in_year", year=first)] = (
            before.reindex(shown).astype("Int64").array
        )
    if run.sensitivity is not None:
        found = run.sensitivity.ranks.xs(last, level="year").reindex(shown)
        columns[words("report_rank_interval", level=words.percent(run.sensitivity.level, 0))] = [
            MISSING
            if pd.isna(low) or pd.isna(high)
            else f"{words.number(low, 0)}–{words.number(high, 0)}"
            for low, high in zip(found["rank_low"], found["rank_high"], strict=True)
        ]
    return ReportTable(
        words("report_index_ranking_caption", index=index_words(result, run), year=last),
        pd.DataFrame(columns),
        formats={heading: "decimal3"},
        notes=(
            words("report_index_ranking_note", ends=RANKED, total=words.count(len(order))),
            *source_notes(result),
        ),
        rules=(RANKED,) if len(order) > 2 * RANKED else (),
    )


def index_by_year(result: StudyResult, run: IndexRun) -> ReportTable:
    """Show the spread of the index in every year."""
    words = words_of(result)
    table = index_years_table(run)
    wording = {name: words(f"column_{name}") for name in table} | {"median": words("report_median")}
    frame = table.rename(columns=wording).reset_index(drop=True)
    frame.insert(0, words("year"), [str(int(year)) for year in table.index])
    return ReportTable(
        words("report_index_years_caption", index=index_words(result, run)),
        frame,
        notes=source_notes(result),
    )


def index_sensitivity(result: StudyResult, run: IndexRun) -> ReportTable:
    """Show how ranks move under other methods and without each indicator."""
    words, tested = words_of(result), run.sensitivity
    assert tested is not None
    table = sensitivity_table(result, run)
    kinds = [words(f"change_{str(change).replace(' ', '_')}") for change, _ in table.index]
    first = [kind if at == 0 or kinds[at - 1] != kind else "" for at, kind in enumerate(kinds)]
    frame = pd.DataFrame(
        {
            words("column_change"): first,
            words("report_item"): table["meaning"].to_numpy(),
            words("column_spearman"): table["spearman"].to_numpy(),
            words("column_mean_shift"): table["mean_shift"].to_numpy(),
            words("column_largest_shift"): table["largest_shift"].to_numpy(),
        }
    )
    skipped = [method_words(result, name) for name in tested.skipped if name in OTHER_METHODS]
    notes = [words("report_index_sensitivity_note")]
    if skipped:
        notes.append(words("report_index_skipped", methods=words.listing(skipped)))
    return ReportTable(
        words("report_index_sensitivity_caption", index=index_words(result, run)),
        frame,
        formats={
            words("column_spearman"): "decimal2",
            words("column_mean_shift"): "decimal1",
            words("column_largest_shift"): "integer",
        },
        notes=tuple(notes),
        rules=tuple(at for at, kind in enumerate(first) if kind and at),
    )


def coupling_classes(result: StudyResult, run: IndexRun) -> ReportTable:
    """Count the cities in every class of coordination, for the mapped years."""
    words = words_of(result)
    assert run.coupling is not None
    table = run.coupling.table
    counts = {}
    for year in run.years:
        classes = table["coordination_class"].xs(year, level="year")
        counts[f"{year}"] = classes.value_counts()
    frame = pd.DataFrame(counts).fillna(0).astype(int)
    order = table[["level", "coordination_class"]].dropna().drop_duplicates().sort_values("level")
    frame = frame.reindex([code for code in order["coordination_class"] if code in frame.index])
    wording = [words(f"class_{code}") for code in frame.index]
    frame.insert(0, words("column_coordination_class"), wording)
    return ReportTable(
        words("report_coupling_caption", index=index_words(result, run)),
        frame.reset_index(drop=True),
        notes=(words("report_coupling_note"),),
    )


def inequality_section(result: StudyResult, figures: Figures) -> Section:
    """Show inequality between cities, its sources, and convergence."""
    words, runs = words_of(result), result.inequality
    tables = []
    for run in runs.values():
        tables.append(inequality_table(result, run))
        if run.dagum is not None:
            tables += [dagum_table(result, run), dagum_pairs_table(result, run)]
    if any(run.beta is not None for run in runs.values()):
        tables.append(convergence_table(result))
    points = [one for run in runs.values() for one in inequality_findings(result, run)]
    return Section(
        "inequality",
        words("report_inequality"),
        points=tuple(points),
        figures=in_section(figures, "inequality"),
        tables=tuple(tables),
    )


def inequality_table(result: StudyResult, run: InequalityRun) -> ReportTable:
    """List the measures of inequality by year."""
    words, table = words_of(result), run.table
    columns: dict[str, object] = {words("year"): [str(year) for year in run.years]}
    for name in ("gini", "theil_t", "theil_l", "variation"):
        columns[words(f"column_{name}")] = table[name].to_numpy()
    formats = {}
    if run.theil is not None and run.group is not None:
        heading = words(
            "report_theil_between", grouping=words.inside(group_label(result, run.group))
        )
        columns[heading] = (run.theil["between_share"] / 100).to_numpy()
        formats[heading] = "percent1"
    weighted = words("report_inequality_plain")
    if run.by is not None:
        weighted = words("report_inequality_by", by=words.inside(result.study.column_label(run.by)))
    return ReportTable(
        words("report_inequality_caption", column=result.study.column_label(run.column)),
        pd.DataFrame(columns),
        formats=formats,
        notes=(
            words("report_inequality_note", n=words.count(run.n), weighted=weighted),
            *source_notes(result),
        ),
    )


def dagum_table(result: StudyResult, run: InequalityRun) -> ReportTable:
    """List the sources of the Gini coefficient by year."""
    words = words_of(result)
    assert run.dagum is not None
    assert run.group is not None
    table = run.dagum.table
    columns: dict[str, object] = {words("year"): [str(year) for year in run.years]}
    formats = {}
    for name in ("gini", "within", "between", "transvariation"):
        columns[words(f"column_{name}")] = table[name].to_numpy()
    for name in ("within_share", "between_share", "transvariation_share"):
        heading = words(f"column_{name}")
        columns[heading] = table[name].to_numpy()
        formats[heading] = "decimal1"
    return ReportTable(
        words(
            "report_dagum_caption",
            column=result.study.column_label(run.column),
            grouping=words.inside(group_label(result, run.group)),
        ),
        pd.DataFrame(columns),
        formats=formats,
        notes=(words("report_dagum_note"), *source_notes(result)),
    )


def dagum_pairs_table(result: StudyResult, run: InequalityRun) -> ReportTable:
    """Show the Gini coefficient inside and between groups, in the first and the last year."""
    words, dagum = words_of(result), run.dagum
    assert dagum is not None
    assert run.group is not None
    years = list(dict.fromkeys((run.years[0], run.years[-1])))
    rows: dict[str, dict[str, float]] = {}
    for year in years:
        for group, value in dagum.groups["gini"].xs(year, level="year").items():
            key = words("report_dagum_inside", group=group)
            rows.setdefault(key, {})[str(year)] = float(value)
    for year in years:
        for pair, value in dagum.pairs["gini"].xs(year, level="year").items():
            first, second = sorted(map(str, pair))  # type: ignore[call-overload]
            key = words("report_dagum_pair", first=first, second=second)
            rows.setdefault(key, {})[str(year)] = float(value)
    frame = pd.DataFrame(rows).T
    frame.insert(0, words("report_group"), frame.index)
    inside = dagum.groups.index.get_level_values("group").nunique()
    return ReportTable(
        words(
            "report_dagum_pairs_caption",
            column=result.study.column_label(run.column),
            grouping=words.inside(group_label(result, run.group)),
        ),
        frame.reset_index(drop=True),
        notes=(words("report_dagum_pairs_note"), *source_notes(result)),
        rules=(inside,),
    )


def convergence_table(result: StudyResult) -> ReportTable:
    """List trends of dispersion and the coefficients of beta convergence."""
    words = words_of(result)
    rows = []
    for run in result.inequality.values():
        if run.beta is None or run.sigma is None:
            continue
        trend = run.sigma.attrs.get("trend", {})
        row = run.beta.table.to_dict("index")["initial_level"]
        rows.append(
            {
                words("report_variable"): result.study.column_label(run.column),
                words("report_years_covered"): words.years((run.years[0], run.years[-1])),
                words("report_sigma_trend"): trend.get("slope", float("nan")),
                words("report_sigma_p"): trend.get("p_value", float("nan")),
                words("report_beta"): float(row["estimate"]),
                words("report_std_error"): float(row["std_error"]),
                words("column_p_value"): float(row["p_value"]),
                words("column_half_life_years"): run.beta.half_life,
            }
        )
    return ReportTable(
        words("report_convergence_caption"),
        pd.DataFrame(rows),
        formats={
            words("report_sigma_trend"): "decimal4",
            words("report_sigma_p"): "p",
            words("report_beta"): "decimal4",
            words("report_std_error"): "decimal4",
            words("column_p_value"): "p",
            words("column_half_life_years"): "integer",
        },
        notes=(words("report_convergence_note"),),
    )
