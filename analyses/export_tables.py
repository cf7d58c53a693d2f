"""The tables of a study: one frame for each question, with wording and number formats."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analyses.city_sheets import MEASURES, city_sheets
from analyses.results import NetworkAnalysis, StudyResult
from analyses.tables_dynamics import CITY_TABLES, dynamics_tables
from analyses.tables_indices import INDEX_KINDS, NETWORK_KINDS, index_tables, network_tables
from analyses.tables_models import fitted_count, models_table, question_tables
from shapefiles.language import known_labels, label
from shapefiles.tables import DataTable
from spatial.options import Language

_SHARE_COLUMNS = (
    "resistance_growth",
    "recovery_growth",
    "resistance_growth_nation",
    "recovery_growth_nation",
    *(f"{measure}_growth{of}" for measure in MEASURES for of in ("", "_nation", "_peers")),
    "growth",
    "share",
)
_COUNT_COLUMNS = ("n", "n_islands", "permutations", "out_degree", "in_degree", "degree", "missing")


KINDS = (
    *INDEX_KINDS,
    *NETWORK_KINDS,
    "cities",
    "links",
    "model",
    "fit",
    "effects_by_weights",
    "effects",
    "ladder",
    "weights_choice",
    "boundary",
    "group_effects",
    "city_effects",
    "shock",
    "specification_curve",
)
"""Kinds of tables whose names end with that of an index, network or model."""


def study_tables(result: StudyResult) -> dict[str, DataTable]:
    """Return every table of a study, in the order of the report.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    dict of str to DataTable
        Keys are file and sheet names in English whatever the language, so that scripts find them.
    """
    tables: dict[str, pd.DataFrame] = {
        "resilience": _with_types(result, _with_names(result, result.resilience.tidy(), "city")),
        "national": result.resilience.national,
        "typology_by_group": typology_by_group(result),
        "city_sheets": _with_names(result, city_sheets(result), "city"),
        "weights": weights_table(result),
        "global_moran": result.moran.tidy(),
        "local_moran": _with_names(result, local_table(result), "city"),
    }
    for name, table in dynamics_tables(result):
        tables[name] = _with_names(result, table, "city") if name in CITY_TABLES else table
    for name, analysis in result.networks.items():
        slug = result.study.slug_of(name)
        tables[f"cities_{slug}"] = _with_names(result, city_network_table(analysis), "city")
        tables[f"links_{slug}"] = backbone_table(analysis)
        for kind, table in network_tables(result, analysis):
            tables[f"{kind}_{slug}"] = table
    for kind, table in index_tables(result):
        by_city = "city" in table.index.names
        tables[kind] = _with_names(result, table, "city") if by_city else table
    if result.networks:
        tables["network_structure"] = _with_meaning(
            result, structure_table(result.networks), "structure_"
        )
    if result.correlations:
        tables["network_correlations"] = correlation_table(result)
    for name, model in result.models.items():
        slug = result.study.slug_of(name)
        tables[f"model_{slug}"] = model.result.tidy()
        fit = model.result.glance().rename_axis("item").to_frame("value")
        tables[f"fit_{slug}"] = _with_meaning(result, fit, "fit_")
        if model.effects is not None:
            tables[f"effects_{slug}"] = model.effects.tidy()
        for kind, table in question_tables(model):
            if kind in ("city_effects", "shock"):
                named = _with_names(result, table, "city")
            else:
                named = _with_hypotheses(result, table) if kind == "ladder" else table
            tables[f"{kind}_{slug}"] = named
    if fitted_count(result) > 1:
        tables["models"] = models_table(result)
    tables["panel"] = result.area.panel
    language = result.study.language
    tables["passport"] = result.area.passport.to_frame(language)
    return {name: _described(name, frame, result) for name, frame in tables.items()}


def _described(name: str, frame: pd.DataFrame, result: StudyResult) -> DataTable:
    language = result.study.language
    kind = next((k for k in KINDS if name.startswith(f"{k}_")), name)
    subject = _subject(name[len(kind) + 1 :], result)
    named = [str(level) for level in frame.index.names if level is not None]
    formats = {}
    for column in frame.columns:
        if column in _SHARE_COLUMNS:
            formats[str(column)] = "0.00%"
        elif column in _COUNT_COLUMNS:
            formats[str(column)] = "0"
        elif str(column).startswith("pair_effect"):
            formats[str(column)] = "0.00E+00"  # one city on another: small numbers
        elif pd.api.types.is_float_dtype(frame[column]):
            formats[str(column)] = "0.0000"
    if name == "panel":
        formats = {}
    return DataTable(
        frame=frame,
        title=label(f"table_{kind}", language) + (f": {subject}" if subject else ""),
        description=label(f"table_{kind}_note", language),
        labels={
            str(column): column_wording(str(column), result) for column in [*named, *frame.columns]
        },
        formats=formats,
        notes=tuple(note for note in (result.study.source_note(),) if note),
    )


def _subject(slug: str, result: StudyResult) -> str:
    """Name of the index, network or model that a table is about."""
    named = {name: result.study.column_label(name) for name in result.indices}
    named |= {result.study.slug_of(name): name for name in (*result.networks, *result.models)}
    return named.get(slug, "")


def column_wording(column: str, result: StudyResult) -> str:
    """Wording of a column: the user's, then the dictionary's, then the plain name."""
    if column in result.study.columns:
        return result.study.column_label(column, with_unit=True)
    for prefix in ("column_", "group_", "typology_", "validity_", "structure_", ""):
        key = prefix + column
        if key in known_labels():
            return label(key, result.study.language)
    if column.startswith("dimension_"):
        part = result.study.value_label(column.removeprefix("dimension_"))
        return f"{label('column_dimension', result.study.language)}: {part}"
    for role in ("senders", "receivers"):
        source = _subject(column.removeprefix(f"{role}_"), result)
        if column.startswith(f"{role}_") and source:
            return label(f"column_{role}", result.study.language, source=source)
    for measure in MEASURES:
        kind = f"sheet_{column.removeprefix(f'{measure}_')}"
        if column.startswith(f"{measure}_") and kind in known_labels():
            language = result.study.language
            phase = label(f"policy_phase_{measure}", language)
            return label("column_sheet", language, measure=label(kind, language), phase=phase)
    return column


def _with_names(result: StudyResult, frame: pd.DataFrame, level: str) -> pd.DataFrame:
    """Put the names and groups of the cities beside their ids."""
    cities = frame.index.get_level_values(level)
    wide = frame.copy()
    for at, column in enumerate(["name", *result.study.groups]):
        if column not in wide.columns:
            wide.insert(at, column, result.area.cities[column].reindex(cities).to_numpy())
    return wide


def _with_types(result: StudyResult, frame: pd.DataFrame) -> pd.DataFrame:
    """Put the wording of the type of resilience beside its code."""
    language = result.study.language
    words = frame["typology"].map(lambda code: wording_of(language, f"typology_{code}"))
    wide = frame.copy()
    wide.insert(list(wide.columns).index("typology") + 1, "typology_words", words)
    return wide


def _with_meaning(result: StudyResult, frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Put the wording of each row beside its code."""
    words = [wording_of(result.study.language, f"{prefix}{code}") for code in frame.index]
    plain = [word.removeprefix(prefix) for word in words]
    wide = frame.copy()
    wide.insert(0, "meaning", plain)
    return wide


def _with_hypotheses(result: StudyResult, frame: pd.DataFrame) -> pd.DataFrame:
    """Put the hypothesis of each specification test beside its code."""
    keys = [f"ladder_{str(test).lower().replace(' ', '_')}" for _, test in frame.index]
    wide = frame.copy()
    wide.insert(0, "meaning", [wording_of(result.study.language, key) for key in keys])
    return wide


def typology_by_group(result: StudyResult) -> pd.DataFrame:
    """Count the four types of resilience by shock and group."""
    types = result.resilience.table["typology"]
    cities = types.index.get_level_values("city")
    shocks = types.index.get_level_values("shock")
    parts = []
    for group in ["all", *result.study.groups]:
        members = (
            pd.Series("all", index=types.index)
            if group == "all"
            else pd.Series(
                result.area.cities[group].astype(str).reindex(cities).to_numpy(), index=types.index
            )
        )
        counts = pd.crosstab(
            [shocks.to_numpy(), members.to_numpy()], types.to_numpy(), rownames=["shock", "group"]
        )
        parts.append(pd.concat({group: counts}, names=["grouping"]))
    table = pd.concat(parts).fillna(0).astype(int)
    table.columns = pd.Index([str(column) for column in table.columns])
    return table.reorder_levels(["shock", "grouping", "group"])


def weights_table(result: StudyResult) -> pd.DataFrame:
    """Put the validity reports of all weights side by side: a row for each weights."""
    rows = {name: report.tidy()["value"] for name, report in result.weights_reports.items()}
    return pd.DataFrame(rows).T.rename_axis("weights")


def local_table(result: StudyResult) -> pd.DataFrame:
    """Stack the local Moran tables of every shock and measure."""
    parts = {key: item.table for key, item in result.local.items()}
    return pd.concat(parts, names=["shock", "measure", "city"])


def city_network_table(analysis: NetworkAnalysis) -> pd.DataFrame:
    """Centralities of the cities with their community."""
    table = analysis.centralities.table.rename_axis("city")
    table = table.assign(community=analysis.communities.membership.reindex(table.index))
    return table.join(membership_table(analysis).reindex(table.index))


def membership_table(analysis: NetworkAnalysis) -> pd.DataFrame:
    """Block, core and coreness of the cities, where the study asks for them."""
    asked = analysis.questions
    table = pd.DataFrame(index=analysis.network.cities)
    if asked.blocks is not None:
        table["block"] = asked.blocks.membership.reindex(table.index)
    if asked.core is not None:
        table[["core", "coreness"]] = asked.core.table.reindex(table.index)
    return table


def backbone_table(analysis: NetworkAnalysis) -> pd.DataFrame:
    """List the links that at least one backbone keeps, and which.

    A gravity network of n cities has n (n - 1) linkages, most of them tiny; the rest is in the
    GraphML file.
    """
    table = None
    for name, backbone in analysis.backbones.items():
        part = backbone.table.set_index(["origin", "destination"])
        kept = part["kept"].rename(f"kept_{name}")
        extra = [c for c in part.columns if c in ("p_value",)]
        part = pd.concat([part[["flow", *extra]], kept], axis=1)
        table = part if table is None else table.join(part.drop(columns="flow"))
    assert table is not None
    kept_by_any = table.filter(like="kept_").any(axis=1)
    return table[kept_by_any].sort_values("flow", ascending=False, kind="stable")


def structure_table(networks: Mapping[str, NetworkAnalysis]) -> pd.DataFrame:
    """Put the structure of all networks (their shown backbones) side by side."""
    columns = {name: item.structure.tidy()["value"] for name, item in networks.items()}
    return pd.DataFrame(columns).rename_axis("measure")


def correlation_table(result: StudyResult) -> pd.DataFrame:
    """List the QAP correlation of every pair of networks."""
    rows = {pair: item.tidy().iloc[0] for pair, item in result.correlations.items()}
    return pd.DataFrame(rows).T.rename_axis(["first", "second", "compared"]).infer_objects()


def wording_of(language: Language, key: str) -> str:
    """Wording of a code such as a type or cluster, the code itself if the dictionary lacks it."""
    return label(key, language) if key in known_labels() else key
