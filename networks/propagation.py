"""Shocks that links hand on in fixed shares: linear propagation, Leontief and Ghosh systems."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import aligned_masses
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
from spatial.errors import ConfigError, PanelError, listed
from spatial.options import InputOutputForm, TransmissionShares, checked_option
from spatial.results import Configuration

ROUNDING = 1e-9
"""Outputs may fall short of what a city sends by this share: sums in another order."""


def linear_propagation(
    network: LinkageNetwork,
    shock: Shock,
    *,
    alpha: CityNumbers = 0.5,
    transmission: TransmissionShares = "sent",
    lasting: bool = False,
    steps: int = 20,
) -> ShockPath:
    r"""Let every city hand on a share of its shock along its links.

    .. math:: x_{t+1} = A P' x_t \; (+\, s), \quad x_0 = s, \qquad
              \sum_t x_t = (I - A P')^{-1} s

    with P the flows over their row sums (``sent``) or over their column sums (``received``), and
    A the diagonal matrix of ``alpha``.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Row sends to column: a shock goes the way of the flows. ``network.transposed()`` sends it
        back to the senders.
    shock : city id, list of them, mapping of city to size, or pandas.Series
    alpha : float or pandas.Series of shape (n,)
        What a city takes over of the shock that reaches it; zero or positive.
    transmission : {"sent", "received"}
        ``sent``: a city divides its shock among its receivers, so that without damping nothing is
        lost. ``received``: a city feels the mean of its senders, weighted by what it receives.
    lasting : bool
        The shock stays (+ s at every step) instead of coming once. Both have the same sum: what a
        shock that comes once accumulates is the level that a lasting one ends in.
    steps : int
        Length of the path; sums do not depend on it.

    Returns
    -------
    ShockPath

    Raises
    ------
    EstimationError
        If the spectral radius of A P' is one or more; the message gives it.
    AlignmentError, PanelError, ConfigError
        For cities that are unknown and numbers that are out of bounds.

    References
    ----------
    Katz (1953), doi:10.1007/BF02289026, for the sum over walks.
    """
    checked_option(transmission, TransmissionShares, name="transmission")
    checked_steps(steps)
    start = shock_vector(shock, network.cities)
    rate = city_numbers(alpha, network.cities, name="alpha", least=0.0)
    return linear_path(
        sparse.csr_array(sparse.diags_array(rate) @ shares(network, transmission)),
        start,
        network.cities,
        lasting=lasting,
        steps=steps,
        remedy="Choose a smaller alpha: with alpha below one it always holds.",
        configuration=Configuration(
            function="linear_propagation",
            options={
                "alpha": "by city" if isinstance(alpha, pd.Series) else float(alpha),
                "transmission": transmission,
                "lasting": lasting,
                "steps": steps,
            },
            weights=network.description,
        ),
    )


def input_output_propagation(
    network: LinkageNetwork,
    shock: Shock,
    output: pd.Series,
    *,
    form: InputOutputForm = "leontief",
    lasting: bool = False,
    steps: int = 20,
) -> ShockPath:
    r"""Spread a change of final demand, or of primary inputs, through deliveries between cities.

    Leontief: :math:`x = (I - A)^{-1} f` with :math:`a_{ij} = z_{ij} / x_j`, upstream from buyers
    to suppliers. Ghosh: :math:`x' = v' (I - B)^{-1}` with :math:`b_{ij} = z_{ij} / x_i`, downstream
    from suppliers to buyers. The path holds the rounds :math:`f, A f, A^2 f, ...`

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Deliveries z, row sells to column; deliveries within a city are its inner flows.
    shock : city id, list of them, mapping of city to size, or pandas.Series
        Change of final demand for the goods of a city (Leontief), or of its primary inputs
        (Ghosh), in the unit of the flows.
    output : pandas.Series of shape (n,)
        Gross output x, index city ids; at least what the city sells to cities.
    form : {"leontief", "ghosh"}
    lasting, steps
        As ``linear_propagation``.

    Returns
    -------
    ShockPath
        ``accumulated`` is the change of gross output.

    Raises
    ------
    PanelError
        If a city delivers more than its output, or its inputs exceed it without end.
    EstimationError
        If the spectral radius of the coefficients is one or more.

    References
    ----------
    Leontief (1936), Review of Economics and Statistics; Ghosh (1958), Economica; Miller and Blair
    (2009), Input-Output Analysis, Cambridge University Press.
    """
    checked_option(form, InputOutputForm, name="form")
    checked_steps(steps)
    start = shock_vector(shock, network.cities)
    size = aligned_masses(output, network.cities, what="output")
    deliveries = network.flows
    if network.inner is not None:
        deliveries = deliveries + sparse.diags_array(network.inner.to_numpy())
    sold = np.asarray(deliveries.sum(axis=1)).ravel()
    short = sold > size * (1.0 + ROUNDING)
    if short.any():
        raise PanelError(
            f"output is less than what cities deliver to cities, for "
            f"{listed(network.cities[short])}; output is deliveries plus final demand."
        )
    bought = np.asarray(deliveries.sum(axis=0)).ravel()
    without = (bought > 0) & (size == 0)
    if without.any():
        raise PanelError(
            f"Cities buy inputs and have no output: {listed(network.cities[without])}; give their "
            "output, or take them out of the network."
        )
    scale = sparse.diags_array(np.divide(1.0, size, out=np.zeros_like(size), where=size > 0))
    matrix = deliveries @ scale if form == "leontief" else (scale @ deliveries).T
    return linear_path(
        sparse.csr_array(matrix),
        start,
        network.cities,
        lasting=lasting,
        steps=steps,
        remedy="Some cities need more inputs than their output: check output against the flows.",
        configuration=Configuration(
            function="input_output_propagation",
            options={"form": form, "lasting": lasting, "steps": steps},
            weights=network.description,
        ),
    )


def checked_steps(steps: int) -> int:
    """Return the number of steps.

    Raises
    ------
    ConfigError
        If it is no positive whole number.
    """
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ConfigError(f"steps={steps!r} must be a positive whole number.")
    return int(steps)
