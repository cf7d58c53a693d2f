"""From a checked study file to every result: read, derive, link, weigh, test, estimate."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import formulaic
import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analyses.derive import derive_column
from analyses.indices.resilience import ResilienceResult, Shock, resilience
from analyses.results import ModelRun, NetworkAnalysis, StudyResult
from analyses.study import (
    ContiguitySection,
    CostSection,
    GravitySection,
    InverseDistanceSection,
    KnnSection,
    LinkageSection,
    ModelSection,
    ObservedSection,
    Study,
)
from networks.backbones import disparity_backbone, row_mean_backbone
from networks.centrality import centralities
from networks.communities import communities
from networks.flows import flow_network
from networks.costs import cost_matrix
from networks.gravity import gravity_network
from networks.qap import QapCorrelation, qap_correlation
from networks.structure import structure
from networks.types import LinkageNetwork
from shapefiles.read_links import read_links
from shapefiles.read_study import read_study_area
from shapefiles.read_vectors import read_shapes
from shapefiles.sources import CitiesSource, LinksSource, PanelSource
from shapefiles.study_area import Passport, PassportEntry, StudyArea
from spatial.autocorrelation import global_moran_table, local_moran
from spatial.errors import PanelError, listed, nearest_spelling
from spatial.regression import fit_panel
from spatial.results import software_versions
from spatial.weights import (
    Weights,
    contiguity_weights,
    inverse_distance_weights,
    knn_weights,
    weights_report,
)

if TYPE_CHECKING:
    import geopandas as gpd

Progress = Callable[[str], None]
"""Called with the key of each step (a label of the dictionary) as it begins."""

STEPS = (
    "step_read",
    "step_resilience",
    "step_networks",
    "step_weights",
    "step_autocorrelation",
    "step_models",
)


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
    with step("step_resilience"):
        resistant = measure_resilience(study, area)
        measures = _measures(resistant)
    with step("step_networks"):
        networks, area = _networks(study, area, base)
        correlations = _correlations(study, networks)
    with step("step_weights"):
        weights = {item.name: build_weights(item, area, networks) for item in study.weights}
        reports = {name: weights_report(item) for name, item in weights.items()}
        area = _with_islands(area, weights)
    with step("step_autocorrelation"):
        flat = measures.set_axis([f"{m}, {s}" for s, m in measures.columns], axis=1)
        usable = flat.dropna(axis=1)
        options = study.autocorrelation
        moran = global_moran_table(
            usable,
            weights,
            permutations=options.permutations,
            rng=seed_of(study.seed, "global moran"),
        )
        local = {
            (s, m): local_moran(
                measures[(s, m)],
                weights[study.local_weights],
                permutations=options.permutations,
                correction=options.correction,
                alpha=options.alpha,
                rng=seed_of(study.seed, f"local moran {s} {m}"),
            )
            for s, m in measures.columns
            if measures[(s, m)].notna().all()
        }
    with step("step_models"):
        models = {item.name: _fit(item, area, weights) for item in study.models}
    return StudyResult(
        study=study,
        area=replace(area, passport=_relative_sources(area.passport, base)),
        resilience=resistant,
        weights=weights,
        weights_reports=reports,
        networks=networks,
        correlations=correlations,
        moran=moran,
        local=local,
        measures=measures,
        models=models,
        background=background,
        warnings=_warnings(reports, resistant, measures, models),
        timings=timings,
        versions=dict(software_versions()),
    )


def _relative_sources(passport: Passport, folder: Path) -> Passport:
    """Name the files as the study does: a passport is the same wherever the study lies."""
    prefix = str(folder / "x")[:-1]
    sources = tuple(replace(s, path=s.path.removeprefix(prefix)) for s in passport.sources)
    return replace(passport, sources=sources)


def seed_of(seed: int, what: str) -> int:
    """Return the seed of one task, so that adding a task does not move the others' numbers."""
    digest = hashlib.sha256(f"{seed}:{what}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def read_area(study: Study, folder: Path) -> StudyArea:
    """Read and check the files of a study, and compute its derived columns."""
    cities, panel = study.cities, study.panel
    area = read_study_area(
        CitiesSource(
            path=str(folder / cities.file),
            id=cities.id,
            name=cities.name,
            layer=cities.layer,
            longitude=cities.longitude,
            latitude=cities.latitude,
            crs=cities.crs,
            select=dict(cities.select),
            groups=dict(study.groups),
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
    figures = area.panel.copy()
    for item in study.derived:
        if item.name in figures.columns:
            raise PanelError(
                f"[[derived]] name = {item.name!r} is already a column of the panel; choose another."
            )
        figures[item.name] = derive_column(figures, kind=item.kind, of=item.of, by=item.by)
    return replace(area, panel=figures)


def read_background(
    study: Study, area: StudyArea, folder: Path
) -> tuple[gpd.GeoDataFrame | None, StudyArea]:
    """Read the background of the maps; returns the area with the file in its passport."""
    section = study.background
    if section is None:
        return None, area
    found = read_shapes(
        CitiesSource(path=str(folder / section.file), id=section.name, layer=section.layer)
    )
    shapes = found.frame[[section.name, found.frame.geometry.name]].to_crs("EPSG:4326")
    shapes = shapes.rename(columns={section.name: "name"}).rename_geometry("geometry")
    source = replace(found.source, role="background")
    return shapes, replace(area, passport=area.passport.with_sources(source))


def measure_resilience(study: Study, area: StudyArea) -> ResilienceResult:
    """Measure the resilience of every city in every shock of a study."""
    section = study.resilience
    _require_columns(area, [section.outcome, *([section.by] if section.by else [])], "[resilience]")
    return resilience(
        area.panel,
        section.outcome,
        shocks=[Shock(item.name, item.resistance, item.recovery) for item in study.shocks],
        national=section.national,
        by=section.by,
        tolerance=section.tolerance,
        typology=section.typology,
    )


def _measures(result: ResilienceResult) -> pd.DataFrame:
    """Put resistance and recovery side by side: a column for each shock and measure."""
    table = result.table[["resistance", "recovery"]]
    shocks = table.index.get_level_values("shock").unique()
    wide = {
        (shock, name): table.xs(shock, level="shock")[name] for shock in shocks for name in table
    }
    return pd.DataFrame(wide).rename_axis(columns=["shock", "measure"])


def _require_columns(area: StudyArea, columns: list[str], where: str) -> None:
    for column in columns:
        if column not in area.panel.columns:
            raise PanelError(
                f"{where}: the panel has no column {column!r}"
                f"{nearest_spelling(column, area.panel.columns)}; it has "
                f"{listed(area.panel.columns, limit=40)}."
            )


def _networks(
    study: Study, area: StudyArea, folder: Path
) -> tuple[dict[str, NetworkAnalysis], StudyArea]:
    analysed: dict[str, NetworkAnalysis] = {}
    for section in study.networks:
        if isinstance(section, GravitySection):
            network, area = build_gravity(section, area, folder)
        else:
            network, area = build_observed(section, area, folder)
        backbones = {
            "row_mean": row_mean_backbone(network),
            "disparity": disparity_backbone(network, alpha=section.alpha),
        }
        analysed[section.name] = NetworkAnalysis(
            name=section.name,
            network=network,
            backbones=backbones,
            shown=section.backbone,
            centralities=centralities(network),
            structure=structure(backbones[section.backbone].network),
            communities=communities(
                network,
                resolution=section.resolution,
                rng=seed_of(study.seed, f"communities {section.name}"),
            ),
        )
    return analysed, area


def _correlations(
    study: Study, networks: Mapping[str, NetworkAnalysis]
) -> dict[tuple[str, str, str], QapCorrelation]:
    """Correlate every pair of networks: strengths as they are, and their ranks.

    A few giant cities decide the correlation of strengths; ranks give every pair of cities a say.
    """
    found = {}
    for a, b in combinations(networks, 2):
        first, second = networks[a].network, networks[b].network
        seed = seed_of(study.seed, f"qap {a} {b}")
        found[(a, b, "strength")] = qap_correlation(first, second, rng=seed)
        found[(a, b, "rank")] = qap_correlation(_ranks(first), _ranks(second), rng=seed)
    return found


def _ranks(network: LinkageNetwork) -> pd.DataFrame:
    """Rank the strengths of all ordered pairs of different cities, ties sharing their mean rank."""
    values = network.flows.toarray()
    outside = ~np.eye(network.n, dtype=bool)
    ranks = np.zeros_like(values)
    ranks[outside] = rankdata(values[outside])
    return pd.DataFrame(ranks, index=network.cities, columns=network.cities)


def build_gravity(
    section: GravitySection, area: StudyArea, folder: Path
) -> tuple[LinkageNetwork, StudyArea]:
    """Build a gravity network; returns the area with the cost table in its passport."""
    columns = [section.mass] if isinstance(section.mass, str) else list(section.mass)
    _require_columns(area, columns, f"[[networks]] {section.name!r}: mass")
    if section.year not in area.years:
        raise PanelError(
            f"[[networks]] {section.name!r}: year {section.year} is not in the panel, which has "
            f"{area.years.min()} to {area.years.max()}."
        )
    figures = area.panel.xs(section.year, level="year").reindex(area.cities.index)[columns]
    wrong = figures.index[(~(figures > 0)).any(axis=1).to_numpy()]
    if len(wrong):
        raise PanelError(
            f"[[networks]] {section.name!r}: the mass {listed(columns)} of {section.year} is "
            f"missing, zero or negative for {listed(wrong)}; drop these cities or choose another mass."
        )
    mass = np.exp(np.log(figures.astype(float)).mean(axis=1))
    if section.cost is None:
        network = gravity_network(area.cities, mass, decay=section.decay, year=section.year)
        return network, area
    costs, area = _costs(section.cost, section.name, area, folder)
    network = gravity_network(
        area.cities,
        mass,
        decay=section.decay,
        cost=costs,
        cost_unit=section.cost.unit,
        missing_cost=section.cost.missing,
        year=section.year,
    )
    return network, area


def _costs(
    section: CostSection, name: str, area: StudyArea, folder: Path
) -> tuple[pd.DataFrame, StudyArea]:
    table, source = read_links(
        LinksSource(
            name=f"{name}: cost",
            path=str(folder / section.file),
            origin=section.origin,
            destination=section.destination,
            flow=section.column,
            encoding=section.encoding,
        )
    )
    costs = cost_matrix(
        table,
        area.cities.index,
        origin=section.origin,
        destination=section.destination,
        cost=section.column,
        unknown="drop",  # a table of all journeys in a country is wider than a study
    )
    return costs, replace(area, passport=area.passport.with_sources(source))


def build_observed(
    section: ObservedSection, area: StudyArea, folder: Path
) -> tuple[LinkageNetwork, StudyArea]:
    """Read an observed network; returns the area with the file in its passport."""
    table, source = read_links(
        LinksSource(
            name=section.name,
            path=str(folder / section.file),
            origin=section.origin,
            destination=section.destination,
            flow=section.flow,
            encoding=section.encoding,
        )
    )
    network = flow_network(
        table,
        area.cities.index,
        origin=section.origin,
        destination=section.destination,
        flow=section.flow,
        directed=section.directed,
        unknown=section.unknown,
        duplicates=section.duplicates,
        unit=section.unit,
        year=section.year,
        description=section.name,
    )
    return network, replace(area, passport=area.passport.with_sources(source))


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


def _with_islands(area: StudyArea, weights: Mapping[str, Weights]) -> StudyArea:
    entries = [
        PassportEntry("passport_islands", len(item.islands), tuple(map(str, item.islands)), name)
        for name, item in weights.items()
        if len(item.islands)
    ]
    return replace(area, passport=area.passport.with_entries(*entries))


def _fit(section: ModelSection, area: StudyArea, weights: Mapping[str, Weights]) -> ModelRun:
    """Fit one model on the years for which all its variables exist."""
    variables = sorted(str(v) for v in formulaic.Formula(section.formula).required_variables)
    _require_columns(area, variables, f"[[models]] {section.name!r}: formula")
    data = area.panel[variables]
    years = data.index.get_level_values("year")
    if section.years is not None:
        first, last = section.years
        data = data[(years >= first) & (years <= last)]
        years = data.index.get_level_values("year")
    present = data.notna().groupby(level="year").any().all(axis=1)
    empty = [int(year) for year in present.index[~present]]
    remarks = []
    if empty:
        # Growth rates and lags have no first year: such years carry no information for anyone.
        data = data[~years.isin(empty)]
        remarks.append(
            f"years {listed(empty)} left out: a variable of the model exists for no city"
        )
    if data.empty:
        raise PanelError(
            f"[[models]] {section.name!r}: no year has all variables {listed(variables)}."
        )
    result = fit_panel(
        section.formula,
        data,
        weights[section.weights],
        specification=section.specification,
        effects=section.effects,
        bias_correction=section.bias_correction,
    )
    spatial_terms = section.specification not in ("ols", "sem")
    used = data.index.get_level_values("year")
    return ModelRun(
        section=section,
        result=result,
        effects=result.effects() if spatial_terms else None,
        years=(int(used.min()), int(used.max())),
        remarks=tuple(remarks),
    )


def _warnings(
    reports: Mapping[str, object],
    resistant: ResilienceResult,
    measures: pd.DataFrame,
    models: Mapping[str, ModelRun],
) -> tuple[str, ...]:
    """Gather what a reader has to know before believing a number."""
    found = []
    for name, report in reports.items():
        found.extend(f"weights {name!r}: {sentence}" for sentence in report.warnings)  # type: ignore[attr-defined]
    flags = resistant.table["flag"].replace("", np.nan).dropna()
    for (shock, flag), group in flags.groupby([flags.index.get_level_values("shock"), flags]):
        found.append(f"{shock}: {flag} ({len(group)} cities)")
    for shock, measure in measures.columns[measures.isna().any()]:
        n = int(measures[(shock, measure)].isna().sum())
        found.append(
            f"{measure}, {shock}: no value for {n} cities, so no autocorrelation is computed"
        )
    for name, model in models.items():
        found.extend(f"model {name!r}: {remark}" for remark in model.remarks)
    return tuple(found)
