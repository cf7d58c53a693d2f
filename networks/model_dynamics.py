"""What an estimated spatial model does with a shock: push, rounds, sums, drawn parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from networks.prestige import spectral_radius
from spatial.errors import EstimationError, listed, nearest_spelling

if TYPE_CHECKING:
    from spatial.regression.design import PanelDesign
    from spatial.regression.dynamic_results import DynamicPanelResult
    from spatial.regression.effects import Terms
    from spatial.regression.estimation import Estimate
    from spatial.regression.results import PanelResult
    from spatial.regression.spatial_lag import SpatialLag

Push = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Of parameters and shocks (years, n, k): what the shocks do before the outcomes react."""

DENSE_LIMIT = 5000
"""Cities up to which models of spillovers are followed; matrices of effects are dense."""


class StaticModel:
    r"""Rounds :math:`(\rho W)^q b` of a static model, averaged over years where weights change.

    Parameters
    ----------
    result : PanelResult
    """

    def __init__(self, result: PanelResult) -> None:
        self._design: PanelDesign = result.design
        self._estimate: Estimate = result.estimate
        self.parameters = np.asarray(result.estimate.parameters)
        self.cities = pd.Index(result.design.cities).rename(None)
        self.n = len(self.cities)
        rho = abs(result.rho or 0.0)
        self.spectral_radius = rho * max(
            spectral_radius(matrix) for matrix in result.design.lag.matrices
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self._estimate.names

    @property
    def design(self) -> PanelDesign:
        """Data and weights of the model."""
        return self._design

    def terms(self) -> Terms:
        """Return the positions of coefficients of regressors and of their spatial lags."""
        from spatial.regression.effects import effect_terms

        return effect_terms(self._design, self._estimate)

    def outcome_push(self, parameters: np.ndarray, shocks: np.ndarray) -> np.ndarray:
        """Return what a change of the outcome itself does first: the errors spread it."""
        strength = self._spatial(parameters, "lambda")
        return self._design.error_lag.solve(strength, shocks) if strength else shocks

    def path(self, parameters: np.ndarray, push: Push, start: np.ndarray, steps: int) -> np.ndarray:
        """Return rounds of shape (steps + 1, n)."""
        rho = self._spatial(parameters, "rho")
        state = push(parameters, self._by_year(start[:, None]))
        rounds = [state]
        for _ in range(steps):
            rounds.append(rho * self._design.lag(rounds[-1]))
        return np.array([one.mean(axis=0)[:, 0] for one in rounds])

    def totals(self, parameters: np.ndarray, push: Push, unit: np.ndarray) -> np.ndarray:
        """Return the sum of all rounds for shocks in columns, shape (n, k)."""
        state = push(parameters, self._by_year(unit))
        rho = self._spatial(parameters, "rho")
        return (self._design.lag.solve(rho, state) if rho else state).mean(axis=0)

    def drawn(self, draws: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield parameter vectors from the valid region."""
        from spatial.regression.effect_draws import drawn_parameters

        kept, _ = drawn_parameters(self._estimate, draws, generator)
        determinant = self._estimate.determinants[1]
        for parameters in kept:
            strength = self._spatial(parameters, "lambda")
            if determinant is None or determinant.low < strength < determinant.high:
                yield parameters

    def _spatial(self, parameters: np.ndarray, symbol: str) -> float:
        return float(parameters[self.names.index(symbol)]) if symbol in self.names else 0.0

    def _by_year(self, columns: np.ndarray) -> np.ndarray:
        """Repeat shocks over years only where weights change."""
        lags: list[SpatialLag] = [
            self._design.lag,
            self._design.regressor_lag,
            self._design.error_lag,
        ]
        years = 1 if all(lag.constant for lag in lags) else len(self._design.years)
        return np.broadcast_to(columns, (years, *columns.shape))


class DynamicModel(StaticModel):
    r"""Years :math:`A^h S b` of a dynamic model, :math:`A = S (\tau I + \eta W)`.

    Parameters
    ----------
    result : DynamicPanelResult

    Raises
    ------
    EstimationError
        If the dynamics is not stable.
    """

    def __init__(self, result: DynamicPanelResult) -> None:
        super().__init__(result.panel)
        test = result.stability
        if not test.stable:
            raise EstimationError(test.decision)
        self.spectral_radius = test.largest_root
        self._result = result
        self._weights = sparse.csc_array(result.design.lag.matrices[0])

    def terms(self) -> Terms:
        """Return the same without lagged outcomes, which have no effects of their own."""
        from spatial.regression.dynamic_effects import dynamic_terms

        return dynamic_terms(self._design, self._estimate)

    def path(self, parameters: np.ndarray, push: Push, start: np.ndarray, steps: int) -> np.ndarray:
        """Return years of shape (steps + 1, n)."""
        return np.array([one[:, 0] for one in self._years(parameters, push, start[:, None], steps)])

    def totals(self, parameters: np.ndarray, push: Push, unit: np.ndarray) -> np.ndarray:
        """Return the long run of shocks in columns, shape (n, k)."""
        tau, eta, rho = self._dynamics(parameters)
        one = sparse.eye_array(self.n, format="csc")
        system = sparse.csc_array((1.0 - tau) * one - (rho + eta) * self._weights)
        return sparse_linalg.splu(system).solve(self._pushed(parameters, push, unit))

    def partial_sums(
        self, parameters: np.ndarray, push: Push, unit: np.ndarray, years: int
    ) -> np.ndarray:
        """Return the sum of the first years for shocks in columns, shape (n, k)."""
        return np.sum(list(self._years(parameters, push, unit, years)), axis=0)

    def drawn(self, draws: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield parameter vectors with a stable dynamics."""
        roots = self._result.weights_roots()
        kept = []
        for parameters in super().drawn(draws, generator):
            tau, eta, rho = self._dynamics(parameters)
            if np.abs((tau + eta * roots) / (1.0 - rho * roots)).max() < 1.0:
                kept.append(parameters)
        if len(kept) < draws / 2.0:
            raise EstimationError(
                f"Only {len(kept)} of {draws} drawn parameter vectors have a stable dynamics, so "
                "an interval would say nothing. Use draws=0, or a model with year effects."
            )
        yield from kept

    def _years(
        self, parameters: np.ndarray, push: Push, unit: np.ndarray, years: int
    ) -> Iterator[np.ndarray]:
        tau, eta, rho = self._dynamics(parameters)
        one = sparse.eye_array(self.n, format="csc")
        factors = sparse_linalg.splu(sparse.csc_array(one - rho * self._weights))
        state = factors.solve(self._pushed(parameters, push, unit))
        yield state
        for _ in range(years):
            state = factors.solve(tau * state + eta * (self._weights @ state))
            yield state

    def _pushed(self, parameters: np.ndarray, push: Push, unit: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(push(parameters, unit[None])[0])

    def _dynamics(self, parameters: np.ndarray) -> tuple[float, float, float]:
        from spatial.regression.dynamic_effects import dynamics_of

        tau, eta, rho = dynamics_of(self._estimate.regressors, parameters)
        return float(tau), float(eta), float(rho)


def dynamics_of_model(result: PanelResult | DynamicPanelResult) -> StaticModel:
    """Return what a fitted model does with shocks.

    Parameters
    ----------
    result : PanelResult or DynamicPanelResult

    Returns
    -------
    StaticModel

    Raises
    ------
    EstimationError
        If the result is of another kind, too large, or its dynamics is not stable.
    """
    from spatial.regression.dynamic_results import DynamicPanelResult
    from spatial.regression.results import PanelResult

    if not isinstance(result, PanelResult | DynamicPanelResult):
        raise EstimationError(
            f"Spillovers are followed through results of fit_panel, fit_cross_section and "
            f"fit_dynamic_panel, not through a {type(result).__name__}."
        )
    if result.n_cities > DENSE_LIMIT:
        raise EstimationError(
            f"Effects between {result.n_cities} cities would be a dense matrix; they are made for "
            f"up to {DENSE_LIMIT}."
        )
    return DynamicModel(result) if isinstance(result, DynamicPanelResult) else StaticModel(result)


def outcome_or_regressor(model: StaticModel, variable: str | None) -> Push:
    """Return what a change of the outcome or of a regressor does first.

    Parameters
    ----------
    model : StaticModel
    variable : str or None

    Returns
    -------
    callable

    Raises
    ------
    EstimationError
        If the variable is no regressor.
    """
    if variable is None:
        return model.outcome_push
    terms = model.terms()
    if variable not in terms.variables:
        raise EstimationError(
            f"{variable!r} is no regressor of this model"
            f"{nearest_spelling(variable, terms.variables)}; choose from "
            f"{listed(terms.variables)}."
        )
    place = terms.variables.index(variable)
    own, lagged = terms.own[place], terms.lagged[place]

    def push(parameters: np.ndarray, shocks: np.ndarray) -> np.ndarray:
        pushed = parameters[own] * shocks
        if lagged >= 0:
            pushed = pushed + parameters[lagged] * model.design.regressor_lag(shocks)
        return pushed

    return push
