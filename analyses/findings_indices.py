"""What indices, inequality and the questions asked of networks gave, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.report_words import Words, group_label, short_names_of, words_of
from analyses.study_indices import CompositeSection
from analyses.tables_indices import method_words, role_words

if TYPE_CHECKING:
    from analyses.results import NetworkAnalysis, StudyResult
    from analyses.results_indices import IndexRun, InequalityRun
    from networks.robustness import Robustness

NAMED = 3
"""Cities named in a sentence."""

FIRST_CITIES = 10
"""Length of the head of a ranking whose stability is told."""

REMOVED = 0.05
"""Share of the cities whose removal is told."""


def index_words(result: StudyResult, run: IndexRun) -> str:
    """Wording of an index."""
    return result.study.column_label(run.name)


def index_findings(result: StudyResult, run: IndexRun) -> list[str]:
    """Say who leads in an index, how it changed, what weighs most and how firm the ranking is.

    Parameters
    ----------
    result : StudyResult
    run : IndexRun

    Returns
    -------
    list of str
        Sentences in the language of the study.
    """
    words, names = words_of(result), short_names_of(result)
    years = run.all_years
    first, last = run.of_year(years[0]), run.of_year(years[-1])
    ranked = last.dropna().sort_values(ascending=False, kind="stable")
    values = {
        "index": index_words(result, run),
        "year": years[-1],
        "cities": words.listing([str(names[city]) for city in ranked.index[:NAMED]]),
        "before": words.number(first.median()),
        "after": words.number(last.median()),
        "first": years[0],
    }
    key = "finding_index" if len(years) > 1 and _comparable(run) else "finding_index_one_year"
    told = [words(key, **values)]
    if run.composite is not None:
        told.append(_weights(result, run))
    if run.sensitivity is not None:
        told.append(_firmness(result, run))
    if run.coupling is not None:
        told.append(_coordination(result, run))
    return told


def _comparable(run: IndexRun) -> bool:
    """Say whether scores of different years may be compared."""
    section = run.section
    return not (isinstance(section, CompositeSection) and section.standardise == "min-max by year")


def _weights(result: StudyResult, run: IndexRun) -> str:
    words, made = words_of(result), run.composite
    assert made is not None
    assert isinstance(run.section, CompositeSection)
    weights = made.weights["weight"]
    most = str(weights.idxmax())
    return words(
        "finding_index_weights",
        count=words.count(len(weights)),
        method=words.inside(method_words(result, run.section.method)),
        indicator=words.inside(result.study.column_label(most)),
        weight=words.percent(float(weights.max()), 0),
    )


def _firmness(result: StudyResult, run: IndexRun) -> str:
    """Say how many of the first cities stay first under random weights, and other methods."""
    words, tested = words_of(result), run.sensitivity
    assert tested is not None
    years = tested.ranks.index.get_level_values("year")
    ranks = tested.ranks[years == run.all_years[-1]]
    ranks = ranks.dropna(subset=["rank"])
    top = min(FIRST_CITIES, len(ranks))
    head = ranks.nsmallest(top, "rank")
    told = [
        words(
            "finding_index_ranks",
            top=words.count(top),
            year=run.all_years[-1],
            stay=words.count(int((head["rank_high"] <= top).sum())),
            level=words.percent(tested.level, 0),
        )
    ]
    left_out = tested.leave_one_out["mean_shift"]
    if len(left_out):
        told.append(
            words(
                "finding_index_left_out",
                indicator=words.inside(result.study.column_label(str(left_out.idxmax()))),
                shift=words.number(float(left_out.max()), 1),
                total=words.count(len(ranks)),
            )
        )
    agreement = tested.methods["spearman"].dropna()
    if len(agreement):
        told.append(
            words(
                "finding_index_methods",
                count=words.count(len(agreement)),
                low=words.number(float(agreement.min()), 2),
                high=words.number(float(agreement.max()), 2),
            )
        )
    return words.sentences(*told)


def _coordination(result: StudyResult, run: IndexRun) -> str:
    """Say how many cities are coordinated in the last year."""
    words = words_of(result)
    assert run.coupling is not None
    table = run.coupling.table.xs(run.all_years[-1], level="year")
    level = table["level"].dropna().astype(int)
    return words(
        "finding_coupling",
        year=run.all_years[-1],
        coordinated=words.count(int((level >= 6).sum())),
        total=words.count(len(level)),
        common=words(f"class_{table['coordination_class'].mode().iloc[0]}"),
    )


def inequality_findings(result: StudyResult, run: InequalityRun) -> list[str]:
    """Say how inequality of a column changed, where it lies, and whether cities converge."""
    words = words_of(result)
    column = words.inside(result.study.column_label(run.column))
    first, last = run.years[0], run.years[-1]
    gini = run.table["gini"]
    before, after = float(gini.loc[first]), float(gini.loc[last])
    move = "same" if round(before, 3) == round(after, 3) else "up" if after > before else "down"
    if len(run.years) == 1:
        move = "one"
    told = [
        words(
            f"finding_inequality_{move}",
            column=column,
            n=words.count(run.n),
            first=first,
            last=last,
            before=words.number(before),
            after=words.number(after),
        )
    ]
    told += [*_sources(result, run), *_convergence(result, run, column)]
    return told


def _sources(result: StudyResult, run: InequalityRun) -> list[str]:
    """Say which part of inequality lies between groups, by Theil and by Dagum."""
    if run.theil is None or run.dagum is None or run.group is None:
        return []
    words, last = words_of(result), run.years[-1]
    grouping = words.inside(group_label(result, run.group))
    theil = float(run.theil["between_share"].loc[last])
    dagum = run.dagum.table.to_dict("index")[last]
    years = run.dagum.pairs.index.get_level_values("year")
    pairs = run.dagum.pairs["gini"][years == last]
    _, richer, poorer = pairs.index[int(pairs.to_numpy().argmax())]
    return [
        words(
            "finding_theil",
            year=last,
            grouping=grouping,
            share=words.percent(theil / 100, 0),
        ),
        words(
            "finding_dagum",
            year=last,
            grouping=grouping,
            between=words.percent(float(dagum["between_share"]) / 100, 0),
            within=words.percent(float(dagum["within_share"]) / 100, 0),
            overlap=words.percent(float(dagum["transvariation_share"]) / 100, 0),
            richer=richer,
            poorer=poorer,
            gini=words.number(float(pairs.max())),
        ),
    ]


def _convergence(result: StudyResult, run: InequalityRun, column: str) -> list[str]:
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    told = []
    trend = {} if run.sigma is None else run.sigma.attrs.get("trend", {})
    if trend:
        move = "none" if trend["p_value"] >= alpha else "up" if trend["slope"] > 0 else "down"
        told.append(
            words(
                f"finding_sigma_{move}",
                slope=words.signed(trend["slope"], 4),
                p=words.p(trend["p_value"]),
            )
        )
    if run.beta is not None:
        row = run.beta.table.to_dict("index")["initial_level"]
        estimate, p = float(row["estimate"]), float(row["p_value"])
        key = "none" if p >= alpha else "up" if estimate > 0 else "down"
        told.append(
            words(
                f"finding_beta_{key}",
                column=column,
                first=run.years[0],
                last=run.years[-1],
                estimate=words.signed(estimate, 4),
                p=words.p(p),
                half=words.number(run.beta.half_life, 0),
            )
        )
    return told


def index_headlines(result: StudyResult) -> list[str]:
    """Say the first things about every index and about inequality; their sections say more."""
    told = [index_findings(result, run)[0] for run in result.indices.values()]
    for run in result.inequality.values():
        told += inequality_findings(result, run)[: 2 if run.theil is not None else 1]
    return told


def network_headlines(result: StudyResult, analysis: NetworkAnalysis) -> list[str]:
    """Say what the questions asked of a network gave in short; blocks and core are left out."""
    found = [
        years_finding(result, analysis),
        robustness_finding(result, analysis),
        groups_finding(result, analysis),
    ]
    return [sentence for sentence in found if sentence]


def years_finding(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Say how a network changed between its first and its last year."""
    years = analysis.questions.years
    if years is None:
        return ""
    words = words_of(result)
    first, last = years.years[0], years.years[-1]
    rows = years.measures.to_dict("index")
    before, after = rows[first], rows[last]
    change = years.changes.to_dict("index")[(first, last)]
    growth = float(after["whole_flow"] / before["whole_flow"] - 1.0)
    return words(
        "finding_network_years",
        network=analysis.name,
        first=first,
        last=last,
        moved=words(
            "finding_rose" if growth >= 0 else "finding_fell", change=words.percent(abs(growth), 0)
        ),
        density_before=words.percent(before["density"], 2),
        density_after=words.percent(after["density"], 2),
        efficiency_before=words.number(before["efficiency_global"]),
        efficiency_after=words.number(after["efficiency_global"]),
        kept=words.count(int(change["kept"])),
        appeared=words.count(int(change["appeared"])),
        vanished=words.count(int(change["vanished"])),
    )


def blocks_finding(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Say into which blocks a network falls and which roles they have."""
    blocks = analysis.questions.blocks
    if blocks is None:
        return ""
    words, names = words_of(result), short_names_of(result)
    strength = analysis.centralities.table["strength"]
    parts, alone = [], 0
    for block, row in blocks.roles.iterrows():
        if row["role"] == "isolated":
            alone += int(row["cities"])
            continue
        members = blocks.membership.index[(blocks.membership == block).to_numpy()]
        leaders = strength.reindex(members).sort_values(ascending=False, kind="stable").index
        parts.append(
            words(
                "finding_block",
                block=block,
                count=words.count(int(row["cities"])),
                cities=words.listing([str(names[city]) for city in leaders[:2]]),
                role=words.inside(role_words(result, str(row["role"]))),
            )
        )
    told = words(
        "finding_blocks",
        network=analysis.name,
        count=words.count(len(parts)),
        parts=words("report_list_semicolon").join(parts),
        fit=words.number(blocks.r_squared, 2),
    )
    alone_words = words("finding_blocks_alone", count=words.count(alone)) if alone else ""
    return words.sentences(told, alone_words)


def core_finding(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Say which cities form the core of a network."""
    core = analysis.questions.core
    if core is None:
        return ""
    words, names = words_of(result), short_names_of(result)
    inside = core.table[core.table["core"]]["coreness"].sort_values(ascending=False, kind="stable")
    return words(
        "finding_core",
        network=analysis.name,
        count=words.count(core.n_core),
        cities=words.listing([str(names[city]) for city in inside.index[:NAMED]]),
        core=words.number(core.core_density, 2),
        between=words.number(core.between_density, 2),
        periphery=words.number(core.periphery_density, 3),
        fit=words.number(core.correlation, 2),
    )


def left_after(removal: Robustness, share: float) -> float:
    """Share of all cities in the largest connected part once a share of them is gone."""
    curve = removal.curve["giant_component"]
    at = int(np.argmin(np.abs(curve.index.to_numpy(dtype=float) - share)))
    return float(curve.iloc[at])


def robustness_finding(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Compare the removal of the best linked cities with that of as many at random."""
    removals = analysis.questions.robustness
    if not removals:
        return ""
    words = words_of(result)
    n = analysis.network.n
    return words(
        "finding_robustness",
        network=analysis.name,
        count=words.count(round(REMOVED * n)),
        share=words.percent(REMOVED, 0),
        whole=words.percent(left_after(removals["random"], 0.0), 0),
        targeted=words.percent(left_after(removals["degree"], REMOVED), 0),
        random=words.percent(left_after(removals["random"], REMOVED), 0),
    )


def groups_finding(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Say how much flow stays inside groups, and the largest between two."""
    groups = analysis.questions.groups
    if groups is None:
        return ""
    words = words_of(result)
    largest = groups.between().to_dict("records")[0]
    both = groups.flows[largest["sender"]].to_dict()[largest["receiver"]]
    # Two directions that hardly differ are told as one pair.
    alike = not groups.directed or abs(both - largest["flow"]) <= 0.01 * largest["flow"]
    share = float(largest["share"]) * (2.0 if alike and groups.directed else 1.0)
    return words(
        "finding_group_flows_pair" if alike else "finding_group_flows",
        network=analysis.name,
        grouping=words.inside(group_label(result, groups.group)),
        inside=words.percent(groups.inside_share, 0),
        sender=largest["sender"],
        receiver=largest["receiver"],
        share=words.percent(share, 1),
    )


def remark_text(result: StudyResult, key: str, values: object) -> str:
    """Write a remark in the language of the study, columns and cities by their names."""
    words, names = words_of(result), short_names_of(result)
    said: dict[str, object] = {}
    for name, value in dict(values).items():  # type: ignore[call-overload]
        if name == "columns":
            said[name] = words.listing([result.study.column_label(str(one)) for one in value])
        elif name == "column":
            said[name] = result.study.column_label(str(value))
        elif name == "cities":
            said[name] = _some(words, [str(names[city]) for city in value])
            said["count"] = words.count(len(value))
        elif isinstance(value, int):
            said[name] = words.count(value)
        else:
            said[name] = value
    return words(key, **said)


def _some(words: Words, names: list[str], most: int = 10) -> str:
    shown = words.listing(names[:most])
    if len(names) > most:
        shown += words("warning_more", count=words.count(len(names) - most))
    return shown


def index_years_table(run: IndexRun) -> pd.DataFrame:
    """Mean, spread and extremes of an index in every year."""
    by_year = run.values.dropna().groupby(level="year")
    return pd.DataFrame(
        {
            "n": by_year.size(),
            "mean": by_year.mean(),
            "std": by_year.std(ddof=1),
            "minimum": by_year.min(),
            "quartile_1": by_year.quantile(0.25),
            "median": by_year.median(),
            "quartile_3": by_year.quantile(0.75),
            "maximum": by_year.max(),
        }
    )
