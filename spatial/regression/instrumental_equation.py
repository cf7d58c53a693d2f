"""The equation of an instrumental estimator: regressors and instruments, net of fixed effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import AbsorbedEffects, InstrumentalSpecification
from spatial.regression.checks import require_full_rank, require_variation
from spatial.regression.cross_section import cross_section_design
from spatial.regression.design import CONSTANT, PanelDesign, panel_design
from spatial.regression.instruments import independent_columns
from spatial.regression.panel import require_several_years
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.specifications import DURBIN, LAG
from spatial.regression.within import absorbed_parameters, within

# Powers of W that make instruments: one more than the model itself applies to its regressors.
DEFAULT_ORDERS = {"ols": 0, "slx": 1, "sar": 2, "sdm": 3}


@dataclass(frozen=True, eq=False)
class InstrumentalEquation:
    """Regressors and instruments, flat and net of fixed effects.

    Attributes
    ----------
    y : numpy.ndarray of shape (m,)
    A : numpy.ndarray of shape (m, p)
        Regressors; the lagged outcome, where there is one, comes last.
    names : tuple of str, length p
    is_endogenous : numpy.ndarray of bool, shape (p,)
    H : numpy.ndarray of shape (m, q)
        Independent instruments; the exogenous regressors come first.
    excluded : tuple of str
        Names of the instruments that are no regressors.
    free : int
        Observations less regressors and fixed effects.
    """

    y: np.ndarray
    A: np.ndarray
    names: tuple[str, ...]
    is_endogenous: np.ndarray
    H: np.ndarray
    excluded: tuple[str, ...]
    free: int


def instrumental_design(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    city: str | None,
    year: str | None,
    options: dict[str, Any],
) -> PanelDesign:
    """Read a cross-section, or a panel where a column of years is named."""
    if year is None:
        return cross_section_design(formula, data, weights, city=city, **options)
    design = panel_design(formula, data, weights, city=city or "city", year=year, **options)
    require_several_years(design)
    return design


def user_instruments(
    design: PanelDesign,
    data: pd.DataFrame,
    weights: Any,
    city: str | None,
    year: str | None,
    endogenous: Sequence[str],
    instruments: Sequence[str],
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Columns of instruments, of shape (years, n, q), and their names."""
    unknown = [name for name in endogenous if name not in design.names or name == CONSTANT]
    if unknown:
        possible = [name for name in design.names if name != CONSTANT]
        raise ConfigError(
            f"endogenous={listed(unknown)} are no regressors; choose from {listed(possible)}."
        )
    both = [name for name in instruments if name in design.names]
    if both:
        raise ConfigError(
            f"instruments={listed(both)} are regressors of the formula; exogenous regressors are "
            "instruments already, endogenous ones cannot be."
        )
    if len(instruments) < len(endogenous):
        raise EstimationError(
            f"{len(endogenous)} endogenous regressors ({listed(endogenous)}) but "
            f"{len(instruments)} instruments; name at least as many columns as instruments=."
        )
    if not instruments:
        return np.empty((*design.y.shape, 0)), ()
    left = design.formula.split("~")[0]
    right = " + ".join(f"`{name}`" for name in instruments)
    read = instrumental_design(f"{left} ~ {right}", data, weights, city, year, {})
    keep = [j for j, name in enumerate(read.names) if name != CONSTANT]
    return read.X[:, :, keep], tuple(read.names[j] for j in keep)


def instrumental_equation(
    design: PanelDesign,
    specification: InstrumentalSpecification,
    effects: AbsorbedEffects,
    endogenous: Sequence[str],
    own: tuple[np.ndarray, tuple[str, ...]],
    own_orders: int,
    orders: int,
    *,
    error_lag: SpatialLag | None = None,
) -> InstrumentalEquation:
    """Stack regressors and instruments, take out fixed effects, drop instruments others span.

    With ``error_lag``, the lag M of the errors, M times the exogenous regressors are instruments,
    too, which the equation filtered by I - lambda M needs.
    """
    durbin = specification in DURBIN
    Z, names = design.regressors(durbin=durbin, constant=effects == "pooled")
    hidden = set(endogenous) | {f"W {name}" for name in endogenous}
    exogenous = [j for j, name in enumerate(names) if name not in hidden]
    base = [j for j, name in enumerate(design.names) if name not in {*hidden, CONSTANT}]
    X, X_names = design.X[:, :, base], [design.names[j] for j in base]
    Q, Q_names = own[0], list(own[1])
    blocks, labels = [Z[:, :, exogenous], Q], [*(names[j] for j in exogenous), *Q_names]
    if durbin and design.regressor_lag is not design.lag and own_orders:
        blocks.append(design.regressor_lag(Q))
        labels += [f"V {name}" for name in Q_names]
    for order in range(1, orders + 1):
        prefix = "W" if order == 1 else f"W{order}"
        X = design.lag(X)
        blocks.append(X)
        labels += [f"{prefix} {name}" for name in X_names]
        if order <= own_orders:
            Q = design.lag(Q)
            blocks.append(Q)
            labels += [f"{prefix} {name}" for name in Q_names]
    if error_lag is not None:
        blocks.append(error_lag(Z[:, :, exogenous]))
        labels += [f"M {names[j]}" for j in exogenous]
    y = within(design.y, effects).ravel()
    require_variation(design.y, within(design.y, effects), design.outcome)
    A = within(Z, effects).reshape(len(y), -1)
    require_full_rank(Z.reshape(len(y), -1), A, names)
    if specification in LAG:
        A = np.column_stack([A, within(design.lag(design.y), effects).ravel()])
        names = (*names, "rho")
    H = within(np.concatenate(blocks, axis=2), effects).reshape(len(y), -1)
    # A column that is zero up to rounding was absorbed by the fixed effects.
    raw = np.linalg.norm(np.concatenate(blocks, axis=2).reshape(len(y), -1), axis=0)
    H = np.where(np.linalg.norm(H, axis=0) > 1e-10 * raw, H, 0.0)
    kept = independent_columns(H)
    is_endogenous = np.array([name in hidden or name == "rho" for name in names])
    excluded = [j for j in kept if j >= len(exogenous)]
    if len(excluded) < is_endogenous.sum():
        raise EstimationError(
            f"{int(is_endogenous.sum())} endogenous regressors "
            f"({listed(name for name in names if name in hidden or name == 'rho')}) but only "
            f"{len(excluded)} independent instruments; add instruments= or raise orders=."
        )
    free = len(y) - A.shape[1] - absorbed_parameters(effects, design.n, design.n_years)
    if free < 1 or len(kept) >= len(y):
        raise EstimationError(
            f"{len(y)} observations leave no degree of freedom after {A.shape[1]} regressors, "
            f"{len(kept)} instruments and {effects} effects; use fewer."
        )
    return InstrumentalEquation(
        y, A, names, is_endogenous, H[:, kept], tuple(labels[j] for j in excluded), free
    )
