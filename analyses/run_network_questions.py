"""What a study asks of a network: its years, blocks, core, removal of cities, flows of groups."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import get_args

import numpy as np
import pandas as pd

from analyses.results_networks import GroupFlows, NetworkQuestions, NetworkYears
from analyses.run_common import seed_of
from analyses.study import Study
from analyses.study_networks import AnyNetwork
from networks.changes import flow_correlation, network_change
from networks.city_clusters import openness
from networks.concor import concor
from networks.core_periphery import core_periphery
from networks.robustness import Robustness, robustness
from networks.sequence import NetworkSequence
from networks.structure import structure
from networks.types import LinkageNetwork
from shapefiles.study_area import StudyArea
from spatial.errors import PanelError, listed
from spatial.options import RemovalOrder

RANDOM_ORDERS = 100
"""Random orders of removal."""

CORE_STARTS = 2
"""Random starts of the search for a core, beside the best cut of the ranked cities."""

Thinning = Callable[[LinkageNetwork], LinkageNetwork]


def answer_questions(
    section: AnyNetwork,
    study: Study,
    area: StudyArea,
    network: LinkageNetwork,
    *,
    thin: Thinning,
    yearly: NetworkSequence | None,
) -> NetworkQuestions:
    """Answer what a study asks of one network.

    Parameters
    ----------
    section : AnyNetwork
    study : Study
    area : StudyArea
    network : LinkageNetwork
        With all linkages.
    thin : callable
        Gives the backbone that maps show.
    yearly : NetworkSequence or None
        The same network in several years.

    Returns
    -------
    NetworkQuestions
    """
    studied = links_studied(section, network, thin)
    groups = None
    if section.chord is not None:
        members = area.cities[section.chord].astype(str)
        groups = group_flows(network, members.rename(section.chord))
    core = None
    if section.core:
        seed = seed_of(study.seed, f"core {study.key_of(section.name)}")
        core = core_periphery(studied.binary(), restarts=CORE_STARTS, rng=seed)
    return NetworkQuestions(
        years=None if yearly is None else network_years(yearly, thin),
        blocks=concor(studied.binary(), splits=int(np.log2(section.blocks)))
        if section.blocks is not None
        else None,
        core=core,
        robustness=_removals(section, study, studied) if section.robustness else {},
        groups=groups,
    )


def links_studied(section: AnyNetwork, network: LinkageNetwork, thin: Thinning) -> LinkageNetwork:
    """Links that blocks, core and removals look at.

    Gravity links every city with every other, so only its backbone has a shape; observed links
    are facts, and all of them count.
    """
    return thin(network) if section.kind == "gravity" else network


def group_flows(network: LinkageNetwork, groups: pd.Series) -> GroupFlows:
    """Add up the flows between groups of cities.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    groups : pandas.Series of shape (n,)
        Group of each city, matched by label; its name is that of the grouping.

    Returns
    -------
    GroupFlows

    Raises
    ------
    PanelError
        If there is only one group.
    """
    members = groups.reindex(network.cities)
    codes, names = pd.factorize(members, sort=True)
    if len(names) < 2:
        raise PanelError(
            f"chord = {groups.name!r}: all cities are in {listed(names)}; flows between groups "
            "need two."
        )
    rows, columns = network.flows.tocoo().coords
    flows = np.zeros((len(names), len(names)))
    np.add.at(flows, (codes[rows], codes[columns]), network.flows.data)
    if not network.directed:
        np.fill_diagonal(flows, np.diag(flows) / 2.0)
    labels = pd.Index(names, name="group")
    return GroupFlows(
        group=str(groups.name),
        flows=pd.DataFrame(flows, labels, labels),
        openness=openness(network, members),
        directed=network.directed,
    )


def network_years(sequence: NetworkSequence, thin: Thinning) -> NetworkYears:
    """Thin and measure a network in every year, and compare the years.

    Parameters
    ----------
    sequence : NetworkSequence
    thin : callable
        Gives the backbone of one year.

    Returns
    -------
    NetworkYears
    """
    years = [int(year) for year in sequence.years]
    backbones = {
        year: thin(network) for year, network in zip(years, sequence.networks, strict=True)
    }
    measures = pd.DataFrame(
        {year: structure(backbone).tidy()["value"] for year, backbone in backbones.items()}
    ).T.rename_axis("year")
    measures["whole_flow"] = [network.total_flow for network in sequence]
    pairs = list(pairwise(years))
    if len(years) > 2:
        pairs.append((years[0], years[-1]))
    links = [network_change(backbones[before], backbones[after]).tidy() for before, after in pairs]
    changes = pd.concat(links)[["kept", "appeared", "vanished", "jaccard"]]
    changes["correlation"] = [
        flow_correlation(sequence[before], sequence[after]) for before, after in pairs
    ]
    return NetworkYears(sequence=sequence, backbones=backbones, measures=measures, changes=changes)


def _removals(section: AnyNetwork, study: Study, network: LinkageNetwork) -> dict[str, Robustness]:
    """Take cities away at random, and the central ones first."""
    seed = seed_of(study.seed, f"robustness {study.key_of(section.name)}")
    return {
        order: robustness(network, order=order, replications=RANDOM_ORDERS, rng=seed)
        for order in get_args(RemovalOrder)
    }
