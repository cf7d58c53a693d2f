"""Paths that cities would have taken without the shock, from a model of the years before it."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

from analyses.indices.cycles import series_by_city
from spatial.errors import ConfigError, EstimationError, PanelError, listed
from spatial.options import DynamicLags, Specification
from spatial.random import RandomSource, seeded_generator
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.dynamic import fit_dynamic_panel
from spatial.regression.dynamic_design import ETA, TAU
from spatial.results import Configuration, Result

__all__ = ["CounterfactualPaths", "arima_counterfactual", "panel_counterfactual"]

LEAST_HISTORY = 8
"""Fewest years before the shock from which a path of one city is forecast."""


@dataclass(frozen=True, kw_only=True)
class CounterfactualPaths(Result):
    """Actual and counterfactual path of each city from the last year before the shock.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``(city, year)``, the years from ``before`` on: ``actual``, ``counterfactual``,
        ``lower``, ``upper`` (of a single year), ``deviation`` (actual less counterfactual),
        ``relative`` (the deviation over the counterfactual where that is positive) and ``outside``
        (the actual value lies outside the interval). In ``before`` both paths are the actual one.
    before : int
        Last year that the model has seen.
    configuration : Configuration
    """

    table: pd.DataFrame
    before: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city and year."""
        return self.table.copy()

    def decomposition(self) -> pd.DataFrame:
        """Return ``trend`` (counterfactual) and ``cycle`` (deviation) for ``cycle_resilience``."""
        return self.table.rename(columns={"counterfactual": "trend", "deviation": "cycle"})[
            ["trend", "cycle"]
        ]

    def cumulated(self) -> pd.DataFrame:
        """Return the sum and the last of the deviations of each city, index ``city``."""
        after = self.table[self.table.index.get_level_values("year") > self.before]
        groups = after.sort_index(level="year", sort_remaining=False).groupby(
            level="city", sort=False
        )
        return pd.DataFrame(
            {
                "deviation_sum": groups["deviation"].sum(),
                "deviation_end": groups["deviation"].last(),
                "relative_end": groups["relative"].last(),
                "years_outside": groups["outside"].sum(),
            }
        )


def arima_counterfactual(
    series: pd.Series,
    *,
    before: int,
    order: tuple[int, int, int] = (1, 1, 0),
    logarithm: bool = True,
    level: float = 0.95,
) -> CounterfactualPaths:
    r"""Forecast each city from its own past by an ARIMA model.

    The model is fitted, by maximum likelihood, to the years up to ``before``, with a constant when
    the series is not differenced and a drift when it is differenced once.

    Parameters
    ----------
    series : pandas.Series
        Index ``(city, year)``: levels, without gaps; eight years or more up to ``before``.
    before : int
        Last year before the shock.
    order : tuple of (int, int, int)
        Autoregressive order, differences, moving-average order.
    logarithm : bool
        Model :math:`\ln y_t`; path and interval are brought back by the exponential, so the path
        is the median.
    level : float
        Coverage of the intervals, normal, for given parameters.

    Returns
    -------
    CounterfactualPaths

    Raises
    ------
    PanelError
        If values are missing or (for logarithms) not positive, years leave gaps, or ``before`` is
        not a year with others after it.
    EstimationError
        If the history is too short or a model does not converge; the cities are named.
    ConfigError
        If the order or level is wrong, or statsmodels is not installed.

    Notes
    -----
    The interval leaves out that parameters are estimated, so with ten years it is too narrow. A
    boom before the shock is carried forward by the drift.

    References
    ----------
    Fingleton, B., Garretsen, H. & Martin, R. (2012). Recessionary shocks and regional employment:
    evidence on the resilience of U.K. regions. Journal of Regional Science 52(1), 109-133.
    """
    if len(order) != 3 or any(not isinstance(k, (int, np.integer)) or k < 0 for k in order):
        raise ConfigError(f"order={order!r} must be three whole numbers such as (1, 1, 0).")
    _check_level(level)
    model = _statsmodels_arima()
    if "city" not in series.index.names:
        raise PanelError("The series needs the index levels city and year.")
    rows, failed = [], []
    for city, part in series_by_city(series, shortest=LEAST_HISTORY).items():
        years = part.index.get_level_values("year").to_numpy()
        values = part.to_numpy()
        seen = _history(city, years, before)
        if logarithm and not (values > 0).all():
            raise PanelError(f"Logarithms need positive values; {city!r} has others.")
        known = np.log(values[:seen]) if logarithm else values[:seen]
        forecast = _forecast(model, known, tuple(order), len(values) - seen, level)
        if forecast is None:
            failed.append(city)
            continue
        path = np.exp(forecast) if logarithm else forecast
        rows.append(_city_rows(city, years[seen - 1 :], values[seen - 1 :], path))
    if failed:
        raise EstimationError(
            f"The ARIMA{tuple(order)} of {listed(failed)} did not converge; take a lower order or "
            "leave these cities out."
        )
    return CounterfactualPaths(
        table=_finished(pd.concat(rows)),
        before=before,
        configuration=Configuration(
            function="arima_counterfactual",
            options={
                "before": before,
                "order": tuple(order),
                "logarithm": logarithm,
                "level": level,
            },
        ),
    )


def panel_counterfactual(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    before: int,
    specification: Specification = "sar",
    lags: DynamicLags = "both",
    lagged: Sequence[str] | None = None,
    simulations: int = 500,
    level: float = 0.95,
    rng: RandomSource = None,
) -> CounterfactualPaths:
    r"""Forecast all cities together by a dynamic spatial panel of the years before the shock.

    The model of ``spatial.regression.fit_dynamic_panel`` with city effects is fitted to the years
    up to ``before`` and run forward:

    .. math:: \hat y_t = (I - \rho W)^{-1} (\tau \hat y_{t-1} + \eta W \hat y_{t-1} + X_t \beta
              + W X_t \theta + \mu)

    Intervals come from ``simulations`` paths, each with parameters drawn from their normal
    distribution, city effects that belong to them, and normal innovations in every year.

    Parameters
    ----------
    formula : str
        ``outcome ~ regressor + ...``; regressors keep their actual values after the shock, so they
        must not answer to it. ``outcome ~ 1`` uses the past alone.
    data : pandas.DataFrame
        All years, before and after the shock, with city and year in index or columns.
    weights : Weights, libpysal Graph or W, or labelled square DataFrame
    before : int
        Last year before the shock; four years or more end with it.
    specification : {"sar", "sdm"}
    lags : {"time", "space-time", "both"}
    lagged : sequence of str, optional
        Regressors that get a spatial lag, all by default.
    simulations : int
    level : float
        Coverage of the intervals.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    CounterfactualPaths

    Raises
    ------
    PanelError, AlignmentError, EstimationError
        As ``fit_dynamic_panel``, or if ``before`` is not a year with others after it.
    ConfigError
        If an option is wrong.

    References
    ----------
    Doran, J. & Fingleton, B. (2018). US metropolitan area resilience: insights from dynamic spatial
    panel estimation. Environment and Planning A 50(1), 111-132.
    """
    _check_level(level)
    if not isinstance(simulations, (int, np.integer)) or simulations < 20:
        raise ConfigError(f"simulations={simulations!r} must be a whole number from 20.")
    design = panel_design(formula, data, weights, lagged=lagged)
    years = design.years.to_numpy()
    seen = _history("the panel", years, before, shortest=4)
    known = data[_years_of(data) <= before]
    fit = fit_dynamic_panel(
        formula,
        known,
        weights,
        specification=specification,
        lags=lags,
        lagged=lagged,
        effects="city",
    )
    model = _Dynamics(design, seen)
    generator, seed = seeded_generator(rng)
    coefficients = fit.coefficients
    path = model.forward(coefficients, None)
    drawn = generator.multivariate_normal(
        coefficients.to_numpy(), fit.covariance.to_numpy(), size=simulations
    )
    low, high = fit.rho_interval
    simulated = []
    for row in drawn:
        parameters = pd.Series(row, index=coefficients.index)
        if not low < parameters["rho"] < high:
            continue
        noise = generator.normal(0.0, np.sqrt(fit.sigma2), path.shape)
        simulated.append(model.forward(parameters, noise))
    tail = (1 - level) / 2
    lower, upper = np.quantile(np.array(simulated), [tail, 1 - tail], axis=0)
    rows = [
        _city_rows(
            city,
            years[seen - 1 :],
            design.y[seen - 1 :, i],
            np.column_stack([path[:, i], lower[:, i], upper[:, i]]),
        )
        for i, city in enumerate(design.cities)
    ]
    return CounterfactualPaths(
        table=_finished(pd.concat(rows)),
        before=before,
        configuration=Configuration(
            function="panel_counterfactual",
            options={
                **fit.configuration.options,
                "before": before,
                "simulations": simulations,
                "simulations_used": len(simulated),
                "level": level,
            },
            seed=seed,
            weights=fit.configuration.weights,
        ),
    )


class _Dynamics:
    """The equation of a dynamic spatial panel, with city effects from the years seen."""

    def __init__(self, design: PanelDesign, seen: int) -> None:
        self.y = design.y
        self.seen = seen
        self.matrix = design.lag.matrices[0]
        self.lagged_y = design.lag(design.y)
        self.columns = {name: design.X[:, :, j] for j, name in enumerate(design.names)}
        for name in design.lagged:
            self.columns[f"W {name}"] = design.regressor_lag(self.columns[name])

    def forward(self, parameters: pd.Series, noise: np.ndarray | None) -> np.ndarray:
        """Run the equation over the years after the last one seen, shape (years, n)."""
        tau, eta = float(parameters.get(TAU, 0.0)), float(parameters.get(ETA, 0.0))
        rho = float(parameters["rho"])
        driven = np.zeros_like(self.y)
        for name, value in parameters.items():
            if name not in (TAU, ETA, "rho"):
                driven += float(value) * self.columns[str(name)]
        past = slice(1, self.seen)
        earlier = slice(0, self.seen - 1)
        effects = (
            self.y[past]
            - rho * self.lagged_y[past]
            - tau * self.y[earlier]
            - eta * self.lagged_y[earlier]
            - driven[past]
        ).mean(axis=0)
        solve = splu(
            (sparse.eye_array(self.y.shape[1]) - rho * self.matrix).tocsc(), permc_spec="COLAMD"
        ).solve
        state = self.y[self.seen - 1]
        path = np.empty((len(self.y) - self.seen, self.y.shape[1]))
        for step in range(len(path)):
            right = tau * state + eta * (self.matrix @ state) + driven[self.seen + step] + effects
            state = solve(right if noise is None else right + noise[step])
            path[step] = state
        return path


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ConfigError(f"level={level!r} must be a share such as 0.95.")


def _statsmodels_arima() -> Any:
    try:
        return importlib.import_module("statsmodels.tsa.arima.model").ARIMA
    except ImportError as error:
        raise ConfigError(
            "ARIMA models need statsmodels; install it with pip install 'interurban[forecast]', or "
            "use panel_counterfactual."
        ) from error


def _years_of(data: pd.DataFrame) -> np.ndarray:
    if "year" in data.columns:
        return data["year"].to_numpy()
    return data.index.get_level_values("year").to_numpy()


def _history(city: object, years: np.ndarray, before: int, *, shortest: int = LEAST_HISTORY) -> int:
    """Return the number of years up to ``before``."""
    seen = int((years <= before).sum())
    if before not in years or seen == len(years):
        raise PanelError(
            f"before={before!r} must be a year of the data with years after it; {city} runs from "
            f"{years.min()} to {years.max()}."
        )
    if seen < shortest:
        raise EstimationError(
            f"{city} has {seen} years up to {before}; a path needs {shortest} or more."
        )
    return seen


def _forecast(
    model: Any, values: np.ndarray, order: tuple[int, ...], steps: int, level: float
) -> np.ndarray | None:
    """Return path, lower and upper bound, shape (steps, 3); None without convergence."""
    trend = {0: "c", 1: "t"}.get(order[1], "n")
    with warnings.catch_warnings():
        # What the optimiser complains of on the way is judged by the convergence below.
        warnings.simplefilter("ignore")
        fit = model(values, order=order, trend=trend).fit()
        found = fit.get_forecast(steps)
    table = np.column_stack([found.predicted_mean, found.conf_int(alpha=1 - level)])
    converged = bool(fit.mle_retvals.get("converged", True)) if fit.mle_retvals else True
    return table if converged and np.isfinite(table).all() else None


def _city_rows(
    city: object, years: np.ndarray, actual: np.ndarray, path: np.ndarray
) -> pd.DataFrame:
    start = np.repeat(actual[:1], 3)[None, :]
    joined = np.vstack([start, path])
    index = pd.MultiIndex.from_product([[city], years], names=["city", "year"])
    return pd.DataFrame(
        np.column_stack([actual, joined]),
        index=index,
        columns=["actual", "counterfactual", "lower", "upper"],
    )


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    table["deviation"] = table["actual"] - table["counterfactual"]
    table["relative"] = table["deviation"] / table["counterfactual"].where(
        table["counterfactual"] > 0
    )
    table["outside"] = (table["actual"] < table["lower"]) | (table["actual"] > table["upper"])
    return table
