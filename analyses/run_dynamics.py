"""Hot spots of resilience, and the dynamics of a study: one column after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analyses.indices.yearly_resilience import yearly_resilience
from analyses.results_dynamics import ColumnDynamics, Dynamics
from analyses.run_common import cut_weights, require_columns, seed_of
from analyses.study import Study
from analyses.study_dynamics import ANALYSES, SHOWN_YEARS, YEARLY_RESILIENCE, DynamicsSection
from shapefiles.study_area import PassportEntry, StudyArea
from spatial.autocorrelation import (
    HomogeneityTest,
    LocalStatistic,
    RankMobility,
    SpatialMarkov,
    city_trends,
    emerging_hot_spots,
    global_moran_table,
    lisa_time_paths,
    lisa_transitions,
    local_getis_ord,
    local_panel,
    rank_tau,
    rank_theta,
    spatial_markov,
    standard_deviational_ellipses,
)
from spatial.errors import ConfigError, InterurbanError, PanelError, listed
from spatial.weights import Weights


@dataclass(frozen=True)
class FollowedColumn:
    """A column of the panel as a table without gaps.

    Attributes
    ----------
    column : str
    values : pandas.DataFrame of shape (n, years)
    left_out : tuple of str
        Cities of the study that are not in it.
    """

    column: str
    values: pd.DataFrame
    left_out: tuple[str, ...]


def find_hot_spots(
    study: Study, measures: pd.DataFrame, weights: Mapping[str, Weights]
) -> dict[tuple[str, str], LocalStatistic]:
    """Find hot and cold spots (G*) of every measure of resilience; none if not asked for.

    Parameters
    ----------
    study : Study
    measures : pandas.DataFrame
        Index: city; columns (shock, measure).
    weights : mapping of str to Weights

    Returns
    -------
    dict of (str, str) to LocalStatistic
        Keys (shock, measure).
    """
    options = study.autocorrelation
    if not options.hot_spots:
        return {}
    return {
        (str(shock), str(measure)): local_getis_ord(
            measures[(shock, measure)],
            weights[study.local_weights],
            permutations=options.permutations,
            correction=options.correction,
            alpha=options.alpha,
            rng=seed_of(study.seed, f"hot spots {study.key_of(str(shock))} {measure}"),
        )
        for shock, measure in measures.columns.tolist()
    }


def run_dynamics(study: Study, area: StudyArea, weights: Mapping[str, Weights]) -> Dynamics | None:
    """Follow every column that the section ``[dynamics]`` names; None without the section.

    Parameters
    ----------
    study : Study
    area : StudyArea
        With derived columns.
    weights : mapping of str to Weights

    Returns
    -------
    Dynamics or None

    Raises
    ------
    InterurbanError
        Of the kind of the fault, with key and column in front.
    """
    section = study.dynamics
    if section is None:
        return None
    chosen = weights[study.dynamics_weights]
    followed = followed_columns(study, area)
    asked = asked_columns(study)
    return Dynamics(
        weights=study.dynamics_weights,
        columns={
            column: _follow(
                study,
                area,
                known,
                cut_weights(chosen, known.left_out),
                frozenset(key for key, columns in asked.items() if column in columns),
            )
            for column, known in followed.items()
        },
    )


def asked_columns(study: Study) -> dict[str, tuple[str, ...]]:
    """List the columns of each key of the section: its own, or all of ``columns``."""
    section = study.dynamics
    if section is None:
        return {}
    outcome, by = study.resilience.outcome, study.resilience.by
    columns = section.columns or (YEARLY_RESILIENCE, outcome)
    amounts = {"sum": (outcome,), "mean": (), "weighted mean": (by,) if by else ()}
    asked = {key: getattr(section, key) for key in ANALYSES}
    asked["ellipse"] = (
        amounts[study.resilience.national] if section.ellipse is None else section.ellipse
    )
    return {
        key: (columns if value else ()) if isinstance(value, bool) else value
        for key, value in asked.items()
    }


def followed_columns(study: Study, area: StudyArea) -> dict[str, FollowedColumn]:
    """Take the columns of the section out of the panel: years of the study, cities without gaps.

    Raises
    ------
    PanelError
        For unknown columns, years outside the panel, columns without figures, or (``incomplete =
        "error"``) cities with gaps.
    """
    section = study.dynamics
    if section is None:
        return {}
    asked = asked_columns(study)
    wanted = dict.fromkeys(column for columns in asked.values() for column in columns)
    if not wanted:
        raise ConfigError(
            "[dynamics] asks for nothing: every key is false. Name columns, or delete the section."
        )
    plain = [column for column in wanted if column != YEARLY_RESILIENCE]
    require_columns(area, plain, "[dynamics]")
    if YEARLY_RESILIENCE in area.panel.columns:
        raise PanelError(
            f"[dynamics]: the panel has a column {YEARLY_RESILIENCE!r}, which is the word for the "
            "resilience that interurban computes; give the column another name."
        )
    return {column: _followed(column, study, section, area) for column in wanted}


def _followed(
    column: str, study: Study, section: DynamicsSection, area: StudyArea
) -> FollowedColumn:
    where = f"[dynamics] column {column!r}"
    wide = _wide(column, study, area)
    if section.years is not None:
        first, last = section.years
        unknown = [year for year in section.years if year not in area.years]
        if unknown:
            raise PanelError(
                f"[dynamics] years = {[first, last]}: the panel has no year {listed(unknown)}; it "
                f"runs from {area.years.min()} to {area.years.max()}."
            )
        wide = wide.loc[:, (wide.columns >= first) & (wide.columns <= last)]
    # Growth has no first year: years in which no city has a figure say nothing about anyone.
    wide = wide.loc[:, wide.notna().any()]
    if wide.shape[1] < 2:
        raise PanelError(
            f"{where}: {wide.shape[1]} years have figures; dynamics need two at least, and "
            f"{YEARLY_RESILIENCE!r} needs years that follow each other."
        )
    whole = wide[np.isfinite(wide.to_numpy(dtype=float)).all(axis=1)]
    lost = tuple(str(city) for city in wide.index.difference(whole.index, sort=False))
    if lost and section.incomplete == "error":
        raise PanelError(
            f"{where}: {len(lost)} cities have gaps between {wide.columns[0]} and "
            f'{wide.columns[-1]}: {listed(lost)}. Fill them, or set incomplete = "drop" in '
            "[dynamics] to leave these cities out of it."
        )
    if len(whole) < 4:
        raise PanelError(
            f"{where}: only {len(whole)} cities have figures in every year from "
            f"{wide.columns[0]} to {wide.columns[-1]}; choose other years or another column."
        )
    return FollowedColumn(column, whole.astype(float), lost)


def _wide(column: str, study: Study, area: StudyArea) -> pd.DataFrame:
    """Return a column as a table of cities and years."""
    if column != YEARLY_RESILIENCE:
        return area.wide(column)
    options = study.resilience
    require_columns(area, [options.outcome, *([options.by] if options.by else [])], "[resilience]")
    with _named(column, "columns"):
        found = yearly_resilience(area.panel, options.outcome, benchmark="all", by=options.by)
    return found["gap"].unstack("year").reindex(area.cities.index)


def gap_entries(study: Study, area: StudyArea) -> list[PassportEntry]:
    """Name in the passport the cities that the dynamics of each column leave out."""
    return [
        PassportEntry("passport_dynamics_gaps", len(known.left_out), known.left_out, column)
        for column, known in followed_columns(study, area).items()
        if known.left_out
    ]


def dynamics_remarks(dynamics: Dynamics | None) -> tuple[str, ...]:
    """Say for the run record what was left out of the dynamics, and what to beware of."""
    if dynamics is None:
        return ()
    found: dict[str, None] = {}
    for column, known in dynamics.columns.items():
        if known.left_out:
            found[
                f"dynamics of {column!r}: {len(known.left_out)} cities with gaps left out "
                f"({listed(known.left_out)}); the weights were cut to the others and scaled again"
            ] = None
        results = (known.local, known.markov, known.emerging, known.trends)
        for sentence in (text for one in results if one is not None for text in one.warnings):
            found[f"dynamics of {column!r}: {sentence}"] = None
    return tuple(found)


@contextmanager
def _named(column: str, key: str) -> Iterator[None]:
    """Put key and column in front of errors, and the remedy that a study file has."""
    try:
        yield
    except InterurbanError as error:
        raise type(error)(
            f"[dynamics] {key}, column {column!r}: {error} In the study file, {key} can be false "
            "or name other columns."
        ) from error


def _follow(
    study: Study,
    area: StudyArea,
    known: FollowedColumn,
    weights: Weights,
    asked: frozenset[str],
) -> ColumnDynamics:
    """Compute what was asked of one column, each task with a seed of its own."""
    section, options = study.dynamics, study.autocorrelation
    assert section is not None
    values, column = known.values, known.column
    corrected = {"correction": options.correction, "alpha": options.alpha}
    permutations = section.permutations or options.permutations
    histories = section.history_permutations

    def seed(task: str) -> int:
        return seed_of(study.seed, f"dynamics {task} {column}")

    tasks: dict[str, Any] = {
        "moran": lambda: global_moran_table(
            values,
            {study.dynamics_weights: weights},
            permutations=permutations,
            rng=seed("moran"),
        ),
        "lisa": lambda: local_panel(
            values, weights, permutations=permutations, rng=seed("lisa"), **corrected
        ),
        "transitions": lambda: lisa_transitions(values, weights),
        "time_paths": lambda: lisa_time_paths(values, weights),
        "markov": lambda: spatial_markov(
            values,
            weights,
            classes=section.markov_classes,
            scope=section.markov_scope,
            permutations=histories,
            rng=seed("markov"),
        ),
        "emerging_hot_spots": lambda: emerging_hot_spots(
            values,
            weights,
            window=min(section.window, values.shape[1] - 1),
            reference=section.reference,
            **corrected,
        ),
        "trends": lambda: city_trends(values, **corrected),
        "ranks": lambda: rank_tau(values, weights, permutations=histories, rng=seed("ranks")),
        "shared_ranks": lambda: _shared_ranks(
            study, area, values, histories, seed("shared ranks")
        ),
        "ellipse": lambda: standard_deviational_ellipses(values, area.cities.loc[values.index]),
    }
    needed = set(asked)
    # Scatter plots show the clusters of each year.
    needed |= {"lisa"} if "moran_scatter" in asked else set()
    needed |= {"shared_ranks"} if "ranks" in asked else set()
    found = {}
    for task, compute in tasks.items():
        if task in needed:
            with _named(column, "ranks" if task == "shared_ranks" else task):
                found[task] = compute()
    markov: SpatialMarkov | None = found.get("markov")
    return ColumnDynamics(
        column=column,
        values=values,
        left_out=known.left_out,
        shown_years=_shown_years(section, values),
        moran=found.get("moran"),
        local=found.get("lisa"),
        transitions=found.get("transitions"),
        paths=found.get("time_paths"),
        markov=markov,
        markov_tests={} if markov is None else _markov_tests(markov),
        emerging=found.get("emerging_hot_spots"),
        trends=found.get("trends"),
        ranks=found.get("ranks"),
        shared_ranks=found.get("shared_ranks"),
        ellipses=found.get("ellipse"),
        asked=asked,
    )


def _shown_years(section: DynamicsSection, values: pd.DataFrame) -> tuple[int, ...]:
    """Years of small maps: those named that exist for the column, or some spread evenly."""
    years = [int(year) for year in values.columns]
    if not section.shown_years:
        places = np.linspace(0, len(years) - 1, min(SHOWN_YEARS, len(years)))
        return tuple(years[at] for at in np.unique(places.round().astype(int)))
    shown = tuple(year for year in section.shown_years if year in years)
    if not shown:
        raise PanelError(
            f"[dynamics] shown_years = {list(section.shown_years)}: no such year has figures; "
            f"known: {listed(years)}."
        )
    return shown


def _markov_tests(markov: SpatialMarkov) -> dict[str, HomogeneityTest]:
    """Gather the tests of a chain; those that the panel is too short for are left away."""
    chain = markov.pooled
    tests = {"space": markov.homogeneity}
    starts = chain.counts_by_year.index.get_level_values(0).nunique()
    if starts >= 2:
        tests["time"] = chain.time_homogeneity(2)
    tests["order_0"] = chain.order_test(0)
    if starts >= 2:
        tests["order_1"] = chain.order_test(1)
    return tests


def _shared_ranks(
    study: Study, area: StudyArea, values: pd.DataFrame, permutations: int, seed: int
) -> RankMobility | None:
    """Theta by the first grouping of the study that has two groups among the cities."""
    for group in study.groups:
        members = area.cities[group].astype(str).loc[values.index].rename(str(group))
        if members.nunique() > 1:
            return rank_theta(values, members, permutations=permutations, rng=seed)
    return None
