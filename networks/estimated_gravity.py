"""Gravity estimated from observed flows: Poisson with origin and destination effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg, sparse, stats

from networks.costs import journey_costs
from networks.dyads import DyadTable, dyad_cities, dyad_values
from networks.separation import NO_VARIATION, cells_without_information, separated_cells
from networks.types import LinkageNetwork
from networks.weighted_effects import DyadEffects, dyad_effects, pinned_destinations
from spatial.errors import EstimationError, WeightsError, listed
from spatial.options import GravityCovariance, checked_option
from spatial.results import Configuration, Result

STEPS = 200
CONVERGED = 1e-12  # relative change of the deviance; Newton doubles the digits each step
LOG_DISTANCE = "log distance"


@dataclass(frozen=True)
class EstimatedGravity(Result):
    """A gravity equation estimated by Poisson pseudo maximum likelihood.

    Attributes
    ----------
    coefficients : pandas.DataFrame of shape (q, 6)
        Index: regressors. ``estimate``, ``std_error``, ``z``, ``p_value``, ``low``, ``high``
        (95 per cent, normal).
    covariance : pandas.DataFrame of shape (q, q)
    origin_effects, destination_effects : pandas.Series of shape (n,)
        The latter are zero on average; missing for cities that send, or receive, nothing. Where
        the data fall apart into groups of cities without flows between, effects compare within a
        group only.
    fitted : LinkageNetwork
        Expected flows of all pairs with known regressors; zero where the model separates.
    deviance, r_squared : float
        Poisson deviance; squared correlation of observed and fitted flows.
    n_cells : int
        Ordered pairs used.
    separated : pandas.DataFrame
        Pairs left out because their fitted flow is zero: ``origin``, ``destination``.
    notes : tuple of str
        What was left out, and why.
    configuration : Configuration
    """

    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    origin_effects: pd.Series
    destination_effects: pd.Series
    fitted: LinkageNetwork
    deviance: float
    r_squared: float
    n_cells: int
    separated: pd.DataFrame
    notes: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the coefficients, a row for each regressor."""
        return self.coefficients.copy()


def estimated_gravity(
    flows: DyadTable,
    regressors: Mapping[str, DyadTable] | None = None,
    *,
    cities: pd.DataFrame | None = None,
    covariance: GravityCovariance = "two-way",
) -> EstimatedGravity:
    r"""Estimate a gravity equation with an effect of every origin and destination.

    .. math:: E(f_{ij}) = \exp(a_i + b_j + x_{ij}' \beta), \qquad i \ne j

    by Poisson pseudo maximum likelihood, which takes zero flows as they are and needs no count.

    Parameters
    ----------
    flows : LinkageNetwork (directed) or pandas.DataFrame of shape (n, n)
        Row sends to column; missing cells of a table are left out.
    regressors : mapping of str to LinkageNetwork or pandas.DataFrame of shape (n, n), optional
        x, such as log distance, a common border, a common province; missing cells are left out.
        Attributes of a single city (mass, income) are part of its effect.
    cities : geopandas.GeoDataFrame, optional
        With it the regressor ``"log distance"`` is added: ln of great-circle km.
    covariance : {"two-way", "origin", "destination", "pair", "robust"}
        Clusters of correlated cells: all with the same origin or the same destination; one of
        these; both directions of a pair; none. With the factor G / (G - 1) for G clusters.

    Returns
    -------
    EstimatedGravity

    Raises
    ------
    AlignmentError
        If cities differ.
    WeightsError
        If flows are negative, or the network is undirected.
    EstimationError
        If a regressor does not vary beyond the effects, or nothing is left to estimate.

    Notes
    -----
    Weighted least squares steps with effects taken out exactly (``networks.weighted_effects``).
    With effects of origins and destinations fitted flows sum to observed ones in every row and
    column, and the effects are the multilateral resistances of trade theory.

    References
    ----------
    Santos Silva and Tenreyro (2006), The log of gravity, Review of Economics and Statistics.
    Fally (2015), Structural gravity and fixed effects, Journal of International Economics.
    Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering, Journal of
    Business and Economic Statistics.
    """
    checked_option(covariance, GravityCovariance, name="covariance")
    ids, y, names, x = _tables(flows, regressors or {}, cities)
    observed = np.isfinite(y) & np.isfinite(x).all(axis=0) & ~np.eye(len(ids), dtype=bool)
    predictable = np.isfinite(x).all(axis=0) & ~np.eye(len(ids), dtype=bool)
    y, x = np.where(observed, y, 0.0), np.where(predictable, x, 0.0)
    silent = cells_without_information(y, observed)
    cells = observed & ~silent
    separated = separated_cells(y, cells, x)
    cells &= ~separated
    if not cells.any():
        raise EstimationError("No pair of cities has a flow; there is nothing to estimate.")
    _require_variation(x, cells, names)
    fit = _fit(y, x, cells)
    table, matrix, notes = _inference(fit, y, cells, names, covariance)
    origin = np.where(cells.any(axis=1), fit.origin, np.nan)
    destination = np.where(cells.any(axis=0), fit.destination, np.nan)
    level = float(np.nanmean(destination))
    origin, destination = origin + level, destination - level
    linear = origin[:, None] + destination + np.tensordot(fit.coefficient, x, axes=1)
    expected = np.where(predictable & np.isfinite(linear) & ~separated, np.exp(linear), 0.0)
    left_out = silent | separated
    fitted = _fitted_network(flows, ids, expected, names, table)
    return EstimatedGravity(
        coefficients=table,
        covariance=matrix,
        origin_effects=pd.Series(origin, index=ids, name="origin effect"),
        destination_effects=pd.Series(destination, index=ids, name="destination effect"),
        fitted=fitted,
        deviance=_deviance(y[cells], expected[cells]),
        r_squared=_r_squared(y[observed], expected[observed]),
        n_cells=int(cells.sum()),
        separated=_pairs(left_out, ids),
        notes=_notes(y, observed, silent, separated, ids) + notes,
        configuration=Configuration(
            function="estimated_gravity",
            options={"regressors": names, "covariance": covariance, "distance": cities is not None},
            weights=flows.description if isinstance(flows, LinkageNetwork) else "table of flows",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """Coefficients (q,), effects (n,), means (n, n), regressors without effects (q, n, n)."""

    coefficient: np.ndarray
    origin: np.ndarray
    destination: np.ndarray
    mean: np.ndarray
    left: np.ndarray


def _tables(
    flows: DyadTable, regressors: Mapping[str, DyadTable], cities: pd.DataFrame | None
) -> tuple[pd.Index, np.ndarray, list[str], np.ndarray]:
    if isinstance(flows, LinkageNetwork) and not flows.directed:
        raise WeightsError(
            "Effects of origins and destinations need a directed network; this one is undirected."
        )
    ids = dyad_cities(flows, what="the flows")
    y = dyad_values(flows, ids, what="the flows")
    negative = np.asarray((y < 0).any(axis=1))
    if negative.any():
        raise WeightsError(
            f"Flows sent by {listed(ids[negative])} are negative; flows are strengths, zero or "
            "positive."
        )
    tables: dict[str, Any] = dict(regressors)
    if cities is not None:
        if LOG_DISTANCE in tables:
            raise EstimationError(f"{LOG_DISTANCE!r} is given twice: leave out cities= or it.")
        journeys = journey_costs(cities, cost=None, cost_unit="km", missing_cost="error")
        kilometres = np.log(journeys.rows(0, len(journeys.ids)))
        tables[LOG_DISTANCE] = pd.DataFrame(kilometres, journeys.ids, journeys.ids)
    if not tables:
        raise EstimationError("A gravity equation needs a regressor: give cities= or regressors=.")
    x = np.stack([dyad_values(table, ids, what=f"{name!r}") for name, table in tables.items()])
    return ids, y, list(tables), x


def _require_variation(x: np.ndarray, cells: np.ndarray, names: list[str]) -> None:
    """Name regressors that are sums of effects, or of effects and other regressors."""
    effects = dyad_effects(cells.astype(float), pinned_destinations(cells))
    lengths = np.sqrt((x**2 * cells).sum(axis=(1, 2)))
    left = np.stack([effects.residual(table)[cells] for table in x], axis=1)
    flat = [
        name
        for name, column, length in zip(names, left.T, lengths, strict=True)
        if np.linalg.norm(column) <= NO_VARIATION * length
    ]
    if flat:
        raise EstimationError(
            f"Regressors {listed(flat)} do not vary beyond effects of origins and destinations; "
            "leave them out (what belongs to one city is part of its effect)."
        )
    scaled = left / np.linalg.norm(left, axis=0)
    triangle, order = linalg.qr(scaled, mode="r", pivoting=True)[:2]
    weak = np.abs(np.diag(triangle[: len(names)])) <= NO_VARIATION
    if weak.any() or len(left) < len(names):
        raise EstimationError(
            f"Regressors {listed([names[k] for k in order[: len(weak)][weak]])} are combinations "
            "of the others and of the effects; leave them out."
        )


def _fit(y: np.ndarray, x: np.ndarray, cells: np.ndarray) -> _Fit:
    """Iterate weighted least squares; a step that does not lower the deviance is halved."""
    pinned = pinned_destinations(cells)
    q = len(x)
    mean = np.where(cells, (y + y[cells].mean()) / 2.0, 0.0)
    linear = np.log(np.where(cells, mean, 1.0))
    deviance = _deviance(y[cells], mean[cells])
    effects, left, coefficient = _step(y, x, cells, mean, linear, pinned)
    for step in range(STEPS):
        proposed = _linear_part(y, x, cells, mean, linear, effects, coefficient)
        for _halving in range(30):
            better = np.where(cells, np.exp(np.clip(proposed, -700.0, 700.0)), 0.0)
            lower = _deviance(y[cells], better[cells])
            # The first step leaves a starting point that is no fit of the model.
            if step == 0 or lower <= deviance * (1.0 + CONVERGED) + CONVERGED:
                break
            proposed = (proposed + linear) / 2.0
        gain = abs(deviance - lower)
        linear, mean, deviance = proposed, better, lower
        effects, left, coefficient = _step(y, x, cells, mean, linear, pinned)
        if step and gain <= CONVERGED * (deviance + y[cells].mean()):
            break
    else:
        raise EstimationError(
            f"The gravity equation did not converge in {STEPS} steps; rescale regressors of very "
            "different size, or leave out cities with hardly any flow."
        )
    working = linear + np.divide(y - mean, mean, out=np.zeros_like(y), where=cells)
    origin, destination = effects.effects(working - np.tensordot(coefficient, x, axes=1))
    return _Fit(coefficient.reshape(q), origin, destination, mean, left)


def _step(
    y: np.ndarray,
    x: np.ndarray,
    cells: np.ndarray,
    mean: np.ndarray,
    linear: np.ndarray,
    pinned: np.ndarray,
) -> tuple[DyadEffects, np.ndarray, np.ndarray]:
    """One weighted regression of the working outcome: effects, cleaned regressors, beta."""
    effects = dyad_effects(mean, pinned)
    working = linear + np.divide(y - mean, mean, out=np.zeros_like(y), where=cells)
    left = np.stack([effects.residual(table) for table in x])
    weighted = left * mean
    cross = np.tensordot(weighted, left, axes=((1, 2), (1, 2)))
    right = np.tensordot(weighted, effects.residual(working), axes=((1, 2), (0, 1)))
    return effects, left, np.linalg.solve(cross, right)


def _linear_part(
    y: np.ndarray,
    x: np.ndarray,
    cells: np.ndarray,
    mean: np.ndarray,
    linear: np.ndarray,
    effects: DyadEffects,
    coefficient: np.ndarray,
) -> np.ndarray:
    working = linear + np.divide(y - mean, mean, out=np.zeros_like(y), where=cells)
    explained = np.tensordot(coefficient, x, axes=1)
    origin, destination = effects.effects(working - explained)
    return np.where(cells, origin[:, None] + destination + explained, 0.0)


def _inference(
    fit: _Fit, y: np.ndarray, cells: np.ndarray, names: list[str], covariance: GravityCovariance
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    information = np.tensordot(fit.left * fit.mean, fit.left, axes=((1, 2), (1, 2)))
    bread = np.linalg.inv(information)
    scores = np.where(cells, (y - fit.mean) * fit.left, 0.0)
    meat = _meat(scores, cells, covariance)
    notes: tuple[str, ...] = ()
    if covariance == "two-way":
        values, vectors = np.linalg.eigh(meat)
        if values.min() < 0:
            meat = (vectors * np.maximum(values, 0.0)) @ vectors.T
            notes = (
                "The two-way clustered covariance was not positive; negative eigenvalues are "
                "set to zero.",
            )
    matrix = bread @ meat @ bread
    error = np.sqrt(np.diag(matrix))
    z = fit.coefficient / error
    half = stats.norm.ppf(0.975) * error
    table = pd.DataFrame(
        {
            "estimate": fit.coefficient,
            "std_error": error,
            "z": z,
            "p_value": 2.0 * stats.norm.sf(np.abs(z)),
            "low": fit.coefficient - half,
            "high": fit.coefficient + half,
        },
        index=pd.Index(names, name="regressor"),
    )
    return table, pd.DataFrame(matrix, index=names, columns=names), notes


def _meat(scores: np.ndarray, cells: np.ndarray, covariance: GravityCovariance) -> np.ndarray:
    """Sum over clusters of products of summed scores, with G / (G - 1)."""
    q, n = scores.shape[:2]
    if covariance == "two-way":
        parts = [_meat(scores, cells, kind) for kind in ("origin", "destination", "robust")]
        return parts[0] + parts[1] - parts[2]
    if covariance == "origin":
        summed, clusters = scores.sum(axis=2), int(cells.any(axis=1).sum())
    elif covariance == "destination":
        summed, clusters = scores.sum(axis=1), int(cells.any(axis=0).sum())
    elif covariance == "pair":
        both = scores + scores.transpose(0, 2, 1)
        upper = np.triu(np.ones((n, n), dtype=bool), 1)
        summed, clusters = both[:, upper], int(((cells | cells.T) & upper).sum())
    else:
        summed, clusters = scores.reshape(q, -1), int(cells.sum())
    if clusters < 2:
        raise EstimationError(
            f"covariance={covariance!r} needs at least two clusters; there is one."
        )
    return summed @ summed.T * clusters / (clusters - 1.0)


def _deviance(y: np.ndarray, mean: np.ndarray) -> float:
    ratio = np.divide(y, mean, out=np.ones_like(y), where=(y > 0) & (mean > 0))
    return 2.0 * float((y * np.log(ratio) - (y - mean)).sum())


def _r_squared(y: np.ndarray, expected: np.ndarray) -> float:
    if y.std() == 0 or expected.std() == 0:
        return float("nan")
    return float(np.corrcoef(y, expected)[0, 1] ** 2)


def _pairs(mask: np.ndarray, ids: pd.Index) -> pd.DataFrame:
    rows, columns = np.nonzero(mask)
    return pd.DataFrame({"origin": ids[rows], "destination": ids[columns]})


def _notes(
    y: np.ndarray, observed: np.ndarray, silent: np.ndarray, separated: np.ndarray, ids: pd.Index
) -> tuple[str, ...]:
    notes = []
    missing = len(ids) * (len(ids) - 1) - int(observed.sum())
    if missing:
        notes.append(f"{missing} ordered pairs have a missing flow or regressor and are left out.")
    if silent.any():
        sends = observed.any(axis=1) & ~(observed & ~silent).any(axis=1)
        receives = observed.any(axis=0) & ~(observed & ~silent).any(axis=0)
        notes.append(
            f"{int(silent.sum())} pairs are left out because the origin sends nothing "
            f"({listed(ids[sends]) or 'none'}) or the destination receives nothing "
            f"({listed(ids[receives]) or 'none'}): their fitted flow is zero."
        )
    if separated.any():
        notes.append(
            f"{int(separated.sum())} pairs without a flow are separated by the regressors: their "
            "fitted flow is zero, and they are left out."
        )
    if not (y[observed] == 0).any():
        notes.append("No flow is zero: check that small flows were not left out of the table.")
    return tuple(notes)


def _fitted_network(
    flows: DyadTable, ids: pd.Index, expected: np.ndarray, names: list[str], table: pd.DataFrame
) -> LinkageNetwork:
    estimates = table["estimate"].to_dict()
    words = ", ".join(f"{name} {estimates[name]:.4g}" for name in names)
    unit, year = (flows.unit, flows.year) if isinstance(flows, LinkageNetwork) else ("", None)
    return LinkageNetwork(
        ids,
        sparse.csr_array(expected),
        True,
        unit,
        year,
        f"Gravity estimated with effects of origins and destinations: {words}",
        {"kind": "estimated gravity", "coefficients": estimates},
    )
