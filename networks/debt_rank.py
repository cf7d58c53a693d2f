"""DebtRank: how much of the whole a city in distress takes along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import aligned_masses
from networks.shock_paths import (
    CityNumbers,
    Shock,
    ShockPath,
    city_numbers,
    path_frame,
    path_table,
    shock_vector,
)
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError, listed
from spatial.results import Configuration, Result

CELLS_AT_ONCE = 4_000_000
"""Cities times starting cities that are followed together: about 32 MB for each temporary."""

SETTLED = 1e-12
"""Distress that grows by less in a step has settled."""

LONGEST = 10_000
"""Steps after which repeated distress must have settled."""


@dataclass(frozen=True)
class DebtRank(Result):
    """DebtRank of every city.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: city, most dangerous first. ``debt_rank``: value lost by the distress of the city
        in all cities, beyond its own, as a share of the value of all; ``value``: the city's own
        share; ``hit``: number of other cities in distress at the end; ``steps``.
    configuration : Configuration
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()


def debt_rank(
    network: LinkageNetwork,
    *,
    size: float = 1.0,
    buffer: pd.Series | None = None,
    value: pd.Series | None = None,
    repeated: bool = False,
) -> DebtRank:
    r"""Put each city into distress, one at a time, and sum what the others lose.

    .. math:: R_i = \sum_j h_j(T) v_j - \sum_j h_j(0) v_j

    with h as in ``distress_propagation``.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    size : float
        Distress of the city at the start, above 0 and up to 1 (default).
    buffer, repeated
        As ``distress_propagation``.
    value : pandas.Series of shape (n,), optional
        Economic size of each city, zero or positive, taken as shares; by default what it sends
        and receives.

    Returns
    -------
    DebtRank

    Raises
    ------
    EstimationError
        If the network has no link, or all values are zero.
    AlignmentError, PanelError, ConfigError
        For labels and numbers that do not fit.

    References
    ----------
    Battiston et al. (2012), doi:10.1038/srep00541.
    """
    if isinstance(size, bool) or not 0.0 < size <= 1.0:
        raise ConfigError(f"size={size!r} must be above 0 and not above 1.")
    impact = _impacts(network, buffer)
    worth = _values(network, value)
    n = network.n
    rank, steps, hit = np.zeros(n), np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    block = max(1, CELLS_AT_ONCE // n)
    for begin in range(0, n, block):
        chosen = np.arange(begin, min(begin + block, n))
        start = np.zeros((n, len(chosen)))
        start[chosen, np.arange(len(chosen))] = size
        end = start
        for step, state in enumerate(_followed(impact, start, repeated=repeated)):
            steps[chosen[(state != end).any(axis=0)]] = step
            end = state
        rank[chosen] = worth @ (end - start)
        hit[chosen] = (end > 0).sum(axis=0) - 1
    table = pd.DataFrame(
        {"debt_rank": rank, "value": worth, "hit": hit, "steps": steps},
        index=network.cities.rename("city"),
    )
    return DebtRank(
        table=table.sort_values("debt_rank", ascending=False, kind="stable"),
        configuration=Configuration(
            function="debt_rank",
            options={
                "size": float(size),
                "buffer": "received flows" if buffer is None else "given",
                "value": "sent and received flows" if value is None else "given",
                "repeated": repeated,
            },
            weights=network.description,
        ),
    )


def distress_propagation(
    network: LinkageNetwork,
    shock: Shock,
    *,
    buffer: pd.Series | None = None,
    repeated: bool = False,
) -> ShockPath:
    r"""Follow distress between 0 (sound) and 1 (down) from city to city.

    .. math:: h_j(t+1) = \min\Bigl(1,\; h_j(t) + \sum_i w_{ij}\, \Delta h_i(t)\Bigr), \qquad
              w_{ij} = \min(1,\; f_{ij} / b_j)

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Row sends to column: distress of the sender hits the receiver.
    shock : city id, list of them, mapping of city to size, or pandas.Series
        Distress at the start, from 0 to 1.
    buffer : pandas.Series of shape (n,), optional
        b, what a city can lose before it is down, in the unit of the flows; by default all that
        it receives, so that w are shares of what it receives. A city without buffer is down with
        any sender that is down.
    repeated : bool
        False: each city passes its distress on once, when it is first hit (Battiston et al.).
        True: every later increase is passed on too (Bardoscia et al.).

    Returns
    -------
    ShockPath
        ``accumulated`` is the distress at the end; ``emitted`` is known where one city is hit.

    Raises
    ------
    ConfigError
        If the shock is not between 0 and 1.
    AlignmentError, PanelError
        For labels and numbers that do not fit.

    References
    ----------
    Battiston et al. (2012), doi:10.1038/srep00541;
    Bardoscia et al. (2015), doi:10.1371/journal.pone.0130406.
    """
    start = shock_vector(shock, network.cities)
    wrong = (start < 0.0) | (start > 1.0)
    if wrong.any():
        raise ConfigError(
            f"Distress lies between 0 and 1; it does not for {listed(network.cities[wrong])}."
        )
    impact = _impacts(network, buffer)
    states = [state[:, 0] for state in _followed(impact, start[:, None], repeated=repeated)]
    path = path_frame(np.array(states), network.cities)
    table = level_table(path, start)
    return ShockPath(
        path=path,
        table=table,
        total=float(states[-1].sum()),
        remaining=0.0,
        spectral_radius=float("nan"),
        configuration=Configuration(
            function="distress_propagation",
            options={
                "buffer": "received flows" if buffer is None else "given",
                "repeated": repeated,
            },
            weights=network.description,
        ),
    )


def level_table(path: pd.DataFrame, start: np.ndarray) -> pd.DataFrame:
    """Summarise a path of levels that only rise, see ``networks.shock_paths.path_table``.

    Parameters
    ----------
    path : pandas.DataFrame of shape (steps + 1, n)
    start : numpy.ndarray of shape (n,)

    Returns
    -------
    pandas.DataFrame
        What a city has beyond its own shock counts as received.
    """
    end = path.iloc[-1].to_numpy()
    table = path_table(path, start, lasting=True, accumulated=end)
    table["own"], table["received"] = start, end - start
    hit = np.flatnonzero(start)
    if len(hit) == 1:
        table["emitted"] = 0.0
        table.loc[path.columns[hit[0]], "emitted"] = end.sum() - end[hit[0]]
    return table


def _impacts(network: LinkageNetwork, buffer: pd.Series | None) -> sparse.csr_array:
    """Return impacts from 0 to 1, row receives from column."""
    flows = network.flows
    room = (
        np.asarray(flows.sum(axis=0)).ravel()
        if buffer is None
        else aligned_masses(buffer, network.cities, what="buffer")
    )
    room = room[flows.indices]
    part = np.divide(flows.data, room, out=np.ones(flows.nnz), where=room > 0)
    clipped = np.minimum(part, 1.0)
    return sparse.csr_array((clipped, flows.indices, flows.indptr), shape=flows.shape).T.tocsr()


def _values(network: LinkageNetwork, value: pd.Series | None) -> np.ndarray:
    size: CityNumbers = network.sent + network.received if value is None else value
    worth = city_numbers(size, network.cities, name="value", least=0.0)
    if worth.sum() == 0.0:
        raise EstimationError(
            "The values of all cities are zero, so there is nothing to lose: the network needs "
            "links, or value= the size of each city."
        )
    return worth / worth.sum()


def _followed(impact: sparse.csr_array, start: np.ndarray, *, repeated: bool) -> list[np.ndarray]:
    """Return states of shape (n, k) at every step, the start first."""
    states = [start]
    rise, spent = start, np.zeros(start.shape, dtype=bool)
    while (rise > SETTLED).any():
        if len(states) > LONGEST:
            raise EstimationError(
                f"Distress has not settled after {LONGEST} steps; use repeated=False."
            )
        before = states[-1]
        after = np.minimum(1.0, before + impact @ rise)
        spent |= rise > 0
        rise = after - before if repeated else np.where(spent, 0.0, after)
        states.append(after)
    return states if len(states) == 1 or (states[-1] != states[-2]).any() else states[:-1]
