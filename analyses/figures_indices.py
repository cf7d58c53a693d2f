"""Figures of indices, inequality and the questions asked of networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from analyses.figure_plans import FigurePlan
from analyses.figures_indices_maps import index_maps
from analyses.findings_indices import index_words
from analyses.layers_base import network_slug
from analyses.layers_indices import index_slug
from analyses.report_words import group_label, words_of
from analyses.results import NetworkAnalysis, StudyResult
from analyses.results_indices import IndexRun, InequalityRun
from analyses.results_networks import GroupFlows
from analyses.run_network_questions import links_studied
from networks.concor import BlockModel
from shapefiles.figures import (
    PlotOptions,
    agreement_plot,
    block_diagram,
    block_matrix_plot,
    chord_plot,
    inequality_plot,
    leave_one_out_plot,
    rank_intervals_plot,
    ranking_plot,
    robustness_plot,
)
from shapefiles.language import label

MOST_SECTORS = 40
"""Groups that a chord diagram holds."""

FEW_BLOCKS = 4
"""Blocks between which all arrows can be drawn."""

ALIKE = 0.01
"""Relative difference of two directions below which they are drawn as one."""


def index_figures(result: StudyResult) -> Iterator[FigurePlan]:
    """List the figures of every index and of inequality."""
    for at, run in enumerate(result.indices.values(), start=1):
        yield from _of_index(result, run, f"indices-{at}")
    for at, unequal in enumerate(result.inequality.values(), start=1):
        if unequal.dagum is not None and len(unequal.years) > 1:
            yield _inequality(result, unequal, at)


def _of_index(result: StudyResult, run: IndexRun, section: str) -> Iterator[FigurePlan]:
    language, names = result.study.language, result.area.cities["short_name"]
    index, year, slug = index_words(result, run), run.all_years[-1], index_slug(result, run)
    yield from index_maps(result, run, section)
    tested = run.sensitivity
    if tested is None:
        values = run.of_year(year)
        caption = label("figure_index_ranking", language, index=index, year=year)
        if values.min() >= 0:
            yield FigurePlan(
                section,
                f"ranking_{slug}",
                caption,
                "",
                lambda: ranking_plot(
                    values.dropna(),
                    names=names,
                    axis_label=index,
                    options=PlotOptions(title=caption, language=language),
                ),
            )
        return
    ranks = tested.ranks[tested.ranks.index.get_level_values("year") == year].droplevel("year")
    yield FigurePlan(
        section,
        f"ranks_{slug}",
        label("figure_index_ranks", language, index=index, year=year),
        "",
        lambda: rank_intervals_plot(
            ranks,
            names=names,
            level=tested.level,
            options=_options(result, label("figure_index_ranks", language, index=index, year=year)),
        ),
    )
    if len(tested.leave_one_out):
        wording = {
            str(column): result.study.column_label(str(column))
            for column in tested.leave_one_out.index
        }
        yield FigurePlan(
            section,
            f"left_out_{slug}",
            label("figure_index_left_out", language, index=index),
            "",
            lambda: leave_one_out_plot(
                tested.leave_one_out,
                variable_labels=wording,
                options=_options(result, label("figure_index_left_out", language, index=index)),
            ),
        )
    if len(tested.method_correlations) > 1:
        yield FigurePlan(
            section,
            f"methods_{slug}",
            label("figure_index_agreement", language, index=index),
            "",
            lambda: agreement_plot(
                tested.method_correlations,
                options=_options(result, label("figure_index_agreement", language, index=index)),
            ),
        )


def _options(result: StudyResult, title: str, *, wide: bool = False) -> PlotOptions:
    return PlotOptions(
        title=title, language=result.study.language, width="double" if wide else "single"
    )


def _inequality(result: StudyResult, run: InequalityRun, at: int) -> FigurePlan:
    words = words_of(result)
    assert run.dagum is not None
    assert run.group is not None
    dagum = run.dagum
    caption = words(
        "figure_inequality",
        column=words.inside(result.study.column_label(run.column)),
        grouping=words.inside(group_label(result, run.group)),
    )
    slug = run.column.lower() if run.column.isascii() and run.column.isidentifier() else f"{at}"
    return FigurePlan(
        "inequality",
        f"inequality_{slug}",
        caption,
        words("figure_inequality_note", n=words.count(run.n)),
        lambda: inequality_plot(
            dagum.table,
            pairs=dagum.pairs,
            groups=dagum.groups,
            options=_options(result, caption, wide=True),
        ),
    )


def network_figures(
    result: StudyResult, analysis: NetworkAnalysis, section: str
) -> Iterator[FigurePlan]:
    """List the figures of what was asked of a network.

    Parameters
    ----------
    result : StudyResult
    analysis : NetworkAnalysis
    section : str
        Key of the network's section in the report.
    """
    asked, slug = analysis.questions, network_slug(result, analysis)
    language, name = result.study.language, analysis.name
    if asked.blocks is not None:
        yield from _blocks(result, analysis, f"{section}-blocks")
    if asked.robustness:
        caption = label("figure_robustness", language, network=name)
        yield FigurePlan(
            f"{section}-robustness",
            f"robustness_{slug}",
            caption,
            "",
            lambda: robustness_plot(asked.robustness, options=_options(result, caption, wide=True)),
        )
    if asked.groups is not None and len(asked.groups.flows) <= MOST_SECTORS:
        yield _chord(result, analysis, f"{section}-groups")


def _blocks(result: StudyResult, analysis: NetworkAnalysis, section: str) -> Iterator[FigurePlan]:
    """Draw blocks as circles, and the links sorted by block."""
    found, slug = analysis.questions.blocks, network_slug(result, analysis)
    assert found is not None
    language, names = result.study.language, result.area.cities["short_name"]
    blocks = linked_blocks(found)
    alone = len(found.membership) - len(blocks.membership)
    note = label("figure_blocks_note", language, count=alone) if alone else ""
    title = label("figure_blocks", language, network=analysis.name)
    options = replace(_options(result, title, wide=True), note=note)
    yield FigurePlan(
        section,
        f"blocks_{slug}",
        title,
        note,
        lambda: block_diagram(
            blocks, arrows="all" if len(blocks.roles) <= FEW_BLOCKS else None, options=options
        ),
    )
    how = next(item for item in result.study.networks if item.name == analysis.name)
    links = links_studied(how, analysis.network, lambda _: analysis.backbone)
    sorted_title = label("figure_block_matrix", language, network=analysis.name)
    yield FigurePlan(
        section,
        f"block_matrix_{slug}",
        sorted_title,
        note,
        lambda: block_matrix_plot(
            blocks,
            links.subset(blocks.membership.index),
            names=names,
            options=replace(options, title=sorted_title),
        ),
    )


def linked_blocks(blocks: BlockModel) -> BlockModel:
    """Leave out the block of cities without links: it would fill the picture with nothing."""
    kept = blocks.roles.index[(blocks.roles["role"] != "isolated").to_numpy()]
    return replace(
        blocks,
        membership=blocks.membership[blocks.membership.isin(kept)],
        roles=blocks.roles.loc[kept],
        **{name: getattr(blocks, name).loc[kept, kept] for name in ("links", "density", "image")},
    )


def _chord(result: StudyResult, analysis: NetworkAnalysis, section: str) -> FigurePlan:
    words, groups = words_of(result), analysis.questions.groups
    assert groups is not None
    caption = words(
        "figure_group_flows",
        network=analysis.name,
        grouping=words.inside(group_label(result, groups.group)),
    )
    flows, directed = chord_flows(groups)
    return FigurePlan(
        section,
        f"chord_{network_slug(result, analysis)}",
        caption,
        "",
        lambda: chord_plot(
            flows,
            directed=directed,
            unit=words("figure_group_flows_unit"),
            options=_options(result, caption),
        ),
    )


def chord_flows(groups: GroupFlows) -> tuple[pd.DataFrame, bool]:
    """Flows for a chord diagram in per cent of all, and whether they have a direction.

    Directions that hardly differ, as with travel times that are nearly the same both ways, are
    added up: two ribbons for each pair would say the same twice.

    Returns
    -------
    flows : pandas.DataFrame
        Row sends to column. Without a direction symmetric, a cell for each pair; flows inside a
        group count twice, as they do in a symmetric table of cities.
    directed : bool
    """
    flows = groups.flows.to_numpy(dtype=float)
    if groups.directed and not np.allclose(flows, flows.T, rtol=ALIKE, atol=0.0):
        return 100.0 * groups.flows / flows.sum(), True
    if groups.directed:
        both, total = flows + flows.T, flows.sum()
    else:
        both = flows + np.diag(np.diag(flows))
        total = both.sum() / 2.0
    names = groups.flows.index
    return pd.DataFrame(100.0 * both / total, names, names), False
