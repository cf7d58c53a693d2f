"""Spatial two-stage least squares, with endogenous regressors and instruments of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError
from spatial.options import (
    AbsorbedEffects,
    DistanceKernel,
    InstrumentalCovariance,
    InstrumentalSpecification,
    checked_option,
)
from spatial.regression.dependence import definiteness_note, dependence
from spatial.regression.design import PanelDesign
from spatial.regression.estimation import Estimate
from spatial.regression.instrumental_equation import (
    DEFAULT_ORDERS,
    InstrumentalEquation,
    instrumental_design,
    instrumental_equation,
    user_instruments,
)
from spatial.regression.instruments import (
    first_stages,
    instrument_tests,
    two_stages,
)
from spatial.regression.log_determinant import summed_log_determinant
from spatial.regression.results import PanelResult, panel_result
from spatial.regression.specifications import DURBIN, LAG
from spatial.regression.weak_instruments import WeakInstruments, weak_instruments
from spatial.regression.within import absorbed_parameters
from spatial.results import Configuration


@dataclass(frozen=True, kw_only=True)
class SpatialIVResult(PanelResult):
    """A spatial regression by two-stage least squares.

    Everything of ``PanelResult`` but the likelihood, which is NaN, and what is made of it.

    Attributes
    ----------
    endogenous : tuple of str
        Regressors that are instrumented; ``rho`` stands for the lagged outcome.
    instruments : tuple of str
        Excluded instruments in use; those that others span are left out.
    first_stage : pandas.DataFrame
        Index: endogenous regressor; partial_r2, f, f_p, robust_f, conditional_f.
    instrument_tests : pandas.DataFrame
        Index: Sargan, Hansen J; statistic, df, p_value.
    equation : InstrumentalEquation
        Arrays of regressors and instruments.
    score_variance : SumVariance or None
        None with equal variances.
    """

    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    first_stage: pd.DataFrame
    instrument_tests: pd.DataFrame
    equation: InstrumentalEquation = field(repr=False)
    score_variance: SumVariance | None = field(repr=False)

    def weak_instruments(
        self, *, null: Mapping[str, float] | None = None, level: float = 0.95
    ) -> WeakInstruments:
        """Test identification, and test coefficients in a way that weak instruments do not harm.

        Kleibergen-Paap and Cragg-Donald statistics, and the Anderson-Rubin test with confidence
        sets by its inversion, with the variance of this fit.

        Parameters
        ----------
        null : mapping of endogenous regressor to value
            Hypothesis of the Anderson-Rubin test; zero for those not named.
        level : float
            Of the confidence sets.

        Returns
        -------
        WeakInstruments
        """
        return weak_instruments(
            self.equation,
            self.coefficients[list(self.equation.names)].to_numpy(),
            self.score_variance,
            null=null or {},
            level=level,
            description=self.configuration.weights,
        )

    def reduction_tests(self) -> NoReturn:
        """Refuse: tests of a Durbin model against simpler ones here compare likelihoods."""
        raise EstimationError(
            "Two-stage least squares has no likelihood; use fit_panel or fit_cross_section for "
            "reduction tests."
        )


def fit_spatial_iv(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str | None = None,
    year: str | None = None,
    specification: InstrumentalSpecification = "sar",
    effects: AbsorbedEffects | None = None,
    endogenous: Sequence[str] = (),
    instruments: Sequence[str] = (),
    lag_instruments: bool = True,
    orders: int | None = None,
    bias_correction: bool = True,
    covariance: InstrumentalCovariance = "classical",
    regressor_weights: Any = None,
    lagged: Sequence[str] | None = None,
    groups: pd.Series | None = None,
    distances: pd.DataFrame | None = None,
    cutoff_km: float | None = None,
    kernel: DistanceKernel = "bartlett",
    lags: int | None = None,
) -> SpatialIVResult:
    r"""Fit a spatial regression by two-stage least squares.

    .. math:: y = \rho W y + X \beta + W X \theta + \mu + \lambda + e

    The lagged outcome is instrumented by :math:`W X, W^2 X, ...`; regressors named as endogenous
    by the columns of ``instruments`` and their spatial lags. In panels everything is taken net of
    fixed effects first. No likelihood and no normal distribution are needed, and innovations may
    differ in variance or be dependent.

    Parameters
    ----------
    formula : str
        ``outcome ~ regressor + ...`` with exogenous and endogenous regressors.
    data : pandas.DataFrame
        One row for each city, or for each city and year.
    weights : Weights, libpysal Graph or W, or labelled square DataFrame
    city, year : str, optional
        Columns or index levels. Without ``year`` the rows are one cross-section, whose index
        holds the cities unless ``city`` names them.
    specification : {"ols", "slx", "sar", "sdm"}
    effects : {"pooled", "city", "year", "two-way"}, optional
        Two-way in panels by default.
    endogenous : sequence of str
        Regressors of the formula; in Durbin models their spatial lags are endogenous as well.
    instruments : sequence of str
        Columns of ``data`` that are no regressors.
    lag_instruments : bool
        Whether spatial lags of ``instruments`` are instruments too.
    orders : int, optional
        Highest power of W among the instruments: 0 for ols, 1 for slx, 2 for sar, 3 for sdm.
    bias_correction : bool
        Divide the variance by the degrees of freedom, fixed effects counted, not by observations.
    covariance : {"classical", "robust", "cluster", "driscoll-kraay", "conley"}
        Equal variances; heteroscedasticity (HC0); or dependence as in ``with_covariance``, with
        the arguments ``groups``, ``distances``, ``cutoff_km``, ``kernel`` and ``lags``.
    regressor_weights, lagged
        As in ``fit_panel``.

    Returns
    -------
    SpatialIVResult

    Raises
    ------
    AlignmentError, PanelError, ConfigError
        As ``fit_panel``.
    EstimationError
        If instruments are fewer than endogenous regressors or do not tell them apart, or if rho
        comes out beyond its valid interval.

    Notes
    -----
    Heteroscedasticity-robust errors of panels with few years and city effects are too small by
    about 1/years (Stock and Watson 2008); clusters by city are not. The tests of instruments count
    the fixed effects.

    References
    ----------
    Kelejian and Prucha (1998) doi:10.1023/A:1007707430416; Kelejian and Prucha (2007)
    doi:10.1016/j.jeconom.2006.09.005; Stock and Watson (2008)
    doi:10.1111/j.1468-0262.2008.00821.x.

    Examples
    --------
    >>> ids = [f"c{i:02d}" for i in range(30)]
    >>> step = np.roll(np.eye(30), 1, axis=1)
    >>> ring = pd.DataFrame((step + step.T) / 2, ids, ids)
    >>> values = np.random.default_rng(1).normal(size=(30, 2))
    >>> table = pd.DataFrame(values, index=ids, columns=["growth", "skill"])
    >>> fit_spatial_iv("growth ~ skill", table, ring).instruments
    ('W skill', 'W2 skill')
    """
    endogenous = (endogenous,) if isinstance(endogenous, str) else tuple(endogenous)
    instruments = (instruments,) if isinstance(instruments, str) else tuple(instruments)
    checked_option(specification, InstrumentalSpecification, name="specification")
    checked_option(covariance, InstrumentalCovariance, name="covariance")
    effects = effects or ("pooled" if year is None else "two-way")
    checked_option(effects, AbsorbedEffects, name="effects")
    shared: dict[str, Any] = {"regressor_weights": regressor_weights, "lagged": lagged}
    design = instrumental_design(formula, data, weights, city, year, shared)
    if year is None and effects != "pooled":
        raise ConfigError(f"effects={effects!r} need several years; name their column as year=.")
    own = user_instruments(design, data, weights, city, year, endogenous, instruments)
    orders = DEFAULT_ORDERS[specification] if orders is None else orders
    equation = instrumental_equation(
        design, specification, effects, endogenous, own, orders if lag_instruments else 0, orders
    )
    stages = two_stages(equation.y, equation.A, equation.H, equation.names)
    dependent = covariance not in ("classical", "robust")
    variance = SumVariance(
        dependence(
            covariance,  # type: ignore[arg-type]
            design,
            groups=groups,
            distances=distances,
            cutoff_km=cutoff_km,
            kernel=kernel,
            lags=lags,
        )
        if dependent
        else None,
        (design.n_years, design.n),
    )
    sum_of_squares = float(stages.residuals @ stages.residuals)
    count = len(equation.y)
    sigma2 = sum_of_squares / (equation.free if bias_correction else count)
    bread = np.linalg.inv(stages.projected.T @ stages.projected)
    if covariance == "classical":
        matrix = sigma2 * bread
    else:
        scores = stages.projected * stages.residuals[:, None]
        matrix = bread @ variance(scores) @ bread
    matrix = (matrix + matrix.T) / 2.0
    estimate = _estimate(
        design,
        equation,
        specification,
        effects,
        stages.coefficients,
        sigma2,
        matrix,
        sum_of_squares / count,
    )
    configuration = Configuration(
        function="fit_spatial_iv",
        options={
            "formula": formula,
            "city": city,
            "year": year,
            "specification": specification,
            "effects": effects,
            "endogenous": tuple(endogenous),
            "instruments": tuple(instruments),
            "lag_instruments": lag_instruments,
            "orders": orders,
            "bias_correction": bias_correction,
            "covariance": covariance,
            "lagged": design.lagged,
            "cutoff_km": cutoff_km,
            "kernel": kernel,
            "lags": lags,
        },
        weights=design.weights.description,
    )
    observations = count - absorbed_parameters(effects, design.n, design.n_years)
    scaled = replace(variance, scale=count / observations)
    tests = instrument_tests(
        equation.y, equation.A, equation.H, stages, scaled, observations=observations
    )
    kept = None if covariance == "classical" else scaled
    return _result(design, estimate, configuration, equation, tests, kept)


@dataclass(frozen=True, eq=False)
class SumVariance:
    """Variance of a sum of scores; independent city-years where no dependence is asked for.

    Attributes
    ----------
    given : object with a ``variance``, or None
    shape : tuple of int
        Years and cities.
    scale : float
        Within-transformed residuals are too small by the share of fixed effects; their sums over
        the years of a city, or over cities, are not.
    """

    given: Any
    shape: tuple[int, int]
    scale: float = 1.0

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Variance of the sum over rows of scores of shape (city-years, q)."""
        if self.given is None:
            return np.asarray(self.scale * (scores.T @ scores))
        return np.asarray(self.given.variance(scores.reshape(*self.shape, -1)))


def _estimate(
    design: PanelDesign,
    equation: InstrumentalEquation,
    specification: InstrumentalSpecification,
    effects: AbsorbedEffects,
    coefficients: np.ndarray,
    sigma2: float,
    covariance: np.ndarray,
    plain: float,
) -> Estimate:
    """Put the numbers into the form that effects, predictions and tables are made of."""
    is_lag = specification in LAG
    determinant = None
    if is_lag:
        determinant = summed_log_determinant(design.lag.matrices, design.n_years)
        rho = float(coefficients[-1])
        if not determinant.low < rho < determinant.high:
            raise EstimationError(
                f"Two-stage least squares gives rho = {rho:.6g}, outside its valid interval "
                f"({determinant.low:.6g}, {determinant.high:.6g}): the instruments are too weak or "
                "the model is wrong. Add instruments or use maximum likelihood."
            )
    k = len(coefficients) - is_lag
    Z, names = design.regressors(durbin=specification in DURBIN, constant=effects == "pooled")
    return Estimate(
        specification=specification,
        effects=effects,
        correction="none",
        regressors=names,
        Z=Z,
        delta=coefficients[:k],
        spatial=float(coefficients[-1]) if is_lag else None,
        sigma2=sigma2,
        uncorrected=np.append(coefficients, plain),
        covariance=covariance,
        log_likelihood=float("nan"),
        log_determinant=determinant,
        note=f"Two-stage least squares; excluded instruments: {', '.join(equation.excluded)}.",
    )


def _result(
    design: PanelDesign,
    estimate: Estimate,
    configuration: Configuration,
    equation: InstrumentalEquation,
    tests: pd.DataFrame,
    variance: SumVariance | None,
) -> SpatialIVResult:
    base = panel_result(design, estimate, configuration)
    inside = {f.name: getattr(base, f.name) for f in fields(base)}
    notes = [estimate.note]
    warning = definiteness_note(estimate.covariance, estimate.names)
    islands = design.lag.islands()
    if len(islands):
        notes.append(f"{len(islands)} islands: their spatial lags are zero.")
    inside["notes"] = (*notes, warning) if warning else tuple(notes)
    hidden = equation.is_endogenous
    count = equation.A.shape[1] - int(hidden.sum())
    names = tuple(name for name, is_in in zip(equation.names, hidden, strict=True) if is_in)
    return SpatialIVResult(
        **inside,
        endogenous=names,
        instruments=equation.excluded,
        first_stage=first_stages(
            equation.A[:, hidden],
            equation.A[:, ~hidden],
            equation.H[:, count:],
            names,
            equation.free + equation.A.shape[1] - equation.H.shape[1],
        ),
        instrument_tests=tests,
        equation=equation,
        score_variance=variance,
    )
