"""Sigma and beta convergence of cities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analyses.indices.resilience_inputs import checked_panel
from spatial.errors import EstimationError, PanelError, listed
from spatial.options import Specification
from spatial.regression import PanelResult, fit_cross_section
from spatial.results import Configuration, Result

__all__ = ["BetaConvergence", "beta_convergence", "sigma_convergence"]


@dataclass(frozen=True, kw_only=True)
class BetaConvergence(Result):
    r"""Absolute or conditional beta convergence.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``term``: ``estimate``, ``std_error``, ``t``, ``p_value``.
    speed : float
        Of a year, :math:`-\ln(1 + bT)/T`; NaN when :math:`bT \le -1`.
    half_life : float
        Years, :math:`\ln 2` over the speed; NaN when cities diverge.
    r_squared : float
    n : int
    regression : PanelResult or None
        The spatial regression, when weights were given, for effects and tests.
    configuration : Configuration
    """

    table: pd.DataFrame
    speed: float
    half_life: float
    r_squared: float
    n: int
    regression: PanelResult | None = None
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the coefficients."""
        return self.table.copy()


def sigma_convergence(panel: pd.DataFrame, outcome: str) -> pd.DataFrame:
    r"""Dispersion of cities in each year, and its trend.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
        Positive levels.

    Returns
    -------
    pandas.DataFrame
        Index ``year``: ``n``, ``log_deviation`` (standard deviation of :math:`\ln y`, n - 1) and
        ``variation`` (standard deviation over mean, n - 1). ``attrs["trend"]`` holds slope and
        p-value of the log deviation on the year (three years or more).

    Raises
    ------
    PanelError
        If levels are missing, zero or negative.

    References
    ----------
    Barro, R. J. & Sala-i-Martin, X. (1992). Convergence. Journal of Political Economy 100(2),
    223-251. https://doi.org/10.1086/261816
    """
    levels = _positive(panel, outcome)
    by_year = levels.groupby(level="year")
    table = pd.DataFrame(
        {
            "n": by_year.size(),
            "log_deviation": np.log(levels).groupby(level="year").std(ddof=1),
            "variation": by_year.std(ddof=1) / by_year.mean(),
        }
    )
    if len(table) > 2 and table["log_deviation"].notna().all():
        fit = stats.linregress(table.index.to_numpy(float), table["log_deviation"].to_numpy())
        table.attrs["trend"] = {"slope": float(fit.slope), "p_value": float(fit.pvalue)}
    return table


def beta_convergence(
    panel: pd.DataFrame,
    outcome: str,
    *,
    start: int,
    end: int,
    controls: tuple[str, ...] = (),
    weights: Any = None,
    specification: Specification = "sdm",
) -> BetaConvergence:
    r"""Do poorer cities grow faster? A regression over one span of years.

    :math:`\frac{1}{T} \ln(y_{i,end}/y_{i,start}) = a + b \ln y_{i,start} + X_{i,start} c + e_i`;
    :math:`b < 0` is convergence. Cities that close the gap to their steady state at the speed
    :math:`\lambda` have :math:`b = -(1 - e^{-\lambda T})/T`, so that
    :math:`\lambda = -\ln(1 + bT)/T`, with half-life :math:`\ln 2 / \lambda`. (Some programs print
    :math:`-\ln(1 + b)/T`, which is this only for :math:`T = 1`.)

    Ordinary least squares, or, with weights, a spatial regression by maximum likelihood, whose
    own coefficient :math:`b` gives the speed; where neighbours' growth enters (sar, sdm), read the
    total effect of ``regression`` beside it.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``.
    outcome : str
        Positive levels.
    start, end : int
        First and last year.
    controls : tuple of str
        Columns whose values in the first year enter (conditional convergence).
    weights : Weights, libpysal Graph or W, or labelled square DataFrame, optional
        Same cities; row receives from column.
    specification : {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
        With weights only.

    Returns
    -------
    BetaConvergence

    Raises
    ------
    PanelError
        If years or columns are absent, or levels not positive.
    EstimationError
        If regressors are collinear or the cities too few.

    References
    ----------
    Barro, R. J. & Sala-i-Martin, X. (1992). Convergence. Journal of Political Economy 100(2),
    223-251. https://doi.org/10.1086/261816

    Rey, S. J. & Montouri, B. D. (1999). US regional income convergence: a spatial econometric
    perspective. Regional Studies 33(2), 143-156.
    """
    levels = _positive(panel, outcome)
    checked_panel(panel, columns=[outcome, *controls])
    years = levels.index.get_level_values("year")
    if not start < end or {start, end} - set(years):
        raise PanelError(
            f"start={start!r} and end={end!r} must be two years of the panel, in order; it has "
            f"{listed(sorted(set(years)), limit=40)}."
        )
    first, last = _of_year(levels, start), _of_year(levels, end)
    odd = first.index.symmetric_difference(last.index)
    if len(odd):
        raise PanelError(f"Cities lack one of the two years: {listed(odd)}. Drop them first.")
    growth = np.log(last.reindex(first.index).to_numpy() / first.to_numpy()) / (end - start)
    design = pd.DataFrame({"constant": 1.0, "initial_level": np.log(first)})
    for column in controls:
        design[column] = _of_year(panel[column].astype(float), start).reindex(first.index)
    if not np.isfinite(design.to_numpy()).all():
        raise PanelError(f"Controls are missing or infinite in {start}: {listed(controls)}.")
    regression = None
    if weights is None:
        table, r_squared = _least_squares(growth, design)
    else:
        regression = _spatial(growth, design, weights, specification)
        table, r_squared = _tabulated(regression, design), float(regression.r_squared["corr2"])
    b = float(table["estimate"].to_numpy()[table.index == "initial_level"][0])
    span = end - start
    speed = -np.log1p(b * span) / span if b * span > -1 else float("nan")
    return BetaConvergence(
        table=table,
        speed=speed,
        half_life=np.log(2) / speed if speed > 0 else float("nan"),
        r_squared=r_squared,
        n=len(growth),
        regression=regression,
        configuration=Configuration(
            function="beta_convergence",
            options={
                "outcome": outcome,
                "start": start,
                "end": end,
                "controls": controls,
                "specification": None if regression is None else specification,
            },
            weights="" if regression is None else regression.configuration.weights,
        ),
    )


def _spatial(
    growth: np.ndarray, design: pd.DataFrame, weights: Any, specification: Specification
) -> PanelResult:
    regressors = design.drop(columns="constant")
    # Names of columns may be no names of a formula; places are.
    data = regressors.set_axis([f"x{k}" for k in range(regressors.shape[1])], axis=1)
    return fit_cross_section(
        "growth ~ " + " + ".join(data.columns),
        data.assign(growth=growth),
        weights,
        specification=specification,
    )


def _tabulated(regression: PanelResult, design: pd.DataFrame) -> pd.DataFrame:
    words = {f"x{k}": name for k, name in enumerate(design.columns[1:])} | {"const": "constant"}
    words |= {f"W {code}": f"W {name}" for code, name in words.items()}
    estimate = regression.coefficients.to_numpy(float)
    error = np.sqrt(np.diag(regression.covariance.to_numpy(float)))[: len(estimate)]
    t = estimate / error
    return pd.DataFrame(
        {"estimate": estimate, "std_error": error, "t": t, "p_value": 2 * stats.norm.sf(np.abs(t))},
        index=pd.Index([words.get(n, n) for n in regression.coefficients.index], name="term"),
    )


def _least_squares(growth: np.ndarray, design: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    x, y = design.to_numpy(), growth
    free = len(y) - x.shape[1]
    if free < 1 or np.linalg.matrix_rank(x) < x.shape[1]:
        raise EstimationError(
            f"{len(y)} cities do not identify {listed(design.columns)}: too few cities, or these "
            "columns repeat each other."
        )
    estimate = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = y - x @ estimate
    variance = residual @ residual / free
    error = np.sqrt(variance * np.diag(np.linalg.inv(x.T @ x)))
    t = estimate / error
    table = pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "t": t,
            "p_value": 2 * stats.t.sf(np.abs(t), free),
        },
        index=pd.Index(design.columns, name="term"),
    )
    centred = y - y.mean()
    return table, float(1 - residual @ residual / (centred @ centred))


def _of_year(values: pd.Series, year: int) -> pd.Series:
    rows = values[values.index.get_level_values("year") == year]
    return rows.set_axis(rows.index.get_level_values("city"))


def _positive(panel: pd.DataFrame, outcome: str) -> pd.Series:
    checked_panel(panel, columns=[outcome])
    levels = panel[outcome].astype(float)
    values = levels.to_numpy()
    wrong = levels.index[~(np.isfinite(values) & (values > 0))]
    if len(wrong):
        raise PanelError(
            f"{outcome} is missing, zero or negative in {len(wrong)} rows: {listed(wrong)}. "
            "Logarithms need positive levels."
        )
    return levels
