"""Sections of a report on hot spots of resilience and on the dynamics of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.findings_dynamics import column_findings
from analyses.report_content import ReportFigure, ReportTable, Section
from analyses.report_words import names_of, short_names_of, words_of
from analyses.words_dynamics import column_words, period_words, quarter_words
from shapefiles.style_clusters import emerging_wording, hot_spot_wording
from spatial.autocorrelation import EMERGING_CLASSES, HOT_SPOT_CLASSES, NO_PATTERN, QUADRANTS
from spatial.autocorrelation.transitions import TRANSITION_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analyses.results import StudyResult
    from analyses.results_dynamics import ColumnDynamics

    Figures = Mapping[str, Sequence[ReportFigure]]

RANKED = 10
"""Rows of a ranking."""

NAMED = 5
"""Cities named in a cell."""

NARROW = 110.0
"""Pictures below this width, millimetres, fit two to a line."""

_CLUSTERS = ("High-High", "Low-Low", "High-Low", "Low-High")


def hot_spot_table(result: StudyResult) -> ReportTable:
    """Count the cities in each class of hot and cold spots."""
    words, settings = words_of(result), result.study.autocorrelation
    rows = []
    for (shock, measure), found in result.hot_spots.items():
        counts = found.cluster_counts()
        rows.append(
            {
                words("column_shock"): shock,
                words("column_measure"): words(measure),
                **{
                    hot_spot_wording(name, words.language): int(counts[name])
                    for name in (*HOT_SPOT_CLASSES, "Not significant")
                },
                words("report_raw_significant"): found.n_significant_raw,
            }
        )
    return ReportTable(
        words("report_hot_spots_caption", weights=result.study.local_weights),
        pd.DataFrame(rows),
        notes=(
            words(
                "report_hot_spots_note",
                correction=words(f"correction_{settings.correction}"),
                permutations=words.count(settings.permutations),
                alpha=words.percent(settings.alpha, 0),
            ),
            *_source(result),
        ),
    )


def dynamics_section(result: StudyResult, figures: Figures) -> Section | None:
    """Show how each column and its clusters changed over the years; None if not asked for."""
    if result.dynamics is None:
        return None
    words = words_of(result)
    parts = []
    for at, known in enumerate(result.dynamics.columns.values(), start=1):
        key = f"dynamics-{at}"
        tables = [table for make in _TABLES if (table := make(result, known)) is not None]
        parts.append(
            Section(
                key,
                column_words(result.study, known.column),
                paragraphs=(_left_out(result, known),) if known.left_out else (),
                points=tuple(column_findings(result, known)),
                figures=tuple(sorted(figures.get(key, ()), key=lambda item: item.width < NARROW)),
                tables=tuple(tables),
            )
        )
    return Section(
        "dynamics",
        words("report_dynamics"),
        paragraphs=(words("report_dynamics_reading", weights=result.dynamics.weights),),
        subsections=tuple(parts),
    )


def _left_out(result: StudyResult, known: ColumnDynamics) -> str:
    words, names = words_of(result), short_names_of(result)
    shown = [str(names[city]) for city in known.left_out[:RANKED]]
    more = len(known.left_out) - len(shown)
    return words(
        "report_left_out",
        count=words.count(len(known.left_out)),
        cities=words.listing(shown)
        + (words("warning_more", count=words.count(more)) if more else ""),
    )


def _source(result: StudyResult) -> tuple[str, ...]:
    note = result.study.source_note()
    return (words_of(result)("report_source", source=note),) if note else ()


def _about(result: StudyResult, known: ColumnDynamics) -> dict[str, str]:
    words = words_of(result)
    return {
        "column": column_words(result.study, known.column),
        "years": period_words(known, words.language),
        "weights": result.study.dynamics_weights,
    }


def moran_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Global Moran's I of each year, with the number of cities in local clusters."""
    moran = known.moran if "moran" in known.asked else None
    local = known.local if "lisa" in known.asked else None
    if moran is None and local is None:
        return None
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    columns: dict[str, object] = {words("year"): list(known.years)}
    formats, notes = {words("year"): "year"}, []
    if moran is not None:
        rows = moran.tidy()
        z_score, p_value = words("column_z_score"), words("report_p_permutation")
        p_fdr = words("report_p_fdr")
        columns |= {
            words("report_moran"): rows["statistic"].to_numpy(),
            z_score: rows["z_score"].to_numpy(),
            p_value: rows["p_permutation"].to_numpy(),
            p_fdr: rows["p_fdr"].to_numpy(),
        }
        formats |= {z_score: "decimal2", p_value: "p", p_fdr: "p"}
        options = moran.configuration.options
        notes.append(
            words(
                "report_moran_years_note",
                n=words.count(len(known.values)),
                permutations=words.count(int(options["permutations"])),
            )
        )
    if local is not None:
        counts = local.years.loc[list(known.values.columns)]
        for name in _CLUSTERS:
            heading = words(f"lisa_{name.lower().replace('-', '_')}")
            columns[heading] = counts[name].to_numpy()
        columns[words("report_raw_significant")] = counts["n_significant_raw"].to_numpy()
        notes.append(
            words(
                "report_lisa_years_note",
                correction=words(f"correction_{local.correction}"),
                alpha=words.percent(alpha, 0),
            )
        )
    return ReportTable(
        words("report_moran_years_caption", **_about(result, known)),
        pd.DataFrame(columns),
        formats=formats,
        notes=(*notes, *_source(result)),
    )


def transitions_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Probabilities of moves between the quadrants of the Moran scatter plot."""
    found = known.transitions
    if found is None:
        return None
    words = words_of(result)
    order = ("High-High", "Low-High", "Low-Low", "High-Low")
    named = {name: words(f"lisa_{name.lower().replace('-', '_')}") for name in QUADRANTS}
    shares = found.probabilities.loc[list(order), list(order)]
    frame = pd.DataFrame(
        {
            words("report_quadrant_before"): [named[name] for name in order],
            words("report_moves"): found.counts.loc[list(order)].sum(axis=1).to_numpy(),
            **{named[name]: shares[name].to_numpy() for name in order},
        }
    )
    totals = found.by_period[list(TRANSITION_TYPES)].sum()
    test = found.independence
    return ReportTable(
        words("report_transitions_caption", **_about(result, known)),
        frame,
        notes=(
            words(
                "report_transitions_note",
                stability=words.percent(found.stability, 1),
                cohesion=words.percent(found.cohesion, 1),
                flux=words.percent(found.flux, 1),
                **{f"type_{kind}": words.count(int(totals[kind])) for kind in TRANSITION_TYPES},
            ),
            words(
                "report_independence_note",
                statistic=words.number(test["statistic"], 1),
                df=words.number(test["df"], 0),
                p=words.p(float(test["p_value"])),
            ),
            *_source(result),
        ),
    )


def paths_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Rank the cities with the longest paths."""
    if known.paths is None:
        return None
    words, table = words_of(result), known.paths.table
    top = table.dropna(subset="length").sort_values("length", ascending=False, kind="stable")
    top = top.head(RANKED)
    length, bent = words("column_path_relative_length"), words("column_path_tortuosity")
    return ReportTable(
        words("report_paths_caption", **_about(result, known)),
        pd.DataFrame(
            {
                words("report_rank"): range(1, len(top) + 1),
                words("city"): names_of(result).loc[top.index].to_numpy(),
                length: top["relative_length"].to_numpy(),
                bent: top["tortuosity"].to_numpy(),
                words("column_path_quarter"): [
                    quarter_words(str(quarter), words.language) for quarter in top["quarter"]
                ],
            }
        ),
        formats={length: "decimal2", bent: "decimal2"},
        notes=(words("report_paths_note"), *_source(result)),
    )


def markov_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Transition probabilities of all cities and by the class of the neighbours."""
    found = known.markov
    if found is None:
        return None
    words = words_of(result)
    classes = list(found.pooled.counts.index)
    blocks = [(words("markov_all"), found.pooled.counts, found.pooled.probabilities)]
    blocks += [
        (words("markov_lag_class", value=lag), found.counts.loc[lag], found.probabilities.loc[lag])
        for lag in found.ergodic.index
    ]
    parts = []
    for name, counts, shares in blocks:
        part = pd.DataFrame(
            {
                words("report_neighbours"): name,
                words("report_class_before"): [str(one) for one in classes],
                words("report_moves"): counts.sum(axis=1).to_numpy(),
            }
        )
        for one in classes:
            part[words("report_class_after", value=one)] = shares[one].to_numpy()
        parts.append(part)
    scope = str(found.configuration.options["scope"]).replace(" ", "_")
    return ReportTable(
        words("report_markov_caption", **_about(result, known)),
        pd.concat(parts, ignore_index=True),
        rules=tuple(len(classes) * at for at in range(1, len(blocks))),
        notes=(
            words(f"report_markov_note_{scope}", classes=words.count(len(classes))),
            *_source(result),
        ),
    )


def markov_tests_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """List the tests of a Markov chain."""
    if known.markov is None:
        return None
    words = words_of(result)
    rows = []
    for name, test in known.markov_tests.items():
        for statistic, row in test.table.to_dict("index").items():
            permuted = known.markov.p_permutation[str(statistic)] if name == "space" else np.nan
            rows.append(
                {
                    words("report_hypothesis"): words(f"markov_null_{name}"),
                    words("column_test"): str(statistic),
                    words("report_statistic"): row["statistic"],
                    words("report_df"): int(row["df"]),
                    words("column_p_value"): row["p_value"],
                    words("report_p_permutation"): float(permuted),
                }
            )
    return ReportTable(
        words("report_markov_tests_caption", **_about(result, known)),
        pd.DataFrame(rows),
        formats={
            words("report_statistic"): "decimal1",
            words("column_p_value"): "p",
            words("report_p_permutation"): "p",
        },
        rules=tuple(range(2, len(rows), 2)),
        notes=(
            words(
                "report_markov_tests_note",
                permutations=words.count(known.markov.permutations),
            ),
        ),
    )


def emerging_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Count the classes of emerging hot spots that occur, and name cities."""
    found = known.emerging
    if found is None:
        return None
    words, names = words_of(result), short_names_of(result)
    rows = []
    for name in EMERGING_CLASSES:
        chosen = found.table[found.table["cluster"] == name]
        if chosen.empty:
            continue
        order = chosen["last_z"].abs().sort_values(ascending=False, kind="stable").index
        cities = [] if name == NO_PATTERN else [str(names[city]) for city in order[:NAMED]]
        more = len(order) - len(cities) if cities else 0
        rows.append(
            {
                words("column_emerging"): emerging_wording(name, words.language),
                words("column_n"): len(chosen),
                words("report_examples"): words.listing(cities)
                + (words("warning_more", count=words.count(more)) if more else ""),
            }
        )
    options = found.configuration.options
    return ReportTable(
        words("report_emerging_caption", **_about(result, known)),
        pd.DataFrame(rows),
        notes=(
            words(
                "report_emerging_note",
                window=words.count(found.window),
                correction=words(f"correction_{options['correction']}"),
                alpha=words.percent(found.alpha, 0),
            ),
            *_source(result),
        ),
    )


def trends_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Rank the cities with the steepest significant trends, up and down."""
    found = known.trends
    if found is None:
        return None
    words, names = words_of(result), names_of(result)
    significant = found.table[found.table["trend"] != "No trend"]
    if significant.empty:
        return None
    order = significant.sort_values("slope", ascending=False, kind="stable")
    half = RANKED // 2
    shown = order if len(order) <= RANKED else pd.concat([order.head(half), order.tail(half)])
    slope, low, high = (words(f"column_{name}") for name in ("slope", "slope_low", "slope_high"))
    digits = f"decimal{int(np.clip(3 - np.floor(np.log10(shown['slope'].abs().max())), 1, 6))}"
    return ReportTable(
        words("report_trends_caption", **_about(result, known)),
        pd.DataFrame(
            {
                words("city"): names.loc[shown.index].to_numpy(),
                slope: shown["slope"].to_numpy(),
                low: shown["slope_low"].to_numpy(),
                high: shown["slope_high"].to_numpy(),
                words("column_z_score"): shown["z_score"].to_numpy(),
                words("report_p_adjusted"): shown["p_adjusted"].to_numpy(),
            }
        ),
        formats={
            slope: digits,
            low: digits,
            high: digits,
            words("column_z_score"): "decimal2",
            words("report_p_adjusted"): "p",
        },
        rules=(half,) if len(order) > RANKED else (),
        notes=(
            words(
                "report_trends_note",
                significant=words.count(len(significant)),
                total=words.count(found.n),
                level=words.percent(1.0 - found.alpha, 0),
                correction=words(f"correction_{found.correction}"),
            ),
            *_source(result),
        ),
    )


def ranks_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Kendall's tau and theta of successive years."""
    if known.ranks is None:
        return None
    words, table = words_of(result), known.ranks.table
    pairs = zip(table["earlier_year"], table.index, strict=True)
    near = words("report_tau_p_near")
    columns: dict[str, object] = {
        words("report_phase_years"): [words.years((int(a), int(b))) for a, b in pairs],
        words("report_tau"): table["tau"].to_numpy(),
        words("report_tau_near"): table["tau_near"].to_numpy(),
        words("report_tau_far"): table["tau_far"].to_numpy(),
        near: table["p_value"].to_numpy(),
    }
    formats, notes = {near: "p"}, [words("report_ranks_note", **_about(result, known))]
    if known.shared_ranks is not None:
        theta, p_theta = words("report_theta"), words("report_theta_p")
        columns |= {
            theta: known.shared_ranks.table["theta"].to_numpy(),
            p_theta: known.shared_ranks.table["p_value"].to_numpy(),
        }
        formats[p_theta] = "p"
        notes.append(words("report_theta_note"))
    return ReportTable(
        words("report_ranks_caption", **_about(result, known)),
        pd.DataFrame(columns),
        formats=formats,
        notes=(*notes, *_source(result)),
    )


def densities_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Peak, width and number of modes of the distribution of each year."""
    if known.densities is None:
        return None
    words, table = words_of(result), known.densities.summary
    digits = f"decimal{int(np.clip(3 - np.floor(np.log10(table['peak'].abs().max())), 1, 6))}"
    peak, width = words("column_peak"), words("column_width")
    return ReportTable(
        words("report_densities_caption", **_about(result, known)),
        pd.DataFrame(
            {
                words("year"): list(known.years),
                peak: table["peak"].to_numpy(),
                width: table["width"].to_numpy(),
                words("column_modes"): table["modes"].to_numpy(),
            }
        ),
        formats={words("year"): "year", peak: digits, width: digits},
        notes=(words("report_densities_note"), *_source(result)),
    )


def ellipses_table(result: StudyResult, known: ColumnDynamics) -> ReportTable | None:
    """Centre and ellipse of each year."""
    found = known.ellipses
    if found is None:
        return None
    words, table = words_of(result), found.table
    heads = {
        name: words(f"column_{name}")
        for name in ("longitude", "latitude", "major", "minor", "rotation", "oblateness", "moved")
    }
    frame = table[list(heads)].rename(columns=heads)
    frame.insert(0, words("year"), list(known.years))
    digits = dict.fromkeys(("longitude", "latitude", "oblateness"), "decimal3")
    digits |= dict.fromkeys(("major", "minor", "rotation", "moved"), "decimal1")
    return ReportTable(
        words("report_ellipses_caption", **_about(result, known)),
        frame.reset_index(drop=True),
        formats={words("year"): "year"} | {heads[name]: chosen for name, chosen in digits.items()},
        notes=(words("report_ellipses_note"), *_source(result)),
    )


_TABLES: tuple[Callable[[StudyResult, ColumnDynamics], ReportTable | None], ...] = (
    moran_table,
    transitions_table,
    paths_table,
    markov_table,
    markov_tests_table,
    emerging_table,
    trends_table,
    ranks_table,
    densities_table,
    ellipses_table,
)
