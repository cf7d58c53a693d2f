"""Findings on hot spots and dynamics in words, each with the numbers that it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.report_words import Words, measures_of, short_names_of, words_of
from analyses.words_dynamics import column_words, compass_words, quarter_words
from shapefiles.style_clusters import emerging_wording
from spatial.autocorrelation import EMERGING_CLASSES, HOT_SPOT_CLASSES, NO_PATTERN
from spatial.autocorrelation.time_paths import PATH_DIRECTIONS

if TYPE_CHECKING:
    from analyses.results import StudyResult
    from analyses.results_dynamics import ColumnDynamics

NAMED = 3
"""Cities named in a sentence."""


def hot_spot_findings(result: StudyResult, shock: str | None = None) -> list[str]:
    """Say where high and low values of resilience gather.

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
    return [
        _hot_spots(result, key)
        for key in measures_of(result)
        if key[0] == name and key in result.hot_spots
    ]


def _hot_spots(result: StudyResult, key: tuple[str, str]) -> str:
    words, found = words_of(result), result.hot_spots[key]
    counts = found.cluster_counts()
    hot, cold = HOT_SPOT_CLASSES[:3], HOT_SPOT_CLASSES[3:]
    values = {
        "shock": key[0],
        "measure": words(key[1]),
        "correction": words(f"correction_{found.correction}"),
        "weights": result.study.local_weights,
        "total": words.count(found.n),
        "hot": words.count(int(counts[list(hot)].sum())),
        "cold": words.count(int(counts[list(cold)].sum())),
        "sure": words.count(int(counts[[HOT_SPOT_CLASSES[0], HOT_SPOT_CLASSES[-1]]].sum())),
    }
    table, names = found.table, short_names_of(result)
    listed = {}
    for kind, classes, rising in (("hot", hot, False), ("cold", cold, True)):
        chosen = table[table["cluster"].isin(classes)].sort_values(
            ["p_adjusted", "z_score"], ascending=[True, rising], kind="stable"
        )
        listed[kind] = words.listing([str(names[city]) for city in chosen.index[:NAMED]])
    if not listed["hot"] and not listed["cold"]:
        return words("finding_hot_spots_none", **values)
    parts = [words("finding_hot_spots", **values)]
    parts += [words(f"finding_{kind}_names", names=text) for kind, text in listed.items() if text]
    return words.sentences(*parts)


def dynamics_findings(result: StudyResult) -> list[str]:
    """Say in few sentences how the clusters of each column changed over the years.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str
    """
    if result.dynamics is None:
        return []
    return [
        sentence
        for known in result.dynamics.columns.values()
        for make in HEADLINES
        if (sentence := make(result, known))
    ]


def column_findings(result: StudyResult, known: ColumnDynamics) -> list[str]:
    """Say how one column and its clusters changed over the years.

    Parameters
    ----------
    result : StudyResult
    known : ColumnDynamics

    Returns
    -------
    list of str
    """
    makers = (
        _moran,
        _clusters,
        _moves,
        _paths,
        _markov,
        _emerging,
        _trends,
        _ranks,
        _density,
        _centre,
    )
    return [sentence for make in makers if (sentence := make(result, known))]


def _about(result: StudyResult, known: ColumnDynamics) -> dict[str, str]:
    """Column and years, which most sentences name."""
    words = words_of(result)
    column = column_words(result.study, known.column)
    return {
        "column": column,
        "inside": words.inside(column),
        "first_year": str(known.years[0]),
        "last_year": str(known.years[-1]),
    }


def _moran(result: StudyResult, known: ColumnDynamics) -> str:
    if known.moran is None or "moran" not in known.asked:
        return ""
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    rows = known.moran.tidy()
    rows = rows.set_index(rows["measure"].astype(str))
    significant = rows["p_fdr"] < alpha
    positive = significant & (rows["statistic"] > rows["expected"])
    low, high = str(rows["statistic"].idxmin()), str(rows["statistic"].idxmax())
    return words(
        "finding_moran_years",
        **_about(result, known),
        weights=result.study.dynamics_weights,
        significant=words.count(int(significant.sum())),
        positive=words.count(int(positive.sum())),
        total=words.count(len(rows)),
        alpha=words.percent(alpha, 0),
        low=words.number(rows.loc[low, "statistic"]),
        low_year=low,
        high=words.number(rows.loc[high, "statistic"]),
        high_year=high,
    )


def _clusters(result: StudyResult, known: ColumnDynamics) -> str:
    if known.local is None or "lisa" not in known.asked:
        return ""
    words, names = words_of(result), short_names_of(result)
    clusters, counts = known.local.clusters(), known.local.years["n_significant"]
    common = {
        "correction": words(f"correction_{known.local.correction}"),
        "total": words.count(len(clusters)),
        "years": words.count(len(counts)),
    }
    if not counts.any():
        return words("finding_lisa_years_none", **_about(result, known), **common)
    parts = [
        words(
            "finding_lisa_years",
            **_about(result, known),
            **common,
            least=words.count(int(counts.min())),
            most=words.count(int(counts.max())),
            most_year=counts.idxmax(),
        )
    ]
    for kind in ("High-High", "Low-Low"):
        often = (clusters == kind).sum(axis=1).sort_values(ascending=False, kind="stable")
        if often.iloc[0] < 2:
            continue
        key = f"finding_often_{kind.lower().replace('-', '_')}"
        parts.append(words(key, cities=_with_counts(words, often[often > 1], names)))
    return words.sentences(*parts)


def _with_counts(words: Words, counts: pd.Series, names: pd.Series) -> str:
    """Name the first cities, each with its number of years."""
    return words.listing(
        [
            words("finding_city_years", city=names[str(city)], years=words.count(int(count)))
            for city, count in counts.head(NAMED).items()
        ]
    )


def _moves(result: StudyResult, known: ColumnDynamics) -> str:
    if known.transitions is None:
        return ""
    words, found = words_of(result), known.transitions
    return words(
        "finding_transitions",
        **_about(result, known),
        stability=words.percent(found.stability, 0),
        cohesion=words.percent(found.cohesion, 0),
        flux=words.percent(found.flux, 0),
    )


def _paths(result: StudyResult, known: ColumnDynamics) -> str:
    if known.paths is None:
        return ""
    words, names = words_of(result), short_names_of(result)
    table = known.paths.table
    longest = table["relative_length"].dropna().sort_values(ascending=False, kind="stable")
    quarters = table["quarter"].value_counts()
    total = int(quarters.reindex(list(PATH_DIRECTIONS)).sum())
    together = int(quarters.get("Both up", 0) + quarters.get("Both down", 0))
    main = quarters.reindex(list(PATH_DIRECTIONS)).fillna(0).idxmax()
    return words(
        "finding_paths",
        **_about(result, known),
        cities=words.listing([str(names[city]) for city in longest.index[:NAMED]]),
        ratio=words.number(longest.iloc[0], 1),
        together=words.percent(together / max(total, 1), 0),
        main=words.inside(quarter_words(str(main), words.language)),
        main_count=words.count(int(quarters.get(main, 0))),
        total=words.count(total),
    )


def _markov(result: StudyResult, known: ColumnDynamics) -> str:
    if known.markov is None:
        return ""
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    chain = known.markov.pooled
    counts = chain.counts.to_numpy(dtype=float)
    staying = float(np.trace(counts) / counts.sum())
    row = known.markov.homogeneity.table.to_dict("index")["LR"]
    p_value = float(known.markov.p_permutation["LR"])
    return words(
        "finding_markov_space" if p_value < alpha else "finding_markov_no_space",
        **_about(result, known),
        staying=words.percent(staying, 0),
        classes=words.count(len(counts)),
        statistic=words.number(row["statistic"], 1),
        df=words.count(int(row["df"])),
        p=words.p(p_value),
        permutations=words.count(known.markov.permutations),
    )


def _emerging(result: StudyResult, known: ColumnDynamics) -> str:
    if known.emerging is None:
        return ""
    words = words_of(result)
    counts = known.emerging.cluster_counts()[[w for w in EMERGING_CLASSES if w != NO_PATTERN]]
    common = {
        **_about(result, known),
        "total": words.count(known.emerging.n),
        "correction": words(f"correction_{known.emerging.configuration.options['correction']}"),
    }
    if not counts.any():
        return words("finding_emerging_none", **common)
    hot = counts[[str(word).endswith("hot spot") for word in counts.index]]
    cold = counts.drop(hot.index)
    parts = []
    for part in (hot, cold):
        ranked = part[part > 0].sort_values(ascending=False, kind="stable")
        items = [
            words(
                "finding_class_count",
                name=words.inside(emerging_wording(str(word), words.language)),
                count=words.count(int(count)),
            )
            for word, count in ranked.items()
        ]
        parts.append(words("finding_classes", text=words.listing(items)) if items else "")
    return words(
        "finding_emerging",
        **common,
        hot=words.count(int(hot.sum())),
        cold=words.count(int(cold.sum())),
        hot_classes=parts[0],
        cold_classes=parts[1],
    )


def _trends(result: StudyResult, known: ColumnDynamics) -> str:
    if known.trends is None:
        return ""
    words, counts = words_of(result), known.trends.trend_counts()
    return words(
        "finding_trends",
        **_about(result, known),
        rising=words.count(int(counts["Increasing"])),
        falling=words.count(int(counts["Decreasing"])),
        total=words.count(known.trends.n),
        correction=words(f"correction_{known.trends.correction}"),
        alpha=words.percent(known.trends.alpha, 0),
    )


def _ranks(result: StudyResult, known: ColumnDynamics) -> str:
    if known.ranks is None:
        return ""
    words, alpha = words_of(result), result.study.autocorrelation.alpha
    table = known.ranks.table
    steady = (table["p_value"] < alpha) & (table["tau_near"] > table["expected"])
    moving = (table["p_value"] < alpha) & (table["tau_near"] < table["expected"])
    return words(
        "finding_ranks",
        **_about(result, known),
        low=words.number(table["tau"].min(), 2),
        high=words.number(table["tau"].max(), 2),
        pairs=words.count(len(table)),
        steady=words.count(int(steady.sum())),
        moving=words.count(int(moving.sum())),
        alpha=words.percent(alpha, 0),
    )


def _density(result: StudyResult, known: ColumnDynamics) -> str:
    if known.densities is None:
        return ""
    words, table = words_of(result), known.densities.summary
    first, last = table.iloc[0], table.iloc[-1]
    ratio = float(last["width"] / first["width"])
    decimals = int(np.clip(2 - np.floor(np.log10(table["peak"].abs().max())), 0, 4))
    return words(
        "finding_density",
        **_about(result, known),
        peak_first=words.number(first["peak"], decimals),
        peak_last=words.number(last["peak"], decimals),
        change=words("finding_wider" if ratio >= 1.0 else "finding_narrower"),
        width=words.percent(abs(ratio - 1.0), 0),
        modes_first=words.count(int(first["modes"])),
        modes_last=words.count(int(last["modes"])),
    )


def _centre(result: StudyResult, known: ColumnDynamics) -> str:
    if known.ellipses is None:
        return ""
    words, found = words_of(result), known.ellipses
    first, last = found.table.iloc[0], found.table.iloc[-1]
    common = {
        **_about(result, known),
        "net": words.number(found.net_moved, 0),
        "total": words.number(found.total_moved, 0),
        "area": words.percent(abs(float(last["area"] / first["area"]) - 1.0), 1),
        "change": words("finding_grew" if last["area"] >= first["area"] else "finding_shrank"),
    }
    if found.net_moved < 0.5:
        return words("finding_centre_still", **common)
    east = np.radians(last["longitude"] - first["longitude"])
    here, there = np.radians(first["latitude"]), np.radians(last["latitude"])
    across = np.sin(east) * np.cos(there)
    up = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(east)
    bearing = float(np.degrees(np.arctan2(across, up)) % 360.0)
    return words("finding_centre", **common, direction=compass_words(bearing, words.language))


HEADLINES = (_moran, _markov, _emerging, _centre)
"""Sentences among the key findings of a study; the report has all of them by column."""
