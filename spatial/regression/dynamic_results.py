"""The labelled result of a dynamic spatial panel regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from spatial.options import DynamicLags, Inference
from spatial.random import RandomSource
from spatial.regression.design import PanelDesign
from spatial.regression.dynamic_design import ETA, TAU
from spatial.regression.dynamic_effects import (
    SHORT_RUN,
    DynamicEffectsResult,
    compute_dynamic_effects,
    horizon_of,
)
from spatial.regression.dynamic_stability import StabilityTest, stability_test
from spatial.regression.effects import MATRIX_LIMIT
from spatial.regression.estimation import Estimate
from spatial.regression.log_determinant import (
    EigenvalueLogDeterminant,
    SummedLogDeterminant,
    log_determinant,
)
from spatial.regression.results import PanelResult
from spatial.results import Configuration, Result


@dataclass(frozen=True, kw_only=True)
class DynamicPanelResult(Result):
    """A fitted dynamic spatial panel.

    The numbers are kept in a ``PanelResult`` whose years are those explained, so that everything
    read off it means the same as in a static panel; effects and stability are dynamic.

    Attributes
    ----------
    configuration : Configuration
    lags : {"time", "space-time", "both"}
    panel : PanelResult
    """

    configuration: Configuration
    lags: DynamicLags
    panel: PanelResult = field(repr=False)

    @property
    def coefficients(self) -> pd.Series:
        """``tau``, ``eta``, regressors, their spatial lags (``W x``), ``rho``."""
        return self.panel.coefficients

    @property
    def covariance(self) -> pd.DataFrame:
        """Of the coefficients, at the corrected values, of the kind asked for."""
        return self.panel.covariance

    @property
    def uncorrected(self) -> pd.Series:
        """Coefficients and ``sigma2`` before the correction of bias."""
        return self.panel.uncorrected

    @property
    def standard_errors(self) -> pd.Series:
        """Square roots of the diagonal of the covariance."""
        return self.panel.standard_errors

    @property
    def z_values(self) -> pd.Series:
        """Coefficients over their standard errors."""
        return self.panel.z_values

    @property
    def p_values(self) -> pd.Series:
        """Two-sided, from the normal distribution."""
        return self.panel.p_values

    @property
    def tau(self) -> float:
        """Coefficient of y(t-1), zero where left out."""
        return float(self.coefficients.get(TAU, 0.0))

    @property
    def eta(self) -> float:
        """Coefficient of W y(t-1), zero where left out."""
        return float(self.coefficients.get(ETA, 0.0))

    @property
    def rho(self) -> float:
        """Coefficient of W y(t)."""
        return float(self.coefficients["rho"])

    @property
    def rho_interval(self) -> tuple[float, float]:
        """Open interval in which rho was searched."""
        determinant = self.estimate.log_determinant
        assert determinant is not None
        return determinant.low, determinant.high

    @property
    def sigma2(self) -> float:
        """Variance of the innovations."""
        return self.panel.sigma2

    @property
    def log_likelihood(self) -> float:
        """Maximum of the log-likelihood; of the transformed data with two-way effects."""
        return self.panel.log_likelihood

    @property
    def aic(self) -> float:
        """Akaike's criterion, fixed effects counted."""
        return self.panel.aic

    @property
    def bic(self) -> float:
        """Schwarz's criterion, fixed effects counted."""
        return self.panel.bic

    @property
    def r_squared(self) -> pd.Series:
        """Overall, within and corr2; see ``PanelResult``."""
        return self.panel.r_squared

    @property
    def residuals(self) -> pd.Series:
        """Innovations, with the caller's rows of all years but the first."""
        return self.panel.residuals

    @property
    def fitted(self) -> pd.Series:
        """Outcome less residuals."""
        return self.panel.fitted

    @property
    def fixed_effects(self) -> Mapping[str, pd.Series]:
        """``city`` and, in two-way models, ``year``: deviations that sum to zero."""
        return self.panel.fixed_effects

    @property
    def intercept(self) -> float | None:
        """Level of the fixed effects."""
        return self.panel.intercept

    @property
    def specification(self) -> str:
        """``sar`` or ``sdm``."""
        return self.panel.specification

    @property
    def effects_type(self) -> str:
        """``city`` or ``two-way``."""
        return self.panel.effects_type

    @property
    def n_cities(self) -> int:
        """Number of cities."""
        return self.panel.n_cities

    @property
    def n_years(self) -> int:
        """Number of years explained: one less than the data have."""
        return self.panel.n_years

    @property
    def n_observations(self) -> int:
        """Number of city-years explained."""
        return self.panel.n_observations

    @property
    def notes(self) -> tuple[str, ...]:
        """Which correction was used, the log-determinant, and whether the dynamics is stable."""
        return (*self.panel.notes, self.stability.decision)

    @property
    def design(self) -> PanelDesign:
        """Data of the years explained, lagged outcomes among the regressors."""
        return self.panel.design

    @property
    def estimate(self) -> Estimate:
        """Numbers without labels."""
        return self.panel.estimate

    @property
    def _known_eigenvalues(self) -> np.ndarray | None:
        determinant = self.estimate.log_determinant
        assert isinstance(determinant, SummedLogDeterminant)
        part = determinant.parts[0]
        if isinstance(part, EigenvalueLogDeterminant):
            return np.asarray(part.eigenvalues)
        return None

    @cached_property
    def _eigenvalues(self) -> np.ndarray | None:
        """Return all eigenvalues of W, computed when they are asked for; None for many cities."""
        known = self._known_eigenvalues
        if known is not None or self.design.n > MATRIX_LIMIT:
            return known
        exact = log_determinant(self.design.lag.matrices[0], method="eigenvalues")
        assert isinstance(exact, EigenvalueLogDeterminant)
        return np.asarray(exact.eigenvalues)

    def weights_roots(self) -> np.ndarray:
        """Eigenvalues of the weights: all where the fit used them, else both ends of the real."""
        known = self._known_eigenvalues
        return 1.0 / np.array(self.rho_interval) if known is None else known

    def effect_roots(self) -> np.ndarray | None:
        """Eigenvalues of the weights where averages of effects need nothing else."""
        same = self.design.regressor_lag is self.design.lag
        return self._eigenvalues if same and self.design.lag.row_normalised else None

    @cached_property
    def stability(self) -> StabilityTest:
        """Whether shocks die out: conditions on tau, eta and rho, and a Wald test of a sum of one.

        References
        ----------
        Elhorst (2014) doi:10.1007/978-3-642-40340-8.
        """
        names = [TAU, ETA, "rho"]
        covariance = self.covariance.reindex(index=names, columns=names).fillna(0.0).to_numpy()
        return stability_test(
            (self.tau, self.eta, self.rho),
            covariance,
            self.weights_roots(),
            Configuration(
                function="DynamicPanelResult.stability",
                options=self.configuration.options,
                weights=self.configuration.weights,
            ),
        )

    def effects(
        self,
        horizon: str | int = SHORT_RUN,
        *,
        cumulative: bool = True,
        inference: Inference = "delta",
        draws: int = 1000,
        rng: RandomSource = None,
    ) -> DynamicEffectsResult:
        r"""Direct, indirect and total effects of each regressor at a horizon.

        Short run :math:`(I - \rho W)^{-1} (\beta I + \theta V)`; long run
        :math:`[(1 - \tau) I - (\rho + \eta) W]^{-1} (\beta I + \theta V)`; after h years see
        ``spatial.regression.dynamic_effects``. Direct = mean of the diagonal, total = mean of the
        row sums, indirect = total - direct; right for any scaling of the weights.

        Parameters
        ----------
        horizon : "short-run", "long-run" or int
            A number of years after the change; 0 is the short run.
        cumulative : bool
            For a number of years: what a lasting change has done by then (the sum), or what a
            change of one year still does then (one term).
        inference : {"delta", "simulation"}
            Delta method, or ``draws`` parameter vectors from their normal distribution; draws
            without a stable dynamics are left in the long run. The delta method of the short and
            the long run goes through traces, for any number of cities; everything else needs all
            eigenvalues of the weights and is made for up to 5,000 cities.
        draws : int
        rng : int, numpy.random.Generator or None

        Returns
        -------
        DynamicEffectsResult

        Raises
        ------
        EstimationError
            For the long run of a dynamics that is not stable.

        References
        ----------
        Elhorst (2014) doi:10.1007/978-3-642-40340-8; Debarsy, Ertur and LeSage (2012)
        doi:10.1016/j.stamet.2011.02.002.
        """
        return compute_dynamic_effects(
            self, horizon, cumulative=cumulative, inference=inference, draws=draws, rng=rng
        )

    def effects_path(self, years: int, *, cumulative: bool = True) -> pd.DataFrame:
        """Effects after 0, 1, ... years, with delta-method inference.

        Parameters
        ----------
        years : int
            The last one.
        cumulative : bool
            See ``effects``.

        Returns
        -------
        pandas.DataFrame
            Index: (years after, variable, effect); columns as in ``DynamicEffectsResult.tidy``.
        """
        horizon_of(years, cumulative=cumulative)
        steps = {h: self.effects(h, cumulative=cumulative).tidy() for h in range(int(years) + 1)}
        return pd.concat(steps, names=["years after"])

    def tidy(self) -> pd.DataFrame:
        """Return one row for each parameter; see ``PanelResult.tidy``."""
        return self.panel.tidy()

    def glance(self) -> pd.Series:
        """Return facts about the whole model, one value for each."""
        test = self.stability
        own = {
            "lags": self.lags,
            "tau + rho + eta": test.total,
            "wald": test.wald,
            "wald_p": test.p_value,
            "largest_root": test.largest_root,
            "stable": test.stable,
        }
        return pd.concat([self.panel.glance(), pd.Series(own, dtype=object)]).rename("value")

    def summary(self) -> str:
        """Return a plain text view for reading."""
        return f"Dynamic {self.panel.summary()}\n{self.stability.decision}"
