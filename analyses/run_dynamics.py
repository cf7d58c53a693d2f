"""Hot spots of resilience, and the dynamics of a study: one column after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analyses.indices.kernel_density import kernel_densities
from analyses.indices.yearly_resilience import yearly_resilience
from analyses.results_dynamics import ColumnDynamics, Dynamics, long_values
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

FEWEST_CITIES = 3
"""With fewer cities there is nothing to rearrange."""


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
    found = {}
    for key in measures.columns.tolist():
        shock, measure = str(key[0]), str(key[1])
        found[(shock, measure)] = local_getis_ord(
            measures[(shock, measure)],
            weights[study.local_weights],
            permutations=options.permutations,
            correction=options.correction,
            alpha=options.alpha,
            rng=seed_of(study.seed, f"hot spots {study.key_of(shock)} {measure}"),
        )
    return found


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
                _Task(
                    study,
                    section,
                    area,
                    column,
                    known.values,
                    cut_weights(chosen, known.left_out),
                ),
                known,
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
    for key in ("years", "shown_years"):
        unknown = [year for year in getattr(section, key) or () if year not in area.years]
        if unknown:
            raise PanelError(
                f"[dynamics] {key}: the panel has no year {listed(unknown)}; it runs from "
                f"{area.years.min()} to {area.years.max()}."
            )
    return {column: _followed(column, study, section, area) for column in wanted}


def _followed(
    column: str, study: Study, section: DynamicsSection, area: StudyArea
) -> FollowedColumn:
    where = f"[dynamics] column {column!r}"
    wide = _wide(column, study, area)
    if section.years is not None:
        first, last = section.years
        wide = wide[[year for year in wide.columns if first <= int(year) <= last]]
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
    if len(whole) < FEWEST_CITIES:
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


@dataclass(frozen=True)
class _Task:
    """What every statistic of one column needs."""

    study: Study
    section: DynamicsSection
    area: StudyArea
    column: str
    values: pd.DataFrame
    weights: Weights

    def seed(self, task: str) -> int:
        """Seed of one statistic, so that adding another does not move its numbers."""
        return seed_of(self.study.seed, f"dynamics {task} {self.column}")

    @property
    def permutations(self) -> int:
        return self.section.permutations or self.study.autocorrelation.permutations

    @property
    def histories(self) -> int:
        return self.section.history_permutations

    @property
    def test(self) -> dict[str, Any]:
        """Correction and level of tests over cities."""
        options = self.study.autocorrelation
        return {"correction": options.correction, "alpha": options.alpha}


def _shared_ranks(task: _Task) -> RankMobility | None:
    """Theta by the first grouping of the study that has two groups among the cities."""
    for group in task.study.groups:
        members = task.area.cities[group].astype(str).loc[task.values.index].rename(str(group))
        if len(members.unique()) > 1:
            return rank_theta(
                task.values, members, permutations=task.histories, rng=task.seed("shared ranks")
            )
    return None


_STATISTICS: Mapping[str, Callable[[_Task], Any]] = {
    "moran": lambda task: global_moran_table(
        task.values,
        {task.study.dynamics_weights: task.weights},
        permutations=task.permutations,
        rng=task.seed("moran"),
    ),
    "lisa": lambda task: local_panel(
        task.values,
        task.weights,
        permutations=task.permutations,
        rng=task.seed("lisa"),
        **task.test,
    ),
    "transitions": lambda task: lisa_transitions(task.values, task.weights),
    "time_paths": lambda task: lisa_time_paths(task.values, task.weights),
    "markov": lambda task: spatial_markov(
        task.values,
        task.weights,
        classes=task.section.markov_classes,
        scope=task.section.markov_scope,
        permutations=task.histories,
        rng=task.seed("markov"),
    ),
    "emerging_hot_spots": lambda task: emerging_hot_spots(
        task.values,
        task.weights,
        window=min(task.section.window, task.values.shape[1] - 1),
        reference=task.section.reference,
        **task.test,
    ),
    "trends": lambda task: city_trends(task.values, **task.test),
    "ranks": lambda task: rank_tau(
        task.values, task.weights, permutations=task.histories, rng=task.seed("ranks")
    ),
    "shared_ranks": _shared_ranks,
    "densities": lambda task: kernel_densities(_long(task), task.column),
    "ellipse": lambda task: standard_deviational_ellipses(
        task.values, task.area.cities.loc[task.values.index]
    ),
}


def _follow(task: _Task, known: FollowedColumn, asked: frozenset[str]) -> ColumnDynamics:
    """Compute what was asked of one column."""
    needed = set(asked)
    # Scatter plots show the clusters of each year and Moran's I as their slope.
    needed |= {"lisa", "moran"} if "moran_scatter" in asked else set()
    needed |= {"shared_ranks"} if "ranks" in asked else set()
    found = {}
    for name, compute in _STATISTICS.items():
        if name in needed:
            with _named(task.column, "ranks" if name == "shared_ranks" else name):
                found[name] = compute(task)
    markov: SpatialMarkov | None = found.get("markov")
    return ColumnDynamics(
        column=known.column,
        values=known.values,
        left_out=known.left_out,
        shown_years=_shown_years(task.section, known),
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
        densities=found.get("densities"),
        ellipses=found.get("ellipse"),
        asked=asked,
    )


def _long(task: _Task) -> pd.DataFrame:
    """Return the values as a panel of one column."""
    return long_values(task.values, task.column).to_frame()


def _shown_years(section: DynamicsSection, known: FollowedColumn) -> tuple[int, ...]:
    """Years of small maps: those named that exist for the column, or some spread evenly."""
    years = [int(year) for year in known.values.columns]
    if not section.shown_years:
        places = np.linspace(0, len(years) - 1, min(SHOWN_YEARS, len(years)))
        return tuple(years[at] for at in np.unique(places.round().astype(int)))
    shown = tuple(year for year in section.shown_years if year in years)
    if len(shown) < 2:
        raise PanelError(
            f"[dynamics] shown_years = {list(section.shown_years)}: column {known.column!r} has "
            f"figures in {len(shown)} of them, and two are needed; its years are {listed(years)}."
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
