"""Whether a dynamic spatial panel returns to its path after a shock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatial.results import Configuration, Result

SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class StabilityTest(Result):
    r"""Stability of a dynamic spatial panel.

    Attributes
    ----------
    configuration : Configuration
    total : float
        tau + (rho + eta) w with w the largest eigenvalue of W, which is one for row-normalised
        weights: tau + rho + eta.
    standard_error : float
    wald : float
        ((total - 1) / standard error)^2, chi-squared with one degree of freedom under total = 1.
    p_value : float
        Of the Wald test, two-sided.
    p_one_sided : float
        Of total >= 1 against total < 1.
    conditions : pandas.DataFrame
        The two conditions that apply (Elhorst 2014): value, bound, holds.
    largest_root : float
        Largest modulus of the roots of A = (I - rho W)^-1 (tau I + eta W); of complex eigenvalues
        too where all eigenvalues of W are known, else at the ends of the real ones.
    """

    configuration: Configuration
    total: float
    standard_error: float
    wald: float
    p_value: float
    p_one_sided: float
    conditions: pd.DataFrame
    largest_root: float

    @property
    def stable(self) -> bool:
        """Whether the estimates lie in the stable region."""
        return bool(self.conditions["holds"].all()) and self.largest_root < 1.0

    @property
    def decision(self) -> str:
        """What follows, in one sentence."""
        if not self.stable:
            return (
                f"Not stable: the largest root is {self.largest_root:.4f}; shocks do not die out "
                "and long-run effects do not exist. Add year effects or take first differences."
            )
        if self.p_one_sided > SIGNIFICANT:
            return (
                f"Stable at the estimates (sum {self.total:.4f}), but a sum of one is not rejected "
                f"(p = {self.p_one_sided:.3f}): long-run effects are hardly identified."
            )
        return (
            f"Stable: the sum {self.total:.4f} is significantly below one "
            f"(Wald {self.wald:.3f}, p = {self.p_value:.4f})."
        )

    def tidy(self) -> pd.DataFrame:
        """Return the conditions, a row for each."""
        return self.conditions.copy()


def stability_test(
    dynamics: tuple[float, float, float],
    covariance: np.ndarray,
    eigenvalues: np.ndarray,
    configuration: Configuration,
) -> StabilityTest:
    r"""Test the stability of tau, eta and rho.

    Conditions, with the extreme real eigenvalues of W: tau + (rho + eta) w_max < 1 where
    rho + eta >= 0, else with w_min; tau - (rho - eta) w_max > -1 where rho - eta >= 0, else with
    w_min.

    Parameters
    ----------
    dynamics : tuple of float
        tau, eta, rho; zero where the model leaves one out.
    covariance : numpy.ndarray of shape (3, 3)
        Of the three, with zeros for one that is left out.
    eigenvalues : numpy.ndarray
        Of W, all or the two ends of the real ones.
    configuration : Configuration

    Returns
    -------
    StabilityTest

    References
    ----------
    Elhorst (2014) doi:10.1007/978-3-642-40340-8.
    """
    tau, eta, rho = dynamics
    real = eigenvalues.real[np.abs(eigenvalues.imag) < 1e-9]
    low, high = float(real.min()), float(real.max())
    gradient = np.array([1.0, high, high])
    total = tau + (rho + eta) * high
    error = float(np.sqrt(gradient @ covariance @ gradient))
    z = (total - 1.0) / error
    above = tau + (rho + eta) * (high if rho + eta >= 0.0 else low)
    below = tau - (rho - eta) * (high if rho - eta >= 0.0 else low)
    conditions = pd.DataFrame(
        {"value": [above, below], "bound": [1.0, -1.0], "holds": [above < 1.0, below > -1.0]},
        index=pd.Index(["tau + (rho + eta) w < 1", "tau - (rho - eta) w > -1"], name="condition"),
    )
    roots = np.abs((tau + eta * eigenvalues) / (1.0 - rho * eigenvalues))
    return StabilityTest(
        configuration=configuration,
        total=total,
        standard_error=error,
        wald=z**2,
        p_value=float(2.0 * ndtr(-abs(z))),
        p_one_sided=float(ndtr(z)),
        conditions=conditions,
        largest_root=float(roots.max()),
    )
