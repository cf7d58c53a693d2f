"""Threshold contagion: cities that fall once enough of those they depend on have fallen."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import listed_positions
from networks.debt_rank import level_table
from networks.shock_paths import CityNumbers, ShockPath, city_numbers, path_frame, shares
from networks.types import LinkageNetwork
from spatial.options import ContagionMeasure, checked_option
from spatial.results import Configuration

TIE = 1e-12
"""A share this close below the threshold reaches it: sums of shares round."""


def threshold_contagion(
    network: LinkageNetwork,
    fallen: Hashable | Sequence[Hashable],
    *,
    threshold: CityNumbers = 0.5,
    measure: ContagionMeasure = "strength",
) -> ShockPath:
    r"""Let cities fall whose share of fallen senders reaches a threshold.

    City i falls at t + 1 when :math:`\sum_j w_{ij} x_j(t) \ge \theta_i` and at least one of its
    senders has fallen; w are shares of what it receives. A city that has fallen stays down.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Row sends to column; a city depends on its senders.
    fallen : city id or list of city ids
        Down at the start.
    threshold : float or pandas.Series of shape (n,)
        theta, from 0 to 1; a city with a high one is resilient.
    measure : {"strength", "links"}
        Shares of flows, or of the number of senders.

    Returns
    -------
    ShockPath
        States 0 and 1. ``peak_step`` is when a city fell, where ``peak`` is 1; ``total`` is the
        number of fallen cities.

    Raises
    ------
    AlignmentError
        If a city is not in the network or listed twice.
    ConfigError, PanelError
        If a threshold is out of bounds or missing.

    References
    ----------
    Granovetter (1978), doi:10.1086/226707; Watts (2002), doi:10.1073/pnas.082090499.
    """
    checked_option(measure, ContagionMeasure, name="measure")
    cities = network.cities
    place = listed_positions(cities, fallen)
    limit = city_numbers(threshold, cities, name="threshold", least=0.0, most=1.0)
    weights = shares(network if measure == "strength" else network.binary(), "received")
    links = sparse.csr_array((weights > 0).astype(float))
    state = np.zeros(len(cities))
    state[place] = 1.0
    states = [state]
    while True:
        touched = links @ state > 0
        down = (state > 0) | (touched & (weights @ state >= limit - TIE))
        if (down == (state > 0)).all():
            break
        state = down.astype(float)
        states.append(state)
    path = path_frame(np.array(states), cities)
    return ShockPath(
        path=path,
        table=level_table(path, states[0]),
        total=float(state.sum()),
        remaining=0.0,
        spectral_radius=float("nan"),
        configuration=Configuration(
            function="threshold_contagion",
            options={
                "threshold": "by city" if isinstance(threshold, pd.Series) else float(threshold),
                "measure": measure,
            },
            weights=network.description,
        ),
    )
