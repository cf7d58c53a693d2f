"""Parts of a report on what was asked of a network: years, blocks, core, removal, groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from analyses.findings_indices import (
    blocks_finding,
    core_finding,
    groups_finding,
    left_after,
    robustness_finding,
    years_finding,
)
from analyses.report_content import ReportTable, Section
from analyses.report_sections import RANKED, in_section, source_notes
from analyses.report_words import group_label, names_of, words_of
from analyses.tables_indices import role_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyses.report_sections import Figures
    from analyses.results import NetworkAnalysis, StudyResult

REPORTED_STRUCTURE = (
    "n_links",
    "density",
    "connectedness",
    "hierarchy",
    "efficiency_undirected",
    "efficiency_global",
    "average_path_length",
    "transitivity",
    "centralisation_betweenness",
    "whole_flow",
)
"""Measures of networks that the report shows year by year."""


def with_questions(result: StudyResult, section: Section, figures: Figures) -> Section:
    """Put what was asked of each network under the part of that network.

    Parameters
    ----------
    result : StudyResult
    section : Section
        Of all networks, a part for each in the order of the study.
    figures : mapping of str to sequence of ReportFigure

    Returns
    -------
    Section
    """
    parts = [
        replace(
            part,
            figures=(*part.figures, *in_section(figures, part.key)),
            subsections=(
                *part.subsections,
                *network_question_sections(result, analysis, part.key, figures),
            ),
        )
        for part, analysis in zip(section.subsections, result.networks.values(), strict=True)
    ]
    return replace(section, subsections=tuple(parts))


def network_question_sections(
    result: StudyResult, analysis: NetworkAnalysis, key: str, figures: Figures
) -> Iterator[Section]:
    """Yield a section for each question asked of a network."""
    words, asked = words_of(result), analysis.questions

    def part(name: str, told: str, *tables: ReportTable) -> Section:
        return Section(
            f"{key}-{name}",
            words(f"report_network_{name}"),
            paragraphs=(told,),
            figures=in_section(figures, f"{key}-{name}"),
            tables=tables,
        )

    if asked.years is not None:
        yield part("years", years_finding(result, analysis), structure_by_year(result, analysis))
    if asked.blocks is not None:
        yield part(
            "blocks",
            blocks_finding(result, analysis),
            block_roles_table(result, analysis),
            block_density_table(result, analysis),
        )
    if asked.core is not None:
        yield part("core", core_finding(result, analysis), core_table(result, analysis))
    if asked.robustness:
        yield part(
            "robustness", robustness_finding(result, analysis), robustness_table(result, analysis)
        )
    if asked.groups is not None:
        yield part("groups", groups_finding(result, analysis), group_flows_table(result, analysis))


def structure_by_year(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """Put the structure of the yearly backbones side by side."""
    words, years = words_of(result), analysis.questions.years
    assert years is not None
    values = years.measures[list(REPORTED_STRUCTURE)].T
    wording = [words.or_plain(f"structure_{name}", str(name)) for name in values.index]
    cells = {
        str(year): [_measure_cell(result, str(name), value) for name, value in values[year].items()]
        for year in values.columns
    }
    frame = pd.DataFrame({words("column_measure"): wording, **cells})
    return ReportTable(
        words("report_network_years_caption", network=analysis.name),
        frame,
        formats=dict.fromkeys(cells, "number"),
        notes=(
            words(
                "report_network_years_note",
                backbone=words(f"backbone_{analysis.shown}"),
                unit=years.sequence.unit,
            ),
            *source_notes(result),
        ),
    )


def _measure_cell(result: StudyResult, name: str, value: float) -> str:
    words = words_of(result)
    if name in ("n_links", "whole_flow"):
        return words.count(round(value))
    return words.number(value, 2 if name == "average_path_length" else 3)


def block_roles_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """List the blocks with what they send and receive, and their role."""
    words, blocks = words_of(result), analysis.questions.blocks
    assert blocks is not None
    roles = blocks.roles
    frame = pd.DataFrame(
        {
            words("column_block"): [str(block) for block in roles.index],
            words("column_n_cities"): roles["cities"].to_numpy(),
            words("column_links_inside"): roles["internal"].to_numpy(),
            words("column_links_sent"): roles["sent"].to_numpy(),
            words("column_links_received"): roles["received"].to_numpy(),
            words("column_expected_internal_share"): roles["expected_internal_share"].to_numpy(),
            words("column_internal_share"): roles["internal_share"].to_numpy(),
            words("column_role"): [role_words(result, str(role)) for role in roles["role"]],
        }
    )
    return ReportTable(
        words("report_block_roles_caption", network=analysis.name),
        frame,
        formats={
            words("column_expected_internal_share"): "percent1",
            words("column_internal_share"): "percent1",
        },
        notes=(words("report_block_roles_note"),),
    )


def block_density_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """Show densities between blocks, those of the image in bold words."""
    words, blocks = words_of(result), analysis.questions.blocks
    assert blocks is not None
    cells = {
        words("report_to_block", block=column): [
            words.number(density, 4) + (" •" if image else "")
            if pd.notna(density)
            else words.number(density)
            for density, image in zip(blocks.density[column], blocks.image[column], strict=True)
        ]
        for column in blocks.density.columns
    }
    names = [words("report_block", block=block) for block in blocks.density.index]
    return ReportTable(
        words("report_block_density_caption", network=analysis.name),
        pd.DataFrame({words("report_from_block"): names, **cells}),
        formats=dict.fromkeys(cells, "number"),
        notes=(
            words("report_block_density_note", density=words.number(blocks.overall_density, 4)),
        ),
    )


def core_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """List the cities of the core by their coreness."""
    words, core = words_of(result), analysis.questions.core
    assert core is not None
    table = core.table[core.table["core"]].sort_values("coreness", ascending=False, kind="stable")
    top = table.head(2 * RANKED)
    columns: dict[str, object] = {
        words("report_rank"): range(1, len(top) + 1),
        words("city"): names_of(result).loc[top.index].to_numpy(),
    }
    for group in list(result.study.groups)[:1]:
        members = result.area.cities[group].astype(str)
        columns[group_label(result, group)] = members.loc[top.index].to_numpy()
    columns[words("column_coreness")] = top["coreness"].to_numpy()
    return ReportTable(
        words("report_core_caption", network=analysis.name),
        pd.DataFrame(columns),
        notes=(
            words(
                "report_core_note",
                shown=words.count(len(top)),
                count=words.count(core.n_core),
                continuous=words.number(core.continuous_correlation, 2),
            ),
        ),
    )


def robustness_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """Show what is left of the network as cities go, for every order of removal."""
    words, removals = words_of(result), analysis.questions.robustness
    shares = (0.01, 0.05, 0.1, 0.2, 0.5)
    columns: dict[str, object] = {
        words("report_removal"): [words(f"removal_{order}") for order in removals]
    }
    for share in shares:
        columns[words("report_removed_share", share=words.percent(share, 0))] = [
            left_after(item, share) for item in removals.values()
        ]
    formats = dict.fromkeys(list(columns)[1:], "percent0")
    columns[words("report_r_index")] = [item.r_index for item in removals.values()]
    return ReportTable(
        words("report_robustness_caption", network=analysis.name),
        pd.DataFrame(columns),
        formats=formats,
        notes=(
            words(
                "report_robustness_note",
                orders=words.count(len(removals["random"].r_indices)),
            ),
        ),
    )


def group_flows_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """Show the flows between groups as shares of all flow."""
    words, groups = words_of(result), analysis.questions.groups
    assert groups is not None
    total = groups.openness.loc["all", ["internal", "external"]].sum()
    shares = groups.flows / total
    cells = {words("report_to_group", group=name): shares[name].to_numpy() for name in shares}
    frame = pd.DataFrame(
        {words("report_sending_group"): [str(name) for name in shares.index], **cells}
    )
    index = groups.openness["ei_index"].reindex(shares.index)
    frame[words("column_ei_index")] = index.to_numpy()
    note = "report_group_flows_note" if groups.directed else "report_group_flows_note_undirected"
    return ReportTable(
        words(
            "report_group_flows_caption",
            network=analysis.name,
            grouping=words.inside(group_label(result, groups.group)),
        ),
        frame,
        formats=dict.fromkeys(cells, "percent1") | {words("column_ei_index"): "decimal2"},
        notes=(words(note), *source_notes(result)),
    )
