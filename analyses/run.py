"""From a checked study file to every result: read, derive, link, weigh, test, estimate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyses.derive import derive_column
from analyses.indices.resilience import ResilienceResult, Shock, resilience
from analyses.results import ModelRun, NetworkAnalysis, StudyResult
from analyses.run_common import require_columns, seed_of
from analyses.run_dynamics import (
    dynamics_remarks,
    find_hot_spots,
    gap_entries,
    run_dynamics,
)
from analyses.run_indices import build_indices, late_columns
from analyses.run_inequality import measure_inequality
from analyses.run_models import run_model
from analyses.run_networks import analyse_networks, correlate_networks
from analyses.study import (
    ContiguitySection,
    InverseDistanceSection,
    KnnSection,
    LinkageSection,
    Study,
)
from shapefiles.language import label
from shapefiles.read_study import read_study_area
from shapefiles.read_vectors import read_shapes
from shapefiles.sources import CitiesSource, PanelSource
from shapefiles.study_area import Passport, PassportEntry, StudyArea
from spatial.autocorrelation import LocalMoran, MoranTable, global_moran_table, local_moran
from spatial.errors import PanelError
from spatial.options import Language
from spatial.results import software_versions
from spatial.weights import (
    Weights,
    WeightsReport,
    contiguity_weights,
    inverse_distance_weights,
    knn_weights,
    weights_report,
)

if TYPE_CHECKING:
    import geopandas as gpd

Progress = Callable[[str], None]
"""Called with the key of each step (a label of the dictionary) as it begins."""


def run_study(
    study: Study, *, folder: Path | str = ".", progress: Progress | None = None
) -> StudyResult:
    """Compute everything that a study asks for; writes nothing.

    Parameters
    ----------
    study : Study
        From ``read_study`` or ``study_from_values``.
    folder : path
        Files named in the study are looked for here.
    progress : callable, optional
        Told of each step.

    Returns
    -------
    StudyResult

    Raises
    ------
    InterurbanError
        For every fault of the input, with the remedy.
    """
    base = Path(folder)
    timings: dict[str, float] = {}

    @contextmanager
    def step(key: str) -> Iterator[None]:
        if progress is not None:
            progress(key)
        start = time.perf_counter()
        yield
        timings[key] = round(time.perf_counter() - start, 3)

    with step("step_read"):
        area = read_area(study, base)
        background, area = read_background(study, area, base)
    with step("step_indices"):
        indices, area = build_indices(study, area)
        unequal = measure_inequality(study, area)
    with step("step_resilience"):
        resistant = measure_resilience(study, area)
        measures = _measures(resistant)
    with step("step_networks"):
        networks, area = analyse_networks(study, area, base)
        correlations = correlate_networks(study, networks)
    with step("step_weights"):
        weights = {item.name: build_weights(item, area, networks) for item in study.weights}
        reports = {name: weights_report(item) for name, item in weights.items()}
        area = with_islands(area, weights)
    with step("step_autocorrelation"):
        moran, local = find_autocorrelation(study, measures, weights)
        hot_spots = find_hot_spots(study, measures, weights)
    with step("step_dynamics"):
        dynamics = run_dynamics(study, area, weights)
        area = with_gaps(study, area)
    with step("step_models"):
        models = {item.name: run_model(item, study, area, weights) for item in study.models}
    return StudyResult(
        study=study,
        area=replace(area, passport=relative_sources(area.passport, base)),
        resilience=resistant,
        weights=weights,
        weights_reports=reports,
        networks=networks,
        correlations=correlations,
        moran=moran,
        local=local,
        measures=measures,
        models=models,
        indices=indices,
        inequality=unequal,
        background=background,
        hot_spots=hot_spots,
        dynamics=dynamics,
        warnings=(
            *_warnings(reports, resistant, models, study.language),
            *dynamics_remarks(dynamics),
        ),
        timings=timings,
        versions=dict(software_versions()),
    )


def find_autocorrelation(
    study: Study, measures: pd.DataFrame, weights: Mapping[str, Weights]
) -> tuple[MoranTable, dict[tuple[str, str], LocalMoran]]:
    """Global Moran for every measure and weights, local Moran for every measure."""
    options, keys = study.autocorrelation, measure_keys(measures)
    flat = measures.set_axis([f"{measure}, {shock}" for shock, measure in keys], axis=1)
    moran = global_moran_table(
        flat, weights, permutations=options.permutations, rng=seed_of(study.seed, "global moran")
    )
    local = {
        (shock, measure): local_moran(
            measures[(shock, measure)],
            weights[study.local_weights],
            permutations=options.permutations,
            correction=options.correction,
            alpha=options.alpha,
            rng=seed_of(study.seed, f"local moran {study.key_of(shock)} {measure}"),
        )
        for shock, measure in keys
    }
    return moran, local


def relative_sources(passport: Passport, folder: Path) -> Passport:
    """Name the files as the study does: a passport is the same wherever the study lies."""
    prefix = str(folder / "x")[:-1]
    sources = tuple(replace(s, path=s.path.removeprefix(prefix)) for s in passport.sources)
    return replace(passport, sources=sources)


def read_area(study: Study, folder: Path) -> StudyArea:
    """Read and check the files of a study, and compute its derived columns."""
    cities, panel = study.cities, study.panel
    area = read_study_area(
        CitiesSource(
            path=str(folder / cities.file),
            id=cities.id,
            name=cities.name,
            layer=cities.layer,
            sheet=cities.sheet,
            longitude=cities.longitude,
            latitude=cities.latitude,
            crs=cities.crs,
            select=dict(cities.select),
            columns=[cities.short_name] if cities.short_name else [],
            groups={str(group): column for group, column in study.groups.items()},
        ),
        PanelSource(
            path=str(folder / panel.file),
            city=panel.city,
            year=panel.year,
            columns=panel.columns,
            encoding=panel.encoding,
            sheet=panel.sheet,
        ),
        unmatched_cities=panel.unmatched_cities,
        unmatched_rows=panel.unmatched_rows,
        incomplete=panel.incomplete,
        required=panel.required,
    )
    # One order whatever the order of the files: sums round alike, so tables are alike to the bit.
    area = replace(area, cities=area.cities.sort_index(), panel=area.panel.sort_index())
    figures, corrections = _corrected(study, area)
    area = replace(area, passport=area.passport.with_entries(*corrections))
    late = late_columns(study)
    for item in study.derived:
        if item.name in late:
            continue
        if item.name in figures.columns:
            raise PanelError(
                f"[[derived]] name = {item.name!r} is a column of the panel; choose another."
            )
        figures[item.name] = derive_column(figures, kind=item.kind, of=item.of, by=item.by)
    named = _with_short_names(area, cities.short_name)
    for group in study.groups:
        named[group] = named[group].astype(str).map(study.value_label)
    return replace(area, cities=named, panel=figures)


def _corrected(study: Study, area: StudyArea) -> tuple[pd.DataFrame, list[PassportEntry]]:
    """Replace figures known to be wrong, each with a line in the passport."""
    figures, entries = area.panel.copy(), []
    for item in study.corrections:
        where = f"[[corrections]] {item.city} {item.year}"
        require_columns(area, [item.column], where)
        if (item.city, item.year) not in figures.index:
            raise PanelError(
                f"{where}: the panel has no such city and year; delete the correction."
            )
        before: Any = figures.loc[(item.city, item.year), item.column]
        figures.loc[(item.city, item.year), item.column] = item.value
        remark = f"{item.year} {item.column}: {float(before)} -> {item.value} ({item.reason})"
        entries.append(PassportEntry("passport_corrected", 1, (item.city,), remark))
    return figures, entries


def _with_short_names(area: StudyArea, column: str | None) -> gpd.GeoDataFrame:
    """Give every city a name that fits on a map: the user's, or the name up to its first comma."""
    source = area.cities[column] if column else area.cities["name"].str.split(",").str[0]
    short = source.astype(str).str.strip()
    others = area.cities.drop(columns=column) if column else area.cities
    return others.assign(short_name=short.where(short != "", area.cities["name"]))


def read_background(
    study: Study, area: StudyArea, folder: Path
) -> tuple[gpd.GeoDataFrame | None, StudyArea]:
    """Read the background of the maps; returns the area with the file in its passport."""
    section = study.background
    import geopandas as gpd

    if section is None:
        return None, area
    found = read_shapes(
        CitiesSource(path=str(folder / section.file), id=section.name, layer=section.layer)
    )
    degrees = found.frame.to_crs("EPSG:4326")
    shapes = gpd.GeoDataFrame(
        {"name": degrees[section.name].astype(str)}, geometry=degrees.geometry.to_numpy(), crs=4326
    )
    source = replace(found.source, role="background")
    return shapes, replace(area, passport=area.passport.with_sources(source))


def measure_resilience(study: Study, area: StudyArea) -> ResilienceResult:
    """Measure the resilience of every city in every shock of a study."""
    section = study.resilience
    require_columns(area, [section.outcome, *([section.by] if section.by else [])], "[resilience]")
    return resilience(
        area.panel,
        section.outcome,
        shocks=[Shock(item.name, item.resistance, item.recovery) for item in study.shocks],
        national=section.national,
        by=section.by,
        tolerance=section.tolerance,
        typology=section.typology,
    )


def measure_keys(measures: pd.DataFrame) -> list[tuple[str, str]]:
    """List the columns (shock, measure) of a table of measures."""
    return [(str(key[0]), str(key[1])) for key in measures.columns.tolist()]


def _measures(result: ResilienceResult) -> pd.DataFrame:
    """Put resistance and recovery side by side: a column for each shock and measure.

    Where the nation hardly moved there is no ratio; the gap to the nation in percentage points
    stands in, which differs from the ratio by a constant factor only: clusters and Moran's I are
    the same.
    """
    wide = {}
    for shock in (item.name for item in result.shocks):
        table = result.of(shock)
        for name in ("resistance", "recovery"):
            column = f"{name}_gap" if table[name].isna().all() else name
            wide[(shock, name)] = table[column]
    return pd.DataFrame(wide).rename_axis(columns=["shock", "measure"])


def build_weights(
    section: ContiguitySection | KnnSection | InverseDistanceSection | LinkageSection,
    area: StudyArea,
    networks: Mapping[str, NetworkAnalysis],
) -> Weights:
    """Build one weights of a study."""
    if isinstance(section, ContiguitySection):
        return contiguity_weights(
            area.cities,
            rule=section.rule,
            order=section.order,
            islands=section.islands,
            transform=section.transform,
        )
    if isinstance(section, KnnSection):
        return knn_weights(area.cities, k=section.k, transform=section.transform)
    if isinstance(section, InverseDistanceSection):
        return inverse_distance_weights(
            area.cities,
            decay=section.decay,
            power=section.power,
            rate_per_km=section.rate_per_km,
            cutoff_km=section.cutoff_km,
            islands=section.islands,
            transform=section.transform,
        )
    linkage = networks[section.network].network.to_weights(reading=section.reading)
    return linkage.transformed(section.transform)


def checked_area(study: Study, folder: Path) -> StudyArea:
    """Read a study's files and find the islands of its geographic weights; nothing else."""
    _, area = build_indices(study, read_area(study, folder), with_sensitivity=False)
    geographic = {
        item.name: build_weights(item, area, {})
        for item in study.weights
        if not isinstance(item, LinkageSection)
    }
    area = with_gaps(study, with_islands(area, geographic))
    return replace(area, passport=relative_sources(area.passport, folder))


def with_islands(area: StudyArea, weights: Mapping[str, Weights]) -> StudyArea:
    """Name the cities without neighbours in the passport, for each weights that has any."""
    entries = [
        PassportEntry("passport_islands", len(item.islands), tuple(map(str, item.islands)), name)
        for name, item in weights.items()
        if len(item.islands)
    ]
    return replace(area, passport=area.passport.with_entries(*entries))


def with_gaps(study: Study, area: StudyArea) -> StudyArea:
    """Name in the passport the cities that the dynamics leave out."""
    return replace(area, passport=area.passport.with_entries(*gap_entries(study, area)))


def _warnings(
    reports: Mapping[str, WeightsReport],
    resistant: ResilienceResult,
    models: Mapping[str, ModelRun],
    language: Language,
) -> tuple[str, ...]:
    """Gather what a reader has to know before believing a number."""
    found: list[str] = []
    for name, report in reports.items():
        found.extend(f"weights {name!r}: {sentence}" for sentence in report.warnings)
    flags = resistant.table["flag"].replace("", np.nan).dropna()
    for (shock, flag), group in flags.groupby([flags.index.get_level_values("shock"), flags]):
        words = [label(f"flag_{code}", language) for code in str(flag).split("; ")]
        found.append(f"{shock}: {'; '.join(words)} ({len(group)})")
    for name, model in models.items():
        found.extend(f"model {name!r}: {remark}" for remark in model.remarks)
    return tuple(found)
