"""From a panel with T + 1 years to a dynamic design with T years and lagged outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import DynamicLags, Effects, Specification, checked_option
from spatial.regression.design import CONSTANT, PanelDesign
from spatial.regression.spatial_lag import SpatialLag

TAU, ETA = "tau", "eta"
DYNAMIC_SPECIFICATIONS: tuple[Specification, ...] = ("sar", "sdm")
DYNAMIC_EFFECTS: tuple[Effects, ...] = ("city", "two-way")
# One year is lost to the lag; demeaning two years leaves a single difference.
LEAST_YEARS = 4


def require_dynamic_options(specification: str, effects: str, lags: str) -> None:
    """Raise where a word is unknown, or known but not made for dynamic panels.

    Raises
    ------
    ConfigError
        Naming what is possible and where the other words lead.
    """
    checked_option(specification, Specification, name="specification")
    checked_option(effects, Effects, name="effects")
    checked_option(lags, DynamicLags, name="lags")
    if specification not in DYNAMIC_SPECIFICATIONS:
        raise ConfigError(
            f"specification={specification!r} is not made for dynamic panels: the bias correction "
            "of Yu, de Jong and Lee is known for the lagged outcome only. Use 'sar' or 'sdm', or "
            "fit_panel for a static model."
        )
    if effects not in DYNAMIC_EFFECTS:
        raise ConfigError(
            f"effects={effects!r} is not made for dynamic panels: without city effects the lagged "
            "outcome would stand in for all lasting differences between cities. Use 'city' or "
            "'two-way', or fit_panel for a static model."
        )


def dynamic_design(design: PanelDesign, effects: Effects, lags: DynamicLags) -> PanelDesign:
    """Drop the first year and put y(t-1) and W y(t-1) before the regressors.

    Parameters
    ----------
    design : PanelDesign
        All T + 1 years.
    effects : {"city", "two-way"}
    lags : {"time", "space-time", "both"}

    Returns
    -------
    PanelDesign
        T years; the columns of lagged outcomes bear the names of their parameters, ``tau`` and
        ``eta``, and get no spatial lag of their own. Without the constant.

    Raises
    ------
    PanelError, EstimationError, ConfigError
        For few years, gaps between years, weights that change by year, two-way effects with
        islands or weights that are not row-normalised, and regressors named tau or eta.
    """
    _require_years(design)
    taken = [name for name in design.names if name in (TAU, ETA)]
    if taken:
        raise ConfigError(
            f"Regressors {listed(taken)} bear the name of a model parameter; rename the columns."
        )
    if not design.lag.constant or not design.regressor_lag.constant:
        raise EstimationError(
            "A dynamic panel needs the same weights in all years: its stability, its long run and "
            "its correction of bias are those of one matrix. Use weights of one year."
        )
    if effects == "two-way":
        _require_unit_rows(design)
    before = design.y[:-1]
    lag = SpatialLag(design.lag.matrices, design.n_years - 1)
    columns = {TAU: before, ETA: lag(before)}
    chosen = {"time": (TAU,), "space-time": (ETA,), "both": (TAU, ETA)}[lags]
    kept = [j for j, name in enumerate(design.names) if name != CONSTANT]
    stacked = [columns[name][:, :, None] for name in chosen]
    same = design.regressor_lag is design.lag
    inside = design.position >= design.n
    return replace(
        design,
        y=design.y[1:],
        X=np.concatenate([*stacked, design.X[1:][:, :, kept]], axis=2),
        names=(*chosen, *(design.names[j] for j in kept)),
        years=design.years[1:],
        lag=lag,
        regressor_lag=lag
        if same
        else SpatialLag(design.regressor_lag.matrices, design.n_years - 1),
        source_index=design.source_index[inside],
        position=design.position[inside] - design.n,
    )


def _require_years(design: PanelDesign) -> None:
    """Raise for too few years, and for a step between years that is not always the same."""
    years = design.years
    if len(years) < LEAST_YEARS:
        raise PanelError(
            f"The panel has {len(years)} years; a dynamic panel with city effects needs at least "
            f"{LEAST_YEARS}, of which the first only gives the lagged outcome. Use fit_panel."
        )
    steps = _steps(years)
    step = steps.min()
    jumps = np.flatnonzero(steps > step * (1.0 + 1e-9))
    if len(jumps):
        known = years.tolist()
        pairs = [(known[t], known[t + 1]) for t in jumps]
        raise PanelError(
            f"The years are not evenly spaced: no year lies between {listed(pairs)}, so that the "
            "outcome of the year before is unknown there. Add the missing years, or keep a run of "
            "years without gaps."
        )


def _require_unit_rows(design: PanelDesign) -> None:
    """Raise where the transformation that takes out year effects is not valid."""
    if design.lag.row_normalised:
        return
    islands = design.cities[design.lag.islands()]
    if len(islands):
        raise EstimationError(
            f"{len(islands)} cities have no neighbour (islands): {listed(islands)}. A dynamic "
            "panel with two-way effects needs row sums of one. Attach the islands "
            "(spatial.weights.attach_islands), take k-nearest-neighbour weights, drop these cities "
            "from data and weights, or use effects='city'."
        )
    raise EstimationError(
        f"The weights are not row-normalised (row sums from {design.lag.row_sums().min():.4g} to "
        f"{design.lag.row_sums().max():.4g}). A dynamic panel with two-way effects needs row sums "
        "of one. Scale them with weights.transformed('row'), or use effects='city'."
    )


def _steps(years: pd.Index) -> np.ndarray:
    """Distances between successive years; ones where labels cannot be counted."""
    if isinstance(years, pd.PeriodIndex):
        return np.diff(years.asi8).astype(float)
    if isinstance(years, pd.DatetimeIndex):
        # Dates of successive years are 365 or 366 days apart; dates within a year are left alone.
        yearly = np.diff(years.year.to_numpy(dtype=float))
        return yearly if (yearly > 0.0).all() else np.ones(len(years) - 1)
    numbers = pd.to_numeric(pd.Series(years), errors="coerce").to_numpy(dtype=float)
    return np.diff(numbers) if np.isfinite(numbers).all() else np.ones(len(years) - 1)
