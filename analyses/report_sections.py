"""Sections of a report on resilience, networks and autocorrelation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.export_tables import typology_by_group
from analyses.findings import (
    autocorrelation_findings,
    correlation_findings,
    moran_rows,
    network_findings,
    resilience_findings,
)
from analyses.findings_dynamics import hot_spot_findings
from analyses.indices.resilience import TYPOLOGY
from analyses.report_content import ReportFigure, ReportTable, Section
from analyses.report_dynamics import hot_spot_table
from analyses.report_words import (
    Words,
    aggregate_label,
    group_label,
    measures_of,
    names_of,
    outcome_label,
    short_names_of,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyses.results import NetworkAnalysis, StudyResult

    Figures = Mapping[str, Sequence[ReportFigure]]

RANKED = 10
"""Cities at either end of a ranking."""

NARROW = 110.0
"""Pictures below this width, millimetres, fit two to a line."""

CENTRALITIES = ("strength", "degree", "closeness", "betweenness", "eigenvector")
COUNTS = (
    "n_cities",
    "n_links",
    "n_isolates",
    "diameter",
    "components_weak",
    "components_strong",
)
"""Measures of structure that are whole numbers."""

CLUSTERS = ("High-High", "Low-Low", "High-Low", "Low-High", "Not significant", "Isolated")


def source_notes(result: StudyResult) -> tuple[str, ...]:
    """Give the data source of a table; nothing when the study names none."""
    note = result.study.source_note()
    return (words_of(result)("report_source", source=note),) if note else ()


def in_section(figures: Figures, key: str) -> tuple[ReportFigure, ...]:
    """Take the pictures of a section, wide ones first, so that narrow ones stand side by side."""
    return tuple(sorted(figures.get(key, ()), key=lambda item: item.width < NARROW))


def maps_section(result: StudyResult, figures: Figures) -> Section:
    """Show the maps."""
    words = words_of(result)
    return Section("maps", words("report_maps"), figures=in_section(figures, "maps"))


def resilience_section(result: StudyResult, figures: Figures) -> Section:
    """Say how cities fared in every shock: benchmark, rankings, types by group."""
    words = words_of(result)
    parts = []
    for at, shock in enumerate(result.study.shocks):
        parts.append(
            Section(
                f"resilience-{at + 1}",
                shock.name,
                paragraphs=(words.sentences(*resilience_findings(result, shock.name)),),
                tables=(
                    ranking_table(result, shock.name, "resistance"),
                    ranking_table(result, shock.name, "recovery"),
                    typology_table(result, shock.name),
                ),
            )
        )
    return Section(
        "resilience",
        words("report_resilience"),
        paragraphs=(words("report_resilience_reading"),),
        figures=in_section(figures, "resilience"),
        tables=(national_table(result),),
        subsections=tuple(parts),
    )


def national_table(result: StudyResult) -> ReportTable:
    """List the national benchmark of every phase."""
    words = words_of(result)
    national = result.resilience.national
    outcome = result.study.column_label(result.study.resilience.outcome, with_unit=True)
    falling, better = [], []
    for shock, kind in national.index:
        table = result.resilience.of(shock)
        falling.append(float((table[f"{kind}_growth"] < 0).mean()))
        better.append(float((table[f"{kind}_gap"] > 0).mean()))
    years = zip(national["start_year"], national["end_year"], strict=True)
    frame = pd.DataFrame(
        {
            words("column_shock"): [shock for shock, _ in national.index],
            words("report_phase"): [words(kind) for _, kind in national.index],
            words("report_phase_years"): [words.years((int(a), int(b))) for a, b in years],
            words("report_start_value"): national["start_value"].to_numpy(),
            words("report_end_value"): national["end_value"].to_numpy(),
            words("report_growth"): national["growth"].to_numpy(),
            words("report_share_falling"): falling,
            words("report_share_better"): better,
        }
    )
    digits = "decimal2" if national["start_value"].abs().min() < 1000 else "integer"
    return ReportTable(
        words("report_national_caption"),
        frame,
        formats={
            words("report_start_value"): digits,
            words("report_end_value"): digits,
            words("report_growth"): "percent2",
            words("report_share_falling"): "percent0",
            words("report_share_better"): "percent0",
        },
        notes=(
            words("report_national_note", outcome=outcome, aggregate=aggregate_label(result)),
            *source_notes(result),
        ),
    )


def ranking_table(result: StudyResult, shock: str, kind: str) -> ReportTable:
    """Rank the cities by a phase: the best and the worst, by the gap to the nation."""
    words, study = words_of(result), result.study
    table = result.resilience.of(shock)
    order = table[f"{kind}_gap"].sort_values(ascending=False, kind="stable").index
    rank = pd.Series(np.arange(1, len(order) + 1), index=order)
    shown = order if len(order) <= 2 * RANKED else order[:RANKED].append(order[-RANKED:])
    rows = table.loc[shown]
    columns: dict[str, object] = {
        words("report_rank"): rank.loc[shown].to_numpy(),
        words("city"): names_of(result).loc[shown].to_numpy(),
    }
    for group in list(study.groups)[:1]:
        members = result.area.cities[group].astype(str)
        columns[group_label(result, group)] = members.loc[shown].to_numpy()
    growth, gap = words("report_growth"), words("report_gap")
    columns |= {
        growth: rows[f"{kind}_growth"].to_numpy(),
        gap: rows[f"{kind}_gap"].to_numpy(),
        words(kind): rows[kind].to_numpy(),
        words("sensitivity"): rows[f"sensitivity_{kind}"].to_numpy(),
        words("typology"): [words(f"typology_{code}") for code in rows["typology"]],
    }
    section = next(item for item in study.shocks if item.name == shock)
    return ReportTable(
        words(
            f"report_ranking_{kind}",
            shock=shock,
            years=words.years(section.resistance if kind == "resistance" else section.recovery),
        ),
        pd.DataFrame(columns),
        formats={
            growth: "percent1",
            gap: "decimal1",
            words(kind): "decimal2",
            words("sensitivity"): "decimal2",
        },
        notes=(
            words(
                "report_ranking_note",
                outcome=outcome_label(result),
                ends=RANKED,
                total=words.count(len(order)),
            ),
            *source_notes(result),
        ),
        rules=(RANKED,) if len(order) > 2 * RANKED else (),
    )


def typology_table(result: StudyResult, shock: str) -> ReportTable:
    """Count the four types by group of cities."""
    words = words_of(result)
    known = typology_by_group(result)
    counts = known[known.index.get_level_values("shock") == shock].droplevel("shock")
    counts = counts.reindex(columns=list(TYPOLOGY), fill_value=0)
    total = counts.sum(axis=1)
    groupings = counts.index.get_level_values("grouping")
    members = counts.index.get_level_values("group")
    frame = counts.set_axis([words(f"typology_{code}") for code in TYPOLOGY], axis=1)
    frame.insert(0, words("column_n"), total)
    resistant = counts["resistant_recovering"] + counts["resistant_slow"]
    frame[words("report_share_resistant")] = resistant / total
    frame.insert(
        0,
        words("report_group"),
        [
            words("group_all") if grouping == "all" else str(member)
            for grouping, member in zip(groupings, members, strict=True)
        ],
    )
    frame.insert(
        0,
        words("report_grouping"),
        ["" if grouping == "all" else group_label(result, grouping) for grouping in groupings],
    )
    first = groupings != "all"
    ordered = pd.concat([frame[~first], frame[first]])
    return ReportTable(
        words("report_typology_caption", shock=shock),
        ordered.reset_index(drop=True),
        formats={words("report_share_resistant"): "percent0"},
        notes=(
            words(f"report_typology_note_{result.study.resilience.typology}"),
            *source_notes(result),
        ),
        rules=tuple(_changes(list(ordered.iloc[:, 0]))),
    )


def _changes(values: Sequence[object]) -> list[int]:
    """Positions at which a value differs from the one before."""
    return [at for at in range(1, len(values)) if values[at] != values[at - 1]]


def networks_section(result: StudyResult, figures: Figures) -> Section:
    """Show each network, then what they have in common."""
    words = words_of(result)
    parts = []
    for at, analysis in enumerate(result.networks.values()):
        parts.append(
            Section(
                f"networks-{at + 1}",
                analysis.name,
                paragraphs=(words.sentences(*network_findings(result, analysis)),),
                tables=(centrality_table(result, analysis), community_table(result, analysis)),
            )
        )
    correlations = (correlation_table(result),) if result.correlations else ()
    return Section(
        "networks",
        words("report_networks"),
        paragraphs=tuple(correlation_findings(result)),
        figures=in_section(figures, "networks"),
        tables=(structure_table(result), *correlations),
        subsections=tuple(parts),
    )


def centrality_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """Rank the most central cities by the strength of their linkages."""
    words = words_of(result)
    table = analysis.centralities.table.sort_values("strength", ascending=False, kind="stable")
    top = table.head(RANKED)
    columns: dict[str, object] = {
        words("report_rank"): range(1, len(top) + 1),
        words("city"): names_of(result).loc[top.index].to_numpy(),
    }
    formats = {}
    for name in CENTRALITIES:
        heading = words(f"column_{name}")
        columns[heading] = top[name].to_numpy()
        if name != "degree":
            formats[heading] = _digits(top[name])
    columns[words("column_community")] = (
        analysis.communities.membership.loc[top.index].astype(int).to_numpy()
    )
    unit = analysis.network.unit
    return ReportTable(
        words("report_centrality_caption", network=analysis.name),
        pd.DataFrame(columns),
        formats=formats,
        notes=(
            words(
                "report_centrality_note",
                unit=unit or words("report_no_unit"),
                total=analysis.network.n,
            ),
            *source_notes(result),
        ),
    )


def _digits(values: pd.Series) -> str:
    """Choose decimals so that the largest value shows about four digits."""
    largest = float(values.abs().max())
    if not np.isfinite(largest) or largest == 0:
        return "decimal3"
    places = 3 - int(np.floor(np.log10(largest)))
    return "integer" if places <= 0 else f"decimal{min(places, 6)}"


def community_table(result: StudyResult, analysis: NetworkAnalysis) -> ReportTable:
    """List the communities with their leading cities."""
    words, names = words_of(result), short_names_of(result)
    membership = analysis.communities.membership
    strength = analysis.centralities.table["strength"].reindex(membership.index)
    sizes = analysis.communities.sizes
    large = sizes[sizes > 1].head(2 * RANKED)
    leaders = [
        words.listing(
            [
                names[city]
                for city in strength[membership == number]
                .sort_values(ascending=False, kind="stable")
                .index[:3]
            ]
        )
        for number in large.index
    ]
    frame = pd.DataFrame(
        {
            words("column_community"): large.index.astype(int).to_numpy(),
            words("column_n"): large.to_numpy(),
            words("report_share_cities"): (large / len(membership)).to_numpy(),
            words("report_leaders"): leaders,
        }
    )
    return ReportTable(
        words("report_community_caption", network=analysis.name),
        frame,
        formats={words("report_share_cities"): "percent0"},
        notes=(
            words(
                "report_community_note",
                modularity=words.number(analysis.communities.modularity),
                alone=words.count(int((sizes == 1).sum())),
                shown=words.count(len(large)),
                all=words.count(int((sizes > 1).sum())),
            ),
        ),
    )


def structure_table(result: StudyResult) -> ReportTable:
    """Put the structure of the networks side by side, each measure with its meaning."""
    words = words_of(result)
    columns = {
        name: analysis.structure.tidy()["value"] for name, analysis in result.networks.items()
    }
    values = pd.DataFrame(columns)
    frame = pd.DataFrame(
        {
            name: [
                _structure_cell(words, value, count=measure in COUNTS)
                for measure, value in values[name].items()
            ]
            for name in values
        }
    )
    frame.insert(
        0, words("column_measure"), [words(f"structure_{measure}") for measure in values.index]
    )
    shown = words.listing(
        [
            words("report_structure_of", network=name, backbone=words(f"backbone_{item.shown}"))
            for name, item in result.networks.items()
        ]
    )
    return ReportTable(
        words("report_structure_caption"),
        frame,
        formats=dict.fromkeys(map(str, values.columns), "number"),
        notes=(words("report_structure_note", shown=shown), *source_notes(result)),
    )


def _structure_cell(words: Words, value: float, *, count: bool) -> str:
    """Write counts without decimals and large sums without needless ones."""
    if value == round(value) and (count or abs(value) >= 2):
        return words.count(int(value))
    return words.number(value, 0 if abs(value) >= 1000 else 3)


def correlation_table(result: StudyResult) -> ReportTable:
    """List the QAP correlation of every pair of networks."""
    words = words_of(result)
    rows = [
        {
            words("report_first_network"): first,
            words("report_second_network"): second,
            words("report_correlation_by"): words(f"report_by_{by}"),
            words("report_correlation"): item.correlation,
            words("column_p_value"): item.p_value,
            words("report_permuted_mean"): item.permuted_mean,
            words("report_permuted_sd"): item.permuted_sd,
            words("report_cells"): item.n_cells,
        }
        for (first, second, by), item in result.correlations.items()
    ]
    permutations = next(iter(result.correlations.values())).permutations
    return ReportTable(
        words("report_qap_caption"),
        pd.DataFrame(rows),
        formats={words("column_p_value"): "p"},
        notes=(words("report_qap_note", permutations=words.count(permutations)),),
    )


def autocorrelation_section(result: StudyResult, figures: Figures) -> Section:
    """Show the global and local Moran statistics."""
    words = words_of(result)
    sentences = [
        sentence
        for shock in result.study.shocks
        for sentence in (
            *autocorrelation_findings(result, shock.name),
            *hot_spot_findings(result, shock.name),
        )
    ]
    return Section(
        "autocorrelation",
        words("report_autocorrelation"),
        points=tuple(sentences),
        figures=in_section(figures, "autocorrelation"),
        tables=(
            moran_table(result),
            *((local_table(result),) if result.local else ()),
            *((hot_spot_table(result),) if result.hot_spots else ()),
        ),
    )


def moran_table(result: StudyResult) -> ReportTable:
    """Put global Moran's I of every measure and weights into one table."""
    words = words_of(result)
    parts = []
    for shock, measure in measures_of(result):
        rows = moran_rows(result, (shock, measure))
        parts.append(
            pd.DataFrame(
                {
                    words("column_shock"): shock,
                    words("column_measure"): words(measure),
                    words("column_weights"): rows["weights"].to_numpy(),
                    words("report_moran"): rows["statistic"].to_numpy(),
                    words("column_expected"): rows["expected"].to_numpy(),
                    words("column_z_score"): rows["z_score"].to_numpy(),
                    words("report_p_permutation"): rows["p_permutation"].to_numpy(),
                    words("report_p_fdr"): rows["p_fdr"].to_numpy(),
                    words("column_n_islands"): rows["n_islands"].to_numpy(),
                }
            )
        )
    n = int(result.moran.tidy()["n"].max())
    table = pd.concat(parts, ignore_index=True)
    pairs = list(table.iloc[:, :2].itertuples(index=False, name=None))
    return ReportTable(
        words("report_moran_caption"),
        table,
        rules=tuple(_changes(pairs)),
        formats={
            words("column_z_score"): "decimal2",
            words("report_p_permutation"): "p",
            words("report_p_fdr"): "p",
        },
        notes=(
            words(
                "report_moran_note",
                n=words.count(n),
                permutations=words.count(result.study.autocorrelation.permutations),
            ),
            *source_notes(result),
        ),
    )


def local_table(result: StudyResult) -> ReportTable:
    """Count the cities in each kind of local cluster."""
    words = words_of(result)
    rows = []
    for (shock, measure), local in result.local.items():
        counts = local.cluster_counts()
        rows.append(
            {
                words("column_shock"): shock,
                words("column_measure"): words(measure),
                **{_cluster(words, name): int(counts[name]) for name in CLUSTERS},
                words("report_raw_significant"): local.n_significant_raw,
            }
        )
    settings = result.study.autocorrelation
    return ReportTable(
        words("report_local_caption", weights=result.study.local_weights),
        pd.DataFrame(rows),
        notes=(
            words(
                "report_local_note",
                correction=words(f"correction_{settings.correction}"),
                alpha=words.percent(settings.alpha, 0),
                permutations=words.count(settings.permutations),
            ),
            *source_notes(result),
        ),
    )


def _cluster(words: Words, name: str) -> str:
    return words(f"lisa_{name.lower().replace('-', '_').replace(' ', '_')}")
