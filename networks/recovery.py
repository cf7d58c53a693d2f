"""Cities that recover at their own pace while their neighbours pull them down."""

from __future__ import annotations

import pandas as pd
from scipy import sparse

from networks.propagation import checked_steps
from networks.shock_paths import (
    CityNumbers,
    Shock,
    ShockPath,
    city_numbers,
    linear_path,
    shares,
    shock_vector,
)
from networks.types import LinkageNetwork
from spatial.options import TransmissionShares, checked_option
from spatial.results import Configuration


def recovery(
    network: LinkageNetwork,
    shock: Shock,
    *,
    resilience: CityNumbers,
    alpha: CityNumbers = 0.1,
    transmission: TransmissionShares = "received",
    lasting: bool = False,
    steps: int = 50,
) -> ShockPath:
    r"""Follow a loss that cities recover from and pass on to each other.

    .. math:: x_{i,t+1} = (1 - r_i)\, x_{it} + \alpha_i \sum_j w_{ij} x_{jt}, \qquad x_0 = s

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Row sends to column; losses go the way of the flows.
    shock : city id, list of them, mapping of city to size, or pandas.Series
        The loss at step 0.
    resilience : float or pandas.Series of shape (n,)
        r, the share of its loss that a city makes good in a step, from 0 to 1: for example a
        recovery index scaled to that range.
    alpha : float or pandas.Series of shape (n,)
        How strongly the losses of others hold a city back; zero or positive.
    transmission : {"sent", "received"}
        What w is: shares of what j sends, or (default) of what i receives.
    lasting : bool
        The shock comes anew at every step.
    steps : int
        Length of the path; sums do not depend on it.

    Returns
    -------
    ShockPath
        ``half_time`` in the table is the time to 50 per cent recovery, ``accumulated`` the
        accumulated loss.

    Raises
    ------
    EstimationError
        If the spectral radius of diag(1 - r) + alpha W is one or more, so that cities never
        recover; the message gives it. alpha below the least r suffices with ``received`` shares.
    AlignmentError, PanelError, ConfigError
        For cities that are unknown and numbers that are out of bounds.
    """
    checked_option(transmission, TransmissionShares, name="transmission")
    checked_steps(steps)
    cities = network.cities
    start = shock_vector(shock, cities)
    pace = city_numbers(resilience, cities, name="resilience", least=0.0, most=1.0)
    pull = city_numbers(alpha, cities, name="alpha", least=0.0)
    matrix = sparse.diags_array(1.0 - pace) + sparse.diags_array(pull) @ shares(
        network, transmission
    )
    return linear_path(
        sparse.csr_array(matrix),
        start,
        cities,
        lasting=lasting,
        steps=steps,
        remedy="Choose a smaller alpha, or check the cities whose resilience is near zero.",
        configuration=Configuration(
            function="recovery",
            options={
                "resilience": "by city" if isinstance(resilience, pd.Series) else float(resilience),
                "alpha": "by city" if isinstance(alpha, pd.Series) else float(alpha),
                "transmission": transmission,
                "lasting": lasting,
                "steps": steps,
            },
            weights=network.description,
        ),
    )
