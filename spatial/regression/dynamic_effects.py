r"""Direct, indirect and total effects of regressors over time.

Every horizon is a function f of W times (beta I + theta V):

=============  =====================================================================
horizon        f(W), with S = (I - rho W)^-1 and A = S (tau I + eta W)
=============  =====================================================================
"short-run"    S
h              A^h S; cumulative: sum of A^j S over j = 0..h
"long-run"     [(1 - tau) I - (rho + eta) W]^-1, the limit of the sum
=============  =====================================================================

The sum is what a lasting change does after h years, the single term what a change of one year does
h years later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, listed, nearest_spelling
from spatial.options import Inference, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.argument_checks import checked_draws
from spatial.regression.design import PanelDesign
from spatial.regression.dynamic_design import ETA, TAU
from spatial.regression.effect_draws import MOST_REJECTED
from spatial.regression.effects import (
    COLUMNS,
    KINDS,
    MATRIX_LIMIT,
    NORMAL_95,
    Terms,
    _effects_table,
    average_effects,
)
from spatial.regression.estimation import Estimate
from spatial.regression.multiplier import average_slopes, multiplier_averages
from spatial.results import Configuration, Result

if TYPE_CHECKING:
    from spatial.regression.dynamic_results import DynamicPanelResult

SHORT_RUN, LONG_RUN = "short-run", "long-run"
LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class DynamicEffectsResult(Result):
    """Average effects of each regressor at one horizon.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: variable. For each of direct, indirect and total: the effect and its ``_se``,
        ``_z``, ``_p`` (normal, two-sided), ``_low`` and ``_high`` (95 %).
    horizon : str or int
        "short-run", "long-run" or a number of years.
    cumulative : bool
        Whether a number of years means the sum up to there.
    inference : str
    draws : int
        Simulated parameter vectors kept, 0 for the delta method.
    rejected_share : float
        Share of draws left because rho was outside its interval or, in the long run, because the
        dynamics was not stable.
    notes : tuple of str
    """

    configuration: Configuration
    table: pd.DataFrame
    horizon: str | int
    cumulative: bool
    inference: Inference
    draws: int
    rejected_share: float
    notes: tuple[str, ...]
    source: DynamicPanelResult = field(repr=False)

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

        Parameters
        ----------
        variable : str

        Returns
        -------
        pandas.DataFrame of shape (n, n)
            f(W) (beta I + theta V) at the horizon of this result; **row receives from column**.

        Raises
        ------
        EstimationError
            For a variable that is no regressor.
        """
        design, estimate = self.source.design, self.source.estimate
        terms = dynamic_terms(design, estimate)
        if variable not in terms.variables:
            raise EstimationError(
                f"{variable!r} is no regressor of this model"
                f"{nearest_spelling(variable, terms.variables)}; choose from "
                f"{listed(terms.variables)}."
            )
        k = terms.variables.index(variable)
        own, lagged = terms.own[k], terms.lagged[k]
        push = estimate.parameters[own] * np.eye(design.n)
        if lagged >= 0:
            push += estimate.parameters[lagged] * design.regressor_lag.matrices[0].toarray()
        horizon = horizon_of(self.horizon, cumulative=self.cumulative)
        dynamics = dynamics_of(estimate.regressors, estimate.parameters)
        multiplier = horizon.matrices(design.lag.matrices[0].toarray(), dynamics)[0]
        return pd.DataFrame(
            multiplier @ push,
            index=design.cities.rename("receiver"),
            columns=design.cities.rename("sender"),
        )


@dataclass(frozen=True, slots=True)
class Horizon:
    """A function of W and its derivatives.

    Attributes
    ----------
    years : tuple of int
        The terms A^h S that are added up; empty for the long run.
    """

    years: tuple[int, ...]

    def values(self, roots: np.ndarray, dynamics: np.ndarray) -> np.ndarray:
        """f, df/dtau, df/deta and df/drho at eigenvalues of W.

        Parameters
        ----------
        roots : numpy.ndarray of shape (n,)
        dynamics : numpy.ndarray of shape (..., 3)
            tau, eta, rho.

        Returns
        -------
        numpy.ndarray of shape (4, ..., n)
        """
        tau, eta, rho = (dynamics[..., j, None] for j in range(3))
        if not self.years:
            level = 1.0 / ((1.0 - tau) - (rho + eta) * roots)
            return np.stack([level, level**2, roots * level**2, roots * level**2])
        spatial = 1.0 / (1.0 - rho * roots)
        gain = tau + eta * roots
        parts = []
        for h in self.years:
            slope = h * gain ** max(h - 1, 0) * spatial ** (h + 1)
            along_rho = (h + 1) * gain**h * spatial ** (h + 2) * roots
            parts.append(np.stack([gain**h * spatial ** (h + 1), slope, slope * roots, along_rho]))
        return np.sum(parts, axis=0)

    def matrices(self, W: np.ndarray, dynamics: np.ndarray) -> np.ndarray:
        """Return the same four as dense matrices, of shape (4, n, n)."""
        tau, eta, rho = dynamics
        one = np.eye(len(W))
        if not self.years:
            level = np.linalg.inv((1.0 - tau) * one - (rho + eta) * W)
            square = level @ level
            return np.stack([level, square, square @ W, square @ W])
        S = np.linalg.inv(one - rho * W)
        A = S @ (tau * one + eta * W)
        result = np.zeros((4, *W.shape))
        power, before = one, np.zeros_like(one)  # A^h and A^(h - 1)
        for h in range(max(self.years) + 1):
            if h in self.years:
                slope = h * before @ S @ S
                result += np.stack([power @ S, slope, slope @ W, (h + 1) * power @ S @ S @ W])
            before, power = power, power @ A
        return result


def horizon_of(horizon: str | int, *, cumulative: bool) -> Horizon:
    """Read a horizon.

    Raises
    ------
    ConfigError
    """
    if horizon == LONG_RUN:
        return Horizon(())
    if horizon == SHORT_RUN:
        return Horizon((0,))
    whole = isinstance(horizon, (int, np.integer)) and not isinstance(horizon, bool)
    if not whole or not 0 <= int(horizon) <= LONGEST:
        raise ConfigError(
            f"horizon={horizon!r} is not known; use 'short-run', 'long-run' or a whole number of "
            f"years from 0 to {LONGEST}."
        )
    return Horizon(tuple(range(int(horizon) + 1)) if cumulative else (int(horizon),))


def dynamics_of(regressors: tuple[str, ...], parameters: np.ndarray) -> np.ndarray:
    """tau, eta and rho of parameter vectors, zero where left out, of shape (..., 3)."""
    columns = []
    for name in (TAU, ETA):
        here = parameters[..., regressors.index(name)] if name in regressors else 0.0
        columns.append(here * np.ones(parameters.shape[:-1]))
    return np.stack([*columns, parameters[..., -1]], axis=-1)


def dynamic_terms(design: PanelDesign, estimate: Estimate) -> Terms:
    """Pair each regressor with its spatial lag; lagged outcomes have no effects of their own."""
    position = {name: i for i, name in enumerate(estimate.regressors)}
    variables = tuple(name for name in design.names if name not in (TAU, ETA))
    lagged = tuple(position.get(f"W {name}", -1) for name in variables)
    return Terms(variables, tuple(position[name] for name in variables), lagged)


def horizon_averages(
    design: PanelDesign, roots: np.ndarray | None, horizon: Horizon, dynamics: np.ndarray
) -> np.ndarray:
    """Averages of f(W) and f(W) V over cities, and their derivatives.

    Parameters
    ----------
    design : PanelDesign
    roots : numpy.ndarray of shape (n,) or None
        Eigenvalues of W, where they suffice: W row-normalised and V = W.
    horizon : Horizon
    dynamics : numpy.ndarray of shape (..., 3)

    Returns
    -------
    numpy.ndarray of shape (4, ..., 4)
        First axis: f and its derivatives by tau, eta and rho. Last axis: see
        ``spatial.regression.multiplier.Averages``.
    """
    n = design.n
    if roots is not None:
        values = horizon.values(roots, dynamics)
        direct = values.sum(axis=-1).real / n
        through = (values * roots).sum(axis=-1).real / n
        total = horizon.values(np.ones(1), dynamics)[..., 0]
        return np.stack([direct, through, total, total], axis=-1)
    if n > MATRIX_LIMIT:
        raise EstimationError(
            f"Effects after some years, and simulated ones, of {n} cities need all eigenvalues of "
            f"the weights; they are made for up to {MATRIX_LIMIT}. Use the delta method for the "
            "short and the long run."
        )
    W = design.lag.matrices[0].toarray()
    V = design.regressor_lag.matrices[0]
    received = np.asarray(V.sum(axis=1)).ravel()
    transposed = V.toarray().T
    flat = dynamics.reshape(-1, 3)
    result = np.empty((4, len(flat), 4))
    for row, one in enumerate(flat):
        for kind, f in enumerate(horizon.matrices(W, one)):
            result[kind, row] = (
                np.trace(f) / n,
                np.vdot(f, transposed) / n,
                f.sum() / n,
                (f @ received).sum() / n,
            )
    return result.reshape(4, *dynamics.shape[:-1], 4)


def closed_averages(
    design: PanelDesign, estimate: Estimate, horizon: Horizon, dynamics: np.ndarray
) -> np.ndarray:
    r"""Averages of the short or the long run through traces, for any number of cities.

    The long run is a spatial multiplier of its own: with
    :math:`\kappa = (\rho + \eta) / (1 - \tau)` it is :math:`(I - \kappa W)^{-1} / (1 - \tau)`.

    Returns
    -------
    numpy.ndarray of shape (4, 4)
        See ``horizon_averages``.
    """
    tau, eta, rho = (float(value) for value in dynamics)
    determinant = estimate.log_determinant
    scale = 1.0 if horizon.years else 1.0 / (1.0 - tau)
    strength = rho if horizon.years else (rho + eta) * scale
    lags = design.lag, design.regressor_lag
    level = multiplier_averages(*lags, determinant, strength).as_array()
    slope = average_slopes(*lags, determinant, strength).as_array()
    if horizon.years:
        return np.stack([level, 0.0 * level, 0.0 * level, slope])
    along_tau = scale**2 * (level + strength * slope)
    return np.stack([scale * level, along_tau, scale**2 * slope, scale**2 * slope])


def compute_dynamic_effects(
    result: DynamicPanelResult,
    horizon: str | int,
    *,
    cumulative: bool,
    inference: Inference,
    draws: int,
    rng: RandomSource,
) -> DynamicEffectsResult:
    """Build the effects at one horizon; see ``DynamicPanelResult.effects``."""
    checked_option(inference, Inference, name="inference")
    where = horizon_of(horizon, cumulative=cumulative)
    design, estimate = result.design, result.estimate
    if not where.years:
        _require_stable(result)
    terms, parameters = dynamic_terms(design, estimate), estimate.parameters
    dynamics = dynamics_of(estimate.regressors, parameters)
    if where.years in ((), (0,)):
        averages = closed_averages(design, estimate, where, dynamics)
    else:
        averages = horizon_averages(design, result.effect_roots(), where, dynamics)
    point = average_effects(terms, parameters, averages[0])
    seed, rejected, kept = None, 0.0, 0
    if inference == "delta":
        error = _delta_errors(estimate, terms, averages)
        low, high = point - NORMAL_95 * error, point + NORMAL_95 * error
    else:
        draws = checked_draws(draws)
        generator, seed = seeded_generator(rng)
        drawn, rejected = _simulated(result, terms, where, draws, generator)
        kept = len(drawn)
        error = drawn.std(axis=0, ddof=1)
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    options = {
        "horizon": horizon,
        "cumulative": cumulative,
        "inference": inference,
        "draws": draws if inference == "simulation" else 0,
    }
    return DynamicEffectsResult(
        configuration=Configuration(
            function="DynamicPanelResult.effects",
            options={**dict(result.configuration.options), **options},
            seed=seed,
            weights=result.configuration.weights,
        ),
        table=_effects_table(terms, point, error, low, high),
        horizon=horizon,
        cumulative=cumulative,
        inference=inference,
        draws=kept,
        rejected_share=rejected,
        notes=_notes(result, where, rejected),
        source=result,
    )


def _require_stable(result: DynamicPanelResult) -> None:
    test = result.stability
    if not test.stable:
        raise EstimationError(
            f"Long-run effects do not exist: the dynamics is not stable (tau {result.tau:.4f}, eta "
            f"{result.eta:.4f}, rho {result.rho:.4f}; largest root {test.largest_root:.4f}). Ask "
            "for effects after some years, add year effects, or take first differences."
        )


def _delta_errors(estimate: Estimate, terms: Terms, averages: np.ndarray) -> np.ndarray:
    """Compute standard errors by the delta method, of shape (variables, 3)."""
    parameters = estimate.parameters
    # Effects are linear in beta and theta: unit vectors give their gradient exactly.
    gradient = average_effects(terms, np.eye(len(parameters)), averages[0])
    places = {name: j for j, name in enumerate(estimate.regressors) if name in (TAU, ETA)}
    for kind, name in ((1, TAU), (2, ETA)):
        if name in places:
            gradient[places[name]] = average_effects(terms, parameters, averages[kind])
    gradient[-1] = average_effects(terms, parameters, averages[3])
    variance = np.einsum("pvk,pq,qvk->vk", gradient, estimate.covariance, gradient)
    return np.sqrt(np.maximum(variance, 0.0))


def _simulated(
    result: DynamicPanelResult,
    terms: Terms,
    horizon: Horizon,
    draws: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Effects of drawn parameter vectors, and the share of draws that had to be left."""
    design, estimate = result.design, result.estimate
    values, vectors = np.linalg.eigh(estimate.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = generator.standard_normal((draws, len(values)))
    parameters = estimate.parameters + noise @ root.T
    dynamics = dynamics_of(estimate.regressors, parameters)
    low, high = result.rho_interval
    good = (dynamics[:, 2] > low) & (dynamics[:, 2] < high)
    if not horizon.years:
        eigenvalues = result.weights_roots()
        tau, eta, rho = (dynamics[:, j, None] for j in range(3))
        roots = np.abs((tau + eta * eigenvalues) / (1.0 - rho * eigenvalues))
        good &= roots.max(axis=1) < 1.0
    rejected = float(1.0 - good.mean())
    if rejected > MOST_REJECTED:
        raise EstimationError(
            f"{rejected:.0%} of the simulated parameter vectors have no stable dynamics or a rho "
            "outside its valid interval; simulation says nothing here. Use inference='delta', or "
            "effects after some years."
        )
    kept = parameters[good]
    averages = horizon_averages(design, result.effect_roots(), horizon, dynamics[good])
    return average_effects(terms, kept, averages[0]), rejected


def _notes(result: DynamicPanelResult, horizon: Horizon, rejected: float) -> tuple[str, ...]:
    notes = []
    if not horizon.years:
        notes.append(result.stability.decision)
    if rejected:
        notes.append(
            f"{rejected:.2%} of the draws had no stable dynamics or a rho outside its interval and "
            "were left."
        )
    return tuple(notes)
