"""Indices of a study: composite indices, agglomeration, coupling, each a column of the panel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd

from analyses.derive import derive_column
from analyses.indices.agglomeration import location_quotients, specialisation
from analyses.indices.coagglomeration import collaborative_agglomeration
from analyses.indices.composite import CompositeIndex, composite_index
from analyses.indices.coupling import coupling_coordination
from analyses.indices.indicators import Indicator
from analyses.indices.sensitivity import sensitivity
from analyses.results_indices import IndexRun, Remark
from analyses.run_common import require_columns, seed_of
from analyses.study import DerivedColumn, Study
from analyses.study_indices import (
    AnyIndex,
    CollaborativeSection,
    CompositeSection,
    CouplingSection,
    QuotientSection,
)
from shapefiles.study_area import StudyArea
from spatial.errors import InterurbanError, PanelError, listed

MAPPED_YEARS = 4
"""Years on a sheet of maps when the study names none."""

REST = "all other sectors"
"""Column that makes sectors add up to the whole."""


def late_columns(study: Study) -> set[str]:
    """Name the derived columns that rest on an index, and so come after it."""
    late = {item.name for item in study.indices}
    names = set()
    for item in study.derived:
        if late & set(_inputs(item)):
            late.add(item.name)
            names.add(item.name)
    return names


def _inputs(item: DerivedColumn) -> list[str]:
    of = [item.of] if isinstance(item.of, str) else list(item.of)
    return [*of, *([item.by] if item.by else [])]


def build_indices(
    study: Study, area: StudyArea, *, with_sensitivity: bool = True
) -> tuple[dict[str, IndexRun], StudyArea]:
    """Compute every index of a study, in the order of the file.

    Parameters
    ----------
    study : Study
    area : StudyArea
        With the derived columns that rest on no index.
    with_sensitivity : bool
        Whether composite indices are also made otherwise, as the study asks.

    Returns
    -------
    runs : dict of str to IndexRun
    area : StudyArea
        Its panel with the indices, and the derived columns that rest on them.

    Raises
    ------
    InterurbanError
        Of the kind of the fault, with the name of the index in front.
    """
    late = late_columns(study)
    waiting = [item for item in study.derived if item.name in late]
    runs: dict[str, IndexRun] = {}
    for section in study.indices:
        area, waiting = _derived(area, waiting)
        if section.name in area.panel.columns:
            raise PanelError(
                f"[[indices]] name = {section.name!r} is a column of the panel; choose another."
            )
        with _named(section):
            run = _index(section, study, area, with_sensitivity=with_sensitivity)
        runs[section.name] = run
        area = replace(area, panel=area.panel.assign(**{section.name: run.values}))
    area, waiting = _derived(area, waiting)
    for item in waiting:  # raises, for a column is missing
        derive_column(area.panel, kind=item.kind, of=item.of, by=item.by)
    return runs, area


def _derived(
    area: StudyArea, waiting: list[DerivedColumn]
) -> tuple[StudyArea, list[DerivedColumn]]:
    """Derive the columns whose inputs exist by now; returns those that still wait."""
    panel, left = area.panel, []
    for item in waiting:
        if set(_inputs(item)) <= set(panel.columns):
            column = derive_column(panel, kind=item.kind, of=item.of, by=item.by)
            panel = panel.assign(**{item.name: column})
        else:
            left.append(item)
    return replace(area, panel=panel), left


@contextmanager
def _named(section: AnyIndex) -> Iterator[None]:
    """Put the name of the index in front of errors."""
    try:
        yield
    except InterurbanError as error:
        raise type(error)(f"[[indices]] {section.name!r}: {error}") from error


def _index(section: AnyIndex, study: Study, area: StudyArea, *, with_sensitivity: bool) -> IndexRun:
    if isinstance(section, CompositeSection):
        return _composite(section, study, area, with_sensitivity=with_sensitivity)
    if isinstance(section, CouplingSection):
        return _coupling(section, area)
    if isinstance(section, QuotientSection):
        table, remarks = _sectors(area, (section.of,), section.by)
        found = location_quotients(table, symmetric=section.symmetric)
        return _run(section, found[section.of], area, remarks=remarks)
    if isinstance(section, CollaborativeSection):
        table, remarks = _sectors(area, section.of, section.by)
        parts = collaborative_agglomeration(
            table, section.of[0], section.of[1], variant=section.variant
        )
        together = parts["collaborative_agglomeration"]
        return _run(section, together, area, parts=parts, remarks=remarks)
    table, remarks = _sectors(area, section.sectors, None)
    found = specialisation(table, benchmark=section.benchmark)
    return _run(section, found[section.measure], area, remarks=remarks)


def _composite(
    section: CompositeSection, study: Study, area: StudyArea, *, with_sensitivity: bool
) -> IndexRun:
    require_columns(area, [item.column for item in section.indicators], "indicators")
    indicators = [
        Indicator(
            item.column,
            item.direction,
            item.dimension,
            target=item.target,
            interval=item.interval,
            unit=study.unit_label(item.column),
        )
        for item in section.indicators
    ]
    made = composite_index(
        area.panel,
        indicators,
        method=section.method,
        standardise=section.standardise,
        missing=section.missing,
        weights=section.given_weights,
        base_year=section.base_year,
        combine=section.combine,
        penalty=section.penalty,
        rescale=section.rescale,
    )
    tested = None
    if section.sensitivity and with_sensitivity:
        seed = seed_of(study.seed, f"index {section.name}")
        tested = sensitivity(made, area.panel, draws=section.draws, rng=seed)
    run = _run(section, made.scores, area, remarks=_composite_remarks(section, made))
    return replace(run, composite=made, sensitivity=tested)


def _composite_remarks(section: CompositeSection, made: CompositeIndex) -> tuple[Remark, ...]:
    """Say what to beware of in a composite index; columns keep their names here."""
    found = []
    spread = made.standardised.std()
    constant = [str(name) for name in spread.index[(spread == 0).to_numpy()]]
    if constant:
        found.append(Remark("remark_constant_indicators", {"columns": constant}))
    against = made.weights["correlation_with_rest"]
    turned = [str(name) for name in against.index[(against < 0).to_numpy()]]
    if turned:
        found.append(Remark("remark_indicator_direction", {"columns": turned}))
    lacking = int(made.scores.isna().sum())
    if lacking:
        found.append(Remark("remark_index_missing", {"count": lacking, "total": len(made.scores)}))
    if section.standardise == "min-max by year":
        found.append(Remark("remark_index_by_year"))
    if made.components is not None and made.components.kmo < 0.5:
        found.append(Remark("remark_index_kmo", {"kmo": round(made.components.kmo, 2)}))
    return tuple(found)


def _coupling(section: CouplingSection, area: StudyArea) -> IndexRun:
    require_columns(area, list(section.of), "of")
    weights = None
    if section.weights is not None:
        weights = dict(zip(section.of, section.weights, strict=True))
    found = coupling_coordination(
        area.panel[list(section.of)].astype(float), weights=weights, form=section.form
    )
    run = _run(section, found.table["coordination"], area)
    return replace(run, coupling=found)


def _sectors(
    area: StudyArea, sectors: tuple[str, ...], whole: str | None
) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Take sectors from the panel, with all others as one, where every figure is known."""
    require_columns(area, [*sectors, *([whole] if whole else [])], "of, by or sectors")
    table = area.panel[[*sectors, *([whole] if whole else [])]].astype(float)
    complete = table.dropna()
    if complete.empty:
        raise PanelError(f"no city has figures of {listed(table.columns)} in any year.")
    if whole is not None:
        rest = complete[whole] - complete[list(sectors)].sum(axis=1)
        # Figures are printed with few decimals: their sum may exceed the whole by rounding.
        small = 1e-6 * complete[whole].abs()
        wrong = rest.index[(rest < -small).to_numpy()]
        if len(wrong):
            raise PanelError(
                f"{listed(sectors)} exceeds {whole!r} for {listed(wrong)}; 'by' must be the whole."
            )
        complete = complete[list(sectors)].assign(**{REST: rest.clip(lower=0.0)})
    lacking = len(table) - len(complete)
    if not lacking:
        return complete, ()
    return complete, (Remark("remark_sectors_missing", {"count": lacking, "total": len(table)}),)


def _run(
    section: AnyIndex,
    values: pd.Series,
    area: StudyArea,
    *,
    parts: pd.DataFrame | None = None,
    remarks: tuple[Remark, ...] = (),
) -> IndexRun:
    """Bring an index to the rows of the panel and choose the years of its maps."""
    column = values.astype(float).replace([np.inf, -np.inf], np.nan)
    column = column.reindex(area.panel.index).rename(section.name)
    known = sorted({int(y) for y in column.dropna().index.get_level_values("year")})
    absent = [year for year in section.years if year not in known]
    if absent or not known:
        raise PanelError(
            f"years {listed(absent)} have no value; the index exists in {listed(known, limit=40)}."
        )
    return IndexRun(
        section=section,
        values=column,
        years=section.years or spread_years(known),
        parts=parts,
        remarks=remarks,
    )


def spread_years(years: list[int], most: int = MAPPED_YEARS) -> tuple[int, ...]:
    """Choose the first and the last of rising years, and others evenly between.

    Examples
    --------
    >>> spread_years([2005, 2006, 2007, 2008, 2009, 2010]), spread_years([2005, 2016])
    ((2005, 2007, 2008, 2010), (2005, 2016))
    """
    if len(years) <= most:
        return tuple(years)
    places = np.linspace(0, len(years) - 1, most).round().astype(int)
    return tuple(years[place] for place in places)
