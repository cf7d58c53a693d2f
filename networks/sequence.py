"""Networks of the same cities over years: one for each year, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from networks.changes import NetworkChange, flow_correlation, network_change
from networks.city_labels import city_index
from networks.flows import flow_network, require_columns
from networks.types import LinkageNetwork, Reading
from spatial.alignment import require_same_cities
from spatial.errors import AlignmentError, ConfigError, WeightsError, listed
from spatial.weights.sequences import weights_by_year
from spatial.weights.types import Weights


@dataclass(frozen=True)
class NetworkSequence:
    """Linkage networks of the same cities, one for each year.

    Attributes
    ----------
    networks : tuple of LinkageNetwork
        Any order in; sorted by year, cities in the order of the first year. Each has a year of its
        own; all are directed, or none is; the unit is the same.
    description : str
        How the networks were made.

    Examples
    --------
    >>> table = pd.DataFrame({"origin": ["a", "a"], "destination": ["b", "c"],
    ...                       "flow": [2.0, 5.0], "year": [2010, 2011]})
    >>> sequence = network_sequence(table, pd.Index(["a", "b", "c"]))
    >>> list(sequence.years), sequence[2011].total_flow
    ([2010, 2011], 5.0)
    >>> sequence.changes()[["kept", "appeared", "vanished"]].to_numpy().tolist()
    [[0, 1, 1]]
    """

    networks: tuple[LinkageNetwork, ...]
    description: str = ""

    def __post_init__(self) -> None:
        """Check years, cities, direction and unit once, here."""
        networks = tuple(self.networks)
        if not networks:
            raise ConfigError("A sequence needs at least one network.")
        years = [network.year for network in networks]
        if None in years:
            raise ConfigError(
                f"{years.count(None)} of {len(years)} networks have no year; give each one, by "
                "year= where it is built."
            )
        again = sorted({year for year in years if years.count(year) > 1 and year is not None})
        if again:
            raise ConfigError(f"Years {listed(again)} come more than once; each needs one network.")
        ordered = sorted(networks, key=lambda network: network.year or 0)
        first = ordered[0]
        for other in ordered[1:]:
            require_same_cities(
                other.cities,
                first.cities,
                left_name=f"the network of {other.year}",
                right_name=f"that of {first.year}",
            )
            if other.directed != first.directed or other.unit != first.unit:
                raise WeightsError(
                    f"The network of {first.year} is directed={first.directed} in "
                    f"{first.unit!r}, that of {other.year} is directed={other.directed} in "
                    f"{other.unit!r}; a sequence needs one kind and one unit."
                )
        aligned = tuple(network.reordered(first.cities) for network in ordered)
        object.__setattr__(self, "networks", aligned)
        if not self.description:
            words = {network.description for network in aligned}
            same = words.pop() if len(words) == 1 else f"{first.description} (as of {first.year})"
            object.__setattr__(self, "description", same)

    @property
    def cities(self) -> pd.Index:
        """City ids, the same in every year."""
        return self.networks[0].cities

    @property
    def years(self) -> pd.Index:
        """Years, rising."""
        return pd.Index([network.year for network in self.networks], name="year")

    @property
    def directed(self) -> bool:
        """Whether the networks are directed."""
        return self.networks[0].directed

    @property
    def unit(self) -> str:
        """Unit of the flows."""
        return self.networks[0].unit

    def __len__(self) -> int:
        """Return the number of years."""
        return len(self.networks)

    def __iter__(self) -> Iterator[LinkageNetwork]:
        """Go through the networks, the first year first."""
        return iter(self.networks)

    def __getitem__(self, year: int) -> LinkageNetwork:
        """Return the network of a year."""
        for network in self.networks:
            if network.year == year:
                return network
        raise AlignmentError(f"No network of the year {year!r}; known: {listed(self.years)}.")

    def subset(self, cities: pd.Index) -> NetworkSequence:
        """Keep the given cities, in the given order, in every year."""
        return NetworkSequence(tuple(network.subset(cities) for network in self), self.description)

    def to_frame(self) -> pd.DataFrame:
        """Return links as a table: year, origin, destination, flow."""
        frames = []
        for network in self:
            frame = network.to_frame()
            frame.insert(0, "year", network.year)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def to_weights(self, *, reading: Reading) -> Weights:
        """Return weights with a matrix for each year, as spatial panels take them.

        Parameters
        ----------
        reading : {"receive", "send"}
            As in ``LinkageNetwork.to_weights``.

        Returns
        -------
        Weights
            Not transformed.
        """
        return weights_by_year(
            {network.year: network.to_weights(reading=reading) for network in self}
        )

    def change(self, before: int, after: int) -> NetworkChange:
        """Compare two of the years; see ``network_change``."""
        return network_change(self[before], self[after])

    def changes(self) -> pd.DataFrame:
        """Compare every year with the one before.

        Returns
        -------
        pandas.DataFrame
            Index: before, after. Columns as in ``NetworkChange.tidy``.
        """
        pairs = zip(self.networks[:-1], self.networks[1:], strict=True)
        rows = [network_change(before, after).tidy() for before, after in pairs]
        if not rows:
            raise ConfigError("Changes need at least two years; the sequence has one.")
        return pd.concat(rows)

    def link_changes(self) -> pd.DataFrame:
        """Return links that appear or vanish from one year to the next.

        Returns
        -------
        pandas.DataFrame
            before, after (years), origin, destination, flow_before, flow_after, change.
        """
        frames = []
        for before, after in zip(self.networks[:-1], self.networks[1:], strict=True):
            links = network_change(before, after).links
            links = links[links["change"] != "kept"].drop(columns=["difference", "ratio"])
            links.insert(0, "before", before.year)
            links.insert(1, "after", after.year)
            frames.append(links)
        if not frames:
            raise ConfigError("Changes need at least two years; the sequence has one.")
        return pd.concat(frames, ignore_index=True)

    def correlations(self) -> pd.DataFrame:
        """Return Pearson's r between the flows of every two years, over all pairs of cities.

        Returns
        -------
        pandas.DataFrame of shape (years, years)
            NaN with a year whose pairs all have the same flow.
        """
        values = np.array([[flow_correlation(one, other) for other in self] for one in self])
        return pd.DataFrame(values, index=self.years, columns=self.years)


def network_sequence(
    links: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    *,
    year: str = "year",
    years: Iterable[int] | None = None,
    **options: Any,
) -> NetworkSequence:
    """Build a network for each year from one table of flows.

    Parameters
    ----------
    links : pandas.DataFrame
        A row for each link and year.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
        All cities, also those without links in a year.
    year : str
        Column of whole years.
    years : iterable of int, optional
        Years wanted; one without rows has a network without links. By default those of the table.
    **options
        Further options of ``flow_network``, except ``year``.

    Returns
    -------
    NetworkSequence

    Raises
    ------
    AlignmentError, WeightsError
        As in ``flow_network``, the year named.
    ConfigError
        If years are missing or no whole numbers.
    """
    require_columns(links, (year,))
    ids = city_index(cities)
    numbers = pd.to_numeric(links[year], errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(numbers) | (np.floor(numbers) != numbers)
    if wrong.any():
        raise ConfigError(
            f"{int(wrong.sum())} rows have no whole year in column {year!r}, in rows "
            f"{listed(links.index[wrong])}; complete or drop them."
        )
    wanted = sorted({int(number) for number in (numbers if years is None else years)})
    networks = []
    for one in wanted:
        try:
            networks.append(flow_network(links[numbers == one], ids, year=one, **options))
        except (AlignmentError, WeightsError) as error:
            raise type(error)(f"Year {one}: {error}") from error
    return NetworkSequence(tuple(networks))
