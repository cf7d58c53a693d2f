"""The labelled result of a spatial panel regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatial.options import BiasCorrection, DependentCovariance, Effects, Inference, Specification
from spatial.random import RandomSource
from spatial.regression.design import PanelDesign
from spatial.regression.effects import NORMAL_95, EffectsResult, compute_effects
from spatial.regression.estimation import Estimate, fixed_effects
from spatial.regression.log_determinant import log_determinant_note
from spatial.regression.multiplier import CROSS_ACCURACY, EXACT_CROSS_LIMIT
from spatial.regression.specifications import ERROR, symbols_of
from spatial.regression.within import absorbed_parameters, within
from spatial.results import Configuration, Result

if TYPE_CHECKING:
    from spatial.regression.prediction import Prediction
    from spatial.regression.specification_tests import LagrangeTests, ReductionTests


@dataclass(frozen=True, kw_only=True)
class PanelResult(Result):
    r"""A fitted spatial panel regression.

    Attributes
    ----------
    configuration : Configuration
    coefficients : pandas.Series
        Regressors (``logp``), their spatial lags (``W logp``), then ``rho``, ``lambda`` or both;
        corrected for bias where a correction was asked for. ``const`` in pooled models.
    covariance : pandas.DataFrame
        Of the coefficients, both axes labelled.
    uncorrected : pandas.Series
        The same parameters and ``sigma2`` as maximum likelihood gives them.
    sigma2 : float
        Variance of the innovations.
    log_likelihood : float
        Maximum of the log-likelihood (before correction of bias); of the transformed data under
        ``bias_correction="transformation"``.
    r_squared : pandas.Series
        ``overall``: 1 - e'e / sum (y - mean)^2, fixed effects count as explained; ``within``: the
        same with the outcome net of fixed effects; ``corr2``: squared correlation of the outcome
        net of fixed effects with (I - rho W)^-1 Z delta. Random effects count as explained in
        ``overall``, are taken out as city means in ``within`` and stay in ``corr2``. In models
        with lambda e is replaced by u = y - rho W y - Z delta in the first two.
    residuals, fitted : pandas.Series
        Innovations e and outcome less e, with the rows of the caller's table.
    fixed_effects : mapping of str to pandas.Series
        ``city`` and ``year`` where present: deviations that sum to zero.
    intercept : float or None
        Level of the fixed effects; None in pooled models, where ``const`` is a coefficient.
    specification, effects_type, bias_correction : str
    n_cities, n_years : int
    notes : tuple of str
        Which correction was used and why, islands, method of the log-determinant.
    phi, city_variance : float or None
        Of random effects: :math:`\phi^2 = \sigma^2 / (T \sigma_\mu^2 + \sigma^2)` and
        :math:`\sigma_\mu^2`. ``fixed_effects["city"]`` then holds the best linear predictions,
        which ``fitted`` contains.
    """

    configuration: Configuration
    coefficients: pd.Series
    covariance: pd.DataFrame
    uncorrected: pd.Series
    sigma2: float
    log_likelihood: float
    r_squared: pd.Series
    residuals: pd.Series
    fitted: pd.Series
    fixed_effects: Mapping[str, pd.Series]
    intercept: float | None
    specification: Specification
    effects_type: Effects
    bias_correction: BiasCorrection
    n_cities: int
    n_years: int
    notes: tuple[str, ...]
    design: PanelDesign = field(repr=False)
    estimate: Estimate = field(repr=False)
    phi: float | None = None
    city_variance: float | None = None

    @property
    def standard_errors(self) -> pd.Series:
        """Square roots of the diagonal of the covariance."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.coefficients.index)

    @property
    def z_values(self) -> pd.Series:
        """Coefficients over their standard errors."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> pd.Series:
        """Two-sided, from the normal distribution."""
        return pd.Series(2.0 * ndtr(-self.z_values.abs().to_numpy()), index=self.z_values.index)

    @property
    def rho(self) -> float | None:
        """Coefficient of the lagged outcome, None in models without one."""
        return self.estimate.rho

    @property
    def lambda_(self) -> float | None:
        """Coefficient of the lagged error, None in models without one."""
        return self.estimate.lambda_

    @property
    def rho_interval(self) -> tuple[float, float] | None:
        """Open interval in which rho, or lambda in models without rho, was searched."""
        determinant = self.estimate.log_determinant
        return None if determinant is None else (determinant.low, determinant.high)

    @property
    def lambda_interval(self) -> tuple[float, float] | None:
        """Open interval in which lambda was searched, None in models without lambda."""
        if self.lambda_ is None:
            return None
        determinant = self.estimate.error_log_determinant or self.estimate.log_determinant
        return None if determinant is None else (determinant.low, determinant.high)

    @property
    def n_observations(self) -> int:
        """Number of city-years."""
        return self.n_cities * self.n_years

    @property
    def n_parameters(self) -> int:
        """Coefficients, spatial parameters, sigma2 and fixed effects."""
        absorbed = absorbed_parameters(self.effects_type, self.n_cities, self.n_years)
        return len(self.coefficients) + 1 + absorbed

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log-likelihood + 2 parameters (fixed effects counted)."""
        return -2.0 * self.log_likelihood + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion, -2 log-likelihood + ln(observations) parameters."""
        return -2.0 * self.log_likelihood + float(np.log(self.n_observations)) * self.n_parameters

    def effects(
        self, *, inference: Inference = "delta", draws: int = 1000, rng: RandomSource = None
    ) -> EffectsResult:
        r"""Direct, indirect and total effects of each regressor (LeSage and Pace 2009).

        With :math:`M = (I - \rho W)^{-1} (\beta I + \theta V)`: direct = tr(M) / N, total =
        iota' M iota / N, indirect = total - direct. Right for any scaling of the weights; islands
        count in the averages.

        Parameters
        ----------
        inference : {"delta", "simulation"}
            Delta method, or ``draws`` parameter vectors from their normal distribution.
        draws : int
        rng : int, numpy.random.Generator or None
            For the simulation.

        Returns
        -------
        EffectsResult

        References
        ----------
        LeSage and Pace (2009) doi:10.1201/9781420064254.
        """
        return compute_effects(self, inference=inference, draws=draws, rng=rng)

    def predict(
        self,
        data: pd.DataFrame | None = None,
        *,
        multiplier: bool = True,
        weights: Any = None,
        regressor_weights: Any = None,
        error_weights: Any = None,
    ) -> Prediction:
        """Predict the outcome, in or out of sample; see ``spatial.regression.predict``."""
        from spatial.regression.prediction import predict

        return predict(
            self,
            data,
            multiplier=multiplier,
            weights=weights,
            regressor_weights=regressor_weights,
            error_weights=error_weights,
        )

    def shock(self, city: Any, size: float = 1.0, variable: str | None = None) -> pd.Series:
        """Say who is hit by a shock to one city or several; see ``spatial.regression.shock``."""
        from spatial.regression.prediction import shock

        return shock(self, city, size, variable)

    def with_covariance(self, covariance: DependentCovariance, **options: Any) -> PanelResult:
        """Give the model other standard errors; see ``spatial.regression.with_covariance``."""
        from spatial.regression.dependence import with_covariance

        return with_covariance(self, covariance, **options)

    def lm_tests(self) -> LagrangeTests:
        """Lagrange multiplier tests of the regressors of this model; see ``lm_tests``."""
        from spatial.regression.specification_tests import lagrange_tests

        if self.n_years < 2:
            return lagrange_tests(self.design, kinds=("pooled",))
        return lagrange_tests(self.design)

    def reduction_tests(self) -> ReductionTests:
        """LR and Wald tests of the simpler models inside this one; see ``reduction_tests``."""
        from spatial.regression.specification_tests import reduction_tests

        return reduction_tests(self)

    def tidy(self) -> pd.DataFrame:
        """Return one row for each parameter.

        Returns
        -------
        pandas.DataFrame
            Index: parameter; columns estimate, std_error, z, p_value, low, high (95 %) and
            uncorrected (the estimate before correction of bias).
        """
        error = self.standard_errors
        return pd.DataFrame(
            {
                "estimate": self.coefficients,
                "std_error": error,
                "z": self.z_values,
                "p_value": self.p_values,
                "low": self.coefficients - NORMAL_95 * error,
                "high": self.coefficients + NORMAL_95 * error,
                "uncorrected": self.uncorrected.reindex(self.coefficients.index),
            }
        ).rename_axis("parameter")

    def glance(self) -> pd.Series:
        """Return facts about the whole model, one value for each."""
        determinant, second = self.estimate.log_determinant, self.estimate.error_log_determinant
        facts = {
            "outcome": self.design.outcome,
            "specification": self.specification,
            "effects": self.effects_type,
            "bias_correction": self.bias_correction,
            "n_cities": self.n_cities,
            "n_years": self.n_years,
            "n_observations": self.n_observations,
            "sigma2": self.sigma2,
            "log_likelihood": self.log_likelihood,
            "aic": self.aic,
            "bic": self.bic,
            "r_squared": self.r_squared["overall"],
            "r_squared_within": self.r_squared["within"],
            "corr2": self.r_squared["corr2"],
            "log_determinant": "" if determinant is None else determinant.method,
            "log_determinant_error": 0.0
            if determinant is None
            else determinant.value_error(float(self.estimate.spatial or 0.0)),
            "error_log_determinant": "" if second is None else second.method,
        }
        return pd.Series(facts, dtype=object, name="value")

    def summary(self) -> str:
        """Return a plain text view for reading."""
        head = (
            f"{self.specification.upper()} of {self.design.outcome}, {self.effects_type} effects: "
            f"{self.n_cities} cities, {self.n_years} years\n"
            f"Weights: {self.configuration.weights}\n"
        )
        shown = self.tidy()[["estimate", "std_error", "z", "p_value"]]
        table = shown.to_string(float_format=lambda value: f"{value:.6f}")
        tail = (
            f"\nsigma2 {self.sigma2:.6g}   log-likelihood {self.log_likelihood:.3f}   "
            f"AIC {self.aic:.2f}   BIC {self.bic:.2f}\n"
            f"R2 overall {self.r_squared['overall']:.4f}   within {self.r_squared['within']:.4f}   "
            f"corr2 {self.r_squared['corr2']:.4f}\n"
        )
        return head + table + tail + "\n".join((*self._error_note(), *self.notes))

    def _error_note(self) -> tuple[str, ...]:
        """Say what the standard errors count, where programs differ."""
        kind = self.configuration.options.get("covariance")
        fixed = self.effects_type in ("city", "year", "two-way")
        if kind == "direct":
            return ("Standard errors: inverse information of all observations, as published.",)
        if kind in ("sandwich", "cluster", "driscoll-kraay", "conley"):
            return (f"Standard errors: {kind}.",)
        spatial = self.specification not in ("ols", "slx")
        if kind == "information" and spatial and fixed and self.bias_correction != "none":
            return (
                "Standard errors: inverse information of what the fixed effects leave; "
                "covariance='direct' repeats those of published tables.",
            )
        return ()


def panel_result(
    design: PanelDesign, estimate: Estimate, configuration: Configuration
) -> PanelResult:
    """Label the numbers of an estimate.

    Parameters
    ----------
    design : PanelDesign
    estimate : Estimate
    configuration : Configuration

    Returns
    -------
    PanelResult
    """
    names = pd.Index(estimate.names, name="parameter")
    effects = estimate.effects
    levels = design.y - estimate.Z @ estimate.delta
    if estimate.rho is not None:
        levels = levels - estimate.rho * design.lag(design.y)
    if estimate.city_effects is not None:
        levels = levels - estimate.city_effects
    residuals = _innovations(design, estimate, levels)
    labelled, intercept = _labelled_effects(design, estimate, levels)
    if estimate.log_determinant is not None and estimate.log_determinant.seed_of_probes is not None:
        configuration = replace(configuration, seed=estimate.log_determinant.seed_of_probes)
    return PanelResult(
        configuration=configuration,
        coefficients=pd.Series(estimate.parameters, index=names, name="estimate"),
        covariance=pd.DataFrame(estimate.covariance, index=names, columns=names),
        uncorrected=pd.Series(
            estimate.uncorrected, index=[*estimate.names, "sigma2"], name="uncorrected"
        ),
        sigma2=estimate.sigma2,
        log_likelihood=estimate.log_likelihood,
        r_squared=_r_squared(design, estimate, within(levels, effects)),
        residuals=design.to_caller(residuals, "residual"),
        fitted=design.to_caller(design.y - residuals, "fitted"),
        fixed_effects=labelled,
        intercept=intercept,
        specification=estimate.specification,
        effects_type=effects,
        bias_correction=estimate.correction,
        n_cities=design.n,
        n_years=design.n_years,
        notes=_notes(design, estimate),
        design=design,
        estimate=estimate,
        phi=estimate.phi,
        city_variance=estimate.city_variance,
    )


def _innovations(design: PanelDesign, estimate: Estimate, levels: np.ndarray) -> np.ndarray:
    """Residuals e: the levels, filtered by I - lambda W in error models, less fixed effects."""
    if estimate.lambda_ is None:
        return within(levels, estimate.effects)
    filtered = levels - estimate.lambda_ * design.error_lag(levels)
    carrier = None
    if not design.error_lag.row_normalised:
        carrier = 1.0 - estimate.lambda_ * design.error_lag.row_sums()
    return within(filtered, estimate.effects, year_direction=carrier)


def _labelled_effects(
    design: PanelDesign, estimate: Estimate, levels: np.ndarray
) -> tuple[dict[str, pd.Series], float | None]:
    if estimate.city_effects is not None:
        predicted = pd.Series(estimate.city_effects, index=design.cities, name="effect")
        return {"city": predicted}, None
    if estimate.effects == "pooled":
        return {}, None
    fixed = fixed_effects(levels, estimate.effects)
    labelled = {}
    if fixed.cities is not None:
        labelled["city"] = pd.Series(fixed.cities, index=design.cities, name="effect")
    if fixed.years is not None:
        labelled["year"] = pd.Series(fixed.years, index=design.years, name="effect")
    return labelled, fixed.intercept


def _r_squared(design: PanelDesign, estimate: Estimate, unexplained: np.ndarray) -> pd.Series:
    """Three measures of fit; see ``PanelResult``."""
    random = estimate.city_effects is not None
    y = within(design.y, estimate.effects)
    left = float(np.vdot(unexplained, unexplained))
    mean = within(estimate.Z, estimate.effects) @ estimate.delta
    deviations, left_within = y - y.mean(), left
    if random:
        deviations = within(design.y, "city")
        left_within = float(np.sum(within(unexplained, "city") ** 2))
    if estimate.rho is not None:
        mean = design.lag.solve(estimate.rho, mean)
    spread = float(np.std(mean)) > 0.0
    corr2 = float(np.corrcoef(y.ravel(), mean.ravel())[0, 1] ** 2) if spread else np.nan
    return pd.Series(
        {
            "overall": 1.0 - left / float(np.sum((design.y - design.y.mean()) ** 2)),
            "within": 1.0 - left_within / float(np.sum(deviations**2)),
            "corr2": corr2,
        }
    )


def _notes(design: PanelDesign, estimate: Estimate) -> tuple[str, ...]:
    notes = [estimate.note, *estimate.further_notes]
    determinants = (estimate.log_determinant, estimate.error_log_determinant)
    for symbol, determinant in zip(symbols_of(estimate.specification), determinants, strict=False):
        if determinant is not None:
            place = estimate.names.index(symbol)
            spatial, variance = estimate.parameters[place], estimate.covariance[place, place]
            notes.append(log_determinant_note(determinant, symbol, spatial, variance))
            if design.n > EXACT_CROSS_LIMIT:
                notes.append(
                    f"tr(G G') in the information about {symbol} by random vectors, to a standard "
                    f"error of {CROSS_ACCURACY:.1%}."
                )
    islands = design.lag.islands()
    if len(islands) and estimate.specification not in ("ols", "sem"):
        notes.append(f"{len(islands)} islands: their spatial lags are zero.")
    errors = design.error_lag.islands() if estimate.specification in ERROR else islands[:0]
    if len(errors) and (estimate.specification == "sem" or design.error_lag is not design.lag):
        notes.append(f"{len(errors)} islands in the weights of the errors.")
    return tuple(notes)
