"""Blocks or communities of several years under the same numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from networks.partitions import partition_agreement
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, EstimationError, listed
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class AlignedPartitions(Result):
    """Partitions of the same cities in several years, alike blocks under one number.

    Attributes
    ----------
    table : pandas.DataFrame of int, shape (n, years)
        Index: city ids; columns: years, in the order given.
    changes : pandas.DataFrame
        Index: each year but the first: ``stayed`` (share of cities under the number of the year
        before), ``nmi`` and ``ari`` with the year before, ``new`` and ``gone`` (numbers that
        appear and vanish).
    configuration : Configuration
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a row for each city and year: ``block``."""
        columns = {year: self.table[year] for year in self.table}
        rows = pd.concat(columns, names=["year", "city"]).swaplevel().rename("block").to_frame()
        return rows.sort_index(level="city", sort_remaining=False)


def align_partitions(partitions: Mapping[Hashable, pd.Series]) -> AlignedPartitions:
    """Give the blocks of each year numbers such that most cities keep theirs.

    Parameters
    ----------
    partitions : mapping of year to pandas.Series of shape (n,)
        Membership of each city, matched by label: ``concor(...).membership`` or
        ``communities(...).membership`` year by year, in order.

    Returns
    -------
    AlignedPartitions

    Raises
    ------
    ConfigError
        If there are fewer than two years.
    AlignmentError
        If cities differ.

    Notes
    -----
    The blocks of a year and of the year before are paired one to one so that as many cities as
    possible are in paired blocks (assignment by Kuhn 1955, doi:10.1002/nav.3800020109). The first
    year keeps its numbers; a block without a pair gets a number not used before. Roles go with
    the block of their year: they are not part of the pairing.
    """
    if len(partitions) < 2:
        raise ConfigError("Two or more years are needed to align blocks.")
    years = list(partitions)
    cities = pd.Index(partitions[years[0]].index)
    table = pd.DataFrame(index=cities)
    used = 0
    for year in years:
        given = partitions[year]
        require_same_cities(
            pd.Index(given.index), cities, left_name=str(year), right_name=str(years[0])
        )
        values = given.reindex(cities)
        if values.isna().any():
            raise EstimationError(
                f"{year}: no block is given for {listed(values.index[values.isna()])}."
            )
        values = values.astype(int)
        if len(table.columns):
            values = values.map(_pairing(table.iloc[:, -1], values, used))
        used = max(used, int(values.max()))
        table[year] = values
    rows = [_change(table[before], table[after]) for before, after in pairwise(years)]
    return AlignedPartitions(
        table,
        pd.DataFrame(rows, index=pd.Index(years[1:], name="year")),
        Configuration(function="align_partitions", options={"years": years}),
    )


def _pairing(before: pd.Series, after: pd.Series, used: int) -> dict[int, int]:
    """Find the number of each block after, from the blocks before."""
    common = pd.crosstab(before, after)
    rows, columns = linear_sum_assignment(-common.to_numpy())
    paired = {
        int(common.columns[column]): int(common.index[row])
        for row, column in zip(rows, columns, strict=True)
        if common.iloc[row, column] > 0
    }
    fresh = [int(block) for block in common.columns if int(block) not in paired]
    return paired | {block: used + place for place, block in enumerate(fresh, start=1)}


def _change(before: pd.Series, after: pd.Series) -> dict[str, float]:
    agreement = partition_agreement(before, after)
    return {
        "stayed": float((before == after).mean()),
        "nmi": float(agreement["nmi"]),
        "ari": float(agreement["ari"]),
        "new": len(np.setdiff1d(after, before)),
        "gone": len(np.setdiff1d(before, after)),
    }
