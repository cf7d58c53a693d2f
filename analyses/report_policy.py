"""For readers who decide: lights, lists of cities, who is behind, and sheets of single cities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analyses.city_sheets import LIGHTS, PEERS, CitySheet, city_sheet, city_sheets
from analyses.findings_spillovers import doubt, effect_decimals, focus_words
from analyses.report_content import ReportContent, ReportTable, Section
from analyses.report_sections import source_notes
from analyses.report_words import Words, group_label, outcome_label, short_names_of, words_of

if TYPE_CHECKING:
    from analyses.results import StudyResult

COLOURS = tuple(dict.fromkeys(LIGHTS.values()))
"""Green, amber, red."""

BEHIND = 15
"""Red cities in the table of those furthest behind."""

LISTED = 150
"""Names in a cell; the table ``city_sheets`` holds all."""

NAMED = 3


def policy_section(result: StudyResult) -> Section:
    """Sum a study up for readers who decide.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    Section
        Words, the list of cities by light, and the red cities that are furthest behind.
    """
    sheets = city_sheets(result)
    words, behind = words_of(result), _furthest_behind(result, sheets)
    return Section(
        "policy",
        words("report_policy"),
        paragraphs=(words.sentences(lights_words(result, sheets), whole_words(result, sheets)),),
        tables=(_lights_table(result, sheets), *([behind] if behind is not None else [])),
    )


def lights_words(result: StudyResult, sheets: pd.DataFrame) -> str:
    """Say what the lights mean and how many cities have which."""
    words = words_of(result)
    counts = sheets["light"].value_counts()
    known = int(sheets["light"].isin(COLOURS).sum())
    values = {colour: words.count(int(counts.get(colour, 0))) for colour in COLOURS} | {
        f"{colour}_share": words.percent(counts.get(colour, 0) / max(known, 1), 0)
        for colour in COLOURS
    }
    return words(
        f"policy_lights_{result.study.resilience.typology}",
        shock=result.study.focus,
        total=words.count(known),
        **values,
    )


def whole_words(result: StudyResult, sheets: pd.DataFrame) -> str:
    """Say who is ahead and behind over both phases together."""
    words, names = words_of(result), short_names_of(result)
    gaps = sheets["whole_gap"].dropna().sort_values(kind="stable")
    growth = float(sheets["whole_growth_nation"].iloc[0])
    first, last = _years(result)
    return words(
        "policy_whole",
        outcome=words.inside(outcome_label(result)),
        years=words.years((first, last)),
        movement=words(
            "finding_fell" if growth < 0 else "finding_rose", change=words.percent(abs(growth))
        ),
        ahead=words.listing(_gapped(words, gaps[::-1].head(NAMED), names)),
        behind=words.listing(_gapped(words, gaps.head(NAMED), names)),
    )


def _gapped(words: Words, gaps: pd.Series, names: pd.Series) -> list[str]:
    return [
        words("policy_city_gap", city=names.loc[str(city)], gap=words.signed(float(gap), 1))
        for city, gap in gaps.items()
    ]


def _years(result: StudyResult) -> tuple[int, int]:
    shock = next(item for item in result.study.shocks if item.name == result.study.focus)
    return int(shock.resistance[0]), int(shock.recovery[1])


def _lights_table(result: StudyResult, sheets: pd.DataFrame) -> ReportTable:
    """List the cities by group and light."""
    words, names = words_of(result), short_names_of(result)
    groups = list(result.study.groups)[:1]
    members = (
        result.area.cities[groups[0]].astype(str).reindex(sheets.index)
        if groups
        else pd.Series(words("group_all"), sheets.index)
    )
    rows: list[tuple[object, ...]] = []
    rules: list[int] = []
    for group in sorted(members.unique()):
        if rows:
            rules.append(len(rows))
        for colour in COLOURS:
            inside = sheets[(members == group) & (sheets["light"] == colour)]
            order = inside["whole_gap"].sort_values(ascending=False, kind="stable").index
            shown = [str(names[city]) for city in order[:LISTED]]
            if len(order) > LISTED:
                shown.append(words("policy_more", count=words.count(len(order) - LISTED)))
            rows.append(
                (
                    group,
                    words(f"light_{colour}"),
                    len(order),
                    words("policy_comma").join(shown) or "—",
                )
            )
    heading = group_label(result, groups[0]) if groups else words("report_group")
    columns = [heading, words("column_light"), words("column_n"), words("policy_cities")]
    return ReportTable(
        words("policy_list_caption", shock=result.study.focus),
        pd.DataFrame(rows, columns=columns),
        notes=(words("policy_list_note"), *source_notes(result)),
        rules=tuple(rules),
        marks={words(f"light_{colour}"): colour for colour in COLOURS},
    )


def _furthest_behind(result: StudyResult, sheets: pd.DataFrame) -> ReportTable | None:
    """List the red cities that are furthest behind, with peers and senders."""
    words, names = words_of(result), short_names_of(result)
    red = sheets[sheets["light"] == "red"].nsmallest(BEHIND, "whole_gap")
    if red.empty:
        return None
    columns: dict[str, object] = {words("city"): names.loc[red.index].to_numpy()}
    for group in list(result.study.groups)[:1]:
        members = result.area.cities[group].astype(str)
        columns[group_label(result, group)] = members.loc[red.index].to_numpy()
    numbers = {
        "report_rank": "whole_rank",
        "policy_gap_resistance": "resistance_gap",
        "policy_gap_recovery": "recovery_gap",
        "policy_gap_whole": "whole_gap",
        "policy_gap_peers": "whole_gap_peers",
    }
    columns |= {words(key): red[name].to_numpy() for key, name in numbers.items()}
    comma = words("policy_comma")
    senders, notes = _sender_column(result, sheets)
    for key, column in (("policy_peers", "peers"), ("policy_senders", senders)):
        if column:
            columns[words(key)] = [
                comma.join(text.split("; ")[:NAMED]) or "—" for text in red[column]
            ]
    gaps = [key for key in numbers if key != "report_rank"]
    return ReportTable(
        words("policy_behind_caption", shock=result.study.focus),
        pd.DataFrame(columns),
        formats={words(key): "decimal1" for key in gaps} | {words("report_rank"): "integer"},
        notes=(
            words(
                "policy_behind_note",
                total=words.count(int((sheets["light"] == "red").sum())),
                peers=words.count(PEERS),
            ),
            *notes,
            *source_notes(result),
        ),
    )


def _sender_column(result: StudyResult, sheets: pd.DataFrame) -> tuple[str, tuple[str, ...]]:
    """Choose whose senders are shown: of the first model with spillovers, else of a network."""
    words = words_of(result)
    for name, model in result.models.items():
        column = f"senders_{result.study.slug_of(name)}"
        if column in sheets.columns and model.effects is not None:
            said = words("policy_senders_model", model=name, variable=focus_words(result, model))
            return column, (words.sentences(said, doubt(result, model, model.focus)),)
    for name in result.networks:
        column = f"senders_{result.study.slug_of(name)}"
        if column in sheets.columns:
            return column, (words("policy_senders_network", network=name),)
    return "", ()


# ---- the sheet of one city


def city_report(result: StudyResult, city: str, *, shock: str | None = None) -> ReportContent:
    """Make the sheet of one city, to be written by any writer of reports.

    Parameters
    ----------
    result : StudyResult
    city : str
        Its id.
    shock : str, optional
        By default the shock in focus.

    Returns
    -------
    ReportContent
        Write it by ``report_content.write_report``, ``report_word.write_word_report`` or
        ``report_pdf.write_pdf_report``.

    Raises
    ------
    AlignmentError
        If the study has no such city.
    """
    words = words_of(result)
    sheet = city_sheet(result, city, shock=shock)
    facts = [(words("city"), sheet.name)]
    for group in result.study.groups:
        value = str(result.area.cities[group].loc[city])
        facts.append((group_label(result, group), value))
    if sheet.light:
        facts.append((words("column_light"), words(f"light_{sheet.light}")))
    tables = [_phases_table(result, sheet), _peers_table(result, sheet)]
    tables += _partner_tables(result, sheet)
    notes = (words("policy_sheet_caution"), *source_notes(result))
    return ReportContent(
        title=words("policy_sheet_title", city=sheet.name),
        subtitle=words("report_subtitle", outcome=outcome_label(result), shocks=sheet.shock),
        language=words.language,
        facts=tuple(facts),
        sections=(
            Section(
                "city", result.study.titled(), paragraphs=notes, tables=tuple(filter(None, tables))
            ),
        ),
    )


def _phases_table(result: StudyResult, sheet: CitySheet) -> ReportTable:
    words = words_of(result)
    known = sheet.phases
    columns = {
        "report_growth": ("growth", "percent1"),
        "policy_nation_growth": ("growth_nation", "percent1"),
        "policy_peers_growth": ("growth_peers", "percent1"),
        "report_gap": ("gap", "decimal1"),
        "policy_gap_peers_only": ("gap_peers", "decimal1"),
        "report_rank": ("rank", "integer"),
        "policy_ranked": ("ranked", "integer"),
        "policy_rank_in_group": ("rank_in_group", "integer"),
        "policy_group_size": ("group_size", "integer"),
    }
    shown = {key: pair for key, pair in columns.items() if pair[0] in known.columns}
    frame = pd.DataFrame({words(key): known[name].to_numpy() for key, (name, _) in shown.items()})
    frame.insert(0, words("report_phase"), [words(f"policy_phase_{one}") for one in known.index])
    return ReportTable(
        words("policy_phases_caption", city=sheet.name, shock=sheet.shock),
        frame,
        formats={words(key): kind for key, (_, kind) in shown.items()},
    )


def _peers_table(result: StudyResult, sheet: CitySheet) -> ReportTable | None:
    if sheet.peers.empty:
        return None
    words = words_of(result)
    frame = pd.DataFrame(
        {words("city"): sheet.peers["name"].to_numpy()}
        | {
            words(f"policy_growth_{measure}"): sheet.peers[f"{measure}_growth"].to_numpy()
            for measure in ("resistance", "recovery", "whole")
        }
    )
    return ReportTable(
        words("policy_peers_caption", city=sheet.name),
        frame,
        formats=dict.fromkeys(map(str, frame.columns[1:]), "percent1"),
        notes=(words("policy_peers_note"),),
    )


def _partner_tables(result: StudyResult, sheet: CitySheet) -> list[ReportTable]:
    words = words_of(result)
    tables = []
    for source, part in sheet.partners.groupby(level="source", sort=False):
        model = result.models.get(str(source))
        rows = part.reset_index()
        strength = rows["strength"].astype(float)
        frame = pd.DataFrame(
            {
                words("policy_role"): [words(f"policy_role_{role}") for role in rows["role"]],
                words("city"): rows["name"],
                words("policy_strength"): strength,
            }
        )
        notes: tuple[str, ...] = ()
        if model is not None:
            note = words("policy_partners_note", variable=focus_words(result, model))
            notes = (words.sentences(note, doubt(result, model, model.focus)),)
        decimals = min(effect_decimals(float(strength.abs().median())), 6)
        tables.append(
            ReportTable(
                words("policy_partners_caption", city=sheet.name, source=source),
                frame,
                formats={words("policy_strength"): f"decimal{decimals}"},
                notes=notes,
            )
        )
    return tables
