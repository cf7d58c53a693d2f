"""Linkage networks of a study: build, thin, measure, correlate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analyses.results import NetworkAnalysis
from analyses.run_common import require_columns, seed_of
from analyses.run_network_questions import answer_questions
from analyses.study import Study
from analyses.study_networks import AnyNetwork, CostSection, GravitySection, ObservedSection
from networks.backbone_rules import top_links_backbone
from networks.backbones import Backbone, disparity_backbone, row_mean_backbone
from networks.centrality import centralities
from networks.communities import communities
from networks.costs import cost_matrix
from networks.flows import flow_network
from networks.gravity import gravity_network
from networks.qap import QapCorrelation, qap_correlation
from networks.sequence import NetworkSequence
from networks.structure import structure
from networks.types import LinkageNetwork
from shapefiles.language import label
from shapefiles.read_links import read_links
from shapefiles.sources import LinksSource
from shapefiles.study_area import PassportEntry, StudyArea
from spatial.errors import PanelError, listed
from spatial.options import Language, MissingCost


def analyse_networks(
    study: Study, area: StudyArea, folder: Path
) -> tuple[dict[str, NetworkAnalysis], StudyArea]:
    """Build, thin and measure every network; returns the area with their files in its passport."""
    analysed: dict[str, NetworkAnalysis] = {}
    for section in study.networks:
        yearly = None
        if isinstance(section, GravitySection):
            network, yearly, area = _gravity_of_years(
                section, area, folder, language=study.language
            )
        else:
            unit = study.value_label(section.unit)
            network, area = build_observed(section, area, folder, unit=unit)
        backbones = thinned(section, network)
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
                rng=seed_of(study.seed, f"communities {study.key_of(section.name)}"),
            ),
            questions=answer_questions(
                section,
                study,
                area,
                network,
                thin=lambda item, how=section: _shown(how, item),  # type: ignore[misc]
                yearly=yearly,
            ),
        )
    return analysed, area


def thinned(section: AnyNetwork, network: LinkageNetwork) -> dict[str, Backbone]:
    """Thin a network by every rule."""
    return {
        "row_mean": row_mean_backbone(network),
        "disparity": disparity_backbone(network, alpha=section.alpha),
        "top_links": top_links_backbone(network, k=section.top),
    }


def _shown(section: AnyNetwork, network: LinkageNetwork) -> LinkageNetwork:
    """Thin a network by the rule that its maps use."""
    return thinned(section, network)[section.backbone].network


def correlate_networks(
    study: Study, networks: Mapping[str, NetworkAnalysis]
) -> dict[tuple[str, str, str], QapCorrelation]:
    """Correlate every pair of networks: strengths as they are, and their ranks.

    A few giant cities decide the correlation of strengths; ranks give every pair of cities a say.
    """
    found = {}
    for a, b in combinations(networks, 2):
        first, second = networks[a].network, networks[b].network
        seed = seed_of(study.seed, f"qap {study.key_of(a)} {study.key_of(b)}")
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
    section: GravitySection, area: StudyArea, folder: Path, *, language: Language = "en"
) -> tuple[LinkageNetwork, StudyArea]:
    """Build a gravity network; returns the area with the cost table in its passport."""
    network, _, area = _gravity_of_years(section, area, folder, language=language)
    return network, area


def _gravity_of_years(
    section: GravitySection, area: StudyArea, folder: Path, *, language: Language
) -> tuple[LinkageNetwork, NetworkSequence | None, StudyArea]:
    """Build a gravity network of its year, and of several years in the same unit."""
    columns = [section.mass] if isinstance(section.mass, str) else list(section.mass)
    require_columns(area, columns, f"[[networks]] {section.name!r}: mass")
    masses = {
        year: _mass(section, area, columns, year)
        for year in dict.fromkeys((section.year, *section.years))
    }
    costs: pd.DataFrame | None = None
    cost_unit = "km"
    missing: MissingCost = "error"
    if section.cost is not None:
        costs, area = _costs(section.cost, section.name, area, folder)
        cost_unit, missing = section.cost.unit, section.cost.missing

    def gravity(year: int, constant: float, unit: str) -> LinkageNetwork:
        return gravity_network(
            area.cities,
            masses[year],
            decay=section.decay,
            constant=constant,
            cost=costs,
            cost_unit=cost_unit,
            missing_cost=missing,
            unit=unit,
            year=year,
        )

    # Gravity has no unit of its own: in multiples of the mean linkage the numbers can be read.
    unit = label("unit_mean_linkage", language)
    plain = gravity(section.year, 1.0, unit)
    mean = plain.flows.sum() / (plain.n * (plain.n - 1))
    network = gravity(section.year, 1.0 / mean, unit)
    if not section.years:
        return network, None, area
    # Other years count in the mean of the same year, so that growth shows.
    of_year = label("unit_mean_linkage_of", language, year=section.year)
    yearly = tuple(gravity(year, 1.0 / mean, of_year) for year in section.years)
    return network, NetworkSequence(yearly), area


def _mass(section: GravitySection, area: StudyArea, columns: list[str], year: int) -> pd.Series:
    """Mass of every city in a year: the column, or the geometric mean of several."""
    if year not in area.years:
        raise PanelError(
            f"[[networks]] {section.name!r}: year {year} is not in the panel, which has "
            f"{area.years.min()} to {area.years.max()}."
        )
    figures = area.panel.xs(year, level="year").reindex(area.cities.index)[columns]
    positive = np.asarray(figures.to_numpy(dtype=float) > 0).all(axis=1)
    wrong = figures.index[np.flatnonzero(~positive)]
    if len(wrong):
        raise PanelError(
            f"[[networks]] {section.name!r}: the mass {listed(columns)} of {year} is "
            f"missing, zero or negative for {listed(wrong)}; drop them or choose another mass."
        )
    return np.exp(np.log(figures.astype(float)).mean(axis=1))


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
        ),
        cities=area.cities.index,
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
    section: ObservedSection, area: StudyArea, folder: Path, *, unit: str
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
            without_id=section.unknown,
        ),
        cities=area.cities.index,
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
        unit=unit,
        year=section.year,
        description=section.name,
    )
    outside = len(table) - int(
        (
            table[section.origin].isin(network.cities)
            & table[section.destination].isin(network.cities)
        ).sum()
    )
    inside = int((table[section.origin] == table[section.destination]).sum())
    counts = {
        "passport_links_without_id": source.rows - len(table),
        "passport_links_outside": outside,
        "passport_links_inside_city": inside,
    }
    entries = [PassportEntry(key, n, (), section.name) for key, n in counts.items() if n]
    passport = area.passport.with_sources(source).with_entries(*entries)
    return network, replace(area, passport=passport)
