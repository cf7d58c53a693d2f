"""Direct, indirect and total effects of regressors, with inference, and who passes on to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatial.errors import EstimationError, listed, nearest_spelling
from spatial.options import Inference, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.argument_checks import checked_draws
from spatial.regression.design import CONSTANT, PanelDesign
from spatial.regression.effect_draws import drawn_parameters, interpolated, rho_determinant
from spatial.regression.estimation import Estimate
from spatial.regression.multiplier import average_slopes, multiplier_averages
from spatial.regression.spatial_lag import solve_columns
from spatial.regression.specifications import DURBIN
from spatial.results import Configuration, Result

if TYPE_CHECKING:
    from spatial.regression.results import PanelResult

KINDS = ("direct", "indirect", "total")
COLUMNS = ("", "_se", "_z", "_p", "_low", "_high")
# Two-sided 95 % of the normal distribution.
NORMAL_95 = 1.959963984540054
# The effect matrix is dense: 5,000 cities need 200 MB for each copy.
MATRIX_LIMIT = 5000


@dataclass(frozen=True, kw_only=True)
class EffectsResult(Result):
    """Average effects of each regressor on the outcome.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: variable. For each of direct, indirect and total: the effect and its ``_se``,
        ``_z``, ``_p`` (normal, two-sided), ``_low`` and ``_high`` (95 %).
    inference : str
        "delta" or "simulation".
    draws : int
        Simulated parameter vectors kept, 0 for the delta method.
    rejected_share : float
        Share of draws with rho outside its valid interval.
    notes : tuple of str
    """

    configuration: Configuration
    table: pd.DataFrame
    inference: Inference
    draws: int
    rejected_share: float
    notes: tuple[str, ...]
    source: PanelResult = field(repr=False)

    def tidy(self) -> pd.DataFrame:
        """Return one row for each variable and kind of effect."""
        names = ["estimate", "std_error", "z", "p_value", "low", "high"]
        parts = {
            kind: self.table[[kind + suffix for suffix in COLUMNS]].set_axis(names, axis=1)
            for kind in KINDS
        }
        stacked = pd.concat(parts, names=["effect"]).swaplevel()
        order = pd.MultiIndex.from_product([self.table.index, KINDS], names=["variable", "effect"])
        return stacked.reindex(order)

    def effect_matrix(self, variable: str) -> pd.DataFrame:
        """Effect of a variable of one city (column) on the outcome of another (row).

        M = (I - rho W)^-1 (beta I + theta V), averaged over years where the weights change. The
        matrix without its diagonal is the network of spillovers; **row receives from column**.

        Parameters
        ----------
        variable : str

        Returns
        -------
        pandas.DataFrame of shape (n, n)
            City ids on both axes.
        """
        return effect_matrix(self.source.design, self.source.estimate, variable)

    def city_effects(self, variable: str) -> pd.DataFrame:
        """Effects of each city: own, received from others, emitted to others.

        Returns
        -------
        pandas.DataFrame
            Index city; columns ``own`` (diagonal of the effect matrix), ``received`` (row sums
            without it: all others rise by one unit), ``emitted`` (column sums without it: sum of
            what all others gain when this city rises by one unit).
        """
        matrix = self.effect_matrix(variable)
        own = np.diag(matrix.to_numpy())
        return pd.DataFrame(
            {
                "own": own,
                "received": matrix.to_numpy().sum(axis=1) - own,
                "emitted": matrix.to_numpy().sum(axis=0) - own,
            },
            index=matrix.index,
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """Positions of the coefficients of each variable among the parameters.

    Attributes
    ----------
    variables : tuple of str
    own : tuple of int
        Position of beta.
    lagged : tuple of int
        Position of theta, -1 where the variable has no spatial lag.
    """

    variables: tuple[str, ...]
    own: tuple[int, ...]
    lagged: tuple[int, ...]


def effect_terms(design: PanelDesign, estimate: Estimate) -> Terms:
    """Pair each regressor with its spatial lag."""
    position = {name: i for i, name in enumerate(estimate.regressors)}
    with_lag = set(design.lagged) if estimate.specification in DURBIN else set()
    variables = tuple(name for name in design.names if name != CONSTANT)
    return Terms(
        variables,
        tuple(position[name] for name in variables),
        tuple(position[f"W {name}"] if name in with_lag else -1 for name in variables),
    )


def average_effects(terms: Terms, parameters: np.ndarray, averages: np.ndarray) -> np.ndarray:
    """Direct, indirect and total effects.

    Parameters
    ----------
    terms : Terms
    parameters : numpy.ndarray of shape (..., p)
    averages : numpy.ndarray of shape (..., 4)
        See ``Averages``.

    Returns
    -------
    numpy.ndarray of shape (..., variables, 3)
    """
    beta = parameters[..., list(terms.own)]
    lagged = np.array(terms.lagged, dtype=int)
    theta = np.where(lagged >= 0, parameters[..., lagged], 0.0)
    direct = beta * averages[..., 0:1] + theta * averages[..., 1:2]
    total = beta * averages[..., 2:3] + theta * averages[..., 3:4]
    return np.stack([direct, total - direct, total], axis=-1)


def _rho(estimate: Estimate) -> float:
    return float(estimate.rho) if estimate.rho else 0.0


def _rho_place(estimate: Estimate) -> int:
    """Position of rho among the parameters."""
    return estimate.names.index("rho")


def delta_errors(design: PanelDesign, estimate: Estimate, terms: Terms) -> np.ndarray:
    """Compute standard errors by the delta method, of shape (variables, 3)."""
    determinant, rho = rho_determinant(estimate), _rho(estimate)
    lags = design.lag, design.regressor_lag
    averages = multiplier_averages(*lags, determinant, rho).as_array()
    slopes = average_slopes(*lags, determinant, rho).as_array()
    parameters = estimate.parameters
    # Effects are linear in the coefficients: unit vectors give the gradient exactly.
    gradient = average_effects(terms, np.eye(len(parameters)), averages)
    if determinant is not None:
        gradient[_rho_place(estimate)] = average_effects(terms, parameters, slopes)
    variance = np.einsum("pvk,pq,qvk->vk", gradient, estimate.covariance, gradient)
    return np.sqrt(np.maximum(variance, 0.0))


def simulated_effects(
    design: PanelDesign,
    estimate: Estimate,
    terms: Terms,
    draws: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Effects of parameter vectors drawn from their normal distribution.

    Returns
    -------
    effects : numpy.ndarray of shape (kept draws, variables, 3)
    rejected : float
        Share of draws outside the valid interval of rho.
    """
    kept, rejected = drawn_parameters(estimate, draws, generator)
    determinant = rho_determinant(estimate)
    if determinant is None:
        averages = multiplier_averages(design.lag, design.regressor_lag, None, 0.0).as_array()
        return average_effects(terms, kept, np.broadcast_to(averages, (draws, 4))), rejected

    def at(rho: float) -> np.ndarray:
        return multiplier_averages(design.lag, design.regressor_lag, determinant, rho).as_array()

    rho = kept[:, _rho_place(estimate)]
    determinant.prepare(float(rho.min()), float(rho.max()))
    averages = interpolated(at, rho)
    return average_effects(terms, kept, averages), rejected


def effect_matrix(design: PanelDesign, estimate: Estimate, variable: str) -> pd.DataFrame:
    """Dense city x city matrix of the effects of one variable."""
    terms = effect_terms(design, estimate)
    if variable not in terms.variables:
        raise EstimationError(
            f"{variable!r} is no regressor of this model"
            f"{nearest_spelling(variable, terms.variables)}; choose from {listed(terms.variables)}."
        )
    if design.n > MATRIX_LIMIT:
        raise EstimationError(
            f"The effect matrix of {design.n} cities would be dense; it is made for up to "
            f"{MATRIX_LIMIT}. Average effects are in the table; select fewer cities for the matrix."
        )
    k = terms.variables.index(variable)
    beta = estimate.parameters[terms.own[k]]
    theta = estimate.parameters[terms.lagged[k]] if terms.lagged[k] >= 0 else 0.0
    own, other = design.lag.matrices, design.regressor_lag.matrices
    distinct = max(len(own), len(other))
    total = np.zeros((design.n, design.n))
    for t in range(distinct):
        inner = beta * np.eye(design.n)
        if theta:
            inner += theta * other[t if len(other) > 1 else 0].toarray()
        rho = _rho(estimate)
        total += solve_columns(own[t if len(own) > 1 else 0], rho, inner) if rho else inner
    return pd.DataFrame(
        total / distinct,
        index=design.cities.rename("receiver"),
        columns=design.cities.rename("sender"),
    )


def compute_effects(
    result: PanelResult, *, inference: Inference, draws: int, rng: RandomSource
) -> EffectsResult:
    """Build the effects of a fitted panel; see ``PanelResult.effects``."""
    checked_option(inference, Inference, name="inference")
    design, estimate = result.design, result.estimate
    terms = effect_terms(design, estimate)
    determinant, rho = rho_determinant(estimate), _rho(estimate)
    averages = multiplier_averages(design.lag, design.regressor_lag, determinant, rho)
    point = average_effects(terms, estimate.parameters, averages.as_array())
    seed, rejected, kept = None, 0.0, 0
    if inference == "delta":
        error = delta_errors(design, estimate, terms)
        low, high = point - NORMAL_95 * error, point + NORMAL_95 * error
    else:
        draws = checked_draws(draws)
        generator, seed = seeded_generator(rng)
        drawn, rejected = simulated_effects(design, estimate, terms, draws, generator)
        kept = len(drawn)
        error = drawn.std(axis=0, ddof=1)
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    options = {"inference": inference, "draws": draws if inference == "simulation" else 0}
    return EffectsResult(
        configuration=Configuration(
            function="PanelResult.effects",
            options={**dict(result.configuration.options), **options},
            seed=seed,
            weights=result.configuration.weights,
        ),
        table=_effects_table(terms, point, error, low, high),
        inference=inference,
        draws=kept,
        rejected_share=rejected,
        notes=_notes(result, rejected),
        source=result,
    )


def _notes(result: PanelResult, rejected: float) -> tuple[str, ...]:
    notes = []
    if result.specification in ("ols", "sem"):
        notes.append("The specification has no spillovers in the mean: indirect effects are zero.")
    islands = result.design.cities[result.design.lag.islands()]
    if len(islands) and not notes:
        notes.append(
            f"{len(islands)} islands receive no spillovers but count in the averages: "
            f"{listed(islands)}."
        )
    if rejected:
        notes.append(f"{rejected:.2%} of the draws lay outside the valid interval and were left.")
    return tuple(notes)


def _effects_table(
    terms: Terms, point: np.ndarray, error: np.ndarray, low: np.ndarray, high: np.ndarray
) -> pd.DataFrame:
    columns = {}
    for k, kind in enumerate(KINDS):
        estimate, standard = point[:, k], error[:, k]
        known = standard > 0.0
        z = np.divide(estimate, standard, out=np.full_like(estimate, np.nan), where=known)
        columns[kind] = estimate
        columns[f"{kind}_se"] = standard
        columns[f"{kind}_z"] = z
        columns[f"{kind}_p"] = 2.0 * ndtr(-np.abs(z))
        columns[f"{kind}_low"] = low[:, k]
        columns[f"{kind}_high"] = high[:, k]
    return pd.DataFrame(columns, index=pd.Index(terms.variables, name="variable"))
