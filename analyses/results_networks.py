"""What a study computed on a network beyond centralities: years, blocks, core, removal, groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from networks.concor import BlockModel
from networks.core_periphery import CorePeriphery
from networks.robustness import Robustness
from networks.sequence import NetworkSequence
from networks.types import LinkageNetwork


@dataclass(frozen=True)
class NetworkYears:
    """One kind of network in several years.

    Attributes
    ----------
    sequence : NetworkSequence
        All linkages, every year in the unit of the network that is mapped.
    backbones : mapping of int to LinkageNetwork
        By year, thinned by the rule of the study.
    measures : pandas.DataFrame
        Index ``year``: the structure of the backbones (see ``networks.structure``), and
        ``whole_flow``, the sum of all linkages.
    changes : pandas.DataFrame
        Index ``(before, after)``, each year with the next and the first with the last: links of
        the backbones kept, appeared, vanished, ``jaccard``; ``correlation`` of all linkages.
    """

    sequence: NetworkSequence
    backbones: Mapping[int, LinkageNetwork]
    measures: pd.DataFrame
    changes: pd.DataFrame

    @property
    def years(self) -> tuple[int, ...]:
        """Years, rising."""
        return tuple(int(year) for year in self.sequence.years)


@dataclass(frozen=True)
class GroupFlows:
    """Flows between groups of cities.

    Attributes
    ----------
    group : str
        Grouping of the cities, such as ``region``.
    flows : pandas.DataFrame of shape (groups, groups)
        Row sends to column; of an undirected network both directions are alike, and the flow
        inside a group counts each pair once.
    openness : pandas.DataFrame
        Index ``group`` and ``all``: ``cities``, ``internal``, ``external``, ``ei_index``.
    directed : bool
    """

    group: str
    flows: pd.DataFrame
    openness: pd.DataFrame
    directed: bool

    @property
    def inside_share(self) -> float:
        """Share of all flow that stays inside groups."""
        total = self.openness.to_dict("index")["all"]
        return float(total["internal"] / (total["internal"] + total["external"]))

    def between(self) -> pd.DataFrame:
        """List the flows between different groups, the largest first.

        Returns
        -------
        pandas.DataFrame
            Columns sender, receiver, flow, share (of all flow); of an undirected network each
            pair once.
        """
        total = self.openness.loc["all", ["internal", "external"]].sum()
        names = list(self.flows.index)
        rows = [
            (sender, receiver, float(self.flows.to_numpy()[i, j]))
            for i, sender in enumerate(names)
            for j, receiver in enumerate(names)
            if (i != j if self.directed else i < j)
        ]
        table = pd.DataFrame(rows, columns=["sender", "receiver", "flow"])
        table["share"] = table["flow"] / total
        return table.sort_values("flow", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class NetworkQuestions:
    """Answers to what a study asks of one network beyond the usual measures.

    Attributes
    ----------
    years : NetworkYears or None
    blocks : BlockModel or None
        CONCOR blocks of links without strength: of the shown backbone for gravity, which links
        every pair, else of all links.
    core : CorePeriphery or None
        Of the same links.
    robustness : mapping of str to Robustness
        By order of removal, of the same links.
    groups : GroupFlows or None
        All linkages between groups.
    """

    years: NetworkYears | None = None
    blocks: BlockModel | None = None
    core: CorePeriphery | None = None
    robustness: Mapping[str, Robustness] = field(default_factory=dict)
    groups: GroupFlows | None = None
