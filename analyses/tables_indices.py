"""Tables of indices, inequality and the questions asked of networks, for files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from shapefiles.language import label

if TYPE_CHECKING:
    from analyses.results import NetworkAnalysis, StudyResult
    from analyses.results_indices import IndexRun

INDEX_KINDS = (
    "index_ranks",
    "index_sensitivity",
    "index",
    "indicators",
    "coupling",
)
"""Kinds of tables whose names end with that of an index, longer names first."""

NETWORK_KINDS = (
    "network_years",
    "network_changes",
    "links_by_year",
    "block_roles",
    "block_density",
    "robustness",
    "group_flows",
)
"""Kinds of tables whose names end with that of a network."""

LINKS_OF_BLOCKS = {
    "cities": "n_cities",
    "internal": "links_inside",
    "sent": "links_sent",
    "received": "links_received",
}
"""Names of columns that say what is counted."""

STRUCTURE_BY_YEAR = (
    "n_links",
    "density",
    "connectedness",
    "hierarchy",
    "efficiency_undirected",
    "efficiency_global",
    "average_path_length",
    "transitivity",
    "reciprocity_weighted",
    "centralisation_out_degree",
    "centralisation_betweenness",
    "n_isolates",
    "total_flow",
    "whole_flow",
)
"""Measures of networks that are told year by year."""


def index_tables(result: StudyResult) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of every index and of inequality.

    Yields
    ------
    name : str
        A kind of ``INDEX_KINDS`` with the name of the index, or of inequality.
    table : pandas.DataFrame
    """
    for name, run in result.indices.items():
        yield f"index_{name}", score_table(run)
        if run.composite is not None:
            yield f"indicators_{name}", indicators_table(result, run)
        if run.sensitivity is not None:
            yield f"index_sensitivity_{name}", sensitivity_table(result, run)
            yield f"index_ranks_{name}", ranks_table(run)
        if run.coupling is not None:
            yield f"coupling_{name}", coupling_table(result, run)
    yield from inequality_tables(result)


def score_table(run: IndexRun) -> pd.DataFrame:
    """Scores of every city and year with the rank in the year, and what the index is made of."""
    table = run.values.to_frame("score")
    table["rank"] = run.values.groupby(level="year").rank(ascending=False, method="min")
    if run.composite is not None and len(run.composite.dimension_weights) > 1:
        parts = run.composite.dimensions.reindex(table.index)
        return table.join(parts.rename(columns=lambda name: f"dimension_{name}"))
    if run.parts is not None:
        quotients = run.parts[["first_quotient", "second_quotient"]]
        return table.join(quotients.reindex(table.index))
    return table


def indicators_table(result: StudyResult, run: IndexRun) -> pd.DataFrame:
    """List the indicators with wording, unit, dimension, direction and weight."""
    assert run.composite is not None
    language, table = result.study.language, run.composite.weights.copy()
    columns = [str(column) for column in table.index]
    table.insert(0, "meaning", [result.study.column_label(column) for column in columns])
    table.insert(1, "unit", [result.study.unit_label(column) for column in columns])
    table["direction"] = [label(f"direction_{word}", language) for word in table["direction"]]
    share = run.composite.dimension_weights
    table["dimension_weight"] = [float(share[name]) for name in table["dimension"]]
    return table


def method_words(result: StudyResult, method: str) -> str:
    """Wording of a method of composite indices."""
    return label(f"composite_{method.replace('-', '_')}", result.study.language)


def sensitivity_table(result: StudyResult, run: IndexRun) -> pd.DataFrame:
    """How ranks move with another method, and with each indicator left out."""
    assert run.sensitivity is not None
    table = run.sensitivity.tidy().copy()
    words = []
    for change, changed in table.index:
        if change == "method":
            words.append(method_words(result, str(changed)))
        else:
            words.append(result.study.column_label(str(changed)))
    table.insert(0, "meaning", words)
    moved = table.pop("most_moved")
    table["most_moved_city"] = [key[0] if isinstance(key, tuple) else None for key in moved]
    table["most_moved_year"] = [key[1] if isinstance(key, tuple) else None for key in moved]
    return table


def ranks_table(run: IndexRun) -> pd.DataFrame:
    """Ranks under random weights in the mapped years."""
    assert run.sensitivity is not None
    ranks = run.sensitivity.ranks
    return ranks[ranks.index.get_level_values("year").isin(run.years)]


def coupling_table(result: StudyResult, run: IndexRun) -> pd.DataFrame:
    """Coupling, development, coordination and class of every city and year."""
    assert run.coupling is not None
    table = run.coupling.table.copy()
    words = [
        label(f"class_{code}", result.study.language) if isinstance(code, str) else None
        for code in table["coordination_class"]
    ]
    table.insert(list(table.columns).index("coordination_class") + 1, "class_words", words)
    return table


def inequality_tables(result: StudyResult) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield measures by year, their sources between groups, and convergence."""
    runs = result.inequality
    if not runs:
        return
    levels = ["column", "year"]
    yield "inequality", pd.concat({name: run.table for name, run in runs.items()}, names=levels)
    theil = {name: run.theil for name, run in runs.items() if run.theil is not None}
    dagum = {name: run.dagum for name, run in runs.items() if run.dagum is not None}
    if theil:
        yield (
            "theil",
            pd.concat(theil, names=levels)[["theil", "between", "within", "between_share"]],
        )
        yield "theil_groups", theil_of_groups(theil)
    if dagum:
        tables = {name: item.table for name, item in dagum.items()}
        yield "dagum", pd.concat(tables, names=levels)
        groups = {name: item.groups for name, item in dagum.items()}
        yield "dagum_groups", pd.concat(groups, names=[*levels, "group"])
        pairs = {name: item.pairs for name, item in dagum.items()}
        yield "dagum_pairs", pd.concat(pairs, names=[*levels, "first", "second"])
    sigma = {name: run.sigma for name, run in runs.items() if run.sigma is not None}
    if sigma:
        yield "sigma_convergence", pd.concat(sigma, names=levels)
    beta = {name: run.beta.table for name, run in runs.items() if run.beta is not None}
    if beta:
        table = pd.concat(beta, names=["column", "term"])
        used = [runs[str(name)].beta for name in table.index.get_level_values("column")]
        table["speed"] = [item.speed for item in used if item is not None]
        table["half_life"] = [item.half_life for item in used if item is not None]
        yield "beta_convergence", table


def theil_of_groups(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Theil's T inside each group and its share of the whole, a row for each group and year."""
    parts = {}
    for column, table in tables.items():
        groups = [str(name)[6:] for name in table.columns if str(name).startswith("theil_")]
        for group in groups:
            found = table[[f"theil_{group}", f"share_{group}"]]
            parts[(column, group)] = found.set_axis(["theil", "share_of_theil"], axis=1)
    stacked = pd.concat(parts, names=["column", "group", "year"])
    return stacked.reorder_levels(["column", "year", "group"]).sort_index(sort_remaining=True)


def network_tables(
    result: StudyResult, analysis: NetworkAnalysis
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of what was asked of a network.

    Yields
    ------
    kind : str
        One of ``NETWORK_KINDS``.
    table : pandas.DataFrame
    """
    asked = analysis.questions
    if asked.years is not None:
        measures = asked.years.measures[list(STRUCTURE_BY_YEAR)]
        yield "network_years", measures.astype({"n_links": int, "n_isolates": int})
        yield "network_changes", asked.years.changes
        yield "links_by_year", yearly_links(asked.years.backbones)
    if asked.blocks is not None:
        yield "block_roles", block_roles(result, analysis)
        yield "block_density", block_density(analysis)
    if asked.robustness:
        curves = {order: item.tidy() for order, item in asked.robustness.items()}
        table = pd.concat(curves, names=["removal_order", "row"]).droplevel("row")
        yield "robustness", table.dropna(axis=1, how="all")
    if asked.groups is not None:
        yield "group_flows", long_table(asked.groups.flows, "sender", "receiver", "flow")


def yearly_links(backbones: object) -> pd.DataFrame:
    """Links of the backbone of every year, the strongest first."""
    parts = {year: network.to_frame() for year, network in backbones.items()}  # type: ignore[attr-defined]
    table = pd.concat(parts, names=["year", "row"]).droplevel("row")
    return table.sort_values("flow", ascending=False, kind="stable").sort_index(kind="stable")


def block_roles(result: StudyResult, analysis: NetworkAnalysis) -> pd.DataFrame:
    """Blocks with their numbers of cities and links, and the role that follows."""
    blocks = analysis.questions.blocks
    assert blocks is not None
    table = blocks.roles.drop(columns="reason").rename(columns=LINKS_OF_BLOCKS)
    table["role"] = [role_words(result, role) for role in table["role"]]
    table["members"] = [
        ", ".join(result.area.cities["name"].reindex(members.index).astype(str))
        for _, members in blocks.membership.groupby(blocks.membership)
    ]
    return table


def role_words(result: StudyResult, role: str) -> str:
    """Wording of the role of a block."""
    return label(f"block_role_{role.replace(' ', '_')}", result.study.language)


def block_density(analysis: NetworkAnalysis) -> pd.DataFrame:
    """Links, density and image of every pair of blocks."""
    blocks = analysis.questions.blocks
    assert blocks is not None
    parts = {
        name: long_table(table, "from_block", "to_block", name)[name]
        for name, table in (
            ("links", blocks.links),
            ("block_density", blocks.density),
            ("image", blocks.image),
        )
    }
    return pd.DataFrame(parts)


def long_table(square: pd.DataFrame, row: str, column: str, value: str) -> pd.DataFrame:
    """Write a square table as a row for each pair, what sends first."""
    names = pd.MultiIndex.from_product([square.index, square.columns], names=[row, column])
    return pd.DataFrame({value: square.to_numpy().ravel()}, index=names)


def index_attributes(result: StudyResult) -> Iterator[tuple[str, pd.DataFrame, str, str]]:
    """Yield the tables that travel in the GeoPackage: name, frame, kind, what it is about.

    Scores of cities are in the layer of indices; here are weights, inequality and networks.
    """
    from analyses.layers_base import network_slug

    for at, (name, run) in enumerate(result.indices.items(), start=1):
        if run.composite is not None:
            subject = result.study.column_label(name)
            yield f"indicators_{at}", indicators_table(result, run), "indicators", subject
    for name, frame in inequality_tables(result):
        yield name, frame, name, ""
    for analysis in result.networks.values():
        for kind, frame in network_tables(result, analysis):
            if kind != "links_by_year":
                yield f"{kind}_{network_slug(result, analysis)}", frame, kind, analysis.name
