"""Gravity with a direction from scores, and with economic or digital distance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.backbone_comparison import BackboneComparison, compare_backbones
from networks.backbones import Backbone, row_mean_backbone
from networks.city_labels import aligned_masses, city_index
from networks.costs import journey_costs
from networks.gravity import CELLS_IN_A_BLOCK, gravity_network
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, PanelError
from spatial.options import EconomicDistance, MissingCost, checked_option

DEFAULT_FLOOR_QUANTILE = 0.05
"""The default floor of income differences is this quantile of the positive ones."""


def modified_gravity_network(
    cities: pd.DataFrame | pd.Index,
    factors: pd.DataFrame,
    *,
    score: pd.Series,
    income: pd.Series | None = None,
    economic_distance: EconomicDistance = "difference",
    floor: float | None = None,
    decay: float = 2.0,
    constant: float = 1.0,
    cost: pd.DataFrame | None = None,
    cost_unit: str = "km",
    missing_cost: MissingCost = "error",
    unit: str = "",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by the modified gravity formula of spatial association networks.

    .. math:: f_{ij} = K \, k_{ij} \frac{M_i M_j}{D_{ij}^{\gamma}}, \qquad
              k_{ij} = \frac{V_i}{V_i + V_j}, \qquad M_i = \Big(\prod_{q=1}^{Q} x_{iq}\Big)^{1/Q},
              \qquad D_{ij} = \frac{d_{ij}}{|g_i - g_j|}

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...), or pandas.Index when ``cost`` is given
    factors : pandas.DataFrame of shape (n, Q)
        x, the Q factors of a city's mass (population, output, the score itself ...); index: city
        ids. Zero or positive.
    score : pandas.Series of shape (n,)
        V, the score whose flow is studied (resilience, digital economy). Zero or positive; where
        both scores are zero, k is one half.
    income : pandas.Series of shape (n,), optional
        g, output per head; needed unless ``economic_distance="none"``.
    economic_distance : {"difference", "floored", "none"}
        ``difference``: D as above; cities of equal income have no link, and are counted.
        ``floored``: income differences are at least ``floor``. ``none``: D = d.
    floor : float, optional
        In the unit of income; by default the 5 per cent quantile of the positive differences.
    decay : float
        gamma, zero or positive.
    constant : float
        K, positive.
    cost, cost_unit, missing_cost
        As in ``gravity_network``.
    unit, year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Directed, because k_ij and k_ji differ.

    Raises
    ------
    AlignmentError, PanelError, WeightsError, GeometryError, ConfigError
        As in ``gravity_network``; also if ``income`` is wanting.

    Notes
    -----
    Dividing the distance by the income gap makes rich and poor cities near to each other and equal
    ones infinitely far, which is what the formula says and yet economically odd:
    ``modified_gravity_sensitivity`` shows how much of the network rests on that choice.
    """
    checked_option(economic_distance, EconomicDistance, name="economic_distance")
    if not (np.isfinite(decay) and decay >= 0):
        raise ConfigError(f"decay={decay!r}: the decay is a finite number, zero or positive.")
    if not (np.isfinite(constant) and constant > 0):
        raise ConfigError(f"constant={constant!r}: the constant is a finite positive number.")
    journeys = journey_costs(cities, cost=cost, cost_unit=cost_unit, missing_cost=missing_cost)
    ids = journeys.ids
    mass = _geometric_mean(factors, ids)
    value = aligned_masses(score, ids, what="score")
    gap, lowest = _income_gaps(income, ids, economic_distance, floor)
    n, blocks, equal = len(ids), [], 0
    for start in range(0, n, max(1, CELLS_IN_A_BLOCK // max(n, 1))):
        stop = min(start + max(1, CELLS_IN_A_BLOCK // max(n, 1)), n)
        both = value[start:stop, None] + value
        share = np.divide(
            value[start:stop, None], both, out=np.full(both.shape, 0.5), where=both > 0
        )
        block = constant * share * (mass[start:stop, None] * mass)
        block /= journeys.rows(start, stop) ** decay
        if gap is not None:
            nearness = np.abs(gap[start:stop, None] - gap)
            equal += int((nearness == 0).sum()) - (stop - start)
            block *= np.maximum(nearness, lowest) ** decay
        block[np.isnan(block)] = 0.0
        block[np.arange(stop - start), np.arange(start, stop)] = 0.0
        blocks.append(sparse.csr_array(block))
    flows = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_array((n, n))
    parameters: dict[str, Any] = {
        "kind": "modified gravity",
        "factors": [str(name) for name in factors.columns],
        "score": str(score.name or "score"),
        "income": "" if income is None else str(income.name or "income"),
        "economic_distance": economic_distance,
        "floor": lowest if economic_distance == "floored" else None,
        "decay": decay,
        "constant": constant,
        "cost": journeys.what,
        "missing_cost": missing_cost,
        "pairs_without_cost": journeys.n_without,
        "pairs_of_equal_income": equal,
    }
    return LinkageNetwork(ids, flows, True, unit, year, _in_words(parameters), parameters)


def modified_gravity_sensitivity(
    cities: pd.DataFrame | pd.Index,
    factors: pd.DataFrame,
    *,
    score: pd.Series,
    income: pd.Series,
    **options: Any,
) -> BackboneComparison:
    """Show how far the row-mean network depends on the choice of economic distance.

    Parameters
    ----------
    cities, factors, score, income
        As in ``modified_gravity_network``.
    **options
        Further options of ``modified_gravity_network``, except ``economic_distance``.

    Returns
    -------
    BackboneComparison
        Row-mean backbones under ``difference``, ``floored`` and ``none``: shares kept, density,
        and the Jaccard overlap of their links.
    """
    if "economic_distance" in options:
        raise ConfigError("economic_distance is what is varied here; leave it out.")
    choices: tuple[EconomicDistance, ...] = ("difference", "floored", "none")
    backbones: dict[str, Backbone] = {}
    for choice in choices:
        network = modified_gravity_network(
            cities, factors, score=score, income=income, economic_distance=choice, **options
        )
        backbones[choice] = row_mean_backbone(network)
    return compare_backbones(backbones)


def digital_gravity_network(
    cities: pd.DataFrame | pd.Index,
    digital: pd.Series,
    *,
    economy: pd.Series | None = None,
    decay: float = 1.0,
    cost: pd.DataFrame | None = None,
    cost_unit: str = "km",
    missing_cost: MissingCost = "error",
    unit: str = "",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by gravity between their digital economies.

    .. math:: f_{ij} = M_i M_j / c_{ij}^{g}, \qquad M_i = E_i \text{ or } \sqrt{E_i G_i}

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...), or pandas.Index when ``cost`` is given
    digital : pandas.Series of shape (n,)
        E, a digital index or digital employment, zero or positive.
    economy : pandas.Series of shape (n,), optional
        G, output; with it the mass is the geometric mean of both.
    decay : float
        g; information thins out slowly, hence 1 (0.5 to 1 is common) instead of 2.
    cost : pandas.DataFrame of shape (n, n), optional
        Great-circle km when None; hours, ``economic_distances(...)`` or ``digital_distances(...)``.
    cost_unit, missing_cost, unit, year
        As in ``gravity_network``.

    Returns
    -------
    LinkageNetwork
    """
    ids = city_index(cities)
    mass = aligned_masses(digital, ids, what="digital")
    name = str(digital.name or "digital")
    if economy is not None:
        mass = np.sqrt(mass * aligned_masses(economy, ids, what="economy"))
        name = f"sqrt({name} x {economy.name or 'economy'})"
    return gravity_network(
        cities,
        pd.Series(mass, index=ids, name=name),
        decay=decay,
        cost=cost,
        cost_unit=cost_unit,
        missing_cost=missing_cost,
        unit=unit,
        year=year,
    )


def economic_distances(values: pd.Series) -> pd.DataFrame:
    """Return absolute differences between cities, for example of output per head.

    Parameters
    ----------
    values : pandas.Series of shape (n,)

    Returns
    -------
    pandas.DataFrame of shape (n, n)
        Zero between cities of equal values: as a cost these need ``missing_cost="drop"``.
    """
    ids = city_index(values)
    numbers = _finite(values, ids, what=str(values.name or "values"))
    return pd.DataFrame(np.abs(numbers[:, None] - numbers), index=ids, columns=ids)


def digital_distances(network: LinkageNetwork) -> pd.DataFrame:
    """Return 1 / flow of a network of information flows or bandwidth as a table of costs.

    Parameters
    ----------
    network : LinkageNetwork of n cities

    Returns
    -------
    pandas.DataFrame of shape (n, n)
        NaN where there is no flow, zero on the diagonal.
    """
    flows = network.to_matrix()
    costs = 1.0 / flows.where(flows > 0)
    values = costs.to_numpy(copy=True)
    np.fill_diagonal(values, 0.0)
    return pd.DataFrame(values, index=network.cities, columns=network.cities)


def _geometric_mean(factors: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    if not isinstance(factors, pd.DataFrame) or not len(factors.columns):
        raise PanelError(
            "factors must be a table with a row for each city and a column for each factor."
        )
    columns = [
        aligned_masses(factors.iloc[:, place], ids, what=f"factor {name!r}")
        for place, name in enumerate(factors.columns)
    ]
    # Roots first: products of population and output overflow less, and zero stays zero.
    return np.prod(np.stack(columns) ** (1.0 / len(columns)), axis=0)


def _finite(values: pd.Series, ids: pd.Index, *, what: str) -> np.ndarray:
    aligned_masses(values.abs(), ids, what=what)  # any sign, but labelled and finite
    return values.reindex(ids).to_numpy(dtype=float)


def _income_gaps(
    income: pd.Series | None, ids: pd.Index, choice: EconomicDistance, floor: float | None
) -> tuple[np.ndarray | None, float]:
    """Incomes in the order of cities (None when not used) and the least gap that counts."""
    if choice == "none":
        return None, 0.0
    if income is None:
        raise ConfigError(
            f"economic_distance={choice!r} needs income=; give output per head, or take "
            "economic_distance='none'."
        )
    numbers = _finite(income, ids, what="income")
    if choice == "difference":
        return numbers, 0.0
    if floor is None:
        gaps = np.abs(numbers[:, None] - numbers)
        positive = gaps[gaps > 0]
        if not len(positive):
            raise ConfigError("All incomes are equal; give floor=, or economic_distance='none'.")
        floor = float(np.quantile(positive, DEFAULT_FLOOR_QUANTILE))
    if not (np.isfinite(floor) and floor > 0):
        raise ConfigError(f"floor={floor!r}: the floor of income differences is positive.")
    return numbers, floor


def _in_words(parameters: dict[str, Any]) -> str:
    factors = " x ".join(parameters["factors"])
    distance = parameters["cost"]
    if parameters["economic_distance"] != "none":
        distance += f" / difference of {parameters['income']}"
    if parameters["economic_distance"] == "floored":
        distance += f" (at least {parameters['floor']:g})"
    remarks = [
        f"Modified gravity network: share of the origin in {parameters['score']} x geometric "
        f"means of {factors} / ({distance})^{parameters['decay']:g}"
    ]
    if parameters["pairs_without_cost"]:
        remarks.append(
            "ordered pairs without a positive cost, which have no link: "
            f"{parameters['pairs_without_cost']}"
        )
    if parameters["economic_distance"] == "difference" and parameters["pairs_of_equal_income"]:
        remarks.append(
            "ordered pairs of equal income, which have no link: "
            f"{parameters['pairs_of_equal_income']}"
        )
    return "; ".join(remarks)
