"""Parts of a report on the questions asked of a spillover model, words before tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.findings_spillovers import (
    boundary_findings,
    cities_finding,
    effect_decimals,
    focus_words,
    group_findings,
    ladder_finding,
    ladder_level,
    others_hit,
    outcome_words,
    probability_words,
    received_table,
    shock_finding,
    shock_words,
    weights_finding,
)
from analyses.report_content import ReportFigure, ReportTable, Section
from analyses.report_words import Words, group_label, names_of, words_of
from shapefiles.number_texts import MISSING
from spatial.regression.comparison_table import significance_stars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyses.results import ModelRun, StudyResult
    from spatial.regression import GroupEffects, SpilloverBoundary

    Figures = Mapping[str, Sequence[ReportFigure]]

RANKED = 10
"""Cities of a ranking."""


def question_sections(
    result: StudyResult, model: ModelRun, key: str, figures: Figures
) -> list[Section]:
    """Build a part for each question that the study asks of a model.

    Parameters
    ----------
    result : StudyResult
    model : ModelRun
    key : str
        Of the section of the model; the parts add a word to it.
    figures : mapping of str to sequence of ReportFigure
        Pictures by ``<key>-<word>``.

    Returns
    -------
    list of Section
    """
    words = words_of(result)

    def part(word: str, told: Sequence[str], *tables: ReportTable) -> Section:
        return Section(
            f"{key}-{word.replace('_', '-')}",
            words(f"report_{word}"),
            paragraphs=tuple(told),
            figures=tuple(figures.get(f"{key}-{word.replace('_', '-')}", ())),
            tables=tables,
        )

    parts = []
    if model.ladder is not None:
        told = ladder_finding(result, model)
        parts.append(part("ladder", [told], ladder_table(result, model)))
    if model.comparison is not None:
        told = weights_finding(result, model)
        parts.append(part("weights_choice", [told], weights_choice_table(result, model)))
    if model.boundaries:
        tables = [boundary_table(result, model, sweep) for sweep in model.boundaries.values()]
        parts.append(part("boundary", boundary_findings(result, model), *tables))
    if model.groups:
        tables = [groups_table(result, model, group) for group in model.groups]
        parts.append(part("group_effects", group_findings(result, model), *tables))
    if model.cities is not None:
        told = cities_finding(result, model)
        parts.append(part("single_cities", [told], cities_table(result, model)))
    if model.shock is not None:
        parts.append(part("shock", [shock_finding(result, model)], shock_table(result, model)))
    return parts


def ladder_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """List the specification tests, each with its hypothesis."""
    words, ladder = words_of(result), model.ladder
    assert ladder is not None
    alpha = words.percent(ladder_level(ladder), 0)
    steps = [str(step) for step, _ in ladder.table.index]
    frame = pd.DataFrame(
        {
            words("report_step"): [
                words(f"ladder_{step.lower().replace(' ', '_')}") if step != before else ""
                for step, before in zip(steps, ["", *steps[:-1]], strict=True)
            ],
            words("report_hypothesis"): [
                words(f"ladder_{test.lower().replace(' ', '_')}") for _, test in ladder.table.index
            ],
            words("report_statistic"): ladder.table["statistic"].to_numpy(),
            words("report_df"): ladder.table["df"].astype(int).to_numpy(),
            words("column_p_value"): ladder.table["p_value"].to_numpy(),
            words("report_verdict", alpha=alpha): [
                words("report_rejected" if one else "report_not_rejected")
                for one in ladder.table["rejected"]
            ],
        }
    )
    return ReportTable(
        words("report_ladder_caption", model=model.section.name),
        frame,
        formats={words("report_statistic"): "decimal2", words("column_p_value"): "p"},
        notes=(words("report_ladder_note", alpha=alpha, weights=model.section.main_weights),),
        rules=_changes(steps),
    )


def _changes(values: Sequence[str]) -> tuple[int, ...]:
    """Positions at which a value differs from the one before."""
    return tuple(at for at in range(1, len(values)) if values[at] != values[at - 1])


def weights_choice_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """List weights x specifications with likelihoods, residual Moran and probabilities."""
    words, comparison = words_of(result), model.comparison
    assert comparison is not None
    table = comparison.table.drop(index=list(comparison.failures))
    names = [str(name) for name, _ in table.index]
    frame = pd.DataFrame(
        {
            words("column_weights"): [
                name if name != before else ""
                for name, before in zip(names, ["", *names[:-1]], strict=True)
            ],
            words("report_specification"): [str(word).upper() for _, word in table.index],
            words("fit_log_likelihood"): table["log_likelihood"].to_numpy(),
            words("fit_bic"): table["bic"].to_numpy(),
            words("report_spatial_parameter"): table["spatial"].to_numpy(),
            words("report_z"): table["spatial_z"].to_numpy(),
            words("report_residual_moran"): table["residual_moran"].to_numpy(),
            words("column_p_value"): table["residual_moran_p"].to_numpy(),
            words("report_posterior"): [
                probability_words(words, float(value)) for value in table["probability"]
            ],
        }
    )
    notes = [
        words(
            "report_weights_choice_note",
            permutations=words.count(int(comparison.configuration.options["permutations"])),
        )
    ]
    if comparison.notes:
        notes.append(words("report_weights_choice_scale"))
    if comparison.failures:
        failed = [f"{weights} {word.upper()}" for weights, word in comparison.failures]
        notes.append(words("report_weights_choice_failed", models=words.listing(failed)))
    return ReportTable(
        words("report_weights_choice_caption", model=model.section.name),
        frame,
        formats={
            words("fit_log_likelihood"): "decimal1",
            words("fit_bic"): "decimal1",
            words("report_z"): "decimal2",
            words("column_p_value"): "p",
            words("report_posterior"): "number",
        },
        notes=tuple(notes),
        rules=_changes(names),
    )


def boundary_table(result: StudyResult, model: ModelRun, sweep: SpilloverBoundary) -> ReportTable:
    """List the spillover at every distance of a sweep."""
    words, table = words_of(result), sweep.table
    section = model.section.boundary
    assert section is not None
    decimals = effect_decimals(float(table["indirect"].abs().median()))
    frame = pd.DataFrame(
        {
            words("report_distance_km"): [_distance(words, row, sweep) for row in _rows(table)],
            words("report_effect_indirect"): table["indirect"].to_numpy(),
            words("report_std_error"): table["indirect_se"].to_numpy(),
            words("column_p_value"): table["indirect_p"].to_numpy(),
            words("report_p_adjusted"): table["p_fdr"].to_numpy(),
            "ρ": table["rho"].to_numpy(),
            words("report_links"): table["links"].astype(int).to_numpy(),
            words("report_unlinked"): table["isolates"].astype(int).to_numpy(),
        }
    )
    notes = [
        words(f"report_boundary_note_{sweep.version}"),
        words("report_boundary_note", power=f"{section.power:g}"),
        words(f"report_boundary_scale_{section.scale.replace('-', '_')}"),
    ]
    variable = focus_words(result, model)
    return ReportTable(
        words(
            f"report_boundary_caption_{sweep.version}",
            model=model.section.name,
            variable=variable,
        ),
        frame,
        formats={
            words("report_distance_km"): "number",
            words("report_effect_indirect"): f"decimal{decimals}",
            words("report_std_error"): f"decimal{decimals}",
            words("column_p_value"): "p",
            words("report_p_adjusted"): "p",
        },
        notes=tuple(notes),
    )


def _rows(table: pd.DataFrame) -> list[tuple[float, float]]:
    return list(zip(table["lower"].astype(float), table["upper"].astype(float), strict=True))


def _distance(words: Words, limits: tuple[float, float], sweep: SpilloverBoundary) -> str:
    lower, upper = (words.number(value, 0) for value in limits)
    if sweep.version == "outer":
        return f"≥ {lower}"
    return f"≤ {upper}" if sweep.version == "inner" else f"{lower}–{upper}"


def groups_table(result: StudyResult, model: ModelRun, group: str) -> ReportTable:
    """Show what an average city of each group receives from each group."""
    words, effects = words_of(result), model.groups[group]
    cells, senders = _group_cells(words, effects)
    frame = cells[list(senders)].set_axis(
        [words("report_from_group", group=sender) for sender in senders], axis=1
    )
    frame.insert(0, words("report_receiver"), [str(name) for name in cells.index])
    return ReportTable(
        words(
            "report_groups_caption",
            model=model.section.name,
            variable=focus_words(result, model),
            grouping=words.inside(group_label(result, group)),
        ),
        frame.reset_index(drop=True),
        formats=dict.fromkeys(map(str, frame.columns[1:]), "number"),
        notes=(
            words("report_groups_note", outcome=outcome_words(result, model)),
            words("report_stars"),
        ),
    )


def _group_cells(words: Words, effects: GroupEffects) -> tuple[pd.DataFrame, list[str]]:
    """Write receivers x senders, value with stars and standard error."""
    table = received_table(effects)
    decimals = min(4, effect_decimals(float(table["value"].abs().median())))

    def cell(row: pd.Series) -> str:
        if not np.isfinite(row["error"]):
            return MISSING
        value = words.number(row["value"], decimals) + significance_stars(row["p"])
        return f"{value} ({words.number(row['error'], decimals)})"

    wide = table.apply(cell, axis=1).unstack("sender")
    return wide, [str(name) for name in wide.columns]


def cities_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """Rank the cities that pass most on to others."""
    words, cities = words_of(result), model.cities
    assert cities is not None
    top = cities.loc[
        cities["emitted"].abs().sort_values(ascending=False, kind="stable").index[:RANKED]
    ]
    columns: dict[str, object] = {
        words("report_rank"): range(1, len(top) + 1),
        words("city"): names_of(result).loc[top.index].to_numpy(),
    }
    for group in list(result.study.groups)[:1]:
        members = result.area.cities[group].astype(str)
        columns[group_label(result, group)] = members.loc[top.index].to_numpy()
    kinds = ("own", "emitted", "received")
    columns |= {words(f"column_{kind}"): top[kind].to_numpy() for kind in kinds}
    return ReportTable(
        words(
            "report_cities_caption",
            model=model.section.name,
            variable=focus_words(result, model),
        ),
        pd.DataFrame(columns),
        formats={
            words(f"column_{kind}"): f"decimal{effect_decimals(float(top[kind].abs().median()))}"
            for kind in kinds
        },
        notes=(words("report_cities_note", outcome=outcome_words(result, model)),),
    )


def shock_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """List the city of a shock, then those that it hits hardest."""
    words, shock = words_of(result), model.shock
    assert shock is not None
    others = others_hit(shock)
    top = others.head(RANKED)
    ids = [shock.city, *top.index]
    effect = [float(shock.table["effect"].loc[shock.city]), *top["effect"]]
    said = shock_words(result, model, shock)
    heading = words("report_effect_on", outcome=said["outcome"])
    frame = pd.DataFrame(
        {
            words("city"): names_of(result).loc[ids].to_numpy(),
            words("report_distance_km"): [0.0, *top["distance_km"]],
            heading: effect,
            words("report_share_of_spillover"): [np.nan, *top["share"]],
        }
    )
    return ReportTable(
        words("report_shock_caption", **{k: v for k, v in said.items() if k != "outcome"}),
        frame,
        formats={
            words("report_distance_km"): "integer",
            heading: f"decimal{effect_decimals(float(np.median(np.abs(effect))))}",
            words("report_share_of_spillover"): "percent1",
        },
        notes=(
            words(
                "report_shock_note",
                shown=words.count(len(top)),
                total=words.count(len(others)),
            ),
        ),
        rules=(1,),
    )
