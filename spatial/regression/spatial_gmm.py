"""Spatial lags and spatial errors by generalised moments, with endogenous regressors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NoReturn, cast

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.options import (
    AbsorbedEffects,
    GeneralisedMoments,
    InstrumentalSpecification,
    MomentCovariance,
    MomentSpecification,
    checked_option,
)
from spatial.regression.design import PanelDesign
from spatial.regression.error_moments import ErrorModel, FilteredEquation, gm_1999, gs2sls
from spatial.regression.estimation import Estimate
from spatial.regression.instrumental_equation import (
    DEFAULT_ORDERS,
    InstrumentalEquation,
    instrumental_design,
    instrumental_equation,
    user_instruments,
)
from spatial.regression.instruments import instrument_tests, two_stages
from spatial.regression.joint_moments import JointEstimate, JointProblem, joint_gmm
from spatial.regression.log_determinant import LogDeterminant, summed_log_determinant
from spatial.regression.quadratic_moments import ErrorShape
from spatial.regression.results import PanelResult, panel_result
from spatial.regression.spatial_iv import SumVariance
from spatial.regression.specifications import DURBIN, ERROR, LAG, require_error_weights_used
from spatial.regression.within import within
from spatial.results import Configuration

# The same model without its spatial errors.
MEAN: dict[str, InstrumentalSpecification] = {
    "sar": "sar",
    "sdm": "sdm",
    "sem": "ols",
    "sdem": "slx",
    "sac": "sar",
    "gns": "sdm",
}
WORDS = {
    "gm": "generalised moments (Kelejian and Prucha 1999)",
    "gs2sls": "generalised spatial two-stage least squares (Kelejian and Prucha 2010)",
    "gmm": "linear and quadratic moments at once (Lee 2007)",
}


@dataclass(frozen=True, kw_only=True)
class SpatialGMMResult(PanelResult):
    """A spatial regression by generalised moments.

    Everything of ``PanelResult`` but the likelihood, which is NaN, and what is made of it.

    Attributes
    ----------
    endogenous : tuple of str
        Regressors that are instrumented; ``rho`` stands for the lagged outcome.
    instruments : tuple of str
        Excluded instruments in use.
    moment_tests : pandas.DataFrame
        Over-identification. Index: Sargan and Hansen J of the filtered equation, or Hansen J of
        all moments with ``estimator="gmm"``; statistic, df, p_value.
    """

    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    moment_tests: pd.DataFrame

    def reduction_tests(self) -> NoReturn:
        """Refuse: tests of a Durbin model against simpler ones here compare likelihoods."""
        raise EstimationError(
            "Generalised moments have no likelihood; use fit_panel or fit_cross_section for "
            "reduction tests."
        )


def fit_spatial_gmm(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str | None = None,
    year: str | None = None,
    specification: MomentSpecification = "sac",
    effects: AbsorbedEffects | None = None,
    estimator: GeneralisedMoments = "gs2sls",
    covariance: MomentCovariance = "robust",
    endogenous: Sequence[str] = (),
    instruments: Sequence[str] = (),
    lag_instruments: bool = True,
    orders: int | None = None,
    regressor_weights: Any = None,
    error_weights: Any = None,
    lagged: Sequence[str] | None = None,
) -> SpatialGMMResult:
    r"""Fit a regression with a spatial lag, spatial errors or both, without a likelihood.

    .. math:: y = \rho W y + X \beta + W X \theta + \mu + \lambda_t + u, \quad u = \lambda M u + e

    ==========  ==========================================================================
    estimator   what is done
    ==========  ==========================================================================
    gm          lambda by three unweighted moments, then the filtered equation (equal
                variances)
    gs2sls      the same with centred, weighted moments: for unequal variances (robust) or
                equal ones (classical); joint covariance of all coefficients
    gmm         all coefficients at once by linear and quadratic moments; as efficient as
                maximum likelihood where errors are normal
    ==========  ==========================================================================

    Parameters
    ----------
    formula, data, weights, city, year, regressor_weights, lagged
        As in ``fit_spatial_iv``.
    specification : {"sar", "sdm", "sem", "sdem", "sac", "gns"}
    effects : {"pooled", "city", "year", "two-way"}, optional
        Two-way in panels by default.
    estimator : {"gm", "gs2sls", "gmm"}
        sar and sdm, which have no spatial errors, take "gmm"; for two stages see
        ``fit_spatial_iv``.
    covariance : {"classical", "robust"}
        Robust to unequal variances and, in panels, to any dependence over the years of a city.
    endogenous, instruments, lag_instruments, orders
        As in ``fit_spatial_iv``, for the model without spatial errors; with them M times the
        exogenous regressors are instruments, too.
    error_weights : optional
        M, the weights of the errors; ``weights`` by default.

    Returns
    -------
    SpatialGMMResult
        ``sigma2`` is e'e over the observations less fixed effects.

    Raises
    ------
    AlignmentError, PanelError, ConfigError
        As ``fit_panel``.
    WeightsError
        If error weights and fixed effects do not go together.
    EstimationError
        If the moments do not determine the coefficients inside their valid intervals.

    References
    ----------
    Kelejian and Prucha (1998) doi:10.1023/A:1007707430416; Kelejian and Prucha (2010)
    doi:10.1016/j.jeconom.2009.10.025; Arraiz, Drukker, Kelejian and Prucha (2010), Journal of
    Regional Science 50, 592-614; Lee (2007), Journal of Econometrics 137, 489-514; Lee and Yu
    (2014), Journal of Econometrics 180, 174-197.

    Examples
    --------
    >>> ids = [f"c{i:02d}" for i in range(40)]
    >>> step = np.roll(np.eye(40), 1, axis=1)
    >>> ring = pd.DataFrame((step + step.T) / 2, ids, ids)
    >>> values = np.random.default_rng(1).normal(size=(40, 2))
    >>> table = pd.DataFrame(values, index=ids, columns=["growth", "skill"])
    >>> result = fit_spatial_gmm("growth ~ skill", table, ring, specification="sem")
    >>> list(result.coefficients.index)
    ['const', 'skill', 'lambda']
    """
    effects = effects or ("pooled" if year is None else "two-way")
    _check_options(specification, effects, estimator, covariance, year)
    require_error_weights_used(specification, error_weights)
    design = instrumental_design(
        formula,
        data,
        weights,
        city,
        year,
        {"regressor_weights": regressor_weights, "error_weights": error_weights, "lagged": lagged},
    )
    own = user_instruments(design, data, weights, city, year, endogenous, instruments)
    has_error = specification in ERROR
    if orders is None:
        orders = DEFAULT_ORDERS[MEAN[specification]]
    equation = instrumental_equation(
        design,
        MEAN[specification],
        effects,
        endogenous,
        own,
        orders if lag_instruments else 0,
        orders,
        error_lag=design.error_lag if has_error else None,
    )
    lag_determinant = _determinant(design, "lag") if specification in LAG else None
    error_determinant = lag_determinant
    if has_error and (lag_determinant is None or design.error_lag is not design.lag):
        error_determinant = _determinant(design, "error")
    model = _error_model(design, effects, cast("LogDeterminant", error_determinant), has_error)
    robust = covariance == "robust"
    found: FilteredEquation | JointEstimate
    if estimator == "gmm":
        found = _joint(design, equation, model, specification, effects, lag_determinant, robust)
        parameters, tests = found.theta, _joint_test(found)
    else:
        sequence = cast("ErrorModel", model)
        found = (
            gm_1999(equation, sequence)
            if estimator == "gm"
            else gs2sls(equation, sequence, robust=robust)
        )
        parameters = np.append(found.delta, found.error)
        tests = _filtered_tests(design, equation, sequence, found.error)
    estimate = _estimate(
        design, specification, effects, parameters, found, lag_determinant, error_determinant
    )
    configuration = Configuration(
        function="fit_spatial_gmm",
        options={
            "formula": formula,
            "city": city,
            "year": year,
            "specification": specification,
            "effects": effects,
            "estimator": estimator,
            "covariance": covariance,
            "endogenous": tuple(endogenous),
            "instruments": tuple(instruments),
            "lag_instruments": lag_instruments,
            "orders": orders,
            "lagged": design.lagged,
            "error_weights": "" if error_weights is None else design.error_weights.description,
        },
        weights=design.weights.description,
    )
    return _result(design, estimate, configuration, equation, tests, estimator)


def _check_options(
    specification: str, effects: str, estimator: str, covariance: str, year: str | None
) -> None:
    checked_option(specification, MomentSpecification, name="specification")
    checked_option(effects, AbsorbedEffects, name="effects")
    checked_option(estimator, GeneralisedMoments, name="estimator")
    checked_option(covariance, MomentCovariance, name="covariance")
    if year is None and effects != "pooled":
        raise ConfigError(f"effects={effects!r} need several years; name their column as year=.")
    if specification not in ERROR and estimator != "gmm":
        raise ConfigError(
            f"estimator={estimator!r} is for spatial errors, which {specification!r} has not; use "
            "estimator='gmm', or fit_spatial_iv for two-stage least squares."
        )
    if estimator == "gm" and covariance == "robust":
        raise ConfigError(
            "estimator='gm' needs equal variances; say covariance='classical', or use 'gs2sls'."
        )


def _determinant(design: PanelDesign, which: str) -> LogDeterminant:
    lag = design.lag if which == "lag" else design.error_lag
    return summed_log_determinant(lag.matrices, design.n_years)


def _error_model(
    design: PanelDesign, effects: AbsorbedEffects, determinant: LogDeterminant, has_error: bool
) -> ErrorModel | None:
    if not has_error:
        return None
    lag, shape = design.error_lag, ErrorShape(design.n_years, design.n, effects)
    if shape.less_years and not lag.row_normalised:
        raise WeightsError(
            "Year effects go through the filter of the errors unchanged only where all rows of the "
            "error weights sum to one, which they do not here (islands have zero rows). Use "
            "row-normalised error_weights without islands, or effects='city' (or 'pooled') with "
            "C(year) in the formula."
        )
    if shape.less_cities and not lag.constant:
        raise WeightsError(
            "City effects do not leave the errors by demeaning where error weights change by year; "
            "use one matrix as error_weights=, or effects='year' or 'pooled'."
        )
    return ErrorModel(
        lag.matrices,
        lambda values: within(lag(values), effects),
        shape,
        (determinant.low, determinant.high),
    )


def _joint(
    design: PanelDesign,
    equation: InstrumentalEquation,
    model: ErrorModel | None,
    specification: MomentSpecification,
    effects: AbsorbedEffects,
    determinant: LogDeterminant | None,
    robust: bool,
) -> JointEstimate:
    start = two_stages(equation.y, equation.A, equation.H, equation.names).coefficients
    if model is not None:
        first = gs2sls(equation, model, robust=robust)
        start = np.append(first.delta, first.error)
    Z, _ = design.regressors(durbin=specification in DURBIN, constant=effects == "pooled")
    interval = None if determinant is None else (determinant.low, determinant.high)
    rho = equation.A.shape[1] - 1
    if interval is not None and not interval[0] < start[rho] < interval[1]:
        start[rho] = 0.0  # two stages may overshoot; the search needs a start inside
    return joint_gmm(
        JointProblem(
            equation,
            model,
            design.lag if specification in LAG else None,
            ErrorShape(design.n_years, design.n, effects),
            Z,
            robust,
            interval,
        ),
        start,
    )


def _joint_test(found: JointEstimate) -> pd.DataFrame:
    return pd.DataFrame(
        {"statistic": [found.statistic], "df": [found.df], "p_value": [found.p_value]},
        index=pd.Index(["Hansen J"], name="test"),
    )


def _filtered_tests(
    design: PanelDesign,
    equation: InstrumentalEquation,
    model: ErrorModel,
    error: float,
) -> pd.DataFrame:
    """Test the instruments in the equation filtered with the estimated lambda."""
    y = equation.y - error * model.lagged(equation.y)
    Z = equation.A - error * model.lagged(equation.A)
    stages = two_stages(y, Z, equation.H, equation.names)
    shape = model.shape
    variance = SumVariance(None, (design.n_years, design.n), len(y) / shape.free)
    return instrument_tests(y, Z, equation.H, stages, variance, observations=shape.free)


def _estimate(
    design: PanelDesign,
    specification: MomentSpecification,
    effects: AbsorbedEffects,
    parameters: np.ndarray,
    found: FilteredEquation | JointEstimate,
    lag_determinant: LogDeterminant | None,
    error_determinant: LogDeterminant | None,
) -> Estimate:
    """Put the numbers into the form that effects, predictions and tables are made of."""
    is_lag, has_error = specification in LAG, specification in ERROR
    Z, names = design.regressors(durbin=specification in DURBIN, constant=effects == "pooled")
    k = len(names)
    if is_lag and lag_determinant is not None:
        low, high = lag_determinant.low, lag_determinant.high
        if not low < parameters[k] < high:
            raise EstimationError(
                f"The moments give rho = {parameters[k]:.6g}, outside its valid interval "
                f"({low:.6g}, {high:.6g}): the instruments are too weak or the model is wrong. Add "
                "instruments or use maximum likelihood."
            )
    squares = float(np.vdot(found.innovations, found.innovations))
    free = ErrorShape(design.n_years, design.n, effects).free
    return Estimate(
        specification=specification,
        effects=effects,
        correction="none",
        regressors=names,
        Z=Z,
        delta=parameters[:k],
        spatial=float(parameters[k]),
        sigma2=squares / free,
        uncorrected=np.append(parameters, squares / design.y.size),
        covariance=found.covariance,
        log_likelihood=float("nan"),
        log_determinant=lag_determinant if is_lag else error_determinant,
        note="",
        error_spatial=float(parameters[k + 1]) if is_lag and has_error else None,
        error_log_determinant=error_determinant if is_lag and has_error else None,
    )


def _result(
    design: PanelDesign,
    estimate: Estimate,
    configuration: Configuration,
    equation: InstrumentalEquation,
    tests: pd.DataFrame,
    estimator: GeneralisedMoments,
) -> SpatialGMMResult:
    base = panel_result(design, estimate, configuration)
    inside = {f.name: getattr(base, f.name) for f in fields(base)}
    listed = ", ".join(equation.excluded) or "none"
    notes = [f"By {WORDS[estimator]}; excluded instruments: {listed}."]
    if len(design.lag.islands()):
        notes.append(f"{len(design.lag.islands())} islands: their spatial lags are zero.")
    inside["notes"] = tuple(notes)
    names = tuple(
        name for name, hidden in zip(equation.names, equation.is_endogenous, strict=True) if hidden
    )
    return SpatialGMMResult(
        **inside, endogenous=names, instruments=equation.excluded, moment_tests=tests
    )
