"""Shocks that spread as an estimated spillover model says: networks of effects, and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from networks.model_dynamics import DynamicModel, dynamics_of_model, outcome_or_regressor
from networks.propagation import checked_steps
from networks.shock_paths import (
    Shock,
    ShockPath,
    path_frame,
    remaining_share,
    shock_vector,
    summed_table,
)
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.options import SpilloverSign, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration

if TYPE_CHECKING:
    from spatial.regression.dynamic_results import DynamicPanelResult
    from spatial.regression.results import PanelResult

LIMITS = (0.025, 0.975)
"""Quantiles of drawn paths: a 95 per cent interval."""


def spillover_network(
    result: PanelResult | DynamicPanelResult,
    variable: str | None = None,
    *,
    years: int | None = None,
    sign: SpilloverSign = "uniform",
) -> LinkageNetwork:
    r"""Return the effects of cities on each other, as a model estimates them, as a network.

    Static models: :math:`(I - \rho W)^{-1} (\beta I + \theta V)` for a regressor,
    :math:`(I - \rho W)^{-1} (I - \lambda M)^{-1}` for the outcome itself. Dynamic models: the sum
    over years of :math:`A^h S (\beta I + \theta V)` with :math:`S = (I - \rho W)^{-1}`,
    :math:`A = S (\tau I + \eta W)`.

    Parameters
    ----------
    result : PanelResult or DynamicPanelResult
        Of ``fit_panel``, ``fit_cross_section`` or ``fit_dynamic_panel``.
    variable : str, optional
        A regressor; the outcome itself by default.
    years : int, optional
        Of a dynamic model: how many years after the shock are summed, 0 for the short run; the
        long run by default.
    sign : {"uniform", "positive", "negative", "absolute"}
        Strengths are never negative. ``uniform`` takes the sizes of effects that all have one
        sign, and raises if they do not; ``positive`` and ``negative`` keep the effects of that
        sign; ``absolute`` takes all sizes.

    Returns
    -------
    LinkageNetwork
        Row sends to column: the change of the outcome of the column for one unit in the row. The
        effects of cities on themselves are its ``inner`` flows.

    Raises
    ------
    EstimationError
        If the model has no spillovers, is not stable, or does not know the variable.
    WeightsError
        If effects have both signs under ``uniform``.

    References
    ----------
    LeSage and Pace (2009), doi:10.1201/9781420064254; Debarsy, Ertur and LeSage (2012),
    doi:10.1016/j.stamet.2011.02.002.
    """
    checked_option(sign, SpilloverSign, name="sign")
    model = dynamics_of_model(result)
    push = outcome_or_regressor(model, variable)
    unit = np.eye(model.n)
    if years is None:
        effects = model.totals(model.parameters, push, unit)
    elif isinstance(model, DynamicModel):
        effects = model.partial_sums(model.parameters, push, unit, _whole_years(years))
    else:
        raise ConfigError("years= is for dynamic models: the effects of a static one are final.")
    sent = effects.T
    own = np.diag(sent).copy()
    np.fill_diagonal(sent, 0.0)
    if not sent.any():
        raise EstimationError(
            "The model has no spillovers: without a spatial lag (rho, lambda, or the lag of the "
            "variable) no city acts on another. Choose a model such as 'sdm'."
        )
    both = bool((sent > 0).any() and (sent < 0).any())
    if sign == "uniform" and both:
        raise WeightsError(
            f"Effects between cities have both signs ({int((sent > 0).sum())} positive, "
            f"{int((sent < 0).sum())} negative); strengths have none. Choose sign='positive', "
            "'negative' or 'absolute'."
        )
    if sign in ("positive", "negative"):
        direction = 1.0 if sign == "positive" else -1.0
        sent, own = np.maximum(direction * sent, 0.0), np.maximum(direction * own, 0.0)
    of = variable if variable is not None else result.design.outcome
    horizon = "long run" if years is None else f"{years} years"
    return LinkageNetwork(
        model.cities,
        sparse.csr_array(np.abs(sent)),
        True,
        unit=f"change of {result.design.outcome} per unit of {of}",
        description=f"Spillovers of {of} on {result.design.outcome}, {result.specification}"
        + (f", {horizon}" if isinstance(model, DynamicModel) else ""),
        parameters={
            "kind": "spillovers",
            "variable": of,
            "specification": result.specification,
            "years": years,
            "sign": sign,
        },
        inner=pd.Series(np.abs(own), index=model.cities),
    )


def propagate_spillovers(
    result: PanelResult | DynamicPanelResult,
    shock: Shock,
    variable: str | None = None,
    *,
    lasting: bool = False,
    steps: int = 10,
    draws: int = 0,
    rng: RandomSource = None,
) -> ShockPath:
    r"""Follow a shock to cities through an estimated spillover model.

    Dynamic models, a step a year: :math:`x_h = A^h S b`; static models, a step a round through
    the weights: :math:`x_q = (\rho W)^q b`. The push b is :math:`(\beta I + \theta V) s` for a
    change s of a regressor; for the outcome it is s, in static models with lambda
    :math:`(I - \lambda M)^{-1} s`.

    Parameters
    ----------
    result : PanelResult or DynamicPanelResult
    shock : city id, list of them, mapping of city to size, or pandas.Series
        In units of the regressor, or of the outcome.
    variable : str, optional
        A regressor; the outcome itself by default.
    lasting : bool
        The change stays: the path holds the sums so far.
    steps : int
        Length of the path; sums do not depend on it.
    draws : int
        Parameter vectors drawn from their normal distribution for 95 % intervals; 0 for none.
    rng : int, numpy.random.Generator or None
        For the draws.

    Returns
    -------
    ShockPath
        ``low`` and ``high`` bound the path, ``accumulated_low`` and ``accumulated_high`` in the
        table what accumulates. ``shock`` in the table is the shock in its own unit.

    Raises
    ------
    EstimationError
        If the model is not stable, does not know the variable, or more than half of the drawn
        parameters are outside its valid region.
    AlignmentError, PanelError
        For cities that are unknown and sizes that are no numbers.

    References
    ----------
    LeSage and Pace (2009), doi:10.1201/9781420064254; Debarsy, Ertur and LeSage (2012),
    doi:10.1016/j.stamet.2011.02.002.
    """
    checked_steps(steps)
    whole = isinstance(draws, int | np.integer) and not isinstance(draws, bool)
    if not whole or draws < 0 or draws == 1:
        raise ConfigError(f"draws={draws!r} must be 0, or a whole number of at least two.")
    model = dynamics_of_model(result)
    push = outcome_or_regressor(model, variable)
    start = shock_vector(shock, model.cities)
    states = _states(model.path(model.parameters, push, start, steps), lasting=lasting)
    path = path_frame(states, model.cities)
    table = summed_table(
        path, start, lambda unit: model.totals(model.parameters, push, unit), lasting=lasting
    )
    accumulated = table["accumulated"].to_numpy()
    low = high = seed = None
    if draws:
        generator, seed = seeded_generator(rng)
        paths, totals = [], []
        for parameters in model.drawn(int(draws), generator):
            paths.append(_states(model.path(parameters, push, start, steps), lasting=lasting))
            totals.append(model.totals(parameters, push, start[:, None])[:, 0])
        low, high = (path_frame(one, model.cities) for one in np.quantile(paths, LIMITS, axis=0))
        bounds = np.quantile(totals, LIMITS, axis=0)
        table["accumulated_low"], table["accumulated_high"] = bounds
    return ShockPath(
        path=path,
        table=table,
        total=float(accumulated.sum()),
        remaining=remaining_share(path, accumulated, lasting=lasting),
        spectral_radius=model.spectral_radius,
        low=low,
        high=high,
        configuration=Configuration(
            function="propagate_spillovers",
            options={
                **dict(result.configuration.options),
                "variable": variable,
                "lasting": lasting,
                "steps": steps,
                "draws": int(draws),
            },
            seed=seed,
            weights=result.configuration.weights,
        ),
    )


def _states(rounds: np.ndarray, *, lasting: bool) -> np.ndarray:
    return np.cumsum(rounds, axis=0) if lasting else rounds


def _whole_years(years: int) -> int:
    if isinstance(years, bool) or not isinstance(years, int | np.integer) or years < 0:
        raise ConfigError(f"years={years!r} must be a whole number, 0 for the short run.")
    return int(years)
