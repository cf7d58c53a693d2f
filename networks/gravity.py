"""Gravity networks: linkages from the masses of two cities and the cost between them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import aligned_masses
from networks.costs import JourneyCosts, journey_costs
from networks.types import LinkageNetwork
from spatial.errors import ConfigError
from spatial.options import MissingCost

CELLS_IN_A_BLOCK = 4_000_000
"""Cells of the distance table held at a time: about 32 MB for each temporary."""


def gravity_network(
    cities: pd.DataFrame | pd.Index,
    masses: pd.Series,
    *,
    destination_masses: pd.Series | None = None,
    decay: float = 2.0,
    origin_exponent: float = 1.0,
    destination_exponent: float = 1.0,
    constant: float = 1.0,
    cost: pd.DataFrame | None = None,
    cost_unit: str = "km",
    missing_cost: MissingCost = "error",
    unit: str = "",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link every pair of cities by the gravity formula.

    .. math:: f_{ij} = K \, M_i^{a} \, M_j^{b} / c_{ij}^{g}

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...), or pandas.Index when ``cost`` is given
        Index: city ids. Positions are read by ``spatial.coordinates.city_positions``.
    masses : pandas.Series of shape (n,)
        M, for example population, output, or the square root of their product; matched by label,
        zero or positive. A city of mass zero gets no link.
    destination_masses : pandas.Series of shape (n,), optional
        Masses of receiving cities where they differ from those of sending cities.
    decay : float
        g, zero or positive.
    origin_exponent, destination_exponent : float
        a and b.
    constant : float
        K, positive.
    cost : pandas.DataFrame of shape (n, n), optional
        Labelled square table of journey costs (hours, km by road), row: origin. None takes the
        great-circle distance in km.
    cost_unit : str
        Unit of ``cost``, for the description.
    missing_cost : {"error", "drop"}
        Pairs with zero, missing or infinite cost are refused by name, or have no link and are
        counted in ``parameters`` and ``description``.
    unit, year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Directed if costs differ between the two directions, or masses or exponents differ between
        origin and destination.

    Raises
    ------
    AlignmentError
        If labels of masses or costs differ from those of the cities.
    PanelError
        If masses are negative or missing.
    WeightsError, GeometryError
        If costs or positions are unusable.
    ConfigError
        If an exponent, the decay or the constant is out of range.

    Notes
    -----
    Distances are worked out in blocks of rows; the network itself holds a number for each pair. For
    very many cities ``gravity_backbone`` keeps the strongest links only.
    """
    check_gravity_numbers(decay, origin_exponent, destination_exponent, constant)
    journeys = journey_costs(cities, cost=cost, cost_unit=cost_unit, missing_cost=missing_cost)
    origin = aligned_masses(masses, journeys.ids, what="masses")
    if destination_masses is None:
        destination = origin
    else:
        destination = aligned_masses(destination_masses, journeys.ids, what="destination_masses")
    push = powered_masses(origin, origin_exponent)
    pull = powered_masses(destination, destination_exponent)
    directed = not journeys.symmetric or not np.array_equal(push, pull)
    flows = _gravity_flows(journeys, push, pull, decay, constant)
    parameters = {
        "kind": "gravity",
        "masses": str(masses.name or "masses"),
        "destination_masses": str(
            (masses if destination_masses is None else destination_masses).name or "masses"
        ),
        "decay": decay,
        "origin_exponent": origin_exponent,
        "destination_exponent": destination_exponent,
        "constant": constant,
        "cost": journeys.what,
        "missing_cost": missing_cost,
        "pairs_without_cost": journeys.n_without,
        "cities_without_mass": int(((origin == 0) | (destination == 0)).sum()),
    }
    return LinkageNetwork(
        journeys.ids, flows, directed, unit, year, _in_words(parameters), parameters
    )


def check_gravity_numbers(decay: float, a: float, b: float, constant: float) -> None:
    """Raise unless the numbers of a gravity formula are usable.

    Parameters
    ----------
    decay, a, b, constant : float
        Of the distance, of the masses of origin and destination, and of the whole.

    Raises
    ------
    ConfigError
    """
    if not (np.isfinite(decay) and decay >= 0):
        raise ConfigError(f"decay={decay!r}: the decay is a finite number, zero or positive.")
    if not (np.isfinite(constant) and constant > 0):
        raise ConfigError(f"constant={constant!r}: the constant is a finite positive number.")
    for name, exponent in (("origin_exponent", a), ("destination_exponent", b)):
        if not np.isfinite(exponent):
            raise ConfigError(f"{name}={exponent!r}: an exponent is a finite number.")


def powered_masses(masses: np.ndarray, exponent: float) -> np.ndarray:
    """Return masses to a power; a mass of zero stays zero, whatever the exponent.

    Parameters
    ----------
    masses : numpy.ndarray of shape (n,)
    exponent : float

    Returns
    -------
    numpy.ndarray of shape (n,)
    """
    positive = masses > 0
    return np.where(positive, np.where(positive, masses, 1.0) ** exponent, 0.0)


def _gravity_flows(
    journeys: JourneyCosts, push: np.ndarray, pull: np.ndarray, decay: float, constant: float
) -> sparse.csr_array:
    n = len(journeys.ids)
    step = max(1, CELLS_IN_A_BLOCK // max(n, 1))
    blocks = []
    for start in range(0, n, step):
        stop = min(start + step, n)
        resistance = journeys.rows(start, stop) ** decay
        # Masses are multiplied first, so that both directions round the same way.
        block = constant * (push[start:stop, None] * pull) / resistance
        block[np.isnan(block)] = 0.0
        block[np.arange(stop - start), np.arange(start, stop)] = 0.0
        blocks.append(sparse.csr_array(block))
    if not blocks:
        return sparse.csr_array((n, n))
    return sparse.vstack(blocks, format="csr")


def _in_words(parameters: dict) -> str:
    formula = (
        f"Gravity network: flow = {parameters['constant']:g} x origin "
        f"{parameters['masses']}^{parameters['origin_exponent']:g} x destination "
        f"{parameters['destination_masses']}^{parameters['destination_exponent']:g} / "
        f"({parameters['cost']})^{parameters['decay']:g}"
    )
    remarks = [formula]
    if parameters["pairs_without_cost"]:
        remarks.append(
            "ordered pairs without a positive cost, which have no link: "
            f"{parameters['pairs_without_cost']}"
        )
    if parameters["cities_without_mass"]:
        remarks.append(
            f"cities of mass zero, which have no link: {parameters['cities_without_mass']}"
        )
    return "; ".join(remarks)
