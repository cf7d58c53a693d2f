"""Key findings in words: sentences made from results, careful about what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.findings_dynamics import dynamics_findings, hot_spot_findings
from analyses.findings_indices import index_headlines, network_headlines
from analyses.findings_spillovers import question_findings
from analyses.indices.resilience import TYPOLOGY
from analyses.report_words import (
    Words,
    aggregate_label,
    group_label,
    logged_column,
    measures_of,
    outcome_label,
    short_names_of,
    variable_label,
    words_of,
)
from analyses.specification_curves import curve_finding

if TYPE_CHECKING:
    from analyses.results import ModelRun, NetworkAnalysis, StudyResult

NAMED = 3
"""Cities named in a sentence."""

SMALLEST_GROUP = 5
"""Groups with fewer cities are not compared by shares."""


DEGREES = ((0.1, "negligible"), (0.3, "weak"), (0.5, "moderate"), (1.01, "strong"))
"""Words for the size of a correlation, after Cohen's conventional bounds."""


def headline_findings(result: StudyResult) -> list[str]:
    """Say in words what a study found: the sentences of ``grouped_findings`` in one list."""
    return [sentence for sentences in grouped_findings(result).values() for sentence in sentences]


def grouped_findings(result: StudyResult) -> dict[str, list[str]]:
    """Say in words what a study found, by subject.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    dict of str to list of str
        Sentences by title of the subject, in the language of the study. Each number in them is in
        a table of the study. They speak of association, never of cause, and say so when something
        is not significant.
    """
    words = words_of(result)
    networks = [
        sentence
        for analysis in result.networks.values()
        for sentence in (
            *network_findings(result, analysis),
            *network_headlines(result, analysis),
        )
    ]
    models = [
        sentence
        for model in result.models.values()
        for sentence in (
            *model_findings(result, model),
            *question_findings(result, model, choices=False),
            *filter(None, [curve_finding(result, model)]),
        )
    ]
    groups = {
        words("report_findings_resilience"): resilience_findings(result),
        words("report_indices"): index_headlines(result),
        words("report_networks"): networks + correlation_findings(result),
        words("report_autocorrelation"): autocorrelation_findings(result)
        + hot_spot_findings(result),
        words("report_dynamics"): dynamics_findings(result),
        words("report_spillovers"): models,
    }
    return {title: sentences for title, sentences in groups.items() if sentences}


def resilience_findings(result: StudyResult, shock: str | None = None) -> list[str]:
    """Say how nation and cities fared in a shock, by default the one in focus.

    Parameters
    ----------
    result : StudyResult
    shock : str, optional

    Returns
    -------
    list of str
    """
    words = words_of(result)
    name = shock or result.study.focus
    table = result.resilience.of(name)
    sentences = [_nation(result, name, kind) for kind in ("resistance", "recovery")]
    cities = short_names_of(result)
    ranked = table["resistance_growth"].sort_values(kind="stable")
    sentences.append(
        words(
            "finding_best_and_worst",
            best=_named(words, ranked[::-1].head(NAMED), cities),
            worst=_named(words, ranked.head(NAMED), cities),
        )
    )
    sentences.append(_typology(result, name))
    contrast = _group_contrast(result, name)
    return sentences + ([contrast] if contrast else [])


def _nation(result: StudyResult, shock: str, kind: str) -> str:
    """Say what the nation did in a phase, and how many cities did better."""
    words = words_of(result)
    row = result.resilience.national.to_dict("index")[(shock, kind)]
    growth = float(row["growth"])
    table = result.resilience.of(shock)
    better = int((table[f"{kind}_gap"] > 0).sum())
    falling = int((table[f"{kind}_growth"] < 0).sum())
    if str(row["flag"]).startswith("nation_flat"):
        movement = "flat"
    else:
        movement = "fell" if growth < 0 else "rose"
    total = len(table)
    return words(
        f"finding_nation_{kind}",
        shock=shock,
        outcome=words.inside(outcome_label(result)),
        aggregate=aggregate_label(result),
        years=words.years((int(row["start_year"]), int(row["end_year"]))),
        movement=words(f"finding_{movement}", change=words.percent(abs(growth), 2)),
        falling=words.count(falling),
        better=words.count(better),
        share=words.percent(better / total, 0),
        total=words.count(total),
    )


def _named(words: Words, values: pd.Series, names: pd.Series) -> str:
    return words.listing(
        [
            words(
                "finding_city_with_growth",
                city=name,
                growth=("+" if value > 0 else "") + words.percent(value),
            )
            for name, value in zip(names.loc[values.index], values, strict=True)
        ]
    )


def _typology(result: StudyResult, shock: str) -> str:
    words = words_of(result)
    counts = result.resilience.of(shock)["typology"].value_counts()
    total = int(counts.sum())
    shares = {code: int(counts.get(code, 0)) for code in TYPOLOGY}
    return words(
        f"finding_typology_{result.study.resilience.typology}",
        both=words.count(shares["resistant_recovering"]),
        both_share=words.percent(shares["resistant_recovering"] / total, 0),
        resistant=words.count(shares["resistant_slow"]),
        recovering=words.count(shares["nonresistant_recovering"]),
        neither=words.count(shares["nonresistant_slow"]),
        neither_share=words.percent(shares["nonresistant_slow"] / total, 0),
    )


def _group_contrast(result: StudyResult, shock: str) -> str:
    """Compare the shares of cities above the nation between the groups of the first grouping."""
    groupings = list(result.study.groups)
    if not groupings:
        return ""
    words = words_of(result)
    members = result.area.cities[groupings[0]]
    above = (result.resilience.of(shock)["resistance_gap"] > 0).reindex(members.index)
    shares = above.groupby(members.astype(str)).agg(["mean", "size"])
    shares = shares[shares["size"] >= SMALLEST_GROUP].sort_values("mean", kind="stable")
    if len(shares) < 2 or shares["mean"].iloc[0] == shares["mean"].iloc[-1]:
        return ""
    low, high = shares.iloc[0], shares.iloc[-1]
    return words(
        "finding_group_contrast",
        grouping=words.inside(group_label(result, groupings[0])),
        high=shares.index[-1],
        high_share=words.percent(high["mean"], 0),
        high_n=words.count(int(high["size"])),
        low=shares.index[0],
        low_share=words.percent(low["mean"], 0),
        low_n=words.count(int(low["size"])),
    )


def autocorrelation_findings(result: StudyResult, shock: str | None = None) -> list[str]:
    """Say whether resilience clusters in space, and where.

    Parameters
    ----------
    result : StudyResult
    shock : str, optional
        By default the shock in focus.

    Returns
    -------
    list of str
    """
    name = shock or result.study.focus
    sentences = []
    for key in measures_of(result):
        if key[0] == name:
            sentences += [_global(result, key), _local(result, key)]
    return [sentence for sentence in sentences if sentence]


def moran_rows(result: StudyResult, key: tuple[str, str]) -> pd.DataFrame:
    """Rows of the Moran table for one (shock, measure)."""
    table = result.moran.tidy()
    shock, measure = key
    return table[table["measure"] == f"{measure}, {shock}"]


def _global(result: StudyResult, key: tuple[str, str]) -> str:
    words = words_of(result)
    rows = moran_rows(result, key)
    if rows.empty:
        return ""
    alpha = result.study.autocorrelation.alpha
    significant = rows[rows["p_fdr"] < alpha]
    values = {
        "measure": words(key[1]),
        "shock": key[0],
        "low": words.number(rows["statistic"].min()),
        "high": words.number(rows["statistic"].max()),
        "weights": words.count(len(rows)),
        "alpha": words.percent(alpha, 0),
    }
    if significant.empty:
        return words("finding_moran_none", **values)
    if len(significant) < len(rows):
        return words(
            "finding_moran_some",
            **values,
            which=words.listing([str(item) for item in significant["weights"]]),
        )
    if (rows["statistic"] > rows["expected"]).all():
        return words("finding_moran_positive", **values)
    return words("finding_moran_all", **values)


def _local(result: StudyResult, key: tuple[str, str]) -> str:
    words = words_of(result)
    local = result.local.get(key)
    if local is None:
        return ""
    counts = local.cluster_counts()
    correction = words(f"correction_{local.correction}")
    values = {
        "measure": words(key[1]),
        "shock": key[0],
        "weights": result.study.local_weights,
        "correction": correction,
        "raw": words.count(local.n_significant_raw),
        "kept": words.count(local.n_significant),
        "total": words.count(local.n),
    }
    if not local.n_significant:
        return words("finding_local_none", **values)
    return words(
        "finding_local",
        **values,
        high=words.count(int(counts["High-High"])),
        low=words.count(int(counts["Low-Low"])),
        outliers=words.count(int(counts["High-Low"] + counts["Low-High"])),
    )


def network_findings(result: StudyResult, analysis: NetworkAnalysis) -> list[str]:
    """Say which cities are central in a network, and how it falls into communities.

    Parameters
    ----------
    result : StudyResult
    analysis : NetworkAnalysis

    Returns
    -------
    list of str
    """
    words, names = words_of(result), short_names_of(result)
    strength = analysis.centralities.table["strength"].sort_values(ascending=False, kind="stable")
    sizes = analysis.communities.sizes
    linked = int((sizes > 1).sum())
    return [
        words(
            "finding_network",
            network=analysis.name,
            hubs=words.listing([names[city] for city in strength.index[:NAMED]]),
            share=words.percent(strength.head(NAMED).sum() / strength.sum(), 0),
            kept=words.count(analysis.backbone.n_links),
            links=words.count(analysis.network.n_links),
            backbone=words(f"backbone_{analysis.shown}"),
            communities=words.count(linked),
            modularity=words.number(analysis.communities.modularity, 2),
        )
    ]


def correlation_findings(result: StudyResult) -> list[str]:
    """Say how alike the networks are.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str
    """
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    items: dict[tuple[str, str], list[str]] = {}
    permutations = 0
    for (first, second, by), item in result.correlations.items():
        permutations = item.permutations
        items.setdefault((first, second), []).append(
            words(
                "finding_qap_found" if item.p_value < alpha else "finding_qap_none",
                by=words(f"report_by_{by}"),
                degree=words(f"finding_degree_{_degree(item.correlation)}"),
                correlation=words.number(item.correlation, 2),
                p=words.p(item.p_value),
            )
        )
    return [
        words(
            "finding_qap",
            first=first,
            second=second,
            items=words("report_list_semicolon").join(parts),
            permutations=words.count(permutations),
        )
        for (first, second), parts in items.items()
    ]


def _degree(correlation: float) -> str:
    return next(word for bound, word in DEGREES if abs(correlation) < bound)


def model_findings(result: StudyResult, model: ModelRun) -> list[str]:
    """Say what a spillover model associates with what, and what it does not.

    Parameters
    ----------
    result : StudyResult
    model : ModelRun

    Returns
    -------
    list of str
    """
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    left = model.section.formula.partition("~")[0].strip()
    common = {"model": model.section.name, "weights": model.section.main_weights}
    sentences = _dependence(
        words, model, common | {"outcome": words.inside(variable_label(result, left))}, alpha
    )
    if model.effects is None:
        return sentences
    base = logged_column(result, left)
    for name, row in model.effects.table.to_dict("index").items():
        variable = str(name)
        logged = logged_column(result, variable)
        # Both sides in logarithms: the effect is an elasticity and can be said in per cent.
        elastic = base is not None and logged is not None
        said = (base, logged) if base is not None and logged is not None else (left, variable)
        names = {
            "outcome": words.inside(variable_label(result, said[0])),
            "variable": variable_label(result, said[1]),
        }
        unit = getattr(result.study.columns.get(variable), "unit", "")
        names["step"] = words("finding_step_percent" if unit == "%" else "finding_step_unit")
        sentences.append(_effect(words, row, common | names, elastic=elastic, alpha=alpha))
    return sentences


def _effect(
    words: Words, row: Mapping[Any, Any], common: dict[str, str], *, elastic: bool, alpha: float
) -> str:
    """Say the direct and indirect effect of a variable, and which are significant."""
    significant = (bool(row["direct_p"] < alpha), bool(row["indirect_p"] < alpha))
    which = {
        (True, True): "both",
        (True, False): "direct",
        (False, True): "indirect",
        (False, False): "none",
    }[significant]
    values = {}
    for kind in ("direct", "indirect", "total"):
        values[kind] = words.signed(row[kind])
        values[f"{kind}_p"] = words.p(row[f"{kind}_p"])
    return words(f"finding_{'elasticity' if elastic else 'effect'}_{which}", **common, **values)


def _dependence(words: Words, model: ModelRun, common: dict[str, str], alpha: float) -> list[str]:
    """Say how the outcome of a city goes with that of the cities it receives from."""
    terms = model.result.tidy()
    found = []
    for parameter in ("rho", "lambda"):
        if parameter not in terms.index:
            continue
        row = terms.to_dict("index")[parameter]
        key = f"finding_{parameter}" if row["p_value"] < alpha else f"finding_{parameter}_none"
        found.append(
            words(
                key,
                **common,
                estimate=words.number(row["estimate"]),
                error=words.number(row["std_error"]),
                p=words.p(row["p_value"]),
            )
        )
    return found
