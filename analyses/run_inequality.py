"""Inequality between the cities of a study, its sources between groups, and convergence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from analyses.indices.convergence import BetaConvergence, beta_convergence, sigma_convergence
from analyses.indices.inequality import dagum_gini, inequality, theil_by_groups
from analyses.results_indices import InequalityRun, Remark
from analyses.run_common import require_columns
from analyses.study import Study
from shapefiles.study_area import StudyArea
from spatial.errors import InterurbanError, PanelError, listed


def measure_inequality(study: Study, area: StudyArea) -> dict[str, InequalityRun]:
    """Measure the inequality of every column that a study names.

    Years without any value are left out, and then cities that lack a year, so that the years
    compare the same cities.

    Parameters
    ----------
    study : Study
    area : StudyArea
        With derived columns and indices.

    Returns
    -------
    dict of str to InequalityRun
        By column.

    Raises
    ------
    InterurbanError
        Of the kind of the fault, with the column in front.
    """
    section = study.inequality
    if section is None:
        return {}
    require_columns(area, [*section.columns, *([section.by] if section.by else [])], "[inequality]")
    found = {}
    for column in section.columns:
        with _named(column):
            found[column] = _of_column(study, area, column)
    return found


@contextmanager
def _named(column: str) -> Iterator[None]:
    try:
        yield
    except InterurbanError as error:
        raise type(error)(f"[inequality] column {column!r}: {error}") from error


def _of_column(study: Study, area: StudyArea, column: str) -> InequalityRun:
    section = study.inequality
    assert section is not None
    used = [column, *([section.by] if section.by else [])]
    rows = area.panel[list(dict.fromkeys(used))].astype(float).dropna()
    if rows.empty:
        raise PanelError(f"no city has values of {listed(used)}.")
    years = rows.index.get_level_values("year").unique()
    cities = rows.index.get_level_values("city")
    whole = rows.groupby(level="city").size() == len(years)
    kept = whole.index[whole.to_numpy()]
    if not len(kept):
        raise PanelError(f"no city has values of {listed(used)} in all of {listed(sorted(years))}.")
    lost = [str(city) for city in whole.index[~whole.to_numpy()]]
    lost += [str(city) for city in area.cities.index.difference(whole.index)]
    rows = rows[cities.isin(kept)]
    values, weights = rows[column], rows[section.by] if section.by else None
    remarks = [Remark("remark_inequality_cities", {"cities": lost})] if lost else []
    theil = dagum = None
    if section.group is not None:
        members = area.cities[section.group].astype(str)
        places = values.index.get_level_values("city")
        groups = pd.Series(members.reindex(places).to_numpy(), index=values.index)
        theil = theil_by_groups(values, groups.rename(section.group), weights=weights)
        dagum = dagum_gini(values, groups.rename(section.group))
    sigma, beta = None, None
    if section.convergence and bool((values <= 0).any()):
        remarks.append(Remark("remark_convergence_zero", {"column": column}))
    elif section.convergence:
        sigma, beta = _convergence(values, column)
    return InequalityRun(
        column=column,
        group=section.group,
        by=section.by,
        n=len(kept),
        table=inequality(values, weights=weights),
        theil=theil,
        dagum=dagum,
        sigma=sigma,
        beta=beta,
        remarks=tuple(remarks),
    )


def _convergence(values: pd.Series, column: str) -> tuple[pd.DataFrame, BetaConvergence | None]:
    """Dispersion by year, and the regression of growth on the first level over all years."""
    panel = values.to_frame(column)
    years = sorted(values.index.get_level_values("year").unique())
    sigma = sigma_convergence(panel, column)
    if len(years) < 2:
        return sigma, None
    return sigma, beta_convergence(panel, column, start=int(years[0]), end=int(years[-1]))
