r"""Effects that are not averages: between groups, by order of neighbours, by distance.

All are sums of cells of :math:`M = (I - \rho W)^{-1} (\beta I + \theta V)` or of its expansion, so
that the parts add up to the average effects, and all are smooth in the coefficients, so that the
delta method gives their standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_same_cities
from spatial.coordinates import city_positions, great_circle_km
from spatial.errors import AlignmentError, ConfigError, EstimationError, listed, nearest_spelling
from spatial.options import Inference, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.argument_checks import checked_draws, checked_whole, rising_bounds
from spatial.regression.effect_draws import drawn_parameters, interpolated
from spatial.regression.effect_spread import (
    Spread,
    drawn_spread,
    errors_of,
    inference_columns,
    normal_spread,
)
from spatial.regression.effects import MATRIX_LIMIT, effect_terms
from spatial.regression.multiplier import average_slopes, multiplier_averages
from spatial.regression.spatial_lag import SpatialLag, solve_columns
from spatial.results import Configuration, Result

if TYPE_CHECKING:
    from spatial.regression.results import PanelResult

# Unit vectors multiplied at once when traces of powers of W are taken.
POWER_BLOCK = 512

Reduction = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class GroupEffects(Result):
    """Effects of cities of each group on cities of each group.

    Attributes
    ----------
    configuration : Configuration
    variable : str
    table : pandas.DataFrame
        Index: (sender, receiver) groups. ``pairs``: ordered pairs of different cities; ``mean``:
        average effect of one city of the sender group on one other city of the receiver group,
        with ``_se``, ``_z``, ``_p``, ``_low`` and ``_high`` (delta method, 95 %); ``received``:
        what an average city of the receiver group gains when all cities of the sender group, but
        itself, rise by one unit; ``indirect``: the part of the pair of groups in the average
        indirect effect; ``direct``: the part in the average direct effect, zero between groups.
    """

    configuration: Configuration
    variable: str
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return one row for each pair of groups."""
        return self.table.copy()

    def matrix(self, column: str = "mean") -> pd.DataFrame:
        """Return one column of the table as groups x groups: row receives from column."""
        if column not in self.table.columns:
            raise ConfigError(f"column={column!r} is not in {listed(self.table.columns)}.")
        return self.table[column].unstack("sender")


@dataclass(frozen=True, kw_only=True)
class OrderEffects(Result):
    """Effects by how many times they passed through the weights.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (variable, order), the last order such as ``"11+"`` for all higher ones. Direct,
        indirect and total effect, each with ``_se``, ``_z``, ``_p``, ``_low`` and ``_high``.
    """

    configuration: Configuration
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return one row for each variable and order."""
        return self.table.copy()


@dataclass(frozen=True, kw_only=True)
class RingEffects(Result):
    """Effects by the distance between the city that changes and the city that feels it.

    Attributes
    ----------
    configuration : Configuration
    variable : str
    table : pandas.DataFrame
        Index: ring; first ``own``, the direct effect, then rings (lower, upper]. Columns
        ``lower_km``, ``upper_km``, ``pairs``, ``effect`` (part of the ring in the average indirect
        effect) with ``_se``, ``_z``, ``_p``, ``_low`` and ``_high``, and ``mean_pair`` (effect of
        one city on another one, on average over the pairs of the ring).
    """

    configuration: Configuration
    variable: str
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return one row for each ring."""
        return self.table.copy()


@dataclass(frozen=True, slots=True)
class _Cells:
    """Effect matrix of one variable and its derivatives, each of shape (n, n)."""

    matrix: np.ndarray
    derivatives: tuple[np.ndarray, ...]
    positions: tuple[int, ...]


def effects_by_group(
    result: PanelResult,
    variable: str,
    groups: pd.Series,
    *,
    inference: Inference = "delta",
    draws: int = 1000,
    rng: RandomSource = None,
) -> GroupEffects:
    r"""Effects of each group of cities on each group: east on centre, core on periphery.

    The mean from group B on group A is the average of :math:`m_{ij}` over i in A, j in B, i and j
    different.

    Parameters
    ----------
    result : PanelResult
    variable : str
        A regressor.
    groups : pandas.Series
        Group of each city; index: the city ids of the model, in any order.
    inference, draws, rng
        Delta method or simulation, as in ``PanelResult.effects``.

    Returns
    -------
    GroupEffects
        ``indirect`` and ``direct`` add up to the average effects of the model.

    Raises
    ------
    AlignmentError
        If cities differ or a city has no group.
    EstimationError
        If ``variable`` is no regressor, or the model has more than 5,000 cities.

    References
    ----------
    LeSage and Pace (2009) doi:10.1201/9781420064254.
    """
    codes, names = group_codes(groups, result.design.cities)
    cells = _effect_cells(result, variable)
    n, count = result.design.n, len(names)
    membership = sparse.csr_array((np.ones(n), (codes, np.arange(n))), shape=(count, n))
    sizes = np.bincount(codes, minlength=count).astype(float)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)  # receiver x sender, different cities

    def between(matrix: np.ndarray) -> np.ndarray:
        return membership @ (membership @ matrix.T).T - np.diag(
            np.bincount(codes, weights=np.diag(matrix), minlength=count)
        )

    sums = between(cells.matrix)
    mean = np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)
    own = np.bincount(codes, weights=np.diag(cells.matrix), minlength=count)

    def average(matrix: np.ndarray) -> np.ndarray:
        return np.divide(between(matrix), pairs, out=np.full_like(sums, np.nan), where=pairs > 0).T

    spread = _spread(result, cells, average, variable, inference, draws, rng)
    table = pd.DataFrame(
        {
            "pairs": pairs.T.ravel().astype(int),
            **inference_columns("mean", mean.T.ravel(), *spread.ravelled()),
            "received": (sums / sizes[:, None]).T.ravel(),
            "indirect": sums.T.ravel() / n,
            "direct": np.diag(own / n).ravel(),
        },
        index=pd.MultiIndex.from_product([names, names], names=["sender", "receiver"]),
    )
    options = {"variable": variable, "groups": str(groups.name or ""), **spread.options}
    return GroupEffects(
        configuration=_configuration(result, "effects_by_group", options, spread.seed),
        variable=variable,
        table=table,
    )


def effects_by_order(
    result: PanelResult,
    *,
    order: int = 10,
    inference: Inference = "delta",
    draws: int = 1000,
    rng: RandomSource = None,
) -> OrderEffects:
    r"""Effects by order of neighbours: :math:`\rho^q W^q (\beta I + \theta V)`, q = 0, 1, ...

    Order 0 holds beta on the diagonal and theta times V; direct effects of higher orders are
    feedback that returns to where it began. The last row holds all orders above ``order``, so that
    the rows of a variable add up to its average effects.

    Parameters
    ----------
    result : PanelResult
    order : int
        Highest power told apart.
    inference, draws, rng
        Delta method or simulation, as in ``PanelResult.effects``.

    Returns
    -------
    OrderEffects

    Raises
    ------
    ConfigError
        If ``order`` is no whole number or negative.

    References
    ----------
    LeSage and Pace (2009) doi:10.1201/9781420064254, section 2.7.
    """
    order = checked_whole(order, name="order")
    checked_option(inference, Inference, name="inference")
    design, estimate = result.design, result.estimate
    terms, rho = effect_terms(design, estimate), result.rho or 0.0
    averages = _power_averages(design.lag, design.regressor_lag, order)
    powers = np.arange(order + 1)
    scale = rho**powers  # 0 ** 0 is one: order 0 does not need rho
    slope = np.where(powers > 0, powers * rho ** np.maximum(powers - 1, 0), 0)
    determinant = estimate.log_determinant if result.rho is not None else None
    lags = design.lag, design.regressor_lag
    full = _halves(multiplier_averages(*lags, determinant, rho).as_array())
    full_slope = _halves(average_slopes(*lags, determinant, rho).as_array())
    value = np.concatenate([averages * scale[:, None, None], np.empty((1, 3, 2))])
    by_rho = np.concatenate([averages * slope[:, None, None], np.empty((1, 3, 2))])
    value[-1], by_rho[-1] = full - value[:-1].sum(axis=0), full_slope - by_rho[:-1].sum(axis=0)
    if result.rho is None:
        by_rho[:] = 0.0
        value[-1] = 0.0  # the whole effect is of order 0; what is left is rounding
    sample, seed = None, None
    if inference == "simulation":
        count = checked_draws(draws)
        generator, seed = seeded_generator(rng)
        sample = drawn_parameters(estimate, count, generator)
        by_draw = _orders_at(result, averages, sample[0])
    options = {"order": order, "inference": inference, "draws": 0 if sample is None else draws}
    frames = {}
    for k, name in enumerate(terms.variables):
        positions = [terms.own[k]] + [terms.lagged[k]] * (terms.lagged[k] >= 0)
        coefficients = estimate.parameters[positions]
        count = len(positions)
        gradient = [value[:, :, j] for j in range(count)]
        if result.rho is not None:
            positions.append(estimate.names.index("rho"))
            gradient.append(by_rho[:, :, :count] @ coefficients)
        point = value[:, :, :count] @ coefficients
        if sample is None:
            covariance = estimate.covariance[np.ix_(positions, positions)]
            spread = normal_spread(point, errors_of(np.stack(gradient), covariance))
        else:
            drawn = sample[0][:, positions[:count]]
            spread = drawn_spread(np.einsum("dqkc,dc->dqk", by_draw[..., :count], drawn))
        columns: dict[str, np.ndarray] = {}
        for j, kind in enumerate(("direct", "indirect", "total")):
            parts = (spread.error[:, j], spread.low[:, j], spread.high[:, j])
            columns |= inference_columns(kind, point[:, j], *parts)
        labels = pd.Index([*map(str, powers), f"{order + 1}+"], name="order")
        frames[name] = pd.DataFrame(columns, index=labels)
    return OrderEffects(
        configuration=_configuration(result, "effects_by_order", options, seed),
        table=pd.concat(frames, names=["variable"]),
    )


def effects_by_ring(
    result: PanelResult,
    variable: str,
    distances: pd.DataFrame,
    *,
    bounds_km: Sequence[float],
    inference: Inference = "delta",
    draws: int = 1000,
    rng: RandomSource = None,
) -> RingEffects:
    r"""Effects by distance: sum of :math:`m_{ij} / N` over pairs with :math:`a < d_{ij} \le b`.

    Parameters
    ----------
    result : PanelResult
    variable : str
        A regressor.
    distances : pandas.DataFrame
        Square table of km (or any other distance) with city ids on both axes, receiver on rows;
        or a table of cities with ``longitude`` and ``latitude`` or a geometry, for great circles.
    bounds_km : sequence of float
        Upper bounds of the rings, rising; a last ring takes all larger distances.
    inference, draws, rng
        Delta method or simulation, as in ``PanelResult.effects``.

    Returns
    -------
    RingEffects
        Row ``own`` is the average direct effect; the rings add up to the average indirect one.

    Raises
    ------
    AlignmentError, ConfigError, EstimationError

    References
    ----------
    LeSage and Pace (2009) doi:10.1201/9781420064254.
    """
    bounds = rising_bounds(bounds_km, name="bounds_km", example="(100, 250, 500)")
    km = distance_table(distances, result.design.cities)
    cells = _effect_cells(result, variable)
    n, rings = result.design.n, len(bounds) + 2
    place = np.searchsorted(bounds, km.ravel(), side="left") + 1
    place[:: n + 1] = 0  # the diagonal

    def by_ring(matrix: np.ndarray) -> np.ndarray:
        return np.bincount(place, weights=matrix.ravel(), minlength=rings) / n

    effect = by_ring(cells.matrix)
    spread = _spread(result, cells, by_ring, variable, inference, draws, rng)
    pairs = np.bincount(place, minlength=rings)
    lower = np.concatenate([[0.0, 0.0], bounds])
    upper = np.concatenate([[0.0], bounds, [np.inf]])
    labels = ["own", *(f"({a:g}, {b:g}]" for a, b in zip(lower[1:-1], bounds, strict=True))]
    table = pd.DataFrame(
        {
            "lower_km": lower,
            "upper_km": upper,
            "pairs": pairs,
            **inference_columns("effect", effect, *spread.ravelled()),
            "mean_pair": np.divide(effect * n, pairs, out=np.full(rings, np.nan), where=pairs > 0),
        },
        index=pd.Index([*labels, f"> {bounds[-1]:g}"], name="ring"),
    )
    options = {"variable": variable, "bounds_km": tuple(bounds.tolist()), **spread.options}
    return RingEffects(
        configuration=_configuration(result, "effects_by_ring", options, spread.seed),
        variable=variable,
        table=table,
    )


def group_codes(groups: pd.Series, cities: pd.Index) -> tuple[np.ndarray, pd.Index]:
    """Read the group of each city, matched by label.

    Returns
    -------
    codes : numpy.ndarray of int, shape (n,)
        In the order of ``cities``.
    names : pandas.Index
        Sorted groups; the categories in order where ``groups`` is categorical.
    """
    if not isinstance(groups, pd.Series):
        raise AlignmentError(
            "groups must be a pandas Series whose index holds the city ids, not "
            f"{type(groups).__name__}: cities are matched by label, never by position."
        )
    require_same_cities(groups.index, cities, left_name="groups", right_name="the model")
    ordered = groups.reindex(cities)
    if ordered.isna().any():
        raise AlignmentError(
            f"Cities without group: {listed(cities[ordered.isna().to_numpy()])}. Give each one."
        )
    codes, names = pd.factorize(ordered, sort=True)
    return codes, pd.Index(names)


def distance_table(distances: pd.DataFrame, cities: pd.Index) -> np.ndarray:
    """Read distances between the cities of a model, of shape (n, n), from a table or positions."""
    if not isinstance(distances, pd.DataFrame):
        raise AlignmentError(
            "distances must be a square DataFrame of km with city ids on both axes or a table of "
            f"cities, not {type(distances).__name__}."
        )
    if set(distances.index) == set(distances.columns):
        require_same_cities(
            distances.index, cities, left_name="the distances", right_name="the model"
        )
        km = distances.reindex(index=cities, columns=cities).to_numpy(dtype=float)
        bad = ~np.isfinite(km) | (km < 0.0)
        np.fill_diagonal(bad, False)
        if bad.any():
            raise EstimationError(
                "Distances are missing, infinite or negative for cities "
                f"{listed(cities[bad.any(axis=1)])}; correct the table."
            )
        return km
    require_same_cities(
        distances.index, cities, left_name="the table of cities", right_name="the model"
    )
    places = city_positions(distances.loc[cities])
    lon, lat = places.longitude, places.latitude
    return great_circle_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])


def _configuration(
    result: PanelResult, function: str, options: Mapping[str, object], seed: int | None = None
) -> Configuration:
    return Configuration(
        function=function,
        options={**dict(result.configuration.options), **options},
        seed=seed,
        weights=result.configuration.weights,
    )


def _effect_cells(result: PanelResult, variable: str) -> _Cells:
    """Effect matrix and its derivatives by beta, theta and rho, averaged over years.

    dM/dbeta = S, dM/dtheta = S V, dM/drho = S W M.
    """
    design, estimate = result.design, result.estimate
    terms, n = effect_terms(design, estimate), design.n
    if variable not in terms.variables:
        raise EstimationError(
            f"{variable!r} is no regressor of this model"
            f"{nearest_spelling(variable, terms.variables)}; choose from {listed(terms.variables)}."
        )
    if n > MATRIX_LIMIT:
        raise EstimationError(
            f"The effect matrix of {n} cities would be dense; it is made for up to {MATRIX_LIMIT}. "
            "Use effects_by_order or the average effects."
        )
    own_place = terms.own[terms.variables.index(variable)]
    lagged_place = terms.lagged[terms.variables.index(variable)]
    positions = [own_place] + [lagged_place] * (lagged_place >= 0)
    coefficients = estimate.parameters[positions]
    if result.rho is not None:
        positions.append(estimate.names.index("rho"))
    matrix = np.zeros((n, n))
    derivatives = [np.zeros((n, n)) for _ in positions]
    steps = tuple(_distinct(design.lag, design.regressor_lag))
    for own, other, share in steps:
        parts = [np.eye(n)] + [other.toarray()] * (lagged_place >= 0)
        if result.rho is not None:
            parts = [solve_columns(own, result.rho, part) for part in parts]
        inner = sum((b * part for b, part in zip(coefficients, parts, strict=True)), np.zeros(1))
        matrix += share * inner
        if result.rho is not None:
            parts.append(solve_columns(own, result.rho, own @ inner))
        for k, part in enumerate(parts):
            derivatives[k] += share * part
    return _Cells(matrix, tuple(derivatives), tuple(positions))


def _distinct(
    lag: SpatialLag, other: SpatialLag
) -> Iterator[tuple[sparse.csr_array, sparse.csr_array, float]]:
    """Pairs of W and V in force, with the share of years of each."""
    count = max(len(lag.matrices), len(other.matrices))
    for t in range(count):
        yield (
            lag.matrices[0 if lag.constant else t],
            other.matrices[0 if other.constant else t],
            1.0 / count,
        )


def _power_averages(lag: SpatialLag, other: SpatialLag, order: int) -> np.ndarray:
    """Direct, indirect and total averages of W^q and W^q V, of shape (order + 1, 3, 2)."""
    result = np.zeros((order + 1, 3, 2))
    n = lag.matrices[0].shape[0]
    for own, second, share in _distinct(lag, other):
        sums = np.column_stack([np.ones(n), np.asarray(second.sum(axis=1)).ravel()])
        for q in range(order + 1):
            result[q, 2] += share * sums.mean(axis=0)
            sums = own @ sums
        for start in range(0, n, POWER_BLOCK):
            columns = np.arange(start, min(start + POWER_BLOCK, n))
            here = np.arange(len(columns))
            unit = np.zeros((n, len(columns)))
            unit[columns, here] = 1.0
            blocks = [unit, second[:, columns].toarray()]
            for q in range(order + 1):
                result[q, 0] += [share * block[columns, here].sum() / n for block in blocks]
                if q < order:
                    blocks = [own @ block for block in blocks]
    result[:, 1] = result[:, 2] - result[:, 0]
    return result


def _halves(averages: np.ndarray) -> np.ndarray:
    """Direct, indirect and total parts of beta and theta, of shape (3, 2)."""
    direct, total = averages[:2], averages[2:]
    return np.stack([direct, total - direct, total])


def _spread(
    result: PanelResult,
    cells: _Cells,
    reduction: Reduction,
    variable: str,
    inference: Inference,
    draws: int,
    rng: RandomSource,
) -> Spread:
    """Uncertainty of a linear reduction of the effect matrix."""
    checked_option(inference, Inference, name="inference")
    if inference == "delta":
        return normal_spread(reduction(cells.matrix), _delta_errors(result, cells, reduction))
    count = checked_draws(draws)
    generator, seed = seeded_generator(rng)
    parameters = drawn_parameters(result.estimate, count, generator)[0]
    design, estimate = result.design, result.estimate
    terms = effect_terms(design, estimate)
    k = terms.variables.index(variable)
    places = [terms.own[k]] + [terms.lagged[k]] * (terms.lagged[k] >= 0)

    def at(rho: float) -> np.ndarray:
        """Reduction of S and of S V, the factors of beta and theta."""
        total: np.ndarray = np.zeros(1)
        for own, other, share in _distinct(design.lag, design.regressor_lag):
            parts = [np.eye(design.n)] + [other.toarray()] * (len(places) > 1)
            if result.rho is not None:
                parts = [solve_columns(own, rho, part) for part in parts]
            total = total + share * np.stack([reduction(part) for part in parts])
        return total

    if result.rho is None:
        factors = np.stack([at(0.0)] * len(parameters))
    else:
        factors = interpolated(at, parameters[:, estimate.names.index("rho")])
    drawn = np.einsum("dc...,dc->d...", factors, parameters[:, places])
    return drawn_spread(drawn, seed)


def _orders_at(result: PanelResult, averages: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Factors of beta and theta in each order at drawn rho, of shape (draws, orders + 1, 3, 2)."""
    design, estimate = result.design, result.estimate
    count = len(parameters)
    if result.rho is None:
        powers = np.zeros((count, len(averages)))
        powers[:, 0] = 1.0
        within_orders = averages[None] * powers[:, :, None, None]
        return np.concatenate([within_orders, np.zeros((count, 1, 3, 2))], axis=1)
    rho = parameters[:, estimate.names.index("rho")]
    powers = rho[:, None] ** np.arange(len(averages))
    within_orders = averages[None] * powers[:, :, None, None]

    def full(value: float) -> np.ndarray:
        lags = design.lag, design.regressor_lag
        return _halves(multiplier_averages(*lags, estimate.log_determinant, value).as_array())

    rest = interpolated(full, rho) - within_orders.sum(axis=1)
    return np.concatenate([within_orders, rest[:, None]], axis=1)


def _delta_errors(result: PanelResult, cells: _Cells, reduction: Reduction) -> np.ndarray:
    """Compute standard errors of a linear reduction of the effect matrix."""
    gradient = np.stack([np.asarray(reduction(part)) for part in cells.derivatives])
    return errors_of(gradient, result.estimate.covariance[np.ix_(cells.positions, cells.positions)])
